//! `Idempotency-Key`: a POST that is repeated under its key gets the first answer again and has no second effect.
//! Only successes are kept: a refusal had no effect, and may be mended under the same key.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, ETAG, LOCATION};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use daybook_core::ids::{ConnectionId, PracticeId};
use daybook_doorway::{Caller, Kind, Problem};
use daybook_engine::ports::{Answer, Claim, ConnectionRef};
use jiff::ToSpan;
use serde_json::Value;

use crate::Door;
use crate::body::read_bytes;

const KEY: &str = "idempotency-key";
/// Says that an answer was given before.
pub(crate) const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// Where a connection's answer has its link to sign in.
const LINK: &str = "authorise_url";
const MOST_KEY_BYTES: usize = 255;
/// An answer of ours is never larger; a larger one would not be kept.
const MOST_ANSWER_BYTES: usize = 256 * 1024;
const KEPT_HOURS: i64 = 24;
/// Longer than any request takes; then whoever claimed the key has died.
const CLAIMED_SECONDS: i64 = 120;
/// What of an answer's headers is worth repeating.
const KEPT_HEADERS: [HeaderName; 3] = [CONTENT_TYPE, ETAG, LOCATION];

/// Where a feed's answer has its address: told once, so a repetition does without.
const ADDRESSES: [&str; 2] = ["url", "webcal_url"];
/// A key in use by one request.
struct Claimed {
    practice: PracticeId,
    key: String,
    digest: String,
}

/// Lets the first request of a key through and answers its repetitions from memory.
pub(crate) async fn answer_once(
    State(door): State<Door>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let (Some(key), Some(caller)) = (key(&request)?, request.extensions().get::<Caller>().cloned()) else {
        return Ok(next.run(request).await);
    };
    let (request, bytes) = read_whole(request).await?;
    let practice_key = door.engine.vault.practice_key(&caller.practice).await?;
    let digest = practice_key.request_digest(request.uri().path(), &bytes);
    let claimed = Claimed { practice: caller.practice, key, digest };
    match claim(&door, &claimed).await? {
        Claim::Yours => {
            let response = next.run(request).await;
            keep(&door, &claimed, response).await
        }
        Claim::Answered(answer) => {
            let body = relink(&door, &claimed.practice, &answer.body).await?;
            Ok(replay(Answer { body: body.unwrap_or(answer.body), ..answer }))
        }
        Claim::Running => Err(Problem::new(Kind::InProgress).with_retry_after(1)),
        Claim::Taken => Err(Problem::new(Kind::IdempotencyConflict)
            .with_detail("this Idempotency-Key was used for another request; use a new one")),
    }
}

fn key(request: &Request) -> Result<Option<String>, Problem> {
    let Some(given) = request.headers().get(KEY).filter(|_| request.method() == Method::POST) else {
        return Ok(None);
    };
    let fits =
        (1..=MOST_KEY_BYTES).contains(&given.len()) && given.as_bytes().iter().all(u8::is_ascii_graphic);
    match given.to_str() {
        Ok(key) if fits => Ok(Some(key.to_owned())),
        _ => Err(Problem::new(Kind::Malformed)
            .with_detail("Idempotency-Key holds 1 to 255 visible ASCII characters")),
    }
}

/// The request again, and its body beside it.
async fn read_whole(request: Request) -> Result<(Request, Bytes), Problem> {
    let (parts, body) = request.into_parts();
    let bytes = read_bytes(Request::from_parts(parts.clone(), body), &()).await?;
    Ok((Request::from_parts(parts, Body::from(bytes.clone())), bytes))
}

async fn claim(door: &Door, claimed: &Claimed) -> Result<Claim, Problem> {
    let now = door.engine.clock.now();
    let until = now.saturating_add(CLAIMED_SECONDS.seconds()).unwrap_or(now);
    let Claimed { practice, key, digest } = claimed;
    Ok(door.answers.claim(practice, key, digest, now, until).await?)
}

/// Remembers a success, forgets anything else.
async fn keep(door: &Door, claimed: &Claimed, response: Response) -> Result<Response, Problem> {
    let Claimed { practice, key, digest } = claimed;
    if !response.status().is_success() {
        door.answers.give_back(practice, key).await?;
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, MOST_ANSWER_BYTES).await.map_err(|_| Problem::new(Kind::Internal))?;
    let headers = KEPT_HEADERS.iter().filter_map(|name| {
        let value = parts.headers.get(name)?.to_str().ok()?;
        Some((name.to_string(), value.to_owned()))
    });
    let answer =
        Answer { status: parts.status.as_u16(), headers: headers.collect(), body: without_link(&bytes) };
    let now = door.engine.clock.now();
    let until = now.saturating_add(KEPT_HOURS.hours()).unwrap_or(now);
    if let Err(error) = door.answers.keep_answer(practice, key, digest, &answer, until).await {
        // The work is done and must be told; a repetition waits until the claim lapses.
        tracing::warn!(%error, "an answer could not be kept for repetitions");
    }
    Ok(Response::from_parts(parts, Body::from(bytes)))
}

/// A link to sign in and the address of a feed open something, so they are not kept; something empty keeps their place.
fn without_link(bytes: &[u8]) -> String {
    let whole = || String::from_utf8_lossy(bytes).into_owned();
    let Ok(mut body) = serde_json::from_slice::<Value>(bytes) else { return whole() };
    let mut changed = false;
    for (name, place) in
        std::iter::once((LINK, Value::from(""))).chain(ADDRESSES.map(|name| (name, Value::Null)))
    {
        if let Some(secret) = body.get_mut(name) {
            *secret = place;
            changed = true;
        }
    }
    if changed { body.to_string() } else { whole() }
}

/// The body with a fresh link, where it had one that was not kept.
async fn relink(door: &Door, practice: &PracticeId, body: &str) -> Result<Option<String>, Problem> {
    let Ok(Value::Object(mut body)) = serde_json::from_str(body) else { return Ok(None) };
    let Some(id) = body.get("id").and_then(Value::as_str).filter(|_| body.contains_key(LINK)) else {
        return Ok(None);
    };
    let at = ConnectionRef { practice: practice.clone(), id: ConnectionId::new(id) };
    let link = match door.engine.store.find_connection(&at).await? {
        Some(connection) => door.engine.sign_in_link(&connection).await?,
        None => None,
    };
    match link {
        Some(link) => body.insert(LINK.to_owned(), link.into()),
        None => body.remove(LINK),
    };
    Ok(Some(Value::Object(body).to_string()))
}

fn replay(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = (status, answer.body).into_response();
    for (name, value) in answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    response
}
