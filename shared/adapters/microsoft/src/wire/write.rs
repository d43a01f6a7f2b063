//! Requests that change mirrors: insert, patch, delete. No attendee, no text and no online meeting is ever written
//! (E-089).

use daybook_core::ids::{CalendarId, ItemId, Revision};
use daybook_core::mirror::{Certainty, MirrorContent, MirrorId};
use daybook_engine::ports::RemoteError;
use http::Method;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::event::{Event, MARKER, MirrorFields, Moment, REMINDER};
use super::failure::{code, existing_event, is_item_gone};
use super::{Call, Operation, Reply, encoded, failure, parse_json, unintelligible};

/// An answer whose event is older than this when it is sent answers for an earlier request.
const FRESH_SECONDS: i64 = 5;

/// The fields that a mirror is made of, in Graph's words: the one body for insert and patch.
pub struct Draft<'a> {
    pub mirror: &'a MirrorId,
    pub content: &'a MirrorContent,
    pub reminder: Reminder,
    pub shape: Shape,
}

/// Whose reminder stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reminder {
    Ours,
    /// A person has set another, which stays.
    Theirs,
}

/// What is written over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    Once,
    /// A person made it recur: that ends.
    Series,
}

impl Draft<'_> {
    pub fn body(&self) -> Map<String, Value> {
        let content = self.content;
        let mut body = Map::new();
        let mut set = |name: &str, value: Value| drop(body.insert(name.to_owned(), value));
        set("subject", content.title.as_str().into());
        set("start", moment(content.interval.start()));
        set("end", moment(content.interval.end()));
        set("isAllDay", false.into());
        set("showAs", shown(content.certainty).into());
        set("sensitivity", "private".into());
        set("location", json!({ "displayName": content.location.as_deref().unwrap_or_default() }));
        if self.reminder == Reminder::Ours {
            set("isReminderOn", content.reminder_minutes.is_some().into());
            set("reminderMinutesBeforeStart", content.reminder_minutes.unwrap_or_default().into());
        }
        if self.shape == Shape::Series {
            set("recurrence", Value::Null);
        }
        set("singleValueExtendedProperties", self.properties());
        body
    }

    fn properties(&self) -> Value {
        json!([
            { "id": MARKER, "value": self.mirror.as_str() },
            { "id": REMINDER, "value": reminder_word(self.content.reminder_minutes) },
        ])
    }
}

/// A reminder as our own property holds it.
pub fn reminder_word(minutes: Option<u32>) -> String {
    minutes.map_or_else(|| "none".to_owned(), |minutes| minutes.to_string())
}

fn shown(certainty: Certainty) -> &'static str {
    match certainty {
        Certainty::Confirmed => "busy",
        Certainty::Tentative => "tentative",
    }
}

/// UTC says which of two equal wall times is meant (trap B-T14).
fn moment(at: Timestamp) -> Value {
    let moment =
        Moment { date_time: at.strftime("%Y-%m-%dT%H:%M:%S").to_string(), time_zone: Some("UTC".to_owned()) };
    json!(moment)
}

/// Makes a mirror. Graph drops a repetition of the same transaction.
pub struct Insert<'a> {
    pub calendar: &'a CalendarId,
    pub draft: Draft<'a>,
    /// Begins with the mirror's name.
    pub transaction: &'a str,
}

/// What became of it.
#[derive(Debug)]
pub enum Inserted {
    Now(Box<Sent>),
    /// Graph answers with what an earlier request of this transaction made, which may be gone since.
    Before(ItemId),
    /// This transaction made an event before, which may be gone. Graph does not say how it stands, or even which.
    Duplicate(Option<ItemId>),
}

/// A mirror as an answer to a write tells it.
#[derive(Debug)]
pub struct Sent {
    pub event: Event,
    /// Without our properties, which such answers leave out.
    pub fields: MirrorFields,
}

impl Operation for Insert<'_> {
    type Answer = Inserted;

    fn what(&self) -> String {
        format!("a mirror in calendar {}", self.calendar)
    }

    fn prepare(&self) -> Call {
        let mut body = self.draft.body();
        body.insert("transactionId".into(), self.transaction.into());
        body.insert("responseRequested".into(), false.into());
        body.insert("allowNewTimeProposals".into(), false.into());
        let target = format!("/me/calendars/{}/events", encoded(self.calendar.as_str()));
        Call::send(Method::POST, target, Value::Object(body))
    }

    fn parse(&self, reply: &Reply) -> Result<Inserted, RemoteError> {
        if code(reply) == "errorduplicatetransactionid" {
            return Ok(Inserted::Duplicate(existing_event(reply)));
        }
        let sent = sent(self.what(), reply)?;
        Ok(if is_old(&sent, reply) {
            Inserted::Before(ItemId::new(sent.event.id))
        } else {
            Inserted::Now(sent)
        })
    }
}

fn is_old(sent: &Sent, reply: &Reply) -> bool {
    let made = sent.fields.created_date_time.as_ref().and_then(|text| text.parse::<Timestamp>().ok());
    made.is_some_and(|made| reply.answered_at.duration_since(made).as_secs() > FRESH_SECONDS)
}

fn sent(what: String, reply: &Reply) -> Result<Box<Sent>, RemoteError> {
    let value: Value = parse_json(what.clone(), reply)?;
    Sent::read(value).map(Box::new).map_err(|error| unintelligible(what, &error))
}

impl Sent {
    fn read(value: Value) -> Result<Self, serde_json::Error> {
        Ok(Self { fields: MirrorFields::deserialize(&value)?, event: serde_json::from_value(value)? })
    }
}

/// Writes our fields over a mirror; whatever else stands in it stays.
pub struct Patch<'a> {
    pub calendar: &'a CalendarId,
    pub id: &'a ItemId,
    pub draft: Draft<'a>,
    /// The state that it replaces; `None` is any.
    pub revision: Option<&'a Revision>,
}

impl Operation for Patch<'_> {
    type Answer = Box<Sent>;

    fn what(&self) -> String {
        format!("a mirror in calendar {}", self.calendar)
    }

    fn prepare(&self) -> Call {
        let target = format!("/me/events/{}", encoded(self.id.as_str()));
        let if_match = self.revision.map(|revision| revision.as_str().to_owned());
        Call { if_match, ..Call::send(Method::PATCH, target, Value::Object(self.draft.body())) }
    }

    /// A mirror that is gone has changed.
    fn parse(&self, reply: &Reply) -> Result<Box<Sent>, RemoteError> {
        if is_item_gone(reply) {
            return Err(RemoteError::Conflict { what: self.what() });
        }
        sent(self.what(), reply)
    }
}

/// Removes a mirror. Removing what is not there succeeds.
pub struct Delete<'a> {
    pub calendar: &'a CalendarId,
    pub id: &'a ItemId,
    /// The state that it removes; `None` is any.
    pub revision: Option<&'a Revision>,
}

impl Operation for Delete<'_> {
    type Answer = ();

    fn what(&self) -> String {
        format!("a mirror in calendar {}", self.calendar)
    }

    fn prepare(&self) -> Call {
        let if_match = self.revision.map(|revision| revision.as_str().to_owned());
        Call { if_match, ..Call::delete(format!("/me/events/{}", encoded(self.id.as_str()))) }
    }

    fn parse(&self, reply: &Reply) -> Result<(), RemoteError> {
        if reply.status.is_success() || is_item_gone(reply) {
            return Ok(());
        }
        Err(failure(self.what(), reply))
    }
}
