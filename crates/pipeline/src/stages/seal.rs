//! The signed, encrypted package, with everything that was measured on the way.

use crate::figures::{self, Evidence};
use crate::lineage;
use crate::outcomes;
use crate::project::Project;
use crate::run::{Chain, DATAFUSION, Done, GEMM, LIGHTGBM, ORT, Product, earlier, stage, versions};
use crate::stages::{compress, explain, from_value, head, membership, sft, split, texts, train};
use crate::store::{Inputs, Stage};
use ingot_base::{Digest, Field, FieldKind, Result, Secret, Signature, Task, Text, atomic, fault};
use ingot_data::{CleanOutcome, ProtectOutcome, SplitOutcome};
use ingot_privacy::attack::Membership;
use ingot_recipe::{Carried, Recipe};
use ingot_seal::{
    Bom, Considerations, Dataset, DatasetRole, Fairness, Interval, Library, Metric, Risk, SealJob,
};
use ingot_train::TrainOutcome;
use ingot_train::compress::{CompressOutcome, FormKind, Narrowed};
use ingot_train::language::{QuantOutcome, SftOutcome};
use ingot_train::nets::{HeadOutcome, Method, PrivacySpent, TunedEncoder};
use std::collections::BTreeMap;
use std::path::Path;

/// Most bytes of a payload and of a package.
const LIMIT: u64 = 64 << 30;

/// Parts of the package that are encrypted, with the stage that made them.
fn payloads(recipe: &Recipe, chain: &Chain) -> Vec<(Stage, &'static str)> {
    match recipe.project.task {
        Task::Tabular(_) => vec![
            (Stage::Train, train::MODEL),
            (Stage::Train, train::PREPROCESSING),
            (Stage::Explain, explain::BACKGROUND),
        ],
        Task::ImageClassify | Task::TextClassify => {
            let served = compress::served(chain);
            let mut parts = vec![(served, head::MODEL), (served, train::PREPROCESSING)];
            if recipe.project.task == Task::TextClassify {
                parts.push((Stage::Train, texts::TOKENIZER));
            }
            parts
        }
        Task::Generate => vec![
            match recipe.train.lora.package {
                Carried::Merged => (compress::served(chain), sft::MODEL),
                Carried::Adapter => (Stage::Train, sft::ADAPTER),
            },
            (Stage::Train, sft::DOCUMENT),
        ],
    }
}

/// What the stage's result depends on.
pub(crate) fn inputs(project: &Project<'_>, chain: &Chain) -> Result<Inputs> {
    let mut content = BTreeMap::new();
    for (stage, name) in payloads(project.recipe(), chain) {
        content.insert(name.to_owned(), earlier(chain, stage)?.content(name)?);
    }
    for (stage, done) in chain.iter().filter(|(stage, _)| **stage < Stage::Seal) {
        content.insert(format!("{} record", stage.as_str()), done.record.key);
    }
    content
        .insert("signing key".to_owned(), Digest::of(project.keyring.public_key_pem().as_bytes()));
    let recipe = project.recipe();
    Ok(Inputs {
        stage: Stage::Seal,
        content,
        config: serde_json::json!({
            "name": recipe.project.name,
            "version": recipe.project.version,
            "recipients": recipe.seal.recipients,
            "licence_expires": recipe.seal.licence_expires,
            "recipient": project.keyring.recipient(),
        }),
        seed: recipe.project.seed,
        versions: versions(&[]),
    })
}

pub(crate) fn run(project: &Project<'_>, chain: &Chain) -> Result<Done> {
    let done = stage(project, inputs(project, chain)?, &Stage::Seal.title(), |folder| {
        work(project, chain, folder)
    })?;
    let target = project.package_path();
    let name = package_name(project);
    let sealed = done.verified(&name)?;
    let file = done.record.outputs.get(&name).and_then(|output| output.file);
    if Digest::of_file(&target).ok() != file {
        atomic::write(&target, &atomic::read(&sealed, LIMIT)?)?;
    }
    figures::publish(project, chain)?;
    Ok(done)
}

/// What every preprocessing document has.
#[derive(serde::Deserialize)]
struct Signed {
    signature: Signature,
}

