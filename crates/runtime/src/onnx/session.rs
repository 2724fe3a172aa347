//! ONNX Runtime: loaded from a library file when first needed, so that programs without networks do not need it.

use crate::messages::{LIBRARY_MISSING, ONNX_RUN};
use crate::weights::Tensor;
use ingot_base::{Fault, Result};
use ort::environment::Environment;
use ort::session::SessionInputValue;
use ort::session::builder::GraphOptimizationLevel;
use std::borrow::Cow;
use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};

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

/// A network, ready to answer; may be asked from many threads, which take turns.
#[derive(Debug)]
pub struct Session {
    inner: Mutex<ort::session::Session>,
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
        Ok(Self { inner: Mutex::new(session) })
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
        let value =
            ort::value::TensorRef::from_array_view((signed(shape), data)).map_err(failed)?;
        self.answer(vec![(input.into(), value.into())], outputs)
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
        let mut values = Vec::with_capacity(inputs.len());
        for (name, data) in inputs {
            let value =
                ort::value::TensorRef::from_array_view((signed(shape), *data)).map_err(failed)?;
            values.push(((*name).into(), value.into()));
        }
        self.answer(values, outputs)
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

fn signed(shape: &[usize]) -> Vec<i64> {
    shape.iter().map(|size| i64::try_from(*size).unwrap_or(i64::MAX)).collect()
}

fn failed<E: std::fmt::Display>(error: E) -> Fault {
    Fault::new(&ONNX_RUN).because(std::io::Error::other(error.to_string()))
}
