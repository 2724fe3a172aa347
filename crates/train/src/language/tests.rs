//! A model small enough to check by differences: two layers, four heads that share two groups of keys.

use super::adapter::{Adapter, AdapterForm};
use super::model::{BaseModel, Family, Layer, Part, Shape};
use super::net::{Batch, Chance, Net, Weigh};
use super::outcome::UnfitRows;
use super::preference::{
    Pair, Preferences, batch as pair_batch, chosen_loss, likelihoods, preference,
};
use super::sample::{answers, apart, likeliest, text_scores};
use super::sft::{
    Checkpoints, Conversations, Course, Objective, SftConfig, tell, train_adapter, usable,
};
use super::train::{TrainSettings, Trainer, mean_loss};
use super::words::{Example, Unfit, Words};
use super::{Storage, merge_parity_of};
use crate::group::Alone;
use ingot_base::Rng;
use ingot_runtime::generate::Message;
use ingot_runtime::gguf::{self, Data, Value};
use std::collections::BTreeMap;

fn shape(family: Family) -> Shape {
    Shape {
        family,
        vocabulary: 40,
        width: 16,
        inner: 24,
        layers: 2,
        heads: 4,
        kv_heads: 2,
        head: 4,
        context: 64,
        epsilon: 1e-5,
        theta: 10_000.0,
    }
}

fn numbers(count: usize, size: f64, random: &mut Rng) -> Vec<f32> {
    (0..count).map(|_| random.between(-size, size) as f32).collect()
}

pub(super) fn base(family: Family) -> BaseModel {
    let (shape, mut random) = (shape(family), Rng::new(3, "tiny"));
    let mut layers = Vec::new();
    for _ in 0..shape.layers {
        let mut layer = Layer {
            first_norm: numbers(shape.width, 0.2, &mut random).iter().map(|n| n + 1.0).collect(),
            second_norm: numbers(shape.width, 0.2, &mut random).iter().map(|n| n + 1.0).collect(),
            ..Layer::default()
        };
        for part in Part::ALL {
            let (inputs, outputs) = part.size(&shape);
            layer.matrices[part.index()] = numbers(inputs * outputs, 0.5, &mut random);
        }
        if family == Family::Qwen2 {
            let own = |part: Part, random: &mut Rng| numbers(part.size(&shape).1, 0.3, random);
            layer.biases =
                Some([Part::Query, Part::Key, Part::Value].map(|part| own(part, &mut random)));
        }
        layers.push(layer);
    }
    BaseModel {
        embedding: numbers(shape.vocabulary * shape.width, 1.0, &mut random),
        layers,
        norm: vec![1.0; shape.width],
        output: None,
        shape,
    }
}

fn adapter(base: &BaseModel, dropout: f32) -> Adapter {
    let form = AdapterForm { rank: 2, alpha: 4.0, dropout, targets: Part::ALL.to_vec() };
    let mut adapter = Adapter::new(&form, &base.shape, 5);
    // B of a fresh adapter is zero, and then A has no gradient.
    let mut random = Rng::new(6, "tiny");
    adapter.values.iter_mut().for_each(|number| *number += random.between(-0.2, 0.2) as f32);
    adapter
}

fn text(count: usize, seed: u64) -> (Vec<u32>, Vec<bool>) {
    let mut random = Rng::new(seed, "text");
    let tokens = (0..count).map(|_| random.below(40) as u32).collect();
    (tokens, (0..count).map(|index| index > count / 3).collect())
}

fn batch(lengths: &[usize]) -> Batch {
    let mut batch = Batch::default();
    for (length, seed) in lengths.iter().zip(1..) {
        let (tokens, learnt) = text(*length, seed);
        batch.push(&tokens, &learnt);
    }
    batch
}

pub(super) fn settings() -> TrainSettings {
    TrainSettings {
        epochs: 2,
        batch: 2,
        accumulate: 2,
        learning_rate: 1e-2,
        warmup: 0.2,
        cosine: true,
        weight_decay: 0.01,
        clip: 1.0,
        frugal: false,
        seed: 9,
    }
}

