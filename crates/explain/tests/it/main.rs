//! Contributions equal LightGBM's own (`tests/make_fixtures.py`); a whole study of a credit model.
#![expect(
    clippy::unwrap_used,
    clippy::float_cmp,
    clippy::cast_precision_loss,
    reason = "a test fails by panicking; its numbers are small and exact"
)]

mod credit;
mod tasks;

use ingot_explain::{RowShap, TreeShap};
use ingot_runtime::{Forest, Matrix};
use serde_json::Value;

fn numbers(value: &Value) -> Vec<f64> {
    let rows = value.as_array().unwrap().iter().flat_map(|row| row.as_array().unwrap());
    rows.map(|number| number.as_f64().unwrap_or(f64::NAN)).collect()
}

fn compare(model: &str, json: &str) {
    let forest = Forest::parse(model).unwrap();
    let document: Value = serde_json::from_str(json).unwrap();
    let data = numbers(&document["rows"]);
    let wanted = numbers(&document["wanted"]);
    let count = data.len() / forest.features();
    assert!(count > 0 && wanted.len() == count * forest.classes() * (forest.features() + 1));
    let rows = Matrix::new(count, forest.features(), data).unwrap();
    let shap = TreeShap::new(&forest).unwrap().values(&rows).unwrap();
    let single = RowShap::new(&forest).unwrap();
    let wanted = wanted.chunks_exact(forest.classes() * (forest.features() + 1));
    for (row, wanted) in wanted.enumerate() {
        for found in [shap.row(row), &single.values(rows.row(row)).unwrap()] {
            assert_eq!(found.len(), wanted.len());
            for (at, (found, wanted)) in found.iter().zip(wanted).enumerate() {
                assert!((found - wanted).abs() < 1e-9, "{row} {at}: {found} instead of {wanted}");
            }
        }
    }
}

macro_rules! parity {
    ($($name:ident)+) => {$(
        #[test]
        fn $name() {
            compare(
                include_str!(concat!("../fixtures/", stringify!($name), ".txt")),
                include_str!(concat!("../fixtures/", stringify!($name), ".json")),
            );
        }
    )+};
}

parity! { binary multiclass regression zero_missing no_missing }

#[test]
fn rows_of_another_width_are_refused() {
    let forest = Forest::parse(include_str!("../fixtures/binary.txt")).unwrap();
    let rows = Matrix::new(1, 2, vec![0.0; 2]).unwrap();
    let fault = TreeShap::new(&forest).unwrap().values(&rows).unwrap_err();
    assert_eq!(fault.code(), "explain-width");
}
