//! The events of a calendar over the wire: one by one, and in listings with sync tokens.

pub mod ask;
pub mod cursor;
pub mod entries;
pub mod list;
pub mod one;
