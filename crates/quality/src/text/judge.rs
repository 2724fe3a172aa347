//! Which rules a text breaks.

use super::language::{Language, language};
use super::lines;
use super::repetition::{self, DUPLICATES, TOPS};
use super::rule::{RULES, Rule, RuleGroup};
use crate::math::real;
use crate::tokens::is_han;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Which rules hold.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TextRules {
    /// Languages that may be; empty allows all.
    pub languages: Vec<Language>,
    /// Groups of rules; empty takes all.
    pub groups: Vec<RuleGroup>,
    /// Limits other than the rules' own, by rule.
    pub limits: BTreeMap<String, f64>,
}

/// A rule that a text breaks.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Finding {
    /// The rule's name; `language` for a language that may not be.
    pub rule: &'static str,
    /// The figure; none for a language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// The limit it broke; none for a language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
    /// The text's language.
    pub language: Language,
}

/// A text judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Its language.
    pub language: Language,
    /// Every rule that it breaks, in the order of [`RULES`].
    pub findings: Vec<Finding>,
}

/// Judges texts; the same for every thread.
#[derive(Debug, Clone)]
pub struct TextJudge {
    rules: TextRules,
    /// Whether figures of repetition are needed, which take longest.
    repetition: bool,
}

/// The name of what is found in a text whose language is none of those asked for: it is no rule of [`RULES`].
pub const LANGUAGE: &str = "language";

impl TextJudge {
    /// With these rules.
    pub fn new(rules: TextRules) -> Self {
        let repetition =
            RULES.iter().any(|rule| rule.group == RuleGroup::Repetition && chosen(&rules, rule));
        Self { rules, repetition }
    }

    /// Judges a text.
    pub fn judge(&self, text: &str) -> Verdict {
        let language = language(text);
        let mut findings = Vec::new();
        if !self.rules.languages.is_empty() && !self.rules.languages.contains(&language) {
            findings.push(Finding { rule: LANGUAGE, value: None, limit: None, language });
        }
        let chinese = reads_as_chinese(text, language);
        let lines = lines::measure(text, chinese);
        let again = if self.repetition {
            repetition::measure(text, chinese)
        } else {
            repetition::Repetition::default()
        };
        for rule in RULES.iter().filter(|rule| chosen(&self.rules, rule)) {
            let own = if chinese { rule.zh } else { rule.en };
            let Some(own) = own else { continue };
            // Stop words of one language say nothing of another.
            if rule.name == "few_stop_words" && language == Language::Other {
                continue;
            }
            let limit = self.rules.limits.get(rule.name).copied().unwrap_or(own);
            let value = value(rule, &lines, &again);
            if rule.breaks(value, limit) {
                findings.push(Finding {
                    rule: rule.name,
                    value: Some(value),
                    limit: Some(limit),
                    language,
                });
            }
        }
        Verdict { language, findings }
    }
}

fn chosen(rules: &TextRules, rule: &Rule) -> bool {
    rules.groups.is_empty() || rules.groups.contains(&rule.group)
}

/// Whether the Chinese limits hold: of a mixed text, when characters outnumber words.
fn reads_as_chinese(text: &str, language: Language) -> bool {
    match language {
        Language::Zh => true,
        Language::En => false,
        Language::Mixed | Language::Other => {
            let han = text.chars().filter(|letter| is_han(*letter)).count();
            han > text.split_whitespace().count()
        }
    }
}

