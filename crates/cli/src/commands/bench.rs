//! `bench`: one part of the work at a time, for `make bench`. Each prints `{"seconds": …}` of the measured part alone.

use super::{CLOCK, Outcome, load};
use crate::args::Bench;
use crate::messages::FORMAT_UNKNOWN;
use crate::progress::Progress;
use crate::{Context, out};
use ingot_base::{Fault, Result, atomic, fault};
use ingot_explain::TreeShap;
use ingot_pipeline::Project;
use ingot_quality::near::{NearConfig, NearIndex, Sketcher};
use ingot_runtime::{Forest, Matrix};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

const LIMIT: u64 = 8 << 30;

pub(crate) fn bench(context: &Context, command: Bench) -> Outcome<()> {
    match command {
        Bench::Clean { recipe, plain, output } => clean(context, &recipe, plain, &output),
        Bench::Train { rows, target, rounds, output } => {
            Ok(train(&rows, &target, rounds, &output)?)
        }
        Bench::Network { photos, output } => Ok(super::bench_network::network(&photos, &output)?),
        Bench::Explain { model, rows, output } => Ok(explain(&model, &rows, &output)?),
        Bench::Near { texts, column, similarity, shingle } => {
            let config = NearConfig { shingle, ..NearConfig::new(similarity) };
            Ok(near(&texts, &column, config)?)
        }
        Bench::Labels { folder, classes } => Ok(labels(&folder, classes)?),
    }
}

/// Times reading and grouping: what a peer that reads the same file does.
fn near(path: &Path, column: &str, config: NearConfig) -> Result<()> {
    let begun = Instant::now();
    let sketcher = Sketcher::new(&config);
    let mut index = NearIndex::new(config);
    for batch in ingot_data::load(path)? {
        let known: Vec<String> =
            batch.schema().fields().iter().map(|field| field.name().clone()).collect();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let texts = ingot_data::column_texts(&batch, column)
            .ok_or_else(|| ingot_data::unknown_column(column, &known))?;
        sketcher.all(&texts).into_iter().for_each(|sketch| index.push(sketch));
    }
    let groups = index.group();
    let seconds = begun.elapsed().as_secs_f64();
    out(&serde_json::json!({
        "seconds": seconds, "documents": index.len(), "groups": groups.groups(),
        "repeated": groups.repeated(), "compared": groups.compared, "first": groups.first,
    })
    .to_string());
    Ok(())
}

/// How often label errors are looked for.
const TIMES: usize = 5;

fn labels(folder: &Path, classes: usize) -> Result<()> {
    let given = atomic::read(&folder.join("labels.u32"), LIMIT)?;
    let given: Vec<usize> = given
        .as_chunks::<4>()
        .0
        .iter()
        .map(|bytes| usize::try_from(u32::from_le_bytes(*bytes)).unwrap_or(usize::MAX))
        .collect();
    let bytes = atomic::read(&folder.join("probabilities.f64"), LIMIT)?;
    let probabilities: Vec<f64> =
        bytes.as_chunks::<8>().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect();
    // The first of the times is of fresh memory, which a machine may be slow to give: the middle one is told.
    let (mut times, mut issues) = ([0.0; TIMES], Vec::new());
    for seconds in &mut times {
        let begun = Instant::now();
        let review = ingot_quality::labels::review(&given, &probabilities, classes)?;
        *seconds = begun.elapsed().as_secs_f64();
        issues = review.issues.iter().map(|issue| issue.row).collect();
    }
    times.sort_by(f64::total_cmp);
    let seconds = times.get(TIMES / 2).copied().unwrap_or_default();
    out(&serde_json::json!({ "seconds": seconds, "issues": issues }).to_string());
    Ok(())
}

fn clean(context: &Context, recipe: &Path, plain: bool, output: &Path) -> Outcome<()> {
    let source = load(context, recipe)?;
    let progress = Progress::new(context.lang, true);
    let project = Project::open(source, &context.project, &CLOCK, &progress)?;
    let begun = Instant::now();
    let outcome = ingot_pipeline::clean_to(&project, output, !plain)?;
    let seconds = begun.elapsed().as_secs_f64();
    out(&serde_json::json!({ "seconds": seconds, "rows_in": outcome.rows_in, "rows_out": outcome.rows_out }).to_string());
    Ok(())
}

