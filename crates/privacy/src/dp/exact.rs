//! Discrete Laplace and discrete Gaussian noise without floating point.
//!
//! The algorithms are those of Canonne, Kamath and Steinke, "The Discrete Gaussian for Differential Privacy" (2020,
//! arXiv:2004.00010), algorithms 1 to 3. All arithmetic is on rationals of unlimited size and the only randomness is fair
//! bits, so the distribution is the stated one exactly: there are no low-order bits of a floating-point logarithm from which
//! the true value could be read (Mironov 2012). The time of a draw depends on the draw; who can time a release to the
//! microsecond is not defended against.

use super::random::Buffered;
use ingot_base::{Result, fault};
use num_bigint::{BigInt, BigUint, Sign};

/// A positive rational number; not necessarily in lowest terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ratio {
    pub(super) over: BigUint,
    pub(super) under: BigUint,
}

impl Ratio {
    pub(super) fn new(over: impl Into<BigUint>, under: impl Into<BigUint>) -> Result<Self> {
        let (over, under) = (over.into(), under.into());
        if over == BigUint::ZERO || under == BigUint::ZERO {
            return Err(fault::internal("a noise scale that is not positive"));
        }
        Ok(Self { over, under })
    }
}

/// Uniform in `0..bound`, by rejection; `bound` is positive.
pub(super) fn below(bits: &mut Buffered<'_>, bound: &BigUint) -> Result<BigUint> {
    let width = (bound - 1_u32).bits();
    let bytes = usize::try_from(width.div_ceil(8)).unwrap_or(usize::MAX);
    let spare = u32::try_from((8 - width % 8) % 8).unwrap_or_default();
    let mut buffer = vec![0_u8; bytes];
    loop {
        for byte in &mut buffer {
            *byte = bits.byte()?;
        }
        if let Some(top) = buffer.first_mut() {
            *top >>= spare;
        }
        let drawn = BigUint::from_bytes_be(&buffer);
        if drawn < *bound {
            return Ok(drawn);
        }
    }
}

fn coin(bits: &mut Buffered<'_>) -> Result<bool> {
    Ok(bits.byte()? & 1 == 1)
}

/// True with probability `over / under`, at most 1.
fn bernoulli(bits: &mut Buffered<'_>, over: &BigUint, under: &BigUint) -> Result<bool> {
    Ok(below(bits, under)? < *over)
}

/// True with probability exp(−over/under) for a ratio of at most 1 (algorithm 1, first part).
fn bernoulli_exp_unit(bits: &mut Buffered<'_>, over: &BigUint, under: &BigUint) -> Result<bool> {
    let mut count = 1_u64;
    while bernoulli(bits, over, &(under * count))? {
        count += 1;
    }
    Ok(count % 2 == 1)
}

/// True with probability exp(−over/under), for any non-negative ratio (algorithm 1).
pub(super) fn bernoulli_exp(
    bits: &mut Buffered<'_>,
    over: &BigUint,
    under: &BigUint,
) -> Result<bool> {
    let one = BigUint::from(1_u32);
    let mut whole = over / under;
    while whole > BigUint::ZERO {
        if !bernoulli_exp_unit(bits, &one, &one)? {
            return Ok(false);
        }
        whole -= 1_u32;
    }
    bernoulli_exp_unit(bits, &(over % under), under)
}

/// An integer x with probability proportional to exp(−|x| / scale) (algorithm 2).
pub(super) fn discrete_laplace(bits: &mut Buffered<'_>, scale: &Ratio) -> Result<BigInt> {
    let one = BigUint::from(1_u32);
    loop {
        let part = below(bits, &scale.over)?;
        if !bernoulli_exp_unit(bits, &part, &scale.over)? {
            continue;
        }
        let mut whole = BigUint::ZERO;
        while bernoulli_exp_unit(bits, &one, &one)? {
            whole += 1_u32;
        }
        let size = (part + &scale.over * whole) / &scale.under;
        let negative = coin(bits)?;
        if negative && size == BigUint::ZERO {
            continue;
        }
        return Ok(BigInt::from_biguint(if negative { Sign::Minus } else { Sign::Plus }, size));
    }
}

/// An integer x with probability proportional to exp(−x² / (2 variance)) (algorithm 3).
///
/// `variance` is the parameter σ²; the true variance is at most that (corollary 9 of the paper).
pub(super) fn discrete_gaussian(bits: &mut Buffered<'_>, variance: &Ratio) -> Result<BigInt> {
    let (a, b) = (&variance.over, &variance.under);
    let t = (a / b).sqrt() + 1_u32;
    let proposal = Ratio::new(t.clone(), 1_u32)?;
    // exp(−(|y| − σ²/t)² / (2σ²)) with σ² = a/b is exp(−(|y|·b·t − a)² / (2·a·b·t²)).
    let under = a * b * &t * &t * 2_u32;
    loop {
        let drawn = discrete_laplace(bits, &proposal)?;
        let reach = drawn.magnitude() * b * &t;
        let gap = if reach > *a { reach - a } else { a - reach };
        if bernoulli_exp(bits, &(&gap * &gap), &under)? {
            return Ok(drawn);
        }
    }
}
