//! A histogram of fixed buckets that threads share without locks.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Counts per bucket and the sum of all values.
#[derive(Debug)]
pub(crate) struct Histogram {
    /// Upper bounds, inclusive, rising; a last bucket without bound follows.
    bounds: &'static [f64],
    counts: Vec<AtomicU64>,
    /// Bits of an `f64`.
    sum: AtomicU64,
}

impl Histogram {
    pub(crate) fn new(bounds: &'static [f64]) -> Self {
        let counts = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Self { bounds, counts, sum: AtomicU64::new(0.0_f64.to_bits()) }
    }

    pub(crate) fn observe(&self, value: f64) {
        let bucket = self.bounds.partition_point(|bound| *bound < value);
        if let Some(count) = self.counts.get(bucket) {
            count.fetch_add(1, Relaxed);
        }
        let add = |bits| Some((f64::from_bits(bits) + value).to_bits());
        // The closure always gives a value, so the update succeeds.
        let _ = self.sum.fetch_update(Relaxed, Relaxed, add);
    }

    pub(crate) fn count(&self) -> u64 {
        self.counts.iter().map(|count| count.load(Relaxed)).sum()
    }

    /// Appends the series; `labels` is `a="b",` or empty.
    pub(crate) fn write(&self, out: &mut String, name: &str, labels: &str) {
        let mut total = 0;
        for (index, count) in self.counts.iter().enumerate() {
            total += count.load(Relaxed);
            // Writing to a string does not fail.
            let _ = match self.bounds.get(index) {
                Some(bound) => {
                    writeln!(out, "{name}_bucket{{{labels}le=\"{bound}\"}} {total}")
                }
                None => writeln!(out, "{name}_bucket{{{labels}le=\"+Inf\"}} {total}"),
            };
        }
        let sum = f64::from_bits(self.sum.load(Relaxed));
        let labels = labels.trim_end_matches(',');
        let braces = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
        let _ = writeln!(out, "{name}_sum{braces} {sum}\n{name}_count{braces} {total}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_on_a_bound_belongs_below_it() {
        let histogram = Histogram::new(&[1.0, 2.0]);
        for value in [0.5, 1.0, 1.5, 9.0] {
            histogram.observe(value);
        }
        let mut text = String::new();
        histogram.write(&mut text, "h", "m=\"x\",");
        assert_eq!(
            text,
            "h_bucket{m=\"x\",le=\"1\"} 2\nh_bucket{m=\"x\",le=\"2\"} 3\nh_bucket{m=\"x\",le=\"+Inf\"} 4\n\
             h_sum{m=\"x\"} 12\nh_count{m=\"x\"} 4\n"
        );
        assert_eq!(histogram.count(), 4);
    }
}
