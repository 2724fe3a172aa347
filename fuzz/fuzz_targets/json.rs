//! Of any JSON text: what nobody changes stays byte for byte, and every string that is replaced leaves JSON behind.
#![no_main]

use ingot_base::Result;
use ingot_privacy::json::{Step, Visitor, check, document};
use libfuzzer_sys::fuzz_target;

/// Puts a text in the place of every string, if it has one.
struct Writer(Option<&'static str>);

impl Visitor for Writer {
    fn record(&mut self) {}

    fn key(&mut self, _: &mut [Step]) -> Result<Option<String>> {
        Ok(None)
    }

    fn text(&mut self, _: &[Step], _: &str) -> Result<Option<String>> {
        Ok(self.0.map(str::to_owned))
    }

    fn number(&mut self, _: &[Step], _: &str) -> Result<Option<String>> {
        Ok(self.0.map(str::to_owned))
    }
}

fuzz_target!(|text: &str| {
    if check(text, true).is_err() {
        return;
    }
    let same = document(text, &mut Writer(None)).expect("the writer cannot fail");
    assert_eq!(same, text);
    let other = document(text, &mut Writer(Some("\"\\\n\u{0}张"))).expect("the writer cannot fail");
    assert!(check(&other, true).is_ok(), "{other}");
});
