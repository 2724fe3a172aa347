//! Just enough of Rust's grammar to read our own code tables: identifiers, strings, punctuation.

/// A piece of source text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token {
    /// An identifier, a keyword or a number.
    Word(String),
    /// A string literal's value.
    Text(String),
    /// Any other character.
    Mark(char),
}

/// Splits source text; comments vanish. Byte and C strings are not told apart from others: tables hold none.
pub(crate) fn tokens(source: &str) -> Vec<Token> {
    let mut out = Vec::new();
    let mut rest = source.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '/' if rest.peek() == Some(&'/') => {
                for skipped in rest.by_ref() {
                    if skipped == '\n' {
                        break;
                    }
                }
            }
            '"' => out.push(Token::Text(string(&mut rest))),
            '\'' => character(&mut rest),
            c if c.is_alphanumeric() || c == '_' => {
                let mut word = String::from(c);
                while let Some(next) = rest.next_if(|next| next.is_alphanumeric() || *next == '_') {
                    word.push(next);
                }
                out.push(Token::Word(word));
            }
            c if c.is_whitespace() => {}
            c => out.push(Token::Mark(c)),
        }
    }
    out
}

type Rest<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn string(rest: &mut Rest<'_>) -> String {
    let mut text = String::new();
    while let Some(c) = rest.next() {
        match c {
            '"' => break,
            '\\' => match rest.next() {
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                // A line that goes on: the break and the indentation are not part of the text.
                Some('\n') => while rest.next_if(|next| next.is_whitespace()).is_some() {},
                Some(other) => text.push(other),
                None => break,
            },
            other => text.push(other),
        }
    }
    text
}

/// Passes over a character literal; a lifetime needs no care, its name is a word.
fn character(rest: &mut Rest<'_>) {
    let ahead: Vec<char> = rest.clone().take(2).collect();
    match ahead.as_slice() {
        ['\\', _] => {
            rest.next();
            rest.next();
            for skipped in rest.by_ref() {
                if skipped == '\'' {
                    break;
                }
            }
        }
        [_, '\''] => {
            rest.next();
            rest.next();
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_escapes_and_comments() {
        let word = |text: &str| Token::Word(text.into());
        let text = |text: &str| Token::Text(text.into());
        assert_eq!(
            tokens("a: \"x \\\"y\\\" \\\n   z\", // \"no\"\n'\"' 'b '\\'' fin"),
            [
                word("a"),
                Token::Mark(':'),
                text("x \"y\" z"),
                Token::Mark(','),
                word("b"),
                word("fin"),
            ]
        );
    }
}
