//! The few facts of an ELF file that decide what else an image must carry.

use object::Endianness;
use object::elf;
use object::read::elf::{Dyn as _, FileHeader as _, ProgramHeader as _};
use object::read::{ReadCache, ReadRef};
use std::fs::File;
use std::io;
use std::path::Path;

type Header = elf::FileHeader64<Endianness>;

/// A processor an image can be made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Machine {
    /// x86-64.
    Amd64,
    /// 64-bit ARM.
    Arm64,
}

/// What one program or library asks of its surroundings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) machine: Machine,
    /// `PT_INTERP`: the loader's absolute path; `None` for a library or a static program.
    pub(crate) interpreter: Option<String>,
    /// `DT_NEEDED`, in order.
    pub(crate) needed: Vec<String>,
    /// `DT_RUNPATH`, else `DT_RPATH`, split at colons; `$ORIGIN` not yet replaced.
    pub(crate) search: Vec<String>,
}

/// Reads a file's facts; `None` when it is not a 64-bit ELF file for a known processor.
pub(crate) fn facts(path: &Path) -> io::Result<Option<Facts>> {
    let cache = ReadCache::new(File::open(path)?);
    Ok(parse(&cache).ok().flatten())
}

fn parse<'data, R: ReadRef<'data>>(data: R) -> object::read::Result<Option<Facts>> {
    let header = Header::parse(data)?;
    let endian = header.endian()?;
    let machine = match header.e_machine(endian) {
        elf::EM_X86_64 => Machine::Amd64,
        elf::EM_AARCH64 => Machine::Arm64,
        _ => return Ok(None),
    };
    let segments = header.program_headers(endian, data)?;
    let mut interpreter = None;
    let mut entries = Vec::new();
    for segment in segments {
        if let Some(bytes) = segment.interpreter(endian, data)? {
            interpreter = Some(String::from_utf8_lossy(bytes).into_owned());
        }
        if let Some(found) = segment.dynamic(endian, data)? {
            entries = found.iter().map(|entry| (entry.tag(endian), entry.val(endian))).collect();
        }
    }
    let value = |tag: i64| entries.iter().find(|(known, _)| *known == tag).map(|(_, value)| *value);
    let names = value(elf::DT_STRTAB).and_then(|address| {
        segments.iter().filter(|segment| segment.p_type(endian) == elf::PT_LOAD).find_map(
            |segment| {
                let within = address.checked_sub(segment.p_vaddr(endian))?;
                let size = segment.p_filesz(endian);
                (within < size).then(|| {
                    let start = segment.p_offset(endian) + within;
                    start..segment.p_offset(endian) + size
                })
            },
        )
    });
    let text = |offset: u64| -> Option<String> {
        let range = names.clone()?;
        let bytes = data.read_bytes_at_until(range.start + offset..range.end, 0).ok()?;
        Some(String::from_utf8_lossy(bytes).into_owned())
    };
    let needed = entries
        .iter()
        .filter(|(tag, _)| *tag == elf::DT_NEEDED)
        .filter_map(|(_, offset)| text(*offset))
        .collect();
    let search = value(elf::DT_RUNPATH)
        .or_else(|| value(elf::DT_RPATH))
        .and_then(text)
        .map(|list| list.split(':').filter(|part| !part.is_empty()).map(str::to_owned).collect())
        .unwrap_or_default();
    Ok(Some(Facts { machine, interpreter, needed, search }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_file_is_no_program() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        ingot_base::atomic::write(&path, b"#!/bin/sh\n").unwrap();
        assert_eq!(facts(&path).unwrap(), None);
    }

    #[test]
    fn this_test_program_names_its_loader_and_libc() {
        let found = facts(&std::env::current_exe().unwrap()).unwrap().unwrap();
        assert!(found.interpreter.unwrap().starts_with("/lib"));
        assert!(found.needed.iter().any(|name| name.starts_with("libc.so")), "{:?}", found.needed);
    }
}
