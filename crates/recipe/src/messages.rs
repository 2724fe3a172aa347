//! Every fault a recipe can have, in both languages.

ingot_base::messages! {
    // TOML itself.
    /// TOML that cannot be read, in the words of the TOML parser.
    SYNTAX = {
        code: "recipe-syntax", class: Usage, status: 422,
        en: "this is not valid TOML: {detail}", zh: "不是合法的 TOML：{detail}",
        hint_en: "a setting is `key = value` on a line of its own, a table begins with `[name]`",
        hint_zh: "每项设置写成一行 `键 = 值`，表以 `[名称]` 开头",
    };
    /// Text without quotes.
    SYNTAX_UNQUOTED = {
        code: "recipe-syntax-unquoted", class: Usage, status: 422,
        en: "text must stand in quotes", zh: "文本必须加引号",
        hint_en: "write `\"...\"`", hint_zh: "请写成 `\"...\"`",
    };
    /// Quotes of prose around a text.
    SYNTAX_QUOTES = {
        code: "recipe-syntax-quotes", class: Usage, status: 422,
        en: "this text stands in typographic quotes", zh: "此文本用了中文（弯）引号",
        hint_en: "write straight ones: `\"...\"`", hint_zh: "请改用英文直引号：`\"...\"`",
    };
    /// A string with a missing quote or a forbidden character.
    SYNTAX_STRING = {
        code: "recipe-syntax-string", class: Usage, status: 422,
        en: "this text is not closed, or holds a character that it may not hold",
        zh: "此文本缺少结束引号，或含有不允许的字符",
        hint_en: "close it with the quote it began with", hint_zh: "请用与开头相同的引号结束",
    };
    /// A wrong backslash sequence.
    SYNTAX_ESCAPE = {
        code: "recipe-syntax-escape", class: Usage, status: 422,
        en: "this backslash sequence does not exist", zh: "不存在这种反斜杠转义",
        hint_en: "write `\\\\` for a backslash, or put the text in single quotes", hint_zh: "反斜杠请写成 `\\\\`，或改用单引号",
    };
    /// A number that TOML does not know.
    SYNTAX_NUMBER = {
        code: "recipe-syntax-number", class: Usage, status: 422,
        en: "this is not a number as TOML writes them", zh: "不是 TOML 写法的数字",
        hint_en: "write `42`, `0.2` or `1_000`", hint_zh: "请写成 `42`、`0.2` 或 `1_000`",
    };
    /// A bracket that is not closed.
    SYNTAX_UNCLOSED = {
        code: "recipe-syntax-unclosed", class: Usage, status: 422,
        en: "this is not closed: `{bracket}` is missing", zh: "此处没有结束：缺少 `{bracket}`",
        hint_en: "write `{bracket}` after the last item", hint_zh: "请在最后一项之后写上 `{bracket}`",
    };
    /// Two items without a comma between.
    SYNTAX_COMMA = {
        code: "recipe-syntax-comma", class: Usage, status: 422,
        en: "a comma is missing before this", zh: "此处之前缺少逗号",
        hint_en: "", hint_zh: "",
    };
    /// A comma, equals sign or other mark too many.
    SYNTAX_EXTRA = {
        code: "recipe-syntax-extra", class: Usage, status: 422,
        en: "this does not belong here", zh: "此处多余",
        hint_en: "remove it", hint_zh: "请删去",
    };
    /// A key without a value, or a line that is no setting.
    SYNTAX_VALUE = {
        code: "recipe-syntax-value", class: Usage, status: 422,
        en: "a setting needs a key, `=` and a value", zh: "一项设置需要键、`=` 和值",
        hint_en: "write `key = value`", hint_zh: "请写成 `键 = 值`",
    };
    /// Deeper than anyone needs.
    SYNTAX_DEPTH = {
        code: "recipe-syntax-depth", class: Usage, status: 422,
        en: "tables and lists are nested too deeply", zh: "表和列表嵌套过深",
        hint_en: "", hint_zh: "",
    };
    /// A key written twice.
    DUPLICATE_KEY = {
        code: "recipe-duplicate-key", class: Usage, status: 422,
        en: "`{key}` is already set", zh: "`{key}` 重复设置",
        hint_en: "keep one of the two", hint_zh: "请只保留一处",
    };

    // Keys.
    /// A key that does not exist; a similar one does.
    UNKNOWN_KEY_NEAR = {
        code: "recipe-unknown-key-near", class: Usage, status: 422,
        en: "unknown key `{key}` in {table}", zh: "{table} 中没有键 `{key}`",
        hint_en: "did you mean `{near}`?", hint_zh: "是否要写 `{near}`？",
    };
    /// A key that does not exist here but elsewhere.
    UNKNOWN_KEY_ELSEWHERE = {
        code: "recipe-misplaced-key", class: Usage, status: 422,
        en: "unknown key `{key}` in {table}", zh: "{table} 中没有键 `{key}`",
        hint_en: "`{key}` belongs in {home}", hint_zh: "`{key}` 应写在 {home} 中",
    };
    /// A key that exists nowhere.
    UNKNOWN_KEY = {
        code: "recipe-unknown-key", class: Usage, status: 422,
        en: "unknown key `{key}` in {table}", zh: "{table} 中没有键 `{key}`",
        hint_en: "its keys are: {known}", hint_zh: "可用的键：{known}",
    };
    /// Part of the design, not of this version.
    NOT_YET = {
        code: "recipe-not-yet", class: Usage, status: 422,
        en: "this version of Ingot does not have `{key}` yet", zh: "此版本的 Ingot 尚不支持 `{key}`",
        hint_en: "leave it out", hint_zh: "请先去掉",
    };
    /// A setting without which nothing works.
    MISSING_KEY = {
        code: "recipe-missing-key", class: Usage, status: 422,
        en: "{table} needs `{key}`", zh: "{table} 缺少 `{key}`",
        hint_en: "for example: {example}", hint_zh: "例如：{example}",
    };

    // Types.
    /// Not text.
    NOT_TEXT = {
        code: "recipe-not-text", class: Usage, status: 422,
        en: "`{key}` must be text in quotes", zh: "`{key}` 必须是加引号的文本",
        hint_en: "for example: {example}", hint_zh: "例如：{example}",
    };
    /// Not a whole number.
    NOT_INTEGER = {
        code: "recipe-not-integer", class: Usage, status: 422,
        en: "`{key}` must be a whole number", zh: "`{key}` 必须是整数",
        hint_en: "for example: {example}", hint_zh: "例如：{example}",
    };
    /// Not a number.
    NOT_NUMBER = {
        code: "recipe-not-number", class: Usage, status: 422,
        en: "`{key}` must be a number", zh: "`{key}` 必须是数字",
        hint_en: "for example: {example}", hint_zh: "例如：{example}",
    };
    /// Not true or false.
    NOT_BOOLEAN = {
        code: "recipe-not-boolean", class: Usage, status: 422,
        en: "`{key}` must be `true` or `false`, without quotes", zh: "`{key}` 必须是 `true` 或 `false`（不加引号）",
        hint_en: "for example: {example}", hint_zh: "例如：{example}",
    };
    /// A rule that can only be switched on.
    NOT_TRUE = {
        code: "recipe-not-true", class: Usage, status: 422,
        en: "`{key}` can only be `true`", zh: "`{key}` 只能为 `true`",
        hint_en: "leave the rule out where it does not hold", hint_zh: "不需要此规则时请将其删去",
    };
    /// Not text, number, true or false.
    NOT_SCALAR = {
        code: "recipe-not-scalar", class: Usage, status: 422,
        en: "`{key}` must be one value: text, a number, `true` or `false`", zh: "`{key}` 必须是单个值：文本、数字、`true` 或 `false`",
        hint_en: "for example: {example}", hint_zh: "例如：{example}",
    };
    /// Not a list.
    NOT_LIST = {
        code: "recipe-not-list", class: Usage, status: 422,
        en: "`{key}` must be a list in `[` `]`", zh: "`{key}` 必须是 `[` `]` 中的列表",
        hint_en: "for example: {example}", hint_zh: "例如：{example}",
    };
    /// Not a table.
    NOT_TABLE = {
        code: "recipe-not-table", class: Usage, status: 422,
        en: "`{key}` must be a table", zh: "`{key}` 必须是表",
        hint_en: "for example: {example}", hint_zh: "例如：{example}",
    };
    /// `[source]` instead of `[[source]]`.
    NOT_TABLES = {
        code: "recipe-not-tables", class: Usage, status: 422,
        en: "there may be several of `{key}`, so each is written `[[{key}]]`", zh: "`{key}` 可以有多个，因此每个写成 `[[{key}]]`",
        hint_en: "double the brackets: `[[{key}]]`", hint_zh: "请写双层方括号：`[[{key}]]`",
    };
    /// Not a date.
    NOT_DATE = {
        code: "recipe-not-date", class: Usage, status: 422,
        en: "`{key}` must be a date of the calendar, `YYYY-MM-DD`", zh: "`{key}` 必须是有效日期，格式 `YYYY-MM-DD`",
        hint_en: "for example: {example}", hint_zh: "例如：{example}",
    };
    /// None of the forms `to` takes.
    NOT_GENERALIZATION = {
        code: "recipe-not-generalization", class: Usage, status: 422,
        en: "`{key}` must say how coarse the value becomes", zh: "`{key}` 必须说明泛化的粒度",
        hint_en: "one of: {known}", hint_zh: "可用：{known}",
    };
    /// Neither a published network nor a table with a file.
    NOT_BACKBONE = {
        code: "recipe-not-backbone", class: Usage, status: 422,
        en: "`{key}` must be a network's name or a table with a file", zh: "`{key}` 必须是网络名称，或含文件的表",
        hint_en: "for example: {example}, or backbone = { file = \"models/resnet18.onnx\", features = \"flatten\" }", hint_zh: "例如：{example}，或 backbone = { file = \"models/resnet18.onnx\", features = \"flatten\" }",
    };

    // Values.
    /// Out of range.
    OUT_OF_RANGE = {
        code: "recipe-out-of-range", class: Usage, status: 422,
        en: "`{key}` is out of range: {range}", zh: "`{key}` 超出范围：{range}",
        hint_en: "for example: {example}", hint_zh: "例如：{example}",
    };
    /// A word close to one that is known.
    CHOICE_NEAR = {
        code: "recipe-choice-near", class: Usage, status: 422,
        en: "`{found}` is not a value of `{key}`", zh: "`{key}` 没有取值 `{found}`",
        hint_en: "did you mean \"{near}\"? It can be: {known}", hint_zh: "是否要写 \"{near}\"？可取：{known}",
    };
    /// A word that is not known.
    CHOICE = {
        code: "recipe-choice", class: Usage, status: 422,
        en: "`{found}` is not a value of `{key}`", zh: "`{key}` 没有取值 `{found}`",
        hint_en: "it can be: {known}", hint_zh: "可取：{known}",
    };
    /// Nothing between the quotes.
    EMPTY = {
        code: "recipe-empty", class: Usage, status: 422,
        en: "`{key}` must not be empty", zh: "`{key}` 不能为空",
        hint_en: "for example: {example}", hint_zh: "例如：{example}",
    };
    /// A list with too few items.
    EMPTY_LIST = {
        code: "recipe-empty-list", class: Usage, status: 422,
        en: "`{key}` needs at least one item", zh: "`{key}` 至少需要一项",
        hint_en: "for example: {example}", hint_zh: "例如：{example}",
    };
    /// The same value twice in a list.
    REPEATED = {
        code: "recipe-repeated", class: Usage, status: 422,
        en: "`{value}` stands in `{key}` twice", zh: "`{key}` 中 `{value}` 重复",
        hint_en: "remove one", hint_zh: "请删去一个",
    };
    /// A project name that cannot name files, images and services.
    PROJECT_NAME = {
        code: "recipe-project-name", class: Usage, status: 422,
        en: "`{key}` may hold lower-case letters, digits and inner hyphens, at most 63",
        zh: "`{key}` 只能含小写字母、数字和中间的连字符，最多 63 个字符",
        hint_en: "the name becomes a file, an image and a service; for example: {example}",
        hint_zh: "该名称将用于文件、镜像和服务；例如：{example}",
    };
    /// Not a semantic version.
    VERSION = {
        code: "recipe-version", class: Usage, status: 422,
        en: "`{key}` must be a version of three numbers", zh: "`{key}` 必须是三段数字的版本号",
        hint_en: "for example: {example}", hint_zh: "例如：{example}",
    };
    /// A name with control characters or outer blanks.
    NAME = {
        code: "recipe-name", class: Usage, status: 422,
        en: "`{key}` is not a usable name: no control characters, no blank at either end, at most 128 characters",
        zh: "`{key}` 不是可用的名称：不能含控制字符，首尾不能有空白，最多 128 个字符",
        hint_en: "for example: {example}", hint_zh: "例如：{example}",
    };
    /// A column name that Ingot keeps for itself.
    RESERVED_COLUMN = {
        code: "recipe-reserved-column", class: Usage, status: 422,
        en: "column `{column}` is Ingot's own", zh: "列 `{column}` 由 Ingot 自用",
        hint_en: "`_source`, `_row` and `_weight` say where a row came from and what it weighs; use another name",
        hint_zh: "`_source`、`_row`、`_weight` 记录每行的来源和权重；请换一个名称",
    };
    /// An address of a kind that cannot be read.
    URI_SCHEME = {
        code: "recipe-uri-scheme", class: Usage, status: 422,
        en: "addresses of the kind `{scheme}:` cannot be read", zh: "不支持 `{scheme}:` 类型的地址",
        hint_en: "use a path, a folder, a glob, file:, s3:// or postgres://",
        hint_zh: "请使用路径、文件夹、通配符、file:、s3:// 或 postgres://",
    };
    /// Not a duration.
    DURATION = {
        code: "recipe-duration", class: Usage, status: 422,
        en: "`{key}` must be a time span of {range}", zh: "`{key}` 必须是时长，范围 {range}",
        hint_en: "number and unit: \"500us\", \"500ms\", \"90s\", \"2m\", \"1h\" or \"1h30m\"", hint_zh: "数字加单位：\"500us\"、\"500ms\"、\"90s\"、\"2m\"、\"1h\" 或 \"1h30m\"",
    };
    /// Not a regular expression.
    PATTERN = {
        code: "recipe-pattern", class: Usage, status: 422,
        en: "`{key}` is not a regular expression: {detail}", zh: "`{key}` 不是合法的正则表达式：{detail}",
        hint_en: "check that every bracket is closed; in single quotes a backslash is written once, in double quotes twice", hint_zh: "请检查括号是否成对；反斜杠在单引号中写一个，在双引号中写两个",
    };
    /// A hierarchy of a column that is none of the quasi-identifiers, one of which is nearly called so.
    HIERARCHY_NEAR = {
        code: "recipe-hierarchy-near", class: Usage, status: 422,
        en: "the hierarchy is of `{column}`, which is not in `quasi`; `{near}` is", zh: "此层级表针对列 `{column}`，但该列不在 `quasi` 中；`quasi` 中有 `{near}`",
        hint_en: "if both mean one column, write its name alike", hint_zh: "若两者是同一列，请统一写法",
    };
    /// Not a recipient's public key.
    RECIPIENT = {
        code: "recipe-recipient", class: Usage, status: 422,
        en: "this is not the public key of an age recipient", zh: "不是有效的 age 接收方公钥",
        hint_en: "it begins with `age1` and has 62 characters; `ingot init` writes yours to keys/recipient.txt. Check for a lost or mistyped character",
        hint_zh: "以 `age1` 开头，共 62 个字符；`ingot init` 会把您的公钥写入 keys/recipient.txt。请检查是否有遗漏或误输",
    };
    /// A secret key where a public one belongs.
    RECIPIENT_SECRET = {
        code: "recipe-recipient-secret", class: Usage, status: 422,
        en: "this is a secret key: it must never stand in a recipe", zh: "这是私钥，绝不能写入配方",
        hint_en: "take it out, make new keys, and write the public key that begins with `age1`",
        hint_zh: "请将其移除并重新生成密钥，此处应填以 `age1` 开头的公钥",
    };
    /// Not an address to listen on.
    LISTEN = {
        code: "recipe-listen", class: Usage, status: 422,
        en: "`{key}` must be an IP address and a port", zh: "`{key}` 必须是 IP 地址加端口",
        hint_en: "for example: {example}", hint_zh: "例如：{example}",
    };
    /// Not an address to connect to.
    ADDRESS = {
        code: "recipe-address", class: Usage, status: 422,
        en: "`{key}` must be a host and a port", zh: "`{key}` 必须是主机加端口",
        hint_en: "for example: {example}", hint_zh: "例如：{example}",
    };
    /// More or less than one character.
    ONE_CHARACTER = {
        code: "recipe-one-character", class: Usage, status: 422,
        en: "`{key}` must be exactly one visible character", zh: "`{key}` 必须恰好是一个可见字符",
        hint_en: "for example: {example}", hint_zh: "例如：{example}",
    };

    // Rules over several settings.
    /// A setting that another task has.
    KEY_TASK = {
        code: "recipe-key-task", class: Usage, status: 422,
        en: "`{key}` works with {tasks}; the task here is {task}", zh: "`{key}` 适用于 {tasks}，当前任务是 {task}",
        hint_en: "leave it out or change `project.task`", hint_zh: "请去掉此项，或修改 `project.task`",
    };
    /// A network that reads something else than the task has.
    BACKBONE_TASK = {
        code: "recipe-backbone-task", class: Usage, status: 422,
        en: "this backbone is one of {own}; the task here is {task}", zh: "该预训练网络适用于 {own}，当前任务是 {task}",
        hint_en: "leave it out: each task has a backbone of its own", hint_zh: "去掉此项即可：每种任务都有默认的预训练网络",
    };
    /// What needs to know a network's blocks or layers, with a file of the user's.
    BACKBONE_OWN = {
        code: "recipe-backbone-own", class: Usage, status: 422,
        en: "`{key}` needs to know the network's blocks or layers, and works with {known} alone, not with a file", zh: "`{key}` 需要了解网络的内部结构，只适用于 {known}，不适用于自备的网络文件",
        hint_en: "leave it out, or use backbone = \"{known}\"", hint_zh: "请去掉此项，或使用 backbone = \"{known}\"",
    };
    /// Other than a number for each colour.
    BACKBONE_COLOURS = {
        code: "recipe-backbone-colours", class: Usage, status: 422,
        en: "`{key}` must have three numbers, for red, green and blue", zh: "`{key}` 必须有三个数，分别对应红、绿、蓝",
        hint_en: "for example: {example}", hint_zh: "例如：{example}",
    };
    /// A square larger than the picture that it is cut from.
    BACKBONE_CROP = {
        code: "recipe-backbone-crop", class: Usage, status: 422,
        en: "`crop` ({crop}) is larger than `resize` ({resize}): there is no such square to cut", zh: "`crop`（{crop}）大于 `resize`（{resize}），无法裁剪",
        hint_en: "leave `resize` out, or make it at least as large", hint_zh: "请去掉 `resize`，或使其不小于 `crop`",
    };
    /// A setting that would use training rows past a private training's promise.
    PRIVATE_EXCLUSIVE = {
        code: "recipe-private-exclusive", class: Usage, status: 422,
        en: "`{key}` would use training rows beyond what `train.private` promises", zh: "`{key}` 会在 `train.private` 的隐私保证之外使用训练数据",
        hint_en: "leave one of the two out", hint_zh: "请去掉两者之一",
    };
    /// Nothing is left to learn from.
    SHARES = {
        code: "recipe-shares", class: Usage, status: 422,
        en: "test and validation together take {sum} of the rows: none are left to train on",
        zh: "测试集与验证集共占 {sum}，没有剩余数据可供训练",
        hint_en: "their sum must stay below 1", hint_zh: "两者之和必须小于 1",
    };
    /// Two ways to split at once.
    TIME_EXCLUSIVE = {
        code: "recipe-time-exclusive", class: Usage, status: 422,
        en: "a split by `time` cannot also be by `{other}`", zh: "按 `time` 划分时不能同时使用 `{other}`",
        hint_en: "by time the latest rows are the test, whatever class or person they belong to; remove one of the two",
        hint_zh: "按时间划分时，最新的行一律作为测试集，不论其类别或所属对象；请去掉其中一项",
    };
    /// A setting that names the target.
    NAMES_TARGET = {
        code: "recipe-names-target", class: Usage, status: 422,
        en: "`{key}` names `{column}`, which is the target", zh: "`{key}` 指向目标列 `{column}`",
        hint_en: "name another column", hint_zh: "请指定其他列",
    };
    /// The target must stay as it is.
    PROTECT_TARGET = {
        code: "recipe-protect-target", class: Usage, status: 422,
        en: "the target `{column}` cannot be protected: the model could not learn it", zh: "目标列 `{column}` 不能做隐私处理，否则模型无法学习",
        hint_en: "remove the rule, or choose another `project.target`", hint_zh: "请删去此规则，或改选其他 `project.target`",
    };
    /// A query for a file.
    QUERY_WITHOUT_DATABASE = {
        code: "recipe-query-without-database", class: Usage, status: 422,
        en: "`query` is for postgres:// sources", zh: "`query` 只用于 postgres:// 数据源",
        hint_en: "filter a file with `clean.keep`", hint_zh: "文件请用 `clean.keep` 过滤",
    };
    /// A database without a query.
    DATABASE_WITHOUT_QUERY = {
        code: "recipe-database-without-query", class: Usage, status: 422,
        en: "a postgres:// source needs `query`", zh: "postgres:// 数据源需要 `query`",
        hint_en: "for example: query = \"SELECT * FROM loans ORDER BY id\"", hint_zh: "例如：query = \"SELECT * FROM loans ORDER BY id\"",
    };
    /// A format for a database.
    FORMAT_OF_DATABASE = {
        code: "recipe-format-of-database", class: Usage, status: 422,
        en: "`format` is for files, not for postgres:// sources", zh: "`format` 只用于文件，不用于 postgres:// 数据源",
        hint_en: "leave it out", hint_zh: "请去掉此项",
    };
    /// An encoding for what is no text file.
    ENCODING_WITHOUT_TEXT = {
        code: "recipe-encoding-without-text", class: Usage, status: 422,
        en: "`encoding` is for CSV and JSON lines files", zh: "`encoding` 只用于 CSV 和 JSON Lines 文件",
        hint_en: "leave it out", hint_zh: "请去掉此项",
    };
    /// Two sources of one name.
    SOURCE_NAME_TWICE = {
        code: "recipe-source-name-twice", class: Usage, status: 422,
        en: "two sources are called `{name}`", zh: "有两个数据源都叫 `{name}`",
        hint_en: "give each its own name: every row keeps it", hint_zh: "请为每个数据源取不同名称：每行数据都会记录来源",
    };
    /// Two columns of one name.
    COLUMN_TWICE = {
        code: "recipe-column-twice", class: Usage, status: 422,
        en: "two columns would be called `{column}`", zh: "将有两列都叫 `{column}`",
        hint_en: "choose another name", hint_zh: "请换一个名称",
    };
    /// Two rules for one column.
    PROTECTED_TWICE = {
        code: "recipe-protected-twice", class: Usage, status: 422,
        en: "`{column}` has a rule already", zh: "`{column}` 已有规则",
        hint_en: "a column has one action; keep one of the two", hint_zh: "每列只能有一个动作，请保留其中一条",
    };
    /// Dates of one person that would move by different numbers of days.
    SHIFT_DAYS = {
        code: "recipe-shift-days", class: Usage, status: 422,
        en: "the dates of one `{person}` would move apart: by up to {days} days here, by up to {other} in the rule of `{column}`", zh: "同一 `{person}` 的日期会各自平移：此处最多 {days} 天，`{column}` 的规则最多 {other} 天",
        hint_en: "give both the same `days`: then all dates of a person move alike", hint_zh: "请将两处 `days` 设为相同：同一人的所有日期才会一起平移",
    };
    /// A column by the name it had before.
    RENAMED_BEFORE = {
        code: "recipe-renamed-before", class: Usage, status: 422,
        en: "column `{column}` is called `{now}` here", zh: "列 `{column}` 在此处已改名为 `{now}`",
        hint_en: "write `{now}`: {place} renames it", hint_zh: "请写 `{now}`：{place} 已将其改名",
    };
    /// A column by the name it gets later.
    RENAMED_LATER = {
        code: "recipe-renamed-later", class: Usage, status: 422,
        en: "column `{column}` is still called `{now}` here", zh: "列 `{column}` 在此处仍叫 `{now}`",
        hint_en: "write `{now}`: [protect] renames it only after cleaning", hint_zh: "请写 `{now}`：[protect] 在清洗之后才改名",
    };
    /// A column that is gone.
    COLUMN_DROPPED = {
        code: "recipe-column-dropped", class: Usage, status: 422,
        en: "column `{column}` is gone here: [protect] drops it", zh: "列 `{column}` 已被 [protect] 删除，此处不可用",
        hint_en: "remove it here, or hash it instead of dropping it", hint_zh: "请在此处去掉，或将 drop 改为 hash",
    };
    /// A setting that does nothing beside another.
    NO_MEANING = {
        code: "recipe-no-meaning", class: Usage, status: 422,
        en: "`{key}` has no meaning with `{setting}`", zh: "`{key}` 与 `{setting}` 同用没有意义",
        hint_en: "remove it", hint_zh: "请删去",
    };
    /// A setting that another one needs.
    NEEDS = {
        code: "recipe-needs", class: Usage, status: 422,
        en: "`{setting}` needs `{key}`", zh: "`{setting}` 需要 `{key}`",
        hint_en: "for example: {example}", hint_zh: "例如：{example}",
    };
    /// An expectation that expects nothing.
    EXPECT_NOTHING = {
        code: "recipe-expect-nothing", class: Usage, status: 422,
        en: "this expectation has no rule", zh: "此期望没有规则",
        hint_en: "add one of: min and max, one_of, matches, unique, not_null, sql", hint_zh: "请加入其一：min 与 max、one_of、matches、unique、not_null、sql",
    };
    /// An expectation with several rules.
    EXPECT_SEVERAL = {
        code: "recipe-expect-several", class: Usage, status: 422,
        en: "this expectation has several rules: {rules}", zh: "此期望有多条规则：{rules}",
        hint_en: "write one expectation for each, so that the report can count them", hint_zh: "请分别写成多条期望，以便报告逐条计数",
    };
    /// Half of the rows or more at each end.
    QUANTILE = {
        code: "recipe-quantile", class: Usage, status: 422,
        en: "with `method = \"quantile\"`, `factor` is the share at each end: it must be below 0.5",
        zh: "使用 `method = \"quantile\"` 时，`factor` 是两端各自的比例，必须小于 0.5",
        hint_en: "for example: factor = 0.01", hint_zh: "例如：factor = 0.01",
    };
    /// Bounds of presence that exclude each other.
    PRESENCE = {
        code: "recipe-presence", class: Usage, status: 422,
        en: "`least` is greater than `most`", zh: "`least` 大于 `most`",
        hint_en: "exchange the two", hint_zh: "请将两者对调",
    };
    /// A lower bound above the upper one.
    BOUNDS = {
        code: "recipe-bounds", class: Usage, status: 422,
        en: "`min` is greater than `max`", zh: "`min` 大于 `max`",
        hint_en: "exchange the two", hint_zh: "请将两者对调",
    };
}
