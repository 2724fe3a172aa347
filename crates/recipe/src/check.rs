//! The tree against the language: every key, type and value, one by one. What is right becomes plain JSON with the
//! defaults filled in; what is wrong becomes a fault, and null in the JSON.

use crate::diagnostic::Found;
use crate::language::{
    BACKBONES, Choice, DATE_PARTS, Key, LEVEL_FILE, LEVELS, Literal, Map, OWN, PREFIX, Presence,
    RECIPE, Shape, Table, WIDTH,
};
use crate::messages as m;
use crate::span::child;
use crate::syntax::{Entry, Node, Value};
use crate::{forms, language};
use ingot_base::{Fault, Message};
use serde_json::{Map as Object, Value as Json};
use std::collections::BTreeSet;
use std::ops::Range;

/// Similar enough to be meant: Jaro-Winkler, 1 for equal.
const SIMILAR: f64 = 0.8;

/// Checks a whole recipe.
pub(crate) fn recipe(entries: &[Entry]) -> (Json, Vec<Found>) {
    let mut checker = Checker { faults: Vec::new() };
    let object = checker.table(&RECIPE, entries, &(0..0), "");
    (Json::Object(object), checker.faults)
}

/// The defaults of a table none of whose keys are set.
pub(crate) fn defaults(table: &Table) -> Object<String, Json> {
    table.keys.iter().filter_map(|key| Some((key.name.to_owned(), default(key)?))).collect()
}

/// The value that holds when the key is not set.
pub(crate) fn default(key: &Key) -> Option<Json> {
    let Presence::Default(literal) = key.presence else { return None };
    Some(match literal {
        Literal::Text(text) => Json::from(text),
        Literal::Boolean(is) => Json::from(is),
        Literal::Integer(number) => Json::from(number),
        Literal::Number(number) => Json::from(number),
        Literal::List => Json::Array(Vec::new()),
        Literal::Map => Json::Object(Object::new()),
        Literal::Table => match key.shape {
            Shape::Table(table) => Json::Object(defaults(table)),
            _ => Json::Object(Object::new()),
        },
    })
}

struct Checker {
    faults: Vec<Found>,
}

/// A value to check, and how messages name it.
#[derive(Clone, Copy)]
struct Setting<'a> {
    node: &'a Node,
    path: &'a str,
    key: &'a str,
    example: &'a str,
}

impl Checker {
    fn table(
        &mut self,
        table: &'static Table,
        entries: &[Entry],
        header: &Range<usize>,
        path: &str,
    ) -> Object<String, Json> {
        let mut object = Object::new();
        for entry in entries {
            let path = child(path, &entry.key);
            match table.key(&entry.key) {
                Some(key) if key.is_here() => {
                    let setting = Setting {
                        node: &entry.node,
                        path: &path,
                        key: key.name,
                        example: key.example,
                    };
                    let value = self.value(&key.shape, setting);
                    object.insert(key.name.to_owned(), value.unwrap_or(Json::Null));
                }
                Some(_) => {
                    self.push(&path, &entry.range, Fault::new(&m::NOT_YET).arg("key", &path));
                }
                None => self.push(&path, &entry.range, unknown_key(table, &entry.key)),
            }
        }
        for key in
            table.keys.iter().filter(|key| !entries.iter().any(|entry| entry.key == key.name))
        {
            if let Some(value) = default(key) {
                object.insert(key.name.to_owned(), value);
            } else if matches!(key.presence, Presence::Required) {
                let fault = Fault::new(&m::MISSING_KEY)
                    .arg("table", table.name)
                    .arg("key", key.name)
                    .arg("example", key.example);
                self.faults.push(Found::missing(fault.at(child(path, key.name)), header.clone()));
            }
        }
        object
    }

    fn push(&mut self, path: &str, range: &Range<usize>, fault: Fault) {
        self.faults.push(Found::new(fault.at(path), range.clone()));
    }

