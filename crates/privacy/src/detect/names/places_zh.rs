//! Chinese addresses, places and organisations by grammar: divisions, streets, doors; names before a suffix.

use super::super::finding::{Finding, Kind, Why};
use super::super::normal::{HAN, Text};
use super::chinese::HARMONY;
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
    ("區", Unit::District, 1, 5),
    ("縣", Unit::District, 1, 4),
    ("开发区", Unit::District, 2, 8),
    ("区", Unit::District, 1, 5),
    ("县", Unit::District, 1, 4),
    ("旗", Unit::District, 2, 6),
    ("街道", Unit::Town, 2, 5),
    ("社区", Unit::Town, 1, 6),
    ("村民委员会", Unit::Town, 1, 6),
    ("村民小组", Unit::Town, 1, 6),
    ("村委会", Unit::Town, 1, 6),
    ("鎮", Unit::Town, 1, 4),
    ("鄉", Unit::Town, 1, 6),
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
    ("家属院", Unit::Estate, 1, 6),
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
    ("门", Unit::Door, 1, 3),
    ("期", Unit::Door, 1, 2),
    ("社", Unit::Door, 1, 3),
    ("队", Unit::Door, 1, 3),
    ("排", Unit::Door, 1, 3),
    ("號", Unit::Door, 1, 8),
    ("棟", Unit::Door, 1, 5),
    ("樓", Unit::Door, 1, 5),
];

/// Doors that only what is smaller than a district has: 大定村2社, but not 海淀区3门课.
const LATE: &[&str] = &["门", "期", "社", "队", "排"];

/// What follows the number of a building behind an estate of any name, and what follows a number in a village.
const BUILDINGS: &[&str] = &["栋", "幢", "座", "号楼", "棟"];
const DOORS: &[&str] = &["号", "组", "社", "队", "巷", "弄", "排", "號"];

const NUMERALS: &str = "一二三四五六七八九十";

/// Parts of Hong Kong, which no suffix tells.
const SHORES: &[&str] = &["九龙", "九龍", "新界", "港岛", "港島"];

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
    let digits = latin || NUMERALS.contains(text.char_at(start));
    let mut at = start;
    while at < start + 9 && at < text.len() {
        let byte = text.at(at);
        // 39 号院
        if inside && latin && numbered(text, at) {
            at += 1;
            continue;
        }
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
                    && (least >= Unit::Town || !LATE.contains(suffix))
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
            | "层次" | "层面" | "社会" | "社员" | "社团" | "队员" | "队伍" | "队列" | "门诊" | "门课" | "门口" | "门店" | "期间" | "期限" | "期货" | "排名" | "排列" | "排队"
            | "号线" | "组织" | "组成" | "组件" | "户口" | "户籍" | "府邸" | "道具" | "段落" | "弄清" | "市值" | "区间" | "号召"
    ) || unit == Unit::City && next == '区' && length == 1
        // 兴城路 is a street, not a 城.
        || inside && matches!(next, '路' | '街' | '道' | '巷') && unit >= Unit::Town && unit < Unit::Door
        // 水井湾村 is a village, not a 湾.
        || inside && next == '村' && unit == Unit::Estate
}

/// Whether a blank stands between a number and what it numbers: 39 号院.
fn numbered(text: &Text<'_>, at: usize) -> bool {
    let behind = |(suffix, unit, ..): &(&str, Unit, usize, usize)| {
        (*unit == Unit::Door || matches!(*suffix, "弄" | "巷"))
            && text.slice(at + 1, at + 1 + suffix.chars().count()) == *suffix
    };
    text.at(at) == b' '
        && text.before(at).is_ascii_alphanumeric()
        && text.at(at + 1) == HAN
        && UNITS.iter().any(behind)
}

/// The next unit of an address: right behind the last one, or behind a blank where only an address goes on like this.
fn further(text: &Text<'_>, at: usize, least: Unit, units: &[Unit]) -> Option<(usize, Unit)> {
    let Some(last) = units.last().copied() else { return unit(text, at, least, false) };
    if text.at(at) != b' ' {
        return unit(text, at, least, true)
            .or_else(|| named(text, at, units).map(|end| (end, Unit::Estate)));
    }
    let from = at + 1;
    let Some((end, unit)) = unit(text, from, least, true) else {
        return named(text, from, units).map(|end| (end, Unit::Estate));
    };
    let latin = text.at(from).is_ascii_alphanumeric();
    let apart = match unit {
        // 海淀区 中关村东路 1 号院, but not 北京市 频道.
        Unit::Street if !latin => last < Unit::Street && before_number(text, end),
        Unit::Estate => matches!(last, Unit::Street | Unit::Door),
        Unit::Street | Unit::Door => last >= Unit::Town && (!latin || alone(text, (from, end))),
        Unit::Town => last >= Unit::District,
        _ => unit > last && Chinese::get().place(text.slice(from, end)).is_some(),
    };
    apart.then_some((end, unit))
}

