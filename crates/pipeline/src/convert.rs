//! The recipe's sections as each room's own configuration.

use crate::hierarchies;
use crate::project::Project;
use ingot_base::{Result, Secret, Spelling, Tabular};
use ingot_data as data;
use ingot_privacy as privacy;
use ingot_privacy::detect::{CustomType, DetectConfig, Kind};
use ingot_privacy::pseudonym::TextAction;
use ingot_recipe::{self as recipe, Recipe};
use ingot_train::{TrainConfig, nets};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Bytes of memory that data work should stay below.
pub(crate) const MEMORY: u64 = 1 << 30;

/// Sources.
pub(crate) fn sources(recipe: &Recipe) -> Vec<data::SourceConfig> {
    let (named, identities) = (named(recipe), identities(recipe));
    recipe
        .sources
        .iter()
        .map(|source| data::SourceConfig {
            name: source.name.clone(),
            uri: source.uri.clone(),
            weight: source.weight,
            query: source.query.clone(),
            format: source.format.map(|format| match format {
                recipe::Format::Csv => data::Format::Csv,
                recipe::Format::Jsonl => data::Format::Jsonl,
                recipe::Format::Parquet => data::Format::Parquet,
                recipe::Format::Arrow => data::Format::Arrow,
                recipe::Format::Images => data::Format::Images,
            }),
            encoding: source.encoding.map(|encoding| match encoding {
                recipe::Encoding::Utf8 => data::Encoding::Utf8,
                recipe::Encoding::Gb18030 => data::Encoding::Gb18030,
                recipe::Encoding::Big5 => data::Encoding::Big5,
            }),
            rename: source.rename.clone(),
            identities: identities.clone(),
            named: Some(named.clone()),
        })
        .collect()
}

/// Columns, by their names before protection, by whose values the recipe tells persons or groups apart: those that protection
/// replaces by tokens, whose dates they shift, whose rows the split keeps together, and whom anonymity counts. Where a rule of
/// `[clean]` makes a column a number, or needs it as one, it is a number.
pub(crate) fn identities(recipe: &Recipe) -> BTreeMap<String, data::Identity> {
    use recipe::Action;
    let mut identities = BTreeMap::new();
    let clean = &recipe.clean;
    let sql = words_of_sql(recipe);
    for rule in &recipe.protect.columns {
        match &rule.action {
            Action::Encrypt
            | Action::Fpe
            | Action::Hash
            | Action::Pseudonymize(_)
            | Action::Mask { .. } => {
                // SQL may reckon with a whole number.
                let kept = sql.contains(&rule.name);
                let identity = if kept { data::Identity::Kept } else { data::Identity::Replaced };
                identities.insert(rule.name.clone(), identity);
            }
            Action::Shift { person, .. } => {
                identities.entry(person.clone()).or_insert(data::Identity::Kept);
            }
            Action::Generalize(_) | Action::Drop => {}
        }
    }
    let person = recipe.protect.anonymity.as_ref().and_then(|wanted| wanted.person.as_ref());
    for group in recipe.split.group.iter().chain(person) {
        identities.entry(recipe.protect.before(group).to_owned()).or_insert(data::Identity::Kept);
    }
    let filled = |rule: &&recipe::Impute| {
        matches!(rule.method, recipe::ImputeMethod::Mean | recipe::ImputeMethod::Median)
    };
    let bounded = |rule: &&recipe::Expectation| matches!(rule.rule, recipe::Rule::Range { .. });
    let numbers = clean.cast.iter().map(|rule| &rule.column);
    let numbers = numbers.chain(clean.impute.iter().filter(filled).map(|rule| &rule.column));
    let numbers = numbers.chain(clean.outliers.iter().map(|rule| &rule.column));
    let bounded = clean.expect.iter().filter(bounded).filter_map(|rule| rule.column.as_ref());
    for name in numbers.chain(bounded) {
        identities.remove(name);
    }
    identities
}

