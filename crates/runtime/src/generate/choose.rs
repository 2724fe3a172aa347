//! Choosing a token of the model's scores.

use super::{Log, Sampling, Token};
use ingot_base::Rng;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};

/// Tokens that the repetition penalty looks back on.
const REPEAT_WINDOW: usize = 64;
/// Candidates this far below the best are looked at only if the others do not suffice.
const FAR: f32 = 12.0;

/// A reason, in English and in Chinese.
pub type Told = (&'static str, &'static str);

/// A form that answers must have, token by token.
pub trait Constraint: Send {
    /// Whether a token may come next.
    fn allows(&mut self, token: Token) -> bool;
    /// Makes the scores of all tokens that may not come next minus infinity.
    fn mask(&mut self, scores: &mut [f32]);
    /// Goes on past a token that was chosen.
    fn accept(&mut self, token: Token);
    /// Why the answer cannot go on, if it cannot: what was chosen since means nothing.
    fn fault(&self) -> Option<Told> {
        None
    }
}

/// Chooses the tokens of one answer.
#[derive(Debug, Clone)]
pub struct Chooser {
    settings: Sampling,
    rng: Rng,
    /// How often the answer has a token.
    counts: BTreeMap<Token, u32>,
    recent: VecDeque<Token>,
    scores: Vec<f32>,
    candidates: Vec<(f32, Token)>,
}

impl Chooser {
    /// For an answer to `prompt`.
    pub fn new(settings: Sampling, prompt: &[Token]) -> Self {
        let rng = Rng::new(settings.seed, "sampling");
        let skipped = prompt.len().saturating_sub(REPEAT_WINDOW);
        let recent = prompt.iter().skip(skipped).copied().collect();
        let (scores, candidates) = (Vec::new(), Vec::new());
        Self { settings, rng, counts: BTreeMap::new(), recent, scores, candidates }
    }

