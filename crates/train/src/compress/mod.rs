//! What compression cost and gained: forms of one model beside each other, and the gate that the last must pass.

mod outcome;
mod page;

pub use outcome::{
    Calibrated, CompressOutcome, Distilled, Form, FormKind, Narrowed, Student, accuracy,
    rank_agreement,
};
pub use page::compress_report;