/// Whatever could be a column in the SQL of `[clean]`.
fn words_of_sql(recipe: &Recipe) -> BTreeSet<String> {
    let expectations = recipe.clean.expect.iter().filter_map(|rule| match &rule.rule {
        recipe::Rule::Sql(sql) => Some(sql),
        _ => None,
    });
    let mut found = BTreeSet::new();
    for sql in recipe.clean.keep.iter().chain(expectations) {
        words(sql, &mut found);
    }
    found
}

/// The words of a text, and what stands between quotes.
fn words(text: &str, into: &mut BTreeSet<String>) {
    let word = |letter: char| !(letter.is_alphanumeric() || letter == '_');
    let parts = text.split('"').chain(text.split(word)).chain([text]);
    into.extend(parts.filter(|part| !part.is_empty()).map(str::to_owned));
}

/// Whatever the recipe names that could be a column; of SQL every word.
pub(crate) fn named(recipe: &Recipe) -> BTreeSet<String> {
    fn words_of(value: &serde_json::Value, into: &mut BTreeSet<String>) {
        match value {
            serde_json::Value::String(text) => words(text, into),
            serde_json::Value::Array(list) => list.iter().for_each(|one| words_of(one, into)),
            serde_json::Value::Object(map) => map.values().for_each(|one| words_of(one, into)),
            _ => {}
        }
    }
    let (before, after) = (recipe.named_before_protection(), recipe.named_after_protection());
    let mut named = before.into_iter().chain(after).map(|(_, name)| name.to_owned()).collect();
    words_of(&serde_json::to_value(&recipe.clean).unwrap_or_default(), &mut named);
    named
}

/// Cleaning rules.
pub(crate) fn clean(recipe: &Recipe) -> data::CleanConfig {
    let clean = &recipe.clean;
    data::CleanConfig {
        normalize: clean.normalize.iter().map(normalize).collect(),
        cast: clean.cast.iter().map(cast).collect(),
        drop_missing: clean.drop_missing.clone(),
        keep: clean.keep.clone(),
        impute: clean.impute.iter().map(impute).collect(),
        outliers: clean.outliers.iter().map(outlier).collect(),
        expect: clean.expect.iter().map(expectation).collect(),
        quality: clean.quality.as_ref().map(quality),
        decontaminate: clean.decontaminate.as_ref().map(|rule| data::SetRule {
            column: rule.column.clone(),
            against: PathBuf::from(&rule.against),
            against_column: rule.against_column.clone(),
            tokens: rule.tokens,
            share: rule.share,
            on_fail: on_fail(rule.on_fail),
        }),
        dedupe_exact: clean.dedupe.exact,
        near: near(recipe),
        passages: clean
            .dedupe
            .passages
            .as_ref()
            .map(|rule| data::PassageRule { column: rule.column.clone(), tokens: rule.tokens }),
    }
}

fn quality(rule: &recipe::Quality) -> data::QualityRule {
    use ingot_quality::text::{Language, RuleGroup, TextRules};
    let language = |name: &String| match name.as_str() {
        "zh" => Language::Zh,
        "en" => Language::En,
        "mixed" => Language::Mixed,
        _ => Language::Other,
    };
    data::QualityRule {
        column: rule.column.clone(),
        rules: TextRules {
            languages: rule.languages.iter().map(language).collect(),
            groups: rule.rules.iter().filter_map(|name| RuleGroup::parse(name)).collect(),
            limits: rule.limits.clone(),
        },
        on_fail: on_fail(rule.on_fail),
    }
}

fn near(recipe: &Recipe) -> Option<data::NearRule> {
    recipe.clean.dedupe.near.as_ref().map(|rule| data::NearRule {
        column: rule.column.clone(),
        similarity: rule.similarity,
        shingle: rule.shingle,
        drop: rule.action == recipe::NearAction::Drop,
        seed: recipe.project.seed,
    })
}

fn on_fail(on_fail: recipe::OnFail) -> data::OnFail {
    match on_fail {
        recipe::OnFail::Fail => data::OnFail::Fail,
        recipe::OnFail::Drop => data::OnFail::Drop,
        recipe::OnFail::Warn => data::OnFail::Warn,
    }
}

