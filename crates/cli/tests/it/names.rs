//! A network of the user's that names besides our own detectors: in `scan`, and in a recipe.

use crate::support::Project;
use crate::tools::published;
use ingot_runtime::onnx::{
    self,
    proto::{
        Dimension, Graph, Model, Node, OperatorSet, Shape, Tensor, TensorType, Type, ValueInfo,
    },
};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;

const FLOAT: i32 = 1;
const WHOLE: i32 = 7;
/// Words and the class of each: none, a person's beginning, a person's rest, a planet.
const WORDS: [(&str, usize); 9] = [
    ("[PAD]", 0),
    ("[UNK]", 0),
    ("[CLS]", 0),
    ("[SEP]", 0),
    ("zor", 1),
    ("##blax", 0),
    ("vexor", 2),
    ("met", 0),
    ("qonos", 3),
];
const LABELS: [&str; 4] = ["O", "B-SUBJ", "I-SUBJ", "B-PLACE"];

fn networks(project: &Project) -> bool {
    published(project, &["onnxruntime"])
}

fn value(name: &str, element: i32, dims: &[&str]) -> ValueInfo {
    let dim = |name: &&str| Dimension { value: None, name: Some((*name).to_owned()) };
    let shape = Shape { dim: dims.iter().map(dim).collect() };
    ValueInfo {
        name: name.into(),
        kind: Some(Type { tensor: Some(TensorType { element, shape: Some(shape) }) }),
    }
}

/// A row of logits for each word, as a lookup.
fn graph() -> Vec<u8> {
    let table = WORDS.iter().flat_map(|(_, class)| {
        (0..LABELS.len()).map(move |label| if label == *class { 4.0_f32 } else { 0.0 })
    });
    let table = Tensor {
        dims: vec![9, 4],
        data_type: FLOAT,
        name: "table".into(),
        raw_data: table.flat_map(f32::to_le_bytes).collect(),
        ..Tensor::default()
    };
    let gather = Node {
        input: vec!["table".into(), "input_ids".into()],
        output: vec!["logits".into()],
        name: "look".into(),
        op_type: "Gather".into(),
        ..Node::default()
    };
    let tokens = ["batch", "tokens"];
    let graph = Graph {
        node: vec![gather],
        name: "names".into(),
        initializer: vec![table],
        input: vec![value("input_ids", WHOLE, &tokens), value("attention_mask", WHOLE, &tokens)],
        output: vec![value("logits", FLOAT, &["batch", "tokens", "labels"])],
        ..Graph::default()
    };
    onnx::write(&Model {
        ir_version: 8,
        graph: Some(graph),
        opset_import: vec![OperatorSet { domain: String::new(), version: 17 }],
        ..Model::default()
    })
}

fn tokenizer() -> Value {
    let special = |at: usize| {
        json!({ "id": at, "special": true, "content": WORDS[at].0, "single_word": false,
            "lstrip": false, "rstrip": false, "normalized": false })
    };
    let mark = |name: &str, at: usize| json!({ "id": name, "ids": [at], "tokens": [name] });
    let vocabulary: Value =
        WORDS.iter().enumerate().map(|(at, (word, _))| ((*word).to_owned(), json!(at))).collect();
    json!({
        "version": "1.0", "truncation": null, "padding": null,
        "added_tokens": (0..4).map(special).collect::<Vec<_>>(),
        "normalizer": { "type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
            "strip_accents": null, "lowercase": true },
        "pre_tokenizer": { "type": "BertPreTokenizer" },
        "post_processor": { "type": "TemplateProcessing",
            "single": [{ "SpecialToken": { "id": "[CLS]", "type_id": 0 } },
                { "Sequence": { "id": "A", "type_id": 0 } },
                { "SpecialToken": { "id": "[SEP]", "type_id": 0 } }],
            "pair": [],
            "special_tokens": { "[CLS]": mark("[CLS]", 2), "[SEP]": mark("[SEP]", 3) } },
        "decoder": null,
        "model": { "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": vocabulary },
    })
}

