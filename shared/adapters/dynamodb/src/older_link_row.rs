//! Links as the program before this one wrote them, an attribute for each part. They are read only: whatever is saved
//! again is saved in the form of today.

use daybook_core::detail::Detail;
use daybook_core::event::EventRef;
use daybook_core::key::{Fingerprint, Owner, Target};
use daybook_core::link::{Agreed, Link, LinkState, Owing};
use daybook_core::mirror::MirrorId;
use daybook_core::restore::Restored;
use daybook_core::time::Interval;

use crate::item::{Broken, Row};

pub fn link_of(row: Row<'_>) -> Result<Link, Broken> {
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
