//! Telling a hook that something changed: what to say, how to sign it, when to try again. A message
//! carries ids and the names of elements, never their content.

mod notice;
mod sender;
mod signature;

pub(super) use notice::notices;
pub(super) use sender::deliver;
pub use signature::{BadSecret, HookTarget};
