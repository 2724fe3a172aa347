//! Processes that train one model together: each learns from its share of every batch, and what they learnt is summed (data
//! parallelism). The weights stay the same on all of them, bit by bit.

#[cfg(feature = "mpi")]
mod mpi;
#[cfg(test)]
pub(crate) mod threads;

use crate::messages::PROCESSES_APART;
use ingot_base::{Digest, Fault, Result};
use std::fmt::Debug;
use std::ops::Range;

/// Numbers that are summed at once, at most: a megabyte.
const BUCKET: usize = 1 << 18;

/// What launchers of MPI tell a process about how many there are: Open MPI's, and those of MPICH's kind.
const LAUNCHED: [&str; 2] = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE"];

/// Processes that work on one model. Each calls the same methods in the same order: a call returns when all have made it. There is no
/// error to give back, since who fails ends the others.
pub trait Group: Debug + Sync {
    /// This process's number, from 0. The first one decides, writes and tells; the others help it to learn.
    fn rank(&self) -> usize;

    /// How many there are; at least 1.
    fn size(&self) -> usize;

    /// Replaces numbers by their sums over all processes, one by one; every process gives as many and gets the same bits.
    fn all_reduce(&self, numbers: &mut [f32]);

    /// What every process gives, by rank.
    fn all_gather(&self, own: &[u8]) -> Vec<Vec<u8>>;

    /// What the machine is called that this process runs on; processes on one machine say the same.
    fn host(&self) -> String {
        String::new()
    }

    /// Ends all processes at once, with an exit code; without others there is nothing to do, and it returns.
    fn end_all(&self, _code: u8) {}
}

/// One process by itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Alone;

impl Group for Alone {
    fn rank(&self) -> usize {
        0
    }

    fn size(&self) -> usize {
        1
    }

    fn all_reduce(&self, _: &mut [f32]) {}

    fn all_gather(&self, own: &[u8]) -> Vec<Vec<u8>> {
        vec![own.to_vec()]
    }
}

impl dyn Group + '_ {
    /// Whether this process decides, writes and tells.
    pub fn is_first(&self) -> bool {
        self.rank() == 0
    }

    /// Whether there are others.
    pub fn is_many(&self) -> bool {
        self.size() > 1
    }

    /// This process's part of so many things: one after the other, no two parts differ by more than one.
    pub fn share(&self, count: usize) -> Range<usize> {
        let border = |rank: usize| count * rank / self.size().max(1);
        border(self.rank())..border(self.rank() + 1)
    }

    /// Sums numbers that lie in several places, in buckets: small ones together, large ones piece by piece.
    pub(crate) fn sum<'a>(&self, places: impl IntoIterator<Item = &'a mut [f32]>) {
        if !self.is_many() {
            return;
        }
        let mut bucket: Vec<f32> = Vec::with_capacity(BUCKET);
        let mut waiting: Vec<&mut [f32]> = Vec::new();
        for piece in places.into_iter().flat_map(|place| place.chunks_mut(BUCKET)) {
            if bucket.len() + piece.len() > BUCKET {
                self.flush(&mut bucket, &mut waiting);
            }
            bucket.extend_from_slice(piece);
            waiting.push(piece);
        }
        self.flush(&mut bucket, &mut waiting);
    }

    /// Sums a bucket, and puts its numbers back where they came from.
    fn flush(&self, bucket: &mut Vec<f32>, waiting: &mut Vec<&mut [f32]>) {
        if bucket.is_empty() {
            return;
        }
        self.all_reduce(bucket);
        let mut rest = bucket.as_slice();
        for place in waiting.drain(..) {
            let (own, after) = rest.split_at(place.len().min(rest.len()));
            place.copy_from_slice(own);
            rest = after;
        }
        bucket.clear();
    }

    /// Sums a few figures over all processes, in the order of their ranks.
    pub(crate) fn total<const N: usize>(&self, own: [f64; N]) -> [f64; N] {
        if !self.is_many() {
            return own;
        }
        let mut sums = [0.0; N];
        for bytes in self.all_gather(&own.map(f64::to_le_bytes).concat()) {
            for (sum, number) in sums.iter_mut().zip(bytes.as_chunks::<8>().0) {
                *sum += f64::from_le_bytes(*number);
            }
        }
        sums
    }

    /// Figures of all processes, one process's after the other's.
    #[cfg(any(feature = "language", test))]
    pub(crate) fn joined(&self, own: Vec<f64>) -> Vec<f64> {
        if !self.is_many() {
            return own;
        }
        let bytes: Vec<u8> = own.iter().flat_map(|number| number.to_le_bytes()).collect();
        let all = self.all_gather(&bytes).concat();
        all.as_chunks::<8>().0.iter().map(|number| f64::from_le_bytes(*number)).collect()
    }

    /// What the first process gives; what others give is not looked at.
    pub fn broadcast(&self, own: Vec<u8>) -> Vec<u8> {
        if !self.is_many() {
            return own;
        }
        let own = if self.is_first() { own } else { Vec::new() };
        self.all_gather(&own).into_iter().next().unwrap_or_default()
    }

    /// What the first process decides.
    pub(crate) fn decided(&self, own: bool) -> bool {
        self.broadcast(vec![u8::from(own)]) == [1]
    }

    /// A figure as the first process has it.
    pub(crate) fn told(&self, own: f64) -> f64 {
        let bytes = self.broadcast(own.to_le_bytes().to_vec());
        bytes.as_chunks::<8>().0.first().map_or(own, |number| f64::from_le_bytes(*number))
    }

    /// Makes sure that all processes have the same.
    ///
    /// # Errors
    /// When one has something else.
    pub(crate) fn same(&self, own: &[u8]) -> Result<()> {
        if !self.is_many() {
            return Ok(());
        }
        let own = Digest::of(own);
        let all = self.all_gather(own.as_bytes());
        match all.iter().position(|other| other != own.as_bytes()) {
            None => Ok(()),
            Some(rank) => {
                Err(Fault::new(&PROCESSES_APART).arg("one", self.rank() + 1).arg("other", rank + 1))
            }
        }
    }
}

