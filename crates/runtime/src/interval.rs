//! Categories that are intervals of numbers, as anonymised columns have them: a number stands for the interval that holds it.
//!
//! Local recoding writes one column at several levels: single numbers and `*`, for any, may stand beside intervals, and intervals
//! in others. A number then stands for itself, or for the narrowest that holds it.

/// Numbers that a category stands for.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Range {
    /// `low ≤ x < high`, both finite, low below high.
    Interval(f64, f64),
    One(f64),
    Any,
}

impl Range {
    /// `[low, high)`, a number, or `*`.
    fn parse(text: &str) -> Option<Self> {
        let number = |text: &str| text.trim().parse::<f64>().ok().filter(|value| value.is_finite());
        if text == "*" {
            return Some(Self::Any);
        }
        let Some(inner) = text.strip_prefix('[') else { return number(text).map(Self::One) };
        let (low, high) = inner.strip_suffix(')')?.split_once(',')?;
        let (low, high) = (number(low)?, number(high)?);
        (low < high).then_some(Self::Interval(low, high))
    }

    fn holds(self, number: f64) -> bool {
        match self {
            Self::Interval(low, high) => low <= number && number < high,
            // The very number that was written, not one near it.
            Self::One(value) => (value - number).abs() <= 0.0,
            Self::Any => number.is_finite(),
        }
    }

    fn width(self) -> f64 {
        match self {
            Self::Interval(low, high) => high - low,
            Self::One(_) => 0.0,
            Self::Any => f64::INFINITY,
        }
    }
}

/// What the categories stand for, in their order; none where one is something else, or no interval is among them.
fn all(values: &[String]) -> Option<Vec<Range>> {
    let all: Vec<Range> = values.iter().map(|value| Range::parse(value)).collect::<Option<_>>()?;
    all.iter().any(|range| matches!(range, Range::Interval(..))).then_some(all)
}

/// The category that holds a number: none when it lies in no interval, or the categories are no intervals.
pub fn holding(values: &[String], number: f64) -> Option<usize> {
    let all = all(values)?;
    let held = all.iter().enumerate().filter(|(_, range)| range.holds(number));
    held.min_by(|a, b| a.1.width().total_cmp(&b.1.width())).map(|(place, _)| place)
}

/// Numbers that stand for a category: ranges `low ≤ x < high` that do not touch, in rising order; empty when the categories
/// are no intervals.
pub fn ranges(values: &[String]) -> Vec<(f64, f64)> {
    let mut all: Vec<(f64, f64)> = all(values)
        .unwrap_or_default()
        .into_iter()
        .map(|range| match range {
            Range::Interval(low, high) => (low, high),
            Range::One(value) => (value, value.next_up()),
            Range::Any => (f64::MIN, f64::MAX),
        })
        .collect();
    all.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut joined: Vec<(f64, f64)> = Vec::new();
    for (low, high) in all {
        match joined.last_mut() {
            Some(last) if low <= last.1 => last.1 = last.1.max(high),
            _ => joined.push((low, high)),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(all: &[&str]) -> Vec<String> {
        all.iter().map(|value| (*value).to_owned()).collect()
    }

    #[test]
    fn a_number_stands_for_the_interval_that_holds_it() {
        let ages = values(&["[100, 110)", "[20, 30)", "[30, 40)"]);
        assert_eq!(holding(&ages, 20.0), Some(1));
        assert_eq!(holding(&ages, 30.0), Some(2));
        assert_eq!(holding(&ages, 39.99), Some(2));
        assert_eq!(holding(&ages, 40.0), None);
        assert_eq!(holding(&ages, f64::NAN), None);
        assert_eq!(ranges(&ages), [(20.0, 40.0), (100.0, 110.0)]);
    }

    #[test]
    fn at_several_levels_a_number_stands_for_the_narrowest() {
        let ages = values(&["*", "33", "[20, 40)", "[30, 35)"]);
        assert_eq!(holding(&ages, 33.0), Some(1));
        assert_eq!(holding(&ages, 34.0), Some(3));
        assert_eq!(holding(&ages, 36.0), Some(2));
        assert_eq!(holding(&ages, 99.0), Some(0));
        assert_eq!(holding(&ages, f64::NAN), None);
        assert_eq!(ranges(&ages).len(), 1);
        assert_eq!(
            ranges(&values(&["50", "[20, 40)", "[30, 35)"])),
            [(20.0, 40.0), (50.0, 50.0_f64.next_up())]
        );
    }

    #[test]
    fn other_categories_take_no_numbers() {
        for other in
            [&["[20, 30)", "old"][..], &["[20, 20)"], &["[a, b)"], &["[0, inf)"], &["20"], &[]]
        {
            assert_eq!(holding(&values(other), 20.0), None, "{other:?}");
            assert!(ranges(&values(other)).is_empty(), "{other:?}");
        }
    }
}
