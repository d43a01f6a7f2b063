//! A world for the API's tests: the real embedded table, and an EHR, an account, a vault and a queue that fit on a page.
//! There are no workers: what the API leaves in the queue stays there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, dead_code)]

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use daybook_core::appointment::{Appointment, ProposedPolicy};
use daybook_core::connection::{Connection, Provider};
use daybook_core::detail::Detail;
use daybook_core::hours::Hours;
use daybook_core::ids::{AppointmentId, CalendarId, Cursor, PracticeId, PractitionerId, ScheduleId};
use daybook_core::key::PracticeKey;
use daybook_core::launch::LaunchTrust;
use daybook_core::policy::{AccountHome, AccountKind, Onlooker, Policy};
use daybook_core::time::Interval;
use daybook_dynamodb::{Embedded, Table, embedded_client};
use daybook_engine::ports::{
    AccessTokens, Account, AccountIdentity, Acquired, Appointments, Calendar, CalendarInfo, CalendarProvider,
    Changes, Clock, Code, Completeness, ConnectionRef, Connections, Credentials, Ehr, Ehrs, Found, LeaseTerm,
    Login, MirrorSighting, Mirrors, PageRefusal, PageSignIn, PasswordSignIn, Practice, Practices,
    Practitioner, Queue, Random, Refreshed, Release, RemoteError, Request as SyncRequest, SignIn, SignedIn,
    StoreError, Stored, Vault, VaultError, Visit,
};
use daybook_engine::{Engine, Providers};
use daybook_settings::{Keyring, PlatformKeys, feeds, pages, platform, router};
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tower::ServiceExt;

pub const KEY: &str = "key-of-demo";
pub const OTHER_KEY: &str = "key-of-other";
pub const PLATFORM: &str = "key-of-the-platform";
pub const PASSWORD: &str = "hunter2-and-more";

pub mod launch;

pub const RETURN_URL: &str = "https://demo.ehr.example/settings";

pub struct World {
    pub router: Router,
    pub queue: Arc<Heap>,
    pub ehr: Arc<OneEhr>,
    pub clock: Arc<StoppedClock>,
    pub store: Arc<Table>,
    _table: Embedded,
}

/// One answer, read to its end.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
    pub text: String,
}

impl World {
    pub async fn new() -> Self {
        let (client, embedded) = embedded_client(None).unwrap();
        let clock = Arc::new(StoppedClock::default());
        let table = Table::new(client, "daybook", clock.clone());
        table.create_if_missing().await.unwrap();
        for id in ["demo", "other"] {
            table.put_practice(&practice(id)).await.unwrap();
        }
        let queue = Arc::new(Heap::default());
        let ehr = Arc::new(OneEhr::default());
        let store = Arc::new(table);
        let engine = Engine::new(
            store.clone(),
            Arc::new(Drawer::default()),
            queue.clone(),
            ehr.clone(),
            providers(),
            clock.clone(),
            Arc::new(Counting::default()),
        );
        let mut keys = Keyring::default();
        keys.add("demo".into(), &KEY.to_owned().into());
        keys.add("other".into(), &OTHER_KEY.to_owned().into());
        let people = pages(engine.clone(), store.clone(), vec!["demo".into(), "other".into()]);
        let platform_keys = PlatformKeys::of(&[PLATFORM.to_owned().into()]);
        let platform = platform(engine.clone(), platform_keys, store.clone());
        let files = feeds(engine.clone());
        let router = router(engine, keys, store.clone()).merge(platform).merge(people).merge(files);
        Self { router, queue, ehr, clock, store, _table: embedded }
    }

    /// Asks with the key of `demo` and a JSON body.
    pub async fn ask(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        self.ask_with(method, path, body, &[]).await
    }

    pub async fn ask_with(
        &self,
        method: &str,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let bearer = format!("Bearer {KEY}");
        let mut all = vec![("authorization", bearer.as_str())];
        if body.is_some() {
            all.push(("content-type", "application/json"));
        }
        all.retain(|(name, _)| !headers.iter().any(|(given, _)| given == name));
        all.extend(headers.iter().filter(|(_, value)| !value.is_empty()));
        self.ask_raw(method, path, body.map(|body| body.to_string()).unwrap_or_default(), &all).await
    }

