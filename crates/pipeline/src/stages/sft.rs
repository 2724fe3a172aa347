//! A language model that learns from conversations: an adapter on a frozen base, merged and measured.

use crate::conversation;
use crate::messages::{
    BASE_FOLDER, BASE_UNKNOWN, CONVERSATION, NETS_ABSENT, PROMPT_LACKING, QUESTION_WHOLE,
};
use crate::models::Published;
use crate::project::Project;
use crate::run::{Chain, Done, GEMM, earlier, stage, versions};
use crate::stages::{compress, split, to_value, told};
use crate::store::{Inputs, Stage};
use crate::together;
use arrow::array::{Array, RecordBatch, StringArray};
use ingot_base::{Digest, Fault, Result, fault};
use ingot_recipe::{Carried, Recipe};
use ingot_runtime::generate::Message;
use ingot_runtime::gguf;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub(crate) use ingot_runtime::generate::document::{ADAPTER, DOCUMENT, MODEL};

/// The adapter as PEFT reads it.
#[cfg(feature = "nets")]
const PEFT: (&str, &str) = ("adapter_config.json", "adapter_model.safetensors");

/// Whether this build trains language models.
const TRAINS: bool = cfg!(feature = "nets");
/// Whether it makes and measures their forms in fewer bits.
const QUANTISES: bool = cfg!(all(feature = "llama", feature = "nets"));

/// Where a base model is.
pub(crate) enum Base {
    /// Fetched by `ingot pull`.
    Published(&'static Published),
    /// A GGUF file of the user's.
    File(PathBuf),
    /// A folder of the user's, as Hugging Face's libraries write it.
    Folder(PathBuf),
}

/// What a training's inputs call its base.
const BASE: &str = "base";
/// Files of a checkpoint beside its weights.
const CHECKPOINT: [&str; 3] = ["config.json", "tokenizer.json", "tokenizer_config.json"];

impl Base {
    /// What the recipe names.
    ///
    /// # Errors
    /// When it is neither a published model, nor a GGUF file, nor a checkpoint's folder; when it is a folder and the package shall
    /// carry the adapter alone.
    pub(crate) fn of(project: &Project<'_>) -> Result<Self> {
        let name = project.recipe().train.base.as_str();
        if let Ok(published) = Published::named(name) {
            return Ok(Self::Published(published));
        }
        let path = project.source.folder().join(name);
        if path.is_file() {
            return Ok(Self::File(path));
        }
        if CHECKPOINT.iter().all(|name| path.join(name).is_file()) {
            if project.recipe().train.lora.package == Carried::Adapter {
                return Err(Fault::new(&BASE_FOLDER).at("train.lora.package"));
            }
            return Ok(Self::Folder(path));
        }
        Err(Fault::new(&BASE_UNKNOWN).arg("name", name).at("train.base"))
    }

