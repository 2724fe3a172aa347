//! Pictures or texts through the frozen network, once: what a head is trained on, whatever head it is. Augmented copies too.

use crate::messages::{
    FEATURES_NUMBERS, IMAGES_UNREADABLE, NETS_ABSENT, TEXTS_BLANK, TEXTS_CUT, TEXTS_STRANGE,
};
use crate::models::{self, Published};
use crate::project::Project;
use crate::run::{Chain, Done, ORT, PARQUET, Product, earlier, stage, versions};
use crate::stages::copies::Copies;
use crate::stages::pictures::{self, Pictures};
use crate::stages::texts::TextReader;
use crate::stages::{file_name, from_value, split, texts, to_value, tune};
use crate::store::{Inputs, Stage};
use crate::{backbones, convert};
use arrow::array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Float64Array, RecordBatch, StringArray, UInt64Array,
};
use arrow::datatypes::DataType;
use ingot_base::{Digest, Fault, Lang, Message, Result, Task, Text, fault};
use ingot_image::{Preprocess, RgbImage};
use ingot_recipe::{Backbone, OwnBackbone};
use ingot_report::{Cell, Column, Page, Table};
use ingot_runtime::onnx::{self, Library, Session};
use ingot_runtime::weights::{self, Weights};
use ingot_train::nets::{FeatureTable, Mixed};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The column of features: 32-bit numbers, little-endian.
const FEATURES: &str = "features";
/// Whether a row is an augmented copy.
const COPY: &str = "copy";
/// The second class of a row that is two pictures in one, and the share of its own, where there are such rows.
const MIXED: &str = "mixed";
const SHARE: &str = "share";
/// The group of a row, where the split keeps groups together.
const GROUP: &str = "_group";
/// Percent of tokens that a vocabulary may lack before it is worth a warning.
const STRANGE: u64 = 20;
/// Unreadable pictures named in a warning at most.
const NAMED: usize = 5;
/// The same in the report, for each reason.
const LISTED: usize = 20;

/// What the stage found out.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Outcome {
    /// Numbers of a row.
    pub(crate) width: usize,
    /// Pictures or texts by part of the split, without copies.
    pub(crate) pictures: BTreeMap<String, u64>,
    /// Augmented copies of training pictures or texts.
    pub(crate) copies: u64,
    /// Source and row of what could not be read, and of blank texts; sorted.
    pub(crate) unreadable: Vec<(String, u64)>,
    /// Why, in the same order; empty of texts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) reasons: Vec<Text>,
    /// Texts of which only the beginning was read.
    #[serde(default)]
    pub(crate) cut: u64,
    /// Where the features are maps: channels, height and width of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) shape: Option<[usize; 3]>,
}

/// What the stage's result depends on.
pub(crate) fn inputs(project: &Project<'_>, chain: &Chain) -> Result<Inputs> {
    let before = earlier(chain, Stage::Split)?;
    let mut content = frozen(project)?;
    for name in [split::TRAIN, split::VALIDATION, split::TEST] {
        if let Some(output) = before.record.outputs.get(name) {
            content.insert(name.to_owned(), output.content);
        }
    }
    if !reads_texts(project)
        && let Some(seen) = pictures::content(project, before)?
    {
        content.insert(pictures::CONTENT.to_owned(), seen);
    }
    let mut config = serde_json::json!({
        "backbone": told(project)?,
        "augment": augment(project)?,
        "target": project.recipe().project.target,
        "group": project.recipe().split.group,
        "preparation": if reads_texts(project) {
            texts::preparation(project)
        } else {
            to_value(&backbones::pixels(project))?
        },
    });
    // Where the frozen part ends. What is trained behind it is no reason to do this anew.
    if let (Some(asked), Some(config)) = (&project.recipe().train.unfreeze, config.as_object_mut())
    {
        config.insert("blocks".to_owned(), asked.blocks.into());
    }
    Ok(Inputs {
        stage: Stage::Features,
        content,
        config,
        seed: project.recipe().project.seed,
        versions: versions(&[ORT, PARQUET]),
    })
}

