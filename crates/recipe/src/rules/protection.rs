//! Rules of `[protect] text` and `[protect] anonymity`.

use super::{Rules, field};
use crate::messages as m;
use ingot_base::Fault;
use serde_json::Value as Json;
use std::collections::BTreeSet;

impl Rules<'_> {
    /// Free text has one treatment, and a user's type something to match.
    pub(super) fn texts(&mut self) {
        let ruled: BTreeSet<&str> =
            self.items("/protect/columns").iter().filter_map(|rule| field(rule, "name")).collect();
        for (path, name) in self.listed("/protect/text/columns", "protect.text.columns") {
            if ruled.contains(name) {
                self.report(path, Fault::new(&m::PROTECTED_TWICE).arg("column", name));
            } else if self.target() == Some(name) {
                self.report(path, Fault::new(&m::PROTECT_TARGET).arg("column", name));
            }
        }
        for (index, rule) in self.items("/protect/text/custom").iter().enumerate() {
            if rule.get("regex").is_none() && is_empty(rule, "dictionary") {
                let fault = Fault::new(&m::NEEDS)
                    .arg("setting", "custom")
                    .arg("key", "regex")
                    .arg("example", "regex = 'LN-\\d{8}'");
                self.report(format!("protect.text.custom[{index}]"), fault);
            }
        }
    }

    /// Settings of anonymity that belong together.
    pub(super) fn anonymity(&mut self) {
        let Some(rule) = self.recipe.pointer("/protect/anonymity").filter(|rule| rule.is_object())
        else {
            return;
        };
        let path = "protect.anonymity";
        self.belongs(rule, path, "diversity", &[("c", &["recursive"])]);
        if field(rule, "diversity").is_some_and(|way| way != "distinct") && rule.get("l").is_none()
        {
            self.needed(rule, path, "diversity", "l");
        }
        let quasi = self.listed("/protect/anonymity/quasi", "protect.anonymity.quasi");
        let known: BTreeSet<&str> = quasi.iter().map(|(_, name)| *name).collect();
        for (path, name) in
            self.listed("/protect/anonymity/sensitive", "protect.anonymity.sensitive")
        {
            if known.contains(name) {
                self.report(path, Fault::new(&m::SENSITIVE_QUASI).arg("column", name));
            }
        }
        let mut seen = BTreeSet::new();
        for (index, rule) in self.items("/protect/anonymity/hierarchies").iter().enumerate() {
            self.hierarchy(rule, &format!("protect.anonymity.hierarchies[{index}]"), &known);
            if let Some(name) = field(rule, "column").filter(|name| !seen.insert(*name)) {
                let path = format!("protect.anonymity.hierarchies[{index}].column");
                self.report(path, Fault::new(&m::PROTECTED_TWICE).arg("column", name));
            }
        }
    }

    fn hierarchy(&mut self, rule: &Json, path: &str, quasi: &BTreeSet<&str>) {
        if let Some(name) = field(rule, "column").filter(|name| !quasi.contains(name)) {
            let fault = Fault::new(&m::HIERARCHY_COLUMN).arg("column", name);
            self.report(format!("{path}.column"), fault);
        }
        let forms =
            [!is_empty(rule, "widths"), !is_empty(rule, "prefixes"), rule.get("file").is_some()];
        if forms.into_iter().filter(|given| *given).count() != 1 {
            self.report(path, Fault::new(&m::HIERARCHY_FORM));
        }
        let numbers = |key: &str| -> Vec<f64> {
            let list = rule.get(key).and_then(Json::as_array);
            list.into_iter().flatten().filter_map(Json::as_f64).collect()
        };
        let multiple = |pair: &[f64]| match pair {
            [fine, coarse] => {
                coarse > fine && ((coarse / fine) - (coarse / fine).round()).abs() < 1e-9
            }
            _ => true,
        };
        if !numbers("widths").windows(2).all(multiple) {
            self.report(format!("{path}.widths"), Fault::new(&m::HIERARCHY_WIDTHS));
        }
        if !numbers("prefixes").is_sorted_by(|longer, shorter| longer > shorter) {
            self.report(format!("{path}.prefixes"), Fault::new(&m::HIERARCHY_PREFIXES));
        }
    }
}

fn is_empty(rule: &Json, key: &str) -> bool {
    rule.get(key).and_then(Json::as_array).is_none_or(Vec::is_empty)
}
