//! The table `[clean]`.

use super::Presence::{Default, Optional, Required};
use super::quality::{DECONTAMINATE, NEAR, PASSAGES, QUALITY};
use super::{
    Bounds, COLUMN, COLUMNS, Choice, Form, LIST, Literal, Shape, Table, choice, key, list,
};

/// In the order of a recipe; the stage applies `normalize` and casts first, what concerns texts and duplicates last.
pub(crate) static CLEAN: Table = Table {
    name: "[clean]",
    keys: &[
        key(
            "drop_missing",
            "A row with a missing value in one of these columns is dropped.",
            "这些列中有缺失值的行将被删除。",
            Shape::List(&COLUMNS),
            LIST,
            "drop_missing = [\"age\"]",
        ),
        key(
            "keep",
            "SQL predicates; a row stays when all are true.",
            "SQL 条件；全部为真的行才保留。",
            Shape::List(&list(Shape::Text(Form::Any))),
            LIST,
            "keep = [\"credit_amount > 0\"]",
        ),
        key(
            "normalize",
            "Texts in one form: width, Unicode's normal form and blanks alike; of nothing but blanks nothing is left. Before all other rules; values that the model is asked with are written so too.",
            "统一文本写法：全半角、Unicode 规范形式与空白；只含空白的值记为缺失。先于其他规则执行；调用模型时传入的值也会同样统一。",
            Shape::List(&list(Shape::Table(&NORMALIZE))),
            LIST,
            "normalize = [{ column = \"customer_id\", case = \"lower\" }]",
        ),
        key(
            "cast",
            "Type casts; a value that does not fit becomes missing and is counted.",
            "类型转换；无法转换的值记为缺失并计数。",
            Shape::List(&list(Shape::Table(&CAST))),
            LIST,
            "cast = [{ column = \"age\", to = \"integer\" }]",
        ),
        key(
            "impute",
            "What fills missing values in.",
            "缺失值的填充方式。",
            Shape::List(&list(Shape::Table(&IMPUTE))),
            LIST,
            "impute = [{ column = \"age\", method = \"median\" }]",
        ),
        key(
            "outliers",
            "What happens to outlying numbers.",
            "离群值的处理方式。",
            Shape::List(&list(Shape::Table(&OUTLIER))),
            LIST,
            "outliers = [{ column = \"credit_amount\", method = \"iqr\" }]",
        ),
        key(
            "dedupe",
            "What happens to rows that are there twice.",
            "重复行的处理方式。",
            Shape::Table(&DEDUPE),
            Default(Literal::Table),
            "dedupe = { exact = true }",
        ),
        key(
            "quality",
            "Rules that a text column must keep.",
            "文本列的质量规则。",
            Shape::Table(&QUALITY),
            Optional,
            "quality = { column = \"note\", languages = [\"zh\", \"en\"] }",
        ),
        key(
            "decontaminate",
            "Texts that stand in an evaluation set.",
            "与评测集重合的文本。",
            Shape::Table(&DECONTAMINATE),
            Optional,
            "decontaminate = { column = \"note\", against = \"data/evaluation.csv\" }",
        ),
        key(
            "expect",
            "What the data must satisfy.",
            "数据必须满足的期望。",
            Shape::List(&list(Shape::Table(&EXPECTATION))),
            LIST,
            "expect = [{ column = \"age\", min = 18, max = 100 }]",
        ),
    ],
};

static CASES: &[Choice] = &[choice("keep"), choice("lower")];

static NORMALIZE: Table = Table {
    name: "clean.normalize",
    keys: &[
        key("column", "The column.", "列名。", COLUMN, Required, "column = \"customer_id\""),
        key(
            "case",
            "keep letters as they are, or make all of them lower case.",
            "keep 保持大小写，lower 一律转为小写。",
            Shape::Choice(CASES),
            Default(Literal::Text("keep")),
            "case = \"lower\"",
        ),
    ],
};

static TYPES: &[Choice] = &[
    choice("text"),
    choice("number"),
    choice("integer"),
    choice("boolean"),
    choice("date"),
    choice("timestamp"),
];

static CAST: Table = Table {
    name: "clean.cast",
    keys: &[
        key("column", "The column.", "列名。", COLUMN, Required, "column = \"age\""),
        key("to", "Its new type.", "新类型。", Shape::Choice(TYPES), Required, "to = \"integer\""),
    ],
};

static IMPUTATIONS: &[Choice] =
    &[choice("mean"), choice("median"), choice("mode"), choice("constant")];

static IMPUTE: Table = Table {
    name: "clean.impute",
    keys: &[
        key("column", "The column.", "列名。", COLUMN, Required, "column = \"age\""),
        key(
            "method",
            "mean, median, mode (the most frequent value) or constant.",
            "mean 均值、median 中位数、mode 众数、constant 常数。",
            Shape::Choice(IMPUTATIONS),
            Required,
            "method = \"median\"",
        ),
        key(
            "value",
            "constant: the value.",
            "constant：填充的值。",
            Shape::Scalar,
            Optional,
            "value = \"unknown\"",
        ),
    ],
};

