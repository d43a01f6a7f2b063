//! `$batch` (providers B.6): up to 20 requests in one, answered in no order, at most four of one mailbox at once.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::call::{Answer, Body, Call, Payload};
use super::prefer::Prefer;
use super::refusal::Refusal;
use super::stored::{list, text};
use super::throttle;
use super::visit::Visit;

const MAX_REQUESTS: usize = 20;
/// Of one mailbox at once, within a batch.
const WAVE: usize = 4;

struct Part<'a> {
    id: &'a str,
    after: Vec<&'a str>,
    request: &'a Value,
}

impl Visit<'_> {
    pub async fn batch(&self, call: &Call) -> Result<Answer, Refusal> {
        let mut waiting = parts(call.json()?)?;
        let mut done: BTreeMap<&str, Answer> = BTreeMap::new();
        while !waiting.is_empty() {
            let ready = |part: &Part<'_>| part.after.iter().all(|id| done.contains_key(id));
            let (mut wave, later): (Vec<_>, Vec<_>) = waiting.into_iter().partition(ready);
            waiting = wave.split_off(wave.len().min(WAVE));
            waiting.extend(later);
            if wave.is_empty() {
                done.extend(waiting.drain(..).map(|part| (part.id, self.answered(Err(after_failure())))));
            }
            for (id, answer) in self.wave(&wave, &done).await {
                done.insert(id, answer);
            }
        }
        let mut responses: Vec<Value> = done.into_iter().map(|(id, answer)| response(id, answer)).collect();
        responses.reverse();
        Ok(Answer::ok(json!({"responses": responses})))
    }

    /// The parts of a wave hold their seats together, as they would run together.
    async fn wave<'p>(&self, wave: &[Part<'p>], done: &BTreeMap<&str, Answer>) -> Vec<(&'p str, Answer)> {
        let seats: Vec<_> =
            wave.iter().map(|_| throttle::enter(self.graph.crowd(), &self.account.id)).collect();
        let mut answers = Vec::new();
        for (part, seat) in wave.iter().zip(&seats) {
            let failed =
                part.after.iter().filter_map(|id| done.get(id)).any(|answer| answer.status.as_u16() >= 400);
            let answer = match call_of(part.request) {
                _ if failed => self.answered(Err(after_failure())),
                _ if seat.is_none() => self.answered(Err(Refusal::crowded())),
                Ok(call) => {
                    self.graph.cloud.note_batched(&call.method);
                    self.attempt(&call).await
                }
                Err(refusal) => self.answered(Err(refusal)),
            };
            answers.push((part.id, answer));
        }
        answers
    }
}

fn after_failure() -> Refusal {
    let message = "The request was not executed because a request that it depends on failed.";
    Refusal::new(StatusCode::FAILED_DEPENDENCY, "FailedDependency", message)
}

fn parts(request: &Value) -> Result<Vec<Part<'_>>, Refusal> {
    let all = list(request, "requests");
    if all.is_empty() || all.len() > MAX_REQUESTS {
        return Err(Refusal::bad_query(format!("The batch must hold 1 to {MAX_REQUESTS} requests.")));
    }
    let ids: BTreeSet<&str> = all.iter().map(|one| text(one, "id")).filter(|id| !id.is_empty()).collect();
    if ids.len() != all.len() {
        return Err(Refusal::bad_query("Every request of a batch needs an id of its own."));
    }
    all.iter().map(|one| part(one, &ids)).collect()
}

fn part<'a>(request: &'a Value, ids: &BTreeSet<&str>) -> Result<Part<'a>, Refusal> {
    let id = text(request, "id");
    let after: Vec<&str> = list(request, "dependsOn").iter().filter_map(Value::as_str).collect();
    if after.iter().any(|id| !ids.contains(id)) {
        return Err(Refusal::bad_query(format!(
            "Request {id} depends on a request that is not in the batch."
        )));
    }
    let typed = header(request, "content-type").is_some();
    if request.get("body").is_some() && !typed {
        let message = format!("Write request id : {id} does not contain Content-Type header or body.");
        return Err(Refusal::bad_query(message));
    }
    Ok(Part { id, after, request })
}

fn header<'a>(request: &'a Value, name: &str) -> Option<&'a str> {
    let headers = request.get("headers")?.as_object()?;
    headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?.1.as_str()
}

fn call_of(request: &Value) -> Result<Call, Refusal> {
    let method = Method::from_bytes(text(request, "method").as_bytes());
    let method = method.map_err(|_| Refusal::bad_query("The method is not known."))?;
    let url = text(request, "url");
    if !url.starts_with('/') || url.starts_with("/$batch") {
        return Err(Refusal::bad_query("The URL must be relative to the version root, and no batch."));
    }
    let mut call = Call::new(method, url)?;
    call.prefer = Prefer::parse(header(request, "prefer"))?;
    call.if_match = header(request, "if-match").map(str::to_owned);
    call.body = request.get("body").cloned().map_or(Body::None, Body::Json);
    Ok(call)
}

fn response(id: &str, answer: Answer) -> Value {
    let mut response = json!({"id": id, "status": answer.status.as_u16()});
    let mut headers: Map<String, Value> =
        answer.headers.into_iter().map(|(name, value)| (capitals(name), value.into())).collect();
    let body = match answer.body {
        Payload::Nothing => None,
        Payload::Json(body) => Some(("application/json", body)),
        Payload::Html(text) => Some(("text/html", text.into())),
    };
    if let Some((kind, body)) = body {
        headers.insert("Content-Type".to_owned(), kind.into());
        response = super::stored::with(&response, json!({"body": body}));
    }
    super::stored::with(&response, json!({"headers": headers}))
}

/// `retry-after` becomes `Retry-After`, as batches write it.
fn capitals(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
    });
    words.collect::<Vec<_>>().join("-")
}
