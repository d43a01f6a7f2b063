//! One provider's endpoints, and what this deployment is called there.

use std::sync::Arc;
use std::time::Duration;

use daybook_engine::ports::{AccessToken, Clock, Code, RemoteError, Visit};
use daybook_http::Transport;
use jiff::{SignedDuration, Timestamp};
use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType,
};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet, EndpointSet,
    ExtraTokenFields, PkceCodeChallenge, PkceCodeVerifier, RefreshToken, Scope, StandardRevocableToken,
    StandardTokenResponse, TokenResponse, TokenUrl,
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::failure::{Grant, remote_error};
use crate::wire::Wire;

/// What this deployment is called at a provider, and where the provider's endpoints are.
#[derive(Clone, Debug)]
pub struct Registration {
    /// For errors: `Google`.
    pub provider: &'static str,
    pub client_id: String,
    pub client_secret: SecretString,
    pub auth_url: Url,
    pub token_url: Url,
}

/// Signs in at one provider.
#[derive(Clone)]
pub struct Client {
    inner: Inner,
    provider: &'static str,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
}

/// What the token endpoint granted.
#[derive(Clone, Debug)]
pub struct Granted {
    pub token: AccessToken,
    /// Not every answer brings one: what was stored before then stays good.
    pub refresh_token: Option<SecretString>,
    /// What was allowed, as the provider spells it. `None`: exactly what was asked for (RFC 6749 section 5.1).
    pub scopes: Option<Vec<String>>,
    /// Only where `openid` was asked for.
    pub id_token: Option<SecretString>,
}

type Inner = oauth2::Client<
    BasicErrorResponse,
    Answer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

type Answer = StandardTokenResponse<Extra, BasicTokenType>;

/// What `OpenID` Connect adds to a token answer.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Extra {
    #[serde(default, skip_serializing)]
    id_token: Option<SecretString>,
}

impl ExtraTokenFields for Extra {}

/// For an answer without `expires_in`, which is allowed; providers say an hour. A token that ends earlier is
/// refused and replaced.
const USUAL_LIFE: Duration = Duration::from_mins(55);

impl Client {
    pub fn new(registration: Registration, transport: Arc<dyn Transport>, clock: Arc<dyn Clock>) -> Self {
        let secret = registration.client_secret.expose_secret().to_owned();
        let inner = oauth2::Client::new(ClientId::new(registration.client_id))
            .set_client_secret(ClientSecret::new(secret))
            .set_auth_type(AuthType::RequestBody)
            .set_auth_uri(AuthUrl::from_url(registration.auth_url))
            .set_token_uri(TokenUrl::from_url(registration.token_url));
        Self { inner, provider: registration.provider, transport, clock }
    }

    /// The address of the provider's page. The visit's verifier has 43 to 128 characters (RFC 7636 section 4.1).
    pub fn page(&self, visit: &Visit, scopes: &[&str], extra: &[(&str, &str)]) -> String {
        let verifier = PkceCodeVerifier::new(visit.verifier.expose_secret().to_owned());
        let page = self
            .inner
            .authorize_url(|| CsrfToken::new(visit.state.clone()))
            .add_scopes(scopes.iter().map(|scope| Scope::new((*scope).to_owned())))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
            .add_extra_param("redirect_uri", visit.redirect.as_str());
        let account = visit.account.as_deref().map(|account| ("login_hint", account));
        let extra = extra.iter().copied().chain(account);
        let (url, _) = extra.fold(page, |page, (name, value)| page.add_extra_param(name, value)).url();
        url.into()
    }

    /// Trades a code for tokens. `Rejected` where the code is not, or no longer, good.
    pub async fn exchange(&self, code: &Code) -> Result<Granted, RemoteError> {
        let now = self.clock.now();
        let answer = self
            .inner
            .exchange_code(AuthorizationCode::new(code.code.expose_secret().to_owned()))
            .set_pkce_verifier(PkceCodeVerifier::new(code.verifier.expose_secret().to_owned()))
            .add_extra_param("redirect_uri", code.redirect.as_str())
            .request_async(&self.wire(now))
            .await;
        answer
            .map(|answer| granted(&answer, now))
            .map_err(|failure| remote_error(self.what(), Grant::Code, failure))
    }

    /// Trades a refresh token for a new access token. `Refused` where the person must sign in again.
    pub async fn refresh(&self, refresh_token: &SecretString) -> Result<Granted, RemoteError> {
        let now = self.clock.now();
        let refresh_token = RefreshToken::new(refresh_token.expose_secret().to_owned());
        let answer = self.inner.exchange_refresh_token(&refresh_token).request_async(&self.wire(now)).await;
        answer
            .map(|answer| granted(&answer, now))
            .map_err(|failure| remote_error(self.what(), Grant::RefreshToken, failure))
    }

    fn wire(&self, now: Timestamp) -> Wire {
        Wire { transport: self.transport.clone(), now }
    }

    fn what(&self) -> String {
        format!("sign-in at {}", self.provider)
    }
}

/// `now` is from before the request: the token never seems to live longer than it does.
fn granted(answer: &Answer, now: Timestamp) -> Granted {
    let life = SignedDuration::try_from(answer.expires_in().unwrap_or(USUAL_LIFE));
    let expires_at = life.ok().and_then(|life| now.checked_add(life).ok()).unwrap_or(Timestamp::MAX);
    let scopes = answer.scopes().map(|scopes| scopes.iter().map(|scope| scope.to_string()).collect());
    Granted {
        token: AccessToken { secret: answer.access_token().secret().clone().into(), expires_at },
        refresh_token: answer.refresh_token().map(|token| token.secret().clone().into()),
        scopes,
        id_token: answer.extra_fields().id_token.clone(),
    }
}
