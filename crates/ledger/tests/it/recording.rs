//! Usage by group commit.

use crate::support::{NOON, Place, event, key, recorder, request};
use ingot_ledger::{KeyRequest, Ledger, UsageQuery, UsageTotal};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_clients_share_transactions_and_nothing_is_lost() {
    let place = Place::new();
    let ledger = place.open().await;
    let made = key(&ledger).await;
    let groups = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&groups);
    let (recorder, task) =
        ledger.recorder(Arc::new(move |_, events| seen.lock().unwrap().push(events)));
    let clients: Vec<_> = (0..64)
        .map(|client| {
            let (recorder, key) = (recorder.clone(), made.id.clone());
            tokio::spawn(async move {
                for request in 0..20 {
                    recorder.record(event(&key, client * 20 + request)).await.unwrap();
                }
            })
        })
        .collect();
    for client in clients {
        client.await.unwrap();
    }
    drop(recorder);
    task.await.unwrap();
    let groups = groups.lock().unwrap().clone();
    assert_eq!(groups.iter().sum::<usize>(), 1280);
    assert!(groups.len() < 640, "64 waiting clients need far fewer transactions: {}", groups.len());
    let events = ledger.events(Some(&made.id), 2000).await.unwrap();
    let ids: BTreeSet<_> = events.iter().map(|event| event.request_id.clone()).collect();
    assert_eq!((events.len(), ids.len()), (1280, 1280));
    let usage = ledger.usage(Some(&made.id)).await.unwrap();
    assert_eq!(usage.len(), 1);
    assert_eq!((usage[0].requests, usage[0].rows, usage[0].failed), (1280, 2560, 0));
    assert_eq!(usage[0].day, "2026-11-23");
}

#[tokio::test]
async fn what_is_answered_is_on_disk_for_another_process() {
    let place = Place::new();
    let (server, command) = (place.open().await, place.open().await);
    let made = key(&command).await;
    let recorder = recorder(&server);
    for request in 1..=3 {
        recorder.record(event(&made.id, request)).await.unwrap();
        let total = UsageTotal::of(&command.usage(None).await.unwrap());
        assert_eq!(total.requests, u64::try_from(request).unwrap());
    }
}

