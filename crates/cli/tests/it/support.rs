//! A throw-away project around the real binary.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The identity columns' first raw value and every other canary that must never be seen outside the source.
pub(crate) const CANARY_COLUMNS: [&str; 5] = ["customer_id", "name", "id_number", "phone", "note"];

/// Values of some columns of the finance table.
pub(crate) fn canaries(wanted: &[&str]) -> Vec<String> {
    let text =
        std::fs::read_to_string(workspace().join("verticals/finance/data/german_credit.csv"))
            .unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().unwrap().clone();
    let columns: Vec<usize> = header
        .iter()
        .enumerate()
        .filter(|(_, name)| wanted.contains(name))
        .map(|(index, _)| index)
        .collect();
    assert_eq!(columns.len(), wanted.len());
    let mut canaries: Vec<String> = Vec::new();
    for record in reader.records().take(400) {
        let record = record.unwrap();
        canaries.extend(
            columns
                .iter()
                .map(|column| record[*column].to_owned())
                .filter(|value| value.len() >= 6),
        );
    }
    canaries
}

/// Every file below a folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

pub(crate) fn workspace() -> PathBuf {
    Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap())
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// Where a project is: its own folder, or one shared by all tests.
pub(crate) enum Folder {
    Own(TempDir),
    Shared(PathBuf),
}

/// A project folder with the finance data and a recipe that trains in a moment.
pub(crate) struct Project {
    dir: Folder,
}

impl Project {
    pub(crate) fn new() -> Self {
        Self::inside(Folder::Own(tempfile::tempdir().unwrap()))
    }

    /// A folder with nothing in it.
    pub(crate) fn empty() -> Self {
        Self { dir: Folder::Own(tempfile::tempdir().unwrap()) }
    }

    /// A folder with a table of loans, `loans.csv`, and a recipe.
    pub(crate) fn of(csv: &str, recipe: &str) -> Self {
        let project = Self::empty();
        std::fs::write(project.path("loans.csv"), csv).unwrap();
        std::fs::write(project.path("ingot.toml"), recipe).unwrap();
        project
    }

    fn inside(dir: Folder) -> Self {
        let project = Self { dir };
        let data = workspace().join("verticals/finance/data/german_credit.csv");
        std::fs::create_dir(project.path("data")).unwrap();
        std::fs::copy(data, project.path("data/german_credit.csv")).unwrap();
        project.write_recipe("");
        project
    }

    /// The finance recipe with a small search, and `extra` lines appended.
    pub(crate) fn write_recipe(&self, extra: &str) {
        let recipe =
            std::fs::read_to_string(workspace().join("verticals/finance/ingot.toml")).unwrap();
        let recipe = recipe
            .lines()
            .map(|line| if line.starts_with("trials") { "trials = 2" } else { line })
            .collect::<Vec<_>>()
            .join("\n");
        std::fs::write(self.path("ingot.toml"), format!("{recipe}\n{extra}\n")).unwrap();
    }

