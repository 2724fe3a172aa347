//! A server for a test, and a small HTTP client.

use crate::fake::{Behaviour, FakeLoader};
use ingot_base::{Clock, Secret, SystemClock};
use ingot_ledger::{KeyRequest, Ledger, NewKey, Scope};
use ingot_serve::{Access, Event, Governance, Observer, Settings, serve_with};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::oneshot;

pub(crate) const WAIT: Duration = Duration::from_secs(20);

/// Keeps what the server tells, as text in which canaries can be hunted.
#[derive(Debug, Default)]
pub(crate) struct Told(pub(crate) Mutex<Vec<String>>);

impl Observer for Told {
    fn access(&self, access: &Access<'_>) {
        self.0.lock().unwrap().push(format!("{access:?}"));
    }

    fn event(&self, event: &Event<'_>) {
        self.0.lock().unwrap().push(format!("{event:?}"));
    }
}

/// A running server; drained when dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) folder: TempDir,
    pub(crate) behaviour: Arc<Behaviour>,
    pub(crate) told: Arc<Told>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<ingot_base::Result<()>>>,
}

impl Server {
    /// Ungoverned, with `made-up` 1.0.0.
    pub(crate) fn start() -> Self {
        Self::with(Behaviour::default(), |_| {})
    }

    pub(crate) fn with(behaviour: Behaviour, change: impl FnOnce(&mut Settings)) -> Self {
        Self::try_with(behaviour, change).unwrap()
    }

    /// With keys: a ledger in the server's folder.
    pub(crate) fn governed(change: impl FnOnce(&mut Settings)) -> Self {
        Self::governed_with(Behaviour::default(), change)
    }

    pub(crate) fn governed_with(behaviour: Behaviour, change: impl FnOnce(&mut Settings)) -> Self {
        Self::with(behaviour, |settings| {
            let folder = settings.packages[0].parent().unwrap();
            let ledger = folder.join("ledger.db").display().to_string();
            settings.governance = Governance::Governed { ledger, pepper: pepper() };
            change(settings);
        })
    }

    /// At a time of the test's choice.
    pub(crate) fn with_clock(clock: Arc<dyn Clock>, change: impl FnOnce(&mut Settings)) -> Self {
        Self::try_at(clock, Behaviour::default(), change).unwrap()
    }

    pub(crate) fn try_with(
        behaviour: Behaviour,
        change: impl FnOnce(&mut Settings),
    ) -> ingot_base::Result<Self> {
        Self::try_at(Arc::new(SystemClock), behaviour, change)
    }

    fn try_at(
        clock: Arc<dyn Clock>,
        behaviour: Behaviour,
        change: impl FnOnce(&mut Settings),
    ) -> ingot_base::Result<Self> {
        let folder = tempfile::tempdir().unwrap();
        let package = folder.path().join("made-up-1.0.0.ingot");
        ingot_base::atomic::write(&package, b"made-up 1.0.0").unwrap();
        let behaviour = Arc::new(behaviour);
        let told = Arc::new(Told::default());
        let listen = "127.0.0.1:0".parse().unwrap();
        let mut settings = Settings::new(listen, vec![package], Governance::Ungoverned);
        settings.observer = Arc::<Told>::clone(&told);
        settings.limits.drain_delay = Duration::ZERO;
        change(&mut settings);
        let loader = Arc::new(FakeLoader(Arc::clone(&behaviour)));
        let (stop, stopped) = oneshot::channel::<()>();
        let (tell, ready) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .unwrap();
            let shutdown = async {
                let _ = stopped.await;
            };
            let ready = |address| tell.send(address).unwrap();
            runtime.block_on(serve_with(settings, loader, clock, ready, shutdown))
        });
        let Ok(address) = ready.recv() else {
            return Err(thread.join().unwrap().unwrap_err());
        };
        Ok(Self { address, folder, behaviour, told, stop: Some(stop), thread: Some(thread) })
    }

    /// Tells the server to end, without waiting.
    pub(crate) fn stop(&mut self) {
        drop(self.stop.take());
    }

    /// Waits for its end.
    pub(crate) fn join(&mut self) -> ingot_base::Result<()> {
        self.stop();
        self.thread.take().map_or(Ok(()), |thread| thread.join().unwrap())
    }

    pub(crate) fn package(&self, name: &str, content: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        ingot_base::atomic::write(&path, content.as_bytes()).unwrap();
        path
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.address)
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.client().send("GET", path, &[], b"")
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.client().post(path, body)
    }

    /// What another process would do: the ledger opened once more.
    pub(crate) fn ledger<T>(&self, work: impl AsyncFnOnce(Ledger) -> T) -> T {
        let url = self.folder.path().join("ledger.db").display().to_string();
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(
            async {
                let ledger = Ledger::open(&url, pepper()).await.unwrap();
                work(ledger).await
            },
        )
    }

    pub(crate) fn key(&self, scopes: &[Scope], rate: Option<u32>) -> NewKey {
        let request = KeyRequest {
            name: "test".into(),
            tenant: "default".into(),
            scopes: scopes.to_vec(),
            expires_at_ms: None,
            rate_per_minute: rate,
        };
        self.ledger(async |ledger| ledger.create_key(request).await.unwrap())
    }

    /// Everything that was told, as one text.
    pub(crate) fn log(&self) -> String {
        self.told.0.lock().unwrap().join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let ended = self.join();
        if !std::thread::panicking() {
            ended.unwrap();
        }
    }
}

