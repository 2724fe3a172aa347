//! The console: a page in which people try the models in service and see how the server is. One file, nothing from outside; it asks the
//! server's own interface, with the key that is typed into it, and shows nothing else.

use crate::docs::{hash, referrer};
use crate::model::{Model, classes};
use axum::body::Bytes;
use axum::http::{HeaderName, HeaderValue, header};
use ingot_base::{FieldKind, Lang, Output};
use serde_json::{Map, Value, json};
use std::sync::{Arc, LazyLock};

const PAGE: &str = include_str!("console/page.html");
const STYLE: &str = include_str!("console/style.css");
/// Every message of the page: its name, then English and Chinese.
const WORDS: &str = include_str!("console/words.json");
/// One script in pieces of one subject each; a name stands for the same in all of them.
const SCRIPTS: [&str; 6] = [
    include_str!("console/core.js"),
    include_str!("console/results.js"),
    include_str!("console/forms.js"),
    include_str!("console/chat.js"),
    include_str!("console/status.js"),
    include_str!("console/main.js"),
];

static CONSOLE: LazyLock<Console> = LazyLock::new(Console::new);

/// The page in both languages, and the policy that lets nothing else run in it.
#[derive(Debug)]
struct Console {
    en: Bytes,
    zh: Bytes,
    policy: Option<HeaderValue>,
}

impl Console {
    fn new() -> Self {
        let script = format!("\"use strict\";\n(() => {{\n{}}})();\n", SCRIPTS.concat());
        // Pictures: what the server drew, as data, and what was chosen on this machine. A text never becomes markup.
        let policy = format!(
            "default-src 'none'; script-src {}; style-src {}; connect-src 'self'; img-src data: blob:; base-uri 'none'; form-action 'none'; \
             frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
            hash(&script),
            hash(STYLE)
        );
        Self {
            en: page(Lang::En, &script),
            zh: page(Lang::Zh, &script),
            policy: HeaderValue::from_str(&policy).ok(),
        }
    }
}

/// The page for whoever reads this language first; it holds both.
fn page(lang: Lang, script: &str) -> Bytes {
    let words: Map<String, Value> = serde_json::from_str(WORDS).unwrap_or_default();
    let word = |name: &str| {
        let at = usize::from(lang == Lang::Zh);
        words.get(name).and_then(|both| both.get(at)).and_then(Value::as_str).unwrap_or_default()
    };
    let page = PAGE
        .replace("{{lang}}", lang.tag())
        .replace("{{title}}", word("title"))
        .replace("{{noscript}}", word("noscript"))
        .replace("{{style}}", STYLE)
        .replace("{{words}}", WORDS)
        .replace("{{script}}", script);
    page.into()
}

/// The page, in the language that was asked for.
pub(crate) fn body(lang: Lang) -> Bytes {
    match lang {
        Lang::En => CONSOLE.en.clone(),
        Lang::Zh => CONSOLE.zh.clone(),
    }
}

pub(crate) fn headers(lang: Lang) -> Vec<(HeaderName, HeaderValue)> {
    let policy = CONSOLE.policy.clone().map(|policy| (header::CONTENT_SECURITY_POLICY, policy));
    let alone = |name: &'static str| {
        (HeaderName::from_static(name), HeaderValue::from_static("same-origin"))
    };
    let rest = [
        referrer(),
        alone("cross-origin-opener-policy"),
        alone("cross-origin-resource-policy"),
        (header::CONTENT_LANGUAGE, HeaderValue::from_static(lang.tag())),
        (header::VARY, HeaderValue::from_static("accept-language")),
    ];
    policy.into_iter().chain(rest).collect()
}

