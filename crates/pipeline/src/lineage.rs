//! The chain of evidence as the package carries it, and as `ingot trace` tells it.

use crate::messages::LINEAGE_OTHER;
use crate::project::Project;
use crate::run::{Chain, earlier};
use crate::stages::{from_value, place_name, split};
use crate::store::{Record, Stage};
use arrow::array::{Array, StringArray, UInt64Array};
use ingot_base::digest::Hasher;
use ingot_base::{Digest, Fault, Lang, Result, Text, fault};
use ingot_privacy::anonymity::{Diversity, Likeness, Policy};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The lineage document's format, raised when its shape changes.
const FORMAT: u32 = 1;

/// At most this many row ranges are listed a source; beyond, the digest alone identifies the rows.
const RANGES: usize = 2_000;

/// Which rows of one source stand in one part of the split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Rows {
    part: String,
    source: String,
    count: u64,
    /// SHA-256 over the row numbers in rising order, each as eight little-endian bytes.
    digest: Digest,
    /// First and last row number of each run, both included; empty when there are too many runs.
    ranges: Vec<(u64, u64)>,
}

/// The lineage document of a finished chain, without the figures that would show data.
pub(crate) fn document(project: &Project<'_>, chain: &Chain) -> Result<Value> {
    let recipe = &project.recipe().project;
    let stages: Vec<Value> = chain.values().map(|done| link(&done.record)).collect();
    Ok(json!({
        "format": FORMAT,
        "project": { "name": recipe.name, "version": recipe.version, "task": recipe.task, "target": recipe.target },
        "seed": recipe.seed,
        "recipe_digest": Digest::of(project.source.text.as_bytes()),
        "rows": rows(project, chain)?,
        "stages": stages,
    }))
}

/// Evidence about single rows, or so detailed that it describes them; and how many persons were erased.
const ROWWISE: [&str; 8] =
    ["before", "after", "swarm", "single", "doubtful", "outliers", "first", "erasures"];

/// Takes out of a document, at any depth, what describes rows.
fn without_rows(evidence: &mut Value) {
    match evidence {
        Value::Object(members) => {
            members.retain(|name, _| !ROWWISE.contains(&name.as_str()));
            members.values_mut().for_each(without_rows);
        }
        Value::Array(items) => items.iter_mut().for_each(without_rows),
        _ => {}
    }
}

/// Of where a source lies the file's name or the host: folders tell of the house, not of the model.
fn without_folders(evidence: &mut Value) {
    let sources = evidence.get_mut("sources").and_then(Value::as_array_mut);
    for place in sources.into_iter().flatten().filter_map(|source| source.get_mut("uri")) {
        if let Some(uri) = place.as_str() {
            *place = place_name(uri).into();
        }
    }
}

/// One stage of the chain. What describes rows stays at home: the document is not encrypted.
fn link(record: &Record) -> Value {
    let mut evidence = record.evidence.clone();
    without_rows(&mut evidence);
    without_folders(&mut evidence);
    let outputs: BTreeMap<&String, Digest> =
        record.outputs.iter().map(|(name, output)| (name, output.content)).collect();
    json!({
        "stage": record.inputs.stage,
        "key": record.key,
        "inputs": record.inputs.content,
        "config": record.inputs.config,
        "seed": record.inputs.seed,
        "versions": record.inputs.versions,
        "outputs": outputs,
        "evidence": evidence,
        "finished": record.finished,
        "seconds": record.seconds,
    })
}

fn rows(project: &Project<'_>, chain: &Chain) -> Result<Vec<Rows>> {
    let tables = earlier(chain, Stage::Split)?;
    let keys = crate::convert::encryption(project);
    let mut all = Vec::new();
    for (part, name) in
        [("train", split::TRAIN), ("validation", split::VALIDATION), ("test", split::TEST)]
    {
        if !tables.has(name) {
            continue;
        }
        let path = tables.verified(name)?;
        let mut numbers: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for batch in ingot_data::read_columns(&path, Some(&keys), &["_source", "_row"])? {
            let column = |name: &str| {
                batch
                    .column_by_name(name)
                    .ok_or_else(|| fault::internal(format!("table without `{name}`")))
            };
            let sources =
                arrow::compute::cast(column("_source")?, &arrow::datatypes::DataType::Utf8)
                    .map_err(|error| fault::internal("`_source` is not text").because(error))?;
            let (Some(sources), Some(rows)) = (
                sources.as_any().downcast_ref::<StringArray>(),
                column("_row")?.as_any().downcast_ref::<UInt64Array>(),
            ) else {
                return Err(fault::internal("lineage columns of another type"));
            };
            for index in 0..batch.num_rows() {
                numbers.entry(sources.value(index).to_owned()).or_default().push(rows.value(index));
            }
        }
        all.extend(numbers.into_iter().map(|(source, list)| summarise(part, source, list)));
    }
    Ok(all)
}

