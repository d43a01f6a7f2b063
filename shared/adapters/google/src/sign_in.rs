//! Signing in at Google, and who signed in.

use std::sync::Arc;

use async_trait::async_trait;
use daybook_core::access::Access;
use daybook_core::connection::Provider;
use daybook_core::policy::{AccountHome, AccountKind};
use daybook_engine::ports::{
    AccessTokens, AccountIdentity, Code, Credentials, PageRefusal, PageSignIn, Refreshed, RemoteError,
    SignedIn, Visit,
};
use daybook_oauth::{Granted, claims, read_refusal, revoke};
use secrecy::{ExposeSecret, SecretString};

use crate::wire::person::{GetPerson, GetPrimary, PLACES, Person};
use crate::{Google, refresh_token, scope};

/// A refresh token comes only where both are asked for (trap A-T1), and what was allowed another time must not hide
/// what was left unticked now (trap A-T3).
const EXTRA: [(&str, &str); 3] =
    [("access_type", "offline"), ("prompt", "consent"), ("include_granted_scopes", "false")];

#[async_trait]
impl PageSignIn for Google {
    fn page(&self, visit: &Visit) -> String {
        self.oauth.page(visit, &scope::scopes(visit.access), &EXTRA)
    }

    fn read_refusal(&self, error: &str, _description: &str) -> PageRefusal {
        read_refusal(error)
    }

    async fn redeem(&self, code: Code) -> Result<SignedIn, RemoteError> {
        let granted = self.oauth.exchange(&code).await?;
        let Some(refresh_token) = granted.refresh_token.clone() else {
            return Err(RemoteError::Rejected {
                what: "sign-in at Google".into(),
                why: "it brought no refresh token".into(),
            });
        };
        let credentials = Credentials::Granted { provider: Provider::Google, refresh_token };
        let identity = match self.identity(&granted).await {
            Ok(identity) => identity,
            Err(error) => return Err(self.give_back(&credentials, error).await),
        };
        Ok(SignedIn {
            credentials,
            // Google always tells; without a word, it is what was asked for.
            granted: granted.scopes.as_deref().map_or(Access::ALL, scope::access),
            token: granted.token,
            identity,
        })
    }

    async fn refresh(&self, credentials: &Credentials) -> Result<Refreshed, RemoteError> {
        let current = refresh_token(credentials)?;
        let granted = self.oauth.refresh(current).await?;
        let newer = granted.refresh_token.filter(|new| new.expose_secret() != current.expose_secret());
        let rotated =
            newer.map(|refresh_token| Credentials::Granted { provider: Provider::Google, refresh_token });
        Ok(Refreshed { token: granted.token, rotated })
    }

    async fn revoke(&self, credentials: &Credentials) -> Result<(), RemoteError> {
        let now = self.clock.now();
        revoke(self.transport.as_ref(), &self.revoke_url, refresh_token(credentials)?, now).await
    }
}

impl Google {
    /// A grant of nobody known is no one's to keep.
    async fn give_back(&self, credentials: &Credentials, why: RemoteError) -> RemoteError {
        if let Err(error) = self.revoke(credentials).await {
            tracing::warn!(%error, "a grant that is not used could not be given back");
        }
        why
    }

    async fn identity(&self, granted: &Granted) -> Result<AccountIdentity, RemoteError> {
        if let Some(claims) = granted.id_token.as_ref().and_then(claims) {
            return Ok(identity(Person { sub: claims.sub, email: claims.email, hd: claims.hd }));
        }
        let session = self.session(Arc::new(Fixed(granted.token.secret.clone())));
        for place in PLACES {
            match session.ask(&GetPerson { place }).await {
                Ok(person) => return Ok(identity(person)),
                Err(error @ RemoteError::Later { .. }) => return Err(error),
                Err(error) => tracing::debug!(%error, "who signed in is not told here"),
            }
        }
        let primary = session.ask(&GetPrimary).await?;
        Ok(identity(Person { email: Some(primary.id.clone()), sub: primary.id, hd: None }))
    }
}

/// An organisation's account has a hosted domain; an agreement covers no other.
fn identity(person: Person) -> AccountIdentity {
    let label = person.email.unwrap_or_else(|| person.sub.clone());
    let home = match &person.hd {
        Some(domain) => AccountHome::new(AccountKind::Organisation, domain),
        None => AccountHome::of_address(AccountKind::Private, &label),
    };
    AccountIdentity { provider: Provider::Google, subject: person.sub, label, home }
}

/// The one token that there is while somebody signs in.
struct Fixed(SecretString);

#[async_trait]
impl AccessTokens for Fixed {
    async fn token(&self) -> Result<SecretString, RemoteError> {
        Ok(self.0.clone())
    }

    async fn instead_of(&self, _: &SecretString) -> Result<SecretString, RemoteError> {
        Err(RemoteError::Refused { what: "a Google account".into() })
    }
}
