//! One figure for what risk remains.

use ingot_base::Lang;
use ingot_privacy::residual::{Evidence, Residual, TextEvidence};

const fn found(recall: f64, identifiers_per_person: f64) -> TextEvidence {
    TextEvidence { recall, identifiers_per_person }
}

#[test]
fn channels_add_up_and_views_of_one_channel_do_not() {
    let of = |text, prosecutor, linkage_upper| {
        Residual::new(Evidence { text, prosecutor, linkage_upper })
    };
    for (residual, risk) in [
        (of(None, None, None), 0.0),
        (of(Some(found(0.98, 1.5)), None, None), 0.03),
        (of(None, Some(0.04), Some(0.10)), 0.10),
        (of(None, Some(0.20), Some(0.10)), 0.20),
        (of(Some(found(0.98, 1.5)), Some(0.20), Some(0.10)), 0.23),
        (of(Some(found(0.0, 3.0)), Some(1.0), None), 1.0),
        (of(Some(found(1.0, 50.0)), None, None), 0.0),
        (of(Some(found(0.5, 0.0)), None, None), 0.0),
    ] {
        assert!((residual.risk - risk).abs() < 1e-12, "{residual:?}");
    }
}

#[test]
fn what_is_no_number_is_the_worst() {
    for evidence in [
        Evidence { text: Some(found(f64::NAN, 1.0)), ..Evidence::default() },
        Evidence { text: Some(found(0.9, f64::NAN)), ..Evidence::default() },
        Evidence { text: Some(found(0.9, -1.0)), ..Evidence::default() },
        Evidence { text: Some(found(0.9, f64::INFINITY)), ..Evidence::default() },
        Evidence { prosecutor: Some(f64::NAN), ..Evidence::default() },
        Evidence { linkage_upper: Some(7.0), ..Evidence::default() },
    ] {
        assert!((Residual::new(evidence).risk - 1.0).abs() < 1e-12, "{evidence:?}");
    }
}

#[test]
fn the_figure_never_falls_when_evidence_gets_worse() {
    let steps = [0.0, 0.1, 0.35, 0.8, 1.0];
    let risk = |missed: f64, prosecutor, linkage| {
        let evidence = Evidence {
            text: Some(found(1.0 - missed, 2.0)),
            prosecutor: Some(prosecutor),
            linkage_upper: Some(linkage),
        };
        Residual::new(evidence).risk
    };
    for one in steps {
        for other in steps {
            for pair in steps.windows(2) {
                assert!(risk(pair[0], one, other) <= risk(pair[1], one, other));
                assert!(risk(one, pair[0], other) <= risk(one, pair[1], other));
                assert!(risk(one, other, pair[0]) <= risk(one, other, pair[1]));
            }
        }
    }
}

#[test]
fn it_explains_itself_in_both_languages_and_survives_json() {
    let evidence = Evidence {
        text: Some(found(0.98, 1.5)),
        prosecutor: Some(0.02),
        linkage_upper: Some(0.05),
    };
    let residual = Residual::new(evidence);
    for lang in [Lang::En, Lang::Zh] {
        let said = residual.explanation.get(lang);
        for figure in ["8.00 %", "98.00 %", "1.50", "3.00 %", "2.00 %", "5.00 %"] {
            assert!(said.contains(figure), "{figure}: {said}");
        }
    }
    // Whoever reads a small figure must learn that it may be one because little was found.
    assert!(residual.explanation.en.contains("measured on other texts"));
    assert!(residual.explanation.en.contains("cannot be counted"));
    assert!(
        residual.explanation.zh.contains("其他文本上实测")
            && residual.explanation.zh.contains("无法计入")
    );
    let json = serde_json::to_string(&residual).unwrap();
    assert_eq!(serde_json::from_str::<Residual>(&json).unwrap(), residual);
    let bare = Residual::new(Evidence::default());
    assert!(
        bare.explanation.en.contains("no evidence") && bare.explanation.zh.contains("没有证据")
    );
}
