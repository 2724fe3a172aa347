//! Explanations of tabular models: Shapley values, dependence, surrogate trees, reason codes; of models of texts; and of what language
//! models answer.
//!
//! Shapley values are exact for the path-dependent game of Lundberg et al. 2020 ("TreeSHAP") and equal LightGBM's own
//! contributions. This crate knows no file, no table format and no network.

mod answers;
mod dependence;
mod explainer;
pub mod messages;
mod network;
mod outcome;
mod page;
mod parts;
mod permute;
mod picture;
mod quadrature;
mod random;
mod shap;
mod study;
mod surrogate;
mod texts;
mod words;

pub use answers::{Occluded, Part, Place, Said, occlude, said};
pub use explainer::{Background, Contribution, Explainer, Explanation, Middle, Reason, Typical};
pub use messages::MESSAGES;
pub use network::{layer_lines, layer_table, network_png, network_svg};
pub use outcome::{
    Bin, Dependence, ExplainOutcome, FeatureEffect, Permutation, Point, Surrogate, SwarmDot, Usual,
};
pub use page::explanation_report;
pub use shap::{RowShap, Shap, TreeShap};
pub use study::{ExplainConfig, Explained, Pictures, Truth, explain};
pub use texts::{
    Asked, ExplainedText, KnownText, TextTokens, WORD_PERSONS, Word, WordTree, explain_text,
    text_evaluations, word_tree,
};
