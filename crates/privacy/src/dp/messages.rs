//! What released statistics and their budget say when they cannot be given.

ingot_base::messages! {
    /// An ε or ρ that is no amount.
    AMOUNT = {
        code: "privacy-dp-amount", class: Usage, status: 422,
        en: "a privacy budget must be a number from 0.000001 to 1000000", zh: "隐私预算必须是 0.000001 到 1000000 之间的数",
        hint_en: "usual values of ε lie between 0.1 and 10; smaller protects more", hint_zh: "ε 常取 0.1 到 10，越小保护越强",
    };
    /// A δ that is no small probability.
    DELTA = {
        code: "privacy-dp-delta", class: Usage, status: 422,
        en: "δ must be above 0 and at most 0.01", zh: "δ 必须大于 0 且不超过 0.01",
        hint_en: "choose it well below 1 divided by the number of persons, for example 1e-9", hint_zh: "应远小于人数的倒数，例如 1e-9",
    };
    /// Part of a budget became too small to use.
    SHARE = {
        code: "privacy-dp-share", class: Usage, status: 422,
        en: "the budget is too small to be divided among {parts} released parts", zh: "预算过小，无法分配给 {parts} 个待发布的部分",
        hint_en: "release fewer statistics at once or spend more", hint_zh: "请减少单次发布的统计量，或投入更多预算",
    };
    /// Nothing asked.
    NOTHING = {
        code: "privacy-dp-nothing", class: Usage, status: 422,
        en: "no statistic was asked for", zh: "没有请求任何统计量",
        hint_en: "name at least one, such as `count`", hint_zh: "请至少指定一个，例如 `count`",
    };
    /// A statistic names a column the table does not have.
    COLUMN = {
        code: "privacy-dp-column", class: Usage, status: 422,
        en: "there is no column `{column}` to count or sum", zh: "没有可供统计的列 `{column}`",
        hint_en: "columns at this point: {known}", hint_zh: "此处可用的列：{known}",
    };
    /// A sum of texts.
    NUMBER = {
        code: "privacy-dp-number", class: Usage, status: 422,
        en: "column `{column}` has type {kind}, of which only a histogram can be released", zh: "列 `{column}` 的类型是 {kind}，只能发布其直方图",
        hint_en: "sums, means, variances and quantiles need numbers", hint_zh: "总和、均值、方差和分位数需要数值列",
    };
    /// A histogram of something without a text.
    CATEGORY = {
        code: "privacy-dp-category", class: Usage, status: 422,
        en: "column `{column}` has type {kind}, which has no categories to count", zh: "列 `{column}` 的类型是 {kind}，没有可计数的类别",
        hint_en: "it takes text, numbers, dates and Booleans", hint_zh: "适用于文本、数值、日期和布尔值",
    };
    /// Bounds that bound nothing.
    BOUNDS = {
        code: "privacy-dp-bounds", class: Usage, status: 422,
        en: "the bounds of column `{column}` must be finite, the lower below the upper, and not closer than a part in 10^9 of their size",
        zh: "列 `{column}` 的上下界必须是有限数，下界小于上界，且两者之差不小于其量级的十亿分之一",
        hint_en: "choose bounds from public knowledge, never from the data: bounds taken from the data reveal it",
        hint_zh: "上下界应来自公开知识而非数据本身：由数据得出的上下界会泄露数据",
    };
    /// A grid or a level that quantiles cannot use.
    GRID = {
        code: "privacy-dp-grid", class: Usage, status: 422,
        en: "quantiles of column `{column}` need 2 to 100000 finite grid values in increasing order, and levels between 0 and 1",
        zh: "列 `{column}` 的分位数需要 2 到 100000 个递增的有限网格值，以及 0 到 1 之间的分位水平",
        hint_en: "choose the grid from public knowledge, never from the data", hint_zh: "网格应来自公开知识而非数据本身",
    };
    /// Categories that are none.
    CATEGORIES = {
        code: "privacy-dp-categories", class: Usage, status: 422,
        en: "the histogram of column `{column}` needs 1 to 100000 different categories", zh: "列 `{column}` 的直方图需要 1 到 100000 个互不相同的类别",
        hint_en: "list them from public knowledge; all other values are counted together",
        hint_zh: "请根据公开知识列出类别；其余的值合并计数",
    };
    /// A person may have no rows at all.
    ROWS = {
        code: "privacy-dp-rows", class: Usage, status: 422,
        en: "the most rows a person may contribute must be from 1 to 1000000", zh: "每人最多贡献的行数必须在 1 到 1000000 之间",
        hint_en: "1 when every person has one row", hint_zh: "若每人只有一行，请设为 1",
    };
    /// A seed cannot stand in for the system's randomness.
    ENTROPY = {
        code: "privacy-dp-entropy", class: Failed, status: 500,
        en: "the operating system gave no random bytes", zh: "操作系统未能提供随机字节",
        hint_en: "nothing was released; the budget recorded for it stays spent", hint_zh: "未发布任何结果；已记录的预算仍视为已用",
    };
    /// A data set without a budget.
    BUDGET_UNSET = {
        code: "privacy-dp-budget-unset", class: Refused, status: 403,
        en: "the data set {dataset} has no privacy budget yet", zh: "数据集 {dataset} 尚未设定隐私预算",
        hint_en: "set one with the first release, such as `--budget 1` (ε in all); it cannot be changed afterwards", hint_zh: "请在首次发布时设定，例如 `--budget 1`（ε 总量）；设定后不可更改",
    };
    /// A budget is set once.
    BUDGET_FIXED = {
        code: "privacy-dp-budget-fixed", class: Refused, status: 403,
        en: "the data set {dataset} already has the budget {budget}, which cannot be changed", zh: "数据集 {dataset} 的预算已定为 {budget}，不可更改",
        hint_en: "a budget that could grow would protect nobody", hint_zh: "可随意增加的预算起不到保护作用",
    };
    /// Spending more than is left.
    OVERSPENT = {
        code: "privacy-dp-overspent", class: Refused, status: 403,
        en: "this release costs {asked}, but of the data set's budget {budget} only {left} remains", zh: "此次发布需要 {asked}，而该数据集的预算 {budget} 只剩 {left}",
        hint_en: "release less, or with more noise (a smaller amount); results already released can be used again freely",
        hint_zh: "请减少发布内容，或加大噪声（用更小的预算）；已发布的结果可自由重复使用",
    };
    /// A pure budget allows no δ.
    GAUSSIAN_PURE = {
        code: "privacy-dp-gaussian-pure", class: Refused, status: 403,
        en: "Gaussian noise needs a budget with δ; this data set's is {budget}", zh: "高斯噪声需要含 δ 的预算；该数据集的预算为 {budget}",
        hint_en: "spend ε with Laplace noise instead", hint_zh: "请改用拉普拉斯噪声，并消耗 ε 预算",
    };
    /// A line of the ledger is not as it was written.
    LEDGER_LINE = {
        code: "privacy-dp-ledger-line", class: Refused, status: 500,
        en: "the privacy ledger `{path}` was changed at line {line}",
        zh: "隐私账本 `{path}` 的第 {line} 行被改动过",
        hint_en: "restore the ledger and its `.head` file from the newest backup; until then nothing is released",
        hint_zh: "请从最新备份恢复账本及其 `.head` 文件；在此之前不会发布任何结果",
    };
    /// Lines of the ledger are gone.
    LEDGER_SHORT = {
        code: "privacy-dp-ledger-short", class: Refused, status: 500,
        en: "the privacy ledger `{path}` has {found} lines, but {written} were written",
        zh: "隐私账本 `{path}` 现有 {found} 行，但曾写入 {written} 行",
        hint_en: "restore the ledger and its `.head` file from the newest backup; until then nothing is released",
        hint_zh: "请从最新备份恢复账本及其 `.head` 文件；在此之前不会发布任何结果",
    };
    /// The file that names the newest line does not fit.
    LEDGER_HEAD = {
        code: "privacy-dp-ledger-head", class: Refused, status: 500,
        en: "the privacy ledger `{path}` and its `.head` file do not belong together",
        zh: "隐私账本 `{path}` 与其 `.head` 文件不匹配",
        hint_en: "restore the ledger and its `.head` file from the newest backup; until then nothing is released",
        hint_zh: "请从最新备份恢复账本及其 `.head` 文件；在此之前不会发布任何结果",
    };
    /// A line that somebody remembers is gone.
    LEDGER_OLD = {
        code: "privacy-dp-ledger-old", class: Refused, status: 500,
        en: "the privacy ledger `{path}` lacks a line that was recorded elsewhere: it was put back to an older state",
        zh: "隐私账本 `{path}` 缺少在别处记录过的一行：它被退回到了较早的状态",
        hint_en: "restore the ledger and its `.head` file from the newest backup; until then nothing is released",
        hint_zh: "请从最新备份恢复账本及其 `.head` 文件；在此之前不会发布任何结果",
    };
    /// A receipt of one data set used for another.
    RECEIPT = {
        code: "privacy-dp-receipt", class: Refused, status: 500,
        en: "the recorded spending belongs to another data set", zh: "所记录的支出属于另一个数据集",
        hint_en: "spend for the data set that is released", hint_zh: "请为所发布的数据集记录支出",
    };
}

#[cfg(test)]
mod tests {
    use super::MESSAGES;
    use ingot_base::fault::placeholders;

    #[test]
    fn both_languages_take_the_same_arguments() {
        for message in MESSAGES {
            assert!(message.code.starts_with("privacy-dp-"), "{}", message.code);
            assert_eq!(placeholders(message.en), placeholders(message.zh), "{}", message.code);
            assert_eq!(
                placeholders(message.hint_en),
                placeholders(message.hint_zh),
                "{}",
                message.code
            );
        }
    }
}
