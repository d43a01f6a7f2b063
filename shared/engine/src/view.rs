//! What is told about a connection beside its row: the detail in force and why, counts, words for states.

use daybook_core::connection::{Connection, MainCalendar, Problem, ProblemKind, PutBack, Settings, State};
use daybook_core::detail::{Cap, Detail};
use daybook_core::policy::{Audience, Origin, Refusal, Tie};
use daybook_core::review;
use jiff::Timestamp;

use crate::Engine;
use crate::error::EngineError;
use crate::ports::{Account, CalendarInfo, ConnectionRef, Counts, Practice, RemoteError};

/// A connection with what follows from it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct View {
    pub connection: Connection,
    pub state: State,
    pub effective_detail: Detail,
    pub effective_detail_reason: Option<Cap>,
    pub counts: Counts,
    /// How many entries still tell more than that.
    pub above_detail: u64,
    /// Whether its clinician is asked to look it through.
    pub is_review_due: bool,
    /// What was put back lately.
    pub put_back: Option<PutBack>,
    /// Where to sign in, while that is what the connection waits for. Made anew each time.
    pub authorise_url: Option<String>,
}

impl Engine {
    /// Everything that the API shows of a connection.
    pub async fn view(&self, at: &ConnectionRef) -> Result<View, EngineError> {
        let connection = self.find(at).await?;
        self.view_of(connection).await
    }

    /// As [`Self::view`], for a connection at hand.
    pub async fn view_of(&self, mut connection: Connection) -> Result<View, EngineError> {
        let practice = self.practice(&connection.practice).await?;
        let at = ConnectionRef::from(&connection);
        let counts = self.store.count_links(&at).await?;
        let now = self.clock.now();
        let (effective_detail, effective_detail_reason) = detail_in_force(&practice, &connection, now);
        let is_review_due = review::is_due(&connection.evidence, now);
        let put_back = connection.evidence.put_back_lately(now);
        let above_detail = self.count_above(&connection, effective_detail).await?;
        let state = connection.evidence.state();
        let authorise_url = self.sign_in_link(&connection).await?;
        tell_missing_access(&mut connection);
        tell_refusal(&mut connection, &practice);
        Ok(View {
            connection,
            state,
            effective_detail,
            effective_detail_reason,
            counts,
            above_detail,
            is_review_due,
            put_back,
            authorise_url,
        })
    }
}

/// Missing permission follows from the settings, so no run has to find it out.
fn tell_missing_access(connection: &mut Connection) {
    let evidence = &connection.evidence;
    if evidence.lacks_access() && evidence.disconnect.is_none() {
        let detail = "the settings need more than was allowed at the provider; sign in again to allow it";
        let since = evidence.authorised_at.unwrap_or(evidence.created_at);
        let kind = ProblemKind::PermissionMissing;
        let problem = Problem { kind, detail: detail.to_owned(), count: None, since };
        connection.problems.insert("permission".to_owned(), problem);
    }
}

/// The practice has changed its mind about such accounts. The connection goes on at `busy`, until somebody acts.
fn tell_refusal(connection: &mut Connection, practice: &Practice) {
    let home = connection.account.as_ref().map(|account| &account.home);
    let Some(refusal) = practice.policy.refuses(connection.provider, home) else { return };
    if connection.evidence.disconnect.is_some() {
        return;
    }
    let detail = match refusal {
        Refusal::Provider => "the practice no longer allows calendars of this provider; events say Busy",
        Refusal::Domain => "the practice no longer allows accounts of this domain; events say Busy",
    };
    let since = practice.set_at.unwrap_or(connection.evidence.created_at);
    let problem = Problem { kind: ProblemKind::NotAllowed, detail: detail.to_owned(), count: None, since };
    connection.problems.insert("policy".to_owned(), problem);
}

/// The detail in force and why it is no more. A main calendar that no run has looked at yet is taken for the clinician's
/// own: nothing is written before one has.
pub fn detail_in_force(
    practice: &Practice,
    connection: &Connection,
    now: Timestamp,
) -> (Detail, Option<Cap>) {
    let audience = known_audience(connection, &connection.settings);
    practice.policy.effective(connection.settings.detail, &tie(connection, audience, now))
}

/// The most that practice and account allow, whatever the clinician wishes: who wishes for less breaks no rule by what still
/// stands.
pub fn most_allowed(practice: &Practice, connection: &Connection, now: Timestamp) -> Detail {
    let audience = known_audience(connection, &connection.settings);
    practice.policy.effective(Detail::Full, &tie(connection, audience, now)).0
}

/// What bears on the connection's detail.
pub fn tie(connection: &Connection, audience: Option<Audience>, now: Timestamp) -> Tie<'_> {
    let home = connection.account.as_ref().map(|account| &account.home);
    Tie { provider: connection.provider, home, audience, now }
}

/// Who sees a main calendar: by what its account lists, and by with whom its owner shares it. `None` where there is none,
/// or it is still to be made.
pub(crate) async fn audience_of(
    main: &MainCalendar,
    calendars: &[CalendarInfo],
    account: &dyn Account,
) -> Result<Option<Audience>, RemoteError> {
    let (calendar, origin) = match main {
        MainCalendar::Made(calendar) => (calendar, Origin::Made),
        MainCalendar::Existing(calendar) => (calendar, Origin::Chosen),
        MainCalendar::Create(_) | MainCalendar::None => return Ok(None),
    };
    Ok(Some(match calendars.iter().find(|listed| listed.id == calendar.id) {
        None => Audience::Unknown,
        Some(listed) if listed.shared || !listed.owned => Audience::Shared,
        Some(_) => Audience::of(account.onlookers(&calendar.id).await?.as_deref(), origin),
    }))
}

/// Who sees the main calendar, as far as it was looked at.
pub(crate) fn known_audience(connection: &Connection, settings: &Settings) -> Option<Audience> {
    let main = settings.main_calendar.known()?;
    let seen = connection.schedule.onlookers.as_ref().filter(|seen| seen.calendar == main.id);
    seen.map(|seen| seen.audience)
}

/// The state as the API and logs spell it.
pub fn state_word(state: State) -> &'static str {
    match state {
        State::Authorising => "authorising",
        State::Ready => "ready",
        State::Syncing => "syncing",
        State::Active => "active",
        State::ReconnectRequired => "reconnect_required",
        State::Paused => "paused",
        State::Disconnecting => "disconnecting",
        State::Disconnected => "disconnected",
    }
}
