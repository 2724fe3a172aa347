//! What a bootstrap draws.

use ingot_base::Rng;

/// Rows, each by itself, or whole groups of rows: where rows of one group resemble each other, intervals that take them for independent
/// are too narrow (Davison and Hinkley 1997, section 3.8).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sampling<'a> {
    pub(crate) seed: u64,
    /// Each row's group, counted from 0.
    pub(crate) groups: Option<&'a [u32]>,
}

impl<'a> Sampling<'a> {
    /// Rows that know nothing of each other.
    #[cfg(test)]
    pub(crate) fn rows(seed: u64) -> Self {
        Self { seed, groups: None }
    }

    /// Whole groups, where there are two or more: one group drawn again and again would give intervals of no width.
    pub(crate) fn of(seed: u64, groups: Option<&'a [u32]>) -> Self {
        Self { seed, groups: groups.filter(|groups| distinct(groups) > 1) }
    }

    /// How many units there are to draw among `rows`.
    pub(crate) fn units(&self, rows: usize) -> usize {
        self.groups.map_or(rows, distinct)
    }

    /// How many units hold one of the rows that are asked for, among `rows`.
    pub(crate) fn units_of(&self, rows: usize, asked: impl Fn(usize) -> bool) -> usize {
        let rows = (0..rows).filter(|row| asked(*row));
        let Some(groups) = self.groups else { return rows.count() };
        let held: std::collections::BTreeSet<u32> =
            rows.filter_map(|row| groups.get(row).copied()).collect();
        held.len()
    }

    /// Draws as many units as there are, with replacement, and writes how often each row is in the sample.
    pub(crate) fn draw(&self, rng: &mut Rng, counts: &mut [f64]) {
        let units = self.units(counts.len());
        let Some(groups) = self.groups else {
            counts.fill(0.0);
            repeat(rng, units, counts);
            return;
        };
        let mut drawn = vec![0.0; units];
        repeat(rng, units, &mut drawn);
        for (count, &group) in counts.iter_mut().zip(groups) {
            *count = drawn.get(group as usize).copied().unwrap_or_default();
        }
    }

    /// The name of the intervals by quantiles of such draws.
    pub(crate) fn method(&self) -> &'static str {
        if self.groups.is_some() { "group_bootstrap" } else { "bootstrap" }
    }
}

/// How many groups the rows belong to.
pub(crate) fn distinct(groups: &[u32]) -> usize {
    groups.iter().map(|&group| group as usize + 1).max().unwrap_or_default()
}

fn repeat(rng: &mut Rng, times: usize, counts: &mut [f64]) {
    for _ in 0..times {
        if let Some(count) = counts.get_mut(rng.below(times)) {
            *count += 1.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_group_tells_nothing_of_groups() {
        assert_eq!(Sampling::of(1, Some(&[0, 0, 0])).method(), "bootstrap");
        assert_eq!(Sampling::of(1, Some(&[0, 1, 0])).method(), "group_bootstrap");
        assert_eq!(Sampling::of(1, None).method(), "bootstrap");
    }

    #[test]
    fn a_group_is_drawn_whole() {
        let groups = [0, 0, 1, 2, 2, 2];
        let sampling = Sampling { seed: 1, groups: Some(&groups) };
        let mut rng = Rng::new(1, "test");
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..200 {
            let mut counts = [9.0; 6];
            sampling.draw(&mut rng, &mut counts);
            assert_eq!(counts[0].to_bits(), counts[1].to_bits());
            assert!(
                counts[3].to_bits() == counts[4].to_bits()
                    && counts[4].to_bits() == counts[5].to_bits()
            );
            assert!(
                (counts[0] + counts[2] + counts[3] - 3.0).abs() < 1e-12,
                "three groups are drawn"
            );
            seen.insert(counts[0].to_bits());
        }
        assert!(seen.len() > 2, "the same group may be drawn twice or not at all");
    }
}
