//! The EHR: appointments with their past versions, schedules with our blocks. It chooses the blocks' ids itself and
//! honours `If-None-Exist`, unless a plant says otherwise.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use daybook_core::appointment::Appointment;
use daybook_core::detail::{Detail, Disclosure};
use daybook_core::hours::Hours;
use daybook_core::ids::{AppointmentId, Cursor, ItemId, PracticeId, PractitionerId, Revision, ScheduleId};
use daybook_core::key::Target;
use daybook_core::mirror::{Content, Expected, MirrorId};
use daybook_core::time::Interval;
use daybook_engine::ports::{
    Appointments, Changes, Completeness, Ehr, Ehrs, Found, MirrorRef, MirrorSighting, Mirrors, Practitioner,
    RemoteError, Step, Written,
};

use super::fault::{Fate, Plant, Point, later};
use super::{State, World};

/// One practice's EHR.
#[derive(Default)]
pub struct EhrState {
    pub is_down: bool,
    pub practitioners: BTreeMap<PractitionerId, Practitioner>,
    pub appointments: BTreeMap<AppointmentId, Booked>,
    pub blocks: BTreeMap<ScheduleId, Vec<Block>>,
    /// Grows with each change of an appointment.
    pub changes: u64,
    slots: u64,
}

/// An appointment and what it was before.
pub struct Booked {
    pub appointment: Appointment,
    pub changed: u64,
    /// Which step of the world changed it last.
    pub step: u64,
    /// Each time at which it was ever booked, oldest first.
    pub history: Vec<Interval>,
    /// Deleted outright: the EHR does not know it any more.
    pub is_erased: bool,
}

/// Time that we closed.
pub struct Block {
    pub slot: ItemId,
    pub mirror: MirrorId,
    pub content: Content,
    pub revision: u64,
}

impl Block {
    fn sighting(&self) -> MirrorSighting {
        MirrorSighting {
            mirror: self.mirror.clone(),
            remote: Some(self.slot.clone()),
            revision: Some(revision(self.revision)),
            content: Some(self.content.clone()),
        }
    }
}

/// No more than was asked for.
fn told(appointment: &Appointment, detail: Detail) -> Appointment {
    let disclosure = match detail {
        Detail::Busy => Disclosure::Busy,
        Detail::Appointment => Disclosure::Appointment { modality: None },
        Detail::Reference => Disclosure::Reference { number: appointment.id.to_string() },
        Detail::Initials => Disclosure::Initials { initials: "P.Q.".into() },
        Detail::Full => {
            Disclosure::Full { patient: "Pat Quill".into(), service: None, location: Some("Room 2".into()) }
        }
    };
    Appointment { disclosure, ..appointment.clone() }
}

pub(crate) fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

pub(crate) fn revision(number: u64) -> Revision {
    Revision::new(format!("v{number}"))
}

struct Remote {
    world: Arc<World>,
    practice: PracticeId,
}

struct Blocks {
    world: Arc<World>,
    practice: PracticeId,
    schedule: ScheduleId,
}

#[async_trait]
impl Ehrs for World {
    async fn open(&self, practice: &PracticeId) -> Result<Arc<dyn Ehr>, RemoteError> {
        Ok(Arc::new(Remote { world: self.arc(), practice: practice.clone() }))
    }
}

impl Remote {
    /// Reads under the lock after one fault point.
    async fn read<T>(
        &self,
        what: impl FnOnce() -> String + Send,
        read: impl FnOnce(&EhrState) -> T + Send,
    ) -> Result<T, RemoteError> {
        let fate = self.world.point(Point::EhrRead).await;
        let mut state = self.world.lock();
        state.tell_read(|| format!("EHR: {}", what()));
        fate.of_remote("the EHR")?;
        match state.ehrs.get(&self.practice) {
            Some(ehr) if !ehr.is_down => Ok(read(ehr)),
            _ => Err(later("the EHR", None)),
        }
    }
}

#[async_trait]
impl Ehr for Remote {
    async fn practitioner(&self, id: &PractitionerId) -> Result<Practitioner, RemoteError> {
        let found = self.read(|| format!("who is {id}"), |ehr| ehr.practitioners.get(id).cloned()).await?;
        found.ok_or_else(|| RemoteError::Missing { what: format!("practitioner {id}") })
    }

