//! The bodies of `OpenAI`'s requests, read member by member; what is wrong is named, never repeated.

use super::order::{self, Step::Name};
use super::tools::{Choice, Tools};
use crate::messages::{DEPTH, OPENAI_BODY, OPENAI_FIELD};
use crate::problem::Problem;
use ingot_base::{Fault, Text};
use ingot_runtime::generate::{Form, Message, Sampling, Token, ToolCall};
use serde_json::{Map, Value};

/// Answers to one prompt at most.
const ANSWERS: usize = 8;
/// Texts that end an answer, at most.
const STOPS: usize = 16;

/// Levels that a body may nest: as many as the reader of JSON goes down.
const DEEPEST: usize = 127;

type Read<T> = Result<T, Problem>;

/// What a request asks for beside its prompt.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "the interface has these switches")]
pub(crate) struct Wish {
    pub(crate) model: Option<String>,
    pub(crate) max_tokens: Option<usize>,
    pub(crate) sampling: Sampling,
    pub(crate) seeded: bool,
    pub(crate) stop: Vec<String>,
    pub(crate) alternatives: Option<usize>,
    pub(crate) form: Option<Form>,
    pub(crate) answers: usize,
    pub(crate) stream: bool,
    pub(crate) stream_usage: bool,
    pub(crate) endless: bool,
}

/// A request for a conversation to go on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Chat {
    pub(crate) wish: Wish,
    pub(crate) messages: Vec<Message>,
    pub(crate) tools: Tools,
}

/// A request for a text to go on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Completion {
    pub(crate) wish: Wish,
    pub(crate) prompts: Vec<Prompt>,
    pub(crate) echo: bool,
}

/// What goes on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Prompt {
    Text(String),
    Tokens(Vec<Token>),
}

/// A member that is not as it should be; what it should be, in English and in Chinese.
pub(crate) fn fault(
    field: &str,
    (english, chinese): (impl Into<String>, impl Into<String>),
) -> Problem {
    let expected = Text::new(english, chinese);
    Problem::new(Fault::new(&OPENAI_FIELD).arg("field", field).words("expected", expected))
}

/// The object of a body.
pub(crate) fn object(body: &[u8]) -> Read<Map<String, Value>> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Problem::new(Fault::new(&OPENAI_BODY).arg("line", 1).arg("column", 1))),
        Err(error) if error.to_string().starts_with("recursion limit") => {
            Err(Problem::new(Fault::new(&DEPTH).arg("limit", DEEPEST)))
        }
        Err(error) => {
            let fault = Fault::new(&OPENAI_BODY).arg("line", error.line());
            Err(Problem::new(fault.arg("column", error.column())))
        }
    }
}

/// Reads a conversation's body.
pub(crate) fn chat(body: &[u8]) -> Read<Chat> {
    let object = object(body)?;
    let text = std::str::from_utf8(body).unwrap_or_default();
    let mut wish = wish(&object, text)?;
    wish.max_tokens = match count(&object, "max_completion_tokens", 1 << 24)? {
        Some(most) => Some(most),
        None => wish.max_tokens,
    };
    let top = count(&object, "top_logprobs", 20)?;
    if flag(&object, "logprobs")? {
        wish.alternatives = Some(top.unwrap_or(0));
    }
    let messages = messages(&object)?;
    // Whoever sends what came before `tools` would wait for calls that never come.
    for (name, instead) in [("functions", "tools"), ("function_call", "tool_choice")] {
        if object.get(name).is_some_and(|value| !value.is_null()) {
            let english = format!("left out: it is deprecated; send `{instead}`");
            return Err(fault(name, (english, format!("空：该成员已弃用，请改用 `{instead}`"))));
        }
    }
    let tools = Tools::read(object.get("tools"), object.get("tool_choice"))?;
    if let Some(schema) = tools.schema(text) {
        if wish.form.is_some() {
            return Err(fault(
                "response_format",
                ("nothing else where a tool must be called", "必须调用工具时不能再有其他格式要求"),
            ));
        }
        wish.form = Some(Form::JsonSchema(schema));
    }
    ends(&wish)?;
    Ok(Chat { wish, messages, tools })
}