/// What the model takes and answers.
fn signature(project: &Project<'_>, chain: &Chain) -> Result<Signature> {
    if project.recipe().project.task == Task::Generate {
        return Ok(crate::pack::signature());
    }
    let path = earlier(chain, compress::served(chain))?.verified(train::PREPROCESSING)?;
    let document: Signed = serde_json::from_slice(&atomic::read(&path, explain::MODEL_LIMIT)?)
        .map_err(|error| fault::internal("preprocessing cannot be read back").because(error))?;
    Ok(document.signature)
}

fn package_name(project: &Project<'_>) -> String {
    format!("{}-{}.ingot", project.recipe().project.name, project.recipe().project.version)
}

fn work(project: &Project<'_>, chain: &Chain, folder: &Path) -> Result<Product> {
    let mut payloads = Vec::new();
    for (stage, name) in self::payloads(project.recipe(), chain) {
        let bytes = atomic::read(&earlier(chain, stage)?.verified(name)?, LIMIT)?;
        payloads.push((name.to_owned(), Secret::new(bytes)));
    }
    let signature = signature(project, chain)?;
    let card = figures::reports(chain)
        .into_iter()
        .map(|(_, done, name)| {
            Ok((name.to_owned(), atomic::read(&done.verified(name)?, explain::MODEL_LIMIT)?))
        })
        .collect::<Result<Vec<(String, Vec<u8>)>>>()?;
    let recipe = project.recipe();
    let lineage = lineage::document(project, chain)?;
    let name = package_name(project);
    let job = SealJob {
        name: &recipe.project.name,
        version: &recipe.project.version,
        task: recipe.project.task,
        signature: &signature,
        created: project.clock.now_rfc3339(),
        payloads,
        card,
        lineage,
        bom: bom(project, &signature, chain)?,
        recipients: recipe.seal.recipients.clone(),
        licence_expires: recipe.seal.licence_expires.clone(),
        output: &folder.join(&name),
    };
    let sealed = ingot_seal::seal(&job, &project.keyring)?;
    // The file differs at each sealing, as encryption draws new keys; what it says is its payloads and its inputs.
    let content = inputs(project, chain)?.key()?;
    Ok(Product {
        outputs: vec![(name.clone(), Some(content))],
        summary: Text::new(format!("dist/{name}"), format!("dist/{name}")),
        evidence: serde_json::json!({ "digest": sealed.digest }),
    })
}

/// The measured facts, for the bill of materials and the model card.
fn bom(project: &Project<'_>, signature: &Signature, chain: &Chain) -> Result<Bom> {
    let trained = Evidence::of(chain)?.ok_or_else(|| fault::internal("nothing was trained"))?;
    let cleaned: CleanOutcome = from_value(&earlier(chain, Stage::Clean)?.record.evidence)?;
    let datasets = datasets(chain, &cleaned)?;
    let trained = match trained {
        Evidence::Tables(trained) => trained,
        Evidence::Head(trained) => {
            let mut known = considerations(chain)?;
            known.limitations.extend(of_texts(project, signature));
            known.risks.extend(trained.privacy.as_ref().map(bounded));
            let datasets = counted(datasets, &trained);
            return Ok(network(&trained, figures::compression(chain)?.as_ref(), datasets, known));
        }
        Evidence::Language(trained) => {
            let mut known = considerations(chain)?;
            known.limitations.extend(of_questions(project.recipe()));
            let quantised = figures::quantisation(chain)?;
            return Ok(language(&trained, quantised.as_ref(), datasets, known));
        }
    };
    let size = trained.model;
    Ok(Bom {
        algorithm: Some(Text::new("gradient-boosted decision trees", "梯度提升决策树")),
        architecture: Some(format!("LightGBM gbdt, {} trees, {} leaves", size.trees, size.leaves)),
        parameters: outcomes::parameters(&trained),
        datasets,
        metrics: trained.told_metrics().iter().map(metric).collect(),
        fairness: fairness(&trained),
        considerations: considerations(chain)?,
        engines: vec![
            Library::cargo(LIGHTGBM.0, LIGHTGBM.1, "MIT"),
            Library::cargo(DATAFUSION.0, DATAFUSION.1, "Apache-2.0"),
        ],
        ..Bom::default()
    })
}

