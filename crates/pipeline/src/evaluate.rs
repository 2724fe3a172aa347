//! A language model's answers to questions whose right answers are known: in the gate of `[compress]`, and for `ingot eval`.

use crate::conversation::{self, Read};
use crate::messages::{
    EVAL_CUT, EVAL_EMPTY, EVAL_FIELD, EVAL_LINE, EVAL_LONG, EVAL_NONE, EVAL_PATTERN,
};
use ingot_base::{Fault, Result, Text, atomic, fault};
use ingot_runtime::generate::{Ask, Event, Generator, Message, Sampling, Ticket};
use ingot_train::language::{Figure, same_answer, share_figure};
use regex::Regex;
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::channel;

/// Most bytes of a file of questions.
const LIMIT: u64 = 1 << 30;

/// A question and its right answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The conversation up to where the answer begins.
    pub messages: Vec<Message>,
    /// The right answer.
    pub expected: String,
    /// Answers to choose of, where the question has such.
    pub choices: Vec<String>,
}

impl Question {
    /// The last answer of a conversation, and what comes before it; `None` of a conversation without one.
    pub fn of(row: &[Message]) -> Option<Self> {
        let at = row.iter().rposition(|message| message.role == "assistant")?;
        let (messages, expected) = (row.get(..at)?.to_vec(), row.get(at)?.content.clone());
        Some(Self { messages, expected, choices: Vec::new() })
    }
}

/// Reads questions out of JSON lines: `messages` that end with an answer or have one beside them, or a question and its answer under these
/// two names; an answer that is no text is its JSON. With `choices`, a list of answers to choose of. At most `limit`.
///
/// # Errors
/// When the file cannot be read, a line is no such object, or there is none.
pub fn questions(path: &Path, prompt: &str, answer: &str, limit: usize) -> Result<Vec<Question>> {
    let bytes = atomic::read(path, LIMIT)?;
    // Some programs begin a file with the mark of its byte order.
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
    let mut all = Vec::new();
    let lines = text.split(|byte| *byte == b'\n').zip(1_u64..);
    for (line, number) in lines.filter(|(line, _)| !line.trim_ascii().is_empty()).take(limit) {
        all.push(question(line, prompt, answer).map_err(|wrong| {
            Fault::new(&EVAL_LINE)
                .arg("path", path.display())
                .arg("line", number)
                .arg("prompt", prompt)
                .arg("answer", answer)
                .words("wrong", wrong)
        })?);
    }
    if all.is_empty() {
        return Err(Fault::new(&EVAL_EMPTY).arg("path", path.display()));
    }
    Ok(all)
}

fn question(line: &[u8], prompt: &str, answer: &str) -> Read<Question> {
    let Ok(row) = serde_json::from_slice::<Value>(line) else {
        return Err(Text::new("it is no JSON", "不是 JSON"));
    };
    let lacks = |name: &str| {
        let (en, zh) = ("is missing or no text", "缺少，或不是文本");
        Text::new(format!("`{name}` {en}"), format!("`{name}` {zh}"))
    };
    let expected = row.get(answer).and_then(expected);
    let mut question = if let Some(messages) = row.get("messages") {
        conversed(conversation::messages(messages)?, expected)?
    } else {
        let asked = row.get(prompt).and_then(Value::as_str).ok_or_else(|| lacks(prompt))?;
        Question {
            messages: vec![Message::new("user", asked)],
            expected: expected.ok_or_else(|| lacks(answer))?,
            choices: Vec::new(),
        }
    };
    if let Some(choices) = row.get("choices") {
        question.choices = serde_json::from_value(choices.clone())
            .map_err(|_| Text::new("`choices` is no list of texts", "`choices` 不是文本列表"))?;
        if !question.choices.is_empty() && !question.choices.contains(&question.expected) {
            return Err(Text::new(
                "its answer is none of its `choices`",
                "答案不在 `choices` 之中",
            ));
        }
    }
    Ok(question)
}

