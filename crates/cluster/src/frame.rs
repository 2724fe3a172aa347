//! Messages on the wire: one byte of kind, two numbers, a length, bytes. All numbers are little-endian.

use std::io;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Most bytes of a message: a piece of work is a few megabytes.
pub(crate) const LIMIT: usize = 256 << 20;
/// Most bytes of a greeting, which is read before anything is known of the other side.
const GREETING: usize = 4 << 10;

/// What a message says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// First message of either side: role and version; `number` is an executor's places.
    Hello,
    /// Nothing but a sign of life.
    Ping,
    /// To a client: `number` places are there.
    Places,
    /// What all pieces of a job have in common.
    Setup,
    /// To an executor: the job is over.
    Forget,
    /// A piece of work.
    Piece,
    /// A piece's result.
    Done,
    /// A piece that could not be done.
    Undone,
}

const KINDS: [Kind; 8] = [
    Kind::Hello,
    Kind::Ping,
    Kind::Places,
    Kind::Setup,
    Kind::Forget,
    Kind::Piece,
    Kind::Done,
    Kind::Undone,
];

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) kind: Kind,
    /// The job, as the scheduler numbers them; 0 from and to clients.
    pub(crate) job: u64,
    /// The piece, or what the kind says.
    pub(crate) number: u64,
    pub(crate) bytes: Arc<[u8]>,
}

impl Frame {
    pub(crate) fn new(kind: Kind, job: u64, number: u64, bytes: impl Into<Arc<[u8]>>) -> Self {
        Self { kind, job, number, bytes: bytes.into() }
    }

    /// A message without bytes.
    pub(crate) fn bare(kind: Kind, job: u64, number: u64) -> Self {
        Self::new(kind, job, number, Vec::new())
    }
}

/// Reads one message; the end of the stream is an error.
pub(crate) async fn read(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Frame> {
    read_limited(from, LIMIT).await
}

/// Reads the first message of a connection.
pub(crate) async fn read_greeting(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Frame> {
    let frame = read_limited(from, GREETING).await?;
    if frame.kind == Kind::Hello { Ok(frame) } else { Err(wrong("no greeting")) }
}

async fn read_limited(from: &mut (impl AsyncRead + Unpin), limit: usize) -> io::Result<Frame> {
    let kind = from.read_u8().await?;
    let kind = *KINDS.get(usize::from(kind)).ok_or_else(|| wrong("a message of no known kind"))?;
    let job = from.read_u64_le().await?;
    let number = from.read_u64_le().await?;
    let length = usize::try_from(from.read_u32_le().await?).unwrap_or(usize::MAX);
    if length > limit {
        return Err(wrong("a message that is too long"));
    }
    // Grows with what really comes: a length alone reserves nothing.
    let mut bytes = Vec::new();
    (&mut *from).take(length as u64).read_to_end(&mut bytes).await?;
    if bytes.len() < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Frame::new(kind, job, number, bytes))
}

/// Writes one message and sends it off.
pub(crate) async fn write(to: &mut (impl AsyncWrite + Unpin), frame: &Frame) -> io::Result<()> {
    let length = u32::try_from(frame.bytes.len())
        .ok()
        .filter(|length| *length as usize <= LIMIT)
        .ok_or_else(|| wrong("a message that is too long"))?;
    let kind = KINDS.iter().position(|kind| *kind == frame.kind).unwrap_or_default();
    to.write_u8(u8::try_from(kind).unwrap_or_default()).await?;
    to.write_u64_le(frame.job).await?;
    to.write_u64_le(frame.number).await?;
    to.write_u32_le(length).await?;
    to.write_all(&frame.bytes).await?;
    to.flush().await
}

fn wrong(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_from(bytes: &[u8]) -> io::Result<Frame> {
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        runtime.block_on(read(&mut &*bytes))
    }

    fn written(frame: &Frame) -> Vec<u8> {
        let mut bytes = Vec::new();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(write(&mut bytes, frame)).unwrap();
        bytes
    }

    #[test]
    fn what_is_written_is_read() {
        for kind in KINDS {
            let frame = Frame::new(kind, 7, u64::MAX, vec![1, 2, 3]);
            assert_eq!(read_from(&written(&frame)).unwrap(), frame);
        }
    }

    #[test]
    fn unknown_kinds_lengths_and_ends_are_errors() {
        let whole = written(&Frame::new(Kind::Piece, 1, 2, vec![9; 100]));
        for end in 0..whole.len() {
            assert!(read_from(whole.get(..end).unwrap()).is_err(), "cut at {end}");
        }
        let mut unknown = whole.clone();
        unknown[0] = 200;
        assert!(read_from(&unknown).is_err());
        // A length of four gigabytes with nothing behind it.
        let mut long = whole;
        long[17..21].copy_from_slice(&[0xff; 4]);
        assert!(read_from(&long).is_err());
    }
}
