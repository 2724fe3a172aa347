//! What a run decides and says.

use crate::data::{config, credit, people, risk, run, table};
use arrow::array::{ArrayRef, AsArray as _, Float64Array, StringArray};
use arrow::compute::concat_batches;
use arrow::record_batch::RecordBatch;
use ingot_base::{FieldKind, Heard, Output, Silent, Tabular};
use ingot_runtime::Predictor as _;
use ingot_train::outcome::Scheme;
use ingot_train::{Cost, Tables, TrainConfig, TrainOutcome, encode_table, suspicion};
use std::sync::Arc;

#[test]
fn the_same_run_gives_the_same_bytes() {
    let (train, test) = (credit(1, 900), credit(2, 400));
    let mut config = config(Tabular::Binary);
    config.fairness = vec!["sex".into(), "age".into()];
    let (a, b) = (run(&config, &train, &test).unwrap(), run(&config, &train, &test).unwrap());
    assert_eq!(a.model_text, b.model_text);
    assert_eq!(a.preprocessing.to_json().unwrap(), b.preprocessing.to_json().unwrap());
    let json = |outcome: &TrainOutcome| serde_json::to_string(outcome).unwrap();
    assert!(json(&a.outcome) == json(&b.outcome), "outcomes differ");
    let read: TrainOutcome = serde_json::from_str(&json(&a.outcome)).unwrap();
    assert_eq!(read, a.outcome, "the outcome survives its document");
    config.seed = 43;
    assert_ne!(run(&config, &train, &test).unwrap().model_text, a.model_text);
}

#[test]
fn threads_are_no_part_of_the_result() {
    // Smaller tables are trained by one thread whatever is asked for.
    let (train, test) = (credit(1, 11_000), credit(2, 300));
    let mut config = config(Tabular::Binary);
    config.trials = 1;
    config.folds = 2;
    let one = run(&config, &train, &test).unwrap();
    config.threads = 2;
    let two = run(&config, &train, &test).unwrap();
    assert!(one.model_text == two.model_text, "models differ");
    let json = |outcome: &TrainOutcome| serde_json::to_string(outcome).unwrap();
    assert!(json(&one.outcome) == json(&two.outcome), "outcomes differ");
}

#[test]
fn columns_are_chosen_and_reported() {
    let (train, test) = (credit(1, 600), credit(2, 300));
    let heard = Heard::default();
    let mut config = config(Tabular::Binary);
    config.trials = 1;
    config.exclude = vec!["noise".into()];
    let tables = Tables { train: &[train], validation: &[], test: &[test] };
    let trained = ingot_train::train(&config, &tables, &heard).unwrap();
    let signature = &trained.preprocessing.signature;
    let names: Vec<&str> = signature.inputs.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(names, ["age", "income", "job", "sex", "owner"]);
    assert!(
        matches!(&signature.inputs[0].kind, FieldKind::Number { integer: true, min, .. } if *min >= 18.0)
    );
    assert!(signature.inputs[1].nullable && !signature.inputs[0].nullable);
    assert!(
        matches!(&signature.inputs[2].kind, FieldKind::Category { values } if values == &["农民", "工人", "教师", "经理"])
    );
    assert!(matches!(signature.inputs[4].kind, FieldKind::Boolean));
    let excluded: Vec<&str> = trained.outcome.excluded.iter().map(|e| e.name.as_str()).collect();
    assert_eq!(excluded, ["user_id", "number", "noise", "empty", "constant"]);
    let warnings = heard.all();
    assert_eq!(
        warnings.lines().count(),
        4,
        "the column the user excluded needs no warning: {warnings}"
    );
    assert!(
        matches!(&signature.output, Output::Binary { positive, negative, .. } if positive == "bad" && negative == "good")
    );
}

