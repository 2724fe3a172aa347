//! Training on copies of pictures: shown where the recipe shows pictures, mixed of two, and hidden by noise.

use crate::support::Project;
use crate::vision::{Shapes, networks, stage};
use base64::Engine as _;
use ingot_image::{Limits, Preprocess, RgbImage, decode, fit};
use serde_json::{Value, json};

fn write(project: &Project, augment: &str, train: &str, pictures: usize) {
    let recipe = format!(
        "[project]\nname = \"shapes\"\ntask = \"image.classify\"\ntarget = \"label\"\n\n\
         [[source]]\nname = \"shapes\"\nuri = \"shapes\"\nformat = \"images\"\n\n\
         [split]\ntest = 0.3\nstratify = true\n\n[augment]\n{augment}\n{train}\n\
         [explain]\npictures = {pictures}\n"
    );
    std::fs::write(project.path("ingot.toml"), recipe).unwrap();
}

fn run(project: &Project) -> Value {
    serde_json::from_str(&project.ok(&["--json", "run"])).unwrap()
}

fn training_report(project: &Project) -> String {
    let path = project.path("dist/shapes-0.1.0-reports/training-report.html");
    std::fs::read_to_string(path).unwrap()
}

/// The pictures of a page.
fn embedded(page: &str) -> Vec<RgbImage> {
    page.split("data:image/png;base64,")
        .skip(1)
        .map(|rest| {
            let bytes = base64::engine::general_purpose::STANDARD
                .decode(rest.split('"').next().unwrap())
                .unwrap();
            decode(&bytes, &Limits::default()).unwrap()
        })
        .collect()
}

/// A cell of the contact sheet: 112 pixels a side, 4 between, 16 after the first column.
fn cell(sheet: &RgbImage, column: u32, row: u32) -> RgbImage {
    let left = column * 116 + if column > 0 { 12 } else { 0 };
    RgbImage::from_fn(112, 112, |x, y| *sheet.get_pixel(left + x, row * 116 + y))
}

/// Every picture of the project as a cell of a sheet.
fn thumbnails(project: &Project) -> Vec<RgbImage> {
    let mut found = Vec::new();
    for class in ["disc", "grid"] {
        for entry in std::fs::read_dir(project.path("shapes").join(class)).unwrap() {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            let picture = decode(&bytes, &Limits::default()).unwrap();
            let view = Preprocess::IMAGENET.view(&picture).unwrap();
            found.push(fit(&view, 112, 112).unwrap());
        }
    }
    found
}

#[test]
fn copies_are_shown_beside_their_originals_where_the_recipe_shows_pictures() {
    let shapes = Shapes::of(&["disc", "grid"]);
    let project = &shapes.project;
    if !networks(project) {
        return;
    }
    let augment = "copies = 3\nerase = 0.9\ncutmix = { copies = 1 }\n";
    write(project, augment, "", 4);
    let first = run(project);
    let page = training_report(project);
    let sheets = embedded(&page);
    assert_eq!(sheets.len(), 1);
    assert_eq!(sheets[0].dimensions(), (5 * 116 - 4 + 12, 4 * 116 - 4));
    let known = thumbnails(project);
    for row in 0..4 {
        let original = cell(&sheets[0], 0, row);
        assert!(known.contains(&original), "at the left, as it is: row {row}");
        let copies: Vec<RgbImage> = (1..5).map(|at| cell(&sheets[0], at, row)).collect();
        assert!(copies.iter().all(|copy| *copy != original && !known.contains(copy)));
        assert!(copies[..3].windows(2).all(|pair| pair[0] != pair[1]), "each another");
    }
    assert!(page.contains("Training pictures at the left") && page.contains("增强副本"));

    // Another reader is shown none, and nothing but the head is made anew.
    write(project, augment, "", 0);
    let hidden = run(project);
    assert_eq!(stage(&hidden, "features")["fresh"], false);
    let none = training_report(project);
    assert!(embedded(&none).is_empty() && none.contains("explain.pictures"));

    // The same seed makes the same copies and the same sheet.
    write(project, augment, "", 4);
    std::fs::remove_dir_all(project.path(".ingot")).unwrap();
    let again = run(project);
    assert_eq!(stage(&again, "features")["fresh"], true);
    for name in ["features", "train"] {
        assert_eq!(stage(&again, name)["content"], stage(&first, name)["content"], "{name}");
    }
    assert_eq!(training_report(project), page);
}

