//! What a recipe means.

use crate::{FULL, RECIPIENT, faults, with};
use ingot_base::{Tabular, Task, Text};
use ingot_recipe::{
    Action, Expectation, Generalize, ImputeMethod, Likeness, NearAction, OnFail, Outlier,
    OutlierAction, OutlierMethod, Recipe, Recoding, Rule, SplitMethod, parse,
};
use std::time::Duration;

fn parsed(text: &str) -> Recipe {
    parse("ingot.toml", text).unwrap_or_else(|faults| {
        panic!(
            "{}",
            faults
                .iter()
                .map(|fault| fault.render(ingot_base::Lang::En, false))
                .collect::<Vec<_>>()
                .join("\n\n")
        )
    })
}

#[test]
#[expect(clippy::too_many_lines, reason = "a line a key")]
fn every_key_arrives() {
    let recipe = parsed(FULL);
    assert_eq!(recipe.project.task, Task::Tabular(Tabular::Binary));
    assert_eq!((recipe.project.positive.as_deref(), recipe.project.seed), (Some("bad"), 7));
    assert!((recipe.sources[0].weight - 2.0).abs() < f64::EPSILON, "a whole number is a number");
    assert_eq!(recipe.sources[0].rename["amount.eur"], "credit_amount");
    assert_eq!(
        recipe.sources[1].uri, "postgres://bank:s3cret@db:5432/loans",
        "the stage gets the password"
    );
    assert_eq!(recipe.clean.impute[0].method, ImputeMethod::Constant("unknown".into()));
    let near = recipe.clean.dedupe.near.as_ref().unwrap();
    assert_eq!((near.shingle, near.action), (4, NearAction::Keep));
    assert_eq!(recipe.clean.dedupe.passages.as_ref().unwrap().tokens, 30);
    let quality = recipe.clean.quality.as_ref().unwrap();
    assert_eq!((quality.languages.len(), quality.on_fail), (1, OnFail::Drop));
    assert_eq!(quality.limits.keys().collect::<Vec<_>>(), ["few_words", "top_2gram"]);
    let set = recipe.clean.decontaminate.as_ref().unwrap();
    assert_eq!(
        (set.against.as_str(), set.tokens, set.on_fail),
        ("data/evaluation.csv", 8, OnFail::Warn)
    );
    assert!(!recipe.train.review);
    let methods: Vec<_> = recipe.clean.outliers.iter().map(|outlier| outlier.method).collect();
    assert_eq!(
        methods,
        [
            OutlierMethod::Iqr(3.0),
            OutlierMethod::ZScore(3.0),
            OutlierMethod::Quantile(0.02),
            OutlierMethod::Range(0.0, 120.0)
        ]
    );
    assert_eq!(recipe.clean.outliers[3].action, OutlierAction::Clip);
    let rules: Vec<_> =
        recipe.clean.expect.iter().map(|expectation| expectation.rule.clone()).collect();
    assert_eq!(
        rules,
        [
            Rule::Range { min: Some(18.0), max: Some(100.0) },
            Rule::OneOf(["male", "female", "1", "true"].map(String::from).into()),
            Rule::Matches("^\\d{17}[\\dX]$".into()),
            Rule::Unique,
            Rule::NotNull,
            Rule::Sql("paid <= credit_amount".into()),
        ]
    );
    let actions: Vec<_> = recipe.protect.columns.iter().map(|rule| rule.action.clone()).collect();
    assert_eq!(
        actions,
        [
            Action::Encrypt,
            Action::Hash,
            Action::Mask { keep_start: 3, keep_end: 4, with: '•' },
            Action::Generalize(Generalize::Year),
            Action::Generalize(Generalize::Width(1000.0)),
            Action::Generalize(Generalize::Prefix(3)),
            Action::Shift { person: "customer_id".into(), days: 180 },
            Action::Drop,
            Action::Pseudonymize("person".into()),
            Action::Fpe,
            Action::Generalize(Generalize::File { file: "jobs.csv".into(), level: 2 }),
            Action::Generalize(Generalize::Levels {
                levels: vec![vec!["A1".into(), "A".into()], vec![String::new(), "?".into()]],
                level: 1,
            }),
        ]
    );
    let promise = recipe.protect.anonymity.as_ref().unwrap();
    let presence = promise.presence.as_ref().unwrap();
    assert_eq!(
        (presence.population.as_str(), presence.least, presence.most),
        ("everyone.csv", 0.1, 0.5)
    );
    assert_eq!((promise.likeness, promise.recoding), (Likeness::Basic, Recoding::Full));
    assert_eq!(
        promise.hierarchies[3].ranges,
        [vec![0.0, 18.0, 65.0, 120.0], vec![0.0, 65.0, 120.0]]
    );
    assert_eq!(promise.hierarchies[4].levels, [["A", "high"], ["B", "high"]]);
    assert_eq!(recipe.protect.columns[0].rename.as_deref(), Some("user_id"));
    assert_eq!(recipe.split_method(), SplitMethod::Stratified("risk".into()));
    assert_eq!(recipe.train.budget, Duration::from_mins(90));
    let params: Vec<_> =
        recipe.train.params.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(params, ["extra_trees=true", "learning_rate=0.05", "max_depth=-1", "num_leaves=15"]);
    assert_eq!(recipe.explain.titles["age"], Text::new("Age", "年龄"));
    assert_eq!(recipe.seal.licence_expires.as_deref(), Some("2027-12-31"));
    assert_eq!(recipe.seal.recipients, [RECIPIENT]);
    assert_eq!(recipe.serve.deadline, Duration::from_millis(1_500));
}

