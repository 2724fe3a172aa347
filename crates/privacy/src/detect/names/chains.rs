//! Chinese names of several parts: those of minorities and foreigners whose parts a dot joins (`艾力·买买提`, `让·雷诺`), and Tibetan ones of
//! two common parts (`扎西多吉`).

use super::super::finding::{Finding, Kind, Why};
use super::super::normal::{HAN, Text};
use super::lexicon::Chinese;
use std::collections::HashSet;
use std::sync::OnceLock;

/// Characters that write the sounds of foreign names. Those that are rather words of a sentence (来, 的, 因, 在) are not among them.
const SOUNDS: &str = "阿艾爱安昂奥巴白班邦保堡鲍贝本比彼毕边宾波伯博勃卜布采查车达戴丹当道德登邓狄迪蒂丁东杜顿多俄厄恩尔法凡范菲费芬丰弗佛夫福甫盖甘刚高戈哥格葛根贡圭桂郭哈海罕汉翰豪赫黑亨胡华怀惠霍基吉加贾简姜杰捷金津居君喀卡开凯坎康考柯科可克肯孔库夸宽奎昆拉腊莱兰郎朗劳勒雷蕾黎里理丽利莉力立连廉良列琳林龙卢鲁露伦罗洛吕马玛麦迈曼芒毛梅门蒙孟米密明姆木莫默墨穆拿娜纳乃南内妮尼年涅宁纽农努诺欧帕派潘庞培佩彭皮平泼普齐奇乔钦琴丘琼曲热仁日荣茹儒瑞若撒萨塞赛桑森沙莎山珊尚绍舍什圣施石史士仕朔斯丝司思苏索所塔泰坦唐陶特滕提田汀廷图土托瓦万旺威韦维魏温文翁沃乌武西希锡夏先香肖谢辛欣休雪逊雅亚延扬耶叶伊依易英尤约云扎泽曾詹珍芝治兹子祖佐娅娃吾买汗江吐孜合地肉麻且古";

/// Parts that most Tibetan names of four characters are made of.
const TIBETAN: &[&str] = &[
    "扎西", "多吉", "卓玛", "次仁", "才让", "尼玛", "达瓦", "旦增", "丹增", "格桑", "央金", "央宗",
    "拉姆", "德吉", "白玛", "平措", "索朗", "索南", "洛桑", "贡布", "仁青", "仁增", "顿珠", "旺堆",
    "旺姆", "旺扎", "旺久", "措姆", "曲珍", "曲扎", "曲杰", "曲措", "边巴", "普布", "巴桑", "米玛",
    "拉巴", "班丹", "班觉", "嘉措", "加措", "坚赞", "桑珠", "桑杰", "多杰", "丹巴", "益西", "格列",
    "强巴", "土登", "阿旺", "罗布", "诺布", "次旺", "次旦", "次央", "次珍", "扎巴", "晋美", "久美",
    "云丹", "卓嘎", "仓决", "拉珍", "玉珍", "桑姆", "赤列", "伦珠", "嘎玛", "群培", "群宗", "欧珠",
    "江措", "江村", "格勒", "泽仁", "泽郎", "泽旺", "俄金", "斯郎", "松吉", "娜姆", "华旦", "才旦",
    "才仁", "完玛", "东珠", "南加", "朋措", "德央", "德庆", "德西", "普赤", "白珍", "色珍", "其美",
    "琼达", "贡觉", "贡桑", "石达", "洛追", "洛珠", "土旦", "加央", "降央",
];

/// Words behind which somebody's name begins.
pub(super) const LABELS: &[&str] = &[
    "患者",
    "病人",
    "姓名",
    "名叫",
    "我叫",
    "客户",
    "学生",
    "原告",
    "被告",
    "证人",
    "家属",
    "联系人",
    "收件人",
    "申请人",
    "借款人",
    "医生",
    "医师",
    "护士",
    "老师",
    "教授",
    "先生",
    "女士",
    "同学",
    "同志",
    "经理",
    "主任",
    "演员",
    "作家",
    "总统",
    "选手",
    "球员",
    "导演",
    "歌手",
];

fn dot(text: &Text<'_>, at: usize) -> bool {
    !matches!(text.at(at), HAN | 0..=0x7f) && matches!(text.char_at(at), '·' | '•' | '・' | '‧')
}

fn sounds(text: &Text<'_>, at: usize) -> bool {
    text.at(at) == HAN && SOUNDS.contains(text.char_at(at))
}

/// Most characters of one part.
const LONGEST: usize = 6;

