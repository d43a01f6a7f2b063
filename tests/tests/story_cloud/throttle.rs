//! "Not now" in its forms: what waits, and for how long, and that nobody has to sign in again for it.

use daybook_core::connection::{Mirrors, Provider, State};
use daybook_core::link::LinkState;
use daybook_tests::cloud::stage::Stage;
use daybook_tests::world::worker::run;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{CLOUDS, minutes};

/// Plans a fault for every write, books, and says after how many minutes at least the write is tried again.
fn put_off(stage: &mut Stage, provider: Provider, answer: &Value) -> i64 {
    let faults = json!({"faults": [{"operation": "write", "times": 1000, "answer": answer}]});
    stage.house.control(provider, &faults);
    stage.book("a1", stage.hour(3, 2));
    assert_eq!(stage.state(&stage.at().clone()), State::Active, "{provider:?} {answer}");
    assert_eq!(stage.mirrored(), [], "{provider:?} {answer}");
    let links = stage.links();
    let LinkState::Owing(owing) = &links[0].state else { panic!("{provider:?} {answer}: it owes nothing") };
    let wait = owing.not_before.unwrap().duration_since(stage.now());
    stage.house.control(provider, &json!({"faults": []}));
    wait.as_mins()
}

#[test]
fn e_094_too_fast_is_soon_over_and_a_used_up_quota_takes_an_hour() {
    let forbidden = |reason: &str| json!({"forbidden": {"reason": reason}});
    for (provider, answer, least, most) in [
        (Provider::Google, forbidden("userRateLimitExceeded"), 0, 15),
        (Provider::Google, forbidden("rateLimitExceeded"), 0, 15),
        (Provider::Google, forbidden("quotaExceeded"), 55, 90),
        (Provider::Google, json!({"too_many": {"retry_after_s": 600}}), 9, 30),
        (Provider::Google, json!({"html": {"status": 502}}), 0, 15),
        (Provider::Microsoft, json!({"too_many": {"retry_after_s": 600}}), 9, 30),
        (Provider::Microsoft, json!({"status": {"status": 503, "retry_after_s": 300}}), 4, 20),
        (Provider::Microsoft, json!({"html": {"status": 502}}), 0, 15),
    ] {
        let mut stage = Stage::connected(provider);
        let wait = put_off(&mut stage, provider, &answer);
        assert!((least..=most).contains(&wait), "{provider:?} {answer}: {wait} minutes");
        stage.sweep_after(SignedDuration::from_mins(wait + 2));
        assert_eq!(stage.mirrored(), [stage.hour(3, 2)], "{provider:?} {answer}");
        stage.assert_agreed();
    }
}

#[test]
fn a_write_whose_answer_is_lost_is_not_done_twice() {
    for provider in CLOUDS {
        let mut stage = Stage::connected(provider);
        let lost = json!({"faults": [{"operation": "write", "times": 1, "answer": "lost_answer"}]});
        stage.house.control(provider, &lost);
        stage.book("a1", stage.hour(3, 2));
        stage.sweep_after(minutes(30));
        assert_eq!(stage.mirrored(), [stage.hour(3, 2)], "{provider:?}");
        stage.assert_agreed();
        stage.house.control(provider, &lost);
        stage.move_appointment("a1", stage.hour(3, 4));
        stage.sweep_after(minutes(30));
        assert_eq!(stage.mirrored(), [stage.hour(3, 4)], "{provider:?}");
        stage.house.control(provider, &lost);
        stage.cancel("a1");
        stage.sweep_after(minutes(30));
        assert_eq!(stage.mirrored(), [], "{provider:?}");
        stage.assert_agreed();
    }
}

/// E-095: much work draws on what all practices share; where a minute's part is spent, the rest is owed and goes on in the
/// next. Nothing is lost, nothing doubled, and leaving is not held up for long.
#[test]
fn e_095_bulk_waits_for_the_next_minute() {
    const APPOINTMENTS: i64 = 120;
    for provider in CLOUDS {
        let mut stage = Stage::before(provider);
        stage.house.allow_each_minute(provider, 20);
        for n in 0..APPOINTMENTS {
            stage.book(&format!("a{n}"), stage.hour(2 + n / 8, n % 8));
        }
        let settings = stage.settings();
        let at = stage.connect("demo", "ada", settings);
        let first = stage.mirrored().len();
        assert!((1..120).contains(&first), "{provider:?}: {first} in the first minute");
        for _ in 0..30 {
            stage.sweep_after(minutes(2));
        }
        assert_eq!(stage.mirrored().len(), 120, "{provider:?}");
        stage.assert_agreed();
        run(stage.house.engine.disconnect(&at, Mirrors::Remove)).unwrap();
        stage.settle();
        for _ in 0..30 {
            stage.sweep_after(minutes(2));
        }
        assert_eq!(stage.state(&at), State::Disconnected, "{provider:?}");
        assert_eq!(stage.mirrored().len(), 0, "{provider:?}");
    }
}
