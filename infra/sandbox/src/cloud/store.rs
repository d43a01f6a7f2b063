//! The provider's file: every row of the world as JSON under its kind and key, written through in one `SQLite`
//! transaction for each change. It is read once, on opening; memory answers everything after that.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

use super::world::{Account, Calendar, Code, Consent, Item, Mail, Message, Row, Subscription, Token, World};

const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS row (
    kind TEXT NOT NULL, key TEXT NOT NULL, json TEXT NOT NULL, PRIMARY KEY (kind, key)) STRICT, WITHOUT ROWID;";
const NUMBERS: &str = "numbers";

/// The provider's file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the file cannot be opened")]
    File(#[from] rusqlite::Error),
    #[error("a row of the file cannot be read")]
    Row(#[from] serde_json::Error),
}

/// One row that the file must learn; no text: it is gone.
pub(super) struct Write {
    kind: &'static str,
    key: String,
    json: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Numbers {
    seq: u64,
    oldest_cursor: u64,
    counter: u64,
}

impl Write {
    pub(super) fn put<R: Row>(key: &R::Key, row: &R) -> Self {
        Self { kind: R::KIND, key: R::key_text(key), json: serde_json::to_string(row).ok() }
    }

    pub(super) fn remove<R: Row>(key: &R::Key) -> Self {
        Self { kind: R::KIND, key: R::key_text(key), json: None }
    }

    pub(super) fn numbers(world: &World) -> Self {
        let numbers = Numbers { seq: world.seq, oldest_cursor: world.oldest_cursor, counter: world.counter };
        Self { kind: NUMBERS, key: String::new(), json: serde_json::to_string(&numbers).ok() }
    }
}

pub(super) struct Store {
    connection: Mutex<Connection>,
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

    /// Everything that the file holds.
    pub(super) fn load(&self) -> Result<World, StoreError> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let mut world = World::default();
        load::<Account>(&connection, &mut world)?;
        load::<Calendar>(&connection, &mut world)?;
        load::<Item>(&connection, &mut world)?;
        load::<Subscription>(&connection, &mut world)?;
        load::<Mail>(&connection, &mut world)?;
        load::<Code>(&connection, &mut world)?;
        load::<Token>(&connection, &mut world)?;
        load::<Consent>(&connection, &mut world)?;
        load::<Message>(&connection, &mut world)?;
        if let Some(text) = texts(&connection, NUMBERS)?.first() {
            let numbers: Numbers = serde_json::from_str(text)?;
            world.seq = numbers.seq;
            world.oldest_cursor = numbers.oldest_cursor;
            world.counter = numbers.counter;
        }
        Ok(world)
    }

    pub(super) fn write(&self, writes: &[Write]) -> rusqlite::Result<()> {
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = connection.transaction()?;
        {
            let mut put = transaction.prepare_cached("INSERT OR REPLACE INTO row VALUES (?, ?, ?)")?;
            let mut remove = transaction.prepare_cached("DELETE FROM row WHERE kind = ? AND key = ?")?;
            for write in writes {
                match &write.json {
                    Some(json) => put.execute(params![write.kind, write.key, json])?,
                    None => remove.execute(params![write.kind, write.key])?,
                };
            }
        }
        transaction.commit()
    }
}

fn load<R: Row>(connection: &Connection, world: &mut World) -> Result<(), StoreError> {
    for text in texts(connection, R::KIND)? {
        let row: R = serde_json::from_str(&text)?;
        R::table(world).insert(row.key(), row);
    }
    Ok(())
}

fn texts(connection: &Connection, kind: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare("SELECT json FROM row WHERE kind = ? ORDER BY key")?;
    statement.query_map([kind], |row| row.get(0))?.collect()
}
