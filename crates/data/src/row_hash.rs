//! Hashes of rows, to find equal ones.

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, StringArray};
use arrow::buffer::{Buffer, NullBuffer};
use arrow::error::ArrowError;
use arrow::row::{RowConverter, SortField};
use std::ops::Range;
use twox_hash::XxHash3_128;

/// Rows that are laid out at once: their bytes stay in a processor's cache.
const BLOCK: usize = 512;
/// Bytes of a number, and of a text's length.
const SLOT: usize = 8;

/// 128-bit XXH3 of each row; rows are equal where all their values are, bit by bit, or missing in both. Columns must be of one length. Two
/// different rows collide with a chance of about n²/2¹²⁹: 10⁻²⁵ for five million rows.
pub(crate) fn row_hashes(columns: &[ArrayRef]) -> Result<Vec<u128>, ArrowError> {
    match columns.iter().map(Column::of).collect::<Option<Vec<_>>>() {
        Some(plain) => Ok(laid_out(&plain, columns.first().map_or(0, Array::len))),
        None => converted(columns),
    }
}

/// A column whose values are laid out here.
enum Column {
    /// Values of so many bytes each.
    Number(usize, Buffer, Option<NullBuffer>),
    Truth(BooleanArray),
    Text(StringArray),
}

impl Column {
    /// `None` of a type that only Arrow lays out.
    fn of(array: &ArrayRef) -> Option<Self> {
        if let Some(texts) = array.as_string_opt::<i32>() {
            return Some(Self::Text(texts.clone()));
        }
        if let Some(truths) = array.as_boolean_opt() {
            return Some(Self::Truth(truths.clone()));
        }
        let width = array.data_type().primitive_width().filter(|width| *width <= SLOT)?;
        let data = array.to_data();
        let values = data.buffers().first()?;
        let values = values.slice_with_length(data.offset() * width, data.len() * width);
        Some(Self::Number(width, values, data.nulls().cloned()))
    }

    fn nulls(&self) -> Option<&NullBuffer> {
        match self {
            Self::Number(_, _, nulls) => nulls.as_ref(),
            Self::Truth(truths) => truths.nulls(),
            Self::Text(texts) => texts.nulls(),
        }
    }

    /// Writes the slots of a block of rows, `at` bytes into each.
    fn fill(&self, rows: &Range<usize>, block: &mut [u8], stride: usize, at: usize) {
        let slots = block.chunks_exact_mut(stride).filter_map(|row| row.get_mut(at..at + SLOT));
        match self {
            Self::Number(width, values, _) => {
                let values = values.get(rows.start * width..rows.end * width).unwrap_or_default();
                // One width known to the compiler is one move.
                if *width == SLOT {
                    for (slot, value) in slots.zip(values.chunks_exact(SLOT)) {
                        slot.copy_from_slice(value);
                    }
                } else {
                    for (slot, value) in slots.zip(values.chunks_exact(*width)) {
                        slot.iter_mut().zip(value).for_each(|(to, byte)| *to = *byte);
                    }
                }
            }
            Self::Truth(truths) => {
                for (slot, row) in slots.zip(rows.clone()) {
                    slot.copy_from_slice(&u64::from(truths.value(row)).to_le_bytes());
                }
            }
            Self::Text(texts) => {
                for (slot, row) in slots.zip(rows.clone()) {
                    slot.copy_from_slice(&(texts.value(row).len() as u64).to_le_bytes());
                }
            }
        }
    }
}

/// Of each row which values there are, then a slot for each column, then the texts: no two different rows are the same bytes.
fn laid_out(columns: &[Column], count: usize) -> Vec<u128> {
    let marks = columns.len().div_ceil(8);
    let head = marks.next_multiple_of(SLOT);
    let stride = head + columns.len() * SLOT;
    let texts: Vec<&StringArray> = columns.iter().filter_map(text).collect();
    let (mut hashes, mut whole) = (Vec::with_capacity(count), Vec::new());
    let mut block = vec![0; BLOCK.min(count) * stride];
    for start in (0..count).step_by(BLOCK) {
        let rows = start..count.min(start + BLOCK);
        block.truncate(rows.len() * stride);
        for (index, column) in columns.iter().enumerate() {
            column.fill(&rows, &mut block, stride, head + index * SLOT);
        }
        mark(columns, &rows, &mut block, stride);
        for (row, laid) in rows.zip(block.chunks_exact(stride)) {
            if texts.is_empty() {
                hashes.push(XxHash3_128::oneshot(laid));
                continue;
            }
            whole.clear();
            whole.extend_from_slice(laid);
            for text in texts.iter().filter(|text| text.is_valid(row)) {
                whole.extend_from_slice(text.value(row).as_bytes());
            }
            hashes.push(XxHash3_128::oneshot(&whole));
        }
    }
    hashes
}

fn text(column: &Column) -> Option<&StringArray> {
    match column {
        Column::Text(texts) => Some(texts),
        _ => None,
    }
}

