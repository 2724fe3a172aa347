//! Hierarchies of the recipe's own, presence, local recoding, digits in their format, and the way back to a moved date: each
//! through the program, looked at in what it released.

use crate::support::{Project, table_keys};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

const JOBS: [&str; 6] = ["nurse", "doctor", "clerk", "teller", "cook", "waiter"];
const LEVELS: &str = "nurse;health;*\ndoctor;health;*\n\n\"clerk\" ; office ;*\nteller;office;*\ncook;kitchen;*\nwaiter;kitchen;*\n";

/// 300 patients in one table, and 900 people of whom they are a part in another.
fn project(protect: &str) -> Project {
    let project = Project::empty();
    let mut patients = String::from("id,job,age,post,admitted,account,late\n");
    let mut everyone = String::from("job,age\n");
    for row in 0..900_u32 {
        let (job, age) = (JOBS[(row % 6) as usize], 18 + (row * 7) % 60);
        let _ = writeln!(everyone, "{job},{age}");
        if row % 3 == 0 || row % 6 == 1 {
            let post = 10_000 + (row % 40) * 25;
            let (month, day) = (1 + row % 12, 1 + row % 28);
            let late = (age < 40) != (row % 9 == 0);
            let account = format!("6222-{:04}-{:04}", row % 97, row);
            let _ = writeln!(
                patients,
                "P{row:04},{job},{age},{post},2024-{month:02}-{day:02},{account},{late}"
            );
        }
    }
    std::fs::write(project.path("patients.csv"), patients).unwrap();
    std::fs::write(project.path("everyone.csv"), everyone).unwrap();
    std::fs::write(project.path("jobs.csv"), LEVELS).unwrap();
    let recipe = format!(
        "[project]\nname = \"ward\"\ntask = \"tabular.binary\"\ntarget = \"late\"\n\
         [[source]]\nname = \"ward\"\nuri = \"patients.csv\"\n[protect]\n{protect}\n[train]\ntrials = 1\n"
    );
    std::fs::write(project.path("ingot.toml"), recipe).unwrap();
    project
}

/// The protected table as the keys' holder reads it, and the stage's record.
fn protected(
    project: &Project,
    personal: &[&str],
) -> (Vec<BTreeMap<String, String>>, serde_json::Value) {
    let keys = table_keys(project, personal);
    let mut folders = std::fs::read_dir(project.path(".ingot/protect")).unwrap();
    let folder = folders.next().unwrap().unwrap().path();
    assert!(folders.next().is_none(), "one run");
    let record: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.join("record.json")).unwrap()).unwrap();
    let mut rows = Vec::new();
    for batch in ingot_data::read(&folder.join("table.parquet"), Some(&keys)).unwrap() {
        for row in 0..batch.num_rows() {
            let cells = batch
                .schema()
                .fields()
                .iter()
                .zip(batch.columns())
                .map(|(field, column)| {
                    let text = ArrayFormatter::try_new(column, &FormatOptions::new()).unwrap();
                    (field.name().clone(), text.value(row).to_string())
                })
                .collect();
            rows.push(cells);
        }
    }
    (rows, record["evidence"].clone())
}

fn distinct<'r>(rows: &'r [BTreeMap<String, String>], column: &str) -> BTreeSet<&'r str> {
    rows.iter().map(|row| row[column].as_str()).collect()
}

/// Rows by what they say in some columns.
fn classes(rows: &[BTreeMap<String, String>], columns: &[&str]) -> BTreeMap<Vec<String>, usize> {
    let mut classes = BTreeMap::new();
    for row in rows {
        *classes.entry(columns.iter().map(|column| row[*column].clone()).collect()).or_default() +=
            1;
    }
    classes
}

