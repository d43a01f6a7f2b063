//! The notices again, for an EHR that has missed some. Which there are is the engine's to know.

use axum::Json;
use axum::extract::{Extension, State};
use daybook_core::notice::{id_since, is_id};
use daybook_doorway::{Caller, Document, Fault, Problem};
use daybook_notices::Document as Notice;
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::Door;
use crate::answer::List;
use crate::query::QueryOf;

/// One page.
const MOST: usize = 100;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct NoticesQuery {
    /// The `id` of the last notice that is known, `next` of the page before, or a time (RFC 3339). Without it, all of
    /// the last 30 days.
    after: Option<String>,
}

/// What the practice's EHR was told, oldest first.
#[utoipa::path(get, path = "/v1/practices/{practice}/notices", tag = "notices",
    params(("practice" = String, Path), NoticesQuery),
    responses((status = 200, body = List<Notice>, description = "At most 100; `next` leads on where there are more"), (status = "4XX", description = "A problem", body = Document, content_type = "application/problem+json")))]
pub(crate) async fn list(
    State(door): State<Door>,
    Extension(caller): Extension<Caller>,
    QueryOf(query): QueryOf<NoticesQuery>,
) -> Result<Json<List<Notice>>, Problem> {
    let after = query.after.as_deref().map(bookmark).transpose()?;
    let mut found = door.engine.list_notices(&caller.practice, after.as_deref(), MOST + 1).await?;
    let more = found.len() > MOST;
    found.truncate(MOST);
    let next = found.last().filter(|_| more).map(daybook_core::notice::Notice::id);
    Ok(Json(List { items: found.iter().map(Notice::from).collect(), next }))
}

fn bookmark(after: &str) -> Result<String, Problem> {
    if is_id(after) {
        return Ok(after.to_owned());
    }
    let at = after.parse::<Timestamp>().map(id_since);
    at.map_err(|_| {
        let detail = "expected the `id` of a notice, or a time such as 2026-10-12T13:05:11Z".to_owned();
        Problem::invalid(vec![Fault { pointer: "?after".to_owned(), detail }])
    })
}
