//! Settings that are right by themselves and wrong together.

use crate::{faults, with};

/// The fault, and the lines under each table that cause it.
type Case = (&'static str, &'static [(&'static str, &'static str)]);

const CASES: &[Case] = &[
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
        "recipe-shift-days protect.columns[1].days",
        &[(
            "protect",
            "columns = [{ name = \"a\", action = \"shift\", person = \"p\", days = 30 }, { name = \"b\", action = \"shift\", person = \"p\", days = 60 }]",
        )],
    ),
    (
        "recipe-shift-days protect.columns[1]",
        &[(
            "protect",
            "columns = [{ name = \"a\", action = \"shift\", person = \"p\", days = 30 }, { name = \"b\", action = \"shift\", person = \"p\" }]",
        )],
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
        "recipe-no-meaning clean.dedupe.near.action",
        &[
            ("clean", "dedupe = { near = { column = \"a\", action = \"keep\" } }"),
            ("protect", "columns = [{ name = \"a\", action = \"hash\" }]"),
        ],
    ),
    (
        "recipe-renamed-later clean.quality.column",
        &[
            ("clean", "quality = { column = \"z\" }"),
            ("protect", "columns = [{ name = \"a\", as = \"z\", action = \"hash\" }]"),
        ],
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
            ("protect", "columns = [{ name = \"id\", as = \"user_id\", action = \"encrypt\" }]"),
            ("split", "group = \"id\""),
        ],
    ),
    (
        "recipe-renamed-later clean.drop_missing[0]",
        &[
            ("protect", "columns = [{ name = \"id\", as = \"user_id\", action = \"encrypt\" }]"),
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
            ("protect", "columns = [{ name = \"id\", as = \"user_id\", action = \"encrypt\" }]"),
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
    ("recipe-column-twice source[0].rename.b", &[("source", "rename = { a = \"z\", b = \"z\" }")]),
    ("recipe-key-task train.params.objective", &[("train", "params.objective = \"huber\"")]),
    (
        "recipe-recipient-secret seal.recipients[0]",
        &[("seal", "recipients = [\"AGE-SECRET-KEY-1QQ\"]")],
    ),
    ("recipe-not-tables source", &[]),
];

#[test]
fn settings_that_contradict_each_other() {
    for (expected, sections) in CASES {
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
fn only_text_has_an_encoding() {
    let of =
        |format: &str| with(&[("source", &format!("format = \"{format}\"\nencoding = \"big5\""))]);
    assert!(faults(&of("jsonl")).is_empty() && faults(&of("csv")).is_empty());
    assert_eq!(faults(&of("parquet")), ["recipe-encoding-without-text source[0].encoding"]);
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
fn protection_of_texts_that_contradicts_itself() {
    let recipe = crate::with(&[(
        "protect",
        "columns = [{ name = \"a\", action = \"pseudonymize\" }, { name = \"b\", action = \"hash\", type = \"person\" }]\n\
         text = { columns = [\"b\", \"y\"], action = \"replace\", custom = [{ name = \"n\" }] }",
    )]);
    let mut found = crate::faults(&recipe);
    found.sort();
    assert_eq!(
        found,
        [
            "recipe-needs protect.columns[0]",
            "recipe-needs protect.text.custom[0]",
            "recipe-no-meaning protect.columns[1].type",
            "recipe-protect-target protect.text.columns[1]",
            "recipe-protected-twice protect.text.columns[0]",
        ]
    );
}

#[test]
fn hierarchies_and_presence_that_contradict_themselves() {
    let recipe = crate::with(&[(
        "protect",
        "anonymity = { k = 5, quasi = [\"a\", \"b\", \"c\", \"d\"], recoding = \"local\", \
         presence = { population = \"p.csv\", least = 0.6, most = 0.5 }, hierarchies = [\
         { column = \"a\", by = \"table\" }, { column = \"b\", by = \"range\", widths = [5] }, \
         { column = \"c\", by = \"interval\", file = \"c.csv\" }, \
         { column = \"d\", by = \"prefix\", levels = [[\"a\"]] }] }",
    )]);
    let mut found = crate::faults(&recipe);
    found.sort();
    assert_eq!(
        found,
        [
            "recipe-needs protect.anonymity.hierarchies[0]",
            "recipe-needs protect.anonymity.hierarchies[1]",
            "recipe-no-meaning protect.anonymity.hierarchies[1].widths",
            "recipe-no-meaning protect.anonymity.hierarchies[2].file",
            "recipe-no-meaning protect.anonymity.hierarchies[3].levels",
            "recipe-no-meaning protect.anonymity.presence",
            "recipe-presence protect.anonymity.presence.least",
        ]
    );
}

#[test]
fn a_promise_that_contradicts_itself() {
    let recipe = crate::with(&[(
        "protect",
        "anonymity = { k = 5, quasi = [\"a\", \"b\", \"y\"], sensitive = [\"b\"], diversity = \"recursive\", hierarchies = [\
         { column = \"a\", by = \"file\" }, { column = \"a\", by = \"suppress\" }, { column = \"z\", by = \"calendar\" }] }",
    )]);
    let mut found = crate::faults(&recipe);
    found.sort();
    assert_eq!(
        found,
        [
            "recipe-names-target protect.anonymity.quasi[2]",
            "recipe-needs protect.anonymity.diversity",
            "recipe-needs protect.anonymity.diversity",
            "recipe-needs protect.anonymity.hierarchies[0]",
            "recipe-needs protect.anonymity.hierarchies[2].column",
            "recipe-protected-twice protect.anonymity.hierarchies[1]",
            "recipe-protected-twice protect.anonymity.sensitive[0]",
        ]
    );
}

#[test]
fn a_misspelt_setting_is_one_fault() {
    let recipe = with(&[(
        "protect",
        "columns = [{ name = \"a\", action = \"shift\", person = \"p\", days = 90 }, { name = \"b\", action = \"shift\", person = \"p\", dayz = 90 }]",
    )]);
    assert_eq!(faults(&recipe), ["recipe-unknown-key-near protect.columns[1].dayz"]);
}

#[test]
fn days_that_one_rule_misspells_say_nothing_of_others() {
    let told = |days: [&str; 4]| {
        let rules = ["a", "b", "c", "d"].iter().zip(["p", "p", "p", "q"]).zip(days);
        let rules = rules.map(|((name, person), days)| {
            format!("{{ name = \"{name}\", action = \"shift\", person = \"{person}\", {days} }}")
        });
        let columns = format!("columns = [{}]", rules.collect::<Vec<_>>().join(", "));
        faults(&with(&[("protect", columns.as_str())]))
    };
    let misspelt = "recipe-unknown-key-near protect.columns[0].dayz";
    assert_eq!(told(["dayz = 90", "days = 30", "days = 30", "days = 7"]), [misspelt]);
    assert_eq!(
        told(["dayz = 90", "days = 30", "days = 60", "days = 7"]),
        [misspelt, "recipe-shift-days protect.columns[2].days"]
    );
    assert_eq!(
        told(["days = 30", "days = 60", "days = 30", "dayz = 7"]),
        [
            "recipe-shift-days protect.columns[1].days",
            "recipe-unknown-key-near protect.columns[3].dayz"
        ]
    );
}

#[test]
fn a_misspelt_quasi_identifier_is_named_with_its_hierarchy() {
    let recipe = with(&[(
        "protect",
        "anonymity = { k = 5, quasi = [\"agee\", \"job\"], hierarchies = [{ column = \"age\", by = \"interval\" }] }",
    )]);
    assert_eq!(faults(&recipe), ["recipe-hierarchy-near protect.anonymity.hierarchies[0].column"]);
    let told = ingot_recipe::parse("ingot.toml", &recipe).unwrap_err();
    let told: Vec<String> = told.iter().map(|fault| fault.fault().to_string()).collect();
    assert!(told.iter().any(|told| told.contains("`agee`") && told.contains("`age`")), "{told:?}");
}
