//! Runs a function: what it is furnished with, then one invocation after the other. It knows no event and no route.

use std::convert::Infallible;
use std::process::ExitCode;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use daybook_engine::chain;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tower::ServiceExt;

use crate::house::House;
use crate::keeper::Keeper;
use crate::logs;
use crate::part::Part;
use crate::start::StartError;

/// Serves the routes that `open` makes, behind an HTTP API. Ends with the process.
pub async fn doors(
    parts: &[Part],
    open: impl Fn(House) -> Result<Router, StartError> + Send + Sync + 'static,
) -> ExitCode {
    logs::begin();
    let keeper = match Keeper::open(parts, open).await {
        Ok(keeper) => keeper,
        Err(error) => return refuse(&error),
    };
    let answer = service_fn(move |request: lambda_http::Request| {
        let keeper = keeper.clone();
        async move { Ok::<_, Infallible>(answer(&keeper, request).await) }
    });
    ended(lambda_http::run(answer).await)
}

async fn answer(keeper: &Keeper<Router>, request: lambda_http::Request) -> Response<Body> {
    match keeper.current().await {
        Ok(router) => router.oneshot(request).await.unwrap_or_else(|never| match never {}),
        Err(error) => {
            tracing::error!(error = chain(&error), "a request could not be answered");
            not_ready()
        }
    }
}

/// As the catalogue of problems has it.
fn not_ready() -> Response<Body> {
    let headers = [(CONTENT_TYPE, "application/problem+json"), (RETRY_AFTER, "5")];
    let body = r#"{"type":"/problems/unavailable","title":"Daybook is busy; try again","status":503}"#;
    (StatusCode::SERVICE_UNAVAILABLE, headers, body).into_response()
}

/// Handles events with what `furnish` makes. An error of `handle` is the invocation's. Ends with the process.
pub async fn events<T, E, A>(
    parts: &[Part],
    furnish: impl Fn(House) -> Result<T, StartError> + Send + Sync + 'static,
    handle: impl AsyncFn(T, LambdaEvent<E>) -> Result<A, Error>,
) -> ExitCode
where
    T: Clone,
    E: DeserializeOwned,
    A: Serialize,
{
    logs::begin();
    let keeper = match Keeper::open(parts, furnish).await {
        Ok(keeper) => keeper,
        Err(error) => return refuse(&error),
    };
    let handle = Arc::new(handle);
    let service = service_fn(move |event: LambdaEvent<E>| {
        let (keeper, handle) = (keeper.clone(), handle.clone());
        async move {
            let furnished = keeper.current().await.inspect_err(|error| {
                tracing::error!(error = chain(error), "an event could not be handled");
            })?;
            (*handle)(furnished, event).await
        }
    });
    ended(lambda_runtime::run(service).await)
}

/// Lambda reports that the function could not be initialised.
fn refuse(error: &StartError) -> ExitCode {
    tracing::error!(error = chain(error), "the function cannot start");
    ExitCode::FAILURE
}

fn ended(run: Result<(), Error>) -> ExitCode {
    match run {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = chain(error.as_ref()), "the function ended");
            ExitCode::FAILURE
        }
    }
}