#[test]
fn files_from_other_systems_mean_the_same() {
    let dos = format!("\u{feff}{}", FULL.replace('\n', "\r\n"));
    assert_eq!(parsed(&dos), parsed(FULL));
    assert_eq!(
        ingot_recipe::locate(&dos, "clean.keep[0]").map(|span| (span.line, span.column)),
        Some((25, 9))
    );
}

#[test]
fn every_default_is_visible() {
    let recipe = parsed(&with(&[]));
    let sections = recipe.sections().into_iter();
    let shown = crate::lines(sections.map(|(name, value)| format!("[{name}] {value:#}")));
    insta::assert_snapshot!("defaults", shown);
    assert_eq!(recipe.split_method(), SplitMethod::Random);
    let timed = parsed(&with(&[("split", "time = \"t\"")]));
    assert_eq!(timed.split_method(), SplitMethod::Time("t".into()));
    // Tables that are not written at all have the same defaults.
    let bare = "[project]\nname = \"x\"\ntask = \"tabular.binary\"\ntarget = \"y\"\n[[source]]\nname = \"a\"\nuri = \"a.csv\"\n";
    assert_eq!(parsed(bare), recipe);
}

#[test]
fn a_plan_shows_what_the_task_uses_alone() {
    let sections: serde_json::Map<_, _> = parsed(&with(&[])).used_sections().into_iter().collect();
    assert!(!sections.contains_key("augment") && !sections.contains_key("compress"));
    for foreign in ["lora", "head", "words", "base"] {
        assert!(sections["train"].get(foreign).is_none(), "{foreign}");
    }
    assert!(sections["train"]["budget"].is_string() && sections["serve"]["deadline"] == "30s");
}

#[test]
fn what_is_written_down_is_read_back_and_holds_no_password() {
    let recipe = parsed(FULL);
    let json = serde_json::to_string(&recipe).unwrap();
    assert!(
        !json.contains("s3cret") && json.contains("postgres://bank:***@db:5432/loans"),
        "{json}"
    );
    let mut again: Recipe = serde_json::from_str(&json).unwrap();
    again.sources[1].uri.clone_from(&recipe.sources[1].uri);
    assert_eq!(again, recipe);
    let sections: serde_json::Map<_, _> = recipe.sections().into_iter().collect();
    assert_eq!(serde_json::Value::Object(sections), serde_json::to_value(&recipe).unwrap());
}

#[test]
fn the_designs_recipe_parses_but_for_what_comes_later() {
    let text = format!(
        r#"
[project]
name = "credit-risk"
task = "tabular.binary"        # tabular.binary|multiclass|regression, text.classify
target = "risk"
seed = 42

[[source]]
name = "core-bank"
uri = "data/german_credit.csv" # csv, jsonl, parquet, arrow
weight = 1.0

[clean]
drop_missing = ["age", "risk"]
keep = ["credit_amount > 0"]   # SQL expressions
outliers = [{{ column = "credit_amount", method = "iqr", factor = 3.0, action = "clip" }}]
dedupe = {{ exact = true, near = {{ column = "note", similarity = 0.8 }} }}
expect = [{{ column = "age", min = 18, max = 100, on_fail = "drop" }}]

[protect]
columns = [
  {{ name = "customer_id", as = "user_id", action = "encrypt" }},   # deterministic, reversible with the key
  {{ name = "phone", action = "mask" }},
  {{ name = "birthday", action = "generalize", to = "year" }},
]
text = {{ columns = ["note"], languages = ["zh", "en"], action = "pseudonymize" }}
anonymity = {{ k = 5, l = 2, quasi = ["age", "job", "sex"], max_suppressed = 0.05 }}

[split]
test = 0.2
stratify = true
group = "user_id"              # a person never stands on both sides

[train]
budget = "2m"

[explain]
method = "auto"

[seal]
recipients = ["{RECIPIENT}"]
"#
    );
    let recipe = parsed(&text);
    let near = recipe.clean.dedupe.near.as_ref().unwrap();
    assert_eq!((near.column.as_str(), near.shingle, near.action), ("note", 3, NearAction::Drop));
    assert_eq!(
        recipe.clean.outliers,
        [Outlier {
            column: "credit_amount".into(),
            method: OutlierMethod::Iqr(3.0),
            action: OutlierAction::Clip
        }]
    );
    assert_eq!(
        recipe.clean.expect,
        [Expectation {
            column: Some("age".into()),
            rule: Rule::Range { min: Some(18.0), max: Some(100.0) },
            on_fail: OnFail::Drop
        }]
    );
    assert_eq!(
        recipe.protect.columns[1].action,
        Action::Mask { keep_start: 0, keep_end: 0, with: '*' }
    );
    assert_eq!(recipe.split.group.as_deref(), Some("user_id"));
}

