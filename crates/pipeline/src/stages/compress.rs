//! A smaller and faster network, as the recipe asks for it, measured beside the trained one on the test pictures and refused
//! where it costs more than the recipe tolerates.

use crate::project::Project;
use crate::run::{Chain, Done, GEMM, ORT, Product, earlier, stage, versions};
use crate::stages::features::{self, Front};
use crate::stages::pictures::{self, Pictures};
use crate::stages::tune::{self, Tuning};
use crate::stages::{explain, from_value, head, split, to_value, train, write_page};
use crate::store::{Inputs, Stage};
use crate::{backbones, convert};
use ingot_base::{Digest, Output, Result, Text, atomic, fault};
use ingot_recipe::{CalibrationMethod, Distill, Quantize};
use ingot_runtime::onnx::{self, Activation, Calibration, Narrowing, proto::Model};
use ingot_runtime::weights::Tensor;
use ingot_runtime::{VisionModel, VisionPreprocessing};
use ingot_train::compress::{
    self, Calibrated, CompressOutcome, Distilled, Form, FormKind, Narrowed,
};
use ingot_train::nets::{self, HeadOutcome, TrainedHead};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

/// The report.
pub(crate) const REPORT: &str = "compression-report.html";

/// Whether the recipe asks for anything.
pub(crate) fn is_asked(project: &Project<'_>) -> bool {
    project.recipe().compress.is_asked()
}

/// The stage whose model goes on: the compressed one, else the trained one.
pub(crate) fn served(chain: &Chain) -> Stage {
    if chain.contains_key(&Stage::Compress) { Stage::Compress } else { Stage::Train }
}

/// What the stage's result depends on.
pub(crate) fn inputs(project: &Project<'_>, chain: &Chain) -> Result<Inputs> {
    let trained = earlier(chain, Stage::Train)?;
    let recipe = project.recipe();
    let mut content: BTreeMap<String, Digest> = [head::MODEL, train::PREPROCESSING]
        .into_iter()
        .map(|name| Ok((name.to_owned(), trained.content(name)?)))
        .collect::<Result<_>>()?;
    let parts = earlier(chain, Stage::Split)?;
    for name in [split::TRAIN, split::VALIDATION, split::TEST] {
        if let Some(output) = parts.record.outputs.get(name) {
            content.insert(name.to_owned(), output.content);
        }
    }
    content.extend(features::seen(chain)?);
    Ok(Inputs {
        stage: Stage::Compress,
        content,
        config: serde_json::json!({
            "compress": to_value(&recipe.compress)?,
            // What a pruned network is trained by anew.
            "head": to_value(&recipe.train.head)?,
            "augment": to_value(&recipe.augment)?,
            "positive": recipe.project.positive,
            "group": recipe.split.group,
        }),
        seed: recipe.project.seed,
        versions: versions(if recipe.compress.distill.is_some() { &[ORT, GEMM] } else { &[ORT] }),
    })
}

pub(crate) fn run(project: &Project<'_>, chain: &Chain) -> Result<Done> {
    stage(project, inputs(project, chain)?, &Stage::Compress.title(), |folder| {
        work(project, chain, folder)
    })
}

/// One form of the model while it is made.
struct Made {
    kind: FormKind,
    graph: Vec<u8>,
    preprocessing: VisionPreprocessing,
}

fn work(project: &Project<'_>, chain: &Chain, folder: &Path) -> Result<Product> {
    let trained = earlier(chain, Stage::Train)?;
    let read = |name: &str| atomic::read(&trained.verified(name)?, explain::MODEL_LIMIT);
    let first = Made {
        kind: FormKind::Trained,
        graph: read(head::MODEL)?,
        preprocessing: serde_json::from_slice(&read(train::PREPROCESSING)?)
            .map_err(|error| fault::internal("preprocessing cannot be read back").because(error))?,
    };
    let mut outcome = begun(project, trained)?;
    let forms = make(project, chain, first, &mut outcome)?;
    measure(project, chain, &forms, &mut outcome)?;
    outcome.gate()?;
    let last = forms.last().ok_or_else(|| fault::internal("a compression without a form"))?;
    atomic::write_private(&folder.join(head::MODEL), &last.graph)?;
    atomic::write_private(&folder.join(train::PREPROCESSING), &document(&last.preprocessing)?)?;
    write_page(folder, REPORT, &compress::compress_report(&outcome))?;
    Ok(Product {
        outputs: [head::MODEL, train::PREPROCESSING, REPORT]
            .map(|name| (name.to_owned(), None))
            .into(),
        summary: summary(&outcome),
        evidence: to_value(&outcome)?,
    })
}

