//! What every answer has: a request id, security headers, a time limit, and a problem document where there is nothing or
//! something went wrong. It knows no route.

use std::any::Any;
use std::time::Duration;

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;
use tracing::Span;

use crate::problem::{Kind, Problem};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// How long an answer may take behind an HTTP API, which waits for half a minute: a secret may have to be read first.
pub const ON_LAMBDA: Duration = Duration::from_secs(20);

/// What a page of ours may load, unless it says otherwise itself.
pub const PAGE_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Answers of doors: asked again, the answer may be another one.
pub fn never_kept(doors: Router) -> Router {
    doors.layer(unless_given(CACHE_CONTROL, "no-store"))
}

/// The frame around everything that a process answers. Whatever takes longer than `longest` is broken off.
pub fn dress(all: Router, longest: Duration) -> Router {
    all.fallback(|| async { Problem::new(Kind::NotFound) }).layer(
        ServiceBuilder::new()
            .layer(SetRequestIdLayer::new(REQUEST_ID, MakeRequestUuid))
            .layer(TraceLayer::new_for_http().make_span_with(span))
            .layer(PropagateRequestIdLayer::new(REQUEST_ID))
            .layer(unless_given(CONTENT_SECURITY_POLICY, PAGE_POLICY))
            .layer(unless_given(X_CONTENT_TYPE_OPTIONS, "nosniff"))
            .layer(unless_given(REFERRER_POLICY, "no-referrer"))
            .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, longest))
            .layer(CatchPanicLayer::custom(internal)),
    )
}

fn unless_given(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}

/// The route and not the path: a path may hold what a person typed.
fn span(request: &Request) -> Span {
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let id = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok()).unwrap_or_default();
    tracing::info_span!("request", method = %request.method(), route, id)
}

/// The panic's own text stays in the log.
fn internal(_: Box<dyn Any + Send + 'static>) -> Response {
    Problem::new(Kind::Internal).into_response()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use axum::body::Body;
    use axum::http::Request;
    use axum::routing::get;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;

    fn doors() -> Router {
        let doors = Router::new()
            .route("/fine", get(|| async { "fine" }))
            .route("/kept", get(|| async { ([(CACHE_CONTROL, "max-age=60")], "kept") }))
            .route("/broken", get(|| async { panic!("a secret") as &'static str }))
            .route("/slow", get(|| async { std::future::pending::<&'static str>().await }));
        dress(never_kept(doors), Duration::from_millis(20))
    }

    #[tokio::test]
    async fn every_answer_is_dressed() {
        for (path, status, cache) in [
            ("/fine", 200, Some("no-store")),
            ("/kept", 200, Some("max-age=60")),
            ("/broken", 500, None),
            ("/slow", 503, None),
            ("/nowhere", 404, None),
        ] {
            let asked = Request::get(path).body(Body::empty()).unwrap();
            let answer = doors().oneshot(asked).await.unwrap();
            let header =
                |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
            assert_eq!(answer.status().as_u16(), status, "{path}");
            assert!(header("x-request-id").is_some_and(|id| id.len() == 36), "{path}");
            assert_eq!(header("x-content-type-options").as_deref(), Some("nosniff"), "{path}");
            assert_eq!(header("referrer-policy").as_deref(), Some("no-referrer"), "{path}");
            assert_eq!(header("content-security-policy").as_deref(), Some(PAGE_POLICY), "{path}");
            if let Some(cache) = cache {
                assert_eq!(header("cache-control").as_deref(), Some(cache), "{path}");
            }
            let is_problem = header("content-type").as_deref() == Some("application/problem+json");
            assert_eq!(is_problem, status == 500 || status == 404, "{path}");
            let body = answer.into_body().collect().await.unwrap().to_bytes();
            assert!(!String::from_utf8_lossy(&body).contains("secret"), "{path}");
        }
    }
}
