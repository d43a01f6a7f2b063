//! Before you start: what the EHR says of zone and hours, read now; then which calendar and which direction. What is
//! chosen here is kept in the connection before anybody signs in, so that we ask the provider for no more than it needs.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use daybook_core::audit::Deed;
use daybook_core::connection::{
    AgedOut, BlockScope, BlockingCalendars, Connection, Direction, MainCalendar, Provider, Settings, Start,
    State as ConnectionState,
};
use daybook_core::detail::Detail;
use daybook_core::hours::Hours;
use daybook_core::policy::{Feed, Policy};
use daybook_engine::audit::Doing;
use daybook_engine::command::Patch;
use daybook_engine::connect::NewConnection;
use daybook_engine::ports::{ConnectionRef, Practitioner};
use daybook_engine::{EngineError, chain};
use jiff::civil::Weekday;

use super::home::to;
use super::session::Place;
use super::told::told;
use super::{Ending, Guest, Posted, Room, Shell, show};

pub(crate) const DEFAULT_CALENDAR: &str = "Work schedule";

/// Behind an address: it was Apple's calendar that was chosen. To a connection, that is a CalDAV account like any other.
const APPLE: &str = "?server=icloud";

/// What an address says of the calendar that was chosen, to be said in the next one; any other word is dropped.
pub(crate) fn chosen_before(query: Option<&str>) -> &'static str {
    if query == APPLE.strip_prefix('?') { APPLE } else { "" }
}

#[derive(Template)]
#[template(path = "connect.html")]
struct Connect {
    shell: Shell,
    clinician: String,
    facts: Vec<Fact>,
    /// Why it cannot be both ways now.
    one_way_only: Option<&'static str>,
    offers: Offers,
}

/// What there is to choose.
pub(crate) struct Offers {
    pub google: Offer,
    pub microsoft: Offer,
    pub caldav: Offer,
    pub feed: bool,
}

/// How a provider is offered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Offer {
    Open,
    /// The practice does not allow it.
    Shut,
    /// This deployment does not know it.
    Absent,
}

impl Offer {
    pub fn is_shown(self) -> bool {
        self != Self::Absent
    }

    pub fn is_shut(self) -> bool {
        self == Self::Shut
    }
}

/// Something that should be so before syncing begins.
pub(crate) struct Fact {
    pub is_good: bool,
    pub title: &'static str,
    pub text: String,
    /// It is missing in the EHR, and is to be set there.
    pub is_to_set: bool,
}

impl Fact {
    fn good(title: &'static str, text: String) -> Self {
        Self { is_good: true, title, text, is_to_set: false }
    }

    fn to_set(title: &'static str, text: &str) -> Self {
        Self { is_good: false, title, text: text.to_owned(), is_to_set: true }
    }
}

/// Whether time in the EHR could be closed: for that a zone must be known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum TwoWay {
    Possible,
    /// Nobody has set one.
    NoZone,
    /// The EHR does not answer, and nobody else knows.
    NotNow,
}

impl TwoWay {
    fn with(known: Option<&Practitioner>, fallback: Option<&str>) -> Self {
        let zone = known.and_then(|known| known.time_zone.as_deref()).or(fallback);
        match (zone, known) {
            (Some(_), _) => Self::Possible,
            (None, Some(_)) => Self::NoZone,
            (None, None) => Self::NotNow,
        }
    }

    /// Why not.
    pub fn hindrance(self) -> Option<&'static str> {
        match self {
            Self::Possible => None,
            Self::NoZone => Some("Not possible yet: the EHR gives no time zone."),
            Self::NotNow => {
                Some("Not possible now: the EHR does not answer right now. Try again in a few minutes.")
            }
        }
    }
}

