//! `pull`: pretrained weights, and the library that runs networks, into the cache.

use crate::Context;
use crate::args::Pull as Args;
use ingot_base::{Result, Text};
use ingot_pipeline::models::Published;

pub(crate) fn pull(context: &Context, args: &Args) -> Result<()> {
    let (mut files, mut lines) = (Vec::new(), String::new());
    for name in &args.names {
        let one = Published::named(name)?;
        let title = one.title();
        let fetched = one.pull()?;
        let path = one.path().display().to_string();
        let state = if fetched {
            Text::new("fetched", "已获取")
        } else {
            Text::new("already there", "已存在")
        };
        let line = Text::new(
            format!("{}: {}, {path}\n", title.en, state.en),
            format!("{}：{}，{path}\n", title.zh, state.zh),
        );
        lines.push_str(line.get(context.lang));
        files.push(serde_json::json!({ "name": name, "path": path, "fetched": fetched }));
    }
    context.print(&serde_json::json!({ "files": files }), &lines);
    Ok(())
}
