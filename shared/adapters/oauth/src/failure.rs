//! What a provider's refusals mean, by what to do next. Only words of the protocol are passed on: descriptions may
//! hold names and addresses.

use daybook_engine::ports::{PageRefusal, RemoteError};
use daybook_http::TransportError;
use oauth2::RequestTokenError;
use oauth2::basic::BasicErrorResponse;

use crate::wire::WireError;

type Failure = RequestTokenError<WireError, BasicErrorResponse>;

/// What we handed to the token endpoint.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Grant {
    Code,
    RefreshToken,
}

/// Whose hand is needed after an error of the token endpoint.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Meaning {
    /// What we handed over is not, or no longer, good.
    Spent,
    /// The person must sign in again, or allow more.
    SignInAgain,
    /// The operator must put the registration right.
    Operator,
    /// The request itself is wrong.
    Ours,
}

/// What to do about a failed exchange or refresh.
pub(crate) fn remote_error(what: String, grant: Grant, failure: Failure) -> RemoteError {
    match failure {
        RequestTokenError::ServerResponse(refusal) => refused(what, grant, refusal.error().as_ref()),
        RequestTokenError::Request(WireError::Passing { retry_after, status }) => {
            let cause = Some(Box::new(WireError::Passing { status, retry_after }) as _);
            RemoteError::Later { what, retry_after, cause }
        }
        RequestTokenError::Request(WireError::Transport(error)) => unanswered(what, error),
        // The cause would hold the body, and with it tokens.
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
            RemoteError::Unintelligible { what, cause: None }
        }
    }
}

/// What to do where no answer came, at any address of a provider's.
pub fn unanswered(what: String, error: TransportError) -> RemoteError {
    match error {
        TransportError::Connection(_) => {
            RemoteError::Later { what, retry_after: None, cause: Some(Box::new(error)) }
        }
        TransportError::TooLarge { .. } => RemoteError::Unintelligible { what, cause: Some(Box::new(error)) },
        TransportError::Unbuildable(_) => RemoteError::Rejected { what, why: error.to_string() },
    }
}

fn refused(what: String, grant: Grant, error: &str) -> RemoteError {
    let why = protocol_word(error).to_owned();
    match (meaning(error), grant) {
        (Meaning::Spent, Grant::Code) | (Meaning::Ours, _) => RemoteError::Rejected { what, why },
        (Meaning::Spent, Grant::RefreshToken) | (Meaning::SignInAgain, _) => RemoteError::Refused { what },
        (Meaning::Operator, _) => RemoteError::Unconfigured { what, why },
    }
}

/// RFC 6749 section 5.2 and the providers' extensions of it.
fn meaning(error: &str) -> Meaning {
    match error {
        "invalid_grant" => Meaning::Spent,
        "interaction_required" | "consent_required" | "login_required" | "invalid_rapt" => {
            Meaning::SignInAgain
        }
        "invalid_client"
        | "unauthorized_client"
        | "redirect_uri_mismatch"
        | "deleted_client"
        | "disabled_client" => Meaning::Operator,
        _ => Meaning::Ours,
    }
}

/// The words that may be shown and logged.
fn protocol_word(error: &str) -> &str {
    let is_word = error.len() <= 40 && error.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    if is_word { error } else { "a word that no protocol knows" }
}

/// Why a page sent the browser back without a code, as far as the error's word tells (RFC 6749 section 4.1.2.1,
/// `OpenID` Connect Core 3.1.2.6).
pub fn read_refusal(error: &str) -> PageRefusal {
    match error {
        "access_denied" => PageRefusal::Declined,
        "admin_policy_enforced" | "org_internal" | "consent_required" => PageRefusal::AdministratorNeeded,
        "invalid_client"
        | "deleted_client"
        | "disabled_client"
        | "unauthorized_client"
        | "redirect_uri_mismatch"
        | "invalid_request"
        | "invalid_resource"
        | "invalid_scope"
        | "unsupported_response_type" => PageRefusal::Unconfigured,
        _ => PageRefusal::Passing,
    }
}
