//! Signing in at a provider: with a password typed on our page, or on the provider's own page (OAuth 2.0).

use async_trait::async_trait;
use daybook_core::access::Access;
use daybook_core::connection::{AccountName, Provider};
use daybook_core::policy::AccountHome;
use jiff::Timestamp;
use secrecy::SecretString;

use super::{Credentials, RemoteError};

/// How a person signs in at one provider.
pub enum SignIn<'a> {
    Password(&'a dyn PasswordSignIn),
    Page(&'a dyn PageSignIn),
}

/// What a person types where there is no page of the provider's.
#[derive(Clone, Debug)]
pub struct Login {
    pub url: String,
    pub username: String,
    pub password: SecretString,
}

#[async_trait]
pub trait PasswordSignIn: Send + Sync {
    /// Proves the login and finds the account behind it. The credentials hold what discovery found.
    async fn prove(&self, login: Login) -> Result<(Credentials, AccountIdentity), RemoteError>;
}

/// Sign-in on the provider's own page: authorisation code with PKCE (RFC 6749 section 4.1, RFC 7636).
#[async_trait]
pub trait PageSignIn: Send + Sync {
    /// The address of the provider's page, for a browser.
    fn page(&self, visit: &Visit) -> String;

    /// What the provider's refusal means, from `error` and `error_description` of its redirect.
    fn read_refusal(&self, error: &str, description: &str) -> PageRefusal;

    /// Trades the code for tokens and asks who signed in. `Rejected` where the code is not, or no longer, good.
    async fn redeem(&self, code: Code) -> Result<SignedIn, RemoteError>;

    /// A new access token. `Refused` where the clinician must sign in again, `Unconfigured` where the operator
    /// must act.
    async fn refresh(&self, credentials: &Credentials) -> Result<Refreshed, RemoteError>;

    /// Ends what the clinician has granted, where the provider offers that. Ending what has ended succeeds.
    async fn revoke(&self, credentials: &Credentials) -> Result<(), RemoteError>;
}

/// What a browser takes to the provider's page.
#[derive(Clone, Debug)]
pub struct Visit {
    pub access: Access,
    /// Where the provider sends the browser back to.
    pub redirect: String,
    pub state: String,
    pub verifier: SecretString,
    /// The account that is expected, if one is.
    pub account: Option<String>,
}

/// What came back with the browser.
#[derive(Clone, Debug)]
pub struct Code {
    pub code: SecretString,
    pub verifier: SecretString,
    /// The same as in the visit.
    pub redirect: String,
}

/// What a sign-in brought.
#[derive(Clone, Debug)]
pub struct SignedIn {
    pub credentials: Credentials,
    pub token: AccessToken,
    /// What the person allowed, which may be less than was asked for.
    pub granted: Access,
    pub identity: AccountIdentity,
}

/// What a refresh brought.
#[derive(Clone, Debug)]
pub struct Refreshed {
    pub token: AccessToken,
    /// The credentials that replace those that were used, where the provider rotates them.
    pub rotated: Option<Credentials>,
}

/// A token that opens the account for a while. Kept in memory only.
#[derive(Clone, Debug)]
pub struct AccessToken {
    pub secret: SecretString,
    pub expires_at: Timestamp,
}

/// Why the provider's page sent a browser back without a code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PageRefusal {
    /// The person said no.
    Declined,
    /// The person's organisation wants an administrator to allow it first (E-014).
    AdministratorNeeded,
    /// The provider does not know this deployment, or not with this address.
    Unconfigured,
    /// Something passing: try again.
    Passing,
}

/// Where an opened account takes its access tokens from.
#[async_trait]
pub trait AccessTokens: Send + Sync {
    /// A token that holds for a minute at least.
    async fn token(&self) -> Result<SecretString, RemoteError>;

    /// A newer token than one that the provider has just refused.
    async fn instead_of(&self, refused: &SecretString) -> Result<SecretString, RemoteError>;
}

/// The tokens of an account that a password opens: there are none.
pub struct NoTokens;

#[async_trait]
impl AccessTokens for NoTokens {
    async fn token(&self) -> Result<SecretString, RemoteError> {
        Err(RemoteError::Refused { what: "an account without tokens".into() })
    }

    async fn instead_of(&self, _refused: &SecretString) -> Result<SecretString, RemoteError> {
        self.token().await
    }
}

/// Who signed in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccountIdentity {
    pub provider: Provider,
    /// Tells one account from every other of this provider, for ever.
    pub subject: String,
    /// For people: `ada@example.org`.
    pub label: String,
    /// Whose it is, as far as that limits the detail.
    pub home: AccountHome,
}

impl AccountIdentity {
    pub fn account(&self) -> AccountName {
        AccountName { subject: self.subject.clone(), label: self.label.clone(), home: self.home.clone() }
    }
}