    pub async fn ask_raw(&self, method: &str, path: &str, body: String, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body)).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Answer { status: parts.status, headers: parts.headers, body, text }
    }

    /// Leaves a connection as a person and a run would have left it, everything answered. Returns its page's path.
    pub async fn arrange(&self, path: &str, change: impl FnOnce(&mut Connection)) -> String {
        let at = reference(path);
        let mut connection = self.store.find_connection(&at).await.unwrap().unwrap();
        change(&mut connection);
        connection.version += 1;
        self.store.command_connection(&connection).await.unwrap();
        let held = self.hold(path).await;
        self.let_go(held, connection).await;
        format!("/settings/connections/{}", at.id)
    }

    /// A run is at work on it.
    pub async fn hold(&self, path: &str) -> Acquired {
        let now = self.clock.now();
        let until = now + SignedDuration::from_mins(1);
        let term = LeaseTerm { holder: "test".into(), until, sole_process: None };
        self.store.acquire(&reference(path), &term, now).await.unwrap().unwrap()
    }

    /// And has ended, with this left.
    pub async fn let_go(&self, held: Acquired, left: Connection) {
        let at = ConnectionRef::from(&left);
        let left = Release {
            evidence: left.evidence,
            settled_settings: None,
            schedule: left.schedule,
            progress: None,
            problems: left.problems,
            answered: Some(held.connection.signals.received),
            done_marks: held.connection.signals.marks,
            told: left.told,
            notices: Vec::new(),
        };
        self.store.release(&at, held.generation, &left).await.unwrap();
    }

    /// Connects `prac-1` and returns the path of the connection.
    pub async fn connected(&self, more: Value) -> String {
        let made = self.ask("POST", CONNECTIONS, Some(body(more))).await;
        assert_eq!(made.status, 201, "{}", made.text);
        format!("{CONNECTIONS}/{}", made.body["id"].as_str().unwrap())
    }
}

pub const CONNECTIONS: &str = "/v1/practices/demo/connections";

/// A good body with these members over it.
#[expect(clippy::needless_pass_by_value, reason = "tests write it in place")]
pub fn body(more: Value) -> Value {
    let mut body = json!({"practitioner_id": "prac-1", "provider": "caldav", "caldav":
        {"url": "http://127.0.0.1:5232/", "username": "ada", "password": PASSWORD}});
    body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    body
}

fn practice(id: &str) -> Practice {
    Practice {
        id: id.into(),
        time_zone_fallback: None,
        proposed: ProposedPolicy::Ignore,
        launch: Some(LaunchTrust {
            issuer: format!("https://{id}.ehr.example"),
            keys: launch::keys(id),
            return_urls: vec![RETURN_URL.into()],
        }),
        frame_origins: if id == "demo" { vec!["https://demo.ehr.example".into()] } else { Vec::new() },
        policy: Policy::default(),
        set_at: None,
        notices_to: None,
    }
}

/// It stands until a test moves it on.
#[derive(Default)]
pub struct StoppedClock(AtomicI64);

impl StoppedClock {
    pub fn move_on(&self, by: SignedDuration) {
        self.0.fetch_add(by.as_secs(), Ordering::SeqCst);
    }
}

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        let begin: Timestamp = "2026-10-12T13:05:12.4Z".parse().unwrap();
        begin + SignedDuration::from_secs(self.0.load(Ordering::SeqCst))
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

#[derive(Default)]
struct Drawer(Mutex<HashMap<ConnectionRef, Stored>>);

#[async_trait]
impl Vault for Drawer {
    async fn practice_key(&self, practice: &PracticeId) -> Result<PracticeKey, VaultError> {
        let mut secret = [7; 32];
        secret[0] = u8::try_from(practice.as_str().len()).unwrap();
        Ok(PracticeKey::new(&secret))
    }

    async fn find_credentials(&self, at: &ConnectionRef) -> Result<Option<Stored>, VaultError> {
        Ok(self.0.lock().unwrap().get(at).cloned())
    }