fn value(rule: &Rule, lines: &lines::Lines, again: &repetition::Repetition) -> f64 {
    let of = |list: &[f64], names: &[usize], prefix: &str| {
        let width = rule
            .name
            .strip_prefix(prefix)
            .and_then(|rest| rest.strip_suffix("gram"))
            .and_then(|width| width.parse::<usize>().ok());
        width
            .and_then(|width| names.iter().position(|name| *name == width))
            .and_then(|at| list.get(at))
            .copied()
    };
    match rule.name {
        "few_words" | "many_words" => real(lines.words),
        "few_sentences" => real(lines.sentences),
        "short_mean_word" | "long_mean_word" => lines.mean_word,
        "few_stop_words" => real(lines.stop_words),
        "few_alphabetic" => lines.alphabetic,
        "hashes" => lines.hashes,
        "ellipses" => lines.ellipses,
        "bullet_lines" => lines.bullets,
        "ellipsis_lines" => lines.ellipsis_ends,
        "unterminated_lines" => lines.terminated,
        "short_lines" => lines.short,
        "duplicate_lines" => again.lines.0,
        "duplicate_paragraphs" => again.paragraphs.0,
        "duplicate_line_characters" => again.lines.1,
        "duplicate_paragraph_characters" => again.paragraphs.1,
        "boilerplate_lines" => lines.boilerplate,
        "lorem_ipsum" => real(lines.lorem),
        "curly_braces" => real(lines.braces),
        "script_lines" => real(lines.scripts),
        _ => of(&again.top, &TOPS, "top_")
            .or_else(|| of(&again.duplicate, &DUPLICATES, "duplicate_"))
            .unwrap_or(0.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn broken(text: &str, groups: &[RuleGroup]) -> Vec<&'static str> {
        let rules = TextRules { groups: groups.to_vec(), ..TextRules::default() };
        TextJudge::new(rules).judge(text).findings.into_iter().map(|finding| finding.rule).collect()
    }

    const ENGLISH: &str = "The branch office reported that the number of loans had risen in the second quarter.\n\
        Managers have said that most customers pay on time, and that the share of late payments is small.\n\
        Analysts warn, however, that rates may rise again before the end of the year, which would be hard for\n\
        those with little income to spare. A spokesman declined to comment on plans for the coming winter.";
    const CHINESE: &str = "今年第二季度，分行的贷款余额比上年同期增长了百分之六，主要来自小微企业和个体工商户。\
        支行经理表示，大多数客户能够按时还款，逾期占比仍在较低水平。分析人士提醒，若利率继续上行，收入较低的家庭压力会加大。\
        总行已要求各地网点在发放贷款之前核实收入来源，并对存量客户逐户回访，了解经营状况以及实际困难。\
        对暂时遇到困难的企业，可以协商展期，但不得借新还旧掩盖风险。下半年的重点是制造业、绿色产业和乡村振兴，相关考核办法将于近期公布，\
        各部门要做好衔接工作。监管部门日前也提示，营销人员应如实说明费用，避免误导消费者。";

    #[test]
    fn prose_breaks_nothing() {
        assert_eq!(broken(ENGLISH, &[]), [""; 0]);
        assert_eq!(broken(CHINESE, &[]), [""; 0]);
    }

    #[test]
    fn each_kind_of_rubbish_is_told() {
        let text = |text: &str, rule: &str| {
            assert!(broken(text, &[]).contains(&rule), "{rule}: {:?}", broken(text, &[]));
        };
        text("too short", "few_words");
        text("function f() { return 1; }", "curly_braces");
        text("Lorem ipsum dolor sit amet", "lorem_ipsum");
        text("本网站使用 Cookie。\n版权所有 © 2020 某公司 京ICP备00000000号", "boilerplate_lines");
        text("We use cookies to improve this site. Read our privacy policy.", "boilerplate_lines");
        text("- a\n- b\n- c", "bullet_lines");
        text("read more...\nand more…\nand", "ellipsis_lines");
        text("点击购买\n点击购买\n点击购买\n点击购买", "duplicate_lines");
        text("买买买买买买买买买买买买买买买买买买买买", "top_2gram");
        text("12 34 56 78 90 && ## 11", "few_alphabetic");
        text("Please enable JavaScript to view this page.", "script_lines");
        text(
            "pneumonoultramicroscopicsilicovolcanoconiosis antidisestablishmentarianism",
            "long_mean_word",
        );
    }

    #[test]
    fn limits_and_languages_are_the_recipes() {
        let mut rules = TextRules {
            languages: vec![Language::Zh],
            groups: vec![RuleGroup::Length],
            limits: BTreeMap::from([
                ("few_words".to_owned(), 2.0),
                ("few_sentences".to_owned(), 1.0),
            ]),
        };
        let found = TextJudge::new(rules.clone()).judge("The loan was repaid in full.").findings;
        assert_eq!(found.iter().map(|finding| finding.rule).collect::<Vec<_>>(), ["language"]);
        rules.languages.push(Language::En);
        assert!(
            TextJudge::new(rules.clone()).judge("The loan was repaid in full.").findings.is_empty()
        );
        rules.limits.insert("few_words".to_owned(), 7.0);
        let found = TextJudge::new(rules).judge("The loan was repaid in full.").findings;
        assert_eq!((found[0].value, found[0].limit), (Some(6.0), Some(7.0)));
    }

    proptest! {
        #[test]
        fn any_text_is_judged(text in "\\PC{0,200}") {
            for finding in TextJudge::new(TextRules::default()).judge(&text).findings {
                prop_assert!(finding.value.is_none_or(f64::is_finite));
            }
        }
    }
}