fn summarise(part: &str, source: String, mut list: Vec<u64>) -> Rows {
    list.sort_unstable();
    let mut hasher = Hasher::default();
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for row in &list {
        hasher.update(&row.to_le_bytes());
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == *row => *last = *row,
            _ => ranges.push((*row, *row)),
        }
    }
    if ranges.len() > RANGES {
        ranges.clear();
    }
    Rows {
        part: part.to_owned(),
        source,
        count: list.len() as u64,
        digest: hasher.finish(),
        ranges,
    }
}

/// A lineage document, ready to be told.
#[derive(Debug, Deserialize)]
pub struct Trace {
    /// A model that was made elsewhere has none.
    #[serde(default)]
    rows: Vec<Rows>,
    stages: Vec<Link>,
    /// Of a model that was made elsewhere: its file, the file's digest, and the base of an adapter.
    #[serde(default)]
    made_elsewhere: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Link {
    stage: Stage,
    key: Digest,
    finished: String,
    evidence: Value,
}

/// Reads a lineage document.
///
/// # Errors
/// When it has another format.
pub fn trace(lineage: &Value) -> Result<Trace> {
    Trace::deserialize(lineage).map_err(|error| Fault::new(&LINEAGE_OTHER).because(error))
}

impl Trace {
    fn evidence(&self, stage: Stage, name: &str) -> Vec<Value> {
        self.stages
            .iter()
            .find(|link| link.stage == stage)
            .and_then(|link| link.evidence.get(name)?.as_array().cloned())
            .unwrap_or_default()
    }

    /// The base of an adapter: its name, and its digest where the adapter was made elsewhere.
    pub fn base(&self) -> Option<Value> {
        let made = self.made_elsewhere.as_ref().and_then(|made| made.get("base"));
        let trained = || {
            let link = self.stages.iter().find(|link| link.stage == Stage::Train)?;
            Some(serde_json::json!({ "name": link.evidence.get("base")?.as_str()? }))
        };
        made.filter(|base| base.is_object()).cloned().or_else(trained)
    }

    /// Of a model that was made elsewhere: file, digest, base, the base's digest; the first row is the heading.
    pub fn elsewhere(&self, lang: Lang) -> Option<Vec<Vec<String>>> {
        let made = self.made_elsewhere.as_ref()?;
        let heading = heading(
            lang,
            &[
                ("file", "文件"),
                ("digest", "摘要"),
                ("base", "基础模型"),
                ("digest of the base", "基础模型摘要"),
            ],
        );
        let places = ["/file", "/digest", "/base/name", "/base/digest"];
        Some(vec![heading, places.map(|place| plain(made.pointer(place))).to_vec()])
    }

    /// Name, address, rows, quarantined rows, digest of every source; the first row is the heading.
    pub fn sources(&self, lang: Lang) -> Vec<Vec<String>> {
        let heading = heading(
            lang,
            &[
                ("source", "数据源"),
                ("address", "位置"),
                ("rows", "行数"),
                ("quarantined", "隔离"),
                ("digest", "摘要"),
            ],
        );
        let body = self.evidence(Stage::Clean, "sources").into_iter().map(|source| {
            ["name", "uri", "rows", "quarantined", "digest"]
                .map(|key| plain(source.get(key)))
                .to_vec()
        });
        std::iter::once(heading).chain(body).collect()
    }

    /// Key, wording, rows dropped, values changed of every rule and column action; the first row is the heading.
    pub fn rules(&self, lang: Lang) -> Vec<Vec<String>> {
        let heading = heading(
            lang,
            &[("key", "配方键"), ("rule", "规则"), ("dropped", "删除"), ("changed", "修改")],
        );
        let rules = self.evidence(Stage::Clean, "rules").into_iter().map(|rule| {
            vec![
                plain(rule.get("key_path")),
                told(&rule, lang),
                plain(rule.get("dropped")),
                plain(rule.get("changed")),
            ]
        });
        let actions = self.evidence(Stage::Protect, "actions").into_iter().enumerate().map(
            |(index, action)| {
                vec![
                    format!("protect.columns[{index}]"),
                    wording(Some(&action), lang),
                    "0".to_owned(),
                    String::new(),
                ]
            },
        );
        let texts =
            self.evidence(Stage::Protect, "texts").into_iter().enumerate().map(|(index, text)| {
                vec![
                    format!("protect.text.columns[{index}]"),
                    found(&text).get(lang).to_owned(),
                    "0".to_owned(),
                    plain(text.get("touched")),
                ]
            });
        let anonymity = self
            .stages
            .iter()
            .filter(|link| link.stage == Stage::Protect)
            .filter_map(|link| link.evidence.get("anonymity"));
        let anonymity = anonymity.map(|anonymity| {
            // Figures of the table before and after describe rows and stay at home; the promise does not.
            let policy = anonymity.get("policy").and_then(|policy| from_value(policy).ok());
            let promise = policy.map(|policy| promise(&policy, lang)).unwrap_or_default();
            let left_out = plain(anonymity.pointer("/report/suppressed_rows"));
            vec!["protect.anonymity".to_owned(), promise, left_out, String::new()]
        });
        std::iter::once(heading).chain(rules).chain(actions).chain(texts).chain(anonymity).collect()
    }