#[test]
fn hierarchies_of_the_recipe_are_what_is_written() {
    let area = |at: usize| if at < 20 { "north" } else { "south" };
    let all: Vec<String> =
        (0..40).map(|at| format!("[\"{}\", \"{}\"]", 10_000 + at * 25, area(at))).collect();
    let ward = |posts: &[String]| {
        project(&format!(
            "columns = [\n  {{ name = \"id\", action = \"drop\" }}, {{ name = \"account\", action = \"drop\" }},\n\
         {{ name = \"post\", as = \"area\", action = \"generalize\", to = {{ levels = [{}] }} }},\n]\n\
         anonymity = {{ k = 8, quasi = [\"job\", \"age\", \"admitted\"], max_suppressed = 0.1, hierarchies = [\n\
         {{ column = \"job\", by = \"file\", file = \"jobs.csv\" }},\n\
         {{ column = \"age\", by = \"range\", ranges = [[18, 30, 45, 60, 78], [18, 45, 78]] }},\n\
         {{ column = \"admitted\", by = \"calendar\" }}] }}",
            posts.join(", ")
        ))
    };
    let few = ward(&all[..39]).fails(2, &["prepare"]);
    assert!(
        few.contains("pipeline-hierarchy-lacks") && few.contains("1 of the column's values"),
        "{few}"
    );
    let project = ward(&all);
    project.ok(&["prepare"]);
    let (rows, evidence) =
        protected(&project, &["post", "area", "job", "age", "admitted", "id", "account"]);
    assert!(classes(&rows, &["job", "age", "admitted"]).values().all(|count| *count >= 8));
    let groups = ["health", "office", "kitchen"];
    assert!(
        distinct(&rows, "job")
            .iter()
            .all(|job| groups.contains(job) || JOBS.contains(job) || *job == "*")
    );
    let ends = ["[18, 30)", "[30, 45)", "[45, 60)", "[60, 78)", "[18, 45)", "[45, 78)", "*"];
    // Where the search leaves a column as it is, it has its own values.
    let ages = distinct(&rows, "age");
    let own = ages.iter().all(|age| age.parse::<u32>().is_ok());
    assert!(own || ages.iter().all(|age| ends.contains(age)), "{ages:?}");
    assert_eq!(distinct(&rows, "area"), BTreeSet::from(["north", "south"]));
    let told = evidence["actions"].to_string();
    assert!(told.contains("a level of a given hierarchy"), "{told}");
    // The record tells the promise without the hierarchy's values.
    assert!(!evidence["anonymity"].to_string().contains("nurse"));
}

#[test]
fn a_hierarchy_that_is_wrong_is_named_by_line_and_value_before_any_work() {
    let promise = |hierarchy: &str| {
        format!(
            "anonymity = {{ k = 3, quasi = [\"job\"], hierarchies = [{{ column = \"job\", {hierarchy} }}] }}"
        )
    };
    let inline = |rows: &str| promise(&format!("by = \"table\", levels = [{rows}]"));
    let file = || promise("by = \"file\", file = \"jobs.csv\"");
    for (protect, levels, code, told) in [
        (file(), "nurse;health;*\n\ndoctor;health\n", "privacy-hierarchy-length", "jobs.csv:3"),
        (file(), "nurse;health;*\ndoctor;health;all\n", "privacy-hierarchy-nested", "`health`"),
        (file(), "nurse;health;*\nnurse;office;*\n", "privacy-hierarchy-twice", "`nurse`"),
        (file(), "nurse;\"health;*\n", "pipeline-hierarchy-quote", "jobs.csv:1"),
        (inline("[\"nurse\", \"a\"], [\"nurse\", \"b\"]"), "", "privacy-hierarchy-twice", "levels[1]"),
        (
            "columns = [{ name = \"job\", action = \"generalize\", to = { file = \"jobs.csv\", level = 3 } }]".into(),
            LEVELS,
            "privacy-hierarchy-level",
            "`job`",
        ),
    ] {
        let project = project(&protect);
        std::fs::write(project.path("jobs.csv"), levels).unwrap();
        let fault = project.fails(2, &["--lang", "en", "prepare"]);
        assert!(fault.contains(code) && fault.contains(told), "{fault}");
        assert!(fault.contains("ingot.toml:"), "no place in the recipe: {fault}");
        assert!(!project.path(".ingot/clean").exists(), "cleaned before it was told");
        let chinese = project.fails(2, &["--lang", "zh", "plan"]);
        assert!(chinese.contains("层级表") && chinese.contains(code), "{chinese}");
    }
    // A value of the data that the hierarchy lacks is not told, its row is.
    let project = project(&file());
    std::fs::write(project.path("jobs.csv"), LEVELS.replace("teller;office;*\n", "")).unwrap();
    let fault = project.fails(2, &["--lang", "en", "prepare"]);
    assert!(fault.contains("pipeline-hierarchy-lacks") && fault.contains("lacks 1 of"), "{fault}");
    assert!(fault.contains("of source `ward`") && !fault.contains("teller"), "{fault}");
}

