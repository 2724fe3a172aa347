//! The body of an inference request of the Open Inference Protocol: one named tensor per column.

use super::BodyBounds;
use crate::batch::Rows;
use crate::messages::{
    DEPTH, FIELD_TWICE, INFERENCE_SHAPE, JSON, ROWS_MANY, ROWS_NONE, TENSOR_OUTPUT, TENSOR_RANGE,
    TENSOR_SHAPE, TENSOR_TYPE,
};
use crate::model::Model;
use crate::problem::{FieldProblem, LISTED, Problem};
use ingot_base::{Fault, Field, FieldKind};
use ingot_runtime::encode;
use ingot_runtime::messages::{FIELD_MISSING, FIELD_UNKNOWN};
use serde::de::{Error, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::fmt;

const NUMBERS: &str = "FP64, FP32, FP16, INT64, INT32, INT16, INT8, UINT64, UINT32, UINT16, UINT8";
/// The largest finite number of 16 bits (IEEE 754 binary16).
const HALF: f64 = 65_504.0;
/// A date is text, or a number as a cast to date reads it.
const DATES: &str =
    "BYTES, FP64, FP32, FP16, INT64, INT32, INT16, INT8, UINT64, UINT32, UINT16, UINT8";
/// Values read of one tensor before the number of rows is known to be wrong.
const LARGEST: usize = 1 << 17;
const LONGEST_ID: usize = 200;
const TOO_DEEP: &str = "ingot: nests too deep";
const TOO_MANY: &str = "ingot: too many values";

/// An inference request, checked against a model.
#[derive(Debug)]
pub(crate) struct Inference {
    /// The client's own id, given back in the answer.
    pub(crate) id: Option<String>,
    pub(crate) rows: Rows,
    /// The outputs wanted, all when empty.
    pub(crate) outputs: Vec<String>,
}

#[derive(Deserialize)]
struct Request {
    #[serde(default, deserialize_with = "present")]
    id: Option<String>,
    #[serde(default, rename = "parameters", deserialize_with = "present")]
    _parameters: Option<Parameters>,
    inputs: Vec<Tensor>,
    #[serde(default)]
    outputs: Vec<Wanted>,
}

#[derive(Deserialize)]
struct Tensor {
    name: String,
    shape: Vec<u64>,
    datatype: String,
    #[serde(default, rename = "parameters", deserialize_with = "present")]
    _parameters: Option<Parameters>,
    data: Data,
}

#[derive(Deserialize)]
struct Wanted {
    name: String,
    #[serde(default, rename = "parameters", deserialize_with = "present")]
    _parameters: Option<Parameters>,
}

/// A member that may be left out, but must not be null.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Parameters are an object; none of them means anything here.
struct Parameters;

impl<'de> Deserialize<'de> for Parameters {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Parameters;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<Parameters, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Parameters)
            }
        }
        deserializer.deserialize_map(Object)
    }
}

/// A tensor's values, flat or nested row by row.
struct Data(Vec<Value>);

impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Values;
        impl<'de> Visitor<'de> for Values {
            type Value = Data;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of values")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Data, A::Error> {
                let mut values = Vec::new();
                while let Some(item) = list.next_element::<Item>()? {
                    match item {
                        Item::Scalar(value) => values.push(value),
                        Item::Row(row) => values.extend(row),
                    }
                    if values.len() > LARGEST {
                        return Err(A::Error::custom(TOO_MANY));
                    }
                }
                Ok(Data(values))
            }
        }
        deserializer.deserialize_seq(Values)
    }
}

