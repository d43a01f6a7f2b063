//! Several requests in one (`$batch`). Each has its own result, in any order.

use std::collections::HashMap;

use bytes::Bytes;
use daybook_engine::ports::RemoteError;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Call, Operation, Reply, parse_json};

/// A mailbox works on four requests at once and throttles the fifth (providers B.6).
pub const MOST: usize = 4;

/// At most [`MOST`] calls.
pub struct Batch<'a> {
    pub calls: &'a [Call],
    pub now: Timestamp,
}

#[derive(Deserialize)]
struct Answers {
    responses: Vec<Answer>,
}

#[derive(Deserialize)]
struct Answer {
    id: String,
    status: u16,
    #[serde(default)]
    headers: HashMap<String, Value>,
    #[serde(default)]
    body: Value,
}

impl Operation for Batch<'_> {
    /// One for each call, in the order of the calls; `None` where the answer leaves one out.
    type Answer = Vec<Option<Reply>>;

    fn what(&self) -> String {
        "a batch of requests".into()
    }

    fn prepare(&self) -> Call {
        let requests: Vec<Value> = self.calls.iter().zip(1..).map(|(call, id)| request(id, call)).collect();
        Call::send(Method::POST, "/$batch".into(), json!({ "requests": requests }))
    }

    fn parse(&self, reply: &Reply) -> Result<Self::Answer, RemoteError> {
        let answers: Answers = parse_json(self.what(), reply)?;
        let by_id: HashMap<String, Answer> =
            answers.responses.into_iter().map(|answer| (answer.id.clone(), answer)).collect();
        let ids = (1..).take(self.calls.len());
        Ok(ids.map(|id: usize| self.reply(by_id.get(&id.to_string())?, reply)).collect())
    }
}

fn request(id: usize, call: &Call) -> Value {
    let mut headers = Map::from_iter([("Prefer".to_owned(), call.prefer.into())]);
    let mut request = Map::from_iter([
        ("id".to_owned(), id.to_string().into()),
        ("method".to_owned(), call.method.as_str().into()),
        ("url".to_owned(), call.target.as_str().into()),
    ]);
    if let Some(state) = &call.if_match {
        headers.insert("If-Match".into(), state.as_str().into());
    }
    if let Some(body) = &call.body {
        headers.insert("Content-Type".into(), "application/json".into());
        request.insert("body".into(), body.clone());
    }
    request.insert("headers".into(), Value::Object(headers));
    Value::Object(request)
}

impl Batch<'_> {
    /// The part's own headers tell how long to wait; the whole tells when it was.
    fn reply(&self, answer: &Answer, whole: &Reply) -> Option<Reply> {
        let named = answer.headers.iter().filter_map(|(name, value)| {
            let name: HeaderName = name.parse().ok()?;
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            Some((name, HeaderValue::try_from(text).ok()?))
        });
        let headers: HeaderMap = named.collect();
        Some(Reply {
            status: StatusCode::from_u16(answer.status).ok()?,
            retry_after: daybook_http::retry_after(&headers, self.now),
            answered_at: whole.answered_at,
            body: if answer.body.is_null() { Bytes::new() } else { answer.body.to_string().into() },
        })
    }
}
