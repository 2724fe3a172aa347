//! Names of columns: which a file has, and which of them a wrong name may mean.

use crate::config::{CleanConfig, Format, SourceConfig};
use crate::copies::Copies;
use crate::messages::{COLUMN_ABSENT, COLUMN_UNKNOWN, HEADER_DOUBTFUL};
use crate::{images, infer};
use crate::{rules, source};
use arrow::datatypes::{DataType, Field, Schema};
use ingot_base::{Fault, Result};
use std::path::Path;

/// Names listed in a message at most.
const LISTED: usize = 30;
/// Similar enough to be meant: Jaro-Winkler, 1 for equal.
const SIMILAR: f64 = 0.8;
/// Files looked at: each costs reading its beginning.
const FILES: usize = 16;

/// The columns of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Index of its source.
    pub source: usize,
    /// The file's name.
    pub file: String,
    /// Its columns as it names them.
    pub columns: Vec<String>,
    /// Whether a line of text was taken for the names, which may be none.
    pub text: bool,
    /// Their types, in the same order.
    pub types: Vec<DataType>,
}

/// The faults of every SQL expression of the rules over the files' columns, all at once.
pub fn check_sql(headers: &[Header], sources: &[SourceConfig], clean: &CleanConfig) -> Vec<Fault> {
    let mut fields: Vec<Field> = Vec::new();
    for header in headers {
        let rename = sources.get(header.source).map(|source| &source.rename);
        for (name, kind) in header.columns.iter().zip(&header.types) {
            let name = rename.and_then(|rename| rename.get(name)).unwrap_or(name);
            match fields.iter_mut().find(|field| field.name() == name) {
                Some(field) => {
                    *field = Field::new(name, infer::widen(field.data_type(), kind), true);
                }
                None => fields.push(Field::new(name, kind.clone(), true)),
            }
        }
    }
    rules::check_sql(clean, fields)
}

/// The columns of every file, from the files' beginnings; `None` where a source is remote or has many files, which are looked
/// at when they are read.
///
/// # Errors
/// When a file is not there or not what its name says.
pub fn headers(base_dir: &Path, sources: &[SourceConfig]) -> Result<Option<Vec<Header>>> {
    if sources.iter().any(|one| one.uri.contains("://") && !one.uri.starts_with("file://")) {
        return Ok(None);
    }
    let copies = Copies::new()?;
    let mut headers = Vec::new();
    for (index, config) in sources.iter().enumerate() {
        let mut add = |file: String, format: Format, schema: &Schema| {
            headers.push(Header {
                source: index,
                file,
                columns: schema.fields().iter().map(|field| field.name().clone()).collect(),
                text: format == Format::Csv,
                types: schema.fields().iter().map(|field| field.data_type().clone()).collect(),
            });
        };
        if config.format == Some(Format::Images) {
            // The columns are the same for every folder: no picture need be looked at.
            add(config.name.clone(), Format::Images, &images::schema());
            continue;
        }
        let files = source::files(base_dir, config, copies.path())?;
        if files.len() > FILES {
            return Ok(None);
        }
        for path in files {
            let (format, schema) = source::shape(config, &path)?;
            add(infer::name(&path), format, &schema);
        }
    }
    Ok(Some(headers))
}

/// The names that are known, as a message lists them: not more than a reader takes in.
pub(crate) fn listed(known: &[&str]) -> String {
    let mut listed = known.iter().take(LISTED).copied().collect::<Vec<_>>().join(", ");
    if known.len() > LISTED {
        listed.push_str(", …");
    }
    listed
}

/// The fault of a name that is none of `known`, with the name that may be meant.
pub fn unknown_column(name: &str, known: &[&str]) -> Fault {
    let fault = match nearest(name, known) {
        Some(near) => Fault::new(&COLUMN_UNKNOWN).arg("near", format!("`{near}`")),
        None => Fault::new(&COLUMN_ABSENT),
    };
    fault.arg("column", name).arg("known", listed(known))
}

/// The fault of a name that a column had before it was called `now`.
pub fn renamed_column(name: &str, now: &str, known: &[&str]) -> Fault {
    let fault = Fault::new(&COLUMN_UNKNOWN).arg("near", format!("`{now}`"));
    fault.arg("column", name).arg("known", listed(known))
}

/// The fault of a file whose first line holds none of the names asked for: it repeats nothing of that line, which may be a
/// person's record.
pub fn doubtful_header(file: &str, names: usize) -> Fault {
    Fault::new(&HEADER_DOUBTFUL).arg("file", file).arg("count", names)
}

/// The known name that a wrong one may mean.
pub fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let plain = name.to_lowercase();
    let likeness = |known: &str| {
        let known = known.to_lowercase();
        // One slip in a short name is not like it by the letters' places.
        let slip = plain.chars().count() > 2 && strsim::damerau_levenshtein(&plain, &known) <= 1;
        strsim::jaro_winkler(&plain, &known).max(if slip { 0.9 } else { 0.0 })
    };
    known
        .iter()
        .map(|known| (likeness(known), *known))
        .filter(|(likeness, _)| *likeness >= SIMILAR)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_suggested_only_when_it_is_alike() {
        let fault = unknown_column("credit_amuont", &["age", "credit_amount"]);
        assert_eq!(fault.code(), "data-column-unknown");
        assert!(fault.hint(ingot_base::Lang::En).unwrap().contains("`credit_amount`?"));
        let fault = unknown_column("user_id", &["age", "sex"]);
        assert_eq!(fault.code(), "data-column-absent");
        assert_eq!(fault.hint(ingot_base::Lang::En).unwrap(), "the table has: age, sex");
        assert_eq!(nearest("AGE", &["age"]), Some("age"));
        assert_eq!(nearest("aeg", &["sex", "age"]), Some("age"));
    }
}
