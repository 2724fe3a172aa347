//! `run` and the commands that stop at an earlier stage.

use super::{CLOCK, Outcome, check_names, load, located};
use crate::args::Recipe;
use crate::progress::Progress;
use crate::{Context, render};
use ingot_base::{Result, Silent};
use ingot_pipeline::{Chain, Project, Stage};
use ingot_train::group::Group;

pub(crate) fn run(context: &Context, args: &Recipe, last: Stage) -> Outcome<()> {
    let group = ingot_train::group::join()?;
    let outcome = if group.is_first() {
        lead(context, args, last, &*group)
    } else {
        help(context, args, &*group)
    };
    if let Err(failure) = &outcome
        && group.is_many()
    {
        let (rank, size) = (group.rank() + 1, group.size());
        let en = format!("process {rank} of {size} ended the others:");
        let zh = format!("进程 {rank}（共 {size} 个）出错，已结束其他进程：");
        crate::err(context.say(&en, &zh));
        crate::tell(context, failure);
        group.end_all(failure.fault().message().class.exit_code());
    }
    outcome
}

/// All stages; other processes are called when a model is to be trained.
fn lead(context: &Context, args: &Recipe, last: Stage, group: &dyn Group) -> Outcome<()> {
    let source = load(context, &args.recipe)?;
    let progress = Progress::new(context.lang, context.quiet);
    let project = Project::open(source, &context.project, &CLOCK, &progress)?
        .speaking(context.lang)
        .together(group);
    check_names(&project)?;
    let chain =
        ingot_pipeline::run(&project, last).map_err(|fault| located(&project.source, fault))?;
    ingot_pipeline::release(group)?;
    context.print(
        &ingot_pipeline::summary_json(&project, &chain)?,
        &summary(context, &project, &chain)?,
    );
    Ok(())
}

/// What another process than the first does: its part of each training that it is called to.
fn help(context: &Context, args: &Recipe, group: &dyn Group) -> Outcome<()> {
    while let Some(call) = ingot_pipeline::next_call(group)? {
        // Read when the first process has made the keys and read the recipe.
        let project =
            Project::open(load(context, &args.recipe)?, &context.project, &CLOCK, &Silent)?
                .together(group);
        call.answer(&project).map_err(|fault| located(&project.source, fault))?;
    }
    Ok(())
}

/// The table that ends a run: stages, then the model's figures, then where everything is.
fn summary(context: &Context, project: &Project<'_>, chain: &Chain) -> Result<String> {
    let mut text = String::from("\n");
    let mut rows = vec![vec![
        context.say("stage", "阶段").to_owned(),
        context.say("state", "状态").to_owned(),
        context.say("seconds", "秒").to_owned(),
        context.say("content digest", "内容摘要").to_owned(),
    ]];
    for (stage, done) in chain {
        rows.push(vec![
            stage.title().get(context.lang).to_owned(),
            if done.fresh {
                context.say("done", "完成")
            } else {
                context.say("up to date", "已是最新")
            }
            .to_owned(),
            format!("{:.2}", done.record.seconds),
            done.record.digest_of_outputs()?.hex().chars().take(16).collect(),
        ]);
    }
    text.push_str(&render::table(&rows, &[false, false, true, false]));
    if let Some(figures) = ingot_pipeline::figures(chain)? {
        text.push('\n');
        let mut rows = vec![vec![
            context.say("metric (test rows)", "指标（测试集）").to_owned(),
            context.say("value", "数值").to_owned(),
            context.say("95% interval", "95% 置信区间").to_owned(),
        ]];
        rows.extend(figures.into_iter().map(|figure| {
            vec![figure.name.get(context.lang).to_owned(), figure.value, figure.interval]
        }));
        text.push_str(&render::table(&rows, &[false, true, true]));
    }
    for warning in ingot_pipeline::warnings(chain)? {
        text.extend([
            "\n  ! ",
            context.say("warning", "警告"),
            ": ",
            warning.get(context.lang),
            "\n",
        ]);
    }
    let mut paths: Vec<(String, String)> = ingot_pipeline::published(project, chain)
        .into_iter()
        .map(|(title, path)| (title.get(context.lang).to_owned(), path.display().to_string()))
        .collect();
    if !paths.is_empty() {
        text.push('\n');
        let rows: Vec<Vec<String>> =
            paths.drain(..).map(|(title, path)| vec![title, path]).collect();
        text.push_str(&render::table(&rows, &[false, false]));
    }
    Ok(text)
}
