//! The columns that a recipe names, each with the key path that names it.

use super::Recipe;
use crate::span::child;

/// A column's name and where the recipe names it.
pub type Named<'r> = (String, &'r str);

impl Recipe {
    /// Columns named as they are before protection: by the rules of `[clean]` and `[protect]`. Not those in SQL.
    pub fn named_before_protection(&self) -> Vec<Named<'_>> {
        let clean = &self.clean;
        let mut named: Vec<Named<'_>> = Vec::new();
        let mut add = |path: String, name| named.push((path, name));
        for (index, name) in clean.drop_missing.iter().enumerate() {
            add(format!("clean.drop_missing[{index}]"), name.as_str());
        }
        for (index, rule) in clean.normalize.iter().enumerate() {
            add(format!("clean.normalize[{index}].column"), &rule.column);
        }
        for (index, rule) in clean.cast.iter().enumerate() {
            add(format!("clean.cast[{index}].column"), &rule.column);
        }
        for (index, rule) in clean.impute.iter().enumerate() {
            add(format!("clean.impute[{index}].column"), &rule.column);
        }
        for (index, rule) in clean.outliers.iter().enumerate() {
            add(format!("clean.outliers[{index}].column"), &rule.column);
        }
        for (index, rule) in clean.expect.iter().enumerate() {
            if let Some(column) = &rule.column {
                add(format!("clean.expect[{index}].column"), column);
            }
        }
        for (index, rule) in self.protect.columns.iter().enumerate() {
            add(format!("protect.columns[{index}].name"), &rule.name);
        }
        if let Some(text) = &self.protect.text {
            for (index, name) in text.columns.iter().enumerate() {
                add(format!("protect.text.columns[{index}]"), name);
            }
        }
        named
    }

    /// Columns named as they are after protection: by `[project]`, `protect.anonymity`, `[split]`, `[train]` and
    /// `[explain]`.
    pub fn named_after_protection(&self) -> Vec<Named<'_>> {
        let mut named = vec![("project.target".to_owned(), self.project.target.as_str())];
        let single = [
            ("split.group", &self.split.group),
            ("split.time", &self.split.time),
            ("train.text", &self.train.text),
            ("train.lora.rejected", &self.train.lora.rejected),
        ];
        named.extend(
            single
                .into_iter()
                .filter_map(|(path, name)| name.as_deref().map(|name| (path.to_owned(), name))),
        );
        let person = self.protect.anonymity.as_ref().and_then(|policy| policy.person.as_deref());
        named.extend(person.map(|name| ("protect.anonymity.person".to_owned(), name)));
        let anonymity = self.protect.anonymity.iter().flat_map(|policy| {
            [
                ("protect.anonymity.quasi", &policy.quasi),
                ("protect.anonymity.sensitive", &policy.sensitive),
            ]
        });
        for (path, list) in
            [("train.exclude", &self.train.exclude), ("train.fairness", &self.train.fairness)]
                .into_iter()
                .chain(anonymity)
        {
            named.extend(
                list.iter().enumerate().map(|(index, name)| (format!("{path}[{index}]"), &**name)),
            );
        }
        named.extend(
            self.explain.titles.keys().map(|name| (child("explain.titles", name), name.as_str())),
        );
        named
    }

    /// The columns of a source that it renames.
    pub fn renamed(&self, source: usize) -> Vec<Named<'_>> {
        let path = format!("source[{source}].rename");
        self.sources
            .get(source)
            .into_iter()
            .flat_map(|source| source.rename.keys())
            .map(|name| (child(&path, name), name.as_str()))
            .collect()
    }

    /// The table's columns after cleaning and protection, from those of its sources.
    pub fn columns_after_protection(&self, before: &[&str]) -> Vec<String> {
        let mut columns: Vec<String> = before.iter().map(|name| (*name).to_owned()).collect();
        for rule in &self.clean.outliers {
            if rule.action == super::OutlierAction::Flag {
                columns.push(format!("{}_outlier", rule.column));
            }
        }
        for rule in &self.protect.columns {
            let Some(at) = columns.iter().position(|name| *name == rule.name) else { continue };
            if rule.action == super::Action::Drop {
                columns.remove(at);
            } else if let (Some(renamed), Some(slot)) = (&rule.rename, columns.get_mut(at)) {
                slot.clone_from(renamed);
            }
        }
        columns
    }
}
