//! What the protected columns said of erased persons, as keyed hashes: nobody is told again what stands behind a token or a pseudonym that
//! leads to one of these values. A value that somebody else's row has too, as persons are told apart ([`folded`]), is no less that person's,
//! and stays known.

use super::Found;
use super::list::{DOMAIN, Erasures, LIMIT, written_as};
use crate::convert;
use crate::project::Project;
use crate::stages::protect;
use crate::store::Stage;
use arrow::array::Array as _;
use ingot_base::{Digest, Personal, Result, atomic, folded, told_apart};
use ingot_privacy::pseudonym::Pseudonyms;
use ingot_privacy::{ColumnKeys, cell_texts};
use ingot_recipe::Action;
use std::collections::BTreeSet;
use std::path::Path;

/// Hashes are bound to this instead of a column: a text has the value of any.
const VALUES: &str = "ingot:erased value";
/// The same of pseudonyms: a word that stood for one person may be another's name.
const PSEUDONYM: &str = "ingot:erased pseudonym";

/// Digits from which on those of a value with letters tell it by themselves.
const NUMBER: usize = 8;

/// Keyed hashes of a value by its letters and digits: however a text groups them, a name family first too. A long number counts by its
/// digits too: a cipher of digits leads to the same ones whatever letter is put to it.
pub(super) fn digests(keys: &ColumnKeys, value: &str) -> Result<BTreeSet<String>> {
    let hash =
        |spelled: &str| ingot_privacy::hash_value(keys, VALUES, &Personal::new(spelled.to_owned()));
    let mut all = BTreeSet::new();
    for spelled in ingot_privacy::spellings(value).expose() {
        all.insert(hash(spelled)?);
        let digits: String = spelled.chars().filter(char::is_ascii_digit).collect();
        if digits.len() >= NUMBER {
            all.insert(hash(&digits)?);
        }
    }
    Ok(all)
}

/// Keyed hashes of the pseudonyms, in every table of them, that lead to one of the values whose hashes are given.
pub(super) fn pseudonyms(
    project: &Project<'_>,
    all: &[Found],
    values: &BTreeSet<String>,
) -> Result<BTreeSet<String>> {
    let keys = convert::column_keys(project);
    let mut found = BTreeSet::new();
    for (folder, record) in all {
        let protect = record.as_ref().is_some_and(|record| record.inputs.stage == Stage::Protect);
        let path = folder.join(protect::PSEUDONYMS);
        if !protect || !path.exists() {
            continue;
        }
        let mut names = Pseudonyms::new(keys.clone())?;
        names.load(&String::from_utf8_lossy(&atomic::read(&path, LIMIT)?))?;
        for (fake, original) in names.originals()? {
            for name in readings(&original) {
                if !digests(&keys, name.expose())?.is_disjoint(values) {
                    found.insert(of_pseudonym(&keys, fake)?);
                }
            }
        }
    }
    Ok(found)
}

/// Whom a value may name: of a Chinese name that a model found in a text also the one without the word behind it.
fn readings(value: &Personal<String>) -> Vec<Personal<String>> {
    std::iter::once(value.clone()).chain(ingot_privacy::shortened(value.expose())).collect()
}

fn of_pseudonym(keys: &ColumnKeys, fake: &str) -> Result<String> {
    ingot_privacy::hash_value(keys, PSEUDONYM, &Personal::new(fake.to_owned()))
}

impl Erasures {
    /// Whether this was the pseudonym of an erased person's value.
    pub(crate) fn was_pseudonym(&self, project: &Project<'_>, fake: &str) -> Result<bool> {
        let hash = of_pseudonym(&convert::column_keys(project), fake)?;
        Ok(self.entries.iter().any(|entry| entry.values.contains(&hash)))
    }

    /// What the table of pseudonyms depends on; `None` while no value is remembered.
    pub(crate) fn values_digest(&self) -> Result<Option<Digest>> {
        let values: BTreeSet<&String> =
            self.entries.iter().flat_map(|entry| &entry.values).collect();
        if values.is_empty() { Ok(None) } else { Digest::of_json(&values).map(Some) }
    }

