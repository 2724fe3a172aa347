//! The search for parameters: a fixed seeded sequence of candidates, each boosted on the same held-out rows.

use crate::TrainConfig;
use crate::engine::{Boosted, Fold, Limits, Setup, boost, network};
use crate::group::Group;
use crate::messages::{BUDGET, BUDGET_FIRST};
use crate::outcome::{Search, Trial};
use ingot_base::Rng;
use ingot_base::{Fault, Reporter, Result, crash};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// LightGBM's own number of rounds.
const DEFAULT_ROUNDS: usize = 100;
const MAX_ROUNDS: usize = 1000;

/// What was tried, and what the winner scored on held-out rows.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) search: Search,
    pub(crate) winner: Boosted,
}

impl Found {
    pub(crate) fn trial(&self) -> &Trial {
        // `search` always holds the winner it names.
        self.search.trials.get(self.search.chosen).unwrap_or(&NO_TRIAL)
    }
}

static NO_TRIAL: Trial = Trial { params: BTreeMap::new(), rounds: 1, loss: f64::NAN, error: None };

/// The candidates by index: 0 is LightGBM's defaults with its 100 rounds, 1 the same with early stopping, the others are drawn.
/// Parameters the user set hold in every one.
pub(crate) fn candidates(config: &TrainConfig, rows: usize) -> Vec<BTreeMap<String, String>> {
    let mut rng = Rng::new(config.seed, "candidates");
    let mut all = Vec::with_capacity(config.trials);
    for index in 0..config.trials {
        let mut params = if index < 2 { BTreeMap::new() } else { draw(&mut rng, rows) };
        params.extend(config.params.iter().map(|(name, value)| (name.clone(), value.clone())));
        all.push(params);
    }
    all
}

fn draw(rng: &mut Rng, rows: usize) -> BTreeMap<String, String> {
    #[expect(clippy::cast_precision_loss, reason = "a bound on leaf sizes")]
    let largest_leaf = (rows as f64 / 20.0).clamp(6.0, 200.0);
    let depth = [-1, 3, 4, 5, 6, 8].get(rng.below(6)).copied().unwrap_or(-1);
    let sometimes = |on: bool, value: f64| if on { value } else { 0.0 };
    let mut params = BTreeMap::new();
    let mut set = |name: &str, value: String| {
        params.insert(name.to_owned(), value);
    };
    set("learning_rate", short(rng.log_between(0.03, 0.2)));
    set("num_leaves", whole(rng.log_between(4.0, 128.0)));
    set("max_depth", depth.to_string());
    set("min_data_in_leaf", whole(rng.log_between(5.0, largest_leaf)));
    set("feature_fraction", short(rng.between(0.4, 1.0)));
    set("bagging_fraction", short(rng.between(0.5, 1.0)));
    set("bagging_freq", "1".to_owned());
    set("lambda_l2", short(rng.log_between(0.001, 30.0)));
    let (on, value) = (rng.below(2) == 1, rng.log_between(0.001, 5.0));
    set("lambda_l1", short(sometimes(on, value)));
    let (on, value) = (rng.below(2) == 1, rng.log_between(0.001, 1.0));
    set("min_gain_to_split", short(sometimes(on, value)));
    set("cat_smooth", short(rng.log_between(1.0, 60.0)));
    set("cat_l2", short(rng.log_between(0.5, 50.0)));
    let (on, value) = (rng.below(3) == 0, rng.log_between(0.5, 20.0));
    set("path_smooth", short(sometimes(on, value)));
    params
}

