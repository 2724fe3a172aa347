//! Requests about pictures: base64 in JSON, a form with files, or the bytes of one file.

use super::once::Once;
use super::{BodyBounds, Form, refuse};
use crate::body::{Media, not_picture};
use crate::messages::{
    FORM_BROKEN, PICTURE_BASE64, PICTURE_EMPTY, PICTURES_MANY, ROW_TYPE, ROWS_NONE,
};
use crate::problem::{FieldProblem, LISTED, Problem};
use axum::body::Bytes;
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use ingot_base::Fault;
use ingot_runtime::encode;
use ingot_runtime::messages::{FIELD_MISSING, FIELD_UNKNOWN};
use serde_json::{Map, Value};

/// Pictures of one request at most: each is decoded to more than a megabyte.
pub(crate) const PICTURES: usize = 64;

/// Base64 as programs write it, filled up with `=` or not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The files of a JSON body whose form is known, each with the name that an error gives it.
pub(super) fn json(
    body: &[u8],
    form: &Form,
    field: &str,
    depth: usize,
) -> Result<Vec<(String, Bytes)>, Problem> {
    let bounds = BodyBounds::new(PICTURES, depth);
    let rows = rows(body, form, field, bounds)?;
    let count = rows.len();
    let (mut files, mut errors) = (Vec::new(), Vec::new());
    for (place, row) in rows {
        match file(&row, field) {
            Ok(file) => files.push((place, file)),
            Err(fault) if errors.len() < LISTED => {
                errors.push(FieldProblem { field: place, fault });
            }
            Err(_) => {}
        }
    }
    if !errors.is_empty() {
        return Err(Problem::fields(errors));
    }
    counted(files, count)
}

/// The rows of a JSON body whose form is known, each with the name that an error gives its one member.
pub(super) fn rows(
    body: &[u8],
    form: &Form,
    field: &str,
    bounds: BodyBounds,
) -> Result<Vec<(String, Value)>, Problem> {
    let Once(value) = serde_json::from_slice(body).map_err(|error| refuse(&error, bounds, None))?;
    Ok(match (form, value) {
        (Form::Row, row) => vec![(field.to_owned(), row)],
        (Form::List, Value::Array(rows)) => placed("", rows, field),
        (Form::Envelope(_), Value::Object(mut members)) => match members.remove("inputs") {
            Some(Value::Array(rows)) => placed("inputs", rows, field),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    })
}

fn placed(list: &str, rows: Vec<Value>, field: &str) -> Vec<(String, Value)> {
    rows.into_iter().enumerate().map(|(at, row)| (format!("{list}[{at}].{field}"), row)).collect()
}

fn counted(files: Vec<(String, Bytes)>, count: usize) -> Result<Vec<(String, Bytes)>, Problem> {
    match count {
        0 => Err(Problem::new(Fault::new(&ROWS_NONE))),
        1..=PICTURES => Ok(files),
        _ => Err(Problem::new(Fault::new(&PICTURES_MANY).arg("limit", PICTURES))),
    }
}

/// The text that is a row's only member.
pub(super) fn member<'v>(row: &'v Value, field: &str) -> Result<&'v str, Fault> {
    let Value::Object(members) = row else { return Err(Fault::new(&ROW_TYPE)) };
    if let Some(unknown) = unknown(members, field) {
        return Err(Fault::new(&FIELD_UNKNOWN).arg("field", unknown).arg("known", field));
    }
    match members.get(field) {
        Some(Value::String(text)) => Ok(text),
        Some(other) => Err(encode::wrong_type(field, "string", other)),
        None => Err(Fault::new(&FIELD_MISSING).arg("field", field)),
    }
}

/// The file of a row: base64, or a `data:` address as browsers give it.
fn file(row: &Value, field: &str) -> Result<Bytes, Fault> {
    let text = member(row, field)?;
    let bare = match text.strip_prefix("data:") {
        Some(rest) => rest.split_once(";base64,").map_or("", |(_, data)| data),
        None => text,
    };
    match decoded(bare) {
        Ok(bytes) if !bytes.is_empty() => Ok(bytes.into()),
        _ => Err(Fault::new(&PICTURE_BASE64).arg("field", field)),
    }
}

/// The bytes of a text in base64, in lines (RFC 2045) or in one, of either alphabet (RFC 4648 §4 and §5).
fn decoded(text: &str) -> Result<Vec<u8>, base64::DecodeError> {
    let letters = text.bytes().filter(|byte| !byte.is_ascii_whitespace());
    let letters: Vec<u8> = letters
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => other,
        })
        .collect();
    BASE64.decode(letters)
}

fn unknown(members: &Map<String, Value>, field: &str) -> Option<String> {
    let other = members.keys().find(|key| *key != field)?;
    Some(other.chars().take(100).collect())
}

