//! The way back from a token or a pseudonym, for whoever holds the keys; every use is written down first.

mod seen;

use crate::convert;
use crate::erase::Erasures;
use crate::messages::{
    REIDENTIFY_BY_COLUMN, REIDENTIFY_BY_TYPE, REIDENTIFY_CHANGED, REIDENTIFY_ERASED,
    REIDENTIFY_HEAD, REIDENTIFY_NEVER, REIDENTIFY_NOBODY, REIDENTIFY_ONE_WAY, REIDENTIFY_PERSON,
    REIDENTIFY_PLAIN, REIDENTIFY_REASON, REIDENTIFY_SHORT, REIDENTIFY_STAND_IN, REIDENTIFY_TYPE,
    REIDENTIFY_UNCHECKED, REIDENTIFY_UNISSUED, REIDENTIFY_UNMOVED,
};
use crate::project::Project;
use crate::stages::protect;
use crate::store::Stage;
use ingot_base::{Digest, Fault, Personal, Result, atomic};
use ingot_privacy::chain::{Chain, Words};
use ingot_privacy::detect::Kind;
use ingot_privacy::pseudonym::{FormatCipher, Pseudonyms};
use ingot_privacy::{ColumnKeys, ENCRYPTED, HASHED, mask_value};
use ingot_recipe::{Action, ColumnRule, TextAction};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Where uses are written, in the project.
pub(crate) const AUDIT: &str = "reidentify.jsonl";
const LIMIT: u64 = 1 << 30;
/// What persons in the list of uses are hashed as: a column that no table has.
const AUDITED: &str = "ingot:reidentify";
const PURPOSE: &str = "ingot re-identifications 1";
const WORDS: Words =
    Words { line: &REIDENTIFY_CHANGED, short: &REIDENTIFY_SHORT, head: &REIDENTIFY_HEAD };

/// One use: what a line of the log records.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Use {
    at: String,
    place: String,
    /// What was gone back from.
    token: Digest,
    reason: String,
    /// Keyed hash of the person that a date was asked of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    person: Option<String>,
}

/// What to go back from.
#[derive(Debug)]
pub enum Token {
    /// A token of `encrypt` in a column of the protected table.
    Column(String, String),
    /// A pseudonym of a type, as `ingot scan` names types.
    Pseudonym(String, String),
    /// A moved date in a column of the protected table.
    Date {
        /// The column's name there.
        column: String,
        /// The date as it stands there.
        date: String,
        /// Whose date it is: the value in the source, or what stands for it in the protected table.
        person: Personal<String>,
    },
}

/// The value behind a token. The use is on the disk before the value is given: when, why, a digest of the token, and for a date a keyed
/// hash of the person. The log is a chain that shows whether it was changed, and that several uses at once write to one after the other.
///
/// A value of an erased person is told to nobody, unless a row that is left has it too.
///
/// # Errors
/// When the reason is blank, the token was not made with this project's keys, the value was an erased person's, nobody of the latest run is
/// the person that is named, or the use cannot be recorded.
pub fn reidentify(project: &Project<'_>, token: &Token, reason: &str) -> Result<Personal<String>> {
    // Blank is also what shows nothing: a reason has a letter or a digit.
    if !reason.chars().any(char::is_alphanumeric) {
        return Err(Fault::new(&REIDENTIFY_REASON));
    }
    let keys = convert::column_keys(project);
    let erasures = Erasures::load(project)?;
    let (place, shown) = match token {
        Token::Column(column, token) => (format!("column {column}"), token),
        Token::Pseudonym(kind, fake) => (format!("type {kind}"), fake),
        Token::Date { column, date, .. } => (format!("column {column}"), date),
    };
    let ways = Ways { project, keys: &keys, erasures: &erasures };
    let mut whom = None;
    let original = match token {
        Token::Column(column, token) => ways.of_column(column, token)?,
        Token::Pseudonym(name, fake) => ways.of_type(name, fake)?,
        Token::Date { column, date, person } => {
            let Some((named, days)) = moved(project, column) else {
                return Err(unmoved(project, column)?);
            };
            let person = ways.source_value(named, person)?;
            ways.refuse_erased(&person)?;
            ways.refuse_nobody(named, &person)?;
            whom = Some(ingot_privacy::hash_value(&keys, AUDITED, &person)?);
            ingot_privacy::unshift_date(&keys, days, &person, date)?
        }
    };
    ways.refuse_erased(&original)?;
    record(project, place, Digest::of(shown.as_bytes()), whom, reason)?;
    Ok(original)
}

