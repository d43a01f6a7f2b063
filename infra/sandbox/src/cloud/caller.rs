//! How notifications and handshakes leave the house: over the network when it runs, into a router in tests.

use std::time::Duration;

use async_trait::async_trait;
use reqwest::{Client, header};

/// Posts to whoever wants to be told.
#[async_trait]
pub trait Caller: Send + Sync {
    async fn post(
        &self,
        url: &str,
        headers: &[(String, String)],
        body: String,
    ) -> Result<Answered, Unreachable>;
}

/// What the other side answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    pub status: u16,
    /// Empty if none was given.
    pub content_type: String,
    pub body: String,
}

/// Nobody answered, or not in time.
#[derive(Debug, thiserror::Error)]
#[error("nobody answers at the address to notify")]
pub struct Unreachable;

/// Posts over the network.
pub struct HttpCaller {
    client: Client,
}

impl HttpCaller {
    /// A client that gives up after 10 seconds, as the providers do, and follows no redirect.
    pub fn new() -> reqwest::Result<Self> {
        let client = Client::builder()
            .connect_timeout(Duration::from_secs(3))
            .timeout(Duration::from_secs(10))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        Ok(Self { client })
    }
}

#[async_trait]
impl Caller for HttpCaller {
    async fn post(
        &self,
        url: &str,
        headers: &[(String, String)],
        body: String,
    ) -> Result<Answered, Unreachable> {
        let mut request = self.client.post(url).header(header::CONTENT_LENGTH, body.len());
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let answer = request.body(body).send().await.map_err(|_| Unreachable)?;
        let status = answer.status().as_u16();
        let content_type = answer.headers().get(header::CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let body = answer.text().await.map_err(|_| Unreachable)?;
        Ok(Answered { status, content_type, body })
    }
}
