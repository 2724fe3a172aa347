//! The model, chosen and measured.

use crate::convert;
use crate::project::Project;
use crate::run::{Chain, Done, LIGHTGBM, Product, Within, earlier, stage, versions};
use crate::stages::{columns, membership, split, to_value, told, write_page};
use crate::store::{Inputs, Stage};
use crate::{outcomes, together};
use arrow::array::RecordBatch;
use ingot_base::{Fault, Lang, Result, Tabular, Text, atomic};
use ingot_recipe::Recipe;
use ingot_train::review::{self, LabelFindings, OutlyingRow};
use ingot_train::{Tables, TrainConfig, TrainOutcome, Withheld, suspicion};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

pub(crate) const MODEL: &str = "model.txt";
pub(crate) const PREPROCESSING: &str = "preprocessing.json";
pub(crate) const REPORT: &str = "training-report.html";
/// Rows to look at again: doubtful labels and outlying rows, by source and number.
pub(crate) const SUSPICIOUS: &str = "suspicious-rows.json";
/// Rows of each kind that the record keeps; the file has all.
pub(crate) const KEPT: usize = 50;

/// Where the evidence has what a person should hear before trusting the model.
pub(crate) const WARNINGS: &str = "warnings";

/// What the stage's result depends on.
pub(crate) fn inputs(project: &Project<'_>, chain: &Chain) -> Result<Inputs> {
    let before = earlier(chain, Stage::Split)?;
    let mut content = BTreeMap::new();
    for name in [split::TRAIN, split::VALIDATION, split::TEST] {
        if let Some(output) = before.record.outputs.get(name) {
            content.insert(name.to_owned(), output.content);
        }
    }
    let inputs = Inputs {
        stage: Stage::Train,
        content,
        config: config(project.recipe())?,
        seed: project.recipe().project.seed,
        versions: versions(&[LIGHTGBM]),
    };
    together::counted(project, &inputs)
}

/// The recipe's part.
pub(crate) fn config(recipe: &Recipe) -> Result<Value> {
    let mut config = serde_json::json!({
        "train": to_value(&recipe.train)?,
        "project": {
            "task": recipe.project.task,
            "target": recipe.project.target,
            "positive": recipe.project.positive,
        },
        "titles": to_value(&recipe.explain.titles)?,
        // Decides which columns are withheld, and what serving does to values.
        "prepared": {
            "impute": to_value(&recipe.clean.impute)?,
            "outliers": to_value(&recipe.clean.outliers)?,
            "protect": told(to_value(&recipe.protect.columns)?)?,
        },
    });
    // Said only where there are some, so that other models stay up to date.
    let dates = columns::dates(recipe);
    if let Some(config) = config.as_object_mut().filter(|_| !dates.is_empty()) {
        config.insert("dates".to_owned(), to_value(&dates)?);
    }
    let flags: Vec<_> = columns::flags(recipe).map(|(_, rule)| &rule.column).collect();
    if let Some(config) = config.as_object_mut().filter(|_| !flags.is_empty()) {
        config.insert("flags".to_owned(), to_value(&flags)?);
    }
    Ok(config)
}

pub(crate) fn run(project: &Project<'_>, chain: &Chain, task: Tabular) -> Result<Done> {
    let before = (earlier(chain, Stage::Clean)?, earlier(chain, Stage::Split)?);
    let inputs = inputs(project, chain)?;
    let key = inputs.key()?;
    stage(project, inputs, &Stage::Train.title(), |folder| {
        together::call(project, chain, &key)?;
        work(project, task, before, folder)
    })
}

/// A process's part of the training that the first one does, from what was cleaned and split.
pub(crate) fn assist(
    project: &Project<'_>,
    task: Tabular,
    (clean, split): (&Done, &Done),
) -> Result<()> {
    let [train, validation, test] = tables(project, split)?;
    let tables = Tables { train: &train, validation: &validation, test: &test };
    let settings = settings(project, task, (clean, split), &train)?;
    ingot_train::assist(&settings, &tables, project.group)
}

/// The rows of the three tables.
fn tables(project: &Project<'_>, split: &Done) -> Result<[Vec<RecordBatch>; 3]> {
    let keys = convert::encryption(project);
    let read = |name: &str| {
        if split.has(name) {
            ingot_data::read(&split.verified(name)?, Some(&keys))
        } else {
            Ok(Vec::new())
        }
    };
    Ok([read(split::TRAIN)?, read(split::VALIDATION)?, read(split::TEST)?])
}

