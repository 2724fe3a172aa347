//! Chinese addresses, places and organisations by grammar: divisions, streets, doors; names before a suffix.

use super::super::finding::{Finding, Kind, Why};
use super::super::normal::{HAN, Text};
use super::lexicon::Chinese;
use super::stops_zh::{ends_firm, ends_place};
use std::collections::BTreeMap;

/// How fine a unit of an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Unit {
    Province,
    City,
    District,
    Town,
    Street,
    Estate,
    Door,
}

/// Suffix, unit, fewest and most characters before it.
const UNITS: &[(&str, Unit, usize, usize)] = &[
    ("特别行政区", Unit::Province, 2, 2),
    ("维吾尔自治区", Unit::Province, 2, 2),
    ("壮族自治区", Unit::Province, 2, 2),
    ("回族自治区", Unit::Province, 2, 2),
    ("自治区", Unit::Province, 2, 3),
    ("省", Unit::Province, 2, 3),
    ("自治州", Unit::City, 2, 8),
    ("地区", Unit::City, 2, 4),
    ("市", Unit::City, 1, 6),
    ("盟", Unit::City, 2, 4),
    ("自治县", Unit::District, 2, 8),
    ("自治旗", Unit::District, 2, 6),
    ("新区", Unit::District, 2, 4),
    ("开发区", Unit::District, 2, 8),
    ("区", Unit::District, 1, 5),
    ("县", Unit::District, 1, 4),
    ("旗", Unit::District, 2, 6),
    ("街道", Unit::Town, 2, 5),
    ("镇", Unit::Town, 1, 4),
    ("乡", Unit::Town, 1, 6),
    ("村", Unit::Town, 1, 5),
    ("屯", Unit::Town, 1, 4),
    ("大道", Unit::Street, 1, 6),
    ("大街", Unit::Street, 1, 6),
    ("胡同", Unit::Street, 1, 5),
    ("路", Unit::Street, 1, 6),
    ("街", Unit::Street, 1, 6),
    ("巷", Unit::Street, 1, 5),
    ("弄", Unit::Street, 1, 4),
    ("道", Unit::Street, 1, 5),
    ("里", Unit::Street, 2, 4),
    ("段", Unit::Street, 1, 2),
    ("小区", Unit::Estate, 2, 8),
    ("花园", Unit::Estate, 1, 8),
    ("家园", Unit::Estate, 1, 6),
    ("大厦", Unit::Estate, 1, 8),
    ("广场", Unit::Estate, 1, 8),
    ("公寓", Unit::Estate, 1, 8),
    ("新村", Unit::Estate, 1, 6),
    ("苑", Unit::Estate, 1, 6),
    ("城", Unit::Estate, 2, 6),
    ("园", Unit::Estate, 2, 6),
    ("工业园", Unit::Estate, 2, 8),
    ("科技园", Unit::Estate, 1, 6),
    ("中心", Unit::Estate, 2, 8),
    ("府", Unit::Estate, 2, 5),
    ("湾", Unit::Estate, 2, 5),
    ("庭", Unit::Estate, 2, 5),
    ("号楼", Unit::Door, 1, 6),
    ("单元", Unit::Door, 1, 4),
    ("号院", Unit::Door, 1, 6),
    ("号", Unit::Door, 1, 8),
    ("栋", Unit::Door, 1, 5),
    ("幢", Unit::Door, 1, 5),
    ("座", Unit::Door, 1, 4),
    ("楼", Unit::Door, 1, 5),
    ("层", Unit::Door, 1, 4),
    ("室", Unit::Door, 1, 6),
    ("房", Unit::Door, 1, 6),
    ("组", Unit::Door, 1, 4),
    ("户", Unit::Door, 1, 4),
];

