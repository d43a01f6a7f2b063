//! Series become the occurrences that the standard says, and what is hostile costs little and breaks nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::path::Path;

use daybook_caldav::ical::{self, Unreadable};
use daybook_core::event::{Event, EventStatus, Response, ShownAs};
use daybook_core::time::{Interval, When};
use proptest::prelude::*;

fn cases() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/recurrence-cases")
}

fn between(from: &str, to: &str) -> Interval {
    Interval::new(from.parse().unwrap(), to.parse().unwrap()).unwrap()
}

fn window() -> Interval {
    between("2024-01-01T00:00:00Z", "2030-01-01T00:00:00Z")
}

fn text_of(event: &Event) -> String {
    let form = "%Y%m%dT%H%M%SZ";
    match event.when {
        When::Timed(i) => format!("{}/{}", i.start().strftime(form), i.end().strftime(form)),
        When::Floating { start, end } => {
            format!("{}/{}", start.strftime("%Y%m%dT%H%M%S"), end.strftime("%Y%m%dT%H%M%S"))
        }
        When::AllDay { first, end } => format!("{}/{}", first.strftime("%Y%m%d"), end.strftime("%Y%m%d")),
    }
}

fn occurrences(text: &str) -> Vec<String> {
    let mut found: Vec<String> =
        ical::read(text, window(), &[]).unwrap().events.iter().map(text_of).collect();
    found.sort();
    found
}

/// A resource with these lines in its only event.
fn event(lines: &str) -> String {
    resource(&format!("BEGIN:VEVENT\nUID:u\nDTSTAMP:20250101T000000Z\n{lines}\nEND:VEVENT"))
}

fn resource(components: &str) -> String {
    format!("BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//x//EN\n{components}\nEND:VCALENDAR\n")
        .replace('\n', "\r\n")
}

