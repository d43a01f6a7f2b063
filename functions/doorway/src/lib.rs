//! What the doors have in common: the frame of every answer, the catalogue of problems, and who may ask. It opens no
//! door itself.

mod caller;
mod failure;
mod frame;
mod health;
mod origin;
mod problem;
mod session_cookie;

pub use caller::{Caller, Keyring, PlatformKeys, prove, prove_platform};
pub use frame::{ON_LAMBDA, PAGE_POLICY, dress, never_kept};
pub use health::health;
pub use origin::is_ours;
pub use problem::{Document, Fault, Kind, Problem};
pub use session_cookie::SessionCookie;
