//! One error voice: what failed, why, what to do next, in both languages.
//!
//! A room declares its messages with [`messages!`](crate::messages) next to the code that raises them; the command line
//! gathers all tables, a test there keeps the codes unique and the two languages' arguments equal. `Display` stays
//! English, for logs; [`Fault::render`] gives a person's language.

use crate::{Lang, Text};
use std::error::Error;
use std::fmt;

/// What kind of failure a message is; decides the exit code and the default HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// The work failed: exit code 1.
    Failed,
    /// Wrong usage or recipe: exit code 2.
    Usage,
    /// A gate refused (parity, anonymity, verification): exit code 3.
    Refused,
}

impl Class {
    /// The process exit code documented for the class.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Refused => 3,
        }
    }
}

/// One entry of a room's code table. Templates name their arguments in braces: `{column}`.
#[derive(Debug, PartialEq, Eq)]
pub struct Message {
    /// Stable kebab-case name, `room-what`; the last segment of a problem document's `type`.
    pub code: &'static str,
    /// Decides the exit code.
    pub class: Class,
    /// HTTP status when a request meets it.
    pub status: u16,
    /// English sentence.
    pub en: &'static str,
    /// Chinese sentence.
    pub zh: &'static str,
    /// What to do next, English; empty when the sentence already says it.
    pub hint_en: &'static str,
    /// What to do next, Chinese.
    pub hint_zh: &'static str,
}

/// Declares a room's messages as `pub static` items and `pub static MESSAGES`, the table of them all.
///
/// ```ignore
/// ingot_base::messages! {
///     /// A column of the recipe does not exist in the data.
///     COLUMN_MISSING = {
///         code: "data-column-missing", class: Usage, status: 422,
///         en: "source `{source}` has no column `{column}`", zh: "数据源 `{source}` 没有列 `{column}`",
///         hint_en: "its columns are: {known}", hint_zh: "现有的列：{known}",
///     };
/// }
/// ```
#[macro_export]
macro_rules! messages {
    ($($(#[$doc:meta])* $name:ident = {
        code: $code:literal, class: $class:ident, status: $status:literal,
        en: $en:literal, zh: $zh:literal, hint_en: $hint_en:literal, hint_zh: $hint_zh:literal $(,)?
    };)+) => {
        $($(#[$doc])* pub static $name: $crate::Message = $crate::Message {
            code: $code, class: $crate::Class::$class, status: $status,
            en: $en, zh: $zh, hint_en: $hint_en, hint_zh: $hint_zh,
        };)+
        /// Every message of this room.
        pub static MESSAGES: &[&$crate::Message] = &[$(&$name),+];
    };
}

/// A failure that a person must act on. Arguments must never hold personal data.
#[derive(Debug)]
pub struct Fault(Box<Inner>);

