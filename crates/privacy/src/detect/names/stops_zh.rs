//! Characters that end a Chinese name of a place or an organisation, and the names that hold them all the same: 都 is a word between two names,
//! and the end of 成都.

use super::super::normal::Text;
use super::super::regions;
use std::collections::HashMap;
use std::sync::OnceLock;

/// Words that never stand inside a name of a division, street or organisation, but for the names below.
const STOPS: &str = "的在是于住到从向和与及或了着过至往去来为被把对将寄送我你您他她它这那请就都也";

/// Words that besides never stand inside the name of an organisation.
const STOPS_OF_FIRMS: &str = "某该本家各贵任职供入经由给让跟同名找写";

/// Places that no list of divisions has, or short forms whose first character is the word: 都江堰, but not 于都, since 位于都昌 is another.
const PLACES: &[&str] = &[
    "成都",
    "首都",
    "都江堰",
    "都匀",
    "和田",
    "从化",
    "从江",
    "和平路",
    "和平街",
    "和平里",
    "和平大道",
    "和平村",
    "和平镇",
    "和平新村",
    "向阳路",
    "向阳街",
    "向阳大道",
    "向阳村",
    "向阳镇",
    "永和",
    "太和",
    "祥和",
    "颐和",
    "雍和",
    "人和",
    "中和",
    "义和",
    "仁和",
    "协和",
    "共和",
    "无为",
    "本溪",
    "贵州",
    "贵阳",
    "贵港",
    "贵池",
    "贵溪",
    "来宾",
    "来安",
    "来凤",
    "那曲",
    "那坡",
    "同江",
    "同安",
    "同仁",
    "同心",
];

/// What organisations have in their names.
const FIRMS: &[&str] = &[
    "国家",
    "都市",
    "华为",
    "美的集团",
    "和平",
    "和谐",
    "和睦",
    "和记",
    "和信",
    "和美",
    "和达",
    "祥和",
    "向阳",
    "向日葵",
    "对外",
    "未来",
    "蔚来",
    "喜来",
    "住房",
    "住宅",
    "住房和城乡",
    "普及",
    "埃及",
    "成就",
    "至尊",
    "资本",
    "日本",
    "本田",
    "供应",
    "供电",
    "供热",
    "供水",
    "供暖",
    "供气",
    "供销",
    "职业",
    "职工",
    "经济",
    "经贸",
    "经纬",
    "经典",
    "经营",
    "经开",
    "经纪",
    "财经",
    "神经",
    "正经",
    "同济",
    "同方",
    "同程",
    "同德",
    "同花顺",
    "同仁",
    "大同",
    "协同",
    "自由",
    "名门",
    "名城",
    "名匠",
    "名流",
    "写字",
    "写真",
    "找钢",
    "我爱我家",
    "贵金属",
    "富贵",
    "责任",
    "主任",
    "信任",
    "给排水",
    "入境",
    "出入境",
    "进入",
];

/// Before 家 where it counts or belongs: 一家公司, 这家医院, 他家.
const COUNTED: &str = "一二两三四五六七八九十几这那某哪多各每该本我您你他她有是在自";

/// Names by each stop that they hold, with its place in them.
type Names = HashMap<char, Vec<(&'static str, usize)>>;

fn gather(names: impl Iterator<Item = &'static str>) -> Names {
    let mut all = Names::new();
    for name in names {
        for (place, letter) in name.chars().enumerate() {
            if STOPS.contains(letter) || STOPS_OF_FIRMS.contains(letter) {
                all.entry(letter).or_default().push((name, place));
            }
        }
    }
    all
}

/// Divisions by their whole names, and by the short ones that hold the stop after their first character: 石家庄, 呼和浩特.
fn places() -> &'static Names {
    static NAMES: OnceLock<Names> = OnceLock::new();
    NAMES.get_or_init(|| {
        let divisions =
            || regions::DIVISIONS.lines().filter_map(|line| Some(line.split_once(',')?.1));
        let short = divisions().filter_map(|name| {
            let stem = name.strip_suffix(['市', '县', '区'])?;
            let first = stem.chars().next()?;
            let plain = stem.chars().count() > 1 && !stop(first) && !stem.contains(['至', '来']);
            plain.then_some(stem)
        });
        gather(divisions().chain(short).chain(PLACES.iter().copied()))
    })
}

fn firms() -> &'static Names {
    static NAMES: OnceLock<Names> = OnceLock::new();
    NAMES.get_or_init(|| gather(FIRMS.iter().copied()))
}

fn stop(letter: char) -> bool {
    STOPS.contains(letter)
}

/// Whether one of the names stands over an index.
fn within(text: &Text<'_>, at: usize, letter: char, names: &Names) -> bool {
    names.get(&letter).is_some_and(|names| {
        names.iter().any(|(name, place)| {
            at.checked_sub(*place).is_some_and(|start| {
                let end = start + name.chars().count();
                // 和田市 is a town, but not before 长.
                text.slice(start, end) == *name
                    && !(*place == 0 && matches!(text.char_at(end), '长'))
            })
        })
    })
}

/// Whether the character at an index ends a name of a place.
pub(super) fn ends_place(text: &Text<'_>, at: usize) -> bool {
    let letter = text.char_at(at);
    stop(letter) && !within(text, at, letter, places())
}

/// Whether the character at an index cannot be part of an organisation's name.
pub(super) fn ends_firm(text: &Text<'_>, at: usize) -> bool {
    let letter = text.char_at(at);
    if !(stop(letter) || STOPS_OF_FIRMS.contains(letter)) {
        return false;
    }
    if letter == '家' {
        let before = at.checked_sub(1).map_or('一', |at| text.char_at(at));
        let counted =
            COUNTED.contains(before) || before.is_ascii_digit() || !before.is_alphabetic();
        return counted && !within(text, at, letter, places());
    }
    !within(text, at, letter, places()) && !within(text, at, letter, firms())
}
