//! Signed launches: whether the practice's EHR has signed one, and what stands in it. What the claims are good for is
//! decided in `daybook-core`; no token is kept or told here.

mod claims;
mod keys;

pub use claims::{Peek, Unproven, peek};
pub use keys::{BadKeys, KeySet};
