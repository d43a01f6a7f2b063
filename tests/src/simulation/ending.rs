//! The end of a history: nothing goes wrong any more, every signal arrives, and what should stand stands; then a
//! further look writes nothing.

use std::collections::BTreeMap;

use daybook_core::connection::{Disconnect, Mirrors, ProblemKind, State};
use daybook_core::event::EventStatus;
use daybook_core::ids::{ItemId, OccurrenceId};
use daybook_core::key::{Owner, Target};
use daybook_core::link::{Link, LinkState};
use daybook_core::mirror::MirrorId;
use daybook_core::time::Interval;
use daybook_core::{event::EventRef, ids::CalendarId};
use daybook_engine::ports::{Cause, ConnectionRef};
use jiff::{SignedDuration, Timestamp};

use super::history::{History, Sweeping};
use crate::world::State as WorldState;
use crate::world::calendar::Body;
use crate::world::fault::Faults;
use crate::world::truth::closes;
use crate::world::worker::run;

impl History {
    pub(super) fn end(&mut self) {
        self.world.lock().faults = Faults::default();
        self.last_hooks();
        self.rest();
        self.arrive();
        let is_paused =
            |at: &ConnectionRef| self.world.lock().rows[at].connection.evidence.paused_at.is_some();
        if self.connections.iter().any(is_paused) {
            self.look_at_everything();
            self.arrive();
        }
        let before = self.world.lock().told.len();
        self.look_at_everything();
        let mut state = self.world.lock();
        // A stray has no link to remember it by: one that could not be removed is found by the next full look.
        let is_known = |line: &&String| self.sweeping == Sweeping::Off && line.starts_with("delete a stray");
        let is_write = |line: &&String| line.starts_with("put") || line.starts_with("delete");
        let written: Vec<String> =
            state.told[before..].iter().filter(is_write).filter(|line| !is_known(line)).cloned().collect();
        if !written.is_empty() {
            state.break_promise(format!("a further look wrote something: {}", written.join(", ")));
        }
    }

    /// The last signals come while somebody is at work.
    fn last_hooks(&mut self) {
        for _ in 0..self.hooks.len() * 2 {
            self.work_on();
            self.deliver_hooks();
        }
    }

    /// Whatever is under way arrives, and both sides agree.
    fn arrive(&mut self) {
        match self.sweeping {
            Sweeping::On => self.heal(),
            Sweeping::Off => self.settle(),
        }
        self.end_parks();
        self.compare();
    }

    /// What was parked waits for a person, who now asks.
    fn end_parks(&mut self) {
        let is_parked = |at: &&ConnectionRef| {
            let state = self.world.lock();
            let mut problems = state.rows[*at].connection.problems.values();
            problems.any(|problem| problem.kind == ProblemKind::MirrorParked)
        };
        let parked: Vec<ConnectionRef> = self.connections.iter().filter(is_parked).cloned().collect();
        for at in parked {
            let _ = run(self.engine.sync_now(&at));
        }
        self.drain();
    }

    /// A command makes a run compare everything.
    fn look_at_everything(&mut self) {
        for at in self.connections.clone() {
            let _ = run(self.engine.resume(&at));
        }
        self.drain();
    }

    /// A day passes, the sweep comes by, and everything that is due is done.
    fn heal(&mut self) {
        self.all_hooks();
        self.drain();
        for hours in [25, 1, 1] {
            self.world.lock().now += SignedDuration::from_hours(hours);
            for _ in 0..3 {
                self.sweep();
                self.drain();
                self.world.lock().now += SignedDuration::from_secs(61);
            }
        }
    }

    /// Every signal that was sent arrives, and no sweep comes by; what was put off is tried when its time has come.
    fn settle(&mut self) {
        self.all_hooks();
        self.drain();
        // A request that was noted and never sent: the next signal sends it.
        self.world.lock().now += SignedDuration::from_secs(301);
        let is_unsent =
            |at: &&ConnectionRef| self.world.lock().rows[*at].connection.signals.pending_since.is_some();
        let unsent: Vec<ConnectionRef> = self.connections.iter().filter(is_unsent).cloned().collect();
        for at in unsent {
            let named = self.world.lock().all_calendars(&at);
            let _ = run(self.engine.signal(&at, &named, Cause::Provider));
        }
        self.drain();
        for _ in 0..12 {
            let next = self.world.lock().next_attempt();
            let Some(next) = next else { break };
            {
                let mut state = self.world.lock();
                state.now = state.now.max(next) + SignedDuration::from_secs(10);
            }
            for at in self.connections.clone() {
                let named = self.world.lock().all_calendars(&at);
                let _ = run(self.engine.signal(&at, &named, Cause::Provider));
            }
            self.drain();
        }
    }

