//! What `deploy` writes of the real package: an image that runs, manifests that clusters take.

use crate::support::{api_key, applicant, finished, request_to, workspace};
use crate::tools::{Service, free_address, succeed, tool};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};

/// The image of the shared project's package; the digest.
fn image(binary: &Path, output: &Path) -> String {
    let project = finished();
    let package = project.package();
    let said = project.ok(&[
        "--json",
        "deploy",
        "image",
        package.to_str().unwrap(),
        "--binary",
        binary.to_str().unwrap(),
        "--output",
        output.to_str().unwrap(),
    ]);
    let said: Value = serde_json::from_str(&said).unwrap();
    said["digest"].as_str().unwrap().to_owned()
}

#[test]
fn the_image_has_one_digest_is_read_by_skopeo_and_runs_under_runc() {
    let (Some(strip), Some(skopeo), Some(_), Some(_)) =
        (tool("strip"), tool("skopeo"), tool("umoci"), tool("runc"))
    else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    // What a debugger needs is most of a development build.
    succeed(Command::new(strip).arg("-o").arg(at("ingot")).arg(env!("CARGO_BIN_EXE_ingot")));
    let digest = image(&at("ingot"), &at("one.oci"));
    assert_eq!(digest, image(&at("ingot"), &at("two.oci")));

    let place = format!("oci:{}:1.0.0", at("one.oci").display());
    let seen: Value =
        serde_json::from_str(&succeed(Command::new(&skopeo).args(["inspect", &place]))).unwrap();
    assert_eq!(seen["Digest"], Value::from(digest));
    // A copy makes skopeo read every layer and compare it with its digest.
    let copy = format!("oci:{}:1.0.0", at("copy.oci").display());
    succeed(Command::new(&skopeo).args(["--insecure-policy", "copy", "--quiet", &place, &copy]));

    if succeed(Command::new("id").arg("-u")).trim() != "0" {
        println!("running a container needs root here: left out");
        return;
    }
    let project = finished();
    let secrets = at("secrets");
    let state = at("state");
    std::fs::create_dir(&secrets).unwrap();
    std::fs::create_dir(&state).unwrap();
    std::fs::copy(project.path("keys/identity.txt"), secrets.join("identity.txt")).unwrap();
    let pepper = secrets.join("pepper");
    std::fs::write(&pepper, "0123456789abcdef0123456789abcdef").unwrap();
    let ledger = state.join("ledger.db");
    let (_, key) = api_key(
        project,
        &["--ledger", ledger.to_str().unwrap(), "--pepper", pepper.to_str().unwrap()],
    );
    let address = free_address();
    let log = std::fs::File::create(at("log")).unwrap();
    let service = Service::start(
        Command::new("bash")
            .arg(workspace().join("scripts/run-image.sh"))
            .arg(at("copy.oci"))
            .env("INGOT_SECRETS", &secrets)
            .env("INGOT_STATE", &state)
            .env("INGOT_LISTEN", address.to_string())
            .stderr(Stdio::from(log)),
        address,
    );
    let row = applicant(project);
    let bearer = format!("Bearer {key}");
    let headers = [("Authorization", bearer.as_str())];
    let body = row.to_string();
    let answer = request_to(address, "POST", "/api/predict", &headers, body.as_bytes()).unwrap();
    let said = std::fs::read_to_string(at("log")).unwrap();
    assert_eq!(answer.status, 200, "{}\n{said}", answer.body);
    std::fs::write(project.path("image.jsonl"), format!("{row}\n")).unwrap();
    project.ok(&[
        "predict",
        project.package().to_str().unwrap(),
        "--input",
        "image.jsonl",
        "--output",
        "image-out.jsonl",
    ]);
    let offline: Value =
        serde_json::from_str(&std::fs::read_to_string(project.path("image-out.jsonl")).unwrap())
            .unwrap();
    assert_eq!(answer.json()["predictions"][0]["score"], offline["score"]);
    assert_eq!(service.terminate(), Some(0), "{said}");
}

#[test]
fn clusters_take_the_manifests_of_the_real_package() {
    let Some(validate) = tool("kubernetes-validate") else { return };
    let project = finished();
    let folder = tempfile::tempdir().unwrap();
    let package = project.package();
    let written = project.ok(&[
        "--json",
        "deploy",
        "kubernetes",
        package.to_str().unwrap(),
        "--output",
        folder.path().to_str().unwrap(),
    ]);
    let written: Value = serde_json::from_str(&written).unwrap();
    let manifests: Vec<&str> = written["files"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .filter(|file| Path::new(file).extension().is_some_and(|kind| kind == "yaml"))
        .collect();
    let kinds: String =
        manifests.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect();
    for kind in
        ["Deployment", "Service", "HorizontalPodAutoscaler", "PodDisruptionBudget", "NetworkPolicy"]
    {
        assert!(kinds.contains(&format!("kind: {kind}\n")), "{kind} is missing");
    }
    for version in ["1.27", "1.37"] {
        succeed(Command::new(&validate).args(["--strict", "-k", version]).args(&manifests));
    }
}
