//! Reading a request: what it accepts, what it sends, how much and how slowly.

use crate::config::Limits;
use crate::messages::{
    BODY_BROKEN, BODY_LARGE, BODY_SLOW, MEDIA_PICTURE, MEDIA_TYPE, NOT_ACCEPTABLE, PICTURE_LARGE,
};
use crate::problem::Problem;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use ingot_base::{Fault, Message};
use std::time::Duration;

/// Refuses a client that accepts nothing of what the route offers: of the ranges that cover it the most specific one decides
/// (RFC 9110 §12.5.1).
pub(crate) fn check_accept(headers: &HeaderMap, offered: &'static str) -> Result<(), Problem> {
    let mut named = false;
    let mut best: Option<(u8, bool)> = None;
    for value in headers.get_all(header::ACCEPT) {
        let Ok(text) = value.to_str() else { continue };
        for range in text.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let kind = parts.next().unwrap_or_default();
            if kind.is_empty() {
                continue;
            }
            named = true;
            let refused =
                parts.filter_map(|part| part.strip_prefix("q=")).any(|q| q.parse() == Ok(0.0_f32));
            let found = covers(kind, offered).map(|exact| (exact, !refused));
            best = best.max(found);
        }
    }
    if best.map_or(!named, |(_, accepted)| accepted) {
        return Ok(());
    }
    Err(Problem::new(Fault::new(&NOT_ACCEPTABLE).arg("offered", offered)))
}

/// How exactly a range names a media type, from 0 on; `None` when it does not cover it.
fn covers(range: &str, offered: &str) -> Option<u8> {
    if range.eq_ignore_ascii_case(offered) {
        return Some(2);
    }
    if range == "*/*" {
        return Some(0);
    }
    match (range.split_once('/'), offered.split_once('/')) {
        (Some((kind, "*")), Some((own, _))) if kind.eq_ignore_ascii_case(own) => Some(1),
        _ => None,
    }
}

/// What a body is declared to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Media {
    /// JSON.
    Json,
    /// One picture's file.
    Picture,
    /// A file of which nothing more is said, for a model of pictures.
    Bytes,
    /// A form with files, and the boundary between its parts.
    Form(String),
}

/// What a body is declared to be; anything but plain JSON in UTF-8, a picture or a form is refused. A body without any
/// declaration is read as JSON. `pictured` says that a model of pictures is asked.
pub(crate) fn media(headers: &HeaderMap, pictured: bool) -> Result<Media, Problem> {
    let refuse = || Err(if pictured { not_picture() } else { not_json() });
    if let Some(encoding) = headers.get(header::CONTENT_ENCODING)
        && !encoding.as_bytes().eq_ignore_ascii_case(b"identity")
    {
        return refuse();
    }
    let Some(declared) = headers.get(header::CONTENT_TYPE) else { return Ok(Media::Json) };
    let Ok(text) = declared.to_str() else { return refuse() };
    let mut parts = text.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default();
    // The second is no registered name, and widely written all the same.
    let pictures = ["image/jpeg", "image/jpg", "image/png", "image/webp"];
    if pictures.iter().any(|known| kind.eq_ignore_ascii_case(known)) {
        return Ok(Media::Picture);
    }
    if pictured && kind.eq_ignore_ascii_case("application/octet-stream") {
        return Ok(Media::Bytes);
    }
    if kind.eq_ignore_ascii_case("multipart/form-data") {
        return match multer::parse_boundary(text) {
            Ok(boundary) => Ok(Media::Form(boundary)),
            Err(_) => refuse(),
        };
    }
    let json = kind.eq_ignore_ascii_case("application/json");
    let utf8 = parts
        .filter_map(|part| part.split_once('='))
        .filter(|(name, _)| name.eq_ignore_ascii_case("charset"))
        .all(|(_, value)| value.trim_matches('"').eq_ignore_ascii_case("utf-8"));
    if json && utf8 { Ok(Media::Json) } else { refuse() }
}

/// Refuses what is not JSON.
pub(crate) fn only_json(headers: &HeaderMap) -> Result<(), Problem> {
    match media(headers, false)? {
        Media::Json => Ok(()),
        Media::Picture | Media::Bytes | Media::Form(_) => Err(not_json()),
    }
}

