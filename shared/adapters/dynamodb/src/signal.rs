//! A door's hand: one write that counts a signal, notes what it named, and tells whether to send a request.

use aws_sdk_dynamodb::types::ReturnValue;
use daybook_engine::ports::{ConnectionRef, Named, Signalled, StoreError};
use jiff::{SignedDuration, Timestamp};

use crate::connections::{absent_or_newer, named};
use crate::expression::Change;
use crate::item::{Item, Row, instant, text};
use crate::keys;
use crate::marks::{added, everything};
use crate::table::{Table, Written};

/// A request that has waited longer than this may never have been sent: the door sends another. Two do no harm.
const PRESUMED_LOST: SignedDuration = SignedDuration::from_mins(5);

impl Table {
    pub(crate) async fn note_signal(
        &self,
        at: &ConnectionRef,
        what: &Named,
        token: &str,
        now: Timestamp,
    ) -> Result<Signalled, StoreError> {
        let attempts = added(what, token).into_iter().chain([everything(token)]);
        for change in attempts {
            let change = counted(change, token, now);
            match self.update(&keys::connection(at), &change, ReturnValue::UpdatedNew, &named(at)).await? {
                Written::Done(new) => return self.answer(at, &new, token, now).await,
                Written::Refused(old) => connected(at, old)?,
            }
        }
        Err(StoreError::Later { what: named(at), cause: None })
    }

    async fn answer(
        &self,
        at: &ConnectionRef,
        new: &Item,
        token: &str,
        now: Timestamp,
    ) -> Result<Signalled, StoreError> {
        let row = Row(new);
        let ours = row.find_text("pending_by").ok().flatten() == Some(token);
        let send = match row.find_instant("pending_since").ok().flatten() {
            Some(since) if !ours && now.duration_since(since) > PRESUMED_LOST => {
                self.renew_pending(at, since, now).await?
            }
            Some(_) => ours,
            None => true,
        };
        Ok(if send { Signalled::Send } else { Signalled::Coalesced })
    }

    /// Whoever moves the time of a request that is taken for lost sends it again.
    pub(crate) async fn renew_pending(
        &self,
        at: &ConnectionRef,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let change = Change::of_readable()
            .assign([("pending_since", Some(instant(now)))])
            .only_if("#pending_since = :seen", [("seen", instant(since))]);
        match self.update(&keys::connection(at), &change, ReturnValue::None, &named(at)).await? {
            Written::Done(_) => Ok(true),
            Written::Refused(old) => absent_or_newer(at, old).map(|_| false),
        }
    }
}

/// `pending_by` names the signal that noted the request. So a write that is repeated because its answer was lost
/// still learns that it is its own request that must be sent.
fn counted(change: Change, token: &str, now: Timestamp) -> Change {
    change
        .count("received")
        .assign_once("pending_since", instant(now))
        .assign_once("pending_by", text(token))
        .only_if("attribute_not_exists(#disconnected_at)", [])
}

/// Whether it was for the marks that the condition was refused.
fn connected(at: &ConnectionRef, old: Option<Item>) -> Result<(), StoreError> {
    match absent_or_newer(at, old)? {
        old if Row(&old).has("disconnected_at") => Err(StoreError::Missing { what: named(at) }),
        _ => Ok(()),
    }
}
