//! The code tables of all rooms, read from the source: the tool stays free of the engines that the rooms build on.

use crate::source::{Token, tokens};
use crate::{Fallible, tree};
use std::collections::BTreeMap;
use std::path::Path;

/// One message of a `messages!` table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The crate's folder name.
    pub(crate) room: String,
    /// Fields by name: `code`, `class`, `status`, `en`, `zh`, `hint_en`, `hint_zh`.
    pub(crate) fields: BTreeMap<String, String>,
}

impl Entry {
    /// A field, or nothing.
    pub(crate) fn get(&self, field: &str) -> &str {
        self.fields.get(field).map_or("", String::as_str)
    }
}

/// All messages, by room, in the order of the source.
pub(crate) fn all() -> Fallible<Vec<Entry>> {
    let mut entries = Vec::new();
    for path in tree::files()? {
        let room = path.strip_prefix("crates/").and_then(|rest| rest.split_once("/src/"));
        let Some((room, file)) =
            room.filter(|(_, file)| Path::new(file).extension().is_some_and(|end| end == "rs"))
        else {
            continue;
        };
        if let Some(text) = tree::text(&path)? {
            let found = parse(room, &text);
            if file == "messages.rs" && found.is_empty() {
                return Err(format!("{path}: no message was found in it").into());
            }
            entries.extend(found);
        }
    }
    Ok(entries)
}

/// The entries of every `messages! { … }` of a file.
fn parse(room: &str, source: &str) -> Vec<Entry> {
    let tokens = tokens(source);
    let mut entries = Vec::new();
    let mut rest = tokens.as_slice();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        let begins = [Token::Mark('!'), Token::Mark('{')];
        if *first == Token::Word("messages".into()) && rest.starts_with(&begins) {
            rest = rest.get(2..).unwrap_or_default();
            while let Some((entry, after)) = entry(room, rest) {
                entries.push(entry);
                rest = after;
            }
        }
    }
    entries
}

/// One `NAME = { field: value, … };`.
fn entry<'a>(room: &str, tokens: &'a [Token]) -> Option<(Entry, &'a [Token])> {
    let [Token::Word(_), Token::Mark('='), Token::Mark('{'), body @ ..] = tokens else {
        return None;
    };
    let mut rest = body;
    let mut fields = BTreeMap::new();
    loop {
        match rest {
            [Token::Mark(','), after @ ..] => rest = after,
            [Token::Mark('}'), Token::Mark(';'), after @ ..] => {
                return Some((Entry { room: room.to_owned(), fields }, after));
            }
            [
                Token::Word(name),
                Token::Mark(':'),
                Token::Word(value) | Token::Text(value),
                after @ ..,
            ] => {
                fields.insert(name.clone(), value.clone());
                rest = after;
            }
            _ => return None,
        }
    }
}

/// What is wrong with the tables: double codes, wrong prefixes, arguments or hints of one language only.
pub(crate) fn faults(entries: &[Entry]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut seen = BTreeMap::new();
    for entry in entries {
        let code = entry.get("code");
        let mut say = |what: &str| faults.push(format!("crates/{}: `{code}` {what}", entry.room));
        if !code.starts_with(&format!("{}-", entry.room)) {
            say("does not begin with its room's name");
        }
        if let Some(other) = seen.insert(code.to_owned(), &entry.room) {
            say(&format!("is also in crates/{other}"));
        }
        for (en, zh) in [("en", "zh"), ("hint_en", "hint_zh")] {
            let (en, zh) = (entry.get(en), entry.get(zh));
            let names = ingot_base::fault::placeholders;
            if names(en) != names(zh) {
                say("has other arguments in English than in Chinese");
            }
            if en.is_empty() != zh.is_empty() {
                say("speaks one language only");
            }
            if !zh.is_empty() && !zh.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)) {
                say("has no Chinese in its Chinese");
            }
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = r#"
        ingot_base::messages! {
            /// Doc.
            A = { code: "data-a", class: Usage, status: 422, en: "no `{x}`", zh: "没有 `{x}`", hint_en: "", hint_zh: "" };
            B = { code: "data-a", class: Failed, status: 500,
                en: "b {y}", zh: "b", hint_en: "do", hint_zh: "", };
        }
    "#;

    #[test]
    fn reads_a_table_and_finds_its_faults() {
        let entries = parse("data", SOURCE);
        assert_eq!(entries.len(), 2);
        assert_eq!(entries.first().map(|entry| entry.get("zh")), Some("没有 `{x}`"));
        let faults = faults(&entries);
        assert_eq!(faults.len(), 4, "{faults:#?}");
    }

    #[test]
    fn the_base_table_is_found() {
        assert!(all().unwrap().iter().any(|entry| entry.get("code") == "base-internal"));
    }
}
