//! Compression: smaller and faster networks that are measured, sealed and served, or refused; and pictures of networks.

use crate::support::{Project, Server, api_key};
use crate::vision::{Shapes, networks};
use ingot_image::png;
use ingot_runtime::onnx::proto::{
    Attribute, Dimension, Graph, Model, Node, OperatorSet, Shape, Tensor, TensorType, Type,
    ValueInfo,
};
use ingot_runtime::onnx::{self, Calibration};
use ingot_runtime::weights::{self, Tensor as Numbers};
use serde_json::Value;

#[test]
fn a_compressed_model_is_measured_sealed_and_served() {
    let shapes = Shapes::of(&["disc", "grid"]);
    if !networks(&shapes.project) {
        return;
    }
    shapes.recipe(
        "[compress]\nquantize = \"int8\"\nprune = { channels = 0.4, weights = 0.2 }\n\
         calibration = { pictures = 24 }\ntolerance = { metric = 0.2, agreement = 0.8 }\n",
    );
    let project = &shapes.project;
    let summary: Value = serde_json::from_str(&project.ok(&["--json", "run"])).unwrap();
    let found = &summary["compression"];
    let forms = found["forms"].as_array().unwrap();
    let kinds: Vec<&str> = forms.iter().map(|form| form["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["trained", "channels", "weights", "int8"]);
    let figure = |form: usize, name: &str| forms[form][name].as_f64().unwrap();
    assert!(figure(0, "agreement") >= 1.0);
    assert!(figure(1, "parameters") < 0.85 * figure(0, "parameters"), "{found}");
    assert!(figure(2, "zeros") > 0.15 * figure(2, "parameters"), "{found}");
    assert!(figure(3, "bytes") < 0.25 * figure(0, "bytes"), "{found}");
    assert!(figure(3, "maps") > 0.3, "maps of the same places: {found}");
    for cut in found["narrowed"].as_array().unwrap() {
        assert!(cut["after"].as_u64() <= cut["before"].as_u64(), "{cut}");
    }
    let page = project.path("dist/shapes-0.1.0-reports/compression-report.html");
    assert!(std::fs::read_to_string(page).unwrap().contains("压缩报告"));
    assert!(project.ok(&["trace", &project.package().display().to_string()]).contains("compress"));

    let server = Server::start(project, &project.package(), &["--ledger", "small.db"]);
    let (_, key) = api_key(project, &["--ledger", "small.db"]);
    let bearer = format!("Bearer {key}");
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "image/png")];
    for class in ["disc", "grid"] {
        let file = png(&crate::vision::picture(class, 78)).unwrap();
        let answer = server.request("POST", "/api/predict", &headers, &file).json();
        assert_eq!(answer["predictions"][0]["label"], class, "{answer}");
        // The head and the mean before it stay in 32 bits: each place has its exact share of the score still.
        let one =
            &server.request("POST", "/api/explain", &headers, &file).json()["explanations"][0];
        let cells = one["map"]["cells"].as_array().unwrap();
        let sum: f64 = cells.iter().map(|cell| cell.as_f64().unwrap()).sum();
        let (base, score) = (one["base"].as_f64().unwrap(), one["score"].as_f64().unwrap());
        let raw = (score / (1.0 - score)).ln();
        assert!(((base + sum).abs() - raw.abs()).abs() < 1e-3, "{one}");
    }
}

