//! What only networks have: `[augment]`, `train.backbone`, `train.head`, `train.unfreeze` and `train.encoder`.

use super::Presence::{Default, Optional, Required};
use super::{Bounds, Choice, Edge, Form, Key, LIST, List, Literal, Shape, Table, choice, key};

pub(crate) static BACKBONES: &[Choice] = &[choice("mobilenet-v2"), choice("minilm-l6")];

/// One number for each colour.
static MEANS: List = List { of: Shape::Number(UNIT), least: 0, distinct: false, tables: false };
static DEVIATIONS: List =
    List { of: Shape::Number(Bounds::FRACTION), least: 0, distinct: false, tables: false };

/// From 0 to 1.
const UNIT: Bounds = Bounds { low: Some((0.0, Edge::In)), high: Some((1.0, Edge::In)) };

static POOLINGS: &[Choice] = &[choice("mean"), choice("cls"), choice("none")];

/// An ONNX file of the user's.
pub(crate) static OWN: Table = Table {
    name: "train.backbone",
    keys: &[
        key(
            "file",
            "The ONNX file, relative to the recipe: one file of 32-bit weights, without external data and custom operators.",
            "ONNX 文件，路径相对于配方：须为单个文件，权重为 32 位，不含外部数据和自定义算子。",
            Shape::Text(Form::Any),
            Required,
            "file = \"models/resnet18.onnx\"",
        ),
        key(
            "features",
            "The value of the graph that the head learns from, an output or one inside: rows × channels, a map of rows × channels × height × width, which is averaged, or of texts rows × tokens × channels. What stands behind it is cut off.",
            "输出层所用的特征在计算图中的名称，可为输出或中间值：形状为 行 × 通道；或 行 × 通道 × 高 × 宽 的特征图（取均值）；文本还可为 行 × 词元 × 通道。其后的部分会被去掉。",
            Shape::Text(Form::Any),
            Required,
            "features = \"flatten\"",
        ),
        key(
            "input",
            "image.classify: the graph's input of pictures, rows × 3 × height × width; without it the only one.",
            "图像分类：计算图的图片输入（行 × 3 × 高 × 宽）；只有一个输入时可不写。",
            Shape::Text(Form::Any),
            Optional,
            "input = \"image\"",
        ),
        key(
            "resize",
            "image.classify: pixels that a picture's shorter side is brought to; without it 8/7 of `crop`, 256 of 224.",
            "图像分类：图片短边缩放到的像素数；不写时为 `crop` 的 8/7（224 对应 256）。",
            Shape::Integer(16, 2_048),
            Optional,
            "resize = 256",
        ),
        key(
            "crop",
            "image.classify: side of the square that is cut from the middle, in pixels; without it 224.",
            "图像分类：居中裁剪的正方形边长（像素）；不写时为 224。",
            Shape::Integer(16, 2_048),
            Optional,
            "crop = 224",
        ),
        key(
            "mean",
            "image.classify: subtracted from red, green and blue, of the range 0 to 1; without it ImageNet's.",
            "图像分类：红、绿、蓝各减去的均值（取值范围 0 到 1）；不写时用 ImageNet 的均值。",
            Shape::List(&MEANS),
            Optional,
            "mean = [0.485, 0.456, 0.406]",
        ),
        key(
            "std",
            "image.classify: what red, green and blue are then divided by; without it ImageNet's.",
            "图像分类：红、绿、蓝随后各除以的标准差；不写时用 ImageNet 的标准差。",
            Shape::List(&DEVIATIONS),
            Optional,
            "std = [0.229, 0.224, 0.225]",
        ),
        key(
            "tokenizer",
            "text.classify: the tokenizer's file (tokenizer.json), relative to the recipe.",
            "文本分类：分词器文件（tokenizer.json），路径相对于配方。",
            Shape::Text(Form::Any),
            Optional,
            "tokenizer = \"models/tokenizer.json\"",
        ),
        key(
            "pooling",
            "text.classify: how tokens become one vector: their mean, the first one (cls), or none where the graph gives one already; without it the mean.",
            "文本分类：由各词元得到一个向量的方式：取均值（mean）、取首个词元（cls），或计算图已给出单个向量（none）；不写时取均值。",
            Shape::Choice(POOLINGS),
            Optional,
            "pooling = \"mean\"",
        ),
        key(
            "tokens",
            "text.classify: tokens read of a text at most; without it 256.",
            "文本分类：每条文本最多读取的词元数；不写时为 256。",
            Shape::Integer(4, 8_192),
            Optional,
            "tokens = 256",
        ),
    ],
};

