//! What texts may be: names, addresses, dates, keys.

use crate::language::Form;
use crate::messages as m;
use crate::{bech32, duration};
use ingot_base::{Fault, Message};
use std::net::SocketAddr;

/// Columns that every table of Ingot has for itself.
pub(crate) const RESERVED: [&str; 3] = ["_source", "_row", "_weight"];

/// Address schemes that can be read.
const SCHEMES: [&str; 4] = ["file", "s3", "postgres", "postgresql"];
/// Schemes of the design that this version does not read.
const LATER: [&str; 4] = ["https", "http", "hf", "pypi"];

/// Characters a name may have at most.
pub(crate) const NAME_LENGTH: usize = 128;

/// What is wrong with a text, if anything.
pub(crate) fn check(form: Form, key: &str, text: &str, example: &str) -> Option<Fault> {
    let wrong = |message: &'static Message| {
        Some(Fault::new(message).arg("key", key).arg("example", example))
    };
    if text.trim().is_empty() && !matches!(form, Form::Character | Form::Cell) {
        return wrong(&m::EMPTY);
    }
    match form {
        Form::ProjectName if !matches_pattern(PROJECT_NAME, text) => wrong(&m::PROJECT_NAME),
        Form::Version if !matches_pattern(VERSION, text) => wrong(&m::VERSION),
        Form::Name | Form::Column | Form::NewColumn if !is_name(text) => wrong(&m::NAME),
        Form::Column | Form::NewColumn if RESERVED.contains(&text) => {
            Some(Fault::new(&m::RESERVED_COLUMN).arg("column", text))
        }
        Form::Uri => address(text),
        Form::Pattern => pattern(key, text),
        Form::Duration(least, most) => {
            let fine = duration::parse(text).is_some_and(|span| {
                let of = std::time::Duration::from_millis;
                (of(least)..=of(most)).contains(&span)
            });
            let range = || {
                let show = |ms| duration::format(std::time::Duration::from_millis(ms));
                format!("{} … {}", show(least), show(most))
            };
            (!fine).then(|| Fault::new(&m::DURATION).arg("key", key).arg("range", range()))
        }
        Form::Recipient if text.to_ascii_lowercase().starts_with("age-secret-key-") => {
            Some(Fault::new(&m::RECIPIENT_SECRET))
        }
        Form::Recipient if !bech32::is_recipient(text) => Some(Fault::new(&m::RECIPIENT)),
        Form::Listen if text.parse::<SocketAddr>().is_err() => wrong(&m::LISTEN),
        Form::Address if !is_address(text) => wrong(&m::ADDRESS),
        Form::Character => {
            let mut characters = text.chars();
            let one = characters.next().is_some_and(|c| !c.is_control() && !c.is_whitespace());
            if one && characters.next().is_none() { None } else { wrong(&m::ONE_CHARACTER) }
        }
        _ => None,
    }
}

/// RFC 1123 label: names files, images and services alike.
pub(crate) const PROJECT_NAME: &str = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$";
/// Semantic Versioning 2.0.0 without build metadata, which image tags cannot hold.
pub(crate) const VERSION: &str = "^(0|[1-9][0-9]{0,8})\\.(0|[1-9][0-9]{0,8})\\.(0|[1-9][0-9]{0,8})(-[0-9A-Za-z]+([.-][0-9A-Za-z]+)*)?$";

/// `HOST:PORT`, with an IPv6 address in brackets.
fn is_address(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(host, port)| {
        let bracketed = host.starts_with('[') && host.ends_with(']');
        let plain = !host.contains([':', '/', ' ', '[', ']']);
        port.parse::<u16>().is_ok_and(|port| port > 0) && !host.is_empty() && (bracketed || plain)
    })
}

fn matches_pattern(pattern: &str, text: &str) -> bool {
    regex::Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(text))
}

fn is_name(text: &str) -> bool {
    text.trim() == text
        && !text.chars().any(char::is_control)
        && text.chars().count() <= NAME_LENGTH
}

/// The scheme of an address; `None` for a path. One letter is a drive, not a scheme.
pub(crate) fn scheme(uri: &str) -> Option<&str> {
    let (scheme, _) = uri.split_once(':')?;
    let named = scheme.len() > 1
        && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    named.then_some(scheme)
}

/// Whether the address is a database's.
pub(crate) fn is_database(uri: &str) -> bool {
    matches!(scheme(uri), Some("postgres" | "postgresql"))
}

fn address(uri: &str) -> Option<Fault> {
    let scheme = scheme(uri)?;
    if SCHEMES.contains(&scheme) {
        None
    } else if LATER.contains(&scheme) {
        Some(Fault::new(&m::NOT_YET).arg("key", format!("{scheme}:")))
    } else {
        Some(Fault::new(&m::URI_SCHEME).arg("scheme", scheme))
    }
}

