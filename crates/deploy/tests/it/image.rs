use crate::tools::{crate_folder, succeed, tool};
use ingot_base::Digest;
use ingot_deploy::{Image, ImageOptions, Subject, image};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A dynamic program that every Linux has; it stands for `ingot` and prints the arguments it is given.
const ECHO: &str = "/bin/echo";

struct Fixture {
    folder: tempfile::TempDir,
    options: ImageOptions,
    package: PathBuf,
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let package = folder.path().join("credit-risk-1.0.0.ingot");
        ingot_base::atomic::write(&package, b"sealed").unwrap();
        let public_key = folder.path().join("signing.pub");
        ingot_base::atomic::write(&public_key, b"-----BEGIN PUBLIC KEY-----\n").unwrap();
        let options = ImageOptions {
            subject: Subject::new("credit-risk", "1.0.0").unwrap(),
            public_key,
            created: "2026-11-23T08:00:00Z".into(),
            libraries: Vec::new(),
        };
        Self { folder, options, package }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str) -> Image {
        image(&self.package, Path::new(ECHO), &self.path(name), &self.options).unwrap()
    }
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn the_same_inputs_give_the_same_digest_as_folder_and_file() {
    let fixture = Fixture::new();
    let folder = fixture.write("one");
    let again = fixture.write("two");
    let archive = fixture.write("one.tar");
    assert_eq!(folder.digest, again.digest);
    assert_eq!(folder.digest, archive.digest);
    assert_eq!(fixture.write("three.tar").size, archive.size);
    assert_eq!(
        Digest::of_file(&fixture.path("one.tar")).unwrap(),
        Digest::of_file(&fixture.path("three.tar")).unwrap()
    );
    assert!(text(&fixture.path("one/index.json")).contains(&folder.digest.to_string()));
    assert!(folder.libraries.iter().any(|path| path.contains("libc.so")));
}

#[test]
fn every_blob_has_the_digest_it_is_named_after_and_a_new_image_replaces_the_old() {
    let mut fixture = Fixture::new();
    let first = fixture.write("layout");
    ingot_base::atomic::write(&fixture.package, b"another model").unwrap();
    fixture.options.subject = Subject::new("credit-risk", "1.0.1").unwrap();
    let second = fixture.write("layout");
    assert_ne!(first.digest, second.digest);
    let mut count = 0;
    for entry in std::fs::read_dir(fixture.path("layout/blobs/sha256")).unwrap() {
        let entry = entry.unwrap();
        let digest = Digest::of_file(&entry.path()).unwrap();
        assert_eq!(entry.file_name().to_string_lossy(), digest.hex());
        assert_ne!(digest, first.digest, "the old image stayed");
        count += 1;
    }
    assert_eq!(count, 5, "three layers, configuration, manifest");
}

#[test]
fn what_is_no_program_and_what_is_no_layout_are_refused() {
    let fixture = Fixture::new();
    let refuse = |binary: &Path, output: &Path| {
        image(&fixture.package, binary, output, &fixture.options).unwrap_err().code()
    };
    let taken = fixture.path("taken");
    ingot_base::atomic::write(&taken.join("letter.txt"), b"mine").unwrap();
    assert_eq!(refuse(Path::new(ECHO), &taken), "deploy-output-taken");
    assert_eq!(text(&taken.join("letter.txt")), "mine");
    assert_eq!(refuse(&fixture.package, &fixture.path("x")), "deploy-binary-unusable");
    assert_eq!(refuse(&fixture.path("nowhere"), &fixture.path("x")), "base-file-read");
    assert!(!fixture.path("x").exists(), "nothing half written");
}

#[test]
fn skopeo_reads_it() {
    let fixture = Fixture::new();
    let written = fixture.write("layout");
    fixture.write("layout.tar");
    let Some(skopeo) = tool("skopeo") else { return };
    let program = skopeo.get_program().to_owned();
    for reference in ["oci:", "oci-archive:"] {
        let name = if reference == "oci:" { "layout" } else { "layout.tar" };
        let place = format!("{reference}{}:1.0.0", fixture.path(name).display());
        let output = succeed(Command::new(&program).args(["inspect", &place]));
        let seen: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(seen["Digest"], written.digest.to_string());
        assert_eq!(seen["Os"], "linux");
        assert_eq!(seen["Labels"]["org.opencontainers.image.title"], "credit-risk");
        assert_eq!(seen["Labels"]["org.opencontainers.image.version"], "1.0.0");
        assert_eq!(seen["Created"], "2026-11-23T08:00:00Z");
    }
    let place = format!("oci:{}", fixture.path("layout").display());
    let output = succeed(Command::new(&program).args(["inspect", "--config", &place]));
    let seen: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let config = &seen["config"];
    assert_eq!(config["User"], "65532:65532");
    assert_eq!(config["ExposedPorts"], serde_json::json!({ "5000/tcp": {} }));
    assert_eq!(config["Entrypoint"][0], "/usr/bin/ingot");
    assert_eq!(config["Entrypoint"][1], "serve");
    assert_eq!(config["Entrypoint"][2], "/model/credit-risk-1.0.0.ingot");
}

#[test]
fn umoci_unpacks_it_to_these_files_and_no_others() {
    let fixture = Fixture::new();
    let written = fixture.write("layout");
    let Some(mut umoci) = tool("umoci") else { return };
    let bundle = fixture.path("bundle");
    let place = format!("{}:1.0.0", fixture.path("layout").display());
    succeed(umoci.args(["unpack", "--rootless", "--image", &place]).arg(&bundle));
    let root = bundle.join("rootfs");
    let mut files = Vec::new();
    walk(&root, &mut files);
    let mut expected: Vec<String> = [
        "/etc/group",
        "/etc/nsswitch.conf",
        "/etc/passwd",
        "/model/credit-risk-1.0.0.ingot",
        "/model/signing.pub",
        "/usr/bin/ingot",
    ]
    .map(str::to_owned)
    .to_vec();
    expected.extend(written.libraries);
    files.sort();
    expected.sort();
    let files: Vec<String> = files
        .iter()
        .map(|file| format!("/{}", file.strip_prefix(&root).unwrap().display()))
        .collect();
    assert_eq!(files, expected);
    assert!(root.join("tmp").is_dir() && root.join("var/lib/ingot").is_dir());
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { walk(&path, files) } else { files.push(path) }
    }
}

/// The loader and the libraries in the image are enough: the program starts there, with the documented arguments.
#[test]
fn runc_runs_it() {
    let fixture = Fixture::new();
    fixture.write("layout");
    let (Some(_), Some(_)) = (tool("umoci"), tool("runc")) else { return };
    let id = succeed(Command::new("id").arg("-u"));
    if String::from_utf8_lossy(&id.stdout).trim() != "0" {
        println!("running a container needs root here: left out");
        return;
    }
    let script = crate_folder().join("../../scripts/run-image.sh");
    let output =
        succeed(Command::new("bash").arg(script).arg(fixture.path("layout")).arg("--extra"));
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(
        said.trim(),
        "serve /model/credit-risk-1.0.0.ingot --listen 0.0.0.0:5000 \
         --public-key /model/signing.pub --identity /run/secrets/ingot/identity.txt \
         --pepper /run/secrets/ingot/pepper --extra"
    );
}