#[test]
fn mixtures_of_pictures_are_learned_from_and_tested_on_none() {
    let shapes = Shapes::of(&["disc", "grid"]);
    let project = &shapes.project;
    if !networks(project) {
        return;
    }
    write(project, "", "", 0);
    let plain = run(project);
    let metric = |summary: &Value, name: &str| {
        let metrics = summary["model"]["metrics"].as_array().unwrap().clone();
        metrics.iter().find(|metric| metric["name"] == name).unwrap()["value"].as_f64().unwrap()
    };
    let rows = plain["model"]["rows"]["train"].as_u64().unwrap();
    assert_eq!((&plain["model"]["copies"], &plain["model"]["mixed"]), (&json!(0), &json!(0)));

    // Mixtures of features are made of what is kept.
    write(project, "mixup = { copies = 2 }\n", "", 0);
    let mixup = run(project);
    assert_eq!(stage(&mixup, "features")["fresh"], false);
    assert_eq!(stage(&mixup, "train")["fresh"], true);
    assert_eq!(mixup["model"]["mixed"], json!(2 * rows));
    assert!(training_report(project).contains("Beta(0.2, 0.2)"));

    write(
        project,
        "copies = 1\nmixup = { copies = 2 }\ncutmix = { copies = 3, alpha = 0.7 }\n",
        "",
        0,
    );
    let all = run(project);
    assert_eq!(stage(&all, "features")["fresh"], true);
    assert_eq!(all["model"]["copies"], json!(6 * rows));
    assert_eq!(all["model"]["mixed"], json!(5 * rows));
    for summary in [&mixup, &all] {
        assert_eq!(summary["model"]["rows"], plain["model"]["rows"]);
        assert!(metric(summary, "accuracy") > 0.9, "{summary}");
    }
    let tested = |summary: &Value| -> u64 {
        let lines = summary["model"]["confusion"].as_array().unwrap().iter();
        lines.flat_map(|line| line.as_array().unwrap()).map(|cell| cell.as_u64().unwrap()).sum()
    };
    assert_eq!(tested(&all), plain["model"]["rows"]["test"].as_u64().unwrap());
    assert!(training_report(project).contains("mixtures of two"));
}

#[test]
fn a_private_training_tells_what_it_cost_and_no_training_picture() {
    let shapes = Shapes::of(&["disc", "grid"]);
    let project = &shapes.project;
    if !networks(project) {
        return;
    }
    let private = |epsilon: &str, more: &str| {
        format!(
            "[train.private]\nepsilon = {epsilon}\n{more}\n[train.head]\nepochs = 10\nlearning_rate = 0.01\n"
        )
    };
    let told = |code: i32, epsilon: &str, more: &str| {
        write(project, "copies = 1\n", &private(epsilon, more), 3);
        project.fails(code, &["run"])
    };
    let impossible = told(3, "0.01", "");
    assert!(
        impossible.contains("train-privacy-impossible") && impossible.contains("at best"),
        "{impossible}"
    );
    assert!(impossible.contains("epsilon = 0.01"), "the line of the recipe: {impossible}");
    assert!(told(3, "8", "delta = 0.5").contains("train-privacy-delta"));
    write(project, "mixup = { copies = 1 }\n", &private("8", ""), 3);
    assert!(project.fails(2, &["run"]).contains("recipe-private-exclusive"));

    write(project, "copies = 1\n", &private("8", "delta = 1e-3"), 3);
    let first = run(project);
    let model = &first["model"];
    let number = |name: &str| model["privacy"][name].as_f64().unwrap();
    assert!(number("epsilon") <= 8.0 && number("epsilon") > 7.9, "{model}");
    // 42 pictures, 32 a step: two steps an epoch, each of half the pictures in the mean; copies make no more of them.
    assert_eq!((number("sample"), number("steps"), number("clip")), (0.5, 20.0, 1.0));
    assert_eq!(model["copies"], model["rows"]["train"]);
    let page = training_report(project);
    assert!(page.contains("DP-SGD") && embedded(&page).is_empty(), "no training picture");
    assert!(!model.to_string().contains("train_loss"));
    assert!(!project.path("dist/shapes-0.1.0-reports/suspicious-rows.json").exists());
    let folder = project.path("opened");
    let package = project.package();
    let folder = folder.to_str().unwrap();
    project.ok(&["open", package.to_str().unwrap(), "--sealed", "--output", folder]);
    for (name, said) in
        [("en", "differential privacy (DP-SGD): ε = "), ("zh", "差分隐私（DP-SGD）")]
    {
        let card = std::fs::read_to_string(format!("{folder}/card/model-card.{name}.md")).unwrap();
        assert!(card.contains(said) && card.contains("DP-SGD noise multiplier"), "{card}");
    }
    let bom = std::fs::read_to_string(format!("{folder}/bom.cdx.json")).unwrap();
    assert!(bom.contains("DP-SGD sampling rate"), "{bom}");

    // The same rows and settings, the same noise; another ε, other noise.
    std::fs::remove_dir_all(project.path(".ingot")).unwrap();
    let again = run(project);
    assert_eq!(stage(&again, "train")["content"], stage(&first, "train")["content"]);

    // Much is allowed: as good as a training that promises nothing.
    write(project, "copies = 1\n", &private("1e6", "delta = 1e-3\nclip = 10"), 3);
    let free = run(project);
    let metrics = free["model"]["metrics"].as_array().unwrap();
    let accuracy = metrics.iter().find(|metric| metric["name"] == "accuracy").unwrap();
    assert!(accuracy["value"].as_f64().unwrap() > 0.9, "{free}");
}