fn normalize(rule: &recipe::Normalize) -> data::Normalize {
    data::Normalize { column: rule.column.clone(), spelling: spelling(rule) }
}

/// The one form in which a column's texts are written.
pub(crate) fn spelling(rule: &recipe::Normalize) -> Spelling {
    match rule.case {
        recipe::LetterCase::Keep => Spelling::Unified,
        recipe::LetterCase::Lower => Spelling::Folded,
    }
}

fn cast(rule: &recipe::Cast) -> data::Cast {
    let to = match rule.to {
        recipe::CastType::Text => data::CastType::Text,
        recipe::CastType::Number => data::CastType::Number,
        recipe::CastType::Integer => data::CastType::Integer,
        recipe::CastType::Boolean => data::CastType::Boolean,
        recipe::CastType::Date => data::CastType::Date,
        recipe::CastType::Timestamp => data::CastType::Timestamp,
    };
    data::Cast { column: rule.column.clone(), to }
}

fn impute(rule: &recipe::Impute) -> data::Impute {
    let method = match &rule.method {
        recipe::ImputeMethod::Mean => data::ImputeMethod::Mean,
        recipe::ImputeMethod::Median => data::ImputeMethod::Median,
        recipe::ImputeMethod::Mode => data::ImputeMethod::Mode,
        recipe::ImputeMethod::Constant(value) => data::ImputeMethod::Constant(value.clone()),
    };
    data::Impute { column: rule.column.clone(), method }
}

fn outlier(rule: &recipe::Outlier) -> data::Outlier {
    let method = match rule.method {
        recipe::OutlierMethod::Iqr(factor) => data::OutlierMethod::Iqr(factor),
        recipe::OutlierMethod::ZScore(factor) => data::OutlierMethod::ZScore(factor),
        recipe::OutlierMethod::Quantile(tail) => data::OutlierMethod::Quantile(tail),
        recipe::OutlierMethod::Range(low, high) => data::OutlierMethod::Range(low, high),
    };
    let action = match rule.action {
        recipe::OutlierAction::Drop => data::OutlierAction::Drop,
        recipe::OutlierAction::Clip => data::OutlierAction::Clip,
        recipe::OutlierAction::Flag => data::OutlierAction::Flag,
    };
    data::Outlier { column: rule.column.clone(), method, action }
}

fn expectation(rule: &recipe::Expectation) -> data::Expectation {
    data::Expectation {
        column: rule.column.clone(),
        rule: match &rule.rule {
            recipe::Rule::Range { min, max } => data::Rule::Range { min: *min, max: *max },
            recipe::Rule::OneOf(values) => data::Rule::OneOf(values.clone()),
            recipe::Rule::Matches(pattern) => data::Rule::Matches(pattern.clone()),
            recipe::Rule::Unique => data::Rule::Unique,
            recipe::Rule::NotNull => data::Rule::NotNull,
            recipe::Rule::Sql(sql) => data::Rule::Sql(sql.clone()),
        },
        on_fail: on_fail(rule.on_fail),
    }
}

/// Columns that the recipe protects, by their names before protection.
pub(crate) fn personal(recipe: &Recipe) -> BTreeSet<String> {
    let texts = recipe.protect.text.iter().flat_map(|text| &text.columns);
    recipe.protect.columns.iter().map(|rule| &rule.name).chain(texts).cloned().collect()
}

/// Keys of the tables on disk: personal columns have a key of their own, before and after they are renamed.
pub(crate) fn encryption(project: &Project<'_>) -> data::Encryption {
    let key = |class: &str| data::ClassKey {
        key: project.keyring.derive(&format!("table/{class}"), 16),
        id: class.to_owned(),
    };
    let columns = project
        .recipe()
        .protect
        .columns
        .iter()
        .flat_map(|rule| [Some(&rule.name), rule.rename.as_ref()])
        .flatten()
        .chain(project.recipe().protect.text.iter().flat_map(|text| &text.columns))
        .chain(project.recipe().protect.anonymity.iter().flat_map(|policy| &policy.quasi))
        .map(|name| (name.clone(), "personal".to_owned()))
        .collect();
    data::Encryption {
        classes: ["general", "personal"]
            .into_iter()
            .map(|class| (class.to_owned(), key(class)))
            .collect(),
        footer: key("footer"),
        columns,
        default_class: "general".to_owned(),
    }
}

