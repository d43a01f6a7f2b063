//! "Calendar sync tells": each notice as a sentence with its time in the practice's zone, newest first. What a notice does
//! not say is not looked up, but for the clinician's name, which is the practice's own.

use std::collections::HashMap;

use askama::Template;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::ehr::kind::Kind;
use crate::ehr::page::name_of;
use crate::ehr::store::Tx;
use crate::ehr::{MOUNT, zone};

#[derive(Template)]
#[template(path = "notices.html")]
pub(super) struct NoticesPage {
    mount: &'static str,
    look: &'static str,
    practice: String,
    zone: String,
    notices: Vec<Line>,
}

/// One notice as people read it.
struct Line {
    at: String,
    when: String,
    clinician: String,
    sentence: String,
    number: u64,
    asks: bool,
}

impl NoticesPage {
    pub(super) fn build(tx: &Tx<'_>) -> rusqlite::Result<Self> {
        let zone = zone::of_practice(tx)?;
        let clinicians = tx.bodies(Kind::Practitioner, &[])?;
        let id = |body: &Value| body.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        let names: HashMap<String, String> =
            clinicians.iter().map(|body| (id(body), name_of(body))).collect();
        let bodies = tx.notices()?;
        let notices = bodies.iter().filter_map(|text| serde_json::from_str(text).ok());
        let locations = tx.bodies(Kind::Location, &[])?;
        Ok(Self {
            mount: MOUNT,
            look: "ehr",
            practice: locations.first().map(name_of).unwrap_or_default(),
            notices: notices.map(|notice: Value| line(&notice, &names, &zone)).collect(),
            zone: zone.iana_name().unwrap_or("UTC").to_owned(),
        })
    }
}

fn line(notice: &Value, names: &HashMap<String, String>, zone: &TimeZone) -> Line {
    let data = |name: &str| notice.pointer(&format!("/data/{name}"));
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let practitioner = text(data("practitioner_id"));
    let at = text(notice.get("timestamp"));
    let local = at.parse::<Timestamp>().map(|at| at.to_zoned(zone.clone()));
    let count = data("count").and_then(Value::as_u64).unwrap_or_default();
    let (kind, state) = (text(notice.get("type")), text(data("state")));
    Line {
        when: local.map(|at| at.strftime("%a, %B %-d, %-I:%M %P").to_string()).unwrap_or_default(),
        at,
        clinician: names.get(&practitioner).cloned().unwrap_or(practitioner),
        sentence: sentence(&kind, &state, count),
        number: data("number").and_then(Value::as_u64).unwrap_or_default(),
        asks: matches!(kind.as_str(), "connection.reconnect_required" | "brake.engaged" | "review.due"),
    }
}

fn sentence(kind: &str, state: &str, count: u64) -> String {
    match (kind, state) {
        ("connection.state_changed", "active") => "Calendar and schedule are in step.",
        ("connection.state_changed", "syncing") => "The first sync is running.",
        ("connection.state_changed", "ready") => "Signed in; the sync has not been started yet.",
        ("connection.state_changed", "paused") => "The sync is paused.",
        ("connection.state_changed", "reconnect_required") => "The sync has stopped.",
        ("connection.state_changed", "disconnecting") => "The calendar is being disconnected.",
        ("connection.state_changed", "disconnected") => "The calendar is disconnected.",
        ("connection.reconnect_required", _) => "The clinician must sign in at the calendar again.",
        ("brake.engaged", _) => "Many entries vanished at once. Nothing is deleted until somebody says yes.",
        ("mirror.restored", _) if count == 1 => "One calendar entry was changed by hand and put back.",
        ("mirror.restored", _) => {
            return format!("{count} calendar entries were changed by hand and put back.");
        }
        ("conflict.found", _) => "An appointment and a private event overlap.",
        ("conflict.cleared", _) => "An appointment and a private event no longer overlap.",
        ("review.due", _) => "It is time to look the calendar sync through.",
        _ => "Something changed.",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_kind_has_a_sentence() {
        for (kind, state, count, sentence) in [
            ("connection.state_changed", "active", 0, "Calendar and schedule are in step."),
            ("mirror.restored", "active", 1, "One calendar entry was changed by hand and put back."),
            ("mirror.restored", "active", 3, "3 calendar entries were changed by hand and put back."),
            ("something.new", "active", 0, "Something changed."),
        ] {
            assert_eq!(super::sentence(kind, state, count), sentence);
        }
    }
}
