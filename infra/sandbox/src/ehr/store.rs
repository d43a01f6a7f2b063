//! The practice's file: versioned resources, their search words, and the outbox, changed together in one
//! `SQLite` transaction. It judges no resource: whoever writes has checked it.

use std::cell::Cell;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use rusqlite::types::{Type, Value as Sql};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params, params_from_iter};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::hook::notices;
use super::instant::parse_instant;
use super::kind::Kind;
use super::params::terms;

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS resource (
    row INTEGER PRIMARY KEY, type TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
    updated_us INTEGER NOT NULL, start_us INTEGER, json TEXT, -- no json: deleted
    UNIQUE (type, id)) STRICT;
CREATE INDEX IF NOT EXISTS resource_updated ON resource (type, updated_us);
CREATE INDEX IF NOT EXISTS resource_start ON resource (type, start_us);
CREATE TABLE IF NOT EXISTS term (
    row INTEGER NOT NULL, param TEXT NOT NULL, system TEXT NOT NULL, value TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS term_value ON term (param, value, row);
CREATE INDEX IF NOT EXISTS term_row ON term (row, param);
CREATE TABLE IF NOT EXISTS outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, message_id TEXT NOT NULL, subject TEXT NOT NULL,
    body TEXT NOT NULL, created_us INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
    due_us INTEGER NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS outbox_due ON outbox (due_us, seq);
CREATE TABLE IF NOT EXISTS secret (name TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS notice (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, body TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS stamp (one INTEGER PRIMARY KEY CHECK (one = 1), last_us INTEGER NOT NULL) STRICT;
";

/// What becomes of the messages that a change owes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Hooks {
    Deliver,
    Drop,
}

pub(super) struct Store {
    connection: Mutex<Connection>,
}

/// What a transaction answered, and how many messages it left in the outbox.
pub(super) struct Done<T> {
    pub(super) value: T,
    pub(super) queued: usize,
}

/// One open transaction, at one moment.
pub(super) struct Tx<'a> {
    sql: Transaction<'a>,
    now: Timestamp,
    hooks: Hooks,
    queued: Cell<usize>,
}

/// A resource as it stands; `body` is `None` once it is deleted.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) id: String,
    pub(super) version: i64,
    pub(super) updated: Timestamp,
    pub(super) body: Option<Value>,
}

/// One condition of a listing, in SQL over `resource r`.
#[derive(Clone, Debug)]
pub(super) struct Clause {
    pub(super) sql: String,
    pub(super) values: Vec<Sql>,
}

/// What a listing is ordered by; ties go by id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Id,
    Start,
    StartDescending,
    Updated,
    UpdatedDescending,
}

/// The last item of a page: where the next one begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bookmark {
    pub(super) rank: i64,
    pub(super) id: String,
}

/// A message that waits for the hook.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) seq: i64,
    /// The same on every attempt.
    pub(super) delivery: String,
    pub(super) subject: String,
    pub(super) body: String,
    pub(super) created: Timestamp,
    pub(super) attempts: u32,
    pub(super) due: Timestamp,
}

impl Store {
    pub(super) fn open(file: &Path) -> rusqlite::Result<Self> {
        let connection = Connection::open(file)?;
        // WAL with NORMAL survives a killed process; only a power cut may take the last commits.
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.execute_batch(SCHEMA)?;
        Ok(Self { connection: Mutex::new(connection) })
    }

    /// Runs `work` in one transaction, which is kept if it succeeds and undone if it fails.
    pub(super) fn run<T, E: From<rusqlite::Error>>(
        &self,
        now: Timestamp,
        hooks: Hooks,
        work: impl FnOnce(&Tx<'_>) -> Result<T, E>,
    ) -> Result<Done<T>, E> {
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let tx = Tx { sql: connection.transaction()?, now, hooks, queued: Cell::new(0) };
        let value = work(&tx)?;
        let queued = tx.queued.get();
        tx.sql.commit()?;
        Ok(Done { value, queued })
    }
}

impl Tx<'_> {
    /// A secret of that name: the one that is kept, or else this one, which is kept from now on.
    pub(super) fn keep_secret(&self, name: &str, fresh: &[u8]) -> rusqlite::Result<Vec<u8>> {
        self.sql.execute("INSERT OR IGNORE INTO secret VALUES (?, ?)", params![name, fresh])?;
        self.sql.query_row("SELECT bytes FROM secret WHERE name = ?", [name], |row| row.get(0))
    }

