use super::super::head::Net;
use super::super::{
    FeatureTable, HeadConfig, HeadOutcome, HeadSettings, Passes, Schedule, TrainedHead, train_head,
};
use super::maps::{MapShape, backward, forward, shapes, turned};
use super::{Distill, Teacher, TuneSettings, Tuned, fine_tune, pooled};
use ingot_base::{Rng, Task};
use ingot_runtime::onnx::proto::{Attribute, Graph, Model, Node, OperatorSet, Tensor, ValueInfo};
use ingot_runtime::onnx::{Convolution, Dense, Operation, Tail};

/// A graph in the making, of weights by chance.
struct Small {
    graph: Graph,
    random: Rng,
}

impl Small {
    fn node(&mut self, op: &str, inputs: &[&str], name: &str, settings: Vec<Attribute>) {
        self.graph.node.push(Node {
            input: inputs.iter().map(|input| (*input).to_owned()).collect(),
            output: vec![name.into()],
            name: name.into(),
            op_type: op.into(),
            attribute: settings,
            ..Node::default()
        });
    }

    fn constant(&mut self, name: &str, dims: &[i64], numbers: &[f32]) {
        self.graph.initializer.push(Tensor {
            dims: dims.to_vec(),
            data_type: 1,
            name: name.into(),
            raw_data: numbers.iter().flat_map(|number| number.to_le_bytes()).collect(),
            ..Tensor::default()
        });
    }

    fn convolution(
        &mut self,
        input: &str,
        name: &str,
        dims: [i64; 4],
        (stride, pad, group): (i64, i64, i64),
    ) {
        let list = |name: &str, ints: Vec<i64>| Attribute {
            name: name.into(),
            ints,
            kind: 7,
            ..Attribute::default()
        };
        let count = usize::try_from(dims.iter().product::<i64>()).unwrap();
        let inner = (count as f64 / dims[0] as f64).sqrt();
        let numbers: Vec<f32> =
            (0..count).map(|_| self.random.between(-1.5 / inner, 1.5 / inner) as f32).collect();
        self.constant(&format!("{name}.weight"), &dims, &numbers);
        let bias: Vec<f32> = (0..dims[0]).map(|_| self.random.between(-0.3, 0.3) as f32).collect();
        self.constant(&format!("{name}.bias"), &[dims[0]], &bias);
        let settings = vec![
            list("strides", vec![stride; 2]),
            list("pads", vec![pad; 4]),
            Attribute { name: "group".into(), i: Some(group), kind: 2, ..Attribute::default() },
        ];
        let (weight, bias) = (format!("{name}.weight"), format!("{name}.bias"));
        self.node("Conv", &[input, &weight, &bias], name, settings);
    }
}

/// Every operation that can be trained: a residual with convolutions of single channels, one with a step of two and a kernel of
/// three over all channels, activations that cut on both sides.
fn network() -> Model {
    let mut small = Small { graph: Graph::default(), random: Rng::new(3, "network") };
    small.constant("low", &[], &[0.0]);
    small.constant("high", &[], &[1.0]);
    small.graph.input = vec![ValueInfo { name: "x".into(), kind: None }];
    small.node("Relu", &["x"], "cut", Vec::new());
    small.convolution("cut", "wide", [6, 3, 1, 1], (1, 0, 1));
    small.node("Clip", &["wide", "low", "high"], "wide.clip", Vec::new());
    small.convolution("wide.clip", "single", [6, 1, 3, 3], (1, 1, 6));
    small.node("Clip", &["single", "low", "high"], "single.clip", Vec::new());
    small.convolution("single.clip", "narrow", [3, 6, 1, 1], (1, 0, 1));
    small.node("Add", &["cut", "narrow"], "sum", Vec::new());
    small.convolution("sum", "whole", [4, 3, 3, 3], (2, 1, 1));
    small.node("Relu", &["whole"], "whole.relu", Vec::new());
    small.convolution("whole.relu", "down", [4, 1, 3, 3], (2, 1, 4));
    small.node("Add", &["down", "down"], "twice", Vec::new());
    small.node("GlobalAveragePool", &["twice"], "pooled", Vec::new());
    small.node("Flatten", &["pooled"], "features", Vec::new());
    small.graph.output = vec![ValueInfo { name: "features".into(), kind: None }];
    Model {
        ir_version: 8,
        graph: Some(small.graph),
        opset_import: vec![OperatorSet { domain: String::new(), version: 17 }],
        ..Model::default()
    }
}