/// What is known of the risk for the persons in the data.
fn considerations(chain: &Chain) -> Result<Considerations> {
    let protected: ProtectOutcome = from_value(&earlier(chain, Stage::Protect)?.record.evidence)?;
    let risks = protected.anonymity.map(|anonymous| {
        let after = &anonymous.report.after;
        let (of, of_zh) = match anonymous.policy.person {
            Some(_) => ("different persons in every class", "（每个等价类中不同的人数）"),
            None => (
                "rows in every class, each row counted as one person",
                "（每个等价类的行数，每行按一人计）",
            ),
        };
        let k = after.k;
        let left_out = anonymous.report.suppressed_rows;
        let found = &anonymous.residual.explanation;
        Risk {
            name: Text::new(
                "A person in the training data is recognised",
                "训练数据中的个人被重新识别",
            ),
            mitigation: Text::new(
                format!("Quasi-identifiers were made coarser until k = {k} {of}; {left_out} rows were left out. {}", found.en),
                format!("已将准标识符泛化至 k = {k}{of_zh}，删除 {left_out} 行。{}", found.zh),
            ),
        }
    });
    let texts = protected.residual.map(|residual| Risk {
        name: Text::new("A person is recognised in free text", "自由文本中的个人被识别"),
        mitigation: residual.explanation,
    });
    let attacked = earlier(chain, Stage::Train)?
        .record
        .evidence
        .get(membership::MEMBERSHIP)
        .map(from_value::<Membership>)
        .transpose()?;
    let told = attacked.map(|found| Risk {
        name: Text::new(
            "Somebody learns that a person was in the training data",
            "他人得知某人的数据参与了训练",
        ),
        mitigation: membership::sentence(&found),
    });
    let risks = risks.into_iter().chain(texts).chain(told).collect();
    Ok(Considerations { risks, ..Considerations::default() })
}

/// What who sends texts should know: how much is read, and that training saw protected texts where it did.
fn of_texts(project: &Project<'_>, signature: &Signature) -> Vec<Text> {
    let [Field { name, kind: FieldKind::Text { tokens }, .. }] = signature.inputs.as_slice() else {
        return Vec::new();
    };
    let mut list = vec![Text::new(
        format!(
            "Longer texts than {tokens} tokens are refused, not cut. The network learned its words from English texts; others it knows little of."
        ),
        format!(
            "超过 {tokens} 个词元的文本会被拒绝，而不是截断。预训练网络主要学习英文文本，对其他语言了解有限。"
        ),
    )];
    if protected(project.recipe(), name) {
        list.push(Text::new(
            format!("Personal data in `{name}` was found and replaced before training, as far as the detectors find it; what they miss, the model saw. Requests are scored as they are sent; whoever sends texts protects them as the training texts were, or accepts that the model sees more than it learned from."),
            format!("训练前已对 `{name}` 中识别出的个人信息进行替换；未被识别的部分仍会进入训练。请求按原样评分；请以同样方式保护所发送的文本，否则模型会看到训练时没有的内容。"),
        ));
    }
    list
}

/// Whether `[protect]` changed a column of the protected table.
fn protected(recipe: &Recipe, name: &str) -> bool {
    let protect = &recipe.protect;
    let mut ruled = protect.columns.iter().map(ingot_recipe::ColumnRule::output);
    let mut searched = protect.text.iter().flat_map(|rule| &rule.columns);
    ruled.any(|own| own == name) || searched.any(|own| own == name)
}

