//! Tools nobody here wrote. Where the test tools are set up (`INGOT_TEST_TOOLS=required`) a missing one fails the test;
//! elsewhere its check is left out with a word.

use crate::support::Project;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Whether every tool must be here.
pub(crate) fn required() -> bool {
    std::env::var("INGOT_TEST_TOOLS").as_deref() == Ok("required")
}

/// Where a tool is, or `None` when it is not here and need not be.
pub(crate) fn tool(name: &str) -> Option<PathBuf> {
    let own = std::env::var_os("INGOT_TEST_VENV").map(|folder| Path::new(&folder).join("bin"));
    let postgres = std::env::var_os("INGOT_TEST_PG_BIN").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Any Python is not one with the libraries inside.
    let system = std::env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin"].map(PathBuf::from))
        .filter(|_| name != "python");
    let found = own
        .into_iter()
        .chain(postgres)
        .chain(system)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file());
    if found.is_none() {
        assert!(!required(), "`{name}` is missing; run scripts/test-tools.sh");
        println!("`{name}` is not on this machine: its check is left out");
    }
    found
}

/// Whether these published files, which no package carries, are here. Where the test tools are set up they are fetched, and a test
/// without them fails.
pub(crate) fn published(project: &Project, names: &[&str]) -> bool {
    use ingot_pipeline::models::Published;
    if required() {
        project.ok(&[&["pull"][..], names].concat());
    }
    let there = names.iter().all(|name| Published::named(name).unwrap().path().is_file());
    if !there {
        assert!(!required(), "`ingot pull {}` fetched nothing", names.join(" "));
        println!("`ingot pull {}` was not run: the check is left out", names.join(" "));
    }
    there
}

/// Runs to the end and demands success; standard output as text.
pub(crate) fn succeed(command: &mut Command) -> String {
    let output = ran(command);
    assert!(
        output.status.success(),
        "{command:?}\n{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// Runs to the end.
pub(crate) fn ran(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

pub(crate) fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// A tool that serves until the test ends; ended by its own id.
pub(crate) struct Service {
    child: Child,
}

impl Service {
    /// Starts it and waits until it takes connections at `address`.
    pub(crate) fn start(command: &mut Command, address: SocketAddr) -> Self {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        let mut service = Self { child };
        until("the service takes connections", || {
            let ended = service.child.try_wait().unwrap();
            assert!(ended.is_none(), "{command:?} ended: {ended:?}");
            TcpStream::connect(address).is_ok()
        });
        service
    }

    /// Asks it to end, and waits.
    pub(crate) fn terminate(mut self) -> Option<i32> {
        succeed(Command::new("kill").args(["-TERM", &self.child.id().to_string()]));
        self.child.wait().unwrap().code()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits for something that is bound to come.
pub(crate) fn until(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(90), "in vain: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
