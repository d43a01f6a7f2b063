//! The scheduled pass: polls each practice's EHR, wakes the connections that are due, sends old requests again.
//! It reads the index of due work, so it costs what is due, not what exists.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use daybook_core::health::Health;
use daybook_core::ids::{AppointmentId, PracticeId, PractitionerId};
use jiff::Timestamp;

use crate::Engine;
use crate::error::{EngineError, chain};
use crate::ports::{Cause, ConnectionRef, Due, Named, NoticeRef, RemoteError, Request};
use crate::receive::some_at_once;

/// One pass over a shard acts on at most this many; the next pass takes the rest.
const MOST: usize = 10_000;

/// What a pass met, for metrics: counts and ages, no names.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Swept {
    /// What was due.
    pub due: u64,
    /// What was left to the next pass, for want of time or because it failed.
    pub left: u64,
    /// Connections among them that no run has completed for too long.
    pub stale: u64,
    /// How long the oldest work of those connections has been owing.
    pub oldest_owing: Duration,
}

impl Swept {
    fn note(&mut self, health: Health) {
        self.stale += u64::from(health.is_stale);
        self.oldest_owing = self.oldest_owing.max(health.owing_for);
    }
}

/// How one that was due fared.
enum Woken {
    Yes(Health),
    Failed,
    /// There was no time left for it.
    Left,
}

impl Engine {
    /// One pass over one shard of the index of due work, begun with nothing new after `until`. One that fails does not
    /// stop the others.
    pub async fn sweep(&self, shard: u32, until: Timestamp) -> Result<Swept, EngineError> {
        let now = self.clock.now();
        // One more than it acts on, to tell that there is more.
        let mut due = self.store.list_due(shard, now, MOST + 1).await?;
        let mut swept = Swept { due: due.len() as u64, ..Swept::default() };
        swept.left = due.split_off(due.len().min(MOST)).len() as u64;
        let (due, letters) = parted(due);
        // What is posted waits for its receivers: nobody who is woken waits with it.
        let posts = some_at_once(letters.into_values().map(|notices| self.post_notices(notices, until)));
        let wakes = some_at_once(due.into_iter().map(|due| self.wake(due, now, until)));
        let (posted, woken) = futures_util::join!(posts, wakes);
        swept.left += posted.into_iter().sum::<u64>();
        for woken in woken {
            match woken {
                Woken::Yes(health) => swept.note(health),
                Woken::Failed | Woken::Left => swept.left += 1,
            }
        }
        Ok(swept)
    }

    async fn wake(&self, due: Due, now: Timestamp, until: Timestamp) -> Woken {
        if self.clock.now() > until {
            return Woken::Left;
        }
        let woken = match &due {
            Due::Connection(at) => self.wake_connection(at, now).await,
            Due::Practice(practice) => self.poll_practice(practice).await.map(|()| Health::default()),
            Due::Notice(_) => Ok(Health::default()),
        };
        woken.map_or_else(
            |error| {
                tracing::warn!(due = ?due, error = chain(&error), "could not be woken; the next sweep tries again");
                Woken::Failed
            },
            Woken::Yes,
        )
    }

    /// Signals it; where a request has been waiting too long, it is taken for lost and sent again.
    async fn wake_connection(&self, at: &ConnectionRef, now: Timestamp) -> Result<Health, EngineError> {
        let Some(connection) = self.store.find_connection(at).await? else { return Ok(Health::default()) };
        match connection.signals.pending_since {
            None => self.signal(at, &Named::default(), Cause::Sweep).await?,
            Some(since) if since + self.pace.resend <= now => self.send_again(at, since, now).await?,
            Some(_) => {}
        }
        Ok(Health::of(&connection.evidence, &connection.problems, now))
    }

    async fn send_again(
        &self,
        at: &ConnectionRef,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        if self.store.take_up_request(at, since, now).await? {
            let correlation = self.random.token();
            tracing::info!(connection = %at.id, correlation, "a request is taken for lost and sent again");
            let request = Request { connection: at.clone(), cause: Cause::Sweep, correlation, since };
            self.queue.send(request).await?;
        }
        Ok(())
    }

    /// Reads what changed in the practice's EHR since the last poll and marks it on the connections concerned. The
    /// cursor moves last.
    pub async fn poll_practice(&self, practice: &PracticeId) -> Result<(), EngineError> {
        let cursor = self.store.find_ehr_cursor(practice).await?;
        let next = self.clock.now() + self.pace.poll;
        let ehr = self.ehrs.open(practice).await.map_err(EngineError::Ehr)?;
        match ehr.list_changes(cursor.as_ref()).await {
            Ok(changes) => {
                self.mark(practice, changes.appointments).await?;
                self.store.put_ehr_cursor(practice, Some(&changes.cursor), next).await?;
                Ok(())
            }
            Err(RemoteError::CursorLost { .. }) => {
                // The daily comparison of each connection finds what this gap hides.
                let begun = ehr.list_changes(None).await.map_err(EngineError::Ehr)?;
                self.store.put_ehr_cursor(practice, Some(&begun.cursor), next).await?;
                Ok(())
            }
            Err(error) => {
                let next =
                    next.max(crate::sync::after(self.clock.now(), error.retry_after().unwrap_or_default()));
                self.store.put_ehr_cursor(practice, cursor.as_ref(), next).await?;
                Err(EngineError::Ehr(error))
            }
        }
    }

    /// One signal a connection, with everything that concerns it.
    async fn mark(
        &self,
        practice: &PracticeId,
        changed: Vec<(AppointmentId, Vec<PractitionerId>)>,
    ) -> Result<(), EngineError> {
        let mut marks: BTreeMap<ConnectionRef, Vec<AppointmentId>> = BTreeMap::new();
        let looks =
            changed.into_iter().map(|(id, practitioners)| self.concerned_by(practice, id, practitioners));
        for looked in some_at_once(looks).await {
            let (appointment, connections) = looked?;
            for at in connections {
                marks.entry(at).or_default().push(appointment.clone());
            }
        }
        for (at, appointments) in marks {
            self.signal(&at, &Named::appointments(appointments), Cause::Sweep).await?;
        }
        Ok(())
    }

    async fn concerned_by(
        &self,
        practice: &PracticeId,
        appointment: AppointmentId,
        practitioners: Vec<PractitionerId>,
    ) -> Result<(AppointmentId, BTreeSet<ConnectionRef>), EngineError> {
        let named = std::slice::from_ref(&appointment);
        let connections = self.concerned(practice, named, &practitioners).await?;
        Ok((appointment, connections))
    }
}

/// Whom to wake, and each practice's notices.
fn parted(due: Vec<Due>) -> (Vec<Due>, BTreeMap<PracticeId, Vec<NoticeRef>>) {
    let (mut others, mut letters) = (Vec::new(), BTreeMap::<_, Vec<_>>::new());
    for one in due {
        match one {
            Due::Notice(at) => letters.entry(at.practice.clone()).or_default().push(at),
            other @ (Due::Connection(_) | Due::Practice(_)) => others.push(other),
        }
    }
    (others, letters)
}
