//! What an encoder of the BERT class is: frozen embeddings and layers, from the tensors of its checkpoint and back to them.

use crate::messages::ENCODER_WEIGHTS;
use ingot_base::{Fault, Result};
use ingot_runtime::onnx;
use ingot_runtime::weights::{Tensor, Weights};

/// A matrix of a layer, with its bias.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Query,
    Key,
    Value,
    /// What attention found, to the layer's width.
    Output,
    /// To the inner width.
    Wide,
    /// Back from it.
    Narrow,
}

impl Part {
    pub(super) const ALL: [Self; 6] =
        [Self::Query, Self::Key, Self::Value, Self::Output, Self::Wide, Self::Narrow];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Query => "attention.self.query",
            Self::Key => "attention.self.key",
            Self::Value => "attention.self.value",
            Self::Output => "attention.output.dense",
            Self::Wide => "intermediate.dense",
            Self::Narrow => "output.dense",
        }
    }
}

/// The normalisation behind attention, and the one at a layer's end.
pub(super) const NORMS: [&str; 2] = ["attention.output.LayerNorm", "output.LayerNorm"];

/// A matrix, a row for each output, and its bias.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Matrix {
    pub(super) weight: Vec<f32>,
    pub(super) bias: Vec<f32>,
}

impl Matrix {
    /// How many numbers go in.
    pub(super) fn inputs(&self) -> usize {
        self.weight.len().checked_div(self.bias.len()).unwrap_or_default()
    }

    pub(super) fn outputs(&self) -> usize {
        self.bias.len()
    }
}

/// Scale and shift behind a layer normalisation.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Norm {
    pub(super) scale: Vec<f32>,
    pub(super) shift: Vec<f32>,
}

/// One layer.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Layer {
    matrices: [Matrix; 6],
    pub(super) norms: [Norm; 2],
}

impl Layer {
    pub(super) fn matrix(&self, part: Part) -> &Matrix {
        let [query, key, value, output, wide, narrow] = &self.matrices;
        match part {
            Part::Query => query,
            Part::Key => key,
            Part::Value => value,
            Part::Output => output,
            Part::Wide => wide,
            Part::Narrow => narrow,
        }
    }

    pub(super) fn matrix_mut(&mut self, part: Part) -> &mut Matrix {
        let [query, key, value, output, wide, narrow] = &mut self.matrices;
        match part {
            Part::Query => query,
            Part::Key => key,
            Part::Value => value,
            Part::Output => output,
            Part::Wide => wide,
            Part::Narrow => narrow,
        }
    }
}

/// What stands before the layers, and stays as it is.
#[derive(Debug)]
pub(super) struct Embeddings {
    /// A row for each word.
    words: Vec<f32>,
    /// A row for each position, the first token type added.
    places: Vec<f32>,
    norm: Norm,
    unknown: i64,
    pub(super) width: usize,
    pub(super) heads: usize,
    pub(super) epsilon: f32,
}

impl Embeddings {
    /// Words and positions of a text, a row each, behind their normalisation.
    pub(super) fn rows(&self, tokens: &[i64]) -> Vec<f32> {
        let width = self.width;
        let count = self.words.len() / width.max(1);
        let row = |table: &'_ [f32], at: usize, out: &mut [f32]| {
            let own = table.get(at * width..(at + 1) * width).unwrap_or_default();
            out.iter_mut().zip(own).for_each(|(slot, number)| *slot += number);
        };
        let mut rows = vec![0.0; tokens.len() * width];
        for (place, (token, out)) in tokens.iter().zip(rows.chunks_mut(width.max(1))).enumerate() {
            let known = usize::try_from(*token).ok().filter(|token| *token < count);
            let word = known.or(usize::try_from(self.unknown).ok()).unwrap_or_default();
            row(&self.words, word, out);
            row(&self.places, place, out);
        }
        let normed = super::math::normalise(rows, width, self.epsilon);
        super::math::scaled(&normed.rows, &self.norm.scale, &self.norm.shift)
    }
}

