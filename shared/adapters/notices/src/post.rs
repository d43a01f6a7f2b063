//! Posts one notice: signed anew at each attempt, to hosts that may be spoken to, without following a redirect. What the
//! receiver answers is read as a status and nothing more.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use daybook_core::ids::PracticeId;
use daybook_core::notice::Notice;
use daybook_engine::ports::{Courier, RemoteError};
use daybook_http::{Allow, SetupError, Transport, WayError, Ways, retry_after};
use http::header::CONTENT_TYPE;
use http::{Request, Response, StatusCode};
use jiff::Timestamp;
use url::Url;

use crate::document::Document;
use crate::secret::NoticeSecret;

/// A receiver that has not answered by then is asked again later. Standard Webhooks advises 15 s to 30 s; a sweep has
/// others to post to.
const ANSWERED_WITHIN: Duration = Duration::from_secs(10);

/// The way to the EHRs, with each practice's secrets. Clones share them.
#[derive(Clone)]
pub struct Post {
    ways: Ways,
    secrets: Arc<RwLock<HashMap<PracticeId, Vec<NoticeSecret>>>>,
}

impl Post {
    /// Over the network; hosts that are not public must be allowed.
    pub fn new(allow: Allow) -> Result<Self, SetupError> {
        Ok(Self::by(Ways::http1(allow, |client| client.timeout(ANSWERED_WITHIN))?))
    }

    /// Over a transport of the caller's.
    pub fn over(transport: Arc<dyn Transport>, allow: Allow) -> Self {
        Self::by(Ways::over(transport, allow))
    }

    fn by(ways: Ways) -> Self {
        Self { ways, secrets: Arc::default() }
    }

    /// What this practice's notices are signed with: usually one, two while one is being replaced.
    pub fn sign_with(&self, practice: PracticeId, secrets: Vec<NoticeSecret>) {
        self.secrets.write().unwrap_or_else(PoisonError::into_inner).insert(practice, secrets);
    }

    fn secrets_of(&self, practice: &PracticeId) -> Vec<NoticeSecret> {
        self.secrets.read().unwrap_or_else(PoisonError::into_inner).get(practice).cloned().unwrap_or_default()
    }
}

#[async_trait]
impl Courier for Post {
    async fn carry(&self, notice: &Notice, to: &str, now: Timestamp) -> Result<(), RemoteError> {
        let secrets = self.secrets_of(&notice.practice);
        if secrets.is_empty() {
            return Err(RemoteError::Missing { what: "a secret to sign notices with".into() });
        }
        let url = Url::parse(to).map_err(|_| unfit("the address for notices is none"))?;
        let request = prepare(notice, &secrets, now)?;
        let answer = self.ways.send(&url, request).await.map_err(not_carried)?;
        taken(&answer, now)
    }
}

fn prepare(notice: &Notice, secrets: &[NoticeSecret], now: Timestamp) -> Result<Request<Bytes>, RemoteError> {
    let body =
        serde_json::to_vec(&Document::from(notice)).map_err(|_| unfit("a notice cannot be written"))?;
    let id = notice.id();
    let signatures: Vec<String> = secrets.iter().map(|secret| secret.sign(&id, now, &body)).collect();
    Request::post("/")
        .header(CONTENT_TYPE, "application/json")
        .header("webhook-id", &id)
        .header("webhook-timestamp", now.as_second())
        .header("webhook-signature", signatures.join(" "))
        .body(body.into())
        .map_err(|_| unfit("a notice cannot be sent"))
}

/// 410 means: never again. Everything else that is no success is worth another attempt.
fn taken(answer: &Response<Bytes>, now: Timestamp) -> Result<(), RemoteError> {
    match answer.status() {
        status if status.is_success() => Ok(()),
        StatusCode::GONE => {
            Err(RemoteError::Rejected { what: what(), why: "the receiver wants it no more (410)".into() })
        }
        status => Err(RemoteError::Later {
            what: what(),
            retry_after: retry_after(answer.headers(), now),
            cause: Some(format!("it answered {}", status.as_u16()).into()),
        }),
    }
}

fn what() -> String {
    "the receiver of notices".into()
}

fn unfit(why: &str) -> RemoteError {
    RemoteError::Unconfigured { what: what(), why: why.into() }
}