/// The fault of a body that should be a picture, or JSON or a form with pictures.
pub(crate) fn not_picture() -> Problem {
    let problem = Problem::new(Fault::new(&MEDIA_PICTURE));
    let problem = problem.header(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    let accepted = "application/json, image/jpeg, image/png, image/webp, multipart/form-data";
    problem.header(header::ACCEPT, HeaderValue::from_static(accepted))
}

/// The fault of a body that should be JSON.
pub(crate) fn not_json() -> Problem {
    let problem = Problem::new(Fault::new(&MEDIA_TYPE));
    let problem = problem.header(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    problem.header(header::ACCEPT, HeaderValue::from_static("application/json"))
}

/// The whole body, if it is small enough and quick enough.
pub(crate) async fn read(
    headers: &HeaderMap,
    body: Body,
    limits: &Limits,
) -> Result<Bytes, Problem> {
    whole(headers, body, limits, &BODY_LARGE).await
}

/// As [`read`], for a model of pictures.
pub(crate) async fn read_pictures(
    headers: &HeaderMap,
    body: Body,
    limits: &Limits,
) -> Result<Bytes, Problem> {
    whole(headers, body, limits, &PICTURE_LARGE).await
}

async fn whole(
    headers: &HeaderMap,
    body: Body,
    limits: &Limits,
    large: &'static Message,
) -> Result<Bytes, Problem> {
    let large = || {
        Problem::new(Fault::new(large).arg("limit", limits.body_bytes))
            .header(header::CONNECTION, HeaderValue::from_static("close"))
    };
    let declared = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| length > limits.body_bytes as u64) {
        return Err(large());
    }
    let collect = Limited::new(body, limits.body_bytes).collect();
    match tokio::time::timeout(limits.body_time, collect).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(large()),
        Ok(Err(error)) => Err(Problem::new(Fault::new(&BODY_BROKEN).because(error))),
        Err(_) => {
            let fault = Fault::new(&BODY_SLOW).arg("seconds", limits.body_time.as_secs());
            let close = HeaderValue::from_static("close");
            Err(Problem::new(fault).header(header::CONNECTION, close))
        }
    }
}

/// Most bytes of a body that is thrown away to keep its connection.
const DRAINED: u64 = 64 << 10;
/// How long they may take.
const DRAINING: Duration = Duration::from_secs(1);

/// Reads and forgets the body of a request that is refused without it, so that the connection can be used again. What is
/// larger, slower or still held back by the client is left unread, and the answer closes the connection.
pub(crate) async fn forget(headers: &HeaderMap, body: Body, problem: Problem) -> Problem {
    let declared = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let waits = headers.contains_key(header::EXPECT);
    if !waits && declared.is_none_or(|length| length <= DRAINED) {
        let mut limited = Limited::new(body, usize::try_from(DRAINED).unwrap_or(usize::MAX));
        let all = async {
            while let Some(frame) = limited.frame().await {
                if frame.is_err() {
                    return false;
                }
            }
            true
        };
        if tokio::time::timeout(DRAINING, all).await == Ok(true) {
            return problem;
        }
    }
    problem.header(header::CONNECTION, HeaderValue::from_static("close"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn accept_is_read_as_the_standard_says() {
        let accepts =
            |value| check_accept(&headers(header::ACCEPT, value), "application/json").is_ok();
        assert!(check_accept(&HeaderMap::new(), "application/json").is_ok());
        assert!(accepts("*/*") && accepts("text/html, application/*;q=0.1") && accepts(""));
        assert!(accepts("Application/JSON"));
        assert!(!accepts("text/html") && !accepts("application/json;q=0"));
        assert!(!accepts("application/json;q=0, */*") && !accepts("*/*, application/*; q=0"));
        assert!(accepts("*/*;q=0, application/json") && accepts("text/html;q=0, */*;q=0.1"));
    }

    #[test]
    fn only_plain_json_is_read() {
        let reads = |name, value| matches!(media(&headers(name, value), false), Ok(Media::Json));
        assert!(only_json(&HeaderMap::new()).is_ok());
        assert!(only_json(&headers(header::CONTENT_TYPE, "image/png")).is_err());
        assert!(reads(header::CONTENT_TYPE, "application/json; charset=UTF-8"));
        assert!(!reads(header::CONTENT_TYPE, "application/json; charset=gbk"));
        assert!(!reads(header::CONTENT_TYPE, "application/x-www-form-urlencoded"));
        assert!(!reads(header::CONTENT_ENCODING, "gzip"));
    }

    #[test]
    fn a_large_body_is_told_how_to_become_smaller() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let limits = Limits { body_bytes: 3, ..Limits::default() };
        let headers = HeaderMap::new();
        let rows = runtime.block_on(read(&headers, Body::from("four"), &limits));
        assert_eq!(rows.unwrap_err().fault().code(), "serve-body-large");
        let picture = runtime.block_on(read_pictures(&headers, Body::from("four"), &limits));
        assert_eq!(picture.unwrap_err().fault().code(), "serve-picture-large");
    }

    #[test]
    fn a_model_of_pictures_takes_files_and_says_which() {
        let of = |value, pictured| media(&headers(header::CONTENT_TYPE, value), pictured);
        let code = |value, pictured| of(value, pictured).unwrap_err().fault().code().to_owned();
        for kind in ["image/jpeg", "image/jpg", "image/PNG", "image/webp"] {
            assert_eq!(of(kind, true).unwrap(), Media::Picture, "{kind}");
        }
        assert_eq!(of("application/octet-stream", true).unwrap(), Media::Bytes);
        assert_eq!(code("application/octet-stream", false), "serve-media-type");
        assert_eq!(code("image/gif", true), "serve-media-picture");
        assert_eq!(code("text/plain", false), "serve-media-type");
        assert_eq!(of("application/json", true).unwrap(), Media::Json);
    }
}