/// Reads a text's body.
pub(crate) fn completion(body: &[u8]) -> Read<Completion> {
    let object = object(body)?;
    let mut wish = wish(&object, std::str::from_utf8(body).unwrap_or_default())?;
    wish.max_tokens = Some(wish.max_tokens.unwrap_or(16));
    wish.alternatives = count(&object, "logprobs", 20)?;
    let expected = ("a text, a list of texts, or token numbers", "文本、文本列表或词元编号");
    let tokens = |list: &[Value]| -> Option<Vec<Token>> {
        list.iter().map(|one| Token::try_from(one.as_i64()?).ok()).collect()
    };
    let prompts = match object.get("prompt") {
        Some(Value::String(text)) => vec![Prompt::Text(text.clone())],
        Some(Value::Array(list)) if list.iter().all(Value::is_i64) && !list.is_empty() => {
            vec![Prompt::Tokens(tokens(list).ok_or_else(|| fault("prompt", expected))?)]
        }
        Some(Value::Array(list)) if !list.is_empty() && list.len() <= ANSWERS => list
            .iter()
            .map(|one| match one {
                Value::String(text) => Ok(Prompt::Text(text.clone())),
                Value::Array(list) => {
                    tokens(list).map(Prompt::Tokens).ok_or_else(|| fault("prompt", expected))
                }
                _ => Err(fault("prompt", expected)),
            })
            .collect::<Read<Vec<_>>>()?,
        _ => return Err(fault("prompt", expected)),
    };
    if object.get("suffix").is_some_and(|suffix| !suffix.is_null()) {
        return Err(fault(
            "suffix",
            ("nothing: texts are continued at their end only", "空：文本只能从末尾续写"),
        ));
    }
    if let Some(best) = object.get("best_of").filter(|best| !best.is_null())
        && ![1, wish.answers as u64].map(Some).contains(&best.as_u64())
    {
        let expected =
            ("1, or as many as `n`: every answer is told", "1 或与 `n` 相同：所有回答都会返回");
        return Err(fault("best_of", expected));
    }
    ends(&wish)?;
    Ok(Completion { wish, prompts, echo: flag(&object, "echo")? })
}

/// Refuses to go on where a form has ended: nothing can come then, and the answer would fail however much of it was written.
fn ends(wish: &Wish) -> Read<()> {
    if wish.endless && wish.form.is_some() {
        let expected = ("false where the answer must have a form", "false（回答须符合指定格式）");
        return Err(fault("ignore_eos", expected));
    }
    Ok(())
}

fn wish(object: &Map<String, Value>, body: &str) -> Read<Wish> {
    let own = Sampling::default();
    let seed = match object.get("seed") {
        None | Some(Value::Null) => None,
        Some(value) => Some(
            value
                .as_i64()
                .ok_or_else(|| fault("seed", ("a whole number", "整数")))?
                .cast_unsigned(),
        ),
    };
    let repeat = float(object, "repeat_penalty", 0.1, 10.0)?;
    let sampling = Sampling {
        temperature: float(object, "temperature", 0.0, 2.0)?.unwrap_or(own.temperature),
        top_k: count(object, "top_k", 1 << 20)?.unwrap_or(own.top_k),
        top_p: float(object, "top_p", 0.0, 1.0)?.unwrap_or(own.top_p),
        min_p: float(object, "min_p", 0.0, 1.0)?.unwrap_or(own.min_p),
        frequency_penalty: float(object, "frequency_penalty", -2.0, 2.0)?.unwrap_or(0.0),
        presence_penalty: float(object, "presence_penalty", -2.0, 2.0)?.unwrap_or(0.0),
        repeat_penalty: repeat.unwrap_or(own.repeat_penalty),
        bias: bias(object)?,
        seed: seed.unwrap_or_default(),
    };
    let answers = count(object, "n", ANSWERS).map_err(|_| range("n", 1, ANSWERS))?.unwrap_or(1);
    if answers == 0 {
        return Err(range("n", 1, ANSWERS));
    }
    let options = object.get("stream_options").and_then(Value::as_object);
    Ok(Wish {
        model: model(object)?,
        max_tokens: count(object, "max_tokens", 1 << 24)?,
        sampling,
        seeded: seed.is_some(),
        stop: stop(object)?,
        alternatives: None,
        form: form(object, body)?,
        answers,
        stream: flag(object, "stream")?,
        stream_usage: options.map_or(Ok(false), |options| flag(options, "include_usage"))?,
        endless: flag(object, "ignore_eos")?,
    })
}

