//! The audit trail of the API: who of the EHR's users asked for what, and how it went. Ids only, never what was in the
//! request. What is merely read is not kept, and a repetition that was answered from memory was no deed.

use std::collections::BTreeSet;

use axum::extract::{OriginalUri, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use daybook_core::audit::{Deed, Hand, Outcome, Part, Who};
use daybook_core::ids::{ConnectionId, PracticeId, PractitionerId};
use daybook_doorway::{Caller, Kind, Problem};
use daybook_engine::audit::Doing;

use crate::Door;
use crate::twice::REPLAYED;

const ACTOR: &str = "daybook-actor";
const MOST_ACTOR_BYTES: usize = 128;

/// What a handler knows of its deed beyond what its route says. It travels with the response, and not to the caller.
#[derive(Clone, Default)]
pub(crate) struct Touched {
    pub connection: Option<ConnectionId>,
    pub practitioner: Option<PractitionerId>,
    pub parts: BTreeSet<Part>,
    /// Done by the same request.
    pub also: Vec<Doing>,
}

/// Keeps what was asked with the key of a practice.
pub(crate) async fn audit(
    State(door): State<Door>,
    uri: OriginalUri,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let practice = request.extensions().get::<Caller>().map(|caller| caller.practice.clone());
    keep(&door, Hand::PracticeKey, practice, &uri, request, next).await
}

/// Keeps what was asked with the platform's key.
pub(crate) async fn audit_platform(
    State(door): State<Door>,
    uri: OriginalUri,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let practice = uri.path().split('/').nth(3).map(PracticeId::new);
    keep(&door, Hand::PlatformKey, practice, &uri, request, next).await
}

async fn keep(
    door: &Door,
    hand: Hand,
    practice: Option<PracticeId>,
    uri: &OriginalUri,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let who = Who::new(hand, &actor(&request)?);
    let asked: Vec<&str> = uri.path().split('/').skip(4).collect();
    let doing = doing(request.method(), &asked);
    let response = next.run(request).await;
    // Where there is no such practice, there is no trail.
    let is_nowhere = hand == Hand::PlatformKey && response.status() == StatusCode::NOT_FOUND;
    let (Some(doing), Some(practice), false) = (doing, practice, is_nowhere) else { return Ok(response) };
    if !response.headers().contains_key(REPLAYED) {
        for doing in came_to(doing, &response) {
            door.engine.note(&practice, who.clone(), doing).await;
        }
    }
    Ok(response)
}

/// What a route is for; `None` where it only looks.
fn doing(method: &Method, asked: &[&str]) -> Option<Doing> {
    let of = |deed, id: &str| Doing { connection: Some(ConnectionId::new(id)), ..Doing::of(deed) };
    let feed = |deed, id: &str| Doing { practitioner: Some(PractitionerId::new(id)), ..Doing::of(deed) };
    Some(match (method.as_str(), asked) {
        ("PUT", []) => Doing::of(Deed::PracticeSet),
        ("DELETE", []) => Doing::of(Deed::PracticeErased),
        ("POST", ["connections"]) => Doing::of(Deed::Connected),
        ("PATCH", ["connections", id]) => of(Deed::SettingsChanged, id),
        ("DELETE", ["connections", id]) => of(Deed::Disconnected, id),
        ("POST", ["connections", id, "start"]) => of(Deed::Started, id),
        ("POST", ["connections", id, "sync"]) => of(Deed::SyncAsked, id),
        ("POST", ["connections", id, "pause"]) => of(Deed::Paused, id),
        ("POST", ["connections", id, "resume"]) => of(Deed::Resumed, id),
        ("POST", ["connections", id, "confirm-deletions"]) => of(Deed::DeletionsConfirmed, id),
        ("POST", ["practitioners", id, "feed"]) => feed(Deed::FeedMade, id),
        ("DELETE", ["practitioners", id, "feed"]) => feed(Deed::FeedRevoked, id),
        _ => return None,
    })
}

/// How it went, with what the handler knows of it. An id that nothing has is not kept: it may be any text.
fn came_to(doing: Doing, response: &Response) -> Vec<Doing> {
    let outcome = match response.status() {
        status if status.is_success() => Outcome::Done,
        status if status.is_server_error() => Outcome::Failed,
        _ => Outcome::Refused,
    };
    let doing = if response.status() == StatusCode::NOT_FOUND { Doing::of(doing.deed) } else { doing };
    let touched = response.extensions().get::<Touched>().cloned().unwrap_or_default();
    let connection = touched.connection.or(doing.connection);
    let practitioner = touched.practitioner.or(doing.practitioner);
    let first = Doing { connection, practitioner, parts: touched.parts, outcome, ..Doing::of(doing.deed) };
    std::iter::once(first).chain(touched.also).collect()
}

/// An opaque user id of the EHR; empty where none is given.
fn actor(request: &Request) -> Result<String, Problem> {
    let Some(given) = request.headers().get(ACTOR) else { return Ok(String::new()) };
    let fits = given.len() <= MOST_ACTOR_BYTES && given.as_bytes().iter().all(u8::is_ascii_graphic);
    match given.to_str() {
        Ok(actor) if fits => Ok(actor.to_owned()),
        _ => Err(Problem::new(Kind::Malformed)
            .with_detail("Daybook-Actor holds at most 128 visible ASCII characters")),
    }
}
