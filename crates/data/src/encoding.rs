//! In which encoding a text file is: the one in which most of its lines can be read.
//!
//! Only lines with other than ASCII bytes tell. Text of another encoding is hardly ever valid UTF-8, so a file with a few lines
//! that are none is UTF-8 all the same, and those lines are set aside. Which are few is told by all lines: of a file that is ASCII
//! otherwise, one damaged line is no encoding. What is not UTF-8 is copied as UTF-8 before it is
//! read; bytes that its encoding does not know become [one](DAMAGED) that UTF-8 does not know either, so that their rows are
//! set aside as well.

use crate::config::Encoding;
use crate::copies::private;
use crate::messages::{FILE_ENCODING, FILE_WRONG};
use encoding_rs::{Decoder, DecoderResult};
use ingot_base::{Digest, Fault, Result, fault};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

/// Bytes that are looked at, from the first that is not ASCII on.
const SAMPLE: u64 = 4 << 20;
/// Bytes read at once.
const BUFFER: usize = 1 << 20;
/// Stands for what cannot be decoded; no UTF-8 text has it.
const DAMAGED: u8 = 0xff;
/// Of so many lines one may be damaged in GB18030 and Big5, which hardly any text is by chance.
const SHARE: u64 = 100;
/// So many lines of no known encoding are no accident, unless they are one of [`SHARE`]. Fewer are, unless they are half of all.
const MANY: u64 = 10;
/// The byte-order mark of UTF-8.
pub(crate) const MARK: &[u8] = b"\xef\xbb\xbf";

/// Passes over the byte-order mark of UTF-8 at the beginning of a text.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn pass_mark(reader: &mut impl BufRead) -> io::Result<()> {
    if reader.fill_buf()?.starts_with(MARK) {
        reader.consume(MARK.len());
    }
    Ok(())
}

impl Encoding {
    /// Its name in messages.
    pub(crate) fn title(self) -> &'static str {
        self.coder().name()
    }

    fn coder(self) -> &'static encoding_rs::Encoding {
        match self {
            Self::Utf8 => encoding_rs::UTF_8,
            Self::Gb18030 => encoding_rs::GB18030,
            Self::Big5 => encoding_rs::BIG5,
            Self::Utf16Le => encoding_rs::UTF_16LE,
            Self::Utf16Be => encoding_rs::UTF_16BE,
        }
    }

    /// What a byte-order mark says.
    fn marked(bytes: &[u8]) -> Option<Self> {
        match encoding_rs::Encoding::for_bom(bytes)?.0 {
            coder if coder == encoding_rs::UTF_16LE => Some(Self::Utf16Le),
            coder if coder == encoding_rs::UTF_16BE => Some(Self::Utf16Be),
            _ => Some(Self::Utf8),
        }
    }
}

/// The encoding of a file, called `format` in messages, by the first lines that are not ASCII, wherever they stand.
///
/// # Errors
/// When the file cannot be read, or those lines fit no encoding.
pub(crate) fn of_file(path: &Path, format: &str) -> Result<Encoding> {
    detect(path, format, true)
}

/// The same by the file's beginning alone: enough to tell its columns.
///
/// # Errors
/// As [`of_file`].
pub(crate) fn of_head(path: &Path, format: &str) -> Result<Encoding> {
    detect(path, format, false)
}

fn detect(path: &Path, format: &str, far: bool) -> Result<Encoding> {
    let window = window(path, far).map_err(|error| {
        Fault::new(&fault::FILE_READ).arg("path", path.display()).because(error)
    })?;
    window.encoding().map_err(|line| {
        Fault::new(&FILE_WRONG)
            .arg("file", crate::infer::name(path))
            .arg("format", format)
            .because(Fault::new(&FILE_ENCODING).arg("line", line))
    })
}

/// A stretch of a file.
struct Window {
    bytes: Vec<u8>,
    /// Whether the file ends with it.
    last: bool,
    /// Line on which it begins, from 1.
    line: u64,
    /// What the file's first bytes say.
    marked: Option<Encoding>,
}

