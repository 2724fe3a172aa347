//! Request ids: UUID version 7 (RFC 9562), sortable by time.

use ingot_base::Clock;
use std::cell::RefCell;
use std::time::Instant;

/// Random bytes fetched from the system at once.
const STOCK: usize = 1000;
const RANDOM: usize = 10;

/// Makes ids. The clock is read once: later times come from the monotonic clock, which costs less and never steps back.
#[derive(Debug)]
pub(crate) struct Ids {
    start_ms: u64,
    begun: Instant,
}

impl Ids {
    pub(crate) fn new(clock: &dyn Clock) -> Self {
        Self { start_ms: u64::try_from(clock.now_ms()).unwrap_or_default(), begun: Instant::now() }
    }

    /// A new id in its usual text form.
    pub(crate) fn next(&self) -> std::sync::Arc<str> {
        let since = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or_default();
        let random = random();
        let id =
            uuid::Builder::from_unix_timestamp_millis(self.start_ms.saturating_add(since), &random);
        let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
        std::sync::Arc::from(&*id.into_uuid().as_hyphenated().encode_lower(&mut text))
    }

    /// A number nobody can guess.
    pub(crate) fn chance(&self) -> u64 {
        random().iter().fold(self.start_ms, |sum, byte| (sum << 8) ^ u64::from(*byte))
    }
}

fn random() -> [u8; RANDOM] {
    thread_local! {
        static BYTES: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }
    BYTES.with_borrow_mut(|bytes| {
        if bytes.len() < RANDOM {
            bytes.resize(STOCK, 0);
            if getrandom::fill(bytes).is_err() {
                // No randomness is no reason to refuse service: the time still tells ids apart, mostly.
                bytes.fill(0);
            }
        }
        let rest = bytes.len() - RANDOM;
        let mut random = [0; RANDOM];
        for (byte, taken) in random.iter_mut().zip(bytes.drain(rest..)) {
            *byte = taken;
        }
        random
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ingot_base::FixedClock;

    #[test]
    fn ids_are_version_7_with_the_clocks_time_and_differ() {
        let ids = Ids::new(&FixedClock(1_795_420_799_000));
        let all: std::collections::BTreeSet<_> = (0..5000).map(|_| ids.next()).collect();
        assert_eq!(all.len(), 5000);
        for id in all {
            let id: uuid::Uuid = id.parse().unwrap();
            assert_eq!(id.get_version_num(), 7);
            let (seconds, _) = id.get_timestamp().unwrap().to_unix();
            assert!((1_795_420_799..1_795_420_899).contains(&seconds));
        }
    }
}
