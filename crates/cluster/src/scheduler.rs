//! The scheduler's connections around the [`Broker`].

use crate::broker::{Broker, Id, Outgoing};
use crate::frame::{self, Frame, Kind};
use crate::identity::{Identity, Role, peer_role};
use crate::messages::LISTEN;
use ingot_base::{Fault, Result};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_rustls::TlsAcceptor;

/// How often each side shows that it lives.
pub(crate) const BEAT: Duration = Duration::from_secs(2);
/// After so long without a sign the other side counts as gone.
pub(crate) const SILENCE: Duration = Duration::from_secs(15);
/// How long a handshake and greeting may take.
const GREETING: Duration = Duration::from_secs(10);
/// Most connections at once.
const CONNECTIONS: usize = 4096;

/// What an onlooker may hear of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A machine of this role came.
    Joined(Role, SocketAddr),
    /// It went.
    Left(Role, SocketAddr),
    /// Somebody was turned away.
    Refused(SocketAddr, String),
}

/// Hands pieces out; keeps nothing on disk.
pub struct Scheduler {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    state: Arc<State>,
}

impl std::fmt::Debug for Scheduler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scheduler").field("listener", &self.listener).finish_non_exhaustive()
    }
}

struct State {
    inner: Mutex<Inner>,
    tell: Box<dyn Fn(Event) + Send + Sync>,
    version: String,
}

#[derive(Default)]
struct Inner {
    broker: Broker,
    outboxes: BTreeMap<Id, UnboundedSender<Frame>>,
    next: Id,
}

impl Scheduler {
    /// Listens; `version` names the program, and whoever runs another is turned away.
    ///
    /// # Errors
    /// When the address is taken, or the certificates cannot be used.
    pub async fn bind(
        address: SocketAddr,
        identity: &Identity,
        version: &str,
        tell: impl Fn(Event) + Send + Sync + 'static,
    ) -> Result<Self> {
        let acceptor = TlsAcceptor::from(identity.server()?);
        let listener = TcpListener::bind(address)
            .await
            .map_err(|error| Fault::new(&LISTEN).arg("address", address).because(error))?;
        let state =
            State { inner: Mutex::default(), tell: Box::new(tell), version: version.to_owned() };
        Ok(Self { listener, acceptor, state: Arc::new(state) })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn address(&self) -> Result<SocketAddr> {
        self.listener
            .local_addr()
            .map_err(|error| Fault::new(&LISTEN).arg("address", "?").because(error))
    }

    /// Serves until the future is dropped.
    pub async fn run(self) {
        let places = Arc::new(tokio::sync::Semaphore::new(CONNECTIONS));
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            let Ok((stream, address)) = self.listener.accept().await else {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            let (acceptor, state) = (self.acceptor.clone(), Arc::clone(&self.state));
            tokio::spawn(async move {
                if let Err(reason) = connection(stream, address, &acceptor, &state).await {
                    (state.tell)(Event::Refused(address, reason));
                }
                drop(place);
            });
        }
    }
}

/// One machine, from its handshake to its end; an error when it was turned away.
async fn connection(
    stream: TcpStream,
    address: SocketAddr,
    acceptor: &TlsAcceptor,
    state: &Arc<State>,
) -> std::result::Result<(), String> {
    let _ = stream.set_nodelay(true);
    let greeted = tokio::time::timeout(GREETING, async {
        let mut stream = acceptor.accept(stream).await.map_err(|error| error.to_string())?;
        let role = peer_role(stream.get_ref().1.peer_certificates());
        let hello = frame::read_greeting(&mut stream).await.map_err(|error| error.to_string())?;
        let own = Frame::new(Kind::Hello, 0, 0, state.version.as_bytes());
        frame::write(&mut stream, &own).await.map_err(|error| error.to_string())?;
        Ok::<_, String>((stream, role, hello))
    });
    let (stream, role, hello) = greeted.await.map_err(|_| "no greeting in time".to_owned())??;
    let role =
        role.filter(|role| *role != Role::Scheduler).ok_or("a certificate of no such role")?;
    if *hello.bytes != *state.version.as_bytes() {
        return Err("another version of the program".to_owned());
    }
    (state.tell)(Event::Joined(role, address));
    let (reader, writer) = tokio::io::split(stream);
    let (outbox, letters) = unbounded_channel();
    let id = state.join(role, hello.number.clamp(1, 1024), outbox);
    let writing = tokio::spawn(write_all(writer, letters));
    read_all(reader, id, role, state).await;
    state.decide(|broker| broker.left(id));
    state.lock().outboxes.remove(&id);
    writing.abort();
    (state.tell)(Event::Left(role, address));
    Ok(())
}

async fn read_all(mut reader: impl AsyncRead + Unpin, id: Id, role: Role, state: &State) {
    while let Ok(Ok(frame)) = tokio::time::timeout(SILENCE, frame::read(&mut reader)).await {
        if frame.kind == Kind::Ping {
            continue;
        }
        state.decide(|broker| match role {
            Role::Executor => broker.executor_says(id, frame),
            Role::Client | Role::Scheduler => broker.client_says(id, frame),
        });
    }
}

/// Writes what the outbox holds, and signs of life in between, until the connection or the outbox ends.
pub(crate) async fn write_all(
    mut writer: impl AsyncWrite + Unpin,
    mut letters: UnboundedReceiver<Frame>,
) {
    loop {
        let frame = match tokio::time::timeout(BEAT, letters.recv()).await {
            Ok(Some(frame)) => frame,
            Ok(None) => return,
            Err(_) => Frame::bare(Kind::Ping, 0, 0),
        };
        if frame::write(&mut writer, &frame).await.is_err() {
            return;
        }
    }
}

impl State {
    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn join(&self, role: Role, places: u64, outbox: UnboundedSender<Frame>) -> Id {
        let id = {
            let mut inner = self.lock();
            inner.next += 1;
            let id = inner.next;
            inner.outboxes.insert(id, outbox);
            id
        };
        self.decide(|broker| match role {
            Role::Executor => broker.executor(id, places),
            Role::Client | Role::Scheduler => broker.client(id),
        });
        id
    }

    fn decide(&self, what: impl FnOnce(&mut Broker) -> Vec<Outgoing>) {
        let mut inner = self.lock();
        for (to, frame) in what(&mut inner.broker) {
            if let Some(outbox) = inner.outboxes.get(&to) {
                // A closed outbox is a connection that is about to be counted as gone.
                let _ = outbox.send(frame);
            }
        }
    }
}
