//! `predict`: offline scoring.

use super::scored::{Kept, Scores, writer};
use super::{identity, verified};
use crate::Context;
use crate::args::Predict;
use crate::messages::{EXISTS, PREDICT_LANGUAGE};
use ingot_base::{Fault, Lang, Result, Task, atomic};
use ingot_pipeline::{Fractions, Outside, Predictions};
use ingot_runtime::{Library, TabularModel, TextModel, VisionModel};
use ingot_seal::{Identity, Package};
use std::path::Path;

pub(crate) fn predict(context: &Context, args: &Predict) -> Result<()> {
    let write = writer(&args.output)?;
    if same(&args.input, &args.output) {
        return Err(Fault::new(&EXISTS).arg("path", args.output.display()));
    }
    let package = verified(context, &args.package, &args.keys.public_key)?;
    let identity = identity(context, args.keys.identity.as_ref())?;
    let kept = Kept::read(&args.input, &args.keep)?;
    let Predictions { scored, bad, outside, fractions } = {
        let found = score(&package, &identity, &args.input, context.lang)?;
        if let Some(refusal) = found.refusal(&args.input, context.lang) {
            if !args.skip_bad || found.scored.is_empty() {
                return Err(refusal);
            }
            if let Some(skipped) = found.skipped(&args.input, context.lang) {
                context.warn(&skipped);
            }
        }
        let passed = args.input.is_dir().then(|| ingot_data::pictures_passed(&args.input));
        for warning in found.warnings().into_iter().chain(passed.flatten()) {
            context.warn(&warning);
        }
        found
    };
    let scores =
        Scores { scored: &scored, kept: &kept, output: &package.manifest().signature.output };
    // Scores and what is kept beside them are of persons.
    atomic::write_private(&args.output, &write(&scores)?)?;
    let mut text = format!(
        "{} {} {}",
        super::grouped(scored.len() as u64),
        context.say("rows scored, written to", "行已评分，写入"),
        args.output.display()
    );
    if !bad.is_empty() {
        text.extend([
            context.say("; ", "；"),
            &super::grouped(bad.len() as u64),
            context.say(" left out", " 行已跳过"),
        ]);
    }
    let skipped: Vec<_> =
        bad.iter().map(|bad| serde_json::json!({ "row": bad.row, "reason": bad.reason })).collect();
    context.print(
        &serde_json::json!({
            "rows": scored.len(), "skipped": skipped, "outside": told(&outside), "fractions": broken(&fractions),
            "output": args.output.display().to_string(),
        }),
        &text,
    );
    Ok(())
}

/// The columns with fractions where training saw whole numbers alone, and their rows.
fn broken(fractions: &[Fractions]) -> Vec<serde_json::Value> {
    let one = |one: &Fractions| serde_json::json!({ "column": one.field, "rows": one.rows });
    fractions.iter().map(one).collect()
}

/// The columns with numbers far outside what training saw, and their rows.
fn told(outside: &[Outside]) -> Vec<serde_json::Value> {
    let one = |one: &Outside| serde_json::json!({ "column": one.field, "low": one.low, "high": one.high, "rows": one.rows });
    outside.iter().map(one).collect()
}

/// The rows of a file, or the pictures of a folder, through whatever model the package has.
fn score(package: &Package, identity: &Identity, input: &Path, lang: Lang) -> Result<Predictions> {
    let part = |name: &str| package.decrypt(name, identity);
    let document = || part("preprocessing.json");
    let library = || Library::load(&ingot_pipeline::models::library());
    match package.manifest().task {
        Task::Tabular(_) => {
            let model = TabularModel::load(part("model.txt")?.expose(), document()?.expose())?;
            ingot_pipeline::predict(&model, input, lang)
        }
        Task::ImageClassify => {
            let (graph, document) = (part("model.onnx")?, document()?);
            let model = VisionModel::load(library()?, graph.expose(), document.expose(), 1)?;
            ingot_pipeline::predict_pictures(&model, input, lang)
        }
        Task::TextClassify => {
            let threads = std::thread::available_parallelism().map_or(1, usize::from);
            let (graph, document) = (part("model.onnx")?, document()?);
            let (graph, document) = (graph.expose(), document.expose());
            let tokenizer = part("tokenizer.json")?;
            let tokenizer = tokenizer.expose();
            let model = TextModel::load(library()?, graph, document, tokenizer, threads)?;
            ingot_pipeline::predict_texts(&model, input, lang)
        }
        Task::Generate => Err(Fault::new(&PREDICT_LANGUAGE)),
    }
}

/// Whether two names mean one file, which scores would then replace.
fn same(input: &Path, output: &Path) -> bool {
    match (input.canonicalize(), output.canonicalize()) {
        (Ok(input), Ok(output)) => input == output,
        _ => false,
    }
}