#[test]
fn presence_is_kept_against_the_population_and_refused_where_it_cannot_be() {
    let promise = |bounds: &str| {
        format!(
            "columns = [{{ name = \"id\", action = \"drop\" }}]\n\
             anonymity = {{ k = 2, beta = 3.0, likeness = \"basic\", quasi = [\"job\", \"age\"], \
             presence = {{ population = \"everyone.csv\", {bounds} }}, hierarchies = [\
             {{ column = \"job\", by = \"file\", file = \"jobs.csv\" }}, \
             {{ column = \"age\", by = \"interval\", widths = [20, 40] }}] }}"
        )
    };
    // All nurses, doctors and tellers are patients, nobody else is: of all people it is a half.
    let project = project(&promise("least = 0.2, most = 0.7"));
    project.ok(&["prepare"]);
    let (rows, evidence) = protected(&project, &["job", "age", "id"]);
    let (mut here, mut all) = (classes(&rows, &["job"]), BTreeMap::<String, usize>::new());
    let everyone = std::fs::read_to_string(project.path("everyone.csv")).unwrap();
    for line in everyone.lines().skip(1) {
        let job = line.split(',').next().unwrap();
        let group = LEVELS.lines().find(|level| level.contains(job)).unwrap();
        let cell = |place: usize| group.split(';').nth(place).unwrap().trim().to_owned();
        for place in 1..3 {
            *all.entry(cell(place)).or_default() += 1;
        }
    }
    assert!(!here.is_empty() && here.keys().all(|job| job[0] == "*"), "{here:?}");
    let (patients, people) = (here.remove(&vec!["*".to_owned()]).unwrap(), all["*"]);
    assert_eq!((patients, people), (450, 900));
    let bounds = &evidence["anonymity"]["report"]["after"]["presence"];
    assert!(bounds[0].as_f64().unwrap() >= 0.2 && bounds[1].as_f64().unwrap() <= 0.7, "{bounds}");
    assert_eq!(evidence["anonymity"]["report"]["before"]["presence"][1], 1.0);

    // Where all of a class are patients at every level, nothing helps.
    let refused = self::project(&promise("most = 0.3"));
    let told = refused.fails(3, &["--lang", "en", "prepare"]);
    assert!(told.contains("privacy-anonymity-unreachable"), "{told}");
    // The population must be one.
    let lacking = self::project(&promise("most = 0.7"));
    std::fs::write(lacking.path("everyone.csv"), "job,age\nnurse,18\n").unwrap();
    assert!(lacking.fails(2, &["prepare"]).contains("privacy-anonymity-population-smaller"));
    std::fs::write(lacking.path("everyone.csv"), "job,years\nnurse,18\n").unwrap();
    let told = lacking.fails(2, &["--lang", "en", "prepare"]);
    assert!(told.contains("no column `age`") && told.contains("job, years"), "{told}");
    std::fs::write(lacking.path("everyone.csv"), "job,age\nnurse,secret\n").unwrap();
    let told = lacking.fails(2, &["prepare"]);
    assert!(told.contains("pipeline-population-type") && !told.contains("secret"), "{told}");
}

#[test]
fn local_recoding_loses_less_and_keeps_the_promise() {
    let promise = |recoding: &str| {
        format!(
            "columns = [{{ name = \"id\", action = \"drop\" }}]\n\
             anonymity = {{ k = 6, l = 2, quasi = [\"job\", \"age\", \"post\"], max_suppressed = 0.05, recoding = \"{recoding}\", hierarchies = [\
             {{ column = \"job\", by = \"file\", file = \"jobs.csv\" }}, \
             {{ column = \"age\", by = \"interval\", widths = [5, 10, 20, 40] }}, \
             {{ column = \"post\", by = \"prefix\", lengths = [4, 3, 2, 1] }}] }}"
        )
    };
    let quasi = ["job", "age", "post"];
    let of = |recoding: &str| {
        let project = project(&promise(recoding));
        project.ok(&["prepare"]);
        let (rows, evidence) = protected(&project, &["job", "age", "post", "id"]);
        (rows, evidence["anonymity"]["report"].clone())
    };
    let ((full, before), (local, after)) = (of("full"), of("local"));
    let figure = |report: &serde_json::Value, name: &str| report[name].as_f64().unwrap();
    assert!(figure(&after, "loss") < figure(&before, "loss"), "{after}");
    assert_eq!(after["local"]["full_loss"], before["loss"]);
    assert!(local.len() >= full.len());
    let classes = classes(&local, &quasi);
    assert!(classes.len() > self::classes(&full, &quasi).len());
    for (cells, count) in classes {
        assert!(count >= 6, "{cells:?}: {count}");
        let same = |row: &&BTreeMap<String, String>| {
            quasi.iter().zip(&cells).all(|(name, cell)| row[*name] == *cell)
        };
        let late: BTreeSet<&str> =
            local.iter().filter(same).map(|row| row["late"].as_str()).collect();
        assert_eq!(late.len(), 2, "{cells:?} tells who is late");
    }
}

