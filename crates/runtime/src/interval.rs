//! Categories that are intervals of numbers, as anonymised columns have them: a number stands for the interval that holds it.

/// `[low, high)`, both finite, low below high.
fn parse(text: &str) -> Option<(f64, f64)> {
    let (low, high) = text.strip_prefix('[')?.strip_suffix(')')?.split_once(',')?;
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|value| value.is_finite());
    let (low, high) = (number(low)?, number(high)?);
    (low < high).then_some((low, high))
}

/// The intervals, in the order of the categories; none when a category is something else.
fn all(values: &[String]) -> Option<Vec<(f64, f64)>> {
    values
        .iter()
        .map(|value| parse(value))
        .collect::<Option<Vec<_>>>()
        .filter(|all| !all.is_empty())
}

/// The category that holds a number: none when it lies in no interval, or the categories are no intervals.
pub fn holding(values: &[String], number: f64) -> Option<usize> {
    all(values)?.iter().position(|(low, high)| *low <= number && number < *high)
}

/// Numbers that stand for a category: ranges `low ≤ x < high` that do not touch, in rising order; empty when the categories
/// are no intervals.
pub fn ranges(values: &[String]) -> Vec<(f64, f64)> {
    let mut all = all(values).unwrap_or_default();
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
    fn other_categories_take_no_numbers() {
        for other in
            [&["[20, 30)", "old"][..], &["[20, 20)"], &["[a, b)"], &["[0, inf)"], &["20"], &[]]
        {
            assert_eq!(holding(&values(other), 20.0), None, "{other:?}");
            assert!(ranges(&values(other)).is_empty(), "{other:?}");
        }
    }
}
