//! LightGBM as this room uses it: deterministic, on fixed threads, with folds that boost side by side.

use crate::TrainConfig;
use crate::group::Group;
use crate::loss::Loss;
use crate::messages::PROCESSES_ADDRESS;
use crate::target::class_index;
use ingot_base::{Fault, Result, Tabular, fault};
use ingot_runtime::Matrix;
use ingot_runtime::lightgbm::{Booster, Dataset, Network, Params};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, ToSocketAddrs as _};
use std::time::Instant;

/// Below this many rows threads wait for each other longer than they work.
const ONE_THREAD: usize = 10_000;

/// Rows with labels, ready to learn from.
#[derive(Debug)]
pub(crate) struct Rows {
    pub(crate) matrix: Matrix,
    pub(crate) labels: Vec<f64>,
    /// Source weights; 1 unless `_weight` says otherwise.
    pub(crate) weights: Vec<f64>,
}

impl Rows {
    pub(crate) fn select(&self, rows: &[usize]) -> Self {
        let pick =
            |values: &[f64]| rows.iter().filter_map(|&row| values.get(row).copied()).collect();
        Self {
            matrix: self.matrix.select(rows),
            labels: pick(&self.labels),
            weights: pick(&self.weights),
        }
    }
}

/// What every candidate shares.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    pub(crate) base: Params,
    pub(crate) categorical: Vec<usize>,
    /// Scores per row.
    pub(crate) classes: usize,
    /// What candidates are compared by, and its name.
    pub(crate) loss: Loss,
    pub(crate) metric: String,
    /// Per class the factor of balanced training; empty when unbalanced.
    pub(crate) class_weights: Vec<f64>,
}

impl Setup {
    pub(crate) fn new(
        config: &TrainConfig,
        classes: usize,
        categorical: Vec<usize>,
        rows: &Rows,
    ) -> Self {
        let regression = config.params.get("objective").map_or("regression", String::as_str);
        let (objective, metric) = match config.task {
            Tabular::Binary => ("binary", "binary_logloss"),
            Tabular::Multiclass => ("multiclass", "multi_logloss"),
            Tabular::Regression if regression == "regression" => ("regression", "rmse"),
            Tabular::Regression => (regression, regression),
        };
        let threads = if rows.labels.len() < ONE_THREAD { 1 } else { config.threads };
        let mut base =
            deterministic(config.seed, threads).with("objective", objective).with("metric", "none");
        if config.task == Tabular::Multiclass {
            base.set("num_class", classes);
        }
        let loss = match config.task {
            Tabular::Regression => Loss::of_regression(objective, &config.params),
            _ => Loss::Log,
        };
        let class_weights =
            if config.balance && config.task.is_classification() { balanced(rows) } else { vec![] };
        Self { base, categorical, classes, loss, metric: metric.to_owned(), class_weights }
    }

    pub(crate) fn params(&self, trial: &BTreeMap<String, String>) -> Params {
        let mut params = self.base.clone();
        for (name, value) in trial.iter().filter(|(name, _)| *name != "num_iterations") {
            params.set(name, value);
        }
        params
    }

    /// Source weights times class weights.
    fn weights(&self, rows: &Rows) -> Vec<f64> {
        let factors = self.factors(&rows.labels);
        rows.weights.iter().zip(factors).map(|(weight, factor)| weight * factor).collect()
    }

    /// Each row's class weight.
    fn factors(&self, labels: &[f64]) -> Vec<f64> {
        let factor =
            |label: &f64| self.class_weights.get(class_index(*label)).copied().unwrap_or(1.0);
        labels.iter().map(factor).collect()
    }

    /// Bins rows; `params` matters only for those that bin (`max_bin`, `min_data_in_bin`), which no candidate varies.
    pub(crate) fn dataset(
        &self,
        rows: &Rows,
        params: &Params,
        reference: Option<&Dataset>,
    ) -> Result<Dataset> {
        let weights = self.weights(rows);
        #[expect(clippy::float_cmp, reason = "weights are exactly 1 unless given")]
        let weighted = weights.iter().any(|&weight| weight != 1.0);
        let weights = weighted.then_some(weights.as_slice());
        Dataset::new(&rows.matrix, &rows.labels, weights, &self.categorical, params, reference)
    }

