//! What a column holds, in a reader's words instead of an engine's.

use crate::Text;

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// Numbers.
    Numbers,
    /// Days or instants.
    Dates,
    /// True or false.
    Flags,
    /// Texts.
    Texts,
    /// Nothing: every value is missing.
    Nothing,
    /// Lists, structures or bytes.
    Other,
}

impl Held {
    /// The word in both languages.
    pub fn words(self) -> Text {
        match self {
            Self::Numbers => Text::new("number", "数值"),
            Self::Dates => Text::new("date", "日期"),
            Self::Flags => Text::new("yes or no", "是/否"),
            Self::Texts => Text::new("text", "文本"),
            Self::Nothing => Text::new("only missing values", "仅有缺失值"),
            Self::Other => Text::new("lists, structures or bytes", "列表、结构或字节"),
        }
    }
}
