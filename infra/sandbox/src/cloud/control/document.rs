//! The control document: what a request may say, and what the answer shows.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::faults::Planned;
use crate::cloud::sign_in::{expire_access_tokens, revoke};
use crate::cloud::world::{Mail, Subscription};
use crate::cloud::{Cloud, Role, Tx};
use crate::page::answer::is_cross_site;

/// What becomes of the notifications that a change owes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::cloud) enum Notifications {
    #[default]
    Normal,
    Drop,
    Double,
    /// Sent this many seconds later.
    Delay(u32),
}

/// Who answers the consent page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::cloud) enum SignIn {
    /// The person at the browser.
    #[default]
    Ask,
    /// The page is skipped: this account allows everything but these scopes.
    Allow {
        account: String,
        #[serde(default)]
        without: BTreeSet<String>,
    },
    /// The page is skipped: the person refuses.
    Refuse,
    /// The page is skipped: an administrator would have to approve.
    NeedsAdmin,
}

/// What the token endpoint answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::cloud) enum TokenAnswer {
    #[default]
    Normal,
    InvalidClient,
    /// Google: a Workspace asks for a new sign-in (`invalid_rapt`). Microsoft: `interaction_required`.
    SignInAgain,
    /// 503, in HTML at Google.
    Unavailable,
}

/// What a control request may say; what is left out stays as it is. Accounts are named by id or address; an account
/// of `null` means everybody.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    /// Replaces all planned faults; an empty list ends them.
    faults: Option<Vec<Planned>>,
    notifications: Option<Notifications>,
    sign_in: Option<SignIn>,
    token: Option<TokenAnswer>,
    expire_access_tokens: Option<Whose>,
    revoke: Option<Whose>,
    forget_subscriptions: Option<Whose>,
    lifecycle: Option<Lifecycle>,
    share: Option<Share>,
    /// All cursors given out so far.
    #[serde(default)]
    expire_cursors: bool,
    #[serde(default)]
    reset_counts: bool,
}

/// Whose things a deed is about.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Whose {
    account: Option<String>,
}

/// Lets somebody read a calendar, by id; everybody where nobody is named.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Share {
    calendar: String,
    with: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lifecycle {
    account: Option<String>,
    /// `missed`, `subscriptionRemoved`, `reauthorizationRequired`.
    event: String,
}

/// How things stand.
#[derive(Serialize)]
struct Standing {
    faults: Vec<Planned>,
    notifications: Notifications,
    sign_in: SignIn,
    token: TokenAnswer,
    /// By method and path pattern under the mount.
    requests: BTreeMap<String, u64>,
    /// Calls inside batches, by method.
    batched: BTreeMap<String, u64>,
    mails: Vec<Mail>,
    subscriptions: Vec<Standee>,
    waiting_notifications: usize,
    seq: u64,
}

/// A subscription without its secret.
#[derive(Serialize)]
struct Standee {
    id: String,
    account: String,
    calendar: String,
    url: String,
    expires: String,
    sent: u64,
}

pub(super) async fn show(State(cloud): State<Cloud>) -> Response {
    Json(standing(&cloud)).into_response()
}

pub(super) async fn follow(State(cloud): State<Cloud>, headers: HeaderMap, body: Bytes) -> Response {
    if is_cross_site(&headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let wish = match serde_json::from_slice::<Wish>(&body) {
        Ok(wish) => wish,
        Err(error) => return refusal(&error.to_string()),
    };
    if let Err(nobody) = act(&cloud, &wish) {
        return refusal(&format!("nothing is called {nobody}"));
    }
    turn(&cloud, wish);
    Json(standing(&cloud)).into_response()
}

fn refusal(text: &str) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({ "error": text }))).into_response()
}

