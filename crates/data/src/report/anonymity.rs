//! The part of the data report on the promise about the whole table.

use super::{count, text};
use crate::outcome::AnonymityOutcome;
use ingot_base::Text;
use ingot_privacy::anonymity::{Diversity, Likeness, Policy, Risk, SensitiveRisk};
use ingot_privacy::attack::{Linkage, Rate, Telling};
use ingot_report::{Cell, Column, Page, Section, Table, number};

pub(super) fn section(page: &mut Page, anonymous: &AnonymityOutcome) {
    let report = &anonymous.report;
    let section = page.section(text("Anonymity of the table", "整张表的匿名性"));
    section.paragraph(text(
        "What others may know of a person (quasi-identifiers) is made coarser until nobody stands out. The levels are the least coarse ones that keep the promise.",
        "将他人可能知道的个人信息（准标识符）逐级泛化，直到没有人可被单独识别。所选级别是满足承诺的各组合中信息损失最小的一种。",
    ));
    section.paragraph(counted(&anonymous.policy));
    section.facts(vec![
        (text("promised", "承诺"), promise(&anonymous.policy)),
        (text("rows left out", "删除的行"), left_out(anonymous)),
        (text("loss", "损失"), loss(anonymous)),
        (
            text("combinations of levels, formed", "级别组合数，实际检验"),
            Text::same(format!("{}, {}", count(report.nodes).en, count(report.checked).en)),
        ),
    ]);
    if let Some(local) = &report.local {
        let (classes, before) = (count(report.after.classes).en, count(local.full_classes).en);
        section.paragraph(Text::new(
            format!(
                "From there on each class was recoded by itself (local recoding), so that values of one column stand at several levels: {classes} classes instead of {before}. The promise was proved of the result."
            ),
            format!(
                "在此基础上逐个等价类重新编码（局部重编码），同一列的值可能以不同级别呈现：等价类从 {before} 个变为 {classes} 个。承诺已在结果上得到验证。"
            ),
        ));
    }
    levels(section, anonymous);
    telling(section, &anonymous.telling);
    before_and_after(section, anonymous);
    section.note(anonymous.residual.explanation.clone());
}

/// Whether figures count persons or rows.
fn counted(policy: &Policy) -> Text {
    match &policy.person {
        Some(column) => Text::new(
            format!(
                "Persons are told apart by `{column}`: k, l, α, β, δ, presence, the risks and what is left out count different persons, however many rows these have; entropy and t give each person one vote, in equal parts over the person's values. A person in several classes counts in each."
            ),
            format!(
                "以 `{column}` 区分不同的人：k、l、α、β、δ、存在性、各项风险与删除比例均按不同的人计数，与其行数无关；计算熵与 t 时每人权重为一，平分给其各个不同的值。同一人位于多个等价类时，在每一类中各计一次。"
            ),
        ),
        None => text(
            "Nothing names the persons (`person` of the promise, or `split.group`), so each row counts as one person: somebody with several rows is hidden less well than these figures say.",
            "未指定标识个人的列（承诺中的 `person` 或 `split.group`），因此每行按一人计：若某人有多行，其实际受到的保护低于下列数字。",
        ),
    }
}

fn promise(policy: &Policy) -> Text {
    let mut parts = vec![format!("k = {}", policy.k)];
    parts.extend(policy.l.map(|l| match l {
        Diversity::Distinct(l) => format!("l = {l}"),
        Diversity::Entropy(l) => format!("l = {l} (entropy)"),
        Diversity::Recursive { c, l } => format!("(c, l) = ({c}, {l})"),
    }));
    parts.extend(policy.t.map(|t| format!("t = {t}")));
    parts.extend(
        policy.beta.map(|(Likeness::Basic(beta) | Likeness::Enhanced(beta))| format!("β = {beta}")),
    );
    parts.extend(policy.presence.map(|bounds| format!("δ = {}–{}", bounds.least, bounds.most)));
    let en = parts.join(", ");
    Text::new(en.clone(), en.replace("(entropy)", "（熵）").replace(", ", "，"))
}

fn loss(anonymous: &AnonymityOutcome) -> Text {
    let report = &anonymous.report;
    let loss = number(report.loss, 4);
    match &report.local {
        None => Text::same(loss),
        Some(local) => {
            let full = number(local.full_loss, 4);
            Text::new(
                format!("{loss} ({full} with one level a column)"),
                format!("{loss}（每列一个级别时为 {full}）"),
            )
        }
    }
}

