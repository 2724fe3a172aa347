//! Networks of the user's as backbones: from an ONNX file to a served model.

use crate::support::{Project, Server, api_key};
use crate::tools::published;
use crate::vision::stage;
use ingot_image::{Preprocess, Rgb, RgbImage, png};
use ingot_runtime::onnx::proto::{
    Attribute, Dimension, Graph, Model, Node, OperatorSet, Shape, Tensor, TensorType, Type,
    ValueInfo,
};
use ingot_runtime::onnx::{self, Limits, OwnPictures, OwnTexts, Pool};
use ingot_runtime::{TextEncoder, Tokenizer};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Pixels of a side of what the network takes.
const SIDE: usize = 16;

/// Whether networks can be run here.
fn runs(project: &Project) -> bool {
    published(project, &["onnxruntime"])
}

/// Numbers from −1 to 1, the same everywhere.
fn numbers(seed: u32, count: usize) -> Vec<f32> {
    let mut state = seed;
    (0..count)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f32::from(u16::try_from(state >> 16).unwrap()) / 32_768.0 - 1.0
        })
        .collect()
}

fn weight(name: &str, dims: &[i64], data: &[f32]) -> Tensor {
    Tensor {
        dims: dims.to_vec(),
        data_type: 1,
        name: name.into(),
        raw_data: data.iter().flat_map(|number| number.to_le_bytes()).collect(),
        ..Tensor::default()
    }
}

fn wholes(name: &str, values: &[i64]) -> Attribute {
    Attribute { name: name.into(), ints: values.to_vec(), kind: 7, ..Attribute::default() }
}

fn node(op: &str, inputs: &[&str], output: &str, attributes: Vec<Attribute>) -> Node {
    Node {
        input: inputs.iter().map(|name| (*name).to_owned()).collect(),
        output: vec![output.into()],
        op_type: op.into(),
        attribute: attributes,
        ..Node::default()
    }
}

fn value(name: &str, element: i32, dims: &[Option<i64>]) -> ValueInfo {
    let dim = dims
        .iter()
        .map(|size| Dimension { value: *size, name: size.is_none().then(|| "n".to_owned()) })
        .collect();
    let tensor = TensorType { element, shape: Some(Shape { dim }) };
    ValueInfo { name: name.into(), kind: Some(Type { tensor: Some(tensor) }) }
}

fn model(graph: Graph) -> Model {
    let set = OperatorSet { domain: String::new(), version: 13 };
    Model { ir_version: 7, graph: Some(graph), opset_import: vec![set], ..Model::default() }
}

/// Two convolutions, the mean over all places, a dense layer and a classifier; for one picture at a time.
fn network() -> Graph {
    let sides = |stride: i64| {
        vec![
            wholes("kernel_shape", &[3, 3]),
            wholes("pads", &[1; 4]),
            wholes("strides", &[stride, stride]),
        ]
    };
    Graph {
        node: vec![
            node("Conv", &["pixels", "head.weight"], "first", sides(2)),
            node("Relu", &["first"], "image", Vec::new()),
            node("Conv", &["image", "second.weight"], "second", sides(1)),
            node("Relu", &["second"], "last", Vec::new()),
            node("GlobalAveragePool", &["last"], "mean", Vec::new()),
            node("Flatten", &["mean"], "flat", Vec::new()),
            node("MatMul", &["flat", "dense.weight"], "inner", Vec::new()),
            node("Tanh", &["inner"], "dense", Vec::new()),
            node("MatMul", &["dense", "classes"], "scores", Vec::new()),
        ],
        name: "tiny".into(),
        initializer: vec![
            weight("head.weight", &[8, 3, 3, 3], &numbers(1, 216)),
            weight("second.weight", &[12, 8, 3, 3], &numbers(2, 864)),
            weight("dense.weight", &[12, 10], &numbers(3, 120)),
            weight("classes", &[10, 2], &numbers(4, 20)),
        ],
        input: vec![value("pixels", 1, &[Some(1), Some(3), Some(16), Some(16)])],
        output: vec![value("scores", 1, &[Some(1), Some(2)])],
        ..Graph::default()
    }
}

