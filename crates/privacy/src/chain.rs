//! A file whose lines vouch for each other: what happened, in order, and that nobody changed it since.
//!
//! One JSON document a line, only ever appended to. Every line carries the HMAC-SHA256 of its content, which includes the
//! HMAC of the line before, so a changed, inserted or removed line breaks the chain; beside it, `NAME.head` names the
//! newest line, so that a shortened file is noticed too. With the project's key nobody else can make a valid line; with an
//! empty key the chain still shows accidents and careless edits. Both files put back together to an older state, or taken away
//! together, can only be noticed by somebody who remembers a newer line's code.
//!
//! Whoever appends holds the file's lock from reading it to the disk's word that the new line is there. An unfinished last line is
//! one whose writer died before that; it is cut off.

use hmac::{Hmac, KeyInit, Mac};
use ingot_base::{Fault, Message, Result, Secret, atomic, crash, fault};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::fs::File;
use std::io::{self, Read, Write};
use std::marker::PhantomData;
use std::path::PathBuf;

/// A line: what it records, and what ties it to its neighbours.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line<T> {
    /// 1 for the first line, then one more each.
    pub number: u64,
    /// What happened.
    #[serde(flatten)]
    pub content: T,
    /// The code of the line before; empty on the first.
    pub previous: String,
    /// HMAC-SHA256 of the line with this field empty, in hex.
    pub mac: String,
}

/// What to say of a chain that was changed; each has the argument `path`.
#[derive(Debug)]
pub struct Words {
    /// A line is not what was written: `line`.
    pub line: &'static Message,
    /// Lines are missing at the end: `found`, `written`.
    pub short: &'static Message,
    /// The newest line is not the one that was written.
    pub head: &'static Message,
}

/// The newest line, kept beside the chain.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    number: u64,
    mac: String,
}

/// A file of chained lines.
#[derive(Debug)]
pub struct Chain<T> {
    path: PathBuf,
    key: Secret<Vec<u8>>,
    /// What the codes are of: the same key makes no line of another kind.
    purpose: &'static str,
    words: &'static Words,
    content: PhantomData<fn() -> T>,
}

/// A chain while it is locked: its lines, checked.
#[derive(Debug)]
pub struct Open<T> {
    file: Option<File>,
    /// Every line, in order.
    pub lines: Vec<Line<T>>,
}

impl<T: Clone + Serialize + DeserializeOwned> Chain<T> {
    /// The chain at `path`, which need not exist yet.
    pub fn new(
        path: impl Into<PathBuf>,
        key: Secret<Vec<u8>>,
        purpose: &'static str,
        words: &'static Words,
    ) -> Self {
        Self { path: path.into(), key, purpose, words, content: PhantomData }
    }

