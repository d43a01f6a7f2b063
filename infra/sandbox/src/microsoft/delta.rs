//! `calendarView/delta` (providers B.4.2), with everything that makes it hard to read: a frozen window, pages of
//! which one is empty, sparse occurrences, doubles, tombstones for what was never seen, silence about some
//! deletions. What a round tells is computed anew for each page from what the token says.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::call::{Answer, Call, Window};
use super::control::{Cuts, Pages, SyncState};
use super::refusal::Refusal;
use super::series::{self, Occurrence, Seen};
use super::shape::Shape;
use super::stored::{self, is_master, master_of};
use super::token::{Place, Token};
use super::visit::{Need, Visit, shape};
use crate::cloud::{Item, World};

const DEFAULT_PAGE: usize = 10;
const MAX_PAGE: usize = 1_000;
const REFUSED: [&str; 5] = ["$select", "$expand", "$filter", "$orderby", "$search"];

/// One thing that a round tells.
enum Told<'w> {
    Whole(&'w Item),
    Sparse(&'w Item, Occurrence),
    Removed(&'w Item),
}

impl Visit<'_> {
    pub fn delta(&self, call: &Call, calendar: &str) -> Result<Answer, Refusal> {
        self.require(Need::Read)?;
        if let Some(name) = REFUSED.iter().find(|name| call.query.get(name).is_some()) {
            return Err(Refusal::bad(format!(
                "The following parameters are not supported with change tracking: '{name}'."
            )));
        }
        self.graph.cloud.read(|world| {
            let (calendar, role) = self.calendar(world, calendar)?;
            let token = self.token(world, call, &calendar.id)?;
            let shape = shape(call, role)?;
            Ok(self.round(world, call, &token, &shape))
        })
    }

    fn token(&self, world: &World, call: &Call, calendar: &str) -> Result<Token, Refusal> {
        let given = ["$deltatoken", "$skiptoken"].iter().find_map(|name| call.query.get(name));
        let Some(text) = given else {
            return Ok(Token::initial(calendar, call.query.window()?, world.seq));
        };
        let mut token = Token::decode(text)?;
        if token.calendar != calendar {
            return Err(Refusal::new(StatusCode::BAD_REQUEST, "BadRequest", "Badly formed token."));
        }
        if !world.is_live_cursor(token.since.unwrap_or(token.until)) {
            return Err(self.expired(call));
        }
        if call.query.get("$deltatoken").is_some() {
            token.until = world.seq;
        }
        Ok(token)
    }

    /// 410 in the wording that is switched on; one of them says where to begin again.
    pub fn expired(&self, call: &Call) -> Refusal {
        let code = self.graph.switches(|switches| switches.sync_state);
        let refusal = |code, message| Refusal::new(StatusCode::GONE, code, message);
        let message = "The sync state generation is not found; generation=149;[highest=157]";
        match code {
            SyncState::Lower => refusal("syncStateNotFound", message),
            SyncState::Upper => {
                refusal("SyncStateNotFound", message).header("location", self.link(call, "$deltatoken="))
            }
            SyncState::Resync => refusal("resyncRequired", "Resync required."),
        }
    }

    fn round(&self, world: &World, call: &Call, token: &Token, shape: &Shape<'_>) -> Answer {
        let (cuts, pages) = self.graph.switches(|switches| (switches.cuts, switches.pages));
        let told = told(world, token, cuts);
        let size = call.prefer.page_size.unwrap_or(DEFAULT_PAGE).min(MAX_PAGE);
        let after = |place: &Place| token.after.as_ref().is_none_or(|after| place > after);
        let begin = told.partition_point(|(place, _)| !after(place));
        // The second page of a round is empty; each page from the third on repeats the last entry before it.
        let noisy = pages == Pages::Noisy;
        let size = if noisy && token.page == 1 { 0 } else { size };
        let again = if noisy && token.page > 1 { begin.saturating_sub(1) } else { begin };
        let end = begin.saturating_add(size).min(told.len());
        let page = told.get(again.min(end)..end).unwrap_or_default();
        let value: Vec<Value> = page.iter().map(|(_, one)| one.shaped(shape)).collect();
        let link = if end < told.len() {
            let last = page.last().map(|(place, _)| place.clone()).or_else(|| token.after.clone());
            ("@odata.nextLink", format!("$skiptoken={}", token.next_page(last).encode()))
        } else {
            ("@odata.deltaLink", format!("$deltatoken={}", token.next_round().encode()))
        };
        Answer::ok(json!({
            "@odata.context": self.context("Collection(event)"), link.0: self.link(call, &link.1), "value": value,
        }))
    }
}

impl Told<'_> {
    fn shaped(&self, shape: &Shape<'_>) -> Value {
        match self {
            Self::Whole(item) => {
                stored::with(&shape.event(item), json!({"@odata.type": "#microsoft.graph.event"}))
            }
            Self::Sparse(master, one) => shape.sparse(master, one),
            Self::Removed(item) => shape.removed(&item.calendar, &item.id),
        }
    }
}

