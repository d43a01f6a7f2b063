//! A link as a row: ids, a fingerprint, times and reasons. Nothing of an event's or an appointment's content.
//!
//! Conditions and indexes have attributes of their own; all else is JSON in one, since what a row costs to write and to
//! read goes by its attributes. Its mirror's name and its item's digest stand in the row's name.
//! Fields are only ever added, with a default; what is as usual is left out.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use daybook_core::detail::Detail;
use daybook_core::event::EventRef;
use daybook_core::ids::{CalendarId, ItemId, OccurrenceId, Revision, ScheduleId, SeriesId};
use daybook_core::key::{Fingerprint, Owner, Target};
use daybook_core::link::{Agreed, Lane, Link, LinkState, Owing, Reason, Touch};
use daybook_core::restore::Restored;
use daybook_core::time::Interval;
use daybook_engine::ports::ConnectionRef;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::expression::Field;
use crate::item::{Broken, Item, Row, instant, json_bytes, new_row_of, number, put, text};
use crate::keys;
use crate::older_link_row;
use crate::schema::LINK_VERSION;

/// The row under the generation that writes it.
pub fn to_item(at: &ConnectionRef, link: &Link, generation: u64) -> Item {
    let mut item = new_row_of(LINK_VERSION, &keys::link(at, link));
    let body = [("generation", Some(number(generation))), ("link", Some(json_bytes(&LinkRow::from(link))))];
    let index_keys = [appointment_key(at, &link.owner), remote_key(at, link)];
    for (name, value) in body.into_iter().chain(index_keys).chain(owing_keys(at, &link.state)) {
        put(&mut item, name, value);
    }
    item
}

fn appointment_key(at: &ConnectionRef, owner: &Owner) -> Field {
    let key = match owner {
        Owner::Appointment(id) => Some(keys::appointment(&at.practice, id)),
        Owner::Event(_) => None,
    };
    ("appointment_key", key.map(text))
}

/// Only a mirror that the other side named, and whose name does not tell ours, is in the index `remote`.
fn remote_key(at: &ConnectionRef, link: &Link) -> Field {
    let tells = |remote: &&ItemId| remote.as_str().contains(link.mirror.as_str());
    let key = match link.owner.lane() {
        Lane::Busy => None,
        Lane::Appointments => {
            link.remote.as_ref().filter(|remote| !tells(remote)).and_then(|id| keys::remote(at, id))
        }
    };
    ("remote_key", key.map(text))
}

/// Only a link that owes is in the index `owing`.
fn owing_keys(at: &ConnectionRef, state: &LinkState) -> [Field; 2] {
    let owing = match state {
        LinkState::Agreed(_) => None,
        LinkState::Owing(owing) => Some(owing),
    };
    [
        ("owing_pk", owing.map(|_| text(keys::partition(at)))),
        ("owing_at", owing.map(|owing| owing.not_before.map_or_else(|| number(0), instant))),
    ]
}

pub fn from_item(item: &Item) -> Result<Link, Broken> {
    let row = Row::read_up_to(LINK_VERSION, item)?;
    if row.version()? < LINK_VERSION {
        return older_link_row::link_of(row);
    }
    let (item_digest, mirror) = keys::names_of_link(row.text("sk")?).ok_or(Broken::Attribute("sk"))?;
    let LinkRow { owner, target, remote, told, state } = row.json_bytes("link")?;
    Ok(Link {
        owner: owner.into(),
        target: target.into(),
        mirror,
        remote: remote.map(ItemId::new),
        item_digest,
        told,
        state: state.try_into()?,
        generation: row.number("generation")?,
    })
}

#[derive(Serialize, Deserialize)]
struct LinkRow {
    owner: OwnerRow,
    target: TargetRow,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    remote: Option<String>,
    #[serde(default = "usual_told", skip_serializing_if = "is_usual_told", with = "crate::words")]
    told: Detail,
    state: StateRow,
}