    /// Takes the lock, reads and checks everything. The lock is let go with what is given back.
    ///
    /// # Errors
    /// When the file was changed by others, or cannot be read.
    pub fn open(&self, write: bool) -> Result<Open<T>> {
        if !write && !self.path.exists() {
            self.check_head(&[])?;
            return Ok(Open { file: None, lines: Vec::new() });
        }
        let mut file = self.lock(write).map_err(|error| self.io(write, error))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|error| self.io(write, error))?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        let lines = self.check(bytes.get(..whole).unwrap_or_default())?;
        self.check_head(&lines)?;
        if write && whole < bytes.len() {
            // Its writer died before it was durable; nothing was given for it.
            file.set_len(whole as u64)
                .and_then(|()| file.sync_all())
                .map_err(|error| self.io(true, error))?;
        }
        Ok(Open { file: Some(file), lines })
    }

    /// Adds a line, and comes back when the disk has it; the line's number.
    ///
    /// # Errors
    /// When the file cannot be written, or was not opened for that.
    pub fn append(&self, open: &mut Open<T>, content: T) -> Result<u64> {
        let file = open.file.as_mut().ok_or_else(|| fault::internal("a chain without a file"))?;
        let number = open.lines.len() as u64 + 1;
        let previous = open.lines.last().map(|last| last.mac.clone()).unwrap_or_default();
        let mut line = Line { number, content, previous, mac: String::new() };
        line.mac = hex::encode(self.code(&line)?.finalize().into_bytes());
        file.write_all(&render(&line)?)
            .and_then(|()| file.sync_all())
            .map_err(|error| self.io(true, error))?;
        crash::point("chain-appended");
        let text =
            serde_json::to_vec(&Head { number, mac: line.mac.clone() }).map_err(|error| {
                fault::internal("a chain's head without a JSON form").because(error)
            })?;
        atomic::write_private(&self.head_path(), &text)?;
        open.lines.push(line);
        Ok(number)
    }

    /// A fault of this file.
    pub fn changed(&self, message: &'static Message) -> Fault {
        Fault::new(message).arg("path", self.path.display())
    }

    fn lock(&self, write: bool) -> io::Result<File> {
        let file = if write {
            let file = atomic::open_to_append(&self.path)?;
            file.lock()?;
            file
        } else {
            let file = atomic::open(&self.path)?;
            file.lock_shared()?;
            file
        };
        Ok(file)
    }

    /// Follows the chain from the first line to the last.
    fn check(&self, bytes: &[u8]) -> Result<Vec<Line<T>>> {
        let mut lines: Vec<Line<T>> = Vec::new();
        for (text, number) in bytes.split_inclusive(|byte| *byte == b'\n').zip(1_u64..) {
            let broken = || self.changed(self.words.line).arg("line", number);
            let line: Line<T> = serde_json::from_slice(text).map_err(|_| broken())?;
            let previous = lines.last().map_or("", |last| last.mac.as_str());
            let sound = line.number == number
                && line.previous == previous
                && self.genuine(&line)?
                && render(&line)? == text;
            if !sound {
                return Err(broken());
            }
            lines.push(line);
        }
        Ok(lines)
    }

    /// The head is at the last line, or one behind when its writer died between the two files.
    fn check_head(&self, lines: &[Line<T>]) -> Result<()> {
        let path = self.head_path();
        let count = lines.len() as u64;
        if !path.exists() {
            return if count <= 1 { Ok(()) } else { Err(self.changed(self.words.head)) };
        }
        let head: Head = serde_json::from_slice(&atomic::read(&path, 4096)?)
            .map_err(|_| self.changed(self.words.head))?;
        if head.number > count {
            return Err(self
                .changed(self.words.short)
                .arg("found", count)
                .arg("written", head.number));
        }
        let named = usize::try_from(head.number)
            .ok()
            .and_then(|number| number.checked_sub(1))
            .and_then(|index| lines.get(index));
        if head.number + 1 < count || named.is_none_or(|line| line.mac != head.mac) {
            return Err(self.changed(self.words.head));
        }
        Ok(())
    }

    fn head_path(&self) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(".head");
        name.into()
    }

    fn genuine(&self, line: &Line<T>) -> Result<bool> {
        let Ok(mac) = hex::decode(&line.mac) else { return Ok(false) };
        Ok(self.code(line)?.verify_slice(&mac).is_ok())
    }

    /// The code of a line, whatever code it carries.
    fn code(&self, line: &Line<T>) -> Result<Hmac<Sha256>> {
        let bare = Line { mac: String::new(), ..line.clone() };
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key.expose())
            .map_err(|_| fault::internal("a chain's key that HMAC refuses"))?;
        mac.update(self.purpose.as_bytes());
        mac.update(b"\n");
        mac.update(&render(&bare)?);
        Ok(mac)
    }

    fn io(&self, write: bool, error: io::Error) -> Fault {
        let message = if write { &fault::FILE_WRITE } else { &fault::FILE_READ };
        Fault::new(message).arg("path", self.path.display()).because(error)
    }
}

fn render<T: Serialize>(line: &Line<T>) -> Result<Vec<u8>> {
    let mut text = serde_json::to_vec(line)
        .map_err(|error| fault::internal("a chain's line without a JSON form").because(error))?;
    text.push(b'\n');
    Ok(text)
}
