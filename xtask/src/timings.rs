//! What an edit costs: touch a crate, time its rebuild, publish the table in CONTRIBUTING.md.

use crate::{Fallible, tree};
use std::fmt::Write as _;
use std::fs::File;
use std::process::Command;
use std::time::{Duration, Instant};

const PAGE: &str = "CONTRIBUTING.md";
const BEGIN: &str = "<!-- timings: begin -->";
const END: &str = "<!-- timings: end -->";

/// Rooms that know an engine. They are built with the whole workspace: alone, an engine's dependencies have other features,
/// and the engine would be built once more.
const HEAVY: &[&str] = &["data", "train", "pipeline", "cli"];

/// Most seconds that a rebuild of a room without an engine may take.
const LIMIT: f64 = 20.0;

/// Measures every room and writes the table.
pub(crate) fn run() -> Fallible<String> {
    let mut table = String::from(
        "| crate | build after an edit, s | tests built after an edit, s |\n|---|---:|---:|\n",
    );
    for room in rooms()? {
        let package = format!("ingot-{room}");
        let heavy = HEAVY.contains(&room.as_str());
        let build: &[&str] = if heavy {
            &["build", "--quiet", "--workspace", "--bin", "ingot"]
        } else {
            &["build", "--quiet", "-p", &package]
        };
        let test: &[&str] = &["test", "--quiet", "--no-run", "-p", &package];
        // Once without the clock: what the room depends on is not part of its edit.
        cargo(build)?;
        if !heavy {
            cargo(test)?;
        }
        let edited = |words: &[&str]| -> Fallible<Duration> {
            touch(&room)?;
            let begun = Instant::now();
            cargo(words)?;
            Ok(begun.elapsed())
        };
        let built = format!("{:.1}", edited(build)?.as_secs_f64());
        // Tests of a room that knows an engine are built with everyone else's, by `make test`.
        let tested =
            if heavy { "–".to_owned() } else { format!("{:.1}", edited(test)?.as_secs_f64()) };
        println!("{room}: {built} s, {tested} s");
        let mark = if heavy { " (knows an engine)" } else { "" };
        writeln!(table, "| {room}{mark} | {built} | {tested} |")?;
    }
    let page = tree::text(PAGE)?.unwrap_or_default();
    let (before, rest) = page.split_once(BEGIN).ok_or("CONTRIBUTING.md lost its timings mark")?;
    let (_, after) = rest.split_once(END).ok_or("CONTRIBUTING.md lost its timings mark")?;
    tree::publish(PAGE, &format!("{before}{BEGIN}\n{table}{END}{after}"), false)?;
    check()
}

/// Every room has a row, and light ones stay below the limit. Measures nothing.
pub(crate) fn check() -> Fallible<String> {
    let page = tree::text(PAGE)?.unwrap_or_default();
    let mut faults = Vec::new();
    for room in rooms()? {
        let row = page.lines().find(|line| {
            line.starts_with(&format!("| {room} |")) || line.starts_with(&format!("| {room} ("))
        });
        let seconds = row.and_then(|row| row.split('|').nth(2)?.trim().parse::<f64>().ok());
        match seconds {
            None => faults.push(format!(
                "{PAGE}: no timing of `{room}`; run `cargo run -p xtask -- timings`"
            )),
            Some(seconds) if seconds > LIMIT && !HEAVY.contains(&room.as_str()) => {
                faults.push(format!("`{room}` takes {seconds} s to rebuild, more than {LIMIT}"));
            }
            Some(_) => {}
        }
    }
    if faults.is_empty() {
        return Ok(format!("timings: every light room rebuilds within {LIMIT} s"));
    }
    Err(faults.join("\n").into())
}

fn rooms() -> Fallible<Vec<String>> {
    Ok(tree::crates()?
        .iter()
        .filter_map(|folder| folder.strip_prefix("crates/"))
        .map(str::to_owned)
        .collect())
}

/// Makes cargo believe that the crate's root was edited.
fn touch(room: &str) -> Fallible<()> {
    let sources = tree::root().join("crates").join(room).join("src");
    let root =
        ["lib.rs", "main.rs"].map(|name| sources.join(name)).into_iter().find(|p| p.is_file());
    let file = File::options().append(true).open(root.ok_or("a crate without a root")?)?;
    #[expect(clippy::disallowed_methods, reason = "a file's own time is the machine's")]
    let now = std::time::SystemTime::now();
    Ok(file.set_modified(now)?)
}

fn cargo(words: &[&str]) -> Fallible<()> {
    let mut command = Command::new("cargo");
    // `cargo run` tells this program its own package's name and version; some build scripts watch those, and would make the
    // engines above them be built anew.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    let status = command.args(words).current_dir(tree::root()).status()?;
    if status.success() { Ok(()) } else { Err(format!("cargo {} failed", words.join(" ")).into()) }
}