/// A right answer as text; what is no text as its JSON.
fn expected(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// A conversation with the answer beside it, where it does not end with one of its own; else with its last one.
fn conversed(messages: Vec<Message>, beside: Option<String>) -> Read<Question> {
    let answered = messages.last().is_some_and(|message| message.role == "assistant");
    match beside.filter(|_| !answered) {
        Some(expected) => Ok(Question { messages, expected, choices: Vec::new() }),
        None => Question::of(&messages)
            .ok_or_else(|| Text::new("`messages` holds no answer", "`messages` 中没有回答")),
    }
}

/// What is measured beside exact match.
#[derive(Debug, Clone, Default)]
pub struct Measures {
    /// Answers that match are counted.
    pub pattern: Option<Regex>,
    /// Members of the answers' JSON objects, each judged alone.
    pub fields: Vec<String>,
    /// Tokens of an answer at most.
    pub answer_tokens: usize,
}

impl Measures {
    /// With a pattern as text.
    ///
    /// # Errors
    /// When it is no regular expression.
    pub fn new(pattern: Option<&str>, fields: &[String], answer_tokens: usize) -> Result<Self> {
        let pattern = pattern
            .map(|text| Regex::new(text).map_err(|error| Fault::new(&EVAL_PATTERN).because(error)));
        Ok(Self { pattern: pattern.transpose()?, fields: fields.to_vec(), answer_tokens })
    }
}

/// One figure, and which questions it counts as right.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Judged {
    /// The share of right answers.
    #[serde(flatten)]
    pub figure: Figure,
    /// Questions that it was measured on.
    pub rows: u64,
    /// Of each question: right, wrong, or not measured.
    #[serde(skip)]
    pub right: Vec<Option<bool>>,
}

impl Judged {
    fn new(name: impl Into<String>, right: Vec<Option<bool>>) -> Option<Self> {
        let rows = right.iter().flatten().count() as u64;
        let hits = right.iter().flatten().filter(|right| **right).count() as u64;
        Some(Self { figure: share_figure(&name.into(), hits, rows)?, rows, right })
    }

    /// What it is called.
    pub fn title(&self) -> Text {
        match self.figure.name.as_str() {
            "regex" => Text::new("Answers that match the pattern", "匹配正则表达式的回答"),
            "choice" => Text::new("Right choice by likelihood", "按似然选中正确选项"),
            name => match name.strip_prefix("field:") {
                Some(field) => {
                    Text::new(format!("JSON member `{field}`"), format!("JSON 字段 `{field}`"))
                }
                None => self.figure.title(),
            },
        }
    }
}

/// A model's answers and how right they are.
#[derive(Debug, Serialize)]
pub struct Evaluation {
    /// Questions asked.
    pub rows: u64,
    /// Questions that are longer than the context: not asked, and in no figure.
    pub too_long: u64,
    /// Exact match first.
    pub figures: Vec<Judged>,
    /// What is worth knowing of these figures.
    #[serde(skip)]
    pub warnings: Vec<Fault>,
    /// What was said, in the order of the questions.
    #[serde(skip)]
    pub answers: Vec<String>,
}

/// That some expected answer has each member that is to be judged.
fn known_fields(questions: &[Question], fields: &[String]) -> Result<()> {
    if fields.is_empty() {
        return Ok(());
    }
    let object = |question: &Question| match serde_json::from_str(question.expected.trim()) {
        Ok(Value::Object(members)) => Some(members),
        _ => None,
    };
    let known: BTreeSet<String> = questions
        .iter()
        .filter_map(object)
        .flat_map(|members| members.into_iter().map(|(name, _)| name))
        .collect();
    match fields.iter().find(|field| !known.contains(*field)) {
        None => Ok(()),
        Some(field) => {
            let known: Vec<&str> = known.iter().take(20).map(String::as_str).collect();
            let known = if known.is_empty() { "–".to_owned() } else { known.join(", ") };
            Err(Fault::new(&EVAL_FIELD).arg("field", field).arg("known", known))
        }
    }
}