/// Most mirrors tell nothing, and their rows say nothing of it.
fn usual_told() -> Detail {
    Detail::Busy
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
fn is_usual_told(told: &Detail) -> bool {
    *told == usual_told()
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OwnerRow {
    Appointment(String),
    Event {
        calendar: String,
        item: String,
        /// Absent: the item itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        series: Option<String>,
        /// Empty: the only one.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        occurrence: String,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum TargetRow {
    Calendar(String),
    Schedule(String),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StateRow {
    Agreed(AgreedRow),
    Owing(OwingRow),
}

/// From and until.
type SpanRow = (Timestamp, Timestamp);

#[derive(Serialize, Deserialize)]
struct AgreedRow {
    /// In base64.
    fingerprint: String,
    span: SpanRow,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    revision: Option<String>,
    #[serde(default = "usual_touch", skip_serializing_if = "is_usual_touch", with = "crate::words")]
    touch: Touch,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    restored: Option<RestoredRow>,
}

fn usual_touch() -> Touch {
    Touch::OursAlone
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
fn is_usual_touch(touch: &Touch) -> bool {
    *touch == usual_touch()
}

#[derive(Serialize, Deserialize)]
struct RestoredRow {
    times: u32,
    since: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parked_at_version: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct OwingRow {
    #[serde(with = "crate::words")]
    reason: Reason,
    attempts: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    not_before: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    span: Option<SpanRow>,
}

impl From<&Link> for LinkRow {
    fn from(link: &Link) -> Self {
        Self {
            owner: (&link.owner).into(),
            target: (&link.target).into(),
            remote: link.remote.as_ref().map(ItemId::to_string),
            told: link.told,
            state: (&link.state).into(),
        }
    }
}

impl From<&Owner> for OwnerRow {
    fn from(owner: &Owner) -> Self {
        match owner {
            Owner::Appointment(id) => Self::Appointment(id.to_string()),
            Owner::Event(event) => Self::Event {
                calendar: event.calendar.to_string(),
                item: event.item.to_string(),
                series: Some(event.series.to_string()).filter(|series| *series != event.item.as_str()),
                occurrence: event.occurrence.to_string(),
            },
        }
    }
}

impl From<OwnerRow> for Owner {
    fn from(row: OwnerRow) -> Self {
        match row {
            OwnerRow::Appointment(id) => Self::Appointment(id.as_str().into()),
            OwnerRow::Event { calendar, item, series, occurrence } => Self::Event(EventRef {
                calendar: CalendarId::new(calendar),
                series: SeriesId::new(series.unwrap_or_else(|| item.clone())),
                item: ItemId::new(item),
                occurrence: OccurrenceId::new(occurrence),
            }),
        }
    }
}

impl From<&Target> for TargetRow {
    fn from(target: &Target) -> Self {
        match target {
            Target::Calendar(id) => Self::Calendar(id.to_string()),
            Target::Schedule(id) => Self::Schedule(id.to_string()),
        }
    }
}

impl From<TargetRow> for Target {
    fn from(row: TargetRow) -> Self {
        match row {
            TargetRow::Calendar(id) => Self::Calendar(CalendarId::new(id)),
            TargetRow::Schedule(id) => Self::Schedule(ScheduleId::new(id)),
        }
    }
}

impl From<&LinkState> for StateRow {
    fn from(state: &LinkState) -> Self {
        match state {
            LinkState::Agreed(agreed) => Self::Agreed(agreed.into()),
            LinkState::Owing(owing) => Self::Owing(owing.into()),
        }
    }
}

impl TryFrom<StateRow> for LinkState {
    type Error = Broken;

    fn try_from(row: StateRow) -> Result<Self, Broken> {
        Ok(match row {
            StateRow::Agreed(agreed) => Self::Agreed(agreed.try_into()?),
            StateRow::Owing(owing) => Self::Owing(owing.try_into()?),
        })
    }
}

impl From<&Agreed> for AgreedRow {
    fn from(agreed: &Agreed) -> Self {
        Self {
            fingerprint: BASE64.encode(agreed.fingerprint.to_bytes()),
            span: span_row(agreed.span),
            revision: agreed.revision.as_ref().map(Revision::to_string),
            touch: agreed.touch,
            restored: agreed.restored.map(RestoredRow::from),
        }
    }
}

impl TryFrom<AgreedRow> for Agreed {
    type Error = Broken;

    fn try_from(row: AgreedRow) -> Result<Self, Broken> {
        let fingerprint = BASE64.decode(row.fingerprint).ok();
        let fingerprint = fingerprint.as_deref().and_then(Fingerprint::from_bytes);
        Ok(Self {
            fingerprint: fingerprint.ok_or(Broken::Attribute("link"))?,
            span: span_of(row.span)?,
            revision: row.revision.map(Revision::new),
            touch: row.touch,
            restored: row.restored.map(Restored::from),
        })
    }
}

impl From<Restored> for RestoredRow {
    fn from(restored: Restored) -> Self {
        let Restored { times, since, parked_at_version } = restored;
        Self { times, since, parked_at_version }
    }
}

impl From<RestoredRow> for Restored {
    fn from(row: RestoredRow) -> Self {
        let RestoredRow { times, since, parked_at_version } = row;
        Self { times, since, parked_at_version }
    }
}

impl From<&Owing> for OwingRow {
    fn from(owing: &Owing) -> Self {
        Self {
            reason: owing.reason,
            attempts: owing.attempts,
            not_before: owing.not_before,
            span: owing.span.map(span_row),
        }
    }
}

impl TryFrom<OwingRow> for Owing {
    type Error = Broken;

    fn try_from(row: OwingRow) -> Result<Self, Broken> {
        Ok(Self {
            reason: row.reason,
            attempts: row.attempts,
            not_before: row.not_before,
            span: row.span.map(span_of).transpose()?,
        })
    }
}

fn span_row(span: Interval) -> SpanRow {
    (span.start(), span.end())
}

fn span_of((start, end): SpanRow) -> Result<Interval, Broken> {
    Interval::new(start, end).ok_or(Broken::Attribute("link"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;
    use daybook_core::key::PracticeKey;
    use daybook_core::mirror::BlockContent;

    fn span() -> Interval {
        let at = |second| Timestamp::from_second(second).unwrap();
        Interval::between(at(3_600), at(7_200))
    }

    fn stored(owner: Owner, target: Target, state: LinkState) -> String {
        let key = PracticeKey::new(&[7; 32]);
        let mirror = key.mirror_id(&"prac-1".into(), &owner, &target);
        let told = if owner.lane() == Lane::Busy { Detail::Busy } else { Detail::Initials };
        let link =
            Link { owner, target, mirror, remote: None, item_digest: None, told, state, generation: 1 };
        let at = ConnectionRef { practice: "demo".into(), id: "c1".into() };
        let item = to_item(&at, &link, 1);
        String::from_utf8(item["link"].as_b().unwrap().as_ref().to_vec()).unwrap()
    }

    /// All that is said of an event and of an appointment.
    #[test]
    fn a_document_holds_names_times_and_reasons() {
        let fingerprint = PracticeKey::new(&[7; 32]).fingerprint_block(BlockContent { interval: span() });
        let agreed = Agreed {
            fingerprint,
            span: span(),
            revision: Some("r1".into()),
            touch: Touch::Decorated,
            restored: Some(Restored { times: 1, since: span().start(), parked_at_version: None }),
        };
        let agreed =
            stored(Owner::Appointment("a1".into()), Target::Calendar("c".into()), LinkState::Agreed(agreed));
        let fingerprint = BASE64.encode(fingerprint.to_bytes());
        assert_eq!(
            agreed,
            r#"{"owner":{"appointment":"a1"},"target":{"calendar":"c"},"told":"initials","state":{"agreed":{"#
                .to_owned()
                + &format!(r#""fingerprint":"{fingerprint}","#)
                + r#""span":["1970-01-01T01:00:00Z","1970-01-01T02:00:00Z"],"revision":"r1","touch":"decorated","#
                + r#""restored":{"times":1,"since":"1970-01-01T01:00:00Z"}}}}"#
        );
        let event = EventRef {
            calendar: "b".into(),
            item: "i".into(),
            series: "i".into(),
            occurrence: OccurrenceId::single(),
        };
        let owing = Owing { reason: Reason::Retry, attempts: 2, not_before: None, span: None };
        let owing = stored(Owner::Event(event), Target::Schedule("s".into()), LinkState::Owing(owing));
        assert_eq!(
            owing,
            r#"{"owner":{"event":{"calendar":"b","item":"i"}},"target":{"schedule":"s"},"#.to_owned()
                + r#""state":{"owing":{"reason":"retry","attempts":2}}}"#
        );
    }
}
