//! A sandbox provider on a port of its own, with a clock that stands at noon, for tests that speak HTTP to it.

use std::sync::Arc;

use async_trait::async_trait;
use daybook_engine::ports::{AccessTokens, Clock, RemoteError};
use daybook_sandbox::cloud::{Cloud, HttpCaller, Opening};
use daybook_sandbox::google::Google;
use daybook_sandbox::microsoft::Microsoft;
use jiff::Timestamp;
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::Url;

/// The client under which everybody here is registered.
pub const CLIENT: &str = "contract";

/// Time stands still: nothing in the contract depends on it.
pub struct Noon;

pub fn noon() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().expect("a time")
}

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        noon()
    }
}

/// One running sandbox; it ends with the value.
pub struct StandIn {
    /// Where its mount is reached, without a slash at the end.
    pub base: Url,
    pub cloud: Cloud,
    serving: JoinHandle<()>,
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl StandIn {
    pub async fn google() -> Self {
        let (listener, opening) = open(daybook_sandbox::google::MOUNT).await;
        let base = opening.base.clone();
        let google = Google::open(opening).expect("a sandbox Google");
        Self { base, cloud: google.cloud().clone(), serving: serve(listener, google.router()) }
    }

    pub async fn microsoft() -> Self {
        let (listener, opening) = open(daybook_sandbox::microsoft::MOUNT).await;
        let base = opening.base.clone();
        let microsoft = Microsoft::open(opening).expect("a sandbox Microsoft");
        Self { base, cloud: microsoft.cloud().clone(), serving: serve(listener, microsoft.router()) }
    }

    /// A token of `account` with these scopes, as a signed-in program would hold it.
    pub fn token(&self, account: &str, scopes: &[&str]) -> String {
        self.cloud.issue(account, CLIENT, scopes).expect("a known account").access_token
    }

    /// Something below the mount.
    pub fn url(&self, path: &str) -> Url {
        format!("{}{path}", self.base).parse().expect("an address")
    }
}

async fn open(mount: &str) -> (TcpListener, Opening) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let base = format!("http://{address}{mount}").parse().expect("an address");
    let caller = Arc::new(HttpCaller::new().expect("a client"));
    (listener, Opening { file: None, base, clock: Arc::new(noon), caller })
}

fn serve(listener: TcpListener, router: axum::Router) -> JoinHandle<()> {
    tokio::spawn(async move { axum::serve(listener, router).await.expect("serving") })
}

/// One token, for as long as it holds.
pub struct FixedToken(pub SecretString);

#[async_trait]
impl AccessTokens for FixedToken {
    async fn token(&self) -> Result<SecretString, RemoteError> {
        Ok(self.0.clone())
    }

    async fn instead_of(&self, _refused: &SecretString) -> Result<SecretString, RemoteError> {
        Err(RemoteError::Refused { what: "a token that is not renewed".into() })
    }
}