#[test]
fn later_tasks_and_addresses_are_known_by_name() {
    let text = with(&[]).replace("tabular.binary", "audio.classify");
    assert_eq!(faults(&text), ["recipe-not-yet project.task"]);
    assert_eq!(
        faults(&with(&[]).replace("a.csv", "https://example.org/a.csv")),
        ["recipe-not-yet source[0].uri"]
    );
}

#[test]
fn quotes_of_prose_are_called_so() {
    for quoted in ["“a.csv”", "‘a.csv’", "「a.csv」", "＂a.csv＂"] {
        let found = faults(&with(&[]).replace("\"a.csv\"", quoted));
        assert!(found.iter().any(|code| code.starts_with("recipe-syntax-quotes")), "{found:?}");
    }
    let bare = faults(&with(&[]).replace("\"a.csv\"", "a.csv"));
    assert!(bare.iter().any(|code| code.starts_with("recipe-syntax-unquoted")), "{bare:?}");
}

#[test]
fn locate_finds_values_headers_and_the_nearest_above() {
    let at = |path: &str| {
        let span = ingot_recipe::locate(FULL, path)?;
        Some((span.line, span.column, FULL.get(span.range)?))
    };
    assert_eq!(at("clean.keep[0]"), Some((25, 9, "\"credit_amount > 0\"")));
    assert_eq!(at("source[1].uri").map(|(line, ..)| line), Some(19));
    assert_eq!(at("source[1].name").map(|(.., text)| text), Some("\"分行\""));
    assert_eq!(at("protect.columns[2].name").map(|(.., text)| text), Some("\"phone\""));
    assert_eq!(
        at("source[0].rename.\"amount.eur\"").map(|(.., text)| text),
        Some("\"credit_amount\"")
    );
    assert_eq!(at("explain.titles.age.zh").map(|(.., text)| text), Some("\"年龄\""));
    assert_eq!(at("split"), Some((107, 1, "[split]")));
    assert_eq!(at("source[1]").map(|(.., text)| text), Some("[[source]]"));
    assert_eq!(at("split.time"), at("split"), "not set: its table");
    assert_eq!(at("clean.keep[9]").map(|(line, ..)| line), Some(25), "not there: its list");
    assert_eq!(at("nothing.here"), None);
    assert_eq!(at(""), None);
    assert_eq!(at("clean..keep"), None);
    let titles = "[explain.titles]\nage = { en = \"Age\", zh = \"年龄\" }\n";
    assert_eq!(
        ingot_recipe::locate(titles, "explain.titles.age.en").map(|span| (span.line, span.column)),
        Some((2, 14))
    );
}

/// A recipe for pictures.
const PICTURES: &str = "[project]\nname = \"pets\"\ntask = \"image.classify\"\ntarget = \"label\"\n\n\
    [[source]]\nname = \"photos\"\nuri = \"photos\"\nformat = \"images\"\n";

#[test]
fn a_recipe_for_pictures_has_the_defaults_of_networks() {
    let recipe = ingot_recipe::parse("ingot.toml", &format!("{PICTURES}[augment]\ncopies = 2\n"))
        .expect("a right recipe");
    assert_eq!(recipe.project.task, Task::ImageClassify);
    assert_eq!((recipe.augment.copies, recipe.augment.rotate, recipe.augment.flip), (2, 15, true));
    assert_eq!((recipe.train.head.epochs, recipe.train.head.batch), (5, 32));
    assert_eq!((recipe.augment.mixup.copies, recipe.augment.cutmix.copies), (0, 0));
    assert_eq!(recipe.train.private, None);
}