/// Column actions.
///
/// # Errors
/// When a hierarchy that a rule asks for cannot be read, or has not the level.
pub(crate) fn column_rules(project: &Project<'_>) -> Result<Vec<privacy::ColumnRule>> {
    let rules = project.recipe().protect.columns.iter().enumerate();
    rules
        .map(|(index, rule)| {
            Ok(privacy::ColumnRule {
                name: rule.name.clone(),
                rename: rule.rename.clone(),
                action: action(project, rule, index)?,
            })
        })
        .collect()
}

fn action(
    project: &Project<'_>,
    rule: &recipe::ColumnRule,
    index: usize,
) -> Result<privacy::Action> {
    Ok(match &rule.action {
        recipe::Action::Encrypt => privacy::Action::Encrypt,
        recipe::Action::Fpe => privacy::Action::Fpe,
        recipe::Action::Hash => privacy::Action::Hash,
        recipe::Action::Mask { keep_start, keep_end, with } => {
            privacy::Action::Mask { keep_start: *keep_start, keep_end: *keep_end, with: *with }
        }
        recipe::Action::Generalize(to) => privacy::Action::Generalize(match to {
            recipe::Generalize::Year => privacy::Generalize::Year,
            recipe::Generalize::Month => privacy::Generalize::Month,
            recipe::Generalize::Decade => privacy::Generalize::Decade,
            recipe::Generalize::Width(width) => privacy::Generalize::Width(*width),
            recipe::Generalize::Prefix(letters) => privacy::Generalize::Prefix(*letters),
            recipe::Generalize::Levels { .. } | recipe::Generalize::File { .. } => {
                let classes = hierarchies::classes(project, rule, to, index)?;
                privacy::Generalize::Given(classes.unwrap_or_default())
            }
        }),
        recipe::Action::Shift { person, days } => {
            privacy::Action::Shift { person: person.clone(), days: *days }
        }
        recipe::Action::Drop => privacy::Action::Drop,
        recipe::Action::Pseudonymize(kind) => privacy::Action::Pseudonymize(finding_kind(kind)),
    })
}

/// A type of finding by the name that the recipe checked.
fn finding_kind(name: &str) -> Kind {
    Kind::parse(name).unwrap_or_else(|| Kind::Custom(name.into()))
}

/// What to look for in texts, and what stands instead.
pub(crate) fn texts(rule: &recipe::TextRule) -> (DetectConfig, TextAction) {
    let custom = |custom: &recipe::CustomType| CustomType {
        name: custom.name.clone(),
        regex: custom.regex.clone(),
        dictionary: custom.dictionary.clone(),
        checksum: custom.checksum.clone(),
        context: custom.context.clone(),
        score: None,
    };
    let mut detect = DetectConfig {
        types: rule.types.iter().map(|name| finding_kind(name)).collect(),
        custom: rule.custom.iter().map(custom).collect(),
        min_score: rule.min_score,
        ..DetectConfig::default()
    };
    if !rule.languages.is_empty() {
        detect.languages.clone_from(&rule.languages);
    }
    let action = match rule.action {
        recipe::TextAction::Replace => TextAction::Replace,
        recipe::TextAction::Mask => TextAction::Mask,
        recipe::TextAction::Hash => TextAction::Hash,
        recipe::TextAction::Encrypt => TextAction::Encrypt,
        recipe::TextAction::Pseudonymize => TextAction::Pseudonymize,
    };
    (detect, action)
}

