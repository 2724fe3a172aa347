//! Who does which piece: the scheduler's decisions, without a network, a clock or a thread.

use crate::frame::{Frame, Kind};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// After so many executors vanished with it, a piece is suspected of being the reason.
pub(crate) const LOSSES: u32 = 3;

/// A connection, as the scheduler numbers them; a client's is also its job.
pub(crate) type Id = u64;

/// A message and whom it is for.
pub(crate) type Outgoing = (Id, Frame);

#[derive(Debug)]
struct Executor {
    free: u64,
    places: u64,
    knows: BTreeSet<Id>,
    running: BTreeSet<(Id, u64)>,
}

#[derive(Debug)]
struct Piece {
    bytes: Arc<[u8]>,
    losses: u32,
    with: Option<Id>,
}

#[derive(Debug, Default)]
struct Job {
    setup: Option<Arc<[u8]>>,
    pieces: BTreeMap<u64, Piece>,
    waiting: VecDeque<u64>,
}

/// Executors, jobs, and what runs where.
#[derive(Debug, Default)]
pub(crate) struct Broker {
    executors: BTreeMap<Id, Executor>,
    jobs: BTreeMap<Id, Job>,
    /// The job served last: the next piece is of the one after it.
    last: Id,
}

impl Broker {
    /// An executor with so many places came.
    pub(crate) fn executor(&mut self, id: Id, places: u64) -> Vec<Outgoing> {
        let (knows, running) = (BTreeSet::new(), BTreeSet::new());
        self.executors.insert(id, Executor { free: places, places, knows, running });
        let mut out = self.tell_places();
        self.hand_out(&mut out);
        out
    }

    /// A client came.
    pub(crate) fn client(&mut self, id: Id) -> Vec<Outgoing> {
        self.jobs.insert(id, Job::default());
        vec![(id, Frame::bare(Kind::Places, 0, self.places()))]
    }

    /// A connection ended, whichever it was.
    pub(crate) fn left(&mut self, id: Id) -> Vec<Outgoing> {
        let mut out = Vec::new();
        if self.jobs.remove(&id).is_some() {
            for (executor, state) in &mut self.executors {
                if state.knows.remove(&id) {
                    out.push((*executor, Frame::bare(Kind::Forget, id, 0)));
                }
            }
        }
        if let Some(gone) = self.executors.remove(&id) {
            for (job_id, number) in gone.running {
                let Some(job) = self.jobs.get_mut(&job_id) else { continue };
                let Some(piece) = job.pieces.get_mut(&number) else { continue };
                piece.losses += 1;
                piece.with = None;
                if piece.losses >= LOSSES {
                    job.pieces.remove(&number);
                    out.push((job_id, Frame::bare(Kind::Undone, 0, number)));
                } else {
                    job.waiting.push_front(number);
                }
            }
            out.extend(self.tell_places());
        }
        self.hand_out(&mut out);
        out
    }

    /// A client says something.
    pub(crate) fn client_says(&mut self, id: Id, frame: Frame) -> Vec<Outgoing> {
        let Some(job) = self.jobs.get_mut(&id) else { return Vec::new() };
        match frame.kind {
            Kind::Setup => job.setup = Some(frame.bytes),
            Kind::Piece => {
                let piece = Piece { bytes: frame.bytes, losses: 0, with: None };
                if job.pieces.insert(frame.number, piece).is_none() {
                    job.waiting.push_back(frame.number);
                }
            }
            _ => {}
        }
        let mut out = Vec::new();
        self.hand_out(&mut out);
        out
    }

    /// An executor says something. Results of a job that is over, or of a piece it was not given, are nobody's.
    pub(crate) fn executor_says(&mut self, id: Id, frame: Frame) -> Vec<Outgoing> {
        let mut out = Vec::new();
        let Some(executor) = self.executors.get_mut(&id) else { return out };
        if matches!(frame.kind, Kind::Done | Kind::Undone)
            && executor.running.remove(&(frame.job, frame.number))
        {
            executor.free += 1;
            if let Some(job) = self.jobs.get_mut(&frame.job)
                && job.pieces.get(&frame.number).is_some_and(|piece| piece.with == Some(id))
            {
                job.pieces.remove(&frame.number);
                out.push((frame.job, Frame { job: 0, ..frame }));
            }
        }
        self.hand_out(&mut out);
        out
    }

    /// How many pieces are done at once.
    fn places(&self) -> u64 {
        self.executors.values().map(|executor| executor.places).sum()
    }

    fn tell_places(&self) -> Vec<Outgoing> {
        let places = self.places();
        self.jobs.keys().map(|job| (*job, Frame::bare(Kind::Places, 0, places))).collect()
    }

