use crate::tools::{golden, succeed, tool};
use ingot_deploy::{KubernetesOptions, Subject, kubernetes};

fn options() -> KubernetesOptions {
    let subject = Subject::new("credit-risk", "1.0.0").unwrap();
    KubernetesOptions::new(subject, "registry.example/credit-risk", "models")
}

fn variants() -> [(&'static str, KubernetesOptions); 3] {
    let plain = options();
    let mut tls = options();
    tls.tls_secret = Some("edge-tls".into());
    let mut newer = options();
    newer.minor = 30;
    [("kubernetes", plain), ("kubernetes-tls", tls), ("kubernetes-1.30", newer)]
}

#[test]
fn manifests_are_the_known_ones() {
    for (name, options) in variants() {
        golden(name, &kubernetes(&options).unwrap());
    }
}

#[test]
fn manifests_hold_no_secret() {
    for (name, text) in kubernetes(&options()).unwrap() {
        assert!(!text.contains("kind: Secret"), "{name}");
        assert!(!text.contains("stringData"), "{name}");
    }
}

#[test]
fn every_supported_cluster_accepts_them() {
    let Some(validate) = tool("kubernetes-validate") else { return };
    let program = validate.get_program().to_owned();
    let folder = tempfile::tempdir().unwrap();
    // Variants share most manifests; each text is validated once.
    let mut manifests = std::collections::BTreeMap::new();
    for (variant, options) in variants() {
        for (name, text) in kubernetes(&options).unwrap() {
            if name != "README.md" {
                manifests.entry(text).or_insert((options.minor, format!("{variant}-{name}")));
            }
        }
    }
    assert_eq!(manifests.len(), 7 + 2, "the deployment has three forms");
    for (text, (_, name)) in &manifests {
        ingot_base::atomic::write(&folder.path().join(name), text.as_bytes()).unwrap();
    }
    for minor in 27..=37 {
        let fitting = manifests.values().filter(|(oldest, _)| *oldest <= minor);
        succeed(
            std::process::Command::new(&program)
                .args(["--strict", "-k", &format!("1.{minor}")])
                .args(fitting.map(|(_, name)| name))
                .current_dir(&folder),
        );
    }
}
