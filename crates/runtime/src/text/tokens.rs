//! Texts as the numbers that an encoder takes.

use crate::messages::{TEXT_BLANK, TEXT_BYTES_MANY, TEXT_LONG, TOKENIZER};
use crate::onnx::Vocabulary;
use ingot_base::{Digest, Fault, Result};
use std::ops::Range;
use tokenizers::Encoding;

/// Most bytes of a tokenizer's file.
const BYTES: usize = 64 << 20;
/// Most bytes of a text: hundreds of times what a network reads. A single word may be as long, and is one token.
const TEXT_BYTES: usize = 1 << 18;
/// What word-piece vocabularies call a word that they lack.
const UNKNOWN: &str = "[UNK]";
/// Numbers for words that the vocabulary lacks: enough that two of a text hardly share one.
const STRANGERS: u32 = 1 << 20;

/// Turns texts into numbers of tokens, from a file of the `tokenizers` library. A word that the vocabulary lacks has a number of its
/// own beyond it: of Chinese an English vocabulary lacks nearly every character, and they are not all the same.
#[derive(Debug)]
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    window: usize,
    /// The number behind the vocabulary's last.
    known: i64,
    /// The token of words that it lacks.
    unknown: Option<u32>,
    /// The token that fills texts up.
    padding: u32,
}

/// A token of the vocabulary and where it stands in the text, in bytes; `None` of a mark.
pub(super) type Piece = (i64, Option<Range<usize>>);

/// A text in tokens, with the places they come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokenised {
    /// Numbers of all tokens, marks of beginning and end among them.
    pub ids: Vec<i64>,
    /// The word of each token; `None` of a mark.
    pub words: Vec<Option<usize>>,
    /// Where each word stands in the text, in bytes.
    pub places: Vec<Range<usize>>,
}

impl Tokenizer {
    /// Reads the file. The network reads `window` tokens at most, the marks among them.
    ///
    /// # Errors
    /// When the file is no tokenizer.
    pub fn load(bytes: &[u8], window: usize) -> Result<Self> {
        let wrong = |detail: String| Fault::new(&TOKENIZER).arg("detail", detail);
        if bytes.len() > BYTES {
            return Err(wrong(format!("it has {} bytes, more than {BYTES}", bytes.len())));
        }
        let mut inner = tokenizers::Tokenizer::from_bytes(bytes)
            .map_err(|error| wrong("it is damaged".into()).because(error))?;
        let padding = inner.get_padding().map_or(0, |padding| padding.pad_id);
        // Whole texts, as they are: what is cut and filled up is said here, not in the file.
        inner.with_padding(None);
        inner.with_truncation(None).map_err(|error| wrong(error.to_string()))?;
        // A text that spells a mark, as `[PAD]`, says the word: number 0 would end it.
        inner.set_encode_special_tokens(true);
        // Numbers may have gaps: what lies beyond the last one is no token.
        let last = inner.get_vocab(true).values().copied().max().unwrap_or_default();
        let known = i64::from(last) + 1;
        let unknown = inner.token_to_id(UNKNOWN);
        Ok(Self { inner, window, known, unknown, padding })
    }

    /// What numbers of tokens mean to a network whose file knows nothing of this project's.
    pub fn vocabulary(&self) -> Vocabulary {
        Vocabulary {
            known: self.known,
            unknown: self.unknown.map_or(0, i64::from),
            padding: i64::from(self.padding),
            zero: self.zero(),
        }
    }

    /// What stands for token 0, since 0 itself ends a text: the number behind those of words that the vocabulary lacks.
    fn zero(&self) -> i64 {
        self.known.saturating_add(i64::from(STRANGERS))
    }

    /// How many of these tokens stand for words that the vocabulary lacks.
    pub fn strangers(&self, ids: &[i64]) -> usize {
        ids.iter().filter(|id| (self.known..self.zero()).contains(*id)).count()
    }

    /// How many tokens the network reads.
    pub fn window(&self) -> usize {
        self.window
    }

