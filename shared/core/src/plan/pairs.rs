//! Each pair of owner and target, once: its memory, both sights, the decision, the step.

use std::collections::{HashMap, HashSet};

use jiff::{Timestamp, ToSpan};

use super::{
    Agree, BrakeRule, Delete, Look, MirrorSight, Novelty, Outside, OwnerSight, Plan, Put, Strays, Unseen,
    Why, sight,
};
use crate::connection::AgedOut;
use crate::decide::{Decision, Memory, Name, Sight, decide};
use crate::detail::Detail;
use crate::key::{Fingerprint, Owner, Target};
use crate::link::{Agreed, Lane, Link, LinkState, Owing, Reason, Touch};
use crate::mirror::{Content, Expected, MirrorId};
use crate::restore::{Touched, touched};
use crate::time::Interval;

/// Plans one lane. The same look gives the same plan, step for step.
pub fn plan(look: &Look) -> Plan {
    let mut plan = Plan::default();
    let linked: Vec<Pair> = look.links.iter().map(|link| Pair::new(look, link, Novelty::Linked)).collect();
    for pair in &linked {
        pair.plan(&mut plan);
    }
    let links = fresh_links(look, &linked);
    let fresh: Vec<Pair> = links.iter().map(|link| Pair::new(look, link, Novelty::New)).collect();
    for pair in &fresh {
        pair.plan(&mut plan);
    }
    plan_strays(look, &linked, &fresh, &mut plan);
    plan.looks.sort_unstable();
    plan.looks.dedup();
    if look.rules.brake == BrakeRule::Armed {
        plan.brake_strays(look.links.len(), look.listed.keys().min());
    }
    plan.apply_brake(look.links, look.rules.brake, look.rules.now);
    plan
}

/// What an owner wants to stand, and its fingerprint.
type Wanted<'a> = (&'a Content, Fingerprint);

/// Pairs that nobody remembers: wanted owners inside the window, one for each target.
fn fresh_links(look: &Look, pairs: &[Pair]) -> Vec<Link> {
    let is_inside = |sight: &OwnerSight| is_inside(look, sight);
    // Mostly all are linked, and counting them is far cheaper than looking each one up.
    let wanted = look.owners.values().filter(|sight| is_inside(sight)).count() * look.targets.len();
    let known = pairs.iter().filter(|pair| pair.sight.is_some_and(is_inside) && pair.is_targeted());
    if wanted == known.count() {
        return Vec::new();
    }
    let linked: HashSet<(&Owner, &Target)> =
        look.links.iter().map(|link| (&link.owner, &link.target)).collect();
    let mut fresh = Vec::new();
    for (&owner, sight) in look.owners.iter().filter(|(_, sight)| is_inside(sight)) {
        let OwnerSight::Wanted(content) = sight else { continue };
        let targets = look.targets.iter().filter(|target| !linked.contains(&(owner, *target)));
        fresh.extend(targets.map(|target| fresh_link(look, owner, target, content.interval())));
    }
    // The order of a map is chance.
    fresh.sort_unstable_by(|a, b| (&a.owner, &a.target).cmp(&(&b.owner, &b.target)));
    fresh
}

fn is_inside(look: &Look, sight: &OwnerSight) -> bool {
    matches!(sight, OwnerSight::Wanted(content) if content.interval().overlaps(&look.rules.window))
}

fn fresh_link(look: &Look, owner: &Owner, target: &Target, span: Interval) -> Link {
    let item_digest = match owner {
        Owner::Appointment(_) => None,
        Owner::Event(event) => Some(look.key.item_digest(&event.calendar, event.item.as_str())),
    };
    Link {
        owner: owner.clone(),
        target: target.clone(),
        mirror: look.key.mirror_id(look.practitioner, owner, target),
        remote: None,
        item_digest,
        told: look.rules.told,
        state: LinkState::Owing(Owing {
            reason: Reason::Writing,
            attempts: 0,
            not_before: None,
            span: Some(span),
        }),
        generation: 0,
    }
}

/// One owner and one target.
struct Pair<'a> {
    look: &'a Look<'a>,
    link: &'a Link,
    novelty: Novelty,
    sight: Option<&'a OwnerSight>,
    found: Option<&'a MirrorSight>,
    wanted: Option<Wanted<'a>>,
}

