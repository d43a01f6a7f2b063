//! Receive a signal: mark what was named, count it, and queue one request unless one is waiting already.
//! The body of a hook is never believed; only which appointment and which practitioner to look at.

use std::collections::{BTreeMap, BTreeSet};

use daybook_core::connection::Provider;
use daybook_core::ids::{AppointmentId, CalendarId, PracticeId, PractitionerId, SubscriptionId};
use futures_util::stream::{self, StreamExt};
use secrecy::{ExposeSecret, SecretString};

use crate::Engine;
use crate::error::{EngineError, chain};
use crate::ports::{Cause, ConnectionRef, Named, Request, Signalled, StoreError, SubscriptionRow};

/// How many rows one message may have read at the same time: a stranger's message must not crowd out the others.
const READS_AT_ONCE: usize = 8;

/// What an EHR's hook names.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct EhrSignal {
    pub appointments: Vec<AppointmentId>,
    pub practitioners: Vec<PractitionerId>,
}

/// What a provider tells about one subscription.
#[derive(Clone, Debug)]
pub struct Notification {
    pub subscription: SubscriptionId,
    /// What the sender shows as its proof.
    pub secret: SecretString,
    pub about: About,
}

/// One that fails hinders no other. The sender is to repeat it only where that can help: a row that cannot be read
/// stays as it is.
fn note_failure<T>(error: EngineError, failed: &mut Option<EngineError>) -> Option<T> {
    match error {
        EngineError::Store(StoreError::Unreadable { .. }) => {
            tracing::warn!(error = chain(&error), "a row of a notification is left alone");
        }
        error => drop(failed.get_or_insert(error)),
    }
    None
}

/// What a notification is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum About {
    /// Something in the calendar changed, or notifications about it were lost.
    Calendar,
    /// The subscription will end, or has ended, unless it is made anew (E-025).
    Subscription,
}

impl About {
    /// A subscription that ended may have missed something.
    fn name(self, row: &SubscriptionRow, named: &mut Named) {
        let calendar = std::slice::from_ref(&row.calendar);
        add(&mut named.calendars, calendar);
        if self == About::Subscription {
            add(&mut named.subscriptions, calendar);
        }
    }
}

fn add(to: &mut Vec<CalendarId>, calendar: &[CalendarId]) {
    to.extend(calendar.iter().filter(|id| !to.contains(id)).cloned().collect::<Vec<_>>());
}

impl Engine {
    /// Marks the named appointments on the connections that link them and on those of the named practitioners,
    /// and queues a request for each.
    pub async fn receive_ehr(&self, practice: &PracticeId, signal: &EhrSignal) -> Result<(), EngineError> {
        for connection in self.concerned(practice, &signal.appointments, &signal.practitioners).await? {
            let named = Named::appointments(signal.appointments.clone());
            self.signal(&connection, &named, Cause::Ehr).await?;
        }
        Ok(())
    }

