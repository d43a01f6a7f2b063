//! The ports of the sign-in's world, each as small as it can be.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use daybook_core::access::{Access, Reads, Writes};
use daybook_core::connection::Provider;
use daybook_core::detail::Detail;
use daybook_core::hours::Hours;
use daybook_core::ids::{AppointmentId, CalendarId, Cursor, PracticeId, PractitionerId, ScheduleId};
use daybook_core::key::PracticeKey;
use daybook_core::policy::{AccountHome, AccountKind};
use daybook_core::time::Interval;
use daybook_engine::ports::{
    AccessToken, AccessTokens, Account, AccountIdentity, Appointments, Calendar, CalendarInfo,
    CalendarProvider, Changes, Clock, Code, ConnectionRef, Credentials, Ehr, Ehrs, Found, Login,
    MirrorSighting, Mirrors, PageRefusal, PageSignIn, PasswordSignIn, Practitioner, Queue, Random, Refreshed,
    RemoteError, Request, SignIn, SignedIn, StoreError, Stored, Vault, VaultError, Visit,
};
use jiff::Timestamp;
use secrecy::ExposeSecret;

pub const PASSWORD: &str = "hunter2-and-more";

pub struct HandClock(AtomicI64);

impl Default for HandClock {
    fn default() -> Self {
        Self(AtomicI64::new(1_791_810_312))
    }
}

impl HandClock {
    pub fn pass(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::Relaxed)).unwrap()
    }
}

#[derive(Default)]
pub struct Counting(AtomicU64);

impl Random for Counting {
    fn token(&self) -> String {
        format!("t{}", self.0.fetch_add(1, Ordering::Relaxed))
    }

    fn unit(&self) -> f64 {
        0.5
    }
}

pub struct Heap;

#[async_trait]
impl Queue for Heap {
    async fn send(&self, _: Request) -> Result<(), StoreError> {
        Ok(())
    }
}

/// What nobody can open any more, once it is in the vault.
pub const DAMAGED: &str = "damaged";

fn is_damaged(stored: &Stored) -> bool {
    matches!(&stored.credentials, Credentials::Granted { refresh_token, .. } if refresh_token.expose_secret() == DAMAGED)
}

#[derive(Default)]
pub struct Drawer(Mutex<HashMap<ConnectionRef, Stored>>);

#[async_trait]
impl Vault for Drawer {
    async fn practice_key(&self, _: &PracticeId) -> Result<PracticeKey, VaultError> {
        Ok(PracticeKey::new(&[7; 32]))
    }

    async fn find_credentials(&self, at: &ConnectionRef) -> Result<Option<Stored>, VaultError> {
        let found = self.0.lock().unwrap().get(at).cloned();
        match found.filter(is_damaged) {
            Some(_) => Err(VaultError::Sealed { connection: at.id.to_string() }),
            None => Ok(self.0.lock().unwrap().get(at).cloned()),
        }
    }

    async fn put_credentials(
        &self,
        at: &ConnectionRef,
        credentials: &Credentials,
        replaces: Option<u64>,
    ) -> Result<u64, VaultError> {
        if self.0.lock().unwrap().get(at).map(|stored| stored.version) != replaces {
            return Err(VaultError::Stale { connection: at.id.to_string() });
        }
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

/// Knows one clinician, whose name needs care in HTML.
pub struct OneEhr;

#[async_trait]
impl Ehrs for OneEhr {
    async fn open(&self, _: &PracticeId) -> Result<Arc<dyn Ehr>, RemoteError> {
        Ok(Arc::new(OneEhr))
    }
}

#[async_trait]
impl Ehr for OneEhr {
    async fn practitioner(&self, _: &PractitionerId) -> Result<Practitioner, RemoteError> {
        let name = Some("Dr. Ada <Lovelace>".to_owned());
        Ok(Practitioner { name, time_zone: None, schedules: vec!["sch-1".into()], hours: Hours::default() })
    }

    async fn list_appointments(
        &self,
        _: &PractitionerId,
        _: Interval,
        _: Detail,
    ) -> Result<Appointments, RemoteError> {
        unimplemented!("a sign-in lists nothing")
    }

    async fn get_appointments(
        &self,
        _: &[AppointmentId],
        _: Detail,
    ) -> Result<Vec<(AppointmentId, Found)>, RemoteError> {
        unimplemented!("a sign-in reads nothing")
    }

    async fn list_changes(&self, _: Option<&Cursor>) -> Result<Changes, RemoteError> {
        Ok(Changes { appointments: vec![], cursor: Cursor::new("1") })
    }

    async fn list_blocks(&self, _: &ScheduleId, _: Interval) -> Result<Vec<MirrorSighting>, RemoteError> {
        unimplemented!("a sign-in reads no blocks")
    }

    fn blocks(&self, _: &ScheduleId) -> Arc<dyn Mirrors> {
        unimplemented!("a sign-in writes no blocks")
    }
}

/// A provider with a page of its own. The code says who signed in and how it went: `ada`, `eve`, `little`, `busy`,
/// `unconfigured`, `used`.
pub struct OnePage;

impl CalendarProvider for OnePage {
    fn sign_in(&self) -> SignIn<'_> {
        SignIn::Page(self)
    }

    fn open(&self, _: &Credentials, _: Arc<dyn AccessTokens>) -> Result<Arc<dyn Account>, RemoteError> {
        Ok(Arc::new(OneAccount))
    }
}

#[async_trait]
impl PageSignIn for OnePage {
    fn page(&self, visit: &Visit) -> String {
        let hint = visit.account.as_deref().unwrap_or_default();
        format!(
            "https://accounts.example/auth?redirect_uri={}&state={}&login_hint={hint}",
            visit.redirect, visit.state
        )
    }

