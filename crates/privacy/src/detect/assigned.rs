//! Passwords and keys that are assigned to a name: `password=…`, `"client_secret": "…"`, `密码：…`, `mysql -p…`.
//!
//! The name alone says nothing: code is full of `password=None` and `token: str`. What decides is whether the value looks like nothing that
//! one says or programs.

use super::finding::{Finding, Kind, Why};
use super::normal::{HAN, Text};

/// What a name says of its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    /// People choose it: six characters of two sorts may do.
    Password,
    /// Machines make it: long, letters and digits mixed.
    Token,
}

/// Names, lower case, as the automaton of `keyed` looks for them.
pub(crate) const NAMES: &[(&str, Sort)] = &[
    ("password", Sort::Password),
    ("passwd", Sort::Password),
    ("passphrase", Sort::Password),
    ("pwd", Sort::Password),
    ("密码", Sort::Password),
    ("口令", Sort::Password),
    ("secret", Sort::Token),
    ("token", Sort::Token),
    ("api_key", Sort::Token),
    ("api-key", Sort::Token),
    ("apikey", Sort::Token),
    // As the title of a column is read.
    ("api key", Sort::Token),
    ("access key", Sort::Token),
    ("secret key", Sort::Token),
    ("private key", Sort::Token),
    ("encryption key", Sort::Token),
    ("account key", Sort::Token),
    ("access_key", Sort::Token),
    ("accesskey", Sort::Token),
    ("account_key", Sort::Token),
    ("private_key", Sort::Token),
    ("encryption_key", Sort::Token),
    ("bearer", Sort::Token),
    ("密钥", Sort::Token),
    ("令牌", Sort::Token),
];

/// Longest value that is looked at.
const LONGEST: usize = 200;

/// What is assigned to the name at `start..end`, if it is a secret.
pub(crate) fn value(
    text: &Text<'_>,
    (start, end): (usize, usize),
    word: &'static str,
    sort: Sort,
) -> Option<Finding> {
    let option = text.bytes(start.saturating_sub(2), start) == b"--";
    let mut at = name_end(text, end)?;
    let quoted_name = matches!(text.at(at), b'"' | b'\'' | b'`');
    while matches!(text.at(at), b'"' | b'\'' | b'`' | b'\\' | b']') && at < end + 24 {
        at += 1;
    }
    let blanks = |mut at: usize| {
        let from = at;
        while matches!(text.at(at), b' ' | b'\t') && at < from + 12 {
            at += 1;
        }
        at
    };
    let named = at;
    at = blanks(at);
    at = match (text.at(at), text.at(at + 1)) {
        (b'=', b'=' | b'~') => return None,
        (b'=', b'>') | (b':', b'=') => at + 2,
        // `Token::new`, `password://`.
        (b':', b':' | b'/') => return None,
        (b'=' | b':', _) => at + 1,
        (b'>', _) if at == named && text.before(start) == b'<' => at + 1,
        _ if matches!(text.char_at(at), '是' | '为' | '→') => at + 1,
        _ if text.bytes(at, at + 3).eq_ignore_ascii_case(b"is ") && at > named => at + 3,
        // `--password Xk29!mQz8Lp`, `Bearer 8f14…`, `密码 Xk29!mQz8Lp`.
        _ if at > named && (option || word == "bearer" || !word.is_ascii()) => at,
        _ => return None,
    };
    // `password: hunter22` and `密码 hunter22` are said to a reader, `password = hunter22` to a machine.
    let said = text.before(at) == b':' || !word.is_ascii();
    at = blanks(at);
    // `b"…"`, `r'…'`, and the backslash of a quote within a quote.
    if matches!(text.at(at), b'b' | b'r' | b'f' | b'u' | b'@')
        && matches!(text.at(at + 1), b'"' | b'\'')
    {
        at += 1;
    }
    at += usize::from(text.at(at) == b'\\' && matches!(text.at(at + 1), b'"' | b'\''));
    let quote = matches!(text.at(at), b'"' | b'\'' | b'`').then(|| text.at(at));
    at += usize::from(quote.is_some());
    let (stop, closed) = value_end(text, at, quote);
    let spelled = text.bytes(at, stop);
    let quoted = quote.is_some() && closed;
    let code = !quoted && !quoted_name && matches!(text.at(stop), b'(' | b'[' | b'{');
    let short = said && quote.is_none() && ends(text, stop) && brief(spelled, sort);
    let hides = secret(spelled, sort, quoted) || short;
    if code || quote.is_some() && !closed || !hides {
        return None;
    }
    let why = vec![Why::Context(word.to_owned()), Why::Pattern("assigned")];
    Some(Finding::new(Kind::Secret, (at, stop), 0.85, why))
}

