//! A world for the sign-in's tests: the real embedded table, and a provider that answers as the code or the password
//! says. There are no workers: what a sign-in leaves in the queue stays there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, dead_code)]

mod ports;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use daybook_core::appointment::ProposedPolicy;
use daybook_core::connection::{
    AgedOut, BlockScope, BlockingCalendars, Connection, Direction, MainCalendar, Provider, Settings, Start,
};
use daybook_core::detail::Detail;
use daybook_core::policy::Policy;
use daybook_core::window::WindowDays;
use daybook_dynamodb::{Embedded, Table, embedded_client};
use daybook_engine::connect::NewConnection;
use daybook_engine::ports::{ConnectionRef, Login, Practice, Practices};
use daybook_engine::{Engine, Providers};
use daybook_oauth_callback::{LeadsTo, router};
use http_body_util::BodyExt;
use tower::ServiceExt;

use ports::{Counting, Drawer, Heap, OneEhr, OnePage, OneServer};
pub use ports::{DAMAGED, HandClock, PASSWORD};

pub const PUBLIC: &str = "https://sync.example.org";

pub struct World {
    pub router: Router,
    pub engine: Engine,
    pub clock: Arc<HandClock>,
    _table: Embedded,
}

/// One answer, read to its end.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    /// What the browser keeps, as it sends it back.
    pub fn cookie(&self) -> Option<String> {
        let line = self.headers.get("set-cookie")?.to_str().unwrap();
        Some(line.split(';').next().unwrap().to_owned())
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl World {
    pub async fn new() -> Self {
        Self::at(PUBLIC).await
    }

    pub async fn at(public_url: &str) -> Self {
        let (client, embedded) = embedded_client(None).unwrap();
        let clock = Arc::new(HandClock::default());
        let table = Table::new(client, "daybook", clock.clone());
        table.create_if_missing().await.unwrap();
        table.put_practice(&practice()).await.unwrap();
        let mut engine = Engine::new(
            Arc::new(table),
            Arc::new(Drawer::default()),
            Arc::new(Heap),
            Arc::new(OneEhr),
            providers(),
            clock.clone(),
            Arc::new(Counting::default()),
        );
        public_url.clone_into(&mut engine.public_url);
        let mut leads_to = LeadsTo::default();
        leads_to.add(Provider::Google, &"https://accounts.example/auth".parse().unwrap());
        Self { router: router(engine.clone(), leads_to), engine, clock, _table: embedded }
    }

    /// A connection of `prac-1` that waits for a sign-in, and the path of its link.
    pub async fn waiting(&self, provider: Provider, settings: Settings) -> (Connection, String) {
        let connection = self.connect(provider, settings, None).await;
        let path = self.link(&connection).await;
        (connection, path)
    }

    pub async fn connect(&self, provider: Provider, settings: Settings, login: Option<Login>) -> Connection {
        let new = NewConnection {
            practice: "demo".into(),
            practitioner: "prac-1".into(),
            provider,
            settings,
            login,
        };
        self.engine.connect(new).await.unwrap()
    }

    pub async fn link(&self, connection: &Connection) -> String {
        let link = self.engine.sign_in_link(connection).await.unwrap().expect("it waits for a sign-in");
        link.strip_prefix(&self.engine.public_url).unwrap().to_owned()
    }

    pub async fn find(&self, connection: &Connection) -> Connection {
        let at = ConnectionRef { practice: "demo".into(), id: connection.id.clone() };
        self.engine.find(&at).await.unwrap()
    }

    pub async fn get(&self, path: &str, cookie: &str) -> Answer {
        self.send("GET", path, &[("cookie", cookie)], "").await
    }

    pub async fn post(&self, path: &str, cookie: &str, form: &str) -> Answer {
        let kind = ("content-type", "application/x-www-form-urlencoded");
        self.send("POST", path, &[("cookie", cookie), kind], form).await
    }

    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, text }
    }

    /// Opens the page and presses its button; returns the browser's cookie and the state that went along.
    pub async fn sent(&self, path: &str) -> (String, String) {
        let cookie = self.get(path, "").await.cookie().expect("a cookie");
        let gone = self.post(path, &cookie, "").await;
        assert_eq!(gone.status, 303, "{}", gone.text);
        (cookie, state_of(gone.header("location")))
    }
}

/// The state in the address of the provider's page.
pub fn state_of(page: &str) -> String {
    page.split("state=").nth(1).unwrap().split('&').next().unwrap().to_owned()
}

pub fn settings() -> Settings {
    Settings {
        direction: Direction::EhrToCalendar,
        window: WindowDays::default(),
        detail: Detail::Busy,
        main_calendar: MainCalendar::Create("Work schedule".into()),
        blocking_calendars: BlockingCalendars::Owned,
        aged_out: AgedOut::default(),
        block_scope: BlockScope::default(),
        reminder_minutes: None,
        start: Start::default(),
    }
}

fn providers() -> Providers {
    let page: Arc<OnePage> = Arc::new(OnePage);
    let server: Arc<OneServer> = Arc::new(OneServer);
    let mut providers = Providers::new();
    providers.insert(Provider::Google, page);
    providers.insert(Provider::Caldav, server);
    providers
}

fn practice() -> Practice {
    Practice {
        id: "demo".into(),
        time_zone_fallback: Some("America/New_York".into()),
        proposed: ProposedPolicy::Ignore,
        launch: None,
        frame_origins: Vec::new(),
        policy: Policy::default(),
        set_at: None,
        notices_to: None,
    }
}