const SHAPE: MapShape = MapShape { channels: 3, height: 6, width: 5 };

fn tail() -> Tail {
    Tail::of(&network(), "cut", "features").unwrap()
}

fn dense(tail: &Tail) -> Vec<Dense> {
    let own = |own: &Convolution| Dense { weight: own.weight.clone(), bias: own.bias.clone() };
    tail.convolutions.iter().map(own).collect()
}

fn batch(rows: usize, seed: u64) -> Vec<f32> {
    let mut random = Rng::new(seed, "maps");
    (0..rows * SHAPE.numbers()).map(|_| random.between(-1.0, 1.5) as f32).collect()
}

/// Weights and biases in double precision.
type Exact = Vec<(Vec<f64>, Vec<f64>)>;

fn exact(tail: &Tail) -> Exact {
    let wide = |numbers: &[f32]| numbers.iter().map(|number| f64::from(*number)).collect();
    tail.convolutions.iter().map(|own| (wide(&own.weight), wide(&own.bias))).collect()
}

/// A convolution as the standard writes it, place by place, in double precision.
fn slowly(
    own: &Convolution,
    (weight, bias): &(Vec<f64>, Vec<f64>),
    map: &[f64],
    shape: MapShape,
) -> (Vec<f64>, MapShape) {
    let [outputs, inputs, high, wide] = own.dims;
    let (height, width) = own.given(shape.height, shape.width);
    let mut made = Vec::new();
    for output in 0..outputs {
        for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
            let mut sum = bias[output];
            for (channel, tap) in
                (0..inputs * high * wide).map(|at| (at / (high * wide), at % (high * wide)))
            {
                let from = if own.group == 1 { channel } else { output };
                let row = (y * own.strides[0] + tap / wide).wrapping_sub(own.pads[0]);
                let column = (x * own.strides[1] + tap % wide).wrapping_sub(own.pads[1]);
                if row < shape.height && column < shape.width {
                    let weight = weight[(output * inputs + channel) * high * wide + tap];
                    sum += weight * map[(from * shape.height + row) * shape.width + column];
                }
            }
            made.push(sum);
        }
    }
    (made, MapShape { channels: outputs, height, width })
}

/// The features of a row in double precision.
fn slow_features(tail: &Tail, weights: &Exact, row: &[f32]) -> Vec<f64> {
    let mut values =
        vec![(row.iter().map(|number| f64::from(*number)).collect::<Vec<f64>>(), SHAPE)];
    for operation in &tail.operations {
        let made = match *operation {
            Operation::Convolve { input, index } => slowly(
                &tail.convolutions[index],
                &weights[index],
                &values[input].0,
                values[input].1,
            ),
            Operation::Clip { input, low, high } => {
                let cut = |number: &f64| number.clamp(f64::from(low), f64::from(high));
                (values[input].0.iter().map(cut).collect(), values[input].1)
            }
            Operation::Add { left, right } => {
                let both = values[left].0.iter().zip(&values[right].0);
                (both.map(|(left, right)| left + right).collect(), values[left].1)
            }
            Operation::Mean { input } => {
                let (map, shape) = &values[input];
                let places = shape.height * shape.width;
                let mean = |plane: &[f64]| plane.iter().sum::<f64>() / places as f64;
                (map.chunks(places).map(mean).collect(), MapShape { height: 1, width: 1, ..*shape })
            }
        };
        values.push(made);
    }
    values.pop().unwrap().0
}

#[test]
fn features_are_those_of_the_standard() {
    let (tail, rows) = (tail(), batch(4, 1));
    let values = forward(&tail, &dense(&tail), turned(rows.chunks(SHAPE.numbers()), SHAPE));
    let expected =
        rows.chunks(SHAPE.numbers()).flat_map(|row| slow_features(&tail, &exact(&tail), row));
    let mut least = f64::MAX;
    for (own, expected) in values.last().unwrap().data.iter().zip(expected) {
        assert!((f64::from(*own) - expected).abs() < 1e-5, "{own} {expected}");
        least = least.min(expected.abs());
    }
    assert!(least > 1e-3, "nothing is compared where all is 0");
    assert_eq!(values.last().unwrap().data.len(), 16);
    let known = shapes(&tail, SHAPE).unwrap();
    assert_eq!(known.last(), Some(&MapShape { channels: 4, height: 1, width: 1 }));
    assert!(shapes(&tail, MapShape { channels: 4, ..SHAPE }).is_err());
}

