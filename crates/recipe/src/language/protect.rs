//! The table `[protect]`.

use super::Presence::{Default, Optional, Required};
use super::{
    Bounds, COLUMN, COLUMNS, Choice, Edge, Form, Key, LIST, List, Literal, Map, Shape, Table,
    choice, key, list,
};

static ACTIONS: &[Choice] = &[
    choice("encrypt"),
    choice("fpe"),
    choice("hash"),
    choice("mask"),
    choice("generalize"),
    choice("drop"),
    choice("pseudonymize"),
    choice("shift"),
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
        key(
            "anonymity",
            "A promise about the whole table: nobody stands out by what others may know. Refused with exit code 3 where it cannot be kept.",
            "对整张表的承诺：任何人都不会因他人可能知道的信息而被单独辨认出来。无法满足时拒绝（退出码 3）。",
            Shape::Table(&ANONYMITY),
            Optional,
            "anonymity = { k = 5, quasi = [\"age\", \"sex\"], max_suppressed = 0.05 }",
        ),
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
            "encrypt (reversible with the key), fpe (the digits encrypted in their format by FF1, 6 to 36 of them; reversible with the key), hash (keyed), pseudonymize (another plausible value, reversible with the key), mask, generalize, shift (dates, by the person's own number of days), drop.",
            "encrypt（持密钥可还原）、fpe（用 FF1 按原格式加密数字，6 至 36 位，持密钥可还原）、hash（带密钥）、pseudonymize（换成另一个合理的值，持密钥可还原）、mask（遮盖）、generalize（泛化）、shift（按人平移日期）、drop（删除）。",
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
            "generalize: year, month or decade of a date; { width = 10 }: a number's interval; { prefix = 3 }: a text's first characters; { file = \"levels.csv\", level = 1 } or { levels = [[\"nurse\", \"health\"]], level = 1 }: a level of a hierarchy of your own.",
            "generalize：日期取 year、month 或 decade；{ width = 10 } 为数值区间；{ prefix = 3 } 为文本前缀；{ file = \"levels.csv\", level = 1 } 或 { levels = [[\"护士\", \"医疗\"]], level = 1 } 为自定义层级表中的一级。",
            Shape::Generalization,
            Optional,
            "to = \"year\"",
        ),
        key(
            "person",
            "shift: the column, by its name before protection, that says whose date it is; all dates of a person move alike.",
            "shift：标明日期属于谁的列（用脱敏前的列名）；同一个人的所有日期平移相同。",
            COLUMN,
            Optional,
            "person = \"customer_id\"",
        ),
        key(
            "days",
            "shift: the largest shift in days, back or forth; 365 without it.",
            "shift：前后平移的最大天数，默认 365。",
            Shape::Integer(1, 36_500),
            Optional,
            "days = 180",
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

/// The rows of a hierarchy, each `[value, level 1, level 2]`.
static ROWS: List = List {
    of: Shape::List(&List {
        of: Shape::Text(Form::Cell),
        least: 1,
        distinct: false,
        tables: false,
    }),
    least: 1,
    distinct: false,
    tables: false,
};

const LEVEL: Key = key(
    "level",
    "Which level of the hierarchy; 1, the first above the value, without it.",
    "取层级表的第几级；不写时为 1，即值之上的第一级。",
    Shape::Integer(1, 64),
    Default(Literal::Integer(1)),
    "level = 1",
);

/// The table `{ levels = [["nurse", "health"]], level = 1 }`.
pub(crate) static LEVELS: Table = Table {
    name: "to",
    keys: &[
        key(
            "levels",
            "The hierarchy, one row a value: the value, then its levels.",
            "层级表，每行一个取值：先是值，然后是各级。",
            Shape::List(&ROWS),
            Required,
            "levels = [[\"nurse\", \"health\"]]",
        ),
        LEVEL,
    ],
};

/// The table `{ file = "levels.csv", level = 1 }`.
pub(crate) static LEVEL_FILE: Table = Table {
    name: "to",
    keys: &[
        key(
            "file",
            "The hierarchy as a text file without header, one line a value: `value;level 1;level 2`.",
            "层级表文件：无表头的文本文件，每行一个取值：`值;第1级;第2级`。",
            Shape::Text(Form::Any),
            Required,
            "file = \"data/job-levels.csv\"",
        ),
        LEVEL,
    ],
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
    choice("medical_id"),
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
            "置信度低于此值的识别结果不处理。",
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
        key(
            "names",
            "A larger network that names persons, places and organisations besides: a token classifier in ONNX.",
            "另外用于识别人名、地名、机构名的命名实体识别模型（ONNX 词元分类模型）。",
            Shape::Table(&NAMES),
            Optional,
            "names = { folder = \"models/ner\" }",
        ),
    ],
};

