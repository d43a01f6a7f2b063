//! Stories of one clinician and one provider, told once and played at each: the production engine, the real adapters,
//! the stand-ins, one clock.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use daybook_core::connection::Provider;
use daybook_tests::cloud::hand::Weeks;
use daybook_tests::cloud::stage::Stage;
use jiff::SignedDuration;

const CLOUDS: [Provider; 2] = [Provider::Google, Provider::Microsoft];
const ALL: [Provider; 3] = [Provider::Google, Provider::Microsoft, Provider::Caldav];

fn minutes(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count)
}

#[test]
fn e_050_e_051_e_056_booked_moved_cancelled() {
    for provider in ALL {
        let mut stage = Stage::before(provider);
        stage.book("a1", stage.hour(3, 2));
        let settings = stage.settings();
        stage.connect("demo", "ada", settings);
        assert_eq!(stage.mirrored(), [stage.hour(3, 2)], "{provider:?}");
        stage.book("a2", stage.hour(4, 2));
        stage.move_appointment("a1", stage.hour(3, 5));
        assert_eq!(stage.mirrored(), [stage.hour(3, 5), stage.hour(4, 2)], "{provider:?}");
        stage.cancel("a1");
        stage.cancel("a2");
        assert_eq!(stage.mirrored(), [], "{provider:?}");
        // An id that stood before stands again.
        stage.book("a1", stage.hour(5, 2));
        assert_eq!(stage.mirrored(), [stage.hour(5, 2)], "{provider:?}");
        assert_eq!(stage.blocked(), []);
        stage.assert_agreed();
    }
}

#[test]
fn e_023_e_058_an_event_closes_time_moves_it_and_opens_it_again() {
    for provider in ALL {
        let mut stage = Stage::connected(provider);
        let (at, private) = (stage.at().clone(), stage.private.clone());
        let gym = stage.hand.add(&stage.house, &private, stage.hour(2, 1), Weeks::Once);
        stage.sync_now(&at);
        assert_eq!(stage.blocked(), [stage.hour(2, 1)], "{provider:?}");
        stage.hand.shift(&stage.house, &private, &gym, stage.hour(2, 3));
        stage.sync_now(&at);
        assert_eq!(stage.blocked(), [stage.hour(2, 3)], "{provider:?}");
        stage.hand.delete(&stage.house, &private, &gym);
        stage.sync_now(&at);
        assert_eq!(stage.blocked(), [], "{provider:?}");
        stage.assert_agreed();
    }
}

#[test]
fn e_018_a_notification_alone_closes_time() {
    for provider in CLOUDS {
        let mut stage = Stage::connected(provider);
        stage.wait(minutes(5));
        let private = stage.private.clone();
        stage.hand.add(&stage.house, &private, stage.hour(2, 1), Weeks::Once);
        stage.settle();
        assert_eq!(stage.blocked(), [stage.hour(2, 1)], "{provider:?}");
        stage.assert_agreed();
    }
}
