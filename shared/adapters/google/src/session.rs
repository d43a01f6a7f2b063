//! One account's way to Google: asks operations, alone or many in one request, with an access token that is replaced
//! once where Google refuses it. It keeps nothing between calls.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use daybook_engine::ports::{AccessTokens, Clock, RemoteError};
use daybook_http::{Transport, retry_after};
use daybook_oauth::unanswered;
use http::header::{AUTHORIZATION, HeaderValue};
use http::{Request, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};

use crate::wire::calendars::{CalendarEntry, ListCalendars};
use crate::wire::{Api, Operation, Reply, batch, failure};

/// Pages of 250 calendars.
const MOST_PAGES: usize = 40;

pub struct Session {
    pub api: Api,
    pub transport: Arc<dyn Transport>,
    pub clock: Arc<dyn Clock>,
    pub tokens: Arc<dyn AccessTokens>,
}

impl Session {
    pub async fn ask<O: Operation>(&self, operation: &O) -> Result<O::Answer, RemoteError> {
        let request = prepare(operation, &self.api)?;
        let answer = self.send(&request, operation.what()).await?;
        operation.parse(&self.reply(answer))
    }

    /// Every calendar that the account sees.
    pub async fn list_entries(&self) -> Result<Vec<CalendarEntry>, RemoteError> {
        let mut entries = Vec::new();
        let mut next: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let page = self.ask(&ListCalendars { page: next.as_deref() }).await?;
            entries.extend(page.items.into_iter().filter(|entry| entry.deleted != Some(true)));
            next = page.next_page_token;
            if next.is_none() {
                break;
            }
        }
        Ok(entries)
    }

    /// Asks many; one answer each, in order. What fails fails by itself.
    pub async fn ask_all<O: Operation>(&self, operations: &[O]) -> Vec<Result<O::Answer, RemoteError>> {
        let mut answers = Vec::with_capacity(operations.len());
        for some in operations.chunks(batch::MOST) {
            match some {
                [one] => answers.push(self.ask(one).await),
                many => answers.extend(self.ask_at_once(many).await),
            }
        }
        answers
    }

    /// As [`Self::ask_all`], where some are not asked at all because something has failed before.
    pub async fn ask_each<O: Operation>(
        &self,
        operations: Vec<Result<O, RemoteError>>,
    ) -> Vec<Result<O::Answer, RemoteError>> {
        let mut ready = Vec::new();
        let slots: Vec<Result<(), RemoteError>> =
            operations.into_iter().map(|slot| slot.map(|operation| ready.push(operation))).collect();
        let mut answers = self.ask_all(&ready).await.into_iter();
        let lost = || RemoteError::Unintelligible { what: "a Google account".into(), cause: None };
        slots
            .into_iter()
            .map(|slot| slot.and_then(|()| answers.next().unwrap_or_else(|| Err(lost()))))
            .collect()
    }

    async fn ask_at_once<O: Operation>(&self, operations: &[O]) -> Vec<Result<O::Answer, RemoteError>> {
        let parts: Vec<_> = operations.iter().map(|operation| prepare(operation, &self.api)).collect();
        let sound: Vec<Request<Bytes>> =
            parts.iter().filter_map(|part| part.as_ref().ok().cloned()).collect();
        let sent = self.send_parts(&sound).await;
        let mut number = 0;
        let answer = |(operation, part): (&O, Result<Request<Bytes>, RemoteError>)| {
            part?;
            number += 1;
            match sent.replies.get(&(number - 1)) {
                Some(reply) => operation.parse(reply),
                None => Err(sent.why_not(operation.what())),
            }
        };
        operations.iter().zip(parts).map(answer).collect()
    }

    /// A batch may be let in and its parts refused for their token: those alone are sent once more with a newer one.
    async fn send_parts(&self, parts: &[Request<Bytes>]) -> Sent {
        let token = match self.tokens.token().await {
            Ok(token) => token,
            Err(error) => return Sent::of(Err(WholeBatch::Failed(error))),
        };
        let mut sent = Sent::of(self.send_batch(parts, &token).await);
        let refused = sent.take_refused(parts.len());
        if refused.is_empty() {
            return sent;
        }
        let again: Vec<_> = refused.iter().filter_map(|number| parts.get(*number).cloned()).collect();
        let second = match self.tokens.instead_of(&token).await {
            Ok(newer) => Sent::of(self.send_batch(&again, &newer).await),
            Err(error) => Sent::of(Err(WholeBatch::Failed(error))),
        };
        let numbered = second.replies.into_iter();
        sent.replies
            .extend(numbered.filter_map(|(place, reply)| refused.get(place).map(|number| (*number, reply))));
        Sent { lost: second.lost, ..sent }
    }

    async fn send_batch(
        &self,
        parts: &[Request<Bytes>],
        token: &SecretString,
    ) -> Result<BTreeMap<usize, Reply>, WholeBatch> {
        let whole = || "a batch at Google".to_owned();
        let request = batch::prepare(&self.api, parts).map_err(|error| {
            WholeBatch::Failed(RemoteError::Rejected { what: whole(), why: error.to_string() })
        })?;
        let answer = self.send_as(&request, token, whole()).await.map_err(WholeBatch::Failed)?;
        if !answer.status().is_success() {
            return Err(WholeBatch::Answered(self.reply(answer)));
        }
        let replies = batch::parse(answer.headers(), answer.body(), self.clock.now());
        replies.ok_or(WholeBatch::Failed(RemoteError::Unintelligible { what: whole(), cause: None }))
    }

    /// Sends as this account. A refused token is replaced once: it may have been ended early.
    async fn send(&self, request: &Request<Bytes>, what: String) -> Result<Response<Bytes>, RemoteError> {
        let token = self.tokens.token().await?;
        let answer = self.send_as(request, &token, what.clone()).await?;
        if answer.status() != StatusCode::UNAUTHORIZED || !is_refused(&self.reply(answer.clone())) {
            return Ok(answer);
        }
        let newer = self.tokens.instead_of(&token).await?;
        self.send_as(request, &newer, what).await
    }

    async fn send_as(
        &self,
        request: &Request<Bytes>,
        token: &SecretString,
        what: String,
    ) -> Result<Response<Bytes>, RemoteError> {
        let unfit = |_| RemoteError::Refused { what: "a Google account".into() };
        let mut bearer = HeaderValue::try_from(format!("Bearer {}", token.expose_secret())).map_err(unfit)?;
        bearer.set_sensitive(true);
        let mut request = request.clone();
        request.headers_mut().insert(AUTHORIZATION, bearer);
        self.transport.send(request).await.map_err(|error| unanswered(what, error))
    }

    fn reply(&self, answer: Response<Bytes>) -> Reply {
        let retry_after = retry_after(answer.headers(), self.clock.now());
        Reply { status: answer.status(), retry_after, body: answer.into_body() }
    }
}