/// A weighted sum of squares of the features, so that every weight matters; differences of the slow network in double precision.
#[test]
fn gradients_are_those_of_differences() {
    let (tail, rows) = (tail(), batch(3, 2));
    let weights = dense(&tail);
    let loss = |weights: &Exact| -> f64 {
        let features =
            rows.chunks(SHAPE.numbers()).flat_map(|row| slow_features(&tail, weights, row));
        features.enumerate().map(|(at, x)| x * x * (1.0 + at as f64 * 0.1)).sum()
    };
    let values = forward(&tail, &weights, turned(rows.chunks(SHAPE.numbers()), SHAPE));
    let last = values.last().unwrap().data.iter().enumerate();
    let error = last.map(|(at, x)| 2.0 * x * (1.0 + at as f32 * 0.1)).collect();
    let found = backward(&tail, &weights, &values, error);
    let mut greatest = 0.0_f64;
    for (index, own) in found.iter().enumerate() {
        for (at, own) in own.weight.iter().chain(&own.bias).enumerate() {
            let moved = |by: f64| {
                let mut weights = exact(&tail);
                let (weight, bias) = &mut weights[index];
                let many = weight.len();
                *weight.get_mut(at).unwrap_or_else(|| &mut bias[at - many]) += by;
                loss(&weights)
            };
            let expected = (moved(1e-6) - moved(-1e-6)) / 2e-6;
            greatest = greatest.max(expected.abs());
            assert!(
                (f64::from(*own) - expected).abs() < 1e-4 * (1.0 + expected.abs()),
                "{} {at}: {own} {expected}",
                tail.convolutions[index].name
            );
        }
    }
    assert!(greatest > 0.3, "{greatest}");
}

#[test]
fn bits_do_not_depend_on_threads() {
    let (tail, rows) = (tail(), batch(9, 4));
    let weights = dense(&tail);
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let values = forward(&tail, &weights, turned(rows.chunks(SHAPE.numbers()), SHAPE));
            let error = values.last().unwrap().data.clone();
            backward(&tail, &weights, &values, error)
        })
    };
    assert_eq!(run(1), run(3));
}

fn config() -> HeadConfig {
    HeadConfig {
        task: Task::ImageClassify,
        target: "label".into(),
        positive: None,
        backbone: "small".into(),
        width: 4,
        settings: HeadSettings {
            hidden: vec![],
            epochs: 30,
            batch: 16,
            learning_rate: 0.02,
            weight_decay: 0.0,
            schedule: Schedule::Constant,
            dropout: 0.0,
            patience: 0,
        },
        mixup: None,
        seed: 5,
        privacy: None,
        balance: false,
    }
}

fn how() -> TuneSettings {
    TuneSettings {
        blocks: 1,
        passes: Passes {
            epochs: 12,
            batch: 16,
            learning_rate: 0.01,
            weight_decay: 0.01,
            schedule: Schedule::Cosine,
            patience: 0,
            section: "train.unfreeze",
        },
    }
}

/// Maps whose class is which of two channels' left and right halves differ: the mean that a frozen network gives says little of it.
fn maps(rows: usize, seed: u64) -> FeatureTable {
    let mut table = FeatureTable::default();
    let mut features = batch(rows, seed);
    for (row, map) in features.chunks_mut(SHAPE.numbers()).enumerate() {
        let own = row % 2;
        for place in 0..SHAPE.height * SHAPE.width {
            let lift = if place % SHAPE.width < 2 { 0.9 } else { -0.6 };
            map[own * SHAPE.height * SHAPE.width + place] += lift;
        }
        table.labels.push(Some(if own == 0 { "first" } else { "second" }.into()));
        table.places.push(("maps".into(), row as u64 + 1));
        table.copy.push(false);
    }
    table.features = features;
    table
}

