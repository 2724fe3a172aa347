//! Ten thousand requests that are wrong, to the real server, while good ones go on.

use crate::support::{Server, api_key, applicant, finished};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

const CLIENTS: u64 = 4;
const REQUESTS: u64 = 2_500;
/// What the process may grow by from the first tenth of the requests to the last.
const GROWTH: u64 = 64 << 20;

/// xorshift64*: the same requests in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let value = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(value).unwrap() % sides
    }

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.roll(from.len())]
    }
}

/// A request that is wrong, and the status codes that say so.
struct Wrong {
    method: &'static str,
    path: &'static str,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    status: Vec<u16>,
}

fn wrong(dice: &mut Dice, row: &Value, key: &str) -> Wrong {
    let good = row.to_string().into_bytes();
    let changed = |name: &str, value: Value| {
        let mut row = row.clone();
        row[name] = value;
        row.to_string().into_bytes()
    };
    // Numbers that no JSON library writes.
    let number = |text: &str| {
        String::from_utf8(changed("credit_amount", json!("@"))).unwrap().replace("\"@\"", text)
    };
    let mut request = Wrong {
        method: "POST",
        path: dice.pick(&["/api/predict", "/api/explain"]),
        headers: vec![("Authorization", format!("Bearer {key}"))],
        body: Vec::new(),
        status: vec![422],
    };
    match dice.roll(14) {
        0 => {
            request.body = good[..dice.roll(good.len())].to_vec();
            request.status = vec![400];
        }
        1 => {
            // One byte anew may still be a good row, say another number.
            request.body = good;
            let place = dice.roll(request.body.len());
            request.body[place] = u8::try_from(dice.roll(256)).unwrap();
            request.status = vec![200, 400, 422];
        }
        2 => {
            request.body =
                (0..=dice.roll(200)).map(|_| u8::try_from(128 + dice.roll(128)).unwrap()).collect();
            request.status = vec![400];
        }
        3 => request.body = number(&format!("1e{}", 400 + dice.roll(99_999))).into_bytes(),
        4 => request.body = number(&"9".repeat(400 + dice.roll(4_000))).into_bytes(),
        5 => {
            let levels = 17 + dice.roll(60_000);
            request.body = dice.pick(&["[", "{\"a\":"]).repeat(levels).into_bytes();
            request.status = vec![400];
        }
        6 => {
            let value =
                [json!("much"), json!([1]), json!({"a": 1}), json!(true)][dice.roll(4)].clone();
            request.body = changed("credit_amount", value);
        }
        7 => request.body = changed("job", json!(dice.pick(&["pirate", "", "\u{0}", "医生"]))),
        8 => {
            let mut row = row.clone();
            let names: Vec<String> = row.as_object().unwrap().keys().cloned().collect();
            row.as_object_mut().unwrap().remove(&names[dice.roll(names.len())]);
            request.body = row.to_string().into_bytes();
        }
        9 => {
            request.body =
                dice.pick(&["null", "[]", "3", "\"x\"", "[1]", "{}"]).as_bytes().to_vec();
        }
        10 => {
            request.method = dice.pick(&["PUT", "DELETE", "PATCH", "GET"]);
            request.status = vec![405];
        }
        11 => {
            let secret = "ik_".to_owned() + &"a".repeat(dice.roll(300));
            request.headers = vec![("Authorization", format!("Bearer {secret}"))];
            request.body = good;
            request.status = vec![401];
        }
        12 => {
            request.path =
                dice.pick(&["/api/nowhere", "/v2/models/none/infer", "/%00", "/api/../x"]);
            request.body = good;
            request.status = vec![404];
        }
        _ => {
            request.headers.push(("X-Long", "x".repeat(420_000 + dice.roll(200_000))));
            request.body = good;
            request.status = vec![431];
        }
    }
    request
}

fn resident(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<u64>().unwrap() * 1024
}

