//! Any text is no template, or one that renders or refuses a conversation; text that flows in pieces comes out whole.
#![no_main]

use ingot_runtime::generate::{ChatTemplate, Flow, Message};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

const LONGEST: usize = 2_048;

fuzz_target!(|text: &str| {
    if text.len() > LONGEST {
        return;
    }
    // What was said comes first, the template after an empty line.
    let (said, template) = text.split_once("\n\n").unwrap_or(("hi", text));
    if let Ok(template) = ChatTemplate::new(template, "<s>", "</s>") {
        let messages = [
            Message::new("system", "be kind"),
            Message::new("user", said),
            Message::new("odd", ""),
        ];
        let tools = [json!({ "type": "function", "function": { "name": "f", "parameters": {} } })];
        for tools in [&[][..], &tools] {
            let _ = template.render(&messages, tools, true);
        }
    }
    for step in [1, 3, 7] {
        let mut flow = Flow::new(Vec::new());
        let mut out = String::new();
        for piece in text.as_bytes().chunks(step) {
            out.push_str(&flow.push(piece).0);
        }
        out.push_str(&flow.finish());
        assert_eq!(out, text);
    }
});
