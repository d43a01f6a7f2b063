//! Sync tokens and page tokens: opaque to clients, complete for us. A sync token remembers the terms of the listing
//! that gave it out, its window too. Judges no token's age.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::google::event::series::Window;

/// `singleEvents`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Series {
    /// Occurrences instead of series.
    Expanded,
    /// Series with their exceptions.
    Whole,
}

/// `showDeleted`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cancelled {
    Shown,
    Hidden,
}

/// What a listing was of, and stays for its sync tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    pub series: Series,
    pub cancelled: Cancelled,
    /// `eventTypes`; empty: all.
    pub types: Vec<String>,
    pub window: Window,
}

/// Where an incremental listing begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncToken {
    /// The calendar, or the account whose list it is.
    pub of: String,
    /// What the world had reached.
    pub seq: u64,
    pub terms: Option<Terms>,
}

/// What the next page holds: Google sends pages without items, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Page {
    Hollow,
    Filled,
}

/// Where the next page of one listing begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageToken {
    pub of: String,
    /// The query that must come with it again.
    pub query: String,
    /// An incremental listing: what is newer than this.
    pub since: Option<u64>,
    /// What the world had reached at the first page: the new sync token begins there, so that what changes between
    /// two pages is told again.
    pub seq: u64,
    /// The key of the last entry that was given.
    pub after: String,
    pub page: Page,
    pub terms: Option<Terms>,
}

/// A token's text.
pub fn text_of<T: Serialize>(token: &T) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(token).unwrap_or_default())
}

/// Reads a token; `None`: we never gave that out.
pub fn read<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}
