//! `deploy`: an image, manifests, monitoring.

use super::verified;
use crate::Context;
use crate::args::{Deploy, DeployImage, DeployManifests, DeployMonitoring};
use ingot_base::{Fault, Result, fault};
use ingot_deploy::{ImageOptions, KubernetesOptions, MonitoringOptions, Subject};
use std::path::{Path, PathBuf};

pub(crate) fn deploy(context: &Context, command: Deploy) -> Result<()> {
    match command {
        Deploy::Image(args) => image(context, args),
        Deploy::Kubernetes(args) => kubernetes(context, args),
        Deploy::Monitoring(args) => monitoring(context, args),
    }
}

fn image(context: &Context, args: DeployImage) -> Result<()> {
    let public_key = args.public_key.unwrap_or_else(|| context.project.join("keys/signing.pub"));
    // An image of a package that its own key would refuse could never start.
    let package = verified(context, &args.package, std::slice::from_ref(&public_key))?;
    let manifest = package.manifest();
    let subject = Subject::new(&manifest.name, &manifest.version)?;
    let binary = match args.binary {
        Some(path) => path,
        None => std::env::current_exe()
            .map_err(|error| Fault::new(&fault::FILE_READ).arg("path", "ingot").because(error))?,
    };
    let output = args.output.unwrap_or_else(|| {
        context.project.join("dist").join(format!("{}-{}.oci", manifest.name, manifest.version))
    });
    let options = ImageOptions {
        subject,
        public_key,
        created: manifest.created.clone(),
        libraries: Vec::new(),
    };
    let image = ingot_deploy::image(&args.package, &binary, &output, &options)?;
    context.print(
        &serde_json::json!({
            "digest": image.digest.to_string(), "tag": image.tag, "path": image.path.display().to_string(), "bytes": image.size,
            "libraries": image.libraries,
        }),
        &format!(
            "{}\n  {}\n  skopeo copy oci:{}:{} docker://REGISTRY/{}:{}",
            image.path.display(),
            image.digest,
            image.path.display(),
            image.tag,
            manifest.name,
            manifest.version
        ),
    );
    Ok(())
}

/// Manifests name what they run, so only a package that its server would accept gets some.
fn subject(context: &Context, package: &Path, key: Option<PathBuf>) -> Result<Subject> {
    let package = verified(context, package, &Vec::from_iter(key))?;
    Subject::new(&package.manifest().name, &package.manifest().version)
}

fn kubernetes(context: &Context, args: DeployManifests) -> Result<()> {
    let subject = subject(context, &args.package, args.public_key)?;
    let folder = folder(context, args.output, &subject, "kubernetes");
    let options = KubernetesOptions::new(subject, &args.image, &args.namespace);
    let files = ingot_deploy::kubernetes(&options)?;
    write(context, &folder, &files)
}

fn monitoring(context: &Context, args: DeployMonitoring) -> Result<()> {
    let subject = subject(context, &args.package, args.public_key)?;
    let folder = folder(context, args.output, &subject, "monitoring");
    let mut options = MonitoringOptions::new(subject);
    // A target that is not there would ring an alarm for ever.
    if !args.target.is_empty() || args.namespace.is_some() {
        options.targets = args.target;
    }
    options.namespace = args.namespace;
    let files = ingot_deploy::monitoring(&options)?;
    write(context, &folder, &files)
}

/// Where files go: the folder named, else one of the package's own, so that another's stay.
fn folder(context: &Context, output: Option<PathBuf>, subject: &Subject, kind: &str) -> PathBuf {
    output.unwrap_or_else(|| {
        let name = format!("{}-{}-{kind}", subject.name(), subject.version());
        context.project.join("dist").join(name)
    })
}

fn write(context: &Context, folder: &Path, files: &ingot_deploy::Files) -> Result<()> {
    let written: Vec<String> =
        ingot_deploy::write(folder, files)?.iter().map(|path| path.display().to_string()).collect();
    context.print(&serde_json::json!({ "files": written }), &written.join("\n"));
    Ok(())
}
