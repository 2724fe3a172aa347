//! Texts: from a table with a column of them to a served model.

use crate::support::{Project, Server, api_key};
use crate::tools::published;
use base64::Engine as _;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// A person's address that must never be seen outside the source.
const CANARY: &str = "lin.canary@example.org";

/// Whether the encoder can be run here; fetched where every tool must be there.
fn networks(project: &Project) -> bool {
    published(project, &["onnxruntime", "minilm-l6"])
}

/// Sentences about deliveries, content or not; some name a person's address, one is there twice, one is blank.
fn sentences() -> String {
    let goods = ["parcel", "lamp", "kettle", "jacket", "phone", "chair", "book"];
    let kind =
        ["arrived early and works perfectly", "is lovely, thank you so much", "was a great buy"];
    let angry =
        ["arrived broken and late", "is awful, I want my money back", "never came, shame on you"];
    let mut rows = String::from("note,mood,shop\n");
    for number in 0..84_usize {
        let (said, mood) = if number % 2 == 0 {
            (kind[number / 2 % 3], "happy")
        } else {
            (angry[number / 2 % 3], "angry")
        };
        let thing = goods[number % 7];
        let from = if number % 10 == 4 { format!(" write to {CANARY}") } else { String::new() };
        writeln!(rows, "\"The {thing} number {number} {said}.{from}\",{mood},north").unwrap();
    }
    rows.push_str("\"The parcel number 0 arrived early and works perfectly.\",happy,north\n \" \",happy,north\n");
    rows.push_str("\"The spoon is fine I suppose.\",,north\n");
    rows
}

pub(crate) fn project(head: &str, augment: &str) -> Project {
    let project = Project::empty();
    std::fs::write(project.path("notes.csv"), sentences()).unwrap();
    write_recipe(&project, head, augment);
    project
}

pub(crate) fn write_recipe(project: &Project, head: &str, augment: &str) {
    let recipe = format!(
        "[project]\nname = \"moods\"\ntask = \"text.classify\"\ntarget = \"mood\"\npositive = \"angry\"\n\n\
         [[source]]\nname = \"notes\"\nuri = \"notes.csv\"\n\n\
         [clean]\ndedupe = {{ exact = true }}\n\n\
         [protect]\ntext = {{ columns = [\"note\"], action = \"replace\" }}\n\n\
         [split]\ntest = 0.3\n\n[augment]\n{augment}\n[train]\ntext = \"note\"\n\n\
         [train.head]\nepochs = 20\n{head}\n[explain]\ntexts = 2\n"
    );
    std::fs::write(project.path("ingot.toml"), recipe).unwrap();
}

fn report(project: &Project, name: &str) -> String {
    std::fs::read_to_string(project.path("dist/moods-0.1.0-reports").join(name)).unwrap()
}

