//! The code table of this room.

ingot_base::messages! {
    /// No key was presented.
    KEY_MISSING = {
        code: "serve-key-missing", class: Refused, status: 401,
        en: "this request needs an API key", zh: "此请求需要 API 密钥",
        hint_en: "send `Authorization: Bearer ik_…` or `X-API-Key: ik_…`; `ingot key create` makes a key",
        hint_zh: "请发送 `Authorization: Bearer ik_…` 或 `X-API-Key: ik_…`；可用 `ingot key create` 创建密钥",
    };
    /// The key may not do this.
    SCOPE_MISSING = {
        code: "serve-scope-missing", class: Refused, status: 403,
        en: "the API key lacks the scope `{scope}`", zh: "该 API 密钥没有 `{scope}` 权限",
        hint_en: "ask for a key with this scope", hint_zh: "请申请具有该权限的密钥",
    };
    /// No such route.
    ROUTE_UNKNOWN = {
        code: "serve-route-unknown", class: Usage, status: 404,
        en: "there is nothing at this path", zh: "该路径不存在",
        hint_en: "`/openapi.json` lists all paths", hint_zh: "`/openapi.json` 列出了所有路径",
    };
    /// No such model.
    MODEL_UNKNOWN = {
        code: "serve-model-unknown", class: Usage, status: 404,
        en: "this server has no such model or version", zh: "此服务器没有该模型或版本",
        hint_en: "served are: {known}", hint_zh: "当前提供：{known}",
    };
    /// Several models, and the request names none.
    MODEL_UNNAMED = {
        code: "serve-model-unnamed", class: Usage, status: 422,
        en: "this server has several models and the request names none", zh: "此服务器提供多个模型，而请求未指明其一",
        hint_en: "name one of: {known}; with `?model=`, or in the body's member `model` beside `inputs`",
        hint_zh: "请指定其一：{known}；使用 `?model=`，或在请求体中与 `inputs` 并列的 `model` 成员里写明",
    };
    /// Query and body name different models.
    MODEL_TWO = {
        code: "serve-model-two", class: Usage, status: 422,
        en: "the query and the body name different models", zh: "查询参数与请求体指定了不同的模型",
        hint_en: "name the model in one place", hint_zh: "请只在一处指定模型",
    };
    /// A model that does not generate text.
    MODEL_NO_TEXT = {
        code: "serve-model-no-text", class: Usage, status: 400,
        en: "this model does not generate text", zh: "该模型不能生成文本",
        hint_en: "ask it at `/api/predict`; `/v1/models` lists the models that generate", hint_zh: "请使用 `/api/predict`；`/v1/models` 列出了可生成文本的模型",
    };
    /// A model that only generates text.
    MODEL_ONLY_TEXT = {
        code: "serve-model-only-text", class: Usage, status: 422,
        en: "this model generates text and has no rows to predict", zh: "该模型用于生成文本，没有可预测的数据行",
        hint_en: "ask it at `/v1/chat/completions`", hint_zh: "请使用 `/v1/chat/completions`",
    };
    /// A prompt of which nothing can be left out.
    EXPLAIN_PROMPT = {
        code: "serve-explain-prompt", class: Usage, status: 422,
        en: "the prompt has no words that could be left out", zh: "提示词中没有可以去掉的词",
        hint_en: "an explanation leaves out each word in turn; send a prompt of several words", hint_zh: "解释的方法是依次去掉每个词；请发送包含多个词的提示词",
    };
    /// No answer to explain.
    EXPLAIN_ANSWER = {
        code: "serve-explain-answer", class: Usage, status: 422,
        en: "there is no answer to explain: it has no token", zh: "没有可解释的回答：其中没有任何词元",
        hint_en: "give an `answer`, or another prompt: the model ends its answer to this one at once", hint_zh: "请给出 `answer`，或换一个提示词：模型对该提示词立即结束了回答",
    };
    /// An answer that is too long to be explained.
    EXPLAIN_LONG = {
        code: "serve-explain-long", class: Usage, status: 422,
        en: "the answer has {tokens} tokens; one that is explained may have {limit}", zh: "回答有 {tokens} 个词元，可解释的回答最多 {limit} 个",
        hint_en: "send a shorter `answer`", hint_zh: "请发送更短的 `answer`",
    };
    /// Texts that take too long to be explained.
    EXPLAIN_TIME = {
        code: "serve-explain-time", class: Usage, status: 422,
        en: "explaining these texts would take about {seconds} s, and a request has {limit} s", zh: "解释这些文本约需 {seconds} 秒，而每个请求的时限为 {limit} 秒",
        hint_en: "send fewer texts at once, or shorter ones: each is evaluated some hundred times", hint_zh: "请减少一次提交的文本数量或缩短文本：每条文本需计算数百次",
    };
    /// A body of OpenAI's interface that is no JSON object.
    OPENAI_BODY = {
        code: "serve-openai-body", class: Usage, status: 400,
        en: "the body is no valid JSON object (line {line}, column {column})", zh: "请求体不是有效的 JSON 对象（第 {line} 行第 {column} 列）",
        hint_en: "", hint_zh: "",
    };
    /// A member of such a body that is not as it should be.
    OPENAI_FIELD = {
        code: "serve-openai-field", class: Usage, status: 400,
        en: "the member `{field}` must be: {expected}", zh: "成员 `{field}` 的取值应为：{expected}",
        hint_en: "", hint_zh: "",
    };
    /// A prompt that cannot fit.
    OPENAI_LONG = {
        code: "serve-openai-long", class: Usage, status: 400,
        en: "the prompt is far too long for a context of {limit} tokens", zh: "提示词过长，远超 {limit} 个词元的上下文",
        hint_en: "shorten the conversation, or serve with a longer `--context`", hint_zh: "请缩短对话，或以更大的 `--context` 启动服务",
    };
    /// Personal data in a prompt, and a policy against it.
    SHIELD_PROMPT = {
        code: "serve-shield-prompt", class: Refused, status: 400,
        en: "the prompt holds personal data, which this server does not take: {kinds}", zh: "提示词中含有个人信息，此服务器不予接收：{kinds}",
        hint_en: "take it out, or replace it by placeholders", hint_zh: "请将其删除，或以占位符代替",
    };
    /// A prompt that tries to override the model's instructions.
    SHIELD_INJECTION = {
        code: "serve-shield-injection", class: Refused, status: 400,
        en: "the prompt looks like an attempt to override the model's instructions", zh: "该提示词疑似试图改写模型的指令",
        hint_en: "ask in other words", hint_zh: "请换一种说法提问",
    };
    /// Instead of an answer with personal data.
    SHIELD_ANSWER = {
        code: "serve-shield-answer", class: Refused, status: 400,
        en: "The rest of the answer was withheld because it holds personal data.", zh: "回答的其余部分含有个人信息，已被拦截。",
        hint_en: "", hint_zh: "",
    };
    /// A key that used its tokens.
    TOKEN_RATE = {
        code: "serve-token-rate", class: Refused, status: 429,
        en: "this key may use {limit} tokens a minute and has used more", zh: "该密钥每分钟最多使用 {limit} 个词元，现已超出",
        hint_en: "wait as long as `Retry-After` says", hint_zh: "请按 `Retry-After` 指示等待",
    };
    /// A key whose requests under way may use what it has left.
    TOKEN_HELD = {
        code: "serve-token-held", class: Refused, status: 429,
        en: "requests of this key that are under way may take all that is left of its {limit} tokens a minute", zh: "该密钥每分钟最多使用 {limit} 个词元，仍在处理中的请求可能用完余下的额度",
        hint_en: "wait until they have ended, and bound answers with `max_tokens`: what a request may take is kept free for it", hint_zh: "请等待这些请求结束，并用 `max_tokens` 限制回答长度：系统按请求可能用到的上限预留额度",
    };
    /// A query parameter that the path does not have.
    QUERY_UNKNOWN = {
        code: "serve-query-unknown", class: Usage, status: 400,
        en: "this path takes no query parameter `{field}`", zh: "该路径没有查询参数 `{field}`",
        hint_en: "query parameters are: {known}", hint_zh: "可用的查询参数：{known}",
    };
    /// A query parameter that stands twice.
    QUERY_TWICE = {
        code: "serve-query-twice", class: Usage, status: 400,
        en: "the query parameter `{field}` stands twice", zh: "查询参数 `{field}` 重复出现",
        hint_en: "", hint_zh: "",
    };
    /// A query that cannot be read.
    QUERY = {
        code: "serve-query", class: Usage, status: 400,
        en: "the query cannot be read", zh: "无法解析查询参数",
        hint_en: "write it as `?model=NAME`, percent-encoded", hint_zh: "请写成 `?model=名称`，并做百分号编码",
    };
    /// The path exists, the method does not.
    METHOD = {
        code: "serve-method", class: Usage, status: 405,
        en: "this path does not take this method", zh: "该路径不支持此请求方法",
        hint_en: "the header `Allow` names the methods", hint_zh: "响应头 `Allow` 列出了可用的方法",
    };
    /// The client accepts nothing that can be answered.
    NOT_ACCEPTABLE = {
        code: "serve-not-acceptable", class: Usage, status: 406,
        en: "this path answers with `{offered}`, which the request does not accept", zh: "该路径返回 `{offered}`，而请求不接受这种格式",
        hint_en: "change the header `Accept`", hint_zh: "请修改请求头 `Accept`",
    };
    /// The body came too slowly.
    BODY_SLOW = {
        code: "serve-body-slow", class: Failed, status: 408,
        en: "the body did not arrive within {seconds} s", zh: "请求体未能在 {seconds} 秒内到达",
        hint_en: "send it again, in one piece", hint_zh: "请一次性重新发送",
    };
    /// The body broke off.
    BODY_BROKEN = {
        code: "serve-body-broken", class: Failed, status: 400,
        en: "the body broke off before its end", zh: "请求体在结束前中断",
        hint_en: "send it again", hint_zh: "请重新发送",
    };
    /// The body is too large.
    BODY_LARGE = {
        code: "serve-body-large", class: Usage, status: 413,
        en: "the body is larger than {limit} bytes", zh: "请求体超过 {limit} 字节",
        hint_en: "send the rows in several requests", hint_zh: "请将数据行拆分为多个请求发送",
    };
    /// The body is too large, and a picture or several.
    PICTURE_LARGE = {
        code: "serve-picture-large", class: Usage, status: 413,
        en: "the body is larger than {limit} bytes", zh: "请求体超过 {limit} 字节",
        hint_en: "send the picture smaller, and several in several requests: models look at some hundred pixels a side", hint_zh: "请缩小图片后再发送，多张图片请分多次请求；模型只看边长几百像素的图片",
    };
    /// The body is of another type than a model of pictures takes.
    MEDIA_PICTURE = {
        code: "serve-media-picture", class: Usage, status: 415,
        en: "the body must be a picture (`image/jpeg`, `image/png`, `image/webp`), `multipart/form-data` with pictures, or `application/json` with pictures in base64; without content encoding", zh: "请求体必须是图片（`image/jpeg`、`image/png`、`image/webp`）、含图片的 `multipart/form-data`，或含 base64 图片的 `application/json`，且未经压缩编码",
        hint_en: "set `Content-Type` to what the body is, for example `image/jpeg`", hint_zh: "请将 `Content-Type` 设为请求体的实际类型，例如 `image/jpeg`",
    };
    /// The body is of another type.
    MEDIA_TYPE = {
        code: "serve-media-type", class: Usage, status: 415,
        en: "the body must be `application/json` in UTF-8, without content encoding", zh: "请求体必须是 UTF-8 编码、未压缩的 `application/json`",
        hint_en: "set `Content-Type: application/json`", hint_zh: "请设置 `Content-Type: application/json`",
    };
    /// A form that cannot be read.
    FORM_BROKEN = {
        code: "serve-form-broken", class: Usage, status: 400,
        en: "the form cannot be read: its parts or their headers are damaged or cut off", zh: "无法读取表单：各部分或其头部已损坏或不完整",
        hint_en: "send it with a client that writes multipart/form-data, such as curl -F", hint_zh: "请使用支持 multipart/form-data 的客户端，例如 curl -F",
    };
    /// Text that is no base64.
    PICTURE_BASE64 = {
        code: "serve-picture-base64", class: Usage, status: 422,
        en: "`{field}` is no picture file in base64", zh: "`{field}` 不是 base64 编码的图片文件",
        hint_en: "encode the file's bytes, or send the file itself with its own Content-Type", hint_zh: "请对文件字节做 base64 编码，或直接发送文件并设置其 Content-Type",
    };
    /// A body without bytes.
    PICTURE_EMPTY = {
        code: "serve-picture-empty", class: Usage, status: 422,
        en: "the body is empty: it should be the bytes of a picture", zh: "请求体为空：应为图片文件的字节",
        hint_en: "send the file itself, as with `curl --data-binary @file`", hint_zh: "请直接发送文件，例如 `curl --data-binary @文件`",
    };
    /// More pictures than one request may have.
    PICTURES_MANY = {
        code: "serve-pictures-many", class: Usage, status: 422,
        en: "the request has more than {limit} pictures", zh: "请求中的图片超过 {limit} 张",
        hint_en: "send them in several requests", hint_zh: "请分多次请求发送",
    };
    /// A picture through a protocol for tensors.
    PICTURE_TENSOR = {
        code: "serve-picture-tensor", class: Usage, status: 422,
        en: "models of pictures and texts are asked at /api/predict", zh: "图片与文本模型请使用 /api/predict",
        hint_en: "send JSON there; of pictures also the file itself, or a form", hint_zh: "可在该处发送 JSON；图片也可发送文件本身或表单",
    };
    /// A model that gives no embeddings.
    EMBEDDINGS_NONE = {
        code: "serve-embeddings-none", class: Usage, status: 422,
        en: "the model `{model}` gives no embeddings", zh: "模型 `{model}` 不提供嵌入向量",
        hint_en: "models of texts do; GET /openapi.json names them", hint_zh: "文本模型提供；GET /openapi.json 列出了这些模型",
    };
    /// The body is not JSON.
    JSON = {
        code: "serve-json", class: Usage, status: 400,
        en: "the body is not valid JSON at line {line}, column {column}", zh: "请求体在第 {line} 行第 {column} 列不是有效的 JSON",
        hint_en: "RFC 8259 describes JSON", hint_zh: "JSON 格式参见 RFC 8259",
    };
    /// Too many brackets.
    DEPTH = {
        code: "serve-json-depth", class: Usage, status: 400,
        en: "the body nests deeper than {limit} levels", zh: "请求体嵌套超过 {limit} 层",
        hint_en: "rows are flat objects: no value is a list or an object", hint_zh: "数据行是扁平对象：其中的值不能是列表或对象",
    };
    /// JSON of another shape.
    SHAPE = {
        code: "serve-shape", class: Usage, status: 422,
        en: "the body must be an object, a list of objects, or an object with `inputs`", zh: "请求体必须是对象、对象列表，或包含 `inputs` 的对象",
        hint_en: "`/docs` shows an example", hint_zh: "示例见 `/docs`",
    };
    /// Fields are wrong; each is named.
    INPUT = {
        code: "serve-input", class: Usage, status: 422,
        en: "fields that are not valid: {count}", zh: "无效的字段数：{count}",
        hint_en: "`errors` names each of them", hint_zh: "`errors` 逐一列出了这些字段",
    };
    /// A row that is no object.
    ROW_TYPE = {
        code: "serve-row-type", class: Usage, status: 422,
        en: "a row must be an object", zh: "每一行必须是对象",
        hint_en: "", hint_zh: "",
    };
    /// The same column twice in a row.
    FIELD_TWICE = {
        code: "serve-field-twice", class: Usage, status: 422,
        en: "the column `{field}` stands twice", zh: "列 `{field}` 重复出现",
        hint_en: "", hint_zh: "",
    };
    /// A number far outside what training saw; a warning beside the answer.
    FIELD_OUTSIDE = {
        code: "serve-field-outside", class: Failed, status: 200,
        en: "`{field}` is far outside what the model learned from: {low} to {high}", zh: "`{field}` 远超出模型训练时见过的范围：{low} 至 {high}",
        hint_en: "check the value; the answer is a guess there", hint_zh: "请核对该值；此处的结果只是推测",
    };
    /// A number with a fraction where training saw whole numbers alone; a warning.
    FIELD_FRACTION = {
        code: "serve-field-fraction", class: Failed, status: 200,
        en: "`{field}` has a fraction; the model learned from whole numbers alone", zh: "`{field}` 含有小数；模型训练时只见过整数",
        hint_en: "check the value; the answer is a guess there", hint_zh: "请核对该值；此处的结果只是推测",
    };
    /// A member the envelope does not have.
    MEMBER_UNKNOWN = {
        code: "serve-member-unknown", class: Usage, status: 422,
        en: "there is no member `{field}` here", zh: "此处没有名为 `{field}` 的成员",
        hint_en: "members are: {known}", hint_zh: "可用成员：{known}",
    };
    /// A member of a wrong type.
    MEMBER_TYPE = {
        code: "serve-member-type", class: Usage, status: 422,
        en: "the member `{field}` must be of type {expected}", zh: "成员 `{field}` 的类型必须是 {expected}",
        hint_en: "", hint_zh: "",
    };
    /// No rows.
    ROWS_NONE = {
        code: "serve-rows-none", class: Usage, status: 422,
        en: "there is no row", zh: "没有任何数据行",
        hint_en: "send at least one", hint_zh: "请至少发送一行",
    };
    /// Too many rows.
    ROWS_MANY = {
        code: "serve-rows-many", class: Usage, status: 422,
        en: "there are more than {limit} rows", zh: "数据行超过 {limit} 行",
        hint_en: "send the rows in several requests", hint_zh: "请拆分为多个请求发送",
    };
    /// Not a request of the Open Inference Protocol.
    INFERENCE_SHAPE = {
        code: "serve-inference-shape", class: Usage, status: 422,
        en: "the body is not an inference request at line {line}, column {column}", zh: "请求体在第 {line} 行第 {column} 列不符合推理请求的格式",
        hint_en: "`inputs` is a list of tensors with `name`, `shape`, `datatype` and `data`", hint_zh: "`inputs` 是张量列表，每个张量包含 `name`、`shape`、`datatype` 和 `data`",
    };
    /// A tensor of a wrong type.
    TENSOR_TYPE = {
        code: "serve-tensor-type", class: Usage, status: 422,
        en: "the tensor `{field}` cannot have this datatype", zh: "张量 `{field}` 不能使用该数据类型",
        hint_en: "it takes: {known}", hint_zh: "可用类型：{known}",
    };
    /// A tensor whose shape is none, or whose data do not fill it.
    TENSOR_SHAPE = {
        code: "serve-tensor-shape", class: Usage, status: 422,
        en: "the tensor `{field}` must have the shape [rows] or [rows, 1] with as many values as rows, the same for all tensors",
        zh: "张量 `{field}` 的形状必须是 [行数] 或 [行数, 1]，值的个数等于行数，且所有张量一致",
        hint_en: "", hint_zh: "",
    };
    /// A number outside what the datatype holds.
    TENSOR_RANGE = {
        code: "serve-tensor-range", class: Usage, status: 422,
        en: "the tensor `{field}` has a value that its datatype does not hold", zh: "张量 `{field}` 含有超出其数据类型范围的值",
        hint_en: "", hint_zh: "",
    };
    /// A wanted output that does not exist.
    TENSOR_OUTPUT = {
        code: "serve-tensor-output", class: Usage, status: 422,
        en: "the model has no output `{field}`", zh: "模型没有名为 `{field}` 的输出",
        hint_en: "its outputs are: {known}", hint_zh: "模型的输出：{known}",
    };
    /// Too many requests of one key.
    RATE = {
        code: "serve-rate", class: Refused, status: 429,
        en: "too many requests with this API key: at most {limit} in {seconds} s", zh: "该 API 密钥的请求过多：{seconds} 秒内最多 {limit} 个",
        hint_en: "wait as long as `Retry-After` says", hint_zh: "请按 `Retry-After` 指示的时间等待",
    };
    /// A panic was caught.
    PANIC = {
        code: "serve-panic", class: Failed, status: 500,
        en: "the server met a state it should not", zh: "服务器遇到了不应出现的状态",
        hint_en: "please report it with the request id", hint_zh: "请将请求编号反馈给我们",
    };
    /// The model failed on valid input.
    ENGINE = {
        code: "serve-engine", class: Failed, status: 500,
        en: "the model could not answer", zh: "模型未能给出结果",
        hint_en: "please report it with the request id", hint_zh: "请将请求编号反馈给我们",
    };
    /// The queue is full.
    QUEUE_FULL = {
        code: "serve-queue-full", class: Failed, status: 503,
        en: "the server is busy", zh: "服务器繁忙",
        hint_en: "wait as long as `Retry-After` says", hint_zh: "请按 `Retry-After` 指示的时间等待",
    };
    /// Nobody waits for an answer: it is told to nobody.
    GONE = {
        code: "serve-gone", class: Failed, status: 503,
        en: "the request was given up before it was answered", zh: "请求在得到答复之前已被放弃",
        hint_en: "send it again, with fewer rows", hint_zh: "请减少行数后重新发送",
    };
    /// Texts to embed with more tokens than one request may cost.
    EMBEDDINGS_LONG = {
        code: "serve-embeddings-long", class: Usage, status: 422,
        en: "the texts have {tokens} tokens; one request may have {limit}", zh: "这些文本共有 {tokens} 个词元，单个请求最多 {limit} 个",
        hint_en: "send the texts in several requests", hint_zh: "请拆分为多个请求发送",
    };
    /// Fewer or more numbers than the model's vectors have.
    EMBEDDINGS_DIMENSIONS = {
        code: "serve-embeddings-dimensions", class: Usage, status: 422,
        en: "the model's vectors have {dimensions} dimensions, and `dimensions` cannot change that", zh: "该模型的向量为 {dimensions} 维，不支持用 `dimensions` 改变维数",
        hint_en: "leave `dimensions` out, or send {dimensions}", hint_zh: "请省略 `dimensions`，或填 {dimensions}",
    };
    /// The server is ending.
    DRAINING = {
        code: "serve-draining", class: Failed, status: 503,
        en: "the server is ending", zh: "服务器正在停止",
        hint_en: "send the request to another one", hint_zh: "请将请求发送到其他服务器",
    };
    /// Every model left service.
    MODEL_NONE = {
        code: "serve-model-none", class: Failed, status: 503,
        en: "no model is in service now", zh: "当前没有可用的模型",
        hint_en: "the server's log says which package it refused and why", hint_zh: "请查看服务器日志，其中记录了被拒绝的模型包及原因",
    };
    /// Took too long.
    DEADLINE = {
        code: "serve-deadline", class: Failed, status: 504,
        en: "the answer was not ready within {seconds} s", zh: "未能在 {seconds} 秒内给出结果",
        hint_en: "send fewer rows, or try again later", hint_zh: "请减少行数，或稍后重试",
    };
    /// An address that others reach, without TLS.
    LISTEN_INSECURE = {
        code: "serve-listen-insecure", class: Usage, status: 500,
        en: "{address} is reachable from other machines and would carry keys and data in the clear", zh: "{address} 可从其他机器访问，密钥和数据将以明文传输",
        hint_en: "give a certificate (`--tls-cert`, `--tls-key`), or say `--allow-insecure` behind a proxy that adds TLS",
        hint_zh: "请提供证书（`--tls-cert`、`--tls-key`）；若前置代理负责 TLS，可使用 `--allow-insecure`",
    };
    /// An address that others reach, without keys.
    LISTEN_UNGOVERNED = {
        code: "serve-listen-ungoverned", class: Usage, status: 500,
        en: "{address} is reachable from other machines and would answer without API keys", zh: "{address} 可从其他机器访问，且无需 API 密钥即可应答",
        hint_en: "listen on loopback, or leave `--ungoverned` out", hint_zh: "请监听回环地址，或去掉 `--ungoverned`",
    };
    /// The address cannot be bound.
    LISTEN = {
        code: "serve-listen", class: Failed, status: 500,
        en: "cannot listen on {address}", zh: "无法监听 {address}",
        hint_en: "choose another address with `--listen`", hint_zh: "请用 `--listen` 指定其他地址",
    };
    /// Certificate or key are not usable.
    TLS = {
        code: "serve-tls", class: Usage, status: 500,
        en: "the TLS certificate `{cert}` and key `{key}` cannot be used", zh: "无法使用 TLS 证书 `{cert}` 和私钥 `{key}`",
        hint_en: "both must be PEM files that belong together", hint_zh: "两者必须是相互匹配的 PEM 文件",
    };
    /// Nothing to serve.
    PACKAGES_NONE = {
        code: "serve-packages-none", class: Usage, status: 500,
        en: "there is no package to serve at {paths}", zh: "在 {paths} 没有可提供服务的模型包",
        hint_en: "name a .ingot file, or a folder that holds some", hint_zh: "请指定 .ingot 文件或包含此类文件的文件夹",
    };
    /// Two packages of one name.
    PACKAGE_TWICE = {
        code: "serve-package-twice", class: Usage, status: 500,
        en: "two packages are called `{name}`", zh: "有两个名为 `{name}` 的模型包",
        hint_en: "name each model once", hint_zh: "每个模型只能指定一次",
    };
    /// A file that is not what its name says, or another model than the one served here.
    PACKAGE_OTHER = {
        code: "serve-package-other", class: Refused, status: 500,
        en: "a running server expected {expected} there, but the package is {name} {version}", zh: "运行中的服务器期望此处为 {expected}，但模型包实际是 {name} {version}",
        hint_en: "name the file NAME-VERSION.ingot as the package itself says, or restart the server with it", hint_zh: "请按模型包自身的信息将文件命名为 NAME-VERSION.ingot，或用它重新启动服务器",
    };
    /// A file of an older version.
    PACKAGE_OLDER = {
        code: "serve-package-older", class: Refused, status: 500,
        en: "{name} {version} is older than {served}, which this server has served", zh: "{name} {version} 比此服务器已提供的 {served} 更旧",
        hint_en: "to go back, restart the server with the older package", hint_zh: "如需回退，请用旧的模型包重新启动服务器",
    };
    /// A signal handler cannot be set up.
    SIGNALS = {
        code: "serve-signals", class: Failed, status: 500,
        en: "signals cannot be received", zh: "无法接收信号",
        hint_en: "", hint_zh: "",
    };
}
