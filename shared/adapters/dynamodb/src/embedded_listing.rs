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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use aws_sdk_dynamodb::types::{
        AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, Select,
    };

    use super::*;
    use crate::embedded::embedded_client;

    fn text(text: &str) -> AttributeValue {
        AttributeValue::S(text.to_owned())
    }

    fn row_named(name: &str) -> HashMap<String, AttributeValue> {
        let bytes = Blob::new([0, 255]);
        let number = || "-1.5".to_owned();
        let values = [
            ("pk", text("p")),
            ("sk", text(name)),
            ("n", AttributeValue::N(number())),
            ("b", AttributeValue::B(bytes.clone())),
            ("bool", AttributeValue::Bool(true)),
            ("null", AttributeValue::Null(true)),
            ("ss", AttributeValue::Ss(vec!["x".to_owned()])),
            ("ns", AttributeValue::Ns(vec![number()])),
            ("bs", AttributeValue::Bs(vec![bytes])),
            ("l", AttributeValue::L(vec![text("\"quoted\""), AttributeValue::N(number())])),
            ("m", AttributeValue::M(HashMap::from([("inside".to_owned(), text("ü"))]))),
        ];
        values.map(|(name, value)| (name.to_owned(), value)).into()
    }

    /// By name it comes as text, which the SDK itself reads.
    #[tokio::test]
    async fn a_row_is_listed_as_it_is_read_by_name() {
        let (client, _table) = embedded_client(None).unwrap();
        let key = |name: &str, kind| {
            KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap()
        };
        let named = |name: &str| {
            let kind = ScalarAttributeType::S;
            AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build().unwrap()
        };
        let created = client.create_table().table_name("rows").billing_mode(BillingMode::PayPerRequest);
        let created = created.key_schema(key("pk", KeyType::Hash)).key_schema(key("sk", KeyType::Range));
        let created = created.attribute_definitions(named("pk")).attribute_definitions(named("sk"));
        created.send().await.unwrap();
        for name in ["a", "b"] {
            client.put_item().table_name("rows").set_item(Some(row_named(name))).send().await.unwrap();
        }
        let by_name = client.get_item().table_name("rows").key("pk", text("p")).key("sk", text("a"));
        let by_name = by_name.send().await.unwrap().item.unwrap();
        assert_eq!(by_name, row_named("a"));

        let list = || {
            let list = client.query().table_name("rows").key_condition_expression("pk = :p");
            list.expression_attribute_values(":p", text("p"))
        };
        let all = list().send().await.unwrap();
        assert_eq!((all.items(), all.count()), (&[by_name.clone(), row_named("b")][..], 2));
        assert_eq!(all.last_evaluated_key(), None);
        let first = list().limit(1).send().await.unwrap();
        assert_eq!(first.items(), [by_name]);
        let next = list().set_exclusive_start_key(first.last_evaluated_key).send().await.unwrap();
        assert_eq!(next.items(), [row_named("b")]);
        let counted = list().select(Select::Count).send().await.unwrap();
        assert_eq!((counted.items, counted.count), (None, 2));
    }
}
