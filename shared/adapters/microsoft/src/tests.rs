//! Whole conversations about an account: its calendars, its subscriptions, signing in.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use daybook_core::access::Access;
use daybook_core::connection::Provider;
use daybook_core::policy::AccountKind;
use daybook_core::subscription::Subscription;
use daybook_engine::ports::{
    CalendarProvider, Code, Credentials, NewSubscription, PageRefusal, PageSignIn, RemoteError, Visit,
};
use secrecy::ExposeSecret;
use serde_json::json;

use crate::testing::{Script, Tokens, account, at, mirror, provider};

const CALENDARS: &str = r#"{ "value": [
  { "id": "AAMk1", "name": "Calendar", "isDefaultCalendar": true, "canShare": true, "canEdit": true,
    "owner": { "name": "Ada", "address": "Ada@clinic.example" } },
  { "id": "AAMk2", "name": "Work schedule", "canShare": true, "canEdit": true, "owner": { "address": "ada@clinic.example" } },
  { "id": "AAMk3", "name": "Birthdays", "canShare": false, "canEdit": false, "owner": { "address": "ada@clinic.example" } } ],
  "@odata.nextLink": "https://graph.example/v1.0/me/calendars?$skip=3" }"#;
const MORE: &str = r#"{ "value": [
  { "id": "AAMk4", "name": "Ben", "canShare": false, "canEdit": true, "owner": { "address": "ben@clinic.example" } },
  { "id": "AAMk5", "name": "Nobody", "canEdit": false } ] }"#;

#[tokio::test]
async fn e_013_whose_a_calendar_is() {
    let script = Script::new(&[(200, CALENDARS), (200, MORE)]);
    let calendars = account(&script).list_calendars().await.unwrap();
    let flags: Vec<_> = calendars
        .iter()
        .map(|one| (one.id.as_str(), one.writable, one.owned, one.primary, one.shared))
        .collect();
    assert_eq!(
        flags,
        [
            ("AAMk1", true, true, true, false),
            ("AAMk2", true, true, false, false),
            ("AAMk3", false, false, false, false),
            ("AAMk4", true, false, false, true),
            ("AAMk5", false, false, false, true),
        ]
    );
    assert_eq!(script.lines()[1], "GET /me/calendars?$skip=3");
}

