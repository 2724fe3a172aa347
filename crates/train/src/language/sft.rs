//! One whole training: from conversations to an adapter and everything that is known of it.

use super::adapter::{Adapter, AdapterForm};
use super::memory::{self, Finder};
use super::model::BaseModel;
use super::net::Net;
use super::outcome::{
    Figure, MergeParity, Preferred, Sample, SftOutcome, UnfitRows, half_figure, same_answer,
    share_figure,
};
use super::preference::{
    Likelihoods, Pair, Preference, chosen_loss, likelihoods_together, preference,
};
use super::sample::{Apart, answers, apart, text_scores};
use super::train::{TrainSettings, Trainer, mean_loss_together};
use super::words::{Example, Unfit, Words};
use crate::group::{Alone, Group};
use crate::messages::{ANSWERS_CUT, MERGE_PARITY, NO_ROWS, NONE_USABLE, ROLES_STRANGE, UNUSED};
use crate::outcome::{Rows, part};
use ingot_base::{Fault, Reporter, Result, Text, crash};
use ingot_runtime::generate::Message;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Steps between checkpoints.
const KEEP: usize = 10;
/// Texts that the gate compares.
const COMPARED: usize = 8;

/// What is learnt.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Objective {
    /// The answers of the conversations.
    Answers,
    /// To prefer each conversation's last answer to another one.
    Preferences {
        /// How closely the model is held to its base; above 0.
        beta: f64,
    },
}

/// A training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SftConfig {
    /// What is learnt.
    pub objective: Objective,
    /// What the base model is called.
    pub base: String,
    /// The adapter's form.
    pub form: AdapterForm,
    /// How it is trained.
    pub settings: TrainSettings,
    /// Conversations of more tokens are not learnt from.
    pub max_tokens: usize,
    /// Made-up secrets hidden in the training data, to measure what is remembered.
    pub canaries: usize,
    /// Test rows that are answered, at most.
    pub evaluate: usize,
    /// Tokens of an answer at most.
    pub answer_tokens: usize,
    /// Test rows shown in the report.
    pub samples: usize,
}

/// Conversations of each table.
#[derive(Debug, Clone, Copy)]
pub struct Conversations<'a> {
    /// Learnt from.
    pub train: &'a [Vec<Message>],
    /// For choosing the epoch.
    pub validation: &'a [Vec<Message>],
    /// Only measured on.
    pub test: &'a [Vec<Message>],
    /// The answers to which the last ones of each table's rows are preferred, row by row, in the order of the tables; not looked at
    /// where answers are learnt.
    pub rejected: [&'a [String]; 3],
    /// Rows of each table that are no conversation, as one of their columns is empty.
    pub empty: [u64; 3],
}

/// Roles that templates know.
const ROLES: [&str; 4] = ["system", "user", "assistant", "tool"];
/// Other roles that a message tells, at most, and characters of one: longer ones are no names of roles.
const NAMED: usize = 5;
const NAME: usize = 16;

/// The roles of conversations that templates do not know, and how many conversations have such.
pub(super) fn strange<'a>(rows: impl Iterator<Item = &'a Vec<Message>>) -> (u64, Vec<String>) {
    let (mut count, mut names) = (0, BTreeSet::new());
    for row in rows {
        let own = row.iter().map(|one| one.role.as_str()).filter(|role| !ROLES.contains(role));
        let before: Vec<&str> = own.collect();
        count += u64::from(!before.is_empty());
        names.extend(before.into_iter().filter(|role| {
            let plain = |letter: char| letter.is_ascii_alphanumeric() || "_-".contains(letter);
            !role.is_empty() && role.len() <= NAME && role.chars().all(plain)
        }));
    }
    (count, names.into_iter().take(NAMED).map(str::to_owned).collect())
}

/// Where an unfinished training is kept.
pub trait Checkpoints {
    /// The last one kept, if any.
    ///
    /// # Errors
    /// When it cannot be read.
    fn load(&self) -> Result<Option<Vec<u8>>>;

    /// Keeps one in the last one's place.
    ///
    /// # Errors
    /// When it cannot be written.
    fn keep(&self, bytes: &[u8]) -> Result<()>;
}

/// A trained adapter.
#[derive(Debug)]
pub struct TrainedAdapter {
    /// The adapter.
    pub adapter: Adapter,
    /// What is known of it; the gate's figures are still those of no comparison.
    pub outcome: SftOutcome,
}

