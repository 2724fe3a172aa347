//! The budget ledger: nobody overspends, nobody edits, a crash loses budget and never privacy.
#![expect(clippy::disallowed_methods, reason = "a ledger is damaged the way a careless hand would")]

use crate::dp::{Fixed, amount};
use crate::support::{table, text};
use ingot_base::{Class, Digest, FixedClock, Lang, Secret};
use ingot_privacy::dp::{Budget, Event, Ledger, Loss, Question, Statistic, Unit, epsilon_of_rho};
use std::fs;
use std::path::{Path, PathBuf};

const CLOCK: FixedClock = FixedClock(1_795_420_799_000);

fn ledger(folder: &Path) -> Ledger {
    Ledger::new(folder.join("privacy/ledger.jsonl"), Secret::new(b"project key".to_vec()))
}

fn files(folder: &Path) -> (PathBuf, PathBuf) {
    (folder.join("privacy/ledger.jsonl"), folder.join("privacy/ledger.jsonl.head"))
}

fn data() -> Digest {
    Digest::of(b"some rows")
}

fn pure(epsilon: f64) -> Loss {
    Loss::Pure(amount(epsilon))
}

fn spend(ledger: &Ledger, loss: Loss) -> Result<u64, &'static str> {
    ledger
        .spend(data(), loss, "stats", "count", &CLOCK)
        .map(|receipt| receipt.number())
        .map_err(|fault| fault.code())
}

#[test]
fn tenths_add_up_to_one_and_the_eleventh_is_refused_with_what_remains() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger(folder.path());
    assert_eq!(spend(&ledger, pure(0.1)), Err("privacy-dp-budget-unset"));
    assert_eq!(ledger.account(data()).unwrap(), None);
    ledger.allot(data(), Budget::pure(amount(1.0)), &CLOCK).unwrap();
    for line in 2..=11 {
        assert_eq!(spend(&ledger, pure(0.1)), Ok(line));
    }
    assert_eq!(spend(&ledger, pure(0.1)), Err("privacy-dp-overspent"));
    assert_eq!(spend(&ledger, pure(0.000_001)), Err("privacy-dp-overspent"));
    let account = ledger.account(data()).unwrap().unwrap();
    assert_eq!((account.releases, account.epsilon_left), (10, None));
    assert!((account.epsilon_spent - 1.0).abs() < 1e-12);

    let other = Digest::of(b"other rows");
    ledger.allot(other, Budget::pure(amount(1.0)), &CLOCK).unwrap();
    ledger.spend(other, pure(0.7), "stats", "count", &CLOCK).unwrap();
    let fault = ledger.spend(other, pure(0.4), "stats", "count", &CLOCK).unwrap_err();
    assert_eq!(fault.message().class, Class::Refused);
    for lang in [Lang::En, Lang::Zh] {
        let said = fault.render(lang);
        assert!(
            said.contains("ε = 0.4") && said.contains("ε = 1") && said.contains("ε = 0.3"),
            "{said}"
        );
    }
}

#[test]
fn a_budget_is_set_once() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger(folder.path());
    let budget = Budget::pure(amount(1.0));
    ledger.allot(data(), budget, &CLOCK).unwrap();
    ledger.allot(data(), budget, &CLOCK).unwrap();
    assert_eq!(ledger.entries().unwrap().len(), 1);
    let fault = ledger.allot(data(), Budget::pure(amount(2.0)), &CLOCK).unwrap_err();
    assert_eq!(fault.code(), "privacy-dp-budget-fixed");
    assert_eq!(spend(&ledger, Loss::Zcdp(amount(0.01))), Err("privacy-dp-gaussian-pure"));
}

#[test]
fn with_delta_everything_adds_up_in_rho() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger(folder.path());
    let (epsilon, delta) = (1.0, 1e-6);
    ledger.allot(data(), Budget::approximate(amount(epsilon), delta).unwrap(), &CLOCK).unwrap();
    // 0.1-pure is 0.005 of ρ (Bun, Steinke 2016, proposition 1.4).
    ledger.spend(data(), pure(0.1), "stats", "count", &CLOCK).unwrap();
    ledger.spend(data(), Loss::Zcdp(amount(0.003)), "train", "sum(age)", &CLOCK).unwrap();
    let account = ledger.account(data()).unwrap().unwrap();
    assert!((account.epsilon_spent - epsilon_of_rho(0.008, delta)).abs() < 1e-9);
    let Loss::Zcdp(most) = Loss::gaussian(amount(epsilon), delta).unwrap() else { unreachable!() };
    let left = account.rho_left.unwrap();
    assert_eq!(left.units(), most.units() - 8_000_000_000);
    // Exactly what is said to remain can be spent, in either currency, and no unit more.
    let copy = tempfile::tempdir().unwrap();
    let (main, head) = files(folder.path());
    let second = self::ledger(copy.path());
    fs::create_dir_all(copy.path().join("privacy")).unwrap();
    fs::copy(main, files(copy.path()).0).unwrap();
    fs::copy(head, files(copy.path()).1).unwrap();
    assert_eq!(spend(&ledger, Loss::Zcdp(left)), Ok(4));
    assert_eq!(spend(&second, Loss::Pure(account.epsilon_left.unwrap())), Ok(4));
    for ledger in [ledger, second] {
        assert_eq!(spend(&ledger, Loss::Zcdp(amount(0.000_001))), Err("privacy-dp-overspent"));
        let spent = ledger.account(data()).unwrap().unwrap().epsilon_spent;
        assert!(spent <= epsilon && spent > epsilon - 1e-4, "{spent}");
    }
}