/// What the features were made of besides the split's tables: a stage that reads pictures again does anew what these change.
pub(crate) fn seen(chain: &Chain) -> Result<Option<(String, Digest)>> {
    let content = &earlier(chain, Stage::Features)?.record.inputs.content;
    Ok(content.get_key_value(pictures::CONTENT).map(|(name, digest)| (name.clone(), *digest)))
}

/// Source and row of what could not be read.
pub(crate) fn unreadable(chain: &Chain) -> Result<BTreeSet<(String, u64)>> {
    let found: Outcome = from_value(&earlier(chain, Stage::Features)?.record.evidence)?;
    Ok(found.unreadable.into_iter().collect())
}

/// Whether it is texts that are learnt from, else pictures.
pub(crate) fn reads_texts(project: &Project<'_>) -> bool {
    project.recipe().project.task == Task::TextClassify
}

/// The backbone as stage records tell it: where its files lie is no part of it, they tell of the house and not of the network.
pub(crate) fn told(project: &Project<'_>) -> Result<serde_json::Value> {
    match project.recipe().backbone() {
        Backbone::Own(own) => to_value(&OwnBackbone {
            file: file_name(&own.file),
            tokenizer: own.tokenizer.as_deref().map(file_name),
            ..own
        }),
        published => to_value(&published),
    }
}

/// How copies are made. Mixtures of features are made of what is kept, in training.
fn augment(project: &Project<'_>) -> Result<serde_json::Value> {
    let mut augment = to_value(&project.recipe().augment)?;
    if let Some(augment) = augment.as_object_mut() {
        augment.remove("mixup");
    }
    Ok(augment)
}

/// What the frozen network is known by, without its file: nothing need be fetched to see that all is up to date.
fn frozen(project: &Project<'_>) -> Result<BTreeMap<String, Digest>> {
    let mut known = match project.recipe().backbone() {
        Backbone::Own(own) => backbones::identity(project, &own)?,
        named => BTreeMap::from([("backbone".to_owned(), published(&named)?.identity())]),
    };
    known.insert("onnxruntime".to_owned(), models::library_identity()?);
    Ok(known)
}

/// That the frozen network can run, before any stage works. Where it ran before, all may be up to date, and it need not run.
///
/// # Errors
/// When the network or the library that runs it was not fetched.
pub(crate) fn ready(project: &Project<'_>) -> Result<()> {
    let recipe = project.recipe();
    let tuned = recipe.train.unfreeze.is_some()
        || recipe.train.encoder.is_some()
        || recipe.compress.distill.is_some();
    if tuned && !tune::TRAINS {
        return Err(Fault::new(&NETS_ABSENT));
    }
    let frozen = frozen(project)?;
    let before = project.store.latest(Stage::Features)?;
    let same = |content: &BTreeMap<String, Digest>| {
        frozen.iter().all(|(name, digest)| content.get(name) == Some(digest))
    };
    let backbone = told(project)?;
    if before.is_some_and(|record| {
        same(&record.inputs.content) && record.inputs.config.get("backbone") == Some(&backbone)
    }) {
        return Ok(());
    }
    match project.recipe().backbone() {
        // Whatever is wrong with it is told before minutes of other work.
        Backbone::Own(own) => backbones::model(project, &own).map(|_| ()),
        named => {
            published(&named)?.fetched()?;
            library().map(|_| ())
        }
    }
}

/// The file behind a backbone's name.
pub(crate) fn published(backbone: &Backbone) -> Result<&'static Published> {
    Published::named(match backbone {
        Backbone::MobileNetV2 => "mobilenet-v2",
        Backbone::MiniLm => "minilm-l6",
        Backbone::Own(_) => return Err(fault::internal("a file is asked for as published")),
    })
}

