//! Scored rows as a file: CSV or JSON lines.

use crate::messages::{COLUMN_MISSING, FORMAT_UNKNOWN, KEEP_TAKEN};
use ingot_base::{Fault, Output, Result, fault};
use ingot_pipeline::Scored;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::Path;

/// The column of the classes that rows got; of a model of numbers there is none.
const LABEL: &str = "label";
/// What stands before the columns of classes.
const FIRST: [&str; 3] = ["row", LABEL, "score"];
/// The column of the pictures' files.
const IMAGE: &str = "image";

/// Columns of the input that go beside the scores, as `--keep` names them.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    columns: Vec<String>,
    /// Their values, by the row's number in the file.
    rows: BTreeMap<u64, Map<String, Value>>,
}

impl Kept {
    /// Reads the columns of every row.
    ///
    /// # Errors
    /// When the file cannot be read or lacks one of them, or when one is called as a column of the scores.
    pub(crate) fn read(path: &Path, columns: &[String]) -> Result<Self> {
        if columns.is_empty() {
            return Ok(Self::default());
        }
        if let Some(taken) =
            columns.iter().find(|name| FIRST.contains(&name.as_str()) || *name == IMAGE)
        {
            return Err(Fault::new(&KEEP_TAKEN).arg("column", taken));
        }
        let wanted: Vec<&str> = columns.iter().map(String::as_str).collect();
        let found = ingot_data::file_rows(path, &wanted)?;
        if let Some(known) = &found.columns
            && let Some(lacking) = columns.iter().find(|name| !known.contains(name))
        {
            return Err(Fault::new(&COLUMN_MISSING)
                .arg("column", lacking)
                .arg("known", known.join(", ")));
        }
        let rows = found.rows.into_iter().filter_map(|row| Some((row.row, row.cells.ok()?)));
        Ok(Self { columns: columns.to_vec(), rows: rows.collect() })
    }

    fn value(&self, row: u64, column: &str) -> Value {
        self.rows.get(&row).and_then(|cells| cells.get(column)).cloned().unwrap_or_default()
    }
}

/// What is written: the rows, what was kept of the input, and the model's answer.
#[derive(Debug)]
pub(crate) struct Scores<'a> {
    pub(crate) scored: &'a [Scored],
    pub(crate) kept: &'a Kept,
    pub(crate) output: &'a Output,
}

/// Puts rows into the form of a file.
pub(crate) type Writer = fn(&Scores<'_>) -> Result<Vec<u8>>;

/// The form that a file's name tells.
///
/// # Errors
/// When it tells none of those that there are.
pub(crate) fn writer(path: &Path) -> Result<Writer> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("csv") => Ok(csv),
        Some("jsonl") => Ok(jsonl),
        _ => Err(Fault::new(&FORMAT_UNKNOWN).arg("path", path.display())),
    }
}

/// The label, where there are classes, and its score, then what was kept. Whose probability the score is, the column behind it says: of
/// two classes it has the positive one's, of several each has a column.
fn csv(scores: &Scores<'_>) -> Result<Vec<u8>> {
    let failed =
        |error: csv::Error| fault::internal("predictions without a CSV form").because(error);
    let classes: &[String] = match scores.output {
        Output::Binary { positive, .. } => std::slice::from_ref(positive),
        Output::Multiclass { labels, .. } => labels,
        Output::Number { .. } | Output::Text { .. } => &[],
    };
    let named = scores.scored.iter().any(|row| row.name.is_some());
    let mut writer = csv::Writer::from_writer(Vec::new());
    let labelled = !matches!(scores.output, Output::Number { .. });
    let first = FIRST.into_iter().filter(|name| labelled || *name != LABEL);
    let mut header: Vec<String> = first.map(str::to_owned).collect();
    header.extend(classes.iter().map(|class| format!("probability of {class}")));
    header.extend(named.then(|| IMAGE.to_owned()));
    header.extend_from_slice(&scores.kept.columns);
    writer.write_record(&header).map_err(failed)?;
    for row in scores.scored {
        let prediction = &row.prediction;
        let mut cells = vec![row.row.to_string()];
        cells.extend(labelled.then(|| prediction.label.clone().unwrap_or_default()));
        cells.push(prediction.score.to_string());
        let shares: &[(String, f64)] = prediction.probabilities.as_deref().unwrap_or_default();
        // Several classes stand in the signature's order, of two the positive one last.
        let before = shares.len().saturating_sub(classes.len());
        cells.extend((before..).take(classes.len()).map(|place| {
            shares.get(place).map(|(_, share)| share.to_string()).unwrap_or_default()
        }));
        cells.extend(named.then(|| row.name.clone().unwrap_or_default()));
        let kept = scores.kept.columns.iter().map(|name| match scores.kept.value(row.row, name) {
            Value::String(text) => text,
            Value::Null => String::new(),
            other => other.to_string(),
        });
        cells.extend(kept);
        writer.write_record(&cells).map_err(failed)?;
    }
    writer.into_inner().map_err(|error| {
        fault::internal("predictions without a CSV form").because(error.to_string())
    })
}

