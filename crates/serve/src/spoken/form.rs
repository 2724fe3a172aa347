//! What is asked when an answer of a language model is to be explained.

use super::{ALTERNATIVES, ANSWER, TOLD, USUAL};
use crate::openai::form::{count, fault, messages, model, range};
use crate::problem::{Problem, unknown};
use ingot_runtime::generate::Message;
use serde_json::{Map, Value};

const MEMBERS: [&str; 6] = ["model", "messages", "prompt", "answer", "max_tokens", "top_logprobs"];

/// A request understood.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Asked {
    pub(super) prompt: Prompt,
    /// The answer to explain; else the model's own.
    pub(super) answer: Option<String>,
    /// Tokens of its own answer at most.
    pub(super) max_tokens: usize,
    /// Alternatives that are told of each token.
    pub(super) alternatives: usize,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Prompt {
    /// A conversation, which the model's template makes a prompt of.
    Messages(Vec<Message>),
    /// A text that goes on.
    Text(String),
}

impl Prompt {
    /// Its texts: what parts of can be left out.
    pub(super) fn texts(&self) -> Vec<String> {
        match self {
            Self::Messages(messages) => {
                messages.iter().map(|message| message.content.clone()).collect()
            }
            Self::Text(text) => vec![text.clone()],
        }
    }

    /// Whose each text is.
    pub(super) fn speakers(&self) -> Vec<String> {
        match self {
            Self::Messages(messages) => {
                messages.iter().map(|message| message.role.clone()).collect()
            }
            Self::Text(_) => vec![String::new()],
        }
    }
}

/// Reads the members of a body.
pub(super) fn read(members: &Map<String, Value>) -> Result<Asked, Problem> {
    let errors = unknown(members, &MEMBERS);
    if !errors.is_empty() {
        return Err(Problem::fields(errors));
    }
    model(members)?;
    let prompt = match (members.get("messages"), members.get("prompt")) {
        (Some(_), None) => Prompt::Messages(messages(members)?),
        (None, Some(Value::String(text))) => Prompt::Text(text.clone()),
        (None, Some(_)) => return Err(fault("prompt", ("a text", "文本"))),
        _ => {
            return Err(fault(
                "messages",
                (
                    "a list of messages, or a text as `prompt` instead",
                    "消息列表，或改用文本形式的 `prompt`",
                ),
            ));
        }
    };
    let answer = match members.get("answer") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text.clone()),
        Some(_) => return Err(fault("answer", ("a text", "文本"))),
    };
    let max_tokens = count(members, "max_tokens", ANSWER)?.unwrap_or(USUAL);
    if max_tokens == 0 {
        return Err(range("max_tokens", 1, ANSWER));
    }
    let alternatives = count(members, "top_logprobs", ALTERNATIVES)?.unwrap_or(TOLD);
    Ok(Asked { prompt, answer, max_tokens, alternatives })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(body: Value) -> Result<Asked, String> {
        let Value::Object(members) = body else { unreachable!() };
        super::read(&members).map_err(|problem| {
            let field = problem.fault().args().iter().find(|(name, _)| *name == "field");
            let field = field.map_or("", |(_, field)| field.as_str());
            format!("{} {field}", problem.fault().code())
        })
    }

    #[test]
    fn a_conversation_or_a_text_with_or_without_an_answer() {
        let asked =
            read(json!({ "model": "m", "messages": [{ "role": "user", "content": "你好" }],
            "answer": "hi", "max_tokens": 3, "top_logprobs": 0 }));
        let asked = asked.unwrap();
        assert_eq!(asked.prompt, Prompt::Messages(vec![Message::new("user", "你好")]));
        assert_eq!(
            (asked.prompt.texts(), asked.prompt.speakers()),
            (vec!["你好".into()], vec!["user".into()])
        );
        assert_eq!(
            (asked.answer.as_deref(), asked.max_tokens, asked.alternatives),
            (Some("hi"), 3, 0)
        );
        let asked = read(json!({ "prompt": "Once", "answer": null })).unwrap();
        assert_eq!(asked.prompt, Prompt::Text("Once".into()));
        assert_eq!((asked.answer, asked.max_tokens, asked.alternatives), (None, USUAL, TOLD));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let user = json!([{ "role": "user", "content": "a" }]);
        for (body, code) in [
            (json!({}), "serve-openai-field messages"),
            (json!({ "messages": [] }), "serve-openai-field messages"),
            (json!({ "messages": user, "prompt": "a" }), "serve-openai-field messages"),
            (json!({ "messages": [{ "role": "robot" }] }), "serve-openai-field messages[0].role"),
            (json!({ "prompt": ["a"] }), "serve-openai-field prompt"),
            (json!({ "prompt": "a", "answer": 1 }), "serve-openai-field answer"),
            (json!({ "prompt": "a", "max_tokens": 0 }), "serve-openai-field max_tokens"),
            (json!({ "prompt": "a", "max_tokens": ANSWER + 1 }), "serve-openai-field max_tokens"),
            (json!({ "prompt": "a", "top_logprobs": 21 }), "serve-openai-field top_logprobs"),
            (json!({ "prompt": "a", "model": 1 }), "serve-openai-field model"),
            (json!({ "prompt": "a", "temperature": 1 }), "serve-input "),
        ] {
            assert_eq!(read(body.clone()).unwrap_err(), code, "{body}");
        }
    }
}
