//! The end of a network, forwards and backwards, on a batch of maps. Numbers lie with the channels of a place side by side
//! (`rows × height × width × channels`): a convolution of 1 × 1 is then one product of matrices for the whole batch. Every sum has
//! one order, whatever the number of threads, so equal inputs give equal bits.

use crate::messages::TAIL_SHAPE;
use ingot_base::{Fault, Result};
use ingot_runtime::onnx::{Convolution, Dense, Operation, Tail};
use ingot_runtime::product::{Target, View, product};
use rayon::prelude::*;

/// Size of one row's map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MapShape {
    /// Channels.
    pub channels: usize,
    /// Places from top to bottom.
    pub height: usize,
    /// Places from left to right.
    pub width: usize,
}

impl MapShape {
    /// Numbers of one row.
    pub fn numbers(self) -> usize {
        self.channels * self.places()
    }

    fn places(self) -> usize {
        self.height * self.width
    }
}

/// Maps of a batch's rows.
#[derive(Debug, Clone)]
pub(super) struct Maps {
    pub(super) shape: MapShape,
    pub(super) data: Vec<f32>,
}

/// Shapes of all values of a tail, the one that goes in first.
///
/// # Errors
/// When a weight does not fit what it takes.
pub(super) fn shapes(tail: &Tail, first: MapShape) -> Result<Vec<MapShape>> {
    let mut known = vec![first];
    for operation in &tail.operations {
        let of = |value: usize| known.get(value).copied();
        let shape = match *operation {
            Operation::Convolve { input, index } => {
                of(input).zip(tail.convolutions.get(index)).and_then(|(from, own)| given(own, from))
            }
            Operation::Clip { input, .. } => of(input),
            Operation::Add { left, right } => of(left).filter(|_| of(left) == of(right)),
            Operation::Mean { input } => {
                of(input).map(|from| MapShape { height: 1, width: 1, ..from })
            }
        };
        known.push(shape.ok_or_else(|| Fault::new(&TAIL_SHAPE).arg("value", &tail.from))?);
    }
    Ok(known)
}

fn given(own: &Convolution, from: MapShape) -> Option<MapShape> {
    let [outputs, inputs, high, wide] = own.dims;
    let (height, width) = own.given(from.height, from.width);
    let fits = inputs * own.group == from.channels
        && own.weight.len() == outputs * inputs * high * wide
        && own.bias.len() == outputs;
    (fits && height > 0 && width > 0).then_some(MapShape { channels: outputs, height, width })
}

/// Rows as ONNX has them (`channels × height × width` each) with the channels of a place side by side.
pub(super) fn turned<'a>(rows: impl Iterator<Item = &'a [f32]>, shape: MapShape) -> Maps {
    let mut data = Vec::new();
    for row in rows {
        let begin = data.len();
        data.resize(begin + shape.numbers(), 0.0);
        let own = data.get_mut(begin..).unwrap_or_default();
        for (channel, plane) in row.chunks_exact(shape.places().max(1)).enumerate() {
            let slots = own.iter_mut().skip(channel).step_by(shape.channels.max(1));
            slots.zip(plane).for_each(|(slot, number)| *slot = *number);
        }
    }
    Maps { shape, data }
}

/// All values of a tail with these weights, the batch first; [`shapes`] has said that they fit.
pub(super) fn forward(tail: &Tail, weights: &[Dense], batch: Maps) -> Vec<Maps> {
    let empty = Maps { shape: MapShape { channels: 0, height: 0, width: 0 }, data: Vec::new() };
    let mut values = vec![batch];
    for operation in &tail.operations {
        let of = |value: usize| values.get(value).unwrap_or(&empty);
        let made = match *operation {
            Operation::Convolve { input, index } => {
                match tail.convolutions.get(index).zip(weights.get(index)) {
                    Some((own, dense)) => convolve(own, dense, of(input)),
                    None => empty.clone(),
                }
            }
            Operation::Clip { input, low, high } => {
                let mut made = of(input).clone();
                made.data.par_iter_mut().with_min_len(1 << 14).for_each(|number| {
                    // `clamp` and `max` would make numbers of what is none.
                    if *number < low {
                        *number = low;
                    } else if *number > high {
                        *number = high;
                    }
                });
                made
            }
            Operation::Add { left, right } => {
                let mut made = of(left).clone();
                add(&mut made.data, &of(right).data);
                made
            }
            Operation::Mean { input } => mean(of(input)),
        };
        values.push(made);
    }
    values
}

