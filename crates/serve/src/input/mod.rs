//! The bodies that `/api/predict` and `/api/explain` take: a row, a list of rows, or `{"model", "inputs": [...]}`.
//!
//! A row never holds a list, so an object whose `inputs` is a list is the enveloped form, even for a model that has a column
//! called `inputs` or `model`.

mod once;
pub(crate) mod pictures;
pub(crate) mod query;
mod row;
pub(crate) mod tensor;
pub(crate) mod texts;

use crate::batch::Rows;
use crate::messages::{
    DEPTH, FIELD_TWICE, JSON, MEMBER_TYPE, MEMBER_UNKNOWN, MODEL_ONLY_TEXT, MODEL_TWO, ROWS_MANY,
    ROWS_NONE, SHAPE,
};
use crate::model::{Model, Registry};
use crate::problem::{FieldProblem, Problem};
use axum::body::Bytes;
use ingot_base::Fault;
use ingot_runtime::messages::FIELD_NOT_FINITE;
use once::TWICE;
use row::{Place, Reader, RowSeed, Skip, TOO_DEEP, skip_list};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

const MEMBERS: &str = "model, inputs";
/// What a custom error says when there are too many rows; recognised by [`refuse`].
const TOO_MANY: &str = "ingot: too many rows";

/// Bounds on a body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BodyBounds {
    pub(crate) rows: usize,
    /// Rows of a model of texts, which may be dearer.
    texts: usize,
    pub(crate) depth: usize,
}

impl BodyBounds {
    /// Texts are rows like others.
    pub(crate) fn new(rows: usize, depth: usize) -> Self {
        Self { rows, texts: rows, depth }
    }

    /// Of texts, no more than so many.
    pub(crate) fn with_texts(self, texts: usize) -> Self {
        Self { texts: texts.min(self.rows), ..self }
    }
}

/// A request understood: whom it asks, and the rows.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) model: Arc<Model>,
    pub(crate) rows: Rows,
    /// Encoded pictures or texts, to become the rows, each with the name that an error gives it; none of a model of tables.
    pub(crate) files: Vec<(String, Bytes)>,
}

/// Reads a body. `named` is the model that the query names. `selected` is told the model as soon as it is known, for the
/// metrics of requests that fail after it.
pub(crate) fn read(
    body: &[u8],
    named: Option<&str>,
    registry: &Registry,
    bounds: BodyBounds,
    selected: &mut Option<Arc<Model>>,
) -> Result<Asked, Problem> {
    let (first, known) = match named {
        Some(name) => {
            let model = registry.named(name)?;
            (model, Ok(model))
        }
        None => (registry.first()?, registry.only()),
    };
    if let Ok(model) = &known {
        has_rows(model)?;
    }
    let form = match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'[') => Form::List,
        Some(b'{') if is_row(body, first) => Form::Row,
        Some(b'{') => sniff(body, first, bounds)?,
        // Not an object nor a list: either another value or no JSON at all.
        _ => {
            whole(body, bounds, Skip(bounds.depth))?;
            return Err(Problem::new(Fault::new(&SHAPE)));
        }
    };
    let model = match &form {
        Form::Envelope(Some(name)) => registry.named(name)?,
        _ => known?,
    };
    if named.is_some_and(|named| named != &*model.name) {
        return Err(Problem::new(Fault::new(&MODEL_TWO)));
    }
    *selected = Some(Arc::clone(model));
    has_rows(model)?;
    if let Some(field) = model.picture() {
        let files = pictures::json(body, &form, field, bounds.depth)?;
        let rows = Rows { features: Vec::new(), count: files.len() };
        return Ok(Asked { model: Arc::clone(model), rows, files });
    }
    if let Some(field) = model.text() {
        let files = texts::json(body, &form, field, bounds)?;
        let rows = Rows { features: Vec::new(), count: files.len() };
        return Ok(Asked { model: Arc::clone(model), rows, files });
    }
    let mut reader = Reader::new(model, bounds.depth);
    let seed = Body { reader: &mut reader, form: &form, rows: bounds.rows };
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    seed.deserialize(&mut deserializer)
        .and_then(|()| deserializer.end())
        .map_err(|error| refuse(&error, bounds, Some(&reader)))?;
    if !reader.errors.is_empty() {
        return Err(Problem::fields(reader.errors));
    }
    if reader.count == 0 {
        return Err(Problem::new(Fault::new(&ROWS_NONE)));
    }
    let rows = Rows { features: reader.features, count: reader.count };
    Ok(Asked { model: Arc::clone(model), rows, files: Vec::new() })
}