/// What is known before any form is made.
pub(crate) fn begun(project: &Project<'_>, trained: &Done) -> Result<CompressOutcome> {
    Ok(CompressOutcome {
        // Single rows that the training names stay with its record.
        model: HeadOutcome {
            to_label: Vec::new(),
            labels: None,
            ..from_value(&trained.record.evidence)?
        },
        forms: Vec::new(),
        metric: project.recipe().compress.tolerance.metric,
        agreement: project.recipe().compress.tolerance.agreement,
        rows: 0,
        calibrated: None,
        narrowed: Vec::new(),
        distilled: None,
        student: None,
    })
}

#[expect(clippy::cast_precision_loss, reason = "bytes of a file")]
pub(crate) fn summary(outcome: &CompressOutcome) -> Text {
    let (Some(first), Some(last)) = (outcome.forms.first(), outcome.forms.last()) else {
        return Text::same("");
    };
    let size = last.bytes as f64 / first.bytes.max(1) as f64;
    let time = last.milliseconds / first.milliseconds;
    let (accuracy, before, kind) = (last.accuracy, first.accuracy, last.kind.title());
    Text::new(
        format!(
            "{}: {size:.2} × size, {time:.2} × time, accuracy {accuracy:.4} (as trained {before:.4})",
            kind.en
        ),
        format!(
            "{}：体积为原来的 {size:.2} 倍，耗时为 {time:.2} 倍，准确率 {accuracy:.4}（训练所得为 {before:.4}）",
            kind.zh
        ),
    )
}

fn document(preprocessing: &VisionPreprocessing) -> Result<Vec<u8>> {
    serde_json::to_vec(preprocessing)
        .map_err(|error| fault::internal("preprocessing without a JSON form").because(error))
}

/// The trained form and one after each step that the recipe asks for.
fn make(
    project: &Project<'_>,
    chain: &Chain,
    first: Made,
    outcome: &mut CompressOutcome,
) -> Result<Vec<Made>> {
    let asked = &project.recipe().compress;
    let library = features::library()?;
    let pictures = calibration(project, chain, asked.calibration.pictures)?;
    let mut forms = vec![first];
    if asked.prune.is_asked() {
        // Nothing needs the answer that the network was made for.
        let mut backbone = features::backbone(project)?;
        if let Some(trained) = forms.first() {
            backbone = tune::carried(project, &trained.graph, backbone)?;
        }
        backbone = onnx::with_outputs(backbone, &[onnx::MAP, onnx::FEATURES]);
        if asked.prune.channels > 0.0 {
            let how =
                Narrowing { share: asked.prune.channels, seed: project.recipe().project.seed };
            let found = onnx::narrow_channels(library, &backbone, onnx::IMAGE, &pictures, how)?;
            backbone = found.model;
            outcome.narrowed = found
                .cuts
                .into_iter()
                .map(|cut| Narrowed {
                    name: cut.name,
                    before: cut.before,
                    after: cut.after,
                    error: cut.error,
                })
                .collect();
            let (made, head) = retrain(project, chain, &backbone, FormKind::Channels, outcome)?;
            forms.push(made);
            if let Some(asked) = &asked.distill {
                let teacher = forms.first().map(|first| first.graph.clone()).unwrap_or_default();
                let work = Distillation { project, parts: earlier(chain, Stage::Split)?, asked };
                let (made, learnt) = work.learn(&teacher, backbone, head, outcome)?;
                forms.extend(made);
                backbone = learnt;
            }
        }
        if asked.prune.weights > 0.0 {
            onnx::prune_weights(&mut backbone, asked.prune.weights, &[]);
            forms.push(retrain(project, chain, &backbone, FormKind::Weights, outcome)?.0);
        }
    }
    if asked.quantize == Some(Quantize::Int8) {
        let last = forms.last().ok_or_else(|| fault::internal("a compression without a form"))?;
        let model = onnx::read(&last.graph, &onnx::Limits::default())?;
        let head = head_nodes(&model);
        let keep: Vec<&str> = head.iter().map(String::as_str).collect();
        let (method, name) = method(project);
        let model = onnx::equalise(library, model, onnx::IMAGE, &pictures, &keep)?;
        let observed = onnx::calibrate(library, &model, onnx::IMAGE, &pictures, method, &keep)?;
        let graph = onnx::write(&onnx::quantize_static(model, &observed, &keep)?);
        outcome.calibrated = Some(Calibrated { method: name, pictures: pictures.len() as u64 });
        let preprocessing = last.preprocessing.clone();
        forms.push(Made { kind: FormKind::Int8, graph, preprocessing });
    }
    Ok(forms)
}

