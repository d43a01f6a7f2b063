//! Being told of changes, and not being told.

use daybook_core::connection::Provider;
use daybook_engine::receive::{About, Notification};
use daybook_tests::cloud::hand::Weeks;
use daybook_tests::cloud::stage::Stage;
use daybook_tests::world::worker::run;
use jiff::SignedDuration;
use serde_json::json;

use super::{CLOUDS, minutes};

#[test]
fn e_018_a_notification_alone_closes_time() {
    for provider in CLOUDS {
        let mut stage = Stage::connected(provider);
        assert_eq!(stage.subscriptions(), stage.read(), "{provider:?}");
        stage.wait(minutes(5));
        let private = stage.private.clone();
        stage.hand.add(&stage.house, &private, stage.hour(2, 1), Weeks::Once);
        stage.settle();
        assert_eq!(stage.blocked(), [stage.hour(2, 1)], "{provider:?}");
        stage.assert_agreed();
    }
}

#[test]
fn e_018_every_notification_is_dropped_and_polling_finds_all() {
    for provider in CLOUDS {
        let mut stage = Stage::connected(provider);
        let private = stage.private.clone();
        stage.hand.add(&stage.house, &private, stage.hour(2, 1), Weeks::Once);
        stage.house.collect_letters();
        assert!(!stage.house.postman.take().is_empty(), "{provider:?}");
        stage.sweep_after(minutes(2));
        assert_eq!(stage.blocked(), [stage.hour(2, 1)], "{provider:?}");
        stage.assert_agreed();
    }
}

#[test]
fn e_019_a_notification_twice_works_once() {
    for provider in CLOUDS {
        let mut stage = Stage::connected(provider);
        let private = stage.private.clone();
        stage.written();
        stage.hand.add(&stage.house, &private, stage.hour(2, 1), Weeks::Once);
        stage.house.collect_letters();
        let letters = stage.house.postman.take();
        for letter in letters.iter().chain(&letters) {
            stage.house.hand_over(letter.clone());
        }
        stage.settle();
        assert_eq!(stage.written().len(), 1, "{provider:?}");
        for letter in letters {
            stage.house.hand_over(letter);
        }
        stage.settle();
        assert_eq!(stage.written(), [""; 0], "{provider:?}");
    }
}

#[test]
fn e_020_what_is_not_ours_is_ignored() {
    for provider in CLOUDS {
        let stage = Stage::connected(provider);
        let ours =
            stage.house.cloud(provider).unwrap().read(|world| world.subscriptions.keys().next().cloned());
        for (id, secret) in [("nobody's".to_owned(), "x"), (ours.unwrap(), "wrong")] {
            let subscription = id.as_str().into();
            let secret = secret.to_owned().into();
            let notification = Notification { subscription, secret, about: About::Calendar };
            run(stage.house.engine.receive_provider(provider, &[notification])).unwrap();
            assert!(stage.house.world.lock().queue.is_empty(), "{provider:?}");
        }
    }
}

#[test]
fn e_019_a_subscription_is_renewed_before_it_ends() {
    for provider in CLOUDS {
        let mut stage = Stage::connected(provider);
        let private = stage.private.clone();
        for day in 0..24 {
            stage.sweep_after(SignedDuration::from_hours(12));
            assert_eq!(stage.subscriptions(), stage.read(), "{provider:?}: half day {day}");
        }
        stage.hand.add(&stage.house, &private, stage.hour(20, 1), Weeks::Once);
        stage.settle();
        assert_eq!(stage.blocked(), [stage.hour(20, 1)], "{provider:?}");
        stage.assert_agreed();
    }
}

#[test]
fn e_025_a_subscription_that_ends_early_is_made_anew() {
    for wish in [
        json!({"lifecycle": {"account": null, "event": "reauthorizationRequired"}}),
        json!({"lifecycle": {"account": null, "event": "missed"}}),
        json!({"forget_subscriptions": {"account": null}}),
    ] {
        let mut stage = Stage::connected(Provider::Microsoft);
        let private = stage.private.clone();
        // What happens while nobody tells of it is found with the news that nobody tells.
        stage.house.control(Provider::Microsoft, &json!({"notifications": "drop"}));
        stage.hand.add(&stage.house, &private, stage.hour(2, 1), Weeks::Once);
        stage.house.control(Provider::Microsoft, &json!({"notifications": "normal"}));
        stage.house.control(Provider::Microsoft, &wish);
        stage.settle();
        assert_eq!(stage.subscriptions(), stage.read(), "{wish}");
        assert_eq!(stage.blocked(), [stage.hour(2, 1)], "{wish}");
        stage.hand.add(&stage.house, &private, stage.hour(3, 1), Weeks::Once);
        stage.settle();
        assert_eq!(stage.blocked(), [stage.hour(2, 1), stage.hour(3, 1)], "{wish}");
        stage.assert_agreed();
    }
}