/// What fits, and what was left out.
fn fitting<T>(
    rows: impl Iterator<Item = std::result::Result<T, Unfit>>,
    unfit: &mut UnfitRows,
) -> Vec<T> {
    let mut fit = Vec::new();
    for row in rows {
        match row {
            Ok(one) => fit.push(one),
            Err(Unfit::Long) => unfit.long += 1,
            Err(Unfit::Silent) => unfit.silent += 1,
            Err(Unfit::Mark) => unfit.mark += 1,
            Err(Unfit::Refused) => unfit.refused += 1,
            Err(Unfit::Alike) => unfit.alike += 1,
        }
    }
    fit
}

/// What the tables teach, as tokens.
enum Lessons {
    /// Answers.
    Answers(Tables<Example>),
    /// Preferences, and how closely the model is held to its base.
    Preferences(Tables<Pair>, f64),
}

/// The three tables.
struct Tables<T> {
    train: Vec<T>,
    validation: Vec<T>,
    test: Vec<T>,
}

impl<T> Tables<T> {
    fn counts(&self) -> Rows {
        let count = |rows: &Vec<T>| rows.len() as u64;
        Rows {
            train: count(&self.train),
            validation: count(&self.validation),
            test: count(&self.test),
        }
    }
}

impl Lessons {
    fn of(
        config: &SftConfig,
        words: &Words,
        rows: Conversations<'_>,
        unfit: &mut UnfitRows,
    ) -> Self {
        let limit = config.max_tokens;
        match config.objective {
            Objective::Answers => {
                let mut read = |rows: &[Vec<Message>]| {
                    fitting(rows.iter().map(|row| words.example(row, limit)), unfit)
                };
                Self::Answers(Tables {
                    train: read(rows.train),
                    validation: read(rows.validation),
                    test: read(rows.test),
                })
            }
            Objective::Preferences { beta } => {
                let mut read = |rows: &[Vec<Message>], others: &[String]| {
                    let pairs = rows.iter().zip(others);
                    fitting(pairs.map(|(row, other)| words.pair(row, other, limit)), unfit)
                };
                let [train, validation, test] = rows.rejected;
                let tables = Tables {
                    train: read(rows.train, train),
                    validation: read(rows.validation, validation),
                    test: read(rows.test, test),
                };
                Self::Preferences(tables, beta)
            }
        }
    }

    fn counts(&self) -> Rows {
        match self {
            Self::Answers(tables) => tables.counts(),
            Self::Preferences(tables, _) => tables.counts(),
        }
    }

    /// Hides made-up secrets among what is learnt.
    fn plant(&mut self, planted: &[memory::Planted], words: &Words, config: &SftConfig) {
        let (limit, seed) = (config.max_tokens, config.settings.seed);
        match self {
            Self::Answers(tables) => {
                tables.train.extend(memory::examples(planted, words, limit));
            }
            Self::Preferences(tables, _) => {
                tables.train.extend(memory::pairs(planted, words, limit, seed));
            }
        }
    }

    /// Tokens of all training texts, and those of them that are learnt.
    fn tokens(&self) -> (u64, u64) {
        let count = |(all, learnt): (u64, u64), one: &Example| {
            let own = one.learnt.iter().filter(|learnt| **learnt).count() as u64;
            (all + one.tokens.len() as u64, learnt + own)
        };
        match self {
            Self::Answers(tables) => tables.train.iter().fold((0, 0), count),
            Self::Preferences(tables, _) => {
                let each = tables.train.iter().flat_map(|pair| [&pair.chosen, &pair.rejected]);
                each.fold((0, 0), count)
            }
        }
    }

    /// What a model says of the test rows: the mean loss of the tokens that count, and of preferences how likely the answers are.
    fn told(&self, model: (&BaseModel, Option<&Adapter>), batch: usize, heard: &dyn Fn()) -> Told {
        match self {
            Self::Answers(tables) => {
                let loss = mean_loss_together(model, &tables.test, batch, &Alone, heard);
                Told { loss, pairs: Vec::new() }
            }
            Self::Preferences(tables, _) => {
                let pairs = likelihoods_together(model, &tables.test, batch, &Alone, heard);
                Told { loss: chosen_loss(&pairs, &tables.test), pairs }
            }
        }
    }

    fn trainer<'a>(
        &'a self,
        base: &'a BaseModel,
        fresh: Adapter,
        config: &'a SftConfig,
        group: &'a dyn Group,
    ) -> Trainer<'a> {
        let settings = &config.settings;
        match self {
            Self::Answers(tables) => {
                Trainer::answering(base, fresh, settings, &tables.train, group)
            }
            Self::Preferences(tables, beta) => {
                Trainer::preferring(base, fresh, settings, (&tables.train, *beta), group)
            }
        }
    }
}

