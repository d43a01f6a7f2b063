//! A person in Google Calendar.

use async_trait::async_trait;
use daybook_core::ids::{CalendarId, ItemId};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Hands, segment, text_of};
use crate::contract::{Person, Planned};

pub struct GooglePerson {
    hands: Hands,
}

impl GooglePerson {
    /// `origin` is what `calendar/v3` lies below.
    pub fn new(origin: &str, token: &str) -> Self {
        Self { hands: Hands::new(&format!("{origin}/calendar/v3"), token) }
    }

    fn event(calendar: &CalendarId, item: &ItemId) -> String {
        format!("{}/{}", Self::events(calendar), segment(item.as_str()))
    }

    fn events(calendar: &CalendarId) -> String {
        format!("/calendars/{}/events", segment(calendar.as_str()))
    }

    async fn change(&self, calendar: &CalendarId, item: &ItemId, body: Value) {
        self.hands.do_it(Method::PATCH, &Self::event(calendar, item), Some(body)).await;
    }
}

#[async_trait]
impl Person for GooglePerson {
    async fn add(&self, calendar: &CalendarId, name: &str, planned: Planned) -> ItemId {
        let mut event = json!({
            "summary": name,
            "start": {"dateTime": "2026-03-03T10:00:00Z", "timeZone": "UTC"},
            "end": {"dateTime": "2026-03-03T11:00:00Z", "timeZone": "UTC"},
        });
        match planned {
            Planned::Once | Planned::Broken => {}
            Planned::AllDay => {
                event["start"] = json!({"date": "2026-03-03"});
                event["end"] = json!({"date": "2026-03-04"});
            }
            Planned::Daily => event["recurrence"] = json!(["RRULE:FREQ=DAILY;COUNT=3"]),
        }
        let made = self.hands.do_it(Method::POST, &Self::events(calendar), Some(event)).await;
        ItemId::new(text_of(&made["id"]))
    }

    async fn decorate(&self, calendar: &CalendarId, item: &ItemId) {
        let reminders = json!({"useDefault": false, "overrides": [{"method": "popup", "minutes": 15}]});
        let additions = json!({"description": "bring the key", "colorId": "7", "reminders": reminders});
        self.change(calendar, item, additions).await;
    }

    async fn is_decorated(&self, calendar: &CalendarId, item: &ItemId) -> bool {
        let event = self.hands.do_it(Method::GET, &Self::event(calendar, item), None).await;
        event["description"] == "bring the key"
            && event["colorId"] == "7"
            && event["reminders"]["overrides"][0]["minutes"] == 15
    }

    async fn drag(&self, calendar: &CalendarId, item: &ItemId) {
        let body = json!({
            "start": {"dateTime": "2026-03-10T10:00:00Z"},
            "end": {"dateTime": "2026-03-10T10:50:00Z"},
        });
        self.change(calendar, item, body).await;
    }

    async fn remove(&self, calendar: &CalendarId, item: &ItemId) {
        self.hands.do_it(Method::DELETE, &Self::event(calendar, item), None).await;
    }

    async fn remove_calendar(&self, calendar: &CalendarId) {
        let path = format!("/calendars/{}", segment(calendar.as_str()));
        self.hands.do_it(Method::DELETE, &path, None).await;
    }

    async fn change_occurrences(&self, calendar: &CalendarId, item: &ItemId) {
        let path = format!(
            "{}/instances?timeMin=2026-03-01T00:00:00Z&timeMax=2026-04-01T00:00:00Z",
            Self::event(calendar, item)
        );
        let instances = self.hands.do_it(Method::GET, &path, None).await;
        let id = |number: usize| ItemId::new(text_of(&instances["items"][number]["id"]));
        let moved = json!({
            "start": {"dateTime": "2026-03-04T15:00:00Z", "timeZone": "UTC"},
            "end": {"dateTime": "2026-03-04T16:00:00Z", "timeZone": "UTC"},
        });
        self.change(calendar, &id(1), moved).await;
        self.remove(calendar, &id(2)).await;
    }
}
