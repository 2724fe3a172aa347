//! Who can open a package, and what stands in it in plain sight.

use crate::support::{Bench, CANARY, bom, signature};
use ingot_base::{Class, Secret};
use ingot_seal::{Identity, Keyring, Package, model_card};

#[test]
fn owner_and_recipients_open_payloads_and_nobody_else() {
    let bench = Bench::new();
    let partner = Keyring::create(&bench.path("partner")).unwrap();
    let stranger = Keyring::create(&bench.path("stranger")).unwrap();
    let twice = vec![partner.recipient().to_owned(), format!(" {} ", partner.recipient())];
    let sealed = bench.seal_with(|job| job.recipients = twice).unwrap();
    let package = Package::read(&sealed.path).unwrap();
    assert_eq!(package.manifest().recipients, 2);
    assert_eq!(package.payloads(), ["model.txt", "preprocessing.json"]);
    for folder in ["keys", "partner"] {
        let identity = Identity::read(&bench.path(folder).join("identity.txt")).unwrap();
        assert_eq!(package.decrypt("model.txt", &identity).unwrap().expose(), CANARY);
        assert_eq!(package.decrypt("preprocessing.json", &identity).unwrap().expose(), b"{}");
    }
    let fault = package.decrypt("model.txt", stranger.identity()).unwrap_err();
    assert_eq!((fault.code(), fault.message().class), ("seal-not-for-you", Class::Refused));
    let fault = package.decrypt("weights.bin", bench.keyring.identity()).unwrap_err();
    assert_eq!(fault.code(), "seal-payload-unknown");
    assert!(
        fault.hint(ingot_base::Lang::En).unwrap().contains("`model.txt`, `preprocessing.json`")
    );
}

#[test]
fn plain_payloads_and_private_keys_appear_nowhere() {
    let bench = Bench::new();
    let bytes = bench.bytes();
    let package = Package::from_bytes(bytes.clone()).unwrap();
    let master = std::fs::read(bench.path("keys/master.key")).unwrap();
    for canary in [CANARY, &master[..64]] {
        assert!(!bytes.windows(canary.len()).any(|window| window == canary));
        let shown = format!("{package:?} {:?} {:?}", bench.keyring, bench.keyring.identity());
        assert!(!shown.contains(std::str::from_utf8(canary).unwrap()));
    }
    assert!(!bytes.windows(15).any(|window| window == b"AGE-SECRET-KEY-"));
}

#[test]
fn empty_and_large_payloads_come_back_whole() {
    let bench = Bench::new();
    let large: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
    let parts = vec![
        ("empty".into(), Secret::new(Vec::new())),
        ("large".into(), Secret::new(large.clone())),
    ];
    let sealed = bench.seal_with(|job| job.payloads = parts).unwrap();
    let package = Package::read(&sealed.path).unwrap();
    package.verify(&[bench.keyring.public_key().clone()], 0).unwrap();
    assert!(package.decrypt("empty", bench.keyring.identity()).unwrap().expose().is_empty());
    assert_eq!(package.decrypt("large", bench.keyring.identity()).unwrap().expose(), &large);
}

#[test]
fn only_what_age_draws_differs_between_two_sealings() {
    let bench = Bench::new();
    let [one, two] = [(); 2].map(|()| Package::from_bytes(bench.bytes()).unwrap());
    assert_eq!(one.manifest(), two.manifest());
    assert_eq!(one.bom().unwrap(), two.bom().unwrap());
    assert_eq!(one.card(), two.card());
    assert_ne!(one.digest(), two.digest());
}

#[test]
fn reports_stand_beside_cards_in_both_languages() {
    let bench = Bench::new();
    let package = Package::from_bytes(bench.bytes()).unwrap();
    let names: Vec<&str> = package.card().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["model-card.en.md", "model-card.zh.md", "training.html"]);
    let (en, zh) = model_card(package.manifest(), &bom());
    let cards = package.card();
    assert_eq!((cards[0].1, cards[1].1), (en.as_bytes(), zh.as_bytes()));
    assert_eq!(package.manifest().signature, signature());
    assert_eq!(package.lineage().unwrap()["stages"][1], "train");
}

#[test]
fn unusable_jobs_are_refused_before_anything_is_written() {
    let bench = Bench::new();
    let code = |change: &dyn Fn(&mut ingot_seal::SealJob<'_>)| {
        bench.seal_with(|job| change(job)).unwrap_err().code()
    };
    assert_eq!(code(&|job| job.recipients = vec!["age1nonsense".into()]), "seal-recipient");
    assert_eq!(code(&|job| job.payloads.clear()), "seal-empty");
    assert_eq!(code(&|job| job.licence_expires = Some("next year".into())), "seal-instant");
    assert_eq!(code(&|job| job.created = "yesterday".into()), "seal-instant");
    assert_eq!(code(&|job| job.bom.metrics[0].value = f64::NAN), "seal-figure");
    assert_eq!(code(&|job| job.name = "../etc"), "seal-title");
    assert_eq!(code(&|job| job.version = ""), "seal-title");
    for name in ["../x", "", "a/b", ".hidden", "model.txt", "模型", &"n".repeat(81)] {
        let extra = || (name.to_owned(), Secret::new(Vec::new()));
        assert_eq!(code(&|job| job.payloads.push(extra())), "seal-name", "{name}");
    }
    assert_eq!(code(&|job| job.card.push(("model-card.en.md".into(), Vec::new()))), "seal-name");
    let fault = bench.seal_with(|job| job.recipients = vec!["age1nonsense".into()]).unwrap_err();
    assert_eq!(fault.key_path(), Some("seal.recipients[0]"));
    assert_eq!(
        std::fs::read_dir(bench.dir.path()).unwrap().count(),
        1,
        "something beside the keys was written"
    );
}
