//! What a run shows at its end: the model's figures and where everything is.

use crate::outcomes;
use crate::project::Project;
use crate::run::{Chain, Done};
use crate::spending;
use crate::stages::{compress, explain, from_value, maps, split, to_value, train};
use crate::store::Stage;
use ingot_base::fault::FILE_WRITE;
use ingot_base::{Fault, Lang, Result, Task, Text, atomic};
use ingot_train::TrainOutcome;
use ingot_train::compress::CompressOutcome;
use ingot_train::language::{QuantOutcome, SftOutcome};
use ingot_train::nets::HeadOutcome;
use serde_json::{Value, json};
use std::io::ErrorKind;
use std::path::PathBuf;

/// One measured figure of the model.
#[derive(Debug, Clone)]
pub struct Figure {
    /// What it measures.
    pub name: Text,
    /// Its value, as a person reads it.
    pub value: String,
    /// Its 95 % interval, or empty.
    pub interval: String,
}

/// What a training found out, by what was trained.
pub(crate) enum Evidence {
    Tables(Box<TrainOutcome>),
    Head(Box<HeadOutcome>),
    Language(Box<SftOutcome>),
}

impl Evidence {
    /// `None` before training.
    pub(crate) fn of(chain: &Chain) -> Result<Option<Self>> {
        let Some(done) = chain.get(&Stage::Train) else { return Ok(None) };
        // What goes on after a compression was measured anew, and maybe trained anew.
        let compressed =
            chain.get(&Stage::Compress).and_then(|done| done.record.evidence.get("model"));
        let evidence = compressed.unwrap_or(&done.record.evidence);
        Ok(Some(match from_value(evidence.get("task").unwrap_or(&Value::Null))? {
            Task::Tabular(_) => Self::Tables(from_value(evidence)?),
            Task::ImageClassify | Task::TextClassify => Self::Head(from_value(evidence)?),
            Task::Generate => Self::Language(from_value(evidence)?),
        }))
    }
}

/// What the quantisation of a language model found out; `None` where there was none.
pub(crate) fn quantisation(chain: &Chain) -> Result<Option<QuantOutcome>> {
    chain.get(&Stage::Compress).map(|done| from_value(&done.record.evidence)).transpose()
}

/// What compression of a network found out; `None` where there was none.
pub(crate) fn compression(chain: &Chain) -> Result<Option<CompressOutcome>> {
    chain.get(&Stage::Compress).map(|done| from_value(&done.record.evidence)).transpose()
}

/// The trained model's figures on the test rows; `None` before training.
///
/// # Errors
/// When the record is of another version.
pub fn figures(chain: &Chain) -> Result<Option<Vec<Figure>>> {
    let Some(evidence) = Evidence::of(chain)? else { return Ok(None) };
    Ok(Some(match evidence {
        Evidence::Tables(outcome) => outcomes::figures(&outcome),
        Evidence::Head(outcome) => outcomes::head_figures(&outcome),
        Evidence::Language(outcome) => {
            outcomes::language_figures(&outcome, quantisation(chain)?.as_ref())
        }
    }))
}

/// What a person should hear before trusting the model.
///
/// # Errors
/// When the record is of another version.
pub fn warnings(chain: &Chain) -> Result<Vec<Text>> {
    chain
        .get(&Stage::Train)
        .and_then(|done| done.record.evidence.get(train::WARNINGS))
        .map_or_else(|| Ok(Vec::new()), from_value)
}

/// The reports: the stage that writes one, its file name there, its title in both languages.
const REPORTS: [(Stage, &str, [&str; 2]); 6] = [
    (Stage::Split, split::REPORT, ["data report", "数据报告"]),
    (Stage::Train, train::REPORT, ["training report", "训练报告"]),
    (Stage::Compress, compress::REPORT, ["compression report", "压缩报告"]),
    (Stage::Explain, explain::REPORT, ["explanation report", "解释报告"]),
    (Stage::Explain, maps::NETWORK_PNG, ["network picture", "网络结构图"]),
    (Stage::Explain, explain::TREE_PNG, ["surrogate tree", "代理决策树"]),
];

/// The reports of a run: title, the stage that wrote it, file name there.
pub(crate) fn reports(chain: &Chain) -> Vec<(Text, &Done, &'static str)> {
    let written = REPORTS.into_iter().filter_map(|(stage, name, [en, zh])| {
        let done = chain.get(&stage).filter(|done| done.has(name))?;
        Some((Text::new(en, zh), done, name))
    });
    written.collect()
}

/// Everything that a run may put where a person looks for reports.
fn copies() -> impl Iterator<Item = &'static str> {
    REPORTS.into_iter().map(|(_, name, _)| name).chain([train::SUSPICIOUS])
}

