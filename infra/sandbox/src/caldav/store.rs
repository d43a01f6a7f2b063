//! The server's file: collections and objects, each with the number of its last change, so that a sync token is a
//! number too. What an object says is not judged here.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS number (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL, floor INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS collection (
    born INTEGER PRIMARY KEY, person TEXT NOT NULL, slug TEXT NOT NULL, name TEXT NOT NULL, color TEXT NOT NULL,
    look TEXT NOT NULL, component TEXT NOT NULL, seq INTEGER NOT NULL, UNIQUE (person, slug)) STRICT;
CREATE TABLE IF NOT EXISTS object (
    collection INTEGER NOT NULL, name TEXT NOT NULL, uid TEXT NOT NULL, seq INTEGER NOT NULL,
    text TEXT, -- no text: deleted
    PRIMARY KEY (collection, name)) STRICT;
CREATE INDEX IF NOT EXISTS object_seq ON object (collection, seq);
CREATE INDEX IF NOT EXISTS object_uid ON object (uid);
";

pub(super) struct Store {
    connection: Mutex<Connection>,
}

/// One open transaction.
pub(super) struct Tx<'a> {
    sql: Transaction<'a>,
}

/// A calendar, a list of reminders or an inbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Collection {
    /// The number of its making: two collections of one path are two.
    pub(super) born: i64,
    pub(super) person: String,
    pub(super) slug: String,
    pub(super) name: String,
    pub(super) color: String,
    pub(super) look: Look,
    /// What it holds: `VEVENT`, `VTODO`.
    pub(super) component: String,
    /// The number of the last change in it.
    pub(super) seq: i64,
}

/// What a collection is to the person in whose home it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Own,
    /// Somebody else's, for reading.
    Shared,
    /// A feed, for reading.
    Subscribed,
    /// Where invitations would arrive (RFC 6638).
    Inbox,
}

/// A resource in a collection; without text it is deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Object {
    pub(super) name: String,
    pub(super) uid: String,
    pub(super) seq: i64,
    pub(super) text: Option<String>,
}

impl Look {
    const ALL: [Self; 4] = [Self::Own, Self::Shared, Self::Subscribed, Self::Inbox];

    fn word(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Shared => "shared",
            Self::Subscribed => "subscribed",
            Self::Inbox => "inbox",
        }
    }

    fn from_word(word: &str) -> Self {
        Self::ALL.into_iter().find(|look| look.word() == word).unwrap_or(Self::Own)
    }
}

impl Object {
    /// Quoted, as it stands in headers. A number alone would come back when a file is made anew.
    pub(super) fn etag(&self) -> String {
        let sum = digest(&SHA256, self.text.as_deref().unwrap_or_default().as_bytes());
        let short = sum.as_ref().first_chunk().copied().map_or(0, u32::from_be_bytes);
        format!("\"{}-{short:08x}\"", self.seq)
    }
}

impl Store {
    pub(super) fn open(file: Option<&Path>) -> rusqlite::Result<Self> {
        let connection = match file {
            Some(file) => Connection::open(file)?,
            None => Connection::open_in_memory()?,
        };
        // WAL with NORMAL survives a killed process; only a power cut may take the last commits.
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.set_prepared_statement_cache_capacity(64);
        connection.execute_batch(SCHEMA)?;
        Ok(Self { connection: Mutex::new(connection) })
    }

    /// Runs `work` in one transaction, which is kept if it succeeds and undone if it fails.
    pub(super) fn run<T, E: From<rusqlite::Error>>(
        &self,
        work: impl FnOnce(&Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let tx = Tx { sql: connection.transaction()? };
        let value = work(&tx)?;
        tx.sql.commit()?;
        Ok(value)
    }
}

impl Tx<'_> {
    /// Has nothing ever been written?
    pub(super) fn is_fresh(&self) -> rusqlite::Result<bool> {
        self.sql.query_row("SELECT count(*) = 0 FROM number", [], |row| row.get(0))
    }

    /// The oldest token that is still honoured.
    pub(super) fn floor(&self) -> rusqlite::Result<i64> {
        let floor = self.sql.query_row("SELECT floor FROM number", [], |row| row.get(0)).optional()?;
        Ok(floor.unwrap_or(0))
    }

    /// From now on no token given so far is honoured.
    pub(super) fn expire_tokens(&self) -> rusqlite::Result<()> {
        let seq = self.next_seq()?;
        self.sql.execute("UPDATE number SET floor = ?", [seq]).map(drop)
    }

    pub(super) fn find_collection(&self, person: &str, slug: &str) -> rusqlite::Result<Option<Collection>> {
        self.sql
            .prepare_cached("SELECT * FROM collection WHERE person = ? AND slug = ?")?
            .query_row([person, slug], collection_from)
            .optional()
    }

    /// A person's collections, oldest first.
    pub(super) fn list_collections(&self, person: &str) -> rusqlite::Result<Vec<Collection>> {
        let mut statement =
            self.sql.prepare_cached("SELECT * FROM collection WHERE person = ? ORDER BY born")?;
        statement.query_map([person], collection_from)?.collect()
    }