/// Red or blue, each a little different.
fn picture(class: &str, number: u32) -> RgbImage {
    let shade = |base: u32, x: u32, y: u32| {
        u8::try_from(base + (x * 7 + y * 3 + number * 11) % 40).unwrap()
    };
    RgbImage::from_fn(24, 20, |x, y| match class {
        "red" => Rgb::from([shade(190, x, y), shade(20, y, x), shade(30, x, y)]),
        _ => Rgb::from([shade(20, x, y), shade(40, y, x), shade(190, x, y)]),
    })
}

/// A project with pictures of two colours, a network and a recipe.
struct Colours(Project);

impl Colours {
    fn new(graph: Graph) -> Self {
        let project = Project::empty();
        for class in ["blue", "red"] {
            let folder = project.path("colours").join(class);
            std::fs::create_dir_all(&folder).unwrap();
            for number in 0..30 {
                let bytes = png(&picture(class, number)).unwrap();
                std::fs::write(folder.join(format!("{number:02}.png")), bytes).unwrap();
            }
        }
        std::fs::create_dir_all(project.path("nets")).unwrap();
        let colours = Self(project);
        colours.network(&model(graph));
        colours
    }

    fn network(&self, model: &Model) {
        std::fs::write(self.0.path("nets/tiny.onnx"), onnx::write(model)).unwrap();
    }

    fn recipe(&self, features: &str, more: &str) {
        let recipe = format!(
            "[project]\nname = \"colours\"\ntask = \"image.classify\"\ntarget = \"label\"\npositive = \"red\"\n\n\
             [[source]]\nname = \"colours\"\nuri = \"colours\"\nformat = \"images\"\n\n\
             [split]\ntest = 0.3\nstratify = true\n\n\
             [train]\nbackbone = {{ file = \"nets/tiny.onnx\", features = \"{features}\", crop = 16, resize = 18 }}\n\
             head = {{ epochs = 30, batch = 8, learning_rate = 0.02 }}\n{more}\n[explain]\npictures = 2\n"
        );
        std::fs::write(self.0.path("ingot.toml"), recipe).unwrap();
    }

    fn run(&self) -> Value {
        serde_json::from_str(&self.0.ok(&["--json", "run"])).unwrap()
    }

    fn report(&self, name: &str) -> String {
        let folder = self.0.path("dist/colours-0.1.0-reports");
        std::fs::read_to_string(folder.join(name)).unwrap()
    }
}

fn accuracy(summary: &Value) -> f64 {
    let metrics = summary["model"]["metrics"].as_array().unwrap();
    metrics.iter().find(|metric| metric["name"] == "accuracy").unwrap()["value"].as_f64().unwrap()
}

#[test]
fn a_network_of_the_users_becomes_a_served_model_with_exact_maps() {
    let colours = Colours::new(network());
    if !runs(&colours.0) {
        return;
    }
    colours.recipe("flat", "");
    let summary = colours.run();
    assert!(accuracy(&summary) > 0.9, "{summary}");
    assert!(summary["model"]["parity"]["rows"].as_u64() >= Some(10), "{summary}");
    assert!(summary["model"]["backbone"].as_str().unwrap().starts_with("tiny.onnx (SHA-256 "));
    assert_eq!(summary["model"]["width"], 12, "{summary}");
    assert!(colours.report("training-report.html").contains("tiny.onnx"));
    let page = colours.report("explanation-report.html");
    assert!(page.contains("class activation map") && page.contains("类激活图"), "{page}");
    colours.0.ok(&["plan"]);

    let server = Server::start(&colours.0, &colours.0.package(), &["--ledger", "own.db"]);
    let (_, key) = api_key(&colours.0, &["--ledger", "own.db"]);
    let bearer = format!("Bearer {key}");
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "image/png")];
    for class in ["blue", "red"] {
        let file = png(&picture(class, 77)).unwrap();
        let answer = server.request("POST", "/api/predict", &headers, &file).json();
        assert_eq!(answer["predictions"][0]["label"], class, "{answer}");
        let answer = server.request("POST", "/api/explain", &headers, &file).json();
        let one = &answer["explanations"][0];
        let cells = one["map"]["cells"].as_array().unwrap();
        assert_eq!(cells.len(), 64, "the map before the mean: {one}");
        let sum: f64 = cells.iter().map(|cell| cell.as_f64().unwrap()).sum();
        let (base, score) = (one["base"].as_f64().unwrap(), one["score"].as_f64().unwrap());
        let raw = (score / (1.0 - score)).ln();
        // Near 0 and 1 single precision leaves no digits to tell the sum by.
        let apart = ((base + sum).abs() - raw.abs()).abs();
        assert!(raw.abs() > 8.0 || apart < 1e-2, "{one}");
    }
    drop(server);

    // Another file is another backbone, another head on the same features is not.
    let fresh = |summary: &Value| stage(summary, "features")["fresh"].as_bool().unwrap();
    assert!(!fresh(&colours.run()));
    let mut other = network();
    other.initializer[0] = weight("head.weight", &[8, 3, 3, 3], &numbers(9, 216));
    colours.network(&model(other));
    assert!(fresh(&colours.run()), "another network");
    colours.network(&model(network()));
    assert!(!fresh(&colours.run()), "as the first time");
}

