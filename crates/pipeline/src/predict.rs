//! Offline scoring: rows of a file through a sealed model, with the same checks as the server.

use crate::messages::{
    CELL_FLAG, CELL_NUMBER, COLUMNS_LACKING, HEADER_LACKING, ROWS_FRACTION, ROWS_OUTSIDE,
    ROWS_REFUSED, ROWS_SKIPPED,
};
use ingot_base::{Fault, Field, FieldKind, Lang, Message, Result, Signature, day};
use ingot_data::{FileRow, FileRows, written_flag, written_number};
use ingot_runtime::encode::FieldFault;
use ingot_runtime::interval::holding;
use ingot_runtime::messages::FIELD_TYPE;
use ingot_runtime::{Matrix, Plausible, Prediction, Predictor, Unlike, decide, encode, seen};
use serde_json::{Map, Number, Value};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// Bad rows named one by one at most.
const NAMED: usize = 10;

/// One scored row.
#[derive(Debug)]
pub struct Scored {
    /// Row number in the file, from 1.
    pub row: u64,
    /// The picture's file, of models of pictures.
    pub name: Option<String>,
    /// The answer.
    pub prediction: Prediction,
}

/// A row that cannot be scored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRow {
    /// Row number in the file, from 1.
    pub row: u64,
    /// Its fields and what is wrong with each; no value.
    pub reason: String,
}

/// A column with numbers far outside what training saw: there the answers are guesses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outside {
    /// The column.
    pub field: String,
    /// The smallest value that training saw.
    pub low: String,
    /// The largest.
    pub high: String,
    /// Numbers of the rows in the file, from 1.
    pub rows: Vec<u64>,
}

/// A column with fractions where training saw whole numbers alone: there the answers are guesses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fractions {
    /// The column.
    pub field: String,
    /// Numbers of the rows in the file, from 1.
    pub rows: Vec<u64>,
}

/// A file's rows: what was scored and what could not be.
#[derive(Debug)]
pub struct Predictions {
    /// In the file's order.
    pub scored: Vec<Scored>,
    /// In the file's order.
    pub bad: Vec<BadRow>,
    /// In the signature's order; none of models of pictures or texts.
    pub outside: Vec<Outside>,
    /// As [`outside`](Self::outside).
    pub fractions: Vec<Fractions>,
}

impl Predictions {
    /// One warning a column with numbers far outside what training saw, then one a column with fractions.
    pub fn warnings(&self) -> Vec<Fault> {
        let warning = |one: &Outside| {
            Fault::new(&ROWS_OUTSIDE)
                .arg("field", &one.field)
                .arg("count", one.rows.len())
                .arg("rows", self.scored.len())
                .arg("low", &one.low)
                .arg("high", &one.high)
        };
        let fraction = |one: &Fractions| {
            Fault::new(&ROWS_FRACTION)
                .arg("field", &one.field)
                .arg("count", one.rows.len())
                .arg("rows", self.scored.len())
        };
        self.outside.iter().map(warning).chain(self.fractions.iter().map(fraction)).collect()
    }

    /// The fault that names the bad rows, the first ten one by one; `None` without any.
    pub fn refusal(&self, path: &Path, lang: Lang) -> Option<Fault> {
        self.about_bad(&ROWS_REFUSED, path, lang)
    }

    /// The same as a warning, where the other rows are scored all the same.
    pub fn skipped(&self, path: &Path, lang: Lang) -> Option<Fault> {
        self.about_bad(&ROWS_SKIPPED, path, lang)
    }

    fn about_bad(&self, message: &'static Message, path: &Path, lang: Lang) -> Option<Fault> {
        if self.bad.is_empty() {
            return None;
        }
        let mut list = String::new();
        for bad in self.bad.iter().take(NAMED) {
            // Writing to a string does not fail.
            let _ = match lang {
                Lang::En => write!(list, "\n  row {}: {}", bad.row, bad.reason),
                // A row of a table, not a line of its file: the header does not count.
                Lang::Zh => write!(list, "\n  第 {} 条记录：{}", bad.row, bad.reason),
            };
        }
        if self.bad.len() > NAMED {
            list.push_str("\n  …");
        }
        Some(
            Fault::new(message)
                .arg("path", path.display())
                .arg("bad", self.bad.len())
                .arg("rows", self.bad.len() + self.scored.len())
                .arg("list", list),
        )
    }
}

