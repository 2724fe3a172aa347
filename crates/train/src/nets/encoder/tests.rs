use super::super::head::{Gradients, HeadSettings, Net as Head, Schedule, cross_entropy};
use super::super::{FeatureTable, HeadConfig, HeadOutcome, Passes, TrainedHead, train_head};
use super::change::Change;
use super::model::{Embeddings, Layer, Part, put_back, read};
use super::net::Net;
use super::{
    EncoderCourse, EncoderSettings, EncoderTeacher, Method, SourceEncoder, TunedText, fewer_layers,
    tune_encoder,
};
use crate::language::Checkpoints;
use crate::nets::Distill;
use ingot_base::{Heard, Reporter, Result, Rng, Silent, Task};
use ingot_runtime::onnx::{Activation, Dense, Encoder};
use ingot_runtime::product::{Target, View, product};
use ingot_runtime::weights::{Tensor, Weights};
use std::sync::Mutex;

const ENCODER: Encoder = Encoder { name: "tiny", heads: 2, epsilon: 1e-12, unknown: 1, buckets: 0 };
const WIDTH: usize = 6;
const INNER: usize = 10;

/// An encoder of three layers, seven words and five positions, of weights by chance.
fn weights() -> Weights {
    let mut weights = Weights::new();
    let mut random = Rng::new(3, "tiny encoder");
    let mut put = |name: String, shape: &[usize], about: f64, spread: f64| {
        let count: usize = shape.iter().product();
        let data = (0..count).map(|_| (about + random.between(-spread, spread)) as f32).collect();
        weights.insert(name, Tensor { shape: shape.to_vec(), data });
    };
    for (name, rows) in [("word", 7), ("position", 5), ("token_type", 2)] {
        put(format!("embeddings.{name}_embeddings.weight"), &[rows, WIDTH], 0.0, 1.0);
    }
    let norm = [("weight", 1.0, 0.4), ("bias", 0.0, 0.3)];
    for (of, about, spread) in norm {
        put(format!("embeddings.LayerNorm.{of}"), &[WIDTH], about, spread);
    }
    for layer in 0..3 {
        for part in Part::ALL {
            let (outputs, inputs) = match part {
                Part::Wide => (INNER, WIDTH),
                Part::Narrow => (WIDTH, INNER),
                _ => (WIDTH, WIDTH),
            };
            let name = format!("encoder.layer.{layer}.{}", part.name());
            put(format!("{name}.weight"), &[outputs, inputs], 0.0, 0.8);
            put(format!("{name}.bias"), &[outputs], 0.0, 0.3);
        }
        for part in super::model::NORMS {
            for (of, about, spread) in norm {
                put(format!("encoder.layer.{layer}.{part}.{of}"), &[WIDTH], about, spread);
            }
        }
    }
    weights
}

fn encoder() -> (Embeddings, Vec<Layer>) {
    read(&weights(), ENCODER).unwrap()
}

/// A number in double precision and what it is of.
type Exact = Vec<f64>;

fn wide(numbers: &[f32]) -> Exact {
    numbers.iter().map(|number| f64::from(*number)).collect()
}

/// A layer in double precision: matrices with biases, normalisations with shifts.
#[derive(Clone)]
struct ExactLayer {
    matrices: Vec<(Exact, Exact)>,
    norms: Vec<(Exact, Exact)>,
}

