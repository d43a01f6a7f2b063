//! The single table behind the engine's stores: keys, rows, and one conditional request per step.
//! It decides nothing about syncing, and it never reads the table as a whole.
//!
//! | pk | sk | row |
//! |---|---|---|
//! | `C#practice#connection` | `CONN` | the connection; written by doors, people and the worker, each its own attributes |
//! | | `REFRESH` | who may refresh the credentials now |
//! | | `L#A#mirror` | a link of the appointments lane |
//! | | `L#B#item#mirror` | a link of the busy lane, behind the digest of the owner's item |
//! | | `TOKEN` | sealed credentials |
//! | `P#practice` | `PRACTICE` | the practice and how far its EHR has been read |
//! | | `R#practitioner#connection` | the names of a practitioner's connections |
//! | | `F#practitioner` | a practitioner's read-only feed |
//! | `F#digest` | `FEED` | whose feed a secret opens |
//! | `I#practice#key` | `IDEM` | an answer that was given under an idempotency key |
//! | `A#provider#subject` | `C#practice#connection` | the names of the connections that use an account |
//! | `S#nonce` | `VISIT` | a sign-in under way |
//! | `N#practice` | `ntc_time_connection_number` | a notice, and how far offering it has come |
//! | `T#practice` | `aud_time_nonce` | an entry of the audit trail, for six years |
//! | `W#provider#id` | `SUB` | what a subscription is about |
//! | `Q#provider#minute` | `QUOTA` | how much of the provider's budget was drawn in a minute: `total`, and `p#practice` for each |
//!
//! Four sparse indexes hold names only: `due`, `appointment`, `owing` and `remote` (see [`schema`]). Instants are numbers,
//! nanoseconds since the epoch; only `expires_at`, which the table's own clean-up reads, is in seconds. Inside JSON they
//! are texts (RFC 3339).

mod accounts;
mod audit;
mod connection_row;
mod connections;
mod expression;
mod failure;
mod feeds;
mod idempotency;
mod item;
mod keys;
mod lease;
mod link_row;
mod links;
mod marks;
mod notice_row;
mod notices;
mod older_link_row;
mod policy_row;
mod practices;
mod quotas;
mod refresh;
mod save;
mod schedule_row;
pub mod schema;
mod sealed;
mod settings_row;
mod signal;
mod subscriptions;
mod table;
mod transaction;
mod visits;
mod words;

#[cfg(feature = "embedded")]
mod embedded;
#[cfg(feature = "embedded")]
mod embedded_listing;

#[cfg(feature = "embedded")]
pub use embedded::{Embedded, EmbeddedError, embedded_client};
pub use table::{RequestCounts, Table};
