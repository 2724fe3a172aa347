//! An OCI image without a container engine: the program, the libraries it links, the sealed package, nothing else.

use crate::elf::Machine;
use crate::layer::{Blob, Content, Layer, USER};
use crate::{Subject, libraries, messages};
use ingot_base::atomic::{self, AtomicFile};
use ingot_base::{Digest, Fault, Result, fault};
use oci_spec::image::{
    self as oci, Arch, ConfigBuilder, Descriptor, HistoryBuilder, ImageConfigurationBuilder,
    ImageIndexBuilder, ImageManifestBuilder, MediaType, Os, RootFsBuilder, Sha256Digest,
};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

/// Where the age identity that decrypts payloads is mounted at run time.
pub const IDENTITY_PATH: &str = "/run/secrets/ingot/identity.txt";
/// Where the key that guards API keys is mounted at run time.
pub const PEPPER_PATH: &str = "/run/secrets/ingot/pepper";
/// Where the usage ledger lives when it is a file; a volume belongs here.
pub const LEDGER_PATH: &str = "/var/lib/ingot/ledger.db";
/// The signers whose packages the server accepts.
pub const PUBLIC_KEY_PATH: &str = "/model/signing.pub";
/// The port of the server.
pub const PORT: u16 = 5000;

const PROGRAM: &str = "usr/bin/ingot";

/// What an image is made of, besides the package and the program.
#[derive(Debug, Clone)]
pub struct ImageOptions {
    /// Name and version of the model.
    pub subject: Subject,
    /// PEM file of the key whose signature the server demands; public, so it may travel in the image.
    pub public_key: PathBuf,
    /// RFC 3339 time for `org.opencontainers.image.created`: the package's own, so that the digest is reproducible.
    pub created: String,
    /// Libraries that the program opens at run time and therefore does not list (an inference engine).
    pub libraries: Vec<PathBuf>,
}

/// A written image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Image {
    /// Digest of the image manifest: what a registry and a cluster call the image.
    pub digest: Digest,
    /// Tag under which the layout lists it.
    pub tag: String,
    /// Folder or `.tar` file.
    pub path: PathBuf,
    /// Bytes of the compressed layers together.
    pub size: u64,
    /// Paths in the image of the shared libraries it carries, with the loader.
    pub libraries: Vec<String>,
}

/// Writes an OCI image layout: a folder, or one file when `output` ends in `.tar`.
///
/// The layers, from what changes least: libraries and system files, the program, the package. No secret is among them;
/// [`IDENTITY_PATH`] and [`PEPPER_PATH`] are mounted when the image runs.
///
/// # Errors
/// When the program is none, a library it links is missing, a file cannot be read, or the output holds something else.
pub fn image(
    package: &Path,
    binary: &Path,
    output: &Path,
    options: &ImageOptions,
) -> Result<Image> {
    let archive = output.extension().is_some_and(|extension| extension == "tar");
    if !archive && !is_free(output) {
        return Err(Fault::new(&messages::OUTPUT_TAKEN).arg("path", output.display()));
    }
    let closure = libraries::closure(binary, &options.libraries)?;
    let system = system_layer(&closure.files).finish()?;
    let program = program_layer(binary).finish()?;
    let model = model_layer(package, options).finish()?;
    let layers = [
        ("the libraries that ingot links, and a user to run as", system),
        ("ingot", program),
        ("the sealed model and the key that signed it", model),
    ];
    let mut layout = Layout::default();
    let configuration = layout.json(&configuration(&layers, closure.machine, options)?)?;
    let mut descriptors = Vec::new();
    let mut size = 0;
    for (_, blob) in layers {
        size += blob.bytes.len() as u64;
        descriptors.push(layout.blob(blob.bytes, blob.digest, MediaType::ImageLayerGzip)?);
    }
    let manifest = ImageManifestBuilder::default()
        .schema_version(oci::SCHEMA_VERSION)
        .media_type(MediaType::ImageManifest)
        .config(typed(configuration, MediaType::ImageConfig))
        .layers(descriptors)
        .annotations(labels(options))
        .build()
        .map_err(built)?;
    let mut entry = typed(layout.json(&manifest)?, MediaType::ImageManifest);
    let digest = parse_digest(&entry)?;
    let tag = options.subject.version().to_owned();
    entry
        .set_annotations(Some(HashMap::from([(oci::ANNOTATION_REF_NAME.to_owned(), tag.clone())])));
    let index = ImageIndexBuilder::default()
        .schema_version(oci::SCHEMA_VERSION)
        .media_type(MediaType::ImageIndex)
        .manifests([entry])
        .build()
        .map_err(built)?;
    layout.finish(&index, output, archive)?;
    let libraries = closure.files.into_iter().map(|file| format!("/{}", file.target)).collect();
    Ok(Image { digest, tag, path: output.to_owned(), size, libraries })
}

