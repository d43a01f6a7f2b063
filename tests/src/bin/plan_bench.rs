//! How long one plan takes: 10,000 links against a full listing, and against a delta of ten items.
//! It measures `daybook-core` alone; nothing is read, written or awaited.
#![expect(clippy::disallowed_methods, reason = "a bench reads the clock, and nothing is decided by it")]
#![expect(clippy::print_stdout, reason = "what it prints is what it is for")]

use std::collections::HashMap;
use std::hint::black_box;
use std::time::Instant;

use daybook_core::connection::AgedOut;
use daybook_core::detail::Detail;
use daybook_core::key::{Owner, PracticeKey, Target};
use daybook_core::link::{Agreed, Link, LinkState, Touch};
use daybook_core::mirror::{Certainty, Content, MirrorContent};
use daybook_core::plan::{
    BrakeRule, Look, MirrorSight, Mirrors, Outside, OwnerSight, Rules, Source, Strays, Unseen, plan,
};
use daybook_core::time::Interval;
use jiff::Timestamp;

const LINKS: usize = 10_000;
const ROUNDS: usize = 50;

fn main() {
    let all = Scene::new(LINKS);
    let ten = Scene::delta(10);
    for (name, scene, goal_ms) in
        [("10,000 links, full listing", &all, 15.0), ("ten items of a delta", &ten, 0.1)]
    {
        assert!(scene.plan_once() == 0, "both sides agree: there is nothing to do");
        let mut taken_ms: Vec<f64> = (0..ROUNDS).map(|_| timed_ms(scene)).collect();
        taken_ms.sort_by(f64::total_cmp);
        let (least, median) = (taken_ms.first().copied(), taken_ms.get(ROUNDS / 2).copied());
        println!(
            "{name}: least {:.3} ms, median {:.3} ms, goal {goal_ms} ms",
            least.unwrap_or_default(),
            median.unwrap_or_default()
        );
    }
}

fn timed_ms(scene: &Scene) -> f64 {
    let from = Instant::now();
    black_box(scene.plan_once());
    from.elapsed().as_secs_f64() * 1000.0
}

/// A lane in which both sides agree.
struct Scene {
    key: PracticeKey,
    links: Vec<Link>,
    owners: HashMap<Owner, OwnerSight>,
    mirrors: Mirrors,
    target: Target,
    listed: HashMap<Source, Interval>,
    listed_targets: HashMap<Target, Interval>,
}

impl Scene {
    fn new(links: usize) -> Self {
        let mut scene = Self {
            key: PracticeKey::new(&[7; 32]),
            links: Vec::new(),
            owners: HashMap::new(),
            mirrors: HashMap::new(),
            target: Target::Calendar("main".into()),
            listed: HashMap::from([(Source::Ehr, year())]),
            listed_targets: HashMap::from([(Target::Calendar("main".into()), year())]),
        };
        (0..links).for_each(|number| scene.add(number));
        scene
    }

    fn add(&mut self, number: usize) {
        let owner = Owner::Appointment(format!("appointment-{number}").as_str().into());
        let content = content(number);
        let mirror = self.key.mirror_id(&"ada".into(), &owner, &self.target);
        let state = LinkState::Agreed(Agreed {
            fingerprint: self.key.fingerprint(&content),
            span: content.interval(),
            revision: Some("r1".into()),
            touch: Touch::OursAlone,
            restored: None,
        });
        let holds =
            MirrorSight::Holds { content: content.clone(), revision: Some("r1".into()), remote: None };
        self.owners.insert(owner.clone(), OwnerSight::Wanted(content));
        self.mirrors.entry(self.target.clone()).or_default().insert(mirror.clone(), holds);
        let target = self.target.clone();
        self.links.push(Link {
            owner,
            target,
            mirror,
            remote: None,
            item_digest: None,
            told: Detail::Busy,
            state,
            generation: 1,
        });
    }

    /// As a delta finds it: the items that changed, and their links.
    fn delta(items: usize) -> Self {
        let mut delta = Self::new(items);
        (delta.listed, delta.listed_targets) = (HashMap::new(), HashMap::new());
        delta
    }

    fn plan_once(&self) -> usize {
        let plan = plan(&Look {
            key: &self.key,
            practitioner: &"ada".into(),
            links: &self.links.iter().collect::<Vec<_>>(),
            owners: &self.owners.iter().collect(),
            mirrors: &self.mirrors,
            targets: std::slice::from_ref(&self.target),
            listed: &self.listed,
            listed_targets: &self.listed_targets,
            strays: Strays::Remove,
            rules: Rules {
                window: year(),
                aged_out: AgedOut::Remove,
                outside: Outside::Follow,
                unseen: Unseen::Rests,
                brake: BrakeRule::Armed,
                version: 1,
                told: Detail::Busy,
                now: Timestamp::UNIX_EPOCH,
            },
        });
        plan.looks.len() + plan.agrees.len() + plan.puts.len() + plan.deletes.len()
    }
}

fn content(number: usize) -> Content {
    let start = second(i64::try_from(number).unwrap_or_default() * 3000);
    let end = second(i64::try_from(number).unwrap_or_default() * 3000 + 3000);
    Content::Mirror(MirrorContent {
        title: "Busy".into(),
        interval: Interval::between(start, end),
        certainty: Certainty::Confirmed,
        location: None,
        reminder_minutes: None,
    })
}

fn year() -> Interval {
    Interval::between(second(0), second(365 * 86_400))
}

fn second(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or_default()
}
