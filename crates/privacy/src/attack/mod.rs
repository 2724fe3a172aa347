//! Attacks that are run, not assumed: what a curious person with outside knowledge really achieves against a result.
//!
//! - [`linkage()`]: knows quasi-identifiers of persons and looks for their rows in a protected table.
//! - [`membership_by_distance`]: asks whether a person was among the rows that a table was made of.
//! - [`membership_by_loss`]: asks whether a row was among those a model was trained on.
//!
//! Every attack is deterministic by its seed, bounded by sampling, and reports an interval and the success of guessing
//! beside its own. A low figure means that *these* attackers failed; it is evidence, not proof.

mod interval;
mod linkage;
mod membership;
pub mod messages;
mod random;
mod table;
mod telling;

pub use interval::{Rate, wilson};
pub use linkage::{Inference, Linkage, Scene, linkage};
pub use membership::{Membership, membership_by_distance, membership_by_loss};
pub use table::{Levels, Pair};
pub use telling::{Coarsened, Relation, Telling};

use serde::{Deserialize, Serialize};

/// How much work an attack may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effort {
    /// Persons attacked, drawn at random.
    pub targets: usize,
    /// Different rows compared with each of them; where the table has more, only those that agree in a rare value are.
    pub candidates: usize,
    /// Decides which persons, and guesses among equals.
    pub seed: u64,
}

impl Default for Effort {
    fn default() -> Self {
        Self { targets: 2_000, candidates: 50_000, seed: 42 }
    }
}
