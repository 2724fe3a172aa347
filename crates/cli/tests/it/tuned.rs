//! Language models from a recipe: trained, merged, quantised, sealed, served, questioned; over a small model made here, which speaks
//! in bytes.

use crate::support::{Project, Server, api_key};
use crate::tools::{succeed, tool};
use ingot_base::Rng;
use ingot_runtime::gguf::{self, Data, Value as Entry};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;

const TEMPLATE: &str = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

/// A secret of somebody in the data, which protection takes out.
const CANARY: &str = "kanari.person@example.org";

/// GPT-2's letters for bytes.
fn letters() -> Vec<String> {
    let plain = |byte: u32| {
        (33..=126).contains(&byte) || (161..=172).contains(&byte) || (174..=255).contains(&byte)
    };
    let mut next = 256;
    (0..256)
        .map(|byte| {
            let point = if plain(byte) { byte } else { next };
            next += u32::from(!plain(byte));
            char::from_u32(point).unwrap().to_string()
        })
        .collect()
}

/// A Llama of two layers with random weights.
#[expect(clippy::cast_possible_truncation, reason = "weights are single precision")]
fn tiny() -> Vec<u8> {
    let (width, inner, heads, kv_heads) = (64_u64, 128_u64, 4_u64, 2_u64);
    let mut tokens = vec!["<|im_start|>".to_owned(), "<|im_end|>".to_owned()];
    tokens.extend(letters());
    tokens.push("an".into());
    let vocabulary = tokens.len() as u64;
    let kinds = (0..vocabulary).map(|token| if token < 2 { 3 } else { 1 }).collect();
    let text = |text: &str| Entry::Text(text.to_owned());
    let mut metadata = BTreeMap::from([
        ("general.architecture".to_owned(), text("llama")),
        ("tokenizer.ggml.model".to_owned(), text("gpt2")),
        ("tokenizer.ggml.pre".to_owned(), text("smollm")),
        ("tokenizer.ggml.tokens".to_owned(), Entry::Texts(tokens)),
        ("tokenizer.ggml.token_type".to_owned(), Entry::Integers(kinds)),
        ("tokenizer.ggml.merges".to_owned(), Entry::Texts(vec!["a n".to_owned()])),
        ("tokenizer.ggml.bos_token_id".to_owned(), Entry::Unsigned(0)),
        ("tokenizer.ggml.eos_token_id".to_owned(), Entry::Unsigned(1)),
        ("tokenizer.ggml.add_bos_token".to_owned(), Entry::Bool(false)),
        ("tokenizer.chat_template".to_owned(), text(TEMPLATE)),
        ("llama.attention.layer_norm_rms_epsilon".to_owned(), Entry::Float(1e-5)),
        ("llama.rope.freq_base".to_owned(), Entry::Float(10_000.0)),
    ]);
    for (key, number) in [
        ("block_count", 2),
        ("context_length", 1024),
        ("embedding_length", width),
        ("feed_forward_length", inner),
        ("attention.head_count", heads),
        ("attention.head_count_kv", kv_heads),
        ("rope.dimension_count", width / heads),
    ] {
        metadata.insert(format!("llama.{key}"), Entry::Unsigned(number));
    }
    let mut random = Rng::new(5, "tiny");
    let mut tensors: Vec<(String, Vec<u64>, Vec<f32>)> = Vec::new();
    let mut put = |name: String, dims: Vec<u64>, spread: Option<f64>| {
        let count: u64 = dims.iter().product();
        let numbers = (0..count).map(|_| match spread {
            None => 1.0,
            Some(spread) => random.between(-spread, spread) as f32,
        });
        tensors.push((name, dims, numbers.collect()));
    };
    let narrow = width / heads * kv_heads;
    put("token_embd.weight".into(), vec![width, vocabulary], Some(0.7));
    put("output_norm.weight".into(), vec![width], None);
    for layer in 0..2 {
        let name = |part: &str| format!("blk.{layer}.{part}.weight");
        put(name("attn_norm"), vec![width], None);
        put(name("ffn_norm"), vec![width], None);
        for (part, inputs, outputs) in [
            ("attn_q", width, width),
            ("attn_k", width, narrow),
            ("attn_v", width, narrow),
            ("attn_output", width, width),
            ("ffn_gate", width, inner),
            ("ffn_up", width, inner),
            ("ffn_down", inner, width),
        ] {
            put(name(part), vec![inputs, outputs], Some(0.2));
        }
    }
    let tensors: Vec<_> = tensors
        .iter()
        .map(|(name, dims, numbers)| (name.as_str(), dims.clone(), Data::F32(numbers)))
        .collect();
    gguf::write(&metadata, &tensors).unwrap()
}

