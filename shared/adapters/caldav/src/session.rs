//! One account's way to its server: asks an operation and maps what went wrong. It keeps nothing between calls.

use std::sync::Arc;

use bytes::Bytes;
use daybook_engine::ports::{Clock, RemoteError};
use url::Url;

use crate::http::{Http, Login};
use crate::wire::Operation;

pub struct Session {
    pub http: Http,
    pub clock: Arc<dyn Clock>,
    /// Any URL of the server; paths are resolved on it.
    pub base: Url,
    pub login: Login,
}

impl Session {
    pub async fn ask<O: Operation>(&self, operation: &O) -> Result<O::Answer, RemoteError> {
        self.ask_at(&self.base, operation).await.map(|(answer, _)| answer)
    }

    /// Asks another server than the account's own; also returns the URL that answered.
    pub async fn ask_at<O: Operation>(
        &self,
        base: &Url,
        operation: &O,
    ) -> Result<(O::Answer, Url), RemoteError> {
        let what = operation.what();
        let request = operation.prepare(base).map(|request| request.map(Bytes::from)).map_err(|cause| {
            RemoteError::Rejected { what: what.clone(), why: format!("it cannot be asked for: {cause}") }
        })?;
        let reply = self
            .http
            .send(&request, &self.login, self.clock.now())
            .await
            .map_err(|error| error.about(what))?;
        Ok((operation.parse(&reply)?, reply.url))
    }
}
