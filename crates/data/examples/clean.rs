//! Cleans one CSV file as the benchmark does and says what came out: a tool for profiling without the command line.
//!
//! `cargo run -p ingot-data --example clean -- rows.csv out.parquet [encrypt]`

use ingot_base::{Secret, Silent};
use ingot_data::{
    ClassKey, CleanConfig, CleanJob, Encryption, Outlier, OutlierAction, OutlierMethod,
    SourceConfig, clean,
};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [input, output, rest @ ..] = arguments.as_slice() else {
        return Err("usage: clean INPUT.csv OUTPUT.parquet [encrypt]".into());
    };
    let key = |byte: u8, id: &str| ClassKey { key: Secret::new(vec![byte; 16]), id: id.to_owned() };
    let encryption = (rest.first().map(String::as_str) == Some("encrypt")).then(|| Encryption {
        classes: BTreeMap::from([("general".to_owned(), key(1, "general"))]),
        footer: key(2, "footer"),
        columns: BTreeMap::new(),
        default_class: "general".to_owned(),
    });
    let sources = [SourceConfig {
        name: "rows".to_owned(),
        uri: input.clone(),
        weight: 1.0,
        query: None,
        format: None,
        encoding: None,
        rename: BTreeMap::new(),
        identities: BTreeMap::new(),
        named: None,
    }];
    let rules = CleanConfig {
        drop_missing: vec!["age".to_owned(), "income".to_owned()],
        keep: vec!["amount > 0".to_owned(), "rate < 0.9".to_owned()],
        outliers: vec![Outlier {
            column: "balance".to_owned(),
            method: OutlierMethod::Range(-3_000.0, 3_000.0),
            action: OutlierAction::Clip,
        }],
        dedupe_exact: true,
        ..CleanConfig::default()
    };
    let quarantine = Path::new(output).with_extension("quarantine.jsonl");
    let job = CleanJob {
        base_dir: Path::new("."),
        sources: &sources,
        clean: &rules,
        output: Path::new(output),
        quarantine: &quarantine,
        findings: &quarantine.with_extension("findings"),
        encryption: encryption.as_ref(),
        memory_limit: 1 << 30,
        threads: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        admit: None,
        cluster: None,
        personal: &std::collections::BTreeSet::new(),
    };
    let outcome = clean(&job, &Silent).map_err(|fault| format!("{fault:?}"))?;
    let json = serde_json::to_string_pretty(&outcome)?;
    std::io::stdout().write_all(json.as_bytes())?;
    Ok(())
}