#[tokio::test]
async fn after_a_revocation_elsewhere_nothing_is_recorded_though_the_key_was_remembered() {
    let place = Place::new();
    let (server, command) = (place.open().await, place.open().await);
    let made = key(&command).await;
    let recorder = recorder(&server);
    assert!(server.authenticate(made.secret.expose()).await.is_ok());
    recorder.record(event(&made.id, 1)).await.unwrap();
    command.revoke_key(&made.id).await.unwrap();
    let fault = recorder.record(event(&made.id, 2)).await.unwrap_err();
    assert_eq!(fault.code(), "ledger-key-revoked");
    let fault = server.authenticate(made.secret.expose()).await.unwrap_err();
    assert_eq!(fault.code(), "ledger-key-revoked");
    assert_eq!(command.events(None, 10).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_is_recorded_after_the_revocation_under_load() {
    let place = Place::new();
    let (server, command) = (place.open().await, place.open().await);
    let made = key(&command).await;
    let (recorder, _task) = server.recorder(Arc::new(|_, _| {}));
    let accepted = Arc::new(AtomicUsize::new(0));
    let clients: Vec<_> = (0..16)
        .map(|client| {
            let (recorder, key, accepted) =
                (recorder.clone(), made.id.clone(), Arc::clone(&accepted));
            tokio::spawn(async move {
                let mut request = 0;
                while recorder.record(event(&key, client * 1_000_000 + request)).await.is_ok() {
                    accepted.fetch_add(1, Ordering::SeqCst);
                    request += 1;
                }
            })
        })
        .collect();
    while accepted.load(Ordering::SeqCst) < 50 {
        tokio::task::yield_now().await;
    }
    command.revoke_key(&made.id).await.unwrap();
    let at_revocation = UsageTotal::of(&command.usage(None).await.unwrap()).requests;
    for client in clients {
        client.await.unwrap();
    }
    let at_end = UsageTotal::of(&command.usage(None).await.unwrap()).requests;
    assert_eq!(at_end, at_revocation, "nothing came after the revocation");
    assert_eq!(at_end, u64::try_from(accepted.load(Ordering::SeqCst)).unwrap());
}

#[tokio::test]
async fn one_groups_bad_keys_do_not_harm_the_good_ones() {
    let place = Place::new();
    let ledger = place.open().await;
    let (good, bad) = (key(&ledger).await, key(&ledger).await);
    let ending = KeyRequest { expires_at_ms: Some(NOON + 1), ..request() };
    let ending = ledger.create_key(ending).await.unwrap();
    ledger.revoke_key(&bad.id).await.unwrap();
    place.clock.0.store(NOON + 1, Ordering::SeqCst);
    let recorder = recorder(&ledger);
    let (first, second, third, fourth) = tokio::join!(
        recorder.record(event(&good.id, 1)),
        recorder.record(event(&bad.id, 2)),
        recorder.record(event(&ending.id, 3)),
        recorder.record(event("nobody", 4)),
    );
    assert!(first.is_ok());
    assert_eq!(second.unwrap_err().code(), "ledger-key-revoked");
    assert_eq!(third.unwrap_err().code(), "ledger-key-expired");
    assert_eq!(fourth.unwrap_err().code(), "ledger-key-invalid");
    assert_eq!(ledger.events(None, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn usage_is_told_by_key_tenant_day_and_status() {
    let place = Place::new();
    let ledger = place.open().await;
    let one = key(&ledger).await;
    let other = KeyRequest { tenant: "hospital".into(), ..request() };
    let other = ledger.create_key(other).await.unwrap();
    let recorder = recorder(&ledger);
    recorder.record(event(&one.id, 1)).await.unwrap();
    let mut failed = event(&one.id, 2);
    (failed.status, failed.rows) = (422, 0);
    recorder.record(failed).await.unwrap();
    place.clock.0.store(NOON + 86_400_000, Ordering::SeqCst);
    recorder.record(event(&other.id, 3)).await.unwrap();
    let total = async |query: UsageQuery| {
        let total = UsageTotal::of(&ledger.usage_of(&query).await.unwrap());
        (total.requests, total.failed, total.rows)
    };
    let all = UsageQuery::default();
    assert_eq!(total(all.clone()).await, (3, 1, 4));
    assert_eq!(total(UsageQuery::of_key(&one.id)).await, (2, 1, 2));
    let tenant = UsageQuery { tenant: Some("hospital".into()), ..all.clone() };
    assert_eq!(total(tenant).await, (1, 0, 2));
    let later = UsageQuery { from: Some("2026-11-24".into()), ..all.clone() };
    assert_eq!(total(later).await, (1, 0, 2));
    let earlier = UsageQuery { to: Some("2026-11-23".into()), ..all };
    assert_eq!(total(earlier).await, (2, 1, 2));
}

/// Needs a server: `INGOT_TEST_POSTGRES` names a database that the test may fill.
#[tokio::test]
async fn postgresql_keeps_the_same_promises() {
    let Ok(url) = std::env::var("INGOT_TEST_POSTGRES") else {
        let required = std::env::var("INGOT_TEST_TOOLS").is_ok_and(|value| value == "required");
        assert!(!required, "INGOT_TEST_POSTGRES is not set; run scripts/test.sh");
        return;
    };
    let open = || Ledger::open(&url, Place::pepper());
    let (server, command) = (open().await.unwrap(), open().await.unwrap());
    let made = key(&command).await;
    assert!(server.authenticate(made.secret.expose()).await.is_ok());
    let (recorder, _task) = server.recorder(Arc::new(|_, _| {}));
    let many = (0..100).map(|request| {
        let (recorder, key) = (recorder.clone(), made.id.clone());
        tokio::spawn(async move { recorder.record(event(&key, request)).await.is_ok() })
    });
    for one in many.collect::<Vec<_>>() {
        assert!(one.await.unwrap());
    }
    let usage = command.usage(Some(&made.id)).await.unwrap();
    assert_eq!((usage.len(), usage[0].requests, usage[0].rows), (1, 100, 200));
    assert_eq!(command.events(Some(&made.id), 1000).await.unwrap().len(), 100);
    command.revoke_key(&made.id).await.unwrap();
    let fault = recorder.record(event(&made.id, 200)).await.unwrap_err();
    assert_eq!(fault.code(), "ledger-key-revoked");
    assert!(server.authenticate_now(made.secret.expose()).await.is_err());
    assert!(command.acts(10).await.unwrap().len() >= 2);
    assert!(Ledger::open(&url, ingot_base::Secret::new(vec![8; 32])).await.is_err());
}
