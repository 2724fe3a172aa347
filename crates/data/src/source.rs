//! Where rows come from: addresses to files, files to one schema.

use crate::chunk::{Chunk, Chunks, Records};
use crate::config::{Encoding, Format, Identity, SourceConfig};
use crate::copies::Copies;
use crate::encoding;
use crate::finite;
use crate::guard::{self, Batches};
use crate::images;
use crate::infer::{self, Dialect, widen};
use crate::json_keys::{self, Keys, Stray, StrayKeys};
use crate::messages::{
    COLUMN_RESERVED, COLUMN_TWICE, FILE_EMPTY, FILE_WRONG, FORMAT_UNKNOWN, IMAGES_REMOTE,
    NO_OBJECTS, SCHEME_UNKNOWN, SOURCE_MISSING,
};
use crate::remote;
use crate::table::{kind, kind_text, open};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::ipc::reader::FileReader;
use ingot_base::digest::Hasher;
use ingot_base::{Digest, Fault, Lang, Result, Text, atomic, fault};
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead as _, BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// Bytes read at once.
const BUFFER: usize = 1 << 20;

/// One file of a source.
#[derive(Debug)]
pub(crate) struct Part {
    /// Index of the source in the configuration.
    pub(crate) source: usize,
    /// What the lineage column says.
    pub(crate) label: String,
    pub(crate) path: PathBuf,
    /// The file's name as its owner knows it; `path` may be a copy.
    pub(crate) file: String,
    pub(crate) format: Format,
    /// How a CSV file is written.
    pub(crate) dialect: Option<Dialect>,
    /// Columns as the file has them.
    pub(crate) schema: SchemaRef,
    /// Names in the table, in the file's order.
    pub(crate) names: Vec<String>,
    /// Keys of JSON lines that are no columns, to be told of; an executor tells nobody.
    pub(crate) strays: Vec<Stray>,
    /// The same keys, to be passed over in every line.
    pub(crate) passed: StrayKeys,
    /// The file's encoding where it was told by the file and is not UTF-8.
    pub(crate) taken: Option<Encoding>,
    /// Columns by whose values persons or groups are told apart, by their names in the table.
    pub(crate) identities: BTreeSet<String>,
}

impl Part {
    /// The fault of a file that is not what its name says.
    pub(crate) fn wrong(
        &self,
        error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Fault {
        Fault::new(&FILE_WRONG)
            .arg("file", &self.file)
            .arg("format", self.format.title())
            .because(error)
    }

    /// Makes columns of the stray keys that `known` names, and of no other.
    fn take_back(&mut self, known: &BTreeSet<String>) {
        let own: BTreeSet<&String> = self.names.iter().collect();
        let column = |stray: &Stray| known.contains(&stray.key) && !own.contains(&stray.key);
        let (back, strays): (Vec<Stray>, Vec<Stray>) =
            std::mem::take(&mut self.strays).into_iter().partition(column);
        self.strays = strays;
        if back.is_empty() {
            return;
        }
        self.passed = StrayKeys::of(&self.strays);
        let mut fields: Vec<Field> =
            self.schema.fields().iter().map(|field| field.as_ref().clone()).collect();
        fields.extend(back.iter().map(Stray::column));
        self.schema = Arc::new(Schema::new(fields));
        // No recipe renames a stray key: it would not be one.
        self.names.extend(back.into_iter().map(|stray| stray.key));
    }
}

/// All sources, ready to be read.
#[derive(Debug)]
pub(crate) struct Sources {
    pub(crate) parts: Vec<Part>,
    /// The one schema of the table, without lineage columns.
    pub(crate) schema: SchemaRef,
    /// What was done to reach it.
    pub(crate) notes: Vec<Text>,
    /// Content digests by source: a thread works them out while the rows are read.
    digests: Digests,
    _copies: Option<Copies>,
}

type Digests = Mutex<Option<JoinHandle<Result<Vec<Digest>>>>>;

impl Sources {
    /// Sources that are read elsewhere.
    pub(crate) fn of(parts: Vec<Part>, schema: SchemaRef) -> Self {
        Self { parts, schema, notes: Vec::new(), digests: Mutex::new(None), _copies: None }
    }

