//! The training report: what was learned from, what was tried, what it buys, and where it is weak.

pub(crate) mod review;

use crate::outcome::{
    CalibrationOutcome, Metric, ReliabilityBin, Scheme, Search, Share, Slice, Slices, Threshold,
    TrainOutcome, Trial,
};
use crate::suspicion::{ahead, best, figure as find};
use ingot_base::{Tabular, Text};
use ingot_report::chart::{self, Axis, Series};
use ingot_report::{Cell, Column, Page, Section, Table, count, number};

/// The report of one training run, with what a person should hear before trusting the model.
pub fn training_report(outcome: &TrainOutcome, warnings: &[Text]) -> Page {
    let mut page = Page::new(Text::new("Training report", "训练报告"));
    page.lead(lead(outcome));
    if !warnings.is_empty() {
        let section = page.section(Text::new("Warnings", "警告"));
        for warning in warnings {
            section.note(warning.clone());
        }
    }
    result(outcome, page.section(Text::new("Result on test rows", "测试集结果")));
    baselines(outcome, page.section(Text::new("What the model buys", "模型的增益")));
    if let Some(threshold) = &outcome.threshold {
        decision(outcome, threshold, page.section(Text::new("Decision threshold", "判定阈值")));
    }
    if let Some(calibration) = &outcome.calibration {
        reliability(
            calibration,
            page.section(Text::new("Do the probabilities hold?", "概率是否可信")),
        );
    }
    for slices in &outcome.fairness {
        let name = slices.title.clone().unwrap_or_else(|| Text::same(&slices.column));
        let title = Text::new(format!("Groups by {}", name.en), format!("按“{}”分组比较", name.zh));
        fairness(outcome.task, slices, page.section(title));
    }
    if let Some(review) = &outcome.review {
        review::section(&mut page, review);
    }
    search(&outcome.search, page.section(Text::new("What was tried", "参数搜索过程")));
    columns(outcome, page.section(Text::new("Columns", "数据列")));
    evidence(outcome, page.section(Text::new("How this was made", "训练依据")));
    page
}

fn text(en: impl Into<String>, zh: impl Into<String>) -> Text {
    Text::new(en, zh)
}

/// A figure's name for a person.
pub(crate) fn title(name: &str) -> Text {
    match name {
        "auc" => text("AUC (area under the ROC curve)", "AUC（ROC 曲线下面积）"),
        "ks" => text("KS (largest distance of the classes)", "KS（两类分布最大差距）"),
        "log_loss" | "binary_logloss" | "multi_logloss" => text("Log loss", "对数损失"),
        "cost" => text("Cost per row", "每行代价"),
        "regression_l1" => text("Mean absolute error", "平均绝对误差"),
        "mape" => text("Mean absolute percentage error", "平均绝对百分比误差"),
        "quantile" => text("Quantile loss", "分位数损失"),
        "huber" => text("Huber loss", "Huber 损失"),
        "fair" => text("Fair loss", "Fair 损失"),
        "brier" => text("Brier score", "Brier 分数"),
        "accuracy" => text("Accuracy", "准确率"),
        "balanced_accuracy" => text("Balanced accuracy", "平衡准确率"),
        "precision" => text("Precision", "精确率"),
        "recall" => text("Recall", "召回率"),
        "f1" => text("F1", "F1"),
        "rmse" => text("Root mean square error", "均方根误差"),
        "mae" => text("Mean absolute error", "平均绝对误差"),
        "r2" => text("R² (share of variance explained)", "R²（解释方差比例）"),
        other => Text::same(other),
    }
}

fn model_name(name: &str) -> Text {
    match name {
        "majority" => text("No model (majority or mean)", "无模型（多数类或均值）"),
        "logistic" => text("Logistic regression", "逻辑回归"),
        "linear" => text("Linear regression", "线性回归"),
        "tree" => text("A single tree (depth 4)", "单棵决策树（深度 4）"),
        other => Text::same(other),
    }
}

/// The same within a sentence.
pub(crate) fn model_word(name: &str) -> Text {
    match name {
        "majority" => text("no model", "不用模型"),
        "logistic" => text("logistic regression", "逻辑回归"),
        "linear" => text("linear regression", "线性回归"),
        "tree" => text("a single tree", "单棵决策树"),
        other => Text::same(other),
    }
}

/// The figure a task is judged by first.
fn primary(task: Tabular) -> &'static str {
    if task.is_classification() { "auc" } else { "rmse" }
}

