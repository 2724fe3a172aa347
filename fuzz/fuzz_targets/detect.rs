//! Of any text: findings lie in it, in order; masked and replaced texts settle to one in which nothing is found.
#![no_main]

use ingot_base::Secret;
use ingot_privacy::ColumnKeys;
use ingot_privacy::detect::{DetectConfig, Detector};
use ingot_privacy::pseudonym::{Pseudonyms, TextAction, TextProtector};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

/// Longer texts find nothing that shorter ones do not.
const LONGEST: usize = 4_096;

static DETECTOR: LazyLock<Detector> =
    LazyLock::new(|| Detector::new(DetectConfig::default()).expect("the defaults are right"));

fn keys() -> ColumnKeys {
    ColumnKeys { encrypt: Secret::new(vec![7; 64]), hash: Secret::new(vec![9; 32]) }
}

static PROTECTORS: LazyLock<Vec<TextProtector>> = LazyLock::new(|| {
    [TextAction::Replace, TextAction::Mask, TextAction::Pseudonymize]
        .map(|action| {
            let detector = Detector::new(DetectConfig::default()).expect("the defaults are right");
            TextProtector::new(detector, action, keys(), "note").expect("right keys")
        })
        .into()
});

fuzz_target!(|text: &str| {
    if text.len() > LONGEST {
        return;
    }
    let found = DETECTOR.detect(text);
    let size = text.chars().count();
    let mut last = 0;
    for finding in &found {
        assert!(last <= finding.start && finding.start < finding.end && finding.end <= size);
        assert!((0.5..=1.0).contains(&finding.score) && !finding.why.is_empty());
        last = finding.end;
    }
    assert_eq!(found, DETECTOR.detect(text), "another answer the second time");
    for (line, finding) in DETECTOR.scan_lines(text) {
        let line = text.lines().nth(line).expect("a line of the text");
        assert!(finding.start < finding.end && finding.end <= line.chars().count());
    }
    let mut names = Pseudonyms::new(keys()).expect("right keys");
    for (place, protector) in PROTECTORS.iter().enumerate() {
        let shown = protector.find(text).expect("the detector alone cannot fail");
        let clean = protector.settle(text, shown, &mut names).expect("every text can be protected");
        if place < 2 {
            assert_eq!(DETECTOR.detect(&clean), [], "{clean:?} still shows something");
        }
        if found.is_empty() {
            assert_eq!(clean, text, "nothing was found, and something changed");
        }
    }
});
