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
        let range = fault.span().range.clone();
        let before = WRONG.get(..range.start).unwrap().rsplit('\n').next().unwrap();
        assert_eq!(blank, cells(&before.replace('\t', "    ")), "{text}");
        let marked = WRONG.get(range).unwrap().lines().next().unwrap();
        assert_eq!(marks.trim_start().len(), cells(marked), "{text}");
        assert!(source.contains(marked), "{text}");
        assert_eq!(fault.span().column, before.chars().count() + 1);
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
fn what_is_missing() {
    let chinese =
        said("[project]\nname = \"x\"\ntask = \"tabular.binary\"\ntarget = \"y\"\n", Lang::Zh);
    assert!(
        chinese.starts_with(
            "错误[recipe-missing-key]: ingot.toml 缺少 `source`\n --> ingot.toml:1:1\n"
        ),
        "{chinese}"
    );
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