/// What every way back needs.
struct Ways<'w> {
    project: &'w Project<'w>,
    keys: &'w ColumnKeys,
    erasures: &'w Erasures,
}

impl Ways<'_> {
    /// The value behind a token of a column: encrypted whole or in its format, or a pseudonym.
    fn of_column(&self, column: &str, token: &str) -> Result<Personal<String>> {
        let told = |message| Fault::new(message).arg("column", column);
        let decrypted = || ingot_privacy::decrypt_value(self.keys, column, token);
        if token.starts_with(HASHED) {
            return Err(told(&REIDENTIFY_ONE_WAY).arg("action", "hash"));
        }
        // A token that opens was this column's, whatever the recipe says of it now.
        if token.starts_with(ENCRYPTED)
            && let Ok(value) = decrypted()
        {
            return Ok(value);
        }
        let protect = &self.project.recipe().protect;
        let one_way = |action| Err(told(&REIDENTIFY_ONE_WAY).arg("action", action));
        if let Some(rule) = rule(self.project, column) {
            return match &rule.action {
                Action::Encrypt => decrypted(),
                Action::Fpe => {
                    self.warn_unissued(token)?;
                    FormatCipher::new(self.keys, column)?.read(token)
                }
                Action::Pseudonymize(kind) => self.of_type(kind, token),
                Action::Shift { person, .. } => Err(told(&REIDENTIFY_PERSON).arg("person", person)),
                Action::Hash => one_way("hash"),
                Action::Mask { .. } => one_way("mask"),
                Action::Generalize(_) => one_way("generalize"),
                Action::Drop => one_way("drop"),
            };
        }
        let text = protect.text.as_ref();
        let text = text.filter(|text| text.columns.iter().any(|name| name == column));
        let Some(text) = text else {
            let known = seen::columns(self.project)?;
            if known.iter().any(|name| name == column) {
                return Err(told(&REIDENTIFY_PLAIN));
            }
            return Err(unknown(self.project, column)?);
        };
        match text.action {
            TextAction::Encrypt => decrypted(),
            TextAction::Pseudonymize => {
                let known = self.kinds(self.names()?.as_ref()).join(", ");
                Err(told(&REIDENTIFY_BY_TYPE).arg("known", known))
            }
            TextAction::Hash => one_way("hash"),
            TextAction::Mask => one_way("mask"),
            TextAction::Replace => one_way("replace"),
        }
    }

    /// The value behind a pseudonym of a type: one that is built in, the recipe's own, or a column whose values texts hide.
    fn of_type(&self, name: &str, fake: &str) -> Result<Personal<String>> {
        if fake.starts_with(ENCRYPTED) || fake.starts_with(HASHED) {
            let encrypted = outputs(self.project, &|action| matches!(action, Action::Encrypt));
            return Err(Fault::new(&REIDENTIFY_BY_COLUMN).arg("known", listed(&encrypted)));
        }
        if let Some(kind) = Kind::parse(name) {
            return self.of_pseudonym(&kind, fake);
        }
        let known = self.kinds(self.names()?.as_ref());
        if known.iter().any(|known| known == name) {
            return self.of_pseudonym(&Kind::Custom(name.into()), fake);
        }
        Err(Fault::new(&REIDENTIFY_TYPE).arg("type", name).arg("known", known.join(", ")))
    }

    fn of_pseudonym(&self, kind: &Kind, fake: &str) -> Result<Personal<String>> {
        let names = self.names()?.ok_or_else(|| Fault::new(&REIDENTIFY_NEVER))?;
        if !names.has(kind, fake) {
            if self.erasures.was_pseudonym(self.project, fake)? {
                return Err(Fault::new(&REIDENTIFY_ERASED));
            }
            // What is no word of the table is a number, and every number of the form leads back.
            let original = names.original(kind, fake)?;
            self.warn_unissued(fake)?;
            return Ok(original);
        }
        names.original(kind, fake)
    }

    /// The pseudonyms of the latest run.
    fn names(&self) -> Result<Option<Pseudonyms>> {
        let Some(table) = table(self.project)? else { return Ok(None) };
        let mut names = Pseudonyms::new(self.keys.clone())?;
        names.load(&table)?;
        Ok(Some(names))
    }

    /// Every type that pseudonyms may have here.
    fn kinds(&self, names: Option<&Pseudonyms>) -> Vec<String> {
        let protect = &self.project.recipe().protect;
        let own = protect.text.iter().flat_map(|text| &text.custom).map(|custom| &*custom.name);
        let ruled = protect.columns.iter().filter_map(|rule| match &rule.action {
            Action::Pseudonymize(kind) => Some(&**kind),
            _ => None,
        });
        let drawn = names.into_iter().flat_map(Pseudonyms::kinds);
        let built_in = Kind::ALL.iter().map(|kind| kind.name().to_owned());
        let more: BTreeSet<&str> = own.chain(ruled).chain(drawn).collect();
        let more = more.into_iter().filter(|name| Kind::parse(name).is_none()).map(str::to_owned);
        built_in.chain(more).collect()
    }

    /// Warns of a number that nobody can tell from one that was never issued.
    fn warn_unissued(&self, shown: &str) -> Result<()> {
        if !seen::issued(self.project, shown)? {
            self.project.reporter.warn(&Fault::new(&REIDENTIFY_UNISSUED));
        }
        Ok(())
    }

    fn refuse_erased(&self, value: &Personal<String>) -> Result<()> {
        let table = seen::cleaned(self.project)?;
        let gone =
            self.erasures.gone(self.project, table.as_deref(), std::slice::from_ref(value))?;
        if gone.contains(&true) { Err(Fault::new(&REIDENTIFY_ERASED)) } else { Ok(()) }
    }

    /// A shift can be reckoned for whoever is named: only who is in the data has one.
    fn refuse_nobody(&self, named: &str, person: &Personal<String>) -> Result<()> {
        match seen::among(self.project, self.keys, named, vec![person.clone()])? {
            Some(known) if known.is_empty() => {
                Err(Fault::new(&REIDENTIFY_NOBODY).arg("person", named))
            }
            Some(_) => Ok(()),
            None => {
                self.project.reporter.warn(&Fault::new(&REIDENTIFY_UNCHECKED).arg("person", named));
                Ok(())
            }
        }
    }
}