/// Allots and spends twice.
fn three_lines(folder: &Path) -> Ledger {
    let ledger = ledger(folder);
    ledger.allot(data(), Budget::pure(amount(1.0)), &CLOCK).unwrap();
    spend(&ledger, pure(0.25)).unwrap();
    spend(&ledger, pure(0.5)).unwrap();
    ledger
}

fn code(ledger: &Ledger) -> Option<&'static str> {
    ledger.account(data()).err().map(|fault| fault.code())
}

#[test]
fn every_changed_byte_and_every_shortening_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = three_lines(folder.path());
    let (main, head) = files(folder.path());
    let good = fs::read(&main).unwrap();
    assert_eq!(code(&ledger), None);
    let put = |bytes: &[u8]| fs::write(&main, bytes).unwrap();
    for place in 0..good.len() {
        let mut bad = good.clone();
        bad[place] ^= if bad[place] == b'\n' { 0x20 } else { 0x01 };
        put(&bad);
        assert!(code(&ledger).is_some(), "byte {place}");
        assert!(ledger.spend(data(), pure(0.1), "stats", "count", &CLOCK).is_err(), "byte {place}");
        put(&good[..place]);
        assert!(code(&ledger).is_some(), "cut at {place}");
    }
    let lines: Vec<&[u8]> = good.split_inclusive(|byte| *byte == b'\n').collect();
    for gone in 0..lines.len() {
        let rest: Vec<&[u8]> =
            lines.iter().enumerate().filter(|(at, _)| *at != gone).map(|(_, line)| *line).collect();
        put(&rest.concat());
        assert!(
            code(&ledger).is_some_and(|code| code.starts_with("privacy-dp-ledger-")),
            "line {gone}"
        );
    }
    // A blank in the JSON changes no value, and is a change all the same.
    let blank = String::from_utf8(good.clone()).unwrap().replacen(':', ": ", 1);
    put(blank.as_bytes());
    assert_eq!(code(&ledger), Some("privacy-dp-ledger-line"));
    put(&[lines[0], lines[1], lines[1]].concat());
    assert_eq!(code(&ledger), Some("privacy-dp-ledger-line"));
    fs::remove_file(&main).unwrap();
    assert_eq!(code(&ledger), Some("privacy-dp-ledger-short"));
    put(&good);
    fs::remove_file(&head).unwrap();
    assert_eq!(code(&ledger), Some("privacy-dp-ledger-head"));
}

#[test]
fn a_chain_made_without_the_key_is_refused() {
    let (own, foreign) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let ledger = three_lines(own.path());
    let forged = Ledger::new(files(foreign.path()).0, Secret::new(b"guess".to_vec()));
    forged.allot(data(), Budget::pure(amount(1.0)), &CLOCK).unwrap();
    for (from, to) in [
        (files(foreign.path()).0, files(own.path()).0),
        (files(foreign.path()).1, files(own.path()).1),
    ] {
        fs::copy(from, to).unwrap();
    }
    assert_eq!(code(&ledger), Some("privacy-dp-ledger-line"));
}

