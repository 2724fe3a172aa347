//! Questions about what was used.

use serde::Serialize;

/// Which usage is asked for; everything by default.
#[derive(Debug, Clone, Default)]
pub struct UsageQuery {
    /// Only this key.
    pub key: Option<String>,
    /// Only keys of this tenant.
    pub tenant: Option<String>,
    /// From this day on, `2026-11-23` in UTC.
    pub from: Option<String>,
    /// Up to and with this day.
    pub to: Option<String>,
}

impl UsageQuery {
    /// Everything of one key.
    pub fn of_key(key: impl Into<String>) -> Self {
        Self { key: Some(key.into()), ..Self::default() }
    }
}

/// What a key used of a model on one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DayUsage {
    /// `2026-11-23`, in UTC.
    pub day: String,
    /// The key's id.
    pub key: String,
    /// The key's tenant.
    pub tenant: String,
    /// The model; empty for requests that reached none.
    pub model: String,
    /// Its version.
    pub version: String,
    /// Requests answered, whatever their status.
    pub requests: u64,
    /// Of these, with a status of 400 or more.
    pub failed: u64,
    /// Rows answered.
    pub rows: u64,
    /// Tokens that language models read.
    pub tokens_read: u64,
    /// Tokens that they wrote.
    pub tokens_written: u64,
}

/// What was used altogether.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct UsageTotal {
    /// Requests answered, whatever their status.
    pub requests: u64,
    /// Of these, with a status of 400 or more.
    pub failed: u64,
    /// Rows answered.
    pub rows: u64,
    /// Tokens that language models read.
    pub tokens_read: u64,
    /// Tokens that they wrote.
    pub tokens_written: u64,
}

impl UsageTotal {
    /// The sum of many days.
    pub fn of(days: &[DayUsage]) -> Self {
        days.iter().fold(Self::default(), |sum, day| Self {
            requests: sum.requests.saturating_add(day.requests),
            failed: sum.failed.saturating_add(day.failed),
            rows: sum.rows.saturating_add(day.rows),
            tokens_read: sum.tokens_read.saturating_add(day.tokens_read),
            tokens_written: sum.tokens_written.saturating_add(day.tokens_written),
        })
    }
}

/// One recorded request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordedEvent {
    /// When it was recorded, in milliseconds since the epoch.
    pub at_ms: i64,
    /// The request's id, as its answer told it.
    pub request_id: String,
    /// The key's id.
    pub key: String,
    /// The route's pattern.
    pub route: String,
    /// The model; empty when none answered.
    pub model: String,
    /// Its version.
    pub version: String,
    /// The HTTP status.
    pub status: u16,
    /// Rows answered.
    pub rows: u64,
    /// Tokens that language models read.
    pub tokens_read: u64,
    /// Tokens that they wrote.
    pub tokens_written: u64,
}

/// One act of an administrator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Act {
    /// When, in milliseconds since the epoch.
    pub at_ms: i64,
    /// Who: a key's id, or `local` for the command line.
    pub actor: String,
    /// What: `key.create`, `key.revoke`.
    pub act: String,
    /// On what: a key's id.
    pub subject: String,
    /// Circumstances, never a secret.
    pub detail: String,
}
