//! Dynamic batching. A request whose rows take moments is answered on its own thread at once: an idle server adds no wait.
//! When as many evaluations run as there are cores, or the rows take longer, they queue; whoever becomes free evaluates all
//! that queued, up to a bound, as one batch off the request threads.

use crate::engine::Engine;
use crate::messages::{ENGINE, GONE, PANIC, QUEUE_FULL};
use crate::metrics::ModelMetrics;
use crate::problem::Problem;
use ingot_base::{Fault, Result};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// What may be evaluated on a request thread.
const MOMENT: u64 = 100_000;
/// Nanoseconds of a large job between two looks at whether somebody still waits for it.
const PART: u64 = 100_000_000;

/// Rows of one request, row-major.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rows {
    pub(crate) features: Vec<f64>,
    pub(crate) count: usize,
}

/// How a batcher is bounded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Evaluations at once.
    pub(crate) slots: usize,
    /// Rows in one batch.
    pub(crate) batch: usize,
    /// Rows that may wait.
    pub(crate) queue: usize,
    /// How long a queued batch waits for company.
    pub(crate) wait: Duration,
}

/// Gathers the rows of concurrent requests for one engine.
pub(crate) struct Batcher {
    engine: Arc<dyn Engine>,
    width: usize,
    bounds: Bounds,
    metrics: Arc<ModelMetrics>,
    running: AtomicUsize,
    queue: Mutex<Queue>,
    arrived: Condvar,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    rows: usize,
}

struct Job {
    rows: Rows,
    done: oneshot::Sender<Result<Vec<f64>>>,
}

impl Batcher {
    pub(crate) fn new(engine: Arc<dyn Engine>, bounds: Bounds, metrics: Arc<ModelMetrics>) -> Self {
        let width = engine.signature().output.width();
        Self {
            engine,
            width,
            bounds,
            metrics,
            running: AtomicUsize::new(0),
            queue: Mutex::default(),
            arrived: Condvar::new(),
        }
    }

    /// The scores of a request's rows, `width` numbers each.
    pub(crate) async fn scores(
        self: &Arc<Self>,
        rows: Rows,
    ) -> std::result::Result<Vec<f64>, Problem> {
        let cost = self.engine.row_nanoseconds().saturating_mul(rows.count as u64);
        if cost <= MOMENT && self.take_slot() {
            let scores = self.evaluate(&rows.features, rows.count);
            self.free_slot();
            return scores.map_err(Problem::new);
        }
        let (done, answer) = oneshot::channel();
        self.enqueue(Job { rows, done })?;
        self.arrived.notify_all();
        if self.take_slot() {
            self.spawn();
        }
        answer.await.unwrap_or_else(|_| Err(Fault::new(&ENGINE))).map_err(Problem::new)
    }

    fn take_slot(&self) -> bool {
        let more = |running| (running < self.bounds.slots).then_some(running + 1);
        self.running.fetch_update(Ordering::AcqRel, Ordering::Acquire, more).is_ok()
    }

    /// Frees the slot, and takes one again if somebody queued meanwhile: nobody is left waiting.
    fn free_slot(self: &Arc<Self>) {
        self.running.fetch_sub(1, Ordering::AcqRel);
        let waiting = !self.lock().jobs.is_empty();
        if waiting && self.take_slot() {
            self.spawn();
        }
    }

    fn enqueue(&self, job: Job) -> std::result::Result<(), Problem> {
        let mut queue = self.lock();
        let rows = queue.rows + job.rows.count;
        // A request larger than the whole queue may wait alone.
        if rows > self.bounds.queue && !queue.jobs.is_empty() {
            return Err(Problem::new(Fault::new(&QUEUE_FULL)).retry_after(1));
        }
        queue.rows = rows;
        queue.jobs.push_back(job);
        self.show_depth(rows);
        Ok(())
    }

    /// Works off the queue on a thread of its own; owns a slot.
    fn spawn(self: &Arc<Self>) {
        let batcher = Arc::clone(self);
        tokio::task::spawn_blocking(move || {
            loop {
                let jobs = batcher.gather();
                if jobs.is_empty() {
                    break;
                }
                batcher.answer(jobs);
            }
            batcher.free_slot();
        });
    }

