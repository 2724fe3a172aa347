//! `init`: keys, a commented recipe and example rows for it.

use crate::Context;
use crate::args::Init;
use crate::messages::EXISTS;
use ingot_base::{Fault, Result, Tabular, atomic};

pub(crate) fn init(context: &Context, args: &Init) -> Result<()> {
    let recipe = context.project.join("ingot.toml");
    if !args.keys_only && recipe.exists() {
        return Err(Fault::new(&EXISTS).arg("path", recipe.display()));
    }
    let keys = context.project.join("keys");
    let keyring = ingot_pipeline::keys(&context.project, &keys)?;
    let mut made = Vec::new();
    if !args.keys_only {
        let example = ingot_recipe::example(&args.name);
        let files =
            [(example.path.as_str(), example.rows.as_str()), ("applicant.json", example.applicant)];
        // What is there already is the user's.
        for (name, text) in files {
            let path = context.project.join(name);
            if !path.exists() {
                atomic::write(&path, text.as_bytes())?;
                made.push(name.to_owned());
            }
        }
        atomic::write(&recipe, ingot_recipe::starter(&args.name, Tabular::Binary).as_bytes())?;
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
                    "The recipe is ingot.toml: `ingot plan` and `ingot run` work at once, on made-up example rows; name your own data in it.",
                    "配方是 ingot.toml：可直接运行 `ingot plan` 和 `ingot run`（使用虚构的示例数据）；然后换成您自己的数据。",
                )
                .to_owned()
                + &made.iter().flat_map(|name| ["\n  ", name]).collect::<String>()
        }
    );
    context.print(
        &serde_json::json!({ "recipient": keyring.recipient(), "recipe": (!args.keys_only).then(|| recipe.display().to_string()), "examples": made }),
        &text,
    );
    Ok(())
}