/// Asks a model and judges its answers.
///
/// # Errors
/// When the model cannot answer, no question fits its context, or no expected answer has a member that is to be judged.
pub fn evaluate(
    generator: &Arc<dyn Generator>,
    system: Option<&str>,
    questions: &[Question],
    measures: &Measures,
) -> Result<Evaluation> {
    known_fields(questions, &measures.fields)?;
    let told: Vec<Question> = questions.iter().map(|one| with_system(one, system)).collect();
    let said = heard(generator, &told, measures.answer_tokens)?;
    let (all, context) = (questions.len() as u64, generator.about().context);
    let too_long = said.iter().filter(|said| said.is_none()).count() as u64;
    let mut warnings = Vec::new();
    if too_long == all {
        return Err(Fault::new(&EVAL_NONE).arg("all", all).arg("context", context));
    }
    if too_long > 0 {
        let told = Fault::new(&EVAL_LONG).arg("count", too_long).arg("all", all);
        warnings.push(told.arg("context", context));
    }
    let limit = measures.answer_tokens;
    let long = |one: &&Question| generator.tokens(&one.expected, false).len() > limit;
    let cut = told.iter().filter(long).count();
    if cut > 0 {
        let told = Fault::new(&EVAL_CUT).arg("count", cut).arg("all", all);
        warnings.push(told.arg("limit", limit));
    }
    // Of each question that was asked.
    let each = |judge: &dyn Fn(&str, &Question) -> Option<bool>| -> Vec<Option<bool>> {
        said.iter().zip(&told).map(|(said, one)| judge(said.as_deref()?, one)).collect()
    };
    let exact = each(&|said, one| Some(same_answer(said, &one.expected)));
    let mut figures: Vec<Judged> = Judged::new("exact_match", exact).into_iter().collect();
    if let Some(pattern) = &measures.pattern {
        figures.extend(Judged::new("regex", each(&|said, _| Some(pattern.is_match(said)))));
    }
    for field in &measures.fields {
        let right = each(&|said, one| same_member(said, &one.expected, field));
        figures.extend(Judged::new(format!("field:{field}"), right));
    }
    figures.extend(Judged::new("choice", choices(generator, &told)?));
    let answers = said.into_iter().map(Option::unwrap_or_default).collect();
    Ok(Evaluation { rows: all - too_long, too_long, figures, warnings, answers })
}

fn with_system(question: &Question, system: Option<&str>) -> Question {
    let mut told = question.clone();
    if let Some(system) = system
        && !told.messages.iter().any(|message| message.role == "system")
    {
        told.messages.insert(0, Message::new("system", system));
    }
    told
}

/// Whether a member of the answer's JSON object is that of the expected one's, which must have it to be measured.
fn same_member(said: &str, expected: &str, field: &str) -> Option<bool> {
    let json = |text: &str| serde_json::from_str::<Value>(text.trim()).ok();
    let expected = json(expected)?;
    let expected = expected.get(field)?;
    Some(json(said).is_some_and(|said| said.get(field) == Some(expected)))
}

/// The likeliest answers, in the order of the questions; nothing to a question that leaves no room in the context.
///
/// # Errors
/// When the model cannot answer.
pub fn answers(
    generator: &Arc<dyn Generator>,
    questions: &[Question],
    answer_tokens: usize,
) -> Result<Vec<String>> {
    let all = heard(generator, questions, answer_tokens)?;
    Ok(all.into_iter().map(Option::unwrap_or_default).collect())
}

/// The same; `None` to a question that leaves no room in the context.
fn heard(
    generator: &Arc<dyn Generator>,
    questions: &[Question],
    answer_tokens: usize,
) -> Result<Vec<Option<String>>> {
    let room = generator.about().context;
    let asks = questions.iter().map(|question| {
        let prompt = generator.conversation(&question.messages, &[], true)?;
        let sampling = Sampling::greedy();
        Ok((prompt.len() < room).then(|| Ask {
            prompt,
            max_tokens: answer_tokens,
            sampling,
            ..Ask::default()
        }))
    });
    let asks = asks.collect::<Result<Vec<_>>>()?;
    let asked: Vec<bool> = asks.iter().map(Option::is_some).collect();
    let heard = hear(generator, asks)?.into_iter().zip(asked);
    // Half a character at the end, where an answer is cut off, is none.
    let text = |heard: Heard| heard.text.trim_end_matches('\u{FFFD}').to_owned();
    Ok(heard.map(|(heard, asked)| asked.then(|| text(heard))).collect())
}

