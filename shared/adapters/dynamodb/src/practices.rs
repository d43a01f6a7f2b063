//! Practices: what syncing must know of a tenant, and how far its EHR has been read.

use async_trait::async_trait;
use aws_sdk_dynamodb::types::ReturnValue;
use daybook_core::ids::{Cursor, PracticeId};
use daybook_core::launch::LaunchTrust;
use daybook_core::policy::Policy;
use daybook_engine::ports::store::Practice;
use daybook_engine::ports::{Practices, StoreError};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::expression::{Change, Field};
use crate::item::{Broken, Row, instant, json, number, text};
use crate::keys;
use crate::policy_row::PolicyRow;
use crate::table::{Table, Written};
use crate::words::Word;

fn named(id: &PracticeId) -> String {
    format!("practice {id}")
}

#[async_trait]
impl Practices for Table {
    async fn put_practice(&self, practice: &Practice) -> Result<(), StoreError> {
        let change = self.whole(practice).only_if("attribute_not_exists(#set_at)", []);
        match self
            .update(&keys::practice(&practice.id), &change, ReturnValue::None, &named(&practice.id))
            .await?
        {
            Written::Done(_) => Ok(()),
            Written::Refused(_) => {
                let change = Change::of_absent_or_readable().assign(place(practice));
                self.write_practice(&practice.id, &change).await
            }
        }
    }

    async fn set_practice(&self, practice: &Practice, replaces: Option<Timestamp>) -> Result<(), StoreError> {
        let change = match replaces {
            Some(at) => self.whole(practice).only_if("#set_at = :replaces", [("replaces", instant(at))]),
            None => self.whole(practice).only_if("attribute_not_exists(#set_at)", []),
        };
        match self.update_once(&keys::practice(&practice.id), &change, vec![], &named(&practice.id)).await? {
            Written::Done(_) => Ok(()),
            Written::Refused(old) => {
                let broken = old.as_ref().and_then(|old| Row::read(old).err());
                let stale = || StoreError::Stale { what: named(&practice.id) };
                Err(broken.map_or_else(stale, |broken| broken.unreadable(named(&practice.id))))
            }
        }
    }

    async fn find_practice(&self, id: &PracticeId) -> Result<Option<Practice>, StoreError> {
        let Some(item) = self.get(&keys::practice(id), &named(id)).await? else { return Ok(None) };
        let row = Row::read(&item).map_err(|broken| broken.unreadable(named(id)))?;
        if !row.has("detail_cap") {
            return Ok(None); // only its cursor is known
        }
        practice_of(id, row).map(Some).map_err(|broken| broken.unreadable(named(id)))
    }

    async fn find_ehr_cursor(&self, id: &PracticeId) -> Result<Option<Cursor>, StoreError> {
        let Some(item) = self.get(&keys::practice(id), &named(id)).await? else { return Ok(None) };
        let cursor = Row::read(&item).and_then(|row| row.find_text("ehr_cursor"));
        cursor.map(|cursor| cursor.map(Into::into)).map_err(|broken| broken.unreadable(named(id)))
    }

    async fn put_ehr_cursor(
        &self,
        id: &PracticeId,
        cursor: Option<&Cursor>,
        due_at: Timestamp,
    ) -> Result<(), StoreError> {
        let shard = keys::shard(&keys::practice_partition(id));
        let fields = [
            ("ehr_cursor", cursor.map(|cursor| text(cursor.as_str()))),
            ("due_shard", Some(number(shard))),
            ("due_at", Some(instant(due_at))),
        ];
        self.write_practice(id, &Change::of_absent_or_readable().assign(fields)).await
    }
}

impl Table {
    fn whole(&self, practice: &Practice) -> Change {
        let shard = keys::shard(&keys::practice_partition(&practice.id));
        Change::of_absent_or_readable()
            .assign(place(practice))
            .assign(policy(practice))
            .assign_once("due_shard", number(shard))
            .assign_once("due_at", instant(self.clock.now()))
    }

    async fn write_practice(&self, id: &PracticeId, change: &Change) -> Result<(), StoreError> {
        match self.update(&keys::practice(id), change, ReturnValue::None, &named(id)).await? {
            Written::Done(_) => Ok(()),
            Written::Refused(_) => Err(StoreError::Unreadable { what: named(id), cause: None }),
        }
    }
}

/// Where a practice is and what its EHR is trusted for: the deployment's to say.
fn place(practice: &Practice) -> [Field; 5] {
    let frames = (!practice.frame_origins.is_empty()).then(|| json(&practice.frame_origins));
    [
        ("time_zone_fallback", practice.time_zone_fallback.as_deref().map(text)),
        ("proposed", Some(text(practice.proposed.word()))),
        ("launch", practice.launch.as_ref().map(|trust| json(&LaunchRow::from(trust)))),
        ("frame_origins", frames),
        ("notices_to", practice.notices_to.as_deref().map(text)),
    ]
}

/// The practice's own to say. The cap and Part 2 stand beside the rest for programs that do not read it yet.
fn policy(practice: &Practice) -> [Field; 4] {
    [
        ("detail_cap", Some(text(practice.policy.detail_cap.word()))),
        ("part2", Some(text(practice.policy.part2.word()))),
        ("policy", Some(json(&PolicyRow::from(&practice.policy)))),
        ("set_at", practice.set_at.map(instant)),
    ]
}

/// Whom the EHR may send to the settings page. Nothing in it is secret.
#[derive(Serialize, Deserialize)]
struct LaunchRow {
    issuer: String,
    keys: String,
    return_urls: Vec<String>,
}

impl From<&LaunchTrust> for LaunchRow {
    fn from(trust: &LaunchTrust) -> Self {
        let LaunchTrust { issuer, keys, return_urls } = trust.clone();
        Self { issuer, keys, return_urls }
    }
}

impl From<LaunchRow> for LaunchTrust {
    fn from(row: LaunchRow) -> Self {
        let LaunchRow { issuer, keys, return_urls } = row;
        Self { issuer, keys, return_urls }
    }
}

fn practice_of(id: &PracticeId, row: Row<'_>) -> Result<Practice, Broken> {
    Ok(Practice {
        id: id.clone(),
        time_zone_fallback: row.find_text("time_zone_fallback")?.map(str::to_owned),
        proposed: row.word("proposed")?,
        launch: row.find_json::<LaunchRow>("launch")?.map(Into::into),
        frame_origins: row.find_json("frame_origins")?.unwrap_or_default(),
        policy: policy_of(row)?,
        set_at: row.find_instant("set_at")?,
        notices_to: row.find_text("notices_to")?.map(str::to_owned),
    })
}

/// Rows of older programs have the cap and Part 2 only.
fn policy_of(row: Row<'_>) -> Result<Policy, Broken> {
    if row.has("policy") {
        return row.json::<PolicyRow>("policy")?.try_into();
    }
    Ok(Policy { detail_cap: row.word("detail_cap")?, part2: row.word("part2")?, ..Policy::default() })
}