/// A figure's interval; a dash where it has none.
pub(crate) fn interval(metric: &Metric) -> Cell {
    Cell::same(metric.interval().map_or_else(
        || "–".to_owned(),
        |(low, high)| format!("{} … {}", number(low, 4), number(high, 4)),
    ))
}

fn lead(outcome: &TrainOutcome) -> Text {
    let rows = outcome.rows;
    text(
        format!(
            "A model of {} trees that predicts `{}` from {} columns, learned from {} rows and measured on {} rows it never saw.",
            outcome.model.trees,
            outcome.target,
            outcome.features.len(),
            rows.train,
            rows.test
        ),
        format!(
            "由 {} 棵树组成的模型，根据 {} 列预测 `{}`；使用 {} 行训练，并在从未见过的 {} 行上评估。",
            outcome.model.trees,
            outcome.features.len(),
            outcome.target,
            rows.train,
            rows.test
        ),
    )
}

/// What was not defined of a result of two classes, and so stands in no table.
pub(crate) fn undefined(metrics: &[Metric]) -> Option<Text> {
    let missing: Vec<Text> = ["auc", "precision", "recall"]
        .into_iter()
        .filter(|name| find(metrics, name).is_none())
        .map(title)
        .collect();
    let list = |lang: fn(&Text) -> &str, comma: &str| {
        missing.iter().map(lang).collect::<Vec<_>>().join(comma)
    };
    (!missing.is_empty() && !metrics.is_empty()).then(|| {
        text(
            format!(
                "Not defined on these rows: {}. The AUC needs rows of both classes, precision a row labelled positive, recall a row of the positive class.",
                list(|one| &one.en, ", ")
            ),
            format!(
                "在这些行上没有定义：{}。AUC 需要两类都有数据行，精确率需要至少一行被判为正类，召回率需要至少一行正类。",
                list(|one| &one.zh, "、")
            ),
        )
    })
}

/// Where intervals are Wilson's: why, and what they count.
pub(crate) fn sure(metrics: &[Metric], grouped: bool) -> Option<Text> {
    metrics.iter().any(|metric| metric.method == "wilson").then(|| {
        let (en, zh) = if grouped {
            (" Each group counts as one row there.", "其中每组按一行计。")
        } else {
            ("", "")
        };
        text(
            format!(
                "Where every draw gives the same figure, as for shares of 0 or 1, the interval is Wilson's: that no other case was seen in so many rows does not make it certain.{en}"
            ),
            format!(
                "若每次重抽样得到的指标都相同（例如比例为 0 或 1），区间采用 Wilson 法：有限的行中没有出现其他情况，并不意味着必然如此。{zh}"
            ),
        )
    })
}

/// Why nothing is claimed, of classes or of numbers.
pub(crate) fn too_few(classes: bool) -> Text {
    if !classes {
        return text(
            "Too few test rows to tell: below 30 rows, intervals and comparisons would claim a certainty that nobody has.",
            "测试行太少，无法判断：少于 30 行时，置信区间与模型比较都会给出并不存在的确定性。",
        );
    }
    text(
        "Too few test rows to tell: below 30 rows, or below 5 outside the largest class, intervals and comparisons would claim a certainty that nobody has.",
        "测试行太少，无法判断：少于 30 行，或最大类别之外少于 5 行时，置信区间与模型比较都会给出并不存在的确定性。",
    )
}

/// What a reader of the figures must know.
fn notes(outcome: &TrainOutcome, section: &mut Section) {
    if outcome.task == Tabular::Binary
        && let Some(note) = undefined(&outcome.metrics)
    {
        section.note(note);
    }
    // Without intervals there is nothing to say of how they came about.
    let few = outcome.few_test_rows().is_some();
    if let Some(note) = sure(&outcome.metrics, outcome.test_groups.is_some()).filter(|_| !few) {
        section.note(note);
    }
    if outcome.weighted {
        section.note(text(
            "The recipe gives sources a weight. It counts in what the models learn; every figure of this report, and of the explanation report, counts each row once.",
            "配方为数据源设置了权重。权重只在模型学习时起作用；本报告及解释报告中的所有指标均不加权，每行只计一次。",
        ));
    }
    if let Some(groups) = outcome.test_groups.filter(|_| !few) {
        section.note(grouped(groups));
        section.note(text(
            "The intervals of the fairness tables and of the calibration bins still take every row for independent and may be too narrow.",
            "公平性表格与校准分箱中的区间仍假定各行相互独立，可能偏窄。",
        ));
    }
    if outcome.task == Tabular::Multiclass {
        section.note(text(
            "AUC, F1 and balanced accuracy are macro averages: every class weighs the same.",
            "AUC、F1 与平衡准确率均为宏平均：各类别权重相同。",
        ));
    }
}

