//! Which columns a model learns from, and the feature matrix.

use crate::columns::{
    Interned, LINEAGE, MISSING, Shape, has, held, interned, numbers, pieces, rows, shape,
};
use crate::identity::{Identifiers, identifiers};
use crate::messages::{
    COLUMN_TYPE, EXCLUDED_AMOUNTS, EXCLUDED_ANSWER, EXCLUDED_CATEGORIES, EXCLUDED_CONSTANT,
    EXCLUDED_DATE, EXCLUDED_DAYS, EXCLUDED_EMPTY, EXCLUDED_FLAG, EXCLUDED_IDENTIFIER,
    EXCLUDED_NUMBERS, EXCLUDED_PERSONAL, EXCLUDED_ROW_NUMBER, EXCLUDED_TOKEN, EXCLUDED_TYPE,
    NO_COLUMNS, NO_FEATURES,
};
use crate::outcome::{Excluded, Feature};
use crate::{TrainConfig, Withheld, Written, target};
use arrow::record_batch::RecordBatch;
use ingot_base::{
    Fault, Field, FieldKind, Held, Outlier, Reporter, Result, Signature, Text, Treatment, fault,
};
use ingot_runtime::Matrix;
use std::collections::{BTreeMap, BTreeSet};

/// A text column of more values than this, most of them different, is taken for names or numbers of persons or things.
const ID_VALUES: usize = 20;
/// Whole numbers without repetition and with few gaps are taken for row numbers from this many rows on.
const ID_ROWS: usize = 50;

/// The columns learned from.
#[derive(Debug)]
pub(crate) struct Inputs {
    pub(crate) fields: Vec<Field>,
    pub(crate) features: Vec<Feature>,
    pub(crate) excluded: Vec<Excluded>,
    pub(crate) matrix: Matrix,
}

/// Decides over every column of the training rows and encodes those that are used.
///
/// # Errors
/// When no column is left, or a named column does not exist.
pub(crate) fn fit(
    config: &TrainConfig,
    batches: &[RecordBatch],
    reporter: &dyn Reporter,
) -> Result<Inputs> {
    for (index, name) in config.exclude.iter().enumerate() {
        pieces(batches, name).map_err(|fault| fault.at(format!("train.exclude[{index}]")))?;
    }
    let total = rows(batches);
    let (mut fields, mut features, mut excluded, mut columns) = (vec![], vec![], vec![], vec![]);
    for (name, decision, outlier) in decide(config, batches)? {
        match decision {
            Ok((kind, values)) => {
                let missing = values.iter().filter(|value| value.is_nan()).count();
                features.push(Feature {
                    name: name.clone(),
                    missing: missing as u64,
                    rows: total as u64,
                });
                let title = config.titles.get(&name).cloned();
                let treatment = treatment(config, &name, &kind);
                let nullable = missing > 0 || treatment.fill.is_some();
                let field = Field::new(name, kind, nullable);
                fields.push(Field { title, treatment, outlier, ..field });
                columns.push(values);
            }
            Err(reason) => {
                if let Some(warning) = reason.warning(&name) {
                    reporter.warn(&warning);
                }
                excluded.push(Excluded { name, reason: reason.text() });
            }
        }
    }
    if fields.is_empty() && excluded.is_empty() {
        return Err(Fault::new(&NO_COLUMNS).arg("column", &config.target));
    }
    if fields.is_empty() {
        return Err(Fault::new(&NO_FEATURES).arg("excluded", excluded.len()));
    }
    Ok(Inputs { fields, features, excluded, matrix: assemble(total, &columns)? })
}

/// A column, what is decided over it, and of a flag of outliers how it is found where nobody sends it.
type Decided = (String, Decision, Option<Outlier>);

/// Decides over every column but the target. A flag of outliers is left out where nobody who asks could know it: of a column that is
/// no number of the model's, beyond bounds that were found in the data.
fn decide(config: &TrainConfig, batches: &[RecordBatch]) -> Result<Vec<Decided>> {
    let names: Vec<String> = batches.first().map_or_else(Vec::new, |batch| {
        batch.schema_ref().fields().iter().map(|field| field.name().clone()).collect()
    });
    let mut decided: Vec<Decided> = Vec::new();
    for name in names {
        if LINEAGE.contains(&name.as_str()) || name == config.target {
            continue;
        }
        let decision = column(config, batches, &name)?;
        decided.push((name, decision, None));
    }
    let numbers: BTreeSet<String> = decided
        .iter()
        .filter(|(_, decision, _)| matches!(decision, Ok((FieldKind::Number { .. }, _))))
        .map(|(name, ..)| name.clone())
        .collect();
    for (name, decision, flag) in &mut decided {
        let Some(prepared) = config.prepared.get(name) else { continue };
        let Some(outlier) = &prepared.outlier else { continue };
        if !matches!(decision, Ok((FieldKind::Boolean, _))) {
            continue;
        }
        if numbers.contains(&outlier.of) {
            *flag = Some(outlier.clone());
        } else if !prepared.stated {
            *decision = Err(Reason::Withheld(Withheld::Flag));
        }
    }
    Ok(decided)
}