fn form(object: &Map<String, Value>, body: &str) -> Read<Option<Form>> {
    let grammar = match object.get("grammar") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(Form::Grammar(text.clone())),
        Some(_) => return Err(fault("grammar", ("a grammar as text", "以文本表示的语法"))),
    };
    let expected = (
        "`text`, `json_object`, or `json_schema` with a schema",
        "`text`、`json_object`，或带模式的 `json_schema`",
    );
    let format = match object.get("response_format") {
        None | Some(Value::Null) => None,
        Some(format) => match format.get("type").and_then(Value::as_str) {
            Some("text") => None,
            Some("json_object") => {
                let schema = order::member(body, &[Name("response_format"), Name("schema")]);
                Some(Form::JsonSchema(schema.unwrap_or("{\"type\":\"object\"}").to_owned()))
            }
            Some("json_schema") => {
                let path = [Name("response_format"), Name("json_schema"), Name("schema")];
                let schema = order::member(body, &path).filter(|schema| schema.starts_with('{'));
                let schema = schema.ok_or_else(|| fault("response_format", expected))?;
                Some(Form::JsonSchema(schema.to_owned()))
            }
            _ => return Err(fault("response_format", expected)),
        },
    };
    match (grammar, format) {
        (Some(_), Some(_)) => Err(fault(
            "grammar",
            ("nothing beside `response_format`", "空：不能与 `response_format` 同时使用"),
        )),
        (grammar, format) => Ok(grammar.or(format)),
    }
}

fn stop(object: &Map<String, Value>) -> Read<Vec<String>> {
    match object.get("stop") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(text)) => Ok(vec![text.clone()]),
        Some(Value::Array(list)) if list.len() <= STOPS => list
            .iter()
            .map(|one| one.as_str().map(str::to_owned))
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| fault("stop", ("a text, or a list of texts", "文本或文本列表"))),
        Some(_) => Err(fault(
            "stop",
            ("a text, or a list of at most 16 texts", "文本，或最多 16 个文本的列表"),
        )),
    }
}

fn bias(object: &Map<String, Value>) -> Read<Vec<(Token, f32)>> {
    let expected = (
        "an object of token numbers and figures from -100 to 100",
        "以词元编号为键、-100 到 100 的数为值的对象",
    );
    match object.get("logit_bias") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Object(members)) if members.len() <= 1024 => members
            .iter()
            .map(|(token, more)| {
                let token = token.parse().ok()?;
                #[expect(clippy::cast_possible_truncation, reason = "bounded next to it")]
                let more = more.as_f64().filter(|more| more.abs() <= 100.0)? as f32;
                // As OpenAI's documentation says of the ends of the range.
                Some((token, if more <= -100.0 { f32::NEG_INFINITY } else { more }))
            })
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| fault("logit_bias", expected)),
        Some(_) => Err(fault("logit_bias", expected)),
    }
}

fn float(object: &Map<String, Value>, name: &str, least: f64, most: f64) -> Read<Option<f32>> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_f64() {
            #[expect(clippy::cast_possible_truncation, reason = "bounded next to it")]
            Some(number) if (least..=most).contains(&number) => Ok(Some(number as f32)),
            _ => Err(fault(
                name,
                (format!("a number from {least} to {most}"), format!("{least} 到 {most} 的数")),
            )),
        },
    }
}

pub(crate) fn count(object: &Map<String, Value>, name: &str, most: usize) -> Read<Option<usize>> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_u64().and_then(|number| usize::try_from(number).ok()) {
            Some(number) if number <= most => Ok(Some(number)),
            _ => Err(range(name, 0, most)),
        },
    }
}

/// A member that is no whole number of a range.
pub(crate) fn range(name: &str, least: usize, most: usize) -> Problem {
    let english = format!("a whole number from {least} to {most}");
    fault(name, (english, format!("{least} 到 {most} 的整数")))
}

fn flag(object: &Map<String, Value>, name: &str) -> Read<bool> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(fault(name, ("true or false", "true 或 false"))),
    }
}

/// The model that a body names.
pub(crate) fn model(object: &Map<String, Value>) -> Read<Option<String>> {
    match object.get("model") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(name)) => Ok(Some(name.clone())),
        Some(_) => Err(fault("model", ("a model's name", "模型名称"))),
    }
}

/// The conversation of a body.
pub(crate) fn messages(object: &Map<String, Value>) -> Read<Vec<Message>> {
    match object.get("messages") {
        Some(Value::Array(list)) if !list.is_empty() => list
            .iter()
            .enumerate()
            .map(|(index, value)| message(value, &format!("messages[{index}]")))
            .collect(),
        _ => Err(fault("messages", ("a list of messages, at least one", "至少含一条消息的列表"))),
    }
}

