//! Days go by: what comes in because of it, what goes out, and bookmarks whose window is frozen at the provider.

use daybook_tests::cloud::hand::Weeks;
use daybook_tests::cloud::stage::Stage;

use super::ALL;

#[test]
fn e_028_e_099_a_day_brings_in_its_strip() {
    for provider in ALL {
        let mut stage = Stage::connected(provider);
        let (at, private) = (stage.at().clone(), stage.private.clone());
        stage.hand.add(&stage.house, &private, stage.hour(62, 1), Weeks::Once);
        stage.book("a1", stage.hour(62, 3));
        stage.sync_now(&at);
        assert_eq!((stage.blocked(), stage.mirrored()), (vec![], vec![]), "{provider:?}");
        stage.days(3);
        assert_eq!(stage.blocked(), [stage.hour(62, 1)], "{provider:?}");
        assert_eq!(stage.mirrored(), [stage.hour(62, 3)], "{provider:?}");
        stage.assert_agreed();
    }
}

#[test]
fn e_028_a_frozen_window_is_opened_anew_in_time() {
    for provider in ALL {
        let mut stage = Stage::connected(provider);
        let (at, private) = (stage.at().clone(), stage.private.clone());
        stage.hand.add(&stage.house, &private, stage.hour(2, 1), Weeks::ForEver);
        // Beyond the window and its slack as it is opened today.
        let far = stage.hand.add(&stage.house, &private, stage.hour(110, 2), Weeks::Once);
        stage.book("a1", stage.hour(110, 4));
        stage.sync_now(&at);
        for week in 0..10 {
            stage.days(7);
            assert_eq!(
                stage.house.differences(&at, stage.hand.as_ref()),
                [""; 0],
                "{provider:?}: week {week}"
            );
        }
        assert!(stage.blocked().contains(&stage.hour(110, 2)), "{provider:?}");
        stage.hand.shift(&stage.house, &private, &far, stage.hour(111, 2));
        stage.sync_now(&at);
        assert!(stage.blocked().contains(&stage.hour(111, 2)), "{provider:?}");
        stage.assert_agreed();
    }
}
