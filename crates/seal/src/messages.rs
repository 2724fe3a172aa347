//! What sealing, opening and verifying can say went wrong.

ingot_base::messages! {
    /// A private key file can be read by others than its owner.
    KEY_MODE = {
        code: "seal-key-mode", class: Refused, status: 500,
        en: "the key file `{path}` has mode {mode}: others than its owner may reach it",
        zh: "密钥文件 `{path}` 的权限为 {mode}：所有者以外的人也可访问",
        hint_en: "run `chmod 600 {path}`; if others may have read it, make new keys",
        hint_zh: "请运行 `chmod 600 {path}`；如果可能已被他人读取，请更换密钥",
    };
    /// A key file is not there.
    KEY_MISSING = {
        code: "seal-key-missing", class: Failed, status: 500,
        en: "the key file `{path}` is missing", zh: "缺少密钥文件 `{path}`",
        hint_en: "restore it from your backup, or make new keys in an empty folder with `ingot init --keys-only`",
        hint_zh: "请从备份恢复，或在空目录中用 `ingot init --keys-only` 生成新密钥",
    };
    /// An identity file holds no identity.
    IDENTITY_MALFORMED = {
        code: "seal-identity-malformed", class: Failed, status: 500,
        en: "`{path}` does not hold an age X25519 identity (`AGE-SECRET-KEY-1…`)",
        zh: "`{path}` 中没有有效的 age X25519 身份（`AGE-SECRET-KEY-1…`）",
        hint_en: "restore it from your backup", hint_zh: "请从备份恢复该文件",
    };
    /// A signing key file holds no signing key.
    SIGNING_MALFORMED = {
        code: "seal-signing-malformed", class: Failed, status: 500,
        en: "`{path}` does not hold a P-256 private key (PKCS#8, PEM)", zh: "`{path}` 中没有有效的 P-256 私钥（PKCS#8，PEM）",
        hint_en: "restore it from your backup", hint_zh: "请从备份恢复该文件",
    };
    /// The master key file holds no master key.
    MASTER_MALFORMED = {
        code: "seal-master-malformed", class: Failed, status: 500,
        en: "`{path}` does not hold a master key (64 hex digits)", zh: "`{path}` 中没有有效的主密钥（64 位十六进制数字）",
        hint_en: "restore it from your backup; without it, encrypted columns and tables stay closed",
        hint_zh: "请从备份恢复该文件；没有它，加密的列和数据表将无法打开",
    };
    /// The root key does not open with this master key.
    ENVELOPE = {
        code: "seal-envelope", class: Refused, status: 500,
        en: "`{path}` cannot be opened with this folder's master key", zh: "无法用此文件夹的主密钥打开 `{path}`",
        hint_en: "the two files belong together: restore both from the same backup",
        hint_zh: "这两个文件必须配套：请从同一份备份中一并恢复",
    };
    /// The root key's file is not one.
    ENVELOPE_MALFORMED = {
        code: "seal-envelope-malformed", class: Failed, status: 500,
        en: "`{path}` does not hold an encrypted root key", zh: "`{path}` 中没有有效的加密根密钥",
        hint_en: "restore it from your backup; without it, encrypted columns and tables stay closed",
        hint_zh: "请从备份恢复该文件；没有它，加密的列和数据表将无法打开",
    };
    /// The root key's file is lost.
    DATA_MISSING = {
        code: "seal-data-key-missing", class: Failed, status: 500,
        en: "the key file `{path}` is missing: it holds the root key, and `master.key` beside it does no more than open it",
        zh: "缺少密钥文件 `{path}`：根密钥保存在其中，旁边的 `master.key` 只能用于打开它",
        hint_en: "restore it from your backup, with the `master.key` of the same time; nothing was written. Without it, encrypted columns, tables and records stay closed",
        hint_zh: "请从备份恢复该文件，并使用同一时间的 `master.key`；没有写入任何内容。没有它，加密的列、数据表和记录将无法打开",
    };
    /// Keys exist and would have been overwritten.
    KEYS_EXIST = {
        code: "seal-keys-exist", class: Usage, status: 409,
        en: "`{path}` exists; keys are never overwritten", zh: "`{path}` 已存在；密钥不会被覆盖",
        hint_en: "name another folder, or move the old keys away: without them, what they protect stays closed",
        hint_zh: "请指定其他目录，或先移走旧密钥：没有旧密钥，其保护的内容将无法打开",
    };
    /// A public half does not belong to the private half beside it.
    KEYS_DISAGREE = {
        code: "seal-keys-disagree", class: Refused, status: 500,
        en: "`{public}` does not belong to `{private}`", zh: "`{public}` 与 `{private}` 不配对",
        hint_en: "delete `{public}`; it is written again from the private half",
        hint_zh: "请删除 `{public}`；它会由私钥重新生成",
    };
    /// The text is not a P-256 public key.
    PUBLIC_KEY = {
        code: "seal-public-key", class: Usage, status: 422,
        en: "this is not a P-256 public key in PEM form", zh: "这不是 PEM 格式的 P-256 公钥",
        hint_en: "pass the signer's `signing.pub`; it begins with `-----BEGIN PUBLIC KEY-----`",
        hint_zh: "请使用签名者的 `signing.pub`，其开头为 `-----BEGIN PUBLIC KEY-----`",
    };
    /// The machine gives no randomness.
    RANDOMNESS = {
        code: "seal-randomness", class: Failed, status: 500,
        en: "the system gives no random numbers, so no key can be made", zh: "系统无法提供随机数，因此无法生成密钥",
        hint_en: "check that `getrandom` is allowed here (containers, seccomp)",
        hint_zh: "请确认当前环境允许调用 `getrandom`（容器、seccomp）",
    };
    /// A recipient of the recipe is not an age recipient.
    RECIPIENT = {
        code: "seal-recipient", class: Usage, status: 422,
        en: "recipient number {number} is not an age X25519 recipient", zh: "第 {number} 个接收者不是 age X25519 接收者",
        hint_en: "it is the line `age1…` in the recipient's `recipient.txt`, or what `age-keygen -y` prints",
        hint_zh: "应为接收者 `recipient.txt` 中以 `age1` 开头的一行，或 `age-keygen -y` 的输出",
    };
    /// A file of the package would have an unusable name.
    NAME = {
        code: "seal-name", class: Usage, status: 422,
        en: "{name} cannot be a file of the package", zh: "{name} 不能作为模型包中的文件名",
        hint_en: "use letters, digits, `.`, `_` and `-`, not beginning with a dot, at most 80 characters, each name once",
        hint_zh: "只能使用字母、数字、`.`、`_` 和 `-`，不能以点开头，不超过 80 个字符，且不能重名",
    };
    /// The model's name or version is unusable.
    TITLE = {
        code: "seal-title", class: Usage, status: 422,
        en: "{what} cannot be the name or version of a model", zh: "{what} 不能作为模型的名称或版本",
        hint_en: "use 1 to 100 characters without control characters or slashes",
        hint_zh: "长度为 1 到 100 个字符，不能包含控制字符或斜杠",
    };
    /// A point in time is not one.
    INSTANT = {
        code: "seal-instant", class: Usage, status: 422,
        en: "`{text}` is not a point in time", zh: "`{text}` 不是有效的时间",
        hint_en: "write `2027-12-31` (the licence ends with that day, UTC) or `2027-12-31T18:00:00Z`",
        hint_zh: "请写成 `2027-12-31`（许可在该日结束时到期，UTC）或 `2027-12-31T18:00:00Z`",
    };
    /// A measured figure is not a number.
    FIGURE = {
        code: "seal-figure", class: Failed, status: 500,
        en: "the figure `{name}` is not a finite number, so no bill of materials can state it",
        zh: "指标 `{name}` 不是有限的数值，无法写入物料清单",
        hint_en: "look into the training report: the test data may be too small for this figure",
        hint_zh: "请查看训练报告：测试数据可能太少，无法计算该指标",
    };
    /// A package needs at least one payload.
    EMPTY = {
        code: "seal-empty", class: Usage, status: 422,
        en: "a package needs at least one payload", zh: "模型包至少需要一个载荷",
        hint_en: "", hint_zh: "",
    };
    /// A part is larger than any reader would accept.
    TOO_LARGE = {
        code: "seal-too-large", class: Failed, status: 500,
        en: "{name} has {size} bytes, more than the {limit} that a package may hold there",
        zh: "{name} 有 {size} 字节，超过模型包允许的 {limit} 字节",
        hint_en: "make the report or the model smaller", hint_zh: "请减小报告或模型的大小",
    };
    /// More files than any reader would accept.
    TOO_MANY_FILES = {
        code: "seal-too-many-files", class: Usage, status: 422,
        en: "a package may hold {limit} files at most", zh: "模型包最多只能包含 {limit} 个文件",
        hint_en: "put several reports into one file", hint_zh: "请将多个报告合并为一个文件",
    };
    /// The file ends within a part.
    TRUNCATED = {
        code: "seal-truncated", class: Refused, status: 500,
        en: "the package is cut off: it ends after {size} bytes", zh: "模型包不完整：在第 {size} 字节之后中断",
        hint_en: "copy it again from where it was made", hint_zh: "请从原处重新复制",
    };
    /// Something follows the end of the archive.
    TRAILING = {
        code: "seal-trailing", class: Refused, status: 500,
        en: "{count} bytes follow the end of the package", zh: "模型包结尾之后还有 {count} 字节",
        hint_en: "something was appended: get the package again from its maker", hint_zh: "包尾被追加了内容：请向制作者重新索取",
    };
    /// The archive's header is not in the one form that Ingot writes.
    HEADER = {
        code: "seal-header", class: Refused, status: 500,
        en: "the header at byte {at} is not as Ingot writes it", zh: "第 {at} 字节处的文件头与 Ingot 写入的格式不符",
        hint_en: "the file was changed, or packed again by another tool: get the package again from its maker",
        hint_zh: "文件被修改，或被其他工具重新打包：请向制作者重新索取",
    };
    /// Padding holds something.
    PADDING = {
        code: "seal-padding", class: Refused, status: 500,
        en: "the padding at byte {at} is not empty", zh: "第 {at} 字节处的填充区不为空",
        hint_en: "the file was changed: get the package again from its maker", hint_zh: "文件被修改：请向制作者重新索取",
    };
    /// A path that would lead out of the package, or that other tools read differently.
    PATH = {
        code: "seal-path", class: Refused, status: 500,
        en: "the package holds the unsafe path {name}", zh: "模型包中含有不安全的路径 {name}",
        hint_en: "Ingot never writes such paths: do not unpack this file with any tool",
        hint_zh: "Ingot 不会写入这样的路径：请勿用任何工具解包此文件",
    };
    /// A link.
    LINK = {
        code: "seal-link", class: Refused, status: 500,
        en: "the package holds the link {name}", zh: "模型包中含有链接 {name}",
        hint_en: "Ingot never writes links: do not unpack this file with any tool", hint_zh: "Ingot 不会写入链接：请勿用任何工具解包此文件",
    };
    /// A folder entry, device or other thing that is no file.
    KIND = {
        code: "seal-kind", class: Refused, status: 500,
        en: "{name} in the package is not a plain file", zh: "模型包中的 {name} 不是普通文件",
        hint_en: "get the package again from its maker", hint_zh: "请向制作者重新索取",
    };
    /// A name twice.
    DUPLICATE = {
        code: "seal-duplicate", class: Refused, status: 500,
        en: "the package holds {name} twice", zh: "模型包中 {name} 出现了两次",
        hint_en: "tools differ in which one they take: get the package again from its maker",
        hint_zh: "不同工具会取不同的一份：请向制作者重新索取",
    };
    /// Files in another order.
    ORDER = {
        code: "seal-order", class: Refused, status: 500,
        en: "{name} stands at the wrong place in the package", zh: "{name} 在模型包中的位置不对",
        hint_en: "the file was packed again by another tool: get the package again from its maker",
        hint_zh: "文件被其他工具重新打包：请向制作者重新索取",
    };
    /// A part is larger than allowed.
    OVERSIZED = {
        code: "seal-oversized", class: Refused, status: 500,
        en: "{name} claims {size} bytes, more than the {limit} allowed", zh: "{name} 声明的大小为 {size} 字节，超过允许的 {limit} 字节",
        hint_en: "get the package again from its maker", hint_zh: "请向制作者重新索取",
    };
    /// Too many files.
    TOO_MANY = {
        code: "seal-too-many", class: Refused, status: 500,
        en: "the package holds more than {limit} files", zh: "模型包中的文件超过 {limit} 个",
        hint_en: "get the package again from its maker", hint_zh: "请向制作者重新索取",
    };
    /// Neither a file nor a folder.
    NOT_PACKAGE = {
        code: "seal-not-package", class: Refused, status: 500,
        en: "`{path}` is neither a package file nor an unpacked package", zh: "`{path}` 既不是模型包文件，也不是解包后的目录",
        hint_en: "packages are named `NAME-VERSION.ingot`; if it should be one, copy it again from where it was made", hint_zh: "模型包的文件名形如 `NAME-VERSION.ingot`；若应为模型包，请从原处重新复制",
    };
    /// A format of the future, or never released.
    FORMAT_UNSUPPORTED = {
        code: "seal-format-unsupported", class: Refused, status: 500,
        en: "the package has format {found}; this Ingot reads format {known}", zh: "模型包的格式版本为 {found}；当前 Ingot 只支持格式 {known}",
        hint_en: "use a newer Ingot, or ask for a package in format {known}", hint_zh: "请使用更新的 Ingot，或索取格式 {known} 的模型包",
    };
    /// The manifest cannot be read, or disagrees with the files.
    MANIFEST = {
        code: "seal-manifest", class: Refused, status: 500,
        en: "`manifest.json` is damaged (at {place})", zh: "`manifest.json` 已损坏（位置：{place}）",
        hint_en: "get the package again from its maker", hint_zh: "请向制作者重新索取",
    };
    /// The lineage or another document cannot be read.
    DOCUMENT = {
        code: "seal-document", class: Refused, status: 500,
        en: "`{name}` is damaged: it is not JSON", zh: "`{name}` 已损坏：不是有效的 JSON",
        hint_en: "get the package again from its maker", hint_zh: "请向制作者重新索取",
    };
    /// No signature.
    SIGNATURE_MISSING = {
        code: "seal-signature-missing", class: Refused, status: 500,
        en: "the package is not signed: it holds no `model.sig`", zh: "模型包没有签名：缺少 `model.sig`",
        hint_en: "accept only signed packages: get it again from its maker", hint_zh: "请只接受已签名的模型包：向制作者重新索取",
    };
    /// The signature file is not in the one form that Ingot writes.
    SIGNATURE_MALFORMED = {
        code: "seal-signature-malformed", class: Refused, status: 500,
        en: "`model.sig` is damaged (at {place})", zh: "`model.sig` 已损坏（位置：{place}）",
        hint_en: "get the package again from its maker", hint_zh: "请向制作者重新索取",
    };
    /// Signed by a key that is not trusted here.
    SIGNER_UNKNOWN = {
        code: "seal-signer-unknown", class: Refused, status: 500,
        en: "the package is signed by a key that you do not trust (fingerprint {fingerprint})",
        zh: "模型包由您未信任的密钥签名（指纹 {fingerprint}）",
        hint_en: "if you know the signer, ask them for `sha256sum signing.pub` by another way; if it is this fingerprint, pass that file as `--public-key`",
        hint_zh: "如果您认识签名者，请通过其他渠道向其索取 `sha256sum signing.pub` 的结果；若与此指纹一致，再用 `--public-key` 指定该文件",
    };
    /// The signature does not belong to the statement.
    SIGNATURE_INVALID = {
        code: "seal-signature-invalid", class: Refused, status: 500,
        en: "the signature is false: `model.sig` names a key you trust, but that key did not sign this statement",
        zh: "签名无效：`model.sig` 声称由您信任的密钥签名，但该密钥并未签署此声明",
        hint_en: "somebody changed the package: get it again from its maker, and tell them",
        hint_zh: "模型包被人篡改：请向制作者重新索取，并告知此事",
    };
    /// What was signed is not a statement that Ingot accepts.
    STATEMENT = {
        code: "seal-statement", class: Refused, status: 500,
        en: "what the signature covers is not the complete list of files that Ingot signs (see {place})", zh: "签名所覆盖的内容不是 Ingot 所签署的完整文件清单（见 {place}）",
        hint_en: "sign with `ingot seal`; other settings of other signing tools are not accepted",
        hint_zh: "请用 `ingot seal` 签名；不接受其他签名工具的其他设置",
    };
    /// A file differs from what was signed.
    FILE_CHANGED = {
        code: "seal-file-changed", class: Refused, status: 500,
        en: "{name} was changed after the package was signed", zh: "{name} 在签名之后被修改",
        hint_en: "get the package again from its maker", hint_zh: "请向制作者重新索取",
    };
    /// A file that was not signed.
    FILE_ADDED = {
        code: "seal-file-added", class: Refused, status: 500,
        en: "{name} was added after the package was signed", zh: "{name} 是在签名之后添加的",
        hint_en: "get the package again from its maker; an unpacked folder must hold nothing else",
        hint_zh: "请向制作者重新索取；解包后的目录中不能有其他文件",
    };
    /// A signed file is not there.
    FILE_REMOVED = {
        code: "seal-file-removed", class: Refused, status: 500,
        en: "{name} was removed from the package", zh: "{name} 已从模型包中删除",
        hint_en: "get the package again from its maker", hint_zh: "请向制作者重新索取",
    };
    /// The licence is over.
    LICENCE_EXPIRED = {
        code: "seal-licence-expired", class: Refused, status: 500,
        en: "the licence of {name} {version} expired at {expires}", zh: "{name} {version} 的许可已于 {expires} 到期",
        hint_en: "ask its maker for a package with a new licence", hint_zh: "请向制作者索取带有新许可的模型包",
    };
    /// A package that its maker took back.
    REVOKED = {
        code: "seal-revoked", class: Refused, status: 500,
        en: "{name} {version} was revoked at {at}", zh: "{name} {version} 已于 {at} 被撤销",
        hint_en: "use the package that replaces it; `revoked.json` in its folder lists what is revoked",
        hint_zh: "请使用替代它的模型包；同一文件夹中的 `revoked.json` 列出了已撤销的包",
    };
    /// A list of revoked packages that nobody can read.
    REVOCATIONS = {
        code: "seal-revocations", class: Refused, status: 500,
        en: "`{path}` is not a list of revoked packages, or cannot be read", zh: "`{path}` 不是有效的撤销列表，或无法读取",
        hint_en: "get it again from the packages' maker; without it nobody can tell what is revoked, so nothing beside it is used",
        hint_zh: "请向模型包的制作者重新获取；否则无法判断哪些包已被撤销，因此同一文件夹中的包都不会被使用",
    };
    /// A payload that is not in the package.
    PAYLOAD_UNKNOWN = {
        code: "seal-payload-unknown", class: Failed, status: 500,
        en: "the package has no payload {name}", zh: "模型包中没有载荷 {name}",
        hint_en: "it has: {known}", hint_zh: "现有的载荷：{known}",
    };
    /// The identity opens none of the payload's locks.
    NOT_FOR_YOU = {
        code: "seal-not-for-you", class: Refused, status: 500,
        en: "{name} is not encrypted for this identity", zh: "{name} 不是为此身份加密的",
        hint_en: "name the right identity file, or ask the maker to add your recipient (`recipient.txt`) to `seal.recipients`",
        hint_zh: "请指定正确的身份文件，或请制作者把您的接收者（`recipient.txt`）加入 `seal.recipients`",
    };
    /// The payload cannot be decrypted although it is for this identity, or is not what the manifest says.
    PAYLOAD_DAMAGED = {
        code: "seal-payload-damaged", class: Refused, status: 500,
        en: "{name} is damaged: its content is not what the manifest says", zh: "{name} 已损坏：其内容与清单不符",
        hint_en: "get the package again from its maker", hint_zh: "请向制作者重新索取",
    };
}

#[cfg(test)]
mod tests {
    use super::MESSAGES;
    use ingot_base::fault::placeholders;

    #[test]
    fn both_languages_take_the_same_arguments_and_codes_are_ours() {
        for message in MESSAGES {
            assert_eq!(placeholders(message.en), placeholders(message.zh), "{}", message.code);
            assert_eq!(
                placeholders(message.hint_en),
                placeholders(message.hint_zh),
                "{}",
                message.code
            );
            assert!(message.code.starts_with("seal-"), "{}", message.code);
            assert_eq!(MESSAGES.iter().filter(|other| other.code == message.code).count(), 1);
        }
    }
}
