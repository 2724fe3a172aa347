//! Grammars for answers, in llama.cpp's notation (GBNF). They come from clients: nesting, repetitions and size are bounded when they are
//! read, and work and memory whenever a token is judged, so that nobody's grammar holds up the others.

mod read;

use super::{Constraint, Token, Told};
use crate::messages::FORM_INVALID;
use ingot_base::{Fault, Text};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// Ways that an answer so far can be read at once, at most, and how deep each may be within rules.
const READINGS: usize = 2_048;
const DEEPEST: usize = 1_024;
/// Places that may be looked at to judge one token, or all tokens once: some hundredths of a second.
const WORK: usize = 1_000_000;
/// States and places that are remembered from token to token.
const STATES: usize = 4_096;
const PLACES: usize = 1 << 20;

type Found<T> = Result<T, Told>;

/// A grammar that cannot be used, and why.
pub(crate) fn invalid((english, chinese): Told) -> Fault {
    let fault = Fault::new(&FORM_INVALID).words("what", Text::new("grammar", "语法"));
    fault.words("detail", Text::new(english, chinese))
}

/// The work for one token is done, and the token not judged.
#[derive(Debug, Clone, Copy)]
struct Spent;

/// What a place of a rule takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Element {
    /// A character of a class, by its number.
    Class(usize),
    /// What a rule says.
    Rule(usize),
    /// A token, or any but it.
    Token { token: Token, not: bool },
}

/// Characters from and to, in order and apart.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Class {
    ranges: Vec<(u32, u32)>,
    not: bool,
}

impl Class {
    fn new(mut ranges: Vec<(u32, u32)>, not: bool) -> Self {
        ranges.retain(|(from, to)| from <= to);
        ranges.sort_unstable();
        let mut apart: Vec<(u32, u32)> = Vec::with_capacity(ranges.len());
        for (from, to) in ranges {
            match apart.last_mut() {
                Some(last) if from <= last.1.saturating_add(1) => last.1 = last.1.max(to),
                _ => apart.push((from, to)),
            }
        }
        Self { ranges: apart, not }
    }

    /// Whether any character of a range is in the class.
    fn meets(&self, low: u32, high: u32) -> bool {
        // The first range that does not end before it.
        let at = self.ranges.partition_point(|(_, to)| *to < low);
        let near = self.ranges.get(at);
        if self.not {
            !near.is_some_and(|(from, to)| *from <= low && high <= *to)
        } else {
            near.is_some_and(|(from, _)| *from <= high)
        }
    }
}

/// Rules that were read: the elements of all alternatives one after another, each alternative with `None` at its end.
#[derive(Debug)]
pub(crate) struct Rules {
    code: Vec<Option<Element>>,
    /// Where the alternatives of each rule begin.
    starts: Vec<Vec<usize>>,
    classes: Vec<Class>,
    root: usize,
    /// Readings before the first token.
    begin: BTreeSet<Reading>,
}

/// Where reading can go on: places in rules, the innermost last; none when the answer may end.
type Reading = Vec<usize>;

impl Rules {
    /// Reads a grammar. `marks` tells the tokens of a text with marks, for tokens that it names.
    ///
    /// # Errors
    /// Says what is wrong with it, without a word of it.
    pub(crate) fn new(
        text: &str,
        vocabulary: &Vocabulary,
        marks: &dyn Fn(&str) -> Vec<Token>,
    ) -> Found<Self> {
        let mut rules = read::read(text, vocabulary, marks)?;
        let endless = |_: Spent| {
            (
                "a rule begins with itself, or it can be read in too many ways",
                "某条规则以自身开头，或语法的歧义过多",
            )
        };
        // A rule that begins with itself would be followed for ever: told now rather than in the middle of an answer.
        let mut left = 4 * WORK;
        for starts in &rules.starts {
            for start in starts.iter().filter(|start| rules.at(**start).is_some()) {
                rules.close(vec![*start], &mut BTreeSet::new(), &mut left).map_err(endless)?;
            }
        }
        let mut begin = BTreeSet::new();
        let mut left = WORK;
        for start in rules.starts.get(rules.root).into_iter().flatten() {
            let reading = rules.at(*start).map(|_| *start).into_iter().collect();
            rules.close(reading, &mut begin, &mut left).map_err(endless)?;
        }
        rules.begin = begin;
        Ok(rules)
    }