/// The end of the name that a word is part of: `secret_access_key`, `password_1`. None for `password_hash`, which names something else.
fn name_end(text: &Text<'_>, end: usize) -> Option<usize> {
    let mut at = end;
    while text.at(at).is_ascii_alphanumeric() || matches!(text.at(at), b'_' | b'-') && at < end + 24
    {
        at += 1;
    }
    let rest: Vec<u8> = text.bytes(end, at).to_ascii_lowercase();
    let tail = rest.strip_prefix(b"_").or_else(|| rest.strip_prefix(b"-")).unwrap_or(&rest);
    let plain = tail.iter().all(u8::is_ascii_digit)
        || matches!(
            tail,
            b"s" | b"key"
                | b"access_key"
                | b"access-key"
                | b"accesskey"
                | b"value"
                | b"secret"
                | b"token"
                | b"string"
        );
    plain.then_some(at)
}

/// Where a value ends, and whether its quote closes it.
fn value_end(text: &Text<'_>, start: usize, quote: Option<u8>) -> (usize, bool) {
    let mut at = start;
    while at < start + LONGEST {
        let byte = text.at(at);
        // A full-width mark is a mark of the sentence.
        let foreign = !byte.is_ascii_graphic() || text.char_at(at) != char::from(byte);
        match quote {
            Some(quote) if byte == quote => {
                let escaped = usize::from(text.before(at) == b'\\');
                return (at - escaped, true);
            }
            Some(_) if foreign => return (at, false),
            None if foreign
                || matches!(
                    byte,
                    b'"' | b'\''
                        | b'`'
                        | b'<'
                        | b'>'
                        | b'('
                        | b')'
                        | b'['
                        | b']'
                        | b'{'
                        | b'}'
                        | b';'
                        | b'|'
                ) =>
            {
                break;
            }
            // The next pair of a query or a list.
            None if matches!(byte, b'&' | b',') && pair(text, at + 1) => break,
            _ => {}
        }
        at += 1;
    }
    while quote.is_none() && at > start && matches!(text.before(at), b'.' | b',' | b':' | b'\\') {
        at -= 1;
    }
    (at, false)
}

/// Whether `name=` or a blank stands at an index.
fn pair(text: &Text<'_>, start: usize) -> bool {
    let mut at = start;
    while text.at(at).is_ascii_alphanumeric() || matches!(text.at(at), b'_' | b'-' | b'.') {
        at += 1;
    }
    at > start && text.at(at) == b'=' || text.at(start).is_ascii_whitespace()
}

/// Sorts of characters in a value, and how often they change from one to another.
#[derive(Debug, Default)]
struct Shape {
    lower: usize,
    upper: usize,
    digits: usize,
    marks: usize,
    changes: usize,
}

impl Shape {
    fn of(value: &[u8]) -> Self {
        let mut shape = Self::default();
        let mut before = b' ';
        for byte in value {
            let sort = match byte {
                b'a'..=b'z' => b'a',
                b'A'..=b'Z' => b'A',
                b'0'..=b'9' => b'0',
                _ => b'!',
            };
            match sort {
                b'a' => shape.lower += 1,
                b'A' => shape.upper += 1,
                b'0' => shape.digits += 1,
                _ => shape.marks += 1,
            }
            shape.changes += usize::from(sort != before);
            before = sort;
        }
        shape
    }

    fn letters(&self) -> usize {
        self.lower + self.upper
    }
}