    /// The next token, by the model's scores (logits) of all tokens. It becomes part of the answer.
    pub fn choose(
        &mut self,
        logits: &[f32],
        form: Option<&mut (dyn Constraint + 'static)>,
    ) -> Token {
        let changed = self.change(logits);
        let mut scores = std::mem::take(&mut self.scores);
        let mut token = self.pick(if changed { &scores } else { logits });
        if let Some(form) = form {
            if !form.allows(token) {
                if !changed {
                    scores.clear();
                    scores.extend_from_slice(logits);
                }
                form.mask(&mut scores);
                token = self.pick(&scores);
            }
            form.accept(token);
        }
        self.scores = scores;
        *self.counts.entry(token).or_default() += 1;
        if self.recent.len() == REPEAT_WINDOW {
            self.recent.pop_front();
        }
        self.recent.push_back(token);
        token
    }

    /// Applies penalties and bias to a copy; whether there were any.
    fn change(&mut self, logits: &[f32]) -> bool {
        let settings = &self.settings;
        let counted = settings.frequency_penalty != 0.0 || settings.presence_penalty != 0.0;
        let repeated = (settings.repeat_penalty - 1.0).abs() > f32::EPSILON;
        let counts = counted && !self.counts.is_empty();
        if settings.bias.is_empty() && !repeated && !counts {
            return false;
        }
        self.scores.clear();
        self.scores.extend_from_slice(logits);
        let scores = &mut self.scores;
        let mut at = |token: Token, change: &dyn Fn(f32) -> f32| {
            if let Some(score) = usize::try_from(token).ok().and_then(|at| scores.get_mut(at)) {
                *score = change(*score);
            }
        };
        if repeated {
            let mut seen: Vec<Token> = self.recent.iter().copied().collect();
            seen.sort_unstable();
            seen.dedup();
            let by = settings.repeat_penalty;
            for token in seen {
                at(token, &|score| if score > 0.0 { score / by } else { score * by });
            }
        }
        if counted {
            for (token, count) in &self.counts {
                #[expect(clippy::cast_precision_loss, reason = "answers are short")]
                let less = settings.frequency_penalty * *count as f32 + settings.presence_penalty;
                at(*token, &|score| score - less);
            }
        }
        for (token, more) in &settings.bias {
            at(*token, &|score| score + more);
        }
        true
    }

    fn pick(&mut self, scores: &[f32]) -> Token {
        let settings = self.settings.clone();
        if settings.temperature <= 0.0 || settings.top_k == 1 {
            return best(scores);
        }
        self.candidates(scores, settings.top_k, settings.top_p);
        let Some(&(first, likeliest)) = self.candidates.first() else { return best(scores) };
        if settings.top_p < 1.0 {
            // Probabilities among the candidates, as in llama.cpp: of the `top_k` when that bounds them.
            let over = if settings.top_k == 0 { scores } else { &[] };
            self.cut_top_p(settings.top_p, over);
        }
        if settings.min_p > 0.0 {
            let least = first + settings.min_p.ln();
            self.candidates.retain(|(score, _)| *score >= least);
        }
        let heat = settings.temperature.recip();
        let weight = |score: f32| f64::from(((score - first) * heat).exp());
        let total: f64 = self.candidates.iter().map(|(score, _)| weight(*score)).sum();
        let mut left = self.rng.unit() * total;
        for (score, token) in &self.candidates {
            left -= weight(*score);
            if left < 0.0 {
                return *token;
            }
        }
        likeliest
    }

    /// Gathers what may be chosen, falling where an order is needed; the best comes first in any case.
    fn candidates(&mut self, scores: &[f32], top_k: usize, top_p: f32) {
        self.candidates.clear();
        if top_k > 0 && top_k < scores.len() {
            let mut heap: BinaryHeap<Reverse<Candidate>> = BinaryHeap::with_capacity(top_k + 1);
            let mut least = f32::NEG_INFINITY;
            for (token, score) in (0..).zip(scores) {
                if *score > least {
                    heap.push(Reverse(Candidate(*score, token)));
                    if heap.len() > top_k {
                        heap.pop();
                        least = heap.peek().map_or(least, |one| one.0.0);
                    }
                }
            }
            self.candidates.extend(heap.into_iter().map(|Reverse(one)| (one.0, one.1)));
        } else {
            let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let least = if top_p < 1.0 { most - FAR } else { f32::NEG_INFINITY };
            let all = (0..).zip(scores).map(|(token, score)| (*score, token));
            self.candidates.extend(all.filter(|(score, _)| *score > least));
        }
        if top_k > 0 || top_p < 1.0 {
            self.candidates.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        } else if let Some(at) = likeliest(&self.candidates) {
            self.candidates.swap(0, at);
        }
    }

    /// Keeps the likeliest candidates that make up `top_p`; of all tokens when `all` is not empty.
    fn cut_top_p(&mut self, top_p: f32, all: &[f32]) {
        let Some(&(first, _)) = self.candidates.first() else { return };
        let weight = |score: f32| f64::from((score - first).exp());
        let total: f64 = if all.is_empty() {
            self.candidates.iter().map(|(score, _)| weight(*score)).sum()
        } else {
            all.iter().map(|score| weight(*score)).sum()
        };
        let goal = f64::from(top_p) * total;
        let near: f64 = self.candidates.iter().map(|(score, _)| weight(*score)).sum();
        if near < goal && self.candidates.len() < all.len() {
            self.candidates.clear();
            self.candidates.extend((0..).zip(all).map(|(token, score)| (*score, token)));
            self.candidates.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        }
        let mut sum = 0.0;
        let reaches = |(score, _): &(f32, Token)| {
            sum += weight(*score);
            sum >= goal
        };
        if let Some(last) = self.candidates.iter().position(reaches) {
            self.candidates.truncate(last + 1);
        }
    }
}

/// Ordered by score, then by lower token.
struct Candidate(f32, Token);

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0).then(other.1.cmp(&self.1))
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Candidate {}

fn likeliest(candidates: &[(f32, Token)]) -> Option<usize> {
    let best = candidates.iter().enumerate().max_by(|a, b| a.1.0.total_cmp(&b.1.0));
    best.map(|(at, _)| at)
}

/// The first token with the highest score. In blocks, which the compiler turns into vector instructions.
fn best(scores: &[f32]) -> Token {
    const BLOCK: usize = 64;
    let mut most = f32::NEG_INFINITY;
    let mut block = 0;
    for (index, part) in scores.chunks(BLOCK).enumerate() {
        let top = part.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        if top > most {
            most = top;
            block = index;
        }
    }
    let at = scores.iter().skip(block * BLOCK).position(|score| *score >= most).unwrap_or(0);
    Token::try_from(block * BLOCK + at).unwrap_or_default()
}