    /// The numbers of a text's tokens.
    ///
    /// # Errors
    /// When the text is blank, or longer than the network reads: nothing is left out in silence.
    pub fn ids(&self, text: &str) -> Result<Vec<i64>> {
        self.fitting(self.numbers(text, &self.short(text)?))
    }

    fn fitting(&self, ids: Vec<i64>) -> Result<Vec<i64>> {
        if ids.len() > self.window {
            return Err(Fault::new(&TEXT_LONG).arg("tokens", ids.len()).arg("limit", self.window));
        }
        Ok(ids)
    }

    /// As [`Self::ids`], but of a long text only as much as the network reads, and whether something was left out.
    ///
    /// # Errors
    /// When the text is blank.
    pub fn beginning(&self, text: &str) -> Result<(Vec<i64>, bool)> {
        let read = text.get(..text.floor_char_boundary(TEXT_BYTES)).unwrap_or(text);
        let mut ids = self.numbers(read, &self.encoding(read)?);
        let long = ids.len() > self.window;
        if long {
            let last = ids.last().copied();
            ids.truncate(self.window.saturating_sub(1));
            ids.extend(last);
        }
        Ok((ids, long || read.len() < text.len()))
    }

    /// A text's tokens with their words: what is between blanks and punctuation, or a Chinese character.
    ///
    /// # Errors
    /// As [`Self::ids`].
    pub fn words(&self, text: &str) -> Result<Tokenised> {
        let encoding = self.short(text)?;
        let ids = self.fitting(self.numbers(text, &encoding))?;
        let words: Vec<Option<usize>> = encoding
            .get_word_ids()
            .iter()
            .map(|word| word.and_then(|word| usize::try_from(word).ok()))
            .collect();
        let count = words.iter().flatten().max().map_or(0, |last| last + 1);
        let mut places: Vec<Option<Range<usize>>> = vec![None; count];
        for (word, (start, end)) in words.iter().zip(encoding.get_offsets()) {
            if let Some(place) = word.and_then(|word| places.get_mut(word)) {
                let known = place.clone().unwrap_or(*start..*end);
                *place = Some(known.start.min(*start)..known.end.max(*end));
            }
        }
        let places = places.into_iter().map(|place| place.unwrap_or(0..0)).collect();
        Ok(Tokenised { ids, words, places })
    }

    /// A text's tokens as the vocabulary has them, however many.
    ///
    /// # Errors
    /// When the text is blank.
    pub(super) fn pieces(&self, text: &str) -> Result<Vec<Piece>> {
        let encoding = self.encoding(text)?;
        let marks = encoding.get_special_tokens_mask();
        let tokens = encoding.get_ids().iter().zip(encoding.get_offsets()).zip(marks);
        let piece = |((id, (start, end)), mark): ((&u32, &(usize, usize)), &u32)| {
            (i64::from(*id), (*mark == 0).then_some(*start..*end))
        };
        Ok(tokens.map(piece).collect())
    }

    /// The encoding of a text that is not beyond all measure.
    fn short(&self, text: &str) -> Result<Encoding> {
        if text.len() > TEXT_BYTES {
            return Err(Fault::new(&TEXT_BYTES_MANY)
                .arg("bytes", text.len())
                .arg("most", TEXT_BYTES)
                .arg("limit", self.window));
        }
        self.encoding(text)
    }

    fn encoding(&self, text: &str) -> Result<Encoding> {
        if text.trim().is_empty() {
            return Err(Fault::new(&TEXT_BLANK));
        }
        // The library's faster way knows no places, which words that the vocabulary lacks need: nearly every Chinese text has some.
        self.inner.encode(text, true).map_err(failed)
    }

    /// The numbers of an encoding's tokens, words that the vocabulary lacks beyond it.
    fn numbers(&self, text: &str, encoding: &Encoding) -> Vec<i64> {
        let number = |(id, place): (&u32, &(usize, usize))| {
            let word = text.get(place.0..place.1).filter(|_| Some(*id) == self.unknown);
            let own = if *id == 0 { self.zero() } else { i64::from(*id) };
            word.map_or(own, |word| self.known.saturating_add(stranger(word)))
        };
        encoding.get_ids().iter().zip(encoding.get_offsets()).map(number).collect()
    }
}

