//! Who is let in, how refusals look, `Prefer`, faults, and the fifth request at once.

use serde_json::{Value, json};

use super::house::{House, IMMUTABLE, Manner, booked, each, list};

#[tokio::test]
async fn me_is_the_account_and_a_personal_one_has_no_mail() {
    for (account, mail) in
        [("ada@clinic.example", json!("ada@clinic.example")), ("carla@home.example", Value::Null)]
    {
        let house = House::of(account, &["User.Read"]);
        let me = house.get("/me").await.good();
        assert_eq!((&me["mail"], me["userPrincipalName"].as_str()), (&mail, Some(account)));
        assert!(!me["id"].as_str().unwrap().is_empty());
    }
}

#[tokio::test]
async fn scopes_decide_what_is_allowed() {
    for (scopes, path, method, status) in [
        (vec!["Calendars.Read"], "/me", "GET", 403),
        (vec!["User.Read"], "/me/calendars", "GET", 403),
        (vec!["Calendars.Read"], "/me/calendars", "GET", 200),
        (vec!["https://graph.microsoft.com/Calendars.ReadWrite"], "/me/calendars", "GET", 200),
        (vec!["Calendars.Read"], "/me/calendars", "POST", 403),
        (vec!["Calendars.ReadWrite"], "/me/calendars", "POST", 201),
    ] {
        let house = House::of("ada@clinic.example", &scopes);
        let reply = house.call(method, &format!("/v1.0{path}"), &[], json!({"name": "New"})).await;
        assert_eq!(reply.status.as_u16(), status, "{scopes:?} {method} {path}");
        if status == 403 {
            assert_eq!(reply.json()["error"]["code"], "ErrorAccessDenied");
        }
    }
}

#[tokio::test]
async fn a_token_that_has_expired_or_is_unknown_is_401() {
    let house = House::new();
    house.pass(61);
    let reply = house.get("/me").await;
    assert_eq!(reply.refusal(), (401, "InvalidAuthenticationToken".to_owned()));
    let error = &reply.json()["error"];
    assert_eq!(error["innerError"]["date"], "2026-11-26T16:01:00");
    assert_eq!(error["innerError"]["request-id"].as_str().unwrap().len(), 36);
    assert_eq!(reply.header("request-id").len(), 36);
    let unknown = house.call("GET", "/v1.0/me", &[("authorization", "Bearer x")], Value::Null).await;
    assert_eq!(unknown.status, 401);
}

#[tokio::test]
async fn the_last_prefer_of_a_list_counts_and_unknown_ones_do_not_matter() {
    let house = House::new();
    let calendar = house.calendar("Test").await;
    house.event(&calendar, booked()).await;
    let prefer = "IdType=\"ImmutableId\", outlook.timezone=\"Pacific Standard Time\", handling=\"odd\"";
    let path = format!("/v1.0/me/calendars/{calendar}/events");
    let reply = house.call("GET", &path, &[("Prefer", prefer)], Value::Null).await;
    let body = reply.good();
    let event = &list(&body)[0];
    assert_eq!(
        event["start"],
        json!({"dateTime": "2026-03-03T00:00:00.0000000", "timeZone": "Pacific Standard Time"})
    );
    assert!(reply.header("preference-applied").contains("ImmutableId"));
    assert!(!reply.header("preference-applied").contains("odd"));
    let reply = house
        .call("GET", &path, &[("Prefer", "outlook.timezone=\"Customized Time Zone\"")], Value::Null)
        .await;
    assert_eq!(reply.refusal(), (400, "TimeZoneNotSupportedException".to_owned()));
}

#[tokio::test]
async fn what_is_not_there_says_so() {
    let house = House::new();
    for (method, path) in
        [("GET", "/v1.0/me/messages"), ("PUT", "/v1.0/me/calendars"), ("GET", "/v1.0/users/nobody/calendars")]
    {
        assert_eq!(house.call(method, path, &[], Value::Null).await.refusal().0, 400, "{method} {path}");
    }
    let own = house.get("/users/ada@clinic.example/calendars").await.good();
    assert_eq!(each(list(&own), "id"), each(list(&house.get("/me/calendars").await.good()), "id"));
}

#[tokio::test]
async fn planned_faults_are_answered_in_graphs_words() {
    let house = House::new();
    for (answer, status, code) in [
        (json!({"too_many": {"retry_after_s": 5}}), 429, "ApplicationThrottled"),
        (json!({"forbidden": {"reason": "MailboxNotEnabledForRESTAPI"}}), 403, "MailboxNotEnabledForRESTAPI"),
        (json!({"status": {"status": 503, "retry_after_s": 7}}), 503, "serviceNotAvailable"),
        (json!("cursor_expired"), 410, "syncStateNotFound"),
        (json!("unauthorized"), 401, "InvalidAuthenticationToken"),
        (json!({"html": {"status": 502}}), 502, ""),
    ] {
        house.control(json!({"faults": [{"account": "ada@clinic.example", "answer": answer}]})).await;
        let reply = house.get("/me/calendars").await;
        assert_eq!(reply.refusal(), (status, code.to_owned()), "{answer}");
        house.get("/me/calendars").await.good();
    }
}

#[tokio::test]
async fn a_lost_answer_has_done_its_work() {
    let house = House::new();
    house.control(json!({"faults": [{"operation": "write", "answer": "lost_answer"}]})).await;
    assert_eq!(house.post("/me/calendars", json!({"name": "Lost"})).await.status, 504);
    assert_eq!(
        house.post("/me/calendars", json!({"name": "Lost"})).await.refusal(),
        (409, "ErrorFolderExists".to_owned())
    );
}

#[tokio::test]
async fn the_fifth_request_at_once_is_one_too_many() {
    let house = House::new();
    house.ear.behave(Manner::Waits);
    let subscribe = || {
        let body = json!({"changeType": "updated", "notificationUrl": "https://hooks.test/graph",
            "resource": "me/events", "expirationDateTime": "2026-11-28T00:00:00Z"});
        house.call("POST", "/v1.0/subscriptions", &[IMMUTABLE], body)
    };
    // Each waits for its handshake and so holds a seat.
    let mut waiting: Vec<_> = (0..4).map(|_| Box::pin(subscribe())).collect();
    for one in &mut waiting {
        assert!(futures_poll(one.as_mut()).await.is_none());
    }
    let reply = house.get("/me").await;
    assert_eq!(reply.refusal(), (429, "MailboxConcurrency".to_owned()));
    assert_eq!(reply.header("retry-after"), "1");
    let batch =
        house.post("/$batch", json!({"requests": [{"id": "1", "method": "GET", "url": "/me"}]})).await.good();
    assert_eq!(batch["responses"][0]["status"], 429);
    waiting.pop();
    house.get("/me").await.good();
}

/// Polls once: what is ready, or nothing.
async fn futures_poll<F: Future + ?Sized>(future: std::pin::Pin<&mut F>) -> Option<F::Output> {
    let mut future = Some(future);
    std::future::poll_fn(move |context| {
        let polled = future.take().map(|future| future.poll(context));
        std::task::Poll::Ready(match polled {
            Some(std::task::Poll::Ready(output)) => Some(output),
            _ => None,
        })
    })
    .await
}
