//! `multipart/mixed` batches: reading the calls out of one body and writing the answers into another. The calls are
//! made by the door; the order of the answers means nothing, and is never the order of the calls.

use std::fmt::Write as _;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};

use super::answer::Answer;
use super::refusal::Refusal;

/// The newer guide says 1,000, libraries say 50: whoever sends 50 is right everywhere.
pub const MOST_CALLS: usize = 50;
/// What divides the answers.
pub const BOUNDARY: &str = "batch_sandbox_answer";

/// One call inside a batch, not yet understood.
pub struct Part {
    pub content_id: Option<String>,
    pub method: Method,
    /// As sent: a path or an address.
    pub target: String,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// Reads a batch.
pub fn parse(headers: &HeaderMap, body: &[u8]) -> Result<Vec<Part>, Refusal> {
    let bad = || Refusal::bad("global", "badRequest", "Failed to parse batch request.");
    let boundary = boundary(headers).ok_or_else(bad)?;
    let text = std::str::from_utf8(body).map_err(|_| bad())?.replace("\r\n", "\n");
    let text = format!("\n{text}");
    let whole = text.split_once(&format!("\n--{boundary}--")).map(|(whole, _)| whole).ok_or_else(bad)?;
    let between = format!("\n--{boundary}\n");
    let pieces = whole.split(&between).skip(1);
    let parts: Vec<Part> =
        pieces.map(|piece| part(piece, headers).ok_or_else(bad)).collect::<Result<_, _>>()?;
    if parts.is_empty() {
        return Err(bad());
    }
    if parts.len() > MOST_CALLS {
        let message = format!("The batch request has more than {MOST_CALLS} calls.");
        return Err(Refusal::bad("global", "batchSizeTooLarge", &message));
    }
    Ok(parts)
}

fn boundary(headers: &HeaderMap) -> Option<String> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let mut parts = kind.split(';').map(str::trim);
    if !parts.next()?.eq_ignore_ascii_case("multipart/mixed") {
        return None;
    }
    let found = parts.find_map(|one| one.strip_prefix("boundary="))?;
    Some(found.trim_matches('"').to_owned()).filter(|boundary| !boundary.is_empty())
}

/// The outer headers hold for every call, unless it has its own.
fn part(piece: &str, outer: &HeaderMap) -> Option<Part> {
    let (own, call) = piece.split_once("\n\n")?;
    let own = fields(own)?;
    let kind = own.get(header::CONTENT_TYPE)?.to_str().ok()?;
    if !kind.starts_with("application/http") {
        return None;
    }
    let (head, body) = call.split_once("\n\n").unwrap_or((call.trim_end_matches('\n'), ""));
    let (line, rest) = head.split_once('\n').unwrap_or((head, ""));
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.parse().ok()?, words.next()?.to_owned());
    let mut headers: HeaderMap = outer
        .iter()
        .filter(|(name, _)| !name.as_str().starts_with("content-"))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    for (name, value) in &fields(rest)? {
        headers.insert(name, value.clone());
    }
    let content_id = own.get("content-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
    Some(Part { content_id, method, target, headers, body: body.trim().as_bytes().to_vec() })
}

fn fields(text: &str) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':')?;
        let name: HeaderName = name.trim().parse().ok()?;
        headers.insert(name, HeaderValue::from_str(value.trim()).ok()?);
    }
    Some(headers)
}

/// The answers as one body, every second call first.
pub fn text_of(answers: &[(Option<String>, Answer)]) -> String {
    let (even, odd): (Vec<_>, Vec<_>) = answers.iter().enumerate().partition(|(place, _)| place % 2 == 0);
    let mut text = String::new();
    for (_, (id, answer)) in odd.into_iter().chain(even) {
        let _ = write!(text, "--{BOUNDARY}\r\nContent-Type: application/http\r\n");
        if let Some(id) = id {
            let _ = write!(text, "Content-ID: {}\r\n", id.replacen('<', "<response-", 1));
        }
        let status = answer.status;
        let reason = status.canonical_reason().unwrap_or_default();
        let _ = write!(text, "\r\nHTTP/1.1 {} {reason}\r\n", status.as_u16());
        if let Some(seconds) = answer.retry_after_s {
            let _ = write!(text, "Retry-After: {seconds}\r\n");
        }
        if let Some((kind, body)) = answer.text() {
            let _ = write!(text, "Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}\r\n", body.len());
        } else {
            text.push_str("\r\n\r\n");
        }
    }
    let _ = write!(text, "--{BOUNDARY}--\r\n");
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    fn outer(kind: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, kind.parse().unwrap());
        headers.insert(header::AUTHORIZATION, "Bearer outer".parse().unwrap());
        headers
    }

    #[test]
    fn a_batch_is_read() {
        let body = "--B\r\nContent-Type: application/http\r\nContent-ID: <item1>\r\n\r\nDELETE /calendar/v3/x?sendUpdates=none\r\n\r\n\
            --B\r\nContent-Type: application/http\r\n\r\nPOST /calendar/v3/y HTTP/1.1\r\nIf-Match: \"7\"\r\nAuthorization: Bearer inner\r\n\r\n{\"id\":\"a\"}\r\n--B--\r\n";
        let parts = parse(&outer("multipart/mixed; boundary=\"B\""), body.as_bytes()).unwrap();
        let read: Vec<_> = parts
            .iter()
            .map(|part| {
                let header =
                    |name: &str| part.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
                (
                    part.method.as_str(),
                    part.target.as_str(),
                    part.content_id.as_deref(),
                    header("authorization"),
                    header("if-match"),
                    part.body.len(),
                )
            })
            .collect();
        let bearer = |who: &str| Some(format!("Bearer {who}"));
        assert_eq!(
            read,
            [
                ("DELETE", "/calendar/v3/x?sendUpdates=none", Some("<item1>"), bearer("outer"), None, 0),
                ("POST", "/calendar/v3/y", None, bearer("inner"), Some("\"7\"".to_owned()), 10),
            ]
        );
    }

    #[test]
    fn a_broken_batch_is_refused() {
        let part = "--B\r\nContent-Type: application/http\r\n\r\nGET /x\r\n\r\n";
        let many = format!("{}--B--", part.repeat(MOST_CALLS + 1));
        let cases = [
            ("multipart/mixed; boundary=B", part.to_owned()),
            ("multipart/mixed; boundary=B", "--B--".to_owned()),
            ("multipart/mixed", format!("{part}--B--")),
            ("application/json", format!("{part}--B--")),
            (
                "multipart/mixed; boundary=B",
                "--B\r\nContent-Type: text/plain\r\n\r\nGET /x\r\n--B--".to_owned(),
            ),
            ("multipart/mixed; boundary=B", many),
        ];
        for (kind, body) in cases {
            assert!(parse(&outer(kind), body.as_bytes()).is_err(), "{kind} {}", body.len());
        }
    }
}
