//! Texts judged by rules: their language, and whether they read like text that someone wrote.

mod judge;
mod language;
mod lines;
mod repetition;
mod rule;

pub use judge::{Finding, LANGUAGE, TextJudge, TextRules, Verdict};
pub use language::{Language, language};
pub use rule::{RULES, Rule, RuleGroup, Side};
