//! One file a stage: the recipe's part in, the room's own configuration made, the room's work done, its evidence kept.

pub(crate) mod anonymity;
pub(crate) mod clean;
pub(crate) mod columns;
pub(crate) mod compress;
pub(crate) mod copies;
pub(crate) mod encoder;
pub(crate) mod explain;
pub(crate) mod features;
pub(crate) mod head;
#[cfg(feature = "nets")]
pub(crate) mod kept;
pub(crate) mod maps;
pub(crate) mod membership;
pub(crate) mod pictures;
pub(crate) mod protect;
pub(crate) mod quants;
pub(crate) mod seal;
pub(crate) mod sft;
pub(crate) mod split;
pub(crate) mod students;
pub(crate) mod texts;
pub(crate) mod train;
pub(crate) mod tune;
pub(crate) mod words;

use crate::messages::RECORD_OTHER;
use ingot_base::{Digest, Fault, Lang, Result, atomic, fault};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::path::Path;

/// Figures as JSON for a record.
pub(crate) fn to_value<T: Serialize>(value: &T) -> Result<Value> {
    serde_json::to_value(value)
        .map_err(|error| fault::internal("figures without a JSON form").because(error))
}

/// Settings that hold values of the data, a prompt, or every word of the recipe.
const VALUES: [&str; 4] = ["levels", "dictionary", "system", "named"];
/// Settings that name files, whose content is among a stage's inputs by itself.
const FILES: [&str; 5] = ["file", "folder", "population", "uri", "against"];

/// A part of the recipe as a record may have it, for records travel in packages, in plain: instead of values that stand in it their
/// digest, instead of a path the file's name, instead of an address its host.
pub(crate) fn told(mut config: Value) -> Result<Value> {
    match &mut config {
        Value::Object(members) => {
            for (name, value) in members {
                let empty = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
                let is_in = |names: &[&str]| names.contains(&name.as_str());
                *value = match value.as_str() {
                    _ if is_in(&VALUES) && !empty => to_value(&Digest::of_json(&*value)?)?,
                    Some(path) if is_in(&FILES) => place_name(path).into(),
                    _ => told(value.take())?,
                };
            }
        }
        Value::Array(items) => {
            for item in items {
                *item = told(item.take())?;
            }
        }
        _ => {}
    }
    Ok(config)
}

/// What a file is called, or of an address the host: without folders, account and parameters.
pub(crate) fn place_name(place: &str) -> String {
    ingot_data::host(place)
        .unwrap_or_else(|| file_name(place.strip_prefix("file:").unwrap_or(place)))
}

