//! `stats`: figures of a table that tell nothing certain about any person in it.

use super::CLOCK;
use crate::args::Stats;
use crate::messages::STATISTIC;
use crate::{Context, render};
use ingot_base::{Fault, Result};
use ingot_pipeline::Ask;
use ingot_privacy::dp::{Account, Amount, Bounds, Budget, Loss, Release, Statistic, Unit};
use ingot_seal::Keyring;
use serde_json::Value;
use std::fmt::Write as _;

/// Most values of a grid for quantiles.
const GRID: usize = 1_000_000;

pub(crate) fn stats(context: &Context, args: &Stats) -> Result<()> {
    let ask = Ask {
        statistics: args.statistics.iter().map(|text| parse(text)).collect::<Result<_>>()?,
        unit: match (&args.person, args.most) {
            (Some(column), Some(most)) => Unit::Person { column: column.clone(), most },
            _ => Unit::Row,
        },
        epsilon: args.epsilon,
        delta: args.delta,
        budget: args.budget,
    };
    let keyring = Keyring::open(&context.project.join("keys"))?;
    let (release, account) =
        ingot_pipeline::stats(&context.project, &keyring, &args.file, &ask, &CLOCK)?;
    let mut rows = vec![vec![
        context.say("statistic", "统计量").to_owned(),
        context.say("of", "项").to_owned(),
        context.say("value", "数值").to_owned(),
        context.say("± (95%)", "±（95%）").to_owned(),
    ]];
    rows.extend(release.figures.iter().map(|figure| {
        vec![
            figure.statistic.clone(),
            figure.part.clone(),
            format!("{:.4}", figure.value),
            figure.margin.map_or_else(|| "–".to_owned(), |margin| format!("{margin:.4}")),
        ]
    }));
    let mut text = render::table(&rows, &[false, false, true, true]);
    // Writing to a string does not fail.
    let _ = writeln!(
        text,
        "\n{}",
        context.say(
            "± is the noise alone: moving values into the bounds is not in it.",
            "± 仅反映噪声，不含数值被截断到上下限带来的偏差。"
        )
    );
    if args.person.is_some() {
        let _ = writeln!(
            text,
            "{}",
            context.say(
                "At most so many rows of a person count as `--most` says: rows beyond it are in no figure.",
                "每人最多计入 `--most` 指定的行数，超出部分不计入任何统计量。"
            )
        );
    }
    if release.figures.iter().any(|figure| figure.margin.is_none()) {
        let _ = writeln!(
            text,
            "{}",
            context.say(
                "A quantile has none: its noise is in the rank, and only the data tell how far that moves the value.",
                "分位数不给出 ±：噪声加在排名上，数值会偏多少取决于数据本身。"
            )
        );
    }
    if let Some(account) = &account {
        let left = account.epsilon_left.map(|left| format!("{}", left.value()));
        let (spent, rest) = (
            context.say("spent so far on this table:", "此表累计已用"),
            context.say("left:", "剩余"),
        );
        let left = left.unwrap_or_else(|| "0".to_owned());
        let _ = writeln!(text, "\n{spent} ε = {:.4}; {rest} {left}", account.epsilon_spent);
    }
    let account = account.as_ref().map(of_account);
    context
        .answer(&serde_json::json!({ "release": of_release(&release), "account": account }), &text);
    Ok(())
}

/// A release with its price as people read it: the ledger reckons in whole 10⁻¹².
fn of_release(release: &Release) -> Value {
    let mut told = serde_json::json!(release);
    if let Some(told) = told.as_object_mut() {
        let (unit, price) = match release.loss {
            Loss::Pure(epsilon) => ("epsilon", epsilon),
            Loss::Zcdp(rho) => ("rho", rho),
        };
        told.insert("loss".to_owned(), serde_json::json!({ unit: price.value() }));
    }
    told
}