pub(super) fn examples(count: usize) -> Vec<Example> {
    (0..count)
        .map(|index| {
            let (tokens, learnt) = text(6 + index % 5, index as u64 + 100);
            Example { tokens, learnt }
        })
        .collect()
}

#[test]
fn gradients_are_those_of_differences() {
    for family in [Family::Llama, Family::Qwen2] {
        let base = base(family);
        let adapter = adapter(&base, 0.0);
        let batch = batch(&[9, 70]);
        let net = Net { base: &base, adapter: Some(&adapter) };
        let mut gradients = vec![0.0; adapter.parameters()];
        let share = 1.0 / batch.learnt() as f32;
        net.learn(&batch, &mut gradients, Weigh::Same(share), false, None);
        let loss = |adapter: &Adapter| -> f64 {
            let losses = Net { base: &base, adapter: Some(adapter) }.losses(&batch);
            losses.iter().map(|loss| f64::from(*loss)).sum::<f64>() * f64::from(share)
        };
        let size = gradients.iter().map(|g| f64::from(*g).powi(2)).sum::<f64>().sqrt();
        assert!(size > 0.05, "{size}");
        differences(&adapter, &gradients, &loss);
    }
}

/// Compares gradients with differences of the loss along random directions of all parameters, and along every matrix of every layer.
fn differences(adapter: &Adapter, gradients: &[f32], loss: &dyn Fn(&Adapter) -> f64) {
    let mut random = Rng::new(8, "directions");
    let mut directions: Vec<Vec<f32>> =
        (0..3).map(|_| numbers(gradients.len(), 1.0, &mut random)).collect();
    for (_, _, place) in adapter.all() {
        for range in [place.a.clone(), place.b.clone()] {
            let mut one = vec![0.0; gradients.len()];
            one[range.clone()].copy_from_slice(&gradients[range]);
            directions.push(one);
        }
    }
    for (index, direction) in directions.iter().enumerate() {
        let length = direction.iter().map(|d| f64::from(*d).powi(2)).sum::<f64>().sqrt();
        let step = 2e-2 / length;
        let moved = |sign: f64| {
            let mut moved = adapter.clone();
            for (value, direction) in moved.values.iter_mut().zip(direction) {
                *value += (f64::from(*direction) * step * sign) as f32;
            }
            loss(&moved)
        };
        let found = (moved(1.0) - moved(-1.0)) / (2.0 * step);
        let want: f64 =
            gradients.iter().zip(direction).map(|(g, d)| f64::from(*g) * f64::from(*d)).sum();
        assert!(
            (found - want).abs() < 0.02 * want.abs() + 2e-4 * length,
            "{index}: {found} {want}"
        );
    }
}

/// Questions with a preferred answer and another one, of different lengths.
pub(super) fn pairs(count: usize) -> Vec<Pair> {
    let pair = |index: usize| {
        let seed = index as u64;
        let (prompt, _) = text(4 + index % 3, 300 + seed);
        let answer = |length: usize, seed: u64| {
            let tokens = [prompt.as_slice(), &text(length, seed).0].concat();
            let learnt = (0..tokens.len()).map(|at| at >= prompt.len()).collect();
            Example { tokens, learnt }
        };
        Pair { chosen: answer(3 + index % 2, 400 + seed), rejected: answer(4, 500 + seed) }
    };
    (0..count).map(pair).collect()
}