fn listed(names: &[&str]) -> String {
    if names.is_empty() { "–".to_owned() } else { names.join(", ") }
}

/// The columns of the protected table whose rules have such an action.
fn outputs<'p>(project: &'p Project<'_>, wanted: &dyn Fn(&Action) -> bool) -> Vec<&'p str> {
    let rules = project.recipe().protect.columns.iter().filter(|rule| wanted(&rule.action));
    rules.map(ColumnRule::output).collect()
}

/// The fault of a column that the protected table does not have.
fn unknown(project: &Project<'_>, column: &str) -> Result<Fault> {
    // Called as the source calls it.
    let renamed = project.recipe().protect.rule(column);
    let seen = seen::columns(project)?;
    let texts = project.recipe().protect.text.iter().flat_map(|text| &text.columns);
    let mut known: Vec<&str> = outputs(project, &|action| !matches!(action, Action::Drop));
    known.extend(texts.chain(&seen).map(String::as_str));
    let mut once = BTreeSet::new();
    known.retain(|name| once.insert(*name));
    Ok(match renamed.and_then(|rule| rule.rename.as_deref()) {
        Some(output) => ingot_data::renamed_column(column, output, &known),
        None => ingot_data::unknown_column(column, &known),
    })
}

/// The rule whose column has this name in the protected table.
fn rule<'p>(project: &'p Project<'_>, column: &str) -> Option<&'p ColumnRule> {
    project.recipe().protect.columns.iter().find(|rule| rule.output() == column)
}