#[tokio::test]
async fn e_015_a_calendar_of_ours_is_found_again() {
    let script =
        Script::new(&[(200, MORE), (201, r#"{"id":"AAMk9","name":"Work schedule","canEdit":true}"#)]);
    let made = account(&script).create_calendar("Work schedule", "daybook").await.unwrap();
    assert_eq!((made.id.as_str(), made.owned, made.writable, made.shared), ("AAMk9", true, true, false));
    assert_eq!(script.body(1)["singleValueExtendedProperties"][0]["value"], "daybook");
    // Renamed since: the mark tells.
    let script = Script::new(&[(200, &marked("AAMk7", "Our rounds", "daybook"))]);
    let found = account(&script).create_calendar("Work schedule", "daybook").await.unwrap();
    assert_eq!((found.id.as_str(), found.name.as_str(), script.lines().len()), ("AAMk7", "Our rounds", 1));
}

/// One calendar beside the default one, as a person or we made it.
fn marked(id: &str, name: &str, slug: &str) -> String {
    let mark = json!([{ "id": crate::wire::event::CALENDAR, "value": slug }]);
    let owner = json!({ "address": "ada@clinic.example" });
    json!({ "value": [
        { "id": "AAMk1", "name": "Calendar", "isDefaultCalendar": true, "canEdit": true, "owner": owner },
        { "id": id, "name": name, "canEdit": true, "owner": owner, "singleValueExtendedProperties": mark } ] })
    .to_string()
}

const EXISTS: &str = r#"{"error":{"code":"ErrorFolderExists"}}"#;
const SECOND: &str = r#"{"id":"AAMk9","name":"Work schedule (Daybook)","canEdit":true}"#;

#[tokio::test]
async fn a_persons_calendar_of_the_same_name_stays_theirs() {
    for slug in ["", "another practice's"] {
        let script =
            Script::new(&[(200, &marked("AAMk2", "work schedule", slug)), (409, EXISTS), (201, SECOND)]);
        let made = account(&script).create_calendar("Work schedule", "daybook").await.unwrap();
        assert_eq!(made.id.as_str(), "AAMk9");
        assert_eq!(script.body(2)["name"], "Work schedule (Daybook)");
        assert_eq!(script.body(2)["singleValueExtendedProperties"][0]["value"], "daybook");
    }
    let script = Script::new(&[
        (200, CALENDARS),
        (200, MORE),
        (409, EXISTS),
        (409, EXISTS),
        (200, r#"{"value":[{"id":"AAk1"}]}"#),
    ]);
    let taken = account(&script).create_calendar("Work schedule", "daybook").await;
    assert!(matches!(taken, Err(RemoteError::Forbidden { .. })), "{taken:?}");
}

#[tokio::test]
async fn where_no_marks_are_kept_what_a_calendar_holds_tells_whose_it_is() {
    let refused = r#"{"error":{"code":"ErrorInvalidUrlQueryFilter"}}"#;
    let ours = json!({ "value": [{ "id": "AAk1", "transactionId": format!("{}-2", mirror()) }] }).to_string();
    let mixed = json!({ "value": [{ "id": "AAk1", "transactionId": mirror().as_str() }, { "id": "AAk2" }] });
    for (held, expected) in
        [(ours, "AAMk2"), (r#"{"value":[]}"#.into(), "AAMk2"), (mixed.to_string(), "AAMk9")]
    {
        let script = Script::new(&[
            (400, refused),
            (200, CALENDARS),
            (200, MORE),
            (409, EXISTS),
            (200, &held),
            (201, SECOND),
        ]);
        let found = account(&script).create_calendar("Work schedule", "daybook").await.unwrap();
        assert_eq!(found.id.as_str(), expected, "{held}");
        assert_eq!(script.lines()[4], "GET /me/calendars/AAMk2/events?$select=id,transactionId&$top=100");
    }
    // Never the account's own default calendar, empty or not.
    let script = Script::new(&[(400, refused), (200, CALENDARS), (200, MORE), (409, EXISTS), (201, SECOND)]);
    assert_eq!(account(&script).create_calendar("Calendar", "daybook").await.unwrap().id.as_str(), "AAMk9");
}

fn wanted() -> NewSubscription {
    NewSubscription {
        id: "ours".into(),
        secret: "secret".into(),
        url: "https://hooks.example/a".into(),
        lifecycle_url: "https://hooks.example/b".into(),
        now: at("2026-03-02T08:00:00Z"),
    }
}

const STANDING: &str =
    r#"{"id":"5b0c","resource":"me/calendars/AAMk1/events","expirationDateTime":"2026-03-05T06:00:00Z"}"#;

fn standing() -> Subscription {
    Subscription {
        id: "5b0c".into(),
        resource: Some("me/calendars/AAMk1/events".into()),
        opened_at: at("2026-03-02T08:00:00Z"),
        expires_at: at("2026-03-05T06:00:00Z"),
    }
}

#[tokio::test]
async fn e_019_a_subscription_lives_as_long_as_graph_allows() {
    let script = Script::new(&[(400, r#"{"error":{"code":"ExtensionError"}}"#), (201, STANDING)]);
    let account = account(&script);
    let made = account.subscriptions().unwrap().subscribe(&"AAMk1".into(), &wanted()).await.unwrap();
    assert_eq!(made, standing());
    assert_eq!(script.body(0)["expirationDateTime"], "2026-03-09T07:50:00Z");
    assert_eq!(script.body(1)["expirationDateTime"], "2026-03-05T06:00:00Z");
}

#[tokio::test]
async fn a_subscription_left_by_a_lost_answer_is_ended_first() {
    let ours = "https://hooks.example/a";
    let one = |id: &str, calendar: &str, url: &str, ends: &str| {
        json!({ "id": id, "resource": format!("/me/calendars/{calendar}/events"), "notificationUrl": url,
            "expirationDateTime": ends })
    };
    let others = json!({ "value": [
        one("other calendar", "AAMk2", ours, "2026-03-01T08:00:00Z"),
        one("another's", "AAMk1", "https://hooks.example/b", "2026-03-01T08:00:00Z"),
        one("expired", "AAMk1", ours, "2026-03-01T08:00:00Z"),
        one("a day old", "AAMk1", ours, "2026-03-08T07:50:00Z"),
        one("a short day old", "AAMk1", ours, "2026-03-04T06:00:00Z"),
        one("fresh", "AAMk1", ours, "2026-03-08T07:51:00Z"),
        one("short and fresh", "AAMk1", ours, "2026-03-04T06:01:00Z"),
    ] });
    let script = Script::new(&[
        (409, ""),
        (200, &others.to_string()),
        (204, ""),
        (204, ""),
        (204, ""),
        (201, STANDING),
    ]);
    let account = account(&script);
    account.subscriptions().unwrap().subscribe(&"AAMk1".into(), &wanted()).await.unwrap();
    assert_eq!(
        script.lines()[1..5],
        [
            "GET /subscriptions",
            "DELETE /subscriptions/expired",
            "DELETE /subscriptions/a%20day%20old",
            "DELETE /subscriptions/a%20short%20day%20old"
        ]
    );
    assert!(script.is_done());
}

#[tokio::test]
async fn e_019_another_connections_subscription_stands_and_this_one_polls() {
    let theirs = r#"{"value":[{"id":"new","resource":"me/calendars/AAMk1/events","notificationUrl":"https://hooks.example/a",
        "expirationDateTime":"2026-03-09T07:40:00Z"}]}"#;
    let script = Script::new(&[(409, ""), (200, theirs), (409, "")]);
    let account = account(&script);
    let refused = account.subscriptions().unwrap().subscribe(&"AAMk1".into(), &wanted()).await;
    assert!(matches!(refused, Err(RemoteError::Rejected { .. })), "{refused:?}");
    assert!(script.is_done() && script.lines().iter().all(|line| !line.starts_with("DELETE")));
}

#[tokio::test]
async fn e_019_renewing_and_ending() {
    let script =
        Script::new(&[(200, STANDING), (404, r#"{"error":{"code":"ResourceNotFound"}}"#), (404, "")]);
    let account = account(&script);
    let telling = account.subscriptions().unwrap();
    let renewed = telling.renew(&"AAMk1".into(), &standing(), &wanted()).await.unwrap();
    assert_eq!(renewed, standing());
    let gone = telling.renew(&"AAMk1".into(), &standing(), &wanted()).await;
    assert!(matches!(gone, Err(RemoteError::Missing { .. })), "{gone:?}");
    telling.unsubscribe(&standing()).await.unwrap();
}

#[tokio::test]
async fn the_page_of_microsoft() {
    let visit = Visit {
        access: Access::ALL,
        redirect: "https://daybook.example/oauth/microsoft/callback".into(),
        state: "9f2c".into(),
        verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".into(),
        account: Some("ada@clinic.example".into()),
    };
    let page: url::Url = provider(&Script::new(&[])).page(&visit).parse().unwrap();
    let has = |name: &str, value: &str| page.query_pairs().any(|pair| pair == (name.into(), value.into()));
    for (name, value) in [
        ("client_id", "our-client"),
        ("response_type", "code"),
        ("response_mode", "query"),
        ("prompt", "select_account"),
        ("scope", "openid profile offline_access User.Read Calendars.ReadWrite"),
        ("state", "9f2c"),
        ("code_challenge_method", "S256"),
        ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        ("login_hint", "ada@clinic.example"),
        ("redirect_uri", "https://daybook.example/oauth/microsoft/callback"),
    ] {
        assert!(has(name, value), "{name} in {page}");
    }
}

#[test]
fn e_014_who_must_act_when_the_page_says_no() {
    let microsoft = provider(&Script::new(&[]));
    for (error, description, expected) in [
        ("access_denied", "AADSTS65004: User declined to consent.", PageRefusal::Declined),
        (
            "access_denied",
            "AADSTS90094: The grant requires admin permission.",
            PageRefusal::AdministratorNeeded,
        ),
        ("unauthorized_client", "AADSTS700016", PageRefusal::Unconfigured),
        ("server_error", "", PageRefusal::Passing),
    ] {
        assert_eq!(microsoft.read_refusal(error, description), expected, "{error} {description}");
    }
}

fn code() -> Code {
    Code {
        code: "0.AXoA".into(),
        verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".into(),
        redirect: "https://daybook.example/oauth/microsoft/callback".into(),
    }
}

const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

/// `tid` of an organisation: `{"sub":"s","tid":"e2a7c6b0-3f48-4d19-9b5e-71d0c8a4f263"}`.
const TOKENS: &str = r#"{ "token_type": "Bearer", "scope": "Calendars.ReadWrite User.Read profile openid email",
  "expires_in": 3599, "ext_expires_in": 3599, "access_token": "eyJ0", "refresh_token": "0.new",
  "id_token": "e30.eyJzdWIiOiJzIiwidGlkIjoiZTJhN2M2YjAtM2Y0OC00ZDE5LTliNWUtNzFkMGM4YTRmMjYzIn0." }"#;

#[tokio::test]
async fn a_code_becomes_an_account() {
    let script = Script::new(&[]);
    script.then(200, &JSON, TOKENS);
    script.then(200, &JSON, r#"{"id":"u-1","mail":null,"userPrincipalName":"ada@clinic.example"}"#);
    let signed_in = provider(&script).redeem(code()).await.unwrap();
    assert_eq!(signed_in.identity.subject, "u-1");
    assert_eq!(signed_in.identity.label, "ada@clinic.example");
    assert_eq!(signed_in.identity.home.kind, AccountKind::Organisation);
    assert_eq!(signed_in.granted, Access::ALL);
    assert!(
        matches!(&signed_in.credentials, Credentials::Granted { provider: Provider::Microsoft, refresh_token }
        if refresh_token.expose_secret() == "0.new")
    );
    let form = script.form(0);
    assert!(
        form.contains("client_secret=s%7Ee.c%2Bret") && form.contains("grant_type=authorization_code"),
        "{form}"
    );
    assert_eq!(script.header(1, "authorization").unwrap(), "Bearer eyJ0");
}

#[tokio::test]
async fn e_003_a_refresh_rotates() {
    let script = Script::new(&[]);
    script.then(200, &JSON, TOKENS);
    let old = Credentials::Granted { provider: Provider::Microsoft, refresh_token: "0.old".into() };
    let refreshed = provider(&script).refresh(&old).await.unwrap();
    assert!(matches!(refreshed.rotated, Some(Credentials::Granted { refresh_token, .. })
        if refresh_token.expose_secret() == "0.new"));
    assert_eq!(refreshed.token.expires_at, at("2026-03-02T08:59:59Z"));
    for (error, expected) in [
        ("invalid_grant", "Refused"),
        ("interaction_required", "Refused"),
        ("invalid_client", "Unconfigured"),
    ] {
        let script = Script::new(&[]);
        script.then(400, &JSON, &format!(r#"{{"error":"{error}","error_codes":[700082]}}"#));
        let failed = format!("{:?}", provider(&script).refresh(&old).await.unwrap_err());
        assert!(failed.starts_with(expected), "{failed}");
    }
    assert!(provider(&script).revoke(&old).await.is_ok());
}

#[test]
fn other_credentials_open_nothing() {
    let google = Credentials::Granted { provider: Provider::Google, refresh_token: "r".into() };
    assert!(provider(&Script::new(&[])).open(&google, std::sync::Arc::new(Tokens)).is_err());
}