fn message(value: &Value, place: &str) -> Read<Message> {
    let at = |name: &str| format!("{place}.{name}");
    let role = value.get("role").and_then(Value::as_str);
    let role = match role {
        // The name that newer models have for the system.
        Some("developer") => "system",
        Some(role @ ("system" | "user" | "assistant" | "tool")) => role,
        _ => {
            return Err(fault(
                &at("role"),
                (
                    "`system`, `user`, `assistant` or `tool`",
                    "`system`、`user`、`assistant` 或 `tool`",
                ),
            ));
        }
    };
    let content = match value.get("content") {
        None | Some(Value::Null) if role == "assistant" => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            let text = |part: &Value| {
                let text = part.get("type").and_then(Value::as_str) == Some("text");
                part.get("text").and_then(Value::as_str).filter(|_| text).map(str::to_owned)
            };
            let texts: Option<Vec<String>> = parts.iter().map(text).collect();
            texts
                .ok_or_else(|| {
                    fault(&at("content"), ("parts of the type `text`", "类型为 `text` 的部分"))
                })?
                .concat()
        }
        _ => return Err(fault(&at("content"), ("a text", "文本"))),
    };
    let mut message = Message::new(role, content);
    message.name = value.get("name").and_then(Value::as_str).map(str::to_owned);
    message.tool_call_id = value.get("tool_call_id").and_then(Value::as_str).map(str::to_owned);
    if let Some(Value::Array(calls)) = value.get("tool_calls") {
        let expected =
            ("calls with the name and the arguments of a function", "带有函数名称和参数的调用");
        let calls: Option<Vec<ToolCall>> = calls.iter().map(call).collect();
        message.tool_calls = calls.ok_or_else(|| fault(&at("tool_calls"), expected))?;
    }
    Ok(message)
}

fn call(value: &Value) -> Option<ToolCall> {
    let function = value.get("function")?;
    Some(ToolCall {
        id: value.get("id").and_then(Value::as_str).unwrap_or_default().to_owned(),
        name: function.get("name")?.as_str()?.to_owned(),
        arguments: serde_json::from_str(function.get("arguments")?.as_str()?).ok()?,
    })
}

impl Chat {
    /// Whether the answer may be a call.
    pub(crate) fn may_call(&self) -> bool {
        !self.tools.functions.is_empty() && self.tools.choice != Choice::None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refused(body: &Value) -> String {
        chat(body.to_string().as_bytes()).unwrap_err().fault().to_string()
    }

    #[test]
    fn a_conversation_is_read() {
        let body = json!({
            "model": "m", "temperature": 0, "top_p": 0.5, "seed": -1, "stop": "\n", "n": 2, "stream": true,
            "stream_options": {"include_usage": true}, "logprobs": true, "top_logprobs": 3, "max_completion_tokens": 7,
            "logit_bias": {"5": -100}, "user": "unknown members are let be",
            "messages": [
                {"role": "developer", "content": "be brief"},
                {"role": "user", "content": [{"type": "text", "text": "你"}, {"type": "text", "text": "好"}]},
                {"role": "assistant", "content": null, "tool_calls": [
                    {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}}]},
            ],
        });
        let chat = chat(body.to_string().as_bytes()).unwrap();
        assert_eq!(chat.messages[0].role, "system");
        assert_eq!(chat.messages[1].content, "你好");
        assert_eq!(chat.messages[2].tool_calls[0].arguments, json!({"a": 1}));
        let wish = chat.wish;
        assert_eq!((wish.max_tokens, wish.alternatives, wish.answers), (Some(7), Some(3), 2));
        assert!(wish.stream && wish.stream_usage && wish.seeded);
        assert_eq!(wish.sampling.bias, [(5, f32::NEG_INFINITY)]);
    }

    #[test]
    fn what_is_wrong_is_named_and_never_repeated() {
        let user = json!([{"role": "user", "content": "hi"}]);
        assert!(refused(&json!({})).contains("`messages`"));
        assert!(
            refused(&json!({"messages": user, "temperature": "hot-secret"}))
                .contains("`temperature`")
        );
        assert!(
            !refused(&json!({"messages": user, "temperature": "hot-secret"})).contains("secret")
        );
        assert!(refused(&json!({"messages": [{"role": "robot"}]})).contains("`messages[0].role`"));
        assert!(
            refused(&json!({"messages": user, "response_format": {"type": "xml"}}))
                .contains("response_format")
        );
        assert!(
            refused(&json!({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}))
                .contains("content")
        );
        assert!(chat(b"{\"messages\": [").unwrap_err().fault().to_string().contains("line 1"));
    }

