//! Keys, scopes, limits, metering.

use crate::support::{Client, Server, eventually, row};
use ingot_base::{Clock as _, SystemClock};
use ingot_ledger::{KeyRequest, Scope, UsageTotal};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

fn ask(client: &mut Client, token: &str, body: &Value) -> crate::support::Answer {
    let headers = [("Authorization", bearer(token))];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    client.send("POST", "/api/predict", &headers, body.to_string().as_bytes())
}

#[test]
fn without_a_valid_key_nothing_is_answered() {
    let server = Server::governed(|_| {});
    for (method, path) in [
        ("POST", "/api/predict"),
        ("POST", "/api/explain"),
        ("POST", "/v2/models/made-up/infer"),
        ("GET", "/v2/models/made-up"),
    ] {
        let answer = server.client().send(method, path, &[], b"");
        assert_eq!((answer.status, answer.problem().as_str()), (401, "serve-key-missing"));
        assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"ingot\""));
        for header in [
            ("Authorization", "Bearer ik_1_2"),
            ("X-API-Key", "x"),
            ("Authorization", "Basic eA=="),
        ] {
            let answer = server.client().send(method, path, &[header], b"");
            assert_eq!(answer.status, 401);
            assert!(answer.header("www-authenticate").is_some());
        }
    }
    for path in [
        "/healthz",
        "/readyz",
        "/metrics",
        "/openapi.json",
        "/docs",
        "/console",
        "/v2",
        "/v2/health/ready",
    ] {
        assert_eq!(server.get(path).status, 200, "{path} is open");
    }
    assert!(server.behaviour.batches.lock().unwrap().is_empty());
}

#[test]
fn a_key_may_do_what_its_scopes_say() {
    let server = Server::governed(|settings| settings.guard_metrics = true);
    let key = server.key(&[Scope::Explain], None);
    let token = key.secret.expose().as_str();
    let mut client = server.client();
    let headers = [("X-API-Key", token)];
    let body = row(30.0).to_string();
    let explained = client.send("POST", "/api/explain", &headers, body.as_bytes());
    assert_eq!(explained.status, 200);
    let refused = client.send("POST", "/api/predict", &headers, body.as_bytes());
    assert_eq!((refused.status, refused.problem().as_str()), (403, "serve-scope-missing"));
    assert_eq!(client.send("GET", "/metrics", &headers, b"").status, 403);
    assert_eq!(client.send("GET", "/metrics", &[], b"").status, 401);
    let watcher = server.key(&[Scope::Metrics], None);
    let headers = [("X-API-Key", watcher.secret.expose().as_str())];
    assert_eq!(client.send("GET", "/metrics", &headers, b"").status, 200);
}

#[test]
fn every_answered_request_is_in_the_ledger_failed_ones_too() {
    let server = Server::governed(|_| {});
    let key = server.key(&[Scope::Predict], None);
    let token = key.secret.expose().as_str();
    let mut client = server.client();
    let good = ask(&mut client, token, &json!([row(30.0), row(40.0)]));
    let bad = ask(&mut client, token, &json!({ "age": "x" }));
    assert_eq!((good.status, bad.status), (200, 422));
    let events = server.ledger(async |ledger| ledger.events(None, 10).await.unwrap());
    assert_eq!(events.len(), 2);
    let (newest, oldest) = (&events[0], &events[1]);
    assert_eq!(good.json()["request_id"], oldest.request_id.as_str());
    assert_eq!((oldest.rows, oldest.status, oldest.key.as_str()), (2, 200, key.id.as_str()));
    assert_eq!((oldest.model.as_str(), oldest.version.as_str()), ("made-up", "1.0.0"));
    assert_eq!(oldest.route, "/api/predict");
    assert_eq!((newest.rows, newest.status), (0, 422));
    assert!(server.log().contains(&key.id) && !server.log().contains(token));
}

