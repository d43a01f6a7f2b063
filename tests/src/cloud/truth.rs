//! Whether both sides agree, read from both sides themselves: the EHR's appointments and blocks in the world, the
//! provider's events as a person's app shows them.

use std::collections::BTreeMap;

use daybook_core::ids::CalendarId;
use daybook_core::key::{Owner, Target};
use daybook_core::mirror::MirrorId;
use daybook_core::time::Interval;
use daybook_engine::ports::ConnectionRef;

use super::hand::{Hand, Standing};
use super::house::House;
use crate::world::key_of;

impl House {
    /// Everything in which the sides differ, well inside the window; nothing, if all is well.
    pub fn differences(&self, at: &ConnectionRef, hand: &dyn Hand) -> Vec<String> {
        let targets = self.world.lock().targets(at);
        let calendars = targets.into_iter().filter_map(|target| match target {
            Target::Calendar(id) => Some(id),
            Target::Schedule(_) => None,
        });
        let mut faults: Vec<String> = calendars.flat_map(|id| self.of_mirrors(at, hand, &id)).collect();
        faults.extend(self.of_blocks(at, hand));
        faults.extend(self.mails().map(|count| format!("{count} mails were sent")));
        faults
    }

    fn is_inside(&self, at: &ConnectionRef, span: &Interval) -> bool {
        self.world.lock().is_well_inside(at, *span)
    }

    fn of_mirrors(&self, at: &ConnectionRef, hand: &dyn Hand, calendar: &CalendarId) -> Vec<String> {
        let mut wanted = self.wanted(at, calendar);
        let (key, practitioner) = self.name(at);
        let mut faults = Vec::new();
        for found in hand.mirrors(self, calendar) {
            let name = found.mirror.clone().filter(|name| key.is_ours(&practitioner, name));
            let Some(name) = name else { continue };
            faults.extend(dress(&found).filter(|_| self.is_inside(at, &found.at)));
            match wanted.remove(&name) {
                Some(span) if span == found.at => {}
                Some(span) => faults.push(format!(
                    "a mirror stands at {} and not at {}",
                    found.at.start(),
                    span.start()
                )),
                None if self.is_inside(at, &found.at) => {
                    faults.push(format!("a mirror too many at {}", found.at.start()));
                }
                None => {}
            }
        }
        faults.extend(wanted.values().map(|span| format!("no mirror at {}", span.start())));
        faults
    }

    /// Mirrors by name that ought to stand.
    fn wanted(&self, at: &ConnectionRef, calendar: &CalendarId) -> BTreeMap<MirrorId, Interval> {
        let (key, practitioner) = self.name(at);
        let state = self.world.lock();
        let ids = state.ehrs[&at.practice].appointments.keys();
        let target = Target::Calendar(calendar.clone());
        ids.filter_map(|id| {
            let owner = Owner::Appointment(id.clone());
            let span = state.wish(at, &owner).at.filter(|span| state.is_well_inside(at, *span))?;
            Some((key.mirror_id(&practitioner, &owner, &target), span))
        })
        .collect()
    }

    fn name(
        &self,
        at: &ConnectionRef,
    ) -> (daybook_core::key::PracticeKey, daybook_core::ids::PractitionerId) {
        (key_of(&at.practice), self.world.lock().rows[at].connection.practitioner.clone())
    }

    fn of_blocks(&self, at: &ConnectionRef, hand: &dyn Hand) -> Vec<String> {
        let (key, practitioner) = self.name(at);
        let blocking = self.world.lock().blocking(at);
        let is_ours =
            |one: &Standing| one.mirror.as_ref().is_some_and(|name| key.is_ours(&practitioner, name));
        let busy = |one: &Standing| one.is_busy && !one.at.is_empty() && !is_ours(one);
        let standing = blocking.iter().flat_map(|id| hand.standing(self, id));
        let mut wanted: Vec<Interval> = standing.filter(busy).map(|one| one.at).collect();
        let mut found = self.blocks(at);
        wanted.retain(|span| self.is_inside(at, span));
        found.retain(|span| self.is_inside(at, span));
        wanted.sort_unstable();
        if wanted == found {
            return Vec::new();
        }
        let words = |spans: &[Interval]| {
            spans.iter().map(|span| span.start().to_string()).collect::<Vec<_>>().join(", ")
        };
        vec![format!("blocks at [{}], but busy at [{}]", words(&found), words(&wanted))]
    }

    /// Time that is closed in the schedules of a connection's practitioner, in order.
    pub fn blocks(&self, at: &ConnectionRef) -> Vec<Interval> {
        let state = self.world.lock();
        let practitioner = &state.rows[at].connection.practitioner;
        let ehr = &state.ehrs[&at.practice];
        let schedules = &ehr.practitioners[practitioner].schedules;
        let blocks = schedules.iter().filter_map(|id| ehr.blocks.get(id)).flatten();
        let mut spans: Vec<Interval> = blocks.map(|block| block.content.interval()).collect();
        spans.sort_unstable();
        spans
    }

    /// How many mails the providers would have sent; none, if all is well.
    fn mails(&self) -> Option<usize> {
        let count = |cloud: &daybook_sandbox::cloud::Cloud| cloud.read(|world| world.mails.len());
        Some(count(&self.google) + count(&self.microsoft)).filter(|count| *count > 0)
    }
}

/// Private, without people, and with nothing to read (E-088, E-089).
fn dress(found: &Standing) -> Option<String> {
    let is_well = found.is_private && found.is_busy && found.people == 0 && found.title == "Busy";
    (!is_well).then(|| format!("a mirror shows too much: {found:?}"))
}
