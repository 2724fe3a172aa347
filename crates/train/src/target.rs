//! The target column as labels a model can learn.

use crate::TrainConfig;
use crate::columns::{Interned, MISSING, Shape, held, interned, numbers, pieces, shape};
use crate::messages::{
    CLASS_COUNT, CLASS_UNSEEN, ONE_CLASS, POSITIVE, TARGET_NOT_NUMBER, TARGET_NULL,
};
use arrow::record_batch::RecordBatch;
use ingot_base::{Fault, Output, Result, Tabular, Text};

/// Beyond it a "class" is a number in disguise.
const MAX_CLASSES: usize = 200;
/// What the rows are called that are learned from.
const TRAIN: &str = "train";
/// Of more values none is listed: they are not labels, and may be anything.
const LISTABLE: usize = 20;
/// Values listed at most.
const LISTED: usize = 5;
/// Rows that a value has at least to be listed: a rarer one may be one person's, or a slip with a name in it.
const COMMON: usize = 10;

/// Learns the classes from the training rows and answers their labels: class indices (binary: 1 for the positive class) or numbers.
///
/// # Errors
/// When the column is missing, has nulls, one value only, or does not fit the task.
pub(crate) fn fit(config: &TrainConfig, batches: &[RecordBatch]) -> Result<(Output, Vec<f64>)> {
    let target = config.target.clone();
    let at = |fault: Fault| fault.at("project.target");
    if config.task == Tabular::Regression {
        let output = Output::Number { target };
        let labels = read_numbers(&config.target, batches).map_err(at)?;
        let mut values = labels.iter();
        let first = values.next();
        if values.all(|value| Some(value) == first) {
            return Err(at(Fault::new(&ONE_CLASS).arg("column", &config.target)));
        }
        return Ok((output, labels));
    }
    let classes = interned(batches, &config.target).map_err(at)?;
    no_nulls(&config.target, TRAIN, classes.missing(), classes.codes.len()).map_err(at)?;
    if classes.values.len() < 2 {
        return Err(at(Fault::new(&ONE_CLASS).arg("column", &config.target)));
    }
    countable(config.task, &config.target, &classes)?;
    let output = match (config.task, classes.values.as_slice()) {
        (Tabular::Binary, [first, second]) => {
            let second_is_positive = positive(config, first, second, &classes)?;
            let (positive, negative) =
                if second_is_positive { (second, first) } else { (first, second) };
            Output::Binary {
                target,
                positive: positive.clone(),
                negative: negative.clone(),
                threshold: 0.5,
            }
        }
        _ => Output::Multiclass { target, labels: classes.values.clone() },
    };
    let labels = encode(&output, &classes);
    Ok((output, labels))
}

/// Refuses a target with more values than the task takes, in rows that no split has parted yet.
///
/// # Errors
/// Then, and when the column is missing or its type holds no classes.
pub fn check_classes(task: Tabular, target: &str, batches: &[RecordBatch]) -> Result<()> {
    if task == Tabular::Regression || batches.is_empty() {
        return Ok(());
    }
    let classes = interned(batches, target).map_err(|fault| fault.at("project.target"))?;
    countable(task, target, &classes)
}

fn countable(task: Tabular, target: &str, classes: &Interned) -> Result<()> {
    let count = classes.values.len();
    let (most, expected) = match task {
        Tabular::Binary => (2, "2".to_owned()),
        _ => (MAX_CLASSES, format!("2 … {MAX_CLASSES}")),
    };
    if count <= most {
        return Ok(());
    }
    Err(Fault::new(&CLASS_COUNT)
        .arg("column", target)
        .arg("found", count)
        .words("values", listed(classes))
        .arg("task", task)
        .arg("expected", expected)
        .at("project.target"))
}

/// The first few of the common values in quotes, so that a blank behind one is seen, and how many others there are.
fn listed(classes: &Interned) -> Text {
    let values = &classes.values;
    if values.len() > LISTABLE {
        return Text::same("");
    }
    let mut rows = vec![0_usize; values.len()];
    for code in &classes.codes {
        if let Some(count) = rows.get_mut(*code as usize) {
            *count += 1;
        }
    }
    let common = values.iter().zip(rows).filter(|(_, rows)| *rows >= COMMON);
    let quoted: Vec<String> = common.take(LISTED).map(|(value, _)| format!("“{value}”")).collect();
    let (en, zh) = (quoted.join(", "), quoted.join("、"));
    match values.len() - quoted.len() {
        _ if quoted.is_empty() => Text::same(""),
        0 => Text::new(format!(": {en}"), format!("：{zh}")),
        others => {
            Text::new(format!(": {en} and {others} more"), format!("：{zh}，另有 {others} 个"))
        }
    }
}

