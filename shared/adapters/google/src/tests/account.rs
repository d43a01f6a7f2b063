//! Calendars, busy times, subscriptions, and signing in.

use super::*;
use daybook_core::policy::AccountKind;

#[tokio::test]
async fn e_015_a_calendar_of_ours_is_found_again() {
    let primary = r#"{"id":"ada@x","primary":true,"accessRole":"owner","timeZone":"Europe/Berlin"}"#;
    let others = r#"{"id":"c_1","summary":"Work","accessRole":"owner","description":"daybook:work-2"}"#;
    let ours =
        r#"{"id":"c_2","summary":"Mine","accessRole":"owner","description":"Kept by Daybook. daybook:work"}"#;
    let list = |items: &str| turn("calendarList", 200, format!(r#"{{"items":[{items}]}}"#));
    let script = Script::new(vec![list(&[primary, others, ours].join(","))]);
    let found = account(&script).create_calendar("Work", "work").await.unwrap();
    assert_eq!((found.id.as_str(), found.name.as_str()), ("c_2", "Mine"));
    let made = r#"{"id":"c_3","summary":"Work","timeZone":"Europe/Berlin"}"#;
    let asked =
        r#"{"description":"Kept by Daybook. daybook:work","summary":"Work","timeZone":"Europe/Berlin"}"#;
    let script = Script::new(vec![list(&[primary, others].join(",")), turn(asked, 200, made)]);
    let made = account(&script).create_calendar("Work", "work").await.unwrap();
    assert!(made.owned && made.writable && !made.primary && made.id.as_str() == "c_3");
}

#[tokio::test]
async fn an_errored_calendar_is_not_free() {
    let answer = r#"{"calendars":{"a":{"busy":[{"start":"2026-03-02T09:00:00Z","end":"2026-03-02T10:00:00Z"},
        {"start":"2026-03-02T09:30:00Z","end":"2026-03-02T11:00:00Z"}]},
        "b":{"errors":[{"reason":"notFound"}],"busy":[]}}}"#;
    let ids = ["a", "b", "c"].map(CalendarId::from);
    let script = Script::new(vec![turn("freeBusy", 200, answer)]);
    let times = account(&script).busy_times(&ids, march()).await.unwrap().unwrap();
    let merged = Interval::new(at("2026-03-02T09:00:00Z"), at("2026-03-02T11:00:00Z")).unwrap();
    assert_eq!(times[&ids[0]].as_ref().unwrap(), &[merged]);
    assert_eq!(word(times[&ids[1]].as_ref().unwrap_err()), "missing");
    assert_eq!(word(times[&ids[2]].as_ref().unwrap_err()), "unintelligible");
    let script = Script::new(vec![turn("freeBusy", 403, refusal(403, "insufficientPermissions"))]);
    assert!(account(&script).busy_times(&ids, march()).await.unwrap().is_none());
}