/// Why a column is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    Chosen,
    Group,
    Withheld(Withheld),
    Empty,
    Constant,
    RowNumber,
    Identifier { distinct: usize, rows: usize },
    Categories { distinct: usize, limit: usize },
    Numbers(Identifiers),
    Written(Written),
    Date,
    Type,
}

impl Reason {
    fn text(self) -> Text {
        match self {
            Self::Chosen => Text::new("named in `train.exclude`", "已列入 `train.exclude`"),
            Self::Withheld(Withheld::Personal) => Text::new(
                "its values hold personal data; protect it, or name it in `train.exclude`",
                "其取值含有个人信息；请加以保护，或列入 `train.exclude`",
            ),
            Self::Withheld(Withheld::Token) => Text::new(
                "[protect] made tokens of its values, which nobody who asks could send",
                "[protect] 已将其取值变为令牌，调用方无法提供",
            ),
            Self::Withheld(Withheld::Answer) => {
                Text::new("it was made from the target", "它由目标列得出")
            }
            Self::Withheld(Withheld::Flag) => Text::new(
                "it flags outliers beyond bounds that nobody who asks can know",
                "它标记的离群值界限，调用方无从得知",
            ),
            Self::Group => Text::new("it groups rows for the split", "用于划分时的分组"),
            Self::Empty => Text::new("every value is missing", "所有取值均缺失"),
            Self::Constant => Text::new("every row has the same value", "所有行取值相同"),
            Self::RowNumber => {
                Text::new("it counts 1, 2, 3, … like a row number", "取值为连续整数，类似行号")
            }
            Self::Identifier { distinct, rows } => Text::new(
                format!(
                    "{distinct} different texts in {rows} rows look like a name or an identifier"
                ),
                format!("{rows} 行中有 {distinct} 种不同文本，疑似姓名或标识符"),
            ),
            Self::Categories { distinct, limit } => Text::new(
                format!(
                    "{distinct} different texts are more than `train.max_categories` ({limit})"
                ),
                format!("不同文本数 {distinct} 超过 `train.max_categories`（{limit}）"),
            ),
            Self::Numbers(Identifiers { distinct, rows, digits }) => Text::new(
                format!(
                    "{distinct} different numbers of {digits} digits in {rows} rows look like identifiers"
                ),
                format!("{rows} 行中有 {distinct} 个不同的 {digits} 位数，疑似标识符"),
            ),
            Self::Written(Written::Amounts) => Text::new(
                "its texts look like amounts: cast it to number in [clean]",
                "其文本看起来是金额或数量：请在 [clean] 中转为数值",
            ),
            Self::Written(Written::Days) => Text::new(
                "its texts look like dates: cast it to date in [clean], then to integer for days",
                "其文本看起来是日期：请在 [clean] 中先转为日期，再转为整数（天数）",
            ),
            Self::Date => Text::new(
                "it holds dates: cast it to integer in [clean] for days, or generalize it to year in [protect]",
                "其中是日期：可在 [clean] 中转为整数（天数），或在 [protect] 中泛化为年份",
            ),
            Self::Type => Text::new(
                "its type is neither number, boolean nor text",
                "其类型不是数值、布尔或文本",
            ),
        }
    }

    /// None for what the user asked for.
    fn warning(self, column: &str) -> Option<Fault> {
        let of = |message| Some(Fault::new(message).arg("column", column));
        match self {
            Self::Chosen | Self::Group => None,
            Self::Withheld(Withheld::Personal) => of(&EXCLUDED_PERSONAL),
            Self::Withheld(Withheld::Token) => of(&EXCLUDED_TOKEN),
            Self::Withheld(Withheld::Answer) => of(&EXCLUDED_ANSWER),
            Self::Withheld(Withheld::Flag) => of(&EXCLUDED_FLAG),
            Self::Empty => of(&EXCLUDED_EMPTY),
            Self::Constant => of(&EXCLUDED_CONSTANT),
            Self::RowNumber => of(&EXCLUDED_ROW_NUMBER),
            Self::Identifier { distinct, rows } => of(&EXCLUDED_IDENTIFIER)
                .map(|fault| fault.arg("distinct", distinct).arg("rows", rows)),
            Self::Categories { distinct, limit } => of(&EXCLUDED_CATEGORIES)
                .map(|fault| fault.arg("distinct", distinct).arg("limit", limit)),
            Self::Numbers(Identifiers { distinct, rows, digits }) => {
                of(&EXCLUDED_NUMBERS).map(|fault| {
                    fault.arg("distinct", distinct).arg("rows", rows).arg("digits", digits)
                })
            }
            Self::Written(Written::Amounts) => of(&EXCLUDED_AMOUNTS),
            Self::Written(Written::Days) => of(&EXCLUDED_DAYS),
            Self::Date => of(&EXCLUDED_DATE),
            Self::Type => of(&EXCLUDED_TYPE),
        }
    }
}

