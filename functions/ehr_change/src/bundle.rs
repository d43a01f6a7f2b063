//! Notifications of FHIR subscriptions as bundles: R4 Backport (`Parameters`), R4B and R5 (`SubscriptionStatus`).
//! Only the kind of notification and the ids in `focus` are read; a resource that comes along is dropped.

use serde::Deserialize;
use serde::de::IgnoredAny;

use daybook_core::ids::AppointmentId;

use crate::notice::appointment_id;

/// More events than this in one bundle are not read one by one: everything is looked at.
const MOST_EVENTS: usize = 500;

#[derive(Deserialize)]
struct Bundle {
    #[serde(rename = "resourceType")]
    resource_type: String,
    #[serde(default)]
    entry: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    resource: Option<First>,
}

/// `Parameters` and `SubscriptionStatus` in one: they share no field's name. Other resources have fields of these
/// names with other shapes, hence `Or`.
#[derive(Deserialize)]
struct First {
    #[serde(rename = "resourceType")]
    resource_type: Option<Or<String>>,
    #[serde(default)]
    parameter: Option<Or<Vec<Parameter>>>,
    #[serde(rename = "type", default)]
    kind: Option<Or<String>>,
    #[serde(default)]
    status: Option<Or<String>>,
    #[serde(rename = "notificationEvent", default)]
    events: Option<Or<Vec<Event>>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Or<T> {
    Read(T),
    Other(IgnoredAny),
}

#[derive(Deserialize)]
struct Event {
    focus: Option<Reference>,
}

#[derive(Deserialize)]
struct Reference {
    reference: Option<String>,
}

#[derive(Deserialize)]
struct Parameter {
    name: String,
    #[serde(rename = "valueCode")]
    code: Option<String>,
    #[serde(rename = "valueReference")]
    reference: Option<Reference>,
    #[serde(default)]
    part: Vec<Parameter>,
}

/// What a bundle told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Notification {
    /// A handshake or a heartbeat: the subscription lives, nothing changed.
    Alive,
    /// The EHR says that the subscription is in error, or off.
    Broken,
    /// These appointments changed.
    Changed(Vec<AppointmentId>),
    /// Something changed, and it does not say what.
    Something,
}

/// `None` where the body is no notification bundle.
pub(crate) fn hear(body: &[u8]) -> Option<Notification> {
    let bundle: Bundle = serde_json::from_slice(body).ok()?;
    let first = bundle.entry.into_iter().next()?.resource?;
    if bundle.resource_type != "Bundle" {
        return None;
    }
    let told = match read(first.resource_type).as_deref() {
        Some("Parameters") => from_parameters(read(first.parameter).unwrap_or_default()),
        Some("SubscriptionStatus") => Told {
            kind: read(first.kind),
            status: read(first.status),
            events: read(first.events).unwrap_or_default().into_iter().map(|event| event.focus).collect(),
        },
        _ => return None,
    };
    told.meaning()
}

/// The same in every version.
struct Told {
    kind: Option<String>,
    status: Option<String>,
    events: Vec<Option<Reference>>,
}

impl Told {
    fn meaning(self) -> Option<Notification> {
        if matches!(self.status.as_deref(), Some("error" | "off")) {
            return Some(Notification::Broken);
        }
        match self.kind.as_deref()? {
            "handshake" | "heartbeat" | "query-status" => Some(Notification::Alive),
            "event-notification" | "query-event" => Some(changed(&self.events)),
            _ => None,
        }
    }
}

fn changed(events: &[Option<Reference>]) -> Notification {
    let focus = |event: &Option<Reference>| appointment_in(event.as_ref()?.reference.as_deref()?);
    let named: Vec<_> = events.iter().filter_map(focus).collect();
    if events.is_empty() || named.len() < events.len() || events.len() > MOST_EVENTS {
        return Notification::Something;
    }
    Notification::Changed(named)
}

/// The id in `[base/]Appointment/{id}[/_history/{version}]`. The base is nobody we would ask.
fn appointment_in(reference: &str) -> Option<AppointmentId> {
    let mut parts = reference.split('/').skip_while(|part| *part != "Appointment");
    parts.next()?;
    appointment_id(parts.next()?)
}

fn from_parameters(parameters: Vec<Parameter>) -> Told {
    let mut told = Told { kind: None, status: None, events: Vec::new() };
    for parameter in parameters {
        match parameter.name.as_str() {
            "type" => told.kind = parameter.code,
            "status" => told.status = parameter.code,
            "notification-event" => {
                let focus = parameter.part.into_iter().find(|part| part.name == "focus");
                told.events.push(focus.and_then(|part| part.reference));
            }
            _ => {}
        }
    }
    told
}

fn read<T>(field: Option<Or<T>>) -> Option<T> {
    match field {
        Some(Or::Read(value)) => Some(value),
        Some(Or::Other(_)) | None => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;
    use serde_json::{Value, json};

    fn r4(kind: &str, status: &str, focus: &[&str]) -> Value {
        let mut parameters = vec![
            json!({"name": "subscription", "valueReference": {"reference": "https://ehr.example/fhir/Subscription/s"}}),
            json!({"name": "status", "valueCode": status}),
            json!({"name": "type", "valueCode": kind}),
        ];
        parameters.extend(focus.iter().map(|reference| {
            json!({"name": "notification-event", "part": [
                {"name": "event-number", "valueString": "23"},
                {"name": "focus", "valueReference": {"reference": reference}}]})
        }));
        json!({"resourceType": "Bundle", "type": "history", "entry": [
            {"resource": {"resourceType": "Parameters", "parameter": parameters}},
            {"fullUrl": "urn:x", "resource": {"resourceType": "AuditEvent", "type": {"code": "rest"}, "status": 4}}]})
    }

    fn r5(kind: &str, status: &str, focus: &[&str]) -> Value {
        let events: Vec<_> =
            focus.iter().map(|f| json!({"eventNumber": 3, "focus": {"reference": f}})).collect();
        json!({"resourceType": "Bundle", "type": "subscription-notification", "entry": [
            {"resource": {"resourceType": "SubscriptionStatus", "status": status, "type": kind,
             "notificationEvent": events}}]})
    }

    #[test]
    fn each_version_says_the_same() {
        let ids = |ids: &[&str]| Some(Notification::Changed(ids.iter().map(|id| (*id).into()).collect()));
        for bundle in [r4, r5] {
            for (kind, status, focus, expected) in [
                ("handshake", "requested", vec![], Some(Notification::Alive)),
                ("heartbeat", "active", vec![], Some(Notification::Alive)),
                ("event-notification", "error", vec![], Some(Notification::Broken)),
                ("event-notification", "active", vec![], Some(Notification::Something)),
                (
                    "event-notification",
                    "active",
                    vec!["https://ehr.example/fhir/Appointment/apt-7003", "Appointment/apt-2/_history/4"],
                    ids(&["apt-7003", "apt-2"]),
                ),
                (
                    "event-notification",
                    "active",
                    vec!["Appointment/apt-1", "Slot/s-1"],
                    Some(Notification::Something),
                ),
                ("mystery", "active", vec![], None),
            ] {
                let body = bundle(kind, status, &focus).to_string();
                assert_eq!(hear(body.as_bytes()), expected, "{body}");
            }
        }
    }

    #[test]
    fn what_is_no_notification() {
        for body in [
            "",
            "[]",
            "{}",
            r#"{"resourceType":"Bundle"}"#,
            r#"{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Appointment","id":"1"}}]}"#,
        ] {
            assert_eq!(hear(body.as_bytes()), None, "{body}");
        }
    }
}
