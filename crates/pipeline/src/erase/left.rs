//! What is left of an erased person in the rows of others: a name, a number or another value that tells who it is, within a text.
//!
//! The values are in memory only while the person is erased, so what is found is told and recorded then, as row numbers: whoever keeps
//! the source corrects it there, and the next run has none of it.

use super::elsewhere::{Census, Elsewhere, compared};
use super::list::{Entry, Erasures, is_text, texts};
use super::{Found, Rows, is_whole, numbered, places, values};
use crate::convert;
use crate::project::Project;
use crate::stages::{clean, features, protect};
use crate::store::Stage;
use arrow::array::{Array, BooleanArray, RecordBatch, StringArray};
use ingot_base::{Personal, Result};
use ingot_privacy::{Mentions, cell_texts};
use ingot_recipe::{Action, TextAction};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Digits from which on a number that is only dropped is looked for.
const LONG: usize = 6;

/// A column that tells who somebody is, whether it is only dropped, and its cells.
type Column<'c> = (&'c str, bool, StringArray);

/// What tells who an erased person is.
#[derive(Debug)]
pub(super) struct Person {
    one: Erasures,
    /// The person and everyone erased before: their rows enter nothing.
    gone: Erasures,
    /// The columns of such values, by their names before protection, and whether one is only dropped: that may say anything.
    columns: BTreeMap<String, bool>,
    /// The column that the person is erased by.
    named: String,
    said: Said,
}

/// What is known of the person.
#[derive(Debug, Default)]
struct Said {
    /// What is looked for in texts.
    mentions: Mentions,
    /// What is looked for in other protected columns.
    elsewhere: Elsewhere,
    /// Every value, also of few letters.
    values: Vec<Personal<String>>,
}

impl Said {
    fn add(&mut self, column: &str, weak: bool, named: bool, value: &str) {
        self.mentions.add(column, weak, value);
        if !weak {
            self.elsewhere.add(column, named, value);
        }
        if !self.values.iter().any(|known| known.expose() == value) {
            self.values.push(Personal::new(value.to_owned()));
        }
    }
}

impl Person {
    /// Somebody of whom the value alone is known; `listed` is everyone erased before.
    pub(super) fn new(
        project: &Project<'_>,
        entry: &Entry,
        value: &Personal<String>,
        listed: &Erasures,
    ) -> Self {
        let rules = project.recipe().protect.columns.iter();
        let mut columns: BTreeMap<String, bool> = rules
            .filter(|rule| !matches!(rule.action, Action::Generalize(_) | Action::Shift { .. }))
            .map(|rule| (rule.name.clone(), matches!(rule.action, Action::Drop)))
            .collect();
        columns.insert(entry.column.clone(), false);
        let mut said = Said::default();
        said.add(&entry.column, false, true, value.expose());
        let (one, gone) = (Erasures::of(entry), listed.with(entry));
        Self { one, gone, columns, named: entry.column.clone(), said }
    }

    /// Keyed hashes of what was learnt.
    pub(super) fn values(&self, project: &Project<'_>) -> Result<BTreeSet<String>> {
        let keys = convert::column_keys(project);
        let mut all = BTreeSet::new();
        for value in &self.said.values {
            all.extend(values::digests(&keys, value.expose())?);
        }
        Ok(all)
    }

    /// The columns to learn from, with those that tell where a row is from.
    pub(super) fn wanted(&self, known: &BTreeSet<String>) -> Vec<&str> {
        let own = self.columns.keys().filter(|name| known.contains(*name)).map(String::as_str);
        own.chain(["_source", "_row"]).collect()
    }

    /// The rows of a batch that are not the person's; what the person's say is learnt.
    pub(super) fn learn(
        &mut self,
        project: &Project<'_>,
        batch: &RecordBatch,
    ) -> Result<BooleanArray> {
        let stays = self.one.admit(project, batch)?;
        learn((&self.columns, &*self.named), &mut self.said, batch, &stays)?;
        Ok(stays)
    }

    /// Whether there is nothing to look for any more: every value is too short to be told from ordinary words. Asked once
    /// [`forget_shared`](Self::forget_shared) or [`left_in_tables`](Self::left_in_tables) knows which cells of others could tell.
    pub(super) fn is_too_short(&self) -> bool {
        self.said.mentions.is_empty() && !self.said.elsewhere.is_told()
    }

    /// The person's rows in the sources as they are now, also those that cleaning leaves out; what they say is learnt.
    pub(super) fn learn_at_origin(&mut self, project: &Project<'_>) -> Result<Rows> {
        let (one, columns) = (&self.one, (&self.columns, &*self.named));
        let said = Mutex::new(&mut self.said);
        refused(project, &|batch| {
            let stays = one.admit(project, batch)?;
            if stays.true_count() < stays.len() {
                let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
                learn(columns, &mut said, batch, &stays)?;
            }
            Ok(stays)
        })
    }

