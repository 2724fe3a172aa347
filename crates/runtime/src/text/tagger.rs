//! A token classifier in ONNX, as encoders for named entities are published: a graph from tokens to a score for each label.

use super::sessions::Sessions;
use super::tokens::{Piece, Tokenizer};
use crate::Library;
use crate::messages::TAGGER;
use crate::onnx::{self, Limits, Session, proto::Graph};
use ingot_base::{Fault, Result};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// What the graph is given, by the names that exporters of such networks use.
const IDS: &str = "input_ids";
const MASK: &str = "attention_mask";
const SEGMENTS: &str = "token_type_ids";
const LOGITS: &str = "logits";
/// Tokens read at once where the configuration does not say, and at most.
const WINDOW: usize = 512;
/// The part of a window that it shares with the next: what stands there is read with words on both sides.
const SHARED: usize = 4;

/// Something that the network named.
#[derive(Debug, Clone, PartialEq)]
pub struct TagPlace {
    /// The label without its mark of a beginning or inside (`B-`, `I-`, `E-`, `S-`).
    pub label: Arc<str>,
    /// Where it stands in the text, in bytes.
    pub place: Range<usize>,
    /// Mean probability of the label over its tokens, 0 to 1.
    pub score: f32,
}

/// A loaded token classifier; asked from many threads at once.
#[derive(Debug)]
pub struct Tagger {
    sessions: Sessions,
    tokenizer: Tokenizer,
    labels: Vec<Tag>,
    inputs: Vec<&'static str>,
    output: String,
    window: usize,
}

/// One of the network's classes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Tag {
    /// None of what lies outside of everything.
    label: Option<Arc<str>>,
    /// Whether something new begins here.
    begins: bool,
}

#[derive(Deserialize)]
struct Configuration {
    id2label: BTreeMap<String, String>,
    max_position_embeddings: Option<usize>,
}

impl Tagger {
    /// Makes a network of its graph, its tokenizer (`tokenizer.json`) and its configuration (`config.json` with `id2label`), for so many
    /// callers at once.
    ///
    /// # Errors
    /// When one of them is damaged, or the graph is no token classifier of these labels.
    pub fn load(
        library: &'static Library,
        graph: &[u8],
        tokenizer: &[u8],
        configuration: &[u8],
        callers: usize,
    ) -> Result<Self> {
        let configuration: Configuration = serde_json::from_slice(configuration)
            .map_err(|error| wrong(format!("config.json: {error}")))?;
        let labels = labels(&configuration.id2label)?;
        // What was read is gone before the session, which has a copy of its own, is made.
        let (inputs, output) = ends(onnx::read(graph, &Limits::default())?.graph.as_ref())?;
        let window = configuration.max_position_embeddings.unwrap_or(WINDOW).min(WINDOW);
        let tagger = Self {
            sessions: Sessions::new(library, Arc::from(graph), callers)?,
            tokenizer: Tokenizer::load(tokenizer, window)?,
            labels,
            inputs,
            output,
            window,
        };
        // A graph of other labels, or one that does not run, is found out now and not in the middle of the data.
        tagger.tags("1")?;
        Ok(tagger)
    }

    /// The labels, without marks of beginning and inside, each once.
    pub fn labels(&self) -> Vec<Arc<str>> {
        let mut labels: Vec<Arc<str>> =
            self.labels.iter().filter_map(|tag| tag.label.clone()).collect();
        labels.sort_unstable();
        labels.dedup();
        labels
    }

    /// Everything that the network names in a text, in order. A text longer than the network reads is read in parts that overlap.
    ///
    /// # Errors
    /// When the network fails.
    pub fn tags(&self, text: &str) -> Result<Vec<TagPlace>> {
        if text.trim().is_empty() {
            return Ok(Vec::new());
        }
        let pieces = self.tokenizer.pieces(text)?;
        let (head, rest) = split(&pieces, |piece| piece.1.is_some());
        let (body, tail) = split(rest, |piece| piece.1.is_none());
        let marks = head.len() + tail.len();
        let room = self.window.saturating_sub(marks).max(1);
        let mut tokens = Vec::with_capacity(body.len());
        for (part, keep) in windows(body.len(), room) {
            let part = body.get(part).unwrap_or_default();
            let ids: Vec<i64> = head.iter().chain(part).chain(tail).map(|piece| piece.0).collect();
            let scores = self.sessions.with(|session| self.evaluate(session, &ids))?;
            let rows = scores.chunks_exact(self.labels.len().max(1)).skip(head.len());
            let rows = rows.zip(part).skip(keep.start).take(keep.len());
            tokens.extend(rows.map(|(row, piece)| {
                let (class, probability) = likeliest(row);
                (class, probability, piece.1.clone().unwrap_or_default())
            }));
        }
        Ok(joined(&self.labels, text, &tokens))
    }