/// The beginning of a file, or, where that is ASCII and `far` is set, a stretch of it from the first other byte on.
fn window(path: &Path, far: bool) -> io::Result<Window> {
    let mut file = BufReader::with_capacity(BUFFER, File::open(path)?);
    let mut bytes = Vec::new();
    file.by_ref().take(SAMPLE).read_to_end(&mut bytes)?;
    let marked = Encoding::marked(&bytes);
    let (mut line, mut last) = (1, (bytes.len() as u64) < SAMPLE);
    while far && !last && bytes.is_ascii() && marked.is_none() {
        line += memchr::memchr_iter(b'\n', &bytes).count() as u64;
        bytes.clear();
        file.by_ref().take(BUFFER as u64).read_to_end(&mut bytes)?;
        last = bytes.len() < BUFFER;
        // Most blocks have none, and are told so many bytes at a time.
        if !bytes.is_ascii()
            && let Some(at) = bytes.iter().position(|byte| !byte.is_ascii())
        {
            line += memchr::memchr_iter(b'\n', bytes.get(..at).unwrap_or_default()).count() as u64;
            bytes.drain(..at);
            file.by_ref().take(SAMPLE).read_to_end(&mut bytes)?;
            last = (bytes.len() as u64) < SAMPLE;
        }
    }
    Ok(Window { bytes, last, line, marked })
}

impl Window {
    /// The encoding; else the first line that fits none.
    fn encoding(&self) -> std::result::Result<Encoding, u64> {
        if let Some(encoding) = self.marked {
            return Ok(encoding);
        }
        // What has zero bytes is no text: it is refused elsewhere, by that name.
        if self.bytes.is_ascii() || self.bytes.contains(&0) {
            return Ok(Encoding::Utf8);
        }
        let (mut sure, mut weak, mut damaged) = (0_u64, 0_u64, Vec::new());
        for (line, text) in self.lines() {
            match std::str::from_utf8(text) {
                // Two letters of another encoding may look like one of two bytes, hardly ever like one of three.
                Ok(_) if text.iter().any(|byte| *byte >= 0xe0) => sure += 1,
                Ok(_) => weak += 1,
                Err(_) => damaged.push(line),
            }
        }
        let (bad, all) = (damaged.len() as u64, sure + weak + damaged.len() as u64);
        if sure >= bad || bad * SHARE <= all {
            return Ok(Encoding::Utf8);
        }
        let fits = |encoding: Encoding| {
            let wrong = self.lines().filter(|(_, text)| !is_sound(text, encoding)).count() as u64;
            wrong * SHARE <= all
        };
        if looks_like_big5(&self.bytes) && fits(Encoding::Big5) {
            return Ok(Encoding::Big5);
        }
        if fits(Encoding::Gb18030) {
            return Ok(Encoding::Gb18030);
        }
        let whole = self.count();
        if weak > bad || bad * SHARE <= whole || (bad < MANY && bad * 2 < whole) {
            return Ok(Encoding::Utf8);
        }
        let mut lines = self.lines();
        let none = lines.find(|(line, text)| {
            damaged.binary_search(line).is_ok() && !is_sound(text, Encoding::Gb18030)
        });
        Err(none.map(|(line, _)| line).or(damaged.first().copied()).unwrap_or(self.line))
    }

    /// Whole lines with other than ASCII bytes, and their numbers.
    fn lines(&self) -> impl Iterator<Item = (u64, &[u8])> {
        self.all_lines().filter(|(_, text)| !text.is_ascii())
    }

    /// Whole lines of the file up to the window's end that are not empty; those before the window are ASCII.
    fn count(&self) -> u64 {
        let own = self.all_lines().filter(|(_, text)| !text.trim_ascii().is_empty()).count();
        self.line - 1 + own as u64
    }

    /// Whole lines and their numbers. A lone carriage return ends a line without beginning another number.
    fn all_lines(&self) -> impl Iterator<Item = (u64, &[u8])> {
        let end = match memchr::memrchr(b'\n', &self.bytes) {
            Some(end) if !self.last => end,
            _ => self.bytes.len(),
        };
        let bytes = self.bytes.get(..end).unwrap_or_default();
        let lines = (self.line..).zip(bytes.split(|byte| *byte == b'\n'));
        lines.flat_map(|(line, text)| {
            text.split(|byte| *byte == b'\r').map(move |text| (line, text))
        })
    }
}

