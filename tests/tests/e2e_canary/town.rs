//! One address for everything outside: the three providers, behind an ear that keeps what is said to them, and Daybook
//! behind them, as a browser would have it. And an EHR's mailbox, which keeps the notices.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use daybook_sandbox::cloud::{HttpCaller, Opening};
use daybook_sandbox::{caldav, google, microsoft};
use jiff::Timestamp;
use url::Url;

const MOST_BYTES: usize = 64 << 20;

/// Keeps what was said, until somebody takes it.
#[derive(Clone, Default)]
pub struct Ear(Arc<Mutex<Vec<u8>>>);

impl Ear {
    pub fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }

    fn hear(&self, pieces: &[&[u8]]) {
        let mut heard = self.0.lock().unwrap();
        for piece in pieces {
            heard.extend_from_slice(piece);
        }
        heard.push(b'\n');
    }
}

/// Everything of a request: address, headers, body.
async fn listen(State(ear): State<Ear>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, MOST_BYTES).await.unwrap();
    ear.hear(&[parts.method.as_str().as_bytes(), b" ", parts.uri.to_string().as_bytes(), b"\n"]);
    for (name, value) in &parts.headers {
        ear.hear(&[name.as_str().as_bytes(), b": ", value.as_bytes()]);
    }
    ear.hear(&[&body]);
    next.run(Request::from_parts(parts, Body::from(body))).await
}

fn serve(router: Router, listener: tokio::net::TcpListener) {
    tokio::spawn(async move { axum::serve(listener, router).await });
}

async fn open_address() -> (String, tokio::net::TcpListener) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    (format!("http://{}", listener.local_addr().unwrap()), listener)
}

/// The providers, and the way to Daybook.
pub struct Town {
    pub url: String,
    pub ear: Ear,
}

impl Town {
    /// `daybook` is where Daybook is going to be.
    pub async fn open(daybook: &str) -> Self {
        let ((url, listener), ear) = (open_address().await, Ear::default());
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        let way = (client.build().unwrap(), daybook.to_owned());
        let heard = providers(&url).layer(from_fn_with_state(ear.clone(), listen));
        serve(heard.merge(Router::new().fallback(pass).with_state(way)), listener);
        Self { url, ear }
    }
}

fn providers(origin: &str) -> Router {
    let caller = Arc::new(HttpCaller::new().unwrap());
    let opening = |mount: &str| Opening {
        file: None,
        base: Url::parse(&format!("{origin}{mount}")).unwrap(),
        clock: Arc::new(now),
        caller: caller.clone(),
    };
    let google = google::Google::open(opening(google::MOUNT)).unwrap();
    let microsoft = microsoft::Microsoft::open(opening(microsoft::MOUNT)).unwrap();
    tokio::spawn(google.cloud().clone().deliver());
    tokio::spawn(microsoft.cloud().clone().deliver());
    let furnishing = caldav::Furnishing::Bare;
    let caldav = caldav::CalDav::open(caldav::Opening { file: None, clock: Arc::new(now), furnishing });
    google.router().merge(microsoft.router()).merge(caldav.unwrap().router())
}

#[expect(clippy::disallowed_methods, reason = "a test of the running binary lives in real time")]
fn now() -> Timestamp {
    Timestamp::now()
}

async fn pass(State((client, daybook)): State<(reqwest::Client, String)>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, MOST_BYTES).await.unwrap();
    let path = parts.uri.path_and_query().map_or("/", axum::http::uri::PathAndQuery::as_str);
    let mut headers = parts.headers;
    headers.remove("content-length");
    let sent =
        client.request(parts.method, format!("{daybook}{path}")).headers(headers).body(body).send().await;
    let Ok(answer) = sent else { return StatusCode::BAD_GATEWAY.into_response() };
    let mut response = Response::builder().status(answer.status());
    for (name, value) in answer.headers() {
        if !matches!(name.as_str(), "transfer-encoding" | "connection" | "content-length") {
            response = response.header(name, value);
        }
    }
    response.body(Body::from(answer.bytes().await.unwrap())).unwrap()
}

/// Takes every notice, and keeps it.
pub struct Mailbox {
    pub url: String,
    pub ear: Ear,
}

impl Mailbox {
    pub async fn open() -> Self {
        let ((url, listener), ear) = (open_address().await, Ear::default());
        let router = Router::new().fallback(|| async { StatusCode::NO_CONTENT });
        serve(router.layer(from_fn_with_state(ear.clone(), listen)), listener);
        Self { url, ear }
    }
}
