//! The recipe's column names against the sources' headers, all at once, before any stage runs.

use crate::convert;
use crate::project::Project;
use ingot_base::Fault;
use ingot_data::Header;
use ingot_recipe::{Diagnostic, Recipe};
use std::collections::BTreeSet;

/// The code of a first line that is hardly a header: its columns are not to be named.
const DOUBTFUL: &str = "data-header-doubtful";

/// Every name of the recipe that no source has, at its place. Empty where that cannot be told without reading the sources
/// whole; their stage tells it then, as it tells what else is wrong with them.
pub fn check_names(project: &Project<'_>) -> Vec<Diagnostic> {
    let sources = convert::sources(project.recipe());
    let Ok(Some(headers)) = ingot_data::headers(project.source.folder(), &sources) else {
        return Vec::new();
    };
    let file = project.source.path.display().to_string();
    let mut faults = unknown(project.recipe(), &headers);
    if faults.iter().all(|fault| fault.code() != DOUBTFUL) {
        let clean = convert::clean(project.recipe());
        faults.extend(ingot_data::check_sql(&headers, &sources, &clean));
    }
    let mut found: Vec<Diagnostic> = faults
        .into_iter()
        .filter_map(|fault| Diagnostic::locate(&file, &project.source.text, fault).ok())
        .collect();
    found.sort_by_key(|diagnostic| diagnostic.span().range.start);
    found
}

fn unknown(recipe: &Recipe, headers: &[Header]) -> Vec<Fault> {
    let doubtful = doubtful(recipe, headers);
    if !doubtful.is_empty() {
        return doubtful;
    }
    let mut faults = Vec::new();
    for index in 0..recipe.sources.len() {
        let own: Vec<&str> = headers
            .iter()
            .filter(|header| header.source == index)
            .flat_map(|header| header.columns.iter().map(String::as_str))
            .collect();
        missing(recipe.renamed(index), &own, &mut faults);
    }
    let mut before: Vec<&str> = Vec::new();
    for header in headers {
        for name in columns(recipe, header) {
            if !before.contains(&name) {
                before.push(name);
            }
        }
    }
    let after = recipe.columns_after_protection(&before);
    let mut after: Vec<&str> = after.iter().map(String::as_str).collect();
    // The new name of a column that is not there is no fault of its own.
    let absent = recipe.protect.columns.iter().filter(|rule| !before.contains(&&*rule.name));
    after.extend(absent.filter_map(|rule| rule.rename.as_deref()));
    missing(recipe.named_before_protection(), &before, &mut faults);
    missing(recipe.named_after_protection(), &after, &mut faults);
    faults
}

fn missing(named: Vec<(String, &str)>, known: &[&str], faults: &mut Vec<Fault>) {
    faults.extend(
        named
            .into_iter()
            .filter(|(_, name)| !known.contains(name) && !name.starts_with('_'))
            .map(|(path, name)| ingot_data::unknown_column(name, known).at(path)),
    );
}

/// A file's columns by their names in the table.
fn columns<'r>(recipe: &'r Recipe, header: &'r Header) -> Vec<&'r str> {
    let rename = recipe.sources.get(header.source).map(|source| &source.rename);
    header
        .columns
        .iter()
        .map(|name| rename.and_then(|rename| rename.get(name)).unwrap_or(name).as_str())
        .collect()
}

