//! The evidence of one compression.

use crate::messages::COMPRESS_REFUSED;
use crate::nets::{HeadOutcome, TunedEncoder, Unfrozen};
use crate::outcome::Metric;
use ingot_base::{Fault, Result, Text};
use serde::{Deserialize, Serialize};

/// The evidence of one compression.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CompressOutcome {
    /// The model that goes on: trained anew where its network was pruned, and measured as it is now.
    pub model: HeadOutcome,
    /// The trained model first, then each step's result; the last goes on.
    pub forms: Vec<Form>,
    /// How much lower than the first's accuracy another's may be.
    pub metric: f64,
    /// Least share of rows that must be answered as by the first.
    pub agreement: f64,
    /// Test rows compared.
    pub rows: u64,
    /// How ranges were found, where something was quantised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibrated: Option<Calibrated>,
    /// Channels taken out, by convolution.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub narrowed: Vec<Narrowed>,
    /// What the pruned network learnt from the unpruned one, where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distilled: Option<Distilled>,
    /// What an encoder of fewer layers learnt from the trained one, where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub student: Option<Student>,
}

/// What an encoder of fewer layers learnt from the trained one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Student {
    /// What both networks' logits were divided by.
    pub temperature: f64,
    /// The teacher's share of the loss.
    pub weight: f64,
    /// Layers of the teacher.
    pub of: usize,
    /// What was trained; its frozen figures are those of a head on the fewer layers before.
    pub training: TunedEncoder,
}

/// What a pruned network learnt from the unpruned one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Distilled {
    /// What both networks' logits were divided by.
    pub temperature: f64,
    /// The teacher's share of the loss.
    pub weight: f64,
    /// What was trained; its frozen figures are those of the pruned network before.
    pub training: Unfrozen,
}

/// One form of the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Form {
    /// What made it.
    pub kind: FormKind,
    /// Size of its graph.
    pub bytes: u64,
    /// Weights and biases.
    pub parameters: u64,
    /// Of these, 0.
    pub zeros: u64,
    /// Median of one picture or text on one core, taken in turn with the others.
    pub milliseconds: f64,
    /// Share of the test rows answered rightly.
    pub accuracy: f64,
    /// Share of the test rows answered as by the first.
    pub agreement: f64,
    /// Mean rank correlation (Spearman) of its activation maps, or of what single words did, with the first's; `None` without such maps.
    pub maps: Option<f64>,
    /// Mean cosine of its embeddings of the test texts with the first's; `None` of pictures and of the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embeddings: Option<f64>,
}

/// What made a form of the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FormKind {
    /// The training.
    Trained,
    /// Channels taken out, the head trained anew.
    Channels,
    /// Channels taken out, the last blocks and the head trained on the unpruned network's answers.
    Distilled,
    /// An encoder of fewer layers, trained on the whole one's answers.
    Student,
    /// The smallest weights set to 0, the head trained anew.
    Weights,
    /// Eight bits.
    Int8,
}

impl FormKind {
    /// For a person.
    pub fn title(self) -> Text {
        match self {
            Self::Trained => Text::new("as trained", "训练所得"),
            Self::Channels => Text::new("channels pruned", "通道剪枝"),
            Self::Distilled => Text::new("channels pruned, distilled", "通道剪枝并蒸馏"),
            Self::Student => Text::new("fewer layers, distilled", "减少层数并蒸馏"),
            Self::Weights => Text::new("weights pruned", "权重剪枝"),
            Self::Int8 => Text::new("int8", "int8 量化"),
        }
    }
}

/// How ranges were found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibrated {
    /// Name of the method, as the recipe has it.
    pub method: String,
    /// Training pictures looked at.
    pub pictures: u64,
}

/// Channels of a convolution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Narrowed {
    /// The convolution.
    pub name: String,
    /// Channels it had.
    pub before: usize,
    /// Channels it has.
    pub after: usize,
    /// Share of the variance behind it that the rest cannot say.
    pub error: f64,
}

/// Least mean cosine of embeddings that can stand for each other.
const ALIKE: f64 = 0.9;
/// Slack of a comparison of shares of counted rows.
const ROUNDING: f64 = 1e-9;

impl CompressOutcome {
    /// Whether a form costs no more than is tolerated.
    pub fn tolerates(&self, form: &Form) -> bool {
        let before = self.forms.first().map_or(f64::NAN, |first| first.accuracy);
        form.accuracy >= before - self.metric - ROUNDING
            && form.agreement >= self.agreement - ROUNDING
    }

    /// Of the forms that are tolerated the fastest; of equally fast ones the smaller.
    pub fn recommended(&self) -> Option<&Form> {
        let tolerated = self.forms.iter().filter(|form| self.tolerates(form));
        tolerated
            .min_by(|a, b| a.milliseconds.total_cmp(&b.milliseconds).then(a.bytes.cmp(&b.bytes)))
    }

