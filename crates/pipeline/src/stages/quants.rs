//! A language model in fewer bits, by llama.cpp: every form that the recipe asks for measured beside the merged model, and the one
//! that goes on refused where it costs more than the recipe tolerates.

use crate::pack::LLAMA;
use crate::project::Project;
use crate::run::{Chain, Done, GEMM, earlier, stage, versions};
use crate::stages::{sft, to_value, told};
use crate::store::{Inputs, Stage};
use ingot_base::Result;
use ingot_recipe::Recipe;
use serde_json::Value;

/// What the stage's result depends on.
pub(crate) fn inputs(project: &Project<'_>, chain: &Chain) -> Result<Inputs> {
    let mut content = sft::tables(chain)?;
    content.insert(sft::MODEL.to_owned(), earlier(chain, Stage::Train)?.content(sft::MODEL)?);
    Ok(Inputs {
        stage: Stage::Compress,
        content,
        config: config(project.recipe())?,
        seed: project.recipe().project.seed,
        versions: versions(&[LLAMA, GEMM]),
    })
}

/// The recipe's part.
pub(crate) fn config(recipe: &Recipe) -> Result<Value> {
    let lora = &recipe.train.lora;
    told(serde_json::json!({
        "compress": to_value(&recipe.compress)?,
        "system": lora.system,
        "max_tokens": lora.max_tokens,
        "evaluate": lora.evaluate,
        "answer_tokens": lora.answer_tokens,
        "text": recipe.train.text,
        "target": recipe.project.target,
    }))
}

pub(crate) fn run(project: &Project<'_>, chain: &Chain) -> Result<Done> {
    stage(project, inputs(project, chain)?, &Stage::Compress.title(), |folder| {
        work(project, chain, folder)
    })
}

#[cfg(not(all(feature = "llama", feature = "nets")))]
fn work(_: &Project<'_>, _: &Chain, _: &std::path::Path) -> Result<crate::run::Product> {
    Err(ingot_base::Fault::new(&crate::messages::NETS_ABSENT))
}

#[cfg(all(feature = "llama", feature = "nets"))]
use measured::work;

#[cfg(all(feature = "llama", feature = "nets"))]
mod measured {
    //! The work itself, in builds that have llama.cpp.

    use crate::evaluate::{self, Question};
    use crate::project::Project;
    use crate::run::{Chain, Product, earlier};
    use crate::stages::{compress, sft, split, to_value, write_page};
    use crate::store::Stage;
    use ingot_base::atomic::{self, AtomicFile};
    use ingot_base::{Digest, Fault, Result, Text};
    use ingot_runtime::generate::{Generator, Message, Serving, Token};
    use ingot_runtime::gguf;
    use ingot_runtime::llama::{
        Importance, LlamaGenerator, Passage, Quantisation, Weights, distance, quantize,
    };
    use ingot_train::language::{
        Example, QuantForm, QuantOutcome, QuantTolerance, Words, quant_report, same_answer,
        share_figure,
    };
    use ingot_train::messages::TEMPLATE_PARITY;
    use std::path::Path;
    use std::sync::Arc;

    /// Requests answered at once.
    const SLOTS: usize = 8;
    /// Tokens that distributions are compared at, at most.
    const COMPARED: usize = 20_000;

    /// A conversation as llama.cpp takes it.
    struct Read {
        tokens: Vec<Token>,
        counted: Vec<bool>,
    }

    /// What all forms are measured on.
    struct Ground {
        questions: Vec<Question>,
        texts: Vec<Read>,
        template: String,
        serving: Serving,
        answer_tokens: usize,
    }

    pub(super) fn work(project: &Project<'_>, chain: &Chain, folder: &Path) -> Result<Product> {
        let recipe = project.recipe();
        let asked = &recipe.compress;
        let merged = earlier(chain, Stage::Train)?.verified(sft::MODEL)?;
        let words = Words::from_gguf(&gguf::read_file(&merged, &gguf::Limits::default())?)?;
        let ground = ground(project, chain, &words)?;
        let reference = Weights::open(&merged)?;
        let (importance, seen) = importance(project, chain, &words, &reference)?;

        let stored = match recipe.train.lora.store {
            ingot_recipe::Store::F32 => "f32",
            ingot_recipe::Store::F16 => "f16",
            ingot_recipe::Store::Q8 => "q8_0",
        };
        let (first, tokens) = measure(&ground, &reference, (stored, merged.as_path()))?;
        let mut outcome = QuantOutcome {
            forms: vec![first],
            kept: asked.quantize.map_or(stored, |kind| kind.as_str()).to_owned(),
            tolerance: QuantTolerance {
                metric: asked.tolerance.metric,
                agreement: asked.tolerance.agreement,
                divergence: asked.tolerance.divergence,
                perplexity: asked.tolerance.perplexity,
            },
            rows: ground.questions.len() as u64,
            tokens,
            importance: seen,
            template: Digest::of(ground.template.as_bytes()),
        };
        for form in Quantisation::all() {
            let chosen = asked.quantize.is_some_and(|kind| kind.as_str() == form.name());
            let beside = asked.beside.iter().any(|kind| kind.as_str() == form.name());
            if form.name() == stored || !(chosen || beside) {
                continue;
            }
            // One that does not go on vanishes with its measurement.
            let file = AtomicFile::create(&folder.join(sft::MODEL))?;
            quantize(&merged, file.path(), *form, importance.as_ref())?;
            outcome.forms.push(measure(&ground, &reference, (form.name(), file.path()))?.0);
            if chosen {
                file.commit_private()?;
            }
            project.reporter.advance(1);
        }
        if outcome.kept == stored {
            // Nothing else was asked for, or what is there already: it goes on as it is.
            atomic::write_private(&folder.join(sft::MODEL), &atomic::read(&merged, u64::MAX)?)?;
        }
        outcome.gate()?;
        write_page(folder, compress::REPORT, &quant_report(&outcome))?;
        Ok(Product {
            outputs: [sft::MODEL, compress::REPORT].map(|name| (name.to_owned(), None)).into(),
            summary: summary(&outcome),
            evidence: to_value(&outcome)?,
        })
    }

