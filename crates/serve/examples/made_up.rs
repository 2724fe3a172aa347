//! Serves a made-up model, for trying clients and measuring the server without a real one.
//!
//! `cargo run -p ingot-serve --example made_up -- 127.0.0.1:5000 [LEDGER]`; with a ledger it is governed and prints a key.

#![expect(clippy::unwrap_used, clippy::float_cmp, reason = "the tests' made-up model, shared")]

#[path = "../tests/it/fake.rs"]
mod fake;

use fake::{Behaviour, FakeLoader};
use ingot_base::{Secret, SystemClock, atomic};
use ingot_ledger::{KeyRequest, Ledger, Scope};
use ingot_serve::{Governance, Settings, serve_with, terminated};
use std::io::Write;
use std::sync::Arc;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let listen = args.next().unwrap_or_else(|| "127.0.0.1:5000".into()).parse()?;
    let folder = std::env::temp_dir().join(format!("ingot-made-up-{}", std::process::id()));
    let package = folder.join("made-up-1.0.0.ingot");
    atomic::write(&package, b"made-up 1.0.0")?;
    let governance = match args.next() {
        Some(ledger) => {
            let pepper = Secret::new(vec![7; 32]);
            let opened = Ledger::open(&ledger, pepper.clone()).await?;
            let request = KeyRequest {
                name: "trial".into(),
                tenant: "default".into(),
                scopes: Scope::ALL.to_vec(),
                expires_at_ms: None,
                rate_per_minute: None,
            };
            let key = opened.create_key(request).await?;
            writeln!(std::io::stdout(), "{}", key.secret.expose())?;
            opened.close().await;
            Governance::Governed { ledger, pepper }
        }
        None => Governance::Ungoverned,
    };
    let settings = Settings::new(listen, vec![package], governance);
    let loader = Arc::new(FakeLoader(Arc::new(Behaviour::default())));
    serve_with(settings, loader, Arc::new(SystemClock), |_| {}, terminated()?).await?;
    std::fs::remove_dir_all(folder)?;
    Ok(())
}