fn not_carried(error: WayError) -> RemoteError {
    match error {
        WayError::Guarded(refusal) => unfit(&refusal.to_string()),
        WayError::Transport(error) => {
            RemoteError::Later { what: what(), retry_after: None, cause: Some(Box::new(error)) }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use std::sync::Mutex;

    use daybook_core::connection::State;
    use daybook_core::notice::News;
    use daybook_http::TransportError;

    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    /// Answers one status, and keeps what it was sent.
    struct Receiver {
        status: u16,
        got: Mutex<Vec<Request<Bytes>>>,
    }

    #[async_trait]
    impl Transport for Receiver {
        async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
            self.got.lock().unwrap().push(request);
            let answer = Response::builder().status(self.status).header("retry-after", "120");
            Ok(answer.body(Bytes::from("a long story")).unwrap())
        }
    }

    fn notice() -> Notice {
        Notice {
            practice: "demo".into(),
            connection: "c1".into(),
            practitioner: "12".into(),
            number: 1,
            at: now(),
            state: State::Active,
            news: News::StateChanged,
        }
    }

    fn now() -> Timestamp {
        "2026-10-12T13:05:11.204Z".parse().unwrap()
    }

    async fn carry(
        status: u16,
        to: &str,
        secrets: &[&str],
    ) -> (Result<(), RemoteError>, Vec<Request<Bytes>>) {
        let receiver = Arc::new(Receiver { status, got: Mutex::default() });
        let post = Post::over(receiver.clone(), "loopback".parse().unwrap());
        let secrets = secrets.iter().map(|text| NoticeSecret::parse(&(*text).to_owned().into()).unwrap());
        post.sign_with("demo".into(), secrets.collect());
        let carried = post.carry(&notice(), to, now()).await;
        let got = std::mem::take(&mut *receiver.got.lock().unwrap());
        (carried, got)
    }

    #[tokio::test]
    async fn a_notice_is_signed_by_each_live_secret() {
        let other = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
        let (carried, got) = carry(204, "https://ehr.example/notices", &[SECRET, other]).await;
        carried.unwrap();
        let request = &got[0];
        assert_eq!(request.uri(), "https://ehr.example/notices");
        let header = |name: &str| request.headers()[name].to_str().unwrap();
        assert_eq!(header("webhook-id"), notice().id());
        let signatures: Vec<&str> = header("webhook-signature").split(' ').collect();
        for (secret, signature) in [SECRET, other].iter().zip(signatures) {
            let theirs = standardwebhooks::Webhook::new(secret).unwrap();
            let at: i64 = header("webhook-timestamp").parse().unwrap();
            assert_eq!(theirs.sign(header("webhook-id"), at, request.body()).unwrap(), signature);
        }
    }

    #[tokio::test]
    async fn what_the_answer_means() {
        for (status, to, expected) in [
            (200, "https://ehr.example/n", "taken"),
            (204, "http://127.0.0.1:1/n", "taken"),
            (302, "https://ehr.example/n", "later"),
            (400, "https://ehr.example/n", "later"),
            (410, "https://ehr.example/n", "never"),
            (503, "https://ehr.example/n", "later"),
            (200, "http://ehr.example/n", "unfit"),
            (200, "https://10.0.0.1/n", "unfit"),
            (200, "https://169.254.169.254/latest/", "unfit"),
            (200, "nowhere", "unfit"),
        ] {
            let (carried, got) = carry(status, to, &[SECRET]).await;
            let found = match carried {
                Ok(()) => "taken",
                Err(RemoteError::Later { retry_after, .. }) => {
                    assert_eq!(retry_after, Some(Duration::from_mins(2)));
                    "later"
                }
                Err(RemoteError::Rejected { .. }) => "never",
                Err(RemoteError::Unconfigured { .. }) => "unfit",
                Err(error) => panic!("{error:?}"),
            };
            assert_eq!(found, expected, "{status} {to}");
            assert_eq!(got.is_empty(), expected == "unfit", "{to}");
        }
    }

    #[tokio::test]
    async fn without_a_secret_nothing_is_sent() {
        let (carried, got) = carry(200, "https://ehr.example/n", &[]).await;
        assert!(matches!(carried, Err(RemoteError::Missing { .. })), "{carried:?}");
        assert!(got.is_empty());
    }
}
