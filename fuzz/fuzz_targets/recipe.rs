//! Any text is a recipe or a list of faults, each of which can be shown in both languages; a recipe reads back as itself.
#![no_main]

use ingot_base::Lang;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match ingot_recipe::parse("ingot.toml", text) {
        Ok(recipe) => {
            let json = serde_json::to_value(&recipe).expect("a recipe has a JSON form");
            let again: ingot_recipe::Recipe =
                serde_json::from_value(json.clone()).expect("the JSON form of a recipe is one");
            assert_eq!(serde_json::to_value(again).expect("a JSON form"), json);
            assert!(!recipe.sections().is_empty());
        }
        Err(faults) => {
            assert!(!faults.is_empty(), "refused without a fault");
            for fault in faults {
                let span = fault.span();
                assert!(text.get(span.range.clone()).is_some(), "a fault outside of the text");
                for lang in [Lang::En, Lang::Zh] {
                    assert!(!fault.render(lang, false).is_empty());
                    assert!(fault.json(lang).is_object());
                }
                if let Some(path) = fault.fault().key_path() {
                    let _ = ingot_recipe::locate(text, path);
                }
            }
        }
    }
    // A key path that is none.
    let _ = ingot_recipe::locate(text, text);
});