/// Of every question with choices: whether the likeliest of them, by the sum of its tokens' log-probabilities, is the right one.
fn choices(generator: &Arc<dyn Generator>, questions: &[Question]) -> Result<Vec<Option<bool>>> {
    let room = generator.about().context;
    let (mut asks, mut lengths, mut fits) = (Vec::new(), Vec::new(), Vec::new());
    for question in questions {
        if question.choices.is_empty() {
            fits.push(false);
            continue;
        }
        let prompt = generator.conversation(&question.messages, &[], true)?;
        // As everywhere: what leaves no room for an answer is not asked.
        fits.push(prompt.len() < room);
        for choice in &question.choices {
            let own = generator.tokens(choice, false);
            lengths.push(own.len());
            let whole: Vec<_> = prompt.iter().copied().chain(own).collect();
            asks.push((whole.len() <= room).then(|| Ask {
                prompt: whole,
                sampling: Sampling::greedy(),
                alternatives: Some(0),
                echo: true,
                ..Ask::default()
            }));
        }
    }
    let heard = hear(generator, asks)?;
    let sums: Vec<f64> = heard
        .iter()
        .zip(lengths)
        .map(|(heard, length)| match heard.logs.len().checked_sub(length) {
            Some(before) if length > 0 => heard.logs.iter().skip(before).sum(),
            _ => f64::NEG_INFINITY,
        })
        .collect();
    let mut rest = sums.as_slice();
    let judge = |(question, fits): (&Question, bool)| {
        let (own, after) = rest.split_at(question.choices.len().min(rest.len()));
        rest = after;
        chosen(question, own).filter(|_| fits)
    };
    Ok(questions.iter().zip(fits).map(judge).collect())
}

/// Whether the likeliest choice, by these sums of log-probabilities, is the right one: wrong where no choice has one, `None` without
/// choices.
fn chosen(question: &Question, sums: &[f64]) -> Option<bool> {
    let known = sums.iter().zip(&question.choices).filter(|(sum, _)| sum.is_finite());
    let best = known.max_by(|left, right| left.0.total_cmp(right.0));
    let right = best.is_some_and(|(_, choice)| *choice == question.expected);
    (!question.choices.is_empty()).then_some(right)
}

/// What was heard of one request.
#[derive(Debug, Clone, Default)]
struct Heard {
    text: String,
    /// Log-probabilities of the prompt's tokens from the second on, if asked for.
    logs: Vec<f64>,
}

/// Lets as many requests as the model works on at once run side by side. What is `None` is not asked.
fn hear(generator: &Arc<dyn Generator>, asks: Vec<Option<Ask>>) -> Result<Vec<Heard>> {
    let slots = generator.about().slots.max(1);
    let mut heard: Vec<Heard> = asks.iter().map(|_| Heard::default()).collect();
    let (send, receive) = channel();
    let asks = asks.into_iter().enumerate();
    let mut waiting = asks.filter_map(|(index, ask)| Some((index, ask?)));
    let mut running: BTreeMap<usize, Ticket> = BTreeMap::new();
    loop {
        while running.len() < slots {
            let Some((index, ask)) = waiting.next() else { break };
            let send = send.clone();
            let sink = Box::new(move |event| {
                // Whoever no longer listens wants nothing more.
                let _ = send.send((index, event));
            });
            running.insert(index, generator.start(ask, sink)?);
        }
        if running.is_empty() {
            return Ok(heard);
        }
        let (index, event) = receive
            .recv()
            .map_err(|error| fault::internal("a language model fell silent").because(error))?;
        let Some(one) = heard.get_mut(index) else { continue };
        match event {
            Event::Prompt { logs, .. } => {
                one.logs = logs.iter().map(|log| f64::from(log.logprob)).collect();
            }
            Event::Text { text, .. } => one.text.push_str(&text),
            Event::Done(_) => {
                running.remove(&index);
            }
            Event::Failed { fault, .. } => return Err(fault),
        }
    }
}

/// Two models on the same questions.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SideBySide {
    /// Questions that only the first answers rightly.
    pub only_first: u64,
    /// Questions that only the second answers rightly.
    pub only_second: u64,
    /// How often chance alone would part them so far or further: `McNemar`'s test, exact.
    pub chance: f64,
}

/// Compares one figure of two models, question by question.
pub fn side_by_side(first: &Judged, second: &Judged) -> SideBySide {
    let pairs = || first.right.iter().zip(&second.right);
    let only = |left: bool, right: bool| {
        pairs().filter(|pair| *pair == (&Some(left), &Some(right))).count() as u64
    };
    let (only_first, only_second) = (only(true, false), only(false, true));
    SideBySide { only_first, only_second, chance: mcnemar(only_first, only_second) }
}