/// The backbone as a graph.
pub(crate) fn backbone(project: &Project<'_>) -> Result<onnx::proto::Model> {
    match project.recipe().backbone() {
        Backbone::Own(own) => backbones::model(project, &own),
        backbone @ Backbone::MobileNetV2 => {
            onnx::mobilenet_v2(&weights::read_pytorch(&published(&backbone)?.read()?)?)
        }
        Backbone::MiniLm => {
            let (weights, encoder) = encoder(project)?;
            onnx::sentence_encoder(&weights, encoder)
        }
    }
}

/// The encoder of texts as its publisher's tensors, and what they do not tell.
pub(crate) fn encoder(project: &Project<'_>) -> Result<(Weights, onnx::Encoder)> {
    let file = published(&project.recipe().backbone())?.read()?;
    Ok((weights::read_safetensors(&file)?, encoder_kind(project)))
}

/// What the tensors of the encoder of texts do not tell.
pub(crate) fn encoder_kind(project: &Project<'_>) -> onnx::Encoder {
    onnx::Encoder { buckets: project.recipe().train.words, ..onnx::Encoder::MINILM_L6 }
}

/// The library that runs networks.
pub(crate) fn library() -> Result<&'static Library> {
    Library::load(&models::library())
}

pub(crate) fn run(project: &Project<'_>, chain: &Chain) -> Result<Done> {
    let before = earlier(chain, Stage::Split)?;
    stage(project, inputs(project, chain)?, &Stage::Features.title(), |folder| {
        work(project, before, folder)
    })
}

fn work(project: &Project<'_>, split: &Done, folder: &Path) -> Result<Product> {
    classes(project, split)?;
    let keys = convert::encryption(project);
    let reader = Reader::of(project)?;
    let mut outcome = Outcome {
        width: 0,
        pictures: BTreeMap::new(),
        copies: 0,
        unreadable: Vec::new(),
        reasons: Vec::new(),
        cut: 0,
        shape: match (&reader, &project.recipe().train.unfreeze) {
            (Reader::Pictures(front), Some(asked)) => {
                Some(front.affordable(project, split, (tune::SECTION, asked.blocks))?)
            }
            _ => None,
        },
    };
    let (mut outputs, mut left_out, mut strange) = (Vec::new(), Vec::new(), (0, 0));
    for name in [split::TRAIN, split::VALIDATION, split::TEST] {
        if !split.has(name) {
            continue;
        }
        let path = split.verified(name)?;
        let texts = texts::copies(project, name);
        let copies = Copies::of(project, split, name)?;
        let target = folder.join(name);
        let mut count = 0;
        ingot_data::transform(&path, &target, Some(&keys), Some(&keys), &mut |batch| {
            let (batch, found) = match &reader {
                Reader::Pictures(front) => featurise(project, front, &batch, &copies)?,
                Reader::Texts(reader) => reader.featurise(project, &batch, texts)?,
            };
            count += found.pictures;
            outcome.cut += found.cut;
            strange = (strange.0 + found.words.0, strange.1 + found.words.1);
            outcome.copies += found.copies;
            outcome.width = outcome.width.max(found.width);
            left_out.extend(found.left_out);
            Ok(batch)
        })?;
        outcome.pictures.insert(name.trim_end_matches(".parquet").to_owned(), count);
        let content = ingot_data::content_digest(&target, Some(&keys))?;
        outputs.push((name.to_owned(), Some(content)));
    }
    let texts = matches!(reader, Reader::Texts(_));
    left_out.sort_by(|one: &LeftOut, other| one.place.cmp(&other.place));
    warn(project, if texts { &TEXTS_BLANK } else { &IMAGES_UNREADABLE }, &left_out);
    for one in left_out {
        outcome.unreadable.push(one.place);
        outcome.reasons.extend(one.reason);
    }
    if outcome.cut > 0 {
        project.reporter.warn(
            &Fault::new(&TEXTS_CUT).arg("count", outcome.cut).arg("limit", texts::window(project)),
        );
    }
    if let Some(percent) = strangers(strange) {
        let told = Fault::new(&TEXTS_STRANGE).arg("percent", percent);
        project.reporter.warn(&told.at("train.backbone"));
    }
    let (rows, copies, width) = (outcome.pictures.values().sum(), outcome.copies, outcome.width);
    Ok(Product {
        outputs,
        evidence: to_value(&outcome)?,
        summary: summary(texts, rows, copies, width),
    })
}