/// Refuses a model that only generates text, before anything is said of a body that it could never have.
fn has_rows(model: &Model) -> Result<(), Fault> {
    if model.signature().inputs.is_empty() && model.generator().is_some() {
        return Err(Fault::new(&MODEL_ONLY_TEXT));
    }
    Ok(())
}

/// The three forms of a body.
#[derive(Debug, PartialEq, Eq)]
enum Form {
    Row,
    List,
    Envelope(Option<String>),
}

/// Whether an object's first member is one of the model's columns, and so the object a row: the common case, decided
/// without reading further. The members of the envelope are never decided here.
fn is_row(body: &[u8], model: &Model) -> bool {
    let after = |bytes: &[u8], byte: u8| -> Option<usize> {
        let at = bytes.iter().position(|byte| !byte.is_ascii_whitespace())?;
        (bytes.get(at) == Some(&byte)).then_some(at + 1)
    };
    let name = || -> Option<&str> {
        let body = body.get(after(body, b'{')?..)?;
        let body = body.get(after(body, b'"')?..)?;
        let end = body.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
        (body.get(end) == Some(&b'"')).then(|| std::str::from_utf8(body.get(..end)?).ok())?
    };
    name()
        .is_some_and(|name| !matches!(name, "model" | "inputs") && model.column(name, 0).is_some())
}

/// Reads the object's members once without keeping rows, to tell an envelope from a row.
fn sniff(body: &[u8], model: &Model, bounds: BodyBounds) -> Result<Form, Problem> {
    let seen = whole(body, bounds, Sniff(bounds.depth))?;
    match seen.inputs {
        Some(true) => {}
        // An envelope gone wrong, unless the model has such a column.
        Some(false) if seen.others == 0 && model.column("inputs", 0).is_none() => {
            let fault = Fault::new(&MEMBER_TYPE).arg("field", "inputs").arg("expected", "array");
            return Err(Problem::fields(vec![FieldProblem { field: "inputs".into(), fault }]));
        }
        _ => return Ok(Form::Row),
    }
    let mut errors: Vec<FieldProblem> = seen
        .unknown
        .into_iter()
        .map(|field| {
            let fault = Fault::new(&MEMBER_UNKNOWN).arg("field", &field).arg("known", MEMBERS);
            FieldProblem { field, fault }
        })
        .collect();
    errors.extend(seen.twice.into_iter().map(|field| {
        let fault = Fault::new(&FIELD_TWICE).arg("field", field);
        FieldProblem { field: field.to_owned(), fault }
    }));
    if seen.model_type_wrong {
        let fault = Fault::new(&MEMBER_TYPE).arg("field", "model").arg("expected", "string");
        errors.push(FieldProblem { field: "model".into(), fault });
    }
    if errors.is_empty() { Ok(Form::Envelope(seen.model)) } else { Err(Problem::fields(errors)) }
}

/// The model that an object names, and whether it speaks: what tells conversations from rows, read without keeping either.
pub(crate) fn head(body: &[u8], bounds: BodyBounds) -> Result<(Option<String>, bool), Problem> {
    let seen = whole(body, bounds, Sniff(bounds.depth))?;
    Ok((seen.model, seen.messages))
}

/// Reads a whole body with a seed.
fn whole<'de, S: DeserializeSeed<'de>>(
    body: &'de [u8],
    bounds: BodyBounds,
    seed: S,
) -> Result<S::Value, Problem> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    seed.deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value))
        .map_err(|error| refuse(&error, bounds, None))
}

/// What a reading that broke off means for the client.
pub(crate) fn refuse(
    error: &serde_json::Error,
    bounds: BodyBounds,
    reader: Option<&Reader<'_>>,
) -> Problem {
    let text = error.to_string();
    if text.starts_with(TOO_DEEP) || text.starts_with("recursion limit") {
        return Problem::new(Fault::new(&DEPTH).arg("limit", bounds.depth));
    }
    if text.starts_with(TOO_MANY) {
        return Problem::new(Fault::new(&ROWS_MANY).arg("limit", bounds.rows));
    }
    if let Some(rest) = text.strip_prefix(TWICE) {
        let name = rest.rsplit_once(" at line").map_or(rest, |(name, _)| name);
        let fault = Fault::new(&FIELD_TWICE).arg("field", name);
        return Problem::fields(vec![FieldProblem { field: name.to_owned(), fault }]);
    }
    // Valid JSON, but no double holds it.
    if text.starts_with("number out of range")
        && let Some(reader) = reader
        && let Some(field) = reader.current.and_then(|index| reader.model.field(index))
    {
        let fault = Fault::new(&FIELD_NOT_FINITE).arg("field", &field.name);
        return Problem::fields(vec![FieldProblem { field: field.name.clone(), fault }]);
    }
    let fault = Fault::new(&JSON).arg("line", error.line()).arg("column", error.column());
    Problem::new(fault)
}