/// Whether a character is a digit or a numeral.
fn counts(letter: char) -> bool {
    letter.is_ascii_digit() || NUMERALS.contains(letter)
}

/// Whether a number stands at an index, or behind a blank there: 人民南路 12号, 人民南路四段.
fn before_number(text: &Text<'_>, at: usize) -> bool {
    counts(text.char_at(at + usize::from(text.at(at) == b' ')))
}

/// Whether nothing but what it numbers stands behind a number: 8 号楼, but not 8月份3楼.
fn alone(text: &Text<'_>, (from, end): (usize, usize)) -> bool {
    (from..end)
        .find(|at| text.at(*at) == HAN)
        .is_some_and(|at| UNITS.iter().any(|(suffix, ..)| text.slice(at, end) == *suffix))
}

/// Where a name ends that no suffix tells from other words, but the number behind it: 漕溪北路471号碧桂园天玺6栋, 海安村城内208号.
fn named(text: &Text<'_>, start: usize, units: &[Unit]) -> Option<usize> {
    let last = *units.last()?;
    let (doors, fewest) = match last {
        Unit::Town => (DOORS, 2),
        Unit::Estate => (&[][..], 1),
        Unit::Street | Unit::Door => (&[][..], 2),
        Unit::City | Unit::District if units.len() > 1 => (&[][..], 2),
        _ => return None,
    };
    let end = (start..start + 9).find(|at| text.at(*at) != HAN)?;
    let number = end + usize::from(text.at(end) == b' ');
    let digits = (number..number + 5).take_while(|at| text.at(*at).is_ascii_alphanumeric()).count();
    let behind = number + digits;
    let suffix = behind + usize::from(text.at(behind) == b' ');
    let follows = |word: &&str| text.slice(suffix, suffix + word.chars().count()) == *word;
    let part = |at: usize| {
        let pair = Chinese::get().word(text.slice(at, at + 2));
        let verb = at + 1 < end && pair.is_some_and(|(cost, class)| class == b'v' && cost < 34);
        // 水岸名都6栋
        let stop = ends_place(text, at) && !(text.char_at(at) == '都' && at + 1 == end);
        !verb && !stop && !matches!(text.char_at(at), '的' | '是' | '在')
    };
    (end >= start + fewest
        && (1..5).contains(&digits)
        && BUILDINGS.iter().chain(doors).any(follows)
        && (start..end).all(part))
    .then_some(number)
}

