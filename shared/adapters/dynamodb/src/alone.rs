//! For a process that holds the table's file, and so knows that no other worker lives. Nothing here is for AWS.

use aws_sdk_dynamodb::types::ReturnValue;
use daybook_engine::ports::{ConnectionRef, StoreError};

use crate::connections::named;
use crate::expression::Change;
use crate::item::instant;
use crate::keys;
use crate::table::Table;

impl Table {
    /// Ends a lease whose holder has died, so that nobody waits until it runs out. The holder's name stays: the next
    /// run learns that the one before was abandoned.
    pub async fn end_lease(&self, at: &ConnectionRef) -> Result<(), StoreError> {
        let change = Change::of_readable()
            .assign([("lease_until", Some(instant(jiff::Timestamp::UNIX_EPOCH)))])
            .only_if("attribute_exists(#lease_until)", []);
        self.update(&keys::connection(at), &change, ReturnValue::None, &named(at)).await.map(drop)
    }
}
