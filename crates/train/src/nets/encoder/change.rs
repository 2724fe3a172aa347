//! What of an encoder's layers is trained, as one list of numbers: low-rank changes of its matrices (`LoRA`, Hu et al. 2021), or all of
//! a layer's own numbers.

use super::Method;
use super::model::{Layer, Part};
use ingot_base::Rng;
use ingot_runtime::product::{Target, View, product};
use std::ops::Range;

/// Where one matrix's numbers are.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// A, `rank × inputs`, and B, `outputs × rank`: the matrix becomes itself + alpha / rank · B·A.
    Low { a: Range<usize>, b: Range<usize> },
    /// The matrix itself and its bias.
    Whole { weight: Range<usize>, bias: Range<usize> },
}

/// Where one layer's numbers are.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Places {
    matrices: Vec<(Part, Place)>,
    /// Scale and shift of both normalisations; none where these stay as they are.
    norms: Vec<[Range<usize>; 2]>,
}

/// What is trained of the last layers.
#[derive(Debug, Clone)]
pub(super) struct Change {
    method: Method,
    /// Index of the first layer that is trained.
    pub(super) first: usize,
    places: Vec<Places>,
    /// All numbers.
    pub(super) values: Vec<f32>,
    /// Parts of them that weight decay acts on.
    decayed: Vec<Range<usize>>,
}

impl Change {
    /// Of the last `count` of these layers, as they are: A uniform within ±1/√inputs (`kaiming_uniform_` with a = √5, as PEFT begins),
    /// B zero, so that nothing changes yet.
    pub(super) fn new(layers: &[Layer], count: usize, method: Method, seed: u64) -> Self {
        let first = layers.len().saturating_sub(count);
        let mut own =
            Self { method, first, places: Vec::new(), values: Vec::new(), decayed: Vec::new() };
        let mut random = Rng::new(seed, "encoder change");
        for layer in layers.iter().skip(first) {
            let mut places = Places { matrices: Vec::new(), norms: Vec::new() };
            for part in Part::ALL {
                let matrix = layer.matrix(part);
                let place = match method {
                    Method::Lora { rank, .. } => {
                        #[expect(clippy::cast_precision_loss, reason = "widths are thousands")]
                        let bound = 1.0 / (matrix.inputs().max(1) as f64).sqrt();
                        #[expect(clippy::cast_possible_truncation, reason = "single precision")]
                        let a: Vec<f32> = (0..rank * matrix.inputs())
                            .map(|_| random.between(-bound, bound) as f32)
                            .collect();
                        let b = vec![0.0; matrix.outputs() * rank];
                        Place::Low { a: own.push(&a, true), b: own.push(&b, true) }
                    }
                    Method::Full => Place::Whole {
                        weight: own.push(&matrix.weight, true),
                        bias: own.push(&matrix.bias, false),
                    },
                };
                places.matrices.push((part, place));
            }
            if method == Method::Full {
                for norm in &layer.norms {
                    places.norms.push([own.push(&norm.scale, false), own.push(&norm.shift, false)]);
                }
            }
            own.places.push(places);
        }
        own
    }

    fn push(&mut self, numbers: &[f32], decayed: bool) -> Range<usize> {
        let start = self.values.len();
        self.values.extend_from_slice(numbers);
        let range = start..self.values.len();
        if decayed {
            self.decayed.push(range.clone());
        }
        range
    }

    /// How many numbers are trained.
    pub(super) fn parameters(&self) -> usize {
        self.values.len()
    }

    /// Whether weight decay acts on each number.
    pub(super) fn decays(&self) -> Vec<bool> {
        let mut all = vec![false; self.values.len()];
        for range in &self.decayed {
            all.get_mut(range.clone()).unwrap_or_default().fill(true);
        }
        all
    }

