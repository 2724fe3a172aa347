//! Which language a text is in, by scripts and the commonest words.

use crate::math::share;
use crate::tokens::is_han;
use serde::{Deserialize, Serialize};

/// Language of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Chinese.
    Zh,
    /// English.
    En,
    /// Chinese and English, both in earnest.
    Mixed,
    /// Another, or none that can be told.
    Other,
}

impl Language {
    /// Its name in recipes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Zh => "zh",
            Self::En => "en",
            Self::Mixed => "mixed",
            Self::Other => "other",
        }
    }
}

/// Words that make up a third of English text, each rare or absent in the other languages of its alphabet.
const ENGLISH: &[&str] = &[
    "the", "of", "and", "to", "is", "that", "it", "was", "for", "with", "as", "on", "at", "by",
    "this", "are", "be", "have", "from", "they", "you", "not", "his", "her", "which", "were",
    "there", "been", "has", "had", "would", "will", "their", "what", "when", "who", "can", "if",
    "or", "but", "an", "we", "she", "my", "your", "than", "then", "these", "its", "i", "after",
    "before", "should", "could", "our", "about", "into", "out", "up", "how", "does", "did", "more",
    "because",
];

/// The commonest words of German, French, Spanish, Portuguese, Italian, Dutch, Swedish, Danish, Norwegian, Polish, Turkish,
/// Indonesian, Vietnamese, Romanian, Czech, Finnish and Hungarian that English does not have.
const OTHERS: &[&str] = &[
    "der", "und", "das", "ist", "nicht", "ein", "eine", "den", "von", "mit", "sich", "auf", "für",
    "dem", "auch", "wird", "le", "la", "les", "des", "une", "est", "et", "dans", "que", "qui",
    "pour", "pas", "sur", "avec", "du", "il", "je", "el", "los", "las", "del", "por", "una", "con",
    "para", "su", "se", "como", "más", "pero", "muy", "fue", "não", "uma", "dos", "os", "ao",
    "mais", "foi", "em", "da", "di", "che", "della", "sono", "non", "gli", "nel", "è", "het",
    "een", "van", "dat", "niet", "zijn", "voor", "op", "te", "och", "att", "som", "på", "är", "av",
    "med", "det", "og", "til", "ikke", "af", "jeg", "w", "nie", "się", "jest", "na", "że", "z",
    "ve", "bir", "bu", "için", "ile", "yang", "dan", "untuk", "dengan", "ini", "tidak", "dari",
    "và", "của", "là", "không", "các", "și", "nu", "în", "cu", "je", "ja", "ei", "hogy", "az",
    "nem", "egy",
];

/// Letters of one text by what they say of its language.
#[derive(Debug, Default)]
struct Counts {
    han: usize,
    /// Kana, Hangul, Cyrillic, Arabic and every other script.
    foreign: usize,
    latin: usize,
    /// Latin letters that English does not use.
    accented: usize,
    words: usize,
    english: usize,
    others: usize,
}

/// The language of a text. A Chinese character weighs as much as an English word is long in letters: about two and a half.
pub fn language(text: &str) -> Language {
    let counts = count(text);
    let han = counts.han * 5;
    let latin = counts.latin * 2;
    let letters = han + latin + counts.foreign * 3;
    // Japanese sets kana between its Han.
    if letters == 0 || share(counts.foreign * 3, letters) > 0.15 {
        return Language::Other;
    }
    let english = is_english(&counts);
    match share(han, letters) {
        chinese if chinese >= 0.8 => Language::Zh,
        chinese if chinese >= 0.2 && english => Language::Mixed,
        chinese if chinese >= 0.5 => Language::Zh,
        _ if english => Language::En,
        _ => Language::Other,
    }
}

/// Whether the Latin part is English: its common words, few of others', few accents.
fn is_english(counts: &Counts) -> bool {
    if share(counts.accented, counts.latin) > 0.03 {
        return false;
    }
    // Short texts may have no common word of any language: their letters decide.
    if counts.english + counts.others == 0 {
        return counts.words < 12 && counts.accented == 0;
    }
    counts.english > counts.others && share(counts.english, counts.words) >= 0.04
}

fn count(text: &str) -> Counts {
    let mut counts = Counts::default();
    let mut word = String::new();
    for letter in text.chars().chain([' ']) {
        if letter.is_alphabetic() {
            if is_han(letter) {
                counts.han += 1;
            } else if letter.is_ascii_alphabetic() {
                counts.latin += 1;
            } else if matches!(u32::from(letter), 0xC0..=0x24F | 0x1E00..=0x1EFF) {
                counts.latin += 1;
                counts.accented += 1;
            } else {
                counts.foreign += 1;
            }
        }
        if letter.is_alphabetic() && !is_han(letter) {
            word.extend(letter.to_lowercase());
        } else if !word.is_empty() {
            counts.words += 1;
            counts.english += usize::from(ENGLISH.contains(&word.as_str()));
            counts.others += usize::from(OTHERS.contains(&word.as_str()));
            word.clear();
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_told_apart() {
        let cases = [
            (Language::Zh, "客户咨询提前还款的手续费，告知按合同约定收取。"),
            (Language::Zh, "请登录 App 查询余额。"),
            (
                Language::En,
                "The customer asked about early repayment and was told that fees apply.",
            ),
            (Language::En, "late payment"),
            (
                Language::Mixed,
                "客户反馈 the mobile app is very slow after the update，已经转交技术部处理。",
            ),
            (
                Language::Other,
                "Der Kunde fragte nach der vorzeitigen Rückzahlung und den Gebühren.",
            ),
            (
                Language::Other,
                "El cliente no pudo pagar la cuota del mes y se le informo por carta.",
            ),
            (Language::Other, "Le client a demande les frais de la banque pour un remboursement."),
            (Language::Other, "お客様から早期返済についてお問い合わせがありました。"),
            (Language::Other, "고객이 조기 상환에 대해 문의했습니다."),
            (Language::Other, "Клиент спросил о досрочном погашении."),
            (Language::Other, "123 -- 456"),
        ];
        for (expected, text) in cases {
            assert_eq!(language(text), expected, "{text}");
        }
    }
}