const MUNICIPAL: &[&str] = &[
    "北京",
    "上海",
    "天津",
    "重庆",
    "河北",
    "山西",
    "辽宁",
    "吉林",
    "黑龙江",
    "江苏",
    "浙江",
    "安徽",
    "福建",
    "江西",
    "山东",
    "河南",
    "湖北",
    "湖南",
    "广东",
    "海南",
    "四川",
    "贵州",
    "云南",
    "陕西",
    "甘肃",
    "青海",
    "台湾",
    "内蒙古",
    "广西",
    "西藏",
    "宁夏",
    "新疆",
    "香港",
    "澳门",
    "广州",
    "深圳",
    "杭州",
    "南京",
    "武汉",
    "成都",
    "西安",
    "苏州",
    "青岛",
    "大连",
    "厦门",
    "宁波",
    "长沙",
    "郑州",
    "沈阳",
    "哈尔滨",
    "济南",
];

/// The unit whose suffix ends at the nearest place after `start`.
fn unit(text: &Text<'_>, start: usize, least: Unit, inside: bool) -> Option<(usize, Unit)> {
    let latin = text.at(start).is_ascii_alphanumeric();
    let digits = latin || "一二三四五六七八九十".contains(text.char_at(start));
    let mut at = start;
    while at < start + 9 && at < text.len() {
        let byte = text.at(at);
        if byte != HAN && !byte.is_ascii_alphanumeric() && !(byte == b'-' && at > start) {
            return None;
        }
        let letter = text.char_at(at);
        let before = at - start;
        if before > 0 && byte == HAN {
            for (suffix, unit, fewest, most) in UNITS {
                let length = suffix.chars().count();
                if suffix.starts_with(letter)
                    && (*fewest..=*most).contains(&before)
                    && *unit >= least
                    && text.slice(at, at + length) == *suffix
                    && (digits || *unit != Unit::Door)
                    && !(latin && *unit < Unit::Town)
                    && !longer(text, (start, at), length, *unit, inside)
                {
                    return Some((at + length, *unit));
                }
            }
        }
        if byte == HAN && (!inside && ends_place(text, at) || matches!(letter, '的' | '是' | '在'))
        {
            return None;
        }
        at += 1;
    }
    None
}

/// Whether the suffix is part of a longer one: 市 of 市场, 区 of 区域, 路 of 路口.
fn longer(
    text: &Text<'_>,
    (start, at): (usize, usize),
    length: usize,
    unit: Unit,
    inside: bool,
) -> bool {
    let next = text.char_at(at + length);
    let two = text.slice(at, at + length + 1);
    let whole = text.slice(start, at + length);
    if unit <= Unit::District && Chinese::get().place(whole).is_some() {
        return false;
    }
    let title =
        matches!(two, "市长" | "县长" | "省长" | "区长" | "镇长" | "村长" | "乡长") && !inside;
    title || matches!(
        two,
        "市场" | "市民" | "市区" | "区域" | "区别" | "区块" | "县城" | "省份" | "省略" | "路口" | "路上" | "路径" | "路由" | "路线" | "路段"
            | "街头" | "街上" | "道路" | "道理" | "道德" | "里面" | "里程" | "号码" | "号称" | "楼上" | "楼下" | "城市" | "园区" | "乡村" | "村民" | "镇上" | "室内" | "房间" | "房子" | "房屋"
            | "层次" | "层面" | "组织" | "组成" | "组件" | "户口" | "户籍" | "府邸" | "道具" | "段落" | "弄清" | "市值" | "区间" | "号召"
    ) || unit == Unit::City && next == '区' && length == 1
        // 兴城路 is a street, not a 城.
        || inside && matches!(next, '路' | '街' | '道' | '巷') && unit >= Unit::Town && unit < Unit::Door
}

/// Reports addresses and places.
pub(crate) fn addresses(text: &Text<'_>, found: &mut Vec<Finding>) {
    let lexicon = Chinese::get();
    let mut at = 0;
    while at < text.len() {
        if text.at(at) != HAN {
            at += 1;
            continue;
        }
        if let Some((end, units, known)) = address(text, at, lexicon) {
            let fine = units.iter().any(|unit| *unit >= Unit::Street);
            let door = units.contains(&Unit::Door);
            let kind = match (units.len(), fine) {
                (3.., true) => Some((Kind::Address, 0.98)),
                (2, true) if known || door => Some((Kind::Address, 0.975)),
                (3.., false) => Some((Kind::Address, 0.8)),
                (2, false) if known => Some((Kind::Address, 0.65)),
                (1, _) if known && end - at >= 3 => Some((Kind::Place, 0.55)),
                _ => None,
            };
            if let Some((kind, score)) = kind {
                let stop = if kind == Kind::Address { postcode(text, end) } else { end };
                found.push(Finding::new(
                    kind,
                    (at, stop),
                    score,
                    vec![Why::Pattern("address-units")],
                ));
                at = end;
                continue;
            }
        }
        at += 1;
    }
}

