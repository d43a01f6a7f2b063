//! What a form of choices comes to.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
use super::*;
use daybook_core::connection::Start;
use daybook_core::detail::Detail;
use daybook_core::sample;

fn before() -> Settings {
    Settings {
        direction: Direction::EhrToCalendar,
        main_calendar: MainCalendar::Create("Work schedule".into()),
        blocking_calendars: BlockingCalendars::Owned,
        start: Start::WhenConfirmed,
        ..sample::settings()
    }
}

fn read(text: &str) -> Result<Patch, Ending> {
    patch(&Fields::read(text.as_bytes()), &before(), WindowDays::WIDEST)
}

#[test]
fn a_form_is_what_it_says() {
    let patch =
        read("direction=two_way&range=quarter&main=id%3Aa%40b&blocking=x&blocking=y&detail=appointment")
            .unwrap();
    assert_eq!(patch.direction, Some(Direction::TwoWay));
    assert_eq!(patch.window, WindowDays::new(7, 90));
    assert_eq!(patch.main_calendar, Some(MainCalendar::Existing(named_later("a@b"))));
    assert_eq!(
        patch.blocking_calendars,
        Some(BlockingCalendars::Chosen(vec![named_later("x"), named_later("y")]))
    );
    assert_eq!(patch.detail, Some(Detail::Appointment));
}

#[test]
fn what_cannot_be_is_refused() {
    let good = "range=custom&past_days=3&future_days=9&main=ours&new_name=Work&detail=busy";
    assert_eq!(read(good).unwrap().window, WindowDays::new(3, 9));
    for bad in [
        good.replace("future_days=9", "future_days=0"),
        good.replace("past_days=3", "past_days=-1"),
        good.replace("main=ours", "main="),
        good.replace("main=ours", "main=id%3A"),
        good.replace("new_name=Work", "new_name="),
        good.replace("detail=busy", "detail=everything"),
    ] {
        assert!(read(&bad).is_err(), "{bad}");
    }
}

#[test]
fn a_window_that_is_left_as_it_was_shown_changes_nothing() {
    let days = |past, future| WindowDays::new(past, future).unwrap();
    let window = |past: u32, future: u32, bounds| {
        let text = format!("range=custom&past_days={past}&future_days={future}&main=none&detail=busy");
        patch(&Fields::read(text.as_bytes()), &before(), bounds).unwrap().window
    };
    for (past, future, bounds, asked) in [
        (7, 365, WindowDays::WIDEST, None),
        (7, 30, days(7, 30), None),
        (7, 29, days(7, 30), Some(days(7, 29))),
        (7, 365, days(7, 30), Some(days(7, 365))),
        (7, 30, WindowDays::WIDEST, Some(days(7, 30))),
    ] {
        assert_eq!(window(past, future, bounds), asked, "{past} {future} {bounds:?}");
    }
}

#[test]
fn of_many_calendars_the_ticked_ones_are_shown_and_the_others_counted() {
    let calendar = |number: usize| CalendarInfo {
        id: CalendarId::new(format!("c{number}")),
        name: format!("Calendar {number}"),
        time_zone: None,
        writable: true,
        owned: true,
        primary: false,
        shared: false,
    };
    let all: Vec<CalendarInfo> = (0..103).map(calendar).collect();
    let chosen = BlockingCalendars::Chosen(vec![named_later("c102"), named_later("c7")]);
    let settings = Settings { blocking_calendars: chosen, ..before() };
    let (few, unshown) = blocking(&all[..100], &settings);
    assert_eq!((few.len(), few[7].is_chosen, unshown), (100, true, 0));
    let (shown, unshown) = blocking(&all, &settings);
    let ticked: Vec<&str> = shown.iter().filter(|one| one.is_chosen).map(|one| one.id.as_str()).collect();
    assert_eq!((shown.len(), ticked, unshown), (100, vec!["c7", "c102"], 3));
}

#[test]
fn only_who_has_not_allowed_it_asks_again() {
    use daybook_core::access::Reads;
    let own = Access { writes: Writes::OwnCalendars, reads: Reads::Events };
    for (granted, asks) in [(Some(own), true), (Some(Access::ALL), false), (None, false)] {
        assert_eq!(asks_again(granted), asks, "{granted:?}");
    }
}
