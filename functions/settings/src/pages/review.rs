//! *Review*: what a clinician should look at now and then, read just now; and their word that it is as they want it.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use daybook_core::audit::Deed;
use daybook_core::policy::Audience;
use daybook_core::time::Interval;
use daybook_engine::audit::Doing;
use daybook_engine::ports::ConnectionRef;
use daybook_engine::review::{Entry, Review};

use super::home::to;
use super::levels::{name, why};
use super::told::told;
use super::words::{Zone, calendar, standing};
use super::{Ending, Guest, Posted, Room, Shell, show};

#[derive(Template)]
#[template(path = "review.html")]
struct Page {
    shell: Shell,
    id: String,
    facts: Vec<(&'static str, String)>,
    /// `None`: the EHR does not tell what should stand.
    entries: Option<Vec<(String, String)>>,
    reviewed: String,
}

pub(crate) async fn page(
    State(room): State<Room>,
    Path(id): Path<String>,
    guest: Guest,
) -> Result<Response, Ending> {
    let connection = guest.connection(&room.engine, &id).await?;
    let zone = Zone::of(&room.engine, &connection, &guest.practice).await;
    let review = room.engine.review(connection).await.map_err(|error| Ending::at(&guest, &id, error))?;
    let page = Page {
        shell: guest.shell(),
        id,
        facts: facts(&review),
        entries: review.entries.as_ref().map(|all| all.iter().map(|one| told_entry(one, &zone)).collect()),
        reviewed: reviewed(&review, &zone),
    };
    show(&page.shell, &page)
}

pub(crate) async fn done(
    State(room): State<Room>,
    Path(id): Path<String>,
    posted: Posted,
) -> Result<Response, Ending> {
    let guest = &posted.guest;
    let connection = guest.connection(&room.engine, &id).await?;
    let doing = Doing::to(Deed::Reviewed, &connection);
    let at = ConnectionRef::from(&connection);
    let done = told(&room, guest, doing, room.engine.reviewed(&at).await).await;
    done.map_err(|error| Ending::at(guest, &id, error))?;
    Ok(to(&format!("/settings/connections/{id}")))
}

fn facts(review: &Review) -> Vec<(&'static str, String)> {
    let account = review.account.clone().unwrap_or_default();
    let (main, seen_by) = match &review.main_calendar {
        None => ("None: nothing is written".to_owned(), "Nobody, since nothing is written"),
        Some(main) => (format!("“{}”", main.name), who(main.seen_by)),
    };
    let level = name(review.detail);
    let detail =
        review.detail_reason.map_or_else(|| level.to_owned(), |cap| format!("{level}. {}", why(cap)));
    let mut blocking: Vec<String> =
        review.blocking_calendars.iter().map(|calendar| format!("“{}”", calendar.name)).collect();
    if blocking.is_empty() {
        blocking.push("None".to_owned());
    }
    vec![
        ("Account", format!("{account}, {}", calendar(review.provider))),
        ("Main calendar", main),
        ("Who sees it", seen_by.to_owned()),
        ("Detail", detail),
        ("Calendars that close time", blocking.join(", ")),
        ("What stands", standing(&review.counts)),
    ]
}

fn who(seen_by: Audience) -> &'static str {
    match seen_by {
        Audience::Own => "You alone, as far as the provider tells",
        Audience::Shared => "Others too: it is shared, or not yours",
        Audience::Public => "Anybody: it is public",
        Audience::Unknown => "The provider does not tell",
    }
}

fn told_entry(entry: &Entry, zone: &Zone) -> (String, String) {
    let when = |at: Interval| zone.time(at.start());
    let stands = match &entry.found {
        None => "is not in your calendar".to_owned(),
        Some(found) if found.at == entry.at => format!("“{}”", found.title),
        Some(found) => format!("“{}”, but at {}", found.title, when(found.at)),
    };
    (when(entry.at), stands)
}

fn reviewed(review: &Review, zone: &Zone) -> String {
    let last = review
        .reviewed_at
        .map_or_else(|| "Not reviewed yet.".to_owned(), |at| format!("Last reviewed {}.", zone.time(at)));
    let next = review.due_at.map(|at| format!(" To be reviewed by {}.", zone.time(at)));
    format!("{last}{}", next.unwrap_or_default())
}
