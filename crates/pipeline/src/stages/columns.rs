//! What a model of a table may learn from its columns, and what serving must do to values as the recipe did.

use crate::convert;
use crate::run::Done;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use ingot_base::{Fault, Outlier, Result, fault};
use ingot_data::{CleanOutcome, Found};
use ingot_privacy::detect::{DetectConfig, Detector, Kind};
use ingot_recipe::{
    Action, CastType, Generalize, ImputeMethod, OutlierAction, OutlierMethod, Recipe,
};
use ingot_train::{Prepared, Withheld, Written};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a look at a table's values tells of its columns, by their names.
type Looks = (BTreeMap<String, Withheld>, BTreeMap<String, Written>);

/// Different values of a column that are looked at, the first in the table's order.
const VALUES: usize = 5_000;
/// One in so many numbers must identify by itself: among amounts a few look like telephones (11 digits from 13 on) or pass a card's
/// checksum (one in ten).
const ONE_IN: usize = 5;
/// The same in hundredths where the column's name says what the numbers are, as `ssn` or `qq` does.
const NAMED: usize = 80;
/// Shorter numbers are counts and ages, whatever their column is called.
const SHORTEST: usize = 6;

/// Columns that the model is not shown, by their names in the table, and why; and those of texts that a cast could read.
///
/// # Errors
/// When the detector cannot be made.
pub(crate) fn looked_at(recipe: &Recipe, batches: &[RecordBatch]) -> Result<Looks> {
    let (mut withheld, written) = looks(recipe, batches)?;
    for rule in &recipe.protect.columns {
        if matches!(
            rule.action,
            Action::Encrypt | Action::Fpe | Action::Hash | Action::Pseudonymize(_)
        ) {
            withheld.insert(rule.output().to_owned(), Withheld::Token);
        }
    }
    withheld.extend(answers(recipe).into_iter().map(|name| (name, Withheld::Answer)));
    Ok((withheld, written))
}

/// Flags of the target's outliers, by their names after protection.
fn answers(recipe: &Recipe) -> Vec<String> {
    flags(recipe)
        .filter(|(_, rule)| rule.column == recipe.project.target)
        .map(|(_, rule)| recipe.protect.after(&format!("{}_outlier", rule.column)).to_owned())
        .collect()
}

/// What was done to columns before training that can be done to a single value, too; and the flags of outliers whose bounds nobody
/// may know, by their names in the table.
pub(crate) fn prepared(
    recipe: &Recipe,
    clean: &Done,
) -> Result<(BTreeMap<String, Prepared>, Vec<String>)> {
    let outcome: CleanOutcome = serde_json::from_value(clean.record.evidence.clone())
        .map_err(|error| fault::internal("the cleaning's record cannot be read").because(error))?;
    let mut prepared: BTreeMap<String, Prepared> = BTreeMap::new();
    for found in outcome.rules.iter().filter_map(|rule| rule.found.as_ref()) {
        if let Found::Fill { column, value } = found {
            prepared.entry(recipe.protect.after(column).to_owned()).or_default().fill =
                Some(value.clone());
        }
    }
    // A constant is found in no data.
    for rule in &recipe.clean.impute {
        if let ImputeMethod::Constant(value) = &rule.method {
            let column = prepared.entry(recipe.protect.after(&rule.column).to_owned()).or_default();
            column.fill.get_or_insert_with(|| value.clone());
        }
    }
    for column in dates(recipe) {
        prepared.entry(recipe.protect.after(column).to_owned()).or_default().date = true;
    }
    for rule in &recipe.clean.normalize {
        let spelling = convert::spelling(rule);
        prepared.entry(recipe.protect.after(&rule.column).to_owned()).or_default().spelling =
            Some(spelling);
    }
    for rule in &recipe.protect.columns {
        if let Action::Generalize(Generalize::Width(width)) = &rule.action {
            prepared.entry(rule.output().to_owned()).or_default().width = Some(*width);
        }
    }
    let mut unknown = Vec::new();
    for (index, rule) in flags(recipe) {
        let name = recipe.protect.after(&format!("{}_outlier", rule.column)).to_owned();
        let Some((low, high)) = bounds(recipe, &outcome, index) else {
            unknown.push(name);
            continue;
        };
        let of = recipe.protect.after(&rule.column).to_owned();
        let fill = prepared.get(&of).and_then(|column| column.fill.as_ref()?.parse().ok());
        let finite = |bound: f64| Some(bound).filter(|bound| bound.is_finite());
        let mut outlier = Outlier { of, low: finite(low), high: finite(high), missing: false };
        outlier.missing = fill.is_some_and(|fill| outlier.holds(Some(fill)));
        let flag = prepared.entry(name).or_default();
        flag.stated = matches!(rule.method, OutlierMethod::Range(..));
        flag.outlier = Some(outlier);
    }
    Ok((prepared, unknown))
}

