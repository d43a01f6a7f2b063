//! Who somebody is: the `id_token`, and Google's userinfo. The token is shaped like a JWT and not signed: a client that
//! takes it from the token endpoint over its own connection need not check a signature.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::tokens::{ACCESS_LIFE, Grant};
use crate::cloud::push::tenant_of;
use crate::cloud::world::{Account, Organisation};
use crate::cloud::{Cloud, Dialect};

const EMAIL: &str = "https://www.googleapis.com/auth/userinfo.email";
const PROFILE: &str = "https://www.googleapis.com/auth/userinfo.profile";

/// The `id_token` of a grant that includes `openid`.
pub(super) fn id_token(cloud: &Cloud, grant: &Grant, nonce: Option<&str>) -> Option<String> {
    if !grant.scopes.contains("openid") {
        return None;
    }
    let account = cloud.read(|world| world.accounts.get(&grant.account).cloned())?;
    let mut claims = match cloud.dialect() {
        Dialect::Google => google_claims(&account, grant),
        Dialect::Microsoft => microsoft_claims(cloud, &account),
    };
    let now_s = cloud.now().as_second();
    let all = claims.as_object_mut()?;
    all.insert("aud".to_owned(), json!(grant.client));
    all.insert("iat".to_owned(), json!(now_s));
    all.insert("exp".to_owned(), json!(now_s + ACCESS_LIFE.as_secs()));
    if let Some(nonce) = nonce {
        all.insert("nonce".to_owned(), json!(nonce));
    }
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    Some(format!("{}.{}.c2FuZGJveA", part(&json!({"alg": "RS256", "typ": "JWT"})), part(&claims)))
}

/// Google's userinfo.
pub(super) async fn userinfo(State(cloud): State<Cloud>, headers: HeaderMap) -> Response {
    let Ok(grant) = cloud.bearer(&headers) else { return unauthorized() };
    let may = grant.scopes.contains("openid") || grant.scopes.contains(EMAIL);
    let account = cloud.read(|world| world.accounts.get(&grant.account).cloned());
    match account.filter(|_| may) {
        Some(account) => Json(google_person(&account, &grant)).into_response(),
        None => unauthorized(),
    }
}

fn unauthorized() -> Response {
    let body = json!({"error": "invalid_request", "error_description": "Invalid Credentials"});
    (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"")], Json(body))
        .into_response()
}

fn google_claims(account: &Account, grant: &Grant) -> Value {
    let mut claims = google_person(account, grant);
    if let Some(claims) = claims.as_object_mut() {
        claims.insert("iss".to_owned(), json!("https://accounts.google.com"));
        claims.insert("azp".to_owned(), json!(grant.client));
    }
    claims
}

/// What the granted scopes tell of a person.
fn google_person(account: &Account, grant: &Grant) -> Value {
    let mut person = serde_json::Map::from_iter([("sub".to_owned(), json!(account.id))]);
    if grant.scopes.contains(EMAIL) {
        person.insert("email".to_owned(), json!(account.email));
        person.insert("email_verified".to_owned(), json!(true));
        if let (Organisation::Organisation, Some((_, domain))) = (account.kind, account.email.split_once('@'))
        {
            person.insert("hd".to_owned(), json!(domain));
        }
    }
    if grant.scopes.contains(PROFILE) {
        person.insert("name".to_owned(), json!(account.name));
    }
    Value::Object(person)
}

fn microsoft_claims(cloud: &Cloud, account: &Account) -> Value {
    let tenant = cloud.read(|world| tenant_of(world, &account.id));
    json!({
        "ver": "2.0",
        "iss": format!("https://login.microsoftonline.com/{tenant}/v2.0"),
        "sub": format!("sub-{}", account.id),
        "oid": account.id,
        "tid": tenant,
        "preferred_username": account.email,
        "email": account.email,
        "name": account.name,
    })
}