fn is_sound(text: &[u8], encoding: Encoding) -> bool {
    encoding.coder().decode_without_bom_handling_and_without_replacement(text).is_some()
}

/// Whether text of pairs of bytes is rather Big5 than GB18030, in which nearly all of it can be read as well. Second bytes
/// below 0x7f are two of five in Big5 and rare in GB18030 where the first is not below 0xa1; frequent characters of Big5 begin
/// with bytes up to 0xc6.
fn looks_like_big5(bytes: &[u8]) -> bool {
    let (mut pairs, mut low, mut frequent) = (0_u64, 0_u64, 0_u64);
    let mut rest = bytes;
    while let Some((lead, after)) = rest.split_first() {
        rest = after;
        if lead.is_ascii() {
            continue;
        }
        let Some((trail, after)) = rest.split_first() else { break };
        rest = after;
        if *lead < 0xa1 || trail.is_ascii_digit() {
            return false;
        }
        pairs += 1;
        low += u64::from(*trail < 0x7f);
        frequent += u64::from(*lead <= 0xc6);
    }
    low * 5 >= pairs && frequent * 5 >= pairs * 4
}

/// A stretch of text as UTF-8, with [`DAMAGED`] for what cannot be decoded.
fn decode(decoder: &mut Decoder, mut bytes: &[u8], last: bool, into: &mut Vec<u8>) {
    let mut room = vec![0; BUFFER];
    loop {
        let (result, read, written) =
            decoder.decode_to_utf8_without_replacement(bytes, &mut room, last);
        into.extend_from_slice(room.get(..written).unwrap_or_default());
        bytes = bytes.get(read..).unwrap_or_default();
        match result {
            DecoderResult::InputEmpty => return,
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(..) => into.push(DAMAGED),
        }
    }
}

/// The beginning of a file as UTF-8; `whole`: it is all of it.
pub(crate) fn head(bytes: Vec<u8>, encoding: Encoding, whole: bool) -> Vec<u8> {
    if encoding == Encoding::Utf8 {
        return bytes;
    }
    let mut text = Vec::with_capacity(bytes.len() * 2);
    decode(&mut encoding.coder().new_decoder_without_bom_handling(), &bytes, whole, &mut text);
    text
}