/// The share of tokens that the vocabulary lacks, in percent, where it is worth a warning.
fn strangers((lacking, all): (u64, u64)) -> Option<u64> {
    let percent = (lacking * 100).checked_div(all)?;
    (percent > STRANGE).then_some(percent)
}

/// The part of a network that gives the features.
pub(crate) struct Front {
    /// A session for each core.
    sessions: Vec<Session>,
    /// The value that they are.
    value: String,
    /// How pictures are prepared for it.
    pixels: Preprocess,
}

impl Front {
    pub(crate) fn new(project: &Project<'_>, graph: &[u8], value: &str) -> Result<Self> {
        let threads = convert::threads(project.recipe());
        let sessions = (0..threads).map(|_| Session::new(library()?, graph));
        let pixels = backbones::pixels(project);
        Ok(Self { sessions: sessions.collect::<Result<_>>()?, value: value.to_owned(), pixels })
    }

    /// Of the backbone, up to what is trained further.
    fn of(project: &Project<'_>) -> Result<Self> {
        let backbone = backbone(project)?;
        let value = tune::value(project, &backbone)?;
        let front = match project.recipe().train.unfreeze {
            None => onnx::with_outputs(backbone, &[&value]),
            Some(_) => onnx::up_to(backbone, &value),
        };
        Self::new(project, &onnx::write(&front), &value)
    }

    /// The features of a prepared picture, which comes from this place.
    fn features(
        &self,
        session: &Session,
        view: &RgbImage,
        place: &(String, u64),
    ) -> Result<Vec<f32>> {
        let side = self.pixels.crop as usize;
        let numbers = self.pixels.numbers(view);
        let answer = session.run(onnx::IMAGE, &[1, 3, side, side], &numbers, &[&self.value])?;
        let features = answer.into_iter().next().map(|tensor| tensor.data).unwrap_or_default();
        finite(&features, place)?;
        Ok(features)
    }

    /// The shape of a map, once it is known that those of all rows and copies can be held.
    ///
    /// # Errors
    /// When they cannot.
    pub(crate) fn affordable(
        &self,
        project: &Project<'_>,
        split: &Done,
        blocks: (&str, usize),
    ) -> Result<[usize; 3]> {
        let side = self.pixels.crop as usize;
        let (shape, nothing) = ([1, 3, side, side], vec![0.0; 3 * side * side]);
        let session = self.sessions.first().ok_or_else(|| fault::internal("no session"))?;
        let map = session.run(onnx::IMAGE, &shape, &nothing, &[&self.value])?;
        let map = map.into_iter().next().map(|map| map.shape).unwrap_or_default();
        let [_, channels, height, width] = map[..] else {
            return Err(fault::internal("a map of other than four dimensions"));
        };
        let augment = &project.recipe().augment;
        let copies = augment.copies + augment.cutmix.copies + augment.mixup.copies;
        let keys = convert::encryption(project);
        let mut maps = 0;
        for name in [split::TRAIN, split::VALIDATION, split::TEST] {
            if !split.has(name) {
                continue;
            }
            let each = if name == split::TRAIN { 1 + copies as u64 } else { 1 };
            for batch in ingot_data::read(&split.verified(name)?, Some(&keys))? {
                maps += each * batch.num_rows() as u64;
            }
        }
        tune::affordable(maps, channels * height * width, blocks)?;
        Ok([channels, height, width])
    }
}