/// What serving has to do to the column's values, as features.
fn treatment(config: &TrainConfig, name: &str, kind: &FieldKind) -> Treatment {
    let Some(prepared) = config.prepared.get(name) else { return Treatment::default() };
    let fill = prepared.fill.as_deref().and_then(|text| match kind {
        FieldKind::Number { .. } => text.parse().ok().filter(|value: &f64| value.is_finite()),
        FieldKind::Boolean => text.parse::<bool>().ok().map(|flag| f64::from(u8::from(flag))),
        FieldKind::Category { values } => values
            .binary_search_by(|known| known.as_str().cmp(text))
            .ok()
            .and_then(|index| u32::try_from(index).ok())
            .map(f64::from),
        FieldKind::Image { .. } | FieldKind::Text { .. } => None,
    });
    let number = matches!(kind, FieldKind::Number { .. });
    let width = prepared.width.filter(|_| number);
    let spelling = prepared.spelling.filter(|_| matches!(kind, FieldKind::Category { .. }));
    let known = Treatment { fill: None, width, date: prepared.date && number, spelling };
    Treatment { fill: fill.map(|fill| known.number(fill)), ..known }
}

type Decision = std::result::Result<(FieldKind, Vec<f64>), Reason>;

fn column(config: &TrainConfig, batches: &[RecordBatch], name: &str) -> Result<Decision> {
    if config.exclude.iter().any(|excluded| excluded == name) {
        return Ok(Err(Reason::Chosen));
    }
    if config.group.as_deref() == Some(name) {
        return Ok(Err(Reason::Group));
    }
    if let Some(withheld) = config.withheld.get(name) {
        return Ok(Err(Reason::Withheld(*withheld)));
    }
    let pieces = pieces(batches, name)?;
    let kind = pieces.first().map_or(Shape::Empty, |array| shape(array.data_type()));
    let dated = pieces.first().is_some_and(|array| array.data_type().is_temporal());
    Ok(match kind {
        Shape::Other if dated => Err(Reason::Date),
        Shape::Number => {
            // Who makes a column coarser says that it is a measure.
            let measure = config.prepared.get(name).is_some_and(|done| done.width.is_some());
            number(&numbers(batches, name)?, measure)
        }
        Shape::Boolean => boolean(numbers(batches, name)?),
        Shape::Text => {
            let written = config.written.get(name).copied();
            category(interned(batches, name)?, config.max_categories, written)
        }
        Shape::Empty => Err(Reason::Empty),
        Shape::Other => Err(Reason::Type),
    })
}

fn number(values: &[f64], measure: bool) -> Decision {
    let known = || values.iter().copied().filter(|value| !value.is_nan());
    let count = known().count();
    if count == 0 {
        return Err(Reason::Empty);
    }
    let min = known().fold(f64::INFINITY, f64::min);
    let max = known().fold(f64::NEG_INFINITY, f64::max);
    let complete = count == values.len();
    #[expect(clippy::float_cmp, reason = "a column of one value holds it to the bit")]
    if min == max && complete {
        return Err(Reason::Constant);
    }
    let integer = known().all(|value| value.fract() == 0.0);
    // A split leaves gaps in a numbering, but not more than every second number.
    #[expect(clippy::cast_precision_loss, reason = "row counts are far below 2^53")]
    let dense = integer && complete && count >= ID_ROWS && max - min < 2.0 * count as f64;
    if dense && all_different(values) {
        return Err(Reason::RowNumber);
    }
    if integer
        && !measure
        && let Some(found) = identifiers(values)
    {
        return Err(Reason::Numbers(found));
    }
    let (min, max) = outward(min, max);
    Ok((FieldKind::Number { min, max, integer }, values.to_vec()))
}