/// What a model says of the test rows.
struct Told {
    /// Mean loss of a token of the answers that count.
    loss: f64,
    /// Of preferences, in the order of the pairs.
    pairs: Vec<Likelihoods>,
}

/// Measures an adapter on the validation rows after an epoch.
struct Validation<'a> {
    base: &'a BaseModel,
    lessons: &'a Lessons,
    batch: usize,
    course: Course<'a>,
    /// What the base says of the pairs.
    reference: Vec<Likelihoods>,
}

impl<'a> Validation<'a> {
    fn new(base: &'a BaseModel, lessons: &'a Lessons, batch: usize, course: Course<'a>) -> Self {
        let told = || course.reporter.advance(0);
        let reference = match lessons {
            Lessons::Answers(_) => Vec::new(),
            Lessons::Preferences(tables, _) => {
                likelihoods_together((base, None), &tables.validation, batch, course.group, &told)
            }
        };
        Self { base, lessons, batch, course, reference }
    }

    fn measure(&self, trainer: &mut Trainer<'_>) {
        let (batch, group) = (self.batch, self.course.group);
        let told = || self.course.reporter.advance(0);
        match self.lessons {
            Lessons::Answers(tables) if !tables.validation.is_empty() => {
                let model = (self.base, Some(trainer.adapter()));
                let loss = mean_loss_together(model, &tables.validation, batch, group, &told);
                trainer.validated(loss);
            }
            Lessons::Preferences(tables, beta) if !tables.validation.is_empty() => {
                let model = (self.base, Some(trainer.adapter()));
                let own = likelihoods_together(model, &tables.validation, batch, group, &told);
                let found = preference(&own, &self.reference, *beta);
                trainer.validated(found.loss);
                trainer.preferred(found.accuracy());
            }
            _ => {}
        }
    }
}

/// What a training goes on from and where it is kept, and who takes part.
#[derive(Clone, Copy)]
pub struct Course<'a> {
    /// Stands for everything that the training depends on: only a checkpoint with the same one is gone on from.
    pub key: &'a str,
    /// Where the first process keeps it.
    pub checkpoints: &'a dyn Checkpoints,
    /// The processes.
    pub group: &'a dyn Group,
    /// Who hears of progress.
    pub reporter: &'a dyn Reporter,
}

impl std::fmt::Debug for Course<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Course").field("key", &self.key).finish_non_exhaustive()
    }
}

impl<'a> Course<'a> {
    /// Of one process, told to nobody.
    pub fn alone(key: &'a str, checkpoints: &'a dyn Checkpoints) -> Self {
        Self { key, checkpoints, group: &Alone, reporter: &ingot_base::Silent }
    }
}

/// What the loop gives.
struct Learnt {
    adapter: Adapter,
    /// The epoch whose adapter it is, from 1.
    best: usize,
    /// Losses and learning rates.
    steps: Vec<(f64, f64)>,
    /// Losses of the validation rows after each epoch, and shares of their pairs that were preferred rightly.
    validation: Vec<f64>,
    accuracies: Vec<f64>,
}

/// The loop, which all processes of the course run.
fn learnt(
    config: &SftConfig,
    base: &BaseModel,
    lessons: &Lessons,
    course: Course<'_>,
) -> Result<Learnt> {
    let group = course.group;
    let fresh = Adapter::new(&config.form, &base.shape, config.settings.seed);
    let mut trainer = lessons.trainer(base, fresh, config, group);
    let validation = Validation::new(base, lessons, config.settings.batch, course);
    let kept = if group.is_first() { course.checkpoints.load()? } else { None };
    // Nobody keeps nothing: no bytes are no checkpoint.
    let kept = group.broadcast(kept.unwrap_or_default());
    if !kept.is_empty() {
        trainer.resume(course.key, &kept)?;
    }
    let (per, total) = (trainer.steps_per_epoch(), trainer.total());
    while trainer.step().is_some() {
        let done = trainer.steps().len();
        if done.is_multiple_of(per) {
            validation.measure(&mut trainer);
        }
        // The last one too: what dies while it is measured repeats no step.
        if (done.is_multiple_of(KEEP) || done == total) && group.is_first() {
            course.checkpoints.keep(&trainer.checkpoint(course.key)?)?;
        }
        crash::point("adapter-step");
        course.reporter.advance(1);
    }
    let steps = trainer.steps().iter().map(|step| (step.loss, step.learning_rate)).collect();
    let validation = trainer.validation().to_vec();
    let accuracies = trainer.accuracies().to_vec();
    let (adapter, best) = trainer.finish()?;
    let bytes = adapter.values.iter().flat_map(|number| number.to_le_bytes());
    group.same(&bytes.collect::<Vec<u8>>())?;
    Ok(Learnt { adapter, best, steps, validation, accuracies })
}