/// Features of another network, not kept: of the training, validation and test pictures.
pub(crate) fn tables(
    project: &Project<'_>,
    split: &Done,
    front: &Front,
) -> Result<(FeatureTable, FeatureTable, FeatureTable)> {
    let keys = convert::encryption(project);
    let of = |name: &str| {
        let mut table = FeatureTable::default();
        if !split.has(name) {
            return Ok(table);
        }
        let copies = Copies::of(project, split, name)?;
        for batch in ingot_data::read(&split.verified(name)?, Some(&keys))? {
            append(project, &mut table, &featurise(project, front, &batch, &copies)?.0)?;
        }
        Ok(table)
    };
    Ok((of(split::TRAIN)?, of(split::VALIDATION)?, of(split::TEST)?))
}

fn summary(texts: bool, rows: u64, copies: u64, width: usize) -> Text {
    let (en, zh) = if texts { ("texts", "条文本") } else { ("pictures", "张图片") };
    Text::new(
        format!("{rows} {en} and {copies} copies, {width} features each"),
        format!("{rows} {zh}、{copies} 份增强副本，各 {width} 个特征"),
    )
}

/// What reads rows, by the kind of the data.
enum Reader {
    Pictures(Front),
    Texts(Box<TextReader>),
}

impl Reader {
    fn of(project: &Project<'_>) -> Result<Self> {
        if !reads_texts(project) {
            return Ok(Self::Pictures(Front::of(project)?));
        }
        let graph = onnx::write(&backbone(project)?);
        let threads = convert::threads(project.recipe());
        Ok(Self::Texts(Box::new(TextReader::new(project, &graph, threads)?)))
    }
}

/// A row that was not learnt from.
pub(crate) struct LeftOut {
    place: (String, u64),
    /// Why, of pictures.
    reason: Option<Text>,
}

fn warn(project: &Project<'_>, message: &'static Message, left_out: &[LeftOut]) {
    if left_out.is_empty() {
        return;
    }
    let told = |lang: Lang| {
        let one = |one: &LeftOut| {
            let (source, row) = &one.place;
            match (&one.reason, lang) {
                (None, _) => format!("{source} {row}"),
                (Some(reason), Lang::En) => format!("{source} {row} ({})", reason.en),
                (Some(reason), Lang::Zh) => format!("{source} {row}（{}）", reason.zh),
            }
        };
        let mut list: Vec<String> = left_out.iter().take(NAMED).map(one).collect();
        if left_out.len() > NAMED {
            list.push("…".to_owned());
        }
        list.join(match lang {
            Lang::En => ", ",
            Lang::Zh => "、",
        })
    };
    let list = Text::new(told(Lang::En), told(Lang::Zh));
    project.reporter.warn(&Fault::new(message).arg("count", left_out.len()).words("list", list));
}

/// What was left out, in the training report: how many for which reason, and some by name where single rows may be told.
pub(crate) fn report(found: &Outcome, private: bool, page: &mut Page) {
    if found.reasons.is_empty() {
        return;
    }
    let mut by: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    for ((source, row), reason) in found.unreadable.iter().zip(&found.reasons) {
        by.entry((reason.en.as_str(), reason.zh.as_str()))
            .or_default()
            .push(format!("{source} {row}"));
    }
    let section = page.section(Text::new("Pictures left out", "略过的图片"));
    let mut columns = vec![
        Column::text(Text::new("Reason", "原因")),
        Column::number(Text::new("Pictures", "图片数")),
    ];
    if !private {
        columns.push(Column::text(Text::new("Source and row", "数据源与行号")));
    }
    let rows = by.into_iter().map(|((en, zh), places)| {
        let mut cells = vec![Cell::text(Text::new(en, zh)), Cell::count(places.len() as u64)];
        if !private {
            let more = if places.len() > LISTED { ", …" } else { "" };
            let some: Vec<&str> = places.iter().take(LISTED).map(String::as_str).collect();
            cells.push(Cell::same(format!("{}{more}", some.join(", "))));
        }
        cells
    });
    section.table(Table { columns, rows: rows.collect() });
}

