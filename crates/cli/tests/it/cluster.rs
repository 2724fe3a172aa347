//! A cluster of one scheduler and two executors on loopback: the same digests as one machine, whatever dies.

use crate::runs::copy_folder;
use crate::support::{Project, contents};
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A process of the cluster; killed by its own id when dropped.
struct Role {
    child: Child,
    lines: std::sync::mpsc::Receiver<String>,
}

impl Role {
    fn start(project: &Project, args: &[&str]) -> Self {
        let mut child = project.command(args).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = child.stderr.take().unwrap();
        let (give, lines) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let _ = give.send(line);
            }
        });
        Self { child, lines }
    }

    /// Waits for a line that holds the words; the line.
    fn says(&self, words: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(Duration::from_secs(20));
            let line = line.unwrap_or_else(|_| panic!("never said `{words}`"));
            if line.contains(words) {
                return line;
            }
        }
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
    }
}

impl Drop for Role {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// 200,000 rows with missing and outlying values, numbers that are none, texts that no cast reads, records that cannot be read, and rows
/// that stand twice.
fn table() -> String {
    let mut text = String::from("id,age,amount,rent,city,paid\n");
    for row in 0..200_000_u32 {
        let age = if row % 17 == 0 { String::new() } else { (18 + row % 60).to_string() };
        let amount = if row % 1_000 == 3 { 9_000_000 } else { (row * 7_919) % 50_000 };
        let city = ["北京", "Lyon", "São Paulo", "O\"\"Brien"][(row % 4) as usize];
        let id = if row % 50 == 1 { row - 1 } else { row };
        let amount = match row % 997 {
            5 => "NaN".to_owned(),
            6 => "-inf".to_owned(),
            _ => format!("{amount}.{:02}", row % 100),
        };
        let rent = ["1.23万", "12%", "￥900", "3亿"][(row / 7 % 4) as usize];
        let _ = writeln!(text, "{id},{age},{amount},{rent},\"{city}\",{}", row % 3 == 0);
        if row % 40_000 == 39_999 {
            text.push_str("too,few\n");
        }
    }
    text
}

fn project(engine: &str) -> Project {
    let project = Project::empty();
    std::fs::write(project.path("rows.csv"), table()).unwrap();
    let recipe = format!(
        r#"
[project]
name = "cluster"
task = "tabular.binary"
target = "paid"
[[source]]
name = "rows"
uri = "rows.csv"
[clean]
cast = [{{ column = "rent", to = "number" }}]
keep = ["amount >= 1"]
impute = [{{ column = "age", method = "mean" }}]
outliers = [{{ column = "amount", method = "iqr", factor = 3.0, action = "clip" }}]
dedupe = {{ exact = true }}
expect = [{{ column = "id", unique = true, on_fail = "warn" }}]
{engine}
"#
    );
    std::fs::write(project.path("ingot.toml"), recipe).unwrap();
    project
}

/// What the cleaning of a project did, in figures.
fn figures(project: &Project) -> serde_json::Value {
    let stage = std::fs::read_dir(project.path(".ingot/clean")).unwrap().next().unwrap().unwrap();
    let record = std::fs::read_to_string(stage.path().join("record.json")).unwrap();
    let record: serde_json::Value = serde_json::from_str(&record).unwrap();
    record["evidence"].clone()
}

/// Starts a scheduler with two executors; they and the scheduler's address.
fn cluster(project: &Project) -> (Role, Role, Role, String) {
    project.ok(&["cluster", "certificates"]);
    let scheduler = Role::start(project, &["cluster", "scheduler", "--listen", "127.0.0.1:0"]);
    let address = scheduler.says("handing out work on").rsplit(' ').next().unwrap().to_owned();
    let executor = || {
        let args = ["cluster", "executor", "--scheduler", &address, "--places", "1"];
        let role = Role::start(project, &args);
        scheduler.says("executor");
        role
    };
    let (first, second) = (executor(), executor());
    (scheduler, first, second, address)
}

#[test]
fn a_cluster_gives_the_digests_of_one_machine_and_a_killed_executor_changes_nothing() {
    let alone = project("");
    let expected = contents(&alone.ok(&["--json", "prepare"]));
    let quarantine = |project: &Project| {
        let found = Command::new("find")
            .arg(project.root())
            .args(["-name", "quarantine.jsonl", "-exec", "cat", "{}", ";"])
            .output()
            .unwrap();
        String::from_utf8(found.stdout).unwrap()
    };
    assert_eq!(quarantine(&alone).lines().count(), 5);
    let figures = figures(&alone);
    assert_eq!(figures["sources"][0]["not_finite"]["amount"], 402, "{figures}");
    assert!(figures["rules"][0]["lost"].as_u64().is_some_and(|lost| lost > 40_000), "{figures}");
    assert_eq!(figures["rules"][0]["first"]["row"], 8, "{figures}");

    let home = Project::empty();
    let (scheduler, first, _second, address) = cluster(&home);
    let engine = format!(
        "[engine]\ncluster = \"{address}\"\ncertificates = \"{}\"",
        home.path("cluster").display()
    );
    let shared = project(&engine);
    copy_folder(&alone.path("keys"), &shared.path("keys"));
    assert_eq!(contents(&shared.ok(&["--json", "prepare"])), expected);
    assert_eq!(quarantine(&shared), quarantine(&alone));
    assert_eq!(self::figures(&shared), figures);
    scheduler.says("client");

    // One executor takes pieces and never gives them back; then it is killed.
    let disturbed = project(&engine);
    copy_folder(&alone.path("keys"), &disturbed.path("keys"));
    first.signal("-STOP");
    let mut run = disturbed.command(&["--json", "prepare"]).stdout(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(3) {
        assert!(run.try_wait().unwrap().is_none(), "nobody had the stopped executor's pieces");
        std::thread::sleep(Duration::from_millis(100));
    }
    first.signal("-KILL");
    let output = run.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(contents(&String::from_utf8(output.stdout).unwrap()), expected);
}

#[test]
fn a_wrong_rule_is_told_as_on_one_machine_and_a_lost_cluster_in_one_sentence() {
    let home = Project::empty();
    let (scheduler, first, second, address) = cluster(&home);
    let engine = format!(
        "[engine]\ncluster = \"{address}\"\ncertificates = \"{}\"",
        home.path("cluster").display()
    );
    let shared = project(&engine);
    let recipe = std::fs::read_to_string(shared.path("ingot.toml")).unwrap();
    let failing = recipe.replace("on_fail = \"warn\"", "on_fail = \"fail\"");
    std::fs::write(shared.path("ingot.toml"), &failing).unwrap();
    let told = shared.fails(1, &["prepare"]);
    assert!(told.contains("data-expectation-failed"), "{told}");
    std::fs::write(shared.path("ingot.toml"), &recipe).unwrap();
    drop((first, second, scheduler));
    let told = shared.fails(1, &["prepare"]);
    assert!(told.contains("cluster-unreachable") && told.contains(&address), "{told}");
    let told = shared.fails(1, &["--lang", "zh", "prepare"]);
    assert!(told.contains("无法连接集群调度器"), "{told}");
}

/// 9,000 notes: plain ones, pages that say the same again and again, items of an evaluation set, and copies with a word changed.
fn notes(project: &Project, engine: &str) {
    const WORDS: [&str; 16] = [
        "the", "and", "with", "that", "copper", "garden", "engine", "letter", "winter", "bridge",
        "market", "violin", "anchor", "lantern", "meadow", "harbour",
    ];
    const ITEM: &str =
        "what did the keeper of the northern light write on the last page of his book";
    let mut text = String::from("id,amount,note,paid\n");
    for row in 0..9_000_u32 {
        let word = |place: u32| {
            WORDS[((row / 3 * 31 + place * place * 7 + row / 48 * place) % 16) as usize]
        };
        let mut note: Vec<&str> = (0..40).map(word).collect();
        match row % 3 {
            1 => note[20] = "changed",
            2 if row % 5 == 0 => {
                note = "buy now buy now buy now ".repeat(12).leak().split(' ').collect();
            }
            2 if row % 7 == 0 => note.insert(10, ITEM),
            _ => note[5] = ["first", "second", "third", "fourth", "fifth"][(row % 5) as usize],
        }
        let _ = writeln!(text, "{row},{},{}.,{}", row % 900, note.join(" "), row % 3 == 0);
    }
    std::fs::write(project.path("notes.csv"), text).unwrap();
    std::fs::write(project.path("items.txt"), format!("{ITEM}\n")).unwrap();
    let recipe = format!(
        r#"
[project]
name = "notes"
task = "tabular.binary"
target = "paid"
[[source]]
name = "notes"
uri = "notes.csv"
[clean]
decontaminate = {{ column = "note", against = "items.txt", tokens = 8 }}
[clean.dedupe]
near = {{ column = "note", similarity = 0.7 }}
passages = {{ column = "note", tokens = 30 }}
[clean.quality]
column = "note"
rules = ["words"]
on_fail = "drop"
{engine}
"#
    );
    std::fs::write(project.path("ingot.toml"), recipe).unwrap();
}

/// The stage's file of that name.
fn cleaned(project: &Project, name: &str) -> String {
    let folder = std::fs::read_dir(project.path(".ingot/clean")).unwrap().next().unwrap().unwrap();
    std::fs::read_to_string(folder.path().join(name)).unwrap()
}

#[test]
fn rules_about_texts_find_the_same_on_a_cluster() {
    let alone = Project::empty();
    notes(&alone, "");
    let expected = contents(&alone.ok(&["--json", "prepare"]));
    let home = Project::empty();
    let (scheduler, _first, _second, address) = cluster(&home);
    let engine = format!(
        "[engine]\ncluster = \"{address}\"\ncertificates = \"{}\"",
        home.path("cluster").display()
    );
    let shared = Project::empty();
    notes(&shared, &engine);
    copy_folder(&alone.path("keys"), &shared.path("keys"));
    assert_eq!(contents(&shared.ok(&["--json", "prepare"])), expected);
    scheduler.says("client");
    let findings = cleaned(&alone, "findings.jsonl");
    for key in
        ["clean.quality", "clean.decontaminate", "clean.dedupe.near", "clean.dedupe.passages"]
    {
        assert!(findings.contains(key), "{key} found nothing");
    }
    assert_eq!(cleaned(&shared, "findings.jsonl"), findings);
    let evidence = |project: &Project| -> serde_json::Value {
        let record: serde_json::Value =
            serde_json::from_str(&cleaned(project, "record.json")).unwrap();
        record["evidence"].clone()
    };
    assert_eq!(evidence(&shared), evidence(&alone));
}
