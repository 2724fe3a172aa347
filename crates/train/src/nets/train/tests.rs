//! Heads on rows of a line and on clouds.

use super::super::head::Schedule;
use super::*;

fn config() -> HeadConfig {
    HeadConfig {
        task: Task::ImageClassify,
        target: "label".into(),
        positive: None,
        backbone: "tiny".into(),
        width: 2,
        settings: HeadSettings {
            hidden: vec![],
            epochs: 40,
            batch: 16,
            learning_rate: 0.05,
            weight_decay: 0.0,
            schedule: Schedule::Cosine,
            dropout: 0.0,
            patience: 0,
        },
        mixup: None,
        seed: 1,
        privacy: None,
        balance: false,
    }
}

/// Rows on a line; the class changes at 0.
fn table(rows: usize, names: [&str; 2]) -> FeatureTable {
    let mut table = FeatureTable::default();
    for row in 0..rows {
        let place = row as f32 / rows as f32 * 4.0 - 2.0 + 1e-3;
        table.features.extend([place, 1.0]);
        table.labels.push(Some(names[usize::from(place > 0.0)].to_owned()));
        table.places.push(("line".into(), row as u64 + 1));
        table.copy.push(false);
    }
    table
}

#[test]
fn a_head_learns_is_measured_and_names_what_to_label() {
    let mut train = table(200, ["no", "yes"]);
    for row in [3, 99, 180] {
        train.labels[row] = None;
    }
    let trained =
        train_head(&config(), &train, &FeatureTable::default(), &table(50, ["no", "yes"])).unwrap();
    let accuracy =
        |metrics: &[Metric]| metrics.iter().find(|m| m.name == "accuracy").unwrap().value;
    assert!(accuracy(&trained.outcome.metrics) > 0.95);
    assert!(accuracy(&trained.outcome.majority) < 0.6);
    assert_eq!(trained.outcome.confusion.iter().flatten().sum::<u64>(), 50);
    let first: Vec<u64> = trained.outcome.to_label.iter().map(|one| one.row).collect();
    assert_eq!(first[0], 100, "the row at the border first");
    assert_eq!(first.len(), 3);
    assert!(matches!(&trained.output, Output::Binary { positive, .. } if positive == "yes"));
}

#[test]
fn rows_to_label_are_of_all_parts() {
    let part = |name: &str, unknown: &[usize]| {
        let mut part = table(100, ["no", "yes"]);
        for place in &mut part.places {
            place.0 = name.into();
        }
        for row in unknown {
            part.labels[*row] = None;
        }
        part
    };
    let [train, validation, test] =
        [part("learned", &[97]), part("watched", &[50, 99]), part("tested", &[30, 85])];
    let found = train_head(&config(), &train, &validation, &test).unwrap().outcome;
    let listed: Vec<(&str, u64)> =
        found.to_label.iter().map(|one| (one.source.as_str(), one.row)).collect();
    assert_eq!(
        listed,
        [("watched", 51), ("tested", 31), ("tested", 86), ("learned", 98), ("watched", 100)],
        "by how near to the border between the classes they lie"
    );
}

#[test]
fn intervals_know_that_rows_of_a_group_resemble_each_other() {
    let train = table(200, ["no", "yes"]);
    let mut once = table(40, ["no", "yes"]);
    // Some rows are labelled wrong, so that figures have a width.
    for row in [4, 17, 30] {
        once.labels[row] = table(40, ["yes", "no"]).labels[row].clone();
    }
    let mut tenfold = FeatureTable::default();
    for _ in 0..10 {
        tenfold.features.extend(&once.features);
        tenfold.labels.extend(once.labels.clone());
        tenfold.places.extend(once.places.clone());
        tenfold.copy.extend(&once.copy);
    }
    let found = |test: &FeatureTable| {
        let outcome =
            train_head(&config(), &train, &FeatureTable::default(), test).unwrap().outcome;
        let metric = outcome.metrics.iter().find(|metric| metric.name == "accuracy").unwrap();
        (metric.high - metric.low, metric.method.clone(), outcome.test_groups)
    };
    let honest = found(&once).0;
    let narrow = found(&tenfold);
    assert!(narrow.0 < honest * 0.5, "rows taken for independent: {} {honest}", narrow.0);
    assert_eq!(narrow.2, None);
    tenfold.groups = (0..400).map(|row| Some(format!("person {}", row % 40))).collect();
    let (grouped, method, groups) = found(&tenfold);
    assert!(grouped > honest * 0.7 && grouped < honest * 1.4, "{grouped} {honest}");
    assert_eq!((method.as_str(), groups), ("group_bootstrap", Some(40)));
}

