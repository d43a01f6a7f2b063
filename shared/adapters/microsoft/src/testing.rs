//! What the tests of this room share: a Graph that answers from a script and keeps what it was asked.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use daybook_core::connection::Provider;
use daybook_core::mirror::{Certainty, MirrorContent, MirrorId};
use daybook_core::time::Interval;
use daybook_engine::ports::{
    AccessTokens, Account, Calendar, CalendarProvider, Clock, Credentials, RemoteError,
};
use daybook_http::{Transport, TransportError};
use http::{Request, Response, StatusCode};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::wire::Reply;
use crate::{Microsoft, MicrosoftConfig};

pub const ROOT: &str = "https://graph.example/v1.0";

/// Answers in order; then nothing more.
#[derive(Default)]
pub struct Script {
    answers: Mutex<VecDeque<Response<Bytes>>>,
    asked: Mutex<Vec<Request<Bytes>>>,
}

impl Script {
    pub fn new(answers: &[(u16, &str)]) -> Arc<Self> {
        let script = Self::default();
        for (status, body) in answers {
            script.then(*status, &[], body);
        }
        Arc::new(script)
    }

    pub fn then(&self, status: u16, headers: &[(&str, &str)], body: &str) {
        let mut answer = Response::builder().status(status);
        for (name, value) in headers {
            answer = answer.header(*name, *value);
        }
        self.answers.lock().unwrap().push_back(answer.body(body.to_owned().into()).unwrap());
    }

    /// `METHOD /path?query` of each request, below the root where it is Graph's.
    pub fn lines(&self) -> Vec<String> {
        let line = |request: &Request<Bytes>| {
            let target = request.uri().to_string().replace(ROOT, "");
            format!("{} {target}", request.method())
        };
        self.asked.lock().unwrap().iter().map(line).collect()
    }

    pub fn header(&self, at: usize, name: &str) -> Option<String> {
        Some(self.asked.lock().unwrap()[at].headers().get(name)?.to_str().unwrap().to_owned())
    }

    pub fn headers_named(&self, at: usize, name: &str) -> usize {
        self.asked.lock().unwrap()[at].headers().get_all(name).iter().count()
    }

    pub fn body(&self, at: usize) -> Value {
        serde_json::from_slice(self.asked.lock().unwrap()[at].body()).unwrap_or_default()
    }

    pub fn form(&self, at: usize) -> String {
        String::from_utf8(self.asked.lock().unwrap()[at].body().to_vec()).unwrap()
    }

    pub fn is_done(&self) -> bool {
        self.answers.lock().unwrap().is_empty()
    }
}

#[async_trait]
impl Transport for Script {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        self.asked.lock().unwrap().push(request);
        let next = self.answers.lock().unwrap().pop_front();
        next.ok_or_else(|| TransportError::Connection("the script has ended".into()))
    }
}

pub struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        at("2026-03-02T08:00:00Z")
    }
}

/// Gives `first`, and `second` instead of it.
pub struct Tokens;

#[async_trait]
impl AccessTokens for Tokens {
    async fn token(&self) -> Result<SecretString, RemoteError> {
        Ok("first".into())
    }

    async fn instead_of(&self, refused: &SecretString) -> Result<SecretString, RemoteError> {
        assert_eq!(refused.expose_secret(), "first");
        Ok("second".into())
    }
}

pub fn provider(script: &Arc<Script>) -> Microsoft {
    let config = MicrosoftConfig {
        client_id: "our-client".into(),
        client_secret: "s~e.c+ret".into(),
        auth_url: "https://login.example/common/oauth2/v2.0/authorize".parse().unwrap(),
        token_url: "https://login.example/common/oauth2/v2.0/token".parse().unwrap(),
        api_url: ROOT.parse().unwrap(),
    };
    Microsoft::new(config, script.clone(), Arc::new(Fixed))
}

pub fn account(script: &Arc<Script>) -> Arc<dyn Account> {
    let credentials = Credentials::Granted { provider: Provider::Microsoft, refresh_token: "refresh".into() };
    provider(script).open(&credentials, Arc::new(Tokens)).unwrap()
}

pub fn calendar(script: &Arc<Script>) -> Arc<dyn Calendar> {
    account(script).calendar(&"AAMk=".into())
}

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn window() -> Interval {
    Interval::new(at("2026-03-01T00:00:00Z"), at("2026-04-01T00:00:00Z")).unwrap()
}

pub fn mirror() -> MirrorId {
    MirrorId::parse(&format!("db1{}", "0".repeat(40))).unwrap()
}

pub fn content() -> MirrorContent {
    MirrorContent {
        title: "Busy".into(),
        interval: Interval::new(at("2026-03-03T08:00:00Z"), at("2026-03-03T08:30:00Z")).unwrap(),
        certainty: Certainty::Confirmed,
        location: None,
        reminder_minutes: None,
    }
}

pub fn reply(status: u16, body: &str) -> Reply {
    Reply {
        status: StatusCode::from_u16(status).unwrap(),
        retry_after: None,
        answered_at: at("2026-03-02T08:00:00Z"),
        body: body.to_owned().into(),
    }
}