/// A body of 100 MB: announced, and really sent.
fn too_large(server: &Server, key: &str) {
    let head = |length: &str| {
        format!(
            "POST /api/predict HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {key}\r\n\
             Content-Type: application/json\r\n{length}\r\n\r\n"
        )
    };
    let mut announced = TcpStream::connect(server.address).unwrap();
    announced.write_all(head("Content-Length: 100000000").as_bytes()).unwrap();
    let mut answer = [0; 12];
    announced.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");

    let mut sent = TcpStream::connect(server.address).unwrap();
    sent.write_all(head("Transfer-Encoding: chunked").as_bytes()).unwrap();
    let chunk = format!("100000\r\n{}\r\n", " ".repeat(1 << 20));
    // The server answers and closes long before the end.
    let taken = (0..100).take_while(|_| sent.write_all(chunk.as_bytes()).is_ok()).count();
    assert!(taken < 100, "all of it was taken");
}

/// Clients that never finish what they began; the last one has sent all of its header.
fn slow_clients(server: &Server, key: &str) -> Vec<TcpStream> {
    let whole = format!(
        "POST /api/predict HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {key}\r\n\
         Content-Type: application/json\r\nContent-Length: 500\r\n\r\n{{\"age\""
    );
    let begin = |index: usize| {
        let mut stream = TcpStream::connect(server.address).unwrap();
        stream.write_all(&whole.as_bytes()[..whole.len() * index / 32]).unwrap();
        stream
    };
    (1..=32).map(begin).collect()
}

#[test]
fn ten_thousand_wrong_requests_harm_nothing() {
    let project = finished();
    let mut server = Server::start(project, &project.package(), &["--ledger", "hostile.db"]);
    let (_, key) = api_key(project, &["--ledger", "hostile.db"]);
    let row = applicant(project);
    let expected = server.post("/api/predict", &key, &row).json()["predictions"].clone();
    let (stop, answered) = (AtomicBool::new(false), AtomicU64::new(0));
    let early = AtomicU64::new(0);
    let slow = slow_clients(&server, &key);
    std::thread::scope(|scope| {
        let good = scope.spawn(|| {
            let mut count = 0;
            while !stop.load(Ordering::Relaxed) {
                let answer = server.post("/api/predict", &key, &row);
                assert_eq!(answer.status, 200, "{}", answer.body);
                assert_eq!(answer.json()["predictions"], expected);
                count += 1;
            }
            count
        });
        let hostile: Vec<_> = (1..=CLIENTS)
            .map(|seed| {
                let (server, row, key, answered, early) = (&server, &row, &key, &answered, &early);
                scope.spawn(move || {
                    let mut dice = Dice(seed);
                    for _ in 0..REQUESTS {
                        let sent = wrong(&mut dice, row, key);
                        let headers: Vec<(&str, &str)> = sent
                            .headers
                            .iter()
                            .map(|(name, value)| (*name, value.as_str()))
                            .collect();
                        let answer =
                            server.try_request(sent.method, sent.path, &headers, &sent.body);
                        match answer {
                            Ok(answer) => assert!(
                                sent.status.contains(&answer.status),
                                "{} {} {:?}: {} instead of {:?}\n{}",
                                sent.method,
                                sent.path,
                                String::from_utf8_lossy(&sent.body[..sent.body.len().min(300)]),
                                answer.status,
                                sent.status,
                                answer.body
                            ),
                            // Only a header beyond all bounds may be cut off while it is sent.
                            Err(error) => assert_eq!(sent.status, [431], "{error}"),
                        }
                        if answered.fetch_add(1, Ordering::Relaxed) == CLIENTS * REQUESTS / 10 {
                            too_large(server, key);
                            early.store(resident(server), Ordering::Relaxed);
                        }
                    }
                })
            })
            .collect();
        // A failed client must not leave the good one running for ever.
        let ended: Vec<_> = hostile.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        too_large(&server, &key);
        stop.store(true, Ordering::Relaxed);
        assert!(good.join().unwrap() > 10);
        for client in ended {
            client.unwrap();
        }
    });
    assert_eq!(answered.into_inner(), CLIENTS * REQUESTS);
    let (early, late) = (early.into_inner(), resident(&server));
    assert!(early > 0 && late < early + GROWTH, "{early} bytes grew to {late}");

    // Whoever is too slow with a body is told so, and hears no answer to half a row.
    let mut last = slow.into_iter().next_back().unwrap();
    last.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    let mut told = String::new();
    last.read_to_string(&mut told).unwrap();
    assert!(told.starts_with("HTTP/1.1 408"), "{told}");
    assert!(server.child.try_wait().unwrap().is_none(), "{}", server.log());
    assert_eq!(server.post("/api/predict", &key, &row).json()["predictions"], expected);
}
