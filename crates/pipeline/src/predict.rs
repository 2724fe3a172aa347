//! Offline scoring: rows of a file through a sealed model, with the same checks as the server.

use crate::messages::ROW_REFUSED;
use ingot_base::{Fault, FieldKind, Lang, Result, Signature, atomic, fault};
use ingot_runtime::{Matrix, Prediction, Predictor, decide, encode};
use serde_json::{Map, Value};
use std::path::Path;

/// Most bytes an input file may have: rows are scored in memory.
const INPUT_LIMIT: u64 = 4 << 30;

/// One scored row.
#[derive(Debug)]
pub struct Scored {
    /// Row number in the file, from 1.
    pub row: u64,
    /// The answer.
    pub prediction: Prediction,
}

/// Scores every row of a CSV (with a header) or JSON-lines file.
///
/// Columns that the model does not know are passed over: files carry more than the model needs.
///
/// # Errors
/// When the file cannot be read, or naming the first row that does not fit the model's signature.
pub fn predict(model: &dyn Predictor, path: &Path, lang: Lang) -> Result<Vec<Scored>> {
    let signature = model.signature();
    let bytes = atomic::read(path, INPUT_LIMIT)?;
    let objects = if path.extension().is_some_and(|extension| extension == "csv") {
        csv_rows(signature, &bytes, path)?
    } else {
        json_rows(signature, &bytes, path)?
    };
    let mut data = Vec::with_capacity(objects.len() * signature.inputs.len());
    let mut row = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        row.clear();
        encode::row(signature, object, &mut row).map_err(|faults| {
            let list: Vec<String> = faults
                .iter()
                .map(|field| format!("`{}`: {}", field.field, field.fault.render(lang)))
                .collect();
            refused(path, index, list.join("; "))
        })?;
        data.extend_from_slice(&row);
    }
    let features = Matrix::new(objects.len(), signature.inputs.len(), data)?;
    let scores = model.scores(&features)?;
    Ok((0..objects.len())
        .map(|index| Scored {
            row: index as u64 + 1,
            prediction: decide(&signature.output, scores.row(index)),
        })
        .collect())
}

fn refused(path: &Path, index: usize, reason: String) -> Fault {
    Fault::new(&ROW_REFUSED).arg("row", index + 1).arg("path", path.display()).arg("reason", reason)
}

fn csv_rows(signature: &Signature, bytes: &[u8], path: &Path) -> Result<Vec<Map<String, Value>>> {
    let unreadable = |error: csv::Error| {
        Fault::new(&fault::FILE_READ).arg("path", path.display()).because(error)
    };
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().from_reader(text);
    let header = reader.headers().map_err(unreadable)?.clone();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(unreadable)?;
        let object = signature
            .inputs
            .iter()
            .filter_map(|field| {
                let column = header.iter().position(|name| name.trim() == field.name)?;
                Some((
                    field.name.clone(),
                    cell(&field.kind, record.get(column).unwrap_or_default()),
                ))
            })
            .collect();
        rows.push(object);
    }
    Ok(rows)
}

/// A CSV cell as the JSON value a request would carry; text that is no number stays text and is refused by the encoder.
fn cell(kind: &FieldKind, text: &str) -> Value {
    let text = text.trim();
    if text.is_empty() {
        return Value::Null;
    }
    match kind {
        FieldKind::Number { .. } => text
            .parse::<f64>()
            .ok()
            .and_then(serde_json::Number::from_f64)
            .map_or_else(|| Value::String(text.to_owned()), Value::Number),
        FieldKind::Boolean => match text.to_ascii_lowercase().as_str() {
            "true" | "1" => Value::Bool(true),
            "false" | "0" => Value::Bool(false),
            _ => Value::String(text.to_owned()),
        },
        FieldKind::Category { .. } => Value::String(text.to_owned()),
    }
}

fn json_rows(signature: &Signature, bytes: &[u8], path: &Path) -> Result<Vec<Map<String, Value>>> {
    bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.trim_ascii().is_empty())
        .enumerate()
        .map(|(index, line)| {
            let object: Map<String, Value> = serde_json::from_slice(line).map_err(|error| {
                refused(path, index, format!("column {}", error.column())).because(error)
            })?;
            Ok(object
                .into_iter()
                .filter(|(name, _)| signature.inputs.iter().any(|field| field.name == *name))
                .collect())
        })
        .collect()
}
