//! Structured pruning: whole channels are taken out of a network, so that it is faster in every engine. Which, decides how well
//! the rest can say what they said: for each chain of channels the least-squares fit of what comes behind is found on calibration
//! inputs, channels leave it by exact backward elimination, and the convolution behind takes the fit's coefficients (in the manner
//! of He, Zhang & Sun 2017, <https://arxiv.org/abs/1707.06168>). Chains are fitted from the first to the last, each on what the
//! chains before it have become, so that a later one makes up for what earlier ones lost. How many channels each chain gives is
//! decided by what the network's last output loses: every chain is cut to half alone, and what that does to the output says what a
//! share of the variance behind this chain is worth.

use super::build::{Builder, whole};
use super::calibrate::Probe;
use super::chains::{Chain, chains, cut, multiplications};
use super::fit::Fit;
use super::proto::{Graph, Model};
use super::session::{Library, Session};
use super::{edit, write};
use crate::messages::{CALIBRATION_EMPTY, NARROW_NOTHING, ONNX_INVALID};
use crate::weights::Tensor;
use ingot_base::{Fault, Result, Rng};
use serde::{Deserialize, Serialize};

/// Channels are taken out by so many: engines work on as many at once.
const STEP: usize = 16;
/// Places of the maps that a fit sees.
const ROWS: usize = 8_192;
/// Inputs on which a network with a single chain cut is compared.
const COMPARED: usize = 64;

/// How channels are taken out.
#[derive(Debug, Clone, Copy)]
pub struct Narrowing {
    /// Share of the multiplications of chains to save, in (0, 1).
    pub share: f64,
    /// Decides which places of the maps are looked at.
    pub seed: u64,
}

/// What became of a chain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cut {
    /// Name of the convolution that makes its channels.
    pub name: String,
    /// Channels it had.
    pub before: usize,
    /// Channels it has.
    pub after: usize,
    /// Share of the variance behind it that the rest cannot say.
    pub error: f64,
}

/// A narrower network.
#[derive(Debug)]
pub struct Narrowed {
    /// The graph; its outputs have the names and shapes they had.
    pub model: Model,
    /// Every chain.
    pub cuts: Vec<Cut>,
    /// Multiplications of all chains for one input, before and after.
    pub multiplications: (u64, u64),
}

/// Takes channels out of a graph with the one input `name`, so that the given share of multiplications is saved where the least
/// is lost.
///
/// # Errors
/// When there are no calibration inputs, nothing can be taken out, or the graph does not run.
pub fn narrow_channels(
    library: &Library,
    model: &Model,
    name: &str,
    inputs: &[Tensor],
    how: Narrowing,
) -> Result<Narrowed> {
    if inputs.is_empty() {
        return Err(Fault::new(&CALIBRATION_EMPTY));
    }
    let graph = model.graph.as_ref().ok_or_else(lost)?;
    let found = chains(graph);
    if found.is_empty() {
        return Err(Fault::new(&NARROW_NOTHING));
    }
    let output = graph.output.last().map(|value| value.name.clone()).ok_or_else(lost)?;
    let products = Products::new(library)?;
    let mut work =
        Work { library, name, output, inputs, seed: how.seed, products, said: Vec::new() };
    work.said = work.says(model)?;
    let work = work;
    let originals = found
        .iter()
        .enumerate()
        .map(|(index, chain)| work.original(model, graph, index, chain))
        .collect::<Result<Vec<_>>>()?;
    let kept = shares(&originals, how.share);
    let mut narrowed = model.clone();
    let mut cuts = Vec::with_capacity(found.len());
    for (index, (chain, original)) in found.iter().zip(&originals).enumerate() {
        let kept = kept.get(index).copied().unwrap_or(chain.channels);
        let error = work.narrow(&mut narrowed, index, chain, original, kept)?;
        let name = graph.node.get(chain.wide).map(|node| node.name.clone()).unwrap_or_default();
        cuts.push(Cut { name, before: chain.channels, after: kept, error });
    }
    let sum = |count: fn(&Cut) -> usize| {
        let each = originals.iter().zip(&cuts);
        each.map(|(original, cut)| original.cost * count(cut) as u64).sum()
    };
    let multiplications = (sum(|cut| cut.before), sum(|cut| cut.after));
    Ok(Narrowed { model: narrowed, cuts, multiplications })
}