    fn all_hooks(&mut self) {
        for hook in std::mem::take(&mut self.hooks) {
            self.deliver(&hook);
        }
    }

    /// Works until the queue is empty; messages of the dead come back when their time is up.
    pub(super) fn drain(&mut self) {
        for _ in 0..40 {
            for worker in &mut self.workers {
                worker.finish(&self.world);
            }
            while self.workers[0].take(&self.world) {
                self.workers[0].finish(&self.world);
            }
            if self.world.lock().queue.is_empty() {
                return;
            }
            let mut state = self.world.lock();
            let visibility = state.visibility;
            state.now += visibility;
        }
        self.world.lock().break_promise("the queue does not empty");
    }

    /// What should stand stands, and nothing else of ours does.
    pub(super) fn compare(&mut self) {
        let mut state = self.world.lock();
        let mut faults = Vec::new();
        for at in &self.connections {
            let reached = state.rows[at].connection.evidence.state();
            if matches!(reached, State::Syncing | State::Disconnecting) {
                faults.push(format!("a connection is still {reached:?}"));
            }
            faults.extend(state.missing(at));
        }
        faults.extend(state.left_over(&self.connections));
        faults.extend(state.wrong_links(&self.connections));
        for fault in faults {
            state.break_promise(format!("at the end, {fault}"));
        }
    }
}

impl WorldState {
    /// When the earliest work that was put off may be tried.
    fn next_attempt(&self) -> Option<Timestamp> {
        let active = self.rows.values().filter(|row| is_active(row.connection.evidence.state()));
        let owing = active.clone().flat_map(|row| row.links.values()).filter_map(|link| match &link.state {
            LinkState::Owing(owing) => Some(owing.not_before.unwrap_or(Timestamp::MIN)),
            LinkState::Agreed(_) => None,
        });
        // A source that could not be read, or a comparison that is still due.
        let unread = active.filter(|row| {
            let schedule = &row.connection.schedule;
            let current = |last: daybook_core::connection::Reconciled| last.version == row.connection.version;
            schedule.failures > 0 || !schedule.reconciled.is_some_and(current)
        });
        let unread = unread.filter_map(|row| row.connection.schedule.due_at);
        owing.chain(unread).min()
    }

    /// Owners whose mirror does not stand, or stands at another time.
    fn missing(&self, at: &ConnectionRef) -> Vec<String> {
        let row = &self.rows[at];
        if row.connection.evidence.state() != State::Active {
            return Vec::new();
        }
        let standing = self.standing_mirrors();
        let mut missing = Vec::new();
        for target in self.targets(at) {
            for owner in self.owners(at, &target) {
                let Some(wish) = self.wish(at, &owner).at.filter(|span| self.is_well_inside(at, *span))
                else {
                    continue;
                };
                let key = crate::world::key_of(&at.practice);
                let mirror = key.mirror_id(&row.connection.practitioner, &owner, &target);
                let found = standing.get(&(target.clone(), mirror));
                if found != Some(&wish) {
                    missing.push(format!("{owner:?} is not in {}, but {found:?}", target.as_str()));
                }
            }
        }
        missing
    }

    /// Everything that could own a mirror in this target.
    fn owners(&self, at: &ConnectionRef, target: &Target) -> Vec<Owner> {
        match target {
            Target::Calendar(_) => {
                let ids = self.ehrs[&at.practice].appointments.keys();
                ids.cloned().map(Owner::Appointment).collect()
            }
            Target::Schedule(_) => {
                let blocking = self.blocking(at);
                blocking.iter().flat_map(|calendar| self.events(at, calendar)).collect()
            }
        }
    }