/// Scores every row of a file of any format that sources may have.
///
/// Columns that the model does not know are passed over: files carry more than the model needs. `lang` is the language that
/// reasons of bad rows are told in.
///
/// # Errors
/// When the file cannot be read, has no rows, or lacks a column of the model's.
pub fn predict(model: &dyn Predictor, path: &Path, lang: Lang) -> Result<Predictions> {
    let signature = model.signature();
    let wanted: Vec<&str> = signature.inputs.iter().map(|field| field.name.as_str()).collect();
    let FileRows { columns, typed, rows } = ingot_data::file_rows(path, &wanted)?;
    if let Some(columns) = &columns {
        // A flag of outliers is found from another column where the file lacks it.
        let given = signature.inputs.iter().filter(|field| field.outlier.is_none());
        complete(path, columns, &given.map(|field| field.name.as_str()).collect::<Vec<_>>())?;
    }
    let mut data = Vec::with_capacity(rows.len() * wanted.len());
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for FileRow { row, cells } in rows {
        let cells = cells.map_err(|reason| reason.get(lang).to_owned());
        let encoded = cells.and_then(|mut cells| {
            for field in &signature.inputs {
                fit(&mut cells, field, typed);
            }
            encode::row(signature, &cells, &mut data).map_err(|faults| {
                let list: Vec<String> = faults
                    .into_iter()
                    .map(|field| told(signature, field, typed).render(lang))
                    .collect();
                list.join(match lang {
                    Lang::En => "; ",
                    Lang::Zh => "；",
                })
            })
        });
        match encoded {
            Ok(()) => good.push(row),
            Err(reason) => bad.push(BadRow { row, reason }),
        }
    }
    let (outside, fractions) = unlike(signature, &data, &good);
    let features = Matrix::new(good.len(), wanted.len(), data)?;
    let scores = model.scores(&features)?;
    let scored = good
        .into_iter()
        .enumerate()
        .map(|(index, row)| Scored {
            row,
            name: None,
            prediction: decide(&signature.output, scores.row(index)),
        })
        .collect();
    Ok(Predictions { scored, bad, outside, fractions })
}

/// The columns with numbers unlike those of training; `rows` are the numbers of the rows that the features are of.
fn unlike(signature: &Signature, features: &[f64], rows: &[u64]) -> (Vec<Outside>, Vec<Fractions>) {
    let (mut far, mut broken) = (BTreeMap::<_, Vec<u64>>::new(), BTreeMap::<_, Vec<u64>>::new());
    for (row, input, how) in Plausible::of(signature).unlike(features) {
        let found = match how {
            Unlike::Outside => &mut far,
            Unlike::Fraction => &mut broken,
        };
        found.entry(input).or_default().extend(rows.get(row));
    }
    let outside = far.into_iter().filter_map(|(input, rows)| {
        let field = signature.inputs.get(input)?;
        let (low, high) = seen(field)?;
        Some(Outside { field: field.name.clone(), low, high, rows })
    });
    let fractions = broken.into_iter().filter_map(|(input, rows)| {
        let field: &Field = signature.inputs.get(input)?;
        Some(Fractions { field: field.name.clone(), rows })
    });
    (outside.collect(), fractions.collect())
}

/// A field's fault in the words of a table, whose cells have no JSON types.
fn told(signature: &Signature, field: FieldFault, typed: bool) -> Fault {
    let kind = signature.inputs.iter().find(|input| input.name == field.field).map(|one| &one.kind);
    let message = match kind {
        Some(FieldKind::Number { .. }) => &CELL_NUMBER,
        Some(FieldKind::Boolean) => &CELL_FLAG,
        Some(FieldKind::Category { .. } | FieldKind::Image { .. } | FieldKind::Text { .. })
        | None => return field.fault,
    };
    if typed || field.fault.code() != FIELD_TYPE.code {
        return field.fault;
    }
    Fault::new(message).arg("field", field.field)
}

