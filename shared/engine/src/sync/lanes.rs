//! Both lanes of a run: what was seen, the plan, the looks it asks for, and its carrying out.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use daybook_core::brake::Brake;
use daybook_core::connection::ProblemKind;
use daybook_core::free_day::FreeDay;
use daybook_core::ids::{AppointmentId, CalendarId, Cursor, ItemId};
use daybook_core::key::{Owner, Target};
use daybook_core::link::{Lane, Link, LinkState};
use daybook_core::mirror::MirrorId;
use daybook_core::plan::{Look, Mirrors, OwnerSight, Plan, Source, Strays, plan};
use daybook_core::probe::is_probe;
use daybook_core::time::Interval;
use daybook_core::window::Roll;
use jiff::{SignedDuration, Timestamp};

use super::apply::Applied;
use super::ehr::Asked;
use super::hand_made::Bystanders;
use super::lease::Lease;
use super::problems::{About, Problems};
use super::scope::{Reach, Scope, Trust};
use super::{Halt, Session};
use crate::error::EngineError;
use crate::ports::{MirrorRef, RemoteError};

/// A plan that asks for looks is made anew with what they saw, at most this often.
const LOOK_ROUNDS: usize = 3;
/// Nothing is put off for longer: not by the brake, a refusal, or whoever asks for patience.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(48);

/// A part of a run's looking.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Part {
    Ehr,
    Calendars,
    /// Owners that the plan asked about: what hangs on them is not settled.
    Looks,
}

/// Everything that one run has seen, in both lanes.
#[derive(Default)]
pub(crate) struct Seen {
    pub links: BTreeMap<MirrorId, Link>,
    pub has_all_links: bool,
    by_item: HashMap<String, Vec<MirrorId>>,
    by_remote: HashMap<ItemId, MirrorId>,
    pub owners: HashMap<Owner, OwnerSight>,
    pub mirrors: Mirrors,
    pub listed: HashMap<Source, Interval>,
    pub listed_targets: HashMap<Target, Interval>,
    pub cursors: BTreeMap<CalendarId, Cursor>,
    /// Calendars that were read, each completely.
    pub read: BTreeSet<CalendarId>,
    pub unclear_appointments: usize,
    /// All-day entries that are marked free.
    pub free_days: Vec<FreeDay>,
    /// The clinician's own entries in a main calendar that closes no time, for whoever asks for them. Nothing is planned
    /// from them.
    pub bystanders: Option<Bystanders>,
    /// What could not be read; its side stays unreported.
    pub failed: BTreeSet<Part>,
    /// Marked appointments for which the EHR gave no answer.
    pub unanswered: BTreeSet<AppointmentId>,
    /// The longest pause that a source asked for.
    pub retry_after: Option<Duration>,
}

impl Seen {
    pub fn add_links(&mut self, links: Vec<Link>) {
        for link in links {
            if let Some(digest) = &link.item_digest {
                let mirrors = self.by_item.entry(digest.clone()).or_default();
                if !mirrors.contains(&link.mirror) {
                    mirrors.push(link.mirror.clone());
                }
            }
            if let Some(remote) = link.remote.as_ref().filter(|_| link.owner.lane() == Lane::Appointments) {
                self.by_remote.insert(remote.clone(), link.mirror.clone());
            }
            self.links.insert(link.mirror.clone(), link);
        }
    }

    /// The mirror of ours that stands under an id which the provider chose.
    pub fn mirror_under(&self, item: &ItemId) -> Option<&MirrorId> {
        self.by_remote.get(item)
    }

    pub fn has_failed(&self, part: Part) -> bool {
        self.failed.contains(&part)
    }

    pub fn put_off(&mut self, retry_after: Option<Duration>) {
        self.retry_after = self.retry_after.max(retry_after);
    }

    pub fn fail(&mut self, error: &RemoteError) {
        self.put_off(error.retry_after());
    }
}

/// What a run has brought about.
#[derive(Default)]
pub(crate) struct Settled {
    pub appointments: Applied,
    pub blocks: Applied,
    /// A mirror of ours without an owner: only comparing everything can tell whose it was.
    pub needs_everything: bool,
    /// Some lane could not be planned, since its targets are not known yet.
    pub unplanned: bool,
}

