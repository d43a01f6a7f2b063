//! The one way out: sends a prepared request with the clinician's credentials, within limits, to hosts that the
//! guard lets through. It knows nothing of calendars.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use daybook_engine::ports::RemoteError;
use daybook_http::{Allow, Refusal, SetupError, Transport, TransportError, WayError, Ways, retry_after};
use http::header::{AUTHORIZATION, HeaderValue};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::guard::may_follow;

const MAX_REDIRECTS: usize = 5;

/// The ways out.
#[derive(Clone)]
pub struct Http {
    ways: Ways,
}

/// Who we are to the server.
#[derive(Clone, Debug)]
pub struct Login {
    pub username: String,
    pub password: SecretString,
}

/// A whole answer. `url` is where it came from, after redirects.
#[derive(Clone, Debug)]
pub struct Reply {
    pub url: Url,
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// How long a throttling server asks us to wait.
    pub retry_after: Option<Duration>,
    pub body: Bytes,
}

/// Why there is no whole answer.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    #[error("the host is not spoken to: {0}")]
    Guarded(Refusal),
    #[error("redirected to {0}, where the password may not go")]
    Astray(String),
    #[error("redirected too often")]
    Circling,
    #[error("no answer came")]
    Transport(#[source] TransportError),
}

impl Http {
    /// Over the network, where each trust has connections of its own. HTTP/1.1 only: coalesced connections across
    /// iCloud's partitions are answered with 421 (providers, trap C-T17).
    pub fn new(allow: Allow) -> Result<Self, SetupError> {
        Ok(Self { ways: Ways::http1(allow, |client| client)? })
    }

    /// Over one transport for all. URLs are checked as ever; the addresses behind names are the transport's business.
    pub fn over(transport: Arc<dyn Transport>, allow: Allow) -> Self {
        Self { ways: Ways::over(transport, allow) }
    }

    pub fn allow(&self) -> &Allow {
        self.ways.allow()
    }

    /// Sends, and follows a redirect with the same method and body where the credentials may go there.
    pub async fn send(
        &self,
        request: &http::Request<Bytes>,
        login: &Login,
        now: Timestamp,
    ) -> Result<Reply, SendError> {
        let mut url = Url::parse(&request.uri().to_string()).map_err(unbuildable)?;
        for _ in 0..=MAX_REDIRECTS {
            let mut reply = self.send_once(request, url.clone(), login).await?;
            reply.retry_after = retry_after(&reply.headers, now);
            let Some(next) = redirected(&reply) else { return Ok(reply) };
            if !may_follow(self.allow(), &url, &next) {
                return Err(SendError::Astray(next.host_str().unwrap_or("nowhere").to_owned()));
            }
            url = next;
        }
        Err(SendError::Circling)
    }

    async fn send_once(
        &self,
        request: &http::Request<Bytes>,
        url: Url,
        login: &Login,
    ) -> Result<Reply, SendError> {
        let mut request = request.clone();
        request.headers_mut().insert(AUTHORIZATION, basic(login)?);
        let (head, body) = self.ways.send(&url, request).await?.into_parts();
        Ok(Reply { url, status: head.status, headers: head.headers, retry_after: None, body })
    }
}

fn basic(login: &Login) -> Result<HeaderValue, SendError> {
    let plain = format!("{}:{}", login.username, login.password.expose_secret());
    let mut value =
        HeaderValue::try_from(format!("Basic {}", STANDARD.encode(plain))).map_err(unbuildable)?;
    value.set_sensitive(true);
    Ok(value)
}

fn redirected(reply: &Reply) -> Option<Url> {
    let moved = [301, 302, 307, 308].contains(&reply.status.as_u16());
    let location = reply.headers.get(http::header::LOCATION).filter(|_| moved)?;
    let mut next = reply.url.join(location.to_str().ok()?).ok()?;
    // Nobody but the clinician says as whom we sign in.
    let _ = next.set_username("");
    let _ = next.set_password(None);
    Some(next)
}

fn unbuildable(error: impl std::error::Error + Send + Sync + 'static) -> SendError {
    SendError::Transport(TransportError::Unbuildable(Box::new(error)))
}

impl From<WayError> for SendError {
    fn from(error: WayError) -> Self {
        match error {
            WayError::Guarded(refusal) => SendError::Guarded(refusal),
            WayError::Transport(error) => SendError::Transport(error),
        }
    }
}

impl SendError {
    /// What to do about it, said of `what`.
    pub fn about(self, what: String) -> RemoteError {
        match self {
            SendError::Transport(error @ TransportError::Connection(_)) => {
                RemoteError::Later { what, retry_after: None, cause: Some(Box::new(error)) }
            }
            SendError::Transport(error @ TransportError::TooLarge { .. }) => {
                RemoteError::Unintelligible { what, cause: Some(Box::new(error)) }
            }
            SendError::Transport(error @ TransportError::Unbuildable(_)) => {
                RemoteError::Rejected { what, why: error.to_string() }
            }
            SendError::Guarded(_) | SendError::Astray(_) | SendError::Circling => {
                RemoteError::Rejected { what, why: self.to_string() }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[tokio::test]
    async fn a_name_that_resolves_to_this_machine_is_refused_at_connect() {
        let http = Http::new(Allow::default()).unwrap();
        let request = http::Request::builder().uri("https://localhost/").body(Bytes::new()).unwrap();
        let login = Login { username: "ada".into(), password: "secret-ada".into() };
        let error = http.send(&request, &login, Timestamp::UNIX_EPOCH).await.unwrap_err();
        assert!(matches!(error, SendError::Guarded(Refusal::NotPublic)), "{error:?}");
        assert!(!format!("{error:?}").contains("secret-ada"));
    }
}
