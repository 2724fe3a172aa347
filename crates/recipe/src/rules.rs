//! Rules over several settings. They look at checked JSON in which a wrong value is null: they speak even when other
//! settings are wrong, and take a wrong value for one that is there.

mod protection;

use crate::check;
use crate::forms::is_database;
use crate::language::{RECIPE, Shape};
use crate::messages as m;
use crate::model::{Backbone, OwnBackbone};
use crate::span::child;
use ingot_base::{Fault, Tabular, Task};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

const BINARY: Task = Task::Tabular(Tabular::Binary);
const MULTICLASS: Task = Task::Tabular(Tabular::Multiclass);
const REGRESSION: Task = Task::Tabular(Tabular::Regression);
const TABLES: &[Task] = &[BINARY, MULTICLASS, REGRESSION];
const PICTURES: &[Task] = &[Task::ImageClassify];
const LANGUAGE: &[Task] = &[Task::Generate];
const TEXTS: &[Task] = &[Task::TextClassify];
const NETWORKS: &[Task] = &[Task::ImageClassify, Task::TextClassify];

/// Settings and the only tasks that have them.
const OF_TASKS: &[(&str, &[Task])] = &[
    ("project.positive", &[BINARY, Task::ImageClassify, Task::TextClassify]),
    ("split.stratify", &[BINARY, MULTICLASS, Task::ImageClassify, Task::TextClassify]),
    ("augment", NETWORKS),
    ("protect.anonymity", TABLES),
    ("train.backbone", NETWORKS),
    ("train.head", NETWORKS),
    ("train.private", NETWORKS),
    ("train.unfreeze", PICTURES),
    ("train.encoder", TEXTS),
    ("train.text", &[Task::TextClassify, Task::Generate]),
    ("train.words", TEXTS),
    ("train.base", LANGUAGE),
    ("train.lora", LANGUAGE),
    ("train.balance", &[BINARY, MULTICLASS, Task::ImageClassify, Task::TextClassify]),
    ("train.cost", &[BINARY]),
    ("train.budget", TABLES),
    ("train.trials", TABLES),
    ("train.exclude", TABLES),
    ("train.calibrate", TABLES),
    ("train.fairness", TABLES),
    ("train.folds", TABLES),
    ("train.max_categories", TABLES),
    ("train.params", TABLES),
    ("compress", &[Task::ImageClassify, Task::TextClassify, Task::Generate]),
    ("compress.prune", PICTURES),
    ("compress.distill", NETWORKS),
    ("compress.distill.blocks", PICTURES),
    ("compress.distill.layers", TEXTS),
    ("compress.calibration.method", PICTURES),
    ("compress.calibration.percentile", PICTURES),
    ("compress.calibration.pictures", PICTURES),
    ("compress.calibration.tokens", LANGUAGE),
    ("compress.beside", LANGUAGE),
    ("compress.tolerance.divergence", LANGUAGE),
    ("compress.tolerance.perplexity", LANGUAGE),
    ("explain.pictures", PICTURES),
    ("explain.occlusion", PICTURES),
    ("explain.texts", TEXTS),
    ("explain.method", TABLES),
    ("explain.sample", TABLES),
    ("explain.surrogate_depth", TABLES),
    ("explain.titles", TABLES),
];

/// Settings of `[augment]` and the only task of networks that has them.
const OF_AUGMENT: &[(&[&str], &[Task])] = &[
    (
        &[
            "rotate",
            "zoom",
            "crop",
            "translate",
            "flip",
            "colour",
            "blur",
            "erase",
            "mixup",
            "cutmix",
        ],
        PICTURES,
    ),
    (&["swap", "delete", "synonym", "noise"], TEXTS),
];

/// Settings of a backbone of the user's and the only task that has them.
const OF_BACKBONE: &[(&[&str], &[Task])] = &[
    (&["input", "resize", "crop", "mean", "std"], PICTURES),
    (&["tokenizer", "pooling", "tokens"], TEXTS),
];

/// Key paths of settings that a task does not have.
pub(crate) fn foreign(task: Task) -> impl Iterator<Item = String> {
    let single = OF_TASKS.iter().map(|(path, tasks)| ((*path).to_owned(), *tasks));
    let augment = OF_AUGMENT
        .iter()
        .flat_map(|(keys, tasks)| keys.iter().map(move |key| (format!("augment.{key}"), *tasks)));
    single.chain(augment).filter(move |(_, tasks)| !tasks.contains(&task)).map(|(path, _)| path)
}

