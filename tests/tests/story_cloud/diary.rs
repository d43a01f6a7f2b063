//! A clinician's own events and the time that they close.

use daybook_core::connection::BlockingCalendars;
use daybook_tests::cloud::browser::mount;
use daybook_tests::cloud::hand::{Shown, Weeks};
use daybook_tests::cloud::stage::{ADA, Stage};

use super::{ALL, CLOUDS};

pub const THRICE: Weeks = Weeks::Times(3);

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
        stage.hand.show_as(&stage.house, &private, &gym, Shown::Free);
        stage.sync_now(&at);
        assert_eq!(stage.blocked(), [], "{provider:?}");
        stage.hand.show_as(&stage.house, &private, &gym, Shown::Busy);
        stage.sync_now(&at);
        assert_eq!(stage.blocked(), [stage.hour(2, 3)], "{provider:?}");
        stage.hand.delete(&stage.house, &private, &gym);
        stage.sync_now(&at);
        assert_eq!(stage.blocked(), [], "{provider:?}");
        stage.assert_agreed();
    }
}

#[test]
fn e_059_e_060_e_061_a_weekly_series_with_one_moved_and_one_deleted() {
    for provider in ALL {
        let mut stage = Stage::connected(provider);
        let (at, private) = (stage.at().clone(), stage.private.clone());
        let [first, second, third] = [0, 7, 14].map(|days| stage.hour(2 + days, 1));
        let yoga = stage.hand.add(&stage.house, &private, first, THRICE);
        stage.sync_now(&at);
        assert_eq!(stage.blocked(), [first, second, third], "{provider:?}");
        stage.hand.change_one(&stage.house, &private, &yoga, second, Some(stage.hour(9, 4)));
        stage.sync_now(&at);
        assert_eq!(stage.blocked(), [first, stage.hour(9, 4), third], "{provider:?}: one moved");
        stage.hand.change_one(&stage.house, &private, &yoga, third, None);
        stage.sync_now(&at);
        assert_eq!(stage.blocked(), [first, stage.hour(9, 4)], "{provider:?}: one deleted");
        stage.assert_agreed();
        stage.hand.shift(&stage.house, &private, &yoga, stage.hour(3, 1));
        stage.sync_now(&at);
        assert_eq!(stage.house.differences(&at, stage.hand.as_ref()), [""; 0], "{provider:?}: all moved");
        stage.hand.delete(&stage.house, &private, &yoga);
        stage.sync_now(&at);
        assert_eq!(stage.blocked(), [], "{provider:?}");
        stage.assert_agreed();
    }
}

#[test]
fn an_endless_series_is_followed_in_deltas() {
    for provider in ALL {
        let mut stage = Stage::connected(provider);
        let (at, private) = (stage.at().clone(), stage.private.clone());
        let yoga = stage.hand.add(&stage.house, &private, stage.hour(2, 1), Weeks::ForEver);
        stage.sync_now(&at);
        // 60 days and what is left of the last one.
        assert_eq!(stage.blocked().len(), 9, "{provider:?}");
        let one = stage.hour(23, 1);
        stage.hand.change_one(&stage.house, &private, &yoga, one, Some(stage.hour(23, 4)));
        stage.sync_now(&at);
        assert!(stage.blocked().contains(&stage.hour(23, 4)), "{provider:?}");
        assert_eq!(stage.blocked().len(), 9, "{provider:?}");
        stage.assert_agreed();
        stage.hand.delete(&stage.house, &private, &yoga);
        stage.sync_now(&at);
        assert_eq!(stage.blocked(), [], "{provider:?}");
        stage.assert_agreed();
    }
}

#[test]
fn e_080_owned_calendars_close_time_and_a_declined_invitation_opens_it() {
    for provider in CLOUDS {
        let mut stage = Stage::before(provider);
        let owned = daybook_core::connection::Settings {
            blocking_calendars: BlockingCalendars::Owned,
            ..stage.settings()
        };
        let at = stage.connect("demo", "ada", owned);
        let before = stage.blocked();
        assert!(before.len() > 10, "{provider:?}: {before:?}");
        stage.assert_agreed();
        stage.decline_invitation(mount(provider), ADA);
        stage.sync_now(&at);
        assert_eq!(stage.blocked().len(), before.len() - 1, "{provider:?}");
        stage.assert_agreed();
    }
}

#[test]
fn e_016_e_017_e_027_a_cursor_expires_and_much_happens_in_the_gap() {
    for provider in ALL {
        let mut stage = Stage::connected(provider);
        let (at, private, main) = (stage.at().clone(), stage.private.clone(), stage.main.clone());
        stage.book("a1", stage.hour(3, 2));
        stage.book("a2", stage.hour(3, 4));
        let items: Vec<String> = (0..4)
            .map(|n| stage.hand.add(&stage.house, &private, stage.hour(2 + n, 1), Weeks::Once))
            .collect();
        stage.sync_now(&at);
        assert_eq!(stage.blocked().len(), 4, "{provider:?}");
        stage.house.postman.take();
        stage.hand.delete(&stage.house, &private, &items[0]);
        stage.hand.shift(&stage.house, &private, &items[1], stage.hour(3, 5));
        stage.hand.add(&stage.house, &private, stage.hour(9, 1), Weeks::Once);
        let mirror = stage.mirrors().remove(0);
        stage.hand.delete(&stage.house, &main, &mirror.item);
        stage.hand.expire_bookmarks(&stage.house);
        stage.house.collect_letters();
        stage.house.postman.take();
        stage.sync_now(&at);
        assert_eq!(stage.mirrored(), [stage.hour(3, 2), stage.hour(3, 4)], "{provider:?}");
        let wanted = [stage.hour(3, 5), stage.hour(4, 1), stage.hour(5, 1), stage.hour(9, 1)];
        assert_eq!(stage.blocked(), wanted, "{provider:?}");
        stage.assert_agreed();
    }
}
