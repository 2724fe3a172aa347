//! A smaller and faster model of texts, as the recipe asks for it: a student of fewer layers, eight bits; measured beside the trained
//! one on the test texts and refused where it costs more than the recipe tolerates.

use crate::convert;
use crate::messages::EMBEDDINGS_OTHER;
#[cfg(not(feature = "nets"))]
use crate::messages::NETS_ABSENT;
use crate::project::Project;
use crate::run::{Chain, Done, GEMM, ORT, Product, earlier, stage, versions};
use crate::stages::compress::{self, Answers, Asked, REPORT};
use crate::stages::maps::spread;
use crate::stages::{explain, features, head, split, texts, to_value, train, words, write_page};
use crate::store::{Inputs, Stage};
use ingot_base::{Digest, Fault, Result, atomic, fault};
use ingot_recipe::{Distill, Quantize};
use ingot_runtime::{TextModel, decide, onnx};
use ingot_train::compress::{CompressOutcome, FormKind, compress_report, rank_agreement};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

/// Test texts whose words are explained by every form.
const EXPLAINED: usize = 16;

/// What the stage's result depends on.
pub(crate) fn inputs(project: &Project<'_>, chain: &Chain) -> Result<Inputs> {
    let trained = earlier(chain, Stage::Train)?;
    let recipe = project.recipe();
    let mut content: BTreeMap<String, Digest> =
        [head::MODEL, train::PREPROCESSING, texts::TOKENIZER]
            .into_iter()
            .map(|name| Ok((name.to_owned(), trained.content(name)?)))
            .collect::<Result<_>>()?;
    let parts = earlier(chain, Stage::Split)?;
    for name in [split::TRAIN, split::VALIDATION, split::TEST] {
        if let Some(output) = parts.record.outputs.get(name) {
            content.insert(name.to_owned(), output.content);
        }
    }
    let student = recipe.compress.distill.is_some();
    Ok(Inputs {
        stage: Stage::Compress,
        content,
        config: serde_json::json!({
            "compress": to_value(&recipe.compress)?,
            // What a student's first head is trained by.
            "head": to_value(&recipe.train.head)?,
            "augment": to_value(&recipe.augment)?,
            "positive": recipe.project.positive,
            "group": recipe.split.group,
            "preparation": texts::preparation(project),
        }),
        seed: recipe.project.seed,
        versions: versions(if student { &[ORT, GEMM] } else { &[ORT] }),
    })
}

pub(crate) fn run(project: &Project<'_>, chain: &Chain) -> Result<Done> {
    let inputs = inputs(project, chain)?;
    let key = inputs.key()?.to_string();
    stage(project, inputs, &Stage::Compress.title(), |folder| work(project, chain, (folder, &key)))
}

/// One form of the model.
struct Made {
    kind: FormKind,
    graph: Vec<u8>,
}

fn work(project: &Project<'_>, chain: &Chain, (folder, key): (&Path, &str)) -> Result<Product> {
    let trained = earlier(chain, Stage::Train)?;
    let read = |name: &str| atomic::read(&trained.verified(name)?, explain::MODEL_LIMIT);
    let mut outcome = compress::begun(project, trained)?;
    let mut forms = vec![Made { kind: FormKind::Trained, graph: read(head::MODEL)? }];
    let asked = &project.recipe().compress;
    if let (Some(distill), Some(first)) = (&asked.distill, forms.first()) {
        let work = Teaching { project, chain, folder, key, asked: distill };
        let graph = work.learn(&first.graph, &mut outcome)?;
        forms.push(Made { kind: FormKind::Student, graph });
    }
    if asked.quantize == Some(Quantize::Int8) {
        let last = forms.last().ok_or_else(|| fault::internal("a compression without a form"))?;
        let model = onnx::read(&last.graph, &onnx::Limits::default())?;
        let head = compress::head_nodes(&model);
        let keep: Vec<&str> = head.iter().map(String::as_str).collect();
        let graph = onnx::write(&onnx::quantize_dynamic(model, &keep)?);
        forms.push(Made { kind: FormKind::Int8, graph });
    }
    let (document, tokenizer) = (read(train::PREPROCESSING)?, read(texts::TOKENIZER)?);
    measure(project, chain, &forms, (&document, &tokenizer), &mut outcome)?;
    outcome.gate()?;
    if let Some(cosine) = outcome.estranged() {
        project.reporter.warn(&Fault::new(&EMBEDDINGS_OTHER).arg("cosine", format!("{cosine:.2}")));
    }
    let last = forms.last().ok_or_else(|| fault::internal("a compression without a form"))?;
    atomic::write_private(&folder.join(head::MODEL), &last.graph)?;
    atomic::write_private(&folder.join(train::PREPROCESSING), &document)?;
    write_page(folder, REPORT, &compress_report(&outcome))?;
    Ok(Product {
        outputs: [head::MODEL, train::PREPROCESSING, REPORT]
            .map(|name| (name.to_owned(), None))
            .into(),
        summary: compress::summary(&outcome),
        evidence: to_value(&outcome)?,
    })
}

