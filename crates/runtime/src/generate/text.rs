//! From tokens' bytes to text that may leave: whole characters, nothing that could still become a stop text.

/// The text of an answer as it grows.
#[derive(Debug, Clone, Default)]
pub struct Flow {
    stops: Vec<String>,
    /// Bytes of a character that is not whole yet.
    tail: Vec<u8>,
    /// Whole characters that may still become a stop text.
    held: String,
}

impl Flow {
    /// Nothing yet; ends at the first of `stops`.
    pub fn new(stops: Vec<String>) -> Self {
        let stops = stops.into_iter().filter(|stop| !stop.is_empty()).collect();
        Self { stops, tail: Vec::new(), held: String::new() }
    }

    /// Adds a token's bytes. What may leave now, and whether a stop text came; then nothing more may be added.
    pub fn push(&mut self, bytes: &[u8]) -> (String, bool) {
        self.tail.extend_from_slice(bytes);
        self.held.push_str(&whole(&mut self.tail));
        let first = self.stops.iter().filter_map(|stop| self.held.find(stop.as_str())).min();
        if let Some(at) = first {
            self.held.truncate(at);
            self.tail.clear();
            return (std::mem::take(&mut self.held), true);
        }
        let kept = self.stops.iter().map(|stop| overlap(&self.held, stop)).max().unwrap_or(0);
        let rest = self.held.split_off(self.held.len() - kept);
        (std::mem::replace(&mut self.held, rest), false)
    }

    /// The end: what was held back leaves. An answer that is cut off may end within a character, of which nothing is shown.
    pub fn finish(&mut self) -> String {
        self.tail.clear();
        std::mem::take(&mut self.held)
    }
}

/// Takes whole characters off the front; bytes that can never become one are replaced.
fn whole(bytes: &mut Vec<u8>) -> String {
    let mut text = String::new();
    loop {
        match std::str::from_utf8(bytes) {
            Ok(rest) => {
                text.push_str(rest);
                bytes.clear();
                return text;
            }
            Err(error) => {
                let valid = error.valid_up_to();
                let rest = bytes.split_off(valid);
                text.push_str(&String::from_utf8_lossy(bytes));
                *bytes = rest;
                // Without a length the last character is only not whole yet.
                let Some(wrong) = error.error_len() else { return text };
                bytes.drain(..wrong.min(bytes.len()));
                text.push(char::REPLACEMENT_CHARACTER);
            }
        }
    }
}

/// Bytes at the end of `text` that are a beginning of `stop`.
fn overlap(text: &str, stop: &str) -> usize {
    let begins = stop.char_indices().skip(1).map(|(at, _)| at);
    begins.filter(|at| stop.get(..*at).is_some_and(|part| text.ends_with(part))).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn characters_leave_whole() {
        let mut flow = Flow::new(Vec::new());
        let bytes = "你🎉".as_bytes();
        assert_eq!(flow.push(&bytes[..2]).0, "");
        assert_eq!(flow.push(&bytes[2..5]).0, "你");
        assert_eq!(flow.push(&bytes[5..]).0, "🎉");
        assert_eq!(flow.push(&[0xFF, b'a']).0, "\u{FFFD}a");
        assert_eq!(flow.push(&bytes[..1]).0, "");
        assert_eq!(flow.finish(), "");
    }

    #[test]
    fn a_stop_text_never_leaves_even_in_pieces() {
        let mut flow = Flow::new(vec!["###".into(), "终了".into()]);
        assert_eq!(flow.push(b"a#"), ("a".into(), false));
        assert_eq!(flow.push(b"#b"), ("##b".into(), false));
        assert_eq!(flow.push("终".as_bytes()), (String::new(), false));
        assert_eq!(flow.push("了尾".as_bytes()), (String::new(), true));
        assert_eq!(flow.finish(), "");
    }

    proptest! {
        #[test]
        fn pieces_make_the_same_text_as_the_whole(text in "[ab#终]{0,40}", cuts in proptest::collection::vec(1_usize..5, 40)) {
            let stop = "##".to_owned();
            let expected = text.split("##").next().unwrap_or_default().to_owned();
            let mut flow = Flow::new(vec![stop]);
            let (mut out, mut rest, mut ended) = (String::new(), text.as_bytes(), false);
            for cut in cuts {
                if rest.is_empty() || ended { break; }
                let (piece, after) = rest.split_at(cut.min(rest.len()));
                rest = after;
                let (text, stopped) = flow.push(piece);
                out.push_str(&text);
                ended = stopped;
            }
            if rest.is_empty() || ended {
                if !ended { out.push_str(&flow.finish()); }
                prop_assert_eq!(out, expected);
            }
        }
    }
}
