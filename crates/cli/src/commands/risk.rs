//! `risk`: what a table tells about the persons in it.

use crate::args::Risk as Args;
use crate::{Context, render};
use ingot_base::Result;
use ingot_privacy::anonymity::{Risk, SensitiveRisk};

pub(crate) fn risk(context: &Context, args: &Args) -> Result<()> {
    let population = args.population.as_deref();
    let person = args.person.as_deref();
    let risk = ingot_pipeline::risk(&args.file, population, &args.quasi, &args.sensitive, person)?;
    let mut text = render::table(&figures(context, &risk), &[false, true]);
    if !risk.sensitive.is_empty() {
        text.push('\n');
        text.push_str(&render::table(
            &reveals(context, &risk.sensitive),
            &[false, true, true, true, true, true, true, true, true],
        ));
    }
    context.answer(&serde_json::json!(risk), &text);
    Ok(())
}

/// Classes and attackers, one figure a row.
fn figures(context: &Context, risk: &Risk) -> Vec<Vec<String>> {
    let share = |share: f64| format!("{:.2}%", share * 100.0);
    let found = &risk.reidentification;
    let mut rows = vec![
        ("figure", "指标", context.say("value", "数值").to_owned()),
        ("classes of equal quasi-identifiers", "准标识符等价类数", risk.classes.to_string()),
        ("k ({counted} of the smallest class)", "k（最小等价类的{counted}数）", risk.k.to_string()),
        ("{counted} alone in their class", "在等价类中独一无二的{counted}", share(risk.uniqueness)),
        ("prosecutor risk, highest", "检察官风险，最高", share(found.prosecutor_highest)),
        ("prosecutor risk, average", "检察官风险，平均", share(found.prosecutor_average)),
        (
            "{counted} in classes under 5",
            "位于不足 5 {counted}的等价类中的{counted}",
            share(found.prosecutor_at_risk),
        ),
        ("journalist risk, highest", "记者风险，最高", share(found.journalist_highest)),
        ("marketer risk", "营销者风险", share(found.marketer)),
    ];
    if let Some(unique) = found.population_unique {
        rows.push((
            "{counted} alone in the population",
            "在总体中独一无二的{counted}",
            share(unique),
        ));
    }
    if let Some((least, most)) = risk.presence {
        rows.push(("δ-presence", "δ-存在性", format!("{least:.4}–{most:.4}")));
    }
    let counted = match risk.persons {
        Some(_) => context.say("persons", "人"),
        None => context.say("rows", "行"),
    };
    let unit = |(en, zh, value): (&str, &str, String)| {
        vec![context.say(en, zh).replace("{counted}", counted), value]
    };
    let mut told: Vec<Vec<String>> = rows.into_iter().map(unit).collect();
    told.insert(1, vec![context.say("rows", "行数").to_owned(), risk.rows.to_string()]);
    let persons = risk.persons.map(|persons| persons.to_string());
    let each_row = || context.say("each row is one", "每行按一人计").to_owned();
    let persons = persons.unwrap_or_else(each_row);
    told.insert(2, vec![context.say("persons", "人数").to_owned(), persons]);
    told
}

/// What the classes reveal, one sensitive column a row.
fn reveals(context: &Context, columns: &[SensitiveRisk]) -> Vec<Vec<String>> {
    let heads = [
        ("sensitive column", "敏感列"),
        ("l, distinct", "l（不同值）"),
        ("l, entropy", "l（熵）"),
        ("t", "t"),
        ("α", "α"),
        ("c of (c, l)", "(c, l) 的 c"),
        ("β, basic", "β（基本）"),
        ("β, enhanced", "β（增强）"),
        ("δ-disclosure", "δ-披露"),
    ];
    let mut rows = vec![heads.map(|(en, zh)| context.say(en, zh).to_owned()).to_vec()];
    rows.extend(columns.iter().map(|column| {
        let models = &column.models;
        vec![
            column.column.clone(),
            models.distinct_l.to_string(),
            format!("{:.4}", column.effective_l),
            format!("{:.4}", models.t),
            format!("{:.4}", models.alpha),
            format!("{:.4}", column.recursive_ratio),
            format!("{:.4}", models.basic_beta),
            format!("{:.4}", models.enhanced_beta),
            format!("{:.4}", models.delta_disclosure),
        ]
    }));
    rows
}
