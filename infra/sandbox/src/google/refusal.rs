//! What Google answers when it does not do a thing: the envelope that its clients parse, with the reasons that
//! decide what they do next. Says nothing about why a call was tried.

use axum::http::StatusCode;
use serde_json::{Value, json};

/// One refusal, in Google's words.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub status: StatusCode,
    domain: &'static str,
    reason: String,
    message: String,
    /// `locationType` and `location`.
    place: Option<(&'static str, String)>,
    /// Newer front ends add these beside the envelope.
    more: Option<Box<Value>>,
}

impl Refusal {
    fn new(status: StatusCode, domain: &'static str, reason: &str, message: &str) -> Self {
        Self {
            status,
            domain,
            reason: reason.to_owned(),
            message: message.to_owned(),
            place: None,
            more: None,
        }
    }

    fn at(mut self, kind: &'static str, name: &str) -> Self {
        self.place = Some((kind, name.to_owned()));
        self
    }

    /// 400 about one parameter of the query.
    pub fn parameter(name: &str, message: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "global", "invalid", message).at("parameter", name)
    }

    /// 400 about the body.
    pub fn invalid(message: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "global", "invalid", message)
    }

    /// 400 with a reason of its own.
    pub fn bad(domain: &'static str, reason: &'static str, message: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, domain, reason, message)
    }

    /// 400: something must be there.
    pub fn required(message: &str) -> Self {
        Self::bad("global", "required", message)
    }

    /// 400: no JSON.
    pub fn parse_error() -> Self {
        Self::bad("global", "parseError", "Parse Error")
    }

    /// 400: it ends before it starts.
    pub fn time_range_empty() -> Self {
        Self::bad("calendar", "timeRangeEmpty", "The specified time range is empty.")
    }

    /// 401: no token, an old one, a revoked one.
    pub fn invalid_credentials() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "global", "authError", "Invalid Credentials")
            .at("header", "Authorization")
    }

    /// 403: the person did not consent to this.
    pub fn insufficient_permissions() -> Self {
        let mut refusal =
            Self::new(StatusCode::FORBIDDEN, "global", "insufficientPermissions", "Insufficient Permission");
        refusal.more = Some(Box::new(json!({
            "message": "Request had insufficient authentication scopes.",
            "status": "PERMISSION_DENIED",
            "details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT", "domain": "googleapis.com"}]})));
        refusal
    }

    /// 403: the account's role on this calendar is too low.
    pub fn access_level() -> Self {
        let message = "You need to have writer access to this calendar.";
        Self::new(StatusCode::FORBIDDEN, "calendar", "requiredAccessLevel", message)
    }

    /// 403: never allowed here.
    pub fn forbidden(message: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "global", "forbidden", message)
    }

    /// 403: the fields belong to the organizer.
    pub fn non_organizer() -> Self {
        let message = "Shared properties can only be changed by the organizer of the event.";
        Self::new(StatusCode::FORBIDDEN, "calendar", "forbiddenForNonOrganizer", message)
    }

    /// 403 in the first form that "too many requests" takes.
    pub fn user_rate_limit() -> Self {
        let message = "User Rate Limit Exceeded";
        Self::new(StatusCode::FORBIDDEN, "usageLimits", "userRateLimitExceeded", message)
    }

    /// 429, the second form.
    pub fn rate_limit() -> Self {
        let message = "Rate Limit Exceeded";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "usageLimits", "rateLimitExceeded", message)
    }

    /// 403 that lasts for hours.
    pub fn quota() -> Self {
        let message = "Calendar usage limits exceeded.";
        Self::new(StatusCode::FORBIDDEN, "usageLimits", "quotaExceeded", message)
    }

    /// 403 for whatever reason a planned fault names.
    pub fn forbidden_for(reason: &str) -> Self {
        match reason {
            "userRateLimitExceeded" => Self::user_rate_limit(),
            "quotaExceeded" => Self::quota(),
            "insufficientPermissions" => Self::insufficient_permissions(),
            "forbiddenForNonOrganizer" => Self::non_organizer(),
            "rateLimitExceeded" => Self { status: StatusCode::FORBIDDEN, ..Self::rate_limit() },
            other => Self::new(StatusCode::FORBIDDEN, "global", other, "Forbidden"),
        }
    }

    /// The usual refusal with that status, for planned faults.
    pub fn with_status(status: StatusCode) -> Self {
        match status.as_u16() {
            401 => Self::invalid_credentials(),
            404 => Self::not_found(),
            409 => Self::duplicate(),
            410 => Self::deleted(),
            412 => Self::condition_not_met(),
            429 => Self::rate_limit(),
            500..=599 => Self { status, ..Self::backend() },
            _ => Self { status, ..Self::invalid("Bad Request") },
        }
    }

    /// 404: missing, or not for this account.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "global", "notFound", "Not Found")
    }

    /// 404 of a channel that is not open, or is another's.
    pub fn no_channel(id: &str, client: &str) -> Self {
        let message = format!("Channel '{id}' not found for project '{client}'");
        Self::new(StatusCode::NOT_FOUND, "global", "notFound", &message)
    }

    /// 409: the id is taken, be it by a deleted event.
    pub fn duplicate() -> Self {
        let message = "The requested identifier already exists.";
        Self::new(StatusCode::CONFLICT, "global", "duplicate", message)
    }

    /// 410 of one resource.
    pub fn deleted() -> Self {
        Self::new(StatusCode::GONE, "global", "deleted", "Resource has been deleted")
    }

    /// 410 of a sync token.
    pub fn full_sync_required() -> Self {
        let message = "Sync token is no longer valid, a full sync is required.";
        Self::new(StatusCode::GONE, "calendar", "fullSyncRequired", message).at("parameter", "syncToken")
    }

    /// 410 of `updatedMin`.
    pub fn updated_min_too_long_ago() -> Self {
        let message = "The requested minimum modification time lies too far in the past.";
        Self::new(StatusCode::GONE, "calendar", "updatedMinTooLongAgo", message).at("parameter", "updatedMin")
    }

    /// 412: it has changed since it was read.
    pub fn condition_not_met() -> Self {
        Self::new(StatusCode::PRECONDITION_FAILED, "global", "conditionNotMet", "Precondition Failed")
            .at("header", "If-Match")
    }

    /// 500.
    pub fn backend() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "global", "backendError", "Backend Error")
    }

    /// The error document.
    pub fn body(&self) -> Value {
        let mut one = json!({"domain": self.domain, "reason": self.reason, "message": self.message});
        if let (Some((kind, name)), Some(fields)) = (&self.place, one.as_object_mut()) {
            fields.insert("locationType".to_owned(), json!(kind));
            fields.insert("location".to_owned(), json!(name));
        }
        let mut error = json!({"errors": [one], "code": self.status.as_u16(), "message": self.message});
        if let (Some(Value::Object(more)), Some(fields)) = (self.more.as_deref(), error.as_object_mut()) {
            fields.extend(more.clone());
        }
        json!({"error": error})
    }
}
