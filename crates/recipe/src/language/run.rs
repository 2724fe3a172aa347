//! The tables `[split]`, `[train]`, `[explain]`, `[seal]` and `[serve]`.

use super::Presence::{Default, Optional, Required};
use super::lora::LORA;
use super::nets::{ENCODER, HEAD, PRIVATE, UNFREEZE};
use super::{
    Bounds, COLUMN, COLUMNS, Choice, Edge, Form, Key, LIST, List, Literal, Map, Shape, Table,
    choice, key,
};

const SECOND: u64 = 1_000;
const DAY: u64 = 86_400 * SECOND;

pub(crate) static SPLIT: Table = Table {
    name: "[split]",
    keys: &[
        key(
            "test",
            "Share of the rows that the model never sees while it is made.",
            "测试集占比，训练过程中不使用。",
            Shape::Number(Bounds::OPEN_SHARE),
            Default(Literal::Number(0.2)),
            "test = 0.2",
        ),
        key(
            "validation",
            "Share for early stopping and calibration; with 0 training folds its own rows.",
            "验证集占比，用于提前停止和校准；为 0 时在训练集内做交叉验证。",
            Shape::Number(Bounds::SHARE),
            Default(Literal::Number(0.0)),
            "validation = 0.1",
        ),
        key(
            "stratify",
            "Every class in the same proportion on all sides.",
            "各部分中每个类别的比例相同。",
            Shape::Boolean,
            Default(Literal::Boolean(false)),
            "stratify = true",
        ),
        key(
            "group",
            "Rows with the same value here never stand on two sides.",
            "此列取值相同的行不会分到不同部分。",
            COLUMN,
            Optional,
            "group = \"user_id\"",
        ),
        key(
            "time",
            "The latest rows by this column are the test, those before them the validation.",
            "按此列时间排序，最新的行作测试集，其前的行作验证集。",
            COLUMN,
            Optional,
            "time = \"date\"",
        ),
    ],
};

