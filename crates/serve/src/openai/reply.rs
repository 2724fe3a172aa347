//! Answers in `OpenAI`'s form.

use super::tools::Tools;
use ingot_runtime::generate::{End, Generator, Log, Reason, Token, ToolCall};
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
    /// What a whole answer begins with: the prompt, when it was asked back.
    pub(crate) echo: String,
}

/// One answer as it grows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) logs: Vec<Log>,
    pub(crate) end: Option<End>,
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
    /// One prompt counts once, however many answers it gets.
    pub(crate) fn of<'a>(ends: impl Iterator<Item = &'a End>, answers: usize) -> Self {
        let mut used = Self::default();
        for (index, end) in ends.enumerate() {
            if index.is_multiple_of(answers.max(1)) {
                used.add(end);
            } else {
                used.written += end.answer_tokens as u64;
            }
        }
        used
    }

    /// One answer more, with its prompt.
    pub(crate) fn add(&mut self, end: &End) {
        self.read += end.prompt_tokens as u64;
        self.cached += end.cached_tokens as u64;
        self.written += end.answer_tokens as u64;
    }

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
            let (text, calls) = self.calls(&answer.text);
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
                let mut offset = 0;
                let mut offsets = Vec::new();
                for log in logs {
                    offsets.push(offset);
                    offset += text(log.token).chars().count();
                }
                let tops = logs.iter().map(|log| {
                    log.top
                        .iter()
                        .map(|(token, logprob)| (text(*token), Value::from(*logprob)))
                        .collect::<serde_json::Map<_, _>>()
                });
                json!({
                    "tokens": logs.iter().map(|log| text(log.token)).collect::<Vec<_>>(),
                    "token_logprobs": logs.iter().map(|log| log.logprob).collect::<Vec<_>>(),
                    "top_logprobs": tops.collect::<Vec<_>>(),
                    "text_offset": offsets,
                })
            }
        }
    }
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
        Some(Reason::Dropped) | None => Value::Null,
    }
}
