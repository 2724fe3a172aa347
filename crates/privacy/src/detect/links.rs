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

/// The addresses of the run of characters around the `://` at an index, if it is the run's first ([`addresses`]).
pub(crate) fn url(text: &Text<'_>, colon: usize) -> Vec<Finding> {
    addresses(text, colon)
}

/// The address whose `://` begins at an index; a password in it is a secret instead.
fn schemed(text: &Text<'_>, colon: usize, tails: &Tails) -> Option<Finding> {
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
    let end = tails.end(colon + 3);
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

/// Whether the character at an index may stand in an address.
fn inside(text: &Text<'_>, at: usize) -> bool {
    let byte = text.at(at);
    url_byte(byte) && !(matches!(byte, b',' | b';') && text.char_at(at) != char::from(byte))
}

/// `www.` at an index, not after a letter.
fn hosted(text: &Text<'_>, start: usize) -> bool {
    let before = text.before(start);
    text.bytes(start, start + 3).eq_ignore_ascii_case(b"www")
        && text.at(start + 3) == b'.'
        && !before.is_ascii_alphanumeric()
        && !matches!(before, b'/' | b'.' | b'@' | b'-')
}

/// Whether an address may open at an index: exactly where the one pass over a text calls [`url`] or [`www`].
fn opens(text: &Text<'_>, at: usize) -> bool {
    text.bytes(at, at + 3) == b"://" || hosted(text, at)
}

/// Every address of a run of characters that addresses are made of, for the first place in it where one opens; nothing for the others. So
/// a run is read once, however many addresses it holds: from each back to the one before it, and from the first to its end.
fn addresses(text: &Text<'_>, first: usize) -> Vec<Finding> {
    let mut back = first;
    while back > 0 && inside(text, back - 1) {
        back -= 1;
        if opens(text, back) {
            return Vec::new();
        }
    }
    let tails = Tails::of(text, first);
    let one = |at| match text.at(at) {
        b':' if text.bytes(at, at + 3) == b"://" => schemed(text, at, &tails),
        b'w' | b'W' if hosted(text, at) => bare(text, at, &tails),
        _ => None,
    };
    (first..first + tails.closes.len()).filter_map(one).collect()
}

/// Where the addresses end that begin in a run.
struct Tails {
    first: usize,
    /// For each place, the first bracket behind it that closes one opened before it, or the run's end.
    closes: Vec<usize>,
    /// For each place, where the marks of a sentence begin that stand right before it.
    marks: Vec<usize>,
}

impl Tails {
    /// Of the run from an index on.
    fn of(text: &Text<'_>, first: usize) -> Self {
        let mut marks = vec![first];
        let (mut end, mut solid) = (first, first);
        while inside(text, end) {
            end += 1;
            if !matches!(text.before(end), b'.' | b',' | b';' | b':' | b'!' | b'?' | b'\'' | b'*') {
                solid = end;
            }
            marks.push(solid);
        }
        let mut closes = vec![end; end - first + 1];
        for at in (first..end).rev() {
            let known = |at: usize| closes.get(at - first).copied().unwrap_or(end);
            let close = match text.at(at) {
                b')' | b']' => at,
                // Behind the bracket that closes this one.
                b'(' | b'[' => known((known(at + 1) + 1).min(end)),
                _ => known(at + 1),
            };
            if let Some(slot) = closes.get_mut(at - first) {
                *slot = close;
            }
        }
        Self { first, closes, marks }
    }

    /// The end of the address whose rest begins at an index: not beyond a bracket that was open before it, nor with the marks that end a
    /// sentence.
    fn end(&self, from: usize) -> usize {
        let close = self.closes.get(from - self.first).copied().unwrap_or(from);
        self.marks.get(close - self.first).copied().unwrap_or(from).max(from)
    }
}

/// The addresses of the run around the `www.` at an index, if it is the run's first ([`addresses`]).
pub(crate) fn www(text: &Text<'_>, start: usize) -> Vec<Finding> {
    if hosted(text, start) { addresses(text, start) } else { Vec::new() }
}

/// The address whose `www.` begins at an index.
fn bare(text: &Text<'_>, start: usize, tails: &Tails) -> Option<Finding> {
    let end = tails.end(start);
    let dots = memchr::memchr_iter(b'.', text.bytes(start, end)).take(2).count();
    (dots == 2).then(|| Finding::new(Kind::Url, (start, end), 0.85, vec![Why::Pattern("url")]))
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What the one pass over a text reports of its addresses.
    fn all(text: &Text<'_>) -> Vec<Finding> {
        let at = |at| match text.at(at) {
            b':' if text.bytes(at + 1, at + 3) == b"//" => url(text, at),
            b'w' | b'W' => www(text, at),
            _ => Vec::new(),
        };
        (0..text.len()).flat_map(at).collect()
    }

    /// Where an address ends, read from its own place on.
    fn end(text: &Text<'_>, from: usize) -> usize {
        let (mut end, mut open) = (from, 0);
        while inside(text, end) {
            match text.at(end) {
                b'(' | b'[' => open += 1,
                b')' | b']' if open == 0 => break,
                b')' | b']' => open -= 1,
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

    /// Pieces that addresses run together from.
    const PIECES: [&str; 18] = [
        "http://",
        "www.",
        "a.b",
        "(",
        ")",
        "[",
        "]",
        ".",
        ",",
        "，",
        ";",
        " ",
        "/",
        "x://u:pw@h.c/",
        "?",
        "*",
        "ü",
        "https://a.b",
    ];

    proptest::proptest! {
        #[test]
        fn an_address_ends_where_its_own_brackets_and_the_sentence_let_it(places in proptest::collection::vec(0..PIECES.len(), 0..40)) {
            let raw: String = places.iter().map(|place| PIECES[*place]).collect();
            let text = Text::new(&raw);
            let mut spans = all(&text).into_iter().map(|one| (one.start, one.end)).collect::<Vec<_>>();
            spans.sort_unstable();
            for (start, stop) in &spans {
                let colon = (*start..*stop).find(|at| text.bytes(*at, *at + 3) == b"://");
                let from = if hosted(&text, *start) { *start } else { colon.unwrap() + 3 };
                proptest::prop_assert_eq!(*stop, end(&text, from), "{}", raw);
            }
            // No more and no fewer than each place says by itself.
            let mut alone = Vec::new();
            for at in (0..text.len()).filter(|at| opens(&text, *at)) {
                let tails = Tails::of(&text, at);
                let one = if text.at(at) == b':' { schemed(&text, at, &tails) } else { bare(&text, at, &tails) };
                alone.extend(one.map(|one| (one.start, one.end)));
            }
            alone.sort_unstable();
            proptest::prop_assert_eq!(spans, alone, "{}", raw);
        }
    }

    /// Read from each address to the end of the run, each of these would be 10^11 steps and more.
    #[test]
    fn a_run_of_very_many_addresses_is_read_once() {
        const MANY: usize = 300_000;
        for (piece, expected) in [
            ("http://", 0),
            ("(www.a", MANY - 1),
            ("www.a.b/(", MANY),
            ("http://ab.c/", MANY),
            ("x://u:pw@", MANY),
            ("=www.a.)", 0),
        ] {
            assert_eq!(all(&Text::new(&piece.repeat(MANY))).len(), expected, "{piece}");
        }
    }
}