#[test]
fn fine_tuning_is_asked_for_by_name_and_needs_validation_rows() {
    let held = "[split]\nvalidation = 0.1\n";
    let asked = "[train]\nunfreeze = { blocks = 2 }\n";
    let recipe = ingot_recipe::parse("ingot.toml", &format!("{PICTURES}{held}{asked}")).unwrap();
    let unfreeze = recipe.train.unfreeze.unwrap();
    assert_eq!((unfreeze.blocks, unfreeze.epochs, unfreeze.batch), (2, 5, 32));
    assert_eq!((unfreeze.learning_rate, unfreeze.weight_decay, unfreeze.patience), (1e-4, 0.01, 2));
    assert_eq!(unfreeze.schedule, ingot_recipe::Schedule::Cosine);
    let plain = ingot_recipe::parse("ingot.toml", PICTURES).unwrap();
    assert_eq!(plain.train.unfreeze, None);
    for (recipe, more, fault) in [
        (PICTURES, asked.to_owned(), "recipe-needs train.unfreeze"),
        (
            PICTURES,
            format!("{held}[train]\nunfreeze = {{ blocks = 2 }}\nprivate = {{ epsilon = 3 }}\n"),
            "recipe-private-exclusive train.unfreeze",
        ),
        (
            PICTURES,
            format!("{held}[train]\nunfreeze = {{ epochs = 2 }}\n"),
            "recipe-missing-key train.unfreeze.blocks",
        ),
        (
            PICTURES,
            format!("{held}[train]\nunfreeze = {{ blocks = 11 }}\n"),
            "recipe-out-of-range train.unfreeze.blocks",
        ),
        (TEXTS, format!("{held}{asked}"), "recipe-key-task train.unfreeze"),
    ] {
        assert_eq!(faults(&format!("{recipe}{more}")), [fault], "{more}");
    }
}

#[test]
fn an_encoder_of_texts_is_trained_where_the_recipe_says_so() {
    let held = "[split]\nvalidation = 0.1\n";
    let parse = |more: &str| {
        let text = format!("{TEXTS}{held}[train.encoder]\n{more}");
        ingot_recipe::parse("ingot.toml", &text).unwrap().train.encoder.unwrap()
    };
    let own = parse("");
    assert_eq!(own.method, ingot_recipe::EncoderMethod::Lora);
    assert_eq!((own.rank, own.alpha, own.epochs, own.batch), (8, 16.0, 3, 32));
    assert_eq!((own.layers, own.layers(6), own.learning_rate()), (None, 6, 5e-4));
    let full = parse("method = \"full\"\n");
    assert_eq!((full.layers(6), full.layers(1), full.learning_rate()), (2, 1, 5e-5));
    let said = parse("layers = 3\nlearning_rate = 0.01\n");
    assert_eq!((said.layers(6), said.learning_rate()), (3, 0.01));
    assert_eq!(ingot_recipe::parse("ingot.toml", TEXTS).unwrap().train.encoder, None);
    for (recipe, more, fault) in [
        (TEXTS, "[train.encoder]\n".to_owned(), "recipe-needs train.encoder"),
        (
            TEXTS,
            format!("{held}[train]\nencoder = {{}}\nprivate = {{ epsilon = 3 }}\n"),
            "recipe-private-exclusive train.encoder",
        ),
        (
            TEXTS,
            format!("{held}[train]\nencoder = {{ method = \"full\", rank = 4 }}\n"),
            "recipe-no-meaning train.encoder.rank",
        ),
        (
            TEXTS,
            format!("{held}[train]\nencoder = {{ layers = 7 }}\n"),
            "recipe-out-of-range train.encoder.layers",
        ),
        (
            TEXTS,
            format!("{held}[train]\nencoder = {{ method = \"lore\" }}\n"),
            "recipe-choice-near train.encoder.method",
        ),
        (
            TEXTS,
            format!("{held}[train]\nencoder = {{ ranks = 4 }}\n"),
            "recipe-unknown-key-near train.encoder.ranks",
        ),
        (PICTURES, format!("{held}[train.encoder]\n"), "recipe-key-task train.encoder"),
    ] {
        assert_eq!(faults(&format!("{recipe}{more}")), [fault], "{more}");
    }
}

#[test]
fn a_student_of_texts_has_fewer_layers() {
    let held = "[split]\nvalidation = 0.1\n[compress]\n";
    let recipe =
        ingot_recipe::parse("ingot.toml", &format!("{TEXTS}{held}distill = {{ layers = 3 }}\n"))
            .unwrap();
    let distill = recipe.compress.distill.unwrap();
    assert_eq!((distill.layers, distill.temperature, distill.weight), (Some(3), 4.0, 0.9));
    assert!(recipe.compress.is_asked());
    for (more, fault) in [
        ("[compress]\ndistill = { layers = 3 }\n".to_owned(), "recipe-needs compress.distill"),
        (format!("{held}distill = {{}}\n"), "recipe-needs compress.distill"),
        (
            format!("{held}distill = {{ layers = 6 }}\n"),
            "recipe-out-of-range compress.distill.layers",
        ),
        (
            format!("{held}distill = {{ layers = 3, blocks = 2 }}\n"),
            "recipe-key-task compress.distill.blocks",
        ),
        (format!("{held}prune = {{ channels = 0.5 }}\n"), "recipe-key-task compress.prune"),
        (format!("{held}quantize = \"q4_0\"\n"), "recipe-no-meaning compress.quantize"),
        (
            format!("{held}distill = {{ layers = 3 }}\n[train]\nprivate = {{ epsilon = 3 }}\n"),
            "recipe-private-exclusive compress.distill",
        ),
    ] {
        assert_eq!(faults(&format!("{TEXTS}{more}")), [fault], "{more}");
    }
}

