//! Notices to the practice's EHR, as signed Standard Webhooks, and how one is spelled for whoever reads it later. It
//! decides neither what is told nor when it is told again.

mod document;
mod post;
mod secret;

pub use document::{Document, DocumentData};
pub use post::Post;
pub use secret::{BadSecret, NoticeSecret};