    fn at(&self, place: usize) -> Option<Element> {
        self.code.get(place).copied().flatten()
    }

    fn class(&self, place: usize) -> Option<&Class> {
        match self.at(place) {
            Some(Element::Class(class)) => self.classes.get(class),
            _ => None,
        }
    }

    /// Past the innermost place of a reading.
    fn past(&self, reading: &[usize]) -> Reading {
        let mut next = reading.to_vec();
        if let Some(top) = next.pop()
            && self.at(top + 1).is_some()
        {
            next.push(top + 1);
        }
        next
    }

    /// Follows rules until every reading stands before a character or a token, or at the end.
    fn close(
        &self,
        reading: Reading,
        into: &mut BTreeSet<Reading>,
        left: &mut usize,
    ) -> Result<(), Spent> {
        let mut todo = vec![reading];
        let mut seen = BTreeSet::new();
        while let Some(mut reading) = todo.pop() {
            take(left, reading.len() + 1)?;
            if reading.len() > DEEPEST || into.len() > READINGS {
                return Err(Spent);
            }
            if !seen.insert(reading.clone()) {
                continue;
            }
            let Some(top) = reading.last().copied() else {
                into.insert(reading);
                continue;
            };
            let Some(Element::Rule(rule)) = self.at(top) else {
                into.insert(reading);
                continue;
            };
            reading = self.past(&reading);
            let starts = self.starts.get(rule).map(Vec::as_slice).unwrap_or_default();
            take(left, starts.len() * (reading.len() + 1))?;
            for start in starts {
                let mut next = reading.clone();
                if self.at(*start).is_some() {
                    next.push(*start);
                }
                todo.push(next);
            }
        }
        Ok(())
    }
}

fn take(left: &mut usize, work: usize) -> Result<(), Spent> {
    *left = left.checked_sub(work).ok_or(Spent)?;
    Ok(())
}

/// The tokens of a model as grammars see them.
#[derive(Debug)]
pub(crate) struct Vocabulary {
    /// The bytes of all tokens one after another; none of marks.
    bytes: Vec<u8>,
    /// Where those of each begin, and where the last ones end.
    begins: Vec<usize>,
    /// Whether a token ends answers.
    ends: Vec<bool>,
    /// Tokens by their bytes in order, each with how many it shares with the one before.
    order: Vec<(usize, usize)>,
}

impl Vocabulary {
    /// Of the tokens in the order of their numbers: bytes, and whether answers end with it.
    pub(crate) fn new(tokens: impl Iterator<Item = (Vec<u8>, bool)>) -> Self {
        let mut all = Self { bytes: Vec::new(), begins: vec![0], ends: Vec::new(), order: vec![] };
        for (piece, ends) in tokens {
            all.bytes.extend(piece);
            all.begins.push(all.bytes.len());
            all.ends.push(ends);
        }
        let mut sorted: Vec<usize> = (0..all.ends.len()).collect();
        sorted.retain(|token| !all.piece(*token).is_empty());
        sorted.sort_by(|one, other| all.piece(*one).cmp(all.piece(*other)));
        let mut before: &[u8] = &[];
        let mut order = Vec::with_capacity(sorted.len());
        for token in sorted {
            let bytes = all.piece(token);
            let shared = bytes.iter().zip(before).take_while(|(one, other)| one == other).count();
            order.push((token, shared));
            before = bytes;
        }
        all.order = order;
        all
    }

    fn knows(&self, token: Token) -> bool {
        usize::try_from(token).is_ok_and(|token| token < self.ends.len())
    }

    fn piece(&self, token: usize) -> &[u8] {
        let bounds = self.begins.get(token).zip(self.begins.get(token + 1));
        bounds.and_then(|(from, to)| self.bytes.get(*from..*to)).unwrap_or_default()
    }

