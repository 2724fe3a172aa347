//! What statistics with differential privacy have cost so far: a section of the data report, as it stands when the report is put out.

use crate::project::Project;
use crate::stats::ledger;
use ingot_base::{Digest, Result, Text};
use ingot_privacy::dp::{Account, Budget, Entry, Event, Loss};
use ingot_report::{Cell, Column, Section, Table};
use std::collections::BTreeMap;

/// The section; none where nothing was ever released.
///
/// # Errors
/// When the ledger was changed by others or cannot be read.
pub(crate) fn section(project: &Project<'_>) -> Result<Option<Section>> {
    let ledger = ledger(&project.root, &project.keyring);
    let (accounts, entries) = ledger.read()?;
    if accounts.is_empty() {
        return Ok(None);
    }
    let mut section = Section::new(Text::new(
        "Released statistics (differential privacy)",
        "已发布的统计量（差分隐私）",
    ));
    section.paragraph(Text::new(
        "Every release adds noise and is paid from its table's budget, which no release can overspend. Together they guarantee no more than what is spent.",
        "每次发布都会加入噪声，并从该表的隐私预算中支出，预算不会被超支；各次发布合计的保证即为已用量。",
    ));
    section.table(budgets(&accounts));
    let mut table = Table {
        columns: vec![
            Column::text(Text::new("when", "时间")),
            Column::text(Text::new("table", "表")),
            Column::text(Text::new("statistics", "统计量")),
            Column::text(Text::new("asked by", "命令")),
            Column::text(Text::new("price", "隐私损失")),
        ],
        rows: Vec::new(),
    };
    for Entry { at, dataset, event } in entries {
        let Event::Spent { loss, stage, what } = event else { continue };
        let price = match loss {
            Loss::Pure(epsilon) => format!("ε = {}", epsilon.value()),
            Loss::Zcdp(rho) => format!("ρ = {}", rho.value()),
        };
        let cells = [at, dataset.short(), what, stage, price].map(Cell::same);
        table.rows.push(cells.into());
    }
    section.table(table);
    Ok(Some(section))
}

fn budgets(accounts: &BTreeMap<Digest, Account>) -> Table {
    let mut table = Table {
        columns: vec![
            Column::text(Text::new("table", "表")),
            Column::number(Text::new("releases", "发布次数")),
            Column::text(Text::new("budget", "预算")),
            Column::number(Text::new("ε spent", "已用 ε")),
            Column::number(Text::new("ε left for one release", "单次发布可用的 ε")),
        ],
        rows: Vec::new(),
    };
    for (dataset, account) in accounts {
        let budget = match account.budget {
            Budget::Pure { epsilon } => format!("ε = {}", epsilon.value()),
            Budget::Approximate { epsilon, delta } => {
                format!("ε = {}, δ = {delta:e}", epsilon.value())
            }
        };
        let left =
            account.epsilon_left.map_or_else(|| "0".to_owned(), |left| left.value().to_string());
        table.rows.push(vec![
            Cell::same(dataset.short()),
            Cell::count(account.releases),
            Cell::same(budget),
            Cell::number(account.epsilon_spent, 4),
            Cell::same(left),
        ]);
    }
    table
}