static NAMES: Table = Table {
    name: "protect.text.names",
    keys: &[
        key(
            "folder",
            "Its folder, relative to the recipe: `model.onnx`, `tokenizer.json`, and `config.json` with `id2label`.",
            "模型文件夹（相对于配方文件）：含 `model.onnx`、`tokenizer.json` 和带 `id2label` 的 `config.json`。",
            Shape::Text(Form::Any),
            Required,
            "folder = \"models/ner\"",
        ),
        key(
            "labels",
            "What its labels mean. PER, PERSON, LOC, GPE, ORG and the names of types need no saying.",
            "各标签对应的类型；PER、PERSON、LOC、GPE、ORG 以及类型本身的名称无需说明。",
            Shape::Map(&Map { key: Form::Any, of: Shape::Choice(FINDINGS) }),
            Default(Literal::Map),
            "labels = { SUBJ = \"person\" }",
        ),
    ],
};

static DIVERSITIES: &[Choice] = &[choice("distinct"), choice("entropy"), choice("recursive")];

static LOSSES: &[Choice] =
    &[choice("certainty"), choice("discernibility"), choice("average_class")];

static HIERARCHIES: &[Choice] = &[
    choice("interval"),
    choice("range"),
    choice("calendar"),
    choice("prefix"),
    choice("suppress"),
    choice("table"),
    choice("file"),
];

static LIKENESSES: &[Choice] = &[choice("enhanced"), choice("basic")];

static RECODINGS: &[Choice] = &[choice("full"), choice("local")];

/// From 0 to 1, both included.
const CHANCE: Bounds = Bounds { low: Some((0.0, Edge::In)), high: Some((1.0, Edge::In)) };

static PRESENCE: Table = Table {
    name: "protect.anonymity.presence",
    keys: &[
        key(
            "population",
            "A table of everyone the data could be about, relative to the recipe: the quasi-identifiers by their names and in their forms after `protect.columns`.",
            "总体数据表（相对配方的路径）：数据可能涉及的所有人；准标识符的列名与形式须与经 `protect.columns` 处理后一致。",
            Shape::Text(Form::Any),
            Required,
            "population = \"data/everyone.csv\"",
        ),
        key(
            "least",
            "Smallest chance that a person of the population is in the table: above 0, absence is hidden, too.",
            "总体中某人在表中的最小概率；大于 0 时，“不在表中”这一事实也会被隐藏。",
            Shape::Number(CHANCE),
            Default(Literal::Number(0.0)),
            "least = 0.0",
        ),
        key(
            "most",
            "Largest chance that a person of the population is in the table.",
            "总体中某人在表中的最大概率。",
            Shape::Number(CHANCE),
            Required,
            "most = 0.5",
        ),
    ],
};