#[test]
fn the_end_of_a_network_learns_what_its_head_alone_cannot() {
    let (tail, tables) = (tail(), [maps(160, 1), maps(80, 2), maps(80, 3)]);
    let frozen = tables.each_ref().map(|table| pooled(&tail, SHAPE, table).unwrap());
    let head = || train_head(&config(), &frozen[0], &frozen[1], &frozen[2]).unwrap();
    let run = |how: &TuneSettings, teacher: Option<&Teacher>| {
        fine_tune(&config(), how, (&tail, SHAPE), head(), tables.each_ref(), teacher)
    };
    let tuned = run(&how(), None).unwrap();
    let accuracy = |metrics: &[crate::outcome::Metric]| {
        metrics.iter().find(|metric| metric.name == "accuracy").unwrap().value
    };
    let outcome = &tuned.head.outcome;
    let found = outcome.unfrozen.as_ref().unwrap();
    assert!(
        accuracy(&outcome.metrics) > accuracy(&found.frozen) + 0.1,
        "{:?} {:?}",
        outcome.metrics,
        found.frozen
    );
    assert_eq!(found.frozen, head().outcome.metrics);
    assert_eq!((found.convolutions.len(), found.bytes), (5, 320 * 90 * 4));
    assert_eq!(outcome.parameters, tail.parameters() + 5);
    assert_eq!(found.history.len(), 12);
    let least =
        found.history.iter().filter_map(|epoch| epoch.validation_loss).fold(f64::MAX, f64::min);
    assert_eq!(found.history[found.best - 1].validation_loss, Some(least));
    // The same seed gives the same bits; the graph with the new weights gives the features that the head was measured on.
    let again = run(&how(), None).unwrap();
    assert_eq!((&again.tail, &again.head.layers), (&tuned.tail, &tuned.head.layers));
    let written = Tail::of(&tuned.tail.put_back(network()).unwrap(), "cut", "features").unwrap();
    assert_eq!(written, tuned.tail);
    let test = pooled(&written, SHAPE, &tables[2]).unwrap();
    let net = net(&tuned.head);
    let scores: Vec<f64> = test.features.chunks(4).flat_map(|row| net.scores(row)).collect();
    assert_eq!(scores, tuned.head.scores);
    assert!(outcome.tuned() == outcome.unfrozen.as_ref() && outcome.kept_frozen().is_none());
    let page = super::super::head_report(outcome).html(ingot_base::Lang::En);
    assert!(
        page.contains("whose last 1 block(s) were trained too")
            && page.contains("Head on the frozen network")
            && page.contains("<code>cut</code>"),
        "{page}"
    );

    // A student that only hears its teacher comes close to its answers.
    let all = Distill { temperature: 2.0, weight: 1.0 };
    let teacher = Teacher { how: all, logits: logits(&tuned, &tables[0]) };
    let taught = run(&how(), Some(&teacher)).unwrap();
    let apart = |logits: &[f32]| -> f64 {
        let pairs = logits.iter().zip(&teacher.logits);
        pairs.map(|(own, theirs)| f64::from((own - theirs).abs())).sum()
    };
    let frozen = Tuned { tail: tail.clone(), head: head() };
    assert!(
        apart(&logits(&taught, &tables[0])) < 0.5 * apart(&logits(&frozen, &tables[0])),
        "{:?}",
        taught.head.outcome.unfrozen
    );
}

/// What a network's end and its head say of maps.
fn logits(tuned: &Tuned, table: &FeatureTable) -> Vec<f32> {
    let net = net(&tuned.head);
    let features = pooled(&tuned.tail, SHAPE, table).unwrap().features;
    features.chunks(4).flat_map(|row| net.forward(row).pop().unwrap()).collect()
}

fn net(head: &TrainedHead) -> Net {
    Net { layers: head.layers.clone(), activation: head.activation }
}

