//! Which appointments changed. A delta search does not tell deletions: the daily full listing finds those.

use daybook_core::ids::{AppointmentId, Cursor};
use daybook_engine::ports::{Changes, RemoteError};
use jiff::Timestamp;

use super::cursor::{Bookmark, Mark};
use super::roles::resolve_roles;
use crate::ehr::Server;
use crate::instant::{after, before, parse_instant};
use crate::pages::{Extent, Found};
use crate::requests::{SearchChanges, SearchNewest};
use crate::translate::{Draft, draft_from};
use crate::wire::{self, AsNothing, Level, Told};

const WHAT: &str = "the EHR's changes";
/// How late a change may become visible.
const OVERLAP_S: i64 = 300;
/// How far a proxy's clock may lead the EHR's.
const CLOCK_SLACK_S: i64 = 3600;

/// One appointment as a search for changes brings it.
struct Row {
    id: AppointmentId,
    last_updated: Option<Timestamp>,
    mark: Mark,
    draft: Option<Draft>,
}

pub(crate) async fn list_changes(server: &Server, since: Option<&Cursor>) -> Result<Changes, RemoteError> {
    let Some(since) = since else { return begin(server).await };
    let lost = || RemoteError::CursorLost { what: WHAT.to_owned() };
    let known = Bookmark::parse(since).ok_or_else(lost)?;
    let (rows, bookmark) = read_since(server, &known).await?;
    let fresh: Vec<Row> = rows.into_iter().filter(|row| !known.told.contains(&row.mark)).collect();
    Ok(Changes { appointments: named(server, fresh).await?, cursor: bookmark.write() })
}

/// A bookmark at the server's present; everything up to it counts as told.
async fn begin(server: &Server) -> Result<Changes, RemoteError> {
    let request = SearchNewest { elements: AsNothing::ELEMENTS }.prepare(&server.base);
    // Only the first page matters, but a server may ignore the count.
    let newest = server.search_first::<Told<AsNothing>>(request).await?;
    let seen = newest.items.iter().filter_map(|told| updated(&told.appointment)).max();
    let floor = newest.as_of.map(|now| before(now, CLOCK_SLACK_S));
    let watermark = seen.max(floor).unwrap_or(Timestamp::UNIX_EPOCH);
    let start = Bookmark { watermark, told: std::collections::BTreeSet::new() };
    let (_, bookmark) = read_since(server, &start).await?;
    Ok(Changes { appointments: Vec::new(), cursor: bookmark.write() })
}

/// What changed since shortly before the watermark, and the bookmark that has told it.
async fn read_since(server: &Server, known: &Bookmark) -> Result<(Vec<Row>, Bookmark), RemoteError> {
    let since = before(known.watermark, OVERLAP_S);
    let request = SearchChanges { since, elements: AsNothing::ELEMENTS }.prepare(&server.base);
    let found = server.search::<Told<AsNothing>>(request).await?;
    if found.extent == Extent::Cut {
        return Err(RemoteError::CursorLost { what: WHAT.to_owned() });
    }
    let as_of = found.as_of;
    let mut rows = rows_from(server, found);
    rows.retain(|row| row.last_updated.is_none_or(|at| at >= since));
    let watermark = watermark(known.watermark, as_of, &rows);
    let overlap = before(watermark, OVERLAP_S);
    let remembered = rows.iter().filter(|row| row.last_updated.is_none_or(|at| at >= overlap));
    let told = remembered.map(|row| row.mark.clone()).collect();
    Ok((rows, Bookmark { watermark, told }))
}

/// The youngest change. One from the future does not count: it would hide all that come before it.
fn watermark(known: Timestamp, as_of: Option<Timestamp>, rows: &[Row]) -> Timestamp {
    let latest = as_of.map_or(Timestamp::MAX, |now| after(now, CLOCK_SLACK_S));
    let times = rows.iter().filter_map(|row| row.last_updated).filter(|at| *at <= latest);
    times.max().map_or(known, |youngest| youngest.max(known))
}

fn rows_from(server: &Server, found: Found<Told<AsNothing>>) -> Vec<Row> {
    let understood = found.items.into_iter().filter_map(|told| row_from(server, &told.appointment));
    let unreadable = found.unreadable.into_iter().map(|id| Row {
        mark: Mark::of(&["unreadable", &id]),
        id: AppointmentId::new(id),
        last_updated: None,
        draft: None,
    });
    let mut rows: Vec<Row> = understood.chain(unreadable).collect();
    rows.sort_by(|one, other| (&one.id, other.last_updated).cmp(&(&other.id, one.last_updated)));
    rows.dedup_by(|later, kept| later.id == kept.id);
    rows
}

fn row_from(server: &Server, wire: &wire::Appointment) -> Option<Row> {
    let id = wire.id.clone()?;
    let draft = draft_from(&server.base, wire);
    Some(Row {
        mark: mark_of(&id, wire, draft.as_ref()),
        last_updated: updated(wire),
        draft,
        id: AppointmentId::new(id),
    })
}

/// A version number alone proves nothing: some servers call every version 1. Without a time the content is
/// compared.
fn mark_of(id: &str, wire: &wire::Appointment, draft: Option<&Draft>) -> Mark {
    let meta = wire.meta.as_ref();
    let version = meta.and_then(|meta| meta.version_id.as_deref()).unwrap_or_default();
    match meta.and_then(|meta| meta.last_updated.as_deref()) {
        Some(updated) => Mark::of(&["version", id, version, updated]),
        None => Mark::of(&["content", id, version, &format!("{draft:?}")]),
    }
}

fn updated(wire: &wire::Appointment) -> Option<Timestamp> {
    wire.meta.as_ref()?.last_updated.as_deref().and_then(parse_instant)
}

async fn named(
    server: &Server,
    rows: Vec<Row>,
) -> Result<Vec<(AppointmentId, Vec<daybook_core::ids::PractitionerId>)>, RemoteError> {
    let (readable, other): (Vec<Row>, Vec<Row>) = rows.into_iter().partition(|row| row.draft.is_some());
    let mut drafts: Vec<Draft> = readable.into_iter().filter_map(|row| row.draft).collect();
    resolve_roles(server, drafts.iter_mut().collect()).await?;
    let people = |draft: Draft| draft.practitioners.into_iter().map(|(id, _)| id).collect();
    let known = drafts.into_iter().map(|draft| (draft.id.clone(), people(draft)));
    Ok(known.chain(other.into_iter().map(|row| (row.id, Vec::new()))).collect())
}
