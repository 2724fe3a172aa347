//! The pictures that the rows of a table name: where they are, what is in them, and one digest of all.

use crate::convert;
use crate::messages::{IMAGE_CHANGED, IMAGE_DIGEST, IMAGES_LACKING};
use crate::project::Project;
use crate::run::Done;
use crate::stages::maps::spread;
use crate::stages::{features, split};
use arrow::array::RecordBatch;
use ingot_base::{Digest, Fault, Result, fault};
use ingot_image::{Limits, RgbImage};
use ingot_recipe::Format;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Among the inputs of a stage: the digest of all pictures of which the tables have none.
pub(crate) const CONTENT: &str = "pictures";

/// Where a batch's pictures are.
pub(crate) struct Pictures {
    folder: PathBuf,
    /// The address of the source and the path of each.
    spots: Vec<(String, String)>,
    digests: Vec<Option<Digest>>,
    places: Vec<(String, u64)>,
}

impl Pictures {
    pub(crate) fn of(project: &Project<'_>, batch: &RecordBatch) -> Result<Self> {
        let lacking = || Fault::new(&IMAGES_LACKING).at("source[0].format");
        let images = features::text(batch, ingot_data::IMAGE).ok_or_else(lacking)?;
        let places = features::places(batch)?;
        let uris: BTreeMap<&str, &str> = project
            .recipe()
            .sources
            .iter()
            .map(|source| (source.name.as_str(), source.uri.as_str()))
            .collect();
        let spots = images.iter().zip(&places).map(|(image, (source, _))| {
            let name = source.split('/').next().unwrap_or(source);
            let uri = uris.get(name).copied().unwrap_or_default();
            (uri.to_owned(), image.unwrap_or_default().to_owned())
        });
        let digests = match features::text(batch, ingot_data::DIGEST) {
            Some(digests) => {
                let cells = digests.iter().zip(&places);
                cells.map(|(cell, place)| known(cell, place)).collect::<Result<_>>()?
            }
            None => vec![None; places.len()],
        };
        let folder = project.source.folder().to_owned();
        Ok(Self { folder, spots: spots.collect(), digests, places })
    }

    /// Source and row of each.
    pub(crate) fn places(&self) -> &[(String, u64)] {
        &self.places
    }

    /// Indices of those that are not among the lost.
    pub(crate) fn readable(&self, lost: &BTreeSet<(String, u64)>) -> Vec<usize> {
        let places = self.places.iter().enumerate();
        places.filter(|(_, place)| !lost.contains(*place)).map(|(index, _)| index).collect()
    }

    pub(crate) fn place(&self, index: usize) -> Option<(String, u64)> {
        self.places.get(index).cloned()
    }

    /// The pixels, and a number that stands for the file's content.
    pub(crate) fn load(&self, index: usize) -> Result<(RgbImage, u64)> {
        let limits = Limits::default();
        let bytes = ingot_data::picture_bytes(&self.path(index)?, limits.bytes as u64)?;
        let digest = Digest::of(&bytes);
        if self.digests.get(index).copied().flatten().is_some_and(|known| known != digest) {
            return Err(Fault::new(&IMAGE_CHANGED));
        }
        let seed = digest.as_bytes().first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
        Ok((ingot_image::decode(&bytes, &limits)?, seed))
    }

    fn path(&self, index: usize) -> Result<PathBuf> {
        let spot = self.spots.get(index);
        let (uri, image) = spot.ok_or_else(|| fault::internal("a row without a picture"))?;
        ingot_data::image_path(&self.folder, uri, image)
    }

    /// Place and content of each picture of which the table has no digest; `None` of content that is not there, or more than is read.
    fn unsaid(&self) -> impl Iterator<Item = ((String, u64), Option<Digest>)> {
        let rows = self.places.iter().zip(&self.digests).enumerate();
        rows.filter(|(_, (_, known))| known.is_none()).map(move |(index, (place, _))| {
            let file = self.path(index).ok().filter(|file| is_read(file));
            (place.clone(), file.and_then(|file| Digest::of_file(&file).ok()))
        })
    }
}

/// Whether a file is no larger than [`Pictures::load`] reads.
fn is_read(file: &Path) -> bool {
    file.metadata().is_ok_and(|found| found.len() <= Limits::default().bytes as u64)
}

/// So many pictures, evenly over all that are not among the lost, which take nobody's place: of each batch its pictures, and the indices of
/// those chosen.
pub(crate) fn chosen(
    project: &Project<'_>,
    batches: &[RecordBatch],
    wanted: usize,
    lost: &BTreeSet<(String, u64)>,
) -> Result<Vec<(Pictures, Vec<usize>)>> {
    let of = |batch: &RecordBatch| -> Result<(Pictures, Vec<usize>)> {
        Ok((Pictures::of(project, batch)?, Vec::new()))
    };
    let mut parts = batches.iter().map(of).collect::<Result<Vec<_>>>()?;
    let indices = parts.iter().enumerate().flat_map(|(part, (pictures, _))| {
        pictures.readable(lost).into_iter().map(move |index| (part, index))
    });
    let all: Vec<(usize, usize)> = indices.collect();
    for &(part, index) in spread(all.len(), wanted).into_iter().filter_map(|at| all.get(at)) {
        if let Some((_, own)) = parts.get_mut(part) {
            own.push(index);
        }
    }
    Ok(parts)
}

/// The digest that a row has of its picture, if it has one.
fn known(cell: Option<&str>, (source, row): &(String, u64)) -> Result<Option<Digest>> {
    let Some(cell) = cell.filter(|cell| !cell.trim().is_empty()) else { return Ok(None) };
    let wrong = || Fault::new(&IMAGE_DIGEST).arg("row", row).arg("source", source);
    ingot_data::written_digest(cell).ok_or_else(wrong).map(Some)
}

