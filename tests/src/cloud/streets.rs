//! The way from the adapters to the stand-ins: each request passes a fault point before it arrives, and may lose its
//! answer afterwards. It knows no provider beyond what a write looks like.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use bytes::Bytes;
use daybook_http::{Transport, TransportError};
use http::{Method, Request, Response, StatusCode, header};
use serde_json::Value;
use tower::ServiceExt;

use super::hiccups::{self, Hiccup};
use crate::world::World;
use crate::world::fault::{Fate, Point};

/// One way for all providers: their paths differ.
pub struct Streets {
    world: Arc<World>,
    houses: Router,
    /// What is being sent to the token endpoints.
    refreshing: Mutex<BTreeSet<Bytes>>,
    /// How often a stand-in answers something else than the truth, of a thousand requests.
    hiccups: AtomicU32,
    last: Mutex<Option<Value>>,
}

impl Streets {
    pub fn new(world: Arc<World>, houses: Router) -> Self {
        Self {
            world,
            houses,
            refreshing: Mutex::default(),
            hiccups: AtomicU32::new(0),
            last: Mutex::default(),
        }
    }

    /// From now on so many of a thousand requests meet a bad moment of the provider.
    pub fn set_hiccups(&self, of_a_thousand: u32) {
        self.hiccups.store(of_a_thousand, Ordering::Relaxed);
    }
}

#[async_trait]
impl Transport for Streets {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let line = format!("{} {}", request.method(), request.uri().path());
        let writes = writes(&request);
        let _refresh = self.note_refresh(&request);
        let point = if is_read(request.method()) { Point::CalendarRead } else { Point::CalendarWrite };
        let fate = self.world.point(point).await;
        self.note(&line, &writes, fate);
        match fate {
            Fate::Later(Some(seconds)) => return Ok(busy(seconds)),
            Fate::Later(None) | Fate::Conflict | Fate::CursorLost => return Err(cut_off("nobody answers")),
            Fate::Well | Fate::Lost => {}
        }
        let answer = match self.hiccup(&request) {
            Some(hiccup) => self.arrive_badly(request, hiccup).await,
            None => arrive(&self.houses, request).await,
        };
        self.note_refusal(&answer);
        self.world.lock().tell_read(|| format!("  {line}: {}", told(&answer)));
        // Whoever dies here has done it and does not know.
        self.world.breathe().await;
        if fate == Fate::Lost { Err(cut_off("the answer is lost")) } else { Ok(answer) }
    }
}

impl Streets {
    fn hiccup(&self, request: &Request<Bytes>) -> Option<Hiccup> {
        let rate = self.hiccups.load(Ordering::Relaxed);
        let chance = &mut self.world.lock().chance;
        if rate == 0 || chance.u32(0..1000) >= rate {
            return None;
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let hiccup = hiccups::some(request.uri(), last.as_ref(), chance)?;
        *last = Some(hiccup.answer.clone());
        Some(hiccup)
    }

    /// A token that ended by itself was refused too.
    fn note_refusal(&self, answer: &Response<Bytes>) {
        if answer.status() == StatusCode::UNAUTHORIZED {
            let refused = Some(Value::from("unauthorized"));
            *self.last.lock().unwrap_or_else(PoisonError::into_inner) = refused;
        }
    }

    /// The stand-in is told what to answer, once.
    async fn arrive_badly(&self, request: Request<Bytes>, hiccup: Hiccup) -> Response<Bytes> {
        self.world.lock().tell_read(|| format!("  ! {}", hiccup.before));
        arrive(&self.houses, hiccup.request(&hiccup.before)).await;
        let answer = arrive(&self.houses, request).await;
        arrive(&self.houses, hiccup.request(&hiccup.after)).await;
        answer
    }

    /// Only the holder of a lease writes events.
    fn note(&self, line: &str, writes: &[String], fate: Fate) {
        let mut state = self.world.lock();
        state.tell_read(|| format!("  {line}"));
        if matches!(fate, Fate::Well | Fate::Lost) {
            for write in writes {
                state.writes += 1;
                state.tell(format!("put at the provider: {write}"));
                state.check_lease("write at a provider");
            }
        }
    }
}

/// One request for a token, while it lasts.
struct Refresh<'a> {
    all: &'a Mutex<BTreeSet<Bytes>>,
    body: Bytes,
}