    /// Content digests by source, once.
    pub(crate) fn digests(&self) -> Result<Vec<Digest>> {
        let handle = self.digests.lock().unwrap_or_else(PoisonError::into_inner).take();
        handle
            .and_then(|handle| handle.join().ok())
            .unwrap_or_else(|| Err(fault::internal("the digests of the sources are gone")))
    }
}

/// Content digests of sources, in order. A remote source is fetched for it: what it will say cannot be known otherwise.
///
/// # Errors
/// When a source cannot be read.
pub fn source_digests(base_dir: &Path, sources: &[SourceConfig]) -> Result<Vec<Digest>> {
    let copies = Copies::new()?;
    sources.iter().map(|source| digest(&files(base_dir, source, copies.path())?)).collect()
}

/// Finds every file of every source and brings their columns to one schema.
pub(crate) fn resolve(base_dir: &Path, sources: &[SourceConfig]) -> Result<Sources> {
    resolved(base_dir, sources, unreserved)
}

/// Sources that are no recipe's: what Ingot itself wrote has columns of lineage.
pub(crate) fn resolve_any(base_dir: &Path, sources: &[SourceConfig]) -> Result<Sources> {
    resolved(base_dir, sources, |_, _| Ok(()))
}

fn resolved(
    base_dir: &Path,
    sources: &[SourceConfig],
    admit: fn(&SourceConfig, &Part) -> Result<()>,
) -> Result<Sources> {
    let copies = Copies::new()?;
    let (mut parts, mut found) = (Vec::new(), Vec::new());
    for (index, source) in sources.iter().enumerate() {
        let files = files(base_dir, source, copies.path())?;
        found.push(files.clone());
        let several = files.len() > 1;
        for path in files {
            let label = if several {
                format!("{}/{}", source.name, infer::name(&path))
            } else {
                source.name.clone()
            };
            parts.push(part(index, source, label, path, copies.path())?);
        }
    }
    // A key that hardly any line of one file has may be a column of another: then it is one of the table.
    let known: BTreeSet<String> = parts.iter().flat_map(|part| part.names.clone()).collect();
    for part in &mut parts {
        part.take_back(&known);
        if let Some(source) = sources.get(part.source) {
            admit(source, part)?;
        }
    }
    let (schema, mut notes) = reconcile(&parts);
    notes.extend(parts.iter().filter_map(left_out));
    let digests = std::thread::spawn(move || found.iter().map(|files| digest(files)).collect());
    Ok(Sources { parts, schema, notes, digests: Mutex::new(Some(digests)), _copies: Some(copies) })
}

/// The digest of a source's files: each file's digest in order.
fn digest(files: &[PathBuf]) -> Result<Digest> {
    if let [one] = files {
        return Digest::of_file(one);
    }
    let mut hasher = Hasher::default();
    for file in files {
        hasher.update(Digest::of_file(file)?.as_bytes());
    }
    Ok(hasher.finish())
}

/// Where an address of this machine leads; `None` for one of another.
pub(crate) fn local(base_dir: &Path, uri: &str) -> Option<PathBuf> {
    match uri.split_once("://") {
        Some(("file", path)) => Some(PathBuf::from(path)),
        Some(_) => None,
        None => Some(base_dir.join(uri.strip_prefix("file:").unwrap_or(uri))),
    }
}

/// The files behind an address, sorted by name; remote ones are copied into `copies` first, and a folder of pictures is
/// written there as the one file of their table.
pub(crate) fn files(base_dir: &Path, source: &SourceConfig, copies: &Path) -> Result<Vec<PathBuf>> {
    let missing = || {
        Fault::new(&SOURCE_MISSING)
            .arg("source", &source.name)
            .arg("uri", remote::shown(&source.uri))
    };
    if source.format == Some(Format::Images) {
        let folder = local(base_dir, &source.uri)
            .ok_or_else(|| Fault::new(&IMAGES_REMOTE).arg("source", &source.name))?;
        return if folder.is_dir() {
            Ok(vec![images::index(&folder, source, copies)?])
        } else {
            Err(missing())
        };
    }
    let path = match source.uri.split_once("://") {
        Some(("postgres" | "postgresql", _)) => {
            return Ok(vec![remote::postgres(base_dir, source, copies)?]);
        }
        Some(("s3", _)) => return remote::object_store(source, copies),
        scheme => local(base_dir, &source.uri).ok_or_else(|| {
            let scheme = scheme.map_or("", |(scheme, _)| scheme);
            Fault::new(&SCHEME_UNKNOWN).arg("source", &source.name).arg("scheme", scheme)
        })?,
    };
    let mut found = if path.is_dir() {
        let entries = std::fs::read_dir(&path).map_err(|error| missing().because(error))?;
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_file()).collect()
    } else if path.exists() {
        // Who opens a pipe waits for its writer, and a source is read more than once.
        atomic::open(&path).map_err(|error| {
            Fault::new(&fault::FILE_READ).arg("path", path.display()).because(error)
        })?;
        vec![path]
    } else {
        let pattern = path.to_string_lossy().into_owned();
        let entries = glob::glob(&pattern).map_err(|error| missing().because(error))?;
        entries
            .filter_map(std::result::Result::ok)
            .filter(|path| path.is_file())
            .collect::<Vec<_>>()
    };
    found.retain(|path| !infer::name(path).starts_with('.'));
    found.sort();
    if found.is_empty() { Err(missing()) } else { Ok(found) }
}

