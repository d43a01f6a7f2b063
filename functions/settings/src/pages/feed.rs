//! A subscription instead of a connection: a read-only address that Apple Calendar, or any other, looks at by itself. Its
//! address is shown on the page that answers its making, and never again.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use daybook_core::audit::Deed;
use daybook_core::detail::Detail;
use daybook_core::feed::{State as FeedState, detail as in_force};
use daybook_core::ids::PractitionerId;
use daybook_core::policy::Feed as Feeds;
use daybook_engine::audit::Doing;
use daybook_engine::feed::FeedView;
use secrecy::ExposeSecret;

use super::home::to;
use super::levels::{self, name, sample, why};
use super::told::told;
use super::words::Zone;
use super::{Ending, Guest, Posted, Room, Shell, show};
use crate::feeds::webcal;

/// The levels that a subscription may tell, least first.
const LEVELS: [Detail; 2] = [Detail::Busy, Detail::Appointment];

#[derive(Template)]
#[template(path = "feed.html")]
struct Page {
    shell: Shell,
    address: Option<Address>,
    standing: Option<Standing>,
    is_allowed: bool,
    levels: Vec<Level>,
}

/// Shown once.
struct Address {
    url: String,
    webcal: String,
}

/// A subscription that there is.
struct Standing {
    /// Names its colour.
    mark: &'static str,
    sentence: String,
    facts: Vec<(&'static str, String)>,
}

struct Level {
    word: &'static str,
    name: &'static str,
    title: String,
    is_chosen: bool,
    forbidden: Option<&'static str>,
}

pub(crate) async fn page(State(room): State<Room>, guest: Guest) -> Result<Response, Ending> {
    shown(&room, &guest, None).await
}

/// The form: a new address, or the end of the one that there is.
pub(crate) async fn act(State(room): State<Room>, posted: Posted) -> Result<Response, Ending> {
    let Posted { guest, fields } = &posted;
    let practitioner = guest.practitioner()?;
    let practice = &guest.practice.id;
    let failed = |error| Ending::of(error).to(guest).with_link("/settings/feed", "Back");
    match fields.get("deed") {
        "make" => {
            let wanted = levels::detail(fields.get("detail")).unwrap_or_default();
            let made = room.engine.make_feed(practice, practitioner, wanted).await;
            let made = told(&room, guest, doing(Deed::FeedMade, practitioner), made).await;
            let (_, secret) = made.map_err(failed)?;
            let url = room.engine.feed_url(&secret).expose_secret().to_owned();
            let address = Address { webcal: webcal(&url).unwrap_or_default(), url };
            shown(&room, guest, Some(address)).await
        }
        "revoke" => {
            let ended = room.engine.revoke_feed(practice, practitioner).await;
            // Where there was none, nothing was done.
            if !matches!(ended, Ok(false)) {
                told(&room, guest, doing(Deed::FeedRevoked, practitioner), ended).await.map_err(failed)?;
            }
            Ok(to("/settings/feed"))
        }
        _ => Err(Ending::invalid("Choose what to do with the subscription.").to(guest)),
    }
}

fn doing(deed: Deed, practitioner: &PractitionerId) -> Doing {
    Doing { practitioner: Some(practitioner.clone()), ..Doing::of(deed) }
}

async fn shown(room: &Room, guest: &Guest, address: Option<Address>) -> Result<Response, Ending> {
    let practitioner = guest.practitioner()?;
    let found = room.engine.feed(&guest.practice.id, practitioner).await;
    let found = found.map_err(|error| Ending::of(error).to(guest))?;
    let chosen = found.as_ref().map_or_else(Detail::default, |view| view.effective_detail);
    let standing = match &found {
        Some(view) => {
            let zone = Zone::of_clinician(&room.engine, &guest.practice, practitioner).await;
            Some(Standing { mark: mark(view), sentence: sentence(view, &zone), facts: facts(view, &zone) })
        }
        None => None,
    };
    let page = Page {
        shell: guest.shell(),
        address,
        standing,
        is_allowed: guest.practice.policy.feed == Feeds::Allowed,
        levels: LEVELS.into_iter().map(|one| level(guest, one, chosen)).collect(),
    };
    show(&page.shell, &page)
}

fn level(guest: &Guest, level: Detail, chosen: Detail) -> Level {
    let (allowed, cap) = in_force(&guest.practice.policy, level);
    Level {
        word: levels::word(level),
        name: name(level),
        title: sample(level).title(),
        is_chosen: level == chosen,
        forbidden: (allowed < level).then(|| cap.map(why)).flatten(),
    }
}

/// Names the colour of its state.
pub(crate) fn mark(view: &FeedView) -> &'static str {
    match view.state {
        FeedState::Active => "active",
        FeedState::Expired => "paused",
        FeedState::Forbidden => "reconnect_required",
    }
}

/// How it is, in one sentence.
pub(crate) fn sentence(view: &FeedView, zone: &Zone) -> String {
    match (view.state, view.feed.fetched_at) {
        (FeedState::Active, Some(at)) => format!("Last fetched {}.", zone.time(at)),
        (FeedState::Active, None) => "No calendar has fetched it yet.".to_owned(),
        (FeedState::Expired, _) => {
            "Over: no calendar fetched it for 90 days. Its address shows nothing any more.".to_owned()
        }
        (FeedState::Forbidden, _) => {
            "Stopped: your practice does not allow subscriptions. Its address shows nothing.".to_owned()
        }
    }
}

fn facts(view: &FeedView, zone: &Zone) -> Vec<(&'static str, String)> {
    let mut facts =
        vec![("Since", zone.time(view.feed.made_at)), ("It tells", name(view.effective_detail).to_owned())];
    if view.state == FeedState::Active {
        let until = zone.date(view.feed.expires_at(), 0);
        facts.push(("Ends", format!("{until}, if no calendar fetches it before")));
    }
    facts
}