/// Reports chains; `first` is where the findings of this text's persons begin.
pub(super) fn find(text: &Text<'_>, first: usize, found: &mut Vec<Finding>) {
    let mut at = 1;
    while at < text.len() {
        if !(dot(text, at) && text.before(at) == HAN && text.at(at + 1) == HAN) {
            at += 1;
            continue;
        }
        let persons = found.get(first..).unwrap_or_default();
        let (chain, end) = chain(text, at, persons);
        if let Some(span) = chain {
            let why = vec![Why::Pattern("dotted-name")];
            found.push(Finding::new(Kind::Person, span, 0.98, why));
        }
        at = end.max(at + 1);
    }
    tibetan(text, found);
}

/// The name whose first dot is at an index, if there is one, and the index after what was read.
fn chain(text: &Text<'_>, at: usize, persons: &[Finding]) -> (Option<(usize, usize)>, usize) {
    let (start, labelled) = front(text, at, persons);
    let mut end = at;
    let mut heard = (start..at).all(|at| sounds(text, at));
    while dot(text, end) && text.at(end + 1) == HAN {
        let part = back(text, end + 1);
        if part == end + 1 {
            break;
        }
        heard &= (end + 1..part).all(|at| sounds(text, at));
        end = part;
    }
    let known = persons.iter().any(|one| {
        let inside = start <= one.start && one.end <= end;
        inside && one.kind == Kind::Person
    });
    let letters = end.saturating_sub(start);
    let named =
        start < at && end > at && letters > 3 && (labelled || known || heard && letters > 4);
    (named.then_some((start, end)), end)
}

/// Where the part before a dot begins, and whether a word before it says that somebody's name does.
fn front(text: &Text<'_>, at: usize, persons: &[Finding]) -> (usize, bool) {
    let mut run = at;
    while text.before(run) == HAN && at - run < LONGEST + 4 {
        run -= 1;
    }
    let ends = |from: usize| LABELS.iter().any(|label| text.slice(run, from).ends_with(label));
    if let Some(from) = (run + 2..at).rev().find(|from| at - from <= LONGEST && ends(*from)) {
        return (from, true);
    }
    let before = text.slice(run.saturating_sub(4), run);
    let labelled = before.trim_end_matches([':', '：', ' ']).ends_with("姓名")
        || LABELS.iter().any(|label| before.trim_end_matches([':', '：', ' ']).ends_with(label));
    if labelled && at - run <= LONGEST {
        return (run, true);
    }
    let mut from = at;
    while from > run && at - from < LONGEST && sounds(text, from - 1) {
        from -= 1;
    }
    // A person that begins earlier begins the name, too.
    let earlier = persons.iter().filter(|one| {
        let joins = "由和与同及被向对给将请让叫".contains(text.char_at(one.start));
        one.end > from && one.start < from && one.end <= at && !joins
    });
    (earlier.map(|one| one.start).min().unwrap_or(from), false)
}

/// The end of the part that begins at an index: as far as it sounds foreign, and no common word begins.
fn back(text: &Text<'_>, start: usize) -> usize {
    let lexicon = Chinese::get();
    // `阿不都`, but not `来不了`.
    let inner = |at: usize| at > start && matches!(text.slice(at - 1, at + 1), "阿不" | "不都");
    let mut end = start;
    while end < start + LONGEST && (sounds(text, end) || inner(end)) {
        let common = |length: usize| {
            (end..end + length).all(|at| text.at(at) == HAN)
                && lexicon.word(text.slice(end, end + length)).is_some_and(|(cost, _)| cost < 34)
        };
        if end > start && (common(2) || common(3)) {
            break;
        }
        end += 1;
    }
    end
}

/// Two Tibetan parts side by side.
fn tibetan(text: &Text<'_>, found: &mut Vec<Finding>) {
    static PARTS: OnceLock<HashSet<&str>> = OnceLock::new();
    let parts = PARTS.get_or_init(|| TIBETAN.iter().copied().collect());
    let part = |at: usize| {
        text.at(at) == HAN && text.at(at + 1) == HAN && {
            let word = text.slice(at, at + 2);
            parts.contains(word)
        }
    };
    let mut at = 0;
    while at + 4 <= text.len() {
        if text.at(at) != HAN || !part(at) || !part(at + 2) {
            at += 1;
            continue;
        }
        let mut end = at + 4;
        while part(end) && end < at + 8 {
            end += 2;
        }
        let why = vec![Why::Dictionary];
        found.push(Finding::new(Kind::Person, (at, end), 0.975, why));
        at = end;
    }
}
