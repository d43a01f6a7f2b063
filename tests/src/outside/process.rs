//! Daybook as a process of this machine, which can be killed and started again. When it ends, what it printed and what it
//! keeps are searched for canaries and for secrets.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use super::daybook::{API_KEY, HOOK_SECRET, PLATFORM_KEY};
use crate::canary::sinks::{assert_silent, files};
use crate::canary::words::{all_secrets, content, keys};

pub struct Process {
    pub child: Child,
    pub address: SocketAddr,
    /// What it prints, to whichever of its two outputs.
    pub log: Log,
    binary: PathBuf,
    data: PathBuf,
    settings: Vec<(String, String)>,
    /// Who read what it prints.
    readers: Vec<JoinHandle<()>>,
}

type Log = Arc<Mutex<Vec<u8>>>;

impl Process {
    /// Starts on a free port with `data` as its folder; `more` are variables.
    pub fn start(binary: &Path, data: &Path, more: &[(&str, &str)]) -> Self {
        let settings = more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let settings: Vec<_> = settings.collect();
        let log = Log::default();
        let Spawned { child, address, readers } = spawn(binary, data, &settings, &log);
        Self { child, address, log, binary: binary.to_owned(), data: data.to_owned(), settings, readers }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// With the same folder and settings, on another free port.
    pub fn start_again(&mut self) {
        let spawned = spawn(&self.binary, &self.data, &self.settings, &self.log);
        (self.child, self.address, self.readers) = (spawned.child, spawned.address, spawned.readers);
    }

    /// As `kill -9`.
    pub fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        // Its last lines count too.
        self.readers.drain(..).for_each(|reader| reader.join().expect("a reader reads to the end"));
    }

    fn assert_kept_nothing(&self) {
        let log = self.log.lock().expect("no panic while printing");
        assert_silent("the log", &log, &[all_secrets(), keys()].concat());
        // Sandboxes keep their own, which is where all this stands.
        let kept = files(&self.data, &|name| !name.starts_with("sandbox-") && !name.starts_with("ehr.db"));
        assert_silent("the files", &kept, &[content(), keys()].concat());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
        if !std::thread::panicking() {
            self.assert_kept_nothing();
        }
    }
}

struct Spawned {
    child: Child,
    address: SocketAddr,
    readers: Vec<JoinHandle<()>>,
}

fn spawn(binary: &Path, data: &Path, more: &[(String, String)], log: &Log) -> Spawned {
    let mut command = Command::new(binary);
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("DAYBOOK_LISTEN", "127.0.0.1:0")
        .env("DAYBOOK_DATA_DIR", data)
        .env("DAYBOOK_API_KEY", API_KEY)
        .env("DAYBOOK_PLATFORM_KEY", PLATFORM_KEY)
        .env("DAYBOOK_EHR_HOOK_SECRET", HOOK_SECRET)
        .env("DAYBOOK_SWEEP_SECONDS", "2")
        .env("RUST_BACKTRACE", "1")
        .current_dir(data)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    for (name, value) in more {
        command.env(name, value);
    }
    let mut child = command.spawn().expect("the binary starts");
    // Somebody must read all of it, or the process stops when a pipe is full.
    let (said, errors) = (log.clone(), child.stderr.take().expect("a pipe"));
    let errors = std::thread::spawn(move || repeat(errors, &said));
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let first = lines.next().expect("a first line").expect("readable");
    let address = first.strip_prefix("listening on http://").and_then(|at| at.parse().ok());
    let address = address.unwrap_or_else(|| panic!("the first line tells the address, not {first}"));
    let said = log.clone();
    let keep_all = move || lines.map_while(Result::ok).for_each(|line| keep(&said, line.as_bytes()));
    Spawned { child, address, readers: vec![errors, std::thread::spawn(keep_all)] }
}

fn keep(log: &Log, line: &[u8]) {
    let mut log = log.lock().expect("no panic while printing");
    log.extend_from_slice(line);
    log.push(b'\n');
}

/// Keeps what is printed and prints it in turn, for whoever reads a failure.
fn repeat(errors: impl Read, log: &Log) {
    for line in BufReader::new(errors).lines().map_while(Result::ok) {
        eprintln!("{line}");
        keep(log, line.as_bytes());
    }
}
