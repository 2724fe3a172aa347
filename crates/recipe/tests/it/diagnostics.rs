//! What is said of wrong recipes, all at once and in both languages.

use crate::{faults, with};
use ingot_base::{Fault, Lang, fault::placeholders};
use ingot_recipe::{Diagnostic, MESSAGES, parse};

fn said(text: &str, lang: Lang) -> String {
    let faults = parse("ingot.toml", text).expect_err("a wrong recipe");
    faults.iter().map(|fault| fault.render(lang, false)).collect::<Vec<_>>().join("\n\n")
}

/// Faults of every kind in one file.
const WRONG: &str = r#"[project]
name = "Credit Risk"
task = "tabular.binery"
target = "风险"
version = 1.0

[[source]]
name = "核心"
uri = "数据/信用.csv"
wieght = 1.0

[clean]
drop_mising = ["年龄"]
outliers = [{ column = "金额", method = "z-score", factor = 0 }]
expect = [{ column = "年龄", min = 100, max = 18 }]
dedupe = { exact = "yes" }

[protect]
columns = [
	{ name = "客户号", as = "user_id", action = "encrypt" },
	{ name = "风险", action = "mask" },
	{ name = "生日", action = "generalize" },
]

[split]
test = 1.5
group = "客户号"

[train]
budget = "two minutes"
target = "风险"

[seal]
recipients = ["age1..."]
licence_expires = "2027-02-30"
"#;

#[test]
fn all_faults_in_one_run_english() {
    insta::assert_snapshot!("wrong-en", said(WRONG, Lang::En));
}

#[test]
fn all_faults_in_one_run_chinese() {
    insta::assert_snapshot!("wrong-zh", said(WRONG, Lang::Zh));
}

#[test]
fn broken_toml_is_said_in_both_languages_and_the_rest_is_checked() {
    let broken = "[project]\nname = credit\ntask = \"tabular.binary\"\ntarget = \"y\nversion = \"0.1.0\"\nseed = 007\n\n[[source]]\nname = \"a\"\nuri = \"a.csv\"\nweight = -1\nname = \"b\"\n\n[clean]\nkeep = [\"a > 0\" \"b > 0\"]\n";
    insta::assert_snapshot!("broken-en", said(broken, Lang::En));
    insta::assert_snapshot!("broken-zh", said(broken, Lang::Zh));
    let unclosed = with(&[]).replace("[clean]", "[clean]\nkeep = [\"a > 0\"");
    insta::assert_snapshot!("unclosed-en", said(&unclosed, Lang::En));
    let setting =
        with(&[("clean", "outliers = [{ column = \"a\", method = \"iqr\" }\nkeep = [\"a > 0\"]")]);
    assert_eq!(faults(&setting), ["recipe-syntax-unclosed -"]);
    assert_eq!(
        faults(&with(&[("train", "cost = { false_positive = 1\nbudget = \"1m\"")])),
        ["recipe-syntax-unclosed -"]
    );
    assert_eq!(faults(&with(&[("clean", "keep = [\"a\",")]))[0], "recipe-syntax-unclosed -");
}

#[test]
fn colour_changes_no_letter() {
    let faults = parse("ingot.toml", WRONG).expect_err("a wrong recipe");
    for fault in &faults {
        let colored = fault.render(Lang::Zh, true);
        assert!(colored.contains("\u{1b}[1;31m"));
        let mut plain = String::new();
        let mut rest = colored.as_str();
        while let Some((before, after)) = rest.split_once('\u{1b}') {
            plain.push_str(before);
            rest = after.split_once('m').unwrap().1;
        }
        assert_eq!(plain + rest, fault.render(Lang::Zh, false));
    }
}

#[test]
fn carets_stand_under_what_they_mean() {
    let faults = parse("ingot.toml", WRONG).expect_err("a wrong recipe");
    for fault in faults.iter().filter(|fault| !fault.span().range.is_empty()) {
        let text = fault.render(Lang::En, false);
        let lines: Vec<&str> = text.lines().collect();
        let cells = |text: &str| unicode_width(text);
        let source = lines[3].split_once(" | ").unwrap().1;
        let marks = lines[4].split_once(" | ").unwrap().1;
        let blank = marks.chars().take_while(|c| *c == ' ').count();
        let line_start = WRONG[..fault.span().range.start].rfind('\n').map_or(0, |at| at + 1);
        let before = WRONG[line_start..fault.span().range.start].replace('\t', "    ");
        assert_eq!(blank, cells(&before), "{text}");
        let marked = WRONG[fault.span().range.clone()].lines().next().unwrap();
        assert_eq!(marks.trim_start().len(), cells(marked), "{text}");
        assert!(source.contains(marked), "{text}");
        assert_eq!(
            fault.span().column,
            WRONG[line_start..fault.span().range.start].chars().count() + 1
        );
    }
}