/// Writes which values of each row are there, a bit each; the slots of others become zero.
fn mark(columns: &[Column], rows: &Range<usize>, block: &mut [u8], stride: usize) {
    let head = columns.len().div_ceil(8).next_multiple_of(SLOT);
    for row in block.chunks_exact_mut(stride) {
        row.iter_mut().take(head).for_each(|byte| *byte = u8::MAX);
    }
    for (index, column) in columns.iter().enumerate() {
        let Some(nulls) = column.nulls().filter(|nulls| nulls.null_count() > 0) else { continue };
        for (laid, _) in
            block.chunks_exact_mut(stride).zip(rows.clone()).filter(|(_, row)| nulls.is_null(*row))
        {
            if let Some(byte) = laid.get_mut(index / 8) {
                *byte &= !(1 << (index % 8));
            }
            let at = head + index * SLOT;
            if let Some(slot) = laid.get_mut(at..at + SLOT) {
                slot.fill(0);
            }
        }
    }
}

/// The same by Arrow's own layout of rows.
fn converted(columns: &[ArrayRef]) -> Result<Vec<u128>, ArrowError> {
    let fields = columns.iter().map(|column| SortField::new(column.data_type().clone())).collect();
    let converter = RowConverter::new(fields)?;
    let count = columns.first().map_or(0, Array::len);
    let mut hashes = Vec::with_capacity(count);
    let mut rows = converter.empty_rows(0, 0);
    for start in (0..count).step_by(BLOCK) {
        let length = BLOCK.min(count - start);
        let part: Vec<ArrayRef> =
            columns.iter().map(|column| column.slice(start, length)).collect();
        rows.clear();
        converter.append(&mut rows, &part)?;
        hashes.extend(rows.iter().map(|row| XxHash3_128::oneshot(row.as_ref())));
    }
    Ok(hashes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Date32Array, Float64Array, Int64Array};
    use proptest::prelude::*;
    use std::sync::Arc;

    type Row =
        (Option<i64>, Option<f64>, Option<String>, Option<bool>, Option<i32>, Option<String>);

    fn row() -> impl Strategy<Value = Row> {
        let number = prop_oneof![Just(0.0), Just(-0.0), Just(1.5), Just(f64::NAN)];
        let text = || {
            prop::option::of(prop_oneof![Just(""), Just("a"), Just("ab"), Just("b"), Just("退")])
        };
        (
            prop::option::of(0_i64..3),
            prop::option::of(number),
            text().prop_map(|text| text.map(str::to_owned)),
            prop::option::of(any::<bool>()),
            prop::option::of(0_i32..2),
            text().prop_map(|text| text.map(str::to_owned)),
        )
    }

    fn columns(rows: &[Row]) -> Vec<ArrayRef> {
        vec![
            Arc::new(rows.iter().map(|row| row.0).collect::<Int64Array>()),
            Arc::new(rows.iter().map(|row| row.1).collect::<Float64Array>()),
            Arc::new(rows.iter().map(|row| row.2.clone()).collect::<StringArray>()),
            Arc::new(rows.iter().map(|row| row.3).collect::<BooleanArray>()),
            Arc::new(rows.iter().map(|row| row.4).collect::<Date32Array>()),
            Arc::new(rows.iter().map(|row| row.5.clone()).collect::<StringArray>()),
        ]
    }

    /// For each row the first that equals it.
    fn first_equal(hashes: &[u128]) -> Vec<Option<usize>> {
        hashes.iter().map(|hash| hashes.iter().position(|other| other == hash)).collect()
    }

    proptest! {
        #[test]
        fn rows_are_equal_where_arrow_finds_them_equal(rows in prop::collection::vec(row(), 0..60), skipped in 0_usize..5) {
            let all = columns(&rows);
            let skipped = skipped.min(rows.len());
            // Pieces of arrays begin within a buffer and within a byte of marks.
            let part: Vec<ArrayRef> = all.iter().map(|column| column.slice(skipped, rows.len() - skipped)).collect();
            let hashes = row_hashes(&part).unwrap();
            prop_assert_eq!(first_equal(&hashes), first_equal(&converted(&part).unwrap()));
            prop_assert_eq!(&hashes[..], &row_hashes(&all).unwrap()[skipped..]);
        }
    }

    #[test]
    fn blocks_are_whole_and_what_is_missing_hides_no_value() {
        let numbers = || (0..1300_i64).map(|number| (number % 700 != 3).then_some(number % 700));
        let hashes = row_hashes(&[Arc::new(numbers().collect::<Int64Array>())]).unwrap();
        assert_eq!(hashes.len(), 1300);
        assert_eq!((hashes[0], hashes[599], hashes[3]), (hashes[700], hashes[1299], hashes[703]));
        assert_ne!(hashes[0], hashes[3], "missing is not zero");
        let missing: ArrayRef = Arc::new(Int64Array::from(vec![None, None]));
        let wide: Vec<ArrayRef> = (0..9).map(|_| Arc::clone(&missing)).collect();
        let mut other = wide.clone();
        other[8] = Arc::new(Int64Array::from(vec![Some(0), None]));
        assert_ne!(row_hashes(&wide).unwrap()[0], row_hashes(&other).unwrap()[0]);
        assert_eq!(row_hashes(&wide).unwrap()[1], row_hashes(&other).unwrap()[1]);
    }

    #[test]
    fn types_of_another_layout_are_told_apart_too() {
        let values = StringArray::from(vec!["a", "b"]);
        let keys = arrow::array::Int32Array::from(vec![0, 1, 0]);
        let words = arrow::array::DictionaryArray::try_new(keys, Arc::new(values)).unwrap();
        let hashes = row_hashes(&[Arc::new(words)]).unwrap();
        assert_eq!(first_equal(&hashes), [Some(0), Some(1), Some(0)]);
    }
}