#[test]
fn features_behind_a_map_are_explained_by_hiding_and_quantised() {
    let colours = Colours::new(network());
    if !runs(&colours.0) {
        return;
    }
    colours.recipe(
        "dense",
        "[compress]\nquantize = \"int8\"\ncalibration = { pictures = 12 }\n\
         tolerance = { metric = 0.5, agreement = 0.5 }\n",
    );
    let summary = colours.run();
    assert_eq!(summary["model"]["width"], 10, "{summary}");
    let forms = summary["compression"]["forms"].as_array().unwrap();
    assert_eq!(forms[1]["kind"], "int8", "{summary}");
    assert!(forms[0]["maps"].is_null() && forms[1]["maps"].is_null(), "{summary}");
    let page = colours.report("explanation-report.html");
    assert!(!page.contains("类激活图") && page.contains("遮挡法"), "{page}");
    let server = Server::start(&colours.0, &colours.0.package(), &["--ledger", "own.db"]);
    let (_, key) = api_key(&colours.0, &["--ledger", "own.db"]);
    let bearer = format!("Bearer {key}");
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "image/png")];
    let file = png(&picture("red", 78)).unwrap();
    let answer = server.request("POST", "/api/explain", &headers, &file).json();
    assert_eq!(answer["explanations"][0]["reasons"][0]["code"], "picture-occlusion", "{answer}");
}

#[test]
fn the_features_are_those_of_the_graph_as_it_was_written() {
    if !runs(&Project::empty()) {
        return;
    }
    let library = onnx::Library::load(&ingot_pipeline::models::library()).unwrap();
    let bytes = onnx::write(&model(network()));
    // What is compared with shows the values that are compared.
    let mut shown = network();
    shown.output.push(value("flat", 1, &[Some(1), Some(12)]));
    shown.output.push(value("last", 1, &[Some(1), Some(12), Some(8), Some(8)]));
    let given = onnx::Session::new(library, &onnx::write(&model(shown))).unwrap();
    let side = u32::try_from(SIDE).unwrap();
    let pixels = Preprocess { resize: side, crop: side, ..Preprocess::IMAGENET };
    let square =
        ingot_image::RgbImage::from_fn(side, side, |x, y| *picture("red", 5).get_pixel(x, y));
    let prepared = pixels.numbers(&pixels.view(&square).unwrap());
    // As torchvision prepares: bytes as shares, less the mean, by the deviation, colour by colour.
    let colours = pixels.mean.iter().zip(&pixels.deviation).enumerate();
    let by_hand: Vec<f32> = colours
        .flat_map(|(colour, (mean, deviation))| {
            square
                .pixels()
                .map(|pixel| (f32::from(pixel.0[colour]) / 255.0 - mean) / deviation)
                .collect::<Vec<_>>()
        })
        .collect();
    let shape = [1, 3, SIDE, SIDE];
    let theirs = given.run("pixels", &shape, &by_hand, &["flat", "last"]).unwrap();
    for (features, mapped) in [("flat", true), ("last", true), ("mean", true), ("dense", false)] {
        let own = onnx::read_own(&bytes, &Limits::default()).unwrap();
        let asked = OwnPictures { features, input: None, side: SIDE };
        let own = onnx::own_pictures(library, own, &asked).unwrap();
        let graph = own.graph.as_ref().unwrap();
        assert_eq!(
            graph.output.iter().any(|output| output.name == onnx::MAP),
            mapped,
            "{features}"
        );
        let session = onnx::Session::new(library, &onnx::write(&own)).unwrap();
        let found = session.run(onnx::IMAGE, &shape, &prepared, &[onnx::FEATURES]).unwrap();
        if mapped {
            for (own, theirs) in found[0].data.iter().zip(&theirs[0].data) {
                assert!((own - theirs).abs() < 1e-5, "{features}: {own} {theirs}");
            }
            assert_eq!(found[0].shape, [1, 12]);
            let map = session.run(onnx::IMAGE, &shape, &prepared, &[onnx::MAP]).unwrap();
            assert_eq!(map[0].shape, theirs[1].shape);
        }
    }
}

