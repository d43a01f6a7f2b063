//! Bad moments of a provider, in its own words: what a stand-in is told to answer to one request in place of the truth.
//! Only such as pass by themselves: after each of them the same request may succeed.

use bytes::Bytes;
use http::{Request, Uri};
use serde_json::{Value, json};

use super::house::HOST;

/// One bad moment.
pub struct Hiccup {
    mount: &'static str,
    pub answer: Value,
    pub before: Value,
    pub after: Value,
}

impl Hiccup {
    pub fn request(&self, wish: &Value) -> Request<Bytes> {
        let url = format!("{HOST}{}/control", self.mount);
        let request = Request::post(url).header("content-type", "application/json");
        request.body(wish.to_string().into()).unwrap()
    }
}

/// One of those that may meet a request to this address. A fresh token is not refused again: that would mean that the
/// person has to sign in.
pub fn some(to: &Uri, before: Option<&Value>, chance: &mut fastrand::Rng) -> Option<Hiccup> {
    let path = to.path();
    if path.ends_with("/token") || path.ends_with("/revoke") {
        return None;
    }
    if path.starts_with("/sandbox/caldav") {
        return Some(of_caldav(chance));
    }
    let is_delta =
        to.query().is_some_and(|query| query.contains("syncToken=") || query.contains("deltatoken="));
    let is_google = path.starts_with("/sandbox/google");
    let mut answers = vec![
        json!({"too_many": {"retry_after_s": 20}}),
        json!({"too_many": {"retry_after_s": null}}),
        json!({"status": {"status": 500, "retry_after_s": null}}),
        json!({"status": {"status": 503, "retry_after_s": 90}}),
        json!({"html": {"status": 502}}),
        json!("unauthorized"),
        json!("lost_answer"),
    ];
    if is_delta {
        answers.extend([json!("cursor_expired"), json!("cursor_expired")]);
    }
    if is_google {
        let forbidden = |reason: &str| json!({"forbidden": {"reason": reason}});
        answers.extend(["userRateLimitExceeded", "rateLimitExceeded", "quotaExceeded"].map(forbidden));
        answers.push(json!("stale"));
    }
    answers.retain(|answer| *answer != "unauthorized" || Some(answer) != before);
    let answer = answers.swap_remove(chance.usize(0..answers.len()));
    let mount = if is_google { "/sandbox/google" } else { "/sandbox/microsoft" };
    let before = json!({"faults": [{"times": 1, "answer": answer.clone()}]});
    Some(Hiccup { mount, answer, before, after: json!({"faults": []}) })
}

fn of_caldav(chance: &mut fastrand::Rng) -> Hiccup {
    let status = [423, 429, 500, 502, 503][chance.usize(0..5)];
    let retry_after = chance.bool().then_some("30");
    let fail = json!({"requests": 1, "status": status, "retry_after": retry_after});
    let never = json!({"requests": 0, "status": 503});
    Hiccup {
        mount: "/sandbox/caldav",
        answer: json!(status),
        before: json!({"fail": fail}),
        after: json!({"fail": never}),
    }
}
