//! Which numbers lie far outside what training saw: there a model's answer is a guess.

use ingot_base::{Field, FieldKind, Signature, day};

/// For each input of a table's model what is not far outside: the range that training saw, and a tenth of its width more on either side.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plausible(Vec<(f64, f64)>);

impl Plausible {
    /// The bounds of a signature's inputs; what is no number is never outside.
    pub fn of(signature: &Signature) -> Self {
        let bounds = signature.inputs.iter().map(|field| match field.kind {
            FieldKind::Number { min, max, .. } => {
                let slack = (max - min) * 0.1;
                (min - slack, max + slack)
            }
            _ => (f64::NEG_INFINITY, f64::INFINITY),
        });
        Self(bounds.collect())
    }

    /// The numbers far outside in rows of features, in order: row and input. A missing value is none.
    pub fn outside(&self, features: &[f64]) -> impl Iterator<Item = (usize, usize)> {
        let rows = features.chunks_exact(self.0.len().max(1)).enumerate();
        rows.filter(|_| !self.0.is_empty()).flat_map(|(row, values)| {
            let bounded = values.iter().zip(&self.0).enumerate();
            bounded
                .filter(|(_, (value, (low, high)))| *value < low || *value > high)
                .map(move |(input, _)| (row, input))
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
        let found: Vec<_> = Plausible::of(&signature).outside(&rows).collect();
        assert_eq!(found, [(1, 0), (1, 2), (2, 2)]);
        assert_eq!(Plausible::default().outside(&rows).count(), 0);
        assert_eq!(seen(&day), Some(("2019-04-14".to_owned(), "2022-01-08".to_owned())));
        assert_eq!(seen(&signature.inputs[1]), None);
    }
}