    /// The rows of others in the sources whose texts have a value of the person's.
    pub(super) fn left_at_origin(&mut self, project: &Project<'_>) -> Result<Rows> {
        self.forget_shared(project)?;
        if self.is_too_short() {
            return Ok(Rows::new());
        }
        refused(project, &|batch| self.others(project, batch, &|_| true))
    }

    /// Looks no more for what is only dropped and others in the sources have too; learns in which protected columns of others a value tells
    /// of the person.
    pub(super) fn forget_shared(&mut self, project: &Project<'_>) -> Result<()> {
        let (counts, weak) = (!self.said.elsewhere.is_empty(), self.said.mentions.has_weak());
        if !counts && !weak {
            return Ok(());
        }
        let census = Mutex::new(Census::new(&self.named, &self.said.elsewhere));
        let shared = Mutex::new(BTreeSet::new());
        refused(project, &|batch| {
            let (others, own) = self.of_others(project, batch)?;
            if counts {
                self.count(&others, &own, &census);
            }
            if weak {
                let found = self.shared(&others, &own);
                shared.lock().unwrap_or_else(PoisonError::into_inner).extend(found);
            }
            Ok(vec![true; batch.num_rows()].into())
        })?;
        self.weigh(census);
        self.said.mentions.forget(&shared.into_inner().unwrap_or_else(PoisonError::into_inner));
        Ok(())
    }

    fn weigh(&mut self, census: Mutex<Census>) {
        let census = census.into_inner().unwrap_or_else(PoisonError::into_inner);
        self.said.elsewhere.weigh(&census);
    }

    /// Looks for nothing that is only dropped: where the sources are out of reach, nobody can tell whether others have it too.
    pub(super) fn only_strong(&mut self) {
        self.said.mentions.only_strong();
    }

    #[cfg(test)]
    pub(super) fn has_weak(&self) -> bool {
        self.said.mentions.has_weak()
    }

    /// As [`left_at_origin`](Self::left_at_origin), in the cleaned tables: where the sources are out of reach.
    pub(super) fn left_in_tables(&mut self, project: &Project<'_>, all: &[Found]) -> Result<Rows> {
        if !self.said.elsewhere.is_empty() {
            let census = Mutex::new(Census::new(&self.named, &self.said.elsewhere));
            self.in_batches(project, all, Stage::Clean, &mut |_, batch| {
                let (others, own) = self.of_others(project, batch)?;
                self.count(&others, &own, &census);
                Ok(())
            })?;
            self.weigh(census);
        }
        let mut found: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
        self.in_tables(project, all, Stage::Clean, &mut |_, source, row| {
            found.entry(source).or_default().insert(row);
        })?;
        Ok(numbered(found))
    }

    /// Those rows in which a protected table, from which models learn and which is exported, still has such a value: in clear, or as a token
    /// or a pseudonym that the keys lead back from.
    pub(super) fn shown(&self, project: &Project<'_>, left: &Rows) -> Result<Rows> {
        let mut found: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
        if left.is_empty() || self.is_too_short() {
            return Ok(Rows::new());
        }
        let mut all = project.store.all()?;
        all.retain(is_whole);
        let backwards = backwards(project);
        let mut behind: BTreeSet<(String, u64)> = BTreeSet::new();
        if !backwards.is_empty() {
            self.in_batches(project, &all, Stage::Clean, &mut |_, batch| {
                let among = |name: &str| backwards.contains(name);
                behind.extend(places(batch, &self.others(project, batch, &among)?)?);
                Ok(())
            })?;
        }
        self.in_batches(project, &all, Stage::Protect, &mut |_, batch| {
            let clear = self.others(project, batch, &|_| true)?;
            for (row, place) in features::places(batch)?.into_iter().enumerate() {
                // A namesake's row says who it is only before protection.
                let meant = left.get(&place.0).is_some_and(|left| left.contains(&place.1));
                if meant && (!clear.value(row) || behind.contains(&place)) {
                    found.entry(place.0).or_default().insert(place.1);
                }
            }
            Ok(())
        })?;
        Ok(numbered(found))
    }