    /// The mean cosine of the last form's embeddings with the first's, where it is so low that they cannot stand for each other.
    pub fn estranged(&self) -> Option<f64> {
        self.forms.last()?.embeddings.filter(|own| *own < ALIKE)
    }

    /// Refuses a last form that costs more than is tolerated.
    ///
    /// # Errors
    /// Then; the fault tells what each form cost and which would pass.
    pub fn gate(&self) -> Result<()> {
        let (Some(first), Some(last)) = (self.forms.first(), self.forms.last()) else {
            return Ok(());
        };
        if self.tolerates(last) {
            return Ok(());
        }
        let told = |form: &Form| {
            format!(
                "{}: {:.4}, {:.4}, {:.2} ms",
                form.kind.title().en,
                form.accuracy,
                form.agreement,
                form.milliseconds
            )
        };
        #[expect(clippy::cast_precision_loss, reason = "rows are counted in millions")]
        let row = 1.0 / self.rows.max(1) as f64;
        Err(Fault::new(&COMPRESS_REFUSED)
            .arg("accuracy", format!("{:.4}", last.accuracy))
            .arg("before", format!("{:.4}", first.accuracy))
            .arg("metric", self.metric)
            .arg("agreement", format!("{:.4}", last.agreement))
            .arg("least", self.agreement)
            .arg("rows", self.rows)
            // Not less than it is: who tolerates what is told tolerates one row.
            .arg("row", format!("{:.4}", (row * 1e4).ceil() / 1e4))
            .arg("forms", self.forms.iter().map(told).collect::<Vec<_>>().join("; "))
            .at("compress.tolerance"))
    }
}

/// Rank correlation (Spearman 1904), ties at their mean rank; `None` when either has no order.
#[expect(clippy::cast_precision_loss, reason = "places of a map")]
pub fn rank_agreement(left: &[f32], right: &[f32]) -> Option<f64> {
    if left.len() != right.len() || left.is_empty() {
        return None;
    }
    let (left, right) = (ranks(left), ranks(right));
    let mean = (left.len() as f64 - 1.0) / 2.0;
    let (mut both, mut own, mut other) = (0.0, 0.0, 0.0);
    for (a, b) in left.iter().zip(&right) {
        both += (a - mean) * (b - mean);
        own += (a - mean).powi(2);
        other += (b - mean).powi(2);
    }
    let spread = (own * other).sqrt();
    (spread > 0.0).then(|| both / spread)
}

#[expect(clippy::cast_precision_loss, reason = "places of a map")]
fn ranks(numbers: &[f32]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..numbers.len()).collect();
    let at = |index: &usize| numbers.get(*index).copied().unwrap_or_default();
    order.sort_by(|a, b| at(a).total_cmp(&at(b)));
    let mut ranks = vec![0.0; numbers.len()];
    let mut first = 0;
    for same in order.chunk_by(|a, b| at(a).total_cmp(&at(b)).is_eq()) {
        let rank = first as f64 + (same.len() as f64 - 1.0) / 2.0;
        for index in same {
            if let Some(slot) = ranks.get_mut(*index) {
                *slot = rank;
            }
        }
        first += same.len();
    }
    ranks
}