/// The exact test: of n questions that part them, twice the chance that a fair coin gives so few of the rarer kind.
#[expect(clippy::cast_precision_loss, reason = "questions are counted in thousands")]
fn mcnemar(first: u64, second: u64) -> f64 {
    let (few, all) = (first.min(second), first + second);
    // Logarithms of binomial coefficients, one from the other.
    let mut term = -(all as f64) * std::f64::consts::LN_2;
    let mut sum = term.exp();
    for taken in 0..few {
        term += ((all - taken) as f64).ln() - ((taken + 1) as f64).ln();
        sum += term.exp();
    }
    (2.0 * sum).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ingot_runtime::generate::{ChatTemplate, FakeGenerator};

    #[test]
    fn questions_come_as_conversations_or_as_two_columns() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("q.jsonl");
        let text = "{\"prompt\":\"龘\",\"answer\":\"答\",\"choices\":[\"答\",\"否\"]}\n\n\
            {\"messages\":[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"assistant\",\"content\":\"b\"}]}\n";
        atomic::write(&path, text.as_bytes()).unwrap();
        let found = questions(&path, "prompt", "answer", 10).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].expected.as_str(), found[0].choices.len()), ("答", 2));
        assert_eq!((found[1].messages.len(), found[1].expected.as_str()), (1, "b"));
        assert_eq!(questions(&path, "prompt", "answer", 1).unwrap().len(), 1);
        let fault = questions(&path, "frage", "answer", 10).unwrap_err();
        assert_eq!(fault.code(), "pipeline-eval-line");
        assert!(!format!("{fault:?}").contains('龘'), "no value is told");
        assert!(fault.to_string().ends_with("`frage` is missing or no text"), "{fault}");
        atomic::write(&path, ["\u{FEFF}", text].concat().as_bytes()).unwrap();
        assert_eq!(questions(&path, "prompt", "answer", 10).unwrap(), found);
        atomic::write(&path, b"\n").unwrap();
        assert_eq!(
            questions(&path, "prompt", "answer", 10).unwrap_err().code(),
            "pipeline-eval-empty"
        );
    }

    #[test]
    fn an_answer_may_stand_beside_messages_and_be_no_text() {
        let read = |line: &str| question(line.as_bytes(), "prompt", "answer");
        let asked = r#"{"role":"user","content":"2 + 2?"}"#;
        let said = r#"{"role":"assistant","content":"5"}"#;
        for (answer, expected) in [
            (r#""4""#, "4"),
            ("4", "4"),
            ("4.5", "4.5"),
            (r#"{"sum": 4}"#, r#"{"sum":4}"#),
            ("[4]", "[4]"),
        ] {
            let beside = format!(r#"{{"messages":[{asked}],"answer":{answer}}}"#);
            let found = read(&beside).unwrap();
            assert_eq!((found.messages.len(), found.expected.as_str()), (1, expected));
            let plain = format!(r#"{{"prompt":"2 + 2?","answer":{answer}}}"#);
            assert_eq!(read(&plain).unwrap().expected, expected);
        }
        // A later turn of the user is what is asked; an answer at the end is the conversation's own.
        let later =
            read(&format!(r#"{{"messages":[{asked},{said},{asked}],"answer":"4"}}"#)).unwrap();
        assert_eq!((later.messages.len(), later.expected.as_str()), (3, "4"));
        let own = read(&format!(r#"{{"messages":[{asked},{said}],"answer":"4"}}"#)).unwrap();
        assert_eq!((own.messages.len(), own.expected.as_str()), (1, "5"));
        for line in [
            format!(r#"{{"messages":[{asked}],"answer":null}}"#),
            format!(r#"{{"messages":[{asked}]}}"#),
        ] {
            assert_eq!(read(&line).unwrap_err().en, "`messages` holds no answer");
        }
        let none = read(r#"{"prompt":"a","answer":null}"#).unwrap_err();
        assert_eq!(none.en, "`answer` is missing or no text");
    }

    #[test]
    fn an_answer_is_one_of_its_choices() {
        let line = br#"{"prompt":"a","answer":"c","choices":["a","b"]}"#;
        let wrong = question(line, "prompt", "answer").unwrap_err();
        assert_eq!(wrong.en, "its answer is none of its `choices`");
    }

    #[test]
    fn what_is_too_long_is_not_asked_and_not_counted() {
        let template = ChatTemplate::new("{{ messages[0].content }}", "", "").unwrap();
        let model = FakeGenerator::new("b").with_template(template);
        let room = model.about().context;
        let generator: Arc<dyn Generator> = Arc::new(model);
        let ask = |text: String| Question {
            messages: vec![Message::new("user", text)],
            expected: "b".to_owned(),
            choices: vec!["b".to_owned(), "c".to_owned()],
        };
        let (short, long) = (ask("a".to_owned()), ask("a".repeat(room * 2)));
        let measures = Measures::new(None, &[], 8).unwrap();
        let found = evaluate(&generator, None, &[short.clone(), long.clone()], &measures).unwrap();
        assert_eq!((found.rows, found.too_long, found.warnings.len()), (1, 1, 1));
        assert_eq!(found.warnings[0].code(), "pipeline-eval-long");
        let exact = &found.figures[0];
        assert_eq!((exact.rows, &exact.right), (1, &vec![Some(true), None]));
        assert_eq!(found.figures.last().unwrap().right[1], None);
        let none = evaluate(&generator, None, &[long], &measures).unwrap_err();
        assert_eq!(none.code(), "pipeline-eval-none");

        let brief = Measures::new(None, &[], 1).unwrap();
        let wordy = Question { expected: "bb".to_owned(), choices: Vec::new(), ..short.clone() };
        let cut = evaluate(&generator, None, &[wordy], &brief).unwrap();
        assert_eq!(cut.warnings[0].code(), "pipeline-eval-cut");
        let field = Measures::new(None, &["order".to_owned()], 8).unwrap();
        let unknown = evaluate(&generator, None, &[short], &field).unwrap_err();
        assert_eq!(unknown.code(), "pipeline-eval-field");
    }

    #[test]
    fn a_choice_is_right_only_where_its_likelihood_is_known() {
        let mut question = Question {
            messages: Vec::new(),
            expected: "b".to_owned(),
            choices: ["a", "b"].map(str::to_owned).into(),
        };
        let never = f64::NEG_INFINITY;
        assert_eq!(chosen(&question, &[-2.0, -1.0]), Some(true));
        assert_eq!(chosen(&question, &[-1.0, -2.0]), Some(false));
        assert_eq!(chosen(&question, &[never, -9.0]), Some(true));
        for unknown in [[never, never], [f64::NAN, f64::NAN], [never, f64::NAN], [-9.0, f64::NAN]] {
            assert_eq!(chosen(&question, &unknown), Some(false), "{unknown:?}");
        }
        assert_eq!(chosen(&question, &[]), Some(false));
        question.choices.clear();
        assert_eq!(chosen(&question, &[]), None);
    }

    #[test]
    fn members_are_judged_where_they_are_expected() {
        let expected = r#"{"order":"A1","urgent":false}"#;
        assert_eq!(same_member(r#"{"urgent": false, "x": 1}"#, expected, "urgent"), Some(true));
        assert_eq!(same_member(r#"{"urgent": true}"#, expected, "urgent"), Some(false));
        assert_eq!(same_member("no object", expected, "order"), Some(false));
        assert_eq!(same_member("{}", expected, "name"), None);
    }

    #[test]
    fn chance_is_that_of_the_textbook() {
        // scipy.stats.binomtest(k, n).pvalue
        for (first, second, expected) in
            [(0, 0, 1.0), (5, 0, 0.0625), (1, 9, 0.021_484_375), (4, 4, 1.0), (30, 12, 0.007_916)]
        {
            let found = mcnemar(first, second);
            assert!((found - expected).abs() < 1e-4, "{first} {second}: {found}");
        }
        let judged = |right: &[bool]| {
            Judged::new("exact_match", right.iter().copied().map(Some).collect()).unwrap()
        };
        let found = side_by_side(&judged(&[true, true, false]), &judged(&[true, false, false]));
        assert_eq!((found.only_first, found.only_second), (1, 0));
    }
}