/// The rules that flag outliers, by their places in the recipe.
pub(crate) fn flags(recipe: &Recipe) -> impl Iterator<Item = (usize, &ingot_recipe::Outlier)> {
    let rules = recipe.clean.outliers.iter().enumerate();
    rules.filter(|(_, rule)| rule.action == OutlierAction::Flag)
}

/// Beyond which values, as they are before [clean], a rule flags; `None` where the record tells no bounds. What was cut off at a bound
/// before lies within it.
fn bounds(recipe: &Recipe, outcome: &CleanOutcome, index: usize) -> Option<(f64, f64)> {
    let rules = recipe.clean.outliers.get(..=index)?;
    let own = |index: usize, method| {
        if let OutlierMethod::Range(low, high) = method {
            return Some((low, high));
        }
        let path = format!("clean.outliers[{index}]");
        let rule = outcome.rules.iter().find(|rule| rule.key_path == path)?;
        match rule.found {
            Some(Found::Bounds { low, high, .. }) => Some((low, high)),
            _ => None,
        }
    };
    let rule = rules.last()?;
    let (mut low, mut high) = own(index, rule.method)?;
    let before = rules.iter().enumerate().take(index).filter(|(_, one)| one.column == rule.column);
    for (place, clip) in before.filter(|(_, one)| one.action == OutlierAction::Clip) {
        let (least, most) = own(place, clip.method)?;
        if least >= low {
            low = f64::NEG_INFINITY;
        }
        if most <= high {
            high = f64::INFINITY;
        }
    }
    Some((low, high))
}

/// Columns that were cast to dates and then to days since 1970-01-01: whoever asks sends dates.
pub(crate) fn dates(recipe: &Recipe) -> BTreeSet<&str> {
    let (mut dates, mut days) = (BTreeSet::new(), BTreeSet::new());
    for cast in &recipe.clean.cast {
        let column = cast.column.as_str();
        match cast.to {
            CastType::Date | CastType::Timestamp => {
                dates.insert(column);
            }
            CastType::Integer if dates.remove(column) => {
                days.insert(column);
            }
            // Days stay days.
            CastType::Integer | CastType::Number => {}
            CastType::Text | CastType::Boolean => {
                dates.remove(column);
                days.remove(column);
            }
        }
    }
    days
}

