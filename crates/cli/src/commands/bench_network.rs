//! `bench network`: the pretrained network with its own thousand classes, and its eight-bit form, on a folder of photographs.

use crate::out;
use ingot_base::{Fault, Result, atomic, fault};
use ingot_image::{Limits, Preprocess, RgbImage};
use ingot_pipeline::models::{Published, library};
use ingot_runtime::onnx::{self, Calibration, Library, Session};
use ingot_runtime::weights::{self, Tensor};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Photographs that ranges are found on; the others are compared.
const LOOKED_AT: usize = 128;
/// Photographs that are written as the network sees them, with its logits, for a comparison with other libraries.
const SHOWN: usize = 25;

pub(crate) fn network(photos: &Path, output: &Path) -> Result<()> {
    let library = Library::load(&library())?;
    let weights = weights::read_pytorch(&Published::named("mobilenet-v2")?.read()?)?;
    let plain = onnx::with_outputs(onnx::mobilenet_v2(&weights)?, &[onnx::LOGITS]);
    let files = files(photos)?;
    let pictures: Vec<Tensor> = files.iter().map(|path| prepared(path)).collect::<Result<_>>()?;
    // Evenly over all.
    let step = (pictures.len() / LOOKED_AT).max(2);
    let (looked_at, compared): (Vec<_>, Vec<_>) =
        pictures.into_iter().enumerate().partition(|(index, _)| index % step == 0);
    let looked_at: Vec<Tensor> =
        looked_at.into_iter().map(|(_, picture)| picture).take(LOOKED_AT).collect();
    let first = onnx::write(&plain);
    atomic::write(&output.join("mobilenet-v2.onnx"), &first)?;
    let shown = shown(&Session::new(library, &first)?, &files, output)?;
    let mut forms = vec![("float32".to_owned(), first)];
    let equal = onnx::equalise(library, plain.clone(), onnx::IMAGE, &looked_at, &[])?;
    for (name, method) in [
        ("int8 minmax", Calibration::MinMax),
        ("int8 entropy", Calibration::Entropy),
        ("int8 percentile", Calibration::Percentile(99.95)),
    ] {
        let observed = onnx::calibrate(library, &equal, onnx::IMAGE, &looked_at, method, &[])?;
        let graph = onnx::write(&onnx::quantize_static(equal.clone(), &observed, &[])?);
        atomic::write(&output.join(format!("{}.onnx", name.replace(' ', "-"))), &graph)?;
        forms.push((name.to_owned(), graph));
    }
    let forms = compare(library, &forms, &compared)?;
    out(&json!({ "forms": forms, "shown": shown }).to_string());
    Ok(())
}

/// Size, median time and share of the first form's answers, all forms in turn on the same photographs.
fn compare(
    library: &Library,
    forms: &[(String, Vec<u8>)],
    pictures: &[(usize, Tensor)],
) -> Result<Vec<Value>> {
    let sessions = forms.iter().map(|(_, graph)| Session::new(library, graph));
    let sessions = sessions.collect::<Result<Vec<_>>>()?;
    let mut times = vec![Vec::new(); forms.len()];
    let mut same = vec![0_usize; forms.len()];
    for (_, picture) in pictures {
        let mut before = None;
        for (index, session) in sessions.iter().enumerate() {
            let begun = Instant::now();
            let answer =
                session.run(onnx::IMAGE, &picture.shape, &picture.data, &[onnx::LOGITS])?;
            if let Some(times) = times.get_mut(index) {
                times.push(begun.elapsed().as_secs_f64());
            }
            let logits = answer.first().map(|tensor| tensor.data.as_slice()).unwrap_or_default();
            let best =
                logits.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map(|best| best.0);
            if *before.get_or_insert(best) == best
                && let Some(same) = same.get_mut(index)
            {
                *same += 1;
            }
        }
    }
    let shown = forms.iter().zip(&mut times).zip(same).map(|(((name, graph), times), same)| {
        times.sort_by(f64::total_cmp);
        let median = times.get(times.len() / 2).copied().unwrap_or(f64::NAN);
        #[expect(clippy::cast_precision_loss, reason = "photographs")]
        let agreement = same as f64 / pictures.len().max(1) as f64;
        json!({
            "form": name,
            "bytes": graph.len(),
            "milliseconds": median * 1e3,
            "agreement": agreement,
            "pictures": pictures.len(),
        })
    });
    Ok(shown.collect())
}

/// Every photograph of the folder's folders.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let unreadable = |error: std::io::Error| {
        Fault::new(&fault::FILE_READ).arg("path", folder.display()).because(error)
    };
    let list = |folder: &Path| -> std::io::Result<Vec<PathBuf>> {
        std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect()
    };
    let mut files = Vec::new();
    for class in list(folder).map_err(unreadable)? {
        files.extend(list(&class).map_err(unreadable)?);
    }
    files.sort();
    Ok(files)
}

/// The part of a photograph that the network sees, as it sees it.
fn view(path: &Path) -> Result<RgbImage> {
    let picture = ingot_image::decode(&atomic::read(path, 64 << 20)?, &Limits::default())?;
    Preprocess::IMAGENET.view(&picture)
}

fn prepared(path: &Path) -> Result<Tensor> {
    Ok(numbers(&view(path)?))
}

fn numbers(view: &RgbImage) -> Tensor {
    let how = Preprocess::IMAGENET;
    let side = how.crop as usize;
    Tensor { shape: vec![1, 3, side, side], data: how.numbers(view) }
}

/// Some photographs, evenly over all: each one's file, its view as a PNG file in `output`, and the network's logits.
fn shown(session: &Session, files: &[PathBuf], output: &Path) -> Result<Vec<Value>> {
    let one = |(index, path): (usize, &PathBuf)| -> Result<Value> {
        let view = view(path)?;
        let png = output.join(format!("view-{index}.png"));
        atomic::write(&png, &ingot_image::png(&view)?)?;
        let picture = numbers(&view);
        let answer = session.run(onnx::IMAGE, &picture.shape, &picture.data, &[onnx::LOGITS])?;
        let logits = answer.first().map(|tensor| tensor.data.as_slice()).unwrap_or_default();
        let (file, png) = (path.display().to_string(), png.display().to_string());
        Ok(json!({ "file": file, "view": png, "logits": logits }))
    };
    let step = (files.len() / SHOWN).max(1);
    files.iter().enumerate().step_by(step).take(SHOWN).map(one).collect()
}