    /// Makes a collection; its numbers are given here.
    pub(super) fn add_collection(&self, new: Collection) -> rusqlite::Result<Collection> {
        let seq = self.next_seq()?;
        let made = Collection { born: seq, seq, ..new };
        self.sql.execute(
            "INSERT INTO collection VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            params![
                made.born,
                made.person,
                made.slug,
                made.name,
                made.color,
                made.look.word(),
                made.component,
                made.seq
            ],
        )?;
        Ok(made)
    }

    pub(super) fn rename(&self, collection: &Collection, name: &str, color: &str) -> rusqlite::Result<()> {
        let values = params![name, color, collection.born];
        self.sql.execute("UPDATE collection SET name = ?, color = ? WHERE born = ?", values).map(drop)
    }

    pub(super) fn remove_collection(&self, collection: &Collection) -> rusqlite::Result<()> {
        self.sql.execute("DELETE FROM object WHERE collection = ?", [collection.born])?;
        self.sql.execute("DELETE FROM collection WHERE born = ?", [collection.born]).map(drop)
    }

    /// An object that is not deleted.
    pub(super) fn find_object(&self, inside: &Collection, name: &str) -> rusqlite::Result<Option<Object>> {
        self.sql
            .prepare_cached(
                "SELECT name, uid, seq, text FROM object WHERE collection = ? AND name = ? AND text IS NOT NULL",
            )?
            .query_row(params![inside.born, name], object_from)
            .optional()
    }

    /// Every object that is not deleted, by name.
    pub(super) fn list_objects(&self, inside: &Collection) -> rusqlite::Result<Vec<Object>> {
        let mut statement = self.sql.prepare_cached(
            "SELECT name, uid, seq, text FROM object WHERE collection = ? AND text IS NOT NULL ORDER BY name",
        )?;
        statement.query_map([inside.born], object_from)?.collect()
    }

    /// What changed after a number, deletions too, in the order of the changes.
    pub(super) fn list_changes(
        &self,
        inside: &Collection,
        since: i64,
        limit: usize,
    ) -> rusqlite::Result<Vec<Object>> {
        let mut statement = self.sql.prepare_cached(
            "SELECT name, uid, seq, text FROM object WHERE collection = ? AND seq > ? ORDER BY seq LIMIT ?",
        )?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        statement.query_map([inside.born, since, limit], object_from)?.collect()
    }

    /// Where else a person has an object with this UID: slug and name.
    pub(super) fn find_uid(&self, person: &str, uid: &str) -> rusqlite::Result<Vec<(String, String)>> {
        let mut statement = self.sql.prepare_cached(
            "SELECT c.slug, o.name FROM object o JOIN collection c ON c.born = o.collection \
             WHERE o.uid = ? AND o.text IS NOT NULL AND c.person = ? ORDER BY c.born, o.name",
        )?;
        statement.query_map([uid, person], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    }

    /// Writes an object; answers it as it stands.
    pub(super) fn put_object(
        &self,
        inside: &Collection,
        name: &str,
        uid: &str,
        text: Option<&str>,
    ) -> rusqlite::Result<Object> {
        let seq = self.next_seq()?;
        self.sql
            .prepare_cached(
                "INSERT INTO object (collection, name, uid, seq, text) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO \
                 UPDATE SET uid = excluded.uid, seq = excluded.seq, text = excluded.text",
            )?
            .execute(params![inside.born, name, uid, seq, text])?;
        self.sql
            .prepare_cached("UPDATE collection SET seq = ? WHERE born = ?")?
            .execute([seq, inside.born])?;
        Ok(Object { name: name.to_owned(), uid: uid.to_owned(), seq, text: text.map(str::to_owned) })
    }

    pub(super) fn remove_object(&self, inside: &Collection, object: &Object) -> rusqlite::Result<()> {
        self.put_object(inside, &object.name, &object.uid, None).map(drop)
    }

    fn next_seq(&self) -> rusqlite::Result<i64> {
        self.sql
            .prepare_cached(
                "INSERT INTO number VALUES (1, 1, 0) ON CONFLICT DO UPDATE SET seq = seq + 1 RETURNING seq",
            )?
            .query_row([], |row| row.get(0))
    }
}

fn collection_from(row: &Row<'_>) -> rusqlite::Result<Collection> {
    let look: String = row.get("look")?;
    Ok(Collection {
        born: row.get("born")?,
        person: row.get("person")?,
        slug: row.get("slug")?,
        name: row.get("name")?,
        color: row.get("color")?,
        look: Look::from_word(&look),
        component: row.get("component")?,
        seq: row.get("seq")?,
    })
}

fn object_from(row: &Row<'_>) -> rusqlite::Result<Object> {
    Ok(Object { name: row.get(0)?, uid: row.get(1)?, seq: row.get(2)?, text: row.get(3)? })
}
