//! `key` and `usage`: the governed side of the server, from the command line.

use super::CLOCK;
use crate::args::{Key, KeyCreate, KeyRevoke, LedgerArg, Usage};
use crate::messages::{RUNTIME, SCOPE_UNKNOWN};
use crate::{Context, out, render};
use ingot_base::{Clock as _, Fault, Result, Secret, atomic, clock};
use ingot_ledger::{KeyRequest, Ledger, Scope};
use ingot_seal::Keyring;
use std::path::PathBuf;

const DAY_MS: i64 = 86_400_000;
const PEPPER_LIMIT: u64 = 1 << 12;

/// The ledger's address: as named, else the project's own file.
pub(crate) fn ledger_url(context: &Context, named: Option<&String>) -> String {
    named.cloned().unwrap_or_else(|| context.project.join(".ingot/ledger.db").display().to_string())
}

/// The key that guards API keys: from a file, else derived from the project's master key.
pub(crate) fn pepper(context: &Context, file: Option<&PathBuf>) -> Result<Secret<Vec<u8>>> {
    match file {
        Some(path) => atomic::read(path, PEPPER_LIMIT).map(Secret::new),
        None => Ok(Keyring::open(&context.project.join("keys"))?.derive("ledger/pepper", 32)),
    }
}

/// Threads for requests on a machine with so many cores: a quarter of the cores, one at least, is left to the ledger's
/// thread, to explanations and to large batches. On two cores one request thread records more requests a second than two,
/// which keep the ledger's thread waiting for a core (docs/decisions/0007-request-threads.md).
pub(crate) fn request_threads(cores: usize) -> usize {
    cores.saturating_sub((cores / 4).max(1)).max(1)
}

/// Runs asynchronous work to its end.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(request_threads(cores))
        // The ledger's thread wakes the recorder from outside: it must not wait behind dozens of requests.
        .global_queue_interval(8)
        .enable_all()
        .build()
        .map_err(|error| Fault::new(&RUNTIME).because(error))?
        .block_on(work)
}

async fn open(context: &Context, args: &LedgerArg) -> Result<Ledger> {
    let pepper = pepper(context, args.pepper.as_ref())?;
    Ledger::open(&ledger_url(context, args.ledger.as_ref()), pepper).await
}

pub(crate) fn key(context: &Context, command: Key) -> Result<()> {
    match command {
        Key::Create(args) => create(context, args),
        Key::List(args) => list(context, &args),
        Key::Revoke(args) => revoke(context, &args),
    }
}

fn create(context: &Context, args: KeyCreate) -> Result<()> {
    let scopes = args
        .scopes
        .iter()
        .map(|name| {
            Scope::parse(name).ok_or_else(|| {
                let known: Vec<&str> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
                Fault::new(&SCOPE_UNKNOWN).arg("scope", name).arg("known", known.join(", "))
            })
        })
        .collect::<Result<Vec<_>>>()?;
    let request = KeyRequest {
        name: args.name,
        tenant: args.tenant,
        scopes,
        expires_at_ms: args.expires_days.map(|days| CLOCK.now_ms() + i64::from(days) * DAY_MS),
        rate_per_minute: args.rate,
    };
    let made = block_on(async { open(context, &args.ledger).await?.create_key(request).await })?;
    if context.quiet && !context.json {
        // The secret is what the command is for, and cannot be shown again.
        out(made.secret.expose());
        return Ok(());
    }
    context.print(
        &serde_json::json!({ "id": made.id, "key": made.secret.expose() }),
        &format!(
            "{}\n\n  {}\n\n{}",
            made.id,
            made.secret.expose(),
            context.say(
                "The key is shown this once; only a keyed hash of it is stored.",
                "密钥仅显示这一次；系统只保存其带密钥的哈希值。"
            )
        ),
    );
    Ok(())
}

fn list(context: &Context, args: &LedgerArg) -> Result<()> {
    let keys = block_on(async { open(context, args).await?.list_keys().await })?;
    let mut rows = vec![
        [
            ("id", "编号"),
            ("name", "名称"),
            ("tenant", "租户"),
            ("scopes", "权限"),
            ("expires", "到期"),
            ("state", "状态"),
        ]
        .map(|(en, zh)| context.say(en, zh).to_owned())
        .to_vec(),
    ];
    for key in &keys {
        let state = if key.revoked_at_ms.is_some() {
            context.say("revoked", "已吊销")
        } else if key.expires_at_ms.is_some_and(|end| end <= CLOCK.now_ms()) {
            context.say("expired", "已过期")
        } else {
            context.say("active", "有效")
        };
        rows.push(vec![
            key.id.clone(),
            key.name.clone(),
            key.tenant.clone(),
            key.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(","),
            key.expires_at_ms.map_or_else(|| "–".to_owned(), clock::rfc3339),
            state.to_owned(),
        ]);
    }
    let json = serde_json::to_value(&keys)
        .map_err(|error| ingot_base::fault::internal("keys without a JSON form").because(error))?;
    context.answer(&json, &render::table(&rows, &[false; 6]));
    Ok(())
}

fn revoke(context: &Context, args: &KeyRevoke) -> Result<()> {
    block_on(async { open(context, &args.ledger).await?.revoke_key(&args.id).await })?;
    context.print(
        &serde_json::json!({ "id": args.id, "revoked": true }),
        &format!("{} {}", args.id, context.say("is revoked.", "已吊销。")),
    );
    Ok(())
}

pub(crate) fn usage(context: &Context, args: &Usage) -> Result<()> {
    let totals = block_on(async {
        let ledger = open(context, &args.ledger).await?;
        match &args.key {
            Some(id) => ledger.usage(Some(&ledger.key(id).await?.id)).await,
            None => ledger.usage(None).await,
        }
    })?;
    let mut rows = vec![
        [
            ("day", "日期"),
            ("key", "密钥"),
            ("model", "模型"),
            ("version", "版本"),
            ("requests", "请求数"),
            ("rows", "行数"),
            ("tokens read", "读入词元"),
            ("tokens written", "生成词元"),
        ]
        .map(|(en, zh)| context.say(en, zh).to_owned())
        .to_vec(),
    ];
    for total in &totals {
        rows.push(vec![
            total.day.clone(),
            total.key.clone(),
            total.model.clone(),
            total.version.clone(),
            super::grouped(total.requests),
            super::grouped(total.rows),
            super::grouped(total.tokens_read),
            super::grouped(total.tokens_written),
        ]);
    }
    let json = serde_json::to_value(&totals)
        .map_err(|error| ingot_base::fault::internal("usage without a JSON form").because(error))?;
    context.answer(
        &json,
        &render::table(&rows, &[false, false, false, false, true, true, true, true]),
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::request_threads;

    #[test]
    fn some_cores_are_left_to_the_ledger() {
        assert_eq!([1, 2, 3, 4, 8, 16].map(request_threads), [1, 1, 2, 3, 6, 12]);
    }
}
