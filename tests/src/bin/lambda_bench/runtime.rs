//! One function's process under a Runtime API of our own, so that the moment of its first `next` is known.
//! The API: `docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path as InPath, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::Value;
use tokio::sync::{Mutex, mpsc};
use tokio::time::timeout;

/// Longer than any function starts or answers.
const PATIENCE: Duration = Duration::from_mins(1);
/// What an invocation may take.
const DEADLINE: Duration = Duration::from_mins(5);

/// A function that waits for events. It ends with this.
pub struct Function {
    process: Child,
    events: mpsc::Sender<Value>,
    answers: mpsc::Receiver<(String, Bytes)>,
    asks: mpsc::Receiver<()>,
}

struct Api {
    events: Mutex<mpsc::Receiver<Value>>,
    answers: mpsc::Sender<(String, Bytes)>,
    asks: mpsc::Sender<()>,
}

/// What a process has used so far.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    pub cpu_ms: f64,
    pub resident_mb: f64,
    pub peak_mb: f64,
}

impl Function {
    /// Starts it and waits until it asks for its first event.
    pub async fn start(binary: &Path, variables: &BTreeMap<String, String>) -> Self {
        let (events, taken) = mpsc::channel(1);
        let (answers, given) = mpsc::channel(1);
        let (asks, asked) = mpsc::channel(1);
        let api = Arc::new(Api { events: Mutex::new(taken), answers, asks });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move { axum::serve(listener, router(api)).await });
        let process = Command::new(binary)
            .env_clear()
            .envs(variables)
            .env("AWS_LAMBDA_RUNTIME_API", address)
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut function = Self { process, events, answers: given, asks: asked };
        function.asks().await;
        function
    }

    /// Hands it an event and waits until it asks for the next one: what it does after its answer counts too.
    pub async fn invoke(&mut self, event: &Value) -> Value {
        self.events.send(event.clone()).await.unwrap();
        let answer = timeout(PATIENCE, self.answers.recv()).await.unwrap();
        let (kind, body) = answer.unwrap();
        assert_eq!(kind, "response", "{}", String::from_utf8_lossy(&body));
        self.asks().await;
        serde_json::from_slice(&body).unwrap_or_default()
    }

    async fn asks(&mut self) {
        timeout(PATIENCE, self.asks.recv()).await.expect("it asks for an event").unwrap();
    }

    pub fn usage(&self) -> Usage {
        let id = self.process.id();
        let threads = std::fs::read_dir(format!("/proc/{id}/task")).unwrap().flatten();
        let cpu_ns: u64 = threads.map(|thread| cpu_ns(&thread.path().join("schedstat"))).sum();
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
        Usage {
            cpu_ms: Duration::from_nanos(cpu_ns).as_secs_f64() * 1_000.0,
            resident_mb: kib(&status, "VmRSS") / 1_024.0,
            peak_mb: kib(&status, "VmHWM") / 1_024.0,
        }
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The first number is the time on a CPU (`Documentation/scheduler/sched-stats.rst`).
fn cpu_ns(schedstat: &Path) -> u64 {
    let text = std::fs::read_to_string(schedstat).unwrap_or_default();
    text.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or_default()
}

fn kib(status: &str, name: &str) -> f64 {
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn router(api: Arc<Api>) -> Router {
    Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/{kind}", post(answered))
        .route("/2018-06-01/runtime/init/error", post(|| async { StatusCode::ACCEPTED }))
        .with_state(api)
}

async fn next(State(api): State<Arc<Api>>) -> Response {
    let _ = api.asks.send(()).await;
    let event = api.events.lock().await.recv().await;
    let Some(event) = event else { return StatusCode::GONE.into_response() };
    #[expect(clippy::disallowed_methods, reason = "a bench plays the platform, which has a clock")]
    let deadline = SystemTime::now() + DEADLINE;
    let deadline = deadline.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis().to_string();
    let headers = [
        ("lambda-runtime-aws-request-id", "00000000-0000-4000-8000-000000000000"),
        ("lambda-runtime-deadline-ms", deadline.as_str()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-north-1:111122223333:function:bench"),
    ];
    (headers, event.to_string()).into_response()
}

async fn answered(
    State(api): State<Arc<Api>>,
    InPath((_, kind)): InPath<(String, String)>,
    body: Bytes,
) -> StatusCode {
    let _ = api.answers.send((kind, body)).await;
    StatusCode::ACCEPTED
}