    fn ends(&self, token: usize) -> bool {
        self.ends.get(token).copied().unwrap_or_default()
    }
}

/// All readings at some point of an answer, and where each character leads.
#[derive(Debug)]
struct State {
    readings: Arc<Vec<Reading>>,
    next: HashMap<u32, usize>,
}

/// The bytes so far of a character that is not whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Begun {
    value: u32,
    /// Bytes that are to come.
    left: u32,
    /// The least character that is written with as many bytes.
    least: u32,
}

/// A point of an answer: its state, and the character that was begun.
type Point = (usize, Begun);

/// The state of an answer that the grammar does not allow.
const DEAD: usize = 0;

/// A grammar at some point of an answer: rules that many answers share, and the state of this one.
#[derive(Debug)]
pub(crate) struct Grammar {
    rules: Arc<Rules>,
    vocabulary: Arc<Vocabulary>,
    states: Vec<State>,
    numbers: HashMap<Arc<Vec<Reading>>, usize>,
    /// Places in all readings of all states.
    places: usize,
    point: Point,
    /// Work that may still be done for this token.
    left: usize,
    fault: Option<Told>,
}

impl Grammar {
    /// The begin of an answer by rules that were read.
    pub(crate) fn new(rules: Arc<Rules>, vocabulary: Arc<Vocabulary>) -> Self {
        let begin = rules.begin.clone();
        let mut grammar = Self {
            rules,
            vocabulary,
            states: Vec::new(),
            numbers: HashMap::new(),
            places: 0,
            point: (DEAD, Begun::default()),
            left: WORK,
            fault: None,
        };
        grammar.state(BTreeSet::new());
        grammar.point.0 = grammar.state(begin);
        grammar
    }

    /// The number of a state.
    fn state(&mut self, readings: BTreeSet<Reading>) -> usize {
        let readings: Arc<Vec<Reading>> = Arc::new(readings.into_iter().collect());
        if let Some(number) = self.numbers.get(&readings) {
            return *number;
        }
        let number = self.states.len();
        self.places += readings.iter().map(|reading| reading.len() + 1).sum::<usize>();
        self.numbers.insert(Arc::clone(&readings), number);
        self.states.push(State { readings, next: HashMap::new() });
        number
    }

    fn readings(&self, state: usize) -> Arc<Vec<Reading>> {
        self.states.get(state).map(|state| Arc::clone(&state.readings)).unwrap_or_default()
    }

    /// Where a character leads.
    fn step(&mut self, state: usize, character: u32) -> Result<usize, Spent> {
        let known = self.states.get(state).and_then(|state| state.next.get(&character));
        if let Some(next) = known {
            return Ok(*next);
        }
        let mut into = BTreeSet::new();
        for reading in self.readings(state).iter() {
            take(&mut self.left, 1)?;
            let class = reading.last().and_then(|top| self.rules.class(*top));
            if class.is_some_and(|class| class.meets(character, character)) {
                self.rules.close(self.rules.past(reading), &mut into, &mut self.left)?;
            }
        }
        let next = self.state(into);
        if let Some(state) = self.states.get_mut(state) {
            state.next.insert(character, next);
        }
        Ok(next)
    }

