//! What tools that nobody here wrote say about the real server and the real package.

use crate::support::{Server, api_key, applicant, finished};
use crate::tools::{Service, free_address, ran, succeed, tool, until};
use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

#[test]
fn schemathesis_finds_no_difference_between_the_document_and_the_server() {
    let Some(schemathesis) = tool("schemathesis") else { return };
    let project = finished();
    let server = Server::start(project, &project.package(), &["--ledger", "schema.db"]);
    let (_, key) = api_key(project, &["--ledger", "schema.db"]);
    let folder = tempfile::tempdir().unwrap();
    // From a file: the path that a document is loaded from would itself be left out.
    let text = server.request("GET", "/openapi.json", &[], b"").body;
    std::fs::write(folder.path().join("openapi.json"), &text).unwrap();
    let said = succeed(
        Command::new(schemathesis)
            .current_dir(&folder)
            .args(["run", "openapi.json", "--url", &format!("http://{}", server.address)])
            .args(["--header", &format!("Authorization: Bearer {key}")])
            .args(["--max-examples", "30", "--seed", "1", "--no-shrink", "--no-color"]),
    );
    let openapi: Value = serde_json::from_str(&text).unwrap();
    let operations: usize = openapi["paths"]
        .as_object()
        .unwrap()
        .values()
        .map(|path| path.as_object().unwrap().len())
        .sum();
    assert!(said.contains(&format!("Tested: {operations}\n")), "{said}");
    assert!(said.contains("No issues found"), "{said}");
}

#[test]
fn a_client_that_knows_only_the_document_gets_a_prediction() {
    let project = finished();
    let server = Server::start(project, &project.package(), &["--ledger", "client.db"]);
    let (_, key) = api_key(project, &["--ledger", "client.db"]);
    let said = succeed(
        Command::new("python3")
            .args(["-c", CLIENT, &format!("http://{}", server.address)])
            .env("API_KEY", &key),
    );
    let answer: Value = serde_json::from_str(&said).unwrap();
    let ours = server.post("/api/predict", &key, &answer["sent"]).json();
    assert_eq!(answer["answer"]["predictions"], ours["predictions"]);
    assert!(ours["predictions"][0]["score"].is_f64(), "{ours}");
}

/// Finds the operation, builds a row from its schema, authenticates as the document says, and checks the answer's shape.
const CLIENT: &str = r##"
import json, os, sys, urllib.parse, urllib.request
base = sys.argv[1]
document = json.load(urllib.request.urlopen(base + "/openapi.json"))
def resolve(node):
    while "$ref" in node:
        target = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        node = target
    return node
def make(schema):
    schema = resolve(schema)
    for word in ("oneOf", "anyOf", "allOf"):
        if word in schema:
            return make(schema[word][0])
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        return {name: make(schema["properties"][name]) for name in schema.get("required", schema.get("properties", {}))}
    if kind == "array":
        return [make(schema["items"])]
    return {"number": schema.get("minimum", 1), "integer": schema.get("minimum", 1), "boolean": True, "string": "x"}[kind]
path, operation = next(
    (path, item["post"]) for path, item in document["paths"].items() if item.get("post", {}).get("operationId") == "predict"
)
body = make(operation["requestBody"]["content"]["application/json"]["schema"])
schemes = document["components"]["securitySchemes"]
required = operation.get("security", document.get("security"))
scheme = next(s for s in (schemes[name] for choice in required for name in choice) if s["type"] == "http")
assert scheme["scheme"].lower() == "bearer", scheme
request = urllib.request.Request(
    urllib.parse.urljoin(urllib.parse.urljoin(base, document["servers"][0]["url"]), path.lstrip("/")),
    json.dumps(body).encode(),
    {"Content-Type": "application/json", "Authorization": "Bearer " + os.environ["API_KEY"]},
)
answer = json.load(urllib.request.urlopen(request))
schema = resolve(operation["responses"]["200"]["content"]["application/json"]["schema"])
missing = [name for name in schema["required"] if name not in answer]
assert not missing, missing
json.dump({"sent": body, "answer": answer}, sys.stdout)
"##;

/// The `data` of an answer of Prometheus; nothing while it does not answer.
fn ask(address: SocketAddr, path: &str) -> Value {
    let asked = || -> Option<Value> {
        let mut stream = TcpStream::connect(address).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
        write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n").ok()?;
        let mut text = String::new();
        stream.read_to_string(&mut text).ok()?;
        serde_json::from_str(text.split_once("\r\n\r\n")?.1).ok()
    };
    asked().unwrap_or_default()["data"].clone()
}

