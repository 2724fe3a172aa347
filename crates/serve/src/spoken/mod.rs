//! Why a language model answered as it did: `/api/explain` with a conversation or a text. How sure the model was of each token, and what
//! each part of the prompt did, found by leaving it out.

mod form;
mod work;

use crate::app::{App, Call, Reply, Trace};
use crate::aside::aside;
use crate::input::head;
use crate::messages::{DEPTH, MODEL_TWO};
use crate::model::Model;
use crate::openai::form as openai;
use crate::openai::reply::entry;
use crate::openai::{busy, short_enough, unasked};
use crate::problem::Problem;
use crate::shield::Spent;
use axum::body::Bytes;
use axum::http::{HeaderValue, header};
use form::Prompt;
use ingot_base::{Fault, Lang};
use ingot_explain::Occluded;
use ingot_runtime::generate::{Generator, Message};
use serde_json::{Map, Value, json};
use std::sync::Arc;
pub(crate) use work::TOGETHER;
use work::{Explained, Work};

/// Tokens of an answer that is explained, at most.
pub(crate) const ANSWER: usize = 256;
/// Tokens of the model's own answer, if nothing is said.
pub(crate) const USUAL: usize = 64;
/// Alternatives told of each token, at most, and if nothing is said.
pub(crate) const ALTERNATIVES: usize = 20;
pub(crate) const TOLD: usize = 5;
/// Parts of a prompt, at most.
pub(crate) const PARTS: usize = 32;
/// Parts that are told as reasons, and the least that they do: a tenth more or less likely is no reason.
const REASONS: usize = 3;
const LEAST: f64 = 0.1;
/// Percent that a reason tells, at least.
const FEWEST: f64 = 0.1;
/// Characters of a part that a reason repeats.
const SHOWN: usize = 60;

/// A language model that is asked to explain, and what it is told.
pub(crate) struct Talk {
    model: Arc<Model>,
    generator: Arc<dyn Generator>,
    members: Map<String, Value>,
}

impl App {
    /// The language model that a body in JSON asks; `None` where another model is meant, or none can be told.
    pub(crate) fn talk(&self, named: Option<&str>, body: &Bytes) -> Result<Option<Talk>, Problem> {
        let registry = self.registry.load();
        if !registry.models.iter().any(|model| model.generator().is_some()) {
            return Ok(None);
        }
        let scores = |name| registry.named(name).is_ok_and(|model| model.generator().is_none());
        if named.is_some_and(scores) {
            return Ok(None);
        }
        // Rows may be many: nothing is kept of a body before it is known to be none of rows.
        let head = head(body, self.bounds(self.limits.explained_rows));
        let within = head.as_ref().ok().and_then(|(name, _)| name.as_deref());
        let model = match named.or(within) {
            Some(name) => registry.named(name),
            None => registry.only(),
        };
        let model = match (model, &head) {
            (Ok(model), _) => model,
            // Whoever speaks does not mean rows.
            (Err(fault), Ok((_, true))) => return Err(Problem::new(fault)),
            _ => return Ok(None),
        };
        let Some(generator) = model.generator() else { return Ok(None) };
        if within.is_some_and(|within| *within != *model.name) {
            return Err(Problem::new(Fault::new(&MODEL_TWO)));
        }
        let members = match head {
            Err(problem) if problem.fault().code() == DEPTH.code => return Err(problem),
            _ => openai::object(body)?,
        };
        Ok(Some(Talk { model: Arc::clone(model), generator, members }))
    }

    /// Explains an answer.
    pub(crate) async fn explain_answer(
        &self,
        call: &Call,
        talk: Talk,
        trace: &mut Trace,
    ) -> Result<Reply, Problem> {
        let Talk { model, generator, members } = talk;
        trace.model = Some(Arc::clone(&model));
        let mut asked = form::read(&members)?;
        let bytes = asked.prompt.texts().iter().chain(&asked.answer).map(String::len).sum();
        short_enough(bytes, &*generator)?;
        self.allow(trace)?;
        self.look(&mut asked)?;
        // What the system is told unasked stays, and is not told.
        let system = match &asked.prompt {
            Prompt::Messages(messages) => unasked(&model, messages),
            Prompt::Text(_) => None,
        };
        let spent = Arc::new(Spent::new(Arc::clone(&self.allowance), trace.key()));
        trace.spent = Some(Arc::clone(&spent));
        let work = Work {
            generator: Arc::clone(&generator),
            owner: trace.key().unwrap_or_else(|| Arc::from("")),
            asked,
            system,
            way: self.shield.outgoing(),
            spent: Arc::clone(&spent),
        };
        // An explanation asks the model some dozens of times: few at once, and a short queue before them.
        let slot = self.turn(&model.explaining).await?;
        let (found, explained) = aside(slot, move |wanted| work.explain(wanted)).await?;
        self.shield.count(1, found);
        let explained = explained.map_err(busy)?;
        trace.rows = 1;
        let (used, evaluations) = spent.so_far();
        let mut usage = used.json();
        usage["rows"] = Value::from(1);
        usage["evaluations"] = Value::from(evaluations);
        let body = json!({
            "model": &*model.name, "version": &*model.version,
            "explanations": [told_of(&explained, &*generator, call.lang)],
            "usage": usage, "request_id": &*call.id,
        });
        let mut reply = Reply::json(body.to_string());
        reply.headers.push((header::CONTENT_LANGUAGE, HeaderValue::from_static(call.lang.tag())));
        Ok(reply)
    }