#[test]
fn the_positive_class_is_the_one_asked_for() {
    let asked = HeadConfig { positive: Some("no".into()), ..config() };
    let (train, test) = (table(100, ["no", "yes"]), table(40, ["no", "yes"]));
    let trained = train_head(&asked, &train, &FeatureTable::default(), &test).unwrap();
    assert!(matches!(&trained.output, Output::Binary { positive, .. } if positive == "no"));
    assert!(trained.scores[0] > 0.5, "the first rows are `no`");
    let wrong = HeadConfig { positive: Some("maybe".into()), ..config() };
    assert_eq!(
        train_head(&wrong, &train, &FeatureTable::default(), &test).unwrap_err().code(),
        "train-positive"
    );
    let none = train_head(&config(), &train, &test, &FeatureTable::default());
    assert_eq!(none.unwrap_err().code(), "train-no-rows", "nothing to measure on");
    let one = table(10, ["same", "same"]);
    assert!(train_head(&config(), &one, &FeatureTable::default(), &one).is_err());
}

#[test]
fn a_handful_of_test_rows_gives_no_certainty() {
    let train = table(200, ["no", "yes"]);
    let run = |test: &FeatureTable| {
        train_head(&config(), &train, &FeatureTable::default(), test).unwrap().outcome
    };
    let says = |outcome: &HeadOutcome| {
        let page = super::super::head_report(outcome).html(ingot_base::Lang::En);
        let bounds = outcome.metrics.iter().filter_map(Metric::interval);
        let mut bounds = bounds.map(|(low, high)| {
            let number = |end| ingot_report::number(end, 4);
            format!("{} … {}", number(low), number(high))
        });
        (page.contains("Too few test rows"), bounds.any(|bounds| page.contains(&bounds)))
    };
    let known =
        |metrics: &[Metric]| metrics.iter().filter(|metric| metric.interval().is_some()).count();
    let enough = run(&table(50, ["no", "yes"]));
    assert_eq!((enough.few_test_rows(), says(&enough)), (None, (false, true)));
    assert_eq!(known(&enough.told_metrics()), known(&enough.metrics));
    // Rows without a class are measured on by nobody.
    let mut test = table(50, ["no", "yes"]);
    test.labels[..22].fill(None);
    let few = run(&test);
    assert_eq!((few.few_test_rows(), says(&few)), (Some((28, Some(3))), (true, false)));
    assert!(known(&few.metrics) > 0 && known(&few.told_metrics()) == 0);
    assert_eq!(few.told_metrics().len(), few.metrics.len());
}

/// Mixtures of all classes with their shares, and a training that they do not lead astray.
#[test]
fn mixtures_are_learned_from_and_counted_and_touch_nothing_that_is_measured() {
    let (train, test) = (table(200, ["no", "yes"]), table(50, ["no", "yes"]));
    let how = Mixup { copies: 2, alpha: 0.4 };
    let asked = HeadConfig { mixup: Some(how), ..config() };
    let classes = classes(&asked, &train).unwrap();
    let mut learned = Labelled::of("train", &train, &classes, &asked).unwrap();
    let mixtures = learned.mix(&asked);
    assert_eq!((learned.truths.len(), mixtures, learned.made.len()), (600, 400, 200));
    let rows = learned.examples(2);
    for (at, (one, other, share)) in pairs(200, how, asked.seed).enumerate() {
        let (truth, row) = (rows.truth(200 + at), rows.row(200 + at));
        assert_eq!((truth.class, truth.other), (rows.truth(one).class, rows.truth(other).class));
        let expected =
            share * f64::from(rows.row(one)[0]) + (1.0 - share) * f64::from(rows.row(other)[0]);
        assert!((truth.share - share).abs() < 1e-12 && (f64::from(row[0]) - expected).abs() < 1e-6);
        assert!((row[1] - 1.0).abs() < 1e-6, "1 mixed with 1 is 1");
    }
    let none = FeatureTable::default();
    let trained = train_head(&asked, &train, &none, &test).unwrap();
    let plain = train_head(&config(), &train, &none, &test).unwrap();
    let outcome = &trained.outcome;
    assert_eq!((outcome.copies, outcome.mixed, outcome.rows.train), (400, 400, 200));
    assert_eq!(outcome.confusion.iter().flatten().sum::<u64>(), 50);
    let accuracy = outcome.metrics.iter().find(|metric| metric.name == "accuracy").unwrap();
    assert!(accuracy.value > 0.9, "{accuracy:?}");
    assert_ne!(trained.layers, plain.layers);
    assert_eq!(trained.layers, train_head(&asked, &train, &none, &test).unwrap().layers);
}

