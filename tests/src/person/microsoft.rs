//! A person in Outlook.

use async_trait::async_trait;
use daybook_core::ids::{CalendarId, ItemId};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Hands, segment, text_of};
use crate::contract::{Person, Planned};

pub struct MicrosoftPerson {
    hands: Hands,
}

impl MicrosoftPerson {
    /// `api` includes the version.
    pub fn new(api: &str, token: &str) -> Self {
        Self { hands: Hands::new(api, token) }
    }

    fn event(item: &ItemId) -> String {
        format!("/me/events/{}", segment(item.as_str()))
    }

    async fn change(&self, item: &ItemId, body: Value) {
        self.hands.do_it(Method::PATCH, &Self::event(item), Some(body)).await;
    }
}

fn utc(time: &str) -> Value {
    json!({"dateTime": time, "timeZone": "UTC"})
}

#[async_trait]
impl Person for MicrosoftPerson {
    async fn add(&self, calendar: &CalendarId, name: &str, planned: Planned) -> ItemId {
        let mut event = json!({
            "subject": name,
            "start": utc("2026-03-03T10:00:00"),
            "end": utc("2026-03-03T11:00:00"),
            "showAs": "busy",
        });
        match planned {
            Planned::Once | Planned::Broken => {}
            Planned::AllDay => {
                event["isAllDay"] = json!(true);
                event["start"] = utc("2026-03-03T00:00:00");
                event["end"] = utc("2026-03-04T00:00:00");
            }
            Planned::Daily => {
                event["recurrence"] = json!({
                    "pattern": {"type": "daily", "interval": 1},
                    "range": {"type": "numbered", "startDate": "2026-03-03", "numberOfOccurrences": 3,
                              "recurrenceTimeZone": "UTC"},
                });
            }
        }
        let path = format!("/me/calendars/{}/events", segment(calendar.as_str()));
        let made = self.hands.do_it(Method::POST, &path, Some(event)).await;
        ItemId::new(text_of(&made["id"]))
    }

    async fn decorate(&self, _: &CalendarId, item: &ItemId) {
        let additions = json!({
            "body": {"contentType": "text", "content": "bring the key"},
            "categories": ["teal"],
            "isReminderOn": true,
            "reminderMinutesBeforeStart": 15,
        });
        self.change(item, additions).await;
    }

    async fn is_decorated(&self, _: &CalendarId, item: &ItemId) -> bool {
        let event = self.hands.do_it(Method::GET, &Self::event(item), None).await;
        // Outlook wraps what it is given into a page.
        let says = event["body"]["content"].as_str().is_some_and(|text| text.contains("bring the key"));
        says && event["categories"] == json!(["teal"])
            && event["isReminderOn"] == true
            && event["reminderMinutesBeforeStart"] == 15
    }

    async fn drag(&self, _: &CalendarId, item: &ItemId) {
        self.change(item, json!({"start": utc("2026-03-10T10:00:00"), "end": utc("2026-03-10T10:50:00")}))
            .await;
    }

    async fn remove(&self, _: &CalendarId, item: &ItemId) {
        self.hands.do_it(Method::DELETE, &Self::event(item), None).await;
    }

    async fn remove_calendar(&self, calendar: &CalendarId) {
        let path = format!("/me/calendars/{}", segment(calendar.as_str()));
        self.hands.do_it(Method::DELETE, &path, None).await;
    }

    async fn change_occurrences(&self, calendar: &CalendarId, item: &ItemId) {
        let path = format!(
            "{}/instances?startDateTime=2026-03-01T00:00:00Z&endDateTime=2026-04-01T00:00:00Z",
            Self::event(item)
        );
        let instances = self.hands.do_it(Method::GET, &path, None).await;
        let mut ids: Vec<(String, ItemId)> = instances["value"]
            .as_array()
            .unwrap_or_else(|| panic!("no instances: {instances}"))
            .iter()
            .map(|one| (text_of(&one["start"]["dateTime"]), ItemId::new(text_of(&one["id"]))))
            .collect();
        ids.sort();
        let moved = json!({"start": utc("2026-03-04T15:00:00"), "end": utc("2026-03-04T16:00:00")});
        self.change(&ids[1].1, moved).await;
        self.remove(calendar, &ids[2].1).await;
    }
}
