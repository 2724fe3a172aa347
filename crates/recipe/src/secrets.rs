//! Passwords in addresses: a recipe may hold one, what is printed or recorded must not.

/// Stars the password of every `scheme://user:password@host` in a text, a star for each byte, so that places stay.
///
/// An address ends at the quote that it stands in, if it stands in one: another quote may be a letter of the password. A password ends
/// at the last `@` before a slash or blank; of a database's address, whose reader takes any letter into the password, at the last `@`
/// of the line.
pub(crate) fn star(text: &str) -> String {
    replace(text, |length| "*".repeat(length))
}

fn replace(text: &str, mask: impl Fn(usize) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        out.push_str(before);
        out.push_str("://");
        let quote = opened(before);
        let scheme = before.to_ascii_lowercase();
        if scheme.ends_with("postgres") || scheme.ends_with("postgresql") {
            let stop = end(after, quote, &['\n']);
            let (address, tail) = after.split_at_checked(stop).unwrap_or((after, ""));
            database(address, &mask, &mut out);
            rest = tail;
            continue;
        }
        let stop = end(after, quote, &['/', ' ', '\t', '\n', '?', '#']);
        let (authority, tail) = after.split_at_checked(stop).unwrap_or((after, ""));
        match authority
            .rsplit_once('@')
            .and_then(|(user, host)| Some((user.split_once(':')?, host)))
        {
            Some(((user, password), host)) => {
                out.push_str(user);
                out.push(':');
                out.push_str(&mask(password.len()));
                out.push('@');
                out.push_str(host);
            }
            None => out.push_str(authority),
        }
        rest = tail;
        // libpq also takes the password as a parameter.
        while let Some((before, value)) = parameter(rest, quote) {
            let stop = end(value, quote, &['&', '/', ' ', '\t', '\n', '#']);
            let (password, tail) = value.split_at_checked(stop).unwrap_or((value, ""));
            out.push_str(before);
            out.push_str(&mask(password.len()));
            rest = tail;
        }
    }
    out.push_str(rest);
    out
}

/// The quotes that an address stands in, by what stands before its `://`.
fn opened(before: &str) -> Option<&'static str> {
    let scheme = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '+' | '-' | '.');
    let before = before.trim_end_matches(scheme);
    ["\"\"\"", "'''", "\"", "'", "`"].into_iter().find(|quote| before.ends_with(*quote))
}

/// Where an address ends: at the quotes that it stands in, or at one of these letters. In double quotes a backslash takes the next
/// letter along.
fn end(text: &str, quote: Option<&str>, letters: &[char]) -> usize {
    let escapes = quote.is_some_and(|quote| quote.starts_with('"'));
    let mut escaped = false;
    for (at, letter) in text.char_indices() {
        let closes = |quote: &str| text.get(at..).is_some_and(|rest| rest.starts_with(quote));
        if letters.contains(&letter) || (!escaped && quote.is_some_and(closes)) {
            return at;
        }
        escaped = escapes && letter == '\\' && !escaped;
    }
    text.len()
}

/// A database's address behind its scheme.
fn database(address: &str, mask: &impl Fn(usize) -> String, out: &mut String) {
    let mut rest = address;
    if let (Some((user, _)), Some((before, host))) =
        (address.split_once('@'), address.rsplit_once('@'))
    {
        if let Some((user, _)) = user.split_once(':') {
            out.push_str(user);
            out.push(':');
            out.push_str(&mask(before.len() - user.len() - 1));
            rest = host;
        } else {
            out.push_str(user);
            rest = address.get(user.len() + 1..).unwrap_or_default();
        }
        out.push('@');
    }
    let (server, parameters) =
        rest.split_once('?').map_or((rest, None), |(server, rest)| (server, Some(rest)));
    out.push_str(server);
    for (index, parameter) in parameters.into_iter().flat_map(|all| all.split('&')).enumerate() {
        out.push(if index == 0 { '?' } else { '&' });
        match parameter.split_once('=') {
            Some((name, value)) if decoded(name).to_ascii_lowercase().contains("password") => {
                out.push_str(name);
                out.push('=');
                out.push_str(&mask(value.len()));
            }
            _ => out.push_str(parameter),
        }
    }
}