pub(crate) static TRAIN: Table = Table {
    name: "[train]",
    keys: &[
        key(
            "budget",
            "How long the search may take; the first trial always completes.",
            "搜索的时间预算；首次试验总会完成。",
            Shape::Text(Form::Duration(SECOND, 7 * DAY)),
            Default(Literal::Text("2m")),
            "budget = \"2m\"",
        ),
        key(
            "trials",
            "How many candidates the search tries at most.",
            "搜索最多尝试的候选数。",
            Shape::Integer(1, 10_000),
            Default(Literal::Integer(24)),
            "trials = 24",
        ),
        key(
            "exclude",
            "Columns never to learn from.",
            "不参与学习的列。",
            Shape::List(&COLUMNS),
            LIST,
            "exclude = [\"note\"]",
        ),
        key(
            "balance",
            "Every class weighs the same in training.",
            "训练时各类别权重相同。",
            Shape::Boolean,
            Default(Literal::Boolean(false)),
            "balance = true",
        ),
        key(
            "calibrate",
            "Probabilities are calibrated; no effect in regression.",
            "校准概率；回归任务中无效。",
            Shape::Boolean,
            Default(Literal::Boolean(true)),
            "calibrate = true",
        ),
        key(
            "cost",
            "tabular.binary: what mistakes cost, in any unit; decides the threshold.",
            "二分类：两类错误的代价（任意单位），决定判定阈值。",
            Shape::Table(&COST),
            Optional,
            "cost = { false_positive = 1, false_negative = 5 }",
        ),
        key(
            "fairness",
            "Columns whose groups are compared; they need not be learnt from.",
            "做公平性对比的列，可以不参与学习。",
            Shape::List(&COLUMNS),
            LIST,
            "fairness = [\"sex\"]",
        ),
        key(
            "folds",
            "Inner folds when there are no validation rows.",
            "没有验证集时的交叉验证折数。",
            Shape::Integer(2, 20),
            Default(Literal::Integer(5)),
            "folds = 5",
        ),
        key(
            "review",
            "Rows whose label is doubtful, outlying rows and columns that give the target away are looked for.",
            "排查可疑标签、离群行以及泄露目标的列。",
            Shape::Boolean,
            Default(Literal::Boolean(true)),
            "review = false",
        ),
        key(
            "max_categories",
            "A text column with more distinct values is not learnt from.",
            "不同取值超过此数的文本列不参与学习。",
            Shape::Integer(2, 100_000),
            Default(Literal::Integer(1_000)),
            "max_categories = 1000",
        ),
        key(
            "threads",
            "Processor cores; without it all.",
            "使用的处理器核数，不写则全部使用。",
            Shape::Integer(1, 1_024),
            Optional,
            "threads = 4",
        ),
        key(
            "backbone",
            "image.classify, text.classify: the pretrained network whose features are learnt from, by name or as a table with an ONNX file of one's own; without it mobilenet-v2 for pictures, minilm-l6 for texts.",
            "图像与文本分类：提取特征的预训练网络，可写名称，或以表的形式给出自己的 ONNX 文件；不写时图片用 mobilenet-v2，文本用 minilm-l6。",
            Shape::Backbone,
            Optional,
            "backbone = \"mobilenet-v2\"",
        ),
        key(
            "text",
            "text.classify: the column of texts, without it the only column of text. generate.sft: the column of questions, without it the target holds whole conversations, as JSON lists of messages. Both by the name after cleaning and protection.",
            "文本分类：文本所在的列，不写时取唯一的文本列。generate.sft：提问所在的列，不写时目标列须为整段对话（JSON 消息列表）。均为清洗与保护之后的列名。",
            COLUMN,
            Optional,
            "text = \"message\"",
        ),
        key(
            "words",
            "text.classify: buckets that single words fall into, learnt from besides the embedding; 0: the embedding alone.",
            "文本分类：单个词的哈希桶数，与嵌入向量一同学习；0 表示只用嵌入向量。",
            Shape::Integer(0, 65_536),
            Default(Literal::Integer(4_096)),
            "words = 4096",
        ),
        key(
            "base",
            "generate.sft: the language model that learns: a published model, a GGUF file, or the folder of a checkpoint.",
            "generate.sft：要微调的语言模型，可为已发布的模型名、GGUF 文件或检查点文件夹。",
            Shape::Text(Form::Any),
            Default(Literal::Text("smollm2-135m")),
            "base = \"smollm2-135m\"",
        ),
        key(
            "lora",
            "generate.sft: the adapter and how it is trained.",
            "generate.sft：适配器及其训练方式。",
            Shape::Table(&LORA),
            Default(Literal::Table),
            "lora = { rank = 16, epochs = 3 }",
        ),
        key(
            "head",
            "image.classify, text.classify: the layers that are trained on the backbone's features.",
            "图像与文本分类：在预训练特征之上训练的输出层。",
            Shape::Table(&HEAD),
            Default(Literal::Table),
            "head = { epochs = 5 }",
        ),
        key(
            "unfreeze",
            "image.classify: the network's last blocks are trained too (fine-tuning), after the head; needs validation rows, and memory for a map of every picture and copy.",
            "图像分类：训练输出层之后，再将网络末端的若干块一同训练（微调）；需要验证集，并需内存存放每张图片及副本的特征图。",
            Shape::Table(&UNFREEZE),
            Optional,
            "unfreeze = { blocks = 2 }",
        ),
        key(
            "encoder",
            "text.classify: the encoder is trained too (fine-tuning), after the head; where no pass lowers the validation loss it stays as it was. Needs validation rows.",
            "文本分类：训练输出层之后，再将编码器一同训练（微调）；若没有任何一轮降低验证损失，则编码器保持不变。需要验证集。",
            Shape::Table(&ENCODER),
            Optional,
            "encoder = { method = \"lora\" }",
        ),
        key(
            "private",
            "image.classify, text.classify: the head is trained with differential privacy (DP-SGD), so that its weights tell little of any one row.",
            "图像与文本分类：以差分隐私（DP-SGD）训练输出层，使权重几乎不泄露任何一行数据。",
            Shape::Table(&PRIVATE),
            Optional,
            "private = { epsilon = 3 }",
        ),
        key(
            "params",
            "LightGBM parameters that the search must not touch.",
            "固定的 LightGBM 参数，搜索不会改动。",
            Shape::Parameters(&PARAMS),
            Default(Literal::Map),
            "[train.params]",
        ),
    ],
};

static COST: Table = Table {
    name: "train.cost",
    keys: &[
        key(
            "false_positive",
            "Cost of the negative class labelled positive.",
            "把负类判为正类的代价。",
            Shape::Number(Bounds::POSITIVE),
            Required,
            "false_positive = 1",
        ),
        key(
            "false_negative",
            "Cost of the positive class labelled negative.",
            "把正类判为负类的代价。",
            Shape::Number(Bounds::POSITIVE),
            Required,
            "false_negative = 5",
        ),
    ],
};

static OBJECTIVES: &[Choice] = &[
    choice("regression"),
    choice("regression_l1"),
    choice("huber"),
    choice("fair"),
    choice("quantile"),
    choice("mape"),
];