#[test]
fn texts_become_a_served_model_that_says_which_words_spoke() {
    let project = project("", "copies = 1\nnoise = 0.2\n");
    if !networks(&project) {
        return;
    }
    let output = project.ingot(&["run"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    let summary: Value = serde_json::from_str(&project.ok(&["--json", "run"])).unwrap();
    let model = &summary["model"];
    let metric = |name: &str| {
        let metrics = model["metrics"].as_array().unwrap();
        metrics.iter().find(|metric| metric["name"] == name).unwrap()["value"].as_f64().unwrap()
    };
    assert!(metric("accuracy") > 0.9, "{summary}");
    assert!(model["parity"]["rows"].as_u64() >= Some(10), "{summary}");
    assert_eq!(model["copies"], model["rows"]["train"], "a copy of each");

    let page = report(&project, "explanation-report.html");
    assert!(page.matches("<svg class=\"wide\"").count() >= 2, "two texts drawn");
    assert!(page.contains("Augmented copies"));
    for name in ["explanation-report.html", "training-report.html", "data-report.html"] {
        assert!(!report(&project, name).contains(CANARY), "{name}");
    }
    let card = std::fs::read_to_string(project.opened().join("card/model-card.en.md")).unwrap();
    assert!(card.contains("`note` was found and replaced before training"), "{card}");
    offline(&project);
    served(&project);
}

/// What training texts say stays out of the reports, and the accounting is in all of them.
#[test]
fn a_private_training_of_texts_shows_no_training_text() {
    let project = project("[train.private]\nepsilon = 20\ndelta = 1e-3\n", "copies = 1\n");
    if !networks(&project) {
        return;
    }
    let summary: Value = serde_json::from_str(&project.ok(&["--json", "run"])).unwrap();
    let spent = &summary["model"]["privacy"];
    let epsilon = spent["epsilon"].as_f64().unwrap();
    assert!(epsilon <= 20.0 && epsilon > 19.5, "{summary}");
    assert_eq!(summary["model"]["to_label"], json!([]), "one row has no class");
    let page = report(&project, "explanation-report.html");
    assert!(!page.contains("Augmented copies"), "they are of training texts");
    assert!(page.matches("<svg class=\"wide\"").count() >= 2, "two test texts drawn");
    assert!(report(&project, "training-report.html").contains("DP-SGD"));
    assert!(!project.path("dist/moods-0.1.0-reports/suspicious-rows.json").exists());
}

fn offline(project: &Project) {
    let rows = "id,note\n1,The kettle is awful and late\n2,A great buy and lovely\n3,\n";
    std::fs::write(project.path("more.csv"), rows).unwrap();
    let package = project.package();
    let package = package.to_str().unwrap();
    let refused =
        project.fails(1, &["predict", package, "--input", "more.csv", "--output", "scored.csv"]);
    assert!(refused.contains("row 3"), "{refused}");
    project.ok(&[
        "predict",
        package,
        "--input",
        "more.csv",
        "--output",
        "scored.csv",
        "--skip-bad",
    ]);
    let scored = std::fs::read_to_string(project.path("scored.csv")).unwrap();
    let lines: Vec<&str> = scored.lines().collect();
    assert!(lines[1].starts_with("1,angry,0.") && lines[2].starts_with("2,happy,0."), "{scored}");
    let other = "text\nhello\n";
    std::fs::write(project.path("other.csv"), other).unwrap();
    let lacking =
        project.fails(1, &["predict", package, "--input", "other.csv", "--output", "x.csv"]);
    assert!(lacking.contains("`note`"), "{lacking}");
}

fn served(project: &Project) {
    let server = Server::start(project, &project.package(), &["--ledger", "texts.db"]);
    let (_, key) = api_key(project, &["--ledger", "texts.db"]);
    let (bad, good) = ("The kettle is awful and late", "A great buy and lovely");
    let one = server.post("/api/predict", &key, &json!({ "note": bad }));
    assert_eq!(one.status, 200, "{}", one.body);
    let one = one.json();
    assert_eq!(one["predictions"][0]["label"], "angry", "{one}");
    let listed =
        server.post("/api/predict", &key, &json!([{ "note": bad }, { "note": good }])).json();
    let (first, second) = (&listed["predictions"][0], &listed["predictions"][1]);
    let near = |a: &Value, b: &Value| (a.as_f64().unwrap() - b.as_f64().unwrap()).abs() < 1e-5;
    assert!(near(&first["score"], &one["predictions"][0]["score"]), "{listed} {one}");
    assert_eq!(second["label"], "happy");
    assert_eq!(listed["usage"]["rows"], 2);
    // What was scored offline is what is served.
    let scored = std::fs::read_to_string(project.path("scored.csv")).unwrap();
    let offline: f64 = scored.lines().nth(1).unwrap().rsplit(',').next().unwrap().parse().unwrap();
    assert!((offline - first["score"].as_f64().unwrap()).abs() < 1e-5, "{offline} {first}");

    explained(&server, &key, bad);
    embedded(&server, &key);

    let long = "very ".repeat(300);
    for body in [
        json!({}),
        json!({ "note": 1 }),
        json!({ "note": " " }),
        json!({ "text": bad }),
        json!({ "note": long }),
        json!([{ "note": bad }, { "note": long }]),
    ] {
        let answer = server.post("/api/predict", &key, &body);
        assert_eq!(answer.status, 422, "{}", answer.body);
        assert!(
            answer.json()["errors"][0]["field"].as_str().unwrap().contains("note")
                || body.get("text").is_some(),
            "{}",
            answer.body
        );
    }
    let refused = server.post("/api/predict", &key, &json!([{ "note": bad }, { "note": long }]));
    let refused = refused.json();
    assert_eq!(refused["errors"][0]["field"], "[1].note", "{refused}");
    assert_eq!(refused["errors"][0]["code"], "runtime-text-long", "{refused}");
    let plain = [("Content-Type", "text/plain")];
    assert_eq!(server.request("POST", "/api/predict", &plain, b"hi").status, 401);

    let document = server.request("GET", "/openapi.json", &[], b"").json();
    let row = &document["components"]["schemas"]["Row1"]["properties"]["note"];
    assert_eq!(row["type"], "string", "{row}");
    assert!(document["paths"]["/v1/embeddings"]["post"].is_object());
    assert!(!server.log().contains("kettle"), "what clients send is in no log");
}

fn explained(server: &Server, key: &str, text: &str) {
    let answer = server.post("/api/explain", key, &json!({ "note": text })).json();
    let one = &answer["explanations"][0];
    let parts = one["words"]["parts"].as_array().unwrap();
    let words: Vec<&str> = parts.iter().map(|part| part["text"].as_str().unwrap()).collect();
    assert_eq!(words, text.split(' ').collect::<Vec<_>>());
    let of = |name: &str| -> Vec<f64> {
        parts.iter().map(|part| part[name].as_f64().unwrap()).collect()
    };
    let score = one["score"].as_f64().unwrap();
    let sum = one["base"].as_f64().unwrap() + of("contribution").iter().sum::<f64>();
    assert!((sum - (score / (1.0 - score)).ln()).abs() < 1e-3, "{sum} {score}");
    assert_eq!(one["words"]["exact"], true);
    let most = of("contribution").iter().copied().fold(f64::MIN, f64::max);
    let strongest = words[of("contribution").iter().position(|own| *own >= most).unwrap()];
    assert!(["awful", "late"].contains(&strongest), "{one}");
    let seen: f64 = of("attention").iter().sum();
    assert!(seen > 0.1 && seen < 1.0, "the marks have the rest: {seen}");
    let drawing = one["words"]["drawing"].as_str().unwrap();
    assert!(drawing.starts_with("<svg") && drawing.contains("awful"), "{drawing}");
    assert!(one["reasons"][0]["text"].as_str().unwrap().contains("angry"), "{one}");
    let again = server.post("/api/explain", key, &json!({ "note": text })).json();
    assert_eq!(again["explanations"], answer["explanations"], "equal texts, equal explanations");
}

fn embedded(server: &Server, key: &str) {
    let sentence = "This is an example sentence";
    let one = server.post("/v1/embeddings", key, &json!({ "input": sentence, "model": "moods" }));
    assert_eq!(one.status, 200, "{}", one.body);
    let one = one.json();
    assert_eq!((&one["object"], &one["model"]), (&json!("list"), &json!("moods")));
    assert_eq!(one["usage"], json!({ "prompt_tokens": 7, "total_tokens": 7 }));
    let vector = |value: &Value| -> Vec<f64> {
        value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
    };
    let plain = vector(&one["data"][0]["embedding"]);
    assert_eq!(plain.len(), 384);
    assert!((plain.iter().map(|number| number * number).sum::<f64>() - 1.0).abs() < 1e-4);
    let body = json!({ "input": ["x", sentence], "encoding_format": "base64" });
    let both = server.post("/v1/embeddings", key, &body).json();
    assert_eq!(
        (&both["data"][1]["index"], &both["data"][1]["object"]),
        (&json!(1), &json!("embedding"))
    );
    let packed = both["data"][1]["embedding"].as_str().unwrap();
    let bytes = base64::engine::general_purpose::STANDARD.decode(packed).unwrap();
    let numbers = bytes.as_chunks::<4>().0.iter().map(|four| f64::from(f32::from_le_bytes(*four)));
    for (own, other) in numbers.zip(&plain) {
        assert!((own - other).abs() < 1e-5, "{own} {other}");
    }
    let long = server.post("/v1/embeddings", key, &json!({ "input": ["x", "y ".repeat(300)] }));
    assert_eq!(long.status, 422);
    let told = &long.json()["error"];
    assert_eq!(
        (&told["param"], &told["code"]),
        (&json!("input[1]"), &json!("context_length_exceeded"))
    );
    let blank = server.post("/v1/embeddings", key, &json!({ "input": ["x", " "] })).json();
    assert_eq!(blank["error"]["code"], "runtime-text-blank", "{blank}");
    assert_eq!(server.post("/v1/embeddings", key, &json!({ "model": "moods" })).status, 422);
    let other = server.post("/v1/embeddings", key, &json!({ "input": "x", "model": "other" }));
    assert_eq!(other.status, 404, "{}", other.body);
    assert_eq!(server.request("POST", "/v1/embeddings", &[], b"{\"input\":\"x\"}").status, 401);
}

/// What changed is done anew, and nothing else.
#[test]
fn another_head_is_trained_on_the_same_embeddings() {
    let project = project("", "");
    if !networks(&project) {
        return;
    }
    let run = || -> Value { serde_json::from_str(&project.ok(&["--json", "run"])).unwrap() };
    let fresh = |summary: &Value| -> Vec<bool> {
        let stages = summary["stages"].as_array().unwrap();
        ["split", "features", "train"]
            .map(|name| {
                let stage = stages.iter().find(|stage| stage["stage"] == name).unwrap();
                stage["fresh"].as_bool().unwrap()
            })
            .to_vec()
    };
    let first = run();
    assert_eq!(fresh(&first), [true, true, true]);
    write_recipe(&project, "hidden = [8]\n", "");
    assert_eq!(fresh(&run()), [false, false, true]);
    write_recipe(&project, "", "");
    let again = run();
    assert_eq!(fresh(&again), [false, false, false]);
    assert_eq!(again["model"], first["model"]);
    // The row without a class is what to label next.
    assert_eq!(first["model"]["to_label"].as_array().unwrap().len(), 1, "{first}");
}

/// An English vocabulary lacks nearly all Chinese characters; they are told apart all the same, and explained one by one.
#[test]
fn chinese_texts_are_told_apart_by_their_characters() {
    let project = Project::empty();
    if !networks(&project) {
        return;
    }
    let goods = ["包裹", "台灯", "水壶", "外套", "手机", "椅子", "图书"];
    let (kind, angry) = (["很好用", "质量挺好", "让人满意"], ["坏掉了", "质量很差", "让人失望"]);
    let mut rows = String::from("note,mood\n");
    for number in 0..84_usize {
        let (said, mood) = if number % 2 == 0 {
            (kind[number / 2 % 3], "happy")
        } else {
            (angry[number / 2 % 3], "angry")
        };
        writeln!(rows, "第{number}号{}{said}。,{mood}", goods[number % 7]).unwrap();
    }
    std::fs::write(project.path("notes.csv"), rows).unwrap();
    let recipe = "[project]\nname = \"moods\"\ntask = \"text.classify\"\ntarget = \"mood\"\npositive = \"angry\"\n\n\
         [[source]]\nname = \"notes\"\nuri = \"notes.csv\"\n\n[split]\ntest = 0.3\n\n\
         [train.head]\nepochs = 200\n";
    std::fs::write(project.path("ingot.toml"), recipe).unwrap();
    let summary: Value = serde_json::from_str(&project.ok(&["--json", "run"])).unwrap();
    let metrics = summary["model"]["metrics"].as_array().unwrap();
    let accuracy = metrics.iter().find(|metric| metric["name"] == "accuracy").unwrap();
    assert!(accuracy["value"].as_f64() > Some(0.9), "{summary}");
    let server = Server::start(&project, &project.package(), &["--ledger", "texts.db"]);
    let (_, key) = api_key(&project, &["--ledger", "texts.db"]);
    let answer = server.post("/api/explain", &key, &json!({ "note": "水壶质量很差" })).json();
    let one = &answer["explanations"][0];
    assert_eq!(one["label"], "angry", "{one}");
    let parts = one["words"]["parts"].as_array().unwrap();
    let words: Vec<&str> = parts.iter().map(|part| part["text"].as_str().unwrap()).collect();
    assert_eq!(words, ["水", "壶", "质", "量", "很", "差"]);
    let said = |part: &&Value| part["contribution"].as_f64().unwrap();
    let most = parts.iter().max_by(|a, b| said(a).total_cmp(&said(b))).unwrap();
    assert_eq!(most["text"], "差", "{one}");
}

/// Expected: `SentenceTransformer("all-MiniLM-L6-v2")` of sentence-transformers with the same weights.
#[test]
fn the_encoder_is_sentence_transformers() {
    use ingot_pipeline::models::{Published, library};
    use ingot_runtime::{TextEncoder, Tokenizer, onnx, weights};
    if !networks(&Project::empty()) {
        return;
    }
    let published = Published::named("minilm-l6").unwrap();
    let weights = weights::read_safetensors(&published.read().unwrap()).unwrap();
    let graph = onnx::write(&onnx::sentence_encoder(&weights, onnx::Encoder::MINILM_L6).unwrap());
    let encoder = TextEncoder::new(onnx::Library::load(&library()).unwrap(), &graph, 2).unwrap();
    let tokenizer =
        Tokenizer::load(&published.read_beside("tokenizer.json").unwrap(), 256).unwrap();
    let texts = [
        "This is an example sentence",
        "x",
        "A much longer one, so that the first is padded: 你好, world!",
    ];
    let ids: Vec<Vec<i64>> = texts.iter().map(|text| tokenizer.ids(text).unwrap()).collect();
    let rows = encoder.run_wide(&ids, onnx::EMBEDDING).unwrap();
    let expected =
        [0.067_656_92, 0.063_495_97, 0.048_713_15, 0.079_304_97, 0.037_448_04, 0.002_652_78];
    for (own, theirs) in rows[0].iter().zip(expected) {
        assert!((own - theirs).abs() < 1e-5, "{:?}", &rows[0][..6]);
    }
    // Words that the vocabulary lacks are one and the same to the encoder.
    let expected =
        [-0.003_124_08, 0.047_065_72, 0.019_731_6, 0.003_333_91, 0.015_306_1, -0.097_741_64];
    assert!(ids[2][13] > 30_522 && ids[2][13] != ids[2][14], "{:?}", ids[2]);
    for (own, theirs) in rows[2].iter().zip(expected) {
        assert!((own - theirs).abs() < 1e-5, "{:?}", &rows[2][..6]);
    }
    let alone = encoder.run(&ids[..1], onnx::EMBEDDING).unwrap();
    for (own, padded) in alone[0].iter().zip(&rows[0]) {
        assert!((own - padded).abs() < 1e-5, "padding takes no part");
    }
}

/// In eight bits a range is taken over everything that a run is given: a text among others must be answered as it is by itself.
#[test]
fn an_encoder_in_eight_bits_answers_each_text_by_itself() {
    use ingot_pipeline::models::{Published, library};
    use ingot_runtime::{TextEncoder, Tokenizer, onnx, weights};
    if !networks(&Project::empty()) {
        return;
    }
    let published = Published::named("minilm-l6").unwrap();
    let weights = weights::read_safetensors(&published.read().unwrap()).unwrap();
    let graph = onnx::sentence_encoder(&weights, onnx::Encoder::MINILM_L6).unwrap();
    let graph = onnx::write(&onnx::quantize_dynamic(graph, &[]).unwrap());
    let library = onnx::Library::load(&library()).unwrap();
    let encoder = TextEncoder::new(library, &graph, 2).unwrap();
    assert!(encoder.alone());
    let tokenizer =
        Tokenizer::load(&published.read_beside("tokenizer.json").unwrap(), 256).unwrap();
    let long = "SHOUTING!!! 12345 ".repeat(12);
    let texts = ["A chair", "It is awful", "A lamp", long.as_str(), "水壶质量很差"];
    let ids: Vec<Vec<i64>> = texts.iter().map(|text| tokenizer.ids(text).unwrap()).collect();
    let alone: Vec<Vec<f32>> = ids
        .iter()
        .map(|ids| encoder.run(std::slice::from_ref(ids), onnx::EMBEDDING).unwrap().remove(0))
        .collect();
    assert_eq!(encoder.run(&ids, onnx::EMBEDDING).unwrap(), alone);
    assert_eq!(encoder.run_wide(&ids, onnx::EMBEDDING).unwrap(), alone);
    // Two texts of one length need no padding, and the session itself keeps them apart.
    let session = onnx::Session::new(library, &graph).unwrap();
    let (first, second) = (&ids[0], &ids[2]);
    assert_eq!(first.len(), second.len());
    let both = [first.as_slice(), second.as_slice()].concat();
    let shape = [2, first.len()];
    let found = session.run_wholes(onnx::TOKENS, &shape, &both, &[onnx::EMBEDDING]).unwrap();
    assert_eq!(found[0].shape, [2, alone[0].len()]);
    assert_eq!(found[0].data, [alone[0].as_slice(), alone[2].as_slice()].concat());
}

#[test]
fn a_recipe_for_texts_is_told_what_it_lacks() {
    let project = project("", "");
    let recipe = std::fs::read_to_string(project.path("ingot.toml")).unwrap();
    std::fs::write(
        project.path("ingot.toml"),
        recipe.replace("text = \"note\"", "backbone = \"mobilenet-v2\""),
    )
    .unwrap();
    let said = project.fails(2, &["plan"]);
    assert!(said.contains("recipe-backbone-task"), "{said}");
    if !networks(&project) {
        return;
    }
    std::fs::write(project.path("ingot.toml"), recipe.replace("text = \"note\"\n", "")).unwrap();
    let said = project.fails(2, &["run"]);
    assert!(said.contains("note, shop") && said.contains("[train] text"), "{said}");
    let missing =
        project.command(&["run"]).env("INGOT_CACHE", project.path("empty")).output().unwrap();
    let said = String::from_utf8(missing.stderr).unwrap();
    assert!(said.contains("ingot pull minilm-l6"), "{said}");
}

/// The encoder is trained too: the exported graph is the trained one, and everything behind it goes on as before.
#[cfg(feature = "nets")]
#[test]
fn a_fine_tuned_encoder_goes_through_the_gate_and_is_served() {
    let project = project("", "copies = 1\nnoise = 0.2\n");
    if !networks(&project) {
        return;
    }
    let plain = std::fs::read_to_string(project.path("ingot.toml")).unwrap();
    let plain = plain.replace("test = 0.3\n", "test = 0.3\nvalidation = 0.2\n");
    let run = |encoder: &str| -> Value {
        let recipe = plain.replace("[explain]", &format!("{encoder}\n[explain]"));
        std::fs::write(project.path("ingot.toml"), recipe).unwrap();
        serde_json::from_str(&project.ok(&["--json", "run"])).unwrap()
    };
    let fresh = |summary: &Value, name: &str| {
        let stages = summary["stages"].as_array().unwrap();
        let stage = stages.iter().find(|stage| stage["stage"] == name).unwrap();
        stage["fresh"].as_bool().unwrap()
    };
    let accuracy = |metrics: &Value| {
        let metrics = metrics.as_array().unwrap();
        metrics.iter().find(|metric| metric["name"] == "accuracy").unwrap()["value"].as_f64()
    };
    let frozen = run("");
    assert!(frozen["model"]["encoder"].is_null(), "{frozen}");
    let lora = run("[train.encoder]\nrank = 4\nepochs = 2\nbatch = 8\n");
    let (model, tuned) = (&lora["model"], &lora["model"]["encoder"]);
    assert_eq!((fresh(&lora, "features"), fresh(&lora, "train")), (false, true));
    assert_eq!(tuned["method"], json!({ "lora": { "rank": 4, "alpha": 16.0 } }), "{tuned}");
    assert_eq!((tuned["layers"].as_u64(), tuned["of"].as_u64()), (Some(6), Some(6)));
    // Rank 4 of four square matrices and two between 384 and 1,536, in six layers.
    assert_eq!(tuned["parameters"], 6 * 4 * (4 * 768 + 2 * 1920), "{tuned}");
    assert_eq!(tuned["history"].as_array().unwrap().len(), 2);
    assert!(tuned["best"].as_u64() > Some(0), "the loss falls: {tuned}");
    assert_eq!(accuracy(&tuned["frozen"]), accuracy(&frozen["model"]["metrics"]), "{tuned}");
    assert!(accuracy(&model["metrics"]) > Some(0.9), "{model}");
    assert!(model["parity"]["rows"].as_u64() >= Some(10), "{model}");
    let page = report(&project, "training-report.html");
    assert!(page.contains("冻结编码器上的输出层") && page.contains("LoRA"));
    let card = std::fs::read_to_string(project.opened().join("card/model-card.en.md")).unwrap();
    assert!(card.contains("LoRA, merged") && card.contains("6 of 6"), "{card}");
    offline(&project);
    served(&project);

    let full = run("[train.encoder]\nmethod = \"full\"\nlayers = 1\nepochs = 1\nbatch = 8\n");
    assert_eq!((fresh(&full, "features"), fresh(&full, "train")), (false, true));
    let tuned = &full["model"]["encoder"];
    assert_eq!(tuned["parameters"], 4 * 384 * 384 + 2 * 384 * 1536 + 9 * 384 + 1536, "{tuned}");
}

/// A student of half the layers learns from the trained network, and its eight bits are what is served.
#[cfg(feature = "nets")]
#[test]
fn a_student_of_fewer_layers_is_measured_and_sealed() {
    let project = project("", "");
    if !networks(&project) {
        return;
    }
    let plain = std::fs::read_to_string(project.path("ingot.toml")).unwrap();
    let plain = plain.replace("test = 0.3\n", "test = 0.3\nvalidation = 0.2\n");
    let write = |tolerance: &str| {
        let compress = format!(
            "[compress]\ndistill = {{ layers = 3, epochs = 4, batch = 8 }}\nquantize = \"int8\"\n\
             tolerance = {{ {tolerance} }}\n\n[explain]"
        );
        std::fs::write(project.path("ingot.toml"), plain.replace("[explain]", &compress)).unwrap();
    };
    write("metric = 0.0, agreement = 1.0");
    let strict = project.ingot(&["run"]);
    write("metric = 0.3, agreement = 0.6");
    let summary: Value = serde_json::from_str(&project.ok(&["--json", "run"])).unwrap();
    let found = &summary["compression"];
    let forms = found["forms"].as_array().unwrap();
    let kinds: Vec<&str> = forms.iter().map(|form| form["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["trained", "student", "int8"]);
    let figure = |form: usize, name: &str| forms[form][name].as_f64().unwrap();
    // It may be as good, by chance; if it was not, it was refused.
    let lost = figure(2, "agreement") < 1.0 || figure(2, "accuracy") < figure(0, "accuracy");
    assert_eq!(strict.status.code(), Some(if lost { 3 } else { 0 }), "{found} {strict:?}");
    // Three layers less, of 1,774,464 numbers each.
    let less = figure(0, "parameters") - figure(1, "parameters");
    assert!((less - 3.0 * 1_774_464.0).abs() < 100.0, "{found}");
    assert!(figure(2, "bytes") < 0.9 * figure(1, "bytes"), "{found}");
    assert!(figure(1, "accuracy") > 0.8 && figure(1, "maps") > 0.2, "{found}");
    assert!(figure(0, "agreement") >= 1.0 && figure(0, "maps") > 0.99, "{found}");
    let student = &found["student"];
    assert_eq!((student["of"].as_u64(), student["training"]["of"].as_u64()), (Some(6), Some(3)));
    let page = report(&project, "compression-report.html");
    assert!(page.contains("学生模型的训练") && page.contains("词贡献一致度"));
    assert!(project.ok(&["trace", &project.package().display().to_string()]).contains("compress"));
    let server = Server::start(&project, &project.package(), &["--ledger", "small.db"]);
    let (_, key) = api_key(&project, &["--ledger", "small.db"]);
    let bad = json!({ "note": "The kettle is awful and late" });
    let one = server.post("/api/predict", &key, &bad).json();
    assert_eq!(one["predictions"][0]["label"], "angry", "{one}");
    let explained = server.post("/api/explain", &key, &bad).json();
    let explained = &explained["explanations"][0];
    let parts = explained["words"]["parts"].as_array().unwrap();
    assert!(!parts.is_empty());
    // What the words did adds up to the very answer that is served.
    let score = one["predictions"][0]["score"].as_f64().unwrap();
    assert_eq!(explained["score"].as_f64(), Some(score), "{explained}");
    let each = parts.iter().map(|part| part["contribution"].as_f64().unwrap());
    let sum = explained["base"].as_f64().unwrap() + each.sum::<f64>();
    let odds = (score / (1.0 - score)).ln();
    assert!((sum - odds).abs() < 1e-6, "{sum} {odds}");
    answered_alike(&project, &server, &key, score);
}

/// A text has one answer: among others in a request, and in a file.
#[cfg(feature = "nets")]
fn answered_alike(project: &Project, server: &Server, key: &str, score: f64) {
    let bad = "The kettle is awful and late";
    let long = "A great buy and lovely! ".repeat(20);
    let body = json!([{ "note": long }, { "note": bad }, { "note": "x" }]);
    let listed = server.post("/api/predict", key, &body).json();
    assert_eq!(listed["predictions"][1]["score"].as_f64(), Some(score), "{listed}");
    std::fs::write(project.path("among.csv"), format!("note\n{long}\n{bad}\nx\n")).unwrap();
    let package = project.package();
    let package = package.to_str().unwrap();
    project.ok(&["predict", package, "--input", "among.csv", "--output", "among-scored.csv"]);
    let scored = std::fs::read_to_string(project.path("among-scored.csv")).unwrap();
    let line = scored.lines().nth(2).unwrap();
    let offline: f64 = line.split(',').nth(2).unwrap().parse().unwrap();
    assert!((offline - score).abs() < 1e-12, "{offline} {score}");
}