/// Whose dates a column holds, by the source's name, and how far they moved at most.
fn moved<'p>(project: &'p Project<'_>, column: &str) -> Option<(&'p str, u32)> {
    match &rule(project, column)?.action {
        Action::Shift { person, days } => Some((person.as_str(), *days)),
        _ => None,
    }
}

fn unmoved(project: &Project<'_>, column: &str) -> Result<Fault> {
    let seen = seen::columns(project)?;
    let ruled = rule(project, column).is_some();
    if !ruled && !seen.is_empty() && !seen.iter().any(|name| name == column) {
        return unknown(project, column);
    }
    let known = outputs(project, &|action| matches!(action, Action::Shift { .. }));
    Ok(Fault::new(&REIDENTIFY_UNMOVED).arg("column", column).arg("known", listed(&known)))
}

impl Ways<'_> {
    /// A person as the source names them: who only holds the protected table has what stands for them there, and the keys. What stands there
    /// and does not lead back is refused: taken for a person, it would give some other day.
    fn source_value(&self, named: &str, given: &Personal<String>) -> Result<Personal<String>> {
        let keys = self.keys;
        let rule = self.project.recipe().protect.rule(named);
        let output = rule.map_or(named, ColumnRule::output);
        let refused = |action: &str| {
            Err(Fault::new(&REIDENTIFY_STAND_IN).arg("person", named).arg("action", action))
        };
        match rule.map(|rule| &rule.action) {
            Some(Action::Encrypt) if given.expose().starts_with(ENCRYPTED) => {
                ingot_privacy::decrypt_value(keys, output, given.expose())
            }
            // What is no pseudonym of this project is the value itself.
            Some(Action::Pseudonymize(kind)) => {
                let kind = Kind::parse(kind).unwrap_or_else(|| Kind::Custom(kind.as_str().into()));
                match self.names()? {
                    Some(names) if names.has(&kind, given.expose()) => {
                        names.original(&kind, given.expose())
                    }
                    _ if self.erasures.was_pseudonym(self.project, given.expose())? => {
                        Err(Fault::new(&REIDENTIFY_ERASED))
                    }
                    Some(names) => {
                        // A number and its pseudonym look alike too.
                        let behind = names.original(&kind, given.expose()).ok();
                        let both = std::iter::once(given.clone()).chain(behind).collect();
                        let known = seen::among(self.project, keys, named, both)?;
                        let one = known.and_then(|mut known| known.pop());
                        Ok(one.unwrap_or_else(|| given.clone()))
                    }
                    None => Ok(given.clone()),
                }
            }
            // A number and what stands for it look alike: the person is the one of the two that was cleaned.
            Some(Action::Fpe) => {
                let behind = FormatCipher::new(keys, output)?.read(given.expose()).ok();
                let both = std::iter::once(given.clone()).chain(behind).collect();
                let mut known = seen::among(self.project, keys, named, both)?.unwrap_or_default();
                match (known.pop(), known.is_empty()) {
                    (Some(person), true) => Ok(person),
                    _ => refused("fpe"),
                }
            }
            Some(Action::Hash) if given.expose().starts_with(HASHED) => refused("hash"),
            // What masking leaves as it is was masked, or hides nothing.
            Some(Action::Mask { keep_start, keep_end, with })
                if mask_value(given.expose(), *keep_start, *keep_end, *with) == *given.expose() =>
            {
                refused("mask")
            }
            _ => Ok(given.clone()),
        }
    }
}