/// Helps the first process of a course, which calls [`train_adapter`] with the same settings and tables.
///
/// # Errors
/// When the checkpoint is damaged, or the processes end with different adapters.
pub fn assist_adapter(
    config: &SftConfig,
    (base, words): (&BaseModel, &Words),
    rows: Conversations<'_>,
    course: Course<'_>,
) -> Result<()> {
    let mut lessons = Lessons::of(config, words, rows, &mut UnfitRows::default());
    lessons.plant(&memory::plant(config.canaries, config.settings.seed), words, config);
    learnt(config, base, &lessons, course).map(drop)
}

/// Trains an adapter, with the processes of the course, of which this is the first, and measures it.
///
/// # Errors
/// When a table has no conversation to learn from or to measure on, a checkpoint cannot be read or kept, or the processes end with
/// different adapters.
pub fn train_adapter(
    config: &SftConfig,
    (base, words): (&BaseModel, &Words),
    rows: Conversations<'_>,
    find: Option<Finder<'_>>,
    course: Course<'_>,
) -> Result<TrainedAdapter> {
    let mut unfit = UnfitRows::default();
    let mut lessons = Lessons::of(config, words, rows, &mut unfit);
    unfit.empty = rows.empty.iter().sum();
    let counts = lessons.counts();
    usable(config, words, rows, counts)?;
    tell(rows, unfit, course.reporter);
    let planted = memory::plant(config.canaries, config.settings.seed);
    lessons.plant(&planted, words, config);
    let found = learnt(config, base, &lessons, course)?;
    let Learnt { adapter, best, steps, validation, accuracies } = found;

    let reporter = course.reporter;
    let heard = || reporter.advance(0);
    reporter.part(&Text::new("loss on the test rows", "测试数据上的损失"));
    let told = |adapter| lessons.told((base, adapter), config.settings.batch, &heard);
    let told = [told(None), told(Some(&adapter))];
    let tested = told.each_ref().map(|one| one.loss);
    let mut judged = Judged::of(config, (base, words), &adapter, rows.test, (tested, reporter))?;
    let mut preferred = None;
    if let Lessons::Preferences(_, beta) = &lessons {
        judged.prefers(&told, *beta);
        preferred = Some(Preferred { beta: *beta, accuracies });
    }
    reporter.part(&Text::new("what was memorised", "记忆程度的测量"));
    let seed = config.settings.seed;
    let mut memory = memory::exposures(base, &adapter, words, &planted, seed, &heard)?;
    if let Some(find) = find {
        memory::extracted(
            &mut memory,
            find,
            rows.train,
            &judged.told(config, (base, words), &adapter, rows.train, &heard)?,
        );
    }
    let outcome = SftOutcome {
        base: config.base.clone(),
        base_parameters: base.parameters() as u64,
        parameters: adapter.parameters() as u64,
        rank: config.form.rank as u64,
        alpha: f64::from(config.form.alpha),
        targets: config.form.targets.iter().map(|part| part.as_str().to_owned()).collect(),
        rows: counts,
        unfit,
        tokens: lessons.tokens(),
        steps,
        validation,
        best: best as u64,
        metrics: judged.after,
        base_metrics: judged.before,
        samples: judged.answers.into_iter().take(config.samples).collect(),
        memory,
        parity: MergeParity::default(),
        preference: preferred,
    };
    Ok(TrainedAdapter { adapter, outcome })
}

/// That there is something to learn from and to measure on.
pub(super) fn usable(
    config: &SftConfig,
    words: &Words,
    rows: Conversations<'_>,
    counts: Rows,
) -> Result<()> {
    let [train, _, test] = rows.empty;
    for (table, found, own, empty) in
        [("train", counts.train, rows.train, train), ("test", counts.test, rows.test, test)]
    {
        if found > 0 {
            continue;
        }
        if own.is_empty() && empty == 0 {
            return Err(Fault::new(&NO_ROWS).words("table", part(table)));
        }
        // Once more for this table alone.
        let others = if table == "train" { rows.rejected[0] } else { rows.rejected[2] };
        let alone = Conversations {
            train: own,
            validation: &[],
            test: &[],
            rejected: [others, &[], &[]],
            empty: [empty, 0, 0],
        };
        let mut unfit = UnfitRows::default();
        Lessons::of(config, words, alone, &mut unfit);
        unfit.empty = empty;
        return Err(Fault::new(&NONE_USABLE)
            .words("table", part(table))
            .arg("all", own.len() as u64 + empty)
            .words("why", unfit.told(&strange(own.iter()).1)));
    }
    Ok(())
}

