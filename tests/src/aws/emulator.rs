//! One ministack for all stories of a test binary that run at a time: started by the first, ended with the last, by its
//! process id. Each story has a stack of its own in it. What is shared runs on a thread of its own, since every test
//! has a runtime of its own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::client::{ACCOUNT, REGION};
use super::recorder::Recorder;
use super::tools::{FUNCTIONS, binaries, python};
use crate::tools::free_port;

/// Two minutes, on a busy machine.
const ATTEMPTS: usize = 2400;
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(50);

static STANDING: Mutex<Weak<Emulator>> = Mutex::new(Weak::new());

pub struct Emulator {
    process: Child,
    pub url: String,
    pub recorder: Recorder,
    python: PathBuf,
    /// The transformed template, its code uploaded.
    template: PathBuf,
    runtime: Option<Runtime>,
    room: TempDir,
}

impl Emulator {
    /// The one that stands, or a new one; `None` where tools or binaries are missing and nobody requires them.
    pub async fn shared() -> Option<Arc<Self>> {
        tokio::task::spawn_blocking(Self::stand).await.expect("it stands or says why not")
    }

    fn stand() -> Option<Arc<Self>> {
        let mut standing = STANDING.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(emulator) = standing.upgrade() {
            return Some(emulator);
        }
        let emulator = Arc::new(Self::start(python()?, &binaries()?));
        *standing = Arc::downgrade(&emulator);
        Some(emulator)
    }

    fn start(python: PathBuf, binaries: &Path) -> Self {
        let room = tempfile::tempdir().expect("a temporary folder");
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let port = free_port();
        let url = format!("http://127.0.0.1:{port}");
        let recorder = runtime.block_on(Recorder::before(&url));
        let process = launch(&python, room.path(), port, &recorder.url);
        let runtime = Some(runtime);
        let mut emulator = Self { process, url, recorder, python, template: PathBuf::new(), runtime, room };
        emulator.wait();
        let answer = emulator.deploy("code", code(binaries, emulator.room.path()));
        emulator.template = answer["template"].as_str().expect("a template").into();
        emulator
    }

    fn wait(&self) {
        let url = format!("{}/_ministack/ready", self.url);
        let client = reqwest::Client::builder().no_proxy().build().expect("a client can be built");
        let answers = async {
            for _ in 0..ATTEMPTS {
                if client.get(&url).send().await.is_ok_and(|answer| answer.status().is_success()) {
                    return true;
                }
                tokio::time::sleep(BETWEEN_ATTEMPTS).await;
            }
            false
        };
        let runtime = self.runtime.as_ref().expect("it runs");
        assert!(runtime.block_on(answers), "ministack does not answer: {}", self.log());
    }

    /// What it says itself.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.room.path().join("log")).unwrap_or_default()
    }

    /// Creates a stack; what the deployer tells of it.
    pub fn create(&self, stack: &str, parameters: &Value, environment: &Value) -> Value {
        let asked = json!({
            "stack": stack, "template": self.template, "parameters": parameters, "environment": environment,
        });
        self.deploy("stack", asked)
    }

    fn deploy(&self, what: &str, mut asked: Value) -> Value {
        asked["endpoint"] = json!(self.url);
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("aws/deploy.py");
        let mut command = bare(&self.python, self.room.path());
        command.arg(script).arg(what).stdin(Stdio::piped()).stdout(Stdio::piped());
        command.env("AWS_ACCESS_KEY_ID", ACCOUNT).env("AWS_SECRET_ACCESS_KEY", "none");
        command.env("AWS_DEFAULT_REGION", REGION);
        let mut process = command.spawn().expect("the deployer starts");
        serde_json::to_writer(process.stdin.take().expect("a pipe"), &asked).expect("it listens");
        let output = process.wait_with_output().expect("it ends");
        assert!(output.status.success(), "{what} is not deployed; ministack says: {}", self.log());
        serde_json::from_slice(&output.stdout).expect("a document")
    }

    /// Runs something of the emulator's to its end, from wherever.
    pub fn finish<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> T {
        let (sender, receiver) = std::sync::mpsc::channel();
        let runtime = self.runtime.as_ref().expect("it runs");
        runtime.spawn(async move { sender.send(work.await) });
        receiver.recv().expect("it comes to an end")
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn code(binaries: &Path, room: &Path) -> Value {
    let infra = Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/aws");
    json!({
        "binaries": binaries, "room": room, "functions": FUNCTIONS,
        "template": infra.join("template.yaml"), "transform": infra.join("transform.py"),
    })
}

/// The functions inherit everything that stands in ministack's environment, so it gets next to nothing. It ends when
/// the pipe to it does.
fn launch(python: &Path, room: &Path, port: u16, endpoint_of_functions: &str) -> Child {
    let log = std::fs::File::create(room.join("log")).expect("a log file");
    let port = port.to_string();
    let mut command = bare(python, room);
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("aws/launch.py"));
    let more = [
        ("BIND_HOST", "127.0.0.1"),
        ("MINISTACK_HOST", "127.0.0.1"),
        ("GATEWAY_PORT", &port),
        ("MINISTACK_REGION", REGION),
        // An HTTP API is looked for in this account, since its callers name none.
        ("MINISTACK_ACCOUNT_ID", ACCOUNT),
        ("AWS_ENDPOINT_URL", endpoint_of_functions),
        // An AWS that is one process on a busy machine may stand still for longer than the real one ever does.
        ("AWS_MAX_ATTEMPTS", "10"),
        ("LAMBDA_ACCOUNT_CONCURRENCY", "0"),
        ("LOG_LEVEL", "WARNING"),
    ];
    command.envs(more).stdin(Stdio::piped()).stdout(log.try_clone().expect("a file")).stderr(log);
    command.spawn().expect("ministack starts")
}

fn bare(python: &Path, room: &Path) -> Command {
    let mut command = Command::new(python);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("HOME", room).env("TMPDIR", room).env("LANG", "C.UTF-8");
    command
}
