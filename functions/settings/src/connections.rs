//! The handlers: parse, call the use case, answer. One use case each.

use axum::extract::{Extension, FromRequestParts, Path, State};
use axum::http::header::{ETAG, LOCATION};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::IntoResponse;
use axum::{Json, RequestPartsExt};
use daybook_core::audit::{Deed, Part, settings_parts};
use daybook_core::connection::{Connection, Mirrors, Provider};
use daybook_core::ids::ConnectionId;
use daybook_doorway::{Caller, Document, Kind, Problem};
use daybook_engine::audit::Doing;
use daybook_engine::connect::NewConnection;
use daybook_engine::ports::ConnectionRef;
use daybook_engine::{Engine, EngineError};
use std::collections::{BTreeSet, HashMap};

use crate::Door;
use crate::answer::{CalendarAnswer, ConnectionAnswer, List, PreviewAnswer};
use crate::body::JsonBody;
use crate::query::QueryOf;
use crate::request::{self, DisconnectQuery, ListQuery, NewConnectionBody, SettingsBody};
use crate::revision::{Seen, etag};
use crate::signing_in::signing_in;
use crate::told::Touched;

type Answer = Result<Revised, Problem>;

/// Connect a clinician's account.
#[utoipa::path(post, path = "/v1/practices/{practice}/connections", tag = "connections",
    params(("practice" = String, Path), ("Idempotency-Key" = Option<String>, Header), ("Daybook-Actor" = Option<String>, Header)),
    request_body = NewConnectionBody,
    responses((status = 201, description = "Made", body = ConnectionAnswer), (status = 409, description = "This account is connected already", body = Document, content_type = "application/problem+json"), (status = "4XX", description = "A problem", body = Document, content_type = "application/problem+json")))]
pub(crate) async fn create(
    State(door): State<Door>,
    Extension(caller): Extension<Caller>,
    body: JsonBody<NewConnectionBody>,
) -> Result<impl IntoResponse, Problem> {
    let policy = door.engine.practice(&caller.practice).await?.policy;
    let wanted = request::wanted(body, &policy)?;
    let new = NewConnection {
        practice: caller.practice.clone(),
        practitioner: wanted.practitioner,
        provider: wanted.provider,
        settings: wanted.settings,
        login: wanted.login,
    };
    let made = door.engine.connect(new).await.map_err(signing_in)?;
    let place = format!("/v1/practices/{}/connections/{}", caller.practice, made.id);
    let signed_in = made.evidence.authorised_at.map(|_| Doing::to(Deed::SignedIn, &made));
    let started = made.evidence.started_at.map(|_| Doing::to(Deed::Started, &made));
    let also = signed_in.into_iter().chain(started).collect();
    let answer = Revised::of(&door.engine, made, StatusCode::CREATED).await?.also(also);
    Ok((place_header(&place), answer))
}

/// The practice's connections.
#[utoipa::path(get, path = "/v1/practices/{practice}/connections", tag = "connections",
    params(("practice" = String, Path), ListQuery),
    responses((status = 200, body = List<ConnectionAnswer>, description = "All of them, disconnected ones for 30 days"), (status = "4XX", description = "A problem", body = Document, content_type = "application/problem+json")))]
pub(crate) async fn list(
    State(door): State<Door>,
    Extension(caller): Extension<Caller>,
    QueryOf(query): QueryOf<ListQuery>,
) -> Result<Json<List<ConnectionAnswer>>, Problem> {
    let practitioner = request::listed(query)?;
    let found = door.engine.store.list_connections(&caller.practice, practitioner.as_ref()).await?;
    let mut items = Vec::with_capacity(found.len());
    for connection in found {
        items.push(door.engine.view_of(connection).await?.into());
    }
    Ok(Json(List::of(items)))
}

/// One connection.
#[utoipa::path(get, path = "/v1/practices/{practice}/connections/{id}", tag = "connections",
    params(("practice" = String, Path), ("id" = String, Path)),
    responses((status = 200, description = "Its `ETag` is what `If-Match` takes", body = ConnectionAnswer), (status = "4XX", description = "A problem", body = Document, content_type = "application/problem+json")))]
pub(crate) async fn get(State(door): State<Door>, At(at): At) -> Answer {
    let found = door.engine.find(&at).await?;
    Revised::of(&door.engine, found, StatusCode::OK).await
}