/// How intervals came about where rows belong to groups.
pub(crate) fn grouped(groups: u64) -> Text {
    if groups < 2 {
        return text(
            "All test rows belong to one group, so nothing can be said of other groups: the intervals take every row for independent and are too narrow. Collect rows of more groups.",
            "测试集的所有行属于同一组，无法据此推断其他组的情况：置信区间只能假定各行相互独立，因而偏窄。请收集更多组的数据。",
        );
    }
    text(
        format!(
            "Rows of one group may resemble each other, so intervals come from drawing the {groups} groups of the test rows whole."
        ),
        format!("同组的行可能彼此相似，因此置信区间通过整组重抽样得到（测试集共 {groups} 组）。"),
    )
}

fn result(outcome: &TrainOutcome, section: &mut Section) {
    let names: &[&str] = match outcome.task {
        Tabular::Binary => &["auc", "ks", "log_loss", "f1"],
        Tabular::Multiclass => &["auc", "accuracy", "f1", "log_loss"],
        Tabular::Regression => &["rmse", "mae", "r2"],
    };
    let shown = names.iter().filter_map(|name| find(&outcome.metrics, name));
    section.facts(
        shown.map(|metric| (title(&metric.name), Text::same(number(metric.value, 4)))).collect(),
    );
    let columns = vec![
        Column::text(text("Figure", "指标")),
        Column::number(text("Value", "数值")),
        Column::number(text("95% interval", "95% 置信区间")),
        Column::text(text("Interval by", "区间方法")),
    ];
    let few = outcome.few_test_rows().is_some();
    let told = outcome.told_metrics();
    let rows = told.iter().map(|metric| {
        let method = match metric.method.as_str() {
            "delong" => text("DeLong", "DeLong 法"),
            "band" => text("uniform band, bootstrap", "一致带，自助法"),
            "wilson" => text("Wilson", "Wilson 法"),
            "group_bootstrap" => text("bootstrap of groups", "按组自助法"),
            _ => text("bootstrap", "自助法"),
        };
        let method = metric.interval().map_or_else(|| Cell::same("–"), |_| Cell::text(method));
        let bounds = interval(metric);
        vec![Cell::text(title(&metric.name)), Cell::number(metric.value, 4), bounds, method]
    });
    section.table(Table { columns, rows: rows.collect() });
    if few {
        section.note(too_few(outcome.task.is_classification()));
    }
    notes(outcome, section);
    if !outcome.roc.is_empty() {
        let curve =
            Series { name: text("Model", "模型"), points: outcome.roc.clone(), band: vec![] };
        let chance = Series {
            name: text("Chance", "随机"),
            points: vec![(0.0, 0.0), (1.0, 1.0)],
            band: vec![],
        };
        let x = Axis::fixed(
            text("Share of negative rows labelled positive", "负类被判为正类的比例"),
            0.0,
            1.0,
        );
        let y = Axis::fixed(text("Share of positive rows found", "正类被识别的比例"), 0.0, 1.0);
        section.figure(
            text("ROC curve on the test rows", "测试集 ROC 曲线"),
            chart::lines(&[curve, chance], &x, &y),
        );
    }
    confusion(outcome, section);
    if let [low, first, middle, third, high] = outcome.residuals[..] {
        section.paragraph(text(
            format!(
                "Prediction minus truth: median {}, half of the rows between {} and {}, nine tenths between {} and {}.",
                number(middle, 4), number(first, 4), number(third, 4), number(low, 4), number(high, 4)
            ),
            format!(
                "预测值减真实值：中位数 {}，半数行介于 {} 与 {} 之间，九成行介于 {} 与 {} 之间。",
                number(middle, 4), number(first, 4), number(third, 4), number(low, 4), number(high, 4)
            ),
        ));
    }
}

fn confusion(outcome: &TrainOutcome, section: &mut Section) {
    // Beyond a dozen classes the table is unreadable.
    if outcome.confusion.is_empty() || outcome.classes.len() > 12 {
        return;
    }
    let mut columns = vec![Column::text(text("True class ↓, predicted →", "真实类别 ↓，预测 →"))];
    columns.extend(outcome.classes.iter().map(|class| Column::number(Text::same(class))));
    let rows = outcome.classes.iter().zip(&outcome.confusion).map(|(class, counts)| {
        let mut row = vec![Cell::same(class)];
        row.extend(counts.iter().map(|&count| Cell::count(count)));
        row
    });
    section.table(Table { columns, rows: rows.collect() });
}

