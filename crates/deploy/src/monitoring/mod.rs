//! Prometheus and Grafana configuration over the metrics in [`crate::metrics`].

mod dashboard;
mod rules;

use crate::image::PORT;
use crate::kubernetes::pods_name;
use crate::{Files, Subject, messages};
use ingot_base::{Fault, Result};
use std::fmt::Write as _;

/// What the configuration needs to know beside the model.
#[derive(Debug, Clone)]
pub struct MonitoringOptions {
    /// Name and version of the model.
    pub subject: Subject,
    /// Addresses (`host:port`) to scrape; empty when the cluster tells them.
    pub targets: Vec<String>,
    /// Kubernetes namespace in which pods are discovered; `None` scrapes `targets` alone.
    pub namespace: Option<String>,
    /// Whether the server speaks TLS itself.
    pub https: bool,
    /// File with an API key of scope `metrics`, as Prometheus sees it; `None` when `/metrics` is open.
    pub key_file: Option<String>,
}

impl MonitoringOptions {
    /// The defaults: one server on loopback, plain HTTP, `/metrics` open.
    pub fn new(subject: Subject) -> Self {
        Self {
            subject,
            targets: vec!["127.0.0.1:5000".to_owned()],
            namespace: None,
            https: false,
            key_file: None,
        }
    }

    fn check(&self) -> Result<()> {
        let plain = |text: &str| text.chars().all(|c| !c.is_control() && !"\"\\'".contains(c));
        let wrong = self
            .targets
            .iter()
            .map(|target| ("target", target))
            .chain(self.namespace.iter().map(|namespace| ("namespace", namespace)))
            .chain(self.key_file.iter().map(|file| ("key-file", file)))
            .find(|(_, value)| value.is_empty() || !plain(value));
        match wrong {
            Some((option, value)) => Err(Fault::new(&messages::OPTION_INVALID)
                .arg("option", option)
                .arg("value", value.escape_debug())
                .arg("why", "quotes and control characters have no place in it")),
            None => Ok(()),
        }
    }

    /// The scrape job's name, also the value of the `job` label.
    fn job(&self) -> String {
        format!("ingot-{}", self.subject.slug())
    }
}

/// Writes `prometheus.yml`, the alert rules it loads, and a Grafana dashboard to import.
///
/// # Errors
/// When an option cannot stand in a configuration file.
pub fn monitoring(options: &MonitoringOptions) -> Result<Files> {
    options.check()?;
    Ok(vec![
        ("prometheus.yml".to_owned(), scrape(options)),
        (rules::FILE.to_owned(), rules::rules(options)),
        ("grafana-dashboard.json".to_owned(), dashboard::dashboard(options)),
    ])
}

fn scrape(options: &MonitoringOptions) -> String {
    let mut text = format!(
        "global:
  scrape_interval: 15s
  evaluation_interval: 15s

rule_files:
  - {rules}

scrape_configs:
  - job_name: {job}
    metrics_path: /metrics
    scheme: {scheme}
",
        rules = rules::FILE,
        job = options.job(),
        scheme = if options.https { "https" } else { "http" },
    );
    if let (true, Some(namespace)) = (options.https, &options.namespace) {
        // Pods are reached by address; their certificate carries the Service's name.
        let slug = options.subject.slug();
        let _ = write!(text, "    tls_config:\n      server_name: {slug}.{namespace}.svc\n");
    }
    if let Some(file) = &options.key_file {
        let _ = write!(
            text,
            "    # `ingot key create --name prometheus --scopes metrics`
    authorization:
      type: Bearer
      credentials_file: \"{file}\"
"
        );
    }
    if !options.targets.is_empty() {
        text.push_str("    static_configs:\n      - targets:\n");
        for target in &options.targets {
            let _ = writeln!(text, "          - \"{target}\"");
        }
    }
    if let Some(namespace) = &options.namespace {
        let name = pods_name(options.subject.slug());
        let _ = write!(text, "    # Every pod by the headless Service: Prometheus needs no right in the cluster for this.
    dns_sd_configs:
      - names: [\"{name}.{namespace}.svc\"]
        type: A
        port: {PORT}
        refresh_interval: 15s
");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics;
    use std::collections::BTreeSet;

    fn options() -> MonitoringOptions {
        MonitoringOptions::new(Subject::new("credit-risk", "1.0.0").unwrap())
    }

    #[test]
    fn every_query_names_an_exported_series_and_every_metric_is_used() {
        let known: BTreeSet<String> = metrics::series().collect();
        let mut used = BTreeSet::new();
        let dashboard = dashboard::queries(&options());
        let rules = rules::expressions(&options());
        for expression in dashboard.iter().chain(&rules) {
            let names = metrics::named_in(expression);
            assert!(!names.is_empty() || expression.starts_with("up{"), "{expression}");
            for name in names {
                assert!(known.contains(&name), "`{name}` is not exported: {expression}");
                used.insert(name);
            }
        }
        for metric in metrics::METRICS {
            assert!(
                used.iter().any(|name| name.starts_with(metric.name)),
                "{} unused",
                metric.name
            );
        }
    }

    #[test]
    fn quotes_do_not_break_out() {
        let mut options = options();
        options.key_file = Some("a\"\nscheme: https".into());
        assert_eq!(monitoring(&options).unwrap_err().code(), "deploy-option-invalid");
    }
}
