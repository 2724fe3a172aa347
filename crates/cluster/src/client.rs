//! Whoever has pieces done: a blocking face for threads, over one connection.

use crate::frame::{self, Frame, Kind};
use crate::identity::{Identity, Role};
use crate::messages::{IDLE, LOST, UNREACHABLE, VERSION};
use crate::scheduler::{SILENCE, write_all};
use ingot_base::{Fault, Result, fault};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a cluster may be without executors.
const IDLE_LIMIT: Duration = Duration::from_mins(1);

/// What became of a piece.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// Its result.
    Done(Vec<u8>),
    /// No executor could do it: doing it here shows why.
    Undone,
}

/// A job on a cluster. Its pieces may be asked for from many threads at once.
pub struct Client {
    address: String,
    outbox: UnboundedSender<Frame>,
    shared: Arc<Shared>,
    next: AtomicU64,
    _runtime: tokio::runtime::Runtime,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("address", &self.address).finish_non_exhaustive()
    }
}

#[derive(Default)]
struct Shared {
    waiting: Mutex<BTreeMap<u64, SyncSender<Answer>>>,
    places: AtomicU64,
    ended: AtomicBool,
}

impl Shared {
    fn waiting(&self) -> std::sync::MutexGuard<'_, BTreeMap<u64, SyncSender<Answer>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Client {
    /// Connects, and says what all pieces have in common.
    ///
    /// # Errors
    /// When the scheduler cannot be reached, is not of the same set of certificates or runs another version.
    pub fn connect(
        address: &str,
        identity: &Identity,
        version: &str,
        setup: Vec<u8>,
    ) -> Result<Self> {
        let config = identity.client()?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("cluster")
            .enable_all()
            .build()
            .map_err(|error| fault::internal("the cluster's thread").because(error))?;
        let hello = Frame::new(Kind::Hello, 0, 0, version.as_bytes());
        let (stream, theirs) = runtime
            .block_on(async { greeted(connect(address, &config).await?, &hello).await })
            .map_err(|error| Fault::new(&UNREACHABLE).arg("address", address).because(error))?;
        if theirs != version {
            return Err(Fault::new(&VERSION).arg("theirs", theirs).arg("ours", version));
        }
        let (reader, writer) = tokio::io::split(stream);
        let (outbox, letters) = unbounded_channel();
        let shared = Arc::new(Shared::default());
        runtime.spawn(write_all(writer, letters));
        runtime.spawn(receive(reader, Arc::clone(&shared)));
        let _ = outbox.send(Frame::new(Kind::Setup, 0, 0, setup));
        let next = AtomicU64::new(0);
        Ok(Self { address: address.to_owned(), outbox, shared, next, _runtime: runtime })
    }

    /// How many pieces the executors do at once, now.
    pub fn places(&self) -> u64 {
        self.shared.places.load(Ordering::Relaxed)
    }

    /// Has one piece done; waits for it.
    ///
    /// # Errors
    /// When the connection is lost, or the cluster has no executor for a minute.
    pub fn piece(&self, bytes: Vec<u8>) -> Result<Answer> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (give, take) = sync_channel(1);
        self.shared.waiting().insert(number, give);
        let lost = || Fault::new(&LOST).arg("address", &self.address);
        self.outbox.send(Frame::new(Kind::Piece, 0, number, bytes)).map_err(|_| lost())?;
        let mut busy = Instant::now();
        loop {
            match take.recv_timeout(Duration::from_millis(500)) {
                Ok(answer) => return Ok(answer),
                Err(RecvTimeoutError::Disconnected) => return Err(lost()),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if self.shared.ended.load(Ordering::Acquire) {
                // The end may have come between insertion and here.
                return take.try_recv().map_err(|_| lost());
            }
            if self.places() > 0 {
                busy = Instant::now();
            } else if busy.elapsed() > IDLE_LIMIT {
                return Err(Fault::new(&IDLE)
                    .arg("address", &self.address)
                    .arg("seconds", IDLE_LIMIT.as_secs()));
            }
        }
    }
}

/// Gives answers to whoever waits for them, until the connection ends.
async fn receive(mut reader: impl AsyncRead + Unpin, shared: Arc<Shared>) {
    while let Ok(Ok(frame)) = tokio::time::timeout(SILENCE, frame::read(&mut reader)).await {
        let answer = match frame.kind {
            Kind::Places => {
                shared.places.store(frame.number, Ordering::Relaxed);
                continue;
            }
            Kind::Done => Answer::Done(frame.bytes.to_vec()),
            Kind::Undone => Answer::Undone,
            _ => continue,
        };
        if let Some(waiting) = shared.waiting().remove(&frame.number) {
            let _ = waiting.send(answer);
        }
    }
    shared.ended.store(true, Ordering::Release);
    shared.waiting().clear();
}

/// A TLS connection to the scheduler, whose certificate must say that it is one.
pub(crate) async fn connect(
    address: &str,
    config: &Arc<ClientConfig>,
) -> io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from(Role::Scheduler.server_name())
        .map_err(|error| io::Error::other(error.to_string()))?;
    let connecting = async {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        TlsConnector::from(Arc::clone(config)).connect(name, stream).await
    };
    tokio::time::timeout(CONNECT, connecting).await.map_err(io::Error::other)?
}

/// Greets; the stream and the other side's version.
pub(crate) async fn greeted<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    hello: &Frame,
) -> io::Result<(S, String)> {
    let greeting = async {
        frame::write(&mut stream, hello).await?;
        frame::read_greeting(&mut stream).await
    };
    let answer = tokio::time::timeout(CONNECT, greeting).await.map_err(io::Error::other)??;
    Ok((stream, String::from_utf8_lossy(&answer.bytes).into_owned()))
}
