use super::memory::Sealed;
use super::native::{Batch, Context, Model, Sizes, Step, packed_so_far, packs};
use super::*;
use crate::generate::{End, Reason, Sampling};
use crate::gguf::{Data, TensorKind, Value, write};
use crate::messages::FORM_INVALID;
use half::f16;
use ingot_base::Rng;

/// Numbers of a block.
const BLOCK: usize = 32;

/// Blocks of random numbers, small enough that nothing grows beyond measure from layer to layer.
fn blocks(kind: TensorKind, elements: u64, random: &mut Rng) -> Vec<u8> {
    let count = usize::try_from(elements).unwrap() / BLOCK;
    let mut bytes = Vec::new();
    for _ in 0..count {
        let mut half = |low, high| f16::from_f64(random.between(low, high)).to_le_bytes();
        let numbers = usize::try_from(kind.bytes).unwrap();
        let head = if kind.name == "Q4_1" {
            [half(0.01, 0.02), half(-0.15, -0.1)].concat()
        } else {
            half(0.001, 0.002).to_vec()
        };
        bytes.extend(&head);
        bytes.extend((head.len()..numbers).map(|_| u8::try_from(random.below(256)).unwrap()));
    }
    bytes
}

/// A small model of two layers: its matrices in four bits, its table of tokens in eight.
fn small() -> Vec<u8> {
    let (width, inner, vocabulary) = (128_u64, 160_u64, 48_u64);
    let text = |text: &str| Value::Text(text.to_owned());
    let mut metadata = std::collections::BTreeMap::from([
        ("general.architecture".to_owned(), text("llama")),
        ("tokenizer.ggml.model".to_owned(), text("gpt2")),
        ("tokenizer.ggml.pre".to_owned(), text("smollm")),
        (
            "tokenizer.ggml.tokens".to_owned(),
            Value::Texts((0..vocabulary).map(|token| format!("t{token}")).collect()),
        ),
        ("tokenizer.ggml.merges".to_owned(), Value::Texts(vec!["t 1".to_owned()])),
        ("tokenizer.ggml.bos_token_id".to_owned(), Value::Unsigned(0)),
        ("tokenizer.ggml.eos_token_id".to_owned(), Value::Unsigned(1)),
        ("llama.attention.layer_norm_rms_epsilon".to_owned(), Value::Float(1e-5)),
    ]);
    for (key, number) in [
        ("block_count", 2),
        ("context_length", 256),
        ("embedding_length", width),
        ("feed_forward_length", inner),
        ("attention.head_count", 2),
        ("attention.head_count_kv", 1),
        ("rope.dimension_count", width / 2),
    ] {
        metadata.insert(format!("llama.{key}"), Value::Unsigned(number));
    }
    let (four, eight) = (TensorKind::of(3).unwrap(), TensorKind::of(8).unwrap());
    let mut shapes =
        vec![("token_embd".to_owned(), vec![width, vocabulary], eight), norm("output", width)];
    for layer in 0..2 {
        let name = |part: &str| format!("blk.{layer}.{part}");
        shapes.push(norm(&name("attn"), width));
        shapes.push(norm(&name("ffn"), width));
        for (part, inputs, outputs) in [
            ("attn_q", width, width),
            ("attn_k", width, width / 2),
            ("attn_v", width, width / 2),
            ("attn_output", width, width),
            ("ffn_gate", width, inner),
            ("ffn_up", width, inner),
            ("ffn_down", inner, width),
        ] {
            shapes.push((name(part), vec![inputs, outputs], four));
        }
    }
    let mut random = Rng::new(3, "small");
    let tensors: Vec<(String, Vec<u64>, TensorKind, Vec<u8>)> = shapes
        .into_iter()
        .map(|(name, dims, kind)| {
            let count: u64 = dims.iter().product();
            let bytes = match kind {
                TensorKind::F32 => (0..count).flat_map(|_| 1.0_f32.to_le_bytes()).collect(),
                kind => blocks(kind, count, &mut random),
            };
            (format!("{name}.weight"), dims, kind, bytes)
        })
        .collect();
    let tensors: Vec<_> = tensors
        .iter()
        .map(|(name, dims, kind, bytes)| (name.as_str(), dims.clone(), Data::Raw(*kind, bytes)))
        .collect();
    write(&metadata, &tensors).unwrap()
}

fn norm(of: &str, width: u64) -> (String, Vec<u64>, TensorKind) {
    (format!("{of}_norm"), vec![width], TensorKind::F32)
}

