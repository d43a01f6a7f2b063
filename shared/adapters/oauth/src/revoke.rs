//! Ends a grant (RFC 7009). Written out, because the `oauth2` crate refuses endpoints without TLS, which the one on
//! loopback has not.

use bytes::Bytes;
use daybook_engine::ports::RemoteError;
use daybook_http::{Transport, retry_after};
use http::Request;
use http::header::CONTENT_TYPE;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use url::Url;
use url::form_urlencoded::Serializer;

use crate::failure::unanswered;

/// Ends everything that came with the token. Ending what has ended (400 `invalid_token`) succeeds.
pub async fn revoke(
    transport: &dyn Transport,
    endpoint: &Url,
    token: &SecretString,
    now: Timestamp,
) -> Result<(), RemoteError> {
    let what = || "the revocation of a sign-in".to_owned();
    let request = prepare(endpoint, token)
        .map_err(|error| RemoteError::Rejected { what: what(), why: error.to_string() })?;
    let answer = transport.send(request).await.map_err(|error| unanswered(what(), error))?;
    match answer.status().as_u16() {
        200..=299 => Ok(()),
        400 if has_ended(answer.body()) => Ok(()),
        status @ (429 | 500..) => Err(RemoteError::Later {
            what: what(),
            retry_after: retry_after(answer.headers(), now),
            cause: Some(format!("status {status}").into()),
        }),
        status => Err(RemoteError::Rejected { what: what(), why: format!("status {status}") }),
    }
}

fn has_ended(body: &[u8]) -> bool {
    let refusal: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    refusal.is_some_and(|refusal| refusal.get("error").is_some_and(|word| word == "invalid_token"))
}

fn prepare(endpoint: &Url, token: &SecretString) -> Result<Request<Bytes>, http::Error> {
    let form = Serializer::new(String::new()).append_pair("token", token.expose_secret()).finish();
    Request::post(endpoint.as_str())
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Bytes::from(form))
}