pub(crate) async fn form(State(room): State<Room>, guest: Guest) -> Result<Response, Ending> {
    let own = guest.practitioner()?.clone();
    let told = room.engine.practitioner(&guest.practice.id, &own).await;
    let known = match told {
        Ok(known) => Some(known),
        Err(error) => {
            tracing::warn!(error = chain(&error), "the EHR could not be asked for zone and hours");
            None
        }
    };
    let fallback = guest.practice.time_zone_fallback.as_deref();
    let page = Connect {
        shell: guest.shell(),
        clinician: known.as_ref().and_then(|known| known.name.clone()).unwrap_or_else(|| own.to_string()),
        facts: facts(known.as_ref(), fallback),
        one_way_only: TwoWay::with(known.as_ref(), fallback).hindrance(),
        offers: room.offers(&guest),
    };
    show(&page.shell, &page)
}

impl Room {
    pub(crate) fn offers(&self, guest: &Guest) -> Offers {
        let policy = &guest.practice.policy;
        let offer = |provider| match (self.engine.accounts.provider(provider), policy.refuses(provider, None))
        {
            (Err(_), _) => Offer::Absent,
            (Ok(_), Some(_)) => Offer::Shut,
            (Ok(_), None) => Offer::Open,
        };
        Offers {
            google: offer(Provider::Google),
            microsoft: offer(Provider::Microsoft),
            caldav: offer(Provider::Caldav),
            feed: policy.feed == Feed::Allowed,
        }
    }
}

/// Zone and hours, as the EHR gives them.
pub(crate) fn facts(known: Option<&Practitioner>, fallback: Option<&str>) -> Vec<Fact> {
    let Some(known) = known else {
        let text = "The EHR does not answer right now, so zone and hours cannot be read. Try again in a few minutes.";
        return vec![Fact { is_good: false, title: "The EHR", text: text.to_owned(), is_to_set: false }];
    };
    vec![zone(known.time_zone.as_deref(), fallback), hours(&known.hours)]
}

fn zone(given: Option<&str>, fallback: Option<&str>) -> Fact {
    let title = "Time zone";
    match (given, fallback) {
        (Some(zone), _) => Fact::good(title, format!("{zone}, as set in the EHR.")),
        (None, Some(zone)) => Fact::good(title, format!("{zone}, as set for the practice.")),
        (None, None) => {
            let text = "None is set in the EHR. Set it there; until then time in the EHR cannot be closed.";
            Fact::to_set(title, text)
        }
    }
}

fn hours(hours: &Hours) -> Fact {
    let title = "Operational hours";
    if hours.openings.is_empty() {
        let text = "None are set in the EHR. You can sync, but no free times can be offered to clients until they are set.";
        return Fact::to_set(title, text);
    }
    Fact::good(title, format!("{}, as set in the EHR.", week(hours)))
}

