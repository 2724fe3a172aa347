//! Scheduler, executors and clients of one process.

use ingot_base::{Fault, Result, fault};
use ingot_cluster::{
    Answer, Client, Identity, Job, Role, Scheduler, Work, execute, write_certificates,
};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::runtime::Runtime;

const NOW: i64 = 1_795_651_200;

/// Adds the setup's byte to every byte of a piece; what begins with 255 cannot be done, with 254 panics.
struct Adder(Arc<AtomicU64>);
struct Adding(u8, Arc<AtomicU64>);

impl Work for Adder {
    fn prepare(&self, setup: &[u8]) -> Result<Box<dyn Job>> {
        let byte = *setup.first().ok_or_else(|| fault::internal("no setup"))?;
        Ok(Box::new(Adding(byte, Arc::clone(&self.0))))
    }
}

impl Job for Adding {
    fn piece(&self, bytes: &[u8]) -> Result<Vec<u8>> {
        assert!(bytes.first() != Some(&254), "a piece that panics");
        if bytes.first() == Some(&255) {
            return Err(fault::internal("cannot be done"));
        }
        self.1.fetch_add(1, Ordering::Relaxed);
        Ok(bytes.iter().map(|byte| byte.wrapping_add(self.0)).collect())
    }
}

struct Cluster {
    runtime: Runtime,
    address: SocketAddr,
    folder: TempDir,
}

impl Cluster {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // From yesterday, so that a test's clock does not matter.
        let now = i64::try_from(
            std::fs::metadata(folder.path())
                .unwrap()
                .modified()
                .unwrap()
                .duration_since(std::time::UNIX_EPOCH)
                .unwrap()
                .as_secs(),
        )
        .unwrap();
        write_certificates(folder.path(), now, 30).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let identity = Identity::read(folder.path(), Role::Scheduler).unwrap();
        let address = "127.0.0.1:0".parse().unwrap();
        let scheduler = runtime.block_on(Scheduler::bind(address, &identity, "1", |_| ())).unwrap();
        let address = scheduler.address().unwrap();
        runtime.spawn(scheduler.run());
        Self { runtime, address, folder }
    }

    fn executor(
        &self,
        version: &'static str,
    ) -> (tokio::task::JoinHandle<Result<()>>, Arc<AtomicU64>) {
        let identity = Identity::read(self.folder.path(), Role::Executor).unwrap();
        let address = self.address.to_string();
        let done = Arc::new(AtomicU64::new(0));
        let work = Arc::new(Adder(Arc::clone(&done)));
        let task = self
            .runtime
            .spawn(async move { execute(&address, &identity, version, 2, work, &|_| {}).await });
        (task, done)
    }

    fn client(&self, folder: &Path, role: Role) -> std::result::Result<Client, Fault> {
        let identity = Identity::read(folder, role)?;
        Client::connect(&self.address.to_string(), &identity, "1", vec![1])
    }
}

#[test]
fn pieces_are_done_by_all_executors_and_come_back_to_their_askers() {
    let cluster = Cluster::start();
    let executors = [cluster.executor("1"), cluster.executor("1")];
    let client = cluster.client(cluster.folder.path(), Role::Client).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..8_u8 {
            let client = &client;
            scope.spawn(move || {
                for piece in 0..50 {
                    let answer = client.piece(vec![thread, piece, 7]).unwrap();
                    assert_eq!(answer, Answer::Done(vec![thread + 1, piece + 1, 8]));
                }
            });
        }
    });
    let counts: Vec<u64> = executors.iter().map(|(_, done)| done.load(Ordering::Relaxed)).collect();
    assert_eq!(counts.iter().sum::<u64>(), 400);
    assert!(counts.iter().all(|count| *count > 0), "both worked: {counts:?}");
}

#[test]
fn what_cannot_be_done_goes_back_and_harms_nobody() {
    let cluster = Cluster::start();
    let _executor = cluster.executor("1");
    let client = cluster.client(cluster.folder.path(), Role::Client).unwrap();
    assert_eq!(client.piece(vec![255]).unwrap(), Answer::Undone);
    assert_eq!(client.piece(vec![254]).unwrap(), Answer::Undone);
    assert_eq!(client.piece(vec![3]).unwrap(), Answer::Done(vec![4]));
}

#[test]
fn an_executor_that_is_refused_is_told_why_once() {
    let cluster = Cluster::start();
    let other = tempfile::tempdir().unwrap();
    write_certificates(other.path(), NOW, 30).unwrap();
    let identity = Identity::read(other.path(), Role::Executor).unwrap();
    let told = Mutex::new(Vec::new());
    let tell = |fault: &Fault| told.lock().unwrap().push(fault.code());
    let address = cluster.address.to_string();
    let work = Arc::new(Adder(Arc::default()));
    let working = execute(&address, &identity, "1", 1, work, &tell);
    let ended = cluster.runtime.block_on(async {
        // Several tries: 100, 200, 400 and 800 milliseconds apart.
        tokio::time::timeout(Duration::from_secs(2), working).await
    });
    assert!(ended.is_err(), "it is tried again");
    assert_eq!(*told.lock().unwrap(), ["cluster-retried"]);
    std::fs::copy(other.path().join("client.pem"), other.path().join("executor.pem")).unwrap();
    let fault = Identity::read(other.path(), Role::Executor).unwrap_err();
    assert_eq!(fault.code(), "cluster-identity");
}

#[test]
fn an_executor_that_is_ended_loses_nothing() {
    let cluster = Cluster::start();
    let (first, _) = cluster.executor("1");
    let client = cluster.client(cluster.folder.path(), Role::Client).unwrap();
    assert_eq!(client.piece(vec![1]).unwrap(), Answer::Done(vec![2]));
    first.abort();
    let _second = cluster.executor("1");
    for piece in 0..20 {
        assert_eq!(client.piece(vec![piece]).unwrap(), Answer::Done(vec![piece + 1]));
    }
}

#[test]
fn certificates_of_another_cluster_other_roles_and_open_keys_are_refused() {
    let cluster = Cluster::start();
    let other = Cluster::start();
    let error = cluster.client(other.folder.path(), Role::Client).unwrap_err();
    assert_eq!(error.code(), "cluster-unreachable");
    // The scheduler's certificate is none to come with.
    let error = cluster.client(cluster.folder.path(), Role::Scheduler).unwrap_err();
    assert_eq!(error.code(), "cluster-unreachable");
    let key = cluster.folder.path().join("client.key");
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    assert_eq!(
        Identity::read(cluster.folder.path(), Role::Client).unwrap_err().code(),
        "cluster-identity"
    );
    assert!(write_certificates(Path::new("/proc/none"), NOW, 1).is_err());
}

#[test]
fn another_version_of_the_program_is_turned_away() {
    let cluster = Cluster::start();
    let (task, _) = cluster.executor("2");
    let ended = cluster.runtime.block_on(task).unwrap().unwrap_err();
    assert_eq!(ended.code(), "cluster-version");
}

#[test]
fn bytes_that_are_no_tls_harm_nobody() {
    use std::io::Write as _;
    let cluster = Cluster::start();
    let _executor = cluster.executor("1");
    for _ in 0..20 {
        let mut stream = std::net::TcpStream::connect(cluster.address).unwrap();
        stream.write_all(&[0x16; 4096]).unwrap();
    }
    let client = cluster.client(cluster.folder.path(), Role::Client).unwrap();
    assert_eq!(client.piece(vec![1]).unwrap(), Answer::Done(vec![2]));
}