/// A value, or a list of values: one level of nesting, as `[rows, 1]` needs.
enum Item {
    Scalar(Value),
    Row(Vec<Value>),
}

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Item;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value or a list of values")
            }

            fn visit_bool<E: Error>(self, flag: bool) -> Result<Item, E> {
                Ok(Item::Scalar(Value::from(flag)))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Item, E> {
                Ok(Item::Scalar(Value::from(number)))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Item, E> {
                Ok(Item::Scalar(Value::from(number)))
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Item, E> {
                Ok(Item::Scalar(Value::from(number)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Item, E> {
                Ok(Item::Scalar(Value::from(text)))
            }

            fn visit_unit<E: Error>(self) -> Result<Item, E> {
                Ok(Item::Scalar(Value::Null))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Item, A::Error> {
                let mut row = Vec::new();
                while let Some(item) = list.next_element::<Item>()? {
                    match item {
                        Item::Scalar(value) if row.len() < LARGEST => row.push(value),
                        Item::Scalar(_) => return Err(A::Error::custom(TOO_MANY)),
                        Item::Row(_) => return Err(A::Error::custom(TOO_DEEP)),
                    }
                }
                Ok(Item::Row(row))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// The names of a model's outputs.
pub(crate) fn outputs(model: &Model) -> &'static [&'static str] {
    if model.labels.is_empty() { &["score"] } else { &["score", "label", "probabilities"] }
}

/// The datatype that a column's tensor should have.
pub(crate) fn datatype(field: &Field) -> &'static str {
    match field.kind {
        FieldKind::Number { .. } if field.treatment.date => "BYTES",
        FieldKind::Number { .. } => "FP64",
        FieldKind::Category { .. } | FieldKind::Image { .. } | FieldKind::Text { .. } => "BYTES",
        FieldKind::Boolean => "BOOL",
    }
}

/// Reads a body for a model.
pub(crate) fn read(body: &[u8], model: &Model, bounds: BodyBounds) -> Result<Inference, Problem> {
    let request: Request = serde_json::from_slice(body).map_err(|error| refuse(&error, bounds))?;
    let mut errors = Vec::new();
    if request.id.as_ref().is_some_and(|id| id.chars().count() > LONGEST_ID) {
        let fault = Fault::new(&TENSOR_SHAPE).arg("field", "id");
        errors.push(FieldProblem { field: "id".into(), fault });
    }
    let known = outputs(model);
    for wanted in request.outputs.iter().take(LISTED) {
        if !known.contains(&wanted.name.as_str()) {
            let field: String = wanted.name.chars().take(100).collect();
            let fault =
                Fault::new(&TENSOR_OUTPUT).arg("field", &field).arg("known", known.join(", "));
            errors.push(FieldProblem { field, fault });
        }
    }
    let count = request.inputs.first().map_or(0, |tensor| tensor.data.0.len());
    if count > bounds.rows {
        return Err(Problem::new(Fault::new(&ROWS_MANY).arg("limit", bounds.rows)));
    }
    let features = columns(&request.inputs, model, count, &mut errors);
    if !errors.is_empty() {
        errors.truncate(LISTED);
        return Err(Problem::fields(errors));
    }
    if count == 0 {
        return Err(Problem::new(Fault::new(&ROWS_NONE)));
    }
    let outputs = request.outputs.into_iter().map(|wanted| wanted.name).collect();
    Ok(Inference { id: request.id, rows: Rows { features, count }, outputs })
}

/// Row-major features of named columns, flags of outliers found where they are not sent; everything wrong goes into `errors`.
fn columns(
    tensors: &[Tensor],
    model: &Model,
    count: usize,
    errors: &mut Vec<FieldProblem>,
) -> Vec<f64> {
    let inputs = &model.signature().inputs;
    let mut features = vec![f64::NAN; inputs.len() * count];
    let mut seen = vec![false; inputs.len()];
    for (guess, tensor) in tensors.iter().enumerate() {
        if errors.len() > LISTED {
            return features;
        }
        let name: String = tensor.name.chars().take(100).collect();
        let found = model.column(&tensor.name, guess);
        let Some((index, field)) =
            found.and_then(|index| model.field(index).map(|field| (index, field)))
        else {
            let known: Vec<&str> =
                inputs.iter().take(12).map(|field| field.name.as_str()).collect();
            let fault =
                Fault::new(&FIELD_UNKNOWN).arg("field", &name).arg("known", known.join(", "));
            errors.push(FieldProblem { field: name, fault });
            continue;
        };
        if seen.get_mut(index).is_some_and(|seen| std::mem::replace(seen, true)) {
            let fault = Fault::new(&FIELD_TWICE).arg("field", &name);
            errors.push(FieldProblem { field: name, fault });
            continue;
        }
        if let Err(fault) = check(tensor, field, count) {
            errors.push(FieldProblem { field: name, fault });
            continue;
        }
        for (row, value) in tensor.data.0.iter().enumerate() {
            match encoded(tensor, field, value) {
                Ok(number) => {
                    if let Some(feature) = features.get_mut(row * inputs.len() + index) {
                        *feature = number;
                    }
                }
                Err(fault) => {
                    let field = format!("{}.data[{row}]", field.name);
                    errors.push(FieldProblem { field, fault });
                    if errors.len() > LISTED {
                        return features;
                    }
                }
            }
        }
    }
    for (index, (field, seen)) in inputs.iter().zip(seen).enumerate() {
        if let Some(outlier) = &field.outlier {
            let about = inputs.iter().find(|input| input.name == outlier.of);
            let tensor = tensors.iter().find(|tensor| tensor.name == outlier.of);
            let flags = features.iter_mut().skip(index).step_by(inputs.len().max(1));
            for (row, feature) in flags.enumerate().filter(|(_, flag)| flag.is_nan()) {
                let value = tensor.and_then(|tensor| tensor.data.0.get(row));
                let sent = about.and_then(|input| encode::measured(input, value?));
                *feature = f64::from(u8::from(outlier.holds(sent)));
            }
        } else if !seen {
            let fault = Fault::new(&FIELD_MISSING).arg("field", &field.name);
            errors.push(FieldProblem { field: field.name.clone(), fault });
        }
    }
    features
}

/// Datatype and shape.
fn check(tensor: &Tensor, field: &Field, count: usize) -> Result<(), Fault> {
    let datatype = tensor.datatype.as_str();
    let (fits, known) = match field.kind {
        FieldKind::Number { .. } if field.treatment.date => {
            (DATES.split(", ").any(|known| known == datatype), DATES)
        }
        FieldKind::Number { .. } => (NUMBERS.split(", ").any(|known| known == datatype), NUMBERS),
        FieldKind::Category { .. } | FieldKind::Image { .. } | FieldKind::Text { .. } => {
            (datatype == "BYTES", "BYTES")
        }
        FieldKind::Boolean => (datatype == "BOOL", "BOOL"),
    };
    if !fits {
        return Err(Fault::new(&TENSOR_TYPE).arg("field", &field.name).arg("known", known));
    }
    let rows = u64::try_from(count).unwrap_or(u64::MAX);
    let shaped = matches!(tensor.shape.as_slice(), [n] | [n, 1] if *n == rows);
    if !shaped || tensor.data.0.len() != count {
        return Err(Fault::new(&TENSOR_SHAPE).arg("field", &field.name));
    }
    Ok(())
}

fn encoded(tensor: &Tensor, field: &Field, value: &Value) -> Result<f64, Fault> {
    // Null is as good as nothing: the flag is found from the column that it is about.
    if value.is_null() && field.outlier.is_some() {
        return Ok(f64::NAN);
    }
    let number = encode::value(field, value)?;
    // What counts is what was sent, not what it became.
    let Some(sent) = value.as_f64() else { return Ok(number) };
    let bits: Option<(bool, i32)> = match tensor.datatype.as_str() {
        "INT8" => Some((true, 7)),
        "INT16" => Some((true, 15)),
        "INT32" => Some((true, 31)),
        "INT64" => Some((true, 63)),
        "UINT8" => Some((false, 8)),
        "UINT16" => Some((false, 16)),
        "UINT32" => Some((false, 32)),
        "UINT64" => Some((false, 64)),
        _ => None,
    };
    let largest = match tensor.datatype.as_str() {
        "FP16" => HALF,
        "FP32" => f64::from(f32::MAX),
        _ => f64::INFINITY,
    };
    if sent.abs() > largest {
        return Err(Fault::new(&TENSOR_RANGE).arg("field", &field.name));
    }
    if let Some((signed, bits)) = bits {
        let above = 2.0_f64.powi(bits);
        let below = if signed { -above } else { 0.0 };
        // At 64 bits the doubles of the greatest integers round up to the bound itself.
        let fits = sent >= below && (sent < above || (bits >= 63 && sent <= above));
        if sent.fract() != 0.0 || !fits {
            return Err(Fault::new(&TENSOR_RANGE).arg("field", &field.name));
        }
    }
    Ok(number)
}

fn refuse(error: &serde_json::Error, bounds: BodyBounds) -> Problem {
    let text = error.to_string();
    if text.starts_with("recursion limit") {
        return Problem::new(Fault::new(&DEPTH).arg("limit", bounds.depth));
    }
    if text.starts_with(TOO_MANY) {
        return Problem::new(Fault::new(&ROWS_MANY).arg("limit", bounds.rows));
    }
    // serde's own sentence may quote values; its position does not.
    let message = if error.is_data() { &INFERENCE_SHAPE } else { &JSON };
    Problem::new(Fault::new(message).arg("line", error.line()).arg("column", error.column()))
}
