//! One byte a character: the form in which patterns read text.
//!
//! Full-width forms become ASCII, every dash `-`, every space ` `, and any other character the byte of its class. An index
//! into the view therefore *is* the Unicode character offset, and no mapping back is needed.

use std::borrow::Cow;

/// A Han character.
pub(crate) const HAN: u8 = 0x80;
/// A letter outside ASCII that is not Han.
pub(crate) const LETTER: u8 = 0x81;
/// Anything else outside ASCII.
pub(crate) const OTHER: u8 = 0x82;

/// A text and its view.
#[derive(Debug)]
pub(crate) struct Text<'a> {
    raw: &'a str,
    view: Cow<'a, [u8]>,
    /// Byte offset of each character; empty when the text is ASCII.
    starts: Vec<usize>,
}

impl<'a> Text<'a> {
    pub(crate) fn new(raw: &'a str) -> Self {
        if raw.is_ascii() {
            return Self { raw, view: Cow::Borrowed(raw.as_bytes()), starts: Vec::new() };
        }
        let mut view = Vec::with_capacity(raw.len());
        let mut starts = Vec::with_capacity(raw.len() / 2);
        for (offset, letter) in raw.char_indices() {
            starts.push(offset);
            view.push(class(letter));
        }
        Self { raw, view: Cow::Owned(view), starts }
    }

    pub(crate) fn view(&self) -> &[u8] {
        &self.view
    }

    pub(crate) fn len(&self) -> usize {
        self.view.len()
    }

    /// The class byte at an index; a line feed beyond the end.
    pub(crate) fn at(&self, index: usize) -> u8 {
        self.view.get(index).copied().unwrap_or(b'\n')
    }

    /// The class byte before an index; a line feed at the start.
    pub(crate) fn before(&self, index: usize) -> u8 {
        index.checked_sub(1).map_or(b'\n', |index| self.at(index))
    }

    /// View bytes of a range, cut to the text.
    pub(crate) fn bytes(&self, start: usize, end: usize) -> &[u8] {
        let end = end.min(self.len());
        self.view.get(start.min(end)..end).unwrap_or_default()
    }

    pub(crate) fn byte_of(&self, index: usize) -> usize {
        if self.starts.is_empty() {
            index.min(self.raw.len())
        } else {
            self.starts.get(index).copied().unwrap_or(self.raw.len())
        }
    }

    /// The character index of a byte offset that starts a character.
    pub(crate) fn index_of(&self, byte: usize) -> usize {
        if self.starts.is_empty() {
            byte
        } else {
            self.starts.partition_point(|start| *start < byte)
        }
    }

    /// The original characters of a range.
    pub(crate) fn slice(&self, start: usize, end: usize) -> &'a str {
        self.raw.get(self.byte_of(start)..self.byte_of(end)).unwrap_or_default()
    }

    pub(crate) fn char_at(&self, index: usize) -> char {
        self.raw.get(self.byte_of(index)..).and_then(|rest| rest.chars().next()).unwrap_or('\n')
    }

    pub(crate) fn raw(&self) -> &'a str {
        self.raw
    }

    pub(crate) fn is_ascii(&self) -> bool {
        self.starts.is_empty()
    }
}

/// The view byte of a character.
pub(crate) fn class(letter: char) -> u8 {
    if let Ok(byte) = u8::try_from(u32::from(letter))
        && byte.is_ascii()
    {
        return byte;
    }
    match letter {
        '\u{4e00}'..='\u{9fff}' | '\u{3400}'..='\u{4dbf}' | '〇' => HAN,
        '\u{ff01}'..='\u{ff5e}' => u8::try_from(u32::from(letter) - 0xff01 + 0x21).unwrap_or(OTHER),
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe63}' => b'-',
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{3000}' => b' ',
        '’' | '‘' => b'\'',
        '“' | '”' => b'"',
        '。' => OTHER,
        _ if letter.is_alphabetic() => LETTER,
        _ => OTHER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_is_a_character_offset() {
        let text = Text::new("电话：１３８　0013–8000é");
        assert_eq!(text.view(), b"\x80\x80:138 0013-8000\x81");
        assert_eq!(text.slice(3, 6), "１３８");
        assert_eq!(text.char_at(16), 'é');
        assert_eq!(text.index_of(text.byte_of(7)), 7);
        assert_eq!(text.slice(11, 99), "–8000é");
    }
}