/// The accuracy among figures.
pub fn accuracy(metrics: &[Metric]) -> f64 {
    metrics.iter().find(|metric| metric.name == "accuracy").map_or(f64::NAN, |metric| metric.value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{Parity, Rows};
    use ingot_base::Task;

    fn form(kind: FormKind, milliseconds: f64, accuracy: f64, agreement: f64) -> Form {
        Form {
            kind,
            bytes: 1,
            parameters: 1,
            zeros: 0,
            milliseconds,
            accuracy,
            agreement,
            maps: None,
            embeddings: None,
        }
    }

    fn outcome(forms: Vec<Form>) -> CompressOutcome {
        let model = HeadOutcome {
            task: Task::ImageClassify,
            target: "label".into(),
            classes: vec!["a".into(), "b".into()],
            rows: Rows { train: 2, validation: 0, test: 2 },
            repeated: 0,
            rare: Vec::new(),
            copies: 0,
            mixed: 0,
            backbone: "tiny".into(),
            width: 2,
            parameters: 3,
            history: Vec::new(),
            best: 0,
            falling: false,
            weights: Vec::new(),
            test_groups: None,
            metrics: Vec::new(),
            majority: Vec::new(),
            confusion: Vec::new(),
            parity: Parity { rows: 0, difference: 0.0, tolerance: 0.0 },
            to_label: Vec::new(),
            privacy: None,
            labels: None,
            unfrozen: None,
            encoder: None,
        };
        CompressOutcome {
            model,
            forms,
            metric: 0.01,
            agreement: 0.92,
            rows: 100,
            calibrated: None,
            narrowed: Vec::new(),
            distilled: None,
            student: None,
        }
    }

    #[test]
    fn the_fastest_that_costs_little_is_recommended_and_a_costly_one_refused() {
        let trained = form(FormKind::Trained, 4.0, 0.98, 1.0);
        let narrow = form(FormKind::Channels, 2.0, 0.97, 0.95);
        let bytes = form(FormKind::Int8, 1.0, 0.96, 0.99);
        let mut found = outcome(vec![trained, narrow, bytes]);
        assert_eq!(found.recommended().unwrap().kind, FormKind::Channels, "0.97 is just allowed");
        let fault = found.gate().unwrap_err();
        assert_eq!(fault.code(), "train-compress-refused");
        assert!(fault.to_string().contains("0.9600"), "{fault}");
        found.forms.pop();
        found.gate().unwrap();
        found.agreement = 0.96;
        assert!(found.gate().is_err());
    }

    #[test]
    fn a_refusal_tells_what_one_test_row_is() {
        // 55 and 54 of 56.
        let trained = form(FormKind::Trained, 4.0, 55.0 / 56.0, 1.0);
        let bytes = form(FormKind::Int8, 1.0, 54.0 / 56.0, 55.0 / 56.0);
        let mut found = outcome(vec![trained, bytes]);
        found.rows = 56;
        let fault = found.gate().unwrap_err();
        for lang in [ingot_base::Lang::En, ingot_base::Lang::Zh] {
            let (said, hint) = (fault.render(lang), fault.hint(lang).unwrap());
            assert!(said.contains("56") && said.contains("0.0179"), "{said}");
            assert!(hint.contains("0.0179"), "{hint}");
        }
        found.metric = 0.0179;
        found.gate().unwrap();
    }

    #[test]
    fn a_distillation_that_was_not_kept_is_told_as_such() {
        let mut found = outcome(vec![form(FormKind::Trained, 4.0, 0.98, 1.0)]);
        let told = |found: &CompressOutcome| {
            let page = super::super::compress_report(found).html(ingot_base::Lang::En);
            (
                page.contains("stays as it was"),
                page.contains("剪枝后的网络保持不变"),
                page.contains("were kept"),
            )
        };
        assert_eq!(told(&found), (false, false, false));
        let training = |best| Unfrozen {
            blocks: 3,
            from: "map".into(),
            shape: [2, 1, 1],
            convolutions: Vec::new(),
            parameters: 9,
            bytes: 8,
            history: Vec::new(),
            best,
            frozen: Vec::new(),
        };
        let distilled =
            |best| Distilled { temperature: 4.0, weight: 0.9, training: training(best) };
        found.distilled = Some(distilled(0));
        assert_eq!(told(&found), (true, true, false));
        found.distilled = Some(distilled(2));
        assert_eq!(told(&found), (false, false, true));
    }

    #[test]
    fn embeddings_that_cannot_stand_for_each_other_are_told() {
        let mut found = outcome(vec![form(FormKind::Trained, 4.0, 0.98, 1.0)]);
        let told = |found: &CompressOutcome| {
            let page = super::super::compress_report(found).html(ingot_base::Lang::En);
            (page.contains("Embeddings as before"), page.contains("must not be searched"))
        };
        assert_eq!(told(&found), (false, false));
        let near = Form { embeddings: Some(0.97), ..form(FormKind::Student, 2.0, 0.98, 1.0) };
        found.forms.push(near.clone());
        assert_eq!(told(&found), (true, false));
        found.forms.push(Form { embeddings: Some(0.5), kind: FormKind::Int8, ..near });
        assert_eq!(told(&found), (true, true));
        assert_eq!(found.estranged(), Some(0.5));
    }

    #[test]
    fn ranks_agree_as_spearman_says() {
        let up = [1.0, 2.0, 3.0, 4.0];
        assert_eq!(rank_agreement(&up, &[10.0, 20.0, 30.0, 40.0]), Some(1.0));
        assert_eq!(rank_agreement(&up, &[4.0, 3.0, 2.0, 1.0]), Some(-1.0));
        // scipy.stats.spearmanr([1, 2, 3, 4], [1, 1, 2, 0])
        let some = rank_agreement(&up, &[1.0, 1.0, 2.0, 0.0]).unwrap();
        assert!((some - -0.316_227_77).abs() < 1e-6, "{some}");
        assert_eq!(rank_agreement(&up, &[0.0; 4]), None);
        assert_eq!(rank_agreement(&up, &[0.0; 3]), None);
    }
}
