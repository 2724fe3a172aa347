//! The recipe file: TOML with spans in, a valid recipe or all its faults out.
//!
//! The language is described once, in `language`; the checker and the JSON Schema are read off that description.
//! Nothing else in the workspace knows the file: stages name a key path (`clean.keep[0]`) in their faults, and
//! [`locate`] turns it into a line and a column.

mod bech32;
mod check;
mod diagnostic;
mod duration;
mod forms;
mod language;
pub mod messages;
mod model;
mod rules;
mod schema;
mod secrets;
mod span;
mod starter;
mod syntax;

pub use diagnostic::Diagnostic;
pub use messages::MESSAGES;
pub use model::{
    Action, Anonymity, AnonymityLoss, Augment, Backbone, Batch, Calibration, CalibrationMethod,
    Carried, Cast, CastType, Clean, ColumnRule, Compress, Cost, CustomType, Decontaminate, Dedupe,
    Distill, Diversity, Encoder, EncoderMethod, Encoding, Engine, Expectation, Explain,
    ExplainMethod, Format, Generalize, Guard, Head, Hierarchy, HierarchyKind, Impute, ImputeMethod,
    LetterCase, Likeness, Lora, Mix, Named, Names, Near, NearAction, Normalize, Objective, OnFail,
    Outlier, OutlierAction, OutlierMethod, OwnBackbone, Passages, Pooling, Presence, Private,
    Project, Protect, Prune, Quality, Quantize, RateLimit, Recipe, Recoding, Rule, Schedule, Seal,
    Serve, Source, Split, SplitMethod, Store, TextAction, TextRule, Tolerance, Train, Unfreeze,
    Unit,
};
pub use schema::json_schema;
pub use span::Span;
pub use starter::{Example, example, starter};

use diagnostic::Found;
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::sync::Arc;
use syntax::Document;

/// Most faults reported of one recipe.
const MOST: usize = 200;

/// Reads a recipe. `file_name` is what diagnostics call the file; nothing is read from disk.
///
/// # Errors
/// All faults of the recipe in the order of its lines (the first 200): broken TOML, unknown keys, wrong types, values
/// out of range, settings that contradict each other. Where the TOML itself is broken, the rest of the text is checked
/// key by key, but nothing is said of what might be missing.
pub fn parse(file_name: &str, text: &str) -> std::result::Result<Recipe, Vec<Diagnostic>> {
    let Document { entries, broken, trusted } = syntax::read(text);
    let (mut json, mut faults) = check::recipe(&entries);
    if broken.is_empty() {
        misspelt_days(&mut json, &faults);
        faults.extend(rules::check(&json).into_iter().map(|fault| {
            let range =
                fault.key_path().and_then(|path| syntax::find(&entries, path)).unwrap_or(0..0);
            Found::new(fault, range)
        }));
    } else {
        let lines: BTreeSet<usize> = broken.iter().map(|found| line(text, found)).collect();
        faults.retain(|found| {
            !found.missing && found.range.start < trusted && !lines.contains(&line(text, found))
        });
        faults.extend(broken);
    }
    if faults.is_empty() {
        match serde_json::from_value(json) {
            Ok(recipe) => return Ok(recipe),
            // Unreachable by test: whatever passes the description has the model's types.
            Err(error) => {
                let fault =
                    ingot_base::fault::internal("a checked recipe without a model").because(error);
                faults.push(Found::new(fault, 0..0));
            }
        }
    }
    faults.sort_by_key(|found| found.range.start);
    faults.truncate(MOST);
    let (file, text): (Arc<str>, Arc<str>) = (file_name.into(), text.into());
    Err(faults.into_iter().map(|found| Diagnostic::new(&file, &text, found)).collect())
}

/// Days that a rule misspells are wrong, not missing: its dates do not move by as many as without any.
fn misspelt_days(json: &mut Json, faults: &[Found]) {
    let rules = json.pointer_mut("/protect/columns").and_then(Json::as_array_mut);
    for (index, rule) in rules.into_iter().flatten().enumerate() {
        let table = format!("protect.columns[{index}].");
        let misspelt = |found: &Found| {
            let near = |(name, value): &(&str, String)| *name == "near" && value == "days";
            let fault = &found.fault;
            fault.code() == messages::UNKNOWN_KEY_NEAR.code
                && fault.key_path().is_some_and(|path| path.starts_with(&table))
                && fault.args().iter().any(near)
        };
        let shifts = rule.get("action").and_then(Json::as_str) == Some("shift");
        if let Some(rule) = rule.as_object_mut()
            && shifts
            && faults.iter().any(misspelt)
        {
            rule.entry("days").or_insert(Json::Null);
        }
    }
}

fn line(text: &str, found: &Found) -> usize {
    text.get(..found.range.start)
        .map_or(0, |before| before.bytes().filter(|byte| *byte == b'\n').count())
}

/// Where a key path such as `clean.keep[0]`, `source[1].uri` or `protect.columns[2].name` stands in the text: its value,
/// or the header of its table. Where the recipe does not set it, the nearest table or value above it; `None` when that
/// is not there either, or the path is none. Keys with dots or brackets stand in quotes: `source[0].rename."a.b"`.
pub fn locate(text: &str, key_path: &str) -> Option<Span> {
    syntax::find(&syntax::read(text).entries, key_path).map(|range| Span::of(text, &range))
}
