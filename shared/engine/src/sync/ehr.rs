//! Look at the EHR: marked appointments by id, a day that came in, or the whole window.

use std::collections::HashMap;
use std::time::Duration;

use daybook_core::appointment::{Appointment, Standing, standing};
use daybook_core::connection::{Direction, ProblemKind};
use daybook_core::detail::project;
use daybook_core::ids::AppointmentId;
use daybook_core::key::{Owner, Target};
use daybook_core::mirror::{Content, MirrorId};
use daybook_core::plan::{MirrorSight, OwnerSight, Source};
use daybook_core::time::Interval;
use daybook_core::window::Roll;

use super::Session;
use super::lanes::{Part, Seen};
use super::lease::Lease;
use super::problems::{About, Problems};
use crate::ports::{Completeness, Found, MirrorSighting, RemoteError};

/// The next few are looked for so far ahead; farther where that finds too few.
const SOON: [Duration; 2] = [Duration::from_hours(3 * 24), Duration::from_hours(28 * 24)];

/// What an answer "it is not there" means, by why it was asked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// A signal named it: that is evidence.
    Marked,
    /// It was missing from a listing, or its mirror was touched.
    Suspected,
}

impl Session<'_> {
    /// Reads the EHR as far as this run looks. An EHR that cannot be read leaves its side unreported.
    pub(super) async fn observe_ehr(&self, seen: &mut Seen, lease: &mut Lease<'_>) {
        let result = self.read_ehr(seen).await;
        let mut problems = Problems { map: &mut lease.release.problems, now: self.now };
        match result {
            Ok(()) => {
                problems.clear(About::Ehr);
                problems.count(
                    About::Appointments,
                    ProblemKind::ItemsUnreadable,
                    seen.unclear_appointments,
                    |count| format!("{count} appointments cannot be understood and are left as they are"),
                );
            }
            Err(error) => {
                tracing::warn!(connection = %self.at.id, error = %error, "the EHR could not be read");
                problems.set(About::Ehr, problem_kind(&error), error.to_string());
                seen.fail(&error);
                seen.failed.insert(Part::Ehr);
            }
        }
    }

    async fn read_ehr(&self, seen: &mut Seen) -> Result<(), RemoteError> {
        if self.lists() {
            self.list_appointments(self.window, seen).await?;
            if self.settings.direction == Direction::TwoWay {
                self.list_blocks(seen).await?;
            }
        } else if let Roll::To { strip, .. } = self.scope.roll {
            let practitioner = &self.connection.practitioner;
            let listing = self.ehr.list_appointments(practitioner, strip, self.detail).await?;
            listing.items.iter().for_each(|appointment| self.see_appointment(appointment, seen));
        }
        let marked: Vec<AppointmentId> = self.connection.signals.marks.appointments.keys().cloned().collect();
        let unread =
            marked.into_iter().filter(|id| !seen.owners.contains_key(&Owner::Appointment(id.clone())));
        self.read_appointments(&unread.collect::<Vec<_>>(), Asked::Marked, seen).await
    }

    async fn list_appointments(&self, within: Interval, seen: &mut Seen) -> Result<(), RemoteError> {
        let listing = self.ehr.list_appointments(&self.connection.practitioner, within, self.detail).await?;
        listing.items.iter().for_each(|appointment| self.see_appointment(appointment, seen));
        for id in listing.unreadable {
            seen.unclear_appointments += 1;
            seen.owners.insert(Owner::Appointment(id), OwnerSight::Unclear);
        }
        if listing.completeness == Completeness::Complete {
            seen.listed.insert(Source::Ehr, within);
        }
        Ok(())
    }

    /// The next few appointments that should stand in the main calendar, in order of time, by their mirror's name.
    pub async fn coming(&self, most: usize) -> Result<Vec<(MirrorId, Interval)>, RemoteError> {
        let targets = self.appointment_targets().unwrap_or_default();
        let Some(target) = targets.first() else { return Ok(Vec::new()) };
        let mut coming = Vec::new();
        for soon in SOON {
            let until = super::after(self.now, soon).min(self.window.end());
            let mut seen = Seen::default();
            self.list_appointments(Interval::between(self.now, until), &mut seen).await?;
            coming = self.wanted_in(target, &seen);
            if coming.len() >= most {
                break;
            }
        }
        coming.sort_unstable_by(|(one, at), (other, then)| (at, one).cmp(&(then, other)));
        coming.truncate(most);
        Ok(coming)
    }

    fn wanted_in(&self, target: &Target, seen: &Seen) -> Vec<(MirrorId, Interval)> {
        let wanted = seen.owners.iter().filter_map(|(owner, sight)| match sight {
            OwnerSight::Wanted(content) if content.interval().end() > self.now => {
                let mirror = self.key.mirror_id(&self.connection.practitioner, owner, target);
                Some((mirror, content.interval()))
            }
            _ => None,
        });
        wanted.collect()
    }

    async fn list_blocks(&self, seen: &mut Seen) -> Result<(), RemoteError> {
        for schedule in self.schedules() {
            let target = Target::Schedule(schedule.clone());
            for sighting in self.ehr.list_blocks(&schedule, self.window).await? {
                if self.key.is_ours(&self.connection.practitioner, &sighting.mirror) {
                    seen.see_mirror(&target, sighting);
                }
            }
            seen.listed_targets.insert(target, self.window);
        }
        Ok(())
    }

    /// Reads appointments by id; those without an answer stay unclear.
    pub(super) async fn read_appointments(
        &self,
        ids: &[AppointmentId],
        asked: Asked,
        seen: &mut Seen,
    ) -> Result<(), RemoteError> {
        if ids.is_empty() {
            return Ok(());
        }
        let mut answers: HashMap<AppointmentId, Found> =
            self.ehr.get_appointments(ids, self.detail).await?.into_iter().collect();
        for id in ids {
            match (answers.remove(id), asked) {
                (Some(Found::Standing(appointment)), _) => self.see_appointment(&appointment, seen),
                (Some(Found::Gone), Asked::Marked) => seen.see_owner(id, OwnerSight::NotWanted),
                (Some(Found::Gone), Asked::Suspected) => seen.see_owner(id, OwnerSight::Absent),
                (answer @ (Some(Found::Unreadable) | None), _) => {
                    seen.unclear_appointments += 1;
                    seen.see_owner(id, OwnerSight::Unclear);
                    if answer.is_none() {
                        seen.unanswered.insert(id.clone());
                    }
                }
            }
        }
        Ok(())
    }

    fn see_appointment(&self, appointment: &Appointment, seen: &mut Seen) {
        let standing = standing(appointment, &self.connection.practitioner, self.now, self.practice.proposed);
        let sight = match standing {
            Standing::Unclear(why) => {
                tracing::info!(connection = %self.at.id, why, "an appointment is left as it is");
                seen.unclear_appointments += 1;
                OwnerSight::Unclear
            }
            standing => project(appointment, standing, self.settings.reminder_minutes)
                .map_or(OwnerSight::NotWanted, |mirror| OwnerSight::Wanted(Content::Mirror(mirror))),
        };
        seen.see_owner(&appointment.id, sight);
    }
}

impl Seen {
    fn see_owner(&mut self, id: &AppointmentId, sight: OwnerSight) {
        self.owners.insert(Owner::Appointment(id.clone()), sight);
    }

    /// Remembers what stands under one of our names in a target.
    pub(super) fn see_mirror(&mut self, target: &Target, sighting: MirrorSighting) {
        let MirrorSighting { mirror, remote, revision, content } = sighting;
        let sight = match content {
            Some(content) => MirrorSight::Holds { content, revision, remote },
            None => MirrorSight::Gone,
        };
        self.mirrors.entry(target.clone()).or_default().insert(mirror, sight);
    }
}

pub(crate) fn problem_kind(error: &RemoteError) -> ProblemKind {
    match error {
        RemoteError::Refused { .. }
        | RemoteError::Forbidden { .. }
        | RemoteError::Missing { .. }
        | RemoteError::Unconfigured { .. } => ProblemKind::EhrRefused,
        RemoteError::Rejected { .. } => ProblemKind::ItemsRejected,
        RemoteError::Later { .. }
        | RemoteError::CursorLost { .. }
        | RemoteError::Conflict { .. }
        | RemoteError::Unintelligible { .. } => ProblemKind::EhrUnreachable,
    }
}