/// "Mon, Tue 9:00 am – 5:00 pm; Wed 1:00 pm – 5:00 pm".
fn week(hours: &Hours) -> String {
    let mut spans: Vec<(String, Vec<&'static str>)> = Vec::new();
    for (day, name) in DAYS {
        for opening in hours.openings.iter().filter(|opening| opening.day == day) {
            let (from, to) = (opening.from.strftime("%-I:%M %P"), opening.to.strftime("%-I:%M %P"));
            let span = format!("{from} – {to}");
            match spans.iter_mut().find(|(known, _)| *known == span) {
                Some((_, days)) => days.push(name),
                None => spans.push((span, vec![name])),
            }
        }
    }
    spans.into_iter().map(|(span, days)| format!("{} {span}", days.join(", "))).collect::<Vec<_>>().join("; ")
}

const DAYS: [(Weekday, &str); 7] = [
    (Weekday::Monday, "Mon"),
    (Weekday::Tuesday, "Tue"),
    (Weekday::Wednesday, "Wed"),
    (Weekday::Thursday, "Thu"),
    (Weekday::Friday, "Fri"),
    (Weekday::Saturday, "Sat"),
    (Weekday::Sunday, "Sun"),
];

/// The form: a connection that waits for its clinician to sign in, and on to that.
pub(crate) async fn connect(State(room): State<Room>, posted: Posted) -> Result<Response, Ending> {
    let guest = &posted.guest;
    let chosen = posted.fields.get("provider");
    let provider = provider_of(chosen);
    let provider = provider.ok_or_else(|| again("Choose the calendar that you use.").to(guest))?;
    let direction = match posted.fields.get("direction") {
        "two_way" => Direction::TwoWay,
        _ => Direction::EhrToCalendar,
    };
    let begun = room.begun(guest, provider, direction).await;
    let own = guest.practitioner()?.clone();
    let doing = begun.as_ref().map(|connection| Doing::to(Deed::Connected, connection));
    let doing = doing.unwrap_or_else(|_| Doing { practitioner: Some(own), ..Doing::of(Deed::Connected) });
    let connection = told(&room, guest, doing, begun)
        .await
        .map_err(|error| Ending::of(error).to(guest).with_link("/settings/connect", "Back"))?;
    room.to_chosen_sign_in(guest, &connection, chosen).await
}

/// What the form's choice of a calendar means.
pub(crate) fn provider_of(chosen: &str) -> Option<Provider> {
    match chosen {
        "google" => Some(Provider::Google),
        "microsoft" => Some(Provider::Microsoft),
        "apple" | "caldav" => Some(Provider::Caldav),
        _ => None,
    }
}

fn again(text: &str) -> Ending {
    Ending::invalid(text).with_link("/settings/connect", "Back")
}

impl Room {
    /// One that waits already is used again, so that changing one's mind leaves nothing behind.
    async fn begun(
        &self,
        guest: &Guest,
        provider: Provider,
        direction: Direction,
    ) -> Result<Connection, EngineError> {
        let practice = guest.practice.id.clone();
        let practitioner =
            guest.practitioner().map_err(|_| EngineError::NotFound { what: "a clinician".into() })?;
        let all = self.engine.store.list_connections(&practice, Some(practitioner)).await?;
        let waits = |one: &Connection| {
            one.evidence.state() == ConnectionState::Authorising
                && one.provider == provider
                && one.evidence.succeeds.is_none()
                && one.settings.start == Start::WhenConfirmed
        };
        if let Some(waiting) = all.into_iter().find(waits) {
            let at = ConnectionRef { practice, id: waiting.id.clone() };
            let patch = Patch { direction: Some(direction), ..Patch::default() };
            return if waiting.settings.direction == direction {
                Ok(waiting)
            } else {
                self.engine.change(&at, None, &patch).await
            };
        }
        let practitioner = practitioner.clone();
        let settings = settings(direction, &guest.practice.policy);
        let new = NewConnection { practice, practitioner, provider, settings, login: None };
        self.engine.connect(new).await
    }

    /// The same; where it was Apple's calendar that was chosen, our page fills in Apple's server.
    pub(crate) async fn to_chosen_sign_in(
        &self,
        guest: &Guest,
        connection: &Connection,
        chosen: &str,
    ) -> Result<Response, Ending> {
        let query = if chosen == "apple" { APPLE } else { "" };
        self.on_to_sign_in(guest, connection, query).await
    }

    /// To our sign-in page; from a frame by way of the connection's page, which opens it in a window of its own.
    pub(crate) async fn to_sign_in(
        &self,
        guest: &Guest,
        connection: &Connection,
    ) -> Result<Response, Ending> {
        self.on_to_sign_in(guest, connection, "").await
    }

    /// Either page is told what was chosen: the connection's passes it on.
    async fn on_to_sign_in(
        &self,
        guest: &Guest,
        connection: &Connection,
        query: &str,
    ) -> Result<Response, Ending> {
        let link = match guest.session.place {
            Place::Window => {
                self.engine.sign_in_link(connection).await.map_err(|error| Ending::of(error).to(guest))?
            }
            Place::Frame => None,
        };
        let place = link.unwrap_or_else(|| format!("/settings/connections/{}", connection.id));
        Ok(to(&format!("{place}{query}")))
    }
}

/// The defaults, as far as the practice allows them; nothing is written before the clinician's yes.
fn settings(direction: Direction, policy: &Policy) -> Settings {
    Settings {
        direction,
        window: policy.default_window(),
        detail: Detail::default(),
        main_calendar: MainCalendar::Create(DEFAULT_CALENDAR.to_owned()),
        blocking_calendars: BlockingCalendars::Owned,
        aged_out: AgedOut::default(),
        block_scope: BlockScope::default(),
        reminder_minutes: None,
        start: Start::WhenConfirmed,
    }
}