#[tokio::test]
async fn e_019_subscriptions_end_when_google_says() {
    let wanted = NewSubscription {
        id: "ch-2".into(),
        secret: "s3cret".into(),
        url: "https://x.example/webhooks/google".into(),
        lifecycle_url: String::new(),
        now: Noon.now(),
    };
    let old =
        Subscription { id: "ch-1".into(), resource: None, opened_at: Noon.now(), expires_at: Noon.now() };
    let script = Script::new(vec![
        turn(
            "/calendars/cal/events/watch",
            200,
            r#"{"id":"ch-2","resourceId":"res","expiration":"1772452800000"}"#,
        ),
        turn("/calendars/cal/events/watch", 200, r#"{"id":"ch-2"}"#),
        turn(r#"{"id":"ch-2","resourceId":"res"}"#, 204, ""),
    ]);
    let account = account(&script);
    let subscribing = account.subscriptions().unwrap();
    let opened = subscribing.subscribe(&"cal".into(), &wanted).await.unwrap();
    assert_eq!((opened.resource.as_deref(), opened.expires_at), (Some("res"), at("2026-03-02T12:00:00Z")));
    let renewed = subscribing.renew(&"cal".into(), &old, &wanted).await.unwrap();
    assert_eq!(renewed.expires_at, Noon.now() + SignedDuration::from_hours(7 * 24));
    subscribing.unsubscribe(&opened).await.unwrap();
    subscribing.unsubscribe(&old).await.unwrap();
    assert!(script.is_over());
}

fn code() -> Code {
    Code { code: "4/0".into(), verifier: "v".repeat(43).into(), redirect: "https://x.example/cb".into() }
}

const SCOPES: &str = "openid https://www.googleapis.com/auth/userinfo.email \
    https://www.googleapis.com/auth/calendar.calendarlist.readonly \
    https://www.googleapis.com/auth/calendar.app.created https://www.googleapis.com/auth/calendar.events";

fn tokens(more: &str) -> String {
    format!(r#"{{"access_token":"at-9","expires_in":3599,"scope":"{SCOPES}","token_type":"Bearer"{more}}}"#)
}

#[tokio::test]
async fn who_signed_in_is_asked_where_the_token_does_not_tell() {
    // {"sub":"1","email":"ada@example.org","hd":"example.org"}
    let told = r#","refresh_token":"rt","id_token":"h.eyJzdWIiOiIxIiwiZW1haWwiOiJhZGFAZXhhbXBsZS5vcmciLCJoZCI6ImV4YW1wbGUub3JnIn0.s""#;
    let silent = r#","refresh_token":"rt""#;
    let missing = || turn("/oauth2/v3/userinfo", 404, "");
    for (turns, subject, label, kind) in [
        (vec![turn("/token", 200, tokens(told))], "1", "ada@example.org", AccountKind::Organisation),
        (
            vec![
                turn("/token", 200, tokens(silent)),
                turn("Bearer at-9", 200, r#"{"sub":"2","email":"a@b"}"#),
            ],
            "2",
            "a@b",
            AccountKind::Private,
        ),
        (
            vec![turn("/token", 200, tokens(silent)), missing(), turn("/v1/userinfo", 200, r#"{"sub":"3"}"#)],
            "3",
            "3",
            AccountKind::Private,
        ),
        (
            vec![
                turn("/token", 200, tokens(silent)),
                missing(),
                turn("/v1/userinfo", 401, ""),
                turn("/calendarList/primary", 200, r#"{"id":"ada@x"}"#),
            ],
            "ada@x",
            "ada@x",
            AccountKind::Private,
        ),
    ] {
        let script = Script::new(turns);
        let signed_in = google(script.clone()).redeem(code()).await.unwrap();
        let identity = &signed_in.identity;
        assert_eq!(
            (identity.subject.as_str(), identity.label.as_str(), identity.home.kind),
            (subject, label, kind)
        );
        assert_eq!(signed_in.granted, Access::ALL);
        assert!(script.is_over());
    }
}

#[tokio::test]
async fn a_t1_a_sign_in_without_a_refresh_token_is_none() {
    let script = Script::new(vec![turn("/token", 200, tokens(""))]);
    assert_eq!(word(&google(script).redeem(code()).await.unwrap_err()), "rejected");
}

/// Nobody would ever end it again.
#[tokio::test]
async fn a_grant_of_nobody_known_is_given_back() {
    let silent = || turn("/token", 200, tokens(r#","refresh_token":"rt-9""#));
    let revoked = |status| turn("/revoke token=rt-9", status, "");
    let unknown = |path: &str| turn(path, 404, "");
    for (turns, expected) in [
        (vec![silent(), turn("/oauth2/v3/userinfo", 503, ""), revoked(200)], "later"),
        (vec![silent(), turn("/oauth2/v3/userinfo", 503, ""), revoked(503)], "later"),
        (
            vec![
                silent(),
                unknown("/oauth2/v3/userinfo"),
                unknown("/v1/userinfo"),
                turn("/calendarList/primary", 403, refusal(403, "insufficientPermissions")),
                revoked(200),
            ],
            "refused",
        ),
    ] {
        let script = Script::new(turns);
        let error = google(script.clone()).redeem(code()).await.unwrap_err();
        assert_eq!((word(&error), script.is_over()), (expected, true));
    }
}

#[tokio::test]
async fn a_refresh_keeps_what_is_stored_unless_something_newer_comes() {
    let credentials = Credentials::Granted { provider: Provider::Google, refresh_token: "rt".into() };
    for (more, rotated) in
        [("", false), (r#","refresh_token":"rt""#, false), (r#","refresh_token":"rt-2""#, true)]
    {
        let script = Script::new(vec![turn("refresh_token=rt", 200, tokens(more))]);
        let refreshed = google(script).refresh(&credentials).await.unwrap();
        assert_eq!(refreshed.rotated.is_some(), rotated, "{more}");
        assert_eq!(refreshed.token.expires_at, at("2026-03-01T12:59:59Z"));
    }
    let script = Script::new(vec![turn("token=rt", 400, r#"{"error":"invalid_token"}"#)]);
    assert!(google(script).revoke(&credentials).await.is_ok());
    let foreign = Credentials::Granted { provider: Provider::Microsoft, refresh_token: "rt".into() };
    assert!(google(Script::new(vec![])).open(&foreign, Arc::new(Tokens)).is_err());
}

#[test]
fn the_page_asks_for_offline_access_and_consent() {
    let visit = Visit {
        access: Access::ALL,
        redirect: "https://x.example/cb".into(),
        state: "st".into(),
        verifier: "v".repeat(48).into(),
        account: None,
    };
    let page = google(Script::new(vec![])).page(&visit);
    assert!(page.starts_with("https://g.example/auth?"), "{page}");
    for part in ["access_type=offline", "prompt=consent", "include_granted_scopes=false", "state=st"] {
        assert!(page.contains(part), "{part} in {page}");
    }
}