/// The facts of a head on a frozen network.
fn network(
    trained: &HeadOutcome,
    compressed: Option<&CompressOutcome>,
    datasets: Vec<Dataset>,
    considerations: Considerations,
) -> Bom {
    let mut parameters: BTreeMap<String, String> = [
        ("epochs", trained.history.len()),
        ("augmented copies", usize::try_from(trained.copies).unwrap_or_default()),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_string()))
    .into();
    if trained.mixed > 0 {
        parameters.insert("copies that are mixtures of two".to_owned(), trained.mixed.to_string());
    }
    if let Some(unfrozen) = trained.tuned() {
        parameters.insert("blocks fine-tuned".to_owned(), unfrozen.blocks.to_string());
        parameters.insert("fine-tuning epochs".to_owned(), unfrozen.history.len().to_string());
        let frozen = unfrozen.frozen.iter().find(|metric| metric.name == "accuracy");
        parameters.extend(frozen.map(|metric| {
            ("accuracy with the network frozen".to_owned(), format!("{:.4}", metric.value))
        }));
    }
    if let Some(encoder) = trained.tuned_encoder() {
        parameters.extend(tuned(encoder));
    }
    if let Some(spent) = &trained.privacy {
        parameters.extend(
            [
                ("DP-SGD ε", format!("{:.4}", spent.epsilon)),
                ("DP-SGD δ", format!("{:e}", spent.delta)),
                ("DP-SGD noise multiplier", format!("{:.4}", spent.noise)),
                ("DP-SGD clipping length", spent.clip.to_string()),
                ("DP-SGD sampling rate", format!("{:.6}", spent.sample)),
                ("DP-SGD steps", spent.steps.to_string()),
                (
                    "DP-SGD units",
                    format!("{} {}", spent.units, if spent.groups { "groups" } else { "rows" }),
                ),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
    }
    parameters.extend(compressed.iter().flat_map(|compressed| squeezed(compressed)));
    Bom {
        algorithm: Some(algorithm(trained)),
        architecture: Some(format!(
            "{}, {}; {} trained parameters, {} features",
            trained.backbone,
            match (trained.tuned(), trained.tuned_encoder()) {
                (_, Some(own)) => format!("frozen up to its last {} layer(s)", own.layers),
                (Some(own), None) => format!("frozen up to its last {} block(s)", own.blocks),
                (None, None) => "frozen".to_owned(),
            },
            trained.parameters,
            trained.width
        )),
        parameters,
        datasets,
        metrics: trained.told_metrics().iter().map(metric).collect(),
        considerations,
        engines: vec![
            Library::cargo(ORT.0, ORT.1, "MIT OR Apache-2.0"),
            Library::cargo(DATAFUSION.0, DATAFUSION.1, "Apache-2.0"),
        ],
        ..Bom::default()
    }
}

/// What made the sealed network smaller than the trained one, and that the figures are of it.
#[expect(clippy::cast_precision_loss, reason = "channels and weights are counted in millions")]
fn squeezed(compressed: &CompressOutcome) -> Vec<(String, String)> {
    let Some(last) = compressed.forms.last() else { return Vec::new() };
    let steps: Vec<String> =
        compressed.forms.iter().skip(1).map(|form| form.kind.title().en).collect();
    let mut facts = vec![
        ("compression", steps.join("; ")),
        ("answers as before compression", format!("{:.4}", last.agreement)),
        ("parameters of the sealed network", last.parameters.to_string()),
        ("figures measured on", format!("the sealed network ({})", last.kind.title().en)),
    ];
    let share = |part: u64, whole: u64| format!("{:.4}", part as f64 / whole.max(1) as f64);
    if !compressed.narrowed.is_empty() {
        let sum = |of: fn(&Narrowed) -> usize| compressed.narrowed.iter().map(of).sum::<usize>();
        let (before, after) = (sum(|own| own.before) as u64, sum(|own| own.after) as u64);
        facts.push(("share of channels pruned", share(before.saturating_sub(after), before)));
    }
    if let Some(form) = compressed.forms.iter().find(|form| form.kind == FormKind::Weights) {
        facts.push(("share of weights pruned", share(form.zeros, form.parameters)));
    }
    if let Some(distilled) = &compressed.distilled {
        let kept = if distilled.training.helped() { "" } else { ", not kept" };
        facts.push(("blocks distilled", format!("{}{kept}", distilled.training.blocks)));
    }
    if let Some(student) = &compressed.student {
        facts.push(("student's layers", format!("{} of {}", student.training.of, student.of)));
    }
    if let Some(cosine) = last.embeddings {
        facts.push(("embeddings' mean cosine with the trained", format!("{cosine:.4}")));
    }
    facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// How a head's network was trained.
fn algorithm(trained: &HeadOutcome) -> Text {
    if trained.tuned_encoder().is_some() {
        return Text::new(
            "a pretrained encoder of texts that was fine-tuned with dense layers on it",
            "经微调的预训练文本编码器及其上的全连接层",
        );
    }
    match (trained.tuned(), trained.kept_frozen()) {
        (Some(_), _) => Text::new(
            "a pretrained network whose last blocks were fine-tuned with dense layers on them",
            "末端各块经微调的预训练网络及其上的全连接层",
        ),
        (None, Some(why)) => Text::new(
            format!(
                "dense layers on the features of a pretrained network, which stays as it was, since {}",
                why.en
            ),
            format!("预训练网络特征之上的全连接层；预训练网络保持不变：{}", why.zh),
        ),
        (None, None) => Text::new(
            "dense layers on the features of a pretrained network",
            "预训练网络特征之上的全连接层",
        ),
    }
}

/// The facts of an encoder that was fine-tuned.
fn tuned(encoder: &TunedEncoder) -> Vec<(String, String)> {
    let mut facts = match encoder.method {
        Method::Lora { rank, alpha } => vec![
            ("encoder fine-tuned by", "LoRA, merged".to_owned()),
            ("LoRA rank", rank.to_string()),
            ("LoRA alpha", alpha.to_string()),
        ],
        Method::Full => vec![("encoder fine-tuned by", "all numbers of its layers".to_owned())],
    };
    facts.extend([
        ("encoder layers fine-tuned", format!("{} of {}", encoder.layers, encoder.of)),
        ("fine-tuning epochs", encoder.history.len().to_string()),
        ("fine-tuning epoch kept", encoder.best.to_string()),
    ]);
    let frozen = encoder.frozen.iter().find(|metric| metric.name == "accuracy");
    facts.extend(
        frozen.map(|metric| ("accuracy with the encoder frozen", format!("{:.4}", metric.value))),
    );
    facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// What a private training promises.
fn bounded(spent: &PrivacySpent) -> Risk {
    let (epsilon, delta) = (format!("{:.3}", spent.epsilon), format!("{:e}", spent.delta));
    let (noise, clip) = (format!("{:.3}", spent.noise), spent.clip);
    let (steps, sample, units) = (spent.steps, format!("{:.4}", spent.sample), spent.units);
    let (unit, beyond) = if spent.groups {
        (Text::new("group of rows", "组"), Text::new("", ""))
    } else {
        (
            Text::new("row with its copies", "行"),
            Text::new(
                " Rows of one person are not counted together.",
                "每行连同其副本一并计算，同一人的多行数据未合并计算。",
            ),
        )
    };
    Risk {
        name: Text::new(
            "Somebody learns from the weights whose data was learned from",
            "他人从权重得知谁的数据参与了训练",
        ),
        mitigation: Text::new(
            format!(
                "The head was trained with differential privacy (DP-SGD): ε = {epsilon} at δ = {delta} for each {} of {units}, by Rényi accounting of {steps} steps with Poisson sampling of {sample} of them, gradients clipped to {clip}, noise of {noise} clipping lengths. Other models trained on the same rows add to it.{}",
                unit.en, beyond.en
            ),
            format!(
                "输出层以差分隐私（DP-SGD）训练：对 {units} {0}数据中的每一{0}，ε = {epsilon}，δ = {delta}；以 Rényi 方法核算 {steps} 步，每步按 {sample} 的比例泊松抽样，梯度裁剪至 {clip}，噪声为裁剪长度的 {noise} 倍。在相同数据上训练的其他模型会使隐私损失累加。{1}",
                unit.zh, beyond.zh
            ),
        ),
    }
}

/// What who asks should know: that training saw protected texts where it did.
fn of_questions(recipe: &Recipe) -> Option<Text> {
    let columns = recipe.train.text.iter().chain([&recipe.project.target]);
    let columns = columns.chain(&recipe.train.lora.rejected);
    let names: Vec<String> =
        columns.filter(|name| protected(recipe, name)).map(|name| format!("`{name}`")).collect();
    let (en, zh) = (names.join(" and "), names.join("、"));
    (!names.is_empty()).then(|| {
        Text::new(
            format!("Personal data that was found in {en} was replaced before training. Requests are answered as they are sent, unless the server guards its prompts (`--guard-prompts`)."),
            format!("训练前已替换 {zh} 中识别出的个人信息。请求按原样处理，除非服务端开启提示词防护（`--guard-prompts`）。"),
        )
    })
}

/// The facts of an adapter on a frozen language model; figures are those of the form in the package where they were measured of it.
fn language(
    trained: &SftOutcome,
    quantised: Option<&QuantOutcome>,
    datasets: Vec<Dataset>,
    mut known: Considerations,
) -> Bom {
    known.risks.extend(remembered(trained));
    let mut parameters: BTreeMap<String, String> = [
        ("alpha", trained.alpha.to_string()),
        ("targets", trained.targets.join(", ")),
        ("steps", trained.steps.len().to_string()),
        ("epoch kept", trained.best.to_string()),
        ("merged model's divergence, nats", format!("{:.1e}", trained.parity.divergence)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    if let Some(preference) = &trained.preference {
        parameters.insert("preference optimisation, beta".to_owned(), preference.beta.to_string());
    }
    let mut engines = vec![
        Library::cargo(GEMM.0, GEMM.1, "MIT"),
        Library::cargo(DATAFUSION.0, DATAFUSION.1, "Apache-2.0"),
    ];
    if let Some(form) = quantised.and_then(QuantOutcome::kept) {
        parameters.extend([
            ("form".to_owned(), form.name.clone()),
            ("bits a weight".to_owned(), format!("{:.2}", form.bits)),
            ("divergence from the unquantised, nats".to_owned(), format!("{:.5}", form.divergence)),
            ("same likeliest token".to_owned(), format!("{:.4}", form.agreement)),
        ]);
        engines.push(Library::cargo(
            crate::pack::LLAMA.0,
            crate::pack::LLAMA.1,
            "MIT OR Apache-2.0",
        ));
    }
    Bom {
        algorithm: Some(Text::new(
            "low-rank adapter (LoRA) on a pretrained language model",
            "预训练语言模型上的低秩适配器（LoRA）",
        )),
        architecture: Some(format!(
            "{}, frozen; {} trained parameters of rank {}",
            trained.base, trained.parameters, trained.rank
        )),
        parameters,
        datasets,
        metrics: outcomes::language_metrics(trained, quantised)
            .iter()
            .map(|own| Metric {
                name: own.name.clone(),
                title: own.title(),
                value: own.value,
                interval: own.interval.map(|(lower, upper)| Interval { lower, upper, level: 0.95 }),
                slice: None,
            })
            .collect(),
        considerations: known,
        engines,
        ..Bom::default()
    }
}

/// What the tests of memorisation found.
fn remembered(trained: &SftOutcome) -> Vec<Risk> {
    let memory = &trained.memory;
    let mut risks = Vec::new();
    if !memory.canaries.is_empty() {
        let highest = memory.canaries.iter().map(|one| one.exposure).fold(0.0, f64::max);
        let recited = memory.canaries.iter().filter(|one| one.recited).count();
        let all = memory.canaries.len();
        risks.push(Risk {
            name: Text::new("The model remembers training data word by word", "模型逐字记住训练数据"),
            mitigation: Text::new(
                format!("Measured: of {all} made-up secrets hidden in the training data {recited} can be recited; the highest exposure is {highest:.2} bits, 1.4 being the mean of what is not remembered."),
                format!("实测：训练数据中埋入的 {all} 个虚构秘密里，有 {recited} 个可被复述；最高暴露度为 {highest:.2} 比特，未被记住的秘密平均约为 1.4 比特。"),
            ),
        });
    }
    if memory.searched {
        let (tried, known, found) = (memory.tried, memory.personal, memory.extracted);
        risks.push(Risk {
            name: Text::new("Personal values of the training data come out in answers", "训练数据中的个人信息出现在回答中"),
            mitigation: Text::new(
                format!("Measured with {tried} prompts: {found} of {known} personal values that protection left came out although the prompt did not hold them."),
                format!("以 {tried} 个提问实测：保护处理后仍存在的 {known} 个个人信息值中，有 {found} 个并未出现在提问中，却出现在回答里。"),
            ),
        });
    }
    risks
}

fn metric(metric: &ingot_train::outcome::Metric) -> Metric {
    let interval = metric.interval().map(|(lower, upper)| Interval { lower, upper, level: 0.95 });
    Metric {
        name: metric.name.clone(),
        title: outcomes::metric_title(&metric.name),
        value: metric.value,
        interval,
        slice: None,
    }
}

fn datasets(chain: &Chain, cleaned: &CleanOutcome) -> Result<Vec<Dataset>> {
    let parts = earlier(chain, Stage::Split)?;
    let outcome: SplitOutcome = from_value(&parts.record.evidence)?;
    let plain = |name: &str, role, digest, rows| Dataset {
        name: name.to_owned(),
        role,
        digest,
        rows,
        description: None,
        licence: None,
        sensitive: Vec::new(),
    };
    let mut list: Vec<Dataset> = cleaned
        .sources
        .iter()
        .map(|source| plain(&source.name, DatasetRole::Source, source.digest, source.rows))
        .collect();
    for (name, role, file) in [
        ("train", DatasetRole::Training, split::TRAIN),
        ("validation", DatasetRole::Validation, split::VALIDATION),
        ("test", DatasetRole::Test, split::TEST),
    ] {
        if let Some(part) = outcome.parts.iter().find(|part| part.name == name) {
            list.push(plain(name, role, parts.content(file)?, part.rows));
        }
    }
    Ok(list)
}

/// The parts with the rows that were learnt from and measured on: those that have a class and could be read.
fn counted(mut datasets: Vec<Dataset>, trained: &HeadOutcome) -> Vec<Dataset> {
    for own in &mut datasets {
        own.rows = match own.role {
            DatasetRole::Training => trained.rows.train,
            DatasetRole::Validation => trained.rows.validation,
            DatasetRole::Test => trained.rows.test,
            DatasetRole::Source => own.rows,
        };
    }
    datasets
}

fn fairness(trained: &TrainOutcome) -> Vec<Fairness> {
    let shares = |slice: &ingot_train::outcome::Slice| {
        [
            ("selection_rate", Text::new("labelled positive", "判为正类的比例"), slice.selected),
            (
                "true_positive_rate",
                Text::new("true positive rate", "真正率"),
                slice.true_positive_rate,
            ),
            (
                "false_positive_rate",
                Text::new("false positive rate", "假正率"),
                slice.false_positive_rate,
            ),
        ]
        .into_iter()
        .filter_map(|(name, title, share)| {
            let share = share.filter(|share| share.value.is_finite())?;
            let interval = Interval { lower: share.low, upper: share.high, level: 0.95 };
            Some(Metric {
                name: name.to_owned(),
                title,
                value: share.value,
                interval: Some(interval),
                slice: None,
            })
        })
        .collect()
    };
    trained
        .fairness
        .iter()
        .flat_map(|slices| {
            slices.groups.iter().map(move |slice| Fairness {
                column: slices.column.clone(),
                group: slice.name.en.clone(),
                rows: slice.rows,
                metrics: shares(slice),
                harms: None,
                mitigation: None,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_is_told_which_of_questions_and_answers_were_protected() {
        let told = |train: &str, columns: &str| {
            let text = format!(
                "[project]\nname = \"x\"\ntask = \"generate.sft\"\ntarget = \"answer\"\n\
                 [[source]]\nname = \"a\"\nuri = \"a.jsonl\"\n[train]\n{train}\n\
                 [protect.text]\ncolumns = [{columns}]\naction = \"replace\"\n"
            );
            let recipe =
                ingot_recipe::parse("ingot.toml", &text).map_err(|faults| faults.len()).unwrap();
            of_questions(&recipe).map(|text| text.zh)
        };
        let names = |train, columns, expected: &str| {
            let told = told(train, columns).unwrap();
            assert!(told.starts_with(&format!("训练前已替换 {expected} 中")), "{told}");
        };
        let prompt = "text = \"prompt\"";
        names(prompt, "\"answer\"", "`answer`");
        names(prompt, "\"prompt\", \"answer\"", "`prompt`、`answer`");
        names("", "\"answer\"", "`answer`");
        assert_eq!(told(prompt, "\"note\""), None);
    }
}