/// A row that is two in one is a copy, has the classes that the table says, and is no reason to take classes for alike.
#[test]
fn rows_that_come_mixed_are_learned_from_as_they_are() {
    let mut train = table(40, ["no", "yes"]);
    train.mixed = vec![None; 40];
    train.features.extend([0.0, 1.0]);
    train.labels.push(Some("yes".into()));
    train.places.push(("line".into(), 1));
    train.copy.push(true);
    train.mixed.push(Some(Mixed { label: "no".into(), share: 0.25 }));
    let classes = classes(&config(), &train).unwrap();
    let learned = Labelled::of("train", &train, &classes, &config()).unwrap();
    let truth = learned.examples(2).truth(40);
    assert_eq!((truth.class, truth.other, truth.share), (1, 0, 0.25));
    assert_eq!((learned.plain.len(), learned.made.len(), learned.made[0].len()), (40, 40, 2));
    let none = FeatureTable::default();
    let outcome = train_head(&config(), &train, &none, &table(20, ["no", "yes"])).unwrap().outcome;
    assert_eq!((outcome.copies, outcome.mixed, outcome.rows.train), (1, 1, 40));
    // Where labels are judged it is left out: its other part may be what is judged.
    let found = super::super::doubtful_labels(&config(), &train, &BTreeMap::new()).unwrap();
    let plain =
        super::super::doubtful_labels(&config(), &table(40, ["no", "yes"]), &BTreeMap::new())
            .unwrap();
    assert_eq!(found, plain);
}

/// Near duplicates with labels dealt at random: who learnt one of them knows the others.
#[test]
fn labels_are_judged_by_no_near_duplicate() {
    let mut random = ingot_base::Rng::new(5, "families");
    let mut train = FeatureTable::default();
    let mut families = BTreeMap::new();
    for row in 0..120_u64 {
        let family = row / 6;
        let label = if family % 2 == 0 { "no" } else { "yes" };
        let mut features = vec![0.0_f32; 20];
        features[usize::try_from(family).unwrap()] = 1.0;
        features[usize::try_from((family + 7) % 20).unwrap()] = random.between(0.0, 0.1) as f32;
        train.features.extend(features);
        train.labels.push(Some(label.into()));
        train.places.push(("a".into(), row));
        train.copy.push(false);
        families.insert(("a".to_owned(), row), u32::try_from(family).unwrap());
    }
    let asked = HeadConfig { width: 20, ..config() };
    let off = |families: &BTreeMap<(String, u64), u32>| {
        let found = super::super::doubtful_labels(&asked, &train, families).unwrap();
        found.joint[0][1] + found.joint[1][0]
    };
    assert!(off(&BTreeMap::new()) < off(&families), "rows that were learnt from tell nothing");
}

