//! A link as a row: ids, a fingerprint, times and reasons. Nothing of an event's or an appointment's content.

use daybook_core::detail::Detail;
use daybook_core::event::EventRef;
use daybook_core::ids::ItemId;
use daybook_core::key::{Fingerprint, Owner, Target};
use daybook_core::link::{Agreed, Lane, Link, LinkState, Owing};
use daybook_core::mirror::MirrorId;
use daybook_core::restore::Restored;
use daybook_core::time::Interval;
use daybook_engine::ports::ConnectionRef;

use crate::expression::Field;
use crate::item::{Broken, Item, Row, bytes, instant, new_row, number, put, text};
use crate::keys;
use crate::words::Word;

/// The row under the generation that writes it.
pub fn to_item(at: &ConnectionRef, link: &Link, generation: u64) -> Item {
    let mut item = new_row(&keys::link(at, link));
    let fields = identity(link).into_iter().chain(owner(at, &link.owner)).chain(state(at, &link.state));
    let fields = fields.chain([remote_key(at, link), told(link.told)]);
    for (name, value) in fields {
        put(&mut item, name, value);
    }
    put(&mut item, "generation", Some(number(generation)));
    item
}

fn identity(link: &Link) -> [Field; 5] {
    let (kind, target) = match &link.target {
        Target::Calendar(id) => ("calendar", id.as_str()),
        Target::Schedule(id) => ("schedule", id.as_str()),
    };
    [
        ("mirror", Some(text(link.mirror.as_str()))),
        ("target_kind", Some(text(kind))),
        ("target", Some(text(target))),
        ("remote", link.remote.as_ref().map(|id| text(id.as_str()))),
        ("item_digest", link.item_digest.as_deref().map(text)),
    ]
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

/// Most mirrors tell nothing, and their rows say nothing of it.
fn told(told: Detail) -> Field {
    ("told", (told > Detail::Busy).then(|| text(told.word())))
}

fn owner(at: &ConnectionRef, owner: &Owner) -> Vec<Field> {
    match owner {
        Owner::Appointment(id) => vec![
            ("appointment", Some(text(id.as_str()))),
            ("appointment_key", Some(text(keys::appointment(&at.practice, id)))),
        ],
        Owner::Event(event) => vec![
            ("calendar", Some(text(event.calendar.as_str()))),
            ("item", Some(text(event.item.as_str()))),
            ("series", Some(text(event.series.as_str()))),
            ("occurrence", Some(text(event.occurrence.as_str()))),
        ],
    }
}

/// Only a link that owes has the attributes of the index `owing`.
fn state(at: &ConnectionRef, state: &LinkState) -> Vec<Field> {
    match state {
        LinkState::Agreed(agreed) => vec![
            ("fingerprint", Some(bytes(agreed.fingerprint.to_bytes()))),
            ("starts_at", Some(instant(agreed.span.start()))),
            ("ends_at", Some(instant(agreed.span.end()))),
            ("revision", agreed.revision.as_ref().map(|revision| text(revision.as_str()))),
            ("touch", Some(text(agreed.touch.word()))),
            ("restored_times", agreed.restored.map(|restored| number(restored.times))),
            ("restored_since", agreed.restored.map(|restored| instant(restored.since))),
            (
                "parked_at_version",
                agreed.restored.and_then(|restored| restored.parked_at_version).map(number),
            ),
        ],
        LinkState::Owing(owing) => vec![
            ("reason", Some(text(owing.reason.word()))),
            ("attempts", Some(number(owing.attempts))),
            ("not_before", owing.not_before.map(instant)),
            ("starts_at", owing.span.map(|span| instant(span.start()))),
            ("ends_at", owing.span.map(|span| instant(span.end()))),
            ("owing_pk", Some(text(keys::partition(at)))),
            ("owing_at", Some(owing.not_before.map_or_else(|| number(0), instant))),
        ],
    }
}

pub fn from_item(item: &Item) -> Result<Link, Broken> {
    let row = Row::read(item)?;
    Ok(Link {
        owner: owner_of(row)?,
        target: match row.text("target_kind")? {
            "calendar" => Target::Calendar(row.text("target")?.into()),
            "schedule" => Target::Schedule(row.text("target")?.into()),
            _ => return Err(Broken::Attribute("target_kind")),
        },
        mirror: MirrorId::parse(row.text("mirror")?).ok_or(Broken::Attribute("mirror"))?,
        remote: row.find_text("remote")?.map(Into::into),
        item_digest: row.find_text("item_digest")?.map(str::to_owned),
        told: if row.has("told") { row.word("told")? } else { Detail::Busy },
        state: state_of(row)?,
        generation: row.number("generation")?,
    })
}

fn owner_of(row: Row<'_>) -> Result<Owner, Broken> {
    if let Some(appointment) = row.find_text("appointment")? {
        return Ok(Owner::Appointment(appointment.into()));
    }
    Ok(Owner::Event(EventRef {
        calendar: row.text("calendar")?.into(),
        item: row.text("item")?.into(),
        series: row.text("series")?.into(),
        occurrence: row.text("occurrence")?.into(),
    }))
}

fn state_of(row: Row<'_>) -> Result<LinkState, Broken> {
    let span = match (row.find_instant("starts_at")?, row.find_instant("ends_at")?) {
        (Some(start), Some(end)) => Some(Interval::new(start, end).ok_or(Broken::Attribute("ends_at"))?),
        _ => None,
    };
    if row.has("reason") {
        return Ok(LinkState::Owing(Owing {
            reason: row.word("reason")?,
            attempts: row.number("attempts")?,
            not_before: row.find_instant("not_before")?,
            span,
        }));
    }
    let fingerprint = Fingerprint::from_bytes(row.bytes("fingerprint")?);
    Ok(LinkState::Agreed(Agreed {
        fingerprint: fingerprint.ok_or(Broken::Attribute("fingerprint"))?,
        span: span.ok_or(Broken::Attribute("starts_at"))?,
        revision: row.find_text("revision")?.map(Into::into),
        touch: row.word("touch")?,
        restored: restored_of(row)?,
    }))
}

/// Rows of older programs know nothing of it.
fn restored_of(row: Row<'_>) -> Result<Option<Restored>, Broken> {
    let Some(since) = row.find_instant("restored_since")? else { return Ok(None) };
    let parked_at_version = row.find_number("parked_at_version")?;
    Ok(Some(Restored { times: row.number("restored_times")?, since, parked_at_version }))
}