/// Copies a file of an encoding as UTF-8 into a folder.
///
/// # Errors
/// When it cannot be read, or the copy not be written.
pub(crate) fn to_utf8(path: &Path, encoding: Encoding, copies: &Path) -> Result<PathBuf> {
    let target =
        copies.join(format!("{}-utf8", Digest::of(path.to_string_lossy().as_bytes()).hex()));
    let copy = || -> io::Result<()> {
        let mut input = BufReader::with_capacity(BUFFER, File::open(path)?);
        let mut output = private(&target)?;
        let mut decoder = encoding.coder().new_decoder_without_bom_handling();
        let (mut bytes, mut text) = (vec![0; BUFFER], Vec::new());
        loop {
            let count = input.read(&mut bytes)?;
            text.clear();
            decode(&mut decoder, bytes.get(..count).unwrap_or_default(), count == 0, &mut text);
            output.write_all(&text)?;
            if count == 0 {
                return Ok(());
            }
        }
    };
    copy().map_err(|error| {
        Fault::new(&fault::FILE_READ).arg("path", path.display()).because(error)
    })?;
    Ok(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(bytes: &[u8]) -> std::result::Result<Encoding, u64> {
        Window { bytes: bytes.to_vec(), last: true, line: 1, marked: None }.encoding()
    }

    fn gb18030(text: &str) -> Vec<u8> {
        encoding_rs::GB18030.encode(text).0.into_owned()
    }

    #[test]
    fn most_lines_decide() {
        let line = "张伟,北京\n";
        let mostly = [line.repeat(20).into_bytes(), gb18030(line)].concat();
        assert_eq!(of(&mostly), Ok(Encoding::Utf8));
        assert_eq!(of(&[gb18030(line), line.repeat(2).into_bytes()].concat()), Ok(Encoding::Utf8));
        assert_eq!(of(&gb18030(&line.repeat(20))), Ok(Encoding::Gb18030));
        // Of these two letters one looks like UTF-8: Å®.
        assert_eq!(of(&gb18030(&"1,女\n2,男\n".repeat(9))), Ok(Encoding::Gb18030));
        let french = "é,à\n".repeat(200).into_bytes();
        assert_eq!(of(&[french, gb18030(line)].concat()), Ok(Encoding::Utf8));
        assert_eq!(of(b"a\n\xff\xff,1\n"), Err(2));
    }

    #[test]
    fn a_few_damaged_lines_do_not_make_another_encoding_of_ascii() {
        let file = |good: usize, bad: usize| {
            of(&[b"id,n\n".repeat(good), b"\xe9,1\n".repeat(bad)].concat())
        };
        for (good, bad) in [(1999, 1), (2, 1), (10, 9), (990, 10), (9900, 100)] {
            assert_eq!(file(good, bad), Ok(Encoding::Utf8), "{bad} of {}", good + bad);
        }
        for (good, bad) in [(0, 1), (1, 1), (9, 9), (989, 10), (9899, 100), (1, 2000)] {
            assert_eq!(file(good, bad), Err(good as u64 + 1), "{bad} of {}", good + bad);
        }
        // The same of lines that end in carriage returns alone.
        let lines = [b"id,n\r".repeat(1999), b"\xe9,1\r".to_vec()].concat();
        assert_eq!(of(&lines), Ok(Encoding::Utf8));
        assert_eq!(of(&b"\xe9,1\r".repeat(2000)), Err(1));
        // Where the damage can be read in no encoding, that of the other lines is still told.
        let chinese = [gb18030(&"1,北京\n".repeat(200)), b"\x81,1\n".to_vec()].concat();
        assert_eq!(of(&chinese), Ok(Encoding::Gb18030));
    }

    #[test]
    fn big5_is_told_from_gb18030() {
        let text =
            "姓名,城市,備註\n陳大文,臺北,客戶要求退款並說明原因\n林小姐,高雄,商品與圖片不符\n";
        let (bytes, _, _) = encoding_rs::BIG5.encode(text);
        assert_eq!(of(&bytes), Ok(Encoding::Big5));
        assert_eq!(of(&gb18030(text)), Ok(Encoding::Gb18030), "the same characters in GB18030");
        assert_eq!(of(&gb18030("姓名\n朱镕基\n")), Ok(Encoding::Gb18030));
    }

    #[test]
    fn what_cannot_be_decoded_is_no_text_in_the_copy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        let bytes = [gb18030("名\n张\n"), b"\x81,x\n".to_vec(), gb18030("李\n")].concat();
        ingot_base::atomic::write(&path, &bytes).unwrap();
        let copy = to_utf8(&path, Encoding::Gb18030, folder.path()).unwrap();
        let wanted = ["名\n张\n".as_bytes(), &b"\xff,x\n"[..], "李\n".as_bytes()].concat();
        assert_eq!(std::fs::read(copy).unwrap(), wanted);
    }

    #[test]
    fn a_file_that_is_ascii_for_long_is_read_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        let ascii = "id,city\n".repeat(1 << 20);
        for (text, wanted) in [
            (gb18030("1,北京\n2,上海\n"), Encoding::Gb18030),
            ("1,北京\n".into(), Encoding::Utf8),
            (Vec::new(), Encoding::Utf8),
        ] {
            ingot_base::atomic::write(&path, &[ascii.as_bytes(), &text].concat()).unwrap();
            assert_eq!(of_file(&path, "CSV").unwrap(), wanted);
        }
        let one = b"\xff\xff\n";
        ingot_base::atomic::write(&path, &[ascii.as_bytes(), one].concat()).unwrap();
        assert_eq!(of_file(&path, "CSV").unwrap(), Encoding::Utf8, "one line of a million");
        let many = one.repeat(20_000);
        ingot_base::atomic::write(&path, &[ascii.as_bytes(), &many].concat()).unwrap();
        let fault = of_file(&path, "CSV").unwrap_err();
        let cause = std::error::Error::source(&fault).unwrap().to_string();
        assert!(cause.contains(&format!("line {}", (1 << 20) + 1)), "{cause}");
    }
}
