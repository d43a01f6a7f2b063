//! What a form of choices comes to.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
use super::*;
use daybook_core::connection::Start;
use daybook_core::detail::Detail;

fn before() -> Settings {
    Settings {
        direction: Direction::EhrToCalendar,
        window: WindowDays::default(),
        detail: Detail::Busy,
        main_calendar: MainCalendar::Create("Work schedule".into()),
        blocking_calendars: BlockingCalendars::Owned,
        aged_out: AgedOut::Remove,
        block_scope: BlockScope::All,
        reminder_minutes: None,
        start: Start::WhenConfirmed,
    }
}

fn read(text: &str) -> Result<Patch, Ending> {
    patch(&Fields::read(text.as_bytes()), &before())
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
