//! From Graph's words to ours: [`time`] when, [`event`] how it is shown, [`mirror`] what our own mirror says.
//! Pure; it asks nobody.

pub mod event;
pub mod mirror;
pub mod time;