    pub(crate) fn root(&self) -> &Path {
        match &self.dir {
            Folder::Own(dir) => dir.path(),
            Folder::Shared(path) => path,
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ingot"));
        command
            .current_dir(self.root())
            .args(args)
            .env_remove("INGOT_CRASH_POINT")
            .env("LC_ALL", "C.UTF-8");
        command
    }

    pub(crate) fn ingot(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Runs and requires success; standard output as text.
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let output = self.ingot(args);
        assert!(
            output.status.success(),
            "{args:?} ended {}\n{}\n{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs and requires success; standard error as text.
    pub(crate) fn warned(&self, args: &[&str]) -> String {
        let output = self.ingot(args);
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{args:?}\n{text}");
        text
    }

    /// Runs and requires this exit code; standard error as text.
    pub(crate) fn fails(&self, code: i32, args: &[&str]) -> String {
        let output = self.ingot(args);
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{args:?}\n{text}");
        text
    }

    /// The sealed package after a run.
    pub(crate) fn package(&self) -> PathBuf {
        let mut found: Vec<PathBuf> = std::fs::read_dir(self.path("dist"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "ingot"))
            .collect();
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    }

    /// The folder that the package is opened into, its payloads still sealed.
    pub(crate) fn opened(&self) -> PathBuf {
        let (package, folder) = (self.package(), self.path("opened"));
        let paths = [&package, &folder].map(|path| path.to_str().unwrap());
        self.ok(&["open", paths[0], "--sealed", "--output", paths[1]]);
        folder
    }
}

/// A project that has run once; shared by tests that only read it, across the processes that tests run in.
pub(crate) fn finished() -> &'static Project {
    static PROJECT: OnceLock<Project> = OnceLock::new();
    PROJECT.get_or_init(|| {
        let age = std::fs::metadata(env!("CARGO_BIN_EXE_ingot")).unwrap().modified().unwrap();
        let name =
            format!("finished-{}", age.duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos());
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&root).unwrap();
        let lock = std::fs::File::create(root.join("lock")).unwrap();
        lock.lock().unwrap();
        let dir = root.join("project");
        if root.join("done").exists() {
            return Project { dir: Folder::Shared(dir) };
        }
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir(&dir).unwrap();
        let project = Project::inside(Folder::Shared(dir));
        let output = project.ingot(&["--json", "--lang", "en", "run"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        std::fs::write(project.path("run.json"), output.stdout).unwrap();
        let again = project.ingot(&["run"]);
        std::fs::write(project.path("run.txt"), [again.stdout, again.stderr].concat()).unwrap();
        std::fs::write(root.join("done"), "").unwrap();
        project
    })
}

/// What the shared project's first run printed with `--json`.
pub(crate) fn finished_run() -> String {
    std::fs::read_to_string(finished().path("run.json")).unwrap()
}

/// Stage content digests as the run's JSON tells them.
pub(crate) fn contents(json: &str) -> Vec<(String, String)> {
    let document: serde_json::Value = serde_json::from_str(json).unwrap();
    document["stages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stage| {
            (
                stage["stage"].as_str().unwrap().to_owned(),
                stage["content"].as_str().unwrap().to_owned(),
            )
        })
        .collect()
}

/// A running server; killed by its own id when dropped.
pub(crate) struct Server {
    pub(crate) child: Child,
    pub(crate) address: SocketAddr,
    log: PathBuf,
}

impl Server {
    pub(crate) fn start(project: &Project, package: &Path, args: &[&str]) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let listen = format!("127.0.0.1:{port}");
        let mut all = vec!["--listen", &listen];
        all.extend(args);
        Self::start_at(listen.parse().unwrap(), project, package, &all)
    }

    /// Starts a server that listens at an address that the arguments, or a recipe, name.
    pub(crate) fn start_at(
        address: SocketAddr,
        project: &Project,
        package: &Path,
        args: &[&str],
    ) -> Self {
        let log = project.path(&format!("server-{}.log", address.port()));
        let file = std::fs::File::create(&log).unwrap();
        let mut all = vec!["serve", package.to_str().unwrap()];
        all.extend(args);
        let child = project
            .command(&all)
            .stdout(Stdio::from(file.try_clone().unwrap()))
            .stderr(Stdio::from(file))
            .spawn()
            .unwrap();
        let mut server = Self { child, address, log };
        let begun = Instant::now();
        loop {
            if let Ok(answer) = server.try_request("GET", "/readyz", &[], b"")
                && answer.status == 200
            {
                return server;
            }
            if let Some(status) = server.child.try_wait().unwrap() {
                panic!("server ended {status}: {}", server.log());
            }
            assert!(
                begun.elapsed() < Duration::from_mins(1),
                "server is not ready: {}",
                server.log()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    pub(crate) fn try_request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> std::io::Result<Answer> {
        request_to(self.address, method, path, headers, body)
    }

    pub(crate) fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        self.try_request(method, path, headers, body).unwrap()
    }

    pub(crate) fn post(&self, path: &str, key: &str, body: &serde_json::Value) -> Answer {
        let bearer = format!("Bearer {key}");
        self.request("POST", path, &[("Authorization", &bearer)], body.to_string().as_bytes())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends one request on a connection of its own.
pub(crate) fn request_to(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_mins(5)))?;
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    if !body.is_empty() || method == "POST" {
        write!(head, "Content-Length: {}\r\n", body.len()).unwrap();
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
            head.push_str("Content-Type: application/json\r\n");
        }
    }
    for (name, value) in headers {
        write!(head, "{name}: {value}\r\n").unwrap();
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    Answer::parse(&bytes).ok_or_else(|| std::io::Error::other("cut short"))
}

/// An HTTP answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        let body = if head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
            dechunk(body)?
        } else {
            body.to_owned()
        };
        Some(Self { status, head: head.to_owned(), body })
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

fn dechunk(mut rest: &str) -> Option<String> {
    let mut whole = String::new();
    loop {
        let (size, tail) = rest.split_once("\r\n")?;
        let size = usize::from_str_radix(size.trim(), 16).ok()?;
        if size == 0 {
            return Some(whole);
        }
        whole.push_str(tail.get(..size)?);
        rest = tail.get(size + 2..)?;
    }
}

/// A valid applicant, made from the model's own signature: the middle of each range, the first of each list.
pub(crate) fn applicant(project: &Project) -> serde_json::Value {
    let mut object = serde_json::Map::new();
    for input in &inputs(project) {
        let value = match input["kind"].as_str().unwrap() {
            "number" => {
                let middle =
                    f64::midpoint(input["min"].as_f64().unwrap(), input["max"].as_f64().unwrap());
                serde_json::json!(middle.floor())
            }
            "category" => input["values"][0].clone(),
            _ => serde_json::json!(true),
        };
        object.insert(input["name"].as_str().unwrap().to_owned(), value);
    }
    object.into()
}

/// What the package's model asks for.
fn inputs(project: &Project) -> Vec<serde_json::Value> {
    let package = project.package();
    let shown = project.ok(&["--json", "inspect", package.to_str().unwrap()]);
    let manifest: serde_json::Value = serde_json::from_str(&shown).unwrap();
    manifest["signature"]["inputs"].as_array().unwrap().clone()
}

/// The first rows of the finance table as the model takes them.
pub(crate) fn applicants(project: &Project, count: usize) -> Vec<serde_json::Value> {
    let inputs = inputs(project);
    let mut reader = csv::Reader::from_path(project.path("data/german_credit.csv")).unwrap();
    let header = reader.headers().unwrap().clone();
    let object = |record: csv::StringRecord| -> serde_json::Value {
        let fields = inputs.iter().map(|input| {
            let name = input["name"].as_str().unwrap();
            let cell = &record[header.iter().position(|known| known == name).unwrap()];
            let value = match input["kind"].as_str().unwrap() {
                _ if cell.is_empty() => serde_json::Value::Null,
                "number" => serde_json::json!(cell.parse::<f64>().unwrap()),
                _ => serde_json::json!(cell),
            };
            (name.to_owned(), value)
        });
        serde_json::Value::Object(fields.collect())
    };
    reader.records().take(count).map(|record| object(record.unwrap())).collect()
}

/// What the project's tables are read with; `personal` columns have the key of that class.
pub(crate) fn table_keys(project: &Project, personal: &[&str]) -> ingot_data::Encryption {
    let keyring = ingot_seal::Keyring::open(&project.path("keys")).unwrap();
    let key = |class: &str| ingot_data::ClassKey {
        key: keyring.derive(&format!("table/{class}"), 16),
        id: class.to_owned(),
    };
    ingot_data::Encryption {
        classes: ["general", "personal"].map(|class| (class.to_owned(), key(class))).into(),
        footer: key("footer"),
        columns: personal.iter().map(|name| ((*name).to_owned(), "personal".to_owned())).collect(),
        default_class: "general".to_owned(),
    }
}

/// A fresh API key.
pub(crate) fn api_key(project: &Project, extra: &[&str]) -> (String, String) {
    let mut args = vec!["--json", "key", "create", "--name", "test"];
    args.extend(extra);
    let made: serde_json::Value = serde_json::from_str(&project.ok(&args)).unwrap();
    (made["id"].as_str().unwrap().to_owned(), made["key"].as_str().unwrap().to_owned())
}