fn lost() -> Fault {
    Fault::new(&ONNX_INVALID).arg("detail", "a chain of convolutions lost a part")
}

/// What is known of a chain in the network as it was.
struct Original {
    channels: usize,
    /// Numbers of the target at a place.
    outputs: usize,
    /// Multiplications for each channel.
    cost: u64,
    /// What the last output loses once so many channels are out.
    missed: Vec<f64>,
    /// What the target was at the places looked at, row-major.
    target: Vec<f32>,
}

/// How many channels each chain keeps: those with the least loss in all that save the share. With a price on a multiplication each
/// chain decides by itself (Lagrange); the price is the least that saves enough.
#[expect(clippy::cast_precision_loss, reason = "multiplications are counted in millions")]
fn shares(originals: &[Original], share: f64) -> Vec<usize> {
    let cost = |original: &Original, kept: usize| (original.cost * kept as u64) as f64;
    let whole: f64 = originals.iter().map(|original| cost(original, original.channels)).sum();
    let kept = |price: f64| -> Vec<usize> {
        let one = |original: &Original| {
            let all = original.channels;
            let pays = |kept: &usize| {
                let missed = original.missed.get(all - kept).copied().unwrap_or(f64::INFINITY);
                missed + price * cost(original, *kept) / whole
            };
            let steps = (STEP..all).step_by(STEP).chain([all]);
            steps.min_by(|one, other| pays(one).total_cmp(&pays(other))).unwrap_or(all)
        };
        originals.iter().map(one).collect()
    };
    let enough = |kept: &[usize]| {
        let left: f64 = originals.iter().zip(kept).map(|(one, kept)| cost(one, *kept)).sum();
        left <= whole * (1.0 - share)
    };
    let (mut low, mut high) = (1e-12_f64, 1e12_f64);
    for _ in 0..100 {
        let middle = (low * high).sqrt();
        if enough(&kept(middle)) { high = middle } else { low = middle }
    }
    kept(high)
}

/// The channels that are left of a chain and what takes them then.
struct Left {
    channels: Vec<usize>,
    /// Row-major, a row for each channel.
    weight: Vec<f32>,
    bias: Vec<f32>,
}

impl Left {
    fn of(fit: &Fit) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "weights are single precision")]
        let single = |term: Option<usize>| -> Vec<f32> {
            fit.coefficients(term).into_iter().map(|number| number as f32).collect()
        };
        let channels = fit.left();
        let weight = channels.iter().flat_map(|at| single(Some(*at))).collect();
        Self { channels, weight, bias: single(None) }
    }

    fn cut(&self, model: &mut Model, chain: &Chain) -> Result<()> {
        cut(model, chain, &self.channels, &self.weight, &self.bias).ok_or_else(lost)
    }
}

struct Work<'a> {
    library: &'a Library,
    name: &'a str,
    /// The last output.
    output: String,
    inputs: &'a [Tensor],
    seed: u64,
    products: Products,
    /// What the last output was, for each of the inputs compared.
    said: Vec<Tensor>,
}

