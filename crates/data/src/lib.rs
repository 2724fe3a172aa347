//! Sources, cleaning, splits and encrypted Parquet.
//!
//! This room knows file formats and the table engine; it knows nothing of the recipe, of models or of keys' origin.

mod chunk;
mod clean;
mod config;
mod copies;
mod csv_decode;
mod csv_plain;
mod distribute;
mod duplicates;
mod encoding;
mod exact;
mod export;
mod finite;
mod guard;
mod images;
mod infer;
mod json_keys;
mod messages;
mod names;
mod outcome;
mod own_words;
mod postgres_tls;
mod predicate;
mod profile;
mod remote;
mod report;
mod row_hash;
mod rows;
mod rules;
mod seen;
mod sink;
mod source;
mod split;
mod statistics;
mod table;
mod table_writer;
mod texts;
mod whole;
mod written;

pub use clean::{Admit, CleanJob, clean};
pub use config::{
    Cast, CastType, CleanConfig, Encoding, Expectation, Format, Identity, Impute, ImputeMethod,
    NearRule, Normalize, OnFail, Outlier, OutlierAction, OutlierMethod, PassageRule, QualityRule,
    Rule, SetRule, SourceConfig, SplitConfig, SplitMethod,
};
pub use distribute::{CLUSTER_VERSION, CleanPieces, Cluster};
pub use export::{ExportFormat, export};
pub use images::{
    DIGEST, IMAGE, LABEL, image_path, picture_bytes, picture_file, pictures, pictures_passed,
    written_digest,
};
pub use messages::MESSAGES;
pub use names::{
    Header, check_sql, doubtful_header, headers, nearest, renamed_column, unknown_column,
};
pub use outcome::{
    AnonymityOutcome, CleanOutcome, ColumnProfile, Found, NearOutcome, NearPair, NearSplit,
    PartOutcome, PassageOutcome, Place, ProtectOutcome, QualityOutcome, RuleOutcome, SetOutcome,
    SourceOutcome, SplitOutcome, TextFinding,
};
pub use remote::host;
pub use report::data_report;
pub use rows::{FileRow, FileRows, file_rows};
pub use source::{csv_delimiter, source_digests, text_reader};
pub use split::{families, split};
pub use table::{
    ClassKey, Encryption, content_digest, digest_of_rows, each, read, read_columns, schema,
    transform,
};
pub use texts::column_texts;
pub use whole::{load, refused_rows};
pub use written::{is_written_day, written_flag, written_number};

/// Name of the lineage column that holds the source's name.
pub const SOURCE: &str = "_source";
/// Name of the lineage column that holds the record's number in its source, from 1.
pub const ROW: &str = "_row";
/// Name of the column that holds the source's weight; only there when some weight is not 1.
pub const WEIGHT: &str = "_weight";
