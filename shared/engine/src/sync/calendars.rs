//! Look at the calendars: each one's delta, the day that came in, or the whole window; bodies only of what is
//! not known by its revision.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use daybook_core::connection::ProblemKind;
use daybook_core::event::{Seen as ItemSeen, Sighting};
use daybook_core::free_day::{FreeDay, Standing};
use daybook_core::ids::{CalendarId, ItemId, Revision};
use daybook_core::key::{Owner, Target};
use daybook_core::link::{Link, LinkState};
use daybook_core::mirror::MirrorId;
use daybook_core::plan::sight::{Gone, Reading, observe, own_mirror};
use daybook_core::plan::{MirrorSight, OwnerSight, Source};
use daybook_core::window::Roll;

use super::lanes::{Part, Seen};
use super::lease::Lease;
use super::problems::{About, Problems};
use super::scope::Reach;
use super::session::remote;
use super::{Halt, Session};
use crate::error::EngineError;
use crate::ports::{Calendar, Completeness, Entry, Listing, Naming, RemoteError};

/// What a calendar is to this connection.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Role {
    holds_mirrors: bool,
    closes_time: bool,
}

/// One look at one calendar.
struct CalendarLook<'a> {
    id: &'a CalendarId,
    calendar: Arc<dyn Calendar>,
    role: Role,
    listing: Listing,
    reach: ListingReach,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ListingReach {
    Delta,
    Full,
}

