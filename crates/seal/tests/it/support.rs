//! One small model, sealed; and the tools of others.

use ingot_base::{
    Digest, Field, FieldKind, Output, Result, Secret, Signature, Tabular, Task, Text,
};
use ingot_seal::{
    Bom, Considerations, Dataset, DatasetRole, Fairness, Interval, Keyring, Library, Metric, Risk,
    SealJob, Sealed, seal,
};
use std::path::{Path, PathBuf};
use std::process::{Command, Output as Finished};
use tempfile::TempDir;

/// 2026-11-23T08:00:00Z.
pub(crate) const NOW_MS: i64 = 1_795_420_800_000;

/// Never to be seen outside of a payload.
pub(crate) const CANARY: &[u8] = b"canary: leaf_value=0.25 0.75";

/// A folder with keys and a place for packages.
pub(crate) struct Bench {
    pub(crate) dir: TempDir,
    pub(crate) keyring: Keyring,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let keyring = Keyring::create(&dir.path().join("keys")).unwrap();
        Self { dir, keyring }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Seals the small model, after `change`.
    pub(crate) fn seal_with(&self, change: impl FnOnce(&mut SealJob<'_>)) -> Result<Sealed> {
        let (output, signature) = (self.path("credit-risk-1.2.0.ingot"), signature());
        let mut job = job(&output, &signature);
        change(&mut job);
        seal(&job, &self.keyring)
    }

    /// The sealed small model's bytes.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.seal_with(|_| ()).unwrap().path).unwrap()
    }
}

fn job<'a>(output: &'a Path, signature: &'a Signature) -> SealJob<'a> {
    SealJob {
        name: "credit-risk",
        version: "1.2.0",
        task: Task::Tabular(Tabular::Binary),
        signature,
        created: "2026-11-23T08:00:00Z".into(),
        payloads: vec![
            ("model.txt".into(), Secret::new(CANARY.to_vec())),
            ("preprocessing.json".into(), Secret::new(b"{}".to_vec())),
        ],
        card: vec![("training.html".into(), b"<!doctype html><title>training</title>".to_vec())],
        lineage: serde_json::json!({ "format": 1, "stages": ["clean", "train"] }),
        bom: bom(),
        recipients: Vec::new(),
        licence_expires: Some("2027-11-30".into()),
        output,
    }
}

pub(crate) fn signature() -> Signature {
    let number = FieldKind::Number { min: 19.0, max: 75.0, integer: true };
    let category =
        FieldKind::Category { values: ["car", "education", "radio/TV"].map(Into::into).into() };
    let field =
        |name: &str, title, kind, nullable| Field { title, ..Field::new(name, kind, nullable) };
    Signature {
        task: Task::Tabular(Tabular::Binary),
        inputs: vec![
            field("age", Some(Text::new("age in years", "年龄（岁）")), number, false),
            field("purpose", None, category, true),
            field("foreign_worker", None, FieldKind::Boolean, false),
        ],
        output: Output::Binary {
            target: "risk".into(),
            positive: "bad".into(),
            negative: "good".into(),
            threshold: 0.25,
        },
    }
}

pub(crate) fn bom() -> Bom {
    let metric = |name: &str, title: Text, value, lower, upper| Metric {
        name: name.into(),
        title,
        value,
        interval: Some(Interval { lower, upper, level: 0.95 }),
        slice: None,
    };
    let dataset = |name: &str, role, rows| Dataset {
        name: name.into(),
        role,
        digest: Digest::of(name.as_bytes()),
        rows,
        description: Some(Text::new("1,000 loans of a German bank", "一家德国银行的 1000 笔贷款")),
        licence: Some("CC-BY-4.0".into()),
        sensitive: vec!["personal identifiers".into()],
    };
    let auc = || Text::new("area under the ROC curve", "ROC 曲线下面积");
    let group = |group: &str, rows, value| Fairness {
        column: "sex".into(),
        group: group.into(),
        rows,
        metrics: vec![metric("roc_auc", auc(), value, value - 0.06, value + 0.05)],
        harms: Some(Text::new("refused more often at equal risk", "在风险相同时更常被拒")),
        mitigation: None,
    };
    Bom {
        summary: Some(Text::new("Probability that a loan goes bad.", "贷款违约的概率。")),
        supplier: Some("Example Bank".into()),
        licence: Some("LicenseRef-Proprietary".into()),
        algorithm: Some(Text::new("gradient-boosted decision trees", "梯度提升决策树")),
        architecture: Some("LightGBM gbdt, 120 trees, at most 31 leaves".into()),
        parameters: [("learning_rate", "0.05"), ("num_leaves", "31")]
            .map(|(name, value)| (name.into(), value.into()))
            .into(),
        datasets: vec![
            dataset("core-bank", DatasetRole::Source, 1_000),
            dataset("train.parquet", DatasetRole::Training, 640),
            dataset("test.parquet", DatasetRole::Test, 200),
        ],
        metrics: vec![
            metric("roc_auc", auc(), 0.791, 0.722, 0.853),
            metric("brier", Text::new("Brier score", "Brier 分数"), 0.1625, 0.1413, 0.1836),
        ],
        fairness: vec![group("female", 62, 0.7712), group("male", 138, 0.8025)],
        considerations: Considerations {
            users: vec![Text::new("loan officers", "信贷员")],
            uses: vec![Text::new("ranking applications for review", "为人工审核排序")],
            limitations: vec![Text::new("loans of the 1990s", "数据来自 20 世纪 90 年代")],
            tradeoffs: vec![Text::new("recall before precision", "召回率优先于精确率")],
            risks: vec![Risk {
                name: Text::new("unjust refusal", "不公正的拒绝"),
                mitigation: Text::new("a person decides", "由人作出决定"),
            }],
        },
        engines: vec![Library {
            digest: Some(Digest::of(b"lightgbm")),
            ..Library::cargo("lightgbm3-sys", "1.0.11", "MIT")
        }],
        libraries: vec![
            Library::cargo("age", "0.12.1", "MIT OR Apache-2.0"),
            Library::cargo("lightgbm3-sys", "1.0.11", "MIT"),
        ],
    }
}

/// A tool: the program that `variable` names, else of the environment of test tools, else of the path. `None`, with a word,
/// when it is not here and need not be.
pub(crate) fn tool(variable: &str, name: &str) -> Option<Command> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let named = std::env::var_os(variable).map(PathBuf::from);
    let own =
        std::env::var_os("INGOT_TEST_VENV").map(|folder| Path::new(&folder).join("bin").join(name));
    let system = std::env::split_paths(&path).map(|folder| folder.join(name));
    // Any Python is not one with the validator inside.
    let system = system.filter(|_| name != "python");
    let found = named.into_iter().chain(own).chain(system).find(|file| file.is_file());
    if found.is_none() {
        assert_ne!(
            std::env::var("INGOT_TEST_TOOLS").as_deref(),
            Ok("required"),
            "`{name}` is missing; run scripts/test-tools.sh"
        );
        println!("skipped: `{name}` is not on this machine ({variable} names it)");
    }
    found.map(Command::new)
}

/// Runs to the end.
pub(crate) fn run(command: &mut Command) -> Finished {
    command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// Runs to the end and demands success.
pub(crate) fn succeed(command: &mut Command) -> Vec<u8> {
    let output = run(command);
    assert!(
        output.status.success(),
        "{command:?}\n{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}
