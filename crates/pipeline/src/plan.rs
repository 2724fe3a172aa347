//! What a run would do, and why, without doing it.

use crate::project::Project;
use crate::run::{Chain, Done};
use crate::stages::{self, pictures};
use crate::store::{Inputs, Record, Stage};
use ingot_base::{Lang, Result, Task, Text, fault};

/// Whether a stage has work to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Its record is there and so are its outputs.
    UpToDate,
    /// It would run.
    WouldRun,
}

/// One stage of the plan.
#[derive(Debug, Clone)]
pub struct Step {
    /// The stage.
    pub stage: Stage,
    /// Whether it would run.
    pub standing: Standing,
    /// Why.
    pub reason: Text,
}

/// The plan of a full run.
///
/// # Errors
/// When a source or a record cannot be read.
pub fn plan(project: &Project<'_>) -> Result<Vec<Step>> {
    crate::run::check(project, Stage::Seal)?;
    let mut chain = Chain::new();
    let mut steps = Vec::new();
    let mut open = None;
    for stage in crate::run::stages(project) {
        let step = match open {
            Some(first) => waits_for(stage, first),
            None => look(project, stage, &mut chain)?,
        };
        if step.standing == Standing::WouldRun && open.is_none() {
            open = Some(stage);
        }
        steps.push(step);
    }
    Ok(steps)
}

fn waits_for(stage: Stage, first: Stage) -> Step {
    Step {
        stage,
        standing: Standing::WouldRun,
        reason: Text::new(
            format!(
                "follows `{}`; skipped after all if its inputs come out the same",
                first.as_str()
            ),
            format!("在“{}”之后；若其输入结果不变，则仍会跳过", first.title().zh),
        ),
    }
}

fn look(project: &Project<'_>, stage: Stage, chain: &mut Chain) -> Result<Step> {
    let task = project.recipe().project.task;
    let inputs = match stage {
        Stage::Clean => stages::clean::inputs(project)?,
        Stage::Protect => stages::protect::inputs(project, chain)?,
        Stage::Split => stages::split::inputs(project, chain)?,
        Stage::Features => stages::features::inputs(project, chain)?,
        Stage::Train => match task {
            Task::Tabular(_) => stages::train::inputs(project, chain)?,
            Task::ImageClassify | Task::TextClassify => stages::head::inputs(project, chain)?,
            Task::Generate => stages::sft::inputs(project, chain)?,
        },
        Stage::Compress => match task {
            Task::Generate => stages::quants::inputs(project, chain)?,
            Task::TextClassify => stages::students::inputs(project, chain)?,
            _ => stages::compress::inputs(project, chain)?,
        },
        Stage::Explain => match task {
            Task::Tabular(_) => stages::explain::inputs(project, chain)?,
            Task::ImageClassify => stages::maps::inputs(project, chain)?,
            Task::Generate => return Err(fault::internal("a language model has no such stage")),
            Task::TextClassify => stages::words::inputs(project, chain)?,
        },
        Stage::Seal => stages::seal::inputs(project, chain)?,
    };
    let key = inputs.key()?;
    if let Some(record) = project.store.find(stage, &key)? {
        let folder = project.store.folder(stage, &key);
        let reason =
            Text::new(format!("done {}", record.finished), format!("完成于 {}", record.finished));
        chain.insert(stage, Done { record, folder, fresh: false });
        return Ok(Step { stage, standing: Standing::UpToDate, reason });
    }
    let reason = match project.store.latest(stage)? {
        None => Text::new("never ran here", "尚未运行过"),
        Some(before) => difference(&before, &inputs),
    };
    Ok(Step { stage, standing: Standing::WouldRun, reason })
}

/// Names what changed since the stage last ran.
fn difference(before: &Record, now: &Inputs) -> Text {
    let named = |name: &String| match name.strip_prefix("source ") {
        Some(source) => Text::new(name, format!("数据源 {source}")),
        None if name == pictures::CONTENT => Text::new(name, "图片"),
        None => Text::same(name),
    };
    let mut changed: Vec<Text> = now
        .content
        .iter()
        .filter(|(name, digest)| before.inputs.content.get(*name) != Some(digest))
        .map(|(name, _)| named(name))
        .chain(
            before.inputs.content.keys().filter(|name| !now.content.contains_key(*name)).map(named),
        )
        .collect();
    if before.inputs.config != now.config {
        changed.push(Text::new("recipe", "配方"));
    }
    if before.inputs.seed != now.seed {
        changed.push(Text::new("seed", "随机种子"));
    }
    if before.inputs.versions != now.versions {
        changed.push(Text::new("versions", "版本"));
    }
    if changed.is_empty() {
        return Text::new(
            "an earlier run was interrupted, or its outputs were removed",
            "上次运行被中断，或其输出已被删除",
        );
    }
    let list = |lang, between: &str| {
        changed.iter().map(|text| text.get(lang).to_owned()).collect::<Vec<_>>().join(between)
    };
    Text::new(
        format!("changed: {}", list(Lang::En, ", ")),
        format!("已变化：{}", list(Lang::Zh, "、")),
    )
}
