//! Shapley values of a game with few or many players (Shapley 1953; sampled as Castro et al. 2009 do, each order with its
//! reverse, which halves the variance of games that are nearly additive).

use crate::messages::ADDITIVITY;
use crate::words::real;
use ingot_base::{Fault, Result, Rng, fault};
use std::collections::BTreeMap;

/// What a game is worth, and to whom it owes that.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shares {
    /// Worth of nobody.
    pub(crate) base: f64,
    /// One for each player; base and all of them add up to the worth of all.
    pub(crate) each: Vec<f64>,
    /// Whether they are exact; else they are estimates that add up.
    pub(crate) exact: bool,
}

/// The shares of so many players. `worth` gives the worth of coalitions, bit by bit; it is asked for each coalition once, and
/// for about `evaluations` of them.
///
/// # Errors
/// What `worth` fails with; and when the shares do not add up, as with a worth that is no number.
pub(crate) fn shares(
    players: usize,
    evaluations: usize,
    seed: u64,
    worth: &mut dyn FnMut(&[u64]) -> Result<Vec<f64>>,
) -> Result<Shares> {
    // A coalition is a number, a bit a player.
    let all = u32::try_from(players).ok().and_then(|players| 1_u64.checked_shl(players));
    let all = all.ok_or_else(|| fault::internal("too many players"))? - 1;
    let exact = players < 20 && (1_usize << players) <= evaluations.max(2);
    let (orders, coalitions) = if exact {
        (Vec::new(), (0..=all).collect())
    } else {
        let orders = orders(players, evaluations, seed);
        let mut seen: Vec<u64> = orders.iter().flat_map(|order| prefixes(order)).collect();
        seen.extend([0, all]);
        seen.sort_unstable();
        seen.dedup();
        (orders, seen)
    };
    let worths = worth(&coalitions)?;
    let known: BTreeMap<u64, f64> = coalitions.into_iter().zip(worths).collect();
    let of = |coalition: u64| known.get(&coalition).copied().unwrap_or(f64::NAN);
    let shares = if exact { exactly(players, &of) } else { sampled(players, &orders, &of) };
    let (base, whole) = (of(0), of(all));
    let gap = (base + shares.iter().sum::<f64>() - whole).abs();
    // A gap that is no number is one too.
    if gap.is_nan() || gap > 1e-6 * (1.0 + base.abs() + whole.abs()) {
        return Err(Fault::new(&ADDITIVITY).arg("row", 1).arg("gap", format!("{gap:.1e}")));
    }
    Ok(Shares { base, each: shares, exact })
}

/// Orders of the players, each followed by its reverse.
fn orders(players: usize, evaluations: usize, seed: u64) -> Vec<Vec<usize>> {
    let pairs = (evaluations / (2 * players.max(1))).max(1);
    let mut random = Rng::new(seed, "shapley orders");
    let mut orders = Vec::with_capacity(pairs * 2);
    for _ in 0..pairs {
        let mut order: Vec<usize> = (0..players).collect();
        random.shuffle(&mut order);
        let reverse = order.iter().rev().copied().collect();
        orders.extend([order, reverse]);
    }
    orders
}

/// The coalitions on the way from nobody to all.
fn prefixes(order: &[usize]) -> impl Iterator<Item = u64> {
    order.iter().scan(0_u64, |coalition, player| {
        *coalition |= 1 << player;
        Some(*coalition)
    })
}

fn sampled(players: usize, orders: &[Vec<usize>], of: &dyn Fn(u64) -> f64) -> Vec<f64> {
    let mut shares = vec![0.0; players];
    for order in orders {
        let mut before = of(0);
        for (player, coalition) in order.iter().zip(prefixes(order)) {
            let now = of(coalition);
            if let Some(share) = shares.get_mut(*player) {
                *share += (now - before) / real(orders.len());
            }
            before = now;
        }
    }
    shares
}

/// The mean of what a player adds, over the sizes of the coalitions and over the coalitions of a size.
fn exactly(players: usize, of: &dyn Fn(u64) -> f64) -> Vec<f64> {
    // weight[s] = s! (n − s − 1)! / n!
    let mut weights = vec![1.0 / real(players.max(1)); players];
    for size in 1..players {
        let before = weights.get(size - 1).copied().unwrap_or_default();
        if let Some(weight) = weights.get_mut(size) {
            *weight = before * real(size) / real(players - size);
        }
    }
    (0..players)
        .map(|player| {
            let own = 1_u64 << player;
            (0..1_u64 << players)
                .filter(|coalition| coalition & own == 0)
                .map(|coalition| {
                    let size = coalition.count_ones() as usize;
                    let weight = weights.get(size).copied().unwrap_or_default();
                    weight * (of(coalition | own) - of(coalition))
                })
                .sum()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The glove game: player 0 has a left glove, the others a right one; a pair is worth 1. Shapley values 2/3, 1/6, 1/6.
    #[expect(clippy::unnecessary_wraps, reason = "as a game that can fail")]
    fn gloves(coalitions: &[u64]) -> Result<Vec<f64>> {
        let worth =
            |coalition: &u64| f64::from(u8::from(coalition & 1 == 1 && coalition & !1 != 0));
        Ok(coalitions.iter().map(worth).collect())
    }

    #[test]
    fn the_glove_game_is_shared_as_shapley_says() {
        let found = shares(3, 8, 1, &mut gloves).unwrap();
        assert!(found.exact && found.base == 0.0);
        for (share, expected) in found.each.iter().zip([2.0 / 3.0, 1.0 / 6.0, 1.0 / 6.0]) {
            assert!((share - expected).abs() < 1e-12, "{share} {expected}");
        }
    }

    #[test]
    fn sampled_shares_add_up_come_near_and_depend_on_the_seed_alone() {
        // An additive game with one pair that is worth more together.
        let mut game = |coalitions: &[u64]| -> Result<Vec<f64>> {
            let worth = |coalition: &u64| {
                let own: f64 = (0..30).filter(|at| coalition >> at & 1 == 1).map(f64::from).sum();
                own / 10.0 + if coalition & 3 == 3 { 4.0 } else { 0.0 } + 0.5
            };
            Ok(coalitions.iter().map(worth).collect())
        };
        let found = shares(30, 600, 5, &mut game).unwrap();
        assert!(!found.exact);
        assert!((found.base + found.each.iter().sum::<f64>() - (43.5 + 4.0 + 0.5)).abs() < 1e-9);
        assert!((found.each[20] - 2.0).abs() < 1e-9, "what adds alone is exact");
        assert!((found.each[0] - 2.0).abs() < 1e-9, "an order and its reverse halve the pair");
        assert_eq!(found, shares(30, 600, 5, &mut game).unwrap());
    }

    #[test]
    fn a_worth_that_is_no_number_is_refused() {
        let mut broken = |coalitions: &[u64]| Ok(vec![f64::NAN; coalitions.len()]);
        assert_eq!(shares(3, 8, 1, &mut broken).unwrap_err().code(), "explain-additivity");
        assert_eq!(shares(0, 8, 1, &mut gloves).unwrap().each, Vec::<f64>::new());
    }
}
