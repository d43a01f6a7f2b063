//! Answers given under an idempotency key, kept for a while. A row without an answer is a claim.

use async_trait::async_trait;
use daybook_core::ids::PracticeId;
use daybook_engine::ports::{Answer, Claim, Idempotency, StoreError};
use jiff::Timestamp;

use crate::expression::Change;
use crate::item::{Broken, Item, Row, json, new_row, number, put, seconds, text};
use crate::keys;
use crate::schema::EXPIRES_AT;
use crate::table::{Table, Written};

fn named(practice: &PracticeId) -> String {
    format!("an idempotency key of practice {practice}")
}

#[async_trait]
impl Idempotency for Table {
    async fn claim(
        &self,
        practice: &PracticeId,
        key: &str,
        digest: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Claim, StoreError> {
        let free = Change::default().only_if(
            "(attribute_not_exists(#pk) OR #expires_at <= :now)",
            [("now", number(now.as_second()))],
        );
        match self.put_once(claim_row(practice, key, digest, until), &free, &named(practice)).await? {
            Written::Done(_) => Ok(Claim::Yours),
            // Gone between the refusal and the look: the caller's next try will have it.
            Written::Refused(None) => Ok(Claim::Running),
            Written::Refused(Some(item)) => {
                let read = Row::read(&item).and_then(|row| claim_of(row, digest));
                read.map_err(|broken| broken.unreadable(named(practice)))
            }
        }
    }

    async fn keep_answer(
        &self,
        practice: &PracticeId,
        key: &str,
        digest: &str,
        answer: &Answer,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        let mut item = claim_row(practice, key, digest, until);
        put(&mut item, "status", Some(number(answer.status)));
        put(&mut item, "headers", Some(json(&answer.headers)));
        put(&mut item, "answer", Some(text(&answer.body)));
        self.put(item, &Change::default(), &named(practice)).await.map(drop)
    }

    async fn give_back(&self, practice: &PracticeId, key: &str) -> Result<(), StoreError> {
        self.delete(&keys::idempotent(practice, key), &Change::default(), &named(practice)).await.map(drop)
    }
}

fn claim_row(practice: &PracticeId, key: &str, digest: &str, until: Timestamp) -> Item {
    let mut item = new_row(&keys::idempotent(practice, key));
    put(&mut item, "request_hash", Some(text(digest)));
    put(&mut item, EXPIRES_AT, Some(seconds(until)));
    item
}

fn claim_of(row: Row<'_>, digest: &str) -> Result<Claim, Broken> {
    if row.text("request_hash")? != digest {
        return Ok(Claim::Taken);
    }
    let Some(status) = row.find_number("status")? else { return Ok(Claim::Running) };
    let headers = serde_json::from_str(row.text("headers")?).unwrap_or_default();
    Ok(Claim::Answered(Answer { status, headers, body: row.text("answer")?.to_owned() }))
}