/// Change settings; everything is planned anew.
#[utoipa::path(patch, path = "/v1/practices/{practice}/connections/{id}", tag = "connections",
    params(("practice" = String, Path), ("id" = String, Path), ("If-Match" = Option<String>, Header), ("Daybook-Actor" = Option<String>, Header)),
    request_body = SettingsBody,
    responses((status = 200, description = "Changed", body = ConnectionAnswer), (status = 412, description = "Changed meanwhile", body = Document, content_type = "application/problem+json"), (status = "4XX", description = "A problem", body = Document, content_type = "application/problem+json")))]
pub(crate) async fn change(
    State(door): State<Door>,
    At(at): At,
    headers: HeaderMap,
    body: JsonBody<SettingsBody>,
) -> Answer {
    let policy = door.engine.practice(&at.practice).await?.policy;
    let request::Change { patch, login } = request::change(body, &policy)?;
    let current = door.engine.find(&at).await?;
    let seen = Seen::from(&headers).expect(current.version).map_err(|()| Problem::new(Kind::Stale))?;
    let signs_in = login.is_some();
    let expected = match login {
        None => seen,
        Some(_) if current.provider != Provider::Caldav => {
            return Err(Problem::invalid(vec![request::no_password()]));
        }
        Some(login) => {
            let signed_in = door.engine.reconnect(&at, login).await.map_err(signing_in)?;
            seen.map(|_| signed_in.version)
        }
    };
    let changed = door.engine.change(&at, expected, &patch).await?;
    let parts = settings_parts(&current.settings, &changed.settings);
    let also = signs_in.then(|| Doing::to(Deed::SignedIn, &changed)).into_iter().collect();
    Ok(Revised::of(&door.engine, changed, StatusCode::OK).await?.changing(parts).also(also))
}

/// Disconnect. Idempotent.
#[utoipa::path(delete, path = "/v1/practices/{practice}/connections/{id}", tag = "connections",
    params(("practice" = String, Path), ("id" = String, Path), DisconnectQuery, ("Daybook-Actor" = Option<String>, Header)),
    responses((status = 202, description = "Disconnecting", body = ConnectionAnswer), (status = "4XX", description = "A problem", body = Document, content_type = "application/problem+json")))]
pub(crate) async fn disconnect(
    State(door): State<Door>,
    At(at): At,
    QueryOf(query): QueryOf<DisconnectQuery>,
) -> Answer {
    let mirrors = query.mirrors.map_or(Mirrors::default(), Into::into);
    accepted(&door, door.engine.disconnect(&at, mirrors).await).await
}

/// The clinician's yes.
#[utoipa::path(post, path = "/v1/practices/{practice}/connections/{id}/start", tag = "commands",
    params(("practice" = String, Path), ("id" = String, Path), ("Idempotency-Key" = Option<String>, Header), ("Daybook-Actor" = Option<String>, Header)),
    responses((status = 202, description = "Starting", body = ConnectionAnswer), (status = "4XX", description = "A problem", body = Document, content_type = "application/problem+json")))]
pub(crate) async fn start(State(door): State<Door>, At(at): At) -> Answer {
    accepted(&door, door.engine.start(&at).await).await
}

/// Look at the EHR and the calendars now.
#[utoipa::path(post, path = "/v1/practices/{practice}/connections/{id}/sync", tag = "commands",
    params(("practice" = String, Path), ("id" = String, Path), ("Idempotency-Key" = Option<String>, Header), ("Daybook-Actor" = Option<String>, Header)),
    responses((status = 202, description = "Queued; `settled` tells when it is done", body = ConnectionAnswer), (status = "4XX", description = "A problem", body = Document, content_type = "application/problem+json")))]
pub(crate) async fn sync(State(door): State<Door>, At(at): At) -> Answer {
    accepted(&door, door.engine.sync_now(&at).await).await
}

/// Stop reading and writing; what stands stays.
#[utoipa::path(post, path = "/v1/practices/{practice}/connections/{id}/pause", tag = "commands",
    params(("practice" = String, Path), ("id" = String, Path), ("Idempotency-Key" = Option<String>, Header), ("Daybook-Actor" = Option<String>, Header)),
    responses((status = 202, description = "Paused", body = ConnectionAnswer), (status = "4XX", description = "A problem", body = Document, content_type = "application/problem+json")))]
pub(crate) async fn pause(State(door): State<Door>, At(at): At) -> Answer {
    accepted(&door, door.engine.pause(&at).await).await
}

/// Go on and catch up.
#[utoipa::path(post, path = "/v1/practices/{practice}/connections/{id}/resume", tag = "commands",
    params(("practice" = String, Path), ("id" = String, Path), ("Idempotency-Key" = Option<String>, Header), ("Daybook-Actor" = Option<String>, Header)),
    responses((status = 202, description = "Resumed", body = ConnectionAnswer), (status = "4XX", description = "A problem", body = Document, content_type = "application/problem+json")))]