    /// Sends what people wrote past the guard: the prompt, and an answer that they gave.
    fn look(&self, asked: &mut form::Asked) -> Result<(), Problem> {
        let mut written = match &asked.prompt {
            Prompt::Messages(messages) => messages.clone(),
            Prompt::Text(text) => vec![Message::new("user", text.as_str())],
        };
        let given = asked.answer.as_ref().map(|answer| Message::new("assistant", answer.as_str()));
        written.extend(given);
        self.shield.incoming(&mut written, &mut [])?;
        if asked.answer.is_some() {
            asked.answer = written.pop().map(|answer| answer.content);
        }
        match &mut asked.prompt {
            Prompt::Messages(messages) => *messages = written,
            Prompt::Text(text) => {
                *text = written.pop().map_or_else(String::new, |prompt| prompt.content);
            }
        }
        Ok(())
    }
}

/// An explanation as clients read it.
fn told_of(explained: &Explained, generator: &dyn Generator, lang: Lang) -> Value {
    let tokens: Vec<Value> = explained.tokens.iter().map(|log| entry(generator, log)).collect();
    let Occluded { parts, exact } = &explained.occluded;
    json!({
        "answer": explained.answer, "finish_reason": explained.reason,
        "logprob": explained.logprob, "tokens": tokens,
        "prompt": { "parts": parts, "exact": exact },
        "reasons": reasons(&explained.occluded, lang),
        "drawing": explained.drawing,
    })
}

/// The parts that did most for the answer, in words.
fn reasons(occluded: &Occluded, lang: Lang) -> Vec<Value> {
    let mut parts: Vec<_> =
        occluded.parts.iter().filter(|part| part.contribution > LEAST).collect();
    parts.sort_by(|a, b| b.contribution.total_cmp(&a.contribution));
    let reason = |part: &&ingot_explain::Part| {
        let mut shown: String = part.text.chars().take(SHOWN).collect();
        if part.text.chars().nth(SHOWN).is_some() {
            shown.push('…');
        }
        // How likely the answer is without it, of how likely it is.
        let percent = 100.0 * (-part.contribution).exp();
        let decimals = usize::from(percent < 10.0);
        let text = match lang {
            Lang::En if percent < FEWEST => {
                format!("Without “{shown}” the answer would be less than {FEWEST}% as likely.")
            }
            Lang::En => {
                format!(
                    "Without “{shown}” the answer would be only {percent:.decimals$}% as likely."
                )
            }
            Lang::Zh if percent < FEWEST => {
                format!("去掉“{shown}”后，该回答的概率不到原来的 {FEWEST}%。")
            }
            Lang::Zh => format!("去掉“{shown}”后，该回答的概率降至原来的 {percent:.decimals$}%。"),
        };
        json!({ "code": "part", "text": text })
    };
    parts.iter().take(REASONS).map(reason).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ingot_explain::Part;

    #[test]
    fn reasons_name_what_did_most_in_both_languages() {
        let part = |text: &str, contribution: f64| Part {
            text: text.into(),
            places: Vec::new(),
            contribution,
        };
        let long = "x".repeat(70);
        let parts = vec![
            part("little", 0.05),
            part("twice", 2.0_f64.ln()),
            part("against", -3.0),
            part(&long, 20.0_f64.ln()),
            part("all", 90.0),
            part("thrice", 3.0_f64.ln()),
        ];
        let occluded = Occluded { parts, exact: true };
        let told = |lang| -> Vec<String> {
            let text = |reason: &Value| reason["text"].as_str().unwrap().to_owned();
            reasons(&occluded, lang).iter().map(text).collect()
        };
        let shown = "x".repeat(60);
        let english = [
            "Without “all” the answer would be less than 0.1% as likely.".to_owned(),
            format!("Without “{shown}…” the answer would be only 5.0% as likely."),
            "Without “thrice” the answer would be only 33% as likely.".to_owned(),
        ];
        assert_eq!(told(Lang::En), english);
        assert_eq!(told(Lang::Zh)[2], "去掉“thrice”后，该回答的概率降至原来的 33%。");
        assert_eq!(told(Lang::Zh)[0], "去掉“all”后，该回答的概率不到原来的 0.1%。");
    }
}
