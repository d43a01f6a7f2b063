//! Empties the outbox. A message counts as tried before it is posted, so that a change meanwhile is told anew and a
//! killed process sends again what it had not seen answered.

use std::convert::Infallible;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{google, microsoft};
use crate::cloud::caller::{Answered, Unreachable};
use crate::cloud::world::{Message, Saying};
use crate::cloud::{Cloud, Dialect};

/// Waits between attempts, in seconds; the last one repeats.
const BACK_OFF_S: [i64; 7] = [1, 5, 15, 30, 60, 300, 900];
/// How long Graph tries; Google says only "exponential back-off".
const GIVE_UP_AFTER: SignedDuration = SignedDuration::from_hours(4);
/// Graph puts several notifications for one address into one post.
const TOGETHER: usize = 20;
/// The pause after which the outbox is looked at in any case.
const IDLE: Duration = Duration::from_mins(1);

/// One request to make, and the messages that it carries.
pub(super) struct Post {
    pub(super) url: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
    pub(super) messages: Vec<Message>,
}

/// What becomes of messages after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Done,
    Again,
}

/// Posts for ever, one after the other.
pub(in crate::cloud) async fn deliver(cloud: Cloud) {
    loop {
        deliver_due(&cloud).await;
        let next = cloud.read(|world| world.outbox.values().map(|message| message.due).min());
        let pause = next.map_or(IDLE, |due| until(cloud.now(), due));
        tokio::select! {
            () = cloud.inner.wake.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

fn until(now: Timestamp, due: Timestamp) -> Duration {
    Duration::try_from(now.duration_until(due)).map_or(Duration::ZERO, |pause| pause.min(IDLE))
}

/// Posts what is due now, once; answers how many messages were sent.
pub(in crate::cloud) async fn deliver_due(cloud: &Cloud) -> usize {
    let messages = take_due(cloud);
    let count = messages.len();
    for post in posts(cloud, messages) {
        let answer = cloud.caller().post(&post.url, &post.headers, post.body).await;
        settle(cloud, &post.messages, outcome(cloud.dialect(), &answer));
    }
    count
}

/// The messages that are due, marked as tried; those of expired subscriptions are forgotten.
fn take_due(cloud: &Cloud) -> Vec<Message> {
    let now = cloud.now();
    let due = |message: &&Message| message.due <= now;
    if !cloud.read(|world| world.outbox.values().any(|message| due(&message))) {
        return Vec::new();
    }
    let taken: Result<Vec<Message>, Infallible> = cloud.change(|tx| {
        let (live, dead): (Vec<Message>, Vec<Message>) =
            tx.world().outbox.values().filter(due).cloned().partition(|message| message.to.expires > now);
        for message in dead {
            tx.drop_row::<Message>(&message.key);
        }
        for message in &live {
            let mut tried = message.clone();
            tried.attempts += 1;
            tried.due = now + wait_after(tried.attempts);
            tx.keep(tried);
        }
        Ok(live)
    });
    taken.unwrap_or_default()
}

fn posts(cloud: &Cloud, messages: Vec<Message>) -> Vec<Post> {
    match cloud.dialect() {
        Dialect::Google => messages.into_iter().map(google::post).collect(),
        Dialect::Microsoft => {
            let groups = grouped(messages);
            groups.into_iter().map(|group| cloud.read(|world| microsoft::post(world, group))).collect()
        }
    }
}

/// Messages for one address together, in order.
fn grouped(messages: Vec<Message>) -> Vec<Vec<Message>> {
    let mut groups: Vec<(String, Vec<Message>)> = Vec::new();
    for message in messages {
        let url = microsoft::address(&message);
        let open = groups.iter_mut().find(|(of, group)| *of == url && group.len() < TOGETHER);
        match open {
            Some((_, group)) => group.push(message),
            None => groups.push((url, vec![message])),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

/// Google retries four answers and drops every other; Graph retries whatever is no success.
fn outcome(dialect: Dialect, answer: &Result<Answered, Unreachable>) -> Outcome {
    let again = match (dialect, answer) {
        (_, Err(Unreachable)) => true,
        (Dialect::Google, Ok(answer)) => matches!(answer.status, 500 | 502 | 503 | 504),
        (Dialect::Microsoft, Ok(answer)) => !(200..300).contains(&answer.status),
    };
    if again { Outcome::Again } else { Outcome::Done }
}

fn settle(cloud: &Cloud, messages: &[Message], outcome: Outcome) {
    let now = cloud.now();
    let _: Result<(), Infallible> = cloud.change(|tx| {
        for message in messages {
            let too_old = message.since.duration_until(now) >= GIVE_UP_AFTER;
            if outcome == Outcome::Done || too_old {
                tx.drop_row::<Message>(&message.key);
            }
            if outcome == Outcome::Again && too_old && !matches!(message.saying, Saying::Lifecycle(_)) {
                tx.tell_lifecycle(&message.to.id, "missed");
            }
        }
        Ok(())
    });
}

fn wait_after(attempts: u32) -> SignedDuration {
    let step = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX).min(BACK_OFF_S.len() - 1);
    SignedDuration::from_secs(BACK_OFF_S.get(step).copied().unwrap_or(900))
}
