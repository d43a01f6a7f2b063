//! Appointments and their mirrors: booked, moved, cancelled; dragged, deleted and copied by their reader.

use daybook_engine::ports::Named;
use daybook_tests::cloud::hand::Shown;
use daybook_tests::cloud::stage::Stage;

use super::{ALL, minutes};

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
        stage.cancel("a1");
        stage.book("a1", stage.hour(5, 3));
        assert_eq!(stage.mirrored(), [stage.hour(5, 3)], "{provider:?}");
        assert_eq!(stage.blocked(), []);
        stage.assert_agreed();
    }
}

#[test]
fn e_044_idle_runs_create_nothing() {
    for provider in ALL {
        let mut stage = Stage::connected(provider);
        let at = stage.at().clone();
        stage.book("a1", stage.hour(3, 2));
        let private = stage.private.clone();
        stage.hand.add(&stage.house, &private, stage.hour(2, 1), super::diary::THRICE);
        stage.sync_now(&at);
        stage.assert_agreed();
        let before = stage.changes();
        stage.written();
        for _ in 0..20 {
            let everything = Named::calendars(vec![stage.main.clone(), stage.private.clone()]);
            stage.poke(&at, &everything);
            stage.sync_now(&at);
            stage.sweep_after(minutes(7));
        }
        assert_eq!(stage.written(), [""; 0], "{provider:?}");
        assert_eq!(stage.changes(), before, "{provider:?}");
    }
}

#[test]
fn e_043_a_dragged_mirror_goes_back_and_a_deleted_one_comes_back() {
    for provider in ALL {
        let mut stage = Stage::connected(provider);
        let at = stage.at().clone();
        stage.book("a1", stage.hour(3, 2));
        let main = stage.main.clone();
        for round in 0..3 {
            let mirror = stage.mirrors().remove(0);
            stage.hand.shift(&stage.house, &main, &mirror.item, stage.hour(4, 5 + round));
            stage.sync_now(&at);
            assert_eq!(stage.mirrored(), [stage.hour(3, 2)], "{provider:?}: dragged, {round}");
            stage.assert_agreed();
            let mirror = stage.mirrors().remove(0);
            stage.hand.delete(&stage.house, &main, &mirror.item);
            stage.sync_now(&at);
            assert_eq!(stage.mirrored(), [stage.hour(3, 2)], "{provider:?}: deleted, {round}");
            assert_eq!(stage.blocked(), [], "{provider:?}");
            stage.assert_agreed();
            // A new mirror: one that is put back again and again is left alone at last.
            stage.cancel("a1");
            stage.book("a1", stage.hour(3, 2));
        }
    }
}

#[test]
fn e_088_a_mirror_made_free_is_busy_again() {
    for provider in ALL {
        let mut stage = Stage::connected(provider);
        let at = stage.at().clone();
        stage.book("a1", stage.hour(3, 2));
        let (main, mirror) = (stage.main.clone(), stage.mirrors().remove(0));
        stage.hand.show_as(&stage.house, &main, &mirror.item, Shown::Free);
        stage.sync_now(&at);
        assert!(stage.mirrors()[0].is_busy, "{provider:?}");
        stage.assert_agreed();
    }
}

#[test]
fn e_047_a_copied_mirror_is_a_new_event() {
    for provider in ALL {
        let mut stage = Stage::connected(provider);
        let at = stage.at().clone();
        stage.book("a1", stage.hour(3, 2));
        let (main, mirror) = (stage.main.clone(), stage.mirrors().remove(0));
        let copy = stage.hand.copy(&stage.house, &main, &mirror.item, stage.hour(4, 3));
        stage.sync_now(&at);
        assert_eq!(stage.mirrored(), [stage.hour(3, 2)], "{provider:?}");
        assert_eq!(stage.blocked(), [stage.hour(4, 3)], "{provider:?}");
        // The appointment goes; the copy is the clinician's.
        stage.cancel("a1");
        assert_eq!(stage.mirrored(), [], "{provider:?}");
        let left = stage.hand.standing(&stage.house, &main);
        assert_eq!(left.len(), 1, "{provider:?}");
        stage.hand.delete(&stage.house, &main, &copy);
        stage.sync_now(&at);
        assert_eq!(stage.blocked(), [], "{provider:?}");
        stage.assert_agreed();
    }
}

#[test]
fn sixty_appointments_at_once_go_in_batches() {
    for provider in ALL {
        let mut stage = Stage::before(provider);
        {
            let mut world = stage.house.world.lock();
            for n in 0..60 {
                let at = daybook_tests::cloud::stage::hour(1 + n / 8, n % 8);
                let booked = daybook_tests::world::scene::appointment(&format!("a{n}"), "ada", at);
                world.book(&daybook_tests::world::scene::demo(), booked);
            }
        }
        let settings = stage.settings();
        stage.connect("demo", "ada", settings);
        assert_eq!(stage.mirrored().len(), 60, "{provider:?}");
        stage.assert_agreed();
    }
}