fn baselines(outcome: &TrainOutcome, section: &mut Section) {
    let name = primary(outcome.task);
    let model = (text("This model", "本模型"), &outcome.metrics);
    let others =
        outcome.baselines.iter().map(|baseline| (model_name(&baseline.name), &baseline.metrics));
    let all: Vec<(Text, &Vec<Metric>)> = std::iter::once(model).chain(others).collect();
    let dots: Vec<(Text, f64, f64, f64)> = all
        .iter()
        .filter_map(|(label, metrics)| {
            find(metrics, name).map(|m| (label.clone(), m.value, m.low, m.high))
        })
        .collect();
    let few = outcome.few_test_rows().is_some();
    // Where the figure is not defined on these rows, there is nothing to draw.
    if !few && !dots.is_empty() {
        let caption = text(
            "Every model on the same test rows, with 95% intervals",
            "各模型在相同测试行上的表现（含 95% 置信区间）",
        );
        section.figure(caption, chart::intervals(&dots, &Axis::new(title(name)), 4));
    }
    let names: Vec<&str> = outcome.metrics.iter().map(|metric| metric.name.as_str()).collect();
    let mut columns = vec![Column::text(text("Figure", "指标"))];
    columns.extend(all.iter().map(|(label, _)| Column::number(label.clone())));
    let rows = names.iter().map(|name| {
        let mut row = vec![Cell::text(title(name))];
        row.extend(all.iter().map(|(_, metrics)| {
            find(metrics, name).map_or_else(Cell::empty, |metric| Cell::number(metric.value, 4))
        }));
        row
    });
    section.table(Table { columns, rows: rows.collect() });
    section.note(if few {
        too_few(outcome.task.is_classification())
    } else {
        verdict(outcome, name)
    });
}

/// Says plainly when a simpler model is as good: the best of them by the figure that counts first.
fn verdict(outcome: &TrainOutcome, name: &str) -> Text {
    let best = best(outcome, name);
    let pair = (find(&outcome.metrics, name), best.and_then(|best| find(&best.metrics, name)));
    let (Some(best), (Some(model), Some(simple))) = (best, pair) else {
        return text(
            "The figures above are all there is to compare.",
            "以上指标即为全部可比内容。",
        );
    };
    let (word, metric) = (model_word(&best.name), title(name));
    let by_zh = format!("按{}", spaced(&metric.zh));
    if !ahead(model, simple) {
        return text(
            format!(
                "By {} a simpler model does as well or better on these rows: {} ({} beside {}). Consider using it.",
                metric.en,
                word.en,
                number(simple.value, 4),
                number(model.value, 4)
            ),
            format!(
                "{by_zh}，更简单的模型在这些数据上表现相当或更好：{}（{}，本模型为 {}），可考虑改用。",
                word.zh,
                number(simple.value, 4),
                number(model.value, 4)
            ),
        );
    }
    let beaten = beaten(outcome);
    if !beaten.is_empty() {
        let list = |lang: fn(&Text) -> &str, comma: &str| {
            beaten.iter().map(lang).collect::<Vec<_>>().join(comma)
        };
        return text(
            format!(
                "By {} the model is ahead of the best simpler one ({}), but a simpler one does better by: {}. Consider it unless the former is what counts.",
                metric.en,
                word.en,
                list(|one| &one.en, ", ")
            ),
            format!(
                "{by_zh}，本模型领先于最好的简单模型（{}），但简单模型在以下指标上更好：{}。除非前者最重要，否则可考虑更简单的模型。",
                word.zh,
                list(|one| &one.zh, "、")
            ),
        );
    }
    if model.low > simple.high || model.high < simple.low {
        text(
            format!(
                "The model is better than the best simpler one ({}) beyond chance: their intervals do not overlap.",
                word.en
            ),
            format!("本模型明显优于最好的简单模型（{}）：两者的置信区间不重叠。", word.zh),
        )
    } else {
        text(
            format!(
                "The model is ahead of the best simpler one ({}), but their intervals overlap: with this many test rows the lead may be chance.",
                word.en
            ),
            format!(
                "本模型领先于最好的简单模型（{}），但两者的置信区间重叠：以目前的测试行数，这一领先可能出于偶然。",
                word.zh
            ),
        )
    }
}

