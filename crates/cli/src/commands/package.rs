//! `verify`, `inspect`, `open`, `trace`: what others do with a sealed package.

use super::{identity, looked_at, verified};
use crate::args::{Open, PackageArg, Verify};
use crate::messages::EXISTS;
use crate::{Context, render};
use ingot_base::{Digest, Fault, Result, atomic};
use ingot_runtime::generate::document::ADAPTER;

pub(crate) fn verify(context: &Context, args: &Verify) -> Result<()> {
    let package = verified(context, &args.package, &args.public_key)?;
    let manifest = package.manifest();
    context.print(
        &serde_json::json!({ "verified": true, "name": manifest.name, "version": manifest.version }),
        &format!(
            "{} {} {}",
            manifest.name,
            manifest.version,
            context.say(
                "is whole, and signed by a key you trust.",
                "完整无损，且由您信任的密钥签名。"
            )
        ),
    );
    Ok(())
}

pub(crate) fn inspect(context: &Context, args: &PackageArg) -> Result<()> {
    let package = looked_at(context, &args.package, &args.public_key)?;
    let mut json = serde_json::to_value(package.manifest()).map_err(|error| {
        ingot_base::fault::internal("manifest without a JSON form").because(error)
    })?;
    // An adapter says nothing without its base: whoever is to serve it must know which.
    let adapter = package.manifest().payloads.iter().any(|payload| payload.name == ADAPTER);
    if adapter {
        let base = ingot_pipeline::trace(&package.lineage()?)?.base();
        if let Some(members) = json.as_object_mut() {
            members.extend(base.map(|base| ("base".to_owned(), base)));
        }
    }
    let text = serde_json::to_string_pretty(&json).unwrap_or_default();
    context.answer(&json, &text);
    Ok(())
}

pub(crate) fn open(context: &Context, args: &Open) -> Result<()> {
    if args.output.exists() {
        return Err(Fault::new(&EXISTS).arg("path", args.output.display()));
    }
    let package = verified(context, &args.package, &args.keys.public_key)?;
    if args.sealed {
        package.unpack(&args.output)?;
    } else {
        let identity = identity(context, args.keys.identity.as_ref())?;
        for payload in package.payloads() {
            let bytes = package.decrypt(&payload, &identity)?;
            atomic::write_private(&args.output.join(&payload), bytes.expose())?;
        }
    }
    context.print(
        &serde_json::json!({ "output": args.output.display().to_string() }),
        &format!("{} {}", context.say("written to", "已写入"), args.output.display()),
    );
    Ok(())
}

pub(crate) fn trace(context: &Context, args: &PackageArg) -> Result<()> {
    let package = looked_at(context, &args.package, &args.public_key)?;
    let lineage = package.lineage()?;
    let mut text = String::new();
    let trace = ingot_pipeline::trace(&lineage)?;
    if let Some(made) = trace.elsewhere(context.lang) {
        text.push_str(context.say("Made elsewhere\n", "外部来源\n"));
        text.push_str(&render::table(&made, &[false; 4]));
        text.push_str("\nlineage ");
        text.push_str(&Digest::of_json(&lineage)?.to_string());
        context.answer(&lineage, &text);
        return Ok(());
    }
    text.push_str(context.say("Sources\n", "数据源\n"));
    text.push_str(&render::table(&trace.sources(context.lang), &[false, false, true, true, false]));
    text.push_str(context.say("\nRules\n", "\n规则\n"));
    text.push_str(&render::table(&trace.rules(context.lang), &[false, false, true, true]));
    text.push_str(
        context.say("\nRows the model was trained and tested with\n", "\n模型训练和测试所用的行\n"),
    );
    text.push_str(&render::table(&trace.rows(context.lang), &[false, false, true, false]));
    text.push_str(context.say("\nStages\n", "\n阶段\n"));
    text.push_str(&render::table(&trace.stages(context.lang), &[false, false, false]));
    text.push_str("\nlineage ");
    text.push_str(&Digest::of_json(&lineage)?.to_string());
    context.answer(&lineage, &text);
    Ok(())
}
