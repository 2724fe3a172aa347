//! Why a model of texts answers as it does: the words of some test texts, and a tree over the presence of words.

use crate::convert;
use crate::project::Project;
use crate::run::{Chain, Done, ORT, Product, earlier, stage, versions};
use crate::stages::maps::spread;
use crate::stages::{compress, explain, features, head, split, texts, to_value, train, write_page};
use crate::store::{Inputs, Stage};
use ingot_base::{Result, Rng, Text, atomic};
use ingot_explain::{ExplainedText, TextTokens, WordTree, explain_text, word_tree};
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
        imitation(tree, page.section(Text::new("A tree over words", "基于词的代理决策树")));
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
        let labels = features::text(&batch, &project.recipe().project.target);
        let places = features::places(&batch)?;
        for (at, (text, place)) in texts::of(project, &batch)?.iter().zip(places).enumerate() {
            let Some(text) = text.filter(|text| !text.trim().is_empty()) else { continue };
            let label = labels.as_ref().and_then(|labels| labels.iter().nth(at).flatten());
            rows.push(Row { text: text.to_owned(), place, label: label.map(str::to_owned) });
        }
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
    let sample = |rows: &[Row]| -> Result<(Vec<String>, Vec<f64>)> {
        let texts: Vec<String> = spread(rows.len(), SAMPLE)
            .into_iter()
            .filter_map(|at| rows.get(at).map(|row| row.text.clone()))
            .collect();
        let ids = texts
            .iter()
            .map(|text| model.tokenizer().beginning(text).map(|(ids, _)| ids))
            .collect::<Result<Vec<_>>>()?;
        let scores = model.scores_wide(&ids)?;
        Ok((texts, scores))
    };
    let (learned, tested) = (sample(learned)?, sample(tested)?);
    let known: Vec<&str> = learned.0.iter().map(String::as_str).collect();
    let held: Vec<&str> = tested.0.iter().map(String::as_str).collect();
    word_tree(&model.signature().output, (&known, &learned.1), (&held, &tested.1), DEPTH)
}

fn imitation(tree: &WordTree, section: &mut Section) {
    let share = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| number(value, 3));
    let (agreement, r2) = (share(tree.outcome.agreement), share(tree.outcome.r2));
    section.paragraph(Text::new(
        format!(
            "It asks only which words are there, and gives the model's label to {agreement} of {} test texts; it explains {r2} of the scores' variance. What it misses, the model has from more than single words. Words of fewer than 20 texts are not asked for.",
            tree.outcome.rows
        ),
        format!(
            "该树只看哪些词出现，在 {} 条测试文本上与模型判断一致的比例为 {agreement}，解释了分数方差的 {r2}。其余部分说明模型的依据不止单个词。在不足 20 条文本中出现的词不作为判断条件。",
            tree.outcome.rows
        ),
    ));
    if let Some(warning) = tree.outcome.warning() {
        section.note(warning);
    }
    let drawn = Text::new(tree.drawn.en.clone(), tree.drawn.zh.clone());
    section.figure_in_both(Text::new("Surrogate tree", "代理决策树"), &drawn);
}
