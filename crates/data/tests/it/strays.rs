//! Keys of JSON lines that hardly any line has.

use super::source;
use ingot_base::{Fault, Lang, Reporter, Text};
use ingot_data::{CleanConfig, CleanJob, CleanOutcome, SourceConfig, clean, headers, read};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;

#[derive(Debug, Default)]
struct Heard(Mutex<Vec<String>>);

impl Reporter for Heard {
    fn start(&self, _: &Text, _: Option<u64>) {}
    fn advance(&self, _: u64) {}
    fn finish(&self, _: &Text) {}
    fn warn(&self, warning: &Fault) {
        let said = [Lang::En, Lang::Zh].map(|lang| warning.render(lang)).concat();
        self.0.lock().unwrap().push(format!("{} {said}", warning.code()));
    }
}

fn run(folder: &Path, source: SourceConfig) -> (CleanOutcome, Vec<String>) {
    let (output, quarantine) = (folder.join("out.parquet"), folder.join("quarantine.jsonl"));
    let (sources, heard) = ([source], Heard::default());
    let job = CleanJob {
        base_dir: folder,
        sources: &sources,
        clean: &CleanConfig::default(),
        output: &output,
        quarantine: &quarantine,
        findings: &folder.join("findings.jsonl"),
        encryption: None,
        memory_limit: 8 << 20,
        threads: 2,
        admit: None,
        cluster: None,
        personal: &BTreeSet::new(),
    };
    let outcome = clean(&job, &heard).unwrap();
    (outcome, heard.0.into_inner().unwrap())
}

fn named(names: &[&str]) -> SourceConfig {
    let named = names.iter().map(|name| (*name).to_owned()).collect();
    SourceConfig { named: Some(named), ..source("a", "a.jsonl") }
}

/// The columns of the table that was written.
fn columns(folder: &Path) -> Vec<String> {
    let batches = read(&folder.join("out.parquet"), None).unwrap();
    batches[0].schema().fields().iter().map(|field| field.name().clone()).collect()
}

#[test]
fn a_value_in_a_keys_place_stands_in_no_part_that_others_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut lines: Vec<String> =
        (0..1_000).map(|row| format!("{{\"age\":{row},\"note\":\"n\"}}")).collect();
    lines[499] = "{\"CANARYzqkey\":\"x\"}".to_owned();
    lines[700] = "{\"age\":1,\"note\":\"n\",\"CANARYzqtwo\":2}".to_owned();
    std::fs::write(folder.path().join("a.jsonl"), lines.join("\n")).unwrap();
    let (outcome, heard) = run(folder.path(), named(&["age"]));
    assert_eq!(columns(folder.path()), ["age", "note", "_source", "_row"]);
    assert_eq!((outcome.rows_in, outcome.sources[0].quarantined), (999, 1));
    let warned = heard.iter().find(|said| said.starts_with("data-keys-rare")).unwrap();
    assert!(warned.contains("500 (1), 701 (1)") && warned.contains("2 个键"), "{warned}");
    let quarantine = std::fs::read_to_string(folder.path().join("quarantine.jsonl")).unwrap();
    assert!(quarantine.contains("\"line\":500"), "{quarantine}");
    let told = serde_json::to_string(&outcome).unwrap();
    assert!(told.contains("500 (1)"), "the report says so: {told}");
    let shown = headers(folder.path(), &[named(&["age"])]).unwrap().unwrap();
    for said in [told, quarantine, heard.concat(), format!("{shown:?}")] {
        assert!(!said.contains("CANARY"), "{said}");
    }
}

#[test]
fn a_rare_key_that_the_recipe_names_is_a_column() {
    let folder = tempfile::tempdir().unwrap();
    let mut lines: Vec<String> = (0..100).map(|row| format!("{{\"age\":{row}}}")).collect();
    lines[50] = "{\"age\":1,\"alias\":\"x\",\"old\":2}".to_owned();
    std::fs::write(folder.path().join("a.jsonl"), lines.join("\n")).unwrap();
    let mut source = named(&["age", "alias"]);
    source.rename.insert("old".to_owned(), "new".to_owned());
    let (outcome, heard) = run(folder.path(), source);
    assert_eq!(columns(folder.path()), ["age", "alias", "new", "_source", "_row"]);
    assert!(outcome.rows_in == 100 && heard.is_empty(), "{heard:?}");
}

#[test]
fn a_file_in_which_no_line_is_like_another_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let lines: String = (0..50).map(|row| format!("{{\"CANARY{row}\":1}}\n")).collect();
    std::fs::write(folder.path().join("a.jsonl"), lines).unwrap();
    let fault = headers(folder.path(), &[named(&[])]).unwrap_err();
    assert_eq!(fault.code(), "data-file-wrong");
    let why = std::error::Error::source(&fault).map(ToString::to_string).unwrap();
    let said = format!("{why} {fault:?}");
    assert!(said.contains("50 key(s)") && !said.contains("CANARY"), "{said}");
}
