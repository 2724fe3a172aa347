//! Every shared library a program links, found as the dynamic loader of this machine would find it.

use crate::elf::{self, Facts, Machine};
use crate::messages;
use ingot_base::{Fault, Result, fault};
use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};

/// A file of this machine and the place it takes in the image.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Placed {
    /// Absolute path in the image, without the leading slash.
    pub(crate) target: String,
    /// Where it is here.
    pub(crate) source: PathBuf,
}

/// The loader and all libraries that a program needs, transitively, sorted by their place in the image.
#[derive(Debug)]
pub(crate) struct Closure {
    pub(crate) machine: Machine,
    pub(crate) files: Vec<Placed>,
}

/// Follows `DT_NEEDED` from the program (and from `extra` libraries that it opens at run time).
///
/// All libraries go into the folder in which this machine keeps its C library: the loader that travels with them
/// searches it without any cache or environment variable.
pub(crate) fn closure(program: &Path, extra: &[PathBuf]) -> Result<Closure> {
    let root = facts(program)?;
    let machine = root.machine;
    let resolver = Resolver { machine, cache: ld_cache(Path::new("/etc/ld.so.cache")) };
    let mut found: BTreeMap<String, PathBuf> = BTreeMap::new();
    let mut queue: VecDeque<(PathBuf, Facts)> = VecDeque::new();
    let interpreter = root.interpreter.clone();
    queue.push_back((program.to_owned(), root));
    for library in extra {
        let name = file_name(library);
        let known = facts(library)?;
        found.insert(name, library.clone());
        queue.push_back((library.clone(), known));
    }
    while let Some((user, known)) = queue.pop_front() {
        for name in &known.needed {
            if found.contains_key(name)
                || interpreter.as_deref().is_some_and(|path| path.ends_with(name))
            {
                continue;
            }
            let (path, next) = resolver.find(name, &user, &known.search)?;
            found.insert(name.clone(), path.clone());
            queue.push_back((path, next));
        }
    }
    let folder = found
        .iter()
        .find(|(name, _)| name.starts_with("libc.so"))
        .and_then(|(_, path)| path.parent())
        .unwrap_or_else(|| Path::new("/lib"))
        .to_owned();
    let mut files: Vec<Placed> = found
        .into_iter()
        .map(|(name, source)| Placed { target: inside(&folder.join(name)), source })
        .collect();
    if let Some(path) = interpreter {
        files.push(Placed { target: inside(Path::new(&path)), source: path.into() });
    }
    files.sort();
    Ok(Closure { machine, files })
}

struct Resolver {
    machine: Machine,
    cache: BTreeMap<String, Vec<PathBuf>>,
}

impl Resolver {
    fn find(&self, name: &str, user: &Path, search: &[String]) -> Result<(PathBuf, Facts)> {
        let origin = user.parent().unwrap_or(Path::new("/")).display().to_string();
        let own = search.iter().map(|folder| {
            PathBuf::from(folder.replace("${ORIGIN}", &origin).replace("$ORIGIN", &origin))
                .join(name)
        });
        let cached = self.cache.get(name).into_iter().flatten().cloned();
        let standard = self.standard().into_iter().map(|folder| Path::new(folder).join(name));
        let direct = name.contains('/').then(|| PathBuf::from(name));
        for candidate in direct.into_iter().chain(own).chain(cached).chain(standard) {
            if let Ok(Some(known)) = elf::facts(&candidate)
                && known.machine == self.machine
            {
                return Ok((candidate, known));
            }
        }
        Err(Fault::new(&messages::LIBRARY_MISSING)
            .arg("library", name)
            .arg("needed_by", file_name(user)))
    }

    fn standard(&self) -> [&'static str; 6] {
        match self.machine {
            Machine::Amd64 => [
                "/lib/x86_64-linux-gnu",
                "/usr/lib/x86_64-linux-gnu",
                "/lib64",
                "/usr/lib64",
                "/lib",
                "/usr/lib",
            ],
            Machine::Arm64 => [
                "/lib/aarch64-linux-gnu",
                "/usr/lib/aarch64-linux-gnu",
                "/lib64",
                "/usr/lib64",
                "/lib",
                "/usr/lib",
            ],
        }
    }
}