/// The folder of the network, as exporters write it.
fn network(folder: &Path, labels: &[&str]) {
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join("model.onnx"), graph()).unwrap();
    std::fs::write(folder.join("tokenizer.json"), tokenizer().to_string()).unwrap();
    let named: Value =
        labels.iter().enumerate().map(|(at, name)| (at.to_string(), json!(name))).collect();
    let config = json!({ "id2label": named, "max_position_embeddings": 16 });
    std::fs::write(folder.join("config.json"), config.to_string()).unwrap();
}

#[test]
fn a_scan_finds_what_a_network_names() {
    let project = Project::empty();
    if !networks(&project) {
        return;
    }
    network(&project.path("ner"), &["O", "B-PER", "I-PER", "B-PLACE"]);
    let long = format!("{} zorblax {}", "met ".repeat(40), "met ".repeat(40));
    let text = format!("zorblax vexor met zorblax on qonos\n张 met nobody\n{long}\n");
    std::fs::write(project.path("notes.txt"), text).unwrap();
    assert_eq!(project.ok(&["scan", "notes.txt"]), "", "our own detectors know none of them");
    let found: Vec<Value> = project
        .ok(&["scan", "notes.txt", "--names", "ner", "--redact", "clean.txt"])
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let places: Vec<_> = found
        .iter()
        .map(|one| {
            let at = |name: &str| one[name].as_u64().unwrap();
            (at("row"), at("start"), at("end"), one["type"].as_str().unwrap())
        })
        .collect();
    let expected = [
        (1, 0, 13, "person"),
        (1, 18, 25, "person"),
        (1, 29, 34, "place"),
        (3, 161, 168, "person"),
    ];
    assert_eq!(places, expected, "{found:?}");
    assert_eq!(found[0]["why"], json!(["network"]));
    let clean = std::fs::read_to_string(project.path("clean.txt")).unwrap();
    assert!(clean.starts_with("[person] met [person] on [place]\n"), "{clean}");
    project.fails(1, &["scan", "notes.txt", "--names", "nowhere"]);
}

#[test]
fn a_recipe_hides_what_its_network_names_and_knows_when_it_changed() {
    let project = Project::empty();
    if !networks(&project) {
        return;
    }
    network(&project.path("ner"), &LABELS);
    let mut rows = String::from("id,note,sum,good\n");
    for number in 0..200 {
        let name = ["zorblax", "Zorblax Vexor"][number % 2];
        writeln!(rows, "{number},\"{name} met qonos {number}\",{},{}", number * 7 % 31, number % 2)
            .unwrap();
    }
    std::fs::write(project.path("a.csv"), rows).unwrap();
    let write = |names: &str| {
        let recipe = format!(
            "[project]\nname = \"x\"\ntask = \"tabular.binary\"\ntarget = \"good\"\n\n\
             [[source]]\nname = \"a\"\nuri = \"a.csv\"\n\n\
             [protect.text]\ncolumns = [\"note\"]\naction = \"replace\"\nnames = {{ {names} }}\n"
        );
        std::fs::write(project.path("ingot.toml"), recipe).unwrap();
    };
    write("folder = \"ner\"");
    project.ok(&["prepare"]);
    let labelled = "folder = \"ner\", labels = { SUBJ = \"person\" }";
    write(labelled);
    project.ok(&["prepare"]);
    project.ok(&["export", "all", "--output", "out.csv"]);
    let out = std::fs::read_to_string(project.path("out.csv")).unwrap();
    assert!(!out.to_lowercase().contains("zorblax") && !out.contains("qonos"), "{out}");
    assert!(out.contains("[person] met [place] 7"), "{out}");
    let state = || {
        let plan: Value = serde_json::from_str(&project.ok(&["--json", "plan"])).unwrap();
        let steps = plan["stages"].as_array().unwrap();
        steps.iter().find(|step| step["stage"] == "protect").unwrap()["state"].clone()
    };
    assert_eq!(state(), "up-to-date");
    // Another network is another result.
    network(&project.path("ner"), &["O", "B-SUBJ", "I-SUBJ", "B-ORG"]);
    assert_eq!(state(), "would-run");
    write("folder = \"ner\", labels = { OTHER = \"person\" }");
    let told = project.fails(2, &["prepare"]);
    assert!(told.contains("ORG, SUBJ"), "{told}");
}
