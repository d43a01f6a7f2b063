//! A practice's policy reaches every mirror ever written, and what it cannot reach is counted. The decisions themselves are
//! tested where they stand, in `daybook-core`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::sync::Arc;

use daybook_core::access::{Access, Reads, Writes};
use daybook_core::audit::{Deed, Hand, Who};
use daybook_core::connection::{
    AgedOut, BlockingCalendars, CalendarRef, Direction, MainCalendar, Mirrors, ProblemKind, Provider, State,
};
use daybook_core::detail::{Cap, Detail, Part2};
use daybook_core::policy::{Allowed, Attestation, Policy};
use daybook_core::succession::Afterwards;
use daybook_core::time::Interval;
use daybook_core::window::WindowDays;
use daybook_engine::command::Patch;
use daybook_engine::ports::{ConnectionRef, Connections, Practice, Practices, StoreError};
use daybook_engine::roster::Effects;
use daybook_engine::switch::Switch;
use daybook_engine::view::View;
use daybook_engine::{Engine, EngineError, Pace};
use daybook_tests::world::calendar::Body;
use daybook_tests::world::scene::{self, appointment, connection, demo, login, practice, two_way};
use daybook_tests::world::worker::{Worker, run};
use daybook_tests::world::{State as WorldState, World};
use jiff::{SignedDuration, Timestamp};

const BEGINNING: &str = "2026-11-23T12:00Z";
const DOMAIN: &str = "calendars.example.org";
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// One clinician, one account whose domain is attested for a year, everything told.
struct House {
    world: Arc<World>,
    engine: Engine,
    worker: Worker,
    at: ConnectionRef,
}

fn platform() -> Who {
    Who::new(Hand::PlatformKey, "op-1")
}

fn now() -> Timestamp {
    BEGINNING.parse().unwrap()
}

fn policy(days: i64) -> Policy {
    let attestation = Attestation {
        domain: DOMAIN.into(),
        attested_by: "Avery Admin".into(),
        text_version: Attestation::TEXT_VERSION,
        given_at: now(),
        expires_at: now() + HOUR * i32::try_from(24 * days).unwrap(),
    };
    Policy { attestations: vec![attestation], ..Policy::default() }
}

/// An appointment each third of a quarter of a day, `count` of them over 300 days.
fn book(state: &mut WorldState, count: i32) {
    for number in 0..count {
        let start = now() + HOUR * (number * 300 * 24 / count);
        let at = Interval::new(start, start + HOUR).unwrap();
        state.book(&demo(), appointment(&format!("a{number}"), "ada", at));
    }
}

impl House {
    fn new(policy: Policy, appointments: i32) -> Self {
        let world = World::new(1, now());
        let engine = world.engine(Pace::default());
        run(world.put_practice(&Practice { policy, ..practice("demo") })).unwrap();
        {
            let mut state = world.lock();
            state.employ("demo", "ada", "ada-room");
            state.open_account("work", &["main", "private"]);
            book(&mut state, appointments);
        }
        let mut settings = two_way("main", &[]);
        settings.direction = Direction::EhrToCalendar;
        settings.detail = Detail::Full;
        settings.window = WindowDays::new(7, 365).unwrap();
        settings.aged_out = AgedOut::Keep;
        let made = run(engine.connect(connection("demo", "ada", "work", settings))).unwrap();
        let at = ConnectionRef { practice: made.practice, id: made.id };
        let mut house = Self { worker: Worker::new(0, engine.clone()), world, engine, at };
        house.work();
        house
    }

    fn work(&mut self) {
        while self.worker.take(&self.world) {
            self.worker.finish(&self.world);
        }
        assert_eq!(self.world.lock().broken, [""; 0]);
    }

    fn sweep_after(&mut self, pause: SignedDuration) {
        self.world.lock().now += pause;
        run(self.engine.sweep(0, Timestamp::MAX)).unwrap();
        self.work();
    }

    fn set(&mut self, change: impl Fn(&mut Policy) + Send + Sync) {
        run(self.engine.change_practice(&demo(), &platform(), |practice| change(&mut practice.policy)))
            .unwrap();
        self.work();
    }

    /// How many mirrors stand, and how many of them say no more than "Busy".
    fn mirrors(&self) -> (usize, usize) {
        let mut state = self.world.lock();
        let items = &state.calendar("work", "main").items;
        let titles = items.values().filter_map(|item| match &item.body {
            Body::Mirror(content) => Some((content.title == "Busy", content.location.is_none())),
            Body::Events(_) | Body::Unreadable => None,
        });
        let titles: Vec<_> = titles.collect();
        (titles.len(), titles.iter().filter(|silent| **silent == (true, true)).count())
    }

