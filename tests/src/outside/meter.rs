//! A meter between Daybook and a server: passes every request on and counts them by method. It can also be told to
//! answer nothing for a while.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::town::answered;

/// A running meter. It stops with the runtime that it was started on.
#[derive(Clone)]
pub struct Meter {
    address: SocketAddr,
    inner: Arc<Inner>,
}

struct Inner {
    upstream: String,
    client: reqwest::Client,
    counts: Mutex<BTreeMap<String, u64>>,
    is_down: AtomicBool,
    /// What was said: address, headers, body.
    heard: Mutex<Vec<u8>>,
}

impl Meter {
    /// Starts one on a free port in front of `upstream` (`http://127.0.0.1:1234`).
    pub async fn before(upstream: &str) -> Self {
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client can be built");
        let upstream = upstream.trim_end_matches('/').to_owned();
        let inner = Arc::new(Inner {
            upstream,
            client,
            counts: Mutex::default(),
            is_down: AtomicBool::new(false),
            heard: Mutex::default(),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let router = Router::new().fallback(pass).with_state(inner.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, inner }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The counts since the last call, by method.
    pub fn take(&self) -> BTreeMap<String, u64> {
        std::mem::take(&mut *self.inner.counts.lock().expect("no panic while counting"))
    }

    /// What was said since the last call.
    pub fn heard(&self) -> Vec<u8> {
        std::mem::take(&mut *self.inner.heard.lock().expect("no panic while listening"))
    }

    /// From now on every request is answered 503.
    pub fn go_down(&self) {
        self.inner.is_down.store(true, Ordering::SeqCst);
    }

    pub fn come_back(&self) {
        self.inner.is_down.store(false, Ordering::SeqCst);
    }
}

async fn pass(State(inner): State<Arc<Inner>>, request: Request) -> Response {
    *inner
        .counts
        .lock()
        .expect("no panic while counting")
        .entry(request.method().to_string())
        .or_default() += 1;
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or("/", axum::http::uri::PathAndQuery::as_str);
    let body = to_bytes(body, 64 << 20).await.unwrap_or_default();
    let mut headers = parts.headers;
    {
        let mut heard = inner.heard.lock().expect("no panic while listening");
        heard.extend_from_slice(format!("{} {path} {headers:?}\n", parts.method).as_bytes());
        heard.extend_from_slice(&body);
    }
    if inner.is_down.load(Ordering::SeqCst) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    headers.remove("content-length");
    let sent = inner
        .client
        .request(parts.method, format!("{}{path}", inner.upstream))
        .headers(headers)
        .body(body)
        .send();
    match sent.await {
        Ok(answer) => answered(answer).await,
        Err(_) => StatusCode::BAD_GATEWAY.into_response(),
    }
}
