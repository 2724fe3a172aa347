//! `bom.cdx.json`: a CycloneDX 1.7 bill of materials of the model, with its model card.

use crate::bom::{Bom, Considerations, Dataset, Fairness, Library, Metric};
use crate::manifest::{Manifest, Payload};
use ingot_base::{Digest, FieldKind, Output, Result, Signature, Text, fault};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::fmt::{Display, Write as _};

const MODEL: &str = "model";

/// The bill of materials, as text. English, as the standard has no place for a second language; the cards have both.
pub(crate) fn document(manifest: &Manifest, bom: &Bom) -> Result<Vec<u8>> {
    let libraries = libraries(bom);
    let datasets: Vec<Value> = bom
        .datasets
        .iter()
        .enumerate()
        .map(|(index, dataset)| dataset_component(index, dataset))
        .collect();
    let depends: Vec<&Value> = libraries
        .iter()
        .chain(&datasets)
        .filter_map(|component| component.get("bom-ref"))
        .collect();
    let document = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.7.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.7",
        "serialNumber": serial_number(manifest, bom)?,
        "version": 1,
        "metadata": {
            "timestamp": manifest.created,
            "lifecycles": [{ "phase": "post-build" }],
            "tools": { "components": [{
                "type": "application",
                "name": "ingot",
                "version": env!("CARGO_PKG_VERSION"),
                "licenses": [{ "expression": env!("CARGO_PKG_LICENSE") }],
            }] },
            "component": model(manifest, bom),
        },
        "components": libraries.iter().chain(&datasets).collect::<Vec<_>>(),
        "dependencies": [{ "ref": MODEL, "dependsOn": depends }],
    });
    let mut text = serde_json::to_vec_pretty(&document)
        .map_err(|error| fault::internal("bill of materials without a JSON form").because(error))?;
    text.push(b'\n');
    Ok(text)
}

/// A UUID (RFC 9562, version 8) of the content: the same facts give the same number.
fn serial_number(manifest: &Manifest, bom: &Bom) -> Result<String> {
    let hex = Digest::of_json(&(manifest, bom))?.hex();
    let mut digits: Vec<char> = hex.chars().take(32).collect();
    for (at, digit) in [(12, '8'), (16, '8')] {
        if let Some(place) = digits.get_mut(at) {
            *place = digit;
        }
    }
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32]
        .map(|part| digits.get(part).unwrap_or_default().iter().collect::<String>());
    Ok(format!("urn:uuid:{}", parts.join("-")))
}

fn hash(digest: &Digest) -> Value {
    json!({ "alg": "SHA-256", "content": digest.hex() })
}

fn property(name: &str, value: impl Display) -> Value {
    json!({ "name": format!("ingot:{name}"), "value": value.to_string() })
}

fn texts(list: &[Text]) -> Vec<&str> {
    list.iter().map(|text| text.en.as_str()).collect()
}

/// Adds a list under its name, unless it is empty.
fn list(object: &mut Map<String, Value>, name: &str, items: Vec<impl Into<Value>>) {
    if !items.is_empty() {
        object.insert(name.to_owned(), items.into());
    }
}

fn model(manifest: &Manifest, bom: &Bom) -> Value {
    let mut model = Map::new();
    model.insert("type".into(), "machine-learning-model".into());
    model.insert("bom-ref".into(), MODEL.into());
    model.insert("name".into(), manifest.name.as_str().into());
    model.insert("version".into(), manifest.version.as_str().into());
    model.insert("purl".into(), purl(manifest).into());
    if let Some(summary) = &bom.summary {
        model.insert("description".into(), summary.en.as_str().into());
    }
    if let Some(supplier) = &bom.supplier {
        model.insert("supplier".into(), json!({ "name": supplier }));
    }
    if let Some(licence) = &bom.licence {
        model.insert("licenses".into(), json!([{ "expression": licence }]));
    }
    list(
        &mut model,
        "hashes",
        manifest.payloads.first().map(|payload| hash(&payload.digest)).into_iter().collect(),
    );
    list(&mut model, "components", manifest.payloads.iter().map(file).collect());
    model.insert("modelCard".into(), card(manifest, bom));
    model.into()
}

