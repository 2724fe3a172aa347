//! Processes that a launcher of MPI started, through whatever implementation of MPI this build was linked with.

use super::Group;
use mpi::collective::SystemOperation;
use mpi::datatype::PartitionMut;
use mpi::environment::Universe;
use mpi::traits::{Communicator, CommunicatorCollectives};
use mpi::{Count, Threading};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Bytes that one process gives at once, at most: MPI counts what all give in 31 bits.
const PIECE: usize = 1 << 24;
/// Looks for the others before a process that waits begins to sleep between them.
const EAGER: u32 = 10_000;
/// How long it sleeps: the first process may read tables for minutes, and needs the processor more.
const NAP: Duration = Duration::from_millis(2);

/// This process among those of its world.
pub(super) struct Mpi {
    /// Calls are made one at a time, whichever thread makes them.
    universe: Mutex<Universe>,
    rank: usize,
    size: usize,
    host: String,
}

impl std::fmt::Debug for Mpi {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mpi({} of {})", self.rank, self.size)
    }
}

impl Mpi {
    /// Joins the world; `None` when this process did before, or calls from several threads are not allowed.
    pub(super) fn new() -> Option<Self> {
        let (universe, threading) = mpi::initialize_with_threading(Threading::Serialized)?;
        if threading < Threading::Serialized {
            return None;
        }
        let world = universe.world();
        let number = |own: i32| usize::try_from(own).ok();
        let (rank, size) = (number(world.rank())?, number(world.size())?);
        let host = mpi::environment::processor_name().unwrap_or_default();
        Some(Self { universe: Mutex::new(universe), rank, size, host })
    }

    fn with<T>(&self, work: impl FnOnce(&mpi::topology::SimpleCommunicator) -> T) -> T {
        let universe = self.universe.lock().unwrap_or_else(PoisonError::into_inner);
        work(&universe.world())
    }
}

/// Waits until all have come, without keeping a core busy.
fn meet(world: &mpi::topology::SimpleCommunicator) {
    let mut request = world.immediate_barrier();
    let mut looks = 0;
    while let Err(open) = request.test() {
        request = open;
        looks += 1;
        if looks < EAGER { std::thread::yield_now() } else { std::thread::sleep(NAP) }
    }
}

impl Group for Mpi {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.size
    }

    fn all_reduce(&self, numbers: &mut [f32]) {
        let own = numbers.to_vec();
        self.with(|world| world.all_reduce_into(own.as_slice(), numbers, SystemOperation::sum()));
    }

    fn all_gather(&self, own: &[u8]) -> Vec<Vec<u8>> {
        self.with(|world| {
            meet(world);
            let mut lengths = vec![0_u64; self.size];
            world.all_gather_into(&(own.len() as u64), lengths.as_mut_slice());
            let length = |length: &u64| usize::try_from(*length).unwrap_or(usize::MAX);
            let lengths: Vec<usize> = lengths.iter().map(length).collect();
            let mut all = vec![Vec::new(); self.size];
            let longest = lengths.iter().copied().max().unwrap_or_default();
            let most = PIECE / self.size;
            for start in (0..longest).step_by(most) {
                let piece = |length: usize| length.saturating_sub(start).min(most);
                let counts: Vec<Count> = lengths
                    .iter()
                    .map(|length| Count::try_from(piece(*length)).unwrap_or_default())
                    .collect();
                let places: Vec<Count> = counts
                    .iter()
                    .scan(0, |next, count| Some(std::mem::replace(next, *next + count)))
                    .collect();
                let mut bytes = vec![0_u8; lengths.iter().map(|length| piece(*length)).sum()];
                let mine = own.get(start.min(own.len())..).unwrap_or_default();
                let mine = mine.get(..mine.len().min(most)).unwrap_or_default();
                let mut parts = PartitionMut::new(bytes.as_mut_slice(), counts, places);
                world.all_gather_varcount_into(mine, &mut parts);
                let mut rest = bytes.as_slice();
                for (whole, length) in all.iter_mut().zip(&lengths) {
                    let (part, after) = rest.split_at(piece(*length).min(rest.len()));
                    whole.extend_from_slice(part);
                    rest = after;
                }
            }
            all
        })
    }

    fn host(&self) -> String {
        self.host.clone()
    }

    fn end_all(&self, code: u8) {
        self.with(|world| {
            world.abort(i32::from(code));
        });
    }
}

impl Drop for Mpi {
    fn drop(&mut self) {
        // The others would wait for ever for one that panicked.
        if std::thread::panicking() {
            self.end_all(101);
        }
    }
}
