//! The LightGBM library behind a safe face: data sets, boosting, scores, the text model. Built only with the feature `lightgbm`.
//!
//! Handles are neither `Send` nor `Sync`: LightGBM's log level, log callback and last error belong to a thread.
#![expect(unsafe_code, reason = "calls into LightGBM's C API; each call states why it is sound")]

use crate::Matrix;
use crate::messages::{LIGHTGBM, SHAPE};
use ingot_base::{Fault, Result};
use lightgbm3_sys as sys;
use std::collections::BTreeMap;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::fmt;
use std::marker::PhantomData;
use std::net::SocketAddrV4;
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd};
use std::ptr;
use std::sync::{Mutex, PoisonError};

const FLOAT32: c_int = sys::C_API_DTYPE_FLOAT32.cast_signed();
const FLOAT64: c_int = sys::C_API_DTYPE_FLOAT64.cast_signed();

/// LightGBM's parameters by name. It never logs; only its fatal errors it also prints itself, which no parameter prevents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Params(BTreeMap<String, String>);

impl Params {
    /// No parameter: LightGBM's defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets one parameter, replacing what it was.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.set(name, value);
        self
    }

    /// Sets one parameter, replacing what it was.
    pub fn set(&mut self, name: &str, value: impl fmt::Display) {
        self.0.insert(name.to_owned(), value.to_string());
    }

    /// The parameters in order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// One parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// LightGBM separates parameters by white space, so neither names nor values may hold any.
    fn text(&self) -> Result<CString> {
        let mut text = String::from("verbosity=-1");
        for (name, value) in &self.0 {
            let clean = |part: &str| {
                !part.is_empty()
                    && !part.contains(|c: char| c.is_whitespace() || c == '\0' || c == '=')
            };
            if !clean(name) || !clean(value) {
                return Err(fault(
                    "reading the parameters",
                    "a name or value is empty or holds white space",
                ));
            }
            text.extend([" ", name, "=", value]);
        }
        CString::new(text).map_err(|error| fault("reading the parameters", error))
    }
}

impl FromIterator<(String, String)> for Params {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

/// Binned training or validation rows with their labels.
pub struct Dataset {
    handle: sys::DatasetHandle,
    rows: usize,
    features: usize,
}

impl fmt::Debug for Dataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dataset({} × {})", self.rows, self.features)
    }
}

impl Dataset {
    /// Bins a matrix. `categorical` names the columns that hold category indices. With a `reference` the bins are taken
    /// from it, as validation rows need.
    ///
    /// # Errors
    /// When the matrix is empty or LightGBM refuses the parameters.
    pub fn new(
        matrix: &Matrix,
        labels: &[f64],
        weights: Option<&[f64]>,
        categorical: &[usize],
        params: &Params,
        reference: Option<&Self>,
    ) -> Result<Self> {
        quiet();
        let (rows, cols) = shape(matrix)?;
        same_length("labels", labels, matrix)?;
        if let Some(weights) = weights {
            same_length("weights", weights, matrix)?;
        }
        let mut params = params.clone();
        if !categorical.is_empty() {
            let columns: Vec<_> = categorical.iter().map(ToString::to_string).collect();
            params.set("categorical_feature", columns.join(","));
        }
        let params = params.text()?;
        let mut handle = ptr::null_mut();
        let reference = reference.map_or(ptr::null_mut(), |dataset| dataset.handle);
        // SAFETY: `data` holds rows × cols doubles (Matrix's invariant) and is only read during the call; `params` is
        // NUL-terminated; `reference` is null or a live handle; `handle` is a valid place for the result.
        check("binning the data", unsafe {
            sys::LGBM_DatasetCreateFromMat(
                matrix.data().as_ptr().cast(),
                FLOAT64,
                rows,
                cols,
                1,
                params.as_ptr(),
                reference,
                &raw mut handle,
            )
        })?;
        let dataset = Self { handle, rows: matrix.rows(), features: matrix.cols() };
        dataset.field(c"label", labels)?;
        if let Some(weights) = weights {
            dataset.field(c"weight", weights)?;
        }
        Ok(dataset)
    }

