//! `ingot risk` against another program's figures, on Adult.

use crate::support::{Project, workspace};
use serde_json::Value;
use std::fmt::Write as _;

/// Adult, row by row, from the counts that the privacy room's tests compare with too.
fn adult(project: &Project) {
    let data = workspace().join("crates/privacy/tests/data");
    let counts = std::fs::read_to_string(data.join("adult_counts.csv")).unwrap();
    let mut lines = counts.lines();
    let (names, _) = lines.next().unwrap().rsplit_once(',').unwrap();
    let mut table = format!("{names}\n");
    for line in lines {
        let (cells, rows) = line.rsplit_once(',').unwrap();
        for _ in 0..rows.parse::<u32>().unwrap() {
            writeln!(table, "{cells}").unwrap();
        }
    }
    std::fs::write(project.path("adult.csv"), table).unwrap();
}

fn list(value: &Value) -> String {
    let names: Vec<&str> =
        value.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    names.join(",")
}

#[test]
fn figures_are_those_of_pycanon() {
    let project = Project::empty();
    adult(&project);
    let known = workspace().join("crates/privacy/tests/data/adult_pycanon.json");
    let known: Value = serde_json::from_slice(&std::fs::read(known).unwrap()).unwrap();
    let known = known.as_array().unwrap();
    assert!(known.len() > 2, "nothing to compare with");
    for case in known {
        let (quasi, sensitive) = (list(&case["quasi"]), list(&case["sensitive"]));
        let told = project.ok(&[
            "--json",
            "risk",
            "adult.csv",
            "--quasi",
            &quasi,
            "--sensitive",
            &sensitive,
        ]);
        let told: Value = serde_json::from_str(&told).unwrap();
        assert_eq!(told["rows"], 30_162);
        assert_eq!(told["k"], case["k"], "{quasi}");
        for name in ["alpha", "basic_beta", "enhanced_beta", "delta_disclosure", "t"] {
            let (ours, theirs) =
                (told["models"][name].as_f64().unwrap(), case[name].as_f64().unwrap());
            assert!((ours - theirs).abs() < 1e-9, "{name} of {quasi}: {ours} and {theirs}");
        }
        for name in ["distinct_l", "entropy_l"] {
            assert_eq!(told["models"][name], case[name], "{name} of {quasi}");
        }
    }
}

#[test]
fn the_table_is_told_in_both_languages_and_faults_name_the_column() {
    let project = Project::empty();
    std::fs::write(project.path("t.csv"), "age,job\n1,a\n1,b\n2,a\n").unwrap();
    std::fs::write(project.path("all.csv"), "age,job\n1,a\n1,b\n2,a\n2,c\n").unwrap();
    let english = project.ok(&["--lang", "en", "risk", "t.csv", "--quasi", "age"]);
    assert!(english.contains("k (rows of the smallest class)") && english.contains("33.33%"));
    let chinese = project.ok(&["--lang", "zh", "risk", "t.csv", "--quasi", "age"]);
    assert!(chinese.contains("在等价类中独一无二的行") && chinese.contains("33.33%"), "{chinese}");
    let part = ["--json", "risk", "t.csv", "--quasi", "age", "--population", "all.csv"];
    let part: Value = serde_json::from_str(&project.ok(&part)).unwrap();
    assert_eq!(part["reidentification"]["prosecutor_highest"], 1.0);
    assert_eq!(part["reidentification"]["journalist_highest"], 0.5);
    // Two rows of one person are one.
    std::fs::write(project.path("p.csv"), "who,age\n1,30\n1,30\n2,40\n3,40\n").unwrap();
    let persons = ["risk", "p.csv", "--quasi", "age", "--person", "who"];
    let english = project.ok(&[&["--lang", "en"][..], &persons].concat());
    assert!(english.contains("k (persons of the smallest class)"), "{english}");
    let chinese = project.ok(&[&["--lang", "zh"][..], &persons].concat());
    assert!(chinese.contains("k（最小等价类的人数）"), "{chinese}");
    let json: Value =
        serde_json::from_str(&project.ok(&[&["--json"][..], &persons].concat())).unwrap();
    for (name, figure) in [("k", 1), ("persons", 3), ("rows", 4)] {
        assert_eq!(json[name], figure, "{name}");
    }
    let wrong = project.fails(2, &["risk", "t.csv", "--quasi", "agee"]);
    assert!(wrong.contains("`agee`") && wrong.contains("age, job"), "{wrong}");
    let twice = project.fails(2, &["risk", "t.csv", "--quasi", "age", "--sensitive", "age"]);
    assert!(twice.contains("privacy-anonymity-twice"), "{twice}");
}
