//! Changed copies of training pictures: how they are made, by seeds that a picture's file and the recipe decide, and some of them on a
//! contact sheet.

use crate::project::Project;
use crate::run::{Chain, Done, earlier};
use crate::stages::maps::embedded;
use crate::stages::pictures::{self, Pictures};
use crate::stages::{features, split};
use crate::store::Stage;
use crate::{backbones, convert};
use arrow::array::RecordBatch;
use ingot_base::{Result, Rng, Text};
use ingot_image::{Augment, Preprocess, RgbImage};
use ingot_recipe::Mix;
use ingot_report::Page;
use ingot_train::nets::{self, Mixed};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Pixels of a side on the contact sheet.
const SMALL: u32 = 112;
/// Copies of a picture on the contact sheet, at most; of these with a rectangle of another.
const SHOWN: (usize, usize) = (6, 3);

/// How the pictures of one part are copied.
pub(crate) struct Copies {
    seed: u64,
    /// How pictures are prepared.
    pixels: Preprocess,
    /// Copies that differ from their original.
    changed: usize,
    augment: Augment,
    /// Copies that are two pictures in one.
    cutmix: Mix,
    /// What the other picture may be.
    others: Vec<Other>,
}

/// A training picture with a class.
struct Other {
    pictures: Arc<Pictures>,
    index: usize,
    label: String,
}

/// A copy of a picture.
pub(crate) struct Made {
    pub(crate) picture: RgbImage,
    /// The second class, where it is two pictures in one.
    pub(crate) mixed: Option<Mixed>,
}

impl Copies {
    /// Of the part of this name; only training pictures have copies, and only of training pictures are there parts in them.
    pub(crate) fn of(project: &Project<'_>, parts: &Done, name: &str) -> Result<Self> {
        let recipe = project.recipe();
        let learned = name == split::TRAIN;
        let none = Mix { copies: 0, ..recipe.augment.cutmix };
        let mut copies = Self {
            seed: recipe.project.seed,
            pixels: backbones::pixels(project),
            changed: if learned { recipe.augment.copies } else { 0 },
            augment: convert::augment(recipe),
            cutmix: if learned { recipe.augment.cutmix } else { none },
            others: Vec::new(),
        };
        if copies.cutmix.copies > 0 {
            for batch in batches(project, parts)? {
                copies.others.extend(others(project, &batch)?);
            }
        }
        Ok(copies)
    }

    /// The copies of a view, those with a rectangle of another picture last. `seed` stands for the picture's file.
    ///
    /// # Errors
    /// When another picture that was read has no pixels.
    pub(crate) fn make(
        &self,
        view: &RgbImage,
        seed: u64,
        label: Option<&str>,
    ) -> Result<Vec<Made>> {
        let mut seeds = Rng::new(seed ^ self.seed, "copies");
        let mut copies: Vec<Made> = (0..self.changed)
            .map(|_| ingot_image::augment(view, &self.augment, seeds.bits()))
            .map(|picture| Made { picture, mixed: None })
            .collect();
        let mut random = Rng::new(seed ^ self.seed, "cutmix");
        // What has no class has no share of one.
        let mixtures = if label.is_some() { self.cutmix.copies } else { 0 };
        for _ in 0..mixtures {
            let share = nets::beta(self.cutmix.alpha, &mut random);
            let Some((other, label)) = self.other(seed, &mut random)? else { break };
            let (picture, share) = ingot_image::cutmix(view, &other, share, &mut random)?;
            copies.push(Made { picture, mixed: Some(Mixed { label, share }) });
        }
        Ok(copies)
    }

    /// A training picture of another file, as the network sees it, with its class: from a place by chance on the first that can be read.
    fn other(&self, seed: u64, random: &mut Rng) -> Result<Option<(RgbImage, String)>> {
        let first = random.below(self.others.len());
        for other in self.others.iter().cycle().skip(first).take(self.others.len()) {
            match other.pictures.load(other.index) {
                Ok((picture, own)) if own != seed => {
                    return Ok(Some((self.pixels.view(&picture)?, other.label.clone())));
                }
                _ => {}
            }
        }
        Ok(None)
    }
}

fn batches(project: &Project<'_>, parts: &Done) -> Result<Vec<RecordBatch>> {
    ingot_data::read(&parts.verified(split::TRAIN)?, Some(&convert::encryption(project)))
}

/// The pictures of a batch that have a class.
fn others(project: &Project<'_>, batch: &RecordBatch) -> Result<Vec<Other>> {
    let pictures = Arc::new(Pictures::of(project, batch)?);
    let labels = features::text(batch, &project.recipe().project.target);
    let labels = labels.iter().flat_map(|labels| labels.iter().enumerate());
    let known = labels.filter_map(|(index, label)| Some((index, label?.to_owned())));
    Ok(known.map(|(index, label)| Other { pictures: pictures.clone(), index, label }).collect())
}

