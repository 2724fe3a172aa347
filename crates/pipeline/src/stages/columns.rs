//! What a model of a table may learn from its columns, and what serving must do to values as the recipe did.

use crate::convert;
use crate::run::Done;
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use ingot_base::{Fault, Result, fault};
use ingot_data::{CleanOutcome, Found};
use ingot_privacy::detect::{DetectConfig, Detector, Kind};
use ingot_recipe::{Action, Generalize, ImputeMethod, OutlierAction, Recipe};
use ingot_train::{Prepared, Withheld};
use std::collections::{BTreeMap, BTreeSet};

/// Different values of a column that are looked at: a column of more is no category.
const VALUES: usize = 5_000;

/// Columns that the model is not shown, by their names in the table, and why.
///
/// # Errors
/// When the detector cannot be made.
pub(crate) fn withheld(
    recipe: &Recipe,
    batches: &[RecordBatch],
) -> Result<BTreeMap<String, Withheld>> {
    let mut withheld = personal(recipe, batches)?;
    for rule in &recipe.protect.columns {
        if matches!(
            rule.action,
            Action::Encrypt | Action::Fpe | Action::Hash | Action::Pseudonymize(_)
        ) {
            let name = rule.rename.as_ref().unwrap_or(&rule.name);
            withheld.insert(name.clone(), Withheld::Token);
        }
    }
    withheld.extend(answers(recipe).into_iter().map(|name| (name, Withheld::Answer)));
    Ok(withheld)
}

/// Flags of the target's outliers, by their names after protection.
fn answers(recipe: &Recipe) -> Vec<String> {
    let flags = recipe.clean.outliers.iter().filter(|rule| rule.action == OutlierAction::Flag);
    flags
        .filter(|rule| rule.column == recipe.project.target)
        .map(|rule| renamed(recipe, &format!("{}_outlier", rule.column)))
        .collect()
}

/// What was done to columns before training that can be done to a single value, too.
pub(crate) fn prepared(recipe: &Recipe, clean: &Done) -> Result<BTreeMap<String, Prepared>> {
    let outcome: CleanOutcome = serde_json::from_value(clean.record.evidence.clone())
        .map_err(|error| fault::internal("the cleaning's record cannot be read").because(error))?;
    let mut prepared: BTreeMap<String, Prepared> = BTreeMap::new();
    for found in outcome.rules.into_iter().filter_map(|rule| rule.found) {
        if let Found::Fill { column, value } = found {
            prepared.entry(renamed(recipe, &column)).or_default().fill = Some(value);
        }
    }
    // A constant is found in no data.
    for rule in &recipe.clean.impute {
        if let ImputeMethod::Constant(value) = &rule.method {
            let column = prepared.entry(renamed(recipe, &rule.column)).or_default();
            column.fill.get_or_insert_with(|| value.clone());
        }
    }
    for rule in &recipe.protect.columns {
        if let Action::Generalize(Generalize::Width(width)) = &rule.action {
            let name = rule.rename.as_ref().unwrap_or(&rule.name);
            prepared.entry(name.clone()).or_default().width = Some(*width);
        }
    }
    Ok(prepared)
}

fn renamed(recipe: &Recipe, column: &str) -> String {
    let rule = recipe.protect.columns.iter().find(|rule| rule.name == column);
    rule.and_then(|rule| rule.rename.as_deref()).unwrap_or(column).to_owned()
}

/// Text columns whose values hold personal data that the recipe has not treated. A number that identifies counts wherever it
/// stands; names and places are also words, so they count when most values are some.
fn personal(recipe: &Recipe, batches: &[RecordBatch]) -> Result<BTreeMap<String, Withheld>> {
    let treated = convert::personal(recipe);
    let quasi = recipe.protect.anonymity.iter().flat_map(|policy| &policy.quasi);
    let asked = recipe.train.exclude.iter().chain(quasi).chain(&treated);
    let renamed = recipe.protect.columns.iter().filter_map(|rule| rule.rename.as_ref());
    let spared: BTreeSet<&String> = asked.chain(renamed).chain([&recipe.project.target]).collect();
    let schema = batches.first().map(RecordBatch::schema);
    let fields = schema.iter().flat_map(|schema| schema.fields().iter());
    let detector = Detector::new(DetectConfig::default())?;
    let mut found = BTreeMap::new();
    for field in
        fields.filter(|field| !field.name().starts_with('_') && !spared.contains(field.name()))
    {
        let Some(values) = texts(batches, field.name())? else { continue };
        let (mut certain, mut named) = (false, 0);
        for value in &values {
            let findings = detector.detect(value);
            certain |= findings.iter().any(|finding| identifies(&finding.kind));
            named += usize::from(findings.iter().any(|finding| finding.kind == Kind::Person));
        }
        if certain || named * 2 > values.len() {
            found.insert(field.name().clone(), Withheld::Personal);
        }
    }
    Ok(found)
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

/// The different values of a text column; `None` for another type, and for more values than categories have.
fn texts(batches: &[RecordBatch], name: &str) -> Result<Option<BTreeSet<String>>> {
    let mut values = BTreeSet::new();
    for batch in batches {
        let Some(column) = batch.column_by_name(name) else { return Ok(None) };
        let text = match column.data_type() {
            DataType::Dictionary(_, values) => values.as_ref() == &DataType::Utf8,
            kind => matches!(kind, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View),
        };
        if !text {
            return Ok(None);
        }
        let column = cast(column, &DataType::Utf8)
            .map_err(|error| -> Fault { fault::internal("texts of a column").because(error) })?;
        for value in column.as_string::<i32>().iter().flatten() {
            if !values.contains(value) {
                values.insert(value.to_owned());
            }
        }
        if values.len() > VALUES {
            return Ok(None);
        }
    }
    Ok(Some(values))
}

#[cfg(test)]
mod tests {
    use super::*;

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
