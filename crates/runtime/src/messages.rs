//! The code table of this room.

ingot_base::messages! {
    /// A network that cannot be understood.
    ONNX_INVALID = {
        code: "runtime-onnx-invalid", class: Failed, status: 422,
        en: "the ONNX graph is refused: {detail}", zh: "拒绝该 ONNX 计算图：{detail}",
        hint_en: "export it again, as one file without external data (`torch.onnx.export(…, external_data=False)`)", hint_zh: "请重新导出为单个文件，不要使用外部数据（`torch.onnx.export(…, external_data=False)`）",
    };
    /// An operator that is not the standard's.
    BACKBONE_OPERATOR = {
        code: "runtime-backbone-operator", class: Refused, status: 422,
        en: "the operation `{name}` is of `{operator}`, which a backbone may not have", zh: "算子 `{name}` 属于 `{operator}`，预训练网络中不允许使用",
        hint_en: "export the network in operators of the ONNX standard alone, without custom, random and control-flow ones; local functions can be inlined", hint_zh: "请只用 ONNX 标准算子导出网络，不要使用自定义、随机或控制流算子；局部函数可先内联",
    };
    /// A division that may stop the program.
    BACKBONE_DIVISION = {
        code: "runtime-backbone-division", class: Refused, status: 422,
        en: "the operation `{name}` (`{operator}`) divides whole numbers by what may be 0 or -1, which can stop the whole program", zh: "算子 `{name}`（`{operator}`）对整数做除法，而除数可能为 0 或 -1，这可能使整个程序中止",
        hint_en: "divide by a constant other than 0 and -1, or cast both to float32 before", hint_zh: "请除以 0 和 -1 以外的常量，或先将两者转换为 float32",
    };
    /// An operator set that is too old.
    BACKBONE_OPSET = {
        code: "runtime-backbone-opset", class: Failed, status: 422,
        en: "the network is written in operator set {version}, older than {oldest}", zh: "该网络使用算子集版本 {version}，低于 {oldest}",
        hint_en: "export it again with opset_version = 17", hint_zh: "请以 opset_version = 17 重新导出",
    };
    /// No input that could be the one.
    BACKBONE_INPUT = {
        code: "runtime-backbone-input", class: Usage, status: 422,
        en: "nobody can tell which of the network's inputs takes the data", zh: "无法确定网络的哪个输入接收数据",
        hint_en: "its inputs are: {known}; for pictures name one as `input`, for texts call it input_ids", hint_zh: "现有输入：{known}；图片请用 `input` 指明，文本请命名为 input_ids",
    };
    /// The features need what nobody has.
    BACKBONE_NEEDS = {
        code: "runtime-backbone-needs", class: Failed, status: 422,
        en: "the features need other inputs too: {inputs}", zh: "特征还依赖其他输入：{inputs}",
        hint_en: "export the network with pictures alone, or input_ids, attention_mask and token_type_ids alone", hint_zh: "请导出只接收图片，或只接收 input_ids、attention_mask、token_type_ids 的网络",
    };
    /// No value of this name.
    BACKBONE_FEATURES = {
        code: "runtime-backbone-features", class: Usage, status: 422,
        en: "no operation of the network gives a value `{name}`", zh: "网络中没有名为 `{name}` 的值",
        hint_en: "among its values are: {known}", hint_zh: "可用的值例如：{known}",
    };
    /// Something of another shape.
    BACKBONE_SHAPE = {
        code: "runtime-backbone-shape", class: Failed, status: 422,
        en: "{what} of the network has the shape {found}, not {expected}", zh: "网络的{what}形状为 {found}，应为 {expected}",
        hint_en: "name another value or other sizes, or export the network again; pictures are colour × height × width", hint_zh: "请改用其他值或尺寸，或重新导出网络；图片按 颜色 × 高 × 宽 排列",
    };
    /// Vectors of tokens where there is one, or the other way round.
    BACKBONE_POOLING = {
        code: "runtime-backbone-pooling", class: Usage, status: 422,
        en: "`pooling` does not suit features of the shape {found}", zh: "`pooling` 与形状为 {found} 的特征不符",
        hint_en: "of rows × channels it is \"none\", of rows × tokens × channels \"mean\" or \"cls\"", hint_zh: "行 × 通道 请用 \"none\"，行 × 词元 × 通道 请用 \"mean\" 或 \"cls\"",
    };
    /// Numbers of another kind.
    BACKBONE_TYPE = {
        code: "runtime-backbone-type", class: Failed, status: 422,
        en: "the network's input `{name}` takes {found}, not {expected}", zh: "网络的输入 `{name}` 类型为 {found}，应为 {expected}",
        hint_en: "export the network with 32-bit numbers; it is quantised here, with `compress.quantize`", hint_zh: "请以 32 位浮点数导出；量化可在此用 `compress.quantize` 完成",
    };
    /// The network does not run.
    BACKBONE_RUN = {
        code: "runtime-backbone-run", class: Failed, status: 422,
        en: "the network gives no 32-bit features for a made-up input", zh: "以虚构输入试运行时，网络未给出 32 位浮点特征",
        hint_en: "try it with ONNX Runtime in Python; of texts, the tokenizer must be the network's own", hint_zh: "请先用 Python 版 ONNX Runtime 运行检验；若为文本，分词器须与网络配套",
    };
    /// Features that are no numbers.
    BACKBONE_NUMBERS = {
        code: "runtime-backbone-numbers", class: Failed, status: 422,
        en: "the network gives features that are infinite or not numbers (NaN)", zh: "网络给出的特征含无穷大或非数值（NaN）",
        hint_en: "look for an overflow or a division by zero before the features", hint_zh: "请检查特征之前是否有溢出或除以零",
    };
    /// A file of a language model that cannot be understood.
    GGUF_INVALID = {
        code: "runtime-gguf-invalid", class: Failed, status: 422,
        en: "the GGUF file is refused: {detail}", zh: "拒绝该 GGUF 文件：{detail}",
        hint_en: "fetch the model again, or convert it with llama.cpp", hint_zh: "请重新获取模型，或使用 llama.cpp 重新转换",
    };
    /// Such a file, by name.
    GGUF_FILE = {
        code: "runtime-gguf-file", class: Failed, status: 422,
        en: "`{path}`: {why}", zh: "文件 `{path}`：{why}",
        hint_en: "fetch the model again, or convert it with llama.cpp", hint_zh: "请重新获取模型，或使用 llama.cpp 重新转换",
    };
    /// A model larger than the memory.
    MODEL_TOO_LARGE = {
        code: "runtime-model-too-large", class: Refused, status: 507,
        en: "the model needs {needed} MiB with its cache, and {free} MiB are free", zh: "模型连同缓存需要 {needed} MiB 内存，而可用内存只有 {free} MiB",
        hint_en: "serve fewer requests at once or a shorter context, or a model of fewer bits", hint_zh: "请减少并发请求数、缩短上下文，或使用位数更少的模型",
    };
    /// A program built for another processor.
    LLAMA_PROCESSOR = {
        code: "runtime-llama-processor", class: Failed, status: 503,
        en: "this build of ingot runs language models only on processors with {feature}, which this one lacks", zh: "此版本的 ingot 只能在支持 {feature} 的处理器上运行语言模型，而本机处理器不支持",
        hint_en: "build it on this machine, or with INGOT_PORTABLE=1", hint_zh: "请在本机重新构建，或设置 INGOT_PORTABLE=1 后构建",
    };
    /// llama.cpp refused.
    LLAMA = {
        code: "runtime-llama", class: Failed, status: 500,
        en: "llama.cpp failed while {doing}", zh: "llama.cpp 出错（步骤：{doing}）",
        hint_en: "", hint_zh: "",
    };
    /// The engine of language models is not part of this build.
    LLAMA_ABSENT = {
        code: "runtime-llama-absent", class: Failed, status: 501,
        en: "this build of Ingot has no engine for language models", zh: "此版本的 Ingot 不含语言模型引擎",
        hint_en: "build it with `cargo build --workspace --features ingot-cli/llama --bin ingot`", hint_zh: "请使用 `cargo build --workspace --features ingot-cli/llama --bin ingot` 构建",
    };
    /// A chat template that is none.
    TEMPLATE_INVALID = {
        code: "runtime-template-invalid", class: Failed, status: 422,
        en: "the model's chat template is broken: {detail}", zh: "模型的对话模板有误：{detail}",
        hint_en: "fetch the model again, or give it a template that works", hint_zh: "请重新获取模型，或换用可用的模板",
    };
    /// A conversation for a model that has no template.
    TEMPLATE_MISSING = {
        code: "runtime-template-missing", class: Usage, status: 400,
        en: "the model was not made for conversations: it has no chat template", zh: "该模型没有对话模板，不支持对话",
        hint_en: "use `/v1/completions`", hint_zh: "请使用 `/v1/completions`",
    };
    /// A conversation that the template refuses.
    TEMPLATE_REFUSED = {
        code: "runtime-template-refused", class: Usage, status: 400,
        en: "the model's chat template refuses the conversation: {detail}", zh: "模型的对话模板拒绝该对话：{detail}",
        hint_en: "check the roles and the order of the messages", hint_zh: "请检查消息的角色和顺序",
    };
    /// No prompt.
    PROMPT_EMPTY = {
        code: "runtime-prompt-empty", class: Usage, status: 400,
        en: "the prompt is empty", zh: "提示词为空",
        hint_en: "", hint_zh: "",
    };
    /// A prompt that does not fit.
    CONTEXT_OVERFLOW = {
        code: "runtime-context-overflow", class: Usage, status: 400,
        en: "the prompt has {tokens} tokens; prompt and answer may have {limit} together", zh: "提示词有 {tokens} 个词元，而提示词与回答合计最多 {limit} 个",
        hint_en: "shorten the conversation{or}", hint_zh: "请缩短对话{or}",
    };
    /// An adapter that was not loaded.
    ADAPTER_UNKNOWN = {
        code: "runtime-adapter-unknown", class: Usage, status: 404,
        en: "no adapter `{name}` is loaded", zh: "没有加载名为 `{name}` 的适配器",
        hint_en: "", hint_zh: "",
    };
    /// A quantisation that is none.
    QUANTISATION_UNKNOWN = {
        code: "runtime-quantisation-unknown", class: Usage, status: 422,
        en: "there is no quantisation `{name}`", zh: "没有名为 `{name}` 的量化方式",
        hint_en: "known are: {known}", hint_zh: "可用的有：{known}",
    };
    /// Two models that cannot be compared.
    MODELS_APART = {
        code: "runtime-models-apart", class: Usage, status: 422,
        en: "the two models know different tokens and cannot be compared", zh: "两个模型的词表不同，无法比较",
        hint_en: "compare a model with a quantised form of itself", hint_zh: "请将模型与其自身的量化版本比较",
    };
    /// The document of a language model that cannot be read.
    GENERATION = {
        code: "runtime-generation", class: Failed, status: 500,
        en: "the language model's document is damaged or of another version", zh: "语言模型的说明文档已损坏或版本不符",
        hint_en: "make the package again", hint_zh: "请重新生成模型包",
    };
    /// A base that an adapter needs and that is not there.
    BASE_MISSING = {
        code: "runtime-base-missing", class: Failed, status: 500,
        en: "the adapter needs the base model `{name}` ({digest}), which is not here", zh: "适配器需要基础模型 `{name}`（{digest}），但本机没有",
        hint_en: "`ingot pull {name}` fetches a published one; serve the package of another one beside it", hint_zh: "已发布的模型可用 `ingot pull {name}` 获取；其他模型请与其模型包一同提供服务",
    };
    /// A grammar that is none.
    FORM_INVALID = {
        code: "runtime-form-invalid", class: Usage, status: 400,
        en: "the {what} for the answer cannot be used: {detail}", zh: "无法使用回答的格式约束（{what}）：{detail}",
        hint_en: "change that and ask again", hint_zh: "请修改后重试",
    };
    /// Too many requests wait.
    GENERATOR_BUSY = {
        code: "runtime-generator-busy", class: Failed, status: 429,
        en: "{waiting} requests are waiting for the model already", zh: "已有 {waiting} 个请求在等待该模型",
        hint_en: "try again in a moment", hint_zh: "请稍后重试",
    };
    /// A graph without anything to quantise.
    QUANTIZE_NOTHING = {
        code: "runtime-quantize-nothing", class: Failed, status: 422,
        en: "the graph has no convolution or product with constant weights that could be quantised", zh: "计算图中没有可量化的常量权重卷积或矩阵乘",
        hint_en: "quantise the original network, not one that already is", hint_zh: "请量化原始网络，而不是已量化过的网络",
    };
    /// A graph without channels that could be taken out.
    NARROW_NOTHING = {
        code: "runtime-narrow-nothing", class: Failed, status: 422,
        en: "the graph has no channels between two convolutions that could be taken out", zh: "计算图中没有可在两个卷积之间剪除的通道",
        hint_en: "leave out `compress.prune.channels` for this network", hint_zh: "对该网络请勿设置 `compress.prune.channels`",
    };
    /// An operation in the end of a network that is not written out for training.
    TAIL_UNKNOWN = {
        code: "runtime-tail-unknown", class: Failed, status: 422,
        en: "the operation `{name}` ({operator}) in the network's last blocks cannot be trained", zh: "网络末端各块中的算子 `{name}`（{operator}）无法训练",
        hint_en: "train fewer blocks", hint_zh: "请减少参与训练的块数",
    };
    /// More blocks than a network has.
    TAIL_SHALLOW = {
        code: "runtime-tail-shallow", class: Usage, status: 422,
        en: "{blocks} blocks of the network should be trained, but it has {known}", zh: "要求训练网络的 {blocks} 个块，但网络只有 {known} 个",
        hint_en: "train fewer blocks", hint_zh: "请减少参与训练的块数",
    };
    /// Calibration without inputs.
    CALIBRATION_EMPTY = {
        code: "runtime-calibration-empty", class: Failed, status: 422,
        en: "there is no input to calibrate the eight-bit network on", zh: "没有可用于校准 8 位网络的输入",
        hint_en: "give at least one readable training input, better a hundred", hint_zh: "请至少提供一个可读取的训练输入，最好有一百个左右",
    };
    /// ONNX Runtime failed.
    ONNX_RUN = {
        code: "runtime-onnx-run", class: Failed, status: 500,
        en: "ONNX Runtime could not run the network", zh: "ONNX Runtime 无法运行该网络",
        hint_en: "", hint_zh: "",
    };
    /// The library is not there.
    LIBRARY_MISSING = {
        code: "runtime-library-missing", class: Failed, status: 500,
        en: "ONNX Runtime cannot be loaded from `{path}`", zh: "无法从 `{path}` 加载 ONNX Runtime",
        hint_en: "`ingot pull onnxruntime` fetches it; ORT_DYLIB_PATH names another file", hint_zh: "可用 `ingot pull onnxruntime` 获取；也可用 ORT_DYLIB_PATH 指定其他文件",
    };
    /// A network's weights lack one.
    WEIGHTS_MISSING = {
        code: "runtime-weights-missing", class: Failed, status: 422,
        en: "these are no weights of {model}: `{name}` is missing or of another shape", zh: "这不是 {model} 的权重：`{name}` 缺失或形状不符",
        hint_en: "fetch the model again with `ingot pull`", hint_zh: "请用 `ingot pull` 重新获取模型",
    };
    /// A file of tensors that cannot be read.
    SAFETENSORS = {
        code: "runtime-safetensors", class: Failed, status: 422,
        en: "the safetensors file is refused: {detail}", zh: "拒绝该 safetensors 文件：{detail}",
        hint_en: "fetch it again, or save it with 32-bit numbers", hint_zh: "请重新获取，或以 32 位浮点数另存",
    };
    /// A tokenizer that cannot be read.
    TOKENIZER = {
        code: "runtime-tokenizer", class: Failed, status: 422,
        en: "the tokenizer cannot be used: {detail}", zh: "无法使用该分词器：{detail}",
        hint_en: "fetch the model again with `ingot pull`", hint_zh: "请用 `ingot pull` 重新获取模型",
    };
    /// A token classifier that cannot be used.
    TAGGER = {
        code: "runtime-tagger", class: Failed, status: 422,
        en: "the token classifier cannot be used: {detail}", zh: "无法使用该词元分类模型：{detail}",
        hint_en: "its folder holds `model.onnx`, `tokenizer.json`, and `config.json` with `id2label`, as exporters write them",
        hint_zh: "其文件夹应含 `model.onnx`、`tokenizer.json` 以及带 `id2label` 的 `config.json`，均由导出工具生成",
    };
    /// A text without a word.
    TEXT_BLANK = {
        code: "runtime-text-blank", class: Usage, status: 422,
        en: "the text is blank", zh: "文本为空",
        hint_en: "", hint_zh: "",
    };
    /// A text that the network cannot read to its end.
    TEXT_LONG = {
        code: "runtime-text-long", class: Usage, status: 422,
        en: "the text has {tokens} tokens, the model reads {limit}", zh: "文本有 {tokens} 个词元，模型最多读取 {limit} 个",
        hint_en: "shorten it, or send its parts one by one", hint_zh: "请缩短文本，或分段发送",
    };
    /// A text beyond all measure.
    TEXT_BYTES_MANY = {
        code: "runtime-text-bytes", class: Usage, status: 422,
        en: "the text has {bytes} bytes; at most {most} are looked at, and the model reads {limit} tokens", zh: "文本有 {bytes} 字节；最多处理 {most} 字节，模型最多读取 {limit} 个词元",
        hint_en: "shorten it, or send its parts one by one", hint_zh: "请缩短文本，或分段发送",
    };
    /// A checkpoint that cannot be read.
    PICKLE_DAMAGED = {
        code: "runtime-pickle-damaged", class: Failed, status: 422,
        en: "the PyTorch checkpoint is damaged or of another format", zh: "PyTorch 检查点已损坏或格式不同",
        hint_en: "fetch it again, or save it as safetensors", hint_zh: "请重新获取，或另存为 safetensors",
    };
    /// A checkpoint that asks for more than tensors.
    PICKLE_REFUSED = {
        code: "runtime-pickle-refused", class: Refused, status: 422,
        en: "the PyTorch checkpoint asks for `{what}`, which is no part of a file of tensors", zh: "PyTorch 检查点要求 `{what}`，这不属于张量文件的内容",
        hint_en: "do not trust this file; get the weights from their publisher, as safetensors if there are such", hint_zh: "请勿信任此文件；请从发布者处获取权重，最好是 safetensors 格式",
    };
    /// The model text is damaged, truncated or not LightGBM's.
    MODEL_TEXT = {
        code: "runtime-model-text", class: Failed, status: 500,
        en: "the LightGBM model text is not valid at line {line}: {what}", zh: "LightGBM 模型文本第 {line} 行无效：{what}",
        hint_en: "train the model again, or restore the file from its package", hint_zh: "请重新训练模型，或从模型包中恢复该文件",
    };
    /// The model is well formed but uses something this evaluator does not offer.
    MODEL_UNSUPPORTED = {
        code: "runtime-model-unsupported", class: Failed, status: 500,
        en: "the LightGBM model uses {what}, which Ingot does not evaluate", zh: "该 LightGBM 模型使用了 {what}，Ingot 不支持对其求值",
        hint_en: "train with one of: binary, multiclass, regression, regression_l1, huber, fair, quantile, mape",
        hint_zh: "请使用以下目标函数之一训练：binary、multiclass、regression、regression_l1、huber、fair、quantile、mape",
    };
    /// The preprocessing document cannot be read.
    PREPROCESSING = {
        code: "runtime-preprocessing", class: Failed, status: 500,
        en: "the model's preprocessing document is not valid: {what}", zh: "模型的预处理文档无效：{what}",
        hint_en: "train the model again, or restore the file from its package", hint_zh: "请重新训练模型，或从模型包中恢复该文件",
    };
    /// Model and preprocessing do not belong together.
    MODEL_MISMATCH = {
        code: "runtime-model-mismatch", class: Failed, status: 500,
        en: "model and preprocessing do not belong together: {what}", zh: "模型与预处理文档不匹配：{what}",
        hint_en: "both must come from the same training run", hint_zh: "两者必须来自同一次训练",
    };
    /// A matrix with a wrong shape.
    SHAPE = {
        code: "runtime-shape", class: Failed, status: 422,
        en: "the input has {found}, the model expects {expected}", zh: "输入为 {found}，而模型需要 {expected}",
        hint_en: "", hint_zh: "",
    };
    /// A request lacks a column.
    FIELD_MISSING = {
        code: "runtime-field-missing", class: Usage, status: 422,
        en: "the column `{field}` is missing", zh: "缺少列 `{field}`",
        hint_en: "send every input column; write null where a value is unknown and the column allows it",
        hint_zh: "请提供所有输入列；若某列允许缺失且取值未知，请填写 null",
    };
    /// A request has a column the model does not know.
    FIELD_UNKNOWN = {
        code: "runtime-field-unknown", class: Usage, status: 422,
        en: "the model has no column `{field}`", zh: "模型没有名为 `{field}` 的列",
        hint_en: "its columns are: {known}", hint_zh: "模型的输入列：{known}",
    };
    /// A value has a wrong type.
    FIELD_TYPE = {
        code: "runtime-field-type", class: Usage, status: 422,
        en: "the column `{field}` must be a JSON {expected}, not {found}", zh: "列 `{field}` 应为 JSON {expected} 类型，而不是 {found}",
        hint_en: "", hint_zh: "",
    };
    /// A number is not finite.
    FIELD_NOT_FINITE = {
        code: "runtime-field-not-finite", class: Usage, status: 422,
        en: "the column `{field}` must be a finite number", zh: "列 `{field}` 必须是有限数值",
        hint_en: "write null where a value is unknown and the column allows it", hint_zh: "若取值未知且该列允许缺失，请填写 null",
    };
    /// A value is no date.
    FIELD_DATE = {
        code: "runtime-field-date", class: Usage, status: 422,
        en: "the column `{field}` must be a date", zh: "列 `{field}` 必须是日期",
        hint_en: "write \"2021-08-19\", or 20210819 as text or number; another whole number counts days since 1970-01-01", hint_zh: "请写 \"2021-08-19\"，或 20210819（文本或数值均可）；其他整数表示自 1970-01-01 起的天数",
    };
    /// A category was not seen in training.
    FIELD_CATEGORY = {
        code: "runtime-field-category", class: Usage, status: 422,
        en: "the column `{field}` has a value the model does not know", zh: "列 `{field}` 的取值不在模型已知的类别之内",
        hint_en: "known values: {known}", hint_zh: "已知取值：{known}",
    };
    /// A null where training data had none.
    FIELD_NULL = {
        code: "runtime-field-null", class: Usage, status: 422,
        en: "the column `{field}` must not be null", zh: "列 `{field}` 不能为空",
        hint_en: "training data had a value in every row of this column", hint_zh: "训练数据中该列没有缺失值",
    };
    /// The LightGBM library refused.
    LIGHTGBM = {
        code: "runtime-lightgbm", class: Failed, status: 500,
        en: "LightGBM failed while {doing}", zh: "LightGBM 出错（步骤：{doing}）",
        hint_en: "the cause below is LightGBM's own; check `train.params` in the recipe",
        hint_zh: "下方原因来自 LightGBM；请检查配方中的 `train.params`",
    };
}
