//! Hierarchies that the recipe gives, in itself or in files: read, and checked before any stage works.

use crate::messages::{HIERARCHY_LACKS, HIERARCHY_QUOTE, HIERARCHY_TEXT};
use crate::project::Project;
use crate::stages::features;
use ingot_base::{Digest, Fault, Result, atomic};
use ingot_data::Encryption;
use ingot_privacy::anonymity::flaw;
use ingot_privacy::anonymity::messages::{self, HIERARCHY_LEVEL};
use ingot_recipe::{Action, ColumnRule, Generalize, Recipe};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Largest file of a hierarchy, in bytes.
const BYTES: u64 = 16 << 20;

/// Rows of a hierarchy, `[value, level 1, level 2, …]`.
type Rows = Vec<Vec<String>>;
/// Files of hierarchies by the names that the recipe has for them: a file that changes during a run changes nothing of it, and what was
/// digested is what was worked with.
pub(crate) type Known = Mutex<BTreeMap<String, (Rows, Digest)>>;

/// Every hierarchy, so that a fault of one stops the work before it begins; the files' digests, by what they are for.
///
/// # Errors
/// A file that cannot be read; rows of different lengths, a value twice, levels that are not nested, a level that is not there. Each
/// is named by line or row, at its place in the recipe.
pub(crate) fn check(project: &Project<'_>) -> Result<BTreeMap<String, Digest>> {
    let mut files = BTreeMap::new();
    let protect = &project.recipe().protect;
    let given = protect.anonymity.iter().flat_map(|policy| &policy.hierarchies);
    for (index, rule) in given.enumerate() {
        let path = format!("protect.anonymity.hierarchies[{index}]");
        in_recipe(&rule.levels, &format!("{path}.levels"))?;
        if let Some(file) = &rule.file {
            let (_, digest) = of_file(project, file).map_err(|fault| fault.at(path))?;
            files.insert(format!("hierarchy of {}", rule.column), digest);
        }
    }
    for (index, rule) in protect.columns.iter().enumerate() {
        if let Action::Generalize(Generalize::File { file, .. }) = &rule.action {
            let path = format!("protect.columns[{index}].to");
            let (_, digest) = of_file(project, file).map_err(|fault| fault.at(path))?;
            files.insert(format!("levels of {}", rule.name), digest);
        }
        if let Action::Generalize(to) = &rule.action {
            classes(project, rule, to, index)?;
        }
    }
    Ok(files)
}

/// A fault of a hierarchy that lacks values, told as a user can look it up: by the row of a source instead of the row of a table that only the
/// stage sees, at the hierarchy's place in the recipe. Other faults are given back as they are.
pub(crate) fn placed(recipe: &Recipe, fault: Fault, table: &Path, keys: &Encryption) -> Fault {
    if fault.code() != messages::HIERARCHY_LACKS.code {
        return fault;
    }
    let of = |name: &str| {
        let found = fault.args().iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let column = of("column");
    let number = of("row").parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    let Some((source, row)) = number.and_then(|number| origin(number, table, keys).ok().flatten())
    else {
        return fault;
    };
    let own = recipe.protect.anonymity.iter().flat_map(|policy| &policy.hierarchies);
    let path = fault.key_path().map(str::to_owned).or_else(|| {
        let index = own.clone().position(|rule| rule.column == column)?;
        Some(format!("protect.anonymity.hierarchies[{index}]"))
    });
    let told = Fault::new(&HIERARCHY_LACKS).arg("column", &column).arg("count", of("count"));
    let told = told.arg("rows", of("rows")).arg("row", row).arg("source", source);
    told.at(path.unwrap_or_else(|| "protect.anonymity".to_owned()))
}

/// Source and row of the row with this number, counted from 0, of a table.
fn origin(number: usize, table: &Path, keys: &Encryption) -> Result<Option<(String, u64)>> {
    let (mut before, mut found) = (0, None);
    ingot_data::each(table, Some(keys), &["_source", "_row"], &mut |batch| {
        let here = number.checked_sub(before).filter(|here| *here < batch.num_rows());
        if let Some(here) = here {
            found = features::places(&batch.slice(here, 1))?.pop();
        }
        before += batch.num_rows();
        Ok(())
    })?;
    Ok(found)
}

/// The rows of a hierarchy that stands in the recipe at `path`.
fn in_recipe(rows: &[Vec<String>], path: &str) -> Result<()> {
    match flaw(rows) {
        Some(flaw) => {
            let told = flaw.fault(&|row| format!("levels[{row}]"));
            Err(told.at(format!("{path}[{}]", flaw.row())))
        }
        None => Ok(()),
    }
}

/// The rows of a hierarchy in a file, relative to the recipe.
pub(crate) fn rows(project: &Project<'_>, file: &str) -> Result<Rows> {
    of_file(project, file).map(|(rows, _)| rows)
}

fn of_file(project: &Project<'_>, file: &str) -> Result<(Rows, Digest)> {
    let mut known = project.hierarchies.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = known.get(file) {
        return Ok(found.clone());
    }
    let path = project.source.folder().join(file);
    let bytes = atomic::read(&path, BYTES)?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| Fault::new(&HIERARCHY_TEXT).arg("path", path.display()))?;
    let lines = read(text.trim_start_matches('\u{feff}'), file)?;
    let (numbers, rows): (Vec<usize>, Rows) = lines.into_iter().unzip();
    let place = |row: usize| format!("{file}:{}", numbers.get(row).copied().unwrap_or_default());
    if let Some(flaw) = flaw(&rows) {
        return Err(flaw.fault(&place));
    }
    let found = (rows, Digest::of(text.as_bytes()));
    known.insert(file.to_owned(), found.clone());
    Ok(found)
}