#[test]
fn gradients_of_preferences_are_those_of_differences() {
    let base = base(Family::Llama);
    let adapter = adapter(&base, 0.0);
    let (pairs, beta) = (pairs(3), 0.7);
    let reference = likelihoods(&base, None, &pairs, 2);
    let loss = |adapter: &Adapter| {
        preference(&likelihoods(&base, Some(adapter), &pairs, 3), &reference, beta).loss
    };
    let preferences = Preferences { pairs: &pairs, reference: reference.clone(), beta };
    let own = [0, 1, 2];
    let (mut gradients, mut sum) = (vec![0.0; adapter.parameters()], 0.0);
    let mut weigh = |losses: &[f32]| {
        let (own, weights) = preferences.weigh(&own, losses, 1.0 / 3.0);
        sum = own;
        weights
    };
    let net = Net { base: &base, adapter: Some(&adapter) };
    net.learn(&pair_batch(&pairs, &own), &mut gradients, Weigh::By(&mut weigh), false, None);
    assert!((sum / 3.0 - loss(&adapter)).abs() < 1e-5, "{sum} {}", loss(&adapter));
    assert!((loss(&adapter) - 2.0_f64.ln()).abs() > 1e-3, "the adapter says something else");
    let size = gradients.iter().map(|g| f64::from(*g).powi(2)).sum::<f64>().sqrt();
    assert!(size > 0.05, "{size}");
    differences(&adapter, &gradients, &loss);
}

#[test]
fn the_loss_of_preferred_answers_is_that_of_their_texts() {
    let base = base(Family::Llama);
    let (adapter, pairs) = (adapter(&base, 0.0), pairs(5));
    let chosen: Vec<Example> = pairs.iter().map(|pair| pair.chosen.clone()).collect();
    for adapter in [None, Some(&adapter)] {
        let found = chosen_loss(&likelihoods(&base, adapter, &pairs, 2), &pairs);
        let wanted = mean_loss(&base, adapter, &chosen, 3);
        assert!((found - wanted).abs() < 1e-5, "{found} {wanted}");
    }
}

#[test]
fn it_learns_to_prefer_and_goes_on_bit_by_bit_the_same() {
    let (base, pairs) = (base(Family::Llama), pairs(10));
    let settings = TrainSettings { epochs: 12, ..settings() };
    let form = AdapterForm { rank: 4, alpha: 8.0, dropout: 0.1, targets: Part::ALL.to_vec() };
    let fresh = || Adapter::new(&form, &base.shape, 1);
    let reference = likelihoods(&base, None, &pairs, 4);
    let stands = |adapter: &Adapter| {
        preference(&likelihoods(&base, Some(adapter), &pairs, 4), &reference, 0.3)
    };
    let before = stands(&fresh());
    // All pairs are ties, which count half, as in the figures of the base.
    assert!((before.loss - 2.0_f64.ln()).abs() < 1e-6, "{before:?}");
    assert!((before.accuracy() - 0.5).abs() < 1e-12, "{before:?}");
    let trainer = || Trainer::preferring(&base, fresh(), &settings, (&pairs, 0.3), &Alone);
    let (mut whole, mut kept) = (trainer(), None);
    while let Some(step) = whole.step() {
        if whole.steps().len() == 1 {
            assert!((step.loss - 2.0_f64.ln()).abs() < 1e-6, "{step:?}");
        }
        if whole.steps().len() == 4 {
            whole.validated(0.5);
            whole.preferred(0.75);
            kept = Some(whole.checkpoint("key").unwrap());
        }
    }
    assert_eq!(whole.total(), 36, "ten pairs, four a step");
    let mut resumed = trainer();
    assert!(resumed.resume("key", kept.as_ref().unwrap()).unwrap());
    while resumed.step().is_some() {}
    assert_eq!(whole.steps(), resumed.steps());
    assert_eq!(whole.accuracies(), resumed.accuracies());
    assert_eq!(whole.adapter().values, resumed.adapter().values);
    let after = stands(whole.adapter());
    assert!(after.preferred > 9.9 && after.pairs == 10, "{after:?}");
    assert!(after.loss < 0.2, "{after:?}");
}