    /// A training part and the rows held out of it, which count without their sources' weights: those are for learning. Of the training
    /// part the group's process has its share, of the others all.
    pub(crate) fn fold(
        &self,
        train: &Rows,
        held: &Rows,
        params: &Params,
        group: &dyn Group,
    ) -> Result<Fold> {
        let train = self.dataset(train, params, None)?;
        let valid = self.dataset(held, params, Some(&train))?;
        let weights = self.factors(&held.labels);
        Ok(Fold { train: share(train, group)?, held: valid, labels: held.labels.clone(), weights })
    }
}

/// A process's share of rows in the bins of all: every so many-th, so that all shares look alike.
pub(crate) fn share(data: Dataset, group: &dyn Group) -> Result<Dataset> {
    if !group.is_many() {
        return Ok(data);
    }
    let rows: Vec<usize> = (group.rank()..data.rows()).step_by(group.size()).collect();
    data.subset(&rows)
}

/// How the processes of a group grow one forest; nothing of one process.
pub(crate) fn network(group: &dyn Group) -> Result<Option<Network>> {
    if !group.is_many() {
        return Ok(None);
    }
    let free = || -> std::io::Result<(TcpListener, u16)> {
        let held = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        let port = held.local_addr()?.port();
        Ok((held, port))
    };
    // Held until all have one: processes of one machine must not choose the same.
    let (held, port) = free().map_err(|error| fault::internal("no free port").because(error))?;
    let all = group.all_gather(format!("{port} {}", group.host()).as_bytes());
    drop(held);
    // Who came to a port that is still held would be heard by nobody.
    group.all_gather(&[]);
    let told: Vec<String> =
        all.iter().map(|one| String::from_utf8_lossy(one).into_owned()).collect();
    let addresses = addresses(&told)?;
    Network::join(&addresses, group.rank()).map(Some)
}

/// Where the processes meet that told port and machine: on one machine at its loopback address.
fn addresses(told: &[String]) -> Result<Vec<SocketAddrV4>> {
    let told: Vec<(u16, &str)> = told
        .iter()
        .filter_map(|one| one.split_once(' '))
        .filter_map(|(port, host)| Some((port.parse().ok()?, host)))
        .collect();
    let one_machine = told.iter().all(|(_, host)| told.first().is_some_and(|own| own.1 == *host));
    told.iter()
        .map(|(port, host)| {
            if one_machine {
                return Ok(SocketAddrV4::new(Ipv4Addr::LOCALHOST, *port));
            }
            let known = (*host, *port).to_socket_addrs().into_iter().flatten();
            let mut outward = known.filter_map(|address| match address {
                std::net::SocketAddr::V4(address) if !address.ip().is_loopback() => Some(address),
                _ => None,
            });
            outward.next().ok_or_else(|| Fault::new(&PROCESSES_ADDRESS).arg("host", host))
        })
        .collect()
}

/// Same data, same parameters, same seed: same trees.
fn deterministic(seed: u64, threads: usize) -> Params {
    Params::new()
        .with("deterministic", true)
        .with("force_row_wise", true)
        .with("num_threads", threads)
        .with("seed", seed % 2_147_483_647)
        .with("feature_pre_filter", false)
}

/// Per class: the factor after which all classes weigh the same.
#[expect(clippy::cast_precision_loss, reason = "class counts are small")]
fn balanced(rows: &Rows) -> Vec<f64> {
    let mut sums: Vec<f64> = Vec::new();
    for (&label, weight) in rows.labels.iter().zip(&rows.weights) {
        let class = class_index(label);
        if sums.len() <= class {
            sums.resize(class + 1, 0.0);
        }
        if let Some(sum) = sums.get_mut(class) {
            *sum += weight;
        }
    }
    let total: f64 = sums.iter().sum();
    let classes = sums.len() as f64;
    sums.into_iter().map(|sum| if sum > 0.0 { total / (classes * sum) } else { 1.0 }).collect()
}

