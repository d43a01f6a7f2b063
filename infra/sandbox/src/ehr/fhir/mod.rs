//! The FHIR R4 face of the practice: the HTTP door, and what each interaction does. Nothing here knows
//! who the client is; the door is meant for loopback.

mod batch;
mod call;
mod interactions;
mod metadata;
mod outcome;
mod query;
mod searchset;
mod validate;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use jiff::fmt::rfc2822::DateTimePrinter;
use serde_json::Value;

use super::{MOUNT, Sandbox};
use call::{Answer, Base, Call, Handling, Interaction, Pairs, Prefer, Return};
use outcome::Refusal;

const BODY_LIMIT: usize = 1024 * 1024;
const FHIR_JSON: HeaderValue = HeaderValue::from_static("application/fhir+json; charset=utf-8");

pub(super) fn routes() -> Router<Sandbox> {
    Router::new()
        .route(&format!("{MOUNT}/fhir"), any(door))
        .route(&format!("{MOUNT}/fhir/"), any(door))
        .route(&format!("{MOUNT}/fhir/{{*path}}"), any(door))
}

async fn door(State(sandbox): State<Sandbox>, request: Request) -> Response {
    match answer(&sandbox, request).await {
        Ok(answer) => response_from(answer),
        Err(refusal) => refused(&refusal),
    }
}

async fn answer(sandbox: &Sandbox, request: Request) -> Result<Answer, Refusal> {
    if sandbox.inner.control.is_unavailable() {
        return Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "transient", "the EHR is switched off"));
    }
    let (head, body) = request.into_parts();
    let base = Base::from_host(head.headers.get(header::HOST));
    let target = head.uri.path_and_query().map_or("", |target| target.as_str());
    let target = target.strip_prefix(MOUNT).and_then(|rest| rest.strip_prefix("/fhir")).unwrap_or(target);
    let body = read_body(body).await?;
    let call = call_from(&head.method, target, &head.headers, &body)?;
    perform(sandbox, &base, call)
}

/// Runs one interaction in a transaction of its own; a bundle decides about its transactions itself.
fn perform(sandbox: &Sandbox, base: &Base, call: Call) -> Result<Answer, Refusal> {
    match &call.interaction {
        Interaction::Bundle => batch::run(sandbox, base, call.body),
        _ => sandbox.transact(|tx| interactions::perform(tx, base, call)),
    }
}

async fn read_body(body: Body) -> Result<Bytes, Refusal> {
    axum::body::to_bytes(body, BODY_LIMIT)
        .await
        .map_err(|_| Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "too-long", "the body is longer than 1 MiB"))
}

fn call_from(method: &Method, target: &str, headers: &HeaderMap, body: &Bytes) -> Result<Call, Refusal> {
    let mut interaction = Interaction::parse(method, target)?;
    let mut value = None;
    if let Interaction::Search(_, pairs) = &mut interaction {
        if method == Method::POST {
            pairs.extend(url::form_urlencoded::parse(body).into_owned());
        }
    } else if !body.is_empty() {
        value = Some(json_from(headers, body)?);
    }
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    Ok(Call {
        interaction,
        if_match: text(header::IF_MATCH),
        if_none_match: text(header::IF_NONE_MATCH),
        if_none_exist: text(HeaderName::from_static("if-none-exist")).map(|query| pairs_from(&query)),
        prefer: prefer_from(headers),
        body: value,
    })
}

fn json_from(headers: &HeaderMap, body: &Bytes) -> Result<Value, Refusal> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    if content_type.contains("xml") {
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Err(Refusal::new(status, "not-supported", "resources are read as JSON only"));
    }
    serde_json::from_slice(body).map_err(|error| {
        Refusal::malformed(format!("the body is no JSON: line {}, column {}", error.line(), error.column()))
    })
}

fn prefer_from(headers: &HeaderMap) -> Prefer {
    let all: Vec<&str> = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok()).collect();
    let says = |wish: &str| all.iter().any(|value| value.split([',', ';']).any(|part| part.trim() == wish));
    Prefer {
        returns: if says("return=minimal") { Return::Minimal } else { Return::Representation },
        handling: if says("handling=strict") { Handling::Strict } else { Handling::Lenient },
    }
}

fn pairs_from(query: &str) -> Pairs {
    let query = query.split_once('?').map_or(query, |(_, query)| query);
    url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

fn refused(refusal: &Refusal) -> Response {
    let mut response = json_response(refusal.status, &refusal.outcome());
    if refusal.status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

fn response_from(answer: Answer) -> Response {
    let mut response = match &answer.body {
        Some(body) => json_response(answer.status, body),
        None => answer.status.into_response(),
    };
    let mut set = |name: HeaderName, text: Option<String>| {
        if let Some(value) = text.and_then(|text| HeaderValue::from_str(&text).ok()) {
            response.headers_mut().insert(name, value);
        }
    };
    set(header::ETAG, answer.etag());
    set(
        header::LAST_MODIFIED,
        answer.updated.and_then(|at| DateTimePrinter::new().timestamp_to_rfc9110_string(&at).ok()),
    );
    set(header::LOCATION, answer.location);
    response
}

fn json_response(status: StatusCode, body: &Value) -> Response {
    let headers =
        [(header::CONTENT_TYPE, FHIR_JSON), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (status, headers, body.to_string()).into_response()
}
