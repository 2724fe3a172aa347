//! Where names begin and end: before the words of a sentence, with apostrophes and small words, at a full stop.

use super::detect::{found, of, only};

#[track_caller]
fn persons(text: &str, names: &[&str]) {
    assert_eq!(of("person", text), names, "{text}: {:?}", found(text));
}

#[test]
fn a_chinese_name_ends_before_the_words_of_its_sentence() {
    let behind = [
        "现住朝阳区",
        "于昨日来电",
        "在北京工作",
        "从上海回来",
        "来电投诉",
        "来访登记",
        "和家人一起来",
        "及其家属到场",
        "对结果有异议",
    ];
    for name in ["张伟", "李娜", "王强", "赵敏", "刘洋", "陈静", "杨磊", "周杰", "吴芳", "孙丽"]
    {
        for words in behind {
            persons(&format!("{name}{words}"), &[name]);
        }
    }
    persons("李娜和王芳", &["李娜", "王芳"]);
    for name in ["张伟", "李娜", "刘洋", "陈静", "杨磊", "孙丽"] {
        persons(&format!("{name}需补充材料"), &[name]);
    }
    for name in ["李文明", "刘建国"] {
        persons(&format!("{name}向我院投诉"), &[name]);
    }
    persons("张志向，你好", &["张志向"]);
    persons("欧阳伟现住朝阳区", &["欧阳伟"]);
}

#[test]
fn a_surname_and_a_title_are_somebody() {
    for (text, words) in [
        ("张女士来访。", "张女士"),
        ("王先生来访。", "王先生"),
        ("请联系张女士", "张女士"),
        ("您好，欧阳小姐。", "欧阳小姐"),
    ] {
        persons(text, &[words]);
    }
    for text in ["各位先生女士", "一位女士来访", "女士优先"] {
        persons(text, &[]);
    }
}

#[test]
fn words_that_are_written_like_chinese_names_are_none() {
    for text in [
        "银行卡 6217 0012 1234 5678 901",
        "使用方正字体",
        "这是高明的做法",
        "高明的做法",
        "贺岁片",
        "张量",
        "张量的形状",
        "程序需要更新",
    ] {
        persons(text, &[]);
    }
    persons("患者高明现住朝阳区", &["高明"]);
}

#[test]
fn western_surnames_with_apostrophes_inner_capitals_and_small_words() {
    for (text, name) in [
        ("Dr. O'Connor saw him.", "O'Connor"),
        ("Dr. O’Connor saw him.", "O’Connor"),
        ("Dr. D'Angelo called.", "D'Angelo"),
        ("Mr. N'Diaye called.", "N'Diaye"),
        ("Nurse O'Leary called.", "O'Leary"),
        ("Ms. MacLeod called.", "MacLeod"),
        ("Mr. DeVito called.", "DeVito"),
        ("Dr. LeBlanc called.", "LeBlanc"),
        ("Ms. DiCaprio called.", "DiCaprio"),
        ("Mrs. FitzGerald called.", "FitzGerald"),
        ("Mr. LaRue called.", "LaRue"),
        ("Dr. VanDyke called.", "VanDyke"),
        ("Dr. DuBois called.", "DuBois"),
        ("Dr. van Dijk called.", "van Dijk"),
        ("Dr. de la Cruz called.", "de la Cruz"),
        ("Anna O'Neil called.", "Anna O'Neil"),
        ("Sinéad O'Sullivan visited.", "Sinéad O'Sullivan"),
        ("Dr. Jean-Pierre D'Aubigné called.", "Jean-Pierre D'Aubigné"),
        ("Nguyễn Văn An came.", "Nguyễn Văn An"),
        ("Ardo van Rangelrooij", "Ardo van Rangelrooij"),
        ("surname: O'Connor", "O'Connor"),
        ("last Name: MacLeod", "MacLeod"),
        ("patient name: Kate O'Connor", "Kate O'Connor"),
    ] {
        persons(text, &[name]);
    }
    persons("Mr. O'Neill and Mrs. O'Hara", &["O'Neill", "O'Hara"]);
    assert_eq!(of("person", "Last name: Phạm First name: Isabel")[0], "Phạm");
    persons("van der Berg, Pieter", &["van der Berg", "Pieter"]);
    for text in
        ["Install LaTeX on a MacBook.", "the DevOps team", "product name: MacBook", "name: DevOps"]
    {
        persons(text, &[]);
    }
}

#[test]
fn a_name_ends_with_its_sentence() {
    for (text, names) in [
        ("My name is Quentin Abernathy. Abernathy left.", &["Quentin Abernathy", "Abernathy"][..]),
        (
            "Customer Quentin Abernathy. Helen Troyes called.",
            &["Quentin Abernathy", "Helen Troyes"],
        ),
        ("Ask J. R. Moore about it.", &["J. R. Moore"]),
    ] {
        let all = of("person", text);
        assert_eq!(all.first().map(String::as_str), names.first().copied(), "{text}: {all:?}");
    }
    let all = of("person", "Contact person: Hans-Peter Zoellner. Zollner; ZOELLNER came.");
    assert_eq!(all.first().map(String::as_str), Some("Hans-Peter Zoellner"), "{all:?}");
}

#[test]
fn a_surname_behind_a_title_is_found_again_alone() {
    persons("Mr. Barker paid. Barker agreed.", &["Barker", "Barker"]);
    // A street of that name, and a word of the language.
    persons("Mr. Barker lives near Barker Street.", &["Barker"]);
    assert_eq!(of("person", "Mr. Brown paid for a Brown bag.").len(), 1);
    only("Ms. Lindqvist came.", "person", "Lindqvist");
}
