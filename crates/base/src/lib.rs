//! What every room shares: tasks, signatures, digests, faults in two languages, secrets, atomic files, clock and reporter.
//!
//! This crate knows no file format, no engine and no protocol; it must stay cheap to build because everything rebuilds
//! after it.

pub mod atomic;
pub mod clock;
pub mod crash;
pub mod day;
pub mod digest;
pub mod fault;
pub mod held;
pub mod lang;
pub mod reporter;
pub mod rng;
pub mod secret;
pub mod signature;
pub mod spelling;
pub mod task;
pub mod width;

pub use clock::{Clock, FixedClock, SystemClock};
pub use digest::Digest;
pub use fault::{Class, Fault, Message};
pub use held::Held;
pub use lang::{Lang, Text};
pub use reporter::{Heard, Reporter, Silent};
pub use rng::Rng;
pub use secret::{Personal, Secret};
pub use signature::{Field, FieldKind, Outlier, Output, Signature, Spelling, Treatment};
pub use spelling::{folded, told_apart, unified};
pub use task::{Tabular, Task};
pub use width::half_width;

/// Shorthand for a result whose error a person can act on.
pub type Result<T> = std::result::Result<T, Fault>;
