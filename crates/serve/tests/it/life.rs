//! From listening to draining; slow clients; addresses; panics.

use crate::fake::{Behaviour, PANICS};
use crate::support::{Client, Server, eventually, row};
use ingot_serve::{Governance, TlsFiles};
use std::io::ErrorKind;
use std::time::{Duration, Instant};

#[test]
fn draining_finishes_what_was_accepted_and_says_so() {
    let behaviour = Behaviour {
        row_nanoseconds: 1_000_000,
        batch_time: Duration::from_millis(700),
        ..Behaviour::default()
    };
    let mut server = Server::with(behaviour, |settings| {
        settings.limits.drain_delay = Duration::from_millis(400);
    });
    let address = server.address;
    let mut idle = server.client();
    assert_eq!(idle.send("GET", "/readyz", &[], b"").status, 200);
    let in_flight =
        std::thread::spawn(move || Client::new(address).post("/api/predict", &row(40.0)));
    eventually("the request is being evaluated", || {
        !server.behaviour.batches.lock().unwrap().is_empty()
    });
    server.stop();
    eventually("it says that it drains", || server.log().contains("Draining"));
    let refused = idle.send("GET", "/readyz", &[], b"");
    assert_eq!((refused.status, refused.problem().as_str()), (503, "serve-draining"));
    assert_eq!(refused.header("connection"), Some("close"));
    let alive = Client::new(address).send("GET", "/healthz", &[], b"");
    assert_eq!(alive.status, 200, "it still accepts while load balancers notice");
    assert_eq!(in_flight.join().unwrap().status, 200);
    server.join().unwrap();
    assert!(std::net::TcpStream::connect(address).is_err());
}

#[test]
fn draining_does_not_wait_for_idle_connections_or_for_ever() {
    let mut server = Server::with(Behaviour::default(), |settings| {
        settings.limits.drain_time = Duration::from_millis(300);
    });
    let _silent: Vec<Client> = (0..5).map(|_| server.client()).collect();
    let mut used = server.client();
    assert_eq!(used.send("GET", "/healthz", &[], b"").status, 200);
    let mut half = server.client();
    half.raw(b"POST /api/predict HTTP/1.1\r\nHost: t\r\nContent-Length: 100\r\n\r\n{").unwrap();
    std::thread::sleep(Duration::from_millis(50));
    let begun = Instant::now();
    server.join().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[test]
fn slow_clients_are_let_go() {
    let server = Server::with(Behaviour::default(), |settings| {
        settings.limits.header_time = Duration::from_millis(300);
        settings.limits.body_time = Duration::from_millis(300);
    });
    let mut body = server.client();
    body.raw(b"POST /api/predict HTTP/1.1\r\nHost: t\r\nContent-Length: 100\r\n\r\n{\"age\"")
        .unwrap();
    let answer = body.read().unwrap();
    assert_eq!((answer.status, answer.problem().as_str()), (408, "serve-body-slow"));
    assert_eq!(answer.header("connection"), Some("close"));
    let mut head = server.client();
    head.raw(b"POST /api/predict HTTP/1.1\r\nHost:").unwrap();
    let answer = head.read().unwrap();
    assert_eq!(answer.status, 408);
    assert_eq!(answer.json()["type"], "urn:ingot:problem:serve-head-slow");
    let mut silent = server.client();
    assert_eq!(silent.read().unwrap_err().kind(), ErrorKind::UnexpectedEof);
    assert_eq!(server.post("/api/predict", &row(30.0)).status, 200, "others are served meanwhile");
}

#[test]
fn connections_beyond_the_limit_wait_their_turn() {
    let server = Server::with(Behaviour::default(), |settings| {
        settings.limits.connections = 2;
        settings.limits.body_time = Duration::from_millis(500);
    });
    let mut held: Vec<Client> = (0..2).map(|_| server.client()).collect();
    for client in &mut held {
        client
            .raw(b"POST /api/predict HTTP/1.1\r\nHost: t\r\nContent-Length: 100\r\n\r\n{")
            .unwrap();
    }
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(server.get("/healthz").status, 200, "served when one of them has ended");
    assert!(held.iter_mut().all(|client| client.read().unwrap().status == 408));
}

#[test]
fn idle_connections_keep_nobody_out_and_requests_under_way_keep_their_place() {
    let behaviour = Behaviour {
        row_nanoseconds: 1_000_000,
        batch_time: Duration::from_secs(1),
        ..Behaviour::default()
    };
    let server = Server::with(behaviour, |settings| {
        settings.limits.connections = 8;
        // Longer than any client of this test waits.
        settings.limits.header_time = Duration::from_mins(10);
    });
    let address = server.address;
    let in_flight =
        std::thread::spawn(move || Client::new(address).post("/api/predict", &row(40.0)));
    eventually("the request is being evaluated", || {
        !server.behaviour.batches.lock().unwrap().is_empty()
    });
    let mut idle: Vec<Client> = (0..30).map(|_| server.client()).collect();
    for client in idle.iter_mut().step_by(2) {
        // A head that never ends holds nobody up either; it may have been let go already.
        let _ = client.raw(b"GET /healthz HTTP/1.1\r\nHost:");
    }
    assert_eq!(server.get("/healthz").status, 200);
    assert_eq!(in_flight.join().unwrap().status, 200);
    assert!(idle[0].read().is_err(), "the first to come was the first to go");
}

#[test]
fn a_panic_is_a_500_and_the_connection_lives_on() {
    let server = Server::start();
    let mut client = server.client();
    for path in ["/api/predict", "/api/explain"] {
        let age = if path == "/api/predict" { PANICS } else { PANICS + 0.5 };
        let answer = client.post(path, &row(age));
        assert_eq!((answer.status, answer.problem().as_str()), (500, "serve-panic"));
        assert_eq!(client.post(path, &row(30.0)).status, 200);
    }
    let failed = client.post("/api/predict", &row(crate::fake::FAILS));
    assert_eq!(failed.status, 500);
    assert!(!failed.text().contains("secret"), "{}", failed.text());
    assert!(server.log().contains("Failed"), "the log knows more than the client");
}

#[test]
fn an_address_that_others_reach_needs_tls_or_a_word() {
    let refusal = |change: &dyn Fn(&mut ingot_serve::Settings)| {
        let started = Server::try_with(Behaviour::default(), |settings| {
            settings.listen = "0.0.0.0:0".parse().unwrap();
            change(settings);
        });
        started.map(drop).unwrap_err().code()
    };
    assert_eq!(refusal(&|_| {}), "serve-listen-ungoverned");
    assert_eq!(refusal(&|settings| settings.allow_insecure = true), "serve-listen-ungoverned");
    let governed = |settings: &mut ingot_serve::Settings| {
        let ledger = settings.packages[0].with_file_name("ledger.db").display().to_string();
        let pepper = ingot_base::Secret::new(vec![1; 32]);
        settings.governance = Governance::Governed { ledger, pepper };
    };
    assert_eq!(refusal(&governed), "serve-listen-insecure");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let started = Server::try_with(Behaviour::default(), |settings| settings.listen = address);
    assert_eq!(started.map(drop).unwrap_err().code(), "serve-listen");
    let files = |settings: &mut ingot_serve::Settings| {
        let cert = settings.packages[0].clone();
        settings.tls = Some(TlsFiles { key: cert.clone(), cert });
    };
    let started = Server::try_with(Behaviour::default(), files);
    assert_eq!(started.map(drop).unwrap_err().code(), "serve-tls");
}