/// Reads a body of a known form into rows.
struct Body<'r, 'm> {
    reader: &'r mut Reader<'m>,
    form: &'r Form,
    rows: usize,
}

impl<'de> DeserializeSeed<'de> for Body<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let Self { reader, form, rows } = self;
        match form {
            Form::Row => RowSeed { reader, place: Place::Single }.deserialize(deserializer),
            Form::List => {
                let place = Place::Listed(0);
                deserializer.deserialize_seq(List { reader, place, rows })
            }
            Form::Envelope(_) => deserializer.deserialize_map(Envelope { reader, rows }),
        }
    }
}

struct List<'r, 'm> {
    reader: &'r mut Reader<'m>,
    place: Place,
    rows: usize,
}

impl<'de> DeserializeSeed<'de> for List<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for List<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut index = 0;
        loop {
            let place = self.place.at(index);
            if list.next_element_seed(RowSeed { reader: self.reader, place })?.is_none() {
                return Ok(());
            }
            index += 1;
            if index > self.rows {
                return Err(A::Error::custom(TOO_MANY));
            }
        }
    }
}

struct Envelope<'r, 'm> {
    reader: &'r mut Reader<'m>,
    rows: usize,
}

impl<'de> Visitor<'de> for Envelope<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with `inputs`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(member) = map.next_key::<Member>()? {
            if matches!(member, Member::Inputs) {
                let (place, rows) = (Place::Enveloped(0), self.rows);
                map.next_value_seed(List { reader: self.reader, place, rows })?;
            } else {
                map.next_value_seed(Skip(self.reader.depth))?;
            }
        }
        Ok(())
    }
}

/// A member of the envelope.
enum Member {
    Model,
    Inputs,
    Other(String),
}

impl<'de> serde::Deserialize<'de> for Member {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;
        impl Visitor<'_> for Name {
            type Value = Member;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a member's name")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Member, E> {
                Ok(match name {
                    "model" => Member::Model,
                    "inputs" => Member::Inputs,
                    other => Member::Other(other.chars().take(100).collect()),
                })
            }
        }
        deserializer.deserialize_str(Name)
    }
}

/// Reads an object's members; the number is how deep its values may nest.
struct Sniff(usize);

/// What an object's members are.
#[derive(Default)]
struct Seen {
    model: Option<String>,
    model_type_wrong: bool,
    /// Whether `inputs` stands there, and is a list.
    inputs: Option<bool>,
    /// Whether `messages` stands there.
    messages: bool,
    /// Names of other members, the first few.
    unknown: Vec<String>,
    /// Members that stand twice.
    twice: BTreeSet<&'static str>,
    others: usize,
}

impl<'de> DeserializeSeed<'de> for Sniff {
    type Value = Seen;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Seen, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Sniff {
    type Value = Seen;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Seen, A::Error> {
        let mut seen = Seen::default();
        while let Some(member) = map.next_key::<Member>()? {
            match member {
                Member::Inputs => {
                    let list = matches!(map.next_value_seed(Kind(self.0))?, Found::List);
                    // A second `inputs` would hide the first.
                    if seen.inputs.replace(list).is_some() {
                        seen.twice.insert("inputs");
                    }
                }
                Member::Model => match map.next_value_seed(Kind(self.0))? {
                    // As of `inputs`: which model answers is nothing to be guessed.
                    Found::Text(name) => {
                        if seen.model.replace(name).is_some() {
                            seen.twice.insert("model");
                        }
                    }
                    Found::List | Found::Other => seen.model_type_wrong = true,
                },
                Member::Other(name) => {
                    map.next_value_seed(Skip(self.0))?;
                    seen.messages |= name == "messages";
                    seen.others += 1;
                    if seen.unknown.len() < 20 {
                        seen.unknown.push(name);
                    }
                }
            }
        }
        Ok(seen)
    }
}

/// Tells a value's kind.
struct Kind(usize);

enum Found {
    List,
    Text(String),
    Other,
}

macro_rules! other {
    ($($name:ident($($type:ty)?)),*) => {
        $(fn $name<E: Error>(self, $(_: $type)?) -> Result<Found, E> {
            Ok(Found::Other)
        })*
    };
}

impl<'de> DeserializeSeed<'de> for Kind {
    type Value = Found;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Found, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Kind {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    other!(visit_bool(bool), visit_i64(i64), visit_u64(u64), visit_f64(f64), visit_unit());

    fn visit_str<E: Error>(self, text: &str) -> Result<Found, E> {
        Ok(Found::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Found, A::Error> {
        skip_list(list, self.0).map(|()| Found::List)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Found, A::Error> {
        Skip(self.0).visit_map(map).map(|()| Found::Other)
    }
}
