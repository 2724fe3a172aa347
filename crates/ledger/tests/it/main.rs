//! The ledger as two processes see it: two connections to one file (or one PostgreSQL database).

mod keys;
mod recording;
mod support;