impl Session<'_> {
    /// Reads the calendars that hold mirrors or close time, as far as this run reads them. One that cannot be read leaves its side unreported
    /// and its cursor where it was; the others go on.
    pub(super) async fn observe_calendars(&self, seen: &mut Seen, lease: &mut Lease<'_>) -> Result<(), Halt> {
        for (id, role) in self.roles().into_iter().filter(|(id, _)| self.is_read_now(id)) {
            let calendar = self.account.calendar(&id);
            let result = self.list_calendar(&id, calendar.as_ref()).await;
            let failed = result.as_ref().err().map(|error| (error.retry_after(), is_outage(error)));
            let Some((listing, reach)) = remote(result, About::Calendar(&id), self.now, lease)? else {
                match failed {
                    Some((retry_after, true)) => {
                        seen.put_off(retry_after);
                        seen.failed.insert(Part::Calendars);
                    }
                    // What is not there, or closed to us, is asked for again when the next poll is due.
                    _ => drop(seen.read.insert(id)),
                }
                continue;
            };
            let look = CalendarLook { id: &id, calendar, role, listing, reach };
            let taken = self.take_in(look, seen, lease).await;
            if let Err(error) = keep_store_errors(taken)? {
                seen.put_off(error.retry_after());
                seen.failed.extend(is_outage(&error).then_some(Part::Calendars));
                remote::<()>(Err(error), About::Calendar(&id), self.now, lease)?;
            }
        }
        Ok(())
    }

    fn roles(&self) -> Vec<(CalendarId, Role)> {
        let blocking = self.blocking_calendars();
        let main = self.main_calendar().cloned();
        let mut ids: BTreeSet<CalendarId> = blocking.iter().cloned().collect();
        ids.extend(main.clone());
        let role = |id: &CalendarId| Role {
            holds_mirrors: main.as_ref() == Some(id),
            closes_time: blocking.contains(id),
        };
        ids.into_iter().map(|id| (id.clone(), role(&id))).collect()
    }

    /// The delta where there is a cursor that still holds, else everything inside the window. A cursor for a stretch
    /// or a look would follow nothing that anybody asks for.
    async fn list_calendar(
        &self,
        id: &CalendarId,
        calendar: &dyn Calendar,
    ) -> Result<(Listing, ListingReach), RemoteError> {
        if matches!(self.scope.reach, Reach::Stretch | Reach::EverythingOnce) {
            return Ok((calendar.list_once(self.window).await?, ListingReach::Full));
        }
        let cursor = self.connection.schedule.cursors.get(id).filter(|_| !self.lists());
        if let Some(cursor) = cursor {
            match calendar.list_changes(cursor, self.window).await {
                Ok(listing) => return Ok((listing, ListingReach::Delta)),
                Err(RemoteError::CursorLost { .. }) => {
                    tracing::info!(connection = %self.at.id, calendar = %id, "the cursor has expired; listing in full");
                }
                Err(error) => return Err(error),
            }
        }
        Ok((calendar.list(self.window).await?, ListingReach::Full))
    }

    /// Turns a listing into sights, reading what is not told or known.
    async fn take_in(
        &self,
        look: CalendarLook<'_>,
        seen: &mut Seen,
        lease: &mut Lease<'_>,
    ) -> Result<(), Taken> {
        let CalendarLook { id, calendar, role, listing, reach } = look;
        let mut sorted = self.sort(&listing.entries, calendar.as_ref(), role);
        self.load_links(id, &sorted, reach, seen).await?;
        self.sort_silent(id, &mut sorted, role, seen);
        see_known_mirrors(id, &mut sorted, seen);
        if let Some(bystanders) = &mut seen.bystanders {
            bystanders.unread.extend(sorted.bystanders.iter().copied().cloned());
        }
        let read = calendar.get(&sorted.unread, self.window).await?;
        let unanswered = self.see_unanswered(id, &sorted.unread, &read, seen);
        let mut unreadable = unanswered;
        let delta_gone = if reach == ListingReach::Delta { Gone::Tombstone } else { Gone::NotFound };
        let told = sorted.told.iter().map(|sighting| (*sighting, delta_gone));
        let asked = read.iter().map(|sighting| (sighting, Gone::NotFound));
        let mut free_all_day = 0;
        for (sighting, gone_is) in told.chain(asked) {
            let observed = self.see(id, role, sighting, gone_is, calendar.as_ref(), seen);
            if role.closes_time {
                let is_open = |day: &&FreeDay| day.standing == Standing::Open;
                free_all_day += observed.free_days.iter().filter(is_open).count();
                seen.free_days.extend(observed.free_days);
            } else if let Some(bystanders) = &mut seen.bystanders {
                bystanders.times.extend(self.times(&sighting.seen));
            }
            unreadable += usize::from(observed.unreadable);
        }
        self.see_strip(id, calendar.as_ref(), role, reach, seen).await?;
        self.note(id, reach, unreadable, free_all_day, lease);
        if reach == ListingReach::Full && listing.completeness == Completeness::Incomplete {
            let mut problems = Problems { map: &mut lease.release.problems, now: self.now };
            let detail =
                format!("calendar {id} could only be listed in part; nothing is removed on its account");
            problems.set(About::Calendar(id), ProblemKind::CalendarUnreachable, detail);
        }
        if reach == ListingReach::Full && listing.completeness == Completeness::Complete {
            seen.listed.insert(Source::Calendar(id.clone()), self.window);
            if role.holds_mirrors {
                seen.listed_targets.insert(Target::Calendar(id.clone()), self.window);
            }
        }
        // What was not answered is asked for again: by the same delta.
        if unanswered == 0 {
            seen.read.insert(id.clone());
            seen.cursors.extend(listing.cursor.map(|cursor| (id.clone(), cursor)));
        }
        Ok(())
    }

    /// Which lines are mirrors of ours, which are told in full, which are to be read.
    fn sort<'a>(&self, entries: &'a [Entry], calendar: &dyn Calendar, role: Role) -> Sorted<'a> {
        let mut sorted = Sorted::default();
        for entry in entries {
            match entry {
                Entry::Seen(sighting) => match calendar.naming_of(&sighting.item) {
                    Naming::Named(name) if sighting.seen == ItemSeen::Gone && self.is_ours(&name) => {
                        sorted.gone_mirrors.extend(role.holds_mirrors.then_some(name));
                    }
                    Naming::Silent => sorted.silent.push(sighting),
                    Naming::Named(_) | Naming::Foreign => sorted.told.push(sighting),
                },
                Entry::Touched { item, revision, name } => {
                    match name.as_ref().filter(|name| self.is_ours(name)) {
                        Some(name) if role.holds_mirrors => {
                            sorted.mirrors.push((name.clone(), item, revision.as_ref()));
                        }
                        None if role.closes_time => sorted.unread.push(item.clone()),
                        None if name.is_none() => sorted.bystanders.push(item),
                        // A mirror of ours in a calendar that holds none: moved there by its reader, or an old one. Or
                        // somebody else's, which nobody has made by hand.
                        Some(_) | None => {}
                    }
                }
            }
        }
        sorted
    }

    /// Where the provider chooses ids, a link tells which items are mirrors. Where mirrors live, whatever has no link
    /// at all is read by id before it is taken for somebody else's; and so is a mirror that is told to be gone:
    /// it may only have left the provider's view.
    fn sort_silent(&self, id: &CalendarId, sorted: &mut Sorted<'_>, role: Role, seen: &Seen) {
        for sighting in std::mem::take(&mut sorted.silent) {
            let is_gone = sighting.seen == ItemSeen::Gone;
            let is_known = |item| seen.item_links_by_digest(&self.item_digest(id, item)).next().is_some();
            match seen.mirror_under(&sighting.item) {
                Some(_) if !role.holds_mirrors => {}
                Some(_) if is_gone => sorted.unread.push(sighting.item.clone()),
                Some(name) => {
                    sorted.mirrors.push((name.clone(), &sighting.item, sighting.revision.as_ref()));
                }
                None if role.holds_mirrors && !is_gone && !is_known(&sighting.item) => {
                    sorted.unread.push(sighting.item.clone());
                }
                None => sorted.told.push(sighting),
            }
        }
    }

    fn is_ours(&self, name: &MirrorId) -> bool {
        self.key.is_ours(&self.connection.practitioner, name)
    }

    /// In a delta, the links of what changed. What is missing from a full listing, only its link can tell (E-017).
    async fn load_links(
        &self,
        id: &CalendarId,
        sorted: &Sorted<'_>,
        reach: ListingReach,
        seen: &mut Seen,
    ) -> Result<(), EngineError> {
        if seen.has_all_links || self.scope.reach == Reach::Stretch {
            return Ok(());
        }
        if reach == ListingReach::Full {
            seen.add_links(self.engine.store.list_links(&self.at).await?);
            seen.has_all_links = true;
            return Ok(());
        }
        let told = sorted.told.iter().chain(&sorted.silent).map(|sighting| &sighting.item);
        let digests: BTreeSet<String> =
            told.chain(&sorted.unread).map(|item| self.item_digest(id, item)).collect();
        let found =
            self.engine.store.find_item_links(&self.at, &digests.into_iter().collect::<Vec<_>>()).await?;
        seen.add_links(found);
        let silent: Vec<ItemId> = sorted.silent.iter().map(|sighting| sighting.item.clone()).collect();
        if !silent.is_empty() {
            seen.add_links(self.engine.store.find_remote_links(&self.at, &silent).await?);
        }
        let standing = sorted.mirrors.iter().map(|(name, ..)| name.clone());
        let reading = self.reading(id, Gone::Tombstone);
        let told = sorted.told.iter().filter_map(|sighting| own_mirror(sighting, &reading).cloned());
        let names: Vec<MirrorId> = standing.chain(told).chain(sorted.gone_mirrors.iter().cloned()).collect();
        seen.add_links(self.engine.store.find_appointment_links(&self.at, &names).await?);
        Ok(())
    }

    fn see(
        &self,
        id: &CalendarId,
        role: Role,
        sighting: &Sighting,
        gone_is: Gone,
        calendar: &dyn Calendar,
        seen: &mut Seen,
    ) -> daybook_core::plan::sight::Observed {
        let reading = self.reading(id, gone_is);
        let digest = self.item_digest(id, &sighting.item);
        let links: Vec<&Link> = seen.item_links_by_digest(&digest).collect();
        let is_known = !links.is_empty();
        let mut observed = observe(sighting, &links, &reading);
        let named = calendar.naming_of(&sighting.item).name().filter(|name| self.is_ours(name));
        let name = named.or_else(|| seen.mirror_under(&sighting.item).cloned());
        if let Some(name) = name.filter(|_| sighting.seen == ItemSeen::Gone) {
            observed.mirror = Some((name, MirrorSight::Gone));
        }
        if role.holds_mirrors
            && let Some((name, sight)) = observed.mirror.take()
        {
            seen.mirrors.entry(Target::Calendar(id.clone())).or_default().insert(name, sight);
        }
        if role.closes_time && own_mirror(sighting, &reading).is_none() || is_known {
            seen.owners.extend(observed.owners.drain(..));
        }
        observed
    }

    fn reading<'a>(&'a self, calendar: &'a CalendarId, gone_is: Gone) -> Reading<'a> {
        Reading {
            calendar,
            practitioner: &self.connection.practitioner,
            key: &self.key,
            zone: &self.zone,
            within_hours: self.hours.as_ref(),
            closed_days: &self.connection.evidence.closed_days,
            gone_is,
        }
    }

    /// What the provider gave no answer for is not gone: its owners stay unclear.
    fn see_unanswered(&self, id: &CalendarId, asked: &[ItemId], read: &[Sighting], seen: &mut Seen) -> usize {
        let answered: BTreeSet<&ItemId> = read.iter().map(|sighting| &sighting.item).collect();
        let missing: Vec<&ItemId> = asked.iter().filter(|item| !answered.contains(item)).collect();
        for item in &missing {
            let digest = self.item_digest(id, item);
            let owners: Vec<Owner> =
                seen.item_links_by_digest(&digest).map(|link| link.owner.clone()).collect();
            seen.owners.extend(owners.into_iter().map(|owner| (owner, OwnerSight::Unclear)));
        }
        missing.len()
    }

    /// The day that came in because time passed. The delta says nothing of it (E-099).
    async fn see_strip(
        &self,
        id: &CalendarId,
        calendar: &dyn Calendar,
        role: Role,
        reach: ListingReach,
        seen: &mut Seen,
    ) -> Result<(), Taken> {
        let Roll::To { strip, .. } = self.scope.roll else { return Ok(()) };
        if reach == ListingReach::Full || !role.closes_time {
            return Ok(());
        }
        let listing = calendar.list_once(strip).await?;
        let mut sorted = self.sort(&listing.entries, calendar, role);
        self.sort_silent(id, &mut sorted, role, seen);
        let items = calendar.get(&sorted.unread, strip).await?;
        for sighting in items.iter().chain(sorted.told.iter().copied()) {
            self.see(id, role, sighting, Gone::NotFound, calendar, seen);
        }
        Ok(())
    }

    fn note(
        &self,
        id: &CalendarId,
        reach: ListingReach,
        unreadable: usize,
        free_all_day: usize,
        lease: &mut Lease<'_>,
    ) {
        let mut problems = Problems { map: &mut lease.release.problems, now: self.now };
        let unread = |count| format!("{count} items of calendar {id} cannot be read and close no time");
        let free = |count| {
            format!("{count} all-day entries of calendar {id} are marked free: these days stay bookable")
        };
        match reach {
            ListingReach::Full => {
                problems.count(About::Items(id), ProblemKind::ItemsUnreadable, unreadable, unread);
                problems.count(About::FreeDays(id), ProblemKind::FreeAllDay, free_all_day, free);
            }
            ListingReach::Delta => {
                problems.count_part(About::Items(id), ProblemKind::ItemsUnreadable, unreadable, unread);
                problems.count_part(About::FreeDays(id), ProblemKind::FreeAllDay, free_all_day, free);
            }
        }
    }

    /// Reads events whose owners are suspected gone, or whose blocks were touched.
    pub(super) async fn read_events(&self, owners: &[Owner], seen: &mut Seen) -> Result<(), RemoteError> {
        let mut items: BTreeMap<CalendarId, BTreeSet<ItemId>> = BTreeMap::new();
        for owner in owners {
            if let Owner::Event(event) = owner {
                items.entry(event.calendar.clone()).or_default().insert(event.item.clone());
            }
        }
        for (id, items) in items {
            let items: Vec<ItemId> = items.into_iter().collect();
            let calendar = self.account.calendar(&id);
            let read = calendar.get(&items, self.window).await?;
            self.see_unanswered(&id, &items, &read, seen);
            let role = Role { holds_mirrors: false, closes_time: true };
            for sighting in &read {
                self.see(&id, role, sighting, Gone::NotFound, calendar.as_ref(), seen);
            }
        }
        Ok(())
    }
}