    async fn list_appointments(
        &self,
        practitioner: &PractitionerId,
        within: Interval,
        detail: Detail,
    ) -> Result<Appointments, RemoteError> {
        let is_theirs = |a: &&Appointment| {
            let takes_part = a.practitioners.iter().any(|(id, _)| id == practitioner);
            takes_part && matches!(a.when, Some(Ok(at)) if at.overlaps(&within))
        };
        self.read(
            || format!("list {practitioner}'s appointments"),
            |ehr| {
                let standing = ehr.appointments.values().filter(|booked| !booked.is_erased);
                let items = standing.map(|booked| &booked.appointment).filter(is_theirs);
                let items = items.map(|appointment| told(appointment, detail)).collect();
                Appointments { items, unreadable: Vec::new(), completeness: Completeness::Complete }
            },
        )
        .await
    }

    async fn get_appointments(
        &self,
        ids: &[AppointmentId],
        detail: Detail,
    ) -> Result<Vec<(AppointmentId, Found)>, RemoteError> {
        let lies = self.world.lock().is_planted(Plant::ReadsSayGone);
        self.read(
            || format!("read {}", listed(ids.iter().map(AppointmentId::as_str))),
            |ehr| {
                let find = |id: &AppointmentId| match ehr.appointments.get(id) {
                    Some(booked) if !booked.is_erased && !lies => {
                        Found::Standing(told(&booked.appointment, detail))
                    }
                    _ => Found::Gone,
                };
                ids.iter().map(|id| (id.clone(), find(id))).collect()
            },
        )
        .await
    }

    async fn list_changes(&self, since: Option<&Cursor>) -> Result<Changes, RemoteError> {
        let seen: Option<u64> = since.and_then(|cursor| cursor.as_str().parse().ok());
        self.read(
            || "what has changed".into(),
            |ehr| {
                let cursor = Cursor::new(ehr.changes.to_string());
                let is_new =
                    |booked: &&Booked| seen.is_some_and(|seen| booked.changed > seen) && !booked.is_erased;
                let named = |booked: &Booked| {
                    let practitioners = booked.appointment.practitioners.iter().map(|(id, _)| id.clone());
                    (booked.appointment.id.clone(), practitioners.collect())
                };
                let appointments = ehr.appointments.values().filter(is_new).map(named).collect();
                Changes { appointments, cursor }
            },
        )
        .await
    }

    async fn list_blocks(
        &self,
        schedule: &ScheduleId,
        within: Interval,
    ) -> Result<Vec<MirrorSighting>, RemoteError> {
        self.read(
            || format!("list blocks in {schedule}"),
            |ehr| {
                let blocks = ehr.blocks.get(schedule).into_iter().flatten();
                let inside = blocks.filter(|block| block.content.interval().overlaps(&within));
                inside.map(Block::sighting).collect()
            },
        )
        .await
    }

    fn blocks(&self, schedule: &ScheduleId) -> Arc<dyn Mirrors> {
        let (world, practice) = (self.world.clone(), self.practice.clone());
        Arc::new(Blocks { world, practice, schedule: schedule.clone() })
    }
}

#[async_trait]
impl Mirrors for Blocks {
    fn steps_per_request(&self) -> usize {
        3
    }

    async fn carry_out(&self, steps: &[Step]) -> Vec<Result<Written, RemoteError>> {
        let mut results = Vec::new();
        for step in steps {
            let fate = self.world.point(Point::EhrWrite).await;
            results.push(self.carry_out_one(step, fate));
        }
        results
    }

    async fn find(&self, mirrors: &[MirrorRef]) -> Result<Vec<MirrorSighting>, RemoteError> {
        let fate = self.world.point(Point::EhrRead).await;
        let mut state = self.world.lock();
        state.tell_read(|| format!("EHR: find {} blocks in {}", mirrors.len(), self.schedule));
        fate.of_remote("the EHR")?;
        let ehr = state.standing_ehr(&self.practice)?;
        let blocks = ehr.blocks.entry(self.schedule.clone()).or_default();
        let find = |at: &MirrorRef| {
            let nothing =
                MirrorSighting { mirror: at.mirror.clone(), remote: None, revision: None, content: None };
            blocks.iter().find(|block| block.mirror == at.mirror).map_or(nothing, Block::sighting)
        };
        Ok(mirrors.iter().map(find).collect())
    }
}