/// The files of a body that is not JSON, each with the name that an error gives it.
pub(crate) async fn raw(
    media: &Media,
    body: Bytes,
    field: &str,
) -> Result<Vec<(String, Bytes)>, Problem> {
    let boundary = match media {
        Media::Form(boundary) => boundary,
        Media::Bytes | Media::Picture if body.is_empty() => {
            return Err(Problem::new(Fault::new(&PICTURE_EMPTY)));
        }
        Media::Bytes if !ingot_image::is_picture(&body) => return Err(not_picture()),
        _ => return counted(vec![(field.to_owned(), body)], 1),
    };
    let broken = |error: multer::Error| Problem::new(Fault::new(&FORM_BROKEN).because(error));
    let once = futures::stream::once(std::future::ready(Ok::<_, std::convert::Infallible>(body)));
    let mut form = multer::Multipart::new(once, boundary);
    let mut files = Vec::new();
    while let Some(part) = form.next_field().await.map_err(broken)? {
        if part.name() != Some(field) {
            let found: String = part.name().unwrap_or_default().chars().take(100).collect();
            let fault = Fault::new(&FIELD_UNKNOWN).arg("field", &found).arg("known", field);
            return Err(Problem::fields(vec![FieldProblem { field: found, fault }]));
        }
        if files.len() == PICTURES {
            return counted(files, PICTURES + 1);
        }
        let place = format!("{field}[{}]", files.len());
        files.push((place, part.bytes().await.map_err(broken)?));
    }
    if let [(place, _)] = files.as_mut_slice() {
        field.clone_into(place);
    }
    let count = files.len();
    counted(files, count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str, form: &Form) -> Result<Vec<(String, Bytes)>, String> {
        json(body.as_bytes(), form, "image", 16)
            .map_err(|problem| problem.fault().code().to_owned())
    }

    #[test]
    fn three_forms_of_json_hold_the_same_file() {
        for (body, form, place) in [
            (r#"{"image":"aGk="}"#, Form::Row, "image"),
            (r#"[{"image":"aGk="}]"#, Form::List, "[0].image"),
            (
                r#"{"model":"m","inputs":[{"image":"data:image/png;base64,aGk="}]}"#,
                Form::Envelope(None),
                "inputs[0].image",
            ),
        ] {
            let files = read(body, &form).unwrap();
            assert_eq!(files, [(place.to_owned(), Bytes::from_static(b"hi"))], "{body}");
        }
        assert!(read("[]", &Form::List).is_err());
        assert!(read(r#"[{"image":"aGk="},{"image":"?"}]"#, &Form::List).is_err());
        assert!(read(r#"{"image":"aGk=","x":1}"#, &Form::Row).is_err());
        let many = format!("[{}]", vec![r#"{"image":"aGk="}"#; PICTURES + 1].join(","));
        assert_eq!(read(&many, &Form::List).unwrap_err(), "serve-pictures-many");
    }

    #[test]
    fn base64_is_read_in_lines_and_of_either_alphabet() {
        // Python's base64.encodebytes, urlsafe_b64encode and the same without what fills it up.
        for text in ["+/8x\nMg==\n", "-_8xMg==", "-_8xMg", " +/8x Mg = =\r\n"] {
            assert_eq!(decoded(text).unwrap(), b"\xfb\xff12", "{text:?}");
        }
        for text in ["+/8x?Mg==", "+", "图片"] {
            assert!(decoded(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn forms_and_bare_files_are_read() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let form = "--X\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a.png\"\r\n\r\nhi\r\n--X--\r\n";
        let two = "--X\r\nContent-Disposition: form-data; name=\"image\"\r\n\r\na\r\n--X\r\nContent-Disposition: form-data; name=\"image\"\r\n\r\nb\r\n--X--\r\n";
        let read = |media: Media, body: &'static str| {
            runtime
                .block_on(raw(&media, Bytes::from_static(body.as_bytes()), "image"))
                .map_err(|problem| problem.fault().code().to_owned())
        };
        let named = |place: &str, bytes: &'static str| {
            (place.to_owned(), Bytes::from_static(bytes.as_bytes()))
        };
        assert_eq!(read(Media::Form("X".into()), form).unwrap(), [named("image", "hi")]);
        assert_eq!(
            read(Media::Form("X".into()), two).unwrap(),
            [named("image[0]", "a"), named("image[1]", "b")]
        );
        assert_eq!(read(Media::Picture, "").unwrap_err(), "serve-picture-empty");
        assert_eq!(read(Media::Picture, "bytes").unwrap(), [named("image", "bytes")]);
        assert_eq!(read(Media::Bytes, "bytes").unwrap_err(), "serve-media-picture");
        let webp = "RIFF\0\0\0\0WEBP";
        assert_eq!(read(Media::Bytes, webp).unwrap(), [named("image", webp)]);
        assert_eq!(read(Media::Form("Y".into()), form).unwrap_err(), "serve-form-broken");
    }
}
