//! `predict`: offline scoring.

use super::{identity, verified};
use crate::Context;
use crate::args::Predict;
use crate::messages::{EXISTS, FORMAT_UNKNOWN, PREDICT_LANGUAGE};
use ingot_base::{Fault, Lang, Result, Task, atomic, fault};
use ingot_pipeline::{Predictions, Scored};
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
    let Predictions { scored, bad } = {
        let found = score(&package, &identity, &args.input, context.lang)?;
        if let Some(refusal) = found.refusal(&args.input, context.lang) {
            if !args.skip_bad || found.scored.is_empty() {
                return Err(refusal);
            }
            if !context.quiet {
                crate::err(&format!(
                    "{}[{}]: {}",
                    context.say("warning", "警告"),
                    refusal.code(),
                    refusal.render(context.lang)
                ));
            }
        }
        found
    };
    atomic::write(&args.output, &write(&scored)?)?;
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
            "rows": scored.len(), "skipped": skipped, "output": args.output.display().to_string(),
        }),
        &text,
    );
    Ok(())
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

type Writer = fn(&[Scored]) -> Result<Vec<u8>>;

fn writer(path: &Path) -> Result<Writer> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("csv") => Ok(csv),
        Some("jsonl") => Ok(jsonl),
        _ => Err(Fault::new(&FORMAT_UNKNOWN).arg("path", path.display())),
    }
}

fn csv(scored: &[Scored]) -> Result<Vec<u8>> {
    let failed =
        |error: csv::Error| fault::internal("predictions without a CSV form").because(error);
    let mut writer = csv::Writer::from_writer(Vec::new());
    let named = scored.iter().any(|row| row.name.is_some());
    let header = ["row", "label", "score"].into_iter().chain(named.then_some("image"));
    writer.write_record(header).map_err(failed)?;
    for row in scored {
        let cells = [
            row.row.to_string(),
            row.prediction.label.clone().unwrap_or_default(),
            row.prediction.score.to_string(),
        ];
        let name = named.then(|| row.name.clone().unwrap_or_default());
        writer.write_record(cells.into_iter().chain(name)).map_err(failed)?;
    }
    writer.into_inner().map_err(|error| {
        fault::internal("predictions without a CSV form").because(error.to_string())
    })
}

fn jsonl(scored: &[Scored]) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    for row in scored {
        let mut line = serde_json::json!({ "row": row.row, "score": row.prediction.score });
        if let (Some(line), Some(name)) = (line.as_object_mut(), &row.name) {
            line.insert("image".to_owned(), name.clone().into());
        }
        if let (Some(line), Some(label)) = (line.as_object_mut(), &row.prediction.label) {
            line.insert("label".to_owned(), label.clone().into());
        }
        if let (Some(line), Some(all)) = (line.as_object_mut(), &row.prediction.probabilities) {
            let all: serde_json::Map<_, _> = all
                .iter()
                .map(|(label, share)| (label.clone(), serde_json::json!(share)))
                .collect();
            line.insert("probabilities".to_owned(), all.into());
        }
        serde_json::to_writer(&mut text, &line)
            .map_err(|error| fault::internal("prediction without a JSON form").because(error))?;
        text.push(b'\n');
    }
    Ok(text)
}