/// That there are classes to tell apart, before minutes of work for features.
fn classes(project: &Project<'_>, parts: &Done) -> Result<()> {
    let keys = convert::encryption(project);
    let target = project.recipe().project.target.as_str();
    let mut labels: BTreeSet<String> = BTreeSet::new();
    ingot_data::each(&parts.verified(split::TRAIN)?, Some(&keys), &[target], &mut |batch| {
        for label in text(batch, target).iter().flatten().flatten() {
            if !labels.contains(label) {
                labels.insert(label.to_owned());
            }
        }
        Ok(())
    })?;
    if labels.is_empty() {
        return Ok(());
    }
    ingot_train::nets::several_classes(target, labels.iter().map(String::as_str))
}

/// Counts of one batch.
pub(crate) struct Found {
    width: usize,
    pictures: u64,
    copies: u64,
    pub(crate) cut: u64,
    /// Tokens that the vocabulary lacks, of so many.
    pub(crate) words: (u64, u64),
    left_out: Vec<LeftOut>,
}

/// A row of a batch that could not be read, with what is wrong if that is known.
type Failed = (usize, Option<Text>);

impl Found {
    /// Counts rows; of a batch with these places some rows could not be read.
    pub(crate) fn of(rows: &[Row], places: &[(String, u64)], failed: Vec<Failed>) -> Self {
        let left_out = failed.into_iter().filter_map(|(index, reason)| {
            Some(LeftOut { place: places.get(index)?.clone(), reason })
        });
        Self {
            width: rows.first().map_or(0, |row| row.features.len()),
            pictures: rows.iter().filter(|row| !row.copy).count() as u64,
            copies: rows.iter().filter(|row| row.copy).count() as u64,
            cut: 0,
            words: (0, 0),
            left_out: left_out.collect(),
        }
    }
}

/// One picture, text or copy, ready to be kept.
pub(crate) struct Row {
    /// Index in the batch.
    pub(crate) index: usize,
    pub(crate) copy: bool,
    /// The second class, where it is two pictures in one.
    pub(crate) mixed: Option<Mixed>,
    pub(crate) features: Vec<f32>,
}

fn featurise(
    project: &Project<'_>,
    front: &Front,
    batch: &RecordBatch,
    copies: &Copies,
) -> Result<(RecordBatch, Found)> {
    let pictures = Pictures::of(project, batch)?;
    let labels = text(batch, &project.recipe().project.target);
    let work = Work {
        pictures: &pictures,
        labels: labels.as_ref(),
        copies,
        front,
        next: AtomicUsize::new(0),
    };
    let results = std::thread::scope(|scope| {
        let handles: Vec<_> =
            front.sessions.iter().map(|session| scope.spawn(|| work.take_all(session))).collect();
        handles
            .into_iter()
            .map(|handle| {
                handle.join().unwrap_or_else(|_| Err(fault::internal("a feature thread")))
            })
            .collect::<Result<Vec<_>>>()
    })?;
    let (mut rows, mut failed) = (Vec::new(), Vec::new());
    for (own, unreadable) in results {
        rows.extend(own);
        failed.extend(unreadable);
    }
    rows.sort_by_key(|row: &Row| (row.index, row.copy));
    let found = Found::of(&rows, pictures.places(), failed);
    Ok((table(project, batch, &rows)?, found))
}

/// What threads share: they take pictures one at a time.
struct Work<'a> {
    pictures: &'a Pictures,
    labels: Option<&'a StringArray>,
    copies: &'a Copies,
    front: &'a Front,
    next: AtomicUsize,
}

