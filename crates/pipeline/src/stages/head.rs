//! A head on frozen features of pictures or texts, joined with its backbone into one network and measured.

use crate::messages::{LOSS_FALLING, NETWORK_PARITY, OWN_NETWORK_PARITY};
use crate::project::Project;
use crate::run::{Chain, Done, GEMM, ORT, Product, earlier, stage, versions};
use crate::stages::features::{self, Outcome};
use crate::stages::pictures::Pictures;
use crate::stages::tune::Tuning;
use crate::stages::{copies, encoder, from_value, split, texts, to_value, train, tune, write_page};
use crate::store::{Inputs, Stage};
use crate::{backbones, convert, together};
use arrow::array::RecordBatch;
use ingot_base::{Fault, Field, FieldKind, Result, Signature, Task, Text, atomic, fault};
use ingot_runtime::onnx::proto::Model;
use ingot_runtime::onnx::{self, Activation};
use ingot_runtime::{TextModel, TextPreprocessing, VisionModel, VisionPreprocessing};
use ingot_train::nets::{self, FeatureTable, HeadConfig, HeadOutcome, TrainedHead};
use ingot_train::outcome::{Metric, Parity};
use std::collections::BTreeMap;
use std::path::Path;

/// The network, backbone and head.
pub(crate) const MODEL: &str = "model.onnx";

/// Test rows that the gate compares.
const COMPARED: usize = 32;
/// Largest difference of a probability: single precision, summed in another order.
const TOLERANCE: f64 = 1e-4;

/// What the stage's result depends on.
pub(crate) fn inputs(project: &Project<'_>, chain: &Chain) -> Result<Inputs> {
    let before = earlier(chain, Stage::Features)?;
    let content = before.record.outputs.iter().map(|(name, output)| (name.clone(), output.content));
    let recipe = project.recipe();
    let mut config = serde_json::json!({
        "head": to_value(&recipe.train.head)?,
        "backbone": features::told(project)?,
        "review": recipe.train.review,
        "mixup": to_value(&recipe.augment.mixup)?,
        "private": to_value(&recipe.train.private)?,
        // Those on the contact sheet.
        "pictures": copies::shown(project),
        "target": recipe.project.target,
        "positive": recipe.project.positive,
    });
    if let (true, Some(config)) = (recipe.train.balance, config.as_object_mut()) {
        config.insert("balance".to_owned(), true.into());
    }
    if let (Some(asked), Some(config)) = (&recipe.train.unfreeze, config.as_object_mut()) {
        config.insert("unfreeze".to_owned(), to_value(asked)?);
    }
    if let (Some(asked), Some(config)) = (&recipe.train.encoder, config.as_object_mut()) {
        config.insert("encoder".to_owned(), to_value(asked)?);
    }
    let tuned = recipe.train.unfreeze.is_some() || recipe.train.encoder.is_some();
    let engines: &[_] = if tuned { &[ORT, GEMM] } else { &[ORT] };
    let inputs = Inputs {
        stage: Stage::Train,
        content: content
            .chain([("features record".to_owned(), before.record.key)])
            .collect::<BTreeMap<_, _>>(),
        config,
        seed: recipe.project.seed,
        versions: versions(engines),
    };
    together::counted(project, &inputs)
}

pub(crate) fn run(project: &Project<'_>, chain: &Chain) -> Result<Done> {
    let inputs = inputs(project, chain)?;
    let key = inputs.key()?;
    stage(project, inputs, &Stage::Train.title(), |folder| {
        together::call(project, chain, &key)?;
        work(project, chain, (folder, &key.to_string()))
    })
}

/// A process's part of the training that the first one does: that of the head. What is behind it the first one trains alone.
pub(crate) fn assist(project: &Project<'_>, chain: &Chain) -> Result<()> {
    let Rows { config, tables: [train, validation, _], .. } = rows(project, chain)?;
    nets::assist_head(&config, (&train, &validation), project.group)
}

/// What a head learns from, and how.
struct Rows {
    /// The training, validation and test rows.
    tables: [FeatureTable; 3],
    /// Where blocks of the network are trained, what they are and the maps before them.
    behind: Option<(Tuning, [FeatureTable; 3])>,
    /// The backbone as it was.
    network: Model,
    config: HeadConfig,
}