/// The layers with a change's numbers, as the papers write it.
fn exact(base: &[Layer], first: usize, method: Method, values: &[f64]) -> Vec<ExactLayer> {
    let mut at = 0;
    let mut take = |count: usize| {
        at += count;
        values[at - count..at].to_vec()
    };
    base.iter()
        .enumerate()
        .map(|(index, layer)| {
            let mut own = ExactLayer {
                matrices: Part::ALL
                    .map(|part| {
                        let matrix = layer.matrix(part);
                        (wide(&matrix.weight), wide(&matrix.bias))
                    })
                    .to_vec(),
                norms: layer.norms.iter().map(|own| (wide(&own.scale), wide(&own.shift))).collect(),
            };
            if index < first {
                return own;
            }
            for (weight, bias) in &mut own.matrices {
                let (outputs, inputs) = (bias.len(), weight.len() / bias.len());
                match method {
                    Method::Lora { rank, alpha } => {
                        let (a, b) = (take(rank * inputs), take(outputs * rank));
                        for (at, slot) in weight.iter_mut().enumerate() {
                            let (output, input) = (at / inputs, at % inputs);
                            let sum: f64 = (0..rank)
                                .map(|own| b[output * rank + own] * a[own * inputs + input])
                                .sum();
                            *slot += alpha / rank as f64 * sum;
                        }
                    }
                    Method::Full => (*weight, *bias) = (take(outputs * inputs), take(outputs)),
                }
            }
            if method == Method::Full {
                for norm in &mut own.norms {
                    *norm = (take(WIDTH), take(WIDTH));
                }
            }
            own
        })
        .collect()
}

fn dense((weight, bias): &(Exact, Exact), x: &[f64]) -> Exact {
    let inputs = weight.len() / bias.len();
    let rows = weight.chunks(inputs).zip(bias);
    rows.map(|(row, bias)| row.iter().zip(x).map(|(w, x)| w * x).sum::<f64>() + bias).collect()
}

fn normalise((scale, shift): &(Exact, Exact), x: &[f64]) -> Exact {
    let mean = x.iter().sum::<f64>() / x.len() as f64;
    let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / x.len() as f64;
    let one = |((x, scale), shift): ((&f64, &f64), &f64)| {
        (x - mean) / (variance + 1e-12).sqrt() * scale + shift
    };
    x.iter().zip(scale).zip(shift).map(one).collect()
}

/// By the series, which is exact enough for |x| < 5.
fn error_function(x: f64) -> f64 {
    let (mut term, mut sum) = (x, x);
    for n in 1..120 {
        term *= -x * x / f64::from(n);
        sum += term / f64::from(2 * n + 1);
    }
    sum * std::f64::consts::FRAC_2_SQRT_PI
}

/// A text's embedding, row by row in double precision.
fn slowly(embeddings: &Embeddings, layers: &[ExactLayer], tokens: &[i64]) -> Exact {
    let mut rows: Vec<Exact> = embeddings.rows(tokens).chunks(WIDTH).map(wide).collect();
    let head = WIDTH / ENCODER.heads;
    for layer in layers {
        let [query, key, value, output, inner, narrow] = &layer.matrices[..] else { panic!() };
        let of = |matrix: &(Exact, Exact)| -> Vec<Exact> {
            rows.iter().map(|row| dense(matrix, row)).collect()
        };
        let (queries, keys, values) = (of(query), of(key), of(value));
        rows = rows
            .iter()
            .zip(&queries)
            .map(|(row, query)| {
                let mut mixed = vec![0.0; WIDTH];
                for own in (0..WIDTH).step_by(head) {
                    let score = |key: &Exact| -> f64 {
                        let dot: f64 = (own..own + head).map(|at| query[at] * key[at]).sum();
                        (dot / (head as f64).sqrt()).exp()
                    };
                    let scores: Exact = keys.iter().map(score).collect();
                    let all: f64 = scores.iter().sum();
                    for (score, value) in scores.iter().zip(&values) {
                        for at in own..own + head {
                            mixed[at] += score / all * value[at];
                        }
                    }
                }
                let sum: Exact =
                    dense(output, &mixed).iter().zip(row).map(|(one, other)| one + other).collect();
                let middle = normalise(&layer.norms[0], &sum);
                let active: Exact = dense(inner, &middle)
                    .iter()
                    .map(|x| x * 0.5 * (1.0 + error_function(x / std::f64::consts::SQRT_2)))
                    .collect();
                let sum: Exact = dense(narrow, &active)
                    .iter()
                    .zip(&middle)
                    .map(|(one, other)| one + other)
                    .collect();
                normalise(&layer.norms[1], &sum)
            })
            .collect();
    }
    let mean: Exact = (0..WIDTH)
        .map(|at| rows.iter().map(|row| row[at]).sum::<f64>() / rows.len() as f64)
        .collect();
    let length = mean.iter().map(|number| number * number).sum::<f64>().sqrt();
    mean.iter().map(|number| number / length).collect()
}

