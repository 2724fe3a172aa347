//! Rules that execute.
//!
//! ```text
//! cargo run -p xtask -- tidy              rules about the tree that the compiler does not know
//! cargo run -p xtask -- docs [--check]    docs/errors.md from the code tables
//! cargo run -p xtask -- schema [--check]  docs/recipe.schema.json from the recipe's types
//! cargo run -p xtask -- timings [--check] what an edit costs, measured, into CONTRIBUTING.md
//! ```
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a tool of the developers: it talks"
)]

mod codes;
mod docs;
mod rooms;
mod schema;
mod source;
mod tidy;
mod timings;
mod tree;

use std::error::Error;
use std::process::ExitCode;

/// Anything that stops a task.
type Fallible<T> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["tidy"] => tidy::run(),
        ["docs"] => docs::run(false),
        ["docs", "--check"] => docs::run(true),
        ["schema"] => schema::run(false),
        ["schema", "--check"] => schema::run(true),
        ["timings"] => timings::run(),
        ["timings", "--check"] => timings::check(),
        _ => Err("tasks: tidy, docs [--check], schema [--check], timings [--check]".into()),
    };
    match outcome {
        Ok(said) => {
            println!("{said}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
