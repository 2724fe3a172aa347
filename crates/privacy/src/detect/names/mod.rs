//! Names, places, organisations and addresses: word lists, grammar and a small linear model of our own.

mod chains;
mod chinese;
mod compound;
mod english;
mod english_words;
mod lexicon;
mod linear;
mod mixed;
mod ordinary;
mod places_en;
mod places_zh;
mod stops_zh;
mod street_words;
mod terms;
mod tokens;
#[cfg(feature = "train")]
pub mod train;

pub(crate) use chinese::{ends_name, family_name};
pub(crate) use english_words::TITLES;
pub(crate) use ordinary::is_word;
pub(crate) use terms::TITLES as TITLES_ZH;
pub(super) use terms::sift_named;

use super::finding::Finding;
use super::normal::Text;

/// Reports what is found in Chinese (`languages.0`) and English (`languages.1`).
pub(crate) fn find(text: &Text<'_>, languages: (bool, bool), found: &mut Vec<Finding>) {
    if languages.0 && !text.is_ascii() {
        let first = found.len();
        chinese::persons(text, found);
        terms::sift(text, first, found);
        chains::find(text, first, found);
        places_zh::addresses(text, found);
        places_zh::organizations(text, first, found);
    }
    if languages.1 {
        english::find(text, found);
        places_en::addresses(text, found);
        mixed::find(text, found);
    }
}
