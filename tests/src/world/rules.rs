//! The promises that are checked while things happen, each at the moment of a remote write or of a bookmark's move.
//! What must hold at the end is checked by who ends a history.

use daybook_core::ids::{CalendarId, ItemId};
use daybook_core::key::{Owner, Target};
use daybook_core::link::{Link, LinkState};
use daybook_core::mirror::{Content, MirrorId};
use daybook_core::probe::is_probe;
use daybook_core::time::Interval;
use daybook_engine::ports::{ConnectionRef, Release};
use jiff::ToSpan;

use super::calendar::{Body, Item};
use super::claims::Claim;
use super::{Calendars, State};

impl State {
    /// A mirror or block is about to be put.
    pub(super) fn check_put(&mut self, target: &Target, mirror: &MirrorId, content: &Content) {
        self.writes += 1;
        let Some((claim, link)) = self.check_write(mirror, "put") else { return };
        let at = content.interval().start();
        self.tell(format!("put {} at {}", named(link.as_ref(), target), minute(at)));
        let Some(link) = link else {
            return self.break_promise(format!("a mirror was put that no link knew, in {}", target.as_str()));
        };
        let is_elsewhere = self.calendars == Calendars::Elsewhere && matches!(link.owner, Owner::Event(_));
        if is_elsewhere || is_probe(&link.owner) {
            return;
        }
        let history = self.history(&claim.at, &link.owner);
        let version = history.iter().rposition(|span| *span == content.interval());
        let Some(version) = version else {
            return self
                .break_promise(format!("{} shows a time that it never had", named(Some(&link), target)));
        };
        let shown = self.truth().shown.insert(mirror.clone(), version);
        if shown.is_some_and(|shown| shown > version) && matches!(link.owner, Owner::Appointment(_)) {
            self.break_promise(format!("{} went back to an older time", named(Some(&link), target)));
        }
        let wish = self.wish(&claim.at, &link.owner);
        let removed = self.truth().removed.remove(mirror);
        if wish.at.is_none() && removed.is_some_and(|removed| removed > wish.since) {
            self.break_promise(format!("{} came back after its removal", named(Some(&link), target)));
        }
    }

    /// A mirror or block is about to be removed.
    pub(super) fn check_delete(&mut self, target: &Target, mirror: &MirrorId) {
        self.writes += 1;
        let Some((claim, link)) = self.check_write(mirror, "delete") else { return };
        self.tell(format!("delete {}", named(link.as_ref(), target)));
        let now = self.next_step();
        self.truth().removed.insert(mirror.clone(), now);
        let Some(link) = link else { return };
        if self.should_stand(&claim, &link, target) {
            self.break_promise(format!("{} was taken away and should stand", named(Some(&link), target)));
        }
    }

    /// Only the holder of the lease writes, and only while it lasts.
    fn check_write(&mut self, mirror: &MirrorId, what: &str) -> Option<(Claim, Option<Link>)> {
        let claim = self.check_lease(what)?;
        let link = self.rows.get(&claim.at)?.links.get(mirror).cloned();
        Some((claim, link))
    }

    /// The lease under which the worker being polled writes.
    pub(crate) fn check_lease(&mut self, what: &str) -> Option<Claim> {
        let Some(claim) = self.held() else {
            self.break_promise(format!("a {what} by nobody"));
            return None;
        };
        let now = self.now;
        let row = self.rows.get(&claim.at)?;
        let holder = row.lease.as_ref().is_some_and(|lease| lease.until == claim.until);
        if claim.generation != row.generation || !holder || now > claim.until {
            self.break_promise(format!("a {what} without the lease"));
        }
        Some(claim)
    }

    /// Whether the owner wanted this mirror before the run began and wants it still, with the same settings.
    fn should_stand(&self, claim: &Claim, link: &Link, target: &Target) -> bool {
        let wish = self.wish(&claim.at, &link.owner);
        let Some(row) = self.rows.get(&claim.at) else { return false };
        let connection = &row.connection;
        let unchanged = connection.version == claim.version && wish.since < claim.since;
        let reconciled = connection.schedule.reconciled.is_some_and(|last| last.version == claim.version);
        let chosen = match &link.owner {
            Owner::Appointment(_) => true,
            Owner::Event(event) => self.blocking(&claim.at).contains(&event.calendar),
        };
        let leaves = connection.evidence.disconnect.is_some();
        let inside = wish.at.is_some_and(|at| self.is_well_inside(&claim.at, at));
        unchanged && reconciled && chosen && !leaves && inside && self.targets(&claim.at).contains(target)
    }

