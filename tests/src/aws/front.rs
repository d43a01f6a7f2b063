//! The address that the world has of a stack: everything goes to the HTTP API, as by a domain of one's own; the
//! sandbox providers are at the same address, as on one machine. It adds what API Gateway adds.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use daybook_sandbox::cloud::{HttpCaller, Opening};
use daybook_sandbox::{caldav, google, microsoft};
use jiff::Timestamp;
use url::Url;

use super::recorder::answered;

/// API Gateway takes no more.
const MOST_BYTES: usize = 10 << 20;

#[derive(Clone)]
pub struct Front {
    pub url: String,
    inner: Arc<Inner>,
}

struct Inner {
    client: reqwest::Client,
    /// Known once the stack stands.
    api: OnceLock<String>,
}

impl Front {
    /// Opens the address and the sandboxes behind it, which keep their files in `data`.
    pub async fn open(data: &Path) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let redirect = reqwest::redirect::Policy::none();
        let client = reqwest::Client::builder().no_proxy().redirect(redirect).build();
        let inner = Arc::new(Inner { client: client.expect("a client can be built"), api: OnceLock::new() });
        let api = Router::new().fallback(pass).with_state(inner.clone());
        let router = sandboxes(&url, data).merge(api);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, inner }
    }

    /// From now on there is an API to lead to.
    pub fn lead_to(&self, emulator: &str, api: &str) {
        let base = format!("{emulator}/_aws/execute-api/{api}/$default");
        self.inner.api.set(base).expect("one API");
    }
}

fn sandboxes(origin: &str, data: &Path) -> Router {
    let caller = Arc::new(HttpCaller::new().expect("a caller"));
    let opening = |mount: &str, file: &str| Opening {
        file: Some(data.join(file)),
        base: Url::parse(&format!("{origin}{mount}")).expect("an address"),
        clock: Arc::new(now),
        caller: caller.clone(),
    };
    let google = google::Google::open(opening(google::MOUNT, "google.db")).expect("a sandbox");
    let microsoft = microsoft::Microsoft::open(opening(microsoft::MOUNT, "microsoft.db")).expect("a sandbox");
    tokio::spawn(google.cloud().clone().deliver());
    tokio::spawn(microsoft.cloud().clone().deliver());
    let caldav = caldav::CalDav::open(caldav::Opening {
        file: Some(data.join("caldav.db")),
        clock: Arc::new(now),
        furnishing: caldav::Furnishing::Lived,
    });
    google.router().merge(microsoft.router()).merge(caldav.expect("a sandbox").router())
}

#[expect(clippy::disallowed_methods, reason = "a test of running functions lives in real time")]
fn now() -> Timestamp {
    Timestamp::now()
}

async fn pass(State(inner): State<Arc<Inner>>, request: Request) -> Response {
    let Some(api) = inner.api.get() else { return StatusCode::SERVICE_UNAVAILABLE.into_response() };
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MOST_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let path = parts.uri.path_and_query().map_or("/", axum::http::uri::PathAndQuery::as_str);
    let mut headers = parts.headers;
    headers.remove("content-length");
    headers.remove("host");
    let sent = inner.client.request(parts.method, format!("{api}{path}")).headers(headers);
    match sent.header("x-forwarded-for", "127.0.0.1").body(body).send().await {
        Ok(answer) => answered(answer).await,
        Err(_) => StatusCode::BAD_GATEWAY.into_response(),
    }
}
