//! The operating system's wish that the server end.

use crate::messages::SIGNALS;
use ingot_base::{Fault, Result};
use std::future::Future;
use tokio::signal::unix::{SignalKind, signal};

/// A future that is done at the first SIGTERM or SIGINT. Must be called on a runtime.
///
/// # Errors
/// When the handlers cannot be set up.
pub fn terminated() -> Result<impl Future<Output = ()> + Send + 'static> {
    let receive = |kind| signal(kind).map_err(|error| Fault::new(&SIGNALS).because(error));
    let mut term = receive(SignalKind::terminate())?;
    let mut interrupt = receive(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
