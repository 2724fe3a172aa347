//! The text of one member of a JSON document as it was sent. The order of a schema's properties is the order of an answer's, and
//! a parsed document has lost it.

/// The value of a member, followed from the document's root: names go into objects, numbers into lists. The document must be
/// valid JSON.
pub(crate) fn member<'a>(document: &'a str, path: &[Step<'_>]) -> Option<&'a str> {
    let mut text = document.trim_start();
    for step in path {
        text = match step {
            Step::Name(name) => find(text, name)?,
            Step::Index(index) => nth(text, *index)?,
        };
    }
    let length = value(text)?;
    text.get(..length)
}

/// One step into a document.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Step<'a> {
    Name(&'a str),
    Index(usize),
}

fn find<'a>(object: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = object.strip_prefix('{')?.trim_start();
    let mut found = None;
    while !rest.starts_with('}') {
        let length = string(rest)?;
        let (key, after) = rest.split_at_checked(length)?;
        rest = after.trim_start().strip_prefix(':')?.trim_start();
        // Of members with one name the last counts, as where the document is parsed.
        if serde_json::from_str::<String>(key).is_ok_and(|key| key == name) {
            found = Some(rest);
        }
        rest = next(rest)?;
    }
    found
}

fn nth(list: &str, index: usize) -> Option<&str> {
    let mut rest = list.strip_prefix('[')?.trim_start();
    for _ in 0..index {
        rest = next(rest)?;
    }
    (!rest.starts_with(']')).then_some(rest)
}

/// What follows a value, past a comma.
fn next(text: &str) -> Option<&str> {
    let rest = text.get(value(text)?..)?.trim_start();
    Some(rest.strip_prefix(',').unwrap_or(rest).trim_start())
}

/// Bytes of the value that a text begins with.
fn value(text: &str) -> Option<usize> {
    match text.as_bytes().first()? {
        b'"' => string(text),
        b'{' | b'[' => {
            let (mut depth, mut at) = (0_usize, 0);
            let bytes = text.as_bytes();
            loop {
                match bytes.get(at)? {
                    b'"' => at += string(text.get(at..)?)? - 1,
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => depth = depth.checked_sub(1)?,
                    _ => {}
                }
                at += 1;
                if depth == 0 {
                    return Some(at);
                }
            }
        }
        _ => Some(text.find([',', '}', ']', ' ', '\n', '\r', '\t']).unwrap_or(text.len())),
    }
}

/// Bytes of the string that a text begins with, quotes and all.
fn string(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    (bytes.first() == Some(&b'"')).then_some(())?;
    let mut at = 1;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Step::{Index, Name};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_member_keeps_its_order() {
        let document =
            r#" {"a": [1, {"z": "}\"]", "b": null , "名": {"y": 1, "x": 2}}], "t": true}"#;
        let inner = [Name("a"), Index(1), Name("名")];
        assert_eq!(member(document, &inner), Some(r#"{"y": 1, "x": 2}"#));
        assert_eq!(member(document, &[Name("t")]), Some("true"));
        assert_eq!(member(document, &[Name("a"), Index(0)]), Some("1"));
        assert_eq!(member(document, &[Name("a"), Index(2)]), None);
        assert_eq!(member(document, &[Name("c")]), None);
        assert_eq!(member(r#"{"a":1,"a":2}"#, &[Name("a")]), Some("2"));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[\\[\\]{}\",:a1\\\\ ]{0,40}") {
            let _ = member(&text, &[Name("a"), Index(1)]);
        }
    }
}
