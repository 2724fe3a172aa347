//! Sources, cleaning, splits and encrypted Parquet.
//!
//! This room knows file formats and the table engine; it knows nothing of the recipe, of models or of keys' origin.

mod chunk;
mod clean;
mod config;
mod csv_decode;
mod csv_plain;
mod images;
mod infer;
mod messages;
mod names;
mod outcome;
mod profile;
mod remote;
mod report;
mod rows;
mod rules;
mod source;
mod split;
mod statistics;
mod table;

pub use clean::{Admit, CleanJob, clean, load};
pub use config::{
    Cast, CastType, CleanConfig, Expectation, Format, Impute, ImputeMethod, OnFail, Outlier,
    OutlierAction, OutlierMethod, Rule, SourceConfig, SplitConfig, SplitMethod,
};
pub use images::{DIGEST, IMAGE, LABEL, image_path, pictures};
pub use messages::MESSAGES;
pub use names::{Header, check_sql, doubtful_header, headers, nearest, unknown_column};
pub use outcome::{
    AnonymityOutcome, CleanOutcome, ColumnProfile, PartOutcome, ProtectOutcome, RuleOutcome,
    SourceOutcome, SplitOutcome,
};
pub use report::data_report;
pub use rows::{FileRow, FileRows, file_rows};
pub use source::source_digests;
pub use split::split;
pub use table::{
    ClassKey, Encryption, content_digest, digest_of, each, read, read_columns, schema, transform,
};

/// Name of the lineage column that holds the source's name.
pub const SOURCE: &str = "_source";
/// Name of the lineage column that holds the record's number in its source, from 1.
pub const ROW: &str = "_row";
/// Name of the column that holds the source's weight; only there when some weight is not 1.
pub const WEIGHT: &str = "_weight";
