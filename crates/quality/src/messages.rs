//! What this room says. Arguments are names, numbers and positions, never values.

ingot_base::messages! {
    /// Labels and probabilities of different shapes.
    SHAPE = {
        code: "quality-shape", class: Failed, status: 422,
        en: "{labels} labels do not go with {values} probabilities of {classes} classes", zh: "{labels} 个标签与 {values} 个概率（{classes} 个类别）不匹配",
        hint_en: "give one row of probabilities for every label, one column for every class", hint_zh: "每个标签对应一行概率，每个类别对应一列",
    };
    /// A label without a class.
    LABEL = {
        code: "quality-label", class: Failed, status: 422,
        en: "row {row} has the label {label}, but there are {classes} classes", zh: "第 {row} 行的标签为 {label}，但只有 {classes} 个类别",
        hint_en: "labels are whole numbers from 0", hint_zh: "标签应为从 0 开始的整数",
    };
    /// A probability that is none.
    PROBABILITY = {
        code: "quality-probability", class: Failed, status: 422,
        en: "row {row} has a probability outside 0 … 1", zh: "第 {row} 行的概率不在 0 到 1 之间",
        hint_en: "give probabilities, not scores or logarithms", hint_zh: "请提供概率，而不是分数或对数",
    };
}
