//! Rows of concurrent requests are evaluated together, and each request gets its own answers.

use crate::fake::{Behaviour, FAILS, PANICS, score};
use crate::support::{Server, row};
use serde_json::Value;
use std::time::Duration;

const SLOW: u64 = 1_000_000;

/// 8 clients of 25 requests with 1 to 3 rows, each row different.
fn load(server: &Server) {
    std::thread::scope(|scope| {
        for client in 0..8 {
            scope.spawn(move || {
                let mut connection = server.client();
                for request in 0..25 {
                    let ages: Vec<f64> = (0..=request % 3)
                        .map(|index| {
                            f64::from(20 + client * 9 + index) + f64::from(request) / 100.0
                        })
                        .collect();
                    let body = Value::from(ages.iter().map(|age| row(*age)).collect::<Vec<_>>());
                    let answer = connection.post("/api/predict", &body).json();
                    let scores: Vec<f64> = answer["predictions"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|row| row["score"].as_f64().unwrap())
                        .collect();
                    let wanted: Vec<f64> =
                        ages.iter().map(|age| score(&[*age, 0.0, 1.0])).collect();
                    assert_eq!(scores, wanted);
                }
            });
        }
    });
}

#[test]
fn slow_models_get_batches_and_every_request_its_own_rows() {
    let behaviour = Behaviour {
        row_nanoseconds: SLOW,
        batch_time: Duration::from_millis(2),
        ..Behaviour::default()
    };
    let server = Server::with(behaviour, |_| {});
    load(&server);
    let batches = server.behaviour.batches.lock().unwrap();
    assert!(batches.len() < 200, "200 requests took {} evaluations", batches.len());
    assert!(batches.iter().any(|rows| *rows > 3), "a batch holds rows of several requests");
    assert!(batches.iter().all(|rows| *rows <= 256));
}

#[test]
fn fast_models_answer_at_once() {
    let server = Server::start();
    load(&server);
    let rows: usize = server.behaviour.batches.lock().unwrap().iter().sum();
    assert_eq!(rows, 8 * (25 + 8 * 3), "every row was evaluated once");
}

#[test]
fn one_requests_failing_row_does_not_harm_its_company() {
    let behaviour = Behaviour {
        row_nanoseconds: SLOW,
        batch_time: Duration::from_millis(5),
        ..Behaviour::default()
    };
    let server = Server::with(behaviour, |_| {});
    std::thread::scope(|scope| {
        for client in 0..12 {
            let server = &server;
            scope.spawn(move || {
                let mut connection = server.client();
                for _ in 0..5 {
                    let (age, status) = match client {
                        0 => (FAILS, 500),
                        1 => (PANICS, 500),
                        _ => (40.0, 200),
                    };
                    assert_eq!(connection.post("/api/predict", &row(age)).status, status);
                }
            });
        }
    });
}

#[test]
fn a_full_queue_says_so() {
    let behaviour = Behaviour {
        row_nanoseconds: SLOW,
        batch_time: Duration::from_millis(300),
        ..Behaviour::default()
    };
    let server = Server::with(behaviour, |settings| {
        settings.limits.queued_rows = 2;
        settings.limits.batch_rows = 1;
    });
    let answers: Vec<_> = std::thread::scope(|scope| {
        let clients: Vec<_> =
            (0..16).map(|_| scope.spawn(|| server.post("/api/predict", &row(40.0)))).collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    let full: Vec<_> = answers.iter().filter(|answer| answer.status == 503).collect();
    assert!(!full.is_empty() && full.len() < 16, "{} of 16", full.len());
    for answer in full {
        assert_eq!(answer.problem(), "serve-queue-full");
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
}

#[test]
fn a_deadline_ends_what_takes_too_long() {
    let behaviour = Behaviour {
        row_nanoseconds: SLOW,
        batch_time: Duration::from_millis(1500),
        ..Behaviour::default()
    };
    let server =
        Server::with(behaviour, |settings| settings.limits.deadline = Duration::from_millis(200));
    let answer = server.post("/api/predict", &row(40.0));
    assert_eq!((answer.status, answer.problem().as_str()), (504, "serve-deadline"));
}