    /// Some of the rows, with their labels and weights, in the bins of all.
    ///
    /// # Errors
    /// When there are none, or they do not stand in order among these.
    pub fn subset(&self, rows: &[usize]) -> Result<Self> {
        const DOING: &str = "taking some of the rows";
        quiet();
        let place = |row: &usize| i32::try_from(*row).map_err(|error| fault(DOING, error));
        let places = rows.iter().map(place).collect::<Result<Vec<_>>>()?;
        let count = c_int::try_from(places.len()).map_err(|error| fault(DOING, error))?;
        let params = Params::new().text()?;
        let mut handle = ptr::null_mut();
        // SAFETY: the handle is live; `places` holds `count` indices, which LightGBM checks and copies; `params` is NUL-terminated;
        // `handle` is a valid place for the result, which owns its bins.
        check(DOING, unsafe {
            sys::LGBM_DatasetGetSubset(
                self.handle,
                places.as_ptr(),
                count,
                params.as_ptr(),
                &raw mut handle,
            )
        })?;
        Ok(Self { handle, rows: rows.len(), features: self.features })
    }

    /// How many rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    fn field(&self, name: &CStr, values: &[f64]) -> Result<()> {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "LightGBM keeps labels and weights in single precision"
        )]
        let values: Vec<f32> = values.iter().map(|&value| value as f32).collect();
        let count =
            c_int::try_from(values.len()).map_err(|error| fault("setting a field", error))?;
        // SAFETY: the handle is live, the name NUL-terminated, and `values` holds `count` floats that LightGBM copies.
        check("setting a field", unsafe {
            sys::LGBM_DatasetSetField(
                self.handle,
                name.as_ptr(),
                values.as_ptr().cast(),
                count,
                FLOAT32,
            )
        })
    }
}

impl Drop for Dataset {
    fn drop(&mut self) {
        // SAFETY: the handle came from LightGBM, is freed once, and every Booster over it borrows this value.
        unsafe { sys::LGBM_DatasetFree(self.handle) };
    }
}

/// This thread's place among the processes that grow one forest together, each from its own rows (LightGBM's data-parallel learner, over
/// its own sockets, which are neither encrypted nor authenticated). While it is held, every process boosts the same way; it is left when
/// dropped.
#[derive(Debug)]
pub struct Network {
    machines: usize,
    thread: PhantomData<*const ()>,
}

impl Network {
    /// Minutes that a process waits for another's answer.
    const PATIENCE: c_int = 120;

    /// Meets the others at their addresses, which are the same list, by rank, on all; listens at its own.
    ///
    /// # Errors
    /// When the port is taken, or another does not come.
    pub fn join(addresses: &[SocketAddrV4], rank: usize) -> Result<Self> {
        const DOING: &str = "meeting the other processes";
        quiet();
        let own = addresses.get(rank).ok_or_else(|| fault(DOING, "no address of this process"))?;
        // Told apart by their ranks: processes of one machine have one address.
        let mut machines = format!("rank={rank}");
        for address in addresses {
            machines.extend([",", &address.to_string()]);
        }
        let machines = CString::new(machines).map_err(|error| fault(DOING, error))?;
        let count = c_int::try_from(addresses.len()).map_err(|error| fault(DOING, error))?;
        // SAFETY: `machines` is NUL-terminated and only read during the call; the network belongs to this thread alone.
        let join = || unsafe {
            sys::LGBM_NetworkInit(machines.as_ptr(), c_int::from(own.port()), Self::PATIENCE, count)
        };
        check(DOING, unheard(join).map_err(|error| fault(DOING, error))?)?;
        Ok(Self { machines: addresses.len(), thread: PhantomData })
    }

