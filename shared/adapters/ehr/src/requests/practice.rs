//! Who works where and when.

use daybook_core::ids::PractitionerId;

use crate::config::{Base, joined};
use crate::http::Prepared;

const WHAT: &str = "the EHR's practitioner";

pub(crate) struct GetPractitioner<'a> {
    pub(crate) id: &'a PractitionerId,
}

impl GetPractitioner<'_> {
    pub(crate) fn prepare(&self, base: &Base) -> Prepared {
        Prepared::get(WHAT, base.item("Practitioner", self.id.as_str()))
    }
}

/// A clinician's roles, and where they are carried out.
pub(crate) struct SearchRoles<'a> {
    pub(crate) practitioner: &'a PractitionerId,
}

impl SearchRoles<'_> {
    pub(crate) fn prepare(&self, base: &Base) -> Prepared {
        let practitioner = joined([format!("Practitioner/{}", self.practitioner).as_str()]);
        let query = [
            ("practitioner", practitioner.as_str()),
            ("active", "true"),
            ("_include", "PractitionerRole:location"),
            ("_count", "100"),
        ];
        Prepared::get(WHAT, base.search("PractitionerRole", &query))
    }
}

/// The schedules of some actors, `Practitioner/prac-12`.
pub(crate) struct SearchSchedules<'a> {
    pub(crate) actors: &'a [String],
}

impl SearchSchedules<'_> {
    pub(crate) fn prepare(&self, base: &Base) -> Prepared {
        let actors = joined(self.actors.iter().map(String::as_str));
        let query = [("actor", actors.as_str()), ("active", "true"), ("_count", "100")];
        Prepared::get("the EHR's schedules", base.search("Schedule", &query))
    }
}

pub(crate) struct GetOrganization<'a> {
    pub(crate) id: &'a str,
}

impl GetOrganization<'_> {
    pub(crate) fn prepare(&self, base: &Base) -> Prepared {
        Prepared::get("the EHR's organization", base.item("Organization", self.id))
    }
}

/// Some resources of one type: services, places, roles, patients.
pub(crate) struct SearchByIds<'a> {
    pub(crate) what: &'static str,
    pub(crate) kind: &'a str,
    pub(crate) ids: &'a [String],
    /// Only these, where we would rather not be sent the rest.
    pub(crate) elements: Option<&'a str>,
}

impl SearchByIds<'_> {
    pub(crate) fn prepare(&self, base: &Base) -> Prepared {
        let (ids, count) = (joined(self.ids.iter().map(String::as_str)), self.ids.len().to_string());
        let mut query = vec![("_id", ids.as_str()), ("_count", count.as_str())];
        query.extend(self.elements.map(|elements| ("_elements", elements)));
        Prepared::get(self.what, base.search(self.kind, &query))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn literal_requests() {
        let base = Base::parse("https://ehr.example/fhir").unwrap();
        let id = PractitionerId::new("prac-12");
        let patients = SearchByIds {
            what: "patients",
            kind: "Patient",
            ids: &["pat-1".to_owned(), "pat-2".to_owned()],
            elements: Some("id,name"),
        };
        for (request, expected) in [
            (GetPractitioner { id: &id }.prepare(&base), "Practitioner/prac-12"),
            (
                SearchRoles { practitioner: &id }.prepare(&base),
                "PractitionerRole?practitioner=Practitioner%2Fprac-12&active=true\
                 &_include=PractitionerRole%3Alocation&_count=100",
            ),
            (
                SearchSchedules { actors: &["Practitioner/prac-12".to_owned()] }.prepare(&base),
                "Schedule?actor=Practitioner%2Fprac-12&active=true&_count=100",
            ),
            (GetOrganization { id: "org-1" }.prepare(&base), "Organization/org-1"),
            (patients.prepare(&base), "Patient?_id=pat-1%2Cpat-2&_count=2&_elements=id%2Cname"),
        ] {
            assert_eq!(request.method, "GET");
            assert_eq!(request.url.as_str(), format!("https://ehr.example/fhir/{expected}"));
        }
    }
}
