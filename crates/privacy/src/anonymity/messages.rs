//! What this room says about anonymity.

ingot_base::messages! {
    /// No rows: nothing can be said about them.
    TABLE_EMPTY = {
        code: "privacy-anonymity-empty", class: Failed, status: 422,
        en: "the table has no rows, so its anonymity cannot be measured", zh: "表中没有数据行，无法度量其匿名性",
        hint_en: "check the source and the steps before", hint_zh: "请检查数据源及之前的处理步骤",
    };
    /// A named column is not there.
    COLUMN_UNKNOWN = {
        code: "privacy-anonymity-column", class: Usage, status: 422,
        en: "the table has no column `{column}`, or more than one", zh: "表中没有列 `{column}`，或该列名重复",
        hint_en: "its columns: {known}", hint_zh: "表中的列：{known}",
    };
    /// One column in two parts.
    COLUMN_TWICE = {
        code: "privacy-anonymity-twice", class: Usage, status: 422,
        en: "column `{column}` is named twice", zh: "列 `{column}` 被指定了两次",
        hint_en: "name it once, as a quasi-identifier or as sensitive", hint_zh: "请只指定一次：要么作为准标识符，要么作为敏感列",
    };
    /// A type without values to compare.
    COLUMN_TYPE = {
        code: "privacy-anonymity-type", class: Usage, status: 422,
        en: "anonymity cannot be measured on column `{column}` of type {kind}", zh: "列 `{column}` 的类型为 {kind}，无法度量其匿名性",
        hint_en: "name columns of text, numbers, dates, timestamps or Booleans", hint_zh: "请指定文本、数值、日期、时间戳或布尔类型的列",
    };
    /// The batches are of different tables.
    COLUMN_DIFFERS = {
        code: "privacy-anonymity-schema", class: Usage, status: 422,
        en: "column `{column}` has different types in parts of the data", zh: "列 `{column}` 在数据的不同部分类型不一致",
        hint_en: "give it one type with `clean.cast`", hint_zh: "请用 `clean.cast` 统一其类型",
    };
    /// A number outside its range.
    POLICY_RANGE = {
        code: "privacy-anonymity-range", class: Usage, status: 422,
        en: "`{setting}` of the anonymity policy must be {range}", zh: "匿名策略中的 `{setting}` 必须满足 {range}",
        hint_en: "change the setting", hint_zh: "请修改该设置",
    };
    /// Diversity without anything sensitive.
    POLICY_SENSITIVE = {
        code: "privacy-anonymity-sensitive", class: Usage, status: 422,
        en: "`{setting}` needs at least one sensitive column", zh: "`{setting}` 至少需要一个敏感列",
        hint_en: "name it in `sensitive`, or remove the setting", hint_zh: "请在 `sensitive` 中指定，或去掉该设置",
    };
    /// Presence without the population's table.
    POLICY_POPULATION = {
        code: "privacy-anonymity-population", class: Usage, status: 422,
        en: "delta-presence needs a table of the population", zh: "δ-存在性需要总体数据表",
        hint_en: "give the population, or remove `presence`", hint_zh: "请提供总体数据，或去掉 `presence`",
    };
    /// The population must contain the table.
    POPULATION_SMALLER = {
        code: "privacy-anonymity-population-smaller", class: Usage, status: 422,
        en: "the population lacks {rows} of the table's rows", zh: "总体数据中缺少本表的 {rows} 行",
        hint_en: "the population must hold every row of the table, by its quasi-identifiers", hint_zh: "总体必须按准标识符包含本表的每一行",
    };
    /// The table of a hierarchy is malformed.
    HIERARCHY_SHAPE = {
        code: "privacy-hierarchy-shape", class: Usage, status: 422,
        en: "the hierarchy of column `{column}` is wrong in row {row}: {why}", zh: "列 `{column}` 的层级表第 {row} 行有误：{why}",
        hint_en: "each row is `value;level 1;level 2…`, all of one length; values of one group stay together above", hint_zh: "每行形如 `值;第1级;第2级…`，长度一致；同组的值在更高层级也必须同组",
    };
    /// Values that the hierarchy does not list.
    HIERARCHY_LACKS = {
        code: "privacy-hierarchy-lacks", class: Usage, status: 422,
        en: "the hierarchy of column `{column}` lacks {count} of the column's values", zh: "列 `{column}` 的层级表缺少该列中的 {count} 个值",
        hint_en: "add a row for each value", hint_zh: "请为每个值添加一行",
    };
    /// A derived hierarchy on a column of another kind, or with wrong steps.
    HIERARCHY_KIND = {
        code: "privacy-hierarchy-kind", class: Usage, status: 422,
        en: "the hierarchy `{hierarchy}` does not fit column `{column}`: {why}", zh: "层级 `{hierarchy}` 不适用于列 `{column}`：{why}",
        hint_en: "choose another hierarchy, or leave it out to have one derived", hint_zh: "请换一种层级，或省略以自动推导",
    };
    /// Too many combinations of levels.
    LATTICE_LARGE = {
        code: "privacy-anonymity-lattice", class: Usage, status: 422,
        en: "the hierarchies have {nodes} combinations of levels, more than the {most} that are searched", zh: "各层级共有 {nodes} 种组合，超过可搜索的上限 {most}",
        hint_en: "use fewer quasi-identifiers, or hierarchies of fewer levels", hint_zh: "请减少准标识符的数量或层级数",
    };
    /// The gate: no setting of the lattice satisfies the policy.
    UNREACHABLE = {
        code: "privacy-anonymity-unreachable", class: Refused, status: 422,
        en: "the anonymity policy (k = {k}, at most {limit}% of the rows suppressed) cannot be reached with these hierarchies",
        zh: "以现有层级无法满足匿名策略（k = {k}，最多删除 {limit}% 的行）",
        hint_en: "the nearest settings that can be reached: {nearest}", hint_zh: "可以达到的最接近设置：{nearest}",
    };
}
