//! Expected: the operators' definitions in the standard, and what `PyTorch` gives for the same sizes.

use super::super::build::{Builder, text, whole, wholes};
use super::super::proto::Attribute;
use super::*;

/// The shapes of what one operation gives; `x` is given, more inputs are constants of whole numbers.
fn of(
    op: &str,
    x: &[i64],
    more: &[&[i64]],
    attributes: Vec<Attribute>,
    outputs: usize,
) -> Vec<Vec<Dim>> {
    let mut builder = Builder::new("one");
    let dims: Vec<Option<i64>> = x.iter().map(|size| (*size >= 0).then_some(*size)).collect();
    builder.input("x", &dims);
    let names: Vec<String> = (0..more.len()).map(|at| format!("c{at}")).collect();
    for (name, numbers) in names.iter().zip(more) {
        builder.wholes(name, &[i64::try_from(numbers.len()).unwrap()], numbers);
    }
    let mut inputs = vec!["x"];
    inputs.extend(names.iter().map(String::as_str));
    let outputs: Vec<String> = (0..outputs).map(|at| format!("y{at}")).collect();
    builder.node_of_many(op, &outputs, &inputs, attributes);
    let model = builder.finish();
    let found = shapes(model.graph.as_ref().unwrap(), &BTreeMap::new());
    outputs.iter().map(|name| found.get(name).cloned().unwrap_or_default()).collect()
}

fn one(op: &str, x: &[i64], more: &[&[i64]], attributes: Vec<Attribute>) -> Vec<Dim> {
    of(op, x, more, attributes, 1).remove(0)
}

fn known(dims: &[u64]) -> Vec<Dim> {
    dims.iter().copied().map(Some).collect()
}

#[test]
fn pieces_are_cut_filled_up_and_joined() {
    let image = [2, 3, 8, 9];
    assert_eq!(one("Pad", &image, &[&[0, 0, 0, 0, 0, 1, 2, -3]], vec![]), known(&[2, 4, 10, 6]));
    let pads = vec![wholes("pads", &[0, 0, 1, 1, 0, 0, 1, 1])];
    assert_eq!(one("Pad", &image, &[], pads), known(&[2, 3, 10, 11]));
    let max = i64::MAX;
    assert_eq!(
        one("Slice", &image, &[&[1, -4], &[max, max], &[1, 3]], vec![]),
        known(&[2, 2, 8, 4])
    );
    assert_eq!(
        one("Slice", &image, &[&[-1], &[i64::MIN], &[3], &[-2]], vec![]),
        known(&[2, 3, 8, 5])
    );
    assert_eq!(
        of("Split", &[4, 10], &[&[3, 7]], vec![whole("axis", 1)], 2),
        [known(&[4, 3]), known(&[4, 7])]
    );
    let even = of("Split", &[4, 10], &[], vec![whole("axis", -1)], 3);
    assert_eq!(even, [known(&[4, 4]), known(&[4, 4]), known(&[4, 2])]);
    assert_eq!(one("Gather", &[5, 6, 7], &[&[0, 2]], vec![whole("axis", 1)]), known(&[5, 2, 7]));
    assert_eq!(one("Concat", &[-1], &[&[1, 2, 3]], vec![whole("axis", 0)]), [None]);
    assert_eq!(one("Tile", &image, &[&[1, 2, 1, 3]], vec![]), known(&[2, 6, 8, 27]));
}

