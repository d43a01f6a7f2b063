//! The adapter without a network: the same requests, answered within the process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::IntoResponse;
use bytes::Bytes;
use daybook_caldav::Caldav;
use daybook_engine::ports::{Clock, Credentials, Login, PasswordSignIn, RemoteError};
use daybook_http::{Transport, TransportError};
use jiff::Timestamp;
use tower::ServiceExt;

struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        "2026-03-01T12:00:00Z".parse().unwrap()
    }
}

/// Every host is this router.
struct InProcess(Router);

#[async_trait]
impl Transport for InProcess {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let response = self.0.clone().oneshot(request.map(Body::from)).await.unwrap();
        let (head, body) = response.into_parts();
        Ok(http::Response::from_parts(head, to_bytes(body, usize::MAX).await.unwrap()))
    }
}

/// Answers each PROPFIND with a home, after a redirect from `/`; writes down who asked for what.
fn server(log: Arc<Mutex<Vec<String>>>) -> Router {
    Router::new().fallback(move |uri: Uri, headers: HeaderMap| {
        let signed = headers.get("authorization").map_or("nobody", |value| value.to_str().unwrap());
        log.lock().unwrap().push(format!("{uri} {signed}"));
        async move {
            if uri.path() == "/away" {
                return (StatusCode::FOUND, [("location", "http://10.0.0.1/")]).into_response();
            }
            let home = "<c:calendar-home-set><href>/u/</href></c:calendar-home-set>";
            let body = format!(
                "<multistatus xmlns=\"DAV:\" xmlns:c=\"urn:ietf:params:xml:ns:caldav\"><response><href>{}</href>\
                 <propstat><prop>{home}</prop><status>HTTP/1.1 200 OK</status></propstat></response></multistatus>",
                uri.path()
            );
            (StatusCode::MULTI_STATUS, body).into_response()
        }
    })
}

async fn sign_in(url: &str) -> (Result<Option<String>, RemoteError>, Vec<String>) {
    let log = Arc::new(Mutex::new(Vec::new()));
    let transport = Arc::new(InProcess(server(log.clone())));
    let adapter = Caldav::over(transport, "loopback".parse().unwrap(), Arc::new(Noon));
    let login = Login { url: url.into(), username: "ada".into(), password: "secret-ada".into() };
    let home = adapter.prove(login).await.map(|(found, _)| match found {
        Credentials::Caldav { home, .. } => home,
        Credentials::Granted { .. } => None,
    });
    let asked = log.lock().unwrap().clone();
    (home, asked)
}

#[tokio::test]
async fn a_host_that_does_not_exist_answers() {
    let (home, asked) = sign_in("https://dav.example.org/x").await;
    assert_eq!(home.unwrap().as_deref(), Some("https://dav.example.org/u/"));
    assert_eq!(asked, ["https://dav.example.org/x Basic YWRhOnNlY3JldC1hZGE="]);
}

#[tokio::test]
async fn the_guard_stands_before_any_transport() {
    for url in ["http://dav.example.org/", "https://10.0.0.1/", "https://169.254.169.254/"] {
        let (home, asked) = sign_in(url).await;
        assert!(matches!(home, Err(RemoteError::Rejected { .. })), "{url}: {home:?}");
        assert_eq!(asked, Vec::<String>::new(), "{url}");
    }
    let (home, asked) = sign_in("http://127.0.0.1:5232/away").await;
    assert!(asked.iter().all(|line| !line.contains("10.0.0.1")), "{asked:?}");
    assert!(home.is_ok(), "the well-known address still answers: {home:?}");
}