#[test]
fn a_real_prometheus_scrapes_the_server_with_what_deploy_monitoring_wrote() {
    let Some(prometheus) = tool("prometheus") else { return };
    let project = finished();
    let server = Server::start(project, &project.package(), &["--ledger", "scraped.db"]);
    let (_, key) = api_key(project, &["--ledger", "scraped.db"]);
    server.post("/api/predict", &key, &applicant(project));

    let folder = tempfile::tempdir().unwrap();
    let package = project.package();
    project.ok(&[
        "deploy",
        "monitoring",
        package.to_str().unwrap(),
        "--target",
        &server.address.to_string(),
        "--output",
        folder.path().to_str().unwrap(),
    ]);
    let config = folder.path().join("prometheus.yml");
    // Only faster than written.
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replace("_interval: 15s", "_interval: 1s")).unwrap();
    let address = free_address();
    let service = Service::start(
        Command::new(prometheus)
            .current_dir(&folder)
            .arg("--config.file=prometheus.yml")
            .arg("--storage.tsdb.path=data")
            .arg("--log.level=error")
            .arg(format!("--web.listen-address={address}")),
        address,
    );
    let targets = || ask(address, "/api/v1/targets")["activeTargets"].clone();
    until("the target is up", || targets()[0]["health"] == "up");
    assert_eq!(targets().as_array().unwrap().len(), 1, "{}", targets());
    until("every rule is evaluated without a fault", || {
        let rules = ask(address, "/api/v1/rules")["groups"][0]["rules"].clone();
        rules.as_array().is_some_and(|rules| {
            rules.len() > 10 && rules.iter().all(|rule| rule["health"] == "ok")
        })
    });
    let names = ask(address, "/api/v1/label/__name__/values");
    let scraped: Vec<&str> = names.as_array().unwrap().iter().filter_map(Value::as_str).collect();
    for series in ingot_deploy::metrics::series() {
        assert!(scraped.contains(&series.as_str()), "{series} is not exported: {scraped:?}");
    }
    let dashboard: Value = serde_json::from_slice(
        &std::fs::read(folder.path().join("grafana-dashboard.json")).unwrap(),
    )
    .unwrap();
    let mut queries = 0;
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            for name in ingot_deploy::metrics::named_in(target["expr"].as_str().unwrap()) {
                assert!(scraped.contains(&name.as_str()), "{}: {name}", panel["title"]);
            }
            queries += 1;
        }
    }
    assert!(queries > 15, "{queries}");
    drop(service);
}

#[test]
fn age_model_signing_and_cyclonedx_accept_the_real_package() {
    let (Some(age), Some(signing), Some(python)) =
        (tool("age"), tool("model_signing"), tool("python"))
    else {
        return;
    };
    let project = finished();
    let folder = tempfile::tempdir().unwrap();
    succeed(Command::new("tar").arg("-xf").arg(project.package()).arg("-C").arg(folder.path()));

    let mut payloads = 0;
    for entry in std::fs::read_dir(folder.path().join("payload")).unwrap() {
        let path = entry.unwrap().path();
        let open = |identity: &std::path::Path| {
            ran(Command::new(&age).arg("-d").arg("-i").arg(identity).arg(&path))
        };
        let opened = open(&project.path("keys/identity.txt"));
        assert!(opened.status.success(), "{}", String::from_utf8_lossy(&opened.stderr));
        assert!(!opened.stdout.is_empty(), "{}", path.display());
        let name = path.file_name().unwrap().to_str().unwrap();
        if name.starts_with("model.") {
            assert!(opened.stdout.starts_with(b"tree\n"), "{name} is no LightGBM model");
        }
        payloads += 1;
    }
    assert!(payloads >= 2, "{payloads}");

    let verify = || {
        ran(Command::new(&signing)
            .current_dir(&folder)
            .args(["verify", "key", ".", "--signature", "model.sig", "--public_key"])
            .arg(project.path("keys/signing.pub")))
    };
    let said = verify();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));

    let bom = folder.path().join("bom.cdx.json");
    let said = succeed(Command::new(&python).arg("-c").arg(VALIDATE).arg(&bom));
    assert_eq!(said.trim(), "valid invalid");

    let card = folder.path().join("manifest.json");
    let mut bytes = std::fs::read(&card).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&card, bytes).unwrap();
    assert!(!verify().status.success(), "a flipped bit was accepted");
}

/// The verdict on the bill of materials, and on one with a component type that there is not.
const VALIDATE: &str = "
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
validator = JsonStrictValidator(SchemaVersion.V1_7)
text = open(sys.argv[1], encoding='utf-8').read()
changed = text.replace('machine-learning-model', 'oracle')
error = validator.validate_str(text)
if error:
    print(error, file=sys.stderr)
print(*['invalid' if e else 'valid' for e in (error, validator.validate_str(changed))])
";
