//! A small scene to plan in, told and answered in words: the rules around the decision table, one by one.
//! The table itself is tested where it stands, in [`crate::decide`].

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod properties;
mod rules;
mod sightings;

use super::*;
use crate::key::Owner;
use crate::link::{Agreed, LinkState, Owing, Reason, Touch};
use crate::mirror::{BlockContent, Certainty, MirrorContent};
use crate::{event::EventRef, ids::OccurrenceId};

/// Monday, 2026-11-23, midnight UTC; every time in these tests is so many hours after it.
const EPOCH: i64 = 1_795_392_000;

fn hour(hours: i64) -> Timestamp {
    Timestamp::from_second(EPOCH + hours * 3600).unwrap()
}

fn span(from: i64, to: i64) -> Interval {
    Interval::new(hour(from), hour(to)).unwrap()
}

/// `a...` is an appointment; anything else an event in the calendar `private`. Up to a dot it is the item, after
/// it the occurrence: `gym.2`.
fn owner(name: &str) -> Owner {
    if name.starts_with('a') {
        return Owner::Appointment(name.into());
    }
    let (item, occurrence) = name.split_once('.').unwrap_or((name, ""));
    Owner::Event(EventRef {
        calendar: "private".into(),
        item: item.into(),
        series: item.into(),
        occurrence: OccurrenceId::new(occurrence),
    })
}

fn name_of(owner: &Owner) -> String {
    match owner {
        Owner::Appointment(id) => id.to_string(),
        Owner::Event(event) if event.occurrence.as_str().is_empty() => event.item.to_string(),
        Owner::Event(event) => format!("{}.{}", event.item, event.occurrence),
    }
}

fn calendar(name: &str) -> Target {
    Target::Calendar(name.into())
}

/// What an appointment at this hour shows.
fn busy_at(from: i64) -> Content {
    Content::Mirror(MirrorContent {
        title: "Busy".into(),
        interval: span(from, from + 1),
        certainty: Certainty::Confirmed,
        location: None,
        reminder_minutes: None,
    })
}

fn block_at(from: i64) -> Content {
    Content::Block(BlockContent { interval: span(from, from + 1) })
}

/// Everything that a plan follows from, owned. It starts with one target, `main`, an empty memory, and a window
/// from hour 0 to hour 1000.
struct Scene {
    key: PracticeKey,
    practitioner: PractitionerId,
    links: Vec<Link>,
    owners: HashMap<Owner, OwnerSight>,
    mirrors: Mirrors,
    targets: Vec<Target>,
    listed: HashMap<Source, Interval>,
    listed_targets: HashMap<Target, Interval>,
    strays: Strays,
    rules: Rules,
}

impl Scene {
    fn new() -> Self {
        Self {
            key: PracticeKey::new(&[7; 32]),
            practitioner: "ada".into(),
            links: Vec::new(),
            owners: HashMap::new(),
            mirrors: HashMap::new(),
            targets: vec![calendar("main")],
            listed: HashMap::new(),
            listed_targets: HashMap::new(),
            strays: Strays::Unknown,
            rules: Rules {
                window: span(0, 1000),
                aged_out: AgedOut::Remove,
                outside: Outside::Follow,
                unseen: Unseen::Rests,
                brake: BrakeRule::Armed,
                version: 1,
                told: Detail::Busy,
                now: hour(10),
            },
        }
    }

    fn plan(&self) -> Plan {
        plan(&Look {
            key: &self.key,
            practitioner: &self.practitioner,
            links: &self.links.iter().collect::<Vec<_>>(),
            owners: &self.owners.iter().collect(),
            mirrors: &self.mirrors,
            targets: &self.targets,
            listed: &self.listed,
            listed_targets: &self.listed_targets,
            strays: self.strays,
            rules: self.rules,
        })
    }

    fn told(&self) -> Vec<String> {
        tell(&self.plan())
    }

    fn sees(mut self, name: &str, sight: OwnerSight) -> Self {
        self.owners.insert(owner(name), sight);
        self
    }

    fn wants(self, name: &str, content: Content) -> Self {
        self.sees(name, OwnerSight::Wanted(content))
    }

    /// Both sides agreed on this before, at revision `r1`, by our own hand.
    fn agreed(mut self, name: &str, target: &Target, content: &Content) -> Self {
        let state = LinkState::Agreed(Agreed {
            fingerprint: self.key.fingerprint(content),
            span: content.interval(),
            revision: Some("r1".into()),
            touch: Touch::OursAlone,
            restored: None,
        });
        self.links.push(self.link(name, target, state));
        self
    }