fn unicode_width(text: &str) -> usize {
    // Every character of the test is ASCII or CJK.
    text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum()
}

#[test]
fn passwords_are_starred_in_drawings() {
    let text = with(&[]).replace("a.csv", "postgres://bank:hunter2@db/loans");
    let drawn = said(&text, Lang::En);
    assert!(
        drawn.contains("postgres://bank:*******@db/loans") && !drawn.contains("hunter2"),
        "{drawn}"
    );
}

#[test]
fn a_stages_fault_is_drawn_at_its_key() {
    ingot_base::messages! {
        /// For this test.
        TEST_FAULT = {
            code: "test-fault", class: Usage, status: 422,
            en: "no column `{column}`", zh: "没有列 `{column}`", hint_en: "", hint_zh: "",
        };
    }
    assert_eq!(MESSAGES.len(), 1);
    let text = with(&[("clean", "keep = [\"ok > 0\", \"amuont > 0\"]")]);
    let fault = || Fault::new(&TEST_FAULT).arg("column", "amuont");
    let drawn = Diagnostic::locate("ingot.toml", &text, fault().at("clean.keep[1]")).unwrap();
    insta::assert_snapshot!("stage", drawn.render(Lang::Zh, false));
    assert_eq!(drawn.json(Lang::En)["column"], 19);
    assert!(Diagnostic::locate("ingot.toml", &text, fault()).is_err());
    assert!(Diagnostic::locate("ingot.toml", &text, fault().at("audio.rate")).is_err());
}

