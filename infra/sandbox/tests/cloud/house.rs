//! A provider in memory, with a clock that a test moves and a receiver that it reads.

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use daybook_sandbox::cloud::{Answered, Caller, Cloud, Dialect, Item, Opening, Subscription, Unreachable};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::face::Plain;

pub const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
/// Google's names, since most tests are about Google.
pub const EVENTS: &str = "https://www.googleapis.com/auth/calendar.events";
pub const LIST: &str = "https://www.googleapis.com/auth/calendar.calendarlist.readonly";

pub struct House {
    pub cloud: Cloud,
    pub now: Arc<Mutex<Timestamp>>,
    pub receiver: Arc<Receiver>,
}

/// What was posted, and what is answered: a status, or 0 for nobody there.
#[derive(Default)]
pub struct Receiver {
    pub posts: Mutex<Vec<Post>>,
    pub status: Mutex<u16>,
}

#[derive(Clone, Debug)]
pub struct Post {
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Post {
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(of, _)| of == name).map_or("", |(_, value)| value)
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

#[async_trait]
impl Caller for Receiver {
    async fn post(
        &self,
        url: &str,
        headers: &[(String, String)],
        body: String,
    ) -> Result<Answered, Unreachable> {
        self.posts.lock().unwrap().push(Post { url: url.to_owned(), headers: headers.to_vec(), body });
        match *self.status.lock().unwrap() {
            0 => Err(Unreachable),
            status => Ok(Answered { status, content_type: String::new(), body: String::new() }),
        }
    }
}

pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// A parameter of the address that the browser is sent to.
    pub fn sent_with(&self, name: &str) -> Option<String> {
        let to = url::Url::parse(self.header("location")).unwrap();
        let fragment = url::Url::parse(&format!("x:/?{}", to.fragment().unwrap_or_default())).unwrap();
        let found = to.query_pairs().chain(fragment.query_pairs()).find(|(of, _)| of == name);
        found.map(|(_, value)| value.into_owned())
    }
}

impl House {
    pub fn google() -> Self {
        Self::open(Dialect::Google, None)
    }

    pub fn microsoft() -> Self {
        Self::open(Dialect::Microsoft, None)
    }

    /// Opened on Thursday, 26 November 2026, 10:00 in New York.
    pub fn open(dialect: Dialect, file: Option<PathBuf>) -> Self {
        let now = Arc::new(Mutex::new("2026-11-26T15:00:00Z".parse().unwrap()));
        let receiver = Arc::new(Receiver { status: Mutex::new(200), ..Receiver::default() });
        let clock = Arc::clone(&now);
        let mount = match dialect {
            Dialect::Google => "http://sandbox.test/sandbox/google",
            Dialect::Microsoft => "http://sandbox.test/sandbox/microsoft",
        };
        let opening = Opening {
            file,
            base: mount.parse().unwrap(),
            clock: Arc::new(move || *clock.lock().unwrap()),
            caller: Arc::clone(&receiver) as Arc<dyn Caller>,
        };
        let cloud = Cloud::open(opening, dialect, Arc::new(Plain)).unwrap();
        Self { cloud, now, receiver }
    }

    pub fn pass(&self, seconds: i64) {
        let mut now = self.now.lock().unwrap();
        *now += SignedDuration::from_secs(seconds);
    }

    pub async fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.cloud.mount()));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let router = self.cloud.routes(Router::new());
        let response = router.oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap();
        let (head, body) = response.into_parts();
        let text = String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap();
        Reply { status: head.status, headers: head.headers, text }
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.call("GET", path, &[], "").await
    }

    pub async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        self.call("POST", path, &[FORM], &encoded(fields)).await
    }

    pub async fn control(&self, wish: Value) -> Reply {
        self.call("POST", "/control", &[], &wish.to_string()).await
    }

    pub fn account(&self, email: &str) -> String {
        self.cloud.read(|world| world.account(email).unwrap().id.clone())
    }

    pub fn primary(&self, email: &str) -> String {
        let account = self.account(email);
        self.cloud.read(|world| world.primary(&account).unwrap().id.clone())
    }

    /// Puts an item of an hour on Friday morning.
    pub fn put(&self, calendar: &str, id: &str) -> Item {
        let body = json!({"title": id, "start": "2026-11-27T14:00:00Z", "end": "2026-11-27T15:00:00Z"});
        let put: Result<Item, Infallible> =
            self.cloud.change(|tx| Ok(tx.put_item(Item::new(calendar, id, body))));
        put.unwrap()
    }

    /// A subscription of Ada's main calendar for a week.
    pub fn subscribe(&self, id: &str) -> String {
        let calendar = self.primary("ada@clinic.example");
        self.cloud.issue("ada@clinic.example", "app", &["openid"]).unwrap();
        let subscription = Subscription {
            id: id.to_owned(),
            account: self.account("ada@clinic.example"),
            client: "app".to_owned(),
            calendar: calendar.clone(),
            url: "https://hooks.test/push".to_owned(),
            lifecycle_url: Some("https://hooks.test/lifecycle".to_owned()),
            secret: Some("s3cret".to_owned()),
            expires: self.cloud.now() + SignedDuration::from_hours(24 * 7),
            resource: "the/resource".to_owned(),
            sent: 0,
            extra: json!({"resourceId": "res-1"}),
        };
        let _: Result<(), Infallible> = self.cloud.change(|tx| {
            tx.put_subscription(subscription);
            Ok(())
        });
        calendar
    }

    /// What is posted when all that is due goes out.
    pub async fn delivered(&self) -> Vec<Post> {
        self.cloud.deliver_due().await;
        std::mem::take(&mut *self.receiver.posts.lock().unwrap())
    }
}

pub fn encoded(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}
