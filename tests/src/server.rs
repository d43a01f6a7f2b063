//! A real server for a test: a program that `cargo xtask tools` installed, started on a free port of this machine with
//! a folder of its own, and ended by its process id when the test lets go of it. It installs nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "test support: a failure here is a failed test")]

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::tools;

/// A minute, on a busy machine.
const ATTEMPTS: usize = 1200;
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(50);

/// A running server.
pub struct Server {
    process: Child,
    port: u16,
    room: TempDir,
}

impl Server {
    /// Starts a program as it is told to, in which folder and on which port, and waits until it answers. `None` where
    /// it is not installed and nobody requires it, which `DAYBOOK_TEST_SERVERS=required` does.
    pub fn start(program: &str, prepare: impl FnOnce(&mut Command, &Path, u16)) -> Option<Self> {
        let binary = installed(program)?;
        let room = tempfile::tempdir().expect("a temporary folder");
        let port = tools::free_port();
        let log = std::fs::File::create(room.path().join("log")).expect("a log file");
        let mut command = Command::new(binary);
        prepare(&mut command, room.path(), port);
        let process = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn();
        let server = Self { process: process.expect("it starts"), port, room };
        assert!(server.answers(), "{program} does not answer: {}", server.log());
        Some(server)
    }

    /// Where it answers, without a last slash.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its folder.
    pub fn room(&self) -> &Path {
        self.room.path()
    }

    /// What it has complained of.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.room.path().join("log")).unwrap_or_default()
    }

    fn answers(&self) -> bool {
        (0..ATTEMPTS).any(|_| {
            let there = TcpStream::connect(("127.0.0.1", self.port)).is_ok();
            if !there {
                std::thread::sleep(BETWEEN_ATTEMPTS);
            }
            there
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn installed(program: &str) -> Option<PathBuf> {
    let binary = tools::folder().join("venv/bin").join(program);
    let found = binary.is_file().then_some(binary);
    tools::required(found, &format!("{program} is not installed: cargo xtask tools"))
}
