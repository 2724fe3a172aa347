//! The running server: answers, refusals, metering, crashes.

use crate::support::{Project, Server, api_key, applicant, finished};
use ingot_runtime::{Predictor as _, TabularModel};
use serde_json::json;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU64, Ordering};
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
fn the_recipes_serve_table_is_taken_and_flags_win() {
    let source = finished();
    let project = Project::empty();
    crate::runs::copy_folder(&source.path("keys"), &project.path("keys"));
    let package = project.path("model.ingot");
    std::fs::copy(source.package(), &package).unwrap();
    let free = || std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (address, other) = (free(), free());
    let recipe = std::fs::read_to_string(source.path("ingot.toml")).unwrap();
    let serve = format!(
        "[serve]\nlisten = \"{address}\"\nrate_limit = {{ per_second = 0.02, burst = 1 }}\n"
    );
    std::fs::write(project.path("ingot.toml"), format!("{recipe}\n{serve}")).unwrap();
    let (_, key) = api_key(&project, &[]);
    let row = applicant(source);
    let server = Server::start_at(address, &project, &package, &[]);
    assert!(server.log().contains("[serve] in"), "{}", server.log());
    assert_eq!(server.post("/api/predict", &key, &row).status, 200);
    let refused = server.post("/api/predict", &key, &row);
    assert_eq!(refused.status, 429, "{}", refused.body);
    assert!(refused.body.contains("at most 1 in 50 s"), "{}", refused.body);
    drop(server);
    let listen = other.to_string();
    drop(Server::start_at(other, &project, &package, &["--listen", &listen]));
    std::fs::write(project.path("ingot.toml"), "[serve]\nqueue = 0\n").unwrap();
    let refused = project.fails(2, &["serve", package.to_str().unwrap(), "--listen", &listen]);
    assert!(refused.contains("ingot.toml"), "{refused}");
    std::fs::rename(project.path("ingot.toml"), project.path("other.toml")).unwrap();
    // Without a recipe there is no bound.
    let server = Server::start(&project, &package, &[]);
    for _ in 0..3 {
        assert_eq!(server.post("/api/predict", &key, &row).status, 200);
    }
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
    // Base and contributions are the sum of the reached leaves: the log odds before calibration.
    let rows = crate::support::applicants(project, 40);
    let many = server.post("/api/explain", &key, &json!(rows)).json();
    let many = many["explanations"].as_array().unwrap();
    assert_eq!(many.len(), rows.len());
    let model = model(project);
    let mut sums = Vec::new();
    for (row, one) in rows.iter().zip(many) {
        let mut features = Vec::new();
        let row = row.as_object().unwrap();
        ingot_runtime::encode::row(model.signature(), row, &mut features).unwrap();
        let mut raw = [0.0];
        model.forest().raw(&features, &mut raw);
        let parts = one["contributions"].as_array().unwrap().iter();
        let parts: f64 = parts.map(|part| part["contribution"].as_f64().unwrap()).sum();
        let sum = one["base"].as_f64().unwrap() + parts;
        assert!((sum - raw[0]).abs() < 1e-9, "{sum} is not {}", raw[0]);
        let mut score = [0.0];
        model.score_row(&features, &mut score).unwrap();
        assert!((score[0] - one["score"].as_f64().unwrap()).abs() < 1e-12);
        sums.push(sum);
    }
    sums.sort_by(f64::total_cmp);
    assert!(sums[39] - sums[0] > 0.5, "{sums:?}");
    assert!(
        answer.body.chars().any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter)),
        "{}",
        answer.body
    );
}

