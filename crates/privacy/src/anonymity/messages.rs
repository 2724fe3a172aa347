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
        hint_en: "name it once, as a quasi-identifier, as sensitive, or as the person", hint_zh: "请只指定一次：准标识符、敏感列或标识个人的列，三者取一",
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
    /// Presence is defined for full-domain classes.
    PRESENCE_LOCAL = {
        code: "privacy-anonymity-presence-local", class: Usage, status: 422,
        en: "delta-presence cannot be promised with local recoding", zh: "局部重编码无法承诺 δ-存在性",
        hint_en: "it compares classes of the whole population, which only full-domain recoding forms: leave out one of the two", hint_zh: "δ-存在性比较整个总体的等价类，只有全域重编码才能形成；请去掉二者之一",
    };
    /// The population must contain the table.
    POPULATION_SMALLER = {
        code: "privacy-anonymity-population-smaller", class: Usage, status: 422,
        en: "the population lacks {rows} of the table's rows or persons", zh: "总体数据中缺少本表的 {rows} 行（或人）",
        hint_en: "the population must hold everyone in the table, by the quasi-identifiers", hint_zh: "总体必须按准标识符包含本表的每一个人",
    };
    /// A row of a given hierarchy is too short or too long.
    HIERARCHY_LENGTH = {
        code: "privacy-hierarchy-length", class: Usage, status: 422,
        en: "the hierarchy has {found} cells at {place}, and {wanted} in its first row", zh: "层级表在 {place} 处有 {found} 个单元格，而首行有 {wanted} 个",
        hint_en: "each row is `value;level 1;level 2…`, all of one length", hint_zh: "每行形如 `值;第1级;第2级…`，长度须一致",
    };
    /// A row of a given hierarchy that no hierarchy can have, whatever its first row.
    HIERARCHY_CELLS = {
        code: "privacy-hierarchy-cells", class: Usage, status: 422,
        en: "the hierarchy has {found} cells at {place}, and a row has 1 to {most}", zh: "层级表在 {place} 处有 {found} 个单元格，而每行应有 1 到 {most} 个",
        hint_en: "each row is `value;level 1;level 2…`, all of one length", hint_zh: "每行形如 `值;第1级;第2级…`，长度须一致",
    };
    /// A value of a given hierarchy has two rows that differ.
    HIERARCHY_TWICE = {
        code: "privacy-hierarchy-twice", class: Usage, status: 422,
        en: "the hierarchy gives `{value}` at {place} other levels than at {first}", zh: "层级表中 `{value}` 的各级取值在 {place} 处与 {first} 处不一致",
        hint_en: "keep one of the two rows", hint_zh: "请保留其中一行",
    };
    /// A given hierarchy divides a group again further up.
    HIERARCHY_NESTED = {
        code: "privacy-hierarchy-nested", class: Usage, status: 422,
        en: "the hierarchy puts `{group}` into `{above}` at {place}, and into `{other}` at {first}", zh: "层级表在 {place} 处把 `{group}` 归入 `{above}`，在 {first} 处却归入 `{other}`",
        hint_en: "values of one group stay together in every coarser level; give the two groups different names", hint_zh: "同组的值在更粗的级别也必须同组；若是两个不同的组，请使用不同的名称",
    };
    /// A level that a given hierarchy does not have.
    HIERARCHY_LEVEL = {
        code: "privacy-hierarchy-level", class: Usage, status: 422,
        en: "the hierarchy of column `{column}` has no level {level}: it has {known}", zh: "列 `{column}` 的层级表没有第 {level} 级：共 {known} 级",
        hint_en: "level 1 is the second cell of each row", hint_zh: "第 1 级是每行的第二个单元格",
    };
    /// Values that the hierarchy does not list.
    HIERARCHY_LACKS = {
        code: "privacy-hierarchy-lacks", class: Usage, status: 422,
        en: "the hierarchy of column `{column}` lacks {count} of the column's values, which {rows} rows have; the first is row {row} of the table at this point",
        zh: "列 `{column}` 的层级表缺少该列中的 {count} 个值，涉及 {rows} 行；第一处是此阶段数据表的第 {row} 行",
        hint_en: "add a row for each value, or ranges that hold it", hint_zh: "请为每个值添加一行，或扩大区间使其包含该值",
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
        en: "the anonymity policy ({asked}, at most {limit}% of the rows or persons suppressed) cannot be reached with these hierarchies",
        zh: "以现有层级无法满足匿名策略（{asked}，最多删除 {limit}% 的行或人）",
        hint_en: "the nearest settings that can be reached: {nearest}", hint_zh: "可以达到的最接近设置：{nearest}",
    };
}
