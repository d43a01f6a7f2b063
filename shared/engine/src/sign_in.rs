//! Signing in through a browser: our own page first, then the provider's, and back. A link works for one browser,
//! once, for ten minutes; what comes back is checked before anything is kept. Nothing is written at the provider.

use daybook_core::access::Access;
use daybook_core::connection::{Connection, Evidence, Provider, Start, State};
use daybook_core::ids::ConnectionId;
use daybook_core::key::{PracticeKey, Seal};
use daybook_core::proof::Proof;
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;

use crate::Engine;
use crate::command::refuse_when_leaving;
use crate::connect::{Accepted, refuse_other_account};
use crate::error::EngineError;
use crate::ports::{
    Code, ConnectionRef, Login, PageRefusal, PageSignIn, RemoteError, SignIn, SignInVisit, SignedIn, Stage,
    StoreError, Visit,
};

/// How long a link holds, and how long a browser may stay at the provider.
const LINK_HOLDS: SignedDuration = SignedDuration::from_mins(10);

/// A link as it stands in a URL: whose connection, and the ticket that proves that we made it.
#[derive(Clone, Debug)]
pub struct Link {
    pub at: ConnectionRef,
    pub ticket: String,
}

/// What our page shows, and what it leaves in the browser.
#[derive(Clone, Debug)]
pub struct Opened {
    pub connection: Connection,
    /// How the EHR calls the clinician; the id where it says nothing.
    pub clinician: String,
    /// Proves the browser from now on; to be kept in a cookie.
    pub browser: String,
    pub way: Way,
}

/// What our page asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// A click that leads to the provider's page.
    Page,
    /// An address, a user name and a password.
    Password,
}

/// Why a sign-in went no further. It changed nothing itself.
#[derive(Debug)]
pub struct Stopped {
    pub why: Why,
    /// A fresh link, where trying again can help.
    pub retry: Option<String>,
    pub meanwhile: Meanwhile,
}

/// What a sign-in that went no further leaves as it was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Meanwhile {
    /// Nothing waits for it.
    NothingWaits,
    /// A sync that had begun: since its settings were changed it needs more than has been allowed.
    SyncWaits,
}