    /// What it is known by.
    pub(crate) fn identity(&self) -> Result<Digest> {
        match self {
            Self::Published(published) => Ok(published.identity()),
            Self::File(path) => Digest::of_file(path),
            Self::Folder(path) => {
                let names = CHECKPOINT.iter().map(|name| path.join(name)).chain(weights(path)?);
                let digests = names.map(|name| Ok(Digest::of_file(&name)?.hex()));
                Ok(Digest::of(digests.collect::<Result<Vec<_>>>()?.join(" ").as_bytes()))
            }
        }
    }
}

/// A checkpoint's files of weights, by name.
fn weights(folder: &Path) -> Result<Vec<PathBuf>> {
    let unread = |error| {
        Fault::new(&ingot_base::fault::FILE_READ).arg("path", folder.display()).because(error)
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unread)? {
        let path = entry.map_err(unread)?.path();
        if path.extension().is_some_and(|own| own == "safetensors") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// That training can begin, before any stage works: its base is there, and this build does what the recipe asks for up to `last`.
/// Where the base was trained on before, all may be up to date, and neither is needed.
///
/// # Errors
/// When the base is not there, or this build cannot train it or measure its forms.
pub(crate) fn ready(project: &Project<'_>, last: Stage) -> Result<()> {
    let base = Base::of(project)?;
    let forms = last >= Stage::Compress && compress::is_asked(project);
    let able = if forms { QUANTISES } else { TRAINS };
    let lacking = match &base {
        _ if !able => Err(Fault::new(&NETS_ABSENT)),
        Base::Published(published) => published.fetched(),
        Base::File(path) => gguf::read_file(path, &gguf::Limits::default())
            .and_then(|header| {
                gguf::Shape::of(&header).map_err(|fault| gguf::of_file(path, &fault))
            })
            .map(|_| ())
            .map_err(|fault| fault.at("train.base")),
        Base::Folder(_) => Ok(()),
    };
    if lacking.is_ok() {
        return Ok(());
    }
    let before = project.store.latest(Stage::Train)?;
    let before = before.and_then(|record| record.inputs.content.get(BASE).copied());
    if before == Some(base.identity()?) { Ok(()) } else { lacking }
}

/// What the stage's result depends on.
pub(crate) fn inputs(project: &Project<'_>, chain: &Chain) -> Result<Inputs> {
    let mut content = tables(chain)?;
    content.insert(BASE.to_owned(), Base::of(project)?.identity()?);
    let inputs = Inputs {
        stage: Stage::Train,
        content,
        config: config(project.recipe())?,
        seed: project.recipe().project.seed,
        versions: versions(&[GEMM]),
    };
    together::counted(project, &inputs)
}

/// The recipe's part. The model is called as its base is, whatever the project's name: that name is no reason to train anew.
pub(crate) fn config(recipe: &Recipe) -> Result<Value> {
    told(serde_json::json!({
        "lora": to_value(&recipe.train.lora)?,
        "base": crate::convert::base_name(recipe),
        "text": recipe.train.text,
        "target": recipe.project.target,
    }))
}

/// The digests of the split's tables.
pub(crate) fn tables(chain: &Chain) -> Result<BTreeMap<String, Digest>> {
    let parts = earlier(chain, Stage::Split)?;
    let own = |name: &&str| parts.has(name);
    let names = [split::TRAIN, split::VALIDATION, split::TEST].into_iter().filter(own);
    names.map(|name| Ok((name.to_owned(), parts.content(name)?))).collect()
}

pub(crate) fn run(project: &Project<'_>, chain: &Chain) -> Result<Done> {
    let inputs = inputs(project, chain)?;
    let key = inputs.key()?;
    stage(project, inputs, &Stage::Train.title(), |folder| {
        together::call(project, chain, &key)?;
        work(project, chain, folder, &key)
    })
}

#[cfg(not(feature = "nets"))]
fn work(_: &Project<'_>, _: &Chain, _: &Path, _: &Digest) -> Result<crate::run::Product> {
    Err(Fault::new(&NETS_ABSENT))
}

#[cfg(not(feature = "nets"))]
pub(crate) fn assist(_: &Project<'_>, _: &Chain, _: &Digest) -> Result<()> {
    Err(Fault::new(&NETS_ABSENT))
}

/// What a table has to learn from.
#[derive(Debug, Default)]
struct Rows {
    /// Conversations.
    said: Vec<Vec<Message>>,
    /// Where preferences are learnt, of each the answer to which its last one is preferred; else none.
    rejected: Vec<String>,
    /// Rows that are no conversation, as one of their columns is empty.
    empty: u64,
}

/// The conversations of one of the split's tables.
#[cfg_attr(not(feature = "nets"), expect(dead_code, reason = "only builds that train read them"))]
pub(crate) fn rows(project: &Project<'_>, chain: &Chain, name: &str) -> Result<Vec<Vec<Message>>> {
    Ok(table(project, chain, name)?.said)
}

fn table(project: &Project<'_>, chain: &Chain, name: &str) -> Result<Rows> {
    let done = earlier(chain, Stage::Split)?;
    let mut all = Rows::default();
    if done.has(name) {
        let keys = crate::convert::encryption(project);
        for batch in ingot_data::read(&done.verified(name)?, Some(&keys))? {
            let own = conversations(project.recipe(), &batch)?;
            all.said.extend(own.said);
            all.rejected.extend(own.rejected);
            all.empty += own.empty;
        }
    }
    Ok(all)
}

/// The conversations of a batch: a JSON list of messages in the target column, or a question in one column and its answer in the target;
/// and the answers that were not preferred. Rows without one of these are left out and counted.
fn conversations(recipe: &Recipe, batch: &RecordBatch) -> Result<Rows> {
    let target = recipe.project.target.as_str();
    let column = |name: &str, key: &str| {
        let lacking = || Fault::new(&PROMPT_LACKING).arg("column", name).at(key);
        crate::stages::features::text(batch, name).ok_or_else(lacking)
    };
    let answers = column(target, "project.target")?;
    let system =
        || recipe.train.lora.system.iter().map(|text| Message::new("system", text.as_str()));
    let questions = match &recipe.train.text {
        None => None,
        Some(name) => Some(column(name, "train.text")?),
    };
    let others = match &recipe.train.lora.rejected {
        None => None,
        Some(name) => Some(column(name, "train.lora.rejected")?),
    };
    let place = |index: usize| -> Result<(String, u64)> {
        let place = crate::stages::features::places(&batch.slice(index, 1))?.pop();
        place.ok_or_else(|| fault::internal("a row without a place"))
    };
    let mut rows = Rows::default();
    for index in 0..answers.len() {
        let lacks =
            |column: &StringArray| column.is_null(index) || column.value(index).trim().is_empty();
        if [Some(&answers), questions.as_ref(), others.as_ref()].into_iter().flatten().any(lacks) {
            rows.empty += 1;
            continue;
        }
        let answer = answers.value(index);
        rows.rejected.extend(others.iter().map(|others| others.value(index).to_owned()));
        let Some(questions) = &questions else {
            let said = match conversation::parse(answer) {
                Ok(said) => said,
                Err(wrong) => {
                    let (source, row) = place(index)?;
                    let told = Fault::new(&CONVERSATION).arg("column", target);
                    let told = told.words("wrong", wrong).arg("source", source).arg("row", row);
                    return Err(told.at("project.target"));
                }
            };
            let own = said.first().is_some_and(|first| first.role == "system");
            rows.said.push(system().filter(|_| !own).chain(said).collect());
            continue;
        };
        let question = questions.value(index);
        if question.trim_start().starts_with('[') && conversation::parse(question).is_ok() {
            let column = recipe.train.text.as_deref().unwrap_or_default();
            let (source, row) = place(index)?;
            let told = Fault::new(&QUESTION_WHOLE).arg("column", column).arg("source", source);
            return Err(told.arg("row", row).at("train.text"));
        }
        let said = [Message::new("user", question), Message::new("assistant", answer)];
        rows.said.push(system().chain(said).collect());
    }
    Ok(rows)
}

#[cfg(feature = "nets")]
pub(crate) use trained::assist;
#[cfg(feature = "nets")]
use trained::work;

#[cfg(feature = "nets")]
mod trained {
    //! The work itself, in builds that train networks.

    use super::{ADAPTER, Base, CHECKPOINT, DOCUMENT, MODEL, PEFT, table, weights};
    use crate::convert;
    use crate::project::Project;
    use crate::run::{Chain, Product, Within};
    use crate::stages::explain::MODEL_LIMIT;
    use crate::stages::kept::Kept;
    use crate::stages::{split, to_value, train, write_page};
    use crate::together;
    use ingot_base::{Digest, Fault, Result, Text, atomic};
    use ingot_privacy::detect::{DetectConfig, Detector};
    use ingot_recipe as recipe;
    use ingot_runtime::generate::Message;
    use ingot_runtime::generate::document::{self, Generation};
    use ingot_runtime::gguf;
    use ingot_train::language::{
        BaseModel, Checkpoints, Conversations, Course, SftOutcome, Storage, TrainedAdapter, Words,
        assist_adapter, merge_parity, sft_report, train_adapter,
    };
    use ingot_train::messages::TEMPLATE_PARITY;
    use std::collections::BTreeMap;
    use std::path::Path;

    type Metadata = BTreeMap<String, gguf::Value>;

    /// Most bytes of a file of weights.
    const LIMIT: u64 = 4 << 30;

    /// The three tables of a split.
    fn tables(project: &Project<'_>, chain: &Chain) -> Result<[super::Rows; 3]> {
        let read = |name: &str| table(project, chain, name);
        Ok([read(split::TRAIN)?, read(split::VALIDATION)?, read(split::TEST)?])
    }

    fn said([train, validation, test]: &[super::Rows; 3]) -> Conversations<'_> {
        Conversations {
            train: &train.said,
            validation: &validation.said,
            test: &test.said,
            rejected: [&train.rejected, &validation.rejected, &test.rejected],
            empty: [train.empty, validation.empty, test.empty],
        }
    }

    /// A process's part of the training that the first one does.
    pub(crate) fn assist(project: &Project<'_>, chain: &Chain, key: &Digest) -> Result<()> {
        /// The first process keeps it, and tells the others what it kept.
        struct Elsewhere;

        impl Checkpoints for Elsewhere {
            fn load(&self) -> Result<Option<Vec<u8>>> {
                Ok(None)
            }

            fn keep(&self, _: &[u8]) -> Result<()> {
                Ok(())
            }
        }

        let config = convert::sft(project.recipe());
        let (base, words, _) = opened(&Base::of(project)?, &config.base)?;
        let tables = tables(project, chain)?;
        let key = key.to_string();
        let course = Course { group: project.group, ..Course::alone(&key, &Elsewhere) };
        assist_adapter(&config, (&base, &words), said(&tables), course)
    }

    pub(super) fn work(
        project: &Project<'_>,
        chain: &Chain,
        folder: &Path,
        key: &Digest,
    ) -> Result<Product> {
        let recipe = project.recipe();
        let source = Base::of(project)?;
        let alone = recipe.train.lora.package == recipe::Carried::Adapter;
        let config = convert::sft(recipe);
        let (base, words, head) = opened(&source, &config.base)?;
        let tables = tables(project, chain)?;
        let test = &tables[2].said;
        let kept = Kept::of(folder);
        let detector = Detector::new(DetectConfig::default())?;
        let mut trained = train_adapter(
            &config,
            (&base, &words),
            said(&tables),
            Some(&|text: &str| personal(&detector, text)),
            Course {
                key: &key.to_string(),
                checkpoints: &kept,
                group: project.group,
                reporter: &Within(project.reporter),
            },
        )?;
        project.reporter.part(&Text::new("merging and comparing", "合并与比对"));
        let merged = merged(project, (&base, &words, &head), &mut trained, test)?;
        let named = if alone {
            Some(document::Base { name: config.base.clone(), digest: source.identity()? })
        } else {
            None
        };
        let document = Generation::new(named, recipe.train.lora.system.clone()).to_json()?;
        let (form, weights) = trained.adapter.to_peft(&config.base)?;
        let adapter = trained.adapter.to_gguf(&base, &config.base)?;
        for (name, bytes) in [
            (MODEL, &merged),
            (ADAPTER, &adapter),
            (PEFT.0, &form),
            (PEFT.1, &weights),
            (DOCUMENT, &document),
        ] {
            atomic::write_private(&folder.join(name), bytes)?;
        }
        let mut page = sft_report(&trained.outcome);
        together::report(&mut page, project);
        write_page(folder, train::REPORT, &page)?;
        // What was unfinished is finished; a copy that stays behind does no harm.
        kept.remove();
        product(project, trained.outcome)
    }

    /// The trained model as a file, once it was found to say what the trained one says, in the base's template.
    fn merged(
        project: &Project<'_>,
        (base, words, head): (&BaseModel, &Words, &Metadata),
        trained: &mut TrainedAdapter,
        test: &[Vec<Message>],
    ) -> Result<Vec<u8>> {
        let recipe = project.recipe();
        let lora = &recipe.train.lora;
        let storage = match lora.store {
            recipe::Store::F32 => Storage::F32,
            recipe::Store::F16 => Storage::F16,
            recipe::Store::Q8 => Storage::Q8,
        };
        let model = base.merged(&trained.adapter);
        let merged = model.to_gguf(head, &convert::base_name(recipe), storage)?;
        let header = gguf::read(&merged, merged.len() as u64, &gguf::Limits::default())?;
        if header.chat_template() != Some(words.template()) {
            return Err(Fault::new(&TEMPLATE_PARITY).arg("form", MODEL));
        }
        trained.outcome.parity = merge_parity(
            (base, &trained.adapter, words),
            &merged,
            test,
            lora.max_tokens,
            lora.tolerance,
        )?;
        Ok(merged)
    }

    /// Personal values of a text.
    fn personal(detector: &Detector, text: &str) -> Vec<String> {
        let characters: Vec<char> = text.chars().collect();
        let findings = detector.detect(text);
        let own = findings.iter().filter_map(|one| characters.get(one.start..one.end));
        own.map(|characters| characters.iter().collect()).collect()
    }

    fn product(project: &Project<'_>, mut outcome: SftOutcome) -> Result<Product> {
        // Samples stay in the report: records travel in packages, in plain.
        outcome.samples.clear();
        let exact = outcome.metrics.iter().find(|figure| figure.name == "exact_match");
        let exact = exact.map_or(f64::NAN, |figure| figure.value);
        let steps = outcome.steps.len();
        let said = if steps == 1 { "1 step".to_owned() } else { format!("{steps} steps") };
        let preferred = outcome.metrics.iter().find(|figure| figure.name == "preference");
        let summary = match preferred {
            Some(figure) => Text::new(
                format!("{said}, preference accuracy {:.4}", figure.value),
                format!("{steps} 步，偏好准确率 {:.4}", figure.value),
            ),
            None => Text::new(
                format!("{said}, exact match {exact:.4}"),
                format!("{steps} 步，完全一致率 {exact:.4}"),
            ),
        };
        let outputs = [MODEL, ADAPTER, PEFT.0, PEFT.1, DOCUMENT, train::REPORT];
        let mut evidence = to_value(&outcome)?;
        if let Some(object) = evidence.as_object_mut() {
            object.insert("task".into(), to_value(&project.recipe().project.task)?);
        }
        Ok(Product {
            outputs: outputs.map(|name| (name.to_owned(), None)).into(),
            evidence,
            summary,
        })
    }

    /// The model, its vocabulary, and what a GGUF file of it says of itself.
    fn opened(source: &Base, name: &str) -> Result<(BaseModel, Words, Metadata)> {
        let file = match source {
            Base::Published(published) => published.read()?,
            Base::File(path) => atomic::read(path, LIMIT)?,
            Base::Folder(folder) => {
                let [config, tokenizer, about] =
                    CHECKPOINT.map(|name| atomic::read(&folder.join(name), MODEL_LIMIT));
                let paths = weights(folder)?;
                let files = paths.iter().map(|path| atomic::read(path, LIMIT));
                let files = files.collect::<Result<Vec<_>>>()?;
                let files: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
                let base = BaseModel::from_checkpoint(&config?, &files)?;
                let words = Words::from_checkpoint(&tokenizer?, &about?)?;
                let head = words.head(&base.shape, name)?;
                return Ok((base, words, head));
            }
        };
        let head = gguf::read(&file, file.len() as u64, &gguf::Limits::default())?;
        Ok((BaseModel::from_gguf(&file)?, Words::from_gguf(&head)?, head.metadata))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, StringArray, UInt64Array};
    use ingot_base::atomic;
    use std::sync::Arc;

    fn text(more: &str) -> String {
        format!(
            "[project]\nname = \"x\"\ntask = \"generate.sft\"\ntarget = \"answer\"\n\
             [[source]]\nname = \"a\"\nuri = \"a.jsonl\"\n[train]\n{more}"
        )
    }

    fn recipe(more: &str) -> Recipe {
        ingot_recipe::parse("ingot.toml", &text(more)).map_err(|faults| faults.len()).unwrap()
    }

    fn code<T: std::fmt::Debug>(result: Result<T>) -> String {
        result.unwrap_err().code().to_owned()
    }

    /// The smallest file that may be a language model.
    fn head() -> Vec<u8> {
        let number = |key: &str, value| (key.to_owned(), gguf::Value::Unsigned(value));
        let family = gguf::Value::Text("llama".into());
        let metadata = BTreeMap::from([
            ("general.architecture".to_owned(), family),
            number("llama.block_count", 1),
            number("llama.embedding_length", 8),
            number("llama.attention.head_count", 2),
            number("llama.context_length", 16),
        ]);
        let numbers = [0.0; 24];
        let table = ("token_embd.weight", vec![8, 3], gguf::Data::F32(&numbers));
        gguf::write(&metadata, &[table]).unwrap()
    }

    #[test]
    fn a_training_that_cannot_be_is_refused_before_any_stage_works() {
        let folder = tempfile::tempdir().unwrap();
        let project = |more: &str| crate::project::project(folder.path(), &text(more));
        let nowhere = project("base = \"nowhere.gguf\"\n");
        assert_eq!(code(crate::plan(&nowhere)), "pipeline-base-unknown");
        assert_eq!(code(crate::run(&nowhere, Stage::Seal)), "pipeline-base-unknown");
        // What needs no base is done without: here it fails for another reason, as there is no data.
        assert_ne!(code(crate::run(&nowhere, Stage::Split)), "pipeline-base-unknown");

        let path = folder.path().join("base.gguf");
        let ready_with = |bytes: &[u8]| {
            atomic::write(&path, bytes).unwrap();
            ready(&project("base = \"base.gguf\"\n"), Stage::Train)
        };
        let (cut, whole) = (ready_with(b"GGUF"), ready_with(&head()));
        if TRAINS {
            let cut = cut.unwrap_err();
            assert_eq!((cut.code(), cut.key_path()), ("runtime-gguf-file", Some("train.base")));
            whole.unwrap();
        } else {
            assert_eq!(code(whole), "pipeline-nets-absent");
        }
        std::fs::create_dir(folder.path().join("base")).unwrap();
        for name in CHECKPOINT {
            atomic::write(&folder.path().join("base").join(name), b"{}").unwrap();
        }
        let alone = project("base = \"base\"\nlora = { package = \"adapter\" }\n");
        assert_eq!(code(ready(&alone, Stage::Seal)), "pipeline-base-folder");
    }

    /// Rows 0, 1, … of one source.
    fn table(columns: &[(&str, &[Option<&str>])]) -> RecordBatch {
        let rows = columns.first().map_or(0, |(_, cells)| cells.len());
        let columns = columns.iter().map(|(name, cells)| {
            (*name, Arc::new(cells.iter().copied().collect::<StringArray>()) as ArrayRef)
        });
        let sources = Arc::new(StringArray::from(vec!["chats"; rows])) as ArrayRef;
        let numbers = Arc::new(UInt64Array::from_iter_values(0..rows as u64)) as ArrayRef;
        let lineage = [(ingot_data::SOURCE, sources), (ingot_data::ROW, numbers)];
        let columns = columns.chain(lineage).map(|(name, cells)| (name, cells, true));
        RecordBatch::try_from_iter_with_nullable(columns).unwrap()
    }

    #[test]
    fn a_question_and_its_answer_are_a_conversation() {
        let recipe = recipe("text = \"prompt\"\nlora = { system = \"Be brief.\" }\n");
        let rows = [Some("问"), None, Some("c")];
        let batch = table(&[("prompt", &rows), ("answer", &[Some("答"), Some("b"), None])]);
        let Rows { said: found, rejected, empty } = conversations(&recipe, &batch).unwrap();
        assert!(rejected.is_empty());
        assert_eq!(empty, 2, "what is left out is counted");
        let said = [("system", "Be brief."), ("user", "问"), ("assistant", "答")];
        assert_eq!(found, [said.map(|(role, text)| Message::new(role, text)).to_vec()]);
        let fault = conversations(&recipe, &table(&[("answer", &[Some("b")])])).unwrap_err();
        assert_eq!(
            (fault.code(), fault.key_path()),
            ("pipeline-prompt-lacking", Some("train.text"))
        );
    }

    #[test]
    fn a_conversation_is_no_question() {
        let recipe = recipe("text = \"prompt\"\n");
        let whole = r#"[{"role":"user","content":"canary"},{"role":"assistant","content":"b"}]"#;
        let asked = |question| {
            conversations(
                &recipe,
                &table(&[("prompt", &[Some(question)]), ("answer", &[Some("c")])]),
            )
        };
        let fault = asked(whole).unwrap_err();
        assert_eq!(
            (fault.code(), fault.key_path()),
            ("pipeline-question-whole", Some("train.text"))
        );
        assert!(!format!("{fault:?}").contains("canary"), "no value is told");
        assert_eq!(asked("[1, 2] is what?").unwrap().said.len(), 1);
        assert_eq!(asked("[1, 2]").unwrap().said.len(), 1);
    }

    #[test]
    fn a_row_that_is_no_conversation_is_named() {
        let recipe = recipe("lora = {}\n");
        let good =
            "[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"assistant\",\"content\":\"b\"}]";
        let bad = "[{\"role\":\"user\",\"content\":7}]";
        let texts = |cells: [&str; 2]| Arc::new(StringArray::from(cells.to_vec())) as ArrayRef;
        let batch = RecordBatch::try_from_iter([
            ("answer", texts([good, bad])),
            (ingot_data::SOURCE, texts(["chats", "chats"])),
            (ingot_data::ROW, Arc::new(UInt64Array::from(vec![3, 8])) as ArrayRef),
        ]);
        let fault = conversations(&recipe, &batch.unwrap()).unwrap_err();
        let told = fault.to_string();
        assert!(
            told.contains("row 8 of source `chats`") && told.contains("message 1: `content`"),
            "{told}"
        );
        assert_eq!(fault.key_path(), Some("project.target"));
    }

    #[test]
    fn a_preferred_answer_has_the_one_it_was_preferred_to() {
        let recipe =
            recipe("text = \"prompt\"\nlora = { objective = \"dpo\", rejected = \"worse\" }\n");
        let batch = table(&[
            ("prompt", &[Some("a"), Some("b"), Some("c"), None, Some("e")]),
            ("answer", &[Some("A"), Some("B"), None, Some("D"), Some("E")]),
            ("worse", &[Some("x"), None, Some("y"), Some("z"), Some(" ")]),
        ]);
        let Rows { said, rejected, empty } = conversations(&recipe, &batch).unwrap();
        assert_eq!(empty, 4);
        let pair = [Message::new("user", "a"), Message::new("assistant", "A")].to_vec();
        assert_eq!((said, rejected), (vec![pair], vec!["x".to_owned()]));
        let fault = conversations(&recipe, &table(&[("prompt", &[]), ("answer", &[])]));
        assert_eq!(fault.unwrap_err().key_path(), Some("train.lora.rejected"));
    }

    #[test]
    fn whole_conversations_keep_their_own_system() {
        let recipe = recipe("lora = { system = \"Be brief.\" }\n");
        let whole = r#"[{"role":"system","content":"Be long."},{"role":"user","content":"a"},{"role":"assistant","content":"b"}]"#;
        let bare = r#"[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]"#;
        let found = conversations(&recipe, &table(&[("answer", &[Some(whole), Some(bare)])]));
        let systems: Vec<String> =
            found.unwrap().said.iter().map(|row| row[0].content.clone()).collect();
        assert_eq!(systems, ["Be long.", "Be brief."]);
        let broken = table(&[("answer", &[Some("not a list of canary")])]);
        let fault = conversations(&recipe, &broken).unwrap_err();
        assert_eq!(fault.code(), "pipeline-conversation");
        assert!(!format!("{fault:?}").contains("canary"), "no value is told");
    }
}