    /// Signals the connections whose subscriptions these are. What shows no secret of ours, or is about a
    /// subscription that we no longer have, is ignored: it is no error of the sender's (E-020).
    pub async fn receive_provider(
        &self,
        provider: Provider,
        notifications: &[Notification],
    ) -> Result<(), EngineError> {
        let mut named: BTreeMap<ConnectionRef, Named> = BTreeMap::new();
        let mut failed = None;
        let known = self.subscription_rows(provider, notifications, &mut failed).await;
        for notification in notifications {
            let id = &notification.subscription;
            let row = known.get(id).and_then(Option::as_ref);
            let Some(row) = row.filter(|row| row.secret.is_of(notification.secret.expose_secret())) else {
                tracing::debug!(subscription = %id, "a notification without its secret is ignored");
                continue;
            };
            notification.about.name(row, named.entry(row.at.clone()).or_default());
        }
        for (at, named) in named {
            if let Err(error) = self.signal(&at, &named, Cause::Provider).await {
                note_failure::<()>(error, &mut failed);
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// What is known of each subscription that is named; each is read once.
    async fn subscription_rows(
        &self,
        provider: Provider,
        notifications: &[Notification],
        failed: &mut Option<EngineError>,
    ) -> BTreeMap<SubscriptionId, Option<SubscriptionRow>> {
        let ids: BTreeSet<SubscriptionId> =
            notifications.iter().map(|notification| notification.subscription.clone()).collect();
        let reads = ids.into_iter().map(|id| self.subscription_row(provider, id));
        let read = some_at_once(reads).await.into_iter();
        read.map(|(id, found)| (id, found.unwrap_or_else(|error| note_failure(error.into(), failed))))
            .collect()
    }

    async fn subscription_row(
        &self,
        provider: Provider,
        id: SubscriptionId,
    ) -> (SubscriptionId, Result<Option<SubscriptionRow>, StoreError>) {
        let found = self.store.find_subscription(provider, &id).await;
        (id, found)
    }

    /// Connections that link one of the appointments, and those of the practitioners.
    pub(crate) async fn concerned(
        &self,
        practice: &PracticeId,
        appointments: &[AppointmentId],
        practitioners: &[PractitionerId],
    ) -> Result<BTreeSet<ConnectionRef>, EngineError> {
        let mut connections = BTreeSet::new();
        for practitioner in practitioners {
            connections.extend(self.store.connections_of(practice, practitioner).await?);
        }
        for appointment in appointments {
            connections.extend(self.store.connections_linking(practice, appointment).await?);
        }
        Ok(connections)
    }

    /// Counts one signal and sends a request unless one is waiting. A connection that is gone needs none.
    pub async fn signal(&self, at: &ConnectionRef, named: &Named, cause: Cause) -> Result<(), EngineError> {
        let (correlation, since) = (self.random.token(), self.clock.now());
        let request = Request { connection: at.clone(), cause, correlation: correlation.clone(), since };
        self.signal_for(named, &correlation, request).await
    }

    /// As [`Self::signal`], with the request that is to be sent if none is waiting. `token` names this one signal.
    pub(crate) async fn signal_for(
        &self,
        named: &Named,
        token: &str,
        request: Request,
    ) -> Result<(), EngineError> {
        match self.store.signal(&request.connection, named, token, self.clock.now()).await {
            Ok(Signalled::Send) => {
                let Request { connection, cause, correlation, .. } = &request;
                tracing::info!(connection = %connection.id, ?cause, correlation, "signal queued");
                Ok(self.queue.send(request).await?)
            }
            Ok(Signalled::Coalesced) | Err(StoreError::Missing { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Carries out all of them, a few at the same time.
pub(crate) async fn some_at_once<F: Future>(reads: impl Iterator<Item = F>) -> Vec<F::Output> {
    stream::iter(reads).buffer_unordered(READS_AT_ONCE).collect().await
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use std::cell::Cell;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use futures_util::future::poll_fn;

    use super::*;

    /// Each read waits once, so that as many as may run at the same time do.
    #[test]
    fn a_long_message_is_read_a_few_rows_at_a_time() {
        let (running, most) = (Cell::new(0_usize), Cell::new(0));
        let read = |number: usize| {
            let mut has_begun = false;
            let (running, most) = (&running, &most);
            poll_fn(move |context| {
                if has_begun {
                    running.set(running.get() - 1);
                    return Poll::Ready(number);
                }
                has_begun = true;
                running.set(running.get() + 1);
                most.set(most.get().max(running.get()));
                context.waker().wake_by_ref();
                Poll::Pending
            })
        };
        let mut all = pin!(some_at_once((0..200).map(read)));
        let mut context = Context::from_waker(Waker::noop());
        let done = (0..10_000).find_map(|_| match all.as_mut().poll(&mut context) {
            Poll::Ready(done) => Some(done),
            Poll::Pending => None,
        });
        let mut done = done.expect("it ends");
        done.sort_unstable();
        assert_eq!((done, most.get()), ((0..200).collect(), READS_AT_ONCE));
    }
}
