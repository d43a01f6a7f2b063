//! The practice's pages, for its administrators: who is connected and how fresh, what is allowed, which agreements are on
//! record, what was done. They show no clinician's calendars: nothing here asks for any.

mod agreements;
mod export;
mod leaving;
mod policy;
mod trail;
mod words;

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use daybook_core::connection::State as ConnectionState;
use daybook_core::ids::PractitionerId;
use daybook_core::launch::Role;
use daybook_engine::audit::Doing;
use daybook_engine::feed::FeedView;
use daybook_engine::ports::{Practice, Practitioner};
use daybook_engine::roster::{Known, Member};
use daybook_engine::{Engine, EngineError};

pub(crate) use agreements::{give, page as agreements, withdraw};
pub(crate) use export::export;
pub(crate) use leaving::{form as disconnecting, leave as disconnect};
pub(crate) use policy::{apply, page as policy, preview};
pub(crate) use trail::page as trail;

use super::before::{Fact, facts};
use super::fields::Fields;
use super::told::told;
use super::words::{Zone, calendar, number};
use super::{Ending, Guest, Room, Shell, feed, show};
use crate::answer::title;
use words::{level, sentence, standing, tells, what_to_do};

/// So many clinicians are shown at once: the EHR is asked about each.
const MOST_SHOWN: usize = 20;

#[derive(Template)]
#[template(path = "practice.html")]
struct Page {
    shell: Shell,
    left: Vec<Left>,
    people: Vec<Person>,
    ehr_answers: bool,
    next: Option<String>,
}

/// A clinician with their connections.
struct Person {
    name: String,
    rows: Vec<Row>,
    /// Zone and hours, as the EHR gives them now.
    facts: Vec<Fact>,
    subscription: Option<Subscription>,
}

/// A secret address that a calendar looks at.
struct Subscription {
    /// Names its colour.
    state: &'static str,
    sentence: String,
    level: String,
}

struct Row {
    /// `None` where it has ended, or is about to.
    id: Option<String>,
    /// Names its colour.
    state: &'static str,
    sentence: String,
    calendar: &'static str,
    account: Option<String>,
    level: String,
    problems: Vec<&'static str>,
    /// Of one that has ended.
    left_behind: Option<String>,
}

/// Entries that tell more than is allowed.
struct Left {
    who: String,
    count: String,
    account: String,
    what_to_do: &'static str,
}

impl Guest {
    /// Only administrators come further.
    fn administers(&self) -> Result<(), Ending> {
        match self.session.visitor.role {
            Role::Admin => Ok(()),
            Role::Clinician | Role::Delegate => Err(Ending::not_for_clinicians().to(self)),
        }
    }

    /// Times on the practice's pages are in the zone of its clinicians.
    async fn practice_zone(&self, engine: &Engine) -> Result<Zone, Ending> {
        let zone =
            engine.practice_zone(&self.practice.id).await.map_err(|error| Ending::of(error).to(self))?;
        Ok(Zone::named(zone.as_deref()))
    }
}

/// What became of a change of the practice's record. The trail has one that was made already.
async fn refused(
    room: &Room,
    guest: &Guest,
    doing: Doing,
    set: Result<Practice, EngineError>,
    back: &str,
) -> Result<(), Ending> {
    let Err(error) = set else { return Ok(()) };
    let failed = told::<()>(room, guest, doing, Err(error)).await;
    failed.map_err(|error| Ending::of(error).to(guest).with_link(back, "Back"))
}

/// `/settings/practice`.
pub(crate) async fn page(
    State(room): State<Room>,
    RawQuery(query): RawQuery,
    guest: Guest,
) -> Result<Response, Ending> {
    guest.administers()?;
    let from = Fields::read(query.unwrap_or_default().as_bytes()).get("from").to_owned();
    let fault = |error| Ending::of(error).to(&guest);
    let members = room.engine.members(&guest.practice.id).await.map_err(fault)?;
    let subscribers = room.engine.subscribers(&guest.practice.id).await.map_err(fault)?;
    let (ids, next) = shown(everybody(&members, &subscribers), &from);
    let known = room.engine.known_now(&guest.practice.id, &ids).await;
    let ehr_answers = !known.iter().any(|known| matches!(known, Known::Unanswered));
    let known: Vec<Option<Practitioner>> = known.into_iter().map(Known::person).collect();
    let zone = guest.practice_zone(&room.engine).await?;
    let fallback = guest.practice.time_zone_fallback.as_deref();
    let people = ids
        .iter()
        .zip(&known)
        .map(|(id, known)| person(id, known.as_ref(), fallback, (&members, &subscribers), &zone));
    let page = Page {
        shell: guest.shell(),
        left: members
            .iter()
            .filter(|member| member.above > 0)
            .map(|member| left(member, &ids, &known))
            .collect(),
        people: people.collect(),
        ehr_answers,
        next,
    };
    show(&page.shell, &page)
}