    async fn put_credentials(
        &self,
        at: &ConnectionRef,
        credentials: &Credentials,
        replaces: Option<u64>,
    ) -> Result<u64, VaultError> {
        let version = replaces.unwrap_or_default() + 1;
        let stored = Stored { credentials: credentials.clone(), version };
        self.0.lock().unwrap().insert(at.clone(), stored);
        Ok(version)
    }

    async fn delete_credentials(&self, at: &ConnectionRef) -> Result<(), VaultError> {
        self.0.lock().unwrap().remove(at);
        Ok(())
    }
}

/// Knows `prac-1`, who lives in New York, and `prac-nowhere`, whose zone it does not tell. `prac-down` is where it is down.
#[derive(Default)]
pub struct OneEhr(Arc<Diary>);

/// What is booked, and how often and at which level somebody has looked. `None`: it does not answer.
pub struct Diary {
    pub booked: Mutex<Option<Vec<Appointment>>>,
    pub looks: Mutex<Vec<Detail>>,
    /// Whoever asks for what is booked waits for ever.
    pub hangs: AtomicBool,
}

impl Default for Diary {
    fn default() -> Self {
        Self { booked: Mutex::new(Some(Vec::new())), looks: Mutex::default(), hangs: AtomicBool::default() }
    }
}

impl OneEhr {
    pub fn book(&self, appointments: Option<Vec<Appointment>>) {
        *self.0.booked.lock().unwrap() = appointments;
    }

    /// From now on, who asks for what is booked waits for ever.
    pub fn hang(&self) {
        self.0.hangs.store(true, Ordering::SeqCst);
    }

    /// The levels that were asked for since last time.
    pub fn looks(&self) -> Vec<Detail> {
        std::mem::take(&mut *self.0.looks.lock().unwrap())
    }
}

#[async_trait]
impl Ehrs for OneEhr {
    async fn open(&self, _: &PracticeId) -> Result<Arc<dyn Ehr>, RemoteError> {
        Ok(Arc::new(OneEhr(self.0.clone())))
    }
}

#[async_trait]
impl Ehr for OneEhr {
    async fn practitioner(&self, id: &PractitionerId) -> Result<Practitioner, RemoteError> {
        let time_zone = match id.as_str() {
            "prac-1" => Some("America/New_York".to_owned()),
            "prac-nowhere" => None,
            "prac-down" => {
                return Err(RemoteError::Later { what: "the EHR".into(), retry_after: None, cause: None });
            }
            _ => return Err(RemoteError::Missing { what: "the practitioner".into() }),
        };
        Ok(Practitioner { name: None, time_zone, schedules: vec!["sch-1".into()], hours: Hours::default() })
    }

    async fn list_appointments(
        &self,
        _: &PractitionerId,
        _: Interval,
        detail: Detail,
    ) -> Result<Appointments, RemoteError> {
        self.0.looks.lock().unwrap().push(detail);
        if self.0.hangs.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        let down = || RemoteError::Later { what: "the EHR".into(), retry_after: None, cause: None };
        let items = self.0.booked.lock().unwrap().clone().ok_or_else(down)?;
        Ok(Appointments { items, unreadable: vec![], completeness: Completeness::Complete })
    }

    async fn get_appointments(
        &self,
        _: &[AppointmentId],
        _: Detail,
    ) -> Result<Vec<(AppointmentId, Found)>, RemoteError> {
        Ok(vec![])
    }

    async fn list_changes(&self, _: Option<&Cursor>) -> Result<Changes, RemoteError> {
        Ok(Changes { appointments: vec![], cursor: Cursor::new("1") })
    }

    async fn list_blocks(&self, _: &ScheduleId, _: Interval) -> Result<Vec<MirrorSighting>, RemoteError> {
        Ok(vec![])
    }

    fn blocks(&self, _: &ScheduleId) -> Arc<dyn Mirrors> {
        unimplemented!("no test of the API writes blocks")
    }
}

