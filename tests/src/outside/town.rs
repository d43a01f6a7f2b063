//! One address for everything outside, wherever Daybook runs: the three sandbox providers, a mailbox for the EHR's notices,
//! and the way to Daybook behind it, as by a domain of one's own. Whatever is said to a provider or to the mailbox is kept
//! until somebody takes it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{RETRY_AFTER, USER_AGENT};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use daybook_sandbox::cloud::{HttpCaller, Opening};
use daybook_sandbox::{caldav, google, microsoft};
use jiff::Timestamp;
use url::Url;

/// API Gateway takes no more.
const MOST_BYTES: usize = 10 << 20;
const MAILBOX: &str = "/ehr/mailbox";
/// How a person's own app calls itself. Nobody listens to what people tell their own calendars.
const PERSON: &str = "somebodys-own-app";
/// An emulated AWS on busy cores may stand still for longer than Daybook waits for the real one, and whoever is told "not
/// now" comes again. Together it is longer than an `Idempotency-Key` stays claimed by a request that was cut off.
const MOST_TIMES_AGAIN: usize = 60;
const BEFORE_AGAIN: Duration = Duration::from_secs(3);

/// It stops with the runtime that it was opened on.
#[derive(Clone)]
pub struct Town {
    pub url: String,
    /// What providers are told.
    pub providers: Ear,
    /// What the EHR is sent.
    pub notices: Ear,
    way: Way,
}

/// Keeps what was said, until somebody takes it.
#[derive(Clone, Default)]
pub struct Ear(Arc<Mutex<Vec<u8>>>);

/// Leads to Daybook, once it is known where that is.
#[derive(Clone)]
struct Way {
    client: reqwest::Client,
    to: Arc<Mutex<Option<Home>>>,
}

/// Where Daybook is.
#[derive(Clone)]
struct Home {
    base: String,
    /// How often somebody who is told "not now" comes again.
    times_again: usize,
}

impl Town {
    pub async fn open() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        let way = Way { client: client.build().expect("a client can be built"), to: Arc::default() };
        let (told, sent) = (Ear::default(), Ear::default());
        let heard = providers(&url).layer(from_fn_with_state(told.clone(), listen));
        let mailbox = Router::new().route(MAILBOX, post(|| async { StatusCode::NO_CONTENT }));
        let mailbox = mailbox.layer(from_fn_with_state(sent.clone(), listen));
        let router = heard.merge(mailbox).merge(Router::new().fallback(pass).with_state(way.clone()));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, providers: told, notices: sent, way }
    }

    /// From now on Daybook is there, and answers as it answers.
    pub fn lead_to(&self, base: &str) {
        self.way.lead_to(Home { base: base.to_owned(), times_again: 0 });
    }

    /// From now on Daybook is there, on an emulated AWS.
    pub fn lead_to_aws(&self, base: &str) {
        self.way.lead_to(Home { base: base.to_owned(), times_again: MOST_TIMES_AGAIN });
    }

    /// Where the EHR takes notices.
    pub fn mailbox(&self) -> String {
        format!("{}{MAILBOX}", self.url)
    }
}

impl Ear {
    pub fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn has_heard(&self) -> bool {
        !self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    fn hear(&self, pieces: &[&[u8]]) {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for piece in pieces {
            heard.extend_from_slice(piece);
        }
        heard.push(b'\n');
    }
}

/// What a person's app speaks through.
pub fn own_app() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().user_agent(PERSON).build().expect("a client can be built")
}

/// Everything of a request: address, headers, body.
async fn listen(State(ear): State<Ear>, request: Request, next: Next) -> Response {
    if request.headers().get(USER_AGENT).is_some_and(|agent| agent == PERSON) {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MOST_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    ear.hear(&[parts.method.as_str().as_bytes(), b" ", parts.uri.to_string().as_bytes()]);
    for (name, value) in &parts.headers {
        ear.hear(&[name.as_str().as_bytes(), b": ", value.as_bytes()]);
    }
    ear.hear(&[&body]);
    next.run(Request::from_parts(parts, Body::from(body))).await
}

fn providers(origin: &str) -> Router {
    let caller = Arc::new(HttpCaller::new().expect("a caller"));
    let opening = |mount: &str| Opening {
        file: None,
        base: Url::parse(&format!("{origin}{mount}")).expect("an address"),
        clock: Arc::new(now),
        caller: caller.clone(),
    };
    let google = google::Google::open(opening(google::MOUNT)).expect("a sandbox");
    let microsoft = microsoft::Microsoft::open(opening(microsoft::MOUNT)).expect("a sandbox");
    tokio::spawn(google.cloud().clone().deliver());
    tokio::spawn(microsoft.cloud().clone().deliver());
    let furnishing = caldav::Furnishing::Lived;
    let caldav = caldav::CalDav::open(caldav::Opening { file: None, clock: Arc::new(now), furnishing });
    google.router().merge(microsoft.router()).merge(caldav.expect("a sandbox").router())
}

#[expect(clippy::disallowed_methods, reason = "a test of running programs lives in real time")]
fn now() -> Timestamp {
    Timestamp::now()
}

impl Way {
    fn lead_to(&self, home: Home) {
        *self.to.lock().unwrap_or_else(PoisonError::into_inner) = Some(home);
    }
}

/// It adds what API Gateway adds.
async fn pass(State(way): State<Way>, request: Request) -> Response {
    let home = way.to.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let Some(home) = home else { return StatusCode::SERVICE_UNAVAILABLE.into_response() };
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MOST_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let path = parts.uri.path_and_query().map_or("/", axum::http::uri::PathAndQuery::as_str);
    let mut headers = parts.headers;
    headers.remove("content-length");
    headers.remove("host");
    let sent = way.client.request(parts.method, format!("{}{path}", home.base)).headers(headers);
    let sent = sent.header("x-forwarded-for", "127.0.0.1").body(body);
    let mut answer = said(&sent).await;
    for _ in 0..home.times_again {
        if !is_not_now(&answer) {
            break;
        }
        tokio::time::sleep(BEFORE_AGAIN).await;
        answer = said(&sent).await;
    }
    answer
}

async fn said(request: &reqwest::RequestBuilder) -> Response {
    match request.try_clone().expect("the body is whole").send().await {
        Ok(answer) => answered(answer).await,
        Err(_) => StatusCode::BAD_GATEWAY.into_response(),
    }
}

/// Daybook has no time, or is still at the same request that was cut off.
fn is_not_now(answer: &Response) -> bool {
    match answer.status() {
        StatusCode::SERVICE_UNAVAILABLE => true,
        StatusCode::CONFLICT => answer.headers().contains_key(RETRY_AFTER),
        _ => false,
    }
}

/// An answer of a server behind us, as ours.
pub async fn answered(answer: reqwest::Response) -> Response {
    let mut response = Response::builder().status(answer.status());
    for (name, value) in answer.headers() {
        if !matches!(name.as_str(), "transfer-encoding" | "connection" | "content-length") {
            response = response.header(name, value);
        }
    }
    let bytes = answer.bytes().await.unwrap_or_default();
    response.body(Body::from(bytes)).expect("the parts were valid before")
}
