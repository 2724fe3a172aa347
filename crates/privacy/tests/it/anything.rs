//! What detectors hold for any text.

use ingot_privacy::detect::{DetectConfig, Detector, Finding};
use proptest::prelude::*;
use std::sync::OnceLock;

fn detector() -> &'static Detector {
    static DETECTOR: OnceLock<Detector> = OnceLock::new();
    DETECTOR.get_or_init(|| Detector::new(DetectConfig::default()).unwrap())
}

/// Every finding replaced by its type, as the `type` action writes it.
fn by_type(text: &str, found: &[Finding]) -> String {
    let letters: Vec<char> = text.chars().collect();
    let mut out = String::new();
    let mut at = 0;
    for finding in found {
        out.extend(&letters[at..finding.start]);
        out.extend(["[", finding.kind.name(), "]"]);
        at = finding.end;
    }
    out.extend(&letters[at..]);
    out
}

/// Pieces of which personal data is made, between any other text.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<String>(),
        "[0-9０-９Xx .\\-–]{0,24}",
        "[A-Za-z0-9@./:+_-]{0,30}",
        "[张王李欧阳明路号市县省一-龥]{0,8}",
        "(Mr\\. |Dr )?[A-Z][a-z]{1,8} [A-Z][a-z]{1,8}( Ltd|, [A-Z][a-z]+)?",
        Just("身份证11010519491231002X，电话１３８ 0013–8000，".to_owned()),
        Just("postgres://u:p4ss@db.local/x -----BEGIN RSA PRIVATE KEY-----\n".to_owned()),
        "(成都|北京|内蒙古|黑龙江|哈尔滨|上海市|朝阳区|建国路|8号|有限公司|在|[a-z ]){1,4}",
        "[0-9\u{200b}\u{ad}\u{fe0f}٠-٩①-⑨一二三〇]{0,24}",
        Just(
            "致\u{feff}张\u{200b}伟，1\u{200d}38\u{200b}0013\u{2060}8000，a\u{ad}nn@example.org"
                .to_owned()
        ),
        Just("Rue du Port, Co.Ltd. United Kingdom 微信号：abc_12345 ".to_owned()),
    ];
    prop::collection::vec(piece, 0..6).prop_map(|all| all.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn findings_lie_in_the_text_in_order_and_say_why(text in pieces()) {
        let size = text.chars().count();
        let mut last = 0;
        for finding in detector().detect(&text) {
            prop_assert!(last <= finding.start && finding.start < finding.end && finding.end <= size);
            prop_assert!(finding.score >= 0.5 && finding.score <= 1.0 && !finding.why.is_empty());
            last = finding.end;
        }
    }

    #[test]
    fn the_same_text_gives_the_same_findings(text in pieces()) {
        prop_assert_eq!(detector().detect(&text), detector().detect(&text));
    }
}

/// Every word of a place that a text may end in, and every beginning of a text that holds all kinds.
#[test]
fn no_finding_lies_beyond_the_end() {
    let all = "去成都\u{200b}，致张伟明，身份证1101051949\u{200b}1231002X，住内蒙古呼和浩特市新城区建国路88号-3，Ann Lee, 12 Mill Lane, Oxford";
    let letters: Vec<char> = all.chars().collect();
    let cut = (1..=letters.len()).map(|end| letters[..end].iter().collect::<String>());
    let places =
        ["成都", "在成都", "北京", "黑龙江", "内蒙古", "哈尔滨", "ok成都", "成都\n", "上海市"];
    for text in cut.chain(places.map(str::to_owned)) {
        let size = text.chars().count();
        for finding in detector().detect(&text) {
            assert!(finding.start < finding.end && finding.end <= size, "{text}: {finding:?}");
        }
    }
}

#[test]
fn what_was_replaced_by_type_is_not_found_again() {
    for text in [
        "客户张伟明，身份证11010519491231002X，手机13800138000，家住北京市朝阳区建国路88号。",
        "Mail jane.roe@example.org or call (212) 555-0143; card 4111 1111 1111 1111.",
        "Dear Jane Smith, the parcel of Nordic Pump Ltd waits at 12 Mill Lane, Oxford.",
    ] {
        let first = detector().detect(text);
        assert!(!first.is_empty(), "{text}");
        let written = by_type(text, &first);
        assert_eq!(detector().detect(&written), [], "{written}");
    }
}
