//! The HTTP server: keys, limits, batching, metering, metrics, documents.
//!
//! Knows models only through [`Engine`] and packages only through [`Loader`], so that tests serve a fake. Axum, hyper and rustls
//! stay in here. No request can end the process, and no answer of a metered route leaves before its usage is on disk.

mod answer;
mod app;
mod aside;
mod batch;
mod body;
mod config;
mod connection;
mod console;
mod docs;
mod doors;
mod embeddings;
mod engine;
mod gate;
mod generator;
mod guard;
mod ids;
mod input;
mod messages;
mod metrics;
mod model;
mod openai;
mod openapi;
mod package;
mod problem;
mod reload;
mod route;
mod router;
mod server;
mod shield;
mod signals;
mod spoken;
mod stream;
mod tabular;
mod tell;
mod text;
mod tls;
mod vision;

pub use config::{
    Access, Event, Governance, Limits, Observer, Rate, Settings, TlsFiles, Unobserved,
};
pub use engine::{Contribution, Engine, Explanation, Loaded, Loader, Map, Reason, Words};
pub use generator::Bases;
pub use messages::*;
pub use package::PackageLoader;
pub use server::serve_with;
pub use shield::{Act, Policy};
pub use signals::terminated;