/// The command that the image runs. Kubernetes manifests append to it or replace [`default_arguments`].
pub(crate) fn entrypoint(subject: &Subject) -> Vec<String> {
    let listen = format!("0.0.0.0:{PORT}");
    let package = subject.package_path();
    let words = [
        "/usr/bin/ingot",
        "serve",
        &package,
        "--listen",
        &listen,
        "--public-key",
        PUBLIC_KEY_PATH,
        "--identity",
        IDENTITY_PATH,
        "--pepper",
        PEPPER_PATH,
    ];
    words.map(str::to_owned).to_vec()
}

/// Plain HTTP behind a proxy and a ledger in the container's volume: what `docker run IMAGE` does without arguments.
fn default_arguments() -> Vec<String> {
    ["--ledger", LEDGER_PATH, "--allow-insecure"].map(str::to_owned).to_vec()
}

fn system_layer(libraries: &[libraries::Placed]) -> Layer {
    let mut layer = Layer::default();
    for library in libraries {
        layer.add(&library.target, 0o755, Content::File(library.source.clone()));
    }
    let passwd = format!(
        "root:x:0:0:root:/:/sbin/nologin\ningot:x:{USER}:{USER}:ingot:/var/lib/ingot:/sbin/nologin\n"
    );
    layer.add("etc/passwd", 0o644, Content::Bytes(passwd.into_bytes()));
    let group = format!("root:x:0:\ningot:x:{USER}:\n");
    layer.add("etc/group", 0o644, Content::Bytes(group.into_bytes()));
    layer.add("etc/nsswitch.conf", 0o644, Content::Bytes(b"hosts: files dns\n".to_vec()));
    layer.add("run/secrets/ingot", 0o755, Content::Folder);
    layer.add("tmp", 0o1777, Content::Folder);
    layer.add_owned("var/lib/ingot", 0o700, Content::Folder);
    layer
}

fn program_layer(binary: &Path) -> Layer {
    let mut layer = Layer::default();
    layer.add(PROGRAM, 0o755, Content::File(binary.to_owned()));
    layer
}

fn model_layer(package: &Path, options: &ImageOptions) -> Layer {
    let mut layer = Layer::default();
    layer.add(&options.subject.package_path(), 0o644, Content::File(package.to_owned()));
    layer.add(PUBLIC_KEY_PATH, 0o644, Content::File(options.public_key.clone()));
    layer
}

fn labels(options: &ImageOptions) -> HashMap<String, String> {
    let subject = &options.subject;
    [
        (oci::ANNOTATION_TITLE, subject.name().to_owned()),
        (oci::ANNOTATION_VERSION, subject.version().to_owned()),
        (oci::ANNOTATION_CREATED, options.created.clone()),
        (
            oci::ANNOTATION_DESCRIPTION,
            format!("The model {} {}, sealed, served by Ingot", subject.name(), subject.version()),
        ),
        (oci::ANNOTATION_VENDOR, format!("Ingot {}", env!("CARGO_PKG_VERSION"))),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value))
    .collect()
}

fn configuration(
    layers: &[(&str, Blob)],
    machine: Machine,
    options: &ImageOptions,
) -> Result<oci::ImageConfiguration> {
    let config = ConfigBuilder::default()
        .user(format!("{USER}:{USER}"))
        .exposed_ports([format!("{PORT}/tcp")])
        .env(["PATH=/usr/bin".to_owned(), "LANG=C.UTF-8".to_owned()])
        .entrypoint(entrypoint(&options.subject))
        .cmd(default_arguments())
        .volumes(["/var/lib/ingot".to_owned()])
        .working_dir("/var/lib/ingot")
        .labels(labels(options))
        .stop_signal("SIGTERM")
        .build()
        .map_err(built)?;
    let rootfs = RootFsBuilder::default()
        .typ("layers")
        .diff_ids(layers.iter().map(|(_, blob)| blob.diff_id.to_string()).collect::<Vec<_>>())
        .build()
        .map_err(built)?;
    let history = layers
        .iter()
        .map(|(comment, _)| {
            HistoryBuilder::default()
                .created(options.created.clone())
                .created_by("ingot deploy image")
                .comment(*comment)
                .build()
                .map_err(built)
        })
        .collect::<Result<Vec<_>>>()?;
    ImageConfigurationBuilder::default()
        .created(options.created.clone())
        .architecture(match machine {
            Machine::Amd64 => Arch::Amd64,
            Machine::Arm64 => Arch::ARM64,
        })
        .os(Os::Linux)
        .config(config)
        .rootfs(rootfs)
        .history(history)
        .build()
        .map_err(built)
}

