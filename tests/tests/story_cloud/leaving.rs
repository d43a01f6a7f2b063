//! Two practices with one account, and the end of a connection.

use daybook_core::connection::{Mirrors, Provider, State};
use daybook_tests::cloud::hand::Weeks;
use daybook_tests::cloud::stage::Stage;
use daybook_tests::world::worker::run;

use super::{ALL, minutes};

#[test]
fn e_015_nothing_is_left_behind() {
    for provider in ALL {
        let mut stage = Stage::connected(provider);
        let (at, private, main) = (stage.at().clone(), stage.private.clone(), stage.main.clone());
        for n in 0..7 {
            stage.book(&format!("a{n}"), stage.hour(3 + n, 2));
        }
        stage.hand.add(&stage.house, &private, stage.hour(2, 1), super::diary::THRICE);
        let own = stage.hand.add(&stage.house, &main, stage.hour(2, 4), Weeks::Once);
        stage.sync_now(&at);
        assert_eq!((stage.mirrored().len(), stage.blocked().len()), (7, 4), "{provider:?}");
        run(stage.house.engine.disconnect(&at, Mirrors::Remove)).unwrap();
        stage.settle();
        assert_eq!(stage.state(&at), State::Disconnected, "{provider:?}");
        assert_eq!((stage.mirrored(), stage.blocked()), (vec![], vec![]), "{provider:?}");
        let left = stage.hand.standing(&stage.house, &main);
        assert_eq!(left.into_iter().map(|one| one.item).collect::<Vec<_>>(), [own], "{provider:?}");
        assert_eq!(stage.subscriptions(), [""; 0], "{provider:?}");
        assert!(!stage.house.world.lock().has_credentials(&at), "{provider:?}");
        assert!(provider != Provider::Google || !stage.has_google_grant());
        stage.house.deliver();
        assert!(stage.house.world.lock().queue.is_empty(), "{provider:?}");
    }
}

#[test]
fn two_practices_with_one_account() {
    for provider in ALL {
        let mut stage = Stage::before(provider);
        let settings = stage.settings();
        let a = stage.connect("demo", "ada", settings.clone());
        let b = stage.connect("other", "ada", settings);
        stage.assert_agreed();
        let (of_a, of_b) = (stage.house.blocks(&a), stage.house.blocks(&b));
        assert_eq!((of_a, of_b), (vec![], vec![]), "{provider:?}");
        stage.book("a1", stage.hour(3, 2));
        stage.sync_now(&b);
        assert_eq!(stage.house.blocks(&a), [], "{provider:?}");
        assert_eq!(stage.house.blocks(&b), [stage.hour(3, 2)], "{provider:?}");
        stage.cancel("a1");
        stage.sync_now(&b);
        assert_eq!(stage.house.blocks(&b), [], "{provider:?}");
        stage.book("a2", stage.hour(4, 2));
        stage.book_at("other", "b1", stage.hour(5, 2));
        stage.sync_now(&a);
        stage.sync_now(&b);
        assert_eq!(stage.mirrored(), [stage.hour(4, 2), stage.hour(5, 2)], "{provider:?}");
        assert_eq!(stage.house.blocks(&a), [stage.hour(5, 2)], "{provider:?}");
        run(stage.house.engine.disconnect(&a, Mirrors::Remove)).unwrap();
        stage.settle();
        assert_eq!(stage.state(&a), State::Disconnected, "{provider:?}");
        assert_eq!(stage.mirrored(), [stage.hour(5, 2)], "{provider:?}");
        assert!(provider != Provider::Google || stage.has_google_grant(), "the other lives on it");
        stage.wait(minutes(120));
        stage.sync_now(&b);
        assert_eq!(stage.state(&b), State::Active, "{provider:?}");
        assert_eq!(stage.house.blocks(&b), [], "{provider:?}");
        stage.assert_agreed();
        run(stage.house.engine.disconnect(&b, Mirrors::Remove)).unwrap();
        stage.settle();
        assert_eq!((stage.state(&b), stage.mirrored()), (State::Disconnected, vec![]), "{provider:?}");
        assert!(provider != Provider::Google || !stage.has_google_grant());
    }
}
