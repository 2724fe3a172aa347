//! The tables of a recipe: project, sources, protection, and the frame around all.

use super::Presence::{Default, Optional, Required};
use super::clean::CLEAN;
use super::run::{EXPLAIN, SEAL, SERVE, SPLIT, TRAIN};
use super::{
    Choice, Form, Key, LIST, List, Literal, Map, Shape, Table, choice, key, later, list, not_yet,
};

/// The whole recipe.
pub(crate) static RECIPE: Table = Table {
    name: "ingot.toml",
    keys: &[
        key(
            "project",
            "What is being made.",
            "项目：要做什么。",
            Shape::Table(&PROJECT),
            Required,
            "[project]",
        ),
        key(
            "source",
            "Where rows come from; one or several.",
            "数据源：一个或多个。",
            Shape::List(&List {
                of: Shape::Table(&SOURCE),
                least: 1,
                distinct: false,
                tables: true,
            }),
            Required,
            "[[source]]",
        ),
        section("clean", "How rows become fit for use.", "清洗规则。", &CLEAN, "[clean]"),
        section(
            "protect",
            "What happens to personal columns.",
            "个人信息列的保护方式。",
            &PROTECT,
            "[protect]",
        ),
        section(
            "split",
            "How rows are divided for training and testing.",
            "训练集与测试集的划分方式。",
            &SPLIT,
            "[split]",
        ),
        section("train", "How the model is found.", "训练方式。", &TRAIN, "[train]"),
        section("explain", "How the model is explained.", "解释方式。", &EXPLAIN, "[explain]"),
        section("seal", "Who can open the package.", "封装：谁可以打开模型包。", &SEAL, "[seal]"),
        section("serve", "How the server answers.", "服务设置。", &SERVE, "[serve]"),
        not_yet("augment"),
        not_yet("compress"),
    ],
};

const fn section(
    name: &'static str,
    en: &'static str,
    zh: &'static str,
    table: &'static Table,
    example: &'static str,
) -> Key {
    key(name, en, zh, Shape::Table(table), Default(Literal::Table), example)
}

static TASKS: &[Choice] = &[
    choice("tabular.binary"),
    choice("tabular.multiclass"),
    choice("tabular.regression"),
    later("text.classify"),
    later("image.classify"),
    later("audio.classify"),
    later("generate.sft"),
];

static PROJECT: Table = Table {
    name: "[project]",
    keys: &[
        key(
            "name",
            "Name of the model, of its package, image and service.",
            "模型名称，也用于模型包、镜像和服务。",
            Shape::Text(Form::ProjectName),
            Required,
            "name = \"credit-risk\"",
        ),
        key(
            "version",
            "Version of the model.",
            "模型版本。",
            Shape::Text(Form::Version),
            Default(Literal::Text("0.1.0")),
            "version = \"0.1.0\"",
        ),
        key(
            "task",
            "What the model answers.",
            "任务类型。",
            Shape::Choice(TASKS),
            Required,
            "task = \"tabular.binary\"",
        ),
        key(
            "target",
            "The column to predict, by the name it has after cleaning.",
            "要预测的列（清洗之后的列名）。",
            Shape::Text(Form::Column),
            Required,
            "target = \"risk\"",
        ),
        key(
            "positive",
            "tabular.binary: the class whose probability is given. Without it: `true` or `1` if the values are those, else the rarer class.",
            "二分类：输出其概率的类别。不写时：取值为 true 或 1 的类别，否则取较少的类别。",
            Shape::Scalar,
            Optional,
            "positive = \"bad\"",
        ),
        key(
            "seed",
            "Decides every random choice.",
            "随机种子，决定所有随机选择。",
            Shape::Integer(0, i64::MAX),
            Default(Literal::Integer(42)),
            "seed = 42",
        ),
    ],
};

static FORMATS: &[Choice] = &[choice("csv"), choice("jsonl"), choice("parquet"), choice("arrow")];

