//! What only language models have: `train.lora`.

use super::Presence::{Default, Optional};
use super::nets::SCHEDULES;
use super::{Bounds, COLUMN, Choice, Form, List, Literal, Presence, Shape, Table, choice, key};

static PARTS: &[Choice] = &[
    choice("q_proj"),
    choice("k_proj"),
    choice("v_proj"),
    choice("o_proj"),
    choice("gate_proj"),
    choice("up_proj"),
    choice("down_proj"),
];

static TARGETS: List = List { of: Shape::Choice(PARTS), least: 0, distinct: true, tables: false };

static OBJECTIVES: &[Choice] = &[choice("sft"), choice("dpo")];

static PACKAGES: &[Choice] = &[choice("merged"), choice("adapter")];

static STORES: &[Choice] = &[choice("f32"), choice("f16"), choice("q8_0")];

const fn count(low: i64, high: i64) -> Shape {
    Shape::Integer(low, high)
}

const fn number(value: i64) -> Presence {
    Default(Literal::Integer(value))
}

const fn share(value: f64) -> Presence {
    Default(Literal::Number(value))
}

pub(super) static LORA: Table = Table {
    name: "train.lora",
    keys: &[
        key(
            "objective",
            "What is learnt: sft, the answers of the target column; dpo, to prefer them to those of the column `rejected` (direct preference optimisation).",
            "学习目标：sft 学习目标列中的回答；dpo 学习偏好目标列的回答，而不是 `rejected` 列的回答（直接偏好优化）。",
            Shape::Choice(OBJECTIVES),
            Default(Literal::Text("sft")),
            "objective = \"dpo\"",
        ),
        key(
            "rejected",
            "dpo: the column of answers that were not preferred, by its name after cleaning and protection.",
            "dpo：落选回答所在的列；填写清洗与保护之后的列名。",
            COLUMN,
            Optional,
            "rejected = \"rejected\"",
        ),
        key(
            "beta",
            "dpo: how closely the model is held to its base; small values let it go further.",
            "dpo：对偏离基础模型的约束强度；值越小，允许偏离越大。",
            Shape::Number(Bounds::POSITIVE),
            share(0.1),
            "beta = 0.1",
        ),
        key(
            "rank",
            "Rank of the change of every matrix.",
            "每个矩阵改动量的秩。",
            count(1, 1_024),
            number(16),
            "rank = 16",
        ),
        key(
            "alpha",
            "The change is scaled by alpha / rank.",
            "改动量按 alpha / rank 缩放。",
            Shape::Number(Bounds::POSITIVE),
            share(32.0),
            "alpha = 32",
        ),
        key(
            "dropout",
            "Share of an adapter's inputs left out at random in a step.",
            "训练时适配器输入随机置零的比例。",
            Shape::Number(Bounds::SHARE),
            share(0.0),
            "dropout = 0.05",
        ),
        key(
            "targets",
            "The matrices of every layer that get an adapter; none named: all seven.",
            "每层中添加适配器的矩阵；不写则为全部七个。",
            Shape::List(&TARGETS),
            super::LIST,
            "targets = [\"q_proj\", \"v_proj\"]",
        ),
        key(
            "epochs",
            "Passes over the conversations.",
            "训练轮数。",
            count(1, 1_000),
            number(3),
            "epochs = 3",
        ),
        key(
            "learning_rate",
            "AdamW's greatest step.",
            "AdamW 的最大学习率。",
            Shape::Number(Bounds::POSITIVE),
            share(0.0005),
            "learning_rate = 0.0005",
        ),
        key(
            "batch",
            "Conversations that go through the model at once.",
            "每批的对话数。",
            count(1, 4_096),
            number(8),
            "batch = 8",
        ),
        key(
            "accumulate",
            "Batches whose gradients make one step.",
            "累积多少批的梯度后更新一步。",
            count(1, 4_096),
            number(1),
            "accumulate = 2",
        ),
        key(
            "schedule",
            "How the learning rate changes after the warm-up.",
            "预热之后学习率的变化方式。",
            Shape::Choice(SCHEDULES),
            Default(Literal::Text("cosine")),
            "schedule = \"cosine\"",
        ),
        key(
            "warmup",
            "Share of the steps in which the learning rate rises.",
            "学习率线性升高的步数比例。",
            Shape::Number(Bounds::SHARE),
            share(0.03),
            "warmup = 0.03",
        ),
        key(
            "weight_decay",
            "Decoupled weight decay of the adapter.",
            "适配器的解耦权重衰减。",
            Shape::Number(Bounds::NOT_NEGATIVE),
            share(0.0),
            "weight_decay = 0.01",
        ),
        key(
            "clip",
            "Gradients longer than this are shortened to it; 0: never.",
            "梯度范数的上限；0 为不裁剪。",
            Shape::Number(Bounds::NOT_NEGATIVE),
            share(1.0),
            "clip = 1.0",
        ),
        key(
            "max_tokens",
            "Conversations of more tokens are not learnt from.",
            "词元数超过此值的对话不参与学习。",
            count(8, 131_072),
            number(1_024),
            "max_tokens = 1024",
        ),
        key(
            "save_memory",
            "Layers are computed again on the way back instead of kept: less memory, more time.",
            "反向传播时重新计算各层而不保留中间结果，以时间换内存。",
            Shape::Boolean,
            Default(Literal::Boolean(false)),
            "save_memory = true",
        ),
        key(
            "system",
            "What the system says before every question.",
            "每个提问之前的系统提示词。",
            Shape::Text(Form::Any),
            Optional,
            "system = \"Answer with one JSON object.\"",
        ),
        key(
            "canaries",
            "Made-up secrets hidden in the training data, to measure what the model remembers word by word; 0: none.",
            "为检测逐字记忆而埋入训练数据的虚构秘密数；0 为不埋入。",
            count(0, 100),
            number(4),
            "canaries = 4",
        ),
        key(
            "evaluate",
            "Test conversations that are answered and compared, at most.",
            "最多生成并比对多少条测试对话的回答。",
            count(0, 100_000),
            number(200),
            "evaluate = 200",
        ),
        key(
            "answer_tokens",
            "Tokens of an answer at most, in the evaluation.",
            "评估时回答的最大词元数。",
            count(1, 8_192),
            number(128),
            "answer_tokens = 128",
        ),
        key(
            "samples",
            "Test conversations shown in the report with the answers; they become visible to every reader.",
            "报告中展示多少条测试对话及回答；报告的读者都能看到。",
            count(0, 100),
            number(0),
            "samples = 8",
        ),
        key(
            "store",
            "How the merged model's matrices are stored.",
            "合并后模型矩阵的存储格式。",
            Shape::Choice(STORES),
            Default(Literal::Text("f16")),
            "store = \"f16\"",
        ),
        key(
            "package",
            "What the package carries: the merged model, or the adapter alone, which is served with its base.",
            "模型包的内容：合并后的模型，或仅适配器（与基础模型一起提供服务）。",
            Shape::Choice(PACKAGES),
            Default(Literal::Text("merged")),
            "package = \"adapter\"",
        ),
        key(
            "tolerance",
            "Divergence of the merged model's next words from the trained model's that passes the gate, in nats.",
            "合并后模型与训练所得模型的下一词元分布散度的上限（奈特）。",
            Shape::Number(Bounds::POSITIVE),
            share(0.001),
            "tolerance = 0.001",
        ),
    ],
};