#[test]
fn a_genuine_line_of_another_ledger_is_refused() {
    let (own, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let ledger = three_lines(own.path());
    // The same key and number, but a smaller price.
    let cheap = self::ledger(other.path());
    cheap.allot(data(), Budget::pure(amount(1.0)), &CLOCK).unwrap();
    spend(&cheap, pure(0.01)).unwrap();
    spend(&cheap, pure(0.01)).unwrap();
    let read = |folder: &Path| fs::read_to_string(files(folder).0).unwrap();
    let (own_text, cheap_text) = (read(own.path()), read(other.path()));
    for line in [1, 2] {
        let mut lines: Vec<&str> = own_text.split_inclusive('\n').collect();
        lines[line] = cheap_text.split_inclusive('\n').nth(line).unwrap();
        fs::write(files(own.path()).0, lines.concat()).unwrap();
        assert!(code(&ledger).is_some(), "line {line}");
    }
}

#[test]
fn going_back_to_an_older_state_is_noticed_by_who_remembers_the_head() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = three_lines(folder.path());
    let (main, head) = files(folder.path());
    let older = (fs::read(&main).unwrap(), fs::read(&head).unwrap());
    let before = ledger.head().unwrap().unwrap();
    spend(&ledger, pure(0.1)).unwrap();
    let after = ledger.head().unwrap().unwrap();
    ledger.expect(&before).unwrap();
    ledger.expect(&after).unwrap();
    fs::write(&main, older.0).unwrap();
    fs::write(&head, older.1).unwrap();
    ledger.expect(&before).unwrap();
    assert_eq!(ledger.expect(&after).unwrap_err().code(), "privacy-dp-ledger-old");
}

#[test]
fn an_unfinished_line_is_cut_off_and_a_finished_one_counts() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = three_lines(folder.path());
    let (main, head) = files(folder.path());
    let good = fs::read(&main).unwrap();
    fs::write(&main, [good.as_slice(), br#"{"number":4,"at":"20"#].concat()).unwrap();
    assert_eq!(ledger.account(data()).unwrap().unwrap().releases, 2);
    let older = fs::read(&head).unwrap();
    assert_eq!(spend(&ledger, pure(0.2)), Ok(4));
    // As after a crash between the two files: the line stands, the head is one behind.
    fs::write(&head, &older).unwrap();
    assert_eq!(ledger.account(data()).unwrap().unwrap().releases, 3);
    assert_eq!(spend(&ledger, pure(0.05)), Ok(5));
    assert_eq!(spend(&ledger, pure(0.05)), Err("privacy-dp-overspent"));
    // Two behind is no crash.
    fs::write(&head, older).unwrap();
    assert_eq!(code(&ledger), Some("privacy-dp-ledger-head"));
}

/// Not a test of its own: the process that [`what_was_recorded_before_a_crash_stays_spent`] lets die.
#[test]
#[ignore = "started by another test, which makes it die"]
fn dies_after_recording() {
    let folder = PathBuf::from(std::env::var_os("INGOT_TEST_FOLDER").unwrap());
    spend(&ledger(&folder), pure(0.75)).unwrap();
    unreachable!("the crash point lies before");
}

#[test]
fn what_was_recorded_before_a_crash_stays_spent() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger(folder.path());
    ledger.allot(data(), Budget::pure(amount(1.0)), &CLOCK).unwrap();
    let status = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "dp_ledger::dies_after_recording", "--ignored", "--test-threads=1"])
        .env("INGOT_TEST_FOLDER", folder.path())
        .env("INGOT_CRASH_POINT", "chain-appended")
        .output()
        .unwrap()
        .status;
    assert!(!status.success());
    let account = ledger.account(data()).unwrap().unwrap();
    assert_eq!((account.releases, account.epsilon_left), (1, Some(amount(0.25))));
    assert_eq!(spend(&ledger, pure(0.5)), Err("privacy-dp-overspent"));
    assert_eq!(spend(&ledger, pure(0.25)), Ok(3));
}

#[test]
fn writers_at_once_never_overspend_together() {
    let folder = tempfile::tempdir().unwrap();
    ledger(folder.path()).allot(data(), Budget::pure(amount(1.0)), &CLOCK).unwrap();
    let paid: usize = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..6)
            .map(|_| {
                scope.spawn(|| {
                    let ledger = ledger(folder.path());
                    (0..5).filter(|_| spend(&ledger, pure(0.05)).is_ok()).count()
                })
            })
            .collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).sum()
    });
    assert_eq!(paid, 20);
    let entries = ledger(folder.path()).entries().unwrap();
    assert_eq!(entries.len(), 21);
    assert!(entries.iter().skip(1).all(|entry| matches!(entry.event, Event::Spent { .. })));
}

#[test]
fn a_receipt_pays_for_its_own_data_set_only() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger(folder.path());
    ledger.allot(data(), Budget::pure(amount(1.0)), &CLOCK).unwrap();
    let batch = table(vec![("c", text(&[Some("x")]))]);
    let question =
        Question::new(&[batch], Digest::of(b"others"), Unit::Row, &[Statistic::Count]).unwrap();
    let receipt = ledger.spend(data(), pure(0.5), "stats", &question.what(), &CLOCK).unwrap();
    let fault = question.release(receipt, &mut Fixed { seed: 0, block: 0 }).unwrap_err();
    assert_eq!(fault.code(), "privacy-dp-receipt");
}