/// One digest over all pictures of which the split's tables have none, in the order of source and row: what a table says of them is
/// the same when their files are replaced. `None` where the tables have all, as those of folders do.
pub(crate) fn content(project: &Project<'_>, parts: &Done) -> Result<Option<Digest>> {
    if project.recipe().sources.iter().all(|source| source.format == Some(Format::Images)) {
        return Ok(None);
    }
    let keys = convert::encryption(project);
    let columns = [ingot_data::IMAGE, ingot_data::SOURCE, ingot_data::ROW, ingot_data::DIGEST];
    let mut seen = Vec::new();
    for name in [split::TRAIN, split::VALIDATION, split::TEST] {
        if !parts.has(name) {
            continue;
        }
        ingot_data::each(&parts.verified(name)?, Some(&keys), &columns, &mut |batch| {
            seen.extend(Pictures::of(project, batch)?.unsaid());
            Ok(())
        })?;
    }
    all(seen)
}

fn all(mut seen: Vec<((String, u64), Option<Digest>)>) -> Result<Option<Digest>> {
    seen.sort();
    if seen.is_empty() { Ok(None) } else { Digest::of_json(&seen).map(Some) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, StringArray, UInt64Array};
    use ingot_base::atomic;
    use std::sync::Arc;

    fn pictures(folder: &Path, images: &[&str]) -> Pictures {
        Pictures {
            folder: folder.to_owned(),
            spots: images.iter().map(|image| ("list.csv".into(), (*image).into())).collect(),
            digests: vec![None; images.len()],
            places: (1..).map(|row| ("list".into(), row)).take(images.len()).collect(),
        }
    }

    #[test]
    fn a_picture_that_was_replaced_or_went_changes_what_was_seen() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| atomic::write(&folder.path().join(name), bytes);
        write("a.png", b"one").unwrap();
        write("b.png", b"two").unwrap();
        let list = pictures(folder.path(), &["a.png", "b.png", "../c.png"]);
        let digest = || all(list.unsaid().collect()).unwrap().unwrap();
        let before = digest();
        assert_eq!(digest(), before);
        write("b.png", b"other").unwrap();
        let replaced = digest();
        assert_ne!(replaced, before);
        std::fs::remove_file(folder.path().join("b.png")).unwrap();
        assert!(digest() != replaced && digest() != before);
        let large = std::fs::File::options().write(true).open(folder.path().join("a.png")).unwrap();
        large.set_len(Limits::default().bytes as u64 + 1).unwrap();
        assert!(list.unsaid().all(|(_, seen)| seen.is_none()), "what is too large is not read");
        let mut rows: Vec<_> = list.unsaid().collect();
        let sorted = all(rows.clone()).unwrap();
        rows.reverse();
        assert_eq!(all(rows).unwrap(), sorted, "whatever part of the split they are in");
        let known = Pictures { digests: vec![Some(before); 3], ..list };
        assert_eq!(all(known.unsaid().collect()).unwrap(), None);
    }

    #[test]
    fn what_cannot_be_read_takes_nobodys_place() {
        let folder = tempfile::tempdir().unwrap();
        let text = "[project]\nname = \"x\"\ntask = \"image.classify\"\ntarget = \"label\"\n\
             [[source]]\nname = \"a\"\nuri = \"a\"\nformat = \"images\"\n";
        let project = crate::project::project(folder.path(), text);
        let batch = |rows: std::ops::Range<u64>| {
            let names = StringArray::from_iter_values(rows.clone().map(|row| format!("{row}.png")));
            let sources = StringArray::from_iter_values(rows.clone().map(|_| "a"));
            RecordBatch::try_from_iter([
                (ingot_data::IMAGE, Arc::new(names) as ArrayRef),
                (ingot_data::SOURCE, Arc::new(sources) as ArrayRef),
                (ingot_data::ROW, Arc::new(UInt64Array::from_iter_values(rows)) as ArrayRef),
            ])
            .unwrap()
        };
        let lost = BTreeSet::from([2, 4, 5].map(|row| ("a".to_owned(), row)));
        let batches = [batch(1..4), batch(4..6), batch(6..11)];
        let found = chosen(&project, &batches, 4, &lost).unwrap();
        let indices: Vec<Vec<usize>> = found.into_iter().map(|(_, own)| own).collect();
        assert_eq!(indices, [vec![0, 2], vec![], vec![1, 3]]);
    }

    #[test]
    fn a_left_out_picture_has_a_reason_and_a_wrong_digest_names_its_row() {
        let folder = tempfile::tempdir().unwrap();
        atomic::write(&folder.path().join("a.png"), b"no picture").unwrap();
        let mut list = pictures(folder.path(), &["a.png", "b.png", "../c.png", "a.png"]);
        list.digests[3] = Some(Digest::of(b"another"));
        let code = |index| list.load(index).unwrap_err().code();
        assert_eq!(
            [0, 1, 2, 3].map(code),
            ["image-invalid", "data-image-missing", "data-image-outside", "pipeline-image-changed"]
        );
        let lost = BTreeSet::from([("list".to_owned(), 2), ("other".to_owned(), 1)]);
        assert_eq!(list.readable(&lost), [0, 2, 3]);
        let place = ("list".to_owned(), 7);
        assert_eq!(known(Some(" "), &place).unwrap(), None);
        let hex = Digest::of(b"x").hex().to_uppercase();
        assert_eq!(known(Some(&hex), &place).unwrap(), Some(Digest::of(b"x")));
        let told = known(Some("canary"), &place).unwrap_err().to_string();
        assert!(told.contains("row 7 of source `list`") && !told.contains("canary"), "{told}");
    }
}