/// Everything that the round tells, in its own order.
fn told<'w>(world: &'w World, token: &'w Token, cuts: Cuts) -> Vec<(Place, Told<'w>)> {
    let mut all = Vec::new();
    let fresh = |item: &Item| token.since.is_none_or(|since| item.seq > since) && item.seq <= token.until;
    let mut series: BTreeSet<&str> = BTreeSet::new();
    for item in world.items_of(&token.calendar).filter(|item| fresh(item)) {
        let entries = match master_of(&item.body) {
            Some(master) => {
                series.insert(master);
                tombstone_of_one(world, item, token, cuts).into_iter().collect()
            }
            None if is_master(&item.body) && !item.deleted => {
                series.insert(&item.id);
                Vec::new()
            }
            None => vec![single(item, token.window())],
        };
        all.extend(entries.into_iter().map(|one| (Place::of(&item.id, 0), one)));
    }
    for master in series.into_iter().filter_map(|id| world.item(&token.calendar, id)) {
        all.extend(group(world, master, token.window()));
    }
    if token.since.is_none() {
        all.retain(|(_, one)| !matches!(one, Told::Removed(_)));
    }
    all.sort_by(|(one, _), (other, _)| one.cmp(other));
    all
}

/// A single event; outside the window it is told as removed, whether it was ever seen or not.
fn single(item: &Item, window: Window) -> Told<'_> {
    let inside = stored::span(&item.body).is_some_and(|span| series::touches(&span, window));
    if inside && !item.deleted { Told::Whole(item) } else { Told::Removed(item) }
}

/// A deleted occurrence says so only if it is switched on; one that went with its series never does. An exception
/// that left the window is removed like anything else.
fn tombstone_of_one<'w>(world: &World, item: &'w Item, token: &Token, cuts: Cuts) -> Option<Told<'w>> {
    let inside = stored::span(&item.body).is_some_and(|span| series::touches(&span, token.window()));
    if !item.deleted {
        return (!inside).then_some(Told::Removed(item));
    }
    let master = master_of(&item.body).and_then(|master| world.item(&item.calendar, master));
    let silent = master.is_none_or(|master| master.deleted) || cuts == Cuts::Silent;
    let stands = series::occurrence(world, &item.calendar, &item.id).is_some();
    (!silent && !stands).then_some(Told::Removed(item))
}

/// A master with everything of it in the window. One that has nothing there is removed.
fn group<'w>(world: &'w World, master: &'w Item, window: Window) -> Vec<(Place, Told<'w>)> {
    if master.deleted {
        return Vec::new();
    }
    let seen = series::instances(world, master, window);
    let first = if seen.is_empty() { Told::Removed(master) } else { Told::Whole(master) };
    let rest = seen.into_iter().map(|one| match one {
        Seen::Whole(item, _) => Told::Whole(item),
        Seen::Occurrence(master, one) => Told::Sparse(master, one),
    });
    let all = std::iter::once(first).chain(rest).enumerate();
    all.map(|(within, one)| (Place::of(&master.id, within), one)).collect()
}