fn jsonl(scores: &Scores<'_>) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    for row in scores.scored {
        let mut line = Map::new();
        line.insert("row".to_owned(), row.row.into());
        line.insert("score".to_owned(), row.prediction.score.into());
        if let Some(name) = &row.name {
            line.insert(IMAGE.to_owned(), name.clone().into());
        }
        if let Some(label) = &row.prediction.label {
            line.insert(LABEL.to_owned(), label.clone().into());
        }
        if let Some(all) = &row.prediction.probabilities {
            let all: Map<_, _> =
                all.iter().map(|(label, share)| (label.clone(), (*share).into())).collect();
            line.insert("probabilities".to_owned(), all.into());
        }
        if !scores.kept.columns.is_empty() {
            let kept = scores.kept.columns.iter();
            let kept: Map<_, _> =
                kept.map(|name| (name.clone(), scores.kept.value(row.row, name))).collect();
            line.insert("kept".to_owned(), kept.into());
        }
        serde_json::to_writer(&mut text, &line)
            .map_err(|error| fault::internal("prediction without a JSON form").because(error))?;
        text.push(b'\n');
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ingot_runtime::Prediction;

    #[test]
    fn every_class_has_its_column_and_named_columns_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        ingot_base::atomic::write(&path, "id,x\nk1,5\n\"k,2\",6\n".as_bytes()).unwrap();
        let keep = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            Kept::read(&path, &names)
        };
        let kept = keep(&["id"]).unwrap();
        let labels = vec!["甲".to_owned(), "乙".to_owned()];
        let output = Output::Multiclass { target: "y".into(), labels };
        let prediction = Prediction {
            label: Some("乙".into()),
            score: 0.75,
            probabilities: Some(vec![("甲".into(), 0.25), ("乙".into(), 0.75)]),
        };
        let scored = [Scored { row: 2, name: None, prediction }];
        let scores = Scores { scored: &scored, kept: &kept, output: &output };
        assert_eq!(
            String::from_utf8(csv(&scores).unwrap()).unwrap(),
            "row,label,score,probability of 甲,probability of 乙,id\n2,乙,0.75,0.25,0.75,\"k,2\"\n"
        );
        let line: Value = serde_json::from_slice(&jsonl(&scores).unwrap()).unwrap();
        assert_eq!(
            (&line["kept"]["id"], &line["probabilities"]["甲"]),
            (&"k,2".into(), &0.25.into())
        );
        assert_eq!(keep(&["ident"]).unwrap_err().code(), "cli-column-missing");
        assert_eq!(keep(&["score"]).unwrap_err().code(), "cli-keep-taken");
        let none = Kept::default();
        let two = Output::Binary {
            target: "y".into(),
            positive: "乙".into(),
            negative: "甲".into(),
            threshold: 0.5,
        };
        let scores = Scores { scored: &scored, kept: &none, output: &two };
        assert_eq!(
            String::from_utf8(csv(&scores).unwrap()).unwrap(),
            "row,label,score,probability of 乙\n2,乙,0.75,0.75\n"
        );
        let number = Output::Number { target: "y".into() };
        let scores = Scores { scored: &scored, kept: &none, output: &number };
        assert_eq!(csv(&scores).unwrap(), b"row,score\n2,0.75\n");
    }
}