#[test]
fn digits_in_their_format_lead_back_and_short_ones_are_refused() {
    let project = project(
        "columns = [{ name = \"id\", action = \"drop\" }, { name = \"account\", as = \"iban\", action = \"fpe\" }]",
    );
    project.ok(&["prepare"]);
    let (rows, _) = protected(&project, &["account", "iban", "id"]);
    let first = &rows[0]["iban"];
    assert!(
        first.len() == 14 && first.as_bytes()[4] == b'-' && first != "6222-0000-0000",
        "{first}"
    );
    let back = project.ok(&["reidentify", first, "--column", "iban", "--reason", "complaint 9"]);
    let source = std::fs::read_to_string(project.path("patients.csv")).unwrap();
    assert!(source.contains(back.trim()) && back.starts_with("6222-"), "{back}");

    let source = source.replace("6222-0000-0000", "12345");
    std::fs::write(project.path("patients.csv"), source).unwrap();
    let told = project.fails(2, &["--lang", "en", "prepare"]);
    assert!(told.contains("privacy-domain-of-column") && told.contains("has 5 digits"), "{told}");
    assert!(told.contains("ingot.toml:") && !told.contains("12345"), "{told}");
}

#[test]
fn a_moved_date_leads_back_for_who_has_the_keys_and_names_the_person() {
    let project = project(
        "columns = [{ name = \"id\", as = \"patient\", action = \"encrypt\" }, \
         { name = \"admitted\", action = \"shift\", person = \"id\", days = 90 }]",
    );
    project.ok(&["prepare"]);
    let (rows, _) = protected(&project, &["id", "patient", "admitted"]);
    let source = std::fs::read_to_string(project.path("patients.csv")).unwrap();
    let line: Vec<&str> = source.lines().nth(1).unwrap().split(',').collect();
    let (person, day) = (line[0], line[4]);
    let (token, moved) = (&rows[0]["patient"], &rows[0]["admitted"]);
    assert_ne!(moved, day);
    // By the person's value, or by what stands for it in the protected table.
    for who in [person, token] {
        let told = project.ok(&[
            "reidentify",
            moved,
            "--column",
            "admitted",
            "--person",
            who,
            "--reason",
            "audit 3",
        ]);
        assert_eq!(told.trim(), day, "by {who}");
    }
    let audit = std::fs::read_to_string(project.path("reidentify.jsonl")).unwrap();
    let uses: Vec<serde_json::Value> =
        audit.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(uses.len(), 2);
    assert_eq!(uses[0]["person"], uses[1]["person"], "the same person");
    assert!(
        uses[0]["person"].as_str().unwrap().starts_with("hsh_")
            && uses[0]["place"] == "column admitted"
    );
    assert!(!audit.contains(person) && !audit.contains(day) && !audit.contains(token.as_str()));
    // Others' shifts give other days; no person, or a column without shifts, is told.
    let others = ["P0003", "P0006", "P0009", "P0012"].map(|who| {
        project.ok(&["reidentify", moved, "--column", "admitted", "--person", who, "--reason", "x"])
    });
    assert!(others.iter().any(|other| other.trim() != day), "everybody moves alike");
    let told = project
        .fails(2, &["--lang", "en", "reidentify", moved, "--column", "admitted", "--reason", "x"]);
    assert!(told.contains("pipeline-reidentify-person") && told.contains("`id`"), "{told}");
    let told = project
        .fails(2, &["reidentify", moved, "--column", "age", "--person", person, "--reason", "x"]);
    assert!(told.contains("pipeline-reidentify-unmoved") && told.contains("admitted"), "{told}");
    let told = project.fails(
        2,
        &["reidentify", "soon", "--column", "admitted", "--person", person, "--reason", "x"],
    );
    assert!(told.contains("privacy-date-unreadable"), "{told}");
}