fn rows(project: &Project<'_>, chain: &Chain) -> Result<Rows> {
    let before = earlier(chain, Stage::Features)?;
    let found: Outcome = from_value(&before.record.evidence)?;
    let read = |name: &str| features::read(project, before, name);
    let tables = [read(split::TRAIN)?, read(split::VALIDATION)?, read(split::TEST)?];
    let network = features::backbone(project)?;
    let from = tune::value(project, &network)?;
    let unfreeze = project.recipe().train.unfreeze;
    let tuning =
        unfreeze.map(|_| Tuning::of(&network, &from, found.shape, tune::SECTION)).transpose()?;
    let (mut width, mut behind, mut own) = (found.width, None, tables);
    if let Some(tuning) = tuning {
        let [train, validation, test] = &own;
        let pooled = [tuning.pooled(train)?, tuning.pooled(validation)?, tuning.pooled(test)?];
        let [train, ..] = &pooled;
        width = train.features.len().checked_div(train.labels.len()).unwrap_or_default();
        behind = Some((tuning, std::mem::replace(&mut own, pooled)));
    }
    let mut config = convert::head(project.recipe(), width, backbones::title(project)?);
    config.privacy = privacy(project, chain)?;
    Ok(Rows { tables: own, behind, network, config })
}

/// A trained network with its evidence.
struct Learned {
    trained: TrainedHead,
    /// The backbone, with what its blocks have learnt.
    network: Model,
    /// What the head was asked of the test rows by.
    test: FeatureTable,
}

/// The head, and behind it the network's last blocks or the encoder where the recipe says so.
fn learn(project: &Project<'_>, chain: &Chain, (folder, key): (&Path, &str)) -> Result<Learned> {
    let Rows { tables: [train, validation, test], behind, mut network, config } =
        rows(project, chain)?;
    let rows = (&train, &validation, &test);
    let mut trained = nets::train_head_together(&config, rows, project.group)?;
    // The rows of a training whose privacy is bounded are not told one by one.
    if project.recipe().train.review && config.privacy.is_none() {
        let families = split::families_by_place(project, earlier(chain, Stage::Split)?)?;
        trained.outcome.labels = Some(nets::doubtful_labels(&config, &train, &families)?);
    }
    if let (Some((tuning, maps)), Some(asked)) = (&behind, &project.recipe().train.unfreeze) {
        let (head, tail) = tuning.train(&config, asked, trained, maps.each_ref(), None)?;
        trained = head;
        network = tail.put_back(network)?;
    }
    if let Some(asked) = &project.recipe().train.encoder {
        let tuning = encoder::Tuning { project, chain, folder, key };
        (trained, network) = tuning.train(&config, asked, trained, [&train, &validation, &test])?;
    }
    Ok(Learned { trained, network, test })
}

fn work(project: &Project<'_>, chain: &Chain, (folder, key): (&Path, &str)) -> Result<Product> {
    let Learned { mut trained, network, test } = learn(project, chain, (folder, key))?;
    let own = &trained.outcome;
    if own.falling {
        project.reporter.warn(&Fault::new(&LOSS_FALLING).arg("epochs", own.history.len()));
    }
    let mut outputs: Vec<_> =
        [MODEL, train::PREPROCESSING, train::REPORT].map(|name| (name.to_owned(), None)).into();
    if let Some(labels) = &trained.outcome.labels {
        train::suspicious(folder, Some(labels), &[])?;
        outputs.push((train::SUSPICIOUS.to_owned(), None));
    }
    let texts = features::reads_texts(project);
    let kept = if texts { onnx::EMBEDDING } else { onnx::MAP };
    let graph =
        onnx::with_head(network, onnx::FEATURES, &trained.layers, trained.activation, &[kept])?;
    let graph = onnx::write(&graph);
    let (document, model) = whole(project, chain, &trained, &graph)?;
    trained.outcome.parity = gate(project, chain, &model, &trained, &test)?;
    atomic::write_private(&folder.join(MODEL), &graph)?;
    atomic::write_private(&folder.join(train::PREPROCESSING), &document)?;
    if texts {
        let file = texts::tokenizer_file(project)?;
        atomic::write_private(&folder.join(texts::TOKENIZER), &file)?;
        outputs.push((texts::TOKENIZER.to_owned(), None));
    }
    let mut page = nets::head_report(&trained.outcome);
    let found: Outcome = from_value(&earlier(chain, Stage::Features)?.record.evidence)?;
    features::report(&found, trained.outcome.privacy.is_some(), &mut page);
    if !texts {
        copies::report(project, chain, &mut page)?;
    }
    together::report(&mut page, project);
    write_page(folder, train::REPORT, &page)?;
    if let Some(labels) = &mut trained.outcome.labels {
        labels.doubtful.truncate(train::KEPT);
    }
    let mut evidence = to_value(&trained.outcome)?;
    if let Some(evidence) = evidence.as_object_mut() {
        evidence.insert(train::WARNINGS.to_owned(), to_value(&trained.outcome.warnings())?);
    }
    Ok(Product { outputs, evidence, summary: summary(&trained.outcome) })
}

