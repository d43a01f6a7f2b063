//! A practitioner's read-only feed over the API: make it, look at it, revoke it. What a feed shows is not told here.

use axum::Json;
use axum::extract::{Extension, FromRequest, FromRequestParts, Path, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use daybook_core::feed::State as FeedState;
use daybook_core::ids::PractitionerId;
use daybook_doorway::{Caller, Document, Kind, Problem};
use daybook_engine::feed::FeedView;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use utoipa::ToSchema;

use crate::Door;
use crate::answer::{reason, time};
use crate::body::{JsonBody, read_bytes};
use crate::request::practitioner_id;
use crate::told::Touched;
use crate::words::Detail;

/// How the feed is to be. Without a body, it is as it is by itself.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewFeed)]
pub(crate) struct NewFeedBody {
    /// `busy` if not said. No feed tells more than `appointment`.
    detail: Option<Detail>,
}

/// A feed; its address only where it was just made.
#[derive(Serialize, ToSchema)]
#[schema(as = Feed)]
pub(crate) struct FeedAnswer {
    practitioner_id: String,
    state: StateWord,
    detail: Detail,
    /// What is in force; `effective_detail_reason` says why it is less than was chosen.
    effective_detail: Detail,
    effective_detail_reason: Option<&'static str>,
    created_at: String,
    /// To the hour.
    last_fetched_at: Option<String>,
    /// When it is over, unless somebody fetches it before.
    expires_at: String,
    /// Whoever has it can read the feed. It is told this once; `null` where the answer repeats an earlier one.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// The same, in the form that opens a calendar program.
    #[serde(skip_serializing_if = "Option::is_none")]
    webcal_url: Option<String>,
}

/// A feed that has expired, or that the practice forbids, answers as if it had never been.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = FeedState)]
pub(crate) enum StateWord {
    Active,
    Expired,
    Forbidden,
}

impl FeedAnswer {
    fn of(view: FeedView, url: Option<&SecretString>) -> Self {
        let FeedView { feed, state, effective_detail, effective_detail_reason } = view;
        let url = url.map(|url| url.expose_secret().to_owned());
        Self {
            practitioner_id: feed.practitioner.to_string(),
            state: match state {
                FeedState::Active => StateWord::Active,
                FeedState::Expired => StateWord::Expired,
                FeedState::Forbidden => StateWord::Forbidden,
            },
            detail: feed.detail.into(),
            effective_detail: effective_detail.into(),
            effective_detail_reason: effective_detail_reason.map(reason),
            created_at: time(feed.made_at),
            last_fetched_at: feed.fetched_at.map(time),
            expires_at: time(feed.expires_at()),
            webcal_url: url.as_deref().and_then(webcal),
            url,
        }
    }
}

/// The scheme by which a calendar program is opened.
pub(crate) fn webcal(url: &str) -> Option<String> {
    url.split_once("://").map(|(_, rest)| format!("webcal://{rest}"))
}

/// Make the practitioner's feed. One that they have has another address from then on; the old one opens nothing.
#[utoipa::path(post, path = "/v1/practices/{practice}/practitioners/{id}/feed", tag = "feeds",
    params(("practice" = String, Path), ("id" = String, Path), ("Idempotency-Key" = Option<String>, Header), ("Daybook-Actor" = Option<String>, Header)),
    request_body(content = Option<NewFeedBody>, content_type = "application/json"),
    responses((status = 201, description = "Made; its address is told this once", body = FeedAnswer), (status = "4XX", description = "A problem", body = Document, content_type = "application/problem+json")))]
pub(crate) async fn make(
    State(door): State<Door>,
    Extension(caller): Extension<Caller>,
    Of(practitioner): Of,
    Wanted(detail): Wanted,
) -> Result<(StatusCode, Extension<Touched>, Json<FeedAnswer>), Problem> {
    let (view, secret) = door.engine.make_feed(&caller.practice, &practitioner, detail.into()).await?;
    let url = door.engine.feed_url(&secret);
    let touched = Touched { practitioner: Some(practitioner), ..Touched::default() };
    Ok((StatusCode::CREATED, Extension(touched), Json(FeedAnswer::of(view, Some(&url)))))
}

/// The practitioner's feed, without its address.
#[utoipa::path(get, path = "/v1/practices/{practice}/practitioners/{id}/feed", tag = "feeds",
    params(("practice" = String, Path), ("id" = String, Path)),
    responses((status = 200, description = "There is one", body = FeedAnswer), (status = 404, description = "There is none", body = Document, content_type = "application/problem+json")))]
pub(crate) async fn get(
    State(door): State<Door>,
    Extension(caller): Extension<Caller>,
    Of(practitioner): Of,
) -> Result<Json<FeedAnswer>, Problem> {
    let found = door.engine.feed(&caller.practice, &practitioner).await?;
    let view = found.ok_or_else(|| Problem::new(Kind::NotFound))?;
    Ok(Json(FeedAnswer::of(view, None)))
}

/// Revoke the practitioner's feed: its address opens nothing from then on. Idempotent.
#[utoipa::path(delete, path = "/v1/practices/{practice}/practitioners/{id}/feed", tag = "feeds",
    params(("practice" = String, Path), ("id" = String, Path), ("Daybook-Actor" = Option<String>, Header)),
    responses((status = 204, description = "There is none any more"), (status = "4XX", description = "A problem", body = Document, content_type = "application/problem+json")))]
pub(crate) async fn revoke(
    State(door): State<Door>,
    Extension(caller): Extension<Caller>,
    Of(practitioner): Of,
) -> Result<(StatusCode, Extension<Touched>), Problem> {
    let was_there = door.engine.revoke_feed(&caller.practice, &practitioner).await?;
    let touched = Touched { practitioner: was_there.then_some(practitioner), ..Touched::default() };
    Ok((StatusCode::NO_CONTENT, Extension(touched)))
}

/// The practitioner that the path names.
pub(crate) struct Of(PractitionerId);

impl<S: Send + Sync> FromRequestParts<S> for Of {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let names = Path::<HashMap<String, String>>::from_request_parts(parts, state).await;
        let id = names.ok().and_then(|Path(mut names)| names.remove("id"));
        let found = id.and_then(|id| practitioner_id(&id, "id", &mut Vec::new()));
        found.map(Self).ok_or_else(|| Problem::new(Kind::NotFound))
    }
}

/// The level that a body asks for, if there is a body.
pub(crate) struct Wanted(Detail);

impl<S: Send + Sync> FromRequest<S> for Wanted {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = read_bytes(Request::from_parts(parts.clone(), body), state).await?;
        if bytes.is_empty() {
            return Ok(Self(Detail::Busy));
        }
        let request = Request::from_parts(parts, bytes.into());
        let JsonBody { read, faults } = JsonBody::<NewFeedBody>::from_request(request, state).await?;
        if !faults.is_empty() {
            return Err(Problem::invalid(faults));
        }
        Ok(Self(read.detail.unwrap_or(Detail::Busy)))
    }
}