#[test]
fn a_pair_is_one_question_with_two_answers() {
    let words = words();
    let said = [Message::new("user", "ab"), Message::new("assistant", "ba")];
    let pair = words.pair(&said, "c", 100).unwrap();
    let prompt = words.prompt(&said[..1]).unwrap();
    for (example, answer) in [(&pair.chosen, "ba"), (&pair.rejected, "c")] {
        assert_eq!(example.tokens[..prompt.len()], prompt);
        let learnt = example.tokens.iter().zip(&example.learnt).filter(|(_, learnt)| **learnt);
        let learnt: Vec<u32> = learnt.map(|(token, _)| *token).collect();
        assert_eq!(words.text(&learnt), answer);
    }
    assert_eq!(words.pair(&said[..1], "c", 100), Err(Unfit::Silent));
    assert_eq!(words.pair(&said, " ", 100), Err(Unfit::Silent));
    assert_eq!(words.pair(&said, &format!(" {} ", said[1].content), 100), Err(Unfit::Alike));
    assert_eq!(words.pair(&said, "<|im_end|>", 100), Err(Unfit::Mark));
    assert_eq!(words.pair(&said, "c", 5), Err(Unfit::Long));
}

#[test]
fn layers_computed_again_give_the_same_bits() {
    let base = base(Family::Llama);
    let adapter = adapter(&base, 0.3);
    let net = Net { base: &base, adapter: Some(&adapter) };
    let batch = batch(&[9, 12]);
    let chance = Some(Chance { share: 0.3, seed: 4, before: 0 });
    let run = |frugal, chance| {
        let mut gradients = vec![0.0; adapter.parameters()];
        let loss = net.learn(&batch, &mut gradients, Weigh::Same(0.1), frugal, chance);
        (loss, gradients)
    };
    assert_eq!(run(false, chance), run(true, chance));
    assert_ne!(run(false, chance).0, run(false, None).0, "dropout does something");
    assert_eq!(
        run(false, None).0,
        net.losses(&batch).iter().map(|loss| f64::from(*loss)).sum::<f64>()
    );
}

#[test]
fn no_text_of_a_batch_sees_another() {
    let base = base(Family::Llama);
    let alone = Net { base: &base, adapter: None };
    let whole = alone.losses(&batch(&[9, 70, 5]));
    let mut parts = Vec::new();
    for (length, seed) in [9, 70, 5].into_iter().zip(1..) {
        let (tokens, learnt) = text(length, seed);
        let mut own = Batch::default();
        own.push(&tokens, &learnt);
        parts.extend(alone.losses(&own));
    }
    assert_eq!(whole.len(), parts.len());
    assert!(whole.iter().zip(&parts).all(|(whole, part)| (whole - part).abs() < 1e-5));
}

#[test]
fn a_training_of_one_step_learns() {
    let (base, examples) = (base(Family::Llama), examples(3));
    let form = AdapterForm { rank: 2, alpha: 4.0, dropout: 0.0, targets: vec![Part::Query] };
    for warmup in [0.03, 1.0] {
        let settings = TrainSettings { epochs: 1, warmup, ..settings() };
        let fresh = Adapter::new(&form, &base.shape, 1);
        let mut trainer = Trainer::new(&base, fresh.clone(), &settings, &examples);
        let step = trainer.step().unwrap();
        assert!(trainer.step().is_none());
        assert!((step.learning_rate - settings.learning_rate).abs() < 1e-12);
        assert_ne!(trainer.adapter().values, fresh.values);
    }
}

