//! Switches for what Graph leaves open or does in several ways, and the one deed that a
//! client of Graph cannot do but a person in Outlook can: move an event to another calendar. Faults, notifications and
//! lifecycle events are the common control's.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

use super::Microsoft;
use super::series::exceptions;
use crate::cloud::{Item, Tx};
use crate::page::answer::is_cross_site;

/// How Graph behaves at present.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Switches {
    pub transactions: Transactions,
    pub if_match: IfMatch,
    pub cuts: Cuts,
    pub pages: Pages,
    pub sync_state: SyncState,
    pub max_subscription_minutes: u32,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            transactions: Transactions::default(),
            if_match: IfMatch::default(),
            cuts: Cuts::default(),
            pages: Pages::default(),
            sync_state: SyncState::default(),
            max_subscription_minutes: 10_080,
        }
    }
}

/// What a repeated `transactionId` is answered with.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum Transactions {
    /// 201 with the first event.
    #[default]
    Original,
    /// 409 `ErrorDuplicateTransactionId`.
    Conflict,
    /// 400 `ErrorDuplicateTransactionId`.
    BadRequest,
    /// 201 with the first event, even where that has been deleted since.
    Remembered,
    /// A second event: Graph does not say for how long it remembers a transaction (providers B.3.2).
    Forgotten,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum IfMatch {
    #[default]
    Checked,
    Ignored,
}

/// What a delta says of one deleted occurrence.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum Cuts {
    #[default]
    Told,
    /// Only the master comes again.
    Silent,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum Pages {
    /// The second page of a delta round is empty, later ones repeat an entry.
    #[default]
    Noisy,
    Plain,
}

/// The wording of 410.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
pub(super) enum SyncState {
    #[default]
    #[serde(rename = "syncStateNotFound")]
    Lower,
    #[serde(rename = "SyncStateNotFound")]
    Upper,
    #[serde(rename = "resyncRequired")]
    Resync,
}

/// One thing to do.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Deed {
    Move { item: String, from: String, to: String },
}

pub(super) fn routes(graph: &Microsoft) -> Router<Microsoft> {
    let mount = graph.cloud.mount();
    Router::new()
        .route(&format!("{mount}/control/graph"), get(show).put(set))
        .route(&format!("{mount}/control/graph/deeds"), axum::routing::post(act))
}

async fn show(State(graph): State<Microsoft>) -> Json<Switches> {
    Json(graph.switches(|switches| *switches))
}

/// All switches at once; what is left out goes back to how Graph mostly is.
async fn set(State(graph): State<Microsoft>, headers: HeaderMap, body: Bytes) -> Response {
    match read::<Switches>(&headers, &body) {
        Ok(wish) => {
            graph.turn(wish);
            Json(wish).into_response()
        }
        Err(refused) => refused.into_response(),
    }
}

async fn act(State(graph): State<Microsoft>, headers: HeaderMap, body: Bytes) -> Response {
    let deed = match read::<Deed>(&headers, &body) {
        Ok(deed) => deed,
        Err(refused) => return refused.into_response(),
    };
    let done = match deed {
        Deed::Move { item, from, to } => move_event(&graph, &item, &from, &to),
    };
    done.map_or(StatusCode::NOT_FOUND, |()| StatusCode::NO_CONTENT).into_response()
}

fn read<T: for<'de> Deserialize<'de>>(headers: &HeaderMap, body: &Bytes) -> Result<T, (StatusCode, String)> {
    if is_cross_site(headers) {
        return Err((StatusCode::FORBIDDEN, String::new()));
    }
    serde_json::from_slice(body).map_err(|error| (StatusCode::UNPROCESSABLE_ENTITY, error.to_string()))
}

/// The event keeps its key, and so its immutable id; a tombstone stays where it was. A series moves whole.
fn move_event(graph: &Microsoft, item: &str, from: &str, to: &str) -> Option<()> {
    let done: Result<(), ()> = graph.cloud.change(|tx| {
        let world = tx.world();
        let calendar = world.calendars.get(to).filter(|calendar| !calendar.deleted).ok_or(())?.id.clone();
        let master = world.item(from, item).filter(|item| !item.deleted).ok_or(())?.clone();
        let parts: Vec<Item> = exceptions(world, &master).cloned().collect();
        move_one(tx, master, &calendar);
        for part in parts {
            move_one(tx, part, &calendar);
        }
        Ok(())
    });
    done.ok()
}

fn move_one(tx: &mut Tx<'_>, item: Item, to: &str) {
    tx.put_item(Item { calendar: to.to_owned(), ..item.clone() });
    tx.put_item(Item { deleted: true, ..item });
}
