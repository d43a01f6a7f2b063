//! What holds of every plan, tried on random small worlds: carried out, a plan leaves nothing to do; it touches
//! nothing whose owner was not reported; and the same look gives the same plan.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

const NAMES: [&str; 5] = ["a1", "a2", "gym.1", "gym.2", "lunch"];
const TARGETS: [&str; 2] = ["main", "shared"];

/// What really is on the owner's side.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Truth {
    Nothing,
    NotWanted,
    Unclear,
    Wanted(i64),
}

/// What one pair of owner and target starts with.
#[derive(Clone, Copy, Debug)]
enum Known {
    Nothing,
    Agreed(i64),
    Owing(Reason, Option<i64>),
}

#[derive(Clone, Debug)]
struct Case {
    truth: Vec<Truth>,
    /// For each owner, in each target: what is remembered, and at which hour a mirror stands.
    pairs: Vec<(Known, Option<i64>)>,
    targets: Vec<Target>,
    rules: (AgedOut, Outside, BrakeRule),
}

fn hours() -> impl Strategy<Value = i64> {
    prop::sample::select(vec![-5, 20, 30, 40, 2000])
}

fn truth() -> impl Strategy<Value = Truth> {
    let plain = prop::sample::select(vec![Truth::Nothing, Truth::NotWanted, Truth::Unclear]);
    prop_oneof![1 => plain, 2 => hours().prop_map(Truth::Wanted)]
}

fn known() -> impl Strategy<Value = Known> {
    let reasons = vec![Reason::Writing, Reason::Removing, Reason::Retry, Reason::Rejected, Reason::Brake];
    let owing = (prop::sample::select(reasons), prop::sample::select(vec![None, Some(5), Some(15)]));
    prop_oneof![
        Just(Known::Nothing),
        hours().prop_map(Known::Agreed),
        owing.prop_map(|(reason, until)| Known::Owing(reason, until)),
    ]
}

fn case() -> impl Strategy<Value = Case> {
    let pair = (known(), prop::option::of(hours()));
    let targets = prop::sample::subsequence(TARGETS.map(calendar).to_vec(), 0..=2);
    let rules = (
        prop::sample::select(vec![AgedOut::Remove, AgedOut::Keep]),
        prop::sample::select(vec![Outside::Follow, Outside::Drop]),
        prop::sample::select(vec![BrakeRule::Armed, BrakeRule::Released]),
    );
    (
        prop::collection::vec(truth(), NAMES.len()),
        prop::collection::vec(pair, NAMES.len() * 2),
        targets,
        rules,
    )
        .prop_map(|(truth, pairs, targets, rules)| Case { truth, pairs, targets, rules })
}

fn content(name: &str, at: i64) -> Content {
    if name.starts_with('a') { busy_at(at) } else { block_at(at) }
}

/// The world of a case, and a look at all of it.
struct Model {
    scene: Scene,
    truth: BTreeMap<String, Truth>,
    standing: BTreeMap<(Target, MirrorId), (Content, u32)>,
    writes: u32,
}

impl Model {
    fn new(case: &Case) -> Self {
        let (aged_out, outside, brake) = case.rules;
        let mut scene = Scene::new().into(&case.targets).ruled(|rules| {
            (rules.aged_out, rules.outside, rules.brake) = (aged_out, outside, brake);
        });
        scene.strays = Strays::Remove;
        let mut standing = BTreeMap::new();
        for (at, (known, mirror)) in case.pairs.iter().enumerate() {
            let (name, target) = (NAMES[at / 2], calendar(TARGETS[at % 2]));
            scene = match known {
                Known::Nothing => scene,
                Known::Agreed(hour) => scene.agreed(name, &target, &content(name, *hour)),
                Known::Owing(reason, until) => {
                    let mut scene = scene.owes(name, *reason, *until);
                    let mirror = scene.mirror(name, &target);
                    let link = scene.links.last_mut().unwrap();
                    (link.target, link.mirror) = (target.clone(), mirror);
                    scene
                }
            };
            if let Some(hour) = mirror {
                standing.insert((target.clone(), scene.mirror(name, &target)), (content(name, *hour), 1));
            }
        }
        let truth = NAMES.iter().zip(&case.truth).map(|(name, truth)| ((*name).to_owned(), *truth)).collect();
        Self { scene, truth, standing, writes: 1 }
    }

    /// Lists everything on both sides, as a full comparison does.
    fn look_at_everything(&mut self) {
        self.scene.owners.clear();
        self.scene.mirrors.clear();
        for (name, truth) in &self.truth {
            if *truth != Truth::Nothing {
                self.scene.owners.insert(owner(name), sight(name, *truth));
            }
        }
        for ((target, mirror), (content, revision)) in &self.standing {
            let revision = Some(format!("r{revision}").as_str().into());
            let sight = MirrorSight::Holds { content: content.clone(), revision, remote: None };
            self.scene.mirrors.entry(target.clone()).or_default().insert(mirror.clone(), sight);
        }
        self.scene.listed =
            [Source::Ehr, Source::Calendar("private".into())].map(|source| (source, span(-100, 5000))).into();
        self.scene.listed_targets = TARGETS.map(|name| (calendar(name), span(-100, 5000))).into();
    }

