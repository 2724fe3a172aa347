//! Which numbers are unlike all that training saw, far outside or with a fraction: there a model's answer is a guess.

use ingot_base::{Field, FieldKind, Signature, day};

/// For each input of a table's model what is not far outside: the range that training saw, and a tenth of its width more on either side.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plausible(Vec<Bounds>);

#[derive(Debug, Clone, Copy, PartialEq)]
struct Bounds {
    low: f64,
    high: f64,
    /// Training saw whole numbers alone.
    whole: bool,
    /// What stands for a missing value, whatever it is.
    fill: f64,
}

/// How a number is unlike those that training saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unlike {
    /// It is far outside their range.
    Outside,
    /// It has a fraction, and they were whole.
    Fraction,
}

impl Bounds {
    fn unlike(self, value: f64) -> Option<Unlike> {
        if value < self.low || value > self.high {
            return Some(Unlike::Outside);
        }
        let fraction = self.whole && value.is_finite() && value.fract() != 0.0;
        #[expect(clippy::float_cmp, reason = "what is filled in stays what it is, to the bit")]
        let filled = value == self.fill;
        (fraction && !filled).then_some(Unlike::Fraction)
    }
}

impl Plausible {
    /// The bounds of a signature's inputs; what is no number is never outside.
    pub fn of(signature: &Signature) -> Self {
        let bounds = signature.inputs.iter().map(|field| {
            let fill = field.treatment.missing();
            match field.kind {
                FieldKind::Number { min, max, integer } => {
                    let slack = (max - min) * 0.1;
                    // What is made coarser loses its fraction on the way.
                    let whole = integer && field.treatment.width.is_none();
                    Bounds { low: min - slack, high: max + slack, whole, fill }
                }
                _ => Bounds { low: f64::NEG_INFINITY, high: f64::INFINITY, whole: false, fill },
            }
        });
        Self(bounds.collect())
    }

    /// The numbers unlike those of training in rows of features, in order: row and input. A missing value is none.
    pub fn unlike(&self, features: &[f64]) -> impl Iterator<Item = (usize, usize, Unlike)> {
        let rows = features.chunks_exact(self.0.len().max(1)).enumerate();
        rows.filter(|_| !self.0.is_empty()).flat_map(|(row, values)| {
            let bounded = values.iter().zip(&self.0).enumerate();
            bounded.filter_map(move |(input, (value, bounds))| {
                Some((row, input, bounds.unlike(*value)?))
            })
        })
    }
}

/// The smallest and the largest value that training saw, as a person would write them; `None` of what is no number.
pub fn seen(field: &Field) -> Option<(String, String)> {
    let FieldKind::Number { min, max, .. } = field.kind else { return None };
    Some(if field.treatment.date {
        (day::iso(min), day::iso(max))
    } else {
        (min.to_string(), max.to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ingot_base::{Output, Tabular, Task, Treatment};

    #[test]
    fn a_tenth_of_the_width_is_near_and_dates_are_told_as_dates() {
        let number = |min, max| FieldKind::Number { min, max, integer: true };
        let treatment = Treatment { date: true, ..Treatment::default() };
        let day = Field { treatment, ..Field::new("day", number(18_000.0, 19_000.0), false) };
        let signature = Signature {
            task: Task::Tabular(Tabular::Regression),
            inputs: vec![
                Field::new("age", number(20.0, 70.0), true),
                Field::new("owner", FieldKind::Boolean, false),
                day.clone(),
            ],
            output: Output::Number { target: "y".into() },
        };
        let rows = [75.0, 9.0, 18_500.0, 75.1, 9.0, 19_200.0, f64::NAN, 9.0, 17_000.0];
        let found: Vec<_> = Plausible::of(&signature).unlike(&rows).collect();
        let outside = Unlike::Outside;
        assert_eq!(found, [(1, 0, outside), (1, 2, outside), (2, 2, outside)]);
        assert_eq!(Plausible::default().unlike(&rows).count(), 0);
        assert_eq!(seen(&day), Some(("2019-04-14".to_owned(), "2022-01-08".to_owned())));
        assert_eq!(seen(&signature.inputs[1]), None);
    }
    #[test]
    fn a_fraction_among_whole_numbers_is_told_unless_it_was_filled_in_or_made_coarser() {
        let whole = FieldKind::Number { min: 10.0, max: 60.0, integer: true };
        let field = |treatment| Field { treatment, ..Field::new("term", whole.clone(), true) };
        let unlike = |treatment, value: f64| {
            let signature = Signature {
                task: Task::Tabular(Tabular::Regression),
                inputs: vec![field(treatment)],
                output: Output::Number { target: "y".into() },
            };
            Plausible::of(&signature).unlike(&[value]).next().map(|(.., how)| how)
        };
        let none = Treatment::default();
        assert_eq!(unlike(none, 24.5), Some(Unlike::Fraction));
        assert_eq!(unlike(none, 99.5), Some(Unlike::Outside));
        assert_eq!([24.0, f64::NAN].map(|value| unlike(none, value)), [None, None]);
        assert_eq!(unlike(Treatment { fill: Some(24.5), ..none }, 24.5), None);
        assert_eq!(unlike(Treatment { width: Some(2.5), ..none }, 22.5), None);
    }
}
