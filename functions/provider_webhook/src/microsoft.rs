//! Microsoft's notifications: the handshake of an address, changes, and news of a subscription itself
//! (<https://learn.microsoft.com/graph/change-notifications-delivery-webhooks>). Each element of a message proves
//! itself; one that does not is left out and hinders no other.

use std::collections::BTreeSet;

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::response::{IntoResponse, Response};
use daybook_core::connection::Provider;
use daybook_engine::Engine;
use daybook_engine::receive::{About, Notification};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;

use crate::refusal::Refusal;

/// A handshake's token is a few dozen characters; nobody is to store more with us.
const MOST_TOKEN_BYTES: usize = 1024;
/// Each subscription of a message costs one read of the table. What a longer message would have told, the next poll
/// finds.
const MOST_NOTIFICATIONS: usize = 200;

/// What the query of a handshake holds.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Handshake {
    validation_token: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    value: Vec<Value>,
}

/// One element, as far as it concerns us.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Element {
    subscription_id: String,
    client_state: SecretString,
    #[serde(default)]
    lifecycle_event: Option<String>,
}

/// `POST /webhooks/microsoft` and `/webhooks/microsoft/lifecycle`: each takes what is meant for the other.
pub(crate) async fn notified(
    State(engine): State<Engine>,
    query: Result<Query<Handshake>, QueryRejection>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let Query(handshake) = query.map_err(|_| Refusal::Malformed)?;
    if let Some(token) = handshake.validation_token {
        return shake(token);
    }
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Refusal::TooLarge,
        _ => Refusal::Malformed,
    })?;
    engine.receive_provider(Provider::Microsoft, &notifications(&body)?).await?;
    Ok(StatusCode::ACCEPTED.into_response())
}

/// The token as plain text, which no browser takes for anything else.
fn shake(token: String) -> Result<Response, Refusal> {
    if token.len() > MOST_TOKEN_BYTES {
        return Err(Refusal::Malformed);
    }
    let headers = [(CONTENT_TYPE, "text/plain; charset=utf-8"), (X_CONTENT_TYPE_OPTIONS, "nosniff")];
    Ok((headers, token).into_response())
}

/// What is told, each thing once. Microsoft bundles notifications of many subscriptions.
fn notifications(body: &[u8]) -> Result<Vec<Notification>, Refusal> {
    let Message { value } = serde_json::from_slice(body).map_err(|_| Refusal::Malformed)?;
    if value.len() > MOST_NOTIFICATIONS {
        return Err(Refusal::TooLarge);
    }
    let mut told = BTreeSet::new();
    let notifications = value.into_iter().filter_map(|element| {
        let Ok(element) = serde_json::from_value::<Element>(element) else {
            tracing::debug!("a notification that names no subscription or shows no secret is ignored");
            return None;
        };
        let notification = read(element);
        let is_new = told.insert((
            notification.subscription.clone(),
            notification.secret.expose_secret().to_owned(),
            notification.about == About::Calendar,
        ));
        is_new.then_some(notification)
    });
    Ok(notifications.collect())
}

fn read(element: Element) -> Notification {
    let about = match element.lifecycle_event.as_deref() {
        Some("reauthorizationRequired" | "subscriptionRemoved") => About::Subscription,
        // `missed`, and news that this version does not know: looking does no harm.
        Some(_) | None => About::Calendar,
    };
    Notification {
        subscription: element.subscription_id.as_str().into(),
        secret: element.client_state,
        about,
    }
}
