//! What this room says to a person.

ingot_base::messages! {
    /// Certificate, key or authority cannot be used.
    IDENTITY = {
        code: "cluster-identity", class: Usage, status: 422,
        en: "the cluster's certificates in `{folder}` cannot be used for the role {role}", zh: "`{folder}` 中的集群证书无法用于角色 {role}",
        hint_en: "make a set with `ingot cluster certificates` and give every machine its part", hint_zh: "请用 `ingot cluster certificates` 生成一套证书，并把对应文件放到各台机器",
    };
    /// Certificates cannot be made.
    CERTIFICATES = {
        code: "cluster-certificates", class: Failed, status: 500,
        en: "certificates for `{host}` cannot be made", zh: "无法为 `{host}` 生成证书",
        hint_en: "name the scheduler by a host name or an IP address", hint_zh: "请用主机名或 IP 地址指定调度器",
    };
    /// The scheduler cannot listen.
    LISTEN = {
        code: "cluster-listen", class: Failed, status: 500,
        en: "cannot listen on {address}", zh: "无法监听 {address}",
        hint_en: "choose a free address of this machine", hint_zh: "请选择本机上空闲的地址",
    };
    /// The scheduler cannot be reached, or does not trust the caller.
    UNREACHABLE = {
        code: "cluster-unreachable", class: Failed, status: 503,
        en: "the cluster's scheduler at {address} cannot be reached", zh: "无法连接集群调度器 {address}",
        hint_en: "start it with `ingot cluster scheduler`; both sides need certificates of the same set", hint_zh: "请用 `ingot cluster scheduler` 启动；双方必须使用同一套证书",
    };
    /// The scheduler is tried again.
    RETRIED = {
        code: "cluster-retried", class: Failed, status: 503,
        en: "the cluster's scheduler at {address} cannot be reached or refuses this executor; it is tried again", zh: "无法连接集群调度器 {address}，或其拒绝了本执行器；将继续重试",
        hint_en: "both sides need certificates of the same set, each of its own role; the scheduler's log says what it refused", hint_zh: "双方必须使用同一套证书，且各用其角色的证书；调度器的日志会说明拒绝原因",
    };
    /// Two programs that may not give the same results.
    VERSION = {
        code: "cluster-version", class: Failed, status: 409,
        en: "the cluster runs version {theirs} of the program, this is {ours}", zh: "集群运行的程序版本为 {theirs}，本程序为 {ours}",
        hint_en: "run the same program on every machine: another version may give other digests", hint_zh: "请在所有机器上运行同一版本：版本不同，摘要可能不同",
    };
    /// The connection to the scheduler ended before the work did.
    LOST = {
        code: "cluster-lost", class: Failed, status: 503,
        en: "the connection to the cluster's scheduler at {address} was lost before the work was done", zh: "任务完成之前，与集群调度器 {address} 的连接已中断",
        hint_en: "run the same command again: nothing half done was kept", hint_zh: "请重新运行同一命令：未完成的结果不会保留",
    };
    /// Nobody does the work.
    IDLE = {
        code: "cluster-idle", class: Failed, status: 503,
        en: "the cluster at {address} has had no executor for {seconds} seconds", zh: "集群 {address} 已有 {seconds} 秒没有执行器",
        hint_en: "start some with `ingot cluster executor`", hint_zh: "请用 `ingot cluster executor` 启动执行器",
    };
}