    /// A training's parameters as the processes that grow one forest need them.
    #[must_use]
    pub fn params(&self, params: &Params) -> Params {
        params.clone().with("tree_learner", "data").with("num_machines", self.machines)
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // SAFETY: frees this thread's sockets; no booster uses them any more but to be dropped itself.
        unsafe { sys::LGBM_NetworkFree() };
    }
}

/// What [`Booster::predict`] computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// Scores after the objective's link.
    Score,
    /// Sums of leaves.
    Margin,
    /// TreeSHAP: one value per feature and the base, per class.
    Contributions,
}

/// A model being trained on data sets it borrows.
pub struct Booster<'data> {
    handle: sys::BoosterHandle,
    validations: c_int,
    rows: Vec<usize>,
    data: PhantomData<&'data Dataset>,
}

impl fmt::Debug for Booster<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Booster over {} rows", self.rows.first().copied().unwrap_or_default())
    }
}

impl<'data> Booster<'data> {
    /// Starts a model; nothing is trained yet.
    ///
    /// # Errors
    /// When LightGBM refuses parameters or labels.
    pub fn new(train: &'data Dataset, params: &Params) -> Result<Self> {
        quiet();
        let params = params.text()?;
        let mut handle = ptr::null_mut();
        // SAFETY: the data set is live and outlives the booster ('data); params is NUL-terminated; handle is a valid place.
        check("starting the training", unsafe {
            sys::LGBM_BoosterCreate(train.handle, params.as_ptr(), &raw mut handle)
        })?;
        Ok(Self { handle, validations: 0, rows: vec![train.rows], data: PhantomData })
    }

    /// Adds validation rows; they are numbered from 1 in [`eval`](Self::eval) and [`scores`](Self::scores).
    ///
    /// # Errors
    /// When they were not binned with the training set as reference.
    pub fn add_valid(&mut self, valid: &'data Dataset) -> Result<()> {
        // SAFETY: both handles are live, and the data set outlives the booster ('data).
        check("adding validation rows", unsafe {
            sys::LGBM_BoosterAddValidData(self.handle, valid.handle)
        })?;
        self.validations += 1;
        self.rows.push(valid.rows);
        Ok(())
    }

    /// Trains one more round. Answers whether no further split was possible.
    ///
    /// # Errors
    /// When LightGBM fails.
    pub fn update(&mut self) -> Result<bool> {
        let mut finished = 0;
        // SAFETY: the handle is live and `finished` a valid place.
        check("boosting", unsafe {
            sys::LGBM_BoosterUpdateOneIter(self.handle, &raw mut finished)
        })?;
        Ok(finished != 0)
    }

    /// Takes the last round back.
    ///
    /// # Errors
    /// When LightGBM fails.
    pub fn rollback(&mut self) -> Result<()> {
        // SAFETY: the handle is live.
        check("taking a round back", unsafe { sys::LGBM_BoosterRollbackOneIter(self.handle) })
    }

    /// Rounds trained so far.
    ///
    /// # Errors
    /// When LightGBM fails.
    pub fn iterations(&self) -> Result<usize> {
        let mut count = 0;
        // SAFETY: the handle is live and `count` a valid place.
        check("counting rounds", unsafe {
            sys::LGBM_BoosterGetCurrentIteration(self.handle, &raw mut count)
        })?;
        Ok(usize::try_from(count).unwrap_or_default())
    }

    /// The `metric` parameter's values on data set `index`: 0 for training, then the validation sets. Threads sum them in no fixed
    /// order: their last digits are not reproducible.
    ///
    /// # Errors
    /// When there is no such data set.
    pub fn eval(&self, index: usize) -> Result<Vec<f64>> {
        let data = self.data_index(index)?;
        let mut count = 0;
        // SAFETY: the handle is live and `count` a valid place.
        check("measuring", unsafe { sys::LGBM_BoosterGetEvalCounts(self.handle, &raw mut count) })?;
        let mut values = vec![0.0; usize::try_from(count).unwrap_or_default()];
        // SAFETY: `values` has room for the number of metrics LightGBM just named; `data` is in range.
        check("measuring", unsafe {
            sys::LGBM_BoosterGetEval(self.handle, data, &raw mut count, values.as_mut_ptr())
        })?;
        Ok(values)
    }

