//! Telling the practice's EHR how its connections fare: what a run has to tell is written with the run's own end, and the
//! sweep posts it until somebody has taken it. What is worth telling is decided in `daybook_core::notice`.

use std::collections::BTreeSet;

use daybook_core::connection::Connection;
use daybook_core::ids::PracticeId;
use daybook_core::notice::{Notice, Standing, offer_again, tell};
use jiff::Timestamp;

use crate::Engine;
use crate::error::{EngineError, chain};
use crate::ports::{Delivery, NewNotice, NoticeRef, Offered, Release, RemoteError};
use crate::sync::Tally;

/// What a run saw that stands in no row.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Met {
    /// All conflicts, where it looked at everything.
    pub conflicts: Option<BTreeSet<String>>,
}

/// How posting one notice went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Posted {
    /// It was taken, or need not be posted.
    Settled,
    /// It waits for another attempt: its receiver does not answer now.
    Waits,
}

impl Engine {
    /// The same release with what it has to tell.
    pub(crate) async fn telling(
        &self,
        connection: &Connection,
        met: &Met,
        tally: Tally,
        mut release: Release,
    ) -> Result<Release, EngineError> {
        let now = self.clock.now();
        let standing = Standing {
            evidence: &release.evidence,
            problems: &release.problems,
            restored: tally.restored,
            conflicts: met.conflicts.as_ref(),
            now,
        };
        let (news, told) = tell(&connection.told, &standing);
        if news.is_empty() {
            release.told = told;
            return Ok(release);
        }
        let to = self.practice(&connection.practice).await?.notices_to;
        let at = told.at.unwrap_or(now);
        let notice = |(number, news)| Notice {
            practice: connection.practice.clone(),
            connection: connection.id.clone(),
            practitioner: connection.practitioner.clone(),
            number,
            at,
            state: told.state,
            news,
        };
        let new = |notice| NewNotice { notice, offer_at: to.as_ref().map(|_| now) };
        release.notices = news.into_iter().map(notice).map(new).collect();
        release.told = told;
        Ok(release)
    }

    /// Posts those of one practice, oldest first, until its receiver does not answer: the rest waits for the next sweep.
    /// How many of them are left.
    pub(crate) async fn post_notices(&self, notices: Vec<NoticeRef>, until: Timestamp) -> u64 {
        let mut waiting = notices.into_iter();
        let mut left = 0;
        for at in waiting.by_ref() {
            if self.clock.now() > until {
                left += 1;
                break;
            }
            match self.post_notice(&at).await {
                Ok(Posted::Settled) => {}
                Ok(Posted::Waits) => break,
                Err(error) => {
                    tracing::warn!(notice = at.id, error = chain(&error), "a notice could not be posted");
                    left += 1;
                }
            }
        }
        left + waiting.count() as u64
    }

    async fn post_notice(&self, at: &NoticeRef) -> Result<Posted, EngineError> {
        let Some(Offered { notice, delivery }) = self.store.find_notice(at).await? else {
            return Ok(Posted::Settled);
        };
        let now = self.clock.now();
        if delivery.offer_at.is_none_or(|due| due > now) {
            return Ok(Posted::Settled);
        }
        let (posted, delivery) = match self.practice(&at.practice).await?.notices_to {
            Some(to) => self.offer(&notice, &to, delivery, now).await,
            None => (Posted::Settled, Delivery { offer_at: None, ..delivery }),
        };
        self.store.note_delivery(at, delivery).await?;
        Ok(posted)
    }

    async fn offer(&self, notice: &Notice, to: &str, before: Delivery, now: Timestamp) -> (Posted, Delivery) {
        let attempts = before.attempts.saturating_add(1);
        let settled = Delivery { attempts, offer_at: None, taken_at: before.taken_at };
        let error = match self.courier.carry(notice, to, now).await {
            Ok(()) => return (Posted::Settled, Delivery { taken_at: Some(now), ..settled }),
            Err(error) => error,
        };
        let next = match error {
            RemoteError::Rejected { .. } => None,
            _ => offer_again(notice.at, now, attempts, self.random.unit(), error.retry_after()),
        };
        let id = notice.id();
        match next {
            Some(_) => tracing::info!(notice = id, attempts, error = chain(&error), "a notice waits"),
            None => {
                tracing::warn!(notice = id, attempts, error = chain(&error), "a notice is offered no more");
            }
        }
        (Posted::Waits, Delivery { offer_at: next, ..settled })
    }

    /// The notices of a practice, or those after one that is known, oldest first.
    pub async fn list_notices(
        &self,
        practice: &PracticeId,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Notice>, EngineError> {
        Ok(self.store.list_notices(practice, after, limit).await?)
    }
}
