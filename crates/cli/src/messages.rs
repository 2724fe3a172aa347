//! What the command line itself says to a person, and the table of what every room says.

ingot_base::messages! {
    /// A file would be overwritten.
    EXISTS = {
        code: "cli-exists", class: Usage, status: 409,
        en: "`{path}` exists already", zh: "`{path}` 已存在",
        hint_en: "choose another name, or delete it first", hint_zh: "请换一个名称，或先删除它",
    };
    /// A file's name does not tell its format.
    FORMAT_UNKNOWN = {
        code: "cli-format-unknown", class: Usage, status: 400,
        en: "`{path}` is neither .csv nor .jsonl", zh: "`{path}` 既不是 .csv 也不是 .jsonl",
        hint_en: "name the file by its format", hint_zh: "请用扩展名表明文件格式",
    };
    /// The asynchronous runtime could not start.
    RUNTIME = {
        code: "cli-runtime", class: Failed, status: 500,
        en: "cannot start the worker threads", zh: "无法启动工作线程",
        hint_en: "check the limits on processes and memory", hint_zh: "请检查进程数和内存限制",
    };
    /// A scope that does not exist.
    SCOPE_UNKNOWN = {
        code: "cli-scope-unknown", class: Usage, status: 400,
        en: "there is no scope `{scope}`", zh: "没有名为 `{scope}` 的权限",
        hint_en: "scopes are: {known}", hint_zh: "可用的权限：{known}",
    };
}

/// Every message of every room; tests keep codes unique and the languages' arguments equal.
#[cfg(test)]
fn all() -> Vec<&'static ingot_base::Message> {
    [
        ingot_base::fault::MESSAGES,
        ingot_recipe::MESSAGES,
        ingot_privacy::messages::MESSAGES,
        ingot_data::MESSAGES,
        ingot_runtime::MESSAGES,
        ingot_train::MESSAGES,
        ingot_explain::MESSAGES,
        ingot_seal::MESSAGES,
        ingot_pipeline::MESSAGES,
        ingot_ledger::MESSAGES,
        ingot_serve::MESSAGES,
        ingot_deploy::MESSAGES,
        MESSAGES,
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ingot_base::fault::placeholders;
    use std::collections::BTreeSet;

    #[test]
    fn codes_are_unique() {
        let mut seen = BTreeSet::new();
        for message in all() {
            assert!(seen.insert(message.code), "{} stands twice", message.code);
        }
        assert!(seen.len() > 40, "only {} messages were gathered", seen.len());
    }

    #[test]
    fn both_languages_say_the_same() {
        for message in all() {
            assert!(!message.zh.is_empty() && !message.en.is_empty(), "{}", message.code);
            assert_eq!(placeholders(message.en), placeholders(message.zh), "{}", message.code);
            assert_eq!(
                placeholders(message.hint_en),
                placeholders(message.hint_zh),
                "{}",
                message.code
            );
            assert_eq!(message.hint_en.is_empty(), message.hint_zh.is_empty(), "{}", message.code);
            assert!(
                message.zh.chars().any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter)),
                "{}",
                message.code
            );
        }
    }
}
