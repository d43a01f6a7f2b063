//! A notice as a row, and how far the EHR is told as an attribute of the connection. What is due is in the index of due
//! work until somebody has taken it.

use std::collections::BTreeSet;

use daybook_core::connection::{ProblemKind, State};
use daybook_core::notice::{KEPT_FOR, News, Notice, Told};
use daybook_engine::ports::{Delivery, NewNotice, NoticeRef, Offered};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::expression::Field;
use crate::item::{Broken, Item, Row, instant, new_row, number, put, seconds_after, text};
use crate::keys;
use crate::schema::EXPIRES_AT;
use crate::words::Word;

/// Fields are only ever added, with a default.
#[derive(Serialize, Deserialize)]
pub struct ToldRow {
    number: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<Timestamp>,
    #[serde(with = "crate::words")]
    state: State,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    brakes: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    conflicts: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    review: Option<Timestamp>,
}

impl From<&Told> for ToldRow {
    fn from(told: &Told) -> Self {
        let Told { number, at, state, brakes, conflicts, review } = told.clone();
        Self { number, at, state, brakes, conflicts, review }
    }
}

impl From<ToldRow> for Told {
    fn from(row: ToldRow) -> Self {
        let ToldRow { number, at, state, brakes, conflicts, review } = row;
        Self { number, at, state, brakes, conflicts, review }
    }
}

pub fn name_of(notice: &Notice) -> NoticeRef {
    NoticeRef { practice: notice.practice.clone(), id: notice.id() }
}

/// The whole row, as it is stored first.
pub fn to_item(new: &NewNotice) -> Item {
    let notice = &new.notice;
    let at = name_of(notice);
    let mut item = new_row(&keys::notice(&at));
    let fields = [
        ("practice", Some(text(notice.practice.as_str()))),
        ("connection", Some(text(notice.connection.as_str()))),
        ("practitioner", Some(text(notice.practitioner.as_str()))),
        ("number", Some(number(notice.number))),
        ("at", Some(instant(notice.at))),
        ("state", Some(text(notice.state.word()))),
        ("news", Some(text(notice.news.name()))),
        ("problem", notice.news.problem().map(|kind| text(kind.word()))),
        ("count", notice.news.count().map(number)),
        ("conflict", notice.news.conflict().map(text)),
        (EXPIRES_AT, Some(seconds_after(notice.at, KEPT_FOR))),
    ];
    let delivery = Delivery { offer_at: new.offer_at, ..Delivery::default() };
    for (name, value) in fields.into_iter().chain(self::delivery(&at, delivery)) {
        put(&mut item, name, value);
    }
    item
}

/// How far offering has come. Without a time the row is not in the index of due work.
pub fn delivery(at: &NoticeRef, delivery: Delivery) -> [Field; 4] {
    let shard = keys::shard(&keys::notice_partition(&at.practice));
    [
        ("attempts", Some(number(delivery.attempts))),
        ("taken_at", delivery.taken_at.map(instant)),
        ("due_shard", delivery.offer_at.map(|_| number(shard))),
        ("due_at", delivery.offer_at.map(instant)),
    ]
}

pub fn from_item(item: &Item) -> Result<Offered, Broken> {
    let row = Row::read(item)?;
    Ok(Offered {
        notice: Notice {
            practice: row.text("practice")?.into(),
            connection: row.text("connection")?.into(),
            practitioner: row.text("practitioner")?.into(),
            number: row.number("number")?,
            at: row.instant("at")?,
            state: row.word("state")?,
            news: news_of(row)?,
        },
        delivery: Delivery {
            attempts: row.number("attempts")?,
            offer_at: row.find_instant("due_at")?,
            taken_at: row.find_instant("taken_at")?,
        },
    })
}

fn news_of(row: Row<'_>) -> Result<News, Broken> {
    let conflict = || row.text("conflict").map(str::to_owned);
    Ok(match row.text("news")? {
        "connection.state_changed" => News::StateChanged,
        "connection.reconnect_required" => News::ReconnectRequired(row.word::<ProblemKind>("problem")?),
        "brake.engaged" => News::BrakeEngaged,
        "mirror.restored" => News::MirrorRestored { count: row.number("count")? },
        "conflict.found" => News::ConflictFound { conflict: conflict()? },
        "conflict.cleared" => News::ConflictCleared { conflict: conflict()? },
        "review.due" => News::ReviewDue,
        _ => return Err(Broken::Attribute("news")),
    })
}
