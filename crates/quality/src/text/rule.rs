//! The rules of texts: what each measures, its limits in both languages, and where they come from.

use ingot_base::Text;
use serde::{Deserialize, Serialize};

/// What a rule is about; recipes choose by these names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum RuleGroup {
    /// How long it is.
    Length,
    /// Words and stop words.
    Words,
    /// Hashes, ellipses, letters.
    Symbols,
    /// How lines begin and end.
    Lines,
    /// What is said again and again.
    Repetition,
    /// What every page of a site says.
    Boilerplate,
    /// What is no prose.
    Code,
}

impl RuleGroup {
    /// Every group.
    pub const ALL: [Self; 7] = [
        Self::Length,
        Self::Words,
        Self::Symbols,
        Self::Lines,
        Self::Repetition,
        Self::Boilerplate,
        Self::Code,
    ];

    /// Its name in recipes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Length => "length",
            Self::Words => "words",
            Self::Symbols => "symbols",
            Self::Lines => "lines",
            Self::Repetition => "repetition",
            Self::Boilerplate => "boilerplate",
            Self::Code => "code",
        }
    }

    /// The group of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|group| group.name() == name)
    }
}

/// Which side of its limit is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// A value below the limit breaks the rule.
    Least,
    /// A value above it does.
    Most,
}

/// One rule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    /// Its name in recipes and reports.
    pub name: &'static str,
    /// What it is about.
    pub group: RuleGroup,
    /// Which side is wrong.
    pub side: Side,
    /// The limit for English and other texts with words; none when it does not apply.
    pub en: Option<f64>,
    /// The limit for Chinese; none when it does not apply.
    pub zh: Option<f64>,
    /// Where the limit comes from.
    pub source: &'static str,
    title_en: &'static str,
    title_zh: &'static str,
}

impl Rule {
    /// What it measures, in words.
    pub fn title(&self) -> Text {
        Text::new(self.title_en, self.title_zh)
    }

    /// Whether a value breaks it at a limit.
    pub fn breaks(&self, value: f64, limit: f64) -> bool {
        match self.side {
            Side::Least => value < limit,
            Side::Most => value > limit,
        }
    }
}

/// Rae et al. 2021.
const GOPHER: &str = "Gopher (arXiv:2112.11446, table A1)";
/// Raffel et al. 2020.
const C4: &str = "C4 (JMLR 21/140, section 2.2)";
/// Penedo et al. 2024.
const FINEWEB: &str = "FineWeb (arXiv:2406.17557, section 3.6)";
/// Chen et al. 2023.
const EVALWEB: &str =
    "English: Gopher (arXiv:2112.11446); Chinese: ChineseWebText (arXiv:2311.01149)";
/// The limit of the English rule with a measure of ours for Chinese.
const GOPHER_ZH: &str = "Gopher (arXiv:2112.11446); the Chinese measure is Ingot's";
/// A limit of our own.
const OWN: &str = "Ingot";

#[expect(clippy::too_many_arguments, reason = "a row of a table")]
const fn rule(
    name: &'static str,
    group: RuleGroup,
    side: Side,
    en: Option<f64>,
    zh: Option<f64>,
    source: &'static str,
    title_en: &'static str,
    title_zh: &'static str,
) -> Rule {
    Rule { name, group, side, en, zh, source, title_en, title_zh }
}

