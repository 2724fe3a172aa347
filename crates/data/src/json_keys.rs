//! Which keys of JSON lines become columns.
//!
//! A column's name stands in messages, records, reports and packages. A CSV file says its names once; in JSON lines every line does, and one
//! faulty line could put a person's value there for all to read. A key that hardly any line has, and that the recipe does not name, is
//! therefore left out and never named: only counted, with the line where it was first seen.

use crate::csv_decode::json_type;
use crate::infer::widen;
use crate::messages::KEYS_RARE;
use arrow::datatypes::{DataType, Field};
use ingot_base::Fault;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Lines looked at to tell types and keys.
pub(crate) const RECORDS: usize = 20_000;
/// From so many lines on a key of one line is an accident; of fewer all are columns.
const LINES: u64 = 20;
/// A key of fewer lines than this is one too,
const FEWEST: u64 = 2;
/// and one that fewer than one line in so many has.
const SHARE: u64 = 1_000;

/// A key that is no column. It may be anybody's value, so there is no `Debug` of it.
#[derive(Clone)]
pub(crate) struct Stray {
    pub(crate) key: String,
    /// Lines that have it, of those looked at.
    pub(crate) rows: u64,
    /// The first of them, from 1.
    pub(crate) line: u64,
    /// The narrowest type that holds its values; none of nulls alone.
    kind: Option<DataType>,
}

impl Stray {
    /// The column that it is after all.
    pub(crate) fn column(&self) -> Field {
        Field::new(&self.key, self.kind.clone().unwrap_or(DataType::Utf8), true)
    }
}

impl std::fmt::Debug for Stray {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stray")
            .field("rows", &self.rows)
            .field("line", &self.line)
            .finish_non_exhaustive()
    }
}

/// The keys of JSON lines that are passed over. Like [`Stray`], they are nowhere shown.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct StrayKeys(BTreeSet<String>);

impl StrayKeys {
    pub(crate) fn of(strays: &[Stray]) -> Self {
        Self(strays.iter().map(|stray| stray.key.clone()).collect())
    }

    pub(crate) fn contains(&self, key: &str) -> bool {
        self.0.contains(key)
    }
}

impl std::fmt::Debug for StrayKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StrayKeys({})", self.0.len())
    }
}

/// The keys of the lines looked at.
#[derive(Default)]
pub(crate) struct Keys {
    places: BTreeMap<String, usize>,
    /// In the order in which they were first seen.
    found: Vec<Stray>,
    lines: u64,
}

impl Keys {
    /// The object of a line.
    pub(crate) fn add(&mut self, line: u64, object: &Map<String, Value>) {
        self.lines += 1;
        for (key, value) in object {
            let kind = json_type(value);
            let place = self.places.get(key).and_then(|place| self.found.get_mut(*place));
            if let Some(stray) = place {
                stray.rows += 1;
                stray.kind = match (stray.kind.take(), kind) {
                    (Some(one), Some(other)) => Some(widen(&one, &other)),
                    (one, other) => one.or(other),
                };
            } else {
                self.places.insert(key.clone(), self.found.len());
                self.found.push(Stray { key: key.clone(), rows: 1, line, kind });
            }
        }
    }

    /// The columns, and the keys that are none. `named` says whether the recipe names a key; without a recipe every key is a column.
    pub(crate) fn columns(self, named: Option<&dyn Fn(&str) -> bool>) -> (Vec<Field>, Vec<Stray>) {
        let least = FEWEST.max(self.lines.div_ceil(SHARE));
        let rare = |stray: &Stray| {
            self.lines >= LINES
                && stray.rows < least
                && named.is_some_and(|named| !named(&stray.key))
        };
        let (mut fields, mut strays) = (Vec::new(), Vec::new());
        for stray in self.found {
            if rare(&stray) {
                strays.push(stray);
            } else {
                fields.push(stray.column());
            }
        }
        (fields, strays)
    }
}

/// What is told of keys that are no columns; where they are, not which.
pub(crate) fn rare(file: &str, strays: &[Stray]) -> Fault {
    Fault::new(&KEYS_RARE)
        .arg("file", file)
        .arg("count", strays.len())
        .arg("places", places(strays))
        .arg("fewest", FEWEST)
        .arg("share", SHARE)
        .arg("looked", RECORDS)
}

/// Where keys that are no columns were first seen, a few of them: `17 (1), 40 (3)`, the lines that have each in brackets.
fn places(strays: &[Stray]) -> String {
    const LISTED: usize = 5;
    let listed = strays.iter().take(LISTED).map(|one| format!("{} ({})", one.line, one.rows));
    let mut text = listed.collect::<Vec<_>>().join(", ");
    if strays.len() > LISTED {
        text.push_str(", …");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use ingot_base::Lang;

    fn keys(lines: u64, odd: &[(u64, &str)]) -> Keys {
        let mut keys = Keys::default();
        for line in 1..=lines {
            let mut object = Map::new();
            object.insert("age".to_owned(), Value::from(line));
            for (_, key) in odd.iter().filter(|(at, _)| *at == line) {
                object.insert((*key).to_owned(), Value::from("x"));
            }
            keys.add(line, &object);
        }
        keys
    }

    fn split(keys: Keys, named: Option<&dyn Fn(&str) -> bool>) -> (Vec<String>, Vec<(u64, u64)>) {
        let (fields, strays) = keys.columns(named);
        let names = fields.iter().map(|field| field.name().clone()).collect();
        (names, strays.iter().map(|stray| (stray.line, stray.rows)).collect())
    }

    #[test]
    fn a_key_of_hardly_any_line_is_no_column_unless_it_is_named() {
        let none = |_: &str| false;
        let odd = [(7, "CANARYkey"), (9, "note"), (11, "note")];
        let few = split(keys(1_000, &odd), Some(&none));
        assert_eq!(few, (vec!["age".to_owned(), "note".to_owned()], vec![(7, 1)]));
        let named = |key: &str| key == "CANARYkey";
        assert!(split(keys(1_000, &odd), Some(&named)).1.is_empty());
        assert!(split(keys(1_000, &odd), None).1.is_empty(), "nothing is asked of other files");
        // Two of 3,000 are less than one in a thousand; of few lines every key counts.
        assert_eq!(split(keys(3_000, &odd), Some(&none)).1, [(7, 1), (9, 2)]);
        assert!(split(keys(19, &odd), Some(&none)).1.is_empty());
    }

    #[test]
    fn a_stray_key_is_nowhere_named() {
        let odd: Vec<(u64, String)> = (1..9).map(|line| (line, format!("CANARY{line}"))).collect();
        let odd: Vec<(u64, &str)> = odd.iter().map(|(line, key)| (*line, key.as_str())).collect();
        let (_, strays) = keys(100, &odd).columns(Some(&|_| false));
        assert_eq!(places(&strays), "1 (1), 2 (1), 3 (1), 4 (1), 5 (1), …");
        assert!(!format!("{strays:?} {:?}", StrayKeys::of(&strays)).contains("CANARY"));
        let said = rare("a.jsonl", &strays);
        for (lang, bounds) in [
            (Lang::En, "at least 2 lines and one in 1000 of the first 20000"),
            (Lang::Zh, "至少出现在 2 行，且不少于前 20000 行的 1000 分之一"),
        ] {
            let hint = said.hint(lang).unwrap();
            assert!(hint.contains(bounds) && !hint.contains('{'), "{hint}");
        }
    }
}
