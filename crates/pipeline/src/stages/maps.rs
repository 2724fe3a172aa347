//! What a model of pictures looked at.

use crate::convert;
use crate::project::Project;
use crate::run::{Chain, Done, ORT, Product, earlier, stage, versions};
use crate::stages::features::{self, PIXELS, Pictures};
use crate::stages::{explain, head, split, to_value, train, write_page};
use crate::store::{Inputs, Stage};
use base64::Engine as _;
use ingot_base::{Result, Text, atomic};
use ingot_report::Page;
use ingot_runtime::VisionModel;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// One picture explained.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Looked {
    /// Its source.
    pub(crate) source: String,
    /// Its row there.
    pub(crate) row: u64,
    /// What it is.
    pub(crate) truth: Option<String>,
    /// What the model says.
    pub(crate) said: String,
    /// How sure it is.
    pub(crate) probability: f64,
    /// Share of what spoke for the answer that lies in the most important quarter of the picture.
    pub(crate) focus: Option<f64>,
}

/// What the stage's result depends on.
pub(crate) fn inputs(project: &Project<'_>, chain: &Chain) -> Result<Inputs> {
    let trained = earlier(chain, Stage::Train)?;
    Ok(Inputs {
        stage: Stage::Explain,
        content: BTreeMap::from([
            (head::MODEL.into(), trained.content(head::MODEL)?),
            (train::PREPROCESSING.into(), trained.content(train::PREPROCESSING)?),
            (split::TEST.into(), earlier(chain, Stage::Split)?.content(split::TEST)?),
        ]),
        config: to_value(&project.recipe().explain)?,
        seed: project.recipe().project.seed,
        versions: versions(&[ORT]),
    })
}

pub(crate) fn run(project: &Project<'_>, chain: &Chain) -> Result<Done> {
    stage(project, inputs(project, chain)?, &Stage::Explain.title(), |folder| {
        work(project, chain, folder)
    })
}

fn work(project: &Project<'_>, chain: &Chain, folder: &Path) -> Result<Product> {
    let trained = earlier(chain, Stage::Train)?;
    let model = VisionModel::load(
        features::library()?,
        &atomic::read(&trained.path(head::MODEL), explain::MODEL_LIMIT)?,
        &atomic::read(&trained.path(train::PREPROCESSING), explain::MODEL_LIMIT)?,
        convert::threads(project.recipe()),
    )?;
    let keys = convert::encryption(project);
    let wanted = project.recipe().explain.pictures;
    let mut page = Page::new(Text::new("What the model looked at", "模型关注的区域"));
    page.lead(Text::new(
        "Test pictures beside themselves with what spoke for the answer in colour: the class activation map, which is exact for one layer on the mean of the network's last map.",
        "测试图片与其关注区域对照：着色部分支持模型的判断。对于在末层特征图均值之上的单层输出，类激活图是精确的。",
    ));
    let mut looked = Vec::new();
    let batches = ingot_data::read(&earlier(chain, Stage::Split)?.path(split::TEST), Some(&keys))?;
    let section = page.section(Text::new("Pictures", "图片"));
    if wanted == 0 {
        section.note(Text::new(
            "No picture is shown: pictures may be of persons. `explain.pictures` in the recipe shows some to every reader of this report.",
            "未展示图片，因为图片可能涉及个人。可在配方中设置 explain.pictures，让报告的所有读者看到部分图片。",
        ));
    }
    for batch in &batches {
        let pictures = Pictures::of(project, batch)?;
        let labels = features::text(batch, &project.recipe().project.target);
        for index in spread(batch.num_rows(), wanted) {
            let (Ok((picture, _)), Some((source, row))) =
                (pictures.load(index), pictures.place(index))
            else {
                continue;
            };
            let truth = labels
                .as_ref()
                .and_then(|labels| labels.iter().nth(index).flatten())
                .map(str::to_owned);
            let view = PIXELS.view(&picture)?;
            let prepared = PIXELS.numbers(&view);
            let scores = model.scores(&prepared, 1)?;
            let (class, said, probability) = model.answer(&scores);
            let (_, heat) = model.activation_map(&prepared, class)?;
            let caption = caption((&source, row), truth.as_deref(), said, probability);
            let shown = match &heat {
                Some(heat) => vec![view.clone(), ingot_image::overlay(&view, heat)],
                None => vec![view],
            };
            section.figure(caption, embedded(&ingot_image::png(&ingot_image::sheet(&shown, 2))?));
            let focus = heat.map(|heat| focus(&heat.cells));
            looked.push(Looked { source, row, truth, said: said.to_owned(), probability, focus });
        }
    }
    write_page(folder, explain::REPORT, &page)?;
    Ok(Product {
        outputs: vec![(explain::REPORT.to_owned(), None)],
        summary: Text::new(
            format!("{} pictures explained", looked.len()),
            format!("解释了 {} 张图片", looked.len()),
        ),
        evidence: serde_json::json!({ "looked": to_value(&looked)? }),
    })
}

/// So many indices, evenly over all.
fn spread(rows: usize, wanted: usize) -> Vec<usize> {
    let wanted = wanted.min(rows);
    (0..wanted).map(|at| at * rows / wanted).collect()
}

fn caption((source, row): (&str, u64), truth: Option<&str>, said: &str, probability: f64) -> Text {
    let share = probability * 100.0;
    let (mut en, mut zh) = (
        format!("{source}, row {row}: the model says {said} ({share:.1}%)"),
        format!("{source} 第 {row} 行：模型判断为 {said}（{share:.1}%）"),
    );
    match truth {
        Some(truth) if truth != said => {
            en = format!("{en}, and is wrong: {truth}");
            zh = format!("{zh}，判断错误，实际为 {truth}");
        }
        _ => {}
    }
    Text::new(en, zh)
}

/// A PNG file as an element of the page.
fn embedded(png: &[u8]) -> String {
    let data = base64::engine::general_purpose::STANDARD.encode(png);
    format!(
        "<img alt=\"\" style=\"max-width:100%;height:auto\" src=\"data:image/png;base64,{data}\">"
    )
}

/// Share of the positive heat in the hottest quarter of the cells; .25 is none at all.
fn focus(cells: &[f32]) -> f64 {
    let mut warm: Vec<f64> = cells.iter().map(|cell| f64::from(cell.max(0.0))).collect();
    warm.sort_by(|a, b| b.total_cmp(a));
    let total: f64 = warm.iter().sum();
    let quarter: f64 = warm.iter().take(warm.len().div_ceil(4)).sum();
    if total > 0.0 { quarter / total } else { 0.25 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_are_spread_and_focus_is_a_share() {
        assert_eq!(spread(10, 4), [0, 2, 5, 7]);
        assert_eq!(spread(2, 4), [0, 1]);
        assert!(spread(0, 4).is_empty());
        assert!((focus(&[1.0; 8]) - 0.25).abs() < 1e-9);
        assert!((focus(&[9.0, -5.0, 0.0, 0.0]) - 1.0).abs() < 1e-9);
    }
}
