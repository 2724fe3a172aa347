//! Work that goes down deep into what others wrote.

use ingot_base::{Result, fault};

/// Does work on a thread with a stack of so many bytes, of which what is not used takes no memory.
pub(crate) fn deep<T: Send>(
    name: &str,
    bytes: usize,
    work: impl FnOnce() -> T + Send,
) -> Result<T> {
    let done = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name(name.to_owned()).stack_size(bytes);
        thread.spawn_scoped(scope, work).map(std::thread::ScopedJoinHandle::join)
    });
    let done =
        done.map_err(|error| fault::internal("a thread could not be made").because(error))?;
    done.map_err(|_| fault::internal("work on a thread of its own panicked"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deep_work_has_a_stack_of_its_own() {
        fn down(depth: usize) -> usize {
            let frame = std::hint::black_box([depth; 64]);
            if depth == 0 { 0 } else { down(depth - 1) + frame.len() / 64 }
        }
        assert_eq!(deep("deep", 64 << 20, || down(30_000)).unwrap(), 30_000);
        assert!(deep("panics", 1 << 20, || panic!("on purpose")).map(|(): ()| ()).is_err());
    }
}
