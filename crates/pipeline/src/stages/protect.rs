//! Column actions and text detection on personal data; what leaves this stage may be looked at.

use crate::convert;
use crate::erase::{self, Erasures};
use crate::hierarchies;
use crate::messages::{LEFT_OVER, PROTECT_EMPTIED, PROTECT_LOST};
use crate::project::Project;
use crate::run::{Chain, Done, ORT, PARQUET, Product, earlier, stage, versions};
use crate::stages::{anonymity, clean, to_value, told};
use crate::store::{Inputs, Stage};
use crate::tagger;
use ingot_base::{Digest, Fault, Result, Text, atomic};
use ingot_data::{Encryption, ProtectOutcome};
use ingot_privacy::residual::{Evidence, Residual, TextEvidence};
use ingot_privacy::{Protector, TextColumns};
use ingot_recipe::{Names, Recipe, TextAction};
use serde_json::Value;
use std::path::Path;
use std::sync::PoisonError;

pub(crate) const TABLE: &str = "table.parquet";
/// Pseudonyms with the encrypted originals, for whoever holds the keys.
pub(crate) const PSEUDONYMS: &str = "pseudonyms.tsv";
/// The network of names among the stage's inputs.
const NAMES: &str = "names";

/// What the stage's result depends on.
pub(crate) fn inputs(project: &Project<'_>, chain: &Chain) -> Result<Inputs> {
    let before = earlier(chain, Stage::Clean)?;
    let mut content = anonymity::files(project)?;
    content.insert("table".into(), before.content(clean::TABLE)?);
    // Other keys give other tokens; the key itself does not show in its digest.
    content.insert("key".into(), Digest::of(project.keyring.derive("fingerprint", 32).expose()));
    // Whose pseudonyms lead nowhere any more.
    if gives_pseudonyms(project.recipe())
        && let Some(erased) = Erasures::load(project)?.values_digest()?
    {
        content.insert("erased values".into(), erased);
    }
    let names = names(project.recipe());
    if let Some(names) = names {
        content.insert(NAMES.into(), tagger::digest(&project.source.folder().join(&names.folder))?);
    }
    Ok(Inputs {
        stage: Stage::Protect,
        content,
        config: config(project.recipe())?,
        seed: project.recipe().project.seed,
        versions: versions(if names.is_some() { &[PARQUET, ORT] } else { &[PARQUET] }),
    })
}

/// Whether pseudonyms are given, in a column or in texts.
fn gives_pseudonyms(recipe: &Recipe) -> bool {
    let protect = &recipe.protect;
    protect.columns.iter().any(|rule| matches!(rule.action, ingot_recipe::Action::Pseudonymize(_)))
        || protect.text.as_ref().is_some_and(|text| text.action == TextAction::Pseudonymize)
}

fn names(recipe: &Recipe) -> Option<&Names> {
    recipe.protect.text.as_ref()?.names.as_ref()
}

/// The recipe's part.
pub(crate) fn config(recipe: &Recipe) -> Result<Value> {
    let mut config = told(to_value(&recipe.protect)?)?;
    // The target is what is sensitive, and the split's groups are the persons, where nothing else is named.
    if let (Some(_), Some(config)) = (&recipe.protect.anonymity, config.as_object_mut()) {
        config.insert("target".into(), recipe.project.target.clone().into());
        if let Some(person) = convert::person(recipe) {
            config.insert("person".into(), person.into());
        }
    }
    Ok(config)
}

pub(crate) fn run(project: &Project<'_>, chain: &Chain) -> Result<Done> {
    let before = earlier(chain, Stage::Clean)?;
    let inputs = inputs(project, chain)?;
    let names = inputs.content.get(NAMES).copied();
    stage(project, inputs, &Stage::Protect.title(), |folder| {
        work(project, &before.verified(clean::TABLE)?, folder, names)
    })
}