static WIDTHS: List =
    List { of: Shape::Integer(1, 65_536), least: 0, distinct: false, tables: false };

pub(super) static SCHEDULES: &[Choice] = &[choice("constant"), choice("cosine")];

static METHODS: &[Choice] = &[choice("lora"), choice("full")];

static UNITS: &[Choice] = &[choice("row"), choice("group")];

const SHARE: Shape = Shape::Number(Bounds::SHARE);

/// Parameter of a Beta distribution: below, a mixture is one or the other; beyond, nearly all are halves.
const ALPHA: Shape =
    Shape::Number(Bounds { low: Some((0.01, Edge::In)), high: Some((10.0, Edge::In)) });

const fn mixtures(
    en: &'static str,
    zh: &'static str,
    alpha: f64,
    example: &'static str,
) -> [Key; 2] {
    [
        key("copies", en, zh, Shape::Integer(0, 100), Default(Literal::Integer(0)), "copies = 1"),
        key(
            "alpha",
            "The first one's share is drawn from Beta(α, α): near 0 or 1 where α is small, anywhere with 1.",
            "第一张图片所占比例服从 Beta(α, α)：α 越小越接近 0 或 1；α 为 1 时均匀分布。",
            ALPHA,
            Default(Literal::Number(alpha)),
            example,
        ),
    ]
}

static MIXUP: Table = Table {
    name: "augment.mixup",
    keys: &mixtures(
        "Mixtures with another training picture for every training picture.",
        "每张训练图片与其他训练图片的混合份数。",
        0.2,
        "alpha = 0.2",
    ),
};

static CUTMIX: Table = Table {
    name: "augment.cutmix",
    keys: &mixtures(
        "Copies with a rectangle of another training picture for every training picture.",
        "每张训练图片中，以其他训练图片的一块矩形替换局部的副本数。",
        1.0,
        "alpha = 1.0",
    ),
};

/// What `train.unfreeze` and `compress.distill` share.
pub(super) const STEP: Key = key(
    "batch",
    "Pictures or texts in a step.",
    "每步的图片或文本数。",
    Shape::Integer(1, 1_024),
    Default(Literal::Integer(32)),
    "batch = 32",
);

pub(super) const DECAY: Key = key(
    "weight_decay",
    "Decoupled weight decay (AdamW); 0: Adam.",
    "解耦权重衰减（AdamW）；0 即为 Adam。",
    Shape::Number(Bounds::NOT_NEGATIVE),
    Default(Literal::Number(0.01)),
    "weight_decay = 0.01",
);

pub(super) const COSINE: Key = key(
    "schedule",
    "How the step changes over the training.",
    "学习率的变化方式。",
    Shape::Choice(SCHEDULES),
    Default(Literal::Text("cosine")),
    "schedule = \"cosine\"",
);

pub(super) const PATIENCE: Key = key(
    "patience",
    "Stops after so many epochs without a better validation loss; 0: never. The best weights are kept either way.",
    "验证损失连续多少轮没有改善即停止；0 为不提前停止。无论如何都保留最优权重。",
    Shape::Integer(0, 1_000),
    Default(Literal::Integer(2)),
    "patience = 2",
);

pub(super) static UNFREEZE: Table = Table {
    name: "train.unfreeze",
    keys: &[
        key(
            "blocks",
            "How many of the network's last blocks are trained, with the convolution behind them; every one more makes training longer.",
            "与输出层一同训练的末端块数（包括其后的卷积）；块数越多，训练越慢。",
            Shape::Integer(1, 10),
            Required,
            "blocks = 2",
        ),
        key(
            "epochs",
            "Passes over the training pictures and their copies at most.",
            "在训练图片及其副本上的训练轮数上限。",
            Shape::Integer(1, 1_000),
            Default(Literal::Integer(5)),
            "epochs = 5",
        ),
        STEP,
        key(
            "learning_rate",
            "Adam's step, for the blocks and the head alike; small, so that what the network knows is kept.",
            "Adam 学习率，块与输出层相同；取值宜小，以保留预训练所得。",
            Shape::Number(Bounds::POSITIVE),
            Default(Literal::Number(0.0001)),
            "learning_rate = 0.0001",
        ),
        DECAY,
        COSINE,
        PATIENCE,
    ],
};

