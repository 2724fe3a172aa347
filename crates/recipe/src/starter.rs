//! A first recipe, with its reasons in comments.

use ingot_base::Tabular;
use std::fmt::Write as _;

/// A commented recipe for a new project; it parses. A name that cannot be a project's becomes one that can.
pub fn starter(name: &str, task: Tabular) -> String {
    let (target, positive, stratify, cost) = match task {
        Tabular::Binary => (
            "risk",
            "# The class whose probability is given. 输出其概率的类别。\n# positive = \"bad\"\n",
            "# Every class in the same proportion on all sides. 各部分类别比例相同。\nstratify = true\n",
            "# What mistakes cost; decides the threshold. 两类错误的代价，决定判定阈值。\n# cost = { false_positive = 1, false_negative = 5 }\n",
        ),
        Tabular::Multiclass => (
            "grade",
            "",
            "# Every class in the same proportion on all sides. 各部分类别比例相同。\nstratify = true\n",
            "",
        ),
        Tabular::Regression => ("amount", "", "", ""),
    };
    let name = project_name(name);
    let task = task.as_str();
    format!(
        r#"# An Ingot recipe. `ingot plan` shows every default, `ingot schema` every key.
# Ingot 配方。`ingot plan` 显示全部默认值，`ingot schema` 列出全部键。

[project]
name = "{name}"
version = "0.1.0"
# tabular.binary, tabular.multiclass or tabular.regression. 任务类型。
task = "{task}"
# The column to predict. 要预测的列。
target = "{target}"
{positive}# Same data, recipe and seed: same model. 数据、配方、种子相同，则模型相同。
seed = 42

# Where rows come from; repeat [[source]] for more. 数据源；可重复 [[source]]。
# CSV, JSON lines, Parquet or Arrow: a file, a folder or a glob; s3://...; postgres://... with `query`.
[[source]]
name = "main"
uri = "data/{name}.csv"

# How rows become fit for use. 清洗规则。
[clean]
# Rows with a missing value here are dropped. 这些列有缺失值的行将被删除。
drop_missing = ["{target}"]
# SQL conditions; rows for which one is not true are dropped. SQL 条件，不满足的行将被删除。
# keep = ["age >= 18"]
# outliers = [{{ column = "income", method = "iqr", factor = 3.0, action = "clip" }}]
# expect = [{{ column = "age", min = 18, max = 100, on_fail = "drop" }}]
dedupe = {{ exact = true }}

# What happens to personal columns. 个人信息列的保护方式。
[protect]
columns = [
  # {{ name = "customer_id", as = "user_id", action = "encrypt" }},
  # {{ name = "phone", action = "mask", keep_start = 3, keep_end = 4 }},
  # {{ name = "birthday", action = "drop" }},  # even its year tells an age again. 即使只留年份，也能推出年龄。
  # {{ name = "full_name", action = "drop" }},
]
# No combination of these columns is rare; k counts persons where `split.group` or `person` names them, else rows.
# 这些列的任何组合都不罕见；`split.group` 或 `person` 指明个人时 k 按人计数，否则按行。
# anonymity = {{ k = 5, person = "user_id", quasi = ["age", "sex"], max_suppressed = 0.05 }}

[split]
# Rows that the model never sees while it is made. 训练过程中不使用的测试集占比。
test = 0.2
{stratify}# A person never stands on both sides. 同一个人不会同时出现在两侧。
# group = "user_id"

[train]
# How long the search for the best model may take. 搜索最佳模型的时间预算。
budget = "2m"
# Columns never to learn from. 不参与学习的列。
# exclude = ["note"]
{cost}# Groups to compare. 公平性对比的分组列。
# fairness = ["sex"]

[explain]
method = "auto"

# What columns are called in reasons given to people. 向人说明原因时各列的名称。
# [explain.titles]
# age = {{ en = "Age", zh = "年龄" }}

[seal]
# Who else may open the package: age public keys. 还有谁可以打开模型包：age 公钥。
recipients = []
# licence_expires = 2027-12-31

[serve]
listen = "127.0.0.1:5000"
"#
    )
}

