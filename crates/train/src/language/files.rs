//! Adapters and merged models in the forms of others: PEFT's, and GGUF as llama.cpp reads it.

use super::adapter::{Adapter, AdapterForm};
use super::blocks;
use super::model::{BaseModel, Part, turn};
use crate::messages::ADAPTER_INVALID;
use ingot_base::{Fault, Result, Text, fault};
use ingot_runtime::gguf::{self, Data, TensorKind, Value as Entry};
use ingot_runtime::product::{Target, View, product};
use ingot_runtime::weights::numbers;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};

/// How a merged model's matrices are stored; norms stay single precision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// Single precision.
    F32,
    /// Half precision.
    F16,
    /// Blocks of 32 numbers in 8 bits and their scale.
    Q8,
}

fn invalid(english: impl Into<String>, chinese: impl Into<String>) -> Fault {
    Fault::new(&ADAPTER_INVALID).words("detail", Text::new(english, chinese))
}

/// PEFT's name of one matrix's A or B.
fn peft_name(layer: usize, part: Part, letter: &str) -> String {
    format!(
        "base_model.model.model.layers.{layer}.{}.{}.lora_{letter}.weight",
        part.module(),
        part.as_str()
    )
}

fn bytes(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// Named tensors in single precision as a safetensors file.
///
/// # Errors
/// When a tensor has other numbers than its shape says.
pub fn safetensors_file(tensors: &[(String, Vec<usize>, &[f32])]) -> Result<Vec<u8>> {
    let wrong = |error| fault::internal("tensors that do not make a file").because(error);
    let bytes: Vec<Vec<u8>> = tensors.iter().map(|(_, _, numbers)| bytes(numbers)).collect();
    let views = tensors.iter().zip(&bytes).map(|((name, shape, _), bytes)| {
        TensorView::new(Dtype::F32, shape.clone(), bytes)
            .map(|view| (name.as_str(), view))
            .map_err(wrong)
    });
    let views = views.collect::<Result<Vec<_>>>()?;
    let about = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    safetensors::serialize(views, Some(about)).map_err(wrong)
}

impl Adapter {
    /// `adapter_config.json` and `adapter_model.safetensors`, as PEFT 0.10 and later read them.
    ///
    /// # Errors
    /// Never in practice.
    pub fn to_peft(&self, base: &str) -> Result<(Vec<u8>, Vec<u8>)> {
        let mut targets: Vec<&str> = self.form.targets.iter().map(|part| part.as_str()).collect();
        targets.sort_unstable();
        let config = json!({
            "peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": base, "inference_mode": true,
            "r": self.form.rank, "lora_alpha": self.form.alpha, "lora_dropout": self.form.dropout, "target_modules": targets,
            "bias": "none", "fan_in_fan_out": false, "init_lora_weights": true, "modules_to_save": null, "use_rslora": false,
            "use_dora": false,
        });
        let config = serde_json::to_vec_pretty(&config)
            .map_err(|error| fault::internal("an adapter's form").because(error))?;
        let mut tensors = Vec::new();
        for (layer, part, place) in self.all() {
            let rank = self.form.rank;
            tensors.push((peft_name(layer, part, "A"), vec![rank, place.inputs], self.a(place)));
            tensors.push((peft_name(layer, part, "B"), vec![place.outputs, rank], self.b(place)));
        }
        Ok((config, safetensors_file(&tensors)?))
    }

    /// Reads what PEFT wrote.
    ///
    /// # Errors
    /// When the adapter is of a kind not known here, or does not fit the model.
    pub fn from_peft(config: &[u8], weights: &[u8], base: &BaseModel) -> Result<Self> {
        let config: Value = serde_json::from_slice(config).map_err(|error| {
            invalid("adapter_config.json is no JSON", "adapter_config.json 不是 JSON")
                .because(error)
        })?;
        let plain_kind = ["use_rslora", "use_dora", "fan_in_fan_out"]
            .iter()
            .all(|key| config.get(*key).and_then(Value::as_bool) != Some(true));
        if config.get("peft_type").and_then(Value::as_str) != Some("LORA") || !plain_kind {
            return Err(invalid("it is no plain LoRA", "不是普通的 LoRA"));
        }
        let number = |key: &str| {
            config
                .get(key)
                .and_then(Value::as_f64)
                .ok_or_else(|| invalid(format!("`{key}` is missing"), format!("缺少 `{key}`")))
        };
        let named: Vec<&str> = config
            .get("target_modules")
            .and_then(Value::as_array)
            .map(|list| list.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked below"
        )]
        let form = AdapterForm {
            rank: number("r")? as usize,
            alpha: number("lora_alpha")? as f32,
            dropout: number("lora_dropout").unwrap_or_default() as f32,
            targets: Part::ALL.into_iter().filter(|part| named.contains(&part.as_str())).collect(),
        };
        if !(1..=4096).contains(&form.rank) || form.targets.len() != named.len() {
            return Err(invalid(
                "its rank or its matrices are not known here",
                "其秩或矩阵不受支持",
            ));
        }
        let file = SafeTensors::deserialize(weights).map_err(|error| {
            invalid("adapter_model.safetensors is damaged", "adapter_model.safetensors 已损坏")
                .because(error)
        })?;
        let mut adapter = Self::new(&form, &base.shape, 0);
        let mut values = Vec::with_capacity(adapter.parameters());
        for (layer, part, place) in adapter.all() {
            for (letter, size) in [("A", place.a.len()), ("B", place.b.len())] {
                let name = peft_name(layer, part, letter);
                let tensor = file.tensor(&name).map_err(|error| {
                    invalid(format!("`{name}` is missing"), format!("缺少 `{name}`")).because(error)
                })?;
                let numbers =
                    numbers(tensor.dtype(), tensor.data()).filter(|own| own.len() == size);
                values.extend(numbers.ok_or_else(|| {
                    invalid(format!("`{name}` is of another shape"), format!("`{name}` 形状不符"))
                })?);
            }
        }
        adapter.fill(values)?;
        Ok(adapter)
    }

    /// A GGUF adapter for llama.cpp.
    ///
    /// # Errors
    /// Never in practice.
    pub fn to_gguf(&self, base: &BaseModel, name: &str) -> Result<Vec<u8>> {
        let text = |text: &str| Entry::Text(text.to_owned());
        let metadata = BTreeMap::from([
            ("general.architecture".to_owned(), text(base.shape.family.as_str())),
            ("general.type".to_owned(), text("adapter")),
            ("general.name".to_owned(), text(name)),
            ("adapter.type".to_owned(), text("lora")),
            ("adapter.lora.alpha".to_owned(), Entry::Float(f64::from(self.form.alpha))),
        ]);
        let rank = self.form.rank;
        let mut own = Vec::new();
        for (layer, part, place) in self.all() {
            let name = |letter: &str| format!("blk.{layer}.{}.weight.lora_{letter}", part.gguf());
            let b = match part.interleaved(&base.shape) {
                Some(heads) => turn(self.b(place), rank, heads, true),
                None => self.b(place).to_vec(),
            };
            own.push((name("a"), vec![place.inputs as u64, rank as u64], self.a(place).to_vec()));
            own.push((name("b"), vec![rank as u64, place.outputs as u64], b));
        }
        let tensors: Vec<(&str, Vec<u64>, Data<'_>)> = own
            .iter()
            .map(|(name, dims, numbers)| (name.as_str(), dims.clone(), Data::F32(numbers)))
            .collect();
        gguf::write(&metadata, &tensors)
    }
}

impl BaseModel {
    /// The model with the adapter's change added to its matrices.
    #[must_use]
    pub fn merged(&self, adapter: &Adapter) -> Self {
        let mut merged = self.clone();
        for (layer, part, place) in adapter.all() {
            let matrix =
                merged.layers.get_mut(layer).and_then(|own| own.matrices.get_mut(part.index()));
            let Some(matrix) = matrix else { continue };
            let a = View::rows(adapter.a(place), adapter.form.rank, place.inputs);
            let b = View::rows(adapter.b(place), place.outputs, adapter.form.rank);
            product(Target::add(matrix, place.inputs), b, a, adapter.form.scale());
        }
        merged
    }

    /// A GGUF file with these weights; vocabulary, template and all else that the file says are those of `head`: the metadata of the
    /// file that the base came from, or what [`Words::head`](super::Words::head) says of a checkpoint.
    ///
    /// # Errors
    /// When a row does not fill whole blocks.
    pub fn to_gguf(
        &self,
        head: &BTreeMap<String, Entry>,
        name: &str,
        storage: Storage,
    ) -> Result<Vec<u8>> {
        let mut metadata = head.clone();
        metadata.insert("general.name".into(), Entry::Text(name.to_owned()));
        // `llama_ftype`: all F32, mostly F16, mostly Q8_0.
        let kind = match storage {
            Storage::F32 => 0,
            Storage::F16 => 1,
            Storage::Q8 => 7,
        };
        metadata.insert("general.file_type".into(), Entry::Unsigned(kind));
        let mut own: Vec<(String, Vec<u64>, Vec<u8>, TensorKind)> = Vec::new();
        let mut put = |name: String, dims: Vec<usize>, numbers: &[f32]| {
            let dims: Vec<u64> = dims.into_iter().map(|dim| dim as u64).collect();
            let matrix = dims.len() > 1;
            let (bytes, kind) = match storage {
                Storage::F16 if matrix => (blocks::halves(numbers), TensorKind::F16),
                Storage::Q8 if matrix => match TensorKind::of(8) {
                    Some(kind) if kind.size(&dims).is_some() => (blocks::eights(numbers), kind),
                    _ => (blocks::halves(numbers), TensorKind::F16),
                },
                _ => (bytes(numbers), TensorKind::F32),
            };
            own.push((name, dims, bytes, kind));
        };
        let shape = &self.shape;
        put("token_embd.weight".into(), vec![shape.width, shape.vocabulary], &self.embedding);
        put("output_norm.weight".into(), vec![shape.width], &self.norm);
        if let Some(output) = &self.output {
            put("output.weight".into(), vec![shape.width, shape.vocabulary], output);
        }
        for (index, layer) in self.layers.iter().enumerate() {
            let name = |part: &str, what: &str| format!("blk.{index}.{part}.{what}");
            put(name("attn_norm", "weight"), vec![shape.width], &layer.first_norm);
            put(name("ffn_norm", "weight"), vec![shape.width], &layer.second_norm);
            for (part, matrix) in Part::ALL.into_iter().zip(&layer.matrices) {
                let (inputs, outputs) = part.size(shape);
                let turned = part.interleaved(shape).map(|heads| turn(matrix, inputs, heads, true));
                put(
                    name(part.gguf(), "weight"),
                    vec![inputs, outputs],
                    turned.as_ref().unwrap_or(matrix),
                );
            }
            for (part, bias) in Part::ALL.into_iter().zip(layer.biases.iter().flatten()) {
                let turned = part.interleaved(shape).map(|heads| turn(bias, 1, heads, true));
                put(name(part.gguf(), "bias"), vec![bias.len()], turned.as_ref().unwrap_or(bias));
            }
        }
        let tensors: Vec<(&str, Vec<u64>, Data<'_>)> = own
            .iter()
            .map(|(name, dims, bytes, kind)| (name.as_str(), dims.clone(), Data::Raw(*kind, bytes)))
            .collect();
        gguf::write(&metadata, &tensors)
    }
}
