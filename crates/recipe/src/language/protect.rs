//! The table `[protect]`.

use super::Presence::{Default, Optional, Required};
use super::{
    Bounds, COLUMN, Choice, Form, LIST, List, Literal, Shape, Table, choice, key, list, not_yet,
};

static ACTIONS: &[Choice] = &[
    choice("encrypt"),
    choice("hash"),
    choice("mask"),
    choice("generalize"),
    choice("drop"),
    choice("pseudonymize"),
];

pub(crate) static PROTECT: Table = Table {
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
        key(
            "text",
            "Texts in which personal data is found and replaced.",
            "自由文本列：找出其中的个人信息并替换。",
            Shape::Table(&TEXT),
            Optional,
            "text = { columns = [\"note\"], action = \"pseudonymize\" }",
        ),
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
            "encrypt (reversible with the key), hash (keyed), pseudonymize (another plausible value, reversible with the key), mask, generalize, drop.",
            "encrypt（持密钥可还原）、hash（带密钥）、pseudonymize（换成另一个合理的值，持密钥可还原）、mask（遮盖）、generalize（泛化）、drop（删除）。",
            Shape::Choice(ACTIONS),
            Required,
            "action = \"encrypt\"",
        ),
        key(
            "type",
            "pseudonymize: what the values are.",
            "pseudonymize：值的类型。",
            Shape::Choice(PSEUDONYM_TYPES),
            Optional,
            "type = \"person\"",
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
        Shape::Number(Bounds::POSITIVE),
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

/// What a pseudonymized column may hold.
static PSEUDONYM_TYPES: &[Choice] = &[
    choice("person"),
    choice("organization"),
    choice("address"),
    choice("cn_id"),
    choice("phone"),
    choice("bank_card"),
    choice("email"),
];

static LANGUAGES: &[Choice] = &[choice("zh"), choice("en")];

static TEXT_ACTIONS: &[Choice] =
    &[choice("replace"), choice("mask"), choice("hash"), choice("encrypt"), choice("pseudonymize")];

/// The names of `ingot_privacy::detect::Kind`; a test of `pipeline` compares the two.
static FINDINGS: &[Choice] = &[
    choice("person"),
    choice("place"),
    choice("organization"),
    choice("address"),
    choice("cn_id"),
    choice("cn_uscc"),
    choice("phone"),
    choice("bank_card"),
    choice("credit_card"),
    choice("passport"),
    choice("plate"),
    choice("email"),
    choice("url"),
    choice("ip"),
    choice("mac"),
    choice("birth_date"),
    choice("wechat"),
    choice("qq"),
    choice("iban"),
    choice("ssn"),
    choice("driver_licence"),
    choice("crypto"),
    choice("secret"),
    choice("gps"),
];

static TEXT: Table = Table {
    name: "protect.text",
    keys: &[
        key(
            "columns",
            "Columns that hold free text.",
            "自由文本列。",
            Shape::List(&List { of: COLUMN, least: 1, distinct: true, tables: false }),
            Required,
            "columns = [\"note\"]",
        ),
        key(
            "action",
            "What stands instead of a finding: replace (its type), mask, hash (keyed), encrypt (reversible with the key), pseudonymize (another plausible value, the same for the same person, reversible with the key).",
            "用什么替换：replace（类型名）、mask（遮盖）、hash（带密钥）、encrypt（持密钥可还原）、pseudonymize（另一个合理的值，同一个人始终相同，持密钥可还原）。",
            Shape::Choice(TEXT_ACTIONS),
            Required,
            "action = \"pseudonymize\"",
        ),
        key(
            "languages",
            "Languages of names, places and addresses; both without it.",
            "姓名、地名、地址的语言；不写时为两种。",
            Shape::List(&List {
                of: Shape::Choice(LANGUAGES),
                least: 1,
                distinct: true,
                tables: false,
            }),
            LIST,
            "languages = [\"zh\", \"en\"]",
        ),
        key(
            "types",
            "What to look for; every type without it.",
            "要查找的类型；不写时为全部。",
            Shape::List(&List {
                of: Shape::Choice(FINDINGS),
                least: 1,
                distinct: true,
                tables: false,
            }),
            LIST,
            "types = [\"person\", \"phone\"]",
        ),
        key(
            "min_score",
            "Findings less certain than this are left.",
            "置信度低于此值的发现不处理。",
            Shape::Number(Bounds::FRACTION),
            Default(Literal::Number(0.5)),
            "min_score = 0.5",
        ),
        key(
            "custom",
            "Types of your own.",
            "自定义类型。",
            Shape::List(&list(Shape::Table(&CUSTOM))),
            LIST,
            "custom = [{ name = \"loan\", regex = 'LN-\\d{8}' }]",
        ),
    ],
};

static CHECKSUMS: &[Choice] =
    &[choice("luhn"), choice("mod11-2"), choice("gb32100"), choice("mod97")];

static CUSTOM: Table = Table {
    name: "protect.text.custom",
    keys: &[
        key(
            "name",
            "Its name in findings.",
            "在结果中的名称。",
            Shape::Text(Form::Name),
            Required,
            "name = \"loan\"",
        ),
        key(
            "regex",
            "A regular expression; its first group, where there is one, is the finding.",
            "正则表达式；有分组时以第一个分组为准。",
            Shape::Text(Form::Pattern),
            Optional,
            "regex = 'LN-\\d{8}'",
        ),
        key(
            "dictionary",
            "Words that are findings themselves.",
            "词典：其中的词即为发现。",
            Shape::List(&List {
                of: Shape::Text(Form::Any),
                least: 1,
                distinct: true,
                tables: false,
            }),
            LIST,
            "dictionary = [\"Project Heron\"]",
        ),
        key(
            "checksum",
            "A checksum over the match's letters and digits.",
            "对匹配的字母与数字做校验。",
            Shape::Choice(CHECKSUMS),
            Optional,
            "checksum = \"luhn\"",
        ),
        key(
            "context",
            "Words of which one must stand near.",
            "附近须出现其中一个词。",
            Shape::List(&List {
                of: Shape::Text(Form::Any),
                least: 1,
                distinct: true,
                tables: false,
            }),
            LIST,
            "context = [\"loan\", \"贷款\"]",
        ),
    ],
};