/// Rows to label are those of which the fine-tuned network is least sure, not the frozen one.
#[test]
fn rows_without_a_class_are_asked_of_what_was_fine_tuned() {
    let (tail, mut tables) = (tail(), [maps(160, 1), maps(80, 2), maps(80, 3)]);
    // More of them than are worked out at once, with rows between that have a class.
    for row in (0..160).filter(|row| row % 4 < 2) {
        tables[0].labels[row] = None;
    }
    // Rows of the other parts are listed as well: places tell which they are.
    for (part, row) in [(1, 7), (2, 11)] {
        tables[part].labels[row] = None;
        tables[part].places[row].0 = format!("part {part}");
    }
    let frozen = tables.each_ref().map(|table| pooled(&tail, SHAPE, table).unwrap());
    let head = train_head(&config(), &frozen[0], &frozen[1], &frozen[2]).unwrap();
    let before = head.outcome.to_label.clone();
    let tuned =
        fine_tune(&config(), &how(), (&tail, SHAPE), head, tables.each_ref(), None).unwrap();
    assert!(tuned.head.outcome.tuned().is_some());
    let found = &tuned.head.outcome.to_label;
    let net = net(&tuned.head);
    let mut expected: Vec<((String, u64), f64)> = Vec::new();
    for table in &tables {
        let features = pooled(&tuned.tail, SHAPE, table).unwrap().features;
        let rows = features.chunks(4).zip(&table.places).zip(&table.labels);
        let unknown = rows.filter(|(_, label)| label.is_none());
        expected.extend(
            unknown
                .map(|((row, place), _)| (place.clone(), (2.0 * net.scores(row)[0] - 1.0).abs())),
        );
    }
    assert_eq!(expected.len(), 82);
    expected.sort_by(|one, other| one.1.total_cmp(&other.1));
    assert_eq!(found.len(), 50);
    for (own, expected) in found.iter().zip(&expected) {
        assert!((own.margin - expected.1).abs() < 1e-9, "{own:?} {expected:?}");
    }
    assert_eq!((&found[0].source, found[0].row), (&expected[0].0.0, expected[0].0.1));
    assert_ne!(found, &before);
}

#[test]
fn a_training_that_makes_nothing_better_leaves_the_network_as_it_was() {
    let (tail, mut tables) = (tail(), [maps(40, 1), maps(40, 2), maps(40, 3)]);
    // Validation rows whose classes are exchanged: whatever is learnt makes them worse.
    for label in tables[1].labels.iter_mut().flatten() {
        *label = if label == "first" { "second".into() } else { "first".into() };
    }
    let frozen = tables.each_ref().map(|table| pooled(&tail, SHAPE, table).unwrap());
    let head = || train_head(&config(), &frozen[0], &frozen[1], &frozen[2]).unwrap();
    let before = head();
    let mut how = how();
    how.passes.patience = 3;
    let run = |how: &TuneSettings, tables: [&FeatureTable; 3]| {
        fine_tune(&config(), how, (&tail, SHAPE), head(), tables, None)
    };
    let tuned = run(&how, tables.each_ref()).unwrap();
    let found = tuned.head.outcome.unfrozen.as_ref().unwrap();
    assert_eq!((found.best, found.history.len()), (0, 3));
    assert_eq!((&tuned.tail, &tuned.head.layers), (&tail, &before.layers));
    // Nothing says that it was changed: it has the figures and the weights that it had.
    let outcome = &tuned.head.outcome;
    assert_eq!(HeadOutcome { unfrozen: None, ..outcome.clone() }, before.outcome);
    assert_eq!((outcome.tuned(), tuned.head.scores == before.scores), (None, true));
    assert!(outcome.kept_frozen().unwrap().zh.contains("并无改善"));
    let page = |lang| super::super::head_report(outcome).html(lang);
    let (english, chinese) = (page(ingot_base::Lang::En), page(ingot_base::Lang::Zh));
    for (page, kept, changed) in [
        (&english, "which stays as it was, since fine-tuning its last 1 block(s)", "trained too"),
        (&english, "on the validation rows no pass was better", "Head on the frozen network"),
        (&chinese, "保持不变：在验证集上微调其末端 1 个块并无改善", "个块一同训练）"),
        (&chinese, "没有任何一轮优于冻结网络", "冻结网络上的输出层"),
    ] {
        assert!(page.contains(kept) && !page.contains(changed), "{kept}: {page}");
    }
    // A step that is far too large is told with the setting that it is of, and maps of another size are refused.
    let mut wild = how.clone();
    (wild.passes.learning_rate, wild.passes.section) = (1e30, "compress.distill");
    let lost = run(&wild, tables.each_ref()).unwrap_err();
    assert_eq!(lost.code(), "train-tune-diverged");
    assert_eq!(lost.key_path(), Some("compress.distill.learning_rate"));
    let hint = lost.hint(ingot_base::Lang::En).unwrap();
    assert!(hint.contains("`compress.distill.learning_rate`"), "{hint}");
    let mut short = maps(40, 1);
    short.features.pop();
    assert_eq!(run(&how, [&short, &tables[1], &tables[2]]).unwrap_err().code(), "train-tune-maps");
}
