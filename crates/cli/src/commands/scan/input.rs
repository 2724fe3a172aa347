//! What `scan` does not read, by its first bytes, and where it does not write.

use super::unread;
use crate::messages::{EXISTS, SCAN_FORMAT, SCAN_ITSELF};
use ingot_base::{Fault, Result, Text};
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// Bytes that are looked at.
const HEAD: u64 = 8192;

/// What to do with a file that holds no text of its own.
#[derive(Clone, Copy)]
enum Way {
    Table,
    Sheet,
    Unpack,
    Words,
    Nothing,
}

impl Way {
    fn text(self) -> Text {
        match self {
            Self::Table => Text::new(
                "write its rows as .csv or .jsonl first, with DuckDB or pandas for example, and scan that file",
                "请先将其中的数据写为 .csv 或 .jsonl（例如用 DuckDB 或 pandas），再扫描该文件",
            ),
            Self::Sheet => Text::new(
                "save each sheet as CSV (UTF-8) and scan those files",
                "请将每个工作表另存为 CSV（UTF-8），再扫描这些文件",
            ),
            Self::Unpack => {
                Text::new("unpack it and scan the files in it", "请先解压，再扫描其中的文件")
            }
            Self::Words => Text::new(
                "save it as plain text and scan that file",
                "请先另存为纯文本，再扫描该文件",
            ),
            Self::Nothing => Text::new(
                "scan reads .csv, .jsonl, .json and plain text; export what this file holds to one of these",
                "scan 可读取 .csv、.jsonl、.json 和纯文本；请先将内容导出为其中一种格式",
            ),
        }
    }
}

/// First bytes, name in both languages, what to do.
const FORMATS: [(&[u8], &str, &str, Way); 19] = [
    (b"PAR1", "a Parquet file", "Parquet 文件", Way::Table),
    (b"ARROW1", "an Arrow file", "Arrow 文件", Way::Table),
    (b"Obj\x01", "an Avro file", "Avro 文件", Way::Table),
    (b"ORC", "an ORC file", "ORC 文件", Way::Table),
    (b"SQLite format 3\0", "an SQLite database", "SQLite 数据库", Way::Table),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office file", "旧版 Office 文件", Way::Sheet),
    (b"PK\x03\x04", "a ZIP file", "ZIP 文件", Way::Unpack),
    (b"PK\x05\x06", "a ZIP file", "ZIP 文件", Way::Unpack),
    (b"\x1f\x8b", "a gzip file", "gzip 文件", Way::Unpack),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file", "Zstandard 文件", Way::Unpack),
    (b"BZh", "a bzip2 file", "bzip2 文件", Way::Unpack),
    (b"\xfd7zXZ\0", "an xz file", "xz 文件", Way::Unpack),
    (b"7z\xbc\xaf\x27\x1c", "a 7z file", "7z 文件", Way::Unpack),
    (b"Rar!\x1a\x07", "a RAR file", "RAR 文件", Way::Unpack),
    (b"%PDF-", "a PDF file", "PDF 文件", Way::Words),
    (b"\x89PNG\r\n\x1a\n", "a PNG picture", "PNG 图片", Way::Nothing),
    (b"\xff\xd8\xff", "a JPEG picture", "JPEG 图片", Way::Nothing),
    (b"GGUF", "a GGUF model", "GGUF 模型", Way::Nothing),
    (b"\x7fELF", "a program", "可执行文件", Way::Nothing),
];

/// Refuses a file that is known to hold no text, naming what it is.
pub(super) fn check(path: &Path) -> Result<()> {
    let mut head = Vec::new();
    File::open(path)
        .and_then(|file| file.take(HEAD).read_to_end(&mut head))
        .map_err(|error| unread(path, error))?;
    match known(&head) {
        None => Ok(()),
        Some((what, way)) => Err(Fault::new(&SCAN_FORMAT)
            .arg("path", path.display())
            .words("what", what)
            .words("advice", way.text())),
    }
}

