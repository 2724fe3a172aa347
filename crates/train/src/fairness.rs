//! The same figures for groups of people or things, so that differences are seen before a model is used.

use crate::columns::{MISSING, Shape, interned, numbers, pieces, shape};
use crate::features::outward;
use crate::metrics::{at, quantile, rounded, share};
use crate::outcome::{Slice, Slices};
use arrow::record_batch::RecordBatch;
use ingot_base::{Result, Tabular, Text};
use ingot_runtime::Matrix;
use std::collections::BTreeMap;

/// Groups told apart per column; the rest is one group.
const GROUPS: usize = 20;
/// Below these a group's figures mean little.
const SMALL_ROWS: u64 = 30;
const SMALL_CLASS: u64 = 10;

/// Test rows as the fairness tables see them.
pub(crate) struct Judged<'a> {
    pub(crate) task: Tabular,
    pub(crate) scores: &'a Matrix,
    pub(crate) labels: &'a [f64],
    pub(crate) threshold: f64,
}

/// One table per named column.
pub(crate) fn slices(
    columns: &[String],
    titles: &BTreeMap<String, Text>,
    batches: &[RecordBatch],
    judged: &Judged<'_>,
) -> Result<Vec<Slices>> {
    let mut all = Vec::with_capacity(columns.len());
    for (index, column) in columns.iter().enumerate() {
        let groups = groups(column, batches)
            .map_err(|fault| fault.at(format!("train.fairness[{index}]")))?;
        let mut groups: Vec<Slice> =
            groups.into_iter().map(|(name, rows)| slice(name, &rows, judged)).collect();
        groups.sort_by_key(|group| std::cmp::Reverse(group.rows));
        let reference = groups.first().and_then(|group| group.selected).map(|share| share.value);
        for group in &mut groups {
            group.selection_ratio = match (group.selected, reference) {
                (Some(share), Some(reference)) if reference > 0.0 => Some(share.value / reference),
                _ => None,
            };
        }
        all.push(Slices { column: column.clone(), title: titles.get(column).cloned(), groups });
    }
    Ok(all)
}

type Groups = Vec<(Text, Vec<usize>)>;

fn missing() -> Text {
    Text::new("(missing)", "（缺失）")
}

fn groups(column: &str, batches: &[RecordBatch]) -> Result<Groups> {
    let kind =
        pieces(batches, column)?.first().map_or(Shape::Empty, |array| shape(array.data_type()));
    if kind == Shape::Number {
        let values = numbers(batches, column)?;
        let mut distinct: Vec<f64> =
            values.iter().copied().filter(|value| !value.is_nan()).collect();
        distinct.sort_unstable_by(f64::total_cmp);
        let sorted = distinct.clone();
        distinct.dedup();
        if distinct.len() > GROUPS / 2 {
            return Ok(quarters(&values, &sorted));
        }
    }
    let found = interned(batches, column)?;
    let mut groups: Groups = found.values.iter().map(|value| (Text::same(value), vec![])).collect();
    let mut without = Vec::new();
    for (row, &code) in found.codes.iter().enumerate() {
        match groups.get_mut(code as usize) {
            Some((_, rows)) if code != MISSING => rows.push(row),
            _ => without.push(row),
        }
    }
    groups.sort_by_key(|(_, rows)| std::cmp::Reverse(rows.len()));
    if groups.len() > GROUPS {
        let rest: Vec<usize> =
            groups.split_off(GROUPS).into_iter().flat_map(|(_, rows)| rows).collect();
        groups.push((Text::new("(all others)", "（其余）"), rest));
    }
    if !without.is_empty() {
        groups.push((missing(), without));
    }
    Ok(groups)
}

/// Numbers with many values: four ranges of about equal size, whose names are nobody's value.
fn quarters(values: &[f64], sorted: &[f64]) -> Groups {
    let (low, high) = outward(at(sorted, 0), at(sorted, sorted.len().saturating_sub(1)));
    let inner = [0.25, 0.5, 0.75].iter().filter_map(|&q| quantile(sorted, q)).map(rounded);
    let mut bounds: Vec<f64> = std::iter::once(low).chain(inner).chain([high]).collect();
    bounds.dedup();
    let inner: Vec<f64> =
        bounds.iter().copied().skip(1).take(bounds.len().saturating_sub(2)).collect();
    let range = |index: usize| {
        let (low, high) = (at(&bounds, index), at(&bounds, index + 1));
        Text::same(if index == 0 {
            format!("{low} … {high}")
        } else {
            format!("> {low} … {high}")
        })
    };
    let mut groups: Groups = (0..=inner.len()).map(|index| (range(index), vec![])).collect();
    let mut without = Vec::new();
    for (row, value) in values.iter().enumerate() {
        let index = inner.partition_point(|bound| bound < value);
        match groups.get_mut(index) {
            Some((_, rows)) if !value.is_nan() => rows.push(row),
            _ => without.push(row),
        }
    }
    if !without.is_empty() {
        groups.push((missing(), without));
    }
    groups
}