/// Whether the first unit of an address is a division of the list; `None` where it is no plausible one either.
fn begins(
    text: &Text<'_>,
    (at, end): (usize, usize),
    unit: Unit,
    lexicon: &Chinese,
) -> Option<bool> {
    if lexicon.place(text.slice(at, end)).is_some() {
        return Some(true);
    }
    let longest = if unit == Unit::District { 4 } else { 7 };
    let middle = unit > Unit::Street || boundary(text, at) || end - at > longest;
    // 抬头写深圳市: the division begins later.
    let later = || (at + 1..end).any(|from| lexicon.place(text.slice(from, end)).is_some());
    (!middle && !later()).then_some(false)
}

/// Faulty or foreign as the names may be, the order of the units is the grammar: coarse to fine.
fn address(text: &Text<'_>, start: usize, lexicon: &Chinese) -> Option<(usize, Vec<Unit>, bool)> {
    let mut at = start;
    let mut units = Vec::new();
    let mut known = false;
    let mut least = Unit::Province;
    // A slice ends where the text does: a shorter word must not count as one of this length.
    for length in [3, 2].into_iter().filter(|length| start + length <= text.len()) {
        let word = text.slice(start, start + length);
        if MUNICIPAL.contains(&word)
            && !matches!(
                text.char_at(start + length),
                '省' | '市' | '自' | '壮' | '维' | '回' | '特'
            )
        {
            at = start + length;
            units.push(Unit::Province);
            known = true;
            least = Unit::City;
            break;
        }
    }
    while let Some((end, unit)) = unit(text, at, least, !units.is_empty()) {
        if units.is_empty() {
            known = begins(text, (at, end), unit, lexicon)?;
        } else if unit <= Unit::District {
            known |= lexicon.place(text.slice(at, end)).is_some();
        }
        units.push(unit);
        least = if unit == Unit::Door {
            Unit::Street
        } else if unit >= Unit::Town {
            Unit::Town
        } else {
            unit
        };
        at = end;
        // A door may follow a dash or a space.
        while matches!(text.at(at), b' ' | b'-' | b',')
            && text.at(at + 1).is_ascii_digit()
            && unit >= Unit::Street
        {
            let mut digits = at + 1;
            while text.at(digits).is_ascii_alphanumeric() {
                digits += 1;
            }
            if digits - at > 5 || text.at(at) == b',' {
                break;
            }
            if text.at(digits) == HAN {
                at += 1;
                break;
            }
            at = digits;
        }
    }
    if units.last() == Some(&Unit::Door) || units.last() >= Some(&Unit::Street) {
        let mut digits = at;
        while text.at(digits).is_ascii_digit()
            || text.at(digits) == b'-' && text.at(digits + 1).is_ascii_digit()
        {
            digits += 1;
        }
        if digits > at && digits - at <= 9 && text.at(digits) != b'.' {
            at = digits;
            units.push(Unit::Door);
        }
    }
    if units.last() >= Some(&Unit::Street) {
        let end = annex(text, at);
        if end > at {
            at = end;
            units.push(Unit::Door);
        }
    }
    (!units.is_empty()).then_some((at, units, known))
}

/// What may stand behind a door: `附1号`, `SOHO塔1`, ` B座2305`.
fn annex(text: &Text<'_>, start: usize) -> usize {
    const PARTS: &[&str] = &[
        "大厦", "广场", "中心", "公寓", "单元", "号楼", "塔", "座", "栋", "幢", "楼", "层", "室",
        "期", "区",
    ];
    let alnum = |from: usize, most: usize| {
        (from..from + most).take_while(|at| text.at(*at).is_ascii_alphanumeric()).count()
    };
    let mut end = start;
    loop {
        let at = end + usize::from(text.at(end) == b' ');
        let second = text.char_at(at) == '附';
        let name = at + usize::from(second);
        let size = alnum(name, 10);
        let behind = name + size;
        if size == 0 {
            return end;
        }
        if second {
            if text.char_at(behind) != '号' {
                return end;
            }
            end = behind + 1;
            continue;
        }
        let Some(part) =
            PARTS.iter().find(|part| text.slice(behind, behind + part.chars().count()) == **part)
        else {
            return end;
        };
        end = behind + part.chars().count();
        let door = alnum(end, 6);
        if door < 6 && text.bytes(end, end + door).iter().any(u8::is_ascii_digit) {
            end += door;
        }
    }
}

