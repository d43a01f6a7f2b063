//! Rows of a listing, handed over inside this process as they are: as text they would be written and read again at once,
//! which costs more than finding them. Requests, refusals and all other answers go the way that they go on AWS.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_runtime_api::client::interceptors::context::{FinalizerInterceptorContextMut, Output};
use dynoxide::AttributeValue as Found;
use dynoxide::actions::query::QueryResponse;

/// What is found, beside an answer that says nothing of it.
#[derive(Clone)]
pub struct Listing(Arc<Mutex<Option<QueryResponse>>>);

impl Listing {
    pub fn new(found: QueryResponse) -> Self {
        Self(Arc::new(Mutex::new(Some(found))))
    }

    fn take(&self) -> Option<QueryResponse> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Lets the SDK answer with the listing that an answer has beside it.
#[derive(Debug)]
pub struct HandOver;

impl Intercept for HandOver {
    fn name(&self) -> &'static str {
        "HandOver"
    }

    fn modify_before_attempt_completion(
        &self,
        context: &mut FinalizerInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let listing = context.response().and_then(|answer| answer.extension::<Listing>());
        if let Some(found) = listing.and_then(Listing::take)
            && let Some(output) = context.output_or_error_mut()
        {
            *output = Ok(Output::erase(told(found)));
        }
        Ok(())
    }
}

fn told(found: QueryResponse) -> QueryOutput {
    QueryOutput::builder()
        .set_items(found.items.map(|items| items.into_iter().map(row).collect()))
        .count(i32::try_from(found.count).unwrap_or(i32::MAX))
        .set_last_evaluated_key(found.last_evaluated_key.map(row))
        .build()
}

fn row(found: HashMap<String, Found>) -> HashMap<String, AttributeValue> {
    found.into_iter().map(|(name, found)| (name, value(found))).collect()
}

fn value(found: Found) -> AttributeValue {
    match found {
        Found::S(text) => AttributeValue::S(text),
        Found::N(number) => AttributeValue::N(number),
        Found::B(bytes) => AttributeValue::B(Blob::new(bytes)),
        Found::BOOL(truth) => AttributeValue::Bool(truth),
        Found::NULL(nothing) => AttributeValue::Null(nothing),
        Found::SS(texts) => AttributeValue::Ss(texts),
        Found::NS(numbers) => AttributeValue::Ns(numbers),
        Found::BS(all) => AttributeValue::Bs(all.into_iter().map(Blob::new).collect()),
        Found::L(values) => AttributeValue::L(values.into_iter().map(value).collect()),
        Found::M(values) => AttributeValue::M(row(values)),
    }
}
