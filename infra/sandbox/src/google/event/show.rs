//! An event as a client is shown it: defaults left out, fields that no client knows put in, times with the reader's
//! offset, and tombstones in their four shapes. Reads; changes nothing.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::busy::is_self;
use super::moment::{Moment, millis_text};
use super::series::{Kind, Occurrence, kind};
use crate::cloud::{Account, Calendar, Item};

/// How much of an event the reader may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sees {
    /// Everything.
    All,
    /// Everything but what is private.
    Shared,
    /// When, and nothing else.
    Times,
}

/// Who reads, and how they want it.
pub struct Reader<'a> {
    pub account: &'a Account,
    pub calendar: &'a Calendar,
    pub zone: TimeZone,
    pub sees: Sees,
    /// `maxAttendees`.
    pub attendees: usize,
}

/// The etag of anything that has a sequence number, quotes included.
pub fn etag(seq: u64) -> String {
    format!("\"{}\"", 3_500_000_000_000_000 + seq * 2_000)
}

impl Reader<'_> {
    /// A live event, or the occurrence `at` of a live series.
    pub fn event(&self, item: &Item, at: Option<&Occurrence>) -> Value {
        let mut shown = Self::common(item, at, "confirmed");
        let body = item.body.as_object();
        for (key, value) in body.into_iter().flatten().filter(|(key, _)| !key.starts_with('~')) {
            shown.insert(key.clone(), self.field(key, value));
        }
        self.place(&mut shown, item, at);
        if self.only_times(&item.body) {
            shown.retain(|key, _| TIMES.contains(&key.as_str()));
            return Value::Object(shown);
        }
        shown.entry("iCalUID").or_insert_with(|| json!(format!("{}@google.com", item.id)));
        shown.entry("sequence").or_insert_with(|| json!(0));
        shown.entry("eventType").or_insert_with(|| json!("default"));
        let link = URL_SAFE_NO_PAD.encode(format!("{} {}", text(&shown, "id"), self.calendar.id));
        shown.insert(
            "htmlLink".to_owned(),
            json!(format!("https://www.google.com/calendar/event?eid={link}")),
        );
        shown.insert("created".to_owned(), json!(millis_text(item.created)));
        shown.insert("updated".to_owned(), json!(millis_text(item.updated)));
        // Clients must skip what they do not know: Google adds fields at any time.
        shown.insert("fieldOfTomorrow".to_owned(), json!({"revision": item.seq, "parts": [null]}));
        Value::Object(shown)
    }

    /// What is left of an event, or of the occurrence `at` of a series.
    pub fn tombstone(&self, item: &Item, at: Option<&Occurrence>) -> Value {
        if at.is_none() && item.body.get("status").and_then(Value::as_str) == Some("cancelled") {
            return self.event(item, None);
        }
        let mut shown = Self::common(item, at, "cancelled");
        match (at, kind(&item.body)) {
            (Some(_), _) => self.place(&mut shown, item, at),
            (None, Kind::Exception) => {
                for key in ["recurringEventId", "originalStartTime"] {
                    let value = item.body.get(key).map(|value| self.field(key, value));
                    shown.extend(value.map(|value| (key.to_owned(), value)));
                }
            }
            (None, Kind::Single | Kind::Series) => {}
        }
        for key in ["start", "end"] {
            shown.remove(key);
        }
        Value::Object(shown)
    }

    /// A deleted event read by its id: the details are still there.
    pub fn deleted(&self, item: &Item) -> Value {
        let mut shown = self.event(item, None);
        if let Some(fields) = shown.as_object_mut() {
            fields.insert("status".to_owned(), json!("cancelled"));
        }
        shown
    }

    fn common(item: &Item, at: Option<&Occurrence>, status: &str) -> Map<String, Value> {
        let mut shown = Map::new();
        shown.insert("kind".to_owned(), json!("calendar#event"));
        shown.insert("etag".to_owned(), json!(etag(item.seq)));
        shown.insert("id".to_owned(), json!(at.map_or(item.id.as_str(), |at| at.id.as_str())));
        shown.insert("status".to_owned(), json!(status));
        shown
    }

    /// Times and identity of one occurrence take the place of the series' own.
    fn place(&self, shown: &mut Map<String, Value>, item: &Item, at: Option<&Occurrence>) {
        let Some(at) = at else { return };
        shown.remove("recurrence");
        shown.insert("recurringEventId".to_owned(), json!(item.id));
        shown.insert("originalStartTime".to_owned(), at.start.json(&self.zone));
        shown.insert("start".to_owned(), at.start.json(&self.zone));
        shown.insert("end".to_owned(), at.end.json(&self.zone));
    }

    fn field(&self, key: &str, value: &Value) -> Value {
        match key {
            "start" | "end" | "originalStartTime" => {
                Moment::parse(value).map_or_else(|_| value.clone(), |moment| moment.json(&self.zone))
            }
            "attendees" => self.attendees(value),
            "organizer" | "creator" => self.marked(value),
            _ => value.clone(),
        }
    }

    fn attendees(&self, value: &Value) -> Value {
        let mut all: Vec<Value> =
            value.as_array().into_iter().flatten().map(|one| self.marked(one)).collect();
        if all.len() > self.attendees {
            all.sort_by_key(|one| one.get("self").is_none());
            all.truncate(self.attendees);
        }
        Value::Array(all)
    }

    fn marked(&self, person: &Value) -> Value {
        let mut person = person.clone();
        let email = person.get("email").and_then(Value::as_str);
        let own = email.is_some_and(|email| is_self(email, self.account, self.calendar));
        if let (true, Some(fields)) = (own, person.as_object_mut()) {
            fields.insert("self".to_owned(), json!(true));
        }
        person
    }

    fn only_times(&self, body: &Value) -> bool {
        let visibility = body.get("visibility").and_then(Value::as_str);
        match self.sees {
            Sees::All => false,
            Sees::Shared => matches!(visibility, Some("private" | "confidential")),
            Sees::Times => true,
        }
    }
}

/// What may be seen by those who may see times only.
const TIMES: [&str; 10] = [
    "kind",
    "etag",
    "id",
    "status",
    "start",
    "end",
    "transparency",
    "recurrence",
    "recurringEventId",
    "originalStartTime",
];

fn text<'a>(fields: &'a Map<String, Value>, key: &str) -> &'a str {
    fields.get(key).and_then(Value::as_str).unwrap_or_default()
}
