//! A token classifier of the user's as a model of names: a folder with `model.onnx`, `tokenizer.json` and `config.json`.

use crate::messages::{NAMES_CHANGED, NAMES_LABELS};
use ingot_base::{Digest, Fault, Result, atomic};
use ingot_privacy::detect::{Kind, NameModel, Named};
use ingot_runtime::{Library, Tagger};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

const GRAPH: &str = "model.onnx";
const TOKENIZER: &str = "tokenizer.json";
const CONFIGURATION: &str = "config.json";
/// Largest graph, and largest file beside it, in bytes.
const LIMIT: u64 = 2 << 30;
const SMALL: u64 = 64 << 20;

/// What labels of published networks mean; other labels are asked for in the recipe, or are a type's own name.
const MEANINGS: [(&str, Kind); 15] = [
    ("PER", Kind::Person),
    ("PERSON", Kind::Person),
    ("NAME", Kind::Person),
    ("HUMAN", Kind::Person),
    ("LOC", Kind::Place),
    ("LOCATION", Kind::Place),
    ("GPE", Kind::Place),
    ("FAC", Kind::Place),
    ("ORG", Kind::Organization),
    ("ORGANISATION", Kind::Organization),
    ("COMPANY", Kind::Organization),
    ("GOVERNMENT", Kind::Organization),
    ("GOV", Kind::Organization),
    ("ADDR", Kind::Address),
    ("SCENE", Kind::Place),
];

/// A tagger whose labels mean types.
#[derive(Debug)]
struct Names {
    tagger: Tagger,
    meanings: BTreeMap<Arc<str>, Kind>,
}

impl NameModel for Names {
    fn name(&self, text: &str) -> Result<Vec<Named>> {
        let tags = self.tagger.tags(text)?.into_iter();
        let named = tags.filter_map(|tag| {
            let kind = self.meanings.get(&tag.label)?.clone();
            Some(Named { kind, place: tag.place, score: tag.score })
        });
        Ok(named.collect())
    }
}

/// Loads the network of a folder; `labels` gives what its labels mean, where that is not plain. Labels that mean no type are not looked
/// for. `expected` is the [`digest`] that a stage's result is known by, where one is: what is worked with is what was digested.
///
/// # Errors
/// When a file is missing, damaged or not the expected one, `labels` has a label that the network lacks, or none of its labels means a
/// type.
pub fn name_model(
    folder: &Path,
    labels: &BTreeMap<String, String>,
    expected: Option<Digest>,
) -> Result<Arc<dyn NameModel>> {
    let file = |name: &str, limit| atomic::read(&folder.join(name), limit);
    let (graph, tokenizer) = (file(GRAPH, LIMIT)?, file(TOKENIZER, SMALL)?);
    let configuration = file(CONFIGURATION, SMALL)?;
    if let Some(expected) = expected {
        let files: [&[u8]; 3] = [&graph, &tokenizer, &configuration];
        if whole(files.map(Digest::of))? != expected {
            return Err(Fault::new(&NAMES_CHANGED).arg("path", folder.display()));
        }
    }
    let library = Library::load(&crate::models::library())?;
    let callers = std::thread::available_parallelism().map_or(1, usize::from);
    let tagger = Tagger::load(library, &graph, &tokenizer, &configuration, callers)?;
    let known = tagger.labels();
    let lacking = labels.keys().find(|label| !known.iter().any(|known| **known == **label));
    let meanings: BTreeMap<Arc<str>, Kind> = known
        .iter()
        .filter_map(|label| Some((Arc::clone(label), meaning(label, labels)?)))
        .collect();
    if lacking.is_some() || meanings.is_empty() {
        let list: Vec<&str> = known.iter().map(|label| &**label).collect();
        return Err(Fault::new(&NAMES_LABELS).arg("labels", list.join(", ")));
    }
    Ok(Arc::new(Names { tagger, meanings }))
}

/// The digest of everything that the network's answers depend on.
///
/// # Errors
/// When a file cannot be read.
pub(crate) fn digest(folder: &Path) -> Result<Digest> {
    let of = |name: &str| Digest::of_file(&folder.join(name));
    whole([of(GRAPH)?, of(TOKENIZER)?, of(CONFIGURATION)?])
}

/// One digest of those of the graph, the tokenizer and the configuration.
fn whole(files: [Digest; 3]) -> Result<Digest> {
    Digest::of_json(&files)
}

fn meaning(label: &str, given: &BTreeMap<String, String>) -> Option<Kind> {
    if let Some(name) = given.get(label) {
        return Kind::parse(name);
    }
    let upper = label.to_ascii_uppercase();
    let usual = MEANINGS.iter().find(|(name, _)| *name == upper).map(|(_, kind)| kind.clone());
    usual.or_else(|| Kind::parse(&label.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_mean_what_the_recipe_says_or_what_they_usually_do() {
        let given = BTreeMap::from([("ORG".to_owned(), "address".to_owned())]);
        assert_eq!(meaning("PER", &given), Some(Kind::Person));
        assert_eq!(meaning("org", &BTreeMap::new()), Some(Kind::Organization));
        assert_eq!(meaning("ORG", &given), Some(Kind::Address));
        assert_eq!(meaning("phone", &given), Some(Kind::Phone));
        assert_eq!(meaning("MISC", &given), None);
    }

    #[test]
    fn a_folder_without_a_network_is_told() {
        let folder = tempfile::tempdir().unwrap();
        assert!(digest(folder.path()).is_err());
    }

    #[test]
    fn a_network_that_changes_during_a_run_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for name in [GRAPH, TOKENIZER, CONFIGURATION] {
            atomic::write(&folder.path().join(name), b"{}").unwrap();
        }
        let expected = digest(folder.path()).unwrap();
        let code = || {
            let model = name_model(folder.path(), &BTreeMap::new(), Some(expected));
            model.err().map(|fault| fault.code())
        };
        assert_ne!(code(), Some("pipeline-names-changed"), "it is no network, but the same");
        atomic::write(&folder.path().join(TOKENIZER), b"[]").unwrap();
        assert_eq!(code(), Some("pipeline-names-changed"));
    }
}
