//! `docs/errors.md`: every code with its class, status and both languages.

use crate::codes::{self, Entry};
use crate::{Fallible, tree};
use std::fmt::Write as _;

const PATH: &str = "docs/errors.md";

/// Writes the page, or checks it.
pub(crate) fn run(check: bool) -> Fallible<String> {
    tree::publish(PATH, &page(&codes::all()?), check)
}

fn page(entries: &[Entry]) -> String {
    let mut text = String::from(
        "# Errors · 错误代码

Written by `make docs` from the code tables; do not edit. A code never changes its meaning. The server answers with a
problem document (RFC 9457) whose `type` ends in the code; the command line prints the sentence, its causes and the hint.

本页由 `make docs` 根据代码中的错误表生成，请勿手工修改。错误代码的含义永不改变。服务端以问题文档（RFC 9457）应答，其 `type` 以错误代码结尾；
命令行则打印错误说明、原因和下一步建议。

| class · 类别 | exit code · 退出码 |
|---|---|
| Failed: the work failed · 执行失败 | 1 |
| Usage: wrong usage, recipe or request · 用法、配方或请求有误 | 2 |
| Refused: a gate refused · 校验未通过，已拒绝 | 3 |
",
    );
    let mut room = "";
    for entry in entries {
        if entry.room != room {
            room = &entry.room;
            let _ = write!(text, "\n## {room}\n");
        }
        let _ = write!(
            text,
            "\n### `{}`\n\n{} · HTTP {}\n\n- {}{}\n- {}{}\n",
            entry.get("code"),
            entry.get("class"),
            entry.get("status"),
            cell(entry.get("en")),
            hint(entry.get("hint_en"), "; "),
            cell(entry.get("zh")),
            hint(entry.get("hint_zh"), "。"),
        );
    }
    text
}

fn hint(text: &str, between: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{between}{}", cell(text)) }
}

fn cell(text: &str) -> String {
    text.replace('\n', " ")
}
