//! What a row teaches: its class, and what a teacher says of it (Hinton et al. 2015, <https://arxiv.org/abs/1503.02531>).

use super::super::head::{Truth, cross_entropy, probabilities};
use ingot_runtime::onnx::Activation;

/// How much a teacher's answers count.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Distill {
    /// Logits of both are divided by it, so that small probabilities count too; above 0.
    pub temperature: f64,
    /// The teacher's share of the loss, in [0, 1]; the classes have the rest.
    pub weight: f64,
}

/// A teacher's answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Teacher {
    /// How much they count.
    pub how: Distill,
    /// Logits of every row of the training table, row-major: one of two classes, else one for each class.
    pub logits: Vec<f32>,
}

/// Loss of a row and its gradient by the logits: (1 − w) · cross-entropy with the class + w · T² · cross-entropy of the softened
/// answers with the teacher's. T² keeps the gradient's size whatever the temperature (section 2 of the paper). Without a teacher
/// the first part alone.
#[expect(clippy::cast_possible_truncation, reason = "gradients are single precision")]
pub(in super::super) fn lesson(
    logits: &[f32],
    truth: Truth,
    activation: Activation,
    teacher: Option<(Distill, &[f32])>,
) -> (f64, Vec<f32>) {
    let (loss, gradient) = cross_entropy(logits, truth, activation);
    let Some((how, theirs)) = teacher else { return (loss, gradient) };
    let soft = |logits: &[f32]| {
        let cooled: Vec<f32> = logits.iter().map(|logit| logit / how.temperature as f32).collect();
        let scores = probabilities(&cooled, activation);
        match (activation, scores.as_slice()) {
            // Of two classes the other has the rest.
            (Activation::Sigmoid, [score]) => vec![*score, 1.0 - score],
            _ => scores,
        }
    };
    let (own, wanted) = (soft(logits), soft(theirs));
    let square = how.temperature * how.temperature;
    let cost = |(own, wanted): (&f64, &f64)| {
        // What is no number stays none.
        let bounded = if *own < f64::MIN_POSITIVE { f64::MIN_POSITIVE } else { *own };
        -wanted * bounded.ln()
    };
    let taught: f64 = own.iter().zip(&wanted).map(cost).sum::<f64>() * square;
    let both = own.iter().zip(&wanted).zip(gradient).map(|((own, wanted), plain)| {
        let pull = how.temperature * (own - wanted);
        ((1.0 - how.weight) * f64::from(plain) + how.weight * pull) as f32
    });
    ((1.0 - how.weight) * loss + how.weight * taught, both.collect())
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "small numbers")]
mod tests {
    use super::*;

    #[test]
    fn gradients_are_those_of_differences() {
        let how = Distill { temperature: 3.0, weight: 0.7 };
        for (activation, logits, theirs, class) in [
            (Activation::Sigmoid, vec![0.4_f32], vec![-1.5_f32], 1),
            (Activation::Softmax, vec![0.4, -1.0, 0.2], vec![2.0, 0.5, -1.0], 2),
        ] {
            let cost = |logits: &[f32]| {
                lesson(logits, Truth::of(class), activation, Some((how, &theirs))).0
            };
            let found = lesson(&logits, Truth::of(class), activation, Some((how, &theirs))).1;
            for (at, own) in found.iter().enumerate() {
                let (mut above, mut below) = (logits.clone(), logits.clone());
                above[at] += 1e-2;
                below[at] -= 1e-2;
                let expected = (cost(&above) - cost(&below)) / 2e-2;
                assert!((f64::from(*own) - expected).abs() < 1e-3, "{at}: {own} {expected}");
            }
        }
    }

    #[test]
    fn a_student_that_answers_as_its_teacher_is_pulled_nowhere() {
        let logits = [1.0, -0.5, 0.25];
        let all = Distill { temperature: 2.0, weight: 1.0 };
        let of = |teacher| lesson(&logits, Truth::of(0), Activation::Softmax, teacher).1;
        assert!(of(Some((all, &logits))).iter().all(|number| number.abs() < 1e-7));
        let none = Distill { weight: 0.0, ..all };
        let other = [0.0, 3.0, 1.0];
        assert_eq!(of(Some((none, &other))), of(None), "a teacher that does not count");
        // At a high temperature the gradient tends to (z − v) / (number of classes), less the means of both (section 2.1).
        let hot = Distill { temperature: 1e3, weight: 1.0 };
        let (mean, means) = (0.25, 4.0 / 3.0);
        for ((own, logit), other) in of(Some((hot, &other))).iter().zip(logits).zip(other) {
            let expected = f64::from(logit - mean) - (f64::from(other) - means);
            assert!((own - (expected / 3.0) as f32).abs() < 1e-2, "{own} {expected}");
        }
    }
}
