//! Which connections use an account, across practices: names only, one row each.
//! It does not know what ending the use of an account means at a provider.

use aws_sdk_dynamodb::types::ReturnValue;
use daybook_core::connection::{AccountName, Provider};
use daybook_engine::ports::{ConnectionRef, StoreError};

use crate::connections::named;
use crate::expression::Change;
use crate::item::{Broken, Row};
use crate::keys;
use crate::table::{Ask, Table, readable};

impl Table {
    /// Where a newer program has noted it, that stays as it is.
    pub(crate) async fn note_use(
        &self,
        at: &ConnectionRef,
        provider: Provider,
        account: &AccountName,
    ) -> Result<(), StoreError> {
        let key = keys::account(at, provider, account);
        let change = Change::of_absent_or_readable();
        self.update(&key, &change, ReturnValue::None, &named(at)).await.map(drop)
    }

    pub(crate) async fn forget_use(
        &self,
        at: &ConnectionRef,
        provider: Provider,
        account: &AccountName,
    ) -> Result<(), StoreError> {
        self.delete(&keys::account(at, provider, account), &Change::default(), &named(at)).await.map(drop)
    }

    /// The name is all that is asked for, so rows of any version count: whoever ends an account must miss none.
    pub(crate) async fn list_uses(
        &self,
        provider: Provider,
        account: &AccountName,
    ) -> Result<Vec<ConnectionRef>, StoreError> {
        let ask = Ask::begins_with(keys::account_partition(provider, account), keys::CONNECTIONS);
        let items = self.query(ask, usize::MAX, "the connections of an account").await?;
        Ok(readable(&items, |item| keys::connection_of(Row(item).text("sk")?).ok_or(Broken::Attribute("sk"))))
    }
}
