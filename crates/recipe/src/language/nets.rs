//! What only networks have: `[augment]` and `train.head`.

use super::Presence::Default;
use super::{Bounds, Choice, LIST, List, Literal, Shape, Table, choice, key};

pub(super) static BACKBONES: &[Choice] = &[choice("mobilenet-v2"), choice("minilm-l6")];

static WIDTHS: List =
    List { of: Shape::Integer(1, 65_536), least: 0, distinct: false, tables: false };

pub(super) static SCHEDULES: &[Choice] = &[choice("constant"), choice("cosine")];

const SHARE: Shape = Shape::Number(Bounds::SHARE);

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