/// What a file is called, without the folders that it lies in.
pub(crate) fn file_name(path: &str) -> String {
    let name = Path::new(path).file_name();
    name.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Figures out of a record.
pub(crate) fn from_value<T: DeserializeOwned>(value: &Value) -> Result<T> {
    T::deserialize(value).map_err(|error| Fault::new(&RECORD_OTHER).because(error))
}

/// Writes a report page; both languages are inside, the reader switches.
pub(crate) fn write_page(folder: &Path, name: &str, page: &ingot_report::Page) -> Result<()> {
    atomic::write(&folder.join(name), page.html(Lang::En).as_bytes())
}

#[cfg(test)]
mod tests {
    use ingot_recipe::Recipe;
    use serde_json::Value;

    fn recipe(task: &str, more: &str) -> Recipe {
        let text = format!(
            "[project]\nname = \"x\"\ntask = \"{task}\"\ntarget = \"y\"\n\
             [[source]]\nname = \"a\"\nuri = \"a.csv\"\n{more}"
        );
        ingot_recipe::parse("ingot.toml", &text).map_err(|faults| faults.len()).unwrap()
    }

    /// What is written of a recipe, once it is found to tell no canary, and to be another where the canary is another.
    fn plain(config: impl Fn(&Recipe) -> Value, task: &str, more: &str) -> String {
        let of = |canary: &str| config(&recipe(task, &more.replace("CANARY", canary))).to_string();
        let (one, other) = (of("canary-one"), of("canary-two"));
        assert!(!one.contains("canary"), "{one}");
        assert_ne!(one, other, "another content is another key");
        assert!(one.contains("\"sha256:"), "{one}");
        one
    }

    #[test]
    fn values_and_folders_of_protection_stay_at_home() {
        let config = |recipe: &Recipe| super::protect::config(recipe).unwrap();
        for more in [
            "[protect.anonymity]\nk = 2\nquasi = [\"job\"]\n\
             hierarchies = [{ column = \"job\", by = \"table\", levels = [[\"CANARY\", \"*\"]] }]\n",
            "[protect]\ncolumns = [{ name = \"job\", action = \"generalize\", to = { levels = [[\"CANARY\", \"*\"]] } }]\n",
            "[protect.text]\ncolumns = [\"note\"]\naction = \"replace\"\n\
             custom = [{ name = \"staff\", dictionary = [\"CANARY\"] }]\n",
        ] {
            plain(config, "tabular.binary", more);
        }
        let trained = |recipe: &Recipe| super::train::config(recipe).unwrap();
        let levels = "[protect]\ncolumns = [{ name = \"job\", action = \"generalize\", to = { levels = [[\"CANARY\", \"*\"]] } }]\n";
        plain(trained, "tabular.binary", levels);

        let far = "[protect.anonymity]\nk = 2\nquasi = [\"job\"]\n\
             hierarchies = [{ column = \"job\", by = \"file\", file = \"/srv/canary/jobs.csv\" }]\n\
             presence = { population = \"/srv/canary/all.csv\", most = 0.5 }\n";
        let told = config(&recipe("tabular.binary", far)).to_string();
        assert!(told.contains("\"jobs.csv\"") && told.contains("\"all.csv\""), "{told}");
        assert!(!told.contains("canary"), "{told}");
    }

    #[test]
    fn values_and_folders_of_cleaning_stay_at_home() {
        let config = |recipe: &Recipe| super::clean::config(recipe).unwrap();
        let text = "[[source]]\nname = \"b\"\nuri = \"/srv/canary/b.jsonl\"\n\
             [[source]]\nname = \"c\"\nuri = \"s3://bank/canary/c.parquet\"\n\
             [clean]\ndecontaminate = { column = \"note\", against = \"/srv/canary/test.jsonl\", tokens = 8 }\n";
        let told = config(&recipe("tabular.binary", text)).to_string();
        for part in
            ["\"a.csv\"", "\"b.jsonl\"", "\"s3://bank\"", "\"test.jsonl\"", "\"named\":\"sha256:"]
        {
            assert!(told.contains(part), "{part}: {told}");
        }
        assert!(!told.contains("canary"), "{told}");
        for (place, name) in [
            ("data/a.csv", "a.csv"),
            ("file:///srv/canary/a.csv", "a.csv"),
            ("file:canary/a.csv", "a.csv"),
            ("postgres://me:p/w@db:5432/loans?sslmode=require", "postgres://db:5432"),
            ("postgres://me@db/loans?password=ab@canary", "postgres://…"),
            ("https://me@x.org/canary@home/a.csv?token=b", "https://x.org"),
        ] {
            assert_eq!(super::place_name(place), name);
        }
    }

    #[test]
    fn prompts_and_folders_of_language_models_stay_at_home() {
        let sft = |recipe: &Recipe| super::sft::config(recipe).unwrap();
        let quants = |recipe: &Recipe| super::quants::config(recipe).unwrap();
        let prompt = "[train]\nlora = { system = \"CANARY\" }\nbase = \"/srv/cat/base.gguf\"\n";
        let told = plain(sft, "generate.sft", prompt);
        assert!(told.contains("\"base\"") && !told.contains("/srv"), "{told}");
        plain(quants, "generate.sft", prompt);
        // What nobody wrote is not there.
        assert!(!sft(&recipe("generate.sft", "")).to_string().contains("sha256"));
    }
}
