//! The public face of a running Daybook: the one-machine deployment as a process, or a stack on AWS.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::eventually;
use crate::aws::Stack;
use crate::tools::required;

pub const API_KEY: &str = "test-key-of-the-demo-practice-0123456789";
pub const HOOK_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A running Daybook. It ends when dropped.
pub struct Daybook {
    pub url: String,
    client: reqwest::Client,
    runs: Runs,
    log: Log,
}

/// What a process prints, to whichever of its two outputs.
type Log = Arc<Mutex<Vec<u8>>>;

enum Runs {
    Process(Child),
    OnAws(Box<Stack>),
}

/// The binary under test, or `None` where it was not built.
pub fn binary() -> Option<PathBuf> {
    let named = std::env::var_os("DAYBOOK_BIN").map(PathBuf::from);
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/ci/daybook");
    let found = named.into_iter().chain([built]).find(|path| path.exists());
    required(found, "the binary is missing: cargo build --profile ci -p daybook-local")
}

impl Daybook {
    /// Starts on a free port with `data` as its data directory, reading the EHR at `ehr` if one is given.
    pub fn start(binary: &Path, data: &Path, more: &[(&str, &str)]) -> Self {
        let mut command = Command::new(binary);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("DAYBOOK_LISTEN", "127.0.0.1:0")
            .env("DAYBOOK_DATA_DIR", data)
            .env("DAYBOOK_API_KEY", API_KEY)
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
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let first = lines.next().expect("a first line").expect("readable");
        let url = first.strip_prefix("listening on ").expect("the first line tells the address").to_owned();
        // Somebody must read the rest, or the process stops when the pipe is full.
        let log = Log::default();
        let said = log.clone();
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| keep(&said, line.as_bytes())));
        let (said, errors) = (log.clone(), child.stderr.take().expect("a pipe"));
        std::thread::spawn(move || repeat(errors, &said));
        Self { url, client: client(), runs: Runs::Process(child), log }
    }

    pub fn on_aws(stack: Stack) -> Self {
        let url = stack.url.clone();
        Self { url, client: client(), runs: Runs::OnAws(Box::new(stack)), log: Log::default() }
    }

    /// What the process has printed since its first line.
    pub fn log(&self) -> Vec<u8> {
        self.log.lock().expect("no panic while printing").clone()
    }

    /// Where it listens.
    pub fn address(&self) -> std::net::SocketAddr {
        self.url.strip_prefix("http://").and_then(|at| at.parse().ok()).expect("the address is told")
    }

    /// As `kill -9`.
    pub fn kill(self) {
        assert!(matches!(self.runs, Runs::Process(_)), "it is no process");
    }

    fn process_id(&self) -> u32 {
        match &self.runs {
            Runs::Process(child) => child.id(),
            Runs::OnAws(_) => panic!("it is many processes"),
        }
    }

    /// CPU seconds so far and peak resident KiB, as Linux tells them.
    pub fn usage(&self) -> (f64, u64) {
        let process = self.process_id();
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("it runs");
        let fields: Vec<&str> = stat.rsplit(") ").next().expect("fields").split(' ').collect();
        let ticks = [11, 12].map(|at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()));
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("it runs");
        let peak = status.lines().find(|line| line.starts_with("VmHWM")).expect("a peak");
        let peak = peak.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number");
        (ticks.into_iter().flatten().sum::<f64>() / 100.0, peak)
    }

    /// What is behind it on AWS.
    pub fn stack(&self) -> &Stack {
        match &self.runs {
            Runs::OnAws(stack) => stack,
            Runs::Process(_) => panic!("it runs on one machine"),
        }
    }

    /// One call of the public face; the answer's status and document.
    pub async fn call(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let method = method.parse().expect("a method");
        let mut request = self.client.request(method, format!("{}{path}", self.url)).bearer_auth(API_KEY);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or(Value::Null))
    }

    /// Connects `prac-1` to a CalDAV account, with `more` settings, and waits until the first sync is done.
    pub async fn connect(&self, caldav_url: &str, more: &Value) -> Connection<'_> {
        let connection = self.connect_only(caldav_url, more).await;
        connection.becomes("active").await;
        connection
    }

    pub async fn connect_only(&self, caldav_url: &str, more: &Value) -> Connection<'_> {
        let body = json!({
            "practitioner_id": "prac-1",
            "provider": "caldav",
            "caldav": {"url": caldav_url, "username": super::calendar::USER, "password": super::calendar::PASSWORD},
        });
        self.post_connection(body, more).await
    }

    /// A connection of `prac-1` that waits for somebody to sign in.
    pub async fn begin(&self, provider: &str, more: &Value) -> Connection<'_> {
        self.post_connection(json!({"practitioner_id": "prac-1", "provider": provider}), more).await
    }

    async fn post_connection(&self, mut body: Value, more: &Value) -> Connection<'_> {
        if let (Some(body), Some(more)) = (body.as_object_mut(), more.as_object()) {
            body.extend(more.clone());
        }
        let (status, answer) = self.call("POST", "/v1/practices/demo/connections", Some(body)).await;
        assert_eq!(status, 201, "{answer}");
        let id = answer["id"].as_str().expect("an id").to_owned();
        Connection { daybook: self, id }
    }

    pub fn connection(&self, id: &str) -> Connection<'_> {
        Connection { daybook: self, id: id.to_owned() }
    }
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

impl Drop for Runs {
    fn drop(&mut self) {
        if let Self::Process(child) = self {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().expect("a client can be built")
}

/// One connection, by the public face.
pub struct Connection<'d> {
    daybook: &'d Daybook,
    pub id: String,
}

impl Connection<'_> {
    pub fn path(&self, rest: &str) -> String {
        format!("/v1/practices/demo/connections/{}{rest}", self.id)
    }

    pub async fn get(&self) -> Value {
        let (status, answer) = self.daybook.call("GET", &self.path(""), None).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    pub async fn post(&self, verb: &str) -> Value {
        let (status, answer) = self.daybook.call("POST", &self.path(&format!("/{verb}")), None).await;
        assert!(matches!(status, 200 | 202), "{verb}: {status} {answer}");
        answer
    }

    /// Where to sign in.
    pub async fn authorise_url(&self) -> String {
        let connection = self.get().await;
        let url = connection["authorise_url"].as_str();
        url.unwrap_or_else(|| panic!("nobody is asked to sign in: {connection}")).to_owned()
    }

    pub async fn patch(&self, settings: Value) -> Value {
        let (status, answer) = self.daybook.call("PATCH", &self.path(""), Some(settings)).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    pub async fn disconnect(&self, mirrors: &str) -> Value {
        let (status, answer) =
            self.daybook.call("DELETE", &self.path(&format!("?mirrors={mirrors}")), None).await;
        assert_eq!(status, 202, "{answer}");
        answer
    }

    pub async fn becomes(&self, state: &str) {
        eventually(&format!("the connection becomes {state}: {}", self.get().await), || async {
            self.get().await["state"] == state
        })
        .await;
        self.settles().await;
    }

    /// Waits until no signal is waiting or running.
    pub async fn settles(&self) {
        eventually("the connection settles", || async { self.get().await["settled"] == true }).await;
    }

    /// Syncs now and waits for it.
    pub async fn sync(&self) {
        self.post("sync").await;
        self.settles().await;
    }
}
