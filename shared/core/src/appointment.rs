//! An appointment as the EHR owns it, and what its status asks of the calendar.
//! It holds as much of the patient as the detail level allows, which by default is nothing.

use jiff::Timestamp;

use crate::detail::Disclosure;
use crate::ids::{AppointmentId, PractitionerId};
use crate::mirror::Certainty;
use crate::time::Interval;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Appointment {
    pub id: AppointmentId,
    pub status: Status,
    /// Absent where the EHR has not set one, or `Err` where its end lies before its start.
    pub when: Option<Result<Interval, Backwards>>,
    pub practitioners: Vec<(PractitionerId, Participation)>,
    pub kind: Kind,
    pub disclosure: Disclosure,
}

/// The EHR says that it ends before it starts; FHIR R4 has no rule against it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Backwards;

/// FHIR R4 `appointmentstatus`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    Proposed,
    Pending,
    Booked,
    Arrived,
    Fulfilled,
    Cancelled,
    NoShow,
    EnteredInError,
    CheckedIn,
    Waitlist,
    /// A word we do not know: nothing is decided from it.
    Unknown,
}

/// This practitioner's answer, FHIR R4 `participationstatus`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Participation {
    Accepted,
    Declined,
    Tentative,
    NeedsAction,
}

/// Whether a patient takes part. An EHR's feed also holds lunches and meetings.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Patient,
    Internal,
}

/// What a practice's EHR means by `proposed`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ProposedPolicy {
    #[default]
    Ignore,
    /// Some EHRs have no other word for a plain booking.
    CountsAsBooked,
}

/// What the calendar should show of an appointment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    Shown {
        at: Interval,
        certainty: Certainty,
    },
    NotShown,
    /// It cannot be understood: nothing changes on its account, and somebody is told.
    Unclear(&'static str),
}

/// The status table. `now` matters only for no-shows: past ones stay, future ones go.
pub fn standing(
    appointment: &Appointment,
    practitioner: &PractitionerId,
    now: Timestamp,
    proposed: ProposedPolicy,
) -> Standing {
    let Some(participation) = participation_of(appointment, practitioner) else { return Standing::NotShown };
    if appointment.kind == Kind::Internal || participation == Participation::Declined {
        return Standing::NotShown;
    }
    let shown = |certainty| shown(appointment, certainty);
    let settled = match participation {
        Participation::Tentative | Participation::NeedsAction => Certainty::Tentative,
        Participation::Accepted | Participation::Declined => Certainty::Confirmed,
    };
    match appointment.status {
        Status::Booked | Status::Arrived | Status::CheckedIn | Status::Fulfilled => shown(settled),
        Status::Pending => shown(Certainty::Tentative),
        Status::Proposed if proposed == ProposedPolicy::CountsAsBooked => match appointment.when {
            None => Standing::NotShown,
            Some(_) => shown(settled),
        },
        Status::NoShow => match appointment.when {
            Some(Ok(at)) if at.start() > now => Standing::NotShown,
            _ => shown(settled),
        },
        Status::Proposed | Status::Waitlist | Status::Cancelled | Status::EnteredInError => {
            Standing::NotShown
        }
        Status::Unknown => Standing::Unclear("its status is not one that FHIR R4 knows"),
    }
}

fn participation_of(appointment: &Appointment, practitioner: &PractitionerId) -> Option<Participation> {
    let mut answers = appointment.practitioners.iter().filter(|(id, _)| id == practitioner);
    answers.next().map(|(_, answer)| *answer)
}

fn shown(appointment: &Appointment, certainty: Certainty) -> Standing {
    match appointment.when {
        Some(Ok(at)) => Standing::Shown { at, certainty },
        Some(Err(Backwards)) => Standing::Unclear("it ends before it starts"),
        None => Standing::Unclear("it has no time"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    fn at(start: i64, end: i64) -> Interval {
        Interval::new(Timestamp::from_second(start).unwrap(), Timestamp::from_second(end).unwrap()).unwrap()
    }

    fn read(status: Status, answer: Participation, start: i64) -> Standing {
        let appointment = Appointment {
            id: "a".into(),
            status,
            when: Some(Ok(at(start, start + 60))),
            practitioners: vec![("p".into(), answer)],
            kind: Kind::Patient,
            disclosure: Disclosure::Busy,
        };
        standing(&appointment, &"p".into(), Timestamp::from_second(1000).unwrap(), ProposedPolicy::Ignore)
    }

    fn word(standing: Standing) -> &'static str {
        match standing {
            Standing::Shown { certainty: Certainty::Confirmed, .. } => "busy",
            Standing::Shown { certainty: Certainty::Tentative, .. } => "tentative",
            Standing::NotShown => "none",
            Standing::Unclear(_) => "unclear",
        }
    }

    #[test]
    fn e_051_the_status_table() {
        use Participation::{Accepted, Declined, NeedsAction, Tentative};
        for (status, answer, start, expected) in [
            (Status::Proposed, Accepted, 2000, "none"),
            (Status::Pending, Accepted, 2000, "tentative"),
            (Status::Booked, Accepted, 2000, "busy"),
            (Status::Arrived, Accepted, 2000, "busy"),
            (Status::CheckedIn, Accepted, 2000, "busy"),
            (Status::Fulfilled, Accepted, 0, "busy"),
            (Status::Cancelled, Accepted, 2000, "none"),
            (Status::NoShow, Accepted, 0, "busy"),
            (Status::NoShow, Accepted, 2000, "none"),
            (Status::EnteredInError, Accepted, 2000, "none"),
            (Status::Waitlist, Accepted, 2000, "none"),
            (Status::Unknown, Accepted, 2000, "unclear"),
            (Status::Booked, Declined, 2000, "none"),
            (Status::Booked, Tentative, 2000, "tentative"),
            (Status::Booked, NeedsAction, 2000, "tentative"),
        ] {
            assert_eq!(word(read(status, answer, start)), expected, "{status:?} {answer:?} at {start}");
        }
    }

    #[test]
    fn rows_that_are_not_this_clinicians_patients_are_not_shown() {
        let mut appointment = Appointment {
            id: "a".into(),
            status: Status::Booked,
            when: Some(Ok(at(0, 60))),
            practitioners: vec![("p".into(), Participation::Accepted)],
            kind: Kind::Patient,
            disclosure: Disclosure::Busy,
        };
        let read = |a: &Appointment, p: &str| {
            word(standing(a, &p.into(), Timestamp::UNIX_EPOCH, ProposedPolicy::Ignore))
        };
        assert_eq!(read(&appointment, "q"), "none", "E-049: reassigned to somebody else");
        appointment.when = Some(Err(Backwards));
        assert_eq!(read(&appointment, "p"), "unclear");
        appointment.when = None;
        assert_eq!(read(&appointment, "p"), "unclear");
        appointment.kind = Kind::Internal;
        assert_eq!(read(&appointment, "p"), "none");
    }
}
