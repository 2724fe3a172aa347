//! Train, validation and test; and the data report, which now knows everything about the data.

use crate::messages::{SPLIT_ALIKE, SPLIT_UNDATED};
use crate::project::Project;
use crate::run::{Chain, Done, PARQUET, Product, earlier, stage, versions};
use crate::stages::{clean, features, from_value, protect, to_value, write_page};
use crate::store::{Inputs, Stage};
use crate::{convert, erase, outcomes};
use arrow::datatypes::Field;
use ingot_base::{Fault, Result, Task, told_apart};
use ingot_data::Encryption;
use ingot_recipe::{Action, Recipe};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;

pub(crate) const TRAIN: &str = "train.parquet";
pub(crate) const VALIDATION: &str = "validation.parquet";
pub(crate) const TEST: &str = "test.parquet";
pub(crate) const REPORT: &str = "data-report.html";

/// What the stage's result depends on.
pub(crate) fn inputs(project: &Project<'_>, chain: &Chain) -> Result<Inputs> {
    let before = earlier(chain, Stage::Protect)?;
    Ok(Inputs {
        stage: Stage::Split,
        content: BTreeMap::from([
            ("table".into(), before.content(protect::TABLE)?),
            ("clean record".into(), earlier(chain, Stage::Clean)?.record.key),
        ]),
        config: serde_json::json!({
            "split": to_value(&project.recipe().split)?,
            "target": project.recipe().project.target,
            "near": to_value(&project.recipe().clean.dedupe.near)?,
        }),
        seed: project.recipe().project.seed,
        versions: versions(&[PARQUET]),
    })
}

/// Says on a page of a later stage which times part the data, of a split by time.
pub(crate) fn lead(split: &Done, page: &mut ingot_report::Page) -> Result<()> {
    let outcome: ingot_data::SplitOutcome = from_value(&split.record.evidence)?;
    if let Some(text) = outcome.times() {
        page.lead(text);
    }
    Ok(())
}

/// For each training row a number that its near duplicates and its group share; `None` where every row is alone.
pub(crate) fn families(project: &Project<'_>, split: &Done) -> Result<Option<Vec<u32>>> {
    let keys = convert::encryption(project);
    let train = split.verified(TRAIN)?;
    ingot_data::families(&train, &convert::split(project.recipe()), Some(&keys))
}

/// The same by where the rows are from; empty where every row is alone.
pub(crate) fn families_by_place(
    project: &Project<'_>,
    split: &Done,
) -> Result<BTreeMap<(String, u64), u32>> {
    let Some(families) = families(project, split)? else { return Ok(BTreeMap::new()) };
    let (keys, train) = (convert::encryption(project), split.verified(TRAIN)?);
    let mut places = Vec::with_capacity(families.len());
    let wanted = [ingot_data::SOURCE, ingot_data::ROW];
    ingot_data::each(&train, Some(&keys), &wanted, &mut |batch| {
        places.extend(features::places(batch)?);
        Ok(())
    })?;
    Ok(places.into_iter().zip(families).collect())
}

pub(crate) fn run(project: &Project<'_>, chain: &Chain) -> Result<Done> {
    let before = earlier(chain, Stage::Protect)?;
    stage(project, inputs(project, chain)?, &Stage::Split.title(), |folder| {
        work(project, chain, &before.verified(protect::TABLE)?, folder)
    })
}

/// The columns, as they are called before protection, that tell whose a row is, and that spellings tell apart: what moves dates, and what
/// the split or counts of persons see only as protection left it. Where they see the values themselves, spellings are one person's.
fn persons(recipe: &Recipe) -> BTreeSet<&str> {
    let protect = &recipe.protect;
    let counted = protect.anonymity.as_ref().and_then(|policy| policy.person.as_deref());
    let counted = counted.map(|named| protect.before(named));
    let moved = protect.columns.iter().filter_map(|rule| match &rule.action {
        Action::Shift { person, .. } => Some(&**person),
        _ => None,
    });
    let ruled = |column: &&str| protect.rule(column).is_some();
    let named = erase::named_by_group(recipe).into_iter().chain(counted).filter(ruled);
    named.chain(moved).collect()
}