fn add(into: &mut [f32], numbers: &[f32]) {
    into.iter_mut().zip(numbers).for_each(|(slot, number)| *slot += number);
}

#[expect(clippy::cast_precision_loss, reason = "places of a map")]
fn mean(map: &Maps) -> Maps {
    let (wide, places) = (map.shape.channels.max(1), map.shape.places().max(1));
    let mut data = Vec::with_capacity(map.data.len() / places);
    for row in map.data.chunks(wide * places) {
        let mut sums = vec![0.0; wide];
        row.chunks(wide).for_each(|place| add(&mut sums, place));
        data.extend(sums.into_iter().map(|sum: f32| sum / places as f32));
    }
    Maps { shape: MapShape { height: 1, width: 1, ..map.shape }, data }
}

/// Gradients of a tail's weights, one for each convolution: `error` is the loss's gradient by the tail's last value.
pub(super) fn backward(
    tail: &Tail,
    weights: &[Dense],
    values: &[Maps],
    error: Vec<f32>,
) -> Vec<Dense> {
    let zero = |own: &Dense| Dense {
        weight: vec![0.0; own.weight.len()],
        bias: vec![0.0; own.bias.len()],
    };
    let mut sums: Vec<Dense> = weights.iter().map(zero).collect();
    let mut errors: Vec<Option<Vec<f32>>> = vec![None; values.len()];
    if let Some(last) = errors.last_mut() {
        *last = Some(error);
    }
    for (at, operation) in tail.operations.iter().enumerate().rev() {
        let Some(error) = errors.get_mut(at + 1).and_then(Option::take) else { continue };
        match *operation {
            Operation::Convolve { input, index } => {
                let parts = (tail.convolutions.get(index), weights.get(index), values.get(input));
                let (Some(own), Some(dense), Some(from)) = parts else { continue };
                let Some(sums) = sums.get_mut(index) else { continue };
                // Nothing before what goes in is trained.
                if let Some(back) = convolve_back(own, dense, from, &error, (sums, input > 0)) {
                    arrive(&mut errors, input, back);
                }
            }
            Operation::Clip { input, low, high } => {
                let mut error = error;
                let given = values.get(at + 1).map(|map| map.data.as_slice()).unwrap_or_default();
                for (slot, number) in error.iter_mut().zip(given) {
                    if *number <= low || *number >= high {
                        *slot = 0.0;
                    }
                }
                arrive(&mut errors, input, error);
            }
            Operation::Add { left, right } => {
                arrive(&mut errors, left, error.clone());
                arrive(&mut errors, right, error);
            }
            Operation::Mean { input } => {
                let Some(from) = values.get(input) else { continue };
                arrive(&mut errors, input, spread(&error, from.shape));
            }
        }
    }
    sums
}

/// A value that is taken twice has the sum of both gradients.
fn arrive(errors: &mut [Option<Vec<f32>>], value: usize, error: Vec<f32>) {
    if value == 0 {
        return;
    }
    match errors.get_mut(value) {
        Some(Some(known)) => add(known, &error),
        Some(slot) => *slot = Some(error),
        None => {}
    }
}

#[expect(clippy::cast_precision_loss, reason = "places of a map")]
fn spread(error: &[f32], shape: MapShape) -> Vec<f32> {
    let share = 1.0 / shape.places().max(1) as f32;
    let rows = error.chunks(shape.channels.max(1));
    rows.flat_map(|row| std::iter::repeat_n(row, shape.places()))
        .flat_map(|row| row.iter().map(|number| number * share))
        .collect()
}

fn convolve(own: &Convolution, dense: &Dense, from: &Maps) -> Maps {
    let Some(shape) = given(own, from.shape) else { return from.clone() };
    let rows = from.data.len() / from.shape.numbers().max(1);
    let mut data = vec![0.0; rows * shape.numbers()];
    if own.group > 1 {
        let taps = channels_last(own, &dense.weight);
        data.par_chunks_mut(shape.numbers())
            .zip(from.data.par_chunks(from.shape.numbers()))
            .for_each(|(to, row)| {
                single(own, (&taps, &dense.bias), (row, from.shape), (to, shape));
            });
        return Maps { shape, data };
    }
    let (deep, places) = (own.weight.len() / shape.channels.max(1), rows * shape.places());
    let (columns, matrix) = (Columns::of(own, from, shape), channels_last(own, &dense.weight));
    product(
        Target::set(&mut data, shape.channels),
        View::rows(columns.data(from), places, deep),
        View::rows(&matrix, shape.channels, deep).transposed(),
        1.0,
    );
    data.par_chunks_mut(shape.channels).for_each(|place| add(place, &dense.bias));
    Maps { shape, data }
}