    /// Cleaned tables of earlier states of the recipe or the sources in which others' texts have a value of the person's, or that have the rows
    /// which earlier records of this person name: what was corrected since stands there still.
    pub(super) fn outdated(
        &self,
        project: &Project<'_>,
        listed: &Erasures,
        all: &[Found],
        recorded: &Rows,
    ) -> Result<BTreeSet<PathBuf>> {
        if self.is_too_short() && recorded.is_empty() {
            return Ok(BTreeSet::new());
        }
        let inputs = clean::inputs_with(project, listed);
        let Ok(current) = inputs.and_then(|inputs| inputs.key()) else {
            return Ok(BTreeSet::new());
        };
        let earlier = |(_, record): &&Found| {
            let record = record.as_ref();
            record.is_some_and(|one| one.inputs.stage == Stage::Clean && one.key != current)
        };
        let earlier: Vec<Found> = all.iter().filter(earlier).cloned().collect();
        let mut found = BTreeSet::new();
        self.in_batches(project, &earlier, Stage::Clean, &mut |folder, batch| {
            let mut clean = self.others(project, batch, &|_| true)?;
            if !recorded.is_empty() {
                let named = |(source, row): (String, u64)| {
                    recorded.get(&source).is_some_and(|rows| rows.contains(&row))
                };
                let named = features::places(batch)?.into_iter().map(named);
                clean = clean
                    .values()
                    .iter()
                    .zip(named)
                    .map(|(clean, named)| Some(clean && !named))
                    .collect();
            }
            if clean.true_count() < clean.len() {
                found.insert(folder.to_owned());
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// Every row of the tables of a stage in whose texts a value of the person's is found.
    fn in_tables(
        &self,
        project: &Project<'_>,
        all: &[Found],
        stage: Stage,
        found: &mut dyn FnMut(&Path, String, u64),
    ) -> Result<()> {
        if self.is_too_short() {
            return Ok(());
        }
        self.in_batches(project, all, stage, &mut |folder, batch| {
            for (source, row) in places(batch, &self.others(project, batch, &|_| true)?)? {
                found(folder, source, row);
            }
            Ok(())
        })
    }

    /// The tables of a stage, each read once: what is looked into, and where it is from.
    fn in_batches(
        &self,
        project: &Project<'_>,
        all: &[Found],
        stage: Stage,
        take: &mut dyn FnMut(&Path, &RecordBatch) -> Result<()>,
    ) -> Result<()> {
        let keys = convert::encryption(project);
        let file = if stage == Stage::Clean { clean::TABLE } else { protect::TABLE };
        for (folder, record) in all {
            if record.as_ref().is_none_or(|record| record.inputs.stage != stage) {
                continue;
            }
            let table = folder.join(file);
            let schema = ingot_data::schema(&table, Some(&keys))?;
            let columns: Vec<&str> = schema
                .fields()
                .iter()
                .filter(|field| {
                    let name = field.name().as_str();
                    is_text(field.data_type())
                        || self.columns.contains_key(name)
                        || ["_source", "_row"].contains(&name)
                })
                .map(|field| field.name().as_str())
                .collect();
            ingot_data::each(&table, Some(&keys), &columns, &mut |batch| take(folder, batch))?;
        }
        Ok(())
    }

    /// For every row whether it is the person's own, or no text of it has a value of the person's; of the columns `among` which to look.
    fn others(
        &self,
        project: &Project<'_>,
        batch: &RecordBatch,
        among: &dyn Fn(&str) -> bool,
    ) -> Result<BooleanArray> {
        let mut clean = vec![true; batch.num_rows()];
        if self.is_too_short() {
            return Ok(clean.into());
        }
        let (others, own) = self.of_others(project, batch)?;
        for (field, array) in batch.schema_ref().fields().iter().zip(batch.columns()) {
            let name = field.name();
            if !among(name) {
                continue;
            }
            // What a rule hides is hidden in every row; its tokens lead to the person all the same.
            let hidden = self.columns.get(name) == Some(&false);
            if hidden
                && self.said.elsewhere.is_told()
                && let Some((_, _, cells)) = own.iter().find(|(column, ..)| column == name)
            {
                for (row, clean) in clean.iter_mut().enumerate() {
                    // A cell is folded only where it decides.
                    if *clean && others.value(row) && cells.is_valid(row) {
                        *clean = !self.said.elsewhere.is_in(name, cells.value(row));
                    }
                }
            }
            if hidden || name == "_source" || !is_text(array.data_type()) {
                continue;
            }
            let cells = texts(array)?;
            for (row, clean) in clean.iter_mut().enumerate() {
                if !*clean || !others.value(row) || !cells.is_valid(row) {
                    continue;
                }
                let text = cells.value(row);
                *clean = !self.said.mentions.are_in(text, name, &[]) || {
                    let own: Vec<(&str, &str)> = own
                        .iter()
                        .filter(|(_, _, cells)| cells.is_valid(row))
                        .map(|(name, _, cells)| (*name, cells.value(row)))
                        .collect();
                    !self.said.mentions.are_in(text, name, &own)
                };
            }
        }
        Ok(clean.into())
    }

    /// For every row whether it is somebody else's, and the columns that tell who somebody is.
    fn of_others(
        &self,
        project: &Project<'_>,
        batch: &RecordBatch,
    ) -> Result<(BooleanArray, Vec<Column<'_>>)> {
        Ok((self.gone.admit(project, batch)?, own(&self.columns, batch)?))
    }

    /// Counts what others have in the protected columns.
    fn count(&self, others: &BooleanArray, own: &[Column<'_>], census: &Mutex<Census>) {
        let hidden = own.iter().filter(|(_, weak, _)| !weak);
        let hidden: Vec<(&str, Vec<Option<u64>>)> =
            hidden.map(|(name, _, cells)| (*name, compared(cells))).collect();
        let named = hidden.iter().find(|(name, _)| *name == self.named).map(|(_, cells)| cells);
        let mut census = census.lock().unwrap_or_else(PoisonError::into_inner);
        for row in (0..others.len()).filter(|row| others.value(*row)) {
            let of = |cells: &Vec<Option<u64>>| cells.get(row).copied().flatten();
            let cells = hidden.iter().filter_map(|(name, cells)| Some((*name, of(cells)?)));
            census.see(named.and_then(of), cells);
        }
    }

    /// The values only dropped that others have too: they tell nobody.
    fn shared(&self, others: &BooleanArray, own: &[Column<'_>]) -> BTreeSet<usize> {
        let mut shared = BTreeSet::new();
        for (name, _, cells) in own.iter().filter(|(_, weak, _)| *weak) {
            for row in (0..others.len()).filter(|row| others.value(*row) && cells.is_valid(*row)) {
                shared.extend(self.said.mentions.shared(name, cells.value(row)));
            }
        }
        shared
    }
}

/// The columns, by their names before protection, in which what is hidden can be gone back from.
fn backwards<'p>(project: &'p Project<'_>) -> BTreeSet<&'p str> {
    let protect = &project.recipe().protect;
    let rules = protect.columns.iter().filter(|rule| {
        matches!(rule.action, Action::Encrypt | Action::Fpe | Action::Pseudonymize(_))
    });
    let rules = rules.map(|rule| rule.name.as_str());
    let texts = protect
        .text
        .iter()
        .filter(|text| matches!(text.action, TextAction::Encrypt | TextAction::Pseudonymize));
    let texts = texts.flat_map(|text| &text.columns).map(|named| protect.before(named));
    rules.chain(texts).collect()
}

/// Adds what the rows that do not stay say.
fn learn(
    (columns, named): (&BTreeMap<String, bool>, &str),
    said: &mut Said,
    batch: &RecordBatch,
    stays: &BooleanArray,
) -> Result<()> {
    if stays.true_count() == stays.len() {
        return Ok(());
    }
    for (name, weak, cells) in own(columns, batch)? {
        for row in (0..stays.len()).filter(|row| !stays.value(*row) && cells.is_valid(*row)) {
            said.add(name, weak, name == named, cells.value(row));
        }
    }
    Ok(())
}

/// The cells of the columns that tell who somebody is. A column that is only dropped tells nobody by a short number or a day.
fn own<'c>(columns: &'c BTreeMap<String, bool>, batch: &RecordBatch) -> Result<Vec<Column<'c>>> {
    let mut cells = Vec::new();
    for (name, weak) in columns {
        let Some(array) = batch.column_by_name(name) else { continue };
        let number = array.data_type().is_numeric();
        if *weak && !number && !is_text(array.data_type()) {
            continue;
        }
        let Some(own) = cell_texts(array)? else { continue };
        let own = if *weak && number {
            own.iter().map(|cell| cell.filter(|number| is_long(number))).collect()
        } else {
            own
        };
        cells.push((name.as_str(), *weak, own));
    }
    Ok(cells)
}

/// Whether a number has so many digits that it is hardly another person's by chance.
fn is_long(number: &str) -> bool {
    number.bytes().filter(u8::is_ascii_digit).count() >= LONG
}

/// The numbers of the rows of the sources, as they are now, that do not stay.
fn refused(
    project: &Project<'_>,
    stays: &(dyn Fn(&RecordBatch) -> Result<BooleanArray> + Sync),
) -> Result<Rows> {
    let sources = convert::sources(project.recipe());
    ingot_data::refused_rows(project.source.folder(), &sources, ingot_data::Admit(stays))
}