#[test]
fn a_resumed_training_gives_the_same_bits() {
    let (base, settings, examples) = (base(Family::Llama), settings(), examples(11));
    let form =
        AdapterForm { rank: 2, alpha: 4.0, dropout: 0.1, targets: vec![Part::Query, Part::Down] };
    let fresh = || Adapter::new(&form, &base.shape, 1);
    let mut whole = Trainer::new(&base, fresh(), &settings, &examples);
    let mut kept = None;
    while whole.step().is_some() {
        if whole.steps().len() == 3 {
            whole.validated(0.5);
            kept = Some(whole.checkpoint("key").unwrap());
        }
    }
    assert_eq!(whole.total(), 6);
    assert_eq!(whole.steps()[0].learning_rate, 0.0);
    let mut resumed = Trainer::new(&base, fresh(), &settings, &examples);
    assert!(!resumed.resume("other", kept.as_ref().unwrap()).unwrap());
    assert!(resumed.resume("key", kept.as_ref().unwrap()).unwrap());
    while resumed.step().is_some() {}
    assert_eq!(whole.adapter().values, resumed.adapter().values);
    assert_eq!(whole.steps(), resumed.steps());
    assert_eq!(whole.finish().unwrap(), resumed.finish().unwrap());
    let mut damaged = kept.unwrap();
    damaged.truncate(damaged.len() / 2);
    assert_eq!(
        Trainer::new(&base, fresh(), &settings, &examples)
            .resume("key", &damaged)
            .unwrap_err()
            .code(),
        "train-checkpoint"
    );
}

#[test]
fn it_learns_and_forgets_nothing_of_the_base() {
    let (base, examples) = (base(Family::Llama), examples(6));
    let settings = TrainSettings { epochs: 30, clip: 0.0, weight_decay: 0.0, ..settings() };
    let form = AdapterForm { rank: 4, alpha: 8.0, dropout: 0.0, targets: Part::ALL.to_vec() };
    let fresh = Adapter::new(&form, &base.shape, 1);
    let before = mean_loss(&base, None, &examples, 4);
    assert!(
        (mean_loss(&base, Some(&fresh), &examples, 4) - before).abs() < 1e-6,
        "a fresh adapter changes nothing"
    );
    let mut trainer = Trainer::new(&base, fresh, &settings, &examples);
    while trainer.step().is_some() {}
    let (adapter, _) = trainer.finish().unwrap();
    assert!(mean_loss(&base, Some(&adapter), &examples, 4) < before * 0.3);
}

#[test]
fn answers_are_the_likeliest_words_one_after_the_other() {
    let base = base(Family::Llama);
    let adapter = adapter(&base, 0.0);
    let prompts = vec![text(5, 50).0, text(9, 51).0];
    let net = Net { base: &base, adapter: Some(&adapter) };
    let found = answers(net, &prompts, 6, &[], &|| {});
    for (prompt, found) in prompts.iter().zip(&found) {
        let mut whole = prompt.clone();
        for token in found {
            let scores = text_scores(&base, Some(&adapter), &whole);
            assert_eq!(likeliest(&scores[scores.len() - 40..]), *token);
            whole.push(*token);
        }
        assert_eq!(found.len(), 6);
    }
    let ended = answers(net, &prompts[..1], 6, &found[0][2..3], &|| {});
    assert!(ended[0].len() <= 2 && found[0].starts_with(&ended[0]));
}

/// The head of a file of such a model.
fn head(base: &BaseModel) -> gguf::Header {
    let family = base.shape.family.as_str();
    let count = |number: usize| Value::Unsigned(number as u64);
    let mut metadata =
        BTreeMap::from([("general.architecture".to_owned(), Value::Text(family.into()))]);
    for (key, value) in [
        ("block_count", count(base.shape.layers)),
        ("context_length", count(base.shape.context)),
        ("embedding_length", count(base.shape.width)),
        ("feed_forward_length", count(base.shape.inner)),
        ("attention.head_count", count(base.shape.heads)),
        ("attention.head_count_kv", count(base.shape.kv_heads)),
        ("attention.layer_norm_rms_epsilon", Value::Float(1e-5)),
        ("rope.freq_base", Value::Float(10_000.0)),
    ] {
        metadata.insert(format!("{family}.{key}"), value);
    }
    metadata.insert("tokenizer.chat_template".into(), Value::Text("{{ messages }}".into()));
    let table = vec![0.0; base.embedding.len()];
    let dims = vec![base.shape.width as u64, base.shape.vocabulary as u64];
    let bytes = gguf::write(&metadata, &[("token_embd.weight", dims, Data::F32(&table))]).unwrap();
    gguf::read(&bytes, bytes.len() as u64, &gguf::Limits::default()).unwrap()
}

