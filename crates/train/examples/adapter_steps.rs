//! `cargo run -p ingot-train --features language --example adapter_steps -- MODEL.gguf CONVERSATIONS.jsonl FOLDER [STEPS] [BATCH]`:
//! trains an adapter some steps and writes into FOLDER what another trainer needs to do the same — base weights, first adapter,
//! tokens of every step — besides its own losses, seconds and memory. `bench/language.sh` compares.
#![expect(clippy::print_stdout, reason = "a developer's command")]

use ingot_base::atomic;
use ingot_runtime::generate::Message;
use ingot_runtime::gguf;
use ingot_train::language::{
    Adapter, AdapterForm, BaseModel, Example, Part, Storage, TrainSettings, Trainer, Words,
    safetensors_file, text_scores,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

type Anything = Box<dyn std::error::Error>;

fn conversations(path: &str) -> Result<Vec<Vec<Message>>, Anything> {
    let text = std::fs::read_to_string(path)?;
    let mut all = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let row: Value = serde_json::from_str(line)?;
        let part = |key: &str| row[key].as_str().map(str::to_owned).ok_or(format!("no `{key}`"));
        all.push(vec![
            Message::new("user", part("prompt")?),
            Message::new("assistant", part("answer")?),
        ]);
    }
    Ok(all)
}

fn save(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), Anything> {
    atomic::write(&folder.join(name), bytes).map_err(|fault| fault.to_string().into())
}

/// The resident set at its highest, in bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap_or_default() * 1024
}

fn main() -> Result<(), Anything> {
    let mut words = std::env::args().skip(1);
    let mut next = |what: &str| words.next().ok_or(format!("{what}?"));
    let (model, data, folder) =
        (next("which model")?, next("which conversations")?, next("which folder")?);
    let steps: usize = next("").ok().map_or(Ok(20), |text| text.parse())?;
    let batch: usize = next("").ok().map_or(Ok(8), |text| text.parse())?;
    let frugal = next("").is_ok();
    let folder = Path::new(&folder);

    let bytes = std::fs::read(&model)?;
    let head = gguf::read(&bytes, bytes.len() as u64, &gguf::Limits::default()).map_err(told)?;
    let base = BaseModel::from_gguf(&bytes).map_err(told)?;
    let vocabulary = Words::from_gguf(&head).map_err(told)?;
    drop(bytes);
    let rows = conversations(&data)?;
    let examples: Vec<Example> =
        rows.iter().filter_map(|row| vocabulary.example(row, 2048).ok()).collect();
    let form = AdapterForm { rank: 16, alpha: 32.0, dropout: 0.0, targets: Part::ALL.to_vec() };
    let settings = TrainSettings {
        epochs: (steps * batch).div_ceil(examples.len().max(1)).max(1),
        batch,
        accumulate: 1,
        learning_rate: 1e-3,
        warmup: 0.0,
        cosine: true,
        weight_decay: 0.01,
        clip: 1.0,
        frugal,
        seed: 7,
    };
    let adapter = Adapter::new(&form, &base.shape, 7);
    let whole = std::env::var_os("INGOT_STEPS_ONLY").is_none();
    if whole {
        first(folder, &base, &adapter, &examples)?;
    }

    let mut trainer = Trainer::new(&base, adapter, &settings, &examples);
    let total = trainer.total();
    let mut plan = Vec::new();
    let (mut losses, mut seconds) = (Vec::new(), Vec::new());
    for step in 0..steps.min(total) {
        let own: Vec<Value> = trainer
            .batches(step)
            .concat()
            .iter()
            .filter_map(|index| examples.get(*index))
            .map(|one| json!({"tokens": one.tokens, "learnt": one.learnt}))
            .collect();
        plan.push(own);
        let begun = Instant::now();
        let Some(done) = trainer.step() else { break };
        seconds.push(begun.elapsed().as_secs_f64());
        losses.push(done.loss);
        println!(
            "{step} {:.6} {:.4} {} tokens {:.3} s",
            done.loss,
            done.norm,
            done.tokens,
            begun.elapsed().as_secs_f64()
        );
    }
    let document = json!({
        "losses": losses, "seconds": seconds, "peak": peak(), "batches": plan, "total": total,
        "settings": serde_json::to_value(&settings)?, "parameters": trainer.adapter().parameters(),
    });
    save(folder, "steps.json", &serde_json::to_vec(&document)?)?;
    if whole {
        last(folder, &base, trainer.adapter(), &head.metadata)?;
    }
    Ok(())
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn told(fault: ingot_base::Fault) -> String {
    fault.to_string()
}

/// What another trainer begins with, and the base model's scores of one text.
fn first(
    folder: &Path,
    base: &BaseModel,
    adapter: &Adapter,
    examples: &[Example],
) -> Result<(), Anything> {
    let named = base.named().into_iter().map(|(name, (shape, numbers))| (name, shape, numbers));
    let weights = safetensors_file(&named.collect::<Vec<_>>()).map_err(told)?;
    save(folder, "base/model.safetensors", &weights)?;
    save(folder, "base/shape.json", &serde_json::to_vec(&base.shape)?)?;
    let (config, weights) = adapter.to_peft("base").map_err(told)?;
    save(folder, "first/adapter_config.json", &config)?;
    save(folder, "first/adapter_model.safetensors", &weights)?;
    let some = examples.first().ok_or("no conversation")?;
    let scores = text_scores(base, None, &some.tokens);
    let last = scores.get(scores.len() - base.shape.vocabulary..).unwrap_or_default();
    save(folder, "scores.json", &serde_json::to_vec(&json!({"tokens": some.tokens, "last": last}))?)
}

/// The trained adapter in the forms of others, and the merged model.
fn last(
    folder: &Path,
    base: &BaseModel,
    adapter: &Adapter,
    head: &BTreeMap<String, gguf::Value>,
) -> Result<(), Anything> {
    let (config, weights) = adapter.to_peft("base").map_err(told)?;
    save(folder, "last/adapter_config.json", &config)?;
    save(folder, "last/adapter_model.safetensors", &weights)?;
    save(folder, "adapter.gguf", &adapter.to_gguf(base, "steps").map_err(told)?)?;
    let merged = base.merged(adapter).to_gguf(head, "merged", Storage::F16);
    save(folder, "merged.gguf", &merged.map_err(told)?)
}
