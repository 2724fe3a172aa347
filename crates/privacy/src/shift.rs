//! Dates moved by a person's own number of days.
//!
//! The shift is HMAC-SHA-256 (RFC 2104) under the hash key over a label, the largest shift and the person's text, taken modulo 2·days: one of
//! −days … −1, 1 … days, never 0. All dates of a person move together in every column, so what lies between them stays; the
//! key holder, who knows the person, moves them back. The bias of the remainder is below 2⁻⁴⁷ for any setting.

use crate::calendar::Day;
use crate::cells::each;
use crate::messages::DATE_UNREADABLE;
use crate::token::ColumnKeys;
use arrow::array::{ArrayRef, StringBuilder};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use hmac::{Hmac, KeyInit as _, Mac as _};
use ingot_base::{Fault, Personal, Result, fault};
use sha2::Sha256;
use std::sync::Arc;

const LABEL: &[u8] = b"ingot date shift v1";

/// Shifts of persons under one key.
pub(crate) struct Shifter {
    mac: Hmac<Sha256>,
    days: u32,
}

impl Shifter {
    /// `days` is the largest shift, at least 1.
    pub(crate) fn new(keys: &ColumnKeys, days: u32) -> Result<Self> {
        keys.check()?;
        let mut mac = Hmac::<Sha256>::new_from_slice(keys.hash.expose())
            .map_err(|_| fault::internal("a hash key of the wrong length"))?;
        mac.update(LABEL);
        mac.update(&days.to_be_bytes());
        Ok(Self { mac, days: days.max(1) })
    }

    /// Days that this person's dates move by.
    pub(crate) fn of(&self, person: &str) -> i64 {
        let mut mac = self.mac.clone();
        mac.update(person.as_bytes());
        let bytes = mac.finalize().into_bytes();
        let number = bytes.iter().take(8).fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        let days = i64::from(self.days);
        let step = i64::try_from(number % (2 * u64::from(self.days))).unwrap_or(0);
        // 0 … days−1 go back, the others forth.
        if step < days { step - days } else { step - days + 1 }
    }

    /// A column of dates with its persons: the dates, and how many had no person or could not be read.
    ///
    /// Days stay days and instants instants at midnight; text becomes `YYYY-MM-DD`.
    pub(crate) fn column(&self, dates: &ArrayRef, persons: &ArrayRef) -> Result<(ArrayRef, u64)> {
        let mut shifts = Vec::with_capacity(persons.len());
        each(persons, false, &mut |cell| {
            shifts.push(cell.map(|person| self.of(person)));
            Ok(())
        })?;
        let mut out = StringBuilder::with_capacity(dates.len(), dates.len() * 10);
        let (mut row, mut unreadable) = (0_usize, 0_u64);
        each(dates, true, &mut |cell| {
            let shift = shifts.get(row).copied().flatten();
            row += 1;
            let moved = cell.zip(shift).and_then(|(date, by)| moved(date, by));
            unreadable += u64::from(cell.is_some() && moved.is_none());
            out.append_option(moved);
            Ok(())
        })?;
        let text: ArrayRef = Arc::new(out.finish());
        let output = output_type(dates.data_type());
        let column = cast(&text, &output)
            .map_err(|error| fault::internal("moved dates that are no dates").because(error))?;
        Ok((column, unreadable))
    }
}

/// A date in a text, moved; `None` when it is none or leaves the years 1 to 9999.
fn moved(date: &str, by: i64) -> Option<String> {
    let day = Day::from_epoch(Day::parse(date)?.to_epoch() + by);
    (1..=9999).contains(&day.year).then(|| {
        let mut out = String::with_capacity(10);
        day.write(&mut out);
        out
    })
}

/// The type afterwards: days and instants stay what they are, anything else becomes text.
pub(crate) fn output_type(input: &DataType) -> DataType {
    match crate::cells::values_of(input) {
        DataType::Date32 => DataType::Date32,
        DataType::Date64 => DataType::Date64,
        DataType::Timestamp(unit, _) => DataType::Timestamp(*unit, None),
        _ => DataType::Utf8,
    }
}

/// The date that a moved date was, for whoever holds the keys and knows the person; `days` as in the rule.
///
/// # Errors
/// When the text is no date, or a key has the wrong length.
pub fn unshift_date(
    keys: &ColumnKeys,
    days: u32,
    person: &Personal<String>,
    date: &str,
) -> Result<Personal<String>> {
    let shifter = Shifter::new(keys, days)?;
    let by = shifter.of(person.expose());
    moved(date, -by).map(Personal::new).ok_or_else(|| Fault::new(&DATE_UNREADABLE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ingot_base::Secret;

    #[test]
    fn shifts_are_spread_evenly_and_never_nothing() {
        let keys = ColumnKeys { encrypt: Secret::new(vec![7; 64]), hash: Secret::new(vec![9; 32]) };
        let shifter = Shifter::new(&keys, 3).unwrap();
        let mut seen = std::collections::BTreeMap::<i64, u32>::new();
        for person in 0..6_000 {
            *seen.entry(shifter.of(&person.to_string())).or_default() += 1;
        }
        assert_eq!(seen.keys().copied().collect::<Vec<_>>(), [-3, -2, -1, 1, 2, 3]);
        assert!(seen.values().all(|count| (850..1150).contains(count)), "{seen:?}");
    }
}