/// The head stays as it was trained: it is small, and each place of the map keeps its exact share of the score.
pub(crate) fn head_nodes(model: &Model) -> Vec<String> {
    let nodes = model.graph.iter().flat_map(|graph| &graph.node);
    nodes.map(|node| node.name.clone()).filter(|name| name.starts_with(onnx::HEAD)).collect()
}

fn method(project: &Project<'_>) -> (Calibration, String) {
    let asked = &project.recipe().compress.calibration;
    match asked.method {
        CalibrationMethod::MinMax => (Calibration::MinMax, "minmax".to_owned()),
        CalibrationMethod::Entropy => (Calibration::Entropy, "entropy".to_owned()),
        CalibrationMethod::Percentile => {
            (Calibration::Percentile(asked.percentile), format!("percentile {}", asked.percentile))
        }
    }
}

/// A head on the pruned network, trained as the first was.
fn retrain(
    project: &Project<'_>,
    chain: &Chain,
    backbone: &Model,
    kind: FormKind,
    outcome: &mut CompressOutcome,
) -> Result<(Made, TrainedHead)> {
    let parts = earlier(chain, Stage::Split)?;
    let front = Front::new(project, &onnx::write(backbone), onnx::FEATURES)?;
    let tables = features::tables(project, parts, &front)?;
    let title = outcome.model.backbone.clone();
    let config = convert::head(project.recipe(), outcome.model.width, title);
    let trained: TrainedHead = nets::train_head(&config, &tables.0, &tables.1, &tables.2)?;
    Ok((form(project, backbone, (kind, &trained), outcome)?, trained))
}

/// A network with a head as a form of the model, whose evidence goes on with it.
fn form(
    project: &Project<'_>,
    backbone: &Model,
    (kind, trained): (FormKind, &TrainedHead),
    outcome: &mut CompressOutcome,
) -> Result<Made> {
    let graph = onnx::write(&onnx::with_head(
        backbone.clone(),
        onnx::FEATURES,
        &trained.layers,
        trained.activation,
        &[onnx::MAP],
    )?);
    outcome.model = HeadOutcome {
        parity: outcome.model.parity,
        to_label: Vec::new(),
        labels: None,
        unfrozen: outcome.model.unfrozen.take(),
        ..trained.outcome.clone()
    };
    Ok(Made { kind, graph, preprocessing: head::preprocessing(project, trained) })
}

/// The section of the recipe that asks for distillation.
pub(crate) const DISTILL: &str = "compress.distill";

/// A pruned network learns from the one that it was.
struct Distillation<'a, 'p> {
    project: &'a Project<'p>,
    parts: &'a Done,
    asked: &'a Distill,
}