#[test]
fn the_loaded_package_answers_as_the_trained_model() {
    let (train, test) = (credit(1, 900), credit(2, 400));
    let trained = run(&config(Tabular::Binary), &train, &test).unwrap();
    let json = trained.preprocessing.to_json().unwrap();
    let loaded = ingot_runtime::TabularModel::load(trained.model_text.as_bytes(), &json).unwrap();
    let encoded = encode_table(&trained.preprocessing.signature, &[test]).unwrap();
    assert_eq!(
        loaded.scores(&encoded.matrix).unwrap(),
        trained.model.scores(&encoded.matrix).unwrap()
    );
    assert!(trained.outcome.parity.difference <= 1e-12 && trained.outcome.parity.rows == 400);
    let mut one = [0.0];
    loaded.score_row(encoded.matrix.row(7), &mut one).unwrap();
    assert_eq!(one[0], loaded.scores(&encoded.matrix).unwrap().row(7)[0]);
}

#[test]
fn tables_are_encoded_by_name_and_strangers_are_counted() {
    let (train, test) = (credit(1, 600), credit(2, 300));
    let trained = run(&config(Tabular::Binary), &train, &test).unwrap();
    let signature = &trained.preprocessing.signature;
    let job = StringArray::from(vec![Some("医生"), Some("经理"), None]);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("extra", Arc::new(StringArray::from(vec!["x", "y", "z"]))),
        ("job", Arc::new(job)),
        ("owner", test.column_by_name("owner").unwrap().slice(0, 3)),
        ("sex", test.column_by_name("sex").unwrap().slice(0, 3)),
        ("noise", test.column_by_name("noise").unwrap().slice(0, 3)),
        ("income", Arc::new(Float64Array::from(vec![Some(1.0), None, Some(f64::INFINITY)]))),
        ("age", Arc::new(arrow::array::Int32Array::from(vec![20, 30, 40]))),
    ];
    let batch =
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, a)| (n, a, true)))
            .unwrap();
    let encoded = encode_table(signature, std::slice::from_ref(&batch)).unwrap();
    assert_eq!(encoded.unknown["job"], 1);
    let column = |name: &str| {
        let index = signature.inputs.iter().position(|field| field.name == name).unwrap();
        encoded.matrix.column(index).collect::<Vec<_>>()
    };
    assert_eq!(column("age"), [20.0, 30.0, 40.0]);
    assert!(column("income")[1].is_nan() && column("income")[2].is_nan());
    let jobs = column("job");
    assert!(jobs[0].is_nan() && jobs[1] == 3.0 && jobs[2].is_nan());
    assert!(encoded.labels.iter().all(|label| label.is_nan()), "there is no target to read");
    let without = batch.project(&[0, 1, 2, 3, 4, 5]).unwrap();
    assert_eq!(encode_table(signature, &[without]).unwrap_err().code(), "train-column-missing");
}

#[test]
fn validation_rows_of_the_split_are_used_when_there_are_any() {
    let (train, validation, test) = (credit(1, 800), credit(3, 300), credit(2, 300));
    let tables = Tables { train: &[train], validation: &[validation], test: &[test] };
    let trained = ingot_train::train(&config(Tabular::Binary), &tables, &Silent).unwrap();
    assert_eq!(trained.outcome.scheme, Scheme::Validation { rows: 300 });
    assert_eq!((trained.outcome.rows.train, trained.outcome.rows.validation), (800, 300));
    assert!(trained.outcome.search.trials.iter().all(|trial| trial.error.is_none()));
}

#[test]
fn groups_stay_together_in_inner_folds() {
    let (train, test) = (credit(1, 600), credit(2, 300));
    let mut config = config(Tabular::Binary);
    config.group = Some("job".into());
    let outcome = run(&config, &train, &test).unwrap().outcome;
    assert!(matches!(outcome.scheme, Scheme::Folds { grouped: true, .. }));
    assert!(outcome.excluded.iter().any(|column| column.name == "job"));
}

