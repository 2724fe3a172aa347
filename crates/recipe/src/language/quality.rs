//! What `[clean]` says of texts: near duplicates, repeated passages, rules of quality, contamination.

use super::Presence::{Default, Optional, Required};
use super::clean::ON_FAIL;
use super::{Bounds, COLUMN, Choice, Form, Key, LIST, List, Literal, Shape, Table, choice, key};

static NEAR_ACTIONS: &[Choice] = &[choice("drop"), choice("keep")];

pub(super) static NEAR: Table = Table {
    name: "clean.dedupe.near",
    keys: &[
        key("column", "The text column.", "文本列。", COLUMN, Required, "column = \"note\""),
        key(
            "similarity",
            "Texts are near duplicates from this Jaccard similarity of their shingles on.",
            "片段集合的 Jaccard 相似度达到此值即视为近似重复。",
            Shape::Number(Bounds::FRACTION),
            Default(Literal::Number(0.8)),
            "similarity = 0.8",
        ),
        key(
            "shingle",
            "Words in a shingle; characters in Chinese.",
            "每个片段的词数（中文为字数）。",
            Shape::Integer(1, 20),
            Default(Literal::Integer(3)),
            "shingle = 3",
        ),
        key(
            "action",
            "drop all but the first of a group, or keep them; kept ones never stand on both sides of the split.",
            "drop 每组只留首行、keep 全部保留；保留的近似重复不会跨划分。",
            Shape::Choice(NEAR_ACTIONS),
            Default(Literal::Text("drop")),
            "action = \"keep\"",
        ),
    ],
};

pub(super) static PASSAGES: Table = Table {
    name: "clean.dedupe.passages",
    keys: &[
        key("column", "The text column.", "文本列。", COLUMN, Required, "column = \"note\""),
        key(
            "tokens",
            "A passage of at least so many words (Chinese: characters) that stood before is cut out.",
            "与前文相同且不少于此词数（中文为字数）的片段将被删去。",
            Shape::Integer(5, 10_000),
            Default(Literal::Integer(50)),
            "tokens = 50",
        ),
    ],
};

static LANGUAGES: &[Choice] = &[choice("zh"), choice("en"), choice("mixed"), choice("other")];
static GROUPS: &[Choice] = &[
    choice("length"),
    choice("words"),
    choice("symbols"),
    choice("lines"),
    choice("repetition"),
    choice("boilerplate"),
    choice("code"),
];

static CHOSEN_LANGUAGES: List =
    List { of: Shape::Choice(LANGUAGES), least: 0, distinct: true, tables: false };
static CHOSEN_GROUPS: List =
    List { of: Shape::Choice(GROUPS), least: 0, distinct: true, tables: false };

pub(super) static QUALITY: Table = Table {
    name: "clean.quality",
    keys: &[
        key("column", "The text column.", "文本列。", COLUMN, Required, "column = \"note\""),
        key(
            "languages",
            "Languages that may be; empty: all.",
            "允许的语言；为空则不限。",
            Shape::List(&CHOSEN_LANGUAGES),
            LIST,
            "languages = [\"zh\", \"en\"]",
        ),
        key(
            "rules",
            "Groups of rules that hold; empty: all.",
            "启用的规则组；为空则全部启用。",
            Shape::List(&CHOSEN_GROUPS),
            LIST,
            "rules = [\"length\", \"repetition\"]",
        ),
        key(
            "limits",
            "Limits other than the rules' own, which come from Gopher, C4 and FineWeb.",
            "覆盖规则的默认阈值（默认取自 Gopher、C4、FineWeb）。",
            Shape::Table(&LIMITS),
            Default(Literal::Map),
            "limits = { few_words = 20 }",
        ),
        key(
            "on_fail",
            "fail the stage, drop the row, or warn.",
            "fail 使阶段失败、drop 删除该行、warn 仅警告。",
            Shape::Choice(ON_FAIL),
            Default(Literal::Text("warn")),
            "on_fail = \"drop\"",
        ),
    ],
};

/// A limit of a rule by its name.
const fn limit(
    name: &'static str,
    en: &'static str,
    zh: &'static str,
    example: &'static str,
) -> Key {
    key(name, en, zh, Shape::Number(Bounds::NOT_NEGATIVE), Optional, example)
}

