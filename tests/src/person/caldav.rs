//! A person with a plain CalDAV calendar program.

use async_trait::async_trait;
use daybook_core::ids::{CalendarId, ItemId};
use reqwest::Method;

use crate::contract::{Person, Planned};

pub struct CaldavPerson {
    origin: String,
    username: String,
    password: String,
    client: reqwest::Client,
}

impl CaldavPerson {
    /// `origin` is the server without a path.
    pub fn new(origin: &str, username: &str, password: &str) -> Self {
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self { origin: origin.into(), username: username.into(), password: password.into(), client }
    }

    /// One request; `body` is iCalendar.
    pub async fn ask(&self, method: Method, path: &str, body: String) -> reqwest::Response {
        let request = self.client.request(method, format!("{}{path}", self.origin));
        let request = request.basic_auth(&self.username, Some(&self.password));
        request.header("content-type", "text/calendar").body(body).send().await.expect("an answer")
    }

    async fn read(&self, item: &ItemId) -> String {
        self.ask(Method::GET, item.as_str(), String::new()).await.text().await.expect("a text")
    }

    async fn write(&self, item: &ItemId, body: String) {
        let answer = self.ask(Method::PUT, item.as_str(), body).await;
        assert!(answer.status().is_success(), "{}", answer.status());
    }
}

/// Some servers want it unique over all calendars of an account.
fn uid(calendar: &CalendarId, name: &str) -> String {
    let stem = calendar.as_str().trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    format!("{name}-{stem}")
}

const ALARM: &str =
    "BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:leave now\r\nTRIGGER:-PT15M\r\nEND:VALARM\r\n";

#[async_trait]
impl Person for CaldavPerson {
    async fn add(&self, calendar: &CalendarId, name: &str, planned: Planned) -> ItemId {
        let timed = "DTSTART:20260303T100000Z\r\nDTEND:20260303T110000Z\r\n";
        let when = match planned {
            Planned::Once => timed.to_owned(),
            Planned::AllDay => "DTSTART;VALUE=DATE:20260303\r\nDTEND;VALUE=DATE:20260304\r\n".into(),
            Planned::Daily => format!("{timed}RRULE:FREQ=DAILY;COUNT=3\r\n"),
            Planned::Broken => format!("{timed}RRULE:FREQ=SECONDLY;COUNT=3\r\n"),
        };
        let item = ItemId::new(format!("{calendar}{name}.ics"));
        let uid = uid(calendar, name);
        let event = format!("UID:{uid}\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:private\r\n{when}");
        let body = format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//a person//EN\r\nBEGIN:VEVENT\r\n{event}END:VEVENT\r\nEND:VCALENDAR\r\n"
        );
        self.write(&item, body).await;
        item
    }

    async fn decorate(&self, _: &CalendarId, item: &ItemId) {
        let additions = format!("DESCRIPTION:bring the key\r\nCOLOR:teal\r\n{ALARM}END:VEVENT");
        self.write(item, self.read(item).await.replace("END:VEVENT", &additions)).await;
    }

    async fn is_decorated(&self, _: &CalendarId, item: &ItemId) -> bool {
        let text = self.read(item).await;
        ["DESCRIPTION:bring the key", "COLOR:teal", "TRIGGER:-PT15M"].iter().all(|line| text.contains(line))
    }

    async fn drag(&self, _: &CalendarId, item: &ItemId) {
        let text = self.read(item).await;
        self.write(item, text.replace("T090000Z", "T100000Z").replace("T095000Z", "T105000Z")).await;
    }

    async fn remove(&self, _: &CalendarId, item: &ItemId) {
        self.ask(Method::DELETE, item.as_str(), String::new()).await;
    }

    async fn remove_calendar(&self, calendar: &CalendarId) {
        self.ask(Method::DELETE, calendar.as_str(), String::new()).await;
    }

    async fn change_occurrences(&self, calendar: &CalendarId, item: &ItemId) {
        let uid = uid(calendar, "daily");
        let text = self.read(item).await.replace("COUNT=3", "COUNT=3\r\nEXDATE:20260305T100000Z");
        let moved = format!(
            "BEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:20260101T000000Z\r\nRECURRENCE-ID:20260304T100000Z\r\n\
                     DTSTART:20260304T150000Z\r\nDTEND:20260304T160000Z\r\nSUMMARY:private\r\nEND:VEVENT\r\nEND:VCALENDAR"
        );
        self.write(item, text.replace("END:VCALENDAR", &moved)).await;
    }
}
