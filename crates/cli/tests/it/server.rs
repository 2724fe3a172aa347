//! The running server: answers, refusals, metering, crashes.

use crate::support::{Server, api_key, applicant, finished};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

#[test]
fn answers_one_object_a_list_and_the_enveloped_form() {
    let project = finished();
    let server = Server::start(project, &project.package(), &["--ledger", "forms.db"]);
    let (_, key) = api_key(project, &["--ledger", "forms.db"]);
    let row = applicant(project);
    let one = server.post("/api/predict", &key, &row);
    assert_eq!(one.status, 200, "{}", one.body);
    let one = one.json();
    assert!(
        one["predictions"][0]["score"].as_f64().is_some_and(|score| (0.0..=1.0).contains(&score))
    );
    for name in ["model", "version", "predictions", "usage", "request_id"] {
        assert!(!one[name].is_null(), "{name} is missing: {one}");
    }
    let list = server.post("/api/predict", &key, &json!([row, row])).json();
    assert_eq!(list["predictions"].as_array().unwrap().len(), 2);
    assert_eq!(list["predictions"][1], one["predictions"][0]);
    let enveloped =
        server.post("/api/predict", &key, &json!({"model": one["model"], "inputs": [row]})).json();
    assert_eq!(enveloped["predictions"], one["predictions"]);
}

#[test]
fn the_server_says_what_offline_scoring_says() {
    let project = finished();
    let server = Server::start(project, &project.package(), &["--ledger", "same.db"]);
    let (_, key) = api_key(project, &["--ledger", "same.db"]);
    let row = applicant(project);
    std::fs::write(project.path("one.jsonl"), format!("{row}\n")).unwrap();
    project.ok(&[
        "predict",
        project.package().to_str().unwrap(),
        "--input",
        "one.jsonl",
        "--output",
        "one-out.jsonl",
    ]);
    let offline: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(project.path("one-out.jsonl")).unwrap())
            .unwrap();
    let online = server.post("/api/predict", &key, &row).json();
    assert_eq!(online["predictions"][0]["score"], offline["score"]);
    assert_eq!(online["predictions"][0]["label"], offline["label"]);
}

#[test]
fn explains_with_contributions_that_add_up_and_reasons_in_the_callers_language() {
    let project = finished();
    let server = Server::start(project, &project.package(), &["--ledger", "explain.db"]);
    let (_, key) = api_key(project, &["--ledger", "explain.db"]);
    let bearer = format!("Bearer {key}");
    let body = applicant(project).to_string();
    let headers = [("Authorization", bearer.as_str()), ("Accept-Language", "zh-CN")];
    let answer = server.request("POST", "/api/explain", &headers, body.as_bytes());
    assert_eq!(answer.status, 200, "{}", answer.body);
    // Calibration keeps the order of scores, so what base and contributions add up to has the same.
    let rows = json!(crate::support::applicants(project, 40));
    let many = server.post("/api/explain", &key, &rows).json();
    let mut sums: Vec<(f64, f64)> = many["explanations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let parts = one["contributions"].as_array().unwrap().iter();
            let parts: f64 = parts.map(|part| part["contribution"].as_f64().unwrap()).sum();
            (one["base"].as_f64().unwrap() + parts, one["score"].as_f64().unwrap())
        })
        .collect();
    sums.sort_by(|a, b| a.0.total_cmp(&b.0));
    assert!(sums.len() == 40 && sums.windows(2).all(|pair| pair[0].1 <= pair[1].1 + 1e-12));
    assert!(sums[39].0 - sums[0].0 > 0.5 && sums[39].1 - sums[0].1 > 0.1, "{sums:?}");
    assert!(
        answer.body.chars().any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter)),
        "{}",
        answer.body
    );
}

#[test]
fn bad_input_is_a_422_that_names_the_field_and_not_the_value() {
    let project = finished();
    let server = Server::start(project, &project.package(), &["--ledger", "bad.db"]);
    let (_, key) = api_key(project, &["--ledger", "bad.db"]);
    let good = applicant(project);
    let mut missing = good.clone();
    missing.as_object_mut().unwrap().remove("credit_amount");
    let mut text = good.clone();
    text["credit_amount"] = json!("canary-4711");
    let mut category = good.clone();
    category["purpose"] = json!("canary-4712");
    for (body, field) in
        [(missing, "credit_amount"), (text, "credit_amount"), (category, "purpose")]
    {
        let answer = server.post("/api/predict", &key, &body);
        assert_eq!(answer.status, 422, "{}", answer.body);
        assert!(answer.body.contains(field) && !answer.body.contains("canary"), "{}", answer.body);
        assert!(answer.head.to_lowercase().contains("application/problem+json"), "{}", answer.head);
    }
    assert_eq!(
        server.request("POST", "/api/predict", &[], good.to_string().as_bytes()).status,
        401
    );
    assert!(!server.log().contains("canary"), "{}", server.log());
}

