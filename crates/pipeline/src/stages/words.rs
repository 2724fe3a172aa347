//! Why a model of texts answers as it does: the words of some test texts, and a tree over the presence of words.

use crate::convert;
use crate::project::Project;
use crate::run::{Chain, Done, ORT, Product, earlier, stage, versions};
use crate::stages::maps::spread;
use crate::stages::{compress, explain, features, head, split, texts, to_value, train, write_page};
use crate::store::{Inputs, Stage};
use arrow::array::{RecordBatch, StringArray};
use ingot_base::{Result, Rng, Text, atomic};
use ingot_explain::{
    ExplainedText, KnownText, TextTokens, WORD_PERSONS, WordTree, explain_text, word_tree,
};
use ingot_privacy::detect::{DetectConfig, Detector, Kind};
use ingot_report::{Cell, Column, Page, Section, Table, number};
use ingot_runtime::{Prediction, TextModel, decide, probability_of};
use std::collections::BTreeMap;
use std::path::Path;

/// Texts that the tree is grown on, and as many that it is measured on, at most.
const SAMPLE: usize = 2000;
/// Depth of the tree.
const DEPTH: usize = 4;

/// What the stage's result depends on.
pub(crate) fn inputs(project: &Project<'_>, chain: &Chain) -> Result<Inputs> {
    let (trained, served) =
        (earlier(chain, Stage::Train)?, earlier(chain, compress::served(chain))?);
    let parts = earlier(chain, Stage::Split)?;
    Ok(Inputs {
        stage: Stage::Explain,
        content: BTreeMap::from([
            (head::MODEL.into(), served.content(head::MODEL)?),
            (train::PREPROCESSING.into(), served.content(train::PREPROCESSING)?),
            (texts::TOKENIZER.into(), trained.content(texts::TOKENIZER)?),
            (split::TRAIN.into(), parts.content(split::TRAIN)?),
            (split::TEST.into(), parts.content(split::TEST)?),
        ]),
        config: serde_json::json!({
            "explain": to_value(&project.recipe().explain)?,
            "augment": to_value(&project.recipe().augment)?,
            "text": project.recipe().train.text,
            "private": project.recipe().train.private.is_some(),
            "persons": persons(project),
        }),
        seed: project.recipe().project.seed,
        versions: versions(&[ORT]),
    })
}

pub(crate) fn run(project: &Project<'_>, chain: &Chain) -> Result<Done> {
    stage(project, inputs(project, chain)?, &Stage::Explain.title(), |folder| {
        work(project, chain, folder)
    })
}

/// A text of the table, not blank, with what is known of it.
struct Row {
    text: String,
    place: (String, u64),
    label: Option<String>,
    /// Whose it is, where the recipe tells persons apart.
    person: Option<String>,
}

/// The columns that may tell whose a text is, the first that is there: the promise's persons, else what the split keeps together.
fn persons<'a>(project: &'a Project<'_>) -> Vec<&'a str> {
    let recipe = project.recipe();
    let promised = recipe.protect.anonymity.as_ref().and_then(|policy| policy.person.as_deref());
    promised.into_iter().chain(recipe.split.group.as_deref()).collect()
}

fn work(project: &Project<'_>, chain: &Chain, folder: &Path) -> Result<Product> {
    let model = load(chain, convert::threads(project.recipe()))?;
    let parts = earlier(chain, Stage::Split)?;
    let (learned, tested) =
        (rows(project, parts, split::TRAIN)?, rows(project, parts, split::TEST)?);
    let mut page = Page::new(Text::new("What the model read", "模型的依据"));
    page.lead(Text::new(
        "What each word did to the answer: its Shapley value, in log odds of the class that the model says. Together with the value of a text without words they add up to the answer.",
        "每个词对判断的作用：以模型所判类别的对数几率计算的 Shapley 值；各词之和加上空文本的基准值，等于模型的输出。",
    ));
    let shown = examples(project, &model, &tested, &mut page)?;
    let private = project.recipe().train.private.is_some();
    if project.recipe().augment.copies > 0 && !private {
        copies(project, &learned, page.section(Text::new("Augmented copies", "增强副本")));
    }
    // Which words training texts have is not told where the training promises to tell little of any one of them.
    let (learned, tested) = if private { halves(tested) } else { (learned, tested) };
    let tree = imitate(&model, &learned, &tested)?;
    let mut outputs = vec![(explain::REPORT.to_owned(), None)];
    if let Some(tree) = &tree {
        let told = learned.iter().any(|row| row.person.is_some());
        imitation(tree, told, page.section(Text::new("A tree over words", "基于词的代理决策树")));
        atomic::write(&folder.join(explain::TREE_SVG), tree.drawn.en.as_bytes())?;
        atomic::write(&folder.join(explain::TREE_PNG), &tree.drawn.png)?;
        outputs.extend([explain::TREE_SVG, explain::TREE_PNG].map(|name| (name.to_owned(), None)));
    }
    write_page(folder, explain::REPORT, &page)?;
    Ok(Product {
        outputs,
        summary: Text::new(
            format!("{shown} texts explained"),
            format!("展示了 {shown} 条文本的依据"),
        ),
        // What single rows are and were said to be stays in the report: records travel in packages, in plain.
        evidence: serde_json::json!({
            "texts": shown,
            "surrogate": tree.map(|tree| to_value(&tree.outcome)).transpose()?,
        }),
    })
}