/// The column that says whose a row is: what the promise names, or else what keeps persons together in the split, unless that is one of
/// the columns whose classes are counted. `None`: each row is a person.
pub(crate) fn person(recipe: &Recipe) -> Option<&str> {
    let policy = recipe.protect.anonymity.as_ref()?;
    let counted = |name: &&String| !policy.quasi.contains(name) && !policy.sensitive.contains(name);
    let group = || recipe.split.group.as_ref().filter(counted);
    policy.person.as_ref().or_else(group).map(String::as_str)
}

/// The promise about the whole table; `levels` reads the file of a hierarchy.
pub(crate) fn anonymity(
    policy: &recipe::Anonymity,
    person: Option<&str>,
    target: &str,
    levels: &dyn Fn(&str) -> Result<Vec<Vec<String>>>,
) -> Result<privacy::anonymity::Policy> {
    use privacy::anonymity::{
        Diversity, Hierarchy, Likeness, Loss, Policy, Presence, Quasi, Recoding,
    };
    let quasi = policy.quasi.iter().map(|name| {
        let rule = policy.hierarchies.iter().find(|rule| rule.column == *name);
        let hierarchy = match rule {
            None => Hierarchy::Auto,
            Some(rule) => match rule.by {
                recipe::HierarchyKind::Interval => Hierarchy::Intervals(rule.widths.clone()),
                recipe::HierarchyKind::Range => Hierarchy::Ranges(rule.ranges.clone()),
                recipe::HierarchyKind::Calendar => Hierarchy::Calendar,
                recipe::HierarchyKind::Prefix => Hierarchy::Prefix(rule.lengths.clone()),
                recipe::HierarchyKind::Suppress => Hierarchy::Suppress,
                recipe::HierarchyKind::Table => Hierarchy::Table(rule.levels.clone()),
                recipe::HierarchyKind::File => {
                    Hierarchy::Table(levels(rule.file.as_deref().unwrap_or_default())?)
                }
            },
        };
        Ok(Quasi { name: name.clone(), hierarchy })
    });
    let quasi = quasi.collect::<Result<Vec<Quasi>>>()?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at least 1; a part of a value is rounded up, and too many stay too many"
    )]
    let whole = |l: f64| l.ceil() as u32;
    Ok(Policy {
        l: policy.l.map(|l| match policy.diversity {
            recipe::Diversity::Distinct => Diversity::Distinct(whole(l)),
            recipe::Diversity::Entropy => Diversity::Entropy(l),
            recipe::Diversity::Recursive => {
                Diversity::Recursive { c: policy.c.unwrap_or(1.0), l: whole(l) }
            }
        }),
        t: policy.t,
        beta: policy.beta.map(match policy.likeness {
            recipe::Likeness::Enhanced => Likeness::Enhanced,
            recipe::Likeness::Basic => Likeness::Basic,
        }),
        presence: policy
            .presence
            .as_ref()
            .map(|bounds| Presence { least: bounds.least, most: bounds.most }),
        recoding: match policy.recoding {
            recipe::Recoding::Full => Recoding::Full,
            recipe::Recoding::Local => Recoding::Local,
        },
        sensitive: if policy.sensitive.is_empty() {
            vec![target.to_owned()]
        } else {
            policy.sensitive.clone()
        },
        max_suppressed: policy.max_suppressed,
        person: person.map(str::to_owned),
        loss: match policy.loss {
            recipe::AnonymityLoss::Certainty => Loss::Certainty,
            recipe::AnonymityLoss::Discernibility => Loss::Discernibility,
            recipe::AnonymityLoss::AverageClass => Loss::AverageClass,
        },
        ..Policy::new(policy.k, quasi)
    })
}

/// Keys of the column actions.
pub(crate) fn column_keys(project: &Project<'_>) -> privacy::ColumnKeys {
    let derive = |purpose: &str, length: usize| -> Secret<Vec<u8>> {
        project.keyring.derive(purpose, length)
    };
    privacy::ColumnKeys { encrypt: derive("column/encrypt", 64), hash: derive("column/hash", 32) }
}

