//! Sources on other machines: copied to a local file first, so that everything after sees files only.

use crate::config::SourceConfig;
use crate::messages::{OBJECT_STORE, POSTGRES, SOURCE_MISSING};
use crate::postgres_tls;
use crate::table_writer::TableWriter;
use arrow::array::{ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use futures::TryStreamExt as _;
use ingot_base::{Fault, Result};
use object_store::aws::AmazonS3Builder;
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStore, ObjectStoreExt as _};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

/// Rows held at once while a query is copied.
const BATCH: usize = 8192;

/// What is told of a database's address that may be read in two ways.
const UNTOLD: &str = "…";

/// An address without user name, password and parameters: a database also takes a password as one.
pub(crate) fn shown(uri: &str) -> String {
    let Some((scheme, rest)) = uri.split_once("://") else { return uri.to_owned() };
    let database = is_database(scheme);
    if database && is_ambiguous(rest) {
        return format!("{scheme}://{UNTOLD}");
    }
    // A password may hold a slash: whatever stands before the last `@` goes.
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    let host = host.split_once('?').filter(|_| database).map_or(host, |(host, _)| host);
    format!("{scheme}://{host}")
}

/// An address's host, without account, folders and parameters; `None` of what is no address on another machine.
pub fn host(uri: &str) -> Option<String> {
    let (scheme, rest) = uri.split_once("://")?;
    if scheme.eq_ignore_ascii_case("file") {
        return None;
    }
    let ends = ['/', '?', '#'];
    let database = is_database(scheme);
    if database && is_ambiguous(rest) {
        return Some(format!("{scheme}://{UNTOLD}"));
    }
    let first = rest.split(ends).next().unwrap_or_default();
    let account = if database { rest } else { first };
    let host = account.rsplit_once('@').map_or(account, |(_, host)| host);
    Some(format!("{scheme}://{}", host.split(ends).next().unwrap_or_default()))
}

fn is_database(scheme: &str) -> bool {
    scheme.to_ascii_lowercase().starts_with("postgres")
}

/// Whether the `?` of a database's address may stand in a password, or an `@` in a parameter: nothing of it can be told then.
fn is_ambiguous(rest: &str) -> bool {
    rest.split_once('?').is_some_and(|(_, after)| after.contains('@'))
}

fn block_on<T>(fault: impl Fn() -> Fault, work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| fault().because(error))?
        .block_on(work)
}

/// A source's name as a file's: nothing in it leads elsewhere.
fn file_name(source: &str) -> String {
    source.chars().map(|letter| if letter.is_alphanumeric() { letter } else { '_' }).collect()
}

/// Copies a query's rows, in the order the server gives them, into a Parquet file.
pub(crate) fn postgres(base_dir: &Path, source: &SourceConfig, copies: &Path) -> Result<PathBuf> {
    let fault = || Fault::new(&POSTGRES).arg("source", &source.name);
    block_on(fault, async {
        let (client, driver) = postgres_tls::connect(base_dir, source).await?;
        // Texts of dates and times must not depend on the server's settings.
        client
            .batch_execute("SET DateStyle = 'ISO, YMD'; SET TimeZone = 'UTC'")
            .await
            .map_err(|error| fault().because(error))?;
        let query = source.query.clone().unwrap_or_default();
        let inner = query.trim().trim_end_matches(';').to_owned();
        let statement = client.prepare(&inner).await.map_err(|error| fault().because(error))?;
        let columns: Vec<Column> = statement
            .columns()
            .iter()
            .map(|column| Column::new(column.name(), column.type_()))
            .collect();
        let sql = selecting(&columns, &inner);
        let rows = client
            .query_raw(&sql, std::iter::empty::<&str>())
            .await
            .map_err(|error| fault().because(error))?;
        let fields: Vec<Field> = columns
            .iter()
            .map(|column| Field::new(&column.name, column.kind.clone(), true))
            .collect();
        let schema = Arc::new(Schema::new(fields));
        let target = copies.join(format!("{}.parquet", file_name(&source.name)));
        let mut writer = TableWriter::create(&target, &schema, None)?;
        let mut rows = pin!(rows);
        let mut held: Vec<Row> = Vec::with_capacity(BATCH);
        loop {
            let next = rows.try_next().await.map_err(|error| fault().because(error))?;
            let ended = next.is_none();
            held.extend(next);
            if held.len() >= BATCH || ended {
                writer.write(
                    &batch(&columns, &schema, &held).map_err(|error| fault().because(error))?,
                )?;
                held.clear();
            }
            if ended {
                break;
            }
        }
        drop(client);
        driver.abort();
        writer.finish()?;
        Ok(target)
    })
}

/// A column of a query and what it becomes: dates and everything unusual travel as text in ISO form.
struct Column {
    name: String,
    kind: DataType,
}

impl Column {
    fn new(name: &str, kind: &Type) -> Self {
        let kind = match *kind {
            Type::BOOL => DataType::Boolean,
            Type::INT2 | Type::INT4 | Type::INT8 => DataType::Int64,
            Type::FLOAT4 | Type::FLOAT8 | Type::NUMERIC => DataType::Float64,
            Type::DATE => DataType::Date32,
            _ => DataType::Utf8,
        };
        Self { name: name.to_owned(), kind }
    }

