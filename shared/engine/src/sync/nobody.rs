//! The account of a connection without credentials: it refuses everything, as the provider would.

use std::sync::Arc;

use async_trait::async_trait;
use daybook_core::event::Sighting;
use daybook_core::ids::{CalendarId, Cursor, ItemId};
use daybook_core::time::Interval;

use crate::ports::{
    Account, Calendar, CalendarInfo, Contents, Listing, MirrorRef, MirrorSighting, Mirrors, Naming,
    RemoteError, Step, Written,
};

pub(crate) struct Nobody;

fn refused() -> RemoteError {
    RemoteError::Refused { what: "the account, which is not signed in,".into() }
}

#[async_trait]
impl Account for Nobody {
    async fn list_calendars(&self) -> Result<Vec<CalendarInfo>, RemoteError> {
        Err(refused())
    }

    async fn create_calendar(&self, _name: &str, _slug: &str) -> Result<CalendarInfo, RemoteError> {
        Err(refused())
    }

    async fn delete_calendar(&self, _id: &CalendarId) -> Result<(), RemoteError> {
        Err(refused())
    }

    fn calendar(&self, _id: &CalendarId) -> Arc<dyn Calendar> {
        Arc::new(Nobody)
    }
}

#[async_trait]
impl Calendar for Nobody {
    async fn list(&self, _within: Interval) -> Result<Listing, RemoteError> {
        Err(refused())
    }

    async fn list_changes(&self, _since: &Cursor, _within: Interval) -> Result<Listing, RemoteError> {
        Err(refused())
    }

    async fn list_once(&self, _within: Interval) -> Result<Listing, RemoteError> {
        Err(refused())
    }

    fn naming_of(&self, _item: &ItemId) -> Naming {
        Naming::Foreign
    }

    async fn get(&self, _items: &[ItemId], _within: Interval) -> Result<Vec<Sighting>, RemoteError> {
        Err(refused())
    }

    async fn contents(&self) -> Result<Contents, RemoteError> {
        Err(refused())
    }
}

#[async_trait]
impl Mirrors for Nobody {
    fn steps_per_request(&self) -> usize {
        1
    }

    async fn carry_out(&self, steps: &[Step]) -> Vec<Result<Written, RemoteError>> {
        steps.iter().map(|_| Err(refused())).collect()
    }

    async fn find(&self, _mirrors: &[MirrorRef]) -> Result<Vec<MirrorSighting>, RemoteError> {
        Err(refused())
    }
}