#[test]
fn a_pruned_network_learns_from_the_one_it_was() {
    let held = "[split]\nvalidation = 0.1\n";
    let prune = "[compress]\nprune = { channels = 0.5 }\n";
    let recipe = ingot_recipe::parse(
        "ingot.toml",
        &format!("{PICTURES}{held}{prune}distill = {{ temperature = 2 }}\n"),
    )
    .unwrap();
    let distill = recipe.compress.distill.unwrap();
    assert_eq!((distill.temperature, distill.weight), (2.0, 0.9));
    assert_eq!((distill.training.blocks, distill.training.epochs), (3, 10));
    for (more, fault) in [
        (format!("{prune}distill = {{}}\n"), "recipe-needs compress.distill"),
        (format!("{held}[compress]\ndistill = {{}}\n"), "recipe-needs compress.distill"),
        (
            format!("{held}{prune}distill = {{ weight = 0 }}\n"),
            "recipe-out-of-range compress.distill.weight",
        ),
        (
            format!("{held}{prune}distill = {{ temperature = 0.5 }}\n"),
            "recipe-out-of-range compress.distill.temperature",
        ),
    ] {
        assert_eq!(faults(&format!("{PICTURES}{more}")), [fault], "{more}");
    }
}

#[test]
fn mixtures_and_private_training_are_asked_for_by_name() {
    let parse = |more: &str| {
        ingot_recipe::parse("ingot.toml", &format!("{PICTURES}{more}")).expect("a right recipe")
    };
    let mixed = parse("[augment]\nmixup = { copies = 2 }\ncutmix = { copies = 1, alpha = 0.5 }\n");
    let (mixup, cutmix) = (mixed.augment.mixup, mixed.augment.cutmix);
    assert_eq!((mixup.copies, mixup.alpha, cutmix.copies, cutmix.alpha), (2, 0.2, 1, 0.5));
    let private = parse("[augment]\ncopies = 2\n[train]\nprivate = { epsilon = 3 }\n");
    let promise = private.train.private.unwrap();
    assert_eq!((promise.epsilon, promise.delta, promise.clip), (3.0, 1e-5, 1.0));

    let watched = "[split]\nvalidation = 0.2\n[train]\nbalance = true\nhead = { patience = 3 }\n";
    let watched = parse(watched);
    assert!(watched.train.balance && watched.train.head.patience == 3);

    let promised = "[train]\nprivate = { epsilon = 3 }\n";
    for (recipe, more, fault) in [
        (
            PICTURES,
            "[train]\nprivate = { delta = 1e-6 }\n",
            "recipe-missing-key train.private.epsilon",
        ),
        (
            PICTURES,
            "[train]\nprivate = { epsilon = 0 }\n",
            "recipe-out-of-range train.private.epsilon",
        ),
        (
            PICTURES,
            "[train.private]\nepsilon = 3\n[train.head]\npatience = 3\n",
            "recipe-no-meaning train.head.patience",
        ),
        (
            PICTURES,
            "[train.private]\nepsilon = 3\n[augment]\nmixup = { copies = 1 }\n",
            "recipe-private-exclusive augment.mixup",
        ),
        (
            PICTURES,
            "[train.private]\nepsilon = 3\n[augment]\ncutmix = { copies = 1 }\n",
            "recipe-private-exclusive augment.cutmix",
        ),
        (
            PICTURES,
            "[train.private]\nepsilon = 3\n[compress]\nquantize = \"int8\"\n",
            "recipe-private-exclusive compress.quantize",
        ),
        (
            PICTURES,
            "[train.private]\nepsilon = 3\n[compress]\nprune = { weights = 0.3 }\n",
            "recipe-private-exclusive compress.prune",
        ),
        (
            PICTURES,
            "[train.private]\nepsilon = 3\nunit = \"group\"\n",
            "recipe-needs train.private.unit",
        ),
        (
            PICTURES,
            "[train.private]\nepsilon = 3\n[train]\nbalance = true\n",
            "recipe-private-exclusive train.balance",
        ),
        (PICTURES, "[train.head]\npatience = 3\n", "recipe-needs train.head.patience"),
        (PICTURES, "[augment]\nmixup = { alpha = 1 }\n", "recipe-no-meaning augment.mixup.alpha"),
        (TEXTS, "[augment]\nmixup = { copies = 1 }\n", "recipe-key-task augment.mixup"),
        (TEXTS, "[augment]\ncutmix = { copies = 1 }\n", "recipe-key-task augment.cutmix"),
    ] {
        assert_eq!(faults(&format!("{recipe}{more}")), [fault], "{more}");
    }
    assert!(faults(&format!("{TEXTS}{promised}")).is_empty());
    let group = "[split]\ngroup = \"who\"\n[train.private]\nepsilon = 3\nunit = \"group\"\n";
    let grouped = parse(group).train.private.unwrap();
    assert_eq!((grouped.unit, promise.unit), (ingot_recipe::Unit::Group, ingot_recipe::Unit::Row));
    let tables = PICTURES.replace("image.classify", "tabular.binary");
    assert_eq!(faults(&format!("{tables}{promised}")), ["recipe-key-task train.private"]);
}

