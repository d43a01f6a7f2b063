//! The HTTP door: reads a request, lets it in, answers as Graph does. What a resource means is not known here.

use axum::Router;
use axum::body::{Body as HttpBody, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use serde_json::Value;

use super::Microsoft;
use super::call::{Answer, Body, Call, Payload};
use super::prefer::Prefer;
use super::refusal::Refusal;
use super::throttle;
use super::visit::{Visit, no_such_segment};
use crate::cloud::{BadToken, Fault, Operation, World};

/// An event with 500 attendees fits.
const BODY_LIMIT: usize = 4 * 1024 * 1024;
const JSON: &str =
    "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8";
/// Each by itself, so that requests are counted by what they ask for.
const PATHS: [&str; 25] = [
    "/$batch",
    "/me",
    "/me/calendar",
    "/me/calendar/events",
    "/me/calendar/calendarView",
    "/me/calendar/calendarView/delta",
    "/me/calendar/getSchedule",
    "/me/calendarView",
    "/me/calendarView/delta",
    "/me/calendars",
    "/me/calendars/{calendar}",
    "/me/calendars/{calendar}/calendarPermissions",
    "/me/calendars/{calendar}/calendarView",
    "/me/calendars/{calendar}/calendarView/delta",
    "/me/calendars/{calendar}/events",
    "/me/calendars/{calendar}/events/{event}",
    "/me/calendars/{calendar}/events/{event}/instances",
    "/me/events",
    "/me/events/{event}",
    "/me/events/{event}/instances",
    "/subscriptions",
    "/subscriptions/{subscription}",
    "/subscriptions/{subscription}/reauthorize",
    "/users/{*path}",
    "/{*path}",
];

pub(super) fn routes(graph: &Microsoft) -> Router<Microsoft> {
    let root = format!("{}/v1.0", graph.cloud.mount());
    PATHS.iter().fold(Router::new(), |router, path| router.route(&format!("{root}{path}"), any(door)))
}

/// Refuses the fifth request at once for one mailbox. Outermost, so that a slow answer holds its seat.
pub(super) async fn throttled(State(graph): State<Microsoft>, request: Request, next: Next) -> Response {
    let below = request.uri().path().strip_prefix(graph.cloud.mount());
    let counts = below.is_some_and(|path| path.starts_with("/v1.0/") && path != "/v1.0/$batch");
    let grant = graph.cloud.bearer(request.headers()).ok().filter(|_| counts);
    let Some(grant) = grant else { return next.run(request).await };
    match throttle::enter(graph.crowd(), &grant.account) {
        Some(_seat) => next.run(request).await,
        None => respond(&graph, graph.refused(Refusal::crowded())),
    }
}

async fn door(State(graph): State<Microsoft>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let applied = prefer(&head.headers).map(|prefer| prefer.applied.join(", ")).unwrap_or_default();
    let target = head.uri.path_and_query().map_or("", axum::http::uri::PathAndQuery::as_str);
    let target = target.strip_prefix(graph.cloud.mount()).and_then(|rest| rest.strip_prefix("/v1.0"));
    let call = match Call::new(head.method, target.unwrap_or_default()) {
        Ok(call) => read(call, &head.headers, body).await,
        Err(refusal) => Err(refusal),
    };
    let answer = match call.and_then(|call| Ok((graph.visit(&head.headers)?, call))) {
        Ok((visit, call)) => visit.answer(&call).await,
        Err(refusal) => graph.refused(refusal),
    };
    let mut response = respond(&graph, answer);
    if let Some(value) = HeaderValue::from_str(&applied).ok().filter(|value| !value.is_empty()) {
        response.headers_mut().insert("preference-applied", value);
    }
    response
}

async fn read(mut call: Call, headers: &HeaderMap, body: HttpBody) -> Result<Call, Refusal> {
    call.prefer = prefer(headers)?;
    call.if_match = headers.get(header::IF_MATCH).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let bytes = to_bytes(body, BODY_LIMIT).await.map_err(|_| {
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", "The request is too large.")
    })?;
    if !bytes.is_empty() {
        call.body = serde_json::from_slice::<Value>(&bytes).map_or(Body::Broken, Body::Json);
    }
    Ok(call)
}

fn prefer(headers: &HeaderMap) -> Result<Prefer, Refusal> {
    Prefer::parse(headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok()))
}