impl Meanwhile {
    fn of(connection: &Connection) -> Self {
        let evidence = &connection.evidence;
        if evidence.started_at.is_some() && evidence.lacks_access_only() {
            Self::SyncWaits
        } else {
            Self::NothingWaits
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum Why {
    #[error("the link is not one of ours, was used already or is over")]
    LinkOver,
    #[error("the sign-in was begun in another browser")]
    OtherBrowser,
    #[error("the person declined")]
    Declined,
    #[error("an administrator of the account's organisation must allow it first")]
    AdministratorNeeded,
    #[error("less was allowed than the settings need")]
    TooLittle { needed: Access, granted: Access },
    #[error("the connection is to {expected}, and this is {shown}")]
    OtherAccount { expected: String, shown: String },
    #[error(transparent)]
    Failed(#[from] EngineError),
}

impl From<StoreError> for Why {
    fn from(error: StoreError) -> Self {
        Why::Failed(error.into())
    }
}

impl From<Why> for Stopped {
    fn from(why: Why) -> Self {
        Stopped { why, retry: None, meanwhile: Meanwhile::NothingWaits }
    }
}

impl From<EngineError> for Stopped {
    fn from(error: EngineError) -> Self {
        Why::Failed(error).into()
    }
}

impl From<StoreError> for Stopped {
    fn from(error: StoreError) -> Self {
        Why::from(error).into()
    }
}

/// What a browser brought back from the provider.
#[derive(Clone, Debug)]
pub enum Returned {
    Code(SecretString),
    /// `error` and `error_description`.
    Error(String, String),
}

impl Engine {
    /// A fresh link to our sign-in page, where signing in is what the connection waits for.
    pub async fn sign_in_link(&self, connection: &Connection) -> Result<Option<String>, EngineError> {
        let (State::Authorising | State::ReconnectRequired) = connection.evidence.state() else {
            return Ok(None);
        };
        let at = ConnectionRef::from(connection);
        let key = self.vault.practice_key(&at.practice).await?;
        let over = self.clock.now().checked_add(LINK_HOLDS).unwrap_or(Timestamp::MAX);
        let claim = format!("{}.{}", over.as_second(), self.random.token());
        let seal = key.seal(Seal::Link, &sealed_text(&at, &claim));
        Ok(Some(format!("{}/sign-in/{}/{}/{claim}.{seal}", self.public_url, at.practice, at.id)))
    }

    /// Opens a link: the first browser that does so is the only one that may go on. It is given a secret of its own;
    /// what it shows by itself counts only where we gave it for this very link.
    pub async fn open_sign_in(&self, link: &Link, shown: Option<&str>) -> Result<Opened, Stopped> {
        let (nonce, expires_at) = self.check_link(link).await?;
        let connection = self.find_signing(&link.at).await?;
        let fresh = self.random.token();
        let visit = SignInVisit {
            nonce,
            at: link.at.clone(),
            browser: Proof::of(&fresh),
            stage: Stage::Opened,
            expires_at,
        };
        let browser = match self.store.begin_visit(&visit).await {
            Ok(()) => fresh,
            Err(StoreError::Exists { .. }) => {
                let shown = shown.ok_or(Why::OtherBrowser)?;
                self.visit(&visit.nonce, shown, Stage::Sent).await?;
                shown.to_owned()
            }
            Err(error) => return Err(error.into()),
        };
        let way = match self.accounts.provider(connection.provider)?.sign_in() {
            SignIn::Page(_) => Way::Page,
            SignIn::Password(_) => Way::Password,
        };
        let clinician = self.clinician(&connection).await;
        Ok(Opened { connection, clinician, browser, way })
    }

    /// Where to send the browser that pressed the button.
    pub async fn leave_for_provider(&self, link: &Link, browser: &str) -> Result<String, Stopped> {
        let (nonce, _) = self.check_link(link).await?;
        let visit = self.visit(&nonce, browser, Stage::Sent).await?;
        let connection = self.find_signing(&link.at).await?;
        let provider = self.accounts.provider(connection.provider)?;
        let SignIn::Page(page) = provider.sign_in() else { return Err(Why::LinkOver.into()) };
        if visit.stage == Stage::Opened {
            self.send_visit(&nonce, browser).await?;
        }
        let key = self.vault.practice_key(&link.at.practice).await.map_err(EngineError::from)?;
        Ok(page.page(&Visit {
            access: Access::needed(&connection.settings),
            redirect: self.callback_url(connection.provider),
            state: format!("{nonce}.{}", key.seal(Seal::State, &nonce)),
            verifier: key.seal(Seal::Verifier, &nonce).into(),
            account: connection.account.map(|account| account.label),
        }))
    }

    /// The browser is back from the provider.
    pub async fn finish_sign_in(
        &self,
        provider: Provider,
        state: &str,
        returned: Returned,
        browser: Option<&str>,
    ) -> Result<Connection, Stopped> {
        let (nonce, seal) = state.split_once('.').ok_or(Why::LinkOver)?;
        let visit = self.visit(nonce, browser.ok_or(Why::OtherBrowser)?, Stage::Sent).await?;
        let key = self.vault.practice_key(&visit.at.practice).await.map_err(EngineError::from)?;
        let connection = self.find_signing(&visit.at).await?;
        if !key.is_sealed(Seal::State, nonce, seal) || connection.provider != provider {
            return Err(Why::LinkOver.into());
        }
        self.move_visit(nonce, Stage::Sent, Stage::Ended).await?;
        let done = self.take_back(&connection, &key, nonce, returned).await;
        self.with_retry(&connection, done).await
    }

    /// The password that was typed on our page. A wrong one may be typed again.
    pub async fn sign_in_with_password(
        &self,
        link: &Link,
        browser: &str,
        login: Login,
    ) -> Result<Connection, Stopped> {
        let (nonce, _) = self.check_link(link).await?;
        self.visit(&nonce, browser, Stage::Opened).await?;
        let connection = self.find_signing(&link.at).await?;
        let SignIn::Password(password) = self.accounts.provider(connection.provider)?.sign_in() else {
            return Err(Why::LinkOver.into());
        };
        let (credentials, identity) = password.prove(login).await.map_err(EngineError::Calendar)?;
        refuse_other_account(&connection, &identity)?;
        let done = self.accept(&connection, Accepted::password(credentials, identity)).await?;
        self.move_visit(&nonce, Stage::Opened, Stage::Ended).await?;
        Ok(done)
    }

    async fn take_back(
        &self,
        connection: &Connection,
        key: &PracticeKey,
        nonce: &str,
        returned: Returned,
    ) -> Result<Connection, Why> {
        let provider = self.accounts.provider(connection.provider)?;
        let SignIn::Page(page) = provider.sign_in() else { return Err(Why::LinkOver) };
        let code = match returned {
            Returned::Code(code) => code,
            Returned::Error(error, description) => return Err(refusal(page, &error, &description)),
        };
        let verifier = key.seal(Seal::Verifier, nonce).into();
        let redirect = self.callback_url(connection.provider);
        let signed_in =
            page.redeem(Code { code, verifier, redirect }).await.map_err(EngineError::Calendar)?;
        let (identity, granted) = (signed_in.identity.clone(), signed_in.granted);
        let needed = Access::needed(&connection.settings);
        let checked = refuse_other_account(connection, &identity).and_then(|()| {
            if granted.covers(needed) { Ok(()) } else { Err(Why::TooLittle { needed, granted }) }
        });
        let accepted = match checked {
            Ok(()) => self.accept(connection, Accepted::from(signed_in.clone())).await.map_err(Why::from),
            Err(why) => Err(why),
        };
        if accepted.is_err() {
            self.drop_grant(page, &signed_in).await;
        }
        accepted
    }

    /// What was granted for nothing is given back, unless somebody else lives on it.
    async fn drop_grant(&self, page: &dyn PageSignIn, signed_in: &SignedIn) {
        let SignedIn { credentials, identity, .. } = signed_in;
        let account = identity.account();
        let users = self.store.connections_using(identity.provider, &account).await;
        if users.is_ok_and(|users| users.is_empty())
            && let Err(error) = page.revoke(credentials).await
        {
            tracing::info!(error = %error, "a grant that is not used could not be given back");
        }
    }

    /// Trying again begins with a fresh link.
    async fn with_retry<T>(&self, connection: &Connection, done: Result<T, Why>) -> Result<T, Stopped> {
        match done {
            Ok(done) => Ok(done),
            Err(why) => {
                let retry = self.sign_in_link(connection).await.ok().flatten();
                Err(Stopped { why, retry, meanwhile: Meanwhile::of(connection) })
            }
        }
    }

    /// Nonce and end of a link that is ours and not over.
    async fn check_link(&self, link: &Link) -> Result<(String, Timestamp), Stopped> {
        let (claim, seal) = link.ticket.rsplit_once('.').ok_or(Why::LinkOver)?;
        let (over, nonce) = claim.split_once('.').ok_or(Why::LinkOver)?;
        if self.store.find_connection(&link.at).await?.is_none() {
            return Err(Why::LinkOver.into());
        }
        let key = self.vault.practice_key(&link.at.practice).await.map_err(EngineError::from)?;
        let over = over.parse().ok().and_then(|over| Timestamp::from_second(over).ok());
        let over = over.filter(|over| *over > self.clock.now()).ok_or(Why::LinkOver)?;
        if !key.is_sealed(Seal::Link, &sealed_text(&link.at, claim), seal) {
            return Err(Why::LinkOver.into());
        }
        // The browser may stay at the provider for as long again.
        Ok((nonce.to_owned(), over.checked_add(LINK_HOLDS).unwrap_or(Timestamp::MAX)))
    }

    /// The visit of this browser, where it has not come further than `latest`.
    async fn visit(&self, nonce: &str, browser: &str, latest: Stage) -> Result<SignInVisit, Stopped> {
        let visit = self.store.find_visit(nonce).await?.ok_or(Why::LinkOver)?;
        if !visit.browser.is_of(browser) {
            return Err(Why::OtherBrowser.into());
        }
        if visit.stage > latest || visit.expires_at <= self.clock.now() {
            return Err(Why::LinkOver.into());
        }
        Ok(visit)
    }

    /// A button pressed twice sends the same browser to the same page.
    async fn send_visit(&self, nonce: &str, browser: &str) -> Result<(), Stopped> {
        match self.store.move_visit(nonce, Stage::Opened, Stage::Sent).await {
            Err(StoreError::Stale { .. }) => self.visit(nonce, browser, Stage::Sent).await.map(drop),
            Err(StoreError::Missing { .. }) => Err(Why::LinkOver.into()),
            other => Ok(other?),
        }
    }

    async fn move_visit(&self, nonce: &str, from: Stage, to: Stage) -> Result<(), Stopped> {
        match self.store.move_visit(nonce, from, to).await {
            Err(StoreError::Stale { .. } | StoreError::Missing { .. }) => Err(Why::LinkOver.into()),
            other => Ok(other?),
        }
    }

    async fn find_signing(&self, at: &ConnectionRef) -> Result<Connection, Stopped> {
        let connection = self.find(at).await?;
        refuse_when_leaving(&connection)?;
        Ok(connection)
    }

    async fn clinician(&self, connection: &Connection) -> String {
        let named = match self.ehrs.open(&connection.practice).await {
            Ok(ehr) => ehr.practitioner(&connection.practitioner).await,
            Err(error) => Err(error),
        };
        let name = named.ok().and_then(|practitioner| practitioner.name);
        name.unwrap_or_else(|| connection.practitioner.to_string())
    }

    fn callback_url(&self, provider: Provider) -> String {
        format!("{}/oauth/{}/callback", self.public_url, provider_word(provider))
    }
}

/// A provider as URLs spell it.
pub fn provider_word(provider: Provider) -> &'static str {
    match provider {
        Provider::Google => "google",
        Provider::Microsoft => "microsoft",
        Provider::Caldav => "caldav",
    }
}

fn sealed_text(at: &ConnectionRef, claim: &str) -> String {
    format!("{}\n{}\n{claim}", at.practice, at.id)
}

fn refusal(page: &dyn PageSignIn, error: &str, description: &str) -> Why {
    match page.read_refusal(error, description) {
        PageRefusal::Declined => Why::Declined,
        PageRefusal::AdministratorNeeded => Why::AdministratorNeeded,
        PageRefusal::Unconfigured => Why::Failed(EngineError::Calendar(RemoteError::Unconfigured {
            what: "the provider's sign-in page".into(),
            why: error.chars().take(64).collect(),
        })),
        PageRefusal::Passing => Why::Failed(EngineError::Calendar(RemoteError::Later {
            what: "the provider's sign-in page".into(),
            retry_after: None,
            cause: None,
        })),
    }
}

impl Link {
    pub fn new(practice: &str, connection: &str, ticket: impl Into<String>) -> Self {
        let at = ConnectionRef { practice: practice.into(), id: ConnectionId::new(connection) };
        Self { at, ticket: ticket.into() }
    }

    /// Tells this sign-in from others that the same browser has open. Nothing is proven by it.
    pub fn nonce(&self) -> Option<&str> {
        self.ticket.split('.').nth(1)
    }
}

/// The same, of what a provider's page brings back.
pub fn nonce_of_state(state: &str) -> Option<&str> {
    state.split_once('.').map(|(nonce, _)| nonce)
}

/// What signing in makes true, in the person's fields.
pub(crate) fn note_sign_in(connection: &mut Connection, accepted: &Accepted, now: Timestamp) {
    let starts = connection.settings.start == Start::WhenAuthorised;
    connection.account = Some(accepted.account());
    let evidence: &mut Evidence = &mut connection.evidence;
    // Newer than any refusal so far, which it undoes.
    evidence.authorised_at = Some(now);
    evidence.granted = Some(accepted.granted);
    evidence.refused_at = None;
    if starts {
        evidence.started_at.get_or_insert(now);
    }
}
