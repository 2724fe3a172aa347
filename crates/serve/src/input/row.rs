//! From a JSON object straight to a row of features: no tree is built. Every bad field is named; no value is kept.

use crate::messages::FIELD_TWICE;
use crate::model::Model;
use crate::problem::{FieldProblem, LISTED};
use ingot_base::{Fault, FieldKind};
use ingot_runtime::encode;
use ingot_runtime::messages::{FIELD_MISSING, FIELD_UNKNOWN};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use std::fmt;

/// What a custom error says when brackets nest too deep; recognised by [`super::refuse`].
pub(crate) const TOO_DEEP: &str = "ingot: nests too deep";
/// Characters of an unknown name that an error repeats.
const NAME: usize = 100;
/// Unknown columns reported for a row.
const UNKNOWN: usize = 20;

/// Rows read so far, and what was wrong with them.
pub(crate) struct Reader<'a> {
    pub(crate) model: &'a Model,
    pub(crate) features: Vec<f64>,
    pub(crate) count: usize,
    pub(crate) errors: Vec<FieldProblem>,
    /// The field being read, for errors that end the reading.
    pub(crate) current: Option<usize>,
    pub(crate) depth: usize,
    seen: Vec<bool>,
    /// The numbers of the row being read, as they were sent; NaN of others.
    sent: Vec<f64>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(model: &'a Model, depth: usize) -> Self {
        let width = model.signature().inputs.len();
        Self {
            model,
            features: Vec::with_capacity(width),
            count: 0,
            errors: Vec::new(),
            current: None,
            depth,
            seen: vec![false; width],
            sent: vec![f64::NAN; width],
        }
    }

    pub(crate) fn report(&mut self, place: Place, field: &str, fault: Fault) {
        if self.errors.len() < LISTED {
            self.errors.push(FieldProblem { field: place.of(field), fault });
        }
    }
}

/// Where rows stand in the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// The body is the row.
    Single,
    /// The body is a list of rows.
    Listed(usize),
    /// The rows are the member `inputs`.
    Enveloped(usize),
}

impl Place {
    pub(crate) fn at(self, index: usize) -> Self {
        match self {
            Self::Single => Self::Single,
            Self::Listed(_) => Self::Listed(index),
            Self::Enveloped(_) => Self::Enveloped(index),
        }
    }

    fn of(self, field: &str) -> String {
        let dot = if field.is_empty() { "" } else { "." };
        match self {
            Self::Single => field.to_owned(),
            Self::Listed(index) => format!("[{index}]{dot}{field}"),
            Self::Enveloped(index) => format!("inputs[{index}]{dot}{field}"),
        }
    }
}

/// Reads one object as a row of `reader`.
pub(crate) struct RowSeed<'r, 'm> {
    pub(crate) reader: &'r mut Reader<'m>,
    pub(crate) place: Place,
}

impl<'de> DeserializeSeed<'de> for RowSeed<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl RowSeed<'_, '_> {
    fn no_object(self) {
        self.reader.report(self.place, "", Fault::new(&crate::messages::ROW_TYPE));
    }
}

/// Everything but an object is reported, then skipped.
macro_rules! no_object {
    ($($name:ident($($type:ty)?)),*) => {
        $(fn $name<E: Error>(self, $(_: $type)?) -> Result<(), E> {
            self.no_object();
            Ok(())
        })*
    };
}

impl<'de> Visitor<'de> for RowSeed<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a row")
    }

    no_object!(
        visit_bool(bool),
        visit_i64(i64),
        visit_u64(u64),
        visit_f64(f64),
        visit_str(&str),
        visit_unit()
    );

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<(), A::Error> {
        let depth = self.reader.depth;
        self.no_object();
        skip_list(list, depth.saturating_sub(1))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { reader, place } = self;
        let model = reader.model;
        let start = reader.features.len();
        reader.features.resize(start + reader.seen.len(), f64::NAN);
        reader.seen.fill(false);
        reader.sent.fill(f64::NAN);
        let (mut guess, mut unknown) = (0, 0);
        while let Some(key) = map.next_key_seed(KeySeed { model, guess })? {
            match key {
                FieldName::Known(index) => {
                    guess = index + 1;
                    reader.current = Some(index);
                    let depth = reader.depth;
                    let read = map.next_value_seed(ValueSeed { model, index, depth })?;
                    if let (Ok(Read { sent, .. }), Some(slot)) = (&read, reader.sent.get_mut(index))
                    {
                        *slot = *sent;
                    }
                    let twice = reader
                        .seen
                        .get_mut(index)
                        .is_some_and(|seen| std::mem::replace(seen, true));
                    let name = model.field(index).map_or("", |field| field.name.as_str());
                    let read =
                        if twice { Err(Fault::new(&FIELD_TWICE).arg("field", name)) } else { read };
                    match (read, reader.features.get_mut(start + index)) {
                        (Ok(Read { feature: number, .. }), Some(feature)) => *feature = number,
                        (Ok(_), None) => {}
                        (Err(fault), _) => reader.report(place, name, fault),
                    }
                }
                FieldName::Unknown(name) => {
                    reader.current = None;
                    map.next_value_seed(Skip(reader.depth))?;
                    unknown += 1;
                    if unknown <= UNKNOWN {
                        let fault = Fault::new(&FIELD_UNKNOWN)
                            .arg("field", &name)
                            .arg("known", known(model));
                        reader.report(place, &name, fault);
                    }
                }
            }
        }
        reader.current = None;
        for (index, field) in model.signature().inputs.iter().enumerate() {
            let unsent = reader.seen.get(index) == Some(&false);
            if let Some(outlier) = &field.outlier {
                let slot = reader.features.get_mut(start + index);
                if let Some(feature) = slot.filter(|feature| unsent || feature.is_nan()) {
                    let sent = model.column(&outlier.of, 0).and_then(|of| reader.sent.get(of));
                    let sent = sent.copied().filter(|sent| !sent.is_nan());
                    *feature = f64::from(u8::from(outlier.holds(sent)));
                }
            } else if unsent {
                let fault = Fault::new(&FIELD_MISSING).arg("field", &field.name);
                reader.report(place, &field.name, fault);
            }
        }
        reader.count += 1;
        Ok(())
    }
}