/// The model that goes on: the compressed one, else the trained one.
fn load(chain: &Chain, callers: usize) -> Result<TextModel> {
    let (trained, served) =
        (earlier(chain, Stage::Train)?, earlier(chain, compress::served(chain))?);
    let file = |done: &Done, name: &str| atomic::read(&done.verified(name)?, explain::MODEL_LIMIT);
    TextModel::load(
        features::library()?,
        &file(served, head::MODEL)?,
        &file(served, train::PREPROCESSING)?,
        &file(trained, texts::TOKENIZER)?,
        callers,
    )
}

fn rows(project: &Project<'_>, parts: &Done, name: &str) -> Result<Vec<Row>> {
    let keys = convert::encryption(project);
    let mut rows = Vec::new();
    for batch in ingot_data::read(&parts.verified(name)?, Some(&keys))? {
        rows.extend(rows_of(project, &batch)?);
    }
    Ok(rows)
}

/// The texts of a batch that are not blank.
fn rows_of(project: &Project<'_>, batch: &RecordBatch) -> Result<Vec<Row>> {
    let labels = features::text(batch, &project.recipe().project.target);
    let persons = persons(project).into_iter().find_map(|name| features::text(batch, name));
    let own = |column: Option<&StringArray>, at| Some(features::cell(column?, at)?.to_owned());
    let places = features::places(batch)?;
    let mut rows = Vec::new();
    for (at, (text, place)) in texts::of(project, batch)?.iter().zip(places).enumerate() {
        let Some(text) = text.filter(|text| !text.trim().is_empty()) else { continue };
        let (label, person) = (own(labels.as_ref(), at), own(persons.as_ref(), at));
        rows.push(Row { text: text.to_owned(), place, label, person });
    }
    Ok(rows)
}

/// Every second row and the others.
fn halves(rows: Vec<Row>) -> (Vec<Row>, Vec<Row>) {
    let (one, other): (Vec<_>, Vec<_>) =
        rows.into_iter().enumerate().partition(|(at, _)| at % 2 == 0);
    let rows = |list: Vec<(usize, Row)>| list.into_iter().map(|(_, row)| row).collect();
    (rows(one), rows(other))
}

fn examples(
    project: &Project<'_>,
    model: &TextModel,
    tested: &[Row],
    page: &mut Page,
) -> Result<usize> {
    let wanted = project.recipe().explain.texts;
    let section = page.section(Text::new("Texts", "文本"));
    if wanted == 0 {
        section.note(Text::new(
            "No text is shown: texts may be of persons. `explain.texts` in the recipe shows some to every reader of this report.",
            "未展示文本，因为文本可能涉及个人。可在配方中设置 explain.texts，让报告的所有读者看到部分文本。",
        ));
    }
    let (mut shown, mut long, mut sampled) = (0, 0, false);
    for at in spread(tested.len(), wanted) {
        let Some(row) = tested.get(at) else { continue };
        if model.tokenizer().ids(&row.text).is_err() {
            long += 1;
            continue;
        }
        let (answer, found) = explained(model, &row.text, texts::seed(project, &row.text))?;
        sampled |= !found.exact;
        if shown == 0 {
            section.paragraph(Text::new(
                "Blue words speak for what the model says above the text, orange ones against it. A bar below a word: how much of it the attention saw.",
                "蓝色的词支持文本上方所示的判断，橙色的词反对。词下方的横条表示注意力的大小。",
            ));
        }
        section.figure(caption(row, &answer), found.svg_plain());
        shown += 1;
    }
    if sampled {
        section.note(Text::new(
            "Values of texts with more than eight words are estimated by sampling. In texts of more than 24 words, neighbouring words share one value, except in the parts that mattered most. The sum holds all the same.",
            "超过八个词的文本，其数值由抽样估计；超过 24 个词时，除作用较大的部分外，相邻的词共用一个数值；各项之和加上基准值，仍等于输出。",
        ));
    }
    if shown > 0 && project.recipe().backbone().own().is_some() {
        section.note(Text::new(
            "Attention is not shown: in a network of one's own nobody knows which values it is.",
            "未展示注意力：自备的网络中无法确定哪些中间值是注意力。",
        ));
    }
    if long > 0 {
        section.note(Text::new(
            format!("{long} text(s) are longer than the network reads and are not shown."),
            format!("有 {long} 条文本超过网络可读取的长度，未展示。"),
        ));
    }
    Ok(shown)
}