#[test]
fn settings_that_contradict_each_other() {
    let cases: &[(&str, &[(&str, &str)])] = &[
        ("recipe-shares split.validation", &[("split", "test = 0.6\nvalidation = 0.4")]),
        ("recipe-time-exclusive split.stratify", &[("split", "time = \"t\"\nstratify = true")]),
        ("recipe-time-exclusive split.group", &[("split", "time = \"t\"\ngroup = \"g\"")]),
        ("recipe-names-target split.group", &[("split", "group = \"y\"")]),
        ("recipe-names-target train.exclude[1]", &[("train", "exclude = [\"a\", \"y\"]")]),
        ("recipe-names-target train.fairness[0]", &[("train", "fairness = [\"y\"]")]),
        ("recipe-query-without-database source[0].query", &[("source", "query = \"SELECT 1\"")]),
        (
            "recipe-protect-target protect.columns[0].name",
            &[("protect", "columns = [{ name = \"y\", action = \"encrypt\" }]")],
        ),
        (
            "recipe-protected-twice protect.columns[1].name",
            &[(
                "protect",
                "columns = [{ name = \"a\", action = \"hash\" }, { name = \"a\", action = \"drop\" }]",
            )],
        ),
        (
            "recipe-column-twice protect.columns[1].as",
            &[(
                "protect",
                "columns = [{ name = \"a\", as = \"z\", action = \"hash\" }, { name = \"b\", as = \"z\", action = \"hash\" }]",
            )],
        ),
        (
            "recipe-column-twice protect.columns[0].as",
            &[(
                "protect",
                "columns = [{ name = \"a\", as = \"b\", action = \"hash\" }, { name = \"b\", action = \"hash\" }]",
            )],
        ),
        (
            "recipe-column-twice protect.columns[0].as",
            &[("protect", "columns = [{ name = \"a\", as = \"y\", action = \"hash\" }]")],
        ),
        (
            "recipe-no-meaning protect.columns[0].as",
            &[("protect", "columns = [{ name = \"a\", as = \"z\", action = \"drop\" }]")],
        ),
        (
            "recipe-no-meaning protect.columns[0].to",
            &[("protect", "columns = [{ name = \"a\", to = \"year\", action = \"hash\" }]")],
        ),
        (
            "recipe-no-meaning protect.columns[0].with",
            &[("protect", "columns = [{ name = \"a\", with = \"#\", action = \"hash\" }]")],
        ),
        (
            "recipe-needs protect.columns[0]",
            &[("protect", "columns = [{ name = \"a\", action = \"generalize\" }]")],
        ),
        (
            "recipe-reserved-column protect.columns[0].as",
            &[("protect", "columns = [{ name = \"a\", as = \"_row\", action = \"hash\" }]")],
        ),
        (
            "recipe-needs clean.impute[0]",
            &[("clean", "impute = [{ column = \"a\", method = \"constant\" }]")],
        ),
        (
            "recipe-no-meaning clean.impute[0].value",
            &[("clean", "impute = [{ column = \"a\", method = \"mean\", value = 1 }]")],
        ),
        (
            "recipe-quantile clean.outliers[0].factor",
            &[("clean", "outliers = [{ column = \"a\", method = \"quantile\", factor = 0.5 }]")],
        ),
        (
            "recipe-no-meaning clean.outliers[0].factor",
            &[(
                "clean",
                "outliers = [{ column = \"a\", method = \"range\", min = 0, max = 1, factor = 2 }]",
            )],
        ),
        (
            "recipe-needs clean.outliers[0]",
            &[("clean", "outliers = [{ column = \"a\", method = \"range\", min = 0 }]")],
        ),
        (
            "recipe-no-meaning clean.outliers[0].max",
            &[("clean", "outliers = [{ column = \"a\", method = \"iqr\", max = 0 }]")],
        ),
        ("recipe-expect-nothing clean.expect[0]", &[("clean", "expect = [{ column = \"a\" }]")]),
        (
            "recipe-expect-several clean.expect[0]",
            &[("clean", "expect = [{ column = \"a\", min = 1, unique = true }]")],
        ),
        ("recipe-needs clean.expect[0]", &[("clean", "expect = [{ unique = true }]")]),
        (
            "recipe-not-true clean.expect[0].unique",
            &[("clean", "expect = [{ column = \"a\", unique = false }]")],
        ),
        (
            "recipe-bounds clean.expect[0].min",
            &[("clean", "expect = [{ column = \"a\", min = 2, max = 1 }]")],
        ),
        ("recipe-repeated clean.drop_missing[1]", &[("clean", "drop_missing = [\"a\", \"a\"]")]),
        (
            "recipe-renamed-before split.group",
            &[
                (
                    "protect",
                    "columns = [{ name = \"id\", as = \"user_id\", action = \"encrypt\" }]",
                ),
                ("split", "group = \"id\""),
            ],
        ),
        (
            "recipe-renamed-later clean.drop_missing[0]",
            &[
                (
                    "protect",
                    "columns = [{ name = \"id\", as = \"user_id\", action = \"encrypt\" }]",
                ),
                ("clean", "drop_missing = [\"user_id\"]"),
            ],
        ),
        (
            "recipe-column-dropped train.fairness[0]",
            &[
                ("protect", "columns = [{ name = \"sex\", action = \"drop\" }]"),
                ("train", "fairness = [\"sex\"]"),
            ],
        ),
        (
            "recipe-renamed-before explain.titles.id",
            &[
                (
                    "protect",
                    "columns = [{ name = \"id\", as = \"user_id\", action = \"encrypt\" }]",
                ),
                ("explain", "titles.id = { en = \"ID\", zh = \"编号\" }"),
            ],
        ),
        (
            "recipe-renamed-before clean.cast[0].column",
            &[
                ("source", "rename = { Alter = \"age\" }"),
                ("clean", "cast = [{ column = \"Alter\", to = \"integer\" }]"),
            ],
        ),
        (
            "recipe-column-twice source[0].rename.b",
            &[("source", "rename = { a = \"z\", b = \"z\" }")],
        ),
        ("recipe-key-task train.params.objective", &[("train", "params.objective = \"huber\"")]),
        (
            "recipe-recipient-secret seal.recipients[0]",
            &[("seal", "recipients = [\"AGE-SECRET-KEY-1QQ\"]")],
        ),
        ("recipe-not-tables source", &[]),
    ];
    for (expected, sections) in cases {
        let text = with(sections);
        let text = if *expected == "recipe-not-tables source" {
            text.replace("[[source]]", "[source]")
        } else {
            text
        };
        assert_eq!(faults(&text), [*expected], "{text}");
    }
}