/// Adds the gradients of a convolution's weights to `sums`; gives the gradient by what it takes where that is wanted.
fn convolve_back(
    own: &Convolution,
    dense: &Dense,
    from: &Maps,
    error: &[f32],
    (sums, wanted): (&mut Dense, bool),
) -> Option<Vec<f32>> {
    let shape = given(own, from.shape)?;
    for place in error.chunks(shape.channels) {
        add(&mut sums.bias, place);
    }
    if own.group > 1 {
        return single_back(own, dense, from, (error, shape), (sums, wanted));
    }
    let (deep, places) = (own.weight.len() / shape.channels, error.len() / shape.channels);
    let columns = Columns::of(own, from, shape);
    let mut made = vec![0.0; own.weight.len()];
    let errors = View::rows(error, places, shape.channels);
    let taken = View::rows(columns.data(from), places, deep);
    product(Target::set(&mut made, deep), errors.transposed(), taken, 1.0);
    add(&mut sums.weight, &channels_first(own, &made));
    if !wanted {
        return None;
    }
    let matrix = channels_last(own, &dense.weight);
    let mut back = vec![0.0; places * deep];
    product(Target::set(&mut back, deep), errors, View::rows(&matrix, shape.channels, deep), 1.0);
    Some(columns.folded(own, from, shape, back))
}

/// Weights of an output with the inputs of a place of the kernel side by side; those of single channels by place, then channel.
fn channels_last(own: &Convolution, weight: &[f32]) -> Vec<f32> {
    let mut made = vec![0.0; weight.len()];
    for (number, to) in weight.iter().zip(order(own)) {
        if let Some(slot) = made.get_mut(to) {
            *slot = *number;
        }
    }
    made
}

/// As ONNX has them.
fn channels_first(own: &Convolution, weight: &[f32]) -> Vec<f32> {
    order(own).map(|from| weight.get(from).copied().unwrap_or_default()).collect()
}

/// Where each number of ONNX's order stands in [`channels_last`]'s.
fn order(own: &Convolution) -> impl Iterator<Item = usize> {
    let [outputs, inputs, high, wide] = own.dims;
    let (taps, single) = (high * wide, own.group > 1);
    (0..outputs).flat_map(move |output| {
        (0..inputs).flat_map(move |channel| {
            (0..taps).map(move |tap| {
                if single {
                    tap * outputs + output
                } else {
                    (output * taps + tap) * inputs + channel
                }
            })
        })
    })
}

/// What the kernel sees at each place of what it gives, a row for each; nothing is copied where that is the map itself.
struct Columns(Option<Vec<f32>>);

impl Columns {
    fn of(own: &Convolution, from: &Maps, shape: MapShape) -> Self {
        let [_, inputs, high, wide] = own.dims;
        if high * wide == 1 && own.strides == [1, 1] && own.pads == [0; 4] {
            return Self(None);
        }
        let rows = from.data.len() / from.shape.numbers().max(1);
        let each = high * wide * inputs * shape.places();
        let mut data = vec![0.0; rows * each];
        data.par_chunks_mut(each).zip(from.data.par_chunks(from.shape.numbers())).for_each(
            |(to, row)| {
                visit(own, from.shape, shape, |place, tap, pixel| {
                    let begin = (place * high * wide + tap) * inputs;
                    let slots = to.get_mut(begin..begin + inputs).unwrap_or_default();
                    let numbers = row.get(pixel * inputs..).unwrap_or_default();
                    slots.iter_mut().zip(numbers).for_each(|(slot, number)| *slot = *number);
                });
            },
        );
        Self(Some(data))
    }

    fn data<'a>(&'a self, from: &'a Maps) -> &'a [f32] {
        self.0.as_deref().unwrap_or(&from.data)
    }

