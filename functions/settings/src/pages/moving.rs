//! Moving a calendar to another account or provider: where to, and what becomes of this one; then, on both connections'
//! pages, how far the move has come, down to the proof that nothing is left. What happens when is the engine's.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use daybook_core::audit::Deed;
use daybook_core::connection::{
    BlockingCalendars, Connection, Direction, MainCalendar, Provider, State as ConnectionState,
};
use daybook_core::succession::{Afterwards, waits_for};
use daybook_engine::EngineError;
use daybook_engine::audit::Doing;
use daybook_engine::ports::ConnectionRef;
use daybook_engine::switch::{Switch, SwitchPreview};
use daybook_engine::view::View;

use super::before::{DEFAULT_CALENDAR, Offers};
use super::connection::{Over, over};
use super::home::to;
use super::told::told;
use super::words::{calendar, left, number};
use super::{Ending, Guest, Posted, Room, Shell, show};

#[derive(Template)]
#[template(path = "move.html")]
struct Move {
    shell: Shell,
    id: String,
    calendar: &'static str,
    account: String,
    is_two_way: bool,
    offers: Offers,
}

pub(crate) async fn form(
    State(room): State<Room>,
    Path(id): Path<String>,
    guest: Guest,
) -> Result<Response, Ending> {
    let connection = guest.connection(&room.engine, &id).await?;
    if !may_move(&connection) {
        return Ok(to(&format!("/settings/connections/{id}")));
    }
    let page = Move {
        shell: guest.shell(),
        id,
        calendar: calendar(connection.provider),
        account: account(&connection),
        is_two_way: connection.settings.direction == Direction::TwoWay,
        // A feed takes no calendar's place.
        offers: Offers { feed: false, ..room.offers(&guest) },
    };
    show(&page.shell, &page)
}

/// One that was never started has nothing to move.
fn may_move(connection: &Connection) -> bool {
    match connection.evidence.state() {
        ConnectionState::Syncing
        | ConnectionState::Active
        | ConnectionState::Paused
        | ConnectionState::ReconnectRequired => true,
        ConnectionState::Authorising
        | ConnectionState::Ready
        | ConnectionState::Disconnecting
        | ConnectionState::Disconnected => false,
    }
}

fn account(connection: &Connection) -> String {
    connection.account.as_ref().map(|account| account.label.clone()).unwrap_or_default()
}

/// The form: a connection that is to take this one's place waits for its clinician to sign in, and on to that.
pub(crate) async fn begin(
    State(room): State<Room>,
    Path(id): Path<String>,
    posted: Posted,
) -> Result<Response, Ending> {
    let Posted { guest, fields } = &posted;
    let old = guest.connection(&room.engine, &id).await?;
    let again = || Ending::invalid("Choose where to.").to(guest).with_link(address(&id), "Back");
    let provider = super::before::provider_of(fields.get("provider")).ok_or_else(again)?;
    let afterwards = match fields.get("afterwards") {
        "closes_time" if old.settings.direction == Direction::TwoWay => Afterwards::ClosesTime,
        _ => Afterwards::Leaves,
    };
    let fault = |error| Ending::of(error).to(guest).with_link(address(&id), "Back");
    let begun = room.successor(guest, &old, provider, afterwards).await;
    let doing = Doing::to(Deed::Connected, begun.as_ref().unwrap_or(&old));
    let new = told(&room, guest, doing, begun).await.map_err(fault)?;
    room.to_chosen_sign_in(guest, &new, fields.get("provider")).await
}

fn address(id: &str) -> String {
    format!("/settings/connections/{id}/move")
}

impl Room {
    /// One that waits already is used again, so that changing one's mind leaves nothing behind.
    async fn successor(
        &self,
        guest: &Guest,
        old: &Connection,
        provider: Provider,
        afterwards: Afterwards,
    ) -> Result<Connection, EngineError> {
        let all = self.engine.store.list_connections(&old.practice, Some(&old.practitioner)).await?;
        let bounds = guest.practice.policy.window;
        let waits = |one: &Connection| waits_for(one, old, provider, afterwards, bounds);
        if let Some(waiting) = all.into_iter().find(waits) {
            return Ok(waiting);
        }
        let from = ConnectionRef::from(old);
        let switch = Switch {
            provider,
            main_calendar: main_calendar(&old.settings.main_calendar),
            blocking_calendars: BlockingCalendars::Owned,
            afterwards,
            login: None,
        };
        self.engine.switch(&from, switch).await
    }
}

/// What the old account has by that name, the new one may not have: one of ours, by the same name where it was ours.
fn main_calendar(old: &MainCalendar) -> MainCalendar {
    match old {
        MainCalendar::Made(calendar) => MainCalendar::Create(calendar.name.clone()),
        MainCalendar::Create(name) => MainCalendar::Create(name.clone()),
        MainCalendar::Existing(_) => MainCalendar::Create(DEFAULT_CALENDAR.to_owned()),
        MainCalendar::None => MainCalendar::None,
    }
}