fn format(source: &SourceConfig, path: &Path) -> Result<Format> {
    if let Some(format) = source.format {
        return Ok(format);
    }
    Format::of_name(path).ok_or_else(|| {
        Fault::new(&FORMAT_UNKNOWN).arg("source", &source.name).arg("file", infer::name(path))
    })
}

/// A file's format and columns, without a copy of it.
pub(crate) fn shape(source: &SourceConfig, path: &Path) -> Result<(Format, SchemaRef)> {
    let format = format(source, path)?;
    let told = |format: Format| {
        source.encoding.map_or_else(|| encoding::of_head(path, format.title()), Ok)
    };
    let schema = match format {
        Format::Csv => identified(source, &infer::dialect(path, told(format)?)?.schema),
        Format::Jsonl => match told(format)? {
            Encoding::Utf8 => identified(source, &json_schema(source, path)?.0),
            other => {
                let copies = Copies::new()?;
                let copy = encoding::to_utf8(path, other, copies.path())?;
                identified(source, &json_schema(source, &copy)?.0)
            }
        },
        Format::Parquet => parquet_schema(source, path)?,
        Format::Arrow => scalar(source, &arrow_reader(path)?.schema()),
        Format::Images => images::schema(),
    };
    Ok((format, schema))
}

fn parquet_schema(source: &SourceConfig, path: &Path) -> Result<SchemaRef> {
    Ok(scalar(source, &parquet_reader(path)?.schema()))
}

/// A text file as UTF-8, a copy where it is not, and the encoding that the file itself told of.
fn readable(
    source: &SourceConfig,
    format: Format,
    path: PathBuf,
    copies: &Path,
) -> Result<(PathBuf, Option<Encoding>)> {
    let told = source.encoding.map_or_else(|| encoding::of_file(&path, format.title()), Ok)?;
    if told == Encoding::Utf8 {
        return Ok((path, None));
    }
    let copy = encoding::to_utf8(&path, told, copies)?;
    Ok((copy, Some(told).filter(|_| source.encoding.is_none())))
}