#[test]
fn the_merged_file_scores_as_the_adapter_did() {
    for family in [Family::Llama, Family::Qwen2] {
        let base = base(family);
        let adapter = adapter(&base, 0.0);
        let (tokens, _) = text(30, 60);
        let own = text_scores(&base, Some(&adapter), &tokens);
        for (storage, most) in [(Storage::F32, 1e-4), (Storage::F16, 2e-2)] {
            let file =
                base.merged(&adapter).to_gguf(&head(&base).metadata, "merged", storage).unwrap();
            let read = BaseModel::from_gguf(&file).unwrap();
            assert_eq!(read.shape, base.shape);
            let found = apart(&own, &text_scores(&read, None, &tokens), 40);
            assert!(found.difference < most, "{found:?}");
            assert!(
                merge_parity_of((&base, &adapter), &read, std::slice::from_ref(&tokens), 1e-3)
                    .is_ok()
            );
        }
        let other = base.to_gguf(&head(&base).metadata, "unchanged", Storage::F32).unwrap();
        let other = BaseModel::from_gguf(&other).unwrap();
        let refused =
            merge_parity_of((&base, &adapter), &other, std::slice::from_ref(&tokens), 1e-3)
                .unwrap_err();
        assert_eq!(refused.code(), "train-merge-parity");
    }
}

#[test]
fn adapters_travel_in_the_forms_of_others() {
    let base = base(Family::Llama);
    let adapter = adapter(&base, 0.0);
    let (config, weights) = adapter.to_peft("tiny").unwrap();
    assert_eq!(Adapter::from_peft(&config, &weights, &base).unwrap(), adapter);
    let config: serde_json::Value = serde_json::from_slice(&config).unwrap();
    assert_eq!((config["r"].as_u64(), config["lora_alpha"].as_f64()), (Some(2), Some(4.0)));
    let other = serde_json::json!({"peft_type": "LORA", "r": 2, "lora_alpha": 4, "use_dora": true, "target_modules": []});
    assert_eq!(
        Adapter::from_peft(other.to_string().as_bytes(), &weights, &base).unwrap_err().code(),
        "train-adapter-invalid"
    );

    let file = adapter.to_gguf(&base, "tiny").unwrap();
    let head = gguf::read(&file, file.len() as u64, &gguf::Limits::default()).unwrap();
    assert!(head.is_adapter());
    assert_eq!(head.metadata["adapter.lora.alpha"], Value::Float(4.0));
    let b = head.tensor("blk.1.attn_q.weight.lora_b").unwrap();
    assert_eq!(b.dims, [2, 16]);
    // Row 1 of a head in the file is row 2 of ours: halves are interleaved.
    let place = adapter.place(1, Part::Query).unwrap();
    let start = usize::try_from(head.data + b.offset).unwrap();
    let row: Vec<u8> =
        adapter.b(place)[4..6].iter().flat_map(|number| number.to_le_bytes()).collect();
    assert_eq!(file[start + 8..start + 16], row);
}

/// Two letters, their pair, and marks.
fn words() -> Words {
    let list = |words: &[&str]| Value::Texts(words.iter().map(|word| (*word).to_owned()).collect());
    let template = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";
    let letters: Vec<String> = ('a'..='z')
        .map(String::from)
        .chain(["\u{10a}".into(), "\u{120}".into(), "ab".into()])
        .collect();
    let mut tokens: Vec<&str> = vec!["<|im_start|>", "<|im_end|>"];
    tokens.extend(letters.iter().map(String::as_str));
    let kinds = (0..tokens.len()).map(|index| if index < 2 { 3 } else { 1 }).collect();
    let metadata = BTreeMap::from([
        ("tokenizer.ggml.model".to_owned(), Value::Text("gpt2".into())),
        ("tokenizer.ggml.pre".to_owned(), Value::Text("smollm".into())),
        ("tokenizer.ggml.tokens".to_owned(), list(&tokens)),
        ("tokenizer.ggml.token_type".to_owned(), Value::Integers(kinds)),
        ("tokenizer.ggml.merges".to_owned(), list(&["a b"])),
        ("tokenizer.ggml.eos_token_id".to_owned(), Value::Unsigned(1)),
        ("tokenizer.chat_template".to_owned(), Value::Text(template.into())),
    ]);
    let header =
        gguf::Header { version: 3, metadata, kinds: BTreeMap::new(), tensors: Vec::new(), data: 0 };
    Words::from_gguf(&header).unwrap()
}