fn settings(
    project: &Project<'_>,
    task: Tabular,
    (clean, split): (&Done, &Done),
    train: &[RecordBatch],
) -> Result<TrainConfig> {
    let mut settings = convert::train(project.recipe(), task);
    // Where validation rows judge and no label is reviewed, there are no inner folds.
    if settings.review || !split.has(split::VALIDATION) {
        settings.families = split::families(project, split)?;
    }
    (settings.withheld, settings.written) = columns::looked_at(project.recipe(), train)?;
    let (prepared, unknown) = columns::prepared(project.recipe(), clean)?;
    settings.prepared = prepared;
    for flag in unknown {
        settings.withheld.entry(flag).or_insert(Withheld::Flag);
    }
    Ok(settings)
}

fn work(
    project: &Project<'_>,
    task: Tabular,
    (clean, split): (&Done, &Done),
    folder: &Path,
) -> Result<Product> {
    let [train, validation, test] = tables(project, split)?;
    let tables = Tables { train: &train, validation: &validation, test: &test };
    let settings = settings(project, task, (clean, split), &train)?;
    let reporter = Within(project.reporter);
    let mut trained = ingot_train::train_together(&settings, &tables, &reporter, project.group)?;
    let preprocessing = serde_json::to_vec(&trained.preprocessing).map_err(|error| {
        ingot_base::fault::internal("preprocessing without a JSON form").because(error)
    })?;
    atomic::write_private(&folder.join(MODEL), trained.model_text.as_bytes())?;
    atomic::write_private(&folder.join(PREPROCESSING), &preprocessing)?;
    let signature = &trained.preprocessing.signature;
    let encode = |batches: &[_]| ingot_train::encode_table(signature, batches);
    let (learned, kept) = (encode(&train)?, encode(&test)?);
    let attacked =
        membership::attack(&trained.model, &learned, &kept, project.recipe().project.seed)?;
    let leaks = suspicion::leaks(signature, &learned, &kept);
    let warnings = warnings(&trained.outcome, &leaks);
    let mut page = ingot_train::training_report(&trained.outcome, &warnings);
    split::lead(split, &mut page)?;
    membership::report(&mut page, &attacked);
    together::report(&mut page, project);
    write_page(folder, REPORT, &page)?;
    let mut outputs: Vec<_> =
        [MODEL, PREPROCESSING, REPORT].map(|name| (name.to_owned(), None)).into();
    if let Some(review) = &mut trained.outcome.review {
        suspicious(folder, review.labels.as_ref(), &review.outliers)?;
        outputs.push((SUSPICIOUS.to_owned(), None));
        review.outliers.truncate(KEPT);
        if let Some(labels) = &mut review.labels {
            labels.doubtful.truncate(KEPT);
        }
    }
    let mut evidence = to_value(&trained.outcome)?;
    if let Some(evidence) = evidence.as_object_mut() {
        evidence.insert(WARNINGS.to_owned(), to_value(&warnings)?);
        evidence.insert(membership::MEMBERSHIP.to_owned(), to_value(&attacked)?);
    }
    Ok(Product { outputs, summary: outcomes::train_summary(&trained.outcome), evidence })
}

/// What a person should hear before trusting the model; where the test rows are too few, that alone.
fn warnings(outcome: &TrainOutcome, leaks: &[Fault]) -> Vec<Text> {
    if let Some(few) = suspicion::few(outcome) {
        return vec![sentence(&few)];
    }
    let telling = outcome.review.iter().flat_map(review::telling);
    suspicion::weak(outcome)
        .into_iter()
        .chain(suspicion::costly(outcome).iter().map(sentence))
        .chain(telling.map(|fault| sentence(&fault)))
        .chain(suspicion::beaten(outcome))
        .chain(leaks.iter().map(sentence))
        .collect()
}

/// Writes the rows to look at again.
pub(crate) fn suspicious(
    folder: &Path,
    labels: Option<&LabelFindings>,
    outliers: &[OutlyingRow],
) -> Result<()> {
    let document = serde_json::json!({
        "labels": labels.map_or(&[][..], |labels| &labels.doubtful),
        "outliers": outliers,
    });
    let bytes = serde_json::to_vec_pretty(&document)
        .map_err(|error| ingot_base::fault::internal("rows without a JSON form").because(error))?;
    atomic::write_private(&folder.join(SUSPICIOUS), &bytes)
}

/// A fault as a sentence with its advice, in both languages.
fn sentence(fault: &Fault) -> Text {
    Text::new(fault.advice(Lang::En), fault.advice(Lang::Zh))
}