/// The columns of a text file; those that persons are told apart by are no numbers that could be written in two ways.
fn identified(source: &SourceConfig, schema: &Schema) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| {
        let kind = match (source.identity(field.name()), field.data_type()) {
            (Some(Identity::Replaced), DataType::Int64)
            | (Some(Identity::Replaced | Identity::Kept), DataType::Float64) => DataType::Utf8,
            (_, kind) => kind.clone(),
        };
        Field::new(field.name(), kind, true)
    });
    Arc::new(Schema::new(fields.collect::<Vec<Field>>()))
}

fn part(
    index: usize,
    source: &SourceConfig,
    label: String,
    path: PathBuf,
    copies: &Path,
) -> Result<Part> {
    let format = format(source, &path)?;
    let (mut dialect, mut strays, mut taken) = (None, Vec::new(), None);
    let mut path = path;
    let file = infer::name(&path);
    if matches!(format, Format::Csv | Format::Jsonl) {
        (path, taken) = readable(source, format, path, copies)?;
    }
    let schema = match format {
        Format::Csv => {
            let mut seen = infer::dialect(&path, Encoding::Utf8)?;
            seen.schema = identified(source, &seen.schema);
            let schema = Arc::clone(&seen.schema);
            dialect = Some(seen);
            schema
        }
        Format::Jsonl => {
            let (schema, found) = json_schema(source, &path)?;
            strays = found;
            identified(source, &schema)
        }
        Format::Parquet => parquet_schema(source, &path)?,
        Format::Arrow => scalar(source, &arrow_reader(&path)?.schema()),
        Format::Images => images::schema(),
    };
    let names: Vec<String> = schema
        .fields()
        .iter()
        .map(|field| source.rename.get(field.name()).unwrap_or(field.name()).clone())
        .collect();
    let passed = StrayKeys::of(&strays);
    let identities = source.identities.keys().cloned().collect();
    Ok(Part {
        source: index,
        label,
        path,
        file,
        format,
        dialect,
        schema,
        names,
        strays,
        passed,
        taken,
        identities,
    })
}

/// A text file as UTF-8, whatever it is itself, without a byte-order mark.
///
/// # Errors
/// When it cannot be read.
pub fn text_reader(path: &Path) -> Result<BufReader<File>> {
    let unread = |error| Fault::new(&fault::FILE_READ).arg("path", path.display()).because(error);
    let open = |path: &Path| File::open(path).map_err(unread).map(BufReader::new);
    // What fits no encoding is read as UTF-8: who asks says which lines cannot be used.
    let mut reader = match encoding::of_file(path, "text").unwrap_or(Encoding::Utf8) {
        Encoding::Utf8 => open(path)?,
        other => {
            let copies = Copies::new()?;
            // The copy goes when it is closed.
            open(&encoding::to_utf8(path, other, copies.path())?)?
        }
    };
    encoding::pass_mark(&mut reader).map_err(unread)?;
    Ok(reader)
}

/// The character between the cells of a CSV file, whether its first line is a header or a record.
///
/// # Errors
/// When the file cannot be read or is of no known encoding.
pub fn csv_delimiter(path: &Path) -> Result<u8> {
    infer::delimiter_of(path, encoding::of_head(path, Format::Csv.title())?)
}

/// One file by itself; `copies` must live as long as the part.
pub(crate) fn single(path: &Path, copies: &Path) -> Result<Part> {
    let name = infer::name(path);
    let source = SourceConfig {
        name: name.clone(),
        uri: String::new(),
        weight: 1.0,
        query: None,
        format: None,
        encoding: None,
        rename: BTreeMap::new(),
        identities: BTreeMap::new(),
        named: None,
    };
    if !path.is_file() {
        return Err(Fault::new(&SOURCE_MISSING).arg("source", name).arg("uri", path.display()));
    }
    part(0, &source, source.name.clone(), path.to_owned(), copies)
}

/// Names that begin with an underscore are lineage's.
fn unreserved(source: &SourceConfig, part: &Part) -> Result<()> {
    let Some(reserved) = part.names.iter().find(|name| name.starts_with('_')) else {
        return Ok(());
    };
    let example = format!("{{ {reserved} = \"{}\" }}", reserved.trim_start_matches('_'));
    Err(Fault::new(&COLUMN_RESERVED)
        .arg("source", &source.name)
        .arg("column", reserved)
        .arg("example", example))
}

