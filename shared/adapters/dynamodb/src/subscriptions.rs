//! Subscriptions, as a notification names them. The row proves the secret that a notification must show; the secret
//! itself is not kept.

use async_trait::async_trait;
use daybook_core::connection::Provider;
use daybook_core::ids::SubscriptionId;
use daybook_core::proof::Proof;
use daybook_engine::ports::{ConnectionRef, StoreError, SubscriptionRow, Subscriptions};
use jiff::SignedDuration;

use crate::expression::Change;
use crate::item::{Broken, Row, bytes, instant, new_row, number, put, seconds_after, text};
use crate::keys;
use crate::schema::{EXPIRES_AT, ROW_VERSION};
use crate::table::{Table, Written};

/// What was on its way when the subscription ended is still understood.
const KEPT: SignedDuration = SignedDuration::from_hours(3 * 24);

fn named(id: &SubscriptionId) -> String {
    format!("subscription {id}")
}

#[async_trait]
impl Subscriptions for Table {
    async fn put_subscription(&self, row: &SubscriptionRow) -> Result<(), StoreError> {
        let mut item = new_row(&keys::subscription(row.provider, &row.id));
        put(&mut item, "practice", Some(text(row.at.practice.as_str())));
        put(&mut item, "connection", Some(text(row.at.id.as_str())));
        put(&mut item, "calendar", Some(text(row.calendar.as_str())));
        put(&mut item, "secret", Some(bytes(row.secret.to_bytes())));
        put(&mut item, "until", Some(instant(row.expires_at)));
        put(&mut item, EXPIRES_AT, Some(seconds_after(row.expires_at, KEPT)));
        let only_if = Change::default()
            .only_if("(attribute_not_exists(#pk) OR #v <= :readable)", [("readable", number(ROW_VERSION))]);
        match self.put(item, &only_if, &named(&row.id)).await? {
            Written::Done(_) => Ok(()),
            Written::Refused(_) => Err(StoreError::Unreadable { what: named(&row.id), cause: None }),
        }
    }

    /// An id of any length may be asked for: it comes from a stranger.
    async fn find_subscription(
        &self,
        provider: Provider,
        id: &SubscriptionId,
    ) -> Result<Option<SubscriptionRow>, StoreError> {
        let key = keys::subscription(provider, id);
        if !key.fits() {
            return Ok(None);
        }
        let Some(item) = self.get(&key, &named(id)).await? else { return Ok(None) };
        let row = Row::read(&item).and_then(|row| row_of(provider, id, row));
        row.map(Some).map_err(|broken| broken.unreadable(named(id)))
    }

    async fn remove_subscription(&self, provider: Provider, id: &SubscriptionId) -> Result<(), StoreError> {
        self.delete(&keys::subscription(provider, id), &Change::default(), &named(id)).await.map(drop)
    }
}

fn row_of(provider: Provider, id: &SubscriptionId, row: Row<'_>) -> Result<SubscriptionRow, Broken> {
    Ok(SubscriptionRow {
        provider,
        id: id.clone(),
        at: ConnectionRef { practice: row.text("practice")?.into(), id: row.text("connection")?.into() },
        calendar: row.text("calendar")?.into(),
        secret: Proof::from_bytes(row.bytes("secret")?).ok_or(Broken::Attribute("secret"))?,
        expires_at: row.instant("until")?,
    })
}
