//! Text columns of batches.

use crate::support::{keys, rule, shown, some, table, text};
use arrow::array::{ArrayRef, Float64Array, Int64Array};
use ingot_privacy::detect::{DetectConfig, Kind};
use ingot_privacy::pseudonym::TextAction;
use ingot_privacy::{Action, ColumnRule, Generalize, Protector, TextColumns};
use std::sync::Arc;

const NOTES: [Option<&str>; 4] = [
    Some("客户张伟（手机13812345678）来电咨询贷款。"),
    None,
    Some("No personal data here."),
    Some("张伟的身份证号是11010519491231002X。"),
];

fn protect(action: TextAction) -> (Vec<Option<String>>, ingot_privacy::TextEvidence) {
    let batch = table(vec![("note", text(&NOTES))]);
    let schema = batch.schema();
    let columns = ["note".to_owned()];
    let mut texts =
        TextColumns::new(&columns, &DetectConfig::default(), action, &keys(), &schema).unwrap();
    let names = Protector::new(Vec::new(), keys(), &schema).unwrap();
    let protected = texts.apply(batch, &[], names.pseudonyms()).unwrap();
    (shown(protected.column(0)), texts.evidence().remove(0))
}

#[test]
fn what_is_found_is_replaced_and_counted() {
    let (cells, evidence) = protect(TextAction::Replace);
    assert_eq!(cells[0].as_deref(), Some("客户[person]（手机[phone]）来电咨询贷款。"));
    assert_eq!(cells[1], None);
    assert_eq!(cells[2].as_deref(), NOTES[2]);
    assert!(!cells[3].clone().unwrap().contains("11010519491231002X"));
    assert_eq!((evidence.cells, evidence.touched), (3, 2));
    assert_eq!(evidence.findings["person"].count, 2);
    assert_eq!(evidence.findings["cn_id"].why["checksum"], 1);
    let mean = evidence.findings["cn_id"].scores;
    assert!(mean > 0.5 && mean <= 1.0, "{mean}");
}

#[test]
fn a_person_has_one_pseudonym_in_texts_and_columns() {
    let batch = table(vec![
        ("name", text(&[Some("张伟"), None, Some("李娜"), Some("张伟")])),
        ("note", text(&NOTES)),
    ]);
    let rule = ColumnRule {
        name: "name".into(),
        rename: None,
        action: Action::Pseudonymize(Kind::Person),
    };
    let schema = batch.schema();
    let protector = Protector::new(vec![rule], keys(), &schema).unwrap();
    let mut texts = TextColumns::new(
        &["note".to_owned()],
        &DetectConfig::default(),
        TextAction::Pseudonymize,
        &keys(),
        &protector.schema(),
    )
    .unwrap();
    let batch = protector.apply(batch).unwrap();
    let batch = texts.apply(batch, &[], protector.pseudonyms()).unwrap();
    let (names, notes) = (shown(batch.column(0)), shown(batch.column(1)));
    let fake = names[0].clone().unwrap();
    assert_ne!(fake, "张伟");
    assert_eq!(names[3].as_deref(), Some(&*fake));
    assert_ne!(names[2].as_deref(), Some(&*fake));
    for note in [&notes[0], &notes[3]] {
        assert!(note.clone().unwrap().contains(&fake), "{fake} is missing");
        assert!(!note.clone().unwrap().contains("张伟"));
    }
    let table = protector.pseudonyms().lock().unwrap();
    assert_eq!(table.original(&Kind::Person, &fake).unwrap().expose(), "张伟");
    assert!(!table.lines().contains("张伟"));
}

#[test]
fn what_a_rows_own_columns_say_is_found_in_its_texts_whatever_a_model_thinks() {
    // Nothing in these words speaks for a name or a number; another row's value is an ordinary word here.
    let batch = table(vec![
        ("name", text(&[Some("白云天"), Some("Rose Hill"), None, Some("高峰")])),
        ("ref", text(&[Some("qx-77a"), Some("zz9k"), None, Some("k-0001")])),
        (
            "note",
            text(&[
                Some("白云天说明，见qx-77a。"),
                Some("rose hill called about zz9k, not zz9kk; 白云天"),
                Some("高峰时段"),
                None,
            ]),
        ),
    ]);
    let rule = |name: &str, action| ColumnRule { name: name.into(), rename: None, action };
    let rules = vec![rule("name", Action::Pseudonymize(Kind::Person)), rule("ref", Action::Hash)];
    let schema = batch.schema();
    let protector = Protector::new(rules, keys(), &schema).unwrap();
    let config = DetectConfig { types: vec![Kind::Email], ..DetectConfig::default() };
    let columns = ["note".to_owned()];
    let schema = protector.schema();
    let mut texts =
        TextColumns::new(&columns, &config, TextAction::Replace, &keys(), &schema).unwrap();
    let known = protector.known(&batch, &[]).unwrap();
    let batch = protector.apply(batch).unwrap();
    let batch = texts.apply(batch, &known, protector.pseudonyms()).unwrap();
    let notes = shown(batch.column(2));
    assert_eq!(notes[0].as_deref(), Some("[person]说明，见[ref]。"));
    assert_eq!(notes[1].as_deref(), Some("[person] called about [ref], not zz9kk; 白云天"));
    assert_eq!(notes[2].as_deref(), Some("高峰时段"));
    let evidence = texts.evidence().remove(0);
    assert_eq!((evidence.touched, evidence.findings["ref"].why["column"]), (2, 2));
}

