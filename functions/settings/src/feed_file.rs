//! `GET /feeds/{secret}.ics`: what a calendar program fetches that subscribes to a feed. Whoever has the address may read
//! it; whatever is wrong with an address, the answer is the same. No log line holds one.

use aws_lc_rs::digest::{SHA256, digest};
use axum::Router;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderName, IF_NONE_MATCH, LAST_MODIFIED};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use daybook_caldav::ical::write::published;
use daybook_doorway::{Document, Kind, Problem};
use daybook_engine::Engine;
use jiff::fmt::rfc2822;

/// How the calendar is called; whoever subscribes may call it otherwise.
const NAME: &str = "Work schedule";
/// A hint; programs look when they like.
const REFRESH_HOURS: u32 = 1;
/// The address is a secret: no search engine should know it.
const ROBOTS: HeaderName = HeaderName::from_static("x-robots-tag");

/// The one route below `/feeds`.
pub fn router(engine: Engine) -> Router {
    Router::new()
        .route("/feeds/{file}", get(fetch))
        .method_not_allowed_fallback(|| async { Problem::new(Kind::MethodNotAllowed) })
        .with_state(engine)
}

/// The feed, as a calendar file.
#[utoipa::path(get, path = "/feeds/{file}", tag = "feeds", security(()),
    params(("file" = String, Path, description = "The secret that was told when the feed was made, and `.ics`"), ("If-None-Match" = Option<String>, Header)),
    responses((status = 200, description = "iCalendar (RFC 5545)", body = String, content_type = "text/calendar"), (status = 304, description = "As it was"), (status = 404, description = "Unknown, revoked, expired or forbidden", body = Document, content_type = "application/problem+json")))]
pub(crate) async fn fetch(
    State(engine): State<Engine>,
    Path(file): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let secret = file.strip_suffix(".ics").ok_or_else(|| Problem::new(Kind::NotFound))?;
    let page = engine.fetch_feed(secret).await?;
    let body = published(NAME, &page.entries, page.since, REFRESH_HOURS);
    let tag = format!("\"{}\"", BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, body.as_bytes())));
    let modified = rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&page.since);
    let kept = [
        (ETAG, tag.clone()),
        (LAST_MODIFIED, modified.unwrap_or_default()),
        (CACHE_CONTROL, "private, max-age=300".to_owned()),
        (ROBOTS, "noindex".to_owned()),
    ];
    if is_known(&headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, kept).into_response());
    }
    Ok((kept, [(CONTENT_TYPE, "text/calendar; charset=utf-8")], body).into_response())
}

/// Whether the reader has this already (RFC 9110, section 13.1.2).
fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let given = headers.get_all(IF_NONE_MATCH).into_iter().filter_map(|line| line.to_str().ok());
    let mut tags = given.flat_map(|line| line.split(',')).map(str::trim);
    tags.any(|one| one == "*" || one.trim_start_matches("W/") == tag)
}