/// Everything but Microsoft, which this deployment does not offer.
fn providers() -> Providers {
    let caldav: Arc<dyn CalendarProvider> = Arc::new(OneServer);
    let google: Arc<dyn CalendarProvider> = Arc::new(OnePage);
    [(Provider::Caldav, caldav), (Provider::Google, google)].into()
}

/// A CalDAV server with two calendars; it knows one password, and the host `down` never answers.
struct OneServer;

impl CalendarProvider for OneServer {
    fn sign_in(&self) -> SignIn<'_> {
        SignIn::Password(self)
    }

    fn open(&self, _: &Credentials, _: Arc<dyn AccessTokens>) -> Result<Arc<dyn Account>, RemoteError> {
        Ok(Arc::new(OneServer))
    }
}

#[async_trait]
impl PasswordSignIn for OneServer {
    async fn prove(&self, login: Login) -> Result<(Credentials, AccountIdentity), RemoteError> {
        let Login { url, username, password } = login;
        if url.contains("//nowhere") {
            return Err(RemoteError::Missing { what: "the home of the account".into() });
        }
        if url.contains("//down") {
            return Err(RemoteError::Later { what: "the server".into(), retry_after: None, cause: None });
        }
        if password.expose_secret() != PASSWORD {
            return Err(RemoteError::Refused { what: "the server".into() });
        }
        let label = format!("{username}@127.0.0.1");
        let identity = AccountIdentity {
            provider: Provider::Caldav,
            subject: label.clone(),
            label,
            home: AccountHome::new(AccountKind::Server, "calendars.example.org"),
        };
        Ok((Credentials::Caldav { url, username, password, home: None, addresses: vec![] }, identity))
    }
}

/// A provider that asks for the password on its own page, to which nobody goes here.
struct OnePage;

impl CalendarProvider for OnePage {
    fn sign_in(&self) -> SignIn<'_> {
        SignIn::Page(self)
    }

    fn open(&self, _: &Credentials, _: Arc<dyn AccessTokens>) -> Result<Arc<dyn Account>, RemoteError> {
        unimplemented!("nobody signs in there")
    }
}

#[async_trait]
impl PageSignIn for OnePage {
    fn page(&self, _: &Visit) -> String {
        unimplemented!("nobody goes there")
    }

    fn read_refusal(&self, _: &str, _: &str) -> PageRefusal {
        unimplemented!("nobody comes back")
    }

    async fn redeem(&self, _: Code) -> Result<SignedIn, RemoteError> {
        unimplemented!("nobody comes back")
    }

    async fn refresh(&self, _: &Credentials) -> Result<Refreshed, RemoteError> {
        unimplemented!("there are no tokens")
    }

    async fn revoke(&self, _: &Credentials) -> Result<(), RemoteError> {
        unimplemented!("there are no tokens")
    }
}

#[async_trait]
impl Account for OneServer {
    async fn list_calendars(&self) -> Result<Vec<CalendarInfo>, RemoteError> {
        Ok(vec![calendar("/ada/home/", true), calendar("/ada/holidays/", false)])
    }

    async fn create_calendar(&self, _: &str, _: &str) -> Result<CalendarInfo, RemoteError> {
        Ok(calendar("/ada/work/", true))
    }

    async fn delete_calendar(&self, _: &CalendarId) -> Result<(), RemoteError> {
        unimplemented!("no test of the API deletes a calendar")
    }

    async fn onlookers(&self, _: &CalendarId) -> Result<Option<Vec<Onlooker>>, RemoteError> {
        Ok(Some(Vec::new()))
    }

    fn calendar(&self, _: &CalendarId) -> Arc<dyn Calendar> {
        unimplemented!("no test of the API reads events")
    }
}

fn calendar(id: &str, writable: bool) -> CalendarInfo {
    CalendarInfo {
        id: id.into(),
        name: id.trim_matches('/').replace('/', " "),
        time_zone: None,
        writable,
        owned: true,
        primary: false,
        shared: false,
    }
}

fn reference(path: &str) -> ConnectionRef {
    ConnectionRef { practice: "demo".into(), id: path.rsplit('/').next().unwrap().into() }
}
