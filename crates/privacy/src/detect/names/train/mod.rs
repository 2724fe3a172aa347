//! Trains the two linear models from text that this module makes up: a grammar, templates, random words, names from the lists.
//!
//! Everything is drawn from one seeded generator, so the same lists give the same weights.

mod chinese;
mod english;
mod grammar;

pub use chinese::chinese;
pub use english::english;

/// xorshift64*.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap_or(0) % bound.max(1)
    }

    pub(super) fn one_in(&mut self, odds: usize) -> bool {
        self.below(odds) == 0
    }

    pub(super) fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list.get(self.below(list.len())).copied().unwrap_or_default()
    }
}

/// A list drawn from by weight.
pub(super) struct Urn {
    items: Vec<&'static str>,
    sums: Vec<f64>,
}

impl Urn {
    pub(super) fn new(weighted: impl Iterator<Item = (&'static str, f64)>) -> Self {
        let (mut items, mut sums, mut sum) = (Vec::new(), Vec::new(), 0.0);
        for (item, weight) in weighted {
            sum += weight;
            items.push(item);
            sums.push(sum);
        }
        Self { items, sums }
    }

    #[expect(clippy::cast_precision_loss, reason = "random bits")]
    pub(super) fn draw(&self, dice: &mut Dice) -> &'static str {
        let point = (dice.next() >> 11) as f64 / (1_u64 << 53) as f64
            * self.sums.last().copied().unwrap_or(0.0);
        self.items.get(self.sums.partition_point(|sum| *sum < point)).copied().unwrap_or_default()
    }
}

/// A text and what stands where (byte offsets).
pub(super) struct Example {
    pub(super) text: String,
    pub(super) gold: Vec<(usize, usize, usize)>,
}

/// Fills `{X}` of a template; `fill` answers the words and their label.
pub(super) fn expand(template: &str, mut fill: impl FnMut(char) -> (String, usize)) -> Example {
    let mut example = Example { text: String::new(), gold: Vec::new() };
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((slot, tail)) = after.split_once('}') else { break };
        example.text.push_str(before);
        let (words, label) = fill(slot.chars().next().unwrap_or(' '));
        let start = example.text.len();
        example.text.push_str(&words);
        if label > 0 {
            example.gold.push((start, example.text.len(), label));
        }
        rest = tail;
    }
    example.text.push_str(rest);
    example
}

/// Weights of one byte.
pub(super) fn quantised(weights: &[f32], scale: f32) -> Vec<u8> {
    #[expect(clippy::cast_possible_truncation, reason = "clamped to a byte")]
    let byte = |weight: &f32| ((weight * scale).round().clamp(-127.0, 127.0) as i8).cast_unsigned();
    weights.iter().map(byte).collect()
}