pub(super) static ENCODER: Table = Table {
    name: "train.encoder",
    keys: &[
        key(
            "method",
            "lora: low-rank changes of every matrix, merged in the end; full: all numbers of the layers.",
            "lora：为每个矩阵训练低秩改动量，最后并入原矩阵；full：训练各层的全部数值。",
            Shape::Choice(METHODS),
            Default(Literal::Text("lora")),
            "method = \"lora\"",
        ),
        key(
            "rank",
            "lora: rank of the change of every matrix.",
            "lora：每个矩阵改动量的秩。",
            Shape::Integer(1, 256),
            Default(Literal::Integer(8)),
            "rank = 8",
        ),
        key(
            "alpha",
            "lora: the change is scaled by alpha / rank.",
            "lora：改动量按 alpha / rank 缩放。",
            Shape::Number(Bounds::POSITIVE),
            Default(Literal::Number(16.0)),
            "alpha = 16",
        ),
        key(
            "layers",
            "How many of the encoder's last layers are trained; without it all with lora, the last two with full.",
            "训练编码器末端的层数；不写时 lora 训练全部层，full 训练最后两层。",
            Shape::Integer(1, 6),
            Optional,
            "layers = 6",
        ),
        key(
            "epochs",
            "Passes over the training texts and their copies at most.",
            "在训练文本及其副本上的训练轮数上限。",
            Shape::Integer(1, 1_000),
            Default(Literal::Integer(3)),
            "epochs = 3",
        ),
        key(
            "batch",
            "Texts in a step.",
            "每步的文本数。",
            Shape::Integer(1, 1_024),
            Default(Literal::Integer(32)),
            "batch = 32",
        ),
        key(
            "learning_rate",
            "Adam's greatest step, for the encoder and the head alike; it rises to this over the first tenth of the steps. Without it 0.0005 with lora, 0.00005 with full.",
            "Adam 的最大学习率，编码器与输出层相同；在前十分之一的步数内逐渐升至该值。不写时 lora 为 0.0005，full 为 0.00005。",
            Shape::Number(Bounds::POSITIVE),
            Optional,
            "learning_rate = 0.0005",
        ),
        DECAY,
        COSINE,
        PATIENCE,
    ],
};

/// Beyond it nothing is hidden any more, whatever the figure.
const EPSILON: Bounds = Bounds { low: Some((0.0, Edge::Out)), high: Some((1e6, Edge::In)) };

pub(super) static PRIVATE: Table = Table {
    name: "train.private",
    keys: &[
        key(
            "epsilon",
            "What the weights may tell of any one row at most: at 1 little, at 10 much; the noise is found for it.",
            "权重对任意一行数据的泄露上限（ε）：1 较严，10 较宽；噪声据此确定。",
            Shape::Number(EPSILON),
            Required,
            "epsilon = 3",
        ),
        key(
            "delta",
            "Probability with which that may fail; below one over the training rows.",
            "上述保证失效的概率；须小于训练行数的倒数。",
            Shape::Number(Bounds::OPEN_SHARE),
            Default(Literal::Number(1e-5)),
            "delta = 1e-5",
        ),
        key(
            "clip",
            "Length to which every unit's (row's or group's) gradient is shortened.",
            "每个保护单位（行或组）的梯度裁剪上限。",
            Shape::Number(Bounds::POSITIVE),
            Default(Literal::Number(1.0)),
            "clip = 1.0",
        ),
        key(
            "unit",
            "What is hidden: every single row, or all rows of a group of `split.group`, such as a person, together.",
            "保护的单位：单独一行，或 `split.group` 中同一组（如同一人）的所有行。",
            Shape::Choice(UNITS),
            Default(Literal::Text("row")),
            "unit = \"group\"",
        ),
    ],
};