fn wrong(
    path: &Path,
    format: &str,
    error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> Fault {
    Fault::new(&FILE_WRONG).arg("file", infer::name(path)).arg("format", format).because(error)
}

/// The batches of a Parquet file that is no table of ours.
pub(crate) fn parquet_reader(path: &Path) -> Result<Batches<ParquetRecordBatchReader>> {
    let batches = open(path, None, None).map_err(|error| wrong(path, "Parquet", error))?;
    named_once(path, &batches.schema())?;
    Ok(batches)
}

/// The batches of an Arrow file.
pub(crate) fn arrow_reader(path: &Path) -> Result<Batches<FileReader<BufReader<File>>>> {
    let file = File::open(path).map_err(|error| {
        Fault::new(&fault::FILE_READ).arg("path", path.display()).because(error)
    })?;
    let batches = guard::arrow(file).map_err(|error| wrong(path, "Arrow", error))?;
    named_once(path, &batches.schema())?;
    Ok(batches)
}

/// Refuses a file of which one column would hide another.
fn named_once(path: &Path, schema: &Schema) -> Result<()> {
    let mut seen = BTreeSet::new();
    match schema.fields().iter().find(|field| !seen.insert(field.name())) {
        Some(twice) => Err(Fault::new(&COLUMN_TWICE)
            .arg("file", infer::name(path))
            .arg("column", twice.name())),
        None => Ok(()),
    }
}

/// The columns of JSON lines by their beginning, and the keys that are none.
fn json_schema(source: &SourceConfig, path: &Path) -> Result<(SchemaRef, Vec<Stray>)> {
    let read = |error: std::io::Error| {
        Fault::new(&fault::FILE_READ).arg("path", path.display()).because(error)
    };
    let mut file = BufReader::new(File::open(path).map_err(read)?);
    encoding::pass_mark(&mut file).map_err(read)?;
    let mut keys = Keys::default();
    let (mut seen, mut good) = (0, 0);
    for (number, line) in (1..).zip(file.split(b'\n').take(json_keys::RECORDS)) {
        let line = line.map_err(|error| wrong(path, "JSON lines", error))?;
        if line.trim_ascii().is_empty() {
            continue;
        }
        seen += 1;
        let Ok(object) = finite::exact_object(&line) else { continue };
        good += 1;
        keys.add(number, &object);
    }
    if seen == 0 {
        return Err(Fault::new(&FILE_EMPTY).arg("file", infer::name(path)));
    }
    if good * 2 < seen {
        return Err(wrong(
            path,
            "JSON lines",
            Fault::new(&NO_OBJECTS).arg("count", seen - good).arg("lines", seen),
        ));
    }
    let named = |key: &str| source.names(key);
    let (fields, strays) = keys.columns(source.named.is_some().then_some(&named));
    if fields.is_empty() && !strays.is_empty() {
        return Err(wrong(path, "JSON lines", json_keys::rare(&infer::name(path), &strays)));
    }
    Ok((Arc::new(Schema::new(fields)), strays))
}

/// What the data report says of keys that are no columns.
fn left_out(part: &Part) -> Option<Text> {
    (!part.strays.is_empty()).then(|| {
        let told = json_keys::rare(&part.label, &part.strays);
        Text::new(told.render(Lang::En), told.render(Lang::Zh))
    })
}

/// The types that tables hold, by what a file holds: numbers to 64 bits, text and everything nested to text. Decimals and
/// numbers without a sign that persons are told apart by are text, which alone holds all of them.
fn scalar(source: &SourceConfig, schema: &Schema) -> SchemaRef {
    let fields: Vec<Field> = schema
        .fields()
        .iter()
        .map(|field| {
            let kind = match field.data_type() {
                DataType::Boolean => DataType::Boolean,
                DataType::Date32 | DataType::Date64 => DataType::Date32,
                DataType::Timestamp(_, zone) => {
                    DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, zone.clone())
                }
                kind if source.identity(field.name()).is_some() && is_wide(kind) => DataType::Utf8,
                kind if kind.is_integer() => DataType::Int64,
                kind if kind.is_numeric() => DataType::Float64,
                _ => DataType::Utf8,
            };
            Field::new(field.name(), kind, true)
        })
        .collect();
    Arc::new(Schema::new(fields))
}

