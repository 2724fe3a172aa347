//! `pack`: a language model that was made elsewhere, as a sealed package.

use super::CLOCK;
use crate::Context;
use crate::args::Pack as Args;
use ingot_base::Result;
use ingot_pipeline::{Pack, pack as seal};
use ingot_seal::Keyring;

pub(crate) fn pack(context: &Context, args: &Args) -> Result<()> {
    let keyring = Keyring::open(&context.project.join("keys"))?;
    let folder = args.output.clone().unwrap_or_else(|| context.project.join("dist"));
    let job = Pack {
        name: &args.name,
        version: &args.model_version,
        model: &args.model,
        base: args.base.as_deref(),
        system: args.system.clone(),
        recipients: args.recipient.clone(),
        folder: &folder,
    };
    let sealed = seal(&job, &keyring, &CLOCK)?;
    let path = sealed.path.display();
    context.print(
        &serde_json::json!({ "package": path.to_string(), "digest": sealed.digest }),
        &format!("{} {path}", context.say("written to", "已写入")),
    );
    Ok(())
}
