//! Text transforms and consistent pseudonyms.

mod ff1;
mod format;
mod table;
mod text;

pub use format::FormatCipher;
pub use table::Pseudonyms;
pub use text::{TextAction, TextProtector};
