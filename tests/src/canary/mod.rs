//! Canaries: words that stand nowhere else, in every text field of an EHR's resources and of clinicians' own events, and the
//! eye that finds them where they must not be. Every story from outside is played with them.

pub mod plant;
pub mod sinks;
pub mod words;