    /// A row of logits for each token.
    fn evaluate(&self, session: &Session, ids: &[i64]) -> Result<Vec<f32>> {
        let (ones, zeros) = (vec![1_i64; ids.len()], vec![0_i64; ids.len()]);
        let of = |name: &&'static str| match *name {
            IDS => (*name, ids),
            MASK => (*name, ones.as_slice()),
            _ => (*name, zeros.as_slice()),
        };
        let inputs: Vec<(&str, &[i64])> = self.inputs.iter().map(of).collect();
        let answers = session.run_several(&inputs, &[1, ids.len()], &[&self.output])?;
        let scores = answers.into_iter().next().map(|answer| answer.data).unwrap_or_default();
        if scores.len() == ids.len() * self.labels.len() {
            return Ok(scores);
        }
        let (given, tokens, named) = (scores.len(), ids.len(), self.labels.len());
        Err(wrong(format!(
            "the graph gives {given} numbers for {tokens} tokens and config.json names {named} labels"
        )))
    }
}

fn wrong(detail: impl Into<String>) -> Fault {
    Fault::new(&TAGGER).arg("detail", detail.into())
}

/// The labels in the order of the network's classes.
fn labels(named: &BTreeMap<String, String>) -> Result<Vec<Tag>> {
    let mut list: Vec<Option<Tag>> = vec![None; named.len()];
    for (number, name) in named {
        let slot = number.parse().ok().and_then(|number: usize| list.get_mut(number));
        let slot = slot.ok_or_else(|| {
            wrong(format!(
                "config.json: `id2label` has the number `{number}` of {} labels",
                named.len()
            ))
        })?;
        *slot = Some(tag(name));
    }
    let list: Option<Vec<Tag>> = list.into_iter().collect();
    list.filter(|list| list.iter().any(|tag| tag.label.is_some()))
        .ok_or_else(|| wrong("config.json: `id2label` names no label"))
}

fn tag(name: &str) -> Tag {
    let (mark, label) = match name.split_once(['-', '_']) {
        Some((mark @ ("B" | "I" | "E" | "S" | "L" | "U" | "M"), label)) => (mark, label),
        _ => ("I", name),
    };
    let outside = name.eq_ignore_ascii_case("o") || label.is_empty();
    Tag { label: (!outside).then(|| Arc::from(label)), begins: matches!(mark, "B" | "S" | "U") }
}

/// The inputs of the graph that we can give, and its output.
fn ends(graph: Option<&Graph>) -> Result<(Vec<&'static str>, String)> {
    let graph = graph.ok_or_else(|| wrong("it holds no graph"))?;
    let constant = |name: &str| graph.initializer.iter().any(|tensor| tensor.name == name);
    let mut inputs = Vec::new();
    for input in graph.input.iter().filter(|input| !constant(&input.name)) {
        let known = [IDS, MASK, SEGMENTS].into_iter().find(|known| input.name == *known);
        inputs.push(known.ok_or_else(|| {
            wrong(format!(
                "the graph wants `{}`; known are {IDS}, {MASK} and {SEGMENTS}",
                input.name
            ))
        })?);
    }
    if !inputs.contains(&IDS) {
        return Err(wrong(format!("the graph has no input `{IDS}`")));
    }
    let named = graph.output.iter().find(|output| output.name == LOGITS);
    let only = || graph.output.first().filter(|_| graph.output.len() == 1);
    let output = named.or_else(only);
    let output = output.ok_or_else(|| wrong(format!("the graph has no output `{LOGITS}`")))?;
    Ok((inputs, output.name.clone()))
}