#[test]
fn dimensions_are_turned_added_and_taken_away() {
    let dims = [-1, 12, 4];
    assert_eq!(
        one("Transpose", &dims, &[], vec![wholes("perm", &[1, 0, 2])]),
        [Some(12), None, Some(4)]
    );
    assert_eq!(one("Reshape", &dims, &[&[0, 3, -1]], vec![]), [None, Some(3), Some(16)]);
    assert_eq!(one("Reshape", &dims, &[&[-1, 48]], vec![]), [None, Some(48)]);
    assert_eq!(one("Reshape", &[2, 6], &[&[3, -1]], vec![]), known(&[3, 4]));
    assert_eq!(one("Flatten", &[2, 3, 4], &[], vec![whole("axis", 1)]), known(&[2, 12]));
    assert_eq!(one("Unsqueeze", &[3, 4], &[&[-1, 0]], vec![]), known(&[1, 3, 4, 1]));
    assert_eq!(one("Squeeze", &[1, 3, 1], &[&[-1]], vec![]), known(&[1, 3]));
    assert_eq!(one("Squeeze", &[1, 3, 1], &[], vec![]), known(&[3]));
    assert_eq!(one("Expand", &[3, 1], &[&[2, 1, 6]], vec![]), known(&[2, 3, 6]));
    let axes = || vec![wholes("axes", &[-2, -1])];
    assert_eq!(one("ReduceMean", &[2, 3, 4], &[], axes()), known(&[2, 1, 1]));
    let gone = [axes(), vec![whole("keepdims", 0)]].concat();
    assert_eq!(one("ReduceMax", &[2, 3, 4], &[], gone), known(&[2]));
    assert_eq!(one("ReduceSum", &[2, 3, 4], &[], vec![whole("keepdims", 0)]), known(&[]));
    assert_eq!(one("ArgMax", &[2, 3], &[], vec![whole("axis", 1)]), known(&[2, 1]));
    for op in ["Erf", "LayerNormalization", "Softmax", "HardSwish", "Clip", "QuantizeLinear"] {
        assert_eq!(one(op, &dims, &[], vec![]), [None, Some(12), Some(4)], "{op}");
    }
}

#[test]
fn windows_slide_as_in_pytorch() {
    let pool = |more: Vec<Attribute>| {
        let kernel = vec![wholes("kernel_shape", &[3, 2]), wholes("strides", &[2, 2])];
        one("MaxPool", &[1, 4, 9, 10], &[], [kernel, more].concat())
    };
    assert_eq!(pool(vec![]), known(&[1, 4, 4, 5]));
    assert_eq!(pool(vec![wholes("dilations", &[2, 1])]), known(&[1, 4, 3, 5]));
    assert_eq!(pool(vec![text("auto_pad", "SAME_UPPER")]), known(&[1, 4, 5, 5]));
    let valid = vec![text("auto_pad", "VALID"), wholes("pads", &[9; 4])];
    assert_eq!(pool(valid), known(&[1, 4, 4, 5]));
    // torch.nn.MaxPool2d(2, stride=2, padding=1, ceil_mode=True) on 4 × 5 gives 3 × 3: a window that would begin in the padding behind is
    // none.
    let ceil = vec![
        wholes("kernel_shape", &[2, 2]),
        wholes("strides", &[2, 2]),
        wholes("pads", &[1; 4]),
        whole("ceil_mode", 1),
    ];
    assert_eq!(one("MaxPool", &[1, 1, 4, 5], &[], ceil), known(&[1, 1, 3, 3]));
    let image = [Some(1), Some(6), Some(7), None];
    let node = |attributes: Vec<Attribute>| Node { attribute: attributes, ..Node::default() };
    let weight = known(&[6, 4, 3, 3]);
    let turned = node(vec![
        wholes("strides", &[2, 2]),
        wholes("pads", &[1; 4]),
        wholes("output_padding", &[1, 1]),
    ]);
    assert_eq!(
        windows::turned(&turned, &image, &weight).unwrap(),
        [Some(1), Some(4), Some(14), None]
    );
    let weight = known(&[8, 6, 3, 3]);
    assert_eq!(
        windows::conv(&node(vec![]), &image, &weight).unwrap(),
        [Some(1), Some(8), Some(5), None]
    );
}

#[test]
fn products_take_stacks_and_vectors() {
    let of = |left: &[u64], right: &[u64]| matmul(&known(left), &known(right)).unwrap();
    assert_eq!(of(&[2, 1, 3, 4], &[5, 4, 6]), known(&[2, 5, 3, 6]));
    assert_eq!(of(&[4], &[4, 6]), known(&[6]));
    assert_eq!(of(&[3, 4], &[4]), known(&[3]));
}