#[test]
fn a_quasi_identifier_that_is_made_coarser_later_stands_in_no_text_of_the_row() {
    let note = "邮编310013，护士，37岁，乘坐310次列车";
    let batch = table(vec![
        ("zip", Arc::new(Int64Array::from(vec![310_013])) as ArrayRef),
        ("job", text(&[Some("护士")])),
        ("age", Arc::new(Int64Array::from(vec![37])) as ArrayRef),
        ("note", text(&[Some(note)])),
    ]);
    let schema = batch.schema();
    let protector = Protector::new(vec![rule("job", Action::Hash)], keys(), &schema).unwrap();
    let config = DetectConfig { types: vec![Kind::Email], ..DetectConfig::default() };
    let columns = ["note".to_owned()];
    let schema = protector.schema();
    let mut texts =
        TextColumns::new(&columns, &config, TextAction::Replace, &keys(), &schema).unwrap();
    let known = protector.known(&batch, &["zip", "job", "age", "absent"]).unwrap();
    let batch = texts.apply(protector.apply(batch).unwrap(), &known, protector.pseudonyms());
    let notes = shown(batch.unwrap().column(3));
    assert_eq!(notes[0].as_deref(), Some("邮编[zip]，[job]，37岁，乘坐310次列车"));
}

#[test]
fn what_is_dropped_moved_or_made_coarser_stands_in_no_text_of_the_row() {
    let note = "王小明（8842-01）2023-10-20入院，即2023年10月20日，职业医生，编号387678，45岁。";
    let batch = table(vec![
        ("pid", text(&[Some("P1")])),
        ("name", text(&[Some("王小明")])),
        ("file", text(&[Some("884201")])),
        ("admitted", text(&[Some("2023-10-20")])),
        ("job", text(&[Some("医生")])),
        ("zip", Arc::new(Int64Array::from(vec![387_678])) as ArrayRef),
        ("age", Arc::new(Int64Array::from(vec![45])) as ArrayRef),
        ("note", text(&[Some(note)])),
    ]);
    let classes = [("医生".to_owned(), "医疗".to_owned())].into();
    let rules = vec![
        rule("name", Action::Drop),
        rule("file", Action::Drop),
        rule("admitted", Action::Shift { person: "pid".to_owned(), days: 90 }),
        rule("job", Action::Generalize(Generalize::Given(classes))),
        rule("zip", Action::Generalize(Generalize::Width(1000.0))),
        rule("age", Action::Generalize(Generalize::Width(10.0))),
    ];
    for action in [TextAction::Replace, TextAction::Hash, TextAction::Pseudonymize] {
        let protector = Protector::new(rules.clone(), keys(), &batch.schema()).unwrap();
        let config = DetectConfig { types: vec![Kind::Email], ..DetectConfig::default() };
        let columns = ["note".to_owned()];
        let schema = protector.schema();
        let mut texts = TextColumns::new(&columns, &config, action, &keys(), &schema).unwrap();
        let known = protector.known(&batch, &[]).unwrap();
        let safe = protector.apply(batch.clone()).unwrap();
        let safe = texts.apply(safe, &known, protector.pseudonyms()).unwrap();
        let shown = shown(safe.column_by_name("note").unwrap()).remove(0).unwrap();
        // What the table drops or keeps moved or coarser has no token that would tell who shares the exact value.
        let end = "[admitted]入院，即[admitted]，职业[job]，编号[zip]，45岁。";
        assert_eq!(shown, format!("[name]（[file]）{end}"), "{action:?}");
    }
}

