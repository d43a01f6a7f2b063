//! The handlers: whose hook, how large, who sent it, what it names; then marks and a queue, and a quick answer.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use daybook_core::ids::{AppointmentId, PracticeId};
use daybook_engine::Engine;
use daybook_engine::ports::{Cause, ConnectionRef, Named};
use daybook_engine::receive::EhrSignal;
use serde_json::json;

use crate::bundle::{self, Notification};
use crate::notice::{self, Heard};
use crate::proof::{self, HookKeys, HookSecret};
use crate::recent::Recent;
use crate::refusal::Refusal;
use crate::resource;

/// Larger messages are refused unread.
const MOST_BODY_BYTES: usize = 1024 * 1024;

/// Senders give up after two seconds (athenahealth). A poll that takes longer is dropped: nothing depends on it,
/// the next sweep asks again.
const POLL_DEADLINE: Duration = Duration::from_millis(1_500);

#[derive(Clone)]
pub(crate) struct Door {
    engine: Engine,
    keys: Arc<HookKeys>,
    recent: Arc<Recent>,
}

impl Door {
    pub fn new(engine: Engine, keys: HookKeys) -> Self {
        Self { engine, keys: Arc::new(keys), recent: Arc::default() }
    }

    fn secrets(&self, practice: &PracticeId) -> Result<&[HookSecret], Refusal> {
        self.keys.of(practice).ok_or(Refusal::NotFound)
    }

    /// The body of a message whose sender carries the token.
    async fn borne(&self, practice: &PracticeId, request: Request) -> Result<Bytes, Refusal> {
        if proof::bears(self.secrets(practice)?, request.headers()) {
            body_of(request.into_body()).await
        } else {
            Err(Refusal::Unauthorised)
        }
    }

    /// Marks what is named. Where no practitioner is, a new appointment is linked to nobody yet: the EHR is asked
    /// whose it is.
    async fn look(&self, practice: &PracticeId, signal: &EhrSignal) -> Result<(), Refusal> {
        self.engine.receive_ehr(practice, signal).await?;
        if signal.practitioners.is_empty() {
            self.poll(practice).await;
        }
        Ok(())
    }

    async fn look_at(&self, practice: &PracticeId, appointments: Vec<AppointmentId>) -> Result<(), Refusal> {
        self.look(practice, &EhrSignal { appointments, practitioners: Vec::new() }).await
    }

    /// Asks the EHR what changed. Its failure is no reason to have the hook repeated.
    async fn poll(&self, practice: &PracticeId) {
        match tokio::time::timeout(POLL_DEADLINE, self.engine.poll_practice(practice)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(%practice, %error, cause, "the EHR could not be polled after its hook");
            }
            Err(_) => tracing::info!(%practice, "polling the EHR after its hook is left to the sweep"),
        }
    }

    /// Something that concerns everybody: each connection looks.
    async fn signal_all(&self, practice: &PracticeId) -> Result<(), Refusal> {
        let connections = self.engine.store.list_connections(practice, None).await;
        for connection in connections.map_err(daybook_engine::EngineError::from)? {
            if connection.evidence.disconnected_at.is_none() {
                let at = ConnectionRef { practice: practice.clone(), id: connection.id };
                self.engine.signal(&at, &Named::default(), Cause::Ehr).await?;
            }
        }
        Ok(())
    }
}

/// `POST /hooks/ehr/{practice}`: Standard Webhooks.
pub(crate) async fn signed_json(
    State(door): State<Door>,
    Path(practice): Path<String>,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, Refusal> {
    let practice = PracticeId::new(practice);
    let secrets = door.secrets(&practice)?;
    let body = body_of(request.into_body()).await?;
    let now = door.engine.clock.now();
    let id = proof::signed(secrets, &headers, &body, now).ok_or(Refusal::Unauthorised)?;
    if !door.recent.knows(&practice, &id) {
        match notice::hear(&body).ok_or(Refusal::Malformed)? {
            Heard::Look(signal) => door.look(&practice, &signal).await?,
            Heard::Practice => door.signal_all(&practice).await?,
            Heard::Nothing => {}
        }
        door.recent.remember(&practice, &id, now);
    }
    Ok((StatusCode::ACCEPTED, Json(json!({"accepted": true, "id": id}))).into_response())
}

/// `POST /hooks/ehr/{practice}/fhir`: a notification bundle.
pub(crate) async fn fhir_bundle(
    State(door): State<Door>,
    Path(practice): Path<String>,
    request: Request,
) -> Result<StatusCode, Refusal> {
    let practice = PracticeId::new(practice);
    let body = door.borne(&practice, request).await?;
    match bundle::hear(&body).ok_or(Refusal::Malformed)? {
        Notification::Alive => {}
        Notification::Changed(appointments) => door.look_at(&practice, appointments).await?,
        Notification::Something => door.poll(&practice).await,
        Notification::Broken => {
            tracing::warn!(%practice, "the EHR says that its subscription is broken; the sweep goes on polling");
            door.poll(&practice).await;
        }
    }
    Ok(StatusCode::OK)
}

/// `POST /hooks/ehr/{practice}/r4/{subscription}`: empty, or (as some servers do) the resource itself.
pub(crate) async fn rest_hook(
    State(door): State<Door>,
    Path((practice, _subscription)): Path<(String, String)>,
    request: Request,
) -> Result<StatusCode, Refusal> {
    let practice = PracticeId::new(practice);
    let body = door.borne(&practice, request).await?;
    match resource::appointment_of(&body) {
        Some(appointment) => door.look_at(&practice, vec![appointment]).await?,
        None => door.poll(&practice).await,
    }
    Ok(StatusCode::ACCEPTED)
}

/// `PUT`, `POST` or `DELETE` of one resource below the endpoint. The path names it; the body is not read.
pub(crate) async fn rest_hook_resource(
    State(door): State<Door>,
    Path((practice, _subscription, kind, id)): Path<(String, String, String, String)>,
    request: Request,
) -> Result<StatusCode, Refusal> {
    if !matches!(*request.method(), Method::PUT | Method::POST | Method::DELETE) {
        return Err(Refusal::MethodNotAllowed);
    }
    let practice = PracticeId::new(practice);
    door.borne(&practice, request).await?;
    match notice::appointment_id(&id).filter(|_| kind == "Appointment") {
        Some(appointment) => door.look_at(&practice, vec![appointment]).await?,
        None => door.poll(&practice).await,
    }
    Ok(StatusCode::ACCEPTED)
}

/// The whole body, if it is small enough.
async fn body_of(body: Body) -> Result<Bytes, Refusal> {
    // The one way in which reading fails at this size is that there is more of it, or that the sender went away.
    to_bytes(body, MOST_BODY_BYTES).await.map_err(|_| Refusal::TooLarge)
}
