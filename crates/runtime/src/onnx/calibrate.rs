//! The ranges of a graph's values on real inputs.

use super::FLOAT;
use super::proto::{Model, TensorType, Type, ValueInfo};
use super::quantize::Plan;
use super::ranges::{Calibration, Channels, Extent, Histogram, Observed, Range};
use super::session::{Library, Session};
use super::write;
use crate::messages::{CALIBRATION_EMPTY, ONNX_INVALID};
use crate::weights::Tensor;
use ingot_base::{Fault, Result};

/// Runs the graph on inputs of its one input `name` and finds the range and the channels' means of every value that
/// [`quantize_static`](super::quantize_static) with the same `keep` needs. Inputs are taken one after another; with
/// [`Calibration::MinMax`] once, else twice.
///
/// # Errors
/// When there are no inputs, or the graph does not run.
pub fn calibrate(
    library: &Library,
    model: &Model,
    name: &str,
    inputs: &[Tensor],
    method: Calibration,
    keep: &[&str],
) -> Result<Observed> {
    if inputs.is_empty() {
        return Err(Fault::new(&CALIBRATION_EMPTY));
    }
    let graph = model
        .graph
        .as_ref()
        .ok_or_else(|| Fault::new(&ONNX_INVALID).arg("detail", "it holds no graph"))?;
    let values: Vec<String> = Plan::of(graph, keep).values.into_iter().collect();
    let (outer, inner): (Vec<String>, Vec<String>) =
        values.into_iter().partition(|value| value == name);
    let probe = Probe::new(library, model, &inner)?;
    let names: Vec<String> = inner.into_iter().chain(outer).collect();
    let mut extents = vec![Extent::default(); names.len()];
    let mut channels = vec![Channels::default(); names.len()];
    for input in inputs {
        let seen = probe.look(name, input)?;
        for ((extent, channels), tensor) in
            extents.iter_mut().zip(&mut channels).zip(seen.iter().chain([input]))
        {
            extent.add(&tensor.data);
            channels.add(&tensor.shape, &tensor.data);
        }
    }
    let plain = |extent: &Extent| Range { low: extent.low, high: extent.high };
    let mut ranges: Vec<Range> = extents.iter().map(plain).collect();
    if method != Calibration::MinMax {
        let mut histograms: Vec<Histogram> = extents.into_iter().map(Histogram::new).collect();
        for input in inputs {
            let seen = probe.look(name, input)?;
            for (histogram, tensor) in histograms.iter_mut().zip(seen.iter().chain([input])) {
                histogram.add(&tensor.data);
            }
        }
        ranges = histograms.iter().map(|histogram| histogram.range(method)).collect();
    }
    Ok(Observed {
        ranges: names.iter().cloned().zip(ranges).collect(),
        means: names.into_iter().zip(channels.iter().map(Channels::means)).collect(),
    })
}

/// A graph whose inner values can be seen.
#[derive(Debug)]
pub(super) struct Probe {
    session: Session,
    values: Vec<String>,
}

impl Probe {
    pub(super) fn new(library: &Library, model: &Model, values: &[String]) -> Result<Self> {
        let mut model = model.clone();
        if let Some(graph) = &mut model.graph {
            graph.output = values.iter().map(|value| seen(value)).collect();
            super::edit::sweep(graph);
        }
        Ok(Self { session: Session::new(library, &write(&model))?, values: values.to_vec() })
    }

    /// The values in order.
    pub(super) fn look(&self, name: &str, input: &Tensor) -> Result<Vec<Tensor>> {
        let values: Vec<&str> = self.values.iter().map(String::as_str).collect();
        self.session.run(name, &input.shape, &input.data, &values)
    }
}

/// A value of 32-bit numbers of whatever shape.
fn seen(name: &str) -> ValueInfo {
    let tensor = TensorType { element: FLOAT, shape: None };
    ValueInfo { name: name.to_owned(), kind: Some(Type { tensor: Some(tensor) }) }
}
