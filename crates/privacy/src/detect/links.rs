//! E-mail, web addresses, passwords in connection strings, private key blocks.

use super::finding::{Finding, Kind, Why};
use super::normal::{LETTER, Text};

fn local(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'%' | b'+' | b'-' | b'\'')
}

fn host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-')
}

/// The address around the `@` at an index.
pub(crate) fn email(text: &Text<'_>, at: usize) -> Option<Finding> {
    let mut start = at;
    while start > 0 && at - start < 64 && local(text.before(start)) {
        start -= 1;
    }
    while start < at && matches!(text.at(start), b'.' | b'-' | b'\'' | b'%' | b'+') {
        start += 1;
    }
    let mut end = at + 1;
    while host(text.at(end)) || text.at(end) == LETTER {
        end += 1;
    }
    while end > at && matches!(text.before(end), b'.' | b'-') {
        end -= 1;
    }
    if start == at
        || end <= at + 3
        || text.before(start) == b':' && text.before(start.saturating_sub(1)) == b'/'
    {
        return None;
    }
    let domain = text.bytes(at + 1, end);
    let dot = domain.iter().rposition(|byte| *byte == b'.')?;
    let top = domain.get(dot + 1..)?;
    let fits = (2..=24).contains(&top.len())
        && top.iter().all(u8::is_ascii_alphabetic)
        && dot > 0
        && domain.first() != Some(&b'.')
        && domain.first() != Some(&b'-');
    fits.then(|| Finding::new(Kind::Email, (start, end), 0.97, vec![Why::Pattern("email")]))
}

fn url_byte(byte: u8) -> bool {
    byte > b' '
        && byte < 0x7f
        && !matches!(byte, b'"' | b'<' | b'>' | b'`' | b'{' | b'}' | b'|' | b'\\' | b'^')
}

/// The address whose `://` begins at an index; a password in it is a secret instead.
pub(crate) fn url(text: &Text<'_>, colon: usize) -> Option<Finding> {
    let mut start = colon;
    while start > 0
        && (text.before(start).is_ascii_alphanumeric()
            || matches!(text.before(start), b'+' | b'.' | b'-'))
    {
        start -= 1;
    }
    while start < colon && !text.at(start).is_ascii_alphabetic() {
        start += 1;
    }
    let scheme = text.bytes(start, colon).to_ascii_lowercase();
    if scheme.is_empty() {
        return None;
    }
    let end = tail(text, colon + 3);
    let authority_end =
        (colon + 3..end).find(|at| matches!(text.at(*at), b'/' | b'?' | b'#')).unwrap_or(end);
    let authority = text.bytes(colon + 3, authority_end);
    if let Some(at) = authority.iter().rposition(|byte| *byte == b'@')
        && let Some(user) = authority.get(..at)
        && let Some(split) = user.iter().position(|byte| *byte == b':')
        && user.len() > split + 1
        && !user.get(split + 1..).is_some_and(placeholder)
    {
        return Some(Finding::new(
            Kind::Secret,
            (start, end),
            0.95,
            vec![Why::Pattern("connection-string")],
        ));
    }
    let web = matches!(
        scheme.as_slice(),
        b"http" | b"https" | b"ftp" | b"ftps" | b"sftp" | b"ws" | b"wss"
    );
    let named = authority.contains(&b'.')
        && authority.len() >= 4
        && authority.first().is_some_and(u8::is_ascii_alphanumeric);
    (web && named).then(|| Finding::new(Kind::Url, (start, end), 0.9, vec![Why::Pattern("url")]))
}

fn placeholder(word: &[u8]) -> bool {
    word.starts_with(b"$")
        || word.starts_with(b"%")
        || word.starts_with(b"<")
        || word.iter().all(|b| *b == b'*' || *b == b'x')
        || matches!(word, b"password" | b"pass" | b"pwd" | b"PASSWORD")
}

fn tail(text: &Text<'_>, from: usize) -> usize {
    let mut end = from;
    let mut open = 0_i32;
    while url_byte(text.at(end)) && end < text.len() {
        match text.at(end) {
            b'(' | b'[' => open += 1,
            b')' | b']' if open == 0 => break,
            b')' | b']' => open -= 1,
            b',' | b';' if text.char_at(end) != char::from(text.at(end)) => break,
            _ => {}
        }
        end += 1;
    }
    while end > from
        && matches!(text.before(end), b'.' | b',' | b';' | b':' | b'!' | b'?' | b'\'' | b'*')
    {
        end -= 1;
    }
    end
}

/// `www.` at an index, not after a letter.
pub(crate) fn www(text: &Text<'_>, start: usize) -> Option<Finding> {
    if text.before(start).is_ascii_alphanumeric()
        || matches!(text.before(start), b'/' | b'.' | b'@' | b'-')
    {
        return None;
    }
    let end = tail(text, start);
    let dots = memchr::memchr_iter(b'.', text.bytes(start, end)).count();
    (dots >= 2).then(|| Finding::new(Kind::Url, (start, end), 0.85, vec![Why::Pattern("url")]))
}

/// `-----BEGIN … PRIVATE KEY-----` to its end line, or as far as Base64 goes.
pub(crate) fn private_key(text: &Text<'_>, start: usize) -> Option<Finding> {
    let head = text.bytes(start, start + 64);
    let label = memchr::memmem::find(head, b"PRIVATE KEY")?;
    if head.get(..label)?.contains(&b'\n') {
        return None;
    }
    let body = start + label + 11;
    let rest = text.bytes(body, body + 20_000);
    let end = memchr::memmem::find(rest, b"-----END").map_or_else(
        || {
            let dashes = rest.iter().take_while(|byte| **byte == b'-').count();
            let key = rest.iter().skip(dashes).take_while(|byte| {
                byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'\n' | b'\r')
            });
            body + dashes + key.count()
        },
        |at| {
            let after = rest.get(at + 8..).unwrap_or_default();
            let close = memchr::memmem::find(after, b"-----").map_or(0, |close| close + 5);
            body + at + 8 + close
        },
    );
    // A mention of the header alone is no key.
    (end > body + 64)
        .then(|| Finding::new(Kind::Secret, (start, end), 0.99, vec![Why::Pattern("private-key")]))
}
