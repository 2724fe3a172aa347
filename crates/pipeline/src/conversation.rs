//! Conversations as people keep them: JSON lists of messages, also as `OpenAI` writes them. What is wrong with one is told without
//! its values.

use ingot_base::Text;
use ingot_runtime::generate::{Message, ToolCall};
use serde_json::Value;

/// What is wrong with a value, in both languages.
pub(crate) type Read<T> = Result<T, Text>;

fn wrong<T>(english: impl Into<String>, chinese: impl Into<String>) -> Read<T> {
    Err(Text::new(english, chinese))
}

/// The messages of a text.
pub(crate) fn parse(text: &str) -> Read<Vec<Message>> {
    match serde_json::from_str(text) {
        Ok(value) => messages(&value),
        Err(error) => {
            let (line, column) = (error.line(), error.column());
            wrong(
                format!("it is no JSON (line {line}, column {column})"),
                format!("不是 JSON（第 {line} 行第 {column} 列）"),
            )
        }
    }
}

/// The messages of a document.
pub(crate) fn messages(value: &Value) -> Read<Vec<Message>> {
    let Some(list) = value.as_array() else {
        return wrong("it is no list of messages", "不是消息列表");
    };
    if list.is_empty() {
        return wrong("it has no message", "没有消息");
    }
    (1..).zip(list).map(|(number, value)| message(value, number)).collect()
}

fn message(value: &Value, number: usize) -> Read<Message> {
    let of = |text: Text| {
        let (en, zh) = (text.en, text.zh);
        Text::new(format!("message {number}: {en}"), format!("第 {number} 条消息：{zh}"))
    };
    let lacks = |english: &str, chinese: &str| Err(of(Text::new(english, chinese)));
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let Some(role) = text("role") else {
        return lacks("`role` is missing or no text", "缺少 `role`，或其不是文本");
    };
    let calls = match value.get("tool_calls") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(calls)) => {
            let Some(calls) = calls.iter().map(call).collect::<Option<Vec<ToolCall>>>() else {
                return lacks(
                    "`tool_calls` must be calls with the name and the JSON arguments of a function",
                    "`tool_calls` 须为带函数名称和 JSON 参数的调用",
                );
            };
            calls
        }
        Some(_) => return lacks("`tool_calls` is no list", "`tool_calls` 不是列表"),
    };
    let content = match value.get("content") {
        Some(Value::String(text)) => text.clone(),
        // Who only calls says nothing.
        None | Some(Value::Null) if !calls.is_empty() => String::new(),
        Some(Value::Array(parts)) => match parts.iter().map(part).collect::<Option<String>>() {
            Some(text) => text,
            None => {
                return lacks("`content` has parts that are no text", "`content` 含有非文本的部分");
            }
        },
        _ => return lacks("`content` is missing or no text", "缺少 `content`，或其不是文本"),
    };
    let mut message = Message::new(role, content);
    message.tool_calls = calls;
    message.name = text("name").map(str::to_owned);
    message.tool_call_id = text("tool_call_id").map(str::to_owned);
    Ok(message)
}

/// A part of a message that is text.
fn part(part: &Value) -> Option<&str> {
    let text = part.get("type").and_then(Value::as_str) == Some("text");
    part.get("text").and_then(Value::as_str).filter(|_| text)
}

/// A call, as it stands or within `function`; arguments are an object, or one written as text.
fn call(value: &Value) -> Option<ToolCall> {
    let function = value.get("function").unwrap_or(value);
    let arguments = match function.get("arguments")? {
        Value::String(text) => serde_json::from_str(text).ok()?,
        other => other.clone(),
    };
    Some(ToolCall {
        id: value.get("id").and_then(Value::as_str).unwrap_or_default().to_owned(),
        name: function.get("name")?.as_str()?.to_owned(),
        arguments,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn calls_are_read_as_openai_writes_them() {
        let value = json!([
            { "role": "user", "content": [{ "type": "text", "text": "a" }] },
            { "role": "assistant", "content": null, "tool_calls": [
                { "id": "c", "type": "function", "function": { "name": "f", "arguments": "{\"x\": 1}" } }] },
            { "role": "tool", "tool_call_id": "c", "content": "b" },
            { "role": "assistant", "content": "", "tool_calls": [{ "name": "f", "arguments": { "x": 2 } }] },
        ]);
        let found = messages(&value).unwrap();
        assert_eq!((found[0].content.as_str(), found[1].content.as_str()), ("a", ""));
        assert_eq!(found[1].tool_calls[0].arguments, json!({ "x": 1 }));
        assert_eq!(found[2].tool_call_id.as_deref(), Some("c"));
        assert_eq!(found[3].tool_calls[0].arguments, json!({ "x": 2 }));
    }

    #[test]
    fn what_is_wrong_is_told_without_values() {
        for (text, expected) in [
            ("龘", "it is no JSON (line 1, column 1)"),
            ("{}", "it is no list of messages"),
            ("[]", "it has no message"),
            ("[{\"content\":\"龘\"}]", "message 1: `role` is missing or no text"),
            (
                "[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"assistant\",\"content\":null}]",
                "message 2: `content` is missing or no text",
            ),
        ] {
            let told = parse(text).unwrap_err();
            assert_eq!(told.en, expected);
            assert!(!told.zh.contains('龘') && told.zh != told.en, "{}", told.zh);
        }
    }
}
