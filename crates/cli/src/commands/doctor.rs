//! `doctor`: what this machine lacks, and how to get it.

use crate::{Context, render};
use ingot_pipeline::models;
use std::path::{Path, PathBuf};

/// Something a command needs.
struct Need {
    name: &'static str,
    found: bool,
    needed_for: (&'static str, &'static str),
    remedy: (&'static str, &'static str),
}

pub(crate) fn doctor(context: &Context) {
    let needs = needs(&context.project);
    let mut rows = vec![vec![
        context.say("what", "项目").to_owned(),
        context.say("state", "状态").to_owned(),
        context.say("needed for", "用途").to_owned(),
        context.say("how to get it", "获取方法").to_owned(),
    ]];
    for need in &needs {
        rows.push(vec![
            need.name.to_owned(),
            if need.found { context.say("ok", "正常") } else { context.say("missing", "缺失") }
                .to_owned(),
            context.say(need.needed_for.0, need.needed_for.1).to_owned(),
            if need.found {
                String::new()
            } else {
                context.say(need.remedy.0, need.remedy.1).to_owned()
            },
        ]);
    }
    let json = needs
        .iter()
        .map(|need| serde_json::json!({ "name": need.name, "found": need.found, "remedy": need.remedy.0 }))
        .collect::<Vec<_>>();
    context.answer(&serde_json::json!({ "needs": json }), &render::table(&rows, &[false; 4]));
}

fn needs(project: &Path) -> Vec<Need> {
    let keys = project.join("keys");
    vec![
        Need {
            name: "keys",
            found: ingot_seal::Keyring::open(&keys).is_ok(),
            needed_for: ("run, serve, key", "run、serve、key"),
            remedy: (
                "ingot init --keys-only, or put back your own with mode 0600",
                "运行 ingot init --keys-only，或放回自己的密钥（权限 0600）",
            ),
        },
        Need {
            name: "CJK font",
            found: has_cjk_font(),
            needed_for: ("Chinese in PNG pictures", "PNG 图片中的中文"),
            remedy: ("apt-get install fonts-noto-cjk", "apt-get install fonts-noto-cjk"),
        },
        Need {
            name: "onnxruntime",
            found: models::library().is_file(),
            needed_for: ("models of pictures", "图片模型"),
            remedy: ("ingot pull onnxruntime", "ingot pull onnxruntime"),
        },
        tool(
            "skopeo",
            ("copying images to a registry", "将镜像复制到镜像仓库"),
            "apt-get install skopeo",
        ),
        tool(
            "age",
            ("opening payloads without ingot", "不用 ingot 解密载荷"),
            "apt-get install age",
        ),
        tool(
            "kubectl",
            ("applying the manifests", "应用 Kubernetes 清单"),
            "see your cluster's documentation",
        ),
        tool(
            "promtool",
            ("checking the alert rules", "检查告警规则"),
            "apt-get install prometheus",
        ),
    ]
}

fn tool(
    name: &'static str,
    needed_for: (&'static str, &'static str),
    remedy: &'static str,
) -> Need {
    Need { name, found: on_path(name), needed_for, remedy: (remedy, remedy) }
}

fn on_path(name: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(name).is_file()))
}

fn has_cjk_font() -> bool {
    let folders: [PathBuf; 3] = [
        "/usr/share/fonts".into(),
        "/usr/local/share/fonts".into(),
        std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default().join(".fonts"),
    ];
    folders.iter().any(|folder| finds_cjk(folder, 4))
}

fn finds_cjk(folder: &Path, depth: usize) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else { return false };
    entries.filter_map(std::result::Result::ok).any(|entry| {
        let name = entry.file_name().to_string_lossy().to_lowercase();
        if entry.path().is_dir() {
            return depth > 0 && finds_cjk(&entry.path(), depth - 1);
        }
        ["cjk", "wqy", "sourcehan", "droidsansfallback"].iter().any(|part| name.contains(part))
    })
}