    /// The current scores (after the link) of data set `index`, without evaluating any tree again. Class after class:
    /// `out[class * rows + row]`.
    ///
    /// # Errors
    /// When there is no such data set.
    pub fn scores(&self, index: usize) -> Result<Vec<f64>> {
        let data = self.data_index(index)?;
        let mut length = 0_i64;
        // SAFETY: the handle is live, `data` in range and `length` a valid place.
        check("reading scores", unsafe {
            sys::LGBM_BoosterGetNumPredict(self.handle, data, &raw mut length)
        })?;
        let mut values = vec![0.0; usize::try_from(length).unwrap_or_default()];
        // SAFETY: `values` has the length LightGBM just named.
        check("reading scores", unsafe {
            sys::LGBM_BoosterGetPredict(self.handle, data, &raw mut length, values.as_mut_ptr())
        })?;
        Ok(values)
    }

    /// Evaluates rows with all rounds: `rows × classes`, or `rows × classes·(features + 1)` contributions.
    ///
    /// # Errors
    /// When the matrix has another number of columns than the training rows.
    pub fn predict(&self, matrix: &Matrix, output: Output) -> Result<Matrix> {
        let (rows, cols) = shape(matrix)?;
        let kind = match output {
            Output::Score => sys::C_API_PREDICT_NORMAL,
            Output::Margin => sys::C_API_PREDICT_RAW_SCORE,
            Output::Contributions => sys::C_API_PREDICT_CONTRIB,
        };
        let kind = kind.cast_signed();
        let mut length = 0_i64;
        // SAFETY: the handle is live and `length` a valid place.
        check("predicting", unsafe {
            sys::LGBM_BoosterCalcNumPredict(self.handle, rows, kind, 0, -1, &raw mut length)
        })?;
        let mut values = vec![0.0; usize::try_from(length).unwrap_or_default()];
        // SAFETY: the matrix holds rows × cols doubles, only read; `values` has the length LightGBM just named for this
        // output; LightGBM itself refuses another number of columns.
        check("predicting", unsafe {
            sys::LGBM_BoosterPredictForMat(
                self.handle,
                matrix.data().as_ptr().cast::<c_void>(),
                FLOAT64,
                rows,
                cols,
                1,
                kind,
                0,
                -1,
                c"".as_ptr(),
                &raw mut length,
                values.as_mut_ptr(),
            )
        })?;
        Matrix::new(matrix.rows(), values.len() / matrix.rows(), values)
    }

    /// The text model of the first `rounds` rounds, without the parameters section: that one names threads and paths,
    /// which are no part of the model.
    ///
    /// # Errors
    /// When LightGBM fails.
    pub fn to_text(&self, rounds: usize) -> Result<String> {
        let rounds = c_int::try_from(rounds).map_err(|error| fault("writing the model", error))?;
        let mut buffer = vec![0_u8; 1 << 20];
        loop {
            let capacity =
                i64::try_from(buffer.len()).map_err(|error| fault("writing the model", error))?;
            let mut length = 0_i64;
            // SAFETY: `buffer` has `capacity` bytes; LightGBM writes only when the text and its NUL fit.
            check("writing the model", unsafe {
                sys::LGBM_BoosterSaveModelToString(
                    self.handle,
                    0,
                    rounds,
                    0,
                    capacity,
                    &raw mut length,
                    buffer.as_mut_ptr().cast::<c_char>(),
                )
            })?;
            let length = usize::try_from(length).unwrap_or_default();
            if length <= buffer.len() {
                buffer.truncate(length.saturating_sub(1));
                let text =
                    String::from_utf8(buffer).map_err(|error| fault("writing the model", error))?;
                return Ok(without_parameters(text));
            }
            buffer.resize(length, 0);
        }
    }