/// Refuses a table without some of the model's columns: not row by row, and without repeating its first line.
fn complete(path: &Path, columns: &[String], wanted: &[&str]) -> Result<()> {
    let lacking: Vec<String> = wanted
        .iter()
        .filter(|name| !columns.iter().any(|column| column == *name))
        .map(|name| format!("`{name}`"))
        .collect();
    if lacking.is_empty() {
        return Ok(());
    }
    let message = if lacking.len() == wanted.len() { &HEADER_LACKING } else { &COLUMNS_LACKING };
    Err(Fault::new(message)
        .arg("path", path.display())
        .arg("count", lacking.len())
        .arg("columns", lacking.join(", ")))
}

/// A cell as the value a request would carry: text of a table that is a number or a flag becomes one, as a source and a cast read
/// it in training; a number is a category by its digits. What does not fit stays and is refused by the encoder.
fn fit(cells: &mut Map<String, Value>, field: &Field, typed: bool) {
    let Some(value) = cells.get_mut(&field.name) else { return };
    let fitted = match (&field.kind, &*value) {
        (FieldKind::Number { .. }, Value::String(text)) if field.treatment.date => {
            // What is no date is refused as one: a flag or an amount is none.
            date(text.trim()).filter(|_| !typed)
        }
        (FieldKind::Number { .. }, Value::Bool(_)) if field.treatment.date => None,
        (FieldKind::Number { .. }, Value::String(text)) if !typed => number(text.trim()),
        (FieldKind::Number { .. }, Value::Bool(flag)) if !typed => {
            Some(Value::from(u8::from(*flag)))
        }
        (FieldKind::Boolean, Value::String(text)) if !typed => {
            if text.trim().is_empty() {
                Some(Value::Null)
            } else {
                written_flag(text).map(Value::Bool)
            }
        }
        (FieldKind::Boolean, Value::Number(number)) if !typed => match number.as_f64() {
            Some(1.0) => Some(Value::Bool(true)),
            Some(0.0) => Some(Value::Bool(false)),
            _ => None,
        },
        // Categories that are intervals stand for numbers, however a number is written.
        (FieldKind::Category { values }, Value::String(text)) if !typed => written_number(text)
            .filter(|number| !values.contains(text) && holding(values, *number).is_some())
            .map(|number| number.to_string().into()),
        (FieldKind::Category { .. }, Value::Number(number)) if !typed => {
            let text = number.to_string();
            Some(text.strip_suffix(".0").unwrap_or(&text).into())
        }
        (FieldKind::Category { .. }, Value::Bool(flag)) if !typed => Some(flag.to_string().into()),
        _ => None,
    };
    if let Some(fitted) = fitted {
        *value = fitted;
    }
}

/// A cell of a column that was cast to date, where it is not a date's text: missing, or days as a source's whole numbers are read.
fn date(text: &str) -> Option<Value> {
    if text.is_empty() {
        return Some(Value::Null);
    }
    let number = text.parse::<f64>().ok().filter(|_| day::written(text).is_none())?;
    Some(Number::from_f64(number).map_or(Value::Null, Value::Number))
}

