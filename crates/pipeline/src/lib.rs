//! The stage graph: the order of work, its cache, its lineage.
//!
//! This room turns a recipe's sections into each other room's own configuration and keeps what they measured. It knows
//! no file format, no algorithm and no engine.

mod backbones;
mod conversation;
mod convert;
mod erase;
pub mod evaluate;
mod export;
mod figures;
mod hierarchies;
mod lineage;
pub mod messages;
pub mod models;
mod names;
mod outcomes;
mod pack;
mod plan;
mod predict;
mod predict_whole;
mod project;
mod reidentify;
mod risk;
mod run;
mod spending;
mod stages;
mod stats;
mod store;
mod tagger;
mod together;

pub use erase::{Erased, Subject, erase};
pub use export::{Part, export};
pub use figures::{Figure, figures, published, summary_json, warnings};
pub use lineage::{Trace, trace};
pub use messages::MESSAGES;
pub use names::check_names;
pub use pack::{Pack, file as language_file, pack, published as published_language};
pub use plan::{Standing, Step, plan};
pub use predict::{BadRow, Fractions, Outside, Predictions, Scored, predict};
pub use predict_whole::{predict_pictures, predict_texts};
pub use project::{LoadError, Project, Source, keys, rotate};
pub use reidentify::{Token, reidentify};
pub use risk::risk;
pub use run::{Chain, Done, run};
pub use stages::clean::clean_to;
pub use stats::{Ask, stats};
pub use store::{Inputs, Output, Record, Stage, Store};
pub use tagger::name_model;
pub use together::{Call, next_call, release};
