//! ONNX Runtime: loaded from a library file when first needed, so that programs without networks do not need it.

use crate::messages::{LIBRARY_MISSING, ONNX_RUN};
use crate::weights::Tensor;
use ingot_base::{Fault, Result};
use ort::environment::Environment;
use ort::session::SessionInputValue;
use ort::session::builder::GraphOptimizationLevel;
use std::borrow::Cow;
use std::ops::Range;
use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};

/// What the names of operators begin with that take one range over everything they are given in a run.
const RANGED: &[u8] = b"DynamicQuantize";

/// The loaded library, one for the whole program.
#[derive(Debug)]
pub struct Library {
    environment: Environment,
}

impl Library {
    /// Loads the library. Once: later calls give the same, whatever file they name.
    ///
    /// # Errors
    /// When the file is missing or is no ONNX Runtime; the fault tells how to get it.
    pub fn load(file: &Path) -> Result<&'static Self> {
        static LOADED: OnceLock<Library> = OnceLock::new();
        static LOADING: Mutex<()> = Mutex::new(());
        let _one = LOADING.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(library) = LOADED.get() {
            return Ok(library);
        }
        let missing = |error: String| {
            Fault::new(&LIBRARY_MISSING)
                .arg("path", file.display())
                .because(std::io::Error::other(error))
        };
        if !file.is_file() {
            return Err(missing("no such file".into()));
        }
        let builder = ort::init_from(file).map_err(|error| missing(error.to_string()))?;
        let environment =
            builder.with_telemetry(false).build().map_err(|error| missing(error.to_string()))?;
        Ok(LOADED.get_or_init(|| Self { environment }))
    }
}

/// A network, ready to answer; may be asked from many threads, which take turns. A row's answer is the same, bit for bit, whatever
/// rows are asked with it: a graph that takes one range over all that it is given in a run is given one row in each.
#[derive(Debug)]
pub struct Session {
    inner: Mutex<ort::session::Session>,
    alone: bool,
}

impl Session {
    /// Makes a network of a file's bytes. It works on the caller's thread: whoever has more cores makes more of them.
    ///
    /// # Errors
    /// When ONNX Runtime refuses the graph.
    pub fn new(library: &Library, model: &[u8]) -> Result<Self> {
        let build = || {
            let builder = ort::session::Session::builder(&library.environment)?;
            let builder = builder.with_optimization_level(GraphOptimizationLevel::All)?;
            let mut builder = builder.with_intra_threads(1)?;
            builder.commit_from_memory(model)
        };
        let session = build().map_err(failed)?;
        Ok(Self { inner: Mutex::new(session), alone: ranged(model) })
    }

    /// Whether rows are evaluated one at a time. Padding would change their answers too: whoever has rows of several lengths asks
    /// for each by itself.
    pub fn alone(&self) -> bool {
        self.alone
    }

    /// Runs the network on one input; gives the outputs in the order asked for.
    ///
    /// # Errors
    /// When the input has another shape than the graph takes, or the run fails.
    pub fn run(
        &self,
        input: &str,
        shape: &[usize],
        data: &[f32],
        outputs: &[&str],
    ) -> Result<Vec<Tensor>> {
        self.rows(shape, &[data.len()], |shape, part| {
            let data = data.get(part).unwrap_or_default();
            let value =
                ort::value::TensorRef::from_array_view((signed(shape), data)).map_err(failed)?;
            self.answer(vec![(input.into(), value.into())], outputs)
        })
    }

