//! Pictures: from a folder to a served model.

use crate::support::{Project, Server, api_key};
use crate::tools::published;
use base64::Engine as _;
use ingot_image::{RgbImage, png};
use serde_json::{Value, json};

/// Whether networks can be run here; fetched where every tool must be there.
pub(crate) fn networks(project: &Project) -> bool {
    published(project, &["onnxruntime", "mobilenet-v2"])
}

/// A disc or a grid of lines, in the colours of its number.
pub(crate) fn picture(class: &str, number: u32) -> RgbImage {
    let (ground, ink) =
        ([number * 7 % 90, 120, 90 + number * 5 % 90], [230, 220 - number * 3 % 90, 60]);
    RgbImage::from_fn(80, 64, |x, y| {
        let (across, down) = (i64::from(x) - 30 - i64::from(number % 20), i64::from(y) - 32);
        let inked = match class {
            "disc" => across * across + down * down < 400,
            _ => (x + number) % 12 < 4 || y % 12 < 3,
        };
        image_pixel(if inked { ink } else { ground })
    })
}

fn image_pixel(colour: [u32; 3]) -> ingot_image::Rgb {
    let bytes = colour.map(|part| u8::try_from(part.min(255)).unwrap());
    ingot_image::Rgb::from(bytes)
}

/// A project with two folders of pictures and a recipe for them.
pub(crate) struct Shapes {
    pub(crate) project: Project,
}

impl Shapes {
    /// Two classes that look as named: `first` and `second` where both look the same.
    pub(crate) fn of(looks: &[&str; 2]) -> Self {
        let project = Project::empty();
        let same = looks[0] == looks[1];
        for (look, other) in looks.iter().zip(["first", "second"]) {
            let folder = project.path("shapes").join(if same { other } else { look });
            std::fs::create_dir_all(&folder).unwrap();
            let begin = if same && other == "second" { 40 } else { 0 };
            for number in begin..begin + 30 {
                let bytes = png(&picture(look, number)).unwrap();
                std::fs::write(folder.join(format!("{number:02}.png")), bytes).unwrap();
            }
        }
        Self { project }
    }

    pub(crate) fn recipe(&self, more: &str) {
        let recipe = format!(
            "[project]\nname = \"shapes\"\ntask = \"image.classify\"\ntarget = \"label\"\n\n\
             [[source]]\nname = \"shapes\"\nuri = \"shapes\"\nformat = \"images\"\n\n\
             [split]\ntest = 0.3\nstratify = true\n\n{more}\n[explain]\npictures = 2\nocclusion = true\n"
        );
        std::fs::write(self.project.path("ingot.toml"), recipe).unwrap();
    }
}

/// A project with pictures of two classes, one twice and one that cannot be read.
fn pictures() -> Project {
    let project = Project::empty();
    for class in ["disc", "grid"] {
        let folder = project.path("shapes").join(class);
        std::fs::create_dir_all(&folder).unwrap();
        for number in 0..30 {
            let bytes = png(&picture(class, number)).unwrap();
            std::fs::write(folder.join(format!("{number:02}.png")), bytes).unwrap();
        }
    }
    let twice = png(&picture("disc", 3)).unwrap();
    std::fs::write(project.path("shapes/disc/again.png"), &twice).unwrap();
    std::fs::write(project.path("shapes/grid/broken.png"), &twice[..60]).unwrap();
    write_recipe(&project, "", "");
    project
}

fn write_recipe(project: &Project, head: &str, augment: &str) {
    let recipe = format!(
        "[project]\nname = \"shapes\"\ntask = \"image.classify\"\ntarget = \"label\"\npositive = \"grid\"\n\n\
         [[source]]\nname = \"shapes\"\nuri = \"shapes\"\nformat = \"images\"\n\n\
         [clean]\ndedupe = {{ exact = true }}\n\n[split]\ntest = 0.3\nstratify = true\n\n\
         [augment]\n{augment}\n[train.head]\n{head}\n[explain]\npictures = 2\n"
    );
    std::fs::write(project.path("ingot.toml"), recipe).unwrap();
}

/// What a run tells of a stage.
pub(crate) fn stage<'v>(summary: &'v Value, name: &str) -> &'v Value {
    let stages = summary["stages"].as_array().unwrap();
    stages.iter().find(|stage| stage["stage"] == name).unwrap()
}