/// A recipe for texts.
const TEXTS: &str = "[project]\nname = \"notes\"\ntask = \"text.classify\"\ntarget = \"label\"\n\n\
    [[source]]\nname = \"notes\"\nuri = \"notes.csv\"\n";

#[test]
fn a_recipe_for_texts_has_an_encoder_and_its_own_copies() {
    let recipe = ingot_recipe::parse("ingot.toml", TEXTS).expect("a right recipe");
    assert_eq!(recipe.project.task, Task::TextClassify);
    assert_eq!(recipe.backbone(), ingot_recipe::Backbone::MiniLm);
    let more =
        "[augment]\ncopies = 2\nnoise = 0.1\n[train]\ntext = \"note\"\n[explain]\ntexts = 3\n";
    let recipe =
        ingot_recipe::parse("ingot.toml", &format!("{TEXTS}{more}")).expect("a right recipe");
    assert_eq!(recipe.train.text.as_deref(), Some("note"));
    assert_eq!((recipe.augment.noise, recipe.explain.texts), (0.1, 3));
    for (recipe, more, fault) in [
        (TEXTS, "[augment]\nrotate = 30\n", "recipe-key-task augment.rotate"),
        (PICTURES, "[augment]\nnoise = 0.5\n", "recipe-key-task augment.noise"),
        (PICTURES, "[train]\ntext = \"note\"\n", "recipe-key-task train.text"),
        (TEXTS, "[train]\ntext = \"label\"\n", "recipe-names-target train.text"),
        (TEXTS, "[train]\nbackbone = \"mobilenet-v2\"\n", "recipe-backbone-task train.backbone"),
        (TEXTS, "[explain]\npictures = 3\n", "recipe-key-task explain.pictures"),
    ] {
        assert_eq!(faults(&format!("{recipe}{more}")), [fault]);
    }
}

#[test]
fn a_backbone_may_be_a_file_of_the_users() {
    let table = "[train]\nbackbone = { file = \"models/net.onnx\", features = \"flatten\"";
    let of = |recipe: &str, more: &str| format!("{recipe}{table}{more} }}\n");
    let recipe = ingot_recipe::parse("ingot.toml", &of(PICTURES, ", crop = 32")).expect("right");
    let backbone = recipe.backbone();
    let own = backbone.own().expect("a file");
    assert_eq!((own.crop(), own.resize(), own.file.as_str()), (32, 36, "models/net.onnx"));
    // It is written as it was read.
    let json = serde_json::to_value(&recipe).unwrap();
    assert_eq!(json["train"]["backbone"]["features"], "flatten");
    assert_eq!(serde_json::from_value::<ingot_recipe::Recipe>(json).unwrap(), recipe);
    let tokens = ", tokenizer = \"t.json\"";
    let recipe = ingot_recipe::parse("ingot.toml", &of(TEXTS, tokens)).expect("right");
    let backbone = recipe.backbone();
    let own = backbone.own().expect("a file");
    assert_eq!((own.tokens(), own.pooling()), (256, ingot_recipe::Pooling::Mean));
    let held = "[split]\nvalidation = 0.1\n";
    let tuned = "[train.unfreeze]\nblocks = 1\n[compress]\nprune = { channels = 0.5 }\n";
    for (text, expected) in [
        (of(PICTURES, tokens), vec!["recipe-key-task train.backbone.tokenizer"]),
        (of(TEXTS, ""), vec!["recipe-needs train.backbone"]),
        (of(TEXTS, &format!("{tokens}, crop = 32")), vec!["recipe-key-task train.backbone.crop"]),
        (of(PICTURES, ", mean = [0.5]"), vec!["recipe-backbone-colours train.backbone.mean"]),
        (of(PICTURES, ", std = [1, 1, 0]"), vec!["recipe-out-of-range train.backbone.std[2]"]),
        (of(PICTURES, ", resize = 100"), vec!["recipe-backbone-crop train.backbone.resize"]),
        (of(PICTURES, ", feature = \"x\""), vec!["recipe-unknown-key-near train.backbone.feature"]),
        (
            format!("{}{tuned}{held}", of(PICTURES, "")),
            vec![
                "recipe-backbone-own train.unfreeze",
                "recipe-backbone-own compress.prune.channels",
            ],
        ),
        (
            format!("{PICTURES}[train]\nbackbone = {{ file = \"net.onnx\" }}\n"),
            vec!["recipe-missing-key train.backbone.features"],
        ),
        (format!("{PICTURES}[train]\nbackbone = 7\n"), vec!["recipe-not-backbone train.backbone"]),
    ] {
        assert_eq!(faults(&text), expected, "{text}");
    }
}

