//! The table `[compress]`.

use super::Presence::{Default, Optional};
use super::nets::{COSINE, DECAY, PATIENCE, STEP};
use super::{Bounds, Choice, Edge, LIST, List, Literal, Shape, Table, choice, key};

static BITS: &[Choice] = &[
    choice("int8"),
    choice("q8_0"),
    choice("q6_k"),
    choice("q5_k_m"),
    choice("q5_1"),
    choice("q5_0"),
    choice("q4_k_m"),
    choice("q4_1"),
    choice("q4_0"),
    choice("iq4_nl"),
    choice("q3_k_m"),
];

/// llama.cpp's forms, the largest first.
static FORMS: &[Choice] = BITS.split_at(1).1;

static BESIDE: List = List { of: Shape::Choice(FORMS), least: 0, distinct: true, tables: false };

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
            "image.classify: int8, weights and values in eight bits, a quarter of the size and about twice as fast; text.classify: int8, the same with ranges found in each run. generate.sft: one of llama.cpp's forms, which the package carries.",
            "图像分类：int8，用 8 位表示权重与中间值，体积约为四分之一，速度约快一倍；文本分类：int8，数值范围在每次运行时确定。generate.sft：llama.cpp 的量化格式之一，模型包使用该格式。",
            Shape::Choice(BITS),
            Optional,
            "quantize = \"int8\"",
        ),
        key(
            "beside",
            "generate.sft: forms that are made and measured too, for the report's table.",
            "generate.sft：另行生成并评测的量化格式，列入报告的对比表。",
            Shape::List(&BESIDE),
            LIST,
            "beside = [\"q8_0\", \"q4_0\"]",
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
            "distill",
            "A smaller network learns the trained one's answers (knowledge distillation). image.classify: the last blocks, after channels were taken out; text.classify: a student of fewer layers of the encoder. Needs validation rows.",
            "让更小的网络学习训练所得网络的输出（知识蒸馏）。图像分类：剪除通道之后训练末端的若干块；文本分类：训练层数更少的学生编码器。需要验证集。",
            Shape::Table(&DISTILL),
            Optional,
            "distill = { blocks = 3 }",
        ),
        key(
            "tolerance",
            "What compression may cost; beyond it the stage refuses, with exit code 3.",
            "压缩允许付出的代价；超出时该阶段会拒绝（退出码 3）。",
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
            "With `percentile`: so many percent of the numbers that are not 0 lie within the range.",
            "percentile 方法：非零数值落在范围内的百分比。",
            Shape::Number(PERCENT),
            Default(Literal::Number(99.95)),
            "percentile = 99.9",
        ),
        key(
            "pictures",
            "Training pictures that are looked at.",
            "用于校准的训练图片数。",
            Shape::Integer(1, 1_000),
            Default(Literal::Integer(128)),
            "pictures = 128",
        ),
        key(
            "tokens",
            "generate.sft: tokens of training conversations that show which weights matter (importance matrix), at most; 0: all matter alike.",
            "generate.sft：用于计算重要性矩阵的训练对话词元数上限；0 表示不使用重要性矩阵。",
            Shape::Integer(0, 10_000_000),
            Default(Literal::Integer(20_000)),
            "tokens = 20000",
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

/// Below 1 a teacher's answers would be sharper than it gave them.
const TEMPERATURE: Bounds = Bounds { low: Some((1.0, Edge::In)), high: Some((100.0, Edge::In)) };
/// Without any part in the loss it is no teacher.
const PART: Bounds = Bounds { low: Some((0.0, Edge::Out)), high: Some((1.0, Edge::In)) };

static DISTILL: Table = Table {
    name: "compress.distill",
    keys: &[
        key(
            "blocks",
            "image.classify: how many of the pruned network's last blocks learn, with the convolution behind them and the head.",
            "图像分类：剪枝后网络末端参与学习的块数（包括其后的卷积与输出层）。",
            Shape::Integer(1, 10),
            Default(Literal::Integer(3)),
            "blocks = 3",
        ),
        key(
            "layers",
            "text.classify: layers of the student, evenly taken from the encoder's; all of their numbers learn, with the head.",
            "文本分类：学生编码器的层数，均匀取自原编码器；其全部数值与输出层一同训练。",
            Shape::Integer(1, 5),
            Optional,
            "layers = 3",
        ),
        key(
            "temperature",
            "Both networks' logits are divided by it, so that what the teacher holds for unlikely counts too.",
            "两个网络的 logit 均除以该温度，使教师网络认为不太可能的类别也起作用。",
            Shape::Number(TEMPERATURE),
            Default(Literal::Number(4.0)),
            "temperature = 4.0",
        ),
        key(
            "weight",
            "The teacher's share of the loss; the classes of the training rows have the rest.",
            "教师网络在损失中所占的比重；其余为训练数据的真实类别。",
            Shape::Number(PART),
            Default(Literal::Number(0.9)),
            "weight = 0.9",
        ),
        key(
            "epochs",
            "Passes over the training rows and their copies at most.",
            "在训练数据及其副本上的训练轮数上限。",
            Shape::Integer(1, 1_000),
            Default(Literal::Integer(10)),
            "epochs = 10",
        ),
        STEP,
        key(
            "learning_rate",
            "Adam's step.",
            "Adam 学习率。",
            Shape::Number(Bounds::POSITIVE),
            Default(Literal::Number(0.0003)),
            "learning_rate = 0.0003",
        ),
        DECAY,
        COSINE,
        PATIENCE,
    ],
};

static TOLERANCE: Table = Table {
    name: "compress.tolerance",
    keys: &[
        key(
            "metric",
            "How much lower the accuracy (of a language model: the exact match) on the test rows may be.",
            "测试集准确率（语言模型为完全一致率）允许的下降幅度。",
            Shape::Number(Bounds::SHARE),
            Default(Literal::Number(0.01)),
            "metric = 0.01",
        ),
        key(
            "agreement",
            "Least share of the test rows that must be answered as before; of a language model: of the answers' tokens whose likeliest token must stay.",
            "与压缩前答案一致的测试样本最低比例；语言模型为回答中最可能词元保持不变的最低比例。",
            Shape::Number(CLOSED_SHARE),
            Default(Literal::Number(0.92)),
            "agreement = 0.92",
        ),
        key(
            "divergence",
            "generate.sft: mean divergence (Kullback-Leibler) from the unquantised model on the answers' tokens, at most, in nats.",
            "generate.sft：在回答词元上与量化前模型的平均 KL 散度上限（奈特）。",
            Shape::Number(Bounds::POSITIVE),
            Default(Literal::Number(0.1)),
            "divergence = 0.1",
        ),
        key(
            "perplexity",
            "generate.sft: share by which the perplexity of the answers may rise.",
            "generate.sft：回答困惑度允许的上升比例。",
            Shape::Number(Bounds::NOT_NEGATIVE),
            Default(Literal::Number(0.1)),
            "perplexity = 0.1",
        ),
    ],
};