/// A text's answer and the words that made it.
fn explained(model: &TextModel, text: &str, seed: u64) -> Result<(Prediction, ExplainedText)> {
    let tokens = model.tokenizer().words(text)?;
    let scores = model.scores(std::slice::from_ref(&tokens.ids))?;
    let answer = decide(&model.signature().output, &scores);
    let label = answer.label.clone().unwrap_or_default();
    Ok((answer, spoke(model, text, &label, seed)?))
}

/// The words that spoke for one class.
pub(crate) fn spoke(
    model: &TextModel,
    text: &str,
    label: &str,
    seed: u64,
) -> Result<ExplainedText> {
    let tokens = model.tokenizer().words(text)?;
    let attention = model.rollout(&tokens.ids)?;
    let text = TextTokens {
        text,
        ids: &tokens.ids,
        words: &tokens.words,
        places: &tokens.places,
        attention: attention.as_deref(),
    };
    let output = &model.signature().output;
    explain_text(&text, seed, &mut |texts| {
        let scores = model.scores_wide(texts)?;
        let rows = scores.chunks(output.width().max(1));
        Ok(rows.map(|row| probability_of(output, label, row)).collect())
    })
}

fn caption(row: &Row, answer: &Prediction) -> Text {
    let (source, number) = &row.place;
    let said = answer.label.as_deref().unwrap_or_default();
    let share = answer.probabilities.iter().flatten().find(|(label, _)| label == said);
    let share = share.map_or(answer.score, |(_, share)| *share) * 100.0;
    let (mut en, mut zh) = (
        format!("{source}, row {number}: the model says {said} ({share:.1}%)"),
        format!("{source} 第 {number} 行：模型判断为 {said}（{share:.1}%）"),
    );
    if let Some(truth) = row.label.as_deref().filter(|truth| *truth != said) {
        en = format!("{en}, and is wrong: {truth}");
        zh = format!("{zh}，判断错误，实际为 {truth}");
    }
    Text::new(en, zh)
}

/// Training texts beside their first copies, as many as texts are shown.
fn copies(project: &Project<'_>, learned: &[Row], section: &mut Section) {
    let wanted = project.recipe().explain.texts;
    let augment = convert::augment_text(project.recipe());
    if wanted == 0 {
        section.note(Text::new("No copy is shown, as no text is.", "与文本一样，副本未展示。"));
        return;
    }
    let pairs = spread(learned.len(), wanted).into_iter().filter_map(|at| learned.get(at));
    let rows = pairs
        .map(|row| {
            let mut seeds = Rng::new(texts::seed(project, &row.text), "copies");
            let copy = ingot_train::texts::augment(&row.text, &augment, seeds.bits());
            vec![Cell::same(row.text.clone()), Cell::same(copy)]
        })
        .collect();
    let columns = vec![
        Column::text(Text::new("Training text", "训练文本")),
        Column::text(Text::new("Its first copy", "第一份副本")),
    ];
    section.table(Table { columns, rows });
}

/// A tree that imitates the model, grown on training texts and measured on test texts.
fn imitate(model: &TextModel, learned: &[Row], tested: &[Row]) -> Result<Option<WordTree>> {
    let scores = |rows: &[&Row]| -> Result<Vec<f64>> {
        let ids = rows.iter().map(|row| model.tokenizer().beginning(&row.text).map(|(ids, _)| ids));
        model.scores_wide(&ids.collect::<Result<Vec<_>>>()?)
    };
    let (learned, tested) = (sample(learned), sample(tested));
    let (own, others) = (scores(&learned)?, scores(&tested)?);
    let unnamed = unnamed(&learned)?;
    let known: Vec<KnownText<'_>> = learned
        .iter()
        .zip(&unnamed)
        .map(|(row, unnamed)| KnownText { text: &row.text, unnamed, person: row.person.as_deref() })
        .collect();
    let held: Vec<&str> = tested.iter().map(|row| row.text.as_str()).collect();
    word_tree(&model.signature().output, (&known, &own), (&held, &others), DEPTH)
}

/// Some rows, evenly over all.
fn sample(rows: &[Row]) -> Vec<&Row> {
    spread(rows.len(), SAMPLE).into_iter().filter_map(|at| rows.get(at)).collect()
}

/// Texts without the names of persons that the detector finds in them.
fn unnamed(rows: &[&Row]) -> Result<Vec<String>> {
    let config = DetectConfig { types: vec![Kind::Person], ..DetectConfig::default() };
    let detector = Detector::new(config)?;
    let without = |row: &&Row| {
        let mut letters: Vec<char> = row.text.chars().collect();
        for name in detector.detect(&row.text) {
            if let Some(own) = letters.get_mut(name.start..name.end) {
                own.fill(' ');
            }
        }
        letters.into_iter().collect::<String>()
    };
    Ok(rows.iter().map(without).collect())
}

