//! Answers in `OpenAI`'s form.

use super::tools::Tools;
use crate::shield::Outgoing;
use ingot_runtime::generate::{End, Form, Generator, Log, Reason, Token, ToolCall};
use serde_json::{Value, json};
use std::sync::Arc;

/// Which of the two forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Chat,
    Text,
}

/// What all pieces of an answer have in common.
#[derive(Clone)]
pub(crate) struct Head {
    pub(crate) kind: Kind,
    pub(crate) id: String,
    pub(crate) created: i64,
    pub(crate) model: Arc<str>,
    pub(crate) generator: Arc<dyn Generator>,
    /// Functions that the answer may call.
    pub(crate) tools: Option<Tools>,
    /// What the answer must have the form of.
    pub(crate) form: Option<Form>,
    /// What a whole answer begins with: the prompt, when it was asked back.
    pub(crate) echo: Option<Echo>,
}

/// A prompt that is told again.
#[derive(Debug, Clone)]
pub(crate) struct Echo {
    pub(crate) text: String,
    /// Its first token, where its tokens' log-probabilities are told: nothing comes before it that could foretell it.
    pub(crate) first: Option<Token>,
}

/// One answer as it grows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) logs: Vec<Log>,
    pub(crate) end: Option<End>,
    /// What it calls, where the guard looked at that; else it is still in the text.
    pub(crate) calls: Option<Vec<ToolCall>>,
    /// The guard cut it off.
    pub(crate) filtered: bool,
}

/// Tokens of a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Used {
    pub(crate) read: u64,
    pub(crate) cached: u64,
    pub(crate) written: u64,
}

impl Used {
    pub(crate) fn json(self) -> Value {
        json!({
            "prompt_tokens": self.read, "completion_tokens": self.written,
            "total_tokens": self.read + self.written,
            "prompt_tokens_details": { "cached_tokens": self.cached },
        })
    }
}