fn number(text: &str) -> Option<Value> {
    // NaN and the infinities are missing, as where a source is read.
    if text.is_empty() || text.parse::<f64>().is_ok_and(|number| !number.is_finite()) {
        return Some(Value::Null);
    }
    written_number(text).and_then(Number::from_f64).map(Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ingot_base::{Field, Outlier, Output, Tabular, Task, atomic};

    /// Scores a row by its first feature.
    #[derive(Debug)]
    struct First(Signature);

    impl Predictor for First {
        fn signature(&self) -> &Signature {
            &self.0
        }

        fn scores(&self, features: &Matrix) -> Result<Matrix> {
            let scores = (0..features.rows())
                .map(|row| features.row(row).first().copied().unwrap_or(f64::NAN))
                .collect();
            Matrix::new(features.rows(), 1, scores)
        }
    }

    fn model() -> First {
        let field = |name: &str, kind| Field::new(name, kind, true);
        First(Signature {
            task: Task::Tabular(Tabular::Regression),
            inputs: vec![
                field("n", FieldKind::Number { min: 0.0, max: 9.0, integer: false }),
                field("c", FieldKind::Category { values: vec!["1".into(), "甲".into()] }),
                field("b", FieldKind::Boolean),
            ],
            output: Output::Number { target: "y".into() },
        })
    }

    #[test]
    fn all_bad_rows_are_told_at_once_and_the_others_scored() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        atomic::write(&path, "b;c;n\ntrue;甲; 2.5\n;1;canary\n0;;\n1;canary;3\n1;2\n".as_bytes())
            .unwrap();
        let found = predict(&model(), &path, Lang::En).unwrap();
        let scored: Vec<u64> = found.scored.iter().map(|row| row.row).collect();
        assert_eq!(scored, [1, 3]);
        assert!((found.scored[0].prediction.score - 2.5).abs() < 1e-12);
        let bad: Vec<u64> = found.bad.iter().map(|row| row.row).collect();
        assert_eq!(bad, [2, 4, 5]);
        let text = found.refusal(&path, Lang::En).unwrap().to_string();
        for part in [
            "3 of 5",
            "row 2: the column `n` does not hold a number here",
            "row 4: ",
            "`c`",
            "row 5: 2 fields instead of 3",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        assert!(!text.contains("canary"), "{text}");
        let skipped = found.skipped(&path, Lang::En).unwrap().advice(Lang::En);
        assert!(skipped.contains("row 4: ") && !skipped.contains("nothing was written"));
    }

    #[test]
    fn cells_are_read_as_a_cast_reads_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        let mut model = model();
        model.0.inputs[0].kind = FieldKind::Number { min: 0.0, max: 1e9, integer: false };
        let cells = ["\"￥1,234.50\"", "1.23万", "（１２）", "NaN", "12%", "\"1,2,3\"", "5"];
        let flags = ["yes", "off", "T", "0", "1", "1", "perhaps"];
        let lines = cells.iter().zip(flags).map(|(cell, flag)| format!("{cell},甲,{flag}\n"));
        let text = std::iter::once("n,c,b\n".to_owned()).chain(lines).collect::<String>();
        atomic::write(&path, text.as_bytes()).unwrap();
        let found = predict(&model, &path, Lang::Zh).unwrap();
        let scored: Vec<(u64, f64)> =
            found.scored.iter().map(|row| (row.row, row.prediction.score)).collect();
        assert_eq!(scored[..3], [(1, 1234.5), (2, 12_300.0), (3, -12.0)]);
        assert!(scored.len() == 4 && scored[3].0 == 4 && scored[3].1.is_nan(), "{scored:?}");
        let bad: Vec<u64> = found.bad.iter().map(|row| row.row).collect();
        assert_eq!(bad, [5, 6, 7]);
        let text = found.refusal(&path, Lang::Zh).unwrap().render(Lang::Zh);
        assert!(text.contains("第 5 条记录：列 `n` 在此处不是数值"), "{text}");
        atomic::write(&path, b"n,c,b\n1,1\n").unwrap();
        let found = predict(&model, &path, Lang::Zh).unwrap();
        assert_eq!(found.bad[0].reason, "应有 3 个字段，实有 2 个");
        let values = vec!["[0, 1000)".to_owned(), "[1000, 2000)".to_owned()];
        model.0.inputs[1].kind = FieldKind::Category { values };
        atomic::write(&path, "n,c,b\n1,\"￥1,234.50\",1\n1,0.1万,1\n1,2万,1\n".as_bytes()).unwrap();
        let found = predict(&model, &path, Lang::Zh).unwrap();
        assert_eq!((found.scored.len(), found.bad[0].row), (2, 3));
    }

    #[test]
    fn dates_are_read_as_the_cast_read_them_and_rows_outside_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        let mut model = model();
        model.0.inputs[0].kind = FieldKind::Number { min: 18_000.0, max: 19_000.0, integer: true };
        model.0.inputs[0].treatment.date = true;
        let days = [
            "20210819",
            "2021-08-19",
            "2021年8月19日",
            "18858",
            "",
            "20211399",
            "1.199万元",
            "2031/1/1",
        ];
        let lines = days.map(|day| format!("{day},甲,1\n")).concat();
        atomic::write(&path, format!("n,c,b\n{lines}").as_bytes()).unwrap();
        let found = predict(&model, &path, Lang::En).unwrap();
        let scores: Vec<f64> = found.scored.iter().map(|row| row.prediction.score).collect();
        assert_eq!(scores[..4], [18_858.0; 4]);
        assert!(scores[4].is_nan());
        let bad: Vec<(u64, &str)> =
            found.bad.iter().map(|bad| (bad.row, bad.reason.as_str())).collect();
        let reason = "the column `n` must be a date";
        assert_eq!(bad, [(6, reason), (7, reason)]);
        assert_eq!(found.outside.len(), 1);
        assert_eq!(
            (found.outside[0].low.as_str(), &*found.outside[0].rows),
            ("2019-04-14", &[8][..])
        );
        let warning = found.warnings().remove(0).to_string();
        assert!(warning.contains("in 1 of 6 scored rows `n`"), "{warning}");
    }

    #[test]
    fn a_flag_of_outliers_may_be_lacking_and_fractions_among_whole_numbers_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        let mut model = model();
        let bounds = Outlier { of: "n".into(), low: Some(1.0), high: Some(4.0), missing: false };
        let flag = Field::new("n_outlier", FieldKind::Boolean, false);
        let whole = FieldKind::Number { min: 0.0, max: 9.0, integer: true };
        let number = Field::new("n", whole, true);
        model.0.inputs = vec![Field { outlier: Some(bounds), ..flag }, number];
        let scores = |text: &str| {
            atomic::write(&path, text.as_bytes()).unwrap();
            let found = predict(&model, &path, Lang::En).unwrap();
            assert!(found.bad.is_empty(), "{:?}", found.bad);
            let scores: Vec<f64> = found.scored.iter().map(|row| row.prediction.score).collect();
            (scores, found)
        };
        let (flags, found) = scores("n,x\n0.5,1\n4,1\n5,1\n,1\n");
        assert_eq!(flags, [1.0, 0.0, 1.0, 0.0]);
        assert_eq!(found.fractions, [Fractions { field: "n".into(), rows: vec![1] }]);
        let warning = found.warnings().remove(0);
        assert_eq!(warning.code(), "pipeline-rows-fraction");
        assert!(warning.render(Lang::Zh).contains("4 行评分结果中，有 1 行的 `n` 含有小数"));
        let (flags, found) = scores("n,n_outlier\n5,false\n5,\n");
        assert_eq!(flags, [0.0, 1.0]);
        assert!(found.warnings().is_empty());
    }

    #[test]
    fn missing_columns_are_one_fault_that_repeats_no_first_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        atomic::write(&path, b"n,c,x\n1,1,1\n").unwrap();
        let fault = predict(&model(), &path, Lang::En).unwrap_err();
        assert_eq!(fault.code(), "pipeline-columns-lacking");
        assert!(fault.to_string().contains("`b`"));
        atomic::write(&path, b"zhang,3\nli,4\n").unwrap();
        let fault = predict(&model(), &path, Lang::En).unwrap_err();
        assert_eq!(fault.code(), "pipeline-header-lacking");
        assert!(!format!("{fault:?}").contains("zhang"));
    }

    #[test]
    fn json_lines_are_typed_as_requests_are() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        let text =
            "{\"n\":\"2\",\"c\":\"1\",\"b\":true}\n{\"n\":2,\"c\":\"\",\"b\":null,\"x\":1}\n";
        atomic::write(&path, text.as_bytes()).unwrap();
        let found = predict(&model(), &path, Lang::En).unwrap();
        assert_eq!((found.scored.len(), found.bad.len()), (1, 1));
        assert_eq!((found.scored[0].row, found.bad[0].row), (2, 1));
    }
}
