//! What a model of pictures looked at.

use crate::convert;
use crate::project::Project;
use crate::run::{Chain, Done, ORT, Product, earlier, stage, versions};
use crate::stages::{
    compress, explain, features, head, pictures, split, to_value, train, write_page,
};
use crate::store::{Inputs, Stage};
use base64::Engine as _;
use ingot_base::{Result, Text, atomic};
use ingot_report::{Page, Section};
use ingot_runtime::{Answer, VisionModel, onnx};
use std::collections::BTreeMap;
use std::path::Path;

/// The network as a picture.
pub(crate) const NETWORK_SVG: &str = "network.svg";
/// The same as pixels.
pub(crate) const NETWORK_PNG: &str = "network.png";

/// What the stage's result depends on.
pub(crate) fn inputs(project: &Project<'_>, chain: &Chain) -> Result<Inputs> {
    let trained = earlier(chain, compress::served(chain))?;
    let mut content: BTreeMap<String, _> = BTreeMap::from([
        (head::MODEL.into(), trained.content(head::MODEL)?),
        (train::PREPROCESSING.into(), trained.content(train::PREPROCESSING)?),
        (split::TEST.into(), earlier(chain, Stage::Split)?.content(split::TEST)?),
    ]);
    content.extend(features::seen(chain)?);
    Ok(Inputs {
        stage: Stage::Explain,
        content,
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
    let trained = earlier(chain, compress::served(chain))?;
    let graph = atomic::read(&trained.verified(head::MODEL)?, explain::MODEL_LIMIT)?;
    let model = VisionModel::load(
        features::library()?,
        &graph,
        &atomic::read(&trained.verified(train::PREPROCESSING)?, explain::MODEL_LIMIT)?,
        1,
    )?;
    let keys = convert::encryption(project);
    let wanted = project.recipe().explain.pictures;
    let mut page = Page::new(Text::new("What the model looked at", "模型关注的区域"));
    page.lead(Text::new(
        "Test pictures beside themselves with what spoke for the answer in colour, and the network itself as a picture.",
        "测试图片与其关注区域对照（着色部分支持模型的判断），以及网络结构图。",
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
    let chosen = pictures::chosen(project, &batches, wanted, &features::unreadable(chain)?)?;
    let (mut shown, mut mapped, mut hidden) = (0, false, false);
    for (batch, (pictures, indices)) in batches.iter().zip(chosen) {
        let labels = features::text(batch, &project.recipe().project.target);
        for index in indices {
            let (Ok((picture, _)), Some(place)) = (pictures.load(index), pictures.place(index))
            else {
                continue;
            };
            let truth = labels.as_ref().and_then(|labels| labels.iter().nth(index).flatten());
            let view = model.pixels().view(&picture)?;
            let numbers = model.pixels().numbers(&view);
            let (answer, heat) = model.activation_map(&numbers)?;
            let mut row = vec![view.clone()];
            row.extend(heat.as_ref().map(|heat| ingot_image::overlay(&view, heat)));
            if heat.is_none() || project.recipe().explain.occlusion {
                hidden = true;
                row.push(ingot_image::overlay(&view, &model.occlusion(&numbers)?.1));
            }
            mapped |= heat.is_some();
            let png = ingot_image::png(&ingot_image::sheet(&row, 3))?;
            section.figure(caption(&place, truth, &answer), embedded(&png));
            shown += 1;
        }
    }
    legend(section, mapped, hidden);
    let picture = network(&graph, model.pixels().crop, &mut page)?;
    atomic::write(&folder.join(NETWORK_SVG), picture.as_bytes())?;
    atomic::write(&folder.join(NETWORK_PNG), &ingot_explain::network_png(&picture)?)?;
    write_page(folder, explain::REPORT, &page)?;
    Ok(Product {
        outputs: [explain::REPORT, NETWORK_SVG, NETWORK_PNG]
            .map(|name| (name.to_owned(), None))
            .into(),
        summary: Text::new(
            format!("{shown} pictures explained"),
            format!("展示了 {shown} 张图片的依据"),
        ),
        // What single rows are and were said to be stays in the report: records travel in packages, in plain.
        evidence: serde_json::json!({ "pictures": shown }),
    })
}

/// What the pictures beside each other are.
fn legend(section: &mut Section, mapped: bool, hidden: bool) {
    if mapped {
        section.note(Text::new(
            "Second in each row: the class activation map, what each place added to the answer's score; exact for one layer on the mean of the network's last map.",
            "每行第二幅：类激活图，即各位置对答案分数的贡献；若输出层只有一层且作用于末层特征图的均值，则结果是精确的。",
        ));
    }
    if hidden {
        section.note(Text::new(
            "Last in each row: occlusion, how far the answer's log-odds fall in the mean where a grey square hides the place. It asks the network alone and holds for any head.",
            "每行最后一幅：遮挡法，即用灰色方块遮住该位置时答案对数几率的平均下降；只依据网络本身的输出，适用于任何输出层。",
        ));
    }
}

/// The network as a picture and as a table, on the page; gives the picture.
fn network(graph: &[u8], side: u32, page: &mut Page) -> Result<String> {
    let side = u64::from(side);
    let inputs = BTreeMap::from([(onnx::IMAGE.to_owned(), vec![1, 3, side, side])]);
    let model = onnx::read(graph, &onnx::Limits::default())?;
    let summary = onnx::summary(&model, &inputs)?;
    let picture = ingot_explain::network_svg(&summary);
    let section = page.section(Text::new("The network", "网络结构"));
    section.figure(
        Text::new(
            "From the picture to the scores: each box is a layer with what it gives and how many weights it has; what repeats is drawn once.",
            "从图片到分数：每个方框为一层，标出其输出形状与参数量；重复的部分只画一次。",
        ),
        picture.clone(),
    );
    page.section(Text::new("Layer by layer", "逐层列表"))
        .table(ingot_explain::layer_table(&summary));
    Ok(picture)
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
pub(crate) fn embedded(png: &[u8]) -> String {
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
