//! `cluster`: certificates, the scheduler, executors.

use super::CLOCK;
use super::key::block_on;
use crate::args::{Cluster, ClusterCertificates, ClusterExecutor, ClusterScheduler};
use crate::messages::EXISTS;
use crate::{Context, err};
use ingot_base::{Clock as _, Fault, Lang, Result};
use ingot_cluster::{Event, Identity, Role, Scheduler, execute, write_certificates};
use ingot_data::{CLUSTER_VERSION, CleanPieces};
use std::sync::Arc;

pub(crate) fn cluster(context: &Context, args: Cluster) -> Result<()> {
    match args {
        Cluster::Certificates(args) => certificates(context, &args),
        Cluster::Scheduler(args) => scheduler(context, &args),
        Cluster::Executor(args) => executor(context, &args),
    }
}

fn certificates(context: &Context, args: &ClusterCertificates) -> Result<()> {
    let folder = context.project.join(&args.folder);
    let authority = folder.join("authority.pem");
    if authority.exists() {
        return Err(Fault::new(&EXISTS).arg("path", authority.display()));
    }
    let made = write_certificates(&folder, CLOCK.now_ms() / 1000, args.days)?;
    let roles = made.roles.iter().map(|(role, certificate, key)| {
        (role.as_str().to_owned(), serde_json::json!({ "certificate": certificate, "key": key }))
    });
    let json = serde_json::json!({
        "authority": made.authority, "days": args.days, "roles": roles.collect::<serde_json::Map<_, _>>(),
    });
    let (days, folder) = (args.days, folder.display());
    let text = match context.lang {
        Lang::En => format!(
            "wrote {folder}: valid for {days} days\neach machine gets authority.pem and the two files of its role: scheduler, executor, or client for whoever runs recipes"
        ),
        Lang::Zh => format!(
            "已写入 {folder}，有效期 {days} 天\n每台机器需要 authority.pem 和自身角色的两个文件：scheduler（调度器）、executor（执行器）、client（运行配方的机器）"
        ),
    };
    context.print(&json, &text);
    Ok(())
}

fn scheduler(context: &Context, args: &ClusterScheduler) -> Result<()> {
    let identity = Identity::read(&context.project.join(&args.certificates), Role::Scheduler)?;
    let lang = context.lang;
    block_on(async {
        let ended = ingot_serve::terminated()?;
        let scheduler = Scheduler::bind(args.listen, &identity, CLUSTER_VERSION, move |event| {
            tell(lang, &event);
        })
        .await?;
        let address = scheduler.address()?;
        err(&match lang {
            Lang::En => format!("handing out work on {address}"),
            Lang::Zh => format!("正在 {address} 分派任务"),
        });
        tokio::select! {
            () = scheduler.run() => {}
            () = ended => {}
        }
        Ok(())
    })
}

fn tell(lang: Lang, event: &Event) {
    let role = |role: &Role| match (lang, role) {
        (Lang::En, role) => role.as_str(),
        (Lang::Zh, Role::Executor) => "执行器",
        (Lang::Zh, Role::Client) => "客户端",
        (Lang::Zh, Role::Scheduler) => "调度器",
    };
    err(&match (lang, event) {
        (Lang::En, Event::Joined(who, address)) => format!("{} {address} joined", role(who)),
        (Lang::En, Event::Left(who, address)) => format!("{} {address} left", role(who)),
        (Lang::En, Event::Refused(address, reason)) => format!("turned {address} away: {reason}"),
        (Lang::Zh, Event::Joined(who, address)) => format!("{} {address} 已加入", role(who)),
        (Lang::Zh, Event::Left(who, address)) => format!("{} {address} 已离开", role(who)),
        (Lang::Zh, Event::Refused(address, reason)) => format!("已拒绝 {address}：{reason}"),
    });
}

fn executor(context: &Context, args: &ClusterExecutor) -> Result<()> {
    let identity = Identity::read(&context.project.join(&args.certificates), Role::Executor)?;
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let places = args.places.map_or(cores, usize::from);
    err(&match context.lang {
        Lang::En => format!("working for {} on {places} places", args.scheduler),
        Lang::Zh => format!("正在为 {} 工作，同时处理 {places} 段", args.scheduler),
    });
    block_on(async {
        let ended = ingot_serve::terminated()?;
        let work = Arc::new(CleanPieces);
        let tell = |warning: &Fault| {
            context.warn(warning);
            // What TLS says: an unknown issuer, a refused certificate, nobody there.
            for line in crate::render::why(warning, context.lang) {
                err(&format!("  {line}"));
            }
        };
        tokio::select! {
            done = execute(&args.scheduler, &identity, CLUSTER_VERSION, places, work, &tell) => done,
            () = ended => Ok(()),
        }
    })
}
