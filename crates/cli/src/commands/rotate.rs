//! `rotate`: another master key around the same root.

use crate::Context;
use crate::args::Rotate;
use ingot_base::Result;
use ingot_seal::Rotation;

pub(crate) fn rotate(context: &Context, args: &Rotate) -> Result<()> {
    let folder = context.project.join(&args.keys);
    let rotation = ingot_pipeline::rotate(&context.project, &folder)?;
    let text = match rotation {
        Rotation::Replaced => context.say(
            "the master key is new; the old one opens nothing in this folder any more\nback up master.key and data.key together; who kept both old files can still open what was written so far",
            "主密钥已更换，旧主密钥不再能打开此文件夹中的任何内容\n请同时备份 master.key 和 data.key；仍持有这两个旧文件的人可以打开此前写入的数据",
        ),
        Rotation::OldKeyOpens => context.say(
            "the master key is new, but these keys were made by an earlier version: whoever has the old one can still derive all keys\nto shut that out, make new keys in another folder and run the recipe with them",
            "主密钥已更换，但这些密钥由早期版本生成：持有旧主密钥的人仍能派生全部密钥\n若要彻底隔绝，请在另一文件夹生成新密钥，再用它们运行配方",
        ),
    };
    let old_key_opens = rotation == Rotation::OldKeyOpens;
    context.print(&serde_json::json!({ "rotated": true, "old_key_opens": old_key_opens }), text);
    Ok(())
}
