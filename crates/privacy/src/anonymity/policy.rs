//! What is asked of a table.

use super::hierarchy::Hierarchy;
use super::messages::{COLUMN_TWICE, POLICY_RANGE, POLICY_SENSITIVE, PRESENCE_LOCAL};
use ingot_base::{Fault, Result};
use serde::{Deserialize, Serialize};

/// The promises a released table must keep, and how it may be changed to keep them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// Every person has at least `k - 1` others with the same quasi-identifiers; at least 1. Sweeney, "k-anonymity: a model for
    /// protecting privacy" (2002).
    pub k: u32,
    /// The column that says whose a row is; without it each row counts as a person. Rows without a value there count as one person,
    /// the safe side. Every promise and suppression count persons, whatever values a person has in
    /// however many rows ([`super::Models`]); the loss counts rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// How diverse each sensitive column is within every class.
    pub l: Option<Diversity>,
    /// Largest share of one sensitive value in a class, in (0, 1]. Wong et al., "(α, k)-anonymity" (2006).
    pub alpha: Option<f64>,
    /// Largest earth mover's distance between a class and the released table, in [0, 1]: ordered distance for numbers and
    /// dates, equal distance for the rest. Li, Li and Venkatasubramanian, "t-closeness" (2007).
    pub t: Option<f64>,
    /// Largest gain of confidence in a sensitive value. Cao and Karras, "Publishing microdata with a robust privacy
    /// guarantee" (2012).
    pub beta: Option<Likeness>,
    /// Largest |ln(q/p)| of a value's share in a class against the released table, above 0; a value of the table that a
    /// class lacks counts as infinite. Brickell and Shmatikov, "The cost of privacy" (2008).
    pub delta: Option<f64>,
    /// Bounds of the chance that a person of the population is in the table.
    pub presence: Option<Presence>,
    /// What others may know of a person.
    pub quasi: Vec<Quasi>,
    /// What they must not learn.
    pub sensitive: Vec<String>,
    /// Largest share of persons of whom rows may be removed, in [0, 1].
    pub max_suppressed: f64,
    /// What the search makes least.
    pub loss: Loss,
    /// Whether a column has one level, or each class its own.
    #[serde(default)]
    pub recoding: Recoding,
}

impl Policy {
    /// k-anonymity alone: nothing suppressed, least normalised certainty penalty, full-domain.
    pub fn new(k: u32, quasi: Vec<Quasi>) -> Self {
        Self {
            k,
            person: None,
            l: None,
            alpha: None,
            t: None,
            beta: None,
            delta: None,
            presence: None,
            quasi,
            sensitive: Vec::new(),
            max_suppressed: 0.0,
            loss: Loss::Certainty,
            recoding: Recoding::Full,
        }
    }

    /// Whether a model looks at sensitive values.
    pub(super) fn asks_values(&self) -> bool {
        self.l.is_some()
            || self.alpha.is_some()
            || self.t.is_some()
            || self.beta.is_some()
            || self.delta.is_some()
    }

    /// Every setting in its range, every column once.
    pub(super) fn check(&self) -> Result<()> {
        let range = |fine: bool, setting: &str, range: &str| {
            if fine {
                return Ok(());
            }
            Err(Fault::new(&POLICY_RANGE)
                .arg("setting", setting)
                .arg("range", range)
                .at(place(setting)))
        };
        let above = |value: f64| value.is_finite() && value > 0.0;
        range(self.k >= 1, "k", "k ≥ 1")?;
        range(!self.quasi.is_empty(), "quasi", "quasi ≠ []")?;
        range(
            (0.0..=1.0).contains(&self.max_suppressed),
            "max_suppressed",
            "0 ≤ max_suppressed ≤ 1",
        )?;
        range(self.t.is_none_or(|t| (0.0..=1.0).contains(&t)), "t", "0 ≤ t ≤ 1")?;
        range(
            self.alpha.is_none_or(|alpha| above(alpha) && alpha <= 1.0),
            "alpha",
            "0 < alpha ≤ 1",
        )?;
        range(self.delta.is_none_or(above), "delta", "delta > 0")?;
        range(
            self.beta.is_none_or(|(Likeness::Basic(beta) | Likeness::Enhanced(beta))| above(beta)),
            "beta",
            "beta > 0",
        )?;
        range(
            self.l.is_none_or(|l| match l {
                Diversity::Distinct(l) => l >= 1,
                Diversity::Entropy(l) => l.is_finite() && l >= 1.0,
                Diversity::Recursive { c, l } => above(c) && l >= 1,
            }),
            "l",
            "l ≥ 1, c > 0",
        )?;
        range(
            self.presence.is_none_or(|Presence { least, most }| {
                0.0 <= least && least <= most && most <= 1.0
            }),
            "presence",
            "0 ≤ least ≤ most ≤ 1",
        )?;
        if self.presence.is_some() && self.recoding == Recoding::Local {
            return Err(Fault::new(&PRESENCE_LOCAL).at(place("recoding")));
        }
        for (needs, setting) in [
            (self.l.is_some(), "l"),
            (self.alpha.is_some(), "alpha"),
            (self.t.is_some(), "t"),
            (self.beta.is_some(), "beta"),
            (self.delta.is_some(), "delta"),
        ] {
            if needs && self.sensitive.is_empty() {
                return Err(Fault::new(&POLICY_SENSITIVE)
                    .arg("setting", setting)
                    .at(place(setting)));
            }
        }
        let quasi: Vec<&str> = self.quasi.iter().map(|quasi| quasi.name.as_str()).collect();
        once(&quasi, &self.sensitive, self.person.as_deref())
    }
}