/// Whether a number may have more digits than a table's types of numbers hold.
fn is_wide(kind: &DataType) -> bool {
    match kind {
        DataType::UInt64 => true,
        DataType::Decimal32(digits, scale)
        | DataType::Decimal64(digits, scale)
        | DataType::Decimal128(digits, scale)
        | DataType::Decimal256(digits, scale) => *digits > 15 || *scale != 0,
        _ => false,
    }
}

/// The union of all columns, each wide enough for every source.
fn reconcile(parts: &[Part]) -> (SchemaRef, Vec<Text>) {
    let mut fields: Vec<(String, DataType)> = Vec::new();
    let mut notes = Vec::new();
    for part in parts {
        for (name, field) in part.names.iter().zip(part.schema.fields()) {
            match fields.iter_mut().find(|(known, _)| known == name) {
                None => fields.push((name.clone(), field.data_type().clone())),
                Some((_, known)) => {
                    let wide = widen(known, field.data_type());
                    if wide != *known || wide != *field.data_type() {
                        notes.push(Text::new(
                            format!(
                                "column `{name}`: {} in `{}`, {} before; kept as {}",
                                kind(field.data_type()),
                                part.label,
                                kind(known),
                                kind(&wide)
                            ),
                            format!(
                                "列 `{name}`：在 `{}` 中为{}，此前为{}；统一为{}",
                                part.label,
                                kind_text(field.data_type()).zh,
                                kind_text(known).zh,
                                kind_text(&wide).zh
                            ),
                        ));
                    }
                    *known = wide;
                }
            }
        }
    }
    if parts.len() > 1 {
        for (name, _) in &fields {
            let without: Vec<&str> = parts
                .iter()
                .filter(|part| !part.names.contains(name))
                .map(|part| part.label.as_str())
                .collect();
            if !without.is_empty() {
                notes.push(Text::new(
                    format!(
                        "column `{name}` is missing in {}; its values there are empty",
                        without.join(", ")
                    ),
                    format!("{} 中没有列 `{name}`，其值留空", without.join("、")),
                ));
            }
        }
    }
    let fields: Vec<Field> =
        fields.into_iter().map(|(name, kind)| Field::new(name, kind, true)).collect();
    (Arc::new(Schema::new(fields)), notes)
}

/// A part's text in pieces: CSV after its header, or JSON lines.
pub(crate) fn chunks(part: &Part, size: usize) -> Result<impl Iterator<Item = Result<Chunk>>> {
    let unread = move |error: std::io::Error| {
        Fault::new(&fault::FILE_READ).arg("path", part.path.display()).because(error)
    };
    let start = || -> std::io::Result<Chunks<BufReader<File>>> {
        let mut file = BufReader::with_capacity(BUFFER, File::open(&part.path)?);
        let (mut line, mut records) = (1, Records::Lines);
        if let Some(dialect) = &part.dialect {
            records = Records::Csv(dialect.delimiter);
            file.seek(SeekFrom::Start(dialect.header_bytes))?;
            line += dialect.header_lines;
        } else {
            encoding::pass_mark(&mut file)?;
        }
        Ok(Chunks::new(file, records, size, line))
    };
    let pieces = start().map_err(unread)?;
    Ok(pieces.map(move |piece| {
        piece.map_err(|error| match error.downcast::<Fault>() {
            // What the reader of pieces itself says: the file is there, its text is wrong.
            Ok(fault) => part.wrong(fault),
            Err(error) => unread(error),
        })
    }))
}
