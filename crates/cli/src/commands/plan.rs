//! `plan` and `schema`: what would run, with every default visible.

use super::{CLOCK, Outcome, check_names, load};
use crate::args::Recipe;
use crate::{Context, out, render};
use ingot_base::{Result, Silent};
use ingot_pipeline::{Project, Standing};

pub(crate) fn plan(context: &Context, args: &Recipe) -> Outcome<()> {
    let source = load(context, &args.recipe)?;
    let silent = Silent;
    let project = Project::look(source, &context.project, &CLOCK, &silent)?;
    check_names(&project)?;
    let steps = ingot_pipeline::plan(&project)?;
    let json = serde_json::json!({
        "stages": steps.iter().map(|step| serde_json::json!({
            "stage": step.stage.as_str(),
            "state": match step.standing { Standing::UpToDate => "up-to-date", Standing::WouldRun => "would-run" },
            "reason": step.reason.get(context.lang),
        })).collect::<Vec<_>>(),
        "recipe": project.recipe().used_sections().into_iter().collect::<serde_json::Map<_, _>>(),
    });
    let mut rows = vec![vec![
        context.say("stage", "阶段").to_owned(),
        context.say("would", "操作").to_owned(),
        context.say("why", "原因").to_owned(),
    ]];
    rows.extend(steps.iter().map(|step| {
        let verb = match step.standing {
            Standing::UpToDate => context.say("be skipped", "跳过"),
            Standing::WouldRun => context.say("run", "运行"),
        };
        vec![
            step.stage.title().get(context.lang).to_owned(),
            verb.to_owned(),
            step.reason.get(context.lang).to_owned(),
        ]
    }));
    let mut text = render::table(&rows, &[false, false, false]);
    text.push('\n');
    text.push_str(context.say("Settings, defaults filled in:", "全部设置（含默认值）："));
    text.push('\n');
    for (name, section) in project.recipe().used_sections() {
        text.extend(["  [", &name, "] ", &section.to_string(), "\n"]);
    }
    context.answer(&json, &text);
    Ok(())
}

pub(crate) fn schema() -> Result<()> {
    let text = serde_json::to_string_pretty(&ingot_recipe::json_schema()).map_err(|error| {
        ingot_base::fault::internal("schema without a JSON form").because(error)
    })?;
    out(&text);
    Ok(())
}
