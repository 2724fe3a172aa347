//! `cargo run -p ingot-privacy --example anonymity -- ADULT.csv`: the search on Adult (k = 5, nine quasi-identifiers) and on a
//! million rows drawn from it, timed, by whole columns and class by class; and the risk of Adult.
#![expect(clippy::print_stdout, reason = "a developer's command")]

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use ingot_privacy::anonymity::{Hierarchy, Policy, Quasi, Recoding, risk, search};
use std::sync::Arc;
use std::time::Instant;

const QUASI: [&str; 9] = [
    "age",
    "workclass",
    "education",
    "marital-status",
    "occupation",
    "relationship",
    "race",
    "sex",
    "native-country",
];
const SENSITIVE: &str = "income-per-year";
const MILLION: usize = 1_000_000;
const BATCH: usize = 8_192;

type Anything = Box<dyn std::error::Error>;

fn main() -> Result<(), Anything> {
    let path = std::env::args().nth(1).ok_or("which file?")?;
    let text = std::fs::read_to_string(path)?;
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().ok_or("no header")?.split(',').collect();
    let rows: Vec<Vec<&str>> = lines
        .filter(|line| !line.contains('?'))
        .map(|line| line.split(',').map(str::trim).collect())
        .collect();
    let adult = table(&header, &rows)?;
    let start = Instant::now();
    let figures = risk(&adult, &QUASI, &[SENSITIVE])?;
    println!("risk of {} rows: {:?}", rows.len(), start.elapsed());
    println!("{}", serde_json::to_string(&figures)?);
    for limit in [0.0, 0.01, 0.05] {
        for recoding in [Recoding::Full, Recoding::Local] {
            run(&adult, limit, recoding)?;
        }
    }
    // A cell in eight comes from another row, so that there are many more combinations than Adult has.
    let mut state = 1_u64;
    let mut random = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap_or(0)
    };
    let drawn: Vec<Vec<&str>> = (0..MILLION)
        .map(|_| {
            let whole = random() % rows.len().max(1);
            let cell = |place: usize| {
                let row = if random() % 8 == 0 { random() % rows.len().max(1) } else { whole };
                rows.get(row).and_then(|row| row.get(place)).copied().unwrap_or_default()
            };
            (0..header.len()).map(cell).collect()
        })
        .collect();
    let million = table(&header, &drawn)?;
    for limit in [0.0, 0.01, 0.05] {
        for recoding in [Recoding::Full, Recoding::Local] {
            run(&million, limit, recoding)?;
        }
    }
    Ok(())
}

fn run(batches: &[RecordBatch], limit: f64, recoding: Recoding) -> Result<(), Anything> {
    let quasi = |name: &str| Quasi { name: name.into(), hierarchy: hierarchy(name, batches) };
    let mut policy = Policy::new(5, QUASI.map(quasi).to_vec());
    policy.max_suppressed = limit;
    policy.recoding = recoding;
    policy.sensitive = vec![SENSITIVE.into()];
    let start = Instant::now();
    let plan = search(batches, &policy)?;
    let searched = start.elapsed();
    let start = Instant::now();
    let released = batches.iter().map(|batch| plan.apply(batch)).collect::<Result<Vec<_>, _>>()?;
    let applied = start.elapsed();
    let report = plan.report();
    let levels: Vec<String> =
        report.levels.iter().map(|one| format!("{}/{}", one.level, one.highest)).collect();
    let after = risk(&released, &QUASI, &[SENSITIVE])?;
    println!(
        "{} rows, limit {limit}, {recoding:?}: search {searched:?}, apply {applied:?}, {} of {} nodes, levels {}, loss {:.6}, \
         suppressed {}, k {} -> {}, classes {}, released {}",
        report.before.rows,
        report.checked,
        report.nodes,
        levels.join(" "),
        report.loss,
        report.suppressed_rows,
        report.before.k,
        after.k,
        after.classes,
        after.rows
    );
    Ok(())
}

fn table(header: &[&str], rows: &[Vec<&str>]) -> Result<Vec<RecordBatch>, Anything> {
    rows.chunks(BATCH)
        .map(|rows| {
            let columns = QUASI.iter().chain([&SENSITIVE]).map(|name| {
                let place = header.iter().position(|known| known == name).unwrap_or(usize::MAX);
                let cells = rows.iter().map(|row| row.get(place).copied());
                let array: ArrayRef = if *name == "age" {
                    Arc::new(cells.map(|cell| cell?.parse().ok()).collect::<Int64Array>())
                } else {
                    Arc::new(cells.collect::<StringArray>())
                };
                (*name, array)
            });
            Ok(RecordBatch::try_from_iter(columns)?)
        })
        .collect()
}

/// The hierarchies of the literature in short: intervals for age, groups for the many-valued columns, then everything.
fn hierarchy(name: &str, batches: &[RecordBatch]) -> Hierarchy {
    let groups: &[(&str, &[&str])] = match name {
        "age" => return Hierarchy::Intervals(vec![5.0, 10.0, 20.0, 40.0]),
        "workclass" => &[
            ("government", &["Federal-gov", "Local-gov", "State-gov"]),
            ("self-employed", &["Self-emp-inc", "Self-emp-not-inc"]),
            ("unpaid", &["Without-pay", "Never-worked"]),
        ],
        "education" => &[
            (
                "school",
                &["Preschool", "1st-4th", "5th-6th", "7th-8th", "9th", "10th", "11th", "12th"],
            ),
            ("secondary", &["HS-grad", "Some-college", "Assoc-acdm", "Assoc-voc"]),
            ("degree", &["Bachelors", "Masters", "Doctorate", "Prof-school"]),
        ],
        "marital-status" => &[
            ("married", &["Married-civ-spouse", "Married-AF-spouse"]),
            ("apart", &["Divorced", "Separated", "Widowed", "Married-spouse-absent"]),
        ],
        "occupation" => &[
            (
                "office",
                &["Adm-clerical", "Exec-managerial", "Prof-specialty", "Sales", "Tech-support"],
            ),
            ("service", &["Other-service", "Priv-house-serv", "Protective-serv", "Armed-Forces"]),
        ],
        "native-country" => &[("north america", &["United-States", "Canada"])],
        _ => return Hierarchy::Suppress,
    };
    let rest = if name == "workclass" || name == "marital-status" { "private" } else { "other" };
    let mut values: Vec<String> = batches
        .iter()
        .filter_map(|batch| {
            batch.column_by_name(name)?.as_any().downcast_ref::<StringArray>().cloned()
        })
        .flat_map(|column| column.iter().flatten().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    values.sort_unstable();
    values.dedup();
    let row = |value: String| {
        let group = groups.iter().find(|(_, members)| members.contains(&value.as_str()));
        let group = group.map_or(rest, |(group, _)| *group).to_owned();
        vec![value, group, "*".to_owned()]
    };
    Hierarchy::Table(values.into_iter().map(row).collect())
}
