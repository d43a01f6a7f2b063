//! The control document: what a request may say, and what the answer shows.

use std::collections::BTreeSet;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::super::Cloud;

/// What becomes of the notifications that a change owes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::cloud) enum Notifications {
    #[default]
    Normal,
    Drop,
    Double,
    /// Sent this many seconds later.
    Delay(u32),
}

/// Who answers the consent page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::cloud) enum SignIn {
    /// The person at the browser.
    #[default]
    Ask,
    /// The page is skipped: this account allows everything but these scopes.
    Allow {
        account: String,
        #[serde(default)]
        without: BTreeSet<String>,
    },
    /// The page is skipped: the person refuses.
    Refuse,
    /// The page is skipped: an administrator would have to approve.
    NeedsAdmin,
}

/// What the token endpoint answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::cloud) enum TokenAnswer {
    #[default]
    Normal,
    InvalidClient,
    /// Google: a Workspace asks for a new sign-in. Microsoft: `interaction_required`.
    SignInAgain,
    /// 503, HTML at Google.
    Unavailable,
}

pub(super) async fn show(State(_cloud): State<Cloud>) -> Response {
    StatusCode::NOT_IMPLEMENTED.into_response()
}

pub(super) async fn follow(State(_cloud): State<Cloud>, _body: Bytes) -> Response {
    StatusCode::NOT_IMPLEMENTED.into_response()
}
