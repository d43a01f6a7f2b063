//! One step of change: everything in it happens or nothing does. It keeps what it needs to undo itself, notes what
//! the file must learn, and which calendars must be told. It judges no content.

use aws_lc_rs::digest;
use jiff::Timestamp;

use super::store::Write;
use super::world::{Account, Calendar, ChangeKind, Item, Mail, Row, Subscription, World};

/// Puts one thing back as it was.
type Undo = Box<dyn FnOnce(&mut World)>;

/// An open change of the world, at one moment.
pub struct Tx<'a> {
    world: &'a mut World,
    now: Timestamp,
    undo: Vec<Undo>,
    writes: Vec<Write>,
    changes: Vec<Change>,
}

/// Something that subscriptions of a calendar must hear of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) calendar: String,
    /// `None`: the calendar itself went away.
    pub(super) item: Option<(String, ChangeKind, u64)>,
}

impl<'a> Tx<'a> {
    pub(super) fn new(world: &'a mut World, now: Timestamp) -> Self {
        let (seq, oldest_cursor, counter) = (world.seq, world.oldest_cursor, world.counter);
        let numbers: Undo = Box::new(move |world| {
            (world.seq, world.oldest_cursor, world.counter) = (seq, oldest_cursor, counter);
        });
        Self { world, now, undo: vec![numbers], writes: Vec::new(), changes: Vec::new() }
    }

    /// The world with what this change has done so far.
    pub fn world(&self) -> &World {
        self.world
    }

    /// The moment of this change.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The next opaque id: the prefix and 24 digits of `0-9a-f`. Never given twice, the same in every run.
    pub fn fresh(&mut self, prefix: &str) -> String {
        self.world.counter += 1;
        let mixed = digest::digest(&digest::SHA256, format!("{prefix}/{}", self.world.counter).as_bytes());
        let digits = mixed.as_ref().iter().take(12).map(|byte| format!("{byte:02x}"));
        format!("{prefix}{}", digits.collect::<String>())
    }

    pub fn put_account(&mut self, account: Account) {
        self.keep(account);
    }

    /// Puts a calendar under the next sequence number; one that is `deleted` tells its subscriptions that it went.
    pub fn put_calendar(&mut self, mut calendar: Calendar) -> Calendar {
        calendar.seq = self.next_seq();
        if calendar.deleted {
            self.changes.push(Change { calendar: calendar.id.clone(), item: None });
        }
        self.keep(calendar.clone());
        calendar
    }

    /// Puts an item under the next sequence number, changed now, and wakes the subscriptions of its calendar. A
    /// first put, and one that revives a tombstone, sets `created`.
    pub fn put_item(&mut self, mut item: Item) -> Item {
        let before = self.world.item(&item.calendar, &item.id);
        let kind = match before {
            _ if item.deleted => ChangeKind::Deleted,
            Some(before) if !before.deleted => ChangeKind::Updated,
            _ => ChangeKind::Created,
        };
        let created = before.map_or(self.now, |before| before.created);
        item.seq = self.next_seq();
        item.created = created;
        item.updated = self.now;
        let what = Some((item.id.clone(), kind, item.seq));
        self.changes.push(Change { calendar: item.calendar.clone(), item: what });
        self.keep(item.clone());
        item
    }

    pub fn put_subscription(&mut self, subscription: Subscription) {
        self.keep(subscription);
    }

    /// Takes a calendar out of the world without a tombstone.
    pub fn remove_calendar(&mut self, id: &str) {
        self.drop_row::<Calendar>(&id.to_owned());
    }

    /// Takes an item out of the world without a tombstone; a deletion that others may learn of is a put of the item
    /// with `deleted` set.
    pub fn remove_item(&mut self, calendar: &str, id: &str) {
        self.drop_row::<Item>(&(calendar.to_owned(), id.to_owned()));
    }

    pub fn remove_subscription(&mut self, id: &str) {
        self.drop_row::<Subscription>(&id.to_owned());
    }

    /// Notes a mail that the provider would have sent after a request of `client`.
    pub fn mail(&mut self, client: &str, from: &str, to: Vec<String>, kind: &str, item: &str) {
        let number = self.next_count();
        self.keep(Mail {
            number,
            at: self.now,
            client: client.to_owned(),
            from: from.to_owned(),
            to,
            kind: kind.to_owned(),
            item: item.to_owned(),
        });
    }

    /// Makes every cursor that was given out so far expire.
    pub fn expire_cursors(&mut self) {
        self.world.oldest_cursor = self.next_seq();
    }

    /// The next number that is no sequence number.
    pub(super) fn next_count(&mut self) -> u64 {
        self.world.counter += 1;
        self.world.counter
    }

    pub(super) fn keep<R: Row>(&mut self, row: R) {
        let key = row.key();
        self.writes.push(Write::put::<R>(&key, &row));
        let before = R::table(self.world).insert(key.clone(), row);
        self.undo_with::<R>(key, before);
    }

    pub(super) fn drop_row<R: Row>(&mut self, key: &R::Key) {
        if let Some(before) = R::table(self.world).remove(key) {
            self.writes.push(Write::remove::<R>(key));
            self.undo_with::<R>(key.clone(), Some(before));
        }
    }

    pub(super) fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    /// What the file must learn.
    pub(super) fn into_writes(self) -> Vec<Write> {
        let mut writes = self.writes;
        writes.push(Write::numbers(self.world));
        writes
    }

    /// Puts everything back as it was.
    pub(super) fn roll_back(self) {
        for undo in self.undo.into_iter().rev() {
            undo(self.world);
        }
    }

    fn undo_with<R: Row>(&mut self, key: R::Key, before: Option<R>) {
        self.undo.push(Box::new(move |world| {
            match before {
                Some(row) => R::table(world).insert(key, row),
                None => R::table(world).remove(&key),
            };
        }));
    }

    fn next_seq(&mut self) -> u64 {
        self.world.seq += 1;
        self.world.seq
    }
}
