//! A Grafana dashboard: traffic, latency, queue, predictions, ledger, process.

use super::MonitoringOptions;
use serde_json::{Value, json};

struct Panel {
    title: &'static str,
    zh: &'static str,
    kind: &'static str,
    unit: &'static str,
    /// Expression and legend.
    queries: Vec<(String, &'static str)>,
}

/// The dashboard as Grafana imports it.
pub(super) fn dashboard(options: &MonitoringOptions) -> String {
    let mut y = 0;
    let mut id = 0;
    let mut panels = Vec::new();
    for (title, row) in rows() {
        id += 1;
        panels.push(json!({
            "id": id, "type": "row", "title": title, "collapsed": false, "panels": [],
            "gridPos": { "h": 1, "w": 24, "x": 0, "y": y },
        }));
        y += 1;
        let width = 24 / row.len().max(1);
        for (column, panel) in row.iter().enumerate() {
            id += 1;
            panels.push(render(panel, id, [column * width, y, width, 8]));
        }
        y += 8;
    }
    let document = json!({
        "uid": options.job(),
        "title": format!("Ingot · {}", options.subject.name()),
        "description": format!("模型 {} 的运行看板：流量、延迟、排队、预测分布、账本与进程。", options.subject.name()),
        "tags": ["ingot", options.subject.name()],
        "schemaVersion": 39,
        "version": 1,
        "editable": true,
        "timezone": "browser",
        "refresh": "15s",
        "time": { "from": "now-1h", "to": "now" },
        "templating": { "list": variables(options) },
        "panels": panels,
    });
    format!("{document:#}\n")
}

/// Every query, for the test that compares them with the metrics.
#[cfg(test)]
pub(super) fn queries(options: &MonitoringOptions) -> Vec<String> {
    let panels = rows().into_iter().flat_map(|(_, row)| row);
    let mut all: Vec<String> =
        panels.flat_map(|panel| panel.queries.into_iter().map(|(query, _)| query)).collect();
    for variable in variables(options) {
        if let Some(query) = variable.get("query").and_then(Value::as_str)
            && query.starts_with("label_values")
        {
            all.push(query.to_owned());
        }
    }
    all
}

fn variables(options: &MonitoringOptions) -> Vec<Value> {
    let query = |name: &str, label: &str, query: &str, current: &str| {
        json!({
            "name": name, "label": label, "type": "query", "query": query, "refresh": 2,
            "datasource": { "type": "prometheus", "uid": "${source}" },
            "current": { "text": current, "value": current },
        })
    };
    vec![
        json!({ "name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus" }),
        query("job", "Job", "label_values(process_start_time_seconds, job)", &options.job()),
        query("model", "Model", "label_values(ingot_model_info, model)", options.subject.name()),
    ]
}

fn render(panel: &Panel, id: usize, [x, y, w, h]: [usize; 4]) -> Value {
    let source = json!({ "type": "prometheus", "uid": "${source}" });
    let targets: Vec<Value> = panel
        .queries
        .iter()
        .zip('A'..)
        .map(|((query, legend), letter)| {
            json!({
                "refId": letter, "expr": query, "legendFormat": legend, "datasource": source,
                "range": panel.kind != "stat", "instant": panel.kind == "stat",
            })
        })
        .collect();
    json!({
        "id": id,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.zh,
        "datasource": source,
        "gridPos": { "h": h, "w": w, "x": x, "y": y },
        "fieldConfig": { "defaults": { "unit": panel.unit, "min": 0 }, "overrides": [] },
        "options": {},
        "targets": targets,
    })
}

fn rows() -> Vec<(&'static str, Vec<Panel>)> {
    vec![
        ("Overview · 总览", overview()),
        ("Traffic and latency · 流量与延迟", traffic()),
        ("Queue and batches · 排队与批处理", queue()),
        ("Predictions · 预测", predictions()),
        ("Language models · 语言模型", language()),
        ("Ledger and limits · 账本与限流", ledger()),
        ("Process · 进程", process()),
    ]
}

fn overview() -> Vec<Panel> {
    vec![
        Panel {
            title: "Model versions",
            zh: "正在提供服务的模型版本，以及各版本的实例数。",
            kind: "stat",
            unit: "none",
            queries: vec![(
                r#"count by (version) (ingot_model_info{model="$model"})"#.into(),
                "{{version}}",
            )],
        },
        Panel {
            title: "Requests per second",
            zh: "全部接口当前每秒的请求数。",
            kind: "stat",
            unit: "reqps",
            queries: vec![(r#"sum(rate(ingot_requests_total{job="$job"}[5m]))"#.into(), "")],
        },
        Panel {
            title: "Share of failures",
            zh: "最近 5 分钟以 5xx 结束的请求占比。",
            kind: "stat",
            unit: "percentunit",
            queries: vec![(
                r#"(sum(rate(ingot_requests_total{job="$job",status=~"5.."}[5m])) or vector(0)) / sum(rate(ingot_requests_total{job="$job"}[5m]))"#.into(),
                "",
            )],
        },
        Panel {
            title: "Running for",
            zh: "各实例自启动以来的时间。",
            kind: "stat",
            unit: "s",
            queries: vec![(
                r#"time() - process_start_time_seconds{job="$job"}"#.into(),
                "{{instance}}",
            )],
        },
    ]
}

fn traffic() -> Vec<Panel> {
    let quantile = |q: &str| {
        format!(
            r#"histogram_quantile({q}, sum by (le) (rate(ingot_request_duration_seconds_bucket{{job="$job",model="$model"}}[$__rate_interval])))"#
        )
    };
    vec![
        Panel {
            title: "Requests by route and status",
            zh: "按接口和状态码统计的每秒请求数。",
            kind: "timeseries",
            unit: "reqps",
            queries: vec![(
                r#"sum by (route, status) (rate(ingot_requests_total{job="$job"}[$__rate_interval]))"#.into(),
                "{{route}} {{status}}",
            )],
        },
        Panel {
            title: "Latency",
            zh: "该模型请求耗时的 50、95、99 分位。",
            kind: "timeseries",
            unit: "s",
            queries: vec![(quantile("0.5"), "p50"), (quantile("0.95"), "p95"), (quantile("0.99"), "p99")],
        },
        Panel {
            title: "Latency distribution",
            zh: "请求耗时随时间的分布热力图。",
            kind: "heatmap",
            unit: "s",
            queries: vec![(
                r#"sum by (le) (increase(ingot_request_duration_seconds_bucket{job="$job",model="$model"}[$__rate_interval]))"#.into(),
                "{{le}}",
            )],
        },
    ]
}

fn queue() -> Vec<Panel> {
    vec![
        Panel {
            title: "Waiting rows or requests",
            zh: "各实例等待预测的行数（语言模型为请求数）。",
            kind: "timeseries",
            unit: "short",
            queries: vec![(
                r#"ingot_queue_depth{job="$job",model="$model"}"#.into(),
                "{{instance}}",
            )],
        },
        Panel {
            title: "Connections and requests in flight",
            zh: "各实例打开的连接数和正在处理的请求数。",
            kind: "timeseries",
            unit: "short",
            queries: vec![
                (r#"ingot_connections{job="$job"}"#.into(), "{{instance}} connections"),
                (r#"ingot_requests_in_flight{job="$job"}"#.into(), "{{instance}} requests"),
            ],
        },
        Panel {
            title: "Rows per batch",
            zh: "动态批处理的平均批大小和 95 分位。",
            kind: "timeseries",
            unit: "short",
            queries: vec![
                (
                    r#"sum(rate(ingot_batch_size_sum{job="$job",model="$model"}[$__rate_interval])) / sum(rate(ingot_batch_size_count{job="$job",model="$model"}[$__rate_interval]))"#.into(),
                    "mean",
                ),
                (
                    r#"histogram_quantile(0.95, sum by (le) (rate(ingot_batch_size_bucket{job="$job",model="$model"}[$__rate_interval])))"#.into(),
                    "p95",
                ),
            ],
        },
    ]
}

fn predictions() -> Vec<Panel> {
    vec![
        Panel {
            title: "Predictions by label",
            zh: "各预测结果每秒的数量。",
            kind: "timeseries",
            unit: "short",
            queries: vec![(
                r#"sum by (label) (rate(ingot_predictions_total{model="$model"}[$__rate_interval]))"#.into(),
                "{{label}}",
            )],
        },
        Panel {
            title: "Score distribution",
            zh: "预测分随时间的分布热力图，用于发现数据漂移。",
            kind: "heatmap",
            unit: "none",
            queries: vec![(
                r#"sum by (le) (increase(ingot_prediction_score_bucket{model="$model"}[$__rate_interval]))"#.into(),
                "{{le}}",
            )],
        },
        Panel {
            title: "Mean score against last week",
            zh: "平均预测分与一周前同一时刻的对比。",
            kind: "timeseries",
            unit: "none",
            queries: vec![
                (
                    r#"sum(increase(ingot_prediction_score_sum{model="$model"}[1h])) / sum(increase(ingot_prediction_score_count{model="$model"}[1h]))"#.into(),
                    "now",
                ),
                (
                    r#"sum(increase(ingot_prediction_score_sum{model="$model"}[1h] offset 7d)) / sum(increase(ingot_prediction_score_count{model="$model"}[1h] offset 7d))"#.into(),
                    "a week ago",
                ),
            ],
        },
    ]
}

fn language() -> Vec<Panel> {
    vec![
        Panel {
            title: "Tokens read and written",
            zh: "语言模型每秒读入（提示词）与生成的词元数。",
            kind: "timeseries",
            unit: "short",
            queries: vec![(
                r#"sum by (direction) (rate(ingot_tokens_total{job="$job",model="$model"}[$__rate_interval]))"#.into(),
                "{{direction}}",
            )],
        },
        Panel {
            title: "Found by the guard",
            zh: "最近一小时在提示词与回答中发现的个人信息，以及试图改写指令的提示词数量。",
            kind: "timeseries",
            unit: "short",
            queries: vec![(
                r#"sum by (where) (increase(ingot_guard_findings_total{job="$job"}[1h]))"#.into(),
                "{{where}}",
            )],
        },
    ]
}

fn ledger() -> Vec<Panel> {
    vec![
        Panel {
            title: "Ledger commit",
            zh: "用量入账（组提交）耗时的 50、99 分位。",
            kind: "timeseries",
            unit: "s",
            queries: ["0.5", "0.99"]
                .map(|q| {
                    format!(
                        r#"histogram_quantile({q}, sum by (le) (rate(ingot_ledger_commit_seconds_bucket{{job="$job"}}[$__rate_interval])))"#
                    )
                })
                .into_iter()
                .zip(["p50", "p99"])
                .collect(),
        },
        Panel {
            title: "Held back by limits",
            zh: "每秒以 429 拒绝的请求数（限流、词元额度或排队已满）。",
            kind: "timeseries",
            unit: "reqps",
            queries: vec![(
                r#"sum by (instance) (rate(ingot_rate_limited_total{job="$job"}[$__rate_interval]))"#.into(),
                "{{instance}}",
            )],
        },
        Panel {
            title: "Packages loaded and refused",
            zh: "最近一小时热更新成功的次数，以及被拒绝的模型包数量。",
            kind: "timeseries",
            unit: "short",
            queries: vec![
                (r#"sum(increase(ingot_reloads_total{job="$job"}[1h]))"#.into(), "loaded"),
                (r#"sum(increase(ingot_packages_refused_total{job="$job"}[1h]))"#.into(), "refused"),
            ],
        },
    ]
}

fn process() -> Vec<Panel> {
    vec![
        Panel {
            title: "Processor cores",
            zh: "各实例占用的处理器核心数。",
            kind: "timeseries",
            unit: "short",
            queries: vec![(
                r#"rate(process_cpu_seconds_total{job="$job"}[$__rate_interval])"#.into(),
                "{{instance}}",
            )],
        },
        Panel {
            title: "Memory",
            zh: "各实例的常驻内存。",
            kind: "timeseries",
            unit: "bytes",
            queries: vec![(r#"process_resident_memory_bytes{job="$job"}"#.into(), "{{instance}}")],
        },
        Panel {
            title: "Open files and connections",
            zh: "各实例打开的文件和连接数。",
            kind: "timeseries",
            unit: "short",
            queries: vec![(r#"process_open_fds{job="$job"}"#.into(), "{{instance}}")],
        },
    ]
}