#[test]
fn settings_of_another_task_are_refused() {
    for (more, path) in [
        ("[train]\nfairness = [\"width\"]\n", "train.fairness"),
        ("[train.params]\nmax_depth = 3\n", "train.params"),
        ("[train]\nexclude = [\"width\"]\n", "train.exclude"),
        ("[train]\nbudget = \"5m\"\n", "train.budget"),
    ] {
        assert_eq!(faults(&format!("{PICTURES}{more}")), [format!("recipe-key-task {path}")]);
    }
    let tables = PICTURES.replace("image.classify", "tabular.binary");
    for (more, path) in [
        ("[augment]\ncopies = 1\n", "augment"),
        ("[train.head]\nepochs = 9\n", "train.head"),
        ("[explain]\npictures = 3\n", "explain.pictures"),
        ("[compress]\nquantize = \"int8\"\n", "compress"),
    ] {
        assert_eq!(faults(&format!("{tables}{more}")), [format!("recipe-key-task {path}")]);
    }
}

#[test]
fn compression_is_nothing_until_it_is_asked_for() {
    let parse = |more: &str| {
        ingot_recipe::parse("ingot.toml", &format!("{PICTURES}{more}")).expect("a right recipe")
    };
    assert!(!parse("").compress.is_asked());
    assert!(!parse("[compress]\ncalibration = { pictures = 9 }\n").compress.is_asked());
    let asked = parse(
        "[compress]\nquantize = \"int8\"\ncalibration = { method = \"percentile\", percentile = 99.9 }\n\
         prune = { channels = 0.5 }\ntolerance = { metric = 0.02 }\n",
    )
    .compress;
    assert!(asked.is_asked() && asked.prune.is_asked());
    assert_eq!((asked.calibration.percentile, asked.calibration.pictures), (99.9, 128));
    assert_eq!((asked.tolerance.metric, asked.tolerance.agreement), (0.02, 0.92));
    for (more, fault) in [
        ("quantize = \"int4\"", "recipe-choice-near compress.quantize"),
        ("prune = { channels = 1.0 }", "recipe-out-of-range compress.prune.channels"),
        (
            "calibration = { method = \"entropy\", percentile = 99.0 }",
            "recipe-no-meaning compress.calibration.percentile",
        ),
    ] {
        assert_eq!(faults(&format!("{PICTURES}[compress]\n{more}\n")), [fault]);
    }
}

/// A recipe for a language model.
const LANGUAGE: &str = "[project]\nname = \"desk\"\ntask = \"generate.sft\"\ntarget = \"answer\"\n\n\
    [[source]]\nname = \"desk\"\nuri = \"desk.jsonl\"\n";