    /// Says what is wrong and gives no value.
    fn refuse(&mut self, setting: Setting<'_>, fault: Fault) -> Option<Json> {
        self.push(setting.path, &setting.node.range, fault);
        None
    }

    fn wrong(&mut self, setting: Setting<'_>, message: &'static Message) -> Option<Json> {
        self.refuse(
            setting,
            Fault::new(message).arg("key", setting.key).arg("example", setting.example),
        )
    }

    fn value(&mut self, shape: &Shape, setting: Setting<'_>) -> Option<Json> {
        let value = &setting.node.value;
        match (shape, value) {
            (Shape::Text(form), Value::Text(text)) => {
                match forms::check(*form, setting.key, text, setting.example) {
                    None => Some(Json::from(text.as_str())),
                    Some(fault) => self.refuse(setting, fault),
                }
            }
            (Shape::Text(_), _) => self.wrong(setting, &m::NOT_TEXT),
            (Shape::Scalar, _) => match scalar(value) {
                Some(text) if text.trim().is_empty() => self.wrong(setting, &m::EMPTY),
                Some(text) => Some(Json::from(text)),
                None => self.wrong(setting, &m::NOT_SCALAR),
            },
            (Shape::Boolean | Shape::True, Value::Boolean(true)) => Some(Json::from(true)),
            (Shape::Boolean, Value::Boolean(false)) => Some(Json::from(false)),
            (Shape::Boolean, _) => self.wrong(setting, &m::NOT_BOOLEAN),
            (Shape::True, _) => self.wrong(setting, &m::NOT_TRUE),
            (Shape::Integer(low, high), _) => self.integer(*low, *high, setting),
            (Shape::Number(bounds), _) => self.number(bounds, setting),
            (Shape::Choice(choices), Value::Text(text)) => self.choice(choices, text, setting),
            (Shape::Choice(_), _) => self.wrong(setting, &m::NOT_TEXT),
            (Shape::Date, Value::Text(text) | Value::Moment(text)) if forms::is_date(text) => {
                Some(Json::from(text.as_str()))
            }
            (Shape::Date, _) => self.wrong(setting, &m::NOT_DATE),
            (Shape::List(list), _) => self.list(list, setting),
            (Shape::Table(table), Value::Table(entries)) => {
                Some(Json::Object(self.table(table, entries, &setting.node.range, setting.path)))
            }
            (Shape::Table(_), _) => self.wrong(setting, &m::NOT_TABLE),
            (Shape::Map(map), _) => self.map(map, setting),
            (Shape::Parameters(table), _) => self.parameters(table, setting),
            (Shape::Generalization, _) => self.generalization(setting),
            (Shape::Backbone, Value::Text(text)) => self.choice(BACKBONES, text, setting),
            (Shape::Backbone, Value::Table(entries)) => {
                Some(Json::Object(self.table(&OWN, entries, &setting.node.range, setting.path)))
            }
            (Shape::Backbone, _) => self.wrong(setting, &m::NOT_BACKBONE),
        }
    }

    fn integer(&mut self, low: i64, high: i64, setting: Setting<'_>) -> Option<Json> {
        match setting.node.value {
            Value::Integer(number) if (low..=high).contains(&number) => Some(Json::from(number)),
            // Only a whole number that 64 bits cannot hold is read as infinite.
            Value::Integer(_) | Value::Number(f64::INFINITY) => {
                let range = if high == i64::MAX {
                    format!("{} ≥ {low}", setting.key)
                } else {
                    format!("{low} ≤ {} ≤ {high}", setting.key)
                };
                self.out_of_range(setting, &range)
            }
            _ => self.wrong(setting, &m::NOT_INTEGER),
        }
    }

