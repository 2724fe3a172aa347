//! The archive: POSIX ustar in exactly one form, so that every byte of it means something.
//!
//! A header holds nothing that the path and the size do not give: mode 0644, owner 0, a fixed time. The reader builds each
//! header anew and compares it byte for byte, demands empty padding and rising paths, and nothing after the two empty
//! blocks of the end. What is left to change is a path, a size or a content, and those the signature covers.

use crate::members::Members;
use crate::messages::{
    DUPLICATE, HEADER, KIND, LINK, ORDER, OVERSIZED, PADDING, PATH, TOO_MANY, TRAILING, TRUNCATED,
};
use crate::names;
use ingot_base::{Fault, Result};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::ops::Range;

const BLOCK: usize = 512;

/// 1980-01-01T00:00:00Z: a time that no tool finds implausible.
const MTIME: u64 = 315_532_800;

/// Where every tar of the POSIX form says that it is one.
const MAGIC: Range<usize> = 257..262;
const NAME: Range<usize> = 0..100;
const SIZE: Range<usize> = 124..136;
const KIND_AT: usize = 156;

type Block = [u8; BLOCK];

/// Writes one file, whose path and size a header must be able to state.
pub(crate) fn write_member(out: &mut impl Write, path: &str, bytes: &[u8]) -> io::Result<()> {
    let header = u64::try_from(bytes.len())
        .ok()
        .and_then(|size| header(path, size))
        .ok_or_else(|| io::Error::other("path or size too large for a tar header"))?;
    out.write_all(&header)?;
    out.write_all(bytes)?;
    out.write_all(&vec![0; padding(bytes.len())])
}

/// Writes the end.
pub(crate) fn write_end(out: &mut impl Write) -> io::Result<()> {
    out.write_all(&[0; 2 * BLOCK])
}

/// The one header of a path and a size; `None` when one of them does not fit.
fn header(path: &str, size: u64) -> Option<Block> {
    let mut block = [0; BLOCK];
    let mut put = |at: usize, bytes: &[u8]| -> Option<()> {
        block.get_mut(at..at + bytes.len())?.copy_from_slice(bytes);
        Some(())
    };
    if path.len() > NAME.len() || size >= 1 << 33 {
        return None;
    }
    put(NAME.start, path.as_bytes())?;
    put(100, b"0000644\0")?; // mode
    put(108, b"0000000\0")?; // owner
    put(116, b"0000000\0")?; // group
    put(SIZE.start, format!("{size:011o}\0").as_bytes())?;
    put(136, format!("{MTIME:011o}\0").as_bytes())?;
    put(148, b"        ")?; // check sum, counted as blanks
    put(KIND_AT, b"0")?;
    put(257, b"ustar\x0000")?; // magic and version
    put(329, b"0000000\0")?; // device numbers
    put(337, b"0000000\0")?;
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block.get_mut(148..156)?.copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    Some(block)
}

const fn padding(size: usize) -> usize {
    (BLOCK - size % BLOCK) % BLOCK
}

/// Whether a file begins as an archive: any other one is no package at all.
pub(crate) fn begins(data: &[u8]) -> bool {
    data.get(MAGIC) == Some(b"ustar")
}

/// Reads a whole archive, or says which rule it breaks.
pub(crate) fn parse(data: Vec<u8>) -> Result<Members> {
    let mut index: BTreeMap<String, Range<usize>> = BTreeMap::new();
    let mut at = 0;
    loop {
        let block = take(&data, at, BLOCK).ok_or_else(|| truncated(&data))?;
        if is_empty(block) {
            check_end(&data, at + BLOCK)?;
            return Ok(Members::new(data, index));
        }
        let (path, size) = entry(block, at, &index)?;
        let start = at + BLOCK;
        let bytes = take(&data, start, size).ok_or_else(|| truncated(&data))?;
        let after = start + bytes.len();
        let rest = take(&data, after, padding(size)).ok_or_else(|| truncated(&data))?;
        if !is_empty(rest) {
            return Err(Fault::new(&PADDING).arg("at", after));
        }
        at = after + rest.len();
        index.insert(path, start..after);
    }
}

/// Path and size of one header, after all rules. Specific faults come before the general one of a header that is not ours.
fn entry(
    block: &[u8],
    at: usize,
    known: &BTreeMap<String, Range<usize>>,
) -> Result<(String, usize)> {
    let other = || Fault::new(&HEADER).arg("at", at);
    // Any other file: its first bytes are no name, and are not shown.
    if !begins(block) {
        return Err(other());
    }
    let name = block.get(NAME).unwrap_or_default();
    let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
    let shown = names::shown(name);
    match block.get(KIND_AT).copied() {
        Some(b'0' | 0) => {}
        Some(b'1' | b'2') => return Err(Fault::new(&LINK).arg("name", shown)),
        _ => return Err(Fault::new(&KIND).arg("name", shown)),
    }
    let path = std::str::from_utf8(name)
        .ok()
        .filter(|path| names::is_safe(path))
        .ok_or_else(|| Fault::new(&PATH).arg("name", &shown))?;
    let size = octal(block.get(SIZE).unwrap_or_default()).ok_or_else(other)?;
    let limit = names::limit(path);
    if size > limit {
        return Err(Fault::new(&OVERSIZED)
            .arg("name", shown)
            .arg("size", size)
            .arg("limit", limit));
    }
    if known.contains_key(path) {
        return Err(Fault::new(&DUPLICATE).arg("name", shown));
    }
    if header(path, size).is_none_or(|ours| ours != block) {
        return Err(other());
    }
    if known.keys().next_back().is_some_and(|last| last.as_str() > path) {
        return Err(Fault::new(&ORDER).arg("name", shown));
    }
    if known.len() >= names::MOST {
        return Err(Fault::new(&TOO_MANY).arg("limit", names::MOST));
    }
    let size = usize::try_from(size).map_err(|_| other())?;
    Ok((path.to_owned(), size))
}

