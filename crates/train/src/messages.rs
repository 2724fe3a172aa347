//! The code table of this room.

ingot_base::messages! {
    /// A table without rows.
    NO_ROWS = {
        code: "train-no-rows", class: Failed, status: 422,
        en: "the {table} table has no rows", zh: "{table}没有数据行",
        hint_en: "check what the cleaning rules dropped and the shares in [split]", hint_zh: "请检查清洗规则删除了哪些行，以及 [split] 中的比例",
    };
    /// Conversations, and none of them to learn from or to measure on.
    NONE_USABLE = {
        code: "train-none-usable", class: Failed, status: 422,
        en: "{table}: {all} conversations, none usable: {why}", zh: "{table}共 {all} 段对话，均无法使用：{why}",
        hint_en: "an answer is a message of the role `assistant`; `train.lora.max_tokens` says how long a conversation may be",
        hint_zh: "回答须为角色为 `assistant` 的消息；对话长度上限由 `train.lora.max_tokens` 设定",
    };
    /// Some conversations are left out; a warning.
    UNUSED = {
        code: "train-rows-unused", class: Failed, status: 200,
        en: "{count} of {all} conversations are not used: {why}", zh: "{all} 段对话中有 {count} 段未使用：{why}",
        hint_en: "the training report has the same counts; `train.lora.max_tokens` says how long a conversation may be",
        hint_zh: "训练报告中列有同样的数目；对话长度上限由 `train.lora.max_tokens` 设定",
    };
    /// Some conversations have speakers that templates do not know; a warning.
    ROLES_STRANGE = {
        code: "train-roles", class: Failed, status: 200,
        en: "messages of roles other than system, user, assistant and tool in {count} of {all} conversations: {roles}",
        zh: "{all} 段对话中有 {count} 段含有 system、user、assistant、tool 以外的角色：{roles}",
        hint_en: "only what `assistant` says is learnt; rename the roles before the training", hint_zh: "只学习 `assistant` 所说的内容；请在训练前改正角色名称",
    };
    /// Answers that can never be given whole; a warning.
    ANSWERS_CUT = {
        code: "train-answers-cut", class: Failed, status: 200,
        en: "{count} of {all} expected answers have more than {limit} tokens: the model's answers are cut off there and can never be right",
        zh: "{all} 个期望回答中有 {count} 个超过 {limit} 个词元：模型的回答会在此处截断，不可能判为正确",
        hint_en: "raise `train.lora.answer_tokens`", hint_zh: "请提高 `train.lora.answer_tokens`",
    };
    /// A column is not there.
    COLUMN_MISSING = {
        code: "train-column-missing", class: Usage, status: 422,
        en: "the table has no column `{column}`", zh: "表中没有列 `{column}`",
        hint_en: "its columns are: {known}", hint_zh: "现有的列：{known}",
    };
    /// A column's type does not fit the signature.
    COLUMN_TYPE = {
        code: "train-column-type", class: Failed, status: 422,
        en: "the column `{column}` holds values of type {found}; the model was trained on {expected}", zh: "列 `{column}` 的类型为 {found}，而模型训练时为 {expected}",
        hint_en: "add a cast to [clean] so that both tables agree", hint_zh: "请在 [clean] 中添加 cast，使两者类型一致",
    };
    /// Batches of one table disagree.
    SCHEMA = {
        code: "train-schema", class: Failed, status: 500,
        en: "the batches of one table have different columns", zh: "同一张表的各批数据列不一致",
        hint_en: "", hint_zh: "",
    };
    /// The target has nulls.
    TARGET_NULL = {
        code: "train-target-null", class: Failed, status: 422,
        en: "the target `{column}` is missing in {rows} of {total} rows of the {table} part", zh: "目标列 `{column}` 在{table}的 {total} 行中有 {rows} 行缺失",
        hint_en: "add it to `clean.drop_missing`", hint_zh: "请将其加入 `clean.drop_missing`",
    };
    /// The target is not a number.
    TARGET_NOT_NUMBER = {
        code: "train-target-not-number", class: Usage, status: 422,
        en: "the target `{column}` holds values of type {found}; a regression needs numbers", zh: "目标列 `{column}` 的类型为 {found}；回归任务需要数值",
        hint_en: "cast it in [clean], or choose tabular.binary or tabular.multiclass", hint_zh: "请在 [clean] 中转换类型，或改用 tabular.binary 或 tabular.multiclass",
    };
    /// Processes that should have the same weights do not.
    PROCESSES_APART = {
        code: "train-processes-apart", class: Failed, status: 500,
        en: "processes {one} and {other} trained different models", zh: "进程 {one} 与进程 {other} 训练出的模型不一致",
        hint_en: "all must run the same build of the program on the same data; then run again",
        hint_zh: "所有进程必须运行同一构建的程序并使用相同的数据；请确认后重新运行",
    };
    /// Several processes, and a program that knows no MPI.
    PROCESSES_UNABLE = {
        code: "train-processes-unable", class: Usage, status: 500,
        en: "a launcher of MPI started {processes} processes, but this build of the program trains with one", zh: "MPI 启动器启动了 {processes} 个进程，但此构建的程序只能用一个进程训练",
        hint_en: "start it without mpirun, or build it with MPI: scripts/setup.sh --mpi && cargo build --package ingot-cli --features mpi",
        hint_zh: "请不经 mpirun 直接启动，或构建支持 MPI 的程序：scripts/setup.sh --mpi && cargo build --package ingot-cli --features mpi",
    };
    /// A launcher of another MPI than the program's.
    PROCESSES_STRANGERS = {
        code: "train-processes-strangers", class: Usage, status: 500,
        en: "the launcher started {processes} processes, but the program's MPI sees {found} of them", zh: "启动器启动了 {processes} 个进程，但程序所用的 MPI 只看到 {found} 个",
        hint_en: "start it with the mpirun of the MPI that it was built with", hint_zh: "请使用与构建时相同的 MPI 的 mpirun 启动",
    };
    /// A machine without an address for the others.
    PROCESSES_ADDRESS = {
        code: "train-processes-address", class: Failed, status: 500,
        en: "the machine `{host}` has no IPv4 address under its name that other machines reach", zh: "机器 `{host}` 的主机名没有可供其他机器访问的 IPv4 地址",
        hint_en: "LightGBM's processes meet at it: give the machine's address in /etc/hosts or DNS", hint_zh: "LightGBM 的各进程通过该地址互连：请在 /etc/hosts 或 DNS 中为该主机名配置地址",
    };
    /// All labels are equal.
    ONE_CLASS = {
        code: "train-one-class", class: Failed, status: 422,
        en: "the target `{column}` has the same value in every training row", zh: "目标列 `{column}` 在所有训练行中取值相同",
        hint_en: "there is nothing to learn; check the cleaning rules and the split", hint_zh: "没有可学习的内容；请检查清洗规则与划分方式",
    };
    /// A binary target with more than two values.
    CLASS_COUNT = {
        code: "train-class-count", class: Usage, status: 422,
        en: "the target `{column}` has {found} different values{values}; {task} takes {expected}", zh: "目标列 `{column}` 有 {found} 个不同取值{values}；{task} 需要 {expected}",
        hint_en: "choose tabular.binary for 2 classes, tabular.multiclass for up to 200, tabular.regression for numbers",
        hint_zh: "2 个类别请用 tabular.binary，不超过 200 个类别请用 tabular.multiclass，数值请用 tabular.regression",
    };
    /// The positive class is not among the classes.
    POSITIVE = {
        code: "train-positive", class: Usage, status: 422,
        en: "`{positive}` is not a value of the target `{column}`", zh: "`{positive}` 不是目标列 `{column}` 的取值",
        hint_en: "its values are: {known}", hint_zh: "其取值为：{known}",
    };
    /// A class is too small for validation folds.
    TOO_FEW = {
        code: "train-too-few", class: Failed, status: 422,
        en: "a class of the target `{column}` has {rows} training rows; at least {needed} are needed", zh: "目标列 `{column}` 有一个类别只有 {rows} 行训练数据；至少需要 {needed} 行",
        hint_en: "gather more rows of it, or merge it with another class", hint_zh: "请收集更多该类别的数据，或将其与其他类别合并",
    };
    /// All training rows belong to one group.
    ONE_GROUP = {
        code: "train-one-group", class: Failed, status: 422,
        en: "all training rows have the same value in the group column `{column}`", zh: "所有训练行在分组列 `{column}` 中取值相同",
        hint_en: "rows of one group cannot be told apart from each other in validation; choose another column or none",
        hint_zh: "同一组的数据无法互相验证；请改用其他列或不分组",
    };
    /// Two classes have the same rows.
    CLASSES_ALIKE = {
        code: "train-classes-alike", class: Failed, status: 422,
        en: "the classes `{first}` and `{second}` of `{column}` have the same training rows: nothing tells them apart", zh: "`{column}` 的类别 `{first}` 与 `{second}` 的训练数据完全相同，无从区分",
        hint_en: "merge the two in [clean], or look at where the classes come from", hint_zh: "请在 [clean] 中合并这两个类别，或检查类别标注的来源",
    };
    /// The loss of a head left the numbers.
    DIVERGED = {
        code: "train-diverged", class: Failed, status: 422,
        en: "the training of the head diverged: its loss is no number after epoch {epoch}", zh: "输出层训练发散：第 {epoch} 轮后损失不再是有限数值",
        hint_en: "lower `train.head.learning_rate`, which is {rate}", hint_zh: "请降低 `train.head.learning_rate`（当前为 {rate}）",
    };
    /// The loss of a network whose last blocks are trained left the numbers.
    TUNE_DIVERGED = {
        code: "train-tune-diverged", class: Failed, status: 422,
        en: "the training of the network's last blocks diverged: its loss is no number after epoch {epoch}", zh: "网络末端各块的训练发散：第 {epoch} 轮后损失不再是有限数值",
        hint_en: "lower `{setting}`, which is {rate}", hint_zh: "请降低 `{setting}`（当前为 {rate}）",
    };
    /// Maps that are not those of the value they should be of.
    TUNE_MAPS = {
        code: "train-tune-maps", class: Failed, status: 422,
        en: "the kept maps are not of the size of the network's value `{value}`", zh: "缓存的特征图与网络中 `{value}` 的尺寸不符",
        hint_en: "remove the record of the stage `features` and run again", hint_zh: "请删除 `features` 阶段的记录后重新运行",
    };
    /// A weight that does not fit the map before it.
    TAIL_SHAPE = {
        code: "train-tail-shape", class: Failed, status: 422,
        en: "a weight behind the network's value `{value}` does not fit the map that it takes", zh: "网络中 `{value}` 之后有权重与其输入的特征图不匹配",
        hint_en: "train fewer blocks", hint_zh: "请减少参与训练的块数",
    };
    /// A weight of an encoder that is missing or does not fit.
    ENCODER_WEIGHTS = {
        code: "train-encoder-weights", class: Failed, status: 422,
        en: "the encoder's weights lack `{name}`, or it has another shape", zh: "编码器权重缺少 `{name}`，或其形状不符",
        hint_en: "encoders of the BERT class can be trained further", hint_zh: "仅支持继续训练 BERT 类编码器",
    };
    /// More layers were asked for than an encoder has.
    ENCODER_LAYERS = {
        code: "train-encoder-layers", class: Usage, status: 422,
        en: "the encoder has {layers} layers, and {asked} were asked for", zh: "编码器共有 {layers} 层，而所要求的层数为 {asked}",
        hint_en: "ask for 1 to {layers}", hint_zh: "请填写 1 至 {layers}",
    };
    /// The loss of a fine-tuned encoder left the numbers.
    ENCODER_DIVERGED = {
        code: "train-encoder-diverged", class: Failed, status: 422,
        en: "the training of the encoder diverged: its loss is no number after epoch {epoch}", zh: "编码器训练发散：第 {epoch} 轮后损失不再是有限数值",
        hint_en: "lower `{setting}`, which is {rate}", hint_zh: "请降低 `{setting}`（当前为 {rate}）",
    };
    /// A head says nothing of a row.
    SCORE_UNDEFINED = {
        code: "train-score-undefined", class: Failed, status: 422,
        en: "the trained head's score of row {row} of source `{source}`, a test row, is no number", zh: "训练所得输出层对数据源 `{source}` 第 {row} 行（测试集）的评分不是有限数值",
        hint_en: "look at that row, and lower `train.head.learning_rate`", hint_zh: "请检查该行数据，并降低 `train.head.learning_rate`",
    };
    /// A class of validation or test rows was not in training.
    CLASS_UNSEEN = {
        code: "train-class-unseen", class: Failed, status: 422,
        en: "{rows} rows of the {table} table have a class of `{column}` that no training row has", zh: "{table}中有 {rows} 行的 `{column}` 类别未出现在训练数据中",
        hint_en: "stratify the split by the target", hint_zh: "请按目标列分层划分",
    };
    /// The table has the target alone.
    NO_COLUMNS = {
        code: "train-no-columns", class: Failed, status: 422,
        en: "there is no column to learn from: the table holds the target `{column}` alone", zh: "没有可用于学习的列：表中只有目标列 `{column}`",
        hint_en: "look at what [clean] and [protect] drop, and at the source", hint_zh: "请检查 [clean] 和 [protect] 删除了哪些列，以及数据源本身",
    };
    /// No feature is left.
    NO_FEATURES = {
        code: "train-no-features", class: Failed, status: 422,
        en: "no column is left to learn from: {excluded} were excluded", zh: "没有可用于学习的列：已排除 {excluded} 列",
        hint_en: "of each that `train.exclude` and `split.group` do not name, a warning above says why",
        hint_zh: "未列入 `train.exclude` 和 `split.group` 的列，其排除原因见上方警告",
    };
    /// A column was left out: it is empty. A warning.
    EXCLUDED_EMPTY = {
        code: "train-excluded-empty", class: Failed, status: 422,
        en: "the column `{column}` is not used: every value is missing", zh: "未使用列 `{column}`：所有取值均缺失",
        hint_en: "name it in `train.exclude` to silence this", hint_zh: "若不想再看到此提示，请将其加入 `train.exclude`",
    };
    /// A column was left out: it is constant. A warning.
    EXCLUDED_CONSTANT = {
        code: "train-excluded-constant", class: Failed, status: 422,
        en: "the column `{column}` is not used: every row has the same value", zh: "未使用列 `{column}`：所有行取值相同",
        hint_en: "name it in `train.exclude` to silence this", hint_zh: "若不想再看到此提示，请将其加入 `train.exclude`",
    };
    /// A column was left out: it numbers the rows. A warning.
    EXCLUDED_ROW_NUMBER = {
        code: "train-excluded-row-number", class: Failed, status: 422,
        en: "the column `{column}` is not used: it counts 1, 2, 3, … like a row number", zh: "未使用列 `{column}`：取值为连续整数，类似行号",
        hint_en: "name it in `train.exclude` to silence this", hint_zh: "若不想再看到此提示，请将其加入 `train.exclude`",
    };
    /// A column was left out: it identifies. A warning.
    EXCLUDED_IDENTIFIER = {
        code: "train-excluded-identifier", class: Failed, status: 422,
        en: "the column `{column}` is not used: {distinct} different texts in {rows} rows look like a name or an identifier", zh: "未使用列 `{column}`：{rows} 行中有 {distinct} 种不同文本，疑似姓名或标识符",
        hint_en: "name it in `train.exclude` to silence this", hint_zh: "若不想再看到此提示，请将其加入 `train.exclude`",
    };
    /// A column was left out: its numbers identify. A warning.
    EXCLUDED_NUMBERS = {
        code: "train-excluded-numbers", class: Failed, status: 422,
        en: "the column `{column}` is not used: {distinct} different numbers of {digits} digits in {rows} rows look like identifiers",
        zh: "未使用列 `{column}`：{rows} 行中有 {distinct} 个不同的 {digits} 位数，疑似标识符",
        hint_en: "name it in `train.exclude` to silence this; if it is a measure, keep it by saying in [protect] how coarse it may be: `columns = [{ name = \"{column}\", action = \"generalize\", to = { width = 1000 } }]`, or width = 1 as it is",
        hint_zh: "若不想再看到此提示，请将其加入 `train.exclude`；若它是度量值，请在 [protect] 中说明粒度以保留它：`columns = [{ name = \"{column}\", action = \"generalize\", to = { width = 1000 } }]`，width = 1 即保持原值",
    };
    /// A column was left out: its texts are amounts. A warning.
    EXCLUDED_AMOUNTS = {
        code: "train-excluded-amounts", class: Failed, status: 422,
        en: "the column `{column}` is not used: its texts look like amounts", zh: "未使用列 `{column}`：其文本看起来是金额或数量",
        hint_en: "add to [clean]: `cast = [{ column = \"{column}\", to = \"number\" }]`, or name it in `train.exclude`",
        hint_zh: "请在 [clean] 中添加 `cast = [{ column = \"{column}\", to = \"number\" }]`；不需要该列时，请将其加入 `train.exclude`",
    };
    /// A column was left out: its texts are days. A warning.
    EXCLUDED_DAYS = {
        code: "train-excluded-days", class: Failed, status: 422,
        en: "the column `{column}` is not used: its texts look like dates", zh: "未使用列 `{column}`：其文本看起来是日期",
        hint_en: "add to [clean]: `cast = [{ column = \"{column}\", to = \"date\" }, { column = \"{column}\", to = \"integer\" }]` for a number of days; or generalize it to year in [protect], or name it in `train.exclude`",
        hint_zh: "请在 [clean] 中添加 `cast = [{ column = \"{column}\", to = \"date\" }, { column = \"{column}\", to = \"integer\" }]` 转为天数；也可在 [protect] 中泛化为年份；不需要该列时，请将其加入 `train.exclude`",
    };
    /// A column was left out: too many categories. A warning.
    EXCLUDED_CATEGORIES = {
        code: "train-excluded-categories", class: Failed, status: 422,
        en: "the column `{column}` is not used: {distinct} different texts are more than `train.max_categories` ({limit})", zh: "未使用列 `{column}`：不同文本数 {distinct} 超过 `train.max_categories`（{limit}）",
        hint_en: "group its values in [clean], or raise `train.max_categories`", hint_zh: "请在 [clean] 中合并取值，或提高 `train.max_categories`",
    };
    /// A column was left out: personal data. A warning.
    EXCLUDED_PERSONAL = {
        code: "train-excluded-personal", class: Failed, status: 422,
        en: "the column `{column}` is not used: its values hold personal data", zh: "未使用列 `{column}`：其取值含有个人信息",
        hint_en: "protect it in [protect] (columns or text), or name it in `train.exclude`; `ingot scan` shows what it holds",
        hint_zh: "请在 [protect] 中加以保护（columns 或 text），或列入 `train.exclude`；`ingot scan` 可查看其中的内容",
    };
    /// A column was left out: tokens. A warning.
    EXCLUDED_TOKEN = {
        code: "train-excluded-token", class: Failed, status: 422,
        en: "the column `{column}` is not used: [protect] made tokens of its values, which nobody who asks the model could send",
        zh: "未使用列 `{column}`：[protect] 已将其取值变为令牌，调用模型的人无法提供",
        hint_en: "generalize it instead if the model shall learn from it, or name it in `train.exclude`",
        hint_zh: "若模型需要用到该列，请改用 generalize；否则请列入 `train.exclude`",
    };
    /// A column was left out: it gives the answer away. A warning.
    EXCLUDED_ANSWER = {
        code: "train-excluded-answer", class: Failed, status: 422,
        en: "the column `{column}` is not used: a rule of [clean] made it from the target", zh: "未使用列 `{column}`：[clean] 的规则由目标列生成了它",
        hint_en: "name it in `train.exclude` to silence this", hint_zh: "列入 `train.exclude` 可不再提示",
    };
    /// A column was left out: a flag of outliers whose bounds do not go with the model. A warning.
    EXCLUDED_FLAG = {
        code: "train-excluded-flag", class: Failed, status: 422,
        en: "the column `{column}` is not used: it flags outliers of a column that is no number of the model's or is protected, so whoever asks could not know it", zh: "未使用列 `{column}`：它标记的离群值所属的列不是模型的数值输入或已脱敏，调用方无从得知该标记",
        hint_en: "state the bounds yourself (method = \"range\"), or name it in `train.exclude` to silence this", hint_zh: "请自行给出界限（method = \"range\"），或列入 `train.exclude` 以不再提示",
    };
    /// A column was left out: its type. A warning.
    EXCLUDED_TYPE = {
        code: "train-excluded-type", class: Failed, status: 422,
        en: "the column `{column}` is not used: its type is neither number, boolean nor text", zh: "未使用列 `{column}`：其类型不是数值、布尔或文本",
        hint_en: "derive a number or a text from it in [clean]", hint_zh: "请在 [clean] 中由其派生数值或文本",
    };
    /// A column was left out: it holds dates. A warning.
    EXCLUDED_DATE = {
        code: "train-excluded-date", class: Failed, status: 422,
        en: "the column `{column}` is not used: a model does not learn from dates as such", zh: "未使用列 `{column}`：模型不能直接从日期中学习",
        hint_en: "in [clean], `cast = [{ column = \"...\", to = \"integer\" }]` makes it a number of days; in [protect], `action = \"generalize\", to = \"year\"` keeps its year",
        hint_zh: "在 [clean] 中用 `cast = [{ column = \"...\", to = \"integer\" }]` 可转为天数；在 [protect] 中用 `action = \"generalize\", to = \"year\"` 可保留年份",
    };
    /// The test rows say nothing for certain. A warning.
    FEW_TEST_ROWS = {
        code: "train-few-test-rows", class: Failed, status: 422,
        en: "too few test rows to tell how good the model is: {rows} rows, {rare} of them outside the largest class; figures stand without intervals, and no model is called better than another",
        zh: "测试行太少，无法判断模型的好坏：共 {rows} 行，其中最大类别之外 {rare} 行；各项指标不给出置信区间，也不评判哪个模型更好",
        hint_en: "At least 30 test rows are needed, 5 of them outside the largest class: bring more rows, or raise `split.test`.",
        hint_zh: "至少需要 30 行测试数据，且其中最大类别之外不少于 5 行：请增加数据行，或提高 `split.test`。",
    };
    /// The same of numbers. A warning.
    FEW_TEST_NUMBERS = {
        code: "train-few-test-numbers", class: Failed, status: 422,
        en: "too few test rows to tell how good the model is: {rows} rows; figures stand without intervals, and no model is called better than another",
        zh: "测试行太少，无法判断模型的好坏：共 {rows} 行；各项指标不给出置信区间，也不评判哪个模型更好",
        hint_en: "At least 30 test rows are needed: bring more rows, or raise `split.test`.",
        hint_zh: "至少需要 30 行测试数据：请增加数据行，或提高 `split.test`。",
    };
    /// The model has learnt nothing that can be measured. A warning.
    MODEL_WEAK = {
        code: "train-model-weak", class: Failed, status: 422,
        en: "the model is not measurably better than always giving the same answer: {metric} {value} on the test rows, {baseline} without a model",
        zh: "模型并不明显优于始终给出同一答案：测试集上{metric}为 {value}，不用模型时为 {baseline}",
        hint_en: "Bring more rows or columns that say something about the target; do not decide by this model.",
        hint_zh: "请增加数据行，或增加与目标有关的列；请勿依据此模型做决定。",
    };
    /// Deciding by the model costs more than deciding without it. A warning.
    MODEL_COSTLY = {
        code: "train-model-costly", class: Failed, status: 422,
        en: "by the stated costs the model costs more than no model: {cost} per test row, {constant} when every row is labelled `{label}`",
        zh: "按所设代价计算，使用模型的代价高于不用模型：测试集每行代价 {cost}，而一律判为 `{label}` 时为 {constant}",
        hint_en: "Do not decide by this model; bring more rows or better columns, or check `train.cost`.",
        hint_zh: "请勿依据此模型做决定；请增加数据行或更有用的列，或检查 `train.cost`。",
    };
    /// A simpler model is better beyond chance. A warning.
    MODEL_BEATEN = {
        code: "train-model-beaten", class: Failed, status: 422,
        en: "a simpler model is clearly better: {metric} {baseline} by {name}, {value} by this model",
        zh: "更简单的模型明显更好：{name}的{metric}为 {baseline}，本模型为 {value}",
        hint_en: "Consider the simpler one, or give the search more time (`train.budget`, `train.trials`).",
        hint_zh: "可考虑改用更简单的模型，或延长搜索（`train.budget`、`train.trials`）。",
    };
    /// One column gives the target away. A warning.
    FEATURE_LEAKS = {
        code: "train-feature-leaks", class: Failed, status: 422,
        en: "the column `{column}` alone tells the target: area under the ROC curve {auc} on the test rows",
        zh: "仅凭列 `{column}` 就能得知目标：测试集上 AUC 为 {auc}",
        hint_en: "If it is known only after the answer is, add it to `train.exclude`.",
        hint_zh: "若该列只有在结果已知之后才能得到，请把它加入 `train.exclude`。",
    };
    /// One column gives a target of several classes or numbers away. A warning.
    COLUMN_TELLS = {
        code: "train-column-tells", class: Failed, status: 422,
        en: "the column `{column}` alone explains {share}% of the target on the test rows", zh: "仅凭列 `{column}` 就能解释测试集上目标的 {share}%",
        hint_en: "If it is known only after the answer is, add it to `train.exclude`.",
        hint_zh: "若该列只有在结果已知之后才能得到，请把它加入 `train.exclude`。",
    };
    /// A weight that is no weight.
    WEIGHT = {
        code: "train-weight", class: Failed, status: 422,
        en: "the column `_weight` must hold positive finite numbers", zh: "列 `_weight` 必须为有限的正数",
        hint_en: "check `weight` of each [[source]]", hint_zh: "请检查每个 [[source]] 的 `weight`",
    };
    /// An unknown or unsafe LightGBM parameter.
    PARAM = {
        code: "train-param", class: Usage, status: 422,
        en: "`{name}` is not a LightGBM parameter that a recipe may set", zh: "`{name}` 不是配方可以设置的 LightGBM 参数",
        hint_en: "these may be set: {known}", hint_zh: "可设置的参数：{known}",
    };
    /// A parameter value that cannot be.
    PARAM_VALUE = {
        code: "train-param-value", class: Usage, status: 422,
        en: "`{name}` has a value it cannot have: {expected}", zh: "`{name}` 的取值无效：{expected}",
        hint_en: "", hint_zh: "",
    };
    /// A configuration number out of its range.
    SETTING = {
        code: "train-setting", class: Usage, status: 422,
        en: "`{name}` must be {expected}", zh: "`{name}` 必须为 {expected}",
        hint_en: "", hint_zh: "",
    };
    /// Our evaluation and LightGBM's differ: the model is not shipped.
    PARITY = {
        code: "train-parity", class: Refused, status: 500,
        en: "the exported model's scores differ from the trained model's by up to {difference} on {rows} rows (tolerance {tolerance}); it is not shipped",
        zh: "导出模型与训练所得模型在 {rows} 行上的得分最多相差 {difference}（容差 {tolerance}）；该模型不予发布",
        hint_en: "please report it with the versions from `ingot doctor`", hint_zh: "请附上 `ingot doctor` 输出的版本信息进行反馈",
    };
    /// No noise keeps the promise.
    PRIVACY_IMPOSSIBLE = {
        code: "train-privacy-impossible", class: Refused, status: 422,
        en: "no noise keeps ε at or below {epsilon} for this training: with δ = {delta} the accounting comes down to {least} at best",
        zh: "任何噪声都无法使本次训练的 ε 不超过 {epsilon}：δ = {delta} 时，核算所得的下限为 {least}",
        hint_en: "allow a larger ε or δ, or train fewer epochs", hint_zh: "请放宽 ε 或 δ，或减少训练轮数",
    };
    /// A probability of failure that allows one row to be told outright.
    PRIVACY_DELTA = {
        code: "train-privacy-delta", class: Refused, status: 422,
        en: "δ = {delta} says nothing of {units} rows or groups: one of them could be told outright", zh: "对 {units} 行（或组）数据而言，δ = {delta} 毫无保证：其中之一可能被完全泄露",
        hint_en: "choose δ well below {most}, one over their number", hint_zh: "请选择远小于 {most}（其数量的倒数）的 δ",
    };
    /// A base model that cannot be understood.
    BASE_INVALID = {
        code: "train-base-invalid", class: Failed, status: 422,
        en: "the base model is refused: {detail}", zh: "拒绝该基础模型：{detail}",
        hint_en: "if `ingot pull` brought it, fetch it again; else look at your own file or folder, or name another one in `train.base`",
        hint_zh: "若由 `ingot pull` 下载，请重新获取；否则请检查自己的文件或文件夹，或在 `train.base` 中另行指定",
    };
    /// A base model of a kind that is not trained here.
    BASE_UNSUPPORTED = {
        code: "train-base-unsupported", class: Usage, status: 422,
        en: "the base model has what is not trained here: {detail}", zh: "基础模型包含此处不支持训练的内容：{detail}",
        hint_en: "models of the Llama and Qwen2 families are, in GGUF files of F32, F16, BF16, Q8_0, Q4_0 or Q4_1, or as safetensors",
        hint_zh: "支持 Llama 与 Qwen2 系列模型，格式为 F32、F16、BF16、Q8_0、Q4_0 或 Q4_1 的 GGUF 文件，或 safetensors",
    };
    /// An adapter that cannot be understood.
    ADAPTER_INVALID = {
        code: "train-adapter-invalid", class: Failed, status: 422,
        en: "the adapter is refused: {detail}", zh: "拒绝该适配器：{detail}",
        hint_en: "train it again on this base model", hint_zh: "请在此基础模型上重新训练",
    };
    /// The merged language model is not the trained one: it is not shipped.
    MERGE_PARITY = {
        code: "train-merge-parity", class: Refused, status: 500,
        en: "the merged model's next words differ from the trained model's by {divergence} nats (tolerance {tolerance}); it is not shipped",
        zh: "合并后模型的下一词元分布与训练所得模型相差 {divergence} 奈特（容差 {tolerance}）；该模型不会被封装",
        hint_en: "store it with more bits, or report it with the versions from `ingot doctor`", hint_zh: "请使用更高的存储精度，或附上 `ingot doctor` 输出的版本信息进行反馈",
    };
    /// The model that is served would speak in another template.
    TEMPLATE_PARITY = {
        code: "train-template-parity", class: Refused, status: 500,
        en: "the form `{form}` of the model has another chat template than the base; it is not shipped", zh: "格式 `{form}` 的对话模板与基础模型不一致；该模型不会被封装",
        hint_en: "please report it with the versions from `ingot doctor`", hint_zh: "请附上 `ingot doctor` 输出的版本信息进行反馈",
    };
    /// A quantised language model that costs more than the recipe tolerates.
    QUANTISATION_REFUSED = {
        code: "train-quantisation-refused", class: Refused, status: 422,
        en: "the quantised model `{form}` is refused: exact match {exact} instead of {before} (at most {metric} less), perplexity {perplexity} instead of {first} (a rise of at most {rise} of the first), divergence {divergence} nats (at most {most}), {agreement} of the likeliest tokens as before (at least {least})",
        zh: "拒绝量化后的模型 `{form}`：完全一致率 {exact}，量化前为 {before}（最多低 {metric}）；困惑度 {perplexity}，量化前为 {first}（相对升幅不超过 {rise}）；散度 {divergence} 奈特（最多 {most}）；{agreement} 的最可能词元与量化前一致（至少 {least}）",
        hint_en: "every form with exact match, perplexity, divergence and agreement: {forms}; choose another in `compress.quantize`, or tolerate more",
        hint_zh: "各格式的完全一致率、困惑度、散度与一致率：{forms}；请在 `compress.quantize` 中选择其他格式，或放宽允许范围",
    };
    /// A damaged checkpoint.
    CHECKPOINT = {
        code: "train-checkpoint", class: Failed, status: 500,
        en: "the training checkpoint is damaged", zh: "训练检查点已损坏",
        hint_en: "delete it; training begins anew", hint_zh: "请删除它，训练将重新开始",
    };
    /// A compressed model that costs more than the recipe tolerates.
    COMPRESS_REFUSED = {
        code: "train-compress-refused", class: Refused, status: 422,
        en: "the compressed model is refused: accuracy {accuracy} instead of {before} (at most {metric} less), and {agreement} of the answers as before (at least {least}); one of the {rows} test rows alone is {row}",
        zh: "拒绝压缩后的模型：准确率 {accuracy}，压缩前为 {before}（最多低 {metric}）；{agreement} 的答案与压缩前一致（至少 {least}）；共 {rows} 行测试数据，一行即为 {row}",
        hint_en: "every form with accuracy, answers as before and time: {forms}; ask for less in `[compress]`, or tolerate more. A `metric` below {row} tolerates not a single answer that is wrong now: bring more test rows, or tolerate at least that",
        hint_zh: "各形式的准确率、答案一致率与耗时：{forms}；请在 `[compress]` 中降低压缩程度，或放宽允许范围。`metric` 小于 {row} 时，多错一行也不允许：请增加测试数据，或将其设为不小于该值",
    };
    /// The first trial alone was longer than the budget; a warning.
    BUDGET_FIRST = {
        code: "train-budget-first", class: Failed, status: 200,
        en: "the first trial alone took {seconds} s, more than the budget of {budget} s; it always completes, so that there is a model, and none follows it",
        zh: "仅第一组试验就用了 {seconds} 秒，超过时间预算 {budget} 秒；第一组总会完成，以保证得到模型，其余各组不再进行",
        hint_en: "raise `train.budget`, or use fewer rows or columns; a shorter first trial would give another model on another machine",
        hint_zh: "请提高 `train.budget`，或减少数据行、列；若提前结束第一组试验，在其他机器上会得到不同的模型",
    };
    /// Training was longer than the budget of its search; a warning.
    BUDGET_WHOLE = {
        code: "train-budget-whole", class: Failed, status: 200,
        en: "training took {seconds} s with a budget of {budget} s: the budget is the search's, which took {search} s; the final model, the comparisons and the look at the rows come after it",
        zh: "训练共用 {seconds} 秒，时间预算为 {budget} 秒：预算只限参数搜索（用时 {search} 秒），之后还有最终训练、模型比较与数据复核",
        hint_en: "`train.review = false` leaves out the look at the rows; `train.folds` smaller makes each trial shorter",
        hint_zh: "`train.review = false` 可省去数据复核；减小 `train.folds` 可缩短每组试验",
    };
    /// The time budget ended the search; a warning.
    BUDGET = {
        code: "train-budget-cut", class: Failed, status: 200,
        en: "the time budget ended the search after {done} of {planned} trials; another machine may stop elsewhere and find another model",
        zh: "时间预算用尽，搜索在完成 {done}/{planned} 组试验后停止；在其他机器上可能停在别处并得到不同的模型",
        hint_en: "raise `train.budget` or lower `train.trials` for a result that is the same everywhere",
        hint_zh: "如需处处一致的结果，请提高 `train.budget` 或降低 `train.trials`",
    };
}

#[cfg(test)]
mod tests {
    use super::MESSAGES;
    use ingot_base::fault::placeholders;

    #[test]
    fn both_languages_say_the_same() {
        for message in MESSAGES.iter().chain(ingot_runtime::MESSAGES) {
            assert_eq!(placeholders(message.en), placeholders(message.zh), "{}", message.code);
            assert_eq!(
                placeholders(message.hint_en),
                placeholders(message.hint_zh),
                "{}",
                message.code
            );
            assert_eq!(message.hint_en.is_empty(), message.hint_zh.is_empty(), "{}", message.code);
        }
    }
}
