//! The audit trail as a file, for a span of days: CSV for people, JSON for programs. An export is a deed itself. It is never
//! cut short silently.

use axum::extract::{RawQuery, State};
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use daybook_core::audit::{Deed, Entry, id_since};
use daybook_core::time::start_of_day;
use daybook_engine::EngineError;
use daybook_engine::audit::Doing;
use daybook_engine::ports::Reading;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use serde_json::json;

use super::super::fields::Fields;
use super::super::told::told;
use super::super::{Ending, Guest, Room};
use crate::audit::EntryAnswer;

/// More than this are not put into one file: an answer of a function is limited in size.
const MOST: usize = 10_000;
const COLUMNS: &str = "id,at,actor,actor_id,deed,outcome,practitioner_id,connection_id,changed,domain\r\n";

pub(crate) async fn export(
    State(room): State<Room>,
    RawQuery(query): RawQuery,
    guest: Guest,
) -> Result<Response, Ending> {
    guest.administers()?;
    let fault = |text: &str| Ending::invalid(text).to(&guest).with_link("/settings/practice/audit", "Back");
    let fields = Fields::read(query.unwrap_or_default().as_bytes());
    let days = fields.get("from").parse::<Date>().ok().zip(fields.get("to").parse::<Date>().ok());
    let (first, last) = days
        .filter(|(first, last)| first <= last)
        .ok_or_else(|| fault("Choose two days, the earlier one first."))?;
    let zone = guest.practice_zone(&room.engine).await?;
    let span = (start_of_day(first, zone.zone()), start_of_day(last.saturating_add(1.day()), zone.zone()));
    let found = between(&room, &guest, span).await;
    let doing = Doing::of(Deed::TrailExported);
    let found = told(&room, &guest, doing, found).await.map_err(|error| Ending::of(error).to(&guest))?;
    let found = found.ok_or_else(|| {
        fault("That is more than 10,000 entries. Choose fewer days, and make several files.")
    })?;
    let entries: Vec<EntryAnswer> = found.iter().map(EntryAnswer::from).collect();
    let name = format!("daybook-audit-{first}-to-{last}");
    Ok(match fields.get("form") {
        "json" => {
            let practice = guest.practice.id.as_str();
            let whole = json!({"practice": practice, "from": first, "to": last, "items": entries});
            file(&format!("{name}.json"), "application/json", whole.to_string())
        }
        _ => file(&format!("{name}.csv"), "text/csv; charset=utf-8; header=present", csv(&entries)),
    })
}

/// Oldest first; `None` where there are more than a file holds.
async fn between(
    room: &Room,
    guest: &Guest,
    (from, until): (Timestamp, Timestamp),
) -> Result<Option<Vec<Entry>>, EngineError> {
    let reading = Reading::After(Some(id_since(from)));
    let found = room.engine.list_trail(&guest.practice.id, &reading, MOST).await?;
    // Told by the last row that was looked at, which need not be one that could be read.
    if found.more.is_some_and(|last| last < id_since(until)) {
        return Ok(None);
    }
    Ok(Some(found.entries.into_iter().filter(|entry| entry.at < until).collect()))
}

fn file(name: &str, kind: &'static str, text: String) -> Response {
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
    let disposition = disposition.unwrap_or(HeaderValue::from_static("attachment"));
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(kind)),
        (CONTENT_DISPOSITION, disposition),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, text).into_response()
}

/// RFC 4180.
fn csv(entries: &[EntryAnswer]) -> String {
    entries.iter().fold(COLUMNS.to_owned(), |mut text, entry| {
        let EntryAnswer {
            id,
            at,
            actor,
            actor_id,
            deed,
            outcome,
            practitioner_id,
            connection_id,
            changed,
            domain,
        } = entry;
        let changed = changed.join(" ");
        let of = |id: &Option<String>| id.clone().unwrap_or_default();
        let (user, practitioner, connection) = (of(actor_id), of(practitioner_id), of(connection_id));
        let domain = of(domain);
        let cells: [&str; 10] =
            [id, at, actor, &user, deed, outcome, &practitioner, &connection, &changed, &domain];
        text.push_str(&cells.map(cell).join(","));
        text.push_str("\r\n");
        text
    })
}

/// What begins like a formula is made plain text: a spreadsheet would carry it out.
fn cell(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@']) { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn cells_hold_whatever_an_id_may() {
        for (text, expected) in
            [("User/9", "\"User/9\""), ("a,\"b\"", "\"a,\"\"b\"\"\""), ("=1+1", "\"'=1+1\""), ("", "\"\"")]
        {
            assert_eq!(cell(text), expected);
        }
    }
}