impl Work<'_> {
    /// Takes pictures until none is left; gives rows, and the indices of unreadable pictures with what is wrong.
    fn take_all(&self, session: &Session) -> Result<(Vec<Row>, Vec<Failed>)> {
        let (mut rows, mut unreadable) = (Vec::new(), Vec::new());
        loop {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            if index >= self.pictures.places().len() {
                return Ok((rows, unreadable));
            }
            let (picture, seed) = match self.pictures.load(index) {
                Ok(loaded) => loaded,
                Err(fault) => {
                    let why = Text::new(fault.render(Lang::En), fault.render(Lang::Zh));
                    unreadable.push((index, Some(why)));
                    continue;
                }
            };
            let view = self.front.pixels.view(&picture)?;
            let label = self.labels.and_then(|labels| cell(labels, index));
            let place = self.pictures.place(index);
            let place = place.ok_or_else(|| fault::internal("a picture without a place"))?;
            let original = self.front.features(session, &view, &place)?;
            rows.push(Row { index, copy: false, mixed: None, features: original });
            for copy in self.copies.make(&view, seed, label)? {
                let features = self.front.features(session, &copy.picture, &place)?;
                rows.push(Row { index, copy: true, mixed: copy.mixed, features });
            }
        }
    }
}

/// That the features of a row are numbers that can be learnt from.
///
/// # Errors
/// Otherwise; the fault names the row.
pub(crate) fn finite(features: &[f32], place: &(String, u64)) -> Result<()> {
    if features.iter().all(|number| number.is_finite()) {
        return Ok(());
    }
    let (source, row) = place;
    Err(Fault::new(&FEATURES_NUMBERS).arg("source", source).arg("row", row))
}

pub(crate) fn text(batch: &RecordBatch, name: &str) -> Option<StringArray> {
    let column = arrow::compute::cast(batch.column_by_name(name)?, &DataType::Utf8).ok()?;
    column.as_any().downcast_ref::<StringArray>().cloned()
}

/// A cell of a column of texts; `None` where it is empty, or beyond the end.
pub(crate) fn cell(column: &StringArray, row: usize) -> Option<&str> {
    (row < column.len() && column.is_valid(row)).then(|| column.value(row))
}

pub(crate) fn places(batch: &RecordBatch) -> Result<Vec<(String, u64)>> {
    let lost = || fault::internal("lineage columns");
    let sources = text(batch, ingot_data::SOURCE).ok_or_else(lost)?;
    let rows = batch.column_by_name(ingot_data::ROW).ok_or_else(lost)?;
    let rows = rows.as_any().downcast_ref::<UInt64Array>().ok_or_else(lost)?;
    let name = |index| cell(&sources, index).unwrap_or_default();
    Ok((0..batch.num_rows()).map(|index| (name(index).to_owned(), rows.value(index))).collect())
}

/// The groups of the rows, where the split keeps groups together.
pub(crate) fn groups(project: &Project<'_>, batch: &RecordBatch) -> Option<StringArray> {
    text(batch, project.recipe().split.group.as_ref()?)
}

/// Class, lineage, features and group of each row.
pub(crate) fn table(
    project: &Project<'_>,
    batch: &RecordBatch,
    rows: &[Row],
) -> Result<RecordBatch> {
    let labels = text(batch, &project.recipe().project.target);
    let places = places(batch)?;
    let place = |row: &Row| places.get(row.index);
    let label = |row: &Row| cell(labels.as_ref()?, row.index).map(str::to_owned);
    let bytes: Vec<Vec<u8>> = rows
        .iter()
        .map(|row| row.features.iter().flat_map(|number| number.to_le_bytes()).collect())
        .collect();
    let mut columns: Vec<(&str, ArrayRef)> = vec![
        (
            project.recipe().project.target.as_str(),
            Arc::new(rows.iter().map(label).collect::<StringArray>()),
        ),
        (COPY, Arc::new(rows.iter().map(|row| Some(row.copy)).collect::<BooleanArray>())),
        (FEATURES, Arc::new(BinaryArray::from_iter_values(&bytes))),
        (
            ingot_data::SOURCE,
            Arc::new(
                rows.iter()
                    .map(|row| place(row).map(|place| place.0.clone()))
                    .collect::<StringArray>(),
            ),
        ),
        (
            ingot_data::ROW,
            Arc::new(
                rows.iter()
                    .map(|row| place(row).map_or(0, |place| place.1))
                    .collect::<UInt64Array>(),
            ),
        ),
    ];
    if project.recipe().augment.cutmix.copies > 0 {
        let label = |row: &Row| row.mixed.as_ref().map(|mixed| mixed.label.clone());
        let share = |row: &Row| row.mixed.as_ref().map(|mixed| mixed.share);
        columns.push((MIXED, Arc::new(rows.iter().map(label).collect::<StringArray>())));
        columns.push((SHARE, Arc::new(rows.iter().map(share).collect::<Float64Array>())));
    }
    if let Some(groups) = groups(project, batch) {
        let group = |row: &Row| cell(&groups, row.index).map(str::to_owned);
        columns.push((GROUP, Arc::new(rows.iter().map(group).collect::<StringArray>())));
    }
    RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, array)| (name, array, true)),
    )
    .map_err(|error| fault::internal("a table of features").because(error))
}

