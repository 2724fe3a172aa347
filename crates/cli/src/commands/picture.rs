//! `picture`: a network drawn as SVG or PNG, and its layers as a table.

use crate::args::Picture as Args;
use crate::messages::{PICTURE_FORMAT, PICTURE_INPUT, PICTURE_RANK, PICTURE_SHAPE};
use crate::{Context, render};
use ingot_base::{Fault, Result, atomic};
use ingot_runtime::onnx::{self, Dim};
use std::collections::BTreeMap;

/// Most bytes that a graph may have.
const LIMIT: u64 = 2 << 30;

pub(crate) fn picture(context: &Context, args: &Args) -> Result<()> {
    let model = onnx::read(&atomic::read(&args.model, LIMIT)?, &onnx::Limits::default())?;
    let shapes = args.shape.iter().map(|text| shape(text)).collect::<Result<BTreeMap<_, _>>>()?;
    if !shapes.is_empty() {
        fit(&onnx::summary(&model, &BTreeMap::new())?.inputs, &shapes)?;
    }
    let summary = onnx::summary(&model, &shapes)?;
    let svg = ingot_explain::network_svg(&summary);
    for path in &args.output {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("svg") => atomic::write(path, svg.as_bytes())?,
            Some("png") => atomic::write(path, &ingot_explain::network_png(&svg)?)?,
            _ => return Err(Fault::new(&PICTURE_FORMAT).arg("path", path.display())),
        }
    }
    let lines = ingot_explain::layer_lines(&summary, context.lang);
    context
        .print(&serde_json::json!(summary), &render::table(&lines, &[false, false, false, true]));
    Ok(())
}

/// `NAME=1,3,224,224`.
fn shape(text: &str) -> Result<(String, Vec<u64>)> {
    let wrong = || Fault::new(&PICTURE_SHAPE).arg("shape", text);
    let (name, dims) = text.split_once('=').ok_or_else(wrong)?;
    let size = |dim: &str| dim.trim().parse::<u64>().ok().filter(|size| *size > 0);
    let dims = dims.split(',').map(size).collect::<Option<Vec<u64>>>();
    Ok((name.to_owned(), dims.ok_or_else(wrong)?))
}

/// Whether shapes are of inputs that the network has, with as many dimensions as the network says; `inputs` is what it says.
fn fit(inputs: &[(String, Vec<Dim>)], shapes: &BTreeMap<String, Vec<u64>>) -> Result<()> {
    let one = |(name, dims): &(String, Vec<Dim>)| {
        let dims: Vec<String> =
            dims.iter().map(|dim| dim.map_or("?".to_owned(), |size| size.to_string())).collect();
        format!("{name}={}", dims.join(","))
    };
    let known = || inputs.iter().map(one).collect::<Vec<_>>().join("; ");
    for (name, shape) in shapes {
        let found = inputs.iter().find(|(input, _)| input == name);
        let (_, dims) = found
            .ok_or_else(|| Fault::new(&PICTURE_INPUT).arg("name", name).arg("known", known()))?;
        // Some graphs do not say.
        if !dims.is_empty() && dims.len() != shape.len() {
            return Err(Fault::new(&PICTURE_RANK)
                .arg("name", name)
                .arg("expected", dims.len())
                .arg("found", shape.len())
                .arg("known", known()));
        }
    }
    Ok(())
}
