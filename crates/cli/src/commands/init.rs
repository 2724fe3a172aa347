//! `init`: keys and a commented recipe.

use crate::Context;
use crate::args::Init;
use crate::messages::EXISTS;
use ingot_base::{Fault, Result, Task, atomic};
use ingot_seal::Keyring;

pub(crate) fn init(context: &Context, args: &Init) -> Result<()> {
    let recipe = context.project.join("ingot.toml");
    if !args.keys_only && recipe.exists() {
        return Err(Fault::new(&EXISTS).arg("path", recipe.display()));
    }
    let keys = context.project.join("keys");
    let keyring = if keys.exists() { Keyring::open(&keys)? } else { Keyring::create(&keys)? };
    if !args.keys_only {
        atomic::write(&recipe, ingot_recipe::starter(&args.name, Task::TabularBinary).as_bytes())?;
    }
    let text = format!(
        "{}\n  {}\n{}",
        context.say(
            "Keys are in keys/. Whoever has them can read your data and sign in your name: back them up, never commit them.",
            "密钥保存在 keys/ 中。持有者可以读取您的数据并以您的名义签名：请妥善备份，切勿提交到代码库。"
        ),
        keyring.recipient(),
        if args.keys_only {
            String::new()
        } else {
            context
                .say(
                    "The recipe is ingot.toml: name your data in it, then `ingot plan` and `ingot run`.",
                    "配方是 ingot.toml：填入数据位置后，运行 `ingot plan` 和 `ingot run`。",
                )
                .to_owned()
        }
    );
    context.print(
        &serde_json::json!({ "recipient": keyring.recipient(), "recipe": (!args.keys_only).then(|| recipe.display().to_string()) }),
        &text,
    );
    Ok(())
}
