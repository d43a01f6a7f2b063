//! `/me/events` and the events of one calendar: list, create, get, change, delete, and the instances of a series.

use axum::http::StatusCode;
use serde_json::Value;

use super::call::{Answer, Call};
use super::control::{IfMatch, Transactions};
use super::draft;
use super::edit::Target;
use super::filter::Filter;
use super::prefer::Prefer;
use super::refusal::Refusal;
use super::series;
use super::shape::{Details, Shape, Wishes, etag};
use super::stored::{self, list, master_of, text};
use super::visit::{Need, Place, Visit, shape, target};
use crate::cloud::{Item, Tx, World};

impl Visit<'_> {
    /// Single events and masters, as Graph lists them: no occurrences, no exceptions.
    pub fn list_events(&self, call: &Call, calendar: &str) -> Result<Answer, Refusal> {
        self.require(Need::Read)?;
        let filter = call.query.get("$filter").map(Filter::parse).transpose()?;
        let all = self.graph.cloud.read(|world| {
            let (calendar, role) = self.calendar(world, calendar)?;
            let shape = shape(call, role)?;
            let items =
                world.items_of(&calendar.id).filter(|item| !item.deleted && master_of(&item.body).is_none());
            let mut items: Vec<&Item> =
                items.filter(|item| filter.as_ref().is_none_or(|filter| holds(filter, item))).collect();
            items.sort_by_cached_key(|item| stored::span(&item.body).map(|span| span.start.instant()));
            Ok::<Vec<Value>, Refusal>(items.into_iter().map(|item| shape.event(item)).collect())
        })?;
        self.page(call, "Collection(event)", &all)
    }

    /// Occurrences, exceptions and single events that touch a window; never a master.
    pub fn view(&self, call: &Call, calendar: &str) -> Result<Answer, Refusal> {
        self.require(Need::Read)?;
        let window = call.query.window()?;
        let all = self.graph.cloud.read(|world| {
            let (calendar, role) = self.calendar(world, calendar)?;
            let shape = shape(call, role)?;
            let seen = series::seen(world, &calendar.id, window);
            Ok::<Vec<Value>, Refusal>(seen.iter().map(|one| shape.seen(one)).collect())
        })?;
        self.page(call, "Collection(event)", &all)
    }

    pub fn list_instances(&self, call: &Call, id: &str) -> Result<Answer, Refusal> {
        self.require(Need::Read)?;
        let window = call.query.window()?;
        let all = self.graph.cloud.read(|world| {
            let place = self.place(world, call, id)?;
            let target = target(world, &place)?;
            let shape = shape(call, place.role)?;
            let seen = match target {
                Target::Whole(item) if stored::is_master(&item.body) => {
                    series::instances(world, item, window)
                }
                Target::Whole(_) | Target::Occurrence(..) => Vec::new(),
            };
            Ok::<Vec<Value>, Refusal>(seen.iter().map(|one| shape.seen(one)).collect())
        })?;
        self.page(call, "Collection(event)", &all)
    }

    pub fn get_event(&self, call: &Call, id: &str) -> Result<Answer, Refusal> {
        self.require(Need::Read)?;
        self.graph.cloud.read(|world| {
            let place = self.place(world, call, id)?;
            let shape = shape(call, place.role)?;
            let answer = match target(world, &place)? {
                Target::Whole(item) => shape.event(item),
                Target::Occurrence(master, one) => shape.occurrence(master, &one),
            };
            Ok(Answer::ok(answer))
        })
    }

    pub fn create_event(&self, call: &Call, calendar: &str) -> Result<Answer, Refusal> {
        self.require(Need::Write)?;
        let body = draft::created(call.json()?, &self.account)?;
        self.graph.cloud.change(|tx| {
            let (_, role) = self.writable(tx.world(), calendar)?;
            let shape = shape(call, role)?;
            let memory = self.graph.switches(|switches| switches.transactions);
            if let Some(first) = self.same_transaction(tx.world(), text(&body, "transactionId"), memory) {
                return replayed(&shape, &first, memory);
            }
            let id = tx.fresh("ev");
            let item = tx.put_item(Item::new(calendar, &id, body));
            self.mail(tx, "invitation", &[&item]);
            Ok(Answer::created(shape.event(&item)))
        })
    }

    pub fn change_event(&self, call: &Call, id: &str) -> Result<Answer, Refusal> {
        self.require(Need::Write)?;
        let request = call.json()?;
        self.graph.cloud.change(|tx| {
            let place = self.writable_place(tx.world(), call, id)?;
            let target = target(tx.world(), &place)?;
            self.check_version(call, target.holder())?;
            let before = target.holder().clone();
            let put = target.changed(tx.world(), request)?;
            let item = put_all(tx, put)?;
            self.mail(tx, "update", &[&before, &item]);
            Ok(Answer::ok(shape(call, place.role)?.event(&item)))
        })
    }

    pub fn delete_event(&self, call: &Call, id: &str) -> Result<Answer, Refusal> {
        self.require(Need::Write)?;
        self.graph.cloud.change(|tx| {
            let place = self.writable_place(tx.world(), call, id)?;
            let target = target(tx.world(), &place)?;
            self.check_version(call, target.holder())?;
            let put = target.removed(tx.world());
            let item = put_all(tx, put)?;
            self.mail(tx, "cancellation", &[&item]);
            Ok(Answer::nothing())
        })
    }

    fn writable_place(&self, world: &World, call: &Call, id: &str) -> Result<Place, Refusal> {
        let place = self.place(world, call, id)?;
        if place.role.may_write() { Ok(place) } else { Err(Refusal::denied()) }
    }

    fn check_version(&self, call: &Call, holder: &Item) -> Result<(), Refusal> {
        let checked = self.graph.switches(|switches| switches.if_match) == IfMatch::Checked;
        let stale = call.if_match.as_deref().is_some_and(|given| given != "*" && given != etag(holder));
        if checked && stale { Err(Refusal::stale()) } else { Ok(()) }
    }

    /// The event that this client marker already made, in any calendar of the account.
    fn same_transaction(&self, world: &World, transaction: &str, memory: Transactions) -> Option<Item> {
        if transaction.is_empty() || memory == Transactions::Forgotten {
            return None;
        }
        let same = |item: &&Item| {
            (!item.deleted || memory == Transactions::Remembered)
                && master_of(&item.body).is_none()
                && text(&item.body, "transactionId") == transaction
        };
        let calendars = world.calendars_of(&self.account.id).into_iter().filter(|(_, role)| role.may_write());
        calendars.into_iter().find_map(|(calendar, _)| world.items_of(&calendar.id).find(same)).cloned()
    }

    /// Notes the mail that Exchange would send: to every attendee, before or after the change (providers B.3.6).
    fn mail(&self, tx: &mut Tx<'_>, kind: &str, items: &[&Item]) {
        let attendees = items.iter().flat_map(|item| list(&item.body, "attendees"));
        let addresses = attendees.filter_map(|one| one.pointer("/emailAddress/address")?.as_str());
        let mut to: Vec<String> = addresses.map(str::to_owned).collect();
        to.sort();
        to.dedup();
        if let Some(item) = items.last().filter(|_| !to.is_empty()) {
            tx.mail(&self.grant.client, &self.account.email, to, kind, &item.id);
        }
    }
}