    /// Has nothing ever been written?
    pub(super) fn is_fresh(&self) -> rusqlite::Result<bool> {
        self.sql.query_row("SELECT count(*) = 0 FROM stamp", [], |row| row.get(0))
    }

    /// The resource as it stands, also if it is deleted.
    pub(super) fn find(&self, kind: Kind, id: &str) -> rusqlite::Result<Option<Stored>> {
        self.sql
            .prepare_cached("SELECT id, version, updated_us, json FROM resource WHERE type = ? AND id = ?")?
            .query_row(params![kind.name(), id], stored_from)
            .optional()
    }

    /// Writes the next version of a resource, and what the hook must be told of it.
    pub(super) fn put(&self, kind: Kind, id: &str, mut body: Value) -> rusqlite::Result<Stored> {
        let before = self.find(kind, id)?;
        let version = before.as_ref().map_or(1, |stored| stored.version + 1);
        let updated = self.next_stamp()?;
        stamp_body(&mut body, id, version, updated);
        let row = self.write_row(kind, id, version, updated, Some(&body))?;
        self.index(kind, row, &body)?;
        let stored = Stored { id: id.to_owned(), version, updated, body: Some(body) };
        self.announce(kind, before.and_then(|stored| stored.body).as_ref(), &stored)?;
        Ok(stored)
    }

    /// Deletes a resource; its number of versions goes on, so that a later revival is newer.
    pub(super) fn delete(&self, kind: Kind, before: &Stored) -> rusqlite::Result<()> {
        let version = before.version + 1;
        let updated = self.next_stamp()?;
        let row = self.write_row(kind, &before.id, version, updated, None)?;
        self.sql.execute("DELETE FROM term WHERE row = ?", [row])?;
        let after = Stored { id: before.id.clone(), version, updated, body: None };
        self.announce(kind, before.body.as_ref(), &after)
    }

    /// One page of what meets all conditions, with the bookmark of each item.
    pub(super) fn list(
        &self,
        kind: Kind,
        clauses: &[Clause],
        order: Order,
        after: Option<&Bookmark>,
        limit: usize,
    ) -> rusqlite::Result<Vec<(Bookmark, Stored)>> {
        let (rank, direction, beyond) = order.in_sql();
        let (mut filter, mut values) = conditions(kind, clauses);
        if let Some(bookmark) = after {
            let _ = write!(filter, " AND ({rank}, r.id) {beyond} (?, ?)");
            values.extend([Sql::from(bookmark.rank), Sql::from(bookmark.id.clone())]);
        }
        values.push(Sql::from(i64::try_from(limit).unwrap_or(i64::MAX)));
        let sql = format!(
            "SELECT r.id, r.version, r.updated_us, r.json, {rank} FROM resource r {filter} \
             ORDER BY {rank} {direction}, r.id {direction} LIMIT ?"
        );
        let mut statement = self.sql.prepare_cached(&sql)?;
        let rows = statement.query_map(params_from_iter(values), |row| {
            let stored = stored_from(row)?;
            Ok((Bookmark { rank: row.get(4)?, id: stored.id.clone() }, stored))
        })?;
        rows.collect()
    }

    /// Everything that meets all conditions, by start; for the page, which shows a week.
    pub(super) fn bodies(&self, kind: Kind, clauses: &[Clause]) -> rusqlite::Result<Vec<Value>> {
        let found = self.list(kind, clauses, Order::Start, None, usize::MAX)?;
        Ok(found.into_iter().filter_map(|(_, stored)| stored.body).collect())
    }

    /// How many meet all conditions.
    pub(super) fn count(&self, kind: Kind, clauses: &[Clause]) -> rusqlite::Result<i64> {
        let (filter, values) = conditions(kind, clauses);
        let sql = format!("SELECT count(*) FROM resource r {filter}");
        self.sql.prepare_cached(&sql)?.query_row(params_from_iter(values), |row| row.get(0))
    }