/// Reads an encoder's tensors.
///
/// # Errors
/// When one is missing or of another shape.
pub(super) fn read(weights: &Weights, encoder: onnx::Encoder) -> Result<(Embeddings, Vec<Layer>)> {
    const WORDS: &str = "embeddings.word_embeddings.weight";
    let width = weights.get(WORDS).and_then(|own| own.shape.get(1)).copied().unwrap_or_default();
    if width == 0 || encoder.heads == 0 || !width.is_multiple_of(encoder.heads) {
        return Err(lacking(WORDS));
    }
    let table = |name: &str| find(weights, name, &[None, Some(width)]);
    let types = table("embeddings.token_type_embeddings.weight")?;
    let mut places = table("embeddings.position_embeddings.weight")?;
    for row in places.chunks_mut(width) {
        row.iter_mut().zip(&types).for_each(|(slot, number)| *slot += number);
    }
    let embeddings = Embeddings {
        words: table(WORDS)?,
        places,
        norm: norm(weights, "embeddings.LayerNorm", width)?,
        unknown: encoder.unknown,
        width,
        heads: encoder.heads,
        epsilon: encoder.epsilon,
    };
    let mut layers = Vec::new();
    while weights.contains_key(&name(layers.len(), Part::Narrow, "weight")) {
        layers.push(layer(weights, layers.len(), width)?);
    }
    if layers.is_empty() {
        return Err(lacking(&name(0, Part::Narrow, "weight")));
    }
    Ok((embeddings, layers))
}

fn layer(weights: &Weights, index: usize, width: usize) -> Result<Layer> {
    let mut own = Layer::default();
    let inner = weights.get(&name(index, Part::Wide, "bias"));
    let inner = inner.map(|bias| bias.data.len()).unwrap_or_default();
    for part in Part::ALL {
        let (outputs, inputs) = match part {
            Part::Wide => (inner, width),
            Part::Narrow => (width, inner),
            _ => (width, width),
        };
        let shape = [Some(outputs), Some(inputs)];
        *own.matrix_mut(part) = Matrix {
            weight: find(weights, &name(index, part, "weight"), &shape)?,
            bias: find(weights, &name(index, part, "bias"), &[Some(outputs)])?,
        };
    }
    for (slot, part) in own.norms.iter_mut().zip(NORMS) {
        *slot = norm(weights, &format!("encoder.layer.{index}.{part}"), width)?;
    }
    Ok(own)
}

fn norm(weights: &Weights, name: &str, width: usize) -> Result<Norm> {
    Ok(Norm {
        scale: find(weights, &format!("{name}.weight"), &[Some(width)])?,
        shift: find(weights, &format!("{name}.bias"), &[Some(width)])?,
    })
}

fn name(layer: usize, part: Part, kind: &str) -> String {
    format!("encoder.layer.{layer}.{}.{kind}", part.name())
}

fn find(weights: &Weights, name: &str, shape: &[Option<usize>]) -> Result<Vec<f32>> {
    let fits = |own: &&Tensor| {
        own.shape.len() == shape.len()
            && own.shape.iter().zip(shape).all(|(own, asked)| asked.is_none_or(|size| size == *own))
            && own.shape.iter().product::<usize>() == own.data.len()
            && !own.data.is_empty()
    };
    weights.get(name).filter(fits).map(|own| own.data.clone()).ok_or_else(|| lacking(name))
}

fn lacking(name: &str) -> Fault {
    Fault::new(&ENCODER_WEIGHTS).arg("name", name)
}

/// The same tensors with these layers in place of their own; layers beyond them are gone.
pub(super) fn put_back(weights: &Weights, layers: &[Layer]) -> Weights {
    let kept = |name: &str| !name.starts_with("encoder.layer.");
    let mut own: Weights = weights
        .iter()
        .filter(|(name, _)| kept(name))
        .map(|(name, tensor)| (name.clone(), tensor.clone()))
        .collect();
    for (index, layer) in layers.iter().enumerate() {
        let mut put = |name: String, shape: Vec<usize>, data: &[f32]| {
            own.insert(name, Tensor { shape, data: data.to_vec() });
        };
        for part in Part::ALL {
            let matrix = layer.matrix(part);
            let (outputs, inputs) = (matrix.outputs(), matrix.inputs());
            put(name(index, part, "weight"), vec![outputs, inputs], &matrix.weight);
            put(name(index, part, "bias"), vec![outputs], &matrix.bias);
        }
        for (norm, part) in layer.norms.iter().zip(NORMS) {
            let place = |kind: &str| format!("encoder.layer.{index}.{part}.{kind}");
            put(place("weight"), vec![norm.scale.len()], &norm.scale);
            put(place("bias"), vec![norm.shift.len()], &norm.shift);
        }
    }
    own
}
