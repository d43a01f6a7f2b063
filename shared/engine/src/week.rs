//! The picture of one practice-local week, drawn from fresh reads of both systems. It writes nothing, and holds no title
//! of anything: when something is, and whether the other side shows it too.

use daybook_core::connection::{Connection, Direction, MainCalendar};
use daybook_core::free_day::FreeDay;
use daybook_core::key::{Owner, Target};
use daybook_core::mirror::Content;
use daybook_core::plan::{MirrorSight, OwnerSight};
use daybook_core::time::{Interval, When, date_of};
use daybook_core::week::{self, Entry, Read, Wanted, Wish};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::Engine;
use crate::error::EngineError;
use crate::preview::{unleased, whole};
use crate::sync::{Halt, Session};

/// One week as it stands.
#[derive(Clone, PartialEq, Debug)]
pub struct Week {
    /// Its Monday.
    pub first: Date,
    /// The practice's.
    pub zone: TimeZone,
    pub read_at: Timestamp,
    pub entries: Vec<Entry>,
    /// All-day entries marked free: they do not close their days, unless the clinician said so.
    pub free_days: Vec<FreeDay>,
    /// When clients could be seen. Empty also where the EHR gives no hours.
    pub free: Vec<Interval>,
    pub hours: HoursKnown,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HoursKnown {
    Given,
    /// No free times can be offered.
    NotGiven,
}

impl Engine {
    /// Draws the week of `day`, or this one. Reads both sides; takes no lease.
    pub async fn week(&self, connection: Connection, day: Option<Date>) -> Result<Week, EngineError> {
        let mut lease = unleased(self, connection)?;
        let mut session = Session::look_around(self, &mut lease).await.map_err(Halt::into_error)?;
        session.choose_blocking_calendars(&mut lease).await.map_err(Halt::into_error)?;
        let practitioner = &session.connection.practitioner;
        let hours = session.ehr.practitioner(practitioner).await.map_err(EngineError::Ehr)?.hours;
        let first = week::monday_of(day.unwrap_or_else(|| date_of(session.now, &session.zone)));
        let within = week::interval(first, &session.zone);
        let session = session.at_stretch(within);
        let seen = session.observe(&mut lease).await.and_then(whole).map_err(Halt::into_error)?;
        let read = read_of(&session, &seen, within);
        let wanted = wanted(&session);
        Ok(Week {
            first,
            read_at: session.now,
            entries: week::entries(&read, wanted),
            free_days: free_days(&seen.free_days, within, &session.zone),
            free: week::free(&read, &hours, within, wanted, &session.zone),
            hours: if hours.openings.is_empty() { HoursKnown::NotGiven } else { HoursKnown::Given },
            zone: session.zone,
        })
    }
}

fn wanted(session: &Session<'_>) -> Wanted {
    let wish = |is_wanted| if is_wanted { Wish::Yes } else { Wish::No };
    Wanted {
        mirrors: wish(session.settings.main_calendar != MainCalendar::None),
        blocks: wish(session.settings.direction == Direction::TwoWay),
    }
}

fn read_of(session: &Session<'_>, seen: &crate::sync::Seen, within: Interval) -> Read {
    let mut read = Read::default();
    for (owner, sight) in &seen.owners {
        let OwnerSight::Wanted(content) = sight else { continue };
        match owner {
            Owner::Appointment(_) => read.appointments.push(content.interval()),
            Owner::Event(_) => read.events.push(content.interval()),
        }
    }
    let targets = [session.appointment_targets(), session.block_targets()];
    for target in targets.into_iter().flatten().flatten() {
        for (mirror, sight) in seen.mirrors.get(&target).into_iter().flatten() {
            let at = match sight {
                MirrorSight::Holds { content, .. } => Some(Content::interval(content)),
                MirrorSight::Unchanged => seen.links.get(mirror).and_then(daybook_core::link::Link::span),
                MirrorSight::Gone => None,
            };
            match target {
                Target::Calendar(_) => read.mirrors.extend(at),
                Target::Schedule(_) => read.blocks.extend(at),
            }
        }
    }
    for times in [&mut read.appointments, &mut read.events, &mut read.mirrors, &mut read.blocks] {
        times.retain(|at| at.overlaps(&within));
    }
    read
}

fn free_days(found: &[FreeDay], within: Interval, zone: &TimeZone) -> Vec<FreeDay> {
    let takes =
        |day: &&FreeDay| When::AllDay { first: day.first, end: day.end }.resolve(zone).overlaps(&within);
    let mut days: Vec<FreeDay> = found.iter().filter(takes).cloned().collect();
    days.sort_unstable();
    days.dedup();
    days
}