/// Copies a whole run's reports to where a person looks for them, and leaves what is already the same; what an earlier run put there and
/// this one did not write goes.
pub(crate) fn publish(project: &Project<'_>, chain: &Chain) -> Result<()> {
    let written = |name: &str| chain.values().any(|done| done.has(name));
    for name in copies().filter(|name| !written(name)) {
        let path = project.reports_path().join(name);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(Fault::new(&FILE_WRITE).arg("path", path.display()).because(error));
            }
            _ => {}
        }
    }
    for (_, done, name) in reports(chain) {
        let target = project.reports_path().join(name);
        let mut bytes = atomic::read(&done.verified(name)?, 1 << 30)?;
        if name == split::REPORT
            && let Some(section) = spending::section(project)?
        {
            bytes =
                ingot_report::with_section(&String::from_utf8_lossy(&bytes), &section).into_bytes();
        }
        if project.lang != Lang::En && target.extension().is_some_and(|kind| kind == "html") {
            let page = String::from_utf8_lossy(&bytes);
            bytes = ingot_report::opened_in(&page, project.lang).into_bytes();
        }
        if std::fs::read(&target).ok().as_ref() != Some(&bytes) {
            atomic::write(&target, &bytes)?;
        }
    }
    // For the owner alone: it names single rows.
    if let Some(done) = chain.get(&Stage::Train).filter(|done| done.has(train::SUSPICIOUS)) {
        let bytes = atomic::read(&done.verified(train::SUSPICIOUS)?, 1 << 30)?;
        atomic::write_private(&project.reports_path().join(train::SUSPICIOUS), &bytes)?;
    }
    Ok(())
}

/// What is there to look at after a run, with its title: of a whole run the copies for people, else what the stages wrote, as what lies
/// where people look is an earlier run's.
pub fn published(project: &Project<'_>, chain: &Chain) -> Vec<(Text, PathBuf)> {
    let whole = chain.contains_key(&Stage::Seal);
    let place = |done: &Done, name: &str| {
        let copy = project.reports_path().join(name);
        if whole && copy.exists() { copy } else { done.path(name) }
    };
    let reports = reports(chain).into_iter();
    let mut list: Vec<(Text, PathBuf)> =
        reports.map(|(title, done, name)| (title, place(done, name))).collect();
    if chain.contains_key(&Stage::Seal) {
        list.push((Text::new("sealed package", "模型包"), project.package_path()));
    }
    list
}

/// The run as one JSON document.
///
/// # Errors
/// When a record is of another version.
pub fn summary_json(project: &Project<'_>, chain: &Chain) -> Result<Value> {
    let mut stages = Vec::new();
    for (stage, done) in chain {
        stages.push(json!({
            "stage": stage,
            "fresh": done.fresh,
            "key": done.record.key,
            "content": done.record.digest_of_outputs()?,
            "seconds": done.record.seconds,
        }));
    }
    let files: Vec<Value> = published(project, chain)
        .into_iter()
        .map(|(title, path)| json!({ "title": title.en, "path": path.display().to_string() }))
        .collect();
    Ok(json!({
        "stages": stages,
        "model": chain.get(&Stage::Train).map(|done| done.record.evidence.clone()),
        "compression": chain.get(&Stage::Compress).map(|done| done.record.evidence.clone()),
        "warnings": to_value(&warnings(chain)?)?,
        "files": files,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn what_a_run_does_not_write_does_not_stay_from_an_earlier_one() {
        let text = "[project]\nname = \"x\"\ntask = \"tabular.binary\"\ntarget = \"y\"\n\
             [[source]]\nname = \"a\"\nuri = \"a.csv\"\n";
        let folder = tempfile::tempdir().unwrap();
        let project = crate::project::project(folder.path(), text);
        publish(&project, &Chain::new()).unwrap();
        let reports = project.reports_path();
        std::fs::create_dir_all(&reports).unwrap();
        // By their names, not by the table that is under test.
        let known = [
            "data-report.html",
            "training-report.html",
            "suspicious-rows.json",
            "compression-report.html",
            "explanation-report.html",
            "network.png",
            "surrogate-tree.png",
        ];
        assert_eq!(copies().collect::<BTreeSet<_>>(), BTreeSet::from(known));
        for name in known.into_iter().chain(["notes.txt"]) {
            atomic::write(&reports.join(name), b"-").unwrap();
        }
        publish(&project, &Chain::new()).unwrap();
        let left = std::fs::read_dir(&reports).unwrap().map(|entry| entry.unwrap().file_name());
        assert_eq!(left.collect::<Vec<_>>(), ["notes.txt"]);
    }
}
