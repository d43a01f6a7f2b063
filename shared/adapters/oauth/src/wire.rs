//! The way out for the `oauth2` crate: our transport. What may pass later never reaches that crate, which would
//! forget the status and how long we are to wait.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use daybook_http::{Transport, TransportError, retry_after};
use jiff::Timestamp;
use oauth2::{AsyncHttpClient, HttpRequest, HttpResponse};
use serde_json::Value;

pub(crate) struct Wire {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) now: Timestamp,
}

/// Why the token endpoint gave neither tokens nor a refusal.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WireError {
    #[error("no answer came")]
    Transport(#[source] TransportError),
    #[error("the answer was status {status}")]
    Passing { status: u16, retry_after: Option<Duration> },
}

impl<'c> AsyncHttpClient<'c> for Wire {
    type Error = WireError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, WireError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let answer = self.transport.send(request.map(Bytes::from)).await.map_err(WireError::Transport)?;
            let status = answer.status();
            if !status.is_success() && is_passing(status.as_u16(), answer.body()) {
                let retry_after = retry_after(answer.headers(), self.now);
                return Err(WireError::Passing { status: status.as_u16(), retry_after });
            }
            Ok(answer.map(Vec::from))
        })
    }
}

/// Throttled or broken; or whatever stands in front of the endpoint answered in its place, in no JSON.
fn is_passing(status: u16, body: &[u8]) -> bool {
    let word = serde_json::from_slice::<Value>(body).ok();
    let word = word.as_ref().and_then(|refusal| refusal.get("error")?.as_str());
    status == 429
        || status >= 500
        || matches!(word, None | Some("temporarily_unavailable" | "server_error" | "internal_failure"))
}