/// The model in the package, as its owner opens it.
fn model(project: &Project) -> TabularModel {
    let package = ingot_seal::Package::read(&project.package()).unwrap();
    let keys = ingot_seal::Keyring::open(&project.path("keys")).unwrap();
    let part = |name: &str| package.decrypt(name, keys.identity()).unwrap();
    TabularModel::load(part("model.txt").expose(), part("preprocessing.json").expose()).unwrap()
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
fn a_quiet_command_prints_the_secret_alone_and_usage_tells_versions_apart() {
    let project = finished();
    let made = project.ok(&["--quiet", "key", "create", "--name", "quiet", "--ledger", "quiet.db"]);
    let secret = made.trim_end();
    assert!(secret.starts_with("ik_") && secret.lines().count() == 1, "one line");
    let server = Server::start(project, &project.package(), &["--ledger", "quiet.db"]);
    assert_eq!(server.post("/api/predict", secret, &applicant(project)).status, 200);
    let usage = project.ok(&["--lang", "en", "usage", "--ledger", "quiet.db"]);
    assert!(usage.contains("version") && usage.contains("1.0.0"), "{usage}");
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
    const LEDGER: [&str; 2] = ["--ledger", "killed.db"];
    let project = finished();
    let mut server = Server::start(project, &project.package(), &LEDGER);
    // A key for each client: an answer that got lost cannot hide behind another client's request.
    let clients: Vec<_> = (0..4).map(|_| (api_key(project, &LEDGER), AtomicU64::new(0))).collect();
    let row = applicant(project).to_string();
    std::thread::scope(|scope| {
        for ((_, key), answered) in &clients {
            let (server, row) = (&server, &row);
            scope.spawn(move || {
                let bearer = format!("Bearer {key}");
                let headers = [("Authorization", bearer.as_str())];
                // Until the server is gone.
                while let Ok(answer) =
                    server.try_request("POST", "/api/predict", &headers, row.as_bytes())
                    && answer.status == 200
                {
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        while clients.iter().any(|(_, answered)| answered.load(Ordering::Relaxed) < 50) {
            std::thread::sleep(Duration::from_millis(5));
        }
        let pid = server.child.id().to_string();
        std::process::Command::new("kill").args(["-9", &pid]).status().unwrap();
    });
    server.child.wait().unwrap();
    for ((id, _), answered) in clients {
        let usage = project.ok(&["--json", "usage", "--key", &id, "--ledger", "killed.db"]);
        let usage: serde_json::Value = serde_json::from_str(&usage).unwrap();
        let recorded: u64 =
            usage.as_array().unwrap().iter().map(|day| day["requests"].as_u64().unwrap()).sum();
        let answered = answered.into_inner();
        // The one more is a request whose answer did not arrive.
        assert!(
            recorded == answered || recorded == answered + 1,
            "{answered} answered, {recorded} recorded"
        );
    }
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
    let (id, key) = api_key(project, &["--ledger", "drain.db"]);
    let body = applicant(project).to_string();
    let mut request = TcpStream::connect(server.address).unwrap();
    request.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    write!(
        request,
        "POST /api/predict HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        body.len()
    )
    .unwrap();
    // The server asks for the body: the request is under way.
    let mut told = [0; 25];
    request.read_exact(&mut told).unwrap();
    assert_eq!(&told, b"HTTP/1.1 100 Continue\r\n\r\n");
    let pid = server.child.id().to_string();
    std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap();
    crate::tools::until("nobody new is let in", || TcpStream::connect(server.address).is_err());
    assert!(server.child.try_wait().unwrap().is_none(), "it waits for the request");
    request.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    request.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\"score\""), "{answer}");
    assert_eq!(server.child.wait().unwrap().code(), Some(0), "{}", server.log());
    let usage = project.ok(&["--json", "usage", "--key", &id, "--ledger", "drain.db"]);
    let usage: serde_json::Value = serde_json::from_str(&usage).unwrap();
    assert_eq!(usage[0]["requests"], 1, "{usage}");
}

#[test]
fn a_pipe_in_the_place_of_a_list_a_source_or_a_package_holds_nothing_up() {
    let project = Project::new();
    project.ok(&["run"]);
    let pipe = |path: &str| {
        let path = project.path(path);
        let _ = std::fs::remove_file(&path);
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    };
    // Ended by `timeout` it would be 124.
    let fails = |args: &[&str]| {
        let output = std::process::Command::new("timeout")
            .args(["60", env!("CARGO_BIN_EXE_ingot")])
            .args(args)
            .current_dir(project.root())
            .output()
            .unwrap();
        (output.status.code().unwrap(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let mut server = Server::start(&project, &project.package(), &[]);
    let (_, key) = api_key(&project, &[]);
    let row = applicant(&project);
    let package = project.package();
    let package = package.to_str().unwrap();
    pipe("dist/revoked.json");
    let (code, told) = fails(&["verify", package]);
    assert!(code == 3 && told.contains("seal-revocations"), "{code} {told}");
    crate::tools::until("what cannot be told to be good is not served", || {
        server.post("/api/predict", &key, &row).status == 404
    });
    std::fs::remove_file(project.path("dist/revoked.json")).unwrap();
    crate::tools::until("it is served again", || {
        server.post("/api/predict", &key, &row).status == 200
    });
    pipe("dist/revoked.json");
    std::thread::sleep(Duration::from_millis(500));
    let pid = server.child.id().to_string();
    std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap();
    let begun = std::time::Instant::now();
    crate::tools::until("SIGTERM is heard", || server.child.try_wait().unwrap().is_some());
    assert!(begun.elapsed() < Duration::from_secs(30), "SIGTERM was heard late");
    std::fs::remove_file(project.path("dist/revoked.json")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", project.path("dist/revoked.json")).unwrap();
    let (code, told) = fails(&["verify", package]);
    assert!(code == 3 && told.contains("seal-revocations"), "{code} {told}");
    std::fs::remove_file(project.path("dist/revoked.json")).unwrap();
    pipe("data/german_credit.csv");
    for command in [&["prepare"][..], &["erase", "--subject", "CUST-1"], &["plan"]] {
        let (code, told) = fails(command);
        assert!(code == 1 && told.contains("base-file-read"), "{command:?} {code} {told}");
    }
    pipe("ingot.toml");
    let (code, told) = fails(&["plan"]);
    assert!(code != 124 && code != 0 && told.contains("ingot.toml"), "{code} {told}");
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
