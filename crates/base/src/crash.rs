//! Crashes are inputs: named points at which a test makes the process die as `kill -9` would.

use std::sync::OnceLock;

/// Dies here without any clean-up when the environment variable `INGOT_CRASH_POINT` names this point, or names it
/// with a count (`seal-publish:2` dies at the second passage). Does nothing otherwise.
pub fn point(name: &str) {
    static PLAN: OnceLock<Option<Plan>> = OnceLock::new();
    let plan =
        PLAN.get_or_init(|| std::env::var("INGOT_CRASH_POINT").ok().map(|text| Plan::parse(&text)));
    if let Some(plan) = plan {
        plan.pass(name);
    }
}

#[derive(Debug)]
struct Plan {
    name: String,
    left: std::sync::atomic::AtomicUsize,
}

impl Plan {
    fn parse(text: &str) -> Self {
        let (name, count) = text.rsplit_once(':').unwrap_or((text, "1"));
        Self { name: name.to_owned(), left: count.parse().unwrap_or(1).into() }
    }

    fn pass(&self, name: &str) {
        use std::sync::atomic::Ordering;
        if name == self.name && self.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            std::process::abort();
        }
    }
}