pub(super) static AUGMENT: Table = Table {
    name: "[augment]",
    keys: &[
        key(
            "copies",
            "Changed copies of every training picture or text, besides itself.",
            "每张训练图片或每条训练文本的增强副本数（原件之外）。",
            Shape::Integer(0, 100),
            Default(Literal::Integer(0)),
            "copies = 2",
        ),
        key(
            "rotate",
            "Turned by up to so many degrees either way.",
            "随机旋转的最大角度（正负）。",
            Shape::Integer(0, 180),
            Default(Literal::Integer(15)),
            "rotate = 15",
        ),
        key(
            "zoom",
            "Scaled up or down by up to this share.",
            "随机缩放的最大比例。",
            SHARE,
            Default(Literal::Number(0.1)),
            "zoom = 0.1",
        ),
        key(
            "crop",
            "Up to this share of the sides cut off.",
            "随机裁剪去除的最大边长比例。",
            SHARE,
            Default(Literal::Number(0.1)),
            "crop = 0.1",
        ),
        key(
            "translate",
            "Moved by up to this share of the sides.",
            "随机平移的最大边长比例。",
            SHARE,
            Default(Literal::Number(0.05)),
            "translate = 0.05",
        ),
        key(
            "flip",
            "Half of the copies are mirrored left to right.",
            "半数副本左右翻转。",
            Shape::Boolean,
            Default(Literal::Boolean(true)),
            "flip = true",
        ),
        key(
            "colour",
            "Brightness, contrast and saturation changed by up to this share.",
            "亮度、对比度与饱和度的最大变化比例。",
            SHARE,
            Default(Literal::Number(0.1)),
            "colour = 0.1",
        ),
        key(
            "blur",
            "Share of the copies that are blurred a little.",
            "轻微模糊的副本比例。",
            SHARE,
            Default(Literal::Number(0.0)),
            "blur = 0.1",
        ),
        key(
            "erase",
            "Share of the copies of which a rectangle is wiped out.",
            "随机擦除一块矩形的副本比例。",
            SHARE,
            Default(Literal::Number(0.0)),
            "erase = 0.1",
        ),
        key(
            "mixup",
            "image.classify: copies whose features and class are mixed of two training pictures (mixup).",
            "图像分类：将两张训练图片的特征与类别按比例混合的副本（mixup）。",
            Shape::Table(&MIXUP),
            Default(Literal::Table),
            "mixup = { copies = 1 }",
        ),
        key(
            "cutmix",
            "image.classify: copies in which a rectangle is another training picture's, and the class by area (cutmix).",
            "图像分类：以另一张训练图片的矩形区域替换局部、类别按面积混合的副本（cutmix）。",
            Shape::Table(&CUTMIX),
            Default(Literal::Table),
            "cutmix = { copies = 1 }",
        ),
        key(
            "swap",
            "text.classify: share of the words that change places with the next; characters in Chinese.",
            "文本分类：与后一词交换位置的词的比例；中文按字交换。",
            SHARE,
            Default(Literal::Number(0.05)),
            "swap = 0.05",
        ),
        key(
            "delete",
            "text.classify: share of the words that are left out.",
            "文本分类：随机删去的词的比例。",
            SHARE,
            Default(Literal::Number(0.05)),
            "delete = 0.05",
        ),
        key(
            "synonym",
            "text.classify: share of the known words that are replaced by one of like meaning.",
            "文本分类：以同义词替换的词的比例（限词表内的词）。",
            SHARE,
            Default(Literal::Number(0.3)),
            "synonym = 0.3",
        ),
        key(
            "noise",
            "text.classify: share of the words that are mistyped; in Chinese characters that sound or look alike.",
            "文本分类：改成错别字的词的比例；中文用音近、形近字。",
            SHARE,
            Default(Literal::Number(0.02)),
            "noise = 0.02",
        ),
    ],
};

pub(super) static HEAD: Table = Table {
    name: "train.head",
    keys: &[
        key(
            "hidden",
            "Widths of hidden layers; none: one dense layer.",
            "隐藏层宽度；为空则只有一个全连接层。",
            Shape::List(&WIDTHS),
            LIST,
            "hidden = [64]",
        ),
        key(
            "epochs",
            "Passes over the training rows at most.",
            "训练轮数上限。",
            Shape::Integer(1, 10_000),
            Default(Literal::Integer(5)),
            "epochs = 5",
        ),
        key(
            "batch",
            "Rows in a step.",
            "每步的样本数。",
            Shape::Integer(1, 65_536),
            Default(Literal::Integer(32)),
            "batch = 32",
        ),
        key(
            "learning_rate",
            "Adam's step.",
            "Adam 学习率。",
            Shape::Number(Bounds::POSITIVE),
            Default(Literal::Number(0.001)),
            "learning_rate = 0.001",
        ),
        key(
            "weight_decay",
            "Decoupled weight decay (AdamW); 0: Adam.",
            "解耦权重衰减（AdamW）；0 即为 Adam。",
            Shape::Number(Bounds::NOT_NEGATIVE),
            Default(Literal::Number(0.0)),
            "weight_decay = 0.01",
        ),
        key(
            "schedule",
            "How the step changes over the training.",
            "学习率的变化方式。",
            Shape::Choice(SCHEDULES),
            Default(Literal::Text("constant")),
            "schedule = \"cosine\"",
        ),
        key(
            "dropout",
            "Share of features left out at random in a step.",
            "训练时随机置零的特征比例。",
            SHARE,
            Default(Literal::Number(0.0)),
            "dropout = 0.2",
        ),
        key(
            "patience",
            "Stops after so many epochs without a better validation loss; 0: never.",
            "验证损失连续多少轮没有改善即停止；0 为不提前停止。",
            Shape::Integer(0, 10_000),
            Default(Literal::Integer(0)),
            "patience = 3",
        ),
    ],
};
