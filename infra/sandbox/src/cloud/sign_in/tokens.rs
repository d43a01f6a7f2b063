//! Access and refresh tokens: given out, looked up, expired, revoked.

use std::collections::BTreeSet;
use std::convert::Infallible;

use axum::http::{HeaderMap, header};
use jiff::{SignedDuration, Timestamp};

use crate::cloud::world::{Consent, Token, TokenKind};
use crate::cloud::{Cloud, Dialect, Tx};

/// How long an access token lives, less the second that both providers take off what they say.
pub(super) const ACCESS_LIFE: SignedDuration = SignedDuration::from_secs(3_600);

/// Whose token this is, and what it may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The account's id.
    pub account: String,
    pub client: String,
    /// Google: full names as granted (`https://www.googleapis.com/auth/calendar.events`, `openid`). Microsoft: short
    /// names (`Calendars.ReadWrite`).
    pub scopes: BTreeSet<String>,
}

/// Why a request is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    #[error("no bearer token")]
    Missing,
    #[error("the token is not known, or was revoked")]
    Unknown,
    #[error("the token has expired")]
    Expired,
}

/// Tokens for a test that does not care for the dance.
#[derive(Clone)]
pub struct Issued {
    pub access_token: String,
    pub refresh_token: String,
}

impl Cloud {
    /// Whose bearer token a request carries.
    pub fn bearer(&self, headers: &HeaderMap) -> Result<Grant, BadToken> {
        let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = value.and_then(|value| value.strip_prefix("Bearer ")).ok_or(BadToken::Missing)?;
        let now = self.now();
        self.read(|world| {
            let found = world.tokens.get(token).filter(|found| found.kind == TokenKind::Access);
            let found = found.ok_or(BadToken::Unknown)?;
            if found.expires <= now {
                return Err(BadToken::Expired);
            }
            Ok(Grant {
                account: found.account.clone(),
                client: found.client.clone(),
                scopes: found.scopes.clone(),
            })
        })
    }

    /// Signs an account (by id or address) in without a browser: for tests. `None`: nobody of that name.
    pub fn issue(&self, account: &str, client: &str, scopes: &[&str]) -> Option<Issued> {
        let account = self.read(|world| world.account(account).map(|found| found.id.clone()))?;
        let grant = Grant {
            account,
            client: client.to_owned(),
            scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
        };
        let dialect = self.dialect();
        let done: Result<Issued, Infallible> = self.change(|tx| {
            consent(tx, &grant);
            let access_token = give(tx, dialect, TokenKind::Access, &grant);
            let refresh_token = give(tx, dialect, TokenKind::Refresh, &grant);
            Ok(Issued { access_token, refresh_token })
        });
        done.ok()
    }
}

/// Remembers what a client was granted, beside what it had before.
pub(super) fn consent(tx: &mut Tx<'_>, grant: &Grant) {
    let key = Consent::key_of(&grant.account, &grant.client);
    let mut scopes = tx.world().consents.get(&key).map(|found| found.scopes.clone()).unwrap_or_default();
    scopes.extend(grant.scopes.iter().cloned());
    tx.keep(Consent { account: grant.account.clone(), client: grant.client.clone(), scopes });
}

/// Ends a grant: both kinds of token, and the consent.
pub(in crate::cloud) fn revoke(tx: &mut Tx<'_>, account: &str, client: &str) {
    let of_grant = |token: &&Token| token.account == account && token.client == client;
    let tokens: Vec<String> =
        tx.world().tokens.values().filter(of_grant).map(|token| token.value.clone()).collect();
    for token in tokens {
        tx.drop_row::<Token>(&token);
    }
    tx.drop_row::<Consent>(&Consent::key_of(account, client));
}

/// Makes the access tokens of an account, or of everybody, expire now.
pub(in crate::cloud) fn expire_access_tokens(tx: &mut Tx<'_>, account: Option<&str>) {
    let now = tx.now();
    let meant = |token: &&Token| {
        token.kind == TokenKind::Access && account.is_none_or(|account| account == token.account)
    };
    let tokens: Vec<Token> = tx.world().tokens.values().filter(meant).cloned().collect();
    for token in tokens {
        tx.keep(Token { expires: now, ..token });
    }
}

/// Makes a token, and forgets those that are long expired.
pub(super) fn give(tx: &mut Tx<'_>, dialect: Dialect, kind: TokenKind, grant: &Grant) -> String {
    let token = tx.fresh(prefix(dialect, kind));
    let expires = tx.now() + life(dialect, kind);
    forget_expired(tx);
    tx.keep(Token {
        value: token.clone(),
        kind,
        account: grant.account.clone(),
        client: grant.client.clone(),
        scopes: grant.scopes.clone(),
        expires,
    });
    token
}

/// Google's refresh token, which lives on for half a year from its last use.
pub(super) fn use_again(tx: &mut Tx<'_>, token: Token) {
    let expires = tx.now() + life(Dialect::Google, TokenKind::Refresh);
    tx.keep(Token { expires, ..token });
}

/// Expired tokens are kept for a day, so that they answer "expired" and not "unknown".
fn forget_expired(tx: &mut Tx<'_>) {
    let before: Timestamp = tx.now() - SignedDuration::from_hours(24);
    let old = tx.world().tokens.values().filter(|token| token.expires < before);
    let old: Vec<String> = old.map(|token| token.value.clone()).collect();
    for token in old {
        tx.drop_row::<Token>(&token);
    }
}

/// The shapes that the providers' tokens have.
fn prefix(dialect: Dialect, kind: TokenKind) -> &'static str {
    match (dialect, kind) {
        (Dialect::Google, TokenKind::Access) => "ya29.a0",
        (Dialect::Google, TokenKind::Refresh) => "1//0g",
        (Dialect::Microsoft, TokenKind::Access) => "eyJ0eXAiOiJKV1Qi.",
        (Dialect::Microsoft, TokenKind::Refresh) => "0.AXoA",
    }
}

/// Google's refresh tokens live until they are not used for half a year, Microsoft's for 90 days.
fn life(dialect: Dialect, kind: TokenKind) -> SignedDuration {
    match (dialect, kind) {
        (_, TokenKind::Access) => ACCESS_LIFE,
        (Dialect::Google, TokenKind::Refresh) => SignedDuration::from_hours(24 * 180),
        (Dialect::Microsoft, TokenKind::Refresh) => SignedDuration::from_hours(24 * 90),
    }
}
