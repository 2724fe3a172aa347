//! `MobileNetV2` (Sandler et al. 2018, <https://arxiv.org/abs/1801.04381>) from torchvision's weights. Batch normalisation is
//! folded into the convolutions: at inference it is one multiplication and one addition per channel.

use super::build::{Builder, whole, wholes};
use super::proto::Model;
use crate::messages::WEIGHTS_MISSING;
use crate::weights::{Tensor, Weights};
use ingot_base::{Fault, Result};

/// The input: `rows × 3 × height × width`, normalised as for `ImageNet`.
pub const IMAGE: &str = "image";
/// Output: the last feature map, `rows × 1280 × height/32 × width/32`.
pub const MAP: &str = "map";
/// Output: the map's mean over the picture, `rows × 1280`.
pub const FEATURES: &str = "features";
/// Output: the classifier's answer, before softmax.
pub const LOGITS: &str = "logits";

/// Table 2 of the paper: expansion, channels, blocks, stride of the first.
const BLOCKS: [(usize, usize, usize, usize); 7] = [
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
];
/// Of batch normalisation, as torchvision trains it.
const EPSILON: f32 = 1e-5;

/// The graph, with the outputs [`MAP`], [`FEATURES`] and [`LOGITS`].
///
/// # Errors
/// When a weight is missing or of another shape.
pub fn mobilenet_v2(weights: &Weights) -> Result<Model> {
    let mut net = Net { builder: Builder::new("mobilenet-v2"), weights };
    net.builder.input(IMAGE, &[None, Some(3), None, None]);
    let mut at = net.convolution(IMAGE, ("features.0.0", "features.0.1"), 2, 1)?;
    at = net.clip(&at);
    let (mut index, mut channels) = (1, 32);
    for (expansion, wide, blocks, stride) in BLOCKS {
        for block in 0..blocks {
            let stride = if block == 0 { stride } else { 1 };
            at = net.block(&at, index, expansion, (channels, wide), stride)?;
            channels = wide;
            index += 1;
        }
    }
    let (conv, norm) = (format!("features.{index}.0"), format!("features.{index}.1"));
    at = net.convolution(&at, (&conv, &norm), 1, 1)?;
    let mut builder = net.finish(&at);
    let classifier = |part: &str, rank| get(weights, &format!("classifier.1.{part}"), rank);
    let (weight, bias) = (classifier("weight", 2)?, classifier("bias", 1)?);
    let wide = weight.shape.get(1).copied().and_then(|wide| i64::try_from(wide).ok());
    let classes = bias.shape.first().copied().and_then(|count| i64::try_from(count).ok());
    let weight = builder.weight("classifier.weight", &weight.shape, &weight.data);
    let bias = builder.weight("classifier.bias", &bias.shape, &bias.data);
    builder.node("Gemm", LOGITS, &[FEATURES, &weight, &bias], vec![whole("transB", 1)]);
    builder.output(MAP, &[None, wide, None, None]);
    builder.output(FEATURES, &[None, wide]);
    builder.output(LOGITS, &[None, classes]);
    Ok(builder.finish())
}

struct Net<'w> {
    builder: Builder,
    weights: &'w Weights,
}

impl Net<'_> {
    /// An inverted residual: widen, filter each channel, narrow; added to its input where shapes allow.
    fn block(
        &mut self,
        input: &str,
        index: usize,
        expansion: usize,
        (narrow, wide): (usize, usize),
        stride: usize,
    ) -> Result<String> {
        let part = |name: &str| format!("features.{index}.conv.{name}");
        let mut at = input.to_owned();
        let mut step = 0;
        if expansion != 1 {
            let expanded = self.convolution(&at, (&part("0.0"), &part("0.1")), 1, 1)?;
            at = self.clip(&expanded);
            step = 1;
        }
        let names = (part(&format!("{step}.0")), part(&format!("{step}.1")));
        let filtered = self.convolution(&at, (&names.0, &names.1), stride, narrow * expansion)?;
        at = self.clip(&filtered);
        let names = (part(&format!("{}", step + 1)), part(&format!("{}", step + 2)));
        at = self.convolution(&at, (&names.0, &names.1), 1, 1)?;
        if stride == 1 && narrow == wide {
            let sum = part("sum");
            at = self.builder.node("Add", &sum, &[input, &at], Vec::new());
        }
        Ok(at)
    }

    /// A convolution with the normalisation after it.
    fn convolution(
        &mut self,
        input: &str,
        (conv, norm): (&str, &str),
        stride: usize,
        group: usize,
    ) -> Result<String> {
        let weight = get(self.weights, &format!("{conv}.weight"), 4)?;
        let one = |part: &str| get(self.weights, &format!("{norm}.{part}"), 1);
        let (scale, shift, mean, variance) =
            (one("weight")?, one("bias")?, one("running_mean")?, one("running_var")?);
        let outputs = scale.data.len();
        let factors: Vec<f32> = scale
            .data
            .iter()
            .zip(&variance.data)
            .map(|(scale, variance)| scale / (variance + EPSILON).sqrt())
            .collect();
        let bias: Vec<f32> = shift
            .data
            .iter()
            .zip(&mean.data)
            .zip(&factors)
            .map(|((shift, mean), factor)| shift - mean * factor)
            .collect();
        if bias.len() != outputs || weight.shape.first() != Some(&outputs) {
            return Err(missing(norm));
        }
        let each = weight.data.len().checked_div(outputs).unwrap_or_default().max(1);
        let folded: Vec<f32> = weight
            .data
            .chunks(each)
            .zip(&factors)
            .flat_map(|(filter, factor)| filter.iter().map(move |number| number * factor))
            .collect();
        let size = weight.shape.get(3).copied().unwrap_or(1);
        let (size, pad) = (signed(size), signed(size / 2));
        let (stride, group) = (signed(stride), signed(group));
        let name = conv.to_owned();
        let weight = self.builder.weight(&format!("{name}.weight"), &weight.shape, &folded);
        let bias = self.builder.weight(&format!("{name}.bias"), &[outputs], &bias);
        let attributes = vec![
            wholes("kernel_shape", &[size, size]),
            wholes("pads", &[pad; 4]),
            wholes("strides", &[stride, stride]),
            whole("group", group),
        ];
        Ok(self.builder.node("Conv", &name, &[input, &weight, &bias], attributes))
    }

    /// `ReLU6`.
    fn clip(&mut self, input: &str) -> String {
        let name = format!("{input}.relu6");
        let low = self.builder.weight(&format!("{name}.low"), &[], &[0.0]);
        let high = self.builder.weight(&format!("{name}.high"), &[], &[6.0]);
        self.builder.node("Clip", &name, &[input, &low, &high], Vec::new())
    }

    /// The last activation and its mean over the picture, by their public names.
    fn finish(mut self, at: &str) -> Builder {
        let low = self.builder.weight("map.low", &[], &[0.0]);
        let high = self.builder.weight("map.high", &[], &[6.0]);
        self.builder.node("Clip", MAP, &[at, &low, &high], Vec::new());
        self.builder.node("GlobalAveragePool", "pooled", &[MAP], Vec::new());
        self.builder.node("Flatten", FEATURES, &["pooled"], vec![whole("axis", 1)]);
        self.builder
    }
}

fn get<'w>(weights: &'w Weights, name: &str, rank: usize) -> Result<&'w Tensor> {
    weights.get(name).filter(|tensor| tensor.shape.len() == rank).ok_or_else(|| missing(name))
}

fn missing(name: &str) -> Fault {
    Fault::new(&WEIGHTS_MISSING).arg("model", "MobileNetV2").arg("name", name)
}

fn signed(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