#[test]
fn a_file_that_is_no_backbone_is_refused_before_anything_is_done() {
    let colours = Colours::new(network());
    let project = &colours.0;
    let told = |code: i32, words: &str| {
        let said = project.fails(code, &["plan"]);
        assert!(said.contains(words), "{said}");
    };
    colours.recipe("flat", "");
    std::fs::rename(project.path("nets/tiny.onnx"), project.path("nets/other.onnx")).unwrap();
    told(1, "tiny.onnx");
    let hole = std::fs::File::create(project.path("nets/tiny.onnx")).unwrap();
    hole.set_len((2 << 30) + 1).unwrap();
    told(1, "more than the limit");
    std::fs::write(project.path("nets/tiny.onnx"), b"no network").unwrap();
    told(1, "the ONNX graph is refused");
    let changed = |change: &dyn Fn(&mut Graph)| {
        let mut graph = network();
        change(&mut graph);
        colours.network(&model(graph));
    };
    changed(&|graph| graph.initializer[0].data_location = 1);
    told(1, "lies in another file");
    changed(&|graph| graph.node[1].domain = "com.example".into());
    told(3, "com.example:Relu");
    changed(&|graph| graph.node[1].op_type = "Teleport".into());
    told(3, "ai.onnx:Teleport");
    if !runs(project) {
        return;
    }
    colours.network(&model(network()));
    colours.recipe("flatten", "");
    let said = project.fails(2, &["plan"]);
    assert!(said.contains("`flatten`") && said.contains("scores, flat"), "{said}");
    colours.recipe("flat", "");
    changed(&|graph| {
        let transposed =
            node("Transpose", &["last"], "turned", vec![wholes("perm", &[0, 2, 3, 1])]);
        let row = Tensor {
            dims: vec![3],
            data_type: 7,
            name: "row".into(),
            raw_data: [1_i64, 64, 12].iter().flat_map(|size| size.to_le_bytes()).collect(),
            ..Tensor::default()
        };
        graph.initializer.push(row);
        graph.node[5] = transposed;
        graph.node.insert(6, node("Reshape", &["turned", "row"], "flat", Vec::new()));
        graph.node.truncate(7);
        graph.output = vec![value("flat", 1, &[Some(1), Some(64), Some(12)])];
    });
    told(1, "[1, 64, 12]");
    changed(&|graph| {
        graph.initializer.push(weight("nothing", &[1], &[0.0]));
        graph.node[5] = node("Div", &["mean", "nothing"], "apart", Vec::new());
        graph.node.insert(6, node("Flatten", &["apart"], "flat", Vec::new()));
    });
    told(1, "NaN");
    changed(&|graph| graph.input[0] = value("pixels", 10, &[Some(1), Some(3), Some(16), Some(16)]));
    told(1, "float16");
    changed(&|graph| graph.input[0] = value("pixels", 1, &[Some(1), Some(16), Some(16), Some(3)]));
    told(1, "[1, 16, 16, 3]");
}