impl Work<'_> {
    /// Looks at a chain in the network as it was.
    fn original(
        &self,
        model: &Model,
        graph: &Graph,
        index: usize,
        chain: &Chain,
    ) -> Result<Original> {
        let gives = |index: usize| graph.node.get(index).map(edit::output).unwrap_or_default();
        let counted: Vec<&str> = std::iter::once(chain.wide)
            .chain(chain.single.iter().copied())
            .chain([chain.narrow])
            .map(gives)
            .collect();
        let mut asked = vec![chain.hidden.as_str(), chain.target.as_str()];
        asked.extend(chain.residual.as_deref());
        asked.extend(&counted);
        // A value is asked for once.
        asked.sort_unstable();
        asked.dedup();
        let values: Vec<String> = asked.iter().map(|value| (*value).to_owned()).collect();
        let probe = Probe::new(self.library, model, &values)?;
        let mut seen = Seen::new(&self.products);
        let (mut targets, mut places, mut outputs) = (Vec::new(), Vec::new(), 0);
        for (at, input) in self.inputs.iter().enumerate() {
            let tensors = probe.look(self.name, input)?;
            let find = |value: &str| {
                asked.binary_search(&value).ok().and_then(|at| tensors.get(at)).ok_or_else(lost)
            };
            if places.is_empty() {
                for value in &counted {
                    places.push(pixels(find(value)?) as u64);
                }
            }
            let (hidden, target) = (find(&chain.hidden)?, find(&chain.target)?);
            let residual = chain.residual.as_deref().map(find).transpose()?;
            let picked = self.places(index, at, target);
            let goal: Vec<f32> = picked.iter().flat_map(|place| column(target, *place)).collect();
            outputs = channels(target);
            seen.add(hidden, residual, &picked, &goal)?;
            targets.extend(goal);
        }
        let mut fit = seen.fit(chain.channels, outputs)?;
        let mut missed = vec![fit.share(fit.error())];
        let mut half = None;
        while let Some(error) = fit.drop_least() {
            missed.push(fit.share(error));
            if missed.len() > chain.channels / 2 && half.is_none() {
                half = Some((fit.share(error), Left::of(&fit)));
            }
        }
        if let Some((share, left)) = half.filter(|(share, _)| *share > 0.0) {
            let mut cut = model.clone();
            left.cut(&mut cut, chain)?;
            let worth = self.loss(&cut)? / share;
            // An output that is the same for all inputs says nothing of what it loses.
            if worth > 0.0 {
                for missed in &mut missed {
                    *missed *= worth;
                }
            }
        }
        let cost = multiplications(graph, chain, &places);
        Ok(Original { channels: chain.channels, outputs, cost, missed, target: targets })
    }

    /// Takes channels out until `kept` are left; gives the share of the variance that is missed.
    fn narrow(
        &self,
        model: &mut Model,
        index: usize,
        chain: &Chain,
        original: &Original,
        kept: usize,
    ) -> Result<f64> {
        let mut values = vec![chain.hidden.clone()];
        values.extend(chain.residual.clone());
        let probe = Probe::new(self.library, model, &values)?;
        let mut seen = Seen::new(&self.products);
        let mut goals = original.target.as_slice();
        for (at, input) in self.inputs.iter().enumerate() {
            let tensors = probe.look(self.name, input)?;
            let hidden = tensors.first().ok_or_else(lost)?;
            let picked = self.places(index, at, hidden);
            let (goal, later) =
                goals.split_at_checked(original.outputs * picked.len()).ok_or_else(lost)?;
            goals = later;
            seen.add(hidden, tensors.get(1), &picked, goal)?;
        }
        let mut fit = seen.fit(chain.channels, original.outputs)?;
        for _ in kept..chain.channels {
            fit.drop_least();
        }
        Left::of(&fit).cut(model, chain)?;
        Ok(fit.share(fit.error()))
    }

    /// The last output of a network for the inputs compared, evenly over all.
    fn says(&self, model: &Model) -> Result<Vec<Tensor>> {
        let session = Session::new(self.library, &write(model))?;
        let step = self.inputs.len().div_ceil(COMPARED).max(1);
        let one = |input: &Tensor| {
            let found = session.run(self.name, &input.shape, &input.data, &[&self.output])?;
            found.into_iter().next().ok_or_else(lost)
        };
        self.inputs.iter().step_by(step).map(one).collect()
    }

    /// What a changed network's last output is off by, as a share of what it varies by from input to input.
    fn loss(&self, changed: &Model) -> Result<f64> {
        let says = self.says(changed)?;
        #[expect(clippy::cast_precision_loss, reason = "at most as many as are compared")]
        let count = self.said.len() as f64;
        let (mut off, mut varies) = (0.0, 0.0);
        for at in 0..self.said.first().map_or(0, |first| first.data.len()) {
            let of = |tensor: &Tensor| tensor.data.get(at).map_or(0.0, |number| f64::from(*number));
            let mean = self.said.iter().map(of).sum::<f64>() / count;
            for (was, is) in self.said.iter().zip(&says) {
                off += (of(was) - of(is)).powi(2);
                varies += (of(was) - mean).powi(2);
            }
        }
        Ok(if varies > 0.0 { off / varies } else { 0.0 })
    }

    /// The places of a map that are looked at: the same whenever this input passes this chain.
    fn places(&self, chain: usize, input: usize, map: &Tensor) -> Vec<usize> {
        let wanted = ROWS.div_ceil(self.inputs.len());
        let seed = self.seed ^ ((chain as u64) << 32) ^ input as u64;
        let mut places: Vec<usize> = (0..pixels(map)).collect();
        Rng::new(seed, "narrow places").shuffle(&mut places);
        places.truncate(wanted);
        places
    }
}

