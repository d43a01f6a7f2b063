//! Notices from a change to the receiver: numbered without a gap wherever a run dies, offered until somebody takes them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use daybook_core::notice::{News, Notice};
use daybook_core::time::Interval;
use daybook_engine::ports::{ConnectionRef, Courier, Practice, Practices, RemoteError};
use daybook_engine::{Engine, Pace};
use daybook_tests::world::World;
use daybook_tests::world::calendar::single;
use daybook_tests::world::scene::{appointment, connection, demo, practice, two_way};
use daybook_tests::world::worker::{Worker, run};
use jiff::{SignedDuration, Timestamp};

const NOON: &str = "2026-11-23T12:00:00Z";

/// Refuses the first few, and keeps what it takes.
#[derive(Default)]
struct Receiver {
    refuses: AtomicU32,
    asked: AtomicU32,
    took: Mutex<Vec<String>>,
}

#[async_trait]
impl Courier for Receiver {
    async fn carry(&self, notice: &Notice, to: &str, _: Timestamp) -> Result<(), RemoteError> {
        assert_eq!(to, "https://ehr.example/notices");
        self.asked.fetch_add(1, Ordering::Relaxed);
        let left = self.refuses.load(Ordering::Relaxed);
        if left > 0 {
            self.refuses.store(left - 1, Ordering::Relaxed);
            return Err(RemoteError::Later { what: "the receiver".into(), retry_after: None, cause: None });
        }
        self.took.lock().unwrap().push(notice.id());
        Ok(())
    }
}

struct Scene {
    world: Arc<World>,
    engine: Engine,
    worker: Worker,
    receiver: Arc<Receiver>,
    at: ConnectionRef,
}

impl Scene {
    fn new() -> Self {
        let world = World::new(1, NOON.parse().unwrap());
        let told = Practice { notices_to: Some("https://ehr.example/notices".into()), ..practice("demo") };
        run(world.put_practice(&told)).unwrap();
        world.lock().employ("demo", "ada", "ada-room");
        world.lock().open_account("work", &["main", "private"]);
        let receiver = Arc::new(Receiver::default());
        let mut engine = world.engine(Pace::default());
        engine.courier = receiver.clone();
        let new = connection("demo", "ada", "work", two_way("main", &["private"]));
        let made = run(engine.connect(new)).unwrap();
        let at = ConnectionRef { practice: demo(), id: made.id };
        let worker = Worker::new(0, engine.clone());
        Self { world, engine, worker, receiver, at }
    }

    /// Everything that is queued, and what comes of it.
    fn settle(&mut self) {
        for _ in 0..50 {
            if !self.worker.take(&self.world) {
                return;
            }
            self.worker.finish(&self.world);
        }
        panic!("there is always more to do");
    }

    /// Long enough for a dead worker's lease and message to come free.
    fn wait(&mut self, minutes: i64) {
        self.world.lock().now += SignedDuration::from_mins(minutes);
    }

    fn sweep(&mut self) {
        run(self.engine.sweep(0, Timestamp::MAX)).unwrap();
        self.settle();
    }

    fn told(&self) -> Vec<(u64, &'static str)> {
        let state = self.world.lock();
        state.outbox.values().map(|offered| (offered.notice.number, offered.notice.news.name())).collect()
    }
}

const CHANGED: &str = "connection.state_changed";

#[test]
fn wherever_a_run_dies_each_change_is_told_once_and_numbered() {
    for awaits in 1..200 {
        let mut scene = Scene::new();
        scene.worker.take(&scene.world);
        let ended = (0..awaits).any(|_| scene.worker.poll(&scene.world));
        scene.worker.crash(&scene.world);
        scene.wait(10);
        scene.sweep();
        assert_eq!(scene.told(), [(1, CHANGED)], "died after {awaits} awaits");
        run(scene.engine.pause(&scene.at)).unwrap();
        scene.settle();
        assert_eq!(scene.told(), [(1, CHANGED), (2, CHANGED)], "died after {awaits} awaits");
        if ended {
            return;
        }
    }
    panic!("the run has no end");
}

#[test]
fn what_nobody_takes_is_offered_for_three_days_and_then_kept() {
    let mut scene = Scene::new();
    scene.settle();
    scene.receiver.refuses.store(u32::MAX, Ordering::Relaxed);
    scene.sweep();
    assert_eq!(scene.receiver.asked.load(Ordering::Relaxed), 1);
    scene.sweep();
    assert_eq!(scene.receiver.asked.load(Ordering::Relaxed), 1, "not again at once");
    for _ in 0..(4 * 24 * 4) {
        scene.wait(15);
        scene.sweep();
    }
    let asked = scene.receiver.asked.load(Ordering::Relaxed);
    assert!((200..400).contains(&asked), "{asked}");
    let first = scene.world.lock().outbox.values().next().cloned().unwrap();
    assert_eq!((first.delivery.offer_at, first.delivery.taken_at), (None, None));
    let read = run(scene.engine.list_notices(&demo(), None, 10)).unwrap();
    assert_eq!(read[0].news, News::StateChanged);
}

#[test]
fn a_receiver_that_is_back_gets_all_in_order() {
    let mut scene = Scene::new();
    scene.settle();
    run(scene.engine.pause(&scene.at)).unwrap();
    scene.settle();
    scene.receiver.refuses.store(3, Ordering::Relaxed);
    for _ in 0..20 {
        scene.sweep();
        scene.wait(15);
    }
    let mut took = scene.receiver.took.lock().unwrap().clone();
    took.sort();
    let ids: Vec<String> = scene.world.lock().outbox.values().map(|offered| offered.notice.id()).collect();
    assert_eq!(took, ids, "each once");
    let all_taken = scene.world.lock().outbox.values().all(|offered| offered.delivery.taken_at.is_some());
    assert!(all_taken);
}

#[test]
fn an_appointment_over_a_private_event_is_told_until_it_is_moved() {
    let mut scene = Scene::new();
    let hour = |from: i64| {
        let at = |hours| NOON.parse::<Timestamp>().unwrap() + SignedDuration::from_hours(24 + hours);
        Interval::between(at(from), at(from + 1))
    };
    scene.world.lock().book(&demo(), appointment("a1", "ada", hour(1)));
    scene.world.lock().put_event("work", "private", "dentist", vec![single(hour(1))]);
    scene.settle();
    assert_eq!(scene.told(), [(1, CHANGED), (2, "conflict.found")]);
    scene.world.lock().book(&demo(), appointment("a1", "ada", hour(5)));
    scene.wait(25 * 60);
    scene.sweep();
    assert_eq!(scene.told().last(), Some(&(3, "conflict.cleared")));
}
