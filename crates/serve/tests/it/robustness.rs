//! Whatever is sent, the server answers with less than 500 and goes on.

use crate::fake::{Behaviour, FAILS, PANICS};
use crate::support::{Client, Server, row};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};

const PATHS: [&str; 3] = ["/api/predict", "/api/explain", "/v2/models/made-up/infer"];

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        "\\PC{0,12}".prop_map(Value::from),
        Just(json!("医生")),
        (0_u8..100).prop_map(Value::from),
    ]
}

/// JSON of any shape, whose members often have the names that mean something.
fn body() -> impl Strategy<Value = Value> {
    let name = prop_oneof![
        Just("age".to_owned()),
        Just("job".to_owned()),
        Just("owner".to_owned()),
        Just("inputs".to_owned()),
        Just("model".to_owned()),
        Just("name".to_owned()),
        Just("shape".to_owned()),
        Just("data".to_owned()),
        Just("datatype".to_owned()),
        "\\PC{0,6}",
    ];
    scalar().prop_recursive(5, 40, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::vec((name.clone(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn runner(cases: u32) -> TestRunner {
    let config = Config {
        cases,
        rng_seed: RngSeed::Fixed(20_261_123),
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new(config)
}

/// Sends, on a fresh connection when the server closed the last one.
fn status(server: &Server, client: &RefCell<Client>, path: &str, body: &[u8]) -> u16 {
    let sent = client.borrow_mut().try_send("POST", path, &[], body);
    let answer = sent.unwrap_or_else(|_| {
        client.replace(server.client());
        client.borrow_mut().send("POST", path, &[], body)
    });
    if answer.status != 200 {
        answer.problem();
    }
    answer.status
}

/// The fake fails on purpose at some ages; these are not what is tested here.
fn asked_for(value: &Value) -> bool {
    match value {
        Value::Number(number) => {
            let number = number.as_f64().unwrap_or_default();
            [PANICS, PANICS + 0.5, FAILS].contains(&number)
        }
        Value::Array(items) => items.iter().any(asked_for),
        Value::Object(members) => members.values().any(asked_for),
        _ => false,
    }
}

#[test]
fn json_of_any_shape_is_answered_below_500() {
    let server = Server::start();
    let client = RefCell::new(server.client());
    runner(1500)
        .run(&body(), |body| {
            prop_assume!(!asked_for(&body));
            for path in PATHS {
                let status = status(&server, &client, path, body.to_string().as_bytes());
                prop_assert!(matches!(status, 200 | 400 | 404 | 422), "{path} {status}");
            }
            Ok(())
        })
        .unwrap();
    assert_eq!(server.post("/api/predict", &row(30.0)).status, 200);
}

#[test]
fn bytes_of_any_kind_are_answered_below_500() {
    let server = Server::start();
    let client = RefCell::new(server.client());
    let good = json!({ "model": "made-up", "inputs": [row(30.0)] }).to_string().into_bytes();
    let damaged = (any::<prop::sample::Index>(), any::<u8>(), any::<bool>()).prop_map(
        move |(index, byte, cut)| {
            let mut body = good.clone();
            let at = index.index(body.len());
            body[at] = byte;
            if cut {
                body.truncate(at);
            }
            body
        },
    );
    let bytes = prop_oneof![proptest::collection::vec(any::<u8>(), 0..60), damaged];
    runner(3000)
        .run(&bytes, |body| {
            for path in PATHS {
                let status = status(&server, &client, path, &body);
                prop_assert!(matches!(status, 200 | 400 | 404 | 422), "{path} {status}");
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn hostile_clients_do_not_harm_good_ones() {
    let server = Server::with(Behaviour::default(), |settings| {
        settings.limits.body_bytes = 1 << 20;
        settings.limits.header_time = std::time::Duration::from_secs(2);
    });
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let good = scope.spawn(|| {
            let mut client = server.client();
            let mut count = 0;
            while !stop.load(Ordering::Relaxed) {
                assert_eq!(client.post("/api/predict", &row(30.0)).status, 200);
                count += 1;
            }
            count
        });
        for hostile in 0..4 {
            let server = &server;
            scope.spawn(move || {
                for index in 0..40 {
                    let mut client = server.client();
                    let bytes: Vec<u8> = match (hostile + index) % 5 {
                        0 => b"\x16\x03\x01\x02\x00garbage".to_vec(),
                        1 => b"POST /api/predict HTTP/1.1\r\nHost: t\r\nContent-Length: 99999999999\r\n\r\n".to_vec(),
                        2 => b"GET / HTTP/1.1\r\n".iter().copied().chain((0..200_000).map(|_| b'a')).collect(),
                        3 => [b"POST /api/predict HTTP/1.1\r\nHost: t\r\nContent-Length: 1000000\r\n\r\n".to_vec(), vec![b'['; 1_000_000]].concat(),
                        _ => b"POST /api/predict HTTP/1.1\r\nHost: t\r\nContent-Length: 50\r\n\r\n{".to_vec(),
                    };
                    // The server may close before everything is sent.
                    let _ = client.raw(&bytes);
                    if (hostile + index) % 5 < 4
                        && let Ok(answer) = client.read()
                    {
                        assert!((400..500).contains(&answer.status), "{}", answer.status);
                    }
                }
            });
        }
        std::thread::sleep(std::time::Duration::from_millis(500));
        stop.store(true, Ordering::Relaxed);
        assert!(good.join().unwrap() > 0);
    });
    assert_eq!(server.post("/api/predict", &row(30.0)).status, 200);
}