/// One line for a person.
fn summary(outcome: &HeadOutcome) -> Text {
    let accuracy = |metrics: &[Metric]| {
        metrics.iter().find(|metric| metric.name == "accuracy").map_or(f64::NAN, |own| own.value)
    };
    let (epochs, own) = (outcome.history.len(), accuracy(&outcome.metrics));
    let spent = outcome.privacy.map(|spent| spent.epsilon);
    let spent = |comma: &str| spent.map_or_else(String::new, |own| format!("{comma}ε {own:.3}"));
    let (tuned_en, tuned_zh) = match (outcome.tuned(), outcome.tuned_encoder()) {
        (None, None) => outcome.kept_frozen().map_or_else(Default::default, |why| {
            (
                format!(", the network stays as it was, since {}", why.en),
                format!("，网络保持不变：{}", why.zh),
            )
        }),
        (_, Some(encoder)) => {
            let (layers, frozen) = (encoder.layers, accuracy(&encoder.frozen));
            (
                format!(", {layers} layer(s) of the encoder fine-tuned (frozen: {frozen:.4})"),
                format!("，微调编码器 {layers} 层（冻结时 {frozen:.4}）"),
            )
        }
        (Some(tuned), None) => {
            let (blocks, frozen) = (tuned.blocks, accuracy(&tuned.frozen));
            (
                format!(", {blocks} block(s) fine-tuned (frozen: {frozen:.4})"),
                format!("，微调 {blocks} 个块（冻结时 {frozen:.4}）"),
            )
        }
    };
    Text::new(
        format!("{epochs} epochs, accuracy {own:.4}{tuned_en}{}", spent(", ")),
        format!("{epochs} 轮，准确率 {own:.4}{tuned_zh}{}", spent("，")),
    )
}

/// What the training may tell of single rows, where the recipe says so. Its noise is of a secret of the project and of everything that the
/// training depends on: of two trainings that shared it, on rows of which one has one more, the difference would be that row.
fn privacy(project: &Project<'_>, chain: &Chain) -> Result<Option<nets::PrivateSettings>> {
    let Some(asked) = project.recipe().train.private else { return Ok(None) };
    let key = inputs(project, chain)?.key()?;
    Ok(Some(nets::PrivateSettings {
        epsilon: asked.epsilon,
        delta: asked.delta,
        clip: asked.clip,
        groups: asked.unit == ingot_recipe::Unit::Group,
        secret: project.keyring.derive(&format!("private training/{key}"), 32),
    }))
}

/// The whole network, as it will be in the package.
enum Whole {
    Pictures(Box<VisionModel>),
    Texts(Box<TextModel>),
}

/// The document beside the network, and the network as those who load the package will have it.
fn whole(
    project: &Project<'_>,
    chain: &Chain,
    trained: &TrainedHead,
    graph: &[u8],
) -> Result<(Vec<u8>, Whole)> {
    let json = |document: serde_json::Result<Vec<u8>>| {
        document
            .map_err(|error| fault::internal("preprocessing without a JSON form").because(error))
    };
    let library = features::library()?;
    if !features::reads_texts(project) {
        let document = json(serde_json::to_vec(&preprocessing(project, trained)))?;
        let model = VisionModel::load(library, graph, &document, 1)?;
        return Ok((document, Whole::Pictures(Box::new(model))));
    }
    let path = earlier(chain, Stage::Split)?.verified(split::TEST)?;
    let schema = ingot_data::schema(&path, Some(&convert::encryption(project)))?;
    let tokens = u32::try_from(texts::window(project)).unwrap_or(u32::MAX);
    let kind = FieldKind::Text { tokens };
    let signature = signature(Task::TextClassify, &texts::column(project, &schema)?, kind, trained);
    let document = json(serde_json::to_vec(&TextPreprocessing { signature }))?;
    let tokenizer = texts::tokenizer_file(project)?;
    let model = TextModel::load(library, graph, &document, &tokenizer, 1)?;
    Ok((document, Whole::Texts(Box::new(model))))
}

fn signature(task: Task, name: &str, kind: FieldKind, trained: &TrainedHead) -> Signature {
    Signature { task, inputs: vec![Field::new(name, kind, false)], output: trained.output.clone() }
}

