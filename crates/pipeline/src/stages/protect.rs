//! Column actions on personal data; what leaves this stage may be looked at.

use crate::convert;
use crate::project::Project;
use crate::run::{Chain, Done, PARQUET, Product, earlier, stage, versions};
use crate::stages::{clean, to_value};
use crate::store::{Inputs, Stage};
use ingot_base::{Digest, Result, Text};
use ingot_privacy::Protector;
use std::collections::BTreeMap;
use std::path::Path;

pub(crate) const TABLE: &str = "table.parquet";

/// What the stage's result depends on.
pub(crate) fn inputs(project: &Project<'_>, chain: &Chain) -> Result<Inputs> {
    let before = earlier(chain, Stage::Clean)?;
    Ok(Inputs {
        stage: Stage::Protect,
        content: BTreeMap::from([
            ("table".into(), before.content(clean::TABLE)?),
            // Other keys give other tokens; the key itself does not show in its digest.
            ("key".into(), Digest::of(project.keyring.derive("fingerprint", 32).expose())),
        ]),
        config: to_value(&project.recipe().protect)?,
        seed: project.recipe().project.seed,
        versions: versions(&[PARQUET]),
    })
}

pub(crate) fn run(project: &Project<'_>, chain: &Chain) -> Result<Done> {
    let before = earlier(chain, Stage::Clean)?;
    let input = before.path(clean::TABLE);
    stage(project, inputs(project, chain)?, &Stage::Protect.title(), |folder| {
        work(project, &input, folder)
    })
}

fn work(project: &Project<'_>, input: &Path, folder: &Path) -> Result<Product> {
    let keys = convert::encryption(project);
    let rules = convert::column_rules(project.recipe());
    let schema = ingot_data::schema(input, Some(&keys))?;
    let protector = Protector::new(rules, convert::column_keys(project), &schema)?;
    let table = folder.join(TABLE);
    let rows = ingot_data::transform(input, &table, Some(&keys), Some(&keys), &mut |batch| {
        protector.apply(batch)
    })?;
    let actions = protector.summary();
    let content = ingot_data::content_digest(&table, Some(&keys))?;
    Ok(Product {
        outputs: vec![(TABLE.into(), Some(content))],
        summary: Text::new(
            format!("{} column rule(s) on {rows} rows", actions.len()),
            format!("对 {rows} 行应用 {} 条列规则", actions.len()),
        ),
        evidence: serde_json::json!({ "rows": rows, "actions": to_value(&actions)? }),
    })
}
