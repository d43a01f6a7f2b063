//! What a change or a deletion means for the items: an edited occurrence becomes an exception, a deleted one is cut
//! out, a moved series forgets both. Pure: answers the items to put, the event itself first.

use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::call::Window;
use super::draft;
use super::refusal::Refusal;
use super::series::{self, Occurrence, exceptions};
use super::shape::occurrence_body;
use super::stored::{self, is_master, master_of};
use crate::cloud::{Item, World};

/// What an id names.
#[derive(Clone, Debug)]
pub(super) enum Target<'w> {
    /// A single event, a master or an exception.
    Whole(&'w Item),
    /// An occurrence that follows its master.
    Occurrence(&'w Item, Occurrence),
}

/// How far around an occurrence its neighbours are looked for.
const NEIGHBOURHOOD: SignedDuration = SignedDuration::from_hours(24 * 400);

pub(super) fn find<'w>(world: &'w World, calendar: &str, key: &str) -> Option<Target<'w>> {
    let whole = world.item(calendar, key).filter(|item| !item.deleted).map(Target::Whole);
    whole.or_else(|| {
        series::occurrence(world, calendar, key).map(|(master, one)| Target::Occurrence(master, one))
    })
}

impl<'w> Target<'w> {
    /// The item that holds the version: an occurrence has its master's.
    pub fn holder(&self) -> &'w Item {
        match self {
            Self::Whole(item) | Self::Occurrence(item, _) => item,
        }
    }

    pub fn changed(&self, world: &World, request: &Value) -> Result<Vec<Item>, Refusal> {
        match self {
            Self::Whole(item) if is_master(&item.body) => changed_master(world, item, request),
            Self::Whole(item) => {
                let body = draft::changed(&item.body, request)?;
                exception(world, Item { body, ..(*item).clone() })
            }
            Self::Occurrence(master, one) => {
                let body = draft::changed(&occurrence_body(master, one), request)?;
                exception(world, Item::new(&master.calendar, &one.key, body))
            }
        }
    }

    pub fn removed(&self, world: &World) -> Vec<Item> {
        match self {
            Self::Whole(item) if master_of(&item.body).is_some() => cut(world, item),
            Self::Whole(item) => {
                let mut all = vec![Item { deleted: true, ..(*item).clone() }];
                all.extend(dropped(world, item));
                all
            }
            Self::Occurrence(master, one) => {
                cut(world, &Item::new(&master.calendar, &one.key, occurrence_body(master, one)))
            }
        }
    }
}

fn changed_master(world: &World, item: &Item, request: &Value) -> Result<Vec<Item>, Refusal> {
    let mut all = vec![Item { body: draft::changed(&item.body, request)?, ..item.clone() }];
    if draft::moves(request) {
        all.extend(dropped(world, item));
    }
    Ok(all)
}

/// Exceptions and cuts that a series takes back, because it moved or went.
fn dropped(world: &World, master: &Item) -> Vec<Item> {
    let standing = exceptions(world, master).filter(|item| !item.deleted || stored::is_cut(&item.body));
    let gone =
        |item: &Item| Item { deleted: true, body: stored::retyped(&item.body, "dropped"), ..item.clone() };
    standing.map(gone).collect()
}

/// An item and, if it belongs to a series, its master, which changes with it.
fn with_master(world: &World, item: Item) -> Vec<Item> {
    let master = master_of(&item.body).and_then(|master| world.item(&item.calendar, master)).cloned();
    [Some(item), master].into_iter().flatten().collect()
}

fn exception(world: &World, item: Item) -> Result<Vec<Item>, Refusal> {
    let Some(master) = master_of(&item.body).and_then(|master| world.item(&item.calendar, master)) else {
        return Ok(vec![item]);
    };
    check_neighbours(world, master, &item)?;
    Ok(with_master(world, item))
}

fn cut(world: &World, item: &Item) -> Vec<Item> {
    let body = stored::with(&item.body, json!({"type": "cut"}));
    with_master(world, Item { deleted: true, body, ..item.clone() })
}

/// An occurrence cannot be moved past its neighbour (providers B.2.1).
fn check_neighbours(world: &World, master: &Item, item: &Item) -> Result<(), Refusal> {
    let (Some(span), Some(before)) = (stored::span(&item.body), series::by_key(master, &item.id)) else {
        return Ok(());
    };
    let (start, origin) = (span.start.instant(), before.span.start.instant());
    let around = |at: Timestamp| Window {
        from: at.checked_sub(NEIGHBOURHOOD).unwrap_or(Timestamp::MIN),
        to: at.checked_add(NEIGHBOURHOOD).unwrap_or(Timestamp::MAX),
    };
    let others = series::instances(world, master, around(origin));
    for other in others.iter().filter(|other| other.key() != item.id) {
        let place = other.span().start.instant();
        let crossed = if other.key() < item.id.as_str() { start <= place } else { start >= place };
        if crossed {
            return Err(Refusal::new(
                StatusCode::BAD_REQUEST,
                "ErrorOccurrenceCrossingBoundary",
                "Modified occurrence is crossing or overlapping adjacent occurrence.",
            ));
        }
    }
    Ok(())
}
