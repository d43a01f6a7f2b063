//! Sealing bytes for one purpose: they open only with the same practice's secret, and only in the place that they
//! were sealed for. It does not know what the bytes mean.

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use secrecy::zeroize::Zeroizing;

use crate::practice_keys::Secret;

/// What a key is derived for, so that none serves twice.
#[derive(Clone, Copy)]
pub enum Purpose {
    Sealing,
    /// Mirror names and fingerprints.
    Practice,
}

impl Purpose {
    fn label(self) -> &'static [u8] {
        match self {
            Purpose::Sealing => b"daybook sealed credentials 1",
            Purpose::Practice => b"daybook practice key 1",
        }
    }
}

/// The working key for one purpose (RFC 5869).
pub fn derive(secret: &Secret, purpose: Purpose) -> Result<Secret, Unspecified> {
    let mut key = Secret::default();
    let info = [purpose.label()];
    Salt::new(HKDF_SHA256, &[])
        .extract(secret.as_slice())
        .expand(&info, HKDF_SHA256)?
        .fill(key.as_mut_slice())?;
    Ok(key)
}

/// The nonce, then what the plain text became. `place` is authenticated and not kept.
pub fn seal(secret: &Secret, place: &[u8], mut plain: Zeroizing<Vec<u8>>) -> Result<Vec<u8>, Unspecified> {
    let nonce = key(secret)?.seal_in_place_append_tag(Aad::from(place), &mut *plain)?;
    Ok([nonce.as_ref().as_slice(), plain.as_slice()].concat())
}

/// Fails for another secret, another place, or a single changed bit.
pub fn open(secret: &Secret, place: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unspecified> {
    let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(Unspecified)?;
    let mut buffer = Zeroizing::new(rest.to_vec());
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let length = key(secret)?.open_in_place(nonce, Aad::from(place), &mut buffer)?.len();
    buffer.truncate(length);
    Ok(buffer)
}

/// GCM-SIV: should the source of chance ever repeat a nonce, only equality of texts shows.
fn key(secret: &Secret) -> Result<RandomizedNonceKey, Unspecified> {
    RandomizedNonceKey::new(&AES_256_GCM_SIV, derive(secret, Purpose::Sealing)?.as_slice())
}
