//! What a client sends becomes what is kept: known fields only, checked, defaults left out. Decides nothing about
//! permissions, versions or ids.

use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::moment::{BadMoment, Moment};
use super::rule::Rules;
use crate::google::refusal::Refusal;

/// What a client may write; anything else is ignored, as Google does.
const WRITABLE: [&str; 25] = [
    "summary",
    "description",
    "location",
    "colorId",
    "start",
    "end",
    "recurrence",
    "transparency",
    "visibility",
    "attendees",
    "attendeesOmitted",
    "extendedProperties",
    "guestsCanInviteOthers",
    "guestsCanModify",
    "guestsCanSeeOtherGuests",
    "anyoneCanAddSelf",
    "reminders",
    "source",
    "attachments",
    "status",
    "eventType",
    "workingLocationProperties",
    "outOfOfficeProperties",
    "focusTimeProperties",
    "birthdayProperties",
];
/// What a full replacement leaves alone.
const LASTING: [&str; 7] =
    ["creator", "organizer", "iCalUID", "recurringEventId", "originalStartTime", "eventType", "sequence"];
/// What, when it changes, is a new revision for those invited.
const REVISED: [&str; 4] = ["start", "end", "recurrence", "status"];
const MAX_PROPERTIES: usize = 300;

type Fields = Map<String, Value>;

/// The kept form of a new event.
pub fn created(body: &Fields, zone: &TimeZone) -> Result<Fields, Refusal> {
    let mut fields = writable(body);
    if let Some(uid) = body.get("iCalUID") {
        fields.insert("iCalUID".to_owned(), uid.clone());
    }
    checked(fields, zone)
}

/// The kept form after a `PUT`: what is not sent is gone, apart from what cannot be written at all.
pub fn replaced(before: &Fields, body: &Fields, zone: &TimeZone) -> Result<Fields, Refusal> {
    let mut fields = writable(body);
    same_type(before, &fields)?;
    for key in LASTING {
        if let Some(value) = before.get(key) {
            fields.insert(key.to_owned(), value.clone());
        }
    }
    Ok(revised(before, checked(fields, zone)?))
}

/// The kept form after a `PATCH`: a merge in which arrays are replaced whole and `null` clears.
pub fn patched(before: &Fields, patch: &Fields, zone: &TimeZone) -> Result<Fields, Refusal> {
    let patch = writable(patch);
    same_type(before, &patch)?;
    let mut fields: Fields = before
        .iter()
        .filter(|(key, _)| !key.starts_with('~'))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    merge(&mut fields, patch);
    Ok(revised(before, checked(fields, zone)?))
}

/// Does the write touch what belongs to the organizer?
pub fn touches_shared(before: &Fields, after: &Fields) -> bool {
    let shared = ["start", "end", "recurrence", "summary", "location", "description"];
    shared.iter().any(|key| before.get(*key) != after.get(*key))
}