    /// Keeps what calendar sync tells, once each, the last `most` of them.
    pub(super) fn take_notice(&self, id: &str, body: &str, most: u32) -> rusqlite::Result<()> {
        self.sql.execute("INSERT OR IGNORE INTO notice (id, body) VALUES (?, ?)", [id, body])?;
        let old = "DELETE FROM notice WHERE seq <= (SELECT max(seq) FROM notice) - ?";
        self.sql.execute(old, [most]).map(drop)
    }

    /// What calendar sync told, newest first.
    pub(super) fn notices(&self) -> rusqlite::Result<Vec<String>> {
        // Ids begin with the time at which it happened.
        let mut statement = self.sql.prepare_cached("SELECT body FROM notice ORDER BY id DESC")?;
        statement.query_map([], |row| row.get(0))?.collect()
    }

    /// The messages that wait, oldest first.
    pub(super) fn waiting(&self, limit: u32) -> rusqlite::Result<Vec<Message>> {
        let mut statement = self.sql.prepare_cached(
            "SELECT seq, message_id, subject, body, created_us, attempts, due_us FROM outbox ORDER BY due_us, seq LIMIT ?",
        )?;
        statement.query_map([limit], message_from)?.collect()
    }

    /// A message is done with: delivered, refused for good, or too old.
    pub(super) fn forget(&self, message: &Message) -> rusqlite::Result<()> {
        self.sql.execute("DELETE FROM outbox WHERE seq = ?", [message.seq]).map(drop)
    }

    /// A message failed and is tried again at `due`.
    pub(super) fn put_off(&self, message: &Message, due: Timestamp) -> rusqlite::Result<()> {
        let values = params![due.as_microsecond(), message.seq];
        self.sql
            .execute("UPDATE outbox SET attempts = attempts + 1, due_us = ? WHERE seq = ?", values)
            .map(drop)
    }

    /// The present moment, but always later than any given before: a search by `_lastUpdated` from the
    /// newest time seen can then miss nothing.
    fn next_stamp(&self) -> rusqlite::Result<Timestamp> {
        let stamp_us: i64 = self.sql.query_row(
            "INSERT INTO stamp VALUES (1, ?) ON CONFLICT DO UPDATE \
             SET last_us = max(last_us + 1, excluded.last_us) RETURNING last_us",
            [self.now.as_microsecond()],
            |row| row.get(0),
        )?;
        Ok(timestamp(stamp_us))
    }

    fn write_row(
        &self,
        kind: Kind,
        id: &str,
        version: i64,
        updated: Timestamp,
        body: Option<&Value>,
    ) -> rusqlite::Result<i64> {
        let start = body.and_then(|body| body.get("start")?.as_str()).and_then(parse_instant);
        self.sql
            .prepare_cached(
                "INSERT INTO resource (type, id, version, updated_us, start_us, json) VALUES (?, ?, ?, ?, ?, ?) \
                 ON CONFLICT (type, id) DO UPDATE SET version = excluded.version, \
                 updated_us = excluded.updated_us, start_us = excluded.start_us, json = excluded.json \
                 RETURNING row",
            )?
            .query_row(
                params![
                    kind.name(),
                    id,
                    version,
                    updated.as_microsecond(),
                    start.map(Timestamp::as_microsecond),
                    body.map(Value::to_string)
                ],
                |row| row.get(0),
            )
    }

    fn index(&self, kind: Kind, row: i64, body: &Value) -> rusqlite::Result<()> {
        self.sql.execute("DELETE FROM term WHERE row = ?", [row])?;
        let mut insert = self.sql.prepare_cached("INSERT INTO term VALUES (?, ?, ?, ?)")?;
        for term in terms(kind, body) {
            insert.execute(params![row, term.param, term.system, term.value])?;
        }
        Ok(())
    }

