//! `eval`: a language model's answers to questions whose right answers are known; two models side by side.

use super::{CLOCK, identity, trusted};
use crate::args::Eval as Args;
use crate::messages::{CONTEXT_LONGEST, EVAL_TASK, EXISTS};
use crate::{Context, render};
use ingot_base::{Fault, Result, atomic, fault};
use ingot_pipeline::evaluate::{
    Evaluation, Judged, Measures, Question, SideBySide, evaluate, questions, side_by_side,
};
use ingot_runtime::generate::Serving;
use ingot_serve::{Loader as _, PackageLoader};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;

pub(crate) fn eval(context: &Context, args: &Args) -> Result<()> {
    // Answers that were waited for must not be lost at the end, nor others overwritten.
    if let Some(path) = args.output.as_ref().filter(|path| path.exists()) {
        return Err(Fault::new(&EXISTS).arg("path", path.display()));
    }
    let measures = Measures::new(args.regex.as_deref(), &args.field, args.answer_tokens)?;
    let questions = questions(&args.data, &args.prompt, &args.answer, args.limit.get())?;
    let first = asked(context, args, &args.package, &questions, &measures)?;
    let second = match &args.against {
        Some(package) => Some(asked(context, args, package, &questions, &measures)?),
        None => None,
    };
    if let Some(path) = &args.output {
        // What people asked, in their own words.
        atomic::write_private(path, &lines(&questions, &first, second.as_ref())?)?;
    }
    let compared: Vec<Option<SideBySide>> = first
        .figures
        .iter()
        .map(|figure| Some(side_by_side(figure, same(second.as_ref()?, figure)?)))
        .collect();
    let document = json!({
        "rows": first.rows,
        "too_long": first.too_long,
        "figures": first.figures,
        "against": second.as_ref().map(|second| &second.figures),
        "side_by_side": second.as_ref().map(|_| &compared),
    });
    context.answer(&document, &table(context, &first, second.as_ref(), &compared));
    Ok(())
}

/// One package's answers; its model is gone from memory when another's comes.
fn asked(
    context: &Context,
    args: &Args,
    path: &Path,
    questions: &[Question],
    measures: &Measures,
) -> Result<Evaluation> {
    let loader = PackageLoader::new(
        trusted(context, &args.keys.public_key)?,
        identity(context, args.keys.identity.as_ref())?,
        Arc::new(CLOCK),
        ingot_pipeline::models::library(),
    );
    let serving = Serving { context: args.context, threads: args.threads, ..Serving::default() };
    let loader = loader.with_languages(serving, Box::new(ingot_pipeline::published_language));
    let loaded = loader.load(path)?;
    let generator = loaded
        .engine
        .generator()
        .ok_or_else(|| Fault::new(&EVAL_TASK).arg("path", path.display()))?;
    let about = generator.about();
    if about.longest && about.context < args.context {
        let told = Fault::new(&CONTEXT_LONGEST).arg("asked", args.context);
        context.warn(&told.arg("path", path.display()).arg("context", about.context));
    }
    let found = evaluate(&generator, loaded.engine.system(), questions, measures)?;
    for warning in &found.warnings {
        context.warn_anyway(warning);
    }
    Ok(found)
}

/// The same figure of another model.
fn same<'a>(other: &'a Evaluation, figure: &Judged) -> Option<&'a Judged> {
    other.figures.iter().find(|one| one.figure.name == figure.figure.name)
}

fn table(
    context: &Context,
    first: &Evaluation,
    second: Option<&Evaluation>,
    compared: &[Option<SideBySide>],
) -> String {
    let mut heads = vec![
        ("figure", "指标"),
        ("questions", "提问数"),
        ("value", "数值"),
        ("95% interval", "95% 置信区间"),
    ];
    if second.is_some() {
        heads.extend([
            ("against", "另一模型"),
            ("only first right", "仅前者答对"),
            ("only second right", "仅后者答对"),
            ("p-value", "p 值"),
        ]);
    }
    let aligned: Vec<bool> = (0..heads.len()).map(|column| column > 0).collect();
    let mut rows =
        vec![heads.into_iter().map(|(en, zh)| context.say(en, zh).to_owned()).collect::<Vec<_>>()];
    for (judged, compared) in first.figures.iter().zip(compared) {
        let interval = judged.figure.interval;
        let mut row = vec![
            judged.title().get(context.lang).to_owned(),
            judged.rows.to_string(),
            format!("{:.4}", judged.figure.value),
            interval.map(|(low, high)| format!("{low:.4} – {high:.4}")).unwrap_or_default(),
        ];
        if let (Some(other), Some(compared)) = (second.and_then(|own| same(own, judged)), compared)
        {
            row.extend([
                format!("{:.4}", other.figure.value),
                compared.only_first.to_string(),
                compared.only_second.to_string(),
                format!("{:.4}", compared.chance),
            ]);
        }
        rows.push(row);
    }
    render::table(&rows, &aligned)
}

/// Every question with what was expected and said.
fn lines(
    questions: &[Question],
    first: &Evaluation,
    second: Option<&Evaluation>,
) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    for (index, (question, said)) in questions.iter().zip(&first.answers).enumerate() {
        let other = second.and_then(|second| second.answers.get(index));
        let mut line = json!({
            "messages": question.messages, "expected": question.expected, "answer": said,
        });
        if let (Some(other), Value::Object(line)) = (other, &mut line) {
            line.insert("against".to_owned(), other.as_str().into());
        }
        serde_json::to_writer(&mut text, &line)
            .map_err(|error| fault::internal("an answer without a JSON form").because(error))?;
        text.push(b'\n');
    }
    Ok(text)
}