/// A range as the package and its documents tell it: two significant digits, rounded outward, so that nobody's largest
/// salary stands there to the cent.
pub(crate) fn outward(min: f64, max: f64) -> (f64, f64) {
    let round = |value: f64, up: bool| {
        if value == 0.0 {
            return value;
        }
        // Written out and read back, so that 0.07 stays 0.07.
        let exponent = value.abs().log10().floor() - 1.0;
        let unit = 10_f64.powf(exponent);
        let digits = value / unit;
        let near = digits.round();
        let exact = (digits - near).abs() < 1e-9;
        let whole = if exact {
            near
        } else if up {
            digits.ceil()
        } else {
            digits.floor()
        };
        format!("{whole}e{exponent}").parse().unwrap_or(value)
    };
    (round(min, false), round(max, true))
}

fn all_different(values: &[f64]) -> bool {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.windows(2).all(|pair| matches!(pair, [a, b] if a < b))
}

fn boolean(values: Vec<f64>) -> Decision {
    let known: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    match known.first() {
        None => Err(Reason::Empty),
        #[expect(clippy::float_cmp, reason = "1 and 0 are exact")]
        Some(first) if known.len() == values.len() && known.iter().all(|value| value == first) => {
            Err(Reason::Constant)
        }
        Some(_) => Ok((FieldKind::Boolean, values)),
    }
}

fn category(found: Interned, max_categories: usize, written: Option<Written>) -> Decision {
    let missing = found.missing();
    let (distinct, known) = (found.values.len(), found.codes.len() - missing);
    if distinct == 0 {
        return Err(Reason::Empty);
    }
    if distinct == 1 && missing == 0 {
        return Err(Reason::Constant);
    }
    let names = distinct > ID_VALUES && distinct.saturating_mul(2) >= known;
    if let Some(written) = written.filter(|_| names || distinct > max_categories) {
        return Err(Reason::Written(written));
    }
    if names {
        return Err(Reason::Identifier { distinct, rows: known });
    }
    if distinct > max_categories {
        return Err(Reason::Categories { distinct, limit: max_categories });
    }
    let values = found.codes.iter().map(|&code| feature(code)).collect();
    Ok((FieldKind::Category { values: found.values }, values))
}

fn feature(code: u32) -> f64 {
    if code == MISSING { f64::NAN } else { f64::from(code) }
}

fn assemble(total: usize, columns: &[Vec<f64>]) -> Result<Matrix> {
    let mut matrix = Matrix::zeros(total, columns.len())?;
    for (index, column) in columns.iter().enumerate() {
        let cells = matrix.data_mut().iter_mut().skip(index).step_by(columns.len().max(1));
        for (cell, &value) in cells.zip(column) {
            *cell = value;
        }
    }
    Ok(matrix)
}

/// A table encoded by a model's signature.
#[derive(Debug, Clone, PartialEq)]
pub struct Encoded {
    /// One row per table row, one column per input; missing values and unknown categories are NaN.
    pub matrix: Matrix,
    /// The target: class indices (binary: 1 for the positive class) or numbers; NaN where missing or unknown, everywhere when the
    /// table has no such column.
    pub labels: Vec<f64>,
    /// Per column: rows whose category the model does not know.
    pub unknown: BTreeMap<String, u64>,
}

/// Encodes any table that has the signature's inputs, in any column order; other columns are ignored.
///
/// # Errors
/// When an input column is missing or of another type.
pub fn encode_table(signature: &Signature, batches: &[RecordBatch]) -> Result<Encoded> {
    let mut unknown = BTreeMap::new();
    let mut columns = Vec::with_capacity(signature.inputs.len());
    for field in &signature.inputs {
        columns.push(match &field.kind {
            FieldKind::Number { .. } | FieldKind::Boolean => numbers(batches, &field.name)?,
            FieldKind::Image { .. } | FieldKind::Text { .. } => {
                return Err(fault::internal("a picture or text is no column of a table model"));
            }
            FieldKind::Category { values } => {
                let (column, strange) = known_categories(&field.name, values, batches)?;
                if strange > 0 {
                    unknown.insert(field.name.clone(), strange);
                }
                column
            }
        });
    }
    let total = rows(batches);
    let labels = if has(batches, signature.output.target()) {
        target::labels(&signature.output, batches)?
    } else {
        vec![f64::NAN; total]
    };
    Ok(Encoded { matrix: assemble(total, &columns)?, labels, unknown })
}

