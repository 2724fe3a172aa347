//! What a release costs and how costs add up.
//!
//! Two currencies. *Pure* ε-differential privacy adds up plainly: Σεᵢ (Dwork, Roth 2014, theorem 3.16). *Zero-concentrated*
//! privacy ρ adds up plainly too, Σρᵢ, and is what Gaussian noise costs; ε-pure implies ρ = ε²/2 (Bun, Steinke 2016,
//! proposition 1.4 and lemma 1.7). Both sums stay valid when a later question is chosen by earlier answers, also when it is
//! chosen by what the ledger still allows (Feldman, Zrnic 2021).
//!
//! Amounts are whole numbers of 10⁻¹²: noise is calibrated on exactly the number that the ledger adds, so that no rounding
//! lies between what is spent and what is recorded.

use super::messages::{AMOUNT, DELTA};
use ingot_base::{Fault, Result};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Parts of an amount in one.
pub(super) const UNITS: u64 = 1_000_000_000_000;

/// An ε or a ρ: a whole number of 10⁻¹².
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Amount(u64);

impl Amount {
    /// The amount nearest to `value`, from 10⁻⁶ to 10⁶.
    ///
    /// # Errors
    /// For a value outside, or none.
    pub fn new(value: f64) -> Result<Self> {
        if !(1e-6..=1e6).contains(&value) {
            return Err(Fault::new(&AMOUNT));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 10^6 and 10^18, checked above"
        )]
        Ok(Self((value * 1e12).round() as u64))
    }

    pub(super) const fn of_units(units: u64) -> Self {
        Self(units)
    }

    /// The whole number of 10⁻¹².
    pub const fn units(self) -> u64 {
        self.0
    }

    /// The amount as a number, for people.
    #[expect(clippy::cast_precision_loss, reason = "shown, not reckoned with")]
    pub fn value(self) -> f64 {
        self.0 as f64 / 1e12
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.value())
    }
}

/// The price of one release; it also decides the kind of noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// ε-differential privacy, by discrete Laplace noise.
    Pure(Amount),
    /// ρ-zero-concentrated differential privacy, by discrete Gaussian noise.
    Zcdp(Amount),
}

impl Loss {
    /// The largest ρ that implies (ε, δ): what `--epsilon E --delta D` buys with Gaussian noise.
    ///
    /// # Errors
    /// When δ is no small probability, or ε is so small that no ρ is left.
    pub fn gaussian(epsilon: Amount, delta: f64) -> Result<Self> {
        check_delta(delta)?;
        match largest_rho(epsilon, delta) {
            0 => Err(Fault::new(&AMOUNT)),
            units => Ok(Self::Zcdp(Amount(units))),
        }
    }

    /// The price in ρ, in units, rounded up.
    pub(super) fn rho_units(self) -> u128 {
        match self {
            Self::Zcdp(rho) => u128::from(rho.0),
            Self::Pure(epsilon) => {
                let epsilon = u128::from(epsilon.0);
                (epsilon * epsilon).div_ceil(2 * u128::from(UNITS))
            }
        }
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pure(epsilon) => write!(f, "ε = {epsilon}"),
            Self::Zcdp(rho) => write!(f, "ρ = {rho}"),
        }
    }
}

/// What may be spent on one data set, ever.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Budget {
    /// ε alone: Laplace noise only, Σεᵢ ≤ ε.
    Pure {
        /// The most that may be spent.
        epsilon: Amount,
    },
    /// (ε, δ): either noise; everything is reckoned in ρ and Σρᵢ must imply (ε, δ).
    Approximate {
        /// The most that may be spent, at `delta`.
        epsilon: Amount,
        /// The probability with which ε may fail to hold.
        delta: f64,
    },
}

impl Budget {
    /// A pure budget.
    pub const fn pure(epsilon: Amount) -> Self {
        Self::Pure { epsilon }
    }

    /// A budget with δ.
    ///
    /// # Errors
    /// When δ is not in (0, 0.01].
    pub fn approximate(epsilon: Amount, delta: f64) -> Result<Self> {
        check_delta(delta)?;
        Ok(Self::Approximate { epsilon, delta })
    }
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pure { epsilon } => write!(f, "ε = {epsilon}"),
            Self::Approximate { epsilon, delta } => write!(f, "ε = {epsilon}, δ = {delta:e}"),
        }
    }
}

fn check_delta(delta: f64) -> Result<()> {
    if delta > 0.0 && delta <= 0.01 { Ok(()) } else { Err(Fault::new(&DELTA)) }
}

/// The smallest ε, up to the search's accuracy and never below it, such that ρ-zCDP implies (ε, δ):
///
/// ε(α) = αρ + ln(1 − 1/α) + ln(1/(αδ)) / (α − 1), minimised over α > 1.
///
/// Proposition 12 of Canonne, Kamath, Steinke 2020 solved for ε. Every α gives a valid bound, so a search that stops early errs
/// on the safe side; 10⁻⁹ is added for the rounding of logarithms.
pub fn epsilon_of_rho(rho: f64, delta: f64) -> f64 {
    if rho <= 0.0 {
        return 0.0;
    }
    let bound = |shift: f64| {
        let above = shift.exp(); // α − 1
        let alpha = above + 1.0;
        alpha * rho + (above / alpha).ln() - (alpha * delta).ln() / above
    };
    // The bound falls, then rises in ln(α − 1): golden-section search.
    let ratio = (5.0_f64.sqrt() - 1.0) / 2.0;
    let (mut low, mut high) = (-12.0_f64, 30.0_f64);
    for _ in 0..120 {
        let left = high - ratio * (high - low);
        let right = low + ratio * (high - low);
        if bound(left) < bound(right) {
            high = right;
        } else {
            low = left;
        }
    }
    bound(f64::midpoint(low, high)).max(0.0) + 1e-9
}

/// The largest ρ, in units, that implies (ε, δ); 0 when there is none.
pub(super) fn largest_rho(epsilon: Amount, delta: f64) -> u64 {
    // ρ ≤ ε + ln(1/δ) always: at α with ρ above, the bound exceeds ε.
    let (mut fits, mut fails) = (0_u64, epsilon.0.saturating_add(60 * UNITS));
    while fails - fits > 1 {
        let middle = fits.midpoint(fails);
        if epsilon_of_rho(Amount(middle).value(), delta) <= epsilon.value() {
            fits = middle;
        } else {
            fails = middle;
        }
    }
    fits
}
