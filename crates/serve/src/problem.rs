//! Errors as clients see them: RFC 9457 problem documents in the client's language, which never echo a value.

use crate::messages::{INPUT, MEMBER_UNKNOWN};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use ingot_base::{Fault, Lang};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// Field faults listed in one document at most.
pub(crate) const LISTED: usize = 1000;

/// A failed request.
#[derive(Debug)]
pub(crate) struct Problem {
    fault: Fault,
    errors: Vec<FieldProblem>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// One bad field.
#[derive(Debug)]
pub(crate) struct FieldProblem {
    /// Where it stands: `age`, `[3].age`, `inputs[3].age`.
    pub(crate) field: String,
    pub(crate) fault: Fault,
}

#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    request_id: &'a str,
    /// The Open Inference Protocol's name for the detail.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Member<'a>>,
}

/// A field's fault as clients see it.
#[derive(Serialize)]
pub(crate) struct Member<'a> {
    field: &'a str,
    code: &'static str,
    detail: String,
}

impl Problem {
    pub(crate) fn new(fault: Fault) -> Self {
        Self { fault, errors: Vec::new(), headers: Vec::new() }
    }

    /// A 422 that names every bad field.
    pub(crate) fn fields(errors: Vec<FieldProblem>) -> Self {
        let fault = Fault::new(&INPUT).arg("count", errors.len());
        Self { fault, errors, headers: Vec::new() }
    }

    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Asks the client to come back after so many seconds.
    pub(crate) fn retry_after(self, seconds: u64) -> Self {
        self.header(header::RETRY_AFTER, HeaderValue::from(seconds))
    }

    pub(crate) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.fault.message().status)
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    pub(crate) fn fault(&self) -> &Fault {
        &self.fault
    }

    pub(crate) fn headers(&self) -> &[(HeaderName, HeaderValue)] {
        &self.headers
    }

    /// The document; `inference` adds the member that the Open Inference Protocol wants.
    pub(crate) fn render(&self, lang: Lang, request_id: &str, inference: bool) -> Vec<u8> {
        let status = self.status();
        // What went wrong inside is for the log, not for the client: it may name files of the server.
        let inside = status == StatusCode::INTERNAL_SERVER_ERROR;
        let title = title(status, lang);
        let detail = if inside { title.to_owned() } else { self.fault.render(lang) };
        let document = Document {
            r#type: format!("urn:ingot:problem:{}", self.fault.code()),
            title,
            status: status.as_u16(),
            error: inference.then(|| detail.clone()),
            detail,
            hint: if inside { None } else { self.fault.hint(lang) },
            request_id,
            errors: self.errors.iter().take(LISTED).map(|error| error.member(lang)).collect(),
        };
        serde_json::to_vec(&document).unwrap_or_default()
    }
}

impl Problem {
    /// The document as clients of `OpenAI`'s interface read errors, with what the problem document says besides.
    pub(crate) fn openai(&self, lang: Lang, request_id: &str) -> Value {
        let status = self.status();
        let inside = status == StatusCode::INTERNAL_SERVER_ERROR;
        // These clients read one error: the first bad field's, where there is one.
        let first = self.errors.first();
        let fault = first.map_or(&self.fault, |error| &error.fault);
        let mut message = if inside { title(status, lang).to_owned() } else { fault.render(lang) };
        if let Some(hint) = fault.hint(lang).filter(|_| !inside) {
            message.push_str(match lang {
                Lang::En => "; ",
                Lang::Zh => "；",
            });
            message.push_str(&hint);
        }
        let kind = match status.as_u16() {
            401 => "authentication_error",
            403 => "permission_error",
            429 => "rate_limit_error",
            400..500 => "invalid_request_error",
            _ => "server_error",
        };
        let code = match fault.code() {
            // Clients look for these.
            "runtime-context-overflow" | "runtime-text-long" | "serve-openai-long" => {
                "context_length_exceeded"
            }
            "serve-model-unknown" => "model_not_found",
            code => code,
        };
        let named = fault.args().iter().find(|(name, _)| *name == "field");
        let field = first.map(|error| &error.field).or(named.map(|(_, field)| field));
        json!({ "error": {
            "message": message, "type": kind, "code": code,
            "param": field,
            "request_id": request_id,
        } })
    }
}