fn split(pieces: &[Piece], stop: impl Fn(&Piece) -> bool) -> (&[Piece], &[Piece]) {
    let at = pieces.iter().position(stop).unwrap_or(pieces.len());
    pieces.split_at_checked(at).unwrap_or((pieces, &[]))
}

/// The parts in which so many tokens are read, and which of a part's tokens count: of what two parts share, each has the half that is
/// farther from its end.
fn windows(tokens: usize, room: usize) -> Vec<(Range<usize>, Range<usize>)> {
    let shared = room / SHARED;
    let mut parts = Vec::new();
    let (mut start, mut counted) = (0, 0);
    while counted < tokens {
        let end = (start + room).min(tokens);
        let until = if end == tokens { end } else { end - shared / 2 };
        parts.push((start..end, counted - start..until - start));
        counted = until;
        start = end - shared;
    }
    parts
}

/// Neighbouring tokens of a label as one place, never half of a word.
fn joined(labels: &[Tag], text: &str, tokens: &[(usize, f32, Range<usize>)]) -> Vec<TagPlace> {
    let mut found: Vec<(TagPlace, f32)> = Vec::new();
    for (class, probability, place) in tokens {
        let Some(Tag { label: Some(label), begins }) = labels.get(*class) else { continue };
        if place.is_empty() {
            continue;
        }
        let follows = |last: &TagPlace| {
            let end = widened(text, last.place.clone()).end;
            let gap = text.get(end..place.start);
            // The next piece of one word, whatever the network says; or what goes on behind a blank, or with the next ideograph.
            let goes_on = !begins && gap.is_some_and(|gap| gap.trim().is_empty());
            last.label == *label && (place.start < end || goes_on)
        };
        match found.last_mut() {
            Some((last, count)) if follows(last) => {
                last.place.end = place.end;
                last.score += probability;
                *count += 1.0;
            }
            _ => {
                let place = TagPlace {
                    label: Arc::clone(label),
                    place: place.clone(),
                    score: *probability,
                };
                found.push((place, 1.0));
            }
        }
    }
    let whole = |(found, count): (TagPlace, f32)| TagPlace {
        place: widened(text, found.place),
        score: found.score / count,
        ..found
    };
    let mut places: Vec<TagPlace> = Vec::with_capacity(found.len());
    for found in found.into_iter().map(whole) {
        match places.last_mut() {
            // Two labels in one word: it is the first's.
            Some(last) if found.place.start < last.place.end => {
                last.place.end = last.place.end.max(found.place.end);
            }
            _ => places.push(found),
        }
    }
    places
}

/// The likeliest class of a row of logits, and its probability.
fn likeliest(row: &[f32]) -> (usize, f32) {
    let best = row.iter().enumerate().max_by(|left, right| left.1.total_cmp(right.1));
    let Some((class, top)) = best else { return (0, 0.0) };
    let sum: f32 = row.iter().map(|score| (score - top).exp()).sum();
    (class, 1.0 / sum)
}

