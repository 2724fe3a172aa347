//! Progress: a bar on a terminal, plain lines when piped, nothing with `--quiet`.

use indicatif::{ProgressBar, ProgressStyle};
use ingot_base::{Fault, Lang, Reporter, Text};
use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Where progress goes.
#[derive(Debug)]
pub(crate) struct Progress {
    lang: Lang,
    shown: Shown,
    bar: Mutex<Option<ProgressBar>>,
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
        Self { lang, shown, bar: Mutex::new(None) }
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
            Shown::Lines => crate::err(&format!("  … {title}")),
            Shown::Bar => {
                let template = if total.is_some() {
                    "  {spinner} {msg} {wide_bar:.cyan/dim} {percent:>3}% {elapsed}"
                } else {
                    "  {spinner} {msg} {human_pos} {elapsed}"
                };
                let bar = total.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
                if let Ok(style) = ProgressStyle::with_template(template) {
                    bar.set_style(style);
                }
                bar.set_message(title);
                bar.enable_steady_tick(Duration::from_millis(120));
                *self.bar.lock().unwrap_or_else(PoisonError::into_inner) = Some(bar);
            }
        }
    }

    fn advance(&self, done: u64) {
        if let Some(bar) = self.bar.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            bar.inc(done);
        }
    }

    fn finish(&self, summary: &Text) {
        if let Some(bar) = self.bar.lock().unwrap_or_else(PoisonError::into_inner).take() {
            bar.finish_and_clear();
        }
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
