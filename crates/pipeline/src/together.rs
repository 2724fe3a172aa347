//! Several processes that train together: the first one runs the stages, the others wait until it calls them to train.
//!
//! They read what the first one prepared, from the same folder, and write nothing.

use crate::messages::PROCESSES_DIFFER;
use crate::project::Project;
use crate::run::{Chain, Done, earlier};
use crate::stages;
use crate::store::{Inputs, Stage};
use ingot_base::{Digest, Fault, Result, Task, Text, fault};
use ingot_report::Page;
use ingot_train::group::Group;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the inputs of a training by several processes call their number.
const PROCESSES: &str = "processes";

/// What so many processes trained is found by any number of them.
const MOST: usize = 64;

/// A call to train.
#[derive(Debug, Serialize, Deserialize)]
pub struct Call {
    /// The stages before, by key.
    before: BTreeMap<Stage, Digest>,
    /// The training's own key.
    key: Digest,
}

/// The next call of the first process; `None` when it needs the others no more.
///
/// # Errors
/// When the first process is of another version.
pub fn next_call(group: &dyn Group) -> Result<Option<Call>> {
    let bytes = group.broadcast(Vec::new());
    serde_json::from_slice(&bytes).map_err(|error| fault::internal("a call").because(error))
}

/// Lets the others go.
///
/// # Errors
/// Never in practice.
pub fn release(group: &dyn Group) -> Result<()> {
    say(group, None)
}

fn say(group: &dyn Group, call: Option<&Call>) -> Result<()> {
    if group.is_many() {
        let bytes = serde_json::to_vec(&call)
            .map_err(|error| fault::internal("a call without a JSON form").because(error))?;
        group.broadcast(bytes);
    }
    Ok(())
}

/// Calls the others to a training that is about to begin.
pub(crate) fn call(project: &Project<'_>, chain: &Chain, key: &Digest) -> Result<()> {
    let before = chain.iter().map(|(stage, done)| (*stage, done.record.key)).collect();
    say(project.group, Some(&Call { before, key: *key }))
}

impl Call {
    /// Does a process's part of the training.
    ///
    /// # Errors
    /// When what the first process prepared is not there, when this process would train something else, or as the training itself.
    pub fn answer(&self, project: &Project<'_>) -> Result<()> {
        let differs = || Fault::new(&PROCESSES_DIFFER).arg("rank", project.group.rank() + 1);
        let mut chain = Chain::new();
        for (stage, key) in &self.before {
            let record = project.store.find(*stage, key)?.ok_or_else(differs)?;
            let folder = project.store.folder(*stage, key);
            chain.insert(*stage, Done { record, folder, fresh: false });
        }
        let task = project.recipe().project.task;
        let inputs = match task {
            Task::Tabular(_) => stages::train::inputs(project, &chain)?,
            Task::ImageClassify | Task::TextClassify => stages::head::inputs(project, &chain)?,
            Task::Generate => stages::sft::inputs(project, &chain)?,
        };
        if inputs.key()? != self.key {
            return Err(differs());
        }
        match task {
            Task::Tabular(tabular) => {
                let before = (earlier(&chain, Stage::Clean)?, earlier(&chain, Stage::Split)?);
                stages::train::assist(project, tabular, before)
            }
            Task::ImageClassify | Task::TextClassify => stages::head::assist(project, &chain),
            Task::Generate => stages::sft::assist(project, &chain, &self.key),
        }
    }
}

/// The inputs of a training with the number of processes that do it, where there are several: sums in another order have other last bits.
/// A model that is there already is not trained anew because there were more or fewer of them.
pub(crate) fn counted(project: &Project<'_>, inputs: &Inputs) -> Result<Inputs> {
    for processes in std::iter::once(project.group.size()).chain(1..=MOST) {
        let trained = with(inputs, processes);
        if project.store.find(trained.stage, &trained.key()?)?.is_some() {
            return Ok(trained);
        }
    }
    Ok(with(inputs, project.group.size()))
}

fn with(inputs: &Inputs, processes: usize) -> Inputs {
    let mut own = inputs.clone();
    if let Some(config) = own.config.as_object_mut()
        && processes > 1
    {
        config.insert(PROCESSES.to_owned(), processes.into());
    }
    own
}

/// Tells in a report that several processes trained, and what one would have trained.
pub(crate) fn report(page: &mut Page, project: &Project<'_>) {
    let processes = project.group.size();
    if !project.group.is_many() {
        return;
    }
    let alone = match project.recipe().project.task {
        Task::Tabular(_) => Text::new(
            "One process may split deep trees and categories elsewhere.",
            "由单个进程训练时，较深的树与类别特征的划分可能不同。",
        ),
        _ if project.recipe().train.unfreeze.is_some() => Text::new(
            "One process trains the same, to the precision of its sums. The network's last blocks were trained by the first process alone.",
            "由单个进程训练的结果与此相同，差别仅在于求和的精度。网络末端的块由首个进程单独训练。",
        ),
        _ if project.recipe().train.encoder.is_some() => Text::new(
            "One process trains the same, to the precision of its sums. The encoder was trained by the first process alone.",
            "由单个进程训练的结果与此相同，差别仅在于求和的精度。编码器由首个进程单独训练。",
        ),
        _ => Text::new(
            "One process trains the same, to the precision of its sums.",
            "由单个进程训练的结果与此相同，差别仅在于求和的精度。",
        ),
    };
    page.section(Text::new("Processes", "训练进程")).paragraph(Text::new(
        format!(
            "{processes} processes trained together: each learned from its share of the rows, and what they learned was summed, so that all had the same model. {}",
            alone.en
        ),
        format!(
            "由 {processes} 个进程共同训练：每个进程学习各自分到的数据行，再将结果求和，因此所有进程始终持有同一个模型。{}",
            alone.zh
        ),
    ));
}