/// A folder may be written when it does not exist, is empty, or is a layout that this replaces.
fn is_free(folder: &Path) -> bool {
    match std::fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none() || folder.join("oci-layout").is_file(),
        Err(_) => !folder.exists(),
    }
}

/// The files of a layout, by path.
#[derive(Debug, Default)]
struct Layout {
    files: BTreeMap<String, Vec<u8>>,
}

impl Layout {
    fn blob(&mut self, bytes: Vec<u8>, digest: Digest, media: MediaType) -> Result<Descriptor> {
        let named: Sha256Digest = digest.hex().parse().map_err(built)?;
        let descriptor = Descriptor::new(media, bytes.len() as u64, named);
        self.files.insert(format!("blobs/sha256/{}", digest.hex()), bytes);
        Ok(descriptor)
    }

    fn json<T: Serialize>(&mut self, value: &T) -> Result<Descriptor> {
        let bytes = canonical(value)?;
        let digest = Digest::of(&bytes);
        self.blob(bytes, digest, MediaType::EmptyJSON)
    }

    fn finish(mut self, index: &oci::ImageIndex, output: &Path, archive: bool) -> Result<()> {
        let marker = oci::OciLayoutBuilder::default()
            .image_layout_version("1.0.0")
            .build()
            .map_err(built)?;
        self.files.insert("oci-layout".to_owned(), canonical(&marker)?);
        let index = canonical(index)?;
        if archive {
            self.files.insert("index.json".to_owned(), index);
            return self.write_archive(output);
        }
        for (path, bytes) in &self.files {
            atomic::write(&output.join(path), bytes)?;
        }
        // The index last: until it stands, readers see the image that was there before.
        atomic::write(&output.join("index.json"), &index)?;
        self.forget_others(output)
    }

    fn forget_others(&self, output: &Path) -> Result<()> {
        let folder = output.join("blobs/sha256");
        let sweep = || -> std::io::Result<()> {
            for entry in std::fs::read_dir(&folder)? {
                let entry = entry?;
                let name = format!("blobs/sha256/{}", entry.file_name().to_string_lossy());
                if !self.files.contains_key(&name) {
                    std::fs::remove_file(entry.path())?;
                }
            }
            Ok(())
        };
        sweep().map_err(|error| {
            Fault::new(&fault::FILE_WRITE).arg("path", folder.display()).because(error)
        })
    }

    fn write_archive(&self, output: &Path) -> Result<()> {
        let file = AtomicFile::create(output)?;
        let mut builder = tar::Builder::new(file);
        let mut fill = || -> std::io::Result<()> {
            for (path, bytes) in &self.files {
                let mut header = tar::Header::new_gnu();
                header.set_mode(0o644);
                header.set_mtime(0);
                header.set_uid(0);
                header.set_gid(0);
                header.set_size(bytes.len() as u64);
                builder.append_data(&mut header, path, bytes.as_slice())?;
            }
            builder.finish()
        };
        let faulty = |error: std::io::Error| {
            Fault::new(&fault::FILE_WRITE).arg("path", output.display()).because(error)
        };
        fill().map_err(faulty)?;
        builder.into_inner().map_err(faulty)?.commit()
    }
}

/// JSON with sorted keys: the maps of the image types have no order of their own, and digests need one.
fn canonical<T: Serialize>(value: &T) -> Result<Vec<u8>> {
    let mut tree = serde_json::to_value(value)
        .map_err(|error| fault::internal("image document without a JSON form").because(error))?;
    tree.sort_all_objects();
    Ok(tree.to_string().into_bytes())
}

fn typed(mut descriptor: Descriptor, media: MediaType) -> Descriptor {
    descriptor.set_media_type(media);
    descriptor
}

fn parse_digest(descriptor: &Descriptor) -> Result<Digest> {
    Digest::parse(descriptor.digest().as_ref())
        .ok_or_else(|| fault::internal("image digest of another form"))
}

fn built(error: oci_spec::OciSpecError) -> Fault {
    fault::internal("incomplete image document").because(error)
}