fn respond(graph: &Microsoft, answer: Answer) -> Response {
    let (kind, text) = match answer.body {
        Payload::Nothing => (None, String::new()),
        Payload::Json(body) => (Some(JSON), body.to_string()),
        Payload::Html(text) => (Some("text/html; charset=utf-8"), text.to_owned()),
    };
    let mut response = (answer.status, text).into_response();
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_TYPE);
    let kind = kind.map(|kind| ("content-type", kind.to_owned()));
    let fixed = [("request-id", graph.request_id()), ("cache-control", "no-store".to_owned())];
    for (name, value) in answer.headers.into_iter().chain(kind).chain(fixed) {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    response
}

impl Microsoft {
    fn visit(&self, headers: &HeaderMap) -> Result<Visit<'_>, Refusal> {
        let grant = self.cloud.bearer(headers).map_err(|bad| {
            Refusal::token(match bad {
                BadToken::Missing => "Access token is empty.",
                BadToken::Unknown => "Access token validation failure.",
                BadToken::Expired => "Lifetime validation failed, the token is expired.",
            })
        })?;
        let account = self.cloud.read(|world| world.accounts.get(&grant.account).cloned());
        let account = account.ok_or_else(|| Refusal::token("Access token validation failure."))?;
        Ok(Visit { graph: self, grant, account })
    }
}

impl Visit<'_> {
    async fn answer(&self, call: &Call) -> Answer {
        if call.segments.first().is_none_or(|first| first != "$batch") {
            return self.attempt(call).await;
        }
        match self.graph.cloud.fault(&self.account.id, Operation::Batch) {
            Some(fault) => self.fault(call, &fault),
            None => self.answered(self.batch(call).await),
        }
    }

    /// One request, at the door or in a batch: the fault that is planned for it, or the truth.
    pub async fn attempt(&self, call: &Call) -> Answer {
        match self.graph.cloud.fault(&self.account.id, operation(call)) {
            Some(Fault::LostAnswer) => {
                let _done = self.perform(call).await;
                self.fault(call, &Fault::LostAnswer)
            }
            Some(fault) => self.fault(call, &fault),
            None => self.answered(self.perform(call).await),
        }
    }

    pub fn answered(&self, outcome: Result<Answer, Refusal>) -> Answer {
        outcome.unwrap_or_else(|refusal| self.graph.refused(refusal))
    }

    fn fault(&self, call: &Call, fault: &Fault) -> Answer {
        let refusal = match fault {
            Fault::TooMany { retry_after_s } => {
                let message = "Application is over its MailboxConcurrency limit.";
                retry(
                    Refusal::new(StatusCode::TOO_MANY_REQUESTS, "ApplicationThrottled", message),
                    *retry_after_s,
                )
            }
            Fault::Forbidden { reason } => Refusal::new(StatusCode::FORBIDDEN, reason, "Access is denied."),
            Fault::Status { status, retry_after_s } => retry(failure(*status), *retry_after_s),
            Fault::Html { status } => {
                let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::BAD_GATEWAY);
                let body = Payload::Html(
                    "<html><body><h1>Our services aren't available right now</h1></body></html>",
                );
                return Answer { status, headers: Vec::new(), body };
            }
            Fault::CursorExpired => self.expired(call),
            Fault::Unauthorized => Refusal::token("Lifetime validation failed, the token is expired."),
            Fault::LostAnswer | Fault::Stale | Fault::Slow { .. } => failure(504),
        };
        self.graph.refused(refusal)
    }

    /// Short ways to a resource become the long one: `me/events` are those of the main calendar.
    pub fn canonical(&self, world: &World, call: &Call) -> Vec<String> {
        let mut segments = call.segments.clone();
        let own = |who: &str| who == self.account.id || who.eq_ignore_ascii_case(&self.account.email);
        if segments.first().is_some_and(|first| first == "users")
            && segments.get(1).is_some_and(|who| own(who))
        {
            segments.splice(..2, ["me".to_owned()]);
        }
        let main = world.primary(&self.account.id).map_or("", |calendar| calendar.id.as_str());
        let long = ["me", "calendars", main];
        let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
        let (keep, rest) = match parts.as_slice() {
            ["me", "calendar", "getSchedule"] => (&[][..], parts.as_slice()),
            ["me", "calendar", rest @ ..] => (&long[..], rest),
            ["me", "events"] | ["me", "calendarView", ..] => (&long[..], parts.get(1..).unwrap_or_default()),
            ["me", "calendars", _, "events", rest @ ..] if !rest.is_empty() => (&["me", "events"][..], rest),
            all => (&[][..], all),
        };
        keep.iter().chain(rest).map(|&part| part.to_owned()).collect()
    }

    async fn perform(&self, call: &Call) -> Result<Answer, Refusal> {
        let segments = self.graph.cloud.read(|world| self.canonical(world, call));
        let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
        match (call.method.as_str(), parts.as_slice()) {
            ("GET", ["me"]) => self.me(call),
            ("GET", ["me", "calendars"]) => self.list_calendars(call),
            ("POST", ["me", "calendars"]) => self.create_calendar(call),
            ("GET", ["me", "calendars", id]) => self.get_calendar(call, id),
            ("PATCH", ["me", "calendars", id]) => self.change_calendar(call, id),
            ("DELETE", ["me", "calendars", id]) => self.delete_calendar(id),
            ("GET", ["me", "calendars", id, "calendarPermissions"]) => self.list_permissions(call, id),
            ("GET", ["me", "calendars", id, "events"]) => self.list_events(call, id),
            ("POST", ["me", "calendars", id, "events"]) => self.create_event(call, id),
            ("GET", ["me", "calendars", id, "calendarView"]) => self.view(call, id),
            ("GET", ["me", "calendars", id, "calendarView", "delta"]) => self.delta(call, id),
            ("POST", ["me", "calendar", "getSchedule"]) => self.get_schedule(call),
            ("GET", ["me", "events", id]) => self.get_event(call, id),
            ("PATCH", ["me", "events", id]) => self.change_event(call, id),
            ("DELETE", ["me", "events", id]) => self.delete_event(call, id),
            ("GET", ["me", "events", id, "instances"]) => self.list_instances(call, id),
            ("GET", ["subscriptions"]) => self.list_subscriptions(call),
            ("POST", ["subscriptions"]) => self.create_subscription(call).await,
            ("GET", ["subscriptions", id]) => self.get_subscription(id),
            ("PATCH", ["subscriptions", id]) => self.change_subscription(call, id).await,
            ("DELETE", ["subscriptions", id]) => self.delete_subscription(id),
            ("POST", ["subscriptions", id, "reauthorize"]) => self.reauthorize(id),
            _ => Err(no_such_segment(call)),
        }
    }
}