/// Figures by which a simpler model does better on the test rows, with the best such model. Precision and recall trade for each other,
/// and a constant answer has neither figure of a model, so these do not count.
fn beaten(outcome: &TrainOutcome) -> Vec<Text> {
    let counts = |model: &&Metric| !matches!(model.name.as_str(), "precision" | "recall");
    let better = |model: &Metric| {
        let others = outcome.baselines.iter().filter(|one| one.name != "majority");
        let others = others.filter_map(|one| Some((one, find(&one.metrics, &model.name)?)));
        let best = others.reduce(|best, one| if ahead(one.1, best.1) { one } else { best });
        let (best, _) = best.filter(|(_, simple)| ahead(simple, model))?;
        let (figure, word) = (title(&model.name), model_word(&best.name));
        Some(text(format!("{} ({})", figure.en, word.en), format!("{}（{}）", figure.zh, word.zh)))
    };
    outcome.metrics.iter().filter(counts).filter_map(better).collect()
}

/// Chinese that follows a Chinese letter: with a blank before Latin ones.
pub(crate) fn spaced(zh: &str) -> String {
    let latin = zh.chars().next().is_some_and(|letter| letter.is_ascii_alphanumeric());
    if latin { format!(" {zh}") } else { zh.to_owned() }
}

fn decision(outcome: &TrainOutcome, threshold: &Threshold, section: &mut Section) {
    let positive = outcome.classes.get(1).cloned().unwrap_or_default();
    section.paragraph(match threshold.cost {
        Some(cost) => text(
            format!(
                "Rows scoring {} or more are labelled `{positive}`. A wrong `{positive}` costs {}, a missed one {}; this threshold had the lowest cost on held-out training rows. If probabilities were exact, {} would be optimal.",
                number(threshold.value, 4), cost.false_positive, cost.false_negative, number(threshold.theoretical, 4)
            ),
            format!(
                "得分不低于 {} 的行判为 `{positive}`。误判为 `{positive}` 的代价为 {}，漏判的代价为 {}；该阈值在留出的训练行上总代价最低。若概率完全准确，最优阈值为 {}。",
                number(threshold.value, 4), cost.false_positive, cost.false_negative, number(threshold.theoretical, 4)
            ),
        ),
        None => text(
            format!("Rows scoring 0.5 or more are labelled `{positive}`: the recipe states no costs, so both mistakes count the same. State `train.cost` to change that."),
            format!("得分不低于 0.5 的行判为 `{positive}`：配方未说明代价，因此两类错误同等看待。可通过 `train.cost` 设置。"),
        ),
    });
    section.facts(vec![
        (text("Cost per test row", "每测试行代价"), Text::same(number(threshold.test_cost, 4))),
        (
            text("The same without a model", "不用模型时"),
            Text::same(number(threshold.test_cost_constant, 4)),
        ),
    ]);
    let columns = vec![
        Column::number(text("Threshold", "阈值")),
        Column::number(text("Cost per row", "每行代价")),
        Column::number(text("Labelled positive", "判为正类")),
        Column::number(text("Positive found", "正类识别率")),
        Column::number(text("Negative labelled positive", "负类误判率")),
    ];
    let rows = threshold.table.iter().map(|row| {
        vec![
            Cell::number(row.threshold, 4),
            Cell::number(row.cost, 4),
            Cell::share(row.selected),
            Cell::share(row.recall),
            Cell::share(row.false_positive_rate),
        ]
    });
    section.table(Table { columns, rows: rows.collect() });
    let points = threshold.table.iter().map(|row| (row.threshold, row.cost)).collect();
    let curve = Series { name: text("Cost", "代价"), points, band: vec![] };
    let axes = (
        Axis::fixed(text("Threshold", "阈值"), 0.0, 1.0),
        Axis::new(text("Cost per row", "每行代价")),
    );
    section.figure(
        text("Expected cost on held-out training rows", "留出训练行上的期望代价"),
        chart::lines(&[curve], &axes.0, &axes.1),
    );
}

