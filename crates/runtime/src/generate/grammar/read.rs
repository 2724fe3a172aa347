//! Reading a grammar's text. What it may be is bounded before it is believed: groups within groups, and what repetitions unfold to.

use super::super::{Token, Told};
use super::{Class, Element, Found, Rules, Vocabulary};
use std::collections::{BTreeMap, BTreeSet};

/// Bytes of a grammar at most.
const LONGEST: usize = 256 << 10;
/// Groups within groups, at most.
const NESTED: usize = 64;
/// Rules and elements after repetitions were written out, at most.
const RULES: usize = 16_384;
const ELEMENTS: usize = 131_072;
/// Times that something may be repeated where it has a bound.
const TIMES: usize = 10_000;

/// Reads a grammar, but for where answers begin. `marks` tells the tokens of a text with marks.
pub(super) fn read(
    text: &str,
    vocabulary: &Vocabulary,
    marks: &dyn Fn(&str) -> Vec<Token>,
) -> Found<Rules> {
    if text.len() > LONGEST {
        return Err(("it is too long", "语法过长"));
    }
    let reader = Reader {
        text: text.chars().collect(),
        at: 0,
        names: BTreeMap::new(),
        rules: Vec::new(),
        classes: Vec::new(),
        elements: 0,
        nested: 0,
        vocabulary,
        marks,
    };
    reader.grammar()
}

/// Reads a grammar's text.
struct Reader<'a> {
    text: Vec<char>,
    at: usize,
    names: BTreeMap<String, usize>,
    /// Alternatives of rules; `None` of one that was named and not yet defined.
    rules: Vec<Option<Vec<Vec<Element>>>>,
    classes: Vec<Class>,
    elements: usize,
    nested: usize,
    vocabulary: &'a Vocabulary,
    /// The tokens of a text with marks.
    marks: &'a dyn Fn(&str) -> Vec<Token>,
}

