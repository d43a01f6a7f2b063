//! Listings, deltas, and reading by id.

use super::*;

#[tokio::test]
async fn e_068_a_full_listing_joins_pages_and_occurrences() {
    let mirror = name('a').to_string();
    let script = Script::new(vec![
        turn(
            "timeMin=2026-01-30T00%3A00%3A00Z&timeMax=2026-05-01T00%3A00%3A00Z",
            200,
            r#"{"nextPageToken":"p1"}"#,
        ),
        turn(
            "pageToken=p1",
            200,
            page(&[instance("s", 3), timed("x", 4, ""), timed(&mirror, 5, "")], r#""nextPageToken":"p2""#),
        ),
        turn(
            "pageToken=p2",
            200,
            page(&[instance("s", 10), timed("x", 6, ""), r#"{"id":"y"}"#.into()], &sync("t1")),
        ),
    ]);
    let listing = calendar(&script).list(march()).await.unwrap();
    assert_eq!(
        told(&listing),
        [
            format!("our {mirror} touched \"{mirror}-1\""),
            "s events[s_20260303T090000Z s_20260310T090000Z]".into(),
            "x events[]".into(),
            "y unreadable".into(),
        ]
    );
    assert_eq!((listing.cursor, listing.completeness), (Some(cursor()), Completeness::Complete));
    let Entry::Seen(x) = &listing.entries[2] else { panic!() };
    assert_eq!((x.covers, x.revision.as_ref().unwrap().as_str()), (march(), "\"x-1\""));
}

/// A feed of ours that the calendar subscribes to, or a file that somebody imported: Google gives ids of its own there.
#[tokio::test]
async fn e_046_a_name_of_ours_that_came_as_a_uid_is_told() {
    let ours = name('a').to_string();
    let uid = |uid: &str| format!(r#","iCalUID":"{uid}""#);
    let events = [
        timed("came", 4, &uid(&ours)),
        timed("other", 5, &uid("x@example.org")),
        timed("made", 6, &uid(&format!("{ours}@google.com"))),
    ];
    let script = Script::new(vec![turn("timeMin", 200, page(&events, &sync("t1")))]);
    let listing = calendar(&script).list(march()).await.unwrap();
    assert_eq!(told(&listing), ["came named \"\\u{1}\" 1", "made events[]", "other events[]"]);
}

#[tokio::test]
async fn a_strip_is_listed_without_a_cursor() {
    let asked = "timeMin=2026-03-01T00%3A00%3A00Z&timeMax=2026-04-01T00%3A00%3A00Z";
    let script = Script::new(vec![turn(asked, 200, page(&[timed("x", 4, "")], &sync("t1")))]);
    let listing = calendar(&script).list_once(march()).await.unwrap();
    assert_eq!((told(&listing), listing.cursor), (vec!["x events[]".to_owned()], None));
}

/// Shapes A.5.3 a to d.
#[tokio::test]
async fn e_061_a_delta_names_series_and_tells_single_events() {
    let (ours, moved) = (name('a').to_string(), name('b').to_string());
    let cancelled_occurrence = instance("s", 3).replace("confirmed", "cancelled");
    let script = Script::new(vec![turn(
        "syncToken=t1",
        200,
        page(
            &[
                cancelled_occurrence,
                deleted("bare_20260310T080000Z", "1"),
                deleted("days_20260310", "1"),
                deleted("x", "1"),
                timed("y", 4, ""),
                deleted(&ours, "1"),
                timed(&moved, 4, ""),
                timed("was_once", 4, r#","recurrence":["RRULE:FREQ=DAILY"]"#),
            ],
            &sync("t2"),
        ),
    )]);
    let listing = calendar(&script).list_changes(&cursor(), march()).await.unwrap();
    assert_eq!(
        told(&listing),
        [
            "bare_20260310T080000Z gone".to_owned(),
            "days_20260310 gone".into(),
            format!("{ours} gone"),
            format!("our {moved} touched \"{moved}-1\""),
            "x gone".into(),
            "y events[]".into(),
            "bare touched -".into(),
            "days touched -".into(),
            "s touched -".into(),
            "was_once touched -".into(),
        ]
    );
    assert!(listing.cursor.unwrap().as_str().contains("\"t2\""));
}

#[tokio::test]
async fn e_031_an_empty_delta_costs_one_request_and_moves_the_cursor() {
    let script = Script::new(vec![turn("syncToken=t1", 200, page(&[], &sync("t2")))]);
    let listing = calendar(&script).list_changes(&cursor(), march()).await.unwrap();
    assert!(listing.entries.is_empty() && listing.cursor.is_some() && script.is_over());
}

#[tokio::test]
async fn e_016_e_028_when_a_cursor_is_lost() {
    let later = Interval::new(at("2026-03-01T00:00:00Z"), at("2026-05-02T00:00:00Z")).unwrap();
    for (turns, since, within) in [
        (vec![turn("syncToken=t1", 410, refusal(410, "fullSyncRequired"))], cursor(), march()),
        (vec![turn("syncToken=t1", 400, refusal(400, "invalid"))], cursor(), march()),
        (vec![turn("syncToken=t1", 200, "{}")], cursor(), march()),
        (vec![], cursor(), later),
        (vec![], Cursor::from("of another version"), march()),
    ] {
        let script = Script::new(turns);
        let error = calendar(&script).list_changes(&since, within).await.unwrap_err();
        assert_eq!(word(&error), "cursor lost");
        assert!(script.is_over());
    }
}

#[tokio::test]
async fn reading_by_id_expands_series_and_tells_what_is_gone() {
    let master = timed("s", 1, r#","recurrence":["RRULE:FREQ=WEEKLY"]"#);
    let dead = timed("dead", 1, r#","recurrence":["RRULE:FREQ=WEEKLY"]"#);
    let mirror = standing('a', "");
    let script = Script::new(vec![
        batch(
            "/batch/calendar/v3",
            &[(200, &master), (200, &timed("x", 4, "")), (410, ""), (500, ""), (200, &mirror), (200, &dead)],
        ),
        batch(
            "/events/s/instances",
            &[(200, &page(&[instance("s", 3)], r#""nextPageToken":"p""#)), (404, &refusal(404, "notFound"))],
        ),
        turn("/events/s/instances?maxResults=2500", 200, page(&[instance("s", 10)], r#""kind":"k""#)),
    ]);
    let mirrored = name('a').to_string();
    let items: Vec<ItemId> =
        ["s", "x", "gone", "broken", &mirrored, "dead"].into_iter().map(ItemId::from).collect();
    let sightings = calendar(&script).get(&items, march()).await.unwrap();
    let found: Vec<_> = sightings.iter().map(|one| format!("{} {}", one.item, what(&one.seen))).collect();
    assert_eq!(
        found,
        [
            "s events[s_20260303T090000Z s_20260310T090000Z]".to_owned(),
            "x events[]".into(),
            "gone gone".into(),
            format!("{mirrored} named \"Busy\" 1"),
            "dead gone".into(),
        ]
    );
    assert!(script.is_over());
}

/// A 404 may be about the calendar (trap A-T16): then nothing is known of its events.
#[tokio::test]
async fn not_found_counts_only_where_the_calendar_is_there() {
    let probe = "maxResults=1&fields=kind";
    let listed = |id: &str| turn("calendarList", 200, format!(r#"{{"items":[{{"id":"{id}"}}]}}"#));
    for (answer, list, expected) in [
        (200, None, Ok("x gone")),
        (404, Some(listed("another")), Err("missing")),
        (404, Some(listed("cal")), Err("later")),
        (503, None, Err("later")),
    ] {
        let mut turns = vec![turn("/events/x?", 404, refusal(404, "notFound")), turn(probe, answer, "{}")];
        turns.extend(list);
        let script = Script::new(turns);
        let found = calendar(&script).get(&["x".into()], march()).await;
        let found = found.map(|all| format!("{} {}", all[0].item, what(&all[0].seen)));
        assert_eq!(found.as_deref().map_err(word), expected, "{answer}");
        assert!(script.is_over());
    }
}

async fn got(turns: Vec<Turn>, items: &[&str]) -> Result<Vec<String>, &'static str> {
    let script = Script::new(turns);
    let items: Vec<ItemId> = items.iter().map(|item| ItemId::from(*item)).collect();
    let found = calendar(&script).get(&items, march()).await;
    assert!(script.is_over());
    let found = found.map_err(|error| word(&error))?;
    Ok(found.iter().map(|one| format!("{} {}", one.item, what(&one.seen))).collect())
}

/// Asking for it again would never help, and every later change would wait for it.
#[tokio::test]
async fn one_event_that_google_will_not_tell_is_unreadable() {
    let probe = |status, reason: &str| turn("fields=kind", status, refusal(status, reason));
    for (status, reason) in [(403, "forbidden"), (400, "invalid"), (403, "forbiddenForNonOrganizer")] {
        let poison = refusal(status, reason);
        let among_others = vec![batch("/batch/", &[(200, &timed("x", 4, "")), (status, &poison)])];
        let found = got(among_others, &["x", "bad"]).await.unwrap();
        assert_eq!(found, ["x events[]", "bad unreadable"], "{reason}");
        let alone = vec![turn("/events/bad?", status, poison.clone()), turn("fields=kind", 200, "{}")];
        assert_eq!(got(alone, &["bad"]).await.unwrap(), ["bad unreadable"], "{reason}");
        let master = turn("/events/s?", 200, timed("s", 1, r#","recurrence":["RRULE:FREQ=DAILY"]"#));
        let series = vec![master, turn("/s/instances", status, poison.clone())];
        assert_eq!(got(series, &["s"]).await.unwrap(), ["s unreadable"], "{reason}");
    }
    let closed = vec![turn("/events/x?", 403, refusal(403, "forbidden")), probe(403, "forbidden")];
    assert_eq!(got(closed, &["x"]).await.unwrap_err(), "forbidden");
    let no_batches = vec![turn("/batch/", 400, refusal(400, "badRequest"))];
    assert_eq!(got(no_batches, &["x", "y"]).await.unwrap_err(), "unconfigured");
}

/// Half a series would open times that are taken.
#[tokio::test]
async fn a_series_is_read_whole_or_not_at_all() {
    let master = || turn("/events/s?", 200, timed("s", 1, r#","recurrence":["RRULE:FREQ=HOURLY"]"#));
    let more = || turn("/s/instances", 200, page(&[instance("s", 3)], r#""nextPageToken":"p""#));
    let last = || turn("/s/instances", 200, page(&[instance("s", 4)], r#""kind":"k""#));
    let pages = |count: usize| std::iter::repeat_with(more).take(count);
    let endless = std::iter::once(master()).chain(pages(60)).collect();
    assert_eq!(got(endless, &["s"]).await.unwrap(), ["s unreadable"]);
    let long = std::iter::once(master()).chain(pages(59)).chain([last()]).collect();
    assert!(got(long, &["s"]).await.unwrap()[0].ends_with("s_20260304T090000Z]"));
    for (status, expected) in
        [(404, Ok("s unreadable")), (410, Ok("s unreadable")), (403, Ok("s unreadable")), (503, Err("later"))]
    {
        let broken = turn("/s/instances", status, refusal(status, "forbidden"));
        let found = got(vec![master(), more(), broken], &["s"]).await;
        assert_eq!(found.as_ref().map(|all| all[0].as_str()).map_err(|word| *word), expected, "{status}");
    }
}

#[tokio::test]
async fn mirrors_are_found_by_name() {
    let script = Script::new(vec![batch(
        "item2",
        &[
            (200, &standing('a', r#","colorId":"3""#)),
            (200, &deleted(name('b').as_str(), "2")),
            (200, &standing('c', r#","transparency":"transparent""#)),
        ],
    )]);
    let found = calendar(&script).find(&[at_name('a'), at_name('b'), at_name('c')]).await.unwrap();
    assert_eq!(found[0].content, Some(Content::Mirror(content())));
    assert_eq!(found[0].revision.as_ref().unwrap().as_str(), "\"1\"");
    assert_eq!((&found[1].content, &found[1].remote), (&None, &None));
    assert!(found[2].content.is_some() && found[2].content != found[0].content);
}

#[test]
fn e_047_only_the_id_names_a_mirror() {
    let calendar = calendar(&Script::new(vec![]));
    assert_eq!(calendar.naming_of(&ItemId::new(name('a').as_str())), Naming::Named(name('a')));
    for foreign in ["abc", "db1", &format!("{}_20260310T080000Z", name('a'))] {
        assert_eq!(calendar.naming_of(&foreign.into()), Naming::Foreign, "{foreign}");
    }
}
