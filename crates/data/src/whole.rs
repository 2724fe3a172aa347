//! Sources as they are, before any rule.

use crate::clean::{Admit, Work};
use crate::config::SourceConfig;
use crate::messages::ROW_MALFORMED;
use crate::source;
use arrow::array::RecordBatch;
use ingot_base::{Fault, Result, fault};
use std::collections::BTreeMap;
use std::path::Path;

/// The numbers of the rows that `admit` does not let in, by source, as the sources are before any rule.
///
/// # Errors
/// When a source cannot be read. Malformed rows are passed over.
pub fn refused_rows(
    base_dir: &Path,
    sources: &[SourceConfig],
    admit: Admit<'_>,
) -> Result<BTreeMap<String, Vec<u64>>> {
    let sources = source::resolve(base_dir, sources)?;
    let work = Work::plain(&sources);
    let mut found: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    work.run(
        |item| {
            let piece = work.decode(item)?;
            let mask = (admit.0)(&piece.decoded.batch)?;
            let rows = piece.decoded.rows.into_iter().zip(&mask);
            let refused = rows.filter(|(_, stays)| *stays != Some(true)).map(|(row, _)| row);
            Ok((piece.part, refused.collect::<Vec<u64>>()))
        },
        |(part, rows)| {
            if !rows.is_empty() {
                found.entry(work.part(part)?.label.clone()).or_default().extend(rows);
            }
            Ok(())
        },
    )?;
    for rows in found.values_mut() {
        rows.sort_unstable();
    }
    Ok(found)
}

/// A whole file of any format as columns, without rules: for figures of a table that is no source of a recipe. Rows that
/// cannot be read are refused, not set aside.
///
/// # Errors
/// When the file cannot be read, or a row of it is malformed.
pub fn load(path: &Path) -> Result<Vec<RecordBatch>> {
    // No source of a recipe: whatever is said of one would not be true here.
    std::fs::metadata(path).map_err(|error| {
        Fault::new(&fault::FILE_READ).arg("path", path.display()).because(error)
    })?;
    let source = SourceConfig {
        name: "file".to_owned(),
        uri: path.display().to_string(),
        weight: 1.0,
        query: None,
        format: None,
        encoding: None,
        rename: BTreeMap::new(),
        identities: BTreeMap::new(),
        named: None,
    };
    let sources = source::resolve_any(Path::new("."), &[source])?;
    let work = Work::plain(&sources);
    let mut batches = Vec::new();
    work.run(
        |item| work.decode(item),
        |piece| {
            if let Some(bad) = piece.decoded.bad.first() {
                return Err(Fault::new(&ROW_MALFORMED)
                    .arg("path", path.display())
                    .arg("line", bad.line)
                    .arg("count", piece.decoded.bad.len()));
            }
            batches.push(piece.decoded.batch);
            Ok(())
        },
    )?;
    Ok(batches)
}
