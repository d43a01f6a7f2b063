//! What calendar sync tells the practice: a door that takes signed notices, and a page that shows them. It asks nobody back.

mod door;
mod page;
mod proof;

pub(super) use door::routes;
pub(super) use proof::Trust;

/// The last so many are kept.
const MOST: u32 = 200;