impl Distillation<'_, '_> {
    /// `teacher` is the whole unpruned network, `head` was trained on the pruned one. Gives the form, where validation rows say that
    /// learning was any good, and the pruned network with what its last blocks have learnt.
    fn learn(
        &self,
        teacher: &[u8],
        pruned: Model,
        head: TrainedHead,
        outcome: &mut CompressOutcome,
    ) -> Result<(Option<Made>, Model)> {
        let Self { project, parts, asked } = *self;
        let told = Front::new(project, teacher, onnx::SCORES)?;
        let logits = logits(&features::tables(project, parts, &told)?.0.features, head.activation);
        let from = onnx::last_blocks(&pruned, asked.training.blocks)
            .map_err(|found| found.at(format!("{DISTILL}.blocks")))?;
        let graph = onnx::write(&onnx::up_to(pruned.clone(), &from));
        let front = Front::new(project, &graph, &from)?;
        let shape = front.affordable(project, parts, (DISTILL, asked.training.blocks))?;
        let maps = features::tables(project, parts, &front)?;
        let title = outcome.model.backbone.clone();
        let config = convert::head(project.recipe(), outcome.model.width, title);
        let tuning = Tuning::of(&pruned, &from, Some(shape), DISTILL)?;
        let lesson = Some((asked.temperature, asked.weight, logits));
        let tables = [&maps.0, &maps.1, &maps.2];
        let (mut head, tail) = tuning.train(&config, &asked.training, head, tables, lesson)?;
        let learnt = tail.put_back(pruned)?;
        outcome.distilled = head.outcome.unfrozen.take().map(|training| Distilled {
            temperature: asked.temperature,
            weight: asked.weight,
            training,
        });
        let helped = outcome.distilled.as_ref().is_some_and(|found| found.training.helped());
        let made = helped
            .then(|| form(project, &learnt, (FormKind::Distilled, &head), outcome))
            .transpose()?;
        Ok((made, learnt))
    }
}

/// Logits of probabilities, up to what is the same for all classes; no probability is held for certain.
#[expect(clippy::cast_possible_truncation, reason = "logits are single precision")]
pub(crate) fn logits(scores: &[f32], activation: Activation) -> Vec<f32> {
    let inner = |score: &f32| f64::from(*score).clamp(1e-7, 1.0 - 1e-7);
    match activation {
        Activation::Sigmoid => {
            scores.iter().map(inner).map(|score| (score / (1.0 - score)).ln() as f32).collect()
        }
        Activation::Softmax => scores.iter().map(inner).map(|score| score.ln() as f32).collect(),
    }
}

/// Prepared training pictures, evenly over all that can be read.
fn calibration(project: &Project<'_>, chain: &Chain, wanted: usize) -> Result<Vec<Tensor>> {
    let keys = convert::encryption(project);
    let path = earlier(chain, Stage::Split)?.verified(split::TRAIN)?;
    let batches = ingot_data::read(&path, Some(&keys))?;
    let pixels = backbones::pixels(project);
    let side = pixels.crop as usize;
    let mut found = Vec::new();
    for (pictures, indices) in
        pictures::chosen(project, &batches, wanted, &features::unreadable(chain)?)?
    {
        for index in indices {
            let Ok((picture, _)) = pictures.load(index) else { continue };
            let data = pixels.numbers(&pixels.view(&picture)?);
            found.push(Tensor { shape: vec![1, 3, side, side], data });
        }
    }
    Ok(found)
}

/// What one form answered.
#[derive(Default)]
pub(crate) struct Answers {
    pub(crate) scores: Vec<f64>,
    pub(crate) classes: Vec<usize>,
    pub(crate) seconds: Vec<f64>,
    /// Rank correlations of explanations with the first form's.
    pub(crate) maps: Vec<f64>,
    /// Cosines of embeddings with the first form's, of texts.
    pub(crate) cosines: Vec<f64>,
}

/// The rows that all forms were asked: their classes, and groups where there are any.
#[derive(Default)]
pub(crate) struct Asked {
    pub(crate) labels: Vec<usize>,
    pub(crate) groups: Vec<Option<String>>,
}