    /// Gives every free place a piece, jobs taking turns, the emptiest executor first.
    fn hand_out(&mut self, out: &mut Vec<Outgoing>) {
        while let Some((job_id, number)) = self.next_piece() {
            let free = self.executors.iter_mut().filter(|(_, executor)| executor.free > 0);
            let Some((executor_id, executor)) =
                free.max_by_key(|(id, executor)| (executor.free, u64::MAX - **id))
            else {
                return;
            };
            let Some(job) = self.jobs.get_mut(&job_id) else { return };
            job.waiting.pop_front();
            let Some(piece) = job.pieces.get_mut(&number) else { continue };
            self.last = job_id;
            if executor.knows.insert(job_id) {
                let setup = job.setup.clone().unwrap_or_else(|| Vec::new().into());
                out.push((*executor_id, Frame::new(Kind::Setup, job_id, 0, setup)));
            }
            piece.with = Some(*executor_id);
            executor.free -= 1;
            executor.running.insert((job_id, number));
            let frame = Frame::new(Kind::Piece, job_id, number, Arc::clone(&piece.bytes));
            out.push((*executor_id, frame));
        }
    }

    /// The first waiting piece of the job whose turn it is.
    fn next_piece(&self) -> Option<(Id, u64)> {
        let after = self.jobs.range(self.last + 1..);
        let before = self.jobs.range(..=self.last);
        let mut jobs = after.chain(before).filter(|(_, job)| job.setup.is_some());
        jobs.find_map(|(id, job)| job.waiting.front().map(|number| (*id, *number)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(number: u64) -> Frame {
        Frame::new(Kind::Piece, 0, number, vec![u8::try_from(number).unwrap()])
    }

    fn setup() -> Frame {
        Frame::new(Kind::Setup, 0, 0, vec![99])
    }

    fn pieces(out: &[Outgoing]) -> Vec<(Id, Id, u64)> {
        let of = out.iter().filter(|(_, frame)| frame.kind == Kind::Piece);
        of.map(|(to, frame)| (*to, frame.job, frame.number)).collect()
    }

    /// A client 10 with three pieces, no executor yet.
    fn waiting() -> Broker {
        let mut broker = Broker::default();
        broker.client(10);
        broker.client_says(10, setup());
        for number in 0..3 {
            assert!(broker.client_says(10, piece(number)).is_empty());
        }
        broker
    }

    #[test]
    fn pieces_wait_for_an_executor_and_get_the_setup_once() {
        let mut broker = waiting();
        let out = broker.executor(1, 2);
        assert_eq!(pieces(&out), [(1, 10, 0), (1, 10, 1)]);
        assert_eq!(out.iter().filter(|(_, frame)| frame.kind == Kind::Setup).count(), 1);
        let out = broker.executor_says(1, Frame::new(Kind::Done, 10, 1, vec![7]));
        assert_eq!(out.first().unwrap(), &(10, Frame::new(Kind::Done, 0, 1, vec![7])));
        assert_eq!(pieces(&out), [(1, 10, 2)]);
        assert!(!out.iter().any(|(_, frame)| frame.kind == Kind::Setup));
    }

    #[test]
    fn what_a_vanished_executor_had_goes_to_another() {
        let mut broker = waiting();
        broker.executor(1, 3);
        broker.executor(2, 3);
        let out = broker.left(1);
        assert_eq!(pieces(&out).len(), 3);
        assert!(pieces(&out).iter().all(|(to, ..)| *to == 2));
        // Its late answer counts for nothing.
        assert!(broker.executor_says(1, Frame::bare(Kind::Done, 10, 0)).is_empty());
    }

    #[test]
    fn a_piece_that_takes_executors_with_it_goes_back() {
        let mut broker = waiting();
        for id in 1..u64::from(LOSSES) {
            broker.executor(id, 3);
            assert!(broker.left(id).iter().all(|(_, frame)| frame.kind != Kind::Undone));
        }
        broker.executor(99, 1);
        let out = broker.left(99);
        let undone: Vec<_> = out.iter().filter(|(_, frame)| frame.kind == Kind::Undone).collect();
        assert_eq!(undone.len(), 1);
    }

    #[test]
    fn jobs_take_turns_and_a_client_that_left_is_forgotten() {
        let mut broker = waiting();
        broker.client(11);
        broker.client_says(11, setup());
        broker.client_says(11, piece(0));
        let out = broker.executor(1, 2);
        assert_eq!(pieces(&out).iter().map(|(_, job, _)| *job).collect::<Vec<_>>(), [10, 11]);
        let out = broker.left(10);
        assert!(out.contains(&(1, Frame::bare(Kind::Forget, 10, 0))));
        let out = broker.executor_says(1, Frame::bare(Kind::Done, 10, 0));
        assert!(out.is_empty(), "nobody waits for it: {out:?}");
    }

    #[test]
    fn an_executor_cannot_answer_for_another() {
        let mut broker = waiting();
        broker.executor(1, 3);
        broker.executor(2, 3);
        assert!(broker.executor_says(2, Frame::bare(Kind::Done, 10, 0)).is_empty());
    }
}
