//! Listening, accepting, draining.

use crate::app::App;
use crate::config::{Event, Governance, Settings};
use crate::connection;
use crate::docs::Docs;
use crate::doors::Doors;
use crate::engine::Loader;
use crate::gate::{Gate, Governed, Limiter};
use crate::ids::Ids;
use crate::messages::{LISTEN, LISTEN_INSECURE, LISTEN_UNGOVERNED};
use crate::metrics::Metrics;
use crate::model::Registry;
use crate::reload::Watcher;
use crate::router::router;
use crate::shield::{Allowance, Shield};
use crate::tls;
use arc_swap::ArcSwap;
use ingot_base::{Clock, Fault, Result};
use ingot_ledger::Ledger;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

/// Serves the models that `loader` makes of the packages until `shutdown` is done, then drains. `ready` is told the address
/// once requests are answered.
///
/// # Errors
/// When the settings are unsafe, the address cannot be bound, the ledger cannot be opened, or a package is refused at the
/// start.
pub async fn serve_with(
    settings: Settings,
    loader: Arc<dyn Loader>,
    clock: Arc<dyn Clock>,
    ready: impl FnOnce(SocketAddr),
    shutdown: impl Future<Output = ()>,
) -> Result<()> {
    // A large state machine, at home on the heap.
    Box::pin(run(settings, loader, clock, ready, shutdown)).await
}

async fn run(
    settings: Settings,
    loader: Arc<dyn Loader>,
    clock: Arc<dyn Clock>,
    ready: impl FnOnce(SocketAddr),
    shutdown: impl Future<Output = ()>,
) -> Result<()> {
    check(&settings)?;
    let tls = settings.tls.as_ref().map(tls::acceptor).transpose()?;
    let metrics = Arc::new(Metrics::new());
    let (gate, ledger) = gate(&settings, &clock, &metrics).await?;
    let app = Arc::new(App {
        registry: ArcSwap::from_pointee(Registry::default()),
        gate,
        metrics,
        limits: settings.limits.clone(),
        guard_metrics: settings.guard_metrics,
        observer: Arc::clone(&settings.observer),
        ids: Ids::new(&*clock),
        draining: AtomicBool::new(false),
        docs: Docs::new(),
        shield: Shield::new(settings.policy)?,
        allowance: Arc::new(Allowance::new(settings.limits.token_rate)),
        started: clock.now_ms() / 1000,
        clock: Arc::clone(&clock),
    });
    let watcher =
        Watcher::start(Arc::clone(&app), settings.packages.clone(), loader, clock).await?;
    let listener = listen(settings.listen).await?;
    let address = listener.local_addr().map_err(|error| listen_fault(settings.listen, error))?;
    let watching = AbortOnDrop(tokio::spawn(watcher.run()));
    ready(address);
    let connections = accept_until(&app, listener, tls, shutdown).await;
    drop(watching);
    drain(&app, connections).await;
    drop(app);
    if let Some((ledger, recording)) = ledger {
        // Whatever is pending is stored: every recorder is gone now, so the task ends by itself.
        let _ = tokio::time::timeout(Duration::from_secs(5), recording).await;
        ledger.close().await;
    }
    Ok(())
}

/// Plain HTTP and open doors only where nobody else comes by.
fn check(settings: &Settings) -> Result<()> {
    let refuse = |message| Err(Fault::new(message).arg("address", settings.listen));
    if settings.listen.ip().is_loopback() {
        return Ok(());
    }
    if matches!(settings.governance, Governance::Ungoverned) {
        return refuse(&LISTEN_UNGOVERNED);
    }
    if settings.tls.is_none() && !settings.allow_insecure {
        return refuse(&LISTEN_INSECURE);
    }
    Ok(())
}

type Recording = Option<(Ledger, JoinHandle<()>)>;

async fn gate(
    settings: &Settings,
    clock: &Arc<dyn Clock>,
    metrics: &Arc<Metrics>,
) -> Result<(Gate, Recording)> {
    let Governance::Governed { ledger, pepper } = &settings.governance else {
        return Ok((Gate::Open, None));
    };
    let ledger = Ledger::open_at(ledger, pepper.clone(), Arc::clone(clock)).await?;
    let metrics = Arc::clone(metrics);
    let on_commit =
        move |duration: Duration, _: usize| metrics.commits.observe(duration.as_secs_f64());
    let (recorder, recording) = ledger.recorder(Arc::new(on_commit));
    let limiter = Limiter::new(settings.limits.default_rate);
    let gate = Gate::Governed(Governed { ledger: ledger.clone(), recorder, limiter });
    Ok((gate, Some((ledger, recording))))
}

async fn listen(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| listen_fault(address, error))
}

fn listen_fault(address: SocketAddr, error: std::io::Error) -> Fault {
    Fault::new(&LISTEN).arg("address", address).because(error)
}

/// Connections being served, and the word that tells them to end.
struct Connections {
    tasks: JoinSet<()>,
    closing: watch::Sender<bool>,
}

/// Accepts until told to end, then a little longer, saying so at `/readyz`.
async fn accept_until(
    app: &Arc<App>,
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    shutdown: impl Future<Output = ()>,
) -> Connections {
    let (closing, closed) = watch::channel(false);
    let mut connections = Connections { tasks: JoinSet::new(), closing };
    let doors = Doors::new(app.limits.connections, app.limits.peer_connections);
    let router = router(app);
    let mut end = pin!(async {
        shutdown.await;
        app.draining.store(true, Ordering::Relaxed);
        app.observer.event(&Event::Draining);
        tokio::time::sleep(app.limits.drain_delay).await;
    });
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut end => return connections,
            Some(_) = connections.tasks.join_next() => continue,
            accepted = accept(&listener) => accepted,
        };
        let (stream, peer) = accepted;
        let guest = tokio::select! {
            biased;
            () = &mut end => return connections,
            guest = doors.enter(peer.ip()) => guest,
        };
        let Some(guest) = guest else { continue };
        let (app, tls, router, closed) =
            (Arc::clone(app), tls.clone(), router.clone(), closed.clone());
        connections.tasks.spawn(async move {
            app.metrics.connections.fetch_add(1, Ordering::Relaxed);
            let _open = Open(&app);
            connection::serve(stream, tls, router, app.limits.clone(), (guest, closed)).await;
        });
    }
}

/// Counts a connection as open until dropped.
struct Open<'a>(&'a App);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.metrics.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The next connection.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            // A client that went away is no matter; without file descriptors, waiting helps.
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

/// Lets requests in flight finish, up to the bound.
async fn drain(app: &App, mut connections: Connections) {
    let _ = connections.closing.send(true);
    let all = async { while connections.tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(app.limits.drain_time, all).await.is_err() {
        connections.tasks.shutdown().await;
    }
}

/// A task that must not outlive its server.
struct AbortOnDrop(JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
