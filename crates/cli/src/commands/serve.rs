//! `serve`: the HTTP server on verified packages.

use super::key::{block_on, ledger_url, pepper};
use super::{CLOCK, Outcome, identity, load, trusted};
use crate::args::{ActArg, Serve};
use crate::{Context, err};
use ingot_base::Lang;
use ingot_recipe::{Guard, Serve as Wanted};
use ingot_runtime::generate::Serving;
use ingot_serve::{
    Act, Event, Governance, Limits, Observer, PackageLoader, Policy, Rate, Settings, TlsFiles,
};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

/// Where the server listens when neither a flag nor a recipe says it.
const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 5000);
/// The recipe of a project's folder.
const RECIPE: &str = "ingot.toml";

/// Tells of events on standard error; single answers are in the metrics and the ledger.
struct Tell {
    lang: Lang,
    /// Tokens of prompt and answer that were asked for.
    context: usize,
}

impl Observer for Tell {
    fn event(&self, event: &Event<'_>) {
        let (en, zh) = match event {
            Event::Loaded { model, version, longest } => {
                let (mut en, mut zh) =
                    (format!("serving {model} {version}"), format!("已加载 {model} {version}"));
                if let Some(own) = longest.filter(|own| *own < self.context) {
                    let asked = self.context;
                    en = format!(
                        "{en} with a context of {own} tokens, not {asked}: the model was made for no more"
                    );
                    zh = format!(
                        "{zh}，上下文为 {own} 个词元，而非 {asked} 个：该模型不支持更长的上下文"
                    );
                }
                (en, zh)
            }
            Event::Refused { path, fault } => {
                let (name, code) = (path.display(), fault.code());
                (
                    format!("refused {name} [{code}]: {}", fault.render(Lang::En)),
                    format!("已拒绝 {name} [{code}]：{}", fault.render(Lang::Zh)),
                )
            }
            Event::Failed { request_id, fault } => (
                format!("request {request_id} failed [{}]", fault.code()),
                format!("请求 {request_id} 失败 [{}]", fault.code()),
            ),
            Event::Draining => {
                ("finishing what was accepted".to_owned(), "正在处理已接收的请求".to_owned())
            }
        };
        err(match self.lang {
            Lang::En => &en,
            Lang::Zh => &zh,
        });
    }
}

/// What the recipe at hand wants of the server: the one named, else the project's own; `None` outside any project.
///
/// # Errors
/// When the recipe has faults: a server without the limits that were meant for it would be worse than none.
fn wanted(context: &Context, named: Option<&Path>) -> Outcome<Option<Wanted>> {
    let own = context.project.join(RECIPE);
    let path = named.unwrap_or(&own);
    if named.is_none() && !path.exists() {
        return Ok(None);
    }
    let wanted = load(context, path)?.recipe.serve;
    if !context.quiet {
        err(&format!(
            "{} {}",
            context.say("settings of [serve] in", "[serve] 设置取自"),
            path.display()
        ));
    }
    Ok(Some(wanted))
}

/// The server's bounds with a recipe's in them.
fn bounded(limits: &Limits, wanted: &Wanted) -> Limits {
    Limits {
        default_rate: wanted.rate_limit.map(|rate| Rate::per_second(rate.per_second, rate.burst)),
        batch_rows: wanted.batch.max_rows,
        batch_wait: wanted.batch.max_wait,
        queued_rows: wanted.queue,
        deadline: wanted.deadline,
        ..limits.clone()
    }
}

/// What the guard does about prompts, answers, and tries to override instructions: as the flags say, else the recipe.
fn policy(flags: [Option<ActArg>; 3], wanted: Option<&Wanted>) -> Policy {
    let act = |flag: Option<ActArg>, own: fn(&Wanted) -> Guard| match flag {
        Some(ActArg::Off) => Act::Off,
        Some(ActArg::Log) => Act::Log,
        Some(ActArg::Mask) => Act::Mask,
        Some(ActArg::Block) => Act::Block,
        None => match wanted.map(own).unwrap_or_default() {
            Guard::Off => Act::Off,
            Guard::Log => Act::Log,
            Guard::Mask => Act::Mask,
            Guard::Block => Act::Block,
        },
    };
    let [prompts, answers, injection] = flags;
    Policy {
        prompts: act(prompts, |own| own.guard_prompts),
        answers: act(answers, |own| own.guard_answers),
        injection: act(injection, |own| own.guard_injection),
    }
}

