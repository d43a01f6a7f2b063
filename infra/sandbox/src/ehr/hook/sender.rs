//! Empties the outbox: every message is posted until it is taken, refused for good, or three days old.
//! The outbox is the only memory, so that a killed process sends again what it had not seen answered.

use std::collections::HashSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::{Client, StatusCode, header};
use tokio::task::JoinSet;

use super::HookTarget;
use crate::ehr::store::Message;
use crate::ehr::{Sandbox, now};

/// Waits between attempts, in seconds; the last one repeats.
const BACK_OFF_S: [i64; 6] = [1, 5, 30, 300, 1_800, 3_600];
const GIVE_UP_AFTER: SignedDuration = SignedDuration::from_hours(72);
const AT_ONCE: usize = 8;
/// How many waiting messages are looked at in one go.
const LOOKED_AT: u32 = 256;
/// The pause after which the outbox is looked at in any case.
const IDLE: Duration = Duration::from_mins(1);

/// How one attempt went.
enum Outcome {
    Done,
    Failed { retry_after_s: Option<i64> },
}

/// Posts for ever. Up to eight deliveries run side by side, but never two about the same record, so that
/// its messages arrive in order while nothing fails.
pub(in crate::ehr) async fn deliver(sandbox: Sandbox, target: HookTarget) {
    let client = match client() {
        Ok(client) => client,
        Err(error) => return tracing::error!(%error, "the sandbox EHR cannot send hooks"),
    };
    let mut running: JoinSet<(Message, Outcome)> = JoinSet::new();
    let mut busy: HashSet<String> = HashSet::new();
    loop {
        let pause = start_due(&sandbox, &client, &target, &mut running, &mut busy);
        tokio::select! {
            Some(finished) = running.join_next() => {
                if let Ok((message, outcome)) = finished {
                    busy.remove(&message.subject);
                    settle(&sandbox, &message, &outcome);
                }
            }
            () = sandbox.inner.wake.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

fn client() -> reqwest::Result<Client> {
    Client::builder()
        .connect_timeout(Duration::from_secs(3))
        .timeout(Duration::from_secs(15))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
}

/// Starts what is due and free to go; answers how long nothing else will be.
fn start_due(
    sandbox: &Sandbox,
    client: &Client,
    target: &HookTarget,
    running: &mut JoinSet<(Message, Outcome)>,
    busy: &mut HashSet<String>,
) -> Duration {
    let waiting = match sandbox.transact(|tx| tx.waiting(LOOKED_AT)) {
        Ok(waiting) => waiting,
        Err(error) => {
            tracing::warn!(%error, "the sandbox EHR's outbox cannot be read");
            return Duration::from_secs(1);
        }
    };
    let now = now();
    for message in waiting {
        if busy.contains(&message.subject) {
            continue;
        }
        if message.due > now {
            return until(now, message.due);
        }
        if running.len() >= AT_ONCE {
            break;
        }
        busy.insert(message.subject.clone());
        running.spawn(attempt(client.clone(), target.clone(), message));
    }
    IDLE
}

fn until(now: Timestamp, due: Timestamp) -> Duration {
    Duration::try_from(now.duration_until(due)).map_or(IDLE, |pause| pause.min(IDLE))
}

async fn attempt(client: Client, target: HookTarget, message: Message) -> (Message, Outcome) {
    let now = now();
    let sent = client
        .post(target.url().clone())
        .header(header::CONTENT_TYPE, "application/json")
        .header("webhook-id", &message.delivery)
        .header("webhook-timestamp", now.as_second())
        .header("webhook-signature", target.sign(&message.delivery, now, &message.body))
        .body(message.body.clone())
        .send()
        .await;
    let outcome = match sent {
        Ok(answer) if answer.status().is_success() || answer.status() == StatusCode::GONE => Outcome::Done,
        Ok(answer) => Outcome::Failed { retry_after_s: retry_after_s(answer.headers()) },
        Err(_) => Outcome::Failed { retry_after_s: None },
    };
    (message, outcome)
}

fn retry_after_s(headers: &header::HeaderMap) -> Option<i64> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?;
    text.parse().ok().map(|seconds: i64| seconds.clamp(1, 3_600))
}

fn settle(sandbox: &Sandbox, message: &Message, outcome: &Outcome) {
    let now = now();
    let next = match outcome {
        Outcome::Done => None,
        Outcome::Failed { retry_after_s } => next_attempt(message, now, *retry_after_s),
    };
    let settled = sandbox.transact(|tx| match next {
        None => tx.forget(message),
        Some(due) => tx.put_off(message, due),
    });
    if let Err(error) = settled {
        tracing::warn!(%error, message_id = %message.delivery, "a delivered hook could not be noted");
    }
}

/// When to try again; `None` once the message is three days old.
fn next_attempt(message: &Message, now: Timestamp, retry_after_s: Option<i64>) -> Option<Timestamp> {
    let step = usize::try_from(message.attempts).unwrap_or(usize::MAX).min(BACK_OFF_S.len() - 1);
    let back_off_s = BACK_OFF_S.get(step).copied().unwrap_or(3_600);
    let wait = SignedDuration::from_secs(retry_after_s.unwrap_or(0).max(back_off_s));
    let due = now.checked_add(wait).ok()?;
    (message.created.duration_until(due) <= GIVE_UP_AFTER).then_some(due)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn waits_grow_and_end_after_three_days() {
        let created: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        for (attempts, age_h, retry_after_s, wait_s) in [
            (0, 0, None, Some(1)),
            (1, 0, None, Some(5)),
            (2, 0, Some(20), Some(30)),
            (2, 0, Some(40), Some(40)),
            (3, 0, None, Some(300)),
            (50, 70, None, Some(3_600)),
            (50, 72, None, None),
        ] {
            let message = Message {
                seq: 1,
                delivery: String::new(),
                subject: String::new(),
                body: String::new(),
                created,
                attempts,
                due: created,
            };
            let now = created + SignedDuration::from_hours(age_h);
            let due = next_attempt(&message, now, retry_after_s);
            assert_eq!(due.map(|due| now.duration_until(due).as_secs()), wait_s);
        }
    }
}
