//! Privacy transforms on Arrow columns.