    /// The gradient by the map, of the gradient by what the kernel saw.
    fn folded(&self, own: &Convolution, from: &Maps, shape: MapShape, back: Vec<f32>) -> Vec<f32> {
        if self.0.is_none() {
            return back;
        }
        let [_, inputs, high, wide] = own.dims;
        let each = high * wide * inputs * shape.places();
        let mut data = vec![0.0; from.data.len()];
        data.par_chunks_mut(from.shape.numbers()).zip(back.par_chunks(each)).for_each(
            |(to, row)| {
                visit(own, from.shape, shape, |place, tap, pixel| {
                    let begin = (place * high * wide + tap) * inputs;
                    let numbers = row.get(begin..begin + inputs).unwrap_or_default();
                    add(to.get_mut(pixel * inputs..).unwrap_or_default(), numbers);
                });
            },
        );
        data
    }
}

/// Every place of what is given with every place of the kernel there that lies in the map: both numbers, and the map's place.
fn visit(
    own: &Convolution,
    from: MapShape,
    to: MapShape,
    mut see: impl FnMut(usize, usize, usize),
) {
    let [_, _, high, wide] = own.dims;
    let ([down, right], [top, left, ..]) = (own.strides, own.pads);
    for row in 0..to.height {
        for column in 0..to.width {
            for tap in 0..high * wide {
                let y = (row * down + tap / wide).checked_sub(top).filter(|y| *y < from.height);
                let x = (column * right + tap % wide).checked_sub(left);
                if let (Some(y), Some(x)) = (y, x.filter(|x| *x < from.width)) {
                    see(row * to.width + column, tap, y * from.width + x);
                }
            }
        }
    }
}

/// Each channel by itself.
fn single(
    own: &Convolution,
    (taps, bias): (&[f32], &[f32]),
    (row, from): (&[f32], MapShape),
    (to, shape): (&mut [f32], MapShape),
) {
    let wide = shape.channels;
    to.chunks_mut(wide).for_each(|place| place.copy_from_slice(bias));
    visit(own, from, shape, |place, tap, pixel| {
        let slots = to.get_mut(place * wide..(place + 1) * wide).unwrap_or_default();
        let numbers = row.get(pixel * wide..(pixel + 1) * wide).unwrap_or_default();
        let weights = taps.get(tap * wide..(tap + 1) * wide).unwrap_or_default();
        for ((slot, number), weight) in slots.iter_mut().zip(numbers).zip(weights) {
            *slot += number * weight;
        }
    });
}

fn single_back(
    own: &Convolution,
    dense: &Dense,
    from: &Maps,
    (error, shape): (&[f32], MapShape),
    (sums, wanted): (&mut Dense, bool),
) -> Option<Vec<f32>> {
    let (wide, taps) = (shape.channels, channels_last(own, &dense.weight));
    let each = from.shape.numbers();
    let mut back = vec![0.0; if wanted { from.data.len() } else { 0 }];
    // Rows by themselves on all cores; their sums are added in the rows' order.
    let row = |(row, error): (&[f32], &[f32]), mut to: Option<&mut [f32]>| {
        let mut own_sums = vec![0.0; taps.len()];
        visit(own, from.shape, shape, |place, tap, pixel| {
            let errors = error.get(place * wide..(place + 1) * wide).unwrap_or_default();
            let numbers = row.get(pixel * wide..(pixel + 1) * wide).unwrap_or_default();
            let slots = own_sums.get_mut(tap * wide..(tap + 1) * wide).unwrap_or_default();
            for ((slot, number), error) in slots.iter_mut().zip(numbers).zip(errors) {
                *slot += number * error;
            }
            if let Some(to) = &mut to {
                let slots = to.get_mut(pixel * wide..(pixel + 1) * wide).unwrap_or_default();
                let weights = taps.get(tap * wide..(tap + 1) * wide).unwrap_or_default();
                for ((slot, weight), error) in slots.iter_mut().zip(weights).zip(errors) {
                    *slot += weight * error;
                }
            }
        });
        own_sums
    };
    let rows = from.data.par_chunks(each).zip(error.par_chunks(shape.numbers()));
    let made: Vec<Vec<f32>> = if wanted {
        rows.zip(back.par_chunks_mut(each)).map(|(one, to)| row(one, Some(to))).collect()
    } else {
        rows.map(|one| row(one, None)).collect()
    };
    for own_sums in made {
        add(&mut sums.weight, &channels_first(own, &own_sums));
    }
    wanted.then_some(back)
}
