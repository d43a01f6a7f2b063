//! The public face of a running Daybook: the one-machine deployment as a process, or a stack on AWS.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use super::eventually;
use super::process::Process;
use super::town::Town;
use crate::aws::Stack;
use crate::canary::sinks::assert_silent;
use crate::canary::words::{LEAST, all_secrets, secrets_at};
use crate::tools::required;

pub const API_KEY: &str = "test-key-of-the-demo-practice-0123456789";
pub const PLATFORM_KEY: &str = "test-key-of-the-platform-0123456789abcdef";
pub const HOOK_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// What is posted has a key each, as the public face advises, so that who sends it again has it done once.
static POSTED: AtomicU64 = AtomicU64::new(1);

/// A running Daybook. It ends when dropped, and is searched for canaries then.
pub struct Daybook {
    pub url: String,
    client: reqwest::Client,
    runs: Runs,
    /// Everything outside it, where it is not its own sandbox that plays it.
    town: Option<Town>,
    /// How much of an appointment a connection tells where a story does not choose.
    detail: &'static str,
}

enum Runs {
    Process(Process),
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
    /// Starts on a free port with `data` as its data directory; `more` are its variables. Its world is its own sandbox unless
    /// they say otherwise.
    pub fn start(binary: &Path, data: &Path, more: &[(&str, &str)]) -> Self {
        let process = Process::start(binary, data, more);
        let url = process.url();
        Self { url, client: client(), runs: Runs::Process(process), town: None, detail: LEAST }
    }

    /// The same, in a town of its own.
    pub fn start_in(town: Town, binary: &Path, data: &Path, more: &[(&str, &str)]) -> Self {
        let process = Process::start(binary, data, more);
        town.lead_to(&process.url());
        Self::at_home(town, Runs::Process(process))
    }

    /// A stack in that town.
    pub fn on_aws(town: Town, stack: Stack) -> Self {
        Self::at_home(town, Runs::OnAws(Box::new(stack)))
    }

    fn at_home(town: Town, runs: Runs) -> Self {
        Self { url: town.url.clone(), client: client(), runs, town: Some(town), detail: LEAST }
    }

    /// From now on connections tell so much unless a story chooses.
    pub fn tell(&mut self, detail: &'static str) {
        self.detail = detail;
    }

    /// How much a connection tells where nobody chooses.
    pub fn level(&self) -> &'static str {
        self.detail
    }

    pub fn town(&self) -> &Town {
        self.town.as_ref().expect("its sandbox is its own")
    }

    /// What the process has printed since its first line.
    pub fn log(&self) -> Vec<u8> {
        self.process().log.lock().expect("no panic while printing").clone()
    }

    /// Where the process listens.
    pub fn address(&self) -> SocketAddr {
        self.process().address
    }

    /// As `kill -9`; then it is started again.
    pub fn crash(&mut self) {
        self.die();
        self.rise();
    }

    /// As `kill -9`.
    pub fn die(&mut self) {
        self.process_mut().end();
    }

    /// Starts what died, with the same folder and settings, wherever a port is free; the town knows where.
    pub fn rise(&mut self) {
        let process = self.process_mut();
        process.start_again();
        let url = process.url();
        match &self.town {
            Some(town) => town.lead_to(&url),
            None => self.url = url,
        }
    }

    fn process(&self) -> &Process {
        match &self.runs {
            Runs::Process(process) => process,
            Runs::OnAws(_) => panic!("it is many processes"),
        }
    }

    fn process_mut(&mut self) -> &mut Process {
        match &mut self.runs {
            Runs::Process(process) => process,
            Runs::OnAws(_) => panic!("it is many processes"),
        }
    }

    /// CPU seconds so far and peak resident KiB, as Linux tells them.
    pub fn usage(&self) -> (f64, u64) {
        let process = self.process().child.id();
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
        let url = format!("{}{path}", self.url);
        let mut request = self.client.request(method.parse().expect("a method"), url).bearer_auth(API_KEY);
        if method == "POST" {
            let key = POSTED.fetch_add(1, Ordering::Relaxed);
            request = request.header("idempotency-key", format!("post-{key}"));
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or(Value::Null))
    }

    /// What holds for the practice, as whoever holds this key reads it, or sets it by a body.
    pub async fn practice(&self, key: &str, body: Option<Value>) -> (u16, Value) {
        let url = format!("{}/v1/practices/demo", self.url);
        let request = match body {
            Some(body) => self.client.put(url).json(&body),
            None => self.client.get(url),
        };
        let answer = request.bearer_auth(key).send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.unwrap_or(Value::Null))
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
        body["detail"] = json!(self.detail);
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

impl Drop for Daybook {
    fn drop(&mut self) {
        if let Some(town) = self.town.as_ref().filter(|_| !std::thread::panicking()) {
            assert_silent("what providers are told", &town.providers.take(), &secrets_at(self.detail));
            assert_silent("notices", &town.notices.take(), &all_secrets());
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

    /// This level is in force.
    pub async fn tells(&self, level: &str) {
        let document = self.get().await;
        assert_eq!(document["effective_detail"], level, "{document}");
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
