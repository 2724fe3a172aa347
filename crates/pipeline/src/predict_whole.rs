//! Offline scoring of texts and pictures, with the same checks as the server.

use crate::messages::COLUMNS_LACKING;
use crate::predict::{BadRow, Predictions, Scored};
use ingot_base::{Fault, Lang, Result};
use ingot_data::{FileRow, FileRows};
use ingot_image::Limits;
use ingot_runtime::encode::wrong_type;
use ingot_runtime::messages::FIELD_MISSING;
use ingot_runtime::{TextModel, VisionModel, decide};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Texts scored at once: enough to put those of a length together.
const CHUNK: usize = 4096;

/// Scores the texts of a file of any format that sources may have; other columns are passed over. `lang` is the language that
/// reasons of bad rows are told in.
///
/// # Errors
/// When the file cannot be read, has no rows, or lacks the column of texts.
pub fn predict_texts(model: &TextModel, path: &Path, lang: Lang) -> Result<Predictions> {
    let signature = model.signature();
    let name = signature.inputs.first().map_or("", |field| field.name.as_str());
    let (rows, mut bad) = cells(path, name, lang)?;
    let mut good = Vec::with_capacity(rows.len());
    for (row, text) in rows {
        match model.tokenizer().ids(&text) {
            Ok(ids) => good.push((row, ids)),
            Err(fault) => bad.push(BadRow { row, reason: fault.render(lang) }),
        }
    }
    bad.sort_by_key(|bad| bad.row);
    let mut scored = Vec::with_capacity(good.len());
    for chunk in good.chunks(CHUNK) {
        let ids: Vec<Vec<i64>> = chunk.iter().map(|(_, ids)| ids.clone()).collect();
        let scores = model.scores_wide(&ids)?;
        let width = signature.output.width().max(1);
        for ((row, _), scores) in chunk.iter().zip(scores.chunks(width)) {
            let prediction = decide(&signature.output, scores);
            scored.push(Scored { row: *row, name: None, prediction });
        }
    }
    Ok(Predictions { scored, bad, outside: Vec::new(), fractions: Vec::new() })
}

/// Scores the pictures of a folder, in the order of their paths, or those that a table names, relative to its folder.
///
/// # Errors
/// When the folder or table cannot be read, or has no pictures.
pub fn predict_pictures(model: &VisionModel, path: &Path, lang: Lang) -> Result<Predictions> {
    let (files, mut bad) = if path.is_dir() {
        let places = ingot_data::pictures(path)?.into_iter();
        (places.zip(1..).map(|(place, row)| (row, place)).collect(), Vec::new())
    } else {
        let name = model.signature().inputs.first().map_or("", |field| field.name.as_str());
        cells(path, name, lang)?
    };
    let folder: PathBuf =
        if path.is_dir() { path.to_owned() } else { path.parent().unwrap_or(path).to_owned() };
    let limits = Limits::default();
    let mut scored = Vec::with_capacity(files.len());
    for (row, place) in files {
        let prepared = ingot_data::picture_file(&folder, &place)
            .and_then(|file| ingot_data::picture_bytes(&file, limits.bytes as u64))
            .and_then(|bytes| ingot_image::decode(&bytes, &limits))
            .and_then(|picture| model.pixels().view(&picture))
            .map(|view| model.pixels().numbers(&view));
        match prepared {
            Ok(numbers) => {
                let scores = model.scores(&numbers, 1)?;
                let prediction = decide(&model.signature().output, &scores);
                scored.push(Scored { row, name: Some(place), prediction });
            }
            Err(fault) => {
                let reason = fault.render(lang);
                // The rows of a folder are numbered nowhere else.
                let named = path.is_dir().then(|| format!("`{}`: {reason}", place.escape_debug()));
                bad.push(BadRow { row, reason: named.unwrap_or(reason) });
            }
        }
    }
    bad.sort_by_key(|bad| bad.row);
    Ok(Predictions { scored, bad, outside: Vec::new(), fractions: Vec::new() })
}

type Cells = (Vec<(u64, String)>, Vec<BadRow>);

/// The texts of one column with their row numbers, and the rows that have none.
fn cells(path: &Path, name: &str, lang: Lang) -> Result<Cells> {
    let FileRows { columns, typed, rows } = ingot_data::file_rows(path, &[name])?;
    if columns.is_some_and(|columns| !columns.iter().any(|column| column == name)) {
        return Err(Fault::new(&COLUMNS_LACKING)
            .arg("path", path.display())
            .arg("count", 1)
            .arg("columns", format!("`{name}`")));
    }
    let (mut good, mut bad) = (Vec::with_capacity(rows.len()), Vec::new());
    for FileRow { row, cells } in rows {
        let cells = cells.map_err(|reason| reason.get(lang).to_owned());
        let text = cells.and_then(|cells| match cells.get(name) {
            Some(Value::String(text)) => Ok(text.clone()),
            // A cell of a table has no type: digits are a text too.
            Some(Value::Number(number)) if !typed => Ok(number.to_string()),
            Some(Value::Bool(flag)) if !typed => Ok(flag.to_string()),
            Some(Value::Null) if !typed => Ok(String::new()),
            Some(other) => Err(wrong_type(name, "string", other).render(lang)),
            None => Err(Fault::new(&FIELD_MISSING).arg("field", name).render(lang)),
        });
        match text {
            Ok(text) => good.push((row, text)),
            Err(reason) => bad.push(BadRow { row, reason }),
        }
    }
    Ok((good, bad))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ingot_base::atomic;

    #[test]
    fn a_row_that_cannot_be_read_is_told_in_the_reader_s_language() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        atomic::write(&path, b"t,n\nhello,1\nbye\n").unwrap();
        for (lang, reason) in
            [(Lang::En, "1 fields instead of 2"), (Lang::Zh, "应有 2 个字段，实有 1 个")]
        {
            let (good, bad) = cells(&path, "t", lang).unwrap();
            assert_eq!(good, [(1, "hello".to_owned())]);
            assert_eq!(bad, [BadRow { row: 2, reason: reason.to_owned() }]);
        }
    }
}