static OUTLIER_METHODS: &[Choice] =
    &[choice("iqr"), choice("zscore"), choice("quantile"), choice("range")];
static OUTLIER_ACTIONS: &[Choice] = &[choice("clip"), choice("drop"), choice("flag")];

static OUTLIER: Table = Table {
    name: "clean.outliers",
    keys: &[
        key("column", "The column.", "列名。", COLUMN, Required, "column = \"credit_amount\""),
        key(
            "method",
            "iqr: beyond the quartiles by more than factor · IQR; zscore: more than factor standard deviations from the mean; quantile: the share factor at each end; range: outside min … max.",
            "iqr：超出四分位数 factor 倍四分位距；zscore：偏离均值超过 factor 个标准差；quantile：两端各 factor 比例；range：在 min … max 之外。",
            Shape::Choice(OUTLIER_METHODS),
            Required,
            "method = \"iqr\"",
        ),
        key(
            "factor",
            "Without it 1.5 for iqr, 3 for zscore, 0.01 for quantile.",
            "不写时：iqr 为 1.5，zscore 为 3，quantile 为 0.01。",
            Shape::Number(Bounds::POSITIVE),
            Optional,
            "factor = 1.5",
        ),
        key(
            "min",
            "range: the smallest value allowed.",
            "range：允许的最小值。",
            Shape::Number(Bounds::ANY),
            Optional,
            "min = 0",
        ),
        key(
            "max",
            "range: the largest value allowed.",
            "range：允许的最大值。",
            Shape::Number(Bounds::ANY),
            Optional,
            "max = 100",
        ),
        key(
            "action",
            "clip to the bound, drop the row, or flag it in a column of its own.",
            "clip 截断到边界、drop 删除该行、flag 另设一列标记。",
            Shape::Choice(OUTLIER_ACTIONS),
            Default(Literal::Text("clip")),
            "action = \"clip\"",
        ),
    ],
};

static DEDUPE: Table = Table {
    name: "clean.dedupe",
    keys: &[
        key(
            "exact",
            "Rows equal in every column are kept once.",
            "所有列都相同的行只保留一行。",
            Shape::Boolean,
            Default(Literal::Boolean(false)),
            "exact = true",
        ),
        key(
            "near",
            "Texts that are nearly the same.",
            "近似重复的文本。",
            Shape::Table(&NEAR),
            Optional,
            "near = { column = \"note\", similarity = 0.8 }",
        ),
        key(
            "passages",
            "Passages that stand in several texts.",
            "在多个文本中重复出现的片段。",
            Shape::Table(&PASSAGES),
            Optional,
            "passages = { column = \"note\", tokens = 50 }",
        ),
    ],
};

pub(super) static ON_FAIL: &[Choice] = &[choice("fail"), choice("drop"), choice("warn")];

static EXPECTATION: Table = Table {
    name: "clean.expect",
    keys: &[
        key(
            "column",
            "The column; not needed with `sql`.",
            "列名（使用 sql 时不需要）。",
            COLUMN,
            Optional,
            "column = \"age\"",
        ),
        key(
            "min",
            "The smallest value allowed.",
            "允许的最小值。",
            Shape::Number(Bounds::ANY),
            Optional,
            "min = 18",
        ),
        key(
            "max",
            "The largest value allowed.",
            "允许的最大值。",
            Shape::Number(Bounds::ANY),
            Optional,
            "max = 100",
        ),
        key(
            "one_of",
            "The values allowed.",
            "允许的取值。",
            Shape::List(&super::List {
                of: Shape::Scalar,
                least: 1,
                distinct: true,
                tables: false,
            }),
            Optional,
            "one_of = [\"male\", \"female\"]",
        ),
        key(
            "matches",
            "A regular expression that a part of the value must match.",
            "正则表达式，值中须有一部分与之匹配。",
            Shape::Text(Form::Pattern),
            Optional,
            "matches = '^\\d{6}$'",
        ),
        key("unique", "No value twice.", "值不得重复。", Shape::True, Optional, "unique = true"),
        key(
            "not_null",
            "No value missing.",
            "值不得缺失。",
            Shape::True,
            Optional,
            "not_null = true",
        ),
        key(
            "sql",
            "An SQL predicate that must be true.",
            "必须为真的 SQL 条件。",
            Shape::Text(Form::Any),
            Optional,
            "sql = \"paid <= amount\"",
        ),
        key(
            "on_fail",
            "fail the stage, drop the row, or warn.",
            "fail 使阶段失败、drop 删除该行、warn 仅警告。",
            Shape::Choice(ON_FAIL),
            Default(Literal::Text("fail")),
            "on_fail = \"drop\"",
        ),
    ],
};
