//! Passwords in addresses: a recipe may hold one, what is printed or recorded must not.

/// Stars the password of every `scheme://user:password@host` in a text, a star for each byte, so that places stay.
///
/// A password ends at the last `@` before a slash, quote or blank.
pub(crate) fn star(text: &str) -> String {
    replace(text, |length| "*".repeat(length))
}

fn replace(text: &str, mask: impl Fn(usize) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        out.push_str(before);
        out.push_str("://");
        let end = after.find(['/', '"', '\'', ' ', '\t', '?', '#']).unwrap_or(after.len());
        let (authority, tail) = after.split_at_checked(end).unwrap_or((after, ""));
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
        while let Some((before, value)) = parameter(rest) {
            let end = value.find(['&', '/', '"', '\'', ' ', '\t', '#']).unwrap_or(value.len());
            let (password, tail) = value.split_at_checked(end).unwrap_or((value, ""));
            out.push_str(before);
            out.push_str(&mask(password.len()));
            rest = tail;
        }
    }
    out.push_str(rest);
    out
}

/// The text up to and with `password=` of the address that is being read, and what follows it.
fn parameter(rest: &str) -> Option<(&str, &str)> {
    const NAMES: [&str; 2] = ["password=", "sslpassword="];
    let end = rest.find(['"', '\'', ' ', '\t', '#']).unwrap_or(rest.len());
    let within = rest.get(..end)?;
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
        for plain in [
            "data/*****.csv",
            "s3://bucket/a@b:c",
            "postgres://bank@db/loans",
            "postgres://db:5432/loans",
        ] {
            assert_eq!(without_password(plain), plain);
        }
    }
}