const fn param(
    name: &'static str,
    en: &'static str,
    zh: &'static str,
    shape: Shape,
    example: &'static str,
) -> Key {
    key(name, en, zh, shape, Optional, example)
}

const COUNT: Shape = Shape::Integer(0, 1_000_000_000);
const AMOUNT: Shape = Shape::Number(Bounds::NOT_NEGATIVE);

/// Those that read no file, open no socket and leave early stopping alone.
static PARAMS: Table = Table {
    name: "[train.params]",
    keys: &[
        param(
            "alpha",
            "huber and quantile: their parameter.",
            "huber 与 quantile 目标的参数。",
            Shape::Number(Bounds::POSITIVE),
            "alpha = 0.9",
        ),
        param(
            "bagging_fraction",
            "Share of rows per tree.",
            "每棵树使用的行比例。",
            Shape::Number(Bounds::FRACTION),
            "bagging_fraction = 0.8",
        ),
        param(
            "bagging_freq",
            "Rows are drawn anew after so many trees; 0: never.",
            "每多少棵树重新抽样，0 为不抽样。",
            COUNT,
            "bagging_freq = 1",
        ),
        param(
            "cat_l2",
            "L2 penalty of category splits.",
            "类别切分的 L2 正则。",
            AMOUNT,
            "cat_l2 = 10",
        ),
        param(
            "cat_smooth",
            "Smoothing of category statistics.",
            "类别统计的平滑。",
            AMOUNT,
            "cat_smooth = 10",
        ),
        param(
            "extra_trees",
            "Thresholds at random.",
            "随机切分点。",
            Shape::Boolean,
            "extra_trees = true",
        ),
        param(
            "feature_fraction",
            "Share of columns per tree.",
            "每棵树使用的列比例。",
            Shape::Number(Bounds::FRACTION),
            "feature_fraction = 0.8",
        ),
        param(
            "feature_fraction_bynode",
            "Share of columns per node.",
            "每个节点使用的列比例。",
            Shape::Number(Bounds::FRACTION),
            "feature_fraction_bynode = 0.8",
        ),
        param("lambda_l1", "L1 penalty.", "L1 正则。", AMOUNT, "lambda_l1 = 0.1"),
        param("lambda_l2", "L2 penalty.", "L2 正则。", AMOUNT, "lambda_l2 = 0.1"),
        param(
            "learning_rate",
            "Step of every tree.",
            "学习率。",
            Shape::Number(Bounds::POSITIVE),
            "learning_rate = 0.05",
        ),
        param(
            "max_bin",
            "Bins per column.",
            "每列的分箱数。",
            Shape::Integer(2, 65_535),
            "max_bin = 255",
        ),
        param(
            "max_cat_threshold",
            "Categories on one side of a split at most.",
            "切分一侧的最多类别数。",
            Shape::Integer(1, 1_000_000),
            "max_cat_threshold = 32",
        ),
        param(
            "max_cat_to_onehot",
            "Columns with so few categories are split one against the rest.",
            "类别数不超过此值时采用一对其余切分。",
            Shape::Integer(1, 1_000_000),
            "max_cat_to_onehot = 4",
        ),
        param(
            "max_delta_step",
            "Bound of a leaf's output; 0: none.",
            "叶节点输出值的上限，0 为不限。",
            AMOUNT,
            "max_delta_step = 0",
        ),
        param(
            "max_depth",
            "Depth of a tree; -1: any.",
            "树深，-1 为不限。",
            Shape::Integer(-1, 1_000),
            "max_depth = 6",
        ),
        param(
            "min_data_in_bin",
            "Rows per bin at least.",
            "每箱最少行数。",
            Shape::Integer(1, 1_000_000_000),
            "min_data_in_bin = 3",
        ),
        param(
            "min_data_in_leaf",
            "Rows per leaf at least.",
            "每叶最少行数。",
            COUNT,
            "min_data_in_leaf = 20",
        ),
        param(
            "min_data_per_group",
            "Rows per category group at least.",
            "每个类别组最少行数。",
            Shape::Integer(1, 1_000_000_000),
            "min_data_per_group = 100",
        ),
        param(
            "min_gain_to_split",
            "Gain of a split at least.",
            "切分的最小增益。",
            AMOUNT,
            "min_gain_to_split = 0",
        ),
        param(
            "min_sum_hessian_in_leaf",
            "Sum of second derivatives per leaf at least.",
            "每叶二阶导数之和的下限。",
            AMOUNT,
            "min_sum_hessian_in_leaf = 0.001",
        ),
        param(
            "num_iterations",
            "Trees at most.",
            "最多的树数。",
            Shape::Integer(1, 100_000),
            "num_iterations = 500",
        ),
        param(
            "num_leaves",
            "Leaves per tree at most.",
            "每棵树最多叶数。",
            Shape::Integer(2, 131_072),
            "num_leaves = 31",
        ),
        param(
            "objective",
            "tabular.regression: the loss.",
            "回归任务的损失函数。",
            Shape::Choice(OBJECTIVES),
            "objective = \"huber\"",
        ),
        param(
            "path_smooth",
            "Smoothing towards the parent node.",
            "向父节点的平滑。",
            AMOUNT,
            "path_smooth = 1",
        ),
    ],
};