fn pattern(key: &str, text: &str) -> Option<Fault> {
    let error = regex::Regex::new(text).err()?;
    let said = error.to_string();
    // The last line of a multi-line message says what; those before draw the pattern again.
    let detail = said.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
    Some(Fault::new(&m::PATTERN).arg("key", key).arg("detail", detail))
}

/// A day of the Gregorian calendar as `YYYY-MM-DD`.
pub(crate) fn is_date(text: &str) -> bool {
    let mut parts = text.split('-');
    let mut part = |length: usize| {
        parts
            .next()
            .filter(|part| part.len() == length && part.bytes().all(|b| b.is_ascii_digit()))?
            .parse::<u32>()
            .ok()
    };
    let (Some(year), Some(month), Some(day)) = (part(4), part(2), part(2)) else { return false };
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    parts.next().is_none() && (1..=days).contains(&day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(form: Form, text: &str) -> Option<&'static str> {
        check(form, "key", text, "").map(|fault| fault.code())
    }

    #[test]
    fn names() {
        for fine in ["a", "credit-risk", "0x", &"a".repeat(63)] {
            assert_eq!(code(Form::ProjectName, fine), None, "{fine}");
        }
        for wrong in ["Credit", "a_b", "-a", "a-", "信用", &"a".repeat(64), "a/b", "a\n"] {
            assert_eq!(code(Form::ProjectName, wrong), Some("recipe-project-name"), "{wrong}");
        }
        assert_eq!(code(Form::Column, "年龄"), None);
        assert_eq!(code(Form::Column, " age"), Some("recipe-name"));
        assert_eq!(code(Form::Column, "a\u{7}"), Some("recipe-name"));
        assert_eq!(code(Form::NewColumn, "_row"), Some("recipe-reserved-column"));
        assert_eq!(code(Form::Any, "  "), Some("recipe-empty"));
    }

    #[test]
    fn versions() {
        for fine in ["0.1.0", "1.20.300", "1.0.0-rc.1"] {
            assert_eq!(code(Form::Version, fine), None, "{fine}");
        }
        for wrong in ["1", "1.0", "01.0.0", "1.0.0+build", "1.0.0-", "v1.0.0", "../1.0.0"] {
            assert_eq!(code(Form::Version, wrong), Some("recipe-version"), "{wrong}");
        }
    }

    #[test]
    fn addresses() {
        for fine in [
            "data/a.csv",
            "data/*.csv",
            "file:/x",
            "s3://b/k",
            "postgres://h/d",
            "C:\\x.csv",
            "a b:c.csv",
        ] {
            assert_eq!(code(Form::Uri, fine), None, "{fine}");
        }
        assert_eq!(code(Form::Uri, "https://example.org/a.csv"), Some("recipe-not-yet"));
        assert_eq!(code(Form::Uri, "ftp://example.org/a.csv"), Some("recipe-uri-scheme"));
        assert_eq!(code(Form::Listen, "127.0.0.1:5000"), None);
        assert_eq!(code(Form::Listen, "[::1]:5000"), None);
        assert_eq!(code(Form::Listen, "localhost:5000"), Some("recipe-listen"));
        for fine in ["10.0.0.5:5050", "scheduler.bank.example:5050", "[::1]:5050"] {
            assert_eq!(code(Form::Address, fine), None, "{fine}");
        }
        for wrong in ["10.0.0.5", "host:0", ":5050", "::1:5050", "https://host:1", "host:70000"] {
            assert_eq!(code(Form::Address, wrong), Some("recipe-address"), "{wrong}");
        }
    }

    #[test]
    fn dates_of_the_calendar() {
        for fine in ["2027-12-31", "2028-02-29", "2000-02-29"] {
            assert!(is_date(fine), "{fine}");
        }
        for wrong in [
            "2027-02-29",
            "1900-02-29",
            "2027-13-01",
            "2027-00-10",
            "2027-1-1",
            "2027-01-01T00:00:00Z",
            "2027-01-32",
            "2027-01-01-",
        ] {
            assert!(!is_date(wrong), "{wrong}");
        }
    }

    #[test]
    fn patterns_and_characters() {
        assert_eq!(code(Form::Pattern, "^\\d{6}$"), None);
        assert_eq!(code(Form::Pattern, "(a"), Some("recipe-pattern"));
        assert_eq!(code(Form::Character, "＊"), None);
        for wrong in ["", "**", " ", "\n"] {
            assert_eq!(code(Form::Character, wrong), Some("recipe-one-character"), "{wrong}");
        }
    }
}