impl<'a> Pair<'a> {
    fn new(look: &'a Look<'a>, link: &'a Link, novelty: Novelty) -> Self {
        let sight = look.owners.get(&link.owner).copied();
        let found = look.mirrors.get(&link.target).and_then(|mirrors| mirrors.get(&link.mirror));
        let wanted = match sight {
            Some(OwnerSight::Wanted(content)) => Some((content, look.key.fingerprint(content))),
            _ => None,
        };
        Self { look, link, novelty, sight, found, wanted }
    }

    /// Whether its mirror stands where mirrors should stand.
    fn is_targeted(&self) -> bool {
        self.look.targets.contains(&self.link.target)
    }

    fn plan(&self, plan: &mut Plan) {
        let (owner, why) = self.owner();
        if self.waits(owner, why) {
            return;
        }
        let memory = match self.novelty {
            Novelty::New => Memory::Nothing,
            Novelty::Linked => self.link.memory(),
        };
        let mirror = self.mirror(owner);
        match decide(memory, owner, mirror, Name::Ours) {
            Decision::Rest if owner == Sight::Unreported && (self.is_suspect() || why == Why::Settings) => {
                plan.looks.push(self.link.owner.clone());
            }
            Decision::Rest => plan.agrees.extend(self.decorated().or_else(|| self.tells_less())),
            Decision::Look => plan.looks.push(self.link.owner.clone()),
            Decision::Write => self.write(mirror, plan),
            Decision::Delete => plan.deletes.push(Delete { link: self.with_remote(), why }),
            Decision::Agree | Decision::Adopt => plan.agrees.extend(self.agree()),
            Decision::Forget => plan.forgets.push(self.link.clone()),
        }
    }

    /// The owner as this pair sees it, and why its mirror would go.
    fn owner(&self) -> (Sight, Why) {
        let sight = self.sight;
        if !self.is_targeted() {
            // Where the mirror is to stand elsewhere, its owner must be seen before it goes from here.
            let is_unseen =
                matches!(sight, None | Some(OwnerSight::Unclear)) && !self.look.targets.is_empty();
            return (if is_unseen { Sight::Unreported } else { Sight::Gone }, Why::Settings);
        }
        if let Some(why) = self.left_the_window(sight) {
            return (Sight::Gone, why);
        }
        match (sight, self.wanted) {
            (Some(OwnerSight::NotWanted), _) => (Sight::Gone, Why::Evidence),
            // The evidence was seen when the removal was first tried.
            (Some(OwnerSight::Absent), _) if self.is_being_removed() => (Sight::Gone, Why::Evidence),
            (Some(OwnerSight::Absent), _) => (Sight::Gone, Why::Absence),
            (Some(OwnerSight::Wanted(_)), Some((_, print))) => (Sight::Holds(print), Why::Evidence),
            (Some(OwnerSight::Wanted(_) | OwnerSight::Unclear) | None, _) => {
                (Sight::Unreported, Why::Absence)
            }
        }
    }

    fn is_being_removed(&self) -> bool {
        matches!(&self.link.state, LinkState::Owing(Owing { reason: Reason::Removing, .. }))
    }

    /// Past the past edge, or outside a window that a person has just drawn. What the owner says of its time goes before what
    /// the link remembers; a removal that is tried again hears the owner first, which may have come back meanwhile.
    fn left_the_window(&self, sight: Option<&OwnerSight>) -> Option<Why> {
        let rules = &self.look.rules;
        let span = match sight {
            Some(OwnerSight::Wanted(content)) => content.interval(),
            _ => self.link.span()?,
        };
        if span.end() <= rules.window.start() {
            return (rules.aged_out == AgedOut::Remove).then_some(Why::Aged);
        }
        let is_heard = matches!(sight, Some(OwnerSight::Wanted(_)));
        let goes = rules.outside == Outside::Drop || is_heard && self.is_being_removed();
        (goes && !span.overlaps(&rules.window)).then_some(Why::Settings)
    }

    /// Work that was put off stays put off: a person's command and the calendar's edge do not wait, and a
    /// refused item is tried again when its owner has news.
    fn waits(&self, owner: Sight, why: Why) -> bool {
        let LinkState::Owing(owing) = &self.link.state else { return false };
        if self.novelty == Novelty::New || !self.link.waits(self.look.rules.now) {
            return false;
        }
        match owing.reason {
            Reason::Retry | Reason::Writing | Reason::Removing => {
                owner != Sight::Gone || !matches!(why, Why::Settings | Why::Aged)
            }
            Reason::Rejected => owner == Sight::Unreported,
            Reason::Brake => {
                owner == Sight::Unreported && !self.is_suspect() && self.look.rules.brake == BrakeRule::Armed
            }
        }
    }