static METHODS: &[Choice] = &[choice("auto"), choice("treeshap")];

pub(crate) static EXPLAIN: Table = Table {
    name: "[explain]",
    keys: &[
        key(
            "method",
            "auto: the exact method for the model; treeshap: Shapley values of trees.",
            "auto：自动选用精确方法；treeshap：树模型的 Shapley 值。",
            Shape::Choice(METHODS),
            Default(Literal::Text("auto")),
            "method = \"auto\"",
        ),
        key(
            "sample",
            "Test rows that figures over all rows are computed from, at most.",
            "计算全局解释时最多使用的测试行数。",
            Shape::Integer(10, 1_000_000),
            Default(Literal::Integer(1_000)),
            "sample = 1000",
        ),
        key(
            "surrogate_depth",
            "Depth of the decision tree that stands for the model in pictures.",
            "代理决策树的深度。",
            Shape::Integer(1, 8),
            Default(Literal::Integer(4)),
            "surrogate_depth = 4",
        ),
        key(
            "pictures",
            "image.classify: test pictures shown in the report with what the model looked at, and as many training pictures beside their copies where there are any; they become visible to every reader.",
            "图像分类：报告中展示多少张测试图片及模型关注区域；有增强副本时，另展示同样数量的训练图片及其副本；报告的读者都能看到这些图片。",
            Shape::Integer(0, 100),
            Default(Literal::Integer(0)),
            "pictures = 12",
        ),
        key(
            "occlusion",
            "image.classify: shown pictures also with what hiding each part of them changes; always so where the head has hidden layers.",
            "图像分类：展示的图片同时给出遮挡各部分后的影响；输出层含隐藏层时总是给出。",
            Shape::Boolean,
            Default(Literal::Boolean(false)),
            "occlusion = true",
        ),
        key(
            "texts",
            "text.classify: test texts shown in the report with what each word did; they become visible to every reader.",
            "文本分类：报告中展示多少条测试文本及每个词的作用；报告的读者都能看到这些文本。",
            Shape::Integer(0, 100),
            Default(Literal::Integer(0)),
            "texts = 12",
        ),
        key(
            "titles",
            "What columns are called in reason codes and reports.",
            "原因代码和报告中各列的名称。",
            Shape::Map(&Map { key: Form::Column, of: Shape::Table(&TITLE) }),
            Default(Literal::Map),
            "titles = { age = { en = \"Age\", zh = \"年龄\" } }",
        ),
    ],
};

static TITLE: Table = Table {
    name: "explain.titles",
    keys: &[
        key("en", "English.", "英文。", Shape::Text(Form::Any), Required, "en = \"Age\""),
        key("zh", "Chinese.", "中文。", Shape::Text(Form::Any), Required, "zh = \"年龄\""),
    ],
};

pub(crate) static SEAL: Table = Table {
    name: "[seal]",
    keys: &[
        key(
            "recipients",
            "age public keys of those who may open the package, besides the project's own.",
            "除本项目外可打开模型包的 age 公钥。",
            Shape::List(&List {
                of: Shape::Text(Form::Recipient),
                least: 0,
                distinct: true,
                tables: false,
            }),
            LIST,
            "recipients = [\"age1...\"]",
        ),
        key(
            "licence_expires",
            "Last day on which the package loads (UTC).",
            "模型包可加载的最后一天（UTC）。",
            Shape::Date,
            Optional,
            "licence_expires = 2027-12-31",
        ),
        key(
            "keys",
            "Folder of the project's keys.",
            "项目密钥所在的文件夹。",
            Shape::Text(Form::Any),
            Default(Literal::Text("keys")),
            "keys = \"keys\"",
        ),
    ],
};