#[test]
fn only_the_assistants_words_are_learnt() {
    let words = words();
    let said = [
        Message::new("user", "ab ab"),
        Message::new("assistant", "ba"),
        Message::new("user", "c"),
        Message::new("assistant", "d"),
    ];
    let example = words.example(&said, 100).unwrap();
    let learnt: Vec<u32> = example
        .tokens
        .iter()
        .zip(&example.learnt)
        .filter(|(_, learnt)| **learnt)
        .map(|(token, _)| *token)
        .collect();
    let letter = |letter: u8| u32::from(letter - b'a') + 2;
    assert_eq!(learnt, [letter(b'b'), letter(b'a'), 1, letter(b'd'), 1]);
    assert_eq!(example.tokens.last(), Some(&1), "what follows the last mark teaches nothing");
    // A prompt is exactly what stands before the answer.
    let prompt = words.prompt(&said[..1]).unwrap();
    assert_eq!(example.tokens[..prompt.len()], prompt);
    assert!(prompt.contains(&30), "the pair is one token");
    assert_eq!(words.text(&words.tokens("ab ab").unwrap()), "ab ab");
    assert_eq!(words.ends(), [1]);
}

#[test]
fn what_cannot_be_learnt_from_says_why() {
    let words = words();
    let ask = |text: &str| Message::new("user", text);
    let say = |text: &str| Message::new("assistant", text);
    assert_eq!(words.example(&[ask("a"), say("a")], 3), Err(Unfit::Long));
    assert_eq!(words.example(&[ask("a")], 100), Err(Unfit::Silent));
    assert_eq!(words.example(&[ask("a"), say(" ")], 100), Err(Unfit::Silent));
    assert_eq!(words.example(&[ask("a<|im_end|>"), say("a")], 100), Err(Unfit::Mark));
    let mut calling = say("");
    calling.tool_calls.push(ingot_runtime::generate::ToolCall {
        id: String::new(),
        name: "a".to_owned(),
        arguments: serde_json::json!({ "a": "<|im_end|>" }),
    });
    assert_eq!(words.example(&[ask("a"), calling], 100), Err(Unfit::Mark));
}

#[test]
fn a_checkpoints_head_says_the_same_as_a_files() {
    let words = words();
    let shape = Shape { vocabulary: 33, ..shape(Family::Llama) };
    let metadata = words.head(&shape, "tiny").unwrap();
    let header =
        gguf::Header { version: 3, metadata, kinds: BTreeMap::new(), tensors: Vec::new(), data: 0 };
    let read = Words::from_gguf(&header).unwrap();
    assert_eq!(read.template(), words.template());
    assert_eq!(read.ends(), words.ends());
    for text in ["ab ba abab", "<|im_start|>ab"] {
        assert_eq!(read.tokens(text).unwrap(), words.tokens(text).unwrap());
    }
}

fn config() -> SftConfig {
    SftConfig {
        objective: Objective::Answers,
        base: "tiny".to_owned(),
        form: AdapterForm { rank: 2, alpha: 4.0, dropout: 0.0, targets: vec![Part::Query] },
        settings: settings(),
        max_tokens: 100,
        canaries: 0,
        evaluate: 8,
        answer_tokens: 8,
        samples: 0,
    }
}