/// A parameter's name without percent signs: `pass%77ord` is read as `password`.
fn decoded(name: &str) -> String {
    let mut bytes = name.bytes();
    let mut out = Vec::new();
    while let Some(byte) = bytes.next() {
        let pair = bytes.clone().next().zip(bytes.clone().nth(1));
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|one| u8::try_from(one).ok());
        let code = pair.and_then(|(high, low)| Some(digit(high)? * 16 + digit(low)?));
        match (byte, code) {
            (b'%', Some(code)) => {
                bytes.nth(1);
                out.push(code);
            }
            _ => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The text up to and with `password=` of the address that is being read, and what follows it.
fn parameter<'t>(rest: &'t str, quote: Option<&str>) -> Option<(&'t str, &'t str)> {
    const NAMES: [&str; 2] = ["password=", "sslpassword="];
    let within = rest.get(..end(rest, quote, &[' ', '\t', '\n', '#']))?;
    let lower = within.to_ascii_lowercase();
    let at = NAMES.iter().flat_map(|name| ["?", "&"].map(|mark| format!("{mark}{name}")));
    let at = at.filter_map(|name| lower.find(&name).map(|at| at + name.len())).min()?;
    rest.split_at_checked(at)
}

/// An address whose password shows neither itself nor its length.
pub(crate) fn without_password(uri: &str) -> String {
    replace(uri, |_| "***".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_passwords_and_nothing_else() {
        let line = "uri = \"postgres://bank:s3:cr@t密@db:5432/loans?a=b\" # see http://x/y";
        let starred = star(line);
        assert_eq!(
            starred,
            "uri = \"postgres://bank:**********@db:5432/loans?a=b\" # see http://x/y"
                .replace("**********", &"*".repeat("s3:cr@t密".len()))
        );
        assert_eq!(starred.len(), line.len());
        assert_eq!(
            without_password("postgres://bank:secret@db/loans"),
            "postgres://bank:***@db/loans"
        );
        assert_eq!(
            without_password("postgres://h/db?user=u&password=S3C:RET&sslmode=require"),
            "postgres://h/db?user=u&password=***&sslmode=require"
        );
        assert_eq!(
            star("uri = \"postgres://h/d?PASSWORD=ab\" # x"),
            "uri = \"postgres://h/d?PASSWORD=**\" # x"
        );
        for (address, shown) in [
            ("postgres://u:Hunter2/Geheim@h/d", "postgres://u:***@h/d"),
            ("postgres://u:a?b#c d@h:1/d?x=1", "postgres://u:***@h:1/d?x=1"),
            ("postgresql://u@h/d?pass%77ord=a/b c&x=1", "postgresql://u@h/d?pass%77ord=***&x=1"),
            ("POSTGRES://u:a@b@h/d", "POSTGRES://u:***@h/d"),
            ("postgres://u@h/d?options=a@b:c", "postgres://u@h/d?options=a@b:c"),
        ] {
            assert_eq!(without_password(address), shown);
        }
        let line = "uri = 'postgres://u:a b/c@h/d'  # postgres://x:y@z \nname = \"e\"";
        assert_eq!(star(line).len(), line.len());
        assert!(!star(line).contains("a b/c") && star(line).ends_with("\nname = \"e\""));
        for plain in [
            "data/*****.csv",
            "s3://bucket/a@b:c",
            "postgres://bank@db/loans",
            "postgres://db:5432/loans",
        ] {
            assert_eq!(without_password(plain), plain);
        }
    }

    #[test]
    fn another_quote_than_the_one_around_an_address_is_a_letter_of_the_password() {
        for password in ["pa'ss", "pa\"ss", "pa`ss", "p'a\"s`s"] {
            for scheme in ["postgres", "postgresql", "https", "s3+http"] {
                let address = format!("{scheme}://u:{password}@h/d");
                assert_eq!(without_password(&address), format!("{scheme}://u:***@h/d"));
                for quote in ["'", "\"", "`", "'''", "\"\"\""] {
                    if password.contains(quote) {
                        continue;
                    }
                    let line = format!("uri = {quote}{address}{quote} # see {quote}x@y:z{quote}");
                    let stars = "*".repeat(password.len());
                    assert_eq!(star(&line), line.replace(password, &stars), "{line}");
                }
            }
        }
        for (line, starred) in [
            (
                r#"uri = "postgres://u:pa\"ss@h/d" # a@b"#,
                r#"uri = "postgres://u:******@h/d" # a@b"#,
            ),
            (r#"uri = "postgres://u:pass\\" # a@b"#, r#"uri = "postgres://u:pass\\" # a@b"#),
            (r#"x = "https://h/d?password=a'b" y"#, r#"x = "https://h/d?password=***" y"#),
            ("https://h/d?password=a'b&c=d", "https://h/d?password=***&c=d"),
        ] {
            assert_eq!(star(line), starred);
        }
    }
}