/// Four decimals: what the report shows is exactly what ran.
fn short(value: f64) -> String {
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn whole(value: f64) -> String {
    format!("{value:.0}")
}

/// How long candidate `index` may boost.
fn limits(
    config: &TrainConfig,
    index: usize,
    params: &BTreeMap<String, String>,
    deadline: Instant,
) -> Limits {
    let fixed: Option<usize> =
        config.params.get("num_iterations").and_then(|text| text.parse().ok());
    if index == 0 {
        return Limits { rounds: fixed.unwrap_or(DEFAULT_ROUNDS), patience: None, deadline: None };
    }
    let rate: f64 = params.get("learning_rate").and_then(|text| text.parse().ok()).unwrap_or(0.1);
    // A slower learner needs longer to show that it has stopped improving.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to 25 … 100"
    )]
    let patience = (3.0 / rate).clamp(25.0, 100.0) as usize;
    Limits {
        rounds: fixed.unwrap_or(MAX_ROUNDS),
        patience: Some(patience),
        deadline: Some(deadline),
    }
}

/// A time in seconds, as a person reads it.
pub(crate) fn seconds(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 10.0 { format!("{seconds:.1}") } else { format!("{seconds:.0}") }
}

/// Tries the candidates in order until all are done or the budget is over. The winner has the lowest loss on held-out rows; a
/// candidate that does not beat LightGBM's defaults there never wins. The processes of a group boost together.
pub(crate) fn run(
    config: &TrainConfig,
    setup: &Setup,
    folds: &[Fold],
    rows: usize,
    reporter: &dyn Reporter,
    group: &dyn Group,
) -> Result<Found> {
    let network = network(group)?;
    let begun = Instant::now();
    let deadline = begun + config.budget;
    let planned = candidates(config, rows);
    let mut trials: Vec<Trial> = Vec::with_capacity(planned.len());
    let mut best: Option<(usize, Boosted)> = None;
    let (mut budget_cut, mut over) = (false, false);
    for (index, params) in planned.iter().enumerate() {
        let limits = limits(config, index, params, deadline);
        let own = setup.params(params);
        let own = network.as_ref().map_or_else(|| own.clone(), |network| network.params(&own));
        let boosted = boost(folds, setup.loss, &own, limits, group)?;
        let Some(boosted) = boosted else {
            budget_cut = true;
            // Of a first trial that took more than all, that was said already.
            if !over {
                let cut = Fault::new(&BUDGET).arg("done", index).arg("planned", planned.len());
                reporter.warn(&cut);
            }
            break;
        };
        crash::point("train-mid");
        if index == 0 && begun.elapsed() > config.budget {
            over = true;
            // Not cut short: where it stopped would depend on the machine.
            let first = Fault::new(&BUDGET_FIRST).arg("seconds", seconds(begun.elapsed()));
            reporter.warn(&first.arg("budget", seconds(config.budget)));
        }
        trials.push(Trial {
            params: params.clone(),
            rounds: boosted.rounds,
            loss: boosted.loss,
            error: boosted.error,
        });
        if best.as_ref().is_none_or(|(_, best)| boosted.loss < best.loss) {
            best = Some((index, boosted));
        }
        reporter.advance(1);
    }
    let (chosen, winner) =
        best.ok_or_else(|| ingot_base::fault::internal("the search tried nothing"))?;
    let metric = setup.metric.clone();
    Ok(Found {
        search: Search { metric, trials, chosen, planned: planned.len(), budget_cut },
        winner,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ingot_base::Tabular;

    #[test]
    fn the_sequence_is_fixed_by_the_seed_and_starts_with_the_defaults() {
        let mut config = TrainConfig::new(Tabular::Binary, "y");
        config.trials = 6;
        let all = candidates(&config, 1000);
        assert!(all[0].is_empty() && all[1].is_empty());
        assert_eq!(all, candidates(&config, 1000));
        config.trials = 4;
        assert_eq!(
            all[..4],
            candidates(&config, 1000),
            "a shorter search is the start of a longer one"
        );
        config.params.insert("num_leaves".into(), "7".into());
        assert!(candidates(&config, 1000).iter().all(|params| params["num_leaves"] == "7"));
        config.seed = 43;
        assert_ne!(all[2]["learning_rate"], candidates(&config, 1000)[2]["learning_rate"]);
    }
}