/// What a file is that begins so, unless it may be text.
fn known(head: &[u8]) -> Option<(Text, Way)> {
    let starts = FORMATS.iter().find(|(magic, ..)| head.starts_with(magic));
    // Letters alone begin texts too: those formats have other bytes soon.
    if let Some((magic, en, zh, way)) = starts
        && (!magic.is_ascii() || magic.starts_with(b"%PDF-") || binary(head))
    {
        let (en, zh, way) = match (*magic, *way) {
            (b"PK\x03\x04", _) if holds(head, b"xl/") => {
                ("an Excel file", "Excel 文件", Way::Sheet)
            }
            (b"PK\x03\x04", _) if holds(head, b"word/") => ("a Word file", "Word 文件", Way::Words),
            (_, way) => (*en, *zh, way),
        };
        return Some((Text::new(en, zh), way));
    }
    binary(head)
        .then(|| (Text::new("no text but binary data", "二进制数据，不是文本"), Way::Nothing))
}

/// Zero bytes in what is neither UTF-8 nor marked as UTF-16.
fn binary(head: &[u8]) -> bool {
    let marked = head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff");
    // A character may be cut by the end of what was read.
    let sound = match std::str::from_utf8(head) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    let controls = head.iter().filter(|byte| **byte < 0x20 && !b"\t\n\r\x0c\x1b".contains(byte));
    head.contains(&0) && !marked && (!sound || controls.count() * 16 > head.len())
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// Refuses to write where something is already, in words of its own where that is the file which is scanned.
pub(super) fn refuse(written: &Path, source: &Path) -> Result<()> {
    // A link that leads nowhere is something too.
    if written.symlink_metadata().is_err() {
        return Ok(());
    }
    let message = if same(written, source) { &SCAN_ITSELF } else { &EXISTS };
    Err(Fault::new(message).arg("path", written.display()))
}

/// Whether two names lead to one file.
fn same(one: &Path, other: &Path) -> bool {
    #[cfg(unix)]
    if let (Ok(one), Ok(other)) = (one.metadata(), other.metadata()) {
        use std::os::unix::fs::MetadataExt as _;
        return (one.dev(), one.ino()) == (other.dev(), other.ino());
    }
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(head: &[u8]) -> Option<String> {
        known(head).map(|(what, _)| what.en)
    }

    #[test]
    fn files_are_called_by_their_first_bytes() {
        for (head, what) in [
            (&b"PAR1\x15\x04\x15\0\0\0\0\0\0\0\0\xff\0"[..], "a Parquet file"),
            (b"PK\x03\x04\x14\0\0\0[Content_Types].xml..xl/workbook.xml", "an Excel file"),
            (b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0notes.txt", "a ZIP file"),
            (b"\x1f\x8b\x08\0\0\0", "a gzip file"),
            (b"\x03\xf1\0\x80\x81\xff\xfe\0\xc0", "no text but binary data"),
        ] {
            assert_eq!(told(head).as_deref(), Some(what));
        }
    }

    #[test]
    fn texts_are_texts() {
        for text in [
            &b""[..],
            b"PAR1 and PAR2 are words",
            b"BZh,ORC\n1,2\n",
            "姓名,电话\n".as_bytes(),
            b"\xff\xfea\0,\0b\0",
            b"a zero byte\0 between many letters of a text in plain ASCII",
            // Cut within a character.
            b"\xe5\xa7",
            // GB18030.
            b"\xd0\xd5\xc3\xfb,\xb5\xe7\xbb\xb0\n",
        ] {
            assert_eq!(told(text), None, "{text:?}");
        }
    }

    #[test]
    fn one_file_under_two_names_is_one() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        ingot_base::atomic::write(&at("a"), b"x").unwrap();
        ingot_base::atomic::write(&at("b"), b"x").unwrap();
        std::fs::hard_link(at("a"), at("hard")).unwrap();
        std::os::unix::fs::symlink(at("a"), at("soft")).unwrap();
        std::os::unix::fs::symlink(at("nowhere"), at("dangling")).unwrap();
        let code = |name: &str| refuse(&at(name), &at("a")).err().map(|fault| fault.code());
        for name in ["a", "hard", "soft", "./a"] {
            assert_eq!(code(name), Some("cli-scan-itself"), "{name}");
        }
        assert_eq!(code("b"), Some("cli-exists"));
        assert_eq!(code("dangling"), Some("cli-exists"));
        assert_eq!(code("new"), None);
    }
}
