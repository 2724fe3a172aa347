//! Bad inputs each give a fault that says what to do, in both languages and without a cell's value.

use crate::data::{Person, config, credit, people, run, table};
use arrow::array::{ArrayRef, Float64Array, StringArray};
use arrow::record_batch::RecordBatch;
use ingot_base::{Class, Fault, Lang, Tabular};
use std::sync::Arc;

fn fails(task: Tabular, target: impl Fn(&[Person]) -> ArrayRef) -> Fault {
    let build = |seed| {
        let people = people(seed, 300);
        let target = target(&people);
        table(&people, target)
    };
    run(&config(task), &build(1), &build(2)).unwrap_err()
}

fn texts(values: impl IntoIterator<Item = Option<&'static str>>) -> ArrayRef {
    Arc::new(values.into_iter().collect::<StringArray>())
}

fn says(fault: &Fault, code: &str) {
    assert_eq!(fault.code(), code);
    for lang in [Lang::En, Lang::Zh] {
        let text = fault.render(lang) + &fault.hint(lang).unwrap_or_default();
        assert!(!text.contains('{'), "an argument is missing: {text}");
    }
}

#[test]
fn one_class_only() {
    says(
        &fails(Tabular::Binary, |people| texts(people.iter().map(|_| Some("good")))),
        "train-one-class",
    );
    let constant =
        |people: &[Person]| Arc::new(Float64Array::from(vec![1.5; people.len()])) as ArrayRef;
    says(&fails(Tabular::Regression, constant), "train-one-class");
}

#[test]
fn the_target_is_missing() {
    let half =
        |people: &[Person]| texts((0..people.len()).map(|row| (row % 2 == 0).then_some("good")));
    let fault = fails(Tabular::Binary, half);
    says(&fault, "train-target-null");
    assert!(fault.to_string().contains("150 of 300 rows of the training part"), "{fault}");
    let all_null = |people: &[Person]| texts(people.iter().map(|_| None));
    says(&fails(Tabular::Multiclass, all_null), "train-target-null");
    let numbers = |people: &[Person]| {
        Arc::new(people.iter().map(|p| p.income).collect::<Float64Array>()) as ArrayRef
    };
    says(&fails(Tabular::Regression, numbers), "train-target-null");

    let mut config = config(Tabular::Binary);
    config.target = "no such".into();
    let fault = run(&config, &credit(1, 100), &credit(2, 100)).unwrap_err();
    says(&fault, "train-column-missing");
    assert_eq!(fault.key_path(), Some("project.target"));
}

#[test]
fn a_target_of_the_wrong_kind() {
    let text = |people: &[Person]| texts(people.iter().map(|p| Some(p.job)));
    let fault = fails(Tabular::Regression, text);
    says(&fault, "train-target-not-number");
    let told = [Lang::En, Lang::Zh].map(|lang| fault.render(lang));
    assert!(told[0].contains("of type text;") && told[1].contains("类型为 文本；"), "{told:?}");
    let fault = fails(Tabular::Binary, text);
    says(&fault, "train-class-count");
    assert_eq!(fault.message().class, Class::Usage);
    assert!(fault.to_string().contains("“经理”"), "{fault}");
    // More than twenty values are no labels, and stay out of the fault.
    let many = |people: &[Person]| {
        Arc::new(
            (0..people.len()).map(|row| Some(format!("canary-{row}"))).collect::<StringArray>(),
        ) as ArrayRef
    };
    let fault = fails(Tabular::Binary, many);
    says(&fault, "train-class-count");
    assert!(!fault.to_string().contains("canary"), "{fault}");
    let blank =
        |people: &[Person]| texts((0..people.len()).map(|row| Some(["好", "坏", "坏 "][row % 3])));
    let fault = fails(Tabular::Binary, blank);
    assert!(fault.to_string().contains("3 different values: “坏”, “坏 ”, “好”"), "{fault}");
    assert!(fault.render(Lang::Zh).contains("3 个不同取值：“坏”、“坏 ”、“好”"), "{fault:?}");
    // What few rows have may be one person's.
    let rare = |people: &[Person]| {
        texts((0..people.len()).map(|row| {
            Some(match row {
                0..9 => "canary",
                9 => "canary too",
                _ => ["good", "bad"][row % 2],
            })
        }))
    };
    let fault = fails(Tabular::Binary, rare);
    says(&fault, "train-class-count");
    let told = [Lang::En, Lang::Zh].map(|lang| fault.render(lang));
    assert!(told[0].contains("4 different values: “bad”, “good” and 2 more;"), "{told:?}");
    assert!(told[1].contains("4 个不同取值：“bad”、“good”，另有 2 个；"), "{told:?}");
    assert!(!told.concat().contains("canary"), "{told:?}");
}

#[test]
fn the_positive_class_must_exist() {
    let mut config = config(Tabular::Binary);
    config.positive = Some("ugly".into());
    let fault = run(&config, &credit(1, 200), &credit(2, 100)).unwrap_err();
    says(&fault, "train-positive");
    assert_eq!(fault.key_path(), Some("project.positive"));
}

#[test]
fn no_column_to_learn_from() {
    let mut config = config(Tabular::Binary);
    config.exclude = ["age", "income", "job", "sex", "owner", "noise"].map(String::from).to_vec();
    says(&run(&config, &credit(1, 200), &credit(2, 100)).unwrap_err(), "train-no-features");
    config.exclude = vec!["agee".into()];
    let fault = run(&config, &credit(1, 200), &credit(2, 100)).unwrap_err();
    assert_eq!(fault.key_path(), Some("train.exclude[0]"));
}

#[test]
fn tables_without_rows_and_classes_without_training() {
    let config = config(Tabular::Binary);
    let empty = credit(1, 0);
    says(&run(&config, &empty, &credit(2, 100)).unwrap_err(), "train-no-rows");
    says(&run(&config, &credit(1, 100), &empty).unwrap_err(), "train-no-rows");

    let people = people(2, 100);
    let test = table(&people, texts(people.iter().map(|_| Some("neither"))));
    says(&run(&config, &credit(1, 200), &test).unwrap_err(), "train-class-unseen");

    let crowd = crate::data::people(1, 200);
    let lonely =
        table(&crowd, texts((0..200).map(|row| Some(if row == 0 { "bad" } else { "good" }))));
    says(&run(&config, &lonely, &lonely).unwrap_err(), "train-too-few");
}

#[test]
fn weights_must_be_positive() {
    let plain = credit(1, 200);
    let mut columns: Vec<(String, ArrayRef)> = plain
        .schema()
        .fields()
        .iter()
        .zip(plain.columns())
        .map(|(field, array)| (field.name().clone(), array.clone()))
        .collect();
    columns.push(("_weight".into(), Arc::new(Float64Array::from(vec![0.0; 200]))));
    let train =
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, a)| (n, a, true)))
            .unwrap();
    says(&run(&config(Tabular::Binary), &train, &plain).unwrap_err(), "train-weight");
}

#[test]
fn what_lightgbm_refuses_points_at_the_parameters() {
    let mut config = config(Tabular::Binary);
    config.params.insert("bagging_fraction".into(), "7".into());
    let fault = run(&config, &credit(1, 200), &credit(2, 100)).unwrap_err();
    says(&fault, "runtime-lightgbm");
    assert_eq!(fault.key_path(), Some("train.params"));
}