/// The split.
pub(crate) fn split(recipe: &Recipe) -> data::SplitConfig {
    data::SplitConfig {
        test: recipe.split.test,
        validation: recipe.split.validation,
        method: match recipe.split_method() {
            recipe::SplitMethod::Random => data::SplitMethod::Random,
            recipe::SplitMethod::Stratified(column) => data::SplitMethod::Stratified(column),
            recipe::SplitMethod::Time(column) => data::SplitMethod::Time(column),
        },
        group: recipe.split.group.clone(),
        // A column that protection changed as a whole has no texts any more; its near duplicates are gone since cleaning.
        near: near(recipe).filter(|near| recipe.protect.rule(&near.column).is_none()),
        seed: recipe.project.seed,
    }
}

/// Worker threads: the recipe's, else the machine's cores.
pub(crate) fn threads(recipe: &Recipe) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    recipe.train.threads.unwrap_or_else(cores)
}

/// Threads of the trainer. A fixed number where the recipe names none: LightGBM's sums, and so a model's bytes, depend on it.
fn trainer_threads(recipe: &Recipe) -> usize {
    recipe.train.threads.unwrap_or(2)
}

/// Training on table columns.
pub(crate) fn train(recipe: &Recipe, task: Tabular) -> TrainConfig {
    let train = &recipe.train;
    TrainConfig {
        positive: recipe.project.positive.clone(),
        exclude: train.exclude.clone(),
        titles: recipe.explain.titles.clone(),
        group: recipe.split.group.clone(),
        budget: train.budget,
        trials: train.trials,
        seed: recipe.project.seed,
        threads: trainer_threads(recipe),
        balance: train.balance,
        calibrate: train.calibrate,
        cost: train.cost.map(|cost| ingot_train::Cost {
            false_positive: cost.false_positive,
            false_negative: cost.false_negative,
        }),
        fairness: train.fairness.clone(),
        params: train.params.clone(),
        folds: train.folds,
        max_categories: train.max_categories,
        review: train.review,
        ..TrainConfig::new(task, &recipe.project.target)
    }
}

/// Training of a head on features of this width, of a backbone that reports call so.
pub(crate) fn head(recipe: &Recipe, width: usize, backbone: String) -> nets::HeadConfig {
    let head = &recipe.train.head;
    nets::HeadConfig {
        task: recipe.project.task,
        target: recipe.project.target.clone(),
        positive: recipe.project.positive.clone(),
        backbone,
        width,
        settings: nets::HeadSettings {
            hidden: head.hidden.clone(),
            epochs: head.epochs,
            batch: head.batch,
            learning_rate: head.learning_rate,
            weight_decay: head.weight_decay,
            schedule: schedule(head.schedule),
            dropout: head.dropout,
            patience: head.patience,
        },
        mixup: Some(recipe.augment.mixup)
            .filter(|mixup| mixup.copies > 0)
            .map(|mixup| nets::Mixup { copies: mixup.copies, alpha: mixup.alpha }),
        seed: recipe.project.seed,
        privacy: None, // Whoever trains has the secret that the noise is made from.
        balance: recipe.train.balance,
    }
}

/// How the last blocks of a network are trained too, by settings of this section.
#[cfg(feature = "nets")]
pub(crate) fn unfreeze(asked: &recipe::Unfreeze, section: &'static str) -> nets::TuneSettings {
    nets::TuneSettings { blocks: asked.blocks, passes: passes(asked, section) }
}

/// How a student of so many layers is trained, by settings of this section.
#[cfg(feature = "nets")]
pub(crate) fn student(
    asked: &recipe::Distill,
    layers: usize,
    section: &'static str,
) -> nets::EncoderSettings {
    let passes = passes(&asked.training, section);
    nets::EncoderSettings { method: nets::Method::Full, layers, passes }
}

#[cfg(feature = "nets")]
fn passes(asked: &recipe::Unfreeze, section: &'static str) -> nets::Passes {
    nets::Passes {
        epochs: asked.epochs,
        batch: asked.batch,
        learning_rate: asked.learning_rate,
        weight_decay: asked.weight_decay,
        schedule: schedule(asked.schedule),
        patience: asked.patience,
        section,
    }
}

