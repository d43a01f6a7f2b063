//! What a clinician looks at, where each provider names its items in a way of its own.

use daybook_core::time::date_of;
use daybook_core::week::{Counterpart, Entry, What};
use daybook_tests::cloud::hand::Weeks;
use daybook_tests::cloud::stage::Stage;
use daybook_tests::world::scene::{appointment, demo};
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
        let week = run(stage.house.engine.week(&at, Some(day))).unwrap();
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
        let next = run(stage.house.engine.week(&at, Some(day.saturating_add(jiff::Span::new().days(7)))));
        assert_eq!(next.unwrap().entries, [], "{provider:?}");
    }
}