    /// What Daybook did or met by itself.
    fn trail(&self) -> Vec<Deed> {
        let world = self.world.lock();
        let own = world.trail.values().filter(|entry| entry.who == Who::daybook());
        own.map(|entry| entry.deed).collect()
    }

    fn view(&self) -> View {
        run(self.engine.view(&self.at)).unwrap()
    }

    /// As somebody leaves it who chose what needs one more permission, and did not give it.
    fn lack_access(&self) {
        let mut connection = self.view().connection;
        connection.version += 1;
        let evidence = &mut connection.evidence;
        evidence.granted = Some(Access { writes: Writes::OwnCalendars, reads: Reads::Names });
        evidence.needed = Some(Access::ALL);
        run(self.world.command_connection(&connection)).unwrap();
        run(self.engine.sync_now(&self.at)).unwrap();
    }

    fn lock_account(&self, is_locked: bool) {
        self.world.lock().accounts.get_mut("work").unwrap().is_locked = is_locked;
    }
}

fn part2(policy: &mut Policy) {
    policy.part2 = Part2::Yes;
}

#[test]
fn e_090_part_2_reaches_every_mirror_ever_written() {
    let mut house = House::new(policy(365), 200);
    assert_eq!(house.mirrors(), (200, 0));
    for _ in 0..100 {
        house.sweep_after(HOUR * 24);
    }
    assert_eq!(house.mirrors(), (200, 0), "history stays, far outside the window");
    house.set(part2);
    assert_eq!(house.mirrors(), (200, 200));
    let view = house.view();
    assert_eq!((view.effective_detail, view.effective_detail_reason), (Detail::Busy, Some(Cap::Part2)));
    assert_eq!((view.above_detail, view.state), (0, State::Active));
    let writes = house.world.lock().writes;
    house.sweep_after(HOUR * 25);
    assert_eq!(house.world.lock().writes, writes, "a further run plans nothing");
}

#[test]
fn with_a_revoked_grant_what_is_left_is_known_and_signing_in_again_ends_it() {
    let mut house = House::new(policy(365), 200);
    house.lock_account(true);
    house.set(part2);
    let view = house.view();
    assert_eq!((view.state, view.above_detail), (State::ReconnectRequired, 200));
    assert_eq!(house.trail(), [Deed::AccessLost]);
    assert_eq!(house.mirrors(), (200, 0));
    house.lock_account(false);
    run(house.engine.reconnect(&house.at, login("work"))).unwrap();
    house.work();
    assert_eq!((house.view().state, house.view().above_detail), (State::Active, 0));
    assert_eq!(house.mirrors(), (200, 200));
}

/// A connection with twenty entries, resting in this state: they tell less as soon as the EHR answers, and nothing else is done.
fn only_lowers(house: &mut House, rests: State) {
    house.world.lock().book(&demo(), appointment("new", "ada", Interval::new(now(), now() + HOUR).unwrap()));
    house.world.lock().ehrs.get_mut(&demo()).unwrap().is_down = true;
    house.set(part2);
    assert_eq!((house.mirrors(), house.view().above_detail), ((20, 0), 20), "nobody tells what stands there");
    house.world.lock().ehrs.get_mut(&demo()).unwrap().is_down = false;
    house.sweep_after(HOUR);
    assert_eq!((house.view().state, house.view().above_detail), (rests, 0));
    assert_eq!(house.mirrors(), (20, 20), "all tell less, and nothing new stands");
    let writes = house.world.lock().writes;
    house.sweep_after(HOUR * 25);
    assert_eq!(house.world.lock().writes, writes, "nothing else is done");
}

#[test]
fn a_pause_holds_everything_but_a_lowered_cap() {
    let mut house = House::new(policy(365), 20);
    run(house.engine.pause(&house.at)).unwrap();
    house.work();
    only_lowers(&mut house, State::Paused);
    house.set(|policy| policy.part2 = Part2::No);
    assert_eq!(house.mirrors(), (20, 20));
    run(house.engine.resume(&house.at)).unwrap();
    house.work();
    assert_eq!(house.mirrors(), (21, 0));
}

/// What was allowed before still is: only the new choice waits.
#[test]
fn a_permission_that_is_missing_does_not_hold_back_a_lowered_cap() {
    let mut house = House::new(policy(365), 20);
    house.lack_access();
    house.work();
    assert_eq!((house.view().state, house.mirrors()), (State::ReconnectRequired, (20, 0)));
    only_lowers(&mut house, State::ReconnectRequired);
}

