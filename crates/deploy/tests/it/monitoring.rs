use crate::tools::{golden, succeed, tool};
use ingot_deploy::{MonitoringOptions, Subject, monitoring};

fn cluster() -> MonitoringOptions {
    let mut options = MonitoringOptions::new(Subject::new("credit-risk", "1.0.0").unwrap());
    options.targets.clear();
    options.namespace = Some("models".into());
    options.https = true;
    options.key_file = Some("metrics.key".into());
    options
}

fn single() -> MonitoringOptions {
    MonitoringOptions::new(Subject::new("credit-risk", "1.0.0").unwrap())
}

#[test]
fn configuration_is_the_known_one() {
    golden("monitoring", &monitoring(&single()).unwrap());
    golden("monitoring-cluster", &monitoring(&cluster()).unwrap());
}

#[test]
fn prometheus_accepts_rules_and_configuration() {
    let Some(promtool) = tool("promtool") else { return };
    let program = promtool.get_program().to_owned();
    for options in [single(), cluster()] {
        let folder = tempfile::tempdir().unwrap();
        ingot_deploy::write(folder.path(), &monitoring(&options).unwrap()).unwrap();
        ingot_base::atomic::write(&folder.path().join("metrics.key"), b"ik_0").unwrap();
        let run = |words: &[&str]| {
            succeed(std::process::Command::new(&program).args(words).current_dir(&folder));
        };
        run(&["check", "rules", "--lint-fatal", "ingot-rules.yml"]);
        run(&["check", "config", "prometheus.yml"]);
    }
}

/// Rules that never fire are no rules: series that should alarm do, healthy ones do not.
#[test]
fn alarms_ring_when_they_should() {
    let Some(mut promtool) = tool("promtool") else { return };
    let folder = tempfile::tempdir().unwrap();
    ingot_deploy::write(folder.path(), &monitoring(&single()).unwrap()).unwrap();
    let cases = include_str!("alarms.yml");
    ingot_base::atomic::write(&folder.path().join("alarms.yml"), cases.as_bytes()).unwrap();
    succeed(promtool.args(["test", "rules", "alarms.yml"]).current_dir(&folder));
}