fn left_out(anonymous: &AnonymityOutcome) -> Text {
    let report = &anonymous.report;
    let (rows, share) = (count(report.suppressed_rows).en, number(report.suppressed * 100.0, 2));
    let most = number(anonymous.policy.max_suppressed * 100.0, 2);
    if let Some(persons) = report.suppressed_persons {
        let persons = count(persons).en;
        return Text::new(
            format!("{rows}, of {persons} persons ({share}% of the persons, at most {most}%)"),
            format!("{rows}，涉及 {persons} 人（占总人数 {share}%，上限 {most}%）"),
        );
    }
    Text::new(
        format!("{rows} ({share}%, at most {most}%)"),
        format!("{rows}（{share}%，上限 {most}%）"),
    )
}

fn levels(section: &mut Section, anonymous: &AnonymityOutcome) {
    let report = &anonymous.report;
    let rows = report.levels.iter().enumerate().map(|(place, chosen)| {
        let span = report.local.as_ref().and_then(|local| local.spans.get(place));
        let (finest, coarsest) = span.copied().unwrap_or((chosen.level, chosen.level));
        let how = if coarsest == 0 {
            text("as it is", "原值")
        } else if finest == chosen.highest {
            text("nothing of it", "完全隐去")
        } else {
            text("coarser", "泛化")
        };
        let levels =
            if finest == coarsest { finest.to_string() } else { format!("{finest}–{coarsest}") };
        vec![
            Cell::same(&chosen.column),
            Cell::text(how),
            Cell::same(format!("{levels} / {}", chosen.highest)),
        ]
    });
    section.table(Table {
        columns: vec![
            Column::text(text("quasi-identifier", "准标识符")),
            Column::text(text("shown", "呈现方式")),
            Column::number(text("level / coarsest", "级别 / 最粗")),
        ],
        rows: rows.collect(),
    });
}

/// Columns that tell again what was made coarser: the promise and the attack know nothing of them.
fn telling(section: &mut Section, all: &[Telling]) {
    if all.is_empty() {
        return;
    }
    section.note(text(
        "Columns of this table tell a quasi-identifier more finely than it is shown. Against whoever knows them the promise does not hold, and the figures below, the attack's among them, are too low: drop such a column, make it coarser in the same steps, or name it in `quasi`.",
        "与发布的取值相比，表中有的列会更精细地透露准标识符。对知道这些列的人，承诺不成立，下列数字（包括攻击结果）均偏低：请删除这些列，以同样的级别泛化，或将其写入 `quasi`。",
    ));
    section.table(Table {
        columns: vec![
            Column::text(text("column", "列")),
            Column::text(text("tells the quasi-identifier", "透露的准标识符")),
            Column::text(text("how", "方式")),
        ],
        rows: all
            .iter()
            .map(|one| vec![Cell::same(&one.column), Cell::same(&one.quasi), Cell::text(one.how())])
            .collect(),
    });
}

/// One figure a row: of the table as it came, and as it is released.
fn before_and_after(section: &mut Section, anonymous: &AnonymityOutcome) {
    let (before, after) = (&anonymous.report.before, &anonymous.report.after);
    let mut rows = vec![vec![
        Cell::text(text("rows", "行数")),
        Cell::count(before.rows),
        Cell::count(after.rows),
    ]];
    let persons = before.persons.zip(after.persons);
    rows.extend(persons.map(|(was, is)| {
        vec![Cell::text(text("persons", "人数")), Cell::count(was), Cell::count(is)]
    }));
    let (counted, counted_zh) =
        if persons.is_some() { ("persons", "人") } else { ("rows", "行") };
    let unit = |en: &str, zh: &str| {
        Text::new(en.replace(COUNTED, counted), zh.replace(COUNTED, counted_zh))
    };
    rows.extend(
        RISKS
            .iter()
            .map(|(en, zh, cell)| vec![Cell::text(unit(en, zh)), cell(before), cell(after)]),
    );
    if let Some((was, is)) = before.presence.zip(after.presence) {
        let bounds = |(least, most): (f64, f64)| {
            Cell::same(format!("{}–{}", number(least, 4), number(most, 4)))
        };
        rows.push(vec![Cell::text(text("δ-presence", "δ-存在性")), bounds(was), bounds(is)]);
    }
    for (was, is) in before.sensitive.iter().zip(&after.sensitive) {
        let name = &was.column;
        for (en, zh, cell) in REVEALS {
            let title = Text::new(format!("{en} of `{name}`"), format!("`{name}` 的 {zh}"));
            rows.push(vec![Cell::text(title), cell(was), cell(is)]);
        }
    }
    let (was, is) = (&anonymous.before, &anonymous.after);
    rows.extend(ATTACKS.iter().filter_map(|(en, zh, pick)| {
        let (was, is) = pick(was).zip(pick(is))?;
        Some(vec![Cell::text(text(en, zh)), share(was), share(is)])
    }));
    section.table(Table {
        columns: vec![
            Column::text(text("figure", "指标")),
            Column::number(text("as it came", "处理前")),
            Column::number(text("as released", "处理后")),
        ],
        rows,
    });
    section.paragraph(attacked(is));
}

