//! The fake: a function from a request to an answer, behind a loopback port.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::Response;
use daybook_core::ids::PracticeId;
use daybook_core::time::Interval;
use daybook_ehr::{EhrDirectory, FhirConfig};
use daybook_engine::ports::{Ehr, Ehrs};
use serde_json::{Value, json};

/// What was asked: `GET Appointment?...`, decoded; the headers that matter; the body.
#[derive(Clone, Debug)]
pub struct Asked {
    pub line: String,
    pub condition: String,
    pub body: Value,
}

pub struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

pub fn ok(body: Value) -> Answer {
    Answer { status: 200, headers: Vec::new(), body: body.to_string() }
}

pub fn status(status: u16) -> Answer {
    Answer { status, headers: Vec::new(), body: String::new() }
}

pub fn outcome(status: u16, code: &str) -> Answer {
    let body = json!({"resourceType": "OperationOutcome",
        "issue": [{"severity": "error", "code": code, "diagnostics": "Jane Doe, relapse"}]});
    Answer { status, headers: Vec::new(), body: body.to_string() }
}

impl Answer {
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

pub fn bundle(resources: Vec<Value>) -> Value {
    let entries: Vec<Value> = resources.into_iter().map(|resource| json!({"resource": resource})).collect();
    json!({"resourceType": "Bundle", "type": "searchset", "entry": entries})
}

pub struct Fake {
    pub ehr: Arc<dyn Ehr>,
    asked: Arc<Mutex<Vec<Asked>>>,
    server: tokio::task::JoinHandle<()>,
}

impl Fake {
    /// `answer` is called with what was asked and with the fake's own base.
    pub async fn start(answer: impl Fn(&Asked, &str) -> Answer + Send + Sync + 'static) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/fhir", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let (book, own, answer) = (Arc::clone(&asked), base.clone(), Arc::new(answer));
        let router = Router::new().fallback(move |request: Request| {
            let (book, own, answer) = (Arc::clone(&book), own.clone(), Arc::clone(&answer));
            async move {
                let one = read(request).await;
                book.lock().unwrap().push(one.clone());
                let Answer { status, headers, body } = answer(&one, &own);
                let mut response = Response::builder().status(status);
                for (name, value) in headers {
                    response = response.header(name, value);
                }
                response.body(Body::from(body)).unwrap()
            }
        });
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let directory = EhrDirectory::new().unwrap();
        let practice = PracticeId::new("demo");
        directory.configure(practice.clone(), &FhirConfig::open(&base)).unwrap();
        let ehr = directory.open(&practice).await.unwrap();
        Self { ehr, asked, server }
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub fn lines(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.line).collect()
    }

    /// What was asked since the last time.
    pub fn drain(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap()).into_iter().map(|asked| asked.line).collect()
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        for asked in self.asked() {
            assert!(!asked.body.to_string().contains("\"free\""), "a free slot was sent: {asked:?}");
        }
        self.server.abort();
    }
}

async fn read(request: Request) -> Asked {
    let (head, body) = request.into_parts();
    assert!(head.headers.contains_key("x-request-id"));
    assert_eq!(head.headers["accept"], "application/fhir+json");
    let text = |name: &str| {
        head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    };
    let query = head.uri.query().map(|query| {
        let pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
    });
    let path = head.uri.path().strip_prefix("/fhir").unwrap_or(head.uri.path()).trim_start_matches('/');
    let line =
        format!("{} {path}{}", head.method, query.map(|query| format!("?{query}")).unwrap_or_default());
    let body = to_bytes(body, usize::MAX).await.unwrap();
    Asked {
        line,
        condition: format!("{}{}", text("if-none-exist"), text("if-match")),
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
    }
}

pub fn interval(start: &str, end: &str) -> Interval {
    Interval::new(start.parse().unwrap(), end.parse().unwrap()).unwrap()
}
