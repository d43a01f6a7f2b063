//! `/v1/practices/{practice}`: what a practice allows, for whoever holds the platform's key. It makes no practice; those
//! are the configuration's to say.

use axum::Json;
use axum::extract::{Extension, Path, State};
use daybook_core::audit::Who;
use daybook_core::ids::PracticeId;
use daybook_doorway::{Document, Problem};
use daybook_engine::ports::Practice;

use crate::Door;
use crate::body::JsonBody;
use crate::policy::{PolicyAnswer, PracticeBody, policy};

/// A practice, as its platform sees it.
#[derive(serde::Serialize, utoipa::ToSchema)]
pub(crate) struct PracticeAnswer {
    id: String,
    /// Where the EHR gives no zone.
    time_zone: Option<String>,
    policy: PolicyAnswer,
    /// When a person last set the policy; `null`: it is as the deployment was configured.
    policy_set_at: Option<String>,
}

impl From<Practice> for PracticeAnswer {
    fn from(practice: Practice) -> Self {
        Self {
            id: practice.id.to_string(),
            time_zone: practice.time_zone_fallback,
            policy: practice.policy.into(),
            policy_set_at: practice.set_at.map(|at| at.to_string()),
        }
    }
}

/// A practice and its policy.
#[utoipa::path(get, path = "/v1/practices/{practice}", tag = "practices",
    params(("practice" = String, Path)), security(("platform_key" = [])),
    responses((status = 200, description = "As it stands", body = PracticeAnswer), (status = "4XX", description = "A problem", body = Document, content_type = "application/problem+json")))]
pub(crate) async fn get(
    State(door): State<Door>,
    Path(practice): Path<String>,
) -> Result<Json<PracticeAnswer>, Problem> {
    Ok(Json(door.engine.read_practice(&PracticeId::new(practice)).await?.into()))
}

/// Set a practice's policy. What is left out of it is as if nobody had ever set it. Idempotent.
#[utoipa::path(put, path = "/v1/practices/{practice}", tag = "practices",
    params(("practice" = String, Path), ("Daybook-Actor" = Option<String>, Header)), security(("platform_key" = [])),
    request_body = PracticeBody,
    responses((status = 200, description = "Set; every connection for which it changes something is planned anew", body = PracticeAnswer), (status = "4XX", description = "A problem", body = Document, content_type = "application/problem+json")))]
pub(crate) async fn put(
    State(door): State<Door>,
    Path(practice): Path<String>,
    Extension(who): Extension<Who>,
    body: JsonBody<PracticeBody>,
) -> Result<Json<PracticeAnswer>, Problem> {
    let id = PracticeId::new(practice);
    let before = door.engine.read_practice(&id).await?;
    let wanted = policy(body, &before.policy, door.engine.clock.now()).map_err(Problem::invalid)?;
    let set = door.engine.set_policy(&id, &who, before.set_at, |policy| *policy = wanted.clone()).await?;
    Ok(Json(set.into()))
}
