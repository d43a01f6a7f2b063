//! Events as Google keeps and shows them: reading, checking, expanding, changing and rendering one. All of it is
//! pure; nothing here knows of requests or permissions.

pub mod busy;
pub mod change;
pub mod moment;
pub mod rule;
pub mod series;
pub mod show;
pub mod write;