/// Of two classes that overlap the rare one is hardly ever answered, unless its rows count for more.
#[test]
fn balanced_classes_are_found_though_one_is_rare() {
    let overlapping = |rows: usize, seed: u64| {
        let mut random = ingot_base::Rng::new(seed, "overlapping");
        let mut table = FeatureTable::default();
        for row in 0..rows {
            let rare = row % 12 == 0;
            let centre = if rare { 0.3 } else { -0.3 };
            let place = (centre + random.between(-1.0, 1.0)) as f32;
            table.features.extend([place, 1.0]);
            table.labels.push(Some(if rare { "yes" } else { "no" }.to_owned()));
            table.places.push(("cloud".into(), row as u64 + 1));
            table.copy.push(false);
        }
        table
    };
    let (train, test) = (overlapping(600, 1), overlapping(600, 2));
    let none = FeatureTable::default();
    let run = |balance: bool| {
        let asked = HeadConfig { balance, ..config() };
        train_head(&asked, &train, &none, &test).unwrap().outcome
    };
    let (plain, balanced) = (run(false), run(true));
    let recall = |outcome: &HeadOutcome, class: usize| {
        let row = &outcome.confusion[class];
        row[class] as f64 / row.iter().sum::<u64>() as f64
    };
    assert!(recall(&balanced, 1) > recall(&plain, 1) + 0.2, "{:?}", balanced.confusion);
    assert!(recall(&balanced, 1) > 0.4 && recall(&balanced, 0) > 0.4);
    assert!(plain.weights.is_empty());
    // 550 and 50 of 600 rows.
    let expected = [600.0 / 1100.0, 6.0];
    for (own, expected) in balanced.weights.iter().zip(expected) {
        assert!((own - expected).abs() < 1e-12, "{:?}", balanced.weights);
    }
    let page = super::super::head_report(&balanced).html(ingot_base::Lang::En);
    assert!(page.contains("yes × 6.00"), "{page}");
    // A mixture counts as its parts do.
    let how = Mixup { copies: 1, alpha: 0.4 };
    let asked = HeadConfig { balance: true, mixup: Some(how), ..config() };
    let classes = classes(&asked, &train).unwrap();
    let mut learned = Labelled::of("train", &train, &classes, &asked).unwrap();
    let weights = learned.weights(&asked, 2).unwrap();
    learned.weigh(&weights);
    learned.mix(&asked);
    let (one, other, share) = pairs(600, how, asked.seed).next().unwrap();
    let expected =
        share * learned.truths[one].weight + (1.0 - share) * learned.truths[other].weight;
    assert!((learned.truths[600].weight - expected).abs() < 1e-12);
    let secret = ingot_base::Secret::new(vec![1; 32]);
    let privacy = PrivateSettings { epsilon: 5.0, delta: 1e-4, clip: 1.0, groups: false, secret };
    let asked = HeadConfig { balance: true, privacy: Some(privacy), ..config() };
    let refused = train_head(&asked, &train, &none, &test).unwrap_err();
    assert_eq!(refused.code(), "base-internal", "counts of classes are secrets too");
}

/// A pass or two at a small step: more would learn more, and the report says so.
#[test]
fn a_training_that_ended_too_soon_says_so() {
    let (train, test) = (table(16, ["no", "yes"]), table(50, ["no", "yes"]));
    let run = |epochs: usize, schedule: Schedule| {
        let settings = HeadSettings { epochs, schedule, learning_rate: 0.1, ..config().settings };
        let asked = HeadConfig { settings, ..config() };
        train_head(&asked, &train, &FeatureTable::default(), &test).unwrap().outcome
    };
    let (short, long) = (run(5, Schedule::Constant), run(400, Schedule::Constant));
    let says = |outcome: &HeadOutcome| {
        let page = super::super::head_report(outcome).html(ingot_base::Lang::En);
        (outcome.falling, page.contains("still falling"))
    };
    assert_eq!((says(&short), says(&long)), ((true, true), (false, false)), "{short:?}");
    assert_eq!(says(&run(5, Schedule::Cosine)), (false, false), "nothing can be told");
}

/// What hides one row does not hide two that are in one.
#[test]
fn a_private_training_takes_no_mixture() {
    let (mut train, test) = (table(400, ["no", "yes"]), table(50, ["no", "yes"]));
    let none = FeatureTable::default();
    let secret = ingot_base::Secret::new(vec![1; 32]);
    let privacy = PrivateSettings { epsilon: 5.0, delta: 1e-4, clip: 1.0, groups: false, secret };
    let mixup = Some(Mixup { copies: 1, alpha: 0.4 });
    let asked = HeadConfig { privacy: Some(privacy), mixup, ..config() };
    let outcome = train_head(&asked, &train, &none, &test).unwrap().outcome;
    assert_eq!((outcome.mixed, outcome.copies), (0, 0), "none is made of its rows");
    train.mixed = vec![None; 400];
    train.mixed[3] = Some(Mixed { label: "yes".into(), share: 0.5 });
    let refused = train_head(&asked, &train, &none, &test).unwrap_err();
    assert_eq!(refused.code(), "base-internal");
    assert!(refused.to_string().contains("mixture"), "{refused}");
    train_head(&config(), &train, &none, &test).unwrap();
}

