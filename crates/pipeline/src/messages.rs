//! What the stage graph says to a person.

ingot_base::messages! {
    /// A stage record cannot be parsed.
    RECORD_DAMAGED = {
        code: "pipeline-record-damaged", class: Failed, status: 500,
        en: "the stage record `{path}` is damaged", zh: "阶段记录 `{path}` 已损坏",
        hint_en: "delete its folder and run again; the stage is then done anew", hint_zh: "请删除该文件所在的文件夹后重新运行，该阶段会重做",
    };
    /// Another run holds the project.
    BUSY = {
        code: "pipeline-busy", class: Failed, status: 409,
        en: "another run is working in `{path}`", zh: "另一个运行正在使用 `{path}`",
        hint_en: "wait for it to end, or use another --project folder", hint_zh: "请等待其结束，或用 --project 指定另一个文件夹",
    };
    /// The recipe has faults; they were rendered one by one.
    RECIPE_INVALID = {
        code: "pipeline-recipe-invalid", class: Usage, status: 400,
        en: "the recipe `{path}` has {count} fault(s)", zh: "配方 `{path}` 有 {count} 处错误",
        hint_en: "each is shown above with its line; `ingot schema` prints the whole language", hint_zh: "上面已逐条列出行号；`ingot schema` 可查看完整语法",
    };
    /// No rows are left for a stage.
    NO_ROWS = {
        code: "pipeline-no-rows", class: Failed, status: 422,
        en: "no rows are left after the stage `{stage}`", zh: "经过阶段 `{stage}` 后没有剩余数据行",
        hint_en: "loosen the rules in [clean]; the data report shows how many rows each one dropped", hint_zh: "请放宽 [clean] 中的规则；数据报告列出了每条规则删除的行数",
    };
    /// A row of the input file does not fit the model's signature.
    ROW_REFUSED = {
        code: "pipeline-row-refused", class: Failed, status: 422,
        en: "row {row} of `{path}`: {reason}", zh: "`{path}` 第 {row} 行：{reason}",
        hint_en: "correct the row; nothing was written", hint_zh: "请更正该行；没有写出任何结果",
    };
}