fn check_end(data: &[u8], at: usize) -> Result<()> {
    let block = take(data, at, BLOCK).ok_or_else(|| truncated(data))?;
    if !is_empty(block) {
        return Err(Fault::new(&PADDING).arg("at", at));
    }
    match data.len() - at - BLOCK {
        0 => Ok(()),
        count => Err(Fault::new(&TRAILING).arg("count", count)),
    }
}

fn take(data: &[u8], at: usize, count: usize) -> Option<&[u8]> {
    data.get(at..at.checked_add(count)?)
}

fn is_empty(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}

fn truncated(data: &[u8]) -> Fault {
    Fault::new(&TRUNCATED).arg("size", data.len())
}

/// Eleven octal digits and a zero byte.
fn octal(field: &[u8]) -> Option<u64> {
    let digits = field.strip_suffix(&[0])?;
    digits.iter().try_fold(0_u64, |sum, digit| match digit {
        b'0'..=b'7' => Some(sum * 8 + u64::from(digit - b'0')),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut out = Vec::new();
        for (path, bytes) in members {
            write_member(&mut out, path, bytes).unwrap();
        }
        write_end(&mut out).unwrap();
        out
    }

    fn code(data: Vec<u8>) -> &'static str {
        parse(data).unwrap_err().code()
    }

    #[test]
    fn written_archives_are_read_and_other_tars_agree() {
        let data = archive(&[("a", b""), ("b/c", &[7; 512]), ("d", b"x")]);
        let members = parse(data.clone()).unwrap();
        assert_eq!(members.iter().map(|(path, _)| path).collect::<Vec<_>>(), ["a", "b/c", "d"]);
        assert_eq!(members.get("b/c"), Some(&[7; 512][..]));
        let mut other = tar::Archive::new(&data[..]);
        let sizes: Vec<u64> = other.entries().unwrap().map(|entry| entry.unwrap().size()).collect();
        assert_eq!(sizes, [0, 512, 1]);
    }

    #[test]
    fn every_flipped_bit_of_header_padding_or_end_is_seen() {
        let data = archive(&[("a", b"content"), ("b", b"more")]);
        let known = parse(data.clone()).unwrap();
        let known: Vec<_> = known.iter().collect();
        for at in 0..data.len() {
            for bit in 0..8 {
                let mut changed = data.clone();
                changed[at] ^= 1 << bit;
                // Only contents may change unseen here; the signature sees those.
                if let Ok(members) = parse(changed) {
                    let same = members.iter().map(|(path, bytes)| (path, bytes.len()));
                    assert!(
                        same.eq(known.iter().map(|(path, bytes)| (*path, bytes.len()))),
                        "{at}"
                    );
                    assert!((512..519).contains(&at) || (1536..1540).contains(&at), "{at}");
                }
            }
        }
    }

    #[test]
    fn each_broken_rule_has_its_own_fault() {
        let whole = archive(&[("a", b"content"), ("b", b"more")]);
        for end in 0..whole.len() {
            assert_eq!(code(whole[..end].to_vec()), "seal-truncated", "{end}");
        }
        assert_eq!(code([&whole[..], b"x"].concat()), "seal-trailing");
        assert_eq!(code([&whole[..], &[0; 512]].concat()), "seal-trailing");
        assert_eq!(code(archive(&[("a", b""), ("a", b"")])), "seal-duplicate");
        assert_eq!(code(archive(&[("b", b""), ("a", b"")])), "seal-order");
        assert_eq!(code(archive(&[("../a", b"")])), "seal-path");
        assert_eq!(code(archive(&[("/etc/passwd", b"")])), "seal-path");
        let mut padded = whole;
        padded[600] = 1;
        assert_eq!(code(padded), "seal-padding");
        let many: Vec<String> = (0..=names::MOST).map(|number| format!("f{number:05}")).collect();
        let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), &b""[..])).collect();
        assert_eq!(code(archive(&many)), "seal-too-many");
    }

    #[test]
    fn what_other_tars_hold_is_refused_by_name() {
        use tar::{Builder, EntryType, Header};
        let build = |kind: EntryType, size: u64| {
            let mut header = Header::new_ustar();
            header.set_path("a").unwrap();
            header.set_entry_type(kind);
            header.set_link_name("/etc/passwd").unwrap();
            header.set_size(size);
            header.set_mode(0o644);
            header.set_cksum();
            let mut builder = Builder::new(Vec::new());
            builder.append(&header, io::empty()).unwrap();
            builder.into_inner().unwrap()
        };
        assert_eq!(code(build(EntryType::Symlink, 0)), "seal-link");
        assert_eq!(code(build(EntryType::Link, 0)), "seal-link");
        for kind in [
            EntryType::Directory,
            EntryType::Char,
            EntryType::Fifo,
            EntryType::XHeader,
            EntryType::GNULongName,
        ] {
            assert_eq!(code(build(kind, 0)), "seal-kind");
        }
        assert_eq!(code(build(EntryType::Regular, 0)), "seal-header");
        assert_eq!(code(build(EntryType::Regular, (64 << 20) + 1)), "seal-oversized");
        assert_eq!(code(build(EntryType::Regular, 1 << 40)), "seal-header");
    }
}
