//! Access tokens and refresh tokens: they end, they are rotated, and somebody dies in between.

use daybook_core::connection::{Provider, State};
use daybook_engine::ports::{Cause, Named};
use daybook_tests::cloud::hand::Weeks;
use daybook_tests::cloud::stage::Stage;
use daybook_tests::world::worker::run;
use jiff::SignedDuration;

use super::{CLOUDS, minutes};

/// Every token of Microsoft's lives for 90 days unless it is used.
#[test]
fn e_003_alive_after_91_days_and_after_200() {
    for provider in CLOUDS {
        let mut stage = Stage::connected(provider);
        let (at, private) = (stage.at().clone(), stage.private.clone());
        stage.book("a1", stage.hour(200, 2));
        stage.days(91);
        assert_eq!(stage.state(&at), State::Active, "{provider:?}");
        stage.hand.add(&stage.house, &private, stage.hour(93, 1), Weeks::Once);
        stage.sync_now(&at);
        assert_eq!(stage.blocked(), [stage.hour(93, 1)], "{provider:?}");
        stage.days(109);
        assert_eq!(stage.state(&at), State::Active, "{provider:?}");
        assert_eq!(stage.mirrored(), [stage.hour(200, 2)], "{provider:?}");
        stage.assert_agreed();
    }
}

/// A worker of a process that dies after so many turns of a run that must refresh.
fn dies_after(provider: Provider, turns: u32) -> bool {
    let mut stage = Stage::connected(provider);
    let (at, private) = (stage.at().clone(), stage.private.clone());
    stage.book("a1", stage.hour(3, 2));
    stage.wait(minutes(120));
    stage.hand.add(&stage.house, &private, stage.hour(2, 1), Weeks::Once);
    let named = Named::calendars(vec![stage.main.clone(), private]);
    run(stage.house.engine.signal(&at, &named, Cause::Provider)).unwrap();
    let world = stage.house.world.clone();
    assert!(stage.house.workers[0].take(&world));
    let mut has_ended = false;
    for _ in 0..turns {
        has_ended = has_ended || stage.house.workers[0].poll(&world);
    }
    stage.house.restart(0);
    stage.sweep_after(minutes(5));
    stage.sweep_after(minutes(5));
    assert_eq!(stage.state(&at), State::Active, "{provider:?}: after {turns} turns");
    assert_eq!(stage.blocked(), [stage.hour(2, 1)], "{provider:?}: after {turns} turns");
    stage.assert_agreed();
    // What is in the vault still opens the account.
    stage.house.restart(0);
    stage.house.restart(1);
    stage.wait(minutes(120));
    stage.sync_now(&at);
    assert_eq!(stage.state(&at), State::Active, "{provider:?}: after {turns} turns");
    has_ended
}

#[test]
fn e_002_e_003_a_death_at_any_await_loses_no_token() {
    for provider in CLOUDS {
        let ended = (0..400).find(|turns| dies_after(provider, *turns));
        assert!(ended.is_some_and(|turns| turns > 15), "{provider:?}: {ended:?}");
    }
}

#[test]
fn two_processes_refresh_one_after_the_other() {
    for provider in CLOUDS {
        for begins in 0..30 {
            let mut stage = Stage::connected(provider);
            let at = stage.at().clone();
            stage.house.restart(0);
            stage.wait(minutes(120));
            stage.house.world.lock().tells_reads = true;
            run(stage.house.engine.sync_now(&at)).unwrap();
            let world = stage.house.world.clone();
            let door = stage.house.process();
            let mut asked = Box::pin(async { door.list_calendars(&door.find(&at).await?).await });
            assert!(stage.house.workers[0].take(&world));
            for _ in 0..begins {
                stage.house.workers[0].poll(&world);
            }
            let mut answer = None;
            for _ in 0..200 {
                if answer.is_none() {
                    answer = daybook_tests::world::worker::poll(&mut asked);
                }
                stage.house.workers[0].poll(&world);
            }
            drop(asked);
            stage.house.world.lock().tells_reads = false;
            stage.sweep_after(SignedDuration::from_secs(90));
            assert_eq!(stage.state(&at), State::Active, "{provider:?}: {begins}");
            let calendars = run(stage.house.process().list_calendars(&stage.connection(&at)));
            assert!(calendars.is_ok(), "{provider:?}: {begins}: {calendars:?}");
            assert!(answer.is_some(), "{provider:?}: {begins}");
            stage.assert_agreed();
        }
    }
}
