//! Google's notifications: headers and no body
//! (<https://developers.google.com/workspace/calendar/api/guides/push#receive-notifications>). Whatever is not ours
//! is acknowledged too, since Google would only repeat it.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use daybook_core::connection::Provider;
use daybook_engine::Engine;
use daybook_engine::receive::{About, Notification};

use crate::refusal::Refusal;

const CHANNEL: &str = "x-goog-channel-id";
const TOKEN: &str = "x-goog-channel-token";
const STATE: &str = "x-goog-resource-state";
/// The greeting of a fresh channel: nothing has changed.
const GREETING: &str = "sync";

/// `POST /webhooks/google`.
pub(crate) async fn notified(
    State(engine): State<Engine>,
    headers: HeaderMap,
) -> Result<StatusCode, Refusal> {
    if let Some(notification) = notification(&headers) {
        engine.receive_provider(Provider::Google, &[notification]).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// `None` where there is nothing to look at.
fn notification(headers: &HeaderMap) -> Option<Notification> {
    let text = |name: &str| headers.get(name)?.to_str().ok();
    let (channel, token) = (text(CHANNEL)?, text(TOKEN)?);
    let has_changed = text(STATE)? != GREETING;
    has_changed.then(|| Notification {
        subscription: channel.into(),
        secret: token.into(),
        about: About::Calendar,
    })
}