/// A training part and the rows held out of it.
#[derive(Debug)]
pub(crate) struct Fold {
    train: Dataset,
    held: Dataset,
    labels: Vec<f64>,
    weights: Vec<f64>,
}

/// How long a candidate may boost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Rounds at most.
    pub(crate) rounds: usize,
    /// Rounds without improvement after which it stops; none boosts all rounds and takes the last.
    pub(crate) patience: Option<usize>,
    /// When to give up; none never does.
    pub(crate) deadline: Option<Instant>,
}

/// What boosting over folds found.
#[derive(Debug)]
pub(crate) struct Boosted {
    pub(crate) rounds: usize,
    pub(crate) loss: f64,
    pub(crate) error: Option<f64>,
    /// Per fold: LightGBM's scores of its held-out rows after `rounds`, class after class.
    pub(crate) scores: Vec<Vec<f64>>,
}

/// Boosts all folds round by round and stops where their mean loss is lowest. None when the deadline passed. What is decided is what the
/// group's first process decides, by its clock and its sums.
pub(crate) fn boost(
    folds: &[Fold],
    loss: Loss,
    params: &Params,
    limits: Limits,
    group: &dyn Group,
) -> Result<Option<Boosted>> {
    let mut boosters = Vec::with_capacity(folds.len());
    for fold in folds {
        let mut booster = Booster::new(&fold.train, params)?;
        booster.add_valid(&fold.held)?;
        boosters.push(booster);
    }
    let mut best: Option<Boosted> = None;
    for round in 1..=limits.rounds {
        if let Some(deadline) = limits.deadline
            && group.decided(Instant::now() >= deadline)
        {
            return Ok(None);
        }
        for booster in &mut boosters {
            booster.update()?;
        }
        if limits.patience.is_none() && round < limits.rounds {
            continue;
        }
        let scores =
            boosters.iter().map(|booster| booster.scores(1)).collect::<Result<Vec<_>>>()?;
        let losses = folds.iter().zip(&scores);
        let losses: Vec<f64> =
            losses.map(|(fold, scores)| loss.mean(scores, &fold.labels, &fold.weights)).collect();
        let (loss, error) = mean_and_error(&losses);
        let loss = group.told(loss);
        if best.as_ref().is_none_or(|best| loss < best.loss) {
            best = Some(Boosted { rounds: round, loss, error, scores });
        }
        let waited = best.as_ref().map_or(0, |best| round - best.rounds);
        if limits.patience.is_some_and(|patience| waited >= patience) {
            break;
        }
    }
    Ok(best)
}

#[expect(clippy::cast_precision_loss, reason = "a few folds")]
fn mean_and_error(values: &[f64]) -> (f64, Option<f64>) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let spread: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    let error = (values.len() > 1).then(|| (spread / (count - 1.0) / count).sqrt());
    (mean, error)
}

/// Trains a model of a fixed number of rounds; answers it with its data set still borrowed.
pub(crate) fn fit<'data>(
    data: &'data Dataset,
    params: &Params,
    rounds: usize,
) -> Result<Booster<'data>> {
    let mut booster = Booster::new(data, params)?;
    for _ in 0..rounds {
        // A round without a possible split adds nothing; another sample of rows and columns may allow one again.
        booster.update()?;
    }
    Ok(booster)
}

/// Trains with exactly these LightGBM parameters and answers the model's text. For measurements against other front ends of LightGBM: nothing
/// is searched, stopped early or calibrated.
///
/// # Errors
/// When LightGBM refuses parameters, labels or matrix.
pub fn fit_fixed(
    params: &BTreeMap<String, String>,
    rounds: usize,
    categorical: &[usize],
    matrix: &Matrix,
    labels: &[f64],
) -> Result<String> {
    let params: Params = params.clone().into_iter().collect();
    let data = Dataset::new(matrix, labels, None, categorical, &params, None)?;
    fit(&data, &params, rounds)?.to_text(rounds)
}