/// Words of a tokenizer without marks: number 0 is a word as others are.
const WORDS: [&str; 28] = [
    "lovely",
    "awful",
    "[UNK]",
    "the",
    "parcel",
    "lamp",
    "kettle",
    "jacket",
    "phone",
    "chair",
    "book",
    "number",
    "arrived",
    "early",
    "and",
    "works",
    "perfectly",
    "is",
    "thank",
    "you",
    "a",
    "great",
    "buy",
    "broken",
    "late",
    "never",
    "came",
    "shame",
];

fn tokenizer() -> String {
    let vocabulary: BTreeMap<&str, usize> =
        WORDS.iter().enumerate().map(|(at, word)| (*word, at)).collect();
    json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
        "normalizer": { "type": "Lowercase" }, "pre_tokenizer": { "type": "Whitespace" },
        "post_processor": null, "decoder": null,
        "model": { "type": "WordLevel", "vocab": vocabulary, "unk_token": "[UNK]" },
    })
    .to_string()
}

/// The embedding's table: 16 numbers a word.
fn table() -> Vec<f32> {
    numbers(5, WORDS.len() * 16)
}

/// Embeddings, curved; padding is 0.
fn encoder() -> Graph {
    let axis = Tensor {
        dims: vec![1],
        data_type: 7,
        name: "axis".into(),
        raw_data: 2_i64.to_le_bytes().to_vec(),
        ..Tensor::default()
    };
    let to = Attribute { name: "to".into(), i: Some(1), kind: 2, ..Attribute::default() };
    Graph {
        node: vec![
            node("Gather", &["table", "input_ids"], "words", Vec::new()),
            node("Tanh", &["words"], "curved", Vec::new()),
            node("Cast", &["attention_mask"], "mask", vec![to]),
            node("Unsqueeze", &["mask", "axis"], "column", Vec::new()),
            node("Mul", &["curved", "column"], "last_hidden_state", Vec::new()),
        ],
        name: "words".into(),
        initializer: vec![weight("table", &[28, 16], &table()), axis],
        input: vec![
            value("input_ids", 7, &[None, None]),
            value("attention_mask", 7, &[None, None]),
        ],
        output: vec![value("last_hidden_state", 1, &[None, None, Some(16)])],
        ..Graph::default()
    }
}

#[test]
fn an_encoder_of_the_users_gives_what_its_graph_gives_pooled() {
    if !runs(&Project::empty()) {
        return;
    }
    let library = onnx::Library::load(&ingot_pipeline::models::library()).unwrap();
    let tokenizer = Tokenizer::load(tokenizer().as_bytes(), 32).unwrap();
    let texts = ["Lovely lamp", "the kettle never came xyz", "awful"];
    let ids: Vec<Vec<i64>> = texts.iter().map(|text| tokenizer.ids(text).unwrap()).collect();
    let tokens = [vec![0, 5], vec![3, 6, 25, 26, 2], vec![1]];
    for (one_at_a_time, pool) in [(false, Pool::Mean), (true, Pool::Mean), (false, Pool::First)] {
        let mut graph = encoder();
        if one_at_a_time {
            graph.input =
                ["input_ids", "attention_mask"].map(|name| value(name, 7, &[Some(1), None])).into();
        }
        let own = onnx::read_own(&onnx::write(&model(graph)), &Limits::default()).unwrap();
        let asked = OwnTexts {
            features: "last_hidden_state",
            pool,
            window: 32,
            vocabulary: tokenizer.vocabulary(),
            buckets: 64,
        };
        let own = onnx::write(&onnx::own_texts(library, own, &asked).unwrap());
        let encoder = TextEncoder::new(library, &own, 2).unwrap();
        let rows = encoder.run_wide(&ids, onnx::EMBEDDING).unwrap();
        let table = table();
        for (row, tokens) in rows.iter().zip(&tokens) {
            let seen = if pool == Pool::First { &tokens[..1] } else { &tokens[..] };
            let mut sum = [0.0_f32; 16];
            for token in seen {
                for (slot, number) in sum.iter_mut().zip(&table[token * 16..]) {
                    *slot += number.tanh();
                }
            }
            let length = sum.iter().map(|number| number * number).sum::<f32>().sqrt();
            for (own, expected) in row.iter().zip(&sum) {
                assert!((own - expected / length).abs() < 1e-5, "{row:?}");
            }
        }
        let features = encoder.run_wide(&ids, onnx::FEATURES).unwrap();
        assert_eq!(features[0].len(), 16 + 64);
        // Two words in two buckets, each of the length √16 together.
        let words: Vec<f32> =
            features[0].iter().skip(16).copied().filter(|own| *own != 0.0).collect();
        let expected = if words.len() == 1 { 4.0 } else { 8.0_f32.sqrt() };
        assert!(words.iter().all(|own| (own - expected).abs() < 1e-4), "{words:?}");
    }
    let told = |pool: Pool, features: &str| {
        let own = onnx::read_own(&onnx::write(&model(encoder())), &Limits::default()).unwrap();
        let vocabulary = tokenizer.vocabulary();
        let asked = OwnTexts { features, pool, window: 32, vocabulary, buckets: 0 };
        onnx::own_texts(library, own, &asked).unwrap_err().code()
    };
    assert_eq!(told(Pool::Whole, "last_hidden_state"), "runtime-backbone-pooling");
    assert_eq!(told(Pool::Mean, "mask"), "runtime-backbone-pooling");
    assert_eq!(told(Pool::Mean, "pooler"), "runtime-backbone-features");
}

