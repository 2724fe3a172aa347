//! Words, symbols and lines of a text as figures.

use crate::math::{real, share};
use crate::tokens::is_han;
use ingot_base::half_width;

/// Stop words of Gopher's rule.
const STOP_EN: [&str; 8] = ["the", "be", "to", "of", "and", "that", "have", "with"];
/// Function words that hardly any Chinese prose does without.
const STOP_ZH: [char; 16] = [
    '的', '了', '是', '在', '和', '不', '有', '为', '与', '对', '也', '就', '而', '以', '之', '其',
];
/// What ends a sentence.
const ENDS: [char; 8] = ['.', '!', '?', '。', '！', '？', '；', '…'];
/// What may follow the end within it.
const CLOSING: [char; 8] = ['"', '\'', '”', '’', '」', '』', ')', '）'];
const BULLETS: [char; 9] = ['•', '-', '*', '‣', '●', '○', '■', '▪', '·'];

/// Phrases of lines that every page of a site has: C4's policy lines, and what Chinese sites write in their place.
const BOILERPLATE: &[&str] = &[
    "terms of use",
    "terms of service",
    "privacy policy",
    "cookie policy",
    "uses cookies",
    "use of cookies",
    "use cookies",
    "accept cookies",
    "all rights reserved",
    "copyright ©",
    "© copyright",
    "subscribe to our newsletter",
    "sign up for our",
    "click here to",
    "skip to content",
    "share this",
    "follow us on",
    "powered by",
    "版权所有",
    "著作权归",
    "保留所有权利",
    "未经授权",
    "未经许可",
    "不得转载",
    "转载请注明",
    "免责声明",
    "隐私政策",
    "隐私权政策",
    "用户协议",
    "服务条款",
    "使用条款",
    "备案号",
    "icp备",
    "icp证",
    "公网安备",
    "网站地图",
    "联系我们",
    "关于我们",
    "返回顶部",
    "扫一扫",
    "扫描二维码",
    "关注公众号",
    "关注我们的微信",
    "点击查看更多",
    "点击阅读全文",
    "下载app",
    "下载客户端",
    "责任编辑",
    "上一篇",
    "下一篇",
    "友情链接",
];

/// Figures of one text; the names are those of the rules.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(super) struct Lines {
    /// Words, or Han characters and words of other scripts.
    pub(super) words: usize,
    pub(super) sentences: usize,
    pub(super) mean_word: f64,
    pub(super) stop_words: usize,
    pub(super) alphabetic: f64,
    pub(super) hashes: f64,
    pub(super) ellipses: f64,
    pub(super) bullets: f64,
    pub(super) ellipsis_ends: f64,
    pub(super) terminated: f64,
    pub(super) short: f64,
    pub(super) boilerplate: f64,
    pub(super) lorem: usize,
    pub(super) braces: usize,
    pub(super) scripts: usize,
}

/// Measures a text; `chinese` decides what a word is.
pub(super) fn measure(text: &str, chinese: bool) -> Lines {
    let mut found = Lines { ..words(text, chinese) };
    let lower = text.to_lowercase();
    found.lorem = lower.matches("lorem ipsum").count();
    found.braces = text.chars().filter(|letter| matches!(letter, '{' | '}')).count();
    let per_word = |count: usize| share(count, found.words.max(1));
    found.hashes = per_word(text.chars().filter(|letter| matches!(letter, '#' | '＃')).count());
    found.ellipses = per_word(ellipses(text));
    lines(&lower, chinese, &mut found);
    found
}

/// Runs of dots and of ellipsis characters, each once.
fn ellipses(text: &str) -> usize {
    let mut count = 0;
    let (mut dots, mut inside) = (0, false);
    for letter in text.chars().chain([' ']) {
        match letter {
            '…' => inside = true,
            '.' => dots += 1,
            _ => {
                count += usize::from(inside || dots >= 3);
                (dots, inside) = (0, false);
            }
        }
    }
    count
}