/// Columns of texts or whole numbers whose values hold personal data that the recipe has not treated, and others whose texts are amounts
/// or days. A number that identifies counts
/// wherever it stands in a text; names and places are also words, so they count when most values are some; of numbers enough must
/// identify, since any number may look like a telephone.
fn looks(recipe: &Recipe, batches: &[RecordBatch]) -> Result<Looks> {
    let treated = convert::personal(recipe);
    let quasi = recipe.protect.anonymity.iter().flat_map(|policy| &policy.quasi);
    let renamed = recipe.protect.columns.iter().filter_map(|rule| rule.rename.as_ref());
    let spared: BTreeSet<&String> = quasi.chain(&treated).chain(renamed).collect();
    let asked = |name: &String| {
        !name.starts_with('_')
            && !recipe.train.exclude.contains(name)
            && *name != recipe.project.target
    };
    let schema = batches.first().map(RecordBatch::schema);
    let fields = schema.iter().flat_map(|schema| schema.fields().iter());
    let detector = Detector::new(DetectConfig::default())?;
    let (mut withheld, mut written) = (BTreeMap::new(), BTreeMap::new());
    for field in fields.filter(|field| asked(field.name())) {
        let open = !spared.contains(field.name());
        let holds = match values(batches, field.name())? {
            // Of a treated column too: dates that were shifted are still days.
            Some(Values::Texts(texts)) => {
                written.extend(as_written(&texts).map(|kind| (field.name().clone(), kind)));
                open && texts_identify(&detector, &texts)
            }
            Some(Values::Numbers(numbers)) => {
                open && numbers_identify(&detector, field.name(), &numbers)
            }
            None => false,
        };
        if holds {
            withheld.insert(field.name().clone(), Withheld::Personal);
        }
    }
    Ok((withheld, written))
}

/// What more than half of the texts are as `clean.cast` reads them. Digits alone are an amount only beside others of other lengths: all
/// of one length, or with zeros in front, they are numbers of persons or things.
fn as_written(texts: &BTreeSet<String>) -> Option<Written> {
    let (mut days, mut amounts, mut marked) = (0, 0, false);
    let mut lengths = BTreeSet::new();
    for text in texts.iter().map(|text| text.trim()) {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        if ingot_data::is_written_day(text) {
            days += 1;
        } else if !(digits && text.len() > 1 && text.starts_with('0'))
            && ingot_data::written_number(text).is_some()
        {
            amounts += 1;
            marked |= !digits;
            lengths.insert(text.len());
        }
    }
    if 2 * days > texts.len() {
        Some(Written::Days)
    } else {
        let several = marked || lengths.len() > 1;
        (2 * amounts > texts.len() && several).then_some(Written::Amounts)
    }
}

fn texts_identify(detector: &Detector, texts: &BTreeSet<String>) -> bool {
    let mut named = 0;
    for text in texts {
        let findings = detector.detect(text);
        if findings.iter().any(|finding| identifies(&finding.kind)) {
            return true;
        }
        named += usize::from(findings.iter().any(|finding| finding.kind == Kind::Person));
    }
    named * 2 > texts.len()
}

/// Whether enough numbers are telephones, resident numbers or cards; or nearly all are something personal beside the column's name and
/// differ in length by one digit at most, as numbers that are given to people do and amounts do not.
fn numbers_identify(detector: &Detector, name: &str, numbers: &BTreeSet<String>) -> bool {
    let holds = |text: &str| detector.detect(text).iter().any(|finding| identifies(&finding.kind));
    let hits = numbers.iter().filter(|number| holds(number)).count();
    if hits > 0 && hits * ONE_IN >= numbers.len() {
        return true;
    }
    let lengths = || numbers.iter().map(String::len);
    let even = lengths().max().unwrap_or_default() <= 1 + lengths().min().unwrap_or_default();
    let beside = || numbers.iter().filter(|number| holds(&format!("{name}: {number}"))).count();
    even && lengths().min().is_some_and(|least| least >= SHORTEST)
        && beside() * 100 >= NAMED * numbers.len()
}

/// Whether a finding of the type points at one person or household by itself.
fn identifies(kind: &Kind) -> bool {
    !matches!(
        kind,
        Kind::Person
            | Kind::Place
            | Kind::Organization
            | Kind::Url
            | Kind::CreditCode
            | Kind::BirthDate
            | Kind::Gps
    )
}

/// The first different values of a column.
#[derive(Debug, PartialEq)]
enum Values {
    Texts(BTreeSet<String>),
    /// As a person writes whole numbers.
    Numbers(BTreeSet<String>),
}