/// A small example for the first recipe: where its rows belong, the rows as CSV, and one applicant as JSON. The people are made
/// up by a formula; only the recipe for [`Tabular::Binary`] fits them.
pub fn example(name: &str) -> Example {
    let mut dice = 42_u64;
    let mut roll = |sides: u64| {
        // Knuth's linear congruential generator (MMIX): the same rows everywhere.
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (dice >> 33) % sides
    };
    let mut rows = String::from("customer_id,age,income,purpose,employed,risk\n");
    for customer in 1..=ROWS {
        let (age, income) = (20 + roll(50), 2_000 + 100 * roll(100));
        let purpose = ["car", "house", "study", "travel"].get(index(roll(4))).copied();
        let employed = roll(10) < 7;
        let need = 45 * u64::from(income < 5_000)
            + 25 * u64::from(!employed)
            + 15 * u64::from(age < 30)
            + 10 * u64::from(purpose == Some("travel"));
        let risk = if roll(100) < 5 + need { "bad" } else { "good" };
        // Writing to a string does not fail.
        let _ = writeln!(
            rows,
            "C{customer:04},{age},{income},{},{employed},{risk}",
            purpose.unwrap_or_default()
        );
    }
    let applicant = "{\"age\": 35, \"income\": 4200, \"purpose\": \"car\", \"employed\": true}\n";
    Example { path: format!("data/{}.csv", project_name(name)), rows, applicant }
}

/// What [`example`] makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// Where the recipe looks for rows.
    pub path: String,
    /// CSV with a header.
    pub rows: String,
    /// One row as a request carries it.
    pub applicant: &'static str,
}

/// Rows of the example.
const ROWS: u64 = 600;

fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or_default()
}

/// Lower-case letters, digits and inner hyphens; `my-model` when nothing of the name is left.
fn project_name(name: &str) -> String {
    let mut plain = String::new();
    for character in name.to_lowercase().chars() {
        if character.is_ascii_alphanumeric() {
            plain.push(character);
        } else if !plain.is_empty() && !plain.ends_with('-') {
            plain.push('-');
        }
        if plain.len() == 63 {
            break;
        }
    }
    let plain = plain.trim_end_matches('-');
    if plain.is_empty() { "my-model".to_owned() } else { plain.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_and_any_name_parses() {
        for task in Tabular::ALL {
            for name in
                ["credit-risk", "Credit Risk 2", "信用风险", "", "--", "a\"\n[x]", &"x-".repeat(60)]
            {
                let recipe =
                    crate::parse("ingot.toml", &starter(name, task)).unwrap_or_else(|faults| {
                        panic!(
                            "{}",
                            faults
                                .iter()
                                .map(|fault| fault.render(ingot_base::Lang::En, false))
                                .collect::<Vec<_>>()
                                .join("\n")
                        )
                    });
                assert_eq!(recipe.project.task, task.into());
            }
        }
        assert_eq!(project_name("Credit Risk 2!"), "credit-risk-2");
        assert_eq!(project_name("信用"), "my-model");
    }

    #[test]
    fn the_example_is_what_the_recipe_asks_for() {
        let made = example("Credit Risk");
        let text = starter("Credit Risk", Tabular::Binary);
        assert!(text.contains(&format!("uri = \"{}\"", made.path)), "{}", made.path);
        let recipe = crate::parse("ingot.toml", &text).unwrap();
        let mut lines = made.rows.lines();
        let header: Vec<&str> = lines.next().unwrap().split(',').collect();
        assert_eq!(header.last(), Some(&recipe.project.target.as_str()));
        assert!(lines.clone().all(|line| line.split(',').count() == header.len()));
        let bad = lines.filter(|line| line.ends_with(",bad")).count();
        assert!((100..400).contains(&bad), "{bad}");
        let applicant: serde_json::Value = serde_json::from_str(made.applicant).unwrap();
        assert!(applicant.as_object().unwrap().keys().all(|name| header.contains(&name.as_str())));
    }

    #[test]
    fn commented_settings_are_right_when_uncommented() {
        for task in Tabular::ALL {
            let text: String = starter("x", task)
                .lines()
                .map(|line| match line.trim_start().strip_prefix("# ") {
                    Some(setting)
                        if setting.contains(" = ")
                            || setting.starts_with('{')
                            || setting.starts_with('[') =>
                    {
                        setting
                    }
                    _ => line,
                })
                .fold(String::new(), |text, line| text + line + "\n");
            assert!(crate::parse("ingot.toml", &text).is_ok(), "{text}");
        }
    }
}