/// Whether an unknown division cannot begin here: the middle of a phrase.
fn boundary(text: &Text<'_>, at: usize) -> bool {
    if text.before(at) != HAN {
        return false;
    }
    let before = text.slice(at.saturating_sub(2), at);
    !before
        .chars()
        .next_back()
        .is_some_and(|letter| "住在址于到是寄往至点地从家为来自".contains(letter))
}

/// A postcode after an address belongs to it.
fn postcode(text: &Text<'_>, end: usize) -> usize {
    let at = end + usize::from(text.at(end) == b' ');
    let digits = (at..at + 7).take_while(|at| text.at(*at).is_ascii_digit()).count();
    if at > end && digits == 6 && !text.at(at + 6).is_ascii_alphanumeric() { at + 6 } else { end }
}

const COMPANIES: &[&str] = &[
    "股份有限公司",
    "有限责任公司",
    "集团有限公司",
    "有限公司",
    "总公司",
    "分公司",
    "公司",
    "集团",
    "大学",
    "学院",
    "医院",
    "银行",
    "支行",
    "分行",
    "中学",
    "小学",
    "幼儿园",
    "研究院",
    "研究所",
    "事务所",
    "委员会",
    "派出所",
    "公安局",
    "法院",
    "检察院",
    "税务局",
    "教育局",
    "卫生院",
    "基金会",
    "出版社",
    "合作社",
];

/// Verbs that names of firms are made of, and that therefore end no sentence before one.
const TRADES: &[&str] = &[
    "附属", "直属", "联合", "投资", "管理", "服务", "建设", "发展", "开发", "设计", "制造", "生产",
    "销售", "运输", "贸易", "培训", "教育", "研究", "合作", "保险", "租赁", "咨询", "监理", "测绘",
    "装饰", "安装", "加工", "检测", "控股", "创新", "创业", "传播", "代理", "担保", "融资", "供应",
    "经营", "印刷", "养殖", "种植", "环保", "物流", "交通", "通信", "娱乐", "旅游", "保安", "拍卖",
    "评估", "体育", "工作", "航空", "再生", "医疗",
];

/// Reports organisations: a suffix, and to its left as far as a name goes. `first` is where the findings of this text's persons begin.
pub(crate) fn organizations(text: &Text<'_>, first: usize, found: &mut Vec<Finding>) {
    let lexicon = Chinese::get();
    // Where the last person begins who ends at a place.
    let mut persons: BTreeMap<usize, usize> = BTreeMap::new();
    for one in found.iter().skip(first).filter(|one| one.kind == Kind::Person) {
        let start = persons.entry(one.end).or_insert(one.start);
        *start = one.start.max(*start);
    }
    let mut at = 0;
    while at < text.len() {
        let hit = (text.at(at) == HAN)
            .then(|| {
                COMPANIES.iter().find(|word| text.slice(at, at + word.chars().count()) == **word)
            })
            .flatten();
        let Some(suffix) = hit else {
            at += 1;
            continue;
        };
        let end = at + suffix.chars().count();
        let long = suffix.chars().count() >= 4;
        if let Some(start) = organization_start(text, at, lexicon) {
            let start = led(text, (start, at), long, lexicon);
            let place = lexicon_place(text, start, at, lexicon);
            let size = at - start;
            // 北京安贞医院 is called after a place or a person, and nobody.
            let sure = || {
                text.slice(start, at).contains("附属")
                    || persons.get(&at).is_some_and(|person| start < *person)
            };
            let score = match () {
                () if long && size >= 2 => 0.975,
                () if place && size >= 3 => {
                    if sure() {
                        0.975
                    } else {
                        0.8
                    }
                }
                () if place && size == 2 && whole(text, end, suffix) => 0.8,
                () => 0.45,
            };
            found.push(Finding::new(
                Kind::Organization,
                (start, end),
                score,
                vec![Why::Pattern("organization-suffix")],
            ));
        }
        at = end;
    }
}

