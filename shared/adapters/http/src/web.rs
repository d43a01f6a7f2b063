//! The way over the network: bounded in time and size, straight to the host that was named. It holds no
//! credentials.

use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use reqwest::{Client, ClientBuilder};

use crate::tls::{self, Versions};
use crate::{Transport, TransportError};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const TOTAL_TIMEOUT: Duration = Duration::from_secs(30);
/// After a frozen function thaws, its idle sockets are dead.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);
/// No answer of a well-meaning server is larger: adapters ask page by page, batch by batch.
pub const MAX_BODY_BYTES: usize = 32 * 1024 * 1024;

/// One HTTP client with limits. Cheap to clone; clones share their connections.
#[derive(Clone, Debug)]
pub struct Web {
    client: Client,
}

/// No HTTP client can be made on this machine.
#[derive(Debug, thiserror::Error)]
#[error("no HTTP client can be made")]
pub enum SetupError {
    Client(#[from] reqwest::Error),
    /// The machine has no roots, or they cannot be read.
    Roots(#[from] rustls::Error),
}

impl Web {
    /// Connects within 3 s and answers within 30 s; no redirects, no proxy, no compression.
    pub fn new() -> Result<Self, SetupError> {
        Self::tuned(|client| client)
    }

    /// The same with something of the caller's own, such as a resolver that lets through only some addresses.
    pub fn tuned(tune: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Result<Self, SetupError> {
        Self::speaking(Versions::Newest, tune)
    }

    /// As [`Self::tuned`], in HTTP/1.1 only: each host has connections of its own.
    pub fn http1(tune: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Result<Self, SetupError> {
        Self::speaking(Versions::Http1, |client| tune(client.http1_only()))
    }

    fn speaking(
        versions: Versions,
        tune: impl FnOnce(ClientBuilder) -> ClientBuilder,
    ) -> Result<Self, SetupError> {
        let limited = Client::builder()
            .tls_backend_preconfigured(tls::config(versions)?)
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TOTAL_TIMEOUT)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .no_gzip()
            .user_agent(concat!("Daybook/", env!("CARGO_PKG_VERSION")));
        Ok(Self { client: tune(limited).build()? })
    }
}

#[async_trait]
impl Transport for Web {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let request = reqwest::Request::try_from(request).map_err(failed)?;
        let mut answer = self.client.execute(request).await.map_err(failed)?;
        let body = read_within(&mut answer, MAX_BODY_BYTES).await?;
        let mut response = Response::new(body);
        *response.status_mut() = answer.status();
        *response.version_mut() = answer.version();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        Ok(response)
    }
}

async fn read_within(answer: &mut reqwest::Response, limit_bytes: usize) -> Result<Bytes, TransportError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = answer.chunk().await.map_err(failed)? {
        if body.len() + chunk.len() > limit_bytes {
            return Err(TransportError::TooLarge { limit_bytes });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

fn failed(error: reqwest::Error) -> TransportError {
    let is_ours = error.is_builder();
    let cause = Box::new(error.without_url());
    if is_ours { TransportError::Unbuildable(cause) } else { TransportError::Connection(cause) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use axum::Router;
    use axum::http::{HeaderMap, StatusCode};
    use axum::response::IntoResponse;
    use axum::routing::{any, get};

    use super::*;

    /// Runs until the test ends.
    async fn serve(app: Router) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        base
    }

    async fn fetch(url: &str) -> Result<Response<Bytes>, TransportError> {
        let request = Request::get(url).body(Bytes::new()).unwrap();
        Web::new().unwrap().send(request).await
    }

    #[tokio::test]
    async fn a_request_arrives_whole_and_so_does_its_answer() {
        let echo = any(|headers: HeaderMap, body: Bytes| async move {
            assert!(!headers.contains_key("accept-encoding"));
            let agent = headers["user-agent"].clone();
            (StatusCode::IM_A_TEAPOT, [("x-agent", agent)], body)
        });
        let base = serve(Router::new().route("/echo", echo)).await;
        let request =
            Request::builder().method("REPORT").uri(format!("{base}/echo")).body("mine".into()).unwrap();
        let answer = Web::new().unwrap().send(request).await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.body().as_ref()), (418, b"mine".as_slice()));
        assert!(answer.headers()["x-agent"].to_str().unwrap().starts_with("Daybook/"));
    }

    #[tokio::test]
    async fn a_redirect_is_an_answer() {
        let away = get(|| async { (StatusCode::FOUND, [("location", "/there")]).into_response() });
        let base = serve(Router::new().route("/here", away)).await;
        assert_eq!(fetch(&format!("{base}/here")).await.unwrap().status(), 302);
    }

    #[tokio::test]
    async fn an_answer_without_end_is_cut_off() {
        let large = get(|| async { vec![b' '; MAX_BODY_BYTES + 1] });
        let base = serve(Router::new().route("/", large)).await;
        let error = fetch(&base).await.unwrap_err();
        assert!(matches!(error, TransportError::TooLarge { .. }), "{error:?}");
    }

    #[tokio::test]
    async fn what_fails_keeps_its_cause_and_hides_the_url() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/secret-path", listener.local_addr().unwrap());
        drop(listener);
        let error = fetch(&url).await.unwrap_err();
        assert!(matches!(error, TransportError::Connection(_)), "{error:?}");
        assert!(error.cause::<std::io::Error>().is_some(), "{error:?}");
        assert!(!format!("{error:?}").contains("secret-path"), "{error:?}");
        let unbuildable = fetch("/secret-path").await.unwrap_err();
        assert!(matches!(unbuildable, TransportError::Unbuildable(_)), "{unbuildable:?}");
    }
}