/// A calendar that is gone or closed to us is a problem of its own; waiting does not mend it, and the others go on.
fn is_outage(error: &RemoteError) -> bool {
    !matches!(error, RemoteError::Missing { .. } | RemoteError::Forbidden { .. })
}

/// The lines of a listing by what is to be done with them.
#[derive(Default)]
struct Sorted<'a> {
    told: Vec<&'a Sighting>,
    /// Whose ids tell nothing; sorted once the links are known.
    silent: Vec<&'a Sighting>,
    mirrors: Vec<(MirrorId, &'a ItemId, Option<&'a Revision>)>,
    gone_mirrors: Vec<MirrorId>,
    unread: Vec<ItemId>,
    /// Told by their names only, in a calendar that closes no time.
    bystanders: Vec<&'a ItemId>,
}

/// A mirror in the very state that we left is not read again.
fn see_known_mirrors(id: &CalendarId, sorted: &mut Sorted<'_>, seen: &mut Seen) {
    let target = Target::Calendar(id.clone());
    for (name, item, revision) in std::mem::take(&mut sorted.mirrors) {
        let known = seen.links.get(&name).is_some_and(|link| stands_at(link, &target, revision));
        if known {
            seen.mirrors.entry(target.clone()).or_default().insert(name, MirrorSight::Unchanged);
        } else {
            sorted.unread.push(item.clone());
        }
    }
    for name in std::mem::take(&mut sorted.gone_mirrors) {
        seen.mirrors.entry(target.clone()).or_default().insert(name, MirrorSight::Gone);
    }
}

fn stands_at(link: &Link, target: &Target, revision: Option<&Revision>) -> bool {
    match &link.state {
        LinkState::Agreed(agreed) => {
            link.target == *target && revision.is_some() && agreed.revision.as_ref() == revision
        }
        LinkState::Owing(_) => false,
    }
}

/// Why a listing could not be taken in: the provider's side is a problem, ours ends the run.
enum Taken {
    Remote(RemoteError),
    Ours(EngineError),
}

impl From<RemoteError> for Taken {
    fn from(error: RemoteError) -> Self {
        Taken::Remote(error)
    }
}

impl From<EngineError> for Taken {
    fn from(error: EngineError) -> Self {
        Taken::Ours(error)
    }
}

fn keep_store_errors(taken: Result<(), Taken>) -> Result<Result<(), RemoteError>, Halt> {
    match taken {
        Ok(()) => Ok(Ok(())),
        Err(Taken::Remote(error)) => Ok(Err(error)),
        Err(Taken::Ours(error)) => Err(Halt::Broken(error)),
    }
}