/// Warns of persons that an erasure takes for one, though tokens do not: `P7`, `p7` and `P7 `, or 7005 and 7005.0. They are looked for in the cleaned
/// table: a token no longer tells how its value was written.
fn alike(project: &Project<'_>, chain: &Chain, column: &str) -> Result<()> {
    let table = earlier(chain, Stage::Clean)?.verified(clean::TABLE)?;
    let keys = convert::encryption(project);
    let schema = ingot_data::schema(&table, Some(&keys))?;
    let text = |field: &Field| erase::is_text(field.data_type());
    if !schema.field_with_name(column).is_ok_and(text) {
        return Ok(());
    }
    // Hashes of each cell as it is folded and as it is written: a table may have as many persons as rows.
    let mut spellings: Vec<(u64, u64)> = Vec::new();
    ingot_data::each(&table, Some(&keys), &[column], &mut |batch| {
        for cells in batch.columns() {
            let cells = erase::texts(cells)?;
            spellings
                .extend(cells.iter().flatten().map(|cell| (hash(&told_apart(cell)), hash(cell))));
        }
        Ok(())
    })?;
    spellings.sort_unstable();
    spellings.dedup();
    let persons = spellings.chunk_by(|one, next| one.0 == next.0);
    let several: Vec<usize> = persons.map(<[_]>::len).filter(|groups| *groups > 1).collect();
    if !several.is_empty() {
        let told = Fault::new(&SPLIT_ALIKE).arg("column", column).arg("persons", several.len());
        let told = told.arg("count", several.iter().sum::<usize>());
        let example = format!("{{ column = \"{column}\", case = \"lower\" }}");
        project.reporter.warn(&told.arg("example", example));
    }
    Ok(())
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// Refuses a target with more values than the task takes: a split by such strata would complain of empty parts.
fn classes(project: &Project<'_>, input: &Path, keys: &Encryption) -> Result<()> {
    let about = &project.recipe().project;
    let Task::Tabular(task) = about.task else { return Ok(()) };
    let target = about.target.as_str();
    if ingot_data::schema(input, Some(keys))?.index_of(target).is_err() {
        return Ok(());
    }
    let batches = ingot_data::read_columns(input, Some(keys), &[target])?;
    ingot_train::check_classes(task, target, &batches)
}

fn work(project: &Project<'_>, chain: &Chain, input: &Path, folder: &Path) -> Result<Product> {
    let keys = convert::encryption(project);
    for column in persons(project.recipe()) {
        alike(project, chain, column)?;
    }
    classes(project, input, &keys)?;
    let outcome = ingot_data::split(input, folder, &convert::split(project.recipe()), Some(&keys))?;
    if let Some(column) = outcome.time.as_ref().filter(|_| outcome.undated > 0) {
        let told = Fault::new(&SPLIT_UNDATED).arg("count", outcome.undated);
        project.reporter.warn(&told.arg("rows", outcome.rows()).arg("column", column));
    }
    let clean: ingot_data::CleanOutcome =
        from_value(&earlier(chain, Stage::Clean)?.record.evidence)?;
    let protected: ingot_data::ProtectOutcome =
        from_value(&earlier(chain, Stage::Protect)?.record.evidence)?;
    write_page(folder, REPORT, &ingot_data::data_report(&clean, &protected, &outcome))?;
    let mut outputs = vec![(REPORT.to_owned(), None)];
    for name in [TRAIN, VALIDATION, TEST] {
        let path = folder.join(name);
        if path.exists() {
            outputs.push((name.to_owned(), Some(ingot_data::content_digest(&path, Some(&keys))?)));
        }
    }
    let evidence = to_value(&outcome)?;
    Ok(Product { outputs, evidence, summary: outcomes::split_summary(&outcome) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ingot_base::{Heard, atomic};

    /// Sixty persons; a source without gaps has their numbers whole, another one with a gap as pandas writes them.
    fn project<'a>(folder: &Path, heard: &'a Heard, protect: &str) -> Project<'a> {
        let text = format!(
            "[project]\nname = \"x\"\ntask = \"tabular.binary\"\ntarget = \"y\"\n\
             [[source]]\nname = \"a\"\nuri = \"a.csv\"\n[[source]]\nname = \"b\"\nuri = \"b.csv\"\n\
             [protect]\n{protect}\n[split]\ngroup = \"cid\"\ntest = 0.3\n"
        );
        let mut project = crate::project::project(folder, &text);
        project.reporter = heard;
        let rows = |number: &dyn Fn(u32) -> String| {
            let rows = (0..60)
                .map(|row| format!("{},电话 13800138{row:03},{}", number(7000 + row), row % 2));
            std::iter::once("cid,note,y".to_owned()).chain(rows).collect::<Vec<_>>().join("\n")
        };
        let write = |name: &str, text: String| {
            atomic::write(&folder.join(name), text.as_bytes()).unwrap();
        };
        write("a.csv", rows(&|number| number.to_string()));
        write("b.csv", rows(&|number| format!("{number}.0")) + "\n,other,1\n");
        project
    }

    fn persons_in(project: &Project<'_>, split: &Done, part: &str) -> BTreeSet<String> {
        let keys = convert::encryption(project);
        let batches = ingot_data::read_columns(&split.path(part), Some(&keys), &["cid"]).unwrap();
        let cells = batches.iter().map(|batch| erase::texts(batch.column(0)).unwrap());
        cells.flat_map(|cells| cells.iter().flatten().map(told_apart).collect::<Vec<_>>()).collect()
    }

    #[test]
    fn a_number_with_and_without_its_fraction_is_one_person_of_the_split() {
        let folder = tempfile::tempdir().unwrap();
        let heard = Heard::default();
        let project = project(folder.path(), &heard, "");
        let chain = crate::run(&project, Stage::Split).unwrap();
        let split = earlier(&chain, Stage::Split).unwrap();
        let (train, test) = (persons_in(&project, split, TRAIN), persons_in(&project, split, TEST));
        assert_eq!(train.len() + test.len(), 60);
        assert!(train.is_disjoint(&test) && !test.is_empty());
    }

    #[test]
    fn persons_whose_tokens_differ_by_a_fraction_are_told_and_counted_once() {
        let folder = tempfile::tempdir().unwrap();
        let heard = Heard::default();
        let protect = "columns = [{ name = \"cid\", action = \"encrypt\" }]\n\
             text = { columns = [\"note\"], action = \"replace\" }";
        let project = project(folder.path(), &heard, protect);
        let chain = crate::run(&project, Stage::Split).unwrap();
        let told = heard.all();
        assert!(told.contains("60 person(s) of `cid` are written in 120 ways"), "{told}");
        let record = &earlier(&chain, Stage::Protect).unwrap().record;
        let outcome: ingot_data::ProtectOutcome = from_value(&record.evidence).unwrap();
        // 121 rows of 60 persons, and one of nobody.
        let measured = ingot_privacy::residual::TextEvidence::measured(&outcome.texts, 61);
        assert!(measured.is_some());
        assert_eq!(outcome.residual.and_then(|found| found.evidence.text), measured);
    }
}
