//! A new version takes over without a dropped request; a bad one does not.

use crate::fake::Behaviour;
use crate::support::{Server, eventually, row};
use ingot_base::{Clock, Digest};
use ingot_seal::{Reason, Revocation, Revocations};
use ingot_serve::Settings;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

fn quick(settings: &mut Settings) {
    settings.limits.reload_interval = Duration::from_millis(10);
}

fn version(server: &Server) -> String {
    let answer = server.post("/api/predict", &row(30.0));
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["version"].as_str().unwrap().to_owned()
}

#[test]
fn under_load_versions_change_without_a_dropped_request() {
    let server = Server::with(Behaviour::default(), quick);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut client = server.client();
                    let mut seen = Vec::new();
                    loop {
                        // The last request begins after the last version took over, however slow the one before was.
                        let last = stop.load(Ordering::Relaxed);
                        let answer = client.post("/api/predict", &row(30.0));
                        assert_eq!(answer.status, 200);
                        let version = answer.json()["version"].as_str().unwrap().to_owned();
                        if seen.last() != Some(&version) {
                            seen.push(version);
                        }
                        if last {
                            return seen;
                        }
                    }
                })
            })
            .collect();
        for next in ["1.0.1", "1.2.0", "1.10.0"] {
            server.package(&format!("made-up-{next}.ingot"), &format!("made-up {next}"));
            eventually(next, || version(&server) == next);
        }
        stop.store(true, Ordering::Relaxed);
        for client in clients {
            let seen = client.join().unwrap();
            let order = ["1.0.0", "1.0.1", "1.2.0", "1.10.0"];
            let mut places =
                seen.iter().map(|version| order.iter().position(|known| known == version).unwrap());
            assert!(places.clone().is_sorted(), "{seen:?}");
            assert_eq!(places.next_back(), Some(3));
        }
    });
    let info = server.get("/metrics").text().to_owned();
    assert!(info.contains("ingot_model_info{model=\"made-up\",version=\"1.10.0\"} 1"));
    assert_eq!(info.matches("ingot_model_info{").count(), 1);
    assert!(info.contains("\ningot_reloads_total 3\n"));
    assert!(server.get("/openapi.json").text().contains("made-up 1.10.0"));
}

#[test]
fn a_bad_package_is_refused_once_and_what_was_served_stays() {
    let server = Server::with(Behaviour::default(), quick);
    server.package("made-up-2.0.0.ingot", "damaged beyond all repair");
    eventually("the refusal is told", || server.log().contains("Refused"));
    server.package("made-up-3.0.0.ingot", "made-up 3.0.0");
    eventually("a good one after it", || version(&server) == "3.0.0");
    let refusals = server.log().matches("Refused").count();
    assert_eq!(refusals, 1, "{}", server.log());
    assert!(server.get("/metrics").text().contains("\ningot_packages_refused_total 1\n"));
}

#[test]
fn older_and_foreign_packages_do_not_take_over() {
    let server = Server::with(Behaviour::default(), |settings| {
        // Lies there already: naming the older file is how one goes back a version.
        let beside = settings.packages[0].with_file_name("made-up-9.0.0.ingot");
        ingot_base::atomic::write(&beside, b"made-up 9.0.0").unwrap();
        quick(settings);
    });
    server.package("made-up-0.9.0.ingot", "made-up 0.9.0");
    server.package("another-5.0.0.ingot", "another 5.0.0");
    server.package("made-up-1.0.1.txt", "made-up 1.0.1");
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(version(&server), "1.0.0");
    server.package("made-up-1.0.0.ingot", "made-up 1.0.0");
    eventually("the file itself changed", || {
        server.get("/metrics").text().contains("\ningot_reloads_total 1\n")
    });
}

#[test]
fn a_package_that_is_not_what_its_file_says_does_not_take_over() {
    let server = Server::with(Behaviour::default(), quick);
    let refused = |code: &str| {
        eventually(code, || server.log().contains(code));
        assert_eq!(version(&server), "1.0.0");
    };
    server.package("made-up-9.9.9.ingot", "another 9.9.9");
    refused("serve-package-other");
    server.package("made-up-9.9.8.ingot", "made-up 0.5.0");
    eventually("both are told", || server.log().matches("serve-package-other").count() == 2);
    server.package("made-up-1.0.0.ingot", "another 1.0.0");
    eventually("all are told", || server.log().matches("serve-package-other").count() == 3);
    assert_eq!(version(&server), "1.0.0");
}