    /// For each value whether it was an erased person's, and is in no protected column of a row that is left in the cleaned table.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub(crate) fn gone(
        &self,
        project: &Project<'_>,
        table: Option<&Path>,
        values: &[Personal<String>],
    ) -> Result<Vec<bool>> {
        if self.is_empty() {
            return Ok(vec![false; values.len()]);
        }
        let keys = convert::column_keys(project);
        // The readings of each value that were an erased person's.
        let mut erased: Vec<Vec<String>> = Vec::with_capacity(values.len());
        for value in values {
            let mut names = Vec::new();
            for name in readings(value) {
                if self.was(&keys, name.expose())? {
                    names.push(folded(name.expose()));
                }
            }
            erased.push(names);
        }
        // Whose letters are an erased person's may still be somebody else: only the value itself tells that it is a namesake's.
        let asked = values.iter().zip(&erased).filter(|(_, names)| !names.is_empty());
        let wanted: BTreeSet<String> = asked
            .flat_map(|(value, names)| names.iter().cloned().chain([folded(value.expose())]))
            .collect();
        let held = match table.filter(|table| !wanted.is_empty() && table.exists()) {
            Some(table) => self.held(project, table, &wanted)?,
            None => BTreeSet::new(),
        };
        let gone = values.iter().zip(&erased).map(|(value, names)| {
            names.iter().any(|name| !held.contains(name)) && !held.contains(&folded(value.expose()))
        });
        Ok(gone.collect())
    }

    /// Whether a value was an erased person's.
    fn was(&self, keys: &ColumnKeys, value: &str) -> Result<bool> {
        let found = digests(keys, value)?;
        if self.entries.iter().any(|entry| !entry.values.is_disjoint(&found)) {
            return Ok(true);
        }
        // What the person was erased by, of lists too that remember nothing else.
        let columns: BTreeSet<&String> = self.entries.iter().map(|entry| &entry.column).collect();
        for column in columns {
            let domain = format!("{DOMAIN}{column}");
            let hash = |value| ingot_privacy::hash_value(keys, &domain, &Personal::new(value));
            let (subject, before) = (hash(told_apart(value))?, hash(folded(value))?);
            let numbers =
                written_as(value).into_iter().map(hash).collect::<Result<BTreeSet<_>>>()?;
            let mut own = self.entries.iter().filter(|entry| entry.column == *column);
            if own.any(|entry| {
                [&subject, &before].contains(&&entry.subject)
                    || !entry.numbers.is_disjoint(&numbers)
            }) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Those of the values, [`folded`], that a row of somebody who was not erased has in a protected column.
    fn held(
        &self,
        project: &Project<'_>,
        table: &Path,
        wanted: &BTreeSet<String>,
    ) -> Result<BTreeSet<String>> {
        let encryption = convert::encryption(project);
        let schema = ingot_data::schema(table, Some(&encryption))?;
        let rules = project.recipe().protect.columns.iter();
        let hidden = rules
            .filter(|rule| !matches!(rule.action, Action::Generalize(_) | Action::Shift { .. }))
            .map(|rule| &rule.name);
        let named = self.entries.iter().map(|entry| &entry.column);
        let mut columns: Vec<&str> = hidden.chain(named).map(String::as_str).collect();
        columns.sort_unstable();
        columns.dedup();
        columns.retain(|column| schema.column_with_name(column).is_some());
        let mut held = BTreeSet::new();
        ingot_data::each(table, Some(&encryption), &columns, &mut |batch| {
            let stays = self.admit(project, batch)?;
            for array in batch.columns() {
                let Some(cells) = cell_texts(array)? else { continue };
                for row in (0..cells.len()).filter(|row| stays.value(*row) && cells.is_valid(*row))
                {
                    held.extend(Some(folded(cells.value(row))).filter(|own| wanted.contains(own)));
                }
            }
            Ok(())
        })?;
        Ok(held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::erase::list::Entry;
    use crate::stages::clean;
    use std::path::PathBuf;

    /// A project that encrypts some columns, and its cleaned table.
    fn cleaned(folder: &Path, encrypted: &[&str], rows: &str) -> (Project<'static>, PathBuf) {
        let rule = |name: &&str| format!("{{ name = \"{name}\", action = \"encrypt\" }}");
        let rules: Vec<String> = encrypted.iter().map(rule).collect();
        let text = format!(
            "[project]\nname = \"x\"\ntask = \"tabular.binary\"\ntarget = \"y\"\n\
             [[source]]\nname = \"a\"\nuri = \"a.csv\"\n[protect]\ncolumns = [{}]\n",
            rules.join(", ")
        );
        let project = crate::project::project(folder, &text);
        atomic::write(&folder.join("a.csv"), rows.as_bytes()).unwrap();
        crate::run(&project, Stage::Clean).unwrap();
        let record = project.store.latest(Stage::Clean).unwrap().unwrap();
        let table = project.store.folder(Stage::Clean, &record.key).join(clean::TABLE);
        (project, table)
    }

    #[test]
    fn who_has_the_same_letters_alone_is_no_namesake() {
        let rows = "ref,name,y\nA12-3,Jose Garcia,1\nB9-99,Ann Lee,0\nC1-11,Bo Chan,1\n";
        let folder = tempfile::tempdir().unwrap();
        let (project, table) = cleaned(folder.path(), &["ref", "name"], rows);

        // Erased were A1-23, José García, and an Ann Lee beside the one who is left.
        let value = |text: &str| Personal::new(text.to_owned());
        let keys = convert::column_keys(&project);
        let mut entry = Entry::new(&project, "ref".to_owned(), &value("A1-23")).unwrap();
        for said in ["A1-23", "José García", "Ann Lee"] {
            entry.values.extend(digests(&keys, said).unwrap());
        }
        let erased = Erasures::of(&entry);
        let asked = ["A1-23", "A12-3", "José García", "Jose Garcia", "ANN LEE ", "Bo Chan"];
        let gone = erased.gone(&project, Some(&table), &asked.map(value)).unwrap();
        assert_eq!(gone, [true, false, true, false, false, false]);
        let gone = erased.gone(&project, None, &asked.map(value)).unwrap();
        assert_eq!(gone, [true, true, true, true, true, false], "nobody can be asked");
    }

    #[test]
    fn an_erased_number_is_known_whatever_letter_is_put_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let rows = "card,y\nB10200304,1\n5550001112,0\n";
        let (project, table) = cleaned(folder.path(), &["card"], rows);
        let value = |text: &str| Personal::new(text.to_owned());
        let keys = convert::column_keys(&project);
        let mut entry = Entry::new(&project, "card".to_owned(), &value("C00012345")).unwrap();
        for said in ["620102199001021232", "A10200304", "11010119900102123X"] {
            entry.values.extend(digests(&keys, said).unwrap());
        }
        let erased = Erasures::of(&entry);
        let asked = [
            "x620102199001021232",
            "620102-19900102-1232z",
            "11010119900102123Xz",
            "z11010119900102123",
            // Somebody who is left has the digits of one who is not.
            "B10200304",
            "5550001112q",
        ];
        let gone = erased.gone(&project, Some(&table), &asked.map(value)).unwrap();
        assert_eq!(gone, [true, true, true, true, false, false]);
    }

    #[test]
    fn an_erased_persons_name_stays_so_with_the_word_behind_it() {
        let folder = tempfile::tempdir().unwrap();
        let rows = "name,y\n李文和,1\n王小,0\n赵敏,1\n";
        let (project, table) = cleaned(folder.path(), &["name"], rows);
        let value = |text: &str| Personal::new(text.to_owned());
        let keys = convert::column_keys(&project);
        let mut entry = Entry::new(&project, "name".to_owned(), &value("邹芳")).unwrap();
        for said in ["邹芳", "李文", "王小来", "赵敏"] {
            entry.values.extend(digests(&keys, said).unwrap());
        }
        let erased = Erasures::of(&entry);
        // 李文和 is somebody who is left, as is a namesake of 赵敏; 王小来 was erased though a 王小 is left.
        let asked = ["邹芳于", "李文和", "李文说", "王小来", "赵敏在", "邹芳华"];
        let gone = erased.gone(&project, Some(&table), &asked.map(value)).unwrap();
        assert_eq!(gone, [true, false, true, true, false, false]);
    }
}