/// How an encoder of so many layers is trained too.
#[cfg(feature = "nets")]
pub(crate) fn encoder(asked: &recipe::Encoder, layers: usize) -> nets::EncoderSettings {
    nets::EncoderSettings {
        method: match asked.method {
            recipe::EncoderMethod::Lora => {
                nets::Method::Lora { rank: asked.rank, alpha: asked.alpha }
            }
            recipe::EncoderMethod::Full => nets::Method::Full,
        },
        layers: asked.layers(layers),
        passes: nets::Passes {
            epochs: asked.epochs,
            batch: asked.batch,
            learning_rate: asked.learning_rate(),
            weight_decay: asked.weight_decay,
            schedule: schedule(asked.schedule),
            patience: asked.patience,
            section: "train.encoder",
        },
    }
}

fn schedule(schedule: recipe::Schedule) -> nets::Schedule {
    match schedule {
        recipe::Schedule::Constant => nets::Schedule::Constant,
        recipe::Schedule::Cosine => nets::Schedule::Cosine,
    }
}

/// How copies of pictures differ.
#[expect(clippy::cast_possible_truncation, reason = "shares need no more precision")]
pub(crate) fn augment(recipe: &Recipe) -> ingot_image::Augment {
    let augment = &recipe.augment;
    ingot_image::Augment {
        rotate: f32::from(augment.rotate),
        zoom: augment.zoom as f32,
        crop: augment.crop as f32,
        translate: augment.translate as f32,
        flip: augment.flip,
        colour: augment.colour as f32,
        blur: augment.blur as f32,
        erase: augment.erase as f32,
    }
}

/// How copies of texts differ.
pub(crate) fn augment_text(recipe: &Recipe) -> ingot_train::texts::Augment {
    let augment = &recipe.augment;
    ingot_train::texts::Augment {
        swap: augment.swap,
        delete: augment.delete,
        synonym: augment.synonym,
        noise: augment.noise,
    }
}

/// What a base is called in models, records and reports: never the folders that it lies in.
pub(crate) fn base_name(recipe: &Recipe) -> String {
    crate::stages::file_name(&recipe.train.base).trim_end_matches(".gguf").to_owned()
}

/// Training of an adapter of a language model.
#[cfg(feature = "nets")]
#[expect(clippy::cast_possible_truncation, reason = "weights are single precision")]
pub(crate) fn sft(recipe: &Recipe) -> ingot_train::language::SftConfig {
    use ingot_train::language::{AdapterForm, Objective, Part, SftConfig, TrainSettings};
    let lora = &recipe.train.lora;
    let wanted = |part: &Part| {
        lora.targets.is_empty() || lora.targets.iter().any(|name| name == part.as_str())
    };
    SftConfig {
        objective: match lora.objective {
            recipe::Objective::Sft => Objective::Answers,
            recipe::Objective::Dpo => Objective::Preferences { beta: lora.beta },
        },
        base: base_name(recipe),
        form: AdapterForm {
            rank: lora.rank,
            alpha: lora.alpha as f32,
            dropout: lora.dropout as f32,
            targets: Part::ALL.into_iter().filter(wanted).collect(),
        },
        settings: TrainSettings {
            epochs: lora.epochs,
            batch: lora.batch,
            accumulate: lora.accumulate,
            learning_rate: lora.learning_rate,
            warmup: lora.warmup,
            cosine: lora.schedule == recipe::Schedule::Cosine,
            weight_decay: lora.weight_decay,
            clip: lora.clip,
            frugal: lora.save_memory,
            seed: recipe.project.seed,
        },
        max_tokens: lora.max_tokens,
        canaries: lora.canaries,
        evaluate: lora.evaluate,
        answer_tokens: lora.answer_tokens,
        samples: lora.samples,
    }
}