/// Tells what is left out of what was given, and which conversations have speakers that no template knows.
pub(super) fn tell(rows: Conversations<'_>, unfit: UnfitRows, reporter: &dyn Reporter) {
    let every = || [rows.train, rows.validation, rows.test].into_iter().flatten();
    let all = every().count() as u64 + unfit.empty;
    let (count, roles) = strange(every());
    if unfit.total() > 0 {
        let told = Fault::new(&UNUSED).arg("count", unfit.total()).arg("all", all);
        reporter.warn(&told.words("why", unfit.told(&roles)));
    }
    if count > 0 {
        let told = Fault::new(&ROLES_STRANGE).arg("count", count).arg("all", all);
        let named = match &roles[..] {
            [] => Text::same("…"),
            roles => Text::new(roles.join(", "), roles.join("、")),
        };
        reporter.warn(&told.words("roles", named));
    }
}

/// The last answer of a conversation, and what comes before it.
pub(super) fn last_answer(row: &[Message]) -> Option<(&[Message], &str)> {
    let at = row.iter().rposition(|message| message.role == "assistant")?;
    Some((row.get(..at)?, row.get(at)?.content.as_str()))
}

/// Answers to test rows, counted.
struct Judged {
    before: Vec<Figure>,
    after: Vec<Figure>,
    answers: Vec<Sample>,
}

impl Judged {
    fn of(
        config: &SftConfig,
        (base, words): (&BaseModel, &Words),
        adapter: &Adapter,
        rows: &[Vec<Message>],
        (losses, reporter): ([f64; 2], &dyn Reporter),
    ) -> Result<Self> {
        let asked: Vec<(&[Message], &str)> =
            rows.iter().filter_map(|row| last_answer(row)).take(config.evaluate).collect();
        let prompts =
            asked.iter().map(|(asked, _)| words.prompt(asked)).collect::<Result<Vec<_>>>()?;
        // Each answer, and whether it is cut off.
        let say = |adapter| -> Vec<(String, bool)> {
            let (net, heard) = (Net { base, adapter }, || reporter.advance(0));
            let said = answers(net, &prompts, config.answer_tokens, words.ends(), &heard);
            let text = |tokens: &Vec<u32>| {
                let cut = tokens.len() >= config.answer_tokens;
                // Half a character at the end is none.
                let text = words.text(tokens);
                let whole = if cut { text.trim_end_matches('\u{FFFD}') } else { text.as_str() };
                (whole.to_owned(), cut)
            };
            said.iter().map(text).collect()
        };
        reporter.part(&Text::new("the base's answers to test rows", "基座模型对测试数据的回答"));
        let before = say(None);
        reporter.part(&Text::new("the trained model's answers", "训练后模型的回答"));
        let after = say(Some(adapter));
        let figures = |loss: f64, said: &[(String, bool)]| {
            let hits = said
                .iter()
                .zip(&asked)
                .filter(|((said, _), (_, expected))| same_answer(said, expected))
                .count();
            let plain =
                |name: &str, value: f64| Figure { name: name.to_owned(), value, interval: None };
            let mut all = Vec::new();
            all.extend(share_figure("exact_match", hits as u64, asked.len() as u64));
            all.extend([plain("loss", loss), plain("perplexity", loss.exp())]);
            all
        };
        let long = |(_, expected): &&(&[Message], &str)| {
            words.tokens(expected).is_ok_and(|tokens| tokens.len() > config.answer_tokens)
        };
        let long = asked.iter().filter(long).count();
        if long > 0 {
            let told = Fault::new(&ANSWERS_CUT).arg("count", long).arg("all", asked.len());
            reporter.warn(&told.arg("limit", config.answer_tokens));
        }
        let [old, new] = losses;
        let (old, new) = (figures(old, &before), figures(new, &after));
        let answers = asked.iter().zip(before.into_iter().zip(after)).map(
            |((asked, expected), (before, after))| Sample {
                asked: asked.last().map(|message| message.content.clone()).unwrap_or_default(),
                expected: (*expected).to_owned(),
                cut: [before.1, after.1],
                before: before.0,
                after: after.0,
            },
        );
        Ok(Self { before: old, after: new, answers: answers.collect() })
    }