    #[test]
    fn an_answer_of_a_form_has_an_end() {
        let user = json!([{"role": "user", "content": "hi"}]);
        let tools = json!([{"type": "function", "function": {"name": "f"}}]);
        for more in [
            json!({"grammar": "root ::= \"a\""}),
            json!({"response_format": {"type": "json_object"}}),
            json!({"tools": tools, "tool_choice": "required"}),
        ] {
            let mut body = json!({"messages": user, "prompt": "a"});
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            assert!(chat(body.to_string().as_bytes()).is_ok(), "{body}");
            body["ignore_eos"] = json!(true);
            assert!(refused(&body).contains("`ignore_eos`"), "{body}");
            let text = completion(body.to_string().as_bytes());
            assert_eq!(text.is_err(), body.get("tools").is_none(), "{body}");
        }
        assert!(completion(br#"{"prompt": "a", "ignore_eos": true}"#).unwrap().wish.endless);
    }

    #[test]
    fn what_is_wrong_is_told_in_both_languages() {
        let user = json!([{"role": "user", "content": "hi"}]);
        for (body, chinese) in [
            (json!({"messages": user, "temperature": 9}), "0 到 2 的数"),
            (json!({"messages": user, "n": 0}), "1 到 8 的整数"),
            (json!({"messages": user, "stop": 1}), "文本，或最多 16 个文本的列表"),
            (json!({"messages": user, "tools": 1}), "最多 64 个函数的列表"),
            (json!({"messages": []}), "至少含一条消息的列表"),
        ] {
            let problem = chat(body.to_string().as_bytes()).unwrap_err();
            let told = problem.fault().render(ingot_base::Lang::Zh);
            assert!(told.ends_with(chinese), "{told}");
        }
    }

    #[test]
    fn what_would_be_ignored_is_refused_by_name() {
        let user = json!([{"role": "user", "content": "hi"}]);
        let old = json!([{"name": "f", "parameters": {"type": "object"}}]);
        let told = refused(&json!({"messages": user, "functions": old}));
        assert!(told.contains("`functions`") && told.contains("`tools`"), "{told}");
        let told = refused(&json!({"messages": user, "function_call": "auto"}));
        assert!(told.contains("`function_call`") && told.contains("`tool_choice`"), "{told}");
        assert!(chat(json!({"messages": user, "functions": null}).to_string().as_bytes()).is_ok());
        let best = |best: Value| {
            let body = json!({"prompt": "a", "n": 2, "best_of": best});
            completion(body.to_string().as_bytes()).map(drop).map_err(|problem| {
                let told = problem.fault().to_string();
                assert!(told.contains("`best_of`"), "{told}");
            })
        };
        assert!([json!(1), json!(2), json!(null)].map(best).iter().all(Result::is_ok));
        assert!([json!(3), json!(0), json!("2"), json!(-1)].map(best).iter().all(Result::is_err));
    }

    #[test]
    fn a_range_is_told_as_it_is_and_depth_by_its_name() {
        let user = json!([{"role": "user", "content": "hi"}]);
        for count in [json!(0), json!(9), json!(-1), json!(1.5)] {
            let told = refused(&json!({"messages": user, "n": count}));
            assert!(told.ends_with("a whole number from 1 to 8"), "{told}");
        }
        let nested = |depth| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        let fault = |depth| object(nested(depth).as_bytes()).map_err(|one| one.fault().to_string());
        assert!(fault(DEEPEST - 1).is_ok());
        let told = fault(DEEPEST).unwrap_err();
        assert!(told.contains("deeper than 127"), "{told}");
    }

    #[test]
    fn a_prompt_is_text_or_tokens() {
        let read = |prompt: Value| completion(json!({"prompt": prompt}).to_string().as_bytes());
        assert_eq!(read(json!("a")).unwrap().prompts, [Prompt::Text("a".into())]);
        assert_eq!(read(json!([1, 2])).unwrap().prompts, [Prompt::Tokens(vec![1, 2])]);
        assert_eq!(read(json!(["a", [3]])).unwrap().prompts.len(), 2);
        assert_eq!(read(json!("a")).unwrap().wish.max_tokens, Some(16));
        assert!(read(json!([])).is_err() && read(json!({})).is_err());
    }
}