/// Keeps the last checkpoint, and counts them.
#[derive(Default)]
struct Last(std::sync::Mutex<(usize, Option<Vec<u8>>)>);

impl Checkpoints for Last {
    fn load(&self) -> ingot_base::Result<Option<Vec<u8>>> {
        Ok(self.0.lock().unwrap().1.clone())
    }

    fn keep(&self, bytes: &[u8]) -> ingot_base::Result<()> {
        let mut kept = self.0.lock().unwrap();
        *kept = (kept.0 + 1, Some(bytes.to_vec()));
        Ok(())
    }
}

#[test]
fn what_dies_while_it_is_measured_repeats_no_step_and_the_measuring_is_told() {
    let talk = |said: &str| vec![Message::new("user", said), Message::new("assistant", "ab")];
    let rows = ["a", "b", "ab", "ba", "abab"].map(talk);
    let rows = Conversations {
        train: &rows,
        validation: &rows[..1],
        test: &rows[..2],
        rejected: [&[]; 3],
        empty: [0; 3],
    };
    let (base, words, config, kept) = (base(Family::Llama), words(), config(), Last::default());
    let run = || {
        let heard = ingot_base::Heard::default();
        let course = Course { reporter: &heard, ..Course::alone("key", &kept) };
        let trained = train_adapter(&config, (&base, &words), rows, None, course).unwrap();
        (heard.stages(), trained.adapter.values)
    };
    // The second finds what a kill after the last step leaves.
    let (first, again) = (run(), run());
    let steps = |told: &[(ingot_base::Text, Option<u64>, u64)]| -> u64 {
        told.iter().map(|(_, _, done)| done).sum()
    };
    assert_eq!((steps(&first.0), steps(&again.0)), (4, 0), "two epochs of two steps");
    assert_eq!(first.1, again.1);
    assert_eq!(kept.0.lock().unwrap().0, 1);
    let parts: Vec<&str> = again.0.iter().map(|(part, _, _)| part.en.as_str()).collect();
    assert_eq!(
        parts,
        [
            "loss on the test rows",
            "the base's answers to test rows",
            "the trained model's answers",
            "what was memorised"
        ]
    );
}

#[test]
fn what_cannot_be_used_is_told_with_its_reasons() {
    let talk = |roles: [&str; 2]| roles.map(|role| Message::new(role, "ab")).to_vec();
    let (good, bad) = (talk(["user", "assistant"]), talk(["human", "gpt"]));
    let config = config();
    let (all, test) = ([bad.clone(), bad.clone(), good.clone()], [good]);
    let rows = |train, empty| Conversations {
        train,
        validation: &[],
        test: &test,
        rejected: [&[]; 3],
        empty: [empty, 0, 0],
    };
    let counts = |train| crate::outcome::Rows { train, validation: 0, test: 1 };
    let check = |train, empty, found| usable(&config, &words(), rows(train, empty), counts(found));
    assert!(check(&all, 0, 1).is_ok());
    let none = check(&all[..2], 1, 0).unwrap_err();
    assert_eq!(none.code(), "train-none-usable");
    assert_eq!(
        none.to_string(),
        "training: 3 conversations, none usable: 1 without a question or an answer, \
         2 without an assistant's answer (roles found: gpt, human)"
    );
    assert_eq!(check(&[], 0, 0).unwrap_err().code(), "train-no-rows");

    let heard = ingot_base::Heard::default();
    let unfit = UnfitRows { silent: 2, ..UnfitRows::default() };
    tell(rows(&all, 0), unfit, &heard);
    let (unused, roles) = (heard.of("train-rows-unused"), heard.of("train-roles"));
    assert!(unused.len() == 1 && unused[0].contains("2 of 4 conversations are not used"));
    assert!(roles.len() == 1 && roles[0].contains("in 2 of 4 conversations: gpt, human"));
    assert_eq!(heard.all().lines().count(), 2, "{}", heard.all());
}