fn slice(name: Text, rows: &[usize], judged: &Judged<'_>) -> Slice {
    let total = rows.len() as u64;
    let mut slice = Slice {
        name,
        rows: total,
        small: total < SMALL_ROWS,
        base_rate: None,
        selected: None,
        true_positive_rate: None,
        false_positive_rate: None,
        selection_ratio: None,
        accuracy: None,
        error: None,
    };
    let label = |row: usize| at(judged.labels, row);
    match judged.task {
        Tabular::Binary => {
            let (mut tp, mut fp, mut positives) = (0, 0, 0);
            for &row in rows {
                let (positive, selected) =
                    (label(row) > 0.5, at(judged.scores.row(row), 0) >= judged.threshold);
                positives += u64::from(positive);
                tp += u64::from(positive && selected);
                fp += u64::from(!positive && selected);
            }
            let negatives = total - positives;
            slice.small |= positives < SMALL_CLASS || negatives < SMALL_CLASS;
            slice.base_rate = share(positives, total);
            slice.selected = share(tp + fp, total);
            slice.true_positive_rate = share(tp, positives);
            slice.false_positive_rate = share(fp, negatives);
        }
        Tabular::Multiclass => {
            #[expect(
                clippy::cast_precision_loss,
                clippy::float_cmp,
                reason = "class indices are small whole numbers"
            )]
            let right = |row: &&usize| {
                let scores = judged.scores.row(**row);
                let best = (0..scores.len())
                    .max_by(|&a, &b| at(scores, a).total_cmp(&at(scores, b)).then(b.cmp(&a)));
                best.is_some_and(|class| class as f64 == label(**row))
            };
            slice.accuracy = share(rows.iter().filter(right).count() as u64, total);
        }
        Tabular::Regression => {
            let errors = || rows.iter().map(|&row| at(judged.scores.row(row), 0) - label(row));
            #[expect(clippy::cast_precision_loss, reason = "row counts are far below 2^53")]
            let count = total as f64;
            if total > 0 {
                let square = errors().map(|error| error * error).sum::<f64>() / count;
                slice.error = Some((errors().sum::<f64>() / count, square.sqrt()));
            }
        }
    }
    slice
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "small exact numbers")]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, Float64Array, StringArray};
    use std::sync::Arc;

    #[test]
    fn groups_have_their_known_figures() {
        let sex: StringArray = (0..100)
            .map(|row| match row {
                0..60 => Some("f"),
                60..95 => Some("m"),
                _ => None,
            })
            .collect();
        let age: Float64Array = (0..100).map(|row| Some(f64::from(row))).collect();
        let columns = [("sex", Arc::new(sex) as ArrayRef), ("age", Arc::new(age) as ArrayRef)];
        let batch = RecordBatch::try_from_iter_with_nullable(
            columns.into_iter().map(|(n, a)| (n, a, true)),
        )
        .unwrap();
        // Every second row is positive; every third is selected.
        let labels: Vec<f64> = (0..100).map(|row| f64::from(u8::from(row % 2 == 0))).collect();
        let scores =
            Matrix::new(100, 1, (0..100).map(|row| if row % 3 == 0 { 0.9 } else { 0.1 }).collect())
                .unwrap();
        let judged =
            Judged { task: Tabular::Binary, scores: &scores, labels: &labels, threshold: 0.5 };
        let titles = BTreeMap::from([("sex".to_owned(), Text::new("sex", "性别"))]);
        let all = slices(&["sex".into(), "age".into()], &titles, &[batch], &judged).unwrap();
        assert_eq!((all[0].title.as_ref(), all[1].title.as_ref()), (titles.get("sex"), None));
        let sex = &all[0].groups;
        assert_eq!(sex.iter().map(|group| group.rows).collect::<Vec<_>>(), [60, 35, 5]);
        assert_eq!(sex[0].selected.unwrap().value, 20.0 / 60.0);
        assert_eq!(sex[0].true_positive_rate.unwrap().value, 10.0 / 30.0);
        assert_eq!(sex[0].false_positive_rate.unwrap().value, 10.0 / 30.0);
        assert_eq!(sex[0].selection_ratio, Some(1.0));
        assert!((sex[1].selection_ratio.unwrap() - (12.0 / 35.0) * 3.0).abs() < 1e-12);
        assert!(!sex[0].small && sex[2].small && sex[2].name == missing());
        assert_eq!(all[1].groups.len(), 4, "numbers are cut into quarters");
        let pay: Vec<f64> = (0..100).map(|row| 1_234.56 + f64::from(row) * 101.37).collect();
        let mut told: Vec<String> =
            quarters(&pay, &pay).into_iter().map(|(name, _)| name.en).collect();
        told.sort();
        let wanted = ["1200 … 3740", "> 3740 … 6250", "> 6250 … 8760", "> 8760 … 12000"];
        assert_eq!(told, wanted, "nobody's pay is told");
        assert_eq!(all[1].groups.iter().map(|group| group.rows).sum::<u64>(), 100);
    }
}