#[test]
fn an_account_that_is_shut_while_a_permission_is_missing_is_found_out_by_lowering() {
    let mut house = House::new(policy(365), 3);
    house.lack_access();
    house.lock_account(true);
    house.set(part2);
    assert!(house.view().connection.evidence.is_shut());
    assert_eq!((house.view().above_detail, house.trail()), (3, vec![Deed::AccessLost]));
}

#[test]
fn an_attestation_that_ends_lowers_the_cap_at_the_next_run() {
    let mut house = House::new(policy(10), 3);
    assert_eq!(house.view().effective_detail, Detail::Full);
    let due = house.view().connection.schedule.due_at.unwrap();
    assert!(due <= now() + HOUR * 240, "it is looked at again when the attestation ends");
    for _ in 0..10 {
        house.sweep_after(HOUR * 24);
    }
    let view = house.view();
    assert_eq!(view.effective_detail_reason, Some(Cap::AgreementOver));
    assert_eq!((view.effective_detail, view.above_detail), (Detail::Appointment, 0));
    house.set(|policy| policy.attestations[0].expires_at = now() + HOUR * 24 * 100);
    assert_eq!(house.view().effective_detail, Detail::Full);
}

/// Nobody else wakes a connection that rests.
#[test]
fn an_attestation_that_ends_during_a_pause_lowers_the_cap() {
    let mut house = House::new(policy(10), 3);
    run(house.engine.pause(&house.at)).unwrap();
    house.work();
    for _ in 0..11 {
        house.sweep_after(HOUR * 24);
    }
    let view = house.view();
    assert_eq!((view.state, view.effective_detail), (State::Paused, Detail::Appointment));
    assert_eq!(view.above_detail, 0, "names stay in the calendar");
    let writes = house.world.lock().writes;
    house.sweep_after(HOUR * 25);
    assert_eq!((house.view().connection.schedule.due_at, house.world.lock().writes), (None, writes));
}

#[test]
fn a_calendar_that_is_shared_later_tells_nothing_from_the_next_day_on() {
    let mut house = House::new(policy(365), 3);
    let share = |is_shared| house.world.lock().calendar("work", "main").info.shared = is_shared;
    share(true);
    house.sweep_after(HOUR * 25);
    let view = house.view();
    assert_eq!(
        (view.effective_detail, view.effective_detail_reason),
        (Detail::Busy, Some(Cap::SharedCalendar))
    );
    assert_eq!((house.mirrors(), view.above_detail), ((3, 3), 0));
    house.world.lock().calendar("work", "main").info.shared = false;
    house.sweep_after(HOUR * 25);
    assert_eq!((house.mirrors(), house.view().effective_detail), ((3, 0), Detail::Full));
}

#[test]
fn what_is_no_longer_allowed_goes_on_at_busy_and_says_so() {
    let mut house = House::new(policy(365), 3);
    house.set(|policy| policy.account_domains = Allowed::Only(["clinic.example".to_owned()].into()));
    let view = house.view();
    assert_eq!((view.effective_detail, view.effective_detail_reason), (Detail::Busy, Some(Cap::NotAllowed)));
    assert_eq!(view.connection.problems["policy"].kind, ProblemKind::NotAllowed);
    assert_eq!(house.mirrors(), (3, 3));
    house.set(|policy| policy.account_domains = Allowed::All);
    assert!(house.view().connection.problems.is_empty());
    assert_eq!(house.mirrors(), (3, 0));
}

#[test]
fn what_is_not_allowed_is_not_connected() {
    let house = House::new(policy(365), 0);
    let connect = |practitioner: &str, account: &str| {
        house.world.lock().employ("demo", practitioner, "room");
        house.world.lock().open_account(account, &["main"]);
        run(house.engine.connect(connection("demo", practitioner, account, two_way("main", &[]))))
    };
    let only = |names: &[&str]| Allowed::Only(names.iter().map(|name| (*name).to_owned()).collect());
    let set = |change: fn(&mut Policy)| {
        run(house.engine.change_practice(&demo(), &platform(), |practice| change(&mut practice.policy)))
            .unwrap();
    };
    set(|policy| policy.providers = Allowed::Only([].into()));
    assert!(matches!(connect("b", "two"), Err(EngineError::NotAllowed { .. })));
    run(house.engine.change_practice(&demo(), &platform(), |practice| {
        practice.policy = Policy { account_domains: only(&["clinic.example"]), ..Policy::default() };
    }))
    .unwrap();
    assert!(matches!(connect("c", "three"), Err(EngineError::NotAllowed { .. })));
    set(|policy| *policy = Policy { window: WindowDays::new(7, 59).unwrap(), ..Policy::default() });
    assert!(matches!(connect("d", "four"), Err(EngineError::Invalid { field: "window", .. })));
    set(|policy| *policy = Policy { window: WindowDays::new(7, 60).unwrap(), ..Policy::default() });
    assert!(connect("e", "five").is_ok());
}

