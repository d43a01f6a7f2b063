//! One account's way to Graph: a token on each request, never more requests at once than a mailbox bears. It keeps
//! nothing between calls.

use std::sync::Arc;

use bytes::Bytes;
use daybook_engine::ports::{AccessTokens, Clock, RemoteError};
use daybook_http::{Transport, TransportError, parse_http_date, retry_after};
use http::header::{AUTHORIZATION, CONTENT_TYPE, DATE, HeaderValue, IF_MATCH};
use http::{Request, StatusCode};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;
use url::Url;

use crate::wire::batch::{self, Batch};
use crate::wire::{Call, Operation, Reply, target_of};

pub struct Session {
    /// With the version, without a slash at its end: `https://graph.microsoft.com/v1.0`.
    root: Url,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    tokens: Arc<dyn AccessTokens>,
    places: Semaphore,
}

impl Session {
    pub fn new(
        root: Url,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
        tokens: Arc<dyn AccessTokens>,
    ) -> Self {
        Self { root, transport, clock, tokens, places: Semaphore::new(batch::MOST) }
    }

    pub async fn ask<O: Operation>(&self, operation: &O) -> Result<O::Answer, RemoteError> {
        let reply = self.send(&operation.prepare(), operation.what(), 1).await?;
        operation.parse(&reply)
    }

    /// Asks several, as many in one request as a mailbox works on at once; one result each, in order.
    pub async fn ask_each<O: Operation>(&self, operations: &[O]) -> Vec<Result<O::Answer, RemoteError>> {
        let mut answers = Vec::with_capacity(operations.len());
        for some in operations.chunks(batch::MOST) {
            match some {
                [one] => answers.push(self.ask(one).await),
                some => answers.extend(self.ask_together(some).await),
            }
        }
        answers
    }

    async fn ask_together<O: Operation>(&self, operations: &[O]) -> Vec<Result<O::Answer, RemoteError>> {
        let calls: Vec<Call> = operations.iter().map(Operation::prepare).collect();
        let replies = match self.send_together(&calls).await {
            Ok(replies) => replies,
            Err(error) => return operations.iter().map(|one| Err(shared(&error, one.what()))).collect(),
        };
        let parse = |(one, reply): (&O, Option<Reply>)| match reply {
            Some(reply) => one.parse(&reply),
            None => Err(RemoteError::Later { what: one.what(), retry_after: None, cause: None }),
        };
        operations.iter().zip(replies).map(parse).collect()
    }

