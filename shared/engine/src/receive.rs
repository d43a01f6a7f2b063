//! Receive a signal: mark what was named, count it, and queue one request unless one is waiting already.
//! The body of a hook is never believed; only which appointment and which practitioner to look at.

use std::collections::BTreeSet;

use daybook_core::ids::{AppointmentId, PracticeId, PractitionerId};

use crate::Engine;
use crate::error::EngineError;
use crate::ports::{Cause, ConnectionRef, Request, Signalled, StoreError};

/// What an EHR's hook names.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct EhrSignal {
    pub appointments: Vec<AppointmentId>,
    pub practitioners: Vec<PractitionerId>,
}

impl Engine {
    /// Marks the named appointments on the connections that link them and on those of the named practitioners,
    /// and queues a request for each.
    pub async fn receive_ehr(&self, practice: &PracticeId, signal: &EhrSignal) -> Result<(), EngineError> {
        for connection in self.concerned(practice, &signal.appointments, &signal.practitioners).await? {
            self.signal(&connection, &signal.appointments, Cause::Ehr).await?;
        }
        Ok(())
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
    pub async fn signal(
        &self,
        at: &ConnectionRef,
        marks: &[AppointmentId],
        cause: Cause,
    ) -> Result<(), EngineError> {
        let correlation = self.random.token();
        match self.store.signal(at, marks, &correlation, self.clock.now()).await {
            Ok(Signalled::Send) => {
                self.queue.send(Request { connection: at.clone(), cause, correlation }).await?;
                Ok(())
            }
            Ok(Signalled::Coalesced) | Err(StoreError::Missing { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
