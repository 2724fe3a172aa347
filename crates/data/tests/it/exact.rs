//! Values that tell persons apart stay different, whatever they look like and however a file stores them.

use super::{run, source};
use arrow::array::{
    Array, ArrayRef, AsArray, Decimal128Array, Int64Array, RecordBatch, UInt64Array,
};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use ingot_data::{Cast, CastType, CleanConfig, Identity, SourceConfig, read};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

fn ids(
    folder: &Path,
    file: &str,
    identity: Option<Identity>,
    rules: &CleanConfig,
) -> (DataType, Vec<String>) {
    let identities: BTreeMap<String, Identity> =
        identity.map(|identity| ("id".to_owned(), identity)).into_iter().collect();
    run(folder, &[SourceConfig { identities, ..source("a", file) }], rules, 2).unwrap();
    let batches = read(&folder.join("out.parquet"), None).unwrap();
    let kind = batches[0].column_by_name("id").unwrap().data_type().clone();
    let texts = batches.iter().flat_map(|batch| {
        let texts = cast(batch.column_by_name("id").unwrap(), &DataType::Utf8).unwrap();
        let texts = texts.as_string::<i32>();
        texts.iter().flatten().map(str::to_owned).collect::<Vec<_>>()
    });
    (kind, texts.collect())
}

fn parquet(folder: &Path, ids: ArrayRef) {
    let n: ArrayRef = Arc::new(Int64Array::from_iter_values((0..).take(ids.len())));
    let batch = RecordBatch::try_from_iter([("id", ids), ("n", n)]).unwrap();
    let file = std::fs::File::create(folder.join("a.parquet")).unwrap();
    let mut writer = parquet::arrow::ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

/// Files of different ids, and what the ids are.
fn files(folder: &Path) -> Vec<(&'static str, Vec<String>)> {
    let large: Vec<u128> = (0..400).map(|row| 98_765_432_109_876_540_000 + row).collect();
    let json: String = large.iter().map(|id| format!("{{\"id\":{id},\"n\":1}}\n")).collect();
    std::fs::write(folder.join("large.jsonl"), json).unwrap();
    let written = ["1.2", "1.20", "100E1", "1000", "7", "7.0"];
    let lines = |line: fn(&str) -> String| written.map(line).concat();
    std::fs::write(folder.join("b.csv"), format!("id,n\n{}", lines(|id| format!("{id},1\n"))))
        .unwrap();
    std::fs::write(folder.join("c.jsonl"), lines(|id| format!("{{\"id\":{id},\"n\":1}}\n")))
        .unwrap();
    let texts = |ids: &[u128]| ids.iter().map(u128::to_string).collect::<Vec<_>>();
    let written = written.map(str::to_owned).to_vec();
    vec![("large.jsonl", texts(&large)), ("b.csv", written.clone()), ("c.jsonl", written)]
}

#[test]
fn no_two_ids_become_one() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let plain = CleanConfig::default();
    for (file, wanted) in files(folder) {
        for identity in [Identity::Replaced, Identity::Kept] {
            let found = ids(folder, file, Some(identity), &plain);
            assert_eq!(found, (DataType::Utf8, wanted.clone()), "{file} {identity:?}");
        }
    }
    let decimals = (0..400).map(|row| 98_765_432_109_876_540_000_i128 + row);
    let decimals = Decimal128Array::from_iter_values(decimals).with_precision_and_scale(20, 0);
    parquet(folder, Arc::new(decimals.unwrap()));
    let (kind, found) = ids(folder, "a.parquet", Some(Identity::Replaced), &plain);
    assert_eq!((kind, found.iter().collect::<BTreeSet<_>>().len()), (DataType::Utf8, 400));
    parquet(folder, Arc::new(UInt64Array::from(vec![7, u64::MAX - 1, u64::MAX])));
    let (_, found) = ids(folder, "a.parquet", Some(Identity::Kept), &plain);
    assert_eq!(found, ["7", "18446744073709551614", "18446744073709551615"]);
}

#[test]
fn ordinary_whole_numbers_are_what_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("a.csv"), "id,n\n123,1\n-4,1\n").unwrap();
    std::fs::write(folder.join("a.jsonl"), "{\"id\":123}\n{\"id\":-4}\n").unwrap();
    parquet(folder, Arc::new(Int64Array::from(vec![123, -4])));
    let plain = CleanConfig::default();
    let wanted = ["123", "-4"].map(str::to_owned).to_vec();
    for file in ["a.csv", "a.jsonl", "a.parquet"] {
        // The digits are the same as text and as a number, and a served column stays a number.
        assert_eq!(ids(folder, file, Some(Identity::Replaced), &plain).1, wanted, "{file}");
        for identity in [Some(Identity::Kept), None] {
            assert_eq!(
                ids(folder, file, identity, &plain),
                (DataType::Int64, wanted.clone()),
                "{file}"
            );
        }
    }
    let rules = CleanConfig {
        cast: vec![Cast { column: "id".into(), to: CastType::Integer }],
        ..CleanConfig::default()
    };
    let cast = ids(folder, "a.csv", Some(Identity::Replaced), &rules);
    assert_eq!(cast, (DataType::Int64, wanted), "the recipe's cast wins");
}

#[test]
fn numbers_that_no_type_holds_are_set_aside_with_their_row() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let plain = CleanConfig::default();
    parquet(folder, Arc::new(UInt64Array::from(vec![7, u64::MAX, 8])));
    assert_eq!(
        ids(folder, "a.parquet", None, &plain),
        (DataType::Int64, vec!["7".into(), "8".into()])
    );
    let quarantine = || std::fs::read_to_string(folder.join("quarantine.jsonl")).unwrap();
    assert!(
        quarantine().contains("\"line\":2") && quarantine().contains("column `id` of record 2")
    );
    assert_eq!(quarantine().lines().count(), 1);
    // Of JSON lines the column is text then, as the digits are there.
    let json = "{\"id\":98765432109876540001}\n{\"id\":98765432109876540002}\n";
    std::fs::write(folder.join("a.jsonl"), json).unwrap();
    let found = ids(folder, "a.jsonl", None, &plain);
    assert_eq!(found.1, ["98765432109876540001", "98765432109876540002"]);
}