/// What came of a batch.
struct Sent {
    replies: BTreeMap<usize, Reply>,
    /// Why parts have no reply, where it is known.
    lost: Option<WholeBatch>,
}

impl Sent {
    fn of(result: Result<BTreeMap<usize, Reply>, WholeBatch>) -> Self {
        match result {
            Ok(replies) => Self { replies, lost: None },
            Err(lost) => Self { replies: BTreeMap::new(), lost: Some(lost) },
        }
    }

    /// Takes out what was refused for its token; all of them where the batch itself was.
    fn take_refused(&mut self, parts: usize) -> Vec<usize> {
        if let Some(WholeBatch::Answered(reply)) = &self.lost
            && is_refused(reply)
        {
            return (0..parts).collect();
        }
        self.replies.extract_if(.., |_, reply| is_refused(reply)).map(|(number, _)| number).collect()
    }

    fn why_not(&self, what: String) -> RemoteError {
        match &self.lost {
            Some(whole) => whole.of(what),
            None => later(what, "the batch has no answer to it"),
        }
    }
}

/// Why a batch brought no answers at all.
enum WholeBatch {
    Answered(Reply),
    Failed(RemoteError),
}

impl WholeBatch {
    /// The same, said of one of its parts.
    fn of(&self, what: String) -> RemoteError {
        match self {
            // There is no such place: no calendar is missing for that.
            WholeBatch::Answered(reply) if reply.status == StatusCode::NOT_FOUND => {
                RemoteError::Unconfigured { what, why: "Google takes no batches here".into() }
            }
            WholeBatch::Answered(reply) => of_none(failure(what, reply)),
            WholeBatch::Failed(RemoteError::Refused { .. }) => RemoteError::Refused { what },
            WholeBatch::Failed(RemoteError::Unconfigured { why, .. } | RemoteError::Rejected { why, .. }) => {
                RemoteError::Unconfigured { what, why: why.clone() }
            }
            WholeBatch::Failed(RemoteError::Unintelligible { .. }) => {
                RemoteError::Unintelligible { what, cause: None }
            }
            WholeBatch::Failed(error) => RemoteError::Later {
                what,
                retry_after: error.retry_after(),
                cause: Some(error.to_string().into()),
            },
        }
    }
}

/// A batch that is refused as a whole says nothing of any part: none of them is to be given up for it.
fn of_none(error: RemoteError) -> RemoteError {
    match error {
        RemoteError::Rejected { what, why } => RemoteError::Unconfigured { what, why },
        RemoteError::Forbidden { what } => {
            RemoteError::Unconfigured { what, why: "Google refuses batches here".into() }
        }
        other => other,
    }
}

fn prepare<O: Operation>(operation: &O, api: &Api) -> Result<Request<Bytes>, RemoteError> {
    operation.prepare(api).map_err(|error| RemoteError::Rejected {
        what: operation.what(),
        why: format!("it cannot be asked for: {error}"),
    })
}

fn later(what: String, why: &str) -> RemoteError {
    RemoteError::Later { what, retry_after: None, cause: Some(why.to_owned().into()) }
}

/// 401 is about the token, unless it is about the address that a channel would tell (table A.2.2).
fn is_refused(reply: &Reply) -> bool {
    reply.status == StatusCode::UNAUTHORIZED
        && matches!(failure(String::new(), reply), RemoteError::Refused { .. })
}