impl Blocks {
    fn carry_out_one(&self, step: &Step, fate: Fate) -> Result<Written, RemoteError> {
        let ending = fate.of_remote("a block")?;
        let mut state = self.world.lock();
        state.standing_ehr(&self.practice)?;
        let written = match step {
            Step::Put { at, expected, content } => self.put(&mut state, at, expected, content)?,
            Step::Delete { at, .. } => self.delete(&mut state, at),
        };
        ending.remote("a block", written)
    }

    fn put(
        &self,
        state: &mut State,
        at: &MirrorRef,
        expected: &Expected,
        content: &Content,
    ) -> Result<Written, RemoteError> {
        let conflict = || RemoteError::Conflict { what: format!("block {}", at.mirror) };
        let is_new = matches!(expected, Expected::Absent | Expected::Doubtful);
        let doubles = state.is_planted(Plant::BlocksAreDoubled) && is_new;
        let ehr = state.standing_ehr(&self.practice)?;
        let blocks = ehr.blocks.entry(self.schedule.clone()).or_default();
        let standing = blocks.iter().position(|block| block.mirror == at.mirror).filter(|_| !doubles);
        let position = match (standing, expected) {
            (None, Expected::Absent | Expected::Doubtful | Expected::Unversioned) => None,
            (Some(position), Expected::Unversioned) => Some(position),
            (Some(position), Expected::Revision(known, _))
                if revision(blocks[position].revision) == *known =>
            {
                Some(position)
            }
            _ => return Err(conflict()),
        };
        state.check_put(&Target::Schedule(self.schedule.clone()), &at.mirror, content);
        let ehr = state.standing_ehr(&self.practice)?;
        ehr.slots += 1;
        let number = ehr.slots;
        let blocks = ehr.blocks.entry(self.schedule.clone()).or_default();
        let slot = if let Some(position) = position {
            (blocks[position].content, blocks[position].revision) = (content.clone(), number);
            blocks[position].slot.clone()
        } else {
            let slot = ItemId::new(format!("slot-{number}"));
            let (mirror, content) = (at.mirror.clone(), content.clone());
            blocks.push(Block { slot: slot.clone(), mirror, content, revision: number });
            slot
        };
        let twice = blocks.iter().filter(|block| block.mirror == at.mirror).count() > 1;
        if twice {
            state.break_promise("two blocks of one event in one schedule");
        }
        Ok(Written { remote: Some(slot), revision: Some(revision(number)), touch: None })
    }

    fn delete(&self, state: &mut State, at: &MirrorRef) -> Written {
        state.check_delete(&Target::Schedule(self.schedule.clone()), &at.mirror);
        if !state.is_planted(Plant::RemovesNothing)
            && let Some(ehr) = state.ehrs.get_mut(&self.practice)
        {
            let blocks = ehr.blocks.entry(self.schedule.clone()).or_default();
            blocks.retain(|block| block.mirror != at.mirror);
        }
        Written::default()
    }
}

impl State {
    fn standing_ehr(&mut self, practice: &PracticeId) -> Result<&mut EhrState, RemoteError> {
        match self.ehrs.get_mut(practice) {
            Some(ehr) if !ehr.is_down => Ok(ehr),
            _ => Err(later("the EHR", None)),
        }
    }

    /// Time that Daybook has closed, all schedules together.
    pub fn blocked(&self, practice: &PracticeId) -> Vec<Interval> {
        let schedules = self.ehrs.get(practice).into_iter().flat_map(|ehr| ehr.blocks.values());
        let mut blocked: Vec<Interval> = schedules.flatten().map(|block| block.content.interval()).collect();
        blocked.sort_unstable();
        blocked
    }
}

/// A practitioner with one schedule, always open, in New York.
pub fn practitioner(schedule: &str) -> Practitioner {
    Practitioner {
        name: None,
        time_zone: Some("America/New_York".into()),
        schedules: vec![schedule.into()],
        hours: Hours::default(),
    }
}