fn words(text: &str, chinese: bool) -> Lines {
    let (mut words, mut letters, mut with_letter) = (0, 0, 0);
    let mut stops = [false; 16];
    let mut han = 0;
    for piece in text.split_whitespace() {
        han += piece.chars().filter(|letter| is_han(*letter)).count();
        let word = piece.trim_matches(|letter: char| !letter.is_alphanumeric());
        if word.is_empty() {
            continue;
        }
        words += 1;
        letters += word.chars().count();
        with_letter += usize::from(word.chars().any(char::is_alphabetic));
        if !chinese {
            let lower = word.to_lowercase();
            for (known, seen) in STOP_EN.iter().zip(&mut stops) {
                *seen |= lower == *known;
            }
        }
    }
    let visible = text.chars().filter(|letter| !letter.is_whitespace()).count();
    let mut alphabetic = share(with_letter, words);
    if chinese {
        for letter in text.chars() {
            if let Some(seen) =
                STOP_ZH.iter().position(|known| *known == letter).and_then(|at| stops.get_mut(at))
            {
                *seen = true;
            }
        }
        alphabetic = share(han, visible);
        let mut count = 0;
        crate::tokens::each(text, |_| count += 1);
        words = count;
    }
    Lines {
        words,
        sentences: sentences(text),
        mean_word: if words == 0 { 0.0 } else { real(letters) / real(words) },
        stop_words: stops.iter().filter(|seen| **seen).count(),
        alphabetic,
        ..Lines::default()
    }
}

/// Ends of sentences; text after the last counts too. A dot between digits or letters ends nothing.
fn sentences(text: &str) -> usize {
    let mut count = 0;
    let mut open = false;
    let mut letters = text.chars().map(half_width).peekable();
    while let Some(letter) = letters.next() {
        let ends = ENDS.contains(&letter)
            && (letter != '.' || letters.peek().is_none_or(|next| !next.is_alphanumeric()));
        if ends && open {
            count += 1;
            open = false;
        } else if letter.is_alphanumeric() {
            open = true;
        }
    }
    count + usize::from(open)
}

fn lines(lower: &str, chinese: bool, found: &mut Lines) {
    let lines: Vec<&str> = lower.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let of = |holds: &dyn Fn(&str) -> bool| {
        share(lines.iter().filter(|line| holds(line)).count(), lines.len())
    };
    let length = if chinese { 10 } else { 30 };
    found.bullets = of(&|line| line.starts_with(BULLETS));
    found.ellipsis_ends = of(&|line| line.ends_with('…') || line.ends_with("..."));
    found.terminated =
        of(&|line| line.trim_end_matches(CLOSING).ends_with(ENDS) || line.ends_with(['"', '”']));
    found.short = of(&|line| line.chars().count() <= length);
    found.boilerplate = of(&|line| BOILERPLATE.iter().any(|phrase| line.contains(phrase)));
    found.scripts = lines.iter().filter(|line| asks_for_script(line)).count();
}

/// C4 leaves out lines with the word; only those that ask for it are no prose.
fn asks_for_script(line: &str) -> bool {
    line.contains("javascript")
        && ["enable", "disabled", "turn on", "requires", "启用", "开启"]
            .iter()
            .any(|word| line.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_english() {
        let found = measure(
            "The price of gold is 3.14 today... and we have to wait.\n- one\n- two…",
            false,
        );
        assert_eq!((found.words, found.stop_words, found.sentences), (14, 5, 3));
        assert!((found.bullets - 2.0 / 3.0).abs() < 1e-12);
        assert!((found.ellipses - 2.0 / 14.0).abs() < 1e-12);
        assert!((found.terminated - 2.0 / 3.0).abs() < 1e-12);
        assert!((found.alphabetic - 13.0 / 14.0).abs() < 1e-12);
    }

    #[test]
    fn figures_of_chinese() {
        let found = measure("客户的申请在审核中。\n版权所有 © 某某银行\n京ICP备12345号", true);
        assert_eq!((found.words, found.stop_words), (22, 3));
        assert!((found.boilerplate - 2.0 / 3.0).abs() < 1e-12);
        assert!((found.terminated - 1.0 / 3.0).abs() < 1e-12);
    }
}
