//! The token endpoint's refusals, in each provider's words (fields and codes as documented; texts indicative).

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use jiff::Timestamp;
use serde_json::json;

use crate::cloud::Dialect;

/// Why no token is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The named parameter is missing or senseless.
    Request(&'static str),
    Client,
    /// An authorisation code that is used up, late, or somebody else's; a verifier that does not fit.
    Code,
    /// A refresh token that is expired or revoked.
    Refresh,
    GrantType,
    SignInAgain,
    Unavailable,
}

impl Refusal {
    /// The answer, with the time in it that Microsoft's carry.
    pub(super) fn answer(self, dialect: Dialect, now: Timestamp) -> Response {
        match dialect {
            Dialect::Google => self.google(),
            Dialect::Microsoft => self.microsoft(now),
        }
    }

    fn google(self) -> Response {
        let (status, body) = match self {
            Self::Request(name) => (
                StatusCode::BAD_REQUEST,
                json!({"error": "invalid_request", "error_description": format!("Missing required parameter: {name}")}),
            ),
            Self::Client => (
                StatusCode::UNAUTHORIZED,
                json!({"error": "invalid_client", "error_description": "Unauthorized"}),
            ),
            Self::Code => (
                StatusCode::BAD_REQUEST,
                json!({"error": "invalid_grant", "error_description": "Bad Request"}),
            ),
            Self::Refresh => (
                StatusCode::BAD_REQUEST,
                json!({"error": "invalid_grant", "error_description": "Token has been expired or revoked."}),
            ),
            Self::GrantType => (
                StatusCode::BAD_REQUEST,
                json!({"error": "unsupported_grant_type", "error_description": "Invalid grant_type"}),
            ),
            Self::SignInAgain => (
                StatusCode::BAD_REQUEST,
                json!({"error": "invalid_grant", "error_subtype": "invalid_rapt", "error_description": "reauth related error (invalid_rapt)"}),
            ),
            Self::Unavailable => {
                let page = Html("<!DOCTYPE html><title>Error 503 (Service Unavailable)</title>");
                return (StatusCode::SERVICE_UNAVAILABLE, page).into_response();
            }
        };
        (status, Json(body)).into_response()
    }

    fn microsoft(self, now: Timestamp) -> Response {
        let (status, error, code, text) = match self {
            Self::Request(_) => {
                (400, "invalid_request", 900_144, "The request body is missing a required parameter.")
            }
            Self::Client => {
                (401, "invalid_client", 7_000_222, "The provided client secret keys are expired.")
            }
            Self::Code => (
                400,
                "invalid_grant",
                54_005,
                "OAuth2 Authorization code was already redeemed, or is not valid.",
            ),
            Self::Refresh => (
                400,
                "invalid_grant",
                70_008,
                "The provided authorization code or refresh token has expired or was revoked.",
            ),
            Self::GrantType => (400, "unsupported_grant_type", 70_003, "The grant type is not supported."),
            Self::SignInAgain => (
                400,
                "interaction_required",
                50_076,
                "You must use multi-factor authentication to access this resource.",
            ),
            Self::Unavailable => {
                (503, "temporarily_unavailable", 90_033, "A transient error has occurred. Please try again.")
            }
        };
        let at = now.strftime("%Y-%m-%d %H:%M:%SZ").to_string();
        let (trace, correlation) =
            ("11aa22bb-0000-4000-8000-000000000001", "33cc44dd-0000-4000-8000-000000000001");
        let description = format!(
            "AADSTS{code}: {text} Trace ID: {trace}\r\nCorrelation ID: {correlation}\r\nTimestamp: {at}"
        );
        let body = json!({
            "error": error,
            "error_description": description,
            "error_codes": [code],
            "timestamp": at,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": format!("https://login.microsoftonline.com/error?code={code}"),
        });
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        let mut response = (status, Json(body)).into_response();
        if self == Self::Unavailable {
            response.headers_mut().insert(header::RETRY_AFTER, axum::http::HeaderValue::from_static("5"));
        }
        response
    }
}
