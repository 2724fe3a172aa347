//! Rules of `[protect] text`.

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
}

fn is_empty(rule: &Json, key: &str) -> bool {
    rule.get(key).and_then(Json::as_array).is_none_or(Vec::is_empty)
}