    fn number(&mut self, bounds: &language::Bounds, setting: Setting<'_>) -> Option<Json> {
        let number = match setting.node.value {
            Value::Number(number) => number,
            #[expect(
                clippy::cast_precision_loss,
                reason = "a whole number beyond 2^53 means the nearest one here"
            )]
            Value::Integer(number) => number as f64,
            _ => return self.wrong(setting, &m::NOT_NUMBER),
        };
        if bounds.holds(number) {
            Some(Json::from(number))
        } else {
            self.out_of_range(setting, &bounds.inequality(setting.key))
        }
    }

    fn out_of_range(&mut self, setting: Setting<'_>, range: &str) -> Option<Json> {
        let fault = Fault::new(&m::OUT_OF_RANGE)
            .arg("key", setting.key)
            .arg("range", range)
            .arg("example", setting.example);
        self.refuse(setting, fault)
    }

    fn choice(&mut self, choices: &[Choice], text: &str, setting: Setting<'_>) -> Option<Json> {
        match choices.iter().find(|choice| choice.value == text) {
            Some(choice) if choice.later => {
                let name = format!("{} = \"{text}\"", setting.key);
                self.refuse(setting, Fault::new(&m::NOT_YET).arg("key", name))
            }
            Some(_) => Some(Json::from(text)),
            None => {
                let known: Vec<&str> = choices
                    .iter()
                    .filter(|choice| !choice.later)
                    .map(|choice| choice.value)
                    .collect();
                let fault = match nearest(text, choices.iter().map(|choice| choice.value)) {
                    Some(near) => Fault::new(&m::CHOICE_NEAR).arg("near", near),
                    None => Fault::new(&m::CHOICE),
                };
                self.refuse(
                    setting,
                    fault.arg("found", text).arg("key", setting.key).arg("known", known.join(", ")),
                )
            }
        }
    }

    fn list(&mut self, list: &language::List, setting: Setting<'_>) -> Option<Json> {
        let Value::List(items) = &setting.node.value else {
            let message = if list.tables { &m::NOT_TABLES } else { &m::NOT_LIST };
            return self.wrong(setting, message);
        };
        if items.len() < list.least {
            return self.wrong(setting, &m::EMPTY_LIST);
        }
        let mut seen = BTreeSet::new();
        let mut values = Vec::with_capacity(items.len());
        for (index, node) in items.iter().enumerate() {
            let path = format!("{}[{index}]", setting.path);
            let item = Setting { node, path: &path, ..setting };
            let value = self.value(&list.of, item);
            if let Some(text) = value.as_ref().and_then(Json::as_str).filter(|_| list.distinct)
                && !seen.insert(text.to_owned())
            {
                self.push(
                    &path,
                    &node.range,
                    Fault::new(&m::REPEATED).arg("value", text).arg("key", setting.key),
                );
            }
            values.push(value.unwrap_or(Json::Null));
        }
        Some(Json::Array(values))
    }

    fn map(&mut self, map: &Map, setting: Setting<'_>) -> Option<Json> {
        let Value::Table(entries) = &setting.node.value else {
            return self.wrong(setting, &m::NOT_TABLE);
        };
        let mut object = Object::new();
        for entry in entries {
            let path = child(setting.path, &entry.key);
            if let Some(fault) = forms::check(map.key, setting.key, &entry.key, setting.example) {
                self.push(&path, &entry.range, fault);
            }
            let item = Setting {
                node: &entry.node,
                path: &path,
                key: &entry.key,
                example: setting.example,
            };
            let value = self.value(&map.of, item);
            object.insert(entry.key.clone(), value.unwrap_or(Json::Null));
        }
        Some(Json::Object(object))
    }

    fn parameters(&mut self, table: &'static Table, setting: Setting<'_>) -> Option<Json> {
        let Value::Table(entries) = &setting.node.value else {
            return self.wrong(setting, &m::NOT_TABLE);
        };
        let object = self.table(table, entries, &setting.node.range, setting.path);
        let text = |value: Json| match value {
            Json::String(text) => text,
            // As written whole where it is whole: `6`, not `6.0`.
            Json::Number(number) => number
                .as_f64()
                .filter(|_| number.is_f64())
                .map_or_else(|| number.to_string(), |float| float.to_string()),
            other => other.to_string(),
        };
        Some(Json::Object(
            object.into_iter().map(|(name, value)| (name, Json::String(text(value)))).collect(),
        ))
    }

    fn generalization(&mut self, setting: Setting<'_>) -> Option<Json> {
        match &setting.node.value {
            Value::Text(text) => self.choice(DATE_PARTS, text, setting),
            Value::Table(entries) => {
                let forms = [("prefix", &PREFIX), ("levels", &LEVELS), ("file", &LEVEL_FILE)];
                let has = |key: &str| entries.iter().any(|entry| entry.key == key);
                let table =
                    forms.into_iter().find(|(key, _)| has(key)).map_or(&WIDTH, |form| form.1);
                Some(Json::Object(self.table(table, entries, &setting.node.range, setting.path)))
            }
            _ => {
                let known = "\"year\", \"month\", \"decade\", { width = 10 }, { prefix = 3 }, { file = \"levels.csv\", level = 1 }, { levels = [[\"nurse\", \"health\"]], level = 1 }";
                self.refuse(
                    setting,
                    Fault::new(&m::NOT_GENERALIZATION).arg("key", setting.key).arg("known", known),
                )
            }
        }
    }
}

