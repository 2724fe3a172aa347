//! What can go wrong with explanations.

ingot_base::messages! {
    /// Contributions do not add up to the model's answer.
    ADDITIVITY = {
        code: "explain-additivity", class: Refused, status: 500,
        en: "the contributions of row {row} miss the model's own answer by {gap}", zh: "第 {row} 行的贡献之和与模型输出相差 {gap}",
        hint_en: "the model's leaf counts may be damaged; train the model again", hint_zh: "模型的叶节点计数可能已损坏；请重新训练模型",
    };
    /// A matrix of another width than the model's.
    WIDTH = {
        code: "explain-width", class: Failed, status: 422,
        en: "the rows to explain have {found} columns, the model has {expected}", zh: "待解释的行有 {found} 列，而模型有 {expected} 列",
        hint_en: "encode the rows with the model's own signature", hint_zh: "请用该模型自己的输入定义来编码数据行",
    };
    /// More distinct features on one path than a bit mask holds.
    PATH = {
        code: "explain-path", class: Failed, status: 500,
        en: "tree {tree} asks about more than {limit} different features on one path", zh: "第 {tree} 棵树的一条路径用到的不同特征超过 {limit} 个",
        hint_en: "train with a smaller `max_depth`", hint_zh: "请减小 `max_depth` 后重新训练",
    };
    /// There is nothing to study.
    EMPTY = {
        code: "explain-empty", class: Failed, status: 422,
        en: "explaining needs training and test rows; there are {train} and {test}", zh: "解释需要训练集和测试集的数据行；现有 {train} 行和 {test} 行",
        hint_en: "check `split.test` and how many rows cleaning left", hint_zh: "请检查 `split.test` 以及清洗后剩余的行数",
    };
    /// The background belongs to another model.
    BACKGROUND = {
        code: "explain-background", class: Refused, status: 500,
        en: "the explanation background does not fit the model: its `{part}` is another", zh: "解释背景数据与模型不符：`{part}` 不一致",
        hint_en: "run `ingot explain` and seal the package again", hint_zh: "请运行 `ingot explain` 后重新封装",
    };
    /// The picture of the tree could not be made.
    PICTURE = {
        code: "explain-picture", class: Failed, status: 500,
        en: "the picture of the surrogate tree could not be drawn", zh: "无法绘制代理决策树的图片",
        hint_en: "please report it with the command you ran", hint_zh: "请将所运行的命令反馈给我们",
    };
    /// The machine that draws has no Chinese font.
    FONTS = {
        code: "explain-fonts", class: Failed, status: 500,
        en: "this machine has no Chinese font: Chinese words are boxes or missing in the PNG of the surrogate tree", zh: "本机没有中文字体：代理决策树的 PNG 图片中，中文会显示为方框或缺失",
        hint_en: "install one (Debian: `fonts-noto-cjk`) and run `ingot explain` again; the SVG and the report are not affected", hint_zh: "请安装中文字体（Debian：`fonts-noto-cjk`）后重新运行 `ingot explain`；SVG 和报告不受影响",
    };
}

#[cfg(test)]
mod tests {
    use super::MESSAGES;
    use ingot_base::fault::placeholders;

    #[test]
    fn both_languages_take_the_same_arguments() {
        for message in MESSAGES {
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