/// Of a person with many rows the gradients are one: all of them together are hidden.
#[test]
fn a_group_is_hidden_as_a_whole_where_that_is_asked_for() {
    let mut train = table(60, ["no", "yes"]);
    // However a person is written.
    let written = |row: usize| match row / 10 {
        0 => format!("p{}", row % 10),
        1 => format!(" P{} ", row % 10),
        _ => format!("ｐ{}", row % 10),
    };
    train.groups = (0..60).map(|row| (row < 50).then(|| written(row))).collect();
    train.copy[7] = true;
    let private = |groups| {
        let secret = ingot_base::Secret::new(vec![1; 32]);
        let privacy = PrivateSettings { epsilon: 9.0, delta: 1e-3, clip: 1.0, groups, secret };
        HeadConfig { privacy: Some(privacy), ..config() }
    };
    let units = |config: &HeadConfig| {
        let classes = classes(config, &train).unwrap();
        Labelled::of("train", &train, &classes, config).unwrap().made
    };
    let (rows, groups) = (units(&private(false)), units(&private(true)));
    assert_eq!((rows.len(), groups.len()), (60, 20), "ten persons, and ten rows of nobody");
    assert_eq!((&groups[3], &groups[10]), (&vec![3, 13, 23, 33, 43], &vec![50]));
    let test = table(50, ["no", "yes"]);
    let found = train_head(&private(true), &train, &FeatureTable::default(), &test).unwrap();
    let spent = found.outcome.privacy.unwrap();
    assert!(spent.groups && spent.units == 20 && spent.steps == 80, "{spent:?}");
    let page = super::super::head_report(&found.outcome).html(ingot_base::Lang::En);
    assert!(page.contains("Every group"), "{page}");
}

#[test]
fn a_private_training_tells_no_row_and_what_it_cost() {
    let (mut train, test) = (table(400, ["no", "yes"]), table(50, ["no", "yes"]));
    train.labels[3] = None;
    let secret = ingot_base::Secret::new(vec![1; 32]);
    let privacy = PrivateSettings { epsilon: 5.0, delta: 1e-4, clip: 1.0, groups: false, secret };
    let asked = HeadConfig { privacy: Some(privacy), ..config() };
    let found = train_head(&asked, &train, &FeatureTable::default(), &test).unwrap().outcome;
    let spent = found.privacy.unwrap();
    assert!(spent.epsilon <= 5.0 && spent.epsilon > 4.9, "{spent:?}");
    assert!(found.to_label.is_empty());
    let told = serde_json::to_string(&found).unwrap();
    assert!(!told.contains("train_loss"), "{told}");
    let page = super::super::head_report(&found).html(ingot_base::Lang::En);
    assert!(page.contains("DP-SGD") && !page.contains("cross-entropy"), "no loss to draw");
}

#[test]
fn classes_with_the_same_rows_are_refused() {
    let (mut train, test) = (table(40, ["no", "yes"]), table(20, ["no", "yes"]));
    let some = train.features.clone();
    // Each row a second time, as the other class; one of them once more.
    for (row, label) in some.chunks(2).chain(some.chunks(2).take(1)).zip(0..) {
        train.features.extend(row);
        let other = if train.labels[label % 40].as_deref() == Some("no") { "yes" } else { "no" };
        train.labels.push(Some(other.into()));
        train.places.push(("again".into(), label as u64 + 1));
        train.copy.push(false);
    }
    let refused = train_head(&config(), &train, &FeatureTable::default(), &test).unwrap_err();
    assert_eq!(refused.code(), "train-classes-alike");
    assert!(refused.to_string().contains("`no` and `yes`"), "{refused}");
    train.features[0] += 0.25;
    train_head(&config(), &train, &FeatureTable::default(), &test).unwrap();
}

