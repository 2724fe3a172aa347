//! Tables: text left, numbers right.

use crate::{both, escape, number, prose};
use ingot_base::Text;
use std::fmt::Write as _;

/// A column's heading and alignment.
#[derive(Debug, Clone)]
pub struct Column {
    title: Text,
    numeric: bool,
}

impl Column {
    /// A column of words.
    pub fn text(title: Text) -> Self {
        Self { title, numeric: false }
    }

    /// A column of numbers, aligned right.
    pub fn number(title: Text) -> Self {
        Self { title, numeric: true }
    }
}

/// What stands in one place of a table.
#[derive(Debug, Clone)]
pub struct Cell(String);

impl Cell {
    /// Words in both languages.
    #[expect(clippy::needless_pass_by_value, reason = "a builder takes what it is given")]
    pub fn text(text: Text) -> Self {
        Self(prose(&text))
    }

    /// The same in both languages.
    pub fn same(text: impl Into<String>) -> Self {
        Self(escape(&text.into()))
    }

    /// A number.
    pub fn number(value: f64, decimals: usize) -> Self {
        Self(number(value, decimals))
    }

    /// A count.
    pub fn count(value: u64) -> Self {
        #[expect(
            clippy::cast_precision_loss,
            reason = "shown with no decimals; counts stay far below 2^53"
        )]
        Self(number(value as f64, 0))
    }

    /// A share in [0, 1] as percent with one decimal.
    pub fn share(value: f64) -> Self {
        Self(if value.is_finite() {
            format!("{}%", number(value * 100.0, 1))
        } else {
            "–".to_owned()
        })
    }

    /// Nothing.
    pub fn empty() -> Self {
        Self(String::new())
    }
}

/// A table. Rows may be shorter than the heading.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// Columns from the left.
    pub columns: Vec<Column>,
    /// Rows from the top.
    pub rows: Vec<Vec<Cell>>,
}

impl Table {
    pub(crate) fn html(&self) -> String {
        let class = |column: &Column| if column.numeric { " class=\"num\"" } else { "" };
        let mut out = String::from("<div class=\"scroll\"><table><thead><tr>");
        for column in &self.columns {
            let _ = write!(out, "<th{}>{}</th>", class(column), both(&column.title));
        }
        out.push_str("</tr></thead><tbody>");
        for row in &self.rows {
            out.push_str("<tr>");
            for (column, cell) in self.columns.iter().zip(row) {
                let _ = write!(out, "<td{}>{}</td>", class(column), cell.0);
            }
            out.push_str("</tr>");
        }
        out.push_str("</tbody></table></div>");
        out
    }
}
