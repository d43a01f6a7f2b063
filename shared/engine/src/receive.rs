//! Receive a signal: mark what was named, count it, and queue one request unless one is waiting already.
//! The body of a hook is never believed; only which appointment and which practitioner to look at.

use std::collections::{BTreeMap, BTreeSet};

use daybook_core::connection::Provider;
use daybook_core::ids::{AppointmentId, CalendarId, PracticeId, PractitionerId, SubscriptionId};
use secrecy::{ExposeSecret, SecretString};

use crate::Engine;
use crate::error::EngineError;
use crate::ports::{Cause, ConnectionRef, Named, Request, Signalled, StoreError, SubscriptionRow};

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
            tracing::warn!(error = &error as &dyn std::error::Error, "a row of a notification is left alone");
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
        let mut known: BTreeMap<&SubscriptionId, Option<SubscriptionRow>> = BTreeMap::new();
        let mut failed = None;
        for notification in notifications {
            let id = &notification.subscription;
            if !known.contains_key(id) {
                let found = self.store.find_subscription(provider, id).await;
                known.insert(id, found.unwrap_or_else(|error| note_failure(error.into(), &mut failed)));
            }
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
        let correlation = self.random.token();
        match self.store.signal(at, named, &correlation, self.clock.now()).await {
            Ok(Signalled::Send) => {
                self.queue.send(Request { connection: at.clone(), cause, correlation }).await?;
                Ok(())
            }
            Ok(Signalled::Coalesced) | Err(StoreError::Missing { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