/// What the console wants to know of the models and no schema says, for the document that describes them. `row` names the schema of a
/// model's row.
pub(crate) fn models(models: &[Arc<Model>], row: impl Fn(usize) -> String) -> Value {
    let mut rows = 0;
    let tell = |model: &Arc<Model>| {
        let signature = model.signature();
        let mut about = json!({
            "name": &*model.name, "version": &*model.version, "task": signature.task.as_str(),
            "target": signature.output.target(),
        });
        if let Some(generator) = model.generator() {
            let known = generator.about();
            about["kind"] = "language".into();
            about["context"] = known.context.into();
            about["chat"] = known.template.is_some().into();
            return about;
        }
        about["kind"] = match signature.inputs.first().map(|field| &field.kind) {
            Some(FieldKind::Image { .. }) => "picture",
            Some(FieldKind::Text { .. }) => "text",
            _ => "table",
        }
        .into();
        about["row"] = row(rows).into();
        rows += 1;
        about["classes"] = classes(&signature.output).into();
        match &signature.output {
            Output::Binary { positive, threshold, .. } => {
                about["output"] = "binary".into();
                about["positive"] = positive.as_str().into();
                about["threshold"] = (*threshold).into();
            }
            Output::Multiclass { .. } => about["output"] = "multiclass".into(),
            Output::Number { .. } | Output::Text { .. } => about["output"] = "number".into(),
        }
        about
    };
    models.iter().map(tell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn text(lang: Lang) -> String {
        String::from_utf8(body(lang).to_vec()).unwrap()
    }

    /// What stands between two texts, after the first time that the first one stands.
    fn between<'a>(page: &'a str, from: &str, to: &str) -> &'a str {
        page.split_once(from).unwrap().1.split_once(to).unwrap().0
    }

    #[test]
    fn nothing_comes_from_outside_and_no_text_becomes_markup() {
        for lang in [Lang::En, Lang::Zh] {
            let page = text(lang).replace("http://www.w3.org/2000/svg", "");
            for foreign in ["http://", "https://", "//cdn", " src=", "@import", "url(", "{{"] {
                assert!(!page.contains(foreign), "{foreign}");
            }
            for sink in [
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
                "new Function",
            ] {
                assert!(!page.contains(sink), "{sink}");
            }
            assert!(!page.contains("localStorage"), "a key outlives no tab");
        }
    }

    #[test]
    fn the_policy_allows_what_stands_in_the_page_and_nothing_else() {
        for lang in [Lang::En, Lang::Zh] {
            let page = text(lang);
            let policy = headers(lang)
                .into_iter()
                .find(|(name, _)| *name == header::CONTENT_SECURITY_POLICY)
                .unwrap();
            let policy = policy.1.to_str().unwrap();
            let script = hash(between(&page, "<script>", "</script>"));
            let style = hash(between(&page, "<style>", "</style>"));
            let wanted = [
                "default-src 'none'".to_owned(),
                format!("script-src {script}"),
                format!("style-src {style}"),
                "connect-src 'self'".into(),
                "img-src data: blob:".into(),
                "base-uri 'none'".into(),
                "form-action 'none'".into(),
                "frame-ancestors 'none'".into(),
                "require-trusted-types-for 'script'".into(),
                "trusted-types 'none'".into(),
            ];
            assert_eq!(policy.split("; ").collect::<Vec<_>>(), wanted);
            assert_eq!(page.matches("<script").count(), 2, "the words and the script");
            assert!(!page.contains(" style=\""));
        }
    }

    #[test]
    fn each_language_has_its_page() {
        for (lang, tag, title) in
            [(Lang::En, "en", "Ingot console"), (Lang::Zh, "zh-CN", "Ingot 控制台")]
        {
            let page = text(lang);
            assert_eq!(between(&page, "<html lang=\"", "\""), tag);
            assert_eq!(between(&page, "<title>", "</title>"), title);
            assert!(
                headers(lang).contains(&(header::CONTENT_LANGUAGE, HeaderValue::from_static(tag)))
            );
        }
    }

    #[test]
    fn every_message_is_in_both_languages_and_said_somewhere() {
        /// Beginnings of names that are put together.
        const FAMILIES: [&str; 3] = ["kind_", "empty_", "set_"];
        assert!(!WORDS.contains('<'), "it would end the block that holds it");
        let words: Map<String, Value> = serde_json::from_str(WORDS).unwrap();
        let script = SCRIPTS.concat();
        let places = |text: &str| -> BTreeSet<String> {
            let named = |part: &str| part.split_once('}').map(|(name, _)| name.to_owned());
            text.split('{').skip(1).filter_map(named).collect()
        };
        for (name, both) in &words {
            let both: Vec<&str> =
                both.as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
            let [en, zh] = both[..] else { panic!("{name} is not in two languages") };
            assert!(!en.trim().is_empty() && !zh.trim().is_empty(), "{name}");
            assert_eq!(places(en), places(zh), "{name}");
            let said = script.contains(&format!("\"{name}\""))
                || FAMILIES.iter().any(|family| name.starts_with(family))
                || PAGE.contains(&format!("{{{{{name}}}}}"));
            assert!(said, "{name} is said nowhere");
            let fixed = ["p50", "p95", "p99", "scoreOf"].contains(&name.as_str());
            let han = |letter: char| ('\u{4e00}'..='\u{9fff}').contains(&letter);
            assert!(fixed || zh.contains(han), "{name} is not Chinese: {zh}");
            assert!(!en.contains(han), "{name} is not English: {en}");
        }
        let said: BTreeSet<&str> = script
            .split("say(\"")
            .skip(1)
            .filter_map(|rest| rest.split_once('"').map(|(name, _)| name))
            .collect();
        assert!(said.len() > 80, "{}", said.len());
        for name in said {
            assert!(words.contains_key(name), "{name} is no message");
        }
        // What a problem says is looked up when it is shown: the language may change meanwhile.
        let problems: Vec<&str> = script
            .split("new Problem({")
            .skip(1)
            .filter_map(|rest| rest.split("})").next())
            .collect();
        assert!(problems.len() > 8, "{}", problems.len());
        for problem in problems {
            assert!(
                !problem.contains("title: say(") && !problem.contains("detail: say("),
                "{problem}"
            );
        }
    }
}