    /// Where a byte leads, if anywhere.
    fn byte(&mut self, (state, begun): Point, byte: u8) -> Result<Option<Point>, Spent> {
        let value = u32::from(byte);
        let begun = match (begun.left, byte) {
            (0, 0..=0x7F) => Begun { value, left: 0, least: 0 },
            (0, 0xC2..=0xDF) => Begun { value: value & 0x1F, left: 1, least: 0x80 },
            (0, 0xE0..=0xEF) => Begun { value: value & 0x0F, left: 2, least: 0x800 },
            (0, 0xF0..=0xF4) => Begun { value: value & 0x07, left: 3, least: 0x1_0000 },
            (1..=3, 0x80..=0xBF) => {
                Begun { value: begun.value << 6 | value & 0x3F, left: begun.left - 1, ..begun }
            }
            _ => return Ok(None),
        };
        if begun.left == 0 {
            if char::from_u32(begun.value).is_none() {
                return Ok(None);
            }
            let next = self.step(state, begun.value)?;
            return Ok((next != DEAD).then_some((next, Begun::default())));
        }
        let open = 6 * begun.left;
        let first = begun.value << open;
        let low = first.max(begun.least);
        let high = (first | ((1 << open) - 1)).min(u32::from(char::MAX));
        if low > high || (0xD800..=0xDFFF).contains(&low) && high <= 0xDFFF {
            return Ok(None);
        }
        let readings = self.readings(state);
        take(&mut self.left, readings.len())?;
        let meets = readings.iter().any(|reading| {
            let class = reading.last().and_then(|top| self.rules.class(*top));
            class.is_some_and(|class| class.meets(low, high))
        });
        Ok(meets.then_some((state, begun)))
    }

    /// The point after a token's bytes, if they may come.
    fn after(&mut self, token: usize) -> Result<Option<Point>, Spent> {
        let vocabulary = Arc::clone(&self.vocabulary);
        let bytes = vocabulary.piece(token);
        let mut point = self.point;
        for byte in bytes {
            match self.byte(point, *byte)? {
                Some(next) => point = next,
                None => return Ok(None),
            }
        }
        Ok((!bytes.is_empty()).then_some(point))
    }

    /// The readings that take a token as such.
    fn takes(&self, token: usize) -> impl Iterator<Item = &Reading> {
        let here = self.states.get(self.point.0).filter(|_| self.point.1.left == 0);
        let readings = here.into_iter().flat_map(|state| state.readings.iter());
        readings.filter(move |reading| {
            let top = reading.last().and_then(|top| self.rules.at(*top));
            let Some(Element::Token { token: one, not }) = top else { return false };
            usize::try_from(one).is_ok_and(|one| one == token) != not
        })
    }

    /// Whether the answer may end here.
    fn may_end(&self) -> bool {
        let state = self.states.get(self.point.0).filter(|_| self.point.1.left == 0);
        state.is_some_and(|state| state.readings.iter().any(Vec::is_empty))
    }

    fn judge(&mut self, token: usize) -> Result<bool, Spent> {
        if self.vocabulary.ends(token) {
            return Ok(self.may_end());
        }
        Ok(self.after(token)?.is_some() || self.takes(token).next().is_some())
    }

    /// Which tokens may come.
    fn judge_all(&mut self, count: usize) -> Result<Vec<bool>, Spent> {
        let vocabulary = Arc::clone(&self.vocabulary);
        let mut fine = vec![false; count];
        // The points along the bytes of the token before, and how many bytes no token may begin with that begins so.
        let (mut points, mut refused) = (vec![self.point], usize::MAX);
        for (token, shared) in &vocabulary.order {
            if *shared >= refused {
                continue;
            }
            refused = usize::MAX;
            points.truncate(shared + 1);
            for byte in vocabulary.piece(*token).iter().skip(*shared) {
                let point = points.last().copied().unwrap_or(self.point);
                let Some(next) = self.byte(point, *byte)? else {
                    refused = points.len();
                    break;
                };
                points.push(next);
            }
            if let Some(one) = fine.get_mut(*token).filter(|_| refused == usize::MAX) {
                *one = true;
            }
        }
        let by_name = self.readings(self.point.0).iter().any(|reading| {
            let top = reading.last().and_then(|top| self.rules.at(*top));
            matches!(top, Some(Element::Token { .. }))
        });
        let ends = self.may_end();
        for (token, one) in fine.iter_mut().enumerate() {
            if vocabulary.ends(token) {
                *one = ends;
            } else if by_name && !*one {
                *one = self.takes(token).next().is_some();
            }
        }
        Ok(fine)
    }