    fn mirror(&self, owner: Sight) -> Sight {
        match (self.found, &self.link.state) {
            (Some(MirrorSight::Gone), _) => Sight::Gone,
            (Some(MirrorSight::Holds { content, .. }), _) => Sight::Holds(self.fingerprint(content)),
            (Some(MirrorSight::Unchanged), LinkState::Agreed(agreed)) => Sight::Holds(agreed.fingerprint),
            // Missing from a listing of its target: to write it anew is safe, to forget it would not be.
            (None, LinkState::Agreed(agreed)) if owner != Sight::Gone && self.is_missing(agreed.span) => {
                Sight::Gone
            }
            (Some(MirrorSight::Unchanged) | None, _) => Sight::Unreported,
        }
    }

    /// Mostly the mirror holds what the owner wants, whose fingerprint is known.
    fn fingerprint(&self, found: &Content) -> Fingerprint {
        match self.wanted {
            Some((wanted, print)) if wanted == found => print,
            _ => self.look.key.fingerprint(found),
        }
    }

    fn is_missing(&self, span: Interval) -> bool {
        let covers = self.look.listed_targets.get(&self.link.target);
        self.found.is_none() && covers.is_some_and(|covers| span.overlaps(covers))
    }

    /// Its source was listed over its time and did not show it: to be confirmed by id.
    fn is_suspect(&self) -> bool {
        let covers = self.look.listed.get(&sight::source(&self.link.owner));
        self.sight.is_none() && covers.is_some_and(|covers| self.was_looked_for(covers))
    }

    fn was_looked_for(&self, covers: &Interval) -> bool {
        self.look.rules.unseen == Unseen::IsLookedAt
            || self.link.span().is_none_or(|span| span.overlaps(covers))
    }

    /// Same content, other revision: a person added an alert or notes of their own. That is remembered, so that
    /// the next write keeps it.
    fn decorated(&self) -> Option<Agree> {
        let LinkState::Agreed(known) = &self.link.state else { return None };
        let Some(MirrorSight::Holds { revision, .. }) = self.found else { return None };
        (known.revision != *revision).then(|| {
            let agreed = Agreed { revision: revision.clone(), touch: Touch::Decorated, ..known.clone() };
            let told = self.told();
            Agree { link: Link { told, state: LinkState::Agreed(agreed), ..self.with_remote() } }
        })
    }

    /// What a reader dragged or deleted is put back, unless they do it again and again.
    fn write(&self, mirror: Sight, plan: &mut Plan) {
        let Some(agreed) = self.touched_by_reader(mirror) else {
            plan.puts.extend(self.put());
            return;
        };
        match touched(agreed.restored, self.look.rules.version, self.look.rules.now) {
            Touched::IsPutBack(restored) => {
                plan.puts.extend(self.put().map(|put| Put { restored: Some(restored), ..put }));
            }
            Touched::IsParked(restored) => {
                let agreed = Agreed { restored: Some(restored), ..agreed.clone() };
                plan.parks.push(Link { state: LinkState::Agreed(agreed), ..self.with_remote() });
            }
            Touched::StaysParked => {}
        }
    }

    /// The mirror is not as agreed, while its appointment is.
    fn touched_by_reader(&self, mirror: Sight) -> Option<&Agreed> {
        let LinkState::Agreed(agreed) = &self.link.state else { return None };
        let is_as_agreed = self.wanted.is_some_and(|(_, print)| print == agreed.fingerprint);
        let is_touched = match mirror {
            Sight::Unreported => false,
            Sight::Gone => true,
            Sight::Holds(found) => found != agreed.fingerprint,
        };
        let is_mirror = self.link.owner.lane() == Lane::Appointments;
        (is_mirror && is_as_agreed && is_touched).then_some(agreed)
    }

    /// What stands is just what may be told now, so it tells no more than that.
    fn tells_less(&self) -> Option<Agree> {
        let is_agreed = matches!(self.link.state, LinkState::Agreed(_));
        let told = self.told();
        (is_agreed && told != self.link.told).then(|| Agree { link: Link { told, ..self.with_remote() } })
    }

    /// The most that the mirror tells as it stands, where it is as agreed.
    fn told(&self) -> Detail {
        match self.wanted {
            Some(_) => self.link.told.min(self.look.rules.told),
            None => self.link.told,
        }
    }

