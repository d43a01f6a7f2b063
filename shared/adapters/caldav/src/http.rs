//! The one way out: sends a prepared request with the clinician's credentials, within limits, to hosts that the
//! guard lets through. It knows nothing of calendars.

use std::net::SocketAddr;
use std::time::Duration;

use daybook_engine::ports::{RemoteError, Underlying};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::guard::{Allow, Refusal, Trust, is_public};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const TOTAL_TIMEOUT: Duration = Duration::from_secs(30);
const MAX_REDIRECTS: usize = 5;
/// No answer of a well-meaning server is larger; a multiget is split long before.
const MAX_BODY_BYTES: usize = 32 * 1024 * 1024;

/// The clients, one for each kind of trust. HTTP/1.1 only: coalesced connections across iCloud's partitions
/// are answered with 421 (providers, trap C-T17).
#[derive(Clone, Debug)]
pub struct Http {
    allow: Allow,
    public: reqwest::Client,
    listed: reqwest::Client,
    loopback: reqwest::Client,
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
    pub body: Vec<u8>,
}

/// Why there is no whole answer.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    #[error("the request cannot be built")]
    Unbuildable(#[source] Underlying),
    #[error("the host is not spoken to: {0}")]
    Guarded(Refusal),
    #[error("redirected to {0}, where the password may not go")]
    Astray(String),
    #[error("redirected too often")]
    Circling,
    #[error("the answer is too large")]
    TooLarge,
    #[error("the connection failed")]
    Connection(#[source] reqwest::Error),
}

impl Http {
    pub fn new(allow: Allow) -> Result<Self, reqwest::Error> {
        let client = |trust| {
            reqwest::Client::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .timeout(TOTAL_TIMEOUT)
                .redirect(reqwest::redirect::Policy::none())
                .no_proxy()
                .http1_only()
                .user_agent(concat!("Daybook/", env!("CARGO_PKG_VERSION")))
                .dns_resolver(Filtering(trust))
                .build()
        };
        Ok(Self {
            allow,
            public: client(Trust::Public)?,
            listed: client(Trust::Listed)?,
            loopback: client(Trust::Loopback)?,
        })
    }

    pub fn allow(&self) -> &Allow {
        &self.allow
    }

    /// Sends, and follows a redirect with the same method and body where the credentials may go there.
    pub async fn send(
        &self,
        request: &http::Request<String>,
        login: &Login,
        now: Timestamp,
    ) -> Result<Reply, SendError> {
        let mut url = Url::parse(&request.uri().to_string()).map_err(unbuildable)?;
        for _ in 0..=MAX_REDIRECTS {
            let mut reply = self.send_once(request, url.clone(), login).await?;
            reply.retry_after = retry_after(&reply.headers, now);
            let Some(next) = redirected(&reply) else { return Ok(reply) };
            if !self.allow.may_follow(&url, &next) {
                return Err(SendError::Astray(next.host_str().unwrap_or("nowhere").to_owned()));
            }
            url = next;
        }
        Err(SendError::Circling)
    }

    async fn send_once(
        &self,
        request: &http::Request<String>,
        url: Url,
        login: &Login,
    ) -> Result<Reply, SendError> {
        let trust = self.allow.check(&url).map_err(SendError::Guarded)?;
        let response = self
            .client(trust)
            .request(request.method().clone(), url.clone())
            .headers(request.headers().clone())
            .basic_auth(&login.username, Some(login.password.expose_secret()))
            .body(request.body().clone())
            .send()
            .await
            .map_err(connection)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = read_within(response, MAX_BODY_BYTES).await?;
        Ok(Reply { url, status, headers, retry_after: None, body })
    }

    fn client(&self, trust: Trust) -> &reqwest::Client {
        match trust {
            Trust::Public => &self.public,
            Trust::Listed => &self.listed,
            Trust::Loopback => &self.loopback,
        }
    }
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

async fn read_within(mut response: reqwest::Response, limit: usize) -> Result<Vec<u8>, SendError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(connection)? {
        if body.len() + chunk.len() > limit {
            return Err(SendError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn unbuildable(error: impl std::error::Error + Send + Sync + 'static) -> SendError {
    SendError::Unbuildable(Box::new(error))
}

/// The refusal of the resolver comes back wrapped by the connector and the client.
fn connection(error: reqwest::Error) -> SendError {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(inner) = cause {
        if let Some(refusal) = inner.downcast_ref::<Refusal>() {
            return SendError::Guarded(refusal.clone());
        }
        cause = inner.source();
    }
    SendError::Connection(error.without_url())
}

impl SendError {
    /// What to do about it, said of `what`.
    pub fn about(self, what: String) -> RemoteError {
        match self {
            SendError::Connection(_) => {
                RemoteError::Later { what, retry_after: None, cause: Some(Box::new(self)) }
            }
            SendError::TooLarge => RemoteError::Unintelligible { what, cause: Some(Box::new(self)) },
            SendError::Unbuildable(_)
            | SendError::Guarded(_)
            | SendError::Astray(_)
            | SendError::Circling => RemoteError::Rejected { what, why: self.to_string() },
        }
    }
}

/// How long a throttling server asks us to wait: seconds, or an HTTP date.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = headers.get(http::header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let at = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(value).ok()?;
    Some(Duration::try_from(at.duration_since(now)).unwrap_or_default())
}

/// Resolves names, and lets through only the addresses that fit the trust, at the moment of connecting: a name
/// that changes its address after we looked at it gains nothing.
#[derive(Clone, Copy)]
struct Filtering(Trust);

impl Resolve for Filtering {
    fn resolve(&self, name: Name) -> Resolving {
        let trust = self.0;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let fit: Vec<SocketAddr> = found.filter(|address| fits(trust, *address)).collect();
            if fit.is_empty() {
                return Err(Refusal::NotPublic.into());
            }
            Ok(Box::new(fit.into_iter()) as Addrs)
        })
    }
}

fn fits(trust: Trust, address: SocketAddr) -> bool {
    match trust {
        Trust::Public => is_public(address.ip()),
        Trust::Listed => true,
        Trust::Loopback => address.ip().is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = "2026-03-01T10:00:00Z".parse().unwrap();
        for (value, expected) in [
            ("120", Some(120)),
            ("Sun, 01 Mar 2026 10:01:00 GMT", Some(60)),
            ("Sun, 01 Mar 2026 09:00:00 GMT", Some(0)),
            ("soon", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(http::header::RETRY_AFTER, value.parse().unwrap());
            assert_eq!(retry_after(&headers, now).map(|wait| wait.as_secs()), expected, "{value}");
        }
    }

    #[tokio::test]
    async fn a_name_that_resolves_to_this_machine_is_refused_at_connect() {
        let http = Http::new(Allow::default()).unwrap();
        let request = http::Request::builder().uri("https://localhost/").body(String::new()).unwrap();
        let login = Login { username: "ada".into(), password: "secret-ada".into() };
        let error = http.send(&request, &login, Timestamp::UNIX_EPOCH).await.unwrap_err();
        assert!(matches!(error, SendError::Guarded(Refusal::NotPublic)), "{error:?}");
        assert!(!format!("{error:?}").contains("secret-ada"));
    }
}
