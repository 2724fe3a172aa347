//! What the model does and why: figures, pictures, the background that the server explains with.

use crate::convert;
use crate::project::Project;
use crate::run::{Chain, Done, Product, Within, earlier, stage, versions};
use crate::stages::{split, to_value, train, write_page};
use crate::store::{Inputs, Stage};
use ingot_base::{Result, atomic, fault};
use ingot_explain::Truth;
use ingot_runtime::{Predictor as _, TabularModel};
use std::collections::BTreeMap;
use std::path::Path;

pub(crate) const BACKGROUND: &str = "background.json";
pub(crate) const REPORT: &str = "explanation-report.html";
pub(crate) const TREE_SVG: &str = "surrogate-tree.svg";
pub(crate) const TREE_PNG: &str = "surrogate-tree.png";

/// Most bytes a model may have.
pub(crate) const MODEL_LIMIT: u64 = 1 << 30;

/// What the stage's result depends on.
pub(crate) fn inputs(project: &Project<'_>, chain: &Chain) -> Result<Inputs> {
    let trained = earlier(chain, Stage::Train)?;
    let tables = earlier(chain, Stage::Split)?;
    Ok(Inputs {
        stage: Stage::Explain,
        content: BTreeMap::from([
            (train::MODEL.into(), trained.content(train::MODEL)?),
            (train::PREPROCESSING.into(), trained.content(train::PREPROCESSING)?),
            (split::TRAIN.into(), tables.content(split::TRAIN)?),
            (split::TEST.into(), tables.content(split::TEST)?),
        ]),
        config: to_value(&project.recipe().explain)?,
        seed: project.recipe().project.seed,
        versions: versions(&[]),
    })
}

pub(crate) fn run(project: &Project<'_>, chain: &Chain) -> Result<Done> {
    let trained = earlier(chain, Stage::Train)?;
    let tables = earlier(chain, Stage::Split)?;
    stage(project, inputs(project, chain)?, &Stage::Explain.title(), |folder| {
        work(project, trained, tables, folder)
    })
}

fn work(project: &Project<'_>, trained: &Done, tables: &Done, folder: &Path) -> Result<Product> {
    let keys = convert::encryption(project);
    let model = load(trained)?;
    let encode = |name: &str| {
        let batches = ingot_data::read(&tables.verified(name)?, Some(&keys))?;
        ingot_train::encode_table(model.signature(), &batches)
    };
    let (learned, held_out) = (encode(split::TRAIN)?, encode(split::TEST)?);
    let explained = ingot_explain::explain(
        &convert::explain(project.recipe()),
        &model,
        Truth { rows: &learned.matrix, labels: &learned.labels },
        Truth { rows: &held_out.matrix, labels: &held_out.labels },
        &Within(project.reporter),
    )?;
    let background = serde_json::to_vec(&explained.background)
        .map_err(|error| fault::internal("background without a JSON form").because(error))?;
    atomic::write_private(&folder.join(BACKGROUND), &background)?;
    atomic::write(&folder.join(TREE_SVG), explained.surrogate.en.as_bytes())?;
    atomic::write(&folder.join(TREE_PNG), &explained.surrogate.png)?;
    let mut page = ingot_explain::explanation_report(&explained);
    split::lead(tables, &mut page)?;
    write_page(folder, REPORT, &page)?;
    Ok(Product {
        outputs: [BACKGROUND, TREE_SVG, TREE_PNG, REPORT]
            .map(|name| (name.to_owned(), None))
            .into(),
        summary: explained.outcome.summary(),
        evidence: to_value(&explained.outcome)?,
    })
}

/// The trained model of a finished stage.
fn load(trained: &Done) -> Result<TabularModel> {
    TabularModel::load(
        &atomic::read(&trained.verified(train::MODEL)?, MODEL_LIMIT)?,
        &atomic::read(&trained.verified(train::PREPROCESSING)?, MODEL_LIMIT)?,
    )
}
