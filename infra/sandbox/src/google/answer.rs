//! What a call came to, before it is put on the wire: alone, or as part of a batch.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::refusal::Refusal;

/// Status and document.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub body: Body,
    pub retry_after_s: Option<u32>,
}

/// What is sent.
#[derive(Clone, Debug)]
pub enum Body {
    Nothing,
    Json(Value),
    /// What a front end says where it has nothing better to say.
    Html(&'static str),
}

const SORRY: &str = "<!DOCTYPE html>\n<html lang=en><title>Error (Server Error)!!1</title><p>That\u{2019}s an error. \
    The service is temporarily unavailable. Please try again later.</html>\n";

impl Answer {
    pub fn json(body: Value) -> Self {
        Self { status: StatusCode::OK, body: Body::Json(body), retry_after_s: None }
    }

    /// 204.
    pub fn empty() -> Self {
        Self { status: StatusCode::NO_CONTENT, body: Body::Nothing, retry_after_s: None }
    }

    /// 304.
    pub fn not_modified() -> Self {
        Self { status: StatusCode::NOT_MODIFIED, body: Body::Nothing, retry_after_s: None }
    }

    /// An error page of the front end.
    pub fn html(status: StatusCode) -> Self {
        Self { status, body: Body::Html(SORRY), retry_after_s: None }
    }

    /// Content type and text; nothing for an empty answer.
    pub fn text(&self) -> Option<(&'static str, String)> {
        match &self.body {
            Body::Nothing => None,
            Body::Json(value) => Some(("application/json; charset=UTF-8", value.to_string())),
            Body::Html(text) => Some(("text/html; charset=UTF-8", (*text).to_owned())),
        }
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        Self { status: refusal.status, body: Body::Json(refusal.body()), retry_after_s: None }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = match self.text() {
            None => self.status.into_response(),
            Some((kind, text)) => (self.status, [(header::CONTENT_TYPE, kind)], text).into_response(),
        };
        let headers = response.headers_mut();
        headers
            .insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-cache, no-store, max-age=0"));
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}