/// Six copies of every row, each family with a label of its own that no column tells: whoever learnt one copy knows the others.
#[test]
fn near_duplicates_stay_together_in_inner_folds() {
    let family = |row: u32| row / 6;
    let noise = |row: u32| f64::from(family(row).wrapping_mul(2_654_435_761) >> 8);
    let rows = |rows: std::ops::Range<u32>| {
        let label = |row: u32| if noise(row) % 2.0 < 1.0 { "bad" } else { "good" };
        RecordBatch::try_from_iter([
            ("sum", Arc::new(Float64Array::from_iter_values(rows.clone().map(noise))) as ArrayRef),
            ("risk", Arc::new(StringArray::from_iter_values(rows.map(label)))),
        ])
        .unwrap()
    };
    let (train, test) = (rows(0..600), rows(600..900));
    let mut config = config(Tabular::Binary);
    config.trials = 1;
    let told = |config: &TrainConfig| {
        let outcome = run(config, &train, &test).unwrap().outcome;
        let grouped = matches!(outcome.scheme, Scheme::Folds { grouped: true, .. });
        (grouped, outcome.review.unwrap().labels.unwrap().joint)
    };
    config.review = true;
    let off = |joint: &[Vec<u64>]| joint[0][1] + joint[1][0];
    let (grouped, joint) = told(&config);
    assert!(!grouped && off(&joint) < 60, "{joint:?}");
    config.families = Some((0..600).map(family).collect());
    let (grouped, joint) = told(&config);
    assert!(grouped && off(&joint) > 60, "{joint:?}");
    config.families = Some(vec![0; 600]);
    assert!(!told(&config).0, "rows that are all alike are trained on all the same");
}

#[test]
fn intervals_know_that_rows_of_a_group_resemble_each_other() {
    // Every test row ten times: ten times the rows, and no more knowledge.
    let train = credit(1, 800);
    let once = credit(2, 120);
    let tenfold = concat_batches(&once.schema(), vec![&once; 10]).unwrap();
    let mut config = config(Tabular::Binary);
    config.trials = 1;
    let width = |config: &TrainConfig, test: &RecordBatch, name: &str| {
        let outcome = run(config, &train, test).unwrap().outcome;
        let metric = outcome.metrics.iter().find(|metric| metric.name == name).unwrap().clone();
        (metric.high - metric.low, metric.method, outcome.test_groups)
    };
    for name in ["auc", "log_loss"] {
        config.group = None;
        let honest = width(&config, &once, name).0;
        let narrow = width(&config, &tenfold, name).0;
        assert!(narrow < honest * 0.5, "{name}: rows taken for independent: {narrow} {honest}");
        config.group = Some("user_id".into());
        let (grouped, method, groups) = width(&config, &tenfold, name);
        assert!(grouped > honest * 0.7 && grouped < honest * 1.4, "{name}: {grouped} {honest}");
        assert_eq!((method.as_str(), groups), ("group_bootstrap", Some(120)));
    }
}

#[test]
fn weights_matter() {
    let people = people(1, 800);
    let plain = table(&people, risk(&people));
    let weigh = |old: f64| {
        let weights = Float64Array::from_iter_values(
            people.iter().map(|p| if p.age > 48.0 { old } else { 1.0 }),
        );
        let mut columns: Vec<(String, ArrayRef)> = plain
            .schema()
            .fields()
            .iter()
            .zip(plain.columns())
            .map(|(field, array)| (field.name().clone(), array.clone()))
            .collect();
        columns.push(("_weight".into(), Arc::new(weights)));
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, a)| (n, a, true)))
            .unwrap()
    };
    let mut config = config(Tabular::Binary);
    config.trials = 1;
    let test = credit(2, 300);
    let model = |train: &RecordBatch| run(&config, train, &test).unwrap().model_text;
    assert_eq!(model(&weigh(1.0)), model(&plain), "a weight of 1 is no weight");
    assert_ne!(model(&weigh(5.0)), model(&plain));
}

