//! Fine-tuning of an encoder of texts: which texts it learns from, and its graph with what it has learnt.

#[cfg(not(feature = "nets"))]
use crate::messages::NETS_ABSENT;
use crate::project::Project;
use crate::run::Chain;
#[cfg(not(feature = "nets"))]
use ingot_base::Fault;
use ingot_base::Result;
use ingot_recipe::Encoder;
use ingot_runtime::onnx::proto::Model;
use ingot_train::nets::{FeatureTable, HeadConfig, TrainedHead};
use std::path::Path;

/// A training of an encoder that is about to begin.
pub(crate) struct Tuning<'a, 'p> {
    pub(crate) project: &'a Project<'p>,
    pub(crate) chain: &'a Chain,
    /// The stage's folder, and what the training is known by.
    pub(crate) folder: &'a Path,
    pub(crate) key: &'a str,
}

#[cfg(not(feature = "nets"))]
impl Tuning<'_, '_> {
    pub(crate) fn train(
        &self,
        _: &HeadConfig,
        _: &Encoder,
        _: TrainedHead,
        _: [&FeatureTable; 3],
    ) -> Result<(TrainedHead, Model)> {
        let _ = (self.project, self.chain, self.folder, self.key);
        Err(Fault::new(&NETS_ABSENT))
    }
}

#[cfg(feature = "nets")]
impl Tuning<'_, '_> {
    /// The encoder and the head on it, trained from the head on the unchanged encoder on; `tables` are the features of the unchanged one.
    pub(crate) fn train(
        &self,
        config: &HeadConfig,
        asked: &Encoder,
        head: TrainedHead,
        tables: [&FeatureTable; 3],
    ) -> Result<(TrainedHead, Model)> {
        use crate::run::{Within, earlier};
        use crate::stages::kept::Kept;
        use crate::stages::{features, texts};
        use crate::store::Stage;
        use ingot_runtime::onnx;
        use ingot_train::nets;
        let (weights, encoder) = features::encoder(self.project)?;
        let parts = earlier(self.chain, Stage::Split)?;
        let [train, validation, test] = &texts::tokens(self.project, parts)?;
        let tokens = [&train[..], &validation[..], &test[..]];
        let source = nets::SourceEncoder { weights: &weights, encoder, tokens };
        let settings = crate::convert::encoder(asked, onnx::layers(&weights));
        let (kept, reporter) = (Kept::of(self.folder), Within(self.project.reporter));
        let course = nets::EncoderCourse { key: self.key, checkpoints: &kept, reporter: &reporter };
        let tuned = nets::tune_encoder(config, &settings, source, head, tables, (None, course))?;
        kept.remove();
        Ok((tuned.head, onnx::sentence_encoder(&tuned.weights, encoder)?))
    }
}