/// Places of a map, `1 × channels × height × width`.
fn pixels(map: &Tensor) -> usize {
    map.shape.iter().skip(2).product()
}

fn channels(map: &Tensor) -> usize {
    map.shape.get(1).copied().unwrap_or_default()
}

/// What all channels of a map have at one place.
fn column(map: &Tensor, place: usize) -> impl Iterator<Item = f32> + '_ {
    let pixels = pixels(map).max(1);
    map.data.iter().skip(place).step_by(pixels).take(channels(map)).copied()
}

/// Sums of products of columns: hidden channels, 1, what is to be said by them.
struct Seen<'p> {
    products: &'p Products,
    waiting: Vec<f32>,
    sums: Vec<f64>,
    width: usize,
}

impl<'p> Seen<'p> {
    fn new(products: &'p Products) -> Self {
        Self { products, waiting: Vec::new(), sums: Vec::new(), width: 0 }
    }

    /// `goal` is row-major, a row for each place; what the other part of a sum says already is taken off.
    fn add(
        &mut self,
        hidden: &Tensor,
        residual: Option<&Tensor>,
        places: &[usize],
        goal: &[f32],
    ) -> Result<()> {
        let outputs = goal.len().checked_div(places.len()).unwrap_or_default();
        self.width = channels(hidden) + 1 + outputs;
        for (place, goal) in places.iter().zip(goal.chunks(outputs.max(1))) {
            self.waiting.extend(column(hidden, *place));
            self.waiting.push(1.0);
            match residual {
                Some(residual) => self.waiting.extend(
                    goal.iter().zip(column(residual, *place)).map(|(goal, own)| goal - own),
                ),
                None => self.waiting.extend(goal),
            }
        }
        // Sums of so few rows are exact enough in single precision.
        if self.waiting.len() >= 512 * self.width { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<()> {
        let rows = self.waiting.len().checked_div(self.width).unwrap_or_default();
        if rows == 0 {
            return Ok(());
        }
        let products = self.products.of(&self.waiting, rows, self.width)?;
        self.sums.resize(products.len(), 0.0);
        for (sum, product) in self.sums.iter_mut().zip(products) {
            *sum += f64::from(product);
        }
        self.waiting.clear();
        Ok(())
    }

    fn fit(mut self, terms: usize, outputs: usize) -> Result<Fit> {
        self.flush()?;
        Fit::new(self.sums, terms, outputs).ok_or_else(lost)
    }
}

/// `Xᵀ X` by ONNX Runtime, whose products use all that the processor has.
struct Products(Session);

impl Products {
    fn new(library: &Library) -> Result<Self> {
        let mut builder = Builder::new("products");
        builder.input("x", &[None, None]);
        builder.node("Gemm", "y", &["x", "x"], vec![whole("transA", 1)]);
        builder.output("y", &[None, None]);
        Ok(Self(Session::new(library, &write(&builder.finish()))?))
    }

    fn of(&self, data: &[f32], rows: usize, columns: usize) -> Result<Vec<f32>> {
        let found = self.0.run("x", &[rows, columns], data, &["y"])?;
        found.into_iter().next().map(|tensor| tensor.data).ok_or_else(lost)
    }
}
