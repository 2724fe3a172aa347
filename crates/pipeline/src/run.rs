//! The order of work: every stage that is not up to date, each fed by the content of the ones before.

use crate::erase::{self, Erasures};
use crate::hierarchies;
use crate::messages::{LICENCE_PAST, OUTPUT_CHANGED};
use crate::project::Project;
use crate::stages;
use crate::store::{Inputs, Output, Record, Stage};
use ingot_base::{Digest, Fault, Reporter, Result, Task, Text, fault};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What a stage's work gives back.
#[derive(Debug)]
pub(crate) struct Product {
    /// File names in the stage's folder, with the content digest where it is not that of the bytes.
    pub(crate) outputs: Vec<(String, Option<Digest>)>,
    /// Figures for the record.
    pub(crate) evidence: Value,
    /// One line for a person.
    pub(crate) summary: Text,
}

/// A stage that is done, now or before.
#[derive(Debug, Clone)]
pub struct Done {
    /// Its record.
    pub record: Record,
    /// Where its outputs are.
    pub folder: PathBuf,
    /// Whether this run did the work.
    pub fresh: bool,
}

impl Done {
    /// An output's path.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Whether the stage wrote such an output.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.record.outputs.contains_key(name)
    }

    /// An output that other work is made of: its file, once its bytes are found to be those that the stage wrote.
    ///
    /// # Errors
    /// When the file was changed since, cannot be read, or is none of the stage's.
    pub(crate) fn verified(&self, name: &str) -> Result<PathBuf> {
        let path = self.path(name);
        let output = self
            .record
            .outputs
            .get(name)
            .ok_or_else(|| fault::internal(format!("stage output `{name}` is missing")))?;
        // What this very run wrote was digested a moment ago.
        if !self.fresh && output.file != Some(Digest::of_file(&path)?) {
            return Err(Fault::new(&OUTPUT_CHANGED)
                .arg("path", path.display())
                .arg("stage", self.record.inputs.stage.as_str())
                .arg("folder", self.folder.display()));
        }
        Ok(path)
    }

    /// An output's content digest.
    ///
    /// # Errors
    /// When the stage has no such output: a defect.
    pub fn content(&self, name: &str) -> Result<Digest> {
        self.record
            .outputs
            .get(name)
            .map(|output| output.content)
            .ok_or_else(|| fault::internal(format!("stage output `{name}` is missing")))
    }
}

/// The stages of a run so far, by stage.
pub type Chain = BTreeMap<Stage, Done>;

/// Runs every stage up to `last` that is not up to date; an erasure that was interrupted is ended on the way.
///
/// # Errors
/// The first stage's failure; stages before it stay done.
pub fn run(project: &Project<'_>, last: Stage) -> Result<Chain> {
    let _lock = project.store.lock()?;
    let pending = erase::resume(project)?;
    let erasures = Erasures::load(project)?;
    erase::tell_lost(project, &erasures, pending.as_ref());
    let chain = work_through(project, last, &erasures)?;
    if let Some(pending) = pending.filter(|pending| pending.last() <= Some(last)) {
        let erased = erase::finish(project, &pending, &chain)?;
        let record = erased.record.display();
        project.reporter.finish(&Text::new(
            format!("an erasure that was interrupted is complete: {record}"),
            format!("已完成此前中断的删除：{record}"),
        ));
    }
    Ok(chain)
}

/// Warns of a licence that is over already: the run would end with a package that nothing loads.
fn look_at_licence(project: &Project<'_>) {
    let today = project.clock.now_rfc3339();
    let today = today.split('T').next().unwrap_or_default();
    // Days of the same form are in order as texts.
    if let Some(last) =
        project.recipe().seal.licence_expires.as_deref().filter(|last| *last < today)
    {
        project.reporter.warn(&Fault::new(&LICENCE_PAST).arg("expires", last));
    }
}

/// The stages up to `last`, by whoever holds the store's lock and has loaded the list of erased persons since.
pub(crate) fn work_through(
    project: &Project<'_>,
    last: Stage,
    erasures: &Erasures,
) -> Result<Chain> {
    let mut chain = Chain::new();
    let task = project.recipe().project.task;
    check(project, last)?;
    if last >= Stage::Seal {
        look_at_licence(project);
    }
    for stage in stages(project).filter(|stage| *stage <= last) {
        let done = match stage {
            Stage::Clean => stages::clean::run(project, erasures)?,
            Stage::Protect => stages::protect::run(project, &chain)?,
            Stage::Split => stages::split::run(project, &chain)?,
            Stage::Features => stages::features::run(project, &chain)?,
            Stage::Train => match task {
                Task::Tabular(tabular) => stages::train::run(project, &chain, tabular)?,
                Task::ImageClassify | Task::TextClassify => stages::head::run(project, &chain)?,
                Task::Generate => stages::sft::run(project, &chain)?,
            },
            Stage::Compress => match task {
                Task::Generate => stages::quants::run(project, &chain)?,
                Task::TextClassify => stages::students::run(project, &chain)?,
                _ => stages::compress::run(project, &chain)?,
            },
            Stage::Explain => match task {
                Task::Tabular(_) => stages::explain::run(project, &chain)?,
                Task::ImageClassify => stages::maps::run(project, &chain)?,
                Task::Generate => continue,
                Task::TextClassify => stages::words::run(project, &chain)?,
            },
            Stage::Seal => stages::seal::run(project, &chain)?,
        };
        chain.insert(stage, done);
    }
    Ok(chain)
}