    fn events(&self, at: &ConnectionRef, calendar: &CalendarId) -> Vec<Owner> {
        let label = self.account_of(at).unwrap_or_default();
        let items = &self.accounts[&label].calendars[calendar].items;
        let event = |item: &ItemId, occurrence: &OccurrenceId| {
            Owner::Event(EventRef {
                calendar: calendar.clone(),
                item: item.clone(),
                series: item.as_str().into(),
                occurrence: occurrence.clone(),
            })
        };
        let of = |(item, found): (&ItemId, &crate::world::calendar::Item)| match &found.body {
            Body::Events(events) => events
                .iter()
                .filter(|found| found.status != EventStatus::Cancelled && closes(found).is_some())
                .map(|found| event(item, &found.occurrence))
                .collect(),
            Body::Mirror(_) | Body::Unreadable => Vec::new(),
        };
        items.iter().flat_map(of).collect()
    }

    fn standing_mirrors(&self) -> BTreeMap<(Target, MirrorId), Interval> {
        let mut standing = BTreeMap::new();
        for (id, calendar) in self.accounts.values().flat_map(|account| &account.calendars) {
            for (item, found) in &calendar.items {
                if let (Some(mirror), Body::Mirror(content)) = (MirrorId::parse(item.as_str()), &found.body) {
                    standing.insert((Target::Calendar(id.clone()), mirror), content.interval);
                }
            }
        }
        for (id, blocks) in self.ehrs.values().flat_map(|ehr| &ehr.blocks) {
            for block in blocks {
                let target = Target::Schedule(id.clone());
                standing.insert((target, block.mirror.clone()), block.content.interval());
            }
        }
        standing
    }

    /// Mirrors and blocks that no owner explains.
    fn left_over(&self, connections: &[ConnectionRef]) -> Vec<String> {
        // One that was kept, or is paused, may show what was; so may calendars that are written no more.
        let unsettled = connections.iter().any(|at| {
            let evidence = &self.rows[at].connection.evidence;
            let kept = matches!(evidence.disconnect, Some(Disconnect { mirrors: Mirrors::Keep, .. }));
            kept || !matches!(evidence.state(), State::Active | State::Disconnected)
        });
        if unsettled {
            return Vec::new();
        }
        let known: BTreeMap<(&Target, &MirrorId), (&ConnectionRef, &Link)> = connections
            .iter()
            .flat_map(|at| self.rows[at].links.values().map(move |link| (at, link)))
            .map(|(at, link)| ((&link.target, &link.mirror), (at, link)))
            .collect();
        let explains = |((target, mirror), span): &((Target, MirrorId), Interval)| {
            let Some((at, link)) = known.get(&(target, mirror)) else { return false };
            self.wish(at, &link.owner).at == Some(*span)
        };
        let inside = |span: &Interval| connections.iter().all(|at| self.is_well_inside(at, *span));
        let standing = self.standing_mirrors().into_iter().filter(|(_, span)| inside(span));
        let left = standing.filter(|found| !explains(found));
        left.map(|((target, _), span)| {
            format!("something is left in {} at {}", target.as_str(), span.start())
        })
        .collect()
    }

    /// Links that agree on what does not stand.
    fn wrong_links(&self, connections: &[ConnectionRef]) -> Vec<String> {
        let standing = self.standing_mirrors();
        let active = |at: &&ConnectionRef| self.rows[*at].connection.evidence.state() == State::Active;
        let links = connections.iter().filter(active).flat_map(|at| {
            let inside = move |link: &&Link| link.span().is_none_or(|span| self.is_well_inside(at, span));
            self.rows[at].links.values().filter(inside)
        });
        let wrong = links.filter(|link| {
            let found = standing.get(&(link.target.clone(), link.mirror.clone()));
            !matches!(&link.state, LinkState::Agreed(agreed) if Some(&agreed.span) == found)
        });
        wrong.map(|link| format!("the link of {:?} is wrong: {:?}", link.owner, link.state)).collect()
    }
}

/// Whether a run would do something for it.
fn is_active(state: State) -> bool {
    matches!(state, State::Active | State::Syncing | State::Disconnecting)
}