/// The scores after every token of batches of several sizes.
fn scores(packed: bool) -> Vec<u32> {
    let model = Arc::new(Model::load(Sealed::new(&small()).unwrap(), packed).unwrap());
    let sizes = Sizes { tokens: 256, sequences: 4, batch: 64, outputs: 64, threads: 2 };
    let mut context = Context::new(model, sizes, None).unwrap();
    let (mut batch, mut all) = (Batch::default(), Vec::new());
    for (sequence, count) in [(0, 1), (1, 2), (2, 7), (3, 40)] {
        batch.clear();
        for place in 0..count {
            let token = i32::try_from(place * 5 % 47).unwrap() + 1;
            batch.push(token, place, sequence, true);
        }
        assert_eq!(context.step(&mut batch, None).unwrap(), Step::Done);
        for place in 0..count {
            all.extend(context.scores(place).unwrap().iter().map(|score| score.to_bits()));
        }
    }
    all
}

#[test]
fn packed_weights_give_the_same_scores_to_the_last_bit() {
    let plain = scores(false);
    let before = packed_so_far();
    let packed = scores(true);
    // Two layers of seven matrices, and the table of tokens as what scores them.
    assert_eq!(packed_so_far() - before, if packs() { 15 } else { 0 });
    let finite = |bits: &u32| f32::from_bits(*bits).is_finite();
    assert!(plain.iter().all(finite) && plain.iter().any(|bits| *bits != plain[0]));
    assert_eq!(plain.len(), 50 * 48);
    assert!(plain == packed, "the packed weights' scores differ");
}

#[test]
fn weights_are_copied_only_where_there_is_room() {
    assert!(enough(100, 50, Some(150)).unwrap());
    assert!(!enough(100, 50, Some(149)).unwrap());
    assert_eq!(enough(100, 50, Some(99)).unwrap_err().code(), MODEL_TOO_LARGE.code);
}

/// The scores of a conversation read in one piece and gone on with token by token, beside others in the cache.
fn beside(others: usize) -> Vec<u32> {
    let model = Arc::new(Model::load(Sealed::new(&small()).unwrap(), true).unwrap());
    let sizes = Sizes { tokens: 1024, sequences: 4, batch: 64, outputs: 64, threads: 2 };
    let mut context = Context::new(model, sizes, None).unwrap();
    let (mut batch, mut all) = (Batch::default(), Vec::new());
    let mut read = |context: &mut Context, sequence: i32, places: std::ops::Range<usize>| {
        batch.clear();
        let last = places.end - 1;
        for place in places {
            let token = (place * 7 + usize::try_from(sequence).unwrap()) % 47 + 1;
            batch.push(i32::try_from(token).unwrap(), place, sequence, place == last);
        }
        assert_eq!(context.step(&mut batch, None).unwrap(), Step::Done);
        let scores = context.scores(batch.len() - 1).unwrap();
        scores.iter().map(|score| score.to_bits()).collect::<Vec<_>>()
    };
    for start in (0..others).step_by(50) {
        read(&mut context, 1, start..start + 50);
        read(&mut context, 2, start..start + 50);
    }
    all.extend(read(&mut context, 0, 0..40));
    for place in 40..48 {
        all.extend(read(&mut context, 0, place..place + 1));
    }
    all
}

#[test]
fn scores_do_not_depend_on_who_else_is_in_the_cache() {
    let alone = beside(0);
    let crowded = beside(250);
    // Elsewhere llama.cpp divides a long cache among its threads, and rounds where it divides.
    if packs() {
        assert!(alone == crowded, "another conversation changes the scores");
    }
    let same = alone
        .iter()
        .zip(&crowded)
        .all(|(one, other)| (f32::from_bits(*one) - f32::from_bits(*other)).abs() < 0.5);
    assert!(same && alone.len() == crowded.len());
}

fn loaded(speculate: bool) -> LlamaGenerator {
    let settings = Serving { slots: 2, context: 128, threads: 2, speculate, ..Serving::default() };
    LlamaGenerator::load(&small(), &settings).unwrap()
}

fn asked(owner: &str, first: Token) -> Ask {
    Ask {
        prompt: (0..24).map(|place| (first + place % 6) % 45 + 2).collect(),
        max_tokens: 24,
        sampling: Sampling::greedy(),
        owner: Arc::from(owner),
        endless: true,
        ..Ask::default()
    }
}

