//! Work off the request threads, which ends when nobody waits for it any more.

use crate::messages::{GONE, PANIC};
use crate::problem::Problem;
use ingot_base::{Fault, Result};
use std::sync::{Arc, Weak};
use tokio::sync::OwnedSemaphorePermit;

/// Whether somebody still waits for a result.
pub(crate) struct Wanted(Weak<()>);

impl Wanted {
    /// # Errors
    /// When nobody does: the client left, or its time is over. Work asks between two steps.
    pub(crate) fn check(&self) -> Result<()> {
        if self.0.strong_count() == 0 { Err(Fault::new(&GONE)) } else { Ok(()) }
    }
}

/// Runs `work` on a thread for work that takes long, as the holder of `slot`.
pub(crate) async fn aside<T: Send + 'static>(
    slot: OwnedSemaphorePermit,
    work: impl FnOnce(&Wanted) -> T + Send + 'static,
) -> std::result::Result<T, Problem> {
    // Dropped with the request's future.
    let waits = Arc::new(());
    let wanted = Wanted(Arc::downgrade(&waits));
    let task = tokio::task::spawn_blocking(move || {
        let _slot = slot;
        work(&wanted)
    });
    let result = task.await;
    drop(waits);
    // A task that ends without a value has panicked.
    result.map_err(|_| Problem::new(Fault::new(&PANIC)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;
    use std::time::Duration;
    use tokio::sync::Semaphore;

    #[test]
    fn work_ends_when_its_request_does() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let slots = Arc::new(Semaphore::new(1));
        let slot = || Arc::clone(&slots).try_acquire_owned().unwrap();
        let (tell, told) = channel();
        let work = aside(slot(), move |wanted| {
            while wanted.check().is_ok() {
                std::thread::sleep(Duration::from_millis(1));
            }
            tell.send(wanted.check().unwrap_err().code()).unwrap();
        });
        let late = runtime.block_on(async { tokio::time::timeout(Duration::ZERO, work).await });
        assert!(late.is_err());
        assert_eq!(told.recv_timeout(Duration::from_secs(30)).unwrap(), "serve-gone");
        drop(runtime);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        assert!(runtime.block_on(aside(slot(), |wanted| wanted.check().is_ok())).unwrap());
        let panics = runtime.block_on(aside(slot(), |_| panic!("on purpose")));
        assert_eq!(panics.map(|(): ()| ()).unwrap_err().fault().code(), "serve-panic");
    }
}