#[test]
fn a_number_with_a_fraction_stands_in_no_text_of_its_row() {
    let floats = |cells: Vec<Option<f64>>| Arc::new(Float64Array::from(cells)) as ArrayRef;
    let batch = table(vec![
        ("acct", floats(vec![Some(7_015_210.0), Some(f64::NAN), Some(12.0)])),
        ("sum", floats(vec![Some(70_152.27), None, Some(1.5)])),
        (
            "note",
            text(&[
                Some("loan on account 7015210 approved, sum 70152.27"),
                Some("7015210 is another's"),
                Some("12 and 1.5"),
            ]),
        ),
    ]);
    let mask = Action::Mask { keep_start: 0, keep_end: 0, with: '*' };
    for (action, stands) in [
        (Action::Drop, "[acct] approved, sum [sum]"),
        (Action::Encrypt, "******* approved, sum ********"),
        (Action::Hash, "******* approved, sum ********"),
        (mask, "******* approved, sum ********"),
    ] {
        let rules = vec![rule("acct", action.clone()), rule("sum", action.clone())];
        let protector = Protector::new(rules, keys(), &batch.schema()).unwrap();
        let config = DetectConfig { types: vec![Kind::Email], ..DetectConfig::default() };
        let columns = ["note".to_owned()];
        let schema = protector.schema();
        let mut texts =
            TextColumns::new(&columns, &config, TextAction::Mask, &keys(), &schema).unwrap();
        let known = protector.known(&batch, &[]).unwrap();
        let safe = protector.apply(batch.clone()).unwrap();
        let safe = texts.apply(safe, &known, protector.pseudonyms()).unwrap();
        let notes = shown(safe.column_by_name("note").unwrap());
        let wanted = format!("loan on account {stands}");
        assert_eq!(notes, some(&[&*wanted, "7015210 is another's", "12 and 1.5"]), "{action:?}");
    }
}

#[test]
fn a_known_value_within_something_longer_leaves_none_of_it() {
    let batch = table(vec![
        ("name", text(&[Some("Li Wei"), None])),
        ("postcode", text(&[None, Some("GU15 3SY")])),
        (
            "note",
            text(&[
                Some("mail li.wei@example.co.uk!"),
                Some("12 High Street, Camberley, GU15 3SY"),
            ]),
        ),
    ]);
    let rules =
        vec![rule("name", Action::Pseudonymize(Kind::Person)), rule("postcode", Action::Hash)];
    let protector = Protector::new(rules, keys(), &batch.schema()).unwrap();
    let types = vec![Kind::Email, Kind::Address];
    let config = DetectConfig { types, ..DetectConfig::default() };
    let columns = ["note".to_owned()];
    let schema = protector.schema();
    let mut texts =
        TextColumns::new(&columns, &config, TextAction::Replace, &keys(), &schema).unwrap();
    let known = protector.known(&batch, &[]).unwrap();
    let batch =
        texts.apply(protector.apply(batch).unwrap(), &known, protector.pseudonyms()).unwrap();
    assert_eq!(shown(batch.column(2)), some(&["mail [email]!", "[address]"]));
    let evidence = texts.evidence().remove(0);
    assert_eq!(evidence.findings.keys().collect::<Vec<_>>(), ["address", "email"]);
}

/// A table with a column of names that is pseudonymized and one of notes, protected; rows of both.
fn named(rows: &[(&str, &str)], action: TextAction) -> Vec<(String, String)> {
    let names: Vec<Option<&str>> = rows.iter().map(|(name, _)| Some(*name)).collect();
    let notes: Vec<Option<&str>> = rows.iter().map(|(_, note)| Some(*note)).collect();
    let batch = table(vec![("name", text(&names)), ("note", text(&notes))]);
    let rules = vec![rule("name", Action::Pseudonymize(Kind::Person))];
    let protector = Protector::new(rules, keys(), &batch.schema()).unwrap();
    let (columns, schema) = (["note".to_owned()], protector.schema());
    let config = DetectConfig::default();
    let mut texts = TextColumns::new(&columns, &config, action, &keys(), &schema).unwrap();
    let known = protector.known(&batch, &[]).unwrap();
    let safe = protector.apply(batch).unwrap();
    let safe = texts.apply(safe, &known, protector.pseudonyms()).unwrap();
    let cells = |column: usize| shown(safe.column(column)).into_iter().flatten();
    cells(0).zip(cells(1)).collect()
}

