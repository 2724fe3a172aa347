//! The `ingot` command: arguments in, one room's work, a rendered answer out. No logic of its own.

mod args;
mod chinese;
mod commands;
mod messages;
mod output;
mod progress;
mod render;

use args::{Cli, Command};
use clap::{CommandFactory as _, FromArgMatches as _, Parser as _};
use commands::Outcome;
use ingot_base::{Fault, Lang};
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
    /// How the command takes a recipe of another name.
    pub(crate) way: &'static str,
}

impl Context {
    /// Chooses the sentence in the user's language.
    pub(crate) fn say<'a>(&self, en: &'a str, zh: &'a str) -> &'a str {
        match self.lang {
            Lang::En => en,
            Lang::Zh => zh,
        }
    }

    /// Tells a warning, unless nothing is to be told.
    pub(crate) fn warn(&self, warning: &Fault) {
        if !self.quiet {
            self.warn_anyway(warning);
        }
    }

    /// Tells a warning that what is printed as JSON is misread without.
    pub(crate) fn warn_anyway(&self, warning: &Fault) {
        let word = self.say("warning", "警告");
        err(&format!("{word}[{}]: {}", warning.code(), warning.advice(self.lang)));
    }

    /// Tells what was done: the JSON form with `--json`, else the text, else (with `--quiet`) nothing.
    pub(crate) fn print(&self, json: &serde_json::Value, text: &str) {
        if self.json || !self.quiet {
            self.answer(json, text);
        }
    }

    /// Prints what the command is there to tell, also with `--quiet`: the JSON form with `--json`, else the text. It may be paid for, or
    /// be taken for "nothing" where it is missing.
    pub(crate) fn answer(&self, json: &serde_json::Value, text: &str) {
        if self.json {
            out(&json.to_string());
        } else {
            out(text);
        }
    }
}

/// Columns come and go by the megabyte: the system's allocator gives each back to the kernel and asks for it anew.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let lang = language();
    let cli = match lang {
        Lang::En => Cli::try_parse(),
        Lang::Zh => chinese::command(Cli::command())
            .try_get_matches()
            .and_then(|matches| Cli::from_arg_matches(&matches)),
    };
    let cli = match cli {
        Ok(cli) => cli,
        Err(error) => return usage(&error, lang),
    };
    let context = Context {
        lang: cli.global.lang.map_or(lang, Lang::from),
        quiet: cli.global.quiet || cli.global.json,
        json: cli.global.json,
        project: cli.global.project.clone(),
        way: cli.command.recipe_way(),
    };
    match dispatch(&context, cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            tell(&context, &failure);
            ExitCode::from(failure.fault().message().class.exit_code())
        }
    }
}

/// Why a command failed.
fn tell(context: &Context, failure: &commands::Failure) {
    if context.json {
        out(&render::json(failure, context.lang).to_string());
    } else {
        err(&render::failure(failure, context.lang));
    }
}

/// Help, a version, or what is wrong with the arguments.
fn usage(error: &clap::Error, lang: Lang) -> ExitCode {
    match (lang, error.use_stderr()) {
        // A closed pipe is not an error.
        (Lang::En, _) => drop(error.print()),
        (Lang::Zh, true) => err(&chinese::told(error)),
        (Lang::Zh, false) => out(&chinese::told(error)),
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

/// `--lang`, else the first of `LC_ALL`, `LC_MESSAGES` and `LANG` that names a language we have, else English. Looked for
/// before arguments are read, since what is wrong with them is told in it too.
fn language() -> Lang {
    let mut args = std::env::args_os().map(|arg| arg.to_string_lossy().into_owned());
    let mut named = None;
    while let Some(arg) = args.next() {
        if arg == "--" {
            break;
        } else if arg == "--lang" {
            named = args.next();
        } else if let Some(value) = arg.strip_prefix("--lang=") {
            named = Some(value.to_owned());
        }
    }
    let from_environment = || {
        ["LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
            .and_then(|value| Lang::parse(&value))
    };
    named.and_then(|value| Lang::parse(&value)).or_else(from_environment).unwrap_or_default()
}

fn dispatch(context: &Context, command: Command) -> Outcome<()> {
    use ingot_pipeline::Stage;
    match command {
        Command::Init(args) => commands::init::init(context, &args)?,
        Command::Run(args) | Command::Seal(args) => {
            commands::run::run(context, &args, Stage::Seal)?;
        }
        Command::Prepare(args) => commands::run::run(context, &args, Stage::Split)?,
        Command::Train(args) => commands::run::run(context, &args, Stage::Train)?,
        Command::Compress(args) => commands::run::run(context, &args, Stage::Compress)?,
        Command::Explain(args) => commands::run::run(context, &args, Stage::Explain)?,
        Command::Plan(args) => commands::plan::plan(context, &args)?,
        Command::Schema => commands::plan::schema()?,
        Command::Doctor => commands::doctor::doctor(context),
        Command::Pull(args) => commands::pull::pull(context, &args)?,
        Command::Pack(args) => commands::pack::pack(context, &args)?,
        Command::Scan(args) => commands::scan::scan(context, &args)?,
        Command::Risk(args) => commands::risk::risk(context, &args)?,
        Command::Stats(args) => commands::stats::stats(context, &args)?,
        Command::Export(args) => commands::export::export(context, &args)?,
        Command::Reidentify(args) => commands::erase::reidentify(context, &args)?,
        Command::Rotate(args) => commands::rotate::rotate(context, &args)?,
        Command::Erase(args) => commands::erase::erase(context, &args)?,
        Command::Picture(args) => commands::picture::picture(context, &args)?,
        Command::Predict(args) => commands::predict::predict(context, &args)?,
        Command::Eval(args) => commands::eval::eval(context, &args)?,
        Command::Serve(args) => commands::serve::serve(context, args)?,
        Command::Verify(args) => commands::package::verify(context, &args)?,
        Command::Inspect(args) => commands::package::inspect(context, &args)?,
        Command::Open(args) => commands::package::open(context, &args)?,
        Command::Trace(args) => commands::package::trace(context, &args)?,
        Command::Key(args) => commands::key::key(context, args)?,
        Command::Usage(args) => commands::key::usage(context, &args)?,
        Command::Deploy(args) => commands::deploy::deploy(context, args)?,
        Command::Cluster(args) => commands::cluster::cluster(context, args)?,
        Command::Bench(args) => commands::bench::bench(context, args)?,
    }
    Ok(())
}
