//! Stand-ins for the outside world, so that a newcomer and the tests need no account anywhere.
//! They know nothing of Daybook beyond an address to call.

pub mod caldav;
pub mod cloud;
pub mod ehr;
pub mod google;
pub mod microsoft;
mod page;
