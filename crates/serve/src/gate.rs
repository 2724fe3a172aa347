//! Who may ask: API keys, scopes, token buckets; and what an answered request leaves in the ledger.

use crate::config::Rate;
use crate::messages::{KEY_MISSING, RATE, SCOPE_MISSING};
use crate::problem::Problem;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use ingot_base::Fault;
use ingot_ledger::{Event, Ledger, Principal, Recorder, Scope};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const SECOND: u64 = 1_000_000_000;
const CENTURY: u64 = 100 * 365 * 86_400 * SECOND;

/// Lets everybody in, or holders of keys.
#[derive(Debug)]
pub(crate) enum Gate {
    Open,
    Governed(Governed),
}

#[derive(Debug)]
pub(crate) struct Governed {
    pub(crate) ledger: Ledger,
    pub(crate) recorder: Recorder,
    pub(crate) limiter: Limiter,
}

impl Gate {
    /// Whoever asks, if the key is valid and may do this. `recorded` says that the ledger will be asked again before the answer
    /// leaves; without it, it is asked now.
    pub(crate) async fn admit(
        &self,
        headers: &HeaderMap,
        scope: Scope,
        recorded: bool,
    ) -> Result<Option<Arc<Principal>>, Problem> {
        let Self::Governed(governed) = self else { return Ok(None) };
        let Some(token) = token(headers) else {
            return Err(challenge(
                Problem::new(Fault::new(&KEY_MISSING)),
                "Bearer realm=\"ingot\"",
            ));
        };
        let found = if recorded {
            governed.ledger.authenticate(token).await
        } else {
            governed.ledger.authenticate_now(token).await
        };
        let principal = found.map_err(ledger_problem)?;
        if principal.may(scope) {
            return Ok(Some(principal));
        }
        let problem = Problem::new(Fault::new(&SCOPE_MISSING).arg("scope", scope));
        Err(challenge(problem, "Bearer realm=\"ingot\", error=\"insufficient_scope\""))
    }

    /// Takes one request from the key's bucket; what is left goes into the answer's headers.
    pub(crate) fn throttle(&self, principal: Option<&Principal>) -> Result<Option<Quota>, Problem> {
        let (Self::Governed(governed), Some(principal)) = (self, principal) else {
            return Ok(None);
        };
        let own = principal.rate_per_minute.map(Rate::per_minute);
        let Some(rate) = own.or(governed.limiter.default) else {
            return Ok(None);
        };
        let quota = governed.limiter.take(&principal.key, rate);
        if quota.wait_ns == 0 {
            return Ok(Some(quota));
        }
        let fault = Fault::new(&RATE).arg("limit", quota.limit).arg("seconds", quota.window());
        let mut problem = Problem::new(fault).retry_after(quota.wait_ns.div_ceil(SECOND));
        for (name, value) in quota.headers() {
            problem = problem.header(name, value);
        }
        Err(problem)
    }

    /// Returns when the request is on disk; the answer must wait for it.
    pub(crate) async fn record(&self, event: Event) -> Result<(), Problem> {
        match self {
            Self::Open => Ok(()),
            Self::Governed(governed) => {
                governed.recorder.record(event).await.map_err(ledger_problem)
            }
        }
    }
}

/// A fault of the ledger as clients see it.
fn ledger_problem(fault: Fault) -> Problem {
    match fault.message().status {
        401 => challenge(Problem::new(fault), "Bearer realm=\"ingot\", error=\"invalid_token\""),
        503 => Problem::new(fault).retry_after(1),
        _ => Problem::new(fault),
    }
}

fn challenge(problem: Problem, value: &'static str) -> Problem {
    problem.header(header::WWW_AUTHENTICATE, HeaderValue::from_static(value))
}

/// The token of `Authorization: Bearer` or `X-API-Key`.
fn token(headers: &HeaderMap) -> Option<&str> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        return scheme.eq_ignore_ascii_case("bearer").then(|| token.trim());
    }
    headers.get(X_API_KEY)?.to_str().ok().map(str::trim)
}

/// Token buckets, one for each key, that refill evenly. Counted per server.
#[derive(Debug)]
pub(crate) struct Limiter {
    begun: Instant,
    default: Option<Rate>,
    buckets: RwLock<HashMap<Arc<str>, Arc<Bucket>>>,
}

/// A bucket by the generic cell rate algorithm (ITU-T I.371): one number, the time at which it would be full again.
#[derive(Debug, Default)]
struct Bucket(AtomicU64);

/// What a bucket answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quota {
    limit: u32,
    /// In which an empty bucket becomes full.
    window_ns: u64,
    remaining: u64,
    /// Until the bucket is full again.
    reset_ns: u64,
    /// Until one request fits again; 0 when this one did.
    wait_ns: u64,
}

impl Limiter {
    pub(crate) fn new(default: Option<Rate>) -> Self {
        Self { begun: Instant::now(), default, buckets: RwLock::default() }
    }

