//! A clinician's calendar app, as far as a test needs one: plain CalDAV requests against a server.

use serde_json::Value;

use super::town::own_app;
use crate::canary::plant;

pub const USER: &str = "clinician";
pub const PASSWORD: &str = "secret-ada";

/// One account at a CalDAV server.
pub struct Account {
    url: String,
    user: String,
    password: String,
    client: reqwest::Client,
}

/// A stored resource.
#[derive(Clone, Debug)]
pub struct Resource {
    pub path: String,
    pub body: String,
}

impl Account {
    pub fn at(url: &str) -> Self {
        Self::of(url, USER, PASSWORD)
    }

    /// Somebody else's.
    pub fn of(url: &str, user: &str, password: &str) -> Self {
        let client = own_app();
        let url = url.trim_end_matches('/').to_owned();
        Self { url, user: user.to_owned(), password: password.to_owned(), client }
    }

    pub async fn request(&self, method: &str, path: &str, depth: &str, body: String) -> (u16, String) {
        let request = self.client.request(method.parse().expect("a method"), format!("{}{path}", self.url));
        let request = request.basic_auth(&self.user, Some(&self.password)).header("Depth", depth);
        let answer = request.header("Content-Type", "text/calendar; charset=utf-8").body(body).send().await;
        let answer = answer.expect("an answer");
        (answer.status().as_u16(), answer.text().await.unwrap_or_default())
    }

    /// Makes a calendar and returns its path.
    pub async fn make_calendar(&self, name: &str) -> String {
        let path = format!("/{}/{name}/", self.user);
        let (status, text) = self.request("MKCALENDAR", &path, "0", String::new()).await;
        assert_eq!(status, 201, "{text}");
        path
    }

    /// Everything stored in a calendar.
    pub async fn resources(&self, calendar: &str) -> Vec<Resource> {
        let (status, text) = self.list(calendar).await;
        if status == 404 {
            // A calendar that is gone holds nothing.
            return Vec::new();
        }
        assert_eq!(status, 207, "{text}");
        let mut paths: Vec<String> =
            text.split("href>").filter(|part| part.contains(".ics")).map(before_tag).collect();
        paths.sort();
        paths.dedup();
        let mut resources = Vec::new();
        for path in paths {
            let (status, body) = self.request("GET", &path, "0", String::new()).await;
            if status == 200 {
                resources.push(Resource { path, body: unfold(&body) });
            }
        }
        resources
    }

    pub async fn has_calendar(&self, calendar: &str) -> bool {
        self.list(calendar).await.0 == 207
    }

    /// A server that reads a folder while somebody deletes from it may stumble: it is asked again.
    async fn list(&self, calendar: &str) -> (u16, String) {
        for _ in 0..20 {
            let (status, text) = self.request("PROPFIND", calendar, "1", String::new()).await;
            if status < 500 {
                return (status, text);
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        (500, "it stumbles each time".into())
    }

    /// Stores an event of `lines` (DTSTART and so on) under `name`; it is full of canaries.
    pub async fn put(&self, calendar: &str, name: &str, lines: &str) {
        let body = plant::caldav_event(name, lines.trim());
        self.put_body(&format!("{calendar}{name}.ics"), body).await;
    }

    pub async fn put_body(&self, path: &str, body: String) {
        let (status, text) = self.request("PUT", path, "0", body).await;
        assert!(matches!(status, 200 | 201 | 204), "{status} {text}");
    }

    pub async fn delete(&self, path: &str) {
        let (status, text) = self.request("DELETE", path, "0", String::new()).await;
        assert!(matches!(status, 200 | 204), "{status} {text}");
    }
}

impl Resource {
    /// The first value of a property, parameters aside.
    pub fn property(&self, name: &str) -> Option<&str> {
        let lines = self.body.lines().map(str::trim_end);
        let mut found = lines.filter(|line| line.split([':', ';']).next() == Some(name));
        found.next()?.split_once(':').map(|(_, value)| value)
    }
}

/// The path of the main calendar in a connection's document.
pub fn main_calendar(connection: &Value) -> String {
    connection["main_calendar"]["id"].as_str().expect("a main calendar").to_owned()
}

fn before_tag(part: &str) -> String {
    part.split('<').next().unwrap_or_default().to_owned()
}

fn unfold(body: &str) -> String {
    body.replace("\r\n ", "").replace("\r\n\t", "").replace("\n ", "")
}