/// The different values of a column of texts or whole numbers; `None` for another type, and for numbers with a fraction.
fn values(batches: &[RecordBatch], name: &str) -> Result<Option<Values>> {
    let mut values = BTreeSet::new();
    let mut numbers = false;
    for batch in batches {
        let Some(column) = batch.column_by_name(name) else { return Ok(None) };
        let kind = match column.data_type() {
            DataType::Dictionary(_, values) => values.as_ref(),
            kind => kind,
        };
        let texts = match kind {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => as_text(column)?,
            kind if kind.is_integer() => as_text(column)?,
            kind if kind.is_numeric() => match whole(column)? {
                Some(texts) => texts,
                None => return Ok(None),
            },
            _ => return Ok(None),
        };
        numbers = kind.is_numeric();
        for value in texts.as_string::<i32>().iter().flatten() {
            if !values.contains(value) {
                values.insert(value.to_owned());
            }
            if values.len() == VALUES {
                break;
            }
        }
        if values.len() == VALUES {
            break;
        }
    }
    Ok(Some(if numbers { Values::Numbers(values) } else { Values::Texts(values) }))
}

fn as_text(column: &ArrayRef) -> Result<ArrayRef> {
    cast(column, &DataType::Utf8)
        .map_err(|error| -> Fault { fault::internal("texts of a column").because(error) })
}

