//! `pull`: pretrained weights, and the library that runs networks, into the cache.

use crate::args::Pull as Args;
use crate::{Context, render};
use ingot_base::{Result, Text};
use ingot_pipeline::models::{PUBLISHED, Published};

pub(crate) fn pull(context: &Context, args: &Args) -> Result<()> {
    if args.names.is_empty() {
        list(context);
        return Ok(());
    }
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

/// What can be fetched, and what was.
fn list(context: &Context) {
    let heads = [("name", "名称"), ("what it is", "内容"), ("state", "状态")];
    let mut rows = vec![heads.map(|(en, zh)| context.say(en, zh).to_owned()).to_vec()];
    let mut files = Vec::new();
    for one in &PUBLISHED {
        let (title, path) = (one.title(), one.path());
        let there = path.is_file();
        let state = if there {
            context.say("fetched", "已获取")
        } else {
            context.say("not fetched", "未获取")
        };
        rows.push(vec![one.name.to_owned(), title.get(context.lang).to_owned(), state.to_owned()]);
        let path = path.display().to_string();
        files.push(serde_json::json!({ "name": one.name, "path": path, "there": there }));
    }
    let table = render::table(&rows, &[false; 3]);
    context.answer(&serde_json::json!({ "published": files }), &table);
}