/// Explanations.
pub(crate) fn explain(recipe: &Recipe) -> ingot_explain::ExplainConfig {
    ingot_explain::ExplainConfig {
        seed: recipe.project.seed,
        sample: recipe.explain.sample,
        surrogate_depth: recipe.explain.surrogate_depth,
        ..ingot_explain::ExplainConfig::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ingot_quality::text::{RULES, RuleGroup};

    #[test]
    fn what_a_recipe_names_may_be_a_rare_key_also_in_sql() {
        let text = "[project]\nname = \"x\"\ntask = \"tabular.binary\"\ntarget = \"y\"\n\
                    [[source]]\nname = \"a\"\nuri = \"a.jsonl\"\n\
                    [clean]\nkeep = ['income > 1 AND \"家庭 人数\" < 9']\n\
                    [protect]\ncolumns = [{ name = \"alias\", action = \"drop\" }]\n\
                    [train]\nexclude = [\"note\"]\n";
        let recipe = recipe::parse("ingot.toml", text).map_err(|faults| faults.len()).unwrap();
        let named = named(&recipe);
        for name in ["y", "income", "家庭 人数", "alias", "note"] {
            assert!(named.contains(name), "{name} {named:?}");
        }
        let sources = sources(&recipe);
        assert!(sources[0].may_be_json_lines() && sources[0].named.as_ref() == Some(&named));
        let csv = data::SourceConfig { uri: "b/A.CSV".into(), ..sources[0].clone() };
        assert!(!csv.may_be_json_lines());
    }

    #[test]
    fn columns_that_tell_persons_apart_are_known_unless_a_rule_needs_numbers() {
        use data::Identity::{Kept, Replaced};
        let text = "[project]\nname = \"x\"\ntask = \"tabular.binary\"\ntarget = \"y\"\n\
                    [[source]]\nname = \"a\"\nuri = \"a.csv\"\n\
                    [clean]\nkeep = [\"account > 0\"]\ncast = [{ column = \"card\", to = \"integer\" }]\n\
                    expect = [{ column = \"income\", min = 0 }]\n\
                    [protect]\ncolumns = [{ name = \"id\", action = \"hash\", as = \"token\" }, { name = \"account\", action = \"encrypt\" },\n\
                    { name = \"card\", action = \"mask\" }, { name = \"income\", action = \"encrypt\" },\n\
                    { name = \"born\", action = \"shift\", person = \"patient\" }, { name = \"age\", action = \"drop\" }]\n\
                    [protect.anonymity]\nk = 2\nquasi = [\"region\"]\nperson = \"guest\"\n\
                    [split]\ngroup = \"token\"\n";
        let recipe = recipe::parse("ingot.toml", text).map_err(|faults| faults.len()).unwrap();
        let found = identities(&recipe);
        let found: Vec<(&str, data::Identity)> =
            found.iter().map(|(name, identity)| (name.as_str(), *identity)).collect();
        assert_eq!(
            found,
            [("account", Kept), ("guest", Kept), ("id", Replaced), ("patient", Kept)]
        );
    }

    #[test]
    fn the_recipe_knows_every_rule_and_group_of_texts() {
        let limits: Vec<String> = RULES.iter().map(|rule| format!("{} = 1", rule.name)).collect();
        let groups: Vec<String> =
            RuleGroup::ALL.iter().map(|group| format!("\"{}\"", group.name())).collect();
        let text = format!(
            "[project]\nname = \"x\"\ntask = \"tabular.binary\"\ntarget = \"y\"\n[[source]]\nname = \"a\"\nuri = \"a.csv\"\n\
             [clean.quality]\ncolumn = \"t\"\nrules = [{}]\nlimits = {{ {} }}\n",
            groups.join(", "),
            limits.join(", ")
        );
        let recipe = recipe::parse("ingot.toml", &text).map_err(|faults| faults.len()).unwrap();
        let quality = clean(&recipe).quality.unwrap();
        assert_eq!(quality.rules.limits.len(), RULES.len());
        assert_eq!(quality.rules.groups, RuleGroup::ALL);
        let schema = recipe::json_schema().to_string();
        for rule in RULES {
            assert!(schema.contains(&format!("\"{}\":", rule.name)), "{}", rule.name);
        }
    }
}
