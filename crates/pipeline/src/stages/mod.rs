//! One file a stage: the recipe's part in, the room's own configuration made, the room's work done, its evidence kept.

pub(crate) mod anonymity;
pub(crate) mod clean;
pub(crate) mod columns;
pub(crate) mod compress;
pub(crate) mod explain;
pub(crate) mod features;
pub(crate) mod head;
pub(crate) mod maps;
pub(crate) mod membership;
pub(crate) mod protect;
pub(crate) mod quants;
pub(crate) mod seal;
pub(crate) mod sft;
pub(crate) mod split;
pub(crate) mod texts;
pub(crate) mod train;
pub(crate) mod words;

use ingot_base::{Lang, Result, atomic, fault};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::path::Path;

/// Figures as JSON for a record.
pub(crate) fn to_value<T: Serialize>(value: &T) -> Result<Value> {
    serde_json::to_value(value)
        .map_err(|error| fault::internal("figures without a JSON form").because(error))
}

/// Figures out of a record.
pub(crate) fn from_value<T: DeserializeOwned>(value: &Value) -> Result<T> {
    T::deserialize(value).map_err(|error| {
        fault::internal("a stage record of another version of Ingot; delete .ingot and run again")
            .because(error)
    })
}

/// Writes a report page; both languages are inside, the reader switches.
pub(crate) fn write_page(folder: &Path, name: &str, page: &ingot_report::Page) -> Result<()> {
    atomic::write(&folder.join(name), page.html(Lang::En).as_bytes())
}
