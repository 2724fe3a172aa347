//! Of any cells: every action answers or refuses, rows stay rows, and what is reversible comes back.
#![no_main]

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use ingot_base::{Personal, Secret};
use ingot_privacy::detect::Kind;
use ingot_privacy::pseudonym::{FormatCipher, Pseudonyms};
use ingot_privacy::{
    Action, ColumnKeys, ColumnRule, Generalize, Protector, decrypt_value, unshift_date,
};
use libfuzzer_sys::fuzz_target;
use std::sync::Arc;

fn keys() -> ColumnKeys {
    ColumnKeys { encrypt: Secret::new(vec![7; 64]), hash: Secret::new(vec![9; 32]) }
}

fn applied(action: Action, batch: &RecordBatch) -> Option<RecordBatch> {
    let rule = ColumnRule { name: "c".into(), rename: None, action };
    let protector = Protector::new(vec![rule], keys(), &batch.schema()).ok()?;
    let out = protector.apply(batch.clone()).ok()?;
    assert_eq!(out.num_rows(), batch.num_rows());
    assert_eq!(out.schema(), protector.schema());
    Some(out)
}

fuzz_target!(|text: &str| {
    let cells: Vec<&str> = text.split('\n').take(64).collect();
    let column: ArrayRef = Arc::new(StringArray::from(cells.clone()));
    let person: ArrayRef = Arc::new(StringArray::from(vec!["p"; cells.len()]));
    let fields = ["c", "person"].map(|name| Field::new(name, DataType::Utf8, true));
    let schema = Arc::new(Schema::new(fields.to_vec()));
    let batch = RecordBatch::try_new(schema, vec![column, person]).expect("two columns");
    for to in [
        Generalize::Year,
        Generalize::Month,
        Generalize::Decade,
        Generalize::Prefix(2),
        Generalize::Given([("a".to_owned(), "b".to_owned())].into()),
    ] {
        assert!(applied(Action::Generalize(to), &batch).is_some(), "texts can be made coarser");
    }
    applied(Action::Mask { keep_start: 1, keep_end: 2, with: '*' }, &batch).expect("a mask");
    applied(Action::Hash, &batch).expect("a hash");
    let out = applied(Action::Encrypt, &batch).expect("encryption");
    for (token, cell) in out.column(0).as_string::<i32>().iter().flatten().zip(&cells) {
        assert_eq!(decrypt_value(&keys(), "c", token).expect("our token").expose(), cell);
    }
    let cipher = FormatCipher::new(&keys(), "c").expect("right keys");
    for cell in &cells {
        let mut out = String::new();
        if cipher.write(cell, &mut out).is_ok() {
            assert_eq!(out.chars().count(), cell.chars().count());
            assert_eq!(cipher.read(&out).expect("as many digits").expose(), cell);
        }
        let _ = decrypt_value(&keys(), "c", cell);
        let _ = cipher.read(cell);
    }
    let moved =
        applied(Action::Shift { person: "person".into(), days: 30 }, &batch).expect("a shift");
    for date in moved.column(0).as_string::<i32>().iter().flatten() {
        unshift_date(&keys(), 30, &Personal::new("p".to_owned()), date).expect("a moved date");
    }
    let mut names = Pseudonyms::new(keys()).expect("right keys");
    for kind in Kind::ALL {
        for cell in cells.iter().filter(|cell| !cell.trim().is_empty()).take(4) {
            let fake = names.of(&kind, cell).expect("every value has a pseudonym");
            assert_eq!(names.of(&kind, cell).expect("the same again"), fake);
            names.original(&kind, &fake).expect("it leads back");
        }
        let _ = names.original(&kind, text);
    }
    let lines = names.lines();
    Pseudonyms::new(keys()).expect("right keys").load(&lines).expect("our own lines");
    let _ = names.load(text);
});