/// A payload: its plain content, as `ingot open` or `age -d` gives it.
fn file(payload: &Payload) -> Value {
    json!({
        "type": "file",
        "bom-ref": format!("payload:{}", payload.name),
        "name": payload.name,
        "hashes": [hash(&payload.digest)],
        "properties": [property("bytes", payload.size)],
    })
}

/// `pkg:generic/NAME@VERSION` with what is not unreserved percent-encoded.
fn purl(manifest: &Manifest) -> String {
    let encode = |text: &str| {
        text.bytes().fold(String::new(), |mut out, byte| {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                out.push(char::from(byte));
            } else {
                let _ = write!(out, "%{byte:02X}");
            }
            out
        })
    };
    format!("pkg:generic/{}@{}", encode(&manifest.name), encode(&manifest.version))
}

fn card(manifest: &Manifest, bom: &Bom) -> Value {
    let mut parameters = Map::new();
    parameters.insert("approach".into(), json!({ "type": "supervised" }));
    parameters.insert("task".into(), manifest.task.as_str().into());
    if let Some(algorithm) = &bom.algorithm {
        parameters.insert("architectureFamily".into(), algorithm.en.as_str().into());
    }
    if let Some(architecture) = &bom.architecture {
        parameters.insert("modelArchitecture".into(), architecture.as_str().into());
    }
    let datasets =
        (0..bom.datasets.len()).map(|index| json!({ "ref": dataset_ref(index) })).collect();
    list(&mut parameters, "datasets", datasets);
    list(&mut parameters, "inputs", inputs(&manifest.signature));
    parameters.insert("outputs".into(), json!([{ "format": output(&manifest.signature.output) }]));

    let mut card = Map::new();
    card.insert("modelParameters".into(), parameters.into());
    let metrics = metrics(bom);
    if !metrics.is_empty() {
        card.insert("quantitativeAnalysis".into(), json!({ "performanceMetrics": metrics }));
    }
    let considerations = considerations(&bom.considerations, &bom.fairness);
    if !considerations.is_empty() {
        card.insert("considerations".into(), considerations.into());
    }
    let settings =
        bom.parameters.iter().map(|(name, value)| property(&format!("parameter:{name}"), value));
    let levels: BTreeSet<String> = all_metrics(bom)
        .filter_map(|(_, metric)| metric.interval)
        .map(|interval| interval.level.to_string())
        .collect();
    let levels = levels.into_iter().map(|level| property("confidence-level", level));
    let licence =
        manifest.licence.iter().map(|licence| property("licence-expires", &licence.expires));
    list(&mut card, "properties", settings.chain(levels).chain(licence).collect());
    card.into()
}

fn inputs(signature: &Signature) -> Vec<Value> {
    let format = |kind: &FieldKind| match kind {
        FieldKind::Number { integer: true, .. } => "integer",
        FieldKind::Number { integer: false, .. } => "number",
        FieldKind::Category { .. } => "category",
        FieldKind::Boolean => "boolean",
        FieldKind::Image { .. } => "image",
        FieldKind::Text { .. } => "string",
    };
    let missing = |nullable| if nullable { ", may be missing" } else { "" };
    signature
        .inputs
        .iter()
        .map(|field| json!({ "format": format!("{}: {}{}", field.name, format(&field.kind), missing(field.nullable)) }))
        .collect()
}

fn output(output: &Output) -> String {
    match output {
        Output::Binary { target, positive, .. } => format!("{target}: probability of {positive}"),
        Output::Multiclass { target, labels } => {
            format!("{target}: probability of each of {}", labels.join(", "))
        }
        Output::Number { target } => format!("{target}: number"),
        Output::Text { target } => format!("{target}: text"),
    }
}

/// Every figure with the slice it was measured on.
fn all_metrics(bom: &Bom) -> impl Iterator<Item = (Option<String>, &Metric)> {
    let whole = bom.metrics.iter().map(|metric| (metric.slice.clone(), metric));
    let groups = bom.fairness.iter().flat_map(|fairness| {
        let group = format!("{} = {}", fairness.column, fairness.group);
        fairness.metrics.iter().map(move |metric| {
            let slice = match &metric.slice {
                Some(slice) => format!("{slice}, {group}"),
                None => group.clone(),
            };
            (Some(slice), metric)
        })
    });
    whole.chain(groups)
}