#[test]
fn a_columns_person_has_the_columns_pseudonym_wherever_the_rows_text_names_them() {
    let rows = [
        ("Robert Barker", "Robert Barker called; Mr. Barker paid.", "{} called; Mr. {last} paid."),
        ("Robert Barker", "ROBERT BARKER, or BARKER, Robert", "{}, or {}"),
        (
            "LINDQVIST, Amelia",
            "I am Amelia Lindqvist. Dear Lindqvist, we paid.",
            "I am {}. Dear {}, we paid.",
        ),
        (
            "Amelia Jane Lindqvist",
            "Amelia Lindqvist came, Lindqvist Amelia Jane too",
            "{} came, {} too",
        ),
        ("王小明", "王小明来电，小明已还款", "{}来电，{}已还款"),
        ("邹芳", "邹芳于2023-12-28来电", "{}于2023-12-28来电"),
        ("李文", "李文明来电，李文已还款", "{?}来电，{}已还款"),
    ];
    let given: Vec<(&str, &str)> = rows.iter().map(|(name, note, _)| (*name, *note)).collect();
    for ((name, note), (_, _, wanted)) in named(&given, TextAction::Pseudonymize).iter().zip(&rows)
    {
        let last = name.rsplit(' ').next().unwrap();
        let wanted = wanted.replace("{}", name).replace("{last}", last);
        match wanted.split_once("{?}") {
            None => assert_eq!(*note, wanted),
            Some((_, end)) => assert!(note.ends_with(end) && !note.contains("李文"), "{note}"),
        }
    }
    for action in [TextAction::Hash, TextAction::Encrypt] {
        let safe = named(&given[..2], action);
        let (first, rest) = safe[0].1.split_once(" called; Mr. ").unwrap();
        assert_eq!(rest, format!("{first} paid."));
        assert_eq!(safe[1].1, format!("{first}, or {first}"));
    }
}

#[test]
fn a_surname_with_a_title_is_the_pseudonyms_and_the_title_stays() {
    let rows = [
        ("王浩然", "王先生来电，王浩然已还款", "{s}先生来电，{}已还款"),
        ("张敏", "张女士您好，来电", "{s}女士您好，来电"),
        ("欧阳文静", "请联系欧阳女士", "请联系{s}女士"),
        ("Robert Hudson", "Mr. Hudson called", "Mr. {s} called"),
        ("Alice Hudson", "Spoke to Ms Hudson today", "Spoke to Ms {s} today"),
        ("HUDSON, Alice", "Dear Mrs. Hudson, we paid", "Dear Mrs. {s}, we paid"),
    ];
    let given: Vec<(&str, &str)> = rows.iter().map(|(name, note, _)| (*name, *note)).collect();
    let safe = named(&given, TextAction::Pseudonymize);
    for ((name, note), (_, _, wanted)) in safe.iter().zip(&rows) {
        let surname = match name.rsplit_once(' ') {
            Some((_, last)) => last.to_owned(),
            None => name.chars().take(1).collect(),
        };
        assert_eq!(*note, wanted.replace("{s}", &surname).replace("{}", name));
    }
    for action in [TextAction::Hash, TextAction::Encrypt] {
        let safe = named(&given[..1], action);
        let (first, rest) = safe[0].1.split_once("先生来电，").unwrap();
        assert_eq!(rest, format!("{first}已还款"));
    }
    let masked = named(&given[..1], TextAction::Mask).remove(0).1;
    assert!(masked.starts_with("王**来电"), "{masked}");
    assert!(named(&given[..1], TextAction::Replace)[0].1.starts_with("[person]来电"));
}

#[test]
fn a_surname_with_a_title_that_two_may_have_is_neithers_and_leads_back() {
    for (name, note, title) in [
        ("李文", "王先生来电", "先生来电"),
        ("王浩然", "王先生来电，担保人王小明", "先生来电，担保人"),
    ] {
        let (own, note) = named(&[(name, note)], TextAction::Pseudonymize).remove(0);
        let (stands, _) = note.split_once(title).unwrap();
        assert_eq!(stands.chars().count(), 3, "a name in full: {note}");
        assert_ne!(stands, own);
    }
    let batch = table(vec![("note", text(&[Some("王先生来电")]))]);
    let (columns, schema) = (["note".to_owned()], batch.schema());
    let (config, action) = (DetectConfig::default(), TextAction::Pseudonymize);
    let mut texts = TextColumns::new(&columns, &config, action, &keys(), &schema).unwrap();
    let names = Protector::new(Vec::new(), keys(), &schema).unwrap();
    let safe = texts.apply(batch, &[], names.pseudonyms()).unwrap();
    let note = shown(safe.column(0)).remove(0).unwrap();
    let fake = note.strip_suffix("先生来电").unwrap();
    let table = names.pseudonyms().lock().unwrap();
    assert_eq!(table.original(&Kind::Person, fake).unwrap().expose(), "王先生");
}