/// All forms in turn on the same test texts, and what single words of some did to their answers.
fn measure(
    project: &Project<'_>,
    chain: &Chain,
    forms: &[Made],
    (document, tokenizer): (&[u8], &[u8]),
    outcome: &mut CompressOutcome,
) -> Result<()> {
    let library = features::library()?;
    let load = |form: &Made| TextModel::load(library, &form.graph, document, tokenizer, 1);
    let models = forms.iter().map(load).collect::<Result<Vec<_>>>()?;
    let mut answers: Vec<Answers> = forms.iter().map(|_| Answers::default()).collect();
    let (mut asked, mut known) = (Asked::default(), Vec::new());
    let keys = convert::encryption(project);
    let path = earlier(chain, Stage::Split)?.verified(split::TEST)?;
    for batch in ingot_data::read(&path, Some(&keys))? {
        let labels = features::text(&batch, &project.recipe().project.target);
        let groups = features::groups(project, &batch);
        for (index, text) in texts::of(project, &batch)?.iter().enumerate() {
            let label = labels.as_ref().and_then(|labels| features::cell(labels, index));
            let class =
                label.and_then(|label| outcome.model.classes.iter().position(|own| own == label));
            let text = text.filter(|text| !text.trim().is_empty());
            let (Some(class), Some(text)) = (class, text) else { continue };
            asked.labels.push(class);
            if let Some(groups) = &groups {
                asked.groups.push(features::cell(groups, index).map(str::to_owned));
            }
            answer(&models, text, &outcome.model.classes, &mut answers)?;
            known.push(text.to_owned());
        }
    }
    for at in spread(known.len(), EXPLAINED) {
        let Some(text) = known.get(at) else { continue };
        compare(project, &models, text, &mut answers)?;
    }
    let graphs: Vec<_> = forms.iter().map(|form| (form.kind, form.graph.as_slice())).collect();
    compress::count(project, &graphs, &mut answers, &asked, outcome)
}

/// One text through every form.
fn answer(
    models: &[TextModel],
    text: &str,
    classes: &[String],
    answers: &mut [Answers],
) -> Result<()> {
    let mut first: Option<Vec<f32>> = None;
    for (model, answers) in models.iter().zip(answers) {
        let (ids, _) = model.tokenizer().beginning(text)?;
        let ids = [ids];
        let begun = Instant::now();
        let scores = model.scores(&ids)?;
        answers.seconds.push(begun.elapsed().as_secs_f64());
        let said = decide(&model.signature().output, &scores).label;
        let class = classes.iter().position(|class| Some(class) == said.as_ref());
        answers.classes.push(class.unwrap_or_default());
        answers.scores.extend(scores);
        let own = model.embeddings(&ids)?.into_iter().next().unwrap_or_default();
        match &first {
            None => first = Some(own),
            Some(first) => answers.cosines.push(cosine(first, &own)),
        }
    }
    Ok(())
}

/// Of two embeddings, which are of length 1.
fn cosine(one: &[f32], other: &[f32]) -> f64 {
    one.iter().zip(other).map(|(one, other)| f64::from(*one) * f64::from(*other)).sum()
}

