//! Reproducible layers: the same files give the same bytes, whatever the machine, the time or the user.

use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};
use ingot_base::digest::Hasher;
use ingot_base::{Digest, Fault, Result, fault};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

/// The user and group of everything in an image that the server may write, and of the server itself.
pub(crate) const USER: u64 = 65_532;

/// One entry of a layer.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    /// A folder.
    Folder,
    /// A file of this machine, read while the layer is written.
    File(PathBuf),
    /// A small file made here.
    Bytes(Vec<u8>),
}

#[derive(Debug, Clone)]
struct Entry {
    content: Content,
    mode: u32,
    owner: u64,
}

/// A layer under construction; entries are written in the order of their paths.
#[derive(Debug, Default)]
pub(crate) struct Layer {
    entries: BTreeMap<String, Entry>,
}

/// A finished layer.
#[derive(Debug)]
pub(crate) struct Blob {
    /// gzip bytes.
    pub(crate) bytes: Vec<u8>,
    /// Digest of the gzip bytes: the blob's name.
    pub(crate) digest: Digest,
    /// Digest of the uncompressed tar: the configuration's `diff_ids` entry.
    pub(crate) diff_id: Digest,
}

impl Layer {
    /// Adds an entry owned by root, and its parent folders.
    pub(crate) fn add(&mut self, path: &str, mode: u32, content: Content) {
        self.put(path, mode, 0, content);
    }

    /// Adds an entry owned by the server's user.
    pub(crate) fn add_owned(&mut self, path: &str, mode: u32, content: Content) {
        self.put(path, mode, USER, content);
    }

    fn put(&mut self, path: &str, mode: u32, owner: u64, content: Content) {
        let path = path.trim_matches('/');
        for (at, _) in path.match_indices('/') {
            if let Some(parent) = path.get(..at) {
                self.entries.entry(parent.to_owned()).or_insert(Entry {
                    content: Content::Folder,
                    mode: 0o755,
                    owner: 0,
                });
            }
        }
        self.entries.insert(path.to_owned(), Entry { content, mode, owner });
    }

    /// Writes the tar and compresses it: sorted entries, time 0, no names of users, gzip without a time stamp.
    pub(crate) fn finish(self) -> Result<Blob> {
        let gzip = GzBuilder::new().mtime(0).write(Vec::new(), Compression::new(6));
        let mut builder = tar::Builder::new(Tee { gzip, hasher: Hasher::default() });
        for (path, entry) in &self.entries {
            append(&mut builder, path, entry).map_err(|error| {
                let place = match &entry.content {
                    Content::File(source) => source.display().to_string(),
                    Content::Folder | Content::Bytes(_) => path.clone(),
                };
                Fault::new(&fault::FILE_READ).arg("path", place).because(error)
            })?;
        }
        let close = || -> io::Result<(Vec<u8>, Digest)> {
            let tee = builder.into_inner()?;
            Ok((tee.gzip.finish()?, tee.hasher.finish()))
        };
        let (bytes, diff_id) =
            close().map_err(|error| fault::internal("layer in memory").because(error))?;
        Ok(Blob { digest: Digest::of(&bytes), bytes, diff_id })
    }
}

fn append<W: Write>(builder: &mut tar::Builder<W>, path: &str, entry: &Entry) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_mtime(0);
    header.set_uid(entry.owner);
    header.set_gid(entry.owner);
    header.set_mode(entry.mode);
    match &entry.content {
        Content::Folder => {
            header.set_entry_type(tar::EntryType::Directory);
            header.set_size(0);
            builder.append_data(&mut header, format!("{path}/"), io::empty())
        }
        Content::File(source) => {
            let file = File::open(source)?;
            header.set_entry_type(tar::EntryType::Regular);
            header.set_size(file.metadata()?.len());
            builder.append_data(&mut header, path, file)
        }
        Content::Bytes(bytes) => {
            header.set_entry_type(tar::EntryType::Regular);
            header.set_size(bytes.len() as u64);
            builder.append_data(&mut header, path, bytes.as_slice())
        }
    }
}

/// Compresses and digests the uncompressed bytes in one pass.
struct Tee {
    gzip: GzEncoder<Vec<u8>>,
    hasher: Hasher,
}

impl Write for Tee {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.gzip.write_all(bytes)?;
        self.hasher.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.gzip.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn order_of_adding_does_not_matter_and_time_does_not_show() {
        let build = |names: &[&str]| {
            let mut layer = Layer::default();
            for name in names {
                layer.add(name, 0o644, Content::Bytes(name.as_bytes().to_vec()));
            }
            layer.finish().unwrap()
        };
        let one = build(&["b/c", "a"]);
        let two = build(&["a", "b/c"]);
        assert_eq!(one.digest, two.digest);
        assert_eq!(one.bytes.get(4..8), Some([0; 4].as_slice()), "gzip time stamp");

        let mut tar = Vec::new();
        flate2::read::GzDecoder::new(one.bytes.as_slice()).read_to_end(&mut tar).unwrap();
        assert_eq!(Digest::of(&tar), one.diff_id);
        let mut archive = tar::Archive::new(tar.as_slice());
        let entries: Vec<(String, u64, u64)> = archive
            .entries()
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                let path = entry.path().unwrap().display().to_string();
                (path, entry.header().mtime().unwrap(), entry.header().uid().unwrap())
            })
            .collect();
        assert_eq!(
            entries,
            [("a".to_owned(), 0, 0), ("b/".to_owned(), 0, 0), ("b/c".to_owned(), 0, 0)]
        );
    }
}