/// A single value as text, as data files hold it.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) | Value::Moment(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Number(number) => number.is_finite().then(|| number.to_string()),
        Value::Boolean(is) => Some(is.to_string()),
        Value::List(_) | Value::Table(_) => None,
    }
}

fn unknown_key(table: &Table, found: &str) -> Fault {
    let known = || table.keys.iter().filter(|key| key.is_here()).map(|key| key.name);
    let fault = if let Some(near) = nearest(found, known()) {
        Fault::new(&m::UNKNOWN_KEY_NEAR).arg("near", near)
    } else if let Some(home) = home(found) {
        Fault::new(&m::UNKNOWN_KEY_ELSEWHERE).arg("home", home)
    } else {
        Fault::new(&m::UNKNOWN_KEY).arg("known", known().collect::<Vec<_>>().join(", "))
    };
    fault.arg("key", found).arg("table", table.name)
}

/// The table of the first level that has the key.
fn home(found: &str) -> Option<&'static str> {
    RECIPE.keys.iter().find_map(|section| {
        let table = match section.shape {
            Shape::Table(table) => table,
            Shape::List(language::List { of: Shape::Table(table), .. }) => table,
            _ => return None,
        };
        table.key(found).filter(|key| key.is_here()).map(|_| table.name)
    })
}

/// The known name that is most like the one found, if one is like it at all.
pub(crate) fn nearest<'k>(found: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let found = found.to_lowercase();
    known
        .map(|name| {
            let plain = |text: &str| text.replace(['-', '_', ' '], "");
            let similarity =
                if plain(&found) == plain(name) { 1.0 } else { strsim::jaro_winkler(&found, name) };
            // Every edit of a short name makes another word of it.
            let close =
                strsim::damerau_levenshtein(&found, name) <= (name.chars().count() / 3).max(1);
            (name, similarity, close)
        })
        .filter(|(_, similarity, close)| *similarity >= 1.0 || (*similarity >= SIMILAR && *close))
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .map(|(name, ..)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_names() {
        let known = || ["drop_missing", "keep", "cast", "dedupe"].into_iter();
        assert_eq!(nearest("drop_mising", known()), Some("drop_missing"));
        assert_eq!(nearest("Drop-Missing", known()), Some("drop_missing"));
        assert_eq!(nearest("kep", known()), Some("keep"));
        assert_eq!(nearest("cats", known()), Some("cast"), "a transposition");
        assert_eq!(nearest("colour", known()), None);
        assert_eq!(nearest("", known()), None);
        assert_eq!(nearest("z-score", ["zscore", "iqr"].into_iter()), Some("zscore"));
    }
}
