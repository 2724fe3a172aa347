//! What keeps an attack from being measured.

ingot_base::messages! {
    /// Nothing to compare.
    COLUMNS = {
        code: "privacy-attack-columns", class: Usage, status: 422,
        en: "an attack needs at least one column that both tables have", zh: "攻击测试至少需要一个两表共有的列",
        hint_en: "name the quasi-identifiers in `anonymity.quasi`", hint_zh: "请在 `anonymity.quasi` 中写明准标识符",
    };
    /// A table lacks a column.
    COLUMN = {
        code: "privacy-attack-column", class: Usage, status: 422,
        en: "there is no column `{column}` to attack", zh: "没有可供攻击测试的列 `{column}`",
        hint_en: "columns at this point: {known}", hint_zh: "此处可用的列：{known}",
    };
    /// A column without values that can be compared.
    KIND = {
        code: "privacy-attack-kind", class: Usage, status: 422,
        en: "column `{column}` has type {kind}, which cannot be compared", zh: "列 `{column}` 的类型是 {kind}，无法比较",
        hint_en: "choose columns of text, numbers, dates or Booleans", hint_zh: "请选择文本、数值、日期或布尔类型的列",
    };
    /// Nobody to attack.
    EMPTY = {
        code: "privacy-attack-empty", class: Failed, status: 422,
        en: "an attack cannot be measured on an empty table", zh: "无法在空表上测量攻击效果",
        hint_en: "give members, others and a result with at least one row each", hint_zh: "成员、非成员和结果表都至少要有一行",
    };
    /// The truth does not fit the tables.
    TRUTH = {
        code: "privacy-attack-truth", class: Failed, status: 500,
        en: "the {rows} known rows come with {truths} true places, or a place beyond the table", zh: "已知 {rows} 行，却给出了 {truths} 个真实位置，或有位置超出表的范围",
        hint_en: "give each known row its row in the protected table, or none", hint_zh: "请为每个已知行给出其在脱敏后的表中的行号，或标明没有",
    };
    /// A loss that is no number.
    LOSS = {
        code: "privacy-attack-loss", class: Failed, status: 422,
        en: "a loss is not a number", zh: "某个损失值不是数字",
        hint_en: "check the model's scores", hint_zh: "请检查模型的输出",
    };
}

#[cfg(test)]
mod tests {
    use super::MESSAGES;
    use ingot_base::fault::placeholders;

    #[test]
    fn both_languages_take_the_same_arguments() {
        for message in MESSAGES {
            assert!(message.code.starts_with("privacy-attack-"), "{}", message.code);
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