    fn announce(&self, kind: Kind, before: Option<&Value>, after: &Stored) -> rusqlite::Result<()> {
        if self.hooks == Hooks::Drop {
            return Ok(());
        }
        for notice in notices(kind, before, after) {
            self.sql.execute(
                "INSERT INTO outbox (message_id, subject, body, created_us, due_us) VALUES (?, ?, ?, ?, ?)",
                params![
                    format!("evt_{}", random_hex()),
                    after.id,
                    json_text(&notice)?,
                    self.now.as_microsecond(),
                    self.now.as_microsecond()
                ],
            )?;
            self.queued.set(self.queued.get() + 1);
        }
        Ok(())
    }
}

impl Clause {
    /// Resources whose search parameter `param` names this resource.
    pub(super) fn refers(param: &str, kind: Kind, id: &str) -> Self {
        let values = [param, kind.name(), id].map(|text| Sql::from(text.to_owned()));
        let sql = "r.row IN (SELECT row FROM term WHERE param = ? AND system = ? AND value = ?)";
        Self { sql: sql.to_owned(), values: values.to_vec() }
    }

    /// Resources that start in a half-open range.
    pub(super) fn starts_within(from: Timestamp, to: Timestamp) -> Self {
        let values = [from, to].map(|at| Sql::from(at.as_microsecond()));
        Self { sql: "(r.start_us >= ? AND r.start_us < ?)".to_owned(), values: values.to_vec() }
    }
}

impl Order {
    /// Ranking expression, direction, and the comparison that means "after".
    fn in_sql(self) -> (&'static str, &'static str, &'static str) {
        match self {
            // A bare 0 would name a column.
            Self::Id => ("r.row * 0", "ASC", ">"),
            Self::Start => ("coalesce(r.start_us, 0)", "ASC", ">"),
            Self::StartDescending => ("coalesce(r.start_us, 0)", "DESC", "<"),
            Self::Updated => ("r.updated_us", "ASC", ">"),
            Self::UpdatedDescending => ("r.updated_us", "DESC", "<"),
        }
    }
}

/// Sixteen random hexadecimal digits, for ids that say nothing.
pub(super) fn random_hex() -> String {
    let mut bytes = [0_u8; 8];
    // A failing system source of randomness leaves nothing sensible to do; the unique index catches it.
    let _ = aws_lc_rs::rand::fill(&mut bytes);
    format!("{:016x}", u64::from_be_bytes(bytes))
}

fn conditions(kind: Kind, clauses: &[Clause]) -> (String, Vec<Sql>) {
    let mut sql = "WHERE r.type = ? AND r.json IS NOT NULL".to_owned();
    let mut values = vec![Sql::from(kind.name().to_owned())];
    for clause in clauses {
        sql.push_str(" AND ");
        sql.push_str(&clause.sql);
        values.extend(clause.values.iter().cloned());
    }
    (sql, values)
}

/// The server owns id, version and time of change; everything else in `meta` is the client's.
fn stamp_body(body: &mut Value, id: &str, version: i64, updated: Timestamp) {
    let Some(fields) = body.as_object_mut() else { return };
    fields.insert("id".to_owned(), json!(id));
    let meta = fields.entry("meta").or_insert_with(|| json!({}));
    if let Some(meta) = meta.as_object_mut() {
        meta.insert("versionId".to_owned(), json!(version.to_string()));
        meta.insert("lastUpdated".to_owned(), json!(updated.to_string()));
    }
}

fn stored_from(row: &Row<'_>) -> rusqlite::Result<Stored> {
    let json: Option<String> = row.get(3)?;
    let body = json.map(|json| serde_json::from_str(&json)).transpose();
    let body =
        body.map_err(|error| rusqlite::Error::FromSqlConversionFailure(3, Type::Text, Box::new(error)))?;
    Ok(Stored { id: row.get(0)?, version: row.get(1)?, updated: timestamp(row.get(2)?), body })
}

fn message_from(row: &Row<'_>) -> rusqlite::Result<Message> {
    Ok(Message {
        seq: row.get(0)?,
        delivery: row.get(1)?,
        subject: row.get(2)?,
        body: row.get(3)?,
        created: timestamp(row.get(4)?),
        attempts: row.get(5)?,
        due: timestamp(row.get(6)?),
    })
}

fn timestamp(us: i64) -> Timestamp {
    Timestamp::from_microsecond(us).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn json_text(value: &impl Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}