/// Names, values by column, and which columns held words.
type Columns = (Vec<String>, Vec<Vec<f64>>, Vec<usize>);

/// Columns of a CSV: numbers as they are, words as the index of their sorted distinct values, empty as missing.
fn table(path: &Path) -> Result<Columns> {
    let unreadable = |error: csv::Error| {
        Fault::new(&fault::FILE_READ).arg("path", path.display()).because(error)
    };
    let bytes = atomic::read(path, LIMIT)?;
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(&bytes[..]);
    let names: Vec<String> =
        reader.headers().map_err(unreadable)?.iter().map(str::to_owned).collect();
    let mut cells: Vec<Vec<String>> = vec![Vec::new(); names.len()];
    for record in reader.records() {
        for (column, cell) in cells.iter_mut().zip(&record.map_err(unreadable)?) {
            column.push(cell.to_owned());
        }
    }
    let mut categorical = Vec::new();
    let columns = cells
        .into_iter()
        .enumerate()
        .map(|(index, column)| {
            let numeric = column.iter().all(|cell| cell.is_empty() || cell.parse::<f64>().is_ok());
            if numeric {
                return column.iter().map(|cell| cell.parse().unwrap_or(f64::NAN)).collect();
            }
            categorical.push(index);
            let mut known: BTreeMap<&str, f64> =
                column.iter().map(|cell| (cell.as_str(), 0.0)).collect();
            for (code, slot) in (0_u32..).zip(known.values_mut()) {
                *slot = f64::from(code);
            }
            column
                .iter()
                .map(|cell| known.get(cell.as_str()).copied().unwrap_or(f64::NAN))
                .collect()
        })
        .collect();
    Ok((names, columns, categorical))
}

fn matrix(columns: &[&Vec<f64>]) -> Result<Matrix> {
    let rows = columns.first().map_or(0, |column| column.len());
    let data = (0..rows)
        .flat_map(|row| {
            columns.iter().map(move |column| column.get(row).copied().unwrap_or(f64::NAN))
        })
        .collect();
    Matrix::new(rows, columns.len(), data)
}

fn train(rows: &Path, target: &str, rounds: usize, output: &Path) -> Result<()> {
    let (names, columns, categorical) = table(rows)?;
    let place = names
        .iter()
        .position(|name| name == target)
        .ok_or_else(|| Fault::new(&FORMAT_UNKNOWN).arg("path", rows.display()))?;
    let features: Vec<&Vec<f64>> = columns
        .iter()
        .enumerate()
        .filter(|(index, _)| *index != place)
        .map(|(_, column)| column)
        .collect();
    let categorical: Vec<usize> = categorical
        .into_iter()
        .filter(|index| *index != place)
        .map(|index| if index > place { index - 1 } else { index })
        .collect();
    let (matrix, labels) = (matrix(&features)?, columns.get(place).cloned().unwrap_or_default());
    let params: BTreeMap<String, String> =
        [("objective", "binary"), ("num_threads", "2"), ("verbosity", "-1"), ("seed", "42")]
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
    let begun = Instant::now();
    let text = ingot_train::fit_fixed(&params, rounds, &categorical, &matrix, &labels)?;
    let seconds = begun.elapsed().as_secs_f64();
    atomic::write(output, text.as_bytes())?;
    out(&serde_json::json!({ "seconds": seconds, "rows": matrix.rows() }).to_string());
    Ok(())
}

fn explain(model: &Path, rows: &Path, output: &Path) -> Result<()> {
    let text = atomic::read(model, LIMIT)?;
    let forest = Forest::parse(&String::from_utf8_lossy(&text))?;
    let (_, columns, _) = table(rows)?;
    let matrix = matrix(&columns.iter().collect::<Vec<_>>())?;
    let begun = Instant::now();
    let explainer = TreeShap::new(&forest)?;
    let values = explainer.values(&matrix)?;
    let seconds = begun.elapsed().as_secs_f64();
    let mut csv = String::new();
    for row in 0..matrix.rows() {
        let line: Vec<String> = values.row(row).iter().map(ToString::to_string).collect();
        csv.push_str(&line.join(","));
        csv.push('\n');
    }
    atomic::write(output, csv.as_bytes())?;
    out(&serde_json::json!({ "seconds": seconds, "rows": matrix.rows() }).to_string());
    Ok(())
}