impl FieldProblem {
    pub(crate) fn member(&self, lang: Lang) -> Member<'_> {
        let mut detail = self.fault.render(lang);
        if let Some(hint) = self.fault.hint(lang) {
            detail.push_str(match lang {
                Lang::En => "; ",
                Lang::Zh => "；",
            });
            detail.push_str(&hint);
        }
        Member { field: &self.field, code: self.fault.code(), detail }
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        Self::new(fault)
    }
}

/// The members of a body that are not known, at most [`LISTED`].
pub(crate) fn unknown(members: &Map<String, Value>, known: &[&str]) -> Vec<FieldProblem> {
    let strange = members.keys().filter(|name| !known.contains(&name.as_str())).take(LISTED);
    let problem = |name: &String| {
        let field: String = name.chars().take(100).collect();
        let known = known.join(", ");
        let fault = Fault::new(&MEMBER_UNKNOWN).arg("field", &field).arg("known", known);
        FieldProblem { field, fault }
    };
    strange.map(problem).collect()
}

/// The short name of a status, the same at every occurrence.
fn title(status: StatusCode, lang: Lang) -> &'static str {
    let (en, zh) = match status.as_u16() {
        400 => ("Bad request", "请求有误"),
        401 => ("Not authenticated", "未通过身份验证"),
        403 => ("Not allowed", "没有权限"),
        404 => ("Not found", "未找到"),
        405 => ("Method not allowed", "请求方法不受支持"),
        406 => ("Not acceptable", "无法提供所需格式"),
        408 => ("Request timeout", "请求超时"),
        413 => ("Body too large", "请求体过大"),
        415 => ("Unsupported media type", "不支持的内容类型"),
        422 => ("Input not valid", "输入无效"),
        429 => ("Too many requests", "请求过多"),
        503 => ("Service unavailable", "服务暂不可用"),
        504 => ("Deadline exceeded", "处理超时"),
        _ => ("Internal error", "内部错误"),
    };
    match lang {
        Lang::En => en,
        Lang::Zh => zh,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::{MESSAGES, PANIC, SCOPE_MISSING};

    #[test]
    fn a_document_speaks_the_clients_language() {
        let problem = Problem::new(Fault::new(&SCOPE_MISSING).arg("scope", "explain"));
        let json: serde_json::Value =
            serde_json::from_slice(&problem.render(Lang::Zh, "id", true)).unwrap();
        assert_eq!(json["type"], "urn:ingot:problem:serve-scope-missing");
        assert_eq!(json["status"], 403);
        assert_eq!(json["detail"], "该 API 密钥没有 `explain` 权限");
        assert_eq!(json["error"], json["detail"]);
        assert!(json.get("errors").is_none());
    }

    #[test]
    fn clients_of_openai_are_told_of_the_first_bad_field() {
        let fault =
            Fault::new(&ingot_runtime::messages::TEXT_LONG).arg("tokens", 9).arg("limit", 8);
        let (told, hint) = (fault.render(Lang::En), fault.hint(Lang::En).unwrap());
        let field = FieldProblem { field: "input[3]".to_owned(), fault };
        let json = Problem::fields(vec![field]).openai(Lang::En, "id");
        assert_eq!(json["error"]["param"], "input[3]");
        assert_eq!(json["error"]["code"], "context_length_exceeded");
        assert_eq!(json["error"]["message"], format!("{told}; {hint}"));
        assert_eq!(json["error"]["type"], "invalid_request_error");
    }

    #[test]
    fn what_happened_inside_stays_inside() {
        let problem =
            Problem::new(Fault::new(&ingot_base::fault::FILE_READ).arg("path", "/secret"));
        let text = String::from_utf8(problem.render(Lang::En, "id", false)).unwrap();
        assert!(!text.contains("secret") && text.contains("base-file-read"), "{text}");
        assert_eq!(Problem::new(Fault::new(&PANIC)).status(), 500);
    }

    #[test]
    fn every_message_says_the_same_in_both_languages() {
        use ingot_base::fault::placeholders;
        for message in MESSAGES {
            assert_eq!(placeholders(message.en), placeholders(message.zh), "{}", message.code);
            assert_eq!(placeholders(message.hint_en), placeholders(message.hint_zh));
            assert!(message.code.starts_with("serve-"));
        }
    }
}