pub(crate) static ENGINE: Table = Table {
    name: "[engine]",
    keys: &[
        key(
            "cluster",
            "Address and port of a cluster's scheduler; without it this machine does the work. The result is the same.",
            "集群调度器的地址和端口；不填则由本机完成，结果完全相同。",
            Shape::Text(Form::Address),
            Optional,
            "cluster = \"10.0.0.5:5050\"",
        ),
        key(
            "certificates",
            "Folder with `authority.pem`, `client.pem` and `client.key`, relative to the project.",
            "存放 `authority.pem`、`client.pem` 和 `client.key` 的文件夹，相对于项目文件夹。",
            Shape::Text(Form::Any),
            Default(Literal::Text("cluster")),
            "certificates = \"cluster\"",
        ),
    ],
};

static GUARDS: &[Choice] = &[choice("off"), choice("log"), choice("mask"), choice("block")];

pub(crate) static SERVE: Table = Table {
    name: "[serve]",
    keys: &[
        key(
            "listen",
            "Address and port; anything but loopback also needs TLS or an explicit flag.",
            "监听地址和端口；非本机地址还需要 TLS 或明确的开关。",
            Shape::Text(Form::Listen),
            Default(Literal::Text("127.0.0.1:5000")),
            "listen = \"127.0.0.1:5000\"",
        ),
        key(
            "rate_limit",
            "Token bucket of a key that has no limit of its own; without it such a key has no bound.",
            "未单独设限的密钥的令牌桶；不填则此类密钥不受限制。",
            Shape::Table(&RATE),
            Optional,
            "rate_limit = { per_second = 100, burst = 200 }",
        ),
        key(
            "batch",
            "How requests are put together.",
            "请求合并方式。",
            Shape::Table(&BATCH),
            Default(Literal::Table),
            "batch = { max_rows = 256, max_wait = \"500us\" }",
        ),
        key(
            "queue",
            "Rows that may wait for a model; requests with more are answered 503.",
            "每个模型最多排队的行数，超出的请求返回 503。",
            Shape::Integer(1, 1_000_000),
            Default(Literal::Integer(20_000)),
            "queue = 20000",
        ),
        key(
            "deadline",
            "A request that took longer is answered 504.",
            "请求超时返回 504。",
            Shape::Text(Form::Duration(1, 3_600 * SECOND)),
            Default(Literal::Text("30s")),
            "deadline = \"30s\"",
        ),
        key(
            "guard_prompts",
            "What is done about personal data in what is sent to language models: nothing, count it, replace it by its type, or refuse the request.",
            "对发送给语言模型的内容中的个人信息：不处理、仅计数、替换为类型名，或拒绝请求。",
            Shape::Choice(GUARDS),
            Default(Literal::Text("off")),
            "guard_prompts = \"mask\"",
        ),
        key(
            "guard_answers",
            "What is done about personal data in answers of language models: nothing, count it, replace it by its type, or end the answer there.",
            "对语言模型回答中的个人信息：不处理、仅计数、替换为类型名，或就此结束回答。",
            Shape::Choice(GUARDS),
            Default(Literal::Text("off")),
            "guard_answers = \"mask\"",
        ),
        key(
            "guard_injection",
            "What is done about prompts that try to override a language model's instructions: nothing, count them, or refuse the request, which `mask` does too.",
            "对试图改写语言模型指令的提示词：不处理、仅计数，或拒绝请求（`mask` 同样拒绝）。",
            Shape::Choice(GUARDS),
            Default(Literal::Text("off")),
            "guard_injection = \"block\"",
        ),
    ],
};

static RATE: Table = Table {
    name: "serve.rate_limit",
    keys: &[
        key(
            "per_second",
            "Requests a second.",
            "每秒请求数。",
            Shape::Number(Bounds { low: Some((0.0, Edge::Out)), high: Some((1e6, Edge::In)) }),
            Default(Literal::Number(100.0)),
            "per_second = 100",
        ),
        key(
            "burst",
            "Requests at once.",
            "突发请求数。",
            Shape::Integer(1, 1_000_000),
            Default(Literal::Integer(200)),
            "burst = 200",
        ),
    ],
};

static BATCH: Table = Table {
    name: "serve.batch",
    keys: &[
        key(
            "max_rows",
            "Rows in a batch at most.",
            "每批最多行数。",
            Shape::Integer(1, 65_536),
            Default(Literal::Integer(256)),
            "max_rows = 256",
        ),
        key(
            "max_wait",
            "How long the first request of a batch of a slow model waits for others; a fast model's never wait.",
            "慢模型的每批首个请求等待其他请求的时间；快模型不等待。",
            Shape::Text(Form::Duration(0, SECOND)),
            Default(Literal::Text("500us")),
            "max_wait = \"500us\"",
        ),
    ],
};
