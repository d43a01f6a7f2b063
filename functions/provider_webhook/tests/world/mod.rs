//! A world for the webhooks' tests: the real embedded table with two connections and their subscriptions, and nothing
//! beside it. Whoever asks a vault, an EHR or a provider is wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, dead_code)]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use daybook_core::connection::{
    AgedOut, BlockScope, BlockingCalendars, Connection, Direction, Evidence, MainCalendar, Provider,
    Schedule, Settings, Signals, Start,
};
use daybook_core::detail::Detail;
use daybook_core::ids::PracticeId;
use daybook_core::key::PracticeKey;
use daybook_core::notice::Told;
use daybook_core::proof::Proof;
use daybook_core::window::WindowDays;
use daybook_dynamodb::{Embedded, Table, embedded_client};
use daybook_engine::ports::{
    Clock, ConnectionRef, Connections, Credentials, Ehr, Ehrs, Queue, Random, RemoteError,
    Request as SyncRequest, StoreError, Stored, SubscriptionRow, Subscriptions, Vault, VaultError,
};
use daybook_engine::{Engine, Providers};
use daybook_provider_webhook::router;
use http_body_util::BodyExt;
use jiff::Timestamp;
use tower::ServiceExt;

pub struct World {
    pub router: Router,
    pub table: Table,
    pub queued: Arc<Heap>,
    _embedded: Embedded,
}

/// One answer, read to its end.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl World {
    /// Connections `g` at Google and `m` at Microsoft; subscriptions `<connection>-home` and `<connection>-work`, each
    /// with the secret `s3cret-<subscription>`.
    pub async fn new() -> Self {
        let (client, embedded) = embedded_client(None).unwrap();
        let clock = Arc::new(StoppedClock);
        let table = Table::new(client, "daybook", clock.clone());
        table.create_if_missing().await.unwrap();
        for (id, provider) in [("g", Provider::Google), ("m", Provider::Microsoft)] {
            table.create_connection(&connection(id, provider)).await.unwrap();
            for calendar in ["home", "work"] {
                table.put_subscription(&subscription(id, provider, calendar)).await.unwrap();
            }
        }
        let queued = Arc::new(Heap::default());
        Self { router: over(table.clone(), queued.clone()), table, queued, _embedded: embedded }
    }

    /// A door whose table was never made.
    pub fn without_table() -> (Router, Embedded) {
        let (client, embedded) = embedded_client(None).unwrap();
        let table = Table::new(client, "daybook", Arc::new(StoppedClock));
        (over(table, Arc::default()), embedded)
    }

    pub async fn post(&self, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        send(&self.router, "POST", path, headers, body).await
    }

    /// Calendars and subscriptions that are marked on a connection, and how many signals it received.
    pub async fn marks(&self, id: &str) -> (Vec<String>, Vec<String>, u64) {
        let at = ConnectionRef { practice: "demo".into(), id: id.into() };
        let signals = self.table.find_connection(&at).await.unwrap().unwrap().signals;
        let names = |ids: Vec<&daybook_core::ids::CalendarId>| ids.iter().map(ToString::to_string).collect();
        (
            names(signals.marks.calendars.keys().collect()),
            names(signals.marks.subscriptions.keys().collect()),
            signals.received,
        )
    }
}

pub async fn send(
    router: &Router,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = router.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    Answer { status: parts.status, headers: parts.headers, text }
}

fn over(table: Table, queued: Arc<Heap>) -> Router {
    router(Engine::new(
        Arc::new(table),
        Arc::new(Nobody),
        queued,
        Arc::new(Nobody),
        Providers::default(),
        Arc::new(StoppedClock),
        Arc::new(Counting::default()),
    ))
}

fn subscription(id: &str, provider: Provider, calendar: &str) -> SubscriptionRow {
    let name = format!("{id}-{calendar}");
    SubscriptionRow {
        provider,
        id: name.as_str().into(),
        at: ConnectionRef { practice: "demo".into(), id: id.into() },
        calendar: calendar.into(),
        secret: Proof::of(&format!("s3cret-{name}")),
        expires_at: "2026-10-19T13:05:12Z".parse().unwrap(),
    }
}

fn connection(id: &str, provider: Provider) -> Connection {
    let now = StoppedClock.now();
    Connection {
        practice: "demo".into(),
        id: id.into(),
        practitioner: "prac-1".into(),
        provider,
        account: None,
        settings: Settings {
            direction: Direction::default(),
            window: WindowDays::default(),
            detail: Detail::Busy,
            main_calendar: MainCalendar::Create("Work schedule".into()),
            blocking_calendars: BlockingCalendars::Owned,
            aged_out: AgedOut::default(),
            block_scope: BlockScope::default(),
            reminder_minutes: None,
            start: Start::default(),
        },
        version: 1,
        evidence: Evidence {
            created_at: now,
            authorised_at: Some(now),
            started_at: Some(now),
            ..Evidence::default()
        },
        schedule: Schedule::default(),
        signals: Signals::default(),
        progress: None,
        problems: BTreeMap::new(),
        told: Told::default(),
    }
}

struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        "2026-10-12T13:05:12Z".parse().unwrap()
    }
}

#[derive(Default)]
struct Counting(AtomicU64);

impl Random for Counting {
    fn token(&self) -> String {
        format!("t{}", self.0.fetch_add(1, Ordering::Relaxed))
    }

    fn unit(&self) -> f64 {
        0.5
    }
}

#[derive(Default)]
pub struct Heap(pub Mutex<Vec<SyncRequest>>);

impl Heap {
    pub fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

#[async_trait]
impl Queue for Heap {
    async fn send(&self, request: SyncRequest) -> Result<(), StoreError> {
        self.0.lock().unwrap().push(request);
        Ok(())
    }
}

struct Nobody;

#[async_trait]
impl Ehrs for Nobody {
    async fn open(&self, _: &PracticeId) -> Result<Arc<dyn Ehr>, RemoteError> {
        unimplemented!("a webhook asks no EHR")
    }
}

#[async_trait]
impl Vault for Nobody {
    async fn practice_key(&self, _: &PracticeId) -> Result<PracticeKey, VaultError> {
        unimplemented!("a webhook reads no key")
    }

    async fn find_credentials(&self, _: &ConnectionRef) -> Result<Option<Stored>, VaultError> {
        unimplemented!("a webhook reads no credentials")
    }

    async fn put_credentials(
        &self,
        _: &ConnectionRef,
        _: &Credentials,
        _: Option<u64>,
    ) -> Result<u64, VaultError> {
        unimplemented!("a webhook stores no credentials")
    }

    async fn delete_credentials(&self, _: &ConnectionRef) -> Result<(), VaultError> {
        unimplemented!("a webhook deletes no credentials")
    }
}
