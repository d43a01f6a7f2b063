//! Signing in, with less than was asked for, again, and as somebody else.

use daybook_core::connection::{MainCalendar, Provider, Settings, Start, State};
use daybook_engine::sign_in::Why;
use daybook_tests::cloud::browser::Answer;
use daybook_tests::cloud::hand::Weeks;
use daybook_tests::cloud::stage::{ADA, Stage};
use daybook_tests::world::worker::run;
use serde_json::json;

use super::{CLOUDS, minutes};

const BEN: &str = "ben@clinic.example";

#[test]
fn nothing_is_written_before_the_yes() {
    for provider in CLOUDS {
        let mut stage = Stage::before(provider);
        let private = stage.private.clone();
        stage.book("a1", stage.hour(3, 2));
        stage.hand.add(&stage.house, &private, stage.hour(2, 1), Weeks::Once);
        let settings = Settings {
            start: Start::WhenConfirmed,
            main_calendar: MainCalendar::Create("Work schedule".into()),
            ..stage.settings()
        };
        let before = stage.changes();
        let at = stage.connect("demo", "ada", settings);
        stage.sweep_after(minutes(10));
        assert_eq!(stage.state(&at), State::Ready, "{provider:?}");
        assert_eq!((stage.changes(), stage.blocked()), (before, vec![]), "{provider:?}");
        assert_eq!(stage.subscriptions(), [""; 0], "{provider:?}");
        run(stage.house.engine.start(&at)).unwrap();
        stage.settle();
        assert_eq!(stage.state(&at), State::Active, "{provider:?}");
        assert_eq!(stage.blocked(), [stage.hour(2, 1)], "{provider:?}");
        let MainCalendar::Made(made) = stage.connection(&at).settings.main_calendar else { panic!("none") };
        let mirrors = stage.hand.mirrors(&stage.house, &made.id);
        assert_eq!(mirrors[0].at, stage.hour(3, 2), "{provider:?}");
        stage.assert_agreed();
    }
}

#[test]
fn a_box_left_unticked_is_too_little_and_nothing_is_kept() {
    let mut stage = Stage::before(Provider::Google);
    let settings =
        Settings { main_calendar: MainCalendar::Create("Work schedule".into()), ..stage.settings() };
    let at = stage.begin("demo", "ada", settings);
    for left_out in ["calendar.app.created", "calendar.events.readonly"] {
        let stopped = stage.house.sign_in(&at, ADA, Answer::Without(left_out)).unwrap_err();
        assert!(matches!(stopped.why, Why::TooLittle { .. }), "{left_out}: {:?}", stopped.why);
        assert!(stopped.retry.is_some());
        assert!(!stage.house.world.lock().has_credentials(&at), "{left_out}");
        assert_eq!(stage.state(&at), State::Authorising);
        assert!(!stage.has_google_grant(), "what is of no use is given back");
    }
    stage.house.sign_in(&at, ADA, Answer::Allow).unwrap();
    stage.settle();
    assert_eq!(stage.state(&at), State::Active);
    stage.assert_agreed();
}

#[test]
fn a_person_who_declines_may_come_again() {
    for provider in CLOUDS {
        let mut stage = Stage::before(provider);
        let settings = stage.settings();
        let at = stage.begin("demo", "ada", settings);
        let stopped = stage.house.sign_in(&at, ADA, Answer::Decline).unwrap_err();
        assert!(matches!(stopped.why, Why::Declined), "{provider:?}: {:?}", stopped.why);
        assert_eq!(stage.state(&at), State::Authorising, "{provider:?}");
        stage.house.sign_in(&at, ADA, Answer::Allow).unwrap();
        stage.settle();
        stage.assert_agreed();
    }
}

#[test]
fn e_001_e_009_a_revoked_grant_asks_for_a_sign_in_and_loses_nothing() {
    for provider in CLOUDS {
        let mut stage = Stage::connected(provider);
        let (at, private) = (stage.at().clone(), stage.private.clone());
        stage.book("a1", stage.hour(3, 2));
        stage.hand.add(&stage.house, &private, stage.hour(2, 1), Weeks::Once);
        stage.sync_now(&at);
        stage.house.control(provider, &json!({"revoke": {"account": null}}));
        stage.sync_now(&at);
        assert_eq!(stage.state(&at), State::ReconnectRequired, "{provider:?}");
        assert_eq!(stage.blocked(), [stage.hour(2, 1)], "{provider:?}");
        stage.sweep_after(minutes(120));
        assert_eq!(stage.state(&at), State::ReconnectRequired, "{provider:?}");
        let stopped = stage.house.sign_in(&at, BEN, Answer::Allow).unwrap_err();
        let Why::OtherAccount { expected, shown } = &stopped.why else { panic!("{:?}", stopped.why) };
        assert_eq!((expected.as_str(), shown.as_str()), (ADA, BEN), "{provider:?}");
        assert_eq!(stage.state(&at), State::ReconnectRequired, "{provider:?}");
        stage.written();
        stage.house.sign_in(&at, ADA, Answer::Allow).unwrap();
        stage.settle();
        assert_eq!(stage.state(&at), State::Active, "{provider:?}");
        assert_eq!(stage.written(), [""; 0], "{provider:?}");
        assert_eq!(stage.links().len(), 2, "{provider:?}");
        stage.assert_agreed();
    }
}