/// The deeds, which change the world; all or none. The error is what is not known.
fn act(cloud: &Cloud, wish: &Wish) -> Result<(), String> {
    cloud.change(|tx| {
        for (whose, deed) in [
            (&wish.expire_access_tokens, expire_access_tokens as fn(&mut Tx<'_>, Option<&str>)),
            (&wish.revoke, revoke_all),
            (&wish.forget_subscriptions, forget_subscriptions),
        ] {
            if let Some(whose) = whose {
                let account = account_id(tx, whose.account.as_deref())?;
                deed(tx, account.as_deref());
            }
        }
        if let Some(lifecycle) = &wish.lifecycle {
            let account = account_id(tx, lifecycle.account.as_deref())?;
            for subscription in subscriptions(tx, account.as_deref()) {
                tx.tell_lifecycle(&subscription.id, &lifecycle.event);
            }
        }
        if let Some(wanted) = &wish.share {
            share(tx, wanted)?;
        }
        if wish.expire_cursors {
            tx.expire_cursors();
        }
        Ok(())
    })
}

fn share(tx: &mut Tx<'_>, wanted: &Share) -> Result<(), String> {
    let with = account_id(tx, wanted.with.as_deref())?;
    let found = tx.world().calendars.get(&wanted.calendar).cloned();
    let mut calendar = found.ok_or_else(|| wanted.calendar.clone())?;
    match with {
        Some(account) => drop(calendar.shared_with.insert(account, Role::SharedReader)),
        None => calendar.publish(),
    }
    tx.put_calendar(calendar);
    Ok(())
}

fn account_id(tx: &Tx<'_>, named: Option<&str>) -> Result<Option<String>, String> {
    let Some(named) = named else { return Ok(None) };
    let found = tx.world().account(named).ok_or_else(|| named.to_owned())?;
    Ok(Some(found.id.clone()))
}

fn revoke_all(tx: &mut Tx<'_>, account: Option<&str>) {
    let meant = |of: &str| account.is_none_or(|account| account == of);
    let consents: Vec<(String, String)> = tx
        .world()
        .consents
        .values()
        .filter(|consent| meant(&consent.account))
        .map(|consent| (consent.account.clone(), consent.client.clone()))
        .collect();
    for (account, client) in consents {
        revoke(tx, &account, &client);
    }
    for subscription in subscriptions(tx, account) {
        tx.tell_lifecycle(&subscription.id, "reauthorizationRequired");
    }
}

fn forget_subscriptions(tx: &mut Tx<'_>, account: Option<&str>) {
    for subscription in subscriptions(tx, account) {
        tx.tell_lifecycle(&subscription.id, "subscriptionRemoved");
        tx.remove_subscription(&subscription.id);
    }
}

fn subscriptions(tx: &Tx<'_>, account: Option<&str>) -> Vec<Subscription> {
    let meant = |one: &&Subscription| account.is_none_or(|account| account == one.account);
    tx.world().subscriptions.values().filter(meant).cloned().collect()
}

/// The switches, which live in memory.
fn turn(cloud: &Cloud, wish: Wish) {
    cloud.inner.control.turn(|switches| {
        if let Some(faults) = wish.faults {
            switches.planned = faults;
        }
        if let Some(notifications) = wish.notifications {
            switches.notifications = notifications;
        }
        if let Some(sign_in) = wish.sign_in {
            switches.sign_in = sign_in;
        }
        if let Some(token) = wish.token {
            switches.token = token;
        }
        if wish.reset_counts {
            switches.requests.clear();
            switches.batched.clear();
        }
    });
}

fn standing(cloud: &Cloud) -> Standing {
    let (mails, subscriptions, waiting_notifications, seq) = cloud.read(|world| {
        let mails = world.mails.values().cloned().collect();
        let subscriptions = world.subscriptions.values().map(standee).collect();
        (mails, subscriptions, world.outbox.len(), world.seq)
    });
    cloud.inner.control.look(|switches| Standing {
        faults: switches.planned.clone(),
        notifications: switches.notifications,
        sign_in: switches.sign_in.clone(),
        token: switches.token,
        requests: switches.requests.clone(),
        batched: switches.batched.clone(),
        mails,
        subscriptions,
        waiting_notifications,
        seq,
    })
}

fn standee(one: &Subscription) -> Standee {
    Standee {
        id: one.id.clone(),
        account: one.account.clone(),
        calendar: one.calendar.clone(),
        url: one.url.clone(),
        expires: one.expires.to_string(),
        sent: one.sent,
    }
}
