//! Literal bytes in and out, and what each answer means.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use daybook_core::access::Access;
use daybook_engine::ports::{Clock, Code, PageRefusal, RemoteError, Visit};
use daybook_http::{Transport, TransportError};
use http::{Request, Response};
use jiff::Timestamp;
use secrecy::ExposeSecret;
use url::Url;

use super::*;

/// Answers every request alike and keeps what it was asked.
struct Canned {
    status: u16,
    retry_after: Option<&'static str>,
    content_type: &'static str,
    body: &'static str,
    asked: Mutex<Vec<Request<Bytes>>>,
}

impl Canned {
    fn new(status: u16, body: &'static str) -> Self {
        let content_type = "application/json; charset=utf-8";
        Self { status, retry_after: None, content_type, body, asked: Mutex::new(Vec::new()) }
    }

    fn form(&self) -> Vec<(String, String)> {
        let asked = self.asked.lock().unwrap();
        url::form_urlencoded::parse(asked[0].body()).into_owned().collect()
    }
}

#[async_trait]
impl Transport for Canned {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        self.asked.lock().unwrap().push(request);
        let mut answer = Response::builder().status(self.status).header("content-type", self.content_type);
        if let Some(seconds) = self.retry_after {
            answer = answer.header("retry-after", seconds);
        }
        Ok(answer.body(Bytes::from_static(self.body.as_bytes())).unwrap())
    }
}

struct Dead;

#[async_trait]
impl Transport for Dead {
    async fn send(&self, _: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        Err(TransportError::Connection("reset".into()))
    }
}

struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        "2026-03-01T12:00:00Z".parse().unwrap()
    }
}

fn client(transport: Arc<dyn Transport>) -> Client {
    let registration = Registration {
        provider: "Example",
        client_id: "client 1".into(),
        client_secret: "s~e.c+ret".into(),
        auth_url: "https://id.example.org/auth?v=2".parse().unwrap(),
        token_url: "https://id.example.org/token".parse().unwrap(),
    };
    Client::new(registration, transport, Arc::new(Noon))
}

/// The verifier of RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const TOKENS: &str = r#"{"access_token":"at-1","expires_in":3599,"refresh_token":"rt-2","scope":"b openid a",
    "token_type":"Bearer","id_token":"h.p.s","ext_expires_in":3599}"#;

