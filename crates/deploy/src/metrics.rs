//! The metrics that the server exports: the vocabulary of the scrape configuration, the rules and the dashboard.
//!
//! The end-to-end tests compare this list with what a running server answers at `/metrics`.

/// How a metric behaves, as its `# TYPE` line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts in buckets: `_bucket`, `_sum`, `_count`.
    Histogram,
}

/// One metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// Its name as exported (for a histogram without suffix).
    pub name: &'static str,
    /// How it behaves.
    pub kind: Kind,
    /// Its labels, without `le`.
    pub labels: &'static [&'static str],
}

/// Every metric that rules and dashboards may use.
pub const METRICS: &[Metric] = &[
    Metric {
        name: "ingot_requests_total",
        kind: Kind::Counter,
        labels: &["route", "status", "model"],
    },
    Metric {
        name: "ingot_request_duration_seconds",
        kind: Kind::Histogram,
        labels: &["route", "model"],
    },
    Metric { name: "ingot_batch_size", kind: Kind::Histogram, labels: &["model"] },
    Metric { name: "ingot_queue_depth", kind: Kind::Gauge, labels: &["model"] },
    Metric { name: "ingot_queue_room", kind: Kind::Gauge, labels: &["model"] },
    Metric { name: "ingot_model_info", kind: Kind::Gauge, labels: &["model", "version"] },
    Metric { name: "ingot_prediction_score", kind: Kind::Histogram, labels: &["model"] },
    Metric { name: "ingot_predictions_total", kind: Kind::Counter, labels: &["model", "label"] },
    Metric { name: "ingot_tokens_total", kind: Kind::Counter, labels: &["model", "direction"] },
    Metric { name: "ingot_guard_findings_total", kind: Kind::Counter, labels: &["where"] },
    Metric { name: "ingot_rate_limited_total", kind: Kind::Counter, labels: &[] },
    Metric { name: "ingot_reloads_total", kind: Kind::Counter, labels: &[] },
    Metric { name: "ingot_packages_refused_total", kind: Kind::Counter, labels: &[] },
    Metric { name: "ingot_connections", kind: Kind::Gauge, labels: &[] },
    Metric { name: "ingot_requests_in_flight", kind: Kind::Gauge, labels: &[] },
    Metric { name: "ingot_ledger_commit_seconds", kind: Kind::Histogram, labels: &[] },
    Metric { name: "process_cpu_seconds_total", kind: Kind::Counter, labels: &[] },
    Metric { name: "process_resident_memory_bytes", kind: Kind::Gauge, labels: &[] },
    Metric { name: "process_open_fds", kind: Kind::Gauge, labels: &[] },
    Metric { name: "process_start_time_seconds", kind: Kind::Gauge, labels: &[] },
];

/// The names of series that the metrics give: a histogram has three, the others one.
pub fn series() -> impl Iterator<Item = String> {
    METRICS.iter().flat_map(|metric| {
        let suffixes: &[&str] = match metric.kind {
            Kind::Histogram => &["_bucket", "_sum", "_count"],
            Kind::Counter | Kind::Gauge => &[""],
        };
        suffixes.iter().map(|suffix| format!("{}{suffix}", metric.name))
    })
}

/// The metric names that a query selects: every `ingot_…` or `process_…` identifier outside quotes.
pub fn named_in(expression: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (index, part) in expression.split('"').enumerate() {
        if index % 2 == 0 {
            names.extend(
                part.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'))
                    .filter(|word| word.starts_with("ingot_") || word.starts_with("process_"))
                    .map(str::to_owned),
            );
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_names_outside_quotes() {
        let expression =
            r#"sum(rate(ingot_requests_total{route="process_x"}[5m])) / process_open_fds"#;
        assert_eq!(named_in(expression), ["ingot_requests_total", "process_open_fds"]);
        assert!(series().any(|name| name == "ingot_batch_size_bucket"));
    }
}