    /// Plans, reads by id what the plan asks for, and plans anew until it asks for nothing more.
    fn settle(&mut self) -> Plan {
        let mut asked = BTreeSet::new();
        loop {
            let plan = self.scene.plan();
            let before = asked.len();
            for owner in &plan.looks {
                asked.insert(owner.clone());
                let name = name_of(owner);
                let truth = self.truth.get(&name).copied().unwrap_or(Truth::Nothing);
                self.scene.owners.insert(owner.clone(), sight(&name, truth));
            }
            if asked.len() == before {
                return plan;
            }
        }
    }

    fn carry_out(&mut self, plan: Plan) {
        for agree in plan.agrees {
            self.remember(agree.link);
        }
        for put in plan.puts {
            self.writes += 1;
            let at = (put.link.target.clone(), put.link.mirror.clone());
            self.standing.insert(at, (put.content.clone(), self.writes));
            let agreed = Agreed {
                fingerprint: put.fingerprint,
                span: put.content.interval(),
                revision: Some(format!("r{}", self.writes).as_str().into()),
                touch: Touch::OursAlone,
                restored: put.restored,
            };
            self.remember(Link { state: LinkState::Agreed(agreed), ..put.link });
        }
        for delete in plan.deletes {
            self.standing.remove(&(delete.link.target.clone(), delete.link.mirror.clone()));
            self.forget(&delete.link);
        }
        plan.forgets.iter().for_each(|link| self.forget(link));
        plan.holds.into_iter().for_each(|link| self.remember(link));
        plan.parks.into_iter().for_each(|link| self.remember(link));
    }

    fn forget(&mut self, link: &Link) {
        self.scene.links.retain(|known| (&known.owner, &known.target) != (&link.owner, &link.target));
    }

    fn remember(&mut self, link: Link) {
        self.forget(&link);
        self.scene.links.push(link);
    }
}

fn sight(name: &str, truth: Truth) -> OwnerSight {
    match truth {
        Truth::Nothing => OwnerSight::Absent,
        Truth::NotWanted => OwnerSight::NotWanted,
        Truth::Unclear => OwnerSight::Unclear,
        Truth::Wanted(at) => OwnerSight::Wanted(content(name, at)),
    }
}

fn remaining(plan: &Plan, truth: &BTreeMap<String, Truth>) -> Vec<String> {
    let mut told = tell(plan);
    let unclear = |line: &String| {
        truth.iter().any(|(name, truth)| *truth == Truth::Unclear && *line == format!("look {name}"))
    };
    told.retain(|line| !line.starts_with("hold ") && !unclear(line));
    told
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_plan_carried_out_leaves_nothing_to_do(case in case()) {
        let mut model = Model::new(&case);
        model.look_at_everything();
        let plan = model.settle();
        model.carry_out(plan);
        model.look_at_everything();
        let again = model.settle();
        prop_assert_eq!(remaining(&again, &model.truth), Vec::<String>::new());
    }

    #[test]
    fn afterwards_both_sides_agree_wherever_nothing_waits(case in case()) {
        let mut model = Model::new(&case);
        model.look_at_everything();
        let plan = model.settle();
        model.carry_out(plan);
        for link in &model.scene.links {
            let LinkState::Agreed(agreed) = &link.state else { continue };
            let truth = model.truth[&name_of(&link.owner)];
            let standing = model.standing.get(&(link.target.clone(), link.mirror.clone()));
            if let (Truth::Wanted(_), Some((content, _))) = (truth, standing) {
                prop_assert_eq!(model.scene.key.fingerprint(content), agreed.fingerprint);
            }
            prop_assert!(truth == Truth::Unclear || standing.is_some(), "{:?} has no mirror", link);
        }
    }

    #[test]
    fn no_action_follows_from_an_owner_that_was_not_reported(case in case(), reported in any::<u8>(), seen in any::<u8>()) {
        let mut model = Model::new(&case);
        model.look_at_everything();
        model.scene.listed.clear();
        for (bit, name) in NAMES.iter().enumerate() {
            if reported & (1 << bit) == 0 {
                model.scene.owners.remove(&owner(name));
            }
            if seen & (1 << bit) == 0 {
                let names = TARGETS.map(|target| model.scene.mirror(name, &calendar(target)));
                model.scene.mirrors.values_mut().for_each(|found| found.retain(|mirror, _| !names.contains(mirror)));
            }
        }
        model.scene.strays = Strays::Unknown;
        let plan = model.scene.plan();
        let known = |link: &Link| {
            matches!(model.scene.owners.get(&link.owner), Some(sight) if *sight != OwnerSight::Unclear)
        };
        let by_command = |delete: &&Delete| matches!(delete.why, Why::Settings | Why::Aged);
        prop_assert!(plan.puts.iter().all(|put| known(&put.link)), "{:?}", tell(&plan));
        prop_assert!(plan.deletes.iter().filter(|delete| !by_command(delete)).all(|delete| known(&delete.link)));
        prop_assert!(plan.holds.iter().all(known));
    }

    #[test]
    fn the_same_look_gives_the_same_plan(case in case(), turn in 0_usize..10) {
        let (mut one, mut other) = (Model::new(&case), Model::new(&case));
        one.look_at_everything();
        other.look_at_everything();
        prop_assert_eq!(one.scene.plan(), other.scene.plan());
        // Links in another order: the same steps, in the order of the links.
        if !other.scene.links.is_empty() {
            let middle = turn % other.scene.links.len();
            other.scene.links.rotate_left(middle);
        }
        let sorted = |scene: &Scene| { let mut told = scene.told(); told.sort(); told };
        prop_assert_eq!(sorted(&one.scene), sorted(&other.scene));
    }
}
