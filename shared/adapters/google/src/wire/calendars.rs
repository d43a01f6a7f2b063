//! The list of an account's calendars, making one, seeing whether one is empty, and deleting one.

use bytes::Bytes;
use daybook_engine::ports::RemoteError;
use http::Request;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

use super::{Api, Operation, Reply, failure, get, read, send_json};

/// One page of the list.
pub struct ListCalendars<'a> {
    pub page: Option<&'a str>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CalendarPage {
    #[serde(default)]
    pub items: Vec<CalendarEntry>,
    pub next_page_token: Option<String>,
}

/// A calendar as the account sees it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CalendarEntry {
    pub id: String,
    pub summary: Option<String>,
    /// What the account calls it.
    pub summary_override: Option<String>,
    pub description: Option<String>,
    pub time_zone: Option<String>,
    /// `freeBusyReader`, `reader`, `writer`, `owner`, and what may come.
    pub access_role: Option<String>,
    pub primary: Option<bool>,
    pub deleted: Option<bool>,
    /// Whose it is, where several own it.
    pub data_owner: Option<String>,
}

impl Operation for ListCalendars<'_> {
    type Answer = CalendarPage;

    fn what(&self) -> String {
        "the calendars of a Google account".into()
    }

    fn prepare(&self, api: &Api) -> Result<Request<Bytes>, http::Error> {
        let mut url = api.calendar(["users", "me", "calendarList"]);
        url.query_pairs_mut().append_pair("maxResults", "250").append_pair("showHidden", "true");
        if let Some(token) = self.page {
            url.query_pairs_mut().append_pair("pageToken", token);
        }
        get(&url)
    }

    fn parse(&self, reply: &Reply) -> Result<CalendarPage, RemoteError> {
        read(self.what(), reply)
    }
}

/// Makes a calendar. Google chooses its id, so that a description has to tell it from others of its name.
pub struct MakeCalendar<'a> {
    pub name: &'a str,
    pub description: &'a str,
    pub time_zone: Option<&'a str>,
}

impl Operation for MakeCalendar<'_> {
    type Answer = CalendarEntry;

    fn what(&self) -> String {
        "a new Google calendar".into()
    }

    fn prepare(&self, api: &Api) -> Result<Request<Bytes>, http::Error> {
        let mut body = json!({ "summary": self.name, "description": self.description });
        if let Some(zone) = self.time_zone
            && let Some(fields) = body.as_object_mut()
        {
            fields.insert("timeZone".into(), zone.into());
        }
        send_json("POST", &api.calendar(["calendars"]), &body)
    }

    fn parse(&self, reply: &Reply) -> Result<CalendarEntry, RemoteError> {
        read(self.what(), reply)
    }
}

/// Deletes a calendar. Deleting one that is gone succeeds.
pub struct DeleteCalendar<'a> {
    pub calendar: &'a str,
}

impl Operation for DeleteCalendar<'_> {
    type Answer = ();

    fn what(&self) -> String {
        "a Google calendar of ours".into()
    }

    fn prepare(&self, api: &Api) -> Result<Request<Bytes>, http::Error> {
        Request::delete(api.calendar(["calendars", self.calendar]).as_str()).body(Bytes::new())
    }

    fn parse(&self, reply: &Reply) -> Result<(), RemoteError> {
        match reply.status.as_u16() {
            200..=299 | 404 | 410 => Ok(()),
            _ => Err(failure(self.what(), reply)),
        }
    }
}

/// One page of what stands in a calendar at all, by id alone. A page may be empty though another follows.
pub struct ListAny<'a> {
    pub calendar: &'a str,
    pub page: Option<&'a str>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AnyPage {
    #[serde(default)]
    pub items: Vec<IgnoredAny>,
    pub next_page_token: Option<String>,
}

impl Operation for ListAny<'_> {
    type Answer = AnyPage;

    fn what(&self) -> String {
        "a Google calendar of ours".into()
    }

    fn prepare(&self, api: &Api) -> Result<Request<Bytes>, http::Error> {
        let mut url = api.calendar(["calendars", self.calendar, "events"]);
        url.query_pairs_mut()
            .append_pair("maxResults", "10")
            .append_pair("fields", "nextPageToken,items(id)");
        if let Some(token) = self.page {
            url.query_pairs_mut().append_pair("pageToken", token);
        }
        get(&url)
    }

    fn parse(&self, reply: &Reply) -> Result<AnyPage, RemoteError> {
        read(self.what(), reply)
    }
}