impl Session<'_> {
    /// Looks as far as this run looks.
    pub async fn observe(&self, lease: &mut Lease<'_>) -> Result<Seen, Halt> {
        self.observe_into(Seen::default(), lease).await
    }

    /// The same, and at the bystanders.
    pub async fn observe_with_bystanders(&self, lease: &mut Lease<'_>) -> Result<Seen, Halt> {
        let seen = Seen { bystanders: Some(Bystanders::default()), ..Seen::default() };
        self.observe_into(seen, lease).await
    }

    async fn observe_into(&self, mut seen: Seen, lease: &mut Lease<'_>) -> Result<Seen, Halt> {
        self.load_links_before(&mut seen).await?;
        self.observe_ehr(&mut seen, lease).await;
        if self.scope.reach == Reach::Stretch {
            self.load_wanted_links(&mut seen).await?;
        }
        self.observe_calendars(&mut seen, lease).await?;
        if self.scope.trust == Trust::Verify {
            self.verify(&mut seen, lease).await?;
        }
        if self.looks_at_everything() {
            self.leave_to_others(&mut seen).await?;
        }
        self.disown_unread_calendars(&mut seen);
        disown_probes(&mut seen);
        Ok(seen)
    }

    /// The links that this run needs whatever it finds.
    async fn load_links_before(&self, seen: &mut Seen) -> Result<(), EngineError> {
        let Scope { reach, roll, trust } = self.scope;
        match reach {
            Reach::Stretch => {}
            Reach::Changes if roll == Roll::None && trust == Trust::Links => {
                self.load_marked_links(seen).await?;
                self.load_owing_links(seen).await?;
            }
            Reach::Changes | Reach::EverythingOnce | Reach::Everything => {
                seen.add_links(self.engine.store.list_links(&self.at).await?);
                seen.has_all_links = true;
            }
        }
        Ok(())
    }

    async fn load_marked_links(&self, seen: &mut Seen) -> Result<(), EngineError> {
        let names = self.mirrors_of(self.connection.signals.marks.appointments.keys());
        self.load_links_named(&names, seen).await
    }

    async fn load_wanted_links(&self, seen: &mut Seen) -> Result<(), EngineError> {
        let names = self.mirrors_of(seen.owners.iter().filter_map(|(owner, sight)| match (owner, sight) {
            (Owner::Appointment(id), OwnerSight::Wanted(_)) => Some(id),
            _ => None,
        }));
        self.load_links_named(&names, seen).await
    }

    async fn load_links_named(&self, names: &[MirrorId], seen: &mut Seen) -> Result<(), EngineError> {
        if !names.is_empty() {
            seen.add_links(self.engine.store.find_appointment_links(&self.at, names).await?);
        }
        Ok(())
    }

    fn mirrors_of<'a>(&self, appointments: impl Iterator<Item = &'a AppointmentId>) -> Vec<MirrorId> {
        let targets = self.appointment_targets().unwrap_or_default();
        appointments.flat_map(|id| targets.iter().map(|target| self.mirror_of(id, target))).collect()
    }

    fn mirror_of(&self, id: &AppointmentId, target: &Target) -> MirrorId {
        self.key.mirror_id(&self.connection.practitioner, &Owner::Appointment(id.clone()), target)
    }

    async fn load_owing_links(&self, seen: &mut Seen) -> Result<(), EngineError> {
        if self.connection.schedule.owing_at.is_none_or(|at| at > self.now) {
            return Ok(());
        }
        // Those that still wait come along: the end of the run must know when the next is due.
        let all = self.now.checked_add(LONGEST_WAIT).unwrap_or(Timestamp::MAX);
        let owing = self.engine.store.list_owing_links(&self.at, all).await?;
        // An item is read as a whole: its other occurrences must not look new.
        let items: BTreeSet<String> = owing.iter().filter_map(|link| link.item_digest.clone()).collect();
        seen.add_links(owing);
        if !items.is_empty() {
            let items: Vec<String> = items.into_iter().collect();
            seen.add_links(self.engine.store.find_item_links(&self.at, &items).await?);
        }
        Ok(())
    }

    /// Mirrors that another connection of this practitioner accounts for are no strays. Its links are read after the
    /// mirrors: a link is saved before its mirror. Where each mirror has a link of this connection's, no other's matters.
    async fn leave_to_others(&self, seen: &mut Seen) -> Result<(), EngineError> {
        if seen.mirrors.values().flat_map(HashMap::keys).all(|mirror| seen.links.contains_key(mirror)) {
            return Ok(());
        }
        let practitioner = &self.connection.practitioner;
        for other in self.engine.store.connections_of(&self.at.practice, practitioner).await? {
            if other == self.at {
                continue;
            }
            for link in self.engine.store.list_links(&other).await? {
                if !seen.links.contains_key(&link.mirror)
                    && let Some(mirrors) = seen.mirrors.get_mut(&link.target)
                {
                    mirrors.remove(&link.mirror);
                }
            }
        }
        Ok(())
    }

    /// After a run that may have stopped anywhere: what it was writing is read by name before anything is decided.
    async fn verify(&self, seen: &mut Seen, lease: &mut Lease<'_>) -> Result<(), Halt> {
        let doubtful = |link: &&Link| {
            matches!(link.state, LinkState::Owing(_)) || link.generation + 1 >= lease.generation
        };
        let mut by_target: BTreeMap<Target, Vec<MirrorRef>> = BTreeMap::new();
        for link in seen.links.values().filter(doubtful) {
            let name = MirrorRef { mirror: link.mirror.clone(), remote: link.remote.clone() };
            by_target.entry(link.target.clone()).or_default().push(name);
        }
        for (target, names) in by_target {
            match self.mirrors_in(&target).find(&names).await {
                Ok(found) => found.into_iter().for_each(|sighting| seen.see_mirror(&target, sighting)),
                Err(RemoteError::Refused { .. }) if matches!(target, Target::Calendar(_)) => {
                    return Err(Halt::Refused);
                }
                Err(error) => {
                    tracing::warn!(connection = %self.at.id, error = %error, "mirrors in doubt could not be read");
                    seen.fail(&error);
                }
            }
        }
        Ok(())
    }

    pub(super) fn item_digest(&self, calendar: &CalendarId, item: &ItemId) -> String {
        self.key.item_digest(calendar, item.as_str())
    }

    /// A calendar that the clinician no longer chooses closes no time.
    fn disown_unread_calendars(&self, seen: &mut Seen) {
        if self.block_targets().is_none() {
            return;
        }
        let blocking = self.blocking_calendars();
        for link in seen.links.values() {
            if let Owner::Event(event) = &link.owner
                && !blocking.contains(&event.calendar)
            {
                seen.owners.insert(link.owner.clone(), OwnerSight::NotWanted);
            }
        }
    }

    /// Plans and carries out both lanes.
    pub async fn settle(&self, lease: &mut Lease<'_>, seen: &mut Seen) -> Result<Settled, Halt> {
        let mut settled = Settled::default();
        for lane in [Lane::Appointments, Lane::Busy] {
            let Some(targets) = self.targets(lane) else {
                settled.unplanned = true;
                continue;
            };
            let plan = self.plan_with_looks(lane, &targets, seen).await;
            settled.needs_everything |= plan.unknown_mirrors > 0;
            self.note_brakes(lane, &plan, seen, lease);
            let applied = self.carry_out(lane, &targets, plan, seen, lease).await?;
            match lane {
                Lane::Appointments => {
                    self.note_readers(&applied, seen, lease).await?;
                    settled.appointments = applied;
                }
                Lane::Busy => settled.blocks = applied,
            }
        }
        Ok(settled)
    }

    pub fn targets(&self, lane: Lane) -> Option<Vec<Target>> {
        match lane {
            Lane::Appointments => self.appointment_targets(),
            Lane::Busy => self.block_targets(),
        }
    }

    /// Plans a lane, reads the owners that the plan wants to look at, and plans again.
    pub async fn plan_with_looks(&self, lane: Lane, targets: &[Target], seen: &mut Seen) -> Plan {
        for _ in 0..LOOK_ROUNDS {
            let mut plan = self.plan(lane, targets, seen);
            plan.looks.retain(|owner| !seen.owners.contains_key(owner));
            if plan.looks.is_empty() {
                return plan;
            }
            let read = match lane {
                Lane::Appointments => self.look_at_appointments(&plan.looks, seen).await,
                Lane::Busy => self.read_events(&plan.looks, seen).await,
            };
            if let Err(error) = read {
                tracing::warn!(connection = %self.at.id, error = %error, "owners could not be looked at");
                seen.failed.insert(Part::Looks);
                seen.fail(&error);
            }
            // What nobody could tell stays as it is.
            for owner in plan.looks {
                seen.owners.entry(owner).or_insert(OwnerSight::Unclear);
            }
        }
        Plan { looks: Vec::new(), ..self.plan(lane, targets, seen) }
    }

    async fn look_at_appointments(&self, owners: &[Owner], seen: &mut Seen) -> Result<(), RemoteError> {
        let ids = owners.iter().filter_map(|owner| match owner {
            Owner::Appointment(id) => Some(id.clone()),
            Owner::Event(_) => None,
        });
        self.read_appointments(&ids.collect::<Vec<_>>(), Asked::Suspected, seen).await
    }

    pub(super) fn plan(&self, lane: Lane, targets: &[Target], seen: &Seen) -> Plan {
        let links: Vec<&Link> = seen.links.values().filter(|link| link.owner.lane() == lane).collect();
        self.plan_links(lane, targets, &links, seen)
    }

    pub(super) fn plan_links(&self, lane: Lane, targets: &[Target], links: &[&Link], seen: &Seen) -> Plan {
        let owners: HashMap<&Owner, &OwnerSight> =
            seen.owners.iter().filter(|(owner, _)| owner.lane() == lane).collect();
        plan(&Look {
            key: &self.key,
            practitioner: &self.connection.practitioner,
            links,
            owners: &owners,
            mirrors: &seen.mirrors,
            targets,
            listed: &seen.listed,
            listed_targets: &seen.listed_targets,
            strays: self.strays(lane, seen),
            rules: self.rules(lane),
        })
    }

    /// A name of ours without an owner is rubbish only where every owner of the lane was listed.
    fn strays(&self, lane: Lane, seen: &Seen) -> Strays {
        let all_listed = match lane {
            Lane::Appointments => seen.listed.contains_key(&Source::Ehr),
            Lane::Busy => {
                let blocking = self.blocking_calendars();
                !blocking.is_empty()
                    && blocking.into_iter().all(|id| seen.listed.contains_key(&Source::Calendar(id)))
            }
        };
        if all_listed && seen.has_all_links { Strays::Remove } else { Strays::Unknown }
    }

    fn note_brakes(&self, lane: Lane, plan: &Plan, seen: &Seen, lease: &mut Lease<'_>) {
        let mut problems = Problems { map: &mut lease.release.problems, now: self.now };
        let of_lane = |source: &&Source| (lane == Lane::Appointments) == (**source == Source::Ehr);
        for source in seen.listed.keys().filter(of_lane) {
            problems.clear(About::Brake(source));
        }
        for (source, verdict) in &plan.brakes {
            if let Brake::Engaged { missing, of } = verdict {
                let detail =
                    format!("{missing} of {of} are suddenly missing; their removal waits for a confirmation");
                problems.set_counted(About::Brake(source), ProblemKind::BrakeEngaged, *missing, detail);
            }
        }
    }
}

/// What a check left behind belongs to nobody.
fn disown_probes(seen: &mut Seen) {
    for link in seen.links.values().filter(|link| is_probe(&link.owner)) {
        seen.owners.insert(link.owner.clone(), OwnerSight::NotWanted);
    }
}

impl Seen {
    /// The busy links of one item.
    pub fn item_links_by_digest(&self, digest: &str) -> impl Iterator<Item = &Link> {
        let mirrors = self.by_item.get(digest).into_iter().flatten();
        mirrors.filter_map(|mirror| self.links.get(mirror))
    }
}