static SOURCE: Table = Table {
    name: "[[source]]",
    keys: &[
        key(
            "name",
            "Name that every row keeps.",
            "数据源名称，每行数据都会记录。",
            Shape::Text(Form::Name),
            Required,
            "name = \"core-bank\"",
        ),
        key(
            "uri",
            "A path, folder, glob, file:, s3:// or postgres:// address.",
            "路径、文件夹、通配符，或 file:、s3://、postgres:// 地址。",
            Shape::Text(Form::Uri),
            Required,
            "uri = \"data/loans.csv\"",
        ),
        key(
            "weight",
            "How much a row of this source counts in training.",
            "该数据源中每行的训练权重。",
            Shape::Number(super::Bounds::POSITIVE),
            Default(Literal::Number(1.0)),
            "weight = 1.0",
        ),
        key(
            "query",
            "SQL query of a postgres:// source.",
            "postgres:// 数据源的 SQL 查询。",
            Shape::Text(Form::Any),
            Optional,
            "query = \"SELECT * FROM loans ORDER BY id\"",
        ),
        key(
            "format",
            "File format, where the file name does not tell it.",
            "文件格式（文件名无法判断时使用）。",
            Shape::Choice(FORMATS),
            Optional,
            "format = \"csv\"",
        ),
        key(
            "rename",
            "Column names of the source to names in the table.",
            "列改名：源列名到表列名。",
            Shape::Map(&Map { key: Form::Column, of: Shape::Text(Form::NewColumn) }),
            Default(Literal::Map),
            "rename = { Alter = \"age\" }",
        ),
    ],
};

static ACTIONS: &[Choice] = &[
    choice("encrypt"),
    choice("hash"),
    choice("mask"),
    choice("generalize"),
    choice("drop"),
    later("pseudonymize"),
];

static PROTECT: Table = Table {
    name: "[protect]",
    keys: &[
        key(
            "columns",
            "One rule for each personal column.",
            "每个个人信息列一条规则。",
            Shape::List(&list(Shape::Table(&PROTECTED))),
            LIST,
            "columns = [{ name = \"phone\", action = \"mask\" }]",
        ),
        not_yet("text"),
        not_yet("anonymity"),
    ],
};

static PROTECTED: Table = Table {
    name: "protect.columns",
    keys: &[
        key(
            "name",
            "The column.",
            "列名。",
            Shape::Text(Form::Column),
            Required,
            "name = \"phone\"",
        ),
        key(
            "as",
            "Its new name.",
            "新列名。",
            Shape::Text(Form::NewColumn),
            Optional,
            "as = \"user_id\"",
        ),
        key(
            "action",
            "encrypt (reversible with the key), hash (keyed), mask, generalize, drop.",
            "encrypt（持密钥可还原）、hash（带密钥）、mask（遮盖）、generalize（泛化）、drop（删除）。",
            Shape::Choice(ACTIONS),
            Required,
            "action = \"encrypt\"",
        ),
        key(
            "keep_start",
            "mask: characters left readable at the start; 0 without it.",
            "mask：开头保留的字符数，默认 0。",
            Shape::Integer(0, 64),
            Optional,
            "keep_start = 3",
        ),
        key(
            "keep_end",
            "mask: characters left readable at the end; 0 without it.",
            "mask：末尾保留的字符数，默认 0。",
            Shape::Integer(0, 64),
            Optional,
            "keep_end = 4",
        ),
        key(
            "with",
            "mask: the character that stands for a hidden one; `*` without it.",
            "mask：遮盖字符，默认 `*`。",
            Shape::Text(Form::Character),
            Optional,
            "with = \"*\"",
        ),
        key(
            "to",
            "generalize: year, month or decade of a date; { width = 10 }: a number's interval; { prefix = 3 }: a text's first characters.",
            "generalize：日期取 year、month 或 decade；{ width = 10 } 为数值区间；{ prefix = 3 } 为文本前缀。",
            Shape::Generalization,
            Optional,
            "to = \"year\"",
        ),
    ],
};

/// The words `to` takes.
pub(crate) static DATE_PARTS: &[Choice] = &[choice("year"), choice("month"), choice("decade")];

/// The table `{ width = 10 }`.
pub(crate) static WIDTH: Table = Table {
    name: "to",
    keys: &[key(
        "width",
        "Width of a number's interval.",
        "数值区间的宽度。",
        Shape::Number(super::Bounds::POSITIVE),
        Required,
        "{ width = 10 }",
    )],
};

/// The table `{ prefix = 3 }`.
pub(crate) static PREFIX: Table = Table {
    name: "to",
    keys: &[key(
        "prefix",
        "How many characters are kept.",
        "保留的字符数。",
        Shape::Integer(1, 64),
        Required,
        "{ prefix = 3 }",
    )],
};
