//! Whole numbers that name a person or a thing (customer, contract, device) instead of measuring it.

/// With fewer rows, numbers that are all different say nothing.
const ROWS: usize = 50;
/// The same for numbers of less than [`LONG`] digits, whose spread is judged, too.
const SHORT_ROWS: usize = 100;
/// The shortest numbers that are taken for identifiers.
const DIGITS: usize = 6;
/// From so many digits on, a column whose values all have the same number of digits is taken for no measure: a measure ranges over
/// powers of ten.
const LONG: usize = 8;
/// Kolmogorov's bound at 1 %, times the root of the number of rows.
const EVEN: f64 = 1.63;
/// Seconds between one row's time and the next in the mean, at least: of running numbers the gaps are smaller.
const SECONDS: f64 = 10.0;

/// Identifiers of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identifiers {
    /// Different numbers.
    pub(crate) distinct: usize,
    /// Rows with a value.
    pub(crate) rows: usize,
    /// Digits of each.
    pub(crate) digits: usize,
}

/// The identifiers that whole numbers are; none where they may be a measure. Missing values are NaN. What counts as identifiers has all of:
///
/// - no value below 1, at least six digits, and all values the same number of digits;
/// - at least 50 rows, of eight digits and more: at least 19 in 20 values different, and fewer than 19 in 20 of them moments: days as
///   20240131 is one, times of such days as 20240131235959 is one, seconds (1e9 to 2e9, of the years 2001 to 2033) or milliseconds
///   since 1970, ten seconds apart or more in the mean, as running numbers are not;
/// - of six and seven digits, where amounts are found too: at least 100 rows, no value twice, no more than a quarter rounded to tens, and
///   values that lie as evenly between the least and the largest as numbers that are counted or drawn do (Kolmogorov's test at 1 %);
///   amounts gather at one end or in the middle.
///
/// Adult's `fnlwgt` (repeats, five to seven digits) and the loans' `credit_amount` (three to five digits) are measures.
pub(crate) fn identifiers(values: &[f64]) -> Option<Identifiers> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let (first, last) = (*sorted.first()?, *sorted.last()?);
    let (rows, digits) = (sorted.len(), format!("{first:.0}").len());
    if first < 1.0 || rows < ROWS || digits < DIGITS || format!("{last:.0}").len() != digits {
        return None;
    }
    let distinct = 1 + sorted.windows(2).filter(|pair| matches!(pair, [a, b] if a < b)).count();
    let identifiers = if digits >= LONG {
        #[expect(clippy::cast_precision_loss, reason = "row counts are far below 2^53")]
        let apart = (last - first) / rows as f64;
        let moments = sorted.iter().filter(|value| moment(**value, digits, apart)).count();
        20 * distinct >= 19 * rows && 20 * moments < 19 * rows
    } else {
        rows >= SHORT_ROWS && distinct == rows && !rounded(&sorted) && even(&sorted, first, last)
    };
    identifiers.then_some(Identifiers { distinct, rows, digits })
}

/// Whether a number of so many digits may be a day or a time. Seconds and milliseconds lie `apart` in the mean, as running numbers do not.
fn moment(value: f64, digits: usize, apart: f64) -> bool {
    match digits {
        LONG => day(value),
        10 => apart > SECONDS && (1e9..2e9).contains(&value),
        13 => apart > 1e3 * SECONDS && (1e12..2e12).contains(&value),
        14 => day((value / 1e6).floor()),
        _ => false,
    }
}

/// Whether eight digits may be a day.
fn day(value: f64) -> bool {
    let (year, month, day) =
        ((value / 10_000.0).floor(), (value / 100.0).floor() % 100.0, value % 100.0);
    (1800.0..2200.0).contains(&year) && (1.0..=12.0).contains(&month) && (1.0..=31.0).contains(&day)
}

/// Whether more than a quarter ends in 0.
fn rounded(values: &[f64]) -> bool {
    4 * values.iter().filter(|value| **value % 10.0 == 0.0).count() > values.len()
}

