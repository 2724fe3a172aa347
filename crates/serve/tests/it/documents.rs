//! Metrics, the OpenAPI document, the page.

use crate::support::{Server, row};
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[test]
fn metrics_count_what_was_answered() {
    let server = Server::start();
    for age in [20.0, 30.0, 80.0] {
        server.post("/api/predict", &row(age));
    }
    server.post("/api/predict", &json!({}));
    server.get("/nowhere");
    let page = server.get("/metrics");
    assert_eq!(page.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let text = page.text();
    for line in [
        "ingot_requests_total{route=\"/api/predict\",status=\"200\",model=\"made-up\"} 3",
        "ingot_requests_total{route=\"/api/predict\",status=\"422\",model=\"made-up\"} 1",
        "ingot_requests_total{route=\"other\",status=\"404\",model=\"\"} 1",
        "ingot_request_duration_seconds_count{route=\"/api/predict\",model=\"made-up\"} 4",
        "ingot_predictions_total{model=\"made-up\",label=\"good\"} 2",
        "ingot_predictions_total{model=\"made-up\",label=\"bad\"} 1",
        "ingot_prediction_score_bucket{model=\"made-up\",le=\"0.3\"} 1",
        "ingot_prediction_score_count{model=\"made-up\"} 3",
        "ingot_batch_size_bucket{model=\"made-up\",le=\"1\"} 3",
        "ingot_queue_depth{model=\"made-up\"} 0",
        "ingot_model_info{model=\"made-up\",version=\"1.0.0\"} 1",
        "ingot_requests_in_flight 1",
    ] {
        assert!(text.lines().any(|known| known == line), "{line}\n{text}");
    }
    assert!(!text.contains("nowhere"), "raw paths are no labels");
    for name in [
        "ingot_ledger_commit_seconds_bucket",
        "ingot_rate_limited_total",
        "process_cpu_seconds_total",
        "process_resident_memory_bytes",
        "process_open_fds",
        "process_start_time_seconds",
    ] {
        assert!(text.contains(&format!("\n{name}")), "{name}");
    }
    let heads: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
    let unique: BTreeSet<&str> = heads.iter().copied().collect();
    assert_eq!(heads.len(), unique.len());
}

/// Every `$ref` of a document.
fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(to)) = members.get("$ref") {
                found.insert(to.clone());
            }
            members.values().for_each(|member| references(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[test]
fn the_document_is_made_from_the_signature_and_its_examples_work() {
    let server = Server::start();
    let document = server.get("/openapi.json").json();
    assert_eq!(document["openapi"], "3.1.0");
    let row = &document["components"]["schemas"]["Row1"];
    assert_eq!(row["required"], json!(["age", "job", "owner"]));
    assert_eq!(row["additionalProperties"], false);
    assert_eq!(row["properties"]["job"]["type"], json!(["string", "null"]));
    assert!(row["properties"]["job"]["enum"].as_array().unwrap().contains(&Value::Null));
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(found.len() > 20);
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let Some(body) = operation.get("requestBody") else {
                assert_eq!((method.as_str(), server.get(path).status), ("get", 200), "{path}");
                continue;
            };
            let examples = body["content"]["application/json"]["examples"].as_object().unwrap();
            for example in examples.values() {
                let answer = server.post(path, &example["value"]);
                assert_eq!(answer.status, 200, "{path} {example} {}", answer.text());
            }
        }
    }
}

#[test]
fn the_page_is_whole_and_lets_nothing_else_run() {
    let server = Server::start();
    let page = server.client().send("GET", "/docs", &[("Accept", "text/html")], b"");
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(page.header("content-security-policy").unwrap().starts_with("default-src 'none'"));
    assert!(page.text().contains("/openapi.json") && page.text().contains("中文"));
}
