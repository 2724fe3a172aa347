//! What a column or key is called, as context of what stands in it: `1949-12-31` is a day, under `dob` a day of birth.

use crate::detect::{Finding, announces, begins};
use crate::pseudonym::TextProtector;
use ingot_base::Result;
use std::sync::Arc;

/// So many bytes of a value are read together with its title: what stands further on says itself what it is about.
const VALUE: usize = 96;
/// Longest title that is read.
const TITLE: usize = 48;
/// Parts of titles that announce something personal, besides the words of the detector. A bare `name` is none: products have names too.
const ANNOUNCES: &[&str] = &[
    "social",
    "licen",
    "wx",
    "key",
    "apikey",
    "patient",
    "customer",
    "client",
    "first name",
    "last name",
    "full name",
    "given name",
    "surname",
    "contact",
    "doctor",
    "physician",
    "employee",
    "student",
    "teacher",
    "owner",
    "holder",
    "cardholder",
    "addr",
    "street",
    "iban",
    "plate",
    "medical record",
    "手机",
    "电话",
    "联系",
    "传真",
    "车牌",
    "姓名",
    "名字",
    "患者",
    "病人",
    "医生",
    "医师",
    "客户",
    "户名",
    "持卡人",
    "学生",
    "老师",
    "教师",
    "家长",
    "员工",
    "地址",
    "住址",
    "银行",
    "证号",
    "就诊",
    "医保",
    "社保",
];

/// A column's or key's name as it is read before a value; nothing where it announces nothing personal.
#[derive(Debug, Clone, Default)]
pub struct Title(Option<Arc<str>>);

impl Title {
    /// What a name announces: worked out once for all the values that stand under it.
    pub fn of(name: &str) -> Self {
        Self(front(name).map(Arc::from))
    }
}

impl TextProtector {
    /// What a value holds, by itself and with its title before it.
    ///
    /// # Errors
    /// When a plugged-in model fails.
    pub fn find_under(&self, title: &Title, text: &str) -> Result<Vec<Finding>> {
        Ok(self.titled(self.find(text)?, title, text))
    }

    /// What the detector finds in a value that was rewritten, or that is no sentence, with its title before it.
    pub(crate) fn again_under(&self, title: &Title, text: &str) -> Vec<Finding> {
        self.titled(self.again(text), title, text)
    }

    /// What a value holds, besides what was found in it alone, with its title before it. A plugged-in model is not asked: titles are no
    /// sentences.
    pub(crate) fn titled(
        &self,
        mut found: Vec<Finding>,
        title: &Title,
        text: &str,
    ) -> Vec<Finding> {
        let Some(front) = &title.0 else { return found };
        if text.trim().is_empty() {
            return found;
        }
        let head = text.get(..text.floor_char_boundary(VALUE)).unwrap_or(text);
        let skipped = front.chars().count();
        let cut = skipped + head.chars().count();
        for mut finding in self.again(&format!("{front}{head}")) {
            // What touches the cut may go on behind it.
            if head.len() < text.len() && finding.end == cut {
                continue;
            }
            let Some(start) = finding.start.checked_sub(skipped) else { continue };
            finding.end -= skipped;
            finding.start = start;
            // What the value says itself is the surer.
            if found.iter().all(|one| one.end <= finding.start || finding.end <= one.start) {
                found.push(finding);
            }
        }
        found.sort_by_key(|finding| (finding.start, finding.end));
        found
    }
}

/// A title as it is written before a value, if it announces something personal.
fn front(title: &str) -> Option<String> {
    if title.len() > TITLE {
        return None;
    }
    let front = format!("{}: ", spaced(title));
    let lower = front.to_lowercase();
    let told = ANNOUNCES.iter().any(|part| begins(&lower, part)) || announces(&lower);
    told.then_some(front)
}

/// `dateOfBirth` and `date_of_birth` as words.
fn spaced(title: &str) -> String {
    let mut words = String::with_capacity(title.len() + 4);
    let mut small = false;
    for letter in title.trim().chars() {
        if small && letter.is_ascii_uppercase() {
            words.push(' ');
        }
        small = letter.is_ascii_lowercase();
        words.push(if matches!(letter, '_' | '-' | '.') { ' ' } else { letter });
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ColumnKeys;
    use crate::detect::{DetectConfig, Detector};
    use crate::pseudonym::{Pseudonyms, TextAction};
    use ingot_base::Secret;

    fn keys() -> ColumnKeys {
        ColumnKeys { encrypt: Secret::new(vec![0; 64]), hash: Secret::new(vec![0; 32]) }
    }

    fn protector(action: TextAction) -> TextProtector {
        let detector = Detector::new(DetectConfig::default()).unwrap();
        TextProtector::new(detector, action, keys(), "text").unwrap()
    }

    #[test]
    fn a_redacted_value_shows_nothing_under_its_title_either() {
        let mut names = Pseudonyms::new(keys()).unwrap();
        let long = "Tiger2020pass，这是李娜在北京市海淀区人民南路83号阳光花园6幢1203室开户时设的";
        for (action, title, text) in [
            (TextAction::Replace, "password", long),
            (TextAction::Mask, "password", long),
            (TextAction::Mask, "手机号", "16664986019 532-17-6836A"),
            (TextAction::Replace, "手机号", "16664986019 532-17-6836A"),
            (TextAction::Replace, "api_key", "abcdef1234567890abcd"),
            (TextAction::Replace, "账号", "6222021234567890123"),
        ] {
            let (protector, title) = (protector(action), Title::of(title));
            let found = protector.find_under(&title, text).unwrap();
            assert!(!found.is_empty(), "{text}");
            let (clean, _) = protector.settle_telling(&title, text, found, &mut names).unwrap();
            assert!(protector.find_under(&title, &clean).unwrap().is_empty(), "{clean}");
            assert_ne!(clean, text);
        }
    }

    #[test]
    fn the_title_of_a_long_value_is_read_with_its_head() {
        let protector = protector(TextAction::Replace);
        let kinds = |title: &str, text: &str| -> Vec<String> {
            let found = protector.find_under(&Title::of(title), text).unwrap();
            found.iter().map(|one| one.kind.name().to_owned()).collect()
        };
        let rest =
            "and nothing else that anybody would have to hide from those who may read it all";
        assert_eq!(kinds("password", &format!("Tiger2020pass, {rest} today")), ["secret"]);
        // A word that the cut goes through is none of its own.
        let long = format!("{rest} {rest}").get(..90).unwrap().to_owned();
        assert_eq!(kinds("api_key", &format!("{long} 8f14e45fceea167a5a36dedd")), [""; 0]);
    }

    #[test]
    fn titles_are_read_as_words() {
        assert_eq!(front("dateOfBirth").as_deref(), Some("date Of Birth: "));
        assert_eq!(front("mobile_no").as_deref(), Some("mobile no: "));
        assert_eq!(front("出生日期").as_deref(), Some("出生日期: "));
        assert_eq!(front("QQ").as_deref(), Some("QQ: "));
        for title in
            ["", "name", "amount", "数量", "latency", "hotel", "success", "number", "column 12"]
        {
            assert_eq!(front(title), None, "{title}");
        }
    }

    #[test]
    fn a_title_announces_what_a_word_of_the_detector_does() {
        for title in [
            "npi",
            "MBI",
            "medicaid_id",
            "hospitalNumber",
            "体检号",
            "dl",
            "mobile",
            "ssn",
            "信用卡",
            "api_token",
            "企鹅号",
            "licence",
            "mailing_address",
        ] {
            assert!(front(title).is_some(), "{title}");
        }
    }
}