#[test]
fn an_encoder_of_the_users_is_served_with_its_tokenizer() {
    let project = crate::text::project("", "copies = 1\nnoise = 0.2\n");
    if !runs(&project) {
        return;
    }
    std::fs::write(project.path("words.onnx"), onnx::write(&model(encoder()))).unwrap();
    std::fs::write(project.path("tokenizer.json"), tokenizer()).unwrap();
    let recipe = std::fs::read_to_string(project.path("ingot.toml")).unwrap();
    let own = "text = \"note\"\nbackbone = { file = \"words.onnx\", tokenizer = \"tokenizer.json\", \
               features = \"last_hidden_state\", tokens = 64 }";
    let recipe = recipe.replace("text = \"note\"", own);
    std::fs::write(project.path("ingot.toml"), recipe).unwrap();
    let summary: Value = serde_json::from_str(&project.ok(&["--json", "run"])).unwrap();
    assert!(accuracy(&summary) > 0.9, "{summary}");
    assert_eq!(summary["model"]["width"], 16 + 4096, "{summary}");
    assert!(summary["model"]["backbone"].as_str().unwrap().starts_with("words.onnx (SHA-256 "));
    let page = project.path("dist/moods-0.1.0-reports/explanation-report.html");
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("未展示注意力") && page.matches("<svg class=\"wide\"").count() >= 2);

    let server = Server::start(&project, &project.package(), &["--ledger", "own.db"]);
    let (_, key) = api_key(&project, &["--ledger", "own.db"]);
    let bad = "The lamp arrived broken and late";
    let one = server.post("/api/predict", &key, &json!({ "note": bad })).json();
    assert_eq!(one["predictions"][0]["label"], "angry", "{one}");
    let answer = server.post("/api/explain", &key, &json!({ "note": bad })).json();
    let parts = answer["explanations"][0]["words"]["parts"].as_array().unwrap().clone();
    assert_eq!(parts.len(), 6, "{answer}");
    assert!(parts.iter().all(|part| part["attention"].is_null()), "{answer}");
    let body = json!({ "input": "lovely", "model": "moods" });
    let embedded = server.post("/v1/embeddings", &key, &body).json();
    let vector = embedded["data"][0]["embedding"].as_array().unwrap();
    let length: f64 = vector.iter().map(|number| number.as_f64().unwrap().powi(2)).sum();
    assert!(vector.len() == 16 && (length - 1.0).abs() < 1e-4, "{embedded}");
    drop(server);

    // A tokenizer that is another changes what texts are.
    let other = tokenizer().replace("Lowercase", "NFC");
    std::fs::write(project.path("tokenizer.json"), other).unwrap();
    let summary: Value = serde_json::from_str(&project.ok(&["--json", "run"])).unwrap();
    assert_eq!(stage(&summary, "features")["fresh"], true, "{summary}");
    std::fs::remove_file(project.path("tokenizer.json")).unwrap();
    assert!(project.fails(1, &["plan"]).contains("tokenizer.json"));
}