/// One key a rule of `quality::text::RULES`; a test of the pipeline compares the names.
static LIMITS: Table = Table {
    name: "clean.quality.limits",
    keys: &[
        limit("few_words", "Least number of words.", "最少词数。", "few_words = 20"),
        limit("many_words", "Largest number of words.", "最多词数。", "many_words = 100000"),
        limit("few_sentences", "Least number of sentences.", "最少句子数。", "few_sentences = 1"),
        limit(
            "short_mean_word",
            "Least mean word length.",
            "最小平均词长。",
            "short_mean_word = 3",
        ),
        limit(
            "long_mean_word",
            "Largest mean word length.",
            "最大平均词长。",
            "long_mean_word = 10",
        ),
        limit(
            "few_stop_words",
            "Least number of stop words.",
            "最少停用词数。",
            "few_stop_words = 2",
        ),
        limit(
            "few_alphabetic",
            "Least share of words with a letter.",
            "含字母词的最小占比。",
            "few_alphabetic = 0.8",
        ),
        limit("hashes", "Most hash signs a word.", "每词井号数上限。", "hashes = 0.1"),
        limit("ellipses", "Most ellipses a word.", "每词省略号数上限。", "ellipses = 0.1"),
        limit(
            "bullet_lines",
            "Largest share of bullet lines.",
            "项目符号行占比上限。",
            "bullet_lines = 0.9",
        ),
        limit(
            "ellipsis_lines",
            "Largest share of lines that end with an ellipsis.",
            "省略号结尾行占比上限。",
            "ellipsis_lines = 0.3",
        ),
        limit(
            "unterminated_lines",
            "Least share of lines that end with punctuation.",
            "标点结尾行的最小占比。",
            "unterminated_lines = 0.12",
        ),
        limit(
            "short_lines",
            "Largest share of short lines.",
            "短行占比上限。",
            "short_lines = 0.67",
        ),
        limit(
            "duplicate_lines",
            "Largest share of repeated lines.",
            "重复行占比上限。",
            "duplicate_lines = 0.3",
        ),
        limit(
            "duplicate_paragraphs",
            "Largest share of repeated paragraphs.",
            "重复段落占比上限。",
            "duplicate_paragraphs = 0.3",
        ),
        limit(
            "duplicate_line_characters",
            "Largest share of characters in repeated lines.",
            "重复行字符占比上限。",
            "duplicate_line_characters = 0.2",
        ),
        limit(
            "duplicate_paragraph_characters",
            "Largest share of characters in repeated paragraphs.",
            "重复段落字符占比上限。",
            "duplicate_paragraph_characters = 0.2",
        ),
        limit(
            "top_2gram",
            "Largest share of the most frequent 2-gram.",
            "最高频二元组占比上限。",
            "top_2gram = 0.2",
        ),
        limit(
            "top_3gram",
            "Largest share of the most frequent 3-gram.",
            "最高频三元组占比上限。",
            "top_3gram = 0.18",
        ),
        limit(
            "top_4gram",
            "Largest share of the most frequent 4-gram.",
            "最高频四元组占比上限。",
            "top_4gram = 0.16",
        ),
        limit(
            "duplicate_5gram",
            "Largest share of repeated 5-grams.",
            "重复五元组占比上限。",
            "duplicate_5gram = 0.15",
        ),
        limit(
            "duplicate_6gram",
            "Largest share of repeated 6-grams.",
            "重复六元组占比上限。",
            "duplicate_6gram = 0.14",
        ),
        limit(
            "duplicate_7gram",
            "Largest share of repeated 7-grams.",
            "重复七元组占比上限。",
            "duplicate_7gram = 0.13",
        ),
        limit(
            "duplicate_8gram",
            "Largest share of repeated 8-grams.",
            "重复八元组占比上限。",
            "duplicate_8gram = 0.12",
        ),
        limit(
            "duplicate_9gram",
            "Largest share of repeated 9-grams.",
            "重复九元组占比上限。",
            "duplicate_9gram = 0.11",
        ),
        limit(
            "duplicate_10gram",
            "Largest share of repeated 10-grams.",
            "重复十元组占比上限。",
            "duplicate_10gram = 0.1",
        ),
        limit(
            "boilerplate_lines",
            "Largest share of boilerplate lines.",
            "模板行占比上限。",
            "boilerplate_lines = 0.2",
        ),
        limit(
            "lorem_ipsum",
            "Most occurrences of lorem ipsum.",
            "lorem ipsum 次数上限。",
            "lorem_ipsum = 0",
        ),
        limit("curly_braces", "Most curly braces.", "花括号数上限。", "curly_braces = 0"),
        limit(
            "script_lines",
            "Most lines that ask for JavaScript.",
            "要求启用 JavaScript 的行数上限。",
            "script_lines = 0",
        ),
    ],
};

pub(super) static DECONTAMINATE: Table = Table {
    name: "clean.decontaminate",
    keys: &[
        key("column", "The text column.", "文本列。", COLUMN, Required, "column = \"note\""),
        key(
            "against",
            "File of the evaluation set.",
            "评测集文件。",
            Shape::Text(Form::Any),
            Required,
            "against = \"data/evaluation.csv\"",
        ),
        key(
            "against_column",
            "Its text column; without it the one of the same name, else every text column.",
            "评测集的文本列；不写则取同名列，没有同名列时取全部文本列。",
            COLUMN,
            Optional,
            "against_column = \"question\"",
        ),
        key(
            "tokens",
            "A passage of so many words (Chinese: characters) in common is contamination.",
            "与评测集有此词数（中文为字数）的相同片段即视为污染。",
            Shape::Integer(5, 1_000),
            Default(Literal::Integer(13)),
            "tokens = 13",
        ),
        key(
            "share",
            "Least share of the text's tokens in such passages; 0: any.",
            "此类片段占文本的最小比例；0 表示不限。",
            Shape::Number(Bounds::SHARE),
            Default(Literal::Number(0.0)),
            "share = 0.5",
        ),
        key(
            "on_fail",
            "fail the stage, drop the row, or warn.",
            "fail 使阶段失败、drop 删除该行、warn 仅警告。",
            Shape::Choice(ON_FAIL),
            Default(Literal::Text("drop")),
            "on_fail = \"warn\"",
        ),
    ],
};