impl Drop for Refresh<'_> {
    fn drop(&mut self) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.body);
    }
}

impl Streets {
    /// Nobody uses a refresh token while somebody else does.
    fn note_refresh(&self, request: &Request<Bytes>) -> Option<Refresh<'_>> {
        if !request.uri().path().ends_with("/token") {
            return None;
        }
        let body = request.body().clone();
        let is_new = self.refreshing.lock().unwrap_or_else(PoisonError::into_inner).insert(body.clone());
        if !is_new {
            self.world.lock().break_promise("two refresh with one token at once");
        }
        Some(Refresh { all: &self.refreshing, body })
    }
}

/// Hands a request to a stand-in, without faults: how people and browsers come.
pub async fn arrive(houses: &Router, request: Request<Bytes>) -> Response<Bytes> {
    let answer = houses.clone().oneshot(request.map(Body::from)).await.expect("a router answers");
    let (head, body) = answer.into_parts();
    Response::from_parts(head, to_bytes(body, usize::MAX).await.expect("the body is in memory"))
}

fn told(answer: &Response<Bytes>) -> String {
    let status = answer.status();
    let body = String::from_utf8_lossy(answer.body()).replace(['\n', '\r'], " ");
    if status.is_success() && !body.contains("HTTP/1.1") {
        return status.to_string();
    }
    let inner: Vec<&str> = body.split("HTTP/1.1 ").skip(1).filter_map(|part| part.get(..3)).collect();
    if inner.is_empty() { format!("{status} {body:.300}") } else { format!("{status}: {}", inner.join(", ")) }
}

fn is_read(method: &Method) -> bool {
    matches!(method.as_str(), "GET" | "HEAD" | "PROPFIND" | "REPORT" | "OPTIONS")
}

/// Throttled in one of two ways.
fn busy(seconds: u64) -> Response<Bytes> {
    let status = if seconds.is_multiple_of(2) {
        StatusCode::TOO_MANY_REQUESTS
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let answer = Response::builder().status(status).header(header::RETRY_AFTER, seconds);
    answer.body(Bytes::new()).expect("an answer can be built")
}

fn cut_off(why: &str) -> TransportError {
    TransportError::Connection(why.to_owned().into())
}

/// Which events a request writes, those inside a batch too: `PATCH /.../events/x`.
pub fn writes(request: &Request<Bytes>) -> Vec<String> {
    let path = request.uri().path();
    let text = String::from_utf8_lossy(request.body());
    let lines: Vec<(String, String)> = if path.ends_with("/batch/calendar/v3") {
        text.lines().filter_map(request_line).collect()
    } else if path.ends_with("/$batch") {
        inner_requests(&text)
    } else {
        vec![(request.method().to_string(), path.to_owned())]
    };
    lines
        .into_iter()
        .filter(|(method, path)| is_write(method, path))
        .map(|(m, p)| format!("{m} {p}"))
        .collect()
}

fn is_write(method: &str, path: &str) -> bool {
    let of_event = path.contains("/events") || path.contains("/caldav/calendars/");
    let other = path.ends_with("/watch") || path.contains("/subscriptions");
    of_event && !other && matches!(method, "POST" | "PUT" | "PATCH" | "DELETE")
}

/// `PATCH /calendar/v3/... HTTP/1.1`, or without the version.
fn request_line(line: &str) -> Option<(String, String)> {
    let (method, rest) = line.split_once(' ')?;
    let is_method = ["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&method);
    let target = rest.split_whitespace().next()?;
    (is_method && target.starts_with('/')).then(|| (method.to_owned(), target.to_owned()))
}

fn inner_requests(text: &str) -> Vec<(String, String)> {
    let document: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let requests = document["requests"].as_array().cloned().unwrap_or_default();
    let word = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    requests.iter().map(|one| (word(&one["method"]), word(&one["url"]))).collect()
}