#[test]
fn a_revoked_key_is_refused_at_once_by_a_running_server() {
    let project = finished();
    let server = Server::start(project, &project.package(), &["--ledger", "revoke.db"]);
    let (id, key) = api_key(project, &["--ledger", "revoke.db"]);
    let row = applicant(project);
    assert_eq!(server.post("/api/predict", &key, &row).status, 200);
    project.ok(&["key", "revoke", &id, "--ledger", "revoke.db"]);
    assert_eq!(server.post("/api/predict", &key, &row).status, 401);
}

#[test]
fn no_answered_request_is_missing_from_the_ledger_after_kill_9() {
    const CLIENTS: u64 = 4;
    let project = finished();
    let mut server = Server::start(project, &project.package(), &["--ledger", "killed.db"]);
    let (id, key) = api_key(project, &["--ledger", "killed.db"]);
    let row = applicant(project);
    let answered = AtomicU64::new(0);
    let stop = Arc::new(AtomicBool::new(false));
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let bearer = format!("Bearer {key}");
                let body = row.to_string();
                while !stop.load(Ordering::Relaxed) {
                    match server.try_request(
                        "POST",
                        "/api/predict",
                        &[("Authorization", &bearer)],
                        body.as_bytes(),
                    ) {
                        Ok(answer) if answer.status == 200 => {
                            answered.fetch_add(1, Ordering::Relaxed);
                        }
                        _ => break,
                    }
                }
            });
        }
        while answered.load(Ordering::Relaxed) < 200 {
            std::thread::sleep(Duration::from_millis(5));
        }
        let pid = server.child.id().to_string();
        std::process::Command::new("kill").args(["-9", &pid]).status().unwrap();
        stop.store(true, Ordering::Relaxed);
    });
    server.child.wait().unwrap();
    let usage: serde_json::Value = serde_json::from_str(&project.ok(&[
        "--json",
        "usage",
        "--key",
        &id,
        "--ledger",
        "killed.db",
    ]))
    .unwrap();
    let recorded: u64 =
        usage.as_array().unwrap().iter().map(|total| total["requests"].as_u64().unwrap()).sum();
    let answered = answered.into_inner();
    assert!(answered >= 200 && recorded >= answered, "{answered} answered, {recorded} recorded");
    // Each client had at most one request whose answer did not arrive: nothing is counted twice.
    assert!(recorded <= answered + CLIENTS, "{answered} answered, {recorded} recorded");
}

#[test]
fn metrics_and_openapi_describe_the_model() {
    let project = finished();
    let server = Server::start(project, &project.package(), &["--ledger", "metrics.db"]);
    let (_, key) = api_key(project, &["--ledger", "metrics.db"]);
    server.post("/api/predict", &key, &applicant(project));
    let metrics = server.request("GET", "/metrics", &[], b"");
    assert_eq!(metrics.status, 200);
    for name in
        ["ingot_requests_total", "ingot_request_duration_seconds", "process_resident_memory_bytes"]
    {
        assert!(metrics.body.contains(name), "{name}\n{}", metrics.body);
    }
    let openapi = server.request("GET", "/openapi.json", &[], b"").json();
    assert_eq!(openapi["openapi"].as_str().map(|version| version.get(..3)), Some(Some("3.1")));
    assert!(openapi.to_string().contains("credit_amount"));
}

#[test]
fn sigterm_drains_and_ends_with_0() {
    let project = finished();
    let mut server = Server::start(project, &project.package(), &["--ledger", "drain.db"]);
    let pid = server.child.id().to_string();
    std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap();
    assert_eq!(server.child.wait().unwrap().code(), Some(0), "{}", server.log());
}

#[test]
fn a_drain_delay_keeps_answering_while_it_says_not_ready() {
    let project = finished();
    let mut server = Server::start(
        project,
        &project.package(),
        &["--ledger", "delay.db", "--drain-delay", "60000"],
    );
    let (_, key) = api_key(project, &["--ledger", "delay.db"]);
    let pid = server.child.id().to_string();
    std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap();
    crate::tools::until("the server says it is not ready", || {
        server.request("GET", "/readyz", &[], b"").status == 503
    });
    assert_eq!(server.post("/api/predict", &key, &applicant(project)).status, 200);
    assert!(server.child.try_wait().unwrap().is_none());
}

#[test]
fn guarded_metrics_ask_for_a_key_with_their_scope() {
    let project = finished();
    let ledger = ["--ledger", "guarded.db"];
    let server =
        Server::start(project, &project.package(), &["--ledger", "guarded.db", "--guard-metrics"]);
    let (_, other) = api_key(project, &ledger);
    let (_, scraper) = api_key(project, &["--ledger", "guarded.db", "--scopes", "metrics"]);
    let ask = |key: &str| {
        let bearer = format!("Bearer {key}");
        server.request("GET", "/metrics", &[("Authorization", &bearer)], b"").status
    };
    assert_eq!(server.request("GET", "/metrics", &[], b"").status, 401);
    assert_eq!((ask(&other), ask(&scraper)), (403, 200));
}