/// Questions and answers, half English and half Chinese.
fn rows() -> String {
    let mut text = String::new();
    for number in 0..40 {
        let (prompt, intent) = match number % 4 {
            0 => (format!("refund order {number}, {CANARY}"), "refund"),
            1 => (format!("订单{number}退款"), "refund"),
            2 => (format!("where is order {number}"), "delivery"),
            _ => (format!("订单{number}到哪里了"), "delivery"),
        };
        let answer = json!({ "intent": intent }).to_string();
        writeln!(text, "{}", json!({ "prompt": prompt, "answer": answer })).unwrap();
    }
    text
}

/// A project whose recipe has these lines under `[train.lora]`, and these sections after it.
pub(crate) fn write_recipe(project: &Project, lora: &str, more: &str) {
    let recipe = format!(
        "[project]\nname = \"desk\"\ntask = \"generate.sft\"\ntarget = \"answer\"\n\n\
         [[source]]\nname = \"desk\"\nuri = \"desk.jsonl\"\nformat = \"jsonl\"\n\n\
         [protect]\ntext = {{ columns = [\"prompt\"], languages = [\"zh\", \"en\"], types = [\"email\"], action = \"mask\" }}\n\n\
         [split]\ntest = 0.2\nvalidation = 0.1\n\n\
         [train]\nbase = \"tiny.gguf\"\ntext = \"prompt\"\n\n\
         [train.lora]\nrank = 8\nalpha = 16\nepochs = 3\nlearning_rate = 0.01\nbatch = 4\ncanaries = 2\nevaluate = 6\n\
         answer_tokens = 12\nmax_tokens = 256\nsystem = \"File it.\"\n{lora}\n\n{more}"
    );
    std::fs::write(project.path("ingot.toml"), recipe).unwrap();
}

pub(crate) fn project() -> Project {
    let project = Project::empty();
    std::fs::write(project.path("tiny.gguf"), tiny()).unwrap();
    std::fs::write(project.path("desk.jsonl"), rows()).unwrap();
    project
}

const QUANTISED: &str = "[compress]\nquantize = \"q8_0\"\nbeside = [\"q4_0\"]\ncalibration = { tokens = 900 }\n\
    tolerance = { metric = 0.2, agreement = 0.5, divergence = 0.5, perplexity = 0.5 }\n";

/// The folder of the stage's only run.
fn stage(project: &Project, name: &str) -> PathBuf {
    let mut found: Vec<_> = std::fs::read_dir(project.path(".ingot").join(name))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("record.json").exists())
        .collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

