//! Guessing the next tokens from the text so far (prompt lookup): what followed the last words the time before. The model checks
//! all guesses in one step, so answers are the same with and without; a guess that fails costs its share of the step.

use super::Token;

/// Tokens that must have come before in the same order.
const MATCH: usize = 3;
/// Guesses per step at most.
const MOST: usize = 8;
/// Below this share of guesses that come true, none are made for a while.
const WORTH: f32 = 0.45;
/// Tokens until guessing is tried again.
const PAUSE: usize = 24;

/// Guesses for one answer.
#[derive(Debug, Clone)]
pub struct Drafter {
    length: usize,
    /// Share of guesses that came true, recent ones counting more.
    share: f32,
    paused: usize,
}

impl Default for Drafter {
    fn default() -> Self {
        Self { length: 3, share: 0.7, paused: 0 }
    }
}

impl Drafter {
    /// Guesses what follows `tokens`, at most `room` of them.
    pub fn draft<'a>(&mut self, tokens: &'a [Token], room: usize) -> &'a [Token] {
        if self.paused > 0 {
            self.paused -= 1;
            return &[];
        }
        let Some((_, earlier)) = tokens.split_last() else { return &[] };
        let Some(last) = tokens.len().checked_sub(MATCH).and_then(|start| tokens.get(start..))
        else {
            return &[];
        };
        // The latest place that is followed by something.
        let found = earlier.windows(MATCH).rposition(|window| window == last);
        let Some(found) = found.map(|at| at + MATCH) else { return &[] };
        let most = self.length.min(room).min(tokens.len() - found);
        tokens.get(found..found + most).unwrap_or(&[])
    }

    /// Learns how many of the guesses came true.
    pub fn learn(&mut self, drafted: usize, accepted: usize) {
        if drafted == 0 {
            return;
        }
        #[expect(clippy::cast_precision_loss, reason = "at most eight")]
        let share = accepted as f32 / drafted as f32;
        self.share = 0.7 * self.share + 0.3 * share;
        self.length =
            if accepted == drafted { (self.length + 2).min(MOST) } else { (accepted + 1).max(2) };
        if self.share < WORTH {
            self.paused = PAUSE;
            self.share = WORTH + 0.1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_followed_before_is_guessed() {
        let mut drafter = Drafter::default();
        assert_eq!(drafter.draft(&[1, 2, 3, 4, 5, 6, 9, 1, 2, 3], 8), [4, 5, 6]);
        assert_eq!(drafter.draft(&[1, 2, 3, 4, 5, 6, 9, 1, 2, 3], 1), [4]);
        assert_eq!(drafter.draft(&[1, 2, 3, 4], 8), [] as [Token; 0]);
        assert_eq!(drafter.draft(&[7, 7, 7, 7], 8), [7]);
        assert_eq!(drafter.draft(&[1], 8), [] as [Token; 0]);
    }

    #[test]
    fn guesses_that_fail_pause_it() {
        let mut drafter = Drafter::default();
        let tokens = [1, 2, 3, 4, 1, 2, 3];
        for _ in 0..3 {
            drafter.learn(3, 0);
        }
        assert!(drafter.draft(&tokens, 8).is_empty());
        let mut good = Drafter::default();
        for _ in 0..5 {
            good.learn(3, 3);
        }
        assert_eq!(good.length, MOST);
    }
}
