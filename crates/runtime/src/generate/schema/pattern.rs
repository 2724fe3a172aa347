//! Regular expressions of schemas: which of them become grammars that say the same, within a JSON string.

use super::super::Told;
use super::DEEPEST;
use std::iter::Peekable;
use std::str::Chars;

type Found<T = ()> = Result<T, Told>;

const QUOTED: Told = (
    "with quotation marks, backslashes or characters that JSON strings escape",
    "含有 JSON 字符串中需要转义的字符（引号、反斜杠、控制字符）",
);
const TWICE: Told =
    ("with a repetition of nothing, or of a repetition", "重复了空内容或另一个重复");

/// Whether a pattern is one that llama.cpp makes a right grammar of; of others it takes any text, or writes what is no JSON.
pub(super) fn check(pattern: &str) -> Found {
    let inner = pattern.strip_prefix('^').and_then(|rest| rest.strip_suffix('$'));
    let inner = inner
        .ok_or(("that does not begin with `^` and end with `$`", "没有以 `^` 开头并以 `$` 结尾"))?;
    let mut reader =
        Reader { rest: inner.chars().peekable(), depth: 0, last: Last::Nothing, word: false };
    while let Some(one) = reader.rest.next() {
        reader.one(one)?;
    }
    if reader.depth > 0 {
        return Err(("with a bracket too few", "括号没有闭合"));
    }
    Ok(())
}

/// What a repetition would repeat.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    Nothing,
    /// Something that is one element of the grammar.
    One,
    /// A letter of several bytes, of which the grammar would repeat the last, or an escape within a word, with which it would repeat the word.
    Wide,
}

struct Reader<'p> {
    rest: Peekable<Chars<'p>>,
    depth: usize,
    last: Last,
    /// Whether that is a letter, which begins a word or goes on with one.
    word: bool,
}

impl Reader<'_> {
    fn eat(&mut self, wanted: char) -> bool {
        self.rest.next_if_eq(&wanted).is_some()
    }

    fn one(&mut self, one: char) -> Found {
        let word = std::mem::take(&mut self.word);
        self.last = match one {
            // llama.cpp takes an escape into the word before it without looking at what follows.
            '\\' => {
                let letter = self.escaped(None)?;
                self.word = true;
                if word { Last::Wide } else { of(letter) }
            }
            '[' => self.class()?,
            '(' => {
                self.depth += 1;
                if self.depth > DEEPEST {
                    return Err(("with groups nested so deeply", "分组嵌套过深"));
                }
                if self.eat('?') && !self.eat(':') {
                    return Err(("with lookarounds, names or flags", "含有环视、命名分组或标志"));
                }
                Last::Nothing
            }
            ')' => {
                self.depth = self
                    .depth
                    .checked_sub(1)
                    .ok_or(("with a parenthesis too many", "右括号多余"))?;
                Last::One
            }
            '|' => Last::Nothing,
            '^' | '$' => return Err(("with `^` or `$` in its middle", "中间出现 `^` 或 `$`")),
            ']' | '}' => return Err(("with a bracket too many", "方括号或花括号多余")),
            '{' => {
                self.times()?;
                self.repeated()?
            }
            '*' | '+' | '?' => self.repeated()?,
            other => {
                self.word = true;
                of(plain(other)?)
            }
        };
        Ok(())
    }

    /// What was read may be repeated, once.
    fn repeated(&mut self) -> Found<Last> {
        match self.last {
            Last::Nothing => return Err(TWICE),
            Last::Wide => {
                return Err((
                    "with a repetition of an escape or of a letter beyond ASCII: write it as `(?:…)`",
                    "直接重复了转义字符或 ASCII 以外的字符；请写成 `(?:…)`",
                ));
            }
            Last::One => {}
        }
        if self.eat('?') {
            return Err(("with repetitions that are not greedy", "含有非贪婪的重复"));
        }
        Ok(Last::Nothing)
    }

    /// The numbers of a repetition, up to its end.
    fn times(&mut self) -> Found {
        let mut numbers = String::new();
        while let Some(one) = self.rest.next_if(|one| one.is_ascii_digit() || *one == ',') {
            numbers.push(one);
        }
        let commas = numbers.matches(',').count();
        if !self.eat('}') || numbers.is_empty() || commas > 1 || numbers.len() > 12 {
            return Err(("with repetitions that are none", "重复次数写法有误"));
        }
        Ok(())
    }

    /// A set of letters. What a negated one holds of quotation marks and the like is taken out of the grammar.
    fn class(&mut self) -> Found<Last> {
        let negated = self.eat('^');
        let mut low = None;
        while let Some(one) = self.rest.next() {
            let letter = match one {
                ']' => return Ok(Last::One),
                '\\' => self.escaped(Some(negated))?,
                _ if negated => one,
                '-' if low.is_some() && self.rest.peek().is_some_and(|next| *next != ']') => {
                    let high = match self.rest.next() {
                        Some('\\') => self.escaped(Some(false))?,
                        Some(high) => plain(high)?,
                        None => break,
                    };
                    let range = low.unwrap_or(high)..=high;
                    if range.contains(&'"') || range.contains(&'\\') || range.contains(&'\u{7f}') {
                        return Err(QUOTED);
                    }
                    low = None;
                    continue;
                }
                other => plain(other)?,
            };
            low = Some(letter);
        }
        Err(("with a bracket too few", "括号没有闭合"))
    }

    /// The letter behind a backslash, within a set of letters that is negated or not, or outside of any.
    fn escaped(&mut self, set: Option<bool>) -> Found<char> {
        let negated = set == Some(true);
        let escape = self.rest.next().ok_or(("that ends with a backslash", "以反斜杠结尾"))?;
        let digits = match escape {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            't' | 'r' | 'n' | '\\' | '"' if negated => return Ok(escape),
            't' | 'r' | 'n' | '\\' | '"' => return Err(QUOTED),
            '[' | ']' | '-' => return Ok(escape),
            '^' | '$' | '.' | '(' | ')' | '|' | '{' | '}' | '*' | '+' | '?' if set.is_none() => {
                return Ok(escape);
            }
            _ => {
                return Err((
                    "with escapes such as `\\d`, `\\w` or `\\b`",
                    "含有 `\\d`、`\\w` 或 `\\b` 之类的转义",
                ));
            }
        };
        let cut = ("with an escape that is cut off", "转义不完整");
        let mut code = 0;
        for _ in 0..digits {
            let digit = self.rest.next().and_then(|one| one.to_digit(16)).ok_or(cut)?;
            code = code * 16 + digit;
        }
        let letter = char::from_u32(code).ok_or(cut)?;
        if negated { Ok(letter) } else { plain(letter) }
    }
}

/// A letter that stands for itself in a JSON string.
fn plain(letter: char) -> Found<char> {
    if matches!(letter, '"' | '\\' | '\u{7f}') || u32::from(letter) < 0x20 {
        return Err(QUOTED);
    }
    Ok(letter)
}

fn of(letter: char) -> Last {
    if letter.is_ascii() { Last::One } else { Last::Wide }
}
