//! Sources to one clean, encrypted table.

use crate::convert;
use crate::erase::Erasures;
use crate::messages::{NO_ROWS, RULE_EMPTIES};
use crate::project::Project;
use crate::run::{DATAFUSION, Done, PARQUET, Product, Within, stage, versions};
use crate::stages::{to_value, told};
use crate::store::{Inputs, Stage};
use arrow::array::RecordBatch;
use ingot_base::{Fault, Result};
use ingot_data::CleanOutcome;
use ingot_recipe::Recipe;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

pub(crate) const TABLE: &str = "table.parquet";
pub(crate) const QUARANTINE: &str = "quarantine.jsonl";
/// What the rules about texts found, a row each.
pub(crate) const FINDINGS: &str = "findings.jsonl";

/// What the stage's result depends on.
pub(crate) fn inputs(project: &Project<'_>) -> Result<Inputs> {
    inputs_with(project, &Erasures::load(project)?)
}

/// As [`inputs`], by whoever has the list of erased persons.
pub(crate) fn inputs_with(project: &Project<'_>, erasures: &Erasures) -> Result<Inputs> {
    let sources = convert::sources(project.recipe());
    let digests = ingot_data::source_digests(project.source.folder(), &sources)?;
    let mut content: BTreeMap<_, _> = sources
        .iter()
        .zip(digests)
        .map(|(source, digest)| (format!("source {}", source.name), digest))
        .collect();
    if let Some(rule) = &project.recipe().clean.decontaminate {
        content
            .insert("evaluation set".into(), digest(&project.source.folder().join(&rule.against))?);
    }
    // Without erased persons the key is as if there could be none.
    content.extend(erasures.digest()?.map(|digest| ("erasures".to_owned(), digest)));
    Ok(Inputs {
        stage: Stage::Clean,
        content,
        config: config(project.recipe())?,
        seed: project.recipe().project.seed,
        versions: versions(&[DATAFUSION, PARQUET]),
    })
}

/// The recipe's part.
pub(crate) fn config(recipe: &Recipe) -> Result<Value> {
    let mut config = serde_json::json!({
        "source": to_value(&recipe.sources)?,
        "clean": to_value(&recipe.clean)?,
        // Decides which figures the record tells, and which key a column is written with.
        "personal": to_value(&convert::personal(recipe))?,
    });
    // Decides which columns are read as text.
    let identities = convert::identities(recipe);
    if let Some(config) = config.as_object_mut()
        && !identities.is_empty()
    {
        config.insert("identities".to_owned(), to_value(&identities)?);
    }
    let sources = convert::sources(recipe);
    // Decides which rare keys of JSON lines are columns.
    if let Some(config) = config.as_object_mut()
        && sources.iter().any(ingot_data::SourceConfig::may_be_json_lines)
    {
        config.insert("named".to_owned(), to_value(&convert::named(recipe))?);
    }
    told(config)
}

fn digest(path: &Path) -> Result<ingot_base::Digest> {
    ingot_base::Digest::of_file(path).map_err(|fault| fault.at("clean.decontaminate.against"))
}

pub(crate) fn run(project: &Project<'_>, erasures: &Erasures) -> Result<Done> {
    let sources = convert::sources(project.recipe());
    stage(project, inputs_with(project, erasures)?, &Stage::Clean.title(), |folder| {
        work(project, &sources, erasures, folder)
    })
}

fn work(
    project: &Project<'_>,
    sources: &[ingot_data::SourceConfig],
    erasures: &Erasures,
    folder: &Path,
) -> Result<Product> {
    let clean = convert::clean(project.recipe());
    let encryption = convert::encryption(project);
    let table = folder.join(TABLE);
    let engine = &project.recipe().engine;
    let certificates = project.root.join(&engine.certificates);
    let admit = |batch: &RecordBatch| erasures.enter(project, batch);
    let job = ingot_data::CleanJob {
        base_dir: project.source.folder(),
        sources,
        clean: &clean,
        output: &table,
        quarantine: &folder.join(QUARANTINE),
        findings: &folder.join(FINDINGS),
        encryption: Some(&encryption),
        memory_limit: convert::MEMORY,
        threads: convert::threads(project.recipe()),
        admit: (!erasures.is_empty()).then_some(ingot_data::Admit(&admit)),
        cluster: engine
            .cluster
            .as_deref()
            .map(|address| ingot_data::Cluster { address, certificates: &certificates }),
        personal: &convert::personal(project.recipe()),
    };
    let outcome = ingot_data::clean(&job, &Within(project.reporter))?;
    if outcome.rows_out == 0 {
        return Err(emptied(&outcome));
    }
    let summary = outcome.summary();
    let content = ingot_data::content_digest(&table, Some(&encryption))?;
    let mut outputs = vec![(TABLE.into(), Some(content)), (QUARANTINE.into(), None)];
    if folder.join(FINDINGS).exists() {
        outputs.push((FINDINGS.into(), None));
    }
    let mut evidence = to_value(&outcome)?;
    if let (Some(list), Some(evidence)) = (erasures.evidence(), evidence.as_object_mut()) {
        evidence.insert("erasures".to_owned(), list);
    }
    Ok(Product { outputs, evidence, summary })
}

/// Why no row is left: the rule that dropped all that reached it, or what became of them before any rule.
fn emptied(outcome: &CleanOutcome) -> Fault {
    let last = outcome.rules.iter().rfind(|rule| rule.rows_in > 0 && rule.dropped == rule.rows_in);
    if let Some(rule) = last {
        return Fault::new(&RULE_EMPTIES)
            .words("rule", rule.text.clone())
            .arg("in", rule.rows_in)
            .arg("read", outcome.rows_in)
            .at(rule.key_path.clone());
    }
    let bad: u64 = outcome.sources.iter().map(|source| source.quarantined).sum();
    Fault::new(&NO_ROWS)
        .arg("stage", "clean")
        .arg("read", outcome.rows_in + bad)
        .arg("bad", bad)
        .arg("erased", outcome.erased)
}

/// Cleans to a file of the caller's choice, outside the store: for measurements.
///
/// # Errors
/// As the stage.
pub fn clean_to(
    project: &Project<'_>,
    output: &Path,
    encrypted: bool,
) -> Result<ingot_data::CleanOutcome> {
    let sources = convert::sources(project.recipe());
    let clean = convert::clean(project.recipe());
    let encryption = encrypted.then(|| convert::encryption(project));
    let job = ingot_data::CleanJob {
        base_dir: project.source.folder(),
        sources: &sources,
        clean: &clean,
        output,
        quarantine: &output.with_extension("quarantine.jsonl"),
        findings: &output.with_extension("findings.jsonl"),
        encryption: encryption.as_ref(),
        memory_limit: convert::MEMORY,
        threads: convert::threads(project.recipe()),
        admit: None,
        cluster: None,
        personal: &convert::personal(project.recipe()),
    };
    ingot_data::clean(&job, project.reporter)
}
