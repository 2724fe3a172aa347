//! Progress: a bar on a terminal, plain lines when piped, nothing with `--quiet`.

use indicatif::{ProgressBar, ProgressStyle};
use ingot_base::{Fault, Lang, Reporter, Text};
use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Without a terminal, a stage that reports a step is told of again, at most this often.
const STILL: Duration = Duration::from_secs(30);

/// Where progress goes.
#[derive(Debug)]
pub(crate) struct Progress {
    lang: Lang,
    shown: Shown,
    bar: Mutex<Option<ProgressBar>>,
    /// Without a terminal: the stage that runs.
    stage: Mutex<Option<Running>>,
}

/// A stage under way.
#[derive(Debug)]
struct Running {
    title: String,
    /// What of it, once it told.
    part: String,
    begun: Instant,
    /// When it was last told of.
    told: Instant,
}

impl Running {
    fn of(title: String, now: Instant) -> Self {
        Self { title, part: String::new(), begun: now, told: now }
    }

    /// Goes on with another part, and says so.
    fn go_on(&mut self, part: String, now: Instant) -> String {
        (self.part, self.told) = (part, now);
        self.name()
    }

    fn name(&self) -> String {
        format!("{}{}", self.title, self.part)
    }

    /// How many seconds it has been at work, when that is to be told again.
    fn due(&mut self, now: Instant) -> Option<u64> {
        if now.duration_since(self.told) < STILL {
            return None;
        }
        self.told = now;
        Some(now.duration_since(self.begun).as_secs())
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Shown {
    Bar,
    Lines,
    Nothing,
}

impl Progress {
    pub(crate) fn new(lang: Lang, quiet: bool) -> Self {
        let shown = if quiet {
            Shown::Nothing
        } else if std::io::stderr().is_terminal() {
            Shown::Bar
        } else {
            Shown::Lines
        };
        Self { lang, shown, bar: Mutex::new(None), stage: Mutex::new(None) }
    }

    fn line(&self, text: &str) {
        match self.shown {
            Shown::Nothing => {}
            Shown::Bar => {
                let bar = self.bar.lock().unwrap_or_else(PoisonError::into_inner);
                match bar.as_ref() {
                    Some(bar) => bar.suspend(|| crate::err(text)),
                    None => crate::err(text),
                }
            }
            Shown::Lines => crate::err(text),
        }
    }
}

impl Reporter for Progress {
    fn start(&self, stage: &Text, total: Option<u64>) {
        let title = stage.get(self.lang).to_owned();
        match self.shown {
            Shown::Nothing => {}
            Shown::Lines => {
                crate::err(&format!("  … {title}"));
                *self.stage.lock().unwrap_or_else(PoisonError::into_inner) =
                    Some(Running::of(title, Instant::now()));
            }
            Shown::Bar => {
                let template = if total.is_some() {
                    "  {spinner} {prefix}{msg} {wide_bar:.cyan/dim} {percent:>3}% {elapsed}"
                } else {
                    "  {spinner} {prefix}{msg} {human_pos} {elapsed}"
                };
                let bar = total.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
                if let Ok(style) = ProgressStyle::with_template(template) {
                    bar.set_style(style);
                }
                bar.set_prefix(title);
                bar.enable_steady_tick(Duration::from_millis(120));
                *self.bar.lock().unwrap_or_else(PoisonError::into_inner) = Some(bar);
            }
        }
    }

    fn advance(&self, done: u64) {
        if let Some(bar) = self.bar.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            bar.inc(done);
        }
        let mut stage = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = stage.as_mut()
            && let Some(seconds) = running.due(Instant::now())
        {
            crate::err(&format!("  … {} ({seconds} s)", running.name()));
        }
    }

    fn part(&self, part: &Text) {
        let part = match self.lang {
            Lang::En => format!(": {}", part.en),
            Lang::Zh => format!("：{}", part.zh),
        };
        if let Some(bar) = self.bar.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            bar.set_message(part.clone());
        }
        let mut stage = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = stage.as_mut() {
            crate::err(&format!("  … {}", running.go_on(part, Instant::now())));
        }
    }

    fn finish(&self, summary: &Text) {
        if let Some(bar) = self.bar.lock().unwrap_or_else(PoisonError::into_inner).take() {
            bar.finish_and_clear();
        }
        *self.stage.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.line(&format!("  ✓ {}", summary.get(self.lang)));
    }

    fn warn(&self, warning: &Fault) {
        let word = match self.lang {
            Lang::En => "warning",
            Lang::Zh => "警告",
        };
        let mut text = format!("  ! {word}[{}]: {}", warning.code(), warning.render(self.lang));
        if let Some(hint) = warning.hint(self.lang) {
            text.extend(["\n      ", &hint]);
        }
        self.line(&text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_stage_is_told_of_again_and_again() {
        let begun = Instant::now();
        let mut running = Running::of("train".to_owned(), begun);
        assert_eq!(running.due(begun + STILL / 2), None);
        assert_eq!(running.due(begun + STILL), Some(30));
        assert_eq!(running.due(begun + STILL + STILL / 2), None);
        assert_eq!(running.due(begun + 2 * STILL), Some(60));
        // A part is told at once, and the whole stage's time again later.
        assert_eq!(running.name(), "train");
        let third = begun + 3 * STILL;
        assert_eq!(running.go_on(": test rows".to_owned(), third), "train: test rows");
        assert_eq!(running.due(third + STILL / 2), None);
        assert_eq!(running.due(third + STILL), Some(120));
    }
}