/// Whether sorted values lie evenly between the least and the largest.
#[expect(clippy::cast_precision_loss, reason = "row counts are far below 2^53")]
fn even(sorted: &[f64], first: f64, last: f64) -> bool {
    let rows = sorted.len() as f64;
    let apart = sorted.iter().enumerate().map(|(place, value)| {
        let share = (value - first) / (last - first);
        let place = place as f64;
        (share - place / rows).abs().max((share - (place + 1.0) / rows).abs())
    });
    apart.fold(0.0, f64::max) <= EVEN / rows.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers in [0, 1) without order.
    fn drawn(rows: u32) -> impl Iterator<Item = f64> {
        (0..rows).map(|row| f64::from(row.wrapping_mul(2_654_435_761) % 1_000_003) / 1_000_003.0)
    }

    fn found(values: impl Iterator<Item = f64>) -> bool {
        identifiers(&values.collect::<Vec<_>>()).is_some()
    }

    #[test]
    fn numbers_of_customers_are_identifiers() {
        let customers = |rows: u32| drawn(rows).map(|at| (10_000_000.0 + at * 89e6).floor());
        let known = identifiers(&customers(800).collect::<Vec<_>>());
        assert_eq!(known, Some(Identifiers { distinct: 800, rows: 800, digits: 8 }));
        assert!(found(customers(800).chain([f64::NAN; 90])), "missing values change nothing");
        assert!(found(customers(800).chain(customers(30))), "some customers come twice");
        assert!(found(drawn(800).map(|at| (13e9 + at * 6e9).floor())), "telephones");
        assert!(found(drawn(400).map(|at| (100_000.0 + at * 899_999.0).floor())), "six digits");
        assert!(found((0..400_u32).map(|row| 700_001.0 + f64::from(row * 3))), "counted by threes");
        assert!(!found(customers(40)), "few rows say nothing");
        assert!(found((1..=600_u32).map(|row| 1e9 + f64::from(row))), "counted, no seconds");
        assert!(found((1..=600_u32).map(|row| 1e12 + f64::from(row * 3))), "no milliseconds");
    }

    #[test]
    fn measures_stay() {
        let normal = |at: f64| (at / (1.0 - at)).ln() / 1.7;
        let inner = || drawn(600).filter(|at| (0.001..0.999).contains(at));
        assert!(!found(inner().map(|at| (10_f64.powf(5.0 + normal(at) / 2.0)).floor())), "fnlwgt");
        assert!(!found(inner().map(|at| (250_000.0 + 30_000.0 * normal(at)).floor())), "salaries");
        assert!(
            !found(inner().map(|at| 10_f64.powf(5.0 + at).floor())),
            "prices of one power of ten"
        );
        let tens = drawn(600).map(|at| (10_000.0 + at * 89_000.0).floor() * 10.0);
        assert!(!found(tens), "rounded amounts");
        assert!(!found(drawn(600).map(|at| (250.0 + at * 18_000.0).floor())), "credit_amount");
        let days = (0..600_u32)
            .map(|row| f64::from((1950 + row % 60) * 10_000 + (1 + row % 12) * 100 + 1 + row % 28));
        assert!(!found(days), "days as numbers");
        let days = || {
            let day = |row: u32| (1950 + row % 60) * 10_000 + (1 + row / 60) * 100 + 1 + row % 28;
            (0..600).map(move |row| f64::from(day(row)))
        };
        assert!(!found(days()), "days of which none comes twice");
        assert!(!found(days().chain([99_999_999.0; 30])), "some have no day");
        assert!(found(days().chain((0..90_u32).map(|row| 99_000_000.0 + f64::from(row)))));
        assert!(!found(days().map(|day| day * 1e6 + 123_456.0)), "days with their time");
        assert!(!found(drawn(600).map(|at| (1.5e9 + at * 2e8).floor())), "seconds since 1970");
        assert!(!found(drawn(600).map(|at| (1.5e12 + at * 2e11).floor())), "milliseconds");
        assert!(found(drawn(600).map(|at| (2.5e9 + at * 2e9).floor())), "numbers of ten digits");
        assert!(!found(drawn(600).map(|at| -(10_000_000.0 + at * 8e7).floor())), "debts");
    }
}