/// Whoever is connected or subscribes, in order.
fn everybody(members: &[Member], subscribers: &[FeedView]) -> Vec<PractitionerId> {
    let connected = members.iter().map(|member| &member.practitioner);
    let all: BTreeSet<_> = connected.chain(subscribers.iter().map(|view| &view.feed.practitioner)).collect();
    all.into_iter().cloned().collect()
}

/// The clinicians of one page, and with whom the next one begins.
fn shown(mut ids: Vec<PractitionerId>, from: &str) -> (Vec<PractitionerId>, Option<String>) {
    ids.retain(|id| id.as_str() >= from);
    let next = ids.get(MOST_SHOWN).map(PractitionerId::to_string);
    ids.truncate(MOST_SHOWN);
    (ids, next)
}

fn person(
    id: &PractitionerId,
    known: Option<&Practitioner>,
    fallback: Option<&str>,
    (members, subscribers): (&[Member], &[FeedView]),
    zone: &Zone,
) -> Person {
    let own = known.and_then(|known| known.time_zone.as_deref()).map(|name| Zone::named(Some(name)));
    let zone = own.as_ref().unwrap_or(zone);
    Person {
        name: name_of(id, known),
        rows: members
            .iter()
            .filter(|member| member.practitioner == *id)
            .map(|member| row(member, zone))
            .collect(),
        facts: known.map(|known| facts(Some(known), fallback)).unwrap_or_default(),
        subscription: subscribers
            .iter()
            .find(|view| view.feed.practitioner == *id)
            .map(|view| subscription(view, zone)),
    }
}

/// The feed that they have, never its address.
fn subscription(view: &FeedView, zone: &Zone) -> Subscription {
    Subscription {
        state: feed::mark(view),
        sentence: feed::sentence(view, zone),
        level: tells(view.effective_detail),
    }
}

/// As the EHR calls them, with its id: two may have one name.
fn name_of(id: &PractitionerId, known: Option<&Practitioner>) -> String {
    known.and_then(|known| known.name.clone()).map_or_else(|| id.to_string(), |name| format!("{name} ({id})"))
}

fn row(member: &Member, zone: &Zone) -> Row {
    let is_over = matches!(member.state, ConnectionState::Disconnecting | ConnectionState::Disconnected);
    Row {
        id: (!is_over).then(|| member.connection.to_string()),
        state: standing(member),
        sentence: sentence(member, zone),
        calendar: calendar(member.provider),
        account: member.account.clone(),
        level: level(member),
        problems: member.problems.iter().copied().map(title).collect(),
        left_behind: left_behind(member),
    }
}

fn left_behind(member: &Member) -> Option<String> {
    let is_over = member.state == ConnectionState::Disconnected;
    (is_over && member.left_behind > 0).then(|| number(member.left_behind, "entry", "entries"))
}

fn left(member: &Member, ids: &[PractitionerId], known: &[Option<Practitioner>]) -> Left {
    let place = ids.iter().position(|id| *id == member.practitioner);
    let known = place.and_then(|place| known.get(place)).and_then(Option::as_ref);
    Left {
        who: name_of(&member.practitioner, known),
        count: number(member.above, "entry", "entries"),
        account: member.account.clone().unwrap_or_else(|| "an account".to_owned()),
        what_to_do: what_to_do(member),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn clinicians_come_page_by_page() {
        let all: Vec<PractitionerId> =
            (10..60).map(|number| PractitionerId::new(format!("p{number}"))).collect();
        let (first, next) = shown(all.clone(), "");
        assert_eq!((first.len(), first[19].as_str(), next.as_deref()), (20, "p29", Some("p30")));
        let (last, next) = shown(all.clone(), "p50");
        assert_eq!((last.len(), next), (10, None));
        assert!(shown(all, "z").0.is_empty());
    }
}
