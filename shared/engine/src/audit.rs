//! Keeping the audit trail: a deed is given its time and written down once it is known how it went. It does not undo a deed
//! that could not be written down; that is told to the log, which holds the same words.

use std::collections::BTreeSet;

use daybook_core::audit::{Deed, Entry, Outcome, Part, Who, attested, policy_parts};
use daybook_core::connection::Connection;
use daybook_core::ids::{ConnectionId, PracticeId, PractitionerId};
use daybook_core::notice::Notice;
use daybook_core::policy::Policy;

use crate::Engine;
use crate::error::{EngineError, chain};
use crate::ports::{NewNotice, Reading, StoreError, TrailPart};

/// What was done, as whoever let it be done knows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Doing {
    pub deed: Deed,
    pub parts: BTreeSet<Part>,
    pub domain: Option<String>,
    pub connection: Option<ConnectionId>,
    pub practitioner: Option<PractitionerId>,
    pub outcome: Outcome,
}

impl Doing {
    /// Done, to nothing in particular.
    pub fn of(deed: Deed) -> Self {
        Self {
            deed,
            parts: BTreeSet::new(),
            domain: None,
            connection: None,
            practitioner: None,
            outcome: Outcome::Done,
        }
    }

    /// Done to this connection.
    pub fn to(deed: Deed, connection: &Connection) -> Self {
        Self {
            connection: Some(connection.id.clone()),
            practitioner: Some(connection.practitioner.clone()),
            ..Self::of(deed)
        }
    }

    #[must_use]
    pub fn changing(self, parts: BTreeSet<Part>) -> Self {
        Self { parts, ..self }
    }

    #[must_use]
    pub fn about(self, domain: String) -> Self {
        Self { domain: Some(domain), ..self }
    }

    #[must_use]
    pub fn ending(self, outcome: Outcome) -> Self {
        Self { outcome, ..self }
    }
}

impl Engine {
    /// Writes down what was done.
    pub async fn note(&self, practice: &PracticeId, who: Who, doing: Doing) {
        let Doing { deed, parts, domain, connection, practitioner, outcome } = doing;
        let entry = Entry {
            practice: practice.clone(),
            at: self.clock.now(),
            nonce: self.random.token(),
            who,
            deed,
            parts,
            domain,
            connection,
            practitioner,
            outcome,
        };
        self.keep(entry).await;
    }

    /// Writes down what Daybook did or met by itself, by what it has just told the EHR.
    pub(crate) async fn note_news(&self, notices: &[NewNotice]) {
        for Notice { practice, connection, practitioner, number, at, state, news } in
            notices.iter().map(|new| &new.notice)
        {
            let Some(deed) = Deed::of_news(news, *state) else { continue };
            let entry = Entry {
                practice: practice.clone(),
                at: *at,
                nonce: format!("{connection}-{number}"),
                who: Who::daybook(),
                deed,
                parts: BTreeSet::new(),
                domain: None,
                connection: Some(connection.clone()),
                practitioner: Some(practitioner.clone()),
                outcome: Outcome::Done,
            };
            self.keep(entry).await;
        }
    }

    async fn keep(&self, entry: Entry) {
        tell(&entry);
        if let Err(error) = self.store.add_entry(&entry).await {
            let error = EngineError::from(error);
            tracing::error!(target: "audit", id = entry.id(), error = chain(&error), "an entry of the audit trail could not be kept");
        }
    }

    /// A part of the trail, in the order that was asked for.
    pub async fn list_trail(
        &self,
        practice: &PracticeId,
        reading: &Reading,
        limit: usize,
    ) -> Result<TrailPart, StoreError> {
        self.store.list_entries(practice, reading, limit).await
    }
}

/// What setting a policy comes to: what of it is another, and whose accounts somebody has vouched for, or no longer does.
pub(crate) fn policy_changes(before: &Policy, after: &Policy) -> Vec<Doing> {
    let parts = policy_parts(before, after);
    let changed = (!parts.is_empty()).then(|| Doing::of(Deed::PolicyChanged).changing(parts));
    let words = attested(before, after).into_iter().map(|(deed, domain)| Doing::of(deed).about(domain));
    changed.into_iter().chain(words).collect()
}

/// How a use case went, as the trail says it.
pub fn outcome<T>(done: &Result<T, EngineError>) -> Outcome {
    match done {
        Ok(_) => Outcome::Done,
        // Somebody else was first.
        Err(EngineError::Store(StoreError::Stale { .. })) => Outcome::Refused,
        Err(
            EngineError::Calendar(_) | EngineError::Ehr(_) | EngineError::Store(_) | EngineError::Vault(_),
        ) => Outcome::Failed,
        Err(_) => Outcome::Refused,
    }
}

fn tell(entry: &Entry) {
    let text = |id: Option<&str>| id.unwrap_or_default().to_owned();
    tracing::info!(
        target: "audit",
        practice = %entry.practice,
        hand = entry.who.hand.word(),
        user = text(entry.who.user.as_deref()),
        deed = entry.deed.word(),
        connection = text(entry.connection.as_ref().map(ConnectionId::as_str)),
        practitioner = text(entry.practitioner.as_ref().map(PractitionerId::as_str)),
        outcome = entry.outcome.word(),
        "somebody did something that the audit trail keeps"
    );
}