/// Files of text whose first line holds neither a name that the recipe names, nor one alike, nor a column of another file.
fn doubtful(recipe: &Recipe, headers: &[Header]) -> Vec<Fault> {
    let protect = &recipe.protect.columns;
    let mut names: BTreeSet<&str> =
        recipe.named_before_protection().into_iter().map(|(_, name)| name).collect();
    names.extend(recipe.named_after_protection().into_iter().map(|(_, name)| name));
    // A new name stands in no file.
    for rule in protect.iter().filter(|rule| rule.rename.is_some()) {
        names.remove(rule.rename.as_deref().unwrap_or_default());
    }
    let known = |header: &Header| {
        let own: Vec<&str> = columns(recipe, header);
        let raw = recipe.renamed(header.source);
        names.iter().any(|name| ingot_data::nearest(name, &own).is_some())
            || raw.iter().any(|(_, name)| header.columns.iter().any(|column| column == name))
    };
    let mut faults = Vec::new();
    for (index, header) in headers.iter().enumerate().filter(|(_, header)| header.text) {
        let shared = headers.iter().enumerate().any(|(other, one)| {
            other != index && one.columns.iter().any(|name| header.columns.contains(name))
        });
        if !known(header) && !shared {
            let fault = ingot_data::doubtful_header(&header.file, names.len());
            faults.push(fault.at(format!("source[{}].uri", header.source)));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipe(rest: &str) -> Recipe {
        let text = format!(
            "[project]\nname = \"x\"\ntask = \"tabular.binary\"\ntarget = \"risk\"\n\
             [[source]]\nname = \"a\"\nuri = \"a.csv\"\n{rest}"
        );
        ingot_recipe::parse("ingot.toml", &text).unwrap_or_else(|faults| {
            panic!("{:?}", faults.iter().map(|fault| fault.fault().to_string()).collect::<Vec<_>>())
        })
    }

    fn header(columns: &[&str]) -> Header {
        let columns = columns.iter().map(|name| (*name).to_owned()).collect();
        Header { source: 0, file: "a.csv".into(), columns, text: true, types: Vec::new() }
    }

    fn found(recipe: &Recipe, headers: &[Header]) -> Vec<(&'static str, String)> {
        unknown(recipe, headers)
            .iter()
            .map(|fault| (fault.code(), fault.key_path().unwrap().to_owned()))
            .collect()
    }

    #[test]
    fn every_unknown_name_of_every_section_is_found_at_once() {
        let recipe = recipe(
            "rename = { old = \"age\", odl = \"x\" }\n[clean]\ndrop_missing = [\"ag\"]\n\
             outliers = [{ column = \"age\", method = \"iqr\", factor = 3.0, action = \"flag\" }]\n\
             [protect]\ncolumns = [{ name = \"id\", as = \"user\", action = \"encrypt\" }, { name = \"tel\", action = \"drop\" }]\n\
             [split]\ngroup = \"user\"\n[train]\nexclude = [\"age_outlier\", \"note\"]\n",
        );
        let faults = found(&recipe, &[header(&["old", "id", "risk"])]);
        assert_eq!(
            faults,
            [
                ("data-column-unknown", "source[0].rename.odl".to_owned()),
                ("data-column-unknown", "clean.drop_missing[0]".to_owned()),
                ("data-column-absent", "protect.columns[1].name".to_owned()),
                ("data-column-absent", "train.exclude[1]".to_owned()),
            ]
        );
    }

    #[test]
    fn the_new_name_of_an_unknown_column_is_no_fault_of_its_own() {
        let recipe = recipe(
            "[protect]\ncolumns = [{ name = \"cidd\", as = \"uid\", action = \"encrypt\" }]\n\
             [split]\ngroup = \"uid\"\n[train]\nexclude = [\"uid\"]\n",
        );
        let faults = found(&recipe, &[header(&["cid", "risk"])]);
        assert_eq!(faults, [("data-column-unknown", "protect.columns[0].name".to_owned())]);
    }

    #[test]
    fn a_first_line_without_any_name_is_doubted_and_not_repeated() {
        let recipe = recipe("[clean]\ndrop_missing = [\"age\"]\n");
        let faults = unknown(&recipe, &[header(&["zhang wei", "30", "good"])]);
        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].code(), "data-header-doubtful");
        assert!(!format!("{faults:?}").contains("zhang"));
        let typo = unknown(&recipe, &[header(&["agee", "x"])]);
        assert!(typo.iter().all(|fault| fault.code() != "data-header-doubtful"), "{typo:?}");
        let mut json = header(&["zhang wei", "30"]);
        json.text = false;
        assert_eq!(found(&recipe, &[json])[0].0, "data-column-absent");
    }
}
