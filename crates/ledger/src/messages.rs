//! The code table of this room.

ingot_base::messages! {
    /// The ledger's database cannot be opened.
    LEDGER_OPEN = {
        code: "ledger-open", class: Failed, status: 503,
        en: "cannot open the ledger {place}", zh: "无法打开账本 {place}",
        hint_en: "name a SQLite file in a folder you may write, or a `postgres://` URL of a server that runs; another machine is reached with TLS only: `sslrootcert=FILE` in the URL names the authority, `sslmode=disable` goes without",
        hint_zh: "请指定可写文件夹中的 SQLite 文件，或正在运行的服务器的 `postgres://` 地址；连接其他机器必须使用 TLS：可在地址中用 `sslrootcert=文件` 指定证书颁发机构，或用 `sslmode=disable` 明确放弃加密",
    };
    /// A database of another kind.
    LEDGER_SCHEME = {
        code: "ledger-scheme", class: Usage, status: 503,
        en: "a ledger cannot be kept at a `{scheme}://` address", zh: "账本不能存放在 `{scheme}://` 地址",
        hint_en: "name a SQLite file, or a `postgres://` URL", hint_zh: "请指定 SQLite 文件，或 `postgres://` 地址",
    };
    /// The database was written by a newer version.
    LEDGER_NEWER = {
        code: "ledger-newer", class: Refused, status: 503,
        en: "the ledger has format {found}; this program knows formats up to {known}", zh: "账本格式为 {found}，本程序最高支持格式 {known}",
        hint_en: "use the newer version of ingot that wrote it", hint_zh: "请使用写入该账本的较新版本 ingot",
    };
    /// The ledger was made with another pepper: no key of it could ever match.
    LEDGER_PEPPER = {
        code: "ledger-pepper", class: Refused, status: 503,
        en: "the ledger guards its API keys with another pepper", zh: "该账本中的 API 密钥由另一个 pepper（保护密钥）保护",
        hint_en: "pass the pepper or the keys folder that the ledger was made with, or start a new ledger",
        hint_zh: "请使用创建该账本时的 pepper 或密钥文件夹，或者新建账本",
    };
    /// A statement failed: the disk is full, the server is gone.
    LEDGER_WRITE = {
        code: "ledger-write", class: Failed, status: 503,
        en: "the ledger could not be written", zh: "无法写入账本",
        hint_en: "check free disk space and that the database is reachable, then try again", hint_zh: "请检查磁盘空间以及数据库是否可访问，然后重试",
    };
    /// A question to the database failed.
    LEDGER_READ = {
        code: "ledger-read", class: Failed, status: 503,
        en: "the ledger could not be read", zh: "无法读取账本",
        hint_en: "check that the database is reachable, then try again", hint_zh: "请确认数据库可访问，然后重试",
    };
    /// No such key.
    KEY_UNKNOWN = {
        code: "ledger-key-unknown", class: Usage, status: 404,
        en: "there is no API key with the id `{id}`", zh: "没有编号为 `{id}` 的 API 密钥",
        hint_en: "`ingot key list` shows the ids", hint_zh: "可用 `ingot key list` 查看所有编号",
    };
    /// A new key's name or tenant cannot be listed.
    KEY_NAME = {
        code: "ledger-key-name", class: Usage, status: 422,
        en: "an API key's name and tenant must have 1 to 200 printable characters", zh: "API 密钥的名称和租户须为 1 至 200 个可显示字符",
        hint_en: "", hint_zh: "",
    };
    /// A new key that may do nothing.
    KEY_SCOPES = {
        code: "ledger-key-scopes", class: Usage, status: 422,
        en: "an API key needs at least one scope", zh: "API 密钥至少需要一项权限",
        hint_en: "scopes are: predict, explain, metrics, admin", hint_zh: "可用权限：predict、explain、metrics、admin",
    };
    /// A new key that would have ended before it began.
    KEY_EXPIRY = {
        code: "ledger-key-expiry", class: Usage, status: 422,
        en: "the API key would have expired already", zh: "该 API 密钥的到期时间已过",
        hint_en: "choose a time in the future", hint_zh: "请选择将来的时间",
    };
    /// A rate that lets nothing through.
    KEY_RATE = {
        code: "ledger-key-rate", class: Usage, status: 422,
        en: "an API key's rate must be at least one request per minute", zh: "API 密钥的速率至少为每分钟 1 次请求",
        hint_en: "leave the rate out for no limit", hint_zh: "不设速率则表示不限",
    };
    /// The token is not a key of this ledger. Says nothing about which part is wrong.
    KEY_INVALID = {
        code: "ledger-key-invalid", class: Refused, status: 401,
        en: "the API key is not valid", zh: "API 密钥无效",
        hint_en: "make one with `ingot key create`", hint_zh: "可用 `ingot key create` 创建密钥",
    };
    /// The key's time is over.
    KEY_EXPIRED = {
        code: "ledger-key-expired", class: Refused, status: 401,
        en: "the API key has expired", zh: "API 密钥已过期",
        hint_en: "ask for a new key", hint_zh: "请申请新的密钥",
    };
    /// The key was revoked.
    KEY_REVOKED = {
        code: "ledger-key-revoked", class: Refused, status: 401,
        en: "the API key is revoked", zh: "API 密钥已被吊销",
        hint_en: "ask for a new key", hint_zh: "请申请新的密钥",
    };
    /// The recording task is gone: the process is ending.
    RECORDER_CLOSED = {
        code: "ledger-recorder-closed", class: Failed, status: 503,
        en: "the ledger takes no more usage: the server is ending", zh: "账本不再接收用量记录：服务器正在停止",
        hint_en: "send the request again", hint_zh: "请重新发送请求",
    };
}
