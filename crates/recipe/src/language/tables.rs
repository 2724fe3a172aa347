//! The tables of a recipe: project, sources, protection, and the frame around all.

use super::Presence::{Default, Optional, Required};
use super::clean::CLEAN;
use super::compress::COMPRESS;
use super::nets::AUGMENT;
use super::protect::PROTECT;
use super::run::{ENGINE, EXPLAIN, SEAL, SERVE, SPLIT, TRAIN};
use super::{Choice, Form, Key, List, Literal, Map, Shape, Table, choice, key, later};

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
        section(
            "augment",
            "image.classify, text.classify: changed copies of what is learnt from.",
            "图像与文本分类：训练数据的增强副本。",
            &AUGMENT,
            "[augment]",
        ),
        section("train", "How the model is found.", "训练方式。", &TRAIN, "[train]"),
        section(
            "compress",
            "image.classify, generate.sft: how the model becomes smaller and faster.",
            "图像分类与 generate.sft：如何让模型更小、更快。",
            &COMPRESS,
            "[compress]",
        ),
        section("explain", "How the model is explained.", "解释方式。", &EXPLAIN, "[explain]"),
        section("seal", "Who can open the package.", "封装：谁可以打开模型包。", &SEAL, "[seal]"),
        section("serve", "How the server answers.", "服务设置。", &SERVE, "[serve]"),
        section(
            "engine",
            "Where tables are cleaned: here, or on a cluster.",
            "在何处清洗数据表：本机或集群。",
            &ENGINE,
            "[engine]",
        ),
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
    choice("image.classify"),
    choice("text.classify"),
    later("audio.classify"),
    choice("generate.sft"),
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
            "tabular.binary, image.classify and text.classify of two classes: the class whose probability is given. Without it: `true` or `1` if the values are those, else the rarer class.",
            "二分类（表格、图片或文本）：输出其概率的类别。不写时取值为 true 或 1 的类别；没有这样的类别时，取样本较少的类别。",
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

static FORMATS: &[Choice] =
    &[choice("csv"), choice("jsonl"), choice("parquet"), choice("arrow"), choice("images")];

static ENCODINGS: &[Choice] = &[choice("utf-8"), choice("gb18030"), choice("big5")];

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
            "File format, where the file name does not tell it; `images`: a folder of pictures, a folder each class.",
            "文件格式（文件名无法判断时使用）；images 表示图片文件夹，每个类别一个子文件夹。",
            Shape::Choice(FORMATS),
            Optional,
            "format = \"csv\"",
        ),
        key(
            "encoding",
            "Encoding of CSV and JSON lines files; told by the files without it.",
            "CSV 与 JSON Lines 文件的编码；不写时由文件内容判断。",
            Shape::Choice(ENCODINGS),
            Optional,
            "encoding = \"gb18030\"",
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
