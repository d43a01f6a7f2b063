//! Who asks: a practice's key opens that practice and no other. What is not the caller's looks like what is not there.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::middleware::Next;
use axum::response::Response;
use axum::{RequestPartsExt, extract::Path};
use daybook_core::ids::PracticeId;
use secrecy::{ExposeSecret, SecretString};
use std::collections::HashMap;
use std::sync::Arc;

use crate::problem::{Kind, Problem};

/// The keys of the practices, as digests.
#[derive(Clone, Default)]
pub struct Keyring {
    keys: Vec<([u8; 32], PracticeId)>,
}

/// Tells how many keys there are, never which.
impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keyring({} keys)", self.keys.len())
    }
}

impl Keyring {
    /// The keys of one practice.
    pub fn of(practice: &PracticeId, keys: &[SecretString]) -> Self {
        let mut keyring = Self::default();
        for key in keys {
            keyring.add(practice.clone(), key);
        }
        keyring
    }

    /// Lets this key open this practice, beside those that open it already.
    pub fn add(&mut self, practice: PracticeId, key: &SecretString) {
        self.keys.push((sha256(key.expose_secret().as_bytes()), practice));
    }

    /// Which practice the key opens. Every key is compared, each in constant time, so that the time taken
    /// tells nothing about them.
    fn practice_of(&self, presented: &str) -> Option<&PracticeId> {
        let presented = sha256(presented.as_bytes());
        let mut found = None;
        for (key, practice) in &self.keys {
            if verify_slices_are_equal(key, &presented).is_ok() {
                found = Some(practice);
            }
        }
        found
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut fixed = [0; 32];
    fixed.copy_from_slice(digest(&SHA256, bytes).as_ref());
    fixed
}

/// The practice that a proven request is about.
#[derive(Clone, Debug)]
pub struct Caller {
    pub practice: PracticeId,
}

/// Lets a request pass that carries the key of the practice in its path, which names it `{practice}`.
pub async fn prove(
    State(keys): State<Arc<Keyring>>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    let opens = bearer(&parts.headers).and_then(|key| keys.practice_of(key));
    let opens = opens.ok_or_else(|| Problem::new(Kind::Unauthorised))?.clone();
    let path = parts.extract::<Path<HashMap<String, String>>>().await;
    let asked = path.ok().and_then(|Path(mut names)| names.remove("practice"));
    if asked.as_deref() != Some(opens.as_str()) {
        return Err(Problem::new(Kind::NotFound));
    }
    parts.extensions.insert(Caller { practice: opens });
    Ok(next.run(Request::from_parts(parts, body)).await)
}

/// The keys that may say what holds for any practice, as digests. Without one, nobody may.
#[derive(Clone, Default)]
pub struct PlatformKeys(Vec<[u8; 32]>);

/// Tells how many keys there are, never which.
impl std::fmt::Debug for PlatformKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PlatformKeys({} keys)", self.0.len())
    }
}

impl PlatformKeys {
    pub fn of(keys: &[SecretString]) -> Self {
        Self(keys.iter().map(|key| sha256(key.expose_secret().as_bytes())).collect())
    }

    /// Every key is compared, as in [`Keyring::practice_of`].
    fn has(&self, presented: &str) -> bool {
        let presented = sha256(presented.as_bytes());
        self.0.iter().filter(|key| verify_slices_are_equal(key.as_slice(), &presented).is_ok()).count() > 0
    }
}

/// Lets a request pass that carries a key of the platform.
pub async fn prove_platform(
    State(keys): State<Arc<PlatformKeys>>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    if bearer(request.headers()).is_some_and(|key| keys.has(key)) {
        return Ok(next.run(request).await);
    }
    Err(Problem::new(Kind::Unauthorised))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, key) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}
