//! Work that goes down deep into what others wrote.

use ingot_base::{Result, fault};
use std::cell::Cell;

thread_local! {
    /// Bytes of the stack of a thread that was made for such work.
    static ROOM: Cell<usize> = const { Cell::new(0) };
}

/// Does work on a thread with a stack of so many bytes, of which what is not used takes no memory. Work within such work stays on its
/// thread: who does much of it opens the first around all of it.
pub(crate) fn deep<T: Send>(
    name: &str,
    bytes: usize,
    work: impl FnOnce() -> T + Send,
) -> Result<T> {
    if ROOM.get() >= bytes {
        return Ok(work());
    }
    let done = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name(name.to_owned()).stack_size(bytes);
        let work = move || {
            ROOM.set(bytes);
            work()
        };
        thread.spawn_scoped(scope, work).map(std::thread::ScopedJoinHandle::join)
    });
    let done =
        done.map_err(|error| fault::internal("a thread could not be made").because(error))?;
    done.map_err(|_| fault::internal("work on a thread of its own panicked"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread::current;

    #[test]
    fn work_within_work_stays_on_its_thread() {
        let own = current().id();
        let (outer, inner, deeper) = deep("outer", 1 << 20, || {
            let inner = deep("inner", 1 << 20, || current().id()).unwrap();
            let deeper = deep("deeper", 2 << 20, || current().id()).unwrap();
            (current().id(), inner, deeper)
        })
        .unwrap();
        assert!(outer == inner && outer != deeper && outer != own);
        assert!(deep("panics", 1 << 20, || panic!("on purpose")).map(|(): ()| ()).is_err());
        assert_eq!(ROOM.get(), 0);
    }
}