    /// Part, source, number of rows, row numbers; the first row is the heading.
    pub fn rows(&self, lang: Lang) -> Vec<Vec<String>> {
        let heading = heading(
            lang,
            &[("part", "部分"), ("source", "数据源"), ("rows", "行数"), ("row numbers", "行号")],
        );
        let body = self.rows.iter().map(|rows| {
            vec![rows.part.clone(), rows.source.clone(), rows.count.to_string(), shown(rows)]
        });
        std::iter::once(heading).chain(body).collect()
    }

    /// Stage, key, time; the first row is the heading.
    pub fn stages(&self, lang: Lang) -> Vec<Vec<String>> {
        let heading = heading(lang, &[("stage", "阶段"), ("key", "键"), ("finished", "完成时间")]);
        let body = self.stages.iter().map(|link| {
            vec![link.stage.as_str().to_owned(), link.key.to_string(), link.finished.clone()]
        });
        std::iter::once(heading).chain(body).collect()
    }
}

/// What was found in a text column, in words.
fn found(text: &Value) -> Text {
    let column = plain(text.get("column"));
    let findings = text.get("findings").and_then(Value::as_object);
    let counts: Vec<String> = findings
        .into_iter()
        .flatten()
        .map(|(kind, found)| format!("{kind} {}", plain(found.get("count"))))
        .collect();
    let list = if counts.is_empty() { "–".to_owned() } else { counts.join(", ") };
    Text::new(format!("`{column}`: found {list}"), format!("`{column}`：发现 {list}"))
}

/// What was promised of the whole table.
fn promise(policy: &Policy, lang: Lang) -> String {
    let word = |en: &'static str, zh: &'static str| Text::new(en, zh).get(lang).to_owned();
    let mut parts = vec![format!("k = {}", policy.k)];
    parts.extend(policy.l.map(|l| match l {
        Diversity::Distinct(l) => format!("l = {l}"),
        Diversity::Entropy(l) => format!("l = {l}{}", word(" (entropy)", "（熵）")),
        Diversity::Recursive { c, l } => format!("(c, l) = ({c}, {l})"),
    }));
    parts.extend(policy.alpha.map(|alpha| format!("α = {alpha}")));
    parts.extend(policy.t.map(|t| format!("t = {t}")));
    parts.extend(policy.beta.map(|beta| match beta {
        Likeness::Basic(beta) => format!("β = {beta}"),
        Likeness::Enhanced(beta) => format!("β = {beta}{}", word(" (enhanced)", "（增强）")),
    }));
    parts.extend(policy.delta.map(|delta| format!("δ = {delta}")));
    let presence = word("presence", "存在性");
    parts.extend(policy.presence.map(|kept| format!("{presence} {}–{}", kept.least, kept.most)));
    let persons = word("persons by", "个人标识列");
    parts.extend(policy.person.as_ref().map(|column| format!("{persons} `{column}`")));
    parts.join(&word(", ", "，"))
}

fn heading(lang: Lang, titles: &[(&str, &str)]) -> Vec<String> {
    titles.iter().map(|(en, zh)| Text::new(*en, *zh).get(lang).to_owned()).collect()
}

fn plain(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}

fn wording(value: Option<&Value>, lang: Lang) -> String {
    value
        .and_then(|text| from_value::<Text>(text).ok())
        .map(|text| text.get(lang).to_owned())
        .unwrap_or_default()
}

/// What a rule of cleaning does, and how many values were lost by it.
fn told(rule: &Value, lang: Lang) -> String {
    let words = wording(rule.get("text"), lang);
    let lost = rule.get("lost").and_then(Value::as_u64).filter(|lost| *lost > 0);
    let Some(lost) = lost else { return words };
    let lost = Text::new(format!("; {lost} lost"), format!("；丢失 {lost} 个取值"));
    // Records written before tell it in the rule's own words.
    if words.ends_with(lost.get(lang)) { words } else { words + lost.get(lang) }
}

/// The first row ranges as text; the rest by number.
fn shown(rows: &Rows) -> String {
    const SHOWN: usize = 6;
    let list: Vec<String> = rows
        .ranges
        .iter()
        .take(SHOWN)
        .map(
            |(first, last)| {
                if first == last { first.to_string() } else { format!("{first}-{last}") }
            },
        )
        .collect();
    let more = rows.ranges.len().saturating_sub(SHOWN);
    match (list.is_empty(), more) {
        (true, _) => rows.digest.to_string(),
        (false, 0) => list.join(","),
        (false, more) => format!("{},… (+{more})", list.join(",")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_promise_is_told_though_figures_of_the_table_stay_at_home() {
        let mut policy = Policy::new(5, vec![]);
        (policy.l, policy.t) = (Some(Diversity::Entropy(2.0)), Some(0.2));
        policy.person = Some("who".to_owned());
        let mut evidence = json!({
            "anonymity": {
                "policy": policy,
                "report": { "suppressed_rows": 4, "after": { "k": 7 }, "before": { "k": 1 } },
            },
        });
        without_rows(&mut evidence);
        let trace = trace(&json!({
            "rows": [],
            "stages": [{
                "stage": "protect", "key": Digest::of(b"-"), "finished": "", "evidence": evidence,
            }],
        }))
        .unwrap();
        let line = |lang| trace.rules(lang).pop().unwrap();
        let told = |promise: &str| ["protect.anonymity", promise, "4", ""].map(str::to_owned);
        assert_eq!(line(Lang::En), told("k = 5, l = 2 (entropy), t = 0.2, persons by `who`"));
        assert_eq!(line(Lang::Zh), told("k = 5，l = 2（熵），t = 0.2，个人标识列 `who`"));
    }

    #[test]
    fn a_model_made_elsewhere_has_no_rows_and_tells_its_file() {
        let lineage = json!({
            "format": 1, "stages": [],
            "made_elsewhere": { "file": "model.gguf", "digest": "sha256:1", "base": { "name": "b", "digest": "sha256:2" } },
        });
        let told = trace(&lineage).unwrap().elsewhere(Lang::Zh).unwrap();
        assert_eq!(told[1], ["model.gguf", "sha256:1", "b", "sha256:2"]);
        assert_eq!(told[0].len(), 4);
        assert_eq!(trace(&lineage).unwrap().base().unwrap()["name"], "b");
        assert_eq!(trace(&json!({ "stages": 1 })).unwrap_err().code(), "pipeline-lineage-other");
        assert!(trace(&json!({ "rows": [], "stages": [] })).unwrap().elsewhere(Lang::En).is_none());
    }

    #[test]
    fn a_source_is_told_without_its_folders() {
        let mut evidence = json!({ "sources": [
            { "name": "a", "uri": "/srv/canary/a.csv" },
            { "name": "b", "uri": "s3://bank/canary/b.csv" },
        ] });
        without_folders(&mut evidence);
        assert_eq!(evidence["sources"][0], json!({ "name": "a", "uri": "a.csv" }));
        assert_eq!(evidence["sources"][1]["uri"], "s3://bank");
    }

    #[test]
    fn what_a_cast_lost_is_told_once_behind_its_words() {
        let rule =
            |en: &str, zh: &str, lost: u64| json!({ "text": { "en": en, "zh": zh }, "lost": lost });
        let cast = rule("cast", "转换", 10);
        assert_eq!(told(&cast, Lang::En), "cast; 10 lost");
        assert_eq!(told(&cast, Lang::Zh), "转换；丢失 10 个取值");
        let before = rule("cast; 10 lost", "转换；丢失 10 个取值", 10);
        assert_eq!(told(&before, Lang::En), "cast; 10 lost");
        assert_eq!(told(&before, Lang::Zh), "转换；丢失 10 个取值");
        assert_eq!(told(&rule("cast", "转换", 0), Lang::En), "cast");
        assert_eq!(told(&json!({ "text": { "en": "a", "zh": "b" } }), Lang::Zh), "b");
    }

    #[test]
    fn row_numbers_become_ranges_and_an_order_free_digest() {
        let one = summarise("train", "a".into(), vec![5, 1, 2, 3, 9]);
        assert_eq!(one.ranges, [(1, 3), (5, 5), (9, 9)]);
        assert_eq!(one.digest, summarise("train", "a".into(), vec![9, 3, 2, 1, 5]).digest);
        assert_ne!(one.digest, summarise("train", "a".into(), vec![9, 3, 2, 1]).digest);
        assert_eq!(shown(&one), "1-3,5,9");
        let odd = summarise("train", "a".into(), (0..10_000).map(|n| n * 2).collect());
        assert!(odd.ranges.is_empty() && odd.count == 10_000);
    }
}