fn reliability(calibration: &CalibrationOutcome, section: &mut Section) {
    let Text { en, zh } = method(&calibration.method);
    section.paragraph(text(
        format!("Calibration, chosen by log loss on held-out training rows: {en}."),
        format!("校准方法（按留出训练行的对数损失选择）：{zh}。"),
    ));
    let pair = |(before, after): (f64, f64)| {
        Text::same(format!("{} → {}", number(before, 4), number(after, 4)))
    };
    section.facts(vec![
        (text("Expected calibration error", "期望校准误差（ECE）"), pair(calibration.ece)),
        (text("Brier score", "Brier 分数"), pair(calibration.brier)),
    ]);
    let line = |name: Text, bins: &[ReliabilityBin], banded: bool| Series {
        name,
        points: bins.iter().map(|bin| (bin.predicted, bin.observed)).collect(),
        band: if banded { bins.iter().map(|bin| (bin.low, bin.high)).collect() } else { vec![] },
    };
    let exact = vec![(0.0, 0.0), (1.0, 1.0)];
    let mut series = vec![Series { name: text("Exact", "理想"), points: exact, band: vec![] }];
    if calibration.method == "none" {
        series.push(line(text("Model", "模型"), &calibration.after, true));
    } else {
        series.push(line(text("Before", "校准前"), &calibration.before, false));
        series.push(line(text("After", "校准后"), &calibration.after, true));
    }
    let x = Axis::fixed(text("Predicted probability", "预测概率"), 0.0, 1.0);
    let y = Axis::fixed(text("Share that was true", "实际比例"), 0.0, 1.0);
    section.figure(
        text(
            "Reliability on the test rows, with the 95% interval of each tenth",
            "测试集可靠性曲线（含各分段 95% 置信区间）",
        ),
        chart::lines(&series, &x, &y),
    );
    if !calibration.tried.is_empty() {
        let columns = vec![
            Column::text(text("Method", "方法")),
            Column::number(text("Cross-validated log loss", "交叉验证对数损失")),
        ];
        let rows = calibration
            .tried
            .iter()
            .map(|(name, loss)| vec![Cell::text(method(name)), Cell::number(*loss, 5)]);
        section.table(Table { columns, rows: rows.collect() });
    }
}

/// A calibration method in words.
fn method(name: &str) -> Text {
    match name {
        "platt" => text("Platt scaling", "Platt 缩放"),
        "isotonic" => text("isotonic regression", "保序回归"),
        "temperature" => text("temperature scaling", "温度缩放"),
        _ => text("none: the model's own probabilities", "不校准：直接使用模型自身的概率"),
    }
}

fn share_cell(share: Option<Share>) -> Cell {
    let percent = |value: f64| number(value * 100.0, 1);
    share.map_or_else(Cell::empty, |share| {
        Cell::same(format!(
            "{}% ({} … {})",
            percent(share.value),
            percent(share.low),
            percent(share.high)
        ))
    })
}

fn fairness(task: Tabular, slices: &Slices, section: &mut Section) {
    let mut columns =
        vec![Column::text(text("Group", "分组")), Column::number(text("Rows", "行数"))];
    let more: &[(&str, &str)] = match task {
        Tabular::Binary => &[
            ("Positive share", "正类占比"),
            ("Labelled positive", "判为正类"),
            ("Ratio to largest group", "与最大组之比"),
            ("Positive found", "正类识别率"),
            ("Negative labelled positive", "负类误判率"),
        ],
        Tabular::Multiclass => &[("Accuracy", "准确率")],
        Tabular::Regression => {
            &[("Mean error", "平均误差"), ("Root mean square error", "均方根误差")]
        }
    };
    columns.extend(more.iter().map(|(en, zh)| Column::number(text(*en, *zh))));
    let rows = slices.groups.iter().map(|group| group_row(task, group));
    section.table(Table { columns, rows: rows.collect() });
    if task == Tabular::Binary {
        let dots: Vec<(Text, f64, f64, f64)> = slices
            .groups
            .iter()
            .filter_map(|group| {
                group.selected.map(|s| (group.name.clone(), s.value, s.low, s.high))
            })
            .collect();
        let caption = text(
            "Share labelled positive, with 95% intervals",
            "判为正类的比例（含 95% 置信区间）",
        );
        section.figure(caption, chart::intervals(&dots, &Axis::new(text("Share", "比例")), 3));
        let far = |group: &&Slice| {
            !group.small
                && group.selection_ratio.is_some_and(|ratio| !(0.8..=1.25).contains(&ratio))
        };
        let count = slices.groups.iter().filter(far).count();
        if count > 0 {
            section.note(text(
                format!("{count} group(s) are labelled positive less than 0.8 or more than 1.25 times as often as the largest group (the four-fifths rule). Whether that is justified is a human question; look at the positive shares beside it."),
                format!("有 {count} 个分组被判为正类的比例不足最大组的 0.8 倍或超过 1.25 倍（五分之四规则）。是否合理需由人判断，请对照各组的正类占比。"),
            ));
        }
    }
    if slices.groups.iter().any(|group| group.small) {
        section.note(text(
            "Groups marked * have under 30 rows or under 10 of a class: their figures mean little.",
            "标有 * 的分组不足 30 行或某一类不足 10 行：其数值参考意义有限。",
        ));
    }
}