    /// Test conversations, as questions and as texts whose answers count.
    fn ground(project: &Project<'_>, chain: &Chain, words: &Words) -> Result<Ground> {
        let lora = &project.recipe().train.lora;
        let rows = sft::rows(project, chain, split::TEST)?;
        let texts: Vec<Read> = examples(&rows, words, lora.max_tokens);
        let questions = rows.iter().filter_map(|row| Question::of(row)).take(lora.evaluate);
        let serving = Serving {
            slots: SLOTS,
            context: lora.max_tokens + lora.answer_tokens + 64,
            ..Serving::default()
        };
        Ok(Ground {
            questions: questions.collect(),
            texts,
            template: words.template().to_owned(),
            serving,
            answer_tokens: lora.answer_tokens,
        })
    }

    fn examples(rows: &[Vec<Message>], words: &Words, limit: usize) -> Vec<Read> {
        let fit = rows.iter().filter_map(|row| words.example(row, limit).ok());
        fit.map(|Example { tokens, learnt }| Read {
            tokens: tokens.into_iter().filter_map(|token| Token::try_from(token).ok()).collect(),
            counted: learnt,
        })
        .collect()
    }

    /// Which weights the training conversations need most, and of how many tokens that is known.
    fn importance(
        project: &Project<'_>,
        chain: &Chain,
        words: &Words,
        reference: &Weights,
    ) -> Result<(Option<Importance>, u64)> {
        let recipe = project.recipe();
        let most = recipe.compress.calibration.tokens;
        if most == 0 {
            return Ok((None, 0));
        }
        let rows = sft::rows(project, chain, split::TRAIN)?;
        let texts = examples(&rows, words, recipe.train.lora.max_tokens);
        let mut seen = 0;
        let texts: Vec<&[Token]> = texts
            .iter()
            .map(|text| text.tokens.as_slice())
            .take_while(|tokens| {
                let room = seen < most;
                seen += if room { tokens.len() } else { 0 };
                room
            })
            .collect();
        let found = Importance::of(reference, &texts, seen)?;
        Ok((Some(found), seen as u64))
    }

    /// One form: its size, its distance from the first, its answers; and the tokens that it was compared at.
    fn measure(
        ground: &Ground,
        reference: &Weights,
        (name, path): (&str, &Path),
    ) -> Result<(QuantForm, u64)> {
        let header = gguf::read_file(path, &gguf::Limits::default())?;
        if header.chat_template() != Some(ground.template.as_str()) {
            return Err(Fault::new(&TEMPLATE_PARITY).arg("form", name));
        }
        let weights = Weights::open(path)?;
        let passages: Vec<Passage<'_>> = ground
            .texts
            .iter()
            .map(|text| Passage { tokens: &text.tokens, counted: &text.counted })
            .collect();
        let apart = distance(reference, &weights, &passages, COMPARED)?;
        drop(weights);
        let generator: Arc<dyn Generator> = Arc::new(LlamaGenerator::open(path, &ground.serving)?);
        let said = evaluate::answers(&generator, &ground.questions, ground.answer_tokens)?;
        let pairs = said.iter().zip(&ground.questions);
        let hits = pairs.filter(|(said, question)| same_answer(said, &question.expected)).count();
        let elements: u64 = header.tensors.iter().map(gguf::Tensor::elements).sum();
        let bytes = std::fs::metadata(path).map_or(0, |data| data.len());
        #[expect(clippy::cast_precision_loss, reason = "bytes of a file")]
        let bits = header.tensor_bytes() as f64 * 8.0 / elements.max(1) as f64;
        let form = QuantForm {
            name: name.to_owned(),
            bytes,
            bits,
            perplexity: apart.perplexity,
            divergence: apart.divergence,
            divergence_p99: apart.divergence_p99,
            agreement: apart.agreement,
            exact_match: share_figure("exact_match", hits as u64, said.len() as u64),
        };
        Ok((form, apart.tokens))
    }

    #[expect(clippy::cast_precision_loss, reason = "bytes of a file")]
    fn summary(outcome: &QuantOutcome) -> Text {
        let (Some(first), Some(kept)) = (outcome.forms.first(), outcome.kept()) else {
            return Text::same("");
        };
        let size = kept.bytes as f64 / first.bytes.max(1) as f64;
        let exact = |form: &QuantForm| {
            form.exact_match.as_ref().map_or_else(|| "–".into(), |own| format!("{:.4}", own.value))
        };
        let (name, own, before) = (&kept.name, exact(kept), exact(first));
        Text::new(
            format!("{name}: {size:.2} × size, exact match {own} (was {before})"),
            format!("{name}：体积为原来的 {size:.2} 倍，完全一致率 {own}（原为 {before}）"),
        )
    }
}
