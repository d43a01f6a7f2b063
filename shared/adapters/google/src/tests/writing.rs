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
            (404, &refusal(404, "notFound")),
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
    for (status, expected) in
        [(0, "later"), (503, "later"), (429, "later"), (404, "rejected"), (200, "unintelligible")]
    {
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

#[tokio::test]
async fn a_mirror_that_is_not_there_is_told_from_a_calendar_that_is_not() {
    let ours = || put('a', Expected::Revision("\"1\"".into(), Touch::OursAlone));
    let gone = || turn("PUT", 404, refusal(404, "notFound"));
    for (answer, expected) in [(200, "conflict"), (404, "missing"), (500, "later")] {
        let probe = turn("maxResults=1&fields=kind", answer, "{}");
        assert_eq!(carried_out(vec![gone(), probe], &[ours()]).await, [expected]);
    }
    assert_eq!(carried_out(vec![turn("POST", 404, "")], &[put('a', Expected::Absent)]).await, ["missing"]);
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
