//! A world for the hook's tests: the real embedded table with connections in it, and an EHR that counts how often it is
//! asked what changed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, dead_code)]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use daybook_core::appointment::ProposedPolicy;
use daybook_core::connection::{
    AccountName, AgedOut, BlockScope, BlockingCalendars, Connection, Direction, Evidence, MainCalendar,
    Provider, Schedule, Settings, Signals, Start,
};
use daybook_core::detail::Detail;
use daybook_core::ids::{AppointmentId, Cursor, PracticeId, PractitionerId, ScheduleId};
use daybook_core::key::PracticeKey;
use daybook_core::notice::Told;
use daybook_core::policy::{AccountHome, AccountKind, Policy};
use daybook_core::time::Interval;
use daybook_core::window::WindowDays;
use daybook_dynamodb::{Embedded, Table, embedded_client};
use daybook_ehr_change::{HookKeys, HookSecret, router};
use daybook_engine::ports::{
    Appointments, Changes, Clock, ConnectionRef, Connections, Credentials, Ehr, Ehrs, Found, MirrorSighting,
    Mirrors, Practice, Practices, Practitioner, Queue, Random, RemoteError, Request as SyncRequest,
    StoreError, Stored, Vault, VaultError,
};
use daybook_engine::{Engine, Providers};
use http_body_util::BodyExt;
use jiff::Timestamp;
use serde_json::Value;
use tower::ServiceExt;

pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
pub const NOW: i64 = 1_791_810_312;

pub struct World {
    pub router: Router,
    pub table: Table,
    pub polls: Arc<AtomicU64>,
    pub queued: Arc<Heap>,
    pub clock: Arc<HandClock>,
    _embedded: Embedded,
}

impl World {
    /// Practice `demo` with connections `one` of practitioner `12` and `two` of practitioner `13`.
    pub async fn new() -> Self {
        let (client, embedded) = embedded_client(None).unwrap();
        let clock = Arc::new(HandClock(AtomicI64::new(NOW)));
        let table = Table::new(client, "daybook", clock.clone());
        table.create_if_missing().await.unwrap();
        table.put_practice(&practice()).await.unwrap();
        for (id, practitioner) in [("one", "12"), ("two", "13")] {
            table.create_connection(&connection(id, practitioner)).await.unwrap();
        }
        let polls = Arc::new(AtomicU64::new(0));
        let queued = Arc::new(Heap::default());
        let engine = Engine::new(
            Arc::new(table.clone()),
            Arc::new(Nobody),
            queued.clone(),
            Arc::new(QuietEhr(polls.clone())),
            Providers::default(),
            clock.clone(),
            Arc::new(Counting::default()),
        );
        let mut keys = HookKeys::default();
        keys.add("demo".into(), HookSecret::parse(SECRET).unwrap());
        Self { router: router(engine, keys), table, polls, queued, clock, _embedded: embedded }
    }

    /// Sends one request; the answer's body is null where it is no JSON.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> (StatusCode, Value) {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.router.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap();
        let status = response.status();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    /// What was marked on a connection, and how many signals it received.
    pub async fn marks(&self, id: &str) -> (Vec<String>, u64) {
        let at = ConnectionRef { practice: "demo".into(), id: id.into() };
        let signals = self.table.find_connection(&at).await.unwrap().unwrap().signals;
        (signals.marks.appointments.keys().map(ToString::to_string).collect(), signals.received)
    }

    pub fn polls(&self) -> u64 {
        self.polls.load(Ordering::Relaxed)
    }
}

/// Signs as a sender would, now.
pub fn signed(id: &str, body: &str) -> Vec<(&'static str, String)> {
    let signer = standardwebhooks::Webhook::new(SECRET).unwrap();
    vec![
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", NOW.to_string()),
        ("webhook-signature", signer.sign(id, NOW, body.as_bytes()).unwrap()),
    ]
}

fn practice() -> Practice {
    Practice {
        id: "demo".into(),
        time_zone_fallback: None,
        proposed: ProposedPolicy::Ignore,
        launch: None,
        frame_origins: Vec::new(),
        policy: Policy::default(),
        set_at: None,
        notices_to: None,
    }
}

fn connection(id: &str, practitioner: &str) -> Connection {
    let now = Timestamp::from_second(NOW).unwrap();
    Connection {
        practice: "demo".into(),
        id: id.into(),
        practitioner: practitioner.into(),
        provider: Provider::Caldav,
        account: Some(AccountName {
            subject: "ada".into(),
            label: "ada".into(),
            home: AccountHome::new(AccountKind::Private, "example.org"),
        }),
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

pub struct HandClock(pub AtomicI64);

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::Relaxed)).unwrap()
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

#[async_trait]
impl Queue for Heap {
    async fn send(&self, request: SyncRequest) -> Result<(), StoreError> {
        self.0.lock().unwrap().push(request);
        Ok(())
    }
}

/// An EHR in which nothing ever changes.
struct QuietEhr(Arc<AtomicU64>);

#[async_trait]
impl Ehrs for QuietEhr {
    async fn open(&self, _: &PracticeId) -> Result<Arc<dyn Ehr>, RemoteError> {
        Ok(Arc::new(QuietEhr(self.0.clone())))
    }
}

#[async_trait]
impl Ehr for QuietEhr {
    async fn practitioner(&self, _: &PractitionerId) -> Result<Practitioner, RemoteError> {
        unimplemented!("a hook asks nothing of a practitioner")
    }

    async fn list_appointments(
        &self,
        _: &PractitionerId,
        _: Interval,
        _: Detail,
    ) -> Result<Appointments, RemoteError> {
        unimplemented!("a hook lists nothing")
    }

    async fn get_appointments(
        &self,
        _: &[AppointmentId],
        _: Detail,
    ) -> Result<Vec<(AppointmentId, Found)>, RemoteError> {
        unimplemented!("a hook reads no appointment")
    }

    async fn list_changes(&self, _: Option<&Cursor>) -> Result<Changes, RemoteError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(Changes { appointments: vec![], cursor: Cursor::new("1") })
    }

    async fn list_blocks(&self, _: &ScheduleId, _: Interval) -> Result<Vec<MirrorSighting>, RemoteError> {
        unimplemented!("a hook reads no blocks")
    }

    fn blocks(&self, _: &ScheduleId) -> Arc<dyn Mirrors> {
        unimplemented!("a hook writes no blocks")
    }
}

/// A hook reads no secret: whoever asks is wrong.
struct Nobody;

#[async_trait]
impl Vault for Nobody {
    async fn practice_key(&self, _: &PracticeId) -> Result<PracticeKey, VaultError> {
        unimplemented!("a hook reads no key")
    }

    async fn find_credentials(&self, _: &ConnectionRef) -> Result<Option<Stored>, VaultError> {
        unimplemented!("a hook reads no credentials")
    }

    async fn put_credentials(
        &self,
        _: &ConnectionRef,
        _: &Credentials,
        _: Option<u64>,
    ) -> Result<u64, VaultError> {
        unimplemented!("a hook stores no credentials")
    }

    async fn delete_credentials(&self, _: &ConnectionRef) -> Result<(), VaultError> {
        unimplemented!("a hook deletes no credentials")
    }
}
