//! What a person does at a provider, in an app that is not ours: calendars, events, series, mirrors dragged and
//! deleted. One trait for all providers, so that a story is told once. It asks the stand-ins without faults.

mod dav;
mod google;
mod microsoft;

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use daybook_core::connection::Provider;
use daybook_core::ids::CalendarId;
use daybook_core::mirror::MirrorId;
use daybook_core::time::Interval;
use http::{Request, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::house::House;
pub use dav::DavHand;
pub use google::GoogleHand;
pub use microsoft::MicrosoftHand;

/// What stands in a calendar, series spread out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Standing {
    /// The item, or of a series the item of the whole.
    pub item: String,
    pub at: Interval,
    /// Whether its owner's time is taken.
    pub is_busy: bool,
    /// The name of ours that it goes by.
    pub mirror: Option<MirrorId>,
    pub title: String,
    pub is_private: bool,
    pub people: usize,
}

/// How often an event happens, a week apart each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Weeks {
    Once,
    Times(u32),
    ForEver,
}

/// A person with an app.
pub trait Hand {
    fn provider(&self) -> Provider;

    /// A new calendar of the person's own.
    fn make_calendar(&self, house: &House, name: &str) -> CalendarId;

    /// Puts an event into a calendar; returns the item.
    fn add(&self, house: &House, calendar: &CalendarId, at: Interval, weeks: Weeks) -> String;

    /// Moves an event, a whole series or a mirror.
    fn shift(&self, house: &House, calendar: &CalendarId, item: &str, to: Interval);

    fn delete(&self, house: &House, calendar: &CalendarId, item: &str);

    /// Moves one of a series, or deletes it.
    fn change_one(
        &self,
        house: &House,
        calendar: &CalendarId,
        item: &str,
        from: Interval,
        to: Option<Interval>,
    );

    /// Shows an event as free, or as busy again.
    fn show_as(&self, house: &House, calendar: &CalendarId, item: &str, shown: Shown);

    /// Copies an item in the same calendar to another time; returns the copy.
    fn copy(&self, house: &House, calendar: &CalendarId, item: &str, to: Interval) -> String;

    /// Everything that stands between two moments far apart.
    fn standing(&self, house: &House, calendar: &CalendarId) -> Vec<Standing>;

    /// No bookmark that was given out holds any longer.
    fn expire_bookmarks(&self, house: &House);

    /// Our own mirrors, in order of their times.
    fn mirrors(&self, house: &House, calendar: &CalendarId) -> Vec<Standing> {
        let mut mirrors = self.standing(house, calendar);
        mirrors.retain(|one| one.mirror.is_some());
        mirrors.sort_by_key(|one| one.at);
        mirrors
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shown {
    Busy,
    Free,
}

/// A person's access token, kept until it is refused.
#[derive(Default)]
pub struct Kept(Mutex<Option<String>>);

impl Kept {
    /// Asks with the token that is kept; with a fresh one where that is refused.
    fn ask(
        &self,
        issue: impl Fn() -> String,
        send: impl Fn(&str) -> (StatusCode, String),
    ) -> (StatusCode, String) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = send(kept.get_or_insert_with(&issue));
        if answer.0 == StatusCode::UNAUTHORIZED { send(kept.insert(issue())) } else { answer }
    }
}

/// The JSON of a request that must have succeeded.
fn json_of(line: &str, (status, body): (StatusCode, String)) -> Value {
    assert!(status.is_success(), "{line}: {status} {body}");
    serde_json::from_str(&body).unwrap_or_default()
}

/// Far enough around now for every test.
fn wide(house: &House) -> Interval {
    let now = house.world.lock().now;
    let day = SignedDuration::from_hours(24);
    Interval::between(now - day * 120, now + day * 400)
}

fn between(start: Timestamp, end: Timestamp) -> Interval {
    Interval::between(start, end)
}

/// One request of a person's app.
pub(super) struct Ask<'a> {
    pub method: &'a str,
    pub url: String,
    pub authorization: String,
    pub headers: &'a [(&'a str, &'a str)],
    pub body: String,
}

impl Ask<'_> {
    pub fn send(self, house: &House) -> (StatusCode, String) {
        let mut request = Request::builder().method(self.method).uri(&self.url);
        request = request.header("authorization", self.authorization);
        for (name, value) in self.headers {
            request = request.header(*name, *value);
        }
        let answer = house.browse(request.body(Bytes::from(self.body)).unwrap());
        (answer.status(), String::from_utf8_lossy(answer.body()).into_owned())
    }

    pub fn json(self, house: &House) -> Value {
        json_of(&format!("{} {}", self.method, self.url), self.send(house))
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn escaped(segment: &str) -> String {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let escape = |byte: u8| if safe(byte) { (byte as char).to_string() } else { format!("%{byte:02X}") };
    segment.bytes().map(escape).collect()
}