    fn go_on(&mut self, token: usize) -> Result<(), Spent> {
        if self.vocabulary.ends(token) {
            return Ok(());
        }
        let after = self.after(token)?;
        let named: Vec<Reading> = self.takes(token).map(|one| self.rules.past(one)).collect();
        if named.is_empty() {
            self.point = after.unwrap_or_default();
            return Ok(());
        }
        let mut into = BTreeSet::new();
        for reading in named {
            self.rules.close(reading, &mut into, &mut self.left)?;
        }
        // Whole characters that lead on as well stay possible.
        if let Some((state, begun)) = after
            && begun.left == 0
        {
            into.extend(self.readings(state).iter().cloned());
        }
        self.point = (self.state(into), Begun::default());
        Ok(())
    }

    /// Forgets where characters lead, when that has become much.
    fn tidy(&mut self) {
        if self.states.len() <= STATES && self.places <= PLACES {
            return;
        }
        let here = self.readings(self.point.0).iter().cloned().collect();
        self.states.clear();
        self.numbers.clear();
        self.places = 0;
        self.state(BTreeSet::new());
        self.point.0 = self.state(here);
    }

    /// Notes that the answer cannot go on.
    fn give_up<T>(&mut self, _: Spent) -> Option<T> {
        self.fault = Some(("it can be read in too many ways", "语法的歧义过多"));
        None
    }
}

impl Constraint for Grammar {
    fn allows(&mut self, token: Token) -> bool {
        self.left = WORK;
        let Ok(token) = usize::try_from(token) else { return false };
        let judged = self.judge(token);
        judged.map_or_else(|spent| self.give_up(spent), Some).unwrap_or_default()
    }

    fn mask(&mut self, scores: &mut [f32]) {
        self.left = WORK;
        if self.fault.is_some() {
            return;
        }
        let judged = self.judge_all(scores.len());
        let Some(fine) = judged.map_or_else(|spent| self.give_up(spent), Some) else { return };
        if !fine.contains(&true) {
            self.fault = Some(("no token of the model fits", "模型没有符合语法的词元"));
        }
        for (score, fine) in scores.iter_mut().zip(fine) {
            if !fine {
                *score = f32::NEG_INFINITY;
            }
        }
    }

    fn accept(&mut self, token: Token) {
        self.left = WORK;
        if let Ok(token) = usize::try_from(token)
            && let Err(spent) = self.go_on(token)
        {
            let _: Option<()> = self.give_up(spent);
        }
        self.tidy();
    }