/// Weights of test rows change no figure: all of them are of rows that count once, as the confusion matrix is.
#[test]
fn every_figure_counts_each_row_once() {
    let weigh = |plain: &RecordBatch| {
        let weights = (0..plain.num_rows()).map(|row| if row % 3 == 0 { 7.0 } else { 0.5 });
        let weights: ArrayRef = Arc::new(weights.map(Some).collect::<Float64Array>());
        let schema = plain.schema();
        let names = schema.fields().iter().map(|field| field.name().clone());
        let columns = names.zip(plain.columns().iter().cloned());
        let columns = columns.chain([("_weight".to_owned(), weights)]);
        RecordBatch::try_from_iter_with_nullable(columns.map(|(n, a)| (n, a, true))).unwrap()
    };
    let (train, test) = (weigh(&credit(1, 900)), credit(2, 400));
    let mut config = config(Tabular::Binary);
    config.trials = 1;
    config.cost = Some(Cost { false_positive: 1.0, false_negative: 5.0 });
    let outcome = run(&config, &train, &weigh(&test)).unwrap().outcome;
    let unweighted = run(&config, &train, &test).unwrap().outcome;
    assert!(outcome.weighted);
    assert_eq!((&outcome.metrics, &outcome.roc), (&unweighted.metrics, &unweighted.roc));
    let figure = |name: &str| outcome.metrics.iter().find(|one| one.name == name).unwrap().value;
    let near = |one: f64, other: f64| assert!((one - other).abs() < 1e-12, "{one} {other}");
    let cells: Vec<f64> = outcome.confusion.iter().flatten().map(|&count| count as f64).collect();
    let [tn, fp, fn_, tp] = cells[..] else { panic!("two classes") };
    near(figure("accuracy"), (tn + tp) / 400.0);
    near(figure("recall"), tp / (tp + fn_));
    near(figure("cost"), (fp + 5.0 * fn_) / 400.0);
    near(figure("cost"), outcome.threshold.as_ref().unwrap().test_cost);
    near(figure("brier"), outcome.calibration.as_ref().unwrap().brier.1);
    let page = ingot_train::training_report(&outcome, &[]).html(ingot_base::Lang::En);
    assert_eq!(page.matches("counts each row once").count(), 1, "said once");
}

