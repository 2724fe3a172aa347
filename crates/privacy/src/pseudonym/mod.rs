//! Text transforms and consistent pseudonyms.

mod ff1;
mod table;
mod text;

pub use table::Pseudonyms;
pub use text::{TextAction, TextProtector};