#[test]
fn pictures_become_a_served_model_that_shows_where_it_looked() {
    let project = pictures();
    if !networks(&project) {
        return;
    }
    let output = project.ingot(&["run"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("1 picture(s) could not be read"), "{said}");
    let summary: Value = serde_json::from_str(&project.ok(&["--json", "run"])).unwrap();
    let rows = &summary["model"]["rows"];
    // 30 of each class: one of 62 is there twice, one cannot be read.
    assert_eq!(rows["train"].as_u64().unwrap() + rows["test"].as_u64().unwrap(), 60, "{rows}");
    let metric = |name: &str| {
        let metrics = summary["model"]["metrics"].as_array().unwrap();
        metrics.iter().find(|metric| metric["name"] == name).unwrap()["value"].as_f64().unwrap()
    };
    assert!(metric("accuracy") > 0.9, "{summary}");
    assert!(summary["model"]["parity"]["rows"].as_u64() >= Some(10), "{summary}");
    let page =
        std::fs::read_to_string(project.path("dist/shapes-0.1.0-reports/explanation-report.html"))
            .unwrap();
    assert_eq!(page.matches("data:image/png;base64,").count(), 2);

    again(&project);
    served(&project);
}

/// What changed is done anew, and nothing else.
fn again(project: &Project) {
    let fresh = |names: [&str; 3]| -> [bool; 3] {
        let summary: Value = serde_json::from_str(&project.ok(&["--json", "run"])).unwrap();
        names.map(|name| stage(&summary, name)["fresh"].as_bool().unwrap())
    };
    let names = ["split", "features", "train"];
    assert_eq!(fresh(names), [false, false, false]);
    write_recipe(project, "epochs = 6\nhidden = [8]\n", "");
    assert_eq!(fresh(names), [false, false, true], "another head on the same features");
    write_recipe(project, "", "copies = 1\n");
    assert_eq!(fresh(names), [false, true, true], "other features");
    let model: Value = serde_json::from_str(&project.ok(&["--json", "run"])).unwrap();
    assert_eq!(model["model"]["copies"], model["model"]["rows"]["train"], "a copy of each");
    write_recipe(project, "", "");
    assert_eq!(fresh(names), [false, false, false], "as the first time");
}

fn served(project: &Project) {
    let server = Server::start(project, &project.package(), &["--ledger", "pictures.db"]);
    let (_, key) = api_key(project, &["--ledger", "pictures.db"]);
    let bearer = format!("Bearer {key}");
    let file = png(&picture("grid", 77)).unwrap();
    let send = |path: &str, kind: &str, body: &[u8]| {
        server.request("POST", path, &[("Authorization", &bearer), ("Content-Type", kind)], body)
    };
    let bare = send("/api/predict", "image/png", &file);
    assert_eq!(bare.status, 200, "{}", bare.body);
    let bare = bare.json();
    assert_eq!(bare["predictions"][0]["label"], "grid", "{bare}");
    let apart = offline(project) - bare["predictions"][0]["score"].as_f64().unwrap();
    assert!(apart.abs() < 1e-5, "what is scored offline is what is served: {apart}");
    let text = base64::engine::general_purpose::STANDARD.encode(&file);
    let disc = base64::engine::general_purpose::STANDARD.encode(png(&picture("disc", 77)).unwrap());
    let listed =
        server.post("/api/predict", &key, &json!([{ "image": text }, { "image": disc }])).json();
    assert_eq!(listed["predictions"][0], bare["predictions"][0]);
    assert_eq!(listed["predictions"][1]["label"], "disc");
    assert_eq!(listed["usage"]["rows"], 2);

    let explained = send("/api/explain", "image/png", &file).json();
    let one = &explained["explanations"][0];
    let cells: Vec<f64> =
        one["map"]["cells"].as_array().unwrap().iter().map(|cell| cell.as_f64().unwrap()).collect();
    let score = one["score"].as_f64().unwrap();
    let sum = one["base"].as_f64().unwrap() + cells.iter().sum::<f64>();
    assert!((sum - (score / (1.0 - score)).ln()).abs() < 1e-3, "{sum} {score}");
    let overlay = base64::engine::general_purpose::STANDARD
        .decode(one["map"]["overlay"].as_str().unwrap())
        .unwrap();
    assert_eq!(
        ingot_image::decode(&overlay, &ingot_image::Limits::default()).unwrap().dimensions(),
        (224, 224)
    );

    let document = server.request("GET", "/openapi.json", &[], b"").json();
    let content = &document["paths"]["/api/predict"]["post"]["requestBody"]["content"];
    for kind in ["application/json", "image/png", "multipart/form-data"] {
        assert!(content[kind].is_object(), "{kind}: {content}");
    }

    assert_eq!(send("/api/predict", "image/png", &file[..50]).status, 422);
    assert_eq!(server.post("/api/predict", &key, &json!({ "image": "no base64" })).status, 422);
    assert_eq!(server.post("/api/predict", &key, &json!({ "picture": text })).status, 422);
    let other = send("/api/predict", "text/plain", &file);
    assert_eq!(other.status, 415);
    assert!(other.body.contains("image/jpeg") && other.body.contains("base64"), "{}", other.body);
    for kind in ["image/jpg", "application/octet-stream"] {
        let answer = send("/api/predict", kind, &file).json();
        assert_eq!(answer["predictions"], bare["predictions"], "{kind}: {answer}");
    }
    assert_eq!(send("/api/predict", "application/octet-stream", b"MZ no picture").status, 415);
    let lines: Vec<&str> =
        text.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
    let lines = server.post("/api/predict", &key, &json!({ "image": lines.join("\n") })).json();
    assert_eq!(lines["predictions"], bare["predictions"], "{lines}");
    let tensor = json!({ "inputs": [] });
    assert_eq!(server.post("/v2/models/shapes/infer", &key, &tensor).status, 422);
    assert_eq!(send("/api/predict", "image/png", &file).status, 200, "still there");
}

/// Scores a folder, and pictures that a table names; gives the score of the grid.
fn offline(project: &Project) -> f64 {
    let folder = project.path("more");
    std::fs::create_dir_all(folder.join("a")).unwrap();
    std::fs::write(folder.join("a/disc.png"), png(&picture("disc", 77)).unwrap()).unwrap();
    std::fs::write(folder.join("grid.png"), png(&picture("grid", 77)).unwrap()).unwrap();
    let package = project.package();
    let package = package.to_str().unwrap();
    project.ok(&["predict", package, "--input", "more", "--output", "scored.csv"]);
    let scored = std::fs::read_to_string(project.path("scored.csv")).unwrap();
    let rows: Vec<Vec<&str>> = scored.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(rows[0], ["row", "label", "score", "probability of grid", "image"], "{scored}");
    assert_eq!((rows[1][1], rows[1][4]), ("disc", "a/disc.png"), "{scored}");
    assert_eq!((rows[2][0], rows[2][1], rows[2][4]), ("2", "grid", "grid.png"), "{scored}");
    assert_eq!(rows[2][2], rows[2][3], "the score is the positive class's probability");
    std::fs::write(project.path("list.csv"), "image\nmore/grid.png\nmore/none.png\n").unwrap();
    let mut args = vec!["predict", package, "--input", "list.csv", "--output", "named.jsonl"];
    let refused = project.fails(1, &args);
    assert!(refused.contains("row 2"), "{refused}");
    args.push("--skip-bad");
    project.ok(&args);
    let named = std::fs::read_to_string(project.path("named.jsonl")).unwrap();
    let named: Value = serde_json::from_str(&named).unwrap();
    assert_eq!((&named["row"], &named["image"]), (&json!(1), &json!("more/grid.png")), "{named}");
    let score: f64 = rows[2][2].parse().unwrap();
    assert!((named["score"].as_f64().unwrap() - score).abs() < 1e-9, "{named} {score}");
    score
}

/// Expected: `torchvision.models.mobilenet_v2()` of torchvision 0.29.2 with the same weights on the same numbers.
#[test]
fn the_network_is_torchvisions() {
    use ingot_pipeline::models::{Published, library};
    use ingot_runtime::{onnx, weights};
    if !networks(&Project::empty()) {
        return;
    }
    let weights = Published::named("mobilenet-v2").unwrap().read().unwrap();
    let graph = onnx::mobilenet_v2(&weights::read_pytorch(&weights).unwrap()).unwrap();
    let graph = onnx::write(&graph);
    let session = onnx::Session::new(onnx::Library::load(&library()).unwrap(), &graph).unwrap();
    let numbers: Vec<f32> = (0..3 * 224 * 224_u32)
        .map(|at| (at / (224 * 224) * 31 + at / 224 % 224 * 7 + at % 224 * 13) % 97)
        .map(|number| f32::from(u8::try_from(number).unwrap()) / 97.0 * 4.0 - 2.0)
        .collect();
    let answer = session.run(onnx::IMAGE, &[1, 3, 224, 224], &numbers, &[onnx::LOGITS]).unwrap();
    let expected =
        [-2.346_915_5, 0.384_654_1, -0.232_718_48, -1.126_142_9, 0.034_077_704, 0.040_336_683];
    for (own, theirs) in answer[0].data.iter().zip(expected) {
        assert!((own - theirs).abs() < 1e-3, "{:?}", &answer[0].data[..6]);
    }
    let best = answer[0].data.iter().copied().fold(f32::MIN, f32::max);
    assert_eq!(answer[0].data.iter().position(|number| *number >= best), Some(879));
}

#[test]
fn without_the_weights_a_run_says_how_to_get_them() {
    let project = pictures();
    let output =
        project.command(&["run"]).env("INGOT_CACHE", project.path("empty")).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("ingot pull mobilenet-v2"), "{said}");
    let predict = project.command(&["pull", "resnet-50"]).output().unwrap();
    assert_eq!(predict.status.code(), Some(2));
}