pub(crate) fn serve(context: &Context, args: Serve) -> Outcome<()> {
    let wanted = wanted(context, args.recipe.as_deref())?;
    let governance = if args.ungoverned {
        Governance::Ungoverned
    } else {
        Governance::Governed {
            ledger: ledger_url(context, args.ledger.as_ref()),
            pepper: pepper(context, args.pepper.as_ref())?,
        }
    };
    let loader = PackageLoader::new(
        trusted(context, &args.keys.public_key)?,
        identity(context, args.keys.identity.as_ref())?,
        Arc::new(CLOCK),
        ingot_pipeline::models::library(),
    );
    let serving = Serving {
        slots: args.slots,
        context: args.context,
        queue: args.waiting,
        threads: args.threads,
        ..Serving::default()
    };
    let loader = loader.with_languages(serving, Box::new(ingot_pipeline::published_language));
    let listen = args.listen.or(wanted.as_ref().map(|wanted| wanted.listen)).unwrap_or(LISTEN);
    let mut settings = Settings::new(listen, args.packages, governance);
    if let Some(wanted) = &wanted {
        settings.limits = bounded(&settings.limits, wanted);
    }
    settings.tls = args.tls_cert.zip(args.tls_key).map(|(cert, key)| TlsFiles { cert, key });
    settings.allow_insecure = args.allow_insecure;
    settings.guard_metrics = args.guard_metrics;
    if let Some(count) = args.peer_connections {
        settings.limits.peer_connections = count;
    }
    settings.policy =
        policy([args.guard_prompts, args.guard_answers, args.guard_injection], wanted.as_ref());
    settings.limits.token_rate = args.tokens_per_minute;
    if let Some(delay) = args.drain_delay {
        settings.limits.drain_delay = std::time::Duration::from_millis(delay);
    }
    settings.observer = Arc::new(Tell { lang: context.lang, context: args.context });
    let (quiet, listening) = (context.quiet, context.say("listening on", "正在监听").to_owned());
    let scheme = if settings.tls.is_some() { "https" } else { "http" };
    let ready = move |address| {
        if !quiet {
            err(&format!("{listening} {scheme}://{address}"));
        }
    };
    block_on(async {
        let ended = ingot_serve::terminated()?;
        ingot_serve::serve_with(settings, Arc::new(loader), Arc::new(CLOCK), ready, ended).await
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(serve: &str) -> Wanted {
        let text = format!(
            "{}\n{serve}",
            ingot_recipe::starter("my-model", ingot_base::Tabular::Binary)
                .split("[serve]")
                .next()
                .unwrap()
        );
        ingot_recipe::parse("ingot.toml", &text).map_err(|faults| faults.len()).unwrap().serve
    }

    #[test]
    fn the_defaults_that_plan_shows_are_the_servers() {
        let wanted = of("");
        assert_eq!(wanted.listen, LISTEN);
        let (ours, theirs) = (Limits::default(), bounded(&Limits::default(), &wanted));
        assert_eq!(format!("{ours:?}"), format!("{theirs:?}"));
    }

    #[test]
    fn flags_of_the_guard_win_over_the_recipe() {
        let wanted = of("[serve]\nguard_prompts = \"mask\"\nguard_answers = \"block\"\n");
        let flags = [None, Some(ActArg::Log), None];
        let expected = Policy { prompts: Act::Mask, answers: Act::Log, injection: Act::Off };
        assert_eq!(policy(flags, Some(&wanted)), expected);
        assert_eq!(policy([None; 3], None), Policy::default());
    }

    #[test]
    fn every_setting_of_the_recipe_reaches_the_server() {
        let wanted = of(
            "[serve]\nrate_limit = { per_second = 2, burst = 5 }\nqueue = 7\ndeadline = \"3s\"\n\
            batch = { max_rows = 9, max_wait = \"40us\" }\n",
        );
        let limits = bounded(&Limits::default(), &wanted);
        let interval = std::time::Duration::from_millis(500);
        assert_eq!(limits.default_rate, Some(Rate { interval, burst: 5 }));
        assert_eq!((limits.queued_rows, limits.batch_rows), (7, 9));
        assert_eq!(limits.deadline, std::time::Duration::from_secs(3));
        assert_eq!(limits.batch_wait, std::time::Duration::from_micros(40));
    }
}