/// The last blocks are trained too: the exported network is the trained one, compression begins with it, and another training behind
/// the same maps does not make them anew.
#[cfg(feature = "nets")]
#[test]
fn the_last_blocks_are_trained_on_kept_maps_and_go_into_every_form() {
    let shapes = Shapes::of(&["disc", "grid"]);
    if !networks(&shapes.project) {
        return;
    }
    let recipe = |epochs: usize, more: &str| {
        shapes.recipe(&format!(
            "validation = 0.2\n[augment]\ncopies = 1\n[train]\nhead = {{ epochs = 2 }}\n\
             unfreeze = {{ blocks = 2, epochs = {epochs}, batch = 8, learning_rate = 0.0003 }}\n{more}"
        ));
    };
    recipe(1, "");
    let project = &shapes.project;
    let run = || -> Value { serde_json::from_str(&project.ok(&["--json", "run"])).unwrap() };
    let first = run();
    let unfrozen = &first["model"]["unfrozen"];
    assert_eq!(
        (unfrozen["blocks"].as_u64(), unfrozen["history"].as_array().unwrap().len()),
        (Some(2), 1)
    );
    assert_eq!(unfrozen["shape"], serde_json::json!([160, 7, 7]), "{unfrozen}");
    assert_eq!(unfrozen["convolutions"].as_array().unwrap().len(), 7);
    let rows = &first["model"]["rows"];
    let count = |name: &str| rows[name].as_u64().unwrap();
    let maps = 2 * count("train") + count("validation") + count("test");
    assert_eq!(unfrozen["bytes"].as_u64(), Some(maps * 160 * 49 * 4));
    assert!(first["model"]["parity"]["rows"].as_u64() >= Some(10), "{first}");
    let page = project.path("dist/shapes-0.1.0-reports/training-report.html");
    assert!(std::fs::read_to_string(page).unwrap().contains("冻结网络上的输出层"));
    recipe(
        3,
        "[compress]\nprune = { weights = 0.01 }\ntolerance = { metric = 0.1, agreement = 0.8 }\n",
    );
    let second = run();
    let fresh = |name: &str| crate::vision::stage(&second, name)["fresh"].as_bool().unwrap();
    assert_eq!((fresh("features"), fresh("train")), (false, true));
    let unfrozen = &second["model"]["unfrozen"];
    assert!(unfrozen["best"].as_u64() > Some(0), "{unfrozen}");
    let form = &second["compression"]["forms"][1];
    assert!(form["agreement"].as_f64() > Some(0.9) && form["maps"].as_f64() > Some(0.8), "{form}");
}

/// What validation rows say was no better is in no form, and nothing says that it was fine-tuned or distilled.
#[cfg(feature = "nets")]
#[test]
fn training_that_was_no_better_is_told_as_what_it_was() {
    let shapes = Shapes::of(&["disc", "grid"]);
    if !networks(&shapes.project) {
        return;
    }
    let project = &shapes.project;
    let run = |unfreeze: f64, distill: f64| -> Value {
        shapes.recipe(&format!(
            "validation = 0.2\n[train]\nhead = {{ epochs = 2 }}\n\
             unfreeze = {{ blocks = 1, epochs = 1, batch = 8, learning_rate = {unfreeze} }}\n\
             [compress]\nprune = {{ channels = 0.2 }}\ncalibration = {{ pictures = 8 }}\n\
             distill = {{ blocks = 1, epochs = 2, batch = 8, learning_rate = {distill} }}\n\
             tolerance = {{ metric = 0.5, agreement = 0.1 }}\n"
        ));
        serde_json::from_str(&project.ok(&["--json", "run"])).unwrap()
    };
    let kinds = |summary: &Value| -> Vec<String> {
        let forms = summary["compression"]["forms"].as_array().unwrap();
        forms.iter().map(|form| form["kind"].as_str().unwrap().to_owned()).collect()
    };
    // Steps so small that they change no weight.
    let same = run(1e-30, 1e-30);
    assert_eq!(same["model"]["unfrozen"]["best"], 0, "{same}");
    assert_eq!(same["model"]["parameters"], 1281, "the head alone: {same}");
    assert_eq!(kinds(&same), ["trained", "channels"]);
    assert_eq!(same["compression"]["distilled"]["training"]["best"], 0);
    let report = project.path("dist/shapes-0.1.0-reports/training-report.html");
    let report = std::fs::read_to_string(report).unwrap();
    assert!(report.contains("was no better on the validation rows"), "{report}");
    let open = |project: &Project| {
        String::from_utf8_lossy(&std::fs::read(project.package()).unwrap()).into_owned()
    };
    let told = open(project);
    assert!(told.contains("stays as it was, since fine-tuning its last 1 block(s) was no better"));
    for claim in [
        "were fine-tuned",
        "blocks fine-tuned",
        "frozen up to its last",
        "channels pruned, distilled",
    ] {
        assert!(!told.contains(claim), "{claim}");
    }
    // Pruning left much to be learnt again; which pass is the best hangs on the few validation rows that these keys chose.
    let learnt = run(1e-30, 1e-5);
    let helped = learnt["compression"]["distilled"]["training"]["best"] != 0;
    assert_eq!(kinds(&learnt).contains(&"distilled".to_owned()), helped, "{learnt}");
    assert_eq!(open(project).contains("channels pruned, distilled"), helped);
    shapes.recipe(
        "validation = 0.2\n[train]\nhead = { epochs = 2 }\n\
         [compress]\nprune = { channels = 0.2 }\ncalibration = { pictures = 8 }\n\
         distill = { blocks = 1, epochs = 2, batch = 8, learning_rate = 1e30 }\n",
    );
    let lost = project.fails(1, &["run"]);
    assert!(
        lost.contains("train-tune-diverged") && lost.contains("`compress.distill.learning_rate`"),
        "{lost}"
    );
}

