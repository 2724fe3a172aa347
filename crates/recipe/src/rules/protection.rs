//! Rules of `[protect] text` and `[protect] anonymity`.

use super::{Rules, field};
use crate::check::nearest;
use crate::messages as m;
use crate::model::DAYS;
use ingot_base::{Fault, Task};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

impl Rules<'_> {
    /// All dates of a person move alike, so the largest shift is one for each column of persons.
    pub(super) fn shifts(&mut self) {
        let mut first: BTreeMap<&str, (&str, u64)> = BTreeMap::new();
        for (index, rule) in self.items("/protect/columns").iter().enumerate() {
            let days = match rule.get("days") {
                None => Some(DAYS.into()),
                Some(days) => days.as_u64(),
            };
            let (Some("shift"), Some(name), Some(person), Some(days)) =
                (field(rule, "action"), field(rule, "name"), field(rule, "person"), days)
            else {
                continue;
            };
            let (column, other) = *first.entry(person).or_insert((name, days));
            if other != days {
                let key = if rule.get("days").is_some() { ".days" } else { "" };
                let fault = Fault::new(&m::SHIFT_DAYS)
                    .arg("person", person)
                    .arg("days", days)
                    .arg("other", other)
                    .arg("column", column);
                self.report(format!("protect.columns[{index}]{key}"), fault);
            }
        }
    }

    /// Free text has one treatment, and a user's type something to match.
    pub(super) fn texts(&mut self) {
        let ruled: BTreeSet<&str> =
            self.items("/protect/columns").iter().filter_map(|rule| field(rule, "name")).collect();
        for (path, name) in self.listed("/protect/text/columns", "protect.text.columns") {
            if ruled.contains(name) {
                self.report(path, Fault::new(&m::PROTECTED_TWICE).arg("column", name));
            } else if self.target() == Some(name) && self.of_task() != Some(Task::Generate) {
                // A label that is changed is another label; an answer is a text like its question.
                self.report(path, Fault::new(&m::PROTECT_TARGET).arg("column", name));
            }
        }
        for (index, rule) in self.items("/protect/text/custom").iter().enumerate() {
            if rule.get("regex").is_none() && is_empty(rule, "dictionary") {
                let path = format!("protect.text.custom[{index}]");
                self.needs(path, "custom", "regex", "regex = 'LN-\\d{8}'");
            }
        }
    }

    /// A column is known to others or hidden from them.
    pub(super) fn anonymity(&mut self) {
        let root = "protect.anonymity";
        let Some(policy) = self.recipe.pointer("/protect/anonymity").filter(|it| it.is_object())
        else {
            return;
        };
        let names: BTreeSet<&str> = self
            .items("/protect/anonymity/quasi")
            .iter()
            .filter_map(serde_json::Value::as_str)
            .collect();
        for (path, name) in
            self.listed("/protect/anonymity/sensitive", "protect.anonymity.sensitive")
        {
            if names.contains(name) {
                self.report(path, Fault::new(&m::PROTECTED_TWICE).arg("column", name));
            }
        }
        if let Some(person) = field(policy, "person") {
            let sensitive = self.items("/protect/anonymity/sensitive");
            if names.contains(person) || sensitive.iter().any(|name| *name == *person) {
                let fault = Fault::new(&m::PROTECTED_TWICE).arg("column", person);
                self.report(format!("{root}.person"), fault);
            }
        }
        let recursive = field(policy, "diversity") == Some("recursive");
        for (needed, key, example) in
            [("l", "l", "l = 2"), ("c", "c", "c = 3.0")].into_iter().filter(|_| recursive)
        {
            if policy.get(needed).is_none() {
                self.needs(format!("{root}.diversity"), "diversity = \"recursive\"", key, example);
            }
        }
        let mut ruled = BTreeSet::new();
        for (index, rule) in self.items("/protect/anonymity/hierarchies").iter().enumerate() {
            let path = format!("{root}.hierarchies[{index}]");
            let Some(column) = field(rule, "column") else { continue };
            let near = nearest(column, names.iter().copied());
            if let Some(near) = near.filter(|_| !names.contains(column)) {
                let fault = Fault::new(&m::HIERARCHY_NEAR).arg("column", column).arg("near", near);
                self.report(format!("{path}.column"), fault);
            } else if !names.contains(column) {
                let example = format!("quasi = [\"{column}\"]");
                self.needs(format!("{path}.column"), column, "anonymity.quasi", &example);
            } else if !ruled.insert(column) {
                self.report(path.clone(), Fault::new(&m::PROTECTED_TWICE).arg("column", column));
            }
            self.hierarchy(rule, &path);
        }
        self.presence(policy, root);
    }

    /// A hierarchy has the settings of its kind.
    fn hierarchy(&mut self, rule: &Json, path: &str) {
        let Some(by) = field(rule, "by") else { return };
        for (key, kind, example) in [
            ("widths", "interval", ""),
            ("lengths", "prefix", ""),
            ("ranges", "range", "ranges = [[0, 18, 65, 120], [0, 65, 120]]"),
            ("levels", "table", "levels = [[\"nurse\", \"health\", \"*\"]]"),
            ("file", "file", "file = \"data/job-levels.csv\""),
        ] {
            let given =
                rule.get(key).is_some_and(|value| !is_empty(rule, key) || !value.is_array());
            if given && by != kind {
                let fault = Fault::new(&m::NO_MEANING).arg("key", key);
                self.report(
                    format!("{path}.{key}"),
                    fault.arg("setting", format!("by = \"{by}\"")),
                );
            } else if !given && by == kind && !example.is_empty() {
                self.needs(path.to_owned(), &format!("by = \"{by}\""), key, example);
            }
        }
    }

    /// Bounds that leave something between them, and classes of the population.
    fn presence(&mut self, policy: &Json, root: &str) {
        let Some(presence) = policy.get("presence") else { return };
        let bound = |key: &str| presence.get(key).and_then(Json::as_f64);
        if let (Some(least), Some(most)) = (bound("least"), bound("most"))
            && least > most
        {
            self.report(format!("{root}.presence.least"), Fault::new(&m::PRESENCE));
        }
        if field(policy, "recoding") == Some("local") {
            let fault = Fault::new(&m::NO_MEANING).arg("key", "presence");
            self.report(format!("{root}.presence"), fault.arg("setting", "recoding = \"local\""));
        }
    }

    fn needs(&mut self, path: String, setting: &str, key: &str, example: &str) {
        let fault = Fault::new(&m::NEEDS);
        self.report(path, fault.arg("setting", setting).arg("key", key).arg("example", example));
    }
}

fn is_empty(rule: &Json, key: &str) -> bool {
    rule.get(key).and_then(Json::as_array).is_none_or(Vec::is_empty)
}