/// The class of each value at the level that a rule asks for; none where it asks for no given hierarchy.
pub(crate) fn classes(
    project: &Project<'_>,
    rule: &ColumnRule,
    to: &Generalize,
    index: usize,
) -> Result<Option<BTreeMap<String, String>>> {
    let path = format!("protect.columns[{index}].to");
    let (rows, level) = match to {
        Generalize::Levels { levels, level } => {
            in_recipe(levels, &format!("{path}.levels"))?;
            (levels.clone(), *level)
        }
        Generalize::File { file, level } => {
            (rows(project, file).map_err(|fault| fault.at(&path))?, *level)
        }
        _ => return Ok(None),
    };
    let known = rows.first().map_or(0, |row| row.len().saturating_sub(1));
    if level > known {
        return Err(Fault::new(&HIERARCHY_LEVEL)
            .arg("column", &rule.name)
            .arg("level", level)
            .arg("known", known)
            .at(path));
    }
    let pick = |row: Vec<String>| {
        let class = row.get(level).cloned()?;
        Some((row.into_iter().next()?, class))
    };
    Ok(Some(rows.into_iter().filter_map(pick).collect()))
}

/// Lines of `value;level 1;level 2`, as ARX writes them, each with its number from 1; empty lines are none. A cell may stand in
/// double quotes, a double quote in it twice.
fn read(text: &str, file: &str) -> Result<Vec<(usize, Vec<String>)>> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(index, line)| {
            let number = index + 1;
            let cells = cells(line).ok_or_else(|| {
                Fault::new(&HIERARCHY_QUOTE).arg("place", format!("{file}:{number}"))
            })?;
            Ok((number, cells))
        })
        .collect()
}

/// The cells of a line; `None` when a quote does not end, or something stands behind it.
fn cells(line: &str) -> Option<Vec<String>> {
    let mut cells = Vec::new();
    let mut rest = line;
    loop {
        let (cell, after) = match rest.trim_start().strip_prefix('"') {
            Some(quoted) => unquoted(quoted)?,
            None => match rest.split_once(';') {
                Some((cell, after)) => (cell.trim().to_owned(), Some(after)),
                None => (rest.trim().to_owned(), None),
            },
        };
        cells.push(cell);
        match after {
            Some(after) => rest = after,
            None => return Some(cells),
        }
    }
}

