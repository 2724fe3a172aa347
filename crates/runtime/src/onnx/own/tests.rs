use super::super::proto::OperatorSet;
use super::*;

/// A convolution, its mean over the picture and a classifier on it.
fn small() -> Graph {
    let mut builder = Builder::new("small");
    builder.input("pixels", &[Some(1), Some(3), Some(8), Some(8)]);
    let weight = builder.weight("head.weight", &[2, 3, 1, 1], &[0.5, -1.0, 0.25, 1.0, 0.0, -0.5]);
    builder.node("Conv", "map", &["pixels", &weight], Vec::new());
    builder.node("Relu", "head.0", &["map"], Vec::new());
    builder.node("GlobalAveragePool", "mean", &["head.0"], Vec::new());
    builder.node("Flatten", "flat", &["mean"], vec![whole("axis", 1)]);
    let classes = builder.weight("classes", &[2, 1], &[1.0, 1.0]);
    builder.node("MatMul", "scores", &["flat", &classes], Vec::new());
    builder.output("scores", &[None, Some(1)]);
    builder.into_graph()
}

fn model(graph: Graph) -> Model {
    let set = OperatorSet { domain: String::new(), version: 17 };
    Model { ir_version: 7, graph: Some(graph), opset_import: vec![set], ..Model::default() }
}

fn refused(change: impl FnOnce(&mut Model)) -> Fault {
    let mut model = model(small());
    change(&mut model);
    read_own(&write(&model), &Limits::default()).unwrap_err()
}

fn node(model: &mut Model, at: usize) -> &mut Node {
    &mut model.graph.as_mut().unwrap().node[at]
}

#[test]
fn operators_stand_in_order_and_each_once() {
    assert!(OPERATORS.is_sorted_by(|one, other| one < other));
}

#[test]
fn what_is_not_of_the_standard_is_refused_by_name() {
    let told = refused(|model| node(model, 1).domain = "com.example".into());
    assert_eq!(told.code(), "runtime-backbone-operator");
    assert!(told.to_string().contains("com.example:Relu"), "{told}");
    let told = refused(|model| node(model, 1).op_type = "Teleport".into());
    assert!(told.to_string().contains("ai.onnx:Teleport"), "{told}");
    let told = refused(|model| node(model, 1).op_type = "RandomNormalLike".into());
    assert_eq!(told.code(), "runtime-backbone-operator");
    let told = refused(|model| model.opset_import[0].version = 9);
    assert_eq!(told.code(), "runtime-backbone-opset");
    let outside = Tensor { data_location: 1, data_type: 1, ..Tensor::default() };
    let own = super::super::proto::Attribute {
        name: "value".into(),
        t: Some(outside.clone()),
        kind: 4,
        ..Default::default()
    };
    let told = refused(|model| node(model, 1).attribute.push(own));
    assert_eq!(told.code(), "runtime-onnx-invalid");
    let told = refused(|model| model.graph.as_mut().unwrap().initializer.push(outside));
    assert!(told.to_string().contains("another file"), "{told}");
}

#[test]
fn whole_numbers_are_divided_by_safe_constants_alone() {
    let divided = |by: Option<i64>| {
        let mut builder = Builder::new("division");
        builder.input_wholes("wholes", &[Some(2)]);
        if let Some(by) = by {
            let own = super::super::proto::Attribute {
                name: "value".into(),
                t: Some(Tensor {
                    data_type: WHOLE,
                    raw_data: by.to_le_bytes().to_vec(),
                    ..Tensor::default()
                }),
                kind: 4,
                ..Default::default()
            };
            builder.node("Constant", "by", &[], vec![own]);
        }
        let by = if by.is_some() { "by" } else { "wholes" };
        builder.node("Div", "divided", &["wholes", by], Vec::new());
        builder.output("divided", &[Some(2)]);
        let found = read_own(&write(&model(builder.into_graph())), &Limits::default());
        found.map(|_| ()).map_err(|fault| fault.code())
    };
    assert_eq!(divided(Some(2)), Ok(()));
    for bad in [Some(-1), Some(0), None] {
        assert_eq!(divided(bad), Err("runtime-backbone-division"), "{bad:?}");
    }
}

#[test]
fn a_value_that_is_not_there_is_told_with_those_that_are() {
    let told = named(&small(), "Flatten_0").unwrap_err();
    assert_eq!(told.code(), "runtime-backbone-features");
    assert_eq!(told.key_path(), Some("train.backbone.features"));
    assert_eq!(candidates(&small(), "flat_1"), ["scores", "flat", "mean", "head.0", "map"]);
    // What goes in is no feature.
    assert!(named(&small(), "pixels").is_err() && named(&small(), "head.weight").is_err());
}