fn facts(path: &Path) -> Result<Facts> {
    elf::facts(path)
        .map_err(|error| Fault::new(&fault::FILE_READ).arg("path", path.display()).because(error))?
        .ok_or_else(|| Fault::new(&messages::BINARY_UNUSABLE).arg("path", path.display()))
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn inside(path: &Path) -> String {
    path.to_string_lossy().trim_start_matches('/').to_owned()
}

/// The loader's cache (glibc's `dl-cache.h`, format `glibc-ld.so.cache1.1`): name → paths. Entries for optional
/// processor features are left out, so that the image runs on every machine of its kind. Empty when there is no cache.
fn ld_cache(path: &Path) -> BTreeMap<String, Vec<PathBuf>> {
    std::fs::read(path).ok().and_then(|bytes| parse_cache(&bytes)).unwrap_or_default()
}

fn parse_cache(bytes: &[u8]) -> Option<BTreeMap<String, Vec<PathBuf>>> {
    const MAGIC: &[u8] = b"glibc-ld.so.cache1.1";
    const HEADER: usize = 48;
    const ENTRY: usize = 24;
    // An older table may stand in front; offsets count from the newer one.
    let start = memfind(bytes, MAGIC)?;
    let table = bytes.get(start..)?;
    let count = usize::try_from(word(table, MAGIC.len())?).ok()?;
    let mut known: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for entry in table.get(HEADER..)?.chunks_exact(ENTRY).take(count) {
        let optional = word(entry, 16)? != 0 || word(entry, 20)? != 0;
        if let (Some(name), Some(path), false) =
            (string(table, word(entry, 4)?), string(table, word(entry, 8)?), optional)
        {
            known.entry(name).or_default().push(path.into());
        }
    }
    Some(known)
}

fn memfind(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// A 32-bit number of the machine's byte order; both supported processors are little-endian.
fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes)
}

fn string(table: &[u8], offset: u32) -> Option<String> {
    let rest = table.get(usize::try_from(offset).ok()?..)?;
    let end = rest.iter().position(|byte| *byte == 0)?;
    Some(String::from_utf8_lossy(rest.get(..end)?).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_this_program_to_its_c_library_and_loader() {
        let closure = closure(&std::env::current_exe().unwrap(), &[]).unwrap();
        let targets: Vec<&str> = closure.files.iter().map(|file| file.target.as_str()).collect();
        assert!(targets.iter().any(|path| path.contains("/libc.so")), "{targets:?}");
        assert!(targets.iter().any(|path| path.contains("/ld-linux")), "{targets:?}");
        assert!(targets.is_sorted());
    }

    #[test]
    fn a_missing_library_is_named_with_its_user() {
        let resolver = Resolver { machine: Machine::Amd64, cache: BTreeMap::new() };
        let fault = resolver.find("libnowhere.so.9", Path::new("/usr/bin/ingot"), &[]).unwrap_err();
        assert_eq!(fault.code(), "deploy-library-missing");
        assert!(fault.to_string().contains("`libnowhere.so.9`, needed by `ingot`"));
    }

    #[test]
    fn reads_the_cache_and_skips_processor_variants() {
        let mut table = b"glibc-ld.so.cache1.1".to_vec();
        table.extend(2_u32.to_le_bytes());
        table.resize(48, 0);
        let strings = 48 + 2 * 24;
        for (path, hwcap) in [(9, 0_u64), (20, 7)] {
            table.extend(0x303_i32.to_le_bytes());
            table.extend(u32::to_le_bytes(strings));
            table.extend(u32::to_le_bytes(strings + path));
            table.extend(0_u32.to_le_bytes());
            table.extend(hwcap.to_le_bytes());
        }
        table.extend(b"liba.so.1\0/l/liba.so.1\0/v3/liba.so\0");
        let mut bytes = b"an older table".to_vec();
        bytes.extend(&table);
        let strings_start = table.get(strings as usize + 9..).unwrap();
        assert_eq!(strings_start.first(), Some(&0), "the name ends where the test thinks");
        let known = parse_cache(&bytes).unwrap();
        assert_eq!(known.len(), 1);
        assert_eq!(known.get("liba.so.1").unwrap().len(), 1);
        assert!(parse_cache(b"glibc-ld.so.cache1.1").is_none());
        assert!(parse_cache(b"").is_none());
    }
}