/// Joins the processes that a launcher of MPI started with this one; without such a launcher, and of one process, it is alone.
///
/// # Errors
/// When there are others and this build knows no MPI, or another one than the launcher's.
pub fn join() -> Result<Box<dyn Group>> {
    let launched = LAUNCHED.into_iter().find_map(|name| std::env::var(name).ok()?.parse().ok());
    match launched.unwrap_or(1) {
        0 | 1 => Ok(Box::new(Alone)),
        processes => joined(processes),
    }
}

#[cfg(feature = "mpi")]
fn joined(processes: usize) -> Result<Box<dyn Group>> {
    use crate::messages::PROCESSES_STRANGERS;
    let strangers = |found: usize| {
        Fault::new(&PROCESSES_STRANGERS).arg("processes", processes).arg("found", found)
    };
    let group = mpi::Mpi::new().ok_or_else(|| strangers(0))?;
    if group.size() == processes { Ok(Box::new(group)) } else { Err(strangers(group.size())) }
}

#[cfg(not(feature = "mpi"))]
fn joined(processes: usize) -> Result<Box<dyn Group>> {
    use crate::messages::PROCESSES_UNABLE;
    Err(Fault::new(&PROCESSES_UNABLE).arg("processes", processes))
}

#[cfg(test)]
mod tests {
    use super::threads::together;
    use super::*;

    #[test]
    fn shares_are_whole_and_even() {
        for size in 1..6 {
            let shares = together(size, |group| [0, 1, 5, 32].map(|count| group.share(count)));
            for (at, count) in [0, 1, 5, 32].into_iter().enumerate() {
                let mut next = 0;
                for share in shares.iter().map(|own| own[at].clone()) {
                    assert_eq!(share.start, next);
                    assert!(share.len() == count / size || share.len() == count / size + 1);
                    next = share.end;
                }
                assert_eq!(next, count);
            }
        }
    }

    /// Places smaller and larger than a bucket, and none at all.
    #[test]
    fn buckets_are_put_back_where_they_came_from() {
        let sizes = [3, BUCKET - 1, 0, 2 * BUCKET + 7, 1, BUCKET];
        let found = together(3, |group| {
            let mut places: Vec<Vec<f32>> = Vec::new();
            let mut next = 0_u16;
            for size in sizes {
                let mut number = || {
                    next = next.wrapping_add(1);
                    f32::from(next % 1000) * f32::from([1_u8, 2, 4][group.rank()])
                };
                places.push((0..size).map(|_| number()).collect());
            }
            group.sum(places.iter_mut().map(Vec::as_mut_slice));
            places
        });
        assert!(found.iter().all(|own| *own == found[0]));
        let mut next = 0_u16;
        for place in &found[0] {
            for number in place {
                next = next.wrapping_add(1);
                assert!((number - 7.0 * f32::from(next % 1000)).abs() < f32::EPSILON);
            }
        }
    }

    #[test]
    fn figures_are_summed_joined_and_told_by_the_first() {
        let found = together(3, |group| {
            let own = f64::from([1_u8, 2, 4][group.rank()]);
            let bytes = group.broadcast(vec![7; group.rank() + 1]);
            let joined = group.joined(vec![own; group.rank()]);
            (group.total([own, 1.0]), joined, bytes, group.told(own), group.decided(own < 2.0))
        });
        for own in found {
            assert_eq!(own, ([7.0, 3.0], vec![2.0, 4.0, 4.0], vec![7], 1.0, true));
        }
    }

    #[test]
    fn what_is_not_the_same_is_refused_by_all() {
        let found = together(2, |group| {
            group.same(b"weights").unwrap();
            group.same(&[u8::from(group.is_first())]).unwrap_err().code()
        });
        assert_eq!(found, ["train-processes-apart"; 2]);
    }
}
