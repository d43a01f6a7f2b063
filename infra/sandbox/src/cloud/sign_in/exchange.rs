//! The token endpoint: a code or a refresh token for an access token; and Google's way to give tokens back.

use aws_lc_rs::{constant_time, digest};
use axum::Json;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::identity::id_token;
use super::refusal::Refusal;
use super::request::Asked;
use super::scopes::answered;
use super::tokens::{ACCESS_LIFE, Grant, give, revoke as revoke_grant, use_again};
use crate::cloud::control::TokenAnswer;
use crate::cloud::world::{Challenge, Code, Keeps, TokenKind};
use crate::cloud::{Cloud, Dialect, Tx};

/// What comes back with an access token.
struct Given {
    access: String,
    refresh: Option<String>,
    grant: Grant,
    nonce: Option<String>,
}

pub(super) async fn token(
    State(cloud): State<Cloud>,
    headers: HeaderMap,
    Form(form): Form<Vec<(String, String)>>,
) -> Response {
    let given =
        switched_off(cloud.inner.control.token()).and_then(|()| exchange(&cloud, &headers, &Asked(form)));
    match given {
        Ok(given) => no_store(Json(token_answer(&cloud, &given)).into_response()),
        Err(refusal) => no_store(refusal.answer(cloud.dialect(), cloud.now())),
    }
}

/// `POST /revoke`: either token of a pair ends the whole grant.
pub(super) async fn revoke(State(cloud): State<Cloud>, Form(form): Form<Vec<(String, String)>>) -> Response {
    let asked = Asked(form);
    let done: Result<(), ()> = cloud.change(|tx| {
        let token = asked.get("token").and_then(|token| tx.world().tokens.get(token)).ok_or(())?;
        let (account, client) = (token.account.clone(), token.client.clone());
        revoke_grant(tx, &account, &client);
        Ok(())
    });
    if done.is_ok() {
        return Json(json!({})).into_response();
    }
    let body = json!({"error": "invalid_token", "error_description": "Token expired or revoked"});
    (StatusCode::BAD_REQUEST, Json(body)).into_response()
}

fn switched_off(answer: TokenAnswer) -> Result<(), Refusal> {
    match answer {
        TokenAnswer::Normal => Ok(()),
        TokenAnswer::InvalidClient => Err(Refusal::Client),
        TokenAnswer::SignInAgain => Err(Refusal::SignInAgain),
        TokenAnswer::Unavailable => Err(Refusal::Unavailable),
    }
}

fn exchange(cloud: &Cloud, headers: &HeaderMap, asked: &Asked) -> Result<Given, Refusal> {
    let client = client_of(headers, asked).ok_or(Refusal::Request("client_id"))?;
    match asked.get("grant_type") {
        Some("authorization_code") => by_code(cloud, &client, asked),
        Some("refresh_token") => by_refresh(cloud, &client, asked),
        Some(_) => Err(Refusal::GrantType),
        None => Err(Refusal::Request("grant_type")),
    }
}

/// The client's name, from the form or from basic authentication; any secret will do.
fn client_of(headers: &HeaderMap, asked: &Asked) -> Option<String> {
    let basic = || {
        let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let pair = String::from_utf8(STANDARD.decode(value.strip_prefix("Basic ")?).ok()?).ok()?;
        let (name, _) = pair.split_once(':')?;
        let decoded = url::form_urlencoded::parse(name.as_bytes()).next()?;
        Some(decoded.0.into_owned())
    };
    asked.get("client_id").map(str::to_owned).or_else(basic)
}

fn by_code(cloud: &Cloud, client: &str, asked: &Asked) -> Result<Given, Refusal> {
    let dialect = cloud.dialect();
    let code = asked.get("code").ok_or(Refusal::Request("code"))?;
    let redirect_uri = asked.get("redirect_uri").ok_or(Refusal::Request("redirect_uri"))?;
    cloud.change(|tx| {
        let mut code = tx.world().codes.get(code).cloned().ok_or(Refusal::Code)?;
        let fits = !code.used
            && code.expires > tx.now()
            && code.client == client
            && code.redirect_uri == redirect_uri
            && verifies(code.challenge.as_ref(), asked.get("code_verifier"));
        if !fits {
            return Err(Refusal::Code);
        }
        code.used = true;
        forget_old_codes(tx);
        tx.keep(code.clone());
        let grant = Grant { account: code.account, client: code.client, scopes: code.scopes };
        let refresh =
            (code.keeps == Keeps::RefreshToken).then(|| give(tx, dialect, TokenKind::Refresh, &grant));
        Ok(Given { access: give(tx, dialect, TokenKind::Access, &grant), refresh, grant, nonce: code.nonce })
    })
}

/// Google keeps the refresh token; Microsoft gives a new one each time, and the old one stays good.
fn by_refresh(cloud: &Cloud, client: &str, asked: &Asked) -> Result<Given, Refusal> {
    let dialect = cloud.dialect();
    let token = asked.get("refresh_token").ok_or(Refusal::Request("refresh_token"))?;
    cloud.change(|tx| {
        let found = tx.world().tokens.get(token).cloned().ok_or(Refusal::Refresh)?;
        let fits = found.kind == TokenKind::Refresh && found.expires > tx.now() && found.client == client;
        if !fits {
            return Err(Refusal::Refresh);
        }
        let grant = Grant {
            account: found.account.clone(),
            client: found.client.clone(),
            scopes: found.scopes.clone(),
        };
        let refresh = match dialect {
            Dialect::Google => {
                use_again(tx, found);
                None
            }
            Dialect::Microsoft => Some(give(tx, dialect, TokenKind::Refresh, &grant)),
        };
        Ok(Given { access: give(tx, dialect, TokenKind::Access, &grant), refresh, grant, nonce: None })
    })
}

/// Does the verifier belong to the challenge? Without a challenge nothing is asked.
fn verifies(challenge: Option<&Challenge>, verifier: Option<&str>) -> bool {
    let same = |one: &[u8], other: &[u8]| constant_time::verify_slices_are_equal(one, other).is_ok();
    match (challenge, verifier) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(Challenge::Plain(challenge)), Some(verifier)) => {
            same(challenge.as_bytes(), verifier.as_bytes())
        }
        (Some(Challenge::S256(challenge)), Some(verifier)) => {
            let digest = digest::digest(&digest::SHA256, verifier.as_bytes());
            same(challenge.as_bytes(), URL_SAFE_NO_PAD.encode(digest).as_bytes())
        }
    }
}

fn forget_old_codes(tx: &mut Tx<'_>) {
    let now = tx.now();
    let old: Vec<String> =
        tx.world().codes.values().filter(|code| code.expires < now).map(|code| code.value.clone()).collect();
    for code in old {
        tx.drop_row::<Code>(&code);
    }
}

fn token_answer(cloud: &Cloud, given: &Given) -> Value {
    let life_s = ACCESS_LIFE.as_secs() - 1;
    let mut body = json!({
        "access_token": given.access,
        "expires_in": life_s,
        "scope": answered(cloud.dialect(), &given.grant.scopes),
        "token_type": "Bearer",
    });
    let more = [
        ("refresh_token", given.refresh.clone().map(Value::from)),
        ("id_token", id_token(cloud, &given.grant, given.nonce.as_deref()).map(Value::from)),
        ("ext_expires_in", (cloud.dialect() == Dialect::Microsoft).then(|| Value::from(life_s))),
    ];
    if let Some(fields) = body.as_object_mut() {
        let there = more.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        fields.extend(there);
    }
    body
}

fn no_store(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, axum::http::HeaderValue::from_static("no-store"));
    response
}
