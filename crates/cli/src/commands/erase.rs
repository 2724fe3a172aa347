//! `erase` and `reidentify`: what only the keys' holder may do with persons.

use super::{CLOCK, Outcome, load, located};
use crate::args::{Erase, Reidentify};
use crate::progress::Progress;
use crate::{Context, render};
use ingot_base::{Fault, Personal, Result, fault};
use ingot_pipeline::{Project, Subject, Token};
use std::io::Read as _;

/// Most bytes of a value on standard input.
const LIMIT: u64 = 1 << 16;

pub(crate) fn erase(context: &Context, args: &Erase) -> Outcome<()> {
    let source = load(context, &args.recipe)?;
    let progress = Progress::new(context.lang, context.quiet);
    let project =
        Project::open(source, &context.project, &CLOCK, &progress)?.speaking(context.lang);
    let subject = Subject { column: args.column.clone(), value: value(&args.subject)? };
    let erased = ingot_pipeline::erase(&project, &subject)
        .map_err(|fault| located(&project.source, fault))?;
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut say = |en, zh, value: String| rows.push(vec![context.say(en, zh).to_owned(), value]);
    for (source, numbers) in &erased.rows {
        let list: Vec<String> = numbers.iter().map(u64::to_string).collect();
        say(
            "rows still in the source",
            "源数据中仍有的行",
            format!("{source}: {}", list.join(", ")),
        );
    }
    say("stage outputs removed", "已删除的阶段输出", erased.removed.len().to_string());
    for package in &erased.revoked {
        say("package revoked", "已撤销的模型包", format!("{} {}", package.name, package.version));
    }
    say("stage outputs made anew", "已重建的阶段输出", erased.rebuilt.len().to_string());
    say("signed record", "签名记录", erased.record.display().to_string());
    let text = render::table(&rows, &[false, false]);
    let mut document = serde_json::to_value(&erased)
        .map_err(|error| fault::internal("an erasure without a JSON form").because(error))?;
    if let Some(document) = document.as_object_mut() {
        document.insert("record".to_owned(), erased.record.display().to_string().into());
    }
    context.print(&document, &text);
    Ok(())
}

pub(crate) fn reidentify(context: &Context, args: &Reidentify) -> Outcome<()> {
    let source = load(context, &args.recipe)?;
    let progress = Progress::new(context.lang, context.quiet);
    let project = Project::open(source, &context.project, &CLOCK, &progress)?;
    let person = args.person.as_deref().map(value).transpose()?;
    let token = match (&args.column, &args.kind) {
        (_, Some(kind)) => Token::Pseudonym(kind.clone(), args.token.clone()),
        (Some(column), None) => match person {
            Some(person) => {
                Token::Date { column: column.clone(), date: args.token.clone(), person }
            }
            None => Token::Column(column.clone(), args.token.clone()),
        },
        // The grammar asks for one of the two.
        (None, None) => return Err(fault::internal("neither column nor type").into()),
    };
    let original = ingot_pipeline::reidentify(&project, &token, &args.reason)?;
    context.answer(&serde_json::json!({ "value": original.expose() }), original.expose());
    Ok(())
}

/// The value itself, or what standard input holds: a command line stays in the shell's history.
fn value(argument: &str) -> Result<Personal<String>> {
    if argument != "-" {
        return Ok(Personal::new(argument.to_owned()));
    }
    let mut text = String::new();
    std::io::stdin().take(LIMIT).read_to_string(&mut text).map_err(|error| {
        Fault::new(&fault::FILE_READ).arg("path", "standard input").because(error)
    })?;
    Ok(Personal::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}
