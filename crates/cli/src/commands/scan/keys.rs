//! Private keys that go over several lines of a plain text.

use super::lines::{Line, Lines};
use ingot_base::Result;
use ingot_privacy::detect::{Finding, Kind};
use std::io::BufRead;

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END";
const RULE: &str = "-----";
/// Bytes of lines that are held for a key's end: four times the longest key in use.
const HELD: usize = 64 << 10;
/// Fewest letters of a line of Base64 but for the last.
const WIDE: usize = 32;

/// Where a key stands in the held lines' text.
pub(super) struct Key {
    /// Byte of the first line at which it begins.
    start: usize,
    /// Whether its end line was found: else the lines are those that look like Base64.
    closed: bool,
}

/// The byte of a line at which a private key begins whose end is not on the same line.
pub(super) fn begin(line: &str) -> Option<usize> {
    let start = line.rfind(BEGIN)?;
    let label = line.get(start..).unwrap_or_default();
    (label.contains("PRIVATE KEY") && !label.contains(END)).then_some(start)
}

/// Reads on, as far as the key's end; where none comes, as far as its lines look like Base64.
pub(super) fn hold<R: BufRead>(
    lines: &mut Lines<'_, R>,
    held: &mut Vec<Line>,
    start: usize,
) -> Result<Key> {
    let mut bytes = 0;
    while let Some(line) = lines.next()? {
        bytes += line.text.len();
        // The next key's beginning is no part of this one.
        if bytes > HELD || line.text.contains(BEGIN) {
            lines.back(std::iter::once(line));
            break;
        }
        let closed = line.text.contains(END);
        held.push(line);
        if closed {
            return Ok(Key { start, closed });
        }
    }
    let wide = held.iter().skip(1).take_while(|line| base64(&line.text) >= WIDE).count();
    // A key's last line may be shorter, but only what follows others is one.
    let short = held.get(wide + 1).is_some_and(|line| wide > 0 && base64(&line.text) > 0);
    lines.back(held.split_off(1 + wide + usize::from(short)).into_iter());
    Ok(Key { start, closed: false })
}

/// Letters of a line that is Base64 and nothing else.
fn base64(line: &str) -> usize {
    let line = line.trim();
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    if line.bytes().all(letter) { line.len() } else { 0 }
}

/// Lines as one text, without what ends the last.
pub(super) fn joined(held: &[Line]) -> String {
    let mut text = String::new();
    for (at, line) in held.iter().enumerate() {
        text.push_str(&line.text);
        if at + 1 < held.len() {
            text.push_str(line.end);
        }
    }
    text
}

impl Key {
    /// Whether one of the findings is this key; then it goes over the key whole, however far the detector reads.
    pub(super) fn cover(&self, text: &str, found: &mut Vec<Finding>) -> bool {
        let letters = |bytes: usize| text.get(..bytes).unwrap_or(text).chars().count();
        let (start, end) = (letters(self.start), letters(self.end(text)));
        let Some(at) = found
            .iter()
            .position(|one| one.kind == Kind::Secret && one.start <= start && start < one.end)
        else {
            return false;
        };
        let mut key = found.remove(at);
        key.end = key.end.max(end);
        let (from, to) = (key.start, key.end);
        found.retain(|one| one.end <= from || to <= one.start);
        found.insert(found.partition_point(|one| one.start < from), key);
        true
    }

    /// The byte after the end line's last dash, or after all lines.
    fn end(&self, text: &str) -> usize {
        let rest = text.get(self.start..).unwrap_or_default();
        match rest.find(END) {
            Some(at) if self.closed => {
                let label = self.start + at + END.len();
                let after = text.get(label..).unwrap_or_default();
                let line = after.find('\n').unwrap_or(after.len());
                after
                    .find(RULE)
                    .filter(|close| *close < line)
                    .map_or(label + line, |close| label + close + RULE.len())
            }
            _ => text.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ingot_privacy::detect::{DetectConfig, Detector};
    use std::path::Path;

    const ROW: &str = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj";

    /// How many lines are held for the key on the first, whether it is one, and its characters.
    fn held(text: &str) -> (usize, Option<(usize, usize)>) {
        let mut lines = Lines::new(text.as_bytes(), Path::new("x"));
        let first = lines.next().unwrap().unwrap();
        let start = begin(&first.text).unwrap();
        let mut all = vec![first];
        let key = hold(&mut lines, &mut all, start).unwrap();
        let text = joined(&all);
        let mut found = Detector::new(DetectConfig::default()).unwrap().detect(&text);
        let is = key.cover(&text, &mut found);
        let one = found.iter().find(|one| one.kind == Kind::Secret).filter(|_| is);
        (all.len(), one.map(|one| (one.start, one.end)))
    }

    #[test]
    fn a_key_is_held_to_its_end() {
        let key = format!("-----BEGIN PRIVATE KEY-----\n{ROW}\n{ROW}\n-----END PRIVATE KEY-----");
        let length = key.len();
        assert_eq!(held(&key), (4, Some((0, length))));
        assert_eq!(held(&format!("钥匙 {key} and more\nline\n")), (4, Some((3, 3 + length))));
        let windows = key.replace('\n', "\r\n");
        assert_eq!(held(&windows), (4, Some((0, windows.len()))));
    }

    #[test]
    fn a_key_longer_than_the_detector_reads_is_hidden_whole() {
        let rows = vec![ROW; 700].join("\n");
        let key = format!("-----BEGIN RSA PRIVATE KEY-----\n{rows}\n-----END RSA PRIVATE KEY-----");
        assert_eq!(held(&key), (702, Some((0, key.len()))));
    }

    #[test]
    fn a_key_without_an_end_takes_its_own_lines_alone() {
        let open =
            format!("-----BEGIN PRIVATE KEY-----\n{ROW}\n{ROW}\nAQAB==\nplain words\nmore\n");
        let (lines, key) = held(&open);
        assert_eq!((lines, key.map(|key| key.0)), (4, Some(0)));
        // Nothing but a mention.
        assert_eq!(held("-----BEGIN PRIVATE KEY----- is how it begins\nplain\nwords\n"), (1, None));
        let long = "words of a text\n".repeat(10_000);
        assert_eq!(held(&format!("-----BEGIN PRIVATE KEY-----\n{long}")), (1, None));
        let two = format!("-----BEGIN PRIVATE KEY-----\nx y\n-----BEGIN PRIVATE KEY-----\n{ROW}");
        assert_eq!(held(&two), (1, None));
    }

    #[test]
    fn only_private_keys_begin() {
        assert_eq!(begin("-----BEGIN CERTIFICATE-----"), None);
        assert_eq!(begin("-----BEGIN PRIVATE KEY----- x -----END PRIVATE KEY-----"), None);
        assert_eq!(begin("  -----BEGIN OPENSSH PRIVATE KEY-----"), Some(2));
    }
}
