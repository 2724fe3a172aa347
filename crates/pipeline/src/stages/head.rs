//! A head on frozen features, joined with its backbone into one network and measured.

use crate::convert;
use crate::messages::NETWORK_PARITY;
use crate::project::Project;
use crate::run::{Chain, Done, ORT, Product, earlier, stage, versions};
use crate::stages::features::{self, Outcome, PIXELS, Pictures};
use crate::stages::{from_value, split, to_value, train, write_page};
use crate::store::{Inputs, Stage};
use ingot_base::{Fault, Field, FieldKind, Result, Signature, Task, Text, atomic, fault};
use ingot_runtime::onnx::{self, Activation};
use ingot_runtime::{VisionModel, VisionPreprocessing};
use ingot_train::nets::{self, TrainedHead};
use ingot_train::outcome::Parity;
use std::collections::BTreeMap;
use std::path::Path;

/// The network, backbone and head.
pub(crate) const MODEL: &str = "model.onnx";

/// Test pictures that the gate compares.
const COMPARED: usize = 32;
/// Largest difference of a probability: single precision, summed in another order.
const TOLERANCE: f64 = 1e-4;

/// What the stage's result depends on.
pub(crate) fn inputs(project: &Project<'_>, chain: &Chain) -> Result<Inputs> {
    let before = earlier(chain, Stage::Features)?;
    let content = before.record.outputs.iter().map(|(name, output)| (name.clone(), output.content));
    let recipe = project.recipe();
    Ok(Inputs {
        stage: Stage::Train,
        content: content
            .chain([("features record".to_owned(), before.record.key)])
            .collect::<BTreeMap<_, _>>(),
        config: serde_json::json!({
            "head": to_value(&recipe.train.head)?,
            "backbone": to_value(&recipe.train.backbone)?,
            "review": recipe.train.review,
            "target": recipe.project.target,
            "positive": recipe.project.positive,
        }),
        seed: recipe.project.seed,
        versions: versions(&[ORT]),
    })
}

pub(crate) fn run(project: &Project<'_>, chain: &Chain) -> Result<Done> {
    stage(project, inputs(project, chain)?, &Stage::Train.title(), |folder| {
        work(project, chain, folder)
    })
}

fn work(project: &Project<'_>, chain: &Chain, folder: &Path) -> Result<Product> {
    let before = earlier(chain, Stage::Features)?;
    let found: Outcome = from_value(&before.record.evidence)?;
    let read = |name: &str| features::read(project, before, name);
    let tables = (read(split::TRAIN)?, read(split::VALIDATION)?, read(split::TEST)?);
    let config = convert::head(project.recipe(), found.width);
    let mut trained = nets::train_head(&config, &tables.0, &tables.1, &tables.2)?;
    let preprocessing = preprocessing(&trained);
    let mut outputs: Vec<_> =
        [MODEL, train::PREPROCESSING, train::REPORT].map(|name| (name.to_owned(), None)).into();
    // The rows of a training whose privacy is bounded are not told one by one.
    if project.recipe().train.review && config.privacy.is_none() {
        let labels = nets::doubtful_labels(&config, &tables.0)?;
        train::suspicious(folder, Some(&labels), &[])?;
        outputs.push((train::SUSPICIOUS.to_owned(), None));
        trained.outcome.labels = Some(labels);
    }
    let graph = onnx::with_head(
        features::backbone(project)?,
        onnx::FEATURES,
        &trained.layers,
        trained.activation,
        &[onnx::MAP],
    )?;
    let graph = onnx::write(&graph);
    let document = serde_json::to_vec(&preprocessing)
        .map_err(|error| fault::internal("preprocessing without a JSON form").because(error))?;
    let model = VisionModel::load(features::library()?, &graph, &document, 1)?;
    trained.outcome.parity = gate(project, chain, &model, &trained, &tables.2)?;
    atomic::write_private(&folder.join(MODEL), &graph)?;
    atomic::write_private(&folder.join(train::PREPROCESSING), &document)?;
    write_page(folder, train::REPORT, &nets::head_report(&trained.outcome))?;
    if let Some(labels) = &mut trained.outcome.labels {
        labels.doubtful.truncate(train::KEPT);
    }
    let accuracy = trained.outcome.metrics.iter().find(|metric| metric.name == "accuracy");
    let accuracy = accuracy.map_or(f64::NAN, |metric| metric.value);
    let epochs = trained.outcome.history.len();
    Ok(Product {
        outputs,
        evidence: to_value(&trained.outcome)?,
        summary: Text::new(
            format!("{epochs} epochs, accuracy {accuracy:.4}"),
            format!("{epochs} 轮，准确率 {accuracy:.4}"),
        ),
    })
}

pub(crate) fn preprocessing(trained: &TrainedHead) -> VisionPreprocessing {
    VisionPreprocessing {
        signature: Signature {
            task: Task::ImageClassify,
            inputs: vec![Field::new(
                ingot_data::IMAGE,
                FieldKind::Image { width: PIXELS.crop, height: PIXELS.crop },
                false,
            )],
            output: trained.output.clone(),
        },
        pixels: PIXELS,
        linear: match trained.layers.as_slice() {
            [one] => Some(one.clone()),
            _ => None,
        },
        activation: trained.activation,
    }
}

/// Whole network against trained head, from the files of test pictures on.
fn gate(
    project: &Project<'_>,
    chain: &Chain,
    model: &VisionModel,
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
    for batch in ingot_data::read(&path, Some(&keys))? {
        let pictures = Pictures::of(project, &batch)?;
        for index in 0..batch.num_rows() {
            let scores = pictures.place(index).and_then(|place| known.get(&place).copied());
            let (Some(scores), true) = (scores, parity.rows < COMPARED as u64) else { continue };
            let Ok((picture, _)) = pictures.load(index) else { continue };
            let own = model.scores(&PIXELS.numbers(&PIXELS.view(&picture)?), 1)?;
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