    fn take(&self, key: &Arc<str>, rate: Rate) -> Quota {
        let known = self.buckets.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned();
        let bucket = known.unwrap_or_else(|| {
            let mut buckets = self.buckets.write().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(buckets.entry(Arc::clone(key)).or_default())
        });
        let now = u64::try_from(self.begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
        bucket.take(rate, now)
    }
}

impl Bucket {
    fn take(&self, rate: Rate, now_ns: u64) -> Quota {
        let burst = u64::from(rate.burst.max(1));
        let interval = u64::try_from(rate.interval.as_nanos()).unwrap_or(u64::MAX);
        // A bucket takes a century at most to become full, so that the sums below stay in range.
        let interval = interval.clamp(1, CENTURY / burst);
        let capacity = interval * burst;
        let mut wait_ns = 0;
        let mut full_at = 0;
        let next = |full: u64| {
            let after = full.max(now_ns) + interval;
            wait_ns = (after - now_ns).saturating_sub(capacity);
            full_at = if wait_ns == 0 { after } else { full.max(now_ns) };
            (wait_ns == 0).then_some(after)
        };
        // A refusal leaves the bucket as it is.
        let _ = self.0.fetch_update(Relaxed, Relaxed, next);
        let reset_ns = full_at - now_ns;
        Quota {
            limit: rate.burst,
            window_ns: capacity,
            remaining: capacity.saturating_sub(reset_ns) / interval,
            reset_ns,
            wait_ns,
        }
    }
}

impl Quota {
    /// The seconds in which an empty bucket becomes full.
    fn window(&self) -> u64 {
        self.window_ns.div_ceil(SECOND)
    }

    /// The fields of draft-ietf-httpapi-ratelimit-headers: the current two, and the three of its earlier versions that
    /// clients know.
    pub(crate) fn headers(&self) -> [(HeaderName, HeaderValue); 5] {
        let text = |text: String| {
            HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
        };
        let reset = self.reset_ns.div_ceil(SECOND);
        let name = HeaderName::from_static;
        [
            (
                name("ratelimit-policy"),
                text(format!("\"key\";q={};w={}", self.limit, self.window())),
            ),
            (name("ratelimit"), text(format!("\"key\";r={};t={reset}", self.remaining))),
            (name("ratelimit-limit"), HeaderValue::from(self.limit)),
            (name("ratelimit-remaining"), HeaderValue::from(self.remaining)),
            (name("ratelimit-reset"), HeaderValue::from(reset)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_holds_a_minutes_requests_and_refills_evenly() {
        let (bucket, minute) = (Bucket::default(), Rate::per_minute(3));
        for left in (0..3).rev() {
            let quota = bucket.take(minute, 0);
            assert_eq!((quota.remaining, quota.wait_ns), (left, 0));
        }
        assert_eq!(bucket.take(minute, 0).wait_ns, 20 * SECOND);
        assert_eq!(bucket.take(minute, 19 * SECOND).wait_ns, SECOND);
        let quota = bucket.take(minute, 20 * SECOND);
        assert_eq!((quota.wait_ns, quota.remaining, quota.reset_ns), (0, 0, 60 * SECOND));
        assert_eq!(bucket.take(minute, 20 * SECOND).wait_ns, 20 * SECOND);
        assert_eq!(
            bucket.take(minute, 1000 * SECOND).remaining,
            2,
            "a full bucket does not overflow"
        );
    }

    #[test]
    fn a_bucket_may_hold_other_than_a_minutes_requests() {
        let (bucket, rate) = (Bucket::default(), Rate::per_second(0.5, 2));
        assert_eq!((bucket.take(rate, 0).remaining, bucket.take(rate, 0).remaining), (1, 0));
        let refused = bucket.take(rate, 0);
        assert_eq!((refused.wait_ns, refused.limit, refused.window()), (2 * SECOND, 2, 4));
        assert_eq!(bucket.take(rate, 2 * SECOND).wait_ns, 0);
        let (bucket, once) = (Bucket::default(), Rate::per_second(1e-300, 2));
        let waits = [1, 1, 1].map(|now| bucket.take(once, now).wait_ns);
        assert_eq!(waits, [0, 0, CENTURY / 2]);
    }

    #[test]
    fn a_token_is_found_in_either_header() {
        let mut headers = HeaderMap::new();
        assert_eq!(token(&headers), None);
        headers.insert(X_API_KEY, HeaderValue::from_static(" ik_a_b "));
        assert_eq!(token(&headers), Some("ik_a_b"));
        headers.insert(header::AUTHORIZATION, HeaderValue::from_static("bearer ik_c_d"));
        assert_eq!(token(&headers), Some("ik_c_d"));
        headers.insert(header::AUTHORIZATION, HeaderValue::from_static("Basic eDp5"));
        assert_eq!(token(&headers), None);
    }
}