fn place(setting: &str) -> String {
    format!("protect.anonymity.{setting}")
}

/// Every column stands in one place only.
pub(super) fn once(quasi: &[&str], sensitive: &[String], person: Option<&str>) -> Result<()> {
    let mut names: Vec<&str> = quasi.to_vec();
    names.extend(sensitive.iter().map(String::as_str).chain(person));
    names.sort_unstable();
    match names.windows(2).find(|pair| pair.first() == pair.last()).and_then(<[&str]>::first) {
        Some(twice) => Err(Fault::new(&COLUMN_TWICE).arg("column", twice)),
        None => Ok(()),
    }
}

/// A quasi-identifier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Quasi {
    /// The column's name.
    pub name: String,
    /// How its values become coarser.
    pub hierarchy: Hierarchy,
}

/// The models of Machanavajjhala et al., "ℓ-diversity: privacy beyond k-anonymity" (2007), for each sensitive column by itself.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Diversity {
    /// At least so many different values in a class.
    Distinct(u32),
    /// Entropy of a class at least ln l.
    Entropy(f64),
    /// `r₁ < c·(r_l + … + r_m)`, where r₁ ≥ r₂ ≥ … are the counts of a class's values.
    Recursive {
        /// Above 0.
        c: f64,
        /// At least 1.
        l: u32,
    },
}

impl Diversity {
    /// l as a whole number, rounded up.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at least 1; more than there are values stays more"
    )]
    pub(super) fn least(self) -> u32 {
        match self {
            Self::Distinct(l) | Self::Recursive { l, .. } => l,
            Self::Entropy(l) => l.ceil() as u32,
        }
    }

    /// The same with another l.
    pub(super) fn with(self, l: u32) -> Self {
        match self {
            Self::Distinct(_) => Self::Distinct(l),
            Self::Entropy(_) => Self::Entropy(f64::from(l)),
            Self::Recursive { c, .. } => Self::Recursive { c, l },
        }
    }
}

/// β-likeness. p and q are a value's shares in the released table and in a class; only gains (q > p) count.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Likeness {
    /// (q − p)/p ≤ β.
    Basic(f64),
    /// (q − p)/p ≤ min(β, −ln p).
    Enhanced(f64),
}

/// δ-presence: for every class of the population, persons of the table ÷ rows of the population lies in `[least, most]`. Nergiz,
/// Atzori and Clifton, "Hiding the presence of individuals from shared databases" (2007).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Presence {
    /// `δ_min`, in [0, 1].
    pub least: f64,
    /// `δ_max`, in [`δ_min`, 1].
    pub most: f64,
}

/// Where levels are chosen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recoding {
    /// One level a column: the optimum of the lattice.
    #[default]
    Full,
    /// That optimum, then levels class by class: suppressed rows come back where they are coarse enough together, and classes
    /// are divided while every part keeps the promise. It loses no more than the optimum. After `LeFevre`, `DeWitt` and
    /// Ramakrishnan, "Mondrian multidimensional k-anonymity" (2006), over the levels of hierarchies.
    Local,
}

/// What a search makes least. A suppressed row costs what the worst row can cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// Normalised certainty penalty, mean over rows and quasi-identifiers, in [0, 1]: a number costs its interval's width ÷
    /// the column's range; another value costs the share of the column's different values that its class covers, 0 alone; a
    /// suppressed row costs 1. Xu et al., "Utility-based anonymization using local recoding" (2006); its mean is GCP of
    /// Ghinita et al., "Fast data anonymization with low information loss" (2007).
    Certainty,
    /// Discernibility, rows²: the sum of squared class sizes, plus the number of rows for each suppressed row. Bayardo and
    /// Agrawal, "Data privacy through optimal k-anonymization" (2005).
    Discernibility,
    /// `C_avg`: rows ÷ classes ÷ k, at least 1 where nothing is suppressed. `LeFevre`, `DeWitt` and Ramakrishnan, "Mondrian
    /// multidimensional k-anonymity" (2006). Suppressed rows stay in the number of rows, so that suppression never looks like a gain.
    AverageClass,
}
