//! A context-free grammar in text: `name: one | another <name> | {X}`.

use super::Dice;
use std::collections::BTreeMap;

/// How deep rules may stand in rules.
const DEEPEST: usize = 12;

/// Rules by name, each a list of ways to say it.
pub(super) struct Grammar(BTreeMap<&'static str, Vec<&'static str>>);

impl Grammar {
    pub(super) fn new(text: &'static str) -> Self {
        let rules = text.lines().filter_map(|line| line.split_once(": "));
        Self(rules.map(|(name, ways)| (name, ways.split(" | ").collect())).collect())
    }

    /// A template: the rule said in one way, slots `{X}` still open.
    pub(super) fn say(&self, name: &str, dice: &mut Dice) -> String {
        let mut out = String::new();
        self.add(name, dice, 0, &mut out);
        // The bars of tables are written so, because plain ones part the ways of a rule.
        out.replace('¦', "|")
    }

    fn add(&self, name: &str, dice: &mut Dice, depth: usize, out: &mut String) {
        let Some(ways) = self.0.get(name) else {
            // Angle brackets that are none of ours.
            out.push('<');
            out.push_str(name);
            out.push('>');
            return;
        };
        let mut rest = dice.pick(ways);
        while let Some((before, after)) = rest.split_once('<') {
            let Some((inner, tail)) = after.split_once('>') else { break };
            out.push_str(before);
            if depth < DEEPEST {
                self.add(inner, dice, depth + 1, out);
            }
            rest = tail;
        }
        out.push_str(rest);
    }
}
