//! Sign-in, as a browser and a client use it.

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use daybook_sandbox::cloud::{BadToken, Dialect, Grant};
use serde_json::{Value, json};

use crate::house::{EVENTS, FORM, House, LIST, Reply, encoded};

const BACK: &str = "https://app.test/back?keep=1";
// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const AUTH: &str = "/o/oauth2/v2/auth";

fn question() -> Vec<(&'static str, &'static str)> {
    vec![
        ("client_id", "app"),
        ("redirect_uri", BACK),
        ("response_type", "code"),
        (
            "scope",
            "openid email https://www.googleapis.com/auth/calendar.events https://www.googleapis.com/auth/calendar.calendarlist.readonly",
        ),
        ("access_type", "offline"),
        ("prompt", "consent"),
        ("state", "st/1"),
        ("login_hint", "ada@clinic.example"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]
}

fn graph_question() -> Vec<(&'static str, &'static str)> {
    vec![
        ("client_id", "app"),
        ("redirect_uri", BACK),
        ("response_type", "code"),
        ("scope", "openid offline_access https://graph.microsoft.com/Calendars.ReadWrite User.Read"),
        ("state", "st/1"),
        ("login_hint", "ada@clinic.example"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]
}

fn but(
    mut fields: Vec<(&'static str, &'static str)>,
    name: &str,
    value: Option<&'static str>,
) -> Vec<(&'static str, &'static str)> {
    let at = fields.iter().position(|(of, _)| *of == name);
    match (at, value) {
        (Some(at), Some(value)) => fields[at].1 = value,
        (Some(at), None) => drop(fields.remove(at)),
        (None, Some(value)) => fields.push((Box::leak(name.to_owned().into_boxed_str()), value)),
        (None, None) => {}
    }
    fields
}

async fn ask(house: &House, door: &str, fields: &[(&str, &str)]) -> Reply {
    house.get(&format!("{door}?{}", encoded(fields))).await
}

async fn allow(house: &House, door: &str, mut fields: Vec<(&str, &str)>, grants: &[&'static str]) -> Reply {
    fields.push(("decision", "allow"));
    fields.extend(grants.iter().map(|scope| ("grant", *scope)));
    let email =
        fields.iter().find(|(name, _)| *name == "login_hint").map_or("ada@clinic.example", |found| found.1);
    let account = house.account(email);
    fields.push(("account", &account));
    house.form(door, &fields).await
}

async fn exchange(house: &House, path: &str, code: &str) -> Reply {
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", BACK),
        ("client_id", "app"),
        ("client_secret", "any"),
        ("code_verifier", VERIFIER),
    ];
    house.form(path, &fields).await
}

async fn refresh(house: &House, path: &str, token: &str) -> Reply {
    let fields = [("grant_type", "refresh_token"), ("refresh_token", token), ("client_id", "app")];
    house.form(path, &fields).await
}

fn whose(house: &House, token: &str) -> Result<Grant, BadToken> {
    let mut headers = HeaderMap::new();
    headers.insert("authorization", format!("Bearer {token}").parse().unwrap());
    house.cloud.bearer(&headers)
}

fn claims(answer: &Value) -> Value {
    let token = answer["id_token"].as_str().unwrap();
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[tokio::test]
async fn a_person_allows_some_of_what_is_asked_at_google() {
    let house = House::google();
    let page = ask(&house, AUTH, &question()).await;
    assert_eq!(page.status, 200);
    let policy = page.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && policy.ends_with("form-action 'self' https://app.test"));
    for words in ["Ada Okafor", "type=\"checkbox\"", EVENTS, LIST, "name=\"state\" value=\"st/1\""] {
        assert!(page.text.contains(words), "{words}");
    }
    let reply = allow(&house, AUTH, question(), &[EVENTS]).await;
    assert_eq!(reply.status, 302);
    assert!(reply.header("location").starts_with("https://app.test/back?keep=1&code=4%2F0A"));
    assert_eq!(reply.sent_with("state").unwrap(), "st/1");
    let code = reply.sent_with("code").unwrap();
    let answer = exchange(&house, "/token", &code).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let answer = answer.json();
    let scopes = "https://www.googleapis.com/auth/calendar.events https://www.googleapis.com/auth/userinfo.email openid";
    assert_eq!((answer["scope"].as_str(), answer["expires_in"].as_i64()), (Some(scopes), Some(3599)));
    assert_eq!(claims(&answer)["email"], "ada@clinic.example");
    let access = answer["access_token"].as_str().unwrap();
    let grant = whose(&house, access).unwrap();
    assert_eq!(grant.account, house.account("ada@clinic.example"));
    assert!(grant.scopes.contains(EVENTS) && !grant.scopes.contains(LIST));
    let bearer = format!("Bearer {access}");
    for path in ["/oauth2/v3/userinfo", "/v1/userinfo"] {
        let person = house.call("GET", path, &[("authorization", &bearer)], "").await.json();
        assert_eq!(
            person,
            json!({"sub": grant.account, "email": "ada@clinic.example", "email_verified": true, "hd": "clinic.example"})
        );
        assert_eq!(house.get(path).await.status, 401);
    }
}

#[tokio::test]
async fn google_keeps_its_refresh_token_and_gives_it_with_offline_and_consent_alone() {
    let house = House::google();
    for (access_type, prompt, given) in [
        (None, "consent", false),
        (Some("offline"), "consent", true),
        (Some("offline"), "select_account", false),
        (Some("offline"), "consent", true),
    ] {
        let fields = but(but(question(), "access_type", access_type), "prompt", Some(prompt));
        let code = allow(&house, AUTH, fields, &[EVENTS, LIST]).await.sent_with("code").unwrap();
        let answer = exchange(&house, "/token", &code).await.json();
        assert_eq!(answer["refresh_token"].is_string(), given, "{access_type:?} {prompt}");
    }
    let refresh_token = house.cloud.issue("ada@clinic.example", "app", &[EVENTS]).unwrap().refresh_token;
    let answer = refresh(&house, "/token", &refresh_token).await.json();
    assert!(answer["access_token"].is_string() && answer["refresh_token"].is_null(), "{answer}");
    assert_eq!(answer["scope"], EVENTS);
}

#[tokio::test]
async fn microsoft_rotates_the_refresh_token_and_the_old_one_stays_good() {
    let house = House::microsoft();
    let door = "/common/oauth2/v2.0/authorize";
    assert!(!ask(&house, door, &graph_question()).await.text.contains("checkbox"));
    let reply = allow(&house, door, graph_question(), &["Calendars.ReadWrite", "User.Read"]).await;
    let code = reply.sent_with("code").unwrap();
    assert!(reply.sent_with("session_state").is_some());
    let token = "/common/oauth2/v2.0/token";
    let answer = exchange(&house, token, &code).await.json();
    assert_eq!(answer["scope"], "Calendars.ReadWrite User.Read openid profile email");
    assert_eq!(claims(&answer)["oid"], house.account("ada@clinic.example"));
    assert_eq!(claims(&answer)["preferred_username"], "ada@clinic.example");
    let first = answer["refresh_token"].as_str().unwrap();
    for _ in 0..2 {
        let next = refresh(&house, token, first).await.json();
        assert_ne!(next["refresh_token"].as_str().unwrap(), first);
        assert!(
            whose(&house, next["access_token"].as_str().unwrap())
                .unwrap()
                .scopes
                .contains("Calendars.ReadWrite")
        );
    }
}

#[tokio::test]
async fn a_code_is_good_once_for_ten_minutes_for_its_client_and_verifier() {
    let google = || async {
        let house = House::google();
        let code = allow(&house, AUTH, question(), &[EVENTS]).await.sent_with("code").unwrap();
        (house, code)
    };
    for (name, value) in [
        ("code", Some("4/0Aunknown")),
        ("redirect_uri", Some("https://app.test/back")),
        ("client_id", Some("other")),
        ("code_verifier", Some("wrong")),
        ("code_verifier", None),
    ] {
        let (house, code) = google().await;
        let code: &'static str = Box::leak(code.into_boxed_str());
        let fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", BACK),
            ("client_id", "app"),
            ("code_verifier", VERIFIER),
        ];
        let reply = house.form("/token", &but(fields, name, value)).await;
        assert_eq!(
            (reply.status.as_u16(), reply.json()["error"].clone()),
            (400, json!("invalid_grant")),
            "{name}"
        );
    }
    let (house, code) = google().await;
    assert_eq!(exchange(&house, "/token", &code).await.status, 200);
    assert_eq!(exchange(&house, "/token", &code).await.json()["error_description"], "Bad Request");
    let (house, code) = google().await;
    house.pass(600);
    assert_eq!(exchange(&house, "/token", &code).await.status, 400);
}

#[tokio::test]
async fn refusals_go_back_to_the_client_and_faults_of_the_client_do_not() {
    let house = House::google();
    let mut fields = question();
    fields.extend([("decision", "deny"), ("account", "ada@clinic.example")]);
    let reply = house.form(AUTH, &fields).await;
    assert_eq!(reply.sent_with("error").unwrap(), "access_denied");
    assert_eq!((reply.sent_with("state").unwrap().as_str(), reply.sent_with("code")), ("st/1", None));
    for (name, value, status, error) in [
        ("client_id", None, 400, None),
        ("redirect_uri", None, 400, None),
        ("redirect_uri", Some("javascript:alert(1)"), 400, None),
        ("redirect_uri", Some("https://app.test/#x"), 400, None),
        ("response_type", Some("token"), 302, Some("unsupported_response_type")),
        ("scope", Some("everything"), 302, Some("invalid_scope")),
        ("code_challenge_method", Some("S512"), 302, Some("invalid_request")),
    ] {
        let reply = ask(&house, AUTH, &but(question(), name, value)).await;
        assert_eq!(reply.status, status, "{name} {value:?}");
        if let Some(error) = error {
            assert_eq!(reply.sent_with("error").unwrap(), error);
        }
    }
    let microsoft = House::microsoft();
    let mut fields = graph_question();
    fields.extend([("decision", "deny"), ("account", "ada@clinic.example")]);
    let reply = microsoft.form("/common/oauth2/v2.0/authorize", &fields).await;
    assert!(reply.sent_with("error_description").unwrap().starts_with("AADSTS65004"));
    let cross = [FORM, ("sec-fetch-site", "cross-site")];
    assert_eq!(house.call("POST", AUTH, &cross, &encoded(&question())).await.status, 403);
}

#[tokio::test]
async fn an_account_is_chosen_where_none_is_named() {
    let google = House::google();
    for fields in
        [but(question(), "login_hint", None), but(question(), "prompt", Some("select_account consent"))]
    {
        let page = ask(&google, AUTH, &fields).await;
        assert!(page.text.contains("Choose an account") && page.text.contains("carla@home.example"));
        assert!(page.text.contains(&format!("account={}", google.account("ben@clinic.example"))));
    }
    let microsoft = House::microsoft();
    for (tenant, ada, carla) in [
        ("common", true, true),
        ("organizations", true, false),
        ("consumers", false, true),
        ("clinic.example", true, false),
    ] {
        let fields = but(graph_question(), "login_hint", None);
        let page = ask(&microsoft, &format!("/{tenant}/oauth2/v2.0/authorize"), &fields).await.text;
        assert_eq!((page.contains("ada@"), page.contains("carla@")), (ada, carla), "{tenant}");
    }
    let silent = but(graph_question(), "prompt", Some("none"));
    let reply = ask(&microsoft, "/common/oauth2/v2.0/authorize", &silent).await;
    assert_eq!(reply.sent_with("error").unwrap(), "interaction_required");
    let fragment = but(silent, "response_mode", Some("fragment"));
    let reply = ask(&microsoft, "/common/oauth2/v2.0/authorize", &fragment).await;
    assert!(reply.header("location").contains("#error=interaction_required"));
}

#[tokio::test]
async fn a_person_who_has_granted_all_is_sent_straight_back() {
    let house = House::google();
    allow(&house, AUTH, question(), &[EVENTS, LIST]).await;
    let again = but(question(), "prompt", None);
    assert!(ask(&house, AUTH, &again).await.sent_with("code").is_some());
    assert_eq!(ask(&house, AUTH, &question()).await.status, 200);
    let ben = but(again, "login_hint", Some("ben@clinic.example"));
    assert_eq!(ask(&house, AUTH, &ben).await.status, 200);
}

#[tokio::test]
async fn earlier_scopes_are_merged_if_the_client_says_so() {
    let house = House::google();
    house.cloud.issue("ada@clinic.example", "app", &[LIST]).unwrap();
    for (merge, merged) in [("false", false), ("true", true)] {
        let fields = but(question(), "include_granted_scopes", Some(merge));
        let code = allow(&house, AUTH, fields, &[EVENTS]).await.sent_with("code").unwrap();
        let answer = exchange(&house, "/token", &code).await.json();
        assert_eq!(answer["scope"].as_str().unwrap().contains(LIST), merged);
    }
}

#[tokio::test]
async fn revoking_either_token_ends_the_grant() {
    let house = House::google();
    for kind in ["access", "refresh"] {
        let issued = house.cloud.issue("ada@clinic.example", "app", &[EVENTS]).unwrap();
        let other = house.cloud.issue("ada@clinic.example", "other", &[EVENTS]).unwrap();
        let token = if kind == "access" { &issued.access_token } else { &issued.refresh_token };
        assert_eq!(house.form("/revoke", &[("token", token)]).await.status, 200);
        assert_eq!(whose(&house, &issued.access_token), Err(BadToken::Unknown));
        assert!(whose(&house, &other.access_token).is_ok());
        let reply = refresh(&house, "/token", &issued.refresh_token).await;
        assert_eq!(reply.json()["error_description"], "Token has been expired or revoked.");
        let again = house.form("/revoke", &[("token", token)]).await;
        assert_eq!((again.status.as_u16(), again.json()["error"].clone()), (400, json!("invalid_token")));
    }
}

#[tokio::test]
async fn tokens_live_for_an_hour() {
    let house = House::google();
    let issued = house.cloud.issue("ben@clinic.example", "app", &[EVENTS]).unwrap();
    house.pass(3599);
    assert!(whose(&house, &issued.access_token).is_ok());
    house.pass(1);
    assert_eq!(whose(&house, &issued.access_token), Err(BadToken::Expired));
    assert_eq!(whose(&house, "nonsense"), Err(BadToken::Unknown));
    assert_eq!(house.cloud.bearer(&HeaderMap::new()), Err(BadToken::Missing));
    assert_eq!(whose(&house, &issued.refresh_token), Err(BadToken::Unknown));
    assert!(house.cloud.issue("nobody@clinic.example", "app", &[]).is_none());
}

#[tokio::test]
async fn the_token_endpoint_fails_as_the_provider_does() {
    for (dialect, path, switch, status, error) in [
        (Dialect::Google, "/token", "invalid_client", 401, json!("invalid_client")),
        (Dialect::Google, "/token", "sign_in_again", 400, json!("invalid_grant")),
        (Dialect::Google, "/token", "unavailable", 503, Value::Null),
        (Dialect::Microsoft, "/common/oauth2/v2.0/token", "invalid_client", 401, json!("invalid_client")),
        (
            Dialect::Microsoft,
            "/common/oauth2/v2.0/token",
            "sign_in_again",
            400,
            json!("interaction_required"),
        ),
        (
            Dialect::Microsoft,
            "/common/oauth2/v2.0/token",
            "unavailable",
            503,
            json!("temporarily_unavailable"),
        ),
    ] {
        let house = House::open(dialect, None);
        let token = house.cloud.issue("ada@clinic.example", "app", &["openid"]).unwrap().refresh_token;
        assert_eq!(house.control(json!({"token": switch})).await.status, 200);
        let reply = refresh(&house, path, &token).await;
        assert_eq!(
            (reply.status.as_u16(), reply.json()["error"].clone()),
            (status, error),
            "{dialect:?} {switch}"
        );
        house.control(json!({"token": "normal"})).await;
        assert_eq!(refresh(&house, path, &token).await.status, 200);
        let wrong = house.form(path, &[("grant_type", "password"), ("client_id", "app")]).await;
        assert_eq!(wrong.json()["error"], "unsupported_grant_type");
        assert_eq!(
            house.form(path, &[("grant_type", "refresh_token")]).await.json()["error"],
            "invalid_request"
        );
    }
    let house = House::microsoft();
    let body = refresh(&house, "/common/oauth2/v2.0/token", "0.AXoAgone").await.json();
    assert_eq!(body["error_codes"], json!([70_008]));
    assert!(body["error_description"].as_str().unwrap().contains("\r\n"));
}

#[tokio::test]
async fn a_client_may_name_itself_by_basic_authentication() {
    let house = House::google();
    let token = house.cloud.issue("ada@clinic.example", "app", &[EVENTS]).unwrap().refresh_token;
    let fields = encoded(&[("grant_type", "refresh_token"), ("refresh_token", &token)]);
    let reply =
        house.call("POST", "/token", &[FORM, ("authorization", "Basic YXBwOnNlY3JldA==")], &fields).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
}

#[tokio::test]
async fn the_consent_page_can_be_answered_by_a_switch() {
    let house = House::google();
    let allow =
        json!({"sign_in": {"allow": {"account": "ben@clinic.example", "without": ["calendar.events"]}}});
    house.control(allow).await;
    let code = ask(&house, AUTH, &question()).await.sent_with("code").unwrap();
    let answer = exchange(&house, "/token", &code).await.json();
    assert!(answer["scope"].as_str().unwrap().contains(LIST));
    assert!(!answer["scope"].as_str().unwrap().contains(EVENTS));
    assert_eq!(claims(&answer)["email"], "ben@clinic.example");
    house.control(json!({"sign_in": "refuse"})).await;
    assert_eq!(ask(&house, AUTH, &question()).await.sent_with("error").unwrap(), "access_denied");
    let microsoft = House::microsoft();
    microsoft.control(json!({"sign_in": "needs_admin"})).await;
    let reply = ask(&microsoft, "/common/oauth2/v2.0/authorize", &graph_question()).await;
    assert!(reply.sent_with("error_description").unwrap().contains("90094"));
    let admin =
        microsoft.get("/organizations/v2.0/adminconsent?redirect_uri=https://app.test/a&state=x").await;
    assert_eq!(admin.sent_with("admin_consent").unwrap(), "True");
}
