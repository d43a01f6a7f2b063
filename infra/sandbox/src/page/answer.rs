//! Answers for browsers: a strict content policy, no caching, the shared assets, and who may send a form.

use axum::Router;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;

use super::grid;

const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'self'; form-action 'self'";
const STYLE: &str = include_str!("../../assets/sandbox.css");
const SEND: &str = include_str!("../../assets/send.js");
const MARK: &str = include_str!("../../assets/mark.svg");

/// The stylesheets and the icon, under `{mount}/assets/`.
pub(crate) fn assets<S: Clone + Send + Sync + 'static>(mount: &str) -> Router<S> {
    Router::new()
        .route(
            &format!("{mount}/assets/sandbox.css"),
            get(|| async { asset("text/css; charset=utf-8", STYLE.to_owned()) }),
        )
        .route(
            &format!("{mount}/assets/grid.css"),
            get(|| async { asset("text/css; charset=utf-8", grid::stylesheet()) }),
        )
        .route(
            &format!("{mount}/assets/send.js"),
            get(|| async { asset("text/javascript; charset=utf-8", SEND.to_owned()) }),
        )
        .route(&format!("{mount}/assets/mark.svg"), get(|| async { asset("image/svg+xml", MARK.to_owned()) }))
}

/// A page that runs no script, loads nothing from elsewhere and sends its forms home.
pub(crate) fn page(html: String) -> Response {
    with_policy(html, HeaderValue::from_static(POLICY))
}

/// A page whose form may end at another origin: browsers hold a redirect after a form against the policy, too.
pub(crate) fn page_leading_to(html: String, origin: &str) -> Response {
    let policy = HeaderValue::from_str(&format!("{POLICY} {origin}"));
    with_policy(html, policy.unwrap_or_else(|_| HeaderValue::from_static(POLICY)))
}

/// The same with a script of our own, and with frames that show that origin.
pub(crate) fn scripted_page_leading_to(html: String, origin: &str) -> Response {
    let policy = HeaderValue::from_str(&format!("{POLICY} {origin}; script-src 'self'; frame-src {origin}"));
    with_policy(html, policy.unwrap_or_else(|_| HeaderValue::from_static(POLICY)))
}

fn with_policy(html: String, policy: HeaderValue) -> Response {
    let mut response = Html(html).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn asset(kind: &'static str, text: String) -> Response {
    let kind: (HeaderName, &str) = (header::CONTENT_TYPE, kind);
    ([kind, (header::CACHE_CONTROL, "max-age=60")], text).into_response()
}

/// Did another site's page send this? Browsers say so; other clients send no such header.
pub(crate) fn is_cross_site(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    site.is_some_and(|site| site != b"same-origin" && site != b"none")
}
