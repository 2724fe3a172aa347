//! Differential privacy: statistics of a table that say next to nothing about any one person in it.
//!
//! ```text
//! table + statistics ──Question::new──▶ Question ─┐
//!                       (every fault of the question)  ├──release──▶ Release: figures that may be shown
//! ledger ──spend──▶ Receipt (recorded, on disk) ──────┘
//! ```
//!
//! Whoever sees any number of releases learns, with certainty e^ε (and but for a chance δ), nothing about a person that would not
//! be learned were the person not in the table at all. The neighbouring relation is adding or removing one [`Unit`].
//! Noise is drawn exactly, in whole numbers, from the operating system's randomness; the clamping [`Bounds`], the grids and the
//! categories come from the user, never from the data. What is not hidden: how long a release takes, and the number of
//! releases.

mod account;
mod exact;
mod ledger;
pub mod messages;
mod random;
mod release;
mod statistic;

pub use account::{Amount, Budget, Loss, epsilon_of_rho};
pub use ledger::{Account, Entry, Event, Ledger, Receipt};
pub use random::{Entropy, OsEntropy};
pub use release::{Figure, Question, Release};
pub use statistic::{Bounds, Statistic, Unit};