#[derive(Debug)]
struct Inner {
    message: &'static Message,
    args: Vec<(&'static str, String)>,
    /// Those of them that are other words in Chinese.
    chinese: Vec<(&'static str, String)>,
    key_path: Option<String>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl Fault {
    /// A fault without arguments yet.
    pub fn new(message: &'static Message) -> Self {
        Self(Box::new(Inner {
            message,
            args: Vec::new(),
            chinese: Vec::new(),
            key_path: None,
            source: None,
        }))
    }

    /// Fills `{name}` in the templates.
    #[must_use]
    pub fn arg(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.0.args.push((name, value.to_string()));
        self
    }

    /// Fills `{name}` with words that each language has its own of.
    #[must_use]
    pub fn words(mut self, name: &'static str, text: Text) -> Self {
        self.0.args.push((name, text.en));
        self.0.chinese.push((name, text.zh));
        self
    }

    /// Names the recipe key at fault, such as `clean.keep[0]`; the recipe room turns it into a line and a caret.
    #[must_use]
    pub fn at(mut self, key_path: impl Into<String>) -> Self {
        self.0.key_path = Some(key_path.into());
        self
    }

    /// Keeps the cause, shown indented below the sentence.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The entry of the code table.
    pub fn message(&self) -> &'static Message {
        self.0.message
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.0.message.code
    }

    /// The recipe key at fault, if one is known.
    pub fn key_path(&self) -> Option<&str> {
        self.0.key_path.as_deref()
    }

    /// The arguments, in the order they were given; words in English.
    pub fn args(&self) -> &[(&'static str, String)] {
        &self.0.args
    }

    /// The sentence in one language.
    pub fn render(&self, lang: Lang) -> String {
        let template = match lang {
            Lang::En => self.0.message.en,
            Lang::Zh => self.0.message.zh,
        };
        self.filled(template, lang)
    }

    /// What to do next in one language; `None` when the sentence says it already.
    pub fn hint(&self, lang: Lang) -> Option<String> {
        let template = match lang {
            Lang::En => self.0.message.hint_en,
            Lang::Zh => self.0.message.hint_zh,
        };
        (!template.is_empty()).then(|| self.filled(template, lang))
    }

    fn filled(&self, template: &str, lang: Lang) -> String {
        let own: &[_] = if lang == Lang::Zh { &self.0.chinese } else { &[] };
        fill(template, &own.iter().chain(&self.0.args))
    }

    /// Both as running text: the sentence with its full stop, then what to do next.
    pub fn advice(&self, lang: Lang) -> String {
        let (stop, blank) = match lang {
            Lang::En => (".", " "),
            Lang::Zh => ("。", ""),
        };
        let hint = self.hint(lang).map_or_else(String::new, |hint| format!("{blank}{hint}"));
        format!("{}{stop}{hint}", self.render(lang))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(Lang::En))
    }
}

impl Error for Fault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

/// Replaces every `{name}` that has an argument, by the first of that name; others stay, so that a missing argument is seen.
fn fill<'a>(
    template: &str,
    args: &(impl Iterator<Item = &'a (&'static str, String)> + Clone),
) -> String {
    let mut out = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let known = after.split_once('}').and_then(|(name, tail)| {
            args.clone().find(|(known, _)| *known == name).map(|(_, value)| (value, tail))
        });
        if let Some((value, tail)) = known {
            out.push_str(value);
            rest = tail;
        } else {
            out.push('{');
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

/// The argument names a template mentions, sorted; for the test that compares languages.
pub fn placeholders(template: &str) -> Vec<&str> {
    let mut names: Vec<&str> = template
        .split('{')
        .skip(1)
        .filter_map(|part| part.split_once('}').map(|(name, _)| name))
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

crate::messages! {
    /// A file could not be read.
    FILE_READ = {
        code: "base-file-read", class: Failed, status: 500,
        en: "cannot read `{path}`", zh: "无法读取 `{path}`",
        hint_en: "check that the file exists and that you may read it", hint_zh: "请确认文件存在且有读取权限",
    };
    /// A file could not be written; nothing half written remains.
    FILE_WRITE = {
        code: "base-file-write", class: Failed, status: 500,
        en: "cannot write `{path}`; nothing was left half written", zh: "无法写入 `{path}`；没有留下写了一半的文件",
        hint_en: "check free disk space and permissions, then run the command again", hint_zh: "请检查磁盘空间和权限，然后重新运行",
    };
    /// Something the project believed impossible; a defect of Ingot, not of the user.
    INTERNAL = {
        code: "base-internal", class: Failed, status: 500,
        en: "Ingot met a state it should not: {what}", zh: "Ingot 遇到了不应出现的状态：{what}",
        hint_en: "please report it with the command you ran", hint_zh: "请将所运行的命令反馈给我们",
    };
}

/// A defect of ours, said plainly instead of a panic.
pub fn internal(what: impl fmt::Display) -> Fault {
    Fault::new(&INTERNAL).arg("what", what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_arguments_and_leaves_unknown_ones_visible() {
        assert_eq!(fill("a {x} b {y} {", &[("x", "1".into())].iter()), "a 1 b {y} {");
        let fault = Fault::new(&FILE_READ).arg("path", "数据.csv");
        assert_eq!(fault.render(Lang::Zh), "无法读取 `数据.csv`");
        assert_eq!(fault.to_string(), "cannot read `数据.csv`");
        assert_eq!(fault.advice(Lang::Zh), "无法读取 `数据.csv`。请确认文件存在且有读取权限");
        assert!(fault.advice(Lang::En).starts_with("cannot read `数据.csv`. check that"));
        let fault = Fault::new(&FILE_READ).words("path", Text::new("this", "此"));
        assert_eq!(
            [Lang::En, Lang::Zh].map(|lang| fault.render(lang)),
            ["cannot read `this`", "无法读取 `此`"]
        );
    }
}
