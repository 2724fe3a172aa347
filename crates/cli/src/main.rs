//! The `ingot` command: arguments in, one room's work, a rendered answer out. No logic of its own.

mod args;
mod commands;
mod messages;
mod output;
mod progress;
mod render;

use args::{Cli, Command};
use clap::Parser;
use ingot_base::{Lang, Result};
use output::{err, out};
use std::path::PathBuf;
use std::process::ExitCode;

/// What every command needs to know.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) lang: Lang,
    pub(crate) quiet: bool,
    pub(crate) json: bool,
    pub(crate) project: PathBuf,
}

impl Context {
    /// Chooses the sentence in the user's language.
    pub(crate) fn say<'a>(&self, en: &'a str, zh: &'a str) -> &'a str {
        match self.lang {
            Lang::En => en,
            Lang::Zh => zh,
        }
    }

    /// Prints the JSON form with `--json`, else the text, else (with `--quiet`) nothing.
    pub(crate) fn print(&self, json: &serde_json::Value, text: &str) {
        if self.json {
            out(&json.to_string());
        } else if !self.quiet {
            out(text);
        }
    }
}

/// Columns come and go by the megabyte: the system's allocator gives each back to the kernel and asks for it anew.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let context = Context {
        lang: language(&cli),
        quiet: cli.global.quiet || cli.global.json,
        json: cli.global.json,
        project: cli.global.project.clone(),
    };
    match dispatch(&context, cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            if context.json {
                out(&render::json(&fault, context.lang).to_string());
            } else {
                err(&render::fault(&fault, context.lang));
            }
            ExitCode::from(fault.message().class.exit_code())
        }
    }
}

/// `--lang`, else the first of `LC_ALL`, `LC_MESSAGES` and `LANG` that names a language we have, else English.
fn language(cli: &Cli) -> Lang {
    let from_environment = || {
        ["LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
            .and_then(|value| Lang::parse(&value))
    };
    cli.global.lang.map(Lang::from).or_else(from_environment).unwrap_or_default()
}

fn dispatch(context: &Context, command: Command) -> Result<()> {
    use ingot_pipeline::Stage;
    match command {
        Command::Init(args) => commands::init::init(context, &args),
        Command::Run(args) | Command::Seal(args) => commands::run::run(context, &args, Stage::Seal),
        Command::Prepare(args) => commands::run::run(context, &args, Stage::Split),
        Command::Train(args) => commands::run::run(context, &args, Stage::Train),
        Command::Explain(args) => commands::run::run(context, &args, Stage::Explain),
        Command::Plan(args) => commands::plan::plan(context, &args),
        Command::Schema => commands::plan::schema(),
        Command::Doctor => {
            commands::doctor::doctor(context);
            Ok(())
        }
        Command::Scan(args) => commands::scan::scan(context, &args),
        Command::Predict(args) => commands::predict::predict(context, &args),
        Command::Serve(args) => commands::serve::serve(context, args),
        Command::Verify(args) => commands::package::verify(context, &args),
        Command::Inspect(args) => commands::package::inspect(context, &args),
        Command::Open(args) => commands::package::open(context, &args),
        Command::Trace(args) => commands::package::trace(context, &args),
        Command::Key(args) => commands::key::key(context, args),
        Command::Usage(args) => commands::key::usage(context, &args),
        Command::Deploy(args) => commands::deploy::deploy(context, args),
        Command::Bench(args) => commands::bench::bench(context, args),
    }
}