fn metrics(bom: &Bom) -> Vec<Value> {
    all_metrics(bom)
        .map(|(slice, metric)| {
            let mut object = Map::new();
            object.insert("type".into(), metric.name.as_str().into());
            object.insert("value".into(), metric.value.to_string().into());
            if let Some(slice) = slice {
                object.insert("slice".into(), slice.into());
            }
            if let Some(interval) = metric.interval {
                let bounds = json!({
                    "lowerBound": interval.lower.to_string(),
                    "upperBound": interval.upper.to_string(),
                });
                object.insert("confidenceInterval".into(), bounds);
            }
            object.into()
        })
        .collect()
}

fn considerations(stated: &Considerations, fairness: &[Fairness]) -> Map<String, Value> {
    let mut object = Map::new();
    list(&mut object, "users", texts(&stated.users));
    list(&mut object, "useCases", texts(&stated.uses));
    list(&mut object, "technicalLimitations", texts(&stated.limitations));
    list(&mut object, "performanceTradeoffs", texts(&stated.tradeoffs));
    let risks = stated
        .risks
        .iter()
        .map(|risk| json!({ "name": risk.name.en, "mitigationStrategy": risk.mitigation.en }))
        .collect();
    list(&mut object, "ethicalConsiderations", risks);
    let groups = fairness
        .iter()
        .map(|group| {
            let mut one = Map::new();
            let name = format!("{} = {} ({} rows measured)", group.column, group.group, group.rows);
            one.insert("groupAtRisk".into(), name.into());
            for (key, text) in [("harms", &group.harms), ("mitigationStrategy", &group.mitigation)]
            {
                if let Some(text) = text {
                    one.insert(key.into(), text.en.as_str().into());
                }
            }
            one
        })
        .collect();
    list(&mut object, "fairnessAssessments", groups);
    object
}

fn dataset_ref(index: usize) -> String {
    format!("dataset:{}", index + 1)
}

fn dataset_component(index: usize, dataset: &Dataset) -> Value {
    let mut data = Map::new();
    data.insert("type".into(), "dataset".into());
    data.insert("name".into(), dataset.name.as_str().into());
    if let Some(description) = &dataset.description {
        data.insert("description".into(), description.en.as_str().into());
    }
    list(&mut data, "sensitiveData", dataset.sensitive.clone());
    let mut component = Map::new();
    component.insert("type".into(), "data".into());
    component.insert("bom-ref".into(), dataset_ref(index).into());
    component.insert("name".into(), dataset.name.as_str().into());
    component.insert("hashes".into(), json!([hash(&dataset.digest)]));
    component.insert("data".into(), json!([data]));
    if let Some(licence) = &dataset.licence {
        component.insert("licenses".into(), json!([{ "expression": licence }]));
    }
    let properties =
        json!([property("role", dataset.role.as_str()), property("rows", dataset.rows)]);
    component.insert("properties".into(), properties);
    component.into()
}

/// Engines first, each name and version once.
fn libraries(bom: &Bom) -> Vec<Value> {
    let mut seen = BTreeSet::new();
    let engines = bom.engines.iter().map(|library| ("framework", library));
    engines
        .chain(bom.libraries.iter().map(|library| ("library", library)))
        .filter(|(_, library)| seen.insert((library.name.as_str(), library.version.as_str())))
        .map(|(kind, library)| library_component(kind, library))
        .collect()
}

fn library_component(kind: &str, library: &Library) -> Value {
    let mut component = Map::new();
    component.insert("type".into(), kind.into());
    component
        .insert("bom-ref".into(), format!("{kind}:{}@{}", library.name, library.version).into());
    component.insert("name".into(), library.name.as_str().into());
    component.insert("version".into(), library.version.as_str().into());
    if let Some(licence) = &library.licence {
        component.insert("licenses".into(), json!([{ "expression": licence }]));
    }
    if let Some(purl) = &library.purl {
        component.insert("purl".into(), purl.as_str().into());
    }
    list(&mut component, "hashes", library.digest.iter().map(hash).collect());
    component.into()
}