#[test]
fn settings_of_another_task() {
    let regression = |sections: &[(&str, &str)]| {
        faults(&with(sections).replace("tabular.binary", "tabular.regression"))
    };
    assert_eq!(regression(&[("split", "stratify = true")]), ["recipe-key-task split.stratify"]);
    assert_eq!(regression(&[("project", "positive = 1")]), ["recipe-key-task project.positive"]);
    assert_eq!(regression(&[("train", "balance = true")]), ["recipe-key-task train.balance"]);
    assert_eq!(
        regression(&[("train", "cost = { false_positive = 1, false_negative = 1 }")]),
        ["recipe-key-task train.cost"]
    );
    assert!(regression(&[("train", "params.objective = \"huber\"\ncalibrate = true")]).is_empty());
    let many =
        with(&[("project", "positive = \"a\"")]).replace("tabular.binary", "tabular.multiclass");
    assert_eq!(faults(&many), ["recipe-key-task project.positive"]);
}

#[test]
fn databases_need_queries_and_no_format() {
    let text = with(&[("source", "format = \"csv\"")]).replace("a.csv", "postgres://h/d");
    assert_eq!(
        faults(&text),
        [
            "recipe-database-without-query source[0].uri",
            "recipe-format-of-database source[0].format"
        ]
    );
}

#[test]
fn two_sources_of_one_name_and_renames_of_one_only() {
    let two = with(&[]) + "\n[[source]]\nname = \"a\"\nuri = \"b.csv\"\n";
    assert_eq!(faults(&two), ["recipe-source-name-twice source[1].name"]);
    // The other source still has a column `Alter`: nothing is said.
    let mixed = with(&[
        ("source", "rename = { Alter = \"age\" }"),
        ("clean", "drop_missing = [\"Alter\"]"),
    ]) + "\n[[source]]\nname = \"b\"\nuri = \"b.csv\"\n";
    assert!(faults(&mixed).is_empty());
}

#[test]
fn what_is_missing() {
    assert_eq!(faults(""), ["recipe-missing-key project", "recipe-missing-key source"]);
    assert_eq!(
        faults("[project]\n[[source]]\n"),
        [
            "recipe-missing-key project.name",
            "recipe-missing-key project.task",
            "recipe-missing-key project.target",
            "recipe-missing-key source[0].name",
            "recipe-missing-key source[0].uri",
        ]
    );
    assert_eq!(
        faults("source = []\n[project]\nname = \"x\"\ntask = \"tabular.binary\"\ntarget = \"y\"\n"),
        ["recipe-empty-list source"]
    );
}

#[test]
fn both_languages_say_the_same() {
    let mut codes = std::collections::BTreeSet::new();
    for message in MESSAGES {
        assert!(
            message.code.starts_with("recipe-") && codes.insert(message.code),
            "{}",
            message.code
        );
        assert_eq!(placeholders(message.en), placeholders(message.zh), "{}", message.code);
        assert_eq!(
            placeholders(message.hint_en),
            placeholders(message.hint_zh),
            "{}",
            message.code
        );
        assert_eq!(message.hint_en.is_empty(), message.hint_zh.is_empty(), "{}", message.code);
        assert!(message.zh.chars().any(|c| c > '\u{2e80}'), "{}", message.code);
    }
}

#[test]
fn no_argument_is_left_open() {
    let texts = [
        WRONG.to_owned(),
        with(&[
            ("train", "params.x = 1\nbudget = 5"),
            ("clean", "keep = \"a\""),
            ("serve", "listen = \"x\""),
        ]),
    ];
    for text in texts {
        for fault in parse("ingot.toml", &text).expect_err("wrong") {
            for lang in [Lang::En, Lang::Zh] {
                let fault = fault.fault();
                let sentence = fault.render(lang) + &fault.hint(lang).unwrap_or_default();
                let names: Vec<&str> = placeholders(fault.message().en)
                    .into_iter()
                    .chain(placeholders(fault.message().hint_en))
                    .collect();
                assert!(
                    !names.iter().any(|name| sentence.contains(&format!("{{{name}}}"))),
                    "{sentence}"
                );
            }
        }
    }
}