/// Rows of pictures on the contact sheet: none without copies, nor of a training that hides single rows.
pub(crate) fn shown(project: &Project<'_>) -> usize {
    let recipe = project.recipe();
    let augment = &recipe.augment;
    let any = augment.copies > 0 || augment.cutmix.copies > 0;
    if any && recipe.train.private.is_none() { recipe.explain.pictures } else { 0 }
}

/// The contact sheet in the training report, where the recipe shows pictures; else why there is none.
pub(crate) fn report(project: &Project<'_>, chain: &Chain, page: &mut Page) -> Result<()> {
    let parts = earlier(chain, Stage::Split)?;
    let recipe = project.recipe();
    let (pictures, mixup) =
        (recipe.augment.copies + recipe.augment.cutmix.copies, recipe.augment.mixup);
    if pictures + mixup.copies == 0 {
        return Ok(());
    }
    let section = page.section(Text::new("Augmented copies", "增强副本"));
    if mixup.copies > 0 {
        let (times, alpha) = (mixup.copies, mixup.alpha);
        section.paragraph(Text::new(
            format!("Features and class of each picture were mixed with another's {times} time(s), by shares from Beta({alpha}, {alpha}) (mixup). Such a mixture is no picture and cannot be shown."),
            format!("每张图片的特征与类别与其他图片混合 {times} 次，份额服从 Beta({alpha}, {alpha})（mixup）。此类混合没有对应的图片，无法展示。"),
        ));
    }
    if pictures == 0 {
        return Ok(());
    }
    if recipe.train.private.is_some() {
        section.note(Text::new(
            "No picture is shown: the training promises to tell little of any one of them.",
            "未展示图片：本次训练承诺几乎不泄露任何一张训练图片。",
        ));
        return Ok(());
    }
    if recipe.explain.pictures == 0 {
        section.note(Text::new(
            "No picture is shown: pictures may be of persons. `explain.pictures` in the recipe shows some, with their copies, to every reader of this report.",
            "未展示图片，因为图片可能涉及个人。可在配方中设置 explain.pictures，让报告的所有读者看到部分图片及其副本。",
        ));
        return Ok(());
    }
    let (rows, names) = sheet(project, parts, shown(project), &features::unreadable(chain)?)?;
    if rows.is_empty() {
        return Ok(());
    }
    let png = ingot_image::png(&ingot_image::contact_sheet(&rows, SMALL)?)?;
    section.figure(caption(&names), embedded(&png));
    if recipe.augment.cutmix.copies > 0 {
        section.note(Text::new(
            "The last copies of a row have a rectangle of another training picture, and its class by the share of the area (cutmix).",
            "每行最后几份副本含有另一张训练图片的矩形区域，类别按面积占比混合（cutmix）。",
        ));
    }
    Ok(())
}

fn caption(names: &[Text]) -> Text {
    let en: Vec<&str> = names.iter().map(|name| name.en.as_str()).collect();
    let zh: Vec<&str> = names.iter().map(|name| name.zh.as_str()).collect();
    Text::new(
        format!(
            "Training pictures at the left, copies of each beside it; from top to bottom: {}",
            en.join("; ")
        ),
        format!("左侧为训练图片，其右为各自的增强副本；自上而下：{}", zh.join("；")),
    )
}

/// Pictures, evenly over all that can be read, each with some of its copies; and what they are called.
fn sheet(
    project: &Project<'_>,
    before: &Done,
    wanted: usize,
    lost: &BTreeSet<(String, u64)>,
) -> Result<(Vec<Vec<RgbImage>>, Vec<Text>)> {
    let copies = Copies::of(project, before, split::TRAIN)?;
    let batches = batches(project, before)?;
    let chosen = pictures::chosen(project, &batches, wanted, lost)?;
    let (mut rows, mut names) = (Vec::new(), Vec::new());
    for (batch, (pictures, indices)) in batches.iter().zip(chosen) {
        let labels = features::text(batch, &project.recipe().project.target);
        for index in indices {
            let (Ok((picture, seed)), Some((source, row))) =
                (pictures.load(index), pictures.place(index))
            else {
                continue;
            };
            let label = labels.as_ref().and_then(|labels| features::cell(labels, index));
            let view = copies.pixels.view(&picture)?;
            let made = copies.make(&view, seed, label)?;
            let (mixed, changed): (Vec<Made>, Vec<Made>) =
                made.into_iter().partition(|copy| copy.mixed.is_some());
            let mixed: Vec<Made> = mixed.into_iter().take(SHOWN.1).collect();
            let changed = changed.into_iter().take(SHOWN.0 - mixed.len());
            let mut line = vec![view];
            line.extend(changed.chain(mixed).map(|copy| copy.picture));
            let (en, zh) = (format!("{source}, row {row}"), format!("{source} 第 {row} 行"));
            names.push(Text::new(en, zh));
            rows.push(line);
        }
    }
    Ok((rows, names))
}
