//! Answers given under an idempotency key, kept for a while.

use async_trait::async_trait;
use daybook_core::ids::PracticeId;
use daybook_engine::ports::StoreError;
use daybook_engine::ports::store::{Idempotency, Remembered};
use jiff::Timestamp;

use crate::expression::Change;
use crate::item::{Broken, Row, new_row, number, put, seconds, text};
use crate::keys;
use crate::schema::EXPIRES_AT;
use crate::table::{Table, Written};

fn named(practice: &PracticeId) -> String {
    format!("an idempotency key of practice {practice}")
}

#[async_trait]
impl Idempotency for Table {
    async fn find_remembered(
        &self,
        practice: &PracticeId,
        key: &str,
    ) -> Result<Option<Remembered>, StoreError> {
        let row = keys::idempotent(practice, key);
        let Some(item) = self.get(&row, &named(practice)).await? else { return Ok(None) };
        let remembered = Row::read(&item).and_then(remembered_of);
        remembered.map(Some).map_err(|broken| broken.unreadable(named(practice)))
    }

    async fn remember(
        &self,
        practice: &PracticeId,
        key: &str,
        remembered: &Remembered,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        let mut item = new_row(&keys::idempotent(practice, key));
        put(&mut item, "request_hash", Some(text(&remembered.request_hash)));
        put(&mut item, "answer", Some(text(&remembered.answer)));
        put(&mut item, EXPIRES_AT, Some(seconds(until)));
        let now = number(self.clock.now().as_second());
        let free = "(attribute_not_exists(#pk) OR #expires_at <= :now)";
        let only_if = Change::default().only_if(free, [("now", now)]);
        match self.put(item, &only_if, &named(practice)).await? {
            Written::Done(_) => Ok(()),
            Written::Refused(_) => Err(StoreError::Exists { what: named(practice) }),
        }
    }
}

fn remembered_of(row: Row<'_>) -> Result<Remembered, Broken> {
    Ok(Remembered {
        request_hash: row.text("request_hash")?.to_owned(),
        answer: row.text("answer")?.to_owned(),
    })
}
