//! A head on frozen features of pictures or texts, joined with its backbone into one network and measured.

use crate::convert;
use crate::messages::NETWORK_PARITY;
use crate::project::Project;
use crate::run::{Chain, Done, ORT, Product, earlier, stage, versions};
use crate::stages::features::{self, Outcome, PIXELS, Pictures};
use crate::stages::{copies, from_value, split, texts, to_value, train, write_page};
use crate::store::{Inputs, Stage};
use crate::together;
use arrow::array::RecordBatch;
use ingot_base::{Fault, Field, FieldKind, Result, Signature, Task, Text, atomic, fault};
use ingot_recipe::Backbone;
use ingot_runtime::onnx::{self, Activation};
use ingot_runtime::{TextModel, TextPreprocessing, VisionModel, VisionPreprocessing};
use ingot_train::nets::{self, HeadConfig, TrainedHead};
use ingot_train::outcome::Parity;
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
    let inputs = Inputs {
        stage: Stage::Train,
        content: content
            .chain([("features record".to_owned(), before.record.key)])
            .collect::<BTreeMap<_, _>>(),
        config: serde_json::json!({
            "head": to_value(&recipe.train.head)?,
            "backbone": to_value(&recipe.backbone())?,
            "review": recipe.train.review,
            "mixup": to_value(&recipe.augment.mixup)?,
            "private": to_value(&recipe.train.private)?,
            // Those on the contact sheet.
            "pictures": copies::shown(project),
            "target": recipe.project.target,
            "positive": recipe.project.positive,
        }),
        seed: recipe.project.seed,
        versions: versions(&[ORT]),
    };
    together::counted(project, &inputs)
}

pub(crate) fn run(project: &Project<'_>, chain: &Chain) -> Result<Done> {
    let inputs = inputs(project, chain)?;
    let key = inputs.key()?;
    stage(project, inputs, &Stage::Train.title(), |folder| {
        together::call(project, chain, &key)?;
        work(project, chain, folder)
    })
}

/// A process's part of the training that the first one does.
pub(crate) fn assist(project: &Project<'_>, chain: &Chain) -> Result<()> {
    let read = |name: &str| features::read(project, earlier(chain, Stage::Features)?, name);
    let (train, validation) = (read(split::TRAIN)?, read(split::VALIDATION)?);
    nets::assist_head(&config(project, chain)?, (&train, &validation), project.group)
}

/// How the head is trained.
fn config(project: &Project<'_>, chain: &Chain) -> Result<HeadConfig> {
    let found: Outcome = from_value(&earlier(chain, Stage::Features)?.record.evidence)?;
    let mut config = convert::head(project.recipe(), found.width);
    config.privacy = privacy(project, chain)?;
    Ok(config)
}