#[test]
fn a_name_without_a_version_hides_no_older_and_no_other_model() {
    let server = Server::with(Behaviour::default(), |settings| {
        let file = settings.packages[0].with_file_name("current.ingot");
        ingot_base::atomic::write(&file, b"made-up 2.0.0").unwrap();
        settings.packages = vec![file];
        quick(settings);
    });
    server.package("current.ingot", "made-up 1.9.0");
    eventually("an older one is refused", || server.log().contains("serve-package-older"));
    server.package("current.ingot", "another 3.0.0");
    eventually("another one is refused", || server.log().contains("serve-package-other"));
    assert_eq!(version(&server), "2.0.0");
    server.package("current.ingot", "made-up 2.1.0");
    eventually("a newer one is taken", || version(&server) == "2.1.0");
}

fn revoke(server: &Server, content: &str) {
    let package = server.folder.path().join("made-up-1.0.0.ingot");
    let mut list = Revocations::beside(&package).unwrap();
    list.add(Revocation {
        digest: Digest::of(content.as_bytes()),
        name: "made-up".into(),
        version: "1.0.0".into(),
        at: "2026-01-01T00:00:00Z".into(),
        reason: Reason::Erasure,
    });
    list.write(&package).unwrap();
}

#[test]
fn a_revoked_package_leaves_service_also_when_its_file_is_gone() {
    let server = Server::with(Behaviour::default(), quick);
    revoke(&server, "some other package");
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(version(&server), "1.0.0");
    // The file goes first: a look between the two finds the list as it was.
    std::fs::remove_file(server.folder.path().join("made-up-1.0.0.ingot")).unwrap();
    std::thread::sleep(Duration::from_millis(100));
    revoke(&server, "made-up 1.0.0");
    eventually("it leaves", || server.post("/api/predict", &row(30.0)).status == 404);
    // Taken out of service first, told then.
    eventually("it is told", || server.log().contains("seal-revoked"));
    server.package("made-up-0.9.0.ingot", "made-up 0.9.0");
    server.package("made-up-1.0.0.ingot", "made-up 1.0.0 2999-01-01T00:00:00Z");
    eventually("made anew it is back", || server.post("/api/predict", &row(30.0)).status == 200);
    assert_eq!(version(&server), "1.0.0");
}

#[test]
fn a_list_that_cannot_be_read_takes_its_model_out_until_it_can() {
    let server = Server::with(Behaviour::default(), quick);
    let package = server.folder.path().join("made-up-1.0.0.ingot");
    let list = Revocations::path(&package);
    ingot_base::atomic::write(&list, b"{\"format\": 1, \"revo").unwrap();
    eventually("it leaves", || server.post("/api/predict", &row(30.0)).status == 404);
    eventually("it is told", || server.log().contains("seal-revocations"));
    std::thread::sleep(Duration::from_millis(100));
    let refusals = server.log().matches("Refused").count();
    assert!(refusals <= 2, "told once, and not served meanwhile: {}", server.log());
    Revocations::default().write(&package).unwrap();
    eventually("it is back", || server.post("/api/predict", &row(30.0)).status == 200);
}

#[test]
fn a_model_that_was_reloaded_comes_back_from_the_file_it_came_from() {
    let server = Server::with(Behaviour::default(), quick);
    server.package("made-up-1.1.0.ingot", "made-up 1.1.0");
    eventually("the newer one is taken", || version(&server) == "1.1.0");
    let package = server.folder.path().join("made-up-1.1.0.ingot");
    ingot_base::atomic::write(&Revocations::path(&package), b"{").unwrap();
    eventually("it leaves", || server.post("/api/predict", &row(30.0)).status == 404);
    let ready = server.get("/readyz");
    assert_eq!((ready.status, ready.problem().as_str()), (503, "serve-model-none"));
    Revocations::default().write(&package).unwrap();
    eventually("it is back", || server.post("/api/predict", &row(30.0)).status == 200);
    assert_eq!(version(&server), "1.1.0");
}

