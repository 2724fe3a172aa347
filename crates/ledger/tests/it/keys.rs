//! Keys from making to revoking.

use crate::support::{NOON, Place, key, request};
use ingot_base::Secret;
use ingot_ledger::{KeyRequest, Ledger, Scope};
use std::sync::atomic::Ordering;

#[tokio::test]
async fn a_key_is_shown_once_and_stored_as_a_keyed_hash() {
    let place = Place::new();
    let ledger = place.open().await;
    let made = key(&ledger).await;
    let token = made.secret.expose();
    let principal = ledger.authenticate(token).await.unwrap();
    assert_eq!(&*principal.key, made.id.as_str());
    assert!(principal.may(Scope::Explain) && !principal.may(Scope::Admin));
    ledger.close().await;
    let secret = token.rsplit('_').next().unwrap();
    for entry in std::fs::read_dir(place.folder.path().join("deep")).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let found = |text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
        assert!(!found(secret), "the secret is in the database");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn the_database_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let ledger = place.open().await;
    key(&ledger).await;
    for entry in std::fs::read_dir(place.folder.path().join("deep")).unwrap() {
        let mode = entry.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0);
    }
}

#[tokio::test]
async fn a_key_is_found_by_its_id_revoked_or_not_and_no_other() {
    let place = Place::new();
    let ledger = place.open().await;
    let made = key(&ledger).await;
    ledger.revoke_key(&made.id).await.unwrap();
    for id in [made.id.clone(), format!("ik_{}", made.id)] {
        assert_eq!(ledger.key(&id).await.unwrap().id, made.id);
    }
    let fault = ledger.key("nosuch").await.unwrap_err();
    let revoked = ledger.revoke_key("nosuch").await.unwrap_err();
    assert_eq!((fault.code(), fault.to_string()), ("ledger-key-unknown", revoked.to_string()));
}

#[tokio::test]
async fn what_is_no_valid_key_is_refused_the_same_way() {
    let place = Place::new();
    let ledger = place.open().await;
    let made = key(&ledger).await;
    let other = key(&ledger).await;
    let secret = other.secret.expose().rsplit('_').next().unwrap();
    for token in [
        String::new(),
        "ik_x_y".to_owned(),
        format!("ik_{}_{secret}", made.id),
        format!("ik_0000000000000000_{secret}"),
        format!("{} ", made.secret.expose()),
    ] {
        for _ in 0..2 {
            let fault = ledger.authenticate(&token).await.unwrap_err();
            assert_eq!(fault.code(), "ledger-key-invalid");
        }
    }
    assert!(ledger.authenticate(made.secret.expose()).await.is_ok());
}

#[tokio::test]
async fn a_ledger_opens_only_with_its_own_pepper() {
    let place = Place::new();
    place.open().await.close().await;
    let fault = Ledger::open(&place.url(), Secret::new(vec![8; 32])).await.unwrap_err();
    assert_eq!(fault.code(), "ledger-pepper");
}

#[tokio::test]
async fn an_address_of_another_database_becomes_no_file() {
    let fault =
        Ledger::open("mysql://me:canary-secret@host/ledger", Place::pepper()).await.unwrap_err();
    assert_eq!(fault.code(), "ledger-scheme");
    assert!(!fault.to_string().contains("canary"), "{fault}");
    assert!(!std::path::Path::new("mysql:").exists());
}

#[tokio::test]
async fn a_newer_or_foreign_file_is_refused_by_name() {
    let place = Place::new();
    std::fs::create_dir(place.folder.path().join("deep")).unwrap();
    #[expect(clippy::disallowed_methods, reason = "a damaged file is what the test is about")]
    std::fs::write(place.url(), "this is no database, and long enough to be seen as none").unwrap();
    let fault = Ledger::open(&place.url(), Place::pepper()).await.unwrap_err();
    assert_eq!(fault.code(), "ledger-open");
    assert!(fault.to_string().contains("ledger.db"), "{fault}");
}

#[tokio::test]
async fn a_key_ends_at_its_time() {
    let place = Place::new();
    let ledger = place.open().await;
    let ending = KeyRequest { expires_at_ms: Some(NOON + 10), ..request() };
    let made = ledger.create_key(ending).await.unwrap();
    assert!(ledger.authenticate(made.secret.expose()).await.is_ok());
    place.clock.0.store(NOON + 10, Ordering::SeqCst);
    for _ in 0..2 {
        let fault = ledger.authenticate(made.secret.expose()).await.unwrap_err();
        assert_eq!(fault.code(), "ledger-key-expired");
    }
}

#[tokio::test]
async fn a_key_made_by_another_process_is_known_at_once() {
    let place = Place::new();
    let (server, command) = (place.open().await, place.open().await);
    let made = key(&command).await;
    assert!(server.authenticate(made.secret.expose()).await.is_ok());
}

#[tokio::test]
async fn a_key_revoked_by_another_process_is_refused_when_asked_now() {
    let place = Place::new();
    let (server, command) = (place.open().await, place.open().await);
    let made = key(&command).await;
    assert!(server.authenticate(made.secret.expose()).await.is_ok());
    command.revoke_key(&made.id).await.unwrap();
    let fault = server.authenticate_now(made.secret.expose()).await.unwrap_err();
    assert_eq!(fault.code(), "ledger-key-revoked");
    let fault = server.authenticate(made.secret.expose()).await.unwrap_err();
    assert_eq!(fault.code(), "ledger-key-revoked", "and remembered as refused");
}

#[tokio::test]
async fn lists_and_the_audit_log_tell_what_was_done_by_whom() {
    let place = Place::new();
    let ledger = place.open().await;
    let made = key(&ledger).await;
    place.clock.0.store(NOON + 5, Ordering::SeqCst);
    let admin = ledger.acting_as("admin-key");
    admin.revoke_key(&made.id).await.unwrap();
    place.clock.0.store(NOON + 9, Ordering::SeqCst);
    admin.revoke_key(&made.id).await.unwrap();
    let fault = admin.revoke_key("nobody").await.unwrap_err();
    assert_eq!(fault.code(), "ledger-key-unknown");
    let keys = ledger.list_keys().await.unwrap();
    assert_eq!(keys.len(), 1);
    assert_eq!(
        (keys[0].created_at_ms, keys[0].revoked_at_ms),
        (NOON, Some(NOON + 5)),
        "the first revocation counts"
    );
    let json = serde_json::to_string(&keys).unwrap();
    assert!(!json.contains("hash") && json.contains("\"predict\""), "{json}");
    let acts = ledger.acts(10).await.unwrap();
    let told: Vec<(&str, &str)> =
        acts.iter().map(|act| (act.actor.as_str(), act.act.as_str())).collect();
    assert_eq!(
        told,
        [("admin-key", "key.revoke"), ("admin-key", "key.revoke"), ("local", "key.create")]
    );
    assert!(acts.iter().all(|act| !act.detail.contains(made.secret.expose().as_str())));
}
