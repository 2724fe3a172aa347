//! Fine-tuning of a network's last blocks: where the frozen part ends, and what is trained behind it.

use crate::messages::MAPS_LARGE;
#[cfg(not(feature = "nets"))]
use crate::messages::NETS_ABSENT;
use crate::project::Project;
use ingot_base::{Fault, Result, fault};
use ingot_recipe::Unfreeze;
use ingot_runtime::onnx::proto::Model;
use ingot_runtime::onnx::{self, Tail};
use ingot_train::nets::{FeatureTable, HeadConfig, TrainedHead};

/// Whether this build trains more of a network than its head.
pub(crate) const TRAINS: bool = cfg!(feature = "nets");

/// The section of the recipe that asks for it. Another one asks for distillation, which is the same training with another loss.
pub(crate) const SECTION: &str = "train.unfreeze";

/// Most bytes that the maps of all pictures, copies and mixtures may have: they are held in memory, once as they were kept and once as
/// the training takes them.
const LIMIT: u64 = 2 << 30;

/// The value of the backbone that the features are: those of its own end, or the map before the first block that is trained.
pub(crate) fn value(project: &Project<'_>, backbone: &Model) -> Result<String> {
    match &project.recipe().train.unfreeze {
        None => Ok(onnx::FEATURES.to_owned()),
        Some(asked) => onnx::last_blocks(backbone, asked.blocks)
            .map_err(|found| found.at(format!("{SECTION}.blocks"))),
    }
}

/// That so many maps of this size, of the blocks of a section, are not too much to hold.
///
/// # Errors
/// Otherwise; the fault tells how much it would be.
pub(crate) fn affordable(
    maps: u64,
    numbers: usize,
    (section, blocks): (&str, usize),
) -> Result<()> {
    let bytes = maps.saturating_mul(4 * numbers as u64);
    if bytes <= LIMIT {
        return Ok(());
    }
    Err(Fault::new(&MAPS_LARGE)
        .arg("maps", maps)
        .arg("blocks", blocks)
        .arg("bytes", bytes.div_ceil(1 << 20))
        .arg("limit", LIMIT >> 20)
        .at(format!("{section}.blocks")))
}

/// A trained graph's blocks put into a graph that has them as they were before: what compression begins with.
pub(crate) fn carried(project: &Project<'_>, trained: &[u8], backbone: Model) -> Result<Model> {
    if project.recipe().train.unfreeze.is_none() {
        return Ok(backbone);
    }
    let from = value(project, &backbone)?;
    let trained = onnx::read(trained, &onnx::Limits::default())?;
    Tail::of(&trained, &from, onnx::FEATURES)?.put_back(backbone)
}

/// What is fine-tuned: the end of a network behind maps of known shape.
pub(crate) struct Tuning {
    tail: Tail,
    /// Channels, height and width.
    shape: [usize; 3],
    /// The recipe's section that asks for it.
    section: &'static str,
}

impl Tuning {
    /// Of a network from its value `from` on, of which maps of this shape were kept.
    pub(crate) fn of(
        network: &Model,
        from: &str,
        shape: Option<[usize; 3]>,
        section: &'static str,
    ) -> Result<Self> {
        let shape = shape.ok_or_else(|| fault::internal("maps without a shape"))?;
        let tail = Tail::of(network, from, onnx::FEATURES)
            .map_err(|found| found.at(format!("{section}.blocks")))?;
        Ok(Self { tail, shape, section })
    }
}

#[cfg(not(feature = "nets"))]
impl Tuning {
    pub(crate) fn pooled(&self, _: &FeatureTable) -> Result<FeatureTable> {
        let _ = (&self.tail, self.shape, self.section);
        Err(Fault::new(&NETS_ABSENT))
    }

    pub(crate) fn train(
        &self,
        _: &HeadConfig,
        _: &Unfreeze,
        _: TrainedHead,
        _: [&FeatureTable; 3],
        _: Option<(f64, f64, Vec<f32>)>,
    ) -> Result<(TrainedHead, Tail)> {
        let _ = (&self.tail, self.shape, self.section);
        Err(Fault::new(&NETS_ABSENT))
    }
}

#[cfg(feature = "nets")]
impl Tuning {
    fn shape(&self) -> ingot_train::nets::MapShape {
        let [channels, height, width] = self.shape;
        ingot_train::nets::MapShape { channels, height, width }
    }

    /// The network's features of a table's rows: what its end, as it is, gives for the maps that were kept.
    pub(crate) fn pooled(&self, table: &FeatureTable) -> Result<FeatureTable> {
        ingot_train::nets::pooled(&self.tail, self.shape(), table)
    }

    /// The blocks and the head on them, trained from the head on the unchanged network on; `tables` are the maps of the training,
    /// validation and test rows. A teacher is temperature, share of the loss and logits of the training rows.
    pub(crate) fn train(
        &self,
        config: &HeadConfig,
        asked: &Unfreeze,
        head: TrainedHead,
        tables: [&FeatureTable; 3],
        teacher: Option<(f64, f64, Vec<f32>)>,
    ) -> Result<(TrainedHead, Tail)> {
        use ingot_train::nets::{Distill, Teacher};
        let teacher = teacher.map(|(temperature, weight, logits)| Teacher {
            how: Distill { temperature, weight },
            logits,
        });
        let settings = crate::convert::unfreeze(asked, self.section);
        let end = (&self.tail, self.shape());
        let tuned =
            ingot_train::nets::fine_tune(config, &settings, end, head, tables, teacher.as_ref())?;
        Ok((tuned.head, tuned.tail))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_that_nobody_can_hold_are_refused_before_any_is_made() {
        let numbers = 96 * 14 * 14;
        let most = LIMIT / (4 * numbers as u64);
        let blocks = ("compress.distill", 4);
        affordable(most, numbers, blocks).unwrap();
        let told = affordable(most + 1, numbers, blocks).unwrap_err();
        assert_eq!(told.code(), "pipeline-maps-large");
        assert!(
            told.to_string().contains("2049 MiB") && told.to_string().contains("4 block"),
            "{told}"
        );
        assert_eq!(told.key_path(), Some("compress.distill.blocks"));
        assert!(affordable(u64::MAX, numbers, blocks).is_err());
    }
}
