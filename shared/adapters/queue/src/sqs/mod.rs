//! The queue on AWS: SQS, first in, first out. It sends, and lets a received message wait; receiving is Lambda's.

mod message;

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::SdkError;
use daybook_engine::ports::{Queue, Request, StoreError, Underlying};

pub use message::{Unreadable, parse_body};

/// One queue, by its URL. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SqsQueue {
    client: Client,
    url: String,
}

impl SqsQueue {
    /// The queue of this URL, which is a FIFO queue without deduplication by content.
    pub fn new(client: Client, url: impl Into<String>) -> Self {
        Self { client, url: url.into() }
    }

    /// Lets a message that was received, and is about to be reported as failed, come again after this pause, which
    /// counts in whole seconds, instead of after the queue's own.
    pub async fn delay(&self, receipt: &str, pause: Duration) -> Result<(), StoreError> {
        let asked = self
            .client
            .change_message_visibility()
            .queue_url(&self.url)
            .receipt_handle(receipt)
            .visibility_timeout(i32::try_from(pause.as_secs()).unwrap_or(i32::MAX));
        asked.send().await.map(drop).map_err(|error| later("a message of the queue", reason(error)))
    }
}

#[async_trait]
impl Queue for SqsQueue {
    /// One message. Each has a name of its own, so that the queue drops none as a repetition: what may be left out is
    /// decided by the table.
    async fn send(&self, request: Request) -> Result<(), StoreError> {
        let body = message::body(&request).map_err(|error| later("the queue", error.into()))?;
        let asked = self
            .client
            .send_message()
            .queue_url(&self.url)
            .message_group_id(format!("{}/{}", request.connection.practice, request.connection.id))
            .message_deduplication_id(request.correlation)
            .message_body(body);
        asked.send().await.map(drop).map_err(|error| later("the queue", reason(error)))
    }
}

fn later(what: &str, cause: Underlying) -> StoreError {
    StoreError::Later { what: what.to_owned(), cause: Some(cause) }
}

/// The cause without the answer's body.
fn reason<E, R>(error: SdkError<E, R>) -> Underlying
where
    E: std::error::Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    error.into_source().unwrap_or_else(|error| error.to_string().into())
}
