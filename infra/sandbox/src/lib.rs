//! Stand-ins for the outside world, so that a newcomer and the tests need no account anywhere.
//! They know nothing of Daybook beyond an address to call.

pub mod ehr;
