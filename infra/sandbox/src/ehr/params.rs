//! What can be searched in each resource type, and how a resource's words are found for the index. It
//! does not read queries: that is `fhir::query`.

use serde_json::Value;

use super::kind::Kind;

/// How a search parameter compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Matching {
    /// A code or boolean whose system is fixed by the standard.
    Code,
    /// `system|value` of an identifier, coding or concept.
    Token,
    /// A reference to anything.
    Reference,
    /// A reference, but only to this type.
    ReferenceTo(Kind),
    /// The beginning of a name, in any case.
    Name,
    /// The resource's start time.
    Start,
}

/// One search parameter: its name, how it compares, and the element it looks at.
pub(super) struct Param {
    pub(super) name: &'static str,
    pub(super) matching: Matching,
    path: &'static str,
}

/// One word of the index.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Term {
    pub(super) param: &'static str,
    pub(super) system: String,
    pub(super) value: String,
}

const fn param(name: &'static str, matching: Matching, path: &'static str) -> Param {
    Param { name, matching, path }
}

const IDENTIFIER: Param = param("identifier", Matching::Token, "identifier");
const ACTIVE: Param = param("active", Matching::Code, "active");
const STATUS: Param = param("status", Matching::Code, "status");
const SERVICE_TYPE: Param = param("service-type", Matching::Token, "serviceType");
const NAME: Param = param("name", Matching::Name, "name");

const APPOINTMENT: &[Param] = &[
    param("actor", Matching::Reference, "participant.actor"),
    param("appointment-type", Matching::Token, "appointmentType"),
    param("date", Matching::Start, "start"),
    IDENTIFIER,
    param("location", Matching::ReferenceTo(Kind::Location), "participant.actor"),
    param("part-status", Matching::Code, "participant.status"),
    param("patient", Matching::ReferenceTo(Kind::Patient), "participant.actor"),
    param("practitioner", Matching::ReferenceTo(Kind::Practitioner), "participant.actor"),
    SERVICE_TYPE,
    param("slot", Matching::ReferenceTo(Kind::Slot), "slot"),
    STATUS,
];
const SLOT: &[Param] = &[
    IDENTIFIER,
    param("schedule", Matching::ReferenceTo(Kind::Schedule), "schedule"),
    SERVICE_TYPE,
    param("start", Matching::Start, "start"),
    STATUS,
];
const SCHEDULE: &[Param] = &[ACTIVE, param("actor", Matching::Reference, "actor"), IDENTIFIER, SERVICE_TYPE];
const PRACTITIONER_ROLE: &[Param] = &[
    ACTIVE,
    IDENTIFIER,
    param("location", Matching::ReferenceTo(Kind::Location), "location"),
    param("practitioner", Matching::ReferenceTo(Kind::Practitioner), "practitioner"),
    param("service", Matching::ReferenceTo(Kind::HealthcareService), "healthcareService"),
];
const HEALTHCARE_SERVICE: &[Param] = &[
    ACTIVE,
    IDENTIFIER,
    param("location", Matching::ReferenceTo(Kind::Location), "location"),
    NAME,
    param("service-type", Matching::Token, "type"),
];
const PERSON: &[Param] = &[ACTIVE, IDENTIFIER, NAME];
const LOCATION: &[Param] = &[IDENTIFIER, NAME, STATUS];

/// The search parameters of a type, beside `_id` and `_lastUpdated`, which all have.
pub(super) fn params(kind: Kind) -> &'static [Param] {
    match kind {
        Kind::Appointment => APPOINTMENT,
        Kind::Slot => SLOT,
        Kind::Schedule => SCHEDULE,
        Kind::PractitionerRole => PRACTITIONER_ROLE,
        Kind::HealthcareService => HEALTHCARE_SERVICE,
        Kind::Patient | Kind::Practitioner => PERSON,
        Kind::Location => LOCATION,
    }
}

/// Every word under which a resource can be found.
pub(super) fn terms(kind: Kind, body: &Value) -> Vec<Term> {
    let mut terms = Vec::new();
    for param in params(kind) {
        for found in values_at(body, param.path) {
            let words = words(param.matching, found);
            terms.extend(words.into_iter().map(|(system, value)| Term { param: param.name, system, value }));
        }
    }
    terms
}