static ANONYMITY: Table = Table {
    name: "protect.anonymity",
    keys: &[
        key(
            "k",
            "Every person (every row, where nothing names persons) has at least k - 1 others with the same quasi-identifiers.",
            "每个人（未指定标识个人的列时为每一行）至少有 k - 1 个他人与其准标识符完全相同。",
            Shape::Integer(2, 1_000_000),
            Required,
            "k = 5",
        ),
        key(
            "person",
            "The column that says whose a row is, by its name after `protect.columns`: every promise and suppression count different persons, a value's holders for l, alpha, beta and delta, and in entropy and t each person weighs one, in equal parts over the person's values. `split.group` without it; without either each row counts as a person. Rows without a value count as one person.",
            "标识行属于何人的列，使用经 `protect.columns` 处理后的列名：各项承诺与删除均按不同的人计数；l、alpha、beta、delta 按拥有某值的人数计算，熵与 t 中每人权重为一，平分给其各个不同的值。不写时为 `split.group`；两者皆无时每行按一人计。无值的行合计为一人。",
            COLUMN,
            Optional,
            "person = \"user_id\"",
        ),
        key(
            "quasi",
            "Quasi-identifiers: columns that others may know of a person, by their names after `protect.columns`.",
            "准标识符：他人可能知道的个人信息列，使用经 `protect.columns` 处理后的列名。",
            Shape::List(&List { of: COLUMN, least: 1, distinct: true, tables: false }),
            Required,
            "quasi = [\"age\", \"job\", \"sex\"]",
        ),
        key(
            "sensitive",
            "What others must not learn; the target without it.",
            "不应被他人得知的列；不写时为目标列。",
            Shape::List(&COLUMNS),
            LIST,
            "sensitive = [\"diagnosis\"]",
        ),
        key(
            "max_suppressed",
            "Largest share of the persons (of the rows, where nothing names persons) of whom rows may be left out.",
            "最多可有多大比例的人（未指定标识个人的列时为行）的行被删除。",
            Shape::Number(Bounds::SHARE),
            Default(Literal::Number(0.0)),
            "max_suppressed = 0.05",
        ),
        key(
            "l",
            "l-diversity of every sensitive column in every class.",
            "每个等价类中每个敏感列的 l-多样性。",
            Shape::Number(Bounds { low: Some((1.0, Edge::In)), high: None }),
            Optional,
            "l = 2",
        ),
        key(
            "diversity",
            "What l counts: different values, e to the entropy, or recursive (c, l).",
            "l 的含义：不同取值数、熵的指数，或递归 (c, l)。",
            Shape::Choice(DIVERSITIES),
            Default(Literal::Text("distinct")),
            "diversity = \"entropy\"",
        ),
        key(
            "c",
            "The c of recursive (c, l)-diversity.",
            "递归 (c, l)-多样性中的 c。",
            Shape::Number(Bounds::POSITIVE),
            Optional,
            "c = 3.0",
        ),
        key(
            "t",
            "t-closeness: largest distance between a class and the whole table.",
            "t-接近性：等价类与整张表之间的最大距离。",
            Shape::Number(Bounds::FRACTION),
            Optional,
            "t = 0.3",
        ),
        key(
            "beta",
            "β-likeness: largest relative gain of confidence in a sensitive value.",
            "β-相似性：对某敏感值的置信度的最大相对增益。",
            Shape::Number(Bounds::POSITIVE),
            Optional,
            "beta = 2.0",
        ),
        key(
            "likeness",
            "What beta bounds: enhanced also holds the gain of a frequent value under the logarithm of its rarity, basic does not.",
            "beta 的含义：enhanced（增强）还将常见值的增益限制在其稀有度的对数之内，basic（基本）则不限。",
            Shape::Choice(LIKENESSES),
            Default(Literal::Text("enhanced")),
            "likeness = \"basic\"",
        ),
        key(
            "presence",
            "δ-presence: bounds of the chance, for every class, that a person of the population is in the table.",
            "δ-存在性：对每个等价类，总体中某人在表中的概率的上下界。",
            Shape::Table(&PRESENCE),
            Optional,
            "presence = { most = 0.5, population = \"data/everyone.csv\" }",
        ),
        key(
            "recoding",
            "Where levels are chosen: full, one a column; local, class by class from there on, which loses no more and writes values of one column at several levels.",
            "级别在何处选择：full（每列一个级别）；local（在此基础上逐类选择，损失不会更大，同一列的值可能以不同级别呈现）。",
            Shape::Choice(RECODINGS),
            Default(Literal::Text("full")),
            "recoding = \"local\"",
        ),
        key(
            "loss",
            "What is made least: normalised certainty penalty, discernibility, or average class size.",
            "最小化的损失：归一化确定性惩罚、可区分性，或平均等价类大小。",
            Shape::Choice(LOSSES),
            Default(Literal::Text("certainty")),
            "loss = \"certainty\"",
        ),
        key(
            "hierarchies",
            "How quasi-identifiers become coarser, where it shall not be derived from their values.",
            "准标识符如何逐级泛化；不写时由取值自动推导。",
            Shape::List(&list(Shape::Table(&HIERARCHY))),
            LIST,
            "hierarchies = [{ column = \"age\", by = \"interval\", widths = [5, 10] }]",
        ),
    ],
};

