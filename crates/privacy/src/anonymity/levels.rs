//! The rows of a given hierarchy: what can be wrong with them, told by place and value.

use super::messages::{HIERARCHY_CELLS, HIERARCHY_LENGTH, HIERARCHY_NESTED, HIERARCHY_TWICE};
use ingot_base::Fault;
use std::collections::HashMap;

/// Most cells of a row: levels are counted in a byte.
const MOST: usize = 255;

/// What is wrong with the rows of a given hierarchy; rows count from 0. The values are the hierarchy's, not a table's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flaw {
    /// A row of no cells, or of more than 255.
    Cells {
        /// The row.
        row: usize,
        /// Its cells.
        found: usize,
    },
    /// A row of another length than the first.
    Length {
        /// The row.
        row: usize,
        /// Its cells.
        found: usize,
        /// Cells of the first row.
        wanted: usize,
    },
    /// A value that stands twice, with other levels.
    Twice {
        /// The row.
        row: usize,
        /// The row that had it first.
        first: usize,
        /// The value.
        value: String,
    },
    /// A group that another row puts elsewhere, so that levels are not nested.
    Nested {
        /// The row.
        row: usize,
        /// The row that had the group first.
        first: usize,
        /// The group.
        group: String,
        /// What this row puts it into.
        above: String,
        /// What the first row puts it into.
        other: String,
    },
}

impl Flaw {
    /// The row that is wrong.
    pub fn row(&self) -> usize {
        match self {
            Self::Cells { row, .. }
            | Self::Length { row, .. }
            | Self::Twice { row, .. }
            | Self::Nested { row, .. } => *row,
        }
    }

    /// In words; `place` names a row where the rows come from, as `levels.csv:7` does.
    pub fn fault(&self, place: &dyn Fn(usize) -> String) -> Fault {
        match self {
            Self::Cells { row, found } => Fault::new(&HIERARCHY_CELLS)
                .arg("place", place(*row))
                .arg("found", found)
                .arg("most", MOST),
            Self::Length { row, found, wanted } => Fault::new(&HIERARCHY_LENGTH)
                .arg("place", place(*row))
                .arg("found", found)
                .arg("wanted", wanted),
            Self::Twice { row, first, value } => Fault::new(&HIERARCHY_TWICE)
                .arg("place", place(*row))
                .arg("first", place(*first))
                .arg("value", value),
            Self::Nested { row, first, group, above, other } => Fault::new(&HIERARCHY_NESTED)
                .arg("place", place(*row))
                .arg("first", place(*first))
                .arg("group", group)
                .arg("above", above)
                .arg("other", other),
        }
    }
}

/// The first flaw of a hierarchy's rows `[value, level 1, level 2, …]`.
pub fn flaw(rows: &[Vec<String>]) -> Option<Flaw> {
    let wanted = rows.first().map_or(0, Vec::len);
    let mut of_value: HashMap<&str, (usize, &[String])> = HashMap::new();
    let mut above: Vec<HashMap<&str, (usize, &str)>> = vec![HashMap::new(); wanted];
    for (row, cells) in rows.iter().enumerate() {
        let found = cells.len();
        let [value, levels @ ..] = cells.as_slice() else {
            return Some(Flaw::Cells { row, found });
        };
        if found > MOST {
            return Some(Flaw::Cells { row, found });
        }
        if found != wanted {
            return Some(Flaw::Length { row, found, wanted });
        }
        let (first, known) = *of_value.entry(value).or_insert((row, levels));
        if known != levels {
            return Some(Flaw::Twice { row, first, value: value.clone() });
        }
        for (step, known) in levels.windows(2).zip(&mut above) {
            let [group, high] = step else { continue };
            let (first, other) = *known.entry(group).or_insert((row, high));
            if other != high {
                return Some(Flaw::Nested {
                    row,
                    first,
                    group: group.clone(),
                    above: high.clone(),
                    other: other.to_owned(),
                });
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use ingot_base::Lang;

    fn rows(text: &str) -> Vec<Vec<String>> {
        text.lines().map(|line| line.split(';').map(str::to_owned).collect()).collect()
    }

    #[test]
    fn flaws_name_row_and_value() {
        assert_eq!(flaw(&rows("a;ab;*\nb;ab;*\na;ab;*")), None);
        assert_eq!(flaw(&rows("a;x\nb")), Some(Flaw::Length { row: 1, found: 1, wanted: 2 }));
        let twice = flaw(&rows("a;x\nb;y\na;y")).unwrap();
        assert_eq!(twice, Flaw::Twice { row: 2, first: 0, value: "a".into() });
        let place = |row: usize| format!("jobs.csv:{}", row + 1);
        let short = flaw(&rows("a;x\nb")).unwrap().fault(&place);
        assert_eq!(short.code(), "privacy-hierarchy-length");
        assert!(short.to_string().contains("1 cells at jobs.csv:2, and 2 in"), "{short}");
        for (row, found) in [(Vec::new(), "0 cells"), (vec!["a".to_owned(); 300], "300 cells")] {
            let told = flaw(&[row]).unwrap().fault(&place);
            assert_eq!(told.code(), "privacy-hierarchy-cells");
            for part in [found, "jobs.csv:1", "1 to 255"] {
                assert!(told.to_string().contains(part), "{told}");
            }
        }
        // What no row may be is told before what another row is.
        let empty = vec![vec!["a".to_owned()], Vec::new()];
        assert_eq!(flaw(&empty), Some(Flaw::Cells { row: 1, found: 0 }));
        let wide = vec![vec!["a".to_owned()], vec!["b".to_owned(); 256]];
        assert_eq!(flaw(&wide), Some(Flaw::Cells { row: 1, found: 256 }));
        let nested = flaw(&rows("a;x;p\nb;x;q")).unwrap();
        assert_eq!(nested.row(), 1);
        let told = nested.fault(&place);
        assert_eq!(told.code(), "privacy-hierarchy-nested");
        for part in ["jobs.csv:2", "jobs.csv:1", "`x`", "`q`", "`p`"] {
            let chinese = told.render(Lang::Zh);
            assert!(told.to_string().contains(part) && chinese.contains(part), "{part}: {told}");
        }
    }
}