/// Letters and digits that words are written with in one go; ideographs stand alone.
fn joins(letter: char) -> bool {
    letter.is_alphanumeric()
        && !matches!(letter, '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
}

/// Whether a place lies between two letters of one word.
fn within_word(text: &str, at: usize) -> bool {
    let Some((before, after)) = text.split_at_checked(at) else { return false };
    before.chars().next_back().is_some_and(joins) && after.chars().next().is_some_and(joins)
}

/// The place with the rest of the words that it begins and ends in.
fn widened(text: &str, place: Range<usize>) -> Range<usize> {
    let inside = text.get(place.clone()).unwrap_or_default();
    let (before, after) = (text.get(..place.start), text.get(place.end..));
    // Some tokenizers count the blank before a word to it.
    let blank = inside.len() - inside.trim_start().len();
    let mut wide = place.start + blank..place.start + inside.trim_end().len().max(blank);
    if within_word(text, wide.start) {
        let letters = before.unwrap_or_default().chars().rev().take_while(|letter| joins(*letter));
        wide.start -= letters.map(char::len_utf8).sum::<usize>();
    }
    if within_word(text, wide.end) {
        let letters = after.unwrap_or_default().chars().take_while(|letter| joins(*letter));
        wide.end += letters.map(char::len_utf8).sum::<usize>();
    }
    wide
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags() -> Vec<Tag> {
        ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"].iter().map(|name| tag(name)).collect()
    }

    /// What is joined of tokens of one class each, given as pieces of the text in order.
    fn of(text: &str, tokens: &[(&str, usize)]) -> Vec<(String, String)> {
        let mut at = 0;
        let mut list = Vec::new();
        for (piece, class) in tokens {
            let start = at + text.get(at..).unwrap().find(piece).unwrap();
            at = start + piece.len();
            list.push((*class, 0.5, start..at));
        }
        let found = joined(&tags(), text, &list);
        found
            .iter()
            .map(|one| (one.label.to_string(), text.get(one.place.clone()).unwrap().to_owned()))
            .collect()
    }

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(label, text)| ((*label).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn labels_have_marks_or_none() {
        let plain = |label: &str, begins| Tag { label: Some(Arc::from(label)), begins };
        assert_eq!(tag("B-PER"), plain("PER", true));
        assert_eq!(tag("I_ORG"), plain("ORG", false));
        assert_eq!(tag("PERSON_NAME"), plain("PERSON_NAME", false));
        assert_eq!(tag("O").label, None);
        let map = |list: &[(&str, &str)]| {
            labels(&list.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect())
        };
        assert_eq!(map(&[("0", "O"), ("1", "PER")]).unwrap().len(), 2);
        for bad in [&[("0", "O")][..], &[("0", "PER"), ("2", "O")], &[("x", "PER")], &[]] {
            assert_eq!(map(bad).unwrap_err().code(), "runtime-tagger", "{bad:?}");
        }
    }

    #[test]
    fn pieces_of_a_word_stay_together_and_neighbours_apart() {
        let text = "Mr Johnson met Ann Lee, in York";
        let tokens =
            [("John", 1), ("son", 1), ("met", 0), ("Ann", 1), ("Lee", 2), (",", 0), ("York", 3)];
        assert_eq!(
            of(text, &tokens),
            pairs(&[("PER", "Johnson"), ("PER", "Ann Lee"), ("LOC", "York")])
        );
        // Half of a word is the word; two names side by side are two.
        assert_eq!(of("Johnson", &[("son", 2)]), pairs(&[("PER", "Johnson")]));
        assert_eq!(
            of("Ann Bob", &[("Ann", 1), ("Bob", 1)]),
            pairs(&[("PER", "Ann"), ("PER", "Bob")])
        );
        assert_eq!(
            of("Ann, Bob", &[("Ann", 2), ("Bob", 2)]),
            pairs(&[("PER", "Ann"), ("PER", "Bob")])
        );
        // Ideographs are words by themselves.
        let names = [("张", 1), ("三", 2), ("李", 1), ("四", 2), ("说", 0)];
        assert_eq!(of("张三李四说", &names), pairs(&[("PER", "张三"), ("PER", "李四")]));
        assert_eq!(of("Yorkshire", &[("York", 3), ("shire", 2)]), pairs(&[("LOC", "Yorkshire")]));
        assert_eq!(of("in York", &[(" York", 3)]), pairs(&[("LOC", "York")]));
    }

    #[test]
    fn every_token_counts_once_in_a_window_that_holds_it() {
        for tokens in 0..40 {
            for room in 1..12 {
                let parts = windows(tokens, room);
                let mut counted = Vec::new();
                for (part, keep) in &parts {
                    assert!(part.len() <= room && part.end <= tokens && keep.end <= part.len());
                    counted.extend(keep.clone().map(|at| part.start + at));
                }
                assert_eq!(counted, (0..tokens).collect::<Vec<_>>(), "{tokens} in {room}");
            }
        }
        assert_eq!(windows(10, 8), [(0..8, 0..7), (6..10, 1..4)]);
    }

    #[test]
    fn a_probability_is_a_softmax() {
        let (class, probability) = likeliest(&[0.0, 1.0, 1000.0]);
        assert_eq!(class, 2);
        assert!((probability - 1.0).abs() < 1e-6);
        assert!((likeliest(&[0.0, 0.0]).1 - 0.5).abs() < 1e-6);
    }
}
