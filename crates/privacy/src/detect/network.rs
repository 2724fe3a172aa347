//! A larger model of names than our own, plugged in. What runs it is another room's matter.

use super::finding::{Finding, Kind, Why};
use ingot_base::Result;
use std::fmt::Debug;
use std::ops::Range;

/// Something that a plugged-in model named.
#[derive(Debug, Clone, PartialEq)]
pub struct Named {
    /// The type.
    pub kind: Kind,
    /// Where it stands in the text, in bytes.
    pub place: Range<usize>,
    /// Confidence, 0 to 1.
    pub score: f32,
}

/// A model that names persons, places and what else it knows. Asked from many threads at once.
pub trait NameModel: Debug + Send + Sync {
    /// Everything that it names in a text, in order, none overlapping another.
    ///
    /// # Errors
    /// When the model fails: a text that it did not read is not known to be free of names.
    fn name(&self, text: &str) -> Result<Vec<Named>>;
}

/// What a model named, as findings. Places that are none of the text are left out.
pub(crate) fn findings(text: &str, named: Vec<Named>) -> Vec<Finding> {
    let (mut found, mut characters, mut bytes) = (Vec::with_capacity(named.len()), 0, 0);
    for Named { kind, place, score } in named {
        let (Some(before), Some(inside)) = (text.get(bytes..place.start), text.get(place.clone()))
        else {
            continue;
        };
        let start = characters + before.chars().count();
        let end = start + inside.chars().count();
        (characters, bytes) = (end, place.end);
        if start < end {
            found.push(Finding::new(kind, (start, end), score, vec![Why::Network]));
        }
    }
    super::names::sift_named(text, &mut found);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_become_characters_and_places_outside_are_left_out() {
        let text = "张伟 and Ann";
        let named = |place: Range<usize>| Named { kind: Kind::Person, place, score: 0.9 };
        let found = findings(text, vec![named(0..6), named(1..2), named(11..14), named(11..99)]);
        let places: Vec<_> = found.iter().map(|one| (one.start, one.end)).collect();
        assert_eq!(places, [(0, 2), (7, 10)]);
        assert_eq!(found[0].why, [Why::Network]);
    }

    #[test]
    fn a_person_that_is_a_term_is_nobody() {
        let text = "张伟口服华法林 for Graves' disease, says Dr. Graves";
        let place = |word: &str, from: usize| {
            let start = from + text.get(from..).and_then(|rest| rest.find(word)).unwrap();
            Named { kind: Kind::Person, place: start..start + word.len(), score: 0.9 }
        };
        let second = text.find("Dr.").unwrap();
        let named =
            [place("张伟", 0), place("华法林", 0), place("Graves", 0), place("Graves", second)];
        let found = findings(text, named.to_vec());
        let starts: Vec<_> = found.iter().map(|one| one.start).collect();
        assert_eq!(starts, [0, text.chars().count() - 6]);
    }
}