fn known_categories(
    name: &str,
    values: &[String],
    batches: &[RecordBatch],
) -> Result<(Vec<f64>, u64)> {
    if let Some(array) = pieces(batches, name)?.first()
        && shape(array.data_type()) == Shape::Other
    {
        return Err(Fault::new(&COLUMN_TYPE)
            .arg("column", name)
            .words("found", held(array.data_type()))
            .words("expected", Held::Texts.words()));
    }
    let found = interned(batches, name)?;
    let code = |value: &String| {
        values
            .binary_search(value)
            .ok()
            .and_then(|index| u32::try_from(index).ok())
            .unwrap_or(MISSING)
    };
    let by_code: Vec<u32> = found.values.iter().map(code).collect();
    let mut strange = 0;
    let column = found.codes.iter().map(|&seen| {
        let code = by_code.get(seen as usize).copied().unwrap_or(MISSING);
        strange += u64::from(code == MISSING && seen != MISSING);
        feature(code)
    });
    let column = column.collect();
    Ok((column, strange))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ingot_base::Lang;

    #[test]
    fn numberings_are_seen_through_the_gaps_of_a_split() {
        let column = |keep: fn(u32) -> bool| -> Vec<f64> {
            (1..=1000).filter(|&row| keep(row)).map(f64::from).collect()
        };
        assert_eq!(number(&column(|row| row % 5 != 0), false), Err(Reason::RowNumber));
        assert!(
            number(&column(|row| row % 7 == 0), false).is_ok(),
            "sparse amounts may well be all different"
        );
        let ages: Vec<f64> = (0..1000).map(|row| f64::from(row % 60)).collect();
        assert!(number(&ages, false).is_ok());
        assert_eq!(number(&[f64::NAN; 9], false), Err(Reason::Empty));
        assert_eq!(number(&[2.0; 9], false), Err(Reason::Constant));
        assert!(number(&[2.0, f64::NAN], false).is_ok(), "that a value is missing tells something");
    }

    #[test]
    fn a_range_is_told_in_two_digits_and_holds_every_value() {
        assert_eq!(outward(19.0, 75.0), (19.0, 75.0));
        assert_eq!(outward(0.07, 99_887_766.0), (0.07, 100_000_000.0));
        assert_eq!(outward(-1_234.0, -0.123), (-1_300.0, -0.12));
        assert_eq!(outward(0.0, 250.0), (0.0, 250.0));
    }

    #[test]
    fn texts_that_identify_or_are_too_many_are_left_out() {
        let found = |distinct: u32, rows: u32| Interned {
            values: (0..distinct).map(|value| format!("n{value:05}")).collect(),
            codes: (0..rows).map(|row| row % distinct).collect(),
        };
        assert_eq!(
            category(found(60, 100), 1000, None),
            Err(Reason::Identifier { distinct: 60, rows: 100 })
        );
        assert_eq!(
            category(found(40, 1000), 30, None),
            Err(Reason::Categories { distinct: 40, limit: 30 })
        );
        assert!(
            category(found(12, 14), 1000, Some(Written::Days)).is_ok(),
            "a few values in a few rows are categories"
        );
        assert_eq!(category(found(1, 10), 1000, None), Err(Reason::Constant));
    }

    #[test]
    fn amounts_and_days_in_texts_are_left_out_with_another_reason_than_names() {
        let column = Interned {
            values: (0..90).map(|value| format!("n{value:05}")).collect(),
            codes: (0..100).map(|row| row % 90).collect(),
        };
        for reason in [Written::Amounts, Written::Days] {
            let told = Err(Reason::Written(reason));
            assert_eq!(category(column.clone(), 1000, Some(reason)), told);
            assert_eq!(category(column.clone(), 80, Some(reason)), told);
            for (lang, words) in
                [(Lang::En, "cast = [{ column = \"pay\""), (Lang::Zh, "cast = [{ column = \"pay\"")]
            {
                let fault = Reason::Written(reason).warning("pay").unwrap();
                assert!(fault.hint(lang).unwrap().contains(words), "{:?}", fault.hint(lang));
            }
        }
    }

    #[test]
    fn numbers_of_customers_are_left_out_unless_the_recipe_makes_them_coarser() {
        let customers: Vec<f64> = (0..300_u32)
            .map(|row| f64::from(10_000_000 + row.wrapping_mul(7_919_113) % 80_000_000))
            .collect();
        let Err(reason @ Reason::Numbers(_)) = number(&customers, false) else {
            panic!("{customers:?}")
        };
        let fault = reason.warning("customer").unwrap();
        assert_eq!(fault.code(), "train-excluded-numbers");
        assert!(
            fault.hint(Lang::En).unwrap().contains("name = \"customer\", action = \"generalize\"")
        );
        assert!(
            fault.hint(Lang::Zh).unwrap().contains("name = \"customer\", action = \"generalize\"")
        );
        assert!(number(&customers, true).is_ok());
    }
}