fn pepper() -> Secret<Vec<u8>> {
    Secret::new(vec![7; 32])
}

/// One connection.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(WAIT)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream: BufReader::new(stream) }
    }

    pub(crate) fn post(&mut self, path: &str, body: &Value) -> Answer {
        let headers = [("Content-Type", "application/json")];
        self.send("POST", path, &headers, body.to_string().as_bytes())
    }

    pub(crate) fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        self.try_send(method, path, headers, body).unwrap()
    }

    pub(crate) fn try_send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> std::io::Result<Answer> {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: test\r\n");
        for (name, value) in headers {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        if !body.is_empty() || method == "POST" {
            write!(head, "Content-Length: {}\r\n", body.len()).unwrap();
        }
        head += "\r\n";
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(body);
        self.raw(&bytes)?;
        self.read()
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    pub(crate) fn read(&mut self) -> std::io::Result<Answer> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or(std::io::ErrorKind::InvalidData)?;
        let mut headers = Vec::new();
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut answer = Answer { status, headers, body: Vec::new() };
        let length = answer.header("content-length").map_or(0, |text| text.parse().unwrap());
        answer.body = vec![0; length];
        self.stream.read_exact(&mut answer.body)?;
        if answer.header("transfer-encoding") == Some("chunked") {
            while let Some(chunk) = self.chunk()? {
                answer.body.extend(chunk);
            }
        }
        Ok(answer)
    }

    /// The next piece of a body that flows; `None` at its end.
    fn chunk(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let length =
            usize::from_str_radix(line.trim(), 16).map_err(|_| std::io::ErrorKind::InvalidData)?;
        let mut chunk = vec![0; length + 2];
        self.stream.read_exact(&mut chunk)?;
        chunk.truncate(length);
        Ok((length > 0).then_some(chunk))
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }

    /// The last segment of a problem's type; the document itself is checked on the way.
    pub(crate) fn problem(&self) -> String {
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json"),
            "{}",
            self.text()
        );
        let document = self.json();
        assert_eq!(document["status"], self.status);
        assert!(document["title"].is_string() && document["detail"].is_string(), "{document}");
        assert_eq!(document["request_id"].as_str(), self.header("x-request-id"));
        let kind = document["type"].as_str().unwrap();
        kind.strip_prefix("urn:ingot:problem:").unwrap().to_owned()
    }

    /// The fields of a 422 with their codes.
    pub(crate) fn fields(&self) -> Vec<(String, String)> {
        assert_eq!(self.status, 422, "{}", self.text());
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        self.json()["errors"]
            .as_array()
            .unwrap_or_else(|| panic!("{}", self.text()))
            .iter()
            .map(|error| (text(&error["field"]), text(&error["code"])))
            .collect()
    }
}

pub(crate) fn row(age: f64) -> Value {
    json!({ "age": age, "job": "医生", "owner": true })
}

/// Waits until something holds.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..2000 {
        if holds() {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("never: {what}");
}
