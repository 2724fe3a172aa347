//! From scores to an answer.

use ingot_base::Output;
use serde::{Deserialize, Serialize};

/// The answer for one row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// The class; none for numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Binary: the probability of the positive class; multiclass: of the label; otherwise the number.
    pub score: f64,
    /// Every class with its probability, in the signature's order (binary: negative, positive).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probabilities: Option<Vec<(String, f64)>>,
}

/// Turns one row of scores into an answer. Of equal probabilities the first class wins; a missing score counts as NaN.
pub fn decide(output: &Output, scores: &[f64]) -> Prediction {
    let first = scores.first().copied().unwrap_or(f64::NAN);
    match output {
        Output::Binary { positive, negative, threshold, .. } => {
            let label = if first >= *threshold { positive } else { negative };
            Prediction {
                label: Some(label.clone()),
                score: first,
                probabilities: Some(vec![
                    (negative.clone(), 1.0 - first),
                    (positive.clone(), first),
                ]),
            }
        }
        Output::Multiclass { labels, .. } => {
            let mut best: Option<(&String, f64)> = None;
            for (label, &score) in labels.iter().zip(scores) {
                if best.is_none_or(|(_, known)| score > known) {
                    best = Some((label, score));
                }
            }
            Prediction {
                label: best.map(|(label, _)| label.clone()),
                score: best.map_or(f64::NAN, |(_, score)| score),
                probabilities: Some(labels.iter().cloned().zip(scores.iter().copied()).collect()),
            }
        }
        Output::Number { .. } | Output::Text { .. } => {
            Prediction { label: None, score: first, probabilities: None }
        }
    }
}

/// The probability that a row's scores give to a class; NaN where there is no such class.
pub fn probability_of(output: &Output, label: &str, scores: &[f64]) -> f64 {
    let first = scores.first().copied().unwrap_or(f64::NAN);
    match output {
        Output::Binary { positive, .. } if label == positive => first,
        Output::Binary { negative, .. } if label == negative => 1.0 - first,
        Output::Multiclass { labels, .. } => {
            let class = labels.iter().position(|own| own == label);
            class.and_then(|class| scores.get(class)).copied().unwrap_or(f64::NAN)
        }
        Output::Binary { .. } | Output::Number { .. } | Output::Text { .. } => f64::NAN,
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "scores come through unchanged")]
mod tests {
    use super::*;

    #[test]
    fn the_threshold_belongs_to_the_positive_class() {
        let output = Output::Binary {
            target: "risk".into(),
            positive: "bad".into(),
            negative: "good".into(),
            threshold: 0.25,
        };
        assert_eq!(decide(&output, &[0.25]).label.as_deref(), Some("bad"));
        let good = decide(&output, &[0.2]);
        assert_eq!(good.label.as_deref(), Some("good"));
        assert_eq!(good.probabilities.unwrap(), [("good".into(), 0.8), ("bad".into(), 0.2)]);
    }

    #[test]
    fn the_likeliest_class_wins_and_ties_go_to_the_first() {
        let output = Output::Multiclass {
            target: "kind".into(),
            labels: vec!["a".into(), "b".into(), "c".into()],
        };
        assert_eq!(decide(&output, &[0.2, 0.4, 0.4]).label.as_deref(), Some("b"));
        assert_eq!(decide(&Output::Number { target: "y".into() }, &[7.5]).score, 7.5);
    }
}
