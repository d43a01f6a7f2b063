//! The audit trail: who of the EHR's users asked for what, and how it went. Ids only, never what was in the request.

use axum::extract::{OriginalUri, Request};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use daybook_doorway::{Kind, Problem};

const ACTOR: &str = "daybook-actor";
const MOST_ACTOR_BYTES: usize = 128;

/// Writes one line for each request that wants to change something.
pub(crate) async fn audit(
    OriginalUri(asked): OriginalUri,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let actor = actor(&request)?;
    let method = request.method().clone();
    let response = next.run(request).await;
    if method != Method::GET && method != Method::HEAD {
        let status = response.status().as_u16();
        let path = asked.path();
        tracing::info!(target: "audit", actor, %method, path, status, "the API was asked for a change");
    }
    Ok(response)
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
