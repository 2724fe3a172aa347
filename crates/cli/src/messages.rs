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
    /// A package without rows to score.
    PREDICT_LANGUAGE = {
        code: "cli-predict-language", class: Usage, status: 400,
        en: "this package is a language model: it has no rows to score", zh: "此模型包是语言模型，没有可评分的行",
        hint_en: "`ingot eval` asks it questions whose answers are known; `ingot serve` lets it answer others", hint_zh: "可用 `ingot eval` 以已知答案的提问测试，或用 `ingot serve` 提供服务",
    };
    /// A context that the model was not made for; a warning.
    CONTEXT_LONGEST = {
        code: "cli-context-longest", class: Usage, status: 200,
        en: "the context is {context} tokens, not {asked}: the model of `{path}` was made for no more", zh: "上下文为 {context} 个词元，而非 {asked} 个：`{path}` 的模型不支持更长的上下文",
        hint_en: "", hint_zh: "",
    };
    /// A package that does not answer questions.
    EVAL_TASK = {
        code: "cli-eval-task", class: Usage, status: 400,
        en: "`{path}` is no language model", zh: "`{path}` 不是语言模型",
        hint_en: "its training report says how good it is; `ingot predict` scores other rows", hint_zh: "其训练报告给出了评估结果；可用 `ingot predict` 为其他行评分",
    };
    /// A drawing of another format.
    PICTURE_FORMAT = {
        code: "cli-picture-format", class: Usage, status: 400,
        en: "`{path}` is neither .svg nor .png", zh: "`{path}` 既不是 .svg 也不是 .png",
        hint_en: "name the file by its format", hint_zh: "请用扩展名表明文件格式",
    };
    /// A shape that cannot be understood.
    PICTURE_SHAPE = {
        code: "cli-picture-shape", class: Usage, status: 400,
        en: "`{shape}` is no shape of an input", zh: "`{shape}` 不是有效的输入形状",
        hint_en: "for example: --shape image=1,3,224,224", hint_zh: "例如：--shape image=1,3,224,224",
    };
    /// A shape of an input that the network does not have.
    PICTURE_INPUT = {
        code: "cli-picture-input", class: Usage, status: 400,
        en: "the network has no input `{name}`", zh: "该网络没有名为 `{name}` 的输入",
        hint_en: "its inputs are: {known}", hint_zh: "它的输入：{known}",
    };
    /// A shape with more or fewer dimensions than the input has.
    PICTURE_RANK = {
        code: "cli-picture-rank", class: Usage, status: 400,
        en: "the input `{name}` has {expected} dimensions, and `--shape` gives {found}", zh: "输入 `{name}` 有 {expected} 个维度，而 `--shape` 给出 {found} 个",
        hint_en: "its inputs are: {known}", hint_zh: "它的输入：{known}",
    };
    /// The asynchronous runtime could not start.
    RUNTIME = {
        code: "cli-runtime", class: Failed, status: 500,
        en: "cannot start the worker threads", zh: "无法启动工作线程",
        hint_en: "check the limits on processes and memory", hint_zh: "请检查进程数和内存限制",
    };
    /// A column that the file does not have.
    COLUMN_MISSING = {
        code: "cli-column-missing", class: Usage, status: 400,
        en: "the file has no column `{column}`", zh: "文件中没有 `{column}` 列",
        hint_en: "its columns: {known}", hint_zh: "文件中的列：{known}",
    };
    /// A column of the input that is called as one of the scores'.
    KEEP_TAKEN = {
        code: "cli-keep-taken", class: Usage, status: 400,
        en: "`--keep {column}` would stand beside a column of that name", zh: "`--keep {column}` 会与结果中的同名列重复",
        hint_en: "row, label, score and image are columns of the scores; rename it in the input", hint_zh: "row、label、score、image 是结果自身的列；请在输入文件中改名",
    };
    /// A type of personal data that does not exist.
    KIND_UNKNOWN = {
        code: "cli-kind-unknown", class: Usage, status: 400,
        en: "there is no type `{type}`", zh: "没有名为 `{type}` 的类型",
        hint_en: "types are: {known}", hint_zh: "可用的类型：{known}",
    };
    /// A scan that would write over what it reads.
    SCAN_ITSELF = {
        code: "cli-scan-itself", class: Usage, status: 409,
        en: "`{path}` is the file that is scanned", zh: "`{path}` 就是被扫描的文件",
        hint_en: "give --redact the name of a new file; the scanned one is never changed", hint_zh: "请为 --redact 指定一个新文件名；被扫描的文件不会被改动",
    };
    /// A file that holds no text.
    SCAN_FORMAT = {
        code: "cli-scan-format", class: Usage, status: 400,
        en: "`{path}` is {what}, which scan does not read", zh: "scan 无法读取 `{path}`：{what}",
        hint_en: "{advice}", hint_zh: "建议：{advice}",
    };
    /// A line that is no text.
    SCAN_ENCODING = {
        code: "cli-scan-encoding", class: Failed, status: 400,
        en: "line {line} of `{path}` is no text in UTF-8 or in another encoding that is known", zh: "`{path}` 第 {line} 行既不是 UTF-8 文本，也不是其他可识别的编码",
        hint_en: "save the file as UTF-8 and scan it again; nothing was written", hint_zh: "请将文件另存为 UTF-8 后重新扫描；未写入任何内容",
    };
    /// A record of CSV with too many or too few fields.
    SCAN_FIELDS = {
        code: "cli-scan-fields", class: Failed, status: 400,
        en: "the record on line {line} of `{path}` has {found} fields, not {expected} as the first", zh: "`{path}` 第 {line} 行的记录有 {found} 个字段，而首行有 {expected} 个",
        hint_en: "check its delimiters, and that values with a delimiter, a quote or a line break stand in quotes; nothing was written",
        hint_zh: "请检查分隔符，并确认含有分隔符、引号或换行的值已用引号括起；未写入任何内容",
    };
    /// A quote in CSV that is never closed.
    SCAN_QUOTE = {
        code: "cli-scan-quote", class: Failed, status: 400,
        en: "the quote that opens on line {line} of `{path}` is never closed", zh: "`{path}` 第 {line} 行的引号没有结束",
        hint_en: "close it, or double it if it is part of a quoted value; nothing was written", hint_zh: "请补上结束引号；如引号是值的一部分，请写两次；未写入任何内容",
    };
    /// A record that is no JSON.
    SCAN_JSON = {
        code: "cli-scan-json", class: Failed, status: 400,
        en: "line {line} of `{path}` cannot be read: {why}", zh: "`{path}` 第 {line} 行无法读取：{why}",
        hint_en: "check that the file is complete; in .jsonl every line is one whole JSON value, in .json the file is; nothing was written",
        hint_zh: "请确认文件完整；.jsonl 的每一行都应是一个完整的 JSON 值，.json 则整个文件是一个；未写入任何内容",
    };
    /// A header that holds personal data.
    SCAN_HEADER = {
        code: "cli-scan-header", class: Usage, status: 400,
        en: "the header of `{path}` looks like data ({count} cells with personal data), so columns are called by their places", zh: "`{path}` 的表头像是数据（{count} 个单元格含有个人信息），因此改以所在位置指代各列",
        hint_en: "if it has no header, say `--no-header`", hint_zh: "如果文件没有表头，请加上 `--no-header`",
    };
    /// Keys of JSON objects that were renamed.
    SCAN_KEYS = {
        code: "cli-scan-keys", class: Usage, status: 400,
        en: "{count} keys of objects in `{path}` hold personal data and have other names in the redacted file", zh: "`{path}` 中有 {count} 个对象的键含有个人信息，在脱敏后的文件中已改名",
        hint_en: "programs that look for the old keys find none", hint_zh: "按原有的键读取的程序将找不到它们",
    };
    /// A statistic that cannot be understood.
    STATISTIC = {
        code: "cli-statistic", class: Usage, status: 400,
        en: "`{text}` is no statistic", zh: "无法识别的统计量 `{text}`",
        hint_en: "write count, sum(age,0,120), mean(age,0,120), variance(age,0,120), histogram(sex,male,female) or quantiles(age,0,120,1,0.25,0.5)",
        hint_zh: "请写 count、sum(age,0,120)、mean(age,0,120)、variance(age,0,120)、histogram(sex,male,female) 或 quantiles(age,0,120,1,0.25,0.5)",
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
        ingot_privacy::anonymity::messages::MESSAGES,
        ingot_privacy::attack::messages::MESSAGES,
        ingot_privacy::dp::messages::MESSAGES,
        ingot_cluster::MESSAGES,
        ingot_quality::MESSAGES,
        ingot_data::MESSAGES,
        ingot_image::MESSAGES,
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