/// What can be known before any stage up to `last` works: minutes of cleaning before a misspelt line or a missing model is told would
/// be minutes lost.
pub(crate) fn check(project: &Project<'_>, last: Stage) -> Result<()> {
    hierarchies::check(project)?;
    match project.recipe().project.task {
        Task::Generate if last >= Stage::Train => stages::sft::ready(project, last),
        Task::ImageClassify | Task::TextClassify if last >= Stage::Features => {
            stages::features::ready(project)
        }
        _ => Ok(()),
    }
}

/// The stages of a project, in order: those of its task that its recipe asks for.
pub(crate) fn stages(project: &Project<'_>) -> impl Iterator<Item = Stage> {
    let (task, compress) = (project.recipe().project.task, stages::compress::is_asked(project));
    Stage::ALL
        .into_iter()
        .filter(move |stage| stage.is_of(task) && (*stage != Stage::Compress || compress))
}

/// An earlier stage of the chain.
pub(crate) fn earlier(chain: &Chain, stage: Stage) -> Result<&Done> {
    chain
        .get(&stage)
        .ok_or_else(|| fault::internal(format!("stage `{}` has not run", stage.as_str())))
}

/// Does a stage's work unless its record says that it is done.
pub(crate) fn stage(
    project: &Project<'_>,
    inputs: Inputs,
    title: &Text,
    work: impl FnOnce(&Path) -> Result<Product>,
) -> Result<Done> {
    let key = inputs.key()?;
    let folder = project.store.folder(inputs.stage, &key);
    if let Some(record) = project.store.find(inputs.stage, &key)? {
        project.reporter.finish(&Text::new(
            format!("{}: up to date", title.en),
            format!("{}：已是最新", title.zh),
        ));
        return Ok(Done { record, folder, fresh: false });
    }
    project.reporter.start(title, None);
    let begun = Instant::now();
    let product = work(&folder)?;
    let mut outputs = BTreeMap::new();
    for (name, content) in product.outputs {
        let path = folder.join(&name);
        let bytes = std::fs::metadata(&path)
            .map_err(|error| {
                fault::internal(format!("stage output `{name}` was not written")).because(error)
            })?
            .len();
        let file = Digest::of_file(&path)?;
        let content = content.unwrap_or(file);
        outputs.insert(name, Output { content, bytes, file: Some(file) });
    }
    let record = Record {
        key,
        config: Digest::of_json(&inputs.config)?,
        inputs,
        outputs,
        evidence: product.evidence,
        finished: project.clock.now_rfc3339(),
        seconds: begun.elapsed().as_secs_f64(),
    };
    project.store.keep(&record)?;
    project.reporter.finish(&Text::new(
        format!("{}: {}", title.en, product.summary.en),
        format!("{}：{}", title.zh, product.summary.zh),
    ));
    Ok(Done { record, folder, fresh: true })
}

/// Passes on how far a room is, and its warnings; the stage itself tells its beginning and its end.
pub(crate) struct Within<'a>(pub(crate) &'a dyn Reporter);

impl Reporter for Within<'_> {
    fn start(&self, _: &Text, _: Option<u64>) {}

    fn advance(&self, done: u64) {
        self.0.advance(done);
    }

    fn part(&self, part: &Text) {
        self.0.part(part);
    }

    fn finish(&self, _: &Text) {}

    fn warn(&self, warning: &Fault) {
        self.0.warn(warning);
    }
}

/// Versions that a stage's result depends on.
pub(crate) fn versions(engines: &[(&str, &str)]) -> BTreeMap<String, String> {
    let own = ("ingot", env!("CARGO_PKG_VERSION"));
    engines
        .iter()
        .chain([&own])
        .map(|(name, version)| ((*name).to_owned(), (*version).to_owned()))
        .collect()
}

/// The engines' versions, as pinned in the workspace manifest; a test compares them with `Cargo.lock`.
pub(crate) const DATAFUSION: (&str, &str) = ("datafusion", "55.2.0");
/// Parquet's.
pub(crate) const PARQUET: (&str, &str) = ("parquet", "59.3.2");
/// The LightGBM binding's; it carries LightGBM 4.7.0.
pub(crate) const LIGHTGBM: (&str, &str) = ("lightgbm3-sys", "1.0.11");
/// The binding's of ONNX Runtime; the library itself is loaded.
pub(crate) const ORT: (&str, &str) = ("ort", "2.0.0-rc.15");

/// The library's of products of matrices.
pub(crate) const GEMM: (&str, &str) = ("gemm", "0.19.0");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recorded_engine_versions_are_the_locked_ones() {
        let folder = std::path::PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap());
        let lock = std::fs::read_to_string(folder.join("../../Cargo.lock")).unwrap();
        for (name, version) in [DATAFUSION, PARQUET, LIGHTGBM, ORT, GEMM, crate::pack::LLAMA] {
            let entry = format!("name = \"{name}\"\nversion = \"{version}\"\n");
            assert!(lock.contains(&entry), "{name} {version} is not what Cargo.lock has");
        }
    }
}