    /// The next batch: what waits, up to the bound, after giving others a moment to come.
    fn gather(&self) -> Vec<Job> {
        let mut queue = self.lock();
        if queue.jobs.is_empty() {
            return Vec::new();
        }
        let end = Instant::now() + self.bounds.wait;
        // Alone in the queue means nobody else is asking: waiting would only add latency.
        while queue.jobs.len() > 1 && queue.rows < self.bounds.batch {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            queue =
                self.arrived.wait_timeout(queue, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        let mut jobs = Vec::new();
        let mut rows = 0;
        while let Some(job) = queue.jobs.front() {
            if !jobs.is_empty() && rows + job.rows.count > self.bounds.batch {
                break;
            }
            rows += job.rows.count;
            jobs.extend(queue.jobs.pop_front());
        }
        queue.rows -= rows;
        self.show_depth(queue.rows);
        drop(queue);
        // Who gave up needs no answer.
        jobs.retain(|job| !job.done.is_closed());
        if jobs.is_empty() { self.gather() } else { jobs }
    }

    fn answer(&self, jobs: Vec<Job>) {
        let mut jobs = jobs;
        if let [_] = jobs.as_slice()
            && let Some(job) = jobs.pop()
        {
            let scores = self.alone(&job);
            drop(job.done.send(scores));
            return;
        }
        let count = jobs.iter().map(|job| job.rows.count).sum();
        let features: Vec<f64> =
            jobs.iter().flat_map(|job| job.rows.features.iter().copied()).collect();
        match self.evaluate(&features, count) {
            Ok(scores) => {
                let mut rest = scores.as_slice();
                for job in jobs {
                    let (own, others) = rest.split_at(job.rows.count * self.width);
                    rest = others;
                    drop(job.done.send(Ok(own.to_vec())));
                }
            }
            // One request's rows may be to blame: each is asked alone.
            Err(_) => {
                for job in jobs {
                    let scores = self.evaluate(&job.rows.features, job.rows.count);
                    drop(job.done.send(scores));
                }
            }
        }
    }

    /// The scores of a job that may be larger than a batch: in parts, for as long as somebody waits.
    fn alone(&self, job: &Job) -> Result<Vec<f64>> {
        let Rows { features, count } = &job.rows;
        let quick = usize::try_from(PART / self.engine.row_nanoseconds().max(1));
        let most = quick.unwrap_or(usize::MAX).max(self.bounds.batch).max(1);
        if *count <= most {
            return self.evaluate(features, *count);
        }
        let mut scores = Vec::with_capacity(count * self.width);
        let (width, mut rest) = (self.engine.width(), features.as_slice());
        for begun in (0..*count).step_by(most) {
            if job.done.is_closed() {
                return Err(Fault::new(&GONE));
            }
            let rows = most.min(count - begun);
            // A model without inputs has rows of no numbers.
            let (part, others) = rest.split_at(rest.len().min(rows * width));
            rest = others;
            scores.extend(self.evaluate(part, rows)?);
        }
        Ok(scores)
    }

    /// Asks the engine; a panic in it becomes a fault, and so do missing or non-finite scores.
    fn evaluate(&self, features: &[f64], rows: usize) -> Result<Vec<f64>> {
        #[expect(clippy::cast_precision_loss, reason = "batches are small")]
        self.metrics.batches.observe(rows as f64);
        let scores = catch_unwind(AssertUnwindSafe(|| self.engine.scores(features, rows)))
            .unwrap_or_else(|_| Err(Fault::new(&PANIC)))?;
        if scores.len() != rows * self.width || scores.iter().any(|score| !score.is_finite()) {
            return Err(Fault::new(&ENGINE));
        }
        Ok(scores)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn show_depth(&self, rows: usize) {
        let rows = i64::try_from(rows).unwrap_or(i64::MAX);
        self.metrics.queue.store(rows, Ordering::Relaxed);
    }
}

impl std::fmt::Debug for Batcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Batcher").field("bounds", &self.bounds).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Explanation;
    use crate::metrics::Metrics;
    use ingot_base::{Field, FieldKind, Output, Signature, Tabular, Task};

    /// Adds up a row, in as long as it takes to look at who waits.
    struct Sums {
        signature: Signature,
        sizes: Mutex<Vec<usize>>,
    }

    impl Engine for Sums {
        fn signature(&self) -> &Signature {
            &self.signature
        }

        fn scores(&self, features: &[f64], rows: usize) -> Result<Vec<f64>> {
            self.sizes.lock().unwrap().push(rows);
            let row = |row: usize| features.iter().skip(row * self.width()).take(self.width());
            Ok((0..rows).map(|at| row(at).sum()).collect())
        }

        fn explain(&self, _: &[f64]) -> Result<Explanation> {
            Err(ingot_base::fault::internal("nobody asks"))
        }

        fn row_nanoseconds(&self) -> u64 {
            PART
        }
    }

    #[test]
    fn a_large_job_is_answered_in_parts_also_without_inputs() {
        for (inputs, wanted) in [(2, [1.0, 5.0, 9.0, 13.0, 17.0]), (0, [0.0; 5])] {
            let kind = || FieldKind::Number { min: 0.0, max: 9.0, integer: false };
            let field = |at: usize| Field::new(format!("x{at}"), kind(), false);
            let signature = Signature {
                task: Task::Tabular(Tabular::Regression),
                inputs: (0..inputs).map(field).collect(),
                output: Output::Number { target: "y".into() },
            };
            let metrics = Metrics::new().of_model("m", &signature);
            let engine = Arc::new(Sums { signature, sizes: Mutex::default() });
            let bounds = Bounds { slots: 1, batch: 2, queue: 9, wait: Duration::ZERO };
            let batcher = Batcher::new(Arc::<Sums>::clone(&engine), bounds, metrics);
            let (done, _answer) = oneshot::channel();
            let features = (0_u8..10).map(f64::from).take(5 * inputs).collect();
            let job = Job { rows: Rows { features, count: 5 }, done };
            assert_eq!(batcher.alone(&job).unwrap(), wanted);
            assert_eq!(*engine.sizes.lock().unwrap(), [2, 2, 1]);
        }
    }
}