    fn select(&self) -> String {
        let quoted = format!("\"{}\"", self.name.replace('"', "\"\""));
        let cast = match self.kind {
            DataType::Boolean => "boolean",
            DataType::Int64 => "bigint",
            DataType::Float64 => "double precision",
            _ => "text",
        };
        format!("{quoted}::{cast}")
    }
}

/// The query that gives these columns of another one in forms that are understood. That one may end in a comment.
fn selecting(columns: &[Column], inner: &str) -> String {
    let list: Vec<String> = columns.iter().map(Column::select).collect();
    format!("SELECT {} FROM ({inner}\n) AS ingot_source", list.join(", "))
}

fn batch(
    columns: &[Column],
    schema: &Arc<Schema>,
    rows: &[Row],
) -> std::result::Result<RecordBatch, Box<dyn std::error::Error + Send + Sync>> {
    let mut arrays: Vec<ArrayRef> = Vec::with_capacity(columns.len());
    for (index, column) in columns.iter().enumerate() {
        let array: ArrayRef = match column.kind {
            DataType::Boolean => {
                Arc::new(values::<bool>(rows, index)?.into_iter().collect::<BooleanArray>())
            }
            DataType::Int64 => {
                Arc::new(values::<i64>(rows, index)?.into_iter().collect::<Int64Array>())
            }
            DataType::Float64 => {
                Arc::new(values::<f64>(rows, index)?.into_iter().collect::<Float64Array>())
            }
            ref kind => {
                let text: ArrayRef =
                    Arc::new(values::<String>(rows, index)?.into_iter().collect::<StringArray>());
                arrow::compute::cast(&text, kind)?
            }
        };
        arrays.push(array);
    }
    Ok(RecordBatch::try_new(Arc::clone(schema), arrays)?)
}

fn values<'a, T: tokio_postgres::types::FromSql<'a>>(
    rows: &'a [Row],
    index: usize,
) -> std::result::Result<Vec<Option<T>>, tokio_postgres::Error> {
    rows.iter().map(|row| row.try_get(index)).collect()
}

/// Copies an object, or every object below a prefix, from S3-compatible storage; credentials come from the environment.
pub(crate) fn object_store(source: &SourceConfig, copies: &Path) -> Result<Vec<PathBuf>> {
    let fault = || Fault::new(&OBJECT_STORE).arg("source", &source.name);
    let address = source.uri.trim_start_matches("s3://");
    let (bucket, key) = address.split_once('/').unwrap_or((address, ""));
    let mut builder = AmazonS3Builder::from_env().with_bucket_name(bucket);
    if let Ok(endpoint) = std::env::var("AWS_ENDPOINT_URL") {
        builder = builder.with_allow_http(endpoint.starts_with("http:")).with_endpoint(endpoint);
    }
    let store = builder.build().map_err(|error| fault().because(error))?;
    block_on(fault, async {
        let exact = ObjectPath::from(key);
        let mut keys = Vec::new();
        if !key.ends_with('/') && store.head(&exact).await.is_ok() {
            keys.push(exact);
        } else {
            let listed: Vec<_> = store
                .list(Some(&exact))
                .try_collect()
                .await
                .map_err(|error| fault().because(error))?;
            keys.extend(listed.into_iter().map(|meta| meta.location));
        }
        keys.sort();
        if keys.is_empty() {
            return Err(Fault::new(&SOURCE_MISSING)
                .arg("source", &source.name)
                .arg("uri", &source.uri));
        }
        let mut files = Vec::new();
        for (index, key) in keys.into_iter().enumerate() {
            let name = key.filename().unwrap_or("object").to_owned();
            // Objects below different prefixes may have the same name.
            let folder = copies.join(file_name(&source.name)).join(index.to_string());
            let target = folder.join(name);
            std::fs::create_dir_all(&folder).map_err(|error| fault().because(error))?;
            let mut file = ingot_base::atomic::AtomicFile::create(&target)?;
            let mut stream =
                store.get(&key).await.map_err(|error| fault().because(error))?.into_stream();
            while let Some(bytes) =
                stream.try_next().await.map_err(|error| fault().because(error))?
            {
                file.write_all(&bytes).map_err(|error| fault().because(error))?;
            }
            file.commit_private()?;
            files.push(target);
        }
        Ok(files)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_at_the_end_of_a_query_does_not_swallow_what_follows() {
        let sql = selecting(&[Column::new("age", &Type::INT4)], "SELECT age FROM t -- all of them");
        assert_eq!(
            sql,
            "SELECT \"age\"::bigint FROM (SELECT age FROM t -- all of them\n) AS ingot_source"
        );
    }

    #[test]
    fn credentials_are_not_shown() {
        assert_eq!(shown("postgres://me:secret@host/db"), "postgres://host/db");
        assert_eq!(shown("data/a.csv"), "data/a.csv");
        for canary in [
            "postgres://me@db/loans?password=ab@canary",
            "postgres://me:a?canary@db/loans",
            "postgresql://me:can/ary@db/loans?password=canary",
        ] {
            let told = [Some(shown(canary)), host(canary)];
            assert!(
                told.iter()
                    .flatten()
                    .all(|told| !told.contains("canary") && !told.contains("can/")),
                "{told:?}"
            );
        }
    }
}
