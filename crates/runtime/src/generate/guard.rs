//! What keeps a hostile template from working for ever. The engine counts a template's steps, but one step may be as long as what it
//! works on: lists that are added to one another are put together later, all at once and uncounted, and lists within lists are compared
//! without a count. So additions are counted here, and whatever takes too long all the same is given up.

use crate::messages::TEMPLATE_INVALID;
use ingot_base::{Fault, Result, Text, fault};
use minijinja::machinery::{Token, tokenize};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, Value as Jinja, ValueKind};
use minijinja::{Environment, Error, ErrorKind, State, filters};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// The filters that count; no name that anybody writes.
const ADDED: &str = "ingot_added";
const REPEATED: &str = "ingot_repeated";
/// Filters of the engine that no other engine of these templates has. Like additions they put lists together uncounted.
const FOREIGN: [&str; 2] = ["chain", "zip"];
/// Items that one unit of fuel pays for when lists are added.
const ITEMS: u64 = 4;
/// Fuel of a multiplication: repeated lists hold one another, and each asks the one within how long it is.
const REPEAT: u64 = 64;

/// The template with every left side of `+` and `*` counted. Both filters hand on what they are given, so that it does not matter how
/// much of the left side they bind to.
///
/// # Errors
/// When the text is no template.
pub(super) fn counted(source: &str, syntax: &SyntaxConfig) -> std::result::Result<String, Error> {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    // What stands before a star that is no operator: it takes a list apart.
    let mut opened = true;
    for token in tokenize(source, false, syntax.clone()) {
        let (token, span) = token?;
        let before = std::mem::replace(
            &mut opened,
            matches!(token, Token::ParenOpen | Token::BracketOpen | Token::Comma),
        );
        let filter = match token {
            Token::Plus => ADDED,
            Token::Mul if !before => REPEATED,
            _ => continue,
        };
        let taken = source.len() - rest.len();
        let at = (span.start_offset as usize).checked_sub(taken);
        if let Some((left, right)) = at.and_then(|at| rest.split_at_checked(at)) {
            out.extend([left, "|", filter, " "]);
            rest = right;
        }
    }
    out.push_str(rest);
    Ok(out)
}

/// Gives an environment the filters that count.
pub(super) fn guard(environment: &mut Environment<'_>) {
    for name in FOREIGN {
        environment.remove_filter(name);
    }
    environment.add_filter(ADDED, added);
    environment.add_filter(REPEATED, repeated);
    environment.add_filter("sum", sum);
}

/// Pays for what is added to; a list that is still to be put together is put together here.
fn added(state: &State<'_, '_>, value: Jinja) -> std::result::Result<Jinja, Error> {
    if !matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable) || value.is_tuple() {
        return Ok(value);
    }
    state.consume_fuel(value.len().map_or(0, |items| items as u64) / ITEMS)?;
    if value.kind() == ValueKind::Seq {
        return Ok(value);
    }
    let mut items = Vec::new();
    for item in value.try_iter()? {
        if (items.len() as u64).is_multiple_of(ITEMS) {
            state.consume_fuel(1)?;
        }
        items.push(item);
    }
    Ok(Jinja::from(items))
}

/// Pays for a repetition.
fn repeated(state: &State<'_, '_>, value: Jinja) -> std::result::Result<Jinja, Error> {
    state.consume_fuel(REPEAT)?;
    Ok(value)
}

/// A sum of numbers: the engine refuses anything else once it has begun with one, and would add lists uncounted.
fn sum(
    state: &State<'_, '_>,
    values: Jinja,
    attribute: Option<&str>,
    start: Option<Jinja>,
    options: Kwargs,
) -> std::result::Result<Jinja, Error> {
    let begin = match &start {
        Some(start) => Some(start.clone()),
        None => options.peek::<Option<Jinja>>("start")?,
    };
    if begin.is_some_and(|begin| !begin.is_number()) {
        return Err(Error::new(ErrorKind::InvalidOperation, "only numbers are summed"));
    }
    filters::sum(state, values, attribute, start, options)
}

/// Does work on a thread of its own, with a stack of so many bytes, that is given up when it takes too long: threads cannot be ended from
/// without, so it works on until the program ends, and whoever calls must not begin the same work again.
///
/// # Errors
/// When there can be no thread, or the work panics or takes too long.
pub(super) fn in_time<T: Send + 'static>(
    bytes: usize,
    patience: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    let (send, receive) = channel();
    let thread = std::thread::Builder::new().name("ingot-template".to_owned()).stack_size(bytes);
    thread
        .spawn(move || {
            // Whoever gave up hears nothing.
            let _ = send.send(work());
        })
        .map_err(|error| fault::internal("a thread could not be made").because(error))?;
    receive.recv_timeout(patience).map_err(|error| match error {
        RecvTimeoutError::Timeout => {
            let seconds = patience.as_secs();
            let (en, zh) = (format!("no end within {seconds} s"), format!("{seconds} 秒内未完成"));
            Fault::new(&TEMPLATE_INVALID).words("detail", Text::new(en, zh))
        }
        RecvTimeoutError::Disconnected => fault::internal("work on a template panicked"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_operators_are_counted() {
        let syntax = SyntaxConfig::default();
        let counted = |source: &str| counted(source, &syntax).unwrap();
        assert_eq!(counted("{{ a + b*c }} 1+1"), "{{ a |ingot_added + b|ingot_repeated *c }} 1+1");
        for same in [
            "{{ '+' }}",
            "{{ f(*a) }}{{ [1, *a] }}{{ f(a, *b, **c) }}",
            "{# a + b #}",
            "{%+ if a +%}x{% endif %}",
            "{% raw %}{{ a + b }}{% endraw %}",
            "龘",
        ] {
            assert_eq!(counted(same), same);
        }
        assert!(super::counted("{{ 'a }}", &syntax).is_err());
    }

    #[test]
    fn what_takes_too_long_is_given_up() {
        let brief = Duration::from_millis(50);
        let slow = in_time(1 << 20, brief, || std::thread::sleep(Duration::from_secs(2)));
        assert_eq!(slow.unwrap_err().code(), "runtime-template-invalid");
        assert_eq!(in_time(1 << 20, Duration::from_mins(1), || 7).unwrap(), 7);
        assert!(
            in_time(1 << 20, Duration::from_mins(1), || panic!("on purpose"))
                .map(|(): ()| ())
                .is_err()
        );
    }
}
