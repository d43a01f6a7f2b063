//! What a clinician looks at, where each provider names its items in a way of its own.

use daybook_core::connection::{BlockingCalendars, CalendarRef};
use daybook_core::detail::Detail;
use daybook_core::time::date_of;
use daybook_core::week::{Counterpart, Entry, What};
use daybook_engine::command::Patch;
use daybook_engine::preview::LanePreview;
use daybook_tests::cloud::hand::Weeks;
use daybook_tests::cloud::stage::Stage;
use daybook_tests::world::scene::{appointment, demo, two_way};
use daybook_tests::world::worker::run;
use jiff::tz::TimeZone;

use super::ALL;

#[test]
fn a_week_shows_what_stands_on_both_sides_and_what_is_missing() {
    for provider in ALL {
        let mut stage = Stage::connected(provider);
        let (at, main, private) = (stage.at().clone(), stage.main.clone(), stage.private.clone());
        let [seen, gym, lunch, unseen, untold] = [1, 3, 5, 7, 9].map(|hours| stage.hour(2, hours));
        stage.book("a1", seen);
        stage.hand.add(&stage.house, &private, gym, Weeks::Once);
        stage.hand.add(&stage.house, &main, lunch, Weeks::Once);
        stage.sync_now(&at);
        // Nobody tells of it.
        stage.house.world.lock().book(&demo(), appointment("a2", "ada", unseen));
        stage.hand.add(&stage.house, &private, untold, Weeks::Once);
        stage.written();
        let day = date_of(seen.start(), &TimeZone::UTC);
        let week = run(stage.house.engine.week(stage.connection(&at), Some(day))).unwrap();
        let expected = [
            (seen, What::Appointment(Counterpart::Stands)),
            (seen, What::Mirror),
            (gym, What::Event(Counterpart::Stands)),
            (gym, What::Block),
            (lunch, What::Event(Counterpart::Stands)),
            (lunch, What::Block),
            (unseen, What::Appointment(Counterpart::Missing)),
            (untold, What::Event(Counterpart::Missing)),
        ];
        assert_eq!(week.entries, expected.map(|(at, what)| Entry { at, what }), "{provider:?}");
        assert_eq!(stage.written(), [""; 0], "{provider:?}: a look writes nothing");
        let next = run(stage
            .house
            .engine
            .week(stage.connection(&at), Some(day.saturating_add(jiff::Span::new().days(7)))));
        assert_eq!(next.unwrap().entries, [], "{provider:?}");
    }
}

/// The main calendar closes no time.
fn private_alone(stage: &Stage) -> Patch {
    let private = CalendarRef { id: stage.private.clone(), name: String::new() };
    Patch { blocking_calendars: Some(BlockingCalendars::Chosen(vec![private])), ..Patch::default() }
}

#[test]
fn what_was_made_by_hand_is_found_in_a_main_calendar_that_closes_no_time() {
    for provider in ALL {
        let mut stage = Stage::connected(provider);
        let (at, main) = (stage.at().clone(), stage.main.clone());
        run(stage.house.engine.change(&at, None, &private_alone(&stage))).unwrap();
        let [once, weekly, lunch, theirs] = [1, 3, 5, 7].map(|hours| stage.hour(2, hours));
        for (id, at) in [("a1", once), ("a2", weekly), ("a3", theirs)] {
            stage.book(id, at);
        }
        stage.connect("other", "ada", two_way(main.as_str(), &[]));
        stage.book_at("other", "b1", theirs);
        stage.settle();
        stage.hand.add(&stage.house, &main, once, Weeks::Once);
        stage.hand.add(&stage.house, &main, weekly, Weeks::Times(3));
        stage.hand.add(&stage.house, &main, lunch, Weeks::Once);
        let preview = run(stage.house.engine.preview(&at)).unwrap();
        assert_eq!(
            preview.coincidences,
            [once, weekly],
            "{provider:?}: nobody made another practice's by hand"
        );
        assert_eq!(preview.appointments, LanePreview::default(), "{provider:?}");
    }
}

#[test]
fn a_preview_lists_the_account_once_and_reads_each_calendar_once() {
    // The account, who sees the main calendar, two calendars. On CalDAV the account tells who sees it.
    for (provider, requests) in ALL.into_iter().zip([4, 4, 3]) {
        let mut stage = Stage::connected(provider);
        stage.connect("other", "ada", two_way(stage.main.clone().as_str(), &[]));
        stage.book("a1", stage.hour(2, 1));
        stage.book_at("other", "b1", stage.hour(2, 3));
        stage.settle();
        let patch = Patch { detail: Some(Detail::Full), ..private_alone(&stage) };
        let connection = stage.connection(&stage.at().clone());
        stage.house.world.lock().told.clear();
        stage.house.world.lock().tells_reads = true;
        run(stage.house.engine.preview_change(&connection, &patch)).unwrap();
        let mut told = std::mem::take(&mut stage.house.world.lock().told);
        told.retain(|line| line.starts_with("  ") && line.contains(": "));
        assert_eq!(told.len(), requests, "{provider:?}: {told:#?}");
        told.sort_unstable();
        told.dedup();
        assert_eq!(told.len(), requests, "{provider:?}: {told:#?}");
    }
}