/// Stands in the names of figures for what they count: rows, or the persons whose they are.
const COUNTED: &str = "{counted}";

/// A figure's names in both languages and where it stands.
type Named<T, U> = (&'static str, &'static str, fn(&T) -> U);

const RISKS: &[Named<Risk, Cell>] = &[
    ("classes of equal quasi-identifiers", "等价类数", |risk| Cell::count(risk.classes)),
    ("k ({counted} of the smallest class)", "k（最小等价类的{counted}数）", |risk| {
        Cell::count(risk.k)
    }),
    ("{counted} alone in their class", "独一无二的{counted}", |risk| {
        Cell::share(risk.uniqueness)
    }),
    ("prosecutor risk, highest", "检察官风险，最高", |risk| {
        Cell::share(risk.reidentification.prosecutor_highest)
    }),
    ("prosecutor risk, average", "检察官风险，平均", |risk| {
        Cell::share(risk.reidentification.prosecutor_average)
    }),
    (
        "{counted} in classes under 5",
        "位于不足 5 {counted}的等价类中的{counted}",
        |risk| Cell::share(risk.reidentification.prosecutor_at_risk),
    ),
    ("journalist risk, highest", "记者风险，最高", |risk| {
        Cell::share(risk.reidentification.journalist_highest)
    }),
    ("marketer risk", "营销者风险", |risk| Cell::share(risk.reidentification.marketer)),
];

const REVEALS: &[Named<SensitiveRisk, Cell>] = &[
    ("l (different values)", "l（不同值）", |column| Cell::count(column.models.distinct_l)),
    ("t (distance to the whole)", "t（与整体的距离）", |column| {
        Cell::number(column.models.t, 4)
    }),
];

const ATTACKS: &[Named<Linkage, Option<Rate>>] = &[
    ("linkage attack: row found", "链接攻击：找到本人所在行", |attack| {
        Some(attack.found)
    }),
    ("linkage attack: sure and right", "链接攻击：确定且正确", |attack| {
        Some(attack.unique)
    }),
    ("linkage attack: sensitive value told right", "链接攻击：猜中敏感值", |attack| {
        Some(attack.inference.as_ref()?.right)
    }),
    ("the same by guessing the commonest value", "直接猜最常见的值", |attack| {
        Some(attack.inference.as_ref()?.guess)
    }),
];

fn share(rate: Rate) -> Cell {
    let share = |value: f64| number(value * 100.0, 2);
    Cell::same(format!("{}% ({}–{})", share(rate.value), share(rate.lower), share(rate.upper)))
}

fn attacked(linkage: &Linkage) -> Text {
    let (targets, columns) = (count(linkage.targets).en, linkage.columns);
    let guess = number(linkage.guess * 100.0, 3);
    let rows = count(linkage.rows).en;
    if let Some(persons) = linkage.persons {
        let persons = count(persons).en;
        let (told, told_zh) = if linkage.inference.is_some() {
            (
                " The value that most of these hold is taken for the person's own; it is right if any row of the person has it.",
                "其中最多人拥有的值被当作本人的值，本人任一行有该值即为猜中。",
            )
        } else {
            ("", "")
        };
        return Text::new(
            format!(
                "The linkage attack was run, not assumed: somebody who knows the {columns} quasi-identifiers in one row of each of {targets} persons looks for these persons among {persons} ({rows} rows) by distance, and picks one at random among those with a nearest row.{told} A blind guess finds {guess}%. In brackets the 95% interval."
            ),
            format!(
                "链接攻击是实际运行的：攻击者知道 {targets} 人各一行的 {columns} 个准标识符，按距离在 {persons} 人（{rows} 行）中寻找本人，并在拥有最近行的人中随机取一人。{told_zh}盲猜的命中率为 {guess}%。括号内为 95% 区间。"
            ),
        );
    }
    Text::new(
        format!(
            "The linkage attack was run, not assumed: somebody who knows the {columns} quasi-identifiers of {targets} persons looks for their rows among {rows} by distance, and picks one at random among the nearest. A blind guess finds {guess}%. In brackets the 95% interval."
        ),
        format!(
            "链接攻击是实际运行的：攻击者知道 {targets} 人的 {columns} 个准标识符，按距离在 {rows} 行中寻找本人，并在最近的行中随机取一行。盲猜的命中率为 {guess}%。括号内为 95% 区间。"
        ),
    )
}