fn writable(body: &Fields) -> Fields {
    let known = body.iter().filter(|(key, _)| WRITABLE.contains(&key.as_str()));
    known.map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn same_type(before: &Fields, after: &Fields) -> Result<(), Refusal> {
    let kind =
        |fields: &Fields| fields.get("eventType").and_then(Value::as_str).unwrap_or("default").to_owned();
    if after.contains_key("eventType") && kind(before) != kind(after) {
        return Err(Refusal::invalid("Event type cannot be changed."));
    }
    Ok(())
}

fn merge(into: &mut Fields, patch: Fields) {
    for (key, value) in patch {
        match (into.get_mut(&key), value) {
            (_, Value::Null) => {
                into.remove(&key);
            }
            (Some(Value::Object(below)), Value::Object(patch)) => merge(below, patch),
            (_, Value::Object(patch)) => {
                let mut fresh = Fields::new();
                merge(&mut fresh, patch);
                into.insert(key, Value::Object(fresh));
            }
            (_, plain) => {
                into.insert(key, plain);
            }
        }
    }
}

/// A later revision where times or the standing changed.
fn revised(before: &Fields, mut fields: Fields) -> Fields {
    if REVISED.iter().any(|key| before.get(*key) != fields.get(*key)) {
        let sequence = before.get("sequence").and_then(Value::as_u64).unwrap_or(0);
        fields.insert("sequence".to_owned(), json!(sequence + 1));
    }
    fields
}

fn checked(mut fields: Fields, zone: &TimeZone) -> Result<Fields, Refusal> {
    fields.retain(|_, value| !value.is_null());
    recurrence(&mut fields)?;
    times(&mut fields, zone)?;
    words(&fields)?;
    properties(&mut fields)?;
    attendees(&mut fields)?;
    without_defaults(&mut fields);
    Ok(fields)
}

fn times(fields: &mut Fields, zone: &TimeZone) -> Result<(), Refusal> {
    let start = moment(fields, "start")?;
    let end = moment(fields, "end")?;
    match (&start, &end) {
        (Moment::Day(start), Moment::Day(end)) if start >= end => return Err(Refusal::time_range_empty()),
        (Moment::Time { at: start, .. }, Moment::Time { at: end, .. }) if start > end => {
            return Err(Refusal::time_range_empty());
        }
        (Moment::Day(_), Moment::Time { .. }) | (Moment::Time { .. }, Moment::Day(_)) => {
            return Err(Refusal::invalid(
                "Start and end times must either both be date or both be dateTime.",
            ));
        }
        _ => {}
    }
    let repeats = fields.get("recurrence").and_then(Value::as_array).is_some_and(|lines| !lines.is_empty());
    if repeats && matches!(start, Moment::Time { zone: None, .. }) {
        return Err(Refusal::required("Missing time zone definition for start time."));
    }
    for (key, moment) in [("start", start), ("end", end)] {
        fields.insert(key.to_owned(), moment.json(zone));
    }
    Ok(())
}

fn moment(fields: &Fields, key: &str) -> Result<Moment, Refusal> {
    let value = fields.get(key).ok_or_else(|| Refusal::required(&format!("Missing {key} time.")))?;
    Moment::parse(value).map_err(|error| match error {
        BadMoment::Missing => Refusal::required(&format!("Missing {key} time.")),
        BadMoment::NoZone => Refusal::required(&format!("Missing time zone definition for {key} time.")),
        BadMoment::Unreadable => Refusal::invalid(&format!("Invalid {key} time.")),
    })
}

fn recurrence(fields: &mut Fields) -> Result<(), Refusal> {
    let Some(value) = fields.get("recurrence") else { return Ok(()) };
    let bad = || Refusal::invalid("Invalid recurrence rule.");
    let lines = value.as_array().ok_or_else(bad)?;
    if lines.is_empty() {
        fields.remove("recurrence");
        return Ok(());
    }
    let lines: Option<Vec<&str>> = lines.iter().map(Value::as_str).collect();
    Rules::parse(lines.ok_or_else(bad)?).map(drop).map_err(|_| bad())
}

/// Fields that hold one of a few words.
fn words(fields: &Fields) -> Result<(), Refusal> {
    let known: [(&str, &[&str]); 4] = [
        ("status", &["confirmed", "tentative", "cancelled"]),
        ("transparency", &["opaque", "transparent"]),
        ("visibility", &["default", "public", "private", "confidential"]),
        ("eventType", &["default", "outOfOffice", "focusTime", "workingLocation", "birthday"]),
    ];
    for (key, words) in known {
        // What comes from mail can be neither made nor changed by a client; what there is stays as it is.
        let fine = |word: &str| words.contains(&word) || (key == "eventType" && word == "fromGmail");
        if fields.get(key).is_some_and(|value| !value.as_str().is_some_and(fine)) {
            return Err(Refusal::invalid(&format!("Invalid value for: {key}")));
        }
    }
    Ok(())
}

fn properties(fields: &mut Fields) -> Result<(), Refusal> {
    let Some(value) = fields.get_mut("extendedProperties") else { return Ok(()) };
    let all = value.as_object_mut().ok_or_else(|| Refusal::invalid("Invalid extended properties."))?;
    all.retain(|name, map| {
        matches!(name.as_str(), "private" | "shared") && map.as_object().is_some_and(|map| !map.is_empty())
    });
    let pairs: Vec<(&String, &Value)> = all.values().filter_map(Value::as_object).flatten().collect();
    let fits = |(key, value): &(&String, &Value)| {
        key.chars().count() <= 44 && value.as_str().is_some_and(|text| text.chars().count() <= 1024)
    };
    if pairs.len() > MAX_PROPERTIES || !pairs.iter().all(fits) {
        return Err(Refusal::invalid("Extended property is too long, or there are too many."));
    }
    if all.is_empty() {
        fields.remove("extendedProperties");
    }
    Ok(())
}

fn attendees(fields: &mut Fields) -> Result<(), Refusal> {
    let Some(value) = fields.get_mut("attendees") else { return Ok(()) };
    let bad = || Refusal::invalid("Invalid attendee email.");
    let all = value.as_array_mut().ok_or_else(bad)?;
    for one in all.iter_mut() {
        let one = one.as_object_mut().ok_or_else(bad)?;
        if !one.get("email").and_then(Value::as_str).is_some_and(|email| email.contains('@')) {
            return Err(bad());
        }
        one.remove("self");
        one.entry("responseStatus").or_insert_with(|| json!("needsAction"));
    }
    if all.is_empty() {
        fields.remove("attendees");
    }
    Ok(())
}

fn without_defaults(fields: &mut Fields) {
    let defaults = [
        ("transparency", "opaque"),
        ("visibility", "default"),
        ("status", "confirmed"),
        ("eventType", "default"),
    ];
    for (key, word) in defaults {
        if fields.get(key).and_then(Value::as_str) == Some(word) {
            fields.remove(key);
        }
    }
    fields.retain(|key, value| match value {
        Value::String(text) => !text.is_empty(),
        Value::Bool(false) => key != "attendeesOmitted",
        _ => true,
    });
    if let Some(Value::Object(reminders)) = fields.get_mut("reminders") {
        let empty = reminders.get("overrides").and_then(Value::as_array).is_some_and(Vec::is_empty);
        if empty {
            reminders.remove("overrides");
        }
        reminders.entry("useDefault").or_insert_with(|| json!(false));
    } else {
        fields.insert("reminders".to_owned(), json!({"useDefault": true}));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    fn fields(value: &Value) -> Fields {
        value.as_object().unwrap().clone()
    }

    fn timed(more: &Value) -> Fields {
        let mut all = fields(
            &json!({"start": {"dateTime": "2026-03-03T09:00:00Z"}, "end": {"dateTime": "2026-03-03T09:30:00Z"}}),
        );
        all.extend(fields(more));
        all
    }

    #[test]
    fn defaults_and_strangers_are_left_out() {
        let sent = timed(&json!({"id": "x", "etag": "e", "status": "confirmed", "transparency": "opaque",
            "visibility": "default", "summary": "", "attendees": [], "recurrence": [], "unheardOf": 1,
            "reminders": {"useDefault": false, "overrides": []},
            "extendedProperties": {"private": {}, "other": {"a": "b"}}}));
        let kept = created(&sent, &TimeZone::UTC).unwrap();
        let expected = timed(&json!({"reminders": {"useDefault": false}}));
        assert_eq!(kept, expected);
    }

    #[test]
    fn a_patch_merges_and_a_put_replaces() {
        let before = created(
            &timed(&json!({"summary": "a", "location": "b", "extendedProperties": {"private": {"k": "1"}}})),
            &TimeZone::UTC,
        )
        .unwrap();
        let patch = fields(&json!({"location": null, "extendedProperties": {"private": {"m": "2"}}}));
        let merged = patched(&before, &patch, &TimeZone::UTC).unwrap();
        assert_eq!(merged["extendedProperties"], json!({"private": {"k": "1", "m": "2"}}));
        assert_eq!((merged.get("location"), &merged["summary"]), (None, &json!("a")));
        assert_eq!(merged.get("sequence"), None);
        let put = replaced(&before, &timed(&json!({"status": "tentative"})), &TimeZone::UTC).unwrap();
        assert_eq!(
            (put.get("summary"), &put["status"], &put["sequence"]),
            (None, &json!("tentative"), &json!(1))
        );
    }

    #[test]
    fn what_google_refuses_is_refused() {
        let cases = [
            (json!({"end": null}), "required"),
            (json!({"start": {}}), "required"),
            (json!({"start": {"dateTime": "2026-03-03T09:00:00"}}), "required"),
            (json!({"start": {"dateTime": "yesterday"}}), "invalid"),
            (json!({"start": {"date": "2026-03-03"}}), "invalid"),
            (json!({"start": {"date": "2026-03-03"}, "end": {"date": "2026-03-03"}}), "timeRangeEmpty"),
            (json!({"end": {"dateTime": "2026-03-03T08:00:00Z"}}), "timeRangeEmpty"),
            (json!({"recurrence": ["RRULE:FREQ=DAILY"]}), "required"),
            (json!({"recurrence": ["DTSTART:20260303T090000Z"]}), "invalid"),
            (json!({"recurrence": "RRULE:FREQ=DAILY"}), "invalid"),
            (json!({"status": "maybe"}), "invalid"),
            (json!({"eventType": "party"}), "invalid"),
            (json!({"attendees": [{"displayName": "Nobody"}]}), "invalid"),
            (json!({"extendedProperties": {"private": {"k": "x".repeat(1025)}}}), "invalid"),
            (json!({"extendedProperties": {"private": {"k".repeat(45): "x"}}}), "invalid"),
        ];
        for (more, reason) in cases {
            let refusal = created(&timed(&more), &TimeZone::UTC).unwrap_err();
            assert_eq!(refusal.body()["error"]["errors"][0]["reason"], reason, "{more}");
        }
    }
}
