//! What deployment can say went wrong.

ingot_base::messages! {
    /// The name of the model gives no usable name for an image or a Kubernetes object.
    NAME_UNUSABLE = {
        code: "deploy-name-unusable", class: Usage, status: 422,
        en: "`{name}` cannot name an image or a Kubernetes object",
        zh: "`{name}` 不能用作镜像或 Kubernetes 对象的名称",
        hint_en: "give the model a name with at least one Latin letter in `project.name`, at most 40 characters",
        hint_zh: "请在 `project.name` 中使用至少含一个拉丁字母、不超过 40 个字符的名称",
    };
    /// The version of the model gives no usable image tag.
    VERSION_UNUSABLE = {
        code: "deploy-version-unusable", class: Usage, status: 422,
        en: "version `{version}` cannot be an image tag",
        zh: "版本号 `{version}` 不能用作镜像标签",
        hint_en: "use letters, digits, `.`, `_` and `-`, beginning with a letter or digit, at most 60 characters",
        hint_zh: "只能使用字母、数字、`.`、`_` 和 `-`，以字母或数字开头，且不超过 60 个字符",
    };
    /// The file given as the program is not one that can run in an image.
    BINARY_UNUSABLE = {
        code: "deploy-binary-unusable", class: Usage, status: 422,
        en: "`{path}` is not a 64-bit Linux program for x86-64 or arm64",
        zh: "`{path}` 不是适用于 x86-64 或 arm64 的 64 位 Linux 程序",
        hint_en: "pass the `ingot` program built for the machines that will run the image",
        hint_zh: "请指定为目标机器编译的 `ingot` 程序",
    };
    /// A shared library that the program links is nowhere on this machine.
    LIBRARY_MISSING = {
        code: "deploy-library-missing", class: Failed, status: 500,
        en: "the shared library `{library}`, needed by `{needed_by}`, is not on this machine",
        zh: "本机找不到 `{needed_by}` 所需的共享库 `{library}`",
        hint_en: "install the package that holds it, then run `ldconfig`",
        hint_zh: "请安装包含该库的软件包，然后运行 `ldconfig`",
    };
    /// The folder for the image holds something else.
    OUTPUT_TAKEN = {
        code: "deploy-output-taken", class: Usage, status: 409,
        en: "`{path}` already exists and is not an image layout",
        zh: "`{path}` 已存在，且不是镜像目录",
        hint_en: "choose another output, or remove it first; a name ending in `.tar` gives one file instead of a folder",
        hint_zh: "请换一个输出位置，或先删除它；以 `.tar` 结尾的名称会生成单个文件而不是目录",
    };
    /// A setting of the deployment that cannot be right.
    OPTION_INVALID = {
        code: "deploy-option-invalid", class: Usage, status: 422,
        en: "`{option}` cannot be `{value}`: {why}",
        zh: "`{option}` 不能为 `{value}`：{why}",
        hint_en: "`ingot deploy --help` lists what each option takes",
        hint_zh: "运行 `ingot deploy --help` 查看每个选项的取值范围",
    };
}