/// What was spent and what is left of a budget, 0 where no release is possible any more.
fn of_account(account: &Account) -> Value {
    let budget = match account.budget {
        Budget::Pure { epsilon } => serde_json::json!({ "epsilon": epsilon.value() }),
        Budget::Approximate { epsilon, delta } => {
            serde_json::json!({ "epsilon": epsilon.value(), "delta": delta })
        }
    };
    let rho = match account.budget {
        Budget::Pure { .. } => None,
        Budget::Approximate { .. } => Some(account.rho_left.map_or(0.0, Amount::value)),
    };
    serde_json::json!({
        "budget": budget,
        "releases": account.releases,
        "epsilon_spent": account.epsilon_spent,
        "epsilon_left": account.epsilon_left.map_or(0.0, Amount::value),
        "rho_left": rho,
    })
}

/// `name(argument,…)`.
fn parse(text: &str) -> Result<Statistic> {
    let wrong = || Fault::new(&STATISTIC).arg("text", text);
    let (name, inner) = match text.trim().split_once('(') {
        Some((name, rest)) => (name, rest.strip_suffix(')').ok_or_else(wrong)?),
        None => (text.trim(), ""),
    };
    let arguments: Vec<&str> =
        inner.split(',').map(str::trim).filter(|argument| !argument.is_empty()).collect();
    let number = |text: &&str| text.parse::<f64>().map_err(|_| wrong());
    let column =
        |arguments: &[&str]| arguments.first().map(|column| (*column).to_owned()).ok_or_else(wrong);
    let bounded = || -> Result<(String, Bounds)> {
        let [column, lower, upper] = arguments.as_slice() else { return Err(wrong()) };
        let bounds = Bounds { lower: number(lower)?, upper: number(upper)? };
        Ok(((*column).to_owned(), bounds))
    };
    Ok(match name {
        "count" if arguments.is_empty() => Statistic::Count,
        "sum" => {
            let (column, bounds) = bounded()?;
            Statistic::Sum { column, bounds }
        }
        "mean" => {
            let (column, bounds) = bounded()?;
            Statistic::Mean { column, bounds }
        }
        "variance" => {
            let (column, bounds) = bounded()?;
            Statistic::Variance { column, bounds }
        }
        "histogram" if arguments.len() > 1 => Statistic::Histogram {
            column: column(&arguments)?,
            categories: arguments.iter().skip(1).map(|value| (*value).to_owned()).collect(),
        },
        "quantiles" => {
            let [column, lower, upper, step, levels @ ..] = arguments.as_slice() else {
                return Err(wrong());
            };
            let (lower, upper, step) = (number(lower)?, number(upper)?, number(step)?);
            let count = (upper - lower) / step;
            if levels.is_empty() || !(step > 0.0 && count.is_finite() && count >= 1.0) {
                return Err(wrong());
            }
            let grid: Vec<f64> = (0..GRID)
                .map(|index| {
                    step.mul_add(f64::from(u32::try_from(index).unwrap_or(u32::MAX)), lower)
                })
                .take_while(|value| *value <= upper)
                .collect();
            let levels = levels.iter().map(number).collect::<Result<_>>()?;
            Statistic::Quantiles { column: (*column).to_owned(), grid, levels }
        }
        _ => return Err(wrong()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_are_read_as_written() {
        assert_eq!(parse("count").unwrap().to_string(), "count");
        assert!(matches!(
            parse("mean(age, 18, 100)").unwrap(),
            Statistic::Mean { column, bounds: Bounds { lower, upper } }
                if column == "age" && (lower..=upper).contains(&99.0) && lower > 17.0
        ));
        let Statistic::Quantiles { grid, levels, .. } =
            parse("quantiles(age,0,10,2.5,0.5,0.9)").unwrap()
        else {
            panic!("no quantiles")
        };
        assert_eq!((grid, levels), (vec![0.0, 2.5, 5.0, 7.5, 10.0], vec![0.5, 0.9]));
        for text in
            ["", "median(age)", "mean(age)", "mean(age,1,x)", "count(1", "quantiles(a,0,1,0,0.5)"]
        {
            assert_eq!(parse(text).unwrap_err().code(), "cli-statistic", "{text}");
        }
    }
}