impl Head {
    fn object(&self, piece: bool) -> &'static str {
        match (self.kind, piece) {
            (Kind::Chat, false) => "chat.completion",
            (Kind::Chat, true) => "chat.completion.chunk",
            (Kind::Text, _) => "text_completion",
        }
    }

    fn with(&self, piece: bool, choices: &[Value]) -> Value {
        json!({
            "id": self.id, "object": self.object(piece), "created": self.created,
            "model": &*self.model, "choices": choices,
        })
    }

    /// The whole answer.
    pub(crate) fn whole(&self, answers: &[Answer], used: Used) -> Value {
        let choice = |(index, answer): (usize, &Answer)| {
            let (text, calls) = match &answer.calls {
                Some(calls) => (answer.text.clone(), calls.clone()),
                None => self.calls(&answer.text),
            };
            let reason = reason(answer.end.as_ref(), !calls.is_empty(), answer.filtered);
            let logs = (!answer.logs.is_empty()).then(|| self.logs(&answer.logs));
            match self.kind {
                Kind::Chat => {
                    let mut message = json!({ "role": "assistant", "content": text });
                    if !calls.is_empty() {
                        let content = if text.is_empty() { Value::Null } else { Value::from(text) };
                        message["content"] = content;
                        message["tool_calls"] = self.called(&calls, index, false);
                    }
                    json!({ "index": index, "message": message, "logprobs": logs, "finish_reason": reason })
                }
                Kind::Text => {
                    json!({ "index": index, "text": text, "logprobs": logs, "finish_reason": reason })
                }
            }
        };
        let choices: Vec<Value> = answers.iter().enumerate().map(choice).collect();
        let mut value = self.with(false, &choices);
        value["usage"] = used.json();
        value
    }

    /// The first piece of a chat's answer.
    pub(crate) fn opening(&self, index: usize) -> Option<Value> {
        let delta = json!({ "role": "assistant", "content": "" });
        let choice = json!({ "index": index, "delta": delta, "finish_reason": null });
        (self.kind == Kind::Chat).then(|| self.with(true, &[choice]))
    }

    /// More of an answer.
    pub(crate) fn piece(&self, index: usize, text: &str, logs: &[Log]) -> Value {
        let logs = (!logs.is_empty()).then(|| self.logs(logs));
        let mut choice = json!({ "index": index, "finish_reason": null });
        match self.kind {
            Kind::Chat => choice["delta"] = json!({ "content": text }),
            Kind::Text => choice["text"] = Value::from(text),
        }
        if let Some(logs) = logs {
            choice["logprobs"] = logs;
        }
        self.with(true, &[choice])
    }

    /// The calls of an answer, in one piece.
    pub(crate) fn calling(&self, index: usize, calls: &[ToolCall]) -> Value {
        let delta = json!({ "tool_calls": self.called(calls, index, true) });
        self.with(true, &[json!({ "index": index, "delta": delta, "finish_reason": null })])
    }

    /// The last piece of an answer.
    pub(crate) fn closing(&self, index: usize, answer: &Answer, called: bool) -> Value {
        let reason = reason(answer.end.as_ref(), called, answer.filtered);
        let mut choice = json!({ "index": index, "finish_reason": reason });
        match self.kind {
            Kind::Chat => choice["delta"] = json!({}),
            Kind::Text => choice["text"] = Value::from(""),
        }
        self.with(true, &[choice])
    }

    /// What was used, after the last piece.
    pub(crate) fn usage(&self, used: Used) -> Value {
        let mut value = self.with(true, &[]);
        value["usage"] = used.json();
        value
    }

    /// What an answer says, and what it calls.
    pub(crate) fn calls(&self, text: &str) -> (String, Vec<ToolCall>) {
        match &self.tools {
            Some(tools) => tools.calls(text),
            None => (text.to_owned(), Vec::new()),
        }
    }

    /// What an answer says and calls, as the guard lets it out: what had to have a form keeps it, or is withheld.
    pub(crate) fn guarded(
        &self,
        way: &mut Outgoing,
        said: &str,
        calls: &mut Vec<ToolCall>,
    ) -> String {
        let text = match &self.form {
            // A call that had to be made has its form in its arguments.
            Some(form) if calls.is_empty() => way.formed(said, form),
            _ => {
                let mut text = way.push(said);
                text.push_str(&way.finish());
                text
            }
        };
        for call in calls.iter_mut() {
            let promised = self.tools.as_ref().and_then(|tools| tools.promised(&call.name));
            way.arguments(call, promised);
        }
        if way.blocked {
            calls.clear();
        }
        text
    }

    fn called(&self, calls: &[ToolCall], answer: usize, numbered: bool) -> Value {
        let call = |(index, call): (usize, &ToolCall)| {
            let mut value = json!({
                "id": format!("call_{}_{answer}_{index}", self.id), "type": "function",
                "function": { "name": call.name, "arguments": call.arguments.to_string() },
            });
            if numbered {
                value["index"] = Value::from(index);
            }
            value
        };
        calls.iter().enumerate().map(call).collect()
    }

    fn logs(&self, logs: &[Log]) -> Value {
        let text = |token| String::from_utf8_lossy(&self.generator.piece(token)).into_owned();
        match self.kind {
            Kind::Chat => {
                let entries = logs.iter().map(|log| entry(&*self.generator, log));
                json!({ "content": entries.collect::<Vec<_>>() })
            }
            Kind::Text => {
                let tops = logs.iter().map(|log| {
                    if log.logprob.is_nan() {
                        return Value::Null;
                    }
                    let one =
                        |(token, logprob): &(Token, f32)| (text(*token), Value::from(*logprob));
                    Value::Object(log.top.iter().map(one).collect())
                });
                json!({
                    "tokens": logs.iter().map(|log| text(log.token)).collect::<Vec<_>>(),
                    "token_logprobs": logs.iter().map(|log| log.logprob).collect::<Vec<_>>(),
                    "top_logprobs": tops.collect::<Vec<_>>(),
                    "text_offset": offsets(logs.iter().map(|log| self.generator.piece(log.token))),
                })
            }
        }
    }
}

/// Where each token begins in the text that they make together, in characters; within a character, where that begins.
fn offsets(pieces: impl Iterator<Item = Vec<u8>>) -> Vec<usize> {
    let inner = |byte: &u8| byte & 0xC0 == 0x80;
    let mut begun = 0_usize;
    let place = |piece: Vec<u8>| {
        let within = piece.first().is_some_and(inner);
        let at = begun.saturating_sub(usize::from(within));
        begun += piece.iter().filter(|byte| !inner(byte)).count();
        at
    };
    pieces.map(place).collect()
}

/// A token of an answer with its log-probability and the likeliest others in its place.
pub(crate) fn entry(generator: &dyn Generator, log: &Log) -> Value {
    let one = |token: Token, logprob: f32| {
        let bytes = generator.piece(token);
        json!({ "token": String::from_utf8_lossy(&bytes), "logprob": logprob, "bytes": bytes })
    };
    let mut value = one(log.token, log.logprob);
    value["top_logprobs"] = log.top.iter().map(|(token, logprob)| one(*token, *logprob)).collect();
    value
}

fn reason(end: Option<&End>, called: bool, filtered: bool) -> Value {
    if filtered {
        return Value::from("content_filter");
    }
    match end.map(|end| end.reason) {
        Some(Reason::Stop) if called => Value::from("tool_calls"),
        Some(Reason::Stop) => Value::from("stop"),
        Some(Reason::Length) => Value::from("length"),
        Some(Reason::Dropped | Reason::Failed) | None => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_stand_where_their_characters_begin() {
        let pieces =
            ["a".as_bytes(), &"你".as_bytes()[..1], &"你".as_bytes()[1..], b"", b"bc", b"d"];
        let found = offsets(pieces.into_iter().map(<[u8]>::to_vec));
        assert_eq!(found, [0, 1, 1, 2, 2, 4]);
    }
}