    /// Whether it lies inside the window on any day that a run could take for today.
    pub(crate) fn is_well_inside(&self, at: &ConnectionRef, span: Interval) -> bool {
        let Some(row) = self.rows.get(at) else { return false };
        let window = row.connection.settings.window;
        let from = self.now - (i64::from(window.past_days()) * 24 - 48).hours();
        let to = self.now + (i64::from(window.future_days()) * 24 - 48).hours();
        span.start() > from && span.end() < to
    }

    /// What a person wrote on a mirror stays.
    pub(super) fn check_notes(&mut self, had: Option<String>, keeps: Option<&str>) {
        if let Some(notes) = had
            && keeps != Some(notes.as_str())
        {
            self.break_promise("a person's notes on a mirror were lost");
        }
    }

    /// Nothing that a person made is written or removed.
    pub(super) fn check_hand(&mut self, label: &str, calendar: &CalendarId, item: &ItemId) {
        let calendar = self.accounts.get(label).and_then(|account| account.calendars.get(calendar));
        let standing = calendar.and_then(|calendar| calendar.items.get(item));
        let is_theirs = MirrorId::parse(item.as_str()).is_none()
            || standing.is_some_and(|item| !matches!(item.body, Body::Mirror(_)));
        if is_theirs {
            self.break_promise("an event of a person was touched");
        }
    }

    /// A bookmark moves only past what is done or owed.
    pub(super) fn check_cursors(&mut self, at: &ConnectionRef, left: &Release) {
        let Some(row) = self.rows.get(at) else { return };
        let before = &row.connection.schedule.cursors;
        let moved: Vec<(CalendarId, u64)> = left
            .schedule
            .cursors
            .iter()
            .filter(|(id, cursor)| before.get(*id) != Some(cursor))
            .filter_map(|(id, cursor)| Some((id.clone(), cursor.as_str().parse().ok()?)))
            .collect();
        let looks_again = left.schedule.reconciled.is_none();
        let leaves = row.connection.evidence.disconnect.is_some();
        if row.connection.version != row.run_version || leaves || looks_again {
            return;
        }
        for (calendar, cursor) in moved {
            let undone = self.undone_before(at, &calendar, cursor);
            if let Some(what) = undone {
                self.break_promise(format!("the bookmark of {calendar} moved past {what}"));
            }
        }
    }

    /// What a calendar showed up to this bookmark and the links do not know.
    fn undone_before(&self, at: &ConnectionRef, calendar: &CalendarId, cursor: u64) -> Option<String> {
        let row = self.rows.get(at)?;
        let account = row.connection.account.as_ref()?;
        let state = self.accounts.get(&account.label)?.calendars.get(calendar)?;
        // What happened outside the window while a bookmark was lost shows when the window comes there.
        let agrees = |link: &Link, span: Option<Interval>| match &link.state {
            LinkState::Agreed(_) if link.is_parked() => true,
            LinkState::Agreed(agreed) => Some(agreed.span) == span || !self.is_well_inside(at, agreed.span),
            LinkState::Owing(_) => true,
        };
        let of_item = |link: &&Link, item: &ItemId| match &link.owner {
            Owner::Event(event) => event.calendar == *calendar && event.item == *item,
            Owner::Appointment(_) => link.mirror.as_str() == item.as_str(),
        };
        let gone = state.tombstones.iter().filter(|(_, left)| left.changed <= cursor);
        for (item, _) in gone {
            let links = row.links.values().filter(|link| of_item(link, item));
            if links.filter(|link| self.targets(at).contains(&link.target)).any(|link| !agrees(link, None)) {
                return Some(format!("the removal of {item}"));
            }
        }
        let targets = self.targets(at);
        let is_plain = |item: &Item| !matches!(item.body, Body::Unreadable);
        for (id, item) in state.items.iter().filter(|(_, item)| item.changed <= cursor && is_plain(item)) {
            let links = row.links.values().filter(|link| of_item(link, id));
            for link in links.filter(|link| targets.contains(&link.target)) {
                let span = match (&item.body, &link.owner) {
                    (Body::Mirror(content), Owner::Appointment(_)) => Some(content.interval),
                    (_, owner) => self.wish(at, owner).at,
                };
                if !agrees(link, span) {
                    return Some(format!("a change of {id}"));
                }
            }
        }
        None
    }
}

/// `2026-11-24T15:00Z`.
pub(crate) fn minute(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%MZ").to_string()
}

/// `a1 in main`, by the link's owner.
pub(super) fn named(link: Option<&Link>, target: &Target) -> String {
    let owner = match link.map(|link| &link.owner) {
        None => "a stray".to_owned(),
        Some(Owner::Appointment(id)) => id.to_string(),
        Some(Owner::Event(event)) if event.occurrence.as_str().is_empty() => event.item.to_string(),
        Some(Owner::Event(event)) => format!("{}.{}", event.item, event.occurrence),
    };
    format!("{owner} in {}", target.as_str())
}