    fn put(&self) -> Option<Put> {
        let (content, fingerprint) = self.wanted?;
        let (link, expected) = (self.with_remote(), self.expected());
        let (content, told) = (content.clone(), self.look.rules.told);
        Some(Put { link, novelty: self.novelty, expected, content, told, fingerprint, restored: None })
    }

    fn with_remote(&self) -> Link {
        let seen = match self.found {
            Some(MirrorSight::Holds { remote, .. }) => remote.clone(),
            _ => None,
        };
        Link { remote: seen.or_else(|| self.link.remote.clone()), ..self.link.clone() }
    }

    fn expected(&self) -> Expected {
        let known = match &self.link.state {
            LinkState::Agreed(agreed) => Some(agreed),
            LinkState::Owing(_) => None,
        };
        match (self.found, known) {
            (Some(MirrorSight::Holds { revision: Some(revision), .. }), known) => {
                let same = known.filter(|agreed| agreed.revision.as_ref() == Some(revision));
                Expected::Revision(revision.clone(), same.map_or(Touch::Decorated, |agreed| agreed.touch))
            }
            (Some(MirrorSight::Holds { revision: None, .. }), _) => Expected::Unversioned,
            (None, None) if self.novelty == Novelty::Linked => Expected::Doubtful,
            (Some(MirrorSight::Gone), _) | (_, None) => Expected::Absent,
            (None, Some(agreed)) if self.is_missing(agreed.span) => Expected::Absent,
            (Some(MirrorSight::Unchanged) | None, Some(agreed)) => match &agreed.revision {
                Some(revision) => Expected::Revision(revision.clone(), agreed.touch),
                None => Expected::Unversioned,
            },
        }
    }

    fn agree(&self) -> Option<Agree> {
        let (content, fingerprint) = self.wanted?;
        let (revision, touch) = match self.expected() {
            Expected::Revision(revision, touch) => (Some(revision), touch),
            Expected::Absent | Expected::Doubtful | Expected::Unversioned => (None, Touch::Decorated),
        };
        let agreed = Agreed { fingerprint, span: content.interval(), revision, touch, restored: None };
        let told = self.look.rules.told;
        Some(Agree { link: Link { told, state: LinkState::Agreed(agreed), ..self.with_remote() } })
    }
}

/// Names of ours in a target that no link and no owner explains.
fn plan_strays(look: &Look, linked: &[Pair], fresh: &[Pair], plan: &mut Plan) {
    let pairs = || linked.iter().chain(fresh);
    let standing: usize =
        look.targets.iter().filter_map(|target| look.mirrors.get(target)).map(HashMap::len).sum();
    let known = pairs().filter(|pair| pair.found.is_some() && pair.is_targeted());
    if standing == known.count() {
        return;
    }
    let explained: HashSet<(&Target, &MirrorId)> =
        pairs().map(|pair| (&pair.link.target, &pair.link.mirror)).collect();
    for target in look.targets {
        let mut strays: Vec<_> = look.mirrors.get(target).into_iter().flatten().collect();
        strays.retain(|(mirror, _)| !explained.contains(&(target, *mirror)));
        strays.sort_unstable_by_key(|(mirror, _)| *mirror);
        for (mirror, sight) in strays {
            plan_stray(look, target, mirror, sight, plan);
        }
    }
}

fn plan_stray(look: &Look, target: &Target, mirror: &MirrorId, sight: &MirrorSight, plan: &mut Plan) {
    let MirrorSight::Holds { content, remote, .. } = sight else { return };
    let is_history =
        look.rules.aged_out == AgedOut::Keep && content.interval().end() <= look.rules.window.start();
    if look.strays == Strays::Unknown {
        plan.unknown_mirrors += 1;
    } else if !is_history {
        // Its owner is unknown, and stays so: the link lives only as long as this removal takes.
        let owner = Owner::Appointment(mirror.as_str().into());
        let state =
            LinkState::Owing(Owing { reason: Reason::Removing, attempts: 0, not_before: None, span: None });
        let link = Link {
            owner,
            target: target.clone(),
            mirror: mirror.clone(),
            remote: remote.clone(),
            item_digest: None,
            told: Detail::Busy,
            state,
            generation: 0,
        };
        plan.deletes.push(Delete { link, why: Why::Stray });
    }
}

/// The brake holds this removal for a day, or until a person answers.
pub(super) fn held(link: &Link, now: Timestamp) -> Link {
    link.owing(Reason::Brake, 0, Some(now.saturating_add(24.hours()).unwrap_or(Timestamp::MAX)))
}