#[test]
fn a_recipe_becomes_a_language_model_that_answers() {
    let project = project();
    write_recipe(&project, "samples = 2", QUANTISED);
    let summary: Value = serde_json::from_str(&project.ok(&["--json", "run"])).unwrap();
    let model = &summary["model"];

    // It learned: of 28 conversations and two planted ones, four a step.
    let steps = model["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 24, "{model}");
    let mean = |steps: &[Value]| {
        steps.iter().map(|step| step[0].as_f64().unwrap()).sum::<f64>()
            / f64::from(u32::try_from(steps.len()).unwrap())
    };
    assert!(mean(&steps[20..]) < 0.8 * mean(&steps[..4]), "{model}");
    assert_eq!(model["validation"].as_array().unwrap().len(), 3);
    assert!(model["parity"]["divergence"].as_f64().unwrap() < 1e-3, "{model}");
    let told: Vec<&str> = model["memory"]["canaries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|canary| canary["lang"].as_str().unwrap())
        .collect();
    assert_eq!(told, ["en", "zh"]);
    assert_eq!(model["samples"], json!([]), "samples stay in the report");

    // llama.cpp finds in the merged file the perplexity that was measured in training.
    let quants = &summary["compression"];
    let forms = quants["forms"].as_array().unwrap();
    let names: Vec<&str> = forms.iter().map(|form| form["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["f16", "q8_0", "q4_0"]);
    assert_eq!(quants["kept"], "q8_0");
    let figure = |form: usize, name: &str| forms[form][name].as_f64().unwrap();
    let own = model["metrics"].as_array().unwrap().iter().find(|one| one["name"] == "perplexity");
    let own = own.unwrap()["value"].as_f64().unwrap();
    assert!((figure(0, "perplexity") / own - 1.0).abs() < 0.01, "{own} {quants}");
    assert!(figure(0, "divergence") < 1e-6 && figure(0, "agreement") > 0.9999);
    assert!(figure(1, "divergence") > 0.0 && figure(1, "divergence") < figure(2, "divergence"));
    assert!(figure(2, "bytes") < figure(1, "bytes") && figure(1, "bytes") < figure(0, "bytes"));
    assert!(quants["importance"].as_u64() >= Some(900) && quants["tokens"].as_u64() > Some(50));

    // Adapters in the forms of others; the template byte for byte.
    let folder = stage(&project, "train");
    let config = std::fs::read_to_string(folder.join("adapter_config.json")).unwrap();
    assert!(config.contains("\"LORA\"") && folder.join("adapter_model.safetensors").exists());
    let head = |path: PathBuf| gguf::read_file(&path, &gguf::Limits::default()).unwrap();
    assert!(head(folder.join("adapter.gguf")).is_adapter());
    for stage_name in ["train", "compress"] {
        let head = head(stage(&project, stage_name).join("model.gguf"));
        assert_eq!(head.chat_template(), Some(TEMPLATE));
    }
    assert!(!folder.join("checkpoint.safetensors").exists());

    // The reports, and nobody's address in what is open.
    let report = |name: &str| {
        std::fs::read_to_string(project.path("dist/desk-0.1.0-reports").join(name)).unwrap()
    };
    let (training, compression) =
        (report("training-report.html"), report("compression-report.html"));
    assert!(training.contains("逐字记忆") && training.contains("intent"));
    assert!(compression.contains("q8_0 (in the package)") && compression.contains("KL 散度"));
    let package = std::fs::read(project.package()).unwrap();
    let open = String::from_utf8_lossy(&package);
    assert!(!open.contains(CANARY) && !training.contains(CANARY));
    for part in ["LoRA", "divergence from the unquantised", "hidden in the training data"] {
        assert!(open.contains(part), "the card tells of {part}");
    }
    assert!(project.ok(&["trace", &project.package().display().to_string()]).contains("compress"));

    // Nothing is done twice.
    assert_eq!(project.ok(&["plan"]).matches("done 2").count(), 6, "{}", project.ok(&["plan"]));

    let server = Server::start(&project, &project.package(), &["--context", "512"]);
    let (_, key) = api_key(&project, &[]);
    let ask = json!({ "messages": [{ "role": "user", "content": "where is order 7" }],
        "temperature": 0, "max_tokens": 12 });
    let answer = server.post("/v1/chat/completions", &key, &ask);
    assert_eq!(answer.status, 200, "{}", answer.body);
    let answer = answer.json();
    assert_eq!(answer["model"], "desk");
    // The system's words of training were put before the question.
    let prompt = "<|im_start|>system\nFile it.<|im_end|>\n<|im_start|>user\nwhere is order 7<|im_end|>\n<|im_start|>assistant\n";
    let marks = 5;
    let bytes = prompt.replace("<|im_start|>", "").replace("<|im_end|>", "").replace("an", "a");
    assert_eq!(answer["usage"]["prompt_tokens"], bytes.len() + marks, "{answer}");
    if let Some(python) = tool("python") {
        let script = project.path("client.py");
        std::fs::write(&script, CLIENT).unwrap();
        let base = format!("http://{}/v1", server.address);
        let said = succeed(Command::new(python).arg(&script).args([&base, &key]));
        assert_eq!(said.trim(), "ok");
    }
}

/// What the official client does, unchanged.
const CLIENT: &str = r#"
import sys
from openai import OpenAI
client = OpenAI(base_url=sys.argv[1], api_key=sys.argv[2])
assert [model.id for model in client.models.list()] == ["desk"]
user = [{"role": "user", "content": "where is order 7"}]
plain = client.chat.completions.create(model="desk", messages=user, temperature=0, max_tokens=12)
assert plain.usage.completion_tokens > 0, plain
stream = client.chat.completions.create(model="desk", messages=user, temperature=0, max_tokens=12, stream=True)
said = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
assert said == plain.choices[0].message.content, (said, plain)
print("ok")
"#;

#[test]
fn a_quantised_model_that_lost_too_much_is_refused() {
    let project = project();
    let strict = |quantize: &str| {
        format!(
            "[compress]\nquantize = \"{quantize}\"\ncalibration = {{ tokens = 0 }}\n\
             tolerance = {{ metric = 0.9, agreement = 0.1, divergence = 0.000001, perplexity = 0.9 }}\n"
        )
    };
    write_recipe(&project, "", "");
    let recipe = std::fs::read_to_string(project.path("ingot.toml")).unwrap();
    let recipe = recipe.replacen("epochs = 3", "epochs = 1", 1);
    std::fs::write(project.path("ingot.toml"), format!("{recipe}{}", strict("q4_0"))).unwrap();
    let refused = project.fails(3, &["run"]);
    assert!(
        refused.contains("train-quantisation-refused") && refused.contains("q4_0"),
        "{refused}"
    );
    assert!(!project.path("dist/desk-0.1.0.ingot").exists());
    let chinese = project.fails(3, &["--lang", "zh", "run"]);
    assert!(chinese.contains("拒绝量化后的模型"), "{chinese}");

    // The adapter alone: nothing to quantise; its base is no published file, which the server says.
    let recipe = recipe.replacen("epochs = 1", "epochs = 1\npackage = \"adapter\"", 1);
    std::fs::write(project.path("ingot.toml"), &recipe).unwrap();
    project.ok(&["run"]);
    let shown = project.ok(&["--json", "inspect", &project.package().display().to_string()]);
    assert!(shown.contains("adapter.gguf") && !shown.contains("model.gguf"), "{shown}");
}

#[test]
fn questions_are_judged_and_two_packages_compared() {
    let project = project();
    write_recipe(&project, "", "");
    project.ok(&["run"]);
    let package = project.package().display().to_string();
    let questions = [
        json!({ "prompt": "where is order 3", "answer": "{\"intent\":\"delivery\"}",
            "choices": ["{\"intent\":\"delivery\"}", "%%%%%%%%"] }),
        json!({ "messages": [{ "role": "user", "content": "退款" },
            { "role": "assistant", "content": "{\"intent\":\"refund\"}" }] }),
    ];
    let text: Vec<String> = questions.iter().map(Value::to_string).collect();
    std::fs::write(project.path("questions.jsonl"), text.join("\n")).unwrap();
    project.ok(&["pack", "tiny.gguf", "--name", "before", "--output", "other"]);
    let other = project.path("other/before-0.1.0.ingot").display().to_string();
    let found: Value = serde_json::from_str(&project.ok(&[
        "--json",
        "eval",
        &package,
        "questions.jsonl",
        "--field",
        "intent",
        "--regex",
        "(?s).*",
        "--answer-tokens",
        "24",
        "--context",
        "512",
        "--output",
        "answers.jsonl",
        "--against",
        &other,
    ]))
    .unwrap();
    let figures = found["figures"].as_array().unwrap();
    let named = |name: &str| figures.iter().find(|one| one["name"] == name).unwrap();
    assert_eq!(figures.len(), 4, "{found}");
    assert_eq!(named("regex")["value"], 1.0);
    assert_eq!((&named("field:intent")["rows"], &named("choice")["rows"]), (&json!(2), &json!(1)));
    // What it was trained to say is likelier than what it never saw.
    assert_eq!(named("choice")["value"], 1.0, "{found}");
    assert_eq!(found["side_by_side"].as_array().unwrap().len(), 4);
    let answers = std::fs::read_to_string(project.path("answers.jsonl")).unwrap();
    assert_eq!(answers.lines().count(), 2);
    let line: Value = serde_json::from_str(answers.lines().next().unwrap()).unwrap();
    assert!(line["answer"].is_string() && line["against"].is_string(), "{line}");
    let table =
        project.ok(&["--lang", "zh", "eval", &package, "questions.jsonl", "--context", "512"]);
    assert!(table.contains("完全一致率") && table.contains("正确选项"), "{table}");
    std::fs::write(project.path("wrong.jsonl"), "{\"prompt\": \"kanari\"}\n").unwrap();
    let wrong = project.fails(1, &["eval", &package, "wrong.jsonl"]);
    assert!(wrong.contains("pipeline-eval-line") && !wrong.contains("kanari"), "{wrong}");
    let fault =
        project.fails(2, &["predict", &package, "--input", "desk.jsonl", "--output", "x.csv"]);
    assert!(fault.contains("cli-predict-language"), "{fault}");
}

/// Orders whose answer hangs on one word.
fn decided() -> String {
    let mut text = String::new();
    for number in 0..48 {
        let (word, answer) = if number % 2 == 0 { ("red", "RRRR") } else { ("blue", "BBBB") };
        let prompt = format!("paint {} {word} now", ["it", "him", "all"][number % 3]);
        writeln!(text, "{}", json!({ "prompt": prompt, "answer": answer })).unwrap();
    }
    text
}

/// What each part of a prompt did, by its text.
fn effects(answer: &Value) -> BTreeMap<String, f64> {
    let parts = answer["explanations"][0]["prompt"]["parts"].as_array().unwrap();
    let effect = |part: &Value| {
        (part["text"].as_str().unwrap().to_owned(), part["contribution"].as_f64().unwrap())
    };
    parts.iter().map(effect).collect()
}

#[test]
fn an_answer_is_explained_by_the_word_that_decides_it() {
    let project = project();
    std::fs::write(project.path("desk.jsonl"), decided()).unwrap();
    write_recipe(&project, "", "");
    let recipe = std::fs::read_to_string(project.path("ingot.toml")).unwrap();
    let recipe = recipe.replacen("epochs = 3", "epochs = 24", 1);
    std::fs::write(project.path("ingot.toml"), recipe.replacen("canaries = 2", "canaries = 0", 1))
        .unwrap();
    project.ok(&["run"]);
    let server = Server::start(&project, &project.package(), &["--context", "512"]);
    let (_, key) = api_key(&project, &[]);
    let user = |text: &str| json!([{ "role": "user", "content": text }]);
    let ask = |body: &Value| {
        let answer = server.post("/api/explain", &key, body);
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    };
    let own = ask(&json!({ "messages": user("paint it red now"), "max_tokens": 4 }));
    let one = &own["explanations"][0];
    assert_eq!(one["answer"], "RRRR", "{own}");
    let found = effects(&own);
    let names: Vec<&str> = found.keys().map(String::as_str).collect();
    assert_eq!(names, ["it", "now", "paint", "red"], "the system's words of training are not told");
    let red = found["red"];
    assert!(red > 1.0 && found.iter().all(|(name, did)| name == "red" || *did < red), "{found:?}");
    assert!(one["reasons"][0]["text"].as_str().unwrap().contains("“red”"));
    assert!(one["drawing"].as_str().unwrap().contains(">red<"));
    // Another answer is unlikely, and the same word speaks against it.
    let other = ask(&json!({ "messages": user("paint it red now"), "answer": "BBBB" }));
    let likely = |answer: &Value| answer["explanations"][0]["logprob"].as_f64().unwrap();
    assert!(likely(&other) < likely(&own) - 2.0, "{other}");
    assert!(effects(&other)["red"] < 0.0, "{other}");
    // What was read before is not read again, and changes nothing.
    let again = ask(&json!({ "messages": user("paint it red now"), "max_tokens": 4 }));
    // One token and many at once go through different kernels of a processor, which round differently.
    let near = |(name, did): (&String, &f64)| {
        (effects(&again)[name] - did).abs() < 1e-2 * did.abs().max(1.0)
    };
    assert!(found.iter().all(near), "{own} {again}");
    let used = |of: &str| again["usage"][of].as_u64().unwrap();
    assert_eq!((used("evaluations"), used("completion_tokens")), (6, 4));
    let cached = again["usage"]["prompt_tokens_details"]["cached_tokens"].as_u64().unwrap();
    assert!(cached * 2 > used("prompt_tokens"), "{again}");
    let usage: Value = serde_json::from_str(&project.ok(&["--json", "usage"])).unwrap();
    assert!(usage.to_string().contains("tokens_read"), "{usage}");
    let long = json!({ "messages": user(&"long ".repeat(200)) });
    let refused = server.post("/api/explain", &key, &long);
    assert_eq!(refused.status, 400, "{}", refused.body);
    assert!(refused.body.contains("runtime-context-overflow"), "{}", refused.body);
}

#[test]
fn a_language_model_learns_what_was_preferred() {
    let project = project();
    let mut rows = String::new();
    for number in 0..40 {
        let (prompt, good) = match number % 2 {
            0 => (format!("refund order {number}"), "refund"),
            _ => (format!("订单{number}到哪里了"), "delivery"),
        };
        let row =
            json!({ "prompt": prompt, "answer": format!("file under {good}"), "worse": "no idea" });
        writeln!(rows, "{row}").unwrap();
    }
    std::fs::write(project.path("desk.jsonl"), rows).unwrap();
    write_recipe(&project, "objective = \"dpo\"\nrejected = \"worse\"\nbeta = 0.5", "");
    let summary: Value = serde_json::from_str(&project.ok(&["--json", "run"])).unwrap();
    let model = &summary["model"];
    let first = model["steps"][0][0].as_f64().unwrap();
    assert!((first - 2.0_f64.ln()).abs() < 1e-3, "a fresh adapter is its own reference: {model}");
    let validation = model["validation"].as_array().unwrap();
    assert!(validation[2].as_f64().unwrap() < 0.3, "{model}");
    let preference = &model["preference"];
    assert_eq!(preference["beta"], 0.5);
    let accuracies = preference["accuracies"].as_array().unwrap();
    assert_eq!((accuracies.len(), accuracies[2].as_f64()), (3, Some(1.0)));
    let figure = |metrics: &str, name: &str| {
        let all = model[metrics].as_array().unwrap();
        all.iter().find(|one| one["name"] == name).unwrap()["value"].as_f64().unwrap()
    };
    assert_eq!((figure("base_metrics", "preference"), figure("metrics", "preference")), (0.5, 1.0));
    assert!(figure("metrics", "preference_loss") < 0.3, "{model}");
    assert!(figure("metrics", "likelier") >= figure("base_metrics", "likelier"), "{model}");
    let report = project.path("dist/desk-0.1.0-reports/training-report.html");
    let report = std::fs::read_to_string(report).unwrap();
    assert!(report.contains("direct preference optimisation") && report.contains("偏好准确率"));
    // The same again is not trained again; a rejected column that is not there is told.
    assert_eq!(project.ok(&["plan"]).matches("done 2").count(), 5, "{}", project.ok(&["plan"]));
    write_recipe(&project, "objective = \"dpo\"\nrejected = \"missing\"", "");
    let lacking = project.fails(2, &["run"]);
    assert!(lacking.contains("missing"), "{lacking}");
}
