//! What is told about a connection beside its row: the detail in force and why, counts, words for states.

use daybook_core::connection::{Connection, Problem, ProblemKind, State};
use daybook_core::detail::{Cap, Caps, Detail};

use crate::Engine;
use crate::error::EngineError;
use crate::ports::{AccountKind, ConnectionRef, Counts, Practice};

/// A connection with what follows from it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct View {
    pub connection: Connection,
    pub state: State,
    pub effective_detail: Detail,
    pub effective_detail_reason: Option<Cap>,
    pub counts: Counts,
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
        let at = ConnectionRef { practice: connection.practice.clone(), id: connection.id.clone() };
        let counts = self.store.count_links(&at).await?;
        let (effective_detail, effective_detail_reason) =
            caps(&practice).effective(connection.settings.detail);
        let state = connection.evidence.state();
        let authorise_url = self.sign_in_link(&connection).await?;
        tell_missing_access(&mut connection);
        Ok(View { connection, state, effective_detail, effective_detail_reason, counts, authorise_url })
    }
}

/// Missing permission follows from the settings, so no run has to find it out.
fn tell_missing_access(connection: &mut Connection) {
    let evidence = &connection.evidence;
    if evidence.lacks_access() && evidence.disconnect.is_none() {
        let detail = "the settings need more than was allowed at the provider; sign in again to allow it";
        let since = evidence.authorised_at.unwrap_or(evidence.created_at);
        let problem = Problem { kind: ProblemKind::PermissionMissing, detail: detail.to_owned(), since };
        connection.problems.insert("permission".to_owned(), problem);
    }
}

/// What limits the detail. No account is attested yet, so every account is capped alike.
pub fn caps(practice: &Practice) -> Caps {
    Caps {
        practice: practice.detail_cap,
        account: AccountKind::Uncovered.detail_cap(),
        part2: practice.part2,
    }
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
