//! No text makes the parser panic, and what it reports lies inside the text.

use crate::{FULL, lines};
use ingot_base::Lang;
use proptest::prelude::*;

fn survives(text: &str) {
    if let Err(faults) = ingot_recipe::parse("配方.toml", text) {
        assert!(!faults.is_empty());
        let mut last = 0;
        for fault in &faults {
            let span = fault.span();
            assert!(text.get(span.range.clone()).is_some() && span.range.start >= last, "{span:?}");
            let before = text.get(..span.range.start).unwrap();
            assert_eq!(before.matches('\n').count() + 1, span.line);
            last = span.range.start;
            for lang in [Lang::En, Lang::Zh] {
                assert!(fault.render(lang, true).lines().count() >= 5);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn arbitrary_text(text in any::<String>()) {
        survives(&text);
        let _ = ingot_recipe::locate(&text, &text);
    }

    #[test]
    fn text_of_the_languages_own_marks(text in "[\\[\\]{}=\"'#.,\\\\ \\n\\ta-z年0-9_-]{0,120}") {
        survives(&text);
        let _ = ingot_recipe::locate(FULL, &text);
    }

    #[test]
    fn a_right_recipe_with_a_piece_exchanged(at in 0..FULL.len(), length in 0..40_usize, piece in "[\\[\\]{}=\"'#.,\\\\ \\n年0-9a-z-]{0,12}") {
        let floor = |mut at: usize| { while !FULL.is_char_boundary(at) { at -= 1; } at };
        let (start, end) = (floor(at), floor((at + length).min(FULL.len())));
        let (before, after) = (FULL.get(..start).unwrap(), FULL.get(end.max(start)..).unwrap());
        survives(&format!("{before}{piece}{after}"));
    }

    #[test]
    fn a_right_recipe_without_some_lines(seed in any::<u64>()) {
        let kept = FULL.lines().enumerate().filter(|(index, _)| (seed >> (index % 64)) & 1 == 1);
        survives(&lines(kept.map(|(_, line)| line.to_owned())));
    }
}

#[test]
fn hostile_texts() {
    survives(&"[".repeat(100_000));
    survives(&format!("a = {}", "[".repeat(100_000)));
    survives(&format!("a = {}", "{a=".repeat(10_000)));
    survives(&"a.".repeat(50_000));
    survives(&"x = 1\n".repeat(50_000));
    survives(&format!("[{}]", "\u{0}".repeat(1_000)));
    survives("\u{feff}[project]\r\nname = \"x\"\r\n");
    let many: String =
        (0..5_000).fold(String::new(), |text, index| format!("{text}k{index} = {index}\n"));
    assert!(ingot_recipe::parse("a", &many).expect_err("unknown keys").len() <= 200);
}