fn answer(generator: &LlamaGenerator, ask: Ask) -> (String, End) {
    let (sender, events) = channel();
    let sink = Box::new(move |event: Event| drop(sender.send(event)));
    let _ticket = Generator::start(generator, ask, sink).unwrap();
    let mut said = String::new();
    for event in events {
        match event {
            Event::Prompt { .. } => {}
            Event::Text { text, .. } => said.push_str(&text),
            Event::Done(end) => return (said, end),
            Event::Failed { fault, .. } => panic!("{fault}"),
        }
    }
    panic!("no end")
}

#[test]
fn guesses_change_no_answer() {
    let (plain, guessing) = (loaded(false), loaded(true));
    let mut drafted = 0;
    for first in [0, 7, 31] {
        let (said, _) = answer(&plain, asked("a", first));
        let (guessed, end) = answer(&guessing, asked("a", first));
        assert_eq!(said, guessed, "{first}");
        drafted += end.drafted;
    }
    assert!(drafted > 0);
}

#[test]
fn nothing_is_guessed_where_chance_is_to_fall_the_same() {
    let generator = loaded(true);
    let sampling = Sampling { temperature: 0.7, seed: 77, ..Sampling::default() };
    for first in [0, 7, 31] {
        let ask = || Ask { sampling: sampling.clone(), steady: true, ..asked("a", first) };
        let (said, end) = answer(&generator, ask());
        assert_eq!(end.drafted, 0, "{first}");
        assert_eq!(answer(&generator, ask()).0, said, "{first}");
    }
}

#[test]
fn a_key_that_takes_all_places_keeps_no_other_out() {
    let settings = Serving { slots: 1, context: 256, queue: 7, threads: 2, ..Serving::default() };
    let generator = LlamaGenerator::load(&small(), &settings).unwrap();
    let begin = |owner: &str| {
        let (sender, events) = channel();
        let sink = Box::new(move |event: Event| drop(sender.send(event)));
        let ask = Ask { max_tokens: 200, ..asked(owner, 3) };
        Generator::start(&generator, ask, sink).map(|ticket| (ticket, events))
    };
    // Some may end meanwhile.
    let greedy: Vec<_> = std::iter::from_fn(|| begin("greedy").ok()).take(1000).collect();
    assert!((8..1000).contains(&greedy.len()), "{}", greedy.len());
    let (_ticket, events) = begin("other").unwrap();
    assert!(generator.figures().waiting > 0);
    // It comes to its end though the other's wait since before.
    assert!(events.iter().any(|event| matches!(event, Event::Done(_))));
    drop(greedy);
}

#[test]
fn what_one_key_asked_is_not_known_to_another() {
    let generator = loaded(true);
    let cached = |owner| answer(&generator, asked(owner, 3)).1.cached_tokens;
    assert_eq!(cached("a"), 0);
    assert_eq!(cached("b"), 0);
    assert_eq!((cached("a"), cached("b")), (23, 23));
}

#[test]
fn answers_have_the_form_that_was_asked_for_and_bombs_are_refused() {
    let generator = loaded(true);
    let with = |form| Ask { form: Some(form), endless: false, ..asked("a", 9) };
    let (said, end) =
        answer(&generator, with(Form::Grammar("root ::= (\"t2\" | \"t3\"){6}".into())));
    let words = said.split('t').skip(1).collect::<Vec<_>>();
    assert!(words.len() == 6 && words.iter().all(|word| matches!(*word, "2" | "3")), "{said}");
    assert_eq!(end.answer_tokens, 7);
    let properties: Vec<String> = (0..5000).map(|at| format!("\"p{at}\":{{}}")).collect();
    for form in [
        Form::Grammar(format!("root ::= {}", "(".repeat(5120))),
        Form::Grammar("root ::= \"y\"{1,3}".into()),
        Form::JsonSchema(format!("{{\"properties\":{{{}}}}}", properties.join(","))),
        Form::JsonSchema("{\"type\":\"number\",\"multipleOf\":2}".into()),
    ] {
        let nothing_fits = matches!(&form, Form::Grammar(text) if text.contains('y'));
        let (sender, events) = channel();
        let sink = Box::new(move |event: Event| drop(sender.send(event)));
        match Generator::start(&generator, with(form), sink) {
            Err(fault) => assert_eq!(fault.code(), FORM_INVALID.code),
            Ok(_ticket) => {
                assert!(nothing_fits);
                let failed = events.iter().find_map(|event| match event {
                    Event::Failed { end, .. } => Some(end),
                    _ => None,
                });
                // What it took is told all the same.
                let end = failed.unwrap();
                assert_eq!(end.reason, Reason::Failed);
                assert!(end.prompt_tokens > 0 && end.answer_tokens > 0);
            }
        }
    }
}
