//! The audit trail, newest first, page by page. What is in it is the core's to say; here it is put into words.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use daybook_core::audit::{Entry, is_id};
use daybook_engine::ports::Reading;
use jiff::{Span, Timestamp};

use super::super::fields::Fields;
use super::super::words::Zone;
use super::super::{Ending, Guest, Room, Shell, show};
use super::words::{outcome, what, who, whose};

/// One page.
const MOST: usize = 50;

#[derive(Template)]
#[template(path = "practice_audit.html")]
struct Page {
    shell: Shell,
    zone: String,
    entries: Vec<Line>,
    /// Where older ones begin.
    before: Option<String>,
    is_later: bool,
    from: String,
    to: String,
}

struct Line {
    at: String,
    when: String,
    what: String,
    who: String,
    whose: String,
    outcome: Option<&'static str>,
}

pub(crate) async fn page(
    State(room): State<Room>,
    RawQuery(query): RawQuery,
    guest: Guest,
) -> Result<Response, Ending> {
    guest.administers()?;
    let fields = Fields::read(query.unwrap_or_default().as_bytes());
    let before = Some(fields.get("before")).filter(|id| is_id(id)).map(str::to_owned);
    let is_later = before.is_some();
    let found = room.engine.list_trail(&guest.practice.id, &Reading::Before(before), MOST).await;
    let found = found.map_err(|error| Ending::of(error.into()).to(&guest))?;
    let zone = guest.practice_zone(&room.engine).await?;
    let now = room.engine.clock.now();
    let page = Page {
        shell: guest.shell(),
        zone: zone.name().to_owned(),
        before: found.more,
        entries: found.entries.iter().map(|entry| line(entry, &zone)).collect(),
        is_later,
        from: day(&zone, now, Span::new().years(-1)),
        to: day(&zone, now, Span::new()),
    };
    show(&page.shell, &page)
}

/// As a date field has it.
fn day(zone: &Zone, at: Timestamp, later: Span) -> String {
    zone.day(at).saturating_add(later).to_string()
}

fn line(entry: &Entry, zone: &Zone) -> Line {
    Line {
        at: entry.at.to_string(),
        when: zone.moment(entry.at),
        what: what(entry),
        who: who(entry),
        whose: whose(entry),
        outcome: outcome(entry.outcome),
    }
}