/// What a request is, as far as planned faults care.
fn operation(call: &Call) -> Operation {
    let parts: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    match (call.method.as_str(), parts.as_slice()) {
        (_, ["subscriptions", ..]) => Operation::Subscribe,
        (_, [.., "getSchedule"]) => Operation::List,
        ("GET", [.., "events", _]) => Operation::Get,
        ("GET", [.., "events" | "calendarView" | "delta" | "instances"]) => Operation::List,
        ("GET", _) => Operation::Account,
        _ => Operation::Write,
    }
}

fn retry(refusal: Refusal, after_s: Option<u32>) -> Refusal {
    match after_s {
        Some(seconds) => refusal.header("retry-after", seconds.to_string()),
        None => refusal,
    }
}

/// A status in Graph's usual shape.
fn failure(status: u16) -> Refusal {
    let (code, message) = match status {
        404 => ("ErrorItemNotFound", "The specified object was not found in the store."),
        409 => ("ErrorIrresolvableConflict", "The operation conflicts with another one."),
        412 => return Refusal::stale(),
        423 => ("ErrorMailboxStoreUnavailable", "The mailbox database is temporarily unavailable."),
        500 => ("ErrorInternalServerError", "An internal server error occurred. The operation failed."),
        503 => ("serviceNotAvailable", "The service is not available."),
        507 => ("ErrorQuotaExceeded", "The mailbox has exceeded its quota."),
        _ => ("UnknownError", ""),
    };
    Refusal::new(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), code, message)
}