/// Whether a province or town alone makes a name of the suffix, 浙江大学, and nothing follows that makes it another word, 浙江大学生.
fn whole(text: &Text<'_>, end: usize, suffix: &str) -> bool {
    let next = text.char_at(end);
    suffix == "大学" && next != '生' || suffix == "银行" && !"卡业家存流股账".contains(next)
}

/// Where an organisation begins that a place leads, behind words that are none of its name: 找上海市第六人民医院, 患者张伟北京大学第一医院. Of
/// a firm with a legal form its own name may stand before the place, so only a verb ends there.
fn led(text: &Text<'_>, (start, end): (usize, usize), long: bool, lexicon: &Chinese) -> usize {
    if lexicon_place(text, start, end, lexicon) {
        return start;
    }
    let leads = |from: usize| {
        (2..=6.min(end - from)).any(|length| {
            let word = text.slice(from, from + length);
            MUNICIPAL.contains(&word) || lexicon.place(word).is_some()
        })
    };
    let verb = |from: usize| "打问叫填开签付汇转查投告".contains(text.char_at(from - 1));
    (start + 1..end).find(|from| leads(*from) && (!long || verb(*from))).unwrap_or(start)
}

fn lexicon_place(text: &Text<'_>, start: usize, end: usize, lexicon: &Chinese) -> bool {
    (2..=4).any(|length| {
        start + length <= end && {
            let word = text.slice(start, start + length);
            MUNICIPAL.contains(&word)
                || lexicon.place(word).is_some()
                || lexicon.word(word).is_some_and(|(_, class)| class == b's')
        }
    })
}

fn organization_start(text: &Text<'_>, at: usize, lexicon: &Chinese) -> Option<usize> {
    let mut start = at;
    while start > 0 && at - start < 18 {
        let byte = text.before(start);
        let letter = text.char_at(start - 1);
        let brackets = matches!(letter, '（' | '）') || matches!(byte, b'(' | b')');
        let number = byte.is_ascii_digit() && number(text, start);
        if byte != HAN && !byte.is_ascii_alphanumeric() && !brackets
            || number
            || byte == HAN && ends_firm(text, start - 1)
        {
            break;
        }
        // A verb of two characters ends the sentence before the name.
        if start + 1 < at && byte == HAN {
            let pair = text.slice(start - 1, start + 1);
            if lexicon.word(pair).is_some_and(|(cost, class)| class == b'v' && cost < 34)
                && at - start >= 3
                && !TRADES.contains(&pair)
            {
                start += 1;
                break;
            }
        }
        start -= 1;
    }
    while matches!(text.char_at(start), '）' | ')') {
        start += 1;
    }
    (start < at).then_some(start)
}

/// Whether five digits or more end at an index: somebody's number, and no part of a name.
fn number(text: &Text<'_>, end: usize) -> bool {
    text.bytes(end.saturating_sub(5), end).len() == 5
        && text.bytes(end - 5, end).iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A text of a hospital named after somebody, again and again.
    #[test]
    fn very_many_persons_before_very_many_suffixes_are_looked_at_once() {
        const MANY: usize = 100_000;
        let raw = "北京安贞医院，".repeat(MANY);
        let text = Text::new(&raw);
        let person = |number: usize| {
            let start = 7 * number + 2;
            Finding::new(Kind::Person, (start, start + 2), 0.9, vec![Why::Model])
        };
        let mut found: Vec<Finding> = (0..MANY).map(person).collect();
        organizations(&text, 0, &mut found);
        let called = found.iter().skip(MANY).filter(|one| one.score > 0.9);
        assert_eq!(called.count(), MANY);
        found.clear();
        organizations(&text, 0, &mut found);
        assert_eq!(found.iter().filter(|one| one.score > 0.9).count(), 0);
        assert_eq!(found.len(), MANY);
    }
}
