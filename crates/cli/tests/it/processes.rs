//! Several processes that train one model, as `mpirun` starts them.

use crate::runs::copy_folder;
use crate::support::Project;
use crate::tools::{ran, tool};
use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Output};

/// `mpirun` on the loopback interface, in a container too; what follows are its own arguments.
fn mpirun(project: &Project) -> Option<Command> {
    let mut command = Command::new(tool("mpirun")?);
    command
        .current_dir(project.root())
        .env("LC_ALL", "C.UTF-8")
        .env_remove("INGOT_CRASH_POINT")
        // Open MPI's own words for what containers need.
        .envs([
            ("OMPI_ALLOW_RUN_AS_ROOT", "1"),
            ("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"),
            ("OMPI_MCA_btl", "self,vader"),
            ("OMPI_MCA_btl_vader_single_copy_mechanism", "none"),
            ("OMPI_MCA_oob_tcp_if_include", "lo"),
            ("OMPI_MCA_rmaps_base_oversubscribe", "1"),
            ("OMPI_MCA_hwloc_base_binding_policy", "none"),
        ]);
    Some(command)
}

/// Two processes with these arguments, to the end.
fn two(project: &Project, args: &[&str]) -> Option<Output> {
    let mut command = mpirun(project)?;
    command.args(["-n", "2", env!("CARGO_BIN_EXE_ingot")]).args(args);
    Some(ran(&mut command))
}

/// What two processes print that must succeed.
fn ok(output: &Output) -> Value {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}\n{said}"))
}

/// Another project with the same keys, so that nothing differs but the processes.
fn same_keys(from: &Project, to: &Project) {
    copy_folder(&from.path("keys"), &to.path("keys"));
}

