//! Alert rules: what a person on call must hear about, and in both languages what it means.

use super::MonitoringOptions;
use std::fmt::Write as _;

/// The file's name, as `prometheus.yml` refers to it.
pub(super) const FILE: &str = "ingot-rules.yml";

struct Alert {
    name: &'static str,
    expression: String,
    lasting: &'static str,
    severity: &'static str,
    summary: &'static str,
    zh: &'static str,
}

/// The rules file.
pub(super) fn rules(options: &MonitoringOptions) -> String {
    let mut text = format!("groups:\n  - name: {}\n    rules:\n", options.job());
    for alert in alerts(options) {
        let _ = write!(
            text,
            "      - alert: {name}
        expr: |-
          {expression}
        for: {lasting}
        labels:
          severity: {severity}
          model: {model}
        annotations:
          summary: \"{summary}\"
          description: \"{zh}\"
",
            name = alert.name,
            expression = alert.expression,
            lasting = alert.lasting,
            severity = alert.severity,
            model = options.subject.name(),
            summary = alert.summary,
            zh = alert.zh,
        );
    }
    text
}

/// Every expression, for the test that compares them with the metrics.
#[cfg(test)]
pub(super) fn expressions(options: &MonitoringOptions) -> Vec<String> {
    alerts(options).into_iter().map(|alert| alert.expression).collect()
}

fn alerts(options: &MonitoringOptions) -> Vec<Alert> {
    let mut all = service(options);
    all.extend(quality(options));
    all.extend(process(options));
    all
}

fn service(options: &MonitoringOptions) -> Vec<Alert> {
    let (job, model) = (options.job(), options.subject.name());
    vec![
        Alert {
            name: "IngotDown",
            expression: format!("up{{job=\"{job}\"}} == 0"),
            lasting: "1m",
            severity: "critical",
            summary: "{{ $labels.instance }} does not answer",
            zh: "{{ $labels.instance }} 无法抓取指标，服务可能已停止。",
        },
        Alert {
            name: "IngotModelMissing",
            expression: format!("absent(ingot_model_info{{model=\"{model}\"}})"),
            lasting: "2m",
            severity: "critical",
            summary: "No server has the model loaded",
            zh: "没有任何服务实例加载该模型。",
        },
        Alert {
            name: "IngotErrors",
            expression: format!(
                "sum(rate(ingot_requests_total{{job=\"{job}\",status=~\"5..\"}}[5m])) \
                 / sum(rate(ingot_requests_total{{job=\"{job}\"}}[5m])) > 0.01"
            ),
            lasting: "5m",
            severity: "critical",
            summary: "{{ $value | humanizePercentage }} of requests fail",
            zh: "{{ $value | humanizePercentage }} 的请求以 5xx 失败，超过 1%。",
        },
        Alert {
            name: "IngotSlow",
            expression: format!(
                "histogram_quantile(0.99, sum by (le) \
                 (rate(ingot_request_duration_seconds_bucket{{job=\"{job}\",route=\"/api/predict\"}}[5m]))) > 0.5"
            ),
            lasting: "10m",
            severity: "warning",
            summary: "One request in a hundred takes longer than {{ $value | humanizeDuration }}",
            zh: "预测请求的 99 分位延迟为 {{ $value | humanizeDuration }}，超过 0.5 秒。",
        },
        Alert {
            name: "IngotQueueLong",
            expression: format!(
                "max by (model) (ingot_queue_depth{{job=\"{job}\"}} / ingot_queue_room{{job=\"{job}\"}}) > 0.25"
            ),
            lasting: "2m",
            severity: "warning",
            summary: "{{ $value | humanizePercentage }} of the queue is taken; add replicas",
            zh: "排队位置已占用 {{ $value | humanizePercentage }}，请增加副本。",
        },
        Alert {
            name: "IngotPackageRefused",
            expression: format!("increase(ingot_packages_refused_total{{job=\"{job}\"}}[15m]) > 0"),
            lasting: "0m",
            severity: "critical",
            summary: "{{ $labels.instance }} refused a package; the model before it goes on serving",
            zh: "{{ $labels.instance }} 拒绝加载新的模型包（签名、内容或有效期校验未通过），仍由原来的模型提供服务。",
        },
        Alert {
            name: "IngotRateLimiting",
            expression: format!("sum(rate(ingot_rate_limited_total{{job=\"{job}\"}}[10m])) > 1"),
            lasting: "15m",
            severity: "info",
            summary: "A key's limit, its tokens or a full queue refuse {{ $value | humanize }} requests a second",
            zh: "每秒有 {{ $value | humanize }} 个请求因密钥限流、词元额度用尽或排队已满而被拒绝（429）。",
        },
        Alert {
            name: "IngotLedgerSlow",
            expression: format!(
                "histogram_quantile(0.99, sum by (le) \
                 (rate(ingot_ledger_commit_seconds_bucket{{job=\"{job}\"}}[5m]))) > 0.25"
            ),
            lasting: "10m",
            severity: "warning",
            summary: "Recording usage takes {{ $value | humanizeDuration }}; answers wait for it",
            zh: "用量入账耗时 {{ $value | humanizeDuration }}，应答会因此变慢，请检查账本所在的磁盘或数据库。",
        },
    ]
}