/// All forms in turn on the same test pictures.
fn measure(
    project: &Project<'_>,
    chain: &Chain,
    forms: &[Made],
    outcome: &mut CompressOutcome,
) -> Result<()> {
    let load = |form: &Made| {
        VisionModel::load(features::library()?, &form.graph, &document(&form.preprocessing)?, 1)
    };
    let models = forms.iter().map(load).collect::<Result<Vec<_>>>()?;
    let mut answers: Vec<Answers> = forms.iter().map(|_| Answers::default()).collect();
    let mut asked = Asked::default();
    let (keys, pixels) = (convert::encryption(project), backbones::pixels(project));
    let path = earlier(chain, Stage::Split)?.verified(split::TEST)?;
    for batch in ingot_data::read(&path, Some(&keys))? {
        let pictures = Pictures::of(project, &batch)?;
        let names = features::text(&batch, &project.recipe().project.target);
        let own = features::groups(project, &batch);
        for index in 0..batch.num_rows() {
            let name = names.as_ref().and_then(|names| features::cell(names, index));
            let class =
                name.and_then(|name| outcome.model.classes.iter().position(|known| known == name));
            let (Some(class), Ok((picture, _))) = (class, pictures.load(index)) else { continue };
            let numbers = pixels.numbers(&pixels.view(&picture)?);
            asked.labels.push(class);
            if let Some(own) = &own {
                asked.groups.push(features::cell(own, index).map(str::to_owned));
            }
            compare(&models, &numbers, &mut answers)?;
        }
    }
    let graphs = forms.iter().map(|form| (form.kind, form.graph.as_slice())).collect::<Vec<_>>();
    count(project, &graphs, &mut answers, &asked, outcome)
}

/// What the answers of all forms say of them.
pub(crate) fn count(
    project: &Project<'_>,
    forms: &[(FormKind, &[u8])],
    answers: &mut [Answers],
    asked: &Asked,
    outcome: &mut CompressOutcome,
) -> Result<()> {
    let reference = answers.first().map(|first| first.classes.clone()).unwrap_or_default();
    outcome.rows = asked.labels.len() as u64;
    for ((kind, graph), answers) in forms.iter().zip(answers) {
        let measured = nets::measure(
            &outcome.model.classes,
            &answers.scores,
            &asked.labels,
            &asked.groups,
            project.recipe().project.seed,
        )?;
        let same = answers.classes.iter().zip(&reference).filter(|(own, first)| own == first);
        let (parameters, zeros) = onnx::parameters(&onnx::read(graph, &onnx::Limits::default())?);
        outcome.forms.push(Form {
            kind: *kind,
            bytes: graph.len() as u64,
            parameters,
            zeros,
            milliseconds: median(&mut answers.seconds) * 1e3,
            accuracy: compress::accuracy(&measured.metrics),
            agreement: share(same.count(), reference.len()),
            maps: (!answers.maps.is_empty()).then(|| mean(&answers.maps)),
            embeddings: (!answers.cosines.is_empty()).then(|| mean(&answers.cosines)),
        });
        outcome.model.test_groups = measured.groups;
        outcome.model.metrics = measured.metrics;
        outcome.model.majority = measured.majority;
        outcome.model.confusion = measured.confusion;
    }
    Ok(())
}

/// One picture through every form.
fn compare(models: &[VisionModel], numbers: &[f32], answers: &mut [Answers]) -> Result<()> {
    let mut before: Option<(usize, Vec<f32>)> = None;
    for (model, answers) in models.iter().zip(answers) {
        let begun = Instant::now();
        answers.scores.extend(model.scores(numbers, 1)?);
        answers.seconds.push(begun.elapsed().as_secs_f64());
        let (answer, heat) = model.activation_map(numbers)?;
        answers.classes.push(answer.class);
        let Some(mut heat) = heat else { continue };
        match &before {
            None => before = Some((answer.class, heat.cells)),
            // Maps of one class are compared; of two classes what speaks for one speaks against the other.
            Some((class, first)) => {
                let binary = matches!(model.signature().output, Output::Binary { .. });
                if *class != answer.class {
                    heat.cells.iter_mut().for_each(|cell| *cell = -*cell);
                }
                if *class == answer.class || binary {
                    answers.maps.extend(compress::rank_agreement(first, &heat.cells));
                }
            }
        }
    }
    Ok(())
}

fn median(numbers: &mut [f64]) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}

#[expect(clippy::cast_precision_loss, reason = "rows of a test part")]
fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len().max(1) as f64
}

#[expect(clippy::cast_precision_loss, reason = "rows of a test part")]
fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}