/// Every rule that the recipe breaks; each fault carries its key path.
pub(crate) fn check(recipe: &Json) -> Vec<Fault> {
    let mut rules = Rules { recipe, faults: Vec::new() };
    rules.task();
    rules.sources();
    rules.cleaning();
    rules.protection();
    rules.shifts();
    rules.texts();
    rules.anonymity();
    rules.preferences();
    rules.compression();
    rules.split();
    rules.names();
    rules.faults
}

struct Rules<'r> {
    recipe: &'r Json,
    faults: Vec<Fault>,
}

/// What the recipe does to a protected column.
struct Protected<'r> {
    renamed: Option<&'r str>,
    dropped: bool,
}

impl<'r> Rules<'r> {
    fn text(&self, pointer: &str) -> Option<&'r str> {
        self.recipe.pointer(pointer).and_then(Json::as_str)
    }

    fn items(&self, pointer: &str) -> &'r [Json] {
        self.recipe.pointer(pointer).and_then(Json::as_array).map_or(&[], Vec::as_slice)
    }

    fn is_on(&self, pointer: &str) -> bool {
        self.recipe.pointer(pointer).and_then(Json::as_bool).unwrap_or(false)
    }

    fn report(&mut self, path: impl Into<String>, fault: Fault) {
        self.faults.push(fault.at(path));
    }

    fn target(&self) -> Option<&'r str> {
        self.text("/project/target")
    }

    fn of_task(&self) -> Option<Task> {
        self.text("/project/task").and_then(|task| task.parse().ok())
    }

    /// Settings that only some tasks have.
    fn task(&mut self) {
        let Some(task) = self.of_task() else { return };
        let mut refused = Vec::new();
        for (path, tasks) in OF_TASKS {
            // A section that is refused whole is refused once.
            let whole = path.split('.').next().is_some_and(|section| refused.contains(&section));
            if !tasks.contains(&task) && !whole && self.is_set(path) {
                refused.push(*path);
                self.foreign(path, tasks, task);
            }
        }
        if NETWORKS.contains(&task) {
            self.networks(task);
            self.mixtures();
            self.private_training();
            self.patience();
            self.fine_tuning();
        }
        // The tables' tasks share the parameters, but for this one.
        let objective = self.recipe.pointer("/train/params/objective").is_some();
        if objective && TABLES.contains(&task) && task != REGRESSION {
            self.foreign("train.params.objective", &[REGRESSION], task);
        }
    }

    /// Settings that differ between pictures and texts.
    fn networks(&mut self, task: Task) {
        for (names, tasks) in OF_AUGMENT {
            for name in *names {
                let path = format!("augment.{name}");
                if !tasks.contains(&task) && self.is_set(&path) {
                    self.foreign(&path, tasks, task);
                }
            }
        }
        let backbone = self.recipe.pointer("/train/backbone").cloned();
        let backbone = backbone.and_then(|name| serde_json::from_value::<Backbone>(name).ok());
        if let Some(own) = backbone.as_ref().and_then(Backbone::task).filter(|own| *own != task) {
            let fault = Fault::new(&m::BACKBONE_TASK).arg("task", task).arg("own", own);
            self.report("train.backbone", fault);
        }
        self.own_backbone(task);
    }

    /// A file of the user's: settings that only pictures or only texts have, and what works with networks alone whose blocks are known.
    fn own_backbone(&mut self, task: Task) {
        let own = self.recipe.pointer("/train/backbone").and_then(Json::as_object);
        let Some(own) = own else { return };
        for (names, tasks) in OF_BACKBONE {
            for name in names.iter().filter(|name| own.contains_key(**name)) {
                if !tasks.contains(&task) {
                    self.foreign(&format!("train.backbone.{name}"), tasks, task);
                }
            }
        }
        if task == Task::TextClassify && !own.contains_key("tokenizer") {
            let fault = Fault::new(&m::NEEDS)
                .arg("setting", "train.backbone")
                .arg("key", "train.backbone.tokenizer")
                .arg("example", "tokenizer = \"models/tokenizer.json\"");
            self.report("train.backbone", fault);
        }
        for (key, example) in
            [("mean", "mean = [0.485, 0.456, 0.406]"), ("std", "std = [0.229, 0.224, 0.225]")]
        {
            if own.get(key).and_then(Json::as_array).is_some_and(|list| list.len() != 3) {
                let fault = Fault::new(&m::BACKBONE_COLOURS).arg("key", key);
                self.report(format!("train.backbone.{key}"), fault.arg("example", example));
            }
        }
        let size = |key: &str| own.get(key).and_then(Json::as_u64);
        let crop = size("crop").unwrap_or(u64::from(OwnBackbone::CROP));
        if let Some(resize) = size("resize").filter(|resize| *resize < crop) {
            let fault = Fault::new(&m::BACKBONE_CROP).arg("crop", crop).arg("resize", resize);
            self.report("train.backbone.resize", fault);
        }
        let cut = self.recipe.pointer("/compress/prune/channels").and_then(Json::as_f64);
        let channels = cut.is_some_and(|share| share > 0.0).then_some("compress.prune.channels");
        let known = if task == Task::TextClassify { "minilm-l6" } else { "mobilenet-v2" };
        for path in ["train.unfreeze", "train.encoder", "compress.distill"]
            .into_iter()
            .filter(|path| self.is_set(path))
            .chain(channels)
            .collect::<Vec<_>>()
        {
            let fault = Fault::new(&m::BACKBONE_OWN).arg("key", path).arg("known", known);
            self.report(path, fault);
        }
    }

    /// How mixtures differ has no meaning where there are none.
    fn mixtures(&mut self) {
        for kind in ["mixup", "cutmix"] {
            let path = format!("augment.{kind}.alpha");
            if self.makes_none(kind) && self.is_set(&path) {
                let fault = Fault::new(&m::NO_MEANING).arg("key", "alpha");
                self.report(path, fault.arg("setting", "copies = 0"));
            }
        }
    }

    /// Whether a kind of mixture is asked for no time.
    fn makes_none(&self, kind: &str) -> bool {
        let copies = self.recipe.pointer(&format!("/augment/{kind}/copies"));
        copies.and_then(Json::as_u64) == Some(0)
    }

    /// What a private training has no use for, and what would use training rows past its promise.
    fn private_training(&mut self) {
        if self.recipe.pointer("/train/private").is_none() {
            return;
        }
        if self.text("/train/private/unit") == Some("group") && self.text("/split/group").is_none()
        {
            let fault = Fault::new(&m::NEEDS)
                .arg("setting", "unit = \"group\"")
                .arg("key", "split.group")
                .arg("example", "group = \"user_id\"");
            self.report("train.private.unit", fault);
        }
        // The last weights are kept: to choose an end by rows would tell of them.
        if self.is_set("train.head.patience") {
            let fault = Fault::new(&m::NO_MEANING).arg("key", "patience");
            self.report("train.head.patience", fault.arg("setting", "train.private"));
        }
        // Weights of classes are made of all rows' classes, and stand in every row's gradient.
        if self.is_on("/train/balance") {
            self.report(
                "train.balance",
                Fault::new(&m::PRIVATE_EXCLUSIVE).arg("key", "train.balance"),
            );
        }
        // A mixture has two rows in it; compression looks at training pictures, and trains again.
        for kind in ["mixup", "cutmix"] {
            let path = format!("augment.{kind}");
            if self.is_set(&path) && !self.makes_none(kind) {
                let fault = Fault::new(&m::PRIVATE_EXCLUSIVE).arg("key", &path);
                self.report(path, fault);
            }
        }
        let texts = self.of_task() == Some(Task::TextClassify);
        let student = texts.then_some("compress.distill");
        for path in ["compress.quantize", "compress.prune"].into_iter().chain(student) {
            if self.is_set(path) {
                self.report(path, Fault::new(&m::PRIVATE_EXCLUSIVE).arg("key", path));
            }
        }
    }

    /// Whether fine-tuning did any good is told by rows that it did not learn from; its gradients are of batches, not of single rows.
    fn fine_tuning(&mut self) {
        for (path, task) in
            [("train.unfreeze", Task::ImageClassify), ("train.encoder", Task::TextClassify)]
        {
            // Of another task it is refused as a whole.
            if !self.is_set(path) || self.of_task() != Some(task) {
                continue;
            }
            self.held(path);
            if self.recipe.pointer("/train/private").is_some() {
                self.report(path, Fault::new(&m::PRIVATE_EXCLUSIVE).arg("key", path));
            }
        }
        // What a low-rank change is like has no meaning where there is none.
        for key in ["rank", "alpha"] {
            let path = format!("train.encoder.{key}");
            if self.text("/train/encoder/method") == Some("full") && self.is_set(&path) {
                let fault = Fault::new(&m::NO_MEANING).arg("key", key);
                self.report(path, fault.arg("setting", "method = \"full\""));
            }
        }
    }

    /// Without validation rows there is no loss that could grow no better. Of a private training it has no meaning in any case.
    fn patience(&mut self) {
        let private = self.recipe.pointer("/train/private").is_some();
        if !private && self.is_set("train.head.patience") {
            self.held("train.head.patience");
        }
    }

    /// A setting that needs validation rows.
    fn held(&mut self, path: &str) {
        let held = self.recipe.pointer("/split/validation");
        if held.is_none_or(|share| share.as_f64() == Some(0.0)) {
            let fault = Fault::new(&m::NEEDS)
                .arg("setting", path)
                .arg("key", "split.validation")
                .arg("example", "validation = 0.1");
            self.report(path, fault);
        }
    }

    /// Only a network that was made smaller has something to learn from the one that it was.
    fn distilling(&mut self) {
        let Some(distill) = self.recipe.pointer("/compress/distill") else { return };
        match self.of_task() {
            Some(Task::ImageClassify) => self.held("compress.distill"),
            Some(Task::TextClassify) => {
                self.held("compress.distill");
                if distill.get("layers").is_none() {
                    let fault = Fault::new(&m::NEEDS)
                        .arg("setting", "compress.distill")
                        .arg("key", "compress.distill.layers")
                        .arg("example", "distill = { layers = 3 }");
                    self.report("compress.distill", fault);
                }
                return;
            }
            _ => return,
        }
        let channels = self.recipe.pointer("/compress/prune/channels");
        if channels.is_none_or(|share| share.as_f64() == Some(0.0)) {
            let fault = Fault::new(&m::NEEDS)
                .arg("setting", "compress.distill")
                .arg("key", "compress.prune.channels")
                .arg("example", "prune = { channels = 0.5 }");
            self.report("compress.distill", fault);
        }
    }

    fn foreign(&mut self, path: &str, tasks: &[Task], task: Task) {
        let tasks: Vec<&str> = tasks.iter().map(|task| task.as_str()).collect();
        let fault = Fault::new(&m::KEY_TASK).arg("key", path).arg("tasks", tasks.join(", "));
        self.report(path, fault.arg("task", task));
    }

    /// Whether a section or a section's setting is another than when nothing is written.
    fn is_set(&self, path: &str) -> bool {
        let mut table = &RECIPE;
        let mut default = None;
        for name in path.split('.') {
            let Some(key) = table.key(name) else { return false };
            default = check::default(key);
            if let Shape::Table(inner) = key.shape {
                table = inner;
            }
        }
        let found = self.recipe.pointer(&format!("/{}", path.replace('.', "/")));
        found.is_some() && found != default.as_ref()
    }

    fn sources(&mut self) {
        let mut names = BTreeSet::new();
        for (index, source) in self.items("/source").iter().enumerate() {
            let path = |key: &str| format!("source[{index}].{key}");
            if let Some(name) = field(source, "name").filter(|name| !names.insert(*name)) {
                self.report(path("name"), Fault::new(&m::SOURCE_NAME_TWICE).arg("name", name));
            }
            if let Some(uri) = field(source, "uri") {
                let query = source.get("query").is_some();
                if is_database(uri) && !query {
                    self.report(path("uri"), Fault::new(&m::DATABASE_WITHOUT_QUERY));
                } else if !is_database(uri) && query {
                    self.report(path("query"), Fault::new(&m::QUERY_WITHOUT_DATABASE));
                }
                if is_database(uri) && source.get("format").is_some() {
                    self.report(path("format"), Fault::new(&m::FORMAT_OF_DATABASE));
                }
                let text =
                    field(source, "format").is_none_or(|format| ["csv", "jsonl"].contains(&format));
                if source.get("encoding").is_some() && (is_database(uri) || !text) {
                    self.report(path("encoding"), Fault::new(&m::ENCODING_WITHOUT_TEXT));
                }
            }
            let mut made = BTreeSet::new();
            for (from, to) in source.get("rename").and_then(Json::as_object).into_iter().flatten() {
                if let Some(to) = to.as_str().filter(|to| !made.insert(*to)) {
                    self.report(
                        child(&path("rename"), from),
                        Fault::new(&m::COLUMN_TWICE).arg("column", to),
                    );
                }
            }
        }
    }

    fn cleaning(&mut self) {
        for (index, rule) in self.items("/clean/impute").iter().enumerate() {
            let path = format!("clean.impute[{index}]");
            self.belongs(rule, &path, "method", &[("value", &["constant"])]);
        }
        for (index, rule) in self.items("/clean/outliers").iter().enumerate() {
            let path = format!("clean.outliers[{index}]");
            let bounds: &[&str] = &["range"];
            self.allowed(
                rule,
                &path,
                "method",
                &[("factor", &["iqr", "zscore", "quantile"]), ("min", bounds), ("max", bounds)],
            );
            self.bounds(rule, &path);
            let method = field(rule, "method");
            if method == Some("range") {
                for key in ["min", "max"] {
                    self.needed(rule, &path, "method = \"range\"", key);
                }
            }
            let factor = rule.get("factor").and_then(Json::as_f64);
            if method == Some("quantile") && factor.is_some_and(|factor| factor >= 0.5) {
                self.report(format!("{path}.factor"), Fault::new(&m::QUANTILE));
            }
        }
        // Kept near duplicates are told again after protection, by their texts.
        let keeps = self.text("/clean/dedupe/near/action") == Some("keep");
        if let Some(column) = self.text("/clean/dedupe/near/column").filter(|_| keeps)
            && self.items("/protect/columns").iter().any(|rule| field(rule, "name") == Some(column))
        {
            let fault = Fault::new(&m::NO_MEANING)
                .arg("key", "action = \"keep\"")
                .arg("setting", format!("protect.columns `{column}`"));
            self.report("clean.dedupe.near.action", fault);
        }
        for (index, expectation) in self.items("/clean/expect").iter().enumerate() {
            self.expectation(expectation, &format!("clean.expect[{index}]"));
        }
    }

    fn expectation(&mut self, expectation: &Json, path: &str) {
        let Some(object) = expectation.as_object() else { return };
        let has = |key: &str| object.contains_key(key);
        let mut rules: Vec<&str> = Vec::new();
        if has("min") || has("max") {
            rules.push("min … max");
        }
        rules.extend(
            ["one_of", "matches", "unique", "not_null", "sql"].into_iter().filter(|key| has(key)),
        );
        match rules.as_slice() {
            [] => self.faults.push(Fault::new(&m::EXPECT_NOTHING).at(path)),
            [rule] if *rule != "sql" => self.needed(expectation, path, rule, "column"),
            [_] => {}
            several => {
                let fault = Fault::new(&m::EXPECT_SEVERAL).arg("rules", several.join(", "));
                self.report(path, fault);
            }
        }
        self.bounds(expectation, path);
    }

    fn bounds(&mut self, rule: &Json, path: &str) {
        let number = |key| rule.get(key).and_then(Json::as_f64);
        if let (Some(min), Some(max)) = (number("min"), number("max"))
            && min > max
        {
            self.report(format!("{path}.min"), Fault::new(&m::BOUNDS));
        }
    }

    /// Keys that have a meaning, and are needed, with some values of `selector` only.
    fn belongs(&mut self, rule: &Json, path: &str, selector: &str, keys: &[(&str, &[&str])]) {
        self.allowed(rule, path, selector, keys);
        let Some(chosen) = field(rule, selector) else { return };
        for (key, values) in keys {
            if values.contains(&chosen) {
                self.needed(rule, path, &format!("{selector} = \"{chosen}\""), key);
            }
        }
    }

    fn allowed(&mut self, rule: &Json, path: &str, selector: &str, keys: &[(&str, &[&str])]) {
        let Some(chosen) = field(rule, selector) else { return };
        for (key, values) in keys {
            if rule.get(*key).is_some() && !values.contains(&chosen) {
                let setting = format!("{selector} = \"{chosen}\"");
                self.report(
                    format!("{path}.{key}"),
                    Fault::new(&m::NO_MEANING).arg("key", key).arg("setting", setting),
                );
            }
        }
    }

    fn needed(&mut self, rule: &Json, path: &str, setting: &str, key: &str) {
        if rule.get(key).is_none() {
            let example = match key {
                "to" => "to = \"year\"",
                "type" => "type = \"person\"",
                "person" => "person = \"customer_id\"",
                "value" => "value = \"unknown\"",
                "min" => "min = 0",
                "max" => "max = 100",
                _ => "column = \"age\"",
            };
            let fault = Fault::new(&m::NEEDS)
                .arg("setting", setting)
                .arg("key", key)
                .arg("example", example);
            self.faults.push(fault.at(path));
        }
    }

    fn protection(&mut self) {
        let mask: &[&str] = &["mask"];
        let mut seen = BTreeSet::new();
        let mut made = BTreeSet::new();
        for (index, rule) in self.items("/protect/columns").iter().enumerate() {
            let path = format!("protect.columns[{index}]");
            self.allowed(
                rule,
                &path,
                "action",
                &[("keep_start", mask), ("keep_end", mask), ("with", mask), ("days", &["shift"])],
            );
            self.allowed(
                rule,
                &path,
                "action",
                &[(
                    "as",
                    &["encrypt", "fpe", "hash", "mask", "generalize", "pseudonymize", "shift"],
                )],
            );
            self.belongs(
                rule,
                &path,
                "action",
                &[("to", &["generalize"]), ("type", &["pseudonymize"]), ("person", &["shift"])],
            );
            let Some(name) = field(rule, "name") else { continue };
            if !seen.insert(name) {
                self.report(
                    format!("{path}.name"),
                    Fault::new(&m::PROTECTED_TWICE).arg("column", name),
                );
            }
            if self.target() == Some(name) {
                self.report(
                    format!("{path}.name"),
                    Fault::new(&m::PROTECT_TARGET).arg("column", name),
                );
            }
            if let Some(renamed) = field(rule, "as")
                && (!made.insert(renamed) || self.target() == Some(renamed))
            {
                self.report(
                    format!("{path}.as"),
                    Fault::new(&m::COLUMN_TWICE).arg("column", renamed),
                );
            }
        }
        // A rule that keeps its column's name, and another that takes it.
        for (index, rule) in self.items("/protect/columns").iter().enumerate() {
            let taken = field(rule, "as").filter(|renamed| field(rule, "name") != Some(*renamed));
            let kept = |other: &Json| {
                field(other, "name") == taken
                    && other.get("as").is_none()
                    && field(other, "action") != Some("drop")
            };
            if let Some(column) = taken.filter(|_| self.items("/protect/columns").iter().any(kept))
            {
                self.report(
                    format!("protect.columns[{index}].as"),
                    Fault::new(&m::COLUMN_TWICE).arg("column", column),
                );
            }
        }
    }

    /// What only a language model that learns from preferences has, and what it needs.
    fn preferences(&mut self) {
        let Some(objective) = self.text("/train/lora/objective") else { return };
        if self.of_task() != Some(Task::Generate) {
            return;
        }
        let setting = format!("objective = \"{objective}\"");
        if objective != "dpo" {
            for key in ["beta", "rejected"] {
                let path = format!("train.lora.{key}");
                if self.is_set(&path) {
                    let fault = Fault::new(&m::NO_MEANING).arg("key", key);
                    self.report(path, fault.arg("setting", &setting));
                }
            }
            return;
        }
        for (path, pointer, key, example) in [
            ("train.lora", "/train/lora/rejected", "rejected", "rejected = \"rejected\""),
            ("train", "/train/text", "text", "text = \"prompt\""),
        ] {
            if self.recipe.pointer(pointer).is_none() {
                let fault = Fault::new(&m::NEEDS).arg("setting", &setting).arg("key", key);
                self.report(path, fault.arg("example", example));
            }
        }
        if let Some(column) = self.text("/train/text")
            && self.text("/train/lora/rejected") == Some(column)
        {
            let fault = Fault::new(&m::NO_MEANING).arg("key", format!("rejected = \"{column}\""));
            self.report(
                "train.lora.rejected",
                fault.arg("setting", format!("text = \"{column}\"")),
            );
        }
    }

    fn compression(&mut self) {
        if let (Some(form), Some(task)) = (self.text("/compress/quantize"), self.of_task()) {
            let adapter = self.text("/train/lora/package") == Some("adapter");
            let setting = match (task, form == "int8") {
                (Task::ImageClassify | Task::TextClassify, false) | (Task::Generate, true) => {
                    Some(format!("task = \"{}\"", task.as_str()))
                }
                (Task::Generate, false) if adapter => Some("package = \"adapter\"".to_owned()),
                _ => None,
            };
            if let Some(setting) = setting {
                let fault = Fault::new(&m::NO_MEANING).arg("key", format!("quantize = \"{form}\""));
                self.report("compress.quantize", fault.arg("setting", setting));
            }
        }
        self.distilling();
        // Without a merged model there is nothing to measure forms of.
        if self.of_task() == Some(Task::Generate)
            && self.text("/train/lora/package") == Some("adapter")
            && self.is_set("compress.beside")
        {
            let fault = Fault::new(&m::NO_MEANING).arg("key", "beside");
            self.report("compress.beside", fault.arg("setting", "package = \"adapter\""));
        }
        let Some(calibration) = self.recipe.pointer("/compress/calibration") else { return };
        // The default stands there too: only what was written can be without meaning.
        if self.is_set("compress.calibration.percentile")
            && field(calibration, "method") != Some("percentile")
        {
            let fault = Fault::new(&m::NO_MEANING).arg("key", "percentile");
            let method = field(calibration, "method").unwrap_or("percentile");
            self.report(
                "compress.calibration.percentile",
                fault.arg("setting", format!("method = \"{method}\"")),
            );
        }
    }

    fn split(&mut self) {
        let number = |pointer| self.recipe.pointer(pointer).and_then(Json::as_f64);
        if let (Some(test), Some(validation)) = (number("/split/test"), number("/split/validation"))
            && test + validation >= 1.0
        {
            let sum = format!("{:.4}", test + validation);
            let sum = sum.trim_end_matches('0').trim_end_matches('.');
            self.report("split.validation", Fault::new(&m::SHARES).arg("sum", sum));
        }
        if self.text("/split/time").is_some() {
            if self.is_on("/split/stratify") {
                self.report(
                    "split.stratify",
                    Fault::new(&m::TIME_EXCLUSIVE).arg("other", "stratify"),
                );
            }
            if self.text("/split/group").is_some() {
                self.report("split.group", Fault::new(&m::TIME_EXCLUSIVE).arg("other", "group"));
            }
        }
    }

    /// Columns by the names that they have where they are named.
    fn names(&mut self) {
        let protected = self.protected();
        let renamed = self.renamed_by_every_source();
        let made: BTreeMap<&str, &str> =
            protected.iter().filter_map(|(name, rule)| Some((rule.renamed?, *name))).collect();
        for (path, name) in self.named_before_protection() {
            if let Some(now) = renamed.get(name) {
                self.was_renamed(path, name, now, "[[source]]");
            } else if let Some(now) = made
                .get(name)
                .filter(|_| !protected.contains_key(name) && !path.starts_with("protect"))
            {
                self.report(
                    path,
                    Fault::new(&m::RENAMED_LATER).arg("column", name).arg("now", now),
                );
            }
        }
        for (path, name) in self.named_after_protection() {
            if path != "project.target"
                && !path.starts_with("explain.titles")
                && !path.starts_with("protect.anonymity.sensitive")
                && self.target() == Some(name)
            {
                let fault = Fault::new(&m::NAMES_TARGET).arg("key", &path).arg("column", name);
                self.report(path, fault);
            } else if let Some(now) = renamed.get(name) {
                self.was_renamed(path, name, now, "[[source]]");
            } else if let Some(rule) = protected.get(name).filter(|_| !made.contains_key(name)) {
                match rule.renamed {
                    Some(now) => self.was_renamed(path, name, now, "[protect]"),
                    None if rule.dropped && self.target() != Some(name) => {
                        self.report(path, Fault::new(&m::COLUMN_DROPPED).arg("column", name));
                    }
                    None => {}
                }
            }
        }
    }

    fn was_renamed(&mut self, path: String, name: &str, now: &str, place: &str) {
        self.report(
            path,
            Fault::new(&m::RENAMED_BEFORE).arg("column", name).arg("now", now).arg("place", place),
        );
    }

    fn protected(&self) -> BTreeMap<&'r str, Protected<'r>> {
        let rule = |rule: &'r Json| {
            let name = field(rule, "name")?;
            let renamed = field(rule, "as").filter(|renamed| *renamed != name);
            Some((name, Protected { renamed, dropped: field(rule, "action") == Some("drop") }))
        };
        self.items("/protect/columns").iter().filter_map(rule).collect()
    }

    /// Old names that no source has any more.
    fn renamed_by_every_source(&self) -> BTreeMap<&'r str, &'r str> {
        let renames = |source: &'r Json| -> BTreeMap<&'r str, &'r str> {
            let object = source.get("rename").and_then(Json::as_object);
            object
                .into_iter()
                .flatten()
                .filter_map(|(from, to)| Some((from.as_str(), to.as_str()?)))
                .collect()
        };
        let all: Vec<_> = self.items("/source").iter().map(renames).collect();
        let Some((first, others)) = all.split_first() else { return BTreeMap::new() };
        let gone = |name: &str| {
            others.iter().all(|other| other.contains_key(name))
                && !all.iter().any(|one| one.values().any(|to| *to == name))
        };
        first.iter().filter(|(name, _)| gone(name)).map(|(name, now)| (*name, *now)).collect()
    }

    fn named_before_protection(&self) -> Vec<(String, &'r str)> {
        let mut named = self.listed("/clean/drop_missing", "clean.drop_missing");
        for rules in ["normalize", "cast", "impute", "outliers", "expect"] {
            for (index, rule) in self.items(&format!("/clean/{rules}")).iter().enumerate() {
                named.extend(
                    field(rule, "column")
                        .map(|name| (format!("clean.{rules}[{index}].column"), name)),
                );
            }
        }
        for path in ["dedupe.near", "dedupe.passages", "quality", "decontaminate"] {
            let pointer = format!("/clean/{}/column", path.replace('.', "/"));
            named.extend(self.text(&pointer).map(|name| (format!("clean.{path}.column"), name)));
        }
        for (index, rule) in self.items("/protect/columns").iter().enumerate() {
            named.extend(
                field(rule, "name").map(|name| (format!("protect.columns[{index}].name"), name)),
            );
        }
        named.extend(self.listed("/protect/text/columns", "protect.text.columns"));
        named
    }

    fn named_after_protection(&self) -> Vec<(String, &'r str)> {
        let mut named: Vec<(String, &'r str)> = Vec::new();
        for (path, pointer) in [
            ("project.target", "/project/target"),
            ("split.group", "/split/group"),
            ("protect.anonymity.person", "/protect/anonymity/person"),
            ("split.time", "/split/time"),
            ("train.text", "/train/text"),
            ("train.lora.rejected", "/train/lora/rejected"),
        ] {
            named.extend(self.text(pointer).map(|name| (path.to_owned(), name)));
        }
        named.extend(self.listed("/train/exclude", "train.exclude"));
        named.extend(self.listed("/train/fairness", "train.fairness"));
        for list in ["quasi", "sensitive"] {
            let pointer = format!("/protect/anonymity/{list}");
            named.extend(self.listed(&pointer, &format!("protect.anonymity.{list}")));
        }
        let titles = self.recipe.pointer("/explain/titles").and_then(Json::as_object);
        named.extend(
            titles
                .into_iter()
                .flatten()
                .map(|(name, _)| (child("explain.titles", name), name.as_str())),
        );
        named
    }

    fn listed(&self, pointer: &str, path: &str) -> Vec<(String, &'r str)> {
        let items = self.items(pointer).iter().enumerate();
        items
            .filter_map(|(index, item)| Some((format!("{path}[{index}]"), item.as_str()?)))
            .collect()
    }
}

fn field<'r>(object: &'r Json, key: &str) -> Option<&'r str> {
    object.get(key).and_then(Json::as_str)
}