/// Where a connection stands in a move.
pub(crate) enum Moving {
    Not,
    /// Another is to take its place.
    Away {
        id: String,
        calendar: &'static str,
    },
    /// It takes another's place.
    Here {
        id: String,
        calendar: &'static str,
        account: String,
        step: Step,
    },
}

/// How far a move has come.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Step {
    /// Nothing changes before the yes.
    Waits,
    /// First everything is written in the new place.
    Writes,
    /// The old one leaves already, a moment before it is on record that everything stands here; or by its clinician's hand.
    Leaves,
    /// Then so much is still to be removed from the old one.
    Removes(String),
    /// The proof.
    NothingIsLeft,
    /// Of ours nothing is left there; its events go on closing time.
    OnlyCloses,
    Left(String),
}

impl Moving {
    pub fn goes_on(&self) -> bool {
        matches!(self, Moving::Here { step: Step::Leaves | Step::Removes(_), .. })
    }

    /// What is found of the other connection now.
    pub async fn of(room: &Room, guest: &Guest, view: &View) -> Result<Self, Ending> {
        let here = Self::here(room, view).await.map_err(|error| Ending::of(error).to(guest))?;
        match here {
            Some(here) => Ok(here),
            None => Self::away(room, view).await.map_err(|error| Ending::of(error).to(guest)),
        }
    }

    async fn here(room: &Room, view: &View) -> Result<Option<Self>, EngineError> {
        let new = &view.connection;
        let Some(succession) = &new.evidence.succeeds else { return Ok(None) };
        let at = ConnectionRef { practice: new.practice.clone(), id: succession.of.clone() };
        let Some(old) = room.engine.store.find_connection(&at).await? else { return Ok(None) };
        let (id, account, calendar) = (old.id.to_string(), account(&old), calendar(old.provider));
        let step = step(new, &room.engine.view_of(old).await?);
        Ok(step.map(|step| Self::Here { id, calendar, account, step }))
    }

    async fn away(room: &Room, view: &View) -> Result<Self, EngineError> {
        let old = &view.connection;
        if !may_move(old) {
            return Ok(Self::Not);
        }
        let all = room.engine.store.list_connections(&old.practice, Some(&old.practitioner)).await?;
        let takes_over = |one: &Connection| {
            one.evidence.handed_over_at.is_none()
                && one.evidence.disconnect.is_none()
                && one.evidence.authorised_at.is_some()
                && one.evidence.succeeds.as_ref().is_some_and(|succession| succession.of == old.id)
        };
        let other = all.into_iter().find(takes_over);
        Ok(other.map_or(Self::Not, |other| Self::Away {
            id: other.id.to_string(),
            calendar: calendar(other.provider),
        }))
    }
}

/// `None` where the old one went another way, by its clinician's hand.
fn step(new: &Connection, old: &View) -> Option<Step> {
    let is_over = new.evidence.disconnect.is_some();
    match (new.evidence.handed_over_at, old.state) {
        _ if is_over => None,
        (None, ConnectionState::Disconnected) => None,
        (None, ConnectionState::Disconnecting) => new.evidence.started_at.map(|_| Step::Leaves),
        (None, _) if new.evidence.started_at.is_none() => Some(Step::Waits),
        (None, _) => Some(Step::Writes),
        (Some(_), ConnectionState::Disconnecting) => Some(Step::Removes(left(&old.counts))),
        (Some(_), ConnectionState::Disconnected) => match over(old) {
            Over::Left(detail) => Some(Step::Left(detail)),
            Over::Nothing => Some(Step::NothingIsLeft),
            Over::Kept => None,
        },
        (Some(_), _) if old.counts.mirrored_events > 0 => {
            Some(Step::Removes(number(old.counts.mirrored_events, "event", "events")))
        }
        (Some(_), _) => Some(Step::OnlyCloses),
    }
}

/// What a move will do in its second phase, a line each.
pub(crate) fn then(preview: &SwitchPreview) -> Vec<String> {
    let from = calendar(preview.old.provider);
    let events = number(preview.removes.mirrored_events, "appointment", "appointments");
    let stays =
        number(preview.closed.stays, "time that is closed now stays", "times that are closed now stay");
    let opens = number(preview.closed.opens, "closed time", "closed times");
    let mut lines = vec![format!("Will remove {events} from {from}")];
    if preview.closed.stays > 0 {
        lines.push(format!("{stays} closed throughout"));
    }
    if preview.closed.opens > 0 {
        lines.push(format!("Will open {opens} in the EHR: only {from} has something then"));
    }
    lines.push(match preview.afterwards {
        Afterwards::Leaves => format!("{from} is disconnected, and its sign-in deleted"),
        Afterwards::ClosesTime => format!("{from} stays connected, to close time only"),
    });
    lines
}

#[cfg(test)]
mod tests;