/// Every value at a dotted path; lists on the way are walked through.
pub(super) fn values_at<'a>(value: &'a Value, path: &str) -> Vec<&'a Value> {
    match value {
        Value::Array(items) => items.iter().flat_map(|item| values_at(item, path)).collect(),
        _ if path.is_empty() => vec![value],
        _ => {
            let (head, rest) = path.split_once('.').unwrap_or((path, ""));
            value.get(head).map(|inner| values_at(inner, rest)).unwrap_or_default()
        }
    }
}

/// Reads a reference as type and id. One to another server keeps its whole address and no type.
pub(super) fn split_reference(text: &str) -> (String, String) {
    let local = match text.split_once("/sandbox/ehr/fhir/") {
        Some((origin, local)) if origin.starts_with("http") => local,
        _ => text,
    };
    let mut parts = local.split('/');
    match (parts.next().and_then(Kind::from_name), parts.next()) {
        (Some(kind), Some(id)) => (kind.name().to_owned(), id.to_owned()),
        _ => (String::new(), text.to_owned()),
    }
}

fn words(matching: Matching, value: &Value) -> Vec<(String, String)> {
    match matching {
        Matching::Code => code_words(value),
        Matching::Token => token_words(value),
        Matching::Reference => reference_words(value),
        Matching::ReferenceTo(kind) => {
            reference_words(value).into_iter().filter(|(found, _)| found == kind.name()).collect()
        }
        Matching::Name => name_words(value),
        Matching::Start => Vec::new(),
    }
}

fn code_words(value: &Value) -> Vec<(String, String)> {
    match value {
        Value::String(code) => vec![(String::new(), code.clone())],
        Value::Bool(flag) => vec![(String::new(), flag.to_string())],
        _ => Vec::new(),
    }
}

fn token_words(value: &Value) -> Vec<(String, String)> {
    if value.get("coding").is_some() {
        return values_at(value, "coding").into_iter().flat_map(token_words).collect();
    }
    let text = |name| value.get(name).and_then(Value::as_str);
    let word = text("code").or_else(|| text("value"));
    word.map(|word| (text("system").unwrap_or_default().to_owned(), word.to_owned())).into_iter().collect()
}

fn reference_words(value: &Value) -> Vec<(String, String)> {
    value.get("reference").and_then(Value::as_str).map(split_reference).into_iter().collect()
}

fn name_words(value: &Value) -> Vec<(String, String)> {
    let parts = match value {
        Value::String(_) => vec![value],
        _ => ["text", "family", "given"].into_iter().flat_map(|part| values_at(value, part)).collect(),
    };
    let texts = parts.into_iter().filter_map(Value::as_str);
    texts.map(|text| (String::new(), text.to_lowercase())).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;
    use serde_json::json;

    #[test]
    fn an_appointment_is_found_by_its_words() {
        let body = json!({"status": "booked", "identifier": [{"system": "s", "value": "v"}],
            "serviceType": [{"coding": [{"system": "c", "code": "therapy"}, {"code": "bare"}]}],
            "participant": [{"status": "accepted", "actor": {"reference": "Practitioner/p"}},
                {"actor": {"reference": "http://127.0.0.1:1/sandbox/ehr/fhir/Patient/q"}},
                {"actor": {"reference": "https://elsewhere.example/fhir/Patient/z"}}]});
        let mut found: Vec<String> = terms(Kind::Appointment, &body)
            .into_iter()
            .map(|term| format!("{}={}|{}", term.param, term.system, term.value))
            .collect();
        found.sort();
        assert_eq!(
            found,
            [
                "actor=Patient|q",
                "actor=Practitioner|p",
                "actor=|https://elsewhere.example/fhir/Patient/z",
                "identifier=s|v",
                "part-status=|accepted",
                "patient=Patient|q",
                "practitioner=Practitioner|p",
                "service-type=c|therapy",
                "service-type=|bare",
                "status=|booked",
            ]
        );
    }
}