    /// Makes `layers`, which were `base`, what they are with the change: the same that is exported.
    pub(super) fn apply(&self, base: &[Layer], layers: &mut [Layer]) {
        let own = layers.iter_mut().zip(base).skip(self.first).zip(&self.places);
        for ((layer, base), places) in own {
            for (part, place) in &places.matrices {
                let (matrix, base) = (layer.matrix_mut(*part), base.matrix(*part));
                match place {
                    Place::Low { a, b } => {
                        let (inputs, outputs) = (base.inputs(), base.outputs());
                        matrix.weight.clone_from(&base.weight);
                        let (rank, scale) = self.rank();
                        let (a, b) = (self.part(a), self.part(b));
                        product(
                            Target::add(&mut matrix.weight, inputs),
                            View::rows(b, outputs, rank),
                            View::rows(a, rank, inputs),
                            scale,
                        );
                    }
                    Place::Whole { weight, bias } => {
                        matrix.weight.copy_from_slice(self.part(weight));
                        matrix.bias.copy_from_slice(self.part(bias));
                    }
                }
            }
            for (norm, [scale, shift]) in layer.norms.iter_mut().zip(&places.norms) {
                norm.scale.copy_from_slice(self.part(scale));
                norm.shift.copy_from_slice(self.part(shift));
            }
        }
    }

    fn part(&self, range: &Range<usize>) -> &[f32] {
        self.values.get(range.clone()).unwrap_or_default()
    }

    /// The rank, and what the change is multiplied by.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "ranks are counted in hundreds"
    )]
    fn rank(&self) -> (usize, f32) {
        match self.method {
            Method::Lora { rank, alpha } => (rank, (alpha / rank.max(1) as f64) as f32),
            Method::Full => (0, 0.0),
        }
    }

    /// Adds the gradients by a matrix's numbers: `by` is the one by what came out for rows `x`.
    pub(super) fn matrix_back(
        &self,
        (layer, part): (usize, Part),
        by: &[f32],
        x: &[f32],
        (inputs, outputs): (usize, usize),
        gradients: &mut [f32],
    ) {
        let Some(places) = self.places.get(layer.wrapping_sub(self.first)) else { return };
        let Some((_, place)) = places.matrices.iter().find(|(own, _)| *own == part) else { return };
        let rows = by.len().checked_div(outputs).unwrap_or_default();
        let (all, x) = (View::rows(by, rows, outputs), View::rows(x, rows, inputs));
        match place {
            Place::Low { a, b } => {
                let (rank, scale) = self.rank();
                let mut low = vec![0.0; rows * rank];
                let own = View::rows(self.part(a), rank, inputs);
                product(Target::set(&mut low, rank), x, own.transposed(), 1.0);
                if let Some(slot) = gradients.get_mut(b.clone()) {
                    let low = View::rows(&low, rows, rank);
                    product(Target::add(slot, rank), all.transposed(), low, scale);
                }
                let own = View::rows(self.part(b), outputs, rank);
                product(Target::set(&mut low, rank), all, own, scale);
                if let Some(slot) = gradients.get_mut(a.clone()) {
                    let low = View::rows(&low, rows, rank);
                    product(Target::add(slot, inputs), low.transposed(), x, 1.0);
                }
            }
            Place::Whole { weight, bias } => {
                if let Some(slot) = gradients.get_mut(weight.clone()) {
                    product(Target::add(slot, inputs), all.transposed(), x, 1.0);
                }
                super::math::add_rows(gradients.get_mut(bias.clone()).unwrap_or_default(), by);
            }
        }
    }

    /// Adds the gradients by a normalisation's scale and shift.
    pub(super) fn norm_back(
        &self,
        (layer, norm): (usize, usize),
        by: &[f32],
        normed: &[f32],
        gradients: &mut [f32],
    ) {
        let places = self.places.get(layer.wrapping_sub(self.first));
        let Some([scale, shift]) = places.and_then(|places| places.norms.get(norm)) else { return };
        let scales = gradients.get_mut(scale.clone()).unwrap_or_default();
        super::math::add_products(scales, by, normed);
        super::math::add_rows(gradients.get_mut(shift.clone()).unwrap_or_default(), by);
    }
}