    /// A batch may be let in and its parts refused for their token: those are asked once more with a newer one.
    async fn send_together(&self, calls: &[Call]) -> Result<Vec<Option<Reply>>, RemoteError> {
        let token = self.tokens.token().await?;
        let batch = |calls| Batch { calls, now: self.clock.now() };
        let first = batch(calls);
        let mut replies = first.parse(&self.send(&first.prepare(), first.what(), calls.len()).await?)?;
        let is_refused =
            |reply: &Option<Reply>| reply.as_ref().is_some_and(|one| one.status == StatusCode::UNAUTHORIZED);
        let refused: Vec<Call> = calls
            .iter()
            .zip(&replies)
            .filter(|(_, reply)| is_refused(reply))
            .map(|(call, _)| call.clone())
            .collect();
        if refused.is_empty() {
            return Ok(replies);
        }
        let newer = match self.tokens.instead_of(&token).await {
            Ok(newer) => newer,
            // What the others were answered stands; these stay refused.
            Err(RemoteError::Refused { .. }) => return Ok(replies),
            Err(error) => {
                tracing::warn!(%error, "a token that was refused inside a batch could not be replaced");
                replies.iter_mut().filter(|reply| is_refused(reply)).for_each(|reply| *reply = None);
                return Ok(replies);
            }
        };
        let again = batch(&refused);
        let sent = self.send_with(&again.prepare(), &newer, &again.what(), refused.len()).await;
        let mut answered = sent.and_then(|reply| again.parse(&reply)).unwrap_or_default().into_iter();
        for reply in replies.iter_mut().filter(|reply| is_refused(reply)) {
            *reply = answered.next().flatten();
        }
        Ok(replies)
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A link that Graph gave us, as a target. Our token goes nowhere else.
    pub fn follow(&self, link: &str, what: &str) -> Result<String, RemoteError> {
        let astray = || RemoteError::Unintelligible { what: what.to_owned(), cause: None };
        target_of(&self.root, link).ok_or_else(astray)
    }

    /// A token that is refused is replaced once.
    async fn send(&self, call: &Call, what: String, places: usize) -> Result<Reply, RemoteError> {
        let token = self.tokens.token().await?;
        let reply = self.send_with(call, &token, &what, places).await?;
        if reply.status != StatusCode::UNAUTHORIZED {
            return Ok(reply);
        }
        let token = self.tokens.instead_of(&token).await?;
        let reply = self.send_with(call, &token, &what, places).await?;
        if reply.status == StatusCode::UNAUTHORIZED { Err(RemoteError::Refused { what }) } else { Ok(reply) }
    }

    async fn send_with(
        &self,
        call: &Call,
        token: &SecretString,
        what: &str,
        places: usize,
    ) -> Result<Reply, RemoteError> {
        let request = self.request(call, token).map_err(|error| unsent(what, unbuildable(error)))?;
        let places = u32::try_from(places).unwrap_or(u32::MAX);
        let _place =
            self.places.acquire_many(places).await.map_err(|closed| unsent(what, unbuildable(closed)))?;
        let answer = self.transport.send(request).await.map_err(|error| unsent(what, error))?;
        let (head, body) = answer.into_parts();
        if !head.status.is_success() {
            let request_id = head.headers.get("request-id").and_then(|id| id.to_str().ok());
            tracing::debug!(status = head.status.as_u16(), request_id, "Graph did not do as asked");
        }
        let now = self.clock.now();
        let date = head.headers.get(DATE).and_then(|date| parse_http_date(date.to_str().ok()?));
        let (retry_after, answered_at) = (retry_after(&head.headers, now), date.unwrap_or(now));
        Ok(Reply { status: head.status, retry_after, answered_at, body })
    }

    fn request(&self, call: &Call, token: &SecretString) -> Result<Request<Bytes>, http::Error> {
        let mut bearer = HeaderValue::try_from(format!("Bearer {}", token.expose_secret()))?;
        bearer.set_sensitive(true);
        let root = self.root.as_str().trim_end_matches('/');
        let mut request = Request::builder()
            .method(call.method.clone())
            .uri(format!("{root}{}", call.target))
            .header(AUTHORIZATION, bearer)
            .header("Prefer", call.prefer);
        if let Some(state) = &call.if_match {
            request = request.header(IF_MATCH, state);
        }
        match &call.body {
            Some(body) => request.header(CONTENT_TYPE, "application/json").body(body.to_string().into()),
            None => request.body(Bytes::new()),
        }
    }
}

fn unbuildable(error: impl std::error::Error + Send + Sync + 'static) -> TransportError {
    TransportError::Unbuildable(Box::new(error))
}

fn unsent(what: &str, error: TransportError) -> RemoteError {
    let what = what.to_owned();
    match error {
        TransportError::Connection(_) => {
            RemoteError::Later { what, retry_after: None, cause: Some(Box::new(error)) }
        }
        TransportError::TooLarge { .. } => RemoteError::Unintelligible { what, cause: Some(Box::new(error)) },
        TransportError::Unbuildable(_) => RemoteError::Rejected { what, why: error.to_string() },
    }
}

/// What the failure of a whole batch means for each part: whether any was carried out is not known.
fn shared(error: &RemoteError, what: String) -> RemoteError {
    match error {
        RemoteError::Refused { .. } => RemoteError::Refused { what },
        RemoteError::Unconfigured { why, .. } => RemoteError::Unconfigured { what, why: why.clone() },
        other => RemoteError::Later { what, retry_after: other.retry_after(), cause: None },
    }
}