#[test]
fn the_budget_ends_the_search_but_never_the_first_trial() {
    let (train, test) = (credit(1, 600), credit(2, 300));
    let mut config = config(Tabular::Binary);
    config.budget = std::time::Duration::ZERO;
    let heard = Heard::default();
    let tables = Tables { train: &[train], validation: &[], test: &[test] };
    let search = ingot_train::train(&config, &tables, &heard).unwrap().outcome.search;
    assert!(search.budget_cut);
    let told = heard.all();
    for words in ["the first trial alone took ", "more than the budget of 0.0 s", "training took "]
    {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert!(!told.contains("the time budget ended the search"), "said once: {told}");
    assert_eq!((search.trials.len(), search.planned, search.chosen), (1, 5, 0));
}

#[test]
fn a_handful_of_test_rows_gives_no_certainty() {
    let (train, test) = (credit(1, 600), credit(2, 300));
    let mut config = config(Tabular::Binary);
    config.trials = 1;
    let told = |outcome: &TrainOutcome| {
        let page = ingot_train::training_report(outcome, &[]).html(ingot_base::Lang::En);
        (
            page.contains("Too few test rows to tell") && page.contains("测试行太少，无法判断"),
            page.contains("Every model on the same test rows") || page.contains("simpler"),
        )
    };
    let enough = run(&config, &train, &test).unwrap().outcome;
    assert_eq!((enough.few_test_rows(), told(&enough)), (None, (false, true)));
    assert!(suspicion::few(&enough).is_none());
    let rare = |wanted: &str, rows: usize| {
        let labels = test.column_by_name("risk").unwrap().as_string::<i32>();
        let found = labels.iter().enumerate().filter(|(_, label)| *label == Some(wanted));
        let places = found.map(|(row, _)| row as u64).take(rows);
        arrow::array::UInt64Array::from_iter_values(places)
    };
    // Eight rows, and a hundred of which four are bad.
    let few = test.slice(0, 8);
    let parts = [rare("good", 96), rare("bad", 4)];
    let parts = parts.map(|rows| arrow::compute::take_record_batch(&test, &rows).unwrap());
    let lopsided = concat_batches(&test.schema(), &parts).unwrap();
    for table in [few, lopsided] {
        let mut outcome = run(&config, &train, &table).unwrap().outcome;
        assert_eq!(told(&outcome), (true, false), "{} rows", table.num_rows());
        assert!(outcome.told_metrics().iter().all(|metric| metric.interval().is_none()));
        // Where nothing has an interval, nothing is said of how intervals came about.
        outcome.test_groups = Some(4);
        let page = ingot_train::training_report(&outcome, &[]).html(ingot_base::Lang::En);
        for words in ["is Wilson", "drawing the 4 groups", "fairness tables"] {
            assert!(!page.contains(words), "{words}");
        }
        let fault = suspicion::few(&outcome).unwrap();
        assert!(fault.to_string().contains(&format!("{} rows", table.num_rows())), "{fault}");
        let linear = outcome.baselines.iter_mut().find(|one| one.name == "logistic").unwrap();
        linear.gap = Some(ingot_train::outcome::Gap { value: 0.1, low: 0.05, high: 0.2 });
        assert!(suspicion::beaten(&outcome).is_none() && suspicion::weak(&outcome).is_none());
    }
}

/// Numbers have no classes to be outside of.
#[test]
fn a_handful_of_numbers_is_told_without_classes() {
    let mut config = config(Tabular::Binary);
    config.trials = 1;
    let mut outcome = run(&config, &credit(1, 600), &credit(2, 60)).unwrap().outcome;
    (outcome.task, outcome.rows.test) = (Tabular::Regression, 12);
    outcome.confusion.clear();
    (outcome.threshold, outcome.review) = (None, None);
    assert_eq!(outcome.few_test_rows(), Some((12, None)));
    let fault = suspicion::few(&outcome).unwrap();
    assert_eq!(fault.code(), "train-few-test-numbers");
    let page = ingot_train::training_report(&outcome, &[]).html(ingot_base::Lang::En);
    for text in [fault.advice(ingot_base::Lang::En), fault.advice(ingot_base::Lang::Zh), page] {
        assert!(!text.contains("largest class") && !text.contains("最大类别"), "{text}");
    }
}

#[test]
fn a_stated_cost_moves_the_threshold() {
    let (train, test) = (credit(1, 1500), credit(2, 600));
    let mut config = config(Tabular::Binary);
    config.trials = 2;
    let equal = run(&config, &train, &test).unwrap().outcome.threshold.unwrap();
    assert_eq!(equal.value, 0.5);
    config.cost = Some(Cost { false_positive: 1.0, false_negative: 5.0 });
    let trained = run(&config, &train, &test).unwrap();
    let dear = trained.outcome.threshold.unwrap();
    assert!(dear.value < 0.4 && (dear.theoretical - 1.0 / 6.0).abs() < 1e-12, "{dear:?}");
    let chosen = dear.table.iter().find(|row| row.threshold == dear.value).unwrap();
    assert!(
        dear.table.iter().all(|row| row.cost >= chosen.cost - 1e-12),
        "the cheapest on held-out rows"
    );
    assert!(
        matches!(trained.preprocessing.signature.output, Output::Binary { threshold, .. } if threshold == dear.value)
    );
    assert!(dear.test_cost < dear.test_cost_constant);
}
