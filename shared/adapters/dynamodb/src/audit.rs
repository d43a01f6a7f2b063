//! The audit trail, a partition for each practice in the order of time. There is no request here that changes or deletes an
//! entry.

use std::collections::BTreeSet;

use async_trait::async_trait;
use daybook_core::audit::{Deed, Entry, Hand, KEPT_FOR, Outcome, Part, Who};
use daybook_core::ids::PracticeId;
use daybook_engine::ports::{Reading, StoreError, Trail, TrailPart};

use crate::expression::Change;
use crate::item::{Broken, Item, Row, instant, json, new_row, put, seconds_after, text};
use crate::keys;
use crate::schema::{EXPIRES_AT, TABLE};
use crate::table::{Ask, Order, Table, Written, readable};

#[async_trait]
impl Trail for Table {
    async fn add_entry(&self, entry: &Entry) -> Result<(), StoreError> {
        let what = format!("audit entry {}", entry.id());
        match self.put_once(to_item(entry), &Change::absent(), &what).await? {
            Written::Done(_) => Ok(()),
            Written::Refused(_) => Err(StoreError::Exists { what }),
        }
    }

    async fn list_entries(
        &self,
        practice: &PracticeId,
        reading: &Reading,
        limit: usize,
    ) -> Result<TrailPart, StoreError> {
        let (order, range) = match reading {
            Reading::After(id) => (Order::Ascending, id.as_ref().map(|id| ("#range > :range", text(id)))),
            Reading::Before(id) => (Order::Descending, id.as_ref().map(|id| ("#range < :range", text(id)))),
        };
        let ask = Ask { schema: TABLE, hash: text(keys::audit_partition(practice)), range };
        let what = format!("the audit trail of practice {practice}");
        let mut items = self.query_in(order, ask, limit.saturating_add(1), &what).await?;
        let is_all = items.len() <= limit;
        items.truncate(limit);
        let last = items.last().filter(|_| !is_all).map(|item| Row(item).key()).transpose();
        let more = last.map_err(|broken| broken.unreadable(&what))?.map(|key| key.sk);
        Ok(TrailPart { entries: readable(&items, from_item), more })
    }
}

fn to_item(entry: &Entry) -> Item {
    let parts: Vec<&str> = entry.parts.iter().map(|part| part.word()).collect();
    let mut item = new_row(&keys::audit(&entry.practice, &entry.id()));
    let fields = [
        ("practice", Some(text(entry.practice.as_str()))),
        ("at", Some(instant(entry.at))),
        ("nonce", Some(text(&entry.nonce))),
        ("hand", Some(text(entry.who.hand.word()))),
        ("user", entry.who.user.as_ref().map(text)),
        ("deed", Some(text(entry.deed.word()))),
        ("parts", (!parts.is_empty()).then(|| json(&parts))),
        ("domain", entry.domain.as_ref().map(text)),
        ("connection", entry.connection.as_ref().map(|id| text(id.as_str()))),
        ("practitioner", entry.practitioner.as_ref().map(|id| text(id.as_str()))),
        ("outcome", Some(text(entry.outcome.word()))),
        (EXPIRES_AT, Some(seconds_after(entry.at, KEPT_FOR))),
    ];
    for (name, value) in fields {
        put(&mut item, name, value);
    }
    item
}

/// A part that this program has no word for yet is left out; without its deed an entry says nothing.
fn from_item(item: &Item) -> Result<Entry, Broken> {
    let row = Row::read(item)?;
    let parts: Vec<String> = row.find_json("parts")?.unwrap_or_default();
    let parts: BTreeSet<Part> = parts.iter().filter_map(|word| Part::from_word(word)).collect();
    let hand = Hand::from_word(row.text("hand")?).ok_or(Broken::Attribute("hand"))?;
    Ok(Entry {
        practice: row.text("practice")?.into(),
        at: row.instant("at")?,
        nonce: row.text("nonce")?.to_owned(),
        who: Who { hand, user: row.find_text("user")?.map(str::to_owned) },
        deed: Deed::from_word(row.text("deed")?).ok_or(Broken::Attribute("deed"))?,
        parts,
        domain: row.find_text("domain")?.map(str::to_owned),
        connection: row.find_text("connection")?.map(Into::into),
        practitioner: row.find_text("practitioner")?.map(Into::into),
        outcome: Outcome::from_word(row.text("outcome")?).ok_or(Broken::Attribute("outcome"))?,
    })
}
