//! Signing in on Microsoft's page. The refresh token is new at each refresh, and the old one is to be replaced (trap
//! B-T1). Microsoft offers no way to revoke one.

use std::sync::Arc;

use async_trait::async_trait;
use daybook_core::access::{Access, Reads, Writes};
use daybook_core::connection::Provider;
use daybook_core::policy::{AccountHome, AccountKind};
use daybook_engine::ports::{
    AccessTokens, AccountIdentity, Code, Credentials, PageRefusal, PageSignIn, Refreshed, RemoteError,
    SignedIn, Visit,
};
use daybook_oauth::Granted;
use secrecy::SecretString;

use crate::Microsoft;
use crate::session::Session;
use crate::wire::people::{Me, Person};

/// Where private accounts belong to.
const CONSUMERS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";
/// An administrator must allow this application, or this person, first (providers B.1.4, B.1.5).
const ADMINISTRATOR: [&str; 4] = ["AADSTS90093", "AADSTS90094", "AADSTS90095", "AADSTS50105"];

#[async_trait]
impl PageSignIn for Microsoft {
    fn page(&self, visit: &Visit) -> String {
        let extra = [("response_mode", "query"), ("prompt", "select_account")];
        self.sign_in.page(visit, &scopes(visit.access), &extra)
    }

    fn read_refusal(&self, error: &str, description: &str) -> PageRefusal {
        if ADMINISTRATOR.iter().any(|number| description.contains(number)) {
            return PageRefusal::AdministratorNeeded;
        }
        daybook_oauth::read_refusal(error)
    }

    async fn redeem(&self, code: Code) -> Result<SignedIn, RemoteError> {
        let granted = self.sign_in.exchange(&code).await?;
        let person = self.who(&granted.token.secret).await?;
        let refresh_token = granted.refresh_token.clone().ok_or_else(no_refresh_token)?;
        Ok(SignedIn {
            credentials: Credentials::Granted { provider: Provider::Microsoft, refresh_token },
            granted: access(granted.scopes.as_deref()),
            identity: identity(&person, &granted),
            token: granted.token,
        })
    }

    async fn refresh(&self, credentials: &Credentials) -> Result<Refreshed, RemoteError> {
        let granted = self.sign_in.refresh(refresh_token(credentials)?).await?;
        let rotated = granted
            .refresh_token
            .map(|refresh_token| Credentials::Granted { provider: Provider::Microsoft, refresh_token });
        Ok(Refreshed { token: granted.token, rotated })
    }

    /// There is nothing to call: what is forgotten ends by itself.
    async fn revoke(&self, _credentials: &Credentials) -> Result<(), RemoteError> {
        Ok(())
    }
}

impl Microsoft {
    async fn who(&self, token: &SecretString) -> Result<Person, RemoteError> {
        let tokens = Arc::new(Fresh(token.clone()));
        let session = Session::new(self.api_url.clone(), self.transport.clone(), self.clock.clone(), tokens);
        session.ask(&Me).await
    }
}

pub fn refresh_token(credentials: &Credentials) -> Result<&SecretString, RemoteError> {
    match credentials {
        Credentials::Granted { provider: Provider::Microsoft, refresh_token } => Ok(refresh_token),
        Credentials::Granted { .. } | Credentials::Caldav { .. } => {
            Err(RemoteError::Refused { what: "sign-in at Microsoft".into() })
        }
    }
}

/// A token that has just been given: there is no other.
struct Fresh(SecretString);

#[async_trait]
impl AccessTokens for Fresh {
    async fn token(&self) -> Result<SecretString, RemoteError> {
        Ok(self.0.clone())
    }

    async fn instead_of(&self, _refused: &SecretString) -> Result<SecretString, RemoteError> {
        Err(RemoteError::Refused { what: "the Microsoft account".into() })
    }
}

/// `profile` tells the tenant. There is no permission for single calendars.
fn scopes(access: Access) -> [&'static str; 5] {
    let calendars = match access.writes {
        Writes::Nothing => "Calendars.Read",
        Writes::OwnCalendars | Writes::AllCalendars => "Calendars.ReadWrite",
    };
    ["openid", "profile", "offline_access", "User.Read", calendars]
}

/// Scopes come in short or long form, in any letters. Nothing said means that all was granted (RFC 6749 section 5.1).
fn access(scopes: Option<&[String]>) -> Access {
    let Some(scopes) = scopes else { return Access::ALL };
    let has = |name: &str| scopes.iter().any(|scope| short(scope).eq_ignore_ascii_case(name));
    let may_write = has("Calendars.ReadWrite");
    Access {
        writes: if may_write { Writes::AllCalendars } else { Writes::Nothing },
        reads: if may_write || has("Calendars.Read") { Reads::Events } else { Reads::Nothing },
    }
}

fn short(scope: &str) -> &str {
    scope.rsplit('/').next().unwrap_or(scope)
}

fn identity(person: &Person, granted: &Granted) -> AccountIdentity {
    let claims = granted.id_token.as_ref().and_then(daybook_oauth::claims);
    let kind = match claims.and_then(|claims| claims.tid) {
        Some(tenant) if !tenant.eq_ignore_ascii_case(CONSUMERS) => AccountKind::Organisation,
        Some(_) | None => AccountKind::Private,
    };
    AccountIdentity {
        provider: Provider::Microsoft,
        subject: person.id.clone(),
        label: person.label().to_owned(),
        home: AccountHome::of_address(kind, person.label()),
    }
}

/// Without `offline_access` there is nothing that lasts longer than an hour.
fn no_refresh_token() -> RemoteError {
    RemoteError::Rejected { what: "sign-in at Microsoft".into(), why: "it brought no refresh token".into() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn the_least_is_asked_for() {
        for (writes, calendars) in [
            (Writes::Nothing, "Calendars.Read"),
            (Writes::OwnCalendars, "Calendars.ReadWrite"),
            (Writes::AllCalendars, "Calendars.ReadWrite"),
        ] {
            let asked = scopes(Access { writes, reads: Reads::Names });
            assert_eq!(asked, ["openid", "profile", "offline_access", "User.Read", calendars]);
        }
    }

    #[test]
    fn what_was_granted_is_read_in_every_spelling() {
        let none = Access { writes: Writes::Nothing, reads: Reads::Nothing };
        let reader = Access { writes: Writes::Nothing, reads: Reads::Events };
        for (scopes, expected) in [
            ("openid profile User.Read", none),
            ("Calendars.Read User.Read", reader),
            ("calendars.readwrite User.Read profile openid email", Access::ALL),
            (
                "https://graph.microsoft.com/Calendars.ReadWrite https://graph.microsoft.com/User.Read",
                Access::ALL,
            ),
            ("Calendars.ReadWrite.Shared", none),
        ] {
            let told: Vec<String> = scopes.split(' ').map(str::to_owned).collect();
            assert_eq!(access(Some(&told)), expected, "{scopes}");
        }
        assert_eq!(access(None), Access::ALL);
    }
}