#[test]
fn the_recurrence_cases() {
    let expected = std::fs::read_to_string(cases().join("expected.json")).unwrap();
    let expected: BTreeMap<String, Vec<String>> = serde_json::from_str(&expected).unwrap();
    assert_eq!(expected.len(), 35);
    for (name, mut expected) in expected {
        let text = std::fs::read_to_string(cases().join(&name)).unwrap();
        expected.sort();
        // Policy (27_hourly_over_gap): two wall times on one instant are one occurrence, as their id is.
        expected.dedup();
        assert_eq!(occurrences(&text), expected, "{name}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn e_065_e_071_single_cases() {
    for (name, text, expected) in [
        ("e_070 no end, all day", event("DTSTART;VALUE=DATE:20250303"), vec!["20250303/20250304"]),
        (
            "e_070 end is start, all day",
            event("DTSTART;VALUE=DATE:20250303\nDTEND;VALUE=DATE:20250303"),
            vec!["20250303/20250304"],
        ),
        (
            "e_070 duration only",
            event("DTSTART;VALUE=DATE:20250303\nDURATION:P2D"),
            vec!["20250303/20250305"],
        ),
        (
            "nominal days over a change",
            event("DTSTART;TZID=Europe/Berlin:20250329T120000\nDURATION:P1D"),
            vec!["20250329T110000Z/20250330T100000Z"],
        ),
        (
            "exact hours over a change",
            event("DTSTART;TZID=Europe/Berlin:20250329T120000\nDURATION:PT24H"),
            vec!["20250329T110000Z/20250330T110000Z"],
        ),
        (
            "e_076 end in another zone",
            event("DTSTART;TZID=Europe/Berlin:20250603T120000\nDTEND;TZID=America/New_York:20250603T090000"),
            vec!["20250603T100000Z/20250603T130000Z"],
        ),
        (
            "an end before the start",
            event("DTSTART:20250303T100000Z\nDTEND:20250303T090000Z"),
            vec!["20250303T100000Z/20250303T100000Z"],
        ),
        (
            "floating",
            event("DTSTART:20250303T100000\nDTEND:20250303T110000\nRRULE:FREQ=DAILY;COUNT=2"),
            vec!["20250303T100000/20250303T110000", "20250304T100000/20250304T110000"],
        ),
        (
            "a zone that nobody knows",
            event("DTSTART;TZID=Nowhere:20250303T100000\nDURATION:PT1H"),
            vec!["20250303T100000/20250303T110000"],
        ),
        (
            "e_065 only an exception",
            event("RECURRENCE-ID:20250303T100000Z\nDTSTART:20250304T100000Z\nDTEND:20250304T110000Z"),
            vec!["20250304T100000Z/20250304T110000Z"],
        ),
        (
            "e_066 a rule inside an exception",
            resource(
                "BEGIN:VEVENT\nUID:u\nDTSTART:20250303T100000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=2\nEND:VEVENT\n\
                 BEGIN:VEVENT\nUID:u\nRECURRENCE-ID:20250304T100000Z\nDTSTART:20250304T120000Z\nDURATION:PT1H\n\
                 RRULE:FREQ=DAILY;COUNT=9\nEND:VEVENT",
            ),
            vec!["20250303T100000Z/20250303T110000Z", "20250304T120000Z/20250304T130000Z"],
        ),
        (
            "e_066 the newer of two exceptions",
            resource(
                "BEGIN:VEVENT\nUID:u\nRECURRENCE-ID:20250304T100000Z\nSEQUENCE:2\nDTSTART:20250304T120000Z\nEND:VEVENT\n\
                 BEGIN:VEVENT\nUID:u\nRECURRENCE-ID:20250304T100000Z\nSEQUENCE:1\nDTSTART:20250304T130000Z\nEND:VEVENT",
            ),
            vec!["20250304T120000Z/20250304T120000Z"],
        ),
        (
            "an exception without a start stands where it was",
            resource(
                "BEGIN:VEVENT\nUID:u\nDTSTART:20250303T100000Z\nDTEND:20250303T110000Z\nRRULE:FREQ=DAILY;COUNT=2\nEND:VEVENT\n\
                 BEGIN:VEVENT\nUID:u\nRECURRENCE-ID:20250304T100000Z\nDTSTART:nonsense\nEND:VEVENT",
            ),
            vec!["20250303T100000Z/20250303T110000Z", "20250304T100000Z/20250304T110000Z"],
        ),
        (
            "e_066 RDATE of a whole day",
            event("DTSTART;VALUE=DATE:20250303\nRDATE;VALUE=DATE:20250305"),
            vec!["20250303/20250304", "20250305/20250306"],
        ),
        (
            "e_066 a rule with no instances",
            event("DTSTART:20250303T100000Z\nRRULE:FREQ=DAILY;UNTIL=20250201T000000Z"),
            vec![],
        ),
        (
            "a rule that never leads anywhere leaves the start",
            event("DTSTART:20250303T100000Z\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"),
            vec!["20250303T100000Z/20250303T100000Z"],
        ),
        (
            "EXDATE of a bare date on a timed series",
            event("DTSTART:20250303T100000Z\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE;VALUE=DATE:20250304"),
            vec!["20250303T100000Z/20250303T100000Z", "20250305T100000Z/20250305T100000Z"],
        ),
        (
            "e_062 two removed in a row",
            event(
                "DTSTART:20250303T100000Z\nRRULE:FREQ=DAILY;COUNT=4\nEXDATE:20250304T100000Z,20250305T100000Z",
            ),
            vec!["20250303T100000Z/20250303T100000Z", "20250306T100000Z/20250306T100000Z"],
        ),
        (
            "the way there",
            event(
                "DTSTART:20250303T100000Z\nDTEND:20250303T110000Z\nX-APPLE-TRAVEL-DURATION;VALUE=DURATION:PT30M",
            ),
            vec!["20250303T093000Z/20250303T110000Z"],
        ),
        (
            "e_037 several events under one name",
            resource(
                "BEGIN:VEVENT\nUID:a\nDTSTART:20250303T100000Z\nEND:VEVENT\n\
                 BEGIN:VEVENT\nUID:b\nDTSTART:20250304T100000Z\nEND:VEVENT\n\
                 BEGIN:VEVENT\nUID:c\nDTSTART:rubbish\nEND:VEVENT",
            ),
            vec!["20250303T100000Z/20250303T100000Z", "20250304T100000Z/20250304T100000Z"],
        ),
        (
            "e_061 an exception that was deleted afterwards",
            resource(
                "BEGIN:VEVENT\nUID:u\nDTSTART:20250303T100000Z\nRRULE:FREQ=DAILY;COUNT=2\nEXDATE:20250304T100000Z\nEND:VEVENT\n\
                 BEGIN:VEVENT\nUID:u\nRECURRENCE-ID:20250304T100000Z\nDTSTART:20250304T120000Z\nEND:VEVENT",
            ),
            vec!["20250303T100000Z/20250303T100000Z"],
        ),
        ("reminders are no events", resource("BEGIN:VTODO\nUID:t\nDUE:20250303T100000Z\nEND:VTODO"), vec![]),
    ] {
        assert_eq!(occurrences(&text), expected, "{name}");
    }
}

#[test]
fn e_041_e_040_what_is_not_understood_says_why() {
    let two = "BEGIN:VEVENT\nUID:u\nDTSTART:20250303T100000Z\nEND:VEVENT\n".repeat(2);
    for (text, reason) in [
        (String::new(), Unreadable::NoCalendar),
        ("hello".into(), Unreadable::NoCalendar),
        ("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:2025".into(), Unreadable::CutShort),
        (event("SUMMARY:x"), Unreadable::NoStart),
        (event("DTSTART:20259999T100000Z"), Unreadable::NoStart),
        (event("DTSTART:20250303T100000Z\nRRULE:FREQ=SOMETIMES"), Unreadable::Rule),
        (event("DTSTART:20250303T100000Z\nRRULE:FREQ=DAILY;RSCALE=HEBREW"), Unreadable::Rule),
        (event("DTSTART:20250303T100000Z\nRRULE:FREQ=SECONDLY"), Unreadable::TooOften),
        (event("DTSTART:20250303T100000Z\nRRULE:FREQ=MINUTELY;COUNT=3"), Unreadable::TooOften),
        (resource(two.trim_end()), Unreadable::SharedUid),
        (event(&format!("SUMMARY:{}", "x".repeat(5_000_000))), Unreadable::TooLarge),
    ] {
        assert_eq!(ical::read(&text, window(), &[]).unwrap_err(), reason, "{}", &text[..text.len().min(80)]);
    }
}

#[test]
fn e_067_only_what_lies_in_the_window() {
    let march = between("2026-03-01T00:00:00Z", "2026-03-03T00:00:00Z");
    let text = event("DTSTART;TZID=Europe/Berlin:19000101T090000\nDURATION:PT1H\nRRULE:FREQ=DAILY");
    let found = ical::read(&text, march, &[]).unwrap().events;
    let names: Vec<&str> = found.iter().map(|event| event.occurrence.as_str()).collect();
    assert_eq!(names, ["20260301T080000Z", "20260302T080000Z"]);
    // What began before still counts; single events and exceptions are told wherever they are.
    let long = event("DTSTART:20260225T000000Z\nDTEND:20260302T000000Z\nRRULE:FREQ=YEARLY");
    assert_eq!(ical::read(&long, march, &[]).unwrap().events.len(), 1);
    let single = event("DTSTART:20200101T000000Z\nDTEND:20200102T000000Z");
    let found = ical::read(&single, march, &[]).unwrap().events;
    assert_eq!(found[0].occurrence.as_str(), "");
}

#[test]
fn each_occurrence_is_shown_as_its_own_lines_say() {
    let text = resource(
        "BEGIN:VEVENT\nUID:u\nDTSTART:20250303T100000Z\nRRULE:FREQ=DAILY;COUNT=3\n\
         ATTENDEE;PARTSTAT=ACCEPTED:mailto:ada@example.org\nEND:VEVENT\n\
         BEGIN:VEVENT\nUID:u\nRECURRENCE-ID:20250304T100000Z\nDTSTART:20250304T100000Z\nTRANSP:TRANSPARENT\n\
         ATTENDEE;PARTSTAT=DECLINED:mailto:ada@example.org\nEND:VEVENT\n\
         BEGIN:VEVENT\nUID:u\nRECURRENCE-ID:20250305T100000Z\nDTSTART:20250305T100000Z\nSTATUS:CANCELLED\nEND:VEVENT",
    );
    let mut events = ical::read(&text, window(), &["ada@example.org".into()]).unwrap().events;
    events.sort_by(|a, b| a.occurrence.cmp(&b.occurrence));
    let said: Vec<_> = events.iter().map(|e| (e.status, e.shown_as, e.response)).collect();
    assert_eq!(
        said,
        [
            (EventStatus::Confirmed, ShownAs::Busy, Response::Accepted),
            (EventStatus::Confirmed, ShownAs::Free, Response::Declined),
            (EventStatus::Cancelled, ShownAs::Busy, Response::Own),
        ]
    );
}

/// None of these may hang or break; what they come out as is told where it matters.
#[test]
fn hostile_resources_are_bounded() {
    let many = |line: &dyn Fn(usize) -> String| (0..10_000).map(line).collect::<Vec<_>>().join("\n");
    let overrides = many(&|n| {
        format!(
            "BEGIN:VEVENT\nUID:u\nRECURRENCE-ID:{0}T100000Z\nDTSTART:{0}T1\nEND:VEVENT",
            20_000_101 + n % 28
        )
    });
    let everything =
        "FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYHOUR=0,1,2,3,4,5,6,7,8,9;BYMINUTE=0,1,2,3,4,5,6,7,8,9,10";
    for text in [
        event("DTSTART:00010101T000000Z\nRRULE:FREQ=DAILY"),
        event("DTSTART:00010101T000000Z\nRRULE:FREQ=HOURLY;INTERVAL=65535"),
        event("DTSTART:99991231T235959Z\nDTEND:99991231T235959Z\nRRULE:FREQ=YEARLY"),
        event("DTSTART;TZID=Europe/Berlin:99991231T235959\nDURATION:P999999999W\nRRULE:FREQ=DAILY"),
        event("DTSTART;VALUE=DATE:99991231\nDURATION:P4294967295D"),
        event("DTSTART:19000101T000000Z\nRRULE:FREQ=DAILY;COUNT=4294967295"),
        event("DTSTART:20250101T000000Z\nRRULE:FREQ=DAILY;COUNT=0"),
        event("DTSTART:20250101T000000Z\nRRULE:FREQ=DAILY;INTERVAL=0"),
        event("DTSTART:20000101T000000Z\nRRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"),
        event("DTSTART:20000101T000000Z\nRRULE:FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30"),
        event("DTSTART:20000101T000000Z\nRRULE:FREQ=MONTHLY;BYMONTHDAY=31;BYMONTH=2"),
        event("DTSTART:20000101T000000Z\nRRULE:FREQ=WEEKLY;BYDAY=MO;BYSETPOS=53"),
        event(&format!("DTSTART:20000101T000000Z\nRRULE:{everything}")),
        event(&format!("DTSTART:20000101T000000Z\nRRULE:FREQ=DAILY;BYDAY={}", vec!["MO"; 20_000].join(","))),
        event(
            &many(&|_| "RRULE:FREQ=DAILY".into()).replacen("RRULE", "DTSTART:20200101T000000Z\nRRULE", 1)
                [..60_000],
        ),
        event(&format!(
            "DTSTART:20200101T100000Z\nRRULE:FREQ=DAILY\n{}",
            many(&|n| format!("EXDATE:{}T100000Z", 20_200_101 + n % 28))
        )),
        resource(&overrides),
        resource(&"BEGIN:VEVENT\n".repeat(50_000)),
        resource(&"BEGIN:VALARM\nBEGIN:VEVENT\n".repeat(20_000)),
        resource(&"BEGIN:VTIMEZONE\nTZID:u\n".repeat(20_000)),
        event("DTSTART:2025\u{0}0303T100000Z\nSUMMARY:\u{0}\u{0}"),
        String::from_utf8_lossy(
            b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:\xff\xfe\r\nEND:VEVENT\r\nEND:VCALENDAR",
        )
        .into_owned(),
        event("DTSTART;TZID=\"\":20250303T100000"),
        event("DTSTART;VALUE=DATE:20250303T100000"),
        event("DTSTART:20250303T256199Z"),
        event(&format!("DTSTART:20250303T100000Z\nX-A;B={}:1", "C;".repeat(100_000))),
    ] {
        let _ = ical::read(&text, window(), &[]);
        let _ = ical::mirror::content(&text);
    }
}

fn corpus() -> Vec<String> {
    let mut files: Vec<_> = std::fs::read_dir(cases()).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    files.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever happens to a resource on its way, reading it neither panics nor hangs.
    #[test]
    fn mutated_resources_never_break_the_reader(
        which in 0_usize..36,
        cuts in prop::collection::vec((any::<prop::sample::Index>(), "[A-Z0-9:;=,\r\n\\-é\u{0}]{0,6}"), 0..6),
    ) {
        let mut text: Vec<char> = corpus()[which].chars().collect();
        for (at, patch) in cuts {
            let at = at.index(text.len());
            let end = (at + patch.chars().count()).min(text.len());
            text.splice(at..end, patch.chars());
        }
        let text: String = text.into_iter().collect();
        // A caught panic would be told as `Failed`.
        prop_assert_ne!(ical::read(&text, window(), &[]).err(), Some(Unreadable::Failed));
        prop_assert_ne!(ical::mirror::content(&text).err(), Some(Unreadable::Failed));
    }
}