fn quality(options: &MonitoringOptions) -> Vec<Alert> {
    let model = options.subject.name();
    let mean = |range: &str, offset: &str| {
        format!(
            "sum(increase(ingot_prediction_score_sum{{model=\"{model}\"}}[{range}]{offset})) \
             / sum(increase(ingot_prediction_score_count{{model=\"{model}\"}}[{range}]{offset}))"
        )
    };
    vec![
        Alert {
            name: "IngotScoresShifted",
            expression: format!(
                "abs({} - {}) > 0.1 and sum(increase(ingot_prediction_score_count{{model=\"{model}\"}}[1h])) > 500",
                mean("1h", ""),
                mean("1d", " offset 7d"),
            ),
            lasting: "30m",
            severity: "warning",
            summary: "The mean score moved by {{ $value | humanize }} against last week; look at the inputs",
            zh: "平均预测分与上周相比变化了 {{ $value | humanize }}，请检查输入数据是否发生漂移。",
        },
        Alert {
            name: "IngotOneAnswerOnly",
            expression: format!(
                "max(sum by (label) (increase(ingot_predictions_total{{model=\"{model}\"}}[1h]))) \
                 / sum(increase(ingot_predictions_total{{model=\"{model}\"}}[1h])) > 0.99 \
                 and sum(increase(ingot_predictions_total{{model=\"{model}\"}}[1h])) > 500"
            ),
            lasting: "30m",
            severity: "warning",
            summary: "{{ $value | humanizePercentage }} of the answers are the same",
            zh: "{{ $value | humanizePercentage }} 的预测结果完全相同，模型或输入可能有问题。",
        },
        Alert {
            name: "IngotVersionsDiffer",
            expression: format!(
                "count(count by (version) (ingot_model_info{{model=\"{model}\"}})) > 1"
            ),
            lasting: "30m",
            severity: "warning",
            summary: "{{ $value }} versions of the model serve at the same time",
            zh: "同时有 {{ $value }} 个模型版本在提供服务，发布可能没有完成。",
        },
    ]
}

fn process(options: &MonitoringOptions) -> Vec<Alert> {
    let job = options.job();
    vec![
        Alert {
            name: "IngotMemoryHigh",
            expression: format!(
                "process_resident_memory_bytes{{job=\"{job}\"}} > 900 * 1024 * 1024"
            ),
            lasting: "10m",
            severity: "warning",
            summary: "{{ $labels.instance }} uses {{ $value | humanize1024 }}B of memory",
            zh: "{{ $labels.instance }} 占用内存 {{ $value | humanize1024 }}B，接近上限。",
        },
        Alert {
            name: "IngotFilesOpen",
            expression: format!("process_open_fds{{job=\"{job}\"}} > 800"),
            lasting: "10m",
            severity: "warning",
            summary: "{{ $labels.instance }} holds {{ $value }} open files and connections",
            zh: "{{ $labels.instance }} 打开了 {{ $value }} 个文件和连接，接近常见上限 1024。",
        },
        Alert {
            name: "IngotBusy",
            expression: format!("rate(process_cpu_seconds_total{{job=\"{job}\"}}[5m]) > 3.5"),
            lasting: "15m",
            severity: "info",
            summary: "{{ $labels.instance }} keeps {{ $value | humanize }} cores busy",
            zh: "{{ $labels.instance }} 持续占用 {{ $value | humanize }} 个核心。",
        },
        Alert {
            name: "IngotRestarting",
            expression: format!("changes(process_start_time_seconds{{job=\"{job}\"}}[15m]) > 2"),
            lasting: "0m",
            severity: "critical",
            summary: "{{ $labels.instance }} restarted {{ $value }} times in 15 minutes",
            zh: "{{ $labels.instance }} 在 15 分钟内重启了 {{ $value }} 次。",
        },
    ]
}