/// Floating or decimal numbers as texts; `None` where one has a fraction.
fn whole(column: &ArrayRef) -> Result<Option<ArrayRef>> {
    let numbers = cast(column, &DataType::Float64)
        .map_err(|error| -> Fault { fault::internal("numbers of a column").because(error) })?;
    let numbers = numbers.as_primitive::<Float64Type>();
    let known = || numbers.iter().flatten().filter(|number| number.is_finite());
    if known().any(|number| number.fract() != 0.0) {
        return Ok(None);
    }
    let texts = known().map(|number| format!("{number:.0}"));
    Ok(Some(Arc::new(StringArray::from_iter_values(texts))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, values: ArrayRef) -> RecordBatch {
        let label: ArrayRef = Arc::new(StringArray::from(vec!["a"; values.len()]));
        RecordBatch::try_from_iter([(name, values), ("y", label)]).unwrap()
    }

    fn recipe(rest: &str) -> Recipe {
        let text = format!(
            "[project]\nname = \"x\"\ntask = \"tabular.binary\"\ntarget = \"y\"\n\
             [[source]]\nname = \"a\"\nuri = \"a.csv\"\n{rest}"
        );
        ingot_recipe::parse("ingot.toml", &text).unwrap_or_else(|faults| panic!("{faults:?}"))
    }

    /// The column's fate by the recipe's part after the source.
    fn fate(name: &str, values: ArrayRef, rest: &str) -> Option<Withheld> {
        looked_at(&recipe(rest), &[column(name, values)]).unwrap().0.remove(name)
    }

    #[test]
    fn dates_that_became_days_are_known_by_their_casts() {
        let cast = |pairs: &[(&str, &str)]| {
            let pair =
                |(column, to): &(&str, &str)| format!("{{ column = \"{column}\", to = \"{to}\" }}");
            let list: Vec<String> = pairs.iter().map(pair).collect();
            recipe(&format!("[clean]\ncast = [{}]\n", list.join(", ")))
        };
        let found = cast(&[
            ("a", "date"),
            ("b", "timestamp"),
            ("c", "integer"),
            ("a", "integer"),
            ("d", "date"),
            ("b", "integer"),
            ("b", "number"),
        ]);
        assert_eq!(dates(&found), BTreeSet::from(["a", "b"]));
        let lost = cast(&[("a", "date"), ("a", "integer"), ("a", "text")]);
        assert!(dates(&lost).is_empty());
    }

    #[test]
    fn most_texts_say_what_a_column_of_them_is() {
        let of =
            |texts: &[&str]| as_written(&texts.iter().map(|text| (*text).to_owned()).collect());
        assert_eq!(of(&["￥1,234.50", "(8.00)", "unknown"]), Some(Written::Amounts));
        assert_eq!(of(&["1.2亿元", "３.５万", "-1,234", "?"]), Some(Written::Amounts));
        assert_eq!(of(&["2024年1月31日", "2024/2/1", "20240203", "?"]), Some(Written::Days));
        assert_eq!(of(&["12", "345", "unknown"]), Some(Written::Amounts), "among other texts");
        assert_eq!(of(&["123456", "345678", "unknown"]), None, "numbers of customers");
        assert_eq!(of(&["001234", "00567", "000081"]), None, "numbers of customers");
        assert_eq!(of(&["王芳", "李伟", "￥8"]), None);
        assert_eq!(of(&["12,34", "1.234,5", "2022-13-04"]), None, "what no cast reads");
        assert_eq!(of(&[]), None);
    }

    #[test]
    #[expect(clippy::cast_precision_loss, reason = "numbers of eleven digits")]
    fn numbers_that_identify_are_withheld_as_the_same_texts_are() {
        use arrow::array::{Float64Array, Int64Array};
        let phones = || (0..900_i64).map(|row| 13_502_991_214 + row * 7_919_113 % 480_000_000);
        let integers = |numbers: &mut dyn Iterator<Item = i64>| -> ArrayRef {
            Arc::new(Int64Array::from_iter_values(numbers))
        };
        let floats = phones().map(|phone| (phone % 9 != 0).then_some(phone as f64));
        let floats: ArrayRef = Arc::new(floats.collect::<Float64Array>());
        let texts: ArrayRef =
            Arc::new(StringArray::from_iter_values(phones().map(|phone| phone.to_string())));
        let personal = Some(Withheld::Personal);
        for values in [integers(&mut phones()), floats, texts] {
            assert_eq!(fate("contact", values, ""), personal);
        }
        // More different values than are looked at.
        let many = integers(&mut (0..20_000_i64).map(|row| 15_900_000_000 + row * 37));
        assert_eq!(fate("contact", many, ""), personal);
        let residents =
            integers(&mut [110_101_199_003_070_011, 110_101_199_003_070_038].into_iter());
        assert_eq!(fate("number", residents, ""), personal);
        let cards = integers(&mut [6_222_021_234_567_890_128, 4_111_111_111_111_111].into_iter());
        assert_eq!(fate("number", cards, ""), personal);
        let social = || integers(&mut (0..300_i64).map(|row| 219_099_999 + row * 1_234_577));
        assert_eq!(fate("ssn", social(), ""), personal);
        assert_eq!(fate("distance", social(), ""), None);
        let chosen = "[protect]\ncolumns = [{ name = \"contact\", action = \"generalize\", to = { width = 1 } }]\n";
        assert_eq!(fate("contact", integers(&mut phones()), chosen), None);
    }

    #[test]
    fn what_was_treated_is_looked_at_for_days_and_amounts_alone() {
        let days = (1..=90).map(|day| format!("2024-{:02}-{:02}", 1 + day / 28, 1 + day % 28));
        let days: ArrayRef = Arc::new(StringArray::from_iter_values(days));
        let written = |more: &str| {
            looked_at(&recipe(more), &[column("admitted", Arc::clone(&days))]).unwrap().1
        };
        let shifted = "[protect]\ncolumns = [{ name = \"admitted\", action = \"shift\", person = \"who\", days = 9 }]\n";
        for more in ["", shifted] {
            assert_eq!(written(more).get("admitted"), Some(&Written::Days), "{more}");
        }
        assert!(written("[train]\nexclude = [\"admitted\"]\n").is_empty());
    }

    #[test]
    #[expect(clippy::cast_possible_truncation, reason = "whole numbers of twelve digits")]
    fn amounts_and_measures_are_not_withheld() {
        use arrow::array::{Float64Array, Int64Array};
        // From thousands to hundreds of billions: some have eleven digits and begin with 13 to 19.
        let assets = (0..3_000_i32).map(|row| 10_f64.powf(3.0 + f64::from(row) * 0.003).floor());
        let assets: Vec<f64> = assets.collect();
        assert!(assets.iter().filter(|value| (13e9..20e9).contains(*value)).count() > 50);
        let whole: ArrayRef = Arc::new(Float64Array::from(assets.clone()));
        assert_eq!(fate("assets", whole, ""), None);
        let whole: ArrayRef =
            Arc::new(Int64Array::from_iter_values(assets.iter().map(|value| *value as i64)));
        assert_eq!(fate("phone_bill", whole, ""), None);
        let ages: ArrayRef =
            Arc::new(Int64Array::from_iter_values((0..500).map(|row| 18 + row % 60)));
        assert_eq!(fate("phone", ages, ""), None);
    }

    #[test]
    fn bounds_of_flags_are_those_of_values_as_they_are_sent() {
        let rules = "[clean]\noutliers = [\
            { column = \"age\", method = \"quantile\", factor = 0.1, action = \"clip\" }, \
            { column = \"age\", method = \"iqr\", action = \"flag\" }, \
            { column = \"pay\", method = \"range\", min = 1.0, max = 9.0, action = \"flag\" }, \
            { column = \"rent\", method = \"iqr\", action = \"flag\" }]\n";
        let recipe = recipe(rules);
        let rule = |index: usize, low: f64, high: f64| {
            serde_json::json!({
                "key_path": format!("clean.outliers[{index}]"), "text": { "en": "", "zh": "" }, "rows_in": 1,
                "dropped": 0, "changed": 0, "flagged": 0,
                "found": { "bounds": { "column": "age", "low": low, "high": high } },
            })
        };
        let outcome: CleanOutcome = serde_json::from_value(serde_json::json!({
            "rows_in": 1, "rows_out": 1, "sources": [], "reconciliation": [], "before": [], "after": [],
            "rules": [rule(0, 20.0, 60.0), rule(1, 15.0, 50.0)],
        }))
        .unwrap();
        // Nothing below 15 is left when what is below 20 became 20.
        assert_eq!(bounds(&recipe, &outcome, 1), Some((f64::NEG_INFINITY, 50.0)));
        assert_eq!(bounds(&recipe, &outcome, 2), Some((1.0, 9.0)));
        assert_eq!(bounds(&recipe, &outcome, 3), None, "a protected column's are not told");
        assert_eq!(flags(&recipe).count(), 3);
    }

    #[test]
    fn flags_of_the_target_are_found_under_any_name() {
        let recipe = |rest: &str| {
            let text = format!(
                "[project]\nname = \"x\"\ntask = \"tabular.regression\"\ntarget = \"rent\"\n\
                 [[source]]\nname = \"a\"\nuri = \"a.csv\"\n{rest}"
            );
            ingot_recipe::parse("ingot.toml", &text).unwrap_or_else(|faults| panic!("{faults:?}"))
        };
        let rules = |column: &str| {
            format!(
                "[clean]\noutliers = [{{ column = \"{column}\", method = \"iqr\", factor = 3.0, action = \"flag\" }}, \
                 {{ column = \"size\", method = \"iqr\", factor = 3.0, action = \"flag\" }}]\n"
            )
        };
        assert_eq!(answers(&recipe(&rules("rent"))), ["rent_outlier"]);
        assert!(answers(&recipe(&rules("age"))).is_empty());
        let renamed = rules("rent")
            + "[protect]\ncolumns = [{ name = \"rent_outlier\", as = \"odd\", action = \"hash\" }]\n";
        assert_eq!(answers(&recipe(&renamed)), ["odd"]);
    }
}
