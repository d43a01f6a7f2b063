//! Many requests in one (`multipart/mixed`): the parts of the answer come in any order and fail each by itself.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};
use jiff::Timestamp;

use super::{Api, Reply};

/// The most that Google's libraries put into one.
pub const MOST: usize = 50;

/// JSON holds no raw line break, so that this line can stand in no part.
const BOUNDARY: &str = "daybook_part";
const MOST_HEADERS: usize = 32;

/// One request that holds all the others.
pub fn prepare(api: &Api, parts: &[Request<Bytes>]) -> Result<Request<Bytes>, http::Error> {
    let mut body = Vec::new();
    for (number, part) in parts.iter().enumerate() {
        let head = format!(
            "--{BOUNDARY}\r\nContent-Type: application/http\r\nContent-ID: <item{number}>\r\n\r\n{} {}\r\n",
            part.method(),
            api.below_base(part),
        );
        body.extend_from_slice(head.as_bytes());
        for (name, value) in part.headers() {
            body.extend_from_slice(name.as_str().as_bytes());
            body.extend_from_slice(b": ");
            body.extend_from_slice(value.as_bytes());
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"\r\n");
        body.extend_from_slice(part.body());
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    Request::post(api.url(["batch", "calendar", "v3"]).as_str())
        .header(CONTENT_TYPE, format!("multipart/mixed; boundary={BOUNDARY}"))
        .body(body.into())
}

/// The answers by the number of the request. Parts that cannot be read are left out, and so are parts that answer
/// nothing that was asked. `None` where it is no batch at all.
pub fn parse(headers: &HeaderMap, body: &Bytes, now: Timestamp) -> Option<BTreeMap<usize, Reply>> {
    let delimiter = format!("--{}", boundary(headers)?);
    let parts = split(body, delimiter.as_bytes());
    Some(parts.into_iter().filter_map(|part| parse_part(&part, now)).collect())
}

fn boundary(headers: &HeaderMap) -> Option<String> {
    let kind = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let mut parameters = kind.split(';').map(str::trim);
    parameters.next().filter(|kind| kind.eq_ignore_ascii_case("multipart/mixed"))?;
    let named = parameters.filter_map(|parameter| parameter.split_once('='));
    let value = named.into_iter().find(|(name, _)| name.trim().eq_ignore_ascii_case("boundary"))?.1;
    let value = value.trim().trim_matches('"');
    (!value.is_empty()).then(|| value.to_owned())
}

/// What stands between lines that begin with the delimiter; nothing before the first and after the last.
fn split(body: &Bytes, delimiter: &[u8]) -> Vec<Bytes> {
    let mut parts = Vec::new();
    let mut open: Option<usize> = None;
    let mut at = 0;
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let after = at + line.len();
        if line.starts_with(delimiter) {
            parts.extend(open.map(|start| body.slice(start..at)));
            open = Some(after);
        }
        at = after;
    }
    parts
}

fn parse_part(part: &Bytes, now: Timestamp) -> Option<(usize, Reply)> {
    let mut storage = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let start = part.iter().position(|byte| !byte.is_ascii_whitespace())?;
    let part = part.slice(start..);
    let httparse::Status::Complete((length, headers)) = httparse::parse_headers(&part, &mut storage).ok()?
    else {
        return None;
    };
    let id = headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-id"))?;
    let number = number(std::str::from_utf8(id.value).ok()?)?;
    Some((number, parse_answer(&part.slice(length..), now)?))
}

/// `<response-item7>`; some send more before the name.
fn number(id: &str) -> Option<usize> {
    let digits = id.trim().trim_end_matches('>').rsplit_once("item")?.1;
    digits.parse().ok()
}

fn parse_answer(answer: &Bytes, now: Timestamp) -> Option<Reply> {
    let mut storage = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut head = httparse::Response::new(&mut storage);
    let start = answer.iter().position(|byte| !byte.is_ascii_whitespace())?;
    let answer = answer.slice(start..);
    let httparse::Status::Complete(length) = head.parse(&answer).ok()? else { return None };
    let headers: HeaderMap = head.headers.iter().filter_map(header).collect();
    Some(Reply {
        status: StatusCode::from_u16(head.code?).ok()?,
        retry_after: daybook_http::retry_after(&headers, now),
        body: answer.slice(length..),
    })
}

fn header(header: &httparse::Header<'_>) -> Option<(HeaderName, HeaderValue)> {
    Some((header.name.parse().ok()?, HeaderValue::from_bytes(header.value).ok()?))
}
