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
    for (variant, options) in variants() {
        let folder = tempfile::tempdir().unwrap();
        let files = ingot_deploy::write(folder.path(), &kubernetes(&options).unwrap()).unwrap();
        let manifests = files.iter().filter(|file| file.extension().is_some_and(|e| e == "yaml"));
        let manifests: Vec<_> = manifests.collect();
        assert_eq!(manifests.len(), 7, "{variant}");
        for minor in options.minor..=37 {
            succeed(
                std::process::Command::new(&program)
                    .args(["--strict", "-k", &format!("1.{minor}")])
                    .args(&manifests),
            );
        }
    }
}
