//! The right to refresh a connection's credentials: a row of its own, since doors refresh too while a worker holds
//! the lease. It holds no credentials.

use daybook_engine::ports::{ConnectionRef, StoreError};
use jiff::{SignedDuration, Timestamp};

use crate::connections::named;
use crate::expression::Change;
use crate::item::{instant, new_row, number, put, seconds_after, text};
use crate::keys;
use crate::schema::{EXPIRES_AT, ROW_VERSION};
use crate::table::{Table, Written};

/// Free where nobody holds it, where it has run out, and where it is our own, whose answer was lost.
const FREE: &str =
    "(attribute_not_exists(#pk) OR (#v <= :readable AND (#until < :now OR #holder = :holder)))";

/// How long the row outlives what it says.
const KEPT: SignedDuration = SignedDuration::from_mins(1);

impl Table {
    pub(crate) async fn take_refresh(
        &self,
        at: &ConnectionRef,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut item = new_row(&keys::refresh(at));
        put(&mut item, "holder", Some(text(holder)));
        put(&mut item, "until", Some(instant(until)));
        put(&mut item, EXPIRES_AT, Some(seconds_after(until, KEPT)));
        let values = [("now", instant(now)), ("holder", text(holder)), ("readable", number(ROW_VERSION))];
        let only_if = Change::default().only_if(FREE, values);
        match self.put(item, &only_if, &named(at)).await? {
            Written::Done(_) => Ok(true),
            Written::Refused(_) => Ok(false),
        }
    }

    pub(crate) async fn leave_refresh(&self, at: &ConnectionRef, holder: &str) -> Result<(), StoreError> {
        let ours = Change::default().only_if("#holder = :holder", [("holder", text(holder))]);
        self.delete(&keys::refresh(at), &ours, &named(at)).await.map(drop)
    }
}