impl Reader<'_> {
    fn grammar(mut self) -> Found<Rules> {
        self.blank(true);
        while self.peek().is_some() {
            self.rule()?;
        }
        let root = *self.names.get("root").ok_or(("it has no rule `root`", "缺少规则 `root`"))?;
        let (mut code, mut starts) = (Vec::new(), Vec::new());
        for rule in self.rules {
            let mut begins = Vec::new();
            for alternative in
                rule.ok_or(("a rule is named that is not there", "引用了不存在的规则"))?
            {
                begins.push(code.len());
                code.extend(alternative.into_iter().map(Some));
                code.push(None);
            }
            starts.push(begins);
        }
        Ok(Rules { code, starts, classes: self.classes, root, begin: BTreeSet::new() })
    }

    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    /// Goes on past a character, if it comes next.
    fn eat(&mut self, wanted: char) -> bool {
        let there = self.peek() == Some(wanted);
        self.at += usize::from(there);
        there
    }

    fn expect(&mut self, wanted: char, or: Told) -> Found<()> {
        if self.eat(wanted) { Ok(()) } else { Err(or) }
    }

    /// Skips blanks and comments, and with `lines` the ends of lines.
    fn blank(&mut self, lines: bool) {
        while let Some(next) = self.peek() {
            match next {
                ' ' | '\t' => self.at += 1,
                '#' => {
                    while self.peek().is_some_and(|one| one != '\r' && one != '\n') {
                        self.at += 1;
                    }
                }
                '\r' | '\n' if lines => self.at += 1,
                _ => break,
            }
        }
    }

    fn rule(&mut self) -> Found<()> {
        let rule = self.name()?;
        self.blank(false);
        for _ in 0..2 {
            self.expect(':', ("a rule's name is not followed by `::=`", "规则名之后缺少 `::=`"))?;
        }
        self.expect('=', ("a rule's name is not followed by `::=`", "规则名之后缺少 `::=`"))?;
        self.blank(true);
        let alternatives = self.alternatives()?;
        if let Some(place) = self.rules.get_mut(rule) {
            *place = Some(alternatives);
        }
        if self.eat('\r') {
            self.eat('\n');
        } else if self.peek().is_some() && !self.eat('\n') {
            return Err(("a rule does not end with its line", "规则之后还有多余内容"));
        }
        self.blank(true);
        Ok(())
    }

    /// A rule's name: the rule's number.
    fn name(&mut self) -> Found<usize> {
        let begin = self.at;
        while self.peek().is_some_and(word) {
            self.at += 1;
        }
        let name: String = self.text.get(begin..self.at).unwrap_or_default().iter().collect();
        if name.is_empty() {
            return Err(("a rule's name is missing", "缺少规则名"));
        }
        if let Some(rule) = self.names.get(&name) {
            return Ok(*rule);
        }
        let rule = self.define(None)?;
        self.names.insert(name, rule);
        Ok(rule)
    }

    fn define(&mut self, alternatives: Option<Vec<Vec<Element>>>) -> Found<usize> {
        if self.rules.len() == RULES {
            return Err(("it has too many rules", "规则过多"));
        }
        self.rules.push(alternatives);
        Ok(self.rules.len() - 1)
    }

    /// Makes room for elements.
    fn grow(&mut self, more: usize) -> Found<()> {
        self.elements = self.elements.saturating_add(more);
        if self.elements > ELEMENTS { Err(("it is too large", "语法过大")) } else { Ok(()) }
    }

    fn alternatives(&mut self) -> Found<Vec<Vec<Element>>> {
        let mut all = vec![self.sequence()?];
        while self.eat('|') {
            self.blank(true);
            self.grow(1)?;
            all.push(self.sequence()?);
        }
        Ok(all)
    }

    fn sequence(&mut self) -> Found<Vec<Element>> {
        // What a repetition would repeat is kept apart.
        let (mut before, mut item) = (Vec::new(), Vec::new());
        while let Some(next) = self.peek() {
            if let Some((least, most)) = self.times(next)? {
                item = self.repeat(&item, least, most)?;
            } else {
                let Some(new) = self.item(next)? else { break };
                self.grow(new.len())?;
                before.append(&mut item);
                item = new;
            }
            self.blank(self.nested > 0);
        }
        before.append(&mut item);
        Ok(before)
    }

    /// What comes next, if anything that can be repeated does.
    fn item(&mut self, next: char) -> Found<Option<Vec<Element>>> {
        Ok(Some(match next {
            '"' => self.literal()?,
            '[' => self.class()?,
            '.' => {
                self.at += 1;
                self.among(Class::new(Vec::new(), true))
            }
            '<' | '!' => vec![self.token()?],
            '(' => {
                if self.nested == NESTED {
                    return Err(("its groups are nested too deeply", "括号嵌套过深"));
                }
                self.at += 1;
                self.nested += 1;
                self.blank(true);
                let alternatives = self.alternatives()?;
                self.nested -= 1;
                self.expect(')', ("a group is not closed", "括号没有闭合"))?;
                vec![Element::Rule(self.define(Some(alternatives))?)]
            }
            one if word(one) => vec![Element::Rule(self.name()?)],
            _ => return Ok(None),
        }))
    }

    fn among(&mut self, class: Class) -> Vec<Element> {
        self.classes.push(class);
        vec![Element::Class(self.classes.len() - 1)]
    }

    fn literal(&mut self) -> Found<Vec<Element>> {
        self.at += 1;
        let mut elements = Vec::new();
        while !self.eat('"') {
            let one = self.character()?;
            elements.append(&mut self.among(Class::new(vec![(one, one)], false)));
        }
        Ok(elements)
    }

    fn class(&mut self) -> Found<Vec<Element>> {
        self.at += 1;
        let not = self.eat('^');
        let mut ranges = Vec::new();
        while !self.eat(']') {
            let from = self.character()?;
            let range = self.peek() == Some('-') && self.text.get(self.at + 1) != Some(&']');
            let to = if range {
                self.at += 1;
                self.character()?
            } else {
                from
            };
            ranges.push((from, to));
        }
        // As in llama.cpp, a class of nothing takes nothing.
        Ok(if ranges.is_empty() { Vec::new() } else { self.among(Class::new(ranges, not)) })
    }

    /// A character of a literal or a class.
    fn character(&mut self) -> Found<u32> {
        let one =
            self.peek().ok_or(("it ends within a literal or a class", "字面量或字符类没有写完"))?;
        self.at += 1;
        if one != '\\' {
            return Ok(one.into());
        }
        let escape =
            self.peek().ok_or(("it ends within a literal or a class", "字面量或字符类没有写完"))?;
        self.at += 1;
        let digits = match escape {
            't' => return Ok('\t'.into()),
            'r' => return Ok('\r'.into()),
            'n' => return Ok('\n'.into()),
            '\\' | '"' | '[' | ']' | '-' => return Ok(escape.into()),
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => return Err(("it has an unknown escape", "含有未知的转义")),
        };
        (0..digits).try_fold(0_u32, |value, _| {
            let digit = self.peek().and_then(|one| one.to_digit(16));
            self.at += 1;
            // No shift loses bits: there are eight digits at most.
            Ok(value << 4 | digit.ok_or(("an escape has too few digits", "转义的位数不足"))?)
        })
    }

    /// `<[7]>`, or `<mark>`; with `!` before, any other token.
    fn token(&mut self) -> Found<Element> {
        let not = self.eat('!');
        let begin = self.at;
        self.expect('<', ("a token is not named in angle brackets", "词元没有写在尖括号中"))?;
        while !self.eat('>') {
            self.peek().ok_or(("a token's name does not end", "词元名没有结束"))?;
            self.at += 1;
        }
        let name: String = self.text.get(begin..self.at).unwrap_or_default().iter().collect();
        let number = name.strip_prefix("<[").and_then(|rest| rest.strip_suffix("]>"));
        let token = match number {
            Some(number) => number.parse().ok(),
            None => match (self.marks)(&name).as_slice() {
                [token] => Some(*token),
                _ => None,
            },
        };
        let token = token.filter(|token| self.vocabulary.knows(*token));
        Ok(Element::Token {
            token: token.ok_or(("it names a token that is none", "引用了不存在的词元"))?,
            not,
        })
    }

    /// How often what stood before is to come: least, and most if there is a bound.
    fn times(&mut self, next: char) -> Found<Option<(usize, Option<usize>)>> {
        let times = match next {
            '*' => (0, None),
            '+' => (1, None),
            '?' => (0, Some(1)),
            '{' => {
                self.at += 1;
                let inner = self.nested > 0;
                self.blank(inner);
                let least =
                    self.count()?.ok_or(("a number of repetitions is missing", "缺少重复次数"))?;
                self.blank(inner);
                let mut most = Some(least);
                if self.eat(',') {
                    self.blank(inner);
                    most = self.count()?;
                    self.blank(inner);
                }
                self.expect('}', ("a number of repetitions is not closed", "重复次数没有闭合"))?;
                return Ok(Some((least, most)));
            }
            _ => return Ok(None),
        };
        self.at += 1;
        Ok(Some(times))
    }

    fn count(&mut self) -> Found<Option<usize>> {
        let mut count = None;
        while let Some(digit) = self.peek().and_then(|one| one.to_digit(10)) {
            self.at += 1;
            let more = count.unwrap_or(0_usize) * 10 + digit as usize;
            if more > TIMES {
                return Err(("something is to be repeated too often", "重复次数过多"));
            }
            count = Some(more);
        }
        Ok(count)
    }

    fn repeat(
        &mut self,
        item: &[Element],
        least: usize,
        most: Option<usize>,
    ) -> Found<Vec<Element>> {
        if item.is_empty() {
            return Err(("there is nothing to repeat", "没有可重复的内容"));
        }
        self.grow(item.len() * least + 1)?;
        let mut all: Vec<Element> = item.iter().copied().cycle().take(item.len() * least).collect();
        let Some(most) = most else {
            let rule = self.define(None)?;
            self.grow(item.len() + 2)?;
            let again = item.iter().copied().chain([Element::Rule(rule)]).collect();
            if let Some(place) = self.rules.get_mut(rule) {
                *place = Some(vec![again, Vec::new()]);
            }
            all.push(Element::Rule(rule));
            return Ok(all);
        };
        let more = most
            .checked_sub(least)
            .ok_or(("something may come less often than it must", "重复次数的上限小于下限"))?;
        let mut rest = None;
        for _ in 0..more {
            self.grow(item.len() + 2)?;
            let one = item.iter().copied().chain(rest.map(Element::Rule)).collect();
            rest = Some(self.define(Some(vec![one, Vec::new()]))?);
        }
        all.extend(rest.map(Element::Rule));
        Ok(all)
    }
}

fn word(one: char) -> bool {
    one.is_ascii_alphanumeric() || one == '-'
}
