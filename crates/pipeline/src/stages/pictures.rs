//! The pictures that the rows of a table name: where they are, what is in them, and one digest of all.

use crate::convert;
use crate::messages::{IMAGE_CHANGED, IMAGE_DIGEST, IMAGES_LACKING};
use crate::project::Project;
use crate::run::Done;
use crate::stages::{features, split};
use arrow::array::RecordBatch;
use ingot_base::{Digest, Fault, Result, fault};
use ingot_image::{Limits, RgbImage};
use ingot_recipe::Format;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

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

    /// Place and content of each picture of which the table has no digest; `None` of content that is not there.
    fn unsaid(&self) -> impl Iterator<Item = ((String, u64), Option<Digest>)> {
        let rows = self.places.iter().zip(&self.digests).enumerate();
        rows.filter(|(_, (_, known))| known.is_none()).map(move |(index, (place, _))| {
            let file = self.path(index).ok();
            (place.clone(), file.and_then(|file| Digest::of_file(&file).ok()))
        })
    }
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
    let mut seen = Vec::new();
    for name in [split::TRAIN, split::VALIDATION, split::TEST] {
        if !parts.has(name) {
            continue;
        }
        for batch in ingot_data::read(&parts.verified(name)?, Some(&keys))? {
            seen.extend(Pictures::of(project, &batch)?.unsaid());
        }
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
    use ingot_base::atomic;

    fn pictures(folder: &std::path::Path, images: &[&str]) -> Pictures {
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
        let mut rows: Vec<_> = list.unsaid().collect();
        let sorted = all(rows.clone()).unwrap();
        rows.reverse();
        assert_eq!(all(rows).unwrap(), sorted, "whatever part of the split they are in");
        let known = Pictures { digests: vec![Some(before); 3], ..list };
        assert_eq!(all(known.unsaid().collect()).unwrap(), None);
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
