//! Appointments: in a window, by id, and since when.

use daybook_core::ids::{AppointmentId, PractitionerId};
use daybook_core::time::Interval;
use jiff::Timestamp;

use crate::config::{Base, joined};
use crate::http::Prepared;
use crate::instant::{before, write_instant};

const WHAT: &str = "the EHR's appointments";
/// R4 searches by the start only: so long an appointment may have begun before the window.
const LONGEST_APPOINTMENT_S: i64 = 24 * 3600;
const KIND: &str = "Appointment";

/// Everything of one clinician that may overlap a window.
pub(crate) struct SearchAppointments<'a> {
    pub(crate) practitioner: &'a PractitionerId,
    /// Their roles, for an EHR that schedules those.
    pub(crate) roles: &'a [String],
    pub(crate) within: Interval,
    pub(crate) elements: &'a str,
}

impl SearchAppointments<'_> {
    pub(crate) fn prepare(&self, base: &Base) -> Prepared {
        let mut actors = vec![format!("Practitioner/{}", self.practitioner)];
        actors.extend(self.roles.iter().map(|role| format!("PractitionerRole/{role}")));
        let from = before(self.within.start(), LONGEST_APPOINTMENT_S);
        let query = [
            ("actor", joined(actors.iter().map(String::as_str))),
            ("date", format!("ge{}", write_instant(from))),
            ("date", format!("lt{}", write_instant(self.within.end()))),
            ("_count", "100".to_owned()),
            ("_elements", self.elements.to_owned()),
        ];
        search(base, &query)
    }
}

/// Some appointments by id.
pub(crate) struct SearchAppointmentsById<'a> {
    pub(crate) ids: &'a [&'a AppointmentId],
    pub(crate) elements: &'a str,
}

impl SearchAppointmentsById<'_> {
    pub(crate) fn prepare(&self, base: &Base) -> Prepared {
        let query = [
            ("_id", joined(self.ids.iter().map(|id| id.as_str()))),
            ("_count", self.ids.len().to_string()),
            ("_elements", self.elements.to_owned()),
        ];
        search(base, &query)
    }
}

/// One appointment.
pub(crate) struct GetAppointment<'a> {
    pub(crate) id: &'a AppointmentId,
}

impl GetAppointment<'_> {
    pub(crate) fn prepare(&self, base: &Base) -> Prepared {
        Prepared::get("an appointment of the EHR", base.item(KIND, self.id.as_str()))
    }
}

/// What changed at or after a time.
pub(crate) struct SearchChanges<'a> {
    pub(crate) since: Timestamp,
    pub(crate) elements: &'a str,
}

impl SearchChanges<'_> {
    pub(crate) fn prepare(&self, base: &Base) -> Prepared {
        let query = [
            ("_lastUpdated", format!("ge{}", write_instant(self.since))),
            ("_count", "200".to_owned()),
            ("_elements", self.elements.to_owned()),
        ];
        search(base, &query)
    }
}

/// What changed last.
pub(crate) struct SearchNewest<'a> {
    pub(crate) elements: &'a str,
}

impl SearchNewest<'_> {
    pub(crate) fn prepare(&self, base: &Base) -> Prepared {
        let query = [
            ("_sort", "-_lastUpdated".to_owned()),
            ("_count", "1".to_owned()),
            ("_elements", self.elements.to_owned()),
        ];
        search(base, &query)
    }
}

fn search(base: &Base, query: &[(&str, String)]) -> Prepared {
    let query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Prepared::get(WHAT, base.search(KIND, &query))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    fn base() -> Base {
        Base::parse("https://ehr.example/fhir").unwrap()
    }

    fn line(request: &Prepared) -> String {
        assert!(request.headers.is_empty() && request.body.is_none());
        format!("{} {}", request.method, request.url)
    }

    #[test]
    fn literal_requests() {
        let within =
            Interval::new("2026-10-12T13:05:12Z".parse().unwrap(), "2026-10-19T13:05:12Z".parse().unwrap());
        let (one, two) = (AppointmentId::new("apt-1"), AppointmentId::new("apt 2,x"));
        let listed = SearchAppointments {
            practitioner: &"prac-12".into(),
            roles: &[],
            within: within.unwrap(),
            elements: "id,meta",
        };
        let by_role = SearchAppointments { roles: &["role-1".to_owned()], ..listed };
        for (request, expected) in [
            (
                listed.prepare(&base()),
                "GET https://ehr.example/fhir/Appointment?actor=Practitioner%2Fprac-12\
                 &date=ge2026-10-11T13%3A05%3A12Z&date=lt2026-10-19T13%3A05%3A12Z&_count=100&_elements=id%2Cmeta",
            ),
            (
                by_role.prepare(&base()),
                "GET https://ehr.example/fhir/Appointment?actor=Practitioner%2Fprac-12%2CPractitionerRole%2Frole-1\
                 &date=ge2026-10-11T13%3A05%3A12Z&date=lt2026-10-19T13%3A05%3A12Z&_count=100&_elements=id%2Cmeta",
            ),
            (
                SearchAppointmentsById { ids: &[&one, &two], elements: "id" }.prepare(&base()),
                "GET https://ehr.example/fhir/Appointment?_id=apt-1%2Capt+2%5C%2Cx&_count=2&_elements=id",
            ),
            (GetAppointment { id: &one }.prepare(&base()), "GET https://ehr.example/fhir/Appointment/apt-1"),
            (
                GetAppointment { id: &two }.prepare(&base()),
                "GET https://ehr.example/fhir/Appointment/apt%202,x",
            ),
            (
                SearchChanges { since: "2026-10-12T13:00:11.204Z".parse().unwrap(), elements: "id" }
                    .prepare(&base()),
                "GET https://ehr.example/fhir/Appointment?_lastUpdated=ge2026-10-12T13%3A00%3A11Z&_count=200&_elements=id",
            ),
            (
                SearchNewest { elements: "id" }.prepare(&base()),
                "GET https://ehr.example/fhir/Appointment?_sort=-_lastUpdated&_count=1&_elements=id",
            ),
        ] {
            assert_eq!(line(&request), expected);
        }
    }
}