fn code() -> Code {
    Code {
        code: "4/0Ab".into(),
        verifier: VERIFIER.into(),
        redirect: "https://x.example/oauth/google/callback".into(),
    }
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

fn word(error: &RemoteError) -> String {
    match error {
        RemoteError::Later { retry_after: None, .. } => "later".into(),
        RemoteError::Later { retry_after: Some(wait), .. } => format!("later {}", wait.as_secs()),
        RemoteError::Refused { .. } => "refused".into(),
        RemoteError::Unconfigured { why, .. } => format!("unconfigured {why}"),
        RemoteError::Rejected { why, .. } => format!("rejected {why}"),
        RemoteError::Unintelligible { .. } => "unintelligible".into(),
        other => format!("{other:?}"),
    }
}

#[test]
fn the_page_carries_state_challenge_and_what_is_asked_for() {
    let mut visit = Visit {
        access: Access::ALL,
        redirect: "https://x.example/oauth/google/callback".into(),
        state: "st/1".into(),
        verifier: VERIFIER.into(),
        account: Some("ada@example.org".into()),
    };
    let client = client(Arc::new(Dead));
    let page = client.page(&visit, &["openid", "https://scope.example/a"], &[("prompt", "consent")]);
    let url = Url::parse(&page).unwrap();
    let mut found: Vec<_> = url.query_pairs().into_owned().collect();
    found.sort();
    assert_eq!(
        found,
        pairs(&[
            ("client_id", "client 1"),
            ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
            ("code_challenge_method", "S256"),
            ("login_hint", "ada@example.org"),
            ("prompt", "consent"),
            ("redirect_uri", "https://x.example/oauth/google/callback"),
            ("response_type", "code"),
            ("scope", "openid https://scope.example/a"),
            ("state", "st/1"),
            ("v", "2"),
        ])
    );
    visit.account = None;
    assert!(!client.page(&visit, &["openid"], &[]).contains("login_hint"));
}

#[tokio::test]
async fn an_exchange_sends_everything_in_the_body() {
    let canned = Arc::new(Canned::new(200, TOKENS));
    let granted = client(canned.clone()).exchange(&code()).await.unwrap();
    {
        let asked = canned.asked.lock().unwrap();
        assert_eq!(
            (asked[0].method().as_str(), asked[0].uri()),
            ("POST", &"https://id.example.org/token".parse().unwrap())
        );
        assert_eq!(asked[0].headers()["content-type"], "application/x-www-form-urlencoded");
        assert!(!asked[0].headers().contains_key("authorization"));
    }
    let mut form = canned.form();
    form.sort();
    assert_eq!(
        form,
        pairs(&[
            ("client_id", "client 1"),
            ("client_secret", "s~e.c+ret"),
            ("code", "4/0Ab"),
            ("code_verifier", VERIFIER),
            ("grant_type", "authorization_code"),
            ("redirect_uri", "https://x.example/oauth/google/callback"),
        ])
    );
    assert_eq!(granted.token.secret.expose_secret(), "at-1");
    assert_eq!(granted.token.expires_at, "2026-03-01T12:59:59Z".parse().unwrap());
    assert_eq!(granted.refresh_token.as_ref().unwrap().expose_secret(), "rt-2");
    assert_eq!(granted.scopes.as_deref().unwrap(), ["b", "openid", "a"]);
    let shown = format!("{granted:?}");
    assert!(!shown.contains("at-1") && !shown.contains("rt-2") && !shown.contains("h.p.s"), "{shown}");
}

#[tokio::test]
async fn a_refresh_may_bring_no_new_refresh_token() {
    let answer = r#"{"access_token":"at-2","token_type":"bearer"}"#;
    let canned = Arc::new(Canned::new(200, answer));
    let granted = client(canned.clone()).refresh(&"1//0g".into()).await.unwrap();
    let mut form = canned.form();
    form.sort();
    assert_eq!(
        form,
        pairs(&[
            ("client_id", "client 1"),
            ("client_secret", "s~e.c+ret"),
            ("grant_type", "refresh_token"),
            ("refresh_token", "1//0g"),
        ])
    );
    assert!(granted.refresh_token.is_none() && granted.scopes.is_none() && granted.id_token.is_none());
    assert_eq!(granted.token.expires_at, "2026-03-01T12:55:00Z".parse().unwrap());
}

/// What each error asks for, told of a refresh and of an exchange.
#[tokio::test]
async fn e_001_errors_of_the_token_endpoint() {
    const HTML: &str = "<html>Bad gateway</html>";
    for (status, body, refresh, exchange) in [
        (
            400,
            r#"{"error":"invalid_grant","error_description":"Bad Request"}"#,
            "refused",
            "rejected invalid_grant",
        ),
        (
            400,
            r#"{"error":"invalid_grant","error_subtype":"invalid_rapt"}"#,
            "refused",
            "rejected invalid_grant",
        ),
        (
            400,
            "{\"error\":\"invalid_grant\",\"error_description\":\"AADSTS700082:\\r\\nTrace\",\"error_codes\":[700082],\"suberror\":\"bad_token\"}",
            "refused",
            "rejected invalid_grant",
        ),
        (400, r#"{"error":"interaction_required"}"#, "refused", "refused"),
        (400, r#"{"error":"consent_required"}"#, "refused", "refused"),
        (400, r#"{"error":"invalid_rapt"}"#, "refused", "refused"),
        (
            401,
            r#"{"error":"invalid_client","error_description":"Unauthorized"}"#,
            "unconfigured invalid_client",
            "unconfigured invalid_client",
        ),
        (
            400,
            r#"{"error":"unauthorized_client"}"#,
            "unconfigured unauthorized_client",
            "unconfigured unauthorized_client",
        ),
        (
            400,
            r#"{"error":"redirect_uri_mismatch"}"#,
            "unconfigured redirect_uri_mismatch",
            "unconfigured redirect_uri_mismatch",
        ),
        (400, r#"{"error":"invalid_scope"}"#, "rejected invalid_scope", "rejected invalid_scope"),
        (
            400,
            r#"{"error":"Ada <ada@example.org>"}"#,
            "rejected a word that no protocol knows",
            "rejected a word that no protocol knows",
        ),
        (400, r#"{"error":"temporarily_unavailable"}"#, "later", "later"),
        (503, HTML, "later", "later"),
        (500, r#"{"error":"invalid_grant"}"#, "later", "later"),
        (400, HTML, "later", "later"),
        (429, "", "later", "later"),
        (200, "{}", "unintelligible", "unintelligible"),
        (200, r#"{"access_token":7}"#, "unintelligible", "unintelligible"),
    ] {
        let client = client(Arc::new(Canned::new(status, body)));
        let (refreshed, exchanged) = (client.refresh(&"rt".into()).await, client.exchange(&code()).await);
        assert_eq!(word(&refreshed.unwrap_err()), refresh, "{status} {body}");
        assert_eq!(word(&exchanged.unwrap_err()), exchange, "{status} {body}");
    }
    assert_eq!(word(&client(Arc::new(Dead)).refresh(&"rt".into()).await.unwrap_err()), "later");
}

#[tokio::test]
async fn a_throttling_endpoint_says_how_long() {
    for (status, asked, expected) in
        [(429, "30", "later 30"), (503, "Sun, 01 Mar 2026 12:01:00 GMT", "later 60"), (500, "soon", "later")]
    {
        let mut canned = Canned::new(status, "<html>");
        canned.retry_after = Some(asked);
        let error = client(Arc::new(canned)).refresh(&"rt".into()).await.unwrap_err();
        assert_eq!(word(&error), expected);
    }
}

#[tokio::test]
async fn an_answer_that_is_no_json_leaves_no_token_in_its_error() {
    for content_type in ["application/x-www-form-urlencoded", "application/json"] {
        let canned = Canned { content_type, ..Canned::new(200, "access_token=at-1") };
        let error = client(Arc::new(canned)).refresh(&"rt".into()).await.unwrap_err();
        assert_eq!(word(&error), "unintelligible");
        assert!(!format!("{error:?}").contains("at-1"), "{error:?}");
    }
}

#[tokio::test]
async fn revoking_what_is_revoked_succeeds() {
    let endpoint: Url = "http://127.0.0.1:9/revoke".parse().unwrap();
    for (status, body, expected) in [
        (200, "{}", None),
        (400, r#"{"error":"invalid_token","error_description":"Token expired or revoked"}"#, None),
        (400, r#"{"error":"invalid_request"}"#, Some("rejected status 400")),
        (503, "<html>", Some("later")),
        (429, "", Some("later")),
        (404, "", Some("rejected status 404")),
    ] {
        let canned = Canned::new(status, body);
        let result = revoke(&canned, &endpoint, &"1//0g".into(), Noon.now()).await;
        assert_eq!(result.err().as_ref().map(word).as_deref(), expected, "{status}");
        let asked = canned.asked.lock().unwrap();
        assert_eq!(asked[0].body().as_ref(), b"token=1%2F%2F0g");
        assert_eq!(asked[0].headers()["content-type"], "application/x-www-form-urlencoded");
    }
}

#[test]
fn claims_are_read_from_the_middle() {
    let token = |payload: &str| format!("head.{}.signature", URL_SAFE_NO_PAD.encode(payload));
    let google =
        r#"{"iss":"https://accounts.google.com","sub":"1","email":"ada@example.org","hd":"example.org"}"#;
    let found = claims(&token(google).into()).unwrap();
    assert_eq!((found.sub.as_str(), found.hd.as_deref()), ("1", Some("example.org")));
    assert_eq!((found.email.as_deref(), found.tid), (Some("ada@example.org"), None));
    let microsoft = r#"{"sub":"2","tid":"t","oid":"o","preferred_username":"ada"}"#;
    let found = claims(&token(microsoft).into()).unwrap();
    assert_eq!((found.tid.as_deref(), found.oid.as_deref()), (Some("t"), Some("o")));
    for broken in ["", "a.b", "a.!.c", &token("{}"), &token("[]")] {
        assert_eq!(claims(&broken.to_owned().into()), None, "{broken}");
    }
}

#[test]
fn e_014_what_a_page_means() {
    for (error, expected) in [
        ("access_denied", PageRefusal::Declined),
        ("admin_policy_enforced", PageRefusal::AdministratorNeeded),
        ("org_internal", PageRefusal::AdministratorNeeded),
        ("redirect_uri_mismatch", PageRefusal::Unconfigured),
        ("unauthorized_client", PageRefusal::Unconfigured),
        ("temporarily_unavailable", PageRefusal::Passing),
        ("server_error", PageRefusal::Passing),
        ("", PageRefusal::Passing),
    ] {
        assert_eq!(read_refusal(error), expected, "{error}");
    }
}
