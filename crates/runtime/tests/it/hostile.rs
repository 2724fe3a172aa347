//! No text and no object makes the readers panic; what they accept can be evaluated.

use ingot_runtime::{Forest, Preprocessing, encode};
use proptest::prelude::*;

const MODEL: &str = include_str!("small.txt");

fn accepted_models_can_be_walked(text: &str) {
    let Ok(forest) = Forest::parse(text) else { return };
    let mut out = vec![0.0; forest.classes()];
    for value in [0.0, f64::NAN, -1e300, 1e300, f64::INFINITY, 31.0, 1e-36] {
        let row = vec![value; forest.features()];
        forest.raw(&row, &mut out);
        assert!(out.iter().all(|score| !score.is_nan()), "every path ends at a leaf");
        for tree in forest.trees() {
            assert!(tree.leaf(&row) < tree.leaves());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_text(text in "\\PC*") {
        accepted_models_can_be_walked(&text);
    }

    #[test]
    fn a_model_with_one_byte_changed(at in 0..MODEL.len(), byte in 0_u8..128) {
        let mut bytes = MODEL.as_bytes().to_vec();
        bytes[at] = byte;
        accepted_models_can_be_walked(&String::from_utf8(bytes).unwrap());
    }

    #[test]
    fn a_model_with_one_number_changed(at in 0..500_usize, number in any::<i64>(), small in -5_i64..5, which: bool) {
        let number = if which { number } else { small };
        let mut index = 0;
        let mut text = String::new();
        let mut digits = false;
        for letter in MODEL.chars() {
            if letter.is_ascii_digit() || letter == '-' {
                if !digits {
                    index += 1;
                    if index == at { text.push_str(&number.to_string()); }
                }
                digits = true;
                if index == at { continue; }
            } else {
                digits = false;
            }
            text.push(letter);
        }
        accepted_models_can_be_walked(&text);
    }

    #[test]
    fn a_model_cut_anywhere(at in 0..MODEL.len()) {
        let trees = MODEL.find("end of trees").unwrap();
        let cut = Forest::parse(MODEL.get(..at).unwrap());
        prop_assert!(at >= trees + "end of trees".len() || cut.is_err(), "a truncated model is never accepted");
    }

    #[test]
    fn any_preprocessing(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Preprocessing::from_json(&bytes).is_err());
    }

    #[test]
    fn any_object(text in "\\PC*", key in "[a-c]{1,2}", number in any::<f64>()) {
        let json = br#"{"format":1,"signature":{"task":"tabular.regression","inputs":[
            {"name":"a","kind":"number","min":0,"max":1,"integer":false,"nullable":false},
            {"name":"b","kind":"category","values":["x","y"],"nullable":true},
            {"name":"c","kind":"boolean","nullable":false}],
            "output":{"kind":"number","target":"t"}},"calibration":{"method":"none"}}"#;
        let signature = Preprocessing::from_json(json).unwrap().signature;
        let mut object = serde_json::Map::new();
        object.insert(key, serde_json::json!(number));
        object.insert("b".into(), serde_json::json!(text));
        let mut out = Vec::new();
        prop_assert!(encode::row(&signature, &object, &mut out).is_err(), "c is never a boolean here");
        prop_assert!(out.is_empty());
    }
}

#[test]
fn the_unchanged_model_is_accepted() {
    assert!(Forest::parse(MODEL).unwrap().trees().len() > 2);
    accepted_models_can_be_walked(MODEL);
}