/// `names` is the digest of the network of names, where the recipe has one.
fn work(
    project: &Project<'_>,
    input: &Path,
    folder: &Path,
    names: Option<Digest>,
) -> Result<Product> {
    let keys = convert::encryption(project);
    let table = folder.join(TABLE);
    let policy = project.recipe().protect.anonymity.as_ref();
    let named = folder.join("with-every-row.parquet");
    let first = if policy.is_some() { &named } else { &table };
    let (mut outcome, pseudonyms) = protect(project, (input, first), &keys, names)?;
    if let Some(policy) = policy {
        let texts = &outcome.texts;
        let anonymous = anonymity::apply(project, policy, (first, &table), &keys, texts)?;
        std::fs::remove_file(first).map_err(|error| {
            Fault::new(&LEFT_OVER).arg("path", first.display()).arg("why", error)
        })?;
        outcome.rows = anonymous.rows;
        outcome.anonymity = Some(anonymous);
    } else if !outcome.texts.is_empty() {
        let persons = persons(project, input, &keys, outcome.rows)?;
        let text = TextEvidence::measured(&outcome.texts, persons);
        let residual = |text| Residual::new(Evidence { text: Some(text), ..Evidence::default() });
        outcome.residual = text.map(residual);
    }
    let content = ingot_data::content_digest(&table, Some(&keys))?;
    let mut outputs = vec![(TABLE.into(), Some(content))];
    if let Some(lines) = pseudonyms {
        atomic::write_private(&folder.join(PSEUDONYMS), lines.as_bytes())?;
        outputs.push((PSEUDONYMS.into(), None));
    }
    Ok(Product { outputs, summary: summary(&outcome), evidence: to_value(&outcome)? })
}

/// How many persons a cleaned table of so many rows has: different ones where the split keeps a person's rows together, else each row is one.
fn persons(project: &Project<'_>, input: &Path, keys: &Encryption, rows: u64) -> Result<u64> {
    let Some(column) = erase::named_by_group(project.recipe()) else { return Ok(rows) };
    // A table may have as many persons as rows: hashes of them do.
    let (mut persons, mut nobody) = (std::collections::HashSet::new(), 0_u64);
    ingot_data::each(input, Some(keys), &[column], &mut |batch| {
        for cells in batch.columns() {
            let Some(cells) = ingot_privacy::cell_texts(cells)? else {
                nobody += batch.num_rows() as u64;
                continue;
            };
            for cell in &cells {
                match cell {
                    Some(cell) => {
                        let person = ingot_base::told_apart(cell);
                        persons.insert(Digest::of(person.as_bytes()));
                    }
                    None => nobody += 1,
                }
            }
        }
        Ok(())
    })?;
    // Of a row that says nothing nobody knows that it is another row's person.
    Ok((persons.len() as u64 + nobody).clamp(1, rows.max(1)))
}

