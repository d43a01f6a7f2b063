//! The outbox of notices, a partition for each practice in the order of time. Rows come with a release, see `lease`.

use async_trait::async_trait;
use aws_sdk_dynamodb::types::ReturnValue;
use daybook_core::ids::PracticeId;
use daybook_core::notice::Notice;
use daybook_engine::ports::{Delivery, NoticeRef, Notices, Offered, StoreError};

use crate::expression::Change;
use crate::item::text;
use crate::keys;
use crate::notice_row::{delivery, from_item};
use crate::schema::TABLE;
use crate::table::{Ask, Table, Written, readable};

fn named(at: &NoticeRef) -> String {
    format!("notice {}", at.id)
}

#[async_trait]
impl Notices for Table {
    async fn find_notice(&self, at: &NoticeRef) -> Result<Option<Offered>, StoreError> {
        let item = self.get(&keys::notice(at), &named(at)).await?;
        item.as_ref().map(from_item).transpose().map_err(|broken| broken.unreadable(named(at)))
    }

    async fn list_notices(
        &self,
        practice: &PracticeId,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Notice>, StoreError> {
        let ask = Ask {
            schema: TABLE,
            hash: text(keys::notice_partition(practice)),
            range: after.map(|id| ("#range > :range", text(id))),
        };
        let items = self.query(ask, limit, &format!("the notices of practice {practice}")).await?;
        Ok(readable(&items, from_item).into_iter().map(|offered| offered.notice).collect())
    }

    async fn note_delivery(&self, at: &NoticeRef, how: Delivery) -> Result<(), StoreError> {
        let change = Change::of_readable().assign(delivery(at, how));
        match self.update(&keys::notice(at), &change, ReturnValue::None, &named(at)).await? {
            Written::Done(_) => Ok(()),
            Written::Refused(_) => Err(StoreError::Missing { what: named(at) }),
        }
    }
}
