//! A practice of its own for every test, and one way to call it.

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use daybook_sandbox::ehr::Sandbox;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

pub struct House {
    pub sandbox: Sandbox,
    pub dir: TempDir,
}

pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn issue(&self) -> String {
        let body = self.json();
        assert_eq!(body["resourceType"], "OperationOutcome", "{}", self.text);
        body["issue"][0]["code"].as_str().unwrap().to_owned()
    }
}

impl House {
    /// Opened on Thursday, 26 November 2026; the diary begins on Monday, the 23rd.
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let sandbox = open(&dir);
        Self { sandbox, dir }
    }

    pub async fn call(&self, method: Method, path: &str, headers: &[(&str, &str)], body: String) -> Reply {
        let mut request = Request::builder().method(method).uri(path).header("host", "ehr.test:1");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.sandbox.router().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
        let (head, body) = response.into_parts();
        let text = String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap();
        Reply { status: head.status, headers: head.headers, text }
    }

    /// A FHIR call, with the path relative to the base.
    pub async fn fhir(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Value) -> Reply {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.call(method, &format!("/sandbox/ehr/fhir{path}"), headers, body).await
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.fhir("GET", path, &[], Value::Null).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.fhir("POST", path, &[], body).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Reply {
        self.fhir("PUT", path, &[], body).await
    }

    /// The ids that a search finds on its first page.
    pub async fn ids(&self, search: &str) -> Vec<String> {
        let bundle = self.get(search).await;
        assert_eq!(bundle.status, 200, "{search}: {}", bundle.text);
        ids_of(&bundle.json())
    }
}

pub fn open(dir: &TempDir) -> Sandbox {
    Sandbox::open(&dir.path().join("ehr.sqlite"), "2026-11-26T15:00:00Z".parse().unwrap()).unwrap()
}

pub fn ids_of(bundle: &Value) -> Vec<String> {
    let entries = bundle["entry"].as_array().cloned().unwrap_or_default();
    entries.iter().map(|entry| entry["resource"]["id"].as_str().unwrap().to_owned()).collect()
}

/// A visit in December, far from the diary's own.
pub fn visit(practitioner: &str) -> Value {
    json!({"resourceType": "Appointment", "status": "booked",
        "start": "2026-12-15T15:00:00Z", "end": "2026-12-15T15:50:00Z",
        "participant": [
            {"actor": {"reference": format!("Practitioner/{practitioner}")}, "status": "accepted"},
            {"actor": {"reference": "Patient/pat-1", "display": "Amelia Hartwell"}, "status": "accepted"}]})
}

pub fn block(value: &str) -> Value {
    json!({"resourceType": "Slot", "schedule": {"reference": "Schedule/sch-1"}, "status": "busy-unavailable",
        "start": "2026-12-15T17:00:00Z", "end": "2026-12-15T18:00:00Z",
        "identifier": [{"system": "https://sync.example/block", "value": value}]})
}

/// A resource with some elements replaced; `null` removes one.
pub fn with(mut body: Value, changes: &Value) -> Value {
    let fields = body.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => fields.remove(name),
            _ => fields.insert(name.clone(), value.clone()),
        };
    }
    body
}