/// Where a second number of the same door ends: 19号之二, 19号之十二, 5樓之2. More digits belong to the door like those behind any.
fn second(text: &Text<'_>, at: usize) -> usize {
    if text.char_at(at) != '之' || !counts(text.char_at(at + 1)) {
        return at;
    }
    let spelled = (at + 1..at + 4).take_while(|at| NUMERALS.contains(text.char_at(*at))).count();
    // The next numeral may be another unit's: 之二三楼.
    let whole = spelled > 1 && unit(text, at + 2, Unit::Street, true).is_none();
    if whole { at + 1 + spelled } else { at + 2 }
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
                // 逊母口镇李寨村: a village may be written like somebody's name.
                (3.., false) if known && units.last() == Some(&Unit::Town) => {
                    Some((Kind::Address, 0.975))
                }
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

/// Whether a part of Hong Kong stands at an index, and what is finer behind it: 九龙旺角弥敦道.
fn on_shore(text: &Text<'_>, at: usize, least: Unit) -> bool {
    let whole = || unit(text, at, least, true).is_some_and(|(_, unit)| unit <= Unit::District);
    SHORES.contains(&text.slice(at, at + 2))
        && text.at(at + 2) == HAN
        && !whole()
        && unit(text, at + 2, Unit::District, true).is_some()
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
    if known && on_shore(text, at, least) {
        at += 2;
        units.push(Unit::District);
        least = Unit::District;
    }
    while let Some((end, unit)) = further(text, at, least, &units) {
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
        at = if unit == Unit::Door { second(text, end) } else { end };
        // A door may follow a dash or a space.
        while matches!(text.at(at), b' ' | b'-' | b',')
            && text.at(at + 1).is_ascii_digit()
            && unit >= Unit::Street
        {
            let mut digits = at + 1;
            while text.at(digits).is_ascii_alphanumeric() {
                digits += 1;
            }
            let more = numbered(text, digits) || text.at(digits) == HAN;
            if digits - at > 5 || text.at(at) == b',' || more && text.at(at) == b' ' {
                break;
            }
            if more {
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
    "律师事务所",
    "会计师事务所",
    "税务师事务所",
    "专利代理事务所",
    "资产评估事务所",
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

/// Forms of partnership, which stand in brackets behind a firm.
const PARTNERS: &[&str] = &["特殊普通合伙", "普通合伙", "有限合伙"];

/// Hospitals with a name of their own that is no town's by itself, as the country calls them.
const HOSPITALS: &[&str] = &[
    "瑞金",
    "协和",
    "华山",
    "仁济",
    "湘雅",
    "湘雅二",
    "华西",
    "同济",
    "安贞",
    "积水潭",
    "宣武",
    "天坛",
    "阜外",
    "齐鲁",
    "西京",
    "唐都",
    "邵逸夫",
    "鼓楼",
    "曙光",
    "龙华",
    "盛京",
    "大坪",
    "新桥",
    "同仁",
    "世纪坛",
    "地坛",
    "佑安",
    "望京",
    "东直门",
    "广安门",
    "西苑",
    "红房子",
    "岳阳",
    "长海",
    "长征",
    "武警总",
    "孙逸仙",
    "珠江",
    "千佛山",
];

/// Trades behind 和 in the name of a firm, 瑞和科技: no word joins them.
const CRAFTS: &[&str] = &[
    "科技", "信息", "网络", "生物", "医药", "医疗", "投资", "实业", "控股", "置业", "电子", "建筑",
    "食品", "商贸", "贸易", "传媒", "文化", "咨询", "房地", "物业", "机械", "化工", "材料", "能源",
    "环保", "律师", "会计", "税务",
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
        let mut end = at + suffix.chars().count();
        let long = suffix.chars().count() >= 4;
        if suffix.ends_with("事务所") {
            end = partnership(text, end);
        }
        if let Some(start) = organization_start(text, at, lexicon) {
            let start = led(text, (start, at), long, lexicon);
            let place = lexicon_place(text, start, at, lexicon);
            let size = at - start;
            let hospital = (*suffix == "医院").then(|| hospital(text, (start, at))).flatten();
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
                () if hospital.is_some() => 0.8,
                () => 0.45,
            };
            let start = hospital.filter(|_| !place).unwrap_or(start);
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

/// The end of a firm with its form in brackets: （特殊普通合伙）.
fn partnership(text: &Text<'_>, end: usize) -> usize {
    if text.at(end) != b'(' {
        return end;
    }
    PARTNERS
        .iter()
        .map(|form| (*form, end + 1 + form.chars().count()))
        .find(|(form, behind)| text.slice(end + 1, *behind) == *form && text.at(*behind) == b')')
        .map_or(end, |(_, behind)| behind + 1)
}

/// Where the name of a hospital begins that needs no town before it: 瑞金医院.
fn hospital(text: &Text<'_>, (start, end): (usize, usize)) -> Option<usize> {
    (2..=3)
        .filter_map(|size| end.checked_sub(size))
        .find(|from| *from >= start && HOSPITALS.contains(&text.slice(*from, end)))
}

/// Whether 和 is a part of a firm's name and joins nothing: 中科瑞和股份有限公司, 永和科技公司.
fn harmonious(text: &Text<'_>, at: usize, suffix: usize) -> bool {
    if text.char_at(at) != '和' || text.before(at) != HAN {
        return false;
    }
    let before = text.char_at(at - 1);
    let craft = CRAFTS.contains(&text.slice(at + 1, at + 3));
    let legal = ["股份", "有限", "集团有"]
        .iter()
        .any(|form| text.slice(at + 1, suffix + 3).starts_with(form));
    craft && HARMONY.contains(before) && !"人共中文".contains(before)
        || at + 1 == suffix && legal && !"司团行院校所会".contains(before)
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
    let verb = |from: usize| {
        "打问叫填开签付汇转查投告".contains(text.char_at(from - 1))
            || text.slice(from.saturating_sub(2), from) == "委托"
    };
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
            || byte == HAN && ends_firm(text, start - 1) && !harmonious(text, start - 1, at)
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