    fn fault(&self) -> Option<Told> {
        self.fault
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// One byte a token, then two texts of several, a mark, and the end.
    fn vocabulary() -> Arc<Vocabulary> {
        let bytes = (0..=255_u8).map(|byte| (vec![byte], false));
        let more =
            [(b"yes".to_vec(), false), ("是".into(), false), (vec![], false), (vec![], true)];
        Arc::new(Vocabulary::new(bytes.chain(more)))
    }

    fn grammar(text: &str) -> Found<Grammar> {
        let (words, marks) =
            (vocabulary(), |mark: &str| if mark == "<m>" { vec![258] } else { vec![] });
        Ok(Grammar::new(Arc::new(Rules::new(text, &words, &marks)?), words))
    }

    /// Whether an answer is taken, byte by byte, and may end.
    fn fits(grammar_text: &str, answer: &str) -> bool {
        let mut grammar = grammar(grammar_text).unwrap();
        answer.bytes().all(|byte| {
            let token = Token::from(byte);
            let allowed = grammar.allows(token);
            let mut scores = vec![1.0; 260];
            grammar.mask(&mut scores);
            assert_eq!(scores[usize::from(byte)].is_finite(), allowed, "{grammar_text} {answer}");
            if allowed {
                grammar.accept(token);
            }
            allowed
        }) && grammar.allows(259)
    }

    #[test]
    fn answers_are_held_to_the_grammar() {
        let list = "root ::= \"[\" (item (\",\" item)*)? \"]\" # a list\nitem ::= [0-9]{1,3} | [^a-z\\]0-9,]+";
        for (answer, fine) in [
            ("[]", true),
            ("[1,22,333]", true),
            ("[4444]", false),
            ("[是]", true),
            ("[a]", false),
            ("[1", false),
        ] {
            assert_eq!(fits(list, answer), fine, "{answer}");
        }
        assert!(fits("root ::= (\"a\"* \"b\"?)*", "aabab") && fits("root ::= . .", "是a"));
        assert!(fits("root ::= \"\\x41\\u00e9\\n\" a{2}\na ::= [x-z-]", "Aé\n-y"));
        assert!(!fits("root ::= [a-é]{2,}", "a"));
    }

    #[test]
    fn whole_tokens_and_marks_are_judged() {
        let mut grammar = grammar("root ::= \"ye\" [s] <m> !<[258]>").unwrap();
        assert!(grammar.allows(256) && !grammar.allows(257) && !grammar.allows(258));
        grammar.accept(256);
        assert!(grammar.allows(258) && !grammar.allows(Token::from(b'a')) && !grammar.allows(259));
        grammar.accept(258);
        assert!(!grammar.allows(258) && grammar.allows(257));
        grammar.accept(257);
        assert!(grammar.allows(259) && grammar.fault().is_none());
    }

    #[test]
    fn bombs_are_refused_when_they_are_read() {
        for deep in
            ["(".repeat(5120), format!("root ::= {}\"a\"{}", "(".repeat(65), ")".repeat(65))]
        {
            assert!(grammar(&format!("root ::= {deep}")).is_err());
        }
        let fine = format!("root ::= {}\"a\"{}", "(".repeat(64), ")".repeat(64));
        assert!(grammar(&fine).is_ok());
        for bad in [
            "",
            "a ::= \"b\"",
            "root ::= missing",
            "root ::= \"a",
            "root ::= [a",
            "root ::= \"\\q\"",
            "root ::= \"\\x4\"",
            "root ::= *",
            "root ::= a{9999999999999999999}\na ::= \"b\"",
            "root ::= \"a\"{3,2}",
            "root ::= <[9999]>",
            "root ::= <[-1]>",
            "root ::= <none>",
            "root ::= root \"a\" | \"b\"",
            "root ::= \"a\" b\nb ::= c? b \"d\" | \"e\"\nc ::= \"f\"",
        ] {
            assert!(grammar(bad).is_err(), "{bad}");
        }
        assert!(grammar(&format!("root ::= {}", "[a-z]{10000} ".repeat(20))).is_err());
        // In a literal, a class or a comment a parenthesis is a character.
        let plain = format!("root ::= \"{0}\" [(] # {0}", "(".repeat(500));
        assert!(grammar(&plain).is_ok());
    }

    #[test]
    fn ambiguous_grammars_end_in_a_fault_and_not_in_a_standstill() {
        let many = format!("root ::= {}\ny ::= [a-z ]* | [a-z]* | \"\"", "y ".repeat(2000));
        let classes =
            format!("root ::= [{}]*", ('\u{4e00}'..'\u{9fff}').step_by(2).collect::<String>());
        let begun = std::time::Instant::now();
        if let Ok(mut grammar) = grammar(&many) {
            for _ in 0..8 {
                let mut scores = vec![1.0; 260];
                grammar.mask(&mut scores);
                grammar.accept(Token::from(b'a'));
            }
        }
        assert!(fits(&classes, "一丂"));
        assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
    }

    #[test]
    fn much_that_was_remembered_is_forgotten_without_a_change() {
        let mut grammar = grammar("root ::= [a-z]{10000}").unwrap();
        for at in 0..9000 {
            assert!(grammar.allows(Token::from(b'q')), "{at}");
            grammar.accept(Token::from(b'q'));
        }
        assert!(grammar.states.len() <= STATES + 1 && !grammar.allows(259));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(root ::= )?[a-c\"\\[\\]()|*+?{}0-9,:=<>!.#^\\\\ \n-]{0,40}") {
            if let Ok(mut grammar) = grammar(&text) {
                for token in [97, 98, 256, 257, 259] {
                    if grammar.allows(token) {
                        grammar.accept(token);
                    }
                }
                grammar.mask(&mut [0.0; 260]);
            }
        }
    }
}