pub(crate) async fn resume(State(door): State<Door>, At(at): At) -> Answer {
    accepted(&door, door.engine.resume(&at).await).await
}

/// Let the deletions go that the brake holds.
#[utoipa::path(post, path = "/v1/practices/{practice}/connections/{id}/confirm-deletions", tag = "commands",
    params(("practice" = String, Path), ("id" = String, Path), ("Idempotency-Key" = Option<String>, Header), ("Daybook-Actor" = Option<String>, Header)),
    responses((status = 202, description = "Released", body = ConnectionAnswer), (status = "4XX", description = "A problem", body = Document, content_type = "application/problem+json")))]
pub(crate) async fn confirm_deletions(State(door): State<Door>, At(at): At) -> Answer {
    accepted(&door, door.engine.confirm_deletions(&at).await).await
}

/// What a sync would do, without doing it.
#[utoipa::path(post, path = "/v1/practices/{practice}/connections/{id}/preview", tag = "commands",
    params(("practice" = String, Path), ("id" = String, Path), ("Idempotency-Key" = Option<String>, Header), ("Daybook-Actor" = Option<String>, Header)),
    responses((status = 200, description = "Numbers only", body = PreviewAnswer), (status = "4XX", description = "A problem", body = Document, content_type = "application/problem+json")))]
pub(crate) async fn preview(State(door): State<Door>, At(at): At) -> Result<Json<PreviewAnswer>, Problem> {
    Ok(Json(door.engine.preview(&at).await?.into()))
}

/// The account's calendars, read now.
#[utoipa::path(get, path = "/v1/practices/{practice}/connections/{id}/calendars", tag = "connections",
    params(("practice" = String, Path), ("id" = String, Path)),
    responses((status = 200, description = "All of them", body = List<CalendarAnswer>), (status = "4XX", description = "A problem", body = Document, content_type = "application/problem+json")))]
pub(crate) async fn calendars(
    State(door): State<Door>,
    At(at): At,
) -> Result<Json<List<CalendarAnswer>>, Problem> {
    let calendars = door.engine.list_calendars(&door.engine.find(&at).await?).await?;
    Ok(Json(List::of(calendars.into_iter().map(Into::into).collect())))
}

/// The connection that the path names, in the caller's practice.
pub(crate) struct At(ConnectionRef);

impl<S: Send + Sync> FromRequestParts<S> for At {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let nowhere = || Problem::new(Kind::NotFound);
        let Path(mut names) =
            parts.extract::<Path<HashMap<String, String>>>().await.map_err(|_| nowhere())?;
        let id = names.remove("id").ok_or_else(nowhere)?;
        let caller = parts.extensions.get::<Caller>().ok_or_else(nowhere)?;
        Ok(At(ConnectionRef { practice: caller.practice.clone(), id: ConnectionId::new(id) }))
    }
}

/// A connection with the entity tag of its settings.
pub(crate) struct Revised {
    status: StatusCode,
    version: u64,
    answer: ConnectionAnswer,
    touched: Touched,
}

impl Revised {
    async fn of(engine: &Engine, connection: Connection, status: StatusCode) -> Answer {
        let version = connection.version;
        let touched = Touched {
            connection: Some(connection.id.clone()),
            practitioner: Some(connection.practitioner.clone()),
            ..Touched::default()
        };
        let answer = engine.view_of(connection).await?.into();
        Ok(Self { status, version, answer, touched })
    }

    fn changing(self, parts: BTreeSet<Part>) -> Self {
        Self { touched: Touched { parts, ..self.touched }, ..self }
    }

    fn also(self, also: Vec<Doing>) -> Self {
        Self { touched: Touched { also, ..self.touched }, ..self }
    }
}

impl IntoResponse for Revised {
    fn into_response(self) -> axum::response::Response {
        let headers = [(ETAG, etag(self.version))];
        (self.status, headers, Extension(self.touched), Json(self.answer)).into_response()
    }
}

async fn accepted(door: &Door, done: Result<Connection, EngineError>) -> Answer {
    Revised::of(&door.engine, done?, StatusCode::ACCEPTED).await
}

fn place_header(place: &str) -> [(HeaderName, HeaderValue); 1] {
    // Our ids are fit for a URL; if one were not, the header is worth less than the answer.
    [(LOCATION, HeaderValue::from_str(place).unwrap_or(HeaderValue::from_static("")))]
}
