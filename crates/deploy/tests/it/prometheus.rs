//! A real Prometheus reads the written configuration, scrapes an exporter of the listed metrics, and evaluates every rule and
//! every query of the dashboard.

use crate::tools::tool;
use ingot_deploy::metrics::{Kind, METRICS, Metric};
use ingot_deploy::{MonitoringOptions, Subject, monitoring};
use serde_json::Value;
use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// What the server would export: every metric once, with every label.
fn exposition() -> String {
    let mut text = String::new();
    for Metric { name, kind, labels } in METRICS {
        let labels = labels.iter().map(|label| format!("{label}=\"{}\"", value(label)));
        let labels = labels.collect::<Vec<_>>().join(",");
        let with = |extra: &str| match (labels.as_str(), extra) {
            ("", "") => String::new(),
            (labels, "") => format!("{{{labels}}}"),
            ("", extra) => format!("{{{extra}}}"),
            (labels, extra) => format!("{{{labels},{extra}}}"),
        };
        let _ = match kind {
            Kind::Counter => writeln!(text, "# TYPE {name} counter\n{name}{} 7", with("")),
            Kind::Gauge => writeln!(text, "# TYPE {name} gauge\n{name}{} 7", with("")),
            Kind::Histogram => writeln!(
                text,
                "# TYPE {name} histogram\n{name}_bucket{} 7\n{name}_bucket{} 9\n{name}_sum{} 3.5\n{name}_count{} 9",
                with("le=\"0.5\""),
                with("le=\"+Inf\""),
                with(""),
                with("")
            ),
        };
    }
    text
}

fn value(label: &str) -> &str {
    match label {
        "route" => "/api/predict",
        "status" => "200",
        "model" => "credit-risk",
        "version" => "1.0.0",
        _ => "good",
    }
}

/// Answers every request with the exposition, until the process ends.
fn exporter() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let body = exposition();
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nConnection: close\r\n\
                 Content-Length: {}\r\n\r\n{body}",
                body.len()
            );
        }
    });
    address
}

/// Ended by its own id.
struct Prometheus {
    child: Child,
    address: SocketAddr,
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Prometheus {
    /// The `data` of an answer of its API; `None` while it does not answer.
    fn ask(&self, path: &str) -> Option<Value> {
        let mut stream = TcpStream::connect(self.address).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        write!(stream, "GET {path} HTTP/1.0\r\nHost: {}\r\n\r\n", self.address).ok()?;
        let mut text = String::new();
        stream.read_to_string(&mut text).ok()?;
        let (_, body) = text.split_once("\r\n\r\n")?;
        let answer: Value = serde_json::from_str(body).ok()?;
        assert_eq!(answer["status"], "success", "{path}: {answer}");
        Some(answer["data"].clone())
    }

    fn query(&self, expression: &str) -> Value {
        let mut escaped = String::new();
        for byte in expression.bytes() {
            let _ = write!(escaped, "%{byte:02X}");
        }
        self.ask(&format!("/api/v1/query?query={escaped}")).unwrap_or_default()["result"].clone()
    }

    fn wait(&self, what: &str, done: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        while !done(self) {
            assert!(begun.elapsed() < Duration::from_secs(90), "Prometheus: {what} did not happen");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

#[test]
fn a_real_prometheus_scrapes_and_answers_every_query() {
    let Some(mut command) = tool("prometheus") else { return };
    let mut options = MonitoringOptions::new(Subject::new("credit-risk", "1.0.0").unwrap());
    options.targets = vec![exporter().to_string()];
    let files: Vec<(String, String)> = monitoring(&options)
        .unwrap()
        .into_iter()
        .map(|(name, text)| (name, text.replace("_interval: 15s", "_interval: 1s")))
        .collect();
    let folder = tempfile::tempdir().unwrap();
    ingot_deploy::write(folder.path(), &files).unwrap();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let child = command
        .arg("--config.file=prometheus.yml")
        .arg("--storage.tsdb.path=data")
        .arg(format!("--web.listen-address={address}"))
        .current_dir(&folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let prometheus = Prometheus { child, address };

    prometheus
        .wait("a scrape", |one| one.query("up{job=\"ingot-credit-risk\"}")[0]["value"][1] == "1");
    // Two scrapes, so that rates exist, and one evaluation of the rules.
    prometheus.wait("a second scrape", |one| {
        one.query("count_over_time(ingot_model_info[5m]) > 1")[0].is_object()
    });
    prometheus.wait("the rules' evaluation", |one| {
        let rules = one.ask("/api/v1/rules").unwrap_or_default()["groups"][0]["rules"].clone();
        rules.as_array().is_some_and(|rules| {
            rules.len() > 10 && rules.iter().all(|rule| rule["health"] == "ok")
        })
    });

    let dashboard: Value = serde_json::from_str(&files[2].1).unwrap();
    let mut asked = 0;
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().unwrap_or(&Vec::new()) {
            let expression = target["expr"].as_str().unwrap();
            let filled = expression
                .replace("$__rate_interval", "1m")
                .replace("$job", "ingot-credit-risk")
                .replace("$model", "credit-risk");
            let result = prometheus.query(&filled);
            // Nothing was scraped a week ago; everything else has an answer.
            let expected = !filled.contains("offset 7d");
            assert_eq!(result[0].is_object(), expected, "{}: {filled}\n{result}", panel["title"]);
            asked += 1;
        }
    }
    assert!(asked > 15, "{asked} queries");
}