fn group_row(task: Tabular, group: &Slice) -> Vec<Cell> {
    let star = if group.small { " *" } else { "" };
    let name = text(format!("{}{star}", group.name.en), format!("{}{star}", group.name.zh));
    let mut row = vec![Cell::text(name), Cell::count(group.rows)];
    match task {
        Tabular::Binary => {
            row.push(share_cell(group.base_rate));
            row.push(share_cell(group.selected));
            row.push(
                group.selection_ratio.map_or_else(Cell::empty, |ratio| Cell::number(ratio, 2)),
            );
            row.push(share_cell(group.true_positive_rate));
            row.push(share_cell(group.false_positive_rate));
        }
        Tabular::Multiclass => row.push(share_cell(group.accuracy)),
        Tabular::Regression => match group.error {
            Some((mean, rms)) => row.extend([Cell::number(mean, 4), Cell::number(rms, 4)]),
            None => row.extend([Cell::empty(), Cell::empty()]),
        },
    }
    row
}

fn search(search: &Search, section: &mut Section) {
    let kept = search.chosen == 0;
    section.paragraph(if kept {
        text(
            format!("{} candidates were compared; none beat LightGBM's defaults on held-out rows, so the defaults were kept.", search.trials.len()),
            format!("共比较 {} 组参数；在留出行上没有一组优于 LightGBM 默认参数，因此保留默认参数。", search.trials.len()),
        )
    } else {
        text(
            format!("{} candidates were compared by {} on held-out rows; number {} won.", search.trials.len(), title(&search.metric).en, search.chosen),
            format!("共比较 {} 组参数，依据留出行上的{}；第 {} 组胜出。", search.trials.len(), spaced(&title(&search.metric).zh), search.chosen),
        )
    });
    if search.budget_cut {
        section.note(text(
            format!("The time budget ended the search after {} of {} candidates. On another machine it may end elsewhere and find another model.", search.trials.len(), search.planned),
            format!("时间预算用尽，搜索在完成 {}/{} 组后停止。在其他机器上可能停在别处并得到不同的模型。", search.trials.len(), search.planned),
        ));
    }
    let columns = vec![
        Column::number(text("Number", "编号")),
        Column::number(text("Loss", "损失")),
        Column::number(text("Standard error", "标准误")),
        Column::number(text("Rounds", "轮数")),
        Column::text(text("Parameters that differ from the defaults", "与默认值不同的参数")),
    ];
    let rows =
        search.trials.iter().enumerate().map(|(index, trial)| trial_row(search, index, trial));
    section.table(Table { columns, rows: rows.collect() });
}

fn trial_row(search: &Search, index: usize, trial: &Trial) -> Vec<Cell> {
    let marked = if index == search.chosen { format!("{index} ✓") } else { index.to_string() };
    let params =
        trial.params.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>();
    let described = match (index, params.is_empty()) {
        (0, true) => {
            Cell::text(text("LightGBM's defaults, 100 rounds", "LightGBM 默认参数，100 轮"))
        }
        (_, true) => {
            Cell::text(text("LightGBM's defaults, early stopping", "LightGBM 默认参数，早停"))
        }
        (_, false) => Cell::same(params.join(", ")),
    };
    vec![
        Cell::same(marked),
        Cell::number(trial.loss, 5),
        trial.error.map_or_else(Cell::empty, |error| Cell::number(error, 5)),
        Cell::count(trial.rounds as u64),
        described,
    ]
}

fn columns(outcome: &TrainOutcome, section: &mut Section) {
    let used = vec![
        Column::text(text("Learned from", "用于学习")),
        Column::number(text("Missing", "缺失")),
    ];
    #[expect(clippy::cast_precision_loss, reason = "row counts")]
    let rows = outcome.features.iter().map(|feature| {
        vec![
            Cell::same(&feature.name),
            Cell::share(feature.missing as f64 / feature.rows.max(1) as f64),
        ]
    });
    section.table(Table { columns: used, rows: rows.collect() });
    if !outcome.excluded.is_empty() {
        let columns =
            vec![Column::text(text("Left out", "未使用")), Column::text(text("Why", "原因"))];
        let rows = outcome
            .excluded
            .iter()
            .map(|e| vec![Cell::same(&e.name), Cell::text(e.reason.clone())]);
        section.table(Table { columns, rows: rows.collect() });
    }
    for (column, rows) in &outcome.unknown_categories {
        let rows = count(*rows);
        section.note(text(
            format!("{rows} test rows have a value of `{column}` that no training row has; it counted as missing."),
            format!("有 {rows} 行测试数据的 `{column}` 取值未在训练数据中出现，按缺失处理。"),
        ));
    }
}