#[test]
fn a_model_that_lost_too_much_is_refused() {
    let shapes = Shapes::of(&["disc", "grid"]);
    if !networks(&shapes.project) {
        return;
    }
    // Half of the numbers do not fit ranges such as these.
    shapes.recipe(
        "[compress]\nquantize = \"int8\"\ncalibration = { percentile = 50.1, pictures = 1 }\n\
         tolerance = { metric = 0.0, agreement = 1.0 }\n",
    );
    let output = shapes.project.ingot(&["run"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("train-compress-refused") && said.contains("int8: "), "{said}");
    assert!(!shapes.project.path("dist/shapes-0.1.0.ingot").exists());
}

/// The pretrained network on patterns: eight bits answer as 32 do, with a quarter of the bytes.
#[test]
fn the_pretrained_network_in_eight_bits_answers_as_before() {
    use ingot_pipeline::models::{Published, library};
    if !networks(&Project::empty()) {
        return;
    }
    let weights = Published::named("mobilenet-v2").unwrap().read().unwrap();
    let graph = onnx::mobilenet_v2(&weights::read_pytorch(&weights).unwrap()).unwrap();
    let graph = onnx::with_outputs(graph, &[onnx::LOGITS]);
    let how = ingot_image::Preprocess::IMAGENET;
    let input = |number: u32| {
        let class = if number.is_multiple_of(2) { "disc" } else { "grid" };
        let view = how.view(&crate::vision::picture(class, number)).unwrap();
        Numbers { shape: vec![1, 3, 224, 224], data: how.numbers(&view) }
    };
    let library = onnx::Library::load(&library()).unwrap();
    let seen: Vec<Numbers> = (0..16).map(input).collect();
    let method = Calibration::Percentile(99.95);
    let eight = |graph: &Model| {
        let observed = onnx::calibrate(library, graph, onnx::IMAGE, &seen, method, &[]).unwrap();
        onnx::write(&onnx::quantize_static(graph.clone(), &observed, &[]).unwrap())
    };
    let equal = onnx::equalise(library, graph.clone(), onnx::IMAGE, &seen, &[]).unwrap();
    let (bytes, even) = (eight(&graph), eight(&equal));
    let (plain, equal) = (onnx::write(&graph), onnx::write(&equal));
    assert!(bytes.len() * 10 < plain.len() * 3, "{} of {}", bytes.len(), plain.len());
    // The classifier alone, its input's range taken in each run.
    let dynamic = onnx::write(&onnx::quantize_dynamic(graph, &[]).unwrap());
    let sessions = [&plain, &bytes, &dynamic, &even, &equal]
        .map(|graph| onnx::Session::new(library, graph).unwrap());
    let (mut signal, mut noise) = (0.0, [0.0; 4]);
    for number in 20..28 {
        let input = input(number);
        let [first, others @ ..] = sessions.each_ref().map(|session| {
            let answer = session.run(onnx::IMAGE, &input.shape, &input.data, &[onnx::LOGITS]);
            answer.unwrap().remove(0).data
        });
        signal += first.iter().map(|number| f64::from(number * number)).sum::<f64>();
        for (noise, other) in noise.iter_mut().zip(&others) {
            let off = first.iter().zip(other).map(|(before, after)| f64::from(before - after));
            *noise += off.map(|off| off * off).sum::<f64>();
        }
    }
    let decibels = noise.map(|noise| 10.0 * (signal / noise).log10());
    assert!(decibels[0] > 10.0 && decibels[1] > 25.0, "{decibels:?} dB");
    // Channels of like size lose less to eight bits, and nothing by themselves.
    assert!(decibels[2] > decibels[0] && decibels[3] > 30.0, "{decibels:?} dB");
}

/// So many residual blocks of two convolutions.
fn residual(blocks: usize) -> Model {
    let value = |name: &str, dims: &[i64]| {
        let dim = dims.iter().map(|dim| Dimension { value: Some(*dim), name: None }).collect();
        let tensor = TensorType { element: 1, shape: Some(Shape { dim }) };
        ValueInfo { name: name.into(), kind: Some(Type { tensor: Some(tensor) }) }
    };
    let mut graph = Graph {
        name: "residual".into(),
        input: vec![value("x", &[1, 4, 8, 8])],
        output: vec![value("y", &[1, 4, 8, 8])],
        ..Graph::default()
    };
    let mut at = "x".to_owned();
    for block in 0..blocks {
        let input = at.clone();
        for (part, dims) in [("wide", [8, 4, 1, 1]), ("narrow", [4, 8, 1, 1])] {
            let name = format!("{part}{block}");
            graph.initializer.push(Tensor {
                dims: dims.to_vec(),
                data_type: 1,
                name: format!("{name}.weight"),
                raw_data: vec![0; 128],
                ..Tensor::default()
            });
            graph.node.push(Node {
                input: vec![at, format!("{name}.weight")],
                output: vec![name.clone()],
                name: name.clone(),
                op_type: "Conv".into(),
                attribute: vec![Attribute {
                    name: "kernel_shape".into(),
                    ints: vec![1, 1],
                    kind: 7,
                    ..Attribute::default()
                }],
                ..Node::default()
            });
            at = name;
        }
        let sum = if block + 1 == blocks { "y".to_owned() } else { format!("sum{block}") };
        graph.node.push(Node {
            input: vec![input, at],
            output: vec![sum.clone()],
            name: sum.clone(),
            op_type: "Add".into(),
            ..Node::default()
        });
        at = sum;
    }
    Model {
        ir_version: 8,
        graph: Some(graph),
        opset_import: vec![OperatorSet { domain: String::new(), version: 17 }],
        ..Model::default()
    }
}

#[test]
fn a_network_is_drawn_with_its_repeated_blocks_once() {
    let project = Project::empty();
    let file = |name: &str| project.path(name).display().to_string();
    std::fs::write(project.path("net.onnx"), onnx::write(&residual(50))).unwrap();
    let table = project.ok(&[
        "picture",
        &file("net.onnx"),
        "--output",
        &file("net.svg"),
        "--output",
        &file("net.png"),
    ]);
    assert!(table.contains("wide0") && table.contains("3,200"), "{table}");
    let svg = std::fs::read_to_string(project.path("net.svg")).unwrap();
    assert!(svg.contains("× 50") && svg.contains("3,200 parameters"), "{svg}");
    assert_eq!(svg.matches(">Conv 1×1<").count(), 2, "one block of fifty: {svg}");
    let drawn = std::fs::read(project.path("net.png")).unwrap();
    let drawn = ingot_image::decode(&drawn, &ingot_image::Limits::default()).unwrap();
    assert!(drawn.width() > 500 && drawn.height() < 2000, "{:?}", drawn.dimensions());
    let layers: Value =
        serde_json::from_str(&project.ok(&["--json", "picture", &file("net.onnx")])).unwrap();
    assert_eq!(layers["layers"].as_array().unwrap().len(), 150);
    assert_eq!(layers["layers"][0]["shape"], serde_json::json!([1, 8, 8, 8]));
    let wrong = project.ingot(&["picture", &file("net.onnx"), "--output", &file("net.gif")]);
    assert_eq!(wrong.status.code(), Some(2));
    let net = file("net.onnx");
    for (shape, code) in [
        ("foo=1", "cli-picture-input"),
        ("x=2,3,32", "cli-picture-rank"),
        ("x=1,4,0,8", "cli-picture-shape"),
    ] {
        let told = project.fails(2, &["picture", &net, "--shape", shape]);
        assert!(told.contains(code), "{told}");
        assert!(code == "cli-picture-shape" || told.contains("x=1,4,8,8"), "{told}");
    }
    let larger: Value =
        serde_json::from_str(&project.ok(&["--json", "picture", &net, "--shape", "x=1,4,16,16"]))
            .unwrap();
    assert_eq!(larger["layers"][0]["shape"], serde_json::json!([1, 8, 16, 16]));
}