pub(crate) fn preprocessing(project: &Project<'_>, trained: &TrainedHead) -> VisionPreprocessing {
    let pixels = backbones::pixels(project);
    let kind = FieldKind::Image { width: pixels.crop, height: pixels.crop };
    VisionPreprocessing {
        signature: signature(Task::ImageClassify, ingot_data::IMAGE, kind, trained),
        pixels,
        linear: match trained.layers.as_slice() {
            [one] => Some(one.clone()),
            _ => None,
        },
        activation: trained.activation,
    }
}

/// A row's source and number.
type Place = (String, u64);

/// The whole network's scores of a batch's rows, with their places; of those that `wanted` picks.
fn answers(
    project: &Project<'_>,
    model: &Whole,
    batch: &RecordBatch,
    wanted: &mut dyn FnMut(&Place) -> bool,
) -> Result<Vec<(Place, Vec<f64>)>> {
    let mut list = Vec::new();
    match model {
        Whole::Pictures(model) => {
            let pictures = Pictures::of(project, batch)?;
            for index in 0..batch.num_rows() {
                let place = pictures.place(index).filter(&mut *wanted);
                let (Some(place), Ok((picture, _))) = (place, pictures.load(index)) else {
                    continue;
                };
                let pixels = model.pixels();
                list.push((place, model.scores(&pixels.numbers(&pixels.view(&picture)?), 1)?));
            }
        }
        Whole::Texts(model) => {
            let places = features::places(batch)?;
            for (text, place) in texts::of(project, batch)?.iter().zip(places) {
                if let Some(text) = text.filter(|_| wanted(&place)) {
                    let (ids, _) = model.tokenizer().beginning(text)?;
                    list.push((place, model.scores(&[ids])?));
                }
            }
        }
    }
    Ok(list)
}

/// Whole network against trained head, from the pictures' files or the texts on.
fn gate(
    project: &Project<'_>,
    chain: &Chain,
    model: &Whole,
    trained: &TrainedHead,
    test: &FeatureTable,
) -> Result<Parity> {
    let keys = convert::encryption(project);
    let path = earlier(chain, Stage::Split)?.verified(split::TEST)?;
    let width = match trained.activation {
        Activation::Sigmoid => 1,
        Activation::Softmax => trained.outcome.classes.len(),
    };
    // Scores stand in the order of the rows that have a class.
    let known: BTreeMap<&(String, u64), &[f64]> = test
        .places
        .iter()
        .zip(&test.labels)
        .filter(|(_, label)| label.is_some())
        .map(|(place, _)| place)
        .zip(trained.scores.chunks_exact(width))
        .collect();
    let mut parity = Parity { rows: 0, difference: 0.0, tolerance: TOLERANCE };
    let mut left = COMPARED;
    for batch in ingot_data::read(&path, Some(&keys))? {
        let mut wanted = |place: &Place| {
            let take = left > 0 && known.contains_key(place);
            left -= usize::from(take);
            take
        };
        for (place, own) in answers(project, model, &batch, &mut wanted)? {
            let scores = known.get(&place).copied().unwrap_or_default();
            for (own, theirs) in own.iter().zip(scores) {
                let apart = (own - theirs).abs();
                // What is no number differs by more than any.
                let apart = if apart.is_nan() { f64::INFINITY } else { apart };
                parity.difference = parity.difference.max(apart);
            }
            parity.rows += 1;
        }
    }
    if parity.difference > TOLERANCE {
        return Err(differs(project.recipe().backbone().own().is_some(), parity.difference));
    }
    Ok(parity)
}

/// That the exported network says something else; of an `own` backbone whose graph is the likely cause.
fn differs(own: bool, difference: f64) -> Fault {
    let message = if own { &OWN_NETWORK_PARITY } else { &NETWORK_PARITY };
    Fault::new(message)
        .arg("difference", format!("{difference:.1e}"))
        .arg("tolerance", format!("{TOLERANCE:.0e}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ingot_base::Lang;

    #[test]
    fn a_graph_of_ones_own_is_named_where_it_is_the_likely_cause() {
        let (own, ours) = (differs(true, 0.25), differs(false, 0.25));
        assert_eq!(own.code(), "pipeline-own-network-parity");
        assert_eq!(ours.code(), "pipeline-network-parity");
        for (lang, cause, defect) in
            [(Lang::En, "rows of a batch", "a defect of Ingot"), (Lang::Zh, "批次", "缺陷")]
        {
            let (own, ours) = (own.hint(lang).unwrap(), ours.hint(lang).unwrap());
            assert!(own.contains(cause) && !own.contains(defect), "{own}");
            assert!(ours.contains(defect) && !ours.contains(cause), "{ours}");
        }
        assert!(own.render(Lang::En).contains("2.5e-1"));
    }
}