#[test]
fn names_that_mean_something_here_are_the_users_no_more() {
    let mut graph = small();
    let changed = rename(&mut graph, &BTreeMap::from([("pixels", IMAGE)]));
    assert_eq!(changed["map"], "own.map");
    assert_eq!(graph.node[0].input, ["image", "own.head.weight"]);
    assert_eq!(graph.node[1].output, ["own.head.0"]);
    let read = read_own(&write(&model(small())), &Limits::default()).unwrap();
    let names: Vec<&str> =
        read.graph.as_ref().unwrap().node.iter().map(|node| node.name.as_str()).collect();
    assert!(names.iter().all(|name| !is_ours(name) || name.starts_with(OWN)), "{names:?}");
}

#[test]
fn constants_that_are_operations_become_constants() {
    let mut graph = small();
    let tensor = Tensor {
        dims: vec![1],
        data_type: FLOAT,
        raw_data: 2.0_f32.to_le_bytes().to_vec(),
        ..Tensor::default()
    };
    let value = super::super::proto::Attribute {
        name: "value".into(),
        t: Some(tensor),
        kind: 4,
        ..Default::default()
    };
    let constant = Node {
        output: vec!["two".into()],
        op_type: "Constant".into(),
        attribute: vec![value],
        ..Node::default()
    };
    let shared = Node {
        input: vec!["two".into()],
        output: vec!["again".into()],
        op_type: "Identity".into(),
        ..Node::default()
    };
    graph.node.insert(0, constant);
    graph.node.insert(1, shared);
    let read = read_own(&write(&model(graph)), &Limits::default()).unwrap();
    let graph = read.graph.unwrap();
    let left = |node: &Node| !matches!(node.op_type.as_str(), "Constant" | "Identity");
    assert!(graph.node.iter().all(left));
    for name in ["two", "again"] {
        assert!(graph.initializer.iter().any(|tensor| tensor.name == name), "{name}");
    }
}

#[test]
fn the_map_behind_a_mean_is_found_and_checked() {
    assert_eq!(pooled(&small(), "flat").as_deref(), Some("head.0"));
    assert_eq!(pooled(&small(), "scores"), None);
    let tensor = |shape: &[usize], data: &[f32]| weights::Tensor {
        shape: shape.to_vec(),
        data: data.to_vec(),
    };
    let map = tensor(&[1, 2, 1, 2], &[1.0, 3.0, 0.0, -2.0]);
    assert!(is_mean(&tensor(&[1, 2], &[2.0, -1.0]), &map));
    assert!(!is_mean(&tensor(&[1, 2], &[2.0, 1.0]), &map));
    let found = [tensor(&[1, 2], &[2.0, -1.0]), map];
    let mut graph = small();
    join_pictures(&mut graph, ("flat", Some("head.0")), &found).unwrap();
    let outputs: Vec<&str> = graph.output.iter().map(|own| own.name.as_str()).collect();
    assert_eq!(outputs, [MAP, FEATURES]);
    assert_eq!(graph.node.last().unwrap().output, [FEATURES], "nothing behind the features");
    let mut graph = small();
    let wrong = [tensor(&[1, 2, 3], &[0.0; 6])];
    let told = join_pictures(&mut graph, ("flat", None), &wrong).unwrap_err();
    assert_eq!(told.code(), "runtime-backbone-shape");
}

#[test]
fn inputs_of_another_type_and_inputs_too_many_are_told() {
    let mut graph = small();
    graph.node[1].input[0] = "mask".into();
    let told = needs_no_more(&graph, &["pixels"]).unwrap_err();
    assert!(told.to_string().contains("mask"), "{told}");
    let mut value = small().input.remove(0);
    value.kind.as_mut().unwrap().tensor.as_mut().unwrap().element = 10;
    let told = element(&value, &[FLOAT]).unwrap_err();
    assert!(told.to_string().contains("float16"), "{told}");
}

#[test]
fn a_graph_of_texts_is_written_whole() {
    let mut builder = Builder::new("texts");
    builder.input_wholes(TOKENS, &[None, None]);
    let words = Vocabulary { known: 10, unknown: 1, padding: 0, zero: 99 };
    prelude(&mut builder, words);
    feed(&mut builder, Source::Ids, "input_ids", INT32);
    let table = builder.weight("table", &[10, 4], &[0.5; 40]);
    builder.node("Gather", "hidden", &[&table, "input_ids"], Vec::new());
    vector(&mut builder, "hidden", Pool::Mean, 4);
    joined(&mut builder, 4, 8);
    let mut graph = builder.into_graph();
    sweep(&mut graph);
    let read = read(&write(&model(graph)), &Limits::default()).unwrap();
    let outputs = read.graph.unwrap().output;
    let names: Vec<&str> = outputs.iter().map(|own| own.name.as_str()).collect();
    assert_eq!(names, [EMBEDDING, FEATURES]);
    let tokens = made_up_tokens([2, 5], words);
    assert_eq!(tokens, [9, 99, 1, 1, 1, 9, 99, 1, 1, 0]);
}
