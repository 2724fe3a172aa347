//! What the server is told.

use crate::shield::Policy;
use ingot_base::{Fault, Secret};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Bounds on what clients may cost.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections at once. For one more, the one that idled longest is closed; while all have a request under way, it waits.
    pub connections: usize,
    /// Connections at once of one address (of IPv6, one /64); 0 for no bound. Loopback is not bounded: a proxy may stand there.
    pub peer_connections: usize,
    /// Bytes of a request body.
    pub body_bytes: usize,
    /// Rows of a request to predict or infer.
    pub rows: usize,
    /// Rows of a request to explain.
    pub explained_rows: usize,
    /// Levels of brackets in a body.
    pub depth: usize,
    /// Rows that may wait for a model.
    pub queued_rows: usize,
    /// Rows evaluated together at most.
    pub batch_rows: usize,
    /// How long a batch of a slow model waits for company; a fast model's rows never wait.
    pub batch_wait: Duration,
    /// How long the head of a request may take to arrive; also how long a connection may idle.
    pub header_time: Duration,
    /// How long a body may take to arrive.
    pub body_time: Duration,
    /// How long a client may leave an answer unread.
    pub write_time: Duration,
    /// How long a request may take from head to answer.
    pub deadline: Duration,
    /// How long a generated answer may take, unless it flows; also how long it may take to explain one.
    pub generation_time: Duration,
    /// How long the server goes on accepting after it was told to end, so that load balancers notice `/readyz`.
    pub drain_delay: Duration,
    /// How long requests in flight may take after that.
    pub drain_time: Duration,
    /// How often packages are looked at for a newer version.
    pub reload_interval: Duration,
    /// What keys that have no rate of their own may send.
    pub default_rate: Option<Rate>,
    /// Tokens of language models that a key may use a minute.
    pub token_rate: Option<u32>,
}

/// How often a key may ask: a bucket that holds `burst` requests and gains one at each interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// After how long the bucket has room for one request more; at least a nanosecond.
    pub interval: Duration,
    /// Requests at once; at least one.
    pub burst: u32,
}

impl Rate {
    /// So many requests a minute, which may come at once.
    pub fn per_minute(requests: u32) -> Self {
        let burst = requests.max(1);
        Self { interval: Duration::from_mins(1) / burst, burst }
    }

    /// So many requests a second, in the long run; above 0.
    pub fn per_second(requests: f64, burst: u32) -> Self {
        let interval = Duration::try_from_secs_f64(requests.recip());
        let interval = interval.unwrap_or(Duration::MAX).max(Duration::from_nanos(1));
        Self { interval, burst: burst.max(1) }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4096,
            peer_connections: 1024,
            body_bytes: 8 << 20,
            rows: 10_000,
            explained_rows: 256,
            depth: 16,
            queued_rows: 20_000,
            batch_rows: 256,
            batch_wait: Duration::from_micros(500),
            header_time: Duration::from_secs(10),
            body_time: Duration::from_secs(15),
            write_time: Duration::from_secs(30),
            deadline: Duration::from_secs(30),
            generation_time: Duration::from_mins(10),
            drain_delay: Duration::from_millis(500),
            drain_time: Duration::from_secs(25),
            reload_interval: Duration::from_secs(2),
            default_rate: None,
            token_rate: None,
        }
    }
}

/// Certificate chain and private key, PEM files.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The chain, the server's own certificate first.
    pub cert: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// Who may ask and where usage is recorded.
#[derive(Debug, Clone)]
pub enum Governance {
    /// API keys, metering and rate limits.
    Governed {
        /// SQLite file or `postgres://` URL.
        ledger: String,
        /// Guards the keys' hashes.
        pepper: Secret<Vec<u8>>,
    },
    /// Everybody, nothing recorded; on loopback only.
    Ungoverned,
}

/// How to serve; what is served comes from a [`Loader`](crate::Loader).
#[derive(Clone)]
pub struct Settings {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Package files, unpacked packages, or folders of packages.
    pub packages: Vec<PathBuf>,
    /// Keys and metering, or not.
    pub governance: Governance,
    /// Speak TLS.
    pub tls: Option<TlsFiles>,
    /// Allow plain HTTP on an address that is not loopback.
    pub allow_insecure: bool,
    /// Whether `/metrics` asks for a key with the scope `metrics`.
    pub guard_metrics: bool,
    /// What the guard of language models does.
    pub policy: Policy,
    /// Bounds.
    pub limits: Limits,
    /// Told of answers and events.
    pub observer: Arc<dyn Observer>,
}

impl Settings {
    /// Plain settings for an address and packages: governed, default limits, nobody observing.
    pub fn new(listen: SocketAddr, packages: Vec<PathBuf>, governance: Governance) -> Self {
        Self {
            listen,
            packages,
            governance,
            tls: None,
            allow_insecure: false,
            guard_metrics: false,
            policy: Policy::default(),
            limits: Limits::default(),
            observer: Arc::new(Unobserved),
        }
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("listen", &self.listen)
            .field("packages", &self.packages)
            .field("governance", &self.governance)
            .field("tls", &self.tls)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// One answered request. Holds no body, no query, no header: nothing personal.
#[derive(Debug)]
pub struct Access<'a> {
    /// The request's id.
    pub request_id: &'a str,
    /// The route's pattern, never the raw path.
    pub route: &'static str,
    /// The method.
    pub method: &'a str,
    /// The answer's status.
    pub status: u16,
    /// The model, when one was selected.
    pub model: Option<&'a str>,
    /// The key's id, when one was presented and matched.
    pub key: Option<&'a str>,
    /// Rows answered.
    pub rows: u64,
    /// From head to answer.
    pub duration: Duration,
}

/// Something that happened to the server.
#[derive(Debug)]
pub enum Event<'a> {
    /// A model is being served, at the start or after a reload.
    Loaded {
        /// Its name.
        model: &'a str,
        /// Its version.
        version: &'a str,
        /// Of a language model whose context is as long as the model allows: its tokens.
        longest: Option<usize>,
    },
    /// A package was refused; what was served before stays.
    Refused {
        /// The file.
        path: &'a Path,
        /// Why.
        fault: &'a Fault,
    },
    /// A request failed inside.
    Failed {
        /// The request's id.
        request_id: &'a str,
        /// What failed.
        fault: &'a Fault,
    },
    /// The server was told to end and finishes what it accepted.
    Draining,
}

/// Receives answers and events; called on the server's threads, must be quick. Does nothing by default.
pub trait Observer: Send + Sync + 'static {
    /// A request was answered.
    fn access(&self, _: &Access<'_>) {}

    /// Something happened.
    fn event(&self, _: &Event<'_>) {}
}

/// Observes nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unobserved;

impl Observer for Unobserved {}