/// What exporters write for `x.reshape(x.size(0), -1)` and for a scale of two.
#[test]
fn shapes_that_graphs_reckon_with_are_followed() {
    let mut builder = Builder::new("reckoning");
    builder.input("x", &[None, Some(3), Some(4), Some(5)]);
    builder.node("Shape", "shape", &["x"], Vec::new());
    let zero = builder.wholes("zero", &[], &[0]);
    builder.node("Gather", "rows", &["shape", &zero], Vec::new());
    let first = builder.wholes("first", &[1], &[0]);
    builder.node("Unsqueeze", "list", &["rows", &first], Vec::new());
    let rest = builder.wholes("rest", &[1], &[-1]);
    builder.node("Concat", "wanted", &["list", &rest], vec![whole("axis", 0)]);
    builder.node("Reshape", "flat", &["x", "wanted"], Vec::new());
    let scales = builder.weight("scales", &[4], &[1.0, 1.0, 2.0, 1.5]);
    builder.node("Resize", "large", &["x", "", &scales], Vec::new());
    let model = builder.finish();
    let graph = model.graph.unwrap();
    let found = shapes(&graph, &BTreeMap::new());
    assert_eq!(found["wanted"], known(&[2]));
    assert_eq!(found["flat"], [None, None]);
    assert_eq!(found["large"], [None, Some(3), Some(8), Some(7)]);
    let found = shapes(&graph, &BTreeMap::from([("x".to_owned(), vec![2, 3, 4, 5])]));
    assert_eq!(found["flat"], known(&[2, 60]));
}

/// What the graph says of values between holds for the inputs that it says, and for no others.
#[test]
fn what_a_graph_says_of_itself_does_not_hold_for_other_inputs() {
    let mut builder = Builder::new("told");
    builder.input("x", &[None, Some(4)]);
    builder.node("Unheard", "y", &["x"], Vec::new());
    let mut graph = builder.finish().graph.unwrap();
    let told = graph.input[0].kind.clone();
    graph.value_info.push(ValueInfo { name: "y".into(), kind: told });
    let of = |dims: &[u64]| {
        shapes(&graph, &BTreeMap::from([("x".to_owned(), dims.to_vec())])).get("y").cloned()
    };
    assert_eq!(of(&[7, 4]), Some(vec![None, Some(4)]));
    assert_eq!(of(&[7, 5]), None);
}

/// Every value of the graphs in eight bits has a shape.
#[test]
fn graphs_in_eight_bits_are_known_throughout() {
    use super::super::{Observed, Range, quantize_dynamic, quantize_static};
    let mut builder = Builder::new("eight");
    builder.input("x", &[None, Some(3), Some(8), Some(8)]);
    let kernel = builder.weight("c.weight", &[2, 3, 3, 3], &[0.5; 54]);
    builder.node("Conv", "c", &["x", &kernel], vec![wholes("pads", &[1; 4])]);
    builder.node("Flatten", "f", &["c"], Vec::new());
    let matrix = builder.weight("g.weight", &[128, 5], &[0.25; 640]);
    builder.node("MatMul", "y", &["f", &matrix], Vec::new());
    builder.output("y", &[None, None]);
    let model = builder.finish();
    let range = Range { low: -1.0, high: 1.0 };
    let ranges = ["x", "c", "f"].map(|name| (name.to_owned(), range)).into();
    let fixed =
        quantize_static(model.clone(), &Observed { ranges, means: [].into() }, &[]).unwrap();
    let free = quantize_dynamic(model, &[]).unwrap();
    for (model, inner) in [(fixed, "c/filled"), (free, "y/sum")] {
        let graph = model.graph.unwrap();
        let found = shapes(&graph, &BTreeMap::from([("x".to_owned(), vec![1, 3, 8, 8])]));
        for name in graph.node.iter().flat_map(|node| &node.output) {
            let dims = found.get(name).unwrap_or_else(|| panic!("{name}"));
            assert!(dims.iter().all(Option::is_some), "{name}: {dims:?}");
        }
        assert_eq!(found["y"], known(&[1, 5]));
        let expected = if inner == "y/sum" { known(&[1, 5]) } else { known(&[1, 4, 8, 8]) };
        assert_eq!(found[inner], expected);
    }
}

#[test]
fn dimensions_that_double_are_given_up() {
    let node = |from: String, to: String| Node {
        op_type: "Gather".into(),
        input: vec![from.clone(), from],
        output: vec![to],
        ..Node::default()
    };
    let graph = Graph {
        node: (0..60).map(|at| node(format!("v{at}"), format!("v{}", at + 1))).collect(),
        ..Graph::default()
    };
    let found = shapes(&graph, &[("v0".to_owned(), vec![2, 2])].into());
    assert_eq!(found["v1"].len(), 3);
    assert!(!found.contains_key("v60") && found.values().all(|dims| dims.len() <= 64));
    let many = vec![0; 2_000_000];
    assert_eq!(one("Unsqueeze", &[2], &[], vec![wholes("axes", &many)]), Vec::<Dim>::new());
}
