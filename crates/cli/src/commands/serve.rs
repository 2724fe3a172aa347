//! `serve`: the HTTP server on verified packages.

use super::key::{block_on, ledger_url, pepper};
use super::{CLOCK, identity, trusted};
use crate::args::{ActArg, Serve};
use crate::{Context, err};
use ingot_base::{Lang, Result};
use ingot_runtime::generate::Serving;
use ingot_serve::{Act, Event, Governance, Observer, PackageLoader, Policy, Settings, TlsFiles};
use std::sync::Arc;

/// Tells of events on standard error; single answers are in the metrics and the ledger.
struct Tell(Lang);

impl Observer for Tell {
    fn event(&self, event: &Event<'_>) {
        let (en, zh) = match event {
            Event::Loaded { model, version } => {
                (format!("serving {model} {version}"), format!("已加载 {model} {version}"))
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
        err(match self.0 {
            Lang::En => &en,
            Lang::Zh => &zh,
        });
    }
}

pub(crate) fn serve(context: &Context, args: Serve) -> Result<()> {
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
    let mut settings = Settings::new(args.listen, args.packages, governance);
    settings.tls = args.tls_cert.zip(args.tls_key).map(|(cert, key)| TlsFiles { cert, key });
    settings.allow_insecure = args.allow_insecure;
    settings.guard_metrics = args.guard_metrics;
    if let Some(count) = args.peer_connections {
        settings.limits.peer_connections = count;
    }
    let act = |act: ActArg| match act {
        ActArg::Off => Act::Off,
        ActArg::Log => Act::Log,
        ActArg::Mask => Act::Mask,
        ActArg::Block => Act::Block,
    };
    settings.policy = Policy {
        prompts: act(args.guard_prompts),
        answers: act(args.guard_answers),
        injection: act(args.guard_injection),
    };
    settings.limits.token_rate = args.tokens_per_minute;
    if let Some(delay) = args.drain_delay {
        settings.limits.drain_delay = std::time::Duration::from_millis(delay);
    }
    settings.observer = Arc::new(Tell(context.lang));
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
    })
}
