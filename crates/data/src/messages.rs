//! What the data room says to a person. Arguments are names, numbers and positions, never cell values.

ingot_base::messages! {
    /// A source's files do not exist.
    SOURCE_MISSING = {
        code: "data-source-missing", class: Failed, status: 422,
        en: "source `{source}`: nothing is found at `{uri}`", zh: "数据源 `{source}`：在 `{uri}` 找不到任何文件",
        hint_en: "relative paths start at the recipe's folder", hint_zh: "相对路径以配方所在文件夹为起点",
    };
    /// Values that a cast could not read. A warning.
    CAST_LOST = {
        code: "data-cast-lost", class: Failed, status: 422,
        en: "the cast of `{column}` to `{to}` lost {count} of {rows} values: they cannot be read and are missing now; the first is in row {row} of source `{source}`, the header not counted",
        zh: "将 `{column}` 转为 `{to}` 时，{rows} 个取值中有 {count} 个无法读取，已按缺失值处理；首个位于数据源 `{source}` 的第 {row} 条记录（不计表头）",
        hint_en: "numbers may be written 1,234.50, ￥1,234, (12.00), 1.23万 or 3亿; days 2024-01-31, 2024/1/31, 2024.1.31, 31.01.2024, 2024年1月31日 or 20240131; 12% and 01/02/2024 are not guessed. Dates that are text become days by two casts, first to date, then to integer",
        hint_zh: "数字可写成 1,234.50、￥1,234、(12.00)、1.23万、3亿；日期可写成 2024-01-31、2024/1/31、2024.1.31、31.01.2024、2024年1月31日、20240131；不会猜测 12% 或 01/02/2024 的含义。文本形式的日期需转换两次：先转为 date，再转为 integer",
    };
    /// Numbers that are none. A warning.
    NOT_FINITE = {
        code: "data-not-finite", class: Failed, status: 422,
        en: "source `{source}`: {count} value(s) of `{column}` are NaN or infinite, which is no number; they count as missing",
        zh: "数据源 `{source}`：列 `{column}` 有 {count} 个取值为 NaN 或无穷大，不是数字，已视为缺失",
        hint_en: "drop_missing, impute and not_null treat them as every missing value; a number in their place must be written by whoever wrote the source",
        hint_zh: "drop_missing、impute 和 not_null 会将其当作缺失值处理；如应为具体数字，请在数据源中更正",
    };
    /// A column of numbers with something else among them. A warning.
    NUMBERS_MIXED = {
        code: "data-numbers-mixed", class: Failed, status: 422,
        en: "column `{column}` of `{file}` is text: {count} of the {rows} values looked at are no numbers, the others are",
        zh: "`{file}` 的列 `{column}` 被视为文本：检查过的 {rows} 个取值中有 {count} 个不是数字，其余都是数字",
        hint_en: "if it is a number, add {example} to [clean] cast: what is no number is then missing, and counted",
        hint_zh: "如果该列应为数字，请在 [clean] cast 中加入 {example}：非数字的取值将视为缺失并计数",
    };
    /// A piece of work that does not fit the wire.
    PIECE = {
        code: "data-piece", class: Failed, status: 500,
        en: "a piece of the table cannot be sent to the cluster, or its result not be read", zh: "无法将一段数据发送到集群，或无法读取返回的结果",
        hint_en: "run the same program on every machine, or without `[engine]`", hint_zh: "请确认所有机器运行同一程序，或去掉 `[engine]` 再运行",
    };
    /// Pictures that are not on this machine.
    IMAGES_REMOTE = {
        code: "data-images-remote", class: Usage, status: 422,
        en: "source `{source}`: pictures are read from a folder of this machine only", zh: "数据源 `{source}`：图片只能从本机文件夹读取",
        hint_en: "copy them into a folder and name that", hint_zh: "请先复制到本机文件夹，再填写该文件夹",
    };
    /// Files of a folder of pictures that are not read. A warning, or the reason why nothing is found.
    IMAGES_PASSED = {
        code: "data-images-passed", class: Failed, status: 422,
        en: "source `{source}`: {count} file(s) are no JPEG, PNG or WebP of this folder and are passed over: {list}", zh: "数据源 `{source}`：{count} 个文件不是本文件夹内的 JPEG、PNG 或 WebP 图片，已略过：{list}",
        hint_en: "convert them to PNG first, without losing depth; copy what links lead to", hint_zh: "请先将其转换为 PNG（注意保留位深）；符号链接指向的文件请复制到该文件夹",
    };
    /// A folder without pictures.
    IMAGES_NONE = {
        code: "data-images-none", class: Failed, status: 422,
        en: "source `{source}`: the folder `{uri}` holds no JPEG, PNG or WebP picture", zh: "数据源 `{source}`：文件夹 `{uri}` 中没有 JPEG、PNG 或 WebP 图片",
        hint_en: "put each picture into a folder named after its class", hint_zh: "请将图片放入以其类别命名的文件夹中",
    };
    /// A picture's file that is not there.
    IMAGE_MISSING = {
        code: "data-image-missing", class: Failed, status: 422,
        en: "the picture's file is missing", zh: "图片文件不存在",
        hint_en: "paths start at the folder of the table, or are those within the folder of pictures", hint_zh: "路径以表所在文件夹为起点，或为图片文件夹内的路径",
    };
    /// A path that leads elsewhere.
    IMAGE_OUTSIDE = {
        code: "data-image-outside", class: Failed, status: 422,
        en: "the path leads out of the source's folder", zh: "路径指向数据源文件夹之外",
        hint_en: "copy the picture into the folder, and write its path from there, without `..`", hint_zh: "请将图片复制到该文件夹内，并填写不含 `..` 的相对路径",
    };
    /// A picture's file that cannot be read.
    IMAGE_UNREAD = {
        code: "data-image-unread", class: Failed, status: 422,
        en: "the picture's file cannot be read: it is no regular file, too large, or not allowed", zh: "无法读取图片文件：不是普通文件、过大或没有读取权限",
        hint_en: "check its permissions and its size", hint_zh: "请检查文件权限和大小",
    };
    /// Pictures under two classes. A warning.
    IMAGES_CLASSES = {
        code: "data-images-classes", class: Failed, status: 422,
        en: "source `{source}`: {count} picture(s) stand in the folders of more than one class", zh: "数据源 `{source}`：有 {count} 张图片同时位于多个类别的文件夹",
        hint_en: "leave each in the folder of its class; with dedupe = { exact = true } the first in the order of paths counts, without it one may be learnt from and tested on", hint_zh: "请只保留在其所属类别的文件夹中；dedupe = { exact = true } 时以路径排序最先者为准，不去重则同一图片可能既用于训练又用于测试",
    };
    /// A source's format is not known.
    FORMAT_UNKNOWN = {
        code: "data-format-unknown", class: Usage, status: 422,
        en: "source `{source}`: the format of `{file}` is not known", zh: "数据源 `{source}`：无法判断 `{file}` 的格式",
        hint_en: "name it with `format = \"csv\"` (or jsonl, parquet, arrow); save a spreadsheet such as .xlsx as CSV", hint_zh: "请用 `format = \"csv\"`（或 jsonl、parquet、arrow）指明；.xlsx 等表格请另存为 CSV",
    };
    /// An address scheme that is not supported.
    SCHEME_UNKNOWN = {
        code: "data-scheme-unknown", class: Usage, status: 422,
        en: "source `{source}`: addresses of the kind `{scheme}:` cannot be read", zh: "数据源 `{source}`：不支持 `{scheme}:` 类型的地址",
        hint_en: "use a path, file:, s3:// or postgres://", hint_zh: "请使用路径、file:、s3:// 或 postgres://",
    };
    /// A file is not what its name says.
    FILE_WRONG = {
        code: "data-file-wrong", class: Failed, status: 422,
        en: "`{file}` is not a {format} file that can be read", zh: "`{file}` 不是可读取的 {format} 文件",
        hint_en: "open it in the tool that wrote it and save it again, or name its format", hint_zh: "请用生成它的工具重新保存，或指明其格式",
    };
    /// Why a file is no CSV file: bytes that no text has.
    FILE_BINARY = {
        code: "data-file-binary", class: Failed, status: 422,
        en: "it holds zero bytes, so it is a binary file or UTF-16 text", zh: "其中含有零字节，应为二进制文件或 UTF-16 文本",
        hint_en: "save it as UTF-8 text", hint_zh: "请另存为 UTF-8 文本",
    };
    /// Why a table cannot be read: its own figures are wrong.
    FILE_BROKEN = {
        code: "data-file-broken", class: Failed, status: 422,
        en: "what it says of itself and what it holds contradict each other", zh: "文件对自身结构的描述与其内容相互矛盾",
        hint_en: "it is damaged; take it from where it was written once more", hint_zh: "文件已损坏，请从来源处重新获取",
    };
    /// Why a file is no CSV file: its encoding.
    FILE_ENCODING = {
        code: "data-file-encoding", class: Failed, status: 422,
        en: "its line {line} is neither UTF-8 nor GB18030, and so are too many others", zh: "第 {line} 行既不是 UTF-8，也不是 GB18030 文本，这样的行过多",
        hint_en: "save it as UTF-8 text, or name the encoding with `encoding` in [[source]]: lines that do not fit it are set aside", hint_zh: "请另存为 UTF-8 文本，或在 [[source]] 中用 `encoding` 指明编码，不符合该编码的行将被隔离",
    };
    /// The encoding in which files are read, where they told it. A warning.
    ENCODING_TAKEN = {
        code: "data-encoding-taken", class: Failed, status: 422,
        en: "source `{source}`: {count} file(s), the first of them `{file}`, are no UTF-8 text and are read as {encoding}", zh: "数据源 `{source}`：有 {count} 个文件（首个为 `{file}`）不是 UTF-8 文本，按 {encoding} 读取",
        hint_en: "if that is wrong, name the encoding with `encoding` in [[source]]", hint_zh: "如不正确，请在 [[source]] 中用 `encoding` 指明编码",
    };
    /// Why a file is no CSV file: its first line.
    HEADER_UNREADABLE = {
        code: "data-header-unreadable", class: Failed, status: 422,
        en: "its first line cannot be read as a header", zh: "首行无法作为表头读取",
        hint_en: "the first line must name the columns", hint_zh: "第一行必须是列名",
    };
    /// Why a CSV file cannot be cut into records.
    QUOTE_OPEN = {
        code: "data-quote-open", class: Failed, status: 422,
        en: "a quote opened in the record on line {line} is never closed and would swallow every line after it", zh: "第 {line} 行的记录中有引号未闭合，其后所有行都会被并入该记录",
        hint_en: "close the quote, or double it where it is part of the text", hint_zh: "请闭合该引号；若引号是文本的一部分，请写成两个引号",
    };
    /// Why a CSV file cannot be cut into records: one has no end.
    RECORD_ENDLESS = {
        code: "data-record-endless", class: Failed, status: 422,
        en: "the record on line {line} does not end within {bytes} bytes; a quote there is probably never closed", zh: "第 {line} 行的记录在 {bytes} 字节内没有结束，其中的引号可能未闭合",
        hint_en: "close the quote, or double it where it is part of the text", hint_zh: "请闭合该引号；若引号是文本的一部分，请写成两个引号",
    };
    /// Why a file is no JSON lines file.
    NO_OBJECTS = {
        code: "data-no-objects", class: Failed, status: 422,
        en: "{count} of its first {lines} lines are no JSON objects", zh: "前 {lines} 行中有 {count} 行不是 JSON 对象",
        hint_en: "every line must be one JSON object", hint_zh: "每行必须是一个 JSON 对象",
    };
    /// A CSV file has no rows or no header.
    FILE_EMPTY = {
        code: "data-file-empty", class: Failed, status: 422,
        en: "`{file}` has no header or no rows", zh: "`{file}` 没有表头或没有数据行",
        hint_en: "the first line must name the columns", hint_zh: "第一行必须是列名",
    };
    /// A CSV file begins with a record.
    HEADER_MISSING = {
        code: "data-header-missing", class: Failed, status: 422,
        en: "the first line of `{file}` is no header: {count} of its {fields} fields hold values", zh: "`{file}` 的第一行不是表头：{fields} 个字段中有 {count} 个是数据",
        hint_en: "put a line with the columns' names first; a JSON lines file ends in .jsonl",
        hint_zh: "请在首行写上列名；JSON Lines 文件请以 .jsonl 结尾",
    };
    /// A CSV header names a column twice.
    COLUMN_TWICE = {
        code: "data-column-twice", class: Failed, status: 422,
        en: "`{file}` names the column `{column}` twice", zh: "`{file}` 中列名 `{column}` 出现了两次",
        hint_en: "rename one of them in the file", hint_zh: "请在文件中重命名其中一列",
    };
    /// A column that belongs to lineage.
    COLUMN_RESERVED = {
        code: "data-column-reserved", class: Failed, status: 422,
        en: "source `{source}` has a column `{column}`; names with a leading underscore are Ingot's own", zh: "数据源 `{source}` 含有列 `{column}`；以下划线开头的列名由 Ingot 保留",
        hint_en: "rename it with `rename = {example}`", hint_zh: "请用 `rename = {example}` 改名",
    };
    /// A rule names a column that is not there.
    COLUMN_UNKNOWN = {
        code: "data-column-unknown", class: Usage, status: 422,
        en: "there is no column `{column}`", zh: "没有列 `{column}`",
        hint_en: "did you mean {near}? the table has: {known}", hint_zh: "是否想写 {near}？表中的列：{known}",
    };
    /// A rule names a column that is not there, and none is called alike.
    COLUMN_ABSENT = {
        code: "data-column-absent", class: Usage, status: 422,
        en: "there is no column `{column}`", zh: "没有列 `{column}`",
        hint_en: "the table has: {known}", hint_zh: "表中的列：{known}",
    };
    /// A header has none of the names that are asked for.
    HEADER_DOUBTFUL = {
        code: "data-header-doubtful", class: Usage, status: 422,
        en: "the first line of `{file}` holds none of the {count} column name(s) that the recipe names", zh: "`{file}` 的首行不含配方中用到的任何列名（共 {count} 个）",
        hint_en: "is it a header? The first line must name the columns; JSON lines files end in .jsonl", hint_zh: "首行是表头吗？首行必须是列名；JSON Lines 文件请以 .jsonl 结尾",
    };
    /// Keys of JSON lines that are no columns. A warning.
    KEYS_RARE = {
        code: "data-keys-rare", class: Failed, status: 422,
        en: "`{file}`: {count} key(s) that hardly any line has are no columns and their values are left out; first in line (lines): {places}",
        zh: "`{file}`：有 {count} 个键只出现在极少数行，不作为列，其取值已忽略；首次出现的行号（行数）：{places}",
        hint_en: "a column has a value in at least {fewest} lines and one in {share} of the first {looked}; name a rarer one in the recipe, or mend the lines. Keys are not shown here: one could be a value",
        hint_zh: "作为列的键须至少出现在 {fewest} 行，且不少于前 {looked} 行的 {share} 分之一；更少见的列请在配方中写明，或修正这些行。此处不显示键名，因为它可能就是数据",
    };
    /// A rule needs a number column.
    COLUMN_NOT_NUMBER = {
        code: "data-column-not-number", class: Usage, status: 422,
        en: "the column `{column}` does not hold numbers", zh: "列 `{column}` 不是数值列",
        hint_en: "add a cast to number before this rule, or take another column", hint_zh: "请先用 cast 转为 number，或改用其他列",
    };
    /// An SQL expression cannot be used.
    SQL_WRONG = {
        code: "data-sql-wrong", class: Usage, status: 422,
        en: "the SQL expression cannot be used: {reason}", zh: "无法使用该 SQL 表达式：{reason}",
        hint_en: "the table's columns are: {known}", hint_zh: "表中的列：{known}",
    };
    /// An SQL expression looks at more than one row.
    SQL_NOT_ROW = {
        code: "data-sql-not-row", class: Usage, status: 422,
        en: "the SQL expression uses {part}, which looks at several rows; a condition sees one row at a time", zh: "该 SQL 表达式使用了 {part}，它涉及多行；此处的条件每次只能看到一行",
        hint_en: "compare the row's own columns; aggregates, window functions and subqueries are not allowed here. The table's columns are: {known}",
        hint_zh: "请只比较该行自身的列；此处不允许聚合函数、窗口函数和子查询。表中的列：{known}",
    };
    /// An SQL expression calls what is not there.
    SQL_FUNCTION = {
        code: "data-sql-function", class: Usage, status: 422,
        en: "the SQL expression calls `{name}`, and there is no such function", zh: "该 SQL 表达式调用了 `{name}`，没有这个函数",
        hint_en: "check the name; a column's name is written without brackets. The table's columns are: {known}", hint_zh: "请检查函数名；列名后不写括号。表中的列：{known}",
    };
    /// An SQL expression calls what gives another result another time.
    SQL_CHANGING = {
        code: "data-sql-changing", class: Usage, status: 422,
        en: "the SQL expression calls `{name}` at the mark ‸ in `{shown}`: its result is another one at another time, and so would the rows be", zh: "SQL 表达式 `{shown}` 中 ‸ 处调用了 `{name}`，其结果随时间或次数变化，每次运行会得到不同的数据行",
        hint_en: "write the value itself, such as DATE '2026-01-31'; for a sample use [split]", hint_zh: "请直接写出取值，例如 DATE '2026-01-31'；如需抽样请用 [split]",
    };
    /// An SQL expression makes values that are too long.
    SQL_LENGTH = {
        code: "data-sql-length", class: Usage, status: 422,
        en: "the SQL expression lets `{name}` at the mark ‸ in `{shown}` make values longer than {most}", zh: "SQL 表达式 `{shown}` 中 ‸ 处的 `{name}` 会生成长度超过 {most} 的值",
        hint_en: "take a smaller number", hint_zh: "请改用较小的数字",
    };
    /// An SQL expression breaks off, or a value is lacking within it.
    SQL_VALUE = {
        code: "data-sql-value", class: Usage, status: 422,
        en: "the SQL expression cannot be read at the mark ‸ in `{shown}`: a value or a column is expected there", zh: "无法解析 SQL 表达式 `{shown}` 中 ‸ 处：此处应为取值或列名",
        hint_en: "the table's columns are: {known}", hint_zh: "表中的列：{known}",
    };
    /// An SQL expression goes on after its end.
    SQL_REST = {
        code: "data-sql-rest", class: Usage, status: 422,
        en: "the SQL expression cannot be read at the mark ‸ in `{shown}`: it should be at its end there", zh: "无法解析 SQL 表达式 `{shown}` 中 ‸ 处：表达式到此应已结束",
        hint_en: "two conditions are joined by AND or OR; equality is written with `=`, texts stand in single quotation marks", hint_zh: "多个条件用 AND 或 OR 连接；相等用 `=` 表示，文本用单引号括起",
    };
    /// An SQL expression lacks a certain word or sign.
    SQL_WANTED = {
        code: "data-sql-wanted", class: Usage, status: 422,
        en: "the SQL expression cannot be read at the mark ‸ in `{shown}`: `{wanted}` is expected there", zh: "无法解析 SQL 表达式 `{shown}` 中 ‸ 处：此处应为 `{wanted}`",
        hint_en: "the table's columns are: {known}", hint_zh: "表中的列：{known}",
    };
    /// A quotation mark of an SQL expression is not closed.
    SQL_QUOTE = {
        code: "data-sql-quote", class: Usage, status: 422,
        en: "the SQL expression cannot be read from the mark ‸ in `{shown}` on: a quotation mark is never closed, or a sign is not known", zh: "从 SQL 表达式 `{shown}` 中 ‸ 处起无法解析：引号未闭合，或含有无法识别的符号",
        hint_en: "texts stand in single quotation marks, names of columns in double ones", hint_zh: "文本用单引号括起，列名用双引号括起",
    };
    /// An SQL expression is not a condition.
    SQL_NOT_CONDITION = {
        code: "data-sql-not-condition", class: Usage, status: 422,
        en: "the SQL expression gives `{kind}`, not true or false", zh: "该 SQL 表达式的结果是 `{kind}`，不是真或假",
        hint_en: "write a comparison, such as `age >= 18`", hint_zh: "请写成比较式，例如 `age >= 18`",
    };
    /// A rule could not be computed over the rows.
    RULE_FAILED = {
        code: "data-rule-failed", class: Failed, status: 422,
        en: "a rule could not be computed over the rows", zh: "规则无法在数据行上计算",
        hint_en: "check the types of the columns it uses", hint_zh: "请检查所用列的类型",
    };
    /// A regular expression is wrong.
    REGEX_WRONG = {
        code: "data-regex-wrong", class: Usage, status: 422,
        en: "the regular expression cannot be read", zh: "无法解析该正则表达式",
        hint_en: "", hint_zh: "",
    };
    /// A constant does not fit its column.
    CONSTANT_WRONG = {
        code: "data-constant-wrong", class: Usage, status: 422,
        en: "the constant for column `{column}` does not fit its type `{kind}`", zh: "列 `{column}` 的填充常量与其类型 `{kind}` 不符",
        hint_en: "", hint_zh: "",
    };
    /// An expectation with `fail` was not met.
    EXPECTATION_FAILED = {
        code: "data-expectation-failed", class: Failed, status: 422,
        en: "{count} row(s) do not meet the expectation {rule}", zh: "有 {count} 行不符合预期 {rule}",
        hint_en: "the first is row {row} of source `{source}`, the header not counted; correct the data, or use on_fail = \"drop\"", hint_zh: "第一处是数据源 `{source}` 的第 {row} 条记录（不计表头）；请更正数据，或使用 on_fail = \"drop\"",
    };
    /// An expectation with `warn` was not met. A warning.
    EXPECTATION_UNMET = {
        code: "data-expectation-unmet", class: Failed, status: 422,
        en: "{count} row(s) do not meet the expectation {rule}; they stay in the table", zh: "有 {count} 行不符合预期 {rule}，仍保留在表中",
        hint_en: "correct the data, or use on_fail = \"drop\" or \"fail\"", hint_zh: "请更正数据，或使用 on_fail = \"drop\" 或 \"fail\"",
    };
    /// Rows were set aside.
    QUARANTINED = {
        code: "data-quarantined", class: Failed, status: 422,
        en: "source `{source}`: {count} malformed row(s) were set aside; their lines in the file, the header counted, and reasons are in the quarantine file", zh: "数据源 `{source}`：{count} 行格式错误，已隔离；其在文件中的行号（计入表头）和原因见隔离文件",
        hint_en: "", hint_zh: "",
    };
    /// PostgreSQL cannot be reached as it must be.
    POSTGRES_CONNECT = {
        code: "data-postgres-connect", class: Failed, status: 502,
        en: "source `{source}`: no connection to PostgreSQL", zh: "数据源 `{source}`：无法连接 PostgreSQL",
        hint_en: "check the address; another machine is reached with TLS only: `sslrootcert=FILE` in the address names the authority's certificate, `sslmode=disable` goes without", hint_zh: "请检查地址；连接其他机器必须使用 TLS：可在地址中用 `sslrootcert=文件` 指定证书颁发机构，或用 `sslmode=disable` 明确放弃加密",
    };
    /// The file of a connection's authority holds no certificate.
    POSTGRES_AUTHORITY = {
        code: "data-postgres-authority", class: Failed, status: 422,
        en: "source `{source}`: `{path}` holds no certificate that can be read", zh: "数据源 `{source}`：`{path}` 中没有可读取的证书",
        hint_en: "`sslrootcert` in the address names a PEM file with `-----BEGIN CERTIFICATE-----`; a relative path starts at the recipe's folder",
        hint_zh: "地址中的 `sslrootcert` 应指向含有 `-----BEGIN CERTIFICATE-----` 的 PEM 文件；相对路径以配方所在文件夹为起点",
    };
    /// PostgreSQL cannot be read.
    POSTGRES = {
        code: "data-postgres", class: Failed, status: 502,
        en: "source `{source}`: the PostgreSQL query failed", zh: "数据源 `{source}`：PostgreSQL 查询失败",
        hint_en: "try the same query with psql", hint_zh: "请先用 psql 试运行同一查询",
    };
    /// Object storage cannot be read.
    OBJECT_STORE = {
        code: "data-object-store", class: Failed, status: 502,
        en: "source `{source}`: object storage cannot be read", zh: "数据源 `{source}`：无法读取对象存储",
        hint_en: "check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and AWS_ENDPOINT_URL", hint_zh: "请检查 AWS_ACCESS_KEY_ID、AWS_SECRET_ACCESS_KEY、AWS_REGION 和 AWS_ENDPOINT_URL",
    };
    /// A table of ours cannot be read.
    TABLE_READ = {
        code: "data-table-read", class: Failed, status: 500,
        en: "the table `{path}` cannot be read", zh: "无法读取数据表 `{path}`",
        hint_en: "it was written with other keys, or damaged; delete the folder that it lies in and run again", hint_zh: "可能由其他密钥写入或已损坏；请删除其所在的文件夹后重新运行",
    };
    /// A table cannot be written.
    TABLE_WRITE = {
        code: "data-table-write", class: Failed, status: 500,
        en: "cannot write the table `{path}`; nothing was left half written", zh: "无法写入数据表 `{path}`；没有留下写了一半的文件",
        hint_en: "check free disk space and permissions, then run the command again", hint_zh: "请检查磁盘空间和权限，然后重新运行",
    };
    /// A table is asked for in a form that is not written.
    EXPORT_FORMAT = {
        code: "data-export-format", class: Usage, status: 400,
        en: "`{path}` is none of .csv, .jsonl and .parquet", zh: "`{path}` 不是 .csv、.jsonl 或 .parquet",
        hint_en: "name the file by its format", hint_zh: "请用扩展名表明文件格式",
    };
    /// A time that cannot be read.
    SPLIT_TIME = {
        code: "data-split-time", class: Failed, status: 422,
        en: "{count} value(s) of `{column}` are no times, so the rows cannot be ordered by it", zh: "`{column}` 中有 {count} 个取值不是时间，无法据此排序",
        hint_en: "write them as 2026-01-31, 2026-01-31 09:30, 2026/01/31, 2026.1.31, 31.01.2026 or 2026年01月31日; 01/02/2026 could be two days",
        hint_zh: "请写成 2026-01-31、2026-01-31 09:30、2026/01/31、2026.1.31、31.01.2026 或 2026年01月31日；01/02/2026 可能指两个不同日期",
    };
    /// The split leaves a part empty.
    SPLIT_EMPTY = {
        code: "data-split-empty", class: Failed, status: 422,
        en: "the split leaves the part `{part}` without rows", zh: "划分后 `{part}` 部分没有数据行",
        hint_en: "there are {rows} rows in {groups} groups; change the shares, or bring more data", hint_zh: "共有 {rows} 行、{groups} 个分组；请调整比例或增加数据",
    };
    /// A group stands on both sides: a defect that must never ship.
    SPLIT_CROSSED = {
        code: "data-split-crossed", class: Refused, status: 500,
        en: "{count} group(s) stand in more than one part of the split", zh: "有 {count} 个分组同时出现在划分后的多个部分",
        hint_en: "please report it; no model is trained on such a split", hint_zh: "请反馈此问题；不会用这样的划分训练模型",
    };
    /// Near duplicates on both sides: a defect that must never ship.
    SPLIT_NEAR = {
        code: "data-split-near", class: Refused, status: 500,
        en: "{count} pair(s) of near duplicates of `{column}` stand in two parts of the split", zh: "列 `{column}` 中有 {count} 对近似重复的文本分处划分后的两个部分",
        hint_en: "please report it; no model is trained on such a split", hint_zh: "请反馈此问题；不会用这样的划分训练模型",
    };
    /// A rule needs a text column.
    COLUMN_NOT_TEXT = {
        code: "data-column-not-text", class: Usage, status: 422,
        en: "the column `{column}` does not hold text", zh: "列 `{column}` 不是文本列",
        hint_en: "add a cast to text before this rule, or take another column", hint_zh: "请先用 cast 转为 text，或改用其他列",
    };
    /// The evaluation set lacks a column.
    SET_COLUMN = {
        code: "data-set-column", class: Usage, status: 422,
        en: "the evaluation set has no column `{column}`", zh: "评测集没有列 `{column}`",
        hint_en: "its columns: {known}", hint_zh: "其中的列：{known}",
    };
    /// The evaluation set holds nothing to compare with.
    SET_EMPTY = {
        code: "data-set-empty", class: Failed, status: 422,
        en: "the evaluation set `{path}` holds no text of {tokens} tokens, nor a shorter one worth comparing", zh: "评测集 `{path}` 中没有达到 {tokens} 个词元的文本，也没有值得比对的较短文本",
        hint_en: "name its text column with against_column, or take fewer tokens", hint_zh: "请用 against_column 指明文本列，或减小 tokens",
    };
    /// A row of a file that must be read whole.
    ROW_MALFORMED = {
        code: "data-row-malformed", class: Failed, status: 422,
        en: "line {line} of `{path}` is malformed ({count} such lines near it)", zh: "`{path}` 第 {line} 行格式错误（附近共 {count} 行）",
        hint_en: "mend the line, or let a recipe's [clean] set such rows aside", hint_zh: "请修正该行，或通过配方的 [clean] 将此类行隔离",
    };
}
