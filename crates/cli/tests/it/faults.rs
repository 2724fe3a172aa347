//! Crashes and full disks: nothing half written, and the next run ends where an undisturbed one would.

use crate::runs::copy_folder;
use crate::support::{Project, contents, finished, finished_run};
use std::process::Command;

#[test]
fn killed_in_every_stage_and_run_again_gives_the_same_digests() {
    let undisturbed = contents(&finished_run());
    let points = [
        "clean-before-record",
        "protect-before-record",
        "split-before-record",
        "train-before-record",
        "explain-before-record",
        "seal-before-record",
        "atomic-before-rename:1",
        "atomic-before-rename:4",
        "atomic-before-rename:9",
        "atomic-before-rename:14",
    ];
    let project = Project::new();
    copy_folder(&finished().path("keys"), &project.path("keys"));
    for point in points {
        let _ = std::fs::remove_dir_all(project.path(".ingot"));
        let _ = std::fs::remove_dir_all(project.path("dist"));
        let output = project.command(&["run"]).env("INGOT_CRASH_POINT", point).output().unwrap();
        assert_eq!(output.status.code(), None, "{point} was not reached");
        assert_eq!(contents(&project.ok(&["--json", "run"])), undisturbed, "{point}");
    }
}

#[test]
fn a_full_disk_is_a_clear_error_and_the_run_goes_on_later() {
    let project = Project::new();
    let binary = env!("CARGO_BIN_EXE_ingot");
    // A file-size limit of 16 KiB stands for a full disk: writes beyond it fail, as they would there.
    let output = Command::new("bash")
        .current_dir(project.root())
        .args(["-c", "trap '' XFSZ; ulimit -f 16; exec \"$0\" run", binary])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("cannot write") && !text.contains("panicked"), "{text}");
    let left =
        Command::new("find").arg(project.root()).args(["-name", "*.partial"]).output().unwrap();
    assert_eq!(String::from_utf8(left.stdout).unwrap(), "", "a partial file stayed behind");
    project.ok(&["run"]);
}

#[test]
fn a_changed_artifact_is_never_made_into_anything() {
    let project = Project::new();
    copy_folder(&finished().path("keys"), &project.path("keys"));
    project.ok(&["run"]);
    let of = |stage: &str| {
        let folder = project.path(".ingot").join(stage);
        std::fs::read_dir(folder).unwrap().next().unwrap().unwrap().path()
    };
    // The file that is changed, and the stage that would be made of it.
    for (stage, file, later) in [
        ("clean", "table.parquet", "protect"),
        ("protect", "table.parquet", "split"),
        ("split", "train.parquet", "train"),
        ("train", "model.txt", "explain"),
        ("train", "model.txt", "seal"),
        ("train", "training-report.html", "seal"),
        ("split", "test.parquet", "seal"),
    ] {
        let path = of(stage).join(file);
        let right = std::fs::read(&path).unwrap();
        let mut wrong = right.clone();
        let middle = wrong.len() / 2;
        wrong[middle] ^= 1;
        std::fs::write(&path, wrong).unwrap();
        std::fs::remove_dir_all(project.path(".ingot").join(later)).unwrap();
        let told = project.fails(3, &["run"]);
        assert!(told.contains("pipeline-output-changed"), "{stage}/{file}: {told}");
        assert!(told.contains(file), "{stage}/{file}: {told}");
        std::fs::write(&path, right).unwrap();
        project.ok(&["run"]);
    }
}

/// Without MPI several processes would race for one folder: none of them begins.
#[test]
#[cfg(not(feature = "mpi"))]
fn a_build_without_mpi_refuses_to_be_several_processes() {
    let project = Project::new();
    for (launcher, lang, said) in [
        ("OMPI_COMM_WORLD_SIZE", "en", "this build of the program trains with one"),
        ("PMI_SIZE", "zh", "只能用一个进程训练"),
    ] {
        let output =
            project.command(&["--lang", lang, "train"]).env(launcher, "2").output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains(said) && text.contains("--features mpi"), "{text}");
    }
    assert!(!project.path(".ingot").exists() && !project.path("keys").exists());
    // One process that a launcher started is as good as any.
    let output = project.command(&["prepare"]).env("PMI_SIZE", "1").output().unwrap();
    assert!(output.status.success());
}

/// New keys beside what old ones made would give every person another pseudonym, without a word.
#[test]
fn keys_that_are_gone_are_not_made_anew() {
    let project = Project::new();
    project.ok(&["prepare"]);
    std::fs::rename(project.path("keys"), project.path("away")).unwrap();
    for (lang, words) in [("en", "was made with its keys"), ("zh", "请从备份恢复密钥")] {
        for command in [&["plan"][..], &["run"], &["init", "--keys-only"]] {
            let told = project.fails(3, &[&["--lang", lang], command].concat());
            assert!(told.contains("pipeline-keys-gone") && told.contains(words), "{told}");
            assert!(!project.path("keys").exists(), "{command:?}");
        }
    }
    std::fs::rename(project.path(".ingot"), project.path("stages")).unwrap();
    for made in ["reidentify.jsonl", "privacy-budget.jsonl", "erasures"] {
        std::fs::write(project.path(made), "").unwrap();
        let told = project.fails(3, &["--lang", "en", "run"]);
        assert!(told.contains(&format!("but `{made}` was made")), "{told}");
        std::fs::remove_file(project.path(made)).unwrap();
    }
    project.ok(&["plan"]);
    assert!(!project.path("keys").exists(), "a plan writes nothing");
    std::fs::rename(project.path("stages"), project.path(".ingot")).unwrap();
    std::fs::rename(project.path("away"), project.path("keys")).unwrap();
    assert!(project.warned(&["--lang", "en", "run"]).contains("clean: up to date"));
}
