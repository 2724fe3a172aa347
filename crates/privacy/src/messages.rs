//! What this room says when it cannot do its work.

ingot_base::messages! {
    /// A rule names a column that the table does not have.
    COLUMN_MISSING = {
        code: "privacy-column-missing", class: Usage, status: 422,
        en: "there is no column `{column}` to protect", zh: "要保护的列 `{column}` 不存在",
        hint_en: "columns at this point: {known}", hint_zh: "此处可用的列：{known}",
    };
    /// The table has two columns of one name, so a rule could miss one of them.
    COLUMN_AMBIGUOUS = {
        code: "privacy-column-ambiguous", class: Usage, status: 422,
        en: "the table has more than one column `{column}`, so a rule could miss one of them",
        zh: "表中有多个名为 `{column}` 的列，规则可能漏掉其中之一",
        hint_en: "give the columns different names in the source", hint_zh: "请在数据源中为这些列取不同的名称",
    };
    /// Two rules for one column.
    RULE_TWICE = {
        code: "privacy-rule-twice", class: Usage, status: 422,
        en: "column `{column}` has two rules", zh: "列 `{column}` 有两条规则",
        hint_en: "keep one of them", hint_zh: "请只保留一条",
    };
    /// A column of the lineage must stay as it is.
    COLUMN_RESERVED = {
        code: "privacy-column-reserved", class: Usage, status: 422,
        en: "`{column}` belongs to the lineage and can neither be changed nor be a new name",
        zh: "`{column}` 属于数据血缘列，不能更改，也不能用作新名称",
        hint_en: "choose another column or another name", hint_zh: "请选择其他列或其他名称",
    };
    /// A new name that another column has.
    NAME_TAKEN = {
        code: "privacy-name-taken", class: Usage, status: 422,
        en: "`{column}` cannot become `{name}`: another column is called so", zh: "`{column}` 不能改名为 `{name}`：已有同名的列",
        hint_en: "choose another name in `as`", hint_zh: "请在 `as` 中换一个名称",
    };
    /// A new name without characters.
    NAME_EMPTY = {
        code: "privacy-name-empty", class: Usage, status: 422,
        en: "the new name of column `{column}` is empty", zh: "列 `{column}` 的新名称为空",
        hint_en: "write a name in `as`, or leave `as` out", hint_zh: "请在 `as` 中填写名称，或去掉 `as`",
    };
    /// A dropped column has no name.
    DROP_RENAMED = {
        code: "privacy-drop-renamed", class: Usage, status: 422,
        en: "column `{column}` is dropped, so it cannot have a new name", zh: "列 `{column}` 将被删除，不能再改名",
        hint_en: "remove `as`, or choose another action", hint_zh: "请去掉 `as`，或换一种处理方式",
    };
    /// Encryption, hash and mask need a value that has a text.
    TYPE_WITHOUT_TEXT = {
        code: "privacy-type-without-text", class: Usage, status: 422,
        en: "column `{column}` has type {kind}, which `{action}` cannot take", zh: "列 `{column}` 的类型是 {kind}，不能使用 `{action}`",
        hint_en: "it takes text, numbers, dates, timestamps and Booleans; change the type with `clean.cast`, or choose another action",
        hint_zh: "该处理方式适用于文本、数值、日期、时间戳和布尔值；请用 `clean.cast` 转换类型，或换一种处理方式",
    };
    /// Years, months and decades need days.
    TYPE_WITHOUT_DATE = {
        code: "privacy-type-without-date", class: Usage, status: 422,
        en: "column `{column}` has type {kind}, which `{action}` cannot take", zh: "列 `{column}` 的类型是 {kind}，不能使用 `{action}`",
        hint_en: "it takes dates, timestamps, text such as 1985-07-03, and 8-digit numbers such as 19850703; change the type with `clean.cast`, or choose another action",
        hint_zh: "该处理方式适用于日期、时间戳、形如 1985-07-03 的文本，以及形如 19850703 的 8 位数字；请用 `clean.cast` 转换类型，或换一种处理方式",
    };
    /// Intervals need numbers.
    TYPE_WITHOUT_NUMBER = {
        code: "privacy-type-without-number", class: Usage, status: 422,
        en: "column `{column}` has type {kind}, which `{action}` cannot take", zh: "列 `{column}` 的类型是 {kind}，不能使用 `{action}`",
        hint_en: "it takes numbers; change the type with `clean.cast`, or choose another action",
        hint_zh: "该处理方式适用于数值；请用 `clean.cast` 转换类型，或换一种处理方式",
    };
    /// Prefixes need text.
    TYPE_NOT_TEXT = {
        code: "privacy-type-not-text", class: Usage, status: 422,
        en: "column `{column}` has type {kind}, which `{action}` cannot take", zh: "列 `{column}` 的类型是 {kind}，不能使用 `{action}`",
        hint_en: "it takes text; change the type with `clean.cast`, or choose another action",
        hint_zh: "该处理方式适用于文本；请用 `clean.cast` 转换类型，或换一种处理方式",
    };
    /// A time zone that is not a fixed offset.
    ZONE_UNKNOWN = {
        code: "privacy-zone-unknown", class: Usage, status: 422,
        en: "column `{column}` is in the time zone `{zone}`, whose days are not known here", zh: "列 `{column}` 使用时区 `{zone}`，此处无法确定其日期",
        hint_en: "cast it to a date with `clean.cast` first", hint_zh: "请先用 `clean.cast` 转换为日期",
    };
    /// A moved date that cannot be moved back.
    DATE_UNREADABLE = {
        code: "privacy-date-unreadable", class: Usage, status: 422,
        en: "that is no date of a column that was moved", zh: "这不是经过日期平移的列中的日期",
        hint_en: "write it as the protected table does, such as 1985-07-03", hint_zh: "请按脱敏后表中的写法，例如 1985-07-03",
    };
    /// A width that is no width.
    WIDTH_INVALID = {
        code: "privacy-width-invalid", class: Usage, status: 422,
        en: "the width for column `{column}` must be a finite number above 0", zh: "列 `{column}` 的区间宽度必须是大于 0 的有限数",
        hint_en: "for example `to.width = 10`", hint_zh: "例如 `to.width = 10`",
    };
    /// A prefix of nothing.
    PREFIX_INVALID = {
        code: "privacy-prefix-invalid", class: Usage, status: 422,
        en: "the prefix for column `{column}` must have at least 1 character", zh: "列 `{column}` 的前缀至少要有 1 个字符",
        hint_en: "to remove the values use `action = \"drop\"`", hint_zh: "如需去掉全部内容，请使用 `action = \"drop\"`",
    };
    /// A mask character that cannot be seen.
    MASK_INVALID = {
        code: "privacy-mask-invalid", class: Usage, status: 422,
        en: "the mask character for column `{column}` is a control character or white space",
        zh: "列 `{column}` 的掩码字符是控制字符或空白字符",
        hint_en: "use a visible one, such as `*`", hint_zh: "请使用可见字符，例如 `*`",
    };
    /// A key of the wrong length.
    KEY_LENGTH = {
        code: "privacy-key-length", class: Failed, status: 500,
        en: "the {key} key has {found} bytes instead of {wanted}", zh: "{key} 密钥长度为 {found} 字节，应为 {wanted} 字节",
        hint_en: "use the keys that `ingot init` made", hint_zh: "请使用 `ingot init` 生成的密钥",
    };
    /// A text that is no token.
    TOKEN_MALFORMED = {
        code: "privacy-token-malformed", class: Usage, status: 422,
        en: "this is not an encrypted value", zh: "这不是加密值",
        hint_en: "an encrypted value begins with `enc_`", hint_zh: "加密值以 `enc_` 开头",
    };
    /// A token that another key or column made, or that was changed.
    TOKEN_REFUSED = {
        code: "privacy-token-refused", class: Refused, status: 422,
        en: "the value was not encrypted with this key for column `{column}`, or was changed since",
        zh: "该值不是用此密钥为列 `{column}` 加密的，或加密后被改动过",
        hint_en: "use the project's own keys and the column's name in the protected table",
        hint_zh: "请使用本项目的密钥，以及脱敏后的表中的列名",
    };
    /// A batch with more text than an Arrow column can hold.
    BATCH_LARGE = {
        code: "privacy-batch-large", class: Failed, status: 500,
        en: "column `{column}` has more than 2 GiB of text in one batch", zh: "列 `{column}` 在一个批次中的文本超过 2 GiB",
        hint_en: "process the table in smaller batches", hint_zh: "请以更小的批次处理该表",
    };
    /// A user-defined type that cannot be used.
    CUSTOM_TYPE_INVALID = {
        code: "privacy-custom-type-invalid", class: Usage, status: 422,
        en: "the user-defined type `{name}` cannot be used: {why}", zh: "自定义类型 `{name}` 无法使用：{why}",
        hint_en: "give a valid `regex` or a `dictionary`; checksums are luhn, mod11-2, gb32100, mod97",
        hint_zh: "请提供有效的 `regex` 或 `dictionary`；可用的校验方式：luhn、mod11-2、gb32100、mod97",
    };
    /// Format-preserving encryption of too few digits would hide nothing.
    DOMAIN_TOO_SMALL = {
        code: "privacy-domain-too-small", class: Usage, status: 422,
        en: "format-preserving encryption takes {fewest} to {most} digits", zh: "保留格式加密只接受 {fewest} 到 {most} 位数字",
        hint_en: "with fewer, anyone could try all values; use `encrypt` instead", hint_zh: "位数过少可被穷举，请改用 `encrypt`",
    };
    /// A column with a value that format-preserving encryption does not hide.
    DOMAIN_OF_COLUMN = {
        code: "privacy-domain-of-column", class: Usage, status: 422,
        en: "a value of column `{column}` has {found} digits; format-preserving encryption takes {fewest} to {most}",
        zh: "列 `{column}` 中有一个值含 {found} 位数字；保留格式加密只接受 {fewest} 到 {most} 位",
        hint_en: "NIST SP 800-38G Rev. 1 asks for a domain of a million values: with fewer, anyone could try all; use `encrypt` or `pseudonymize` for this column",
        hint_zh: "NIST SP 800-38G Rev. 1 要求取值空间不少于一百万，过小则可被穷举；请对该列改用 `encrypt` 或 `pseudonymize`",
    };
    /// Not a pseudonym of this project.
    PSEUDONYM_UNKNOWN = {
        code: "privacy-pseudonym-unknown", class: Failed, status: 422,
        en: "this is no pseudonym of this project", zh: "这不是本项目的假名",
        hint_en: "use the project's own keys and table of pseudonyms", hint_zh: "请使用本项目的密钥和假名表",
    };
}

#[cfg(test)]
mod tests {
    use super::MESSAGES;
    use ingot_base::fault::placeholders;

    #[test]
    fn both_languages_take_the_same_arguments() {
        for message in MESSAGES {
            assert!(message.code.starts_with("privacy-"), "{}", message.code);
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