/// A word's number among those that a vocabulary lacks; case does not count.
fn stranger(word: &str) -> i64 {
    let digest = Digest::of(word.to_lowercase().as_bytes());
    let first = digest.as_bytes().first_chunk().map_or(0, |four| u32::from_le_bytes(*four));
    i64::from(first % STRANGERS)
}

fn failed(error: tokenizers::Error) -> Fault {
    Fault::new(&TOKENIZER).arg("detail", "it refused a text").because(error)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A word-piece tokenizer of some words.
    pub(crate) fn small() -> Vec<u8> {
        let words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "good", "bad", "film", "##s", "a", "好"];
        let vocabulary: Vec<String> =
            words.iter().enumerate().map(|(at, word)| format!("\"{word}\":{at}")).collect();
        let special: Vec<String> = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
            .iter()
            .enumerate()
            .map(|(at, word)| {
                format!(
                    "{{\"id\":{at},\"special\":true,\"content\":\"{word}\",\"single_word\":false,\"lstrip\":false,\"rstrip\":false,\"normalized\":false}}"
                )
            })
            .collect();
        format!(
            "{{\"version\":\"1.0\",\"truncation\":{{\"max_length\":4,\"strategy\":\"LongestFirst\",\"stride\":0}},\"padding\":{{\"strategy\":{{\"Fixed\":9}},\"direction\":\"Right\",\"pad_to_multiple_of\":null,\"pad_id\":0,\"pad_type_id\":0,\"pad_token\":\"[PAD]\"}},\"added_tokens\":[{}],\
             \"normalizer\":{{\"type\":\"BertNormalizer\",\"clean_text\":true,\"handle_chinese_chars\":true,\"strip_accents\":null,\"lowercase\":true}},\
             \"pre_tokenizer\":{{\"type\":\"BertPreTokenizer\"}},\
             \"post_processor\":{{\"type\":\"TemplateProcessing\",\"single\":[{{\"SpecialToken\":{{\"id\":\"[CLS]\",\"type_id\":0}}}},{{\"Sequence\":{{\"id\":\"A\",\"type_id\":0}}}},{{\"SpecialToken\":{{\"id\":\"[SEP]\",\"type_id\":0}}}}],\"pair\":[{{\"Sequence\":{{\"id\":\"A\",\"type_id\":0}}}},{{\"Sequence\":{{\"id\":\"B\",\"type_id\":1}}}}],\"special_tokens\":{{\"[CLS]\":{{\"id\":\"[CLS]\",\"ids\":[2],\"tokens\":[\"[CLS]\"]}},\"[SEP]\":{{\"id\":\"[SEP]\",\"ids\":[3],\"tokens\":[\"[SEP]\"]}}}}}},\
             \"decoder\":null,\"model\":{{\"type\":\"WordPiece\",\"unk_token\":\"[UNK]\",\"continuing_subword_prefix\":\"##\",\"max_input_chars_per_word\":100,\"vocab\":{{{}}}}}}}",
            special.join(","),
            vocabulary.join(",")
        )
        .into_bytes()
    }

    #[test]
    fn texts_become_numbers_whole_or_not_at_all() {
        let tokenizer = Tokenizer::load(&small(), 6).unwrap();
        assert_eq!(tokenizer.ids("Good films").unwrap(), [2, 4, 6, 7, 3], "neither cut nor filled");
        assert_eq!(tokenizer.ids("  ").unwrap_err().code(), "runtime-text-blank");
        let long = tokenizer.ids("a good good bad film").unwrap_err();
        assert_eq!(long.code(), "runtime-text-long");
        assert!(long.to_string().contains("7 tokens"), "{long}");
        let cut = tokenizer.beginning("a good good bad film").unwrap();
        assert_eq!(cut, (vec![2, 8, 4, 4, 5, 3], true), "the end's mark stays");
        assert!(!tokenizer.beginning("good").unwrap().1);
        let word = "好".repeat(TEXT_BYTES / 3 + 1);
        for fault in [tokenizer.ids(&word).unwrap_err(), tokenizer.words(&word).unwrap_err()] {
            assert_eq!(fault.code(), "runtime-text-bytes");
        }
        let word = "a".repeat(TEXT_BYTES + 1);
        assert_eq!(tokenizer.beginning(&word).unwrap().0.len(), 3, "one word without a number");
        assert!(tokenizer.beginning(&word).unwrap().1);
        assert_eq!(Tokenizer::load(b"{}", 6).unwrap_err().code(), "runtime-tokenizer");
    }

    #[test]
    fn words_that_the_vocabulary_lacks_are_not_all_the_same() {
        let tokenizer = Tokenizer::load(&small(), 9).unwrap();
        let ids = tokenizer.ids("好坏差 Ünknown ünknown").unwrap();
        assert_eq!((ids.len(), ids[0], ids[1], ids[6]), (7, 2, 9, 3));
        assert!(ids[2..6].iter().all(|id| *id >= 10), "{ids:?}");
        assert!(ids[2] != ids[3] && ids[3] != ids[4] && ids[4] == ids[5], "{ids:?}");
        assert_eq!(tokenizer.words("好坏差").unwrap().ids, tokenizer.ids("好坏差").unwrap());
        assert_eq!(tokenizer.beginning("坏").unwrap().0[1], ids[2]);
        assert_eq!(tokenizer.strangers(&ids), 4);
    }

    #[test]
    fn a_text_that_spells_a_mark_is_read_to_its_end() {
        let tokenizer = Tokenizer::load(&small(), 30).unwrap();
        let ids = tokenizer.ids("good [PAD] bad").unwrap();
        assert!(!ids.contains(&0), "{ids:?}");
        assert_eq!((ids.first(), ids.get(1)), (Some(&2), Some(&4)));
        assert_eq!(ids[ids.len() - 2..], [5, 3], "what stands behind is read");
        let marks = tokenizer.ids("good [SEP] [CLS]").unwrap();
        let count = |mark: i64| marks.iter().filter(|id| **id == mark).count();
        assert_eq!((count(2), count(3)), (1, 1), "{marks:?}");
    }

    #[test]
    fn a_token_of_number_0_is_no_padding() {
        let file = String::from_utf8(small()).unwrap();
        // As of RoBERTa: the first number begins a text.
        let file = file
            .replace("\"[PAD]\":0", "\"[PAD]\":2")
            .replace("\"[CLS]\":2", "\"[CLS]\":0")
            .replace("{\"id\":0,", "{\"id\":-,")
            .replace("{\"id\":2,", "{\"id\":0,")
            .replace("{\"id\":-,", "{\"id\":2,")
            .replace("\"ids\":[2]", "\"ids\":[0]");
        let tokenizer = Tokenizer::load(file.as_bytes(), 9).unwrap();
        let vocabulary = tokenizer.vocabulary();
        let ids = tokenizer.ids("good film").unwrap();
        assert_eq!(ids, [vocabulary.zero, 4, 6, 3]);
        assert!(vocabulary.zero >= vocabulary.known + i64::from(STRANGERS));
        assert_eq!((vocabulary.known, vocabulary.unknown), (10, 1));
    }

    #[test]
    fn words_know_their_places_in_bytes() {
        let tokenizer = Tokenizer::load(&small(), 9).unwrap();
        let text = "好 films, 好";
        let tokens = tokenizer.words(text).unwrap();
        assert_eq!(tokens.ids, [2, 9, 6, 7, 10 + stranger(","), 9, 3]);
        assert_eq!(tokens.words, [None, Some(0), Some(1), Some(1), Some(2), Some(3), None]);
        let words: Vec<&str> =
            tokens.places.iter().map(|place| text.get(place.clone()).unwrap()).collect();
        assert_eq!(words, ["好", "films", ",", "好"]);
    }
}