const TEXTS: [&[i64]; 3] = [&[2, 3, 4, 5], &[2, 6, 5], &[2, 9, 4, 3, 5]];

fn close(own: f64, expected: f64, slack: f64, what: &str) {
    assert!((own - expected).abs() < slack, "{what}: {own} {expected}");
}

#[test]
fn embeddings_are_those_of_the_slow_network_and_of_each_text_alone() {
    let (embeddings, layers) = encoder();
    let net = Net { embeddings: &embeddings, layers: &layers };
    let all = net.embed(&TEXTS);
    let slow = exact(&layers, layers.len(), Method::Full, &[]);
    for (text, own) in TEXTS.iter().zip(all.chunks(WIDTH)) {
        for (own, expected) in own.iter().zip(slowly(&embeddings, &slow, text)) {
            close(f64::from(*own), expected, 2e-6, "embedding");
        }
        assert_eq!(net.embed(&[*text]), own, "others beside it change no bit");
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    assert_eq!(pool.install(|| net.embed(&TEXTS)), all);
}

/// A change whose numbers are no longer those of the beginning.
fn moved(layers: &[Layer], count: usize, method: Method) -> Change {
    let mut change = Change::new(layers, count, method, 5);
    let mut random = Rng::new(7, "moved");
    change.values.iter_mut().for_each(|number| *number += random.between(-0.2, 0.2) as f32);
    change
}

const LORA: Method = Method::Lora { rank: 2, alpha: 3.0 };

/// Cross-entropy of a head on the embeddings, against differences of it in double precision.
#[test]
fn gradients_are_those_of_differences() {
    let (embeddings, base) = encoder();
    let head = Head {
        layers: vec![Dense { weight: vec![0.7, -0.5, 0.9, 0.3, -1.1, 0.4], bias: vec![0.1] }],
        activation: Activation::Sigmoid,
    };
    let truths = [1.0, 0.0, 1.0];
    for (method, count) in [(LORA, 3), (LORA, 1), (Method::Full, 3), (Method::Full, 2)] {
        let change = moved(&base, count, method);
        let mut layers = base.clone();
        change.apply(&base, &mut layers);
        let net = Net { embeddings: &embeddings, layers: &layers };
        let passed = net.forward(&TEXTS, change.first);
        let mut by = Vec::new();
        let mut sums = Gradients::of(&head);
        for (embedding, truth) in passed.embeddings.chunks(WIDTH).zip(truths) {
            let outputs = head.forward(embedding);
            let truth = super::super::head::Truth::of(usize::from(truth > 0.5));
            let (_, error) = cross_entropy(&outputs[0], truth, head.activation);
            by.extend(sums.descend(&head, embedding, &outputs, error, true));
        }
        let mut own = vec![0.0; change.parameters()];
        net.backward(passed, &by, &change, &mut own);
        let cost = |values: &[f64]| -> f64 {
            let layers = exact(&base, change.first, method, values);
            let weight = wide(&head.layers[0].weight);
            TEXTS
                .iter()
                .zip(truths)
                .map(|(text, truth)| {
                    let embedding = slowly(&embeddings, &layers, text);
                    let logit: f64 =
                        weight.iter().zip(&embedding).map(|(w, e)| w * e).sum::<f64>() + 0.1;
                    (1.0 + logit.exp()).ln() - truth * logit
                })
                .sum()
        };
        let values = wide(&change.values);
        let most = own.iter().fold(0.0_f32, |most, number| most.max(number.abs()));
        assert!(most > 0.05, "{most}");
        for at in 0..values.len() {
            let (mut above, mut below) = (values.clone(), values.clone());
            above[at] += 1e-5;
            below[at] -= 1e-5;
            let expected = (cost(&above) - cost(&below)) / 2e-5;
            close(f64::from(own[at]), expected, 1e-5, &format!("{method:?} {count} {at}"));
        }
    }
}

#[test]
fn a_fresh_change_changes_nothing_and_a_merged_one_is_the_adapter() {
    let (_, base) = encoder();
    for method in [LORA, Method::Full] {
        let mut layers = base.clone();
        Change::new(&base, 3, method, 5).apply(&base, &mut layers);
        assert_eq!(layers, base, "{method:?}");
    }
    let change = moved(&base, 1, LORA);
    let mut layers = base.clone();
    change.apply(&base, &mut layers);
    assert_eq!(layers[..2], base[..2]);
    // The first numbers are A and B of the last layer's query: x Wᵀ + 3/2 (x Aᵀ) Bᵀ.
    let (a, b) = (&change.values[..2 * WIDTH], &change.values[2 * WIDTH..4 * WIDTH]);
    let x: Vec<f32> = (0..WIDTH).map(|at| at as f32 * 0.3 - 0.8).collect();
    let matrix = &base[2].matrix(Part::Query).weight;
    let (mut low, mut beside, mut merged) = (vec![0.0; 2], vec![0.0; WIDTH], vec![0.0; WIDTH]);
    let row = || View::rows(&x, 1, WIDTH);
    product(Target::set(&mut low, 2), row(), View::rows(a, 2, WIDTH).transposed(), 1.0);
    let square = |matrix| View::rows(matrix, WIDTH, WIDTH).transposed();
    product(Target::set(&mut beside, WIDTH), row(), square(matrix), 1.0);
    let b = View::rows(b, WIDTH, 2).transposed();
    product(Target::add(&mut beside, WIDTH), View::rows(&low, 1, 2), b, 1.5);
    product(
        Target::set(&mut merged, WIDTH),
        row(),
        square(&layers[2].matrix(Part::Query).weight),
        1.0,
    );
    for (merged, beside) in merged.iter().zip(&beside) {
        close(f64::from(*merged), f64::from(*beside), 1e-6, "merged");
    }
}

#[test]
fn a_weight_that_is_missing_is_named_and_what_is_put_back_is_what_was_read() {
    let mut all = weights();
    assert_eq!(put_back(&all, &encoder().1), all);
    let name = "encoder.layer.1.intermediate.dense.bias";
    all.get_mut(name).unwrap().shape = vec![3];
    assert!(read(&all, ENCODER).unwrap_err().to_string().contains("encoder.layer.1"));
    all.remove("encoder.layer.0.output.LayerNorm.bias");
    assert!(read(&all, ENCODER).unwrap_err().to_string().contains("layer.0.output.LayerNorm.bias"));
    let less = fewer_layers(&weights(), ENCODER, 2).unwrap();
    let (_, layers) = read(&less, ENCODER).unwrap();
    assert_eq!(layers, [encoder().1[0].clone(), encoder().1[1].clone()]);
    let one = fewer_layers(&weights(), ENCODER, 1).unwrap();
    assert_eq!(read(&one, ENCODER).unwrap().1.len(), 1);
    assert_eq!(fewer_layers(&weights(), ENCODER, 4).unwrap_err().code(), "train-encoder-layers");
}

/// Where an unfinished training is kept; it may be interrupted after so many passes.
#[derive(Default)]
struct Kept {
    bytes: Mutex<Option<Vec<u8>>>,
    passes: Mutex<usize>,
    most: usize,
}

impl Checkpoints for Kept {
    fn load(&self) -> Result<Option<Vec<u8>>> {
        Ok(self.bytes.lock().unwrap().clone())
    }

    fn keep(&self, bytes: &[u8]) -> Result<()> {
        *self.passes.lock().unwrap() += 1;
        if self.most > 0 && *self.passes.lock().unwrap() > self.most {
            return Err(ingot_base::fault::internal("pulled the plug"));
        }
        *self.bytes.lock().unwrap() = Some(bytes.to_vec());
        Ok(())
    }
}

/// Texts of three words whose class is which of two words comes first: of single words nothing tells it.
struct Order {
    tables: [FeatureTable; 3],
    tokens: [Vec<Vec<i64>>; 3],
}

impl Order {
    fn new() -> Self {
        let (embeddings, layers) = encoder();
        let net = Net { embeddings: &embeddings, layers: &layers };
        let mut random = Rng::new(11, "order");
        let mut own = Self { tables: Default::default(), tokens: Default::default() };
        for (part, rows) in [96_u64, 32, 32].into_iter().enumerate() {
            for row in 0..rows {
                let (first, other) = ([3, 4], [2, 5, 6][random.below(3)]);
                let turned = row % 2 == 1;
                let mut text = if turned { vec![first[1], first[0]] } else { first.to_vec() };
                text.insert(random.below(3), other);
                let table = &mut own.tables[part];
                let embedding = net.embed(&[&text]);
                table.features.extend(embedding.iter().map(|own| own * (WIDTH as f32).sqrt()));
                // One bucket of words, which says nothing.
                table.features.push(1.0);
                table.labels.push(Some(if turned { "yes" } else { "no" }.to_owned()));
                table.places.push(("order".into(), row + 1));
                table.copy.push(false);
                own.tokens[part].push(text);
            }
        }
        // One row without a class.
        own.tables[0].labels[5] = None;
        own
    }

    fn head(&self) -> TrainedHead {
        let [train, validation, test] = &self.tables;
        train_head(&config(), train, validation, test).unwrap()
    }

    fn tune(
        &self,
        settings: &EncoderSettings,
        kept: &Kept,
        teacher: Option<&EncoderTeacher>,
    ) -> Result<TunedText> {
        self.tune_told(settings, (kept, &Silent), teacher)
    }

    fn tune_told(
        &self,
        settings: &EncoderSettings,
        (kept, reporter): (&Kept, &dyn Reporter),
        teacher: Option<&EncoderTeacher>,
    ) -> Result<TunedText> {
        let [train, validation, test] = &self.tokens;
        let weights = weights();
        let source = SourceEncoder {
            weights: &weights,
            encoder: ENCODER,
            tokens: [train, validation, test],
        };
        let course = EncoderCourse { key: "one", checkpoints: kept, reporter };
        let tables = self.tables.each_ref();
        tune_encoder(&config(), settings, source, self.head(), tables, (teacher, course))
    }
}

fn config() -> HeadConfig {
    HeadConfig {
        task: Task::TextClassify,
        target: "turned".into(),
        positive: Some("yes".into()),
        backbone: "tiny".into(),
        width: WIDTH + 1,
        settings: HeadSettings {
            hidden: vec![],
            epochs: 3,
            batch: 16,
            learning_rate: 0.01,
            weight_decay: 0.0,
            schedule: Schedule::Constant,
            dropout: 0.1,
            patience: 0,
        },
        mixup: None,
        seed: 1,
        privacy: None,
        balance: false,
    }
}

fn settings(method: Method) -> EncoderSettings {
    EncoderSettings {
        method,
        layers: 3,
        passes: Passes {
            epochs: 30,
            batch: 8,
            learning_rate: 0.02,
            weight_decay: 0.01,
            schedule: Schedule::Cosine,
            patience: 0,
            section: "train.encoder",
        },
    }
}

fn accuracy(metrics: &[crate::outcome::Metric]) -> f64 {
    metrics.iter().find(|metric| metric.name == "accuracy").unwrap().value
}

#[test]
fn an_encoder_learns_what_a_head_cannot_and_the_weights_are_those_measured() {
    let order = Order::new();
    for method in [LORA, Method::Full] {
        let found = order.tune(&settings(method), &Kept::default(), None).unwrap();
        let tuned = found.head.outcome.encoder.as_ref().unwrap();
        let (before, after) = (accuracy(&tuned.frozen), accuracy(&found.head.outcome.metrics));
        assert!(after > 0.8 && after > before + 0.2, "{method:?}: {before} {after}");
        assert!(tuned.best > 0 && tuned.history.len() == 30, "{tuned:?}");
        assert_eq!(found.head.outcome.to_label.len(), 1);
        // From the weights that are given back the scores come out again.
        let (embeddings, layers) = read(&found.weights, ENCODER).unwrap();
        let net = Net { embeddings: &embeddings, layers: &layers };
        let head = Head { layers: found.head.layers.clone(), activation: Activation::Sigmoid };
        for (text, score) in order.tokens[2].iter().zip(&found.head.scores) {
            let mut features = net.embed(&[text]);
            for own in &mut features {
                *own *= (WIDTH as f32).sqrt();
            }
            features.push(1.0);
            close(head.scores(&features)[0], *score, 1e-6, "score");
        }
        let page = super::super::head_report(&found.head.outcome).html(ingot_base::Lang::Zh);
        assert!(page.contains("编码器微调"), "{page}");
    }
}

#[test]
fn an_interrupted_training_goes_on_to_the_same_bits() {
    let order = Order::new();
    let mut settings = settings(LORA);
    settings.passes.epochs = 5;
    let whole = order.tune(&settings, &Kept::default(), None).unwrap();
    let broken = Kept { most: 2, ..Kept::default() };
    assert!(order.tune(&settings, &broken, None).is_err());
    let rest = Kept { bytes: Mutex::new(broken.load().unwrap()), ..Kept::default() };
    let resumed = order.tune(&settings, &rest, None).unwrap();
    assert_eq!(*rest.passes.lock().unwrap(), 3, "only what was left is done");
    assert_eq!(resumed.weights, whole.weights);
    assert_eq!(resumed.head.layers, whole.head.layers);
    assert_eq!(resumed.head.outcome, whole.head.outcome);
    let damaged = Kept { bytes: Mutex::new(Some(vec![1; 9])), ..Kept::default() };
    assert_eq!(order.tune(&settings, &damaged, None).unwrap_err().code(), "train-checkpoint");
}

#[test]
fn what_does_not_help_on_validation_rows_is_undone() {
    let order = Order::new();
    // Steps so long that they leave nothing of what was known.
    let mut settings = settings(LORA);
    (settings.passes.patience, settings.passes.learning_rate) = (2, 5.0);
    let found = order.tune(&settings, &Kept::default(), None).unwrap();
    let tuned = found.head.outcome.encoder.as_ref().unwrap();
    assert_eq!((tuned.best, tuned.history.len()), (0, 2), "{tuned:?}");
    assert_eq!(found.weights, weights());
    // Nothing says that it was changed: it has the figures and the weights that it had.
    let before = order.head();
    assert_eq!(found.head.layers, before.layers);
    let outcome = &found.head.outcome;
    assert_eq!(HeadOutcome { encoder: None, ..outcome.clone() }, before.outcome);
    assert!(outcome.tuned_encoder().is_none());
    let page = |lang| super::super::head_report(outcome).html(lang);
    let (english, chinese) = (page(ingot_base::Lang::En), page(ingot_base::Lang::Zh));
    for (page, kept, changed) in [
        (&english, "which stays as it was, since fine-tuning its last 3 layer(s)", "trained too"),
        (&english, "No pass made the validation loss lower", "Head on the frozen encoder"),
        (&chinese, "保持不变：在验证集上微调其末端 3 层并无改善", "层一同训练）"),
        (&chinese, "没有任何一轮使验证损失低于微调前", "冻结编码器上的输出层"),
    ] {
        assert!(page.contains(kept) && !page.contains(changed), "{kept}: {page}");
    }
}

#[test]
fn every_step_of_an_encoder_is_told_once() {
    let (order, heard) = (Order::new(), Heard::default());
    let mut short = settings(LORA);
    short.passes.epochs = 2;
    order.tune_told(&short, (&Kept::default(), &heard), None).unwrap();
    let steps: u64 = heard.stages().iter().map(|(_, _, done)| done).sum();
    assert_eq!(steps, 24, "two passes over 95 rows in batches of eight");
}

#[test]
fn texts_without_a_class_are_listed_by_what_the_tuned_encoder_says_of_them() {
    let mut order = Order::new();
    for row in [90, 91, 92] {
        order.tables[0].labels[row] = None;
    }
    // Those of the other parts are listed as well: places tell which they are.
    let mut seen = [5, 90, 91, 92].map(|row| order.tokens[0][row].clone()).to_vec();
    for part in [1, 2] {
        let row = (0..32).find(|row| !seen.contains(&order.tokens[part][*row])).unwrap();
        seen.push(order.tokens[part][row].clone());
        order.tables[part].labels[row] = None;
        order.tables[part].places[row].1 = 1000 * part as u64;
    }
    let unknown: Vec<(usize, usize)> = (0..3)
        .flat_map(|part| {
            let labels = order.tables[part].labels.iter().enumerate();
            labels.filter(|(_, label)| label.is_none()).map(move |(row, _)| (part, row))
        })
        .collect();
    let found = order.tune(&settings(LORA), &Kept::default(), None).unwrap();
    assert!(found.head.outcome.tuned_encoder().is_some());
    let (embeddings, layers) = read(&found.weights, ENCODER).unwrap();
    let net = Net { embeddings: &embeddings, layers: &layers };
    let head = Head { layers: found.head.layers.clone(), activation: Activation::Sigmoid };
    let mut expected: Vec<(u64, f64)> = unknown
        .iter()
        .map(|&(part, row)| {
            let mut features = net.embed(&[&order.tokens[part][row]]);
            for own in &mut features {
                *own *= (WIDTH as f32).sqrt();
            }
            features.push(1.0);
            (order.tables[part].places[row].1, (2.0 * head.scores(&features)[0] - 1.0).abs())
        })
        .collect();
    expected.sort_by(|a, b| a.1.total_cmp(&b.1));
    let listed = &found.head.outcome.to_label;
    assert!(unknown.len() == 6 && listed.len() == unknown.len(), "{unknown:?} {listed:?}");
    for (own, (row, margin)) in listed.iter().zip(expected) {
        assert_eq!(own.row, row, "{listed:?}");
        close(own.margin, margin, 1e-6, "margin");
    }
}

#[test]
fn a_training_that_runs_away_or_does_not_fit_is_refused() {
    let order = Order::new();
    let refused = |settings: &EncoderSettings| {
        let fault = order.tune(settings, &Kept::default(), None).unwrap_err();
        (fault.code().to_owned(), fault.key_path().map(str::to_owned))
    };
    let mut wild = settings(Method::Full);
    (wild.passes.learning_rate, wild.passes.section) = (1e38, "compress.distill");
    let of = |code: &str, key: &str| (code.to_owned(), Some(key.to_owned()));
    let lost = of("train-encoder-diverged", "compress.distill.learning_rate");
    assert_eq!(refused(&wild), lost);
    let many = EncoderSettings { layers: 4, ..settings(LORA) };
    assert_eq!(refused(&many), of("train-encoder-layers", "train.encoder.layers"));
}

/// A student that learns its teacher's answers alone has them, not those of the rows' classes.
#[test]
fn a_student_learns_what_its_teacher_says() {
    let order = Order::new();
    let count = order.tables[0].labels.len();
    let how = Distill { temperature: 2.0, weight: 1.0 };
    // It holds every text for the first class, whatever the rows say.
    let teacher =
        EncoderTeacher { how, logits: vec![-3.0; count], embeddings: vec![0.0; count * WIDTH] };
    let mut settings = settings(Method::Full);
    settings.passes.epochs = 10;
    let mut own = Order::new();
    // Without validation rows the last numbers are kept.
    own.tables[1] = FeatureTable::default();
    own.tokens[1].clear();
    let found = own.tune(&settings, &Kept::default(), Some(&teacher)).unwrap();
    assert!(found.head.scores.iter().all(|score| *score < 0.15), "{:?}", found.head.scores);
}
