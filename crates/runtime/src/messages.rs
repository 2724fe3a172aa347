//! The code table of this room.

ingot_base::messages! {
    /// A network that cannot be understood.
    ONNX_INVALID = {
        code: "runtime-onnx-invalid", class: Failed, status: 422,
        en: "the ONNX graph is refused: {detail}", zh: "拒绝该 ONNX 计算图：{detail}",
        hint_en: "export it again, as one file without external data", hint_zh: "请重新导出为单个文件，不要使用外部数据",
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