/// What each word of a text did to the first form's answer, in all forms.
fn compare(
    project: &Project<'_>,
    models: &[TextModel],
    text: &str,
    answers: &mut [Answers],
) -> Result<()> {
    let Some(first) = models.first().filter(|first| first.tokenizer().ids(text).is_ok()) else {
        return Ok(());
    };
    let scores = first.scores(&[first.tokenizer().ids(text)?])?;
    let label = decide(&first.signature().output, &scores).label.unwrap_or_default();
    let seed = texts::seed(project, text);
    let mut before: Option<Vec<f32>> = None;
    for (model, answers) in models.iter().zip(answers) {
        let found = words::spoke(model, text, &label, seed)?;
        #[expect(clippy::cast_possible_truncation, reason = "only their order counts")]
        let own: Vec<f32> = found.words.iter().map(|word| word.contribution as f32).collect();
        let first = before.get_or_insert_with(|| own.clone());
        answers.maps.extend(rank_agreement(first, &own));
    }
    Ok(())
}

/// A student that is about to learn.
struct Teaching<'a, 'p> {
    project: &'a Project<'p>,
    chain: &'a Chain,
    folder: &'a Path,
    key: &'a str,
    asked: &'a Distill,
}

#[cfg(not(feature = "nets"))]
impl Teaching<'_, '_> {
    fn learn(&self, _: &[u8], _: &mut CompressOutcome) -> Result<Vec<u8>> {
        let _ = (self.project, self.chain, self.folder, self.key, self.asked);
        Err(Fault::new(&NETS_ABSENT))
    }
}

#[cfg(feature = "nets")]
impl Teaching<'_, '_> {
    /// `teacher` is the whole trained network. Gives the student's graph.
    fn learn(&self, teacher: &[u8], outcome: &mut CompressOutcome) -> Result<Vec<u8>> {
        use crate::run::Within;
        use crate::stages::kept::Kept;
        use ingot_train::compress::Student;
        use ingot_train::nets;
        let Self { project, chain, folder, key, asked } = *self;
        let layers = asked.layers.ok_or_else(|| fault::internal("a student without layers"))?;
        let parts = earlier(chain, Stage::Split)?;
        let encoder = features::encoder_kind(project);
        let whole =
            onnx::encoder_weights(&onnx::read(teacher, &onnx::Limits::default())?, encoder)?;
        let fewer = nets::fewer_layers(&whole, encoder, layers)
            .map_err(|found| found.at(format!("{}.layers", compress::DISTILL)))?;
        let threads = convert::threads(project.recipe());
        let graph = onnx::write(&onnx::sentence_encoder(&fewer, encoder)?);
        let tables = texts::TextReader::new(project, &graph, threads)?.tables(project, parts)?;
        let [train, validation, test] = &tables;
        let title = outcome.model.backbone.clone();
        let config = convert::head(project.recipe(), outcome.model.width, title);
        let first = nets::train_head(&config, train, validation, test)?;
        let [learned, held, unseen] = texts::tokens(project, parts)?;
        let reader = texts::TextReader::new(project, teacher, threads)?;
        let how = nets::Distill { temperature: asked.temperature, weight: asked.weight };
        let told = nets::EncoderTeacher {
            how,
            logits: compress::logits(&reader.output(&learned, onnx::SCORES)?, first.activation),
            embeddings: reader.output(&learned, onnx::EMBEDDING)?,
        };
        let source =
            nets::SourceEncoder { weights: &fewer, encoder, tokens: [&learned, &held, &unseen] };
        let settings = convert::student(asked, layers, compress::DISTILL);
        let (kept, reporter) = (Kept::of(folder), Within(project.reporter));
        let course = nets::EncoderCourse { key, checkpoints: &kept, reporter: &reporter };
        let tables = [train, validation, test];
        let tuned =
            nets::tune_encoder(&config, &settings, source, first, tables, (Some(&told), course))?;
        kept.remove();
        outcome.student = tuned.head.outcome.encoder.map(|training| Student {
            temperature: asked.temperature,
            weight: asked.weight,
            of: onnx::layers(&whole),
            training,
        });
        let student = onnx::sentence_encoder(&tuned.weights, encoder)?;
        let (layers, activation) = (&tuned.head.layers, tuned.head.activation);
        let kept = [onnx::EMBEDDING];
        let graph = onnx::with_head(student, onnx::FEATURES, layers, activation, &kept)?;
        Ok(onnx::write(&graph))
    }
}