/// Every rule, in the order of reports. In Chinese a word is a character, and runs of n words are runs of 2n characters.
#[rustfmt::skip]
pub static RULES: &[Rule] = {
    use RuleGroup::{Boilerplate, Code, Length, Lines, Repetition, Symbols, Words};
    use Side::{Least, Most};
    &[
        rule("few_words", Length, Least, Some(50.0), Some(200.0), EVALWEB, "words (Chinese: characters)", "词数（中文按字数）"),
        rule("many_words", Length, Most, Some(100_000.0), Some(200_000.0), GOPHER_ZH, "words (Chinese: characters)", "词数（中文按字数）"),
        rule("few_sentences", Length, Least, Some(3.0), Some(3.0), C4, "sentences", "句子数"),
        rule("short_mean_word", Words, Least, Some(3.0), None, GOPHER, "mean word length", "平均词长"),
        rule("long_mean_word", Words, Most, Some(10.0), None, GOPHER, "mean word length", "平均词长"),
        rule("few_stop_words", Words, Least, Some(2.0), Some(2.0), GOPHER_ZH, "different stop words", "不同停用词（虚词）数"),
        rule("few_alphabetic", Symbols, Least, Some(0.8), Some(0.3), EVALWEB, "share of words with a letter (Chinese: of Han characters)", "含字母的词占比（中文：汉字占比）"),
        rule("hashes", Symbols, Most, Some(0.1), Some(0.1), GOPHER_ZH, "hash signs a word", "每词的井号数"),
        rule("ellipses", Symbols, Most, Some(0.1), Some(0.1), GOPHER_ZH, "ellipses a word", "每词的省略号数"),
        rule("bullet_lines", Lines, Most, Some(0.9), Some(0.9), GOPHER, "share of lines that begin with a bullet", "以项目符号开头的行占比"),
        rule("ellipsis_lines", Lines, Most, Some(0.3), Some(0.3), GOPHER, "share of lines that end with an ellipsis", "以省略号结尾的行占比"),
        rule("unterminated_lines", Lines, Least, Some(0.12), Some(0.12), FINEWEB, "share of lines that end with punctuation", "以标点结尾的行占比"),
        rule("short_lines", Lines, Most, Some(0.67), Some(0.67), FINEWEB, "share of lines of at most 30 characters (Chinese: 10)", "短行占比（不超过 30 个字符；中文 10 个）"),
        rule("duplicate_lines", Repetition, Most, Some(0.3), Some(0.3), GOPHER, "share of lines that repeat another", "重复行占比"),
        rule("duplicate_paragraphs", Repetition, Most, Some(0.3), Some(0.3), GOPHER, "share of paragraphs that repeat another", "重复段落占比"),
        rule("duplicate_line_characters", Repetition, Most, Some(0.2), Some(0.2), GOPHER, "share of characters in repeated lines", "重复行的字符占比"),
        rule("duplicate_paragraph_characters", Repetition, Most, Some(0.2), Some(0.2), GOPHER, "share of characters in repeated paragraphs", "重复段落的字符占比"),
        rule("top_2gram", Repetition, Most, Some(0.2), Some(0.2), GOPHER_ZH, "share of characters in the most frequent 2-gram", "最高频二元组的字符占比"),
        rule("top_3gram", Repetition, Most, Some(0.18), Some(0.18), GOPHER_ZH, "share of characters in the most frequent 3-gram", "最高频三元组的字符占比"),
        rule("top_4gram", Repetition, Most, Some(0.16), Some(0.16), GOPHER_ZH, "share of characters in the most frequent 4-gram", "最高频四元组的字符占比"),
        rule("duplicate_5gram", Repetition, Most, Some(0.15), Some(0.15), GOPHER_ZH, "share of characters in repeated 5-grams", "重复五元组的字符占比"),
        rule("duplicate_6gram", Repetition, Most, Some(0.14), Some(0.14), GOPHER_ZH, "share of characters in repeated 6-grams", "重复六元组的字符占比"),
        rule("duplicate_7gram", Repetition, Most, Some(0.13), Some(0.13), GOPHER_ZH, "share of characters in repeated 7-grams", "重复七元组的字符占比"),
        rule("duplicate_8gram", Repetition, Most, Some(0.12), Some(0.12), GOPHER_ZH, "share of characters in repeated 8-grams", "重复八元组的字符占比"),
        rule("duplicate_9gram", Repetition, Most, Some(0.11), Some(0.11), GOPHER_ZH, "share of characters in repeated 9-grams", "重复九元组的字符占比"),
        rule("duplicate_10gram", Repetition, Most, Some(0.1), Some(0.1), GOPHER_ZH, "share of characters in repeated 10-grams", "重复十元组的字符占比"),
        rule("boilerplate_lines", Boilerplate, Most, Some(0.2), Some(0.2), OWN, "share of lines of policies, cookies, copyright, navigation", "政策、Cookie、版权、导航类行的占比"),
        rule("lorem_ipsum", Boilerplate, Most, Some(0.0), Some(0.0), C4, "occurrences of “lorem ipsum”", "“lorem ipsum” 出现次数"),
        rule("curly_braces", Code, Most, Some(0.0), Some(0.0), C4, "curly braces", "花括号数"),
        rule("script_lines", Code, Most, Some(0.0), Some(0.0), C4, "lines that ask for JavaScript", "要求启用 JavaScript 的行数"),
    ]
};