#[test]
fn narrower_bounds_take_away_what_lies_outside_and_wider_ones_bring_it_back() {
    let mut house = House::new(policy(365), 30);
    assert_eq!(house.mirrors().0, 30);
    house.set(|policy| policy.window = WindowDays::new(0, 95).unwrap());
    assert_eq!(house.mirrors().0, 10);
    house.set(|policy| policy.window = WindowDays::WIDEST);
    assert_eq!(house.mirrors().0, 30);
    assert_eq!(house.view().connection.settings.window, WindowDays::new(7, 365).unwrap(), "as chosen");
}

#[test]
fn under_narrower_bounds_everything_but_the_window_can_be_changed_and_a_switch_takes_what_is_allowed() {
    let mut house = House::new(policy(365), 30);
    let narrow = WindowDays::new(0, 95).unwrap();
    house.set(|policy| policy.window = narrow);
    let less = Patch { detail: Some(Detail::Busy), ..Patch::default() };
    run(house.engine.change(&house.at, None, &less)).unwrap();
    house.work();
    assert_eq!(house.mirrors(), (10, 10));
    let wide = Patch { window: WindowDays::new(7, 365), ..Patch::default() };
    let refused =
        |done: Result<(), EngineError>| matches!(done, Err(EngineError::Invalid { field: "window", .. }));
    assert!(
        refused(run(house.engine.preview_change(&house.view().connection, &wide)).map(|_| ())),
        "before it is saved"
    );
    assert!(refused(run(house.engine.change(&house.at, None, &wide)).map(|_| ())));
    house.world.lock().open_account("home", &["family"]);
    let switch = Switch {
        provider: Provider::Caldav,
        main_calendar: MainCalendar::Existing(CalendarRef { id: "family".into(), name: String::new() }),
        blocking_calendars: BlockingCalendars::Owned,
        afterwards: Afterwards::Leaves,
        login: Some(login("home")),
    };
    let made = run(house.engine.switch(&house.at, switch)).unwrap();
    assert_eq!(made.settings.window, narrow);
}

#[test]
fn how_much_another_calendar_would_tell_is_known_before() {
    let house = House::new(policy(365), 3);
    house.world.lock().calendar("work", "private").info.shared = true;
    let level = |main: MainCalendar| {
        let patch = Patch { main_calendar: Some(main), ..Patch::default() };
        run(house.engine.preview_change(&house.view().connection, &patch)).unwrap().level
    };
    let calendar = |id: &str| MainCalendar::Existing(CalendarRef { id: id.into(), name: String::new() });
    let writes = house.world.lock().writes;
    assert_eq!(level(calendar("private")), (Detail::Busy, Some(Cap::SharedCalendar)));
    assert_eq!(level(calendar("main")), (Detail::Full, None));
    assert_eq!(level(MainCalendar::Create("Work".into())), (Detail::Full, None));
    assert_eq!(level(MainCalendar::None), (Detail::Full, None));
    assert_eq!(house.world.lock().writes, writes);
    let view = house.view();
    assert_eq!((view.effective_detail, view.effective_detail_reason), (Detail::Full, None));
}

#[test]
fn a_policy_that_another_set_meanwhile_stands() {
    let house = House::new(policy(365), 0);
    let seen = run(house.engine.read_practice(&demo())).unwrap().set_at;
    let set = |change: fn(&mut Policy)| run(house.engine.set_policy(&demo(), &platform(), seen, change));
    set(part2).unwrap();
    let late = set(|policy| policy.detail_cap = Detail::Busy);
    assert!(matches!(late, Err(EngineError::Store(StoreError::Stale { .. }))), "{late:?}");
    let stands = run(house.engine.read_practice(&demo())).unwrap().policy;
    assert_eq!((stands.part2, stands.detail_cap), (Part2::Yes, policy(365).detail_cap));
}

