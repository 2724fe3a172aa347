//! What happens to which column.

use std::collections::BTreeMap;

/// One column and what happens to it.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnRule {
    /// The column's name before.
    pub name: String,
    /// Its name afterwards, where that changes; never with [`Action::Drop`].
    pub rename: Option<String>,
    /// What happens to its values.
    pub action: Action,
}

impl ColumnRule {
    /// The column's name afterwards: the one that tokens are bound to.
    pub fn output(&self) -> &str {
        self.rename.as_deref().unwrap_or(&self.name)
    }
}

/// What happens to the values of a column. Null stays null under every action.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Deterministic AES-256-SIV (RFC 5297) of the value's text, reversible with the key. Equal values of one column have
    /// equal tokens, and a token's length tells the value's length in bytes.
    Encrypt,
    /// Format-preserving encryption (FF1 of NIST SP 800-38G, AES-256) of the value's decimal digits; whatever is no digit stays
    /// where it is; of `7015227.0`, a whole number, `.0` goes. Reversible with the key. A value of fewer than 6 digits, or of more than 36, is refused: SP 800-38G Rev. 1 asks for a
    /// domain of at least a million.
    Fpe,
    /// HMAC-SHA-256 of the value's text; nobody gets it back, whoever has the key can test a guess.
    Hash,
    /// Somebody else's plausible value of this type, the same everywhere in a project; the key holder goes back with the
    /// project's table of pseudonyms.
    Pseudonymize(crate::detect::Kind),
    /// Unicode characters are replaced one by one. A value that is not longer than what is kept is masked whole.
    Mask {
        /// Characters left readable at the start.
        keep_start: usize,
        /// Characters left readable at the end.
        keep_end: usize,
        /// What stands for each hidden character.
        with: char,
    },
    /// Dates move by a number of days of the person's own, the same for all dates of the person under one key; null where the
    /// person is.
    Shift {
        /// The column, by its name before protection, that says whose date it is.
        person: String,
        /// The largest shift in days, back or forth; at least 1.
        days: u32,
    },
    /// A coarser value that all values of its class share.
    Generalize(Generalize),
    /// The column is removed.
    Drop,
}

/// How coarse a value becomes. What cannot be read as the kind of value asked for becomes null and is counted.
#[derive(Debug, Clone, PartialEq)]
pub enum Generalize {
    /// The year of a date, a whole number: 1985.
    Year,
    /// The month of a date, a text: `1985-07`.
    Month,
    /// The first year of a date's decade, a whole number: 1980.
    Decade,
    /// The lower end of the interval `[n·width, (n+1)·width)` that a number lies in; finite, above 0. Whole numbers stay
    /// whole numbers when the width is one.
    Width(f64),
    /// The first so many characters of a text; at least 1. A text that is not longer is its own class.
    Prefix(usize),
    /// The class of a value in a given hierarchy, a text; values go by their canonical texts.
    Given(BTreeMap<String, String>),
}
