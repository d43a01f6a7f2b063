//! A real CalDAV server for one test: Radicale, started on a free port of this machine with a store of its own, and
//! ended by its process id when the test lets go of it. It does not install itself: `cargo xtask tools` does.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "test support: a failure here is a failed test")]

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

/// The only user.
pub const USERNAME: &str = "clinician";
pub const PASSWORD: &str = "secret-ada";

/// A minute, on a busy machine.
const ATTEMPTS: usize = 1200;
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(50);

/// A running server.
pub struct Radicale {
    process: Child,
    port: u16,
    room: TempDir,
}

impl Radicale {
    /// Starts one, and waits until it answers. `None` where it is not installed and nobody requires it, which
    /// `DAYBOOK_TEST_SERVERS=required` does.
    pub fn start() -> Option<Self> {
        let Some(binary) = binary() else {
            let required = std::env::var("DAYBOOK_TEST_SERVERS").is_ok_and(|value| value == "required");
            assert!(!required, "Radicale is not installed: cargo xtask tools");
            println!("skipped: Radicale is not installed; get it by: cargo xtask tools");
            return None;
        };
        let room = tempfile::tempdir().expect("a temporary folder");
        let port = free_port();
        let config = configure(room.path(), port);
        let log = std::fs::File::create(room.path().join("log")).expect("a log file");
        let process = Command::new(binary)
            .arg("--config")
            .arg(config)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("Radicale starts");
        let server = Self { process, port, room };
        server.wait();
        Some(server)
    }

    /// Where it answers, without a last slash.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// How many requests of this method it has seen.
    pub fn count_requests(&self, method: &str) -> usize {
        let log = std::fs::read_to_string(self.room.path().join("log")).unwrap_or_default();
        log.matches(&format!("{method} request for")).count()
    }

    /// From now on only this password is accepted.
    pub fn change_password(&self, password: &str) {
        std::fs::write(self.room.path().join("users"), format!("{USERNAME}:{password}\n"))
            .expect("a user file");
    }

    fn wait(&self) {
        let answers = (0..ATTEMPTS).any(|_| {
            let there = TcpStream::connect(("127.0.0.1", self.port)).is_ok();
            if !there {
                std::thread::sleep(BETWEEN_ATTEMPTS);
            }
            there
        });
        assert!(answers, "Radicale does not answer");
    }
}

impl Drop for Radicale {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// From `$DAYBOOK_TEST_TOOLS`, else from the workspace's own target folder.
fn binary() -> Option<PathBuf> {
    let tools = std::env::var_os("DAYBOOK_TEST_TOOLS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/test-tools"), PathBuf::from);
    let binary = tools.join("venv/bin/radicale");
    binary.is_file().then_some(binary)
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

fn configure(room: &Path, port: u16) -> PathBuf {
    let users = room.join("users");
    std::fs::write(&users, format!("{USERNAME}:{PASSWORD}\n")).expect("a user file");
    let config = room.join("config");
    let text = format!(
        "[server]\nhosts = 127.0.0.1:{port}\n\
         [auth]\ntype = htpasswd\nhtpasswd_filename = {}\nhtpasswd_encryption = plain\ndelay = 0\n\
         [storage]\nfilesystem_folder = {}\n[logging]\nlevel = info\n",
        users.display(),
        room.join("store").display()
    );
    std::fs::write(&config, text).expect("a configuration");
    config
}