/// A table of features, as the trainer takes it.
pub(crate) fn read(project: &Project<'_>, done: &Done, name: &str) -> Result<FeatureTable> {
    let mut table = FeatureTable::default();
    if !done.has(name) {
        return Ok(table);
    }
    let keys = convert::encryption(project);
    for batch in ingot_data::read(&done.verified(name)?, Some(&keys))? {
        append(project, &mut table, &batch)?;
    }
    Ok(table)
}

pub(crate) fn append(
    project: &Project<'_>,
    table: &mut FeatureTable,
    batch: &RecordBatch,
) -> Result<()> {
    let lost = || fault::internal("a table of features without its columns");
    let labels = text(batch, &project.recipe().project.target).ok_or_else(lost)?;
    table.labels.extend(labels.iter().map(|label| label.map(str::to_owned)));
    table.places.extend(places(batch)?);
    if let Some(groups) = text(batch, GROUP) {
        table.groups.extend(groups.iter().map(|group| group.map(str::to_owned)));
    }
    if let Some(labels) = text(batch, MIXED) {
        let shares = batch.column_by_name(SHARE).ok_or_else(lost)?;
        let shares = shares.as_any().downcast_ref::<Float64Array>().ok_or_else(lost)?;
        let second = |(label, share): (Option<&str>, Option<f64>)| {
            Some(Mixed { label: label?.to_owned(), share: share? })
        };
        table.mixed.extend(labels.iter().zip(shares).map(second));
    }
    let copies = batch.column_by_name(COPY).ok_or_else(lost)?;
    let copies = copies.as_any().downcast_ref::<BooleanArray>().ok_or_else(lost)?;
    table.copy.extend(copies.iter().map(|copy| copy.unwrap_or(false)));
    let features = batch.column_by_name(FEATURES).ok_or_else(lost)?;
    let features = arrow::compute::cast(features, &DataType::Binary)
        .map_err(|error| fault::internal("features of another type").because(error))?;
    let features = features.as_any().downcast_ref::<BinaryArray>().ok_or_else(lost)?;
    for bytes in features.iter().flatten() {
        let numbers = bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes));
        table.features.extend(numbers);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vocabulary_that_lacks_most_words_is_told() {
        assert_eq!(strangers((70, 100)), Some(70));
        assert_eq!(strangers((20, 100)), None);
        assert_eq!(strangers((0, 0)), None);
    }

    #[test]
    fn what_was_left_out_is_told_by_its_reason() {
        let place = |row| ("list".to_owned(), row);
        let found = Outcome {
            width: 1,
            pictures: BTreeMap::new(),
            copies: 0,
            unreadable: vec![place(2), place(7)],
            reasons: vec![Text::new("missing", "不存在"); 2],
            cut: 0,
            shape: None,
        };
        let told = |private| {
            let mut page = Page::new(Text::same("report"));
            report(&found, private, &mut page);
            page.html(Lang::En)
        };
        assert!(told(false).contains("missing") && told(false).contains("list 2, list 7"));
        assert!(told(true).contains("missing") && !told(true).contains("list 2"));
    }
}