static HIERARCHY: Table = Table {
    name: "protect.anonymity.hierarchies",
    keys: &[
        key(
            "column",
            "The quasi-identifier.",
            "准标识符列。",
            COLUMN,
            Required,
            "column = \"age\"",
        ),
        key(
            "by",
            "interval (numbers, equal widths), range (numbers, ends of your own), calendar (dates: day, month, year, decade), prefix (codes cut short), suppress (all or nothing), table (levels here), file (levels in a file).",
            "interval（等宽数值区间）、range（自定义端点的数值区间）、calendar（日期：日、月、年、十年）、prefix（编码前缀）、suppress（全或无）、table（在此写出层级表）、file（文件中的层级表）。",
            Shape::Choice(HIERARCHIES),
            Required,
            "by = \"interval\"",
        ),
        key(
            "widths",
            "Widths of the intervals, each a whole multiple of the one before.",
            "区间宽度，后一个是前一个的整数倍。",
            Shape::List(&List {
                of: Shape::Number(Bounds::POSITIVE),
                least: 1,
                distinct: true,
                tables: false,
            }),
            LIST,
            "widths = [5, 10, 20]",
        ),
        key(
            "ranges",
            "Ends of the intervals, one list a level; those of a level are among those of the level before, and all begin and end alike.",
            "区间端点，每级一个列表；每级的端点须取自上一级，且首尾相同。",
            Shape::List(&List {
                of: Shape::List(&List {
                    of: Shape::Number(Bounds::ANY),
                    least: 2,
                    distinct: false,
                    tables: false,
                }),
                least: 1,
                distinct: false,
                tables: false,
            }),
            LIST,
            "ranges = [[0, 18, 30, 45, 60, 120], [0, 30, 60, 120]]",
        ),
        key(
            "levels",
            "The hierarchy itself, one row a value: the value, then its levels.",
            "层级表本身，每行一个取值：先是值，然后是各级。",
            Shape::List(&ROWS),
            LIST,
            "levels = [[\"nurse\", \"health\", \"*\"], [\"doctor\", \"health\", \"*\"]]",
        ),
        key(
            "lengths",
            "Characters that stay, fewer each level.",
            "保留的字符数，逐级减少。",
            Shape::List(&List {
                of: Shape::Integer(1, 64),
                least: 1,
                distinct: true,
                tables: false,
            }),
            LIST,
            "lengths = [4, 2]",
        ),
        key(
            "file",
            "A text file without header, one line a value: `value;level 1;level 2`.",
            "无表头的文本文件，每行一个取值：`值;第1级;第2级`。",
            Shape::Text(Form::Any),
            Optional,
            "file = \"data/job-levels.csv\"",
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
            "词典：文本中出现其中的词即视为命中。",
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