#[test]
fn what_a_person_set_survives_a_restart_with_the_old_configuration() {
    let mut house = House::new(policy(365), 3);
    house.set(part2);
    run(house.world.put_practice(&Practice { policy: policy(365), ..scene::practice("demo") })).unwrap();
    house.sweep_after(HOUR * 25);
    assert_eq!(house.mirrors(), (3, 3));
}

/// What an account that is out of reach keeps is known to the practice as long as the connection can be read.
#[test]
fn what_a_dead_sign_in_left_behind_is_counted_until_the_account_is_connected_again() {
    let mut house = House::new(policy(365), 30);
    house.lock_account(true);
    run(house.engine.disconnect(&house.at, Mirrors::Remove)).unwrap();
    house.work();
    let above = |house: &House| -> Vec<u64> {
        run(house.engine.members(&demo())).unwrap().iter().map(|member| member.above).collect()
    };
    assert_eq!(house.view().state, State::Disconnected);
    assert_eq!(house.trail(), [Deed::Ended]);
    assert_eq!(above(&house), [0], "what stands tells no more than is allowed");
    let left = |house: &House| -> Vec<u64> {
        run(house.engine.members(&demo())).unwrap().iter().map(|member| member.left_behind).collect()
    };
    assert_eq!(left(&house), [30], "and is seen all the same");
    house.set(|policy| policy.detail_cap = Detail::Appointment);
    assert_eq!(above(&house), [30]);
    house.lock_account(false);
    let mut settings = two_way("main", &[]);
    settings.window = WindowDays::new(7, 365).unwrap();
    run(house.engine.connect(connection("demo", "ada", "work", settings))).unwrap();
    house.work();
    assert_eq!(above(&house), [0], "the new connection alone is left");
    assert_eq!(left(&house), [0]);
    assert_eq!(house.mirrors(), (30, 30));
}

#[test]
fn what_a_clinician_kept_is_counted_when_less_is_allowed_later() {
    let mut house = House::new(policy(365), 7);
    run(house.engine.disconnect(&house.at, Mirrors::Keep)).unwrap();
    house.work();
    house.set(part2);
    let members = run(house.engine.members(&demo())).unwrap();
    assert_eq!(
        members.iter().map(|member| (member.state, member.above)).collect::<Vec<_>>(),
        [(State::Disconnected, 7)]
    );
}

/// What exceeds their own wish alone is nothing to the practice, whether they go on or have left.
#[test]
fn a_clinician_who_lowers_themselves_breaks_no_rule() {
    let above = |house: &House| -> Vec<u64> {
        run(house.engine.members(&demo())).unwrap().iter().map(|member| member.above).collect()
    };
    let less = Patch { detail: Some(Detail::Busy), ..Patch::default() };
    let mut house = House::new(policy(365), 7);
    house.lock_account(true);
    run(house.engine.change(&house.at, None, &less)).unwrap();
    house.work();
    assert_eq!((house.view().above_detail, above(&house)), (7, vec![0]), "the clinician alone is concerned");
    house.set(|policy| policy.detail_cap = Detail::Appointment);
    assert_eq!((house.view().above_detail, above(&house)), (7, vec![7]));
    house.set(|policy| policy.detail_cap = Detail::Full);
    run(house.engine.disconnect(&house.at, Mirrors::Remove)).unwrap();
    house.work();
    assert_eq!(above(&house), [0], "nor once they have left");
    house.set(part2);
    assert_eq!(above(&house), [7]);
}

#[test]
fn what_a_policy_would_change_is_known_before() {
    let house = House::new(policy(365), 3);
    let before = policy(365);
    let effects = |after: Policy| run(house.engine.policy_effects(&demo(), &after)).unwrap();
    let only = |name: &str| Allowed::Only([name.to_owned()].into());
    for (after, expected) in [
        (before.clone(), Effects::default()),
        (Policy { part2: Part2::Yes, ..before.clone() }, Effects { lowered: 1, ..Effects::default() }),
        (Policy { attestations: vec![], ..before.clone() }, Effects { lowered: 1, ..Effects::default() }),
        (
            Policy { account_domains: only("clinic.example"), ..before.clone() },
            Effects { lowered: 1, unwanted: 1, ..Effects::default() },
        ),
        (
            Policy { window: WindowDays::new(0, 1826).unwrap(), ..before },
            Effects { narrowed: 1, ..Effects::default() },
        ),
    ] {
        assert_eq!(effects(after), expected);
    }
    assert_eq!(house.mirrors(), (3, 0), "and nothing was changed");
}
