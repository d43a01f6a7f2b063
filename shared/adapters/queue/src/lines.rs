//! One line of requests per connection, and which line is next. Pure bookkeeping: it neither waits nor wakes.

use std::collections::{BTreeSet, HashMap, VecDeque};

use daybook_core::retry;
use daybook_engine::ports::{ConnectionRef, Request};
use tokio::time::Instant;

/// How often a request is delivered before it is given up.
const MOST_RECEIVES: u32 = 5;

#[derive(Default)]
pub struct Lines {
    by_connection: HashMap<ConnectionRef, VecDeque<Waiting>>,
    /// Lines with nothing in flight, by when and in which order they may be served.
    idle: BTreeSet<(Instant, u64, ConnectionRef)>,
    turns: u64,
    dead_letters: u64,
}

struct Waiting {
    request: Request,
    receives: u32,
}

pub enum Next {
    Ready(Request),
    At(Instant),
    Nothing,
}

/// How a delivery ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    Done,
    Failed,
}

impl Lines {
    pub fn push(&mut self, request: Request, now: Instant) {
        let connection = request.connection.clone();
        let line = self.by_connection.entry(connection.clone()).or_default();
        line.push_back(Waiting { request, receives: 0 });
        if line.len() == 1 {
            self.queue_up(connection, now);
        }
    }

    /// Takes the head of the line whose turn it is. It stays at the head until it is settled.
    pub fn take(&mut self, now: Instant) -> Next {
        let Some((when, turn, connection)) = self.idle.pop_first() else { return Next::Nothing };
        if when > now {
            self.idle.insert((when, turn, connection));
            return Next::At(when);
        }
        match self.by_connection.get_mut(&connection).and_then(VecDeque::front_mut) {
            None => Next::Nothing,
            Some(head) => {
                head.receives += 1;
                Next::Ready(head.request.clone())
            }
        }
    }

    /// Removes or keeps the head of a line, and lets the line queue up again.
    pub fn settle(&mut self, connection: &ConnectionRef, fate: Fate, now: Instant) {
        let Some(line) = self.by_connection.get_mut(connection) else { return };
        let receives = line.front().map_or(0, |head| head.receives);
        let given_up = fate == Fate::Failed && receives >= MOST_RECEIVES;
        if given_up {
            self.dead_letters += 1;
            let ConnectionRef { practice, id } = connection;
            tracing::warn!(%practice, connection = %id, receives, "gave up on a sync request");
        }
        if given_up || fate == Fate::Done {
            line.pop_front();
        }
        match (line.is_empty(), line.front().map_or(0, |head| head.receives)) {
            (true, _) => drop(self.by_connection.remove(connection)),
            (false, 0) => self.queue_up(connection.clone(), now),
            (false, receives) => {
                self.queue_up(connection.clone(), now + retry::delay(receives - 1, 1.0, None));
            }
        }
    }

    pub fn depth(&self) -> usize {
        self.by_connection.values().map(VecDeque::len).sum()
    }

    pub fn dead_letters(&self) -> u64 {
        self.dead_letters
    }

    fn queue_up(&mut self, connection: ConnectionRef, when: Instant) {
        self.turns += 1;
        self.idle.insert((when, self.turns, connection));
    }
}