/// What follows an opening quote: the cell, and what stands behind the next semicolon.
fn unquoted(quoted: &str) -> Option<(String, Option<&str>)> {
    let mut cell = String::new();
    let mut rest = quoted;
    loop {
        let (part, after) = rest.split_once('"')?;
        cell.push_str(part);
        let Some(after) = after.strip_prefix('"') else {
            let after = after.trim_start();
            let next = after.strip_prefix(';');
            return (next.is_some() || after.is_empty()).then_some((cell, next));
        };
        cell.push('"');
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_a_hierarchy_lacks_is_told_by_its_source_and_row() {
        let rows = "id,job,y\n1,nurse,1\n2,nurse,\n3,baker,0\n4,nurse,1\n";
        for (protect, place) in [
            (
                "columns = [{ name = \"job\", action = \"generalize\", to = { levels = [[\"nurse\", \"health\"]], level = 1 } }]",
                "protect.columns[0].to",
            ),
            (
                "anonymity = { k = 2, quasi = [\"job\"], hierarchies = [\
                 { column = \"job\", by = \"table\", levels = [[\"nurse\", \"health\"]] }] }",
                "protect.anonymity.hierarchies[0]",
            ),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let text = format!(
                "[project]\nname = \"x\"\ntask = \"tabular.binary\"\ntarget = \"y\"\n\
                 [[source]]\nname = \"staff\"\nuri = \"a.csv\"\n[clean]\ndrop_missing = [\"y\"]\n[protect]\n{protect}\n"
            );
            let project = crate::project::project(folder.path(), &text);
            atomic::write(&folder.path().join("a.csv"), rows.as_bytes()).unwrap();
            let fault = crate::run(&project, crate::Stage::Protect).unwrap_err();
            assert_eq!((fault.code(), fault.key_path()), ("pipeline-hierarchy-lacks", Some(place)));
            let told = fault.to_string();
            assert!(told.contains("row 3 of source `staff`") && !told.contains("baker"), "{told}");
        }
    }

    #[test]
    fn cells_are_read_as_arx_writes_them() {
        let read = |line| cells(line).map(|cells| cells.join("|"));
        assert_eq!(read("nurse;health;*").as_deref(), Some("nurse|health|*"));
        assert_eq!(read(" nurse ; health ;").as_deref(), Some("nurse|health|"));
        assert_eq!(read("\"a;b\" ; \"say \"\"x\"\"\";*").as_deref(), Some("a;b|say \"x\"|*"));
        assert_eq!(read(";unknown").as_deref(), Some("|unknown"));
        assert_eq!(read("护士;医疗").as_deref(), Some("护士|医疗"));
        assert_eq!(read("\"open;b"), None);
        assert_eq!(read("\"a\"b;c"), None);
    }

    #[test]
    fn a_file_that_changes_during_a_run_changes_nothing_of_it() {
        let text = "[project]\nname = \"x\"\ntask = \"tabular.binary\"\ntarget = \"y\"\n\
             [[source]]\nname = \"a\"\nuri = \"a.csv\"\n\
             [protect]\ncolumns = [{ name = \"job\", action = \"generalize\", to = { file = \"jobs.csv\" } }]\n";
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("jobs.csv");
        let project = crate::project::project(folder.path(), text);
        assert!(check(&project).is_err(), "it is not there yet");
        atomic::write(&file, b"nurse;health\n").unwrap();
        let before = check(&project).unwrap();
        assert_eq!(before.keys().collect::<Vec<_>>(), ["levels of job"]);
        atomic::write(&file, b"nurse;other\n").unwrap();
        assert_eq!(check(&project).unwrap(), before);
        assert_eq!(rows(&project, "jobs.csv").unwrap(), [["nurse", "health"]]);
    }

    #[test]
    fn lines_keep_their_numbers() {
        let lines = read("\na;x\n\nb;y\n", "jobs.csv").unwrap();
        let numbers: Vec<usize> = lines.iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, [2, 4]);
        let fault = read("a;x\n\"b;y\n", "jobs.csv").unwrap_err();
        assert_eq!(fault.code(), "pipeline-hierarchy-quote");
        assert!(fault.to_string().contains("jobs.csv:2"), "{fault}");
    }
}