/// Whether a value is nothing that one says, programs or leaves to be filled in.
fn secret(value: &[u8], sort: Sort, quoted: bool) -> bool {
    let least = if sort == Sort::Password { 6 } else { 12 };
    if value.len() < least || value.len() >= LONGEST || placeholder(value) {
        return false;
    }
    let shape = Shape::of(value);
    // `self.token`, `other_name_2`, `/run/secrets/db2`, `sha256`: words of programs.
    let path = value.iter().any(|byte| matches!(byte, b'/' | b'\\')) && sort == Sort::Password
        || value.starts_with(b"/")
        || value.starts_with(b"http");
    let programmed = !quoted && path || words(value) || algorithm(value);
    if programmed {
        return false;
    }
    match sort {
        Sort::Password => {
            let strong = value.iter().any(|byte| {
                matches!(
                    byte,
                    b'!' | b'@' | b'#' | b'$' | b'%' | b'^' | b'&' | b'*' | b'+' | b'?' | b'~'
                )
            });
            let mixed = shape.digits > 0
                && shape.letters() > 0
                && (shape.digits > 2 || shape.changes > 2 || strong || quoted);
            let number = shape.digits == value.len() && value.len() <= 12;
            let marked = strong
                && shape.letters() > 3
                && shape.changes > 2
                && (shape.upper > 0 && shape.lower > 0);
            mixed || number || marked
        }
        Sort::Token => {
            let sound = value.iter().all(|byte| {
                byte.is_ascii_alphanumeric()
                    || matches!(
                        byte,
                        b'+' | b'/'
                            | b'='
                            | b'_'
                            | b'-'
                            | b'.'
                            | b'~'
                            | b'!'
                            | b'@'
                            | b'#'
                            | b'$'
                            | b'%'
                            | b'^'
                            | b'*'
                    )
            });
            // `abcdef1234567890abcd`: few changes, but no word with a number behind it either.
            let long = value.len() > 15
                && shape.digits > 5
                && shape.changes > 2
                && value.iter().all(u8::is_ascii_alphanumeric);
            sound && shape.digits > 2 && shape.letters() > 2 && (shape.changes > 4 || long)
        }
    }
}

/// Whether the sentence, the line or the word ends at an index.
fn ends(text: &Text<'_>, at: usize) -> bool {
    let byte = text.at(at);
    byte.is_ascii_whitespace() || matches!(byte, b',' | b'.' | b';' | b'|' | b')') || byte >= HAN
}

/// A short password behind a label that is no program's: a word and two digits, `hunter22`.
fn brief(value: &[u8], sort: Sort) -> bool {
    let shape = Shape::of(value);
    let plain = value.iter().all(u8::is_ascii_alphanumeric);
    sort == Sort::Password
        && plain
        && (8..LONGEST).contains(&value.len())
        && shape.digits == 2
        && shape.letters() > 3
        && !placeholder(value)
        && !algorithm(value)
}

/// Names of variables and files: words of letters, `_`, `.` and `-` between them, hardly a digit.
fn words(value: &[u8]) -> bool {
    let plain = value
        .iter()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'/'));
    let parted = value.iter().any(|byte| matches!(byte, b'_' | b'.' | b'-' | b'/'));
    let word = |part: &[u8]| {
        let digits = part.iter().filter(|byte| byte.is_ascii_digit()).count();
        let letters = part.len() - digits;
        digits == 0
            || letters == 0 && digits < 5
            || part.iter().take(letters).all(u8::is_ascii_alphabetic) && digits < 3
    };
    plain && parted && value.split(|byte| matches!(byte, b'_' | b'.' | b'-' | b'/')).all(word)
}

/// `sha256`, `aes-128-gcm`.
fn algorithm(value: &[u8]) -> bool {
    const KNOWN: &[&[u8]] = &[
        b"sha", b"md5", b"aes", b"utf", b"base64", b"rsa", b"hmac", b"pbkdf2", b"scrypt",
        b"argon2", b"bcrypt", b"ed25519", b"hs256", b"rs256", b"es256", b"oauth", b"uint", b"int",
        b"string", b"varchar", b"char(", b"bytes", b"float", b"latin",
    ];
    let lower = value.to_ascii_lowercase();
    value.len() < 20 && KNOWN.iter().any(|known| lower.starts_with(known))
}