#[test]
fn a_training_that_runs_away_is_told_with_its_epoch() {
    let (mut train, test) = (table(40, ["no", "yes"]), table(20, ["no", "yes"]));
    train.features[6] = f32::NAN;
    let lost = train_head(&config(), &train, &FeatureTable::default(), &test).unwrap_err();
    assert_eq!(lost.code(), "train-diverged");
    assert!(lost.to_string().contains("epoch 1"), "{lost}");
    // Behind a hidden layer, and with a softmax, too.
    let mut hidden = config();
    hidden.settings.hidden = vec![4];
    let lost = train_head(&hidden, &train, &FeatureTable::default(), &test).unwrap_err();
    assert_eq!(lost.code(), "train-diverged");
    let three = |rows: usize| {
        let mut three = table(rows, ["no", "yes"]);
        for label in three.labels.iter_mut().step_by(3) {
            *label = Some("perhaps".into());
        }
        three
    };
    let (mut train, test) = (three(42), three(21));
    train_head(&config(), &train, &FeatureTable::default(), &test).unwrap();
    train.features[6] = f32::NAN;
    let lost = train_head(&config(), &train, &FeatureTable::default(), &test).unwrap_err();
    assert_eq!(lost.code(), "train-diverged");
    // A test row of which nothing can be said.
    let mut blind = table(20, ["no", "yes"]);
    blind.features[3] = f32::NAN;
    let good = table(40, ["no", "yes"]);
    let lost = train_head(&config(), &good, &FeatureTable::default(), &blind).unwrap_err();
    assert_eq!(lost.code(), "train-score-undefined");
    assert!(lost.to_string().contains("row 2"), "{lost}");
    // Rows without a class have no score, and are counted all the same.
    blind.labels[0] = None;
    blind.places[1] = ("other".into(), 7);
    let lost = train_head(&config(), &good, &FeatureTable::default(), &blind).unwrap_err();
    assert!(lost.to_string().contains("row 7 of source `other`"), "{lost}");
    // Of more classes than two a row has as many scores.
    let mut blind = three(21);
    blind.labels[0] = None;
    blind.features[9] = f32::NAN;
    let lost = train_head(&config(), &three(42), &FeatureTable::default(), &blind).unwrap_err();
    assert!(lost.to_string().contains("row 5 of source `line`"), "{lost}");
}

#[test]
fn what_training_saw_is_told_of_test_rows_and_only_rows_with_a_class_are_counted() {
    let mut train = table(200, ["no", "yes"]);
    let mut test = table(50, ["no", "yes"]);
    for row in 0..5 {
        let (own, seen) = (row * 2, row * 8 * 2);
        let features = train.features[seen..seen + 2].to_vec();
        test.features[own..own + 2].copy_from_slice(&features);
    }
    train.labels[20] = None;
    test.labels[4] = None;
    let found = |train: &FeatureTable| {
        train_head(&config(), train, &FeatureTable::default(), &test).unwrap().outcome
    };
    let clean = found(&train);
    // Four rows of one table on a line are those of the other by themselves.
    assert_eq!((clean.rows.train, clean.rows.test), (199, 49));
    assert!(clean.repeated >= 4, "{}", clean.repeated);
    let told = clean.warnings();
    assert_eq!(told.len(), 1);
    assert!(told[0].en.contains(&format!("{} of the 49 test rows", clean.repeated)), "{told:?}");
    let page = super::super::head_report(&clean).html(ingot_base::Lang::Zh);
    assert!(page.contains("49 行测试数据中有"), "the report says it too");
    for features in train.features.chunks_exact_mut(2) {
        features[1] = 1.5;
    }
    assert!(found(&train).warnings().is_empty());
}

#[test]
fn a_class_of_one_row_and_names_that_look_the_same_are_told() {
    let mut train = table(60, ["no", "yes"]);
    train.labels[0] = Some("no\u{200b}".into());
    let test = table(30, ["no", "yes"]);
    let outcome = train_head(&config(), &train, &FeatureTable::default(), &test).unwrap().outcome;
    assert_eq!(outcome.rare, ["no\u{200b}"]);
    let told: Vec<String> = outcome.warnings().into_iter().map(|told| told.en).collect();
    let rare = "Classes with only one training row: `no\u{200b}`.";
    assert!(told.iter().any(|told| told.starts_with(rare)), "{told:?}");
    assert!(told.iter().any(|told| told.starts_with("2 classes are called `no`")), "{told:?}");
    let found = super::super::doubtful_labels(&config(), &train, &BTreeMap::new()).unwrap();
    assert_eq!(found.rows, 59, "its only row is not judged");
    let at = found.classes.iter().position(|class| class == "no\u{200b}").unwrap();
    assert_eq!(found.joint[at].iter().sum::<u64>(), 0);
    assert_eq!(found.joint.iter().map(|row| row[at]).sum::<u64>(), 0);
    assert!(several_classes("t", ["a", "b"].into_iter()).is_ok());
    assert_eq!(several_classes("t", ["a", "a"].into_iter()).unwrap_err().code(), "train-one-class");
}
