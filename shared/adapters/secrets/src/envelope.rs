//! Credentials as a secret of their own, and the row that points to it. It reads and writes bytes, nothing else.
//!
//! Secrets Manager cannot compare before it sets, so the row decides which version counts. Each version names the row
//! that it replaces: one that nothing points to yet is a put that was broken off if it replaces the row that stands,
//! and the loser of a race if it replaces another.

use aws_lc_rs::digest::{SHA256, digest};
use daybook_engine::ports::Credentials;
use daybook_engine::ports::vault::SealedRow;
use secrecy::zeroize::Zeroizing;
use serde::{Deserialize, Serialize};

use crate::credentials_row::{self, ROOM};
use crate::random::as_hexadecimal;

/// The first byte of a row that points to a version of the connection's secret.
const POINTER: u8 = 2;

/// Of the JSON in the secret.
const FORMAT: u8 = 1;

#[derive(Serialize)]
struct Written<'a> {
    v: u8,
    version: u64,
    replaces: Option<String>,
    credentials: credentials_row::Written<'a>,
}

#[derive(Deserialize)]
struct Read {
    v: u8,
    version: u64,
    replaces: Option<String>,
    credentials: credentials_row::Read,
}

/// What a version of the secret says.
pub(crate) struct Envelope {
    version: u64,
    replaces: Option<String>,
    credentials: Credentials,
}

/// The secret's next value, in the place of what `before` holds or points to.
pub(crate) fn wrap(
    credentials: &Credentials,
    version: u64,
    before: Option<&SealedRow>,
) -> Result<Zeroizing<Vec<u8>>, serde_json::Error> {
    let replaces = before.map(name_of);
    let envelope = Written { v: FORMAT, version, replaces, credentials: credentials.into() };
    let mut bytes = Zeroizing::new(Vec::with_capacity(ROOM));
    serde_json::to_writer(&mut *bytes, &envelope)?;
    Ok(bytes)
}

impl Envelope {
    /// `None` for what was not written here, or in a newer format.
    pub fn read(value: &[u8]) -> Option<Self> {
        let Read { v, version, replaces, credentials } = serde_json::from_slice(value).ok()?;
        (v == FORMAT).then(|| Self { version, replaces, credentials: credentials.into() })
    }

    /// The credentials, if the row points to this.
    pub fn of_version(self, version: u64) -> Option<Credentials> {
        (self.version == version).then_some(self.credentials)
    }

    /// The credentials of a put that was broken off before its row was written.
    pub fn in_place_of(self, row: &SealedRow) -> Option<Credentials> {
        let follows = self.version == row.version + 1 && self.replaces == Some(name_of(row));
        follows.then_some(self.credentials)
    }
}

/// No two rows hold the same bytes: a seal has a nonce of its own, a pointer an id of its own.
fn name_of(row: &SealedRow) -> String {
    as_hexadecimal(digest(&SHA256, &row.sealed).as_ref())
}

pub(crate) fn pointer_row(version: u64, version_id: &str) -> SealedRow {
    SealedRow { version, sealed: [&[POINTER], version_id.as_bytes()].concat() }
}

/// The id of the version that a row points to; `None` for a row that is no pointer.
pub(crate) fn pointer_in(row: &SealedRow) -> Option<&str> {
    let (format, version_id) = row.sealed.split_first()?;
    (*format == POINTER).then(|| str::from_utf8(version_id).ok())?
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;
    use daybook_core::connection::Provider;
    use secrecy::ExposeSecret;

    fn granted() -> Credentials {
        Credentials::Granted { provider: Provider::Google, refresh_token: "token".to_owned().into() }
    }

    fn token(credentials: Option<Credentials>) -> Option<String> {
        match credentials? {
            Credentials::Granted { refresh_token, .. } => Some(refresh_token.expose_secret().to_owned()),
            Credentials::Caldav { .. } => None,
        }
    }

    fn envelope(version: u64, before: Option<&SealedRow>) -> Envelope {
        Envelope::read(&wrap(&granted(), version, before).unwrap()).unwrap()
    }

    #[test]
    fn a_pointer_is_read_back_and_a_seal_is_none() {
        assert_eq!(pointer_in(&pointer_row(3, "abc-1")), Some("abc-1"));
        for sealed in [&[][..], &[1, b'g', 7], &[3, b'a'], &[2, 0xff]] {
            assert_eq!(pointer_in(&SealedRow { version: 1, sealed: sealed.to_vec() }), None, "{sealed:?}");
        }
    }

    #[test]
    fn an_envelope_counts_for_its_own_version() {
        assert_eq!(token(envelope(2, None).of_version(2)).as_deref(), Some("token"));
        assert!(envelope(2, None).of_version(3).is_none());
    }

    #[test]
    fn only_what_replaces_the_row_that_stands_follows_it() {
        let row = pointer_row(4, "abc");
        let other = pointer_row(4, "abd");
        let follows = |version, before| token(envelope(version, before).in_place_of(&row)).is_some();
        assert!(follows(5, Some(&row)));
        assert!(!follows(5, None), "from before the connection was deleted and made again");
        assert!(!follows(5, Some(&other)), "of another row with the same version");
        assert!(!follows(4, Some(&row)) && !follows(6, Some(&row)));
    }

    #[test]
    fn what_is_no_envelope_of_ours_is_none() {
        for value in ["", "{}", "token", r#"{"v":2,"version":1,"replaces":null,"credentials":{}}"#] {
            assert!(Envelope::read(value.as_bytes()).is_none(), "{value}");
        }
    }
}