/// What is to be filled in, or was taken out.
fn placeholder(value: &[u8]) -> bool {
    const WORDS: &[&[u8]] = &[
        b"your",
        b"example",
        b"placeholder",
        b"redacted",
        b"changeme",
        b"change_me",
        b"change-me",
        b"xxxx",
        b"****",
        b"....",
        b"dummy",
        b"<",
        b"${",
        b"{{",
        b"}}",
        b"%(",
        b"$(",
        b"environ",
        b"getenv",
        b"process.env",
        b"insert",
        b"replace",
        b"secrets.",
        b"vault:",
        b"\\n",
    ];
    let lower = value.to_ascii_lowercase();
    matches!(value.first(), Some(b'$' | b'%' | b'<' | b'{' | b'(' | b'[' | b'&' | b'*'))
        && value.get(1).is_none_or(|next| !next.is_ascii_digit())
        || value.iter().all(|byte| Some(byte) == value.first())
        || WORDS.iter().any(|word| memchr::memmem::find(&lower, word).is_some())
}

/// `mysql -u root -pS3cr3t`: the password that follows its letter without a blank, on the line of a client's name ending at `end`.
pub(crate) fn option(text: &Text<'_>, end: usize) -> Option<Finding> {
    let line = text.bytes(end, end + LONGEST);
    let line = line.split(|byte| matches!(byte, b'\n' | b'\r' | b'|' | b';')).next()?;
    let at = memchr::memmem::find(line, b" -p")? + end + 3;
    let quote = matches!(text.at(at), b'"' | b'\'').then(|| text.at(at));
    let from = at + usize::from(quote.is_some());
    let (stop, closed) = value_end(text, from, quote);
    let spelled = text.bytes(from, stop);
    let sound = spelled.len() > 3
        && !placeholder(spelled)
        && (quote.is_none() || closed)
        && text.at(at) != b' ';
    // A port: `-p3306` is another client's.
    let number = spelled.iter().all(u8::is_ascii_digit);
    (sound && !number).then(|| {
        let why = vec![Why::Context("mysql".to_owned()), Why::Pattern("option")];
        Finding::new(Kind::Secret, (from, stop), 0.85, why)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_told_from_words_of_programs() {
        for value in ["Tr0ub4dor&3", "Hy7kQw92LmZx", "Xk29!mQz8Lp", "hunter22x", "abc123", "135246"]
        {
            assert!(secret(value.as_bytes(), Sort::Password, false), "{value}");
        }
        for value in [
            "required",
            "self.password",
            "user_password2",
            "sha256",
            "${DB_PASS}",
            "********",
            "<your-password>",
            "str",
            "os.environ",
            "step2",
            "see-README.md",
            "hunter22",
        ] {
            assert!(!secret(value.as_bytes(), Sort::Password, false), "{value}");
        }
        for value in ["hunter22", "sommer24", "Qwertz12"] {
            assert!(brief(value.as_bytes(), Sort::Password), "{value}");
        }
        for value in ["sha25622", "bytes3200", "step2", "required", "user_pw22", "hunter2"] {
            assert!(!brief(value.as_bytes(), Sort::Password), "{value}");
        }
        for value in [
            "8f14e45fceea167a5a36dedd4bea2543",
            "Hy7kQw92LmZxPq83Vn",
            "p8e-XbA-93k.2zQ_w7",
            "abcdef1234567890abcd",
        ] {
            assert!(secret(value.as_bytes(), Sort::Token, false), "{value}");
        }
        for value in [
            "token",
            "oauth2_access_token",
            "config.token_2024_01",
            "AbstractTokenSource",
            "YOUR_TOKEN_123_abc",
        ] {
            assert!(!secret(value.as_bytes(), Sort::Token, false), "{value}");
        }
    }
}