#[test]
fn a_revoked_key_is_refused_at_once_whoever_revoked_it() {
    let server = Server::governed(|_| {});
    let key = server.key(&[Scope::Predict], None);
    let token = key.secret.expose().as_str();
    let mut client = server.client();
    for _ in 0..3 {
        assert_eq!(ask(&mut client, token, &row(30.0)).status, 200);
    }
    server.ledger(async |ledger| ledger.revoke_key(&key.id).await.unwrap());
    for body in [row(30.0), json!({})] {
        let answer = ask(&mut client, token, &body);
        assert_eq!((answer.status, answer.problem().as_str()), (401, "ledger-key-revoked"));
        assert!(answer.header("www-authenticate").unwrap().contains("invalid_token"));
    }
    let authorization = bearer(token);
    let headers = [("Authorization", authorization.as_str())];
    assert_eq!(client.send("GET", "/v2/models/made-up", &headers, b"").status, 401);
    let events = server.ledger(async |ledger| ledger.events(None, 10).await.unwrap());
    assert_eq!(events.len(), 3);
}

#[test]
fn a_key_that_is_over_its_rate_is_told_that_it_is_revoked_or_expired_first() {
    let server = Server::governed(|_| {});
    let key = server.key(&[Scope::Predict], Some(1));
    let token = key.secret.expose().as_str();
    let mut client = server.client();
    assert_eq!(ask(&mut client, token, &row(30.0)).status, 200);
    assert_eq!(ask(&mut client, token, &row(30.0)).status, 429);
    server.ledger(async |ledger| ledger.revoke_key(&key.id).await.unwrap());
    for _ in 0..2 {
        let answer = ask(&mut client, token, &row(30.0));
        assert_eq!((answer.status, answer.problem().as_str()), (401, "ledger-key-revoked"));
    }
    let soon = SystemClock.now_ms() + 1_500;
    let request = KeyRequest {
        name: "test".into(),
        tenant: "default".into(),
        scopes: vec![Scope::Predict],
        expires_at_ms: Some(soon),
        rate_per_minute: Some(1),
    };
    let key = server.ledger(async |ledger| ledger.create_key(request).await.unwrap());
    let token = key.secret.expose().as_str();
    let first = ask(&mut client, token, &row(30.0)).status;
    assert!(first == 200 || SystemClock.now_ms() >= soon, "{first}");
    eventually("its time is over", || SystemClock.now_ms() >= soon);
    let answer = ask(&mut client, token, &row(30.0));
    assert_eq!((answer.status, answer.problem().as_str()), (401, "ledger-key-expired"));
}

#[test]
fn under_load_no_answer_follows_a_revocation_and_none_is_missing_from_the_ledger() {
    let server = Server::governed(|_| {});
    let key = server.key(&[Scope::Predict], None);
    let (answered, late, revoked) = (AtomicU64::new(0), AtomicU64::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let mut client = server.client();
                loop {
                    let begun_after = revoked.load(Ordering::SeqCst);
                    if ask(&mut client, key.secret.expose(), &row(30.0)).status != 200 {
                        break;
                    }
                    answered.fetch_add(1, Ordering::SeqCst);
                    if begun_after {
                        late.fetch_add(1, Ordering::SeqCst);
                    }
                }
            });
        }
        while answered.load(Ordering::SeqCst) < 100 {
            std::thread::yield_now();
        }
        server.ledger(async |ledger| ledger.revoke_key(&key.id).await.unwrap());
        revoked.store(true, Ordering::SeqCst);
    });
    assert_eq!(late.into_inner(), 0);
    let usage = server.ledger(async |ledger| ledger.usage(Some(&key.id)).await.unwrap());
    assert_eq!(UsageTotal::of(&usage).requests, answered.into_inner());
}