/// Whether the second of the two sorted classes is the positive one.
fn positive(config: &TrainConfig, first: &str, second: &str, classes: &Interned) -> Result<bool> {
    if let Some(positive) = &config.positive {
        return match positive.as_str() {
            name if name == first => Ok(false),
            name if name == second => Ok(true),
            _ => Err(Fault::new(&POSITIVE)
                .arg("positive", positive)
                .arg("column", &config.target)
                .arg("known", format_args!("{first}, {second}"))
                .at("project.positive")),
        };
    }
    if matches!((first, second), ("0", "1") | ("false", "true")) {
        return Ok(true);
    }
    let of_first = classes.codes.iter().filter(|&&code| code == 0).count();
    Ok(classes.codes.len() - of_first <= of_first)
}

/// The labels of other rows by what [`fit`] learned; NaN where the target is null or its class unknown.
///
/// # Errors
/// When the column is missing or does not fit.
pub(crate) fn labels(output: &Output, batches: &[RecordBatch]) -> Result<Vec<f64>> {
    match output {
        Output::Number { target } | Output::Text { target } => number_column(target, batches),
        Output::Binary { target, .. } | Output::Multiclass { target, .. } => {
            Ok(encode(output, &interned(batches, target)?))
        }
    }
}

/// As [`labels`], for rows a metric needs: every label must be known.
///
/// # Errors
/// When a label is null or of an unseen class.
pub(crate) fn complete(output: &Output, batches: &[RecordBatch], table: &str) -> Result<Vec<f64>> {
    let labels = labels(output, batches)?;
    let unknown = labels.iter().filter(|label| label.is_nan()).count();
    if unknown == 0 {
        return Ok(labels);
    }
    let target = output.target();
    let nulls: usize =
        pieces(batches, target)?.iter().map(|array| array.logical_null_count()).sum();
    no_nulls(target, table, nulls, labels.len())?;
    Err(Fault::new(&CLASS_UNSEEN)
        .arg("rows", unknown)
        .words("table", crate::outcome::part(table))
        .arg("column", target))
}

fn encode(output: &Output, found: &Interned) -> Vec<f64> {
    let number = |value: &String| match output {
        Output::Binary { positive, .. } if value == positive => 1.0,
        Output::Binary { negative, .. } if value == negative => 0.0,
        #[expect(clippy::cast_precision_loss, reason = "at most MAX_CLASSES")]
        Output::Multiclass { labels, .. } => {
            labels.iter().position(|label| label == value).map_or(f64::NAN, |index| index as f64)
        }
        _ => f64::NAN,
    };
    let by_code: Vec<f64> = found.values.iter().map(number).collect();
    found
        .codes
        .iter()
        .map(|&code| by_code.get(code as usize).copied().unwrap_or(f64::NAN))
        .collect()
}

fn number_column(target: &str, batches: &[RecordBatch]) -> Result<Vec<f64>> {
    for array in pieces(batches, target)? {
        if !matches!(shape(array.data_type()), Shape::Number | Shape::Empty) {
            return Err(Fault::new(&TARGET_NOT_NUMBER)
                .arg("column", target)
                .words("found", held(array.data_type())));
        }
    }
    numbers(batches, target)
}

fn read_numbers(target: &str, batches: &[RecordBatch]) -> Result<Vec<f64>> {
    let labels = number_column(target, batches)?;
    no_nulls(target, TRAIN, labels.iter().filter(|label| label.is_nan()).count(), labels.len())?;
    Ok(labels)
}

fn no_nulls(target: &str, table: &str, missing: usize, total: usize) -> Result<()> {
    if missing == 0 {
        return Ok(());
    }
    Err(Fault::new(&TARGET_NULL)
        .arg("column", target)
        .words("table", crate::outcome::part(table))
        .arg("rows", missing)
        .arg("total", total))
}

/// Class indices of labels, for strata; 0 for what is none.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "labels are small class indices"
)]
pub(crate) fn class_index(label: f64) -> usize {
    if label.is_nan() { 0 } else { label as usize }
}

const _: () = assert!(MISSING as usize > MAX_CLASSES);
