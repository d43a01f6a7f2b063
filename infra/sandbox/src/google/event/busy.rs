//! Whether an event takes up its calendar's time, as free/busy sees it.

use serde_json::Value;

use crate::cloud::{Account, Calendar};

/// Is this address the calendar's own person?
pub fn is_self(email: &str, account: &Account, calendar: &Calendar) -> bool {
    email.eq_ignore_ascii_case(&calendar.id) || email.eq_ignore_ascii_case(&account.email)
}

/// What the calendar's own person answered, if they are among those invited.
pub fn own_response<'a>(body: &'a Value, account: &Account, calendar: &Calendar) -> Option<&'a str> {
    let attendees = body.get("attendees").and_then(Value::as_array)?;
    let email = |one: &'a Value| one.get("email").and_then(Value::as_str);
    let own =
        attendees.iter().find(|one| email(one).is_some_and(|email| is_self(email, account, calendar)))?;
    Some(own.get("responseStatus").and_then(Value::as_str).unwrap_or("needsAction"))
}

/// Transparent, declined and merely informative events take up no time; tentative ones do.
pub fn is_busy(body: &Value, account: &Account, calendar: &Calendar) -> bool {
    let says = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default();
    says("transparency") != "transparent"
        && says("status") != "cancelled"
        && !matches!(says("eventType"), "workingLocation" | "birthday")
        && own_response(body, account, calendar) != Some("declined")
}
