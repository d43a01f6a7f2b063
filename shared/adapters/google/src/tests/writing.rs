//! Mirrors: written alone and together, made again, decorated, gone.

use super::*;

#[tokio::test]
async fn one_write_is_one_request() {
    let standing = r#"{"id":"x","etag":"\"2\""}"#;
    let ours = Expected::Revision("\"1\"".into(), Touch::OursAlone);
    for (step, asked, expected) in [
        (
            put('a', Expected::Absent),
            "POST https://g.example/calendar/v3/calendars/cal/events?sendUpdates=none",
            "\"2\" OursAlone",
        ),
        (put('a', ours), "PUT https://g.example/calendar/v3/calendars/cal/events/db1aaa", "\"2\" OursAlone"),
        (delete('a'), "DELETE https://g.example/calendar/v3/calendars/cal/events/db1aaa", "removed"),
    ] {
        assert_eq!(carried_out(vec![turn(asked, 200, standing)], &[step]).await, [expected]);
    }
}

/// Each part has its own result, whatever its place in the answer.
#[tokio::test]
async fn many_writes_are_one_request_and_fail_one_by_one() {
    let ours = || Expected::Revision("\"1\"".into(), Touch::OursAlone);
    let steps = [
        put('a', Expected::Absent),
        put('b', ours()),
        put('c', ours()),
        delete('d'),
        put('e', Expected::Absent),
    ];
    let turns = vec![batch(
        "/batch/calendar/v3",
        &[
            (200, r#"{"etag":"\"5\""}"#),
            (412, &refusal(412, "conditionNotMet")),
            (403, &refusal(403, "rateLimitExceeded")),
            (410, &refusal(410, "deleted")),
        ],
    )];
    assert_eq!(
        carried_out(turns, &steps).await,
        ["\"5\" OursAlone", "conflict", "later", "removed", "later"]
    );
}

#[tokio::test]
async fn a_lost_batch_is_later_for_all_of_it() {
    let steps = [put('a', Expected::Absent), delete('b')];
    for (status, expected) in [
        (0, "later"),
        (503, "later"),
        (429, "later"),
        (404, "unconfigured"),
        (400, "unconfigured"),
        (200, "unintelligible"),
    ] {
        let found = carried_out(vec![turn("/batch/", status, "<html>")], &steps).await;
        assert_eq!(found, [expected, expected], "{status}");
    }
}

/// Trap A-T8: the id of a deleted event stays taken.
#[tokio::test]
async fn a_deleted_mirror_comes_back_to_life() {
    let taken = || turn("POST https://g.example/calendar", 409, refusal(409, "duplicate"));
    let look = |status: u16, body: String| turn("GET https://g.example/calendar", status, body);
    let revived = || turn("PUT https://g.example/calendar", 200, r#"{"etag":"\"9\""}"#);
    let dead = deleted(name('a').as_str(), "7");
    for (turns, expected) in [
        (vec![taken(), look(200, dead), revived()], "\"9\" OursAlone"),
        (vec![taken(), look(410, refusal(410, "deleted")), revived()], "\"9\" OursAlone"),
        (vec![taken(), look(200, standing('a', ""))], "conflict"),
        (vec![taken(), look(503, String::new())], "later"),
    ] {
        assert_eq!(carried_out(turns, &[put('a', Expected::Absent)]).await, [expected]);
    }
}

#[tokio::test]
async fn what_a_person_added_is_read_first_and_kept() {
    let decorated = || Expected::Revision("\"1\"".into(), Touch::Decorated);
    let look = |more: &str| turn("GET https://g.example/calendar", 200, standing('a', more));
    let noted = r#","description":"bring the key""#;
    let moved_on = standing('a', noted).replace(r#""\"1\"""#, r#""\"8\"""#);
    let patched = turn("PATCH https://g.example/calendar", 200, r#"{"etag":"\"2\""}"#);
    let replaced = turn("PUT https://g.example/calendar", 200, r#"{"etag":"\"2\""}"#);
    for (turns, expected, result) in [
        (vec![look(noted), patched], decorated(), "\"2\" Decorated"),
        (vec![look(""), replaced], Expected::Unversioned, "\"2\" OursAlone"),
        (vec![turn("GET", 200, moved_on)], decorated(), "conflict"),
        (vec![turn("GET", 200, deleted(name('a').as_str(), "1"))], decorated(), "conflict"),
        (vec![turn("GET", 404, "")], Expected::Unversioned, "conflict"),
    ] {
        assert_eq!(carried_out(turns, &[put('a', expected)]).await, [result]);
    }
}

/// A calendar that was just made is listed before it can be used; one that is gone is not.
#[tokio::test]
async fn what_is_not_there_is_told_from_a_calendar_that_is_not() {
    let ours = || Expected::Revision("\"1\"".into(), Touch::OursAlone);
    let probe = |status| turn("maxResults=1&fields=kind", status, "{}");
    let listed = |id: &str| turn("calendarList", 200, format!(r#"{{"items":[{{"id":"{id}"}}]}}"#));
    for (step, asked, there) in [
        (put('a', ours()), "PUT", "conflict"),
        (put('a', Expected::Absent), "POST", "later"),
        (put('a', Expected::Doubtful), "POST", "later"),
        (delete('a'), "DELETE", "removed"),
    ] {
        for (turns, expected) in [
            (vec![probe(200)], there),
            (vec![probe(500)], "later"),
            (vec![probe(404), listed("cal")], "later"),
            (vec![probe(404), turn("calendarList", 503, "")], "later"),
            (vec![probe(404), listed("another")], "missing"),
        ] {
            let not_found = turn(asked, 404, refusal(404, "notFound"));
            let turns = std::iter::once(not_found).chain(turns).collect();
            assert_eq!(carried_out(turns, std::slice::from_ref(&step)).await, [expected], "{asked}");
        }
    }
}

/// One look at the calendar is enough for all of them, and none waits long.
#[tokio::test]
async fn many_not_founds_are_explained_by_one_look() {
    let not_found = refusal(404, "notFound");
    let script = Script::new(vec![
        batch("/batch/", &[(404, &not_found), (404, &not_found), (404, &not_found)]),
        turn("maxResults=1&fields=kind", 200, "{}"),
    ]);
    let steps = [put('a', Expected::Absent), delete('b'), put('c', Expected::Absent)];
    let results = calendar(&script).carry_out(&steps).await;
    assert_eq!(results.iter().map(outcome).collect::<Vec<_>>(), ["later", "removed", "later"]);
    let wait = results[0].as_ref().unwrap_err().retry_after().unwrap();
    assert!(wait.as_secs() <= 30 && script.is_over());
}

#[tokio::test]
async fn a_refused_token_is_replaced_once() {
    let refused = |token: &str| turn(token, 401, refusal(401, "authError"));
    let script = Script::new(vec![refused("Bearer at-1"), turn("Bearer at-2", 200, page(&[], &sync("t2")))]);
    assert!(calendar(&script).list_changes(&cursor(), march()).await.is_ok());
    let script = Script::new(vec![refused("Bearer at-1"), refused("Bearer at-2")]);
    let error = calendar(&script).list_changes(&cursor(), march()).await.unwrap_err();
    assert_eq!((word(&error), script.is_over()), ("refused", true));
    let found = carried_out(vec![refused("at-1"), refused("at-2")], &[delete('a'), delete('b')]).await;
    assert_eq!(found, ["refused", "refused"]);
}

/// Google lets a batch in and refuses its parts.
#[tokio::test]
async fn a_token_refused_inside_a_batch_is_replaced_once() {
    let refused = refusal(401, "authError");
    let steps = [put('a', Expected::Absent), delete('b'), delete('c')];
    let first = || batch("Bearer at-1", &[(200, r#"{"etag":"\"5\""}"#), (401, &refused), (401, &refused)]);
    for (second, expected) in [
        (batch("Bearer at-2", &[(410, &refusal(410, "deleted")), (204, "")]), ["removed", "removed"]),
        (batch("Bearer at-2", &[(401, &refused), (204, "")]), ["refused", "removed"]),
        (turn("Bearer at-2", 503, ""), ["later", "later"]),
    ] {
        let found = carried_out(vec![first(), second], &steps).await;
        assert_eq!(found, ["\"5\" OursAlone", expected[0], expected[1]]);
    }
}

/// What was carried out stays carried out, whatever becomes of the token.
#[tokio::test]
async fn a_token_that_cannot_be_replaced_spoils_only_what_it_was_refused_for() {
    let refused = refusal(401, "authError");
    let steps = [put('a', Expected::Absent), delete('b')];
    for is_over in [true, false] {
        let script = Script::new(vec![batch("at-1", &[(200, r#"{"etag":"\"5\""}"#), (401, &refused)])]);
        let credentials = Credentials::Granted { provider: Provider::Google, refresh_token: "rt".into() };
        let account = google(script.clone()).open(&credentials, Arc::new(LastToken { is_over })).unwrap();
        let results = account.calendar(&CalendarId::from("cal")).carry_out(&steps).await;
        let expected = if is_over { "refused" } else { "later" };
        assert_eq!(results.iter().map(outcome).collect::<Vec<_>>(), ["\"5\" OursAlone", expected]);
    }
}

/// There is no newer one: for good, or for now.
struct LastToken {
    is_over: bool,
}

#[async_trait]
impl AccessTokens for LastToken {
    async fn token(&self) -> Result<SecretString, RemoteError> {
        Ok("at-1".into())
    }

    async fn instead_of(&self, _: &SecretString) -> Result<SecretString, RemoteError> {
        let what = "a Google account".to_owned();
        if self.is_over {
            return Err(RemoteError::Refused { what });
        }
        Err(RemoteError::Later { what, retry_after: None, cause: None })
    }
}