/// What a repeated transaction is answered with.
fn replayed(shape: &Shape<'_>, first: &Item, memory: Transactions) -> Result<Answer, Refusal> {
    let status = match memory {
        Transactions::Original | Transactions::Remembered | Transactions::Forgotten => {
            return Ok(Answer::created(shape.event(first)));
        }
        Transactions::Conflict => StatusCode::CONFLICT,
        Transactions::BadRequest => StatusCode::BAD_REQUEST,
    };
    let message = "Your request can't be completed. The TransactionId specified in the request has already been \
                   used to create a different event.";
    let id = shape.id(&first.calendar, &first.id);
    Err(Refusal::new(status, "ErrorDuplicateTransactionId", message).with("@event.existingEventId", id))
}

/// Puts everything and answers the first, which is the event itself.
fn put_all(tx: &mut Tx<'_>, items: Vec<Item>) -> Result<Item, Refusal> {
    let put: Vec<Item> = items.into_iter().map(|item| tx.put_item(item)).collect();
    put.into_iter().next().ok_or_else(Refusal::not_found)
}

/// Filters see times in UTC, whatever zone the answer has.
fn holds(filter: &Filter, item: &Item) -> bool {
    let prefer = Prefer::default();
    let shape = Shape { prefer: &prefer, details: Details::All, wishes: Wishes::default() };
    filter.holds(&shape.event(item), list(&item.body, "singleValueExtendedProperties"))
}