    fn read_refusal(&self, error: &str, _: &str) -> PageRefusal {
        match error {
            "access_denied" => PageRefusal::Declined,
            "consent_required" => PageRefusal::AdministratorNeeded,
            "invalid_client" => PageRefusal::Unconfigured,
            _ => PageRefusal::Passing,
        }
    }

    async fn redeem(&self, code: Code) -> Result<SignedIn, RemoteError> {
        let what = || "the token address".to_owned();
        let who = code.code.expose_secret();
        match who {
            "busy" => return Err(RemoteError::Later { what: what(), retry_after: None, cause: None }),
            "unconfigured" => {
                return Err(RemoteError::Unconfigured { what: what(), why: "invalid_client".into() });
            }
            "used" => return Err(RemoteError::Rejected { what: what(), why: "invalid_grant".into() }),
            _ => {}
        }
        let granted = if who == "little" {
            Access { writes: Writes::Nothing, reads: Reads::Names }
        } else {
            Access::ALL
        };
        let who = if who == "little" { "ada" } else { who };
        let identity = AccountIdentity {
            provider: Provider::Google,
            subject: format!("subject of {who}"),
            label: format!("{who}@clinic.example"),
            home: AccountHome::new(AccountKind::Organisation, "example.org"),
        };
        let token = AccessToken { secret: "at".into(), expires_at: Timestamp::MAX };
        let credentials = Credentials::Granted { provider: Provider::Google, refresh_token: "rt".into() };
        Ok(SignedIn { credentials, token, granted, identity })
    }

    async fn refresh(&self, _: &Credentials) -> Result<Refreshed, RemoteError> {
        unimplemented!("a sign-in refreshes nothing")
    }

    async fn revoke(&self, _: &Credentials) -> Result<(), RemoteError> {
        Ok(())
    }
}

/// A server that knows one password; its address says how it is.
pub struct OneServer;

impl CalendarProvider for OneServer {
    fn sign_in(&self) -> SignIn<'_> {
        SignIn::Password(self)
    }

    fn open(&self, _: &Credentials, _: Arc<dyn AccessTokens>) -> Result<Arc<dyn Account>, RemoteError> {
        Ok(Arc::new(OneAccount))
    }
}

#[async_trait]
impl PasswordSignIn for OneServer {
    async fn prove(&self, login: Login) -> Result<(Credentials, AccountIdentity), RemoteError> {
        let Login { url, username, password } = login;
        let what = || "the server".to_owned();
        match url.as_str() {
            "https://down.example" => {
                return Err(RemoteError::Later { what: what(), retry_after: None, cause: None });
            }
            "https://empty.example" => return Err(RemoteError::Missing { what: what() }),
            "https://10.0.0.1" => return Err(RemoteError::Rejected { what: what(), why: "private".into() }),
            _ => {}
        }
        if password.expose_secret() != PASSWORD {
            return Err(RemoteError::Refused { what: what() });
        }
        let identity = AccountIdentity {
            provider: Provider::Caldav,
            subject: username.clone(),
            label: username.clone(),
            home: AccountHome::new(AccountKind::Server, "example.org"),
        };
        Ok((Credentials::Caldav { url, username, password, home: None, addresses: vec![] }, identity))
    }
}

struct OneAccount;

#[async_trait]
impl Account for OneAccount {
    async fn list_calendars(&self) -> Result<Vec<CalendarInfo>, RemoteError> {
        Ok(vec![])
    }

    async fn create_calendar(&self, _: &str, _: &str) -> Result<CalendarInfo, RemoteError> {
        unimplemented!("a sign-in makes no calendar")
    }

    async fn delete_calendar(&self, _: &CalendarId) -> Result<(), RemoteError> {
        unimplemented!("a sign-in deletes no calendar")
    }

    fn calendar(&self, _: &CalendarId) -> Arc<dyn Calendar> {
        unimplemented!("a sign-in reads no events")
    }
}