fn work(project: &Project<'_>, chain: &Chain, folder: &Path) -> Result<Product> {
    let before = earlier(chain, Stage::Features)?;
    let read = |name: &str| features::read(project, before, name);
    let tables = (read(split::TRAIN)?, read(split::VALIDATION)?, read(split::TEST)?);
    let config = config(project, chain)?;
    let rows = (&tables.0, &tables.1, &tables.2);
    let mut trained = nets::train_head_together(&config, rows, project.group)?;
    let mut outputs: Vec<_> =
        [MODEL, train::PREPROCESSING, train::REPORT].map(|name| (name.to_owned(), None)).into();
    // The rows of a training whose privacy is bounded are not told one by one.
    if project.recipe().train.review && config.privacy.is_none() {
        let labels = nets::doubtful_labels(&config, &tables.0)?;
        train::suspicious(folder, Some(&labels), &[])?;
        outputs.push((train::SUSPICIOUS.to_owned(), None));
        trained.outcome.labels = Some(labels);
    }
    let backbone = project.recipe().backbone();
    let kept = match backbone {
        Backbone::MobileNetV2 => onnx::MAP,
        Backbone::MiniLm => onnx::EMBEDDING,
    };
    let graph = onnx::with_head(
        features::backbone(project)?,
        onnx::FEATURES,
        &trained.layers,
        trained.activation,
        &[kept],
    )?;
    let graph = onnx::write(&graph);
    let (document, model) = whole(project, chain, backbone, &trained, &graph)?;
    trained.outcome.parity = gate(project, chain, &model, &trained, &tables.2)?;
    atomic::write_private(&folder.join(MODEL), &graph)?;
    atomic::write_private(&folder.join(train::PREPROCESSING), &document)?;
    if backbone == Backbone::MiniLm {
        let file = texts::tokenizer_file(project)?;
        atomic::write_private(&folder.join(texts::TOKENIZER), &file)?;
        outputs.push((texts::TOKENIZER.to_owned(), None));
    }
    let mut page = nets::head_report(&trained.outcome);
    if backbone == Backbone::MobileNetV2 {
        copies::report(project, earlier(chain, Stage::Split)?, &mut page)?;
    }
    together::report(&mut page, project.group);
    write_page(folder, train::REPORT, &page)?;
    if let Some(labels) = &mut trained.outcome.labels {
        labels.doubtful.truncate(train::KEPT);
    }
    let accuracy = trained.outcome.metrics.iter().find(|metric| metric.name == "accuracy");
    let accuracy = accuracy.map_or(f64::NAN, |metric| metric.value);
    let epochs = trained.outcome.history.len();
    let spent = trained.outcome.privacy.map(|spent| spent.epsilon);
    let spent = |comma: &str| spent.map_or_else(String::new, |own| format!("{comma}ε {own:.3}"));
    Ok(Product {
        outputs,
        evidence: to_value(&trained.outcome)?,
        summary: Text::new(
            format!("{epochs} epochs, accuracy {accuracy:.4}{}", spent(", ")),
            format!("{epochs} 轮，准确率 {accuracy:.4}{}", spent("，")),
        ),
    })
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
    backbone: Backbone,
    trained: &TrainedHead,
    graph: &[u8],
) -> Result<(Vec<u8>, Whole)> {
    let json = |document: serde_json::Result<Vec<u8>>| {
        document
            .map_err(|error| fault::internal("preprocessing without a JSON form").because(error))
    };
    let library = features::library()?;
    match backbone {
        Backbone::MobileNetV2 => {
            let document = json(serde_json::to_vec(&preprocessing(trained)))?;
            let model = VisionModel::load(library, graph, &document, 1)?;
            Ok((document, Whole::Pictures(Box::new(model))))
        }
        Backbone::MiniLm => {
            let path = earlier(chain, Stage::Split)?.verified(split::TEST)?;
            let schema = ingot_data::schema(&path, Some(&convert::encryption(project)))?;
            let kind = FieldKind::Text { tokens: u32::try_from(texts::WINDOW).unwrap_or(u32::MAX) };
            let signature =
                signature(Task::TextClassify, &texts::column(project, &schema)?, kind, trained);
            let document = json(serde_json::to_vec(&TextPreprocessing { signature }))?;
            let tokenizer = texts::tokenizer_file(project)?;
            let model = TextModel::load(library, graph, &document, &tokenizer, 1)?;
            Ok((document, Whole::Texts(Box::new(model))))
        }
    }
}

fn signature(task: Task, name: &str, kind: FieldKind, trained: &TrainedHead) -> Signature {
    Signature { task, inputs: vec![Field::new(name, kind, false)], output: trained.output.clone() }
}

pub(crate) fn preprocessing(trained: &TrainedHead) -> VisionPreprocessing {
    let kind = FieldKind::Image { width: PIXELS.crop, height: PIXELS.crop };
    VisionPreprocessing {
        signature: signature(Task::ImageClassify, ingot_data::IMAGE, kind, trained),
        pixels: PIXELS,
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
                list.push((place, model.scores(&PIXELS.numbers(&PIXELS.view(&picture)?), 1)?));
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
    test: &nets::FeatureTable,
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
        return Err(Fault::new(&NETWORK_PARITY)
            .arg("difference", format!("{:.1e}", parity.difference))
            .arg("tolerance", format!("{TOLERANCE:.0e}")));
    }
    Ok(parity)
}
