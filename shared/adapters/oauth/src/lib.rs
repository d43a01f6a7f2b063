//! Sign-in at a provider's own page (OAuth 2.0, RFC 6749, with PKCE, RFC 7636): the page's address, the exchange of a
//! code, refreshes, and what an error of the token endpoint means. It knows no provider, keeps no token and asks
//! nobody who signed in.

mod claims;
mod client;
mod failure;
mod revoke;
#[cfg(test)]
mod tests;
mod wire;

pub use claims::{Claims, claims};
pub use client::{Client, Granted, Registration};
pub use failure::{read_refusal, unanswered};
pub use revoke::revoke;