    fn data_index(&self, index: usize) -> Result<c_int> {
        c_int::try_from(index)
            .ok()
            .filter(|index| *index <= self.validations)
            .ok_or_else(|| fault("choosing a data set", "there is no such data set"))
    }
}

impl Drop for Booster<'_> {
    fn drop(&mut self) {
        // SAFETY: the handle came from LightGBM and is freed once.
        unsafe { sys::LGBM_BoosterFree(self.handle) };
    }
}

fn without_parameters(mut text: String) -> String {
    if let Some(at) = text.find("\nparameters:\n") {
        text.truncate(at);
    }
    text
}

unsafe extern "C" fn discard(_: *const c_char) {}

/// LightGBM's log callback belongs to a thread; setting it again costs nothing.
fn quiet() {
    // SAFETY: `discard` has the expected signature, lives forever and touches nothing.
    unsafe { sys::LGBM_RegisterLogCallback(Some(discard)) };
}

/// Does what LightGBM does in a thread of its own, whose log nothing silences: while it works, the process's standard output goes nowhere.
fn unheard<T>(work: impl FnOnce() -> T) -> std::io::Result<T> {
    /// Who works now, and where the output went before the first came.
    static KEPT: Mutex<(usize, Option<OwnedFd>)> = Mutex::new((0, None));
    let kept = || KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    {
        let mut kept = kept();
        if kept.1.is_none() {
            let own = std::io::stdout().as_fd().try_clone_to_owned()?;
            output_to(std::fs::File::options().write(true).open("/dev/null")?.as_fd())?;
            kept.1 = Some(own);
        }
        kept.0 += 1;
    }
    let done = work();
    let mut kept = kept();
    kept.0 -= 1;
    if kept.0 == 0
        && let Some(own) = kept.1.take()
    {
        output_to(own.as_fd())?;
    }
    Ok(done)
}

/// Makes a descriptor the process's standard output.
fn output_to(target: BorrowedFd<'_>) -> std::io::Result<()> {
    const OUTPUT: c_int = 1;
    // SAFETY: `target` is open; standard output becomes a copy of it in one step, and is never without a file.
    match unsafe { libc::dup2(target.as_raw_fd(), OUTPUT) } {
        -1 => Err(std::io::Error::last_os_error()),
        _ => Ok(()),
    }
}

fn check(doing: &'static str, code: c_int) -> Result<()> {
    if code == 0 {
        return Ok(());
    }
    // SAFETY: LightGBM answers a NUL-terminated text of this thread that stays valid until its next failure.
    let cause = unsafe { CStr::from_ptr(sys::LGBM_GetLastError()) }.to_string_lossy().into_owned();
    Err(fault(doing, cause))
}

fn fault(doing: &'static str, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Fault {
    Fault::new(&LIGHTGBM).arg("doing", doing).because(cause)
}

fn shape(matrix: &Matrix) -> Result<(i32, i32)> {
    match (i32::try_from(matrix.rows()), i32::try_from(matrix.cols())) {
        (Ok(rows), Ok(cols)) if rows > 0 && cols > 0 => Ok((rows, cols)),
        _ => Err(Fault::new(&SHAPE)
            .arg("found", format_args!("{} × {} values", matrix.rows(), matrix.cols()))
            .arg("expected", "at least one row and one column, at most 2147483647")),
    }
}

fn same_length(what: &str, values: &[f64], matrix: &Matrix) -> Result<()> {
    if values.len() == matrix.rows() {
        return Ok(());
    }
    Err(Fault::new(&SHAPE)
        .arg("found", format_args!("{} {what}", values.len()))
        .arg("expected", format_args!("{} {what}", matrix.rows())))
}
