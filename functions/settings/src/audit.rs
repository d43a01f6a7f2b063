//! The audit trail, for whoever keeps the practice's records. What it holds is the core's to say; it is only read here.

use axum::Json;
use axum::extract::{Extension, State};
use daybook_core::audit::{Entry, Part, id_since, is_id};
use daybook_core::ids::{ConnectionId, PractitionerId};
use daybook_doorway::{Caller, Document, Fault, Problem};
use daybook_engine::ports::Reading;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::Door;
use crate::answer::List;
use crate::query::QueryOf;

/// One page.
const MOST: usize = 100;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditQuery {
    /// The `id` of the last entry that is known, `next` of the page before, or a time (RFC 3339). Without it, all that is
    /// kept.
    after: Option<String>,
}

/// One entry of the audit trail.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub(crate) struct EntryAnswer {
    pub id: String,
    pub at: String,
    /// In what capacity: `clinician`, `delegate`, `administrator`, `practice_key`, `platform_key`, `browser`, `stranger`
    /// or `daybook`.
    pub actor: &'static str,
    /// The EHR's id of the person, where it gave one that is opaque.
    pub actor_id: Option<String>,
    /// `connection.paused`
    pub deed: &'static str,
    /// `done`, `refused` or `failed`.
    pub outcome: &'static str,
    pub practitioner_id: Option<String>,
    pub connection_id: Option<String>,
    /// Which settings, or parts of the policy.
    pub changed: Vec<&'static str>,
    /// Whose accounts an attestation is about.
    pub domain: Option<String>,
}

impl From<&Entry> for EntryAnswer {
    fn from(entry: &Entry) -> Self {
        Self {
            id: entry.id(),
            at: entry.at.to_string(),
            actor: entry.who.hand.word(),
            actor_id: entry.who.user.clone(),
            deed: entry.deed.word(),
            outcome: entry.outcome.word(),
            practitioner_id: entry.practitioner.as_ref().map(PractitionerId::to_string),
            connection_id: entry.connection.as_ref().map(ConnectionId::to_string),
            changed: entry.parts.iter().copied().map(Part::word).collect(),
            domain: entry.domain.clone(),
        }
    }
}

/// What was done in the practice, oldest first.
#[utoipa::path(get, path = "/v1/practices/{practice}/audit", tag = "audit",
    params(("practice" = String, Path), AuditQuery),
    responses((status = 200, body = List<EntryAnswer>, description = "At most 100; `next` leads on where there are more"), (status = "4XX", description = "A problem", body = Document, content_type = "application/problem+json")))]
pub(crate) async fn list(
    State(door): State<Door>,
    Extension(caller): Extension<Caller>,
    QueryOf(query): QueryOf<AuditQuery>,
) -> Result<Json<List<EntryAnswer>>, Problem> {
    let reading = Reading::After(query.after.as_deref().map(bookmark).transpose()?);
    let found = door.engine.list_trail(&caller.practice, &reading, MOST).await?;
    Ok(Json(List { items: found.entries.iter().map(EntryAnswer::from).collect(), next: found.more }))
}

fn bookmark(after: &str) -> Result<String, Problem> {
    if is_id(after) {
        return Ok(after.to_owned());
    }
    let at = after.parse::<Timestamp>().map(id_since);
    at.map_err(|_| {
        let detail = "expected the `id` of an entry, or a time such as 2026-10-12T13:05:11Z".to_owned();
        Problem::invalid(vec![Fault { pointer: "?after".to_owned(), detail }])
    })
}
