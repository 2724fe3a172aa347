//! A group of threads in one process, for tests.

use super::Group;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};

/// One of some threads. Who waits for one that panicked panics too.
#[derive(Debug)]
struct Thread {
    rank: usize,
    others: Vec<Sender<Vec<u8>>>,
    own: Vec<Mutex<Receiver<Vec<u8>>>>,
}

impl Group for Thread {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.own.len()
    }

    fn all_reduce(&self, numbers: &mut [f32]) {
        let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        let all = self.all_gather(&bytes);
        numbers.fill(0.0);
        for bytes in all {
            assert_eq!(bytes.len(), numbers.len() * 4, "all give as many numbers");
            for (number, own) in numbers.iter_mut().zip(bytes.as_chunks::<4>().0) {
                *number += f32::from_le_bytes(*own);
            }
        }
    }

    fn all_gather(&self, own: &[u8]) -> Vec<Vec<u8>> {
        for other in &self.others {
            other.send(own.to_vec()).expect("another thread panicked");
        }
        let next = |from: &Mutex<Receiver<Vec<u8>>>| from.lock().unwrap().recv();
        self.own.iter().map(|from| next(from).expect("another thread panicked")).collect()
    }
}

/// What each of so many threads gives back that work as one group, by rank.
pub(crate) fn together<T: Send>(size: usize, work: impl Fn(&dyn Group) -> T + Sync) -> Vec<T> {
    let thread = |rank| Thread { rank, others: Vec::new(), own: Vec::new() };
    let mut threads: Vec<Thread> = (0..size).map(thread).collect();
    for from in 0..size {
        for to in 0..size {
            let (sender, receiver) = channel();
            threads[from].others.push(sender);
            threads[to].own.push(Mutex::new(receiver));
        }
    }
    std::thread::scope(|scope| {
        let work = &work;
        let running: Vec<_> =
            threads.into_iter().map(|thread| scope.spawn(move || work(&thread))).collect();
        running.into_iter().map(|one| one.join().unwrap()).collect()
    })
}