/// Which words the tree asks for. `told` says whether the rows tell whose they are.
fn asked(told: bool) -> Text {
    let fewest = WORD_PERSONS;
    if told {
        return Text::new(
            format!(
                "Words of fewer than {fewest} persons (as `protect.anonymity.person` or `split.group` tells them apart) are not asked for; where a word stands in a name that the detector finds, it is not counted."
            ),
            format!(
                "仅见于不足 {fewest} 人（按 `protect.anonymity.person` 或 `split.group` 区分）的文本中的词不作为判断条件；词处于检测器认出的人名中时不计数。"
            ),
        );
    }
    Text::new(
        format!(
            "Words of fewer than {fewest} different texts are not asked for; where a word stands in a name that the detector finds, it is not counted. The recipe does not say which texts are of one person (`split.group`), so a word that one person alone uses may be among those asked for."
        ),
        format!(
            "在不足 {fewest} 条不同文本中出现的词不作为判断条件；词处于检测器认出的人名中时不计数。配方未说明哪些文本属于同一人（`split.group`），因此仅一人使用的词也可能成为判断条件。"
        ),
    )
}

fn imitation(tree: &WordTree, told: bool, section: &mut Section) {
    let share = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| number(value, 3));
    let (agreement, r2) = (share(tree.outcome.agreement), share(tree.outcome.r2));
    let asked = asked(told);
    section.paragraph(Text::new(
        format!(
            "It asks only which words are there, and gives the model's label to {agreement} of {} test texts; it explains {r2} of the scores' variance. What it misses, the model has from more than single words. {}",
            tree.outcome.rows, asked.en
        ),
        format!(
            "该树只看哪些词出现，在 {} 条测试文本上与模型判断一致的比例为 {agreement}，解释了分数方差的 {r2}。其余部分说明模型的依据不止单个词。{}",
            tree.outcome.rows, asked.zh
        ),
    ));
    if let Some(warning) = tree.outcome.warning() {
        section.note(warning);
    }
    let drawn = Text::new(tree.drawn.en.clone(), tree.drawn.zh.clone());
    section.figure_in_both(Text::new("Surrogate tree", "代理决策树"), &drawn);
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, UInt64Array};
    use std::sync::Arc;

    #[test]
    fn rows_tell_whose_they_are_and_what_they_say_without_names() {
        let folder = tempfile::tempdir().unwrap();
        let recipe = |more: &str| {
            let text = format!(
                "[project]\nname = \"x\"\ntask = \"text.classify\"\ntarget = \"y\"\n\
                 [[source]]\nname = \"a\"\nuri = \"a.csv\"\n[train]\ntext = \"note\"\n{more}"
            );
            crate::project::project(folder.path(), &text)
        };
        let strings = |cells: [Option<&str>; 3]| -> ArrayRef {
            Arc::new(cells.into_iter().collect::<StringArray>())
        };
        let batch = RecordBatch::try_from_iter_with_nullable([
            ("note", strings([Some("张伟需补充材料"), Some(" "), Some("loan")]), true),
            ("cid", strings([Some("p1"), Some("p2"), None]), true),
            ("y", strings([Some("a"), Some("b"), None]), true),
            (ingot_data::SOURCE, strings([Some("a"); 3]), true),
            (ingot_data::ROW, Arc::new(UInt64Array::from(vec![1, 2, 3])) as ArrayRef, true),
        ])
        .unwrap();
        let whose = |more: &str| {
            let rows = rows_of(&recipe(more), &batch).unwrap();
            rows.into_iter().map(|row| (row.place.1, row.person, row.label)).collect::<Vec<_>>()
        };
        let person = |name: &str| Some(name.to_owned());
        let told = [(1, person("p1"), person("a")), (3, None, None)];
        assert_eq!(whose("[split]\ngroup = \"cid\"\n"), told);
        assert_eq!(whose(""), [(1, None, person("a")), (3, None, None)]);

        let rows = rows_of(&recipe(""), &batch).unwrap();
        let bare = unnamed(&rows.iter().collect::<Vec<_>>()).unwrap();
        assert!(!bare[0].contains('伟') && bare[0].contains("补充材料"), "{}", bare[0]);
        assert_eq!(bare[1], "loan");
    }

    #[test]
    fn the_report_says_which_words_are_asked_for() {
        let (told, untold) = (asked(true), asked(false));
        assert!(told.en.contains("20 persons") && untold.en.contains("20 different texts"));
        assert!(told.zh.contains("20 人") && untold.zh.contains("20 条不同文本"));
        assert!(untold.en.contains("split.group") && untold.zh.contains("split.group"));
    }
}