    /// How the model stands to the preferences of the test rows, and the base, which is its own reference, told before it.
    fn prefers(&mut self, [base, own]: &[Told; 2], beta: f64) {
        let before = preference(&base.pairs, &base.pairs, beta);
        let after = preference(&own.pairs, &base.pairs, beta);
        let figures = |found: &Preference| {
            let likelier = half_figure("likelier", found.likelier, found.pairs);
            let loss =
                Figure { name: "preference_loss".to_owned(), value: found.loss, interval: None };
            likelier.into_iter().chain([loss])
        };
        // No answer of the base gains on itself: its pairs are all ties, whatever the rows, and so there is nothing to be unsure of.
        let even =
            Figure { name: "preference".to_owned(), value: before.accuracy(), interval: None };
        self.before.extend(Some(even).filter(|_| before.pairs > 0));
        self.before.extend(figures(&before));
        let gained = half_figure("preference", after.preferred, after.pairs);
        self.after.extend(gained.into_iter().chain(figures(&after)));
    }

    /// Prompts with what the model says to them: the test rows', and training rows whose question was cut in half.
    fn told(
        &self,
        config: &SftConfig,
        (base, words): (&BaseModel, &Words),
        adapter: &Adapter,
        train: &[Vec<Message>],
        heard: &dyn Fn(),
    ) -> Result<Vec<(String, String)>> {
        let mut told: Vec<(String, String)> =
            self.answers.iter().map(|one| (one.asked.clone(), one.after.clone())).collect();
        let cut: Vec<String> = train
            .iter()
            .filter_map(|row| last_answer(row)?.0.last())
            .take(config.evaluate)
            .map(|message| {
                message.content.chars().take(message.content.chars().count() / 2).collect()
            })
            .collect();
        let prompts = cut
            .iter()
            .map(|text| words.prompt(&[Message::new("user", text.as_str())]))
            .collect::<Result<Vec<_>>>()?;
        let net = Net { base, adapter: Some(adapter) };
        let said = answers(net, &prompts, config.answer_tokens, words.ends(), heard);
        told.extend(cut.into_iter().zip(said.iter().map(|tokens| words.text(tokens))));
        Ok(told)
    }
}

/// Compares the trained model with the merged one as its file gives it, on test rows.
///
/// # Errors
/// When the merged file cannot be read back, or its distributions are further apart than `tolerance`, in nats.
pub fn merge_parity(
    (base, adapter, words): (&BaseModel, &Adapter, &Words),
    merged: &[u8],
    test: &[Vec<Message>],
    max_tokens: usize,
    tolerance: f64,
) -> Result<MergeParity> {
    let merged = BaseModel::from_gguf(merged)?;
    let fit = test.iter().filter_map(|row| words.example(row, max_tokens).ok()).take(COMPARED);
    let texts: Vec<Vec<u32>> = fit.map(|example| example.tokens).collect();
    merge_parity_of((base, adapter), &merged, &texts, tolerance)
}

/// The same, of texts as tokens and a model that was read back.
pub(super) fn merge_parity_of(
    (base, adapter): (&BaseModel, &Adapter),
    merged: &BaseModel,
    texts: &[Vec<u32>],
    tolerance: f64,
) -> Result<MergeParity> {
    let mut all = Apart::default();
    for tokens in texts {
        let own = text_scores(base, Some(adapter), tokens);
        let other = text_scores(merged, None, tokens);
        let found = apart(&own, &other, base.shape.vocabulary);
        all.rows += found.rows;
        all.same += found.same;
        all.divergence += found.divergence;
        all.difference = all.difference.max(found.difference);
    }
    #[expect(clippy::cast_precision_loss, reason = "tokens of a few texts")]
    let parity = {
        let rows = all.rows.max(1) as f64;
        MergeParity {
            tokens: all.rows as u64,
            divergence: all.divergence / rows,
            difference: all.difference,
            agreement: all.same as f64 / rows,
            tolerance,
        }
    };
    if parity.divergence.is_nan() || parity.divergence > tolerance || all.rows == 0 {
        return Err(Fault::new(&MERGE_PARITY)
            .arg("divergence", format!("{:.1e}", parity.divergence))
            .arg("tolerance", format!("{tolerance:.0e}")));
    }
    Ok(parity)
}