/// What a text shows of its row's salary, which is made coarser, and of its customer's name and number, which are hashed.
fn of_salary(salary: i64, note: &str) -> String {
    let batch = table(vec![
        ("salary", Arc::new(Int64Array::from(vec![salary])) as ArrayRef),
        ("name", text(&[Some("Ava Featherstone")])),
        ("note", text(&[Some(note)])),
    ]);
    let rules = vec![rule("name", Action::Pseudonymize(Kind::Person))];
    let protector = Protector::new(rules, keys(), &batch.schema()).unwrap();
    let config = DetectConfig { types: vec![Kind::Email], ..DetectConfig::default() };
    let (columns, schema) = (["note".to_owned()], protector.schema());
    let mut texts =
        TextColumns::new(&columns, &config, TextAction::Replace, &keys(), &schema).unwrap();
    let known = protector.known(&batch, &["salary"]).unwrap();
    let safe = texts.apply(protector.apply(batch).unwrap(), &known, protector.pseudonyms());
    shown(safe.unwrap().column_by_name("note").unwrap()).remove(0).unwrap()
}

#[test]
fn a_number_made_coarser_is_found_with_its_groups_and_currency() {
    for (salary, note, wanted) in [
        (40_939, "salary of 40,939 a year", "salary of [salary] a year"),
        (23_522, "earns $23,522.00", "earns $[salary].00"),
        (21_809, "21 809 EUR", "[salary] EUR"),
        (12_597, "EUR12597", "EUR[salary]"),
        (4_600, "rent 4,600", "rent [salary]"),
        (48_213, "48213USD, USD48213", "[salary]USD, USD[salary]"),
        (48_213, "€48.213,00", "€[salary],00"),
        (148_213, "USD148213", "USD[salary]"),
        (
            48_213,
            r#"{"d":"48,213","e":4.8213e4,"f":-48213,"g":48213.0}"#,
            r#"{"d":"[salary]","e":"[salary]","f":"[salary]","g":"[salary]"}"#,
        ),
        // Other numbers, and lists.
        (4_600, "4,600,000; 46,00; 4 and 600", "4,600,000; 46,00; 4 and 600"),
        (48_213, "AUSD48213 usd48213 X48213", "AUSD48213 usd48213 X48213"),
    ] {
        assert_eq!(of_salary(salary, note), wanted);
    }
}