    /// As [`Self::run`], on one input of whole numbers.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn run_wholes(
        &self,
        input: &str,
        shape: &[usize],
        data: &[i64],
        outputs: &[&str],
    ) -> Result<Vec<Tensor>> {
        self.run_several(&[(input, data)], shape, outputs)
    }

    /// As [`Self::run`], on several inputs of whole numbers, all of one shape.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn run_several(
        &self,
        inputs: &[(&str, &[i64])],
        shape: &[usize],
        outputs: &[&str],
    ) -> Result<Vec<Tensor>> {
        let lengths: Vec<usize> = inputs.iter().map(|(_, data)| data.len()).collect();
        self.rows(shape, &lengths, |shape, part| {
            let mut values = Vec::with_capacity(inputs.len());
            for (name, data) in inputs {
                let data = data.get(part.clone()).unwrap_or_default();
                let value = ort::value::TensorRef::from_array_view((signed(shape), data))
                    .map_err(failed)?;
                values.push(((*name).into(), value.into()));
            }
            self.answer(values, outputs)
        })
    }

    /// One run for all rows, or one for each where a row's answer would otherwise hang on the rows beside it. `run` is told the shape and
    /// the place of the numbers of a run.
    fn rows(
        &self,
        shape: &[usize],
        lengths: &[usize],
        run: impl Fn(&[usize], Range<usize>) -> Result<Vec<Tensor>>,
    ) -> Result<Vec<Tensor>> {
        let size: usize = shape.iter().product();
        if let Some(length) = lengths.iter().find(|length| **length != size) {
            return Err(failed(format!("{length} numbers for the shape {shape:?}")));
        }
        let (count, inner) = match shape {
            [count, inner @ ..] if self.alone && *count > 1 => (*count, inner),
            _ => return run(shape, 0..size),
        };
        let one: Vec<usize> = std::iter::once(1).chain(inner.iter().copied()).collect();
        let row = size / count;
        let mut all = run(&one, 0..row)?;
        for at in 1..count {
            let own = run(&one, at * row..(at + 1) * row)?;
            all.iter_mut().zip(own).try_for_each(|(all, own)| joined(all, own))?;
        }
        Ok(all)
    }

    fn answer(
        &self,
        inputs: Vec<(Cow<'_, str>, SessionInputValue<'_>)>,
        outputs: &[&str],
    ) -> Result<Vec<Tensor>> {
        let mut session = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let answers = session.run(inputs).map_err(failed)?;
        outputs
            .iter()
            .map(|name| {
                let answer = answers.get(*name).ok_or_else(|| {
                    Fault::new(&ONNX_RUN)
                        .because(std::io::Error::other(format!("no output {name}")))
                })?;
                let (shape, data) = answer.try_extract_tensor::<f32>().map_err(failed)?;
                let shape =
                    shape.iter().map(|size| usize::try_from(*size).unwrap_or_default()).collect();
                Ok(Tensor { shape, data: data.to_vec() })
            })
            .collect()
    }
}

/// Whether an operation takes one range over everything it is given in a run. The operator's name is looked for as text, since a graph
/// of some hundred megabytes is not read again for it.
fn ranged(model: &[u8]) -> bool {
    memchr::memmem::find(model, RANGED).is_some()
}

/// Puts the answer for one more row behind those before it.
fn joined(all: &mut Tensor, own: Tensor) -> Result<()> {
    match (all.shape.split_first_mut(), own.shape.split_first()) {
        (Some((count, inner)), Some((1, of_one))) if *inner == *of_one => {
            *count += 1;
            all.data.extend(own.data);
            Ok(())
        }
        _ => Err(failed("an output has no row for each row that goes in")),
    }
}

fn signed(shape: &[usize]) -> Vec<i64> {
    shape.iter().map(|size| i64::try_from(*size).unwrap_or(i64::MAX)).collect()
}

fn failed<E: std::fmt::Display>(error: E) -> Fault {
    Fault::new(&ONNX_RUN).because(std::io::Error::other(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::super::build::Builder;
    use super::super::{quantize_dynamic, write};
    use super::*;

    #[test]
    fn graphs_with_ranges_by_run_are_told_from_others() {
        let mut builder = Builder::new("one");
        builder.input("x", &[None, Some(2)]);
        let weight = builder.weight("w", &[2, 1], &[1.0, -2.0]);
        builder.node("MatMul", "y", &["x", &weight], Vec::new());
        builder.output("y", &[None, Some(1)]);
        let model = builder.finish();
        assert!(!ranged(&write(&model)));
        assert!(ranged(&write(&quantize_dynamic(model, &[]).unwrap())));
    }

    #[test]
    fn answers_for_single_rows_become_one() {
        let row = |data: &[f32]| Tensor { shape: vec![1, data.len()], data: data.to_vec() };
        let mut all = row(&[1.0, 2.0]);
        joined(&mut all, row(&[3.0, 4.0])).unwrap();
        assert_eq!(all, Tensor { shape: vec![2, 2], data: vec![1.0, 2.0, 3.0, 4.0] });
        assert!(joined(&mut all, row(&[5.0])).is_err(), "a row of another width");
        assert!(joined(&mut all, Tensor { shape: Vec::new(), data: vec![1.0] }).is_err());
    }
}