#[test]
fn a_recipe_for_a_language_model_has_an_adapter() {
    let recipe = ingot_recipe::parse("ingot.toml", LANGUAGE).expect("a right recipe");
    assert_eq!(recipe.project.task, Task::Generate);
    assert_eq!((recipe.train.base.as_str(), recipe.train.lora.rank), ("smollm2-135m", 16));
    assert_eq!(recipe.train.lora.package, ingot_recipe::Carried::Merged);
    assert!(!recipe.compress.is_asked());
    let more = "[train]\ntext = \"prompt\"\nlora = { rank = 8, targets = [\"q_proj\", \"v_proj\"], store = \"q8_0\" }\n";
    let recipe =
        ingot_recipe::parse("ingot.toml", &format!("{LANGUAGE}{more}")).expect("a right recipe");
    assert_eq!(recipe.train.lora.targets, ["q_proj", "v_proj"]);
    assert_eq!(recipe.train.lora.store, ingot_recipe::Store::Q8);
    for (recipe, more, fault) in [
        (PICTURES, "[train]\nlora = { rank = 8 }\n", "recipe-key-task train.lora"),
        (PICTURES, "[train]\nbase = \"other.gguf\"\n", "recipe-key-task train.base"),
        (PICTURES, "[train]\ntext = \"prompt\"\n", "recipe-key-task train.text"),
        (LANGUAGE, "[train]\nhead = { epochs = 9 }\n", "recipe-key-task train.head"),
        (LANGUAGE, "[train]\nbudget = \"1h\"\n", "recipe-key-task train.budget"),
        (LANGUAGE, "[train]\ntext = \"answer\"\n", "recipe-names-target train.text"),
        (LANGUAGE, "[split]\nstratify = true\n", "recipe-key-task split.stratify"),
    ] {
        assert_eq!(faults(&format!("{recipe}{more}")), [fault]);
    }
    let preferring = "[train]\ntext = \"prompt\"\nlora = { objective = \"dpo\", rejected = \"worse\", beta = 0.2 }\n";
    let lora =
        ingot_recipe::parse("ingot.toml", &format!("{LANGUAGE}{preferring}")).unwrap().train.lora;
    assert_eq!((lora.objective, lora.beta), (ingot_recipe::Objective::Dpo, 0.2));
    assert_eq!(lora.rejected.as_deref(), Some("worse"));
    for (more, wanted) in [
        ("lora = { beta = 0.2 }", vec!["recipe-no-meaning train.lora.beta"]),
        ("lora = { rejected = \"worse\" }", vec!["recipe-no-meaning train.lora.rejected"]),
        ("lora = { objective = \"dpo\" }", vec!["recipe-needs train.lora", "recipe-needs train"]),
        (
            "text = \"prompt\"\nlora = { objective = \"dpo\", rejected = \"prompt\" }",
            vec!["recipe-no-meaning train.lora.rejected"],
        ),
        (
            "text = \"prompt\"\nlora = { objective = \"dpo\", rejected = \"answer\" }",
            vec!["recipe-names-target train.lora.rejected"],
        ),
        (
            "text = \"prompt\"\nlora = { objective = \"dpo\", rejected = \"worse\", beta = 0 }",
            vec!["recipe-out-of-range train.lora.beta"],
        ),
    ] {
        let mut found = faults(&format!("{LANGUAGE}[train]\n{more}\n"));
        let mut wanted: Vec<String> = wanted.into_iter().map(str::to_owned).collect();
        found.sort();
        wanted.sort();
        assert_eq!(found, wanted, "{more}");
    }
    // Answers are texts that may hold persons; a label is not.
    let text =
        "[protect]\ntext = { columns = [\"answer\"], languages = [\"zh\"], action = \"mask\" }\n";
    assert_eq!(faults(&format!("{LANGUAGE}{text}")), [""; 0]);
    let table = PICTURES.replace("\"label\"", "\"answer\"");
    assert_eq!(
        faults(&format!("{table}{text}")),
        ["recipe-protect-target protect.text.columns[0]"]
    );
}

#[test]
fn a_language_model_is_quantised_in_its_own_forms() {
    let parse = |more: &str| {
        ingot_recipe::parse("ingot.toml", &format!("{LANGUAGE}{more}")).expect("a right recipe")
    };
    let asked = parse(
        "[compress]\nquantize = \"q4_1\"\nbeside = [\"q8_0\", \"iq4_nl\"]\ncalibration = { tokens = 9000 }\n\
         tolerance = { divergence = 0.2, perplexity = 0.3 }\n",
    )
    .compress;
    assert_eq!(asked.quantize.map(ingot_recipe::Quantize::as_str), Some("q4_1"));
    let beside: Vec<&str> = asked.beside.iter().map(|one| one.as_str()).collect();
    assert_eq!((beside, asked.calibration.tokens), (vec!["q8_0", "iq4_nl"], 9000));
    assert_eq!((asked.tolerance.divergence, asked.tolerance.perplexity), (0.2, 0.3));
    assert!(parse("[compress]\nbeside = [\"q8_0\"]\n").compress.is_asked());
    for (recipe, more, fault) in [
        (LANGUAGE, "[compress]\nquantize = \"int8\"\n", "recipe-no-meaning compress.quantize"),
        (PICTURES, "[compress]\nquantize = \"q4_1\"\n", "recipe-no-meaning compress.quantize"),
        (PICTURES, "[compress]\nbeside = [\"q4_1\"]\n", "recipe-key-task compress.beside"),
        (LANGUAGE, "[compress]\nprune = { weights = 0.1 }\n", "recipe-key-task compress.prune"),
        (
            LANGUAGE,
            "[train]\nlora = { package = \"adapter\" }\n[compress]\nquantize = \"q8_0\"\n",
            "recipe-no-meaning compress.quantize",
        ),
        (
            LANGUAGE,
            "[train]\nlora = { package = \"adapter\" }\n[compress]\nbeside = [\"q8_0\"]\n",
            "recipe-no-meaning compress.beside",
        ),
    ] {
        assert_eq!(faults(&format!("{recipe}{more}")), [fault], "{more}");
    }
}