#[test]
fn a_pipe_in_the_lists_place_holds_nothing_up() {
    let mut server = Server::with(Behaviour::default(), quick);
    let list = server.folder.path().join("revoked.json");
    assert!(std::process::Command::new("mkfifo").arg(&list).status().unwrap().success());
    eventually("the model leaves", || server.post("/api/predict", &row(30.0)).status == 404);
    assert_eq!(server.get("/healthz").status, 200);
    std::fs::remove_file(&list).unwrap();
    eventually("it is back", || server.post("/api/predict", &row(30.0)).status == 200);
    assert!(std::process::Command::new("mkfifo").arg(&list).status().unwrap().success());
    std::thread::sleep(Duration::from_millis(100));
    let begun = std::time::Instant::now();
    server.join().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_model_leaves_service_when_its_licence_ends() {
    let clock = Arc::new(Moved::default());
    let server = Server::with_clock(Arc::<Moved>::clone(&clock), |settings| {
        ingot_base::atomic::write(&settings.packages[0], b"made-up 1.0.0 2030-01-01T00:00:00Z")
            .unwrap();
        quick(settings);
    });
    assert_eq!(version(&server), "1.0.0");
    // 2030 begins.
    clock.0.store(1_893_456_000_000, Ordering::SeqCst);
    eventually("it leaves", || server.post("/api/predict", &row(30.0)).status == 404);
    eventually("it is told", || server.log().contains("seal-licence-expired"));
}

#[derive(Default)]
struct Moved(AtomicI64);

impl Clock for Moved {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

#[test]
fn of_a_folder_the_newest_of_each_name_is_served() {
    let server = Server::with(Behaviour::default(), |settings| {
        let folder = settings.packages[0].parent().unwrap().to_owned();
        ingot_base::atomic::write(&folder.join("made-up-1.10.0.ingot"), b"made-up 1.10.0").unwrap();
        ingot_base::atomic::write(&folder.join("made-up-1.9.0.ingot"), b"made-up 1.9.0").unwrap();
        settings.packages = vec![folder];
        quick(settings);
    });
    assert_eq!(version(&server), "1.10.0");
    server.package("second-0.1.ingot", "second 0.1");
    let ask = || server.post("/api/predict", &json!({ "model": "second", "inputs": [row(30.0)] }));
    eventually("a new name joins", || ask().status == 200);
}

#[test]
fn a_name_that_ends_in_a_number_is_reloaded_and_hides_no_other() {
    let server = Server::with(Behaviour::default(), |settings| {
        let folder = settings.packages[0].parent().unwrap().to_owned();
        for (name, version) in [("risk", "1.5.0"), ("risk-2025", "1.0.0")] {
            let file = folder.join(format!("{name}-{version}.ingot"));
            ingot_base::atomic::write(&file, format!("{name} {version}").as_bytes()).unwrap();
        }
        settings.packages = vec![folder];
        quick(settings);
    });
    let ask = |name: &str| {
        let answer = server.post("/api/predict", &json!({ "model": name, "inputs": [row(30.0)] }));
        answer.json()["version"].as_str().map(str::to_owned)
    };
    assert_eq!(ask("risk").as_deref(), Some("1.5.0"));
    assert_eq!(ask("risk-2025").as_deref(), Some("1.0.0"));
    server.package("risk-2025-1.1.0.ingot", "risk-2025 1.1.0");
    eventually("the newer one is taken", || ask("risk-2025").as_deref() == Some("1.1.0"));
    assert_eq!(ask("risk").as_deref(), Some("1.5.0"));
}

#[test]
fn nothing_to_serve_and_one_name_twice_are_said_at_the_start() {
    let code = |change: &dyn Fn(&mut Settings)| {
        Server::try_with(Behaviour::default(), change).map(drop).unwrap_err().code()
    };
    let empty = |settings: &mut Settings| {
        let folder = settings.packages[0].with_file_name("empty");
        std::fs::create_dir(&folder).unwrap();
        settings.packages = vec![folder];
    };
    assert_eq!(code(&empty), "serve-packages-none");
    let twice = |settings: &mut Settings| {
        let second = settings.packages[0].with_file_name("second-1.0.ingot");
        ingot_base::atomic::write(&second, b"made-up 1.0.0").unwrap();
        settings.packages.push(second);
    };
    assert_eq!(code(&twice), "serve-package-twice");
    let missing = |settings: &mut Settings| settings.packages = vec!["nowhere-1.0.ingot".into()];
    assert_eq!(code(&missing), "base-file-read");
}
