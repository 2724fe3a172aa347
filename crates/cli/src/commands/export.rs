//! `export`: prepared rows for other tools.

use super::{CLOCK, Outcome, grouped, load, located};
use crate::Context;
use crate::args::{Export, PartArg};
use crate::messages::EXISTS;
use crate::progress::Progress;
use ingot_base::Fault;
use ingot_pipeline::{Part, Project};

pub(crate) fn export(context: &Context, args: &Export) -> Outcome<()> {
    if args.output.exists() {
        return Err(Fault::new(&EXISTS).arg("path", args.output.display()).into());
    }
    let source = load(context, &args.recipe)?;
    let progress = Progress::new(context.lang, context.quiet);
    let project = Project::open(source, &context.project, &CLOCK, &progress)?;
    let part = match args.part {
        PartArg::All => Part::All,
        PartArg::Train => Part::Train,
        PartArg::Validation => Part::Validation,
        PartArg::Test => Part::Test,
    };
    let rows = ingot_pipeline::export(&project, part, &args.output)
        .map_err(|fault| located(&project.source, fault))?;
    let output = args.output.display().to_string();
    let text = format!(
        "{} {} {output}\n{}",
        grouped(rows),
        context.say("rows, no longer encrypted, written to", "行已解密写入"),
        context.say(
            "whoever reads the file reads them: delete it when it has served its purpose",
            "任何能读取该文件的人都能看到这些数据：用完请删除",
        ),
    );
    context.print(&serde_json::json!({ "rows": rows, "output": output }), &text);
    Ok(())
}
