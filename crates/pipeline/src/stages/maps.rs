//! What a model of pictures looked at.

use crate::convert;
use crate::project::Project;
use crate::run::{Chain, Done, ORT, Product, earlier, stage, versions};
use crate::stages::features::{self, PIXELS, Pictures};
use crate::stages::{explain, head, split, to_value, train, write_page};
use crate::store::{Inputs, Stage};
use arrow::array::RecordBatch;
use base64::Engine as _;
use ingot_base::{Result, Text, atomic};
use ingot_report::Page;
use ingot_runtime::{Answer, VisionModel};
use std::collections::BTreeMap;
use std::path::Path;

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
        &atomic::read(&trained.verified(head::MODEL)?, explain::MODEL_LIMIT)?,
        &atomic::read(&trained.verified(train::PREPROCESSING)?, explain::MODEL_LIMIT)?,
        1,
    )?;
    let keys = convert::encryption(project);
    let wanted = project.recipe().explain.pictures;
    let mut page = Page::new(Text::new("What the model looked at", "模型关注的区域"));
    page.lead(Text::new(
        "Test pictures beside themselves with what spoke for the answer in colour: the class activation map, which is exact for one layer on the mean of the network's last map.",
        "测试图片与其关注区域对照：着色部分支持模型的判断。对于在末层特征图均值之上的单层输出，类激活图是精确的。",
    ));
    let batches =
        ingot_data::read(&earlier(chain, Stage::Split)?.verified(split::TEST)?, Some(&keys))?;
    let section = page.section(Text::new("Pictures", "图片"));
    if wanted == 0 {
        section.note(Text::new(
            "No picture is shown: pictures may be of persons. `explain.pictures` in the recipe shows some to every reader of this report.",
            "未展示图片，因为图片可能涉及个人。可在配方中设置 explain.pictures，让报告的所有读者看到部分图片。",
        ));
    }
    let mut chosen =
        spread(batches.iter().map(RecordBatch::num_rows).sum(), wanted).into_iter().peekable();
    let (mut first, mut shown, mut without) = (0, 0, false);
    for batch in &batches {
        let pictures = Pictures::of(project, batch)?;
        let labels = features::text(batch, &project.recipe().project.target);
        while let Some(index) = chosen.next_if(|index| *index < first + batch.num_rows()) {
            let index = index - first;
            let (Ok((picture, _)), Some(place)) = (pictures.load(index), pictures.place(index))
            else {
                continue;
            };
            let truth = labels.as_ref().and_then(|labels| labels.iter().nth(index).flatten());
            let view = PIXELS.view(&picture)?;
            let (answer, heat) = model.activation_map(&PIXELS.numbers(&view))?;
            without |= heat.is_none();
            let pair = match &heat {
                Some(heat) => vec![view.clone(), ingot_image::overlay(&view, heat)],
                None => vec![view],
            };
            let png = ingot_image::png(&ingot_image::sheet(&pair, 2))?;
            section.figure(caption(&place, truth, &answer), embedded(&png));
            shown += 1;
        }
        first += batch.num_rows();
    }
    if without {
        section.note(Text::new(
            "Without colour: a head with hidden layers has no exact activation map.",
            "未着色：含隐藏层的输出层没有精确的类激活图。",
        ));
    }
    write_page(folder, explain::REPORT, &page)?;
    Ok(Product {
        outputs: vec![(explain::REPORT.to_owned(), None)],
        summary: Text::new(
            format!("{shown} pictures explained"),
            format!("展示了 {shown} 张图片的依据"),
        ),
        // What single rows are and were said to be stays in the report: records travel in packages, in plain.
        evidence: serde_json::json!({ "pictures": shown }),
    })
}

/// So many indices, evenly over all.
pub(crate) fn spread(rows: usize, wanted: usize) -> Vec<usize> {
    let wanted = wanted.min(rows);
    (0..wanted).map(|at| at * rows / wanted).collect()
}

fn caption((source, row): &(String, u64), truth: Option<&str>, answer: &Answer<'_>) -> Text {
    let (said, share) = (answer.label, answer.probability * 100.0);
    let (mut en, mut zh) = (
        format!("{source}, row {row}: the model says {said} ({share:.1}%)"),
        format!("{source} 第 {row} 行：模型判断为 {said}（{share:.1}%）"),
    );
    if let Some(truth) = truth.filter(|truth| *truth != said) {
        en = format!("{en}, and is wrong: {truth}");
        zh = format!("{zh}，判断错误，实际为 {truth}");
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_are_spread_over_all_rows() {
        assert_eq!(spread(10, 4), [0, 2, 5, 7]);
        assert_eq!(spread(2, 4), [0, 1]);
        assert!(spread(0, 4).is_empty());
    }
}