#[test]
fn a_known_value_is_found_behind_escapes() {
    for (note, wanted) in [
        ("https://x.example/?name=Ava%20Featherstone", "https://x.example/?name=[person]"),
        (r"to Ava\nFeatherstone\nfrom", r"to [person]\nfrom"),
        ("Ava=20Featherstone=3D", "[person]=3D"),
        ("Ava =\nFeatherstone", "[person]"),
        (r"Ava\u0020Featherstone", "[person]"),
        (r"\u0041va said", "[person] said"),
        ("name=Ava%2520Featherstone", "name=[person]"),
        ("\u{feff}{\"a\":\"Ava Featherstone\"}", "\u{feff}{\"a\":\"[person]\"}"),
        (r#""Ava\u0020Featherstone""#, r#""[person]""#),
    ] {
        assert_eq!(of_salary(20_481, note), wanted);
    }
    // What looks like an escape may be the number itself.
    assert_eq!(of_salary(20_481, "?id=20481&x=1"), "?id=[salary]&x=1");
}

#[test]
fn a_value_of_a_text_has_one_token_however_it_is_typed() {
    let mails = Some("mail Ann.Lee@Example.org");
    let small = Some("mail ann.lee@example.org");
    let (half, wide) = (Some("QQ 12345678"), Some("QQ １２３４５６７８"));
    for (action, cells) in [
        (TextAction::Hash, vec![mails, small]),
        (TextAction::Pseudonymize, vec![mails, small]),
        (TextAction::Hash, vec![half, wide]),
        (TextAction::Encrypt, vec![half, wide]),
    ] {
        let (safe, _) = columns(&[("note", cells.clone())], action);
        assert_eq!(safe[0][0], safe[0][1], "{action:?} {cells:?}");
        assert_ne!(safe[0][0].as_deref(), cells[0]);
    }
}

/// Columns of text of a table, protected; what the protected table has of them, and the pseudonyms.
fn columns(
    cells: &[(&str, Vec<Option<&str>>)],
    action: TextAction,
) -> (Vec<Vec<Option<String>>>, Vec<ingot_privacy::TextEvidence>) {
    let names: Vec<String> = cells.iter().map(|(name, _)| (*name).to_owned()).collect();
    let batch = table(cells.iter().map(|(name, cells)| (*name, text(cells))).collect());
    let schema = batch.schema();
    let config = DetectConfig::default();
    let mut texts = TextColumns::new(&names, &config, action, &keys(), &schema).unwrap();
    let protector = Protector::new(Vec::new(), keys(), &schema).unwrap();
    texts.reserve(&batch, protector.pseudonyms()).unwrap();
    let safe = texts.apply(batch, &[], protector.pseudonyms()).unwrap();
    (safe.columns().iter().map(shown).collect(), texts.evidence())
}

const ACTIONS: [TextAction; 5] = [
    TextAction::Replace,
    TextAction::Mask,
    TextAction::Hash,
    TextAction::Encrypt,
    TextAction::Pseudonymize,
];

#[test]
fn a_conversation_is_protected_text_by_text_and_stays_one() {
    let said = r#"[{"role":"user","content":"证件：\n11010519491231002X\n邮箱\nuser0@example.com\t电话\r13812345678"},
        {"content":"银行卡\n6222021234567890128","role":"assistant","n":1.50,
         "tool_calls":[{"arguments":"{\"to\":\"\\n13912345678\",\"zip\":[310013]}"}]}, "ok"]"#;
    for action in ACTIONS {
        let (cells, evidence) = columns(&[("messages", vec![Some(said), None])], action);
        let cell = cells[0][0].clone().unwrap();
        for value in ["11010519491231002X", "user0@", "138123", "13912345678", "62220212345678"] {
            let stays = matches!((value, action), ("138123", TextAction::Pseudonymize));
            assert!(stays || !cell.contains(value), "{action:?}: {value} in {cell}");
        }
        let read: serde_json::Value = serde_json::from_str(&cell).unwrap();
        assert_eq!((read[0]["role"].as_str(), read[2].as_str()), (Some("user"), Some("ok")));
        assert!(read[0]["content"].as_str().unwrap().starts_with("证件：\n"), "{cell}");
        assert!(read[1]["content"].as_str().unwrap().starts_with("银行卡\n"), "{cell}");
        let inner = read[1]["tool_calls"][0]["arguments"].as_str().unwrap();
        let inner: serde_json::Value = serde_json::from_str(inner).unwrap();
        assert!(inner["to"].as_str().unwrap().starts_with('\n'), "{cell}");
        // Members stay in their order, and numbers as they are written.
        assert!(cell.contains(r#""role":"assistant","n":1.50,"#), "{cell}");
        let evidence = &evidence[0];
        assert_eq!((evidence.cells, evidence.touched), (1, 1));
        assert_eq!(evidence.findings["phone"].count, 2, "{action:?}");
    }
}

#[test]
fn a_number_of_json_is_hidden_whole_or_stays() {
    let cell = r#"{"phone":13812345678,"size":138123456789012,"id":[-1.5e3],"13812345678":true}"#;
    let (cells, _) = columns(&[("call", vec![Some(cell)])], TextAction::Replace);
    assert_eq!(
        cells[0][0].as_deref(),
        Some(r#"{"phone":"[phone]","size":138123456789012,"id":[-1.5e3],"[phone]":true}"#)
    );
}

#[test]
fn a_key_of_json_is_hidden_as_any_text_and_keys_stay_apart() {
    let cell = r#"{"13812345678":"a","13912345678":{"张伟":1},"note":"我是张伟，电话13712345678"}"#;
    for action in ACTIONS {
        let (cells, evidence) = columns(&[("call", vec![Some(cell), Some(cell)])], action);
        for cell in &cells[0] {
            let cell = cell.as_deref().unwrap();
            for value in ["13812345678", "13912345678", "张伟"] {
                assert!(!cell.contains(value), "{action:?}: {cell}");
            }
            let read: serde_json::Value = serde_json::from_str(cell).unwrap();
            assert_eq!(read.as_object().unwrap().len(), 3, "{action:?}: {cell}");
            assert!(cell.contains(r#""note":"#), "{cell}");
        }
        assert_eq!(evidence[0].findings["phone"].count, 6, "{action:?}");
    }
    let (cells, _) = columns(&[("call", vec![Some(cell)])], TextAction::Replace);
    let expected =
        r#"{"[phone]":"a","[phone]_2":{"[person]":1},"note":"我是[person]，电话[phone]"}"#;
    assert_eq!(cells[0][0].as_deref(), Some(expected));
}

#[test]
fn json_in_which_nothing_is_found_stays_byte_for_byte() {
    let cell = r#" {"\u006eote" : "\u4e0d", "n":1.50,"note":"ok \ud83d"} "#;
    let (cells, evidence) = columns(&[("call", vec![Some(cell)])], TextAction::Replace);
    assert_eq!(cells[0][0].as_deref(), Some(cell));
    assert_eq!((evidence[0].cells, evidence[0].touched), (1, 0));
}

#[test]
fn what_a_column_is_called_says_what_its_short_texts_are() {
    for action in ACTIONS {
        let born = vec![Some("1949-12-31"), None, Some(r#"["1949-12-31",{"day":"1949-12-31"}]"#)];
        let cells = vec![
            ("dob", born.clone()),
            ("微信号", vec![Some("sunny9bd45e"), None, None]),
            ("day", born),
        ];
        let (cells, evidence) = columns(&cells, action);
        let cell = |column: usize, row: usize| cells[column][row].as_deref().unwrap();
        assert_ne!(cell(0, 0), "1949-12-31", "{action:?}");
        assert!(!cell(0, 2).contains(r#"["1949-12-31""#), "{action:?}: {}", cell(0, 2));
        assert!(cell(0, 2).ends_with(r#"{"day":"1949-12-31"}]"#), "{}", cell(0, 2));
        assert_ne!(cell(1, 0), "sunny9bd45e", "{action:?}");
        assert_eq!(cell(2, 0), "1949-12-31", "nothing says that it is personal");
        assert_eq!(evidence[0].findings["birth_date"].count, 2, "{action:?}");
        assert_eq!(evidence[1].findings["wechat"].count, 1, "{action:?}");
    }
}

#[test]
fn what_a_rows_own_columns_say_is_hidden_in_every_string_of_its_json() {
    let batch = table(vec![
        ("name", text(&[Some("白云天")])),
        ("file", Arc::new(Int64Array::from(vec![884_201])) as ArrayRef),
        (
            "note",
            text(&[Some(
                r#"[{"a":"见\n白云天"},{"b":["\u767d\u4e91\u5929",884201],"白云天":{"884201":2}}]"#,
            )]),
        ),
    ]);
    let rules = vec![rule("name", Action::Pseudonymize(Kind::Person)), rule("file", Action::Drop)];
    let protector = Protector::new(rules, keys(), &batch.schema()).unwrap();
    let config = DetectConfig { types: vec![Kind::Email], ..DetectConfig::default() };
    let (columns, schema) = (["note".to_owned()], protector.schema());
    let mut texts =
        TextColumns::new(&columns, &config, TextAction::Replace, &keys(), &schema).unwrap();
    let known = protector.known(&batch, &[]).unwrap();
    let safe = texts.apply(protector.apply(batch).unwrap(), &known, protector.pseudonyms());
    assert_eq!(
        shown(safe.unwrap().column_by_name("note").unwrap())[0].as_deref(),
        Some(r#"[{"a":"见\n[person]"},{"b":["[person]","[file]"],"[person]":{"[file]":2}}]"#)
    );
}

#[test]
fn who_is_named_once_in_a_row_is_hidden_wherever_its_texts_name_the_person() {
    const ASKS: &str = "老师好，我是张伟，电话13812345678，第5课的作业什么时候交？";
    const ANSWERS: &str = "第5课的作业什么时候交？张伟同学，第5课作业周五交。";
    let one = format!("{ASKS}张伟同学，第5课作业周五交。");
    let json = |texts: [&str; 2]| {
        serde_json::json!([{"content": texts[0]}, {"content": texts[1]}]).to_string()
    };
    let conversation = json([ASKS, ANSWERS]);
    let western = json(["Hi, I am Chloe Diaz.", "Diaz called"]);
    let rows: Vec<Option<&str>> =
        vec![Some(&one), Some(&conversation), Some(ASKS), Some(&western), None];
    let answers: Vec<Option<&str>> =
        vec![None, None, Some(ANSWERS), Some("ok"), Some("Diaz called. 早高峰堵车")];
    for action in ACTIONS {
        let cells = vec![("question", rows.clone()), ("answer", answers.clone())];
        let (cells, evidence) = columns(&cells, action);
        let all: Vec<&str> = cells.iter().flatten().flatten().map(String::as_str).collect();
        for text in &all {
            assert!(!text.contains("张伟"), "{action:?}: {text}");
        }
        assert_eq!(cells[1][4].as_deref(), answers[4], "another row names nobody");
        assert!(!cells[0][3].as_deref().unwrap().contains("Diaz"), "{action:?}");
        assert!(evidence[0].findings["person"].why["repeated"] >= 1, "{evidence:?}");
        if action == TextAction::Pseudonymize {
            let own = |text: &str| {
                text.split_once("我是").unwrap().1.split_once('，').unwrap().0.to_owned()
            };
            let name = own(cells[0][0].as_deref().unwrap());
            assert_eq!(cells[0][0].as_deref().unwrap().matches(&name).count(), 2);
            assert_eq!(cells[0][1].as_deref().unwrap().matches(&name).count(), 2);
            assert!(cells[1][2].as_deref().unwrap().contains(&name));
            let said: serde_json::Value =
                serde_json::from_str(cells[0][3].as_deref().unwrap()).unwrap();
            let name = said[1]["content"].as_str().unwrap().strip_suffix(" called").unwrap();
            assert_eq!(said[0]["content"], format!("Hi, I am {name}."));
        }
    }
}

#[test]
fn numbers_are_no_text() {
    let batch = table(vec![(
        "note",
        std::sync::Arc::new(arrow::array::Int64Array::from(vec![1])) as arrow::array::ArrayRef,
    )]);
    let columns = ["note".to_owned()];
    let refuse = |columns: &[String]| {
        TextColumns::new(
            columns,
            &DetectConfig::default(),
            TextAction::Mask,
            &keys(),
            &batch.schema(),
        )
        .unwrap_err()
    };
    assert_eq!(refuse(&columns).code(), "privacy-type-without-text");
    assert_eq!(refuse(&["other".to_owned()]).code(), "privacy-column-missing");
}

/// The texts of rows that have these numbers in columns, one to go by its form, one by its type, with what stands in the columns.
fn numbered(notes: &[&str], action: TextAction) -> (Vec<String>, [String; 2]) {
    let all = |value: &str| text(&vec![Some(value); notes.len()]);
    let notes: Vec<Option<&str>> = notes.iter().copied().map(Some).collect();
    let batch = table(vec![
        ("acct", all("022971716108")),
        ("phone", all("18672013831")),
        ("note", text(&notes)),
    ]);
    let rules = vec![rule("acct", Action::Fpe), rule("phone", Action::Pseudonymize(Kind::Phone))];
    let protector = Protector::new(rules, keys(), &batch.schema()).unwrap();
    let columns = ["note".to_owned()];
    let schema = protector.schema();
    let mut texts =
        TextColumns::new(&columns, &DetectConfig::default(), action, &keys(), &schema).unwrap();
    let known = protector.known(&batch, &[]).unwrap();
    let batch = protector.apply(batch).unwrap();
    let batch = texts.apply(batch, &known, protector.pseudonyms()).unwrap();
    let cell = |column: usize| shown(batch.column(column)).remove(0).unwrap();
    let tokens = [cell(0), cell(1)];
    (shown(batch.column(2)).into_iter().flatten().collect(), tokens)
}

#[test]
fn a_rows_text_has_the_number_that_its_columns_have_in_every_form() {
    let notes = [
        "账号022971716108",
        "账户 0229 7171 6108",
        "acct 0229-7171-6108.",
        "iban DE12022971716108",
        "00022971716108",
        "电话：018672013831",
        "拨1795118672013831",
        "id18672013831z",
        "+86 18672013831",
        "0086-186-7201-3831",
        "账号０２２９７１７１６１０８",
    ];
    let (texts, [account, phone]) = numbered(&notes, TextAction::Pseudonymize);
    let digits = |text: &str| -> String { text.chars().filter(char::is_ascii_digit).collect() };
    for (note, text) in notes.iter().zip(&texts) {
        let text: String = text.chars().map(ingot_base::half_width).collect();
        let own =
            if note.contains('8') && digits(note).contains("186") { &phone } else { &account };
        assert!(digits(&text).ends_with(own.as_str()), "{note}: {text}, not {own}");
        assert!(!digits(&text).contains("18672013831") && !digits(&text).contains("22971716108"));
        // What stands around, and what groups the digits, stays.
        let plain = |text: &str| text.replace(|one: char| one.is_ascii_digit(), "0");
        let note: String = note.chars().map(ingot_base::half_width).collect();
        assert_eq!(plain(&text), plain(&note));
    }
    let (texts, _) = numbered(&notes, TextAction::Replace);
    assert!(texts.iter().all(|text| digits(text).len() < 8), "{texts:?}");
    assert_eq!(texts[0], "账号[acct]");
}