/// What was chosen: calibration and a threshold only where the model has them.
fn chosen(outcome: &TrainOutcome) -> Text {
    let calibrated = outcome.calibration.is_some();
    let (en, zh) = match (calibrated, outcome.threshold.is_some()) {
        (false, false) => ("candidates and rounds", "参数与轮数"),
        (true, false) => ("candidates, rounds and calibration", "参数、轮数与校准"),
        (false, true) => ("candidates, rounds and threshold", "参数、轮数与阈值"),
        (true, true) => ("candidates, rounds, calibration and threshold", "参数、轮数、校准与阈值"),
    };
    text(en, zh)
}

fn evidence(outcome: &TrainOutcome, section: &mut Section) {
    let chosen = chosen(outcome);
    section.paragraph(match outcome.scheme {
        Scheme::Validation { rows } => text(
            format!("On the split's {} validation rows {} were chosen. The final model learned from the training rows alone.", count(rows), chosen.en),
            format!("{}均在划分所得的 {} 行验证数据上选定。最终模型仅使用训练行。", chosen.zh, count(rows)),
        ),
        Scheme::Folds { folds, held_out, grouped } => {
            let (kind_en, kind_zh) =
                if grouped { ("grouped", "按组划分的") } else { ("stratified", "分层划分的") };
            let turns = if held_out == folds {
                text(format!("each of {folds} held out in turn"), format!("{folds} 折轮流留出"))
            } else {
                text(
                    format!("{held_out} of {folds} held out"),
                    format!("共 {folds} 折，留出其中 {held_out} 折"),
                )
            };
            text(
                format!("The split gave no validation rows: {} were chosen on {kind_en} inner folds of the training rows ({}). The final model learned from all training rows with the number of rounds found.", chosen.en, turns.en),
                format!("划分未提供验证行：{}在训练行{kind_zh}内部折上选定（{}）。最终模型以所得轮数在全部训练行上训练。", chosen.zh, turns.zh),
            )
        }
    });
    let parity = outcome.parity;
    section.paragraph(text(
        format!("Parity gate passed: the exported model's margins differ from LightGBM's by at most {:.1e} on {} rows (allowed {:.0e}).", parity.difference, count(parity.rows), parity.tolerance),
        format!("一致性检查通过：导出模型与 LightGBM 的输出在 {} 行上最多相差 {:.1e}（允许 {:.0e}）。", count(parity.rows), parity.difference, parity.tolerance),
    ));
    let size = outcome.model;
    section.facts(vec![
        (text("Boosting rounds", "提升轮数"), Text::same(size.rounds.to_string())),
        (text("Trees", "树"), Text::same(size.trees.to_string())),
        (text("Leaves", "叶节点"), Text::same(size.leaves.to_string())),
    ]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use ingot_base::Lang;

    #[test]
    fn every_figure_has_a_title_in_both_languages() {
        for name in [
            "auc",
            "ks",
            "log_loss",
            "brier",
            "accuracy",
            "balanced_accuracy",
            "precision",
            "recall",
            "rmse",
            "mae",
            "r2",
            "cost",
            "binary_logloss",
            "multi_logloss",
            "huber",
        ] {
            let title = title(name);
            assert_ne!(title.get(Lang::En), name);
            assert!(title.get(Lang::Zh).chars().any(|letter| letter > '\u{2e80}'), "{name}");
        }
    }

    #[test]
    fn what_is_not_defined_is_named() {
        let metric = |name: &str, method: &str| Metric {
            name: name.to_owned(),
            value: 0.0,
            low: 0.0,
            high: 0.2,
            method: method.to_owned(),
        };
        let metrics = [metric("auc", "delong"), metric("recall", "wilson")];
        let said = undefined(&metrics).unwrap();
        assert!(
            said.en.contains("these rows: Precision.") && said.zh.contains("精确率。"),
            "{said:?}"
        );
        assert!(
            undefined(&[metrics[0].clone(), metrics[1].clone(), metric("precision", "")]).is_none()
        );
        assert!(sure(&metrics, true).is_some_and(|note| note.en.contains("group")));
        assert!(sure(&metrics[..1], true).is_none());
    }
}