/// The table of pseudonyms of the latest run; `None` where it gave none.
fn table(project: &Project<'_>) -> Result<Option<String>> {
    let Some(record) = project.store.latest(Stage::Protect)? else { return Ok(None) };
    let path = project.store.folder(Stage::Protect, &record.key).join(protect::PSEUDONYMS);
    if !path.exists() {
        return Ok(None);
    }
    Ok(Some(String::from_utf8_lossy(&atomic::read(&path, LIMIT)?).into_owned()))
}

/// Writes a use to the log; it is on the disk afterwards.
fn record(
    project: &Project<'_>,
    place: String,
    token: Digest,
    person: Option<String>,
    reason: &str,
) -> Result<()> {
    let key = project.keyring.derive("reidentify/log", 32);
    let log = Chain::new(project.root.join(AUDIT), key, PURPOSE, &WORDS);
    let mut open = log.open(true)?;
    let (at, reason) = (project.clock.now_rfc3339(), reason.to_owned());
    log.append(&mut open, Use { at, place, token, reason, person }).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn project(folder: &Path, action: &str) -> Project<'static> {
        let text = format!(
            "[project]\nname = \"x\"\ntask = \"tabular.binary\"\ntarget = \"y\"\n\
             [[source]]\nname = \"a\"\nuri = \"a.csv\"\n\
             [protect]\ncolumns = [{{ name = \"id\", as = \"who\", {action} }}]\n"
        );
        crate::project::project(folder, &text)
    }

    #[test]
    fn a_blank_reason_is_refused_and_nothing_is_recorded() {
        let folder = tempfile::tempdir().unwrap();
        let project = project(folder.path(), "action = \"encrypt\"");
        let keys = convert::column_keys(&project);
        let person = Personal::new("P0001".to_owned());
        let token = ingot_privacy::encrypt_value(&keys, "who", &person).unwrap();
        let token = Token::Column("who".to_owned(), token);
        for blank in ["", "  ", "\t\n", "\u{3000}", "\u{200b}", "-"] {
            let fault = reidentify(&project, &token, blank).unwrap_err();
            assert_eq!(fault.code(), "pipeline-reidentify-reason", "{blank:?}");
        }
        assert!(!folder.path().join(AUDIT).exists());
        let found = reidentify(&project, &token, "客户 7 的申请").unwrap();
        assert_eq!(found.expose(), "P0001");
        assert!(folder.path().join(AUDIT).exists());
    }

    #[test]
    fn what_stands_for_a_person_leads_back_or_is_refused() {
        for (action, plain, token) in [
            ("action = \"hash\"", "P0001", "hsh_AAAA"),
            ("action = \"mask\", keep_start = 1, keep_end = 1", "P0001", "P***1"),
            ("action = \"mask\", with = \"x\"", "P0001", "xxxxx"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let project = project(folder.path(), action);
            let keys = convert::column_keys(&project);
            let erasures = Erasures::default();
            let ways = Ways { project: &project, keys: &keys, erasures: &erasures };
            let of = |value: &str| ways.source_value("id", &Personal::new(value.to_owned()));
            assert_eq!(of(plain).unwrap().expose(), plain, "{action}");
            let fault = of(token).unwrap_err();
            assert_eq!(fault.code(), "pipeline-reidentify-stand-in", "{action}");
            assert!(!format!("{fault:?}").contains(token), "no value is told");
        }
        let folder = tempfile::tempdir().unwrap();
        let project = project(folder.path(), "action = \"encrypt\"");
        let keys = convert::column_keys(&project);
        let person = Personal::new("P0001".to_owned());
        let token = ingot_privacy::encrypt_value(&keys, "who", &person).unwrap();
        let erasures = Erasures::default();
        let ways = Ways { project: &project, keys: &keys, erasures: &erasures };
        for given in [token, person.expose().clone()] {
            let found = ways.source_value("id", &Personal::new(given)).unwrap();
            assert_eq!(found.expose(), person.expose());
        }
    }

    #[test]
    fn of_a_number_and_its_cipher_the_cleaned_table_says_which_is_the_person() {
        let folder = tempfile::tempdir().unwrap();
        let project = project(folder.path(), "action = \"fpe\"");
        let keys = convert::column_keys(&project);
        let erasures = Erasures::default();
        let ways = Ways { project: &project, keys: &keys, erasures: &erasures };
        let of = |value: &str| ways.source_value("id", &Personal::new(value.to_owned()));
        let number = "6222-0000-0000";
        let told = of(number).unwrap_err();
        assert_eq!(told.code(), "pipeline-reidentify-stand-in", "nothing was cleaned here");

        let rows = format!("id,y\n{number},1\n6222-0000-0007,0\n");
        atomic::write(&folder.path().join("a.csv"), rows.as_bytes()).unwrap();
        crate::run(&project, Stage::Clean).unwrap();
        let mut cipher = String::new();
        FormatCipher::new(&keys, "who").unwrap().write(number, &mut cipher).unwrap();
        for given in [number, cipher.as_str()] {
            assert_eq!(of(given).unwrap().expose(), number, "by {given}");
        }
        assert_eq!(of("6222-1111-1111").unwrap_err().code(), "pipeline-reidentify-stand-in");
    }

    #[test]
    fn what_cannot_be_taken_back_says_why() {
        let rules = "[project]\nname = \"x\"\ntask = \"tabular.binary\"\ntarget = \"y\"\n\
             [[source]]\nname = \"a\"\nuri = \"a.csv\"\n\
             [protect]\ncolumns = [{ name = \"id\", as = \"who\", action = \"encrypt\" }, { name = \"card\", action = \"mask\" }, \
             { name = \"job\", action = \"hash\" }, { name = \"city\", action = \"drop\" }, { name = \"born\", action = \"generalize\", to = \"year\" }]\n\
             [protect.text]\ncolumns = [\"note\"]\naction = \"pseudonymize\"\ncustom = [{ name = \"loan\", regex = 'LN-\\d{8}' }]\n";
        let folder = tempfile::tempdir().unwrap();
        let project = crate::project::project(folder.path(), rules);
        let told = |token| reidentify(&project, &token, "case 7").unwrap_err();
        let column =
            |column: &str, token: &str| told(Token::Column(column.to_owned(), token.to_owned()));
        for (name, action) in
            [("card", "mask"), ("job", "hash"), ("city", "drop"), ("born", "generalize")]
        {
            let fault = column(name, "1985");
            assert_eq!(fault.code(), "pipeline-reidentify-one-way", "{name}");
            assert!(fault.to_string().contains(action), "{fault}");
        }
        assert_eq!(column("who", "hsh_AAAA").code(), "pipeline-reidentify-one-way");
        assert_eq!(column("note", "秦淑然").code(), "pipeline-reidentify-by-type");
        let fault = column("id", "enc_AAAA");
        assert_eq!(fault.code(), "data-column-unknown");
        assert!(fault.hint(ingot_base::Lang::En).unwrap().contains("`who`"));
        assert_eq!(column("whoo", "enc_AAAA").code(), "data-column-unknown");
        let kind =
            |name: &str, token: &str| told(Token::Pseudonym(name.to_owned(), token.to_owned()));
        let fault = kind("person", "enc_AAAA");
        assert_eq!(fault.code(), "pipeline-reidentify-by-column");
        assert!(
            fault.to_string().contains("`--column`")
                && fault.hint(ingot_base::Lang::En).unwrap().contains("who")
        );
        let fault = kind("lone", "loan-0000000001");
        assert_eq!(fault.code(), "pipeline-reidentify-type");
        assert!(fault.hint(ingot_base::Lang::En).unwrap().contains("loan"));
        assert_eq!(kind("loan", "loan-0000000001").code(), "pipeline-reidentify-never");
    }
}