/// The log-probability of a token and of the `count` likeliest.
pub fn log_probabilities(logits: &[f32], token: Token, count: usize) -> Log {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|logit| f64::from((logit - most).exp())).sum();
    #[expect(clippy::cast_possible_truncation, reason = "a logarithm of at most a million")]
    let all = most + sum.ln() as f32;
    let own = usize::try_from(token).ok().and_then(|at| logits.get(at)).copied();
    let mut chooser = Chooser::new(Sampling::default(), &[]);
    let mut top = Vec::new();
    if count > 0 {
        chooser.candidates(logits, count, 1.0);
        top = chooser.candidates.iter().map(|(logit, token)| (*token, logit - all)).collect();
    }
    Log { token, logprob: own.unwrap_or(f32::NEG_INFINITY) - all, top }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frequencies(settings: &Sampling, logits: &[f32]) -> Vec<f64> {
        let mut chooser = Chooser::new(settings.clone(), &[]);
        let mut counts = vec![0.0; logits.len()];
        for _ in 0..20_000 {
            chooser.counts.clear();
            counts[usize::try_from(chooser.choose(logits, None)).unwrap()] += 1.0 / 20_000.0;
        }
        counts
    }

    fn open() -> Sampling {
        Sampling { temperature: 1.0, top_k: 0, top_p: 1.0, min_p: 0.0, ..Sampling::default() }
    }

    #[test]
    fn chance_follows_the_distribution() {
        let logits: Vec<f32> = [0.5_f32, 0.3, 0.15, 0.05].iter().map(|p| p.ln()).collect();
        let near = |left: &[f64], right: &[f64]| {
            left.iter().zip(right).all(|(left, right)| (left - right).abs() < 0.015)
        };
        assert!(near(&frequencies(&open(), &logits), &[0.5, 0.3, 0.15, 0.05]));
        let cold = Sampling { temperature: 0.5, ..open() };
        let sum = 0.25 + 0.09 + 0.0225 + 0.0025;
        let expected = [0.25, 0.09, 0.0225, 0.0025].map(|square| square / sum);
        assert!(near(&frequencies(&cold, &logits), &expected));
        let two = Sampling { top_k: 2, ..open() };
        assert!(near(&frequencies(&two, &logits), &[0.625, 0.375, 0.0, 0.0]));
        let nucleus = Sampling { top_p: 0.6, ..open() };
        assert!(near(&frequencies(&nucleus, &logits), &[0.625, 0.375, 0.0, 0.0]));
        let likely = Sampling { min_p: 0.5, ..open() };
        assert!(near(&frequencies(&likely, &logits), &[0.625, 0.375, 0.0, 0.0]));
    }

    #[test]
    fn penalties_turn_the_choice() {
        let logits = [2.0, 1.9, -1.0];
        let greedy = Sampling::greedy();
        assert_eq!(Chooser::new(greedy.clone(), &[]).choose(&logits, None), 0);
        let mut once = Chooser::new(Sampling { presence_penalty: 0.5, ..greedy.clone() }, &[]);
        assert_eq!([once.choose(&logits, None), once.choose(&logits, None)], [0, 1]);
        let repeated = Sampling { repeat_penalty: 1.5, ..greedy.clone() };
        assert_eq!(Chooser::new(repeated, &[0]).choose(&logits, None), 1);
        let biased = Sampling { bias: vec![(2, 10.0), (99, 1.0), (-1, 1.0)], ..greedy };
        assert_eq!(Chooser::new(biased, &[]).choose(&logits, None), 2);
    }

    struct Only(Token);

    impl Constraint for Only {
        fn allows(&mut self, token: Token) -> bool {
            token == self.0
        }
        fn mask(&mut self, scores: &mut [f32]) {
            for (token, score) in (0..).zip(scores) {
                if token != self.0 {
                    *score = f32::NEG_INFINITY;
                }
            }
        }
        fn accept(&mut self, token: Token) {
            assert_eq!(token, self.0);
        }
    }

    #[test]
    fn a_form_decides_what_may_come() {
        let mut chooser = Chooser::new(Sampling::greedy(), &[]);
        assert_eq!(chooser.choose(&[2.0, 1.0, 0.0], Some(&mut Only(2))), 2);
        let mut chooser = Chooser::new(open(), &[]);
        assert!((0..50).all(|_| chooser.choose(&[9.0, 1.0, 0.0], Some(&mut Only(1))) == 1));
    }

    #[test]
    fn log_probabilities_add_up() {
        let log = log_probabilities(&[1.0, 2.0, 3.0], 0, 3);
        let sum: f32 = log.top.iter().map(|(_, logprob)| logprob.exp()).sum();
        assert!((sum - 1.0).abs() < 1e-6 && log.top[0].0 == 2);
        assert!((log.logprob - log.top[2].1).abs() < 1e-6);
    }

    proptest! {
        #[test]
        fn the_best_is_the_first_of_the_highest(scores in proptest::collection::vec(-3_i8..3, 1..300)) {
            let scores: Vec<f32> = scores.into_iter().map(f32::from).collect();
            let expected = scores.iter().enumerate().rev().max_by(|a, b| a.1.total_cmp(b.1)).unwrap().0;
            prop_assert_eq!(usize::try_from(best(&scores)).unwrap(), expected);
        }
    }
}
