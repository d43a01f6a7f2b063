//! Where things go wrong: each port call yields once, then may fail before it has an effect or lose its answer
//! afterwards. Plants are bugs that a promise must notice. Nothing here knows what a call does.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use daybook_engine::ports::{RemoteError, StoreError, VaultError};

use super::{State, World};

/// What kind of call it is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Point {
    TableRead,
    TableWrite,
    Vault,
    Queue,
    EhrRead,
    EhrWrite,
    CalendarRead,
    CalendarDelta,
    CalendarWrite,
}

/// What becomes of one call.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Fate {
    Well,
    /// Busy or unreachable before anything happened.
    Later(Option<u64>),
    /// Done, but the answer is lost.
    Lost,
    /// Somebody else was first, or so it says.
    Conflict,
    CursorLost,
}

/// How often each goes wrong, of a thousand calls.
#[derive(Clone, Copy, Default, Debug)]
pub struct Faults {
    pub table: u32,
    pub vault: u32,
    pub queue: u32,
    pub reads: u32,
    pub writes: u32,
    pub lost: u32,
    pub conflicts: u32,
    pub cursors: u32,
    /// Exactly one fate, at this fault point.
    pub scripted: Option<(u64, Fate)>,
}

/// Bugs on purpose: each must be noticed by a promise, or the promise is worth nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Plant {
    /// Links that owe are not stored.
    TableForgetsOwing,
    /// A lease is given while somebody holds it.
    LeaseIgnored,
    /// Signals are forgotten when a run ends, not when it begins.
    PendingClearedLate,
    /// A run's end clears every mark, also newer ones.
    MarksForgotten,
    /// Messages are gone as soon as they are handed out.
    QueueAcksFirst,
    /// The bookmark is stored when the delta is answered, before the work, and a death is not noticed.
    CursorFirst,
    /// A run that died looks as if it had ended.
    DeathUnnoticed,
    /// The bookmark lies ahead of what was listed.
    CursorAhead,
    /// `If-None-Match` is not honoured.
    PutsOverWhatStands,
    /// `If-Match` is not honoured.
    PutsOverOthersChanges,
    /// A conflict is taken for success.
    ConflictIsSuccess,
    /// What is written comes back changed.
    ContentDrifts,
    /// Our mirrors come back as a person's events.
    MirrorsAreEvents,
    /// A copy of a mirror is taken for the mirror.
    CopiesAreMirrors,
    /// Reading an item that stands says that it is gone.
    ReadsSayGone,
    /// The EHR makes a second block where one of that name stands.
    BlocksAreDoubled,
    /// Removing answers well and removes nothing.
    RemovesNothing,
}

impl World {
    /// Passes a fault point: lets others go first, then says how the call ends.
    pub(crate) async fn point(&self, point: Point) -> Fate {
        {
            let mut state = self.lock();
            if let Some(worker) = state.worker {
                state.waits_at.insert(worker, point);
            }
        }
        self.breathe().await;
        let mut state = self.lock();
        state.points += 1;
        let fate = state.fate(point);
        state.mix((point, fate));
        if fate != Fate::Well {
            state.tell_read(|| format!("! {point:?} meets {fate:?}"));
        }
        fate
    }
}

impl World {
    /// Lets others go first; whoever waits here may be dropped.
    pub(crate) async fn breathe(&self) {
        LetOthersGo::default().await;
    }
}

impl State {
    fn fate(&mut self, point: Point) -> Fate {
        if let Some((at, fate)) = self.faults.scripted {
            return if self.points == at { fitting(point, fate) } else { Fate::Well };
        }
        let faults = self.faults;
        let (later, lost, special) = match point {
            Point::TableRead => (faults.table, 0, None),
            Point::TableWrite => (faults.table, faults.table, None),
            Point::Vault => (faults.vault, 0, None),
            Point::Queue => (faults.queue, faults.queue, None),
            Point::EhrRead | Point::CalendarRead => (faults.reads, 0, None),
            Point::CalendarDelta => (faults.reads, 0, Some((faults.cursors, Fate::CursorLost))),
            Point::EhrWrite | Point::CalendarWrite => {
                (faults.writes, faults.lost, Some((faults.conflicts, Fate::Conflict)))
            }
        };
        if later + lost + special.map_or(0, |(rate, _)| rate) == 0 {
            return Fate::Well;
        }
        let drawn = self.chance.u32(0..1000);
        let retry_after = self.chance.bool().then(|| self.chance.u64(0..120));
        match special {
            _ if drawn < later => Fate::Later(retry_after),
            _ if drawn < later + lost => Fate::Lost,
            Some((rate, fate)) if drawn < later + lost + rate => fate,
            _ => Fate::Well,
        }
    }
}

/// A scripted fate as far as this kind of call can meet it.
fn fitting(point: Point, fate: Fate) -> Fate {
    match (point, fate) {
        (Point::EhrWrite | Point::CalendarWrite, fate) if fate != Fate::CursorLost => fate,
        (Point::TableWrite | Point::Queue, Fate::Lost) => Fate::Lost,
        (Point::CalendarDelta, Fate::CursorLost) => Fate::CursorLost,
        (_, Fate::Well) => Fate::Well,
        _ => Fate::Later(None),
    }
}

impl Fate {
    pub(crate) fn of_store(self, what: &str) -> Result<Ending, StoreError> {
        let later = || StoreError::Later { what: what.into(), cause: None };
        match self {
            Fate::Well => Ok(Ending::Told),
            Fate::Lost => Ok(Ending::Lost),
            _ => Err(later()),
        }
    }

    pub(crate) fn of_vault(self) -> Result<(), VaultError> {
        if self == Fate::Well { Ok(()) } else { Err(VaultError::Later { cause: None }) }
    }

    pub(crate) fn of_remote(self, what: &str) -> Result<Ending, RemoteError> {
        match self {
            Fate::Well => Ok(Ending::Told),
            Fate::Lost => Ok(Ending::Lost),
            Fate::Later(seconds) => Err(later(what, seconds)),
            Fate::Conflict => Err(RemoteError::Conflict { what: what.into() }),
            Fate::CursorLost => Err(RemoteError::CursorLost { what: what.into() }),
        }
    }
}

/// Whether the caller learns that it is done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ending {
    Told,
    Lost,
}

impl Ending {
    pub fn store<T>(self, what: &str, answer: T) -> Result<T, StoreError> {
        match self {
            Ending::Told => Ok(answer),
            Ending::Lost => Err(StoreError::Later { what: what.into(), cause: None }),
        }
    }

    pub fn remote<T>(self, what: &str, answer: T) -> Result<T, RemoteError> {
        match self {
            Ending::Told => Ok(answer),
            Ending::Lost => Err(later(what, None)),
        }
    }
}

pub(crate) fn later(what: &str, seconds: Option<u64>) -> RemoteError {
    RemoteError::Later { what: what.into(), retry_after: seconds.map(Duration::from_secs), cause: None }
}

/// Pending once.
#[derive(Default)]
struct LetOthersGo {
    went: bool,
}

impl Future for LetOthersGo {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.went {
            return Poll::Ready(());
        }
        self.went = true;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}
