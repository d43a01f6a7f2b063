//! The audit trail of the API: who of the EHR's users asked for what, and how it went. Ids only, never what was in the
//! request. What is merely read is not kept, and a repetition that was answered from memory was no deed.

use std::collections::BTreeSet;

use axum::extract::rejection::PathRejection;
use axum::extract::{OriginalUri, Path, Request, State};
use axum::http::Method;
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
    practice: Result<Path<String>, PathRejection>,
    uri: OriginalUri,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let practice = practice.ok().map(|Path(practice)| PracticeId::new(practice));
    keep(&door, Hand::PlatformKey, practice, &uri, request, next).await
}

async fn keep(
    door: &Door,
    hand: Hand,
    practice: Option<PracticeId>,
    uri: &OriginalUri,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let who = Who::new(hand, &actor(&request)?);
    let asked: Vec<&str> = uri.path().split('/').skip(4).collect();
    let deed = deed(request.method(), &asked);
    request.extensions_mut().insert(who.clone());
    let response = next.run(request).await;
    // Where there is no such practice, there is no trail.
    let (Some(deed), Some(practice)) = (deed, practice) else { return Ok(response) };
    let is_anywhere = hand != Hand::PlatformKey || door.engine.practice(&practice).await.is_ok();
    if is_anywhere && !response.headers().contains_key(REPLAYED) {
        for doing in came_to(deed, &response) {
            door.engine.note(&practice, who.clone(), doing).await;
        }
    }
    Ok(response)
}

/// What a route is for; `None` where it only looks.
fn deed(method: &Method, asked: &[&str]) -> Option<Deed> {
    Some(match (method.as_str(), asked) {
        ("PUT", []) => Deed::PracticeSet,
        ("DELETE", []) => Deed::PracticeErased,
        ("POST", ["connections"]) => Deed::Connected,
        ("PATCH", ["connections", _]) => Deed::SettingsChanged,
        ("DELETE", ["connections", _]) => Deed::Disconnected,
        ("POST", ["connections", _, "start"]) => Deed::Started,
        ("POST", ["connections", _, "sync"]) => Deed::SyncAsked,
        ("POST", ["connections", _, "pause"]) => Deed::Paused,
        ("POST", ["connections", _, "resume"]) => Deed::Resumed,
        ("POST", ["connections", _, "confirm-deletions"]) => Deed::DeletionsConfirmed,
        ("POST", ["practitioners", _, "feed"]) => Deed::FeedMade,
        ("DELETE", ["practitioners", _, "feed"]) => Deed::FeedRevoked,
        _ => return None,
    })
}

/// How it went, with what the handler has found. An id of the address alone is not kept: it may be any text.
fn came_to(deed: Deed, response: &Response) -> Vec<Doing> {
    let outcome = match response.status() {
        status if status.is_success() => Outcome::Done,
        status if status.is_server_error() => Outcome::Failed,
        _ => Outcome::Refused,
    };
    let Touched { connection, practitioner, parts, also } =
        response.extensions().get::<Touched>().cloned().unwrap_or_default();
    // There was no feed to revoke.
    if deed == Deed::FeedRevoked && outcome == Outcome::Done && practitioner.is_none() {
        return also;
    }
    let first = Doing { connection, practitioner, parts, outcome, ..Doing::of(deed) };
    std::iter::once(first).chain(also).collect()
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