fn stages(project: &Project) -> Vec<PathBuf> {
    let folder = project.path(".ingot/train");
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

/// How many processes the only training's record tells of.
fn processes(project: &Project) -> Value {
    let folders = stages(project);
    assert_eq!(folders.len(), 1, "{folders:?}");
    let record = std::fs::read(folders[0].join("record.json")).unwrap();
    let record: Value = serde_json::from_slice(&record).unwrap();
    record["inputs"]["config"]["processes"].clone()
}

fn figure(summary: &Value, name: &str) -> f64 {
    let metrics = summary["model"]["metrics"].as_array().unwrap();
    metrics.iter().find(|metric| metric["name"] == name).unwrap()["value"].as_f64().unwrap()
}

/// LightGBM's processes meet over its sockets; the model is that of one process, and nothing is done twice.
#[test]
fn two_processes_grow_a_forest_as_good_as_ones() {
    // Few leaves: of deep ones, and of categories, LightGBM's processes only estimate how many rows they have.
    let few = "[train.params]\nnum_leaves = 3\nmin_data_in_leaf = 1\nnum_iterations = 40\n";
    let project = || {
        let project = Project::new();
        project.write_recipe(few);
        project
    };
    let (one, two_of) = (project(), project());
    let alone: Value = serde_json::from_str(&one.ok(&["--json", "train"])).unwrap();
    same_keys(&one, &two_of);
    let Some(output) = two(&two_of, &["--json", "train"]) else { return };
    let summary = ok(&output);
    let (own, other) = (figure(&summary, "auc"), figure(&alone, "auc"));
    // Processes see other rows when they choose the bounds of bins, and the test part has 200 rows: seldom are both equal.
    assert!(own > 0.6 && (own - other).abs() < 0.02, "{own} {other}");
    let loss = |summary: &Value| summary["model"]["search"]["trials"][0]["loss"].as_f64().unwrap();
    assert!(
        (loss(&summary) / loss(&alone) - 1.0).abs() < 0.02,
        "{} {}",
        loss(&summary),
        loss(&alone)
    );
    assert_eq!((processes(&two_of), processes(&one)), (2.into(), Value::Null));
    let page = stages(&two_of)[0].join("training-report.html");
    assert!(std::fs::read_to_string(page).unwrap().contains("2 processes trained together"));
    // What two trained counts for one, who goes on from it, and for two again.
    let sealed: Value = serde_json::from_str(&two_of.ok(&["--json", "run"])).unwrap();
    assert_eq!(sealed["model"], summary["model"]);
    assert_eq!(stages(&two_of).len(), 1);
    let again = ok(&two(&two_of, &["--json", "run"]).unwrap());
    assert!(again["stages"].as_array().unwrap().iter().all(|stage| stage["fresh"] == false));
    // Two processes are as reproducible as one.
    let third = project();
    same_keys(&one, &third);
    let third = ok(&two(&third, &["--json", "train"]).unwrap());
    let content = |summary: &Value| summary["stages"][3]["content"].clone();
    assert_eq!(content(&third), content(&summary));
}

#[test]
fn two_processes_train_a_head_as_one_does() {
    let recipe = |project: &Project| {
        crate::text::write_recipe(project, "hidden = [8]\ndropout = 0.1\n", "copies = 1\n");
    };
    let one = crate::text::project("", "");
    if !crate::tools::published(&one, &["onnxruntime", "minilm-l6"]) {
        return;
    }
    recipe(&one);
    let alone: Value = serde_json::from_str(&one.ok(&["--json", "train"])).unwrap();
    let both = crate::text::project("", "");
    recipe(&both);
    same_keys(&one, &both);
    let Some(output) = two(&both, &["--json", "train"]) else { return };
    let summary = ok(&output);
    let losses = |summary: &Value| -> Vec<f64> {
        let epochs = summary["model"]["history"].as_array().unwrap();
        epochs.iter().map(|epoch| epoch["train_loss"].as_f64().unwrap()).collect()
    };
    let (own, other) = (losses(&summary), losses(&alone));
    assert_eq!(own.len(), 20);
    for (own, other) in own.iter().zip(&other) {
        assert!((own - other).abs() < 1e-5, "{own} {other}");
    }
    assert_ne!(own, other, "sums in another order have other last bits");
    assert!((figure(&summary, "accuracy") - figure(&alone, "accuracy")).abs() < 1e-9);
    assert_eq!(processes(&both), 2);
}

/// An adapter of two processes has one's losses; one process is killed, and all go on bit by bit where they were.
#[test]
#[cfg(all(feature = "nets", feature = "llama"))]
fn two_processes_train_an_adapter_and_go_on_after_one_was_killed() {
    let make = || {
        let project = crate::tuned::project();
        crate::tuned::write_recipe(&project, "dropout = 0.1", "");
        project
    };
    let one = make();
    let alone: Value = serde_json::from_str(&one.ok(&["--json", "train"])).unwrap();
    let both = make();
    same_keys(&one, &both);
    let Some(output) = two(&both, &["--json", "train"]) else { return };
    let summary = ok(&output);
    let losses = |summary: &Value| -> Vec<f64> {
        let steps = summary["model"]["steps"].as_array().unwrap();
        steps.iter().map(|step| step[0].as_f64().unwrap()).collect()
    };
    assert_eq!(losses(&summary).len(), 24);
    for (own, other) in losses(&summary).iter().zip(losses(&alone)) {
        assert!((own - other).abs() < 1e-3, "{own} {other}");
    }

    let killed = make();
    same_keys(&one, &killed);
    let ingot = env!("CARGO_BIN_EXE_ingot");
    let mut command = mpirun(&killed).unwrap();
    command.args(["-n", "1", ingot, "train", ":", "-n", "1"]);
    let ended = ran(command.args(["-x", "INGOT_CRASH_POINT=adapter-step:15", ingot, "train"]));
    assert!(!ended.status.success());
    assert!(stages(&killed)[0].join("checkpoint.safetensors").exists());
    assert!(!stages(&killed)[0].join("record.json").exists());
    let resumed = ok(&two(&killed, &["--json", "train"]).unwrap());
    let content = |summary: &Value| summary["stages"][3]["content"].clone();
    assert_eq!(losses(&resumed), losses(&summary));
    assert_eq!(content(&resumed), content(&summary));
}

/// Who fails says why, once, and ends all: none is left waiting.
#[test]
fn a_process_that_fails_ends_all() {
    let project = Project::new();
    let recipe = std::fs::read_to_string(project.path("ingot.toml")).unwrap();
    std::fs::write(project.path("other.toml"), recipe.replace("seed = 42", "seed = 43")).unwrap();
    let ingot = env!("CARGO_BIN_EXE_ingot");
    let Some(mut command) = mpirun(&project) else { return };
    command.args(["-n", "1", ingot, "train", ":", "-n", "1", ingot, "train", "other.toml"]);
    let output = ran(&mut command);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("process 2 of 2 ended the others"), "{text}");
    assert!(text.contains("does not find what the first process prepared"), "{text}");
    assert!(!project.path(".ingot/train").exists() || stages(&project).is_empty());

    std::fs::write(
        project.path("ingot.toml"),
        recipe.replace("[project]", "[project]\ncolour = 1"),
    )
    .unwrap();
    let output = two(&project, &["train"]).unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert_eq!(text.matches("colour = 1").count(), 1, "told by one process: {text}");
}

/// A launcher whose processes this MPI does not see would start strangers.
#[test]
fn a_launcher_of_another_mpi_is_told() {
    let project = Project::new();
    if tool("mpirun").is_none() {
        return;
    }
    let output = project.command(&["train"]).env("PMI_SIZE", "2").output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("sees 1 of them"), "{text}");
    assert!(!project.path(".ingot").exists());
}
