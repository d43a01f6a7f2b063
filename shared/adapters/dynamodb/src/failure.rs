//! What the SDK's errors mean to the engine. A refused condition is no error here: each request says what it means.
//! The cause is kept, the answer's body is not.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use daybook_engine::ports::StoreError;

use crate::table::Written;

/// The table could not do it now. The SDK has retried what is worth retrying.
pub fn later<E, R>(what: impl Into<String>, error: SdkError<E, R>) -> StoreError
where
    E: std::error::Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    let cause = error.into_source().unwrap_or_else(|error| error.to_string().into());
    StoreError::Later { what: what.into(), cause: Some(cause) }
}

/// Two requests touched one row at the same time: worth another try at once, which the SDK does not make.
pub fn collided<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    matches!(error.code(), Some("TransactionConflictException" | "TransactionInProgressException"))
}

/// What a refused condition tells, if the error is one.
pub fn refusal<E: RefusedCondition, R>(error: &SdkError<E, R>) -> Option<Written> {
    error.as_service_error()?.refused()
}

/// An operation's error that may be a refused condition.
pub trait RefusedCondition {
    fn refused(&self) -> Option<Written>;
}

macro_rules! refused_condition {
    ($($error:ident),+) => {$(
        impl RefusedCondition for $error {
            fn refused(&self) -> Option<Written> {
                match self {
                    $error::ConditionalCheckFailedException(refused) => {
                        Some(Written::Refused(refused.item.clone()))
                    }
                    _ => None,
                }
            }
        }
    )+};
}

refused_condition!(UpdateItemError, PutItemError, DeleteItemError);
