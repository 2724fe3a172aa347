//! An executor: takes pieces, does them on its cores, answers; comes again when the scheduler was away.

use crate::client::{connect, greeted};
use crate::frame::{self, Frame, Kind};
use crate::identity::Identity;
use crate::messages::{RETRIED, VERSION};
use crate::scheduler::{SILENCE, write_all};
use ingot_base::{Fault, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

/// Longest wait before the scheduler is tried again.
const PATIENCE: Duration = Duration::from_secs(5);

/// What an executor can do.
pub trait Work: Send + Sync + 'static {
    /// Gets ready for the pieces of one job.
    ///
    /// # Errors
    /// When the job is not understood; its pieces then go back undone.
    fn prepare(&self, setup: &[u8]) -> Result<Box<dyn Job>>;
}

/// One job's pieces. Called from several threads at once.
pub trait Job: Send + Sync {
    /// Does a piece: a pure function of setup and piece.
    ///
    /// # Errors
    /// When the piece cannot be done; it goes back to the client, who sees why.
    fn piece(&self, bytes: &[u8]) -> Result<Vec<u8>>;
}

type Jobs = BTreeMap<u64, Option<Arc<dyn Job>>>;

/// Works for a scheduler until the future is dropped. A scheduler that cannot be reached, or that refuses the certificate, is tried
/// again; `tell` hears why, once for each reason until it was reached.
///
/// # Errors
/// When the certificates cannot be used or the scheduler runs another version of the program.
pub async fn execute(
    address: &str,
    identity: &Identity,
    version: &str,
    places: usize,
    work: Arc<dyn Work>,
    tell: &(dyn Fn(&Fault) + Sync),
) -> Result<()> {
    let config = identity.client()?;
    let mut wait = Duration::from_millis(100);
    let mut told = BTreeSet::<String>::new();
    let hello = Frame::new(Kind::Hello, 0, places as u64, version.as_bytes());
    loop {
        let answer = match connect(address, &config).await {
            Ok(stream) => greeted(stream, &hello).await,
            Err(error) => Err(error),
        };
        match answer {
            Ok((_, theirs)) if theirs != version => {
                return Err(Fault::new(&VERSION).arg("theirs", theirs).arg("ours", version));
            }
            Ok((stream, _)) => {
                wait = Duration::from_millis(100);
                told.clear();
                serve(stream, &work).await;
            }
            Err(error) => {
                if told.insert(error.to_string()) {
                    tell(&Fault::new(&RETRIED).arg("address", address).because(error));
                }
            }
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(PATIENCE);
    }
}

/// One connection, to its end.
async fn serve(
    stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + 'static,
    work: &Arc<dyn Work>,
) {
    let (mut reader, writer) = tokio::io::split(stream);
    let (outbox, letters) = unbounded_channel();
    let writing = tokio::spawn(write_all(writer, letters));
    let mut jobs = Jobs::new();
    while let Ok(Ok(frame)) = tokio::time::timeout(SILENCE, frame::read(&mut reader)).await {
        match frame.kind {
            Kind::Setup => {
                let (work, setup) = (Arc::clone(work), Arc::clone(&frame.bytes));
                let job =
                    tokio::task::spawn_blocking(move || work.prepare(&setup).ok().map(Arc::from))
                        .await;
                jobs.insert(frame.job, job.ok().flatten());
            }
            Kind::Forget => {
                jobs.remove(&frame.job);
            }
            Kind::Piece => {
                let job = jobs.get(&frame.job).cloned().flatten();
                tokio::task::spawn_blocking({
                    let outbox = outbox.clone();
                    move || answer(job, &frame, &outbox)
                });
            }
            _ => {}
        }
    }
    writing.abort();
}

fn answer(job: Option<Arc<dyn Job>>, piece: &Frame, outbox: &UnboundedSender<Frame>) {
    // A panic is a piece undone, not an executor lost.
    let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        job.and_then(|job| job.piece(&piece.bytes).ok())
    }));
    let frame = match done {
        Ok(Some(bytes)) if bytes.len() <= frame::LIMIT => {
            Frame::new(Kind::Done, piece.job, piece.number, bytes)
        }
        _ => Frame::bare(Kind::Undone, piece.job, piece.number),
    };
    // Without a connection there is nobody to tell: the scheduler gives the piece to another.
    let _ = outbox.send(frame);
}