/// Rows through the column rules, then the text rules; the pseudonyms where the recipe asks for such.
fn protect(
    project: &Project<'_>,
    (input, table): (&Path, &Path),
    keys: &Encryption,
    network: Option<Digest>,
) -> Result<(ProtectOutcome, Option<String>)> {
    let recipe = project.recipe();
    let rules = convert::column_rules(project)?;
    let reversible = gives_pseudonyms(recipe);
    let schema = ingot_data::schema(input, Some(keys))?;
    let column_keys = convert::column_keys(project);
    let protector = Protector::new(rules, column_keys.clone(), &schema)?;
    let mut texts = match &recipe.protect.text {
        Some(rule) => {
            let (detect, action) = convert::texts(rule);
            let schema = protector.schema();
            let texts = TextColumns::new(&rule.columns, &detect, action, &column_keys, &schema)?;
            Some(match &rule.names {
                Some(names) => {
                    let folder = project.source.folder().join(&names.folder);
                    let model = tagger::name_model(&folder, &names.labels, network);
                    texts.with_names(&model.map_err(|fault| fault.at("protect.text.names"))?)
                }
                None => texts,
            })
        }
        None => None,
    };
    if reversible {
        // No real person's name becomes another's pseudonym: all names are known before the first is given.
        let names: Vec<&str> =
            recipe.protect.columns.iter().map(|rule| rule.name.as_str()).collect();
        let texts_named = recipe.protect.text.iter().flat_map(|text| &text.columns);
        let names: Vec<&str> = names.into_iter().chain(texts_named.map(String::as_str)).collect();
        ingot_data::each(input, Some(keys), &names, &mut |batch| {
            protector.reserve(batch)?;
            match &texts {
                Some(texts) => texts.reserve(batch, protector.pseudonyms()),
                None => Ok(()),
            }
        })?;
    }
    // What the table says of a quasi-identifier in classes, its texts must not say exactly.
    let quasi = recipe.protect.anonymity.iter().flat_map(|policy| &policy.quasi);
    let coarser: Vec<&str> = quasi.map(|name| recipe.protect.before(name)).collect();
    let rows =
        ingot_data::transform(
            input,
            table,
            Some(keys),
            Some(keys),
            &mut |batch| match &mut texts {
                Some(texts) => {
                    let known = protector.known(&batch, &coarser)?;
                    texts.apply(protector.apply(batch)?, &known, protector.pseudonyms())
                }
                None => protector.apply(batch),
            },
        )?;
    readable(project, &protector)
        .map_err(|fault| hierarchies::placed(project.recipe(), fault, input, keys))?;
    let outcome = ProtectOutcome {
        rows,
        actions: protector.summary(),
        texts: texts.map(|texts| texts.evidence()).unwrap_or_default(),
        anonymity: None,
        residual: None,
    };
    let pseudonyms = reversible.then(|| {
        let mut names = protector.pseudonyms().lock().unwrap_or_else(PoisonError::into_inner);
        let erasures = Erasures::load(project)?;
        names.forget(|values| erasures.gone(project, Some(input), values))?;
        Ok::<_, Fault>(names.lines())
    });
    Ok((outcome, pseudonyms.transpose()?))
}

/// Warns of values that rules could not read.
///
/// # Errors
/// When a rule could read none, or a hierarchy of the user's lacks values of the column.
fn readable(project: &Project<'_>, protector: &Protector) -> Result<()> {
    let rules = &project.recipe().protect.columns;
    let lost = protector.lost().into_iter();
    let lost =
        lost.filter_map(|(index, lost, given)| Some((index, rules.get(index)?, lost, given)));
    let mut warnings = Vec::new();
    for (index, rule, lost, given) in lost {
        let told = |message| Fault::new(message).arg("column", &rule.name).arg("rows", given);
        if lost == given {
            let key = match rule.action {
                ingot_recipe::Action::Generalize(_) => "to",
                _ => "action",
            };
            return Err(told(&PROTECT_EMPTIED).at(format!("protect.columns[{index}].{key}")));
        }
        warnings.push(told(&PROTECT_LOST).arg("count", lost));
    }
    protector.check_hierarchies()?;
    for warning in &warnings {
        project.reporter.warn(warning);
    }
    Ok(())
}

fn summary(outcome: &ProtectOutcome) -> Text {
    let (rules, rows) = (outcome.actions.len(), outcome.rows);
    let found: u64 =
        outcome.texts.iter().flat_map(|text| text.findings.values()).map(|found| found.count).sum();
    let (mut en, mut zh) = (
        format!("{rules} column rule(s) on {rows} rows"),
        format!("对 {rows} 行应用 {rules} 条列规则"),
    );
    if !outcome.texts.is_empty() {
        en = format!("{en}, {found} findings in text");
        zh = format!("{zh}，文本中发现 {found} 处个人信息");
    }
    if let Some(anonymous) = &outcome.anonymity {
        let (k, left_out) = (anonymous.report.after.k, anonymous.report.suppressed_rows);
        let (of, of_zh) = match anonymous.policy.person {
            Some(_) => ("persons", "人"),
            None => ("rows", "行"),
        };
        en = format!("{en}, k = {k} {of} with {left_out} row(s) left out");
        zh = format!("{zh}，k = {k} {of_zh}，删除 {left_out} 行");
    }
    Text::new(en, zh)
}