#[test]
fn a_limited_key_is_told_its_quota_and_when_to_come_back() {
    let server = Server::governed(|_| {});
    let key = server.key(&[Scope::Predict], Some(3));
    let free = server.key(&[Scope::Predict], None);
    let mut client = server.client();
    for left in ["2", "1", "0"] {
        let answer = ask(&mut client, key.secret.expose(), &row(30.0));
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("ratelimit-limit"), Some("3"));
        assert_eq!(answer.header("ratelimit-remaining"), Some(left));
        assert_eq!(answer.header("ratelimit-policy"), Some("\"key\";q=3;w=60"));
    }
    let refused = ask(&mut client, key.secret.expose(), &row(30.0));
    assert_eq!((refused.status, refused.problem().as_str()), (429, "serve-rate"));
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=20).contains(&wait), "{wait}");
    assert_eq!(refused.header("ratelimit-remaining"), Some("0"));
    let other = ask(&mut client, free.secret.expose(), &row(30.0));
    assert_eq!((other.status, other.header("ratelimit-limit")), (200, None));
    // Another key of the same rate has a bucket of its own.
    let second = server.key(&[Scope::Predict], Some(3));
    let own = ask(&mut client, second.secret.expose(), &row(30.0));
    assert_eq!((own.status, own.header("ratelimit-remaining")), (200, Some("2")));
    assert_eq!(ask(&mut client, key.secret.expose(), &row(30.0)).status, 429);
    assert!(server.get("/metrics").text().contains("\ningot_rate_limited_total 2\n"));
    let events = server.ledger(async |ledger| ledger.events(Some(&key.id), 10).await.unwrap());
    assert_eq!(events.len(), 3, "a throttled request costs the ledger nothing");
}

#[test]
fn every_metered_route_is_in_the_ledger_with_its_rows() {
    let server = Server::governed(|_| {});
    let key = server.key(&[Scope::Predict, Scope::Explain], None);
    let authorization = bearer(key.secret.expose());
    let headers = [("Authorization", authorization.as_str()), ("Content-Type", "application/json")];
    let mut client = server.client();
    let mut post = |path: &str, body: &Value| {
        let answer = client.send("POST", path, &headers, body.to_string().as_bytes());
        assert_eq!(answer.status, 200, "{}", answer.text());
    };
    post("/api/explain", &json!([row(30.0), row(31.0), row(32.0)]));
    let tensor = |name: &str, kind: &str, data: Value| json!({ "name": name, "shape": [2], "datatype": kind, "data": data });
    let inputs = json!({ "inputs": [
        tensor("age", "INT32", json!([30, 31])),
        tensor("job", "BYTES", json!(["医生", "工人"])),
        tensor("owner", "BOOL", json!([true, false])),
    ] });
    post("/v2/models/made-up/infer", &inputs);
    post("/v2/models/made-up/versions/1.0.0/infer", &inputs);
    let mut events = server.ledger(async |ledger| ledger.events(None, 10).await.unwrap());
    events.reverse();
    let told: Vec<_> = events
        .iter()
        .map(|event| (event.route.as_str(), event.rows, event.status, event.key.as_str()))
        .collect();
    let id = key.id.as_str();
    assert_eq!(
        told,
        [
            ("/api/explain", 3, 200, id),
            ("/v2/models/{model}/infer", 2, 200, id),
            ("/v2/models/{model}/versions/{version}/infer", 2, 200, id),
        ]
    );
    let usage = server.ledger(async |ledger| ledger.usage(Some(&key.id)).await.unwrap());
    assert_eq!(UsageTotal::of(&usage).requests, 3);
}

#[test]
fn a_refusal_before_the_body_arrived_leaves_the_connection_usable() {
    let server = Server::governed(|_| {});
    let key = server.key(&[Scope::Predict], Some(1));
    let body = row(30.0).to_string();
    let mut client = server.client();
    let mut halting = |token: Option<&str>| {
        let key = token.map(|token| format!("X-API-Key: {token}\r\n")).unwrap_or_default();
        let head = format!(
            "POST /api/predict HTTP/1.1\r\nHost: t\r\n{key}Content-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        client.raw(head.as_bytes()).unwrap();
        std::thread::sleep(Duration::from_millis(50));
        client.raw(body.as_bytes()).unwrap();
        let answer = client.read().unwrap();
        (answer.status, answer.header("connection").map(str::to_owned))
    };
    let token = key.secret.expose().as_str();
    assert_eq!(halting(None), (401, None));
    assert_eq!(halting(Some(token)), (200, None));
    assert_eq!(halting(Some(token)), (429, None));
    // A large one is not waited for, and the client is told.
    let mut large = server.client();
    large.raw(b"POST /api/predict HTTP/1.1\r\nHost: t\r\nContent-Length: 1000000\r\n\r\n").unwrap();
    let answer = large.read().unwrap();
    assert_eq!((answer.status, answer.header("connection")), (401, Some("close")));
}
