//! The table `[compress]`.

use super::Presence::{Default, Optional};
use super::{Bounds, Choice, Edge, Literal, Shape, Table, choice, key};

static BITS: &[Choice] = &[choice("int8")];

static METHODS: &[Choice] = &[choice("minmax"), choice("entropy"), choice("percentile")];

/// From 0 to 1.
const CLOSED_SHARE: Bounds = Bounds { low: Some((0.0, Edge::In)), high: Some((1.0, Edge::In)) };
/// Above 50, at most 100.
const PERCENT: Bounds = Bounds { low: Some((50.0, Edge::Out)), high: Some((100.0, Edge::In)) };
/// A network of which less is left is another network.
const CUT: Bounds = Bounds { low: Some((0.0, Edge::In)), high: Some((0.9, Edge::In)) };

pub(super) static COMPRESS: Table = Table {
    name: "[compress]",
    keys: &[
        key(
            "quantize",
            "Weights and values in eight bits: a quarter of the size, about twice as fast.",
            "用 8 位表示权重与中间值：体积约为四分之一，速度约快一倍。",
            Shape::Choice(BITS),
            Optional,
            "quantize = \"int8\"",
        ),
        key(
            "calibration",
            "How the ranges of values are found before they become eight bits.",
            "量化前如何确定数值范围。",
            Shape::Table(&CALIBRATION),
            Default(Literal::Table),
            "calibration = { method = \"entropy\", pictures = 128 }",
        ),
        key(
            "prune",
            "What is taken out of the pretrained network; the head is trained anew on what is left.",
            "从预训练网络中剪除的部分；剪枝后重新训练输出层。",
            Shape::Table(&PRUNE),
            Default(Literal::Table),
            "prune = { channels = 0.5 }",
        ),
        key(
            "tolerance",
            "What compression may cost; beyond it the stage refuses, with exit code 3.",
            "压缩允许的代价；超出则该阶段拒绝（退出码 3）。",
            Shape::Table(&TOLERANCE),
            Default(Literal::Table),
            "tolerance = { metric = 0.01, agreement = 0.92 }",
        ),
    ],
};

static CALIBRATION: Table = Table {
    name: "compress.calibration",
    keys: &[
        key(
            "method",
            "From least to greatest; the range of least divergence; or all but the outermost.",
            "最小到最大值；散度最小的范围；或去掉最外侧的数值。",
            Shape::Choice(METHODS),
            Default(Literal::Text("percentile")),
            "method = \"entropy\"",
        ),
        key(
            "percentile",
            "With `percentile`: so many percent of the values lie within the range.",
            "percentile 方法：落在范围内的数值百分比。",
            Shape::Number(PERCENT),
            Default(Literal::Number(99.99)),
            "percentile = 99.99",
        ),
        key(
            "pictures",
            "Training pictures that are looked at.",
            "用于校准的训练图片数。",
            Shape::Integer(1, 1_000),
            Default(Literal::Integer(128)),
            "pictures = 128",
        ),
    ],
};

static PRUNE: Table = Table {
    name: "compress.prune",
    keys: &[
        key(
            "channels",
            "Share of the multiplications between convolutions that is saved by taking whole channels out: faster and smaller.",
            "通过剪除整个通道所节省的卷积间乘法比例：更快、更小。",
            Shape::Number(CUT),
            Default(Literal::Number(0.0)),
            "channels = 0.5",
        ),
        key(
            "weights",
            "Share of the smallest weights that become 0: no faster, but the file packs better.",
            "置零的最小权重比例：不会更快，但文件更易压缩。",
            Shape::Number(CUT),
            Default(Literal::Number(0.0)),
            "weights = 0.3",
        ),
    ],
};

static TOLERANCE: Table = Table {
    name: "compress.tolerance",
    keys: &[
        key(
            "metric",
            "How much lower the accuracy on the test rows may be.",
            "测试集准确率允许的下降幅度。",
            Shape::Number(Bounds::SHARE),
            Default(Literal::Number(0.01)),
            "metric = 0.01",
        ),
        key(
            "agreement",
            "Least share of the test rows that must be answered as before.",
            "与压缩前答案一致的测试行最低比例。",
            Shape::Number(CLOSED_SHARE),
            Default(Literal::Number(0.92)),
            "agreement = 0.92",
        ),
    ],
};