    /// The mirror agreed on last was put back so often, from the first hour of the window on.
    fn put_back(mut self, times: u32, parked_at_version: Option<u64>) -> Self {
        if let Some(Link { state: LinkState::Agreed(agreed), .. }) = self.links.last_mut() {
            agreed.restored = Some(Restored { times, since: hour(0), parked_at_version });
        }
        self
    }

    fn owes(mut self, name: &str, reason: Reason, not_before: Option<i64>) -> Self {
        let owing = Owing { reason, attempts: 1, not_before: not_before.map(hour), span: Some(span(20, 21)) };
        self.links.push(self.link(name, &calendar("main"), LinkState::Owing(owing)));
        self
    }

    fn finds(mut self, name: &str, target: &Target, content: Content, revision: &str) -> Self {
        let sight = MirrorSight::Holds { content, revision: Some(revision.into()), remote: None };
        let mirror = self.mirror(name, target);
        self.mirrors.entry(target.clone()).or_default().insert(mirror, sight);
        self
    }

    fn misses(mut self, name: &str, target: &Target) -> Self {
        let mirror = self.mirror(name, target);
        self.mirrors.entry(target.clone()).or_default().insert(mirror, MirrorSight::Gone);
        self
    }

    /// The EHR and the clinician's own calendar were listed over the whole window.
    fn listed(mut self) -> Self {
        let sources = [Source::Ehr, Source::Calendar("private".into())];
        self.listed = sources.into_iter().map(|source| (source, span(0, 1000))).collect();
        self
    }

    fn listed_target(mut self, target: &Target) -> Self {
        self.listed_targets.insert(target.clone(), span(0, 1000));
        self
    }

    fn into(mut self, targets: &[Target]) -> Self {
        self.targets = targets.to_vec();
        self
    }

    fn ruled(mut self, change: impl FnOnce(&mut Rules)) -> Self {
        change(&mut self.rules);
        self
    }

    fn mirror(&self, name: &str, target: &Target) -> MirrorId {
        self.key.mirror_id(&self.practitioner, &owner(name), target)
    }

    fn link(&self, name: &str, target: &Target, state: LinkState) -> Link {
        let owner = owner(name);
        let mirror = self.key.mirror_id(&self.practitioner, &owner, target);
        Link {
            owner,
            target: target.clone(),
            mirror,
            remote: None,
            item_digest: None,
            told: Detail::Busy,
            state,
            generation: 1,
        }
    }
}

/// A plan as words, in the order in which it is carried out.
fn tell(plan: &Plan) -> Vec<String> {
    let at = |link: &Link| format!("{} in {}", name_of(&link.owner), link.target.as_str());
    let mut told: Vec<String> = plan.looks.iter().map(|owner| format!("look {}", name_of(owner))).collect();
    told.extend(plan.agrees.iter().map(|agree| format!("agree {}{}", at(&agree.link), touched(&agree.link))));
    for put in &plan.puts {
        let new = if put.novelty == Novelty::New { "new, " } else { "" };
        told.push(format!("put {} ({new}{})", at(&put.link), expected(&put.expected)));
    }
    for delete in &plan.deletes {
        let what = if delete.why == Why::Stray { "a name".to_owned() } else { at(&delete.link) };
        told.push(format!("delete {what} ({:?})", delete.why));
    }
    told.extend(plan.forgets.iter().map(|link| format!("forget {}", at(link))));
    told.extend(plan.holds.iter().map(|link| format!("hold {}", at(link))));
    told.extend(plan.parks.iter().map(|link| format!("park {}", at(link))));
    told
}

fn touched(link: &Link) -> &'static str {
    match &link.state {
        LinkState::Agreed(Agreed { touch: Touch::Decorated, .. }) => " (decorated)",
        LinkState::Agreed(_) => "",
        LinkState::Owing(_) => " (owing)",
    }
}

fn expected(expected: &Expected) -> String {
    match expected {
        Expected::Absent => "absent".into(),
        Expected::Doubtful => "doubtful".into(),
        Expected::Unversioned => "unversioned".into(),
        Expected::Revision(revision, Touch::OursAlone) => revision.to_string(),
        Expected::Revision(revision, Touch::Decorated) => format!("{revision}, decorated"),
    }
}