fn known(model: &Model) -> String {
    let inputs = &model.signature().inputs;
    let mut names: Vec<&str> = inputs.iter().take(12).map(|field| field.name.as_str()).collect();
    if inputs.len() > names.len() {
        names.push("…");
    }
    names.join(", ")
}

/// A member's name: a column's index, or the start of an unknown name.
enum FieldName {
    Known(usize),
    Unknown(String),
}

struct KeySeed<'m> {
    model: &'m Model,
    guess: usize,
}

impl<'de> DeserializeSeed<'de> for KeySeed<'_> {
    type Value = FieldName;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<FieldName, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeySeed<'_> {
    type Value = FieldName;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a column's name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<FieldName, E> {
        Ok(match self.model.column(name, self.guess) {
            Some(index) => FieldName::Known(index),
            None => FieldName::Unknown(name.chars().take(NAME).collect()),
        })
    }
}

/// Reads one value as the feature of a column: the same rules as [`encode::value`], without building a value.
struct ValueSeed<'m> {
    model: &'m Model,
    index: usize,
    depth: usize,
}

/// A value that was read.
struct Read {
    feature: f64,
    /// The number as it was sent, as [`encode::measured`] tells it; NaN of what is none.
    sent: f64,
}

impl ValueSeed<'_> {
    /// A value whose kind is what counts: [`encode::value`] finds the words for it.
    fn of(&self, value: &Value) -> Result<Read, Fault> {
        match self.model.field(self.index) {
            // Null is as good as nothing: the flag is found from the column that it is about.
            Some(field) if value.is_null() && field.outlier.is_some() => Ok(Read::plain(f64::NAN)),
            Some(field) => {
                let sent = encode::measured(field, value).unwrap_or(f64::NAN);
                Ok(Read { feature: encode::value(field, value)?, sent })
            }
            None => Err(Fault::new(&FIELD_UNKNOWN)),
        }
    }

    fn number(&self, number: f64) -> Result<Read, Fault> {
        match self.model.field(self.index).map(|field| (&field.kind, &field.treatment)) {
            Some((FieldKind::Number { .. }, treatment))
                if number.is_finite() && !treatment.date =>
            {
                Ok(Read { feature: treatment.number(number), sent: number })
            }
            _ => self.of(&serde_json::Number::from_f64(number).map_or(
                // JSON has no such number; whatever takes numbers refuses a list.
                Value::Array(Vec::new()),
                Value::Number,
            )),
        }
    }
}

impl Read {
    /// What is no number.
    fn plain(feature: f64) -> Self {
        Self { feature, sent: f64::NAN }
    }
}

impl<'de> DeserializeSeed<'de> for ValueSeed<'_> {
    type Value = Result<Read, Fault>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueSeed<'_> {
    type Value = Result<Read, Fault>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a column's value")
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(self.of(&Value::Bool(flag)))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        Ok(self.number(number))
    }

    #[expect(clippy::cast_precision_loss, reason = "a JSON number is a double, RFC 8259 §6")]
    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(self.number(number as f64))
    }

    #[expect(clippy::cast_precision_loss, reason = "a JSON number is a double, RFC 8259 §6")]
    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(self.number(number as f64))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(match self.model.field(self.index) {
            Some(field) => match &field.kind {
                FieldKind::Category { values } => {
                    encode::category(field, values, text).map(Read::plain)
                }
                _ if field.treatment.date => self.of(&Value::from(text)),
                _ => self.of(&Value::String(String::new())),
            },
            None => Err(Fault::new(&FIELD_UNKNOWN)),
        })
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(self.of(&Value::Null))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
        skip_list(list, self.depth.saturating_sub(1))?;
        Ok(self.of(&Value::Array(Vec::new())))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        skip_object(map, self.depth.saturating_sub(1))?;
        Ok(self.of(&Value::Object(serde_json::Map::new())))
    }
}

/// Passes over a value that nests at most so deep.
pub(crate) struct Skip(pub(crate) usize);

macro_rules! skip {
    ($($name:ident($($type:ty)?)),*) => {
        $(fn $name<E: Error>(self, $(_: $type)?) -> Result<(), E> {
            Ok(())
        })*
    };
}

impl<'de> DeserializeSeed<'de> for Skip {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Skip {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    skip!(
        visit_bool(bool),
        visit_i64(i64),
        visit_u64(u64),
        visit_f64(f64),
        visit_str(&str),
        visit_unit()
    );

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<(), A::Error> {
        skip_list(list, nested(self.0)?)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        skip_object(map, nested(self.0)?)
    }
}

fn nested<E: Error>(depth: usize) -> Result<usize, E> {
    depth.checked_sub(1).ok_or_else(|| E::custom(TOO_DEEP))
}

pub(crate) fn skip_list<'de, A: SeqAccess<'de>>(mut list: A, depth: usize) -> Result<(), A::Error> {
    while list.next_element_seed(Skip(depth))?.is_some() {}
    Ok(())
}

fn skip_object<'de, A: MapAccess<'de>>(mut map: A, depth: usize) -> Result<(), A::Error> {
    while map.next_key::<IgnoredAny>()?.is_some() {
        map.next_value_seed(Skip(depth))?;
    }
    Ok(())
}
